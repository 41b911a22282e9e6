"""Runs whose inputs or targets stand on other scales than steps can serve."""

import numpy as np

import chainrule as cr
from benchmarks.faults.planted import Planted, Run, trained
from benchmarks.faults.tables import made
from benchmarks.faults.tables.book import run

RUNS: list[Planted] = []


@run(RUNS, "inputs_unscaled", twin=True)
def wine_as_it_is(seed: int, fault: bool) -> Run:
    """Proline near 750 beside hues near 1."""
    X, y, V, v = (made.famous if fault else made.famous_scaled)("wine", seed)
    job = {"optimizer": cr.SGD(0.05), "epochs": 60, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "tanh"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "inputs_unscaled", twin=True)
def houses_as_they_are(seed: int, fault: bool) -> Run:
    """A regression whose columns reach from 0 to 300, target standardised."""
    X, y, V, v = made.houses(seed)
    X[:, 0], V[:, 0] = 10.764 * X[:, 0], 10.764 * V[:, 0]
    X[:, 5], V[:, 5] = 1000 * X[:, 5], 1000 * V[:, 5]
    if not fault:
        X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    job = {"optimizer": cr.Adam(0.003), "epochs": 60, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "inputs_unscaled")
def churn_with_money_in_cents(seed: int, fault: bool) -> Run:
    """A logistic task of which two columns are thousands of times larger than the others; settings in words."""
    X, y, V, v = made.churn(seed)
    X[:, 1], V[:, 1] = 100 * X[:, 1], 100 * V[:, 1]
    if not fault:
        X, V = made.scaled(X, V)
    job = {"optimizer": "adam", "loss": "binary_crossentropy", "epochs": 60, "validation_data": (V, v)}
    return trained([cr.Dense(16, "tanh"), cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "inputs_unscaled")
def one_column_of_tiny_numbers(seed: int, fault: bool) -> Run:
    """What tells the classes apart is given in metres where millimetres are meant."""
    X, y, V, v = made.rings(seed)
    X, V = made.scaled(X, V)
    if fault:
        X, V = X / 1000, V / 1000
    job = {"optimizer": cr.SGD(0.1, momentum=0.9), "epochs": 60, "validation_data": (V, v)}
    return trained([cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "inputs_unscaled")
def waves_in_hundreds(seed: int, fault: bool) -> Run:
    """Sequences of a sensor that counts from 2000 on."""
    X, y, V, v = made.waves(seed)
    if fault:
        X, V = 2000 + 400 * X, 2000 + 400 * V
    job = {"optimizer": cr.Adam(0.01), "epochs": 25, "batch_size": 32, "validation_data": (V, v)}
    return trained([cr.SimpleRNN(12), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "inputs_unscaled")
def images_of_bytes(seed: int, fault: bool) -> Run:
    """Pixels of 0..255 into a convolution, by plain descent, nothing validated."""
    X, y, _, _ = made.bars(seed)
    job = {"optimizer": cr.SGD(0.1), "epochs": 20, "metrics": ["accuracy"]}
    layers = [cr.Conv2D(4, 3, activation="relu"), cr.Flatten(), cr.Dense(3, "softmax")]
    return trained(layers, 255 * X if fault else X, y, job, seed)


@run(RUNS, "inputs_unscaled")
def cancer_somewhat_unscaled(seed: int, fault: bool) -> Run:
    """All columns divided by the greatest number of all: most of them are near 0 then."""
    X, y, V, v = (made.famous if fault else made.famous_scaled)("breast_cancer", seed)
    if fault:
        X, V = X / 4254, V / 4254
    job = {"optimizer": cr.SGD(0.1), "epochs": 40, "validation_data": (V, v), "metrics": "accuracy"}
    return trained([cr.Dense(12, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "targets_unscaled", twin=True)
def prices_in_euros(seed: int, fault: bool) -> Run:
    """Targets near 500 000, which Adam's steps of a thousandth never reach."""
    X, y, V, v = made.houses(seed)
    X, V = made.scaled(X, V)
    v, y = (1000 * v, 1000 * y) if fault else ((v - y.mean()) / y.std(), (y - y.mean()) / y.std())
    job = {"optimizer": cr.Adam(0.003), "epochs": 60, "validation_data": (V, v)}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "targets_unscaled")
def diabetes_as_it_is(seed: int, fault: bool) -> Run:
    """Targets of 25 to 346, inputs standardised."""
    X, y, V, v = made.famous_scaled("diabetes", seed)
    if not fault:
        v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    job = {"optimizer": cr.Adam(0.003), "epochs": 20, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(8, "tanh"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "targets_unscaled")
def loads_in_newtons(seed: int, fault: bool) -> Run:
    """Targets of deviation 5000, by descent that bursts; fit raised or stopped."""
    X, y, V, v = made.friedman(seed)
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    if fault:
        y, v = 5000 * y, 5000 * v
    job = {"optimizer": cr.SGD(0.02, momentum=0.9), "epochs": 60, "validation_data": (V, v)}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "targets_unscaled")
def one_of_two_targets_in_thousands(seed: int, fault: bool) -> Run:
    """Two outputs; the steps serve the one that is large."""
    X, y, V, v = made.plant(seed)
    size = np.array([1.0, 2000.0]) if fault else 1.0
    job = {"optimizer": cr.Adam(0.005), "epochs": 80, "validation_data": (V, v * size)}
    return trained([cr.Dense(24, "tanh"), cr.Dense(2)], X, y * size, job, seed)


@run(RUNS, "targets_unscaled")
def shares_of_a_millionth(seed: int, fault: bool) -> Run:
    """Targets of deviation 0.00002: what Adam's last steps leave over is larger."""
    X, y, V, v = made.friedman(seed)
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    if fault:
        y, v = 2e-5 * y, 2e-5 * v
    job = {"optimizer": cr.Adam(0.003), "epochs": 50, "validation_data": (V, v)}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "targets_unscaled")
def sums_of_sequences_around_a_hundred(seed: int, fault: bool) -> Run:
    """A recurrent network, targets far from 0 and wide."""
    X, y, V, v = made.sums(seed)
    if fault:
        y, v = 300 + 60 * y, 300 + 60 * v
    job = {"optimizer": cr.Adam(0.01), "epochs": 50, "validation_data": (V, v)}
    return trained([cr.SimpleRNN(12), cr.Dense(1)], X, y, job, seed)
