"""Found times: rows that follow one another, as days do, so that what judges is later than what is learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chainrule.data.cells import floats, kind_of
from chainrule.data.dates import DAY, dates_in, day_of, read_dates
from chainrule.data.written import texts_of

FEWEST_TIMES = 24
FEWEST_OF_SEVERAL = 12  # where several are measured at each time
REGULAR = 0.9  # of the steps from time to time are like each other
FULL = 0.5  # of all pairs of who is measured and when
ALIKE = 0.5  # correlation of neighbours in time
SHARE = 0.25  # of the rows, the last in time, among which no class is new
FIRST = 200  # cells that tell whether a column has dates


@dataclass(frozen=True)
class Series:
    """A column that says when its row was, in a table whose rows follow one another.

    Attributes:
        column: Its name.
        says: What it was told by, and what follows.
    """

    column: str
    says: str


def series(frame: pd.DataFrame, truth: np.ndarray, target: Sequence[str]) -> Series | None:
    """Return the column of the times of a table that is a series, if it is one; a date alone makes none.

    The rows of a series stand in the order of time, and either each has its own time, at regular steps, or what is
    predicted is like that of the row before; or several are measured at each of these times, as the sales of each shop.

    Args:
        frame: The table.
        truth: What is predicted, as numbers, shape (rows, columns); of classes, 1 in the column of each.
        target: The columns of the target.
    """
    for name in frame.columns:
        times = None if name in target else _times(frame[name])
        if times is None or _has_new_class(times, truth):
            continue
        if what := _follow(times, truth) or _of_several(frame, name, times, target):
            write = "{:g}".format if _has_years(frame[name]) else day_of
            return Series(
                str(name),
                f"The rows are a series in {str(name)!r}, {write(times.min())} to {write(times.max())} ({what}): the "
                "last of them judge what the earlier ones taught. For rows drawn by chance: time_order='none'.",
            )
    return None


def _times(cells: pd.Series) -> np.ndarray | None:
    """Return a column of dates or years as numbers in the order of time; None of another, or one with gaps."""
    if len(cells) < FEWEST_TIMES or cells.isna().any():
        return None
    if not _has_dates(cells[:: max(1, len(cells) // FIRST)]):  # most columns cost no more
        return floats(cells) if _has_years(cells) else None
    found = dates_in(cells)
    times = None if found is None else read_dates(cells, found.writing)[0]
    # hours alone are of no day
    return times if times is not None and not np.isnan(times).any() and np.ptp(times) >= DAY else None


def _has_dates(cells: pd.Series) -> bool:
    return dates_in(cells) is not None


def _has_years(cells: pd.Series) -> bool:
    if kind_of(cells) != "number" or str(cells.name).strip().lower() not in ("year", "yr", "jahr"):
        return False
    values = floats(cells)
    return bool((values % 1 == 0).all() and values.min() >= 1000 and values.max() <= 3000)


def _follow(times: np.ndarray, truth: np.ndarray) -> str:
    """Say why rows follow one another, if they do."""
    steps = np.diff(times)
    if len(steps) and steps[0] < 0:
        steps, truth = -steps, truth[::-1]
    if not (steps >= 0).all() or len(times) < FEWEST_TIMES:
        return ""
    if (steps > 0).all() and _are_regular(steps):
        return "at regular steps"
    if (steps > 0).mean() >= REGULAR and _by_the_one_before(truth) >= ALIKE:
        return "each like the one before"
    return ""


def _are_regular(steps: np.ndarray) -> bool:
    usual = float(np.median(steps))
    return bool(((steps >= usual / 2) & (steps <= 4 * usual)).mean() >= REGULAR)


def _by_the_one_before(truth: np.ndarray) -> float:
    """Return the correlation of what is predicted with that of the row before, in the column that varies most."""
    centred = truth - truth.mean(axis=0)
    spread = (centred**2).sum(axis=0)
    with np.errstate(invalid="ignore"):
        found = (centred[1:] * centred[:-1]).sum(axis=0) / spread
    return float(found[int(spread.argmax())]) if spread.max() > 0 else 0.0


def _of_several(frame: pd.DataFrame, name: str, times: np.ndarray, target: Sequence[str]) -> str:
    """Say what is measured at each time, if the same ones are at nearly all, each in the order of time."""
    distinct, when = np.unique(times, return_inverse=True)
    if not FEWEST_OF_SEVERAL <= len(distinct) <= len(times) / 2 or not _are_regular(np.diff(distinct)):
        return ""
    for other in frame.columns:
        cells = frame[other]
        if other == name or other in target or kind_of(cells) == "date" or cells.isna().any():
            continue
        if kind_of(cells) == "number" and (floats(cells) % 1).any():
            continue
        codes, values = pd.factorize(texts_of(cells))
        pairs = codes * len(distinct) + when
        full = len(values) > 1 and len(pairs) >= FULL * len(values) * len(distinct)
        if full and len(np.unique(pairs)) == len(pairs):
            in_turn = np.diff(pairs[np.argsort(codes, kind="stable")])
            same = np.diff(np.sort(codes)) == 0
            if (in_turn[same] > 0).all() or (in_turn[same] < 0).all():
                return f"for each of {len(values):,} values of {str(other)!r}"
    return ""


def _has_new_class(times: np.ndarray, truth: np.ndarray) -> bool:
    """Tell whether a class would be learned from nowhere, or all that judge were of one."""
    if ((truth != 0) & (truth != 1)).any():
        return False
    late = times > np.quantile(times, 1 - SHARE)
    if not late.any() or late.all():
        return True
    early, later = truth[~late].mean(axis=0), truth[late].mean(axis=0)
    return bool(((early == 0) | (early == 1) | (later == 1)).any())
