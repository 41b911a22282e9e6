"""One arena for all intermediate results: places are used again when what lay there is no longer read."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush

import numpy as np

from chainrule.engines.native.plan.cuts import Work
from chainrule.engines.native.plan.items import Fusion, Loop, made, memory_source
from chainrule.engines.native.plan.regions import ALONE, ROWS, Region
from chainrule.engines.native.plan.views import Size, contiguous, product
from chainrule.graph.node import Node
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.shapes import Extent

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
class Stretch:
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


# Room in the arena for what is no node: what is computed within a step of a loop, or carried to the next.
ROOM = Primitive(
    name="room", text="room", forward=lambda: None, attributes={}, leaf="known", shape=lambda: (),
    no_derivative="It is no number.",
)  # fmt: skip


@dataclass(frozen=True)
class Rooms:
    """What a loop needs beside its results.

    Attributes:
        inner: Where what is computed within a step lies.
        places: Of each place of that, the room in which it is.
        carried: Of each value that is carried the rooms for what no result holds: two, in which it is by turns, or one,
            for what the last step leaves.
    """

    inner: "Memory"
    places: tuple[Node, ...]
    carried: tuple[tuple[Node, ...], ...]

    @property
    def all(self) -> tuple[Node, ...]:
        """All rooms."""
        return (*self.places, *(room for some in self.carried for room in some))


@dataclass(frozen=True)
class Memory:
    """Which place each node has, and what the places are.

    Attributes:
        slots: The places.
        place: In which of them a node lies, or a room of a loop.
        together: Whether places of the same extents lie in one stretch, in which each is found by itself; else
            each is a stretch, found by adding up the sizes of those before it.
        rooms: What each loop needs beside its results.
    """

    slots: tuple[Slot, ...]
    place: Mapping[Node, int]
    together: bool = False
    rooms: Mapping[Loop, Rooms] = field(default_factory=dict)

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The stretches of the arena, in order."""
        found: dict[object, Stretch] = {}
        for key, slot in zip(self._keys, self.slots, strict=True):
            before = found.get(key, Stretch(slot.extents, 0, 0))
            found[key] = Stretch(slot.extents, before.bytes + slot.bytes, before.count + 1)
        return tuple(found.values())

    @cached_property
    def starts(self) -> tuple[tuple[int, int, int], ...]:
        """For each place the number of its stretch, and the bytes and the places in it that come before."""
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
        rooms = (Slot(r.bytes, r.extents).size(lengths) - ALIGN + r.gaps for r in self.stretches)
        return sum(rooms) + ALIGN


def plan_memory(plan: Fusion, regions: Sequence[Region]) -> Memory:
    """Give every stored node that is neither an output nor lives in its variable's memory a place.

    What one part of a region still reads another may have done with: a place is free for the next region. Within a
    region of rows it is free for what has rows of the same size: each part keeps to its own.
    """
    works = [(number, region.kind, w) for number, region in enumerate(regions) for w in region.works]
    rooms = {w.item: _rooms(w.item, w.inner) for _, _, w in works if isinstance(w.item, Loop)}
    born: dict[Node, int] = {}  # what holds others is there as soon as the first of them
    last: dict[Node, int] = {}
    for at, (_, _, work) in enumerate(works):
        for room in rooms[work.item].all if isinstance(work.item, Loop) else ():
            born[room] = last[room] = at
        for node in made(work.item):
            born.setdefault(_holder(plan, node), at)
            for x in (node, *map(memory_source, node.inputs)):
                last[_holder(plan, x)] = at
    ends = {*plan.home, *plan.program.outputs}
    until = {n: works[at][0] for n, at in last.items()} | {new: len(regions) for _, new in plan.commits}
    sizes: list[tuple[int, tuple[str, ...]]] = []
    taken: list[tuple[int, int]] = []  # a heap: the region up to which a slot is taken, and the slot
    free: dict[tuple[str, ...], list[tuple[int, int]]] = {}  # by extents and size
    # What is of use within a region alone, by its size and how far apart its rows are: the last item that reads a slot,
    # and the slot.
    within: dict[tuple[int, Size, Size | None], list[tuple[int, int]]] = {}
    place: dict[Node, int] = {}
    for node in [n for n in born if n.primitive is ROOM or (n in plan.stored and n not in ends)]:
        region, kind, _ = works[born[node]]
        size = product(node.shape)
        count = size.count * node.dtype.itemsize
        for alike in [k for k in within if k[0] < region]:
            for _, slot in within.pop(alike):
                heappush(taken, (alike[0], slot))
        own = within.setdefault((region, Size(count, size.extents), _between_rows(plan, node)), [])
        while taken and taken[0][0] < region:
            slot = heappop(taken)[1]
            insort(free.setdefault(sizes[slot][1], []), (sizes[slot][0], slot))
        fitting = free.get(size.extents)
        if kind == ROWS and own and own[0][0] < born[node]:
            best = heappop(own)[1]
        elif fitting:
            best = fitting.pop(_nearest(fitting, count))[1]
            sizes[best] = (max(sizes[best][0], count), size.extents)
        else:
            best = len(sizes)
            sizes.append((count, size.extents))
        if kind == ROWS and until[node] == region:
            heappush(own, (last[node], best))
        else:
            heappush(taken, (until[node], best))
        place[node] = best
    return Memory(tuple(Slot(*s) for s in sizes), place, plan.long, rooms)


def _rooms(loop: Loop, inner: Sequence[Work]) -> Rooms:
    """Return what a loop needs: what lies somewhere within a step is free for what is computed later in it."""
    found = plan_memory(loop.plan, [Region(ALONE, [work]) for work in inner])
    places = tuple([_room((*map(Extent, s.extents), s.bytes)) for s in found.slots])
    carried = [_rooms_of_carried(loop, number) for number in range(loop.carried)]
    return Rooms(found, places, tuple(carried))


def _rooms_of_carried(loop: Loop, number: int) -> tuple[Node, ...]:
    leaf, home = loop.body.inputs[number], loop.homes.get(number)
    is_found = home is not None and home[1]
    count = 2 if home is None else int(is_found and loop.last(number) is None)
    return tuple([_room((*leaf.shape, leaf.dtype.itemsize)) for _ in range(count)])


def _room(shape: tuple[int | Extent, ...]) -> Node:
    return Node(ROOM, (), {}, shape, np.dtype(np.uint8))


def _between_rows(plan: Fusion, node: Node) -> Size | None:
    """Return how many bytes lie between two rows of a node; None if it has none."""
    by_axis = dict(zip(node.shape, contiguous(node.shape), strict=True))
    return by_axis[plan.rows] * Size(node.dtype.itemsize) if plan.rows in by_axis else None


def _holder(plan: Fusion, node: Node) -> Node:
    return plan.inside[node].base if node in plan.inside else node


def _nearest(slots: list[tuple[int, int]], count: int) -> int:
    """Return which of the slots, sorted by size and number, is of the size that is nearest; the first of several."""
    above = bisect_left(slots, (count, -1))
    below = bisect_left(slots, (slots[above - 1][0], -1)) if above else above
    candidates = [i for i in (below, above) if i < len(slots)]
    return min(candidates, key=lambda i: (abs(slots[i][0] - count), slots[i][1]))
