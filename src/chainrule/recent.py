"""What was asked for last, by key: what is remembered has a bound, and threads may share it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """The ``most`` values that were asked for last.

    >>> squares = Recent(most=2)
    >>> [squares.get(n, lambda n=n: n * n) for n in (3, 4, 3, 5)], len(squares)
    ([9, 16, 9, 25], 2)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of ``key``, making it if it is not there; of two that threads make one stays."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()  # it may take long, and ask for others
        with self._lock:
            made = self._kept.setdefault(key, made)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return made

    def values(self) -> list[V]:
        """Return all there are, the one asked for last at the end."""
        with self._lock:
            return list(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)
