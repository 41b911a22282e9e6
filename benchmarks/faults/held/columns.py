"""Runs whose columns or targets are spoiled, or others where they are judged."""

from typing import Any

import numpy as np

from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.setting import Fault, Setting, job, plant, set_to
from benchmarks.faults.held.tables import Rng, later, targets, to_all


def cast(columns: Any) -> Fault:
    """Return the fault that casts columns of 0 to 1 to whole numbers."""

    def put(X: np.ndarray, rng: Rng) -> np.ndarray:
        X = X.copy()
        X[..., columns] = np.floor(X[..., columns])
        return X

    return to_all(put)


def constant(columns: Any) -> Fault:
    """Return the fault that loses columns: the same number everywhere."""

    def put(X: np.ndarray, rng: Rng) -> np.ndarray:
        X = X.copy()
        X[..., columns] = 1.0
        return X

    return to_all(put)


def nearly_constant(columns: Any) -> Fault:
    """Return the fault that lets a few rows alone keep these columns."""

    def put(X: np.ndarray, rng: Rng) -> np.ndarray:
        X = X.copy()
        lost = np.arange(len(X)) >= 3
        for column in columns:
            X[lost, column] = 1.0
        return X

    return to_all(put)


def filled(value: float, share: float, columns: Any) -> Fault:
    """Return the fault that fills missing cells with a number."""

    def put(X: np.ndarray, rng: Rng) -> np.ndarray:
        X = X.copy()
        for column in columns:
            X[rng.random(len(X)) < share, column] = value
        return X

    return to_all(put)


def filled_steps(value: float, share: float) -> Fault:
    """Return the fault that fills missing steps of sequences with a number."""

    def put(X: np.ndarray, rng: Rng) -> np.ndarray:
        X = X.copy()
        X[rng.random(X.shape) < share] = value
        return X

    return to_all(put)


def shifted(change: Any) -> Fault:
    """Return the fault that changes the rows to validate on, and those that come later, by (X, rng)."""

    def put(s: Setting, rng: Rng) -> None:
        s.Xv, s.Xt = change(s.Xv, rng), change(s.Xt, rng)

    return put


def by_column(column: int) -> Fault:
    """Return the fault that learns from the small values of a column, and is asked about the large ones."""

    def put(s: Setting, rng: Rng) -> None:
        X, y = np.concatenate([s.X, s.Xv, s.Xt]), np.concatenate([s.y, s.yv, s.yt])
        order = np.argsort(X[:, column] + 1e-9 * rng.normal(size=len(X)))
        (s.X, s.Xv, s.Xt) = np.split(X[order], [int(0.6 * len(X)), int(0.8 * len(X))])
        (s.y, s.yv, s.yt) = np.split(y[order], [int(0.6 * len(X)), int(0.8 * len(X))])

    return put


def numbered(scale: float = 1.0, start: int = 0, by_target: bool = False) -> Fault:
    """Return the fault that puts the number of the row in front."""

    def put(s: Setting, rng: Rng) -> None:
        if by_target:
            order = np.argsort(s.y, kind="stable")
            s.X, s.y = s.X[order], s.y[order]
        n, v, t = len(s.X), len(s.Xv), len(s.Xt)
        numbers = start + scale * np.arange(n + v + t)
        first, second, third = np.split(numbers, [n, n + v])
        s.X = np.column_stack([first, s.X])
        s.Xv, s.Xt = np.column_stack([second, s.Xv]), np.column_stack([third, s.Xt])

    return put


def _scale_first_only(s: Setting) -> None:
    mean, deviation = s.X.mean(axis=0), s.X.std(axis=0)
    s.X = (s.X - mean) / deviation


def _test_divided(s: Setting, by: float) -> None:
    s.yt = s.yt / by


RUNS = [
    plant(
        "cast_digits",
        "constant_features",
        scenes.digits,
        set_to(scale=None),
        to_all(lambda X, rng: np.floor(X / 17.0)),
    ),
    plant("cast_energy", "constant_features", scenes.energy, cast(slice(0, 6))),
    plant("constant_friedman", "constant_features", scenes.friedman, constant(slice(0, 3))),
    plant("nearly_constant_housing", "constant_features", scenes.housing, nearly_constant([0, 1, 3])),
    plant(
        "cast_bars",
        "constant_features",
        others.bars,
        to_all(lambda X, rng: np.clip(X, 0, 0.999).astype(np.uint8).astype(float)),
    ),
    plant("constant_tags_mild", "constant_features", scenes.tags, constant(slice(0, 5))),
    plant("filled_999_housing", "bad_imputation", scenes.housing, filled(-99999.0, 0.15, [0, 3])),
    plant("filled_million_credit", "bad_imputation", scenes.credit, filled(1e9, 0.2, [0, 2, 4])),
    plant("filled_sensors", "bad_imputation", scenes.sensors, filled(-9999.0, 0.15, range(20))),
    plant(
        "filled_999_friedman",
        "bad_imputation",
        scenes.friedman,
        set_to(scale=None),
        filled(-999.0, 0.1, [0, 1, 3]),
    ),
    plant("filled_diabetes_late", "bad_imputation", scenes.diabetes, later(filled(-999.0, 0.08, range(10)))),
    plant("filled_energy_mild", "bad_imputation", scenes.energy, filled(-99.0, 0.12, [0, 1, 2])),
    plant("filled_steps_forecast", "bad_imputation", others.forecast, filled_steps(-50.0, 0.1)),
    plant(
        "shift_raw_validation_wine",
        "distribution_shift",
        scenes.wine,
        set_to(validation="data", scale=None),
        lambda s, rng: _scale_first_only(s),
    ),
    plant("shift_bytes_digits", "distribution_shift", scenes.digits, shifted(lambda X, rng: X * 16)),
    plant(
        "shift_sensor_offset",
        "distribution_shift",
        scenes.sensors,
        shifted(lambda X, rng: X + 1.5 * X.std(axis=0)),
    ),
    plant("shift_by_size_housing", "distribution_shift", scenes.housing, by_column(0)),
    plant(
        "shift_forecast_level", "distribution_shift", others.forecast, shifted(lambda X, rng: X * 0.3 + 3.0)
    ),
    plant("shift_dark_bars", "distribution_shift", others.bars, shifted(lambda X, rng: 1.0 - X)),
    plant(
        "target_cast",
        "target_degenerate",
        scenes.energy,
        set_to(scale_y=False),
        targets(lambda y, rng: np.floor(1.02 * (y - y.min(axis=0)) / np.ptp(y, axis=0)), False),
    ),
    plant(
        "target_one_class",
        "target_degenerate",
        scenes.cancer,
        targets(lambda y, rng: (y > 3).astype(int), False),
    ),
    plant(
        "target_clipped",
        "target_degenerate",
        scenes.housing,
        targets(lambda y, rng: np.minimum(y, 250.0), False),
    ),
    plant(
        "target_rounded",
        "target_degenerate",
        scenes.friedman,
        targets(lambda y, rng: np.round(y / 30.0), False),
        set_to(scale_y=False),
        lambda s, rng: _test_divided(s, 30.0),
    ),
    plant(
        "target_clipped_forecast",
        "target_degenerate",
        others.forecast,
        targets(lambda y, rng: np.clip(y, -0.05, 0.05), False),
    ),
    plant(
        "target_zero_tags", "target_degenerate", scenes.tags, targets(lambda y, rng: np.zeros_like(y), False)
    ),
    plant("id_iris_raw", "id_column", scenes.iris, later(numbered(1.0, 100_000))),
    plant("id_cancer_sorted", "id_column", scenes.cancer, numbered(by_target=True)),
    plant("id_housing_raw", "id_column", scenes.housing, later(numbered(1.0))),
    plant("id_credit_customer", "id_column", scenes.credit, later(numbered(7.0, 4_000_000))),
    plant("id_diabetes_sorted", "id_column", scenes.diabetes, numbered(by_target=True), job(epochs=60)),
    plant("id_energy_split", "id_column", scenes.energy, later(numbered(0.5))),
]
