"""How good predictions are, beside the best that is possible without looking at the inputs."""

from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.labels import checked_outputs, encode_target, in_units
from chainrule.data.target import Target
from chainrule.errors import DataError, ShapeError
from chainrule.shown import counted
from chainrule.train.measures import counts
from chainrule.train.metrics import Watched, lacks_value, resolve

USUAL: dict[str, tuple[str, ...]] = {
    "binary": ("accuracy", "auc", "balanced_accuracy", "precision", "recall", "f1", "log_loss"),
    "multiclass": ("accuracy", "auc", "balanced_accuracy", "f1", "log_loss"),
    "multilabel": ("accuracy", "auc", "precision", "recall", "f1", "log_loss"),
    "regression": ("r2", "mae", "rmse"),
}


def chosen(target: Target, metrics: Any = ()) -> dict[str, Watched]:
    """Return the metrics that are meant, by name; those that are usual for a target if none are.

    Raises:
        DataError: If a metric makes no sense of such a target.
        UnknownNameError: If there is none of a name.

    >>> list(chosen(Target("regression", ("price",), mean=(0.0,), std=(1.0,))))
    ['r2', 'mae', 'rmse']
    """
    found = resolve(metrics or USUAL[target.task], softmax=target.task == "multiclass")
    wrong = ("classes", "probabilities") if target.task == "regression" else ("numbers",)
    for name, metric in found.items():
        if metric.compares in wrong:
            said = "numbers" if target.task == "regression" else "classes"
            usual = ", ".join(USUAL[target.task])
            compares = "numbers" if metric.compares == "numbers" else "classes"
            raise DataError(
                f"The metric '{name}' compares {compares}, and the target holds {said}. Take some of {usual}."
            )
    return found


def score(
    target: Target, truth: pd.DataFrame | np.ndarray, outputs: np.ndarray, metrics: Any = ()
) -> dict[str, float]:
    """Return the scores of a network's outputs, shape (rows, target.width).

    ``truth`` is a table with the target columns, or what :func:`~chainrule.data.labels.encode_target` made of
    it; ``metrics`` are named as in :meth:`Network.fit`. Errors are in the target's units; of several columns of numbers
    each has its own, ``mae_<column>``, and ``r2`` is their mean. What has no value for these rows (R² of one row,
    AUC of one class) is left out, see :func:`left_out`.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> score(target, np.array([0, 0, 1, 1]), np.array([[0.1], [0.6], [0.7], [0.9]]), ["accuracy", "auc"])
    {'accuracy': 0.75, 'auc': 1.0}
    """
    y, p = measured(target, truth, outputs)
    scores: dict[str, float] = {}
    for name, metric in chosen(target, metrics).items():
        if lacks_value(metric, y, p):
            continue
        if target.task == "regression" and name != "r2" and len(target.columns) > 1:
            parts = enumerate(target.columns)
            scores |= {f"{name}_{c}": metric(y[:, [i]], p[:, [i]]) for i, c in parts}
        else:
            scores[name] = metric(y, p)
    return scores


def baseline(target: Target, truth: pd.DataFrame | np.ndarray, metrics: Any = ()) -> dict[str, float]:
    """Return the scores of a prediction that is the same in every row.

    It is the most frequent class in training, or the mean of training. Whatever does no better than it has
    learned nothing.

    >>> baseline(Target("binary", ("kind",), ("ham", "spam"), (0.75, 0.25)), np.array([0, 0, 1]))["auc"]
    0.5
    """
    same = {"regression": np.zeros(target.width), "binary": target.shares[1:]}.get(target.task, target.shares)
    return score(target, truth, np.tile(np.asarray(same), (len(truth), 1)), metrics)


def told_of(
    target: Target, truth: pd.DataFrame | np.ndarray, outputs: np.ndarray, metrics: Any = ()
) -> tuple[str, ...]:
    """Return what is to be said of scores: how many were found and missed, and what has no value for these rows.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> print(*told_of(target, np.array([0, 0, 1, 1]), np.array([[0.1], [0.6], [0.7], [0.9]])))
    Of 2 rows of 'spam' 2 were found and 0 missed; of 2 of 'ham' 1 was taken for 'spam'.
    """
    y, p = measured(target, truth, outputs)
    sentences = []
    if target.task == "binary":
        no, yes = (repr(label) for label in target.classes)
        found = counts(y, p, np.ones(len(y)))
        hits, said, true = (int(x[0]) for x in (found.hits, found.said, found.true))
        sentences.append(
            f"Of {counted(true, 'row')} of {yes} {hits:,} {_were(hits)} found and {true - hits:,} missed; of "
            f"{len(y) - true:,} of {no} {said - hits:,} {_were(said - hits)} taken for {yes}."
        )
    whys = {name: lacks_value(metric, y, p) for name, metric in chosen(target, metrics).items()}
    for why in dict.fromkeys(filter(None, whys.values())):
        names = [name for name in whys if whys[name] == why]
        sentences.append(f"Left out, as {why}: {', '.join(names)}.")
    return tuple(sentences)


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def measured(
    target: Target, truth: pd.DataFrame | np.ndarray, outputs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and outputs as metrics take them: numbers of classes, or columns."""
    y = encode_target(target, truth) if isinstance(truth, pd.DataFrame) else np.asarray(truth)
    p = checked_outputs(target, outputs)
    if not len(y):
        raise DataError("There is no row to score predictions with.")
    if len(y) != len(p):
        raise ShapeError(f"{len(p)} predictions cannot be scored with {len(y)} rows.")
    if target.task == "regression":
        return in_units(target, y), in_units(target, p)
    p = p.astype(np.float32 if np.asarray(outputs).dtype == np.float32 else np.float64)
    return (y if target.task == "multiclass" else y.reshape(len(y), -1).astype(p.dtype)), p
