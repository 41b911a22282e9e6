"""Runs that look odd and are well."""

from typing import Any

import chainrule as cr
from benchmarks.faults.steps import rows
from benchmarks.faults.steps.rates import (
    ARM,
    BOARD,
    CIRCLES,
    DIGITS,
    FRIEDMAN,
    IMAGES,
    MOONS,
    SWINGS,
    TAGS,
    WINE,
    WORDS,
)
from benchmarks.faults.steps.twins import Script, changed, dense, planted
from benchmarks.faults.steps.updates import CANCER, CLICKS, DIABETES, SUMS, WAVES


def _well(name: str, run: Script, layers: Any = None, **job: Any) -> Any:
    return planted(name, "", changed(run, job, layers))


def _linear(seed: int) -> rows.Rows:
    X, y, (held, truth) = rows.few_numbers(seed, 400, 6, 0.5)
    return X, y, (held, truth)


def _held_swings() -> list[Any]:
    return [cr.Dropout(0.1), cr.LSTM(12), cr.Dense(1, "sigmoid")]


RUNS = [
    _well("digits as they should be", DIGITS),
    _well("digits, batch 1", DIGITS, batch_size=1, optimizer=cr.SGD(0.02), epochs=12),
    _well("digits, SGD 1 that works", DIGITS, optimizer=cr.SGD(1.0)),
    _well(
        "digits, dropout 0.5",
        DIGITS,
        lambda: [cr.Dense(64, "relu"), cr.Dropout(0.5), cr.Dense(10, "softmax")],
    ),
    _well(
        "digits, sigmoid units",
        DIGITS,
        dense(32, 10, activation="sigmoid", last="softmax"),
        optimizer=cr.Adam(0.005),
    ),
    _well("wine, three epochs suffice", WINE, optimizer=cr.Adam(0.05), epochs=6, batch_size=8),
    _well("wine, one batch", WINE, batch_size=None, epochs=150),
    _well("diabetes, R2 0.45 is the best there is", DIABETES),
    _well("diabetes, batch 1 with a small rate", DIABETES, batch_size=1, optimizer=cr.SGD(0.001)),
    _well("clicks: 0.7 is the best there is", CLICKS, lambda: [cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")]),
    _well(
        "cancer, L2 that is mild",
        CANCER,
        lambda: [cr.Dense(16, "relu", regularizer=cr.L2(0.001)), cr.Dense(1, "sigmoid")],
    ),
    _well("cancer, stopped early", CANCER, callbacks=[cr.EarlyStopping(8, restore_best=True)], epochs=300),
    _well("cancer, Adam 0.1 that works", CANCER, dense(1, last="sigmoid"), optimizer=cr.Adam(0.03)),
    _well("moons, cosine to 0", MOONS, optimizer=cr.Adam(cr.Cosine(0.01))),
    _well("moons, one cycle", MOONS, optimizer=cr.Adam(cr.OneCycle(0.03)), epochs=60),
    _well(
        "moons, noise as augmentation",
        MOONS,
        lambda: [cr.GaussianNoise(0.1), cr.Dense(24, "relu"), cr.Dense(1, "sigmoid")],
    ),
    _well("circles, momentum 0.95", CIRCLES, optimizer=cr.SGD(0.05, momentum=0.95)),
    _well("circles, many epochs", CIRCLES, epochs=1000),
    _well(
        "board, decays to almost 0 at the end",
        BOARD,
        optimizer=cr.Adam(cr.ExponentialDecay(0.02, 0.03)),
        epochs=200,
    ),
    _well("friedman, clip_norm 1", FRIEDMAN, optimizer=cr.SGD(0.03, momentum=0.9, clip_norm=1.0)),
    _well("friedman, weight decay", FRIEDMAN, optimizer=cr.AdamW(0.003, weight_decay=0.05)),
    _well(
        "a line, and a network that is one",
        Script(_linear, dense(1), {"optimizer": cr.SGD(0.01), "epochs": 30}),
    ),
    _well("arm, two outputs", ARM),
    _well("arm, LBFGS", ARM, optimizer=cr.LBFGS(), batch_size=None, epochs=150),
    _well("tags, four at once", TAGS),
    _well("words, embedded", WORDS),
    _well("swings, LSTM", SWINGS, _held_swings),
    _well("sums, GRU", SUMS, epochs=120),
    _well("images, no validation", IMAGES),
    _well(
        "images, moved by a pixel",
        IMAGES,
        lambda: [
            cr.RandomTranslation(0.06, 0.06),
            cr.Conv2D(8, 3, activation="relu"),
            cr.MaxPooling2D(2),
            cr.Flatten(),
            cr.Dense(10, "softmax"),
        ],
        epochs=60,
    ),
    _well("waves", WAVES),
    planted(
        "iris, a split of 15 rows",
        "",
        Script(
            lambda s: rows.known(s, "iris"),
            dense(10, 3, activation="tanh", last="softmax"),
            {"optimizer": cr.Adam(0.02), "epochs": 60, "metrics": "accuracy"},
            shows="validation_split",
        ),
    ),
    planted(
        "60 rows, learned by heart a little",
        "",
        Script(
            lambda s: rows.few_numbers(s, 80, 5, 0.5),
            dense(8, 1, activation="tanh"),
            {"optimizer": cr.Adam(0.01), "epochs": 60},
        ),
    ),
]
