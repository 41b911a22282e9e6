"""What the data are: of each column what it holds, and what it became and why."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.cells import kind_of, numbers_of
from chainrule.data.columns import Columns, Planned
from chainrule.data.datecolumn import DateColumn
from chainrule.data.dates import day_of
from chainrule.data.numbers import NumberColumn, without_unit
from chainrule.data.target import Target
from chainrule.data.written import stripped, texts_of
from chainrule.random import Draws
from chainrule.shown import counted

MOST_COLUMNS = 200
MOST_CELLS = 4_000_000  # that are counted: of more cells a sample of the rows
FEWEST_ROWS = 2000  # of a sample
COMMON = 5  # values that are told, of texts
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def profile(columns: Columns, target: Target, frame: pd.DataFrame, seed: int = 0) -> dict[str, Any]:
    """Return what each column of a table holds, and what it became: ``columns``, and ``more_columns``, if any.

    Args:
        columns: What they became.
        target: What is predicted, whose columns are the first.
        frame: The table.
        seed: Decides which rows are counted of a large one.
    """
    planned = {each.name: each for each in columns.plan}
    plan = [
        *(Planned(name, "number", "the target") for name in target.columns),
        *(each for name, each in planned.items() if name in frame.columns and name not in target.columns),
    ]
    shown, kinds = plan[:MOST_COLUMNS], {column.name: column for column in columns.columns}
    most = max(FEWEST_ROWS, MOST_CELLS // max(len(shown), 1))
    says: list[str] = []
    if len(frame) > most:
        says.append(f"Of {len(frame):,} rows {most:,} were counted.")
        frame = frame.iloc[np.sort(Draws(seed, "profile").permutation(len(frame))[:most])]
    told = [_told(each, kinds.get(each.name), frame[each.name], target) for each in shown]
    return {"columns": told, "more_columns": len(plan) - len(shown), "says": says}


def _told(planned: Planned, column: Any, cells: pd.Series, target: Target) -> dict[str, Any]:
    becomes, _, why = planned.says.partition(": ")
    kind: str = planned.kind
    if planned.name in target.columns:
        kind, becomes, why = "number" if target.task == "regression" else "category", "the target", ""
    found = {"name": planned.name, "kind": kind, "becomes": becomes, "why": why, **_nothing()}
    cells = stripped(cells)
    found |= {"missing": int(cells.isna().sum()), "distinct": int(cells.nunique())}
    as_number = kind != "category" and (
        isinstance(column, NumberColumn) or (column is None and kind_of(cells) == "number")
    )
    if as_number:
        unit = column.unit if isinstance(column, NumberColumn) else ""
        values = numbers_of(without_unit(cells, unit))[0]
        values = values[np.isfinite(values)]
        if len(values):
            found |= {
                "low": float(values.min()), "high": float(values.max()),
                "quantiles": np.quantile(values, _QUANTILES).tolist(),
            }  # fmt: skip
        return found
    if isinstance(column, DateColumn):
        seconds = column._read(cells)[0]
        seconds = seconds[~np.isnan(seconds)]
        return found | ({"low": day_of(seconds.min()), "high": day_of(seconds.max())} if len(seconds) else {})
    counts = texts_of(cells).value_counts()[:COMMON]
    return found | {"common": [[str(text), int(count)] for text, count in counts.items()]}


def _nothing() -> dict[str, Any]:
    return {"missing": 0, "distinct": 0, "low": None, "high": None, "quantiles": None, "common": None}


def sentences(found: dict[str, Any]) -> Iterator[str]:
    """Yield what is to be said below a profile."""
    yield from found["says"]
    if found["more_columns"]:
        yield f"{counted(found['more_columns'], 'more column')} not shown."
