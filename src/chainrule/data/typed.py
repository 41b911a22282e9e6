"""Cells that come with a type, from databases, JSON and workbooks: what a table in text would say of them."""

import datetime
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.cells import text_of
from chainrule.data.meaning import Nothing, understood
from chainrule.data.unpacking import Content, check_size
from chainrule.data.words import listed
from chainrule.errors import DataError

_NO_CELLS = {bytes: "bytes", list: "lists", dict: "objects", tuple: "lists", np.ndarray: "lists"}


def table_of(
    columns: Mapping[str, Sequence[Any]], content: Content, nothing: Nothing, notes: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the table of some columns of Python's values, as if a text had been read that says the same.

    A truth value is written True or False, a day 2015-02-17 and a time 2015-02-17 10:30:00. A column of bytes or lists
    is left out, with a note.
    """
    names = check_names([str(name).strip() for name in columns], content)
    rows = len(next(iter(columns.values()), ()))
    check_size(8.0 * rows * len(names), content)
    if not names or not rows:
        raise DataError(
            f"{content.path} has {len(names)} columns and {rows} rows, which is no table to learn from."
        )
    kinds = {name: _no_cells(cells) for name, cells in zip(names, columns.values(), strict=True)}
    left_out = {name: kind for name, kind in kinds.items() if kind}
    if len(left_out) == len(names):
        raise DataError(f"{content.path} has no column of numbers or texts: {listed(names)}.")
    told = [
        f"Left out column {name!r}: it holds {kind}, not numbers or texts." for name, kind in left_out.items()
    ]
    frame = pd.DataFrame(
        {
            name: _column(cells)
            for name, cells in zip(names, columns.values(), strict=True)
            if name not in left_out
        }
    )
    return understood(frame, nothing, [*told, *notes])


def check_names(names: list[str], content: Content) -> list[str]:
    """Return the names of columns, a number for one that has none; each may be there once."""
    names = [name or f"Unnamed: {i}" for i, name in enumerate(names)]
    check_twice(names, content.path)
    return names


def check_twice(names: Sequence[str], path: object) -> None:
    """Raise where two columns have the same name."""
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if (first := seen.setdefault(name, i)) < i:
            raise DataError(
                f"Two columns of {path} are called {name!r}: columns {first + 1} and {i + 1}.\n"
                "Give each a name of its own."
            )


def written(value: Any) -> str | None:
    """Return the text that a cell would be in a file of text, None for none.

    >>> import datetime
    >>> [written(value) for value in (True, 3.0, 0.1, datetime.datetime(2015, 2, 17), None, float("nan"))]
    ['True', '3', '0.1', '2015-02-17', None, None]
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, datetime.timedelta):
        return text_of(value.total_seconds())
    return text_of(value)


def _no_cells(cells: Sequence[Any]) -> str:
    found = next((cell for cell in cells if isinstance(cell, tuple(_NO_CELLS))), None)
    return "" if found is None else _NO_CELLS[type(found)]


def _column(cells: Sequence[Any]) -> pd.Series:
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds <= {int, float} and kinds:
        wholes = [cell for cell in cells if isinstance(cell, int)]
        if not wholes or (max(map(abs, wholes)) <= 2**53):
            exact = kinds == {int} and len(wholes) == len(cells)
            return pd.Series(cells, dtype="int64" if exact else "float64")
    texts = [str(cell) if isinstance(cell, Decimal) else written(cell) for cell in cells]
    return _dates(pd.Series(texts, dtype="str"), kinds)


def _dates(texts: pd.Series, kinds: set[type]) -> pd.Series:
    """Write times alike: where one has an hour, all have."""
    if not kinds <= {datetime.datetime, datetime.date} or not texts.str.len().gt(10).any():
        return texts
    return texts.where(texts.isna() | texts.str.len().gt(10), texts + " 00:00:00")
