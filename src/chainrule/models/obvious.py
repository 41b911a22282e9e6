"""The column that is to be predicted where none is named: one that is called so, or the last that can be a target."""

import pandas as pd

from chainrule.data.cells import looks_like_date, text_of
from chainrule.data.target import fit_target
from chainrule.data.words import checked_table, listed
from chainrule.data.written import stripped
from chainrule.errors import DataError
from chainrule.names import bare

_CALLED = ("target", "label", "labels", "class", "y", "outcome", "response")
_NO_TARGETS = ("id", "index", "row", "rownr", "number", "name", "comment", "comments", "notes")
SHOWN_COLUMNS = 20


def obvious_target(table: pd.DataFrame) -> tuple[str, str]:
    """Return the column that is to be predicted, and a sentence that says so.

    Raises :class:`~chainrule.errors.DataError` where none is obvious.

    >>> table = pd.DataFrame({"rooms": [3, 4, 5] * 5, "price": [1.5, 2.5, 3.5] * 5})
    >>> obvious_target(table)
    ('price', "No target was named, so it is the last column, 'price'; target='rooms' would name another.")
    """
    table = checked_table(table)
    names = list(table.columns)
    called = [name for name in names if bare(name) in _CALLED]
    if len(called) == 1 and len(names) > 1:
        return called[0], f"No target was named, so it is the column that is called {called[0]!r}."
    if len(names) > 1 and _may_be_target(table, names[-1]):
        return names[-1], (
            f"No target was named, so it is the last column, {names[-1]!r}; target={names[0]!r} would name another."
        )
    if not names:
        raise DataError("This table has no column, so there is nothing to predict.")
    fit = next((name for name in reversed(names[-SHOWN_COLUMNS:]) if _may_be_target(table, name)), None)
    raise DataError(
        f"Which column is to be predicted? There are {len(names)}: {listed(names, SHOWN_COLUMNS)}.\n"
        + (f"Name it, such as target={fit!r}." if fit else "Name it: target='COLUMN'.")
    )


def _may_be_target(table: pd.DataFrame, name: str) -> bool:
    """Say whether a column can be predicted: no dates, nothing that counts rows, and mostly there."""
    cells = stripped(table[name]).dropna()
    last = bare(name.replace("_", " ").split()[-1]) if name.strip("_ ") else ""
    if last in _NO_TARGETS or len(cells) < max(2, len(table) / 2) or looks_like_date(text_of(cells.iloc[0])):
        return False
    if cells.nunique() == len(cells) and not pd.api.types.is_float_dtype(cells.dtype):
        return False  # texts, or whole numbers, of which each is there once
    try:
        fit_target(table, name)
    except DataError:
        return False
    return True
