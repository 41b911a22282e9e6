"""Healthy runs, and what might look odd in their networks."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.nets.derivatives import right
from benchmarks.faults.planted import Planted, Run, trained


def wide_relu(seed: int) -> Run:
    """Hundreds of ReLUs, of which some are dead, and all is well."""
    X, y, held = data.digits(seed)

    def begin(name: str, w: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(w)) % 3 == 0, -20.0, w) if name == "b1" else w

    layers = [cr.Dense(128, "relu"), cr.Dense(10, "softmax")]
    return trained(layers, X, y, {"optimizer": "adam", "epochs": 30, "validation_data": held}, seed, begin)


def hidden_sigmoids(seed: int) -> Run:
    """Two hidden layers of sigmoids that learn."""
    X, y, held = data.toy("wine", seed)
    layers = [cr.Dense(16, "sigmoid"), cr.Dense(16, "sigmoid"), cr.Dense(3, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 60, "validation_data": held}, seed)


def deep_tanh(seed: int) -> Run:
    """Six layers of tanh that learn."""
    X, y, held = data.rings(seed)
    layers = [*(cr.Dense(16, "tanh") for _ in range(6)), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.005), "epochs": 60, "validation_data": held}, seed)


def linear_line(seed: int) -> Run:
    """Linear layers before a linear task."""
    X, y, held = data.line(seed)
    layers = [cr.Dense(8), cr.Dense(4), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed)


def logistic(seed: int) -> Run:
    """No hidden layer, weights that begin at 0: all that the table needs."""
    X, y, held = data.toy("breast_cancer", seed, 400)
    layers = [cr.Dense(1, "sigmoid", initializer="zeros")]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.3), "epochs": 40, "validation_data": held}, seed)


def zeros_last(seed: int) -> Run:
    """Zeros in the last layer alone, as some papers begin."""
    X, y, held = data.friedman(seed)
    layers = [cr.Dense(24, "relu"), cr.Dense(24, "relu"), cr.Dense(1, initializer="zeros")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": held}, seed)


def rather_wide(seed: int) -> Run:
    """Weights of twice the usual deviation, which learn as well."""
    X, y, held = data.moons(seed)
    layers = [cr.Dense(24, "tanh", initializer=cr.Normal(1.5)), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 80, "validation_data": held}, seed)


def rather_narrow(seed: int) -> Run:
    """Small random numbers, which learn as well."""
    X, y, held = data.digits(seed)
    small = cr.Normal(0.05)
    layers = [cr.Dense(32, "relu", initializer=small), cr.Dense(10, "softmax", initializer=small)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": held}, seed)


def convolutions(seed: int) -> Run:
    """Small pictures."""
    X, y, held = data.stripes(seed, rows=360, classes=3)
    layers = [
        cr.Conv2D(8, 3, activation="relu"), cr.BatchNormalization(), cr.GlobalMaxPooling2D(), cr.Dense(3, "softmax"),
    ]  # fmt: skip
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 40, "validation_data": held}, seed)


def gated_memory(seed: int) -> Run:
    """A GRU that remembers the first of twelve steps."""
    X, y, held = data.remembered(seed)
    layers = [cr.GRU(8), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 25, "validation_data": held}, seed)


def embedded(seed: int) -> Run:
    """Words and their mean."""
    X, y, held = data.words(seed, rows=500)
    layers = [cr.Embedding(30, 4), cr.GlobalAveragePooling1D(), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 40, "validation_data": held}, seed)


def ceiling(seed: int) -> Run:
    """R² 0.35 is all there is: noise covers the rest."""
    X, y, held = data.line(seed, rows=600, columns=5, noise=1.35)
    layers = [cr.Dense(6, "tanh"), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.005), "epochs": 30, "validation_data": held}, seed)


def small_suffices(seed: int) -> Run:
    """Three units are enough for moons."""
    X, y, held = data.moons(seed)
    layers = [cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.05), "epochs": 120, "validation_data": held}, seed)


def two_softmax(seed: int) -> Run:
    """Two classes as a softmax of two."""
    X, y, held = data.rings(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(2, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 60, "validation_data": held}, seed)


def own_right(seed: int) -> Run:
    """A primitive of the user's, rightly derived, and a loss of the user's."""
    X, y, held = data.friedman(seed)

    def log_cosh(y: Any, p: Any) -> Any:
        return np.mean(np.log(np.cosh(y - p)), axis=1)

    layers = [cr.Dense(32, right), cr.Dense(1)]
    return trained(
        layers,
        X,
        y,
        {"loss": log_cosh, "optimizer": cr.Adam(0.02), "epochs": 80, "validation_data": held},
        seed,
    )


HEALTHY = [
    ("digits, wide ReLUs, a third dead", wide_relu),
    ("wine, hidden sigmoids", hidden_sigmoids),
    ("rings, six layers of tanh", deep_tanh),
    ("line, linear layers", linear_line),
    ("cancer, a logistic regression from 0", logistic),
    ("friedman, zeros in the last layer", zeros_last),
    ("moons, rather wide weights", rather_wide),
    ("digits, rather narrow weights", rather_narrow),
    ("stripes, convolutions", convolutions),
    ("sequences, a GRU", gated_memory),
    ("words, their mean", embedded),
    ("line, a ceiling of 0.35", ceiling),
    ("moons, four units", small_suffices),
    ("rings, a softmax of two", two_softmax),
    ("friedman, an own primitive and loss", own_right),
]
RUNS = [Planted(name, (), make) for name, make in HEALTHY]
