"""How an item can be cut so that parts of it are done by themselves, and what a part then touches in memory."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import mul

from chainrule.engines.native.plan.copies import TURN
from chainrule.engines.native.plan.items import Fusion, Item, Loop, Nest, Task, made, memory_source
from chainrule.engines.native.plan.laying import laying
from chainrule.engines.native.plan.nest_plan import TYPICAL_LENGTH, NestPlan, plan_nest
from chainrule.engines.native.plan.views import (
    ONE,
    ZERO,
    Size,
    View,
    product,
    size,
    squeezed,
)
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.shapes import Extent

SMALL = 50_000  # operations: what is less is done whole by one part
# A part begins at a multiple of these: wherever it is, at a whole vector and at a line of a cache.
ROWS_OF_WEIGHTS, ODD_ROWS_OF_WEIGHTS, ROWS_OF_BATCH = 8, 16, 16
ROWS_OF_LOOP = "rows"  # the axis along which a loop is cut, wherever what it reads has it
NEAR = 1 << 19  # bytes that lie in a core's second-level cache, which holds one or two times as much today

# Which elements of an array a part touches: those at its own places, by the cut (its extent and grain) and how far
# apart they are; all, if it is the part of that number; None: any.
Way = tuple[Size, int, Size] | int | None


@dataclass(frozen=True)
class Cut:
    """How an item is cut.

    Attributes:
        axis: The axis of a nest's plan or of a task's result, or the letter of a product.
        extent: How long it is.
        unit: How many elements of the plan's axis, which may be several joined, each is.
        grain: A part begins at a multiple of this.
    """

    axis: int | str
    extent: Size
    unit: Size
    grain: int


@dataclass(frozen=True)
class Amount:
    """A sum of sizes: how much work something is."""

    sizes: tuple[Size, ...]

    def at(self, lengths: Mapping[str, int]) -> int:
        """Return the number for given lengths of the open extents."""
        return sum(s.at(lengths) for s in self.sizes)

    @property
    def typical(self) -> int:
        """What it is for batches that are neither small nor large."""
        return sum(s.count * TYPICAL_LENGTH ** len(s.extents) for s in self.sizes)


@dataclass(eq=False)
class Work:
    """An item and how it may be cut.

    Attributes:
        item: The nest or task.
        amount: How much there is to do, in additions.
        plan: What a nest reads and writes.
        cut: How it is cut in its region; None: it is done whole.
        part: Which part does it then.
        before: What has to be done before it, in an order that does not change from process to process.
        inner: What is done in a step of a loop, in order.
    """

    item: Item
    amount: Amount
    plan: NestPlan | None = None
    cut: Cut | None = None
    part: int = 0
    before: "dict[Work, None]" = field(default_factory=dict, repr=False)
    inner: "Sequence[Work]" = ()


def work_of(plan: Fusion, item: Item, forced: bool) -> Work:
    """Return an item with how much there is to do."""
    if isinstance(item, Nest):
        found = plan_nest(plan, item, forced)
        return Work(item, Amount((reduce(mul, found.extents, Size(found.work)),)), found)
    if isinstance(item, Loop):
        inner, steps = [work_of(item.plan, x, forced) for x in item.plan.items], size(item.length)
        sizes = [s * steps for w in inner for s in w.amount.sizes]
        return Work(item, Amount(tuple(sizes)), inner=inner)
    amount = product(item.node.shape)
    if item.node.primitive.name == "contract":
        form = plan.matrices(item.node)
        amount = reduce(mul, map(form.length, form.inner + form.sums), amount)
    return Work(item, Amount((amount,)))


def grain_of_rows(forced: bool) -> int:
    """Return what number of rows a part of a batch begins at a multiple of; of forced parts any may."""
    return 1 if forced else ROWS_OF_BATCH


def rows_nearby(plan: Fusion, works: Sequence[Work], forced: bool) -> int:
    """Return of how many rows a part is where no more can lie in a second-level cache, with all that is made of them.

    Rows of numbers go by ``grain_of_rows``, and so does what reads so many weights that these do not lie there. So do
    loops over time: at each step they need a slice of what they read and make, and their products enough rows.
    """
    if any(isinstance(work.item, Loop) for work in works):
        return grain_of_rows(forced)
    each: dict[Hashable, int] = {}
    shared: dict[Hashable, int] = {}
    for work in works:
        for view, stride, _ in _arrays(plan, work, work.cut):
            whole, has_rows = product(view.base.shape), stride != ZERO
            if len(whole.extents) == has_rows:
                (each if has_rows else shared)[view.base] = whole.count * view.base.dtype.itemsize
    few = NEAR // max(sum(each.values()), 1)
    most = grain_of_rows(forced)
    return max(few, 1) if few < most and sum(shared.values()) <= NEAR // 2 else most


def rows_cut(plan: Fusion, work: Work, forced: bool) -> Cut | None:
    """Return how an item is cut along the batch; None if it is not done row by row."""
    if plan.rows is None:
        return None
    extent, grain = size(plan.rows), grain_of_rows(forced)
    if isinstance(work.item, Loop):
        return Cut(ROWS_OF_LOOP, extent, ONE, grain) if _rows_of(plan, work.item) == plan.rows else None
    if isinstance(work.item, Task):
        along = _along(plan, work.item.node, extent)
        return Cut(along, extent, ONE, grain) if along is not None else None
    nest = work.plan
    axis = nest.begins_with(extent) if nest is not None else None
    if nest is None or axis is None or any(nest.strides[s][axis] == ZERO for s in nest.sums.values()):
        return None
    return Cut(axis, *nest.outermost(axis), grain)


def own_cut(plan: Fusion, work: Work, forced: bool) -> Cut | None:
    """Return how an item is cut by itself."""
    cut = None
    if isinstance(work.item, Task):
        leading = _leading(plan, work.item.node)
        cut = Cut(*leading, ONE, 1) if leading is not None else None
    elif isinstance(work.item, Loop):
        rows = _rows_of(plan, work.item)
        cut = Cut(ROWS_OF_LOOP, size(rows), ONE, 1) if rows is not None else None
    elif work.plan is not None and (axis := work.plan.split) is not None:
        cut = Cut(axis, *work.plan.rows(axis), 1)
    if cut is None or forced:
        return cut
    ways = [way for _, way, writes in touches(plan, work, cut) if writes]
    odd = any(isinstance(way, tuple) and way[-1].count % 2 for way in ways)
    grain = ODD_ROWS_OF_WEIGHTS if odd else ROWS_OF_WEIGHTS
    # The nine rows of a first layer's window are one tile: behind a cut at the eighth another would be all but idle.
    few = cut.extent.count < 2 * grain and not cut.extent.extents
    if few and isinstance(work.item, Task) and plan.gathered(work.item.node) is not None:
        return None
    return replace(cut, grain=grain)


def touches(plan: Fusion, work: Work, cut: Cut | None) -> Iterator[tuple[Hashable, Way, bool]]:
    """Yield what an item touches in memory, which elements a part does, and whether it writes them."""
    for view, stride, writes in _arrays(plan, work, cut):
        key = leaf_key(plan.home.get(view.base, view.base))
        yield key, _way(view, stride, cut) if cut is not None else work.part, writes
    for node in made(work.item):
        if not squeezed(node.shape):  # others read it in a register, once all is done
            yield leaf_key(node), None, True
        for x in node.inputs:
            if not squeezed(memory_source(x).shape):
                yield leaf_key(memory_source(x)), None, False


def _way(view: View, stride: Size, cut: Cut) -> Way:
    # a window along a fixed axis reaches for what lies at the places of other parts; along an open one none slides
    own = stride != ZERO and _within(view, stride, cut) and (bool(cut.extent.extents) or not view.overlaps)
    return (cut.extent, cut.grain, stride) if own else None


def _within(view: View, stride: Size, cut: Cut) -> bool:
    """Say whether an offset leads nowhere but along other axes than that of the cut: all of that lie further within, or
    around it, as the steps of time lie around a batch.
    """
    begins = sum(s.count for s in view.offset if not s.extents)
    around = [s for s in view.offset if s.extents]
    fixed = not stride.extents and 0 <= begins < stride.count
    whole = all(s.extents == cut.extent.extents and s.count % stride.count == 0 for s in around)
    return not view.offset or (fixed and whole)


def _arrays(plan: Fusion, work: Work, cut: Cut | None) -> Iterator[tuple[View, Size, bool]]:
    """Yield the arrays of an item, how far it goes from one place of the cut to the next, and whether it writes."""
    axis = cut.axis if cut is not None else None
    if isinstance(work.item, Loop):
        rows, made_there = (work.item.rows if cut is not None else None), work.item.nodes
        for x in (*work.item.inputs, *made_there):
            view = plan.view(x)
            along = view.strides[x.shape.index(rows)] if rows in x.shape else ZERO
            yield view, along, x in made_there
    elif isinstance(work.item, Task):
        node, out = work.item.node, plan.view(work.item.node)
        if node.primitive.name == "contract":
            form, spec = plan.matrices(node), contraction(node.attributes["spec"])
            by_out = dict(zip(spec.out, out.strides, strict=True))
            if isinstance(axis, str) and len(axis) > 1:  # all rows as one axis
                by_out[axis] = by_out[axis[-1]]
            for view, by in ((form.left, form.by_left), (form.right, form.by_right), (out, by_out)):
                yield view, by.get(str(axis), ZERO), view is out
        else:
            for view in (*map(plan.view, node.inputs), out):
                yield view, view.strides[axis] if isinstance(axis, int) else ZERO, view is out
    elif work.plan is not None:
        written = [*work.plan.stores.values(), *work.plan.sums.values()]
        for access in work.plan.accesses:
            stride = work.plan.strides[access][axis] * cut.unit if isinstance(axis, int) and cut else ZERO
            yield access.view, stride, access in written


def _rows_of(plan: Fusion, loop: Loop) -> Extent | None:
    """Return the rows that go through all steps by themselves, if a part of them may be taken for the whole batch.

    In one step nothing may then lie a batch away from what comes next, as in an array that is turned over.
    """
    rows, scanned = loop.rows, len(loop.body.inputs)
    if rows is None:
        return None
    by_time = [(x, int(loop.carried <= i < scanned)) for i, x in enumerate(loop.inputs)]
    by_time += [(x, int(x.attributes["take"] >= loop.carried)) for x in loop.nodes]
    strides = [s for x, first in by_time if rows in x.shape for s in plan.view(x).strides[first:]]
    return None if any(rows.name in s.extents for s in strides) else rows


def _along(plan: Fusion, node: Node, rows: Size) -> int | str | None:
    """Return the axis of a task's result that is so long, if it can be cut along it."""
    leading, laid = _leading(plan, node), laying(node)
    if leading is not None and leading[1] == rows:
        return leading[0]
    axis = next((a for a, e in enumerate(node.shape) if size(e) == rows), None)
    if axis is None:
        return None
    if laid is not None:
        return axis if laid.goes_along(axis) else None
    if node.primitive.name != "contract" or plan.gathered(node) is not None:
        return None
    letter, form = contraction(node.attributes["spec"]).out[axis], plan.matrices(node)
    return letter if letter in form.rows + form.loops and not form.sums else None


def _leading(plan: Fusion, node: Node) -> tuple[int | str, Size] | None:
    """Return the axis along which a task can be cut, and its length: the first of its result, where that goes."""
    laid = laying(node)
    if node.primitive is TURN or (laid is not None and laid.goes_along(0)):
        return 0, size(node.shape[0])
    if node.primitive.name != "contract":
        return None
    spec, form = contraction(node.attributes["spec"]), plan.matrices(node)
    first = next(k for k in spec.out if form.extents[k] != 1)
    by_tables = plan.gathered(node)
    if by_tables is not None:
        return by_tables.along_rows or ((first, form.length(first)) if first in by_tables.loops else None)
    if first in form.rows + form.loops:
        return first, form.length(first)
    return None if form.sums else (form.rows, form.length(form.rows))
