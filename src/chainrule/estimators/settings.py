"""What the parameters of scikit-learn's networks may be, in the words in which scikit-learn refuses others."""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import config_context, get_config
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.doors import late
from chainrule.engines.registry import engine_named
from chainrule.errors import DataError, warn

if TYPE_CHECKING:
    from chainrule.train.network import float_name
else:  # what most fits do without
    float_name = late("chainrule.train.network:float_name")

STOCHASTIC = ("sgd", "adam")
_AT_LEAST_0 = [Interval(Real, 0, None, closed="left")]
_ABOVE_0 = [Interval(Real, 0, None, closed="neither")]
_COUNT = [Interval(Integral, 1, None, closed="left")]
_SHARE = [Interval(Real, 0, 1, closed="left")]

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", *_COUNT],
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
    "warm_start": ["boolean", StrOptions({"resume"})],
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


@contextmanager
def validated(estimator: Any, again: bool = False) -> Iterator[None]:
    """Validate the parameters of an estimator, but for one that goes on, and none of what is called inside."""
    if not (again or get_config()["skip_parameter_validation"]):
        estimator._validate_params()
    with config_context(skip_parameter_validation=True):
        yield


def warn_as_theirs(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's, under the module's name by which programs filter scikit-learn's warnings."""
    warn(message, category, "sklearn.neural_network._multilayer_perceptron")


def is_fitted(estimator: Any) -> bool:
    """Say whether an estimator was fitted."""
    if "coefs_" in vars(estimator):
        return True
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def check_extras(estimator: Any) -> None:
    """Raise where what scikit-learn does not have makes no sense, in itself or beside the solver.

    Raises:
        UnknownNameError: If there is no such engine.
        DataError: If dtype is none that a network computes in, or "lbfgs" is to do what it cannot.
    """
    if estimator.engine != "auto":
        engine_named(estimator.engine)
    if estimator.dtype is not None:
        float_name(estimator.dtype)
    if estimator.solver in STOCHASTIC:
        return
    for there, what in (
        (np.any(estimator.dropout), "dropout"),
        (estimator.batch_normalization, "batch_normalization"),
    ):
        if there:
            raise DataError(
                f"L-BFGS compares losses at many points, and {what} changes the loss between two looks. Leave it out, "
                "or take solver='adam'."
            )
    if estimator.optimizer is not None:
        raise DataError("L-BFGS is an optimizer itself: optimizer= goes with solver='adam' or 'sgd'.")
    if estimator.warm_start == "resume":
        raise DataError(
            "L-BFGS begins its picture of the curvature anew in every fit, so warm_start='resume' would keep nothing "
            "of it: raise max_iter for more iterations, and give callbacks to look at each."
        )
