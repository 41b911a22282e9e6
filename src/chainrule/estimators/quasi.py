"""L-BFGS as scikit-learn runs it: SciPy's, on what all examples cost together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from chainrule.estimators.settings import warn_as_theirs
from chainrule.graph.evaluate import Arrays
from chainrule.train.fit.threads import one_thread, threads_of_scipy

STOPPED = 99  # SciPy's number for an end that was asked for


@dataclass(frozen=True)
class Found:
    """Where L-BFGS came to: the values, what they cost, and after how many iterations."""

    values: Arrays
    loss: float
    iterations: int


def minimised(
    cost: Callable[[Arrays], tuple[float, Arrays]],
    values: Sequence[np.ndarray],
    max_iter: int,
    max_fun: int,
    tol: float,
    after: Callable[[Arrays, float], bool] | None = None,
) -> Found:
    """Return where the cost is least.

    Args:
        cost: From values to what they cost, and the gradient by each.
        values: Where to begin.
        max_iter: How many iterations there may be.
        max_fun: How many times the cost may be asked for.
        tol: How large an entry of the gradient is counted as 0.
        after: Who hears of the values after each iteration, and of what they cost; True ends it there.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 -- it takes long to import

    ends = [0, *accumulate(x.size for x in values)]
    parts = [(slice(*cut), x.shape) for cut, x in zip(pairwise(ends), values, strict=True)]

    def unpacked(flat: np.ndarray) -> Arrays:
        return [flat[cut].reshape(shape) for cut, shape in parts]

    def asked(flat: np.ndarray) -> tuple[float, np.ndarray]:
        loss, slopes = cost(unpacked(flat))
        return loss, np.concatenate([g.ravel() for g in slopes])

    def ended(intermediate_result: Any) -> None:  # SciPy looks at the name of the argument
        if after is not None and after(unpacked(intermediate_result.x), float(intermediate_result.fun)):
            raise StopIteration

    options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
    start = np.concatenate([np.ravel(x) for x in values])
    with one_thread(threads_of_scipy()):
        result = minimize(
            asked, start, method="L-BFGS-B", jac=True, callback=after and ended, options=options
        )
    iterations = min(result.nit, max_iter)
    if result.status not in (0, STOPPED):
        _warn_of(result, iterations, max_iter)
    return Found([np.array(x) for x in unpacked(result.x)], float(result.fun), iterations)


def _warn_of(result: Any, iterations: int, max_iter: int) -> None:
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

    message = result.message if isinstance(result.message, str) else result.message.decode("latin1")
    told = f"lbfgs failed to converge after {iterations} iteration(s) (status={result.status}):\n{message}\n"
    if iterations == max_iter:
        told += f"\nIncrease the number of iterations to improve the convergence (max_iter={max_iter})."
    told += (
        "\nYou might also want to scale the data as shown in:\n    https://scikit-learn.org/stable/modules/"
        "preprocessing.html"
    )
    warn_as_theirs(told, ConvergenceWarning)
