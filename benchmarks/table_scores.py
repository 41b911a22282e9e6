"""What predictions of a table are worth: scores, how honest probabilities and intervals are, and who is better."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, r2_score, roc_auc_score

from benchmarks.table_sets import TableSet

RESAMPLED = 200
LEAST = 1e-7  # of a probability whose logarithm is taken


@dataclass(frozen=True)
class Predictions:
    """What a model says of the rows that judge it.

    Attributes:
        values: (rows, outputs): numbers, the probability of each class in the order of the alphabet, or of each label.
        seconds: What training took.
        chosen: Where labels are decided by a threshold of the model's own: (rows, labels), 0 or 1.
        low: (rows, outputs), the lower ends of intervals of 90 %, where there are any.
        high: The upper ends.
        notes: What the model says of itself.
    """

    values: np.ndarray
    seconds: float = 0.0
    chosen: np.ndarray | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    notes: str = ""


def classes_of(found: TableSet, train: pd.DataFrame) -> list[str]:
    """Return the classes of a table as texts, in order; none where there are no classes."""
    return sorted(train[found.targets[0]].astype(str).unique()) if found.task == "classification" else []


def truth_of(found: TableSet, train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Return what is true of rows that judge: numbers or labels (rows, outputs), or the place of the class (rows,)."""
    if found.task == "classification":
        places = {name: place for place, name in enumerate(classes_of(found, train))}
        return np.array([places[name] for name in test[found.targets[0]].astype(str)])
    return test[list(found.targets)].to_numpy(float)


def losses(found: TableSet, truth: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what each row adds to the cost: its squared error in variances, or its negative log likelihood."""
    if found.task == "regression":
        return np.mean((truth - values) ** 2 / truth.var(axis=0), axis=1)
    p = np.clip(values, LEAST, 1 - LEAST)
    if found.task == "multilabel":
        return -np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p), axis=1)
    return -np.log(p[np.arange(len(truth)), truth])


def calibration_error(right: np.ndarray, p: np.ndarray, bins: int = 10) -> float:
    """Return how far probabilities are from how often they are right, over bins of equal width (Guo et al. 2017)."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum(abs((right - p)[which == k].sum()) for k in range(bins)) / len(p))


def score(found: TableSet, truth: np.ndarray, told: Predictions) -> dict[str, float]:
    """Return all scores by name; the first is the one that models are compared by."""
    p, few = told.values, {"loss": float(losses(found, truth, told.values).mean())}
    if found.task == "regression":
        scores = {"r2": float(r2_score(truth, p))}
        if told.low is not None and told.high is not None:
            scores["covered"] = float(np.mean((told.low <= truth) & (truth <= told.high)))
        return scores | few
    if found.task == "multilabel":
        half = p > 0.5
        chosen = half if told.chosen is None else told.chosen > 0
        return {
            "f1 at 0.5": float(f1_score(truth, half, average="micro")),
            "f1": float(f1_score(truth, chosen, average="micro")),
            "hamming at 0.5": float(np.mean(truth != half)),
            "hamming": float(np.mean(truth != chosen)),
        } | few
    accuracy = {"accuracy": float(np.mean(p.argmax(axis=1) == truth))}
    if p.shape[1] > 2:
        return accuracy | few | {"ece": calibration_error(p.argmax(axis=1) == truth, p.max(axis=1))}
    auc = {"auc": float(roc_auc_score(truth, p[:, 1]))}
    return auc | accuracy | few | {"ece": calibration_error(truth.astype(float), p[:, 1])}


def better(
    found: TableSet, name: str, splits: Sequence[tuple[np.ndarray, Predictions, Predictions]]
) -> tuple[float, float]:
    """Return by how much the first of two predictions is better in a score, and the standard error of that.

    Over three splits or more the differences say it themselves; of fewer, rows are drawn anew (Efron 1979).
    """
    sign = -1 if name.startswith(("loss", "ece", "hamming")) else 1

    def difference(truth: np.ndarray, one: Predictions, other: Predictions, rows: np.ndarray) -> float:
        parts = [score(found, truth[rows], picked(told, rows)) for told in (one, other)]
        return sign * (parts[0][name] - parts[1][name])

    whole = [difference(*split, np.arange(len(split[0]))) for split in splits]
    if len(splits) > 2:
        return float(np.mean(whole)), float(np.std(whole, ddof=1) / np.sqrt(len(whole)))
    spreads = []
    for split in splits:
        rng, n = np.random.default_rng(0), len(split[0])
        spreads.append(np.var([difference(*split, rng.integers(0, n, n)) for _ in range(RESAMPLED)]))
    return float(np.mean(whole)), float(np.sqrt(np.sum(spreads)) / len(splits))


def picked(told: Predictions, rows: np.ndarray) -> Predictions:
    """Return the predictions of some rows."""
    return Predictions(told.values[rows], chosen=None if told.chosen is None else told.chosen[rows])
