"""Which items of a step are done together between two barriers, and how these are cut so that threads may share them.

A region of *rows* does the same rows of the batch in all its items: each part goes through all of them for its own
rows, and nothing that it reads was made of other rows there. In an *own* region each item is cut along an axis of its
own, a gradient of weights and their update along the rows of the weights, say, or it is small and done whole by one
part. What has no such axis, and single numbers, stand *alone*. Where a part begins follows from sizes; no value
depends on it.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chainrule.engines.native.plan.cuts import (
    SMALL,
    Amount,
    Cut,
    Way,
    Work,
    grain_of_rows,
    own_cut,
    rows_cut,
    rows_nearby,
    touches,
    work_of,
)
from chainrule.engines.native.plan.items import (
    Fusion,
    Item,
    Nest,
    made,
    memory_source,
    reads_memory,
    register_source,
)
from chainrule.engines.native.plan.views import Size
from chainrule.graph.node import Node, leaf_key

ROWS, OWN, ALONE = "rows", "own", "alone"
PARTS = 8  # of an own region; a whole item is done by one of them


@dataclass(eq=False)
class Region:
    """What is done between two barriers: of rows, own, or alone."""

    kind: str
    works: list[Work]

    @property
    def amount(self) -> Amount:
        """How much there is to do."""
        total: dict[tuple[str, ...], int] = {}
        for s in (s for w in self.works for s in w.amount.sizes):
            total[s.extents] = total.get(s.extents, 0) + s.count
        return Amount(tuple(Size(count, extents) for extents, count in total.items()))


def in_regions(plan: Fusion, forced: bool = False) -> tuple[Fusion, list[Region]]:
    """Return the plan in the order of its regions, and these.

    Args:
        plan: What is done, in an order in which it can be.
        forced: Whether all is cut that can be, however small.
    """
    if plan.rows is None:
        regions = [_by_itself(plan, work_of(plan, item, forced), forced) for item in plan.items]
    else:
        regions = _Scheduler(plan, [work_of(plan, x, forced) for x in _items(plan)], forced).run()
        _keep_near(plan, regions, forced)
    return replace(plan, items=[w.item for r in regions for w in r.works]), regions


def _keep_near(plan: Fusion, regions: Sequence[Region], forced: bool) -> None:
    """Let parts of rows be small enough for a cache: all alike, for a part finds there what it made before."""
    of_rows = [r for r in regions if r.kind == ROWS]
    grain = min((rows_nearby(plan, r.works, forced) for r in of_rows), default=0)
    for work in (w for r in of_rows for w in r.works):
        work.cut = replace(work.cut, grain=grain) if work.cut is not None else None


def grain_of(regions: Sequence[Region], forced: bool) -> int:
    """Return what number of rows a part of a batch begins at a multiple of."""
    cuts = (w.cut for r in regions if r.kind == ROWS for w in r.works if w.cut is not None)
    return next((cut.grain for cut in cuts), grain_of_rows(forced))


def _by_itself(plan: Fusion, work: Work, forced: bool) -> Region:
    """Return a region of one item."""
    work.cut = own_cut(plan, work, forced) if forced or work.amount.typical >= SMALL else None
    return Region(OWN if work.cut is not None else ALONE, [work])


def _items(plan: Fusion) -> Iterator[Item]:
    """Yield the items; single numbers one by one, for some are needed early and others are known late."""
    for item in plan.items:
        if isinstance(item, Nest) and not item.domain:
            yield from (Nest((), [n]) for n in item.nodes)
            yield from (Nest((), [], [n]) for n in item.reductions)
        else:
            yield item


def _together(plan: Fusion, works: Sequence[Work], forced: bool) -> list[Work]:
    """Let single numbers that follow each other be one item again, where each finds the others in registers."""
    found: list[dict[Node, Work]] = []
    for work in works:
        (node,), last = made(work.item), found[-1] if found else {}
        direct = all(
            register_source(x) in last and not reads_memory(node, i)
            for i, x in enumerate(node.inputs)
            if memory_source(x) in last
        )
        if last and direct and not any(n.primitive.reduces for n in (node, *last)):
            last[node] = work
        else:
            found.append({node: work})
    return [
        work_of(plan, Nest((), [*group]), forced) if len(group) > 1 else next(iter(group.values()))
        for group in found
    ]


def _connected(works: Iterable[Work]) -> list[list[Work]]:
    """Return items in groups of those that need each other, in order."""
    group: dict[Work, list[Work]] = {}
    for work in works:
        own = [work]
        for x in [x for x in work.before if x in group and group[x] is not own]:
            own[:0] = [w for w in group[x] if w not in own]
        for x in own:
            group[x] = own
    return list({id(g): g for g in group.values()}.values())


def _begin_alike(works: Sequence[Work], cuts: dict[Work, Cut | None]) -> None:
    """Let parts of axes as long as each other begin at the same places: what one makes there another may overwrite."""
    grains: dict[Size, int] = {}
    for cut in (c for w in works if (c := cuts[w]) is not None):
        grains[cut.extent] = min(cut.grain, grains.get(cut.extent, cut.grain))
    for work in works:
        own = cuts[work]
        cuts[work] = replace(own, grain=grains[own.extent]) if own is not None else None


class _Scheduler:
    """Puts items into regions: as much as goes into each, rows before all that only sums over them."""

    def __init__(self, plan: Fusion, works: Sequence[Work], forced: bool) -> None:
        self.plan, self.forced = plan, forced
        self.waiting = list(works)
        self.done: set[Work] = set()
        self.by_rows = {w: cut for w in works if (cut := rows_cut(plan, w, forced))}
        self._depend()

    def run(self) -> list[Region]:
        """Return the regions in order."""
        regions: list[Region] = []
        while self.waiting:
            found = self._next()
            self.done.update(found.works)
            if all(map(self._is_number, found.works)):
                found.works = _together(self.plan, found.works, self.forced)
            regions.append(found)
            self.waiting = [w for w in self.waiting if w not in self.done]
        return regions

    def _depend(self) -> None:
        """Note what comes before what: makers before readers, readers of a variable before what overwrites it."""
        maker: dict[Node, Work] = {}
        readers: dict[Hashable, list[Work]] = {}
        for work in self.waiting:
            nodes = made(work.item)
            for x in (memory_source(x) for n in nodes for x in n.inputs):
                if x in maker:
                    work.before[maker[x]] = None
                readers.setdefault(leaf_key(x), []).append(work)
            for node in nodes:
                maker[node] = work
                if node in self.plan.home:
                    work.before |= dict.fromkeys(readers.get(leaf_key(self.plan.home[node]), ()))
            work.before.pop(work, None)

    def _next(self) -> Region:
        alone = self._ready([w for w in self.waiting if self._is_number(w)])
        if alone:
            return Region(ALONE, alone)
        needed: set[Work] = set()  # what items of rows wait for
        for work in reversed(self.waiting):
            if work in self.by_rows or work in needed:
                needed.update(x for x in work.before if x not in self.done)
        own = self._own([w for w in self.waiting if w in needed and w not in self.by_rows])
        if own.works:
            return own
        rows = self._fitting([w for w in self.waiting if w in self.by_rows], self.by_rows)
        return Region(ROWS, rows) if rows else self._own(self.waiting)

    def _is_number(self, work: Work) -> bool:
        return isinstance(work.item, Nest) and not work.item.domain

    def _ready(self, works: Iterable[Work]) -> list[Work]:
        """Return those of some items, in order, that need nothing but what is done, and each other."""
        found: dict[Work, None] = {}
        for work in works:
            if all(x in self.done or x in found for x in work.before):
                found[work] = None
        return list(found)

    def _fitting(self, works: Iterable[Work], cuts: Mapping[Work, Cut | None]) -> list[Work]:
        """Return those of some items of which no part touches what another part writes, each cut as is said."""
        found: list[Work] = []
        touched: dict[Hashable, set[tuple[Way, bool]]] = {}
        for work in works:
            cut = cuts[work]
            own = set(touches(self.plan, work, cut))
            free = all(
                way is not None and way == other
                for key, way, writes in own
                for other, written in touched.get(key, ())
                if writes or written
            )
            if free and all(x in self.done or x in found for x in work.before):
                work.cut = cut
                found.append(work)
                for key, way, writes in own:
                    touched.setdefault(key, set()).add((way, writes))
        return found

    def _own(self, works: Sequence[Work]) -> Region:
        """Return a region of what can be done of some items, each cut by itself or done whole by one part."""
        cuts: dict[Work, Cut | None] = {}
        loads = dict.fromkeys(reversed(range(PARTS)), 0)  # where things are cut, the last parts have less
        ready = self._ready([w for w in works if not self._is_number(w)])
        for together in _connected(ready):
            large = self.forced or sum(w.amount.typical for w in together) >= SMALL
            for work in together:
                before = [x for x in together if x in work.before and cuts[x] is None]
                cuts[work] = own_cut(self.plan, work, self.forced) if large and not before else None
                if cuts[work] is None:
                    work.part = before[0].part if before else min(loads, key=lambda p: loads[p])
                    loads[work.part] += work.amount.typical
            _begin_alike(together, cuts)
        found = self._fitting(ready, cuts)
        several = any(w.cut is not None for w in found) or len(_connected(found)) > 1
        return Region(OWN if several else ALONE, found)
