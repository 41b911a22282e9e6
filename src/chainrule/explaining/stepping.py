"""Why the next step moves a weight: it is done with a copy of the network, and told by the optimizer's own rule."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.errors import DataError, DivergenceWarning, GraphError, unknown_name
from chainrule.explaining.explanation import explain
from chainrule.explaining.factors import Use, uses_of
from chainrule.explaining.notation import Notation
from chainrule.explaining.steps import ForwardStep
from chainrule.explaining.weights import WeightExplanation, weight_name
from chainrule.graph import show
from chainrule.graph.closed import replaced
from chainrule.graph.node import Node, variable
from chainrule.graph.shapes import show as show_shape
from chainrule.graph.walk import order
from chainrule.nn.layers.base import SEED, STEP
from chainrule.train.fit.asking import Asking, Begun, begun, learn
from chainrule.train.fit.fitting import Left, first_state
from chainrule.train.network import Network
from chainrule.train.objective import CLOCK, PER_EPOCH, TOTAL
from chainrule.train.optimizers import Optimizer, clip_by_norm
from chainrule.train.programs import slopes_of
from chainrule.train.schedules import Constant, schedule
from chainrule.transform.backprop import grad

ROUNDED = (
    1e-3  # of the sizes of all products: what rounding alone may leave between their sum and the gradient
)


def weight_told(
    network: Network,
    X: Any,
    y: Any,
    parameter: str,
    index: Any = None,
    optimizer: Any = None,
    loss: Any = None,
    sample_weight: Any = None,
    before: Left | None = None,
    digits: int = show.DIGITS,
    notation: Notation | None = None,
) -> WeightExplanation:
    """Return why the next step on rows moves a weight; that step is done, with a copy of the network.

    Args:
        network: The network.
        X: Rows, as ``fit`` takes them.
        y: Their targets.
        parameter: "W1", or with its place "W1[0,2]".
        index: Which of its weights: its place on each axis.
        optimizer: As in ``fit``; None for that of the last one, else Adam.
        loss: Likewise.
        sample_weight: Likewise.
        digits: How many digits of a number are told.
        notation: How names are written; by default as they are.
        before: What the optimizer has learned in steps before; None where this is its first.
    """
    apprentice = copy.deepcopy(network)
    architecture = apprentice.architecture  # of its own, so that its nodes have the values
    name, place = place_of(apprentice, parameter, index)
    known = network._method
    rule_of = "you" if optimizer is not None else "fit" if known is not None else "nobody"
    optimizer = known or "adam" if optimizer is None else optimizer
    asked = Asking(
        X,
        y,
        loss=loss,
        optimizer=optimizer,
        batch_size=None,
        epochs=1,
        shuffle=False,
        sample_weight=sample_weight,
    )
    fit = begun(apprentice, asked)
    run, method = fit.run, fit.run.method
    if not isinstance(method, Optimizer):
        raise GraphError(
            f"{type(method).__name__} finds its own way over the whole table, and no single step is told of it. Give "
            "an optimizer that steps, such as optimizer='sgd' or 'adam'."
        )
    if name not in run.goal.trained:
        raise GraphError(f"{name} is frozen (trainable=False), so no step moves it.")
    run.before = before
    gradients = _gradients(fit)
    w = architecture.parameters[name]
    value, g = float(w.value[place]), float(gradients[name][place])
    uses, penalty = _factors(fit, w, place)
    if not _add_up(uses, g - penalty):
        uses = []
    scale = _clipped(method, gradients)
    begins = first_state(run)
    clock = dict(zip(CLOCK, begins[-len(CLOCK) :], strict=True))
    first = len(run.began_with)
    remembered = dict(zip([s.name for s in run.slots], begins[first : first + len(run.slots)], strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # which is said below
        learn(fit)
    if run.history.diverged:
        raise DataError(
            f"The step from these weights with these rows is none that is kept. {run.history.stopped}"
        )
    left = dict(zip([s.name for s in run.slots], run.left, strict=True))
    ending = f"_{name}"
    slots = tuple(
        (slot.removesuffix(ending), float(remembered[slot][place]), float(left[slot][place]))
        for slot in remembered
        if slot.endswith(ending)
    )
    notation = notation or Notation()
    label = notation.placed(weight_name(name, place), learned=True).text
    new = float(apprentice.parameters[name][place])
    rule = _rule(method, label, w, value, g * scale, {s: old for s, old, _ in slots}, clock, digits)
    return WeightExplanation(
        name, place, value, g, tuple(uses), penalty, scale, method, int(clock[STEP]) + 1, slots, rule, new,
        float(run.history["cost"][0]), run.rows, rule_of, digits, notation,
    )  # fmt: skip


def place_of(network: Network, parameter: Any, index: Any) -> tuple[str, tuple[int, ...]]:
    """Return which weight is meant: the name of its parameter, and its place."""
    known = network.architecture.parameters
    if isinstance(parameter, str) and "[" in parameter and index is None:
        parameter, _, within = parameter.partition("[")
        index = tuple(within.rstrip("] ").split(","))
    aliases = {name.replace("_", ""): name for name in known}
    name = parameter if parameter in known else aliases.get(str(parameter).replace("_", ""))
    if name is None:
        raise unknown_name("parameter", parameter, known)
    shape = known[name].shape
    given = index if isinstance(index, tuple | list) else () if index is None else (index,)
    try:
        place = tuple(int(str(i)) for i in given)
    except ValueError:
        place = (-1,)
    fits = len(place) == len(shape) and all(0 <= i < n for i, n in zip(place, shape, strict=True))
    if not fits:
        first, last = (weight_name(name, [n - 1 if end else 0 for n in shape]) for end in (False, True))
        found = (
            "found none: give index, its place on each axis"
            if index is None
            else f"found {weight_name(name, given)}"
        )
        raise DataError(f"{name} has shape {show_shape(shape)}: its weights are {first} to {last}; {found}.")
    return name, place


def _gradients(fit: Begun) -> dict[str, np.ndarray]:
    """Return the gradient by every parameter that learns, as the step of a fit finds it."""
    run = fit.run
    names = list(run.goal.trained)
    executable = slopes_of(run.goal, names).on(run.programs.engine, 1, run.rows)
    state = [*run.began_with, np.asarray(run.before.steps if run.before else 0), np.asarray(run.seed)]
    found = executable.step(state, run.table)[1][1:]
    return {name: np.array(each) for name, each in zip(names, found, strict=True)}


def _factors(fit: Begun, w: Node, place: tuple[int, ...]) -> tuple[list[Use], float]:
    """Return the factors of the gradient by a weight, and what the price of its size adds."""
    run = fit.run
    architecture, goal = run.goal.architecture, run.goal
    parts = [n for call in architecture.calls.values() for n in call.parts.values()]
    every = [goal.means.cost, *parts, *architecture.outputs.values()]
    cost, *rest = goal.learning(every)
    of = dict(zip(every[1:], rest, strict=True))
    feed: dict[Node, Any] = dict(zip(goal.inputs, run.table, strict=True))
    feed |= {STEP: run.before.steps if run.before else 0, SEED: run.seed}
    uses = uses_of(architecture, cost, of, architecture.parameters[w.name], place, feed)
    return uses, 0.0 if goal.price is None else _price(goal.price, architecture.parameters[w.name], place)


def _add_up(uses: Sequence[Use], gradient: float) -> bool:
    """Say whether factors are all there is: a weight may also count where no layer has a Z, or has another one."""
    products = [factor.product for use in uses for factor in use.factors]
    off = abs(sum(products) - gradient)
    return off <= ROUNDED * max(sum(map(abs, products)), abs(gradient))


def _price(price: Node, w: Node, place: tuple[int, ...]) -> float:
    found: Any = grad(price, w).value
    return float(found[place])


def _clipped(method: Optimizer, gradients: Mapping[str, np.ndarray]) -> float:
    """Return what gradients are multiplied by where they are too long together."""
    if method.clip_norm is None:
        return 1.0
    every = [variable(g) for g in gradients.values()]
    longest = max(range(len(every)), key=lambda i: np.abs(every[i].value).max())
    place = np.unravel_index(np.abs(every[longest].value).argmax(), every[longest].shape)
    before = float(every[longest].value[place])
    after = float(clip_by_norm(every, method.clip_norm)[longest].value[place])
    return after / before if before else 1.0


def _rule(
    method: Optimizer,
    label: str,
    w: Node,
    value: float,
    g: float,
    remembered: Mapping[str, float],
    clock: Mapping[Node, np.ndarray],
    digits: int,
) -> tuple[ForwardStep, ...]:
    """Return the optimizer's rule for one weight, line by line: its graph over single numbers, explained."""
    number, gradient = (
        variable(np.asarray(value, w.dtype), name=label),
        variable(np.asarray(g, w.dtype), name="g"),
    )
    done = variable(np.asarray(float(clock[STEP]), w.dtype), name="steps_before")

    def slot(what: str) -> Node:
        return variable(np.asarray(remembered.get(what, 0.0), w.dtype), name=f"{what}_before")

    t = (done + 1).named("t")
    plan = schedule(method.learning_rate)
    names: dict[Node, Node] = {}
    alpha: Any = plan.at(float(clock[STEP]), float(clock[TOTAL]), float(clock[PER_EPOCH]))
    if isinstance(plan, Constant):
        alpha = float(alpha)
    else:
        alpha = variable(np.asarray(getattr(alpha, "value", alpha), w.dtype), name="rate")
    new, moved = method._one(number, gradient, slot, t, alpha, w.ndim > 1)
    for before, after in moved:
        if isinstance(after, Node) and after is not gradient:
            names[after] = after.named(before.name.removesuffix("_before"))
    names.update(_corrections(new, method, t))
    (new,) = replaced([new], names)
    told: Any = explain(new.named(f"{label}'"), wrt=[], digits=digits)
    lines: tuple[ForwardStep, ...] = told.forward
    return lines


def _corrections(new: Node, method: Optimizer, t: Node) -> dict[Node, Node]:
    """Return each ``-expm1(t log β)`` of a rule, and ``1 - βᵗ``, as it is read and named in its place."""
    found: dict[Node, Node] = {}
    for node in order([new]):
        grown = node.inputs[0] if node.primitive.name == "negative" else None
        if grown is None or grown.primitive.name != "expm1":
            continue
        logs = [x for x in order([grown]) if x.primitive.leaf == "known" and x.shape == ()]
        if not logs:
            continue
        log_beta = min(float(x.value) for x in logs)
        beta = float(f"{np.exp(log_beta):.6g}")
        known = [k for k in (1, 2) if np.isclose(beta, getattr(method, f"beta_{k}", np.nan))]
        found[node] = (1 - beta**t).named(f"correction_{known[0]}" if known else "correction")
    return found
