"""A callback that writes what TensorBoard shows."""

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import IO, Any

import numpy as np

from chainrule.errors import DataError, short
from chainrule.friendly import Friendly
from chainrule.train import eventfiles
from chainrule.train.callbacks import lines_of
from chainrule.train.fit.settings import whole
from chainrule.train.history import History

__all__ = ["TensorBoardLog"]

_NUMBERS = count()


@dataclass
class TensorBoardLog(Friendly):
    """Write what the history has of each epoch, as it ends, to an event file that TensorBoard reads.

    ``tensorboard --logdir FOLDER`` shows the folder, or several folders side by side that are in one. Neither
    TensorFlow nor TensorBoard is needed to write them. The numbers bear their names in the history: "cost", "val_cost",
    "accuracy" ...; a step is an epoch, counted from 1. The tab "Custom scalars" has the curves of training and
    validation in one chart. The learning rates follow when training ends.

    Args:
        folder: Where the event file is to be; it is made, if there is none. Give each training a folder of its own: a
            second one in the same folder adds a file, and takes the place of the first in TensorBoard.
        histograms: At how many epochs to write the distribution of each parameter once; None for never.

    Raises:
        DataError: If histograms is no whole number of at least 1; at ``fit``, if the folder cannot be made or
            written to.

    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> log = cr.TensorBoardLog("logs/first", histograms=5)
    >>> history = network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=10, callbacks=log)
    >>> from pathlib import Path
    >>> [file.name.split(".")[2] for file in Path("logs/first").iterdir()]
    ['tfevents']
    """

    folder: str | os.PathLike[str]
    histograms: int | None = None
    _file: IO[bytes] | None = field(default=None, init=False, repr=False, compare=False)
    _told: bool = field(
        default=False, init=False, repr=False, compare=False
    )  # whether the names of the numbers are

    def __post_init__(self) -> None:
        if not isinstance(self.folder, str | os.PathLike):
            raise DataError(
                f"TensorBoardLog takes the name of a folder, such as 'logs'; found {short(self.folder)}."
            )
        if self.histograms is not None:
            self.histograms = whole("histograms", self.histograms, 1)

    def on_train_begin(self, network: Any) -> None:
        """Begin a file; :meth:`Network.fit` calls it.

        Args:
            network: The network that begins to learn.

        Raises:
            DataError: If the folder cannot be made or written to.

        >>> log = cr.TensorBoardLog("logs")
        >>> log.on_train_begin(network=None)
        >>> log.on_train_end(network=None, history=cr.History({}))
        """
        now = time.time()
        # TensorBoard reads the files of a folder in the order of their names
        name = f"events.out.tfevents.{int(now):010}.chainrule.{os.getpid():07}.{next(_NUMBERS):05}"
        try:
            os.makedirs(self.folder, exist_ok=True)
            self._file = open(os.path.join(os.fspath(self.folder), name), "xb")  # noqa: SIM115 -- on_train_end
        except (OSError, ValueError) as error:
            says = getattr(error, "strerror", None) or error
            raise DataError(f"Cannot write event files into the folder {self.folder}: {says}.") from None
        self._told = False
        self._write(eventfiles.version(now), eventfiles.begins(now))

    def on_resume(self, network: Any, history: History) -> None:
        """Write the epochs before the interruption; :meth:`Network.fit` calls it.

        Args:
            network: The network that goes on learning.
            history: The epochs before.

        Raises:
            DataError: If they cannot be written.

        >>> log = cr.TensorBoardLog("logs")
        >>> log.on_train_begin(network=None)
        >>> log.on_resume(network=None, history=cr.History({"cost": [0.5, 0.25]}, times=[0.1, 0.2]))
        >>> log.on_train_end(network=None, history=cr.History({}))
        """
        begun = time.time() - (history.times[-1] if history.times else 0.0)
        for epoch, (logs, seconds) in enumerate(zip(lines_of(history), history.times, strict=True)):
            self._epoch(begun + seconds, epoch, logs)

    def on_epoch_end(self, network: Any, epoch: int, logs: dict[str, float]) -> None:
        """Write the epoch's numbers; :meth:`Network.fit` calls it.

        Args:
            network: The network, as it is at the end of the epoch.
            epoch: Its number, from 0; in the file it counts from 1.
            logs: What the history has of it: "cost", "val_cost", ...

        Raises:
            DataError: If they cannot be written: the disk is full, say.

        >>> log = cr.TensorBoardLog("logs")
        >>> log.on_train_begin(network=None)
        >>> log.on_epoch_end(network=None, epoch=0, logs={"cost": 0.5})
        >>> log.on_train_end(network=None, history=cr.History({}))
        """
        if self._file is None:
            return
        now = time.time()
        self._epoch(now, epoch, logs)
        if self.histograms and (epoch + 1) % self.histograms == 0:
            arrays = {name: np.asarray(value) for name, value in network.parameters.items()}
            self._write(eventfiles.spread(now, epoch + 1, arrays))

    def on_train_end(self, network: Any, history: History) -> None:
        """Write the learning rates, and close the file; :meth:`Network.fit` calls it.

        Args:
            network: The network that has learned.
            history: What its training was like.

        Raises:
            DataError: If they cannot be written.

        >>> log = cr.TensorBoardLog("logs")
        >>> log.on_train_begin(network=None)
        >>> log.on_train_end(network=None, history=cr.History({}))
        """
        if self._file is None:
            return
        try:
            begun = time.time() - (history.times[-1] if history.times else 0.0)
            for epoch, (rate, seconds) in enumerate(zip(history.learning_rates, history.times, strict=False)):
                self._write(eventfiles.scalars(begun + seconds, epoch + 1, {"learning_rate": rate}))
        finally:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _epoch(self, when: float, epoch: int, logs: dict[str, float]) -> None:
        if not self._told:
            charts = {name: [_only(name), _only(f"val_{name}")] for name in logs if f"val_{name}" in logs}
            if charts:
                self._write(eventfiles.layout(when, charts))
            self._told = True
        self._write(eventfiles.scalars(when, epoch + 1, logs))

    def _write(self, *events: bytes) -> None:
        """Write events, each at once: after a crash no more than the last one is cut short."""
        if self._file is None:
            return
        try:
            for event in events:
                self._file.write(eventfiles.record(event))
            self._file.flush()
        except OSError as error:
            raise DataError(f"Cannot write into {self.folder}: {error.strerror or error}.") from None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_file": None, "_told": False}


def _only(name: str) -> str:
    """Return the pattern of one name."""
    return f"^{re.escape(name)}$"
