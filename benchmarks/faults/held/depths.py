"""Runs whose networks are too deep, too small, or linear."""

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
    without_job,
)


def deep(units: int, depth: int, activation: str, *end: Any, **settings: Any) -> Fault:
    """Return the fault that stacks so many layers."""
    return layers(*(cr.Dense(units, activation, **settings) for _ in range(depth)), *end)


def residual(x: Any) -> Any:
    """Draw twenty blocks around which a path leads, none of which is normalised."""
    h = cr.Dense(32)(x)
    for _ in range(20):
        h = h + cr.Dense(32, "relu")(h) + cr.Dense(32, "relu")(h)
    return cr.Dense(2)(h)


RUNS = [
    plant(
        "vanish_sigmoid_digits",
        "vanishing_gradients",
        scenes.digits,
        deep(32, 8, "sigmoid", cr.Dense(10, "softmax")),
        job(optimizer=cr.SGD(0.1, momentum=0.9)),
    ),
    plant(
        "vanish_sigmoid_spirals",
        "vanishing_gradients",
        scenes.spirals,
        deep(24, 7, "sigmoid", cr.Dense(3, "softmax")),
        job(optimizer=cr.SGD(0.2, momentum=0.9)),
    ),
    plant(
        "vanish_sigmoid_friedman",
        "vanishing_gradients",
        scenes.friedman,
        deep(24, 6, "sigmoid", cr.Dense(1)),
        job(optimizer=cr.SGD(0.1)),
    ),
    plant(
        "vanish_rnn_memory",
        "vanishing_gradients",
        others.memory,
        layers(cr.SimpleRNN(12, activation="sigmoid"), cr.Dense(1, "sigmoid")),
        job(optimizer=cr.SGD(0.1)),
    ),
    plant(
        "vanish_tanh_quadrants",
        "vanishing_gradients",
        scenes.quadrants,
        deep(16, 12, "tanh", cr.Dense(1, "sigmoid"), initializer=cr.Orthogonal(0.3)),
        job(optimizer=cr.SGD(0.1, momentum=0.9)),
    ),
    plant(
        "explode_relu_friedman",
        "exploding_gradients init_too_large",
        scenes.friedman,
        deep(32, 12, "relu", cr.Dense(1), initializer=cr.Scaled(8.0, "in")),
    ),
    plant(
        "explode_rnn_forecast",
        "exploding_gradients init_too_large",
        others.forecast,
        layers(cr.SimpleRNN(16, activation="relu", recurrent_initializer=cr.Orthogonal(3.0)), cr.Dense(1)),
        job(optimizer=cr.SGD(0.01)),
    ),
    plant(
        "explode_rnn_linear",
        "exploding_gradients init_too_large",
        others.memory,
        layers(
            cr.SimpleRNN(12, activation="linear", recurrent_initializer=cr.Orthogonal(2.5)),
            cr.Dense(1, "sigmoid"),
        ),
        job(optimizer=cr.SGD(0.05)),
    ),
    plant(
        "explode_tanh_digits",
        "exploding_gradients init_too_large",
        scenes.digits,
        deep(32, 14, "tanh", cr.Dense(10, "softmax"), initializer=cr.Orthogonal(3.0)),
        job(optimizer=cr.SGD(0.05)),
    ),
    plant(
        "explode_selu_energy",
        "exploding_gradients init_too_large",
        scenes.energy,
        deep(24, 15, "elu", cr.Dense(2), initializer=cr.Scaled(5.0, "in")),
        job(optimizer=cr.SGD(0.01)),
    ),
    plant(
        "explode_residual_energy",
        "exploding_gradients",
        scenes.energy,
        set_to(layers=residual, network={"inputs": {"x": 8}}),
    ),
    plant(
        "explode_rnn_heartbeats",
        "exploding_gradients",
        others.heartbeats,
        layers(
            cr.SimpleRNN(16, activation="linear", recurrent_initializer=cr.Orthogonal(1.3)),
            cr.Dense(1, "sigmoid"),
        ),
        job(optimizer=cr.SGD(0.05)),
    ),
    plant(
        "linear_moons",
        "missing_nonlinearity",
        scenes.moons,
        layers(cr.Dense(16), cr.Dense(16), cr.Dense(1, "sigmoid")),
    ),
    plant(
        "linear_spirals",
        "missing_nonlinearity",
        scenes.spirals,
        layers(cr.Dense(64, "linear"), cr.Dense(64, "linear"), cr.Dense(3, "softmax")),
    ),
    plant(
        "linear_sine",
        "missing_nonlinearity",
        scenes.sine,
        layers(cr.Dense(32), cr.Dense(32), cr.Dense(1)),
        set_to(told=without_job),
    ),
    plant(
        "linear_friedman",
        "missing_nonlinearity",
        scenes.friedman,
        layers(cr.Dense(32), cr.Dense(16), cr.Dense(1)),
    ),
    plant(
        "linear_bars",
        "missing_nonlinearity",
        others.bars,
        layers(
            cr.Conv2D(8, 3, padding="same"),
            cr.Conv2D(8, 3),
            cr.GlobalAveragePooling2D(),
            cr.Dense(3, "softmax"),
        ),
    ),
    plant(
        "linear_picture_and_table",
        "missing_nonlinearity",
        others.picture_and_table,
        set_to(
            layers=lambda image, table: cr.Dense(1, "sigmoid")(
                cr.Dense(24)(np.concatenate([cr.Dense(16)(cr.Flatten()(image)), cr.Dense(8)(table)], axis=1))
            )
        ),
    ),
    plant(
        "capacity_one_spirals",
        "underfit_capacity",
        scenes.spirals,
        layers(cr.Dense(2, "relu"), cr.Dense(3, "softmax")),
    ),
    plant(
        "capacity_two_digits",
        "underfit_capacity",
        scenes.digits,
        layers(cr.Dense(2, "relu"), cr.Dense(10, "softmax")),
        job(epochs=80),
    ),
    plant(
        "capacity_sine",
        "underfit_capacity",
        scenes.sine,
        layers(cr.Dense(2, "tanh"), cr.Dense(1)),
        job(epochs=200),
    ),
    plant(
        "capacity_circles_none",
        "underfit_capacity missing_nonlinearity",
        scenes.circles,
        layers(cr.Dense(1, "sigmoid")),
    ),
    plant(
        "capacity_waves",
        "underfit_capacity",
        others.waves,
        layers(cr.SimpleRNN(1), cr.Dense(3, "softmax")),
        job(epochs=60),
    ),
    plant(
        "capacity_filter",
        "underfit_capacity",
        others.digit_pictures,
        layers(cr.Conv2D(1, 5, activation="relu"), cr.GlobalMaxPooling2D(), cr.Dense(10, "softmax")),
        job(epochs=40),
    ),
]
