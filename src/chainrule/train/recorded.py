"""What is recorded of a training that is looked into: norms by parameter and layer, and the parameters themselves."""

from dataclasses import dataclass

import numpy as np

from chainrule.arguments import public
from chainrule.errors import unknown_name
from chainrule.friendly import Friendly
from chainrule.shown import counted, in_a_row

OF_EACH = ("weights", "gradients", "updates")  # of each parameter the norms, in this order; then the layers


@dataclass(frozen=True, eq=False, repr=False)
class Recorded(Friendly):
    """What :class:`Record` saw of a training: the history's ``recorded``.

    Attributes:
        epochs: Before the first step of which epochs it looked: how many were done then, ``(looks,)``.
        weights: The norm of each parameter there, by name, each ``(looks,)``; empty where norms were not asked for.
        gradients: The norm of its gradient in that step, of the step's batch.
        updates: The norm of what that step adds to it.
        activations: The root mean square of what each layer puts out in that step, by layer.
        layers: The layer of each parameter, by its name.
        values: The parameters that were kept, as float32 ``(kept, ...)``.
        values_epochs: After how many epochs each of these was kept, ``(kept,)``; the last is the end of the training.

    >>> X, y = np.linspace(-1, 1, 64)[:, None], np.linspace(-1, 1, 64) ** 2
    >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0)
    >>> recorded = network.fit(X, y, epochs=20, callbacks=cr.Record(values="W1", every=5)).recorded
    >>> recorded.epochs, sorted(recorded.gradients), list(recorded.activations)
    (array([ 0,  5, 10, 15]), ['W1', 'W2', 'b1', 'b2'], ['A1', 'A2'])
    >>> recorded.values["W1"].shape, recorded.values_epochs
    ((5, 1, 8), array([ 0,  5, 10, 15, 20]))
    """

    epochs: np.ndarray
    weights: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]
    updates: dict[str, np.ndarray]
    activations: dict[str, np.ndarray]
    layers: dict[str, str]
    values: dict[str, np.ndarray]
    values_epochs: np.ndarray

    def __repr__(self) -> str:
        parts = []
        if self.weights:
            layers = f" and {counted(len(self.activations), 'layer')}" if self.activations else ""
            when = _listed(self.epochs)
            parts.append(f"first steps of {when}: norms of {counted(len(self.weights), 'parameter')}{layers}")
        if self.values:
            size = sum(x.nbytes for x in self.values.values())
            names = in_a_row(list(self.values), 40)
            parts.append(f"values of {names} after {_listed(self.values_epochs)} ({_bytes(size)})")
        return f"<{'; '.join(parts)}>"

    @public
    def by_layer(self, kind: str = "gradients") -> dict[str, np.ndarray]:
        """Return norms of all parameters of a layer together: the roots of the sums of their squares.

        Args:
            kind: "weights", "gradients" or "updates".

        Returns:
            For each layer that learns ``(looks,)`` numbers, by the layer's name.

        Raises:
            UnknownNameError: If there is no such kind.

        >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0)
        >>> history = network.fit([[0.0], [1.0]], [0.0, 1.0], epochs=4, callbacks=cr.Record(every=1))
        >>> found = history.recorded.by_layer("gradients")
        >>> list(found), found["dense_1"].shape
        (['dense_1', 'dense_2'], (4,))
        """
        if kind not in OF_EACH:
            raise unknown_name("kind of norms", kind, OF_EACH)
        found: dict[str, np.ndarray] = {}
        for name, line in getattr(self, kind).items():
            layer = self.layers[name]
            found[layer] = np.hypot(found[layer], line) if layer in found else line
        return found


def _listed(epochs: np.ndarray) -> str:
    """Return numbers of epochs in words: those of an even distance by it.

    >>> _listed(np.array([0, 5, 10, 15, 20])), _listed(np.array([3]))
    ('every 5th epoch from 0 to 20', 'the epoch 3')
    """
    count = len(epochs)
    if not count:
        return "no epoch"
    if count < 5 or len(set(np.diff(epochs[:-1]).tolist())) != 1:
        *some, last = (
            [f"{e:,}" for e in epochs[:4]] if count < 5 else [f"{epochs[0]:,}", "…", f"{epochs[-1]:,}"]
        )
        return f"the epochs {', '.join(some)} and {last}" if some else f"the epoch {last}"
    step = int(epochs[1] - epochs[0])
    which = "every" if step == 1 else f"every {step}{ {2: 'nd', 3: 'rd'}.get(step, 'th') }"
    return f"{which} epoch from {epochs[0]:,} to {epochs[-1]:,}"


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
