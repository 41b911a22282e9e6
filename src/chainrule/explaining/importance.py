"""Permutation importance: how much worse predictions are where a column is shuffled, so that it tells nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.errors import DataError, short
from chainrule.explaining.subjects import Subject, subject_of
from chainrule.friendly import Friendly
from chainrule.shown import columns as aligned, counted, cut, screen
from chainrule.train.metrics import resolve
from chainrule.train.taking import take

__all__ = ["PermutationImportance", "permutation_importance"]


@dataclass(frozen=True, eq=False)
class Scoring:
    """How predictions for a table are scored.

    Attributes:
        metric: What the score is called.
        larger_is_better: Which way is better.
        X: What is shuffled, an array with two axes: the table, or in its place which row each cell is taken from.
        names: What its columns are called.
        score: Returns the score of predictions for such a table, with the same targets.
    """

    metric: str
    larger_is_better: bool
    X: Any
    names: tuple[str, ...]
    score: Callable[[Any], float]


@dataclass(frozen=True, eq=False, repr=False)
class PermutationImportance(Friendly):
    """How much each column matters to a score. :func:`permutation_importance` makes one; printed, it is a table.

    Attributes:
        names: What the columns are called.
        values: By how much the score was worse, ``(columns, repeats)``; below 0 where it was better.
        metric: Which score.
        score: What it is of the table as it is.

    >>> table, target = cr.load_table("iris")
    >>> model = cr.TableModel.train(table, target, epochs=30)
    >>> found = cr.permutation_importance(model, table, metric="accuracy")
    >>> found.names[found.mean.argmax()] in ("petal_length", "petal_width"), found.values.shape
    (True, (4, 5))
    """

    names: tuple[str, ...]
    values: np.ndarray
    metric: str
    score: float
    _repr_html_ = Door()

    @property
    def mean(self) -> np.ndarray:
        """The mean of each column over all shuffles.

        >>> network = cr.Network([cr.Dense(1, initializer=[[1.0], [0.0]])], input_shape=2)
        >>> cr.permutation_importance(network, np.eye(2), [1.0, 0.0]).mean > 0
        array([ True, False])
        """
        found: np.ndarray = self.values.mean(axis=1)
        return found

    @property
    def std(self) -> np.ndarray:
        """How far single shuffles lie from that mean, as a standard deviation.

        >>> network = cr.Network([cr.Dense(1, initializer=[[1.0], [0.0]])], input_shape=2)
        >>> cr.permutation_importance(network, np.eye(2), [1.0, 0.0], repeats=1).std
        array([0., 0.])
        """
        found: np.ndarray = self.values.std(axis=1)
        return found

    @property
    def rows(self) -> list[tuple[str, float, float]]:
        """Name, mean and standard deviation of each column, the one that matters most first.

        >>> network = cr.Network([cr.Dense(1, initializer=[[0.0], [1.0]])], input_shape=2)
        >>> [name for name, mean, std in cr.permutation_importance(network, np.eye(2), [0.0, 1.0]).rows]
        ['x[1]', 'x[0]']
        """
        order = np.argsort(-self.mean, kind="stable")
        return [(self.names[i], float(self.mean[i]), float(self.std[i])) for i in order]

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return plain data: lists and numbers.

        >>> network = cr.Network([cr.Dense(1, initializer=1.0)], input_shape=1)
        >>> cr.permutation_importance(network, [[1.0], [2.0]], [1.0, 2.0]).to_dict()["names"]
        ['x[0]']
        """
        return {
            "metric": self.metric, "score": self.score, "names": list(self.names), "values": self.values.tolist(),
        }  # fmt: skip

    def __str__(self) -> str:
        rows = [(cut(name, 40), f"{mean:.4g}", f"{std:.2g}") for name, mean, std in self.rows]
        title = f"{self.metric} {self.score:.4g}, and by how much it is worse where a column is shuffled:"
        return "\n".join([title, *screen(aligned([("column", "worse by", "±"), *rows]))])

    def __repr__(self) -> str:
        first = self.rows[0]
        return (
            f"<PermutationImportance of {counted(len(self.names), 'column')} for {self.metric}; most: "
            f"{cut(first[0], 30)} {first[1]:.4g}>"
        )


@public
def permutation_importance(
    network: Any, X: Any, y: Any = None, *, metric: Any = None, repeats: int = 5, seed: int = 0
) -> PermutationImportance:
    """Say how much each column matters: by how much a score is worse where the column is shuffled (Breiman 2001).

    A column that others can replace seems to matter little, and rows that were learned from tell
    what was learned by heart as well: give rows that were held back. What a shuffled table says may be of rows that
    there never are, where columns go together.

    Args:
        network: A :class:`Network`, a :class:`TableModel`, or a fitted estimator around one.
        X: Rows, ``(n, columns)``: an array or a DataFrame; for a model of a table a table with its targets, or the path
            of a file.
        y: Their targets, as ``network.evaluate`` takes them; none for a model of a table, which finds them in X.
        metric: Which score, as in ``fit``: by default the cost of a network, and what is usual for the target of a
            model: accuracy or r2.
        repeats: How often each column is shuffled, at least 1.
        seed: Decides how.

    Returns:
        By how much the score is worse for each column and shuffle; printed, a table, the column that matters most
        first.

    Raises:
        DataError: If X is no table, y is missing, or does not fit.
        GraphError: If there is no network in what is given.
        UnknownNameError: If no metric bears the name.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit(X, 3 * X[:, 0] + X[:, 1], epochs=30, optimizer=cr.Adam(0.05))
    >>> print(cr.permutation_importance(network, X, 3 * X[:, 0] + X[:, 1], metric="r2"))
    r2 1, and by how much it is worse where a column is shuffled:
    column  worse by      ±
    x[0]    ...
    """
    if not isinstance(repeats, int | np.integer) or repeats < 1:
        raise DataError(f"repeats is a whole number of at least 1; found {short(repeats)}.")
    subject = subject_of(network, X)
    scoring = (subject.scoring or _of_network)(subject, X, y, metric)
    return importance_by(scoring, int(repeats), seed)


def importance_by(scoring: Scoring, repeats: int, seed: int) -> PermutationImportance:
    """Return by how much a score is worse where a column is shuffled: scikit-learn's shuffles, from the same seed."""
    sign = 1 if scoring.larger_is_better else -1
    # all columns share the shuffles, as in scikit-learn, whose import would take longer than they do
    first = np.random.RandomState(int(seed) % 2**32).randint(np.iinfo(np.int32).max + 1)
    as_it_is, values = scoring.score(scoring.X), np.zeros((len(scoring.names), repeats))
    for column in range(len(scoring.names)):
        draw, order = np.random.RandomState(first), np.arange(len(scoring.X))
        given = np.array(scoring.X)
        for repeat in range(repeats):
            draw.shuffle(order)
            given[:, column] = given[order, column]
            values[column, repeat] = sign * (as_it_is - scoring.score(given))
    return PermutationImportance(scoring.names, values, scoring.metric, as_it_is)


def _of_network(subject: Subject, X: Any, y: Any, metric: Any) -> Scoring:
    """Return how the predictions of a network are scored."""
    network = subject.network
    if y is None:
        raise DataError("Importance is what a score loses, and a score needs targets: give y.")
    architecture = network._programs.architecture
    (name, *others), inputs = list(architecture.inputs), list(architecture.inputs.values())
    if others or inputs[0].ndim != 2:
        raise DataError(
            "Columns are shuffled, and this network takes no table (n, columns). What matters in pictures and "
            "sequences cr.attributions(network, X) says."
        )
    named = {} if metric is None else resolve(metric, softmax=False)
    if len(named) > 1:
        raise DataError(f"One metric decides what matters; found {', '.join(named)}.")
    called, watched = next(iter(named.items()), ("cost", None))
    larger = bool(getattr(watched, "larger_is_better", False))
    table = take(network._programs, X, network.columns).arrays[0]
    if not len(table):
        raise DataError("X has no rows: there is nothing to shuffle.")
    names = subject.names or tuple(f"{name}[{i}]" for i in range(table.shape[1]))

    def score(table: np.ndarray) -> float:
        found = network.evaluate(table, y, metrics=[] if metric is None else metric)
        return float(found[called])

    return Scoring(called, larger, table, names, score)
