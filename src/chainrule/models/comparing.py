"""Several networks on the same rows: which one wins, and how far noise leaves that open."""

import json
import math
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from chainrule.errors import DataError, DivergenceWarning, LearningWarning
from chainrule.models.base import Fitted, Ready, Say, Stages, best_epochs, fit_stages
from chainrule.models.ladder import Rung, ladder
from chainrule.models.options import Options, Training
from chainrule.models.rows import Rows
from chainrule.random import Draws
from chainrule.shown import columns, counted, took
from chainrule.signals import Ended
from chainrule.train.history import History
from chainrule.train.metrics import Watched, lacks_value
from chainrule.train.network import Network

DRAWS = 100
FEW_DRAWN = 20_000  # rows, up to which their draws are kept
LEAST = 0.25  # of its share has whoever is last, where others took longer than theirs
Prepare = Callable[[Rows, Training], Ready[Any]]
SPREAD = 1.96  # standard errors to each end of a 95 % interval


@dataclass(frozen=True)
class Tried:
    """How good a network was on rows that it did not learn from.

    Attributes:
        name: What it is called.
        says: Its hidden units, or what differs from the usual network.
        changes: The choices in which it does.
        parameters: How many numbers it learned.
        score: What it is ranked by; NaN if it has none.
        low: Where the 95 % interval of the score begins.
        high: Where it ends.
        epochs: After how many epochs it was best.
        seconds: How long it learned.
        remark: "best", "as good" within noise, and which one "wins".

    >>> best = cr.TableModel.compare("iris", epochs=5).tried[0]
    >>> best.low <= best.score <= best.high, best.remark.startswith("best")
    (True, True)
    """

    name: str
    says: str
    changes: dict[str, Any]
    parameters: int
    score: float
    low: float
    high: float
    epochs: int
    seconds: float
    remark: str = ""


@dataclass(frozen=True, repr=False)
class Comparison:
    """Networks that were tried on the same rows, the best first. Printed, it is a table.

    Attributes:
        metric: What they are ranked by.
        rows: How many rows they were ranked on.
        folds: In how many folds; 0 where these are rows that said when to stop.
        tried: How good each was.
        winner: The name of the smallest one that is no worse than the best by more than noise.
        model: The model of the winner, trained as by ``train``.

    >>> table, target = cr.load_table("iris")
    >>> comparison = cr.TableModel.compare(table, target, epochs=5)
    >>> comparison.metric, comparison.rows, len(comparison.tried)
    ('log_loss', 120, 12)
    """

    metric: str
    rows: int
    folds: int
    tried: tuple[Tried, ...]
    winner: str
    model: Any = None

    @property
    def table(self) -> pd.DataFrame:
        """A row for each network, the best first, with all that is known of it.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.compare(table, target, epochs=5).table.columns.tolist()[:4]
        ['network', 'hidden_units', 'log_loss', 'low']
        """
        named = {"name": "network", "says": "hidden_units", "score": self.metric}
        rows = [{named.get(name, name): value for name, value in vars(each).items()} for each in self.tried]
        found = pd.DataFrame(rows)
        found["changes"] = [json.dumps(each.changes) for each in self.tried]
        first = ["network", "hidden_units", self.metric, "low", "high", "remark"]
        return found[[*first, *(name for name in found if name not in first)]]

    @property
    def changes(self) -> dict[str, Any]:
        """The choices in which the winner differs from the usual network.

        >>> "hidden" in cr.TableModel.compare("iris", epochs=5).changes
        True
        """
        return next(each.changes for each in self.tried if each.name == self.winner)

    def __str__(self) -> str:
        heads = "network", "hidden units", self.metric, "± 95 %", "learned", "time", ""
        lines = columns([heads, *map(_cells, self.tried)], left=(0, 1, 6))
        return "\n".join([*map(str.rstrip, lines), *remarks(self)])

    __repr__ = __str__


def _cells(tried: Tried) -> tuple[str, ...]:
    far = (tried.high - tried.low) / 2
    score, spread = (_digits(x) if math.isfinite(x) else "" for x in (tried.score, far))
    return tried.name, tried.says, score, spread, f"{tried.parameters:,}", took(tried.seconds), tried.remark


def remarks(comparison: Comparison) -> list[str]:
    """Return what is said below the table."""
    best, winner = comparison.tried[0].name, comparison.winner
    where = f"{counted(comparison.rows, 'row')} that said when to stop"
    if comparison.folds:
        where = (
            f"{counted(comparison.rows, 'row')} in {comparison.folds} folds, none of which was learned from"
        )
    lines = [f"By {comparison.metric} on {where}. A network has 'learned' so many numbers."]
    if winner == best:
        as_good = any(each.remark == "as good" for each in comparison.tried)
        why = (
            "is best, and what is as good within noise is no smaller"
            if as_good
            else "is best, by more than noise"
        )
        return [*lines, f"'{best}' {why}: it wins."]
    return [*lines, f"'{best}' is best; '{winner}' is no worse within noise, and smaller: it wins."]


@dataclass(frozen=True)
class Rate:
    """What networks are ranked by.

    Attributes:
        name: That of the metric.
        metric: The metric.
        measured: Returns targets and outputs as it takes them.
    """

    name: str
    metric: Watched
    measured: Callable[[Ready[Any], np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

    @property
    def larger_is_better(self) -> bool:
        """Which way is better; of a metric of the user's own, that is a cost."""
        return bool(getattr(self.metric, "larger_is_better", False))

    def of(self, y: np.ndarray, p: np.ndarray) -> float:
        """Return its value; NaN where it has none."""
        return math.nan if lacks_value(self.metric, y, p) else self.metric(y, p)


@dataclass(frozen=True)
class Beside:
    """What is tried beside the networks of the ladder and is none of them: several networks that decide together.

    Attributes:
        rung: What it is called.
        shares: For how many networks it counts where time is short; it has what the others left over besides.
        fit: Trains it: takes the name of the stage, rows to learn from and to judge, the seconds that there are, and
            what was done before.
    """

    rung: Rung
    shares: int
    fit: Callable[[str, Rows, float | None, Stages], Fitted[Any]]


@dataclass(frozen=True)
class Left:
    """Time for what is tried on the same rows.

    Attributes:
        began: When it began.
        seconds: How long it may take.
        shares: By how many it is shared.
    """

    began: float
    seconds: float
    shares: int

    def of(self, shares: int) -> float:
        """Return the time of so many shares."""
        return self.seconds * shares / self.shares

    def rest(self, shares: int) -> float:
        """Return the time of the last shares: what those before have left, and no less than a part of their own."""
        gone = time.perf_counter() - self.began
        return max(self.seconds - gone, LEAST * self.of(shares))


def compare(
    prepare: Prepare,
    rows: Rows,
    folds: Sequence[Rows],
    options: Options,
    rate: Rate,
    say: Say,
    stages: Stages,
    keep: Callable[[Comparison], Any] = lambda comparison: None,
    beside: Beside | None = None,
) -> Comparison:
    """Try all networks of the ladder on the same rows, at once, and rank them.

    Args:
        prepare: Makes rows of the data ready.
        rows: Which examples are for what; those that say when to stop rank where there are no folds.
        folds: Those of cross-validation, one after the other: a large table is made ready for one of them at a time.
        options: The choices; the time is for all networks together.
        rate: What they are ranked by.
        say: Told about each network that was tried.
        stages: Where each fit is a stage.
        keep: Told after each network how those that were tried compare, in the first fold; then after each fold.
        beside: What else is tried.
    """
    ready = prepare(rows, options)
    for sentence in ready.about[:-1]:
        say(sentence)
    usual: Any = ready.options
    rungs = ladder(usual)
    if not folds and not len(rows.validation):
        raise DataError(
            "Too few rows to rank networks by: none can be held back to say when to stop.\nAdd rows, or give folds=5."
        )
    count, shares = len(rungs) + (beside is not None), len(rungs) + (beside.shares if beside else 0)
    parts = folds or [rows]
    began, seconds = time.perf_counter(), usual.time_budget
    also = f", and those of the recipe together ({beside.rung.says})" if beside else ""
    where = f", in each of {len(folds)} folds" if folds else ""
    say(f"Trying {len(rungs)} networks on the same rows, the usual one and others{also}{where}.")
    done: list[Sequence[Judged]] = []
    comparison: Comparison | None = None
    for number, part in enumerate(parts, start=1):
        here = prepare(part, usual) if folds else ready
        left = None
        if seconds:  # of what is left each part has the same
            now = time.perf_counter()
            left = Left(
                now, max(seconds - (now - began), LEAST * seconds) / (len(parts) - number + 1), shares
            )
        judges = sum(len(each.test) for each in folds[:number]) if folds else len(rows.validation)

        def so_far(
            judged: Sequence[Judged], judges: int = judges, fold: int = number if folds else 0
        ) -> None:
            nonlocal comparison
            if len(judged) == count or not done:  # others are compared in the folds that all have done
                comparison = _ranked([*done, judged], rate, judges, fold)
                keep(comparison)

        judged = _try(
            rungs, beside, here, part, number if folds else 0, usual, rate, say, stages, so_far, left
        )
        if stages.signal or comparison is None:
            break
        done.append(judged)
        if folds:
            best = comparison.tried[0]
            say(
                f"Fold {number} of {len(folds)}: '{best.name}' is the best of {len(judged)} so far, {rate.name} "
                f"{_digits(best.score)}."
            )
    if comparison is None:
        raise Ended(stages.signal)
    if stages.signal:  # what was not done is not ranked
        which = f"{count} networks {len(comparison.tried)}"
        if comparison.folds > 1:
            which = f"{len(folds)} folds {comparison.folds}"
        say(f"Stopped: of {which} were tried, and the one of these that wins is trained.")
    return comparison


@dataclass(frozen=True)
class Judged:
    """A network that has learned, and how good it is on rows that judge.

    Attributes:
        rung: Which network it is.
        parameters: How many numbers it learned.
        score: What it is ranked by.
        draws: The same by draws of the rows, shape (draws,).
        history: Its training.
    """

    rung: Rung
    parameters: int
    score: float
    draws: np.ndarray
    history: History


def _try(
    rungs: Sequence[Rung],
    beside: Beside | None,
    ready: Ready[Any],
    part: Rows,
    fold: int,
    options: Options,
    rate: Rate,
    say: Say,
    stages: Stages,
    so_far: Callable[[Sequence[Judged]], None],
    left: Left | None,
) -> Sequence[Judged]:
    """Train the networks on the same rows, side by side, and return how good they are, of those that were not stopped.

    ``fold`` is the number of the fold, 0 where there is none; ``so_far`` is told after each network of those that have
    ended; ``left`` says how much time there is.
    """
    found: dict[int, Judged] = {}
    one_at_a_time = threading.Lock()

    def named(rung: Rung) -> str:
        return f"{rung.name}, fold {fold}" if fold else rung.name

    def ended(
        number: int, rung: Rung, made: Ready[Any], judges: Any, network: Network, history: History
    ) -> None:
        truth, outputs = rate.measured(made, judges[1], network.predict(judges[0]))
        drawn = few.get(len(truth)) or _drawn(options.seed, fold or 1, len(truth))
        score, draws = rate.of(truth, outputs), np.array([rate.of(truth[at], outputs[at]) for at in drawn])
        learned = sum(value.size for value in network.parameters.values())
        with one_at_a_time:
            found[number] = Judged(rung, learned, score, draws, history)
            if not fold:
                say(f"Tried '{rung.name}': {rate.name} {_digits(score)}, {took(history.seconds)}.")
            so_far([found[each] for each in sorted(found)])

    judges: Any = ready.test if fold else ready.validation
    count = len(judges[1])
    few = {count: list(_drawn(options.seed, fold or 1, count))} if count <= FEW_DRAWN else {}
    chosen = [replace(options, **rung.changes) for rung in rungs]
    networks, names = [ready.network(each) for each in chosen], [named(rung) for rung in rungs]
    told = [partial(ended, number, rung, ready, judges) for number, rung in enumerate(rungs)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LearningWarning)  # a poor network is part of the comparison
        warnings.simplefilter("ignore", DivergenceWarning)
        seconds = left.of(len(rungs)) if left else None
        fit_stages(
            names, networks, ready, chosen, stages, seconds=seconds, stopping=ready.stopping, ended=told
        )
        if beside is not None and not stages.signal:
            rows = part.without_validation if fold else Rows(part.learn, part.learn[:0], part.validation)
            seconds = left.rest(beside.shares) if left else None
            fitted = beside.fit(named(beside.rung), rows, seconds, stages)
            if not stages.signal:
                ended(
                    len(rungs), beside.rung, fitted.ready, fitted.ready.test, fitted.network, fitted.history
                )
    return [found[each] for each in sorted(found)]


def _drawn(seed: int, fold: int, rows: int) -> Iterator[np.ndarray]:
    """Yield which rows each draw has, the same for every network."""
    draw = Draws(seed, "compared", fold)
    return (np.sort(draw.uniform(0, rows, (rows,)).astype(np.int64)) for _ in range(DRAWS))


def _over_folds(judged: Sequence[Judged]) -> tuple[Tried, np.ndarray]:
    """Return how good a network is over folds, and its scores by draws of rows."""
    histories = [each.history for each in judged]
    score = float(_mean(np.array([each.score for each in judged])))
    draws = _mean(np.array([each.draws for each in judged]))
    far = SPREAD * _error(draws)
    epochs = int(np.median([best_epochs(history) for history in histories]))
    seconds = sum(history.seconds for history in histories)
    remark = "diverged" if any(history.diverged for history in histories) else ""
    rung, learned = judged[0].rung, judged[-1].parameters
    ends = score - far, score + far
    tried = Tried(rung.name, rung.says, rung.changes, learned, score, *ends, epochs, seconds, remark)
    return tried, draws


def _mean(scores: np.ndarray) -> np.ndarray:
    """Return the mean over folds of what has a value there: in some a class may have no row."""
    known = np.isfinite(scores)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, scores, 0).sum(axis=0) / known.sum(axis=0))


def _ranked(done: Sequence[Sequence[Judged]], rate: Rate, rows: int, folds: int) -> Comparison:
    """Return how networks compare that were tried in each of some folds."""
    every = [_over_folds(judged) for judged in zip(*done, strict=True)]
    tried, draws = [each for each, _ in every], [of_draws for _, of_draws in every]
    scores, learned = [each.score for each in tried], [each.parameters for each in tried]
    order, winner, near = standing(scores, draws, learned, rate.larger_is_better)
    said = {order[0]: "best", **dict.fromkeys(near, "as good")}
    said[winner] = "best, wins" if winner == order[0] else "as good, wins"
    ranked = tuple(replace(tried[number], remark=said.get(number, tried[number].remark)) for number in order)
    return Comparison(rate.name, rows, folds, ranked, tried[winner].name)


def standing(
    scores: Sequence[float], draws: Sequence[np.ndarray], learned: Sequence[int], larger_is_better: bool
) -> tuple[list[int], int, list[int]]:
    """Return the order of networks from the best on, the number of the winner, and those as good as the best.

    As good is what is behind by no more than a standard error of the difference, which is taken over the same draws of
    rows; the smallest of these wins (Breiman et al. 1984).

    >>> near, far = np.array([0.0, 0.1]), np.array([-1.0, -1.1])
    >>> standing([0.05, 0.04, -1.0], [near, near[::-1], far], [100, 10, 1], larger_is_better=True)
    ([0, 1, 2], 1, [1])
    """
    sign = 1 if larger_is_better else -1
    behind = [-sign * score if math.isfinite(score) else math.inf for score in scores]
    order = sorted(range(len(scores)), key=lambda number: (behind[number], learned[number]))
    best = order[0]
    near = [
        number for number in order[1:] if behind[number] - behind[best] <= _error(draws[number] - draws[best])
    ]
    winner = min([best, *near], key=lambda number: (learned[number], order.index(number)))
    return order, winner, near


def _error(draws: np.ndarray) -> float:
    """Return the standard error that draws show, NaN where none of them has a value."""
    known = draws[np.isfinite(draws)]
    return float(known.std()) if len(known) else math.nan


def _digits(score: float) -> str:
    return f"{score:.4g}" if abs(score) >= 1 else f"{score:.4f}"
