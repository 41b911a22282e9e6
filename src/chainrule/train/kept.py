"""What is kept of the epochs of a fit: what it predicts for the rows it validates on, and the network's numbers."""

from collections.abc import Collection, Mapping, Sequence
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
    """What :func:`fit_many` keeps of the epochs of a network, as the ``kept`` of its history.

    Attributes:
        epochs: Which epochs were kept, counted from 0.
        predictions: What it predicted for the rows it validates on after each of them, ``(epochs, rows, ...)``.
        values: The network's parameters and statistics after each of them; None where they were too many to be kept.

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

    epochs: list[int]
    predictions: np.ndarray
    values: list[Arrays] | None

    def __repr__(self) -> str:
        weights = ", and weights" * (self.values is not None)
        epochs, shape = counted(len(self.epochs), "epoch"), show(self.predictions.shape[1:])
        return f"<{epochs}: predictions {shape} each{weights}>"

    @public
    def restore(self, network: Any, epoch: int) -> None:
        """Give a network the parameters and statistics that it had after an epoch.

        Args:
            network: The one whose history this was, or one of the same layers.
            epoch: One of ``epochs``.

        Raises:
            DataError: If that epoch was not kept.
            GraphError: If the weights of the epochs were too many to be kept, or the network is being fitted just now.

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
                "The weights of all epochs together were too many to be kept: only the predictions are. Keep fewer "
                f"epochs, keep_epochs=[...], or fit as before and end with this one, until={epoch + 1}."
            )
        if epoch not in self.epochs:
            listed = f"{self.epochs[0]} to {self.epochs[-1]}" if self.epochs else "none"
            raise DataError(
                f"Epoch {epoch} was not kept: of {counted(len(self.epochs), 'epoch')} there are {listed}."
            )
        with network._alone():
            network._programs.values.set([np.array(x) for x in self.values[self.epochs.index(epoch)]])


class Keeping:
    """Keeps epochs of a fit while it goes on.

    Args:
        wanted: Which; None for all.
        most: How many bytes the values of all of them may take; where they would take more, none are kept.
    """

    def __init__(self, wanted: Collection[int] | None, most: float) -> None:
        self._wanted, self._most = wanted, most
        self._epochs: list[int] = []
        self._predictions: Arrays = []
        self._values: list[Arrays] | None = []

    def wants(self, epoch: int) -> bool:
        """Say whether an epoch is to be kept."""
        return self._wanted is None or epoch in self._wanted

    def note(self, epoch: int, predictions: np.ndarray, values: Sequence[np.ndarray], epochs: int) -> None:
        """Keep what was predicted after an epoch, and with which values; ``epochs`` is how many there are at most."""
        self._epochs.append(epoch)
        self._predictions.append(predictions)
        count = epochs if self._wanted is None else len(self._wanted)
        if self._values is not None and count * sum(x.nbytes for x in values) > self._most:
            self._values = None
        if self._values is not None:
            self._values.append([np.array(x) for x in values])

    def go_on(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take what was kept by a fit that has ended, as :meth:`named` has it."""
        self._epochs, self._predictions = arrays["kept.epochs"].tolist(), list(arrays["kept.predictions"])
        count = sum(name.startswith("kept0.") for name in arrays)
        each = [[arrays[f"kept{e}.{i}"] for i in range(count)] for e in range(len(self._epochs))]
        self._values = each if count else None

    def found(self) -> KeptEpochs:
        """Return what was kept."""
        return KeptEpochs(self._epochs, np.array(self._predictions), self._values)

    def named(self) -> dict[str, np.ndarray]:
        """Return what was kept as arrays by name."""
        values = {f"kept{e}.{i}": x for e, each in enumerate(self._values or []) for i, x in enumerate(each)}
        return {
            "kept.epochs": np.array(self._epochs, np.int64),
            "kept.predictions": np.array(self._predictions),
        } | values
