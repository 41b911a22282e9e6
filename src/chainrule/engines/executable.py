"""What an engine makes of a program, whatever the engine: something that takes a step, and runs epochs.

While it is made nobody searches for garbage: what is made stays, and a search looks at all that the process holds.
"""

import gc
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.doors import late
from chainrule.graph.evaluate import Arrays
from chainrule.random import Key, words_within

if TYPE_CHECKING:
    from chainrule.engines.epochs import Alike, Epochs, Run, run_epochs
    from chainrule.engines.stopping import Judging
else:  # who predicts takes a single step
    run_epochs = late("chainrule.engines.epochs:run_epochs")


class Executable(ABC):
    """A compiled program. An engine writes ``step``; ``run`` is made of steps, unless it has a loop of its own."""

    engine: str  # the name of the one that it runs on
    batches_at_once: int = 1  # so many it is better given as one, where examples do not depend on each other

    def __repr__(self) -> str:
        return f"<a program compiled for the {self.engine} engine>"

    @abstractmethod
    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""

    def each(self, state: Sequence[np.ndarray], batches: Iterable[Sequence[np.ndarray]]) -> Iterator[Arrays]:
        """Run the program on one batch after the other, each time from this state; yield the outputs of each."""
        for batch in batches:
            yield self.step(state, batch)[1]

    def draw(self, key: Key, numbers: np.ndarray, first: int, count: int) -> np.ndarray:
        """Return the random words that :func:`chainrule.random.words_within` does; an engine may make them sooner."""
        return words_within(key, numbers, first, count)

    def judge(self, judging: "Judging", state: Sequence[np.ndarray]) -> Any:
        """Return what an engine's own loop needs to validate by this program; None where it cannot."""
        return None

    def seconds_a_step(self, rows: int) -> float | None:
        """Return what a step of a run took last, for batches of so many rows; None where that is not known."""
        return None

    def prepare(self, asked: "Epochs") -> None:  # noqa: B027 -- where steps are all there is, nothing
        """Make what a run needs that is made once, so that its time is all its own."""

    def run(self, asked: "Epochs") -> "Run":
        """Run epochs."""
        return run_epochs(self.step, asked)

    def run_alike(
        self, states: Sequence[np.ndarray], table: Sequence[np.ndarray], epochs: int
    ) -> "Alike | None":
        """Run epochs of a step each from many states, if that is what this engine has code for.

        Args:
            states: The arrays of a state, each with an axis before its own for the runs; they are changed.
            table: The examples of all.
            epochs: How many.
        """
        return None


class _Makers:
    """How many are at it, in all threads, and whether there were searches before the first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.searched = False

    def begin(self) -> None:
        """Count one in."""
        with self.lock:
            if not self.count:
                self.searched = gc.isenabled()
                gc.disable()
            self.count += 1

    def end(self) -> None:
        """Count one out."""
        with self.lock:
            self.count -= 1
            if not self.count and self.searched:
                gc.enable()


_makers = _Makers()


def _born() -> None:
    """Be a forked process, in which the other threads that were at it are no more."""
    global _makers
    if _makers.count and _makers.searched:
        gc.enable()
    _makers = _Makers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_born)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Make a program within. Beside scikit-learn a search takes longer than most programs.

    >>> with undisturbed():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    makers = _makers
    makers.begin()
    try:
        yield
    finally:
        makers.end()
