"""Products whose rows or terms lie at no single stride, as windows do: where each lies stands in a table.

The offsets of several letters are added up, so a table makes one axis of them: the pixels of a picture, or a window's
rows, columns and channels. It holds as many letters as there is use for, from the innermost on; of the last one it
may hold some places only, which are gone through block after block. What is left are loops, as around every product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.engines.native.plan.matrices import Matrices
from chainrule.engines.native.plan.views import ZERO, Size, View
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node

# So many rows keep a kernel busy, and so many terms: sums are read and written once for them. Up to the most, a letter
# is taken in whole. Terms are gone through for each tile: 8 KiB of offsets stay in every first-level cache. Rows are
# gone through once, and all those of a gradient of weights are to be one axis, along which threads share it.
ENOUGH_ROWS, ENOUGH_TERMS = 128, 256
MOST_ROWS, MOST_TERMS = 16384, 1024
FAR = 2**31  # what an offset is below


@dataclass(frozen=True)
class Offsets:
    """Letters that are one axis, from the outermost on, and of each array how far one place of each is from the next.

    Attributes:
        letters: The letters.
        counts: How many places of each the table holds.
        strides: For each array, the stride of each letter.
        partly: Whether the first letter has more places, or may have.
        whole: Whether no letter and no place is left out.
    """

    letters: str
    counts: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    partly: bool
    whole: bool

    @property
    def blocked(self) -> str:
        """The letter that is gone through block after block, if there is one."""
        return self.letters[0] if self.partly else ""

    @property
    def block(self) -> int:
        """How many places of the first letter there are."""
        return self.counts[0]

    @property
    def each(self) -> int:
        """How many places of the axis go to one of the first letter."""
        return int(np.prod(self.counts[1:], dtype=int))

    @cached_property
    def table(self) -> np.ndarray:
        """Where each place lies: a row for each, a column for each array."""
        places = np.indices(self.counts).reshape(len(self.counts), -1)
        return np.ascontiguousarray((np.array(self.strides) @ places).T.astype(np.int32))


@dataclass(frozen=True)
class Gathered:
    """A product with tables: of its rows in the left operand and the result, of its terms in both operands.

    Attributes:
        form: The operands, and the strides of all letters in them.
        by_out: The stride of each letter in the result.
        rows: The table of rows.
        terms: The table of what is summed.
        loops: The letters of the result that are loops around it.
        sums: The letters that are summed over block after block, from the outermost on.
    """

    form: Matrices
    by_out: dict[str, Size]
    rows: Offsets
    terms: Offsets
    loops: str
    sums: str

    @property
    def along_rows(self) -> tuple[str, Size] | None:
        """All rows as one axis, and its length; None if a table does not hold them all, or they have gaps."""
        letters, steps = self.rows.letters, self.rows.strides[1]
        even = all(
            outer == inner * count
            for outer, inner, count in zip(steps, steps[1:], self.rows.counts[1:], strict=False)
        )
        return (letters, Size(self.rows.block * self.rows.each)) if even and self.rows.whole else None


def gathered(node: Node, form: Matrices, out: View) -> Gathered | None:
    """Return how a product is computed by tables; None if strides say all, or are not known.

    Args:
        node: The product.
        form: How it is cut into matrices.
        out: Where its result lies.
    """
    spec = contraction(node.attributes["spec"])
    by_out = dict(zip(spec.out, out.strides, strict=True))
    of_rows, of_terms = (form.by_left, by_out), (form.by_left, form.by_right)
    rows, others = (spec.rows, spec.columns) if form.position == 1 else (spec.columns, spec.rows)
    rows, terms = _outwards(form, rows, of_rows), _outwards(form, spec.inner, of_terms)
    at_strides = form.running_on(form.rows, "".join(k for k in rows if k in form.loops), by_out)
    if set(rows) <= set(at_strides) and set(terms) <= set(form.running_on(form.inner, form.sums, by_out)):
        return None
    by_row, by_term = (
        _offsets(form, rows, of_rows, ENOUGH_ROWS, MOST_ROWS),
        _offsets(form, terms, of_terms, ENOUGH_TERMS, MOST_TERMS),
    )
    if by_row is None or by_term is None or len(by_row.letters) == len(by_term.letters) == 1:
        return None
    loops = spec.batch + _beyond(rows, by_row) + "".join(k for k in others if k != form.columns)
    return Gathered(form, by_out, by_row, by_term, loops, _beyond(terms[::-1], by_term))


def _outwards(form: Matrices, letters: str, arrays: Sequence[dict[str, Size]]) -> str:
    """Return letters from the innermost on; those of length 1 are none."""
    longer = (k for k in letters if form.extents[k] != 1)
    return "".join(sorted(longer, key=lambda k: _distance(k, arrays)))


def _distance(letter: str, arrays: Sequence[dict[str, Size]]) -> int:
    """Return how far apart two places of a letter are."""
    return max(abs(by.get(letter, ZERO).count) for by in arrays)


def _beyond(letters: str, table: Offsets) -> str:
    """Return the letters that a table does not hold all places of."""
    return "".join(k for k in letters if k not in table.letters or k == table.blocked)


def _offsets(
    form: Matrices, letters: str, arrays: Sequence[dict[str, Size]], enough: int, most: int
) -> Offsets | None:
    """Return a table of letters, given from the innermost on; None if that has no place in it: its stride is open."""
    found, counts, partly, total, reach = "", list[int](), False, 1, 0
    for letter in letters:
        extent: Any = form.extents[letter]
        fits = isinstance(extent, int) and total * extent <= most
        if any(by.get(letter, ZERO).extents for by in arrays) or not (fits or total < enough):
            break
        blocks = -(-enough // max(total, 1))
        count = extent if fits else min(blocks, extent) if isinstance(extent, int) else blocks
        reach += _distance(letter, arrays) * count
        if reach >= FAR:
            break
        found, counts, total = letter + found, [count, *counts], total * count
        partly = count != extent
        if partly:
            break
    strides = tuple(tuple(by.get(k, ZERO).count for k in found) for by in arrays)
    whole = len(found) == len(letters) and not partly
    return Offsets(found, tuple(counts), strides, partly, whole) if found else None
