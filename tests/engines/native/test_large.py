"""Large graphs: nothing ends the process, and what takes them apart loses no number."""

import numpy as np
import pytest

from chainrule.engines.program import Program
from chainrule.graph.backprop import grad
from chainrule.graph.elementwise import sigmoid
from chainrule.graph.node import input, variable

RNG = np.random.default_rng(8)


def unrolled(steps, cell, width=6):
    """Return a program that trains a recurrent network whose steps are written out, and numbers for it."""
    gates = {"rnn": 1, "lstm": 4}[cell]
    x, y = input("x", ("batch", steps, 3)), input("y", ("batch", 1))
    W = variable(RNG.standard_normal((3 + width, gates * width)) * 0.4, "W")
    b, V = variable(np.zeros(gates * width), "b"), variable(RNG.standard_normal((width, 1)), "V")
    h = c = np.zeros(width) + 0 * x[:, 0, :1]
    for t in range(steps):
        z = np.concatenate([x[:, t], h], axis=1) @ W + b
        if cell == "rnn":
            h = np.tanh(z)
            continue
        i, f, o, g = (z[:, k * width : (k + 1) * width] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    weights, cost = (W, b, V), np.mean((h @ V - y) ** 2)
    updates = tuple(w - 0.1 * d for w, d in zip(weights, grad(cost, weights), strict=True))
    batch = [RNG.standard_normal((5, steps, 3)), RNG.standard_normal((5, 1))]
    return Program((x, y), weights, (cost,), updates), [w.value for w in weights], batch


@pytest.mark.parametrize(("cell", "steps"), [("rnn", 50), ("lstm", 24)])
def test_a_recurrent_network_of_many_steps_ends_no_process(cell, steps, agree):
    agree(*unrolled(steps, cell))
