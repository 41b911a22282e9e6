"""Runs whose rate is wrong: too high, too low, or led astray by its schedule."""

from dataclasses import dataclass
from typing import Any

import chainrule as cr
from benchmarks.faults.steps import rows
from benchmarks.faults.steps.twins import Script, changed, dense, planted

HIGH, LOW, SCHEDULE = "learning_rate_too_high", "learning_rate_too_low", "learning_rate_schedule"


@dataclass(frozen=True)
class Tenth(cr.Schedule):
    """A schedule of the user's own: a tenth of the rate after each epoch."""

    rate: float

    def at(self, step: Any, total: Any, per_epoch: Any) -> Any:
        """Return the rate of a step."""
        return self.rate * 0.1 ** (step / per_epoch)


def _images() -> list[Any]:
    return [
        cr.Conv2D(8, 3, activation="relu"),
        cr.MaxPooling2D(2),
        cr.Flatten(),
        cr.Dense(10, "softmax"),
    ]


def _lstm() -> list[Any]:
    return [cr.LSTM(12), cr.Dense(1, "sigmoid")]


def _words() -> list[Any]:
    return [
        cr.Embedding(60, 8),
        cr.GlobalAveragePooling1D(),
        cr.Dense(8, "relu"),
        cr.Dense(1, "sigmoid"),
    ]


DIGITS = Script(
    lambda s: rows.known(s, "digits", 700),
    dense(32, 10, last="softmax"),
    {"optimizer": cr.SGD(0.3), "epochs": 40},
)
WINE = Script(
    lambda s: rows.known(s, "wine"),
    dense(16, 3, activation="tanh", last="softmax"),
    {"optimizer": cr.Adam(0.01), "epochs": 60, "metrics": ["accuracy"]},
)
FRIEDMAN = Script(rows.friedman, dense(32, 16, 1), {"optimizer": cr.SGD(0.03), "epochs": 60})
MOONS = Script(
    rows.points,
    dense(24, 24, 1, last="sigmoid"),
    {"optimizer": cr.Adam(0.005), "epochs": 60, "batch_size": 16},
)
IMAGES = Script(
    lambda s: rows.known(s, "digits", 600, images=True),
    _images,
    {"optimizer": cr.Adam(0.005), "epochs": 25},
    shows="",
)
SWINGS = Script(
    rows.series,
    _lstm,
    {"optimizer": cr.RMSprop(0.01), "epochs": 40},
    shows="validation_split",
    told=False,
)
ARM = Script(
    rows.arm,
    dense(32, 2, activation="tanh"),
    {"optimizer": cr.SGD(0.1, momentum=0.9), "epochs": 80},
    shows="",
)
TAGS = Script(
    rows.tags,
    dense(24, 4, last="sigmoid"),
    {"optimizer": cr.Adam(0.01), "epochs": 50, "metrics": "accuracy"},
)
WORDS = Script(rows.words, _words, {"optimizer": cr.Adam(0.01), "epochs": 40})
CIRCLES = Script(
    lambda s: rows.points(s, "circles", 300, 0.1),
    dense(12, 1, activation="tanh", last="sigmoid"),
    {"optimizer": cr.SGD(0.5), "epochs": 100},
)
BOARD = Script(
    lambda s: rows.points(s, "board", 600),
    dense(32, 32, 1, last="sigmoid"),
    {"optimizer": cr.Adam(0.01), "epochs": 100},
)


def _rate(name: str, causes: str, run: Script, optimizer: Any, **job: Any) -> Any:
    return planted(name, causes, changed(run, {"optimizer": optimizer, **job}), run)


RUNS = [
    _rate("digits, SGD 5", HIGH, DIGITS, cr.SGD(5.0)),
    _rate("wine, Adam 3, small batches", HIGH, WINE, cr.Adam(3.0), batch_size=8),
    _rate("friedman, SGD 1: NaN", HIGH, FRIEDMAN, cr.SGD(1.0)),
    _rate("moons, Adam 1", HIGH, MOONS, cr.Adam(1.0)),
    _rate("arm, SGD 0.5 with momentum: mild", HIGH, ARM, cr.SGD(0.6, momentum=0.9)),
    _rate("images, Adam 0.2, no validation", HIGH, IMAGES, cr.Adam(0.2)),
    _rate("swings, LSTM, RMSprop 0.5, no history", HIGH, SWINGS, cr.RMSprop(0.5)),
    _rate("board, Adam 0.15", HIGH, BOARD, cr.Adam(0.15)),
    _rate("moons, SGD 0.0001", LOW, MOONS, cr.SGD(1e-4)),
    _rate("digits, Adam 0.000003", LOW, DIGITS, cr.Adam(3e-6)),
    _rate("friedman, SGD 0.0005: mild", LOW, FRIEDMAN, cr.SGD(3e-4)),
    _rate("arm, Adagrad by name", LOW, ARM, "adagrad", epochs=60),
    _rate("swings, LSTM, Adam 0.00002", LOW, SWINGS, cr.Adam(2e-5)),
    _rate("images, SGD 0.0003, no validation", LOW, IMAGES, cr.SGD(3e-4)),
    _rate("tags, Adam 0.00003", LOW, TAGS, cr.Adam(3e-5)),
    _rate("digits, halved three times an epoch", SCHEDULE, DIGITS, cr.SGD(cr.ExponentialDecay(0.3, 2.0))),
    _rate(
        "moons, decay meant by the epoch, given by the step",
        SCHEDULE,
        MOONS,
        cr.Adam(cr.ExponentialDecay(0.005, 0.1, "step")),
    ),
    _rate("circles, a tenth each epoch", SCHEDULE, CIRCLES, cr.SGD(cr.StepDecay(0.5, 0.1, 2))),
    _rate("images, warms up for 2000 epochs", SCHEDULE, IMAGES, cr.Adam(cr.WarmUp(0.005, epochs=20_000))),
    _rate("friedman, decay 0.5: mild", SCHEDULE, FRIEDMAN, cr.SGD(cr.ExponentialDecay(0.03, 0.6))),
    _rate(
        "board, plateau of patience 1",
        SCHEDULE,
        changed(BOARD, {"optimizer": cr.Adam(0.005), "epochs": 300}),
        cr.Adam(cr.ReduceOnPlateau(0.005, 0.01, 1)),
    ),
    _rate("tags, a schedule of one's own", SCHEDULE, TAGS, cr.Adam(Tenth(0.01))),
]
