"""Primitives and losses of the user's whose derivative is not that of their value. Each run has its twin."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained

# A name may be given once to a primitive, so each is made here.
bent_up = cr.primitive("bench_bent_up", lambda x: np.tanh(x), lambda y, x: [y * y - 1])
no_slope = cr.primitive("bench_no_slope", lambda x: np.maximum(x, 0), lambda y, x: [0 * x])
other_slope = cr.primitive("bench_other_slope", lambda x: np.sin(3 * x), lambda y, x: [-np.sin(3 * x)])
off_square = cr.primitive("bench_off_square", lambda y, p: (y - p) ** 2, lambda v, y, p: [y - p, y - p])
no_chain = cr.primitive(
    "bench_no_chain",
    lambda x: 1 / (1 + np.exp(-8 * x)),
    lambda y, x: [
        -y * (1 - y),
    ],
)
half_right = cr.primitive(
    "bench_half_right", lambda x: np.where(x > 0, x, 0.2 * x), lambda y, x: [np.where(x > 0, 1.0, -2.5)]
)
taken_off = cr.primitive("bench_taken_off", lambda a, b: a - b, lambda y, a, b: [1 + 0 * a, 1 + 0 * b])
right = cr.primitive("bench_right", lambda x: x / (1 + np.abs(x)), lambda y, x: [1 / (1 + np.abs(x)) ** 2])


def turned(seed: int, twin: bool = False) -> Run:
    """A tanh whose derivative has the other sign."""
    X, y, held = data.rings(seed)
    own = "tanh" if twin else bent_up
    layers = [cr.Dense(16, own), cr.Dense(16, own), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed)


def forgotten(seed: int, twin: bool = False) -> Run:
    """A ReLU whose derivative was left at 0."""
    X, y, held = data.digits(seed, 400)
    own = "relu" if twin else no_slope
    layers = [cr.Dense(6, own), cr.Dense(6, own), cr.Dense(10, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": held}, seed)


def another(seed: int, twin: bool = False) -> Run:
    """A sine with the derivative of something else, in a regression that nobody validates."""
    X, y, _ = data.wave(seed)
    own = np.sin if twin else other_slope
    layers = [cr.Dense(16, own), cr.Dense(16, own), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 80}, seed)


def loss_turned(seed: int, twin: bool = False) -> Run:
    """A squared loss whose derivative goes the wrong way."""
    X, y, held = data.friedman(seed)

    def own(y: Any, p: Any) -> Any:
        return np.mean(off_square(y, p), axis=1)

    layers = [cr.Dense(16, "tanh"), cr.Dense(1)]
    job = {"loss": "mse" if twin else own, "optimizer": cr.SGD(0.01), "epochs": 30, "validation_data": held}
    return trained(layers, X, y, job, seed)


def gate(seed: int, twin: bool = False) -> Run:
    """A steep sigmoid of the user's, of which the sign was lost."""
    X, y, held = data.toy("wine", seed)
    layers = [cr.Dense(8, "sigmoid" if twin else no_chain), cr.Dense(8, "relu"), cr.Dense(3, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.3), "epochs": 40, "validation_data": held}, seed)


def one_side(seed: int, twin: bool = False) -> Run:
    """A leaky ReLU that is right above 0 only."""
    X, y, held = data.friedman(seed)
    own = cr.leaky_relu if twin else half_right
    layers = [cr.Dense(20, own), cr.Dense(20, own), cr.Dense(20, own), cr.Dense(1)]
    job = {"optimizer": cr.SGD(0.02, momentum=0.9), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed)


def detached(seed: int, twin: bool = False) -> Run:
    """A loss that stops the gradient of its prediction; the history is gone."""
    X, y, _ = data.several(seed)

    def own(y: Any, p: Any) -> Any:
        return np.mean((y - cr.stop_gradient(p)) ** 2, axis=1)

    layers = [cr.Dense(16, "tanh"), cr.Dense(3)]
    job = {"loss": "mse" if twin else own, "optimizer": cr.Adam(0.01), "epochs": 40}
    run = trained(layers, X, y, job, seed)
    return Run(run.network, X, y, None, job)


def pictures(seed: int, twin: bool = False) -> Run:
    """A convolution that ends in a difference whose second derivative has lost its sign."""
    X, y, held = data.stripes(seed)

    def own(z: Any) -> Any:
        return np.maximum(z, 0) - 2 * np.abs(z) if twin else taken_off(np.maximum(z, 0), 2 * np.abs(z))

    layers = [cr.Conv2D(3, 3, activation=own), cr.GlobalAveragePooling2D(), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 40, "validation_data": held}, seed)


WRONG = "wrong_gradient"
RUNS = [
    Planted("rings, a tanh turned round", (WRONG,), turned),
    Planted("digits, a derivative of 0", (WRONG,), forgotten),
    Planted("wave, the derivative of another", (WRONG,), another),
    Planted("friedman, a loss turned round", (WRONG,), loss_turned),
    Planted("wine, a gate's sign", (WRONG,), gate),
    Planted("friedman, wrong below 0", (WRONG,), one_side),
    Planted("several numbers, a detached loss, no history", (WRONG,), detached),
    Planted("stripes, a difference without its sign", (WRONG,), pictures),
]
