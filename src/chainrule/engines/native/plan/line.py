"""Things in a line: one is put behind any other, and two are compared by where they stand, without counting."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
GAP = 1 << 500  # so often, at the least, can something be put between two neighbours


class Line(Generic[T]):
    """Things in a line; None stands before the first."""

    def __init__(self) -> None:
        self._place: dict[T | None, int] = {}
        self._next: dict[T | None, T | None] = {None: None}
        self._previous: dict[T | None, T | None] = {None: None}

    def __iter__(self) -> Iterator[T]:
        item = self._next[None]
        while item is not None:
            yield item
            item = self._next[item]

    def at(self, item: T | None) -> float:
        """Return a number that is larger for what stands further behind."""
        return -float("inf") if item is None else self._place[item]

    def before(self, item: T | None) -> T | None:
        """Return what stands before something; before None is the end of the line."""
        return self._previous[item]

    def after(self, item: T | None) -> T | None:
        """Return what stands behind something; None behind the last."""
        return self._next[item]

    def put(self, item: T, after: T | None) -> None:
        """Put something new behind what is there."""
        follower = self._next[after]
        if follower is None:
            place = self._place.get(after, 0) + GAP
        elif after is None:
            place = self._place[follower] - GAP
        else:
            place = (self._place[after] + self._place[follower]) // 2
            if place == self._place[after]:
                self._place = {x: n * GAP for n, x in enumerate(self)}
                self.put(item, after)
                return
        self._place[item] = place
        self._next[after], self._next[item] = item, follower
        self._previous[follower], self._previous[item] = item, after
