"""Trainings that go well, of a second round: made when the first had been talked about."""

from typing import Any

import numpy as np
from sklearn import datasets

import chainrule as cr
from benchmarks.faults.held.setting import Setting, divided


def board(seed: int) -> Setting:
    """The black and white fields of a board of three by three."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, (1200, 2))
    y = ((np.floor(X[:, 0] + 1.5) + np.floor(X[:, 1] + 1.5)) % 2).astype(int)
    return Setting(
        [cr.Dense(48, "relu"), cr.Dense(32, "relu"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.01), "epochs": 60},
    )


def shell(seed: int) -> Setting:
    """Whether a point of six dimensions lies far out."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1600, 6))
    y = (np.sum(X**2, axis=1) > 5.35).astype(int)
    return Setting(
        [cr.Dense(40, "gelu"), cr.Dense(20, "gelu"), cr.Dense(2, "softmax")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.AdamW(0.005), "epochs": 25, "metrics": ["accuracy"]},
        validation="split",
    )


def sorts(seed: int) -> Setting:
    """Five sorts by sixteen measures, six of which say it."""
    X, y = datasets.make_classification(
        2000, 16, n_informative=6, n_redundant=3, n_classes=5, class_sep=1.8, flip_y=0, random_state=seed
    )
    return Setting(
        [cr.Dense(40, "relu"), cr.Dense(5, "softmax")],
        *divided(X * np.linspace(0.3, 30, 16) + np.linspace(-20, 90, 16), y, seed),
        "classes",
        {"optimizer": cr.SGD(0.03, momentum=0.9), "epochs": 14, "batch_size": 50},
        "standard",
    )


def hill(seed: int) -> Setting:
    """A landscape over two numbers."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (1000, 2))
    y = 2 * np.exp(-((X[:, 0] - 0.7) ** 2) - X[:, 1] ** 2) - np.exp(-2 * np.sum((X + 0.8) ** 2, axis=1))
    y = 100 + 40 * (y + rng.normal(0, 0.05, 1000))
    return Setting(
        [cr.Dense(32, "tanh"), cr.Dense(32, "tanh"), cr.Dense(1)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 60, "metrics": ["rmse"]},
        None,
        True,
    )


def circuit(seed: int) -> Setting:
    """The phase of a circuit by resistance, frequency and two more (Friedman's third)."""
    X, y = datasets.make_friedman3(1400, noise=0.03, random_state=seed)
    return Setting(
        [cr.Dense(48, "relu"), cr.Dense(24, "relu"), cr.Dense(1)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.005), "epochs": 60, "loss": "huber"},
        "standard",
        True,
    )


def wages(seed: int) -> Setting:
    """Wages by schooling, years, town and branch, as a frame."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    n = 1300
    school, years = rng.integers(8, 20, n), rng.gamma(2.5, 5, n)
    town, branch = rng.integers(0, 3, n), rng.integers(0, 4, n)
    y = 6.8 + 0.09 * school + 0.05 * years - 0.0009 * years**2 + np.array([0, 0.1, 0.35])[town]
    y = y + np.array([0, 0.2, -0.15, 0.3])[branch] + rng.normal(0, 0.18, n)
    columns = {"school": (school - 13.5) / 3.5, "years": (years - 12.5) / 8}
    columns |= {f"town={k}": (town == k).astype(float) for k in range(3)}
    columns |= {f"branch={k}": (branch == k).astype(float) for k in range(4)}
    return Setting(
        [cr.Dense(16, "elu"), cr.Dense(1)],
        *divided(pd.DataFrame(columns), y, seed),
        "numbers",
        {"optimizer": "adam", "epochs": 60, "batch_size": 16},
        None,
        True,
    )


def glyphs(seed: int) -> Setting:
    """Pictures of twelve by twelve: a ring, a box or a cross."""
    rng = np.random.default_rng(seed)
    n = 500
    y = rng.integers(0, 3, n)
    rows, columns = np.mgrid[0:12, 0:12]
    X = rng.uniform(0, 0.3, (n, 12, 12, 1))
    for picture, kind in zip(X[..., 0], y, strict=True):
        a, b, size = rng.integers(4, 8), rng.integers(4, 8), rng.integers(2, 5)
        far, near = np.maximum(abs(rows - a), abs(columns - b)), np.hypot(rows - a, columns - b)
        shape = (abs(near - size) < 0.6, far == size, (far <= size) & ((rows == a) | (columns == b)))[kind]
        picture[shape] += 0.7
    return Setting(
        [
            cr.Conv2D(12, 3, padding="same", activation="relu"),
            cr.MaxPooling2D(2),
            cr.Conv2D(16, 3, activation="relu"),
            cr.Flatten(),
            cr.Dense(3, "softmax"),
        ],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.005), "epochs": 20},
    )


def level(seed: int) -> Setting:
    """How steep a noisy series of thirty steps climbs, by convolutions."""
    rng = np.random.default_rng(seed)
    slope = rng.normal(size=700)
    t = np.linspace(-1, 1, 30)
    X = slope[:, None] * t + rng.normal(0, 0.4, (700, 30)) + rng.normal(0, 1, (700, 1))
    return Setting(
        [cr.Conv1D(8, 5, activation="tanh"), cr.Flatten(), cr.Dense(16, "relu"), cr.Dense(1)],
        *divided(X[:, :, None], slope, seed),
        "numbers",
        {"optimizer": cr.Adam(0.005), "epochs": 20, "loss": "mse"},
    )


def brackets(seed: int) -> Setting:
    """Whether more was opened than closed, by words of two kinds."""
    rng = np.random.default_rng(seed)
    X = rng.integers(1, 6, (600, 14))
    y = ((X == 1).sum(axis=1) + (X == 2).sum(axis=1) > (X >= 4).sum(axis=1)).astype(int)
    return Setting(
        [cr.Embedding(6, 6), cr.GRU(10), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.02), "epochs": 20},
    )


def town_and_numbers(seed: int) -> Setting:
    """A town's number, embedded, beside four numbers."""
    rng = np.random.default_rng(seed)
    n = 1500
    town, X = rng.integers(0, 25, n), rng.normal(size=(n, 4))
    y = rng.normal(size=25)[town] + X[:, 0] * X[:, 1] + 0.5 * X[:, 2] + rng.normal(0, 0.2, n)

    def draw(town: Any, numbers: Any) -> Any:
        seen = cr.Flatten()(cr.Embedding(25, 4)(town))
        both = np.concatenate([seen, numbers], axis=1)
        return cr.Dense(1)(cr.Dense(24, "relu")(cr.Dense(32, "relu")(both)))

    return Setting(
        draw,
        *divided({"town": town[:, None], "numbers": X}, y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 30},
        network={"inputs": {"town": 1, "numbers": 4}},
    )


def faults_of_machines(seed: int) -> Setting:
    """Three faults, none or several of which a machine may have."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1500, 8))
    z = np.stack([X[:, 0] + X[:, 1], np.abs(X[:, 2]) - 0.8, X[:, 3] * X[:, 4] + 0.4], axis=1)
    y = (z + rng.normal(0, 0.25, z.shape) > 0).astype(float)
    return Setting(
        [cr.Dense(32, "relu"), cr.Dense(16, "relu"), cr.Dense(3, "sigmoid")],
        *divided(X, y, seed),
        "labels",
        {"optimizer": cr.Adam(0.005), "epochs": 25, "loss": "binary_crossentropy"},
    )
