"""The loss: one that does not ask for what is wanted of the targets."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, classes_as, loss_of, output_as
from chainrule.explaining.doctor.rules.ends import (
    ENOUGH,
    LOSSES as USUAL_LOSSES,
    USUAL,
    answers_well,
    begins,
    kind_of_task,
    reach,
    refused,
    suits,
)
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.nn.losses import LOSSES, of_classes

FEW = 30  # different whole numbers, as which classes may be learned by mistake
WELL = 0.6  # skill on its own rows, from which numbers are learned well, whatever the loss is
FLAT = 0.3  # of the deviation of the targets: predictions that stray less say the same to nearly all rows
EXTREME = 0.03  # a quantile nearer to 0 or 1 is asked for by mistake rather than on purpose


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect the loss where another is usual for such targets."""
    if case.task == "numbers":
        yield from _of_numbers(case)
        yield from _one_number(case)
    elif not answers_well(case) and (
        not of_classes(case.loss) or (case.units == 1 and "cat" in case.loss.lower())
    ):
        yield from _of_classes(case)


def _of_classes(case: Case) -> Iterator[Suspicion]:
    kind = kind_of_task(case)
    usual, fits = USUAL_LOSSES[kind], suits(case)
    change: Change = loss_of(usual) if fits else output_as(USUAL[kind], usual)
    finding = (
        f"The loss {_named(case)} is none of such targets and outputs. It is {usual!r}."
        if of_classes(case.loss)
        else f"The loss {_named(case)} is none of probabilities: it hardly moves a network that is sure and wrong. For "
        f"such targets it is {usual!r}."
    )
    yield Suspicion(
        "wrong_loss",
        0.86 if fits else 0.8,
        finding,
        f"{_named(case)} for {case.task}",
        change,
        certain=refused(case),
    )


def _of_numbers(case: Case) -> Iterator[Suspicion]:
    if refused(case):
        if begins(case, loss_of("mse")):
            finding = (
                f"The loss {_named(case)} refuses these targets, which are numbers from {np.min(case.targets):.3g} to "
                f"{np.max(case.targets):.3g}: {case.outcomes[0].error}"
            )
            evidence = f"{_named(case)} for numbers"
            yield Suspicion("wrong_loss", 0.87, finding, evidence, loss_of("mse"), certain=True)
        return
    counts = case.loss == "poisson" and reach(case)[0] > -0.1
    extreme = is_extreme(case.job.loss)
    if case.loss in ("mse", "half_mse") or counts or (case.learned > WELL and not extreme):
        return
    said, spread = case.outcomes[0].said, float(np.std(case.targets)) or 1.0
    flat = said.size > 0 and float(np.std(said)) < FLAT * spread
    if not (flat or extreme or is_own(case.job.loss)):
        return
    off = float(np.mean(said)) - float(np.mean(case.targets)) if said.size else 0.0
    seen = (
        f"it says about {float(np.median(said)):.3g} to nearly all rows"
        if flat
        else f"what it says is off by {off:+.3g} on the average"
    )
    finding = f"The loss {_named(case)} does not ask for the numbers that are wanted: {seen}."
    yield Suspicion("wrong_loss", 0.87, finding, f"{_named(case)} for numbers", loss_of("mse"))


def is_own(loss: Any) -> bool:
    """Say whether a loss was written by the user."""
    home = loss.__module__ if hasattr(loss, "__name__") else type(loss).__module__
    return callable(loss) and not str(home).startswith("chainrule.")


def is_extreme(loss: Any) -> bool:
    """Say whether a loss asks for a quantile at the very end."""
    q = getattr(loss, "q", 0.5)
    return isinstance(q, float) and not EXTREME <= q <= 1 - EXTREME


def _one_number(case: Case) -> Iterator[Suspicion]:
    """Suspect classes that are learned as one number, as if they had an order."""
    y = case.targets
    if case.units != 1 or case.loss == "poisson" or case.learned > ENOUGH:
        return
    values = np.unique(y)
    whole = bool(np.all(values == np.round(values)))
    if not whole or not 3 <= len(values) <= FEW or values[0] < 0 or values[-1] > FEW:
        return
    finding = (
        f"The targets are the whole numbers {values[0]:g} to {values[-1]:g}, learned as one number by {_named(case)}, "
        "as if those between two classes were between them in kind."
    )
    yield Suspicion(
        "wrong_loss", 0.8, finding, f"{len(values)} classes as one number", classes_as(int(values[-1]) + 1)
    )


def _named(case: Case) -> str:
    return repr(case.loss) if case.loss in LOSSES else case.loss
