"""Which suspicions become verdicts, and in which order: what was mended by the most specific change first."""

from collections.abc import Mapping, Sequence

from chainrule.explaining.doctor.changes import Change
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.explaining.doctor.trials import Tried, rank
from chainrule.explaining.doctor.verdict import Severity, Trial, Verdict

GRAVE = 0.3  # a gain in skill that makes a fault critical
LEAST, DOUBT, SURE = 0.04, 0.3, 0.75  # a gain that is told of what is odd by itself, and more of what is not


def weighed(
    suspicions: Sequence[Suspicion], trials: Mapping[str, Tried], begins: bool = True
) -> list[Verdict]:
    """Return the verdicts, the worst first.

    Args:
        suspicions: What the rules suspect.
        trials: The changes that were tried, by what they write.
        begins: Whether the training as it is begins at all.
    """
    gains = {name: each.trial.gain for name, each in trials.items() if each.trial.proven}
    best = max(gains.values(), default=0.0)
    found: list[tuple[float, Verdict]] = []
    for each in suspicions:
        tried = trials.get(each.change.write) if each.change else None
        trial = tried.trial if tried else None
        share = gains.get(each.change.write, 0.0) / best if each.change and best else 0.0
        mended = share and not each.last and trial is not None and trial.gain >= needed(each.weight)
        if each.certain or mended:
            height = each.weight if each.certain else rank(each.weight, share, 1.0)
            found.append((height, _verdict(each, trial, begins)))
    if not found:
        untried = {s.cause for s in suspicions if s.change is not None and s.change.write not in trials}
        last = [
            each for each in suspicions if each.last and each.cause not in untried
        ]  # who knows what mends it
        found = [(each.weight, _verdict(each, None, begins)) for each in last]
    found.sort(key=lambda pair: -pair[0])
    verdicts: dict[str, Verdict] = {}
    for _, verdict in found:
        verdicts.setdefault(verdict.cause, verdict)
    return sorted(verdicts.values(), key=lambda v: v.severity == "note")


def needed(weight: float) -> float:
    """Return what a change must gain before it is told: the less odd what it changes, the more."""
    return LEAST + DOUBT * max(0.0, SURE - weight)


def _verdict(suspicion: Suspicion, trial: Trial | None, begins: bool) -> Verdict:
    severity: Severity = suspicion.severity
    if not suspicion.certain and not suspicion.last and trial is not None:
        severity = "critical" if trial.gain >= GRAVE else "warning"
    sentence = suspicion.finding
    if suspicion.change is not None and trial is not None and not begins:
        sentence = f"{sentence} {suspicion.change.done}, it begins; as it is, it is refused."
    elif suspicion.change is not None and trial is not None and not _is_lost(trial):
        sentence = f"{sentence} {told(suspicion.change, trial)}"
    return Verdict(
        suspicion.cause,
        severity,
        sentence,
        suspicion.evidence,
        suspicion.change.write if suspicion.change else "",
        trial if begins else None,  # of a training that is refused nothing was measured
    )


def _is_lost(trial: Trial) -> bool:
    """Say whether with its change a training is worse than a guess: more is wrong, and no number tells."""
    return trial.metric == "R²" and trial.after < min(0.0, trial.before)


def told(change: Change, trial: Trial) -> str:
    """Return a sentence of both numbers of a trial."""
    rows = "rows that it learned from" if change.against_trained else "held-back rows"
    if trial.metric == "R²":
        numbers = f"R² {trial.after:.2f} on {rows}, instead of {trial.before:.2f}"
        return f"{change.done}, the same training reaches {numbers}."
    of = f"{rows} of each class" if trial.metric == "balanced accuracy" else rows
    return f"{change.done}, the same training gets {trial.after:.0%} of the {of} right instead of {trial.before:.0%}."
