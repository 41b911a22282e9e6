"""scikit-learn's MLPClassifier and MLPRegressor: the same steps, but batches in its own order."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers import CannotExpress, perceptron
from benchmarks.work import SEED, Job


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that makes an estimator and fits it."""
    y = job.y.ravel() if job.work.output != "softmax" else job.y

    def train() -> float:
        return float(fitted(job, job.X, y).loss_)

    return train


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts; the estimator has seen each class once, with a step of 0."""
    features, *_, classes = perceptron(job).sizes
    predict = fitted(job, np.zeros((classes, features), np.float32), np.arange(classes)).predict_proba

    def run() -> np.ndarray:
        for _ in range(job.work.calls):
            p = predict(job.X)
        return p

    return run


def fitted(job: Job, X: np.ndarray, y: np.ndarray) -> Any:
    """Return an estimator that has learned from X and y, from the job's first weights."""
    work, network = job.work, perceptron(job)
    if network.normalized:
        raise CannotExpress("it has no batch normalization")
    kind = MLPRegressor if work.output == "identity" else MLPClassifier

    class Started(kind):  # its only way to be given first weights
        def _initialize(self, *arguments: Any) -> None:
            super()._initialize(*arguments)
            self.coefs_ = [W.copy() for W in job.weights]
            self.intercepts_ = [np.zeros(W.shape[1], np.float32) for W in job.weights]

    estimator = Started(
        hidden_layer_sizes=network.sizes[1:-1],
        activation={"sigmoid": "logistic"}.get(network.hidden, network.hidden),
        solver=work.optimizer,
        alpha=0.0,
        batch_size=work.batch_size or len(X),
        learning_rate_init=work.learning_rate if work.epochs else 1e-30,
        max_iter=work.epochs or 1,
        random_state=SEED,
        tol=0.0,
        momentum=0.0,
        nesterovs_momentum=False,
        epsilon=1e-7,
        n_iter_no_change=work.epochs + 1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)  # ten rows are fewer than a batch
        return estimator.fit(X, y)
