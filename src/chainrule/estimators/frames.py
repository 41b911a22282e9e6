"""Tables of any library as pandas' own, with the names and numbers of columns that scikit-learn keeps of them."""

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import pandas as pd

from chainrule.errors import DataError, short
from chainrule.estimators.base import checked, refuse_foreign
from chainrule.train.frames import are_inputs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Tabular(Protocol):
    """A table of another library, such as polars' and pyarrow's."""

    def to_pandas(self) -> Any:
        """Return it as pandas'."""


TableLike: TypeAlias = "pd.DataFrame | ArrayLike | Tabular"


def frame_of(estimator: Any, X: Any, reset: bool) -> tuple[pd.DataFrame, bool]:
    """Return X as a table whose rows are numbered, and whether it came as numbers without names.

    Args:
        estimator: Whose X it is: with ``reset`` it learns how many columns there are, and what they are called.
        X: A table of pandas', polars', pyarrow's or of another library that hands its columns on, or an array.
        reset: Whether this is what is learned from.
    """
    refuse_foreign(X=X)
    _refuse_what_becomes_a_table(X)
    found = pandas_of(X)
    if reset and found is not None and len(found) == 1:
        raise DataError("X has 1 sample: there is nothing to compare it with. Give at least two rows.")
    if found is None:
        fewest = 2 if reset else 1  # to compare
        array = checked(
            estimator, X, reset=reset, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=fewest
        )
        table = pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
        return (table.infer_objects() if array.dtype == object else table), array.dtype.kind in "fiub"
    checked(estimator, found, reset=reset, skip_check_array=True)
    rows, columns = found.shape
    if not rows or not columns:
        raise DataError(
            f"X has {rows} sample(s) and {columns} feature(s), and a minimum of 1 of each is required."
        )
    found = found.reset_index(drop=True)
    return found.set_axis([str(name) for name in found.columns], axis="columns"), False


def _refuse_what_becomes_a_table(X: Any) -> None:
    """Raise if X is what a table is made of, or read from: scikit-learn would write all of it into its message."""
    if are_inputs(X):
        raise DataError(
            f"X is a {type(X).__name__}, and no table yet: pd.DataFrame(X) makes one of its columns."
        )
    if isinstance(X, list | tuple) and X and isinstance(X[0], Mapping):
        raise DataError("X is a list of rows by name, and no table yet: pd.DataFrame(X) makes one of them.")
    if isinstance(X, str | PathLike):
        raise DataError(
            f"X is {short(str(X))}, and estimators take what was read: cr.load_table(X) reads a table. "
            "cr.TableModel.train does so itself."
        )


def pandas_of(X: Any) -> pd.DataFrame | None:
    """Return a table of any library as pandas', or None for what is no table.

    >>> pandas_of([[1.0]]) is None
    True
    """
    if isinstance(X, pd.DataFrame):
        return X
    if isinstance(X, np.ndarray | list | tuple) or hasattr(X, "toarray"):
        return None
    if hasattr(X, "collect") and hasattr(X, "collect_schema"):  # polars' plans of a table
        X = X.collect()
    names = getattr(X, "columns", None)
    arrow = getattr(X, "column_names", None)
    if hasattr(X, "to_pandas"):
        try:
            return _as_frame(X.to_pandas())
        except ModuleNotFoundError:  # polars asks for pyarrow
            pass
    if hasattr(X, "__dataframe__") and hasattr(pd.api, "interchange"):
        return _as_frame(pd.api.interchange.from_dataframe(X))
    called = names if isinstance(names, Iterable) else arrow
    if called is None or not hasattr(X, "__getitem__"):
        return None
    return pd.DataFrame({name: list(X[name]) for name in called})


def _as_frame(found: Any) -> pd.DataFrame:
    return found.to_frame() if isinstance(found, pd.Series) else found


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """Return a name that no column bears.

    >>> free_name("y", ["x", "y"])
    'y_'
    """
    names = set(taken)
    while wanted in names:
        wanted += "_"
    return wanted
