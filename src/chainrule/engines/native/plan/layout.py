"""Narrow arrays turned over: where layers are no wider than a vector, the examples lie side by side.

An array of shape (batch, 3) fills 3 of a vector's 16 lanes; turned over, as (3, batch), it fills them all, and
a sum over its 3 columns is two additions of vectors instead of a shuffle of lanes for each example. So if
every array of a program that has the batch as its first axis is that narrow, all of them are turned over, the
inputs too: the lectures' columns are examples.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainrule.graph import shapes
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, Symbol, apply, leaf_key
from chainrule.graph.shapes import Extent, Shape
from chainrule.graph.table import TABLE
from chainrule.graph.walk import order


def turned_over(program: Program, vector_bytes: int) -> tuple[Program, tuple[bool, ...]]:
    """Return the program with its narrow arrays turned over, and which of its inputs are."""
    plain = (program, (False,) * len(program.inputs))
    batch = _batch(program)
    nodes = order(program.ends)
    if batch is None or not _is_narrow(nodes, batch, vector_bytes):
        return plain
    turning = _Turning(batch)
    inputs = []
    for x in program.inputs:
        if turning.applies(x.shape):
            new = Node(TABLE["input"], (), {"symbol": Symbol()}, (x.shape[1], batch), x.dtype, x.name)
            turning.given[leaf_key(x)] = new
            inputs.append(new)
        else:
            inputs.append(x)
    for node in nodes:
        turning.take(node)
    found = replace(program, inputs=tuple(inputs)).map_ends(lambda ends: map(turning.plain, ends))
    return found, tuple(turning.applies(x.shape) for x in program.inputs)


def _batch(program: Program) -> Extent | None:
    firsts = {x.shape[0] for x in program.inputs if x.shape and isinstance(x.shape[0], Extent)}
    return firsts.pop() if len(firsts) == 1 else None


def _is_narrow(nodes: list[Node], batch: Extent, vector_bytes: int) -> bool:
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


class _Turning:
    """What each node became: itself, or turned over."""

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
        if not found.shape:
            return found
        return apply("reshape", found, shape=(found.shape[-1], 1))

    def take(self, node: Node) -> None:
        """Rewrite one node, whose inputs are rewritten."""
        if leaf_key(node) in self.given:
            self._turned[node] = self.given[leaf_key(node)]
        elif not node.inputs:
            self._plain[node] = node
        elif not any(self.applies(x.shape) for x in (node, *node.inputs)):
            self._plain[node] = self._again(node, [self.plain(x) for x in node.inputs])
        else:
            rule = getattr(self, f"_{node.primitive.name}", None)
            rule = rule or (self._elementwise if node.primitive.partials is not None else None)
            if rule is None or not rule(node):
                self._plain[node] = self._again(node, [self.plain(x) for x in node.inputs])

    def _again(self, node: Node, inputs: list[Node]) -> Node:
        if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
            return node
        return Node(node.primitive, tuple(inputs), node.attributes, node.shape, node.dtype)

    def _over(self, node: Node, inputs: list[Node], **attributes: Any) -> bool:
        """Note that ``node`` became its row applied to turned inputs."""
        shape = (node.shape[1], node.shape[0])
        at = {**node.attributes, **attributes}
        self._turned[node] = Node(node.primitive, tuple(inputs), at, shape, node.dtype)
        return True

    # --- one rule for each row that can be turned; False where it cannot ---

    def _elementwise(self, node: Node) -> bool:
        if not all(len(x.shape) <= 2 for x in node.inputs):
            return False
        return self._over(node, [self.turned(x) for x in node.inputs])

    _cast = _step = _elementwise

    def _broadcast_to(self, node: Node) -> bool:
        if len(node.inputs[0].shape) > 2:
            return False
        return self._over(node, [self.turned(node.inputs[0])], shape=(node.shape[1], node.shape[0]))

    def _contract(self, node: Node) -> bool:
        plan = shapes.contraction(node.attributes["spec"])
        letters, inputs = [], []
        for own, x in zip((plan.left, plan.right), node.inputs, strict=True):
            turns = self.applies(x.shape)
            letters.append(own[::-1] if turns else own)
            inputs.append(self.turned(x) if turns else self.plain(x))
        turns = self.applies(node.shape)
        spec = f"{letters[0]},{letters[1]}->{plan.out[::-1] if turns else plan.out}"
        if turns:
            return self._over(node, inputs, spec=spec)
        self._plain[node] = Node(node.primitive, tuple(inputs), {"spec": spec}, node.shape, node.dtype)
        return True

    def _sum(self, node: Node) -> bool:
        axes, keepdims = node.attributes["axes"], node.attributes["keepdims"]
        x = self.turned(node.inputs[0])
        over = tuple(sorted(1 - a for a in axes))
        if self.applies(node.shape):
            return self._over(node, [x], axes=over)
        found = apply(node.primitive.name, x, axes=over, keepdims=False)
        self._plain[node] = apply("reshape", found, shape=node.shape) if keepdims else found
        return True

    _max = _sum

    def _argmax(self, node: Node) -> bool:
        self._plain[node] = apply("argmax", self.turned(node.inputs[0]), axis=1 - node.attributes["axis"])
        return True

    def _reshape(self, node: Node) -> bool:
        x = node.inputs[0]
        if self.applies(node.shape) and x.shape == (self.batch,):
            return self._over(node, [self.plain(x)], shape=(1, self.batch))
        if self.applies(x.shape) and node.shape == (self.batch,):
            self._plain[node] = apply("reshape", self.turned(x), shape=node.shape)
            return True
        return False

    def _concatenate(self, node: Node) -> bool:
        if node.attributes["axis"] != 1:
            return False
        return self._over(node, [self.turned(x) for x in node.inputs], axis=0)

    def _slice(self, node: Node) -> bool:
        index = node.attributes["index"]
        if (
            len(index) != 2
            or index[0] != shapes.FULL
            or None in index
            or not self.applies(node.inputs[0].shape)
        ):
            return False
        if self.applies(node.shape):
            return self._over(node, [self.turned(node.inputs[0])], index=index[::-1])
        self._plain[node] = apply("slice", self.turned(node.inputs[0]), index=index[::-1])
        return True

    def _pad(self, node: Node) -> bool:
        index, x = node.attributes["index"], node.inputs[0]
        if len(index) != 2 or index[0] != shapes.FULL or None in index or not self.applies(node.shape):
            return False
        found = self.turned(x) if self.applies(x.shape) else self.plain(x)
        return self._over(node, [found], index=index[::-1], shape=(node.shape[1], node.shape[0]))
