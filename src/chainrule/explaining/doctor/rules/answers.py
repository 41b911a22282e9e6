"""Targets that are nearly always the same, and networks that answer so."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import class_weight
from chainrule.explaining.doctor.rules.looking import Seen, seen
from chainrule.explaining.doctor.scoring import classes_of
from chainrule.explaining.doctor.suspicions import Suspicion

COUNTING = ("poisson",)  # losses of counts, which are 0 for many rows by nature
APART = 0.7  # chance that the rare class stands before another, so that it could be found
LOST, CLIPPED, ROUNDED = 0.95, 0.5, 0.6  # shares of the targets that are one number


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect targets without variety, and classes that are never answered."""
    if case.task == "numbers":
        yield from _numbers(case)
    else:
        yield from _single(case)
    if case.task == "classes":
        yield from _rare(case)


def _numbers(case: Case) -> Iterator[Suspicion]:
    y = np.asarray(case.targets, np.float64).reshape(case.rows, -1)
    if y.shape[1] > 1 and any(len(np.unique(column)) > 5 for column in y.T):
        y = y[:, np.ptp(y, axis=0) == 0]  # of several targets others tell, and a few may rarely differ
    for j in range(min(y.shape[1], 64)):
        values, counts = np.unique(y[:, j], return_counts=True)
        often = int(np.argmax(counts))
        share = counts[often] / case.rows
        rare = case.rows - int(counts[often])
        which = f"Target {j}" if y.shape[1] > 1 else "The target"
        told = f"{share:.0%} of the targets are {values[often]:.4g}"
        if len(values) == 1:
            reason, certain = "There is nothing to learn.", True
        elif case.rows < 20:
            continue
        elif share >= LOST and (rare < 3 or len(values) <= 4):
            reason, certain = f"The other {case.rows - counts[often]} rows are too few to learn from.", True
        elif case.loss in COUNTING or case.held > 0.7:
            continue
        elif share >= CLIPPED and often in (0, len(values) - 1) and _is_cut(y[:, j], values[often]):
            reason, certain = "Numbers beyond a limit were cut to it, it seems.", True
        elif share >= ROUNDED and len(values) <= 5 and _are_whole(values) and _is_rounded(often, values):
            reason, certain = (
                f"There are {len(values)} different numbers left: they were rounded, it seems.",
                True,
            )
        else:
            continue
        yield Suspicion(
            "target_degenerate",
            0.98 if share >= LOST else 0.9,
            f"{which} hardly varies: {told}. {reason} "
            "Look at how y was made: rounded, clipped or cast to whole numbers?",
            told,
            certain=certain,
            severity="critical" if share >= LOST else "warning",
        )
        return


def _is_rounded(often: int, values: np.ndarray) -> bool:
    """Say whether the most frequent number is no end, as it is of counts, or there are hardly others."""
    return 0 < often < len(values) - 1 or len(values) <= 3


def _is_cut(y: np.ndarray, limit: float) -> bool:
    """Say whether others lead up to a limit without a gap; where it is 0, they may be none by nature."""
    rest = np.sort(np.abs(y[y != limit] - limit))
    near = len(rest) > 3 and bool(rest[0] < 0.1 * np.median(rest)) and len(np.unique(rest)) > 0.5 * len(rest)
    return near and limit != 0


def _are_whole(values: np.ndarray) -> bool:
    return bool(np.all(values == np.round(values)))


def _single(case: Case) -> Iterator[Suspicion]:
    y = np.asarray(case.targets)
    if case.task == "labels":
        flat = np.asarray(y, np.float64).reshape(case.rows, -1)
        lost = [j for j in range(flat.shape[1]) if np.ptp(flat[:, j]) == 0]
        if len(lost) < flat.shape[1]:
            return
        told, few = "each label is the same in every row", 0
    else:
        labels = _labels(case)
        counts = np.sort(np.bincount(labels))[::-1]
        few = int(counts[1:].sum())
        cast = (
            case.ending in ("identity", "relu") and "crossentropy" not in case.loss and few < 0.1 * case.rows
        )
        if few and case.rows < 20:
            return
        if few > 2 and few > 0.004 * case.rows and not (cast and case.units == 1):
            return
        most = int(np.argmax(np.bincount(labels)))
        told = f"{'all' if not few else 'all but ' + str(few)} of {case.rows:,} rows are of class {most}"
    yield Suspicion(
        "target_degenerate",
        0.98,
        f"The targets hardly vary: {told}. There is nothing to learn; look at how y was made.",
        told,
        certain=True,
    )


def _labels(case: Case) -> np.ndarray:
    """Return the class of each row, from 0."""
    y = np.asarray(case.targets)
    said = np.zeros((1, case.units))
    return classes_of(y, np.broadcast_to(said, (len(y), case.units)))[0].reshape(-1)


def _rare(case: Case) -> Iterator[Suspicion]:
    if case.job.class_weight is not None or case.job.sample_weight is not None:
        return
    labels = _labels(case)
    if len(labels) != case.rows:
        return
    counts = np.bincount(labels, minlength=2)
    there = np.flatnonzero(counts)
    if len(there) < 2:
        return
    rare = int(there[np.argmin(counts[there])])
    share = counts[rare] / case.rows
    if share > 0.4 / len(there):
        return
    found, wanted = 0, 0
    for outcome, split in zip(case.outcomes, case.splits, strict=True):
        if outcome.failed or not len(outcome.said):
            continue
        truth, chances = classes_of(case.targets[split.choosing], outcome.said)
        answered = chances.argmax(axis=1) == rare
        found += int(np.sum(answered & (truth == rare)))
        wanted += int(np.sum(truth == rare))
    if not wanted or found > 0.6 * wanted:
        return
    apart = separated(seen(case), labels == rare)
    told = f"class {rare} has {counts[rare]} of {case.rows:,} rows ({share:.1%})"
    never = found < 0.35 * wanted
    for last in (False, True) if never and apart > APART else (False,):
        yield Suspicion(
            "class_imbalance",
            0.9 if never else 0.7,
            f"Your classes are out of balance: {told}, and the network finds {found} of the {wanted} that were held "
            "back: to answer with the frequent class costs it little.",
            f"{told}; {found} of {wanted} held-back rows of it found",
            class_weight(),
            severity="warning",
            last=last,
        )


def separated(look: Seen, of: np.ndarray) -> float:
    """Return how surely plain learners put a row of a class before one of another: 0.5 for chance, 1 for always."""
    truth = of[look.probe.rows]
    said = look.probe.said
    if not said.size or truth.all() or not truth.any():
        return 0.5
    which = int(np.argmax([abs(np.cov(column, truth)[0, 1]) for column in look.wanted.T]))
    column = said[:, which]
    if np.cov(look.wanted[:, which], truth)[0, 1] < 0:
        column = -column
    yes, no = column[truth], column[~truth]
    before = (yes[:, None] > no).mean() + 0.5 * (yes[:, None] == no).mean()
    return float(before)
