"""Loops made smaller: what is carried twice, or in vain, or out of the loop, and what need not be done in it."""

from collections.abc import Sequence
from typing import Any

from chainrule.graph.closed import ClosedGraph
from chainrule.graph.identity import of_attributes
from chainrule.graph.node import Node, as_node, broadcast, input, with_attributes, with_inputs
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.primitives.linear import broadcast_to, reshape
from chainrule.graph.shapes import Extent
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order, rebuild
from chainrule.transform.rewrites.lifting import lifted
from chainrule.transform.rewrites.loop_parts import Loop, Part, put_together, taken_apart
from chainrule.transform.rewrites.merging import merged


def with_smaller_loops(outputs: list[Node]) -> list[Node]:
    """Return a graph of the same values, in the loops of which is no more than has to be; the same where nothing is."""
    joined = merged(outputs)
    if joined is not outputs:
        return joined  # what steps have in common is to be seen first
    families = siblings(order(outputs))
    results: dict[Node, Part] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node not in families:
            return with_inputs(node, inputs)
        first = families[node][0]
        if first not in results:
            results[first] = _smaller(families[node], inputs)
        return results[first][node]

    became = rebuild(outputs, visit)
    return [became[n] for n in outputs]


def _smaller(family: Sequence[Node], inputs: tuple[Node, ...]) -> Part:
    """Return what each result of a loop becomes."""
    loop = taken_apart(family, inputs)
    if loop.length in (0, 1):
        return _written_out(loop)
    known, body = _share_what_stays(loop), family[0].attributes["body"]
    asked = ("leaves nothing", isinstance(loop.length, Extent), *[n.attributes["take"] for n in family])
    if known or asked not in body.found:
        found = lifted(loop)
        if found is not None:
            return found
        found = put_together(loop)
        made = next((n.attributes["body"] for r, n in found.items() if r not in loop.found), None)
        if (
            known
            or made is None
            or len(made.given) < len(body.given)
            or len(made.outputs) < len(body.outputs)
        ):
            return found
        body.found[asked] = True
    return {n: _of_body(with_inputs(n, inputs), body) for n in family}


def _of_body(node: Node, body: ClosedGraph) -> Node:
    if node.attributes["body"] is body:
        return node
    return with_attributes(node, {**node.attributes, "body": body})


def _written_out(loop: Loop) -> Part:
    """Return the results of no step, or of one."""
    if loop.length == 0:
        empty = {r: broadcast(as_node(False, [n.dtype]), (0, *n.shape)) for r, n in loop.every.items()}
        return {**{r: loop.start[leaf] for r, leaf in loop.last.items()}, **empty}
    only = {leaf: reshape(x, shape=leaf.shape) for leaf, x in loop.scanned.items()}
    loop.substitute({**loop.start, **only, **loop.shared})
    every = {r: reshape(n, shape=(1, *n.shape)) for r, n in loop.every.items()}
    return {**{r: loop.next[leaf] for r, leaf in loop.last.items()}, **every}


def _share_what_stays(loop: Loop) -> bool:
    """Share what is carried and never changes, and what is scanned and is the same in each step; say if there is some.

    A number that is known stands in the body, where it can be computed with beforehand.
    """
    given = [*loop.start, *loop.scanned, *loop.shared]
    for leaf, start in [*loop.start.items()]:
        end = loop.next[leaf]
        number = _number(end)
        if end is leaf or loop.shared.get(end) is start or (number is not None and number == _number(start)):
            del loop.start[leaf], loop.next[leaf]
            loop.shared[leaf] = start
            for r in [r for r, one in loop.last.items() if one is leaf]:
                del loop.last[r]
                loop.found[r] = start
    known: Part = {}
    for leaf, x in [*loop.scanned.items()]:
        one = _in_each_step(x)
        if one is not None:
            del loop.scanned[leaf]
            same = input(leaf.name, one.shape, one.dtype)
            loop.shared[same] = one
            known[leaf] = broadcast(same, leaf.shape)
    loop.substitute(known)
    numbers = {leaf: x for leaf, x in loop.shared.items() if x.primitive is constant and x.shape == ()}
    loop.substitute(numbers)
    return bool(numbers) or given != [*loop.start, *loop.scanned, *loop.shared]


def _number(node: Node) -> Any:
    """Return what a node is everywhere, where it is one known number."""
    while node.primitive is broadcast_to:
        node = node.inputs[0]
    return of_attributes(node.attributes) if node.primitive is constant and node.shape == () else None


def _in_each_step(x: Node) -> Node | None:
    """Return what a node is in each step, if it was only stretched to have one for each."""
    if x.primitive is not broadcast_to:
        return None
    (one,) = x.inputs
    if one.ndim < x.ndim:
        return one
    return reshape(one, shape=one.shape[1:]) if one.shape[0] == 1 else None
