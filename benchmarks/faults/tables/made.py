"""Data of the runs about data: tables, sequences and small images, raw as a user has them, by a seed."""

import numpy as np
from sklearn import datasets

from benchmarks.faults.planted import halves

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def split(X: np.ndarray, y: np.ndarray, seed: int, share: float = 0.75) -> Split:
    """Return X and y to learn from, then X and y to validate on."""
    X, y, (V, v) = halves(X, y, seed, share)
    return X, y, V, v


def scaled(X: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both, standardised as the first."""
    middle, deviation = X.mean(0), X.std(0) + 1e-12
    return (X - middle) / deviation, (V - middle) / deviation


def famous(name: str, seed: int) -> Split:
    """Return one of scikit-learn's toy sets, raw."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return split(X.astype(float), y.astype(int if name != "diabetes" else float), seed)


def famous_scaled(name: str, seed: int) -> Split:
    """Return one of scikit-learn's toy sets, standardised."""
    X, y, V, v = famous(name, seed)
    X, V = (X / 16, V / 16) if name == "digits" else scaled(X, V)
    return X, y, V, v


def houses(seed: int, n: int = 500) -> Split:
    """Return area, rooms, age, distance to the centre, floor, income of the quarter; the price in thousands."""
    rng = np.random.default_rng(seed)
    area = rng.gamma(9, 11, n)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 0.7, n)), 1, 9)
    age, distance = rng.uniform(0, 90, n), rng.exponential(6, n)
    floor, income = rng.integers(0, 9, n), rng.normal(38, 9, n)
    price = 40 + 2.6 * area + 9 * rooms - 0.9 * age + 160 / (1 + distance) + 2.2 * income + 2 * floor
    X = np.column_stack([area, rooms, age, distance, floor, income])
    return split(X, price + rng.normal(0, 22, n), seed)


def churn(seed: int, n: int = 600) -> Split:
    """Return months, monthly fee, calls, data used, contract in one-hot columns; whether the customer left."""
    rng = np.random.default_rng(seed)
    months, fee = rng.integers(1, 72, n), rng.uniform(20, 110, n)
    calls, used = rng.poisson(2, n), rng.gamma(3, 4000, n)
    contract = rng.integers(0, 3, n)
    logit = 2 + 0.05 * fee - 0.09 * months + 0.9 * calls - 1.6 * contract - used / 9000 - 2.2
    X = np.column_stack([months, fee, calls, used, np.eye(3)[contract]]).astype(float)
    return split(X, (rng.random(n) < 1 / (1 + np.exp(-2 * logit))).astype(int), seed)


def friedman(seed: int, n: int = 500, noise: float = 0.6) -> Split:
    """Return ten columns in 0..1, five of which matter, with a curved target of deviation 5."""
    X, y = datasets.make_friedman1(n, noise=noise, random_state=seed)
    return split(X, y, seed)


def clusters(seed: int, n: int = 600, classes: int = 3, apart: float = 1.6, columns: int = 12) -> Split:
    """Return groups of points, several to a class, in columns half of which are mixtures of the others."""
    X, y = datasets.make_classification(
        n, columns, n_informative=max(4, columns // 2), n_redundant=columns // 4, n_classes=classes,
        n_clusters_per_class=2, class_sep=apart, flip_y=0.0, random_state=seed,
    )  # fmt: skip
    return split(X, y, seed)


def rings(seed: int, n: int = 500) -> Split:
    """Return two rings."""
    X, y = datasets.make_circles(n, noise=0.1, factor=0.45, random_state=seed)
    return split(X, y, seed)


def waves(seed: int, n: int = 240, steps: int = 16, size: float = 1.0) -> Split:
    """Return sequences (n, steps, 1): slow waves or quick ones."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    t = np.arange(steps)
    speed = np.where(y == 1, rng.uniform(0.9, 1.3, n), rng.uniform(0.3, 0.65, n))
    X = np.sin(speed[:, None] * t + rng.uniform(0, 6.28, n)[:, None]) + 0.2 * rng.normal(size=(n, steps))
    return split(size * X[..., None], y, seed)


def sums(seed: int, n: int = 300, steps: int = 8) -> Split:
    """Return sequences (n, steps, 2) of a number and a switch; the sum of the numbers that are switched on."""
    rng = np.random.default_rng(seed)
    numbers, on = rng.normal(size=(n, steps)), rng.integers(0, 2, (n, steps))
    return split(np.stack([numbers, on], -1), (numbers * on).sum(1), seed)


def bars(seed: int, n: int = 320, side: int = 8) -> Split:
    """Return images (n, side, side, 1) in 0..1: a bar across, a bar upright, or a square."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    X = 0.15 * rng.random((n, side, side, 1))
    for image, kind in zip(X, y, strict=True):
        i, j = rng.integers(1, side - 3, 2)
        high, wide = ((2, side - 3), (side - 3, 2), (3, 3))[kind]
        image[i : i + high, j : j + wide] += 0.8 * rng.uniform(0.7, 1)
    return split(X, y, seed)


def topics(seed: int, n: int = 400) -> Split:
    """Return counts of words in ten columns, and three labels that each may hold."""
    X, y = datasets.make_multilabel_classification(n, 12, n_classes=3, n_labels=2, random_state=seed)
    return split(X.astype(float), y, seed)


def plant(seed: int, n: int = 500) -> Split:
    """Return five settings of a plant, standardised; yield and loss, two targets of deviation 1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    first = np.sin(1.3 * X[:, 0]) + 0.6 * X[:, 1] * X[:, 2]
    second = X[:, 3] - 0.4 * X[:, 0] ** 2 + 0.3 * X[:, 4]
    y = np.column_stack([first, second]) + 0.1 * rng.normal(size=(n, 2))
    return split(X, (y - y.mean(0)) / y.std(0), seed)
