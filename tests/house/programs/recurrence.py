"""Sequences: a cell of one's own, an encoder and its decoder, a state that goes on from batch to batch."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr


@dataclass(frozen=True, eq=False)
class Leaky(cr.Cell):
    """Units that forget slowly."""

    units: int
    leak: float = 0.1

    @property
    def states(self) -> tuple[int, ...]:
        return (self.units,)

    def step(self, scope: Any, x: cr.Node, h: cr.Node) -> tuple[cr.Node, cr.Node]:
        W = scope.parameter("W", (3, self.units), None)
        U = scope.parameter("U", (self.units, self.units), "orthogonal")
        new = (1 - self.leak) * h + self.leak * cr.tanh(x @ W + h @ U)
        return new, new


X = np.random.default_rng(0).normal(size=(8, 6, 3))
own = cr.Network([cr.RNN(Leaky(4)), cr.Dense(1)], input_shape=(6, 3), seed=0)
own.fit(X, X[:, 0, 0], epochs=1)

x, y = cr.input("x", ("batch", 6, 3)), cr.input("y", ("batch", 4, 2))
_, h, c = cr.LSTM(5, return_state=True)(x)
decoded: cr.Node = cr.LSTM(5, return_sequences=True)(y, initial_state=[h, c])
both = cr.Network(cr.Dense(2)(decoded), seed=0)
assert both.predict({"x": X, "y": np.zeros((8, 4, 2))}).shape == (8, 4, 2)

layers = [cr.GRU(4, return_sequences=True, stateful=True, dropout=0.1), cr.Dense(1, "sigmoid")]
goes_on = cr.Network(layers, input_shape=(6, 3), seed=0)
goes_on.fit(X, np.zeros((8, 6, 1)), batch_size=4, epochs=1, shuffle=False)
goes_on.reset_states()
assert goes_on.predict(X[:1]).shape == (1, 6, 1)
