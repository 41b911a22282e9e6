"""Keras on JAX: compile, fit and predict, in batches of an order of its own, its compiled steps kept."""

import os
from collections.abc import Callable

import numpy as np

from benchmarks.work import Job

os.environ["KERAS_BACKEND"] = "jax"  # Keras reads it once, when it is imported
import keras
from keras import layers

LOSSES: dict[str, Callable[[], object]] = {
    "sigmoid": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "softmax": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "identity": lambda: lambda y, p: 0.5 * keras.losses.mean_squared_error(y, p),
}


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that puts the first weights back and fits."""
    work, network = job.work, model(job)
    if work.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(work.learning_rate)
    else:
        optimizer = keras.optimizers.Adam(work.learning_rate, epsilon=1e-7)
    network.compile(optimizer, LOSSES[work.output]())
    optimizer.build(network.trainable_variables)
    weights, moments = network.get_weights(), [np.array(v) for v in optimizer.variables]

    def train() -> float:
        network.set_weights(weights)
        for variable, value in zip(optimizer.variables, moments, strict=True):
            variable.assign(value)
        history = network.fit(
            job.X,
            job.y,
            batch_size=work.batch_size or len(job.X),
            epochs=work.epochs,
            shuffle=work.batch_size is not None,
            verbose=0,
        )
        return float(history.history["loss"][-1])

    return train


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    network = keras.Sequential([model(job), layers.Softmax()])

    def run() -> np.ndarray:
        for _ in range(job.work.calls):
            p = network.predict_on_batch(job.X)
        return p

    return run


def model(job: Job) -> keras.Sequential:
    """Return the network up to its last activation, at its first weights."""
    work, stack = job.work, [layers.Input((job.work.sizes[0],))]
    for W in job.weights[:-1]:
        stack.append(dense(W))
        if work.normalized:
            stack.append(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        stack.append(layers.Activation(work.hidden))
    return keras.Sequential([*stack, dense(job.weights[-1])])


def dense(W: np.ndarray) -> layers.Dense:
    """Return a layer whose kernel is W, (inputs, units), and whose bias is 0."""
    return layers.Dense(W.shape[1], kernel_initializer=lambda shape, dtype=None: keras.ops.array(W))
