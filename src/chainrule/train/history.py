"""History: what a training run was like."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from chainrule.doors import Door
from chainrule.errors import MissingNameError, UnsupportedError, unknown_name
from chainrule.friendly import Friendly
from chainrule.shown import WIDE, counted, in_a_row
from chainrule.train.metrics import recorded_name

if TYPE_CHECKING:
    from chainrule.train.kept import KeptEpochs
    from chainrule.train.recorded import Recorded

V = TypeVar("V")  # a list of one number an epoch, or one epoch's number


class Numbers(dict[str, V]):
    """Numbers of a training by name, and by what other libraries call them: "loss" is the cost, "acc" the accuracy."""

    _of: ClassVar[str] = "training"

    def _ours(self, name: Any) -> Any:
        return recorded_name(name, self.keys()) if isinstance(name, str) else name

    def __missing__(self, name: str) -> V:
        ours = self._ours(name)
        if ours in self.keys():
            return self[ours]
        raise MissingNameError(str(unknown_name(f"number of this {self._of}", name, self.keys())))

    def __contains__(self, name: Any) -> bool:  # or `if "val_loss" in history:` would leave out what is there
        return super().__contains__(self._ours(name))

    def get(self, name: str, default: Any = None) -> Any:
        """Return the numbers of a name, or ``default``.

        Args:
            name: "cost", "val_cost" or a metric; "loss" is "cost" too.
            default: What to return where there are none.

        Returns:
            A list of one number an epoch; in a callback's logs the epoch's number.

        >>> network = cr.Network([cr.Dense(1)], seed=0)
        >>> network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=3).get("val_cost", "not validated")
        'not validated'
        """
        return super().get(self._ours(name), default)


class Evaluation(Numbers[float]):
    """What :meth:`Network.evaluate` returns: a dict of the cost and the metrics by name.

    It is not walked over: ``cost, accuracy = network.evaluate(X, y)`` would be the names, as with any dict.

    Raises:
        UnsupportedError: If it is unpacked or walked over; the message shows the line to write.

    >>> cost, r2 = Evaluation({"cost": 0.5, "r2": 0.75}).values()
    >>> r2
    0.75
    """

    _of = "evaluation"

    def __missing__(self, name: str) -> float:
        if isinstance(name, int):  # loss, accuracy = evaluate(X, y) is taken apart by place elsewhere
            raise MissingNameError(self._by_name())
        return super().__missing__(name)

    def __iter__(self) -> Iterator[str]:
        raise UnsupportedError(self._by_name())

    def _by_name(self) -> str:
        names = list(self.keys())
        each = f"{', '.join(map(_as_variable, names))} = network.evaluate(X, y).values() for the numbers, "
        return (
            f"An evaluation holds numbers by name ({', '.join(names)}); to unpack it or walk over it would give the "
            f"names. Write {each if len(names) > 1 else ''}network.evaluate(X, y)['{names[-1]}'] for one, and .keys() "
            "for the names."
        )


def _as_variable(name: str) -> str:
    return name if name.isidentifier() else "value"


class History(Friendly, Numbers[list[float]]):
    """What :meth:`Network.fit` returns: a dict with a list of one number an epoch for each of "cost", "val_cost",
    "<metric>", "val_<metric>".

    So ``pandas.DataFrame(history)`` has a row for each epoch. An epoch's cost is the mean of its batch costs, each
    before its update.

    Args:
        history: The numbers, by name. The others are the attributes:

    Attributes:
        times: Seconds since the start, at the end of each epoch.
        stopped: One sentence: why training ended.
        best_epoch: The epoch (from 0) of the best monitored value, or None.
        diverged: Whether the cost became NaN or infinite.
        signal: The signal that ended training (Ctrl-C is ``signal.SIGINT``), 0 if none did.
        engine: What computed it: the name of one of ``cr.ENGINES``.
        last_share: How much of the last epoch was done: below 1 where time, or a signal, ended the training within it.
        kept: What :func:`fit_many` kept of every epoch, if it was asked to: predictions and weights, else None.
        recorded: What :class:`Record` saw of the training: norms of gradients, say; None where there was none.
        learning_rates: The learning rate of each epoch's first step; empty where the optimizer has none.

    >>> X = np.linspace(-1, 1, 32)[:, None]
    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit(X, 3 * X, optimizer=cr.SGD(0.1), epochs=50, metrics="mae")
    >>> [round(cost, 3) for cost in history["cost"][::10]]
    [2.344, 0.538, 0.123, 0.028, 0.006]
    >>> list(history), "mae" in history
    (['cost', 'mae'], True)
    >>> history.stopped
    'Trained all 50 epochs.'
    """

    times: list[float]
    stopped: str
    best_epoch: int | None
    diverged: bool
    signal: int
    engine: str = ""
    last_share: float = 1.0
    kept: "KeptEpochs | None" = None
    recorded: "Recorded | None" = None
    learning_rates: Sequence[float] = ()

    def __init__(
        self,
        history: Mapping[str, Iterable[float]] | None = None,
        times: Iterable[float] = (),
        stopped: str = "",
        best_epoch: int | None = None,
        diverged: bool = False,
        signal: int = 0,
        engine: str = "",
    ) -> None:
        super().__init__({name: list(numbers) for name, numbers in (history or {}).items()})
        self.times, self.stopped, self.best_epoch = list(times), stopped, best_epoch
        self.diverged, self.signal, self.engine = diverged, signal, engine

    @property
    def history(self) -> dict[str, list[float]]:
        """The numbers alone, as a dict: what Keras keeps under this name.

        >>> network = cr.Network([cr.Dense(1)], seed=0)
        >>> network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=3).history.keys()
        dict_keys(['cost'])
        """
        return Numbers(self)

    @property
    def epochs(self) -> int:
        """The number of epochs that were run.

        >>> network = cr.Network([cr.Dense(1)], seed=0)
        >>> network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=3).epochs
        3
        """
        return len(self.times)

    @property
    def seconds(self) -> float:
        """How long the run took, in seconds.

        >>> network = cr.Network([cr.Dense(1)], seed=0)
        >>> network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=3).seconds < 60
        True
        """
        return self.times[-1] if self.times else 0.0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.update(state.pop("history", {}))  # where a pickle of 0.1 has the numbers
        vars(self).update(state)

    if TYPE_CHECKING:

        def plot(self) -> Any:
            """Return a picture of the training: :func:`chainrule.pictures.history`."""

    else:
        plot = Door()
    _repr_html_ = Door()

    def __repr__(self) -> str:
        last = in_a_row([f"{k} {v[-1]:.4g}" for k, v in measured(self).items()], 2 * WIDE)
        words = [f"History of {counted(self.epochs, 'epoch')}", *([last] if last else [])]
        return f"<{': '.join(words)}. {self.stopped}".rstrip() + ">"


def measured(history: History) -> dict[str, list[float]]:
    """Return what has a number for each epoch; a history is a dict, in which a user may keep more.

    >>> measured(History({"cost": [0.5, 0.25], "note": "the first try"}, times=[0.1, 0.2]))
    {'cost': [0.5, 0.25]}
    """
    lists = {name: numbers for name, numbers in history.items() if isinstance(numbers, list) and numbers}
    return {name: x for name, x in lists.items() if len(x) >= history.epochs and isinstance(x[-1], Real)}
