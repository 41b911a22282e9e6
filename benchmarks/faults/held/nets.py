"""Runs whose units are dead or flat, or whose weights begin wrongly."""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.setting import (
    Fault,
    job,
    layers,
    plant,
    set_to,
    without_history,
)


def bias(which: str, value: float) -> Fault:
    """Return the fault that begins biases with a number."""

    def begin(name: str, values: np.ndarray) -> np.ndarray:
        return np.full_like(values, value) if name == which else values

    return set_to(begin=begin)


def times(factor: float, *names: str) -> Fault:
    """Return the fault that begins with weights so many times as large."""

    def begin(name: str, values: np.ndarray) -> np.ndarray:
        return values * factor if not names or name in names else values

    return set_to(begin=begin)


def minus(shape: Any, rng: np.random.Generator) -> np.ndarray:
    """Return weights none of which is above 0, for inputs none of which is below."""
    return -np.abs(rng.normal(0, 0.5, shape))


def killed(network: cr.Network) -> None:
    """Kill most units of the first layer, as an earlier training at a huge rate had."""
    b = np.array(network.parameters["b1"])
    b[: int(0.94 * len(b))] = -30.0
    network.parameters["b1"] = b


RUNS = [
    plant(
        "dead_minus_digits",
        "dead_relu",
        scenes.digits,
        layers(cr.Dense(48, "relu", initializer=minus), cr.Dense(10, "softmax")),
    ),
    plant("dead_bias_friedman", "dead_relu", scenes.friedman, bias("b1", -12.0)),
    plant("dead_before_spirals", "dead_relu", scenes.spirals, set_to(before=killed)),
    plant("dead_second_energy", "dead_relu", scenes.energy, bias("b2", -15.0)),
    plant("dead_pictures", "dead_relu", others.digit_pictures, bias("b1", -8.0)),
    plant("dead_bias_housing", "dead_relu", scenes.housing, bias("b2", -20.0), set_to(told=without_history)),
    plant("saturated_bias_moons", "saturated_activations", scenes.moons, bias("b1", 25.0)),
    plant(
        "saturated_rescaled_spirals",
        "saturated_activations",
        scenes.spirals,
        layers(
            cr.Rescaling(150.0),
            cr.Dense(32, "tanh"),
            cr.Rescaling(40.0),
            cr.Dense(32, "tanh"),
            cr.Dense(3, "softmax"),
        ),
    ),
    plant("saturated_bias_sine", "saturated_activations", scenes.sine, bias("b2", -18.0)),
    plant(
        "saturated_output_cancer", "saturated_activations", scenes.cancer, job(loss="mse"), bias("b3", 22.0)
    ),
    plant(
        "saturated_large_wine",
        "saturated_activations init_too_large",
        scenes.spirals,
        layers(
            cr.Dense(32, "tanh", initializer=cr.Normal(40.0)),
            cr.Dense(32, "tanh", initializer=cr.Normal(10.0)),
            cr.Dense(3, "softmax"),
        ),
    ),
    plant(
        "saturated_rnn",
        "saturated_activations",
        others.memory,
        layers(cr.Rescaling(200.0), cr.SimpleRNN(12), cr.Dense(1, "sigmoid")),
    ),
    plant(
        "same_half_digits",
        "symmetric_init",
        scenes.digits,
        layers(
            cr.Dense(48, "relu", initializer=cr.Filled(0.1)),
            cr.Dense(10, "softmax", initializer=cr.Filled(0.1)),
        ),
    ),
    plant(
        "same_zeros_spirals",
        "symmetric_init",
        scenes.spirals,
        layers(cr.Dense(32, "tanh", initializer="zeros"), cr.Dense(3, "softmax", initializer="zeros")),
    ),
    plant(
        "same_sine",
        "symmetric_init",
        scenes.sine,
        layers(cr.Dense(32, "tanh", initializer=cr.Filled(0.5)), cr.Dense(1, initializer=cr.Filled(0.5))),
    ),
    plant(
        "same_filters_pictures",
        "symmetric_init",
        others.digit_pictures,
        layers(
            cr.Conv2D(8, 3, activation="relu", initializer=cr.Filled(0.1)),
            cr.GlobalMaxPooling2D(),
            cr.Dense(10, "softmax", initializer=cr.Filled(0.02)),
        ),
    ),
    plant(
        "same_begin_energy",
        "symmetric_init",
        scenes.energy,
        set_to(begin=lambda name, values: np.full_like(values, 0.05)),
    ),
    plant(
        "same_ones_quadrants",
        "symmetric_init",
        scenes.quadrants,
        layers(
            cr.Dense(16, "relu", initializer="ones"),
            cr.Dense(8, "relu", initializer="ones"),
            cr.Dense(1, "sigmoid", initializer="ones"),
        ),
    ),
    plant(
        "large_digits",
        "init_too_large",
        scenes.digits,
        layers(
            cr.Dense(48, "relu", initializer=cr.Normal(10.0)),
            cr.Dense(10, "softmax", initializer=cr.Normal(10.0)),
        ),
    ),
    plant(
        "large_friedman",
        "init_too_large",
        scenes.friedman,
        layers(
            cr.Dense(32, "relu", initializer=cr.Normal(5.0)),
            cr.Dense(16, "relu", initializer=cr.Normal(5.0)),
            cr.Dense(1, initializer=cr.Normal(5.0)),
        ),
    ),
    plant("large_begin_energy", "init_too_large", scenes.energy, times(15.0)),
    plant(
        "large_pictures",
        "init_too_large",
        others.digit_pictures,
        layers(
            cr.Conv2D(8, 3, activation="relu", initializer=cr.Normal(8.0)),
            cr.MaxPooling2D(),
            cr.Flatten(),
            cr.Dense(10, "softmax", initializer=cr.Normal(8.0)),
        ),
    ),
    plant(
        "large_embedding",
        "init_too_large",
        others.reviews,
        layers(
            cr.Embedding(60, 8, initializer=cr.Normal(40.0)),
            cr.GlobalAveragePooling1D(),
            cr.Dense(1, "sigmoid"),
        ),
    ),
    plant(
        "large_sensors_mild",
        "init_too_large",
        scenes.sensors,
        layers(
            cr.Dense(32, "silu", initializer=cr.Normal(2.5)),
            cr.Dense(16, "silu", initializer=cr.Normal(2.5)),
            cr.Dense(1, initializer=cr.Normal(2.5)),
        ),
    ),
    plant(
        "small_spirals",
        "init_too_small",
        scenes.spirals,
        layers(
            *(cr.Dense(32, "tanh", initializer=cr.Normal(1e-5)) for _ in range(3)),
            cr.Dense(3, "softmax", initializer=cr.Normal(1e-5)),
        ),
        job(optimizer=cr.SGD(0.1)),
    ),
    plant(
        "small_friedman",
        "init_too_small",
        scenes.friedman,
        layers(
            *(cr.Dense(24, "relu", initializer=cr.Normal(1e-3)) for _ in range(4)),
            cr.Dense(1, initializer=cr.Normal(1e-3)),
        ),
        job(optimizer=cr.SGD(0.1, momentum=0.9)),
    ),
    plant(
        "small_begin_bars",
        "init_too_small",
        others.bars,
        times(1e-3),
        job(optimizer=cr.SGD(0.1, momentum=0.9)),
    ),
    plant(
        "small_digits_mild",
        "init_too_small",
        scenes.digits,
        layers(
            cr.Dense(32, "relu", initializer=cr.Normal(1e-3)),
            cr.Dense(32, "relu", initializer=cr.Normal(1e-3)),
            cr.Dense(10, "softmax", initializer=cr.Normal(1e-3)),
        ),
        job(optimizer=cr.SGD(0.05)),
    ),
    plant("small_energy", "init_too_small", scenes.energy, times(3e-4), job(optimizer=cr.SGD(0.1))),
]
