"""What the networks of this set learn from: tables, pictures and sequences, in columns of mean 0 and deviation 1."""

from typing import Any

import numpy as np
from sklearn import datasets

from benchmarks.faults.planted import halves

Rows = tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]


def scaled(X: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and deviation 1; a constant one is 0."""
    deviation = X.std(axis=0)
    return np.asarray((X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1))


def split(X: np.ndarray, y: np.ndarray, seed: int, share: float = 0.75) -> Rows:
    """Return rows to learn from and to validate."""
    first, targets, held = halves(X, y, seed, share)
    return first, targets, held


def toy(name: str, seed: int, most: int = 500) -> Rows:
    """Return scikit-learn's table of this name, its columns standardised, its numbers too where it has some."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:most]
    y = y[rows] if name != "diabetes" else scaled(y[rows])
    return split(scaled(X[rows]), y, seed)


def digits(seed: int, rows: int = 500, pictures: bool = False) -> Rows:
    """Return handwritten digits, pixels from 0 to 1."""
    X, y = datasets.load_digits(return_X_y=True)
    chosen = np.random.default_rng(seed).permutation(len(X))[:rows]
    X = X[chosen] / 16
    return split(X.reshape(-1, 8, 8, 1) if pictures else X, y[chosen], seed)


def rings(seed: int, rows: int = 300, noise: float = 0.08) -> Rows:
    """Return two rings, one within the other."""
    X, y = datasets.make_circles(rows, factor=0.45, noise=noise, random_state=seed)
    return split(scaled(X), y, seed)


def moons(seed: int, rows: int = 300, noise: float = 0.15) -> Rows:
    """Return two half moons."""
    X, y = datasets.make_moons(rows, noise=noise, random_state=seed)
    return split(scaled(X), y, seed)


def spirals(seed: int, rows: int = 400, arms: int = 2, noise: float = 0.05) -> Rows:
    """Return arms of a spiral, a class each."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, arms, rows)
    r = rng.uniform(0.2, 1, rows)
    angle = 5 * r + 2 * np.pi * y / arms
    X = np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1) + noise * rng.normal(size=(rows, 2))
    return split(scaled(X), y, seed)


def clouds(seed: int, classes: int = 4, columns: int = 6, spread: float = 1.5, rows: int = 320) -> Rows:
    """Return a cloud for each class."""
    X, y = datasets.make_blobs(
        rows, columns, centers=classes, cluster_std=spread, center_box=(-4, 4), random_state=seed
    )
    return split(scaled(X), y, seed)


def friedman(seed: int, rows: int = 320, noise: float = 0.5) -> Rows:
    """Return Friedman's first task: a number, of a product, a square and a sum."""
    X, y = datasets.make_friedman1(rows, 6, noise=noise, random_state=seed)
    return split(scaled(X), scaled(y), seed)


def wave(seed: int, rows: int = 240, turns: float = 1.5) -> Rows:
    """Return a sine over one column."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, rows)
    return split(scaled(x[:, None]), np.sin(turns * np.pi * x) + 0.05 * rng.normal(size=rows), seed)


def line(seed: int, rows: int = 240, columns: int = 8, noise: float = 0.3) -> Rows:
    """Return a number that is a weighted sum, and noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    y = X @ rng.normal(size=columns)
    return split(X, scaled(y) + noise * rng.normal(size=rows), seed)


def several(seed: int, rows: int = 320, outputs: int = 3) -> Rows:
    """Return several numbers, each of another curve over the columns."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (rows, 4))
    hidden = np.tanh(3 * X @ rng.normal(size=(4, 8)))
    y = hidden @ rng.normal(size=(8, outputs)) + 0.1 * rng.normal(size=(rows, outputs))
    return split(scaled(X), scaled(y), seed)


def tags(seed: int, rows: int = 320, labels: int = 4, columns: int = 8) -> Rows:
    """Return labels of which several may apply to a row."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    bound = X @ rng.normal(size=(columns, labels)) + 0.7 * rng.normal(size=labels)
    return split(X, (bound + 0.2 * rng.normal(size=bound.shape) > 0).astype(float), seed)


def stripes(seed: int, rows: int = 240, classes: int = 2) -> Rows:
    """Return pictures 8 × 8 with a stripe that lies, stands or leans, under noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    X = rng.normal(0, 0.35, (rows, 8, 8, 1))
    for i, kind in enumerate(y):
        at = rng.integers(1, 7)
        if kind == 0:
            X[i, at, 1:7, 0] += 1
        elif kind == 1:
            X[i, 1:7, at, 0] += 1
        else:
            X[i, np.arange(1, 7), np.arange(1, 7), 0] += 1
    return split(X, y, seed)


def remembered(seed: int, steps: int = 12, rows: int = 240) -> Rows:
    """Return sequences of which the first step says the class."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, steps, 2))
    y = rng.integers(0, 2, rows)
    X[:, 0, 0] = np.where(y == 1, 1.5, -1.5) + 0.3 * rng.normal(size=rows)
    return split(X, y, seed)


def sums(seed: int, steps: int = 10, rows: int = 240) -> Rows:
    """Return sequences and the mean of what the first column holds where the second is positive."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, steps, 2))
    y = np.where(X[..., 1] > 0, X[..., 0], 0).mean(axis=1)
    return split(X, scaled(y), seed)


def words(seed: int, rows: int = 300, steps: int = 9, vocabulary: int = 30) -> Rows:
    """Return sequences of word numbers, of two moods: which third of the vocabulary is more frequent."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    third = vocabulary // 3
    mood = rng.random((rows, steps)) < 0.45
    X = np.where(
        mood,
        1 + y[:, None] * third + rng.integers(0, third, (rows, steps)),
        rng.integers(1, vocabulary, (rows, steps)),
    )
    return split(X, y, seed)


def counts(seed: int, rows: int = 320) -> Rows:
    """Return counts, whose logarithm is a weighted sum."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    rate = np.exp(1.2 + X @ np.array([0.7, -0.5, 0.3, 0.0]))
    return split(X, rng.poisson(rate).astype(float), seed)


def claims(seed: int, rows: int = 900) -> Rows:
    """Return sums that are 0 in most rows, and large where the first column is."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 5))
    likely = np.where(X[:, 0] > 0.3, 0.47, 0.02)
    y = np.where(rng.random(rows) < likely, np.maximum(6 + 4 * X[:, 2], 1), 0.0)
    return split(X, y, seed)


def prices(seed: int, rows: int = 300) -> Rows:
    """Return sums from about 2 to 9: what things cost, in tens of thousands."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 5))
    y = 5 + 1.2 * np.tanh(X[:, 0]) + 0.8 * X[:, 1] + 0.5 * X[:, 2] * X[:, 3] + 0.2 * rng.normal(size=rows)
    return split(X, np.maximum(y, 0.5), seed)


def one_hot(y: Any, classes: int) -> np.ndarray:
    """Return rows of 0 and a 1."""
    return np.eye(classes)[np.asarray(y)]
