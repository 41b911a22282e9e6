"""Callbacks: what happens beside training, once an epoch."""

import csv
import os
from dataclasses import dataclass, field
from typing import IO, Any

from chainrule.errors import DataError


def monitor_name(name: str) -> str:
    """Return our name of what is monitored; Keras' "loss" and "val_loss" are our cost."""
    return {"loss": "cost", "val_loss": "val_cost"}.get(name, name)


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the monitored value has not become better for ``patience`` epochs.

    Args:
        patience: How many epochs to wait.
        monitor: "val_cost" (by default, where there is validation data), "cost", "val_accuracy" ...
        min_delta: By how much it must be better to count.
        restore_best: Go back to the weights of the best epoch.

    >>> EarlyStopping(patience=5)
    EarlyStopping(patience=5, monitor=None, min_delta=0.0, restore_best=True)
    """

    patience: int = 10
    monitor: str | None = None
    min_delta: float = 0.0
    restore_best: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.patience, int) or self.patience < 1:
            raise DataError(
                f"EarlyStopping: patience must be a whole number of at least 1; found {self.patience!r}."
            )


@dataclass
class Checkpoint:
    """Save the network to ``path`` whenever the monitored value is the best so far, or after every epoch.

    Args:
        path: A file name; ``{epoch}`` in it is filled with the number of the epoch, from 1.
        monitor: What decides which is best; by default the validation cost, else the cost.
        best_only: Save only the best so far.
    """

    path: str | os.PathLike[str]
    monitor: str | None = None
    best_only: bool = True
    _best: float = field(default=float("inf"), init=False, repr=False)

    def on_train_begin(self, network: Any) -> None:
        """Forget the last run."""
        self._best = float("inf")

    def on_epoch_end(self, network: Any, epoch: int, logs: dict[str, float]) -> None:
        """Save, if this epoch is the best."""
        name = monitor_name(self.monitor) if self.monitor else "val_cost" if "val_cost" in logs else "cost"
        if name not in logs:
            raise DataError(f"Checkpoint monitors '{name}'; this run records {', '.join(logs)}.")
        value = -logs[name] if "accuracy" in name or name.endswith("acc") else logs[name]
        if value < self._best or not self.best_only:
            self._best = min(value, self._best)
            network.save(str(self.path).replace("{epoch}", str(epoch + 1)))


@dataclass
class CSVLog:
    """Write one line for each epoch to a CSV file, as it ends."""

    path: str | os.PathLike[str]
    _file: IO[str] | None = field(default=None, init=False, repr=False)

    def on_train_begin(self, network: Any) -> None:
        """Open the file."""
        self._file = open(self.path, "w", newline="", encoding="utf-8")  # noqa: SIM115 -- closed when training ends

    def on_epoch_end(self, network: Any, epoch: int, logs: dict[str, float]) -> None:
        """Write the epoch's line."""
        if self._file is None:
            self.on_train_begin(network)
        if self._file is not None:
            writer = csv.writer(self._file)
            if epoch == 0 or self._file.tell() == 0:
                writer.writerow(["epoch", *logs])
            writer.writerow([epoch + 1, *logs.values()])
            self._file.flush()

    def on_train_end(self, network: Any, history: Any) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def tell(callbacks: list[Any], event: str, *arguments: Any) -> bool:
    """Tell every callback of an event; True if one of them asks to stop by returning True."""
    stop = False
    for callback in callbacks:
        method = getattr(callback, event, None)
        if method is None and event == "on_epoch_end" and callable(callback):
            method = callback
        if method is not None and method(*arguments) is True:
            stop = True
    return stop


def check(callbacks: Any) -> list[Any]:
    """Return the callbacks as a list, or say what is none."""
    listed = (
        list(callbacks)
        if isinstance(callbacks, list | tuple)
        else [callbacks]
        if callbacks is not None
        else []
    )
    for callback in listed:
        known = any(hasattr(callback, e) for e in ("on_train_begin", "on_epoch_end", "on_train_end"))
        if isinstance(callback, type) or not (
            known or callable(callback) or isinstance(callback, EarlyStopping)
        ):
            raise DataError(
                f"A callback is an object such as cr.EarlyStopping() or a function (network, epoch, logs); "
                f"found {callback!r}."
            )
    return listed
