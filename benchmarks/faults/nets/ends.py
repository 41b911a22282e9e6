"""Ends that do not suit the targets: the last activation, the loss. Each run has its twin, without the fault."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained


def prices_sigmoid(seed: int, twin: bool = False) -> Run:
    """Prices of 2 to 9 out of a sigmoid."""
    X, y, held = data.prices(seed)
    layers = [cr.Dense(16, "tanh"), cr.Dense(1, None if twin else "sigmoid")]
    job = {"loss": "mse", "optimizer": cr.Adam(0.02), "epochs": 80, "validation_data": held}
    return trained(layers, X, y, job, seed)


def diabetes_relu(seed: int, twin: bool = False) -> Run:
    """Numbers around 0 out of a ReLU."""
    X, y, held = data.toy("diabetes", seed)
    layers = [cr.Dense(8, "relu"), cr.Dense(1, None if twin else "relu")]
    job = {"optimizer": cr.Adam(0.003), "epochs": 50, "validation_data": held}
    return trained(layers, X, y, job, seed)


def several_softmax(seed: int, twin: bool = False) -> Run:
    """Three numbers out of a softmax, which nobody validates."""
    X, y, _ = data.several(seed)
    layers = [cr.Dense(24, "tanh"), cr.Dense(3, None if twin else "softmax")]
    return trained(layers, X, y, {"loss": "mse", "optimizer": cr.Adam(0.01), "epochs": 60}, seed)


def tags_softmax(seed: int, twin: bool = False) -> Run:
    """Labels of which several may apply, out of a softmax."""
    X, y, held = data.tags(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(4, "sigmoid" if twin else "softmax")]
    job = {"loss": "binary_crossentropy", "optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed)


def friedman_tanh(seed: int, twin: bool = False) -> Run:
    """A tanh at the end of numbers up to three times as large: a mild one."""
    X, y, held = data.friedman(seed, noise=0.2)
    layers = [cr.Dense(24, "relu"), cr.Dense(1, None if twin else "tanh")]
    job = {"optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": (held[0], 2 * held[1])}
    return trained(layers, X, 2 * y, job, seed)


def counts_sigmoid(seed: int, twin: bool = False) -> Run:
    """Counts up to twenty out of a sigmoid, under the loss of counts; the history is gone."""
    X, y, _ = data.counts(seed)
    layers = [cr.Dense(16, "tanh"), cr.Dense(1, "exponential" if twin else "sigmoid")]
    job = {"loss": "poisson", "optimizer": cr.Adam(0.01), "epochs": 60}
    run = trained(layers, X, y, job, seed)
    return Run(run.network, X, y, None, job)


def own_logits(seed: int, twin: bool = False) -> Run:
    """A cross-entropy of the user's that wants probabilities, and nothing makes them: it is NaN at once."""
    X, y, held = data.moons(seed)

    def own(y: Any, p: Any) -> Any:
        return -np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9), axis=1)

    layers = [cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid" if twin else None)]
    return trained(
        layers, X, y, {"loss": own, "optimizer": cr.Adam(0.02), "epochs": 80, "validation_data": held}, seed
    )


def class_numbers(seed: int, twin: bool = False) -> Run:
    """Ten kinds of digit as one number, under a squared loss."""
    X, y, held = data.digits(seed)
    layers = [cr.Dense(24, "relu"), cr.Dense(10, "softmax") if twin else cr.Dense(1)]
    job: dict[str, Any] = {} if twin else {"loss": "mse"}
    job |= {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": held}
    return trained(layers, X, y, job, seed)


def digits_absolute(seed: int, twin: bool = False) -> Run:
    """An absolute loss after a softmax over ten classes."""
    X, y, held = data.digits(seed)
    layers = [cr.Dense(24, "relu"), cr.Dense(10, "softmax")]
    job: dict[str, Any] = {} if twin else {"loss": "mae"}
    job |= {"optimizer": cr.SGD(0.5), "epochs": 40, "validation_data": (held[0], data.one_hot(held[1], 10))}
    return trained(layers, X, data.one_hot(y, 10), job, seed)


def claims_absolute(seed: int, twin: bool = False) -> Run:
    """An absolute loss of sums of which more than half are 0: it says 0 to all."""
    X, y, held = data.claims(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(1)]
    job = {
        "loss": "mse" if twin else "mae",
        "optimizer": cr.Adam(0.005),
        "epochs": 60,
        "validation_data": held,
    }
    return trained(layers, X, y, job, seed)


def wrong_sign(seed: int, twin: bool = False) -> Run:
    """A loss of the user's that grows where the network is right."""
    X, y, held = data.toy("iris", seed)

    def own(y: Any, p: Any) -> Any:
        return np.sum(y * np.log(p + 1e-6), axis=1)

    layers = [cr.Dense(8, "tanh"), cr.Dense(3, "softmax")]
    job = {"loss": "categorical_crossentropy" if twin else own, "optimizer": cr.Adam(0.02), "epochs": 40}
    job["validation_data"] = (held[0], data.one_hot(held[1], 3))
    return trained(layers, X, data.one_hot(y, 3), job, seed)


def mean_only(seed: int, twin: bool = False) -> Run:
    """A loss of the user's that compares the means of all rows, and not row by row."""
    X, y, held = data.friedman(seed)

    def own(y: Any, p: Any) -> Any:
        return np.mean(y - p, axis=0) ** 2 + 0 * np.sum(p, axis=1)

    layers = [cr.Dense(16, "tanh"), cr.Dense(1)]
    job = {"loss": "mse" if twin else own, "optimizer": cr.Adam(0.02), "epochs": 200, "validation_data": held}
    return trained(layers, X, y, job | {"batch_size": None}, seed)


def squared_rare(seed: int, twin: bool = False) -> Run:
    """A squared loss after a softmax over twelve places, by plain descent: a mild one."""
    X, y, held = data.clouds(seed, classes=12, columns=8, spread=0.8, rows=480)
    layers = [cr.Dense(24, "tanh"), cr.Dense(12, "softmax")]
    job: dict[str, Any] = {} if twin else {"loss": "mse"}
    job |= {"optimizer": cr.SGD(0.1), "epochs": 40, "validation_data": (held[0], data.one_hot(held[1], 12))}
    return trained(layers, X, data.one_hot(y, 12), job, seed)


def low_quantile(seed: int, twin: bool = False) -> Run:
    """Settings copied from elsewhere: the loss of the first percentile where the middle is wanted."""
    X, y, held = data.line(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(1)]
    job = {"loss": "mse" if twin else cr.Quantile(q=0.01), "optimizer": cr.Adam(0.01), "epochs": 60}
    return trained(layers, X, y, job | {"validation_data": held, "metrics": ["r2"]}, seed)


END, LOSS = "wrong_output_activation", "wrong_loss"
RUNS = [
    Planted("prices out of a sigmoid", (END,), prices_sigmoid),
    Planted("diabetes out of a ReLU", (END, "dead_relu"), diabetes_relu),
    Planted("several numbers out of a softmax", (END,), several_softmax),
    Planted("tags out of a softmax", (END,), tags_softmax),
    Planted("friedman out of a tanh", (END,), friedman_tanh),
    Planted("counts out of a sigmoid, no history", (END,), counts_sigmoid),
    Planted("moons, no probabilities", (END,), own_logits),
    Planted("digits as one number", (LOSS, END), class_numbers),
    Planted("digits, an absolute loss", (LOSS,), digits_absolute),
    Planted("claims, an absolute loss", (LOSS,), claims_absolute),
    Planted("iris, the sign of the loss", (LOSS,), wrong_sign),
    Planted("friedman, a loss of means", (LOSS,), mean_only),
    Planted("clouds, a squared loss", (LOSS,), squared_rare),
    Planted("line, the first percentile", (LOSS,), low_quantile),
]
