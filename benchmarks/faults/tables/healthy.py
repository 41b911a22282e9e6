"""Runs whose data look odd and that are well all the same."""

import numpy as np

import chainrule as cr
from benchmarks.faults.planted import Planted, Run, trained
from benchmarks.faults.tables import made
from benchmarks.faults.tables.book import run

RUNS: list[Planted] = []


@run(RUNS)
def digits_with_dead_pixels(seed: int, fault: bool) -> Run:
    """Pixels at the edge are always 0, and numbers reach to 16."""
    X, y, V, v = made.famous("digits", seed)
    X, y, V, v = X[:800], y[:800], V[:300], v[:300]
    job = {"optimizer": cr.Adam(0.003), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], X, y, job, seed)


@run(RUNS)
def a_third_is_all_there_is(seed: int, fault: bool) -> Run:
    """R² 0.35 is the ceiling: the rest of the target is chance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(800, 5))
    signal = X[:, 0] + 0.8 * X[:, 1] - 0.5 * X[:, 2]
    y = signal + signal.std() * 1.36 * rng.normal(size=800)
    X, y, V, v = made.split(X, y / y.std(), seed)
    job = {"optimizer": cr.Adam(0.003), "epochs": 15, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(8, "tanh"), cr.Dense(1)], X, y, job, seed)


@run(RUNS)
def chance_decides_of_a_third(seed: int, fault: bool) -> Run:
    """Accuracy 0.68 is the ceiling: probabilities lie between 0.1 and 0.9."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 6))
    y = (rng.random(1000) < 1 / (1 + np.exp(-0.8 * X[:, 0] - 0.6 * X[:, 1]))).astype(int)
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.003), "epochs": 15, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(8, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS)
def groups_that_overlap(seed: int, fault: bool) -> Run:
    """Three groups that lie into one another; nobody could tell more of them apart."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 700)
    X = np.array([[0, 1.1], [-1, -0.6], [1, -0.6]])[y] + rng.normal(size=(700, 2))
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.01), "epochs": 20, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(8, "tanh"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS)
def passengers(seed: int, fault: bool) -> Run:
    """Discrete columns, many rows alike on both sides of the split, with other ends."""
    rng = np.random.default_rng(seed)
    n = 800
    cls, sex, alone = rng.choice(3, n, p=[0.25, 0.2, 0.55]), rng.integers(0, 2, n), rng.integers(0, 2, n)
    decade = np.clip(rng.poisson(3, n), 0, 7)
    p = 1 / (1 + np.exp(-(2.6 * sex - 1.1 * cls - 0.2 * decade + 0.4 * alone)))
    X = np.column_stack([np.eye(3)[cls], sex, alone, decade / 3.5 - 1])
    X, y, V, v = made.split(X, (rng.random(n) < p).astype(int), seed)
    job = {"optimizer": cr.Adam(0.005), "epochs": 30, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(12, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS)
def truth_table_repeated(seed: int, fault: bool) -> Run:
    """A rule of six switches: there are 64 rows, and each occurs often."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, (500, 6)).astype(float)
    y = ((X[:, 0] + X[:, 1] + X[:, 2] > 1) ^ (X[:, 3] > 0)).astype(int)
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(24, "tanh"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS)
def years_of_cars(seed: int, fault: bool) -> Run:
    """Mileage, a whole number that is different in each row, and the year count something real."""
    rng = np.random.default_rng(seed)
    n = 500
    year = rng.integers(1995, 2024, n)
    mileage = ((2024 - year) * rng.normal(14000, 3500, n).clip(2000)).astype(int) + rng.integers(0, 999, n)
    power = rng.integers(50, 300, n)
    price = 9 + 0.11 * power - 0.00009 * mileage - 0.3 * (2024 - year) + rng.normal(0, 1.5, n)
    X, y, V, v = made.split(np.column_stack([year, mileage, power]).astype(float), price / price.std(), seed)
    X, V = made.scaled(X, V)
    job = {"optimizer": cr.Adam(0.01), "epochs": 50, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS)
def one_column_says_it_all(seed: int, fault: bool) -> Run:
    """A threshold of one measured column decides, by nature; the others add nothing."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 6))
    y = (X[:, 2] > 0.3).astype(int)
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(12, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS)
def rare_class_that_is_found(seed: int, fault: bool) -> Run:
    """Three of a hundred rows, far from the others."""
    rng = np.random.default_rng(seed)
    y = (rng.random(900) < 0.05).astype(int)
    X = rng.normal(size=(900, 5)) + 3.2 * y[:, None] * np.array([1, -1, 1, 0, 0])
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.01), "epochs": 25, "validation_data": (V, v), "metrics": ["f1"]}
    return trained([cr.Dense(8, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS)
def counts_with_many_zeros(seed: int, fault: bool) -> Run:
    """Half of the targets are 0, for they are counts; Poisson's loss."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(700, 4))
    y = rng.poisson(np.exp(-0.6 + 0.8 * X[:, 0] - 0.5 * X[:, 1])).astype(float)
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.005), "epochs": 25, "loss": "poisson", "validation_data": (V, v)}
    return trained([cr.Dense(8, "tanh"), cr.Dense(1, "exp")], X, y, job, seed)


@run(RUNS)
def ratings_of_one_to_five(seed: int, fault: bool) -> Run:
    """Whole numbers as targets of a regression, five of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 5))
    y = np.clip(np.round(3 + X[:, 0] + 0.6 * X[:, 1] + 0.4 * rng.normal(size=600)), 1, 5)
    X, y, V, v = made.split(X, y - 3, seed)
    job = {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS)
def fees_that_are_mostly_zero(seed: int, fault: bool) -> Run:
    """A column that is 0 for most and large for some, where 0 is true."""
    rng = np.random.default_rng(seed)
    n = 600
    gains = np.where(rng.random(n) < 0.2, rng.lognormal(1.5, 0.4, n), 0.0)
    X = np.column_stack([gains, rng.normal(size=(n, 3))])
    y = 0.4 * gains + X[:, 1] - 0.5 * X[:, 2] ** 2 + 0.2 * rng.normal(size=n)
    X, y, V, v = made.split(X, (y - y.mean()) / y.std(), seed)
    X, V = made.scaled(X, V)
    job = {"optimizer": cr.Adam(0.01), "epochs": 50, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS)
def columns_of_sixteen_shades(seed: int, fault: bool) -> Run:
    """Inputs of 0..20 that no one scaled, and that are learned well."""
    X, y, V, v = made.clusters(seed, 600, 2, 2.0, 6)
    low = X.min(0)
    X, V = 2 * (X - low), 2 * (V - low)
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS)
def prices_with_a_layer_that_scales(seed: int, fault: bool) -> Run:
    """Targets in thousands, and a last layer that multiplies."""
    X, y, V, v = made.houses(seed)
    X, V = made.scaled(X, V)
    layers = [cr.Dense(24, "relu"), cr.Dense(1), cr.Rescaling(float(y.std()), float(y.mean()))]
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": (V, v), "metrics": ["r2"]}
    return trained(layers, X, y, job, seed)


@run(RUNS)
def a_season_later(seed: int, fault: bool) -> Run:
    """Validated on later days, some degrees warmer, where the same law holds."""
    rng = np.random.default_rng(seed)
    day = np.arange(600)
    warm = 0.0025 * day + rng.normal(size=600)
    X = np.column_stack([warm, rng.normal(size=(600, 3))])
    y = 0.8 * warm - 0.5 * X[:, 1] + 0.3 * X[:, 2] + 0.2 * rng.normal(size=600)
    job = {"optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": (X[450:], y[450:]), "metrics": ["r2"]}
    return trained([cr.Dense(8, "tanh"), cr.Dense(1)], X[:450], y[:450], job, seed)


@run(RUNS)
def few_rows_to_validate_on(seed: int, fault: bool) -> Run:
    """Twelve rows validate, so that their score jumps."""
    X, y, V, v = made.famous_scaled("wine", seed)
    job = {
        "optimizer": cr.Adam(0.01),
        "epochs": 30,
        "validation_data": (V[:12], v[:12]),
        "metrics": ["accuracy"],
    }
    return trained([cr.Dense(16, "relu"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS)
def three_labels_at_once(seed: int, fault: bool) -> Run:
    """Each row may hold several labels; counts of words, scaled."""
    X, y, V, v = made.topics(seed, 700)
    X, V = made.scaled(X, V)
    job = {"optimizer": cr.Adam(0.005), "epochs": 25, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(3, "sigmoid")], X, y, job, seed)


@run(RUNS)
def two_targets_of_a_plant(seed: int, fault: bool) -> Run:
    """Two outputs of a curved law."""
    X, y, V, v = made.plant(seed)
    job = {"optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(32, "tanh"), cr.Dense(2)], X, y, job, seed)


@run(RUNS)
def rare_categories_as_one_hot(seed: int, fault: bool) -> Run:
    """Thirty columns that are nearly always 0, which is what one-hot columns are."""
    rng = np.random.default_rng(seed)
    n = 900
    kind = np.minimum(rng.zipf(1.35, n), 30) - 1
    effect = np.random.default_rng(seed + 1).normal(size=30)
    x = rng.normal(size=(n, 2))
    y = effect[kind] + x[:, 0] + 0.3 * rng.normal(size=n)
    X, y, V, v = made.split(np.column_stack([x, np.eye(30)[kind]]), (y - y.mean()) / y.std(), seed)
    job = {"optimizer": cr.Adam(0.01), "epochs": 30, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(16, "tanh"), cr.Dense(1)], X, y, job, seed)


@run(RUNS)
def waves_that_are_told_apart(seed: int, fault: bool) -> Run:
    """Sequences, learned well without validation."""
    X, y, _, _ = made.waves(seed, 320)
    return trained(
        [cr.SimpleRNN(12), cr.Dense(1, "sigmoid")], X, y, {"epochs": 30, "optimizer": cr.Adam(0.01)}, seed
    )
