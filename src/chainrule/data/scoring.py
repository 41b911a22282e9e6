"""How good predictions are, beside the best that is possible without looking at the inputs."""

import numpy as np
import pandas as pd

from chainrule.data.labels import checked_outputs, encode_target, in_units, predicted_codes
from chainrule.data.target import Target
from chainrule.errors import DataError, ShapeError


def score(target: Target, truth: pd.DataFrame | np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    """Return the scores of a network's outputs, shape (rows, target.width).

    ``truth`` is a table with the target columns, or what :func:`~chainrule.data.labels.encode_target` made of
    it. Classes: ``accuracy``, and for two classes ``auc``. Multi-label: ``accuracy`` over all cells, and
    ``f1`` over all of them (micro). Regression: ``r2``, and ``mae`` and ``rmse`` in the target's units; with
    several targets ``r2`` is their mean, and each has its own ``mae_<column>`` and ``rmse_<column>``. What a
    table is too small or too uniform for (R² of one row, AUC of one class) is left out.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> score(target, np.array([0, 0, 1, 1]), np.array([[0.1], [0.6], [0.7], [0.9]]))
    {'accuracy': 0.75, 'auc': 1.0}
    """
    truth = encode_target(target, truth) if isinstance(truth, pd.DataFrame) else np.asarray(truth)
    outputs = checked_outputs(target, outputs)
    if not len(truth):
        raise DataError("There is no row to score predictions with.")
    if len(truth) != len(outputs):
        raise ShapeError(f"{len(outputs)} predictions cannot be scored with {len(truth)} rows.")
    if target.task == "regression":
        return _regression(target, in_units(target, truth), in_units(target, outputs))
    return _classification(target, truth, outputs)


def baseline(target: Target, truth: pd.DataFrame | np.ndarray) -> dict[str, float]:
    """Return the scores of a prediction that is the same in every row.

    It is the most frequent class in training, or the mean of training. Whatever does no better than it has
    learned nothing.

    >>> baseline(Target("binary", ("kind",), ("ham", "spam"), (0.75, 0.25)), np.array([0, 0, 1]))["auc"]
    0.5
    """
    same = {"regression": np.zeros(target.width), "binary": target.shares[1:]}.get(target.task, target.shares)
    return score(target, truth, np.tile(np.asarray(same), (len(truth), 1)))


def _classification(target: Target, truth: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    codes = predicted_codes(target, outputs)
    if target.task == "multilabel":
        hits, yes = float((truth * codes).sum()), float(truth.sum() + codes.sum())  # said yes, and are yes
        return {"accuracy": float((codes == truth).mean()), "f1": 2 * hits / yes if yes else 0.0}
    scores = {"accuracy": float((codes[:, 0] == truth).mean())}
    if target.task == "binary" and len(np.unique(truth)) == 2:
        scores["auc"] = _auc(truth, outputs[:, 0])
    return scores


def _auc(truth: np.ndarray, outputs: np.ndarray) -> float:
    """Return the share of pairs of a yes and a no that the outputs put in order; a tie is half in order.

    The formula of Mann and Whitney (1947): the sum of the ranks of the yes tells it without making the pairs.
    """
    ranks = pd.Series(outputs).rank().to_numpy()  # tied outputs share the mean of their ranks
    yes = int(truth.sum())
    pairs = yes * (len(truth) - yes)
    return float((ranks[truth == 1].sum() - yes * (yes + 1) / 2) / pairs)


def _regression(target: Target, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    errors = predicted - truth
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    defined = np.ptp(truth, axis=0).all() and spread.all()  # equal numbers may differ from their rounded mean
    scores = {"r2": float((1 - (errors**2).sum(axis=0) / spread).mean())} if defined else {}
    maes, rmses = np.abs(errors).mean(axis=0), np.sqrt((errors**2).mean(axis=0))
    for name, mae, rmse in zip(target.columns, maes, rmses, strict=True):
        suffix = f"_{name}" if len(target.columns) > 1 else ""
        scores |= {f"mae{suffix}": float(mae), f"rmse{suffix}": float(rmse)}
    return scores
