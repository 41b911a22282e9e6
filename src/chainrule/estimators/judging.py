"""How good a network is on rows that it does not learn from: a score, and a loss."""

import copy
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from chainrule.errors import unknown_name
from chainrule.estimators.holding import Rows, cast

Judge = Callable[[Sequence[np.ndarray]], tuple[float, float]]
"""From the values of a network to a score and a loss."""


def judge(model: Any, held: Rows) -> tuple[Judge, list[float], list[float]]:
    """Return what finds the score and the loss of held-back rows; where the scores stand, and where the losses."""
    scores, losses = ([*(vars(model).get(f"validation_{name}_") or [])] for name in ("scores", "loss_curve"))
    model.validation_scores_, model.validation_loss_curve_ = scores, losses
    known = (held.X, model._named(held.y)) if held.known is None else held.known
    scored = copy.copy(model)
    if held.known is None and hasattr(scored, "feature_names_in_"):
        del scored.feature_names_in_  # which were looked at, and arrays have none
    score = None if model.scoring in (None, "loss") else _scorer_of(model.scoring)
    weight = {} if held.weight is None else {"sample_weight": held.weight}

    loss_of = cache(lambda dtype: _loss_of(model, held, dtype))

    def judged(values: Sequence[np.ndarray]) -> tuple[float, float]:
        p = model._put_out(held.X, list(values))
        loss = loss_of(p.dtype)(p)
        if model.scoring is None:
            return model._score_of(held.y, p, held.weight), loss
        if score is None:
            return -loss, loss
        if not np.isfinite(p).all():
            return float("nan"), loss
        scored._values = list(values)
        return float(score(scored, *known, **weight)), loss

    return judged, scores, losses


def _loss_of(model: Any, rows: Rows, dtype: np.dtype) -> Callable[[np.ndarray], float]:
    """Return what the curve of losses says of rows, given what was put out for them; the weights cost nothing."""
    y, mass = model._targets(rows.y, dtype), [] if rows.mass is None else [cast(rows.mass, dtype)]
    telling = model._on(model._learner(dtype, rows.mass is not None).telling, 1, len(rows))
    return lambda p: float(telling.step([], [y, p, *mass])[1][0])


def _scorer_of(scoring: Any) -> Callable[..., float]:
    """Return what scores ``(estimator, X, y)``: a scorer of scikit-learn's by name, or the user's function.

    Raises:
        UnknownNameError: If no scorer bears the name.
    """
    if callable(scoring):
        found: Callable[..., float] = scoring
        return found
    from sklearn.metrics import get_scorer, get_scorer_names  # noqa: PLC0415 -- few choose their own

    if scoring not in get_scorer_names():
        raise unknown_name("scorer", scoring, [*get_scorer_names(), "loss"])
    found = get_scorer(scoring)
    return found
