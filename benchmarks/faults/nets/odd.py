"""More healthy runs: ends, losses and depths that somebody might suspect."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained


def squared_classes(seed: int) -> Run:
    """A squared loss after a sigmoid, which learns all the same."""
    X, y, held = data.toy("breast_cancer", seed, 400)
    layers = [cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")]
    return trained(
        layers, X, y, {"loss": "mse", "optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed
    )


def linear_end_of_classes(seed: int) -> Run:
    """A least-squares classifier: numbers 0 and 1 without a sigmoid."""
    X, y, held = data.rings(seed)
    layers = [cr.Dense(24, "relu"), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed)


def bounded_end(seed: int) -> Run:
    """Targets from -1 to 1 out of a tanh."""
    X, y, held = data.wave(seed)
    bound = 0.9 / max(np.abs(y).max(), np.abs(held[1]).max())
    layers = [cr.Dense(24, "tanh"), cr.Dense(24, "tanh"), cr.Dense(1, "tanh")]
    job = {"optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": (held[0], bound * held[1])}
    return trained(layers, X, bound * y, job, seed)


def shares(seed: int) -> Run:
    """Shares from 0 to 1 out of a sigmoid, under a squared loss."""
    X, y, held = data.friedman(seed)

    def share(v: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-v))

    layers = [cr.Dense(24, "relu"), cr.Dense(1, "sigmoid")]
    job = {
        "loss": "mse",
        "optimizer": cr.Adam(0.01),
        "epochs": 60,
        "validation_data": (held[0], share(held[1])),
    }
    return trained(layers, X, share(y), job, seed)


def poisson_counts(seed: int) -> Run:
    """Counts as they should be."""
    X, y, held = data.counts(seed)
    layers = [cr.Dense(12, "tanh"), cr.Dense(1, "exponential")]
    job = {"loss": "poisson", "optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": held}
    return trained(layers, X, y, job, seed)


def above_0(seed: int) -> Run:
    """Prices, all above 0, out of a ReLU."""
    X, y, held = data.prices(seed)
    layers = [cr.Dense(24, "tanh"), cr.Dense(1, "softplus")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 120, "validation_data": held}, seed)


def outliers(seed: int) -> Run:
    """An absolute loss, for a few targets are far off."""
    X, y, held = data.line(seed)
    far = np.random.default_rng(seed).random(len(y)) < 0.04
    y = np.where(far, 15.0, y)
    layers = [cr.Dense(8), cr.Dense(1)]
    return trained(
        layers, X, y, {"loss": "mae", "optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": held}, seed
    )


def upper_quantile(seed: int) -> Run:
    """The upper tenth is asked for, and found."""
    X, y, held = data.line(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(1)]
    job = {"loss": cr.Quantile(q=0.8), "optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed)


def many_tags(seed: int) -> Run:
    """Several labels apply, and sigmoids say which."""
    X, y, held = data.tags(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(4, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 50, "validation_data": held}, seed)


def several_numbers(seed: int) -> Run:
    """Several numbers at once."""
    X, y, held = data.several(seed, rows=480)
    layers = [cr.Dense(32, "tanh"), cr.Dense(3)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": held}, seed)


def residual(seed: int) -> Run:
    """Blocks that are added up, and normalized."""
    X, y, held = data.toy("wine", seed)

    def draw(x: cr.Node) -> cr.Node:
        h = cr.Dense(16, "relu")(x)
        for _ in range(5):
            h = cr.LayerNormalization()(cr.Add()(h, cr.Dense(16, "relu")(h)))
        return cr.Dense(3, "softmax")(h)

    job = {"optimizer": cr.Adam(0.005), "epochs": 30, "validation_data": held}
    return trained(draw, X, y, job, seed, inputs={"x": X.shape[1]})


def sure(seed: int) -> Run:
    """Classes so far apart that the last sigmoid ends at 0 and 1 in all rows."""
    X, y, held = data.clouds(seed, classes=2, spread=0.6)
    layers = [cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.05), "epochs": 80, "validation_data": held}, seed)


def two_inputs(seed: int) -> Run:
    """Two inputs by name."""
    X, y, _ = data.friedman(seed)

    def draw(left: Any, right: Any) -> Any:
        return cr.Dense(1)(cr.Dense(24, "tanh")(np.concatenate([left, right], axis=1)))

    columns = {"left": X[:, :3], "right": X[:, 3:]}
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_split": 0.2}
    return trained(draw, columns, y, job, seed, inputs={"left": 3, "right": X.shape[1] - 3})


def leaning(seed: int) -> Run:
    """Leaky units, settings by name, a batch of 8."""
    X, y, held = data.spirals(seed, arms=3, rows=480)
    layers = [cr.Dense(32, "leaky_relu"), cr.Dense(32, "gelu"), cr.Dense(3, "softmax")]
    job = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "epochs": 80, "batch_size": 8}
    return trained(layers, X, y, job | {"validation_data": held}, seed)


def honest_classes(seed: int) -> Run:
    """Classes that overlap: an accuracy of about 0.75 is all there is."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 4))
    y = (rng.random(600) < 1 / (1 + np.exp(-X @ np.array([1.3, -1.0, 0.6, 0.0])))).astype(int)
    first, targets, held = data.split(X, y, seed)
    layers = [cr.Dense(6, "relu"), cr.Dense(1, "sigmoid")]
    return trained(layers, first, targets, {"optimizer": "adam", "epochs": 40, "validation_data": held}, seed)


HEALTHY = [
    ("cancer, a squared loss", squared_classes),
    ("rings, least squares of classes", linear_end_of_classes),
    ("wave out of a tanh", bounded_end),
    ("shares out of a sigmoid", shares),
    ("counts out of an exponential", poisson_counts),
    ("prices out of a softplus", above_0),
    ("line, an absolute loss for outliers", outliers),
    ("line, an upper quantile", upper_quantile),
    ("tags out of sigmoids", many_tags),
    ("several numbers", several_numbers),
    ("wine, blocks normalized", residual),
    ("clouds, sure of all", sure),
    ("friedman, two inputs", two_inputs),
    ("spirals, leaky units, batches of 8", leaning),
    ("classes that overlap", honest_classes),
]
RUNS = [Planted(name, (), make) for name, make in HEALTHY]
