"""The derivatives of a loop, which are loops: the same steps in the other direction, or with how fast all moves.

The row stands in the table, below backprop. It names its rules, ``vjp=late("module:function")``, which are imported
when a gradient first passes through it (see ``chainrule/doors.py``).

The step back carries λ, the gradient of what the step forward carries. What it makes for the weights is not carried but
summed over all steps at once, where that can be: for ``z = x @ W`` one product, over steps and rows. What it reads of
the step forward is stored or made again, as :mod:`chainrule.transform.residuals` says.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.graph.closed import ClosedGraph, extents_of, replaced
from chainrule.graph.node import Node, as_node, broadcast, input, leaf_key, record, with_inputs
from chainrule.graph.walk import descendants, order
from chainrule.transform.backprop import pullback, sweep
from chainrule.transform.batching import summed_over_steps
from chainrule.transform.forward import pushforward
from chainrule.transform.masks import Arrived, add, in_dtype, mask_of, under
from chainrule.transform.residuals import is_costly, stored
from chainrule.transform.slopes import Outside, Slopes, moved

Nodes = tuple[Node, ...]


class Loop:
    """A loop by its parts: its body, what that is given, and how it goes."""

    def __init__(
        self, row: Any, inputs: Nodes, body: ClosedGraph, carried: int, length: Any, reverse: bool
    ) -> None:
        leaves = {leaf_key(n): n for n in body.given}  # copies of a leaf, of other names, are the leaf
        self.body: ClosedGraph = body.rebuild(
            lambda n, new: leaves.get(leaf_key(n), n) if not new else with_inputs(n, new)
        )
        self.row: Any = row
        self.carried: int = carried
        self.length: Any = length
        self.reverse: bool = reverse
        self.before: Nodes = self.body.inputs[:carried]
        self.scanned: Nodes = self.body.inputs[carried:]
        self.after: Nodes = self.body.outputs[:carried]
        # On all steps: along axis 0, but for what is carried or the same in each.
        self.given: dict[Node, Node] = dict(zip(self.body.given, inputs, strict=True))
        self.nodes: list[Node] = order([*self.body.given, *self.body.outputs])

    def moving(self, wrt: Iterable[Node]) -> tuple[list[Node], set[Node]]:
        """Return which leaves some steps move when those of ``wrt`` move, and all that moves with them."""
        leaves = list(wrt)
        while True:
            active = moved(leaves, self.nodes)
            more = [
                c for c, new in zip(self.before, self.after, strict=True) if new in active and c not in leaves
            ]
            if not more:
                return leaves, active
            leaves += more

    def reaching(self, takes: Iterable[int], leaves: Collection[Node], active: set[Node]) -> list[int]:
        """Return which results have a gradient, of those that move, where those of ``takes`` have one."""
        moving = {i for i, n in enumerate(self.body.outputs) if n in active}
        moving |= {i for i, c in enumerate(self.before) if c in leaves}  # and need not be what is carried on
        found = moving.intersection(takes)
        while True:
            reached = {self.body.outputs[take] for take in found}
            for n in reversed(self.nodes):
                if n in reached:
                    reached.update(x for x in n.inputs if x in active)
            more = moving.intersection(i for i, c in enumerate(self.before) if c in reached) - found
            if not more:
                return sorted(found)
            found |= more

    def steep(self, active: set[Node], outside: Outside) -> tuple[Outside, set[Node]]:
        """Return what the body does not know of its leaves, now from step to step, and where it is steep."""
        while True:
            steep = Slopes(self.nodes, active, outside).steep
            more = [c for c, new in zip(self.before, self.after, strict=True) if new in steep]
            if set(more) <= set(outside.steep):
                return outside, steep
            outside = Outside(outside.doubted, [*outside.steep, *more])

    def results(self, body: ClosedGraph, inputs: Iterable[Node], carried: int, reverse: bool) -> list[Node]:
        """Return all results of another loop of so many steps."""
        attributes = {"body": body, "carried": carried, "length": self.length, "reverse": reverse}
        inputs = tuple(inputs)
        return [record(self.row, inputs, {**attributes, "take": take}) for take in range(len(body.outputs))]


# --- forward --------------------------------------------------------------------------------------------


def pushed(dots: Sequence[Node | None], y: Node, *inputs: Node, body: ClosedGraph, carried: int, length: Any,
           reverse: bool, take: int) -> Node | None:  # fmt: skip
    """Return how fast a result of a loop changes, from how fast the inputs do; the rule ``jvp`` of the row.

    Each step carries beside each value how fast it changes.
    """
    loop = Loop(y.primitive, inputs, body, carried, length, reverse)
    given = {n: dot for n, dot in zip(loop.given, dots, strict=True) if dot is not None}
    leaves, active = loop.moving(given)
    ends = loop.body.outputs
    if ends[take] not in active:
        return None
    speed = {n: input(f"{n.name}'", n.shape, n.dtype) for n in loop.body.given if n in leaves}
    moving = [n for n in ends if n in active]
    found = {n: in_dtype(dot, n.dtype) for n, dot in zip(moving, pushforward(moving, speed), strict=True)}
    parts = (loop.before, loop.scanned, loop.body.shared)
    before, scanned, shared = ([n for n in part if n in speed] for part in parts)
    after = [found.get(loop.after[loop.before.index(n)], zeros(n)) for n in before]
    emitted = [n for n in ends[carried:] if n in found]
    both = ClosedGraph(
        (*loop.before, *[speed[n] for n in before], *loop.scanned, *[speed[n] for n in scanned]),
        (*loop.body.shared, *[speed[n] for n in shared]),
        (*loop.after, *after, *[found[n] for n in emitted]),
    )

    def of(leaves: Iterable[Node]) -> list[Node]:
        return [given.get(n, zeros(n)) for n in leaves]

    known = loop.given
    inputs = (*[known[n] for n in loop.before], *of(before), *[known[n] for n in loop.scanned], *of(scanned),
              *[known[n] for n in loop.body.shared], *of(shared))  # fmt: skip
    results = loop.results(both, inputs, carried + len(before), reverse)
    at = before.index(loop.before[take]) if take < carried else len(before) + emitted.index(ends[take])
    return results[carried + at]


# --- backward -------------------------------------------------------------------------------------------


def pulled(arrived: Arrived, y: Node, *inputs: Node, body: ClosedGraph, carried: int, length: Any, reverse: bool,
           take: int) -> list[Node | None]:  # fmt: skip
    """Return the gradient of each input of a loop, from those of all its results; the rule ``vjp`` of the row.

    λ is carried where what is wanted moves a value and that moves a result which has a gradient. A gradient that stands
    under a condition (chosen or not) stands under it in each step, where a slope may be infinite.
    """
    loop = Loop(y.primitive, inputs, body, carried, length, reverse)
    ends, before = loop.body.outputs, loop.before
    wanted, doubted, around = ([n for n, so in zip(loop.given, each, strict=True) if so]
                               for each in (arrived.wanted, arrived.doubted, arrived.steep))  # fmt: skip
    moving, active = loop.moving(wanted)
    takes = loop.reaching(arrived.at, moving, active)
    outside, steep = loop.steep(active, Outside(doubted, around))
    seeds: dict[int, _Seed] = {}
    for t in takes:
        dy = arrived.at.get(t)
        kept = ends[t] in steep and (t < carried or (dy is not None and mask_of(dy) is not None))
        name = before[t].name if t < carried else ends[t].name or "y"
        seeds[t] = _seed(ends[t], _apart(dy, ends[t], kept), name)
    wrt = [n for n in moving if n not in before or before.index(n) in takes]
    slopes = sweep([ends[t] for t in takes], [seeds[t].node for t in takes], wrt, outside=outside)
    found = {n: broadcast(g, n.shape) for n, g in zip(wrt, slopes, strict=True) if g is not None}
    step = _StepBack(loop, list(seeds.values()), list(found.values()))
    for t, seed in seeds.items():
        if t < carried:
            step.carry(before[t], seed, found.get(before[t]))
    for x in [x for x in loop.scanned if x in found]:
        step.emit(x, _apart(found[x], x, x in around and mask_of(found[x]) is not None))
    step.sum({w: found[w] for w in loop.body.shared if w in found}, around)
    gradients = step.gradients()
    return [gradients.get(n) if n in wanted else None for n in loop.given]


@dataclass(frozen=True)
class _Seed:
    """A gradient as a step is given it: its leaves there, and what they stand for.

    Where a slope may be infinite they are two: a number, and the condition that it stands under.
    """

    leaves: Sequence[Node]
    given: Sequence[Node]

    @property
    def node(self) -> Node:
        """The gradient, in the step."""
        return _together(self.leaves)

    @property
    def masked(self) -> bool:
        """Whether it is two."""
        return len(self.leaves) > 1


def _seed(end: Node, given: list[Node], name: str) -> _Seed:
    return _Seed([input(f"d{name}", end.shape, n.dtype) for n in given], given)


def zeros(like: Node) -> Node:
    """Return zeros of the shape and dtype of a node."""
    return broadcast(as_node(0.0, [like.dtype]), like.shape)


def _apart(g: Node | None, like: Node, masked: bool) -> list[Node]:
    """Return a gradient and, where that is kept, the condition that it stands under; nothing was chosen of none."""
    if g is None:
        return [zeros(like), broadcast(as_node(np.False_), like.shape)][: 1 + masked]
    if not masked:
        return [g]
    condition, inner = mask_of(g) or (as_node(np.True_), g)
    return [broadcast(inner, g.shape), broadcast(condition, g.shape)]


def _together(parts: Sequence[Node]) -> Node:
    return under(parts[1], parts[0]) if len(parts) > 1 else parts[0]


class _StepBack:
    """A step back that is being put together: what it reads of the step forward, what it carries and emits."""

    def __init__(self, loop: Loop, seeds: Sequence[_Seed], found: Sequence[Node]) -> None:
        self.loop = loop
        self.carried: dict[Node, tuple[_Seed, list[Node]]] = {}  # of which leaf, and what becomes of it
        self.emitted: dict[Node, list[Node]] = {}
        self.sums: dict[Node, Node] = {}  # of what is emitted and stored, over all steps at once
        self.places: dict[Node, Node] = {}  # what is emitted for them, and a leaf in its place
        nodes = order(found)
        arriving = {
            leaf: given for seed in seeds for leaf, given in zip(seed.leaves, seed.given, strict=True)
        }
        self.late = descendants(arriving, nodes)  # what hangs on the gradients that arrive
        self.stored = self._stored(nodes, {x for n in nodes if n in self.late for x in n.inputs} | set(found))
        self.stacks = {n: stack for n, stack in arriving.items() if stack.ndim > n.ndim}
        self.stacks |= self.stored | {x: loop.given[x] for x in loop.scanned}

    def _stored(self, nodes: Sequence[Node], read: set[Node]) -> dict[Node, Node]:
        """Return what is stored of each step, stacked: what the same loop emits beside."""
        loop = self.loop
        stepwise = descendants([*loop.before, *loop.scanned], nodes) - self.late
        kept = stored([n for n in nodes if n in read and n not in self.late], loop.before, stepwise)
        body = ClosedGraph(loop.body.inputs, loop.body.shared, (*loop.after, *kept))
        results = loop.results(body, loop.given.values(), loop.carried, loop.reverse) if kept else []
        return dict(zip(kept, results[loop.carried :], strict=True))

    def carry(self, leaf: Node, seed: _Seed, becomes: Node | None) -> None:
        """Carry the gradient of a leaf from step to step: λ, or a sum."""
        self.carried[leaf] = seed, _apart(becomes, leaf, seed.masked)

    def emit(self, leaf: Node, parts: list[Node]) -> None:
        """Emit the gradient of a leaf, one of each step."""
        self.emitted[leaf] = parts

    def sum(self, gradients: Mapping[Node, Node], steep: Collection[Node]) -> None:
        """Sum gradients over all steps: at once where that can be, else from step to step."""
        inside = set(order(n for _, ends in self.carried.values() for n in ends))
        behind = [n for n in order(gradients.values()) if n in self.late and n not in inside and n.inputs]
        read = [n for n in (*[x for n in behind for x in n.inputs], *gradients.values()) if n in self.late]
        cut = [n for n in read if n not in self.stacks and n not in behind]
        length = self.loop.length
        self.places = {n: input(n.name, (length, *n.shape), n.dtype) for n in cut}
        same = {w: self.loop.given[w] for w in self.loop.body.shared}
        sums = summed_over_steps(list(gradients.values()), {**self.stacks, **self.places, **same}, length)
        asked = [set() if s is None else {n for n, p in self.places.items() if p in order([s])} for s in sums]
        # What no step sums or multiplies has the size of the weights in each: it is emitted only where others need it.
        small = [any(is_costly(n) for n in order([g]) if n in behind) for g in gradients.values()]
        emitted = {n for parts in self.emitted.values() for n in parts}
        emitted.update(*[each for each, is_small in zip(asked, small, strict=True) if is_small])
        for (w, g), at_once, needs, is_small in zip(gradients.items(), sums, asked, small, strict=True):
            masked = w in steep and mask_of(g) is not None
            if at_once is not None and not masked and (is_small or needs <= emitted):
                self.sums[w] = at_once
            else:
                seed = _seed(w, _apart(None, w, w in steep), w.name)
                self.carry(w, seed, add(seed.node, g, w in steep))

    def gradients(self) -> dict[Node, Node]:
        """Return the gradient of each leaf that has one: results of the loop back, and sums."""
        loop, asked = self.loop, set(order(self.sums.values()))
        cut = {n: place for n, place in self.places.items() if place in asked}
        seeds = {leaf: given for seed, _ in self.carried.values()
                 for leaf, given in zip(seed.leaves, seed.given, strict=True)}  # fmt: skip
        ends = [n for _, parts in self.carried.values() for n in parts]
        ends += [*[n for parts in self.emitted.values() for n in parts], *cut]
        names = self._names(set(order(ends, stop=self.stored)))
        leaves = {n: input(names[n], n.shape, n.dtype) if n.inputs else n for n in self.stored}
        body, inputs = self._closed(seeds, leaves, replaced(ends, leaves))
        results = iter(loop.results(body, inputs, len(seeds), not loop.reverse) if ends else [])
        whole = {**{w: parts for w, (_, parts) in self.carried.items()}, **self.emitted}
        gradients = {n: _together([next(results) for _ in parts]) for n, parts in whole.items()}
        filled = {place: next(results) for place in cut.values()}
        return gradients | dict(zip(self.sums, replaced(self.sums.values(), filled), strict=True))

    def _names(self, read: Collection[Node]) -> dict[Node, str]:
        """Return what a step back calls each stored value: as it is called, or as what is carried, which it became."""
        names = {n: n.name or f"s{number}" for number, n in enumerate(self.stored, 1)}
        became = zip(self.loop.after, self.loop.before, strict=True)
        return names | {n: h.name for n, h in became if n in names and not n.name and h not in read}

    def _closed(
        self, carried: Mapping[Node, Node], leaves: Mapping[Node, Node], ends: Sequence[Node]
    ) -> tuple[ClosedGraph, list[Node]]:
        """Return the body of the step back, and what its leaves stand for."""
        stacks = {leaves.get(n, n): stack for n, stack in self.stacks.items()}
        nodes, given = order(ends), self.loop.given
        scanned = {n: stacks[n] for n in nodes if n in stacks}
        shared = {n: given[n] for n in nodes if n in self.loop.body.shared}
        for n in nodes:  # what has an open axis is given a leaf that has it
            for e in extents_of(n):
                if not any(e in extents_of(leaf) for leaf in (*carried, *scanned, *shared)):
                    leaf = next(leaf for leaf in given if e in extents_of(leaf))
                    (scanned if leaf in self.loop.scanned else shared)[leaf] = given[leaf]
        body = ClosedGraph((*carried, *scanned), tuple(shared), tuple(ends))
        return body, [*carried.values(), *scanned.values(), *shared.values()]


# --- of a graph that is no loop -------------------------------------------------------------------------


def pulled_back(body: ClosedGraph) -> ClosedGraph:
    """Return the graph of ``Σ seedᵢ · ∂outputᵢ/∂w`` for each leaf w of floats that ``body`` is given.

    Its inputs are those of the body, then a seed for each output; what it shares is what the body shares.

    >>> import numpy as np
    >>> x, w = input("x"), input("w")
    >>> slopes = pulled_back(ClosedGraph((x,), (w,), (w * np.sin(x),)))
    >>> [float(s) for s in slopes(0.0, 1.0, 5.0)]
    [5.0, 0.0]
    """
    seeds = tuple([_like(n, f"d{i}") for i, n in enumerate(body.outputs)])
    slopes = pullback(body.outputs, seeds, _floats(body))
    return ClosedGraph((*body.inputs, *seeds), body.shared, tuple(slopes))


def pushed_forward(body: ClosedGraph) -> ClosedGraph:
    """Return the graph of how fast each output changes when the leaves of floats that ``body`` is given move.

    Its inputs are those of the body, then how fast each such leaf moves; what it shares is what the body shares.
    """
    moving = {n: _like(n, f"{n.name}'") for n in _floats(body)}
    return ClosedGraph(
        (*body.inputs, *moving.values()), body.shared, tuple(pushforward(body.outputs, moving))
    )


def _floats(body: ClosedGraph) -> list[Node]:
    return [n for n in body.given if n.dtype.kind == "f"]


def _like(node: Node, name: str) -> Node:
    return input(name, node.shape, node.dtype)
