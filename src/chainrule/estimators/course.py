"""A descent as scikit-learn runs it: its orders, what ends it, how its rate goes on. The epochs are the engine's."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.epochs import Batches, Epochs, Failure
from chainrule.engines.executable import Executable
from chainrule.engines.stopping import Progress, Stopping
from chainrule.estimators.written import Page, rows_at_once, written_out
from chainrule.graph.evaluate import Arrays
from chainrule.signals import Asked, asking
from chainrule.train.objective import SCALE_AT

if TYPE_CHECKING:
    from chainrule.estimators.audience import Audience

MOST_ROWS_AHEAD = 2_000_000  # example numbers that are drawn ahead: 16 MB
FIRST_ROWS_AHEAD = 25_000  # at first: a short fit needs no more, and to draw takes as long as to learn
MOST_SECONDS_AHEAD = 0.2  # of work that is asked for at once


@dataclass
class Rate:
    """The learning rate, and how it goes on: "constant", "invscaling" or "adaptive"."""

    initial: float
    schedule: str = "constant"
    power: float = 0.5
    now: float = field(init=False)

    def __post_init__(self) -> None:
        self.now = float(self.initial)

    def after_epoch(self, seen: int) -> None:
        """Lower it after an epoch; ``seen`` is how many examples were learned from so far, in all fits."""
        if self.schedule == "invscaling":
            self.now = float(self.initial) / (seen + 1) ** self.power

    def instead_of_stopping(self, message: str, verbose: bool) -> bool:
        """Lower it where no epoch was better for long; return whether training goes on."""
        goes_on = self.schedule == "adaptive" and self.now > 1e-6
        if goes_on:
            self.now /= 5.0
        if verbose:
            small = " Learning rate too small." if self.schedule == "adaptive" else ""
            print(message + (f" Setting learning rate to {self.now:f}" if goes_on else f"{small} Stopping."))
        return goes_on


@dataclass
class Watch:
    """What a descent has seen, and when that ends it.

    Attributes:
        rate: The learning rate.
        tol: By how much the loss, or the score, is to be better.
        patience: In so many epochs, of which one more is needed.
        verbose: Whether epochs are told.
        losses: The loss of each epoch.
        best_loss: The least of them; None where scores are watched.
        waited: How many epochs in a row were not better.
        seen: How many examples were learned from.
        epochs: How many epochs this fit has done.
        judge: From the network's values to the score and the loss of held-back examples, or None.
        decides: Whether the scores decide which epoch was the best, and when it ends.
        scores: Of each epoch.
        judged: What the held-back examples cost after each.
        best_score: The largest score.
        best_epoch: The epoch that had it, from 1; 0 before there is one.
        best: The values that had it.
        count: So many of a state are the network's values.
        hears: Who hears of each epoch, and may ask to stop; or None.
        settled: From the values under way to those to predict with.
    """

    rate: Rate
    tol: float
    patience: float
    verbose: bool
    losses: list[float]
    best_loss: float | None
    waited: int = 0
    seen: int = 0
    epochs: int = 0
    judge: Callable[[Sequence[np.ndarray]], tuple[float, float]] | None = None
    decides: bool = False
    scores: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    best_score: float = -np.inf
    best_epoch: int = 0
    best: Arrays = field(default_factory=list)
    count: int = 0
    hears: "Audience | None" = None
    settled: Callable[[Arrays], Arrays] = list

    @property
    def unasked(self) -> int:
        """How many epochs may be done before anyone looks at their ends, the last of which is the first to stop."""
        if self.verbose or self.judge or self.hears or self.rate.schedule == "invscaling":
            return 1
        return int(min(max(self.patience + 1 - self.waited, 1), 2**31))

    def count_on(self, losses: Sequence[float], rows: int) -> None:
        """Count epochs that nobody hears of, and that end nothing: there are thousands of a fit of milliseconds."""
        best, waited, tol = np.inf if self.best_loss is None else self.best_loss, self.waited, self.tol
        for loss in losses:
            waited = waited + 1 if loss > best - tol else 0
            best = min(best, loss)
            self.losses.append(loss)
        if losses:
            self.best_loss, self.waited = best, waited
            self.epochs, self.seen = self.epochs + len(losses), self.seen + rows * len(losses)

    def end(self, state: list[np.ndarray], loss: float, rows: int) -> str:
        """Look after the end of an epoch; return "stopped" or ""."""
        self.epochs += 1
        self.seen += rows
        self.losses.append(loss)
        if self.verbose:
            print(f"Iteration {self.epochs:d}, loss = {loss:.8f}")
        values = self.settled(state[: self.count]) if self.judge or self.hears else []
        if self.judge is not None:
            self._look_at(*self.judge(values), values)
        if not self.decides:
            best = np.inf if self.best_loss is None else self.best_loss
            self.waited = self.waited + 1 if loss > best - self.tol else 0
            self.best_loss = min(best, loss)
        self.rate.after_epoch(self.seen)
        stopped = ""
        if self.waited > self.patience:
            watched = "Validation score" if self.decides else "Training loss"
            epochs = f"{int(self.patience):d} consecutive epochs."
            message = f"{watched} did not improve more than tol={self.tol:f} for {epochs}"
            if self.rate.instead_of_stopping(message, self.verbose):
                self.waited = 0
            else:
                stopped = "stopped"
        if state[SCALE_AT] != self.rate.now:
            state[SCALE_AT] = np.asarray(self.rate.now)
        if self.hears is not None and self.hears(values, self._logs, bool(stopped)):
            stopped = stopped or "callback"
        return stopped

    def _look_at(self, score: float, loss: float, values: Arrays) -> None:
        self.scores.append(score)
        self.judged.append(loss)
        if self.verbose:
            print(f"Validation score: {score:f}")
        if self.decides:
            self.waited = self.waited + 1 if score < self.best_score + self.tol else 0
        if score > self.best_score:
            self.best_score, self.best_epoch = score, self.epochs
            self.best = [np.array(x) for x in values] if self.decides else []

    @property
    def _logs(self) -> dict[str, float]:
        """What callbacks are told of the last epoch."""
        logs = {"cost": self.losses[-1]}
        return (
            logs if self.judge is None else logs | {"val_cost": self.judged[-1], "val_score": self.scores[-1]}
        )

    def fail(self) -> None:
        """Note an epoch in which the loss became NaN or infinite."""
        self.epochs += 1
        for each in (self.losses, self.scores, self.judged):
            each.append(float("nan"))


@dataclass(frozen=True)
class _Ends(Stopping):
    """The end of every epoch is looked after by a watch."""

    watch: Any = None

    @property
    def each_epoch(self) -> bool:
        """Whether the end of an epoch may change how the run goes on."""
        return True

    def unasked(self, progress: Progress) -> int:
        """Return how many epochs may be done before anyone looks at their ends."""
        found: int = self.watch.unasked
        return found


@dataclass(frozen=True)
class _Watched(Epochs):
    """Epochs whose ends a watch looks after."""

    watch: Any = None
    shares: float = 1.0  # how many steps there are for each row

    def end(
        self, state: Arrays, epochs: Sequence[Any], validation: list[list[float]], whole: bool = True
    ) -> str:
        """Look after the end of an epoch, but for one that was broken off: it is none."""
        return self.watch.end(state, float(epochs[-1][0]) * self.shares, self.rows.shape[1]) if whole else ""

    def ends(
        self,
        state: Arrays,
        lines: Any,
        epochs: list[Any],
        validation: list[list[float]],
        whole: bool = True,
    ) -> str:
        """Look after the ends of several epochs, of which none but the last may stop: the others are counted."""
        before = lines[:-1]
        self.watch.count_on([float(line[0]) * self.shares for line in before], self.rows.shape[1])
        epochs.extend(before)
        return super().ends(state, lines[-1:], epochs, validation, whole)


@dataclass(frozen=True)
class Course:
    """One descent.

    Attributes:
        executable: A step: its output is what a batch cost, times its rows.
        table: The examples: X, which may be sparse, y, perhaps weights.
        batches: How an epoch is cut into them.
        orders: From a number of epochs to their orders, and what makes some of them not drawn.
        watch: What it has seen.
    """

    executable: Executable
    table: Sequence[Any]
    batches: Batches
    orders: "Orders"
    watch: Watch

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return int(self.table[0].shape[0])

    def run(self, state: Arrays, epochs: int) -> tuple[Arrays, str, Failure | None]:
        """Do at most so many epochs; return the state, why they ended ("" when all are done), and where they failed.

        Ctrl-C ends them after the step that is being done: then they ended because of "interrupted".
        """
        here = replace(self, table=[written_out(self.table[0]), *self.table[1:]])
        run = here._run_sparse if hasattr(here.table[0], "tocsr") else here._run
        with asking() as asked:
            return run(state, epochs, asked)

    def _run(self, state: Arrays, epochs: int, asked: Asked) -> tuple[Arrays, str, Failure | None]:
        batches, watch = self.batches, self.watch
        shares = batches.steps(self.rows) / self.rows
        ends = _Ends(poll=lambda: "interrupted" if asked.number else None, watch=watch)
        left, stopped = epochs, ""
        chunk, most = (max(ahead // self.rows, 1) for ahead in (FIRST_ROWS_AHEAD, MOST_ROWS_AHEAD))
        while left and not stopped:
            chunk = min(chunk, most, left)
            before, began = watch.epochs, time.perf_counter()
            with self.orders.ahead(chunk) as rows:
                found = self.executable.run(
                    _Watched(
                        state,
                        self.table,
                        rows,
                        batches,
                        ends,
                        to_come=left - chunk,
                        watch=watch,
                        shares=shares,
                    )
                )
                self.orders.keep(watch.epochs - before)
            if found.failure is not None:
                unasked = found.epochs[watch.epochs - before :]  # of which nobody was to look at the ends
                watch.epochs += len(unasked)
                watch.losses += [float(line[0]) * shares for line in unasked]
                return found.state, "diverged", found.failure
            state, stopped, left = found.state, found.stopped, left - (watch.epochs - before)
            spent = max(time.perf_counter() - began, 1e-6)
            chunk = max(1, min(2 * chunk, int(chunk * MOST_SECONDS_AHEAD / spent)))
            stopped = stopped or ("interrupted" if asked.number else "")
        return state, stopped, None

    def _run_sparse(self, state: Arrays, epochs: int, asked: Asked) -> tuple[Arrays, str, Failure | None]:
        """Do epochs a block of batches at a time, of which the rows are written out."""
        X, rest = self.table[0].tocsr(), self.table[1:]
        batches, rows = self.batches, self.rows
        steps, several = batches.steps(rows), max(rows_at_once(X) // batches.size, 1)
        ends = Stopping(poll=lambda: "interrupted" if asked.number else None)
        page = Page(X, min(several * batches.size + batches.smallest, rows))
        room, own = Arrays(), Arrays()  # states of runs before this one; the first is the estimator's
        for _ in range(epochs):
            total = 0.0
            with self.orders.ahead(1) as order:
                self.orders.keep(1)
                for first in range(0, steps, several):
                    last = min(first + several, steps) - 1
                    here = order[0, batches.cut(first, rows).start : batches.cut(last, rows).stop]
                    table = [page.write(here), *[each[here] for each in rest]]
                    lines = np.broadcast_to(np.arange(len(here)), (1, len(here)))
                    found = self.executable.run(Epochs(state, table, lines, batches, ends, room=room))
                    if found.failure is not None:
                        return (
                            found.state,
                            "diverged",
                            replace(found.failure, step=first + found.failure.step),
                        )
                    room, own, state = own, found.state, found.state
                    if found.stopped:
                        return state, found.stopped, None
                    total += float(found.epochs[0][0]) * batches.steps(len(here))
            if stopped := self.watch.end(state, total / rows, rows):
                return state, stopped, None
        return state, "", None


class Orders:
    """In which order epochs see the examples, drawn as ``sklearn.utils.shuffle`` draws: each order shuffles the last.

    Args:
        rows: How many examples there are.
        random: A ``RandomState``, or None where they stay as they lie.
        private: Whether nobody else draws from it after this, so that it need not be left where scikit-learn would.
        matters: Whether it matters in which order they are: not where one batch takes all.

    Attributes:
        last: The last order: the next one shuffles it.
    """

    def __init__(self, rows: int, random: Any, private: bool, matters: bool = True) -> None:
        self._rows = rows
        self._random = random
        self._private = private
        self._draws = random is not None and (matters or not private)
        self.last: np.ndarray = np.arange(rows)
        self._matters = matters
        self._begin: Any = None
        self._kept = 0

    @contextmanager
    def ahead(self, epochs: int) -> Iterator[np.ndarray]:
        """Yield the orders of so many epochs; to others those that are not kept are as if they had not been drawn."""
        if not self._draws:
            yield np.broadcast_to(self.last, (epochs, self._rows))
            return
        begin, order, self._kept = self._random.get_state(), self.last, 0
        drawn = self._draw(epochs)
        try:
            yield drawn if self._matters else np.broadcast_to(np.arange(self._rows), (epochs, self._rows))
        finally:
            if self._kept < epochs and not self._private:
                self._random.set_state(begin)
                self.last = order
                self._draw(self._kept)

    def keep(self, epochs: int) -> None:
        """Say how many of the orders that were drawn ahead were needed."""
        self._kept = epochs

    def _draw(self, epochs: int) -> np.ndarray:
        found = np.empty((epochs, self._rows), np.int64)
        for line in found:
            line[:] = np.arange(self._rows)
            self._random.shuffle(line)
            line[:] = self.last[line]
            self.last = line
        self.last = np.array(self.last)
        return found
