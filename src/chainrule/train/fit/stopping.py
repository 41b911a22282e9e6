"""When a fit stops, and what is said of it."""

import numpy as np

from chainrule.engines.stopping import Judging, Stopping
from chainrule.errors import DataError, unknown_name
from chainrule.graph.evaluate import Arrays
from chainrule.shown import counted
from chainrule.train.callbacks import Checkpoint, EarlyStopping, Listeners
from chainrule.train.fit.advice import still_falling
from chainrule.train.fit.fitting import Fitting, Good, recorded
from chainrule.train.metrics import larger_is_better, recorded_name
from chainrule.train.objective import SCALE_AT
from chainrule.train.schedules import ReduceOnPlateau

TOL_EPOCHS = 10


def check_monitors(listeners: Listeners, known: list[str]) -> None:
    """Raise where a callback watches what is not recorded, or nobody says whether more of it is better."""
    for callback in listeners.callbacks:
        if isinstance(callback, EarlyStopping | Checkpoint) and callback.monitor:
            name, kind = recorded_name(callback.monitor, known), type(callback).__name__
            if name not in known:
                missing = name.startswith("val_") and "val_cost" not in known
                hint = " Give validation_split or validation_data." if missing else ""
                error = unknown_name("monitor", callback.monitor, known)
                raise DataError(f"{kind} watches what this run does not record. {error}{hint}")
            larger_is_better(name, callback.larger_is_better)


def stopping_of(
    run: Fitting, lowering: ReduceOnPlateau | None, size: int, engine: str | None = None
) -> Stopping:
    """Return when an engine is to stop, and which of the ``size`` arrays of its state it keeps.

    ``lowering`` is a schedule that looks at the costs; ``engine`` validates where the choice is open.
    """
    stopping, validate, kept = run.listeners.stopping, None, len(run.began_with)
    judging: Judging | None = None
    if run.validation is not None:
        goal, table = run.validation
        judging = run.programs.judging(goal, table, engine) if run.keeping is None else None

        def validate(state: Arrays) -> list[float]:
            values = state[:kept]
            epoch, keeping = run.progress.epochs_done, run.keeping
            if keeping is None or not keeping.wants(epoch):
                return list(run.programs.measure(goal, table, values, engine).values())
            predicted = Arrays()
            found = run.programs.measure(goal, table, values, engine, predicted)
            keeping.note(epoch, np.concatenate(predicted), values, run.settings.last)
            return list(found.values())

    tol, low = run.settings.tol, lowering
    return Stopping(
        validate=validate,
        judging=judging,
        patience=stopping.patience if stopping else None,
        on_validation=run.monitor.startswith("val_"),
        monitor=recorded(run.goal).index(run.monitor.removeprefix("val_")),
        larger_is_better=larger_is_better(run.monitor, stopping.larger_is_better if stopping else None),
        min_delta=stopping.min_delta if stopping else 0.0,
        then_cost=stopping is not None and stopping.then_cost,
        keep_best=run.validation is not None or (stopping is not None and stopping.restore_best),
        tol=None if tol is None else (float(tol), TOL_EPOCHS),
        plateau=None if low is None else (size + SCALE_AT, low.factor, low.patience, low.minimum / low.rate),
        poll=run.interrupts.poll,
    )


def finish(run: Fitting, stopped: str, good: Good) -> str:
    """Keep the best weights where they are asked for, and say why training ended: ``stopped`` is that in a word.

    ``good`` is the best epoch by its cost, for a fit that does not look at anything else.
    """
    history, stopping = run.history, run.listeners.stopping
    best = good
    if stopping is not None or run.validation is not None:
        best = run.best
        history.best_epoch = best.epoch if best.epoch >= 0 else None
    restoring = (stopping is not None and stopping.restore_best) or stopped == "interrupted"
    kept = ""
    if restoring and best.values and 0 <= best.epoch < history.epochs - 1:
        run.programs.values.set(best.values)
        kept = f"; kept the weights of epoch {best.epoch + 1}, the best"
    here = f"Stopped at epoch {history.epochs}"
    if stopping is not None and stopping.monitor is None and run.validation is None:
        kept += "; the cost of training was watched, for there were no rows to validate on"
    if stopped == "patience" and stopping is not None:
        return f"{here}: no better {run.monitor} for {counted(stopping.patience, 'epoch')}{kept}."
    if stopped == "tol":
        return f"{here}: ten epochs in a row lowered the cost by less than tol={run.settings.tol:g}{kept}."
    if stopped == "time":
        if history.last_share < 1:
            done = round(history.last_share * run.steps)
            here = f"Stopped within epoch {history.epochs}, after {done:,} of its {run.steps:,} steps"
        return f"{here}: the time budget of {run.settings.time_budget:g} s was used up{kept}."
    if stopped == "interrupted":
        history.signal = run.interrupts.asked.number
        return f"{here} by {run.interrupts.asked.name}{kept}."
    if stopped == "callback":
        return f"{here}: a callback asked for it{kept}."
    if history.epochs < run.settings.epochs:
        return f"{here}, as it was asked to{kept}."
    return f"Trained all {counted(history.epochs, 'epoch')}{kept}{still_falling(run)}."
