"""Runs that learn too briefly or too much by heart."""

from typing import Any

import chainrule as cr
from benchmarks.faults.steps import rows
from benchmarks.faults.steps.rates import BOARD, DIGITS, FRIEDMAN, IMAGES, MOONS, TAGS, WORDS
from benchmarks.faults.steps.twins import Script, changed, planted
from benchmarks.faults.steps.updates import SUMS, WAVES

FEW, OVER = "too_few_epochs", "overfitting"


def _short(name: str, run: Script, **job: Any) -> Any:
    return planted(name, FEW, changed(run, job), run)


def _wide(units: int, outputs: int, last: str | None, held: Any = None) -> Any:
    return lambda: [
        cr.Dense(units, "relu", regularizer=held),
        cr.Dense(units, "relu", regularizer=held),
        cr.Dense(outputs, last),
    ]


NOISY = Script(
    rows.few_noisy,
    _wide(256, 1, "sigmoid"),
    {"optimizer": cr.Adam(0.01), "epochs": 150, "metrics": ["accuracy"]},
)
NUMBERS = Script(
    lambda s: rows.few_numbers(s, noise=0.7), _wide(128, 1, None), {"optimizer": cr.Adam(0.01), "epochs": 200}
)
DIABETES = Script(
    lambda s: rows.known(s, "diabetes", 120), _wide(64, 1, None), {"optimizer": cr.Adam(0.005), "epochs": 200}
)
CLICKS = Script(
    lambda s: rows.clicks(s, 250),
    _wide(96, 1, "sigmoid"),
    {"optimizer": cr.Adam(0.01), "epochs": 120},
    shows="validation_split",
)


def _convolved(held: Any = None) -> Any:
    return lambda: [
        cr.Reshape((20, 1)),
        cr.Conv1D(16, 3, activation="relu", regularizer=held),
        cr.Flatten(),
        cr.Dense(64, "relu", regularizer=held),
        cr.Dense(1),
    ]


CONVOLVED = Script(
    lambda s: rows.few_numbers(s, 60, 20, 0.7),
    _convolved(),
    {"optimizer": cr.Adam(0.003), "epochs": 150},
    shows="",
)
RARE_WORDS = Script(
    lambda s: rows.words(s, 120, 10, 200),
    lambda: [
        cr.Embedding(200, 32),
        cr.GlobalAveragePooling1D(),
        cr.Dense(32, "relu"),
        cr.Dense(1, "sigmoid"),
    ],
    {"optimizer": cr.Adam(0.01), "epochs": 100},
)


def _over(name: str, run: Script, twin: Script) -> Any:
    return planted(name, OVER, run, twin)


RUNS = [
    _short("digits, 1 epoch", DIGITS, epochs=1, optimizer=cr.SGD(0.1)),
    _short("moons, 3 epochs", MOONS, epochs=2),
    _short("board, 5 epochs", BOARD, epochs=5),
    _short("sums, GRU, 2 epochs", SUMS, epochs=2),
    _short("tags, 1 epoch: mild", TAGS, epochs=1),
    _short("images, 1 epoch, no validation", IMAGES, epochs=1),
    _short("waves, stopped at the first rise", WAVES, callbacks=[cr.EarlyStopping(1, min_delta=0.02)]),
    _short("words, 4 epochs: mild", WORDS, epochs=4),
    _short("friedman, 1 epoch", FRIEDMAN, epochs=1),
    _over(
        "60 noisy rows, 256 units twice", NOISY, changed(NOISY, layers=_wide(256, 1, "sigmoid", cr.L2(0.2)))
    ),
    _over("60 numbers, 128 units twice", NUMBERS, changed(NUMBERS, layers=_wide(128, 1, None, cr.L2(0.3)))),
    _over(
        "diabetes, 120 rows, 200 epochs: mild",
        DIABETES,
        changed(DIABETES, layers=_wide(64, 1, None, cr.L2(0.1))),
    ),
    _over("clicks, 250 rows", CLICKS, changed(CLICKS, {"epochs": 60}, _wide(96, 1, "sigmoid", cr.L2(0.03)))),
    _over(
        "convolution over 60 rows, no validation",
        CONVOLVED,
        changed(CONVOLVED, layers=_convolved(cr.L2(0.3))),
    ),
    _over("words, most of them seen once", RARE_WORDS, changed(RARE_WORDS, {"epochs": 8})),
    _over(
        "60 noisy rows, no history",
        Script(NOISY.rows, NOISY.layers, {"optimizer": "adam", "epochs": 300}, "", told=False),
        changed(NOISY, {"optimizer": "adam", "epochs": 10}),
    ),
]
