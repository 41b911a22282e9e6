"""The learning rate: steps that overshoot, steps that lead nowhere."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import rate_of, rate_times
from chainrule.explaining.doctor.suspicions import Suspicion

ENOUGH = 0.97  # of what can be learned: a training that reaches it on its own rows needs no other rate


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect the rate where the training, done again, does not learn its own rows."""
    rate = rate_of(case)
    if not rate or not case.job.optimizer.by_steps or case.held > ENOUGH:
        return
    died = sum(o.failed for o in case.outcomes)
    falls = cost_falls(case)
    if case.learned < ENOUGH or died:
        for factor in (0.1, 0.01, 0.001):
            yield Suspicion(
                "learning_rate_too_high",
                0.6 if died or falls < 0 else 0.4,
                f"The learning rate {rate:g} is too high: "
                + (
                    "the cost became NaN or infinite."
                    if died
                    else "the steps overshoot, and the cost settles far above what it could be."
                ),
                f"rate {rate:g}, the cost fell by {falls:.0%} of its beginning",
                rate_times(case, factor),
            )
    if not died and case.learned < ENOUGH:
        for factor in (10, 100, 1000):
            yield Suspicion(
                "learning_rate_too_low",
                0.6 if falls < 0.1 else 0.4,
                f"The learning rate {rate:g} is too low: in {case.job.epochs * case.steps:,} steps the cost fell by "
                f"{falls:.0%}.",
                f"rate {rate:g}, the cost fell by {falls:.0%} of its beginning",
                rate_times(case, factor),
            )


def cost_falls(case: Case) -> float:
    """Return by which share of its beginning the cost fell in the training, done again."""
    shares = []
    for outcome in case.outcomes:
        costs = np.array(outcome.history["cost"] if outcome.history is not None else [], np.float64)
        if len(costs) and np.isfinite(costs).all() and costs[0]:
            shares.append((costs[0] - costs[-max(1, len(costs) // 5) :].mean()) / abs(costs[0]))
    return float(np.mean(shares)) if shares else 0.0
