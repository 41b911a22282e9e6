"""Metrics: numbers to watch that are not learned from. Each has one definition, wherever it is asked for.

Most are the mean of what each example is worth, a formula ``(y, p)`` on nodes or arrays, which every engine computes
beside the cost. The others are measures of all examples at once (:mod:`chainrule.train.measures`): they are taken of
the outputs themselves at the end of an epoch. Neither is a mean over batches.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from chainrule.errors import DataError, GraphError, UnknownNameError, short
from chainrule.friendly import Friendly, named
from chainrule.habits import COST
from chainrule.names import spelled
from chainrule.nn.losses import LOSSES, binary_crossentropy, categorical_crossentropy
from chainrule.nn.specs import find
from chainrule.train import measures

# NumPy's functions are called on nodes, of which its stubs do not know.
# mypy: disable-error-code="call-overload,no-any-return,return-value"


def accuracy(y: Any, p: Any) -> Any:
    """Return 1 for each example whose class is predicted right, else 0: (batch,).

    With one output, or several that are each yes or no, the class is ``p > 0.5`` (a tie at 0.5 is class 0)
    and the outputs are averaged; labels are compared with the largest output.

    >>> accuracy(np.array([[1.0], [0.0]]), np.array([[0.9], [0.6]]))
    array([1., 0.])
    """
    if y.dtype.kind in "iu" and y.ndim == p.ndim - 1:
        return np.equal(np.argmax(p, axis=-1), y).astype(p.dtype)
    right = np.equal(p > 0.5, y > 0.5).astype(p.dtype)
    return np.mean(right, axis=tuple(range(1, right.ndim)))


def categorical_accuracy(y: Any, p: Any) -> Any:
    """Return 1 for each example whose largest output is its class, else 0: (batch,)."""
    labels = y if y.dtype.kind in "iu" and y.ndim == p.ndim - 1 else np.argmax(y, axis=-1)
    return np.equal(np.argmax(p, axis=-1), labels).astype(p.dtype)


def log_loss(y: Any, p: Any) -> Any:
    """Return ``-log`` of the probability that was given to what came true, of which there is always a little.

    As in scikit-learn, probabilities keep the dtype's epsilon from 0 and 1, so that no number is infinite; the losses
    ``binary_crossentropy`` and ``categorical_crossentropy`` do without.

    >>> log_loss(np.array([[1.0], [0.0]]), np.array([[0.5], [0.0]])).round(4)
    array([0.6931, 0.    ])
    """
    return binary_crossentropy(y, _within_01(p))


def categorical_log_loss(y: Any, p: Any) -> Any:
    """Return :func:`log_loss` of classes.

    >>> categorical_log_loss(np.array([1]), np.array([[0.25, 0.5, 0.25]])).round(4)
    array([0.6931])
    """
    return categorical_crossentropy(y, _within_01(p))


def _within_01(p: Any) -> Any:
    little = float(np.finfo(p.dtype).eps)
    return np.clip(p, little, 1 - little)


def mape(y: Any, p: Any) -> Any:
    """Return ``|p - y| / |y|``, the error as a share of what is right: 0.1 is 10 %.

    >>> mape(np.array([[2.0], [-4.0]]), np.array([[3.0], [-4.0]]))
    array([0.5, 0. ])
    """
    share = np.abs(p - y) / np.abs(y)
    return np.mean(share, axis=tuple(range(1, share.ndim)))


@dataclass(frozen=True)
class Known:
    """A metric of ours.

    Attributes:
        formula: ``(y, p)`` of each example; or, if it is ``whole``, ``(y, p, w)`` of all.
        larger_is_better: Which way is better.
        compares: What it makes sense of.
        whole: Whether it looks at all examples at once.
        average: How classes or columns are averaged, where not as usual.
        lacks: Says why there is no value, or "", see :mod:`~chainrule.train.measures`.
    """

    formula: Callable[..., Any]
    larger_is_better: bool = False
    compares: Literal["anything", "classes", "probabilities", "numbers"] = "anything"
    whole: bool = False
    average: str = ""
    lacks: Callable[[Any, Any, Any], str] | None = None

    @property
    def ranks(self) -> bool:
        """Whether it looks at the order of the outputs, and not at what they are taken for."""
        return self.formula in (measures.auc, measures.average_precision)

    def __call__(self, y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> float:
        """Return its value of arrays as :mod:`~chainrule.train.measures` take them."""
        if not self.whole:
            return float(np.average(self.formula(y, p), weights=w))
        settings = {"average": self.average} if self.average else {}
        return float(self.formula(y, p, np.ones(len(y)) if w is None else w, **settings))


@dataclass(frozen=True)
class Metric(Friendly):
    """A metric of your own on whole arrays, such as the functions of scikit-learn.

    It is called once an epoch, with the targets and what was predicted for all examples. (A function ``(y, p)`` with
    operators and NumPy's functions, which works on nodes, needs none of this: it is done by the engine, and averaged
    over the examples.)

    Args:
        function: ``function(y, p)`` gives a number. ``y`` and ``p`` have a row for each example, without an axis of
            length 1: (n,) for one output; for classes ``y`` holds their numbers, and ``p`` is (n, classes).
            Where there are sample weights it is given ``sample_weight=``, which it must take.
        classes: Whether ``p`` holds the predicted classes, (n,), or yes or no as 1 or 0, in place of the outputs.
        name: What the history calls it; by default the function's name.

    Raises:
        GraphError: If ``function`` is none, or gives no number.

    >>> def missed(y, p):
    ...     return ((y == 1) & (p == 0)).sum()
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> network = cr.Network([cr.Dense(1, "sigmoid")], seed=0)
    >>> history = network.fit(X, y, epochs=500, optimizer="adam", metrics=[cr.Metric(missed, classes=True)])
    >>> history["missed"][-1]
    0.0
    """

    function: Callable[..., Any]
    classes: bool = False
    name: str = ""

    whole: ClassVar[bool] = True
    compares: ClassVar[str] = "anything"

    def __post_init__(self) -> None:
        if not callable(self.function) or isinstance(self.function, type):
            raise GraphError(f"Metric takes a function (y, p) of arrays; found {short(self.function)}.")
        if not isinstance(self.name, str):
            raise GraphError(f"Metric: name must be a text; found {short(self.name)}.")

    def __call__(self, y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> float:
        """Return its value of arrays.

        Args:
            y: The targets, a row for each example.
            p: The outputs, of the same shape.
            w: The weights of the examples, ``(n,)``, or None.

        Returns:
            The number that ``function`` gives.

        Raises:
            GraphError: If it gives no number.
        """
        if self.classes:
            p = p.argmax(axis=1) if y.ndim == 1 else (p > 0.5).astype(np.int64)
            y = y if y.ndim == 1 else (y > 0.5).astype(np.int64)
        y, p = (x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x for x in (y, p))
        value = self.function(y, p) if w is None else self.function(y, p, sample_weight=w)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise GraphError(
                f"The metric '{_called(self)}' returned {short(value)}; expected a number."
            ) from None


_ACCURACY = Known(accuracy, True, "classes")
_LOG_LOSS = Known(log_loss, False, "probabilities")
# What is meant where the outputs are the probabilities of classes.
_OF_CLASSES = {
    _ACCURACY: Known(categorical_accuracy, True, "classes"),
    _LOG_LOSS: Known(categorical_log_loss, False, "probabilities"),
}
METRICS: dict[str, Known] = {
    "accuracy": _ACCURACY,
    "balanced_accuracy": Known(measures.balanced_accuracy, True, "classes", whole=True),
    "precision": Known(measures.precision, True, "classes", whole=True),
    "recall": Known(measures.recall, True, "classes", whole=True, lacks=measures.lacks_yes),
    "f1": Known(measures.f1, True, "classes", whole=True),
    "auc": Known(measures.auc, True, "classes", whole=True, lacks=measures.lacks_both),
    "average_precision": Known(
        measures.average_precision, True, "classes", whole=True, lacks=measures.lacks_yes
    ),
    "log_loss": _LOG_LOSS,
    "r2": Known(measures.r2, True, "numbers", whole=True, lacks=measures.lacks_spread),
    "rmse": Known(measures.rmse, False, "numbers", whole=True),
    "mape": Known(mape, False, "numbers", lacks=measures.holds_zero),
}
METRICS |= {name: Known(loss) for name, loss in LOSSES.items() if name not in METRICS}
METRICS |= {
    alias: METRICS[name]
    for alias, name in {
        "acc": "accuracy",
        "binary_accuracy": "accuracy",
        "roc_auc": "auc",
        "root_mean_squared_error": "rmse",
        "mean_absolute_percentage_error": "mape",
    }.items()
}
METRICS |= dict.fromkeys(["categorical_accuracy", "sparse_categorical_accuracy"], _OF_CLASSES[_ACCURACY])
AVERAGES = ("micro", "macro", "weighted")  # "f1_macro", as scikit-learn's scorers are called
AVERAGED = ("precision", "recall", "f1", "auc", "average_precision")
NAMES = (*METRICS, *(f"{name}_{average}" for name in AVERAGED for average in AVERAGES))

Watched = Known | Metric


def metric_named(name: str) -> Known | None:
    """Return the metric that a name means, such as "f1" or "f1_macro"; None if it means none.

    >>> metric_named("f1_macro").average, metric_named("f2")
    ('macro', None)
    """
    base, _, average = name.rpartition("_")
    if name in NAMES and name not in METRICS:
        return replace(METRICS[base], average=average)
    return METRICS.get(name)


def recorded_name(name: str, recorded: Collection[str]) -> str:
    """Return which of the numbers recorded is meant: in any case, by another name of it, as "val_acc" and "loss" are.

    >>> recorded_name("Val_Acc", ["cost", "accuracy", "val_cost", "val_accuracy"])
    'val_accuracy'
    """
    if name in recorded:  # a metric of the user's may bear another library's name
        return name
    name = spelled(COST.get(name.lower(), name), recorded)
    start = "val_" if name.lower().startswith("val_") else ""
    meant = metric_named(name[len(start) :].lower())
    if name in recorded or meant is None:
        return name
    same = (
        n for n in recorded if n.startswith("val_") == bool(start) and metric_named(n[len(start) :]) == meant
    )
    return next(same, name)


def larger_is_better(monitor: str, told: bool | None = None) -> bool:
    """Say whether a recorded value is better when it is larger: accuracies are, costs and losses are not.

    Args:
        monitor: "val_cost", "accuracy" ...
        told: What the user says; about a metric of their own nobody else knows.

    >>> larger_is_better("val_auc"), larger_is_better("cost")
    (True, False)
    """
    name = monitor.removeprefix("val_")
    if told is not None:
        return told
    metric = metric_named(name)
    if metric is None and name != "cost":
        raise GraphError(
            f"'{name}' is a metric of your own: say whether more of it is better, "
            f"with monitor='{monitor}', larger_is_better=True or False."
        )
    return metric is not None and metric.larger_is_better


def resolve(metrics: Any, softmax: bool) -> dict[str, Watched]:
    """Return the metrics that the user means, by the name the history lists them under.

    ``softmax`` says that the outputs are the probabilities of classes.
    """
    listed = [metrics] if isinstance(metrics, str) or callable(metrics) else metrics or ()
    found: dict[str, Watched] = {}
    for metric in listed:
        name, meant = _meant(metric)
        if softmax and isinstance(meant, Known):
            meant = _OF_CLASSES.get(meant, meant)
        if name == "cost" or name.startswith("val_"):
            raise GraphError(
                f"A metric cannot be called '{name}': that is what the history calls something else."
            )
        if found.setdefault(name, meant) != meant:
            raise GraphError(f"Two metrics are called '{name}': the history needs a name for each. Use def.")
    return found


def _meant(metric: Any) -> tuple[str, Watched]:
    if isinstance(metric, str):
        metric = named("metric", metric, NAMES)
        base = metric.lower().rpartition("_")[0]
        if base in AVERAGED and metric not in NAMES:
            raise UnknownNameError(
                f"Unknown metric {short(metric)}. Averages of it are called {base}_micro, {base}_macro and "
                f"{base}_weighted."
            )
        return metric, metric_named(metric) or find("metric", metric, METRICS)
    if isinstance(metric, Metric):
        return _called(metric), metric
    if not callable(metric) or isinstance(metric, type):
        raise GraphError(f"A metric is a name or a callable on nodes (y, p); found {short(metric)}.")
    name = _called(metric)
    if (getattr(metric, "__module__", None) or "").startswith("sklearn."):
        ours = named("metric", name, NAMES)
        remedy = f"The same is metrics=['{ours}']; or" if ours in NAMES else "To use it"
        raise GraphError(
            f"{name} of scikit-learn takes whole arrays, and a function among the metrics works on nodes. {remedy} "
            f"write metrics=[cr.Metric({name})], with classes=True if it compares classes."
        )
    return name, Known(metric)


def _called(metric: Any) -> str:
    if isinstance(metric, Metric):
        return metric.name or _called(metric.function)
    return getattr(metric, "__name__", type(metric).__name__)


def lacks_value(metric: Watched, y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> str:
    """Say why a metric has no value for these targets, whatever is predicted, or return ""."""
    if not isinstance(metric, Known) or metric.lacks is None:
        return ""
    return metric.lacks(y, p, np.ones(len(y), bool) if w is None else w > 0)


def check_value(
    name: str, metric: Watched, y: np.ndarray, p: np.ndarray, w: np.ndarray | None, called: str
) -> None:
    """Raise where a metric has no value."""
    if why := lacks_value(metric, y, p, w):
        instead = "'mae' or 'rmse'" if metric.compares == "numbers" else "'accuracy' or 'log_loss'"
        raise DataError(
            f"The metric '{name}' has no value for {called}, where {why}. Watch {instead}, or add rows."
        )
