"""What an estimator compiles: its prediction, its training step, its gradients. Estimators alike share them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from chainrule.engines.compiled import Compiled
from chainrule.estimators.losses import Loss, mass_of, mean_of
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node, as_node, cast, count, input
from chainrule.graph.shapes import Extent
from chainrule.nn.alike import chain_of
from chainrule.nn.architecture import BATCH, Architecture
from chainrule.nn.layers.base import Layer
from chainrule.nn.reading import looking_state, prediction_program
from chainrule.recent import Recent
from chainrule.train.objective import CLOCK, Objective, gradient_program, lasting, objective, training_program
from chainrule.train.optimizers import Optimizer
from chainrule.train.programs import Prediction, Programs

# mypy: disable-error-code="call-overload"

ALPHA = input("alpha", (), "float64")  # how much the squares of the weights cost: a number of the state
MOST_RULES = 4
PREDICTIONS = 100


@dataclass(frozen=True)
class Target:
    """What an example's target is: labels are whole numbers ``()``, all else is floats ``(outputs,)``."""

    shape: tuple[int, ...]
    dtype: np.dtype


class Learner:
    """A network of some shape that learns by some loss, as programs; it holds nobody's numbers.

    Args:
        architecture: The network.
        loss: What is minimised.
        target: What its examples' targets are.
        weighed: Whether the examples have weights.
    """

    def __init__(self, architecture: Architecture, loss: Loss, target: Target, weighed: bool) -> None:
        self.architecture = architecture
        self.loss = loss
        self.target = target
        self.weighed = weighed
        self._training: Recent[tuple[Optimizer, Compiled]] = Recent(MOST_RULES)
        self._programs: dict[str, Programs] = {}

    @cached_property
    def prediction(self) -> Prediction:
        """What the network puts out."""
        return Prediction(prediction_program(self.architecture, [self.architecture.output]))

    def programs(self, engine: str) -> Programs:
        """Return what runs predictions, which are given their numbers, on an engine."""
        if engine not in self._programs:
            self._programs[engine] = Programs(self.architecture, engine, 0)
        return self._programs[engine]

    def predicted(self, x: np.ndarray, values: Arrays, engine: str) -> np.ndarray:
        """Return what is put out for rows, with these values.

        An engine is chosen as for many predictions of that size: estimators are asked for scores, fold by fold.
        """
        preferred = self.prediction.choose(PREDICTIONS, len(x)) if engine == "auto" else None
        found: np.ndarray = self.programs(engine).outputs(self.prediction, [x], values, preferred)[0]
        return found

    @cached_property
    def goal(self) -> Objective:
        """The cost: the mean of the losses, and the price of the weights: ``½ α Σ w²`` over what the batch weighs."""
        weighed = () if self.weighed else None
        loss = self.loss
        found = objective(
            self.architecture, loss.learned, loss.name, self.target.shape, self.target.dtype, {}, weighed
        )
        return replace(found, price=self._price(found.weight))

    def _price(self, weight: Node | None) -> Node:
        dtype = self.architecture.output.dtype
        squares: Any = sum(np.sum(w * w) for w in self.penalised)
        mass = mass_of(weight, as_node(count((Extent(BATCH),), np.dtype(np.float64))), dtype)
        price: Node = cast(0.5 * ALPHA, dtype) * squares / mass
        return price

    @property
    def penalised(self) -> list[Node]:
        """The weights whose size costs something: all matrices."""
        return [w for w in self.architecture.parameters.values() if w.ndim > 1]

    def _told(self, goal: Objective) -> Node:
        """Return what the curve of losses says of a batch."""
        each = self.loss.told(goal.y, self.architecture.output)
        told: Node = mean_of(each, goal.weight) + goal.price
        return goal.learning([told])[0]

    def training(self, rule: Optimizer) -> Compiled:
        """Return a step. Its output is what the batch cost, times its rows; alpha stands before the clock."""
        own, compiled = self._training.get(
            rule if lasting(rule) else id(rule), lambda: (rule, Compiled(self._training_program(rule)))
        )
        return compiled if own is rule or lasting(rule) else Compiled(self._training_program(rule))

    def _training_program(self, rule: Optimizer) -> Program:
        goal = self.goal
        program = training_program(goal, rule)
        before, clock = program.state[: -len(CLOCK)], program.state[-len(CLOCK) :]
        after, ticked = program.new_state[: -len(CLOCK)], program.new_state[-len(CLOCK) :]
        rows = as_node(count((Extent(BATCH),), np.dtype(np.float64)))
        told: Any = cast(self._told(goal), np.float64) * rows
        return Program(
            program.inputs, (*before, ALPHA, *clock), (told, *program.outputs[1:]), (*after, ALPHA, *ticked)
        )

    @cached_property
    def telling(self) -> Compiled:
        """What the curve of losses says of examples that are not learned from, given what was put out for them."""
        output, target = self.architecture.output, self.target
        y, p = input("y", (BATCH, *target.shape), target.dtype), input("p", output.shape, output.dtype)
        weight = input("sample_weight", (BATCH,), output.dtype) if self.weighed else None
        told = mean_of(self.loss.told(y, p), weight)
        return Compiled(Program((y, p, *([] if weight is None else [weight])), (), (told,), ()))

    @cached_property
    def settling(self) -> Compiled:
        """What each statistic of the layers is after a step, without that step."""
        goal, state = self.goal, looking_state(self.architecture)
        return Compiled(Program(goal.inputs, state, tuple(goal.learning(goal.moved)), state))

    @cached_property
    def slopes(self) -> Compiled:
        """What all examples cost, and the gradients by every parameter; alpha is the last of its state."""
        goal = self.goal
        program = gradient_program(goal)
        return Compiled(
            Program(
                program.inputs,
                (*program.state, ALPHA),
                (self._told(goal), *program.outputs[1:]),
                (*program.new_state, ALPHA),
            )
        )


_learners: Recent[Learner] = Recent(64)
_of_one: WeakKeyDictionary[Any, Recent[Learner]] = WeakKeyDictionary()
MOST_OF_ONE = 8


def learner_of(
    estimator: Any,
    key: tuple[Any, ...],
    layers: Callable[[], Sequence[Layer]],
    features: int,
    dtype: str,
    loss: Loss,
    target: Target,
    weighed: bool,
) -> Learner:
    """Return the programs of a network; ``key`` is what its layers have in common with those of others.

    What was drawn by a function of the user's, who may change what that reads, is kept for this estimator alone, and
    until :func:`forget`.
    """

    def make() -> Learner:
        return Learner(chain_of(layers(), features, dtype), loss, target, weighed)

    parts = (*key, features, dtype, loss, target, weighed)
    if lasting(loss) and all(map(lasting, key)):
        return _learners.get(parts, make)
    known = tuple([part if lasting(part) or part is target else id(part) for part in _flat(parts)])
    return _of_one.setdefault(estimator, Recent(MOST_OF_ONE)).get(known, make)


def forget(estimator: Any) -> None:
    """Drop what was drawn by functions of the user's: the next fit draws it anew."""
    _of_one.pop(estimator, None)


def _flat(parts: tuple[Any, ...]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, Loss):
            yield from (part.name, getattr(part.learned, "function", part.learned))
        else:
            yield part
