"""A column of dates: the year, and what goes round, as points on a circle; and the time since the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from chainrule.data.cells import CORRECT, ends_of, refuse
from chainrule.data.dates import DAY, Writing, day_of, read_dates
from chainrule.data.numbers import about_far, about_wrong, within
from chainrule.data.words import row_name
from chainrule.shown import brief, counted

Part = Literal["year", "month", "weekday", "day of the year", "time of day", "time since the first"]

_AROUND: dict[str, int] = {"month": 12, "weekday": 7, "day of the year": 366, "time of day": 24 * 60}


@dataclass(frozen=True, repr=False)
class DateColumn:
    """A column of dates: what changes of it from row to row becomes features.

    Year and time since the first are standardised as numbers are. Month, weekday, day of the year and time of day go
    round, so each becomes the sine and the cosine of its place on a circle: December lies beside January. A missing
    date has 0 everywhere, and 1 in a feature of its own if any was missing in training. What is no date counts as
    missing, as long as it is in fewer than half of the cells. Year and time of a date before ``low`` or after ``high``
    are those of these, as numbers far from those of training are.

    Attributes:
        name: What the column is called.
        writing: How its dates are written: which of 3/4/2020 is the day, or what its numbers count.
        parts: What changed in training: "year", "month", "weekday", "day of the year", "time of day", "time since the
            first".
        first: The earliest of training, in seconds since 1970.
        last: The latest.
        mean: That of the numbers of ``parts`` which do not go round, in their order.
        std: Their standard deviations.
        had_missing: Whether training had missing ones.
        low: The earliest whose year and time count, in seconds since 1970; None in files of older versions.
        high: The latest.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=60).astype(str), "sold": range(60)})
    >>> cr.TableModel.train(table, "sold", task="regression", epochs=1).columns.columns[0].parts
    ('month', 'weekday', 'day of the year', 'time since the first')
    """

    name: str
    writing: Writing
    parts: tuple[Part, ...]
    first: float
    last: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    had_missing: bool
    low: float | None = None
    high: float | None = None

    __repr__ = brief

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        names = []
        for part in self.parts:
            names += [
                f"{self.name}: {part}{of}" for of in ((" (sin)", " (cos)") if part in _AROUND else ("",))
            ]
        return (*names, f"{self.name} is missing") if self.had_missing else tuple(names)

    @property
    def whole(self) -> bool:
        """Whether there is a scale for each part that has one, and they may be computed with."""
        scaled = [part for part in self.parts if part not in _AROUND]
        return (
            len(scaled) == len(self.mean) == len(self.std)
            and all(self.std)
            and len({*self.parts}) == len(self.parts) > 0
        )

    def encode(self, cells: pd.Series) -> np.ndarray:
        """Return the features of some cells.

        Args:
            cells: The column, of any table.

        Returns:
            An array of float32, of shape (rows, len(features)).

        Raises:
            DataError: If half of the cells or more are no dates.
        """
        seconds, _ = self._read(cells)
        missing = np.isnan(seconds)
        given = np.where(missing, self.first, seconds)
        kept = parts_of(within(given, self.low, self.high), self.first)
        found = parts_of(given, self.first) | {part: kept[part] for part in kept if part not in _AROUND}
        scales = iter(zip(self.mean, self.std, strict=True))
        columns = []
        for part in self.parts:
            if part in _AROUND:
                columns += [turn[found[part].astype(int)] for turn in _turns(_AROUND[part])]
            else:
                mean, std = next(scales)
                columns.append((found[part] - mean) / std)
        encoded = np.where(missing[:, None], 0, np.column_stack(columns)).astype(np.float32)
        return np.column_stack([encoded, missing.astype(np.float32)]) if self.had_missing else encoded

    def wrong(self, cells: pd.Series) -> Iterator[str]:
        """Say which cells are no dates and count as missing.

        Args:
            cells: The column, of any table.

        Yields:
            A sentence, if there is any.
        """
        yield from about_wrong(cells, self._read(cells)[1], "date")

    def far(self, cells: pd.Series) -> Iterator[str]:
        """Say which cells are dates that are too early or too late to count as they are.

        Args:
            cells: The column, of any table.

        Yields:
            A sentence, if there is any.
        """
        seconds, _ = self._read(cells)
        kept = within(seconds, self.low, self.high)
        far = (kept < seconds) | (kept > seconds)
        if far.any() and not {"year", "time since the first"}.isdisjoint(self.parts):
            first, counts = day_of(float(seconds[far][0])), day_of(float(kept[far][0]))
            yield about_far(
                cells, far, f"{first} is far from the dates of training; its year and time count as {counts}"
            )

    def remarks(self, cells: pd.Series) -> Iterator[str]:
        """Say which cells are no dates, and which lie before or after all of training.

        Args:
            cells: The column, of any table.

        Yields:
            Sentences, if there are any.
        """
        seconds, wrong = self._read(cells)
        yield from about_wrong(cells, wrong, "date")
        yield from self.far(cells)
        new = (seconds < self.first) | (seconds > self.last)
        if new.any() and {"year", "time since the first"} & {*self.parts}:
            yield (
                f"Column {self.name!r} has dates in {counted(int(new.sum()), 'row')} (first: "
                f"{row_name(cells.index, int(new.argmax()))}) outside of those of training, "
                f"{day_of(self.first)} to {day_of(self.last)}."
            )

    def _read(self, cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        seconds, wrong = read_dates(cells, self.writing)
        if 2 * wrong.sum() >= max(int((wrong | ~np.isnan(seconds)).sum()), 1):
            refuse(cells, wrong, f"dates are expected, {self.writing}", CORRECT)
        return seconds, wrong


def _turns(steps: int) -> tuple[np.ndarray, np.ndarray]:
    # from a table, so that a date is the same numbers alone and among others
    angles = 2 * np.pi * np.arange(steps) / steps
    return np.sin(angles), np.cos(angles)


def parts_of(seconds: np.ndarray, first: float) -> dict[str, np.ndarray]:
    """Return the parts of some moments, which are seconds since 1970; those that go round count from 0."""
    days = np.floor(seconds / DAY)
    day = days.astype("int64").astype("datetime64[D]")
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    return {
        "year": year.astype("int64") + 1970.0,
        "month": month.astype("int64") % 12,
        "weekday": (days + 3) % 7,
        "day of the year": (day - year).astype("int64"),
        "time of day": (seconds - days * DAY) // 60,
        "time since the first": seconds - first,
    }


def learn_dates(cells: pd.Series, writing: Writing) -> DateColumn | None:
    """Learn a column of dates from the cells of training, or None where all are the same."""
    seconds, _ = read_dates(cells, writing)
    there = seconds[~np.isnan(seconds)]
    first = float(there.min())
    found = parts_of(there, first)
    changes = {part for part, values in found.items() if (values != values[0]).any()}
    days = np.floor(there / DAY).astype("int64").astype("datetime64[D]")
    day_of_month = days - days.astype("datetime64[M]")
    if (day_of_month == day_of_month[0]).all():  # the first of each month, say: the month tells all
        changes -= {"day of the year", "weekday"}
    parts: tuple[Part, ...] = tuple(part for part in found if part in changes)  # type: ignore[misc]
    low, high = ends_of(there)
    low, high = float(np.floor(low / DAY) * DAY), float(np.ceil(high / DAY) * DAY)
    kept = parts_of(within(there, low, high), first)
    scaled = [kept[part] for part in parts if part not in _AROUND]
    if not parts:
        return None
    mean, std = [float(v.mean()) for v in scaled], [float(v.std()) or 1.0 for v in scaled]
    return DateColumn(
        str(cells.name),
        writing,
        parts,
        first,
        float(there.max()),
        tuple(mean),
        tuple(std),
        len(there) < len(cells),
        low,
        high,
    )
