"""History: what a training run was like."""

from dataclasses import dataclass, field


@dataclass
class History:
    """What :meth:`Network.fit` returns: ``history["cost"]`` is a list of one number an epoch.

    Attributes:
        history: A list of one number an epoch for each of "cost", "val_cost", "<metric>", "val_<metric>". An
            epoch's cost is the mean of its batch costs, each before its update.
        times: Seconds since the start, at the end of each epoch.
        stopped: One sentence: why training ended.
        best_epoch: The epoch (from 0) of the best monitored value, or None.
        diverged: Whether the cost became NaN or infinite.
        signal: The signal that ended training (Ctrl-C is ``signal.SIGINT``), 0 if none did.

    >>> X = np.linspace(-1, 1, 32)[:, None]
    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit(X, 3 * X, optimizer=cr.SGD(0.1), epochs=50, metrics="mae")
    >>> [round(cost, 3) for cost in history["cost"][::10]]
    [2.344, 0.538, 0.123, 0.028, 0.006]
    >>> sorted(history.history)
    ['cost', 'mae']
    >>> history.stopped
    'Trained all 50 epochs.'
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    stopped: str = ""
    best_epoch: int | None = None
    diverged: bool = False
    signal: int = 0

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

    def __getitem__(self, name: str) -> list[float]:
        return self.history[name]

    def __repr__(self) -> str:
        last = ", ".join(f"{k} {v[-1]:.4g}" for k, v in self.history.items() if v)
        return f"<History of {self.epochs} epoch{'' if self.epochs == 1 else 's'}: {last}. {self.stopped}>"
