"""What a loop nest reads and writes: arrays as strides over its axes, neighbouring axes joined where that goes."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any

from chainrule.engines.native.plan.axes import ordered
from chainrule.engines.native.plan.items import Fusion, Nest, gathers, memory_source, register_source
from chainrule.engines.native.plan.views import (
    ONE,
    ZERO,
    Size,
    View,
    aligned,
    contiguous,
    merged,
    size,
    squeezed,
)
from chainrule.graph import shapes
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node
from chainrule.graph.shapes import Shape

TYPICAL_LENGTH = 512  # what an open length is taken for where work is weighed before it is known
LONG_BODY = 24  # a nest of no more members keeps what it sums down columns in registers
WIDE = 256  # rows of no fewer elements are worth cutting


@dataclass(frozen=True)
class Access:
    """An array as a nest walks over it: where it starts, and a stride for each axis of the domain."""

    view: View
    strides: tuple[Size, ...]


@dataclass
class NestPlan:
    """A nest in terms of itself: what it reads and writes, over the merged axes.

    Attributes:
        nest: Its nodes.
        domain: Its axes in the order of its loops.
        extents: The same, merged.
        accesses: The arrays.
        strides: For each of them, a stride for each merged axis.
        reads: Where a node finds an input: ("node", which), ("array", access) or ("scalar", number).
        steps: For a node that reads further along an axis that is no part of the domain: that axis's stride.
        stores: For a node that is kept, the access it is kept in.
        sums: For a reduction, the access of its result; without memory if that is a scalar.
        kept: The nodes that are kept.
        scalars: The nodes of one element that are read.
        results: The nodes of one element that are made.
        always: Whether it is cut whatever its size.
    """

    nest: Nest
    domain: list[Size]
    extents: list[Size]
    accesses: list[Access]
    strides: dict[Access, list[Size]]
    reads: dict[tuple[Node, int], tuple[str, Any]]
    steps: dict[tuple[Node, int], Size]
    stores: dict[Node, Access]
    sums: dict[Node, Access]
    kept: set[Node]
    scalars: list[Node]
    results: list[Node]
    always: bool

    @property
    def members(self) -> list[Node]:
        """All that it computes: the nodes of each point, then the sums."""
        return [*self.nest.nodes, *self.nest.reductions]

    @property
    def split(self) -> int | None:
        """The axis along which it can be cut by itself; None if there is none that pays.

        It is the outermost axis that each reduction keeps: so a part of it is one run of a result's memory.
        """
        rank = len(self.extents)
        if ZERO in self.extents:
            return None
        axes = [a for a in (0, rank - 1) if rank and all(self._outermost(s) == a for s in self.sums.values())]
        if not axes or self.always:
            return axes[0] if axes else None
        over_rows = any(self.strides[s][a] == ZERO for s in self.sums.values() for a in range(rank - 1))
        by_columns = axes[0] == rank - 1 and rank > 1
        narrow = self.extents[-1].count < WIDE or (rank > 2 and over_rows)
        return None if by_columns and narrow else axes[0]

    def begins_with(self, extent: Size) -> int | None:
        """Return the axis that an axis of the domain of such a length is, or is joined in as the outermost."""
        return next((a for a in range(len(self.extents)) if self._joined(a)[0] == extent), None)

    def outermost(self, axis: int) -> tuple[Size, Size]:
        """Return how long the first of the domain's axes is that are joined in one axis, and how long the rest."""
        first, *others = self._joined(axis)
        return first, reduce(mul, others, ONE)

    def rows(self, axis: int) -> tuple[Size, Size]:
        """Return how long all but the last of the domain's axes are together that are joined in one axis, and the last.

        An open one is not taken together with others: parts of a batch begin with an example.
        """
        *others, last = self._joined(axis)
        if not others or any(s.extents for s in (*others, last)):
            return self.outermost(axis)
        return reduce(mul, others), last

    def _joined(self, axis: int) -> list[Size]:
        domain, joined = list(self.domain), list[Size]()
        for extent in self.extents[: axis + 1]:
            joined = [domain.pop(0)]
            while reduce(mul, joined) != extent:
                joined.append(domain.pop(0))
        return joined

    def _outermost(self, access: Access) -> int | None:
        return next((a for a, s in enumerate(self.strides[access]) if s != ZERO), None)

    @property
    def work(self) -> int:
        """What all that is done with one element costs, in additions."""
        return round(sum(n.primitive.work(n.attributes) for n in self.members))

    def key(self) -> Hashable:
        """Return what tells the code of this nest from that of others."""
        place = {n: i for i, n in enumerate(self.members)}
        number = {a: i for i, a in enumerate(self.accesses)}

        def read(node: Node, position: int) -> Hashable:
            sort, what = self.reads[node, position]
            found = place[what] if sort == "node" else number[what] if sort == "array" else what
            x = node.inputs[position]
            extents = x.shape if (node, position) in self.steps else None
            return sort, found, x.dtype.str, extents, self.steps.get((node, position))

        def written(node: Node) -> Hashable:
            attributes = () if node in self.sums else tuple(sorted(node.attributes.items()))
            inputs = tuple(read(node, i) for i in range(len(node.inputs)))
            to = self.stores.get(node) or self.sums.get(node)
            ends = (to and number[to], node in self.kept, node in self.results)
            return node.primitive.name, node.dtype.str, attributes, inputs, ends

        return (
            tuple(self.extents),
            tuple((a.view.base.dtype.str, tuple(self.strides[a])) for a in self.accesses),
            tuple(x.dtype.str for x in self.scalars),
            tuple(written(n) for n in place),
        )


# --- what is read and written ---


def plan_nest(plan: Fusion, nest: Nest, always: bool) -> NestPlan:
    """Return what a nest reads and writes, and whether it is always cut."""
    members = set(nest.nodes)
    reads: dict[tuple[Node, int], tuple[str, Any]] = {}
    steps: dict[tuple[Node, int], Size] = {}
    scalars: dict[Node, int] = {}
    for node in [*nest.nodes, *nest.reductions]:
        if node.primitive.name == "contract":
            for position, (found, step) in enumerate(_factors(plan, node)):
                reads[node, position], steps[node, position] = ("array", found), step
            continue
        if gathers(node):
            step = plan.view(node.inputs[0]).strides[node.attributes["axis"]]
            reads[node, 0], steps[node, 0] = ("array", _gathered(plan, node)), step
        shape = node.inputs[0].shape if node in nest.reductions else node.shape
        for position, x in enumerate(node.inputs):
            if (node, position) in reads:
                continue
            if register_source(x) in members:
                reads[node, position] = "node", register_source(x)
            elif not squeezed(memory_source(x).shape):
                reads[node, position] = "scalar", scalars.setdefault(x, len(scalars))
            elif node.primitive.name == "gather":
                reads[node, position] = "array", _positions(plan, node)
            else:
                reads[node, position] = "array", _access(plan.view(x), shape)
    kept = {n for n in [*nest.nodes, *nest.reductions] if n in plan.stored}
    stores = {n: _access(plan.view(n), n.shape) for n in nest.nodes if n in kept}
    sums = {n: _reduction(n) for n in nest.reductions}
    arrays = [a for sort, a in reads.values() if sort == "array"]
    every = list(dict.fromkeys([*arrays, *stores.values(), *sums.values()]))
    written = {*stores.values(), *sums.values()}
    domain, strides = ordered([size(e) for e in nest.domain], [(a.strides, a in written) for a in every])
    extents, strides = merged(domain, strides, size(plan.rows) if plan.rows is not None else None)
    by_access = dict(zip(every, strides, strict=True))
    made = [*([] if nest.domain else nest.nodes), *(n for n in nest.reductions if not squeezed(n.shape))]
    made = [] if plan.long else made  # all that others read is stored
    return NestPlan(
        nest, domain, extents, every, by_access, reads, steps, stores, sums, kept, list(scalars), made, always
    )


def _access(view: View, shape: Shape) -> Access:
    """Return how a view that is broadcast to a shape is walked over."""
    return Access(view, tuple(aligned(view, shape)))


def _reduction(node: Node) -> Access:
    x = node.inputs[0]
    kept = shapes.reduce(x.shape, node.attributes["axes"], True)
    return _access(View(node, kept, contiguous(kept)), x.shape)


def _factors(plan: Fusion, node: Node) -> list[tuple[Access, Size]]:
    spec = contraction(node.attributes["spec"])
    extents = dict(zip(spec.out, node.shape, strict=True))
    found = []
    for letters, x in ((spec.left, node.inputs[0]), (spec.right, node.inputs[1])):
        view = plan.view(x)
        by_letter = dict(zip(letters, view.strides, strict=True))
        strides = tuple(by_letter.get(k, ZERO) for k in spec.out if extents[k] != 1)
        found.append((Access(view, strides), by_letter[spec.inner]))
    return found


def _gathered(plan: Fusion, node: Node) -> Access:
    view, axis = plan.view(node.inputs[0]), node.attributes["axis"]
    rank = 1 if node.primitive.name == "take_along" else len(node.inputs[1].shape)
    strides = [*view.strides[:axis], *([ZERO] * rank), *view.strides[axis + 1 :]]
    return Access(view, tuple(s for s, e in zip(strides, node.shape, strict=True) if e != 1))


def _positions(plan: Fusion, node: Node) -> Access:
    view, axis = plan.view(node.inputs[1]), node.attributes["axis"]
    after = len(node.shape) - axis - len(view.shape)
    strides = [*([ZERO] * axis), *view.strides, *([ZERO] * after)]
    return Access(view, tuple(s for s, e in zip(strides, node.shape, strict=True) if e != 1))
