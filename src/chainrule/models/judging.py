"""What a trained network tells of a table: thresholds, how far it is off, and scores on rows that it never saw."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.models.base import Ready
from chainrule.models.conformal import coverage, distances
from chainrule.models.linear import fit_linear
from chainrule.models.prepared import Prepared
from chainrule.models.scores import Coverage, Scores
from chainrule.models.scoring import judge
from chainrule.models.weighing import weights_of, with_thresholds
from chainrule.train.network import Network


def settle(ready: Ready[Prepared], network: Network) -> Ready[Prepared]:
    """Make ready what a trained network tells: its thresholds, and how far it is off."""
    options: Any = ready.options
    data, held = ready.data, [arrays[:2] for arrays in (ready.validation, ready.test) if arrays is not None]
    seen = [(truth, network.predict(features)) for features, truth in held]
    said = seen[0] if ready.validation is not None else None
    target, how = with_thresholds(data.target, options.threshold, options.metric, said)
    measured = None
    if target.task == "regression" and seen:
        measured = distances(target, *(np.concatenate(parts) for parts in zip(*seen, strict=True)))
    return replace(ready, data=replace(data, target=target, settled=how, measured=measured))


def judged(ready: Ready[Prepared], network: Network, arrays: tuple[Any, ...]) -> Scores:
    """Return the scores of a network on rows that it never saw, beside those of a linear model of the same rows."""
    options: Any = ready.options
    data, target = ready.data, ready.data.target
    features, truth = arrays[:2]
    outputs = network.predict(features)
    beside = fit_linear(
        target, *ready.learn, weights_of(ready.class_weight, ready.learn[1]), options.time_budget
    )
    linear = None
    if beside is not None:
        held = ready.validation
        said = None if held is None else (held[1], beside.predict(held[0]))
        of_linear, _ = with_thresholds(target, options.threshold, options.metric, said)
        linear = of_linear, beside.predict(features)
    scores = judge(target, truth, outputs, linear=linear, metrics=options.metric, seed=options.seed)
    notes = (*scores.notes, data.settled) if data.settled else scores.notes
    covered: tuple[Coverage, ...] = ()
    if target.task == "regression" and ready.validation is not None and arrays is not ready.validation:
        known, true = ready.validation[0], ready.validation[1]
        covered = coverage(target, distances(target, true, network.predict(known)), truth, outputs)
    return replace(scores, notes=notes, coverage=covered)


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
