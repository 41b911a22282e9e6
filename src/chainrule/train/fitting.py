"""The loop: epochs on an engine, with validation, early stopping, callbacks, progress, and a clean end."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from chainrule.engines.compiled import Compiled, simplified
from chainrule.engines.epochs import Batches, Epochs, Failure, Run
from chainrule.engines.executable import Executable
from chainrule.engines.recent import Recent
from chainrule.engines.stopping import Arrays, Progress, Stopping, end_of_epoch
from chainrule.errors import (
    DataError,
    DivergenceWarning,
    GraphError,
    LearningWarning,
    short,
    unknown_name,
    warn,
)
from chainrule.graph.closed import Program
from chainrule.graph.walk import order
from chainrule.nn.reading import at
from chainrule.random import Draws
from chainrule.signals import Asked, asking
from chainrule.train import callbacks as callback_module, validation as door
from chainrule.train.callbacks import Checkpoint, EarlyStopping, monitor_name, tell, tell_all
from chainrule.train.history import History
from chainrule.train.metrics import larger_is_better
from chainrule.train.objective import CLOCK, Objective, gradient_program, lasting, training_program
from chainrule.train.optimizers import LBFGS, Optimizer, optimizer
from chainrule.train.orders import Orders, orders_of
from chainrule.train.progress import ProgressLine
from chainrule.train.schedules import ReduceOnPlateau, plateau, schedule

DEFAULT_BATCH = 32
TOL_EPOCHS = 10
MUCH = 10.0  # a gradient that grew less than this did not diverge
MOST_ROWS_PLANNED = 4_000_000  # example numbers that are shuffled ahead: 32 MB
REDRAW_SECONDS = 0.05


@dataclass(frozen=True)
class Job:
    """What the user asked of fit; the meaning of each is in :meth:`Network.fit`."""

    X: Any
    y: Any
    loss: Any
    optimizer: Any
    batch_size: int | None
    epochs: int
    metrics: Any
    validation_split: float
    validation_data: Any
    shuffle: Any
    class_weight: Any
    sample_weight: Any
    callbacks: Any
    tol: float | None
    time_budget: float | None
    verbose: int


@dataclass
class Interrupts:
    """Why to stop now, asked between steps."""

    deadline: float = math.inf
    asked: Asked = field(default_factory=Asked)

    def poll(self) -> str | None:
        """Return a reason, or None."""
        if self.asked.number:
            return "interrupted"
        return "time" if time.perf_counter() > self.deadline else None


@dataclass
class Fitting:
    """One run of fit, while it goes on."""

    network: Any
    job: Job
    goal: Objective
    table: Arrays
    validation: tuple[Objective, Arrays] | None
    stopping: EarlyStopping | None
    listeners: list[Any]
    batches: Batches  # how an epoch is cut into them
    seed: int  # of this run's shuffles and dropout
    orders: Orders  # of the examples, epoch by epoch
    began_with: Arrays  # the network's values before the first step
    slots: Arrays = field(default_factory=list)  # the optimizer's, after the last step
    history: History = field(default_factory=History)
    progress: Progress = field(default_factory=Progress)
    interrupts: Interrupts = field(default_factory=Interrupts)

    @property
    def rows(self) -> int:
        """The number of training examples."""
        return len(self.table[0])

    @property
    def steps(self) -> int:
        """The number of steps an epoch takes."""
        return self.batches.steps(self.rows)

    @property
    def monitor(self) -> str:
        """What decides which epoch was best."""
        chosen = self.stopping.monitor if self.stopping is not None else None
        return monitor_name(chosen) if chosen else "val_cost" if self.validation else "cost"


def fit(network: Any, job: Job) -> History:
    """Train ``network`` as ``job`` asks. What is wrong with the job is found before anything changes."""
    began = time.perf_counter()
    before = kept(network)
    with back_on_error(network, before):
        _check_settings(job)
        method = optimizer(job.optimizer)
        run = _prepare(network, job)
        step = _compile(run, method)
    if job.time_budget is not None:
        run.interrupts.deadline = began + job.time_budget
    _warn_of_lone_examples(run)
    display = ProgressLine(job.verbose, job.epochs)
    try:
        with back_on_error(network, before):
            tell(run.listeners, "on_train_begin", network)
        network.runs += 1
        with asking() as run.interrupts.asked:
            if isinstance(method, LBFGS):
                run.history.stopped = _descend_with_scipy(run, method, display)
            else:
                run.history.stopped = _descend(run, method, step, display)
    finally:
        display.close(run.history.stopped)
        tell_all(run.listeners, "on_train_end", network, run.history)
    if run.history.diverged:
        warn(run.history.stopped, DivergenceWarning)
    else:
        _warn_of_lost_steps(run)
    return run.history


# --- before the first step ------------------------------------------------------------------------------


@contextmanager
def back_on_error(network: Any, before: dict[str, Any] | None = None) -> Iterator[None]:
    """Leave the network as it was, neither half-built nor with another loss, if something is wrong."""
    before = kept(network) if before is None else before
    try:
        yield
    except BaseException:
        vars(network).update(before)
        raise


def kept(network: Any) -> dict[str, Any]:
    """Return what an error before the first step leaves as it was."""
    names = "_architecture", "loss", "columns", "target_columns"
    return {name: vars(network)[name] for name in names}


def _prepare(network: Any, job: Job) -> Fitting:
    listeners = callback_module.check(job.callbacks)
    stopping = next((c for c in listeners if isinstance(c, EarlyStopping)), None)
    arrays, y = network.pair(job.X, job.y, job.sample_weight, learning=True)
    if len(arrays[0]) == 0:
        raise DataError("X has no rows: there is nothing to learn from.")
    goal, table = network.prepare(arrays, y, job.loss, job.metrics, job.sample_weight, job.class_weight)
    target = table[len(arrays)]
    if target.dtype.kind == "f":
        door.check_resolution(door.as_numbers(y, "y"), target.dtype, y, "y")
    validation = None
    if job.validation_data is not None:
        validation = _given_validation(network, job)
    elif job.validation_split:
        table, held = _hold_back(network, job, table)
        validation = (goal, held)
    if job.loss is not None:
        network.loss = job.loss
    rows = len(table[0])
    batch_size = rows if job.batch_size is None else min(int(job.batch_size), rows)
    calls = network.architecture.calls.values()
    smallest = max([call.layer.least_examples for call in calls], default=1)
    batches = Batches(batch_size, smallest)
    # The first run is that of the network's seed; later ones go on with other shuffles and dropout.
    seed = network.seed
    if network.runs:
        seed = Draws(seed, "run", network.runs).integer()
    orders, began_with = orders_of(job.shuffle, seed, rows, job.epochs, batches.steps(rows)), network.values()
    run = Fitting(
        network, job, goal, table, validation, stopping, listeners, batches, seed, orders, began_with
    )
    names = ["cost", *goal.metrics]
    recorded = [*names, *(f"val_{n}" for n in names)] if validation else names
    _check_monitors(run, recorded)
    run.history.history = {name: [] for name in recorded}
    return run


def _warn_of_lone_examples(run: Fitting) -> None:
    """Warn where a layer that learns from several examples together is given too few at a time."""
    if run.job.epochs == 0 or run.batches.size >= run.batches.smallest:
        return
    label, layer = next(
        (label, call.layer)
        for label, call in run.network.architecture.calls.items()
        if call.layer.least_examples > run.batches.size
    )
    size = run.batches.size
    why = f"there are only {run.rows} rows" if size == run.rows > 1 else f"batch_size={size}"
    why = "there is only one row to learn from" if run.rows == 1 else why
    remedy = "Learn from more rows" if size == run.rows else "Train in larger batches, such as batch_size=32"
    warn(
        f"Layer '{label}' ({type(layer).__name__}) learns the mean and the variance of its inputs over a batch, "
        f"which takes at least {layer.least_examples} examples; here a batch has {size} ({why}), so what is learned "
        f"will predict badly. {remedy}, or take LayerNormalization.",
        LearningWarning,
    )


def _check_monitors(run: Fitting, recorded: list[str]) -> None:
    for callback in run.listeners:
        if isinstance(callback, EarlyStopping | Checkpoint) and callback.monitor:
            name = monitor_name(callback.monitor)
            if name not in recorded:
                missing = name.startswith("val_") and run.validation is None
                hint = " Give validation_split or validation_data." if missing else ""
                error = unknown_name("monitor", callback.monitor, recorded)
                raise DataError(
                    f"{type(callback).__name__} watches what this run does not record. {error}{hint}"
                )
            larger_is_better(name, callback.larger_is_better)


def _check_settings(job: Job) -> None:
    def whole(name: str, value: Any, least: int) -> None:
        if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
            raise DataError(f"{name} must be a whole number of at least {least}; found {short(value)}.")

    whole("epochs", job.epochs, 0)
    if job.batch_size is not None:
        whole("batch_size", job.batch_size, 1)
    share = job.validation_split
    if not isinstance(share, Real) or not 0 <= share < 1:
        raise DataError(
            f"validation_split is the share of examples held back, from 0 to below 1; found {short(share)}."
        )
    if share and job.validation_data is not None:
        raise DataError("Give validation_split or validation_data, not both.")
    if not isinstance(job.verbose, int) or job.verbose not in (0, 1, 2):
        choices = "0 (silent), 1 (a progress line) or 2 (a line an epoch)"
        raise DataError(f"verbose is {choices}; found {short(job.verbose)}.")
    for name, value in (("tol", job.tol), ("time_budget", job.time_budget)):
        if value is not None and not (isinstance(value, Real) and value >= 0):
            raise DataError(f"{name} must be a number of at least 0, or None; found {short(value)}.")


def _given_validation(network: Any, job: Job) -> tuple[Objective, Arrays]:
    data = job.validation_data
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise DataError("validation_data is (X, y) or (X, y, sample_weight).")
    weight = data[2] if len(data) == 3 else None
    names = "the validation X", "the validation y", "the sample_weight of validation_data"
    arrays, y = network.pair(data[0], data[1], weight, names, learning=True)
    goal, table = network.prepare(arrays, y, job.loss, job.metrics, weight, what=names[1:])
    if len(table[0]) == 0:
        raise DataError("validation_data has no rows.")
    return goal, table


def _hold_back(network: Any, job: Job, table: Arrays) -> tuple[Arrays, Arrays]:
    """Split off the validation rows at random: data is often sorted, and its end is no fair sample."""
    rows = len(table[0])
    held = round(rows * job.validation_split)
    if held == 0 or held == rows:
        raise DataError(
            f"validation_split={job.validation_split:g} of {rows} rows leaves {held} to validate on and "
            f"{rows - held} to learn from. Use more rows or another share."
        )
    shuffled = Draws(network.seed, "held back").permutation(rows)
    learn, hold = np.sort(shuffled[held:]), np.sort(shuffled[:held])
    weighted = job.sample_weight is not None or job.class_weight is not None
    for part, name in ((learn, "learn from"), (hold, "validate on")):
        if weighted and not table[-1][part].any():
            raise DataError(f"After the split all examples to {name} have the weight 0. Use another share.")
    return [t[learn] for t in table], [t[hold] for t in table]


Step = tuple[Executable, list[Any]]  # the training program, and the optimizer's slots among its state


def _compile(run: Fitting, method: Optimizer | LBFGS) -> Step:
    """Return the training program, compiled the first time, and the optimizer's slots."""
    goal, engine = run.goal, run.network.engine
    if isinstance(method, LBFGS):
        _check_scipy(run)
        compiled = goal.programs.get("gradients", lambda: Compiled(gradient_program(goal)))
        return compiled.on(engine, run.job.epochs, run.rows), []
    if lasting(method):
        compiled, slots = goal.programs.get(method, lambda: _training(goal, method))
    else:
        compiled, slots = _training(goal, method)
    return compiled.on(engine, run.job.epochs * run.steps, run.batches.largest(run.rows)), slots


_built: Recent[tuple[Program, list[Any]]] = Recent(64)  # what a new fold would only build again


def _training(goal: Objective, method: Optimizer) -> tuple[Compiled, list[Any]]:
    """Return the training program and its slots; those of an equal network are the same but for the weights."""
    if not lasting(method):
        program, slots = training_program(goal, method)
        return Compiled(program), slots

    def make() -> tuple[Program, list[Any]]:
        program, slots = training_program(goal, method)
        kept = simplified(program).detached()
        clock = len(kept.state) - len(CLOCK)
        return kept, list(kept.state[clock - len(slots) : clock])

    program, slots = _built.get((goal.fingerprint, method), make)
    return Compiled(program), slots


# --- gradient descent on an engine ----------------------------------------------------------------------


def _descend(run: Fitting, method: Optimizer, step: Step, display: ProgressLine) -> str:
    network = run.network
    executable, slots = step
    state = _first_state(run, slots)
    rule, epoch = _rule(run, plateau(method.learning_rate), len(state), executable.engine), 0
    count = len(run.began_with)
    chunk, stopped = 1, ""
    good = [_Good(run.began_with, -1)]
    while epoch < run.job.epochs and not stopped:
        rows = run.orders(epoch, min(chunk, run.job.epochs - epoch))
        began = time.perf_counter()
        asked = Epochs(state, run.table, rows, run.batches, rule, run.progress)
        result = executable.run(asked)
        _record(run, result)
        if result.failure is not None or not _finite(result.state[:count]):
            return _divergence(run, method, result, epoch, good)
        state, stopped = result.state, result.stopped
        epoch += len(result.epochs)
        network.set_values(state[:count])
        if run.history["cost"][-1] <= good[-1].cost:
            # The last two: a cost is measured before the updates, so the newer values may be bad already.
            good = [good[-1], _Good(state[:count], epoch - 1, run.history["cost"][-1])]
        display.show(epoch - 1, _logs(run))
        if tell(run.listeners, "on_epoch_end", network, epoch - 1, _logs(run)):
            stopped = stopped or "callback"
        stopped = stopped or run.interrupts.poll() or ""  # the engine asks too rarely where epochs are short
        state[:count] = network.values()  # which a callback may have changed
        if not _needs_every_epoch(run):
            spent = max(time.perf_counter() - began, 1e-6)
            ahead = max(1, MOST_ROWS_PLANNED // max(run.rows, 1))
            chunk = int(min(max(1, len(rows) * REDRAW_SECONDS / spent), 16 * len(rows), ahead))
    run.slots = state[count : count + len(slots)]
    return _finish(run, stopped, good[-1])


def _warn_of_lost_steps(run: Fitting) -> None:
    """Warn where the steps were 0 though the gradients were not: a run in vain looks like any other."""
    network, dtype, slots = run.network, run.network.dtype, run.slots
    names = list(network.architecture.parameters)
    if not _finite(slots):
        # An optimizer has as many slots for each parameter, one parameter after the other.
        each = max(1, len(slots) // len(names))
        lost = [n for i, n in enumerate(names) if not _finite(slots[i * each : (i + 1) * each])]
        warn(
            f"The squares of the gradients of {', '.join(lost)} are too large for {dtype}, so the optimizer's steps "
            "became 0 and these weights learn no more. Scale X and y to mean 0 and deviation 1, lower the learning "
            "rate, or give the optimizer clip_norm=1.0.",
            LearningWarning,
        )
        return
    before, now = (dict(zip(names, v, strict=False)) for v in (run.began_with, network.values()))
    # A 0 is changed by the smallest step, so that of other numbers says more.
    if not run.history.epochs or any(before[n].any() and (before[n] != now[n]).any() for n in names):
        return
    telling = [n for n in names if before[n].any()] or names
    if any((before[n] != now[n]).any() for n in telling):
        return
    norms = _gradient_norms(run, network.values(), np.arange(run.batches.largest(run.rows)))
    name = max(telling, key=lambda n: norms[n])
    limits = np.finfo(dtype)
    if norms[name] > 0 and not float(limits.tiny) <= norms[name] ** 2 <= float(limits.max):
        warn(
            f"No weight moved in {_epochs(run.history.epochs)}: the gradient of {name} has the norm "
            f"{norms[name]:.3g}, whose square is no number of {dtype}. Scale X and y to mean 0 and deviation 1.",
            LearningWarning,
        )


@dataclass(frozen=True)
class _Good:
    """The values at the end of an epoch (-1: before the first), and the cost recorded for it."""

    values: Arrays
    epoch: int
    cost: float = math.inf


def _finite(arrays: Arrays) -> bool:
    return all(bool(np.isfinite(a).all()) for a in arrays)


def _needs_every_epoch(run: Fitting) -> bool:
    return run.job.verbose == 2 or any(hasattr(c, "on_epoch_end") or callable(c) for c in run.listeners)


def _first_state(run: Fitting, slots: list[Any]) -> Arrays:
    clock = [
        np.asarray(0, np.int64),
        np.asarray(run.seed, np.int64),
        np.asarray(1.0),
        np.asarray(float(run.steps * run.job.epochs)),
        np.asarray(float(run.steps)),
    ]
    return [*run.began_with, *(np.zeros(s.shape, s.dtype) for s in slots), *clock]


def _rule(run: Fitting, lowering: ReduceOnPlateau | None, size: int, engine: str | None = None) -> Stopping:
    stopping, validate, names = run.stopping, None, ["cost", *run.goal.metrics]
    if run.validation is not None:
        goal, table = run.validation
        kept = len(run.began_with)

        def validate(state: Arrays) -> list[float]:
            return list(run.network.measure(goal, table, state[:kept], engine).values())

    told = stopping.larger_is_better if stopping else None
    return Stopping(
        validate=validate,
        patience=stopping.patience if stopping else None,
        on_validation=run.monitor.startswith("val_"),
        monitor=names.index(run.monitor.removeprefix("val_")),
        larger_is_better=larger_is_better(run.monitor, told),
        min_delta=stopping.min_delta if stopping else 0.0,
        keep_best=run.validation is not None or (stopping is not None and stopping.restore_best),
        tol=None if run.job.tol is None else (float(run.job.tol), TOL_EPOCHS),
        plateau=None
        if lowering is None
        else (size - 3, lowering.factor, lowering.patience, lowering.minimum / lowering.rate),
        poll=run.interrupts.poll,
    )


def _record(run: Fitting, result: Run) -> None:
    history = run.history
    offset = history.times[-1] if history.times else 0.0
    names = ["cost", *run.goal.metrics]
    for lines, prefix in ((result.epochs, ""), (result.validation, "val_")):
        if len(lines):
            for name, column in zip(names, np.asarray(lines, np.float64).T.tolist(), strict=True):
                history.history.setdefault(f"{prefix}{name}", []).extend(column)
    history.times.extend((offset + np.asarray(result.seconds, np.float64)).tolist())


def _logs(run: Fitting) -> dict[str, float]:
    return {k: v[-1] for k, v in run.history.history.items() if v}


def _finish(run: Fitting, stopped: str, good: _Good) -> str:
    """Keep the best weights where they are asked for, and say why training ended."""
    history, progress = run.history, run.progress
    last = history.epochs - 1
    if run.stopping is not None or run.validation is not None:
        history.best_epoch = progress.best_epoch if progress.best_epoch >= 0 else None
        best = _Good(progress.best_state[: len(run.began_with)], progress.best_epoch)
    else:
        best = good
    restoring = (run.stopping is not None and run.stopping.restore_best) or stopped == "interrupted"
    kept = ""
    if restoring and best.values and 0 <= best.epoch < last:
        run.network.set_values(best.values)
        kept = f"; kept the weights of epoch {best.epoch + 1}, the best"
    here = f"Stopped at epoch {history.epochs}"
    if stopped == "patience" and run.stopping is not None:
        return f"{here}: no better {run.monitor} for {_epochs(run.stopping.patience)}{kept}."
    if stopped == "tol":
        return f"{here}: ten epochs in a row lowered the cost by less than tol={run.job.tol:g}{kept}."
    if stopped == "time":
        return f"{here}: the time budget of {run.job.time_budget:g} s was used up{kept}."
    if stopped == "interrupted":
        history.signal = run.interrupts.asked.number
        return f"{here} by {run.interrupts.asked.name}{kept}."
    if stopped == "callback":
        return f"{here}: a callback asked for it{kept}."
    return f"Trained all {_epochs(history.epochs)}{kept}."


def _epochs(number: int) -> str:
    return f"{number} epoch{'' if number == 1 else 's'}"


# --- when the cost became NaN or infinite ---------------------------------------------------------------


def _divergence(run: Fitting, method: Optimizer, result: Run, epochs_before: int, good: list[_Good]) -> str:
    """Restore the last good weights, and say what happened where, and what to try."""
    run.history.diverged = True
    failure = result.failure or _seen_in_parameters(run, result)
    epoch = epochs_before + failure.epoch
    step, before = epoch * run.steps + failure.step, failure.before[: len(run.began_with)]
    found = run.network.architecture
    names = [*found.parameters, *found.statistics]
    broken = [name for name, value in zip(names, run.began_with, strict=True) if not _finite([value])]
    if broken:
        run.network.set_values(run.began_with)
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
    norms = _gradient_norms(run, run.network.values(), failure.before_rows)
    later = _gradient_norms(run, before, failure.before_rows)
    name = max(norms, key=lambda n: _growth(norms[n], later[n]))
    total, scale = float(run.steps * run.job.epochs), float(failure.before[-3])
    rate = scale * float(schedule(method.learning_rate).at(step - 1, total, float(run.steps)))
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


def _leap(run: Fitting, good: Arrays, now: Arrays, updates: int) -> str:
    """Say which parameter has been thrown far from its last good value, or "" if none."""
    few = "One update" if updates == 1 else f"{updates} updates"
    for name, old, new in zip(run.network.architecture.parameters, good, now, strict=False):
        with np.errstate(all="ignore"):
            start, end = (float(np.linalg.norm(w.astype(np.float64))) for w in (old, new))
        if not end < MUCH * max(start, 1.0):
            return f"{few} took {name} from a norm of {start:.3g} to {end:.3g} (layer {_layer_of(run, name)})"
    return ""


def _layer_of(run: Fitting, name: str) -> str:
    """Return the label of the layer that a parameter belongs to."""
    layer = run.network.architecture.meaning(name).layer
    return next(label for label, c in run.network.architecture.calls.items() if c.layer is layer)


def _seen_in_parameters(run: Fitting, result: Run) -> Failure:
    """Return the failure of a run whose last update made NaN of a parameter after a finite cost."""
    nothing = np.zeros(0, np.int64)
    return Failure(len(result.epochs) - 1, run.steps - 1, nothing, result.state, nothing)


def _restore_last_good(run: Fitting, good: list[_Good]) -> _Good:
    """Set the best values known, by the cost they really have; return them."""
    network, (goal, table) = run.network, run.validation or (run.goal, run.table)
    best = _Good(run.progress.best_state[: len(run.began_with)], run.progress.best_epoch)
    known = [c for c in (_Good(run.began_with, -1), *good, best) if c.values and _finite(c.values)]
    costs = [network.measure(goal, table, c.values)["cost"] for c in known]
    _, chosen = min(
        zip(costs, known, strict=True), key=lambda pair: pair[0] if math.isfinite(pair[0]) else math.inf
    )
    network.set_values(chosen.values)
    return chosen


def _growth(before: float, after: float) -> float:
    if not math.isfinite(after):
        return math.inf
    return after / before if before > 0 else (math.inf if after > 0 else 0.0)


def _times(before: float, after: float) -> str:
    growth = _growth(before, after)
    return "beyond all bounds" if not math.isfinite(growth) else f"{growth:.2g}-fold"


def _gradient_norms(run: Fitting, values: Arrays, rows: np.ndarray) -> dict[str, float]:
    batch = [t[rows] if len(rows) else t for t in run.table]
    slopes = run.network.slopes(run.goal, batch, values)[1:]
    with np.errstate(all="ignore"):
        return {
            name: float(np.linalg.norm(np.asarray(g, np.float64)))
            for name, g in zip(run.network.architecture.parameters, slopes, strict=True)
        }


# --- L-BFGS through SciPy -------------------------------------------------------------------------------


def _check_scipy(run: Fitting) -> None:
    architecture = run.network.architecture
    if run.steps > 1 and run.job.batch_size != DEFAULT_BATCH:
        raise DataError("L-BFGS looks at all examples at once: leave batch_size out, or set it to None.")
    random = any(n.primitive.name == "random_uniform" for n in order(at([run.goal.cost], training=True)))
    for there, name in ((architecture.statistics, "BatchNormalization"), (random, "Dropout")):
        if there:
            raise GraphError(
                f"L-BFGS compares costs at many points, and {name} changes the cost between two looks. "
                "Leave it out, or train with an optimizer that goes step by step, such as 'adam'."
            )


def _descend_with_scipy(run: Fitting, method: LBFGS, display: ProgressLine) -> str:
    """An iteration stands for an epoch; the cost recorded is that of the weights it ends with."""
    from scipy.optimize import minimize  # noqa: PLC0415 -- SciPy's optimizers take long to import

    network = run.network
    nodes = list(network.architecture.parameters.values())
    sizes = np.cumsum([0] + [int(np.prod(w.shape)) for w in nodes])
    began = time.perf_counter()
    rule = _rule(run, None, 0)
    lowest = _Good(run.began_with, -1)
    seen: dict[bytes, float] = {}  # the costs since the last iteration, by where they were found

    def unpack(flat: np.ndarray) -> Arrays:
        return [
            flat[a:b].reshape(w.shape).astype(w.dtype)
            for a, b, w in zip(sizes[:-1], sizes[1:], nodes, strict=True)
        ]

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        cost, *slopes = network.slopes(run.goal, run.table, unpack(flat))
        seen[flat.tobytes()] = float(cost)
        return float(cost), np.concatenate([np.asarray(g, np.float64).ravel() for g in slopes])

    def after_iteration(flat: np.ndarray) -> None:
        nonlocal lowest
        values = unpack(flat)
        cost = seen[flat.tobytes()] if flat.tobytes() in seen else value(flat)[0]
        seen.clear()
        network.set_values(values)
        if cost <= lowest.cost:
            lowest = _Good(values, run.history.epochs, cost)
        scores = network.measure(run.goal, run.table) if run.goal.metrics else {}
        epochs = [[cost, *(scores[m] for m in run.goal.metrics)]]
        validation: list[list[float]] = []
        stopped = end_of_epoch(rule, run.progress, values, epochs, validation)
        _record(run, Run([], epochs, validation, []))
        run.history.times.append(time.perf_counter() - began)
        display.show(run.history.epochs - 1, _logs(run))
        if tell(run.listeners, "on_epoch_end", network, run.history.epochs - 1, _logs(run)):
            stopped = stopped or "callback"
        stopped = stopped or run.interrupts.poll() or ""
        if stopped:
            raise _Stop(stopped)

    start = np.concatenate([np.asarray(v, np.float64).ravel() for v in run.began_with])
    if run.job.epochs == 0:
        return _finish(run, "", lowest)
    if not math.isfinite(value(start)[0]):
        run.history.diverged = True
        return (
            "The cost was NaN or infinite at the weights it began with, which were kept. Look for a "
            "logarithm or root of a negative number, a division by 0, or very large inputs."
        )
    options = {
        "maxiter": run.job.epochs, "maxfun": method.max_evaluations, "gtol": method.tolerance,
        "ftol": 64 * np.finfo(float).eps, "maxcor": method.memory,
    }  # fmt: skip
    try:
        result = minimize(
            value, start, jac=True, method="L-BFGS-B", callback=after_iteration, options=options
        )
    except _Stop as stop:
        return _finish(run, str(stop), lowest)
    if not run.history.epochs:
        with suppress(_Stop):
            after_iteration(start)
    network.set_values(lowest.values)
    words = _finish(run, "", lowest)
    if run.history.epochs < run.job.epochs:
        kept = words.partition(";")[1:]
        words = f"Stopped after {run.history.epochs} iterations: {_scipy_words(result)}{''.join(kept) or '.'}"
    return words


class _Stop(Exception):
    """Leaves SciPy's loop; its words are the reason."""


def _scipy_words(result: Any) -> str:
    message = result.message if isinstance(result.message, str) else result.message.decode()
    if "REL_REDUCTION" in message or "FACTR" in message:
        return "the cost no longer falls"
    if "GRADIENT" in message or "PGTOL" in message:
        return "the gradient is 0 within the tolerance"
    if "LIMIT" in message:
        return "the limit of iterations or evaluations was reached"
    return message.lower().rstrip(".")
