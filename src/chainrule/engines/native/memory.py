"""One arena for all intermediate results: places are used again when what lay there is no longer read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.engines.native.schedule import Item, Schedule, Task, memory_source
from chainrule.engines.native.tasks import scratch_size
from chainrule.engines.native.views import product
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
class Memory:
    """Which place each node has, and what the places are."""

    slots: tuple[Slot, ...]
    place: Mapping[Node, int]
    scratch: Mapping[Node, int]  # where a product lays out an operand anew

    def size(self, lengths: Mapping[str, int]) -> int:
        """Return the bytes of the whole arena."""
        return sum(s.size(lengths) for s in self.slots) + ALIGN


def plan_memory(plan: Schedule) -> Memory:
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
    free_at: list[int] = []  # the item after which the slot is free
    place: dict[Node, int] = {}
    scratch: dict[Node, int] = {}
    wishes = [(n, place, product(n.shape)) for n in position if n in plan.stored and n not in ends]
    wishes += [(n, scratch, room) for n in position if (room := scratch_size(plan, n)) is not None]
    wishes.sort(key=lambda wish: position[wish[0]])
    for node, to, size in wishes:
        count, begins = size.count * node.dtype.itemsize, position[node]
        until = begins if to is scratch else last.get(node, begins)
        fitting = [
            i for i, (_, extents) in enumerate(sizes) if extents == size.extents and free_at[i] < begins
        ]
        if fitting:
            best = min(fitting, key=lambda i: (abs(sizes[i][0] - count), i))
            sizes[best] = (max(sizes[best][0], count), size.extents)
            free_at[best] = until
        else:
            best = len(sizes)
            sizes.append((count, size.extents))
            free_at.append(until)
        to[node] = best
    return Memory(tuple(Slot(*s) for s in sizes), place, scratch)


def made(item: Item) -> list[Node]:
    """Return the nodes whose values an item makes."""
    return [item.node] if isinstance(item, Task) else [*item.nodes, *item.reductions]
