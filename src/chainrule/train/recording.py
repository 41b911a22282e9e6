"""Asking a fit to be looked into while it goes on: what is recorded, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.errors import DataError, short
from chainrule.nn.specs import Checked, Count

__all__ = ["Record"]


@dataclass(frozen=True)
class Record(Checked):
    """Look at the first step of every n-th epoch: norms of weights, gradients and updates, sizes of activations.

    A callback of :meth:`Network.fit` and :func:`fit_many`; what it saw is the history's ``recorded``, a
    :class:`Recorded`. The looks are steps of the same graph by the same engine, whose results are thrown away: training
    ends with the same bits.

    Args:
        norms: Whether to record the norms.
        values: Whether to keep the parameters themselves too, as float32; a name, or several ("W1"), for some of
            them. Of a long training of a large network fewer are kept, so that all take at most 128 MB.
        every: At how many epochs to look once. By default as seldom as about 3 % of the time of training allows, but
            five times in all.

    Raises:
        DataError: If nothing is to be recorded, or ``values`` are no names; at ``fit``, if the network has no such
            parameter, or the optimizer is L-BFGS, which has no steps of a formula to look at.
        GraphError: If every is no whole number of at least 1.

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    >>> history = network.fit(X, y, optimizer=cr.Adam(0.1), epochs=100, callbacks=cr.Record(every=25))
    >>> history.recorded
    <first steps of the epochs 0, 25, 50 and 75: norms of 4 parameters and 2 layers>
    >>> history.recorded.gradients["W1"].shape
    (4,)
    """

    on_any_thread: ClassVar[bool] = True

    norms: bool = True
    values: bool | str | Sequence[str] = False
    every: Count | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, given in (("norms", self.norms), ("values", self.values)):
            names = [given] if isinstance(given, str) else given
            listed = name == "values" and isinstance(names, list | tuple) and len(names) > 0
            if not isinstance(given, bool) and not (
                listed and all(isinstance(x, str) for x in _listed(names))
            ):
                or_names = ", or names of parameters such as 'W1'" * (name == "values")
                raise DataError(f"Record: {name} is True or False{or_names}; found {short(given)}.")
        if not self.norms and self.values is False:
            raise DataError(
                "Record(norms=False) records nothing: give values=True, or the names of parameters."
            )


def _listed(names: Any) -> list[Any]:
    return list(names)
