"""Arrays as they are printed: at the precision asked for, and of a large one its ends."""

from collections.abc import Sequence

import numpy as np

from chainrule.explaining.formula import Formula, powers_of_ten
from chainrule.graph import shapes, show

DIGITS = 4  # of a number in an array
MOST = 6  # rows, and columns, of what is printed


def shape_of(value: np.ndarray) -> Formula:
    """Write a shape: ``(4, 1)``."""
    latex = r" \times ".join(map(str, value.shape))
    return Formula(shapes.show(value.shape), rf"({latex})")


def block(value: np.ndarray, digits: int = DIGITS) -> list[str]:
    """Write an array in lines: a matrix row by row, of a larger one its ends.

    >>> print(*block(np.array([[1.0, -0.25], [10.0, 3.0]])), sep="\\n")
    [  1  -0.25
      10   3 ]
    """
    if value.ndim == 0:
        return [show.number(value, digits)]
    if value.ndim > 2 or not value.size:
        return [_in_words(value, digits)]
    cells = _cells(value.reshape(-1, value.shape[-1]), digits)
    columns = [_aligned(column) for column in zip(*cells, strict=True)]
    lines = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
    last = len(lines) - 1
    return [f"{'[' if i == 0 else ' '} {row}{' ]' if i == last else ''}" for i, row in enumerate(lines)]


def latex(value: np.ndarray, digits: int = DIGITS) -> str:
    """Write an array in LaTeX; one of more than two axes has no such form, and is left out: ""."""
    if value.ndim == 0:
        return powers_of_ten(show.number(value, digits))
    if value.ndim > 2 or not value.size:
        return ""
    dots = {"…": r"\cdots", "⋮": r"\vdots"}
    cells = _cells(value.reshape(-1, value.shape[-1]), digits)
    rows = [" & ".join(dots.get(cell, powers_of_ten(cell)) for cell in row) for row in cells]
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"


def _aligned(column: Sequence[str]) -> list[str]:
    """Write numbers below each other, their points too."""
    whole = [cell.partition(".")[0] if "e" not in cell else cell for cell in column]
    before, after = max(map(len, whole)), max(len(c) - len(w) for c, w in zip(column, whole, strict=True))
    return [f"{' ' * (before - len(w))}{c}".ljust(before + after) for c, w in zip(column, whole, strict=True)]


def _cells(matrix: np.ndarray, digits: int) -> list[list[str]]:
    """Return what stands in each place: numbers, and dots for those in the middle of what is too long."""
    rows, columns = (_ends(n) for n in matrix.shape)
    return [
        [
            "⋮" if i is None and j is not None else "…" if j is None else show.number(matrix[i, j], digits)
            for j in columns
        ]
        for i in rows
    ]


def _ends(length: int) -> Sequence[int | None]:
    if length <= MOST:
        return range(length)
    half = MOST // 2
    return [*range(half), None, *range(length - half, length)]


def _in_words(value: np.ndarray, digits: int) -> str:
    if not value.size:
        return "[]"
    low, high = (show.number(f(value), digits) for f in (np.min, np.max))
    return f"{value.size:,} numbers, from {low} to {high}"
