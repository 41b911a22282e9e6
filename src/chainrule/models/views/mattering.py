"""What matters to a model, within a budget: permutation importance on rows that it did not learn from."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.explaining.importance import PermutationImportance, importance_by
from chainrule.explaining.sensing import sensing
from chainrule.explaining.subjects import Subject, looked_at
from chainrule.models.explained import scoring_of
from chainrule.models.judgements import Court
from chainrule.models.scoring import chosen
from chainrule.random import Draws
from chainrule.shown import counted

REPEATS = 5
ROWS = 2000  # more tell hardly more
FEWEST_ROWS, FEWEST_REPEATS = 100, 2


@dataclass(frozen=True)
class Effort:
    """How much is looked at.

    Attributes:
        rows: Of how many rows.
        repeats: How often each column is shuffled.
        columns: How many columns.
    """

    rows: int
    repeats: int
    columns: int


def effort_for(rows: int, columns: int, weights: int, work: float) -> Effort:
    """Return how much can be looked at for so many products of a number and a weight.

    >>> effort_for(30, 4, 65_000, 2e9)
    Effort(rows=30, repeats=5, columns=4)
    >>> effort_for(20_000, 14, 65_000, 2e9)
    Effort(rows=439, repeats=5, columns=14)
    >>> effort_for(20_000, 784, 400_000, 2e9)
    Effort(rows=100, repeats=2, columns=25)
    """
    each, rows = max(weights, 1), min(rows, ROWS)
    afford = work / each  # rows that can be predicted
    repeats = REPEATS
    while repeats > FEWEST_REPEATS and afford / (repeats * columns) < min(rows, FEWEST_ROWS):
        repeats -= 1
    rows = min(rows, max(min(rows, FEWEST_ROWS), int(afford / (repeats * columns))))
    return Effort(rows, repeats, max(1, min(columns, int(afford / (repeats * rows)))))


def importance_of(
    courts: Sequence[Court], metrics: Any, work: float, seed: int, left: Callable[[], float]
) -> tuple[PermutationImportance, list[str]]:
    """Return how much each column matters to networks on rows that judged them, and what is to be said of that.

    Args:
        courts: The networks, each with the rows that judged it.
        metrics: Which scores were asked for; the first is taken.
        work: For how many products of a number and a weight there is time.
        seed: Decides the rows and the shuffles.
        left: Says how many seconds are left; where they are too few, fewer rows are shuffled less often.
    """
    weights = sum(array.size for array in courts[0].network.parameters.values())
    widest = max(len(court.ready.data.columns.columns) for court in courts)
    rows, work = min(len(court.truth) for court in courts), work / len(courts)
    effort = effort_for(rows, widest, weights, work)
    takes = len(courts) * effort.columns * effort.repeats * _seconds(courts[0], effort.rows)
    if takes > left():  # this machine is slow, or does something else
        counted_work = float(effort.rows * effort.repeats * effort.columns * weights)
        effort = effort_for(rows, widest, weights, counted_work * max(left(), 0.0) / takes)
    each: list[PermutationImportance] = []
    for number, court in enumerate(courts):
        if each and left() <= 0:
            break
        each.append(_of_court(court, metrics, effort, seed % 2**32 + number))
    names = list(dict.fromkeys(name for found in each for name in found.names))
    values = np.concatenate([_aligned(found, names) for found in each], axis=1)
    score = float(np.mean([found.score for found in each]))
    found = PermutationImportance(tuple(names), values, each[0].metric, score)
    return found, list(_about(found, effort, widest, courts, len(each)))


def _seconds(court: Court, rows: int) -> float:
    """Return how long a network takes to predict so many rows: the second time, when it is made ready."""
    for _ in range(2):
        began = time.perf_counter()
        court.network.predict(court.features[:rows])
        took = time.perf_counter() - began
    return took


def _of_court(court: Court, metrics: Any, effort: Effort, seed: int) -> PermutationImportance:
    columns, target = court.ready.data.columns, court.ready.data.target
    at = np.arange(len(court.truth))
    if len(at) > effort.rows:
        at = np.sort(Draws(seed, "importance").permutation(len(at))[: effort.rows])
    features, truth = court.features[at], court.truth[at]
    only = None if effort.columns >= len(columns.columns) else _likely(court, features, effort.columns)
    asked = next(iter(chosen(target, metrics)))
    for metric in (asked, "log_loss"):  # the area under a curve has no value for rows of one class
        scoring = scoring_of(court.network, columns, target, features, truth, metric, only)
        if metric == "log_loss" or target.task == "regression" or _has_value(scoring):
            break
    return importance_by(scoring, effort.repeats, seed)


def _has_value(scoring: Any) -> bool:
    try:
        return bool(np.isfinite(scoring.score(scoring.X)))
    except DataError:
        return False


def _likely(court: Court, features: np.ndarray, most: int) -> list[int]:
    """Return the columns that move what is said most, to first order: by the gradient times how far they vary."""
    few = features[:FEWEST_ROWS]
    wide = court.said.shape[1]
    output = None if court.ready.data.target.task == "multiclass" or wide == 1 else np.arange(len(few)) % wide
    looked = looked_at(Subject(court.network), few, output)
    sensed = sensing(looked, slopes=True)
    (slope,) = sensed.at(sensed.of(looked.arrays), np.arange(len(few)))[1]
    moved = np.abs(np.asarray(slope, float) * (few - few.mean(axis=0))).mean(axis=0)
    columns = court.ready.data.columns.columns
    starts = np.cumsum([0, *(len(column.features) for column in columns[:-1])])
    by_column = np.add.reduceat(moved, starts)
    return sorted(np.argsort(-by_column, kind="stable")[:most].tolist())


def _aligned(found: PermutationImportance, names: Sequence[str]) -> np.ndarray:
    """Return values by all names: a column that a network does not take matters nothing to it."""
    values = np.zeros((len(names), found.values.shape[1]))
    for name, row in zip(found.names, found.values, strict=True):
        values[names.index(name)] = row
    return values


def _about(
    found: PermutationImportance, effort: Effort, columns: int, courts: Sequence[Court], done: int
) -> Any:
    rows = sum(len(court.truth) for court in courts)
    looked = effort.rows * done
    of = f"{looked:,} of {counted(rows, 'row')}" if looked < rows else counted(rows, "row")
    yield (
        f"By how much {found.metric} is worse where a column is shuffled, {effort.repeats} times over {of} that the "
        "network did not learn from; ± is the standard deviation of single shuffles."
    )
    if len(found.names) < columns:
        yield f"The {len(found.names)} of {counted(columns, 'column')} that move predictions most were shuffled."
    yield "A column that others can replace seems to matter little."
