"""Where a model of a table is worse than elsewhere: the values and ranges of its columns, one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chainrule.arguments import public
from chainrule.data.categories import CategoryColumn
from chainrule.data.cells import kind_of, numbers_of, text_of
from chainrule.data.datecolumn import DateColumn
from chainrule.data.dates import day_of
from chainrule.data.labels import predicted_codes
from chainrule.data.numbers import NumberColumn, without_unit
from chainrule.data.target import Target
from chainrule.data.written import texts_of
from chainrule.errors import DataError
from chainrule.explaining.slicing import (
    FEWEST,
    Part,
    mean_between,
    parts_of_numbers,
    share_between,
    worse_than_chance,
)
from chainrule.friendly import Friendly
from chainrule.models.judgements import Judged
from chainrule.models.pictured import judged_of
from chainrule.models.scoring import chosen, decides
from chainrule.random import Draws
from chainrule.shown import columns as aligned, counted, cut, in_a_row, screen
from chainrule.train.metrics import Metric

if TYPE_CHECKING:
    from chainrule.train.kinds import MetricsLike

MOST_ROWS = 5000  # that are looked at: of more a sample
MOST_TEXTS = 50  # values of a column that training left out
NO_PARTS = ("identifier", "constant", "empty", "duplicate")  # kinds of columns that part no rows


@dataclass(frozen=True)
class Slice:
    """Rows with one value of a column, of which a model is worse than of others.

    Attributes:
        column: Which column.
        where: Its value or range there, "missing" for none.
        rows: How many there are.
        value: What the metric is of them.
        interval: Of 95 %, of these rows alone.
        chance: How often the worst of all slices would look as bad if the errors had nothing to do with the columns.
        also: Slices of nearly the same rows, such as "town = Bern".

    >>> table = cr.load_table("breast_cancer")[0].assign(hospital=["a", "b"] * 284 + ["a"])
    >>> model = cr.TableModel.train(table, "target", epochs=20)
    >>> wrong = table["hospital"].eq("b") & (np.arange(569) % 3 == 0)
    >>> table["target"] = table["target"].mask(wrong, "benign")
    >>> worst = model.worst_slices(table).found[0]
    >>> worst.column, worst.where, worst.rows
    ('hospital', 'b', 284)
    """

    column: str
    where: str
    rows: int
    value: float
    interval: tuple[float, float]
    chance: float
    also: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Slices(Friendly):
    """Where a model is worse than elsewhere. ``model.worst_slices()`` makes it; printed, it is a table.

    Attributes:
        metric: By which metric.
        overall: What it is of all rows.
        rows: How many there are.
        tried: How many slices were looked at.
        found: Those that are worse than chance gives, the surest first; none where none is.
        about: Sentences about what was looked at.

    >>> import pandas as pd
    >>> x = np.linspace(0, 1, 400)
    >>> table = pd.DataFrame({"x": x, "town": ["Bern", "Basel"] * 200, "big": x > 0.5})
    >>> noise = np.random.default_rng(0).random(400) < 0.4
    >>> table["answer"] = np.where((table["town"] == "Bern") & noise, ~table["big"], table["big"])
    >>> model = cr.TableModel.train(table, "answer", epochs=20, test_fraction=0.5)
    >>> slices = model.worst_slices()
    >>> [(each.column, each.where) for each in slices.found]
    [('town', 'Bern')]
    """

    metric: str
    overall: float
    rows: int
    tried: int
    found: tuple[Slice, ...]
    about: tuple[str, ...] = field(default=())

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists.

        >>> model = cr.TableModel.train("iris", epochs=30)
        >>> model.worst_slices().to_dict()["metric"]
        'accuracy'
        """
        found = [
            {
                "column": each.column, "where": each.where, "rows": each.rows, "value": each.value,
                "interval": list(each.interval), "p": each.chance, "also": list(each.also),
            }
            for each in self.found
        ]  # fmt: skip
        return {
            "metric": self.metric, "overall": self.overall, "rows": self.rows, "tried": self.tried, "found": found,
            "says": list(self.about),
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [f"{self.metric} of {counted(self.rows, 'row')}: {self.overall:.4g}."]
        if self.found:
            cells = [("column", "where", "rows", self.metric, "95 % interval", "chance")]
            for each in self.found:
                low, high = each.interval
                ends = f"{low:.4g} to {high:.4g}"
                cells.append(
                    (
                        cut(each.column, 24),
                        cut(each.where, 24),
                        f"{each.rows:,}",
                        f"{each.value:.4g}",
                        ends,
                        f"{each.chance:.3g}",
                    )
                )
            lines += screen(aligned(cells, left=(0, 1)))
        return "\n".join([*lines, *self.about])

    __repr__ = __str__


@partial(public, called="TableModel.worst_slices")
def worst_slices(
    model: Any, table: Any = None, *, metric: "MetricsLike" = (), sheet: str | None = None
) -> Slices:
    """Say where the model is worse than elsewhere: for which values of a column, or in which range of it.

    Each column is looked at by itself, numbers in five ranges that hold as many rows each, those that training left out
    as well; only slices of at least 20 rows. As the worst of many slices looks bad by chance alone, those are returned
    that are worse than the worst of 95 % of a thousand shuffles of the errors over the rows (Westfall & Young 1993).
    What is returned was picked for being bad, so new rows of it will be a little better.

    Args:
        model: A model of a table.
        table: Rows with their targets, a DataFrame or the path of a file; by default the rows that judged the model,
            none of which it had learned from.
        metric: One that is a mean over rows, such as "accuracy", "log_loss", "mae" or "mse"; by default the accuracy
            of classes and the mean absolute error of numbers, of several columns in their standard deviations.
        sheet: As in :meth:`TableModel.predict`.

    Returns:
        The slices; printed, a table.

    Raises:
        DataError: If there are no such rows, as of a model from a file, or the metric is not a mean over rows.
        UnknownNameError: If there is no such metric.

    >>> model = cr.TableModel.train("breast_cancer", epochs=20)
    >>> print(model.worst_slices())
    accuracy of 114 rows: ...
    """
    seen, flattered = judged_of(model, table, sheet, "model.worst_slices(table)")
    found = slices_of(model, seen, metric)
    return replace(found, about=(*found.about, flattered)) if flattered else found


def slices_of(model: Any, seen: Judged, metric: Any = (), seed: int = 0) -> Slices:
    """Return where a model is worse than elsewhere, of rows with what was said of them."""
    name, values, larger = row_scores(model.target, seen, metric)
    frame, about = seen.rows, []
    if len(frame) > MOST_ROWS:
        at = np.sort(Draws(seed, "slices of").permutation(len(frame))[:MOST_ROWS])
        frame, values = frame.iloc[at], values[at]
        about.append(f"Of {len(seen.rows):,} rows {MOST_ROWS:,} were looked at.")
    parts = [part for part in parts_of(model, frame) if _enough(part.rows)]
    worse = worse_than_chance(-values if larger else values, parts, seed=seed)
    found = []
    for each in worse:
        own = values[each.part.rows]
        also = tuple(f"{part.column} = {part.where}" for part in each.also[:3])
        part = each.part
        found.append(
            Slice(
                part.column, part.where, len(own), float(own.mean()), between(own, larger), each.chance, also
            )
        )
    about.append(_tried(parts, len(found), len(frame)))
    return Slices(name, float(values.mean()), len(frame), len(parts), tuple(found), tuple(about))


def between(values: np.ndarray, larger: bool) -> tuple[float, float]:
    """Return the interval of 95 % of the mean of some rows' scores."""
    if np.isin(values, (0.0, 1.0)).all():
        return share_between(int(values.sum()), len(values))
    if larger:  # shares of labels that are right: what is wrong is skewed, and near 0
        low, high = mean_between(1 - values)
        return max(0.0, 1 - high), min(1.0, 1 - low)
    return mean_between(values)


def _enough(rows: np.ndarray) -> bool:
    return bool(FEWEST <= rows.sum() <= len(rows) - FEWEST)


def _tried(parts: list[Part], found: int, rows: int) -> str:
    if not parts:
        return f"No column parts {counted(rows, 'row')} into slices of at least {FEWEST}: there is nothing to look at."
    columns = counted(len({part.column for part in parts}), "column")
    looked = f"{counted(len(parts), 'slice')} of {columns} were looked at, of at least {FEWEST} rows each"
    if not found:
        return f"{looked}; none is worse than the worst of so many is by chance."
    return (
        f"{looked}; chance is how often the worst of so many looks as bad where errors have nothing to do with the "
        "columns. What was picked for being bad will be a little better on new rows."
    )


def row_scores(target: Target, seen: Judged, metric: Any = ()) -> tuple[str, np.ndarray, bool]:
    """Return what a metric is called, what it is of each row, and whether more is better.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> row_scores(target, Judged(np.array([0, 1]), np.array([[0.2], [0.4]]), ""))
    ('accuracy', array([1., 0.]), True)
    """
    asked = metric or ("mae" if target.task == "regression" else "accuracy")
    known = chosen(target, asked)
    if len(known) > 1:
        raise DataError(f"One metric decides which slices are worst; found {in_a_row(list(known))}.")
    name, watched = next(iter(known.items()))
    if watched.whole or isinstance(watched, Metric):
        raise DataError(
            f"{name} is none of each row, so slices are not compared by it: take a mean over rows, such as "
            f"{'mae or mse' if target.task == 'regression' else 'accuracy or log_loss'}."
        )
    y, p = np.asarray(seen.truth), np.asarray(seen.said, float)
    if target.task == "regression":
        if len(target.columns) > 1:
            name, std = f"{name} in standard deviations", np.array(target.std)
            y, p = y / std, p / std
    elif target.task != "multiclass":
        y = y.reshape(len(y), -1).astype(float)
        p = predicted_codes(target, p).astype(float) if target.thresholds and decides(watched) else p
    found = np.broadcast_to(np.asarray(watched.formula(y, p), np.float64), len(y))
    return name, found, bool(watched.larger_is_better)


def parts_of(model: Any, frame: pd.DataFrame) -> Iterator[Part]:
    """Yield the parts of rows by each column of a table: by value, numbers and dates by range, what is missing as well.

    Args:
        model: Whose columns they are.
        frame: The rows.
    """
    known = {column.name: column for column in model.columns.columns}
    kinds = {each.name: each.kind for each in model.columns.plan}
    for name in frame.columns:
        if name in model.target.columns or kinds.get(name) in NO_PARTS:
            continue
        yield from _parts_of_column(known.get(name), frame[name])


def _parts_of_column(column: Any, cells: pd.Series) -> Iterator[Part]:
    name = str(cells.name)
    if isinstance(column, CategoryColumn):
        slots, texts = column.slots(cells), [*column.categories]
        texts += ["another"] * column.others
        yield from (Part(name, texts[at] or "(empty)", slots == at) for at in range(len(texts)))
        yield Part(name, "missing", slots == len(texts))
        yield Part(name, "new", slots == -1)
    elif isinstance(column, NumberColumn):
        yield from parts_of_numbers(name, numbers_of(without_unit(cells, column.unit))[0])
    elif isinstance(column, DateColumn):
        yield from parts_of_numbers(name, column._read(cells)[0], day_of)
    elif column is None and kind_of(cells) == "number":
        yield from parts_of_numbers(name, numbers_of(cells)[0])
    else:
        texts_there = texts_of(cells)
        yield Part(name, "missing", texts_there.isna().to_numpy())
        common = texts_there.value_counts()[:MOST_TEXTS] if column is None else ()
        for text in getattr(common, "index", ()):
            yield Part(name, text_of(text), texts_there.eq(text).to_numpy())
