"""Changes, tried: a few seeds beside the training as it is, those that promise most go on with more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change
from chainrule.explaining.doctor.training import Outcome
from chainrule.explaining.doctor.verdict import Trial

PROMISING = 6  # changes that are tried with all seeds


@dataclass(frozen=True, eq=False)
class Tried:
    """A change, tried.

    Attributes:
        change: The change.
        case: The case that it makes.
        outcomes: One for each seed that was tried.
        trial: What is told of it.
    """

    change: Change
    case: Case
    outcomes: list[Outcome]
    trial: Trial


def tried(case: Case, changes: Sequence[Change]) -> dict[str, Tried]:
    """Return what came of changes, by what they write.

    Args:
        case: The training as it is.
        changes: Those that promise most first.
    """
    made: list[tuple[Change, Case, list[Outcome]]] = []
    seen: set[str] = set()
    for change in changes:
        if change.write in seen:
            continue
        seen.add(change.write)
        try:
            changed = change.make(case)
            made.append((change, changed, changed.train([0])))
        except ChainruleError:  # it cannot be made of this network
            continue
    made.sort(key=lambda each: -round(each[2][0].choosing.skill, 1))
    found = {}
    for number, (change, changed, first) in enumerate(made):
        every = first
        if number < PROMISING and len(case.splits) > 1:
            every = first + changed.train(range(1, len(case.splits)))
        before = as_trained(case) if change.against_trained else case.outcomes
        if before:
            trial = compared(before, every, change.against_trained)
            found[change.write] = Tried(change, changed, every, trial)
    return found


def as_trained(case: Case) -> list[Outcome]:
    """Return the trained network as an outcome of each split; it has seen the rows that judge, which flatters it."""
    found = []
    for split in case.splits:
        try:
            said = case.said(case.trained, split.choosing)
        except ChainruleError:
            return []
        judged = case.judge(split.choosing, said)
        found.append(Outcome(case.trained, case.history, judged, judged, said))
    return found


def compared(before: Sequence[Outcome], after: Sequence[Outcome], once: bool = False) -> Trial:
    """Return a trial of outcomes, seed by seed.

    Args:
        before: Of the training as it is.
        after: Of the changed one.
        once: Whether those before are of one network, which was trained once.
    """
    pairs = list(zip(before, after, strict=False))
    gains = np.array([b.choosing.skill - a.choosing.skill for a, b in pairs])
    again = np.array([o.choosing.skill for o in (after if once else before)])
    spread = max([float(np.std(each, ddof=1)) for each in (gains, again) if len(each) > 1], default=0.0)
    rows = sum(len(a.said) for a, _ in pairs)
    return Trial(
        before[0].choosing.metric,
        float(np.mean([a.choosing.value for a, _ in pairs])),
        float(np.mean([b.choosing.value for _, b in pairs])),
        float(gains.mean()),
        float(spread / np.sqrt(1 if once else len(pairs)) + 0.5 / max(rows, 1)),
    )
