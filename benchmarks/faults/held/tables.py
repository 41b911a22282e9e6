"""Runs whose rows are wrong: scales, columns, targets, splits."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.setting import (
    Fault,
    Setting,
    job,
    plant,
    set_to,
    without_history,
    without_job,
)

Rng = np.random.Generator


def to_all(change: Any) -> Fault:
    """Return the fault that changes X everywhere, as it comes, by (X, rng)."""

    def put(s: Setting, rng: Rng) -> None:
        seed = int(rng.integers(1 << 30))
        s.X, s.Xv, s.Xt = (
            change(np.array(part, dtype=float), np.random.default_rng([seed, i]))
            for i, part in enumerate(s.parts)
        )

    return put


def later(fault: Fault) -> Fault:
    """Return the fault that is done once rows are scaled."""

    def put(s: Setting, rng: Rng) -> None:
        s.after.append(lambda s: fault(s, rng))

    return put


def raw(s: Setting, rng: Rng) -> None:
    """Forget to scale inputs."""
    s.scale = None


def raw_targets(s: Setting, rng: Rng) -> None:
    """Forget to scale targets."""
    s.scale_y = False


def sizes(X: np.ndarray, rng: Rng) -> np.ndarray:
    """Give each column a unit of its own."""
    k = X.shape[-1]
    fixed = np.random.default_rng(k)
    return X * 10.0 ** fixed.uniform(-2, 4, k) + fixed.normal(0, 1000, k)


def targets(change: Any, test: bool = True) -> Fault:
    """Return the fault that changes the targets, by (y, rng); those of the test where it is another scale."""

    def put(s: Setting, rng: Rng) -> None:
        s.y, s.yv = change(s.y, rng), change(s.yv, rng)
        s.yt = change(s.yt, rng) if test else s.yt

    return put


def big_rows(X: np.ndarray, rng: Rng) -> np.ndarray:
    """Write pixels as bytes."""
    return np.round(X * 255)


_SCALES = [
    plant("raw_wine", "inputs_unscaled", scenes.wine, raw),
    plant("raw_cancer_sgd", "inputs_unscaled", scenes.cancer, raw, job(optimizer=cr.SGD(0.05, momentum=0.9))),
    plant("raw_housing", "inputs_unscaled", scenes.housing, raw),
    plant("raw_credit_no_history", "inputs_unscaled", scenes.credit, raw, set_to(told=without_history)),
    plant("raw_sensors", "inputs_unscaled", scenes.sensors, raw),
    plant(
        "raw_forecast_thousands", "inputs_unscaled", others.forecast, to_all(lambda X, rng: 400 * X + 5000)
    ),
    plant("raw_tags_units", "inputs_unscaled", scenes.tags, to_all(sizes)),
    plant("raw_moons_far_mild", "inputs_unscaled", scenes.moons, to_all(lambda X, rng: X * 0.5 + 40)),
    plant(
        "raw_pictures_bytes",
        "inputs_unscaled",
        others.bars,
        to_all(lambda X, rng: np.clip(120 + 60 * X, 0, 1000)),
        job(optimizer=cr.SGD(0.05, momentum=0.9)),
    ),
    plant("target_price", "targets_unscaled", scenes.housing, raw_targets, targets(lambda y, rng: y * 1000)),
    plant(
        "target_year", "targets_unscaled", scenes.energy, raw_targets, targets(lambda y, rng: 1950 + 20 * y)
    ),
    plant(
        "target_millions_no_job",
        "targets_unscaled",
        scenes.friedman,
        raw_targets,
        targets(lambda y, rng: y * 1e6),
        set_to(told=without_job),
    ),
    plant(
        "target_forecast_hundreds",
        "targets_unscaled",
        others.forecast,
        targets(lambda y, rng: 300 * y + 4000),
    ),
    plant(
        "target_two_units",
        "targets_unscaled",
        scenes.energy,
        raw_targets,
        targets(lambda y, rng: y * np.array([1.0, 5000.0]) + np.array([0.0, 20000.0])),
    ),
    plant("target_diabetes_mild", "targets_unscaled", scenes.diabetes, raw_targets),
    plant(
        "target_tiny",
        "targets_unscaled",
        scenes.friedman,
        later(targets(lambda y, rng: y * 1e-4)),
        job(optimizer=cr.SGD(0.02), epochs=20),
    ),
]


def shuffled(s: Setting, rng: Rng) -> None:
    """Sort the labels apart from their rows."""
    s.y, s.yv = rng.permutation(s.y), rng.permutation(s.yv)


def slipped(s: Setting, rng: Rng) -> None:
    """Let the targets slip by three rows."""
    s.y, s.yv = np.roll(s.y, 3, axis=0), np.roll(s.yv, 3, axis=0)


def sorted_rows(s: Setting, rng: Rng) -> None:
    """Sort the rows by their first number, and the targets not."""
    s.X = s.X[np.argsort(s.X[:, 0])]
    s.Xv = s.Xv[np.argsort(s.Xv[:, 0])]


def emptied(s: Setting, rng: Rng) -> None:
    """Read inputs of other rows altogether."""
    s.X, s.Xv = (part[rng.permutation(len(part))] for part in (s.X, s.Xv))


def flipped(share: float) -> Fault:
    """Return the fault that gives this share of the rows the label of another class."""

    def put(s: Setting, rng: Rng) -> None:
        def change(y: np.ndarray) -> np.ndarray:
            y = y.copy()
            wrong = rng.random(len(y)) < share
            if s.kind == "labels":
                y[wrong] = 1 - y[wrong]
            elif s.kind == "numbers":
                y[wrong] = rng.permutation(y[wrong]) * -1 + 2 * y.mean(axis=0)
            else:
                k = int(y.max()) + 1
                y[wrong] = (y[wrong] + rng.integers(1, k, wrong.sum())) % k
            return y

        s.y, s.yv = change(s.y), change(s.yv)

    return put


_SIGNAL = [
    plant("shuffled_digits", "no_signal", scenes.digits, shuffled),
    plant("slipped_housing", "no_signal", scenes.housing, slipped),
    plant("sorted_cancer", "no_signal", scenes.cancer, sorted_rows),
    plant("shuffled_waves", "no_signal", others.waves, emptied, job(epochs=12)),
    plant("shuffled_tags", "no_signal", scenes.tags, shuffled),
    plant("shuffled_reviews_split", "no_signal", others.reviews, shuffled, set_to(validation="split")),
    plant("flipped_cancer", "label_noise", scenes.cancer, flipped(0.35)),
    plant("flipped_digits", "label_noise", scenes.digits, flipped(0.4)),
    plant("flipped_moons", "label_noise", scenes.moons, flipped(0.3), set_to(validation="split")),
    plant("flipped_friedman", "label_noise", scenes.friedman, flipped(0.3)),
    plant(
        "flipped_pictures", "label_noise", others.digit_pictures, flipped(0.35), set_to(told=without_history)
    ),
    plant("flipped_blobs_mild", "label_noise", scenes.blobs, flipped(0.25)),
]

RUNS = _SCALES + _SIGNAL
