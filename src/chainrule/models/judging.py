"""What a trained network tells of a table: thresholds, how far it is off, and scores on rows that it never saw."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chainrule.models.base import Ready
from chainrule.models.conformal import coverage, coverage_by_halves, distances
from chainrule.models.linear import crossed, fit_linear
from chainrule.models.prepared import Prepared
from chainrule.models.recipe import row_losses
from chainrule.models.scores import Coverage, Scores
from chainrule.models.scoring import judge
from chainrule.models.weighing import about_another, weights_of, with_thresholds
from chainrule.train.network import Network

ENOUGH = 100  # rows of a test, which tell alone how far several networks together are off


def settle(ready: Ready[Prepared], network: Network) -> Ready[Prepared]:
    """Make ready what a trained network tells: its thresholds, and how far it is off."""
    options: Any = ready.options
    data, unseen = ready.data, ready.unseen
    if unseen is None and ready.validation is not None:
        unseen = ready.validation[1], network.predict(ready.validation[0])
    seen, said = [] if unseen is None else [unseen], None
    if ready.test is not None:
        said = network.predict(ready.test[0])
        tested = ready.test[1], said
        seen = [tested] if tells_alone(ready) else [*seen, tested]
    target, how = with_thresholds(data.target, options.threshold, options.metric, unseen, _from(ready))
    if unseen is not None:
        how = how or about_another(target, unseen, _from(ready))
    measured = None
    if target.task == "regression" and seen:
        measured = distances(target, *(np.concatenate(parts) for parts in zip(*seen, strict=True)))
    data = replace(data, target=target, settled=how, measured=measured)
    return replace(ready, data=data, unseen=unseen, tested=said)


def tells_alone(ready: Ready[Prepared]) -> bool:
    """Say whether the test alone tells how far off several networks are: each by itself is further off."""
    return bool(ready.data.folds) and ready.test is not None and len(ready.test[1]) >= ENOUGH


def _from(ready: Ready[Prepared]) -> str:
    """Return what the rows did that the network did not learn from."""
    return "said when to stop" if ready.validation is not None else "had not been seen"


def judged(ready: Ready[Prepared], network: Network, arrays: tuple[Any, ...]) -> Scores:
    """Return the scores of a network on rows that it never saw, beside those of a linear model of the same rows."""
    options: Any = ready.options
    data, target = ready.data, ready.data.target
    features, truth = arrays[:2]
    known = ready.tested if arrays is ready.test else None
    outputs = network.predict(features) if known is None else known
    beside = fit_linear(target, *ready.learn, weights_of(ready.class_weight, ready.learn[1]))
    linear = None
    if beside is not None:
        held = ready.validation
        said = None if held is None else (held[1], beside.predict(held[0]))
        if held is None and options.threshold == "best" and data.folds:
            said = _by_linear(ready)
        of_linear, _ = with_thresholds(target, options.threshold, options.metric, said)
        linear = of_linear, beside.predict(features)
    scores = judge(target, truth, outputs, linear=linear, metrics=options.metric, seed=options.seed)
    notes = (*scores.notes, data.settled) if data.settled else scores.notes
    covered: tuple[Coverage, ...] = ()
    if target.task == "regression" and arrays is ready.test and tells_alone(ready):
        covered = coverage_by_halves(target, truth, outputs)
    elif target.task == "regression" and ready.unseen is not None and arrays is not ready.validation:
        covered = coverage(target, distances(target, *ready.unseen), truth, outputs)
    return replace(scores, notes=notes, coverage=covered)


def _by_linear(ready: Ready[Prepared]) -> tuple[np.ndarray, np.ndarray]:
    """Return targets, and what linear models say of them that did not learn from them."""
    (X, y), target = ready.learn, ready.data.target
    weight, task = weights_of(ready.class_weight, y), target.task
    outputs = crossed(target, X, y, weight, ready.data.folds, [1.0], partial(row_losses, task, y)).outputs
    known = np.isfinite(outputs).all(axis=1)
    return y[known], outputs[known]


def fastest(do: Callable[[], Any], times: int = 3) -> float:
    """Return how many seconds something takes, the least of a few times.

    >>> 0 < fastest(lambda: sum(range(100))) < 1
    True
    """
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return min(taken)
