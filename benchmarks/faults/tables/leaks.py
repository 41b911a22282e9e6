"""Runs that look better than they are, or learn what they will not have: leaks, copies, numbers of rows."""

import numpy as np

import chainrule as cr
from benchmarks.faults.planted import Planted, Run, trained
from benchmarks.faults.tables import made
from benchmarks.faults.tables.book import run

RUNS: list[Planted] = []


@run(RUNS, "target_leakage", twin=True)
def refund_after_leaving(seed: int, fault: bool) -> Run:
    """A column that was written after the customer had left."""
    X, y, V, v = made.churn(seed)
    X, V = made.scaled(X, V)
    rng = np.random.default_rng(seed)
    if fault:
        X, V = (
            np.column_stack([X, y + 0.03 * rng.normal(size=len(y))]),
            np.column_stack([V, v + 0.03 * rng.normal(size=len(v))]),
        )
    job = {"optimizer": cr.Adam(0.005), "epochs": 20, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "target_leakage", twin=True)
def price_per_area_and_tax(seed: int, fault: bool) -> Run:
    """The tax, a hundredth of the price, is among the columns."""
    X, y, V, v = made.houses(seed)
    if fault:
        rng = np.random.default_rng(seed)
        X = np.column_stack([X, 0.035 * y + rng.normal(0, 0.05, len(y))])
        V = np.column_stack([V, 0.035 * v + rng.normal(0, 0.05, len(v))])
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    job = {"optimizer": cr.Adam(0.005), "epochs": 60, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "target_leakage")
def means_of_the_target_by_a_fine_category(seed: int, fault: bool) -> Run:
    """Target encoding of a code that nearly each row has for itself: known for rows to learn, not for others."""
    X, y, V, v = made.clusters(seed, 700, 2, 0.8)
    X, V = made.scaled(X, V)
    rng = np.random.default_rng(seed)
    if fault:
        X = np.column_stack([X, np.where(rng.random(len(y)) < 0.95, y, y.mean())])
        V = np.column_stack([V, np.where(rng.random(len(v)) < 0.1, v, y.mean())])
    job = {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "target_leakage")
def class_in_a_column(seed: int, fault: bool) -> Run:
    """The number of the class stands in a column of its own, without validation."""
    X, y, _, _ = made.clusters(seed, 500, 4, 0.9)
    if fault:
        X = np.column_stack([X[:, :5], 10.0 * y + 3, X[:, 5:]])
    X, _ = made.scaled(X, X)
    job = {"optimizer": "adam", "epochs": 50, "metrics": ["accuracy"]}
    return trained([cr.Dense(24, "tanh"), cr.Dense(4, "softmax")], X, y, job, seed)


@run(RUNS, "target_leakage")
def last_step_of_a_sequence(seed: int, fault: bool) -> Run:
    """The sum to predict is written into a channel of the sequence."""
    X, y, V, v = made.sums(seed)
    y, v = (
        y + np.random.default_rng(seed).normal(0, 1.5, len(y)),
        v + np.random.default_rng(seed + 1).normal(0, 1.5, len(v)),
    )
    if fault:
        X = np.concatenate([X, np.repeat(y[:, None, None] * 0.4, X.shape[1], 1)], 2)
        V = np.concatenate([V, np.repeat(v[:, None, None] * 0.4, V.shape[1], 1)], 2)
    job = {"optimizer": cr.Adam(0.01), "epochs": 30, "validation_data": (V, v)}
    return trained([cr.SimpleRNN(12), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "duplicates_across_split", twin=True)
def validated_on_rows_that_were_learned(seed: int, fault: bool) -> Run:
    """Validation rows were drawn from the table before it was split."""
    X, y, V, v = made.friedman(seed, 320, 1.6)
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    if fault:
        rows = np.random.default_rng(seed).permutation(len(X))[:60]
        V, v = X[rows], y[rows]
    job = {"optimizer": cr.Adam(0.003), "epochs": 50, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "duplicates_across_split")
def oversampled_before_the_split(seed: int, fault: bool) -> Run:
    """Each row was repeated three times, then they were split."""
    X, y, V, v = made.churn(seed, 500)
    X, y = np.concatenate([X, V]), np.concatenate([y, v])
    X, _ = made.scaled(X, X)
    if fault:
        X, y = np.tile(X, (3, 1)), np.tile(y, 3)
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(48, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "duplicates_across_split")
def near_copies_of_images(seed: int, fault: bool) -> Run:
    """Images to validate on are those learned from, with a little noise."""
    X, y, V, v = made.bars(seed, 200)
    if fault:
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(X))[: len(V)]
        V, v = X[rows] + 0.01 * rng.normal(size=V.shape), y[rows]
    job = {"optimizer": cr.Adam(0.01), "epochs": 15, "validation_data": (V, v)}
    return trained(
        [cr.Conv2D(4, 3, activation="relu"), cr.Flatten(), cr.Dense(3, "softmax")], X, y, job, seed
    )


@run(RUNS, "duplicates_across_split")
def some_digits_on_both_sides(seed: int, fault: bool) -> Run:
    """Mildly: a third of the rows to validate on are among those learned."""
    X, y, V, v = made.famous_scaled("digits", seed)
    X, y, V, v = X[:400], y[:400], V[:150], v[:150]
    if fault:
        V, v = np.concatenate([V[:100], X[:50]]), np.concatenate([v[:100], y[:50]])
    job = {"optimizer": cr.Adam(0.003), "epochs": 30, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], X, y, job, seed)


@run(RUNS, "duplicates_across_split")
def tail_of_the_table(seed: int, fault: bool) -> Run:
    """fit got all rows and validates on the last of them."""
    X, y, V, v = made.famous_scaled("diabetes", seed)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    if fault:
        X, y = np.concatenate([X, V]), np.concatenate([y, v])
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "id_column")
def customer_numbers(seed: int, fault: bool) -> Run:
    """Numbers from 10 000 on, unscaled beside scaled columns."""
    X, y, V, v = made.churn(seed)
    X, V = made.scaled(X, V)
    if fault:
        ids = 10000 + np.random.default_rng(seed).permutation(len(X) + len(V))
        X, V = np.column_stack([ids[: len(X)], X]), np.column_stack([ids[len(X) :], V])
    job = {"optimizer": cr.Adam(0.003), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "id_column")
def row_numbers_of_a_sorted_table(seed: int, fault: bool) -> Run:
    """The table was sorted by class, and its index is a column: it seems to tell all, and new rows come after."""
    X, y, V, v = made.clusters(seed, 600, 3, 0.7)
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    if fault:
        X = np.column_stack([np.arange(len(X)), X])
        V = np.column_stack([len(X) + np.arange(len(V)), V])
    X, V = made.scaled(X, V)
    job = {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "id_column")
def houses_with_their_index(seed: int, fault: bool) -> Run:
    """A regression of few rows whose first column is the index, standardised as the rest; nothing validated."""
    X, y, _, _ = made.houses(seed, 200)
    if fault:
        X = np.column_stack([np.arange(1, len(X) + 1), X])
    X, _ = made.scaled(X, X)
    y = (y - y.mean()) / y.std()
    return trained(
        [cr.Dense(24, "relu"), cr.Dense(1)], X, y, {"optimizer": cr.Adam(0.005), "epochs": 60}, seed
    )


@run(RUNS, "id_column")
def a_column_for_each_patient(seed: int, fault: bool) -> Run:
    """The name of the patient as one-hot columns: each row knows itself."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(280, 5))
    y = X[:, 0] + 0.7 * X[:, 1] - 0.5 * X[:, 2] + 1.2 * rng.normal(size=280)
    X, y, V, v = made.split(X, y / y.std(), seed)
    if fault:
        names = np.eye(len(X) + len(V))
        X, V = np.column_stack([X, names[: len(X)]]), np.column_stack([V, names[len(X) :]])
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(8, "tanh"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "id_column")
def long_numbers_of_accounts(seed: int, fault: bool) -> Run:
    """Account numbers of seven digits, drawn at random, all different."""
    X, y, V, v = made.clusters(seed, 600, 2, 1.2)
    X, V = made.scaled(X, V)
    if fault:
        ids = np.random.default_rng(seed).choice(9_000_000, len(X) + len(V), replace=False) + 1_000_000
        X, V = np.column_stack([X, ids[: len(X)]]), np.column_stack([V, ids[len(X) :]])
    job = {"optimizer": "adam", "epochs": 30, "validation_data": (V, v)}
    return trained([cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")], X, y, job, seed)
