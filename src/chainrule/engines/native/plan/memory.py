"""One arena for all intermediate results: places are used again when what lay there is no longer read."""

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

from chainrule.engines.native.plan.fusion import Fusion, Item, Task, memory_source
from chainrule.engines.native.plan.views import product
from chainrule.graph.node import Node

ALIGN = 64  # a cache line, and the widest vector


@dataclass(frozen=True)
class Slot:
    """A place in the arena: so many bytes times the open extents, and one line more."""

    bytes: int
    extents: tuple[str, ...]

    def size(self, lengths: Mapping[str, int]) -> int:
        """Return the number of bytes for given lengths of the open extents."""
        total = self.bytes
        for name in self.extents:
            total *= lengths[name]
        return -(-total // ALIGN) * ALIGN + ALIGN


@dataclass(frozen=True)
class Region:
    """Places in the arena whose sizes are multiples of the same open extents, one after the other.

    Each begins at a cache line; a line is left free between two, and one more for what that rounds up.
    """

    extents: tuple[str, ...]
    bytes: int
    count: int

    @property
    def gaps(self) -> int:
        """What is left free, in bytes."""
        return (2 * self.count - 1) * ALIGN


@dataclass(frozen=True)
class Memory:
    """Which place each node has, and what the places are.

    Attributes:
        slots: The places.
        place: In which of them a node lies.
        together: Whether places of the same extents lie in one region, in which each is found by itself; else
            each is a region, found by adding up the sizes of those before it.
    """

    slots: tuple[Slot, ...]
    place: Mapping[Node, int]
    together: bool = False

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the arena, in order."""
        found: dict[object, Region] = {}
        for key, slot in zip(self._keys, self.slots, strict=True):
            before = found.get(key, Region(slot.extents, 0, 0))
            found[key] = Region(slot.extents, before.bytes + slot.bytes, before.count + 1)
        return tuple(found.values())

    @cached_property
    def starts(self) -> tuple[tuple[int, int, int], ...]:
        """For each place the number of its region, and the bytes and the places in it that come before."""
        numbers = {key: number for number, key in enumerate(dict.fromkeys(self._keys))}
        before = [(0, 0)] * len(numbers)
        found = []
        for key, slot in zip(self._keys, self.slots, strict=True):
            number = numbers[key]
            bytes, count = before[number]
            found.append((number, bytes, count))
            before[number] = bytes + slot.bytes, count + 1
        return tuple(found)

    @property
    def _keys(self) -> list[object]:
        return [slot.extents if self.together else number for number, slot in enumerate(self.slots)]

    def size(self, lengths: Mapping[str, int]) -> int:
        """Return the bytes of the whole arena."""
        rooms = (Slot(r.bytes, r.extents).size(lengths) - ALIGN + r.gaps for r in self.regions)
        return sum(rooms) + ALIGN


def plan_memory(plan: Fusion) -> Memory:
    """Give every stored node that is neither an output nor lives in its variable's memory a place."""
    position = {n: i for i, item in enumerate(plan.items) for n in made(item)}
    last: dict[Node, int] = {}
    for node, at in position.items():
        for x in node.inputs:
            source = memory_source(x)
            last[source] = max(last.get(source, 0), at)
    for _, new in plan.commits:
        last[new] = len(plan.items)
    ends = {*plan.home, *plan.program.outputs}
    sizes: list[tuple[int, tuple[str, ...]]] = []
    taken: list[tuple[int, int]] = []  # a heap: the item up to which a slot is taken, and the slot
    free: dict[tuple[str, ...], list[tuple[int, int]]] = {}  # by extents and size
    place: dict[Node, int] = {}
    wishes = [n for n in position if n in plan.stored and n not in ends]
    for node in sorted(wishes, key=position.__getitem__):
        size, begins = product(node.shape), position[node]
        count = size.count * node.dtype.itemsize
        while taken and taken[0][0] < begins:
            slot = heappop(taken)[1]
            insort(free.setdefault(sizes[slot][1], []), (sizes[slot][0], slot))
        fitting = free.get(size.extents)
        if fitting:
            best = fitting.pop(_nearest(fitting, count))[1]
            sizes[best] = (max(sizes[best][0], count), size.extents)
        else:
            best = len(sizes)
            sizes.append((count, size.extents))
        heappush(taken, (last.get(node, begins), best))
        place[node] = best
    return Memory(tuple(Slot(*s) for s in sizes), place, plan.long)


def _nearest(slots: list[tuple[int, int]], count: int) -> int:
    """Return which of the slots, sorted by size and number, is of the size that is nearest; the first of several."""
    above = bisect_left(slots, (count, -1))
    below = bisect_left(slots, (slots[above - 1][0], -1)) if above else above
    candidates = [i for i in (below, above) if i < len(slots)]
    return min(candidates, key=lambda i: (abs(slots[i][0] - count), slots[i][1]))


def made(item: Item) -> list[Node]:
    """Return the nodes whose values an item makes."""
    return [item.node] if isinstance(item, Task) else [*item.nodes, *item.reductions]
