"""Schedules: the learning rate as a formula of the step, for plain numbers and nodes alike."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, cast

import numpy as np

from chainrule.errors import GraphError, LearningWarning, warn
from chainrule.graph.node import Node
from chainrule.nn.specs import Above0, AtLeast0, Checked, Count, Within01, classes

__all__ = ["Cosine", "ExponentialDecay", "OneCycle", "ReduceOnPlateau", "Schedule", "StepDecay", "WarmUp"]


class Schedule(Checked, ABC):
    """A learning rate that follows the run: the base of every schedule.

    One of your own is a frozen dataclass with the method :meth:`at`. Each optimizer but :class:`LBFGS` takes a schedule
    where it takes a learning rate: ``cr.Adam(cr.Cosine(0.01))``.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class InverseRoot(cr.Schedule):
    ...     rate: float
    ...     def at(self, step, total, per_epoch):
    ...         return self.rate / np.sqrt(step + 1)
    >>> float(InverseRoot(0.1).at(3, total=100, per_epoch=10))
    0.05
    >>> cr.SGD(InverseRoot(0.1)).learning_rate
    InverseRoot(rate=0.1)
    """

    @abstractmethod
    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return the learning rate of one update.

        Args:
            step: How many updates were made before it: 0 at the first.
            total: How many updates the whole run makes.
            per_epoch: How many updates one epoch makes.

        Returns:
            A number for numbers, a node for nodes.

        >>> round(float(cr.Cosine(0.1).at(50, total=100, per_epoch=10)), 6)  # half way
        0.05
        """


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate throughout.

    >>> Constant(0.1).at(500, total=1000, per_epoch=10)
    0.1
    """

    rate: Above0

    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return the rate."""
        return self.rate


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """``α₀ · exp(-k t)``, with α₀ the ``rate``, k the ``decay`` and t the epoch or step, counted from 0.

    So the lectures write it (CS231n, 2015); Keras has ``rate · decay^t``.

    Args:
        rate: α₀, the learning rate to start from, above 0.
        decay: k, at least 0: the rate is halved every ``0.69 / k`` epochs or steps.
        per: Whether t counts "epoch" or "step"; an epoch does not depend on the batch size.

    Raises:
        GraphError: If the rate is not above 0, the decay below 0, or ``per`` neither of the two.

    >>> cr.ExponentialDecay(0.5, decay=0.02).at(300, total=3000, per_epoch=10)  # epoch 30
    np.float64(0.2744058180470132)
    """

    rate: Above0
    decay: AtLeast0
    per: Literal["epoch", "step"] = "epoch"

    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return ``α₀ · exp(-k t)``.

        Args:
            step: How many updates were made before: 0 at the first.
            total: How many updates the whole run makes.
            per_epoch: How many updates one epoch makes.

        Returns:
            A learning rate: a number for numbers, a node for nodes.

        >>> round(float(cr.ExponentialDecay(0.1, decay=0.5).at(20, total=100, per_epoch=10)), 4)  # epoch 2
        0.0368
        """
        t = step if self.per == "step" else np.floor(step / per_epoch)
        return self.rate * np.exp(-self.decay * t)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """``rate · factor ^ ⌊epoch / every⌋``: multiplied by ``factor`` after every so many epochs, as PyTorch's StepLR.

    Args:
        rate: The learning rate to start from, above 0.
        factor: What it is multiplied by, above 0 and below 1; by default it is halved.
        every: After how many epochs, at least 1.

    Raises:
        GraphError: If one of them is outside of its bounds.

    >>> [float(cr.StepDecay(0.1, every=10).at(epoch, 40, per_epoch=1)) for epoch in (0, 9, 10, 20)]
    [0.1, 0.1, 0.05, 0.025]
    """

    rate: Above0
    factor: Within01 = 0.5
    every: Count = 10

    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return the rate of the step's epoch.

        Args:
            step: How many updates were made before: 0 at the first.
            total: How many updates the whole run makes.
            per_epoch: How many updates one epoch makes.

        Returns:
            A learning rate: a number for numbers, a node for nodes.

        >>> cr.StepDecay(0.1, every=2).at(25, total=100, per_epoch=10)  # epoch 2
        np.float64(0.05)
        """
        return self.rate * np.power(self.factor, np.floor(step / (per_epoch * self.every)))


@dataclass(frozen=True)
class Cosine(Schedule):
    """From ``rate`` to ``minimum`` along half a cosine over the run (Loshchilov & Hutter 2017, no restarts).

    The run is as long as ``epochs`` says, also where something stops it early.

    Args:
        rate: The learning rate to start from, above 0.
        minimum: The one to end at, at least 0; 0 by default, so that the last steps settle. Above the rate it is
            warned of (LearningWarning).

    Raises:
        GraphError: If the rate is not above 0 or the minimum below 0.

    >>> [round(float(cr.Cosine(0.1).at(step, total=100, per_epoch=10)), 6) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    """

    rate: Above0
    minimum: AtLeast0 = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.minimum > self.rate:  # elsewhere the number of steps stands there
            warn(
                f"Cosine: the learning rate rises, from {self.rate:g} to the minimum of {self.minimum:g}. How long a "
                "run is, fit says: epochs=.",
                LearningWarning,
            )

    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return ``rate`` at the first step and, at the run's end, ``minimum``.

        Args:
            step: How many updates were made before: 0 at the first.
            total: How many updates the whole run makes.
            per_epoch: How many updates one epoch makes.

        Returns:
            A learning rate: a number for numbers, a node for nodes.

        >>> [round(float(cr.Cosine(0.1, minimum=0.01).at(step, total=100, per_epoch=10)), 6) for step in (0, 100)]
        [0.1, 0.01]
        """
        return self.rate + (self.minimum - self.rate) * _ease(step / total)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to a high rate and down to a very low one over the whole run (Smith 2018), along half cosines.

    The momentum stays as it is, unlike Smith's.

    Args:
        peak: The highest rate, above 0: several times what a constant rate would bear.
        rise: The share of the run, above 0 and below 1, in which the rate rises; 0.3 as in PyTorch.
        start_divisor: It starts at ``peak / start_divisor``; 25 as in PyTorch.
        end_divisor: It ends at ``peak / end_divisor``; 250,000 as in PyTorch, which has 25 · 10,000.

    Raises:
        GraphError: If one of them is outside of its bounds.

    >>> [round(float(cr.OneCycle(0.5).at(step, total=100, per_epoch=10)), 6) for step in (0, 30, 65, 100)]
    [0.02, 0.5, 0.250001, 2e-06]
    """

    peak: Above0
    rise: Within01 = 0.3
    start_divisor: Above0 = 25.0
    end_divisor: Above0 = 250_000.0

    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return the start, plus what it has risen, less what it has fallen.

        Args:
            step: How many updates were made before: 0 at the first.
            total: How many updates the whole run makes.
            per_epoch: How many updates one epoch makes.

        Returns:
            A learning rate: a number for numbers, a node for nodes.

        >>> cr.OneCycle(0.5).at(30, total=100, per_epoch=10)  # the peak
        np.float64(0.5)
        """
        start, end = self.peak / self.start_divisor, self.peak / self.end_divisor
        progress = step / total
        risen = (self.peak - start) * _ease(progress / self.rise)
        fallen = (self.peak - end) * _ease((progress - self.rise) / (1 - self.rise))
        return start + risen - fallen


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Another schedule, or a constant rate, reached on a straight line from near 0 (Goyal et al. 2017).

    Args:
        schedule: A schedule, whose own time goes on meanwhile, or a rate above 0.
        steps: In how many steps: the first has ``1 / steps`` of the rate, the last all of it.
        epochs: Or in how many epochs.

    Raises:
        GraphError: If neither steps nor epochs is given, or both; if the schedule is none.

    >>> [float(cr.WarmUp(0.1, steps=4).at(step, 100, 10)) for step in (0, 1, 3, 50)]
    [0.025, 0.05, 0.1, 0.1]
    """

    schedule: "Schedule | float"
    steps: Count | None = None
    epochs: Count | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise GraphError(
                "WarmUp: say how long in one way: WarmUp(0.1, steps=500) or WarmUp(0.1, epochs=5)."
            )
        super().__post_init__()
        object.__setattr__(self, "schedule", schedule(self.schedule))

    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return the schedule's rate, scaled down while it warms up.

        Args:
            step: How many updates were made before: 0 at the first.
            total: How many updates the whole run makes.
            per_epoch: How many updates one epoch makes.

        Returns:
            A learning rate: a number for numbers, a node for nodes.

        >>> cr.WarmUp(0.1, epochs=2).at(9, total=100, per_epoch=10)  # half way
        np.float64(0.05)
        """
        length: Any = self.steps if self.epochs is None else self.epochs * per_epoch
        plan = cast(Schedule, self.schedule)  # a rate became one when this was made
        return plan.at(step, total, per_epoch) * np.minimum((step + 1) / length, 1)


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """A constant rate that the loop multiplies by ``factor`` when the cost has stopped falling.

    The rate follows the costs, which are no formula of the step: :meth:`at` is the constant ``rate``, and the
    loop holds the scale by which the update multiplies it. It watches the validation cost where there is one, else the
    training cost.

    Args:
        rate: The learning rate to start from, above 0.
        factor: What the loop multiplies it by, above 0 and below 1; 0.1 as in Keras and PyTorch.
        patience: After how many epochs without a lower cost; 10 as in Keras and PyTorch.
        minimum: Never below this rate.

    Raises:
        GraphError: If one of them is outside of its bounds, or the minimum above the rate.

    >>> cr.ReduceOnPlateau(0.1).at(0, total=100, per_epoch=10)
    0.1
    """

    rate: Above0
    factor: Within01 = 0.1
    patience: Count = 10
    minimum: AtLeast0 = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.minimum > self.rate:
            raise GraphError(
                f"ReduceOnPlateau: the minimum, {self.minimum}, is above the rate to start from, {self.rate}."
            )

    def at(self, step: Node | float, total: Node | float, per_epoch: Node | float) -> Any:
        """Return the rate before any reduction.

        Args:
            step: How many updates were made before: 0 at the first.
            total: How many updates the whole run makes.
            per_epoch: How many updates one epoch makes.

        Returns:
            A learning rate: a number for numbers, a node for nodes.

        >>> cr.ReduceOnPlateau(0.1).at(99, total=100, per_epoch=10)
        0.1
        """
        return self.rate

    def reduced(self, scale: float) -> float:
        """Return the scale that follows ``scale`` on a plateau.

        Args:
            scale: What the rate is multiplied by now: 1 at the start of a run.

        Returns:
            A scale that is ``factor`` times as large, or that of the minimum.

        >>> cr.ReduceOnPlateau(0.25, factor=0.5, minimum=0.1).reduced(0.5)
        0.4
        """
        return max(scale * self.factor, self.minimum / self.rate)


CLASSES: dict[str, type] = {"Constant": Constant, **classes(globals())}


def schedule(spec: Any) -> Schedule:
    """Return the schedule that a learning rate means: a number is the same throughout.

    >>> schedule(0.1)
    Constant(rate=0.1)
    """
    if isinstance(spec, Schedule):
        return spec
    if isinstance(spec, Real) and not isinstance(spec, bool) and 0 < float(spec) < math.inf:
        return Constant(float(spec))
    raise GraphError(
        f"A learning rate is a number above 0 or a schedule such as Cosine(0.1); found {spec!r}."
    )


def plateau(spec: Any) -> ReduceOnPlateau | None:
    """Return the :class:`ReduceOnPlateau` in a learning rate, where there is one.

    >>> plateau(WarmUp(ReduceOnPlateau(0.1), epochs=5)).patience
    10
    """
    while isinstance(spec, WarmUp):
        spec = spec.schedule
    return spec if isinstance(spec, ReduceOnPlateau) else None


def rates(
    spec: Any, epochs: int, steps: int, total: int, before: int = 0, lowered: Sequence[tuple[int, float]] = ()
) -> list[float]:
    """Return the learning rate of the first step of each epoch.

    Args:
        spec: A learning rate, or a schedule.
        epochs: How many epochs there were.
        steps: How many steps each had.
        total: How many steps the whole run was to make.
        before: How many were made before the first.
        lowered: After how many epochs it was multiplied by what, on a plateau.

    >>> rates(StepDecay(0.5, every=2), epochs=4, steps=10, total=40)
    [0.5, 0.5, 0.25, 0.25]
    """
    rule = schedule(spec)
    if isinstance(rule, Constant):
        return [rule.rate] * epochs
    at: Any = before + steps * np.arange(epochs, dtype=np.float64)
    scale = np.ones(epochs)
    for epoch, so_much in lowered:
        scale[epoch:] = so_much
    try:
        found = np.asarray(rule.at(at, total, steps), np.float64)
    except Exception:  # a user's own formula may know numbers only
        found = np.zeros(())
    if found.shape != (epochs,):
        found = np.array([float(rule.at(step, total, steps)) for step in at.tolist()])
    return cast("list[float]", (found * scale).tolist())


def _ease(progress: Any) -> Any:
    """Return 0 up to a progress of 0, 1 from 1 on, and half a cosine between them."""
    return (1 - np.cos(math.pi * np.clip(progress, 0, 1))) / 2
