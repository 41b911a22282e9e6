"""A search of 100 small fits, here and in scikit-learn: python -m benchmarks.search.

Four shapes of a network and five learning rates in five folds each: chainrule's ``fit_many`` on all cores, and
``GridSearchCV(MLPClassifier(...), n_jobs=cores)``, on the same folds, with the same batches, bounds of epochs and rule
to stop. ``first`` begins without compiled code and without processes, ``warm`` is the best of the searches after it.
"""

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import machine
from benchmarks.report import milliseconds
from benchmarks.run import say

SHAPES = ((16,), (32,), (64,), (32, 16))
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
EPOCHS, BATCH = 200, 32
SETS = ("iris", "wine", "breast_cancer")

Folds = Sequence[tuple[np.ndarray, np.ndarray]]
Search = Callable[[np.ndarray, np.ndarray, Folds], np.ndarray]


@dataclass(frozen=True)
class Searched:
    """How a search went.

    Attributes:
        first: The seconds of the first one.
        warm: Those of the best one after it.
        accuracy: The mean over folds of the candidate that is best.
    """

    first: float
    warm: float
    accuracy: float


def chainrule(tol: float) -> Search:
    """Return the search by ``fit_many``: the accuracy of each candidate, shape (shapes, rates), is what it gives."""
    import chainrule as cr

    def search(X: np.ndarray, y: np.ndarray, folds: Folds) -> np.ndarray:
        outputs = int(y.max()) + 1
        candidates = [(shape, rate, fold) for shape in SHAPES for rate in RATES for fold in folds]
        networks = [
            cr.Network(
                [*(cr.Dense(units, "relu") for units in shape), cr.Dense(outputs, "softmax")],
                input_shape=X.shape[1:],
                seed=0,
            )
            for shape, _, _ in candidates
        ]
        cr.fit_many(
            networks,
            X,
            y,
            rows=[learn for _, _, (learn, _) in candidates],
            optimizer=[cr.Adam(rate) for _, rate, _ in candidates],
            batch_size=BATCH,
            epochs=EPOCHS,
            tol=tol,
        )
        right = [
            float((network.predict_classes(X[judge]) == y[judge]).mean())
            for network, (_, _, (_, judge)) in zip(networks, candidates, strict=True)
        ]
        return np.reshape(right, (len(SHAPES), len(RATES), len(folds))).mean(axis=-1)

    return search


def scikit_learn(tol: float, cores: int) -> Search:
    """Return the same search by scikit-learn."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier

    def search(X: np.ndarray, y: np.ndarray, folds: Folds) -> np.ndarray:
        network = MLPClassifier(max_iter=EPOCHS, batch_size=BATCH, alpha=0.0, tol=tol, random_state=0)
        grid = {"hidden_layer_sizes": SHAPES, "learning_rate_init": RATES}
        found = GridSearchCV(network, grid, cv=list(folds), n_jobs=cores, refit=False).fit(X, y)
        return np.reshape(found.cv_results_["mean_test_score"], (len(SHAPES), len(RATES)))

    return search


def timed(search: Search, table: tuple[np.ndarray, np.ndarray, Folds], times: int) -> Searched:
    """Return how a search goes the first time, and then."""
    seconds = []
    for _ in range(1 + times):
        began = time.perf_counter()
        accuracy = search(*table)
        seconds.append(time.perf_counter() - began)
    return Searched(seconds[0], min(seconds[1:]), float(accuracy.max()))


def table_of(name: str) -> tuple[np.ndarray, np.ndarray, Folds]:
    """Return a table of scikit-learn's, standardised, and its folds."""
    from sklearn import datasets
    from sklearn.model_selection import StratifiedKFold

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, y, list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--sets", default=",".join(SETS), help="of scikit-learn's tables of classes")
    parser.add_argument("--times", type=int, default=2, help="how many searches follow the first")
    parser.add_argument("--tol", type=float, default=1e-4, help="scikit-learn's default; 0 runs all epochs")
    asked = parser.parse_args()
    cores = machine.cores()
    heads = [
        f"{whose}, {when}" for whose in ("chainrule", "scikit-learn", "ratio") for when in ("first", "warm")
    ]
    print(f"| 100 fits, ms, cores: {cores} | {' | '.join(heads)} | accuracy | |")
    print("|---|" + "--:|" * (len(heads) + 2))
    with tempfile.TemporaryDirectory() as empty, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn says of each fit that it might go on
        os.environ["CHAINRULE_CACHE"] = empty
        searches = chainrule(asked.tol), scikit_learn(asked.tol, cores)
        for name in asked.sets.split(","):
            say(name)
            ours, theirs = (timed(search, table_of(name), asked.times) for search in searches)
            cells = [milliseconds(x) for x in (ours.first, ours.warm, theirs.first, theirs.warm)]
            cells += [f"**{theirs.first / ours.first:.1f}**", f"**{theirs.warm / ours.warm:.1f}**"]
            print(
                f"| {name} | {' | '.join(cells)} | {ours.accuracy:.3f} | {theirs.accuracy:.3f} |", flush=True
            )


if __name__ == "__main__":
    main()
