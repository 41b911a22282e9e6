"""The loop: epochs on an engine, with validation, early stopping, callbacks, progress, and a clean end."""

import math
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

import numpy as np

from chainrule.engines.program import Arrays, Executable, Failure, Progress, Rule, Run
from chainrule.errors import DataError, DivergenceWarning
from chainrule.train import callbacks as callback_module
from chainrule.train import door
from chainrule.train.callbacks import EarlyStopping, monitor_name, tell
from chainrule.train.history import History
from chainrule.train.metrics import LARGER_IS_BETTER
from chainrule.train.objective import Objective, gradient_program, training_program
from chainrule.train.optimizers import LBFGS, Optimizer, optimizer
from chainrule.train.progress import ProgressLine
from chainrule.train.schedules import plateau, schedule

TOL_EPOCHS = 10
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
    shuffle: bool
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
    asked: bool = False

    def poll(self) -> str | None:
        """Return a reason, or None."""
        if self.asked:
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
    batch_size: int
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
        return math.ceil(self.rows / self.batch_size)

    @property
    def monitor(self) -> str:
        """What decides which epoch was best."""
        chosen = self.stopping.monitor if self.stopping is not None else None
        return monitor_name(chosen) if chosen else "val_cost" if self.validation else "cost"


def fit(network: Any, job: Job) -> History:
    """Train ``network`` as ``job`` asks."""
    run = _prepare(network, job)
    method = optimizer(job.optimizer)
    began = time.perf_counter()
    if job.time_budget is not None:
        run.interrupts.deadline = began + job.time_budget
    display = ProgressLine(job.verbose, job.epochs)
    tell(run.listeners, "on_train_begin", network)
    try:
        with _catching_interrupts(run.interrupts):
            if isinstance(method, LBFGS):
                stopped = _descend_with_scipy(run, method, display)
            else:
                stopped = _descend(run, method, display)
        run.history.stopped = stopped
    finally:
        display.close(run.history.stopped)
        tell(run.listeners, "on_train_end", network, run.history)
    if run.history.diverged:
        warnings.warn(run.history.stopped, DivergenceWarning, stacklevel=3)
    return run.history


# --- before the first step ------------------------------------------------------------------------------


def _prepare(network: Any, job: Job) -> Fitting:
    _check_settings(job)
    listeners = callback_module.check(job.callbacks)
    stopping = next((c for c in listeners if isinstance(c, EarlyStopping)), None)
    arrays = network.see(job.X)
    if len(arrays[0]) == 0:
        raise DataError("X has no rows: there is nothing to learn from.")
    weight = _weights(network, job, arrays)
    goal, table = network.prepare(arrays, job.y, job.loss, job.metrics, weight)
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
    run = Fitting(network, job, goal, table, validation, stopping, listeners, batch_size)
    recorded = ["cost", *goal.metrics] + (
        ["val_cost", *(f"val_{m}" for m in goal.metrics)] if validation else []
    )
    if run.monitor not in recorded:
        hint = " Give validation_split or validation_data." if run.monitor.startswith("val_") else ""
        raise DataError(
            f"Early stopping monitors '{run.monitor}', which this run does not record ({', '.join(recorded)}).{hint}"
        )
    run.history.history = {name: [] for name in recorded}
    return run


def _check_settings(job: Job) -> None:
    def whole(name: str, value: Any, least: int) -> None:
        if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
            raise DataError(f"{name} must be a whole number of at least {least}; found {value!r}.")

    whole("epochs", job.epochs, 0)
    if job.batch_size is not None:
        whole("batch_size", job.batch_size, 1)
    if not isinstance(job.validation_split, int | float) or not 0 <= job.validation_split < 1:
        raise DataError(
            f"validation_split is the share of examples held back, from 0 to below 1; found {job.validation_split!r}."
        )
    if job.verbose not in (0, 1, 2):
        raise DataError(
            f"verbose is 0 (silent), 1 (a progress line) or 2 (a line an epoch); found {job.verbose!r}."
        )
    for name, value in (("tol", job.tol), ("time_budget", job.time_budget)):
        if value is not None and not (isinstance(value, int | float) and value >= 0):
            raise DataError(f"{name} must be a number of at least 0, or None; found {value!r}.")


def _weights(network: Any, job: Job, arrays: Arrays) -> np.ndarray | None:
    if job.class_weight is None:
        return job.sample_weight
    _, table = network.prepare(arrays, job.y, job.loss, (), None)
    by_class = door.class_weights(job.class_weight, table[-1])
    if job.sample_weight is None:
        return by_class
    return by_class * door.weights(job.sample_weight, len(arrays[0]), np.dtype(np.float64))


def _given_validation(network: Any, job: Job) -> tuple[Objective, Arrays]:
    data = job.validation_data
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise DataError("validation_data is (X, y) or (X, y, sample_weight).")
    arrays = network.see(data[0])
    weight = data[2] if len(data) == 3 else None
    goal, table = network.prepare(arrays, data[1], job.loss, job.metrics, weight, "the validation y")
    if len(table[0]) == 0:
        raise DataError("validation_data has no rows.")
    return goal, table


def _hold_back(network: Any, job: Job, table: Arrays) -> tuple[Arrays, Arrays]:
    """Split off the validation rows at random: data is often sorted by class, and its end is no fair sample."""
    rows = len(table[0])
    held = round(rows * job.validation_split)
    if held == 0 or held == rows:
        raise DataError(
            f"validation_split={job.validation_split:g} of {rows} rows leaves {held} to validate on and "
            f"{rows - held} to learn from. Use more rows or another share."
        )
    shuffled = np.random.default_rng([network.seed, 2]).permutation(rows)
    learn, hold = np.sort(shuffled[held:]), np.sort(shuffled[:held])
    return [t[learn] for t in table], [t[hold] for t in table]


# --- gradient descent on an engine ----------------------------------------------------------------------


def _descend(run: Fitting, method: Optimizer, display: ProgressLine) -> str:
    network, goal = run.network, run.goal
    key = ("train", id(goal), repr(method))
    if key not in network._executables:
        program, slots = training_program(goal, method)
        network._executables["slots", key] = slots
        network.executable(key, lambda: program)
    executable: Executable = network.executable(key, lambda: None)
    slots = network._executables["slots", key]
    state = _first_state(run, slots)
    rule, epoch = _rule(run, method, len(state)), 0
    orders = _orders(run)
    count = len(network.values())
    chunk, stopped = 1, ""
    good = state[:count]
    lowest = math.inf
    while epoch < run.job.epochs and not stopped:
        rows = orders(epoch, min(chunk, run.job.epochs - epoch))
        began = time.perf_counter()
        result = executable.run(state, run.table, rows, rule, run.progress)
        _record(run, result, began)
        if result.failure is not None:
            network.set_values(run.progress.best_state[:count] or good)
            run.history.diverged = True
            return _divergence(run, method, result.failure, epoch)
        state, stopped = result.state, result.stopped
        epoch += len(result.epochs)
        network.set_values(state[:count])
        if run.history["cost"][-1] <= lowest:
            lowest, good = run.history["cost"][-1], state[:count]
        display.show(epoch - 1, _logs(run))
        if tell(run.listeners, "on_epoch_end", network, epoch - 1, _logs(run)):
            stopped = stopped or "callback"
        if not _needs_every_epoch(run):
            spent = max(time.perf_counter() - began, 1e-6)
            ahead = max(1, MOST_ROWS_PLANNED // max(run.rows, 1))
            chunk = int(min(max(1, len(rows) * REDRAW_SECONDS / spent), 4 * len(rows), ahead))
    return _finish(run, stopped, count)


def _needs_every_epoch(run: Fitting) -> bool:
    heard = [c for c in run.listeners if not isinstance(c, EarlyStopping)]
    return bool(heard) or run.job.verbose == 2


def _first_state(run: Fitting, slots: list[Any]) -> Arrays:
    clock = [
        np.asarray(0, np.int64),
        np.asarray(run.network.seed, np.int64),
        np.asarray(1.0),
        np.asarray(float(run.steps * run.job.epochs)),
        np.asarray(float(run.steps)),
    ]
    return [*run.network.values(), *(np.zeros(s.shape, s.dtype) for s in slots), *clock]


def _rule(run: Fitting, method: Optimizer, count: int) -> Rule:
    stopping, validate, names = run.stopping, None, ["cost", *run.goal.metrics]
    if run.validation is not None:
        goal, table = run.validation
        kept = len(run.network.values())

        def validate(state: Arrays) -> list[float]:
            return list(run.network.measure(goal, table, state[:kept]).values())

    on_validation = run.monitor.startswith("val_")
    name = run.monitor.removeprefix("val_")
    lowering = plateau(method.learning_rate)
    return Rule(
        batch_size=run.batch_size,
        validate=validate,
        patience=stopping.patience if stopping else None,
        on_validation=on_validation,
        monitor=names.index(name),
        larger_is_better=name in LARGER_IS_BETTER,
        min_delta=stopping.min_delta if stopping else 0.0,
        keep_best=run.validation is not None or (stopping is not None and stopping.restore_best),
        tol=None if run.job.tol is None else (float(run.job.tol), TOL_EPOCHS),
        plateau=None
        if lowering is None
        else (count - 3, lowering.factor, lowering.patience, lowering.minimum / lowering.rate),
        poll=run.interrupts.poll,
    )


def _orders(run: Fitting) -> Any:
    """Return a function from (first epoch, how many) to the order of the examples in each."""
    rows = run.rows
    shuffling = run.job.shuffle and run.batch_size < rows
    in_order = np.arange(rows)

    def orders(epoch: int, count: int) -> np.ndarray:
        if not shuffling:
            return np.broadcast_to(in_order, (count, rows))
        return np.stack(
            [
                np.random.default_rng([run.network.seed, 1, e]).permutation(rows)
                for e in range(epoch, epoch + count)
            ]
        )

    return orders


def _record(run: Fitting, result: Run, began: float) -> None:
    history = run.history
    offset = history.times[-1] if history.times else 0.0
    names = ["cost", *run.goal.metrics]
    for values in result.epochs:
        for name, value in zip(names, values, strict=True):
            history.history[name].append(float(value))
    for values in result.validation:
        for name, value in zip(names, values, strict=True):
            history.history[f"val_{name}"].append(float(value))
    history.times.extend(offset + s for s in result.seconds)


def _logs(run: Fitting) -> dict[str, float]:
    return {k: v[-1] for k, v in run.history.history.items() if v}


def _finish(run: Fitting, stopped: str, count: int) -> str:
    history, progress = run.history, run.progress
    watched = run.stopping is not None or run.validation is not None
    history.best_epoch = progress.best_epoch if watched and progress.best_epoch >= 0 else None
    restoring = (run.stopping is not None and run.stopping.restore_best) or stopped == "interrupted"
    kept = ""
    if restoring and progress.best_state and history.best_epoch != history.epochs - 1:
        run.network.set_values(progress.best_state[:count])
        kept = f"; kept the weights of epoch {progress.best_epoch + 1}, the best"
    here = f"Stopped at epoch {history.epochs}"
    assert run.stopping is not None or stopped != "patience"  # noqa: S101 -- the rule has patience only from it
    patience = run.stopping.patience if run.stopping else 0
    sentences = {
        "": f"Trained all {history.epochs} epochs{kept}.",
        "patience": f"{here}: no better {run.monitor} for {patience} epochs{kept}.",
        "tol": f"{here}: ten epochs in a row lowered the cost by less than tol={run.job.tol:g}{kept}."
        if run.job.tol is not None
        else "",
        "time": f"{here}: the time budget of {run.job.time_budget:g} s was used up{kept}."
        if run.job.time_budget is not None
        else "",
        "interrupted": f"{here} by Ctrl-C{kept}.",
        "callback": f"{here}: a callback asked for it{kept}.",
    }
    return sentences[stopped]


# --- when the cost became NaN or infinite ---------------------------------------------------------------


def _divergence(run: Fitting, method: Optimizer, failure: Failure, epochs_before: int) -> str:
    epoch, count = epochs_before + failure.epoch, len(run.network.values())
    step = epoch * run.steps + failure.step
    if step == 0:
        return (
            "The cost was NaN or infinite before the first update, so no learning rate is to blame: the loss of these "
            "targets is not finite at the initial weights. Look for a logarithm or root of a negative number, a "
            "division by 0, or very large inputs; scale X, and check the loss."
        )
    scale = float(failure.before[-3])
    rate = float(
        schedule(method.learning_rate).at(step - 1, float(run.steps * run.job.epochs), float(run.steps))
    )
    norms = _gradient_norms(run, run.network.values(), failure.before_rows)
    later = _gradient_norms(run, failure.before[:count], failure.before_rows)
    name = max(norms, key=lambda n: _growth(norms[n], later[n]))
    where = run.network.architecture.meaning(name).layer
    labels = {id(c.layer): label for label, c in run.network.architecture.calls.items()}
    restored = "the initial weights" if not run.history["cost"] else "the weights of the best epoch so far"
    return (
        f"The cost became NaN or infinite at epoch {epoch + 1}, step {failure.step + 1}. The gradient of {name} "
        f"(layer {labels.get(id(where), '?')}) grew {_times(norms[name], later[name])}, from {norms[name]:.3g} to "
        f"{later[name]:.3g}: the learning rate {rate * scale:g} is too high for this data. Restored {restored}. "
        f"Try a learning rate of {rate * scale / 10:g}, clip_norm=1.0, or inputs scaled to mean 0 and deviation 1."
    )


def _growth(before: float, after: float) -> float:
    if not math.isfinite(after):
        return math.inf
    return after / before if before > 0 else (math.inf if after > 0 else 0.0)


def _times(before: float, after: float) -> str:
    growth = _growth(before, after)
    return "beyond all bounds" if not math.isfinite(growth) else f"{growth:.2g}-fold"


def _gradient_norms(run: Fitting, values: Arrays, rows: np.ndarray) -> dict[str, float]:
    executable = run.network.executable(("gradients", id(run.goal)), lambda: gradient_program(run.goal))
    batch = [t[rows] if len(rows) else t for t in run.table]
    state = [*values, np.asarray(0), np.asarray(run.network.seed)]
    _, outputs = executable.step(state, batch)
    slopes = zip(run.network.architecture.parameters, outputs[1:], strict=True)
    with np.errstate(all="ignore"):
        return {name: float(np.linalg.norm(np.asarray(g, np.float64))) for name, g in slopes}


# --- L-BFGS through SciPy -------------------------------------------------------------------------------


def _descend_with_scipy(run: Fitting, method: LBFGS, display: ProgressLine) -> str:
    from scipy.optimize import minimize  # noqa: PLC0415 -- SciPy's optimizers take long to import

    network = run.network
    if run.batch_size < run.rows and run.job.batch_size != 32:
        raise DataError("L-BFGS looks at all examples at once: leave batch_size out, or set it to None.")
    nodes = list(network.architecture.parameters.values())
    executable = network.executable(("gradients", id(run.goal)), lambda: gradient_program(run.goal))
    statistics = network.values()[len(nodes) :]
    sizes = np.cumsum([0] + [int(np.prod(w.shape)) for w in nodes])
    began = time.perf_counter()
    lowest = _Lowest()

    def unpack(flat: np.ndarray) -> Arrays:
        return [
            flat[a:b].reshape(w.shape).astype(w.dtype)
            for a, b, w in zip(sizes[:-1], sizes[1:], nodes, strict=True)
        ]

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        state = [*unpack(flat), *statistics, np.asarray(0), np.asarray(network.seed)]
        _, outputs = executable.step(state, run.table)
        cost = float(outputs[0])
        slope = np.concatenate([np.asarray(g, np.float64).ravel() for g in outputs[1:]])
        if math.isfinite(cost) and cost < lowest.cost:
            lowest.cost, lowest.flat = cost, flat.copy()
        return cost, slope

    def after_iteration(flat: np.ndarray) -> None:
        network.set_values([*unpack(flat), *statistics])
        scores = network.measure(run.goal, run.table) if run.goal.metrics else {}
        cost, _ = value(flat)
        outputs = [cost, *(scores[m] for m in run.goal.metrics)]
        rule = replace(_scipy_rule(run), poll=None)
        validation = [] if rule.validate is None else [rule.validate(network.values())]
        seconds = [time.perf_counter() - began]
        _record(run, Run([], [outputs], validation, seconds), began)
        run.history.times[-1] = seconds[0]
        display.show(run.history.epochs - 1, _logs(run))
        if tell(run.listeners, "on_epoch_end", network, run.history.epochs - 1, _logs(run)):
            raise _Stop("callback")
        reason = run.interrupts.poll()
        if reason:
            raise _Stop(reason)

    start = np.concatenate([np.asarray(w.attributes["cell"].value, np.float64).ravel() for w in nodes])
    reason = ""
    if run.job.epochs == 0:
        return _finish(run, "", len(nodes))
    try:
        result = minimize(
            value, start, jac=True, method="L-BFGS-B", callback=after_iteration,
            options={
                "maxiter": run.job.epochs, "maxfun": method.max_evaluations, "gtol": method.tolerance,
                "ftol": 64 * np.finfo(float).eps, "maxcor": method.memory,
            },
        )  # fmt: skip
        if not run.history.epochs:
            after_iteration(result.x)
        final = f"Stopped after {run.history.epochs} iterations: {_scipy_words(result)}."
    except _Stop as stop:
        reason, final = str(stop), ""
    if lowest.flat is not None:
        network.set_values([*unpack(lowest.flat), *statistics])
    else:
        run.history.diverged = True
        network.set_values([*unpack(start), *statistics])
        return "The cost was NaN or infinite at the initial weights; they were kept. Check X, y and the loss."
    return final or _finish(run, reason, len(nodes))


class _Stop(Exception):
    pass


@dataclass
class _Lowest:
    cost: float = math.inf
    flat: np.ndarray | None = None


def _scipy_rule(run: Fitting) -> Rule:
    return _rule(run, optimizer("sgd"), 3)


def _scipy_words(result: Any) -> str:
    message = result.message if isinstance(result.message, str) else result.message.decode()
    if "REL_REDUCTION" in message or "FACTR" in message:
        return "the cost no longer falls"
    if "GRADIENT" in message or "PGTOL" in message:
        return "the gradient is 0 within the tolerance"
    if "LIMIT" in message:
        return "the limit of iterations or evaluations was reached"
    return message.lower().rstrip(".")


# --- Ctrl-C ---------------------------------------------------------------------------------------------


@contextmanager
def _catching_interrupts(interrupts: Interrupts) -> Iterator[None]:
    """Let the first Ctrl-C finish the batch; the second one aborts as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: FrameType | None) -> None:
        interrupts.asked = True
        signal.signal(signal.SIGINT, before)

    try:
        signal.signal(signal.SIGINT, ask)
    except ValueError:  # a sub-interpreter: its signals are not ours
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
