"""Callbacks: what happens beside training, once an epoch."""

import csv
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from chainrule.disk import check_place, open_lines
from chainrule.errors import DataError, short
from chainrule.nn.specs import AtLeast0, Checked, Count
from chainrule.train.history import History
from chainrule.train.metrics import larger_is_better

__all__ = ["CSVLog", "Checkpoint", "EarlyStopping"]


def monitor_name(name: str) -> str:
    """Return our name of what is monitored; Keras' "loss" and "val_loss" are our cost."""
    return {"loss": "cost", "val_loss": "val_cost"}.get(name, name)


@dataclass(frozen=True)
class EarlyStopping(Checked):
    """Stop when the monitored value has not become better for ``patience`` epochs.

    An epoch's training cost is measured before its updates, and so says little of the weights at its end:
    monitor validation data where there is some.

    Args:
        patience: How many epochs to wait.
        monitor: "val_cost" (by default, where there is validation data), "cost", "val_accuracy" ...
        min_delta: By how much it must be better to count.
        restore_best: Go back to the weights at the end of the best epoch.
        larger_is_better: Whether more is better; known of every metric but your own.

    >>> cr.EarlyStopping(patience=5).patience
    5
    """

    patience: Count = 10
    monitor: str | None = None
    min_delta: AtLeast0 = 0.0
    restore_best: bool = True
    larger_is_better: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_monitor(self.monitor)


@dataclass
class Checkpoint:
    """Save the network to ``path`` whenever the monitored value is the best so far, or after every epoch.

    Args:
        path: A file name; ``{epoch}`` in it is filled with the number of the epoch, from 1.
        monitor: What decides which is best; by default the validation cost, else the cost.
        best_only: Save only the best so far.
        larger_is_better: Whether more is better; known of every metric but your own.
    """

    path: str | os.PathLike[str]
    monitor: str | None = None
    best_only: bool = True
    larger_is_better: bool | None = None
    _best: float = field(default=float("inf"), init=False, repr=False)

    def __post_init__(self) -> None:
        _check_monitor(self.monitor)

    def on_train_begin(self, network: Any) -> None:
        """Forget the last run, and see that there is a place to save to."""
        self._best = float("inf")
        check_place(self.path)

    def on_epoch_end(self, network: Any, epoch: int, logs: dict[str, float]) -> None:
        """Save, if this epoch is the best."""
        name = monitor_name(self.monitor) if self.monitor else "val_cost" if "val_cost" in logs else "cost"
        value = -logs[name] if larger_is_better(name, self.larger_is_better) else logs[name]
        if value < self._best or not self.best_only:
            self._best = min(value, self._best)
            network.save(str(self.path).replace("{epoch}", str(epoch + 1)))


@dataclass
class CSVLog:
    """Write one line for each epoch to a CSV file, as it ends."""

    path: str | os.PathLike[str]
    _file: IO[str] | None = field(default=None, init=False, repr=False)
    _named: bool = field(default=False, init=False, repr=False)  # whether the columns are

    def on_train_begin(self, network: Any) -> None:
        """Open the file."""
        self._file, self._named = open_lines(self.path), False

    def on_epoch_end(self, network: Any, epoch: int, logs: dict[str, float]) -> None:
        """Write the epoch's line."""
        if self._file is None:
            return
        writer = csv.writer(self._file)
        try:
            if not self._named:
                writer.writerow(["epoch", *logs])
                self._named = True
            writer.writerow([epoch + 1, *logs.values()])
            self._file.flush()
        except OSError as error:
            raise DataError(f"Cannot write {self.path}: {error.strerror or error}.") from None

    def on_train_end(self, network: Any, history: Any) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # that of the last line, which was told
                self._file.close()
            self._file = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": None, "_named": False}


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

    @property
    def of_every_epoch(self) -> bool:
        """Whether one of them wants to hear of every epoch."""
        return any(hasattr(c, "on_epoch_end") or callable(c) for c in self.callbacks)

    def begin(self) -> None:
        """Say that training begins."""
        for callback in self.callbacks:
            _tell(callback, "on_train_begin", self.network)

    def epoch_ended(self, epoch: int, logs: dict[str, float]) -> bool:
        """Say that an epoch has ended; True if one of them asks to stop by returning True."""
        answers = [_tell(c, "on_epoch_end", self.network, epoch, logs) for c in self.callbacks]
        return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

    def end(self, history: History) -> None:
        """Say that training has ended, to the others too where one of them raises."""
        with ExitStack() as stack:
            for callback in reversed(self.callbacks):
                stack.callback(_tell, callback, "on_train_end", self.network, history)


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
        known = any(hasattr(callback, e) for e in ("on_train_begin", "on_epoch_end", "on_train_end"))
        ours = known or callable(callback) or isinstance(callback, EarlyStopping)
        if isinstance(callback, type) or not ours:
            raise DataError(
                "A callback is an object such as cr.EarlyStopping() or a function (network, epoch, logs); "
                f"found {short(callback)}."
            )
    if sum(isinstance(c, EarlyStopping) for c in listed) > 1:
        raise DataError("There are two EarlyStopping among the callbacks; give one.")
    return listed
