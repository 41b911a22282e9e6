"""How long was learned: too briefly, or by heart."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, epochs_of
from chainrule.explaining.doctor.course import ENOUGH, costs_of, epochs_done
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.train.callbacks import EarlyStopping

MOST_STEPS = 30_000  # that a longer training may have


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect a training whose cost could fall further."""
    if not case.job.optimizer.by_steps or case.learned > ENOUGH or any(o.failed for o in case.outcomes):
        return
    done = epochs_done(case)
    if not done:
        return
    still = last_fall(case)
    asked = case.job.epochs
    finding = f"Training ended after {done:,} epoch{'s' * (done > 1)}"
    falling = f", while the cost still fell by {still:.0%} of its fall in the last fifth" if done >= 5 else ""
    weight = float(np.interp(np.log10(done), [0, 1, 2], [0.72, 0.55, 0.35]))
    if case.job.stopping is not None and done < 0.9 * asked:
        patience = max(20, 5 * case.job.stopping.patience)
        yield Suspicion(
            "too_few_epochs",
            0.75,
            f"{finding} of {asked:,}: EarlyStopping with patience {case.job.stopping.patience} gave up too early.",
            f"{done} of {asked} epochs",
            Change(
                f"callbacks=[cr.EarlyStopping({patience})]",
                f"With a patience of {patience} epochs",
                lambda case: case.but(stopping=EarlyStopping(patience)),
            ),
        )
        return
    if case.job.tol is not None and done < 0.9 * asked:
        yield Suspicion(
            "too_few_epochs",
            0.75,
            f"{finding} of {asked:,}: tol={case.job.tol:g} ended it, though there was more to learn.",
            f"{done} of {asked} epochs",
            Change("tol=None", "Without tol", lambda case: case.but(tol=None)),
        )
        return
    for factor in (3, 10, 30, 100):
        epochs = asked * factor
        if epochs * case.steps > max(MOST_STEPS, 3 * asked * case.steps) or epochs > 3000:
            break
        yield Suspicion(
            "too_few_epochs", weight, f"{finding}{falling}.", f"{done} epochs{falling}", epochs_of(epochs)
        )


def last_fall(case: Case) -> float:
    """Return which share of the fall of the cost lies in the last fifth of the epochs."""
    shares = []
    for outcome in case.outcomes:
        costs = costs_of(outcome)
        if len(costs) < 5:
            continue
        last = max(1, len(costs) // 5)
        whole = costs[0] - costs[-last:].min()
        if whole > 0:
            shares.append(max(0.0, (costs[-last - 1] - costs[-1]) / whole))
    return float(np.mean(shares)) if shares else 1.0
