"""Runs that are held back too much: dropout, penalties, noise on what comes in."""

from collections.abc import Callable
from typing import Any

import chainrule as cr
from benchmarks.faults.steps.rates import BOARD, DIGITS, FRIEDMAN, IMAGES, MOONS, SWINGS, TAGS, WINE
from benchmarks.faults.steps.twins import Script, changed, planted
from benchmarks.faults.steps.updates import CANCER, SUMS, WAVES

DROPOUT, PENALTY, NOISE = "dropout_too_high", "regularization_too_strong", "input_noise_too_strong"


def drops(rate: float, *sizes: int, last: str | None = None) -> Callable[[], list[Any]]:
    """Return what makes dense layers with dropout after each; of 0 none."""
    holes = [cr.Dropout(rate)] if rate else []
    return lambda: [
        *(layer for n in sizes[:-1] for layer in (cr.Dense(n, "relu"), *holes)),
        cr.Dense(sizes[-1], last),
    ]


def held(rule: Any, *sizes: int, last: str | None = None) -> Callable[[], list[Any]]:
    """Return what makes dense layers with a penalty on each."""
    return lambda: [
        *(cr.Dense(n, "tanh", regularizer=rule) for n in sizes[:-1]),
        cr.Dense(sizes[-1], last, regularizer=rule),
    ]


def _before(layer: Any, layers: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    return lambda: [layer(), *layers()]


def _pair(
    name: str, causes: str, run: Script, bad: Callable[[], list[Any]], good: Any = None, **job: Any
) -> Any:
    well = changed(run, job, good)
    return planted(name, causes, changed(well, layers=bad), well)


def _convolved(*more: Any) -> Callable[[], list[Any]]:
    return lambda: [
        cr.Conv2D(8, 3, activation="relu"),
        cr.MaxPooling2D(2),
        cr.Flatten(),
        *more,
        cr.Dense(10, "softmax"),
    ]


ADAMW = changed(MOONS, {"optimizer": cr.AdamW(0.005, weight_decay=0.01)})

RUNS = [
    _pair("digits, dropout 0.95", DROPOUT, DIGITS, drops(0.95, 32, 10, last="softmax")),
    _pair("moons, dropout 0.9 twice", DROPOUT, MOONS, drops(0.9, 24, 24, 1, last="sigmoid")),
    _pair("friedman, dropout 0.7: mild", DROPOUT, FRIEDMAN, drops(0.7, 32, 16, 1)),
    _pair(
        "sums, GRU, dropout 0.9",
        DROPOUT,
        SUMS,
        lambda: [cr.GRU(16), cr.Dropout(0.9), cr.Dense(1)],
        lambda: [cr.GRU(16), cr.Dense(1)],
    ),
    _pair("images, dropout 0.95", DROPOUT, IMAGES, _convolved(cr.Dropout(0.97)), _convolved()),
    _pair(
        "swings, dropout in the LSTM",
        DROPOUT,
        SWINGS,
        lambda: [cr.LSTM(12, dropout=0.85, recurrent_dropout=0.7), cr.Dense(1, "sigmoid")],
    ),
    _pair("board, inputs dropped", DROPOUT, BOARD, _before(lambda: cr.Dropout(0.6), BOARD.layers)),
    _pair("digits, L2 0.1", PENALTY, DIGITS, held(cr.L2(0.3), 32, 10, last="softmax")),
    _pair("wine, L1 0.3", PENALTY, WINE, held(cr.L1(0.2), 16, 3, last="softmax")),
    _pair("waves, L2 0.01: mild", PENALTY, WAVES, held(cr.L2(0.01), 24, 24, 1)),
    planted(
        "moons, AdamW decays 20",
        PENALTY,
        changed(ADAMW, {"optimizer": cr.AdamW(0.005, weight_decay=20.0)}),
        ADAMW,
    ),
    planted(
        "tags, SGD with weight_decay 1",
        PENALTY,
        changed(TAGS, {"optimizer": cr.SGD(0.2, weight_decay=0.3)}),
        changed(TAGS, {"optimizer": cr.SGD(0.2)}),
    ),
    _pair(
        "images, L1L2 in the convolution",
        PENALTY,
        IMAGES,
        lambda: [
            cr.Conv2D(8, 3, activation="relu", regularizer=cr.L1L2(0.3, 0.3)),
            cr.MaxPooling2D(2),
            cr.Flatten(),
            cr.Dense(10, "softmax", regularizer=cr.L1L2(0.05, 0.05)),
        ],
        _convolved(),
    ),
    _pair("cancer, noise 10", NOISE, CANCER, _before(lambda: cr.GaussianNoise(20.0), CANCER.layers)),
    _pair("digits, noise 3", NOISE, DIGITS, _before(lambda: cr.GaussianNoise(3.0), DIGITS.layers)),
    _pair("moons, noise 1: mild", NOISE, MOONS, _before(lambda: cr.GaussianNoise(1.5), MOONS.layers)),
    _pair("friedman, noise 3", NOISE, FRIEDMAN, _before(lambda: cr.GaussianNoise(3.0), FRIEDMAN.layers)),
    _pair(
        "images, turned and moved at will",
        NOISE,
        IMAGES,
        lambda: [cr.RandomRotation(0.5), cr.RandomTranslation(0.4, 0.4), *_convolved()()],
        _convolved(),
    ),
    _pair(
        "sums, noise 2 on each step",
        NOISE,
        SUMS,
        lambda: [cr.GaussianNoise(2.0), cr.GRU(16), cr.Dense(1)],
    ),
]
