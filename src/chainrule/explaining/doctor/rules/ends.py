"""The last activation: one that cannot give the targets, or makes no probabilities where classes are asked for."""

from collections.abc import Iterator

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, last_activation, output_as
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.nn.activations import activation
from chainrule.nn.losses import of_classes

BEYOND = 0.02  # the share of targets that the last activation cannot give, from which it is suspected
LOST = 0.2  # of what varies in the targets is out of reach: then no trial is needed to say so
ENOUGH = 0.9  # skill on its own rows, from which classes are learned well, whatever the end is
FAR = 60.0  # where an activation shows whether it has an end
USUAL = {"classes": "softmax", "two": "sigmoid", "labels": "sigmoid", "numbers": None}
LOSSES = {
    "classes": "categorical_crossentropy", "two": "binary_crossentropy", "labels": "binary_crossentropy",
    "numbers": "mse",
}  # fmt: skip


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect a last activation that does not suit the targets."""
    if case.task == "numbers":
        yield from _out_of_reach(case)
    else:
        yield from _no_chances(case)


def kind_of_task(case: Case) -> str:
    """Return the task: "two" for classes of which the network says one number."""
    return "two" if case.task == "classes" and case.units == 1 else case.task


def suits(case: Case) -> bool:
    """Say whether the network ends as is usual for such targets."""
    usual = USUAL[kind_of_task(case)] or "identity"
    return case.ending == usual or (case.ending == "softmax" and case.task == "classes" and case.units > 1)


def _out_of_reach(case: Case) -> Iterator[Suspicion]:
    low, high = reach(case)
    y = np.asarray(case.targets, np.float64)
    beyond = float(np.mean((y < low) | (y > high)))
    several = case.ending == "softmax" and case.units > 1
    if several:
        beyond = float(np.mean(np.abs(y.reshape(len(y), -1).sum(axis=1) - 1) > 0.1))
    if beyond <= BEYOND:
        return
    lost = float(np.sum((y - np.clip(y, low, high)) ** 2) / (np.sum((y - y.mean()) ** 2) or 1.0))
    numbers = f"numbers {_span(low, high)}{' that sum to 1' if several else ''}"
    finding = (
        f"The network ends with {_called(case)}, which gives {numbers}; the targets go from {y.min():.3g} to "
        f"{y.max():.3g}, and {beyond:.0%} of them are out of its reach."
    )
    evidence = f"{beyond:.0%} of the targets out of reach of {_called(case)}"
    kept = case.job.loss if case.job.loss is not None and not of_classes(case.loss) else "mse"
    suited = output_as(None, kept) if case.loss != "poisson" else last_activation("exponential")
    for weight, change in ((0.96, suited), (0.9, output_as(None, "mse"))):
        yield Suspicion(
            "wrong_output_activation",
            weight,
            finding,
            evidence,
            change,
            certain=lost > LOST and change is suited,
        )


def _no_chances(case: Case) -> Iterator[Suspicion]:
    own = callable(case.job.loss)
    counted = Change(
        "y = (y + 1) / 2",
        "With classes 0 and 1",
        lambda case: case.but(targets=(case.targets + 1) / 2),
    )
    if suits(case) and np.min(case.targets) == -1 and begins(case, counted):
        yield Suspicion(
            "wrong_output_activation",
            0.88,
            f"The classes are -1 and 1, and the network ends with {_called(case)}, whose chances go from 0 to 1.",
            f"{_called(case)} for -1 and 1",
            counted,
            certain=True,
        )
    if suits(case) or answers_well(case):
        return
    if case.ending == "" and not own:  # a formula, which may give probabilities
        return
    what = "classes of which one is right" if case.task == "classes" else "labels of which several may apply"
    finding = f"The targets are {what}; the network ends with {_called(case)}, which gives no probabilities of them."
    kind = kind_of_task(case)
    changes = [(0.88, output_as(USUAL[kind], LOSSES[kind]))]
    for weight, change in [(0.93, last_activation(USUAL[kind])), *changes] if own else changes:
        yield Suspicion(
            "wrong_output_activation",
            weight,
            finding,
            f"{_called(case)} for {case.task}",
            change,
            certain=begins(case, change),
        )


def refused(case: Case) -> bool:
    """Say whether a training of this network, loss and targets does not even begin."""
    return all(o.history is None for o in case.outcomes)


def begins(case: Case, change: Change) -> bool:
    """Say whether a training that is refused begins with a change: what else is wrong would refuse it still."""
    if not refused(case):
        return False
    try:
        return change.make(case).but(epochs=1).train([0])[0].history is not None
    except ChainruleError:
        return False


def answers_well(case: Case) -> bool:
    """Say whether the network gives nearly all of its own rows the right answer, sure or not."""
    scores = [o.learning for o in case.outcomes]
    if case.task != "classes" or not all(s.metric for s in scores):
        return case.learned > ENOUGH
    _, sizes = np.unique(np.reshape(case.targets, (case.rows, -1)), axis=0, return_counts=True)
    guess = 1 / len(sizes) if scores[0].metric.startswith("balanced") else sizes.max() / case.rows
    return bool(np.mean([s.value for s in scores]) > guess + ENOUGH * (1 - guess))


def reach(case: Case) -> tuple[float, float]:
    """Return the least and the greatest number that the last activation gives, infinite where it has no end."""
    if case.ending == "softmax":
        return 0.0, 1.0
    given = getattr(case.layers[-1], "activation", None) if case.layers else None
    if given is None:
        return -np.inf, np.inf
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(activation(given)(np.linspace(-FAR, FAR, 2401)), np.float64)
    except Exception:
        return -np.inf, np.inf
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    least = values[400] if np.isfinite(values[400]) else 0.0
    still = 1e-3 * max(min(high - low, 1.0), 1e-9)
    ends_below = abs(values[0] - least) < still or low == values[1200]
    ends_above = abs(values[-1] - values[-401]) < still
    return low - still if ends_below else -np.inf, high + still if ends_above else np.inf


def _span(low: float, high: float) -> str:
    if np.isfinite(low) and np.isfinite(high):
        return f"from {low:.2g} to {high:.2g}"
    return f"from {low:.2g} upwards" if np.isfinite(low) else f"up to {high:.2g}"


def _called(case: Case) -> str:
    if case.ending == "identity":
        return "no activation"
    return f"'{case.ending}'" if case.ending else "a function of yours"
