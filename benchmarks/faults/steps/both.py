"""Runs with two faults at once: either is right as the first verdict."""

import chainrule as cr
from benchmarks.faults.steps.holding import DROPOUT, NOISE, PENALTY, drops, held
from benchmarks.faults.steps.learning import FEW
from benchmarks.faults.steps.rates import DIGITS, FRIEDMAN, HIGH, IMAGES, LOW, MOONS, SCHEDULE, TAGS
from benchmarks.faults.steps.twins import changed, planted
from benchmarks.faults.steps.updates import CLIPPING, LARGE, MOMENTUM, PLAIN_WAVES

RUNS = [
    planted(
        "digits, rate and dropout",
        f"{LOW} {DROPOUT}",
        changed(DIGITS, {"optimizer": cr.SGD(0.001)}, drops(0.95, 32, 10, last="softmax")),
        DIGITS,
    ),
    planted(
        "moons, schedule in one batch",
        f"{SCHEDULE} {LARGE}",
        changed(MOONS, {"optimizer": cr.Adam(cr.ExponentialDecay(0.005, 0.5)), "batch_size": None}),
        MOONS,
    ),
    planted(
        "waves, clipped and penalised",
        f"{CLIPPING} {PENALTY}",
        changed(PLAIN_WAVES, {"optimizer": cr.SGD(0.1, clip_norm=1e-3)}, held(cr.L2(0.05), 24, 24, 1)),
        PLAIN_WAVES,
    ),
    planted(
        "friedman, rate and momentum",
        f"{HIGH} {MOMENTUM}",
        changed(FRIEDMAN, {"optimizer": cr.SGD(0.3, momentum=0.99)}),
        FRIEDMAN,
    ),
    planted(
        "images, noise for one epoch",
        f"{FEW} {NOISE}",
        changed(IMAGES, {"epochs": 1}, lambda: [cr.GaussianNoise(2.0), *IMAGES.layers()]),
        IMAGES,
    ),
    planted(
        "tags, L2 and one batch",
        f"{PENALTY} {LARGE}",
        changed(TAGS, {"batch_size": None}, held(cr.L2(0.3), 24, 4, last="sigmoid")),
        TAGS,
    ),
]
