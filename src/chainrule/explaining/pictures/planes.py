"""Two columns of a table as a plane: rows for its places, with all other columns held."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError, ShapeError, short, unknown_name
from chainrule.explaining.pictures.readings import names_of_columns
from chainrule.explaining.pictures.truths import numbers_of
from chainrule.shown import in_a_row

MOST_NAMED = 4  # columns that are held


@dataclass(frozen=True)
class Plane:
    """One or two columns of a table, and what becomes of the others.

    Attributes:
        names: What the columns are called.
        seen: Their numbers in the rows of the table, (rows, columns).
        rows: Takes places (n, columns), and returns rows as the table has them.
        held: What is said of the other columns, or "".
    """

    names: tuple[str, ...]
    seen: np.ndarray
    rows: Callable[[np.ndarray], Any]
    held: str


def plane(X: Any, features: Any) -> Plane:
    """Return the plane of one or two columns.

    Args:
        X: A table: an array (rows, columns), or a DataFrame.
        features: The columns: two positions or names, or one.
    """
    frame = hasattr(X, "columns") and hasattr(X, "iloc")
    table: Any = X if frame else numbers_of(X, "X")
    if not frame and table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2:
        raise ShapeError(f"X has shape {table.shape}; a map is of two columns of a table, (rows, columns).")
    count = table.shape[1]
    names = names_of_columns(X, count)
    places = _places(features, names, [str(c) for c in X.columns] if frame else names)
    taken = [table.iloc[:, i].to_numpy() if frame else table[:, i] for i in places]
    seen = np.column_stack(
        [numbers_of(v, f"the column {names[i]}") for i, v in zip(places, taken, strict=True)]
    )
    others = [i for i in range(count) if i not in places]
    usual = {i: _usual(table.iloc[:, i] if frame else table[:, i]) for i in others}
    make = _of_frame(table, places, usual) if frame else _of_array(places, usual)
    return Plane(tuple(names[i] for i in places), seen, make, _about(names, usual))


def _places(features: Any, names: Sequence[str], full: Sequence[str]) -> list[int]:
    given = [features] if isinstance(features, str | int | np.integer) else list(features)
    if len(names) == 1 and given == [0, 1]:  # the default, of a table of one column
        given = [0]
    found = []
    for each in given:
        if isinstance(each, str):
            if each not in full:
                raise unknown_name("column", each, full)
            found.append(list(full).index(each))
        elif isinstance(each, int | np.integer) and -len(names) <= each < len(names):
            found.append(int(each) % len(names))
        else:
            raise DataError(
                f"features names columns from 0 to {len(names) - 1}, or by name; found {short(each)}."
            )
    if len(found) not in (1, 2) or len(set(found)) < len(found):
        raise DataError(f"features are two columns, or one; found {short(features)}.")
    return found


def _usual(cells: Any) -> Any:
    """Return the median of a column of numbers, the most frequent value of another."""
    if getattr(cells.dtype, "kind", "O") in "iuf":
        found = cells.median() if hasattr(cells, "median") else np.median(cells)
        return float(found)
    return cells.mode().iloc[0]


def _of_array(places: Sequence[int], usual: dict[int, Any]) -> Callable[[np.ndarray], np.ndarray]:
    def make(points: np.ndarray) -> np.ndarray:
        rows = np.zeros((len(points), len(places) + len(usual)))
        rows[:, list(places)] = points
        for i, value in usual.items():
            rows[:, i] = value
        return rows

    return make


def _of_frame(table: Any, places: Sequence[int], usual: dict[int, Any]) -> Callable[[np.ndarray], Any]:
    def make(points: np.ndarray) -> Any:
        rows = table.iloc[np.zeros(len(points), int)].reset_index(drop=True).copy()
        for i, value in usual.items():
            rows[table.columns[i]] = value
        for i, numbers in zip(places, points.T, strict=True):
            rows[table.columns[i]] = numbers
        return rows

    return make


def _about(names: Sequence[str], usual: dict[int, Any]) -> str:
    """Say at what the other columns are held."""
    if not usual:
        return ""
    told = [
        f"{names[i]} = {v:.4g}" if isinstance(v, float) else f"{names[i]} = {v}" for i, v in usual.items()
    ]
    if len(told) > MOST_NAMED:
        return f"The other {len(told)} columns are held at their medians, words at the most frequent."
    return f"Held at the median: {in_a_row(told)}."
