"""Gradients that shrink or grow on their way through many layers or steps. Each run has its twin, without the fault."""

import numpy as np

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained


def ten_sigmoids(seed: int, twin: bool = False) -> Run:
    """Ten layers of sigmoids."""
    X, y, held = data.digits(seed, 400)
    layers = [*(cr.Dense(20, "relu" if twin else "sigmoid") for _ in range(10)), cr.Dense(10, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.003), "epochs": 40, "validation_data": held}, seed)


def six_sigmoids(seed: int, twin: bool = False) -> Run:
    """Six layers of sigmoids, by plain descent, settings as names."""
    X, y, _ = data.rings(seed)
    layers = [*(cr.Dense(16, "relu" if twin else "sigmoid") for _ in range(6)), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.1), "epochs": 60, "validation_split": 0.25}, seed)


def four_sigmoids(seed: int, twin: bool = False) -> Run:
    """Four layers of sigmoids in a regression: a mild one."""
    X, y, held = data.friedman(seed)
    layers = [*(cr.Dense(16, "tanh" if twin else "sigmoid") for _ in range(4)), cr.Dense(1)]
    job = {"optimizer": cr.SGD(0.05, momentum=0.9), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed)


def flat_units(seed: int, twin: bool = False) -> Run:
    """An activation of the user's whose slope is at most a fifth, eight times."""
    X, y, held = data.spirals(seed, arms=3)
    own = "tanh" if twin else lambda z: 0.2 * np.tanh(z)
    layers = [*(cr.Dense(20, own) for _ in range(8)), cr.Dense(3, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": held}, seed)


def long_memory(seed: int, twin: bool = False) -> Run:
    """A plain recurrent layer is to remember the first of thirty steps."""
    X, y, held = data.remembered(seed, steps=30, rows=240)
    if twin:
        X, held = X[:, :4], (held[0][:, :4], held[1])
    layers = [cr.SimpleRNN(10, activation="sigmoid"), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 25, "validation_data": held}, seed)


def residual_blocks(seed: int, twin: bool = False) -> Run:
    """Blocks that are added up, each as large as all before, and nothing normalizes."""
    X, y, _ = data.friedman(seed)

    def draw(x: cr.Node) -> cr.Node:
        h = cr.Dense(16)(x)
        for _ in range(10):
            inside = cr.Dense(16, "relu")(cr.BatchNormalization()(h) if twin else h)
            h = cr.Add()(h, cr.Dense(16)(inside))
        return cr.Dense(1)(cr.BatchNormalization()(h) if twin else h)

    return trained(draw, X, y, {"optimizer": cr.SGD(0.01), "epochs": 30}, seed, inputs={"x": X.shape[1]})


def steep_units(seed: int, twin: bool = False) -> Run:
    """A ReLU of the user's of slope 4, eight times."""
    X, y, held = data.toy("wine", seed)
    own = "relu" if twin else lambda z: 4 * np.maximum(z, 0)
    layers = [*(cr.Dense(24, own, initializer="he") for _ in range(8)), cr.Dense(3, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.01), "epochs": 40, "validation_data": held}, seed)


def squares(seed: int, twin: bool = False) -> Run:
    """Squares as activation: what is above 1 grows from layer to layer."""
    X, y, held = data.friedman(seed)
    own = "tanh" if twin else lambda z: z * z
    layers = [*(cr.Dense(12, own) for _ in range(4)), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.01), "epochs": 40, "validation_data": held}, seed)


def growing_memory(seed: int, twin: bool = False) -> Run:
    """A recurrent layer without a bound, over two dozen steps, whose slope is above 1."""
    X, y, held = data.sums(seed, steps=24, rows=240)
    own = "tanh" if twin else lambda z: 1.6 * np.maximum(z, 0.5 * z)
    layers = [cr.SimpleRNN(12, activation=own), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.02), "epochs": 40, "validation_data": held}, seed)


def large_gain(seed: int, twin: bool = False) -> Run:
    """Weights three times as wide as they should be, through twelve layers."""
    X, y, held = data.toy("breast_cancer", seed, 300)
    gain = 1.0 if twin else 3.0
    own = cr.Normal(gain * (2 / 20) ** 0.5)
    layers = [
        cr.Dense(20, "relu", initializer="he"),
        *(cr.Dense(20, "relu", initializer=own) for _ in range(11)),
    ]
    job = {"optimizer": cr.Adam(0.003), "epochs": 20, "validation_data": held}
    return trained([*layers, cr.Dense(1, "sigmoid")], X, y, job, seed)


FADE, GROW = "vanishing_gradients", "exploding_gradients"
RUNS = [
    Planted("digits, ten layers of sigmoids", (FADE,), ten_sigmoids),
    Planted("rings, six layers of sigmoids", (FADE,), six_sigmoids),
    Planted("friedman, four layers of sigmoids", (FADE,), four_sigmoids),
    Planted("spirals, flat units eight times", (FADE,), flat_units),
    Planted("sequences, the first of thirty steps", (FADE,), long_memory),
    Planted("friedman, blocks added up", (GROW,), residual_blocks),
    Planted("wine, steep ReLUs eight times", (GROW,), steep_units),
    Planted("friedman, squares four times", (GROW,), squares),
    Planted("sums, a growing memory", (GROW,), growing_memory),
    Planted("cancer, a gain of 3 in twelve layers", (GROW, "init_too_large"), large_gain),
]
