"""What is watched beside the cost: the metrics of an epoch, from what an engine puts out for its batches."""

import numpy as np

from chainrule.engines.epochs import Reading
from chainrule.graph.evaluate import Arrays
from chainrule.train.metrics import check_value
from chainrule.train.objective import Objective


def reading_of(goal: Objective, table: Arrays) -> Reading | None:
    """Return what makes metrics of what a training step puts out; None where nothing is watched.

    Each metric is that of all examples of the epoch, each predicted as it was when it was learned from.
    """
    if not goal.watched:
        return None

    def read(numbers: np.ndarray, rows: np.ndarray, each: Arrays) -> np.ndarray:
        cost, *sums = numbers.T
        found = dict(zip(goal.means.watched, (_over(s, sums[0]) for s in sums[1:]), strict=True))
        if each:
            part = [t[rows] for t in table]
            found |= {name: np.array([value]) for name, value in whole_values(goal, part, each).items()}
        return np.column_stack([cost, *(found[name] for name in goal.watched)])

    return read


def _over(total: np.ndarray, mass: np.ndarray) -> np.ndarray:
    return np.divide(total, mass, out=np.zeros(len(total)), where=mass > 0)


def whole_values(goal: Objective, table: Arrays, outputs: Arrays) -> dict[str, float]:
    """Return the metrics that look at all outputs at once; these come in parts, one after the other."""
    whole = goal.whole
    if not whole:
        return {}
    y, p, w = _as_measured(goal, table, np.concatenate(outputs))
    return {name: metric(y, p, w) for name, metric in whole.items()}


def check_values(goal: Objective, table: Arrays, called: str) -> None:
    """Raise where a metric has no value for a table, whatever is predicted."""
    rows, output = len(table[0]), goal.architecture.output
    if rows and any(getattr(metric, "lacks", None) for metric in goal.watched.values()):
        y, p, w = _as_measured(goal, table, np.zeros((rows, *map(int, output.shape[1:])), output.dtype))
        for name, metric in goal.watched.items():
            check_value(name, metric, y, p, w, called)


def _as_measured(
    goal: Objective, table: Arrays, p: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return targets, outputs and weights as metrics take them: of classes their numbers, else columns."""
    rows, y = len(p), table[len(goal.architecture.inputs)]
    w = None if goal.weight is None else table[-1].astype(np.float64) / (table[-1].max() or 1)
    if w is not None and w.ndim == 2:  # of each step by itself, of those that count
        some = w > 0
        y, p, w = y[some], p[some], w[some]
        w, rows = None if (w == w.max(initial=0)).all() else w, len(p)
    if goal.classes:
        y = y if y.dtype.kind in "iu" else y.argmax(axis=-1)
        p = p.reshape(-1, p.shape[-1])
        return y.ravel(), p, None if w is None else np.repeat(w, len(p) // max(rows, 1))
    return y.reshape(rows, -1), p.reshape(rows, -1), w
