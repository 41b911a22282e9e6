"""The gradient by one weight, taken apart: what comes from behind, the slope of the activation, what came in.

``∂J/∂w = Σ ∂J/∂a · ∂a/∂z · ∂z/∂w`` over the rows, and over the places where a layer uses the weight: every factor is
read from the graph of the cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.graph.closed import replaced
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, input
from chainrule.nn.architecture import Architecture
from chainrule.transform.backprop import grad
from chainrule.transform.forward import pushforward

NOTHING = 1e-5  # of the largest: what rounding alone may make of numbers that are equal


@dataclass(frozen=True)
class Factor:
    """The factors at one place: of one row, and one number that a layer computes with the weight.

    Attributes:
        row: Which row.
        place: Which number of what the layer computes of that row.
        behind: ``∂J/∂a``: how the cost moves with what the layer puts out there; NaN where an activation mixes its
            numbers, as softmax does, so that only the product with its slope can be told.
        slope: ``∂a/∂z``: the slope of the activation there; NaN likewise.
        error: Both together, ``∂J/∂z``.
        came_in: ``∂z/∂w``: what came in through the weight.
        product: What all of them come to.
    """

    row: int
    place: tuple[int, ...]
    behind: float
    slope: float
    error: float
    came_in: float
    product: float


@dataclass(frozen=True, eq=False)
class Use:
    """One use of a weight by a layer.

    Attributes:
        label: What the use of the layer is called.
        z: What is called Z: "Z1".
        a: What is called A.
        factors: Those of all places where there are any, row by row.
    """

    label: str
    z: str
    a: str
    factors: tuple[Factor, ...]


def uses_of(
    architecture: Architecture,
    cost: Node,
    of: Mapping[Node, Node],
    w: Node,
    index: tuple[int, ...],
    feed: Mapping[Node, Any],
) -> list[Use]:
    """Return what each use of a weight contributes to its gradient; none of layers that have no Z.

    Args:
        architecture: The network.
        cost: The cost while training.
        of: What each Z and A, and the parameters, are in the graph of that cost.
        w: The parameter.
        index: Which of its weights.
        feed: A value for each input of the graph.
    """
    called = {n: name for name, n in architecture.parts.items()}
    found = []
    for label, call in architecture.calls.items():
        z, a = call.parts.get("Z"), architecture.outputs[label]
        if z is None or w not in call.parameters:
            continue
        one = np.zeros(w.shape, w.dtype)
        one[index] = 1
        (came_in,) = pushforward([of[z]], {w: one})
        error, behind = grad(cost, [of[z], of[a]])
        z_leaf = input("z", z.shape, z.dtype)
        (a_of_z,) = replaced([of[a]], {of[z]: z_leaf})
        slope = grad(np.sum(a_of_z), z_leaf)
        run = evaluate([came_in, error, behind, of[z]], feed)
        slopes = evaluate([slope], {**feed, z_leaf: run[of[z]]})[slope]
        name = called.get(z, "Z")
        found.append(
            Use(
                label,
                name,
                name.replace("Z", "A", 1),
                _factors(run[error], run[behind], slopes, run[came_in], index),
            )
        )
    return found


def _factors(error: Any, behind: Any, slope: Any, came_in: Any, index: tuple[int, ...]) -> tuple[Factor, ...]:
    error, behind, slope, came_in = (np.asarray(x, np.float64) for x in (error, behind, slope, came_in))
    came_in = np.broadcast_to(came_in, error.shape)
    apart = behind.shape == error.shape
    if apart:
        largest = max(np.abs(error).max(initial=0), np.finfo(np.float64).tiny)
        apart = bool(np.abs(behind * slope - error).max(initial=0) <= NOTHING * largest)
    found = []
    places = list(zip(*np.nonzero(came_in), strict=True))
    if not places and index and error.ndim == 2 and index[-1] < error.shape[-1]:
        places = [(row, index[-1]) for row in range(len(error))]  # a unit's: 0 came in, and that is why
    for place in places:
        numbers = (behind[place], slope[place]) if apart else (np.nan, np.nan)
        found.append(
            Factor(
                int(place[0]),
                tuple(int(i) for i in place[1:]),
                *(float(n) for n in (*numbers, error[place], came_in[place], error[place] * came_in[place])),
            )
        )
    return tuple(found)
