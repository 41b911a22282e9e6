"""What all examples cost together, and the gradient: sparse ones are written out a block at a time."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse

from chainrule.engines.executable import Executable
from chainrule.estimators.written import blocks, written_out
from chainrule.graph.evaluate import Arrays

Cost = tuple[float, Arrays]


def whole_cost(
    executable: Executable, table: Sequence[Any], alpha: float
) -> Callable[[Sequence[np.ndarray]], Cost]:
    """Return what computes, from a network's values, what all examples cost and the gradient by each value.

    Args:
        executable: What gives both for examples that are written out.
        table: X, y and perhaps weights, of all examples.
        alpha: How much the squares of the weights cost.
    """
    X = written_out(table[0])
    given = [X, *table[1:]]
    cost = _at_places(executable)
    if not scipy.sparse.issparse(X):
        return lambda values: cost(values, given, alpha)
    cuts, weights = blocks(X), table[2] if len(table) > 2 else np.ones(X.shape[0])
    masses = [float(weights[cut].sum(dtype=np.float64)) for cut in cuts]
    shares = [mass / max(sum(masses), np.finfo(float).tiny) for mass in masses]
    priced = int(np.argmax(masses))

    def in_blocks(values: Sequence[np.ndarray]) -> Cost:
        loss, slopes = 0.0, [np.zeros(x.shape) for x in values]
        for i, (cut, share) in enumerate(zip(cuts, shares, strict=True)):
            block = [X[cut].toarray(), *(each[cut] for each in table[1:])]
            # The price of the weights is over the mass of a block, and is to be over that of all: one block pays it.
            part, found = cost(values, block, alpha if i == priced else 0.0)
            loss += share * part
            slopes = [total + share * each for total, each in zip(slopes, found, strict=True)]
        return loss, slopes

    return in_blocks


def _at_places(executable: Executable) -> Callable[[Sequence[np.ndarray], Sequence[Any], float], Cost]:
    """Return a function of values, a table and alpha; the values go where an engine knows that they lie."""
    state: Arrays = []

    def cost(values: Sequence[np.ndarray], table: Sequence[Any], alpha: float) -> Cost:
        if not state:
            state[:] = [*map(np.array, values), np.asarray(0), np.asarray(0), np.asarray(float(alpha))]
        for place, x in zip(state, [*values, 0, 0, alpha], strict=True):
            place[...] = x
        loss, *slopes = executable.step(state, table)[1]
        return float(loss), slopes

    return cost
