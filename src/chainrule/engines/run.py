"""What an engine gives back, and how a run of epochs goes: one interface for all engines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Rule:
    """When a run stops, and which of its states it keeps. Counted in epochs.

    Attributes:
        batch_size: Examples a step.
        smallest_batch: The last batch of an epoch has what is left; fewer than these join the batch before it.
        validate: Returns the outputs of the validation program for a state, or None for no validation.
        patience: Stop after this many epochs without a better monitored value; None for never.
        on_validation: Whether the monitored number is one of the validation's, or of training's own outputs.
        monitor: Its position among them; 0 is the cost.
        larger_is_better: Whether the monitored number is a score.
        min_delta: By how much a value must be better to count.
        keep_best: Whether the best state is returned in place of the last.
        tol: (by how much the training cost must fall, in how many epochs), or None.
        plateau: (position of the learning-rate scale in the state, factor, patience, smallest scale), or None.
        poll: Asked between steps, a few dozen times a second: a reason to stop now, or None.
    """

    batch_size: int
    validate: Callable[[Arrays], list[float]] | None = None
    patience: int | None = None
    on_validation: bool = False
    monitor: int = 0
    larger_is_better: bool = False
    min_delta: float = 0.0
    keep_best: bool = False
    tol: tuple[float, int] | None = None
    plateau: tuple[int, float, int, float] | None = None
    poll: Callable[[], str | None] | None = None
    smallest_batch: int = 1

    def steps(self, rows: int) -> int:
        """Return how many batches an epoch of so many rows has; all but the last have ``batch_size`` rows.

        >>> Rule(batch_size=32).steps(65), Rule(batch_size=32, smallest_batch=2).steps(65)
        (3, 2)
        """
        whole, left = divmod(rows, self.batch_size)
        joined = left == 0 or left < self.smallest_batch <= self.batch_size
        return max(whole if joined else whole + 1, 1)

    def batches(self, rows: int) -> Iterator[slice]:
        """Return where each batch lies among the rows of an epoch, one after the other."""
        last = self.steps(rows) - 1
        return (self._cut(step, last, rows) for step in range(last + 1))

    def batch(self, step: int, rows: int) -> slice:
        """Return where one batch lies."""
        return self._cut(step, self.steps(rows) - 1, rows)

    def _cut(self, step: int, last: int, rows: int) -> slice:
        start = step * self.batch_size
        return slice(start, rows if step == last else start + self.batch_size)

    def largest(self, rows: int) -> int:
        """Return how many rows the largest batch has: the last one, if it took in what was left."""
        last = self.batch(self.steps(rows) - 1, rows)
        return max(min(self.batch_size, rows), last.stop - last.start)


@dataclass
class Progress:
    """What a run must remember from one call to the next, when callbacks split it."""

    best: float = np.inf
    best_epoch: int = -1
    best_state: Arrays = field(default_factory=list)
    waited: int = 0
    tol_best: float = np.inf
    tol_waited: int = 0
    plateau_best: float = np.inf
    plateau_waited: int = 0
    epochs_done: int = 0


@dataclass(frozen=True)
class Failure:
    """Where a run became NaN or infinite.

    Attributes:
        epoch: Counted from 0 within the run.
        step: Counted from 0 within the epoch.
        rows: The batch in which it was seen.
        before: The state one step earlier, whose cost was still finite.
        before_rows: The batch of that step.
    """

    epoch: int
    step: int
    rows: np.ndarray
    before: Arrays
    before_rows: np.ndarray


@dataclass(frozen=True)
class Run:
    """What a run returns: the state, an outputs row for each epoch, and why it stopped ("" if it did not)."""

    state: Arrays
    epochs: Sequence[Any]  # the mean of every output over the epoch's batches
    validation: list[list[float]]
    seconds: Sequence[float] | np.ndarray  # since the start of the run, at the end of each epoch
    stopped: str = ""
    failure: Failure | None = None


class Executable(Protocol):
    """A compiled program."""

    @property
    def engine(self) -> str:
        """Which engine it runs on."""

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""

    def run(
        self,
        state: Sequence[np.ndarray],
        table: Sequence[np.ndarray],
        rows: np.ndarray,
        rule: Rule,
        progress: Progress,
    ) -> Run:
        """Run epochs: ``rows`` has one line of example numbers for each of them; ``table`` has all examples."""


def end_of_epoch(
    rule: Rule, progress: Progress, state: Arrays, epochs: Sequence[Any], validation: list[list[float]]
) -> str:
    """Validate, remember the best state, lower the learning rate on a plateau; return a reason to stop, or ""."""
    if rule.validate is not None:
        validation.append(rule.validate(state))
    value = (validation if rule.on_validation else epochs)[-1][rule.monitor]
    value = -value if rule.larger_is_better else value
    progress.epochs_done += 1
    if value < progress.best - rule.min_delta:
        progress.best, progress.best_epoch, progress.waited = value, progress.epochs_done - 1, 0
        if rule.keep_best:
            progress.best_state = [np.array(x) for x in state]
    else:
        progress.waited += 1
    if rule.plateau is not None:
        position, factor, patience, smallest = rule.plateau
        if value < progress.plateau_best:
            progress.plateau_best, progress.plateau_waited = value, 0
        else:
            progress.plateau_waited += 1
        if progress.plateau_waited >= patience:
            lowered = np.maximum(state[position] * factor, smallest).astype(state[position].dtype)
            state[position], progress.plateau_waited = lowered, 0
    if rule.tol is not None:
        cost = epochs[-1][0]
        progress.tol_waited = 0 if cost < progress.tol_best - rule.tol[0] else progress.tol_waited + 1
        progress.tol_best = min(cost, progress.tol_best)
        if progress.tol_waited >= rule.tol[1]:
            return "tol"
    if rule.patience is not None and progress.waited >= rule.patience:
        return "patience"
    return ""


def many_epochs(rule: Rule, progress: Progress, epochs: np.ndarray) -> None:
    """Note which of several epochs was the best, where nothing depends on it while they run."""
    values = epochs[:, rule.monitor] * (-1 if rule.larger_is_better else 1)
    if not rule.min_delta and len(values):
        # Only the smallest can count.
        values = np.where(np.arange(len(values)) == np.argmin(values), values, np.inf)
    better = np.flatnonzero(values < progress.best - rule.min_delta)
    while len(better):
        progress.best, progress.best_epoch = float(values[better[0]]), progress.epochs_done + int(better[0])
        better = better[values[better] < progress.best - rule.min_delta]
    progress.epochs_done += len(values)
    progress.waited = progress.epochs_done - 1 - progress.best_epoch
