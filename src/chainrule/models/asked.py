"""What a model is asked to predict for: a table, or a file that is read as that of training was; what is said of it."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import pandas as pd

from chainrule.data.cells import MISSING
from chainrule.data.columns import Columns, encode, news, wrong_cells
from chainrule.data.tables import load_table
from chainrule.data.target import Target, about_gaps
from chainrule.data.words import checked_table
from chainrule.data.written import Mark, written_of
from chainrule.errors import DataError, DataWarning, warn
from chainrule.models.learned import Learned, about_known


def read_like(
    data: Any, missing: Mapping[str, Sequence[str]], decimal: Mark, sheet: str | None = None
) -> pd.DataFrame:
    """Return the table of a file, read as that of a training was, or a table in memory as it is.

    ``sheet`` says which one, of a workbook or a database of several.
    """
    several = isinstance(data, list | tuple) and all(isinstance(each, str | PathLike) for each in data)
    if several or isinstance(data, str | PathLike):
        try:
            return load_table(data, missing=missing or MISSING, decimal=decimal or None, table=sheet)[0]
        except DataError as error:  # of two arguments called table the one is the data here
            raise type(error)(str(error).replace(" table=", " sheet=")) from None
    if sheet is not None:
        raise DataError(
            f"The sheet {sheet!r} is one of a file, and this table is in memory already: leave it out."
        )
    return checked_table(data)


def warn_of_cells(columns: Columns, table: pd.DataFrame) -> None:
    """Warn of cells that count as missing since they are not what their column holds."""
    for sentence in wrong_cells(columns, table):
        warn(sentence, DataWarning)


def told_of(
    table: pd.DataFrame, columns: Columns, target: Target, learned: Learned | None, evaluated: bool
) -> tuple[str, ...]:
    """Return sentences about what is new in a table to predict for, or to be evaluated, and what is not."""
    told = [*written_of(table).notes, *(about_gaps(table, target.columns) if evaluated else ())]
    told += news(columns, table)
    if learned and not evaluated and (known := about_known(learned, encode(columns, table))):
        told.append(f"{known} among those that the network learned from: it knows their answers.")
    return tuple(told)
