"""Runs that are well, many of which look odd."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.ends import one_hot
from benchmarks.faults.held.setting import (
    Setting,
    divided,
    job,
    layers,
    plant,
    set_to,
    without_history,
    without_job,
)
from benchmarks.faults.held.splits import few, overlapping
from benchmarks.faults.held.tables import raw

Rng = np.random.Generator
softsign = cr.primitive("held_softsign", lambda x: x / (1 + np.abs(x)), lambda y, x: [(1 - np.abs(y)) ** 2])


def log_cosh(y: Any, p: Any) -> Any:
    """Return a smooth absolute error."""
    e = p - y
    return np.mean(np.logaddexp(e, -e) - np.log(2.0), axis=-1)


def straight(seed: int, noise: float = 0.3, rows: int = 500) -> Setting:
    """Six columns, and a plane through them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 6))
    y = X @ np.array([1.0, -0.8, 0.5, 0.0, 0.3, 0.6])
    y = (y + rng.normal(0, noise * y.std(), rows)) / y.std()
    return Setting(
        [cr.Dense(1)],
        *divided(X, y, seed),
        "numbers",
        {"optimizer": cr.SGD(0.02), "epochs": 40, "loss": "mse"},
    )


def faint(seed: int) -> Setting:
    """A plane that tells a third, the rest is chance."""
    s = straight(seed, 1.35, 900)
    s.layers = [cr.Dense(8, "relu", regularizer=cr.L2(0.01)), cr.Dense(1)]
    s.job = {"optimizer": cr.Adam(0.003), "epochs": 25}
    return s


def coin(seed: int) -> Setting:
    """Votes, two thirds of which follow age and income."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=(1500, 4)), rng.integers(0, 2, (1500, 3))])
    y = (rng.random(1500) < 1 / (1 + np.exp(-(0.7 * X[:, 0] - 0.5 * X[:, 1] + 0.5 * X[:, 4] - 0.25)))).astype(
        int
    )
    return Setting(
        [cr.Dense(6, "relu"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.003), "epochs": 20, "metrics": ["accuracy"]},
    )


def passengers(seed: int) -> Setting:
    """Who was rescued, by class, sex and a rough age: the same rows again and again."""
    rng = np.random.default_rng(seed)
    n = 900
    class_, sex, age = rng.integers(0, 3, n), rng.integers(0, 2, n), rng.integers(0, 4, n)
    z = 2.4 * sex - 0.9 * class_ + 0.9 * (age == 0) - 0.3
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    X = np.column_stack([np.eye(3)[class_], sex, np.eye(4)[age]])
    return Setting(
        [cr.Dense(8, "relu"), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "classes",
        {"optimizer": cr.Adam(0.01), "epochs": 25, "metrics": "accuracy"},
        validation="split",
    )


def shops(seed: int) -> Setting:
    """Sales by shop, of which there are eighty, one-hot, and day of the week."""
    rng = np.random.default_rng(seed)
    n = 2400
    shop, day = rng.integers(0, 80, n), rng.integers(0, 7, n)
    y = rng.normal(size=80)[shop] + np.array([0, 0, 0, 0.2, 0.6, 1.2, -1.0])[day] + rng.normal(0, 0.3, n)
    return Setting(
        [cr.Dense(16, "relu"), cr.Dense(1)],
        *divided(np.concatenate([np.eye(80)[shop], np.eye(7)[day]], axis=1), y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 15},
    )


def service(seed: int) -> Setting:
    """Wages by days of service, which are whole, all different, and count something."""
    rng = np.random.default_rng(seed)
    days = rng.permutation(np.arange(30, 8030, 10))[:700].astype(float)
    grade = rng.integers(1, 6, 700)
    y = 2000 + 0.25 * days + 300 * grade + 0.04 * days * (grade > 3) + rng.normal(0, 150, 700)
    return Setting(
        [cr.Dense(16, "tanh"), cr.Dense(1)],
        *divided(np.column_stack([days, grade, rng.normal(size=700)]), y, seed),
        "numbers",
        {"optimizer": cr.Adam(0.01), "epochs": 50},
        "standard",
        True,
    )


def running(seed: int) -> Setting:
    """At each step: whether the sum so far is above 0."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(400, 10, 1))
    y = (np.cumsum(X, axis=1) > 0).astype(float)
    return Setting(
        [cr.GRU(12, return_sequences=True), cr.Dense(1, "sigmoid")],
        *divided(X, y, seed),
        "labels",
        {"optimizer": cr.Adam(0.02), "epochs": 20},
    )


def fraud_found(seed: int) -> Setting:
    """One row of twenty is a fraud, and is found."""
    return overlapping(seed, 0.05, 3.2)


def exclusive_or(seed: int) -> Setting:
    """The four rows of the lecture, learned and asked."""
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    return Setting(
        [cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")],
        X, y, X, y, X, y,
        "classes",
        {"optimizer": cr.Adam(0.05), "epochs": 400, "batch_size": None},
        validation="none",
    )  # fmt: skip


def scaled_inside(s: Setting, rng: Rng) -> None:
    """Keep prices as they are, and let the last layer bring them to their scale."""
    s.scale_y = False
    s.layers = [*s.layers, cr.Rescaling(float(s.y.std()), float(s.y.mean()))]


def partly_dead(name: str, values: np.ndarray) -> np.ndarray:
    """Begin with a third of the first units dead."""
    values = values.copy()
    if name == "b1":
        values[: len(values) // 3] = -20.0
    return values


def medians(s: Setting, rng: Rng) -> None:
    """Fill missing cells with the median, and say which in columns of their own."""
    parts = []
    for part in s.parts:
        gone = rng.random(part[:, :2].shape) < 0.12
        part = part.copy()
        part[:, :2] = np.where(gone, np.median(s.X[:, :2], axis=0), part[:, :2])
        parts.append(np.column_stack([part, gone]))
    s.X, s.Xv, s.Xt = parts


def ones(s: Setting, rng: Rng) -> None:
    """Put a column of ones in front, as lectures do."""
    s.X, s.Xv, s.Xt = (np.column_stack([np.ones(len(part)), part]) for part in s.parts)


def outliers(s: Setting, rng: Rng) -> None:
    """Let one target of thirty be far off, for which the loss is made."""
    s.y = s.y + np.where(rng.random(len(s.y)) < 0.03, rng.normal(0, 8, len(s.y)), 0)


def column_of_targets(s: Setting, rng: Rng) -> None:
    """Give yes and no as a column."""
    s.y, s.yv = s.y[:, None].astype(float), s.yv[:, None].astype(float)


def weights_of_rows(s: Setting, rng: Rng) -> None:
    """Let rows weigh differently."""
    s.job["sample_weight"] = rng.uniform(0.5, 2.0, len(s.y))


def frozen(network: cr.Network) -> None:
    """Keep a random first layer as it is."""
    network.layers[0].trainable = False  # type: ignore[misc]


def tiny_validation(s: Setting, rng: Rng) -> None:
    """Validate on nine rows."""
    s.Xv, s.yv = s.Xv[:9], s.yv[:9]


def around(x: Any) -> Any:
    """Draw four blocks around which a path leads, each small at first."""
    h = cr.Dense(24)(x)
    for _ in range(4):
        h = h + cr.Dense(24, "relu", initializer=cr.Normal(0.05))(h)
    return cr.Dense(2)(h)


_PLAIN = [
    scenes.iris,
    scenes.wine,
    scenes.cancer,
    scenes.digits,
    scenes.autoencoder,
    scenes.diabetes,
    scenes.moons,
    scenes.circles,
    scenes.spirals,
    scenes.blobs,
    scenes.quadrants,
    scenes.friedman,
    scenes.sine,
    scenes.housing,
    scenes.credit,
    scenes.tags,
    scenes.energy,
    scenes.counts,
    scenes.bikes,
    scenes.sensors,
    others.digit_pictures,
    others.bars,
    others.heartbeats,
    others.waves,
    others.memory,
    others.forecast,
    others.reviews,
    others.ragged_reviews,
    others.picture_and_table,
    straight,
    faint,
    coin,
    passengers,
    shops,
    service,
    running,
    fraud_found,
    exclusive_or,
]

_ODD = [
    ("batch_of_one", scenes.iris, job(batch_size=1, optimizer=cr.SGD(0.01), epochs=30)),
    ("two_linear_layers", straight, layers(cr.Dense(8), cr.Dense(1))),
    (
        "logistic_cancer",
        scenes.cancer,
        layers(cr.Dense(1, "sigmoid")),
        job(epochs=40, optimizer=cr.Adam(0.01)),
    ),
    (
        "softmax_digits",
        scenes.digits,
        layers(cr.Dense(10, "softmax")),
        job(epochs=40, optimizer=cr.Adam(0.01)),
    ),
    (
        "rate_of_one",
        scenes.cancer,
        layers(cr.Dense(1, "sigmoid")),
        job(optimizer=cr.SGD(1.0), epochs=40, batch_size=None),
    ),
    ("four_epochs", scenes.blobs, job(optimizer=cr.Adam(0.03), epochs=5)),
    (
        "raw_digits",
        scenes.digits,
        raw,
        layers(cr.Dense(96, "relu"), cr.Dropout(0.2), cr.Dense(10, "softmax")),
        job(optimizer=cr.Adam(0.001), epochs=40),
    ),
    ("raw_iris", scenes.iris, raw, job(epochs=100)),
    (
        "prices_rescaled_inside",
        scenes.housing,
        scaled_inside,
        job(loss="huber", optimizer=cr.Adam(0.01), epochs=80),
    ),
    (
        "third_dead",
        scenes.spirals,
        set_to(begin=partly_dead),
        layers(cr.Dense(64, "relu"), cr.Dense(32, "relu"), cr.Dense(3, "softmax")),
    ),
    (
        "sigmoid_hidden",
        scenes.digits,
        layers(cr.Dense(48, "sigmoid"), cr.Dense(10, "softmax")),
        job(optimizer=cr.Adam(0.01), epochs=30),
    ),
    ("small_iris", scenes.iris, few(60)),
    (
        "dropout_half",
        scenes.digits,
        layers(cr.Dense(128, "relu"), cr.Dropout(0.5), cr.Dense(10, "softmax")),
        job(epochs=40),
    ),
    ("stopped_early", scenes.friedman, job(epochs=400, callbacks=[cr.EarlyStopping(patience=15)])),
    ("five_hundred_epochs", scenes.circles, job(epochs=500)),
    ("cosine_to_zero", scenes.energy, job(optimizer=cr.Adam(cr.Cosine(0.01)))),
    ("one_cycle", scenes.digits, job(optimizer=cr.SGD(cr.OneCycle(0.3), momentum=0.9))),
    ("warm_up", others.waves, job(optimizer=cr.Adam(cr.WarmUp(0.02, epochs=3)))),
    ("tiny_validation", scenes.cancer, tiny_validation),
    ("balanced_weights", lambda seed: overlapping(seed, 0.08, 1.8), job(class_weight="balanced")),
    ("rows_that_weigh", scenes.friedman, weights_of_rows),
    (
        "normalised_inside",
        scenes.wine,
        raw,
        layers(cr.BatchNormalization(), cr.Dense(24, "relu"), cr.Dense(3, "softmax")),
        set_to(validation="data"),
    ),
    (
        "deep_around",
        scenes.energy,
        set_to(layers=around, network={"inputs": {"x": 8}}),
        job(epochs=40, optimizer=cr.AdamW(0.003)),
    ),
    (
        "deep_relu_adam",
        scenes.spirals,
        layers(*(cr.Dense(32, "relu") for _ in range(6)), cr.Dense(3, "softmax")),
        job(optimizer=cr.Adam(0.003)),
    ),
    (
        "double_on_numpy",
        scenes.moons,
        set_to(network={"dtype": "float64", "engine": "numpy"}),
        job(epochs=40),
    ),
    ("lbfgs", scenes.sine, job(optimizer="lbfgs", epochs=300)),
    ("median_with_outliers", scenes.friedman, outliers, job(loss="mae", epochs=30)),
    (
        "own_activation",
        scenes.moons,
        layers(cr.Dense(24, softsign), cr.Dense(24, softsign), cr.Dense(1, "sigmoid")),
    ),
    ("own_loss", scenes.energy, job(loss=log_cosh)),
    ("no_history", scenes.housing, set_to(told=without_history)),
    ("no_job", scenes.digits, set_to(told=without_job)),
    ("one_hot_targets", scenes.wine, one_hot, job(loss="categorical_crossentropy")),
    ("column_targets", scenes.moons, column_of_targets),
    ("clipped_at_one", others.waves, job(optimizer=cr.Adam(0.02, clip_norm=1.0))),
    ("all_rows_many_epochs", scenes.wine, job(batch_size=None, epochs=200)),
    (
        "frozen_features",
        scenes.digits,
        layers(cr.Dense(256, "relu"), cr.Dense(10, "softmax")),
        set_to(before=frozen),
    ),
    ("column_of_ones", scenes.iris, ones),
    ("medians_and_flags", scenes.energy, medians, job(epochs=25)),
    ("smoothed_labels", scenes.digits, job(loss=cr.CategoricalCrossentropy(label_smoothing=0.1))),
    ("small_rate_long", scenes.blobs, job(optimizer=cr.Adam(3e-4), epochs=250)),
    (
        "noise_of_a_tenth",
        scenes.spirals,
        layers(cr.GaussianNoise(0.05), cr.Dense(32, "relu"), cr.Dense(32, "relu"), cr.Dense(3, "softmax")),
    ),
    (
        "moved_pictures",
        others.digit_pictures,
        layers(
            cr.RandomTranslation(0.08, 0.08),
            cr.Conv2D(12, 3, activation="relu"),
            cr.MaxPooling2D(),
            cr.Flatten(),
            cr.Dense(10, "softmax"),
        ),
        job(epochs=20),
    ),
    ("both_ways", others.waves, layers(cr.Bidirectional(cr.LSTM(12)), cr.Dense(3, "softmax"))),
    (
        "words_convolved",
        others.reviews,
        layers(
            cr.Embedding(60, 8),
            cr.Conv1D(8, 3, activation="relu"),
            cr.GlobalMaxPooling1D(),
            cr.Dense(1, "sigmoid"),
        ),
        job(epochs=20),
    ),
    ("momentum_95", scenes.energy, job(optimizer=cr.SGD(0.005, momentum=0.97, nesterov=True), epochs=80)),
    ("recorded", scenes.moons, job(callbacks=[cr.Record(), lambda network, epoch, logs: None])),
    ("squares_of_one_output", scenes.quadrants, job(loss="mse", metrics="accuracy")),
    (
        "small_net_enough",
        scenes.cancer,
        layers(cr.Dense(2, "tanh"), cr.Dense(1, "sigmoid")),
        job(optimizer=cr.Adam(0.02), epochs=30),
    ),
]

RUNS = [plant(f"plain_{scene.__name__}", "", scene) for scene in _PLAIN]
RUNS += [plant(f"odd_{name}", "", scene, *changes) for name, scene, *changes in _ODD]
