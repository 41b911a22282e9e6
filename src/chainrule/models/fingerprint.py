"""What identifies a table: its size, and a checksum of its cells in their order."""

import hashlib

import numpy as np
import pandas as pd

from chainrule.models.configuration import Fingerprint


def fingerprint_of(table: pd.DataFrame) -> Fingerprint:
    """Return what identifies a table; the index of its rows has no part in it.

    >>> table = pd.DataFrame({"x": [1.0, None], "y": ["a", "b"]})
    >>> fingerprint_of(table) == fingerprint_of(table.set_axis([5, 6])), fingerprint_of(table).rows
    (True, 2)
    >>> fingerprint_of(table).cells == fingerprint_of(table[::-1]).cells
    False
    """
    found = hashlib.sha256()
    for position, name in enumerate(table.columns):
        found.update(f"{name!s}\0".encode(errors="surrogatepass"))
        found.update(_numbers(table.iloc[:, position]).tobytes())
    return Fingerprint(*table.shape, found.hexdigest()[:32])


def about_other(table: pd.DataFrame, before: Fingerprint | None) -> str:
    """Say in what a table differs from what it was, or return "".

    >>> table = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    >>> about_other(table[:2], fingerprint_of(table)), about_other(table, fingerprint_of(table))
    ('it has 2 rows, and had 3', '')
    """
    if before is None or before == (now := fingerprint_of(table)):
        return ""
    sizes = ("rows", now.rows, before.rows), ("columns", now.columns, before.columns)
    parts = [f"{there:,} {what}, and had {was:,}" for what, there, was in sizes if there != was]
    return f"it has {'; '.join(parts)}" if parts else "cells, or names of columns, are others"


def _numbers(cells: pd.Series) -> np.ndarray:
    """Return a number for each cell, by what it holds."""
    if cells.dtype.kind in "iufb" and isinstance(cells.dtype, np.dtype):
        return cells.to_numpy(np.float64) if cells.dtype.kind == "f" else cells.to_numpy()
    values = np.asarray(cells.astype(object).where(cells.notna(), None), dtype=object)
    try:
        return pd.util.hash_array(values)
    except (TypeError, UnicodeEncodeError):  # a cell that is a list, or half a letter
        return pd.util.hash_array(np.array([ascii(value) for value in values], dtype=object))
