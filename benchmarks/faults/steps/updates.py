"""Runs whose rate is right but whose steps are not: momentum, clipping, batches."""

from typing import Any

import chainrule as cr
from benchmarks.faults.steps import rows
from benchmarks.faults.steps.rates import (
    ARM,
    DIGITS,
    FRIEDMAN,
    IMAGES,
    MOONS,
    SWINGS,
    TAGS,
)
from benchmarks.faults.steps.twins import Script, changed, dense, planted

MOMENTUM, CLIPPING = "momentum_too_high", "gradient_clipping_too_small"
LARGE, SMALL = "batch_too_large", "batch_too_small"

WAVES = Script(rows.waves, dense(24, 24, 1, activation="tanh"), {"optimizer": cr.Adam(0.01), "epochs": 150})
PLAIN_WAVES = changed(WAVES, {"optimizer": cr.SGD(0.1), "epochs": 150})
DIABETES = Script(
    lambda s: rows.known(s, "diabetes"),
    dense(16, 1),
    {"optimizer": cr.SGD(0.01), "epochs": 40, "metrics": "r2"},
)
CANCER = Script(
    lambda s: rows.known(s, "cancer"),
    dense(16, 8, 1, last="sigmoid"),
    {"optimizer": cr.SGD(0.05), "epochs": 40, "metrics": ["accuracy"]},
)
SUMS = Script(
    rows.sums,
    lambda: [cr.GRU(16), cr.Dense(1)],
    {"optimizer": cr.SGD(0.2, momentum=0.9, clip_norm=1.0), "epochs": 60},
)
CLICKS = Script(
    rows.clicks,
    dense(16, 16, 1, activation="tanh", last="sigmoid"),
    {"optimizer": cr.Adam(0.01), "epochs": 30},
)


def _normed(norm: type) -> Any:
    return lambda: [cr.Dense(32, "relu"), norm(), cr.Dense(16, "relu"), norm(), cr.Dense(10, "softmax")]


NORMED = changed(DIGITS, {"optimizer": cr.Adam(0.003), "epochs": 20}, _normed(cr.BatchNormalization))


def _job(name: str, causes: str, run: Script, **job: Any) -> Any:
    return planted(name, causes, changed(run, job), run)


RUNS = [
    _job("digits, momentum 0.999", MOMENTUM, DIGITS, optimizer=cr.SGD(0.3, momentum=0.999)),
    _job(
        "waves, momentum 0.999, Nesterov", MOMENTUM, PLAIN_WAVES, optimizer=cr.SGD(0.1, 0.9995, nesterov=True)
    ),
    _job("friedman, momentum 0.997", MOMENTUM, FRIEDMAN, optimizer=cr.SGD(0.03, momentum=0.997)),
    _job("arm, momentum 0.99: mild", MOMENTUM, ARM, optimizer=cr.SGD(0.1, momentum=0.994)),
    _job("sums, GRU, momentum 0.9995", MOMENTUM, SUMS, optimizer=cr.SGD(0.2, momentum=0.9995, clip_norm=1.0)),
    _job("images, beta_1 0.9999", MOMENTUM, IMAGES, optimizer=cr.Adam(0.01, beta_1=0.9999, beta_2=0.9)),
    _job("digits, clip_norm 0.001", CLIPPING, DIGITS, optimizer=cr.SGD(0.3, clip_norm=1e-3)),
    _job(
        "waves, clip_norm 0.0003", CLIPPING, PLAIN_WAVES, optimizer=cr.SGD(0.1, momentum=0.9, clip_norm=3e-4)
    ),
    _job("cancer, clip_norm 0.002, mild", CLIPPING, CANCER, optimizer=cr.SGD(0.05, clip_norm=0.002)),
    _job("sums, GRU, clip_norm 0.001", CLIPPING, SUMS, optimizer=cr.SGD(0.2, momentum=0.9, clip_norm=1e-3)),
    _job("tags, Adam, clip_norm 1e-9", CLIPPING, TAGS, optimizer=cr.Adam(0.01, clip_norm=1e-9)),
    _job("digits, one batch", LARGE, DIGITS, batch_size=None, epochs=20),
    _job("moons, 512 of 400 rows", LARGE, MOONS, batch_size=512, epochs=30),
    _job("friedman, batches of 200: mild", LARGE, FRIEDMAN, batch_size=200, epochs=30),
    _job("arm, 10000", LARGE, ARM, batch_size=10_000, epochs=30),
    _job("images, 600 of 600", LARGE, IMAGES, batch_size=600, epochs=10),
    _job("swings, LSTM, one batch", LARGE, SWINGS, batch_size=None, epochs=8),
    _job(
        "digits, batch 1, Adam 0.02: mild",
        SMALL,
        changed(DIGITS, {"optimizer": cr.Adam(0.02), "epochs": 10}),
        batch_size=1,
    ),
    _job("diabetes, batch 1", SMALL, changed(DIABETES, {"optimizer": cr.SGD(0.1)}), batch_size=1),
    _job("digits, batch 2 and batch normalization", SMALL, NORMED, batch_size=2),
    _job("clicks, batch 1", SMALL, changed(CLICKS, {"optimizer": cr.SGD(0.3), "epochs": 20}), batch_size=1),
    _job(
        "friedman, batch 1, momentum",
        SMALL,
        changed(FRIEDMAN, {"optimizer": cr.SGD(0.03, momentum=0.9)}),
        batch_size=1,
    ),
    _job("digits, batch 1, SGD 0.3", SMALL, changed(DIGITS, {"epochs": 10}), batch_size=1),
    _job(
        "arm, batch 2, no validation",
        SMALL,
        changed(ARM, {"optimizer": cr.SGD(0.1, momentum=0.9)}),
        batch_size=2,
    ),
]
