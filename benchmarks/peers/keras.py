"""Keras on JAX: compile, fit and predict, in batches of an order of its own, its compiled steps kept."""

import os
from collections.abc import Callable

import numpy as np

from benchmarks.networks import (
    Activation,
    Convolution,
    Dense,
    Embedding,
    Flatten,
    MaxPool,
    MeanOverPlaces,
    Norm,
    Recurrence,
    shapes,
)
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
    network, weights = job.work.network, iter(job.weights)
    stack = [layers.Input(network.shape, dtype=job.X.dtype.name)]
    for layer, shape in zip(network.layers, shapes(network), strict=False):
        pictures = len(shape) == 3
        match layer:
            case Dense(units):
                stack.append(layers.Dense(units, kernel_initializer=being(next(weights))))
            case Convolution(filters, kernel, stride, padding):
                if padding:
                    stack.append((layers.ZeroPadding2D if pictures else layers.ZeroPadding1D)(padding))
                kind = layers.Conv2D if pictures else layers.Conv1D
                stack.append(kind(filters, kernel, stride, kernel_initializer=being(next(weights))))
            case Embedding(vocabulary, units):
                stack.append(layers.Embedding(vocabulary, units, being(next(weights))))
            case Recurrence(kind, units, whole):
                W, U = being(next(weights)), being(next(weights))
                settings = {"kernel_initializer": W, "recurrent_initializer": U, "return_sequences": whole}
                if kind == "lstm":
                    stack.append(layers.LSTM(units, unit_forget_bias=False, **settings))
                else:
                    stack.append(layers.GRU(units, **settings))
            case Norm():
                stack.append(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
            case Activation(name):
                stack.append(layers.Activation(name))
            case MaxPool():
                stack.append(layers.MaxPooling2D() if pictures else layers.MaxPooling1D())
            case MeanOverPlaces():
                stack.append(layers.GlobalAveragePooling2D() if pictures else layers.GlobalAveragePooling1D())
            case Flatten():
                stack.append(layers.Flatten())
    return keras.Sequential(stack)


def being(W: np.ndarray) -> Callable[..., object]:
    """Return an initializer that gives W."""
    return lambda shape, dtype=None: keras.ops.array(W)
