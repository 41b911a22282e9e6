"""Two faults at once, each of which keeps the run from learning. Each run has its twin, without either."""

import chainrule as cr
from benchmarks.faults.nets import data
from benchmarks.faults.planted import Planted, Run, trained


def linear_and_unscaled(seed: int, twin: bool = False) -> Run:
    """Rings of a size of thousands, and no activation."""
    X, y, held = data.rings(seed)
    if not twin:
        X, held = 900 * X + 4000, (900 * held[0] + 4000, held[1])
    own = "tanh" if twin else None
    layers = [cr.Dense(16, own), cr.Dense(16, own), cr.Dense(1, "sigmoid")]
    return trained(layers, X, y, {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": held}, seed)


def hot_and_dead(seed: int, twin: bool = False) -> Run:
    """A rate that kills the ReLUs."""
    X, y, held = data.friedman(seed)
    layers = [cr.Dense(24, "relu"), cr.Dense(24, "relu"), cr.Dense(1)]
    job = {"optimizer": cr.SGD(0.02 if twin else 1.0), "epochs": 60, "validation_data": held}
    return trained(layers, X, y, job, seed)


def alike_and_slow(seed: int, twin: bool = False) -> Run:
    """Weights all alike, and a rate that would not move them either."""
    X, y, held = data.digits(seed)
    own = None if twin else cr.Filled(0.02)
    layers = [cr.Dense(24, "tanh", initializer=own), cr.Dense(10, "softmax", initializer=own)]
    job = {"optimizer": cr.Adam(0.005 if twin else 1e-5), "epochs": 30, "validation_data": held}
    return trained(layers, X, y, job, seed)


def squeezed_and_short(seed: int, twin: bool = False) -> Run:
    """Prices out of a tanh, for three epochs."""
    X, y, held = data.prices(seed)
    layers = [cr.Dense(16, "tanh"), cr.Dense(1, None if twin else "tanh")]
    job = {"optimizer": cr.Adam(0.02), "epochs": 80 if twin else 3, "validation_data": held}
    return trained(layers, X, y, job, seed)


def tiny_and_regularized(seed: int, twin: bool = False) -> Run:
    """One unit, and a penalty that holds it down."""
    X, y, held = data.spirals(seed, arms=3)
    layers = [
        cr.Dense(32 if twin else 1, "tanh", regularizer=None if twin else cr.L2(0.3)),
        cr.Dense(3, "softmax"),
    ]
    job = {"optimizer": cr.Adam(0.02), "epochs": 80, "validation_data": held}
    return trained(layers, X, y, job, seed)


def deep_and_slow(seed: int, twin: bool = False) -> Run:
    """Seven layers of sigmoids at a very small rate."""
    X, y, held = data.toy("wine", seed)
    layers = [*(cr.Dense(12, "relu" if twin else "sigmoid") for _ in range(7)), cr.Dense(3, "softmax")]
    job = {
        "optimizer": cr.SGD(0.05 if twin else 1e-4),
        "epochs": 60,
        "batch_size": 8,
        "validation_data": held,
    }
    return trained(layers, X, y, job, seed)


RUNS = [
    Planted(
        "rings of thousands, no activation", ("missing_nonlinearity", "inputs_unscaled"), linear_and_unscaled
    ),
    Planted("friedman, a rate that kills", ("learning_rate_too_high", "dead_relu"), hot_and_dead),
    Planted("digits, alike and slow", ("symmetric_init", "learning_rate_too_low"), alike_and_slow),
    Planted("prices, squeezed and short", ("wrong_output_activation", "too_few_epochs"), squeezed_and_short),
    Planted(
        "spirals, tiny and held down",
        ("underfit_capacity", "regularization_too_strong"),
        tiny_and_regularized,
    ),
    Planted("wine, deep and slow", ("vanishing_gradients", "learning_rate_too_low"), deep_and_slow),
]
