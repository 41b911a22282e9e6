"""Narrow arrays turned over: where layers are no wider than a vector, the examples lie side by side.

An array of shape (batch, 3) fills 3 of a vector's 16 lanes; turned over, as (3, batch), it fills them all, and
a sum over its 3 columns is two additions of vectors instead of a shuffle of lanes for each example. So if
every array of a program that has the batch as its first axis is that narrow, all of them are turned over, the
inputs too: the lectures' columns are examples.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chainrule.graph import shapes
from chainrule.graph.closed import Program
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, Symbol, apply, leaf_key, with_inputs
from chainrule.graph.primitives.indexing import pad, pick
from chainrule.graph.primitives.linear import broadcast_to, concatenate, reshape, total
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.reductions import argmax, largest
from chainrule.graph.shapes import Extent, Shape
from chainrule.graph.table import TABLE


def turned_over(program: Program, vector_bytes: int) -> tuple[Program, tuple[bool, ...]]:
    """Return the program with its narrow arrays turned over, and which of its inputs are."""
    batch = _batch(program)
    nodes = program.nodes
    if batch is None or not _is_narrow(nodes, batch, vector_bytes):
        return program, (False,) * len(program.inputs)
    layout = _Layout(batch)
    inputs = []
    for x in program.inputs:
        if layout.applies(x.shape):
            new = Node(TABLE["input"], (), {"symbol": Symbol()}, (x.shape[1], batch), x.dtype, x.name)
            layout.given[leaf_key(x)] = new
            inputs.append(new)
        else:
            inputs.append(x)
    for node in nodes:
        layout.take(node)
    found = replace(program, inputs=tuple(inputs)).map_ends(lambda ends: map(layout.plain, ends))
    return found, tuple(layout.applies(x.shape) for x in program.inputs)


def _batch(program: Program) -> Extent | None:
    firsts = {x.shape[0] for x in program.inputs if x.shape and isinstance(x.shape[0], Extent)}
    return firsts.pop() if len(firsts) == 1 else None


def _is_narrow(nodes: Sequence[Node], batch: Extent, vector_bytes: int) -> bool:
    """Say whether arrays with the batch have it first, and beside it no more than a vector holds."""
    widths = [0]
    for node in nodes:
        openings = [a for a, e in enumerate(node.shape) if isinstance(e, Extent)]
        if not openings:
            continue
        if openings != [0] or node.shape[0] != batch or len(node.shape) > 2:
            return False
        if len(node.shape) == 2:
            size = node.dtype.itemsize if node.dtype.kind == "f" else 4
            if node.shape[1] > vector_bytes // size:
                return False
            widths.append(node.shape[1])
    return max(widths) > 1


class _Layout:
    """What each node became: as it lay before, or turned over."""

    def __init__(self, batch: Extent) -> None:
        self.batch = batch
        self.given: dict[Any, Node] = {}
        self._plain: dict[Node, Node] = {}
        self._turned: dict[Node, Node] = {}

    def applies(self, shape: Shape) -> bool:
        """Say whether an array of this shape is turned over."""
        return len(shape) == 2 and shape[0] == self.batch

    def plain(self, node: Node) -> Node:
        """Return what a node became, as it lay before."""
        if node not in self._plain:
            self._plain[node] = apply("transpose", self._turned[node], axes=(1, 0))
        return self._plain[node]

    def turned(self, node: Node) -> Node:
        """Return what a node became, turned over; what has no batch is stood upright to fit beside it."""
        if node in self._turned:
            return self._turned[node]
        found = self.plain(node)
        if self.applies(node.shape):
            self._turned[node] = apply("transpose", found, axes=(1, 0))
            return self._turned[node]
        return apply("reshape", found, shape=(found.shape[-1], 1)) if found.shape else found

    def either(self, node: Node) -> Node:
        """Return what a node became, turned over if it has the batch."""
        return self.turned(node) if self.applies(node.shape) else self.plain(node)

    def take(self, node: Node) -> None:
        """Rewrite one node, whose inputs are rewritten."""
        if leaf_key(node) in self.given:
            self._turned[node] = self.given[leaf_key(node)]
        elif not node.inputs:
            self._plain[node] = node
        else:
            known = RULES.get(node.primitive, _elementwise if node.primitive.elementwise else None)
            concerned = any(self.applies(x.shape) for x in (node, *node.inputs))
            found = known(self, node) if known and concerned else None
            if found is None:
                self._plain[node] = with_inputs(node, tuple(self.plain(x) for x in node.inputs))
            else:
                (self._turned if self.applies(node.shape) else self._plain)[node] = found


def _over(node: Node, inputs: Sequence[Node], **attributes: Any) -> Node:
    """Return a node's row applied to turned inputs, which gives its value turned over."""
    at = {**node.attributes, **attributes}
    return Node(node.primitive, tuple(inputs), at, node.shape[::-1], node.dtype)


# --- one rule for each row: what it becomes if it, or an input, is turned over; None where it cannot be ---


def _elementwise(layout: _Layout, node: Node) -> Node | None:
    fits = all(len(x.shape) <= 2 for x in node.inputs)
    return _over(node, [layout.turned(x) for x in node.inputs]) if fits else None


def _broadcast_to(layout: _Layout, node: Node) -> Node | None:
    (x,) = node.inputs
    return _over(node, [layout.turned(x)], shape=node.shape[::-1]) if len(x.shape) <= 2 else None


def _contract(layout: _Layout, node: Node) -> Node:
    plan = contraction(node.attributes["spec"])
    letters = zip((plan.left, plan.right, plan.out), (*node.inputs, node), strict=True)
    left, right, out = (own[::-1] if layout.applies(x.shape) else own for own, x in letters)
    inputs, at = tuple(layout.either(x) for x in node.inputs), {"spec": f"{left},{right}->{out}"}
    shape = node.shape[::-1] if layout.applies(node.shape) else node.shape
    return Node(node.primitive, inputs, at, shape, node.dtype)


def _reduced(layout: _Layout, node: Node) -> Node:
    x, over = layout.turned(node.inputs[0]), tuple(sorted(1 - a for a in node.attributes["axes"]))
    if layout.applies(node.shape):
        return _over(node, [x], axes=over)
    found = apply(node.primitive.name, x, axes=over, keepdims=False)
    return apply("reshape", found, shape=node.shape) if node.attributes["keepdims"] else found


def _argmax(layout: _Layout, node: Node) -> Node:
    return apply("argmax", layout.turned(node.inputs[0]), axis=1 - node.attributes["axis"])


def _reshape(layout: _Layout, node: Node) -> Node | None:
    (x,) = node.inputs
    if layout.applies(node.shape) and x.shape == (layout.batch,):
        return _over(node, [layout.plain(x)], shape=(1, layout.batch))
    if layout.applies(x.shape) and node.shape == (layout.batch,):
        return apply("reshape", layout.turned(x), shape=node.shape)
    return None


def _concatenate(layout: _Layout, node: Node) -> Node | None:
    along = node.attributes["axis"] == 1
    return _over(node, [layout.turned(x) for x in node.inputs], axis=0) if along else None


def _slice(layout: _Layout, node: Node) -> Node | None:
    (x,), index = node.inputs, node.attributes["index"]
    if not _keeps_rows(index) or not layout.applies(x.shape):
        return None
    if layout.applies(node.shape):
        return _over(node, [layout.turned(x)], index=index[::-1])
    return apply("slice", layout.turned(x), index=index[::-1])


def _pad(layout: _Layout, node: Node) -> Node | None:
    (x,), index = node.inputs, node.attributes["index"]
    if not _keeps_rows(index) or not layout.applies(node.shape):
        return None
    return _over(node, [layout.either(x)], index=index[::-1], shape=node.shape[::-1])


def _keeps_rows(index: shapes.Index) -> bool:
    return len(index) == 2 and index[0] == shapes.FULL and None not in index


RULES: dict[Primitive, Callable[[_Layout, Node], Node | None]] = {
    broadcast_to: _broadcast_to,
    contract: _contract,
    total: _reduced,
    largest: _reduced,
    argmax: _argmax,
    reshape: _reshape,
    concatenate: _concatenate,
    pick: _slice,
    pad: _pad,
}
