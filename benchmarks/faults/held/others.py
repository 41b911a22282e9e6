"""Trainings that go well: sequences, pictures, words, several inputs."""

from typing import Any

import numpy as np
from sklearn import datasets

import chainrule as cr
from benchmarks.faults.held.setting import Setting, divided


def digit_pictures(seed: int) -> Setting:
    """Written digits, as pictures."""
    X, y = datasets.load_digits(return_X_y=True)
    return Setting(
        [cr.Conv2D(8, 3, activation="relu"), cr.MaxPooling2D(), cr.Flatten(), cr.Dense(10, "softmax")],
        *divided(X.reshape(-1, 8, 8, 1), y, seed, 0.4, 0.15),
        "classes",
        {"optimizer": cr.Adam(0.01), "epochs": 12, "metrics": ["accuracy"]},
        16.0,
    )


def bars(seed: int) -> Setting:
    """Small pictures with a bar: flat, upright or slanting."""
    rng = np.random.default_rng(seed)
    n = 600
    y = rng.integers(0, 3, n)
    X = rng.normal(0, 0.25, (n, 10, 10, 1))
    for row, kind in zip(X, y, strict=True):
        at, from_, to = rng.integers(1, 9), rng.integers(0, 4), rng.integers(6, 10)
        if kind == 0:
            row[at, from_:to, 0] += 1
        elif kind == 1:
            row[from_:to, at, 0] += 1
        else:
            shift = rng.integers(-2, 3)
            for i in range(from_, to):
                row[i, min(max(i + shift, 0), 9), 0] += 1
    return Setting(
        [
            cr.Conv2D(8, 3, padding="same", activation="relu"),
            cr.MaxPooling2D(2),
            cr.Conv2D(8, 3, activation="relu"),
            cr.GlobalMaxPooling2D(),
            cr.Dense(3, "softmax"),
        ],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.01), "epochs": 15, "batch_size": 32},
    )


def heartbeats(seed: int) -> Setting:
    """A signal of sixty steps, with an odd beat or without."""
    rng = np.random.default_rng(seed)
    n, t = 500, np.arange(60)
    y = rng.integers(0, 2, n)
    at = rng.uniform(15, 45, n)[:, None]
    X = np.exp(-((t - at) ** 2) / 8) + rng.normal(0, 0.25, (n, 60))
    X = X + np.where(y[:, None] == 1, -0.9 * np.exp(-((t - at - 6) ** 2) / 6), 0)
    return Setting(
        [
            cr.Conv1D(8, 7, activation="relu"),
            cr.MaxPooling1D(4),
            cr.Conv1D(8, 3, activation="relu"),
            cr.GlobalMaxPooling1D(),
            cr.Dense(1, "sigmoid"),
        ],
        *divided(X[:, :, None], y, seed),
        "classes",
        {"optimizer": cr.Adam(0.01), "epochs": 15},
        validation="split",
    )


def waves(seed: int) -> Setting:
    """Sequences of 20 steps: sine, square or saw."""
    rng = np.random.default_rng(seed)
    n = 500
    y = rng.integers(0, 3, n)
    phase = np.arange(20) / rng.uniform(5, 8, n)[:, None] + rng.random(n)[:, None]
    shapes = np.stack([np.sin(2 * np.pi * phase), np.sign(np.sin(2 * np.pi * phase)), 2 * (phase % 1) - 1])
    X = shapes[y, np.arange(n)] + rng.normal(0, 0.15, (n, 20))
    return Setting(
        [cr.LSTM(20), cr.Dense(3, "softmax")],
        *divided(X[:, :, None], y, seed),
        "classes",
        {"optimizer": cr.Adam(0.02), "epochs": 25},
    )


def memory(seed: int) -> Setting:
    """The first step decides, twelve steps of noise follow."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 0.5, (500, 13, 2))
    y = rng.integers(0, 2, 500)
    X[:, 0, 0] += np.where(y == 1, 1.5, -1.5)
    return Setting(
        [cr.GRU(12), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.02), "epochs": 15},
    )


def forecast(seed: int) -> Setting:
    """The next value of a series that swings, by its last ten."""
    rng = np.random.default_rng(seed)
    n = 620
    series = np.zeros(n)
    for t in range(2, n):
        series[t] = 1.6 * series[t - 1] - 0.85 * series[t - 2] + rng.normal(0, 0.3)
    series = series / series.std()
    windows = np.lib.stride_tricks.sliding_window_view(series, 11)
    return Setting(
        [cr.SimpleRNN(16), cr.Dense(1)],
        *divided(windows[:, :10, None].copy(), windows[:, 10].copy(), seed),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 20, "loss": "mse"},
    )


def _words(seed: int, n: int = 500, vocabulary: int = 60) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    reviews = []
    for good in y:
        words = rng.integers(12, vocabulary, rng.integers(6, 16))
        k = max(1, len(words) // 3)
        words[rng.choice(len(words), k, replace=False)] = rng.integers(1, 6, k) + (5 if good else 0)
        reviews.append(words)
    return reviews, y


def reviews(seed: int) -> Setting:
    """Word numbers, padded; a few words say whether it was liked."""
    words, y = _words(seed)
    return Setting(
        [cr.Embedding(60, 8), cr.GlobalAveragePooling1D(), cr.Dense(1, "sigmoid")],
        *divided(cr.pad_sequences(words, 15).astype(int), y, seed),
        "classes",
        {"optimizer": cr.Adam(0.03), "epochs": 20},
    )


def ragged_reviews(seed: int) -> Setting:
    """The same words as lists of different lengths."""
    words, y = _words(seed, 400)
    return Setting(
        [cr.Embedding(60, 8, mask_zero=True), cr.GRU(8), cr.Dense(1, "sigmoid")],
        *divided([w.tolist() for w in words], y, seed),
        "classes",
        {"optimizer": cr.Adam(0.02), "epochs": 15},
        network={"input_shape": (None,)},
    )


def picture_and_table(seed: int) -> Setting:
    """A small picture and three numbers, which only together tell."""
    rng = np.random.default_rng(seed)
    n = 1400
    image = rng.normal(0, 0.3, (n, 6, 6, 1))
    bright = rng.integers(0, 2, n)
    image[bright == 1, 2:4, 2:4] += 1.0
    table = rng.normal(size=(n, 3))
    y = ((bright == 1) == (table[:, 0] > 0)).astype(int)

    def draw(image: Any, table: Any) -> Any:
        seen = cr.Dense(12, "relu")(cr.Flatten()(image))
        both = np.concatenate([seen, cr.Dense(8, "relu")(table)], axis=1)
        return cr.Dense(1, "sigmoid")(cr.Dense(16, "relu")(both))

    return Setting(
        draw,
        *divided({"image": image, "table": table}, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.005), "epochs": 15},
        network={"inputs": {"image": (6, 6, 1), "table": 3}},
    )
