"""Which rows belong together: those of one group, such as a customer's, and those of one time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.cells import clean_text, floats, kind_of, read_numbers
from chainrule.data.dates import dates_in, read_dates
from chainrule.data.words import check_columns, row_name, shortened
from chainrule.data.written import texts_of
from chainrule.errors import DataError
from chainrule.shown import counted


@dataclass(frozen=True, eq=False)
class Groups:
    """The group of each row, by number from 0, shape (rows,), and the column that says it; "" for copies of a row."""

    column: str
    codes: np.ndarray

    def of(self, rows: np.ndarray) -> "Groups":
        """Return the groups of some of the rows."""
        return Groups(self.column, np.unique(self.codes[rows], return_inverse=True)[1])


@dataclass(frozen=True, eq=False)
class Times:
    """The time of each row as a number, shape (rows,), what the column that says it holds there, and its name."""

    column: str
    values: np.ndarray
    cells: pd.Series

    def of(self, rows: np.ndarray) -> "Times":
        """Return the times of some of the rows."""
        return Times(self.column, self.values[rows], self.cells.iloc[rows])

    @property
    def span(self) -> str:
        """From when to when, as the column writes it."""
        ends = [_written(self.cells.iloc[int(at)]) for at in (self.values.argmin(), self.values.argmax())]
        return " to ".join(dict.fromkeys(ends))


@dataclass(frozen=True)
class Belonging:
    """What rows may not be torn apart by: whole groups stay together, and what is later in time judges.

    At most one of the two is there.
    """

    groups: Groups | None = None
    times: Times | None = None

    def of(self, rows: np.ndarray) -> "Belonging":
        """Return what belongs together among some of the rows, given by position."""
        return Belonging(self.groups and self.groups.of(rows), self.times and self.times.of(rows))

    @property
    def is_one(self) -> bool:
        """Whether all rows belong together, so that nothing can be held back of them."""
        kept = self.groups.codes if self.groups else self.times.values if self.times else None
        return kept is not None and len(kept) > 0 and bool((kept == kept[0]).all())

    def aside(self, keep: Sequence[str] = ()) -> list[str]:
        """Return the columns that are no inputs: that of the groups, of which new rows are none, if not to be kept."""
        column = self.groups.column if self.groups else ""
        return [column] if column and column not in keep else []

    @property
    def parts(self) -> int | None:
        """In how many folds the rows may fall at most, so that what belongs together stays so; None for any number."""
        if self.groups is not None:
            return len(np.unique(self.groups.codes))
        return None if self.times is None else len(np.unique(self.times.values)) - 1

    @property
    def blocks(self) -> np.ndarray | None:
        """For each row the number of those it is like: its group, or its stretch of time; None where each is its own.

        Of so many times as there are, the root is the number of stretches (batch means, Flegal & Jones 2010).

        >>> Belonging(groups=Groups("who", np.array([0, 1, 0]))).blocks
        array([0, 1, 0])
        """
        if self.groups is not None:
            return self.groups.codes
        if self.times is None:
            return None
        values, order = np.unique(self.times.values, return_inverse=True)
        return np.asarray(order * math.isqrt(len(values)) // len(values))


NOTHING_TOGETHER = Belonging()


def belonging_of(
    frame: pd.DataFrame, group: str | None = None, time_order: str | None = None
) -> tuple[pd.DataFrame, Belonging, tuple[str, ...]]:
    """Return the rows that can be placed, what of them belongs together, and sentences for their owner.

    Rows without a group make one of their own together, and those without a time are left out: nobody knows before
    which they were.

    Raises :class:`~chainrule.errors.DataError` for a time that is neither a date nor a number, and
    :class:`~chainrule.errors.UnknownNameError` for a column that is not there.

    >>> table = pd.DataFrame({"who": ["ann", "bob", "ann", None], "x": range(4)})
    >>> rows, found, notes = belonging_of(table, "who")
    >>> found.groups.codes.tolist(), notes
    ([0, 1, 0, 2], ("1 row without a value in 'who' makes one group.",))
    """
    if group is not None and time_order is not None:
        raise DataError(
            f"group={group!r} keeps rows together that time_order={time_order!r} would divide: give one of the two."
        )
    check_columns(frame, filter(None, [group, time_order]))
    if group is not None:
        codes, _ = pd.factorize(texts_of(frame[group]))
        lost = int((codes < 0).sum())
        make = "makes" if lost == 1 else "make"
        note = f"{counted(lost, 'row')} without a value in {group!r} {make} one group."
        codes = np.where(codes < 0, codes.max(initial=-1) + 1, codes)
        return frame, Belonging(Groups(group, codes)), (note,) if lost else ()
    if time_order is not None:
        values = _times(frame[time_order])
        there = ~np.isnan(values)
        if not there.any():
            raise DataError(
                f"Column {time_order!r} has no value in any row, so nothing tells which come later."
            )
        note = f"Left out: {counted(int((~there).sum()), 'row')} without a time in {time_order!r}."
        frame = frame[there]
        times = Times(time_order, values[there], frame[time_order])
        return frame, Belonging(times=times), () if there.all() else (note,)
    return frame, NOTHING_TOGETHER, ()


def _times(cells: pd.Series) -> np.ndarray:
    """Return times as float64 of shape (rows,), whose order is that of time; NaN for none."""
    if kind_of(cells) == "number":
        return floats(cells)
    texts = clean_text(cells)
    numbers = read_numbers(texts)
    if kind_of(cells) == "text" and not numbers[texts.notna()].isna().any():
        return numbers.to_numpy()
    found = dates_in(cells, forced=True)
    seconds, wrong = read_dates(cells, found.writing if found else "year first")
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"Column {cells.name!r}, {row_name(cells.index, first)}: {shortened(texts.iloc[first])!r}, where a date or "
            f"a number is expected ({counted(int(wrong.sum()), 'such cell')}): time_order={str(cells.name)!r} reads "
            "from it which rows come later.\nCorrect or empty the cell; a row without a time is left out."
        )
    return seconds


def _written(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value.date() if value == value.normalize() else value)
    return f"{value:g}" if isinstance(value, float) else shortened(str(value))
