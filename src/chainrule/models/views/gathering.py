"""All that the report of a training shows, as one document: each part by itself, so that none that fails costs another.

It is about rows that the network which was judged did not learn from, and within a budget of work, with the clock as a
guard: the same training gives the same document, unless the machine is slow.
"""

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule import __version__ as VERSION
from chainrule.data.cells import text_of
from chainrule.data.target import describe_target
from chainrule.errors import DataError
from chainrule.models.base import FLATTER, Trained, adam, best_epochs
from chainrule.models.doctored import section
from chainrule.models.judgements import Court, Judged, courts_of
from chainrule.models.pictured import OF_CHANCES
from chainrule.models.prepared import Prepared, Sorted
from chainrule.models.suited import falling
from chainrule.models.views.calibrating import calibration_of
from chainrule.models.views.mattering import importance_of
from chainrule.models.views.one_row import explained
from chainrule.models.views.profile import profile
from chainrule.models.views.reduced import plain, short_cell, small
from chainrule.models.views.slices import slices_of
from chainrule.models.views.wrong import in_words, named, said_of, truth_of, wrong_of
from chainrule.nn.summary import in_bytes
from chainrule.shown import counted
from chainrule.train.network import Network

FORMAT = 1
LEAST_SECONDS = 2.0  # that all of a report may take, if the training took less
SHARE, LAST = 0.4, 0.5  # of these for what is here, and for the last of it; the doctor has the rest
# products of a number and a weight for importance: a few tenths of a second, and one second
WORK, MOST_WORK = 4e9, 2e10
OF_TRAINING = 0.05  # of the products of a training
WRONG, COLUMNS, IMPORTANT = 20, 8, 30  # rows, columns of each, and columns that matter which are told


@dataclass
class Budget:
    """How much time there is for a report.

    Attributes:
        seconds: As long as the training took, at least two.
        asked: Says whether somebody asked for the end meanwhile.
        began: When it was begun, by the clock of the process.
    """

    seconds: float
    asked: Callable[[], bool] = lambda: False
    began: float = field(default_factory=time.perf_counter)

    def left(self, share: float = SHARE) -> float:
        """Return how many seconds are left of a share of it."""
        return 0.0 if self.asked() else share * self.seconds - (time.perf_counter() - self.began)

    def over(self, share: float = SHARE) -> bool:
        """Say whether a share of it is used up, or the end was asked for."""
        return self.left(share) <= 0


def budget_for(seconds: float, asked: Callable[[], bool] = lambda: False) -> Budget:
    """Return the budget of a training that took so long.

    >>> budget_for(0.1).seconds, budget_for(60.0).seconds
    (2.0, 60.0)
    """
    return Budget(max(seconds, LEAST_SECONDS), asked)


def views_of(
    model: Any, trained: Trained[Prepared], whole: Sorted, data: str, budget: Budget
) -> dict[str, Any]:
    """Return what the report of a training shows, as data that JSON can hold.

    Args:
        model: What was trained.
        trained: How.
        whole: On which table.
        data: The file or the sample it was of; "" for a table in memory.
        budget: How much time there is; what there is none for is left out, and a remark says so.
    """
    views: dict[str, Any] = {"format": FORMAT}
    remarks: list[str] = []
    courts, about = courts_of(whole, trained)
    networks = [model.network, *(court.network for court in courts)]
    with _without_compiling(networks):
        for name, part in _parts(model, trained, whole, data, budget, courts, about, views):
            if name in SLOW and budget.over(UNTIL.get(name, SHARE)):
                remarks.append(f"There was no time for {SLOW[name]}.")
                continue
            try:
                found = part()
            except Exception as error:
                says = str(error).partition("\n")[0] or type(error).__name__
                remarks.append(f"{name} could not be computed: {short_cell(says)}")
                continue
            if found is not None:
                views[name] = plain(found)
    return {**views, "remarks": remarks}


SLOW = {
    "importance": "what matters",
    "slices": "where it is worse than elsewhere",
    "explained": "a row explained",
    "doctor": "the doctor",
}
UNTIL = {
    "importance": LAST,
    "doctor": 2.0,
}  # which share of the time may be gone where a part begins: on a busy machine more


def _parts(
    model: Any, trained: Trained[Prepared], whole: Sorted, data: str, budget: Budget, courts: Sequence[Court],
    about: str, views: dict[str, Any],
) -> Iterator[tuple[str, Callable[[], Any]]]:  # fmt: skip
    """Yield each part by name, and what computes it; those that others need are the first."""
    seen: Judged | None = model.judged
    options: Any = trained.options
    yield "made", lambda: time.strftime("%Y-%m-%d")
    yield (
        "versions",
        lambda: {"chainrule": VERSION, "python": platform.python_version(), "numpy": np.__version__},
    )
    yield "best_epoch", lambda: best_epochs(trained.history)
    yield "data", lambda: {
        "name": data, "rows": len(whole.frame), "columns": len(whole.frame.columns),
    }  # fmt: skip
    target = model.target
    yield "target", lambda: {
        "columns": list(target.columns), "task": target.task, "classes": [str(each) for each in target.classes],
        "says": describe_target(target),
    }  # fmt: skip
    yield "network", lambda: {"says": [_size(model.network)]}
    if seen is not None:
        kind = "validation" if about == FLATTER else "test" if trained.ready.test is not None else "folds"
        yield "rows", lambda: {"kind": kind, "count": len(seen.truth), "says": about}
        yield "calibration", lambda: _calibration(model, seen)
        yield "slices", lambda: _slices(model, seen, options)
    yield "pictures", lambda: _pictures(model, seen)
    yield "columns", lambda: _columns(model, whole, options, views)
    if (
        seen is not None
    ):  # what matters takes the rest of the time, and the wrong rows show what matters first
        yield "explained", lambda: _explained(model, courts, seen, options, budget)
        yield "importance", lambda: _importance(courts, options, trained, budget)
        yield "wrong", lambda: _wrong(model, seen, views)
    if options.doctor:
        yield "doctor", lambda: section(whole, trained.ready, (1 - LAST) * budget.seconds)


@contextmanager
def _without_compiling(networks: Sequence[Network]) -> Iterator[None]:
    """Let networks compute by NumPy meanwhile: to compile what is asked once takes longer than to do it."""
    before = [network.engine for network in networks]
    try:
        for network in networks:
            network.engine = "numpy"
        yield
    finally:
        for network, engine in zip(reversed(networks), reversed(before), strict=True):
            network.engine = engine


def _size(network: Network) -> str:
    arrays = network.parameters.values()
    numbers = sum(array.size for array in arrays)
    return f"It keeps {numbers:,} numbers, {in_bytes(sum(array.nbytes for array in arrays))}."


def _calibration(model: Any, seen: Judged) -> dict[str, Any] | None:
    found = calibration_of(model.target, seen)
    return None if found is None else {"verdict": found.verdict, "says": found.says}


def _importance(
    courts: Sequence[Court], options: Any, trained: Trained[Prepared], budget: Budget
) -> dict[str, Any]:
    found, says = importance_of(
        courts, options.metric, _work(trained), options.seed, lambda: budget.left(LAST)
    )
    rows = [
        {"name": name, "mean": mean, "low": mean - std, "high": mean + std}
        for name, mean, std in found.rows[:IMPORTANT]
    ]
    if len(found.rows) > IMPORTANT:
        says.append(f"The first {IMPORTANT} of {counted(len(found.rows), 'column')} are told.")
    return {"says": says, "metric": found.metric, "columns": rows}


def _work(trained: Trained[Prepared]) -> float:
    """Return for how many products of a number and a weight there is time: a share of those of the training."""
    weights = sum(array.size for array in trained.judged.parameters.values())
    epochs = sum(history.epochs for history in trained.histories.values())
    several = max(1, len(trained.ready.data.folds))  # each of them has a part of the weights
    learned = 3.0 * weights / several * len(trained.ready.learn[0]) * epochs
    return min(max(OF_TRAINING * learned, WORK), MOST_WORK)


def _wrong(model: Any, seen: Judged, views: dict[str, Any]) -> dict[str, Any]:
    """Return the rows that are most wrong, with the columns that matter most."""
    target, frame = model.target, seen.rows
    found = wrong_of(target, seen, WRONG)
    inputs = [column.name for column in model.columns.columns]
    first = [each["name"] for each in views.get("importance", {}).get("columns", ())]
    names = list(dict.fromkeys([*(name for name in first if name in inputs), *inputs]))[:COLUMNS]
    part = frame.iloc[found.at]
    said, true = _said(target, seen, found.at), _true(target, part, seen, found.at)
    cells = [[short_cell("" if cell is None else cell) for cell in row] for row in _cells(part, names)]
    rows = [
        {
            "row": label if isinstance(label, int) else short_cell(label), "cells": cells[i],
            "true": short_cell(true[i]), "said": short_cell(said[i]),
            "sure": None if found.sure is None else float(found.sure[i]),
            "off": float(found.off[i, 0]) if found.off is not None and found.off.shape[1] == 1 else None,
        }
        for i, label in enumerate(named(part))
    ]  # fmt: skip
    return {
        "says": [_how_many(target, found.count, len(seen.truth), len(rows))],
        "columns": names,
        "rows": rows,
    }


def _how_many(target: Any, wrong: int, rows: int, shown: int) -> str:
    if target.task == "regression":
        return f"The {shown} of {counted(rows, 'row')} that are furthest off, the furthest first."
    if not wrong:
        return f"None of {counted(rows, 'row')} is said wrongly."
    first = f"; the {shown} that are most wrong come first" if wrong > shown else ", the most wrong first"
    return f"{wrong:,} of {counted(rows, 'row')} {'is' if wrong == 1 else 'are'} said wrongly{first}."


def _cells(part: Any, names: Sequence[str]) -> list[list[str | None]]:
    columns = [
        [None if cell is None or cell != cell else text_of(cell) for cell in part[name]] for name in names
    ]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(len(part))]


def _said(target: Any, seen: Judged, at: np.ndarray) -> list[str]:
    return [in_words(target, row) for row in said_of(target, seen, at).to_numpy(object)]


def _true(target: Any, part: Any, seen: Judged, at: np.ndarray) -> list[str]:
    if target.task == "regression":
        return [in_words(target, row) for row in np.asarray(seen.truth)[at]]
    texts = [truth_of(target, part[name]) for name in target.columns]
    return [in_words(target, row) for row in zip(*texts, strict=True)]


def _slices(model: Any, seen: Judged, options: Any) -> dict[str, Any]:
    found = slices_of(model, seen, seed=options.seed).to_dict()
    shown = [
        {
            **each,
            "column": short_cell(each["column"]),
            "where": short_cell(each["where"]),
            "also": [short_cell(x) for x in each["also"]],
        }
        for each in found["found"]
    ]
    return {"says": found["says"], "metric": found["metric"], "overall": found["overall"], "found": shown}


def _pictures(model: Any, seen: Judged | None) -> dict[str, Any]:
    """Return how good it is on the rows that judged it, and the network, as pictures."""
    target = model.target
    kinds: tuple[str, ...] = ()
    if seen is not None:
        numbers = target.task == "regression"
        kinds = ("predicted_against_true", "residuals") if numbers else ("confusion", *OF_CHANCES)
        if target.task == "multiclass":  # the most probable one is said, whatever the threshold
            kinds = tuple(kind for kind in kinds if kind != "thresholds")
    found = {}
    for kind in kinds:
        with suppress(DataError):  # of one class alone there is no curve
            found[kind] = small(model.plot(kind))
    return {**found, "network": small(model.draw())}


def _columns(model: Any, whole: Sorted, options: Any, views: dict[str, Any]) -> list[dict[str, Any]]:
    found = profile(model.columns, model.target, whole.frame, options.seed)
    if found["more_columns"]:
        views["more_columns"] = found["more_columns"]
    for column in found["columns"]:
        column["common"] = column["common"] and [
            [short_cell(text), count] for text, count in column["common"]
        ]
    return list(found["columns"])


def _explained(
    model: Any, courts: Sequence[Court], seen: Judged, options: Any, budget: Budget
) -> dict[str, Any]:
    """Return why the row that is most wrong is said as it is, by the network that it judged."""
    worst = wrong_of(model.target, seen, 1).at
    at = int(worst[0]) if len(worst) else 0
    for court in courts:
        if at < len(court.truth):
            break
        at -= len(court.truth)
    known = court.ready.data
    judge = replace(model, network=court.network, columns=known.columns, target=known.target)
    rule = falling(options) if options.recipe else adam(options)
    place = None
    if len(known.target.columns) > 1:  # that which is the furthest off
        off = np.abs(court.said[at] - np.asarray(court.truth)[at])
        place = int(off.argmax())
    return explained(judge, court.frame.iloc[[at]], place, rule, budget.over)
