"""How the index string of a product is read: ``"ik,kj->ij"`` is one batched matrix product, by kinds of letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chainrule.errors import ShapeError
from chainrule.graph.shapes import Shape, show


@dataclass(frozen=True)
class Contraction:
    """How ``"ik,kj->ij"`` becomes one batched matrix product, by kinds of letters."""

    left: str
    right: str
    out: str
    batch: str  # in both operands and in the output
    inner: str  # in both operands, summed over
    rows: str  # of the left operand alone
    columns: str  # of the right operand alone


@lru_cache(maxsize=4096)
def contraction(spec: str) -> Contraction:
    """Parse an index string of two operands.

    >>> contraction("ik,kj->ij").inner
    'k'
    """
    operands, _, out = spec.partition("->")
    left, _, right = operands.partition(",")
    for letters in (left, right, out):
        if len(set(letters)) < len(letters):
            raise ShapeError(f"'{spec}': a letter stands twice in '{letters}', which is not supported.")
    shared = [x for x in left if x in right]
    lonely = [x for x in left + right if x not in shared and x not in out]
    if lonely or any(x not in left + right for x in out):
        raise ShapeError(f"'{spec}': every letter must stand in two of the three places.")
    return Contraction(
        left=left,
        right=right,
        out=out,
        batch="".join(x for x in shared if x in out),
        inner="".join(x for x in shared if x not in out),
        rows="".join(x for x in left if x not in right),
        columns="".join(x for x in right if x not in left),
    )


def summed(left: Shape, spec: str) -> Shape:
    """Return the lengths of the axes that a product sums over, given the shape of its first factor.

    >>> summed((2, 3), "ik,kj->ij")
    (3,)
    """
    plan = contraction(spec)
    return tuple(extent for letter, extent in zip(plan.left, left, strict=True) if letter in plan.inner)


def contracted(shapes: Sequence[Shape], spec: str) -> Shape:
    """Return the shape of a product that ``spec`` describes."""
    plan = contraction(spec)
    extents: dict[str, Any] = {}
    for letters, shape in zip((plan.left, plan.right), shapes, strict=True):
        if len(letters) != len(shape):
            raise ShapeError(f"'{letters}' of '{spec}' does not name the axes of shape {show(shape)}.")
        for letter, extent in zip(letters, shape, strict=True):
            if extents.setdefault(letter, extent) != extent:
                raise ShapeError(
                    f"shapes {show(shapes[0])} and {show(shapes[1])} do not fit in a product: the axes that "
                    f"are multiplied and summed have lengths {extents[letter]} and {extent}."
                )
    return tuple(extents[letter] for letter in plan.out)
