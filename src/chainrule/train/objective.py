"""The objective and the training step: loss, gradients and update as one graph."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property, lru_cache
from numbers import Real
from typing import Any

import numpy as np

from chainrule.engines.compiled import Compiled
from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node, as_node, cast, count, input
from chainrule.graph.primitives.arithmetic import weigh
from chainrule.graph.shapes import Extent, show
from chainrule.graph.walk import order
from chainrule.nn.architecture import BATCH, Architecture
from chainrule.nn.callables import apply
from chainrule.nn.layers.base import SEED, STEP, TRAINING
from chainrule.nn.reading import at, going_on, going_on_program, looking_state, penalty
from chainrule.recent import Recent
from chainrule.train.metrics import Known, Watched
from chainrule.train.optimizers import Optimizer
from chainrule.train.weights import TOP
from chainrule.transform.backprop import grad
from chainrule.transform.batching import on_all_steps
from chainrule.transform.simplify import simplify_all

# NumPy's functions are called on nodes, of which its stubs do not know.
# mypy: disable-error-code="call-overload"

# State of a run beside parameters and slots; schedules and dropout read it, the loop may lower the scale.
SCALE = input("learning_rate_scale", (), "float64")
TOTAL = input("total_steps", (), "float64")
PER_EPOCH = input("steps_per_epoch", (), "float64")
CLOCK = (STEP, SEED, SCALE, TOTAL, PER_EPOCH)
STEP_AT, SCALE_AT = (CLOCK.index(each) - len(CLOCK) for each in (STEP, SCALE))  # in a state, whose end it is
MOST_PROGRAMS = 8  # of one objective: to evaluate, for its gradients, to train with the last few optimizers


@dataclass(frozen=True)
class Means:
    """What an objective takes the means of, as nodes.

    Attributes:
        cost: The weighted mean of the losses.
        watched: The mean of each metric that is one.
        mass: How much the examples of a batch weigh together: how many there are, without weights.
        by_example: Whether all of them are means over the examples, and so over parts of a table.
    """

    cost: Node
    watched: dict[str, Node]
    mass: Node
    by_example: bool


_drawn: Recent[bool] = Recent(64)  # objectives that are known, and can be drawn


@dataclass(frozen=True)
class Objective:
    """What is minimised and what is watched, of one architecture; it is drawn when something is made of it.

    Attributes:
        architecture: The network.
        y: The input node of the targets.
        weight: The input node of the sample weights, or None.
        price: What the size of the weights costs, or None.
        watched: The metrics, by what the history calls them.
        classes: Whether the outputs are the probabilities of classes, of which an example has one.
        loss: What makes the loss of each example, of nodes.
        draw: What draws the means.
        frozen: The names of the parameters and statistics that learning leaves alone.
        known: What another has too only if training it is the same work; None where that is not known.
        programs: What was made of it; it goes when the objective goes.
    """

    architecture: Architecture
    y: Node
    weight: Node | None
    price: Node | None
    watched: dict[str, Watched]
    classes: bool
    loss: Callable[..., Any] = field(repr=False, compare=False)
    draw: Callable[[], Means] = field(repr=False, compare=False)
    frozen: frozenset[str]
    known: Hashable = field(default=None, repr=False, compare=False)
    programs: Recent[Compiled] = field(
        default_factory=lambda: Recent(MOST_PROGRAMS), repr=False, compare=False
    )

    @cached_property
    def means(self) -> Means:
        """What it takes the means of."""
        return self.draw()

    @property
    def cost(self) -> Node:
        """What is minimised."""
        return self.means.cost if self.price is None else self.means.cost + self.price

    @property
    def trained(self) -> dict[str, Node]:
        """The parameters that learning changes, by name."""
        return {name: w for name, w in self.architecture.parameters.items() if name not in self.frozen}

    @property
    def moved(self) -> list[Node]:
        """What each statistic is after a training step, in their order."""
        before = self.architecture.statistics.items()
        return [
            s if name in self.frozen else new
            for (name, s), new in zip(before, self.architecture.moved, strict=True)
        ]

    def learning(self, nodes: Sequence[Node]) -> list[Node]:
        """Return nodes as they are in a training step."""
        layers = [self.architecture.meaning(name).layer for name in self.frozen]
        return at(nodes, training=True, frozen=layers)

    @property
    def whole(self) -> dict[str, Watched]:
        """The metrics that look at all outputs at once."""
        return {name: metric for name, metric in self.watched.items() if metric.whole}

    @property
    def fingerprint(self) -> Hashable:
        """What the objectives of two networks have in common if training them is the same work."""
        if self.known is not None:
            return self.known
        architecture = self.architecture
        state = (*architecture.parameters.values(), *architecture.statistics.values(), *CLOCK)
        outputs = (self.cost, *self.means.watched.values())
        outputs += tuple(architecture.carried.values())
        seen = Program((*self.inputs, TRAINING), state, outputs, tuple(self.moved))
        known = (
            len(architecture.parameters),
            tuple(self.means.watched),
            bool(self.whole),
            tuple(architecture.carried),
        )
        return seen.fingerprint, self.frozen, *known

    @property
    def inputs(self) -> tuple[Node, ...]:
        """What a batch consists of."""
        weight = () if self.weight is None else (self.weight,)
        return (*self.architecture.inputs.values(), self.y, *weight)


Examples = tuple[Objective, Arrays]  # what is minimised, and a table of it: inputs, targets, weights


def objective(
    architecture: Architecture,
    loss: Callable[[Node, Node], Any],
    loss_name: str,
    y_shape: tuple[int, ...],
    y_dtype: np.dtype,
    metrics: Mapping[str, Watched],
    weighed: tuple[int, ...] | None,
    wide: bool = False,
    classes: bool = False,
    frozen: frozenset[str] = frozenset(),
    known: Hashable = None,
) -> Objective:
    """Return the objective: loss of one example, cost their mean over the batch or Σ w·loss / Σ w.

    ``weighed`` is the shape of an example's weight: () for one, (time,) for one at each step, None for none. ``wide``
    says that the weights lie so far apart that they are compared within each batch, ``classes`` that the outputs are
    the probabilities of classes, ``frozen`` what learning leaves alone, ``known`` what tells the objective from all
    others.
    """
    p = architecture.output
    y = input("y", (BATCH, *y_shape), y_dtype)
    given: Node | None = None
    if weighed is not None:
        given = input("sample_weight", (BATCH, *weighed), "float64" if wide else p.dtype)
    compare = _call_by_step if weighed else _call
    chosen = dict(metrics)

    def draw() -> Means:
        weight = _within_batch(given, p.dtype) if given is not None and wide else given
        losses = compare(loss, loss_name, "loss", y, p)
        if p not in set(order([losses])):
            raise GraphError(
                f"The loss '{loss_name}' does not depend on the network's output: nothing would train."
            )
        cost = _mean(losses, weight, loss_name, p.dtype)
        watched, by_example = {}, losses.ndim > 0
        for name, metric in chosen.items():
            if isinstance(metric, Known) and not metric.whole:
                found = compare(metric.formula, name, "metric", y, p)
                watched[name] = _mean(found, weight, name, p.dtype)
                by_example = by_example and found.ndim > 0
        return Means(cost, watched, _mass(given, 2.0**-TOP if wide else 1.0), by_example)

    price = penalty(architecture, frozen)
    goal = Objective(architecture, y, given, price, chosen, classes, loss, draw, frozen, known)

    def check() -> bool:
        return bool(goal.means)  # what is wrong with it is found where it is drawn

    if known is None:
        check()
    else:
        _drawn.get(known, check)
    return goal


def _mass(weight: Node | None, scale: float) -> Node:
    if weight is None:
        return as_node(count((Extent(BATCH),), np.dtype(np.float64)))
    total: Any = np.sum(cast(weight, np.float64) * scale)
    return cast(total, np.float64)


def _within_batch(weight: Node, dtype: np.dtype) -> Node:
    """Return weights whose largest in the batch is 1."""
    largest: Any = np.max(weight)
    return cast(weight / np.where(largest > 0, largest, 1), dtype)


def _call(function: Callable[..., Any], name: str, kind: str, y: Node, p: Node) -> Node:
    try:
        found = apply(f"the {kind} '{name}'", function, y=y, p=p)
    except ShapeError as error:
        raise ShapeError(
            f"The {kind} '{name}' of a target {show(y.shape)} and an output {show(p.shape)}: {error}"
        ) from None
    if not isinstance(found, Node):
        raise GraphError(
            f"The {kind} '{name}' returned {type(found).__name__} and no node. "
            f"Write it as a function (y, p) with operators and NumPy functions, which work on nodes."
        )
    _check_spread(found, name, kind, y, p)
    return found


def _call_by_step(function: Callable[..., Any], name: str, kind: str, y: Node, p: Node) -> Node:
    """Return what a function says of each step by itself, (batch, time): it is drawn for one, and put on all."""
    one_y, one_p = (input(x.name, (x.shape[0], *x.shape[2:]), x.dtype) for x in (y, p))
    each = _call(function, name, kind, one_y, one_p)
    if each.ndim == 0:
        return each  # which is refused where it is to be weighed
    every_y, every_p = (_steps_first(x) for x in (y, p))
    found = on_all_steps([each], {one_y: every_y, one_p: every_p}, p.shape[1]).get(each)
    if found is None:
        raise GraphError(
            f"The {kind} '{name}' cannot be put on all steps of a sequence at once: what it is made of is not known to "
            "work step by step."
        )
    return _steps_first(found) if found.ndim > each.ndim else each


def _steps_first(x: Node) -> Node:
    """Exchange examples and steps."""
    found: Any = np.swapaxes(x, 0, 1)
    return found


def _check_spread(result: Node, name: str, kind: str, y: Node, p: Node) -> None:
    """Refuse a loss in which (n,) met (n, 1): every example would be compared with every other."""

    def pairs(node: Node) -> bool:
        return sum(e == Extent(BATCH) for e in node.shape) > 1

    for node in order([result], stop=[y, p]):
        # A product of matrices compares examples on purpose.
        if pairs(node) and node.primitive.name != "contract" and not any(pairs(x) for x in node.inputs):
            raise ShapeError(
                f"Inside the {kind} '{name}' the shapes "
                f"{' and '.join(show(x.shape) for x in node.inputs)} meet and every example is compared "
                f"with every other: shape {show(node.shape)}, at {node}. Targets are {show(y.shape)} and "
                f"outputs {show(p.shape)} here: keep both in one shape."
            )


def _mean(each: Node, weight: Node | None, name: str, dtype: np.dtype) -> Node:
    """Return the mean over the batch of what is given for each example; further axes are averaged first."""
    if each.dtype.kind != "f":
        each = cast(each, dtype)
    if each.ndim == 0:
        if weight is not None:
            raise GraphError(
                f"'{name}' returns a single number, so it cannot be weighted by example. Return one number "
                "for each example, of shape (batch,), and leave the mean over the batch to fit."
            )
        return each
    if each.shape[0] != Extent(BATCH):
        raise ShapeError(
            f"'{name}' returned shape {show(each.shape)}; expected (batch,), one number for each example."
        )
    kept = 1 if weight is None else weight.ndim
    if each.ndim > kept:
        each = np.mean(each, axis=tuple(range(kept, each.ndim)))
    if weight is None:
        mean: Any = np.mean(each)
        return mean
    if weight.ndim > 1:  # what padding would cost, NaN even, reaches nothing
        each = as_node(np.where(weight > 0, each, 0))
    total: Any = np.sum(weight)
    return np.sum(weigh(weight, each)) / np.where(np.equal(total, 0), 1, total)


def gradients(
    goal: Objective, by: Collection[str], going: bool = False, also: Sequence[Node] = ()
) -> tuple[Node, list[Node], list[Node]]:
    """Return the cost while training, its gradient by each of those parameters, and what is watched beside.

    That is what :func:`chainrule.train.watching.reading_of` reads: what a batch weighs, each mean times that, and the
    outputs, where these are asked for. Nodes that are ``also`` asked for follow, as they are while training.
    """
    parameters = goal.architecture.parameters
    mass = goal.means.mass
    sums = [cast(mean, np.float64) * mass for mean in goal.means.watched.values()]
    beside = [*([mass, *sums] if sums else []), *([goal.architecture.output] if goal.whole else []), *also]
    cost, *watched = going_on(goal.architecture, goal.learning([goal.cost, *beside]), going)[0]
    (cost,) = simplify_all([cost])
    if not parameters:
        raise GraphError("This network has no parameters, so there is nothing to train.")
    if not by:
        raise GraphError(_all_frozen(goal.architecture))
    try:
        slopes = grad(cost, [parameters[name] for name in by])
    except NoDerivativeError as error:
        raise NoDerivativeError(f"This network cannot be trained. {str(error).rstrip('.')}.") from None
    return cost, slopes, watched


def _all_frozen(architecture: Architecture) -> str:
    held = [i for i, call in enumerate(architecture.calls.values()) if call.layer.trainable is False]
    return (
        "All that this network could learn is frozen (trainable=False), so there is nothing to train. Let a layer "
        f"learn: network.layers[{held[-1]}].trainable = True."
    )


def training_program(goal: Objective, optimizer: Optimizer) -> Program:
    """Return one training step as a program.

    State: the parameters, the statistics, the slots, what goes on from batch to batch, then the clock. Outputs: the
    cost, then what is watched.
    """
    parameters, statistics, trained = goal.architecture.parameters, goal.architecture.statistics, goal.trained
    cost, slopes, watched = gradients(goal, trained, going=True)
    done = cast(STEP, np.float64)
    new, slots = optimizer.update(list(trained.values()), slopes, done, SCALE, TOTAL, PER_EPOCH)
    new_parameters = parameters | dict(zip(trained, new, strict=True))
    moved = goal.learning(goal.moved)
    after = goal.learning(list(goal.architecture.carried.values()))
    found, carried = going_on(goal.architecture, [*moved, *after])
    state = (*parameters.values(), *statistics.values(), *(s for s, _ in slots), *carried, *CLOCK)
    kept = found[: len(moved)], [new for _, new in slots], found[len(moved) :]
    new_state = (*new_parameters.values(), *(new for each in kept for new in each), STEP + 1, *CLOCK[1:])
    return Program(goal.inputs, state, (cost, *watched), new_state)


def slots_in(goal: Objective, program: Program) -> tuple[Node, ...]:
    """Return the slots of the optimizer among the state of a training step."""
    before = len(goal.architecture.parameters) + len(goal.architecture.statistics)
    return program.state[before : -len(CLOCK) - len(goal.architecture.carried)]


def gradient_program(goal: Objective, by: Collection[str] | None = None) -> Program:
    """Return cost and gradients by some parameters, else by those that learn, without an update."""
    cost, slopes, _ = gradients(goal, goal.trained if by is None else by)
    state = looking_state(goal.architecture)
    return Program(goal.inputs, state, (cost, *slopes), state)


def evaluation_program(goal: Objective, telling: bool = False) -> Program:
    """Return the objective at prediction: the data's cost, the price of the weights, the means of the metrics.

    Where it is ``telling`` the outputs follow, as for metrics that look at all of them at once.
    """
    means = goal.means
    price = goal.price if goal.price is not None else as_node(0.0, [means.cost.dtype])
    seen = [goal.architecture.output] if telling else []
    ends = [means.cost, price, *means.watched.values(), *seen]
    return replace(going_on_program(goal.architecture, ends), inputs=goal.inputs)


def rate_apart(optimizer: Any) -> tuple[Any, float]:
    """Return an optimizer of which those that differ in a constant rate alone have one program, and where SCALE begins.

    The bits are the same: a constant is multiplied by the scale, which is 1 elsewhere. One of the user's own may read
    its rate in other places, so it stays as it is.

    >>> from chainrule.train.optimizers import SGD
    >>> rate_apart(SGD(0.25))[0] == rate_apart(SGD(0.5))[0], rate_apart(SGD(0.5))[1]
    (True, 0.5)
    """
    rate = getattr(optimizer, "learning_rate", None)
    if not isinstance(rate, Real) or not lasting(optimizer):
        return optimizer, 1.0
    return _of_rate_one(optimizer), float(rate)


@lru_cache(maxsize=64)
def _of_rate_one(optimizer: Optimizer) -> Optimizer:
    found: Any = replace(optimizer, learning_rate=1.0)  # type: ignore[type-var]
    return found


def lasting(thing: Any) -> bool:
    """Say whether a thing means the same for ever: a plain value, or a function or setting of this library.

    What a user wrote may read what changes (a global, an attribute), so nothing that was made of it is kept.
    """
    if thing is None or isinstance(thing, str | int | float):
        return True
    if is_dataclass(thing):
        own = type(thing).__module__.startswith("chainrule.")
        return own and all(lasting(getattr(thing, f.name)) for f in fields(thing))
    return callable(thing) and (getattr(thing, "__module__", None) or "").startswith("chainrule.")
