"""What the steps are made of: momentum, clipped gradients, batches."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import batch_of, epochs_of, optimizer_with, together
from chainrule.explaining.doctor.course import ENOUGH
from chainrule.explaining.doctor.suspicions import Suspicion

SWINGS = 0.95  # momentum from which it is tried without
USUAL_BATCH = 32
FEW_STEPS, FEW_ROWS = 8, 8  # an epoch, a batch
AS_MANY = 6  # times the epochs, for larger batches


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect what is far from the usual, and whatever alone decides how long a step is."""
    yield from _momentum(case)
    yield from _clipping(case)
    yield from _batches(case)


def _momentum(case: Case) -> Iterator[Suspicion]:
    optimizer = case.job.optimizer
    for name in ("momentum", "beta_1"):
        value = getattr(optimizer, name, 0.0)
        if not isinstance(value, float) or value < SWINGS:
            continue
        for new in (0.9, 0.0) if name == "momentum" else (0.9,):
            nesterov = {"nesterov": False} if getattr(optimizer, "nesterov", False) and not new else {}
            yield Suspicion(
                "momentum_too_high",
                float(np.interp(value, [SWINGS, 0.98, 0.995], [0.5, 0.7, 0.9])),
                f"The momentum {value:g} is too high: each step goes on as the last {1 / (1 - value):,.0f} went, so "
                "that the weights swing past what they should reach.",
                f"{name}={value:g}, a memory of {1 / (1 - value):,.0f} steps",
                optimizer_with(case, f"With {name}={new:g}", **{name: new}, **nesterov),
            )


def _clipping(case: Case) -> Iterator[Suspicion]:
    limit = getattr(case.job.optimizer, "clip_norm", None)
    if not limit:
        return
    gradients = list(case.gradients_at_begin.values())
    norm = float(np.sqrt(sum(float(np.sum(np.square(g, dtype=np.float64))) for g in gradients)))
    if not gradients or not np.isfinite(norm) or norm < 2 * limit:
        return
    for new in (None, 1.0):
        if new is not None and new <= limit:
            continue
        yield Suspicion(
            "gradient_clipping_too_small",
            float(np.interp(np.log10(norm / limit), [0.3, 2], [0.5, 0.9])),
            f"Gradients are clipped to the norm {limit:g}, but theirs is {norm:.2g} at the beginning: clipping alone "
            "decides how long a step is.",
            f"clip_norm={limit:g}, the norm of the gradients {norm:.2g}",
            optimizer_with(case, f"With clip_norm={new}", clip_norm=new),
        )


def _batches(case: Case) -> Iterator[Suspicion]:
    if not case.job.optimizer.by_steps:
        return
    if case.steps <= FEW_STEPS and case.batch > 1.5 * USUAL_BATCH and case.learned < ENOUGH:
        new = USUAL_BATCH if case.rows >= 8 * USUAL_BATCH else 16 if case.rows >= 128 else 8
        yield Suspicion(
            "batch_too_large",
            float(np.interp(case.steps, [1, 2, FEW_STEPS], [0.75, 0.65, 0.45])),
            f"Batches of {case.batch} of {case.rows} rows leave {case.steps} step{'s' * (case.steps > 1)} an epoch, "
            f"{case.steps * case.job.epochs:,} in all.",
            f"{case.steps} steps an epoch, {case.steps * case.job.epochs:,} in all",
            batch_of(new),
        )
    if case.batch <= FEW_ROWS and case.rows > 4 * case.batch:
        larger = batch_of(USUAL_BATCH)
        longer = together(
            larger, epochs_of(case.job.epochs * AS_MANY)
        )  # a larger batch makes fewer steps an epoch
        for change in (larger, batch_of(2 * FEW_ROWS), longer):
            yield Suspicion(
                "batch_too_small",
                {1: 0.8, 2: 0.75, 3: 0.6, 4: 0.6}.get(case.batch, 0.5),
                f"Batches of {case.batch} are too small for this learning rate: the noise of single rows decides where "
                "the weights end.",
                f"batch_size={case.batch}",
                change,
            )
