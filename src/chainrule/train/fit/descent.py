"""Gradient descent: epochs on an engine, as many at a time as nobody wants to look between."""

import time

import numpy as np

from chainrule.engines.epochs import Epochs
from chainrule.graph.evaluate import Arrays
from chainrule.nn.layers.base import SEED, STEP
from chainrule.signals import asking
from chainrule.train.fit import lbfgs
from chainrule.train.fit.divergence import diverged
from chainrule.train.fit.fitting import Fitting, Good, finite
from chainrule.train.fit.stopping import finish, stopping_of
from chainrule.train.objective import CLOCK, PER_EPOCH, SCALE, TOTAL
from chainrule.train.optimizers import Optimizer
from chainrule.train.schedules import plateau
from chainrule.train.watching import reading_of

MOST_ROWS_PLANNED = 4_000_000  # example numbers that are shuffled ahead: 32 MB
REDRAW_SECONDS = 0.05


def descend(run: Fitting) -> None:
    """Train, until it is done or a signal asks for the end."""
    method = run.method
    with asking() as run.interrupts.asked:
        stopped = _descend(run, method) if method.by_steps else lbfgs.descend(run, method)
    run.history.stopped = stopped


def _descend(run: Fitting, method: Optimizer) -> str:
    values, state, room = run.programs.values, first_state(run), Arrays()
    every_epoch = run.settings.verbose == 2 or run.listeners.of_every_epoch
    until = stopping_of(run, plateau(method.learning_rate), len(state), run.executable.engine)
    count, last = len(run.began_with), run.settings.epochs
    carried = slice(count + len(run.slots), len(state) - len(CLOCK))  # what goes on from batch to batch
    chunk, epoch, stopped = 1, 0, ""
    good = [Good(run.began_with, -1)]
    reading = reading_of(run.goal, run.table)
    while epoch < last and not stopped:
        rows = run.orders(epoch, min(chunk, last - epoch))
        began = time.perf_counter()
        asked = Epochs(
            state, run.table, rows, run.batches, until, run.progress, reading, run.watching(epoch),
            last - epoch - len(rows), room,
        )  # fmt: skip
        result = run.executable.run(asked)
        run.record(result)
        if result.failure is not None or not finite(result.state[:count]):
            return diverged(run, method, result, epoch, good)
        room = [*result.state[:count], *state[count:]]  # of which nothing is looked at again
        state, stopped = result.state, result.stopped
        epoch += len(result.epochs)
        values.set(state[:count])
        run.programs.carried = [np.array(x) for x in state[carried]]
        if run.history["cost"][-1] <= good[-1].cost:
            # The last two: a cost is measured before the updates, so the newer values may be bad already.
            good = [good[-1], Good(values.get(), epoch - 1, run.history["cost"][-1])]
        if run.tell():
            stopped = stopped or "callback"
        stopped = stopped or run.interrupts.poll() or ""  # the engine asks too rarely where epochs are short
        # a callback may have changed the values, or let the states begin anew
        state = [*values.get(), *state[count : carried.start], *carried_on(run), *state[carried.stop :]]
        if not every_epoch:
            spent = max(time.perf_counter() - began, 1e-6)
            ahead = max(1, MOST_ROWS_PLANNED // max(run.rows, 1))
            chunk = int(min(max(1, len(rows) * REDRAW_SECONDS / spent), 64 * len(rows), ahead))
    run.left = state[count : count + len(run.slots)]
    return finish(run, stopped, good[-1])


def first_state(run: Fitting) -> Arrays:
    """Return the state before the first step: the network's numbers, the optimizer's slots, the clock."""
    total = run.steps * run.settings.epochs
    begins = {STEP: 0, SEED: run.seed, SCALE: 1, TOTAL: total, PER_EPOCH: run.steps}
    clock = [np.asarray(begins[n], n.dtype) for n in CLOCK]
    slots = [np.zeros(s.shape, s.dtype) for s in run.slots]
    return [*run.began_with, *slots, *carried_on(run), *clock]


def carried_on(run: Fitting) -> Arrays:
    """Return the states that go on from batch to batch: those that there are, if as many rows go on as there were."""
    kept, size = run.programs.carried, run.batches.size
    return list(kept) if kept and len(kept[0]) == size else run.programs.begun(size)
