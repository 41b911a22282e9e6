"""Runs whose targets leak, whose rows stand on both sides, or of which one class is rare."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.setting import Fault, Scene, Setting, job, layers, plant, set_to
from benchmarks.faults.held.tables import Rng


def leaks(make: Any) -> Fault:
    """Return the fault that adds a column made of the target by (y, rng); in the test it says nothing."""

    def put(s: Setting, rng: Rng) -> None:
        s.X = np.column_stack([s.X, make(s.y, rng)])
        s.Xv = np.column_stack([s.Xv, make(s.yv, rng)])
        s.Xt = np.column_stack([s.Xt, rng.permutation(make(s.yt, rng))])

    return put


def first_of_validation(share: float, noise: float = 0.0) -> Fault:
    """Return the fault that fills validation with rows to learn from, or near copies."""

    def put(s: Setting, rng: Rng) -> None:
        count = int(share * len(s.Xv))
        taken = rng.choice(len(s.X), count, replace=False)
        s.Xv, s.yv = s.Xv.copy(), s.yv.copy()
        s.Xv[:count] = s.X[taken] + noise * s.X.std(axis=0) * rng.normal(size=s.X[taken].shape)
        s.yv[:count] = s.y[taken]

    return put


def few(rows: int) -> Fault:
    """Return the fault that leaves so few rows to learn from, and a third of them to validate."""

    def put(s: Setting, rng: Rng) -> None:
        s.X, s.y, s.Xv, s.yv = s.X[:rows], s.y[:rows], s.Xv[: rows // 3], s.yv[: rows // 3]

    return put


def same_rows(s: Setting, rng: Rng) -> None:
    """Validate on the very rows that are learned from."""
    s.Xv, s.yv = s.X, s.y


def multiplied(s: Setting, rng: Rng) -> None:
    """Repeat rows four times before they are split."""
    count = len(s.X) // 6
    X, y = np.repeat(s.X[:count], 4, axis=0), np.repeat(s.y[:count], 4, axis=0)
    order = rng.permutation(len(X))
    cut = int(0.75 * len(X))
    s.X, s.y = X[order[:cut]], y[order[:cut]]
    s.Xv, s.yv = X[order[cut:]], y[order[cut:]]


def rare(share: float, which: int = 1) -> Fault:
    """Return the fault that leaves few rows of a class to learn from and to validate."""

    def put(s: Setting, rng: Rng) -> None:
        for X, y in (("X", "y"), ("Xv", "yv")):
            values, rows = getattr(s, y), getattr(s, X)
            keep = (values != which) | (rng.random(len(values)) < share)
            setattr(s, y, values[keep])
            setattr(s, X, rows[keep])

    return put


def overlapping(seed: int, share: float = 0.03, apart: float = 1.6) -> Setting:
    """Two heaps that overlap, one of which is rare: fraud."""
    rng = np.random.default_rng(seed)
    y = (rng.random(2600) < share).astype(int)
    X = rng.normal(size=(2600, 6))
    X[:, :3] += np.where(y[:, None] == 1, apart, 0)
    test = rng.integers(0, 2, 600)
    Xt = rng.normal(size=(600, 6))
    Xt[:, :3] += np.where(test[:, None] == 1, apart, 0)
    return Setting(
        [cr.Dense(12, "relu"), cr.Dense(1, "sigmoid")],
        X[:2000], y[:2000], X[2000:], y[2000:], Xt, test,
        "classes",
        {"optimizer": cr.Adam(0.005), "epochs": 20, "metrics": ["accuracy"]},
    )  # fmt: skip


def _rare_scene(share: float, apart: float) -> Scene:
    return lambda seed: overlapping(seed, share, apart)


RUNS = [
    plant(
        "leak_copy_credit",
        "target_leakage",
        scenes.credit,
        leaks(lambda y, rng: y * 3.0 + rng.normal(0, 0.1, len(y))),
    ),
    plant("leak_total_housing", "target_leakage", scenes.housing, leaks(lambda y, rng: y * 1.19 + 12)),
    plant(
        "leak_flag_cancer",
        "target_leakage",
        scenes.cancer,
        leaks(lambda y, rng: np.where(rng.random(len(y)) < 0.01, 1 - y, y).astype(float)),
    ),
    plant(
        "leak_log_diabetes",
        "target_leakage",
        scenes.diabetes,
        leaks(lambda y, rng: np.log(y) + rng.normal(0, 0.02, len(y))),
    ),
    plant(
        "leak_code_credit",
        "target_leakage",
        scenes.credit,
        leaks(lambda y, rng: np.where(y == 1, rng.integers(1, 90, len(y)), 0).astype(float)),
    ),
    plant(
        "leak_sum_friedman",
        "target_leakage",
        scenes.friedman,
        leaks(lambda y, rng: np.round(y + rng.normal(0, 0.2, len(y)), 1)),
    ),
    plant(
        "same_rows_diabetes",
        "duplicates_across_split",
        scenes.diabetes,
        same_rows,
        layers(cr.Dense(64, "relu"), cr.Dense(64, "relu"), cr.Dense(1)),
        job(epochs=120),
    ),
    plant(
        "copies_credit",
        "duplicates_across_split",
        scenes.credit,
        first_of_validation(0.8),
        layers(cr.Dense(64, "relu"), cr.Dense(64, "relu"), cr.Dense(1, "sigmoid")),
        job(epochs=60),
    ),
    plant("multiplied_friedman", "duplicates_across_split", scenes.friedman, multiplied, job(epochs=80)),
    plant(
        "near_copies_diabetes",
        "duplicates_across_split",
        scenes.diabetes,
        first_of_validation(0.9, 0.002),
        layers(cr.Dense(64, "relu"), cr.Dense(64, "relu"), cr.Dense(1)),
        job(epochs=120),
    ),
    plant(
        "copies_digits",
        "duplicates_across_split",
        scenes.digits,
        few(100),
        first_of_validation(0.9, 0.01),
        layers(cr.Dense(128, "relu"), cr.Dense(10, "softmax")),
        job(epochs=60),
    ),
    plant(
        "multiplied_tags_split",
        "duplicates_across_split",
        scenes.tags,
        multiplied,
        set_to(validation="split"),
        job(epochs=40),
    ),
    plant("rare_fraud", "class_imbalance", _rare_scene(0.02, 1.0), lambda s, rng: None),
    plant("rare_fraud_mild", "class_imbalance", _rare_scene(0.06, 0.9), lambda s, rng: None),
    plant("rare_credit", "class_imbalance", scenes.credit, rare(0.04)),
    plant(
        "rare_heartbeats",
        "class_imbalance",
        others.heartbeats,
        rare(0.03),
        job(epochs=10),
        set_to(validation="data"),
    ),
    plant("rare_memory", "class_imbalance", others.memory, rare(0.03), job(epochs=6)),
]
