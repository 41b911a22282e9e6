"""What the parameters of scikit-learn's networks may be, in the words in which scikit-learn refuses others."""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn import config_context, get_config
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

STOCHASTIC = ("sgd", "adam")
_AT_LEAST_0 = [Interval(Real, 0, None, closed="left")]
_ABOVE_0 = [Interval(Real, 0, None, closed="neither")]
_COUNT = [Interval(Integral, 1, None, closed="left")]
_SHARE = [Interval(Real, 0, 1, closed="left")]

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", *_COUNT],
    "activation": [StrOptions({"identity", "logistic", "tanh", "relu"})],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": _AT_LEAST_0,
    "batch_size": [StrOptions({"auto"}), *_COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": _ABOVE_0,
    "power_t": _AT_LEAST_0,
    "max_iter": _COUNT,
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": _AT_LEAST_0,
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": _SHARE,
    "beta_1": _SHARE,
    "beta_2": _SHARE,
    "epsilon": _ABOVE_0,
    "n_iter_no_change": [*_COUNT, Options(Real, {np.inf})],
    "max_fun": _COUNT,
}
OF_REGRESSOR = {"loss": [StrOptions({"squared_error", "poisson"})]}


@contextmanager
def validated(estimator: Any, again: bool = False) -> Iterator[None]:
    """Validate the parameters of an estimator, but for one that goes on, and none of what is called inside."""
    if not (again or get_config()["skip_parameter_validation"]):
        estimator._validate_params()
    with config_context(skip_parameter_validation=True):
        yield


def is_fitted(estimator: Any) -> bool:
    """Say whether an estimator was fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True
