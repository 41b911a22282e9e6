"""Finding a learning rate: it rises from step to step, on a copy of the network, until the cost does (Smith 2015)."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.engines.epochs import Epochs
from chainrule.errors import DataError, GraphError, LearningWarning, short, warn
from chainrule.friendly import Friendly
from chainrule.nn.kinds import LossLike
from chainrule.nn.specs import Above0
from chainrule.shown import columns
from chainrule.train.callbacks import Listeners
from chainrule.train.fit.fitting import Fitting, first_state
from chainrule.train.fit.preparing import begin
from chainrule.train.fit.settings import Settings, whole
from chainrule.train.kinds import ClassWeight, Data, OptimizerLike
from chainrule.train.network import Network
from chainrule.train.optimizers import LBFGS, optimizer as find_optimizer
from chainrule.train.schedules import Schedule

DIVERGED = 4.0  # a smoothed cost so many times the lowest ends the search (fastai)
SMOOTHING = 0.9  # of the running mean of the costs, which the batches make jump
FIRST = 10  # costs, of which the running mean is still that of a few: how low it is there is chance
EXAMPLES = 32  # that a cost rests on at least: smaller batches take several updates a step
LEAST_FALL, BY_CHANCE = 0.01, 0.75  # of the cost, and of its deviation from batch to batch
TOGETHER = 100_000  # examples of the steps that are done before anyone looks whether the costs rise
LINES, WIDTH = 14, 40  # of the chart


@dataclass(frozen=True)
class Rising(Schedule):
    """A learning rate that rises from ``low`` by the same factor at each step, to ``high`` at the last."""

    low: Above0
    high: Above0
    steps: int
    updates: int

    def at(self, step: Any, total: Any, per_epoch: Any) -> Any:
        """Return the rate of one update."""
        return self.low * np.exp(math.log(self.high / self.low) / (self.steps - 1) / self.updates * step)


@dataclass(frozen=True, eq=False, repr=False)
class LearningRates(Friendly):
    """What :func:`find_learning_rate` found; printed, a chart of the costs by learning rate.

    Attributes:
        rates: The learning rate of each step, rising.
        costs: The cost of each step's batch, before its update; of batches below 32, the mean of several.
        smoothed: The running mean of the costs, on which the suggestion rests.
        suggestion: The learning rate to try.

    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> found = cr.find_learning_rate(cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0), X, X**2)
    >>> isinstance(found, cr.LearningRates), found.rates.shape == found.costs.shape == found.smoothed.shape
    (True, True)
    """

    rates: np.ndarray
    costs: np.ndarray
    smoothed: np.ndarray
    suggestion: float

    if TYPE_CHECKING:

        def plot(self) -> Any:
            """Return a picture of them: :func:`chainrule.pictures.learning_rates`."""

    else:
        plot = Door()

    def __repr__(self) -> str:
        chosen = np.unique(np.linspace(0, len(self.rates) - 1, LINES).astype(int))
        costs = self.smoothed[chosen]
        span = float(costs.max() - costs.min()) or 1.0
        bars = ["█" * max(1, round(WIDTH * float(c - costs.min()) / span)) for c in costs]
        rows = [
            (f"{r:.1e}", f"{c:.4g}", bar) for r, c, bar in zip(self.rates[chosen], costs, bars, strict=True)
        ]
        table = columns([("learning rate", "cost", ""), *rows], left=(2,))
        last = (
            f"Try a learning rate of {self.suggestion:g}." if self._fell else "None of them lowered the cost."
        )
        return "\n".join([*map(str.rstrip, table), last])

    @property
    def _fell(self) -> bool:
        """Whether the cost fell by more than it changes from batch to batch."""
        first = self.costs[: max(2, len(self.costs) // 5)]
        lowest = self.smoothed[_settled(self.smoothed) :].min()
        return bool(lowest <= first.mean() - LEAST_FALL * abs(first.mean()) - BY_CHANCE * first.std())


@public
def find_learning_rate(
    network: Network,
    X: Data,
    y: ArrayLike,
    *,
    loss: LossLike = None,
    optimizer: OptimizerLike = "adam",
    batch_size: int | None = 32,
    class_weight: ClassWeight = None,
    sample_weight: ArrayLike | None = None,
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
) -> LearningRates:
    """Look for a learning rate: it rises from step to step, until the cost does too (Smith 2015).

    A copy of the network learns; the network itself, its seed and the optimizer stay as they are. The suggestion is the
    geometric mean of two rules of thumb, of which each alone is now and then far off: a tenth of the rate at which the
    smoothed cost is lowest, and the middle of its longest fall (fastai's "valley"). It is a place to begin.

    Args:
        network: What is to be fitted. One that was fitted already goes on from what it has learned.
        X: One row for each example, as :meth:`Network.fit` takes them, like all that follows.
        y: Their targets.
        loss: What is minimised.
        optimizer: A name or an object, of which all but the learning rate counts.
        batch_size: Examples a step; larger batches bear larger rates.
        class_weight: A weight for each class, or "balanced".
        sample_weight: A weight for each example.
        low: The learning rate of the first step, above 0.
        high: That of the last, above ``low``; the search ends before it where the cost is four times its lowest.
        steps: How many steps there are, at least 10.

    Returns:
        The rates, the costs and the suggestion; the same ones for the same seed.

    Raises:
        DataError: If X or y cannot be learned from, ``low``, ``high`` or ``steps`` make no sense, or the cost is NaN or
            infinite from the start.
        GraphError: If the optimizer has no learning rate, as L-BFGS.

    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0)
    >>> found = cr.find_learning_rate(network, X, X**2)
    >>> history = network.fit(X, X**2, optimizer=cr.Adam(found.suggestion), epochs=50)
    >>> 0.001 < found.suggestion < 0.3, history["cost"][-1] < 0.01
    (True, True)
    """
    for name, value in (("low", low), ("high", high)):
        if not isinstance(value, Real) or not 0 < value < inf:
            raise DataError(f"{name} is a learning rate, a number above 0; found {short(value)}.")
    if not low < high:
        raise DataError(f"The learning rate rises from low to high; found low={low:g}, high={high:g}.")
    whole("steps", steps, 10)
    if not isinstance(network, Network):
        raise GraphError(
            f"find_learning_rate takes a network, such as cr.Network([cr.Dense(1)]); found {short(network)}."
        )
    method = find_optimizer(optimizer)
    if isinstance(method, LBFGS):
        raise GraphError(
            "L-BFGS finds the length of each step itself, so there is no learning rate to look for. Give an optimizer "
            "that has one, such as 'adam' or 'sgd'."
        )
    whole("batch_size", 1 if batch_size is None else batch_size, 1)
    network = copy.deepcopy(network)
    given = network._read(X, y, sample_weight, learning=True)
    if given.rows == 0:
        raise DataError("X has no rows: there is nothing to learn from.")
    goal, table = network._examples(given, loss, (), class_weight)
    if goal.weight is not None:
        weighs = table[-1].reshape(len(table[-1]), -1).any(axis=1)
        table = [array[weighs] for array in table]  # of a batch that weighs nothing the cost is 0
    rows = len(table[0])
    size = min(batch_size or rows, rows)
    updates = -(-min(EXAMPLES, rows) // size)
    rising: Any = replace(method, learning_rate=Rising(float(low), float(high), steps, updates))  # type: ignore[type-var]
    settings = Settings(batch_size, steps * updates, 0.0, None, None, 0)  # as many epochs at most
    listeners, in_any_order = Listeners((), network), not goal.architecture.carried
    run, _ = begin(
        given.programs, settings, rising, listeners, (goal, table), None, in_any_order, network.runs
    )
    costs, smoothed = _climb(run, steps, updates)
    if not costs:
        raise DataError(
            "The cost is NaN or infinite before the first update, so there is no learning rate to look for. Scale X "
            "and y, and check the loss."
        )
    rates = float(low) * (float(high) / float(low)) ** (np.arange(len(costs)) / (steps - 1))
    found = LearningRates(rates, np.array(costs), np.array(smoothed), _suggested(rates, smoothed))
    if not found._fell:
        warn(
            f"No learning rate from {low:g} to {high:g} lowered the cost by more than it changes from batch to batch: "
            "X may say little about y, or is not scaled.",
            LearningWarning,
        )
    return found


def _climb(run: Fitting, steps: int, updates: int) -> tuple[list[float], list[float]]:
    """Return the costs of the steps, and their running means, until these rise."""
    state = first_state(run)
    costs: list[float] = []
    smoothed: list[float] = []
    mean, examples = 0.0, updates * run.batches.size
    for first in range(0, steps, together := max(1, TOGETHER // examples)):
        order = _order(run, first, min(first + together, steps), examples)
        result = run.executable.run(Epochs(state, run.table, order, run.batches))
        state = result.state
        for step, line in enumerate(result.epochs, start=first):
            cost = float(line[0])
            mean = SMOOTHING * mean + (1 - SMOOTHING) * cost
            costs.append(cost)
            smoothed.append(mean / (1 - SMOOTHING ** (step + 1)))
            if step > FIRST and smoothed[-1] > DIVERGED * min(smoothed):
                return costs, smoothed
        if result.failure is not None:
            break
    return costs, smoothed


def _order(run: Fitting, begin: int, end: int, examples: int) -> np.ndarray:
    """Return the numbers of the examples of some steps, a line for each: those of all epochs, one after the other."""
    first, last = begin * examples // run.rows, -(-end * examples // run.rows)
    skipped = begin * examples - first * run.rows
    stream = run.orders(first, last - first).ravel()[skipped:]
    return stream[: (end - begin) * examples].reshape(-1, examples)


def _suggested(rates: np.ndarray, smoothed: Sequence[float]) -> float:
    """Return the rate to try, to two digits."""
    first = _settled(smoothed)
    lowest = float(rates[first + int(np.argmin(smoothed[first:]))])
    return float(f"{math.sqrt(lowest / 10 * float(rates[_valley(smoothed)])):.2g}")


def _settled(smoothed: Sequence[float] | np.ndarray) -> int:
    """Return from which on the running mean is one of many costs."""
    return FIRST if len(smoothed) > 2 * FIRST else 0


def _valley(costs: Sequence[float]) -> int:
    """Return the middle of the longest fall of a curve, in which it may rise in between."""
    longest = [1] * len(costs)
    for i, cost in enumerate(costs):
        longest[i] = 1 + max([longest[j] for j in range(i) if costs[j] > cost], default=0)
    end = int(np.argmax(longest))
    return end - longest[end] // 2 if longest[end] > 1 else end
