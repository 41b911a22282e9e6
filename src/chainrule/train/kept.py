"""What is kept of every epoch of a fit: what it predicts for the rows it validates on, and the network's numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError
from chainrule.friendly import Friendly
from chainrule.graph.evaluate import Arrays
from chainrule.graph.shapes import show
from chainrule.shown import counted


@dataclass(frozen=True, eq=False, repr=False)
class KeptEpochs(Friendly):
    """What :func:`fit_many` keeps of every epoch of a network, as the ``kept`` of its history.

    Attributes:
        predictions: What it predicted for the rows it validates on after each epoch, ``(epochs, rows, ...)``.
        values: Its parameters and statistics after each epoch; None where they were too many to be kept.

    >>> X, y = np.linspace(-1, 1, 30)[:, None], np.linspace(-1, 1, 30) ** 2
    >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0)
    >>> rows, others = np.arange(20), np.arange(20, 30)
    >>> (history,) = cr.fit_many([network], X, y, rows=[rows], validation_rows=[others], epochs=5, keep_epochs=True)
    >>> history.kept
    <5 epochs: predictions (10, 1) each, and weights>
    >>> history.kept.restore(network, epoch=2)
    >>> np.allclose(network.predict(X[others]), history.kept.predictions[2])
    True
    """

    predictions: np.ndarray
    values: list[Arrays] | None

    def __repr__(self) -> str:
        weights = ", and weights" * (self.values is not None)
        epochs, shape = counted(len(self.predictions), "epoch"), show(self.predictions.shape[1:])
        return f"<{epochs}: predictions {shape} each{weights}>"

    @public
    def restore(self, network: Any, epoch: int) -> None:
        """Give a network the parameters and statistics that it had after an epoch.

        Args:
            network: The one whose history this was, or one of the same layers.
            epoch: Counted from 0.

        Raises:
            DataError: If there was no such epoch.
            GraphError: If the numbers of the epochs were too many to be kept.

        >>> X = np.linspace(-1, 1, 30)[:, None]
        >>> network = cr.Network([cr.Dense(1)], seed=0)
        >>> rows = np.arange(30)
        >>> (history,) = cr.fit_many([network], X, X, validation_rows=[rows], epochs=5, keep_epochs=True)
        >>> history.kept.restore(network, 0)
        >>> round(network.evaluate(X, X)["cost"] - history["val_cost"][0], 6)
        0.0
        """
        if self.values is None:
            raise GraphError(
                "The weights of all epochs together were too many to be kept: only the predictions are. Fit as before, "
                f"and end after that epoch: callbacks=lambda network, epoch, logs: epoch == {epoch}."
            )
        if not 0 <= epoch < len(self.values):
            raise DataError(
                f"There is no epoch {epoch}: {counted(len(self.values), 'epoch')} were run, from 0 on."
            )
        network._programs.values.set([np.array(x) for x in self.values[epoch]])


class Keeping:
    """Keeps the epochs of a fit while it goes on.

    Args:
        most: How many bytes the values of all epochs may take; where they would take more, none are kept.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._predictions: Arrays = []
        self._values: list[Arrays] | None = []

    def note(self, predictions: np.ndarray, values: Sequence[np.ndarray], epochs: int) -> None:
        """Keep what was predicted after an epoch, and with which values; ``epochs`` is how many there will be."""
        self._predictions.append(predictions)
        if self._values is not None and epochs * sum(x.nbytes for x in values) > self._most:
            self._values = None
        if self._values is not None:
            self._values.append([np.array(x) for x in values])

    def found(self) -> KeptEpochs:
        """Return what was kept."""
        return KeptEpochs(np.array(self._predictions), self._values)
