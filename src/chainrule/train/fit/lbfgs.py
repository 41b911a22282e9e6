"""L-BFGS through SciPy: an iteration stands for an epoch; the cost recorded is that of the weights it ends with."""

import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.doors import late
from chainrule.engines.epochs import Run
from chainrule.engines.stopping import end_of_epoch
from chainrule.errors import DataError, GraphError, needing
from chainrule.graph.closed import bodies, every_node
from chainrule.graph.evaluate import Arrays
from chainrule.graph.walk import order
from chainrule.shown import counted
from chainrule.train.fit.fitting import Fitting, Good
from chainrule.train.fit.stopping import finish, stopping_of
from chainrule.train.objective import Objective
from chainrule.train.optimizers import LBFGS

if TYPE_CHECKING:
    from chainrule.train.fit.threads import one_thread, threads_of_scipy
else:
    one_thread = late("chainrule.train.fit.threads:one_thread")
    threads_of_scipy = late("chainrule.train.fit.threads:threads_of_scipy")

DEFAULT_BATCH = 32  # of a fit that says nothing of batches


def check(goal: Objective, steps: int, batch_size: int | None) -> None:
    """Raise where L-BFGS cannot do what a fit asks of it."""
    if steps > 1 and batch_size != DEFAULT_BATCH:
        raise DataError("L-BFGS looks at all examples at once: leave batch_size out, or set it to None.")
    nodes = order(goal.learning([goal.cost]))
    nodes += [n for node in nodes for body in bodies(node) for n in every_node(body)]
    random = any(n.primitive.name == "random_uniform" for n in nodes)
    moving = goal.moved != list(goal.architecture.statistics.values())
    for there, name in ((moving, "BatchNormalization"), (random, "Dropout")):
        if there:
            raise GraphError(
                f"L-BFGS compares costs at many points, and {name} changes the cost between two looks. "
                "Leave it out, or train with an optimizer that goes step by step, such as 'adam'."
            )


class _Stop(Exception):
    """Leaves SciPy's loop; its words are the reason."""


def descend(run: Fitting, method: LBFGS) -> str:
    """Train, and say why it ended."""
    with needing("L-BFGS"):
        from scipy.optimize import minimize  # noqa: PLC0415 -- SciPy's optimizers take long to import

        threads = threads_of_scipy()

    programs, goal = run.programs, run.goal
    clock, until = time.perf_counter(), stopping_of(run, None, 0)
    lowest = Good(run.began_with, -1)
    seen: dict[bytes, float] = {}  # the costs since the last iteration, by where they were found

    began = dict(zip(programs.values.names, run.began_with, strict=True))
    trained = {name: began[name] for name in goal.trained}

    def unpack(flat: np.ndarray) -> Arrays:
        parts = np.split(flat, np.cumsum([w.size for w in trained.values()])[:-1])
        shaped = zip(trained.items(), parts, strict=True)
        return list(
            (began | {name: part.reshape(w.shape).astype(w.dtype) for (name, w), part in shaped}).values()
        )

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        cost, *slopes = programs.slopes(goal, run.table, unpack(flat), trained)
        seen[flat.tobytes()] = float(cost)
        return float(cost), np.concatenate([np.asarray(g, np.float64).ravel() for g in slopes])

    def after_iteration(flat: np.ndarray) -> None:
        nonlocal lowest
        values = unpack(flat)
        cost = seen[flat.tobytes()] if flat.tobytes() in seen else value(flat)[0]
        seen.clear()
        programs.values.set(values)
        if cost <= lowest.cost:
            lowest = Good(values, run.history.epochs, cost)
        scores = programs.measure(goal, run.table) if goal.watched else {}
        epochs = [[cost, *(scores[m] for m in goal.watched)]]
        validation: list[list[float]] = []
        stopped = end_of_epoch(until, run.progress, values, epochs, validation)
        run.record(Run([], epochs, validation, []))
        run.history.times.append(time.perf_counter() - clock)
        if run.tell():
            stopped = stopped or "callback"
        stopped = stopped or run.interrupts.poll() or ""
        if stopped:
            raise _Stop(stopped)

    start = np.concatenate([np.asarray(v, np.float64).ravel() for v in trained.values()])
    if run.settings.epochs == 0:
        return finish(run, "", lowest)
    if not math.isfinite(value(start)[0]):
        run.history.diverged = True
        return (
            "The cost was NaN or infinite at the weights it began with, which were kept. Look for a "
            "logarithm or root of a negative number, a division by 0, or very large inputs."
        )
    options = {
        "maxiter": run.settings.epochs, "maxfun": method.max_evaluations, "gtol": method.tolerance,
        "ftol": 64 * np.finfo(float).eps, "maxcor": method.memory,
    }  # fmt: skip
    try:
        with one_thread(threads):
            result = minimize(
                value, start, jac=True, method="L-BFGS-B", callback=after_iteration, options=options
            )
    except _Stop as stop:
        return finish(run, str(stop), lowest)
    if not run.history.epochs:
        with suppress(_Stop):
            after_iteration(start)
    programs.values.set(lowest.values)
    words = finish(run, "", lowest)
    if run.history.epochs < run.settings.epochs:
        kept = words.partition(";")[1:]
        after = counted(run.history.epochs, "iteration")
        words = f"Stopped after {after}: {_in_words(result)}{''.join(kept) or '.'}"
    return words


def _in_words(result: Any) -> str:
    message = result.message if isinstance(result.message, str) else result.message.decode()
    if "REL_REDUCTION" in message or "FACTR" in message:
        return "the cost no longer falls"
    if "GRADIENT" in message or "PGTOL" in message:
        return "the gradient is 0 within the tolerance"
    if "LIMIT" in message:
        return "the limit of iterations or evaluations was reached"
    return message.lower().rstrip(".")
