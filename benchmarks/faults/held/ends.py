"""Runs whose last layer, loss or derivative is wrong."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.setting import (
    Fault,
    Setting,
    job,
    layers,
    plant,
    set_to,
)


def two_classes(s: Setting, rng: np.random.Generator) -> None:
    """Say yes and no by 1 and -1, as perceptrons do."""
    s.y, s.yv = 2.0 * s.y - 1, 2.0 * s.yv - 1


def outputs(*end: Any, **settings: Any) -> Fault:
    """Return the fault that replaces the last layer."""

    def put(s: Setting, rng: np.random.Generator) -> None:
        s.layers = [*s.layers[:-1], *end]
        s.job.update(settings)

    return put


def one_hot(s: Setting, rng: np.random.Generator) -> None:
    """Give targets as one-hot rows."""
    k = int(s.y.max()) + 1
    s.y, s.yv = np.eye(k)[s.y], np.eye(k)[s.yv]


def not_squared(y: Any, p: Any) -> Any:
    """Return a loss that can fall for ever: somebody forgot the square."""
    return np.mean(p - y, axis=-1)


def reversed_entropy(y: Any, p: Any) -> Any:
    """Return cross-entropy whose minus was forgotten."""
    p = np.clip(p, 1e-3, 1 - 1e-3)
    return np.mean(y * np.log(p) + (1 - y) * np.log(1 - p), axis=-1)


def half_entropy(y: Any, p: Any) -> Any:
    """Return cross-entropy whose second term was forgotten: all may be yes."""
    return np.mean(-y * np.log(np.clip(p, 1e-6, 1)), axis=-1)


def all_pairs(y: Any, p: Any) -> Any:
    """Return the distance from the mean of all targets: an axis too many was summed over."""
    return np.mean((p - np.mean(y, axis=0)) ** 2, axis=-1)


cubic = cr.primitive("held_soft", lambda x: x / (1 + np.abs(x)), lambda y, x: [-((1 - np.abs(y)) ** 2)])
bump = cr.primitive("held_bump", lambda x: x * np.exp(-x * x / 2), lambda y, x: [np.exp(-x * x / 2) * x])
swish = cr.primitive("held_swish", lambda x: x / (1 + np.exp(-x)), lambda y, x: [y * (1 - y)])
square = cr.primitive("held_square", lambda x: x * x, lambda y, x: [2 * np.abs(x)])
absolute = cr.primitive(
    "held_abs", lambda x: np.sqrt(x * x + 0.01), lambda y, x: [y / np.sqrt(x * x + 0.01) + 0.5]
)
spike = cr.primitive("held_sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda y, x: [-(y * (1 - y))])


def own_square(y: Any, p: Any) -> Any:
    """Return a squared error by a primitive whose slope forgets the sign."""
    return np.mean(square(p - y), axis=-1)


def own_absolute(y: Any, p: Any) -> Any:
    """Return a smooth absolute error whose derivative is off by a half."""
    return np.mean(absolute(p - y), axis=-1)


RUNS = [
    plant("output_relu_friedman", "wrong_output_activation", scenes.friedman, outputs(cr.Dense(1, "relu"))),
    plant(
        "output_sigmoid_energy",
        "wrong_output_activation",
        scenes.energy,
        outputs(cr.Dense(2, "sigmoid"), loss="mse"),
    ),
    plant(
        "output_tanh_housing_mild",
        "wrong_output_activation",
        scenes.housing,
        outputs(cr.Dense(1, "tanh"), loss="mse"),
    ),
    plant(
        "output_sigmoid_sensors", "wrong_output_activation", scenes.sensors, outputs(cr.Dense(1, "sigmoid"))
    ),
    plant(
        "output_linear_entropy",
        "wrong_output_activation",
        scenes.moons,
        outputs(cr.Dense(1), loss="binary_crossentropy"),
    ),
    plant(
        "output_softmax_tags",
        "wrong_output_activation",
        scenes.tags,
        outputs(cr.Dense(5, "softmax"), loss="binary_crossentropy"),
    ),
    plant(
        "output_sigmoid_signs",
        "wrong_output_activation",
        scenes.quadrants,
        two_classes,
        outputs(cr.Dense(1, "relu"), loss="mse"),
        set_to(kind="numbers"),
    ),
    plant("output_relu_forecast", "wrong_output_activation", others.forecast, outputs(cr.Dense(1, "relu"))),
    plant(
        "loss_mae_digits",
        "wrong_loss",
        scenes.digits,
        one_hot,
        job(loss="mae", optimizer=cr.SGD(0.1, momentum=0.9)),
    ),
    plant("loss_not_squared", "wrong_loss", scenes.friedman, job(loss=not_squared, epochs=10)),
    plant("loss_reversed", "wrong_loss", scenes.credit, job(loss=reversed_entropy)),
    plant(
        "loss_quantile_energy",
        "wrong_loss",
        scenes.energy,
        job(loss=lambda y, p: np.mean(cr.quantile(y, p, q=0.98), axis=-1)),
    ),
    plant("loss_poisson_friedman", "wrong_loss", scenes.friedman, job(loss="poisson")),
    plant(
        "loss_mse_classes",
        "wrong_loss wrong_output_activation",
        scenes.blobs,
        layers(cr.Dense(20, "relu"), cr.Dense(1)),
        job(loss="mse"),
    ),
    plant("loss_half_entropy", "wrong_loss", others.heartbeats, job(loss=half_entropy)),
    plant("loss_all_pairs", "wrong_loss", scenes.housing, job(loss=all_pairs)),
    plant(
        "gradient_sign_moons",
        "wrong_gradient",
        scenes.moons,
        layers(cr.Dense(16, cubic), cr.Dense(16, cubic), cr.Dense(1, "sigmoid")),
    ),
    plant(
        "gradient_swish_friedman",
        "wrong_gradient",
        scenes.friedman,
        layers(cr.Dense(32, swish), cr.Dense(16, swish), cr.Dense(1)),
    ),
    plant("gradient_loss_energy", "wrong_gradient", scenes.energy, job(loss=own_square, epochs=20)),
    plant("gradient_absolute", "wrong_gradient", scenes.sine, job(loss=own_absolute)),
    plant(
        "gradient_bump_digits",
        "wrong_gradient",
        scenes.digits,
        layers(cr.Dense(48, bump), cr.Dense(10, "softmax")),
    ),
    plant(
        "gradient_output_credit",
        "wrong_gradient",
        scenes.credit,
        layers(cr.Dense(12, "relu"), cr.Dense(1, spike)),
        job(loss="mse"),
    ),
]
