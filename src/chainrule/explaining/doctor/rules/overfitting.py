"""What was learned by heart: all of the own rows, and little that holds for others."""

from collections.abc import Iterator

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import epochs_of
from chainrule.explaining.doctor.course import costs_of, epochs_done
from chainrule.explaining.doctor.loosening import penalised
from chainrule.explaining.doctor.scoring import score
from chainrule.explaining.doctor.suspicions import Suspicion

BY_HEART = 0.8  # skill on the own rows
GAP, CHASM = 0.12, 0.5  # how far that on others lies below, and very far
RISEN, APART = (
    2.0,
    0.2,
)  # by which the cost of others rose since it was lowest, with what is told of both so far apart
LUCK = 3.0  # deviations
SURE = 0.75  # where nothing mends it: more than that the inputs say nothing, which is refuted here
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
    weight = float(np.interp(own - other, [0.12, 0.2, 0.5], [0.2, 0.38, 0.55]))
    for price in PRICES:
        yield Suspicion("overfitting", weight, finding, evidence, penalised(price))
    if best and best < 0.7 * done:
        yield Suspicion("overfitting", weight, finding, evidence, epochs_of(best))
    far = own - other > APART and (learned - held > CHASM or risen(case) > RISEN)
    if far and says_something(case):
        yield Suspicion(
            "overfitting", SURE, f"{finding} More rows are needed.", evidence, severity="warning", last=True
        )


def says_something(case: Case) -> bool:
    """Say whether what is said of unseen rows is better than a guess, beyond luck."""
    scores = np.array([o.choosing.value for o in case.outcomes])
    guesses = np.array([guessed(case, s.choosing) for s in case.splits])
    gains = scores - guesses
    if len(gains) > 1 and gains.mean() > LUCK * max(gains.std(ddof=1) / np.sqrt(len(gains)), 0.02):
        return True
    if case.validation is None or case.task == "numbers":
        return False
    try:
        said = case.trained.predict(case.given(tables=case.validation[0]))
    except ChainruleError:
        return False
    found = score(case.task, case.validation[1], np.asarray(said))
    even = share_of_most(case.validation[1])
    return found.value - even > LUCK * np.sqrt(even * (1 - even) / len(case.validation[1]))


def guessed(case: Case, rows: np.ndarray) -> float:
    """Return what the best guess that needs no inputs gets of rows."""
    return 0.0 if case.task == "numbers" else share_of_most(case.targets[rows])


def share_of_most(y: np.ndarray) -> float:
    """Return the share of the most frequent kind of target."""
    _, counts = np.unique(np.asarray(y).reshape(len(y), -1), axis=0, return_counts=True)
    return float(counts.max() / counts.sum())


def risen(case: Case) -> float:
    """Return how many times its lowest the cost of rows held back is in the end; 1 where it is unknown."""
    curves = [costs_of(o, "val_cost") for o in case.outcomes]
    found = [float(c[-1] / c.min()) for c in curves if len(c) and np.isfinite(c).all() and c.min() > 0]
    return float(np.median(found)) if found else 1.0


def best_epoch(case: Case) -> int:
    """Return after how many epochs the cost of rows held back is lowest, of all seeds together; 0 for unknown."""
    curves = [costs_of(o, "val_cost") for o in case.outcomes]
    shortest = min(map(len, curves), default=0)
    if not shortest:
        return 0
    mean = np.mean([c[:shortest] / max(c[0], 1e-12) for c in curves], axis=0)
    return int(np.nanargmin(mean)) + 1 if np.isfinite(mean).any() else 0
