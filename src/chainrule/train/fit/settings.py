"""How a fit goes: what the user may set of it, checked."""

import time
from dataclasses import dataclass, field
from math import inf
from numbers import Real
from operator import index
from typing import Any

from chainrule.errors import DataError, short


@dataclass(frozen=True)
class Settings:
    """How to descend and for how long; the meaning of each is in :meth:`Network.fit`."""

    batch_size: int | None
    epochs: int
    validation_split: float
    tol: float | None
    time_budget: float | None
    verbose: int
    until: int | None = None  # so many epochs are enough, of a schedule of all of them
    began: float = field(default_factory=time.perf_counter, init=False)  # a time budget counts from here

    def __post_init__(self) -> None:
        whole("epochs", self.epochs, 0)
        if self.batch_size is not None:
            whole("batch_size", self.batch_size, 1)
        if self.until is not None:
            whole("until", self.until, 0)
        share = self.validation_split
        if not isinstance(share, Real) or not 0 <= share < 1:
            raise DataError(
                f"validation_split is the share of examples held back, from 0 to below 1; found {short(share)}."
            )
        if not isinstance(self.verbose, int) or self.verbose not in (0, 1, 2):
            choices = "0 (silent), 1 (a progress line) or 2 (a line an epoch)"
            raise DataError(f"verbose is {choices}; found {short(self.verbose)}.")
        at_least_0("tol", self.tol)
        at_least_0("time_budget", self.time_budget)

    @property
    def last(self) -> int:
        """The epoch before which it ends."""
        return self.epochs if self.until is None else min(self.until, self.epochs)


def at_least_0(name: str, value: Any) -> None:
    """Raise DataError for a setting that is neither a number of at least 0 nor None."""
    if value is not None and not (isinstance(value, Real) and float(value) >= 0):
        raise DataError(f"{name} must be a number of at least 0, or None; found {short(value)}.")


def whole(name: str, value: Any, least: int, beyond: float = inf) -> int:
    """Return a setting as a whole number; DataError if it is none, or not from ``least`` to below ``beyond``."""
    try:
        found = index(value)
    except TypeError:
        found = least - 1
    if isinstance(value, bool) or not least <= found < beyond:
        most = "" if beyond == inf else f" and below {beyond}"
        raise DataError(f"{name} must be a whole number of at least {least}{most}; found {short(value)}.")
    return found
