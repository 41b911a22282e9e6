"""A run of epochs: how it is asked for, what it gives back, and the loop over the steps of any engine."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.engines.stopping import Progress, Stopping, end_of_epoch
from chainrule.graph.evaluate import Arrays

POLL_SECONDS = 0.02

Step = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], tuple[Arrays, Arrays]]
"""(state, batch) -> (new state, outputs)"""
Reading = Callable[[np.ndarray, np.ndarray, Arrays], np.ndarray]
"""(a line for each epoch: the means of the outputs that are numbers over its steps, the numbers of the examples of the
last epoch, in order, what the other outputs were for each of them) -> a line for each epoch: what is recorded of it"""
Watching = Callable[[int, int, float], None]
"""(an epoch of the run, counted from 0; how many of its steps are done; their mean cost)"""


@dataclass(frozen=True)
class Batches:
    """How the examples of an epoch are cut into batches."""

    size: int
    smallest: int = 1  # the last batch has what is left; fewer than these join the batch before it

    def steps(self, rows: int) -> int:
        """Return how many batches an epoch of so many rows has; all but the last have ``size`` rows.

        >>> Batches(32).steps(65), Batches(32, smallest=2).steps(65)
        (3, 2)
        """
        whole, left = divmod(rows, self.size)
        joined = left == 0 or left < self.smallest <= self.size
        return max(whole if joined else whole + 1, 1)

    def cut(self, step: int, rows: int) -> slice:
        """Return where one batch lies among the rows of an epoch."""
        start, last = step * self.size, step == self.steps(rows) - 1
        return slice(start, rows if last else start + self.size)

    def cuts(self, rows: int) -> Iterator[slice]:
        """Yield where the batches of an epoch lie, one after the other."""
        last = (self.steps(rows) - 1) * self.size
        yield from (slice(start, start + self.size) for start in range(0, last, self.size))
        yield slice(last, rows)

    def largest(self, rows: int) -> int:
        """Return how many rows the largest batch has: the last one, if it took in what was left."""
        last = self.cut(self.steps(rows) - 1, rows)
        return max(min(self.size, rows), last.stop - last.start)


@dataclass(frozen=True)
class Epochs:
    """A run of epochs, as an engine is asked for it; of these it changes no array but those of ``room``."""

    state: Sequence[np.ndarray]  # the program's, before the first step
    table: Sequence[np.ndarray]  # all examples, for each input of the program
    rows: np.ndarray  # for each epoch a line of example numbers, in the order in which they are learned from
    batches: Batches
    stopping: Stopping = field(default_factory=Stopping)
    progress: Progress = field(default_factory=Progress)  # what was seen in the runs before; it goes on here
    reading: Reading | None = None  # what is recorded; by default the means
    watching: Watching | None = None  # told now and then, between steps, how far the run is
    to_come: int = 0  # epochs that follow in other runs: whether it pays to try which way is the fastest
    marks: Sequence[int] = ()  # after how many epochs the state is to be told, too
    room: Sequence[np.ndarray] = ()  # arrays like those of the state that nobody needs: it may be left there

    def read(self, means: np.ndarray, rows: np.ndarray, each: Arrays) -> np.ndarray:
        """Return what is recorded of epochs; its first column is the cost."""
        return means if self.reading is None else self.reading(means, rows, each)

    def end(
        self, state: Arrays, epochs: Sequence[Any], validation: list[list[float]], whole: bool = True
    ) -> str:
        """Look after the end of an epoch, perhaps not a whole one; return a reason to stop, or ""."""
        return end_of_epoch(self.stopping, self.progress, state, epochs, validation, whole)

    def ends(
        self,
        state: Arrays,
        lines: Any,
        epochs: list[Any],
        validation: list[list[float]],
        whole: bool = True,
    ) -> str:
        """Look after the ends of several epochs, of which none but the last may stop or be not a whole one."""
        stopped = ""
        for i, line in enumerate(lines, start=1):
            epochs.append(line)
            stopped = self.end(state, epochs, validation, whole or i < len(lines))
        return stopped


@dataclass(frozen=True)
class Failure:
    """Where a run became NaN or infinite."""

    epoch: int  # counted from 0 within the run
    step: int  # counted from 0 within the epoch
    rows: np.ndarray  # the batch in which it was seen
    before: Arrays  # the state one step earlier, whose cost was still finite
    before_rows: np.ndarray  # the batch of that step


@dataclass(frozen=True)
class Run:
    """What a run gives back."""

    state: Arrays
    epochs: Any  # for each a line of what is recorded; the first is the cost
    validation: list[list[float]]
    seconds: Sequence[float] | np.ndarray  # since the start of the run, at the end of each epoch
    stopped: str = ""  # why, if it did
    failure: Failure | None = None
    marked: Sequence[Arrays] = ()  # the state after each of the marks that were passed


@dataclass(frozen=True)
class Alike:
    """What many runs give back, beside the states that they changed.

    Attributes:
        epochs: What the outputs were in each step, ``(runs, epochs, outputs)``.
        good: Which runs ended with numbers, ``(runs,)``; of the others nothing is to be used.
    """

    epochs: np.ndarray
    good: np.ndarray


def run_epochs(step: Step, asked: Epochs) -> Run:
    """Run epochs step by step: the loop of every engine that has none of its own."""
    began = polled = time.perf_counter()
    state, poll = list(asked.state), asked.stopping.poll
    epochs: list[list[float]] = []
    validation: list[list[float]] = []
    seconds: list[float] = []
    stopped = ""
    marked: list[Arrays] = []
    for epoch, line in enumerate(asked.rows):
        totals: Any = 0.0
        steps = done = 0
        each: list[list[np.ndarray]] = []  # of each batch: what its examples have each their own of
        before, before_rows = state, line[:0]
        in_order = len(line) == len(asked.table[0]) and bool(np.all(line[:-1] < line[1:]))
        for cut in asked.batches.cuts(len(line)):
            rows = line[cut]
            whole = in_order and len(rows) == len(line)
            new, outputs = step(state, [t if whole else t[rows] for t in asked.table])
            numbers = np.array([float(x) for x in outputs if np.ndim(x) == 0])
            if not np.isfinite(numbers[0]):
                failure = Failure(epoch, steps, rows, before, before_rows)
                return Run(state, epochs, validation, seconds, "diverged", failure, marked)
            totals, steps, done = totals + numbers, steps + 1, done + len(rows)
            each.append([x for x in outputs if np.ndim(x)])
            before, before_rows, state = state, rows, list(new)  # functions of other libraries give tuples
            if time.perf_counter() - polled > POLL_SECONDS:
                polled = time.perf_counter()
                if asked.watching is not None:
                    asked.watching(epoch, steps, float(totals[0]) / steps)
                stopped = (poll and poll()) or ""
                if stopped:
                    break
        joined = [np.concatenate(x) for x in zip(*each, strict=True)]
        epochs.append(asked.read(totals[None] / steps, line[:done], joined)[0].tolist())
        stopped = asked.end(state, epochs, validation, done == len(line)) or stopped
        seconds.append(time.perf_counter() - began)
        if epoch + 1 in asked.marks:
            marked.append([np.array(x) for x in state])
        if stopped:
            break
    return Run(state, epochs, validation, seconds, stopped, marked=marked)
