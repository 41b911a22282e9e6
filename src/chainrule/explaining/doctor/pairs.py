"""Two faults at once, of which neither is mended while the other is there: their changes are tried together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import together
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.explaining.doctor.trials import Tried, tried

MOST = 5  # causes of which each two are tried
GOOD = 0.9  # skill of which there is nothing to mend by two changes
LEAST = 0.2  # a gain that is told: of many pairs one gains a little by chance
ALIKE = 0.9  # of the best gain
OPPOSED = {frozenset({"learning_rate_too_high", "learning_rate_too_low"})}


def paired(
    case: Case, suspicions: Sequence[Suspicion], trials: Mapping[str, Tried], work: float
) -> tuple[list[Suspicion], dict[str, Tried]]:
    """Return the suspicions of the pair of changes that mends a training, and what was tried.

    Args:
        case: The training as it is.
        suspicions: What the rules suspect.
        trials: What was tried of that alone.
        work: How much more may be done.
    """
    if case.held > GOOD:
        return [], {}
    single = sorted(_of_each_cause(suspicions, trials), key=lambda s: -s.weight)[:MOST]
    both = {}
    for a, b in combinations(single, 2):
        if a.change and b.change and frozenset({a.cause, b.cause}) not in OPPOSED:
            both[together(a.change, b.change)] = a, b
    found = tried(case, list(both), work)
    gains = {name: each.trial.gain for name, each in found.items() if each.trial.proven}
    best = max(gains.values(), default=0.0)
    if best < LEAST:
        return [], found
    for change, two in both.items():  # the likeliest first
        if gains.get(change.write, 0.0) >= ALIKE * best:
            return [replace(each, change=change) for each in two], found
    return [], found


def _of_each_cause(suspicions: Sequence[Suspicion], trials: Mapping[str, Tried]) -> list[Suspicion]:
    """Return one suspicion of each cause: that whose change does most alone."""
    found: dict[str, tuple[float, Suspicion]] = {}
    for each in suspicions:
        if each.change is None or each.change.against_trained or each.last or each.certain:
            continue
        of = trials.get(each.change.write)
        gain = of.trial.gain if of else -1.0
        if each.cause not in found or gain > found[each.cause][0]:
            found[each.cause] = gain, each
    return [each for _, each in found.values()]
