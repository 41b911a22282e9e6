"""Looking at a training step: how large all is that it computes with, as a program that changes nothing."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from chainrule.engines.compiled import Compiled
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, cast
from chainrule.nn.layers.base import STEP
from chainrule.nn.reading import going_on
from chainrule.recent import Recent
from chainrule.train.objective import (
    CLOCK,
    PER_EPOCH,
    SCALE,
    TOTAL,
    Objective,
    gradients,
    lasting,
    rate_apart,
)
from chainrule.train.optimizers import Optimizer
from chainrule.transform.simplify import simplified

_shared: Recent[Program] = Recent(64)


def layers_seen(goal: Objective) -> dict[str, Node]:
    """Return what each layer puts out, by the lectures' name for it where it has one: "A1"."""
    architecture = goal.architecture
    lectures = {n: name for name, n in architecture.parts.items() if name.startswith("A")}
    return {lectures.get(n, label): n for label, n in architecture.outputs.items()}


def looking_program(goal: Objective, optimizer: Optimizer) -> Program:
    """Return what a training step computes with, without doing it.

    Norms of each parameter, its gradient and its update; behind them the root mean squares of what the layers put out,
    over the steps that count. Its state is that of :func:`chainrule.train.objective.training_program`.
    """
    architecture, trained = goal.architecture, goal.trained
    layers = layers_seen(goal)
    masks = [call.mask for call in architecture.calls.values()]
    counted = [m for m in masks if m is not None]
    _, slopes, found = gradients(goal, trained, going=True, also=[*layers.values(), *counted])
    found = found[len(found) - len(layers) - len(counted) :]
    seen, known = found[: len(layers)], iter(found[len(layers) :])
    each_mask = [None if m is None else next(known) for m in masks]
    done = cast(STEP, np.float64)
    new, slots = optimizer.update(list(trained.values()), slopes, done, SCALE, TOTAL, PER_EPOCH)
    sizes = [
        _norm(x) for w, g, after in zip(trained.values(), slopes, new, strict=True) for x in (w, g, after - w)
    ]
    sizes += [_root_mean_square(a, m) for a, m in zip(seen, each_mask, strict=True)]
    _, carried = going_on(architecture, list(architecture.carried.values()))
    before = (*architecture.parameters.values(), *architecture.statistics.values(), *(s for s, _ in slots))
    state = (*before, *carried, *CLOCK)
    return Program(goal.inputs, state, tuple(sizes), state)


def looking_of(goal: Objective, method: Optimizer) -> Compiled:
    """Return the program of a look at a step, of all equal networks one."""
    if not lasting(method):
        return Compiled(looking_program(goal, method))
    rule, _ = rate_apart(method)
    key: Hashable = ("look", rule)

    def shared() -> Program:
        return simplified(looking_program(goal, rule)).detached()

    return goal.programs.get(key, lambda: Compiled(_shared.get((goal.fingerprint, key), shared), simple=True))


def _norm(x: Node) -> Node:
    """Return the length of all numbers of x as one vector, exact enough for numbers that float32 cannot square."""
    wide: Any = cast(x, np.float64)
    found: Any = np.sqrt(np.sum(wide * wide))
    return found


def _root_mean_square(a: Node, mask: Node | None) -> Node:
    wide: Any = cast(a, np.float64)
    squares: Any = wide * wide
    if mask is None or a.shape[:2] != mask.shape:
        found: Any = np.sqrt(np.mean(squares))
        return found
    each = np.mean(squares, axis=tuple(range(2, a.ndim))) if a.ndim > 2 else squares
    weight: Any = cast(mask, np.float64)
    total: Any = np.sum(weight)
    found = np.sqrt(np.sum(np.where(weight > 0, each, 0.0)) / np.where(np.equal(total, 0), 1.0, total))
    return found
