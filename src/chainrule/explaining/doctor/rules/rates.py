"""The learning rate: steps that overshoot, steps that lead nowhere, and schedules that take it away."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import constant_rate, rate_of, rate_times
from chainrule.explaining.doctor.course import ENOUGH, cost_falls, planned_rates, scheduled_peak
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.train.optimizers import SGD, Adagrad, Optimizer

USUAL = (1e-3, 1e-2)  # what optimizers take that divide by the size of the gradient
USUAL_PLAIN = (1e-2, 0.3)  # and those that do not
NEAR = (0.1, 0.3, 3.0, 10.0)  # of the rate that there is
BEYOND = 3.0  # times less, or more, than what is usual
ALIKE = 0.35  # decades: rates that are closer do alike
LEARNED, APART = 0.8, 0.25  # skill on the own rows; how far that on others lies below
REST = 0.1  # of the highest rate: below it little is learned


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect a rate that is not what its optimizer usually takes, and others where little is learned."""
    rate = rate_of(case)
    if not rate or not case.job.optimizer.by_steps:
        return
    yield from _scheduled(case)
    low, high = usual(case.job.optimizer)
    died = sum(o.failed for o in case.outcomes)
    falls = cost_falls(case)
    above = max(0.0, np.log10(rate / high))
    below = max(0.0, np.log10(low / rate))
    evidence = f"rate {rate:g}; the cost fell by {falls:.0%} of its beginning"
    by_heart = case.learned > LEARNED and case.learned - case.held > APART and not died
    if (
        case.learned < ENOUGH and not by_heart
    ) or above:  # what overshoots does not learn its own rows either
        why = (
            "the cost became NaN or infinite."
            if died
            else "the steps overshoot, and the cost settles far above what it could be."
        )
        for new in other_rates(rate, low, high):
            if new < rate:
                yield Suspicion(
                    "learning_rate_too_high",
                    min(0.75, 0.45 + 0.1 * above + 0.05 * bool(died)),
                    f"The learning rate {rate:g} is too high: {why}",
                    evidence,
                    rate_times(case, new / rate),
                )
    if died or case.learned > ENOUGH:
        return
    steps = case.job.epochs * case.steps
    for new in other_rates(rate, low, high):
        if new > rate:
            yield Suspicion(
                "learning_rate_too_low",
                min(0.75, 0.4 + 0.1 * below),
                f"The learning rate {rate:g} is too low: in {steps:,} steps the cost fell by {falls:.0%}.",
                f"{evidence} in {steps:,} steps",
                rate_times(case, new / rate),
            )


def other_rates(rate: float, low: float, high: float) -> list[float]:
    """Return rates to try: near the one that there is, and from end to end of what is usual, and a little beyond."""
    near = [rate * factor for factor in NEAR]
    usual = [float(r) for r in np.geomspace(low / BEYOND, high * BEYOND, 6)]
    found: list[float] = []
    for new in sorted([*near, *usual]):
        apart = min((abs(np.log10(new / other)) for other in [rate, *found]), default=1.0)
        if apart > ALIKE and low / BEYOND**2 <= new <= high * BEYOND**2:
            found.append(new)
    return found


def usual(optimizer: Optimizer) -> tuple[float, float]:
    """Return from which rate to which an optimizer usually learns; with momentum its steps add up."""
    if isinstance(optimizer, SGD):
        heaped = 1.0 if optimizer.averaged else 1 - min(optimizer.momentum, 0.9)
        return USUAL_PLAIN[0] * heaped, USUAL_PLAIN[1] * heaped
    return USUAL_PLAIN if isinstance(optimizer, Adagrad) else USUAL


def _scheduled(case: Case) -> Iterator[Suspicion]:
    rates = planned_rates(case)
    peak = scheduled_peak(case)
    if not len(rates) or not peak or rates.min() > 0.5 * peak:
        return
    lasting = float(np.mean(rates >= REST * peak))
    rises = rates[-1] >= rates[0]
    what = (
        f"never gets up: it ends at {rates.max():.2g} of {peak:.2g}"
        if rises
        else f"is taken to {rates[-1]:.2g} by the end"
    )
    for share in (1.0, 0.3):
        yield Suspicion(
            "learning_rate_schedule",
            0.85 if lasting < 0.35 else 0.6 if lasting < 0.6 else 0.45,
            f"The schedule takes the learning rate away: it {what}, and only {lasting:.0%} of the steps have a "
            f"tenth of {peak:.2g} or more.",
            f"{lasting:.0%} of the steps have a tenth of the highest rate or more",
            constant_rate(case, share * peak),
        )
