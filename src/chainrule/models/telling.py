"""Why a model of a table predicts what it does for a row, in the table's units: what columns add, what changes do."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from chainrule.arguments import public
from chainrule.data.categories import CategoryColumn
from chainrule.data.cells import text_of
from chainrule.data.datecolumn import DateColumn
from chainrule.data.dates import DAY, read_dates
from chainrule.data.numbers import NumberColumn, few_wrong, without_unit
from chainrule.data.tables import load_table
from chainrule.data.texts import TextColumn
from chainrule.doors import Door
from chainrule.errors import DataError, short
from chainrule.explaining.attributing import Attributions, attributions
from chainrule.explaining.explanation import explain
from chainrule.explaining.sensing import sensing
from chainrule.explaining.subjects import Looked, looked_at
from chainrule.explaining.weights import WeightExplanation
from chainrule.friendly import Friendly
from chainrule.graph.show import number
from chainrule.models import configuration
from chainrule.models.asked import read_like
from chainrule.models.base import adam
from chainrule.models.explained import subject
from chainrule.models.given import data_of
from chainrule.models.suited import falling
from chainrule.shown import columns as aligned, counted, cut, plainly, screen
from chainrule.train.optimizers import Optimizer

LEVELS = 3  # other categories of a column that are told
USUAL = (0.5, 1000.0)  # standard deviations of columns in which 1 is neither much nor nothing
READING = ("missing", "table", "header", "any_size")


@dataclass(frozen=True)
class Change:
    """What the prediction would be if a cell were another.

    Attributes:
        to: The other value: "+1", or a category.
        by: By how much the prediction really changes, in its units.
        promised: What the gradient promises for it; None where there is none, as of categories.
    """

    to: str
    by: float
    promised: float | None = None


@dataclass(frozen=True)
class ColumnTold:
    """What one column does to the prediction of a row.

    Attributes:
        name: What the column is called.
        value: What stands in it, as text; "" for nothing.
        adds: What it adds to the prediction, beside the row that has the mean of all numbers and no category.
        slope: What the gradient says one unit more does; None where a unit makes no sense.
        changes: What other values would do: one unit more, one day later, each other category.
    """

    name: str
    value: str
    adds: float
    slope: float | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, eq=False, repr=False)
class TableExplanation(Friendly):
    """Why a model predicts what it does for a row. ``model.explain(table, row)`` makes one; printed, it is a table.

    Attributes:
        row: Which row.
        predicted: The explained output: a number in the target's units, or a probability.
        of: What that is: the column, or the class.
        is_share: Whether it is a probability.
        baseline: What is predicted for the mean of all numbers and no category.
        columns: What each column does, that which adds most first.
        attributions: What was computed, whose sums are checked.

    >>> import pandas as pd
    >>> rooms = [1, 2, 3, 4, 5] * 12
    >>> table = pd.DataFrame({"rooms": rooms, "price": [100.0 + 30 * n for n in rooms]})
    >>> model = cr.TableModel.train(table, "price", task="regression", hidden=(), epochs=200, learning_rate=0.05)
    >>> told = model.explain(table, 1)
    >>> (column,) = told.columns
    >>> column.name, column.value, column.changes[0].to, round(column.changes[0].by), round(column.slope)
    ('rooms', '2', '+1', 30, 30)
    """

    row: int
    predicted: float
    of: Any
    is_share: bool
    baseline: float
    columns: tuple[ColumnTold, ...]
    attributions: Attributions
    _repr_html_ = Door()

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists.

        >>> table, target = cr.load_table("iris")
        >>> model = cr.TableModel.train(table, target, epochs=5)
        >>> len(model.explain(table, 7).to_dict()["columns"])
        4
        """
        return {
            "row": self.row, "predicted": self.predicted, "of": text_of(self.of), "baseline": self.baseline,
            "columns": [{**vars(c), "changes": [vars(change) for change in c.changes]} for c in self.columns],
            "check": {"passed": self.attributions.check.passed, "error": self.attributions.check.error},
        }  # fmt: skip

    @property
    def sentence(self) -> str:
        """What is predicted, and what it is held against, in words.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.train(table, target, epochs=5).explain(table, 7).sentence[:31]
        'Row 7: the probability of setos'
        """
        what = f"the probability of {text_of(self.of)}" if self.is_share else text_of(self.of)
        held = "a row with the mean of every number and none of the categories"
        return (
            f"Row {self.row}: {what} is {plainly(self.predicted)}; of {held} it is {plainly(self.baseline)}. "
            "What each column adds to that, and what another value of it would do:"
        )

    @public
    def rows(self) -> list[tuple[str, ...]]:
        """Return the table that is printed, its heads first.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.train(table, target, epochs=5).explain(table, 7).rows()[0][:3]
        ('column', 'value', 'adds')
        """
        found: list[tuple[str, ...]] = [("column", "value", "adds", "a change", "really", "by the gradient")]
        for column in self.columns:
            told = sorted(column.changes, key=lambda change: -abs(change.by))[:LEVELS]
            for i, change in enumerate(told or [None]):
                first = (column.name, column.value, plainly(column.adds, "+")) if i == 0 else ("", "", "")
                if change is None:
                    found.append((*first, "", "", ""))
                    continue
                promised = "" if change.promised is None else plainly(change.promised, "+")
                found.append((*first, change.to, plainly(change.by, "+"), promised))
        return found

    def __str__(self) -> str:
        cells = [tuple(cut(cell, 28) for cell in row) for row in self.rows()]
        lines = [self.sentence, *screen(aligned(cells, left=(0, 1, 3)), 60)]
        return "\n".join(line.rstrip() for line in [*lines, str(self.attributions.check)])

    def __repr__(self) -> str:
        return f"<TableExplanation of row {self.row}: {cut(text_of(self.of), 30)} {plainly(self.predicted)}>"


def of_row(
    model: Any,
    table: Any,
    row: int = 0,
    *,
    output: Any = None,
    weight: str | None = None,
    optimizer: Any = None,
    first: int = 0,
) -> TableExplanation | WeightExplanation:
    """Say why the model predicts what it does for a row: what each column adds, and what another value would do.

    What a column adds are integrated gradients, whose sum is checked (:func:`attributions`). One unit more is told
    twice: by the gradient, chained through the preparing of the column, and by really changing the cell.

    Args:
        model: The model.
        table: A table with the columns that training saw, the path of a file, or the folder of the run, whose table is
            read again.
        row: Which of its rows, from ``first``.
        output: Which class or column is explained; by default the most probable class, or the only column.
        weight: The name and place of a weight, such as "W1[0,2]": then why the next step on this row would move it.
        optimizer: Which rule moves it, as in :meth:`Network.fit`; by default that of the last fit or of
            the run that ``table`` names, else Adam.
        first: What the first row is called: 0, or 1 where people count.

    Returns:
        What each column does; printed, a table. Of a weight a :class:`WeightExplanation`.

    Raises:
        DataError: If there is no such row or weight, or the table does not fit.
        UnknownNameError: If there is no such class or column, or parameter.
        MissingFileError: If there is no such file.
    """
    frame = _table(model, table)
    if not len(frame):
        raise DataError("The table has no rows: there is nothing to explain.")
    last = first + len(frame) - 1
    if not isinstance(row, int | np.integer) or not first <= row <= last:
        raise DataError(
            f"The table has {counted(len(frame), 'row')}, from {first} to {last}; found row={short(row)}."
        )
    one = frame.iloc[[int(row) - first]]
    if weight is not None:
        known = optimizer is not None or model.network._method is not None or not _is_folder(table)
        rule = optimizer if known else rule_of_run(table)
        told = explain(model, one, None, parameter=weight, optimizer=rule)
        uses = tuple(
            replace(use, factors=tuple(replace(factor, row=int(row)) for factor in use.factors))
            for use in told.uses
        )
        return replace(told, uses=uses, rule_of=told.rule_of if known else "run")
    of = subject(model)
    looked = looked_at(of, one, output)
    found = attributions(model, one, output=int(looked.picked[0].argmax()))
    slopes = _slopes(looked)
    columns = []
    for column, adds in zip(model.columns.columns, found.values[0], strict=True):
        cells, place = one[column.name], looked.subject.columns[column.name]
        slope = _slope(column, cells, float(slopes[place.start]))
        changes = list(_changes(column, cells))
        after = _predicted(looked, place, [column.encode(cell)[0] for _, cell, _ in changes])
        each = tuple(
            Change(
                to, float(value - found.predicted[0]), slope * units if slope is not None and units else None
            )
            for (to, _, units), value in zip(changes, after, strict=True)
        )
        text = "" if pd.isna(cells.iloc[0]) else text_of(cells.iloc[0])
        columns.append(ColumnTold(column.name, text, float(adds), slope, each))
    columns.sort(key=lambda c: -abs(c.adds))
    is_share = model.target.task != "regression"
    return TableExplanation(
        int(row),
        float(found.predicted[0]),
        looked.of[0],
        is_share,
        float(found.baseline[0]),
        tuple(columns),
        found,
    )


def rule_of_run(folder: str | os.PathLike[str]) -> Optimizer:
    """Return the optimizer with which the networks of a run were trained, by its configuration."""
    options = configuration.read(folder).options
    return falling(options) if options.recipe else adam(options)


def _is_folder(table: Any) -> bool:
    return isinstance(table, str | os.PathLike) and os.path.isdir(table)


def _table(model: Any, table: Any) -> pd.DataFrame:
    """Return the table that is meant; of the folder of a run, that which was learned from."""
    if _is_folder(table):
        found = configuration.read(table)
        how = {name: found.choices[name] for name in READING if found.choices.get(name) is not None}
        return load_table(data_of(found, table, None), **how)[0]
    return read_like(table, model.missing, model.decimal)


def _slopes(looked: Looked) -> np.ndarray:
    """Return the gradient of the explained output by each feature, in the owner's units."""
    sensed = sensing(looked, slopes=True)
    (slope,) = sensed.at(sensed.of(looked.arrays), np.zeros(1, np.intp))[1]
    found: np.ndarray = np.asarray(slope[0], np.float64) * looked.scale[0]
    return found


def _slope(column: Any, cells: pd.Series, of_feature: float) -> float | None:
    """Return what one unit more of a column of numbers does by the gradient, through its preparing."""
    value = _number(column, cells)
    if value is None:
        return None
    beyond = column.low is not None and not column.low <= value <= column.high  # where all count as the end
    return 0.0 if beyond else of_feature / column.std


def _number(column: Any, cells: pd.Series) -> float | None:
    """Return the number of a cell; None of another column, and where there is none."""
    if not isinstance(column, NumberColumn):
        return None
    value = float(few_wrong(without_unit(cells, column.unit))[0][0])
    return None if math.isnan(value) else value


def _unit(column: NumberColumn) -> float:
    """Return what is a step of a column: 1, or of numbers much smaller or larger a power of ten of their size."""
    if USUAL[0] <= column.std <= USUAL[1]:
        return 1.0
    return float(10.0 ** math.floor(math.log10(column.std)))


def _changes(column: Any, cells: pd.Series) -> Iterator[tuple[str, pd.Series, float | None]]:
    """Yield other cells for one cell: how the change is written, the cell, and how many units of a number it is."""

    def cell(value: Any) -> pd.Series:
        return pd.Series(
            [value], index=cells.index, name=cells.name, dtype=None if value is not None else object
        )

    value = _number(column, cells)
    if isinstance(column, NumberColumn) and value is not None:
        unit = _unit(column)
        yield f"+{number(unit)}{f' {column.unit}' if column.unit else ''}", cell(value + unit), unit
    if isinstance(column, CategoryColumn):
        here = int(column.slots(cells)[0])
        for i, category in enumerate(column.categories):
            if i != here:
                yield category or "(empty)", cell(category), None
    if isinstance(column, DateColumn):
        seconds = float(read_dates(cells, column.writing)[0][0])
        if not math.isnan(seconds):
            yield "1 day later", cell(pd.Timestamp(seconds + DAY, unit="s")), None
    if isinstance(column, TextColumn) and not pd.isna(cells.iloc[0]):
        yield "no text", cell(None), None


def _predicted(looked: Looked, place: slice, features: Sequence[np.ndarray]) -> np.ndarray:
    """Return the explained output where the features of one column are others, a row for each."""
    rows = np.repeat(looked.arrays[0], len(features), axis=0)
    if not len(rows):
        return np.zeros(0)
    rows[:, place] = features
    outputs = looked.programs.outputs(looked.programs.output, [rows])[0]
    chosen = (outputs * looked.picked).reshape(len(rows), -1).sum(axis=1, dtype=np.float64)
    return looked.in_units(chosen, np.zeros(len(rows), np.intp))
