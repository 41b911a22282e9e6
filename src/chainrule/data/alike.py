"""Columns that say the same: duplicates of another, and those that alone tell the target."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.categories import CategoryColumn
from chainrule.data.cells import numbers_of
from chainrule.data.labels import encode_target
from chainrule.data.numbers import NumberColumn, without_unit
from chainrule.data.target import Target
from chainrule.data.written import texts_of

FEWEST_ROWS = 20  # with fewer, columns are alike by chance
SCREENED = 2_000  # rows by which candidates are found; what is said holds for all rows
SAME = 1e-6  # of the spread of a column
TELLS = 0.999  # of the variance of the target, or of its classes
BLOCK = 1_000  # columns that are compared at once


def duplicates(frame: pd.DataFrame, learned: Mapping[str, Any]) -> dict[str, str]:
    """Return by name which columns say the same as one that stands before them, and how.

    Numbers do if one is the other times a number, or plus one; categories if they part the rows alike.
    """
    if len(frame) < FEWEST_ROWS:
        return {}
    numbers = [name for name, column in learned.items() if isinstance(column, NumberColumn)]
    return {**_same_numbers(frame, numbers, learned), **_same_groups(frame, learned)}


def _values(frame: pd.DataFrame, column: NumberColumn) -> np.ndarray:
    return numbers_of(without_unit(frame[column.name], column.unit))[0]


def _same_numbers(frame: pd.DataFrame, names: Sequence[str], learned: Mapping[str, Any]) -> dict[str, str]:
    sample = frame.iloc[_spread(len(frame))]
    scaled = np.zeros((len(sample), len(names)), np.float32)
    for i, name in enumerate(names):
        values = _values(sample, learned[name])
        there = ~np.isnan(values)
        if there.sum() > 1 and (std := values[there].std()) > 0:
            scaled[there, i] = (values[there] - values[there].mean()) / std / np.sqrt(there.sum())
    found: dict[str, str] = {}
    for begin in range(0, len(names), BLOCK):
        alike = np.abs(scaled[:, begin : begin + BLOCK].T @ scaled) > 1 - 1e-4
        for i, j in np.argwhere(alike):
            first, second = int(j), int(i) + begin
            if first < second and names[first] not in found and names[second] not in found:
                x, y = (_values(frame, learned[names[k]]) for k in (first, second))
                how = _how_alike(x, y, names[first])
                if how:
                    found[names[second]] = how
    return found


def _how_alike(first: np.ndarray, second: np.ndarray, name: str) -> str:
    there = ~np.isnan(first)
    if not np.array_equal(there, ~np.isnan(second)):
        return ""
    x, y = first[there], second[there]
    if np.array_equal(x, y):
        return f"the same as {name!r}"
    dx, dy = x - x.mean(), y - y.mean()
    slope = float(dx @ dy) / float(dx @ dx)
    if not np.abs(dy - slope * dx).max() <= SAME * dy.std():
        return ""
    offset = y.mean() - slope * x.mean()
    times = f"{name!r} times {slope:.6g}" if abs(slope - 1) > SAME else repr(name)
    if abs(offset) <= SAME * max(dy.std(), abs(y.mean())):
        return times
    return f"{times} {'plus' if offset > 0 else 'minus'} {abs(offset):.6g}"


def _same_groups(frame: pd.DataFrame, learned: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    first: dict[bytes, str] = {}
    for name, column in learned.items():
        if isinstance(column, CategoryColumn) and column.categories:
            codes, values = pd.factorize(
                texts_of(frame[name])
            )  # numbered as they appear, however they are called
            before = first.setdefault(codes.tobytes(), name)
            if before != name:
                same = list(values) == list(pd.factorize(texts_of(frame[before]))[1])
                found[name] = f"the same as {before!r}" if same else f"the same groups as {before!r}"
    return found


def suspects(frame: pd.DataFrame, learned: Mapping[str, Any], target: Target) -> dict[str, str]:
    """Return by name which columns alone tell the target, and how: it may be that they are known only with it."""
    if len(frame) < FEWEST_ROWS:
        return {}
    rows = _spread(len(frame))
    sample = frame.iloc[rows]
    truth = encode_target(target, sample).reshape(len(sample), -1)
    told: dict[str, str] = {}
    for name, column in learned.items():
        for i, predicted in enumerate(target.columns):
            judge = _tells_number if target.task == "regression" else _tells_class
            if why := judge(sample[name], column, truth[:, i]):
                told.setdefault(name, f"alone tells {predicted!r} ({why})")
    return told | {name: why for name, why in _named_alike(list(learned), target).items() if name not in told}


def _spread(rows: int) -> np.ndarray:
    return np.unique(np.linspace(0, rows - 1, min(rows, SCREENED)).astype(np.intp))


def _tells_number(cells: pd.Series, column: Any, truth: np.ndarray) -> str:
    values = _as_numbers(cells, column)
    if values is None:
        return _share_of_variance(texts_of(cells), truth) if isinstance(column, CategoryColumn) else ""
    there = ~np.isnan(values)
    if there.sum() < FEWEST_ROWS:
        return ""
    for x, y, what in (
        (values[there], truth[there], "correlation"),
        (_ranks(values[there]), _ranks(truth[there]), "correlation of ranks"),
    ):
        if x.std() > 0 and y.std() > 0 and (r := abs(float(np.corrcoef(x, y)[0, 1]))) ** 2 > TELLS:
            return f"{what} {min(r, 1):.4f}"
    return ""


def _as_numbers(cells: pd.Series, column: Any) -> np.ndarray | None:
    return numbers_of(without_unit(cells, column.unit))[0] if isinstance(column, NumberColumn) else None


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.asarray(pd.Series(values).rank().to_numpy(), dtype=float)


def _share_of_variance(groups: pd.Series, truth: np.ndarray) -> str:
    codes = pd.factorize(groups, use_na_sentinel=False)[0]
    if codes.max() + 1 > len(truth) / 3:
        return ""
    means = np.bincount(codes, truth) / np.bincount(codes)
    share = 1 - ((truth - means[codes]) ** 2).sum() / max(((truth - truth.mean()) ** 2).sum(), 1e-300)
    return f"{share:.1%} of its variance" if share > TELLS else ""


def _tells_class(cells: pd.Series, column: Any, truth: np.ndarray) -> str:
    classes = truth.astype(np.int64)
    counts = np.bincount(classes)
    least = counts.max() / len(classes)  # right by saying the same of all
    values = _as_numbers(cells, column)
    right = _right_by_group(texts_of(cells), classes)
    if cells.isna().any():
        right = max(right, _right_by_group(cells.isna(), classes))
    if values is not None and not np.isnan(values).any():
        right = max(right, _right_by_bounds(values, classes))
    enough = counts[counts > 0].min() >= 3
    return (
        f"right in {right:.1%} of the rows" if enough and 1 - right <= (1 - TELLS) * 10 * (1 - least) else ""
    )


def _right_by_group(groups: pd.Series, classes: np.ndarray) -> float:
    codes = pd.factorize(groups, use_na_sentinel=False)[0]
    if codes.max() + 1 > len(classes) / 3:
        return 0.0
    pairs = np.bincount(
        codes * (classes.max() + 1) + classes, minlength=(codes.max() + 1) * (classes.max() + 1)
    )
    return float(pairs.reshape(codes.max() + 1, -1).max(axis=1).sum()) / len(classes)


def _right_by_bounds(values: np.ndarray, classes: np.ndarray) -> float:
    """Return how often it is right to part the numbers into a stretch for each class, by their usual order."""
    order = np.argsort(values, kind="stable")
    kinds = np.unique(classes)
    by_median = sorted(kinds, key=lambda kind: float(np.median(values[classes == kind])))
    place = {kind: i for i, kind in enumerate(by_median)}
    found = np.array([place[kind] for kind in classes])[order]
    # a stretch for each class in turn, as many as there are of it
    expected = np.repeat(np.arange(len(kinds)), [int((found == i).sum()) for i in range(len(kinds))])
    same_value = np.diff(values[order]) == 0
    if (same_value & (np.diff(expected) != 0)).any():
        return 0.0
    return float((found == expected).mean())


def _named_alike(names: Sequence[str], target: Target) -> dict[str, str]:
    """Return columns that are called as the target is, but for a number: Y2 beside Y1, among X1 to X8."""
    found: dict[str, str] = {}
    for predicted in target.columns:
        parted = re.fullmatch(r"(.*?\D)[\s_.-]?\d+", predicted)
        if parted:
            alike = [n for n in names if re.fullmatch(re.escape(parted[1]) + r"[\s_.-]?\d+", n)]
            if 2 * len(alike) < len(names):
                found |= dict.fromkeys(alike, f"called as {predicted!r} is: perhaps another target")
    return found


def about_suspects(suspected: Mapping[str, str]) -> tuple[str, ...]:
    """Say loudly which columns alone tell the target, and what to do."""
    sure = {name: why for name, why in suspected.items() if why.startswith("alone")}
    targets = {name: why for name, why in suspected.items() if name not in sure}
    notes = [
        f"LEAK? {name!r} {why}: if it is known only once the target is, the scores are too good to be true; "
        f"leave it out with drop={[name]}."
        for name, why in sure.items()
    ]
    if targets:
        names = list(targets)
        notes.append(
            f"{', '.join(map(repr, names[:3]))}{f' and {len(names) - 3} more' if len(names) > 3 else ''} "
            f"{'is' if len(names) == 1 else 'are'} {next(iter(targets.values()))}. If so, leave it out with "
            f"ignore={names}."
        )
    return tuple(notes)
