"""Whether probabilities are what they promise: Cox's recalibration (1958), judged beside chance, in a sentence."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from chainrule.data.target import Target
from chainrule.models.judgements import Judged
from chainrule.shown import counted

Verdict = Literal["calibrated", "overconfident", "underconfident", "too_high", "too_low", "unknown"]
ENOUGH = 100  # rows, of which fewer tell nothing
FEWEST = 10  # rows of either answer
SURE = 9.21  # chi-squared of two degrees of freedom, beyond which 1 % lies by chance
WORTH = 0.02  # how far probabilities are off in the mean, below which nobody minds
FAR = 6.0  # logits, beyond which one row would say all
_STEPS = 25
_WORDS: dict[Verdict, str] = {
    "overconfident": "too sure: those near 0 or 1 should be nearer to the middle",
    "underconfident": "not sure enough: those in the middle should be nearer to 0 or 1",
    "too_high": "too high",
    "too_low": "too low",
}
# of the class that is said, what is too high is too sure
_IN_DIRECTION: dict[Verdict, tuple[Verdict, str]] = {
    "too_high": ("overconfident", "too sure"),
    "too_low": ("underconfident", "not sure enough"),
}


@dataclass(frozen=True)
class Calibration:
    """Whether probabilities are what they promise.

    Attributes:
        verdict: In a word; "unknown" where too few rows tell.
        says: In a sentence, with the numbers.
        slope: By how much logits are to be multiplied: below 1 they are too far from 0.
        intercept: What is to be added to them then.
        off: How far probabilities are off in the mean, by that.
    """

    verdict: Verdict
    says: str
    slope: float | None = None
    intercept: float | None = None
    off: float | None = None


def calibration_of(target: Target, seen: Judged) -> Calibration | None:
    """Return whether probabilities are what they promise; None where numbers are predicted.

    Of two classes those of the second, of several labels those of all, and of several classes that of the class that is
    said (Guo et al. 2017): it should be right as often as it is sure.
    """
    truth, said = np.asarray(seen.truth), np.asarray(seen.said, float)
    if target.task == "regression":
        return None
    if target.task == "multiclass":
        codes = said.argmax(axis=1)
        found = calibration_from(codes == truth, said[np.arange(len(said)), codes], "the class that is said")
        if found.verdict not in _IN_DIRECTION:
            return found
        wrong, says = _IN_DIRECTION[found.verdict]
        return replace(
            found, verdict=wrong, says=found.says.replace(f"are {_WORDS[found.verdict]}", f"are {says}")
        )
    name = f"'{target.classes[1]}'" if target.task == "binary" else "a label"
    return calibration_from(truth.reshape(-1) > 0.5, said.reshape(-1), name, len(truth))


def calibration_from(yes: np.ndarray, said: np.ndarray, of: str, rows: int | None = None) -> Calibration:
    """Return whether the probabilities of yes are what they promise.

    Args:
        yes: Whether it is, (n,).
        said: The probability of it, (n,).
        of: What they are the probabilities of, in words.
        rows: How many rows these are, where each has several.

    >>> draws = np.random.default_rng(0).uniform(size=(2, 2000))
    >>> calibration_from(draws[1] < draws[0], draws[0], "'yes'").verdict
    'calibrated'
    >>> calibration_from(draws[1] < (0.25 + draws[0] / 2), draws[0], "'yes'").verdict
    'overconfident'
    """
    count = len(yes) if rows is None else rows
    few = int(min(yes.sum(), (~yes).sum()))
    if count < ENOUGH or few < FEWEST:
        why = counted(count, "row") if count < ENOUGH else f"{few} of them of one answer"
        return Calibration(
            "unknown", f"Whether probabilities are what they promise too few rows tell: {why}."
        )
    fitted = _recalibrated(yes.astype(float), said)
    if fitted is None:
        return Calibration(
            "unknown", "Whether probabilities are what they promise is not told: all are 0 or 1."
        )
    intercept, slope, gain, after = fitted
    off = float(np.abs(after - said).mean())
    mean, share = float(said.mean()), float(yes.mean())
    about = f"of {of} it says {mean:.1%} in the mean, and {share:.1%} is true"
    if gain < SURE or off < WORTH:
        return Calibration(
            "calibrated",
            f"Probabilities are what they promise, within chance: {about}.",
            slope,
            intercept,
            off,
        )
    verdict = _verdict(slope, mean, share, off)
    says = f"Probabilities are {_WORDS[verdict]}. They are off by {off:.1%} in the mean; {about}."
    return Calibration(verdict, says, slope, intercept, off)


def _verdict(slope: float, mean: float, share: float, off: float) -> Verdict:
    """Return what is wrong: all of them in one direction, or those far from the middle in both."""
    if abs(mean - share) > 0.7 * off:
        return "too_high" if mean > share else "too_low"
    return "overconfident" if slope < 1 else "underconfident"


def _recalibrated(yes: np.ndarray, said: np.ndarray) -> tuple[float, float, float, np.ndarray] | None:
    """Return intercept and slope of the logits that fit best, twice the gain in likelihood, and what becomes of all."""
    tiny = 1 / (1 + np.exp(FAR))
    kept = np.clip(said, tiny, 1 - tiny)
    logits = np.log(kept) - np.log1p(-kept)
    X, found = np.column_stack([np.ones(len(yes)), logits]), np.array([0.0, 1.0])
    if not logits.std() > 0:
        X, found = X[:, :1], np.array([float(logits[0])])
    for _ in range(_STEPS):
        p = _sigmoid(X @ found)
        bend = X.T @ (X * (p * (1 - p))[:, None])
        try:
            step = np.linalg.solve(bend + 1e-9 * np.eye(len(found)), X.T @ (yes - p))
        except np.linalg.LinAlgError:
            return None
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    after = _sigmoid(X @ found)
    gain = 2 * (_likelihood(yes, after) - _likelihood(yes, kept))
    intercept, slope = (found[0], found[1]) if len(found) == 2 else (found[0] - logits[0], 1.0)
    return (float(intercept), float(slope), gain, after) if np.isfinite(found).all() else None


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -700, 700))))


def _likelihood(yes: np.ndarray, p: np.ndarray) -> float:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float((yes * np.log(p) + (1 - yes) * np.log1p(-p)).sum())
