"""Units that do not learn: dead ReLUs, saturated sigmoids. Each run has its twin, without the fault."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained


def biases(value: float, *names: str) -> Any:
    """Return a beginning: these parameters at one number."""
    return lambda name, w: np.full_like(w, value) if name in names else w


def digits_far_below(seed: int, twin: bool = False) -> Run:
    """A bias of -20 in every hidden unit."""
    X, y, held = data.digits(seed)
    layers = [cr.Dense(32, "relu"), cr.Dense(10, "softmax")]
    job = {"optimizer": cr.Adam(0.003), "epochs": 30, "validation_data": held, "metrics": ["accuracy"]}
    return trained(layers, X, y, job, seed, None if twin else biases(-20, "b1"))


def negative_weights(seed: int, twin: bool = False) -> Run:
    """Weights below 0 before inputs above 0."""
    X, y, held = data.digits(seed, 400)
    own = None if twin else lambda shape, rng: -np.abs(rng.normal(0, 0.3, shape))
    layers = [cr.Dense(24, "relu", initializer=own), cr.Dense(24, "relu"), cr.Dense(10, "softmax")]
    return trained(layers, X, y, {"optimizer": "adam", "epochs": 40, "validation_data": held}, seed)


def most_of_a_narrow_layer(seed: int, twin: bool = False) -> Run:
    """Seven of eight units dead: a mild one, for the eighth learns."""
    X, y, held = data.friedman(seed)

    def begin(name: str, w: np.ndarray) -> np.ndarray:
        return np.where(np.arange(8) < 7, -9.0, w) if name == "b1" else w

    layers = [cr.Dense(8, "relu"), cr.Dense(1)]
    job = {"optimizer": cr.SGD(0.05, momentum=0.9), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed, None if twin else begin)


def filters_dead(seed: int, twin: bool = False) -> Run:
    """A convolution whose filters see nothing above 0; nobody validates."""
    X, y, _ = data.stripes(seed)
    layers = [cr.Conv2D(6, 3, activation="relu"), cr.GlobalMaxPooling2D(), cr.Dense(1, "sigmoid")]
    job = {"optimizer": cr.Adam(0.01), "epochs": 40}
    return trained(layers, X, y, job, seed, None if twin else biases(-15, "b1"))


def no_history(seed: int, twin: bool = False) -> Run:
    """Both layers of a regression dead, and the history thrown away."""
    X, y, _ = data.prices(seed)
    layers = [cr.Dense(16, "relu"), cr.Dense(16, "relu"), cr.Dense(1)]
    job = {"optimizer": cr.Adam(0.01), "epochs": 80}
    run = trained(layers, X, y, job, seed, None if twin else biases(-30, "b1", "b2"))
    return Run(run.network, X, y, None, job)


def dead_end(seed: int, twin: bool = False) -> Run:
    """A last ReLU that is 0 for every row from the start."""
    X, y, held = data.prices(seed)
    layers = [cr.Dense(12, "tanh"), cr.Dense(1, None if twin else "relu")]
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed, None if twin else biases(-12, "b2"))


def one_layer_of_three(seed: int, twin: bool = False) -> Run:
    """The middle layer is dead, so nothing passes."""
    X, y, held = data.spirals(seed, arms=3)
    layers = [cr.Dense(24, "relu"), cr.Dense(12, "relu"), cr.Dense(24, "relu"), cr.Dense(3, "softmax")]
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held, "batch_size": 16}
    return trained(layers, X, y, job, seed, None if twin else biases(-25, "b2"))


def sigmoids_at_the_end(seed: int, twin: bool = False) -> Run:
    """Hidden sigmoids that begin at 1."""
    X, y, held = data.rings(seed)
    layers = [cr.Dense(16, "sigmoid"), cr.Dense(1, "sigmoid")]
    job = {"optimizer": cr.SGD(0.5, momentum=0.9), "epochs": 80, "validation_data": held}
    return trained(layers, X, y, job, seed, None if twin else biases(18, "b1"))


def steep(seed: int, twin: bool = False) -> Run:
    """A tanh of the user's that is a hundred times as steep."""
    X, y, held = data.friedman(seed)
    own = "tanh" if twin else lambda z: np.tanh(100 * z)
    layers = [cr.Dense(12, own), cr.Dense(12, own), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed)


def output_stuck(seed: int, twin: bool = False) -> Run:
    """A last sigmoid that begins at 1, under a squared loss."""
    X, y, held = data.toy("breast_cancer", seed, 400)
    layers = [cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")]
    job = {"loss": "mse", "optimizer": cr.SGD(0.1), "epochs": 40, "validation_data": held}
    return trained(layers, X, y, job, seed, None if twin else biases(25, "b2"))


def memory_stuck(seed: int, twin: bool = False) -> Run:
    """A recurrent layer whose tanh never leaves 1."""
    X, y, held = data.sums(seed, steps=5, rows=480)
    layers = [cr.SimpleRNN(12), cr.Dense(1)]
    job = {"optimizer": cr.Adam(0.01), "epochs": 50, "validation_data": held}
    return trained(layers, X, y, job, seed, None if twin else biases(12, "b1"))


def wide_weights_tanh(seed: int, twin: bool = False) -> Run:
    """Weights of 8 before tanh: it is at ±1 from the start."""
    X, y, held = data.digits(seed)
    own = None if twin else cr.Normal(8.0)
    layers = [
        cr.Dense(32, "tanh", initializer=own),
        cr.Dense(32, "tanh", initializer=own),
        cr.Dense(10, "softmax"),
    ]
    return trained(layers, X, y, {"optimizer": cr.SGD(0.05), "epochs": 40, "validation_data": held}, seed)


def half_of_them(seed: int, twin: bool = False) -> Run:
    """Biases so wide that most units stand still: a mild one."""
    X, y, _ = data.friedman(seed)

    def begin(name: str, w: np.ndarray) -> np.ndarray:
        return (
            np.where(np.arange(len(w)) % 10 == 0, w, np.where(np.arange(len(w)) % 2, 14.0, -14.0))
            if name == "b1"
            else w
        )

    layers = [cr.Dense(20, "tanh"), cr.Dense(1)]
    job = {"optimizer": cr.SGD(0.03, momentum=0.9), "epochs": 80, "batch_size": 16, "validation_split": 0.2}
    return trained(layers, X, y, job, seed, None if twin else begin)


DEAD, STUCK = "dead_relu", "saturated_activations"
RUNS = [
    Planted("digits, hidden biases of -20", (DEAD,), digits_far_below),
    Planted("digits, negative weights", (DEAD,), negative_weights),
    Planted("friedman, seven of eight units dead", (DEAD,), most_of_a_narrow_layer),
    Planted("stripes, dead filters", (DEAD,), filters_dead),
    Planted("prices, dead layers, no history", (DEAD,), no_history),
    Planted("prices, a dead last ReLU", (DEAD, "wrong_output_activation"), dead_end),
    Planted("spirals, the middle layer dead", (DEAD,), one_layer_of_three),
    Planted("rings, sigmoids at 1", (STUCK,), sigmoids_at_the_end),
    Planted("friedman, a steep tanh", (STUCK,), steep),
    Planted("cancer, the last sigmoid at 1", (STUCK,), output_stuck),
    Planted("sums, a memory at 1", (STUCK,), memory_stuck),
    Planted("digits, wide weights before tanh", (STUCK, "init_too_large"), wide_weights_tanh),
    Planted("friedman, most tanh units stuck", (STUCK,), half_of_them),
]
