"""chainrule, through its public API: Network.fit and Network.predict."""

from collections.abc import Callable

import numpy as np

from benchmarks.work import SEED, Job
from chainrule import SGD, Activation, Adam, BatchNormalization, Dense, Layer, Network

LOSSES = {"sigmoid": "binary_crossentropy", "softmax": "categorical_crossentropy", "identity": "half_mse"}


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that builds a network and fits it."""
    work = job.work
    optimizer = {"sgd": SGD, "adam": Adam}[work.optimizer](work.learning_rate)

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


def network(job: Job) -> Network:
    """Return the network of a job, at its first weights."""
    work, layers = job.work, list[Layer]()
    for W in job.weights[:-1]:
        if work.normalized:
            layers += [Dense(W.shape[1], initializer=W), BatchNormalization(), Activation(work.hidden)]
        else:
            layers.append(Dense(W.shape[1], work.hidden, initializer=W))
    layers.append(Dense(work.sizes[-1], work.output, initializer=job.weights[-1]))
    return Network(layers, input_shape=work.sizes[0], seed=SEED, engine=job.engine)
