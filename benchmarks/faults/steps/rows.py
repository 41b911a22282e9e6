"""Rows that the runs of this set learn from: of each a seed makes what is learned and what is held back.

All return ``X, y, (X, y)``: rows to learn from, and others that judge.
"""

from functools import cache
from typing import Any

import numpy as np
from sklearn import datasets

from benchmarks.faults.planted import halves

Rows = tuple[Any, Any, tuple[Any, Any]]


def scaled(X: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and deviation 1; those that are constant are only moved."""
    spread = X.std(0)
    return (X - X.mean(0)) / np.where(spread > 0, spread, 1)


def cut(X: np.ndarray, y: np.ndarray, rows: int) -> Rows:
    """Return the first rows to learn from and the others to judge."""
    return X[:rows], y[:rows], (X[rows:], y[rows:])


@cache
def _known(name: str) -> tuple[np.ndarray, np.ndarray]:
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def known(seed: int, name: str, rows: int | None = None, share: float = 0.7, images: bool = False) -> Rows:
    """Return a table of scikit-learn's, standardised; of pictures (digits) the ink, from 0 to 1."""
    X, y = _known("breast_cancer" if name == "cancer" else name)
    X = X / 16 if name == "digits" else scaled(X)
    if images:
        X = X.reshape(-1, 8, 8, 1)
    if name == "diabetes":
        y = (y - y.mean()) / y.std()
    learned, targets, held = halves(X, y, seed, share)
    return learned[:rows], targets[:rows], held


def points(seed: int, kind: str = "moons", rows: int = 400, noise: float = 0.2) -> Rows:
    """Return points of the plane in two classes: moons, circles or a checkerboard; or blobs in four."""
    n = rows + 400
    rng = np.random.default_rng([seed, 1])
    if kind == "moons":
        X, y = datasets.make_moons(n, noise=noise, random_state=seed)
    elif kind == "circles":
        X, y = datasets.make_circles(n, noise=noise, factor=0.4, random_state=seed)
    elif kind == "blobs":
        X, y = datasets.make_blobs(n, centers=4, cluster_std=1.2, random_state=seed + 3)
    else:
        X = rng.uniform(-1, 1, (n, 2))
        y = (np.floor(X * 1.5).sum(1) % 2).astype(int)
        X = X + 0.02 * rng.standard_normal(X.shape)
    return cut(scaled(X), y, rows)


def friedman(seed: int, rows: int = 400, noise: float = 1.0, columns: int = 10, units: float = 1.0) -> Rows:
    """Return Friedman's first regression, five columns of which say something; deviation ``units``."""
    X, y = datasets.make_friedman1(rows + 400, columns, noise=noise, random_state=seed)
    return cut(scaled(X), units * (y - y.mean()) / y.std(), rows)


def waves(seed: int, rows: int = 300, noise: float = 0.1) -> Rows:
    """Return one column and a sine of it."""
    rng = np.random.default_rng([seed, 2])
    X = rng.uniform(-2, 2, (rows + 300, 1))
    return cut(X, np.sin(3 * X[:, 0]) + noise * rng.standard_normal(len(X)), rows)


def arm(seed: int, rows: int = 500) -> Rows:
    """Return the angles of an arm of two joints, and where its hand is: two outputs."""
    rng = np.random.default_rng([seed, 3])
    a = rng.uniform(-1.5, 1.5, (rows + 300, 2))
    hand = np.stack([np.cos(a[:, 0]) + np.cos(a.sum(1)), np.sin(a[:, 0]) + np.sin(a.sum(1))], 1)
    return cut(a, hand + 0.03 * rng.standard_normal(hand.shape), rows)


def tags(seed: int, rows: int = 500, labels: int = 4) -> Rows:
    """Return a table of several yes-or-no targets, which overlap."""
    rng = np.random.default_rng([seed, 4])
    X = rng.standard_normal((rows + 400, 8))
    hidden = np.tanh(X @ rng.standard_normal((8, 6)))
    logits = 3 * hidden @ rng.standard_normal((6, labels)) - 0.5
    return cut(X, (logits + 0.5 * rng.standard_normal(logits.shape) > 0).astype(int), rows)


def clicks(seed: int, rows: int = 800) -> Rows:
    """Return 0 and 1 drawn by a probability: at the best about 0.75 of them can be told."""
    rng = np.random.default_rng([seed, 5])
    X = rng.standard_normal((rows + 1000, 6))
    logit = 1.5 * np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    return cut(X, (rng.random(len(X)) < 1 / (1 + np.exp(-logit))).astype(int), rows)


def series(seed: int, rows: int = 300, steps: int = 16) -> Rows:
    """Return noisy swings, slow and quick ones, ``(n, steps, 1)``: which is which?"""
    rng = np.random.default_rng([seed, 6])
    y = rng.integers(0, 2, rows + 300)
    pace = np.where(y == 1, 1.1, 0.6)[:, None] * np.arange(steps) + rng.uniform(0, 6, (len(y), 1))
    X = np.sin(pace) + 0.4 * rng.standard_normal(pace.shape)
    return cut(X[..., None].astype(np.float32), y, rows)


def sums(seed: int, rows: int = 400, steps: int = 8) -> Rows:
    """Return sequences of two numbers a step and the sum of those whose mark is set: the adding task, regression."""
    rng = np.random.default_rng([seed, 7])
    values = rng.uniform(-1, 1, (rows + 300, steps))
    marks = (rng.random(values.shape) < 0.3).astype(float)
    return cut(np.stack([values, marks], -1), (values * marks).sum(1), rows)


def words(seed: int, rows: int = 400, steps: int = 10, vocabulary: int = 60) -> Rows:
    """Return numbers of words, of which each has a mood; the class is that of their sum."""
    rng = np.random.default_rng([seed, 8])
    X = rng.integers(1, vocabulary, (rows + 300, steps))
    mood = rng.standard_normal(vocabulary)
    return cut(X, (mood[X].sum(1) > 0).astype(int), rows)


def few_noisy(seed: int, rows: int = 60, columns: int = 20) -> Rows:
    """Return few rows of many columns, a smooth function of two of them, and much noise: 0 or 1."""
    rng = np.random.default_rng([seed, 9])
    X = rng.standard_normal((rows + 600, columns))
    return cut(X, (X[:, 0] + X[:, 1] + 1.0 * rng.standard_normal(len(X)) > 0).astype(int), rows)


def few_numbers(seed: int, rows: int = 60, columns: int = 15, noise: float = 1.0) -> Rows:
    """Return few rows of many columns and a number that three of them say, with noise."""
    rng = np.random.default_rng([seed, 10])
    X = rng.standard_normal((rows + 500, columns))
    y = X[:, :3] @ [1.0, -0.7, 0.5] + noise * rng.standard_normal(len(X))
    return cut(X, y / y.std(), rows)
