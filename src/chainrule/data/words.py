"""Phrases that the messages and notes of this room share."""

from collections.abc import Collection, Iterable
from os import PathLike

import numpy as np
import pandas as pd

from chainrule.errors import DataError, UnknownNameError, short
from chainrule.names import closest

SHOWN = 3  # no message prints more values than this
LONGEST = 40  # nor more of a text
_OF_SPARSE = "pd.DataFrame.sparse.from_spmatrix(...) makes one of a sparse matrix."
_HOW = "pd.DataFrame(...) makes one of arrays or lists, cr.read_table('file.csv') of a file."


def listed(items: Iterable[object], limit: int = SHOWN) -> str:
    """Write the first few items, and how many more there are.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    texts = [shortened(str(item)) for item in items]
    more = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" and {more} more" if more > 0 else "")


def shortened(text: str) -> str:
    """Cut a long text short.

    >>> shortened("a" * 50)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def row_name(index: pd.Index, position: int) -> str:
    """Name a row as its owner counts: from 1, below the header; or by the index's own label.

    >>> row_name(pd.RangeIndex(5), 2), row_name(pd.Index(["ann", "bob"]), 1)
    ('row 3', "row 'bob'")
    """
    label = index[position]
    return f"row {label + 1}" if pd.api.types.is_integer_dtype(index.dtype) else f"row {label!r}"


def row_labels(index: pd.Index) -> list[object]:
    """Return what each row is called: its number from 1, below the header, or the index's own label.

    >>> row_labels(pd.RangeIndex(2)), row_labels(pd.Index(["ann"]))
    ([1, 2], ['ann'])
    """
    return [int(label) + 1 for label in index] if pd.api.types.is_integer_dtype(index.dtype) else list(index)


def checked_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text for column names, each of which it has only once."""
    if not isinstance(frame, pd.DataFrame):
        remedy = _OF_SPARSE if hasattr(frame, "toarray") else _HOW
        if isinstance(frame, str | PathLike):
            remedy = f"Read the file first: cr.read_table({str(frame)!r})."
        elif isinstance(frame, tuple) and any(isinstance(part, pd.DataFrame) for part in frame):
            remedy = "cr.load_table gives it with its target: table, target = cr.load_table('iris')."
        raise DataError(f"Expected a table (a pandas DataFrame), got {type(frame).__name__}.\n{remedy}")
    frame = frame.rename(columns=str)
    repeated = frame.columns[frame.columns.duplicated()].unique()
    if len(repeated):
        raise DataError(f"Column names must differ; this table has {listed(map(repr, repeated))} twice.")
    for name, dtype in frame.dtypes.items():
        if dtype == np.dtype(object):
            _check_cells(frame[name])
    return frame


def _check_cells(cells: pd.Series) -> None:
    """Raise for the first cell that holds several values."""
    if not pd.api.types.infer_dtype(cells, skipna=True).startswith("mixed"):
        return
    for position, cell in enumerate(cells):
        if isinstance(cell, list | dict | set | np.ndarray | pd.Series | pd.DataFrame):
            raise DataError(
                f"Column {cells.name!r}, {row_name(cells.index, position)}: {short(cell)}, where one number, text or "
                "date is expected.\nGive each part a column of its own."
            )


def apart(names: Iterable[str], columns: Collection[str]) -> tuple[str, ...]:
    """Return names of columns; one that no column bears may be several, with commas.

    >>> apart(["a,b", "c, in EUR"], ["a", "b", "c, in EUR"])
    ('a', 'b', 'c, in EUR')
    """
    return tuple(each for name in names for each in ([name] if name in columns else _parts(name)))


def _parts(name: str) -> list[str]:
    return [part.strip() for part in name.split(",")]


def check_columns(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Raise :class:`~chainrule.errors.UnknownNameError` for the first name that no column bears."""
    for name in names:
        if name not in frame.columns:
            near = closest(name, frame.columns)
            hint = f" Did you mean {near!r}?" if near else ""
            raise UnknownNameError(
                f"No column {shortened(str(name))!r} in this table.{hint} Columns: {listed(frame.columns)}."
            )
