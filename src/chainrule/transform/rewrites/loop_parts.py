"""A loop taken apart, so that parts of it can be exchanged, and put together again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.graph.closed import ClosedGraph, extents_of, is_given, replaced
from chainrule.graph.node import Node, input, leaf_key, record, with_inputs
from chainrule.graph.primitives.indexing import pick
from chainrule.graph.primitives.linear import concatenate
from chainrule.graph.primitives.loops import scan
from chainrule.graph.shapes import FULL, Index
from chainrule.graph.walk import order, rebuild

Part = dict[Node, Node]


@dataclass
class Loop:
    """A loop, by the leaves of its body and by its results.

    Attributes:
        length: How many steps it has.
        reverse: Whether the last is done first.
        start: What each carried leaf begins as.
        next: What it is after a step.
        scanned: For each scanned leaf what lies along the steps.
        shared: For each shared leaf what it stands for.
        last: For each result that is taken after the last step the carried leaf.
        every: For each result that is stacked what a step emits.
        found: Results that no loop has to make.
    """

    length: Any
    reverse: bool
    start: Part
    next: Part
    scanned: Part
    shared: Part
    last: Part = field(default_factory=dict)
    every: Part = field(default_factory=dict)
    found: Part = field(default_factory=dict)

    @property
    def outside(self) -> Part:
        """What all leaves stand for that are not carried."""
        return {**self.scanned, **self.shared}

    def nodes(self) -> list[Node]:
        """Return what a step is made of, inputs before what uses them."""
        return order([*self.next.values(), *self.every.values()])

    def substitute(self, by: Mapping[Node, Node]) -> None:
        """Put other nodes in the place of some of the body's."""
        new = replaced([*self.next.values(), *self.every.values()], by)
        self.next = dict(zip(self.next, new, strict=False))
        self.every = dict(zip(self.every, new[len(self.next) :], strict=True))


def taken_apart(family: Sequence[Node], inputs: Sequence[Node]) -> Loop:
    """Return a loop of which some results are asked for, on these inputs; its leaves are its own."""
    at = family[0].attributes
    body: ClosedGraph = at["body"]
    carried, count = at["carried"], len(body.inputs)
    leaves = {leaf_key(n): input(n.name, n.shape, n.dtype) for n in body.given}
    became = rebuild(
        body.outputs, lambda n, new: leaves[leaf_key(n)] if leaf_key(n) in leaves else with_inputs(n, new)
    )
    given, outputs = list(leaves.values()), [became[n] for n in body.outputs]
    loop = Loop(
        at["length"],
        at["reverse"],
        start=dict(zip(given[:carried], inputs[:carried], strict=True)),
        next=dict(zip(given[:carried], outputs, strict=False)),
        scanned=dict(zip(given[carried:count], inputs[carried:count], strict=True)),
        shared=dict(zip(given[count:], inputs[count:], strict=True)),
    )
    for node in family:
        take = node.attributes["take"]
        if take < carried:
            loop.last[node] = given[take]
        else:
            loop.every[node] = outputs[take]
    return loop


def put_together(loop: Loop) -> Part:
    """Return a node for each result of a loop, in which is left what they are made of."""
    within = _in_others(loop.every.values())
    emitted = list(dict.fromkeys(n for n in loop.every.values() if n not in within))
    read: set[Node] = set()
    while more := _read_as_well(loop, read):
        read |= more
    parts = (loop.start, loop.scanned, loop.shared)
    carried, scanned, shared = ([leaf for leaf in part if leaf in read] for part in parts)
    ends = [*[loop.next[leaf] for leaf in carried], *emitted]
    body = ClosedGraph((*carried, *scanned), tuple(shared), tuple(ends))
    given = {**loop.start, **loop.outside}
    attributes = {"body": body, "carried": len(carried), "length": loop.length, "reverse": loop.reverse}

    def result(take: int, name: str) -> Node:
        return record(scan, [given[leaf] for leaf in body.given], {**attributes, "take": take}, name)

    last = {r: result(carried.index(leaf), r.name) for r, leaf in loop.last.items()}

    def on_all_steps(n: Node, name: str) -> Node:
        if n not in within:
            return result(len(carried) + emitted.index(n), name)
        whole, index = within[n]
        part = pick(on_all_steps(whole, ""), index=(FULL, *index))
        return part.named(name) if name else part

    every = {r: on_all_steps(n, r.name) for r, n in loop.every.items()}
    return {**loop.found, **last, **every}


def _in_others(emitted: Iterable[Node]) -> dict[Node, tuple[Node, Index]]:
    """Return what is emitted as a part of what is emitted as well: in which node it lies, and where there."""
    found: dict[Node, tuple[Node, Index]] = {}
    parts = dict.fromkeys(emitted)
    for whole in (n for n in parts if n.primitive is concatenate):
        axis, start = whole.attributes["axis"], 0
        for n in whole.inputs:
            stop = start + n.shape[axis]
            if n in parts:
                found.setdefault(
                    n, (whole, (*(FULL,) * axis, (start, stop, 1), *(FULL,) * (n.ndim - axis - 1)))
                )
            start = stop
    return found


def _read_as_well(loop: Loop, read: set[Node]) -> set[Node]:
    """Return leaves that the results are made of as well, beside those that are known to be read."""
    carried = [leaf for leaf in loop.start if leaf in read or leaf in loop.last.values()]
    nodes = [*carried, *order([*[loop.next[leaf] for leaf in carried], *loop.every.values()])]
    found = {n for n in nodes if is_given(n)} - read
    if found:
        return found
    # What has an open axis is made where a leaf says how long that is.
    known = {e for leaf in read for e in extents_of(leaf)}
    unknown = next((e for n in nodes for e in extents_of(n) if e not in known), None)
    return set([leaf for leaf in (*loop.outside, *loop.start) if unknown in extents_of(leaf)][:1])
