"""Loops written out: each step anew, as a graph without them. It says what a loop means, node by node."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, overload

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError, short
from chainrule.graph.closed import ClosedGraph, bodies, extents_of, is_given, resolved
from chainrule.graph.node import Node, NodeLike, as_node, broadcast, nodes_of, record, with_inputs
from chainrule.graph.primitives.loops import scan
from chainrule.graph.shapes import Extent, resolve
from chainrule.graph.siblings import InStep, loop_key, siblings
from chainrule.graph.walk import order, rebuild


@overload
def unroll(nodes: NodeLike, T: int | None = None) -> Node: ...
@overload
def unroll(nodes: Sequence[NodeLike], T: int | None = None) -> list[Node]: ...
@public
def unroll(nodes: NodeLike | Sequence[NodeLike], T: int | None = None) -> Node | list[Node]:
    """Return a graph of the same values in which every loop is written out, step after step.

    It grows with the number of steps, so it is for looking at a short one: what the loop computes, and what its
    derivative is. What is carried as h is called h1 after the first step, h2 after the second, unless it has a name,
    and so are the gates of a layer's cell: f1, f2.

    Args:
        nodes: A node, or several that share their loops.
        T: How many steps the loops of an open length have. The inputs of the graph that comes back have this length,
            and are the same inputs.

    Returns:
        A node for a node, a list for a sequence.

    Raises:
        GraphError: If something is no node, or a loop has an open length and T is not given.

    >>> w = cr.variable(0.5, "w")
    >>> last, _ = cr.scan(lambda h, x: (w * h + x, None), 0.0, cr.variable([1.0, 2.0], "x"))
    >>> print(cr.unroll(last))
    w · h1 + x[1]
    """
    found = nodes_of(nodes, "unroll")
    if T is not None and (isinstance(T, bool) or not hasattr(T, "__index__") or int(T) < 0):
        raise GraphError(f"T is a number of steps, a whole number of at least 0; found {short(T)}.")
    ends = _written_out(_with_length(found, T))
    return ends[0] if isinstance(nodes, Node) else ends


def _with_length(ends: list[Node], T: int | None) -> list[Node]:
    """Return the same graph for loops of T steps where their length is open."""
    nodes = order(ends)
    asked = _open_lengths(nodes)
    if not asked:
        return ends
    if T is None:
        raise GraphError(
            f"A loop has the open length '{asked[0]}': say how many steps are to be written out, cr.unroll(nodes, T=3)."
        )
    lengths: dict[Extent, Any] = {e: e for n in nodes for e in extents_of(n)} | dict.fromkeys(asked, int(T))

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if is_given(node):
            shape = resolve(node.shape, lengths)
            return Node(node.primitive, (), node.attributes, shape, node.dtype, node.name, node.meaning)
        return record(node.primitive, inputs, resolved(node.attributes, lengths), node.name, node.meaning)

    became = rebuild(ends, visit)
    return [became[n] for n in ends]


def _open_lengths(nodes: Iterable[Node]) -> list[Extent]:
    """Return the open lengths of loops, those in bodies too."""
    found: list[Extent] = []
    for node in nodes:
        for body in bodies(node):
            found += [e for e in node.attributes.values() if isinstance(e, Extent)]
            found += _open_lengths(body.nodes)
    return found


def _written_out(ends: Sequence[Node]) -> list[Node]:
    families = siblings(order(ends))
    results: dict[Hashable, dict[int, Node]] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.primitive is not scan:
            return with_inputs(node, inputs)
        key = loop_key(node)
        if key not in results:
            results[key] = _results(families[node], inputs)
        found = results[key][node.attributes["take"]]
        return found.named(node.name) if node.name else found

    became = rebuild(ends, visit)
    return [became[n] for n in ends]


def _results(family: Sequence[Node], inputs: Sequence[Node]) -> dict[int, Node]:
    """Return the results of a loop by their numbers, from its steps one after another."""
    attributes = family[0].attributes
    body, carried, length = (attributes[k] for k in ("body", "carried", "length"))
    flat = ClosedGraph(body.inputs, body.shared, tuple(_written_out(body.outputs)))
    count = len(body.inputs)
    carry, xs, shared = list(inputs[:carried]), inputs[carried:count], inputs[count:]
    emitted: list[list[Node]] = []
    for number, t in enumerate(reversed(range(length)) if attributes["reverse"] else range(length), 1):
        found = _numbered(flat, carried, number)(*carry, *[x[t] for x in xs], *shared)
        carry = found[:carried]
        emitted.append(list(found))
    emitted = emitted[::-1] if attributes["reverse"] else emitted
    results = dict(enumerate(carry))
    for node in family:
        take = node.attributes["take"]
        if take >= carried:
            every: Any = np.stack([found[take] for found in emitted]) if emitted else _none(node)
            results[take] = every
    return results


def _numbered(body: ClosedGraph, carried: int, step: int) -> ClosedGraph:
    """Return a step in which what is carried, and what its formula has a name for, has it after so many steps."""
    names: dict[Node, str] = {}
    for node in body.nodes:
        if isinstance(node.meaning, InStep):
            names[node] = node.meaning.name
    for node, h in zip(body.outputs, body.inputs[:carried], strict=False):
        names.setdefault(node, h.name)

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        return new.named(f"{names[node]}{step}") if node in names and node.inputs and not node.name else new

    became = rebuild(body.outputs, visit)
    return ClosedGraph(body.inputs, body.shared, tuple([became[n] for n in body.outputs]))


def _none(node: Node) -> Node:
    """Return what a loop without steps has emitted."""
    return broadcast(as_node(False, [node.dtype]), node.shape)
