"""A fit by L-BFGS, which looks at all rows at once: of an estimator, what they cost, and who is told of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.estimators.holding import Rows, cast
from chainrule.estimators.judging import judge
from chainrule.estimators.quasi import minimised
from chainrule.estimators.telling import audience
from chainrule.estimators.whole import whole_cost
from chainrule.graph.evaluate import Arrays


def minimise(model: Any, rows: Rows, held: Rows | None) -> None:
    """Fit an estimator to rows; of those held back the score is recorded after each iteration."""
    dtype = rows.X.dtype
    learner = model._learner(dtype, rows.mass is not None)
    table = [rows.X, model._targets(rows.y, dtype)]
    if rows.mass is not None:
        table.append(cast(rows.mass, dtype))
    executable = model._on(learner.slopes, min(model.max_iter, model.max_fun), len(rows))
    whole = whole_cost(executable, table, model.alpha)

    def cost(values: Arrays) -> tuple[float, Arrays]:
        loss, slopes = whole([cast(x, dtype) for x in _in_turn(values)])
        return loss, [*slopes[::2], *slopes[1::2]]

    start = [np.asarray(x, dtype) for x in [*model.coefs_, *model.intercepts_]]
    hears = audience(model, rows, model.max_iter)
    judged, scores, losses = (None, [], []) if held is None else judge(model, held)

    def after(values: Arrays, loss: float) -> bool:
        turned = [cast(x, dtype) for x in _in_turn(values)]
        logs = {"cost": loss}
        if judged is not None:
            logs["val_score"], logs["val_cost"] = judged(turned)
            scores.append(logs["val_score"])
            losses.append(logs["val_cost"])
        return hears is not None and hears(turned, logs, False)

    heard = after if hears or judged else None
    found = minimised(cost, start, model.max_iter, model.max_fun, model.tol, heard)
    model._values = _in_turn(found.values)
    model.loss_, model.n_iter_ = found.loss, found.iterations
    if hears is not None:
        hears.end()


def _in_turn(values: Sequence[np.ndarray]) -> Arrays:
    half = len(values) // 2
    return [x for pair in zip(values[:half], values[half:], strict=True) for x in pair]
