"""A product as the kernels see it: which axes are rows, columns and what is summed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.engines.native.plan.views import ONE, ZERO, Size, View, size
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node


@dataclass(frozen=True)
class Matrices:
    """A product as the kernel sees it: one letter for rows, columns and what is summed; loops around it."""

    left: View
    right: View
    position: int  # of the right one among the product's inputs
    by_left: dict[str, Size]  # the stride of each letter
    by_right: dict[str, Size]
    extents: dict[str, Any]
    rows: str
    inner: str
    columns: str
    loops: str
    sums: str  # loops that are summed over

    def length(self, letter: str) -> Size:
        """Return the extent of a letter; no letter has length 1."""
        return size(self.extents[letter]) if letter else ONE

    def running_on(self, letter: str, loops: str, by_out: dict[str, Size]) -> str:
        """Return a letter and, outwards, the loops that go on without a gap where it ends: all are one axis."""
        arrays, found = (self.by_left, self.by_right, by_out), letter
        while True:
            last, length = found[-1], self.length(found[-1])
            follow = (
                k
                for k in loops
                if k not in found and all(by.get(k, ZERO) == by.get(last, ZERO) * length for by in arrays)
            )
            if not (more := next(follow, "")):
                return found
            found += more

    @property
    def is_turned(self) -> bool:
        """Whether the right operand must be laid out anew, so that its columns lie side by side."""
        return self.by_right.get(self.columns, ZERO) != ONE and self.length(self.columns) != ONE


def matrices(view: Callable[[Node], View], node: Node) -> Matrices:
    """Return how a product is cut into matrices; a result that lies column by column swaps the operands.

    Args:
        view: Where what a node reads lies.
        node: The product.
    """
    spec = contraction(node.attributes["spec"])
    left, right, position = view(node.inputs[0]), view(node.inputs[1]), 1
    by_left = dict(zip(spec.left, left.strides, strict=True))
    by_right = dict(zip(spec.right, right.strides, strict=True))
    extents = dict(zip(spec.left + spec.right, left.shape + right.shape, strict=True))
    # The kernel stores its columns side by side: they are the letter that lies innermost in the result.
    inwards = [k for k in spec.out if extents[k] != 1]
    rows = [k for k in inwards if k in spec.rows]
    columns = [k for k in inwards if k in spec.columns]
    if rows[-1] == inwards[-1]:
        left, right, by_left, by_right, rows, columns = right, left, by_right, by_left, columns, rows
        position = 0
    return Matrices(
        left, right, position, by_left, by_right, extents, rows[-1], spec.inner[-1:], columns[-1],
        spec.batch + "".join(rows[:-1] + columns[:-1]), spec.inner[:-1],
    )  # fmt: skip
