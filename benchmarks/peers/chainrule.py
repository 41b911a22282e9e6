"""chainrule, through its public API: Network.fit and Network.predict."""

from collections.abc import Callable

import numpy as np

import chainrule as cr
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
from benchmarks.work import SEED, Job

LOSSES = {"sigmoid": "binary_crossentropy", "softmax": "categorical_crossentropy", "identity": "half_mse"}


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that builds a network and fits it."""
    work = job.work
    optimizer = {"sgd": cr.SGD, "adam": cr.Adam}[work.optimizer](work.learning_rate)

    def train() -> float:
        history = network(job).fit(
            job.X,
            job.y,
            loss=LOSSES[work.output],
            optimizer=optimizer,
            batch_size=work.batch_size,
            epochs=work.epochs,
        )
        return float(history["cost"][-1])

    return train


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    predict = network(job).predict

    def run() -> np.ndarray:
        for _ in range(job.work.calls):
            p = predict(job.X)
        return p

    return run


def network(job: Job) -> cr.Network:
    """Return the network of a job, at its first weights."""
    network, weights, found = job.work.network, iter(job.weights), list[cr.Layer]()
    for layer, shape in zip(network.layers, shapes(network), strict=False):
        pictures = len(shape) == 3
        match layer:
            case Dense(units):
                found.append(cr.Dense(units, initializer=next(weights)))
            case Convolution(filters, kernel, stride, padding):
                kind = cr.Conv2D if pictures else cr.Conv1D
                found.append(kind(filters, kernel, stride, padding=padding, initializer=next(weights)))
            case Embedding(vocabulary, units):
                found.append(cr.Embedding(vocabulary, units, initializer=next(weights)))
            case Recurrence(kind, units, whole):
                W, U = next(weights), next(weights)
                settings = {"initializer": W, "recurrent_initializer": U, "return_sequences": whole}
                if kind == "lstm":
                    found.append(cr.LSTM(units, unit_forget_bias=False, **settings))
                else:
                    found.append(cr.GRU(units, **settings))
            case Norm():
                found.append(cr.BatchNormalization())
            case Activation(name):
                found.append(cr.Activation(name))
            case MaxPool():
                found.append(cr.MaxPooling2D() if pictures else cr.MaxPooling1D())
            case MeanOverPlaces():
                found.append(cr.GlobalAveragePooling2D() if pictures else cr.GlobalAveragePooling1D())
            case Flatten():
                found.append(cr.Flatten())
    if job.work.output != "identity":
        found.append(cr.Activation(job.work.output))
    return cr.Network(found, input_shape=network.shape, seed=SEED, engine=job.engine)
