"""The works of ``benchmarks.estimators``: tables, settings, and both makers of estimators of the same names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.learnable import pictures

OURS, THEIRS = "chainrule", "scikit-learn"
WHOSE = (OURS, THEIRS)
SOLVERS = ("adam", "sgd", "lbfgs")
DTYPES = ("float32", "float64")
TABLES = ("breast_cancer", "diabetes", "digits", "iris")


def estimator(whose: str, name: str, **settings: Any) -> Any:
    """Return an estimator, of chainrule or of scikit-learn: the import is all that differs."""
    if whose == OURS:
        import chainrule as module
    else:
        from sklearn import neural_network as module
    return getattr(module, name)(**settings)


@cache
def table(name: str, folder: str | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Return inputs of about 1, targets, and where they are from."""
    if name == "pictures":
        return pictures(Path(folder) if folder else None)
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = X / 16 if name == "digits" else (X - X.mean(axis=0)) / X.std(axis=0)
    return X, y, "scikit-learn"


@dataclass(frozen=True)
class Fit:
    """A fit to time.

    Attributes:
        name: What the command line calls it.
        title: What the table calls it.
        data: The name of its table.
        settings: What is said of the network; all else is as scikit-learn has it by default.
        goal: How many times as fast a fit by Adam ought to be, X float32 and float64 alike; None for no goal.
        kind: The class.
    """

    name: str
    title: str
    data: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    goal: float | None = None
    kind: str = "MLPClassifier"

    def inputs(self, dtype: str, folder: str | None) -> tuple[np.ndarray, np.ndarray]:
        """Return X of a dtype, and y."""
        X, y, _ = table(self.data, folder)
        return np.ascontiguousarray(X, dtype), y

    def made(self, whose: str, solver: str = "adam") -> Any:
        """Return the estimator, not fitted."""
        return estimator(whose, self.kind, solver=solver, random_state=0, **self.settings)


FITS = {
    fit.name: fit
    for fit in (
        Fit("iris", "iris, 4-100-3, 150 rows, defaults", "iris", goal=10),
        Fit("cancer", "breast cancer, 30-100-1, 569 rows, defaults", "breast_cancer"),
        Fit("digits", "digits, 64-100-10, 1,797 rows, defaults", "digits", goal=10),
        Fit("diabetes", "diabetes, 10-100-1, 442 rows, defaults", "diabetes", kind="MLPRegressor"),
        Fit(
            "784-128-10",
            "784-128-10, 12,800 rows, `max_iter=5`",
            "pictures",
            {"hidden_layer_sizes": (128,), "max_iter": 5},
            goal=3,
        ),
        Fit(
            "784-512-512-10",
            "784-512-512-10, 12,800 rows, `max_iter=3`",
            "pictures",
            {"hidden_layer_sizes": (512, 512), "max_iter": 3},
            goal=2.5,
        ),
    )
}


@dataclass(frozen=True)
class Other:
    """Something else that estimators do.

    Attributes:
        title: What the table calls it.
        make: From whose, and the folder of the larger tables, to what is to be timed; what it returns must agree.
    """

    title: str
    make: Callable[[str, str | None], Callable[[], Any]]


def searching(jobs: int) -> Callable[[str, str | None], Callable[[], Any]]:
    """Return a grid search of 24 fits."""

    def make(whose: str, folder: str | None) -> Callable[[], Any]:
        from sklearn.model_selection import GridSearchCV

        X, y = FITS["iris"].inputs("float64", folder)
        grid = {"hidden_layer_sizes": [(16,), (32, 16)], "learning_rate_init": [0.001, 0.003, 0.01, 0.03]}
        search = GridSearchCV(
            estimator(whose, "MLPClassifier", random_state=0), grid, cv=3, n_jobs=jobs, refit=False
        )
        return lambda: search.fit(X, y).cv_results_["mean_test_score"]

    return make


def partly(whose: str, folder: str | None) -> Callable[[], Any]:
    """Return ten epochs by ``partial_fit``, a hundred rows at a time."""
    X, y = FITS["digits"].inputs("float64", folder)

    def work() -> Any:
        network = estimator(whose, "MLPClassifier", random_state=0)
        for _ in range(10):
            for first in range(0, 1700, 100):
                network.partial_fit(X[first : first + 100], y[first : first + 100], classes=range(10))
        return np.array(network.loss_curve_)

    return work


def sparsely(whose: str, folder: str | None) -> Callable[[], Any]:
    """Return five epochs on rows of 5,000 numbers of which 50 are not 0."""
    from scipy.sparse import random_array

    rng = np.random.default_rng(0)
    X = random_array((4000, 5000), density=0.01, format="csr", rng=rng)
    y = np.asarray(X[:, :50].sum(axis=1) > X[:, 50:100].sum(axis=1))

    def work() -> Any:
        network = estimator(whose, "MLPClassifier", hidden_layer_sizes=(64,), max_iter=5, random_state=0)
        return np.array(network.fit(X, y).loss_curve_)

    return work


def scoring(whose: str, folder: str | None) -> Callable[[], Any]:
    """Return five folds of a pipeline, as most first see how good something is."""
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = FITS["cancer"].inputs("float64", folder)
    pipeline = make_pipeline(
        StandardScaler(), estimator(whose, "MLPClassifier", early_stopping=True, random_state=0)
    )
    return lambda: cross_val_score(pipeline, X, y, cv=5)


OTHERS = {
    "search": Other("`GridSearchCV`, iris, 24 fits, `n_jobs=1`", searching(1)),
    "search-2": Other("`GridSearchCV`, iris, 24 fits, `n_jobs=2`", searching(2)),
    "scores": Other(
        "`cross_val_score`, breast cancer, 5 folds of a pipeline, `early_stopping=True`", scoring
    ),
    "partial": Other("`partial_fit`, digits, 170 calls of 100 rows", partly),
    "sparse": Other("sparse X, 4,000 × 5,000, a hundredth of it not 0, 64 units, `max_iter=5`", sparsely),
}
