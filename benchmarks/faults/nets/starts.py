"""Weights that begin badly: all alike, far too large, far too small. Each run has its twin, without the fault."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained


def times(factor: float) -> Any:
    """Return a beginning: all weights times a number, as somebody scales them by hand."""
    return lambda name, w: w * factor if name.startswith("W") else w


def zeros_moons(seed: int, twin: bool = False) -> Run:
    """All weights 0."""
    X, y, held = data.moons(seed)
    own = None if twin else "zeros"
    layers = [cr.Dense(16, "relu", initializer=own), cr.Dense(1, "sigmoid", initializer=own)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed)


def constant_digits(seed: int, twin: bool = False) -> Run:
    """All weights 0.05."""
    X, y, held = data.digits(seed)
    own = None if twin else cr.Filled(0.05)
    layers = [cr.Dense(32, "tanh", initializer=own), cr.Dense(10, "softmax", initializer=own)]
    job = {"optimizer": "adam", "epochs": 40, "validation_data": held, "metrics": "accuracy"}
    return trained(layers, X, y, job, seed)


def constant_friedman(seed: int, twin: bool = False) -> Run:
    """A regression of which each unit is the same, and nobody validates."""
    X, y, _ = data.friedman(seed)
    own = None if twin else "ones"
    layers = [
        cr.Dense(10, "sigmoid", initializer=own), cr.Dense(10, "sigmoid", initializer=own),
        cr.Dense(1, initializer=own),
    ]  # fmt: skip
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 80}, seed)


def by_hand(seed: int, twin: bool = False) -> Run:
    """Weights that were set to 0.1 in the network itself."""
    X, y, held = data.spirals(seed)
    layers = [cr.Dense(20, "tanh"), cr.Dense(20, "tanh"), cr.Dense(1, "sigmoid")]
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held, "batch_size": 16}
    return trained(layers, X, y, job, seed, None if twin else lambda name, w: np.full_like(w, 0.1))


def alike_filters(seed: int, twin: bool = False) -> Run:
    """Filters that are all the same."""
    X, y, held = data.stripes(seed, classes=3)
    own = None if twin else cr.Filled(0.1)
    layers = [
        cr.Conv2D(6, 3, activation="relu", initializer=own), cr.GlobalMaxPooling2D(),
        cr.Dense(3, "softmax", initializer=own),
    ]  # fmt: skip
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 40, "validation_data": held}, seed)


def zeros_several(seed: int, twin: bool = False) -> Run:
    """Zeros in the hidden layers of a regression of several numbers, by a function; the history is gone."""
    X, y, _ = data.several(seed)
    own = None if twin else lambda shape, rng: np.zeros(shape)
    layers = [cr.Dense(16, "relu", initializer=own), cr.Dense(16, "relu", initializer=own), cr.Dense(3)]
    job = {"optimizer": "adam", "epochs": 60}
    run = trained(layers, X, y, job, seed)
    return Run(run.network, X, y, None, job)


def large_digits(seed: int, twin: bool = False) -> Run:
    """Weights of deviation 5 before ReLU."""
    X, y, held = data.digits(seed)
    own = None if twin else cr.Normal(5.0)
    layers = [
        cr.Dense(32, "relu", initializer=own), cr.Dense(32, "relu", initializer=own),
        cr.Dense(10, "softmax", initializer=own),
    ]  # fmt: skip
    return trained(layers, X, y, {"optimizer": "adam", "epochs": 20, "validation_data": held}, seed)


def large_regression(seed: int, twin: bool = False) -> Run:
    """Weights thirty times as large, set by hand."""
    X, y, held = data.friedman(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(16, "relu"), cr.Dense(1)]
    job = {"optimizer": cr.Adam(0.005), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed, None if twin else times(30))


def large_uniform(seed: int, twin: bool = False) -> Run:
    """A function that draws from -10 to 10; the squared cost overflows soon."""
    X, y, _ = data.wave(seed)
    own = None if twin else lambda shape, rng: rng.uniform(-10, 10, shape)
    layers = [cr.Dense(24, "relu", initializer=own), cr.Dense(24, "relu", initializer=own), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.02), "epochs": 60, "batch_size": 16}, seed)


def large_pictures(seed: int, twin: bool = False) -> Run:
    """A network of convolutions whose weights are twenty times as large."""
    X, y, held = data.digits(seed, 300, pictures=True)
    layers = [
        cr.Conv2D(6, 3, activation="relu"), cr.MaxPooling2D(2), cr.Flatten(), cr.Dense(24, "relu"),
        cr.Dense(10, "softmax"),
    ]  # fmt: skip
    job = {"optimizer": cr.Adam(0.003), "epochs": 40, "validation_data": held}
    return trained(layers, X, y, job, seed, None if twin else times(20))


def large_mild(seed: int, twin: bool = False) -> Run:
    """Weights of deviation 1 in wide layers: a mild one."""
    X, y, held = data.clouds(seed, classes=5, columns=20, spread=3.0)
    own = None if twin else cr.Normal(1.5)
    layers = [
        cr.Dense(40, "relu", initializer=own), cr.Dense(40, "relu", initializer=own),
        cr.Dense(5, "softmax", initializer=own),
    ]  # fmt: skip
    return trained(layers, X, y, {"optimizer": "adam", "epochs": 30, "validation_data": held}, seed)


def small_deep(seed: int, twin: bool = False) -> Run:
    """Weights of deviation 0.001 in four layers."""
    X, y, held = data.digits(seed)
    own = None if twin else cr.Normal(0.001)
    layers = [
        *(cr.Dense(24, "relu", initializer=own) for _ in range(4)),
        cr.Dense(10, "softmax", initializer=own),
    ]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.1), "epochs": 30, "validation_data": held}, seed)


def small_by_hand(seed: int, twin: bool = False) -> Run:
    """Weights a thousandth as large, set by hand."""
    X, y, held = data.rings(seed)
    layers = [cr.Dense(16, "tanh"), cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")]
    job = {"optimizer": cr.SGD(0.2), "epochs": 80, "validation_data": held, "batch_size": 16}
    return trained(layers, X, y, job, seed, None if twin else times(1e-3))


def small_regression(seed: int, twin: bool = False) -> Run:
    """Weights of deviation 0.0001, a regression without validation."""
    X, y, _ = data.friedman(seed)
    own = None if twin else cr.Normal(1e-4)
    layers = [
        cr.Dense(24, "relu", initializer=own),
        cr.Dense(24, "relu", initializer=own),
        cr.Dense(1, initializer=own),
    ]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.05), "epochs": 60, "batch_size": 16}, seed)


def small_pictures(seed: int, twin: bool = False) -> Run:
    """Convolutions that begin at almost 0."""
    X, y, held = data.stripes(seed, classes=3)
    own = None if twin else cr.TruncatedNormal(1e-4)
    layers = [
        cr.Conv2D(6, 3, activation="relu", initializer=own), cr.MaxPooling2D(2),
        cr.Conv2D(8, 2, activation="relu", initializer=own), cr.Flatten(),
        cr.Dense(3, "softmax", initializer=own),
    ]  # fmt: skip
    job = {"optimizer": cr.SGD(0.05, momentum=0.9), "epochs": 20, "validation_data": held}
    return trained(layers, X, y, job, seed)


def small_mild(seed: int, twin: bool = False) -> Run:
    """The lectures' "small random numbers" where layers are many: a mild one."""
    X, y, held = data.moons(seed)
    own = None if twin else cr.Normal(0.02)
    layers = [
        *(cr.Dense(20, "tanh", initializer=own) for _ in range(3)),
        cr.Dense(1, "sigmoid", initializer=own),
    ]
    return trained(
        layers, X, y, {"optimizer": cr.SGD(0.3, momentum=0.9), "epochs": 50, "validation_data": held}, seed
    )


ALIKE, LARGE, SMALL = "symmetric_init", "init_too_large", "init_too_small"
RUNS = [
    Planted("moons, all weights 0", (ALIKE,), zeros_moons),
    Planted("digits, all weights 0.05", (ALIKE,), constant_digits),
    Planted("friedman, all weights 1", (ALIKE,), constant_friedman),
    Planted("spirals, weights set to 0.1", (ALIKE,), by_hand),
    Planted("stripes, filters alike", (ALIKE,), alike_filters),
    Planted("several numbers, hidden zeros, no history", (ALIKE,), zeros_several),
    Planted("digits, weights of 5", (LARGE,), large_digits),
    Planted("friedman, weights times 30", (LARGE,), large_regression),
    Planted("wave, weights from -10 to 10", (LARGE,), large_uniform),
    Planted("pictures, weights times 20", (LARGE,), large_pictures),
    Planted("clouds, wide weights", (LARGE,), large_mild),
    Planted("digits, weights of 0.001", (SMALL,), small_deep),
    Planted("rings, weights times 0.001", (SMALL,), small_by_hand),
    Planted("friedman, weights of 0.0001", (SMALL,), small_regression),
    Planted("stripes, small filters", (SMALL,), small_pictures),
    Planted("moons, small random numbers", (SMALL,), small_mild),
]
