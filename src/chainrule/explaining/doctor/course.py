"""The course of a training: how its cost fell, how its rate went."""

import dataclasses
from typing import Any

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import rate_of
from chainrule.train.schedules import Constant, ReduceOnPlateau, Schedule, schedule

ENOUGH = 0.97  # of what can be learned: nothing need go on that reaches it on rows of its own


def cost_falls(case: Case) -> float:
    """Return by which share of its beginning the cost fell in the training, done again."""
    shares = []
    for outcome in case.outcomes:
        costs = costs_of(outcome)
        if len(costs) and np.isfinite(costs).all() and costs[0]:
            shares.append((costs[0] - costs[-max(1, len(costs) // 5) :].mean()) / abs(costs[0]))
    return float(np.mean(shares)) if shares else 0.0


def costs_of(outcome: Any, name: str = "cost") -> np.ndarray:
    """Return the cost of each epoch; none where it could not be trained, or was not recorded."""
    history = outcome.history
    return np.array(history[name] if history is not None and name in history else [], np.float64)


def epochs_done(case: Case) -> int:
    """Return how many epochs the training lasts, done again."""
    return int(np.median([len(costs_of(o)) for o in case.outcomes]))


def scheduled_peak(case: Case) -> float:
    """Return the rate that a schedule is of: where it would get in the end, or the highest; 0 without a schedule."""
    given = getattr(case.job.optimizer, "learning_rate", None)
    if not isinstance(given, Schedule) or isinstance(given, Constant):
        return 0.0
    return max(rate_of(case), _inner(given))


def _inner(plan: Any) -> float:
    """Return the highest rate that is written in a schedule."""
    if not dataclasses.is_dataclass(plan):
        return float(plan) if isinstance(plan, int | float) else 0.0
    named = [
        getattr(plan, f.name) for f in dataclasses.fields(plan) if f.name in ("rate", "peak", "schedule")
    ]
    return max(map(_inner, named), default=0.0)


def planned_rates(case: Case) -> np.ndarray:
    """Return the learning rates of the training, evenly over its steps; none where the optimizer has none."""
    given = getattr(case.job.optimizer, "learning_rate", None)
    if given is None:
        return np.zeros(0)
    plan = schedule(given)
    if isinstance(plan, ReduceOnPlateau):
        seen = [o.history.learning_rates for o in case.outcomes if o.history is not None]
        return np.array(min(seen, key=np.mean), np.float64) if seen and len(seen[0]) else np.zeros(0)
    total = float(max(1, case.steps * case.job.epochs))
    with np.errstate(all="ignore"):
        found = [float(plan.at(t, total, float(case.steps))) for t in np.linspace(0, total - 1, 200).round()]
    return np.array(found)
