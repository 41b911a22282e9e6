"""All who hear of a fit: callbacks of ours, and scikit-learn's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sklearn

from chainrule.errors import DataError, UnsupportedError
from chainrule.estimators.holding import Rows
from chainrule.train.callbacks import EarlyStopping, Listeners
from chainrule.train.history import History, Numbers


def support() -> Any:
    """Return what scikit-learn lets estimators call callbacks with."""
    try:
        from sklearn.callback import CallbackSupportMixin  # noqa: PLC0415 -- which takes long, and few ask for it
    except ImportError:
        raise UnsupportedError(
            f"scikit-learn's callbacks come with its version 1.9, and {sklearn.__version__} is installed. Give the "
            "estimator ours: callbacks=lambda network, epoch, logs: print(epoch, logs['cost'])."
        ) from None
    return CallbackSupportMixin


class Task:
    """A fit that callbacks of scikit-learn's hear of, and each of its iterations: a tree of two levels.

    Args:
        estimator: What is fitted.
        rows: What it learns from.
        iterations: How many there are at the most.
        fitted: What makes of a copy of the estimator one that predicts as if it had ended now.
    """

    def __init__(
        self, estimator: Any, rows: Rows, iterations: int, fitted: Callable[[], Mapping[str, Any]]
    ) -> None:
        metadata = None if rows.weight is None else {"sample_weight": rows.weight}
        self._estimator = estimator
        self._told = {
            "estimator": estimator,
            "X": rows.X,
            "y": estimator._named(rows.y),
            "metadata": metadata,
        }
        self._fitted = fitted
        self._whole = support()._init_callback_context(estimator, max_subtasks=iterations)
        self._whole.call_on_fit_task_begin(**self._told)
        self._begin_iteration()

    def _begin_iteration(self) -> None:
        self._iteration = self._whole.subcontext(task_name="iteration")
        self._iteration.call_on_fit_task_begin(**self._told, reconstruction_attributes=self._fitted)

    def iteration_ended(self, last: bool) -> bool:
        """Tell of the end of an iteration, and of the next one's begin; True if one of them asks to stop."""
        stop: bool = self._iteration.call_on_fit_task_end(
            **self._told, reconstruction_attributes=self._fitted
        )
        if not (stop or last):
            self._begin_iteration()
        return stop

    def end(self) -> None:
        """Tell of the end of the fit."""
        self._whole.call_on_fit_task_end(**self._told, reconstruction_attributes=self._fitted)


class Audience:
    """All who are told of a fit.

    Args:
        estimator: What is fitted.
        rows: What it learns from.
        iterations: How many there are at the most.
    """

    def __init__(self, estimator: Any, rows: Rows, iterations: int) -> None:
        self._values: Sequence[np.ndarray] = estimator._values
        self._iterations = iterations
        self._history = History({}, times=[])
        self._listeners = _listeners(estimator)
        self._task = None
        if self._listeners is not None:
            self._listeners.begin()
        if getattr(estimator, "_skl_callbacks", None):
            self._task = Task(estimator, rows, iterations, self._fitted)

    def _fitted(self) -> dict[str, Any]:
        return {"_values": [np.array(x) for x in self._values], "n_iter_": len(self._history.get("cost", []))}

    def __call__(self, values: Sequence[np.ndarray], logs: Mapping[str, float], last: bool) -> bool:
        """Tell of the end of an iteration; True if one of them asks to stop.

        Args:
            values: The values of the network.
            logs: "cost" and, where there are rows that are held back, "val_cost" and "val_score".
            last: Whether it is known to be the last.
        """
        self._values = values
        for name, value in logs.items():
            self._history.setdefault(name, []).append(value)
        done, stop = len(self._history["cost"]), False
        if self._listeners is not None:
            self._listeners.network._programs.values.set([np.array(x) for x in values])
            stop = self._listeners.epoch_ended(done - 1, Numbers(logs))
        if self._task is not None:
            stop = self._task.iteration_ended(stop or last or done == self._iterations) or stop
        return stop

    def end(self) -> None:
        """Tell of the end of the fit."""
        if self._task is not None:
            self._task.end()
        if self._listeners is not None:
            self._listeners.end(self._history)


def _listeners(estimator: Any) -> Listeners | None:
    """Return the callbacks of ours, and the network that they look at: it has the weights of each iteration's end."""
    if estimator.callbacks is None:
        return None
    found = Listeners(estimator.callbacks, estimator.network_)
    if found.stopping is not None or isinstance(estimator.callbacks, EarlyStopping):
        raise DataError(
            "cr.EarlyStopping goes with Network.fit. An estimator is told by its parameters: early_stopping=True, "
            "n_iter_no_change=10, tol, scoring='loss'."
        )
    if found.recording is not None:
        raise DataError(
            "cr.Record goes with Network.fit, and so with estimators around a network: what this one learns by is no "
            "training of a network. Write: cr.NetworkClassifier([cr.Dense(100, 'relu')], callbacks=cr.Record())."
        )
    return found
