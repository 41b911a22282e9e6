"""What was learned by heart: all of the own rows, and little that holds for others."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import epochs_of
from chainrule.explaining.doctor.course import costs_of, epochs_done
from chainrule.explaining.doctor.loosening import penalised
from chainrule.explaining.doctor.suspicions import Suspicion

BY_HEART, GAP = 0.8, 0.12  # skill on the own rows; how far others lie below
PRICES = (0.01, 0.1, 0.5)


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect a network that knows its own rows far better than others."""
    learned, held = case.learned, case.held
    if learned < BY_HEART or learned - held < GAP:
        return
    own = np.mean([o.learning.value for o in case.outcomes])
    other = np.mean([o.choosing.value for o in case.outcomes])
    kind = case.outcomes[0].choosing.metric
    best, done = best_epoch(case), epochs_done(case)
    numbers = sum(np.size(w) for w in case.trained.parameters.values())
    finding = (
        f"The network learns its rows by heart: it has {numbers:,} numbers for {case.rows:,} rows, and {kind} "
        + (
            f"{own:.2f} on those, {other:.2f} on others."
            if kind == "R²"
            else f"{own:.0%} on those, {other:.0%} on others."
        )
    )
    if best and best < 0.7 * done:
        finding += f" The cost of rows held back was lowest after {best} of {done} epochs."
    evidence = f"{kind} {own:.2f} on its own rows, {other:.2f} on others"
    for price in PRICES:
        yield Suspicion("overfitting", 0.55, finding, evidence, penalised(price))
    if best and best < 0.7 * done:
        yield Suspicion("overfitting", 0.55, finding, evidence, epochs_of(best))


def best_epoch(case: Case) -> int:
    """Return after how many epochs the cost of rows held back is lowest, of all seeds together; 0 for unknown."""
    curves = [costs_of(o, "val_cost") for o in case.outcomes]
    shortest = min(map(len, curves), default=0)
    if not shortest:
        return 0
    mean = np.mean([c[:shortest] / max(c[0], 1e-12) for c in curves], axis=0)
    return int(np.nanargmin(mean)) + 1 if np.isfinite(mean).any() else 0
