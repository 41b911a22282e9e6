"""What a linear model makes of the same features and rows: a network that does no better learned nothing of its own.

Classes are told apart by logistic regression, at the price on its weights that scikit-learn has by default:
``Σ loss + ½ Σ W²`` (C = 1). Numbers come from ridge regression with the same price, ``Σ (xW + b - y)² + Σ W²``
(alpha = 1), which has a closed form. The price does next to nothing to a table of many rows, and keeps columns that
say the same, or outnumber the rows, from blowing up.
"""

import warnings

import numpy as np

from chainrule.data.target import Target
from chainrule.nn.layers.dense import Dense
from chainrule.nn.regularizers import L2
from chainrule.train.network import Network
from chainrule.train.optimizers import LBFGS

ITERATIONS, TOLERANCE = 100, 1e-4  # as in scikit-learn
OUTPUTS = {"binary": "sigmoid", "multilabel": "sigmoid", "multiclass": "softmax"}


def fit_linear(
    target: Target,
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None = None,
    time_budget: float | None = None,
) -> Network | None:
    """Return a linear model of features, shape (rows, features), and encoded targets; None where it finds none.

    >>> from chainrule.data.target import Target
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> network = fit_linear(Target("binary", ("kind",), ("low", "high"), (0.5, 0.5)), x, (x[:, 0] > 0).astype(int))
    >>> bool(network.predict([[0.9]])[0, 0] > 0.9)
    True
    """
    if target.task == "regression":
        return _regression(X, y)
    total = len(X) if weight is None else float(weight.sum())
    labels = target.width if target.task == "multilabel" else 1  # their losses are averaged
    price = L2(1.0, divisor=2 * total * labels)
    layer = Dense(target.width, OUTPUTS[target.task], initializer="zeros", regularizer=price)
    network = Network([layer], input_shape=X.shape[1:], seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nobody asked for this network
        history = network.fit(
            X, y, optimizer=LBFGS(tolerance=TOLERANCE), batch_size=None, epochs=ITERATIONS, sample_weight=weight,
            time_budget=time_budget,
        )  # fmt: skip
    return None if history.diverged else network


def _regression(X: np.ndarray, y: np.ndarray) -> Network | None:
    X, y = X.astype(np.float64), y.reshape(len(y), -1)
    middle, mean = X.mean(axis=0), y.mean(axis=0)
    X, y = X - middle, y - mean
    if X.shape[1] <= len(X):
        W = np.linalg.solve(X.T @ X + np.eye(X.shape[1]), X.T @ y)
    else:
        W = X.T @ np.linalg.solve(X @ X.T + np.eye(len(X)), y)
    if not np.isfinite(W.astype(np.float32)).all():
        return None
    network = Network([Dense(y.shape[1])], input_shape=X.shape[1:], seed=0)
    network.parameters["W1"], network.parameters["b1"] = W, mean - middle @ W
    return network
