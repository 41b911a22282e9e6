"""What is said where training goes wrong: the cost became NaN or infinite, or no step changed anything."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engines.epochs import Failure, Run
from chainrule.errors import DivergenceWarning, LearningWarning
from chainrule.graph.evaluate import Arrays
from chainrule.shown import counted
from chainrule.train.fit.advice import unlearned
from chainrule.train.fit.fitting import Fitting, Good, finite
from chainrule.train.objective import SCALE_AT, rate_apart
from chainrule.train.optimizers import Optimizer
from chainrule.train.schedules import schedule

Told = tuple[str, type[Warning]]  # what is to be said, and as what
MUCH = 10.0  # a gradient that grew less than this did not diverge


def failure_of(run: Fitting, names: Mapping[str, tuple[Any, ...]], first: bool) -> Told | None:
    """Return what to say of a fit that diverged or learned nothing; ``names`` and ``first`` as in :func:`unlearned`."""
    if run.history.diverged:
        return run.history.stopped, DivergenceWarning
    advice = _lost_steps(run) or (unlearned(run, names, first) if run.history.epochs else "")
    return (advice, LearningWarning) if advice else None


# --- the cost became NaN or infinite --------------------------------------------------------------------


def diverged(run: Fitting, method: Optimizer, result: Run, epochs_before: int, good: list[Good]) -> str:
    """Restore the last good weights, and say what happened where, and what to try."""
    run.history.diverged = True
    nothing = np.zeros(
        0, np.int64
    )  # known of a step whose update made NaN of a parameter, after a finite cost
    failure = result.failure or Failure(len(result.epochs) - 1, run.steps - 1, nothing, result.state, nothing)
    epoch = epochs_before + failure.epoch
    step, before = epoch * run.steps + failure.step, failure.before[: len(run.began_with)]
    values = run.programs.values
    broken = [n for n, v in zip(values.names, run.began_with, strict=True) if not finite([v])]
    if broken:
        values.set(run.began_with)
        return (
            f"{', '.join(broken)} held NaN or infinity before the first update, so no learning rate is to blame: "
            "nothing can be learned from there. Begin with other weights."
        )
    if step == 0:
        return (
            "The cost was NaN or infinite before the first update, so no learning rate is to blame: the "
            "loss of these targets is not finite at the initial weights. Look for a predicted probability or "
            "rate of exactly 0 where the target is not 0, which costs infinity; a logarithm or root of a "
            "negative number, a division by 0, or very large inputs; scale X, and check the loss."
        )
    chosen = _restore_last_good(run, good)
    restored = "the weights it began with" if chosen.epoch < 0 else f"the weights of epoch {chosen.epoch + 1}"
    at = f"The cost became NaN or infinite at epoch {epoch + 1}, step {failure.step + 1}."
    norms = _gradient_norms(run, values.get(), failure.before_rows)
    later = _gradient_norms(run, before, failure.before_rows)
    name = max(norms, key=lambda n: _growth(norms[n], later[n]))
    total, scale = float(run.steps * run.settings.epochs), float(failure.before[SCALE_AT])
    rule, _ = rate_apart(method)  # whose rate the scale has, where that is constant
    rate = scale * float(schedule(rule.learning_rate).at(step - 1, total, float(run.steps)))
    grown = f"The gradient of {name} (layer {_layer_of(run, name)}) grew {_times(norms[name], later[name])}, "
    grown += f"from {norms[name]:.3g} to {later[name]:.3g}"
    leap = _leap(run, chosen.values, result.state, updates=step - (chosen.epoch + 1) * run.steps)
    if leap and not MUCH <= _growth(norms[name], later[name]) < math.inf:
        grown = leap
    elif _growth(norms[name], later[name]) < MUCH:
        return (
            f"{at} {grown}, which is not much, so the learning rate {rate:g} is hardly to blame: the loss "
            "or its gradient is not finite for some example. Look for a logarithm or root of a negative "
            f"number, or a division by 0, in the loss and in layers of your own. Restored {restored}."
        )
    return (
        f"{at} {grown}: the learning rate {rate:g} is too high for this data. Restored {restored}. Try a "
        f"learning rate of {rate / 10:g}, clip_norm=1.0, or inputs scaled to mean 0 and deviation 1."
    )


def _restore_last_good(run: Fitting, good: list[Good]) -> Good:
    """Set the best values known, by the cost they really have; return them."""
    goal, table = run.validation or (run.goal, run.table)
    known = [c for c in (Good(run.began_with, -1), *good, run.best) if c.values and finite(c.values)]
    costs = [run.programs.measure(goal, table, c.values)["cost"] for c in known]
    _, chosen = min(
        zip(costs, known, strict=True), key=lambda pair: pair[0] if math.isfinite(pair[0]) else math.inf
    )
    run.programs.values.set(chosen.values)
    return chosen


def _leap(run: Fitting, good: Arrays, now: Arrays, updates: int) -> str:
    """Say which parameter has been thrown far from its last good value, or "" if none."""
    few = "One update" if updates == 1 else f"{updates} updates"
    for name, old, new in zip(run.programs.architecture.parameters, good, now, strict=False):
        with np.errstate(all="ignore"):
            start, end = (float(np.linalg.norm(w.astype(np.float64))) for w in (old, new))
        if not end < MUCH * max(start, 1.0):
            return f"{few} took {name} from a norm of {start:.3g} to {end:.3g} (layer {_layer_of(run, name)})"
    return ""


def _layer_of(run: Fitting, name: str) -> str:
    """Return the label of the layer that a parameter belongs to."""
    architecture = run.programs.architecture
    layer = architecture.meaning(name).layer
    return next(label for label, call in architecture.calls.items() if call.layer is layer)


def _growth(before: float, after: float) -> float:
    if not math.isfinite(after):
        return math.inf
    return after / before if before > 0 else (math.inf if after > 0 else 0.0)


def _times(before: float, after: float) -> str:
    growth = _growth(before, after)
    return "beyond all bounds" if not math.isfinite(growth) else f"{growth:.2g}-fold"


def _gradient_norms(run: Fitting, values: Arrays, rows: np.ndarray) -> dict[str, float]:
    # of pictures, all may be more than memory holds
    some = rows if len(rows) else slice(-(-run.rows // run.steps))
    batch = [t[some] for t in run.table]
    trained = run.goal.trained
    slopes = run.programs.slopes(run.goal, batch, values, trained)[1:]
    with np.errstate(all="ignore"):
        return {
            name: float(np.linalg.norm(np.asarray(g, np.float64)))
            for name, g in zip(trained, slopes, strict=True)
        }


# --- the steps were 0 -----------------------------------------------------------------------------------


def _lost_steps(run: Fitting) -> str:
    """Return what to say where the steps were 0 though the gradients were not: a run in vain looks like any other."""
    if run.moved:
        return ""
    trained, slots = run.goal.trained, run.left
    names, dtype = list(trained), next(iter(trained.values())).dtype
    if not finite(slots):
        # An optimizer has as many slots for each parameter, one parameter after the other.
        each = max(1, len(slots) // len(names))
        lost = [n for i, n in enumerate(names) if not finite(slots[i * each : (i + 1) * each])]
        return (
            f"The squares of the gradients of {', '.join(lost)} are too large for {dtype}, so the optimizer's steps "
            "became 0 and these weights learn no more. Scale X and y to mean 0 and deviation 1, lower the learning "
            "rate, or give the optimizer clip_norm=1.0."
        )
    values = run.programs.values
    before, now = (dict(zip(values.names, v, strict=True)) for v in (run.began_with, values.get()))
    # A 0 is changed by the smallest step, so that of other numbers says more.
    if not run.history.epochs or any(before[n].any() and (before[n] != now[n]).any() for n in names):
        return ""
    telling = [n for n in names if before[n].any()] or names
    if any((before[n] != now[n]).any() for n in telling):
        return ""
    norms = _gradient_norms(run, run.programs.values.get(), np.arange(run.batches.largest(run.rows)))
    name = max(telling, key=lambda n: norms[n])
    limits = np.finfo(dtype)
    if norms[name] > 0 and not float(limits.tiny) <= norms[name] ** 2 <= float(limits.max):
        return (
            f"No weight moved in {counted(run.history.epochs, 'epoch')}: the gradient of {name} has the norm "
            f"{norms[name]:.3g}, whose square is no number of {dtype}. Scale X and y to mean 0 and deviation 1."
        )
    return ""
