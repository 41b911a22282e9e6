"""One fit, while it goes on: what it was given, and how far it is."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.epochs import Batches, Run, Watching
from chainrule.engines.executable import Executable
from chainrule.engines.stopping import Progress
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node
from chainrule.graph.numbers import is_finite
from chainrule.nn.layers.base import SEED, STEP
from chainrule.signals import Asked
from chainrule.train.callbacks import Listeners
from chainrule.train.fit.orders import Orders
from chainrule.train.fit.settings import Settings
from chainrule.train.history import History, Numbers
from chainrule.train.metrics import larger_is_better, recorded_name
from chainrule.train.objective import CLOCK, PER_EPOCH, SCALE, TOTAL, Examples, Objective, rate_apart
from chainrule.train.optimizers import LBFGS, Optimizer
from chainrule.train.programs import Programs
from chainrule.train.progress import ProgressLine, Watched

if TYPE_CHECKING:
    from chainrule.train.fit.looks import Recorder
    from chainrule.train.kept import Keeping


@dataclass
class Interrupts:
    """Why to stop now, asked between steps."""

    deadline: float = math.inf
    spent: float = 0.0  # seconds that it took before an interruption
    asked: Asked = field(default_factory=Asked)

    def poll(self) -> str | None:
        """Return a reason, or None."""
        if self.asked.number:
            return "interrupted"
        return "time" if time.perf_counter() > self.deadline else None


@dataclass(frozen=True)
class Good:
    """The values at the end of an epoch (-1: before the first), and the cost recorded for it."""

    values: Arrays
    epoch: int
    cost: float = math.inf


@dataclass(frozen=True)
class Point:
    """Where a fit is between two epochs: all that decides how it goes on.

    Attributes:
        state: The program's: parameters, statistics, slots, what goes on from batch to batch, the clock.
        progress: What early stopping and a plateau have seen.
        good: The last good values, for a fit that diverges.
    """

    state: Arrays
    progress: Progress
    good: tuple[Good, ...]


@dataclass(frozen=True)
class Left:
    """What an optimizer had in its slots when a fit ended, for one that goes on with other examples.

    Attributes:
        rule: The optimizer, but for a constant rate.
        slots: What they held.
        steps: How many steps it had done.
    """

    rule: Any
    slots: Arrays
    steps: int

    def fits(self, rule: Any, slots: Sequence[Node]) -> bool:
        """Say whether an optimizer goes on with them."""
        alike = [(s.shape, s.dtype) for s in self.slots] == [(s.shape, s.dtype) for s in slots]
        return alike and type(self.rule) is type(rule) and self.rule == rule


@dataclass(frozen=True)
class Judged:
    """A fit held against the best guess that needs no inputs: the mean of the targets.

    Attributes:
        left: Which share of the guess's cost is left; 0 where a fit cannot be judged.
        floor: What the targets themselves would cost as predictions.
        guess: What the guess costs.
    """

    left: float
    floor: float
    guess: float


@dataclass
class Fitting:
    """One fit.

    Attributes:
        programs: The network.
        settings: What the user set.
        method: How it descends.
        listeners: The callbacks.
        goal: What is minimised.
        table: The examples: inputs, targets, weights.
        validation: The same of those it only validates on, or None.
        batches: How an epoch is cut into them.
        seed: Of its shuffles and dropout.
        orders: Of the examples, epoch by epoch.
        executable: A step, compiled.
        slots: What the optimizer keeps among its state.
        began_with: The network's values before the first step.
        runs: How often the network was fitted before.
        begins: Where it begins, if it goes on after an interruption.
        ended: Whether it had ended before, and has nothing left to do.
        before: What the optimizer goes on with, of a fit before; None where it begins anew.
        left: What the slots hold after the last step.
        done: How many steps the optimizer has done then.
        moved: Whether it is known that steps changed weights, and left finite slots.
        judged: How well it learned, once it has ended.
        guess: What the targets themselves and their mean would cost as predictions, once that was found.
        keeping: What keeps something of every epoch, or None.
        recorder: What looks at the first steps of some epochs, or None.
        among: What shows it among others; None where it has a line of its own.
        allowed: Of one among many, what says how many seconds it may take once it begins to learn; None where its time
            goes by since it was asked for.
    """

    programs: Programs
    settings: Settings
    method: Optimizer | LBFGS
    listeners: Listeners
    goal: Objective
    table: Arrays
    validation: Examples | None
    batches: Batches
    seed: int
    orders: Orders
    executable: Executable
    slots: Sequence[Node]
    began_with: Arrays
    interrupts: Interrupts
    runs: int = 0
    begins: Point | None = None
    ended: bool = False
    before: Left | None = None
    left: Arrays = field(default_factory=list)
    done: int = 0
    moved: bool = False
    judged: Judged | None = None
    guess: tuple[float, float] | None = None
    keeping: "Keeping | None" = None
    recorder: "Recorder | None" = None
    history: History = field(init=False)
    progress: Progress = field(default_factory=Progress)
    display: ProgressLine = field(init=False)
    among: ProgressLine | None = None
    allowed: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        self.history = History({name: [] for name in recorded(self.goal, self.validation is not None)})

    @property
    def rows(self) -> int:
        """The number of training examples."""
        return len(self.table[0])

    @property
    def steps(self) -> int:
        """The number of steps an epoch takes."""
        return self.batches.steps(self.rows)

    @property
    def goes_on(self) -> bool:
        """Whether some of it was done before an interruption."""
        return self.ended or self.begins is not None

    @property
    def carried(self) -> slice:
        """Where what goes on from batch to batch stands in the state, between the slots and the clock."""
        first = len(self.began_with) + len(self.slots)
        return slice(first, first + len(self.programs.architecture.carried))

    @property
    def monitor(self) -> str:
        """What decides which epoch was best."""
        stopping = self.listeners.stopping
        chosen = stopping.monitor if stopping is not None else None
        names = recorded(self.goal, self.validation is not None)
        return recorded_name(chosen, names) if chosen else "val_cost" if self.validation else "cost"

    @property
    def best(self) -> Good:
        """The best epoch that was remembered; its values are none where none was."""
        return Good(self.progress.best_state[: len(self.began_with)], self.progress.best_epoch)

    @property
    def leaves(self) -> Left | None:
        """What another fit may go on with; None where there is nothing of the kind."""
        if self.history.diverged or not self.done:
            return None
        return Left(rate_apart(self.method)[0], [np.array(s) for s in self.left], self.done)

    def begin_time(self) -> None:
        """Let the time of one among many begin now, of which some may be spent since before an interruption."""
        if self.allowed is not None:
            seconds = self.allowed()
            self.settings = replace(self.settings, time_budget=seconds)
            self.interrupts.deadline = time.perf_counter() + seconds - self.interrupts.spent

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Show the progress of what is done inside; whatever happens, the callbacks hear of the end."""
        self.history.engine = self.executable.engine
        stopping, validated = self.listeners.stopping, self.validation is not None
        more = larger_is_better(self.monitor, stopping.larger_is_better if stopping else None)
        may_end = stopping is not None or self.settings.tol is not None
        watched = Watched(self.monitor, more, validated or stopping is not None, may_end)
        settings, rest = self.settings, self.interrupts.deadline - time.perf_counter()
        self.display = self.among or ProgressLine(
            settings.verbose, settings.epochs, self.steps, watched, self.history.epochs, rest
        )
        try:
            yield
        finally:
            self.display.close(self.history.stopped)
            self.listeners.end(self.history)

    def watching(self, epoch: int) -> Watching | None:
        """Return what shows how far a run is that begins with this epoch; None where nobody looks."""
        if not self.display.moves:
            return None
        return lambda ahead, steps, cost: self.display.within(epoch + ahead, steps, cost)

    def record(self, result: Run) -> None:
        """Note the epochs that an engine has done."""
        history = self.history
        offset = history.times[-1] if history.times else 0.0
        for lines, prefix in ((result.epochs, ""), (result.validation, "val_")):
            if len(lines):
                columns = np.asarray(lines, np.float64).T.tolist()
                for name, column in zip(recorded(self.goal), columns, strict=True):
                    history[f"{prefix}{name}"].extend(column)
        history.times.extend((offset + np.asarray(result.seconds, np.float64)).tolist())

    def tell(self) -> bool:
        """Show the epoch that has ended, and tell the callbacks; True if one of them asks to stop."""
        epoch = self.history.epochs - 1
        logs = Numbers({k: v[-1] for k, v in self.history.items() if v})
        self.display.show(epoch, logs, (self.progress.best, self.progress.best_epoch))
        return self.listeners.epoch_ended(epoch, logs)


def first_state(run: Fitting) -> Arrays:
    """Return the state before the first step: the network's numbers, the optimizer's slots, the clock."""
    rule, scale = rate_apart(run.method)
    before = run.before if run.before is not None and run.before.fits(rule, run.slots) else None
    done = before.steps if before else 0
    total = done + run.steps * run.settings.epochs
    begins = {STEP: done, SEED: run.seed, SCALE: scale, TOTAL: total, PER_EPOCH: run.steps}
    clock = [np.asarray(begins[n], n.dtype) for n in CLOCK]
    slots = before.slots if before else [np.zeros(s.shape, s.dtype) for s in run.slots]
    return [*run.began_with, *slots, *carried_on(run), *clock]


def carried_on(run: Fitting) -> Arrays:
    """Return the states that go on from batch to batch: those that there are, if as many rows go on as there were."""
    kept, size = run.programs.carried, run.batches.size
    return list(kept) if kept and len(kept[0]) == size else run.programs.begun(size)


def recorded(goal: Objective, validated: bool = False) -> list[str]:
    """Return the names of what a history records."""
    names = ["cost", *goal.watched]
    return [*names, *(f"val_{n}" for n in names)] if validated else names


def finite(arrays: Arrays) -> bool:
    """Say whether all numbers are."""
    return all(map(is_finite, arrays))
