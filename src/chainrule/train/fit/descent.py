"""Gradient descent: epochs on an engine, as many at a time as nobody wants to look between."""

import time
from contextlib import nullcontext
from dataclasses import replace

import numpy as np

from chainrule.engines.epochs import Epochs, Run
from chainrule.graph.evaluate import Arrays
from chainrule.signals import Asked, asking
from chainrule.train.fit import lbfgs
from chainrule.train.fit.divergence import diverged
from chainrule.train.fit.fitting import Fitting, Good, Point, carried_on, finite, first_state
from chainrule.train.fit.orders import AHEAD
from chainrule.train.fit.resuming import Keeper
from chainrule.train.fit.stopping import finish, stopping_of
from chainrule.train.objective import STEP_AT
from chainrule.train.optimizers import Optimizer
from chainrule.train.schedules import plateau, rates
from chainrule.train.watching import reading_of

MOST_ROWS_PLANNED = 4_000_000  # example numbers that are shuffled ahead: 32 MB
REDRAW_SECONDS = 0.05
MOST_LONGER = 64  # times as many epochs as the part before
MARKS = (1, 1 + MOST_LONGER)  # where the first parts of a fit end whose epochs are short
MOST_EPOCHS = MARKS[-1] + MOST_LONGER**2  # and where the third one does


def descend(run: Fitting, keeper: Keeper | None = None, signals: Asked | None = None) -> None:
    """Train, until it is done or a signal asks for the end.

    Args:
        run: The fit.
        keeper: What writes down how far it is, or None.
        signals: Those that have come, where another thread than this one hears of them.
    """
    if run.ended:
        return
    method = run.method
    run.begin_time()
    with asking() if signals is None else nullcontext(signals) as run.interrupts.asked:
        stopped = _descend(run, method, keeper) if method.by_steps else lbfgs.descend(run, method)
        run.history.stopped = stopped
        if keeper is not None:
            keeper.end(run)
    run.history.signal = run.history.signal or run.interrupts.asked.number  # it may come when all is done


def _is_short(run: Fitting) -> bool:
    """Say whether a fit is known to take no longer than its parts are meant to, so that it need not be cut into them.

    What a part that ends badly goes back to is the same: :data:`MARKS` are where they would end.
    """
    last, pace = run.settings.last, run.executable.seconds_a_step(run.batches.largest(run.rows))
    fast = pace is not None and pace * run.steps * last <= REDRAW_SECONDS
    return fast and not run.history.epochs and 1 < last <= MOST_EPOCHS and run.keeping is None


def _all_finite(result: Run, count: int) -> bool:
    return all(finite(state[:count]) for state in (*result.marked, result.state))


def _descend(run: Fitting, method: Optimizer, keeper: Keeper | None) -> str:
    values, room = run.programs.values, Arrays()
    begins = run.begins or Point(first_state(run), run.progress, (Good(run.began_with, -1),))
    state, good, epoch = begins.state, list(begins.good), (first := run.history.epochs)
    before = 0 if run.before is None else int(state[STEP_AT])
    every_epoch = run.settings.verbose == 2 or run.listeners.of_every_epoch
    until = stopping_of(run, plateau(method.learning_rate), len(state), run.executable.engine)
    count, last = len(run.began_with), run.settings.last
    carried, chunk, stopped = run.carried, 1, ""
    reading, recorder = reading_of(run.goal, run.table), run.recorder
    short = not (every_epoch or keeper is not None or run.display.moves) and _is_short(run)
    while epoch < last and not stopped:
        part = max(MARKS[-1], AHEAD // run.rows) if short else chunk
        rows = run.orders(epoch, min(part, last - epoch))
        marks = MARKS if short and not epoch else ()
        looks = recorder.within(epoch, state, rows) if recorder is not None else []
        at = sorted({*marks, *looks})
        here = Point(state, replace(run.progress), tuple(good))
        if keeper is not None and keeper.due:
            keeper.keep(run, here)
        began = time.perf_counter()
        asked = Epochs(
            state, run.table, rows, run.batches, until, run.progress, reading, run.watching(epoch),
            last - epoch - len(rows), at, room,
        )  # fmt: skip
        if run.allowed is not None and epoch == first:  # what is compiled takes nothing of its time
            run.executable.prepare(asked)
            run.begin_time()
        result = run.executable.run(asked)
        if marks and (result.failure is not None or not _all_finite(result, count)):
            run.progress, short = here.progress, False  # where it failed is looked for part by part
            continue
        run.record(result)
        there = dict(zip(at, result.marked, strict=False))
        if recorder is not None:
            recorder.look(epoch, [(mark, there[mark]) for mark in looks if mark in there], rows)
        is_end = not short or bool(result.stopped) or epoch + len(result.epochs) >= last
        if result.failure is not None or (is_end and not finite(result.state[:count])):
            return diverged(run, method, result, epoch, good)
        room = [*result.state[:count], *state[count:]]  # of which nothing is looked at again
        state, stopped = result.state, result.stopped
        epoch += len(result.epochs)
        values.set(state[:count])
        run.programs.carried = [np.array(x) for x in state[carried]]
        passed = [(mark, there[mark]) for mark in marks if mark in there and mark < epoch]
        for end, there in [*passed, *([(epoch, values.get())] if is_end else [])]:
            if (cost := run.history["cost"][end - 1]) <= good[-1].cost:
                # The last two: a cost is measured before the updates, so the newer values may be bad already.
                good = [good[-1], Good(there[:count], end - 1, cost)]
        if run.tell():
            stopped = stopped or "callback"
        stopped = stopped or run.interrupts.poll() or ""  # the engine asks too rarely where epochs are short
        # a callback may have changed the values, or let the states begin anew
        state = [*values.get(), *state[count : carried.start], *carried_on(run), *state[carried.stop :]]
        if not every_epoch:
            spent = max(time.perf_counter() - began, 1e-6)
            ahead = max(1, MOST_ROWS_PLANNED // max(run.rows, 1))
            chunk = int(min(max(1, len(rows) * REDRAW_SECONDS / spent), MOST_LONGER * len(rows), ahead))
    if stopped == "interrupted" and keeper is not None:
        keeper.keep(run, here, last=True)  # an epoch that was begun is begun anew
    if recorder is not None:
        recorder.end(epoch, state)
    run.history.learning_rates = rates(
        method.learning_rate, run.history.epochs, run.steps, before + run.steps * run.settings.epochs, before,
        run.progress.lowered,
    )  # fmt: skip
    run.left = state[count : count + len(run.slots)]
    run.history.last_share = ((int(state[STEP_AT]) - before) % run.steps or run.steps) / run.steps
    run.done = int(state[STEP_AT])
    return finish(run, stopped, good[-1])
