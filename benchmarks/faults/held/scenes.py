"""Trainings that go well: tables."""

import numpy as np
from sklearn import datasets

import chainrule as cr
from benchmarks.faults.held.setting import Setting, divided


def iris(seed: int) -> Setting:
    """Three kinds of flowers by four lengths."""
    X, y = datasets.load_iris(return_X_y=True)
    return Setting(
        [cr.Dense(16, "relu"), cr.Dense(3, "softmax")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.01), "batch_size": 16, "epochs": 60},
        "standard",
    )


def wine(seed: int) -> Setting:
    """Three growers by thirteen measures of very different sizes."""
    X, y = datasets.load_wine(return_X_y=True)
    return Setting(
        [cr.Dense(24, "tanh"), cr.Dense(3, "softmax")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.SGD(0.05, momentum=0.9), "epochs": 40, "metrics": ["accuracy"]},
        "standard",
        validation="split",
    )


def cancer(seed: int) -> Setting:
    """Benign or malignant by thirty measures."""
    X, y = datasets.load_breast_cancer(return_X_y=True)
    return Setting(
        [cr.Dense(16, "relu"), cr.Dense(8, "relu"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"loss": "binary_crossentropy", "optimizer": cr.Adam(0.005), "epochs": 12, "metrics": "accuracy"},
        "standard",
    )


def digits(seed: int) -> Setting:
    """Written digits, flat."""
    X, y = datasets.load_digits(return_X_y=True)
    return Setting(
        [cr.Dense(48, "relu"), cr.Dense(10, "softmax")],
        *divided(X, y, seed, 0.5, 0.2),
        "classes",
        {"optimizer": cr.Adam(0.003), "epochs": 25},
        16.0,
    )


def autoencoder(seed: int) -> Setting:
    """Digits through a bottle neck, their own target."""
    X = datasets.load_digits().data / 16
    return Setting(
        [cr.Dense(24, "relu"), cr.Dense(64, "sigmoid")],
        *divided(X, X, seed, 0.5, 0.2),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 30, "loss": "mse"},
        validation="none",
    )


def diabetes(seed: int) -> Setting:
    """A disease's progress, of which the columns tell half."""
    X, y = datasets.load_diabetes(return_X_y=True)
    return Setting(
        [cr.Dense(8, "tanh", regularizer=cr.L2(0.003)), cr.Dense(1)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.003), "epochs": 60, "metrics": ["r2"]},
        "standard",
        True,
    )


def moons(seed: int) -> Setting:
    """Two half moons."""
    X, y = datasets.make_moons(700, noise=0.15, random_state=seed)
    return Setting(
        [cr.Dense(16, "tanh"), cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.02), "epochs": 60},
    )


def circles(seed: int) -> Setting:
    """A ring around a disk."""
    X, y = datasets.make_circles(600, noise=0.1, factor=0.45, random_state=seed)
    return Setting(
        [cr.Dense(24, "relu"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.SGD(0.3, momentum=0.9), "epochs": 60},
        validation="none",
    )


def spirals(seed: int) -> Setting:
    """Three arms that turn into each other."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 900)
    t = rng.uniform(0.15, 1, 900)
    angle = 5 * t + y * 2 * np.pi / 3 + rng.normal(0, 0.12, 900)
    X = 2 * np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1)
    return Setting(
        [cr.Dense(32, "relu"), cr.Dense(32, "relu"), cr.Dense(3, "softmax")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.01), "epochs": 80},
    )


def blobs(seed: int) -> Setting:
    """Six heaps in eight dimensions."""
    X, y = datasets.make_blobs(900, 8, centers=6, cluster_std=3.0, random_state=seed)
    return Setting(
        [cr.Dense(20, "relu"), cr.Dense(6, "softmax")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": "adam", "epochs": 60, "batch_size": 16},
        "standard",
        validation="split",
    )


def quadrants(seed: int) -> Setting:
    """Whether two numbers have the same sign: exclusive or."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    return Setting(
        [cr.Dense(16, "relu"), cr.Dense(8, "relu"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.RMSprop(0.01), "epochs": 60, "batch_size": 20},
    )


def friedman(seed: int) -> Setting:
    """Friedman's function of five columns of ten."""
    X, y = datasets.make_friedman1(1600, noise=1.0, random_state=seed)
    return Setting(
        [cr.Dense(32, "relu"), cr.Dense(16, "relu"), cr.Dense(1)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.005), "epochs": 25},
        "standard",
        True,
    )


def sine(seed: int) -> Setting:
    """A wave of one number."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-3, 3, (500, 1))
    y = np.sin(2 * X[:, 0]) + rng.normal(0, 0.1, 500)
    return Setting(
        [cr.Dense(32, "tanh"), cr.Dense(16, "tanh"), cr.Dense(1)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 100, "loss": "mse"},
        validation="split",
    )


def housing(seed: int) -> Setting:
    """Prices in thousands, by area, rooms, year, distance, garden and district."""
    rng = np.random.default_rng(seed)
    n = 900
    area = rng.gamma(8, 14, n) + 25
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 0.8, n)), 1, 9)
    year = rng.integers(1900, 2021, n).astype(float)
    distance = rng.exponential(6, n)
    garden = np.where(rng.random(n) < 0.4, rng.gamma(3, 120, n), 0.0)
    district = rng.integers(0, 5, n)
    price = area * (3.2 + np.array([-0.8, 0, 0.4, 1.0, 1.8])[district]) * np.exp(-distance / 25)
    price = price + 0.06 * garden + 90 * (year > 1990) - 0.3 * (2020 - year) + 60 + rng.normal(0, 30, n)
    X = np.column_stack([area, rooms, year, distance, garden, np.eye(5)[district]])
    return Setting(
        [cr.Dense(32, "relu"), cr.Dense(16, "relu"), cr.Dense(1)],
        *divided(X, price, seed),
        "numbers",
        {"optimizer": cr.Adam(0.005), "epochs": 60, "metrics": ["mae"]},
        "standard",
        True,
    )


def credit(seed: int) -> Setting:
    """Who pays back, which nobody knows for certain."""
    rng = np.random.default_rng(seed)
    n = 1200
    income = rng.lognormal(10.3, 0.5, n)
    age = rng.integers(19, 75, n).astype(float)
    debt = income * rng.beta(2, 5, n)
    late = rng.poisson(0.8, n).astype(float)
    years = np.minimum(rng.exponential(6, n), age - 18)
    purpose = rng.integers(0, 4, n)
    z = 2.2 * (debt / income - 0.3) * 6 + 0.9 * late - 0.12 * years - 0.9 * (np.log(income) - 10.3)
    z = 1.2 * (z + np.array([0, 0.5, -0.5, 0.8])[purpose] - 0.6)
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    X = np.column_stack([income, age, debt, late, years, np.eye(4)[purpose]])
    return Setting(
        [cr.Dense(12, "relu"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.005), "epochs": 30, "batch_size": 64, "metrics": ["accuracy", "auc"]},
        "standard",
    )


def tags(seed: int) -> Setting:
    """Five labels, each of which may be."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1600, 12))
    M = rng.normal(size=(12, 5))
    y = ((np.tanh(X) @ M + 0.7 * (X[:, :5] * X[:, 5:10]) + rng.normal(0, 0.4, (1600, 5))) > 0.6).astype(float)
    return Setting(
        [cr.Dense(32, "relu"), cr.Dense(5, "sigmoid")],
        *divided(X, y, seed),
        "labels",
        {"optimizer": cr.Adam(0.005), "epochs": 20},
    )


def energy(seed: int) -> Setting:
    """Heating and cooling of a building, two numbers."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, (800, 8))
    heat = 3 * X[:, 0] * X[:, 1] + 2 * np.maximum(X[:, 2] - 0.4, 0) - X[:, 3] + 0.5 * X[:, 6]
    cool = 2 * (1 - X[:, 0]) * X[:, 4] + np.sin(3 * X[:, 5]) + 0.6 * X[:, 7]
    y = np.column_stack([heat, cool]) + rng.normal(0, 0.1, (800, 2))
    return Setting(
        [cr.Dense(24, "relu"), cr.Dense(16, "relu"), cr.Dense(2)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.005), "epochs": 50, "loss": "mse"},
        "standard",
        True,
        validation="split",
    )


def counts(seed: int) -> Setting:
    """How many calls an hour, which are counts."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1500, 6))
    rate = np.exp(1.2 + 0.6 * X[:, 0] - 0.5 * np.abs(X[:, 1]) + 0.4 * X[:, 2] * (X[:, 3] > 0))
    y = rng.poisson(rate).astype(float)
    return Setting(
        [cr.Dense(16, "tanh"), cr.Dense(1, "exponential")],
        *divided(X, y, seed),
        "numbers",
        {"loss": "poisson", "optimizer": cr.Adam(0.01), "epochs": 25},
    )


def bikes(seed: int) -> Setting:
    """Bikes lent in an hour, by hour, warmth and day, as a frame."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    n = 1000
    hour = rng.integers(0, 24, n)
    warm = rng.normal(15, 8, n)
    free = rng.random(n) < 2 / 7
    rush = np.exp(-((hour - 8) ** 2) / 4) + np.exp(-((hour - 17) ** 2) / 6)
    lent = np.where(free, np.exp(-((hour - 14) ** 2) / 18), rush) * (1 + 0.05 * (warm - 15)) + 0.2
    y = np.log1p(np.maximum(lent, 0) * 200 + rng.gamma(2, 5, n))
    frame = pd.DataFrame(
        {
            "sin": np.sin(2 * np.pi * hour / 24),
            "cos": np.cos(2 * np.pi * hour / 24),
            "sin2": np.sin(4 * np.pi * hour / 24),
            "cos2": np.cos(4 * np.pi * hour / 24),
            "warm": (warm - 15) / 8,
            "free": free.astype(float),
        }
    )
    return Setting(
        [cr.Dense(32, "relu"), cr.Dense(16, "relu"), cr.Dense(1)],
        *divided(frame, y - 4, seed),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 60, "batch_size": 64},
    )


def sensors(seed: int) -> Setting:
    """A machine's wear by twenty sensors, most of which tell the same."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(800, 4))
    X = hidden @ rng.normal(size=(4, 20)) + rng.normal(0, 0.3, (800, 20))
    X = X * rng.uniform(0.5, 40, 20) + rng.uniform(-50, 400, 20)
    y = np.tanh(hidden[:, 0]) * 3 + hidden[:, 1] ** 2 + hidden[:, 2] + rng.normal(0, 0.3, 800)
    return Setting(
        [cr.Dense(32, "silu"), cr.Dense(16, "silu"), cr.Dense(1)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.AdamW(0.005), "epochs": 50, "loss": "huber"},
        "standard",
        True,
    )
