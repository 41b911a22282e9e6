"""Callbacks: what happens beside training, once an epoch."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from inspect import signature
from typing import IO, Any

import numpy as np

from chainrule.disk import check_place, open_lines
from chainrule.errors import DataError, short
from chainrule.friendly import Friendly
from chainrule.literals import MonitorName
from chainrule.nn.callables import check_takes, takes_instead
from chainrule.nn.specs import AtLeast0, Checked, Count
from chainrule.train.history import History, Numbers
from chainrule.train.metrics import larger_is_better, recorded_name
from chainrule.train.recording import Record

__all__ = ["CSVLog", "Checkpoint", "EarlyStopping"]


@dataclass(frozen=True)
class EarlyStopping(Checked):
    """Stop when the monitored value has not become better for ``patience`` epochs (Prechelt 1998).

    An epoch's training cost is measured before its updates, and so says little of the weights at its end:
    monitor validation data where there is some.

    Args:
        patience: How many epochs to wait for a better one, at least 1.
        monitor: What to watch: "val_cost", "cost", "val_accuracy" or another key of the history. By default
            "val_cost" where there is validation data, else "cost".
        min_delta: By how much it must be better to count, at least 0, in the units of what is watched.
        restore_best: Whether to go back to the weights at the end of the best epoch.
        larger_is_better: Whether more is better; known of every metric but your own.
        then_cost: Whether of equal values the one of the lower cost is better: what is counted, such as "val_f1", is
            alike for many epochs.

    Raises:
        GraphError: If patience is no whole number of at least 1, or min_delta below 0.
        DataError: If monitor is no name; at ``fit``, if the history has none of it.

    >>> X = np.random.default_rng(0).normal(size=(40, 5))
    >>> y = np.random.default_rng(1).normal(size=40)  # there is nothing to learn
    >>> network = cr.Network([cr.Dense(16, "relu"), cr.Dense(1)], seed=0)
    >>> history = network.fit(X, y, epochs=500, validation_split=0.25, callbacks=cr.EarlyStopping(patience=5))
    >>> history.stopped
    'Stopped at epoch ...: no better val_cost for 5 epochs; ...
    """

    patience: Count = 10
    monitor: MonitorName | str | None = None
    min_delta: AtLeast0 = 0.0
    restore_best: bool = True
    larger_is_better: bool | None = None
    then_cost: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_monitor(self.monitor)


@dataclass
class Checkpoint(Friendly):
    """Save the network to ``path`` whenever the monitored value is the best so far, or after every epoch.

    Args:
        path: A file name; ``{epoch}`` in it is filled with the number of the epoch, from 1.
        monitor: What decides which is best, a key of the history; by default the validation cost, else the cost.
        best_only: Save only the best so far.
        larger_is_better: Whether more is better; known of every metric but your own.

    Raises:
        DataError: If monitor is no name; at ``fit``, if the folder cannot be written to.
        MissingFileError: At ``fit``, if there is no such folder.

    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=3, callbacks=cr.Checkpoint("best.safetensors"))
    >>> cr.load("best.safetensors").predict([[3.0]]).shape
    (1, 1)
    """

    path: str | os.PathLike[str]
    monitor: MonitorName | str | None = None
    best_only: bool = True
    larger_is_better: bool | None = None
    _best: float = field(default=float("inf"), init=False, repr=False)

    def __post_init__(self) -> None:
        _check_monitor(self.monitor)

    def on_train_begin(self, network: Any) -> None:
        """Forget the last run, and see that there is a place to save to; :meth:`Network.fit` calls it.

        Args:
            network: The network that begins to learn.

        Raises:
            DataError: If the folder cannot be written to.
            MissingFileError: If there is no such folder.

        >>> cr.Checkpoint("missing/best.safetensors").on_train_begin(network=None)
        Traceback (most recent call last):
            ...
        chainrule.errors.MissingFileError: Cannot write missing/best.safetensors: there is no folder ...
        """
        self._best = float("inf")
        check_place(self.path)

    def on_resume(self, network: Any, history: History) -> None:
        """See what the best was before the interruption; :meth:`Network.fit` calls it.

        Args:
            network: The network that goes on learning.
            history: The epochs before.

        Raises:
            GraphError: If it is not known whether more of the monitored value is better.

        >>> best = cr.Checkpoint("best.safetensors")
        >>> best.on_resume(network=None, history=cr.History({"cost": [0.5, 0.25]}, times=[0.1, 0.2]))
        """
        self._best = min((self._value(logs) for logs in lines_of(history)), default=float("inf"))

    def _value(self, logs: Mapping[str, float]) -> float:
        """Return what is watched, of which less is better."""
        usual = "val_cost" if "val_cost" in logs else "cost"
        name = recorded_name(self.monitor, logs) if self.monitor else usual
        return -logs[name] if larger_is_better(name, self.larger_is_better) else logs[name]

    def on_epoch_end(self, network: Any, epoch: int, logs: dict[str, float]) -> None:
        """Save, if this epoch is the best; :meth:`Network.fit` calls it.

        Args:
            network: The network, as it is at the end of the epoch.
            epoch: Its number, from 0.
            logs: What the history has of it: "cost", "val_cost", ...

        Raises:
            DataError: If the file cannot be written.
            GraphError: If it is not known whether more of the monitored value is better.

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> every = cr.Checkpoint("after-{epoch}.safetensors", best_only=False)
        >>> every.on_epoch_end(network, 0, {"cost": 0.5})
        >>> cr.load("after-1.safetensors")
        Network([Dense(1)]) with 3 parameters
        """
        value = self._value(logs)
        if value < self._best or not self.best_only:
            self._best = min(value, self._best)
            network.save(str(self.path).replace("{epoch}", str(epoch + 1)))


@dataclass
class CSVLog(Friendly):
    """Write one line for each epoch to a CSV file, as it ends.

    Args:
        path: The file; one that is there is written anew.

    Raises:
        DataError: At ``fit``, if the file cannot be written.
        MissingFileError: At ``fit``, if there is no such folder.

    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=3, callbacks=cr.CSVLog("log.csv"))
    >>> cr.read_table("log.csv")["epoch"].tolist()
    [1, 2, 3]
    """

    path: str | os.PathLike[str]
    _file: IO[str] | None = field(default=None, init=False, repr=False)
    _named: bool = field(default=False, init=False, repr=False)  # whether the columns are

    def on_train_begin(self, network: Any) -> None:
        """Open the file; :meth:`Network.fit` calls it.

        Args:
            network: The network that begins to learn.

        Raises:
            DataError: If the file cannot be written.
            MissingFileError: If there is no such folder.

        >>> log = cr.CSVLog("log.csv")
        >>> log.on_train_begin(network=None)
        >>> log.on_train_end(network=None, history=None)
        """
        self._file, self._named = open_lines(self.path), False

    def on_resume(self, network: Any, history: History) -> None:
        """Write the lines of the epochs before the interruption; :meth:`Network.fit` calls it.

        Args:
            network: The network that goes on learning.
            history: The epochs before.

        Raises:
            DataError: If they cannot be written.

        >>> log = cr.CSVLog("log.csv")
        >>> log.on_train_begin(network=None)
        >>> log.on_resume(network=None, history=cr.History({"cost": [0.5, 0.25]}, times=[0.1, 0.2]))
        >>> log.on_train_end(network=None, history=None)
        >>> cr.read_table("log.csv")["epoch"].tolist()
        [1, 2]
        """
        for epoch, logs in enumerate(lines_of(history)):
            self.on_epoch_end(network, epoch, logs)

    def on_epoch_end(self, network: Any, epoch: int, logs: dict[str, float]) -> None:
        """Write the epoch's line; :meth:`Network.fit` calls it.

        Args:
            network: The network, as it is at the end of the epoch.
            epoch: Its number, from 0; in the file it counts from 1.
            logs: What the history has of it: "cost", "val_cost", ...

        Raises:
            DataError: If the line cannot be written: the disk is full, say.

        >>> log = cr.CSVLog("log.csv")
        >>> log.on_train_begin(network=None)
        >>> log.on_epoch_end(network=None, epoch=0, logs={"cost": 0.5})
        >>> log.on_train_end(network=None, history=None)
        >>> cr.read_table("log.csv").to_dict("list")
        {'epoch': [1], 'cost': [0.5]}
        """
        if self._file is None:
            return
        import csv  # noqa: PLC0415 -- few write one

        writer = csv.writer(self._file)
        try:
            if not self._named:
                writer.writerow(["epoch", *logs])
                self._named = True
            writer.writerow([epoch + 1, *logs.values()])
            self._file.flush()
        except OSError as error:
            raise DataError(f"Cannot write {self.path}: {error.strerror or error}.") from None

    def on_train_end(self, network: Any, history: History) -> None:
        """Close the file; :meth:`Network.fit` calls it.

        Args:
            network: The network that has learned.
            history: What its training was like.

        >>> log = cr.CSVLog("log.csv")
        >>> log.on_train_begin(network=None)
        >>> log.on_train_end(network=None, history=None)
        """
        if self._file is not None:
            with suppress(OSError):  # that of the last line, which was told
                self._file.close()
            self._file = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": None, "_named": False}


def lines_of(history: History) -> Iterator[dict[str, float]]:
    """Yield what was logged of each epoch."""
    yield from (Numbers(zip(history, line, strict=True)) for line in zip(*history.values(), strict=True))


def _check_monitor(monitor: Any) -> None:
    if monitor is not None and not isinstance(monitor, str):
        raise DataError(f"monitor is the name of what to watch, such as 'val_cost'; found {short(monitor)}.")


class Listeners:
    """The callbacks of a fit, and the network that they are told of."""

    def __init__(self, callbacks: Any, network: Any) -> None:
        self.callbacks: list[Any] = _check(callbacks)
        self.network = network
        self.stopping: EarlyStopping | None = next(
            (c for c in self.callbacks if isinstance(c, EarlyStopping)), None
        )
        self.recording: Record | None = next((c for c in self.callbacks if isinstance(c, Record)), None)

    @property
    def of_every_epoch(self) -> bool:
        """Whether one of them wants to hear of every epoch."""
        return any(hasattr(c, "on_epoch_end") or callable(c) for c in self.callbacks)

    def begin(self, before: History | None = None) -> None:
        """Say that training begins, or goes on after the epochs of ``before``."""
        for callback in self.callbacks:
            _tell(callback, "on_train_begin", self.network)
            if before is not None:
                _tell(callback, "on_resume", self.network, before)

    def epoch_ended(self, epoch: int, logs: dict[str, float]) -> bool:
        """Say that an epoch has ended; True if one of them asks to stop by returning True."""
        answers = [_tell(c, "on_epoch_end", self.network, epoch, logs) for c in self.callbacks]
        return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

    def end(self, history: History) -> None:
        """Say that training has ended, to the others too where one of them raises."""
        with ExitStack() as stack:
            for callback in reversed(self.callbacks):
                stack.callback(_tell, callback, "on_train_end", self.network, history)


# What a callback may have, and what it is called with.
EVENTS: dict[str, tuple[str, ...]] = {
    "on_train_begin": ("network",),
    "on_resume": ("network", "history"),  # after it, where a fit goes on: the epochs before
    "on_epoch_end": ("network", "epoch", "logs"),
    "on_train_end": ("network", "history"),
}


def _check_events(callback: Any) -> None:
    """Raise where a callback would be called with other arguments than it takes, or never."""
    kind = type(callback).__name__
    for event, names in EVENTS.items():
        method = getattr(callback, event, None)
        takes = takes_instead(method, names) if method is not None else ""
        as_in_keras = method is not None and _first_argument(method) == "logs"  # which would be the network
        if takes or as_in_keras:
            raise DataError(
                f"{kind}.{event} takes {takes or '(logs)'}, and is called with ({', '.join(names)}). Write: "
                f"def {event}(self, {', '.join(names)})."
            )
    if not any(hasattr(callback, event) for event in EVENTS):
        check_takes("a callback", callback, EVENTS["on_epoch_end"])
        return
    for name in dir(callback):
        if name.startswith("on_") and name.endswith(("_begin", "_end")) and name not in EVENTS:
            known = "; ".join(f"{event}(self, {', '.join(names)})" for event, names in EVENTS.items())
            raise DataError(f"{kind}.{name} would never be called. A callback has any of: {known}.")


def _first_argument(method: Any) -> str:
    try:
        return next(iter(signature(method).parameters), "")
    except (TypeError, ValueError):
        return ""


def _tell(callback: Any, event: str, *arguments: Any) -> Any:
    method = getattr(callback, event, None)
    if method is None and event == "on_epoch_end" and callable(callback):
        method = callback
    return method(*arguments) if method is not None else None


def _check(callbacks: Any) -> list[Any]:
    """Return the callbacks as a list, or say what is none."""
    several = isinstance(callbacks, list | tuple)
    listed = list(callbacks) if several else [callbacks] if callbacks is not None else []
    for callback in listed:
        known = any(hasattr(callback, event) for event in EVENTS)
        ours = known or callable(callback) or isinstance(callback, EarlyStopping | Record)
        if isinstance(callback, type) or not ours:
            raise DataError(
                "A callback is an object such as cr.EarlyStopping() or a function (network, epoch, logs); "
                f"found {short(callback)}."
            )
        if not isinstance(callback, EarlyStopping | Record | Checkpoint | CSVLog):
            _check_events(callback)
    for kind in (EarlyStopping, Record):
        if sum(isinstance(c, kind) for c in listed) > 1:
            raise DataError(f"There are two {kind.__name__} among the callbacks; give one.")
    return listed
