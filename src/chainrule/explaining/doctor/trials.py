"""Changes, tried: each with a few seeds beside the training as it is, and what promises something with all."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change
from chainrule.explaining.doctor.training import Outcome
from chainrule.explaining.doctor.verdict import Trial
from chainrule.explaining.doctor.work import BUDGET, of_compiling

FIRST = 2  # seeds that each change is tried with
ALIKE = 0.9  # of the best gain: changes that mend as well as any
PROMISING = 0.02  # a gain with these that is worth the others
# After so many seconds nothing new is tried: the budget ends it long before, but for what it cannot know.
MOST_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class Tried:
    """A change, tried.

    Attributes:
        change: The change.
        trial: What is told of it.
    """

    change: Change
    trial: Trial


def tried(
    case: Case, changes: Sequence[Change], work: float = BUDGET, weights: Sequence[float] = ()
) -> dict[str, Tried]:
    """Return what came of changes, by what they write.

    Args:
        case: The training as it is.
        changes: Those that promise most first.
        work: How much they may take together, in billionths of a second.
        weights: How much the symptoms weigh by which each is suspected, falling: where one mends so much that none of
            the others can come before it, they are not tried.
    """
    begun, left, compiled = time.monotonic(), work, {case.compiles}
    found: dict[str, Tried] = {}
    first = 0.0  # what ranks at least so high is mended already, whatever else mends
    for number, change in enumerate(changes):
        weight = weights[number] if weights else inf
        if weight <= first or change.write in found or left <= 0 or time.monotonic() - begun > MOST_SECONDS:
            continue
        with contextlib.suppress(Exception):  # it cannot be made of this network
            changed = change.make(case)
            if changed.compiles not in compiled:
                compiled.add(changed.compiles)
                left -= of_compiling(case.trained._programs.architecture)
            before = as_trained(case) if change.against_trained else case.outcomes
            if not before:
                continue
            after, more = changed.train(range(FIRST)), range(FIRST, len(case.splits))
            left -= changed.cost * len(after)
            trial = compared(before, after, change.against_trained)
            if trial.gain > PROMISING and left > 0:
                left -= changed.cost * len(more)
                trial = compared(before, [*after, *changed.train(more)], change.against_trained)
            found[change.write] = Tried(change, trial)
            if weights and trial.proven and not change.against_trained:
                first = max(first, rank(weight, trial.gain, 1 - float(_skills(case.outcomes).mean())))
    return found


def rank(weight: float, gain: float, best: float) -> float:
    """Return how high a suspicion ranks that weighs so much, and whose change gains so much of the best gain."""
    return weight * min(1.0, gain / max(best, 1e-9) / ALIKE)


def as_trained(case: Case) -> list[Outcome]:
    """Return the trained network as an outcome of each split; it may have learned from the rows that judge, too."""
    found = []
    for split in case.splits:
        try:
            said = case.said(case.trained, split.choosing)
            learned = case.score(case.trained, split.learning)
        except Exception:
            return []
        judged = case.judge(split.choosing, said)
        found.append(Outcome(case.trained, case.history, learned, judged, said))
    return found


def compared(before: Sequence[Outcome], after: Sequence[Outcome], once: bool = False) -> Trial:
    """Return a trial of outcomes, seed by seed.

    Args:
        before: Of the training as it is.
        after: Of the changed one.
        once: Whether those before are of one network, which was trained once. What it gains is told of rows that both
            learned from, for it may have seen the others.
    """
    pairs = list(zip(before, after, strict=False))
    was, now = _skills(before, once), _skills(after, once)
    gains = now[: len(pairs)] - was[: len(pairs)]
    rows = sum(max(len(a.said), len(b.said)) for a, b in pairs)
    return Trial(
        next((o.choosing.metric for o in [*before, *after] if o.choosing.metric), "accuracy"),
        float(np.mean([(a.learning if once else a.choosing).value for a, _ in pairs])),
        float(np.mean([(b.learning if once else b.choosing).value for _, b in pairs])),
        float(gains.mean()),
        _noise(was, now, once) + 0.5 / max(rows, 1),
    )


def _skills(outcomes: Sequence[Outcome], learned: bool = False) -> np.ndarray:
    """Return how good each is; worse than the best guess counts as that, for what fails does so by any number."""
    return np.maximum([(o.learning if learned else o.choosing).skill for o in outcomes], 0.0)


def _noise(was: np.ndarray, now: np.ndarray, once: bool) -> float:
    """Return how far the mean gain strays by chance.

    Where splits are hard or easy for both alike, the gains tell it better than the scores; and of a training that
    fails now and then the ranks do (Mann & Whitney 1947), by which a change is sure that never fails.
    """
    k = min(len(was), len(now))
    if once:
        return float(np.std(now, ddof=1)) if k > 1 else 0.0
    if k == 1:
        return float(np.sqrt(2) * np.std(was, ddof=1)) if len(was) > 1 else 0.0
    apart = np.sqrt(np.var(was[:k], ddof=1) + np.var(now[:k], ddof=1))
    together = np.std(now[:k] - was[:k], ddof=1)
    noise = float(min(apart, max(together, 0.5 * apart)) / np.sqrt(k))
    gain = float(np.mean(now[:k] - was[:k]))
    higher = np.mean(now[:k, None] > was[None, :k]) - 0.5
    deviations = float(higher / np.sqrt((2 * k + 1) / 12) * k)
    return min(noise, gain / deviations) if k > 3 and gain > 0 and deviations > 0 else noise
