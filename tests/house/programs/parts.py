"""A layer, an activation and an optimizer of one's own."""

from dataclasses import dataclass

import numpy as np

import chainrule as cr


@dataclass(frozen=True, eq=False)
class Scale(cr.Layer):
    start: float = 1.0
    name: str = ""

    def build(self, scope, x: cr.Node) -> cr.Node:  # type: ignore[no-untyped-def]
        gamma: cr.Node = scope.parameter("gamma", (x.shape[-1],), self.start)
        return x * gamma


@dataclass(frozen=True)
class Signs(cr.Optimizer):
    learning_rate: float | cr.Schedule = 0.01

    def direction(self, g, slot, t):  # type: ignore[no-untyped-def]
        m = slot("average")
        return np.sign(0.9 * m + 0.1 * g), [(m, 0.99 * m + 0.01 * g)]


X = np.linspace(-1, 1, 16)[:, None]
network = cr.Network([Scale(2.0), cr.Dense(1)], seed=0)
print(
    network.fit(X, 3 * X, optimizer=Signs(0.1), epochs=2).epochs, Scale()(cr.input("x", ("batch", 3))).shape
)
