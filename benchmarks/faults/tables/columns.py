"""Runs whose columns were spoiled: lost in a cast, filled with a number, or others where they are validated."""

import numpy as np

import chainrule as cr
from benchmarks.faults.planted import Planted, Run, trained
from benchmarks.faults.tables import made
from benchmarks.faults.tables.book import run

RUNS: list[Planted] = []


def holes(X: np.ndarray, share: float, filler: float, seed: int, columns: list[int]) -> np.ndarray:
    """Return rows of which a share of these columns' cells is a number that stands for nothing."""
    X, rng = X.copy(), np.random.default_rng(seed + 31)
    for column in columns:
        X[rng.random(len(X)) < share, column] = filler
    return X


@run(RUNS, "constant_features")
def scaled_then_cast(seed: int, fault: bool) -> Run:
    """Columns of 0..1 were made whole numbers: 0 but for the greatest."""
    X, y, V, v = made.famous("breast_cancer", seed)
    low, high = X.min(0), X.max(0)
    X, V = (X - low) / (high - low), (V - low) / (high - low)
    if fault:
        X, V = X.astype(int).astype(float), V.astype(int).astype(float)
    job = {"optimizer": cr.Adam(0.005), "epochs": 30, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "constant_features")
def digits_of_zero_and_one(seed: int, fault: bool) -> Run:
    """Pixels of 0..1 in whole numbers: one in thirty is left."""
    X, y, V, v = made.famous_scaled("digits", seed)
    X, y = X[:700], y[:700]
    if fault:
        X, V = (X * 0.97).astype("uint8"), (V * 0.97).astype("uint8")
    job = {"optimizer": "adam", "epochs": 20, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], X.astype(float), y, job, seed)


@run(RUNS, "constant_features")
def most_settings_left_at_their_defaults(seed: int, fault: bool) -> Run:
    """A join failed: four of six columns hold one number each."""
    X, y, V, v = made.houses(seed)
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    if fault:
        for j, number in ((0, 0.0), (2, 1.0), (3, 0.0), (5, -1.0)):
            X[:, j] = V[:, j] = number
    job = {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "constant_features")
def sequences_that_stand_still(seed: int, fault: bool) -> Run:
    """The channel that told was lost; the other is left. No validation."""
    X, y, _, _ = made.sums(seed)
    if fault:
        X = X.copy()
        X[..., 0] = 0.0
    return trained([cr.SimpleRNN(12), cr.Dense(1)], X, y, {"optimizer": cr.Adam(0.01), "epochs": 25}, seed)


@run(RUNS, "constant_features")
def two_of_five_nearly_constant(seed: int, fault: bool) -> Run:
    """Mildly: two columns that matter hold one number in 99 of 100 rows."""
    X, y, V, v = made.plant(seed)
    if fault:
        rng = np.random.default_rng(seed)
        for Z in (X, V):
            for j in (0, 3):
                Z[rng.random(len(Z)) > 0.01, j] = 0.0
    job = {"optimizer": cr.Adam(0.005), "epochs": 60, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "tanh"), cr.Dense(2)], X, y, job, seed)


@run(RUNS, "bad_imputation", twin=True)
def minus_999(seed: int, fault: bool) -> Run:
    """Cells that were missing hold -999, and the columns were standardised so."""
    X, y, V, v = made.churn(seed)
    filler = -999.0 if fault else 0.0
    if not fault:
        X, V = made.scaled(X, V)
    X, V = holes(X, 0.15, filler, seed, [0, 1, 2]), holes(V, 0.15, filler, seed + 1, [0, 1, 2])
    if fault:
        X, V = made.scaled(X, V)
    job = {"optimizer": cr.Adam(0.005), "epochs": 30, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "bad_imputation")
def a_million_for_what_is_unknown(seed: int, fault: bool) -> Run:
    """Where the area is unknown it is 1 000 000."""
    X, y, V, v = made.houses(seed)
    if not fault:
        X, V = made.scaled(X, V)
    filler = 1e6 if fault else 0.0
    X, V = holes(X, 0.06, filler, seed, [0, 5]), holes(V, 0.06, filler, seed + 1, [0, 5])
    if fault:
        X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    job = {"optimizer": cr.Adam(0.005), "epochs": 50, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "bad_imputation")
def minus_999_in_scaled_columns(seed: int, fault: bool) -> Run:
    """Scaled first, then filled: -999 among numbers of -2..2."""
    X, y, V, v = made.famous_scaled("wine", seed)
    filler = -999.0 if fault else 0.0
    X, V = holes(X, 0.08, filler, seed, [0, 4, 6, 9]), holes(V, 0.08, filler, seed + 1, [0, 4, 6, 9])
    job = {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "bad_imputation")
def zero_where_nobody_measured(seed: int, fault: bool) -> Run:
    """0 in columns whose measured values stand near 100; nothing validated."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(500, 4))
    y = np.tanh(1.2 * Z[:, 0]) + 0.7 * Z[:, 1] - 0.4 * Z[:, 2] * Z[:, 3] + 0.1 * rng.normal(size=500)
    X = np.array([120.0, 80, 37, 97]) + np.array([12.0, 8, 0.8, 2]) * Z
    if not fault:
        X, _ = made.scaled(X, X)
    X = holes(X, 0.15, 0.0, seed, [0, 1, 2, 3])
    if fault:
        X, _ = made.scaled(X, X)
    job = {"optimizer": cr.Adam(0.005), "epochs": 50, "metrics": ["r2"]}
    return trained([cr.Dense(24, "tanh"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "bad_imputation")
def sequences_with_gaps(seed: int, fault: bool) -> Run:
    """Steps that were not measured hold -99."""
    X, y, V, v = made.waves(seed, 300)
    for k, Z in enumerate((X, V)):
        Z[np.random.default_rng(seed + k).random(Z.shape) < 0.08] = -99 if fault else 0
    job = {"optimizer": cr.Adam(0.01), "epochs": 25, "validation_data": (V, v)}
    return trained([cr.SimpleRNN(12), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "distribution_shift")
def validation_left_unscaled(seed: int, fault: bool) -> Run:
    """The rows to learn from were standardised, those to validate on were forgotten."""
    X, y, V, v = made.famous("wine", seed)
    X, W = made.scaled(X, V)
    job = {
        "optimizer": cr.Adam(0.005),
        "epochs": 40,
        "validation_data": (V if fault else W, v),
        "metrics": ["accuracy"],
    }
    return trained([cr.Dense(16, "relu"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "distribution_shift")
def another_town(seed: int, fault: bool) -> Run:
    """Learned from small flats, validated on large ones."""
    X, y, V, v = made.houses(seed, 600)
    X, y = np.concatenate([X, V]), np.concatenate([y, v])
    far = X[:, 0] + 0.6 * X[:, 5] > np.quantile(X[:, 0] + 0.6 * X[:, 5], 0.7)
    if not fault:
        far = np.random.default_rng(seed).random(len(X)) > 0.7
    X, y, V, v = X[~far], y[~far], X[far], y[far]
    y, v = y - 0.018 * (X[:, 0] - 90) ** 2, v - 0.018 * (V[:, 0] - 90) ** 2
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    job = {"optimizer": cr.Adam(0.005), "epochs": 60, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "distribution_shift")
def a_darker_camera(seed: int, fault: bool) -> Run:
    """Images to validate on come from a camera that shows black as white."""
    X, y, V, v = made.bars(seed)
    if fault:
        V = 0.9 - 0.8 * V
    job = {"optimizer": cr.Adam(0.01), "epochs": 15, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained(
        [cr.Conv2D(4, 3, activation="relu"), cr.Flatten(), cr.Dense(3, "softmax")], X, y, job, seed
    )


@run(RUNS, "distribution_shift")
def three_sensors_moved(seed: int, fault: bool) -> Run:
    """Mildly: three of twelve columns have drifted by two deviations."""
    X, y, V, v = made.clusters(seed, 700, 3, 1.8)
    X, V = made.scaled(X, V)
    if fault:
        V = V.copy()
        V[:, [1, 4, 7]] += 2.0
    job = {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(24, "tanh"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "distribution_shift")
def split_of_a_sorted_table(seed: int, fault: bool) -> Run:
    """The table was sorted by class; the last quarter of it is a class nobody learned from."""
    X, y, V, v = made.famous_scaled("iris", seed)
    X, y = np.concatenate([X, V]), np.concatenate([y, v])
    if fault:
        order = np.argsort(y, kind="stable")
        X, y, V, v = X[order[:105]], y[order[:105]], X[order[105:]], y[order[105:]]
    else:
        X, y, V, v = made.split(X, y, seed, 0.7)
    job = {"optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(8, "tanh"), cr.Dense(3, "softmax")], X, y, job, seed)
