"""Optimizers as graph: from parameters and their gradients to new parameters.

The state of an optimizer (velocities, moments) is variables beside the parameters, called slots. Weight decay
is decoupled from the gradient (Loshchilov & Hutter 2019): ``w ← w - α · decay · w`` beside the step, in
matrices only. Vectors (biases, the gamma and beta of normalization) are left alone: they do not make a
network wiggle, and pulling a gamma to 0 would switch its unit off.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError, short
from chainrule.graph.node import Node, NodeLike, cast, variable
from chainrule.nn.callables import apply
from chainrule.nn.specs import Above0, AtLeast0, Checked, Count, Share, classes, find
from chainrule.train.schedules import Constant, Schedule, schedule

__all__ = ["LBFGS", "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]

Slots: TypeAlias = list[tuple[Node, Node]]
Moved: TypeAlias = Sequence[tuple[Node, NodeLike]]  # slots of one parameter, each with its new value
NewSlot: TypeAlias = Callable[[str], Node]


class Optimizer(Checked, ABC):
    """A rule of descent. A subclass is the formula of one parameter's direction; the rest is here, once.

    One of your own is a frozen dataclass with ``learning_rate`` and :meth:`direction`; with a field ``clip_norm`` or
    ``weight_decay`` it does these too.

    Attributes:
        learning_rate: What the direction is multiplied by: a number above 0, or a schedule.
        clip_norm: The norm that all gradients together may have; None for no limit.
        weight_decay: The share of a matrix, times the learning rate, that each step takes away.

    Raises:
        GraphError: If there is no learning_rate, or a setting is outside of its bounds.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Signs(cr.Optimizer):
    ...     learning_rate: float = 0.01
    ...     def direction(self, g, slot, t):
    ...         return np.sign(g), []
    >>> w = cr.variable([1.0, 2.0], name="w")
    >>> Signs(0.5).update([w], [-w], cr.variable(0.0))[0][0].value
    array([1.5, 2.5])
    >>> history = cr.Network([cr.Dense(1)], seed=0).fit([[1.0], [2.0]], [1.0, 2.0], optimizer=Signs(0.1), epochs=9)
    """

    by_steps: ClassVar[Literal[True]] = True  # its update is a step of the graph
    learning_rate: float | Schedule
    clip_norm: float | None = None
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if not hasattr(self, "learning_rate"):
            raise GraphError(
                f"{type(self).__name__} needs a field learning_rate: a number above 0, or a schedule."
            )
        schedule(self.learning_rate)
        super().__post_init__()

    @abstractmethod
    def direction(self, g: Node, slot: NewSlot, t: Node) -> tuple[NodeLike, Moved]:
        """Return the direction to step against, and each slot with its new value.

        Args:
            g: The gradient of one parameter: a node of its shape and dtype.
            slot: Makes a slot of that name for this parameter, ``slot("velocity")``: a variable of its shape, which
                starts at zeros and is kept from step to step.
            t: The number of this step, from 1: a scalar node.

        Returns:
            A node of the shape of g, and a list of pairs (slot, its new value).

        >>> g = cr.variable([3.0, -4.0])
        >>> direction, slots = cr.SGD(0.1, momentum=0.9).direction(g, lambda name: cr.variable([1.0, 1.0], name), 1)
        >>> direction.value, slots[0][0]
        (array([ 3.9, -3.1]), <velocity: velocity, (2,) float64>)
        """

    @public
    def update(
        self,
        parameters: Sequence[Node],
        gradients: Sequence[Node],
        step: Node | float,
        scale: Node | float = 1.0,
        total: Node | float | None = None,
        per_epoch: Node | float | None = None,
    ) -> tuple[list[Node], Slots]:
        """Return the new parameters, and each slot (a variable) with its new value, as graph.

        Args:
            parameters: Variables of any shape and float dtype; each new one has the same.
            gradients: One for each, of its shape.
            step: How many updates were made before this one: a scalar node of floats, 0 at the first.
            scale: What the learning rate is multiplied by (:class:`ReduceOnPlateau` lowers it).
            total: How many updates the run makes; a schedule needs it.
            per_epoch: How many updates an epoch makes; a schedule needs it.

        Returns:
            A list of nodes, one for each parameter, and a list of pairs (slot, its new value).

        Raises:
            GraphError: If a schedule is not told how long the run is, or :meth:`direction` returns something else.

        >>> w, step = cr.variable([1.0, 2.0], name="w"), cr.variable(0.0)
        >>> [new], _ = cr.SGD(0.1).update([w], [2 * w], step)
        >>> new.value
        array([0.8, 1.6])
        """
        plan = schedule(self.learning_rate)
        if (total is None or per_epoch is None) and not isinstance(plan, Constant):
            raise GraphError(f"{plan!r} must know how long the run is: update(..., total=, per_epoch=).")
        length: Any = total, per_epoch  # which a constant does not ask for
        rate = plan.at(step, *length) * scale
        if self.clip_norm is not None:
            gradients = clip_by_norm(gradients, self.clip_norm)
        new_parameters: list[Node] = []
        slots: Slots = []
        for w, g in zip(parameters, gradients, strict=True):
            new, moved = self._one(w, g, partial(_slot, w), _in(step, w) + 1, _in(rate, w), w.ndim > 1)
            new_parameters.append(new)
            slots += moved
        return new_parameters, slots

    def _one(self, w: Node, g: Node, slot: NewSlot, t: Any, alpha: Any, is_matrix: bool) -> tuple[Node, Any]:
        """Return one parameter after a step, and each of its slots with its new value.

        Args:
            w: The parameter.
            g: Its gradient.
            slot: Makes a slot of that name.
            t: The number of this step, from 1.
            alpha: The learning rate.
            is_matrix: Whether its weights decay.
        """
        found: Any = self.direction(g, slot, t)
        if not (isinstance(found, tuple) and len(found) == 2):
            raise GraphError(
                "An optimizer of your own returns (step, slots), such as (0.1 * g, []); "
                f"found {short(found)}."
            )
        direction, moved = found
        new = w - alpha * direction
        if self.weight_decay and is_matrix:
            new = new - alpha * self.weight_decay * w
        return new, moved


def _in(number: Any, like: Node) -> Any:
    """Return a node in the dtype of another; plain numbers are weak and fit any."""
    return cast(number, like.dtype) if isinstance(number, Node) else float(number)


def _slot(w: Node, what: str) -> Node:
    return variable(np.zeros(w.shape, w.dtype), name=f"{what}_{w.name}" if w.name else what)


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, ``w ← w - α v`` (Robbins & Monro 1951).

    Without momentum v is the gradient g. With momentum β it is the classic ``v ← βv + g`` (Polyak 1964, in
    PyTorch's form), whose steps grow up to 1/(1 - β) times as long; with ``averaged`` it is the lectures'
    ``v ← βv + (1 - β)g``, an average of the gradients, whose steps do not grow. ``nesterov`` looks one step
    ahead: it steps against ``g + βv`` with the new v (Sutskever et al. 2013), or ``(1 - β)g + βv`` if
    averaged.

    Args:
        learning_rate: α, a number above 0 or a schedule. 0.01 is what Keras chose, safe for standardised inputs.
        momentum: β, at least 0 and below 1. 0 by default: the lectures' descent; 0.9 is usual otherwise.
        nesterov: Whether to look ahead.
        averaged: Whether v is an average.
        weight_decay: What each step takes from matrices, in shares of α, at least 0 (Loshchilov & Hutter 2019); biases
            are left alone. Without momentum it is the same as a cost of ½ · decay · Σw².
        clip_norm: The norm that all gradients together may have, above 0 (Pascanu et al. 2013); None for no limit.

    Raises:
        GraphError: If a setting is outside of its bounds, or nesterov or averaged stands without momentum.

    >>> cr.SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False, averaged=False, weight_decay=0.0, clip_norm=None)
    """

    learning_rate: float | Schedule = 0.01
    momentum: Share = 0.0
    nesterov: bool = False
    averaged: bool = False
    weight_decay: AtLeast0 = 0.0
    clip_norm: Above0 | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.nesterov or self.averaged) and not self.momentum:
            raise GraphError(
                "SGD: nesterov and averaged are forms of momentum; give one, such as momentum=0.9."
            )

    def direction(self, g: Node, slot: NewSlot, t: Node) -> tuple[NodeLike, Moved]:
        """Return the velocity, looked ahead or not.

        Args:
            g: The gradient of one parameter: a node of its shape and dtype.
            slot: Makes a slot of that name for this parameter, a variable of its shape that starts at zeros.
            t: The number of this step, from 1: a scalar node.

        Returns:
            A node of the shape of g, and the velocity where there is momentum, with its new value.

        >>> g = cr.variable([3.0, -4.0])
        >>> rule = cr.SGD(momentum=0.9, nesterov=True)
        >>> direction, slots = rule.direction(g, lambda name: cr.variable([0.0, 0.0], name), cr.variable(1.0))
        >>> direction.value.round(3), [slot.name for slot, new in slots]
        (array([ 5.7, -7.6]), ['velocity'])
        """
        if not self.momentum:
            return g, []
        force = (1 - self.momentum) * g if self.averaged else g
        velocity = slot("velocity")
        moved = self.momentum * velocity + force
        return (force + self.momentum * moved if self.nesterov else moved), [(velocity, moved)]


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """``s ← s + g²; w ← w - α g / (√s + ε)``: rarely used inputs keep their large steps (Duchi et al. 2011).

    Args:
        learning_rate: α, a number above 0 or a schedule; 0.01 as in the paper's experiments and in PyTorch.
        epsilon: ε, above 0: far below any gradient that matters, for those that are 0.
        clip_norm: The norm that all gradients together may have, above 0 (Pascanu et al. 2013); None for no limit.

    Raises:
        GraphError: If a setting is outside of its bounds.

    >>> network = cr.Network([cr.Dense(1)], seed=0, dtype="float64")
    >>> X = np.linspace(-1, 1, 32)[:, None]
    >>> history = network.fit(X, 3 * X, optimizer=cr.Adagrad(0.5), epochs=50)
    >>> network.parameters["W1"].round(2)
    array([[2.99]])
    """

    learning_rate: float | Schedule = 0.01
    epsilon: Above0 = 1e-8
    clip_norm: Above0 | None = None

    def direction(self, g: Node, slot: NewSlot, t: Node) -> tuple[NodeLike, Moved]:
        """Return g over the root of the sum of its squares.

        Args:
            g: The gradient of one parameter: a node of its shape and dtype.
            slot: Makes a slot of that name for this parameter, a variable of its shape that starts at zeros.
            t: The number of this step, from 1: a scalar node.

        Returns:
            A node of the shape of g, and that sum, with its new value.

        >>> g = cr.variable([3.0, -4.0])
        >>> direction, slots = cr.Adagrad().direction(g, lambda name: cr.variable([0.0, 0.0], name), cr.variable(1.0))
        >>> direction.value.round(3), [slot.name for slot, new in slots]
        (array([ 1., -1.]), ['squares'])
        """
        squares = slot("squares")
        moved = squares + g * g
        return g / (np.sqrt(moved) + _above_0(self.epsilon, g)), [(squares, moved)]


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """``s ← ρs + (1 - ρ)g²; w ← w - α g / (√s + ε)`` (Hinton's lecture 6e, 2012).

    Args:
        learning_rate: α, a number above 0 or a schedule; 0.001 and ρ = 0.9 are Hinton's.
        rho: ρ, the weight of the past, at least 0 and below 1.
        epsilon: ε, above 0; 1e-7 as in Keras: no division by 0 where the gradient is 0.
        clip_norm: The norm that all gradients together may have, above 0 (Pascanu et al. 2013); None for no limit.

    Raises:
        GraphError: If a setting is outside of its bounds.

    >>> network = cr.Network([cr.Dense(1)], seed=0, dtype="float64")
    >>> X = np.linspace(-1, 1, 32)[:, None]
    >>> history = network.fit(X, 3 * X, optimizer=cr.RMSprop(0.1), epochs=50)
    >>> network.parameters["W1"].round(1)
    array([[3.]])
    """

    learning_rate: float | Schedule = 0.001
    rho: Share = 0.9
    epsilon: Above0 = 1e-7
    clip_norm: Above0 | None = None

    def direction(self, g: Node, slot: NewSlot, t: Node) -> tuple[NodeLike, Moved]:
        """Return g over the root of the mean of its squares.

        Args:
            g: The gradient of one parameter: a node of its shape and dtype.
            slot: Makes a slot of that name for this parameter, a variable of its shape that starts at zeros.
            t: The number of this step, from 1: a scalar node.

        Returns:
            A node of the shape of g, and that mean, with its new value.

        >>> g = cr.variable([3.0, -4.0])
        >>> direction, slots = cr.RMSprop().direction(g, lambda name: cr.variable([0.0, 0.0], name), cr.variable(1.0))
        >>> direction.value.round(3), [slot.name for slot, new in slots]
        (array([ 3.162, -3.162]), ['mean_square'])
        """
        mean_square = slot("mean_square")
        moved = self.rho * mean_square + (1 - self.rho) * (g * g)
        return g / (np.sqrt(moved) + _above_0(self.epsilon, g)), [(mean_square, moved)]


class _Moments(Optimizer):
    """What :class:`Adam` and :class:`AdamW` have in common."""

    beta_1: float
    beta_2: float
    epsilon: float

    def direction(self, g: Node, slot: NewSlot, t: Node) -> tuple[NodeLike, Moved]:
        """Return the corrected first moment over the root of the corrected second.

        Args:
            g: The gradient of one parameter: a node of its shape and dtype.
            slot: Makes a slot of that name for this parameter, a variable of its shape that starts at zeros.
            t: The number of this step, from 1: a scalar node.

        Returns:
            A node of the shape of g, and each moment, with its new value.

        >>> g = cr.variable([3.0, -4.0])
        >>> direction, slots = cr.Adam().direction(g, lambda name: cr.variable([0.0, 0.0], name), cr.variable(1.0))
        >>> direction.value.round(3), [slot.name for slot, new in slots]
        (array([ 1., -1.]), ['first_moment', 'second_moment'])
        """
        m, v = slot("first_moment"), slot("second_moment")
        m_new = self.beta_1 * m + (1 - self.beta_1) * g
        v_new = self.beta_2 * v + (1 - self.beta_2) * (g * g)
        # m̂ / (√v̂ + ε) with both corrections in numbers instead of arrays: √v̂ is √v / root.
        root = np.sqrt(_weight(self.beta_2, t))
        epsilon = _above_0(self.epsilon, g, least=math.sqrt(1 - self.beta_2)) * root
        step = root / _weight(self.beta_1, t) * (m_new / (np.sqrt(v_new) + epsilon))
        return step, [(m, m_new), (v, v_new)]


@dataclass(frozen=True)
class Adam(_Moments):
    """Momentum and RMSprop in one, both corrected for their start at 0 (Kingma & Ba 2015).

    ``m ← β₁m + (1 - β₁)g; v ← β₂v + (1 - β₂)g²; w ← w - α m̂ / (√v̂ + ε)``, where ``m̂ = m / (1 - β₁ᵗ)`` and
    ``v̂ = v / (1 - β₂ᵗ)``.

    Args:
        learning_rate: α, a number above 0 or a schedule; 0.001, β₁ and β₂ are the paper's.
        beta_1: β₁, the weight of the past gradients, at least 0 and below 1.
        beta_2: β₂, the weight of the past squares, at least 0 and below 1.
        epsilon: ε, above 0; 1e-7 as in Keras.
        clip_norm: The norm that all gradients together may have, above 0 (Pascanu et al. 2013); None for no limit.

    Raises:
        GraphError: If a setting is outside of its bounds.

    >>> network = cr.Network([cr.Dense(1)], seed=0, dtype="float64")
    >>> X = np.linspace(-1, 1, 32)[:, None]
    >>> history = network.fit(X, 3 * X, optimizer=cr.Adam(cr.Cosine(0.3)), epochs=50)
    >>> network.parameters["W1"].round(2)
    array([[3.]])
    """

    learning_rate: float | Schedule = 0.001
    beta_1: Share = 0.9
    beta_2: Share = 0.999
    epsilon: Above0 = 1e-7
    clip_norm: Above0 | None = None


@dataclass(frozen=True)
class AdamW(_Moments):
    """:class:`Adam` with weight decay: ``w ← w - α m̂ / (√v̂ + ε) - α · decay · w`` (Loshchilov & Hutter 2019).

    All but the learning rate goes by name.

    Args:
        learning_rate: α, a number above 0 or a schedule; this, β₁, β₂ and ε as for Adam.
        beta_1: β₁, the weight of the past gradients, at least 0 and below 1.
        beta_2: β₂, the weight of the past squares, at least 0 and below 1.
        epsilon: ε, above 0.
        weight_decay: At least 0; 0.01 as in PyTorch. In matrices only: biases are left alone.
        clip_norm: The norm that all gradients together may have, above 0 (Pascanu et al. 2013); None for no limit.

    Raises:
        GraphError: If a setting is outside of its bounds.

    >>> network = cr.Network([cr.Dense(1)], seed=0, dtype="float64")
    >>> X = np.linspace(-1, 1, 32)[:, None]
    >>> history = network.fit(X, 3 * X, optimizer=cr.AdamW(cr.Cosine(0.3), weight_decay=0.1), epochs=50)
    >>> network.parameters["W1"].round(2)  # pulled towards 0
    array([[2.78]])
    """

    learning_rate: float | Schedule = 0.001
    _: KW_ONLY  # for Keras has the weight decay second, PyTorch both betas in one
    beta_1: Share = 0.9
    beta_2: Share = 0.999
    epsilon: Above0 = 1e-7
    weight_decay: AtLeast0 = 0.01
    clip_norm: Above0 | None = None


def _above_0(epsilon: float, g: Node, least: float = 1.0) -> float:
    """Return ε as a number of the gradient's dtype that stays normal times ``least``: none may be rounded to 0."""
    return max(float(epsilon), 2 * float(np.finfo(g.dtype).tiny) / least)


def _weight(beta: float, t: Any) -> Any:
    """Return ``1 - betaᵗ``, the weight of an average from zeros so far; so written it keeps its digits."""
    return -np.expm1(t * math.log(beta)) if beta else 1.0


@dataclass(frozen=True)
class LBFGS(Checked):
    """SciPy's L-BFGS-B on the cost of the whole table (Byrd et al. 1995), for small networks and tables.

    It finds its own step lengths and needs whole batches: no learning rate, no schedule, no update graph.

    Args:
        max_evaluations: How often cost and gradient are evaluated at most; 15,000 as in SciPy.
        tolerance: It stops when no entry of the gradient is larger, at least 0; 1e-5 as in SciPy.
        memory: How many past steps shape its picture of the curvature; 10 as in SciPy.

    Raises:
        GraphError: If a setting is outside of its bounds.

    >>> network = cr.Network([cr.Dense(1)], seed=0, dtype="float64")
    >>> X = np.linspace(-1, 1, 32)[:, None]
    >>> history = network.fit(X, 3 * X, optimizer=cr.LBFGS(), batch_size=None)
    >>> network.parameters["W1"].round(4), history.epochs
    (array([[3.]]), 2)
    """

    by_steps: ClassVar[Literal[False]] = False
    max_evaluations: Count = 15_000
    tolerance: AtLeast0 = 1e-5
    memory: Count = 10


CLASSES = classes(globals())
OPTIMIZERS: dict[str, Optimizer | LBFGS] = {name.lower(): kind() for name, kind in CLASSES.items()}
OPTIMIZERS |= {"momentum": SGD(momentum=0.9), "nesterov": SGD(momentum=0.9, nesterov=True)}


@dataclass(frozen=True)
class _Own(Optimizer):
    """A function of the user's in the place of :meth:`Optimizer.direction`, which gives the whole step."""

    function: Callable[[Node, NewSlot, Node], tuple[NodeLike, Moved]]
    learning_rate: float | Schedule = 1.0

    def direction(self, g: Node, slot: NewSlot, t: Node) -> tuple[NodeLike, Moved]:
        """Return what the function returns."""
        made: tuple[NodeLike, Moved] = apply("the optimizer", self.function, g=g, slot=slot, t=t)
        return made


def optimizer(spec: Any) -> Optimizer | LBFGS:
    """Return the optimizer that ``spec`` means: a name, an object, or a function in the place of ``direction``.

    A function ``(g, slot, t)`` returns the step to take back from a parameter whose gradient is g, and each slot that
    it made with its new value: ``lambda g, slot, t: (0.1 * g, [])``.

    Raises:
        UnknownNameError: If no optimizer bears the name.

    >>> optimizer("momentum").momentum
    0.9
    """
    found = find("optimizer", spec, OPTIMIZERS) if not isinstance(spec, Optimizer | LBFGS) else spec
    return found if isinstance(found, Optimizer | LBFGS) else _Own(found)


def clip_by_norm(gradients: Sequence[Node], limit: float) -> list[Node]:
    """Return the gradients, scaled down alike if their norm is above ``limit`` (Pascanu et al. 2013).

    The norm is that of all their numbers as one vector, summed up in float64: the square of a large float32 is
    infinite in float32. Gradients within the limit stay exactly as they are.

    >>> a, b = variable([3.0, 0.0]), variable([[4.0]])
    >>> [g.value.tolist() for g in clip_by_norm([a, b], 1.0)]
    [[0.6000000000000001, 0.0], [[0.8]]]
    """
    exact = [cast(g, np.float64) for g in gradients]
    norm = np.sqrt(sum(np.sum(g * g) for g in exact))
    return [g * _in(limit / np.maximum(norm, limit), g) for g in gradients]
