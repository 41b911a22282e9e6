"""The tables that the work learns from, standardised where a student would."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.kinds import idx

Table = tuple[np.ndarray, np.ndarray, str]

PICTURES = 12_800
HOUSES = 16_512  # four fifths of the table
TARGET = "median_house_value"


def read(name: str, folder: str | None) -> Table:
    """Return X (rows, *shape), y and where they are from.

    Args:
        name: The table.
        folder: Where ``california_housing/housing.csv`` and ``fashion_mnist/train-*-ubyte.gz`` lie.
    """
    X, y, source = TABLES[name](Path(folder) if folder else None)
    return *(a if a.dtype == np.int64 else np.ascontiguousarray(a, np.float32) for a in (X, y)), source


def xor(folder: Path | None) -> Table:
    """Return the four examples of exclusive or."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return X, np.array([[0.0], [1.0], [1.0], [0.0]]), "exclusive or"


def circles(folder: Path | None) -> Table:
    """Return 300 points on two rings, the inner one class 1: ``make_circles(300, noise=0.1, factor=0.3)``."""
    rng = np.random.default_rng(0)
    angles = np.linspace(0, 2 * np.pi, 150, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    X = np.concatenate([ring, 0.3 * ring]) + rng.normal(scale=0.1, size=(300, 2))
    return X, np.repeat([[0.0], [1.0]], 150, axis=0), "two rings with noise"


def digits(folder: Path | None) -> Table:
    """Return four fifths of scikit-learn's digits: 1,437 pictures of 8 by 8."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:1437]
    return X[rows] / 16, y[rows].astype(np.int64), "the digits of scikit-learn"


def digits01(folder: Path | None) -> Table:
    """Return 288 of the digits 0 and 1, as numbers to be told apart."""
    from sklearn.datasets import load_digits

    X, y = load_digits(n_class=2, return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:288]
    return X[rows] / 16, y[rows, None].astype(float), "the digits of scikit-learn"


def iris(folder: Path | None) -> Table:
    """Return four fifths of the irises."""
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:120]
    return standardised(X[rows]), y[rows].astype(np.int64), "the irises of scikit-learn"


def housing(folder: Path | None) -> Table:
    """Return the prices of California's houses by eight numbers, or a made-up table of that shape."""
    path = folder / "california_housing" / "housing.csv" if folder else None
    if path is None or not path.exists():
        rng = np.random.default_rng(0)
        X = rng.standard_normal((HOUSES, 8))
        y = np.sin(X @ rng.standard_normal((8, 4))).sum(axis=1, keepdims=True) + rng.normal(size=(HOUSES, 1))
        return X, standardised(y), "a synthetic table in place of California housing"
    with open(path, encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    inputs = [name for name in lines[0] if name not in (TARGET, "ocean_proximity")]
    X = np.array([[float(line[name] or "nan") for name in inputs] for line in lines])
    X = np.where(np.isnan(X), np.nanmedian(X, axis=0), X)
    y = np.array([[float(line[TARGET])] for line in lines])
    rows = np.random.default_rng(0).permutation(len(X))[:HOUSES]
    return standardised(X[rows]), standardised(y[rows]), "California housing"


def pictures(folder: Path | None) -> Table:
    """Return 12,800 pictures of clothes, or random ones whose classes differ in their mean."""
    path = folder / "fashion_mnist" if folder else None
    if path is None or not path.exists():
        rng = np.random.default_rng(0)
        y = rng.integers(0, 10, PICTURES)
        X = rng.random((PICTURES, 784)) / 2 + rng.random((10, 784))[y] / 2
        return X, y, "random pictures in place of Fashion-MNIST"
    X, y = (idx(path / f"train-{part}-ubyte.gz")[:PICTURES] for part in ("images-idx3", "labels-idx1"))
    return X.reshape(PICTURES, 784) / 255, y.astype(np.int64), "Fashion-MNIST"


def noise28(folder: Path | None) -> Table:
    """Return 12,800 random pictures of 28 by 28."""
    return noise(PICTURES, 28, 28, 1)


def noise32(folder: Path | None) -> Table:
    """Return 3,200 random pictures of 32 by 32 in three colours."""
    return noise(3200, 32, 32, 3)


def noise1024(folder: Path | None) -> Table:
    """Return 3,200 random series of 1,024 samples."""
    return noise(3200, 1024, 1)


def noise50(folder: Path | None) -> Table:
    """Return 1,280 random series of 50 steps with eight numbers each, and a random number for each series."""
    X, _, source = noise(1280, 50, 8)
    return X, np.random.default_rng(1).standard_normal((len(X), 1)), source


def noise100(folder: Path | None) -> Table:
    """Return 1,280 random series of 100 steps with 32 numbers each."""
    return noise(1280, 100, 32)


def letters(folder: Path | None) -> Table:
    """Return 640 random texts of 64 letters, of 64 kinds, and for each letter a random one that is to follow."""
    X, y = np.random.default_rng(0).integers(0, 64, (2, 640, 64))
    return X, y, "random letters"


def noise(*shape: int) -> Table:
    """Return random numbers, and one of ten labels for each: what is timed does not hang on what there is to learn."""
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape, np.float32), rng.integers(0, 10, shape[0]), "random numbers"


def standardised(X: np.ndarray) -> np.ndarray:
    """Return X with mean 0 and deviation 1 in every column."""
    return (X - X.mean(axis=0)) / X.std(axis=0)


TABLES: dict[str, Callable[[Path | None], Table]] = {
    f.__name__: f
    for f in (
        xor,
        circles,
        digits,
        digits01,
        iris,
        housing,
        pictures,
        noise28,
        noise32,
        noise1024,
        noise50,
        noise100,
        letters,
    )
}
