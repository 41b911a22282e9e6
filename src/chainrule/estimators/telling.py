"""Who is told of each iteration of a fit: callbacks of ours, and scikit-learn's, which come with its version 1.9."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chainrule.doors import late
from chainrule.estimators.holding import Rows

if TYPE_CHECKING:
    from chainrule.estimators.audience import Audience, support
else:  # most fits have none
    Audience = late("chainrule.estimators.audience:Audience")
    support = late("chainrule.estimators.audience:support")


def set_callbacks(estimator: Any, *callbacks: Any) -> Any:
    """Give an estimator callbacks of scikit-learn's, in the place of those that it has.

    Raises:
        TypeError: If one is none, in scikit-learn's words.
        UnsupportedError: If the installed scikit-learn has none.
    """
    return support().set_callbacks(estimator, *callbacks)


def heard(estimator: Any, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Call a method that fits an estimator; callbacks of scikit-learn's are torn down behind it, whatever happens."""
    if not getattr(estimator, "_skl_callbacks", None):
        return method(*given, **named)
    from sklearn.callback import with_callbacks  # noqa: PLC0415 -- which takes long, and few ask for it

    return with_callbacks(lambda _: method(*given, **named))(estimator)


def audience(estimator: Any, rows: Rows, iterations: int) -> "Audience | None":
    """Return all who are to be told of a fit; None where nobody is."""
    if estimator.callbacks is None and not getattr(estimator, "_skl_callbacks", None):
        return None
    return Audience(estimator, rows, iterations)
