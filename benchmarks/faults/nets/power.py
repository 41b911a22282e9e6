"""Networks that cannot draw what the task asks: linear ones, tiny ones. Each run has its twin, without the fault."""

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained


def linear_rings(seed: int, twin: bool = False) -> Run:
    """Two hidden layers, and no activation."""
    X, y, held = data.rings(seed)
    own = "tanh" if twin else None
    layers = [cr.Dense(16, own), cr.Dense(16, own), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed)


def linear_spirals(seed: int, twin: bool = False) -> Run:
    """The activation is named "linear"."""
    X, y, held = data.spirals(seed, arms=3)
    own = "relu" if twin else "linear"
    layers = [cr.Dense(24, own), cr.Dense(24, own), cr.Dense(24, own), cr.Dense(3, "softmax")]
    job = {
        "optimizer": "adam",
        "epochs": 60,
        "batch_size": 16,
        "validation_data": held,
        "metrics": ["accuracy"],
    }
    return trained(layers, X, y, job, seed)


def linear_wave(seed: int, twin: bool = False) -> Run:
    """A regression over a curve, without validation."""
    X, y, _ = data.wave(seed)
    own = "tanh" if twin else None
    layers = [cr.Dense(32, own), cr.Dense(32, own), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "batch_size": 16}, seed)


def linear_filters(seed: int, twin: bool = False) -> Run:
    """Convolutions and a mean, none of which bends."""
    X, y, held = data.stripes(seed)
    own = "relu" if twin else None
    layers = [
        cr.Conv2D(8, 3, activation=own), cr.GlobalAveragePooling2D(), cr.Dense(8, own), cr.Dense(1, "sigmoid"),
    ]  # fmt: skip
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 60, "validation_data": held}, seed)


def linear_friedman(seed: int, twin: bool = False) -> Run:
    """A mild one: three quarters of the task are linear. Dropout stands between."""
    X, y, held = data.friedman(seed, noise=0.2)
    own = "relu" if twin else None
    layers = [cr.Dense(32, own), cr.Dropout(0.05), cr.Dense(32, own), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.005), "epochs": 80, "validation_data": held}, seed)


def own_identity(seed: int, twin: bool = False) -> Run:
    """A function of the user's that only multiplies, in a regression of several numbers; the history is gone."""
    X, y, _ = data.several(seed)
    own = "tanh" if twin else lambda z: 1.5 * z
    layers = [cr.Dense(24, own), cr.Dense(24, own), cr.Dense(3)]
    run = trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60}, seed)
    return Run(run.network, X, y, None, {})


def none_hidden_rings(seed: int, twin: bool = False) -> Run:
    """A perceptron before rings."""
    X, y, held = data.rings(seed)
    layers = [*([cr.Dense(16, "tanh")] if twin else []), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.03), "epochs": 80, "validation_data": held}, seed)


def one_unit_digits(seed: int, twin: bool = False) -> Run:
    """All of ten classes through one unit."""
    X, y, held = data.digits(seed)
    layers = [cr.Dense(32 if twin else 1, "tanh"), cr.Dense(10, "softmax")]
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held, "metrics": ["accuracy"]}
    return trained(layers, X, y, job, seed)


def two_units_spirals(seed: int, twin: bool = False) -> Run:
    """Two units before three arms of a spiral, without validation."""
    X, y, _ = data.spirals(seed, arms=3)
    layers = [cr.Dense(40 if twin else 2, "tanh"), cr.Dense(3, "softmax")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.03), "epochs": 200, "batch_size": 32}, seed)


def one_unit_friedman(seed: int, twin: bool = False) -> Run:
    """A regression through one unit: a mild one."""
    X, y, held = data.friedman(seed, noise=0.2)
    layers = [cr.Dense(24 if twin else 1, "tanh"), cr.Dense(1)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 100, "validation_data": held}, seed)


def one_filter(seed: int, twin: bool = False) -> Run:
    """One filter for three kinds of stripes."""
    X, y, held = data.stripes(seed, rows=300, classes=3)
    layers = [
        cr.Conv2D(8 if twin else 1, 3, activation="relu"),
        cr.GlobalMaxPooling2D(),
        cr.Dense(3, "softmax"),
    ]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.02), "epochs": 40, "validation_data": held}, seed)


def narrow_several(seed: int, twin: bool = False) -> Run:
    """Three numbers through one unit."""
    X, y, held = data.several(seed)
    layers = [cr.Dense(24 if twin else 1, "tanh"), cr.Dense(24, "tanh"), cr.Dense(3)]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": held}, seed)


LINEAR, TINY = "missing_nonlinearity", "underfit_capacity"
RUNS = [
    Planted("rings, no activation", (LINEAR,), linear_rings),
    Planted("spirals, linear activation", (LINEAR,), linear_spirals),
    Planted("wave, no activation", (LINEAR,), linear_wave),
    Planted("stripes, linear filters", (LINEAR,), linear_filters),
    Planted("friedman, no activation", (LINEAR,), linear_friedman),
    Planted("several numbers, an own multiple, no history, no job", (LINEAR,), own_identity),
    Planted("rings, no hidden layer", (TINY,), none_hidden_rings),
    Planted("digits, one hidden unit", (TINY,), one_unit_digits),
    Planted("spirals, two hidden units", (TINY,), two_units_spirals),
    Planted("friedman, one hidden unit", (TINY,), one_unit_friedman),
    Planted("stripes, one filter", (TINY,), one_filter),
    Planted("several numbers, one unit first", (TINY,), narrow_several),
]
