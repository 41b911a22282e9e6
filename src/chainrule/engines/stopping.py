"""When a run of epochs stops, which of its states it keeps, and when it lowers the learning rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.graph.evaluate import Arrays


@dataclass(frozen=True)
class Judging:
    """What validation computes, for an engine that can do it between its own epochs: a single step.

    Attributes:
        executable: That step. Its first output is the cost of the rows, its second what the weights cost; then metrics.
        kept: How many arrays of the state that learns it reads, the first ones.
        rest: What its state has behind them.
        table: The rows.
        share: What the rows weigh together.
    """

    executable: Any  # an Executable, which is made of this
    kept: int
    rest: Arrays
    table: Arrays
    share: float


@dataclass(frozen=True)
class Stopping:
    """When a run stops, and which of its states it keeps. Counted in epochs."""

    # From a state to the outputs of the validation program.
    validate: Callable[[Arrays], list[float]] | None = None
    judging: Judging | None = None  # what that computes, where a step says it all
    patience: int | None = None  # so many epochs without a better value are enough
    on_validation: bool = False  # whether the value watched is one of validation's outputs, or of training's
    monitor: int = 0  # its position among them; 0 is the cost
    larger_is_better: bool = False
    min_delta: float = 0.0  # by how much a value must be better to count
    then_cost: bool = False  # whether of equal values the one of the lower cost is better
    keep_best: bool = False  # whether the best state is kept, as `Progress.best_state`
    tol: tuple[float, int] | None = None  # by how much the training cost must fall, in how many epochs
    # Position of the learning-rate scale in the state, what it is multiplied by after how many epochs, the smallest.
    plateau: tuple[int, float, int, float] | None = None
    # Asked a few dozen times a second: a reason to stop now, or None.
    poll: Callable[[], str | None] | None = None

    @property
    def each_epoch(self) -> bool:
        """Whether the end of an epoch may change how the run goes on."""
        wanted = (self.validate, self.patience, self.tol, self.plateau)
        return self.keep_best or any(w is not None for w in wanted)

    @property
    def by_numbers(self) -> bool:
        """Whether an engine may do all that the end of an epoch asks for: it calls nobody, and lowers no rate."""
        calls = self.validate is not None and self.judging is None
        return (
            self.each_epoch
            and not calls
            and self.plateau is None
            and (self.on_validation or not self.monitor)
        )

    def unasked(self, progress: "Progress") -> int:
        """Return how many epochs may be done before anyone looks at their ends, the last of which is the first to stop.

        >>> Stopping(tol=(1e-4, 10)).unasked(Progress(tol_waited=3))
        7
        """
        if self.keep_best or self.validate is not None or self.plateau is not None:
            return 1
        left = [] if self.patience is None else [self.patience - progress.waited]
        left += [] if self.tol is None else [self.tol[1] - progress.tol_waited]
        return max(1, min(left, default=1))


@dataclass
class Progress:
    """What a run must remember from one call to the next, when callbacks split it."""

    best: float = np.inf
    best_cost: float = np.inf
    best_epoch: int = -1
    best_state: Arrays = field(default_factory=list)
    waited: int = 0
    tol_best: float = np.inf
    tol_waited: int = 0
    plateau_best: float = np.inf
    plateau_waited: int = 0
    epochs_done: int = 0
    lowered: list[tuple[int, float]] = field(
        default_factory=list
    )  # after how many epochs the scale became what


def end_of_epoch(
    stopping: Stopping,
    progress: Progress,
    state: Arrays,
    epochs: Sequence[Any],
    validation: list[list[float]],
    whole: bool = True,
) -> str:
    """Validate, remember the best state, lower the learning rate on a plateau; return a reason to stop, or "".

    One that was broken off (``whole=False``) is the best only where there is no other: the same call, ended after the
    best epoch, gives the same state again.
    """
    if stopping.validate is not None:
        validation.append(stopping.validate(state))
    seen = (validation if stopping.on_validation else epochs)[-1]
    value, cost = seen[stopping.monitor], seen[0]
    value = -value if stopping.larger_is_better else value
    progress.epochs_done += 1
    if not whole and progress.best_epoch >= 0:
        return ""
    tied = stopping.then_cost and value == progress.best and cost < progress.best_cost
    if value < progress.best - stopping.min_delta or tied:
        progress.best, progress.best_epoch, progress.waited = value, progress.epochs_done - 1, 0
        progress.best_cost = cost
        if stopping.keep_best:
            progress.best_state = [np.array(x) for x in state]
    else:
        progress.waited += 1
    if stopping.plateau is not None:
        position, factor, patience, smallest = stopping.plateau
        if value < progress.plateau_best:
            progress.plateau_best, progress.plateau_waited = value, 0
        else:
            progress.plateau_waited += 1
        if progress.plateau_waited >= patience:
            lowered = np.maximum(state[position] * factor, smallest).astype(state[position].dtype)
            state[position], progress.plateau_waited = lowered, 0
            progress.lowered.append((progress.epochs_done, float(lowered)))
    if stopping.tol is not None:
        cost = epochs[-1][0]
        progress.tol_waited = 0 if cost < progress.tol_best - stopping.tol[0] else progress.tol_waited + 1
        progress.tol_best = min(cost, progress.tol_best)
        if progress.tol_waited >= stopping.tol[1]:
            return "tol"
    if stopping.patience is not None and progress.waited >= stopping.patience:
        return "patience"
    return ""


def many_epochs(stopping: Stopping, progress: Progress, epochs: np.ndarray) -> None:
    """Note which of several epochs was the best, where nothing depends on it while they run."""
    values = epochs[:, stopping.monitor] * (-1 if stopping.larger_is_better else 1)
    if not stopping.min_delta and len(values):
        # Only the smallest can count.
        values = np.where(np.arange(len(values)) == np.argmin(values), values, np.inf)
    better = np.flatnonzero(values < progress.best - stopping.min_delta)
    while len(better):
        progress.best, progress.best_epoch = float(values[better[0]]), progress.epochs_done + int(better[0])
        better = better[values[better] < progress.best - stopping.min_delta]
    progress.epochs_done += len(values)
    progress.waited = progress.epochs_done - 1 - progress.best_epoch
