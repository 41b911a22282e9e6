"""What all estimators share: what they take, what a notebook shows of them, and the door to what stands below it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import get_config
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import validate_data

from chainrule.doors import Door
from chainrule.errors import DataError, short
from chainrule.estimators.theirs import BaseEstimator
from chainrule.friendly import Friendly


class Estimator(Friendly, BaseEstimator):
    """The base of the estimators: parameters, routing of metadata and cloning are scikit-learn's.

    What has been fitted shows, below scikit-learn's table of parameters, its network and how the cost fell.
    """

    if TYPE_CHECKING:

        def plot(self) -> Any:
            """Return a picture of how the cost fell while it was fitted."""

    else:
        plot = Door()
    _html_below = Door()

    @property
    def _repr_html_(self) -> Any:
        if get_config()["display"] != "diagram":
            raise AttributeError("_repr_html_ is there where scikit-learn's 'display' is set to 'diagram'.")
        return self._html

    def _html(self) -> str:
        return f"{estimator_html_repr(self)}{self._html_below()}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        shown = {"text/plain": repr(self)}
        if get_config()["display"] == "diagram":
            shown["text/html"] = self._html()
        return shown


def checked(estimator: BaseEstimator, X: Any = "no_validation", y: Any = "no_validation", **how: Any) -> Any:
    """Return X, or X and y, as scikit-learn's ``validate_data`` does; arrays of other libraries are refused.

    Args:
        estimator: Whose they are: with ``reset=True`` it learns how many columns there are, and what they are called.
        X: One row for each example; left out where only y is looked at.
        y: Their targets; left out in predictions.
        how: What ``validate_data`` takes besides.
    """
    refuse_foreign(X=X, y=y)
    if how.get("y_numeric"):
        _refuse_labels(estimator, y)
    return validate_data(estimator, X=X, y=y, **how)


def refuse_foreign(**given: Any) -> None:
    """Raise if something is an array of a library that NumPy is to know nothing of, such as a tensor of PyTorch's.

    >>> refuse_foreign(X=[[1.0]], y=np.ones(1), sample_weight=None)
    """
    for name, value in given.items():
        if not is_foreign(value):
            continue
        kind = type(value)
        library = kind.__module__.partition(".")[0]
        how = ".detach().cpu().numpy()" if library == "torch" else ""
        array = f"{name}{how}" if how else f"np.asarray({name})"
        raise DataError(
            f"{name} is a {kind.__name__} of {library}, and estimators compute with NumPy's arrays on the processor. "
            f"Give it as one: {array}."
        )


def _refuse_labels(estimator: BaseEstimator, y: Any) -> None:
    """Raise if the targets of a regressor are words."""
    try:
        values = np.asarray(y)
    except ValueError:  # rows of different lengths, which scikit-learn refuses
        return
    if values.dtype.kind not in "OUT":
        return
    for at, value in enumerate(values.flat):
        if isinstance(value, str) and not _is_number(value):
            name = next(
                kind.__name__ for kind in type(estimator).__mro__ if kind.__module__.startswith("chainrule.")
            )
            raise DataError(
                f"{name} predicts numbers, and y holds {short(value)} in row {at * len(values) // values.size}. "
                f"Classes are predicted by {name.replace('Regressor', 'Classifier')}."
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def check_given(X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
    """Say whether there are rows to be scored on.

    Raises:
        DataError: If only a part of them is there, or one is an array of another library than NumPy.
    """
    refuse_foreign(X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
    if (X_val is None) != (y_val is None):
        missing = "y_val" if y_val is None else "X_val"
        raise DataError(f"X_val and y_val belong together, and there is no {missing}. Give both, or none.")
    if X_val is None and sample_weight_val is not None:
        raise DataError(
            "sample_weight_val weighs the rows of X_val, and there is no X_val. Give it, and y_val."
        )
    return X_val is not None


def is_foreign(value: Any) -> bool:
    """Say whether something is an array of the array API, and none of NumPy's."""
    if isinstance(value, np.ndarray | np.generic | str | type(None)):
        return False
    return hasattr(value, "__array_namespace__") or type(value).__module__.partition(".")[0] == "torch"
