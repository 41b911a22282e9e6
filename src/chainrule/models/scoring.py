"""How good predictions are, beside the best guess that needs no inputs, and beside a linear model."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.labels import checked_outputs, encode_target, in_units, predicted_codes
from chainrule.data.target import Target, describe_thresholds
from chainrule.errors import DataError, ShapeError
from chainrule.models.found import Cells, ClassFound, found_of
from chainrule.models.intervals import Resampled, interval, resample, scores_of_draws, without_a_mistake
from chainrule.models.scores import Scores, larger_is_better
from chainrule.train.metrics import Metric, Watched, lacks_value, resolve

Asked = tuple[
    str, Watched, np.ndarray, np.ndarray
]  # a score: its name, its metric, and what that is called with
USUAL: dict[str, tuple[str, ...]] = {
    "binary": ("accuracy", "auc", "balanced_accuracy", "precision", "recall", "f1", "log_loss"),
    "multiclass": ("accuracy", "auc", "balanced_accuracy", "f1", "log_loss"),
    "multilabel": ("accuracy", "auc", "precision", "recall", "f1", "log_loss"),
    "regression": ("r2", "mae", "rmse"),
}
_BASELINES = {
    "regression": "the mean of training, in every row",
    "multilabel": "what is more frequent in training of each label, in every row",
}
_LINEAR = {"regression": "linear regression"}


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


def judge(
    target: Target,
    truth: pd.DataFrame | np.ndarray,
    outputs: np.ndarray,
    *,
    linear: tuple[Target, np.ndarray] | None = None,
    metrics: Any = (),
    seed: int = 0,
) -> Scores:
    """Return all that can be said of a network's outputs, shape (rows, target.width), with intervals.

    Args:
        target: What is predicted.
        truth: A table with the target columns, or what :func:`~chainrule.data.labels.encode_target` made of it.
        outputs: Those of the network.
        linear: Those of a linear model for the same rows, and the target with the thresholds that suit it.
        metrics: As in :func:`score`.
        seed: Decides how rows are drawn for intervals.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> scores = judge(target, np.array([0, 0, 1, 1] * 9), np.array([[0.1], [0.6], [0.7], [0.9]] * 9))
    >>> low, high = scores.intervals["network"]["accuracy"]
    >>> low < scores.network["accuracy"] < high
    True
    """
    given = {"network": (target, outputs)}
    if linear:
        given["linear"] = linear
    given["baseline"] = _guess(target, len(outputs))
    asked = {whose: list(_asked(of, truth, p, metrics)) for whose, (of, p) in given.items()}
    found = {whose: {name: metric(y, p) for name, metric, y, p in rows} for whose, rows in asked.items()}
    y, p = measured(target, truth, outputs)
    return Scores(
        len(outputs), found["network"], found["baseline"],
        _BASELINES.get(target.task, "the most frequent class of training, in every row"),
        told_of(target, truth, outputs, metrics),
        found.get("linear", {}), _LINEAR.get(target.task, "logistic regression") if linear else "",
        _intervals(asked, found, seed), *_found(target, y, p),
    )  # fmt: skip


def score(
    target: Target, truth: pd.DataFrame | np.ndarray, outputs: np.ndarray, metrics: Any = ()
) -> dict[str, float]:
    """Return the scores of a network's outputs, shape (rows, target.width).

    ``truth`` is a table with the target columns, or what :func:`~chainrule.data.labels.encode_target` made of
    it; ``metrics`` are named as in :meth:`Network.fit`. Errors are in the target's units; of several columns of numbers
    each has its own, ``mae_<column>``, and ``r2`` is their mean. What has no value for these rows (R² of one row,
    AUC of one class) is left out, see :func:`told_of`.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> score(target, np.array([0, 0, 1, 1]), np.array([[0.1], [0.6], [0.7], [0.9]]), ["accuracy", "auc"])
    {'accuracy': 0.75, 'auc': 1.0}
    """
    return {name: metric(y, p) for name, metric, y, p in _asked(target, truth, outputs, metrics)}


def baseline(target: Target, truth: pd.DataFrame | np.ndarray, metrics: Any = ()) -> dict[str, float]:
    """Return the scores of a prediction that is the same in every row.

    It is the most frequent class in training, or the mean of training. Whatever does no better than it has
    learned nothing.

    >>> baseline(Target("binary", ("kind",), ("ham", "spam"), (0.75, 0.25)), np.array([0, 0, 1]))["auc"]
    0.5
    """
    of, outputs = _guess(target, len(truth))
    return score(of, truth, outputs, metrics)


def told_of(
    target: Target, truth: pd.DataFrame | np.ndarray, outputs: np.ndarray, metrics: Any = ()
) -> tuple[str, ...]:
    """Return what is to be said of scores: what has no value for these rows, and which threshold they are of.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> told_of(target, np.array([0, 0]), np.array([[0.1], [0.6]]), ["accuracy", "auc"])
    ('Left out, as every row is no (0): auc.',)
    """
    y, p = measured(target, truth, outputs)
    sentences = []
    whys = {name: lacks_value(metric, y, p) for name, metric in chosen(target, metrics).items()}
    for why in dict.fromkeys(filter(None, whys.values())):
        names = [name for name in whys if whys[name] == why]
        sentences.append(f"Left out, as {why}: {', '.join(names)}.")
    if target.thresholds:
        sentences.append(describe_thresholds(target))
    return tuple(sentences)


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


def decides(metric: Watched) -> bool:
    """Say whether a metric looks at what outputs are taken for, and so at the threshold."""
    return metric.classes if isinstance(metric, Metric) else metric.compares == "classes" and not metric.ranks


def _guess(target: Target, rows: int) -> tuple[Target, np.ndarray]:
    """Return what is the same in every row: the shares of the classes, or the mean, which is 0 here."""
    same = {"regression": np.zeros(target.width), "binary": target.shares[1:]}.get(target.task, target.shares)
    return replace(target, thresholds=()), np.tile(np.asarray(same), (rows, 1))


def _asked(
    target: Target, truth: pd.DataFrame | np.ndarray, outputs: np.ndarray, metrics: Any
) -> Iterator[Asked]:
    """Yield each score's name, its metric, and what that is to be called with."""
    y, p = measured(target, truth, outputs)
    taken = predicted_codes(target, p).astype(p.dtype) if target.thresholds else p
    for name, metric in chosen(target, metrics).items():
        if lacks_value(metric, y, p):
            continue
        seen = taken if decides(metric) else p
        if target.task == "regression" and name != "r2" and len(target.columns) > 1:
            for i, column in enumerate(target.columns):
                yield f"{name}_{column}", metric, y[:, [i]], seen[:, [i]]
        else:
            yield name, metric, y, seen


def _intervals(
    asked: dict[str, list[Asked]],
    found: dict[str, dict[str, float]],
    seed: int,
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return the intervals of all scores, and of by how much the network is better, in the same draws."""
    drawn: Resampled | None = None
    intervals: dict[str, dict[str, tuple[float, ...]]] = {}
    draws: dict[str, dict[str, np.ndarray]] = {}
    for whose, scores in asked.items():
        draws[whose], intervals[whose] = {}, {}
        for name, metric, y, p in scores:
            drawn = drawn or resample(len(y), seed)
            draws[whose][name] = values = scores_of_draws(metric, y, p, drawn, seed)
            if ends := interval(values):
                perfect = whose != "baseline" and decides(metric) and found[whose][name] == 1.0
                intervals[whose][name] = without_a_mistake(_rarest(name, y)) if perfect else ends
    for than in [whose for whose in asked if whose != "network"]:
        gains = intervals[f"over_{than}"] = {}
        for name in [name for name in draws["network"] if name in draws[than]]:
            larger = larger_is_better(name)
            with np.errstate(invalid="ignore"):  # infinite errors
                gain = draws["network"][name] - draws[than][name]
            if larger is not None and (ends := interval(gain if larger else -gain)):
                gains[name] = ends
    return intervals


def _rarest(name: str, y: np.ndarray) -> int:
    """Return how many rows a score without a mistake speaks of at least: all, or those of the rarest class."""
    if name == "accuracy":
        return len(y)
    counts = (
        np.unique(y, return_counts=True)[1]
        if y.ndim == 1
        else np.vstack([y.sum(axis=0), (1 - y).sum(axis=0)])
    )
    return int(counts[counts > 0].min())


def _found(target: Target, y: np.ndarray, p: np.ndarray) -> tuple[tuple[ClassFound, ...], Cells]:
    """Return what was found of each class or label, and what was taken for what; of numbers nothing."""
    if target.task == "regression":
        return (), ()
    said = predicted_codes(target, p)
    if target.task == "multilabel":
        return found_of(target.columns, y.astype(np.int64), said)
    return found_of([str(label) for label in target.classes], y.reshape(-1).astype(np.int64), said[:, 0])
