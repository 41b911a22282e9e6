"""Texts that a spreadsheet would run as a formula: marked as text where they are written, as they were once read.

The mark is the apostrophe that spreadsheets know themselves. It is taken off again exactly where it was put on: a text
that begins with an apostrophe before what would be run gets another one.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.cells import kind_of, read_numbers

MARK = "'"
_RUN = re.compile(r"[\s'\"]*[=+\-@＝＋－＠]|['\"]*[\t\r\n]")


def marked(texts: Sequence[object]) -> list[object]:
    """Return the texts with the mark before each that would be run; what is no text stays.

    >>> marked(["=1+1", "-5", "+49 (0) 123", "'=x", "a=b", 3])
    ["'=1+1", '-5', "'+49 (0) 123", "''=x", 'a=b', 3]
    """
    return [f"{MARK}{text}" if isinstance(text, str) and _would_run(text) else text for text in texts]


def unmarked(texts: Sequence[str]) -> list[str]:
    """Return what :func:`marked` was given. Texts among which one would be run are as somebody else wrote them.

    >>> unmarked(["'=1+1", "''=x", "'tis", "-5"]), unmarked(["'=1+1", "=1+1"])
    (['=1+1', "'=x", "'tis", '-5'], ["'=1+1", '=1+1'])
    """
    bare = [text for text in texts if not text.startswith(MARK)]
    if len(bare) == len(texts) or any(map(_would_run, bare)):
        return list(texts)
    return [text[1:] if text.startswith(MARK) and _would_run(text[1:]) else text for text in texts]


def _would_run(text: str) -> bool:
    return bool(_RUN.match(text)) and not np.isfinite(read_numbers(pd.Series([text])).iloc[0])


def mark_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the mark in all its texts that would be run, names of columns among them."""
    cells = [_distinct(frame.iloc[:, i], marked) for i in range(frame.shape[1])]
    return pd.concat(cells, axis="columns").set_axis(marked(list(frame)), axis="columns") if cells else frame


def unmark_cells(cells: pd.Series) -> pd.Series:
    """Return a column of texts as it was before :func:`mark_cells`."""
    begin = kind_of(cells) == "text" and cells.dtype != "bool" and cells.str.startswith(MARK).eq(True).any()
    return _distinct(cells, unmarked) if begin else cells


def _distinct(cells: pd.Series, change: Callable[[list[Any]], list[Any]]) -> pd.Series:
    """Change each distinct text of a column: those of categories and labels are few."""
    if kind_of(cells) != "text" or pd.api.types.is_bool_dtype(cells.dtype):
        return cells
    texts = [value for value in cells.unique() if isinstance(value, str)]
    became = dict(zip(texts, change(texts), strict=True))
    if all(old == new for old, new in became.items()):
        return cells
    return cells.map(lambda value: became[value] if isinstance(value, str) else value)
