"""Memory for intermediate results: what no call uses now waits for the next one, of all programs up to a bound."""

import threading
from collections import OrderedDict

import numpy as np

from chainrule.engines.native.run.arrays import aligned

LARGE = 2**22  # bytes: of smaller arenas each program may keep its own
MOST_IDLE = 2**29  # bytes of large ones, of all programs together: a loop over time stores every step


class Arena:
    """Memory for intermediate results, and where it is taken to begin: at a cache line."""

    def __init__(self, size: int) -> None:
        self.memory: np.ndarray = np.empty(size, np.uint8)
        self.begin: int = aligned(self.memory)


class Rooms:
    """Arenas of a program; threads may share them.

    Attributes:
        idle: Those that no call uses now.
    """

    def __init__(self) -> None:
        self.idle: list[Arena] = []

    def take(self, size: int, exactly: bool = False) -> Arena:
        """Return an arena of so many bytes, or more where that does no harm, that no other call uses now."""
        while True:
            try:
                arena = self.idle.pop()
            except IndexError:
                return Arena(size)
            have = len(arena.memory)
            if have >= LARGE:
                with _lock:
                    _large.pop(arena, None)
            if have == size or (have > size and not exactly):
                return arena

    def give_back(self, arena: Arena) -> None:
        """Let other calls have an arena; of large ones those that have waited longest are let go."""
        self.idle.append(arena)
        if len(arena.memory) < LARGE:
            return
        with _lock:
            _large[arena] = self.idle
            while sum(len(a.memory) for a in _large) > MOST_IDLE:
                oldest, idle = _large.popitem(last=False)
                if oldest in idle:
                    idle.remove(oldest)


_large: OrderedDict[Arena, list[Arena]] = OrderedDict()  # that wait, and where
_lock = threading.Lock()
