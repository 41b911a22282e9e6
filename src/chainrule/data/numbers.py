"""A column of numbers: standardised, a missing one told apart, and a cell that is none counted as missing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chainrule.data.cells import (
    CORRECT,
    clean_text,
    ends_of,
    kind_of,
    mean_and_std,
    numbers_of,
    refuse,
)
from chainrule.data.words import listed, row_name
from chainrule.shown import brief, counted

_WITH_UNIT = re.compile(
    r"([-+]?(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([^\W\d_][\w/²³^]{0,9}|[°\"'][\w]?)"
)

_NO_NUMBERS = (
    "No cell of this column is a number: it may hold categories, or stand in the place of another column."
)


@dataclass(frozen=True, repr=False)
class NumberColumn:
    """A column of numbers: a missing one becomes the median, then ``(x - mean) / std``.

    Median, mean and standard deviation are those of the training table. What lies below ``low`` or above ``high``
    counts as these, so that no number leads a model to where it has learned nothing: they are eight standard deviations
    from the mean, or the ends of training where those are further; and nearer where few numbers of training are so far
    from all others that these would look the same. If any cell was missing there, a
    second feature is 1 where the number is missing and 0 elsewhere. A text that is no number counts as missing,
    as long as fewer than half of the cells are such texts.

    Attributes:
        name: What the column is called.
        median: What stands in for a missing number.
        mean: What is taken off.
        std: What is divided by.
        had_missing: Whether training had missing numbers.
        unit: What stands behind each number, as in "12 kg"; mostly nothing.
        low: The least that counts; None in files of older versions, where there is no end.
        high: The most that counts.

    >>> table, target = cr.load_table("iris")
    >>> cr.TableModel.train(table, target, epochs=1).columns.columns[0].features
    ('sepal_length',)
    """

    name: str
    median: float
    mean: float
    std: float
    had_missing: bool
    unit: str = ""
    low: float | None = None
    high: float | None = None

    __repr__ = brief

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return (self.name, f"{self.name} is missing") if self.had_missing else (self.name,)

    def encode(self, cells: pd.Series) -> np.ndarray:
        """Return the features of some cells.

        Args:
            cells: The column, of any table.

        Returns:
            An array of float32, of shape (rows, len(features)).

        Raises:
            DataError: If a number is infinite, or if half of the cells or more are no numbers; where there are no ends,
                if one is too far from those of training to compute with.
        """
        values, _ = few_wrong(without_unit(cells, self.unit))
        missing = np.isnan(values)
        values = within(values, self.low, self.high)
        with np.errstate(over="ignore"):
            scaled = (np.where(missing, self.median, values) - self.mean) / self.std
            encoded = scaled.astype(np.float32)
        usual = f"(mean {self.mean:.4g}, standard deviation {self.std:.4g})"
        refuse(cells, np.isinf(encoded), f"numbers like those of training are expected {usual}")
        return np.column_stack([encoded, missing] if self.had_missing else [encoded]).astype(np.float32)

    def wrong(self, cells: pd.Series) -> Iterator[str]:
        """Say which cells are no numbers and count as missing.

        Args:
            cells: The column, of any table.

        Yields:
            A sentence, if there is any.
        """
        if kind_of(cells) != "number":
            yield from about_wrong(cells, few_wrong(without_unit(cells, self.unit))[1], "number")

    def far(self, cells: pd.Series) -> Iterator[str]:
        """Say which cells are numbers that are too low or too high to count as they are.

        Args:
            cells: The column, of any table.

        Yields:
            A sentence, if there is any.
        """
        values, _ = few_wrong(without_unit(cells, self.unit))
        kept = within(values, self.low, self.high)
        far = (kept < values) | (kept > values)
        if far.any():
            shown = (
                f"{values[far][0]:.6g} is far from the numbers of training and counts as {kept[far][0]:.4g}"
            )
            yield about_far(cells, far, shown)

    def remarks(self, cells: pd.Series) -> Iterator[str]:
        """Say which cells are no numbers, and which are too far from those of training.

        Args:
            cells: The column, of any table.

        Yields:
            Sentences, if there are any.
        """
        yield from self.wrong(cells)
        yield from self.far(cells)


def few_wrong(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return a column as float64 with NaN for the missing, and which cells are texts that are no number.

    They too are NaN; :class:`~chainrule.errors.DataError` is raised where they are half of the cells or more.
    """
    values, wrong = numbers_of(cells)
    filled = int((wrong | ~np.isnan(values)).sum())
    if 2 * wrong.sum() >= max(filled, 1):
        refuse(cells, wrong, "numbers are expected", _NO_NUMBERS if wrong.sum() == filled > 1 else CORRECT)
    refuse(cells, np.isinf(values), "finite numbers are expected, no larger than 1.8e308")
    return values, wrong


def about_wrong(cells: pd.Series, wrong: np.ndarray, expected: str) -> Iterator[str]:
    """Say which cells count as missing since they are not what their column holds."""
    if wrong.any():
        count, found = int(wrong.sum()), listed(repr(str(text)) for text in cells[wrong].unique())
        where = f"Column {cells.name!r}, {row_name(cells.index, int(wrong.argmax()))}"
        if count == 1:
            yield f"{where}: {found} is no {expected} and counts as missing."
        else:
            yield f"{where}: {found} are no {expected}s and count as missing, in {counted(count, 'row')}."


def about_far(cells: pd.Series, far: np.ndarray, shown: str) -> str:
    """Say that some cells are too far from those of training, of which the first is shown."""
    count = int(far.sum())
    where = f"Column {cells.name!r}, {row_name(cells.index, int(far.argmax()))}"
    return (
        f"{where}: {shown}." if count == 1 else f"{where}: {shown}; far ones are in {counted(count, 'row')}."
    )


def within(values: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    """Return numbers as they count between two ends; None, in files of older versions, is no end."""
    return values if low is None or high is None else np.clip(values, low, high)


def without_unit(cells: pd.Series, unit: str) -> pd.Series:
    """Return a column without the unit behind its numbers; a number with another unit stays, and is none."""
    if not unit or kind_of(cells) != "text":
        return cells
    codes, values = pd.factorize(clean_text(cells))
    bare = [found[1] if (found := _WITH_UNIT.fullmatch(str(v))) and found[2] == unit else v for v in values]
    texts = np.array([*bare, np.nan], dtype=object)
    return pd.Series(texts[codes], index=cells.index, name=cells.name, dtype=object)


def unit_of(texts: pd.Series) -> str:
    """Return the unit that stands behind nearly every number of a column, or nothing.

    >>> unit_of(pd.Series(["12 kg", "7.5 kg", "80kg"])), unit_of(pd.Series(["12 kg", "1 g"]))
    ('kg', '')
    """
    found = [_WITH_UNIT.fullmatch(str(text)) for text in texts]
    units = [each[2] for each in found if each]
    return units[0] if len(set(units)) == 1 and len(units) >= 0.95 * len(found) else ""


def learn_numbers(cells: pd.Series, unit: str = "") -> NumberColumn:
    """Learn a column of numbers from the cells of training."""
    values, _ = few_wrong(without_unit(cells, unit))
    there = values[~np.isnan(values)]
    name = str(cells.name)
    low, high = ends_of(there)
    mean, std = mean_and_std(within(there, low, high), name)
    return NumberColumn(name, float(np.median(there)), mean, std, len(there) < len(values), unit, low, high)
