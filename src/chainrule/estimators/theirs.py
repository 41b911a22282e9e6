"""What estimators are made of in scikit-learn, which says nothing of its types: they are said here."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    class BaseEstimator:
        """Parameters by name, which each class sets in ``__init__``."""

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """Return the parameters."""

        def set_params(self, **params: Any) -> Any:
            """Set some of them."""

        def get_metadata_routing(self) -> Any:
            """Return which metadata its methods ask for."""

        def set_fit_request(self, **asked: bool | str | None) -> Any:
            """Say which metadata ``fit`` asks for."""

        def set_partial_fit_request(self, **asked: bool | str | None) -> Any:
            """Say which metadata ``partial_fit`` asks for."""

        def set_score_request(self, **asked: bool | str | None) -> Any:
            """Say which metadata ``score`` asks for."""

        def __sklearn_tags__(self) -> Any: ...

    class ClassifierMixin:
        """The score of a classifier."""

        def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
            """Return the share that is right."""

        def __sklearn_tags__(self) -> Any: ...

    class RegressorMixin:
        """The score of a regressor."""

        def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
            """Return R²."""

        def __sklearn_tags__(self) -> Any: ...


if not TYPE_CHECKING:
    from sklearn.base import (
        BaseEstimator as BaseEstimator,
        ClassifierMixin as ClassifierMixin,
        RegressorMixin as RegressorMixin,
    )
