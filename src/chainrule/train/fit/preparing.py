"""What happens before the first step: whatever is wrong with a fit is found here."""

from collections.abc import Iterable, Sequence
from math import inf, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.doors import late
from chainrule.engines.epochs import Batches
from chainrule.engines.executable import Executable
from chainrule.errors import DataError, LearningWarning, warn
from chainrule.graph.node import Node
from chainrule.nn.layers.base import Call
from chainrule.nn.room import check_trained
from chainrule.random import Draws
from chainrule.shown import counted
from chainrule.train.callbacks import Listeners
from chainrule.train.fit import lbfgs
from chainrule.train.fit.fitting import Fitting, Interrupts, recorded
from chainrule.train.fit.orders import orders_of
from chainrule.train.fit.resuming import Keeper, ResumeLike, keeper_of
from chainrule.train.fit.settings import Settings
from chainrule.train.fit.stopping import check_monitors
from chainrule.train.objective import Examples, Objective, slots_in
from chainrule.train.optimizers import LBFGS, Optimizer
from chainrule.train.programs import Programs, slopes_of, training_of
from chainrule.train.watching import check_values

if TYPE_CHECKING:
    from chainrule.train.fit.looks import recorder_of
    from chainrule.train.kept import Keeping
else:  # few fits are looked into
    recorder_of = late("chainrule.train.fit.looks:recorder_of")


def hold_back(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """Split off the validation rows at random: data is often sorted, and its end is no fair sample."""
    goal, table = examples
    if goal.architecture.carried:
        raise DataError(
            "validation_split takes rows from everywhere, and a layer of this network is stateful: rows go on from "
            "batch to batch. Give validation_data=(X, y)."
        )
    rows = len(table[0])
    held = round(rows * share)
    if held == 0 or held == rows:
        raise DataError(
            f"validation_split={share:g} of {rows} rows leaves {held} to validate on and "
            f"{rows - held} to learn from. Use more rows or another share."
        )
    shuffled = Draws(seed, "held back").permutation(rows)
    learn, hold = np.sort(shuffled[held:]), np.sort(shuffled[:held])
    for part, name in ((learn, "learn from"), (hold, "validate on")):
        if goal.weight is not None and not table[-1][part].any():
            raise DataError(f"After the split all examples to {name} have the weight 0. Use another share.")
    return (goal, [t[learn] for t in table]), (goal, [t[hold] for t in table])


def begin(
    programs: Programs,
    settings: Settings,
    method: Optimizer | LBFGS,
    listeners: Listeners,
    examples: Examples,
    validation: Examples | None,
    shuffle: Any,
    runs: int,
    resume: ResumeLike = None,
    engine: str | None = None,
    times: int = 1,
    keeping: "Keeping | None" = None,
) -> tuple[Fitting, Keeper | None]:
    """Return a fit that is ready for its first step, compiled, and what writes down how far it is.

    Args (the others are kept as they are, see :class:`Fitting`):
        examples: What to learn from.
        shuffle: In which order epochs see the examples, see :func:`orders_of`.
        runs: How often the network was fitted before.
        resume: Where it is written down how far it is.
    """
    keeper = keeper_of(resume, method)
    runs, spent = (runs, 0.0) if keeper is None else keeper.before(runs)
    budget = settings.time_budget
    goal, table = examples
    rows = len(table[0])
    batch_size = rows if settings.batch_size is None else min(int(settings.batch_size), rows)
    if goal.architecture.carried:
        _check_going_on(
            method, batch_size, shuffle, rows, None if validation is None else len(validation[1][0])
        )
        programs.batch = batch_size
    calls = _learning(goal).values()
    batches = Batches(batch_size, max([call.layer.least_examples for call in calls], default=1))
    # later runs go on with others
    seed = Draws(programs.seed, "run", runs).integer() if runs else programs.seed
    check_monitors(listeners, recorded(goal, validation is not None))
    check_values(goal, table, "the examples to learn from")
    if validation is not None:
        check_values(*validation, "the examples to validate on")
    chosen = engine if engine is not None and programs.engine == "auto" else programs.engine
    executable, slots = _compiled(chosen, settings, method, goal, batches, rows, times)
    orders = orders_of(shuffle, seed, rows, settings.epochs, batches.steps(rows), executable.draw)
    if settings.epochs:
        _warn_of_lone_examples(goal, batches, rows)
    run = Fitting(
        programs=programs,
        settings=settings,
        method=method,
        listeners=listeners,
        goal=goal,
        table=table,
        validation=validation,
        batches=batches,
        seed=seed,
        orders=orders,
        executable=executable,
        slots=slots,
        began_with=programs.values.get(),
        interrupts=Interrupts(inf if budget is None else settings.began + budget - spent, spent),
        runs=runs,
        keeping=keeping,
    )
    if listeners.recording is not None:
        begins = dict(zip(programs.values.names, run.began_with, strict=True))
        run.recorder = recorder_of(
            listeners.recording, examples, method, batches, begins, slots, settings, executable.engine
        )
    if keeper is not None:
        keeper.go_on(run)
    return run, keeper


def _check_going_on(
    method: Optimizer | LBFGS, size: int, shuffle: Any, rows: int, validated: int | None
) -> None:
    """Refuse what does not suit states that go on from batch to batch: row i is where row i of the one before ended."""
    goes_on = (
        "A layer of this network is stateful: row i of a batch goes on where row i of the batch before ended"
    )
    if not method.by_steps:
        raise DataError(
            f"{goes_on}. L-BFGS looks at all examples at once: take another optimizer, such as 'adam'."
        )
    if isinstance(shuffle, bool | np.bool_) and shuffle:
        raise DataError(f"{goes_on}, so the order of the rows is not to be changed: give fit shuffle=False.")
    for count, what in ((rows, "to learn from"), (validated or size, "to validate on")):
        if count % size:
            raise DataError(
                f"{goes_on}, so each batch has as many rows: {count} rows {what} are not whole batches of {size}. "
                f"Leave out {counted(count % size, 'row')}, or give a batch_size that divides {count}."
            )


def _compiled(
    engine: str,
    settings: Settings,
    method: Optimizer | LBFGS,
    goal: Objective,
    batches: Batches,
    rows: int,
    times: int,
) -> tuple[Executable, Sequence[Node]]:
    """Return what an engine runs for a step, and the optimizer's slots among its state."""
    steps = batches.steps(rows)
    if method.by_steps:
        compiled = training_of(goal, method)
        slots = slots_in(goal, compiled.program)
        check_trained(_bytes(goal.architecture.parameters.values()), _bytes(slots))
        return compiled.on(engine, settings.epochs * steps * times, batches.largest(rows)), slots
    lbfgs.check(goal, steps, settings.batch_size)
    return slopes_of(goal, goal.trained).on(engine, settings.epochs * times, rows), []


def _bytes(nodes: Iterable[Node]) -> int:
    return sum(prod(n.shape) * n.dtype.itemsize for n in nodes)


def _learning(goal: Objective) -> dict[str, Call]:
    """Return the uses of layers, by label, but for those that are frozen."""
    every = goal.architecture.calls.items()
    return {k: call for k, call in every if not any(w.name in goal.frozen for w in call.parameters)}


def _warn_of_lone_examples(goal: Objective, batches: Batches, rows: int) -> None:
    """Warn where a layer that learns from several examples together is given too few at a time."""
    size = batches.size
    if size >= batches.smallest:
        return
    calls = _learning(goal).items()
    label, layer = next((label, call.layer) for label, call in calls if call.layer.least_examples > size)
    why = f"there are only {rows} rows" if size == rows > 1 else f"batch_size={size}"
    why = "there is only one row to learn from" if rows == 1 else why
    remedy = "Learn from more rows" if size == rows else "Train in larger batches, such as batch_size=32"
    warn(
        f"Layer '{label}' ({type(layer).__name__}) learns the mean and the variance of its inputs over a batch, "
        f"which takes at least {layer.least_examples} examples; here a batch has {size} ({why}), so what is learned "
        f"will predict badly. {remedy}, or take LayerNormalization.",
        LearningWarning,
    )
