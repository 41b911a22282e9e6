"""Code for a loop nest: the innermost loop over vectors, reductions in registers, each element touched once."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial, reduce

from chainrule.engines.native.code.frame import Frame
from chainrule.engines.native.code.ir import Code, Iteration, Value
from chainrule.engines.native.code.points import Points, Position
from chainrule.engines.native.code.reductions import across, identity, joined
from chainrule.engines.native.code.step import Step
from chainrule.engines.native.code.types import I64, PTR, VOID, Type, type_of
from chainrule.engines.native.plan.nest_plan import LONG_BODY, Access, NestPlan
from chainrule.engines.native.plan.views import ZERO, Size, product, squeezed
from chainrule.graph.node import Node

UNROLL = 4  # so many vectors of an axis of fixed length are written out, unless LONG_BODY operations belong to each
SHORT_BODY = 8  # a loop of no more operations has its last, masked turn written apart
# So many positions of short axes before the innermost are written out, unless that were more than so many operations.
POSITIONS, OPERATIONS = 9, 128

# Along which axis of its plan a part of a nest goes, and from where to where. Along the innermost one whole vectors are
# done, up to the end of the axis, unless the plan is cut always.
Part = tuple[int, Value, Value]


def write_nest(step: Step, plan: NestPlan, part: Part | None = None) -> None:
    """Write a nest as a call of a function that equal nests share; a short step has work on single numbers in place.

    Args:
        step: Where it is called.
        plan: What is done.
        part: What of it is done; None: all.
    """
    code = step.code
    arrays = {a: step.address(a.view) for a in plan.accesses if step.has_memory(a.view.base)}
    scalars = [step.scalar(x) for x in plan.scalars]
    if not plan.extents and not step.plan.long:
        step.scalars |= _Loops(step, plan, scalars).write(arrays)
        return
    nothing = code.constant(None, PTR)
    places = [step.place(n) for n in plan.results]
    names = sorted(step.lengths)
    arguments = [(f"array{i}", arrays.get(a, nothing)) for i, a in enumerate(plan.accesses)]
    arguments += [(f"scalar{i}", x) for i, x in enumerate(scalars)]
    arguments += [(f"result{i}", x) for i, x in enumerate(places)]
    arguments += [(f"length{i}", step.lengths[n]) for i, n in enumerate(names)] + [("status", step.status)]
    parameters, values = [(n, x.type) for n, x in arguments], [x for _, x in arguments]
    axis, *ends = part if part is not None else (None,)
    code.call(_function(step, plan, parameters, names, axis), VOID, *values, *ends)
    for node in plan.results:
        step.take(node)


def _function(
    step: Step,
    plan: NestPlan,
    parameters: Sequence[tuple[str, Type]],
    lengths: Sequence[str],
    axis: int | None,
) -> str:
    """Return the function of a nest, or of parts along an axis: equal ones, whatever they work on, share one."""
    known, key = step.context.common.nests, (plan.key(), tuple(lengths), axis)
    if key not in known:
        known[key] = name = f"nest{len(known)}"
        parameters = [*parameters, *([("first", I64), ("last", I64)] if axis is not None else [])]
        with step.module.function(name, parameters, words="internal") as code:
            at = {n: v for (n, _), v in zip(parameters, code.parameters, strict=True)}
            frame = Frame(code, {n: at[f"length{i}"] for i, n in enumerate(lengths)}, at["status"])
            scalars = [at[f"scalar{i}"] for i in range(len(plan.scalars))]
            arrays = {a: at[f"array{i}"] for i, a in enumerate(plan.accesses)}
            part = (axis, at["first"], at["last"]) if axis is not None else None
            made = _Loops(frame, plan, scalars, part).write(arrays)
            for i, node in enumerate(plan.results):
                code.store(made[node], at[f"result{i}"])
    return known[key]


# --- the loops ---

# What is being summed up: for each reduction, by the width of the vectors it adds up in, or by -1 - the number
# of the vector it has for itself.
Sums = dict[tuple[Node, int], Value]


class _Loops:
    """The loops of a nest, from the outermost axis to vectors of the innermost, and its sums between them."""

    def __init__(
        self, frame: Frame, plan: NestPlan, scalars: Sequence[Value], part: Part | None = None
    ) -> None:
        self.frame, self.plan, self.points = frame, plan, Points(frame, plan, scalars)
        self.part: Part | None = part
        self.code: Code = frame.code
        self.made: dict[Node, Value] = {}
        self.rank = len(plan.extents)
        # Where the run of reduced axes that ends with the innermost begins; the rank if that one is kept.
        self.begins = {node: _after_kept(plan.strides[access]) for node, access in plan.sums.items()}
        kinds = {type_of(d).kind for n in self.plan.members for d in (n.dtype, *(x.dtype for x in n.inputs))}
        self.widths = frame.widths(plan.extents, kinds)
        # Sums down the columns of the innermost axis, in registers where there are few, by the first of the axes they
        # are over: those right before the innermost.
        self.columns: dict[Node, int] = {
            node: first
            for node, access in plan.sums.items()
            if self._written_out()
            and self.begins[node] == self.rank > 1
            and (first := _after_kept(plan.strides[access][:-1])) < self.rank - 1
        }
        self.begins |= self.columns
        # From which axis on short ones before the innermost are written out.
        self._unrolled = self.rank
        positions = 1
        for axis in reversed(range(1, self.rank - 1) if self._written_out() else ()):
            extent = plan.extents[axis]
            positions *= extent.count
            work = positions * len(plan.members) * self._written_out()
            if extent.extents or positions > POSITIONS or work > OPERATIONS:
                break
            self._unrolled = axis

    def _written_out(self) -> int:
        """Return of how many vectors an innermost axis is that has them written out one by one; 0 if it has not."""
        if not self.rank or self.plan.extents[-1].extents or self._is_cut_innermost():
            return 0
        full, rest = divmod(self.plan.extents[-1].count, self.widths[0] or 1)
        vectors, even = full + bool(rest), self.frame.module.machine.has_masks or not rest
        few = vectors <= UNROLL and len(self.plan.members) <= LONG_BODY
        return vectors if even and (vectors == 1 or few) else 0

    def _is_cut_innermost(self) -> bool:
        return self.part is not None and self.part[0] == self.rank - 1

    def write(self, addresses: dict[Access, Value]) -> dict[Node, Value]:
        """Write the loops; return the scalars that come out."""
        self._lengths = [self.frame.size(e) for e in self.plan.extents]
        if self.part is not None:
            axis, start, stop = self.part
            addresses = {a: self._moved(a, x, start, axis) for a, x in addresses.items()}
            self._lengths[axis] = stop - start
        for node, access in self.plan.sums.items():
            outer = self.plan.strides[access][: self.begins[node]]
            added = self.begins[node] == self.rank or ZERO in outer
            if node in self.plan.kept and added:
                self.points.begin(node)
                self._fill(node, access, addresses[access])
        begun = self._start(0, addresses)
        finished = self._axis(0, addresses, begun)
        self._finish(0, addresses, finished)
        self.code.site = -1
        return self.made

    def _fill(self, node: Node, access: Access, address: Value) -> None:
        """Begin a reduction in memory: of a part its own run alone, for others may be done with theirs."""
        count = self.frame.size(product(node.shape))
        with ExitStack() as loops:
            if self.part is not None:
                axis, strides = self.part[0], self.plan.strides[access]
                count = self._lengths[axis] * self.frame.size(strides[axis])
                for outer in [a for a in range(axis) if strides[a] != ZERO]:
                    loop = loops.enter_context(self.code.loop(self._lengths[outer]))
                    address = self._moved(access, address, loop.index, outer)
            self.frame.fill(address, type_of(node.dtype), count, identity(node))

    def _axis(self, axis: int, addresses: dict[Access, Value], sums: Sums) -> Sums:
        if axis >= self.rank - 1:
            return self._innermost(addresses, sums)
        if axis >= self._unrolled:
            for position in range(self.plan.extents[axis].count):
                sums |= self._turn(axis, addresses, self.code.index(position), sums)
            return sums
        with self._loop(sums, self.code.index(0), self._lengths[axis]) as (loop, inner):
            inner |= self._turn(axis, addresses, loop.index, inner)
        return dict(zip(sums, loop.carried, strict=True))

    def _turn(self, axis: int, addresses: dict[Access, Value], index: Value, sums: Sums) -> Sums:
        """Do what is done at one position of an axis; return the sums that go on."""
        here = {a: self._moved(a, x, index, axis) for a, x in addresses.items()}
        found = self._axis(axis + 1, here, sums | self._start(axis + 1, here))
        self._finish(axis + 1, here, found)
        return {key: found[key] for key in sums}

    def _moved(self, access: Access, address: Value, index: Value, axis: int) -> Value:
        stride = self.plan.strides[access][axis]
        if stride == ZERO:
            return address
        return self.code.at(address, index * self.frame.size(stride), type_of(access.view.base.dtype))

    # --- reductions ---

    def _start(self, axis: int, addresses: dict[Access, Value]) -> Sums:
        found: Sums = {}
        for node, at in self.begins.items():
            if at != axis or at == self.rank > 0:
                continue
            self.points.begin(node)
            keys = [-1 - v for v in range(self._written_out())] if node in self.columns else self.widths
            for key in keys:
                lanes = key if key >= 0 else self.widths[0]
                found[node, key] = self.code.constant(identity(node), type_of(node.dtype, lanes))
        return found

    def _finish(self, axis: int, addresses: dict[Access, Value], sums: Sums) -> None:
        for node, at in self.begins.items():
            if at != axis or at == self.rank > 0:
                continue
            self.points.begin(node)
            access = self.plan.sums[node]
            more = ZERO in self.plan.strides[access][:at]  # than what is stored here
            for vector in range(self._written_out()) if node in self.columns else ():
                self._put(node, self._vector(addresses, vector), sums[node, -1 - vector], more)
            if node in self.columns:
                continue
            parts = [across(self.code, node, sums[node, lanes]) for lanes in self.widths]
            total = reduce(partial(joined, self.code, node), parts)
            if not squeezed(node.shape):
                self.made[node] = total
            if node in self.plan.kept:
                self._put(node, Position(addresses), total, more)

    def _put(self, node: Node, here: Position, x: Value, more: bool) -> None:
        """Store what is summed up, or add it to what is stored."""
        access = self.plan.sums[node]
        if more:
            x = joined(self.code, node, self.points.load(here, access), x)
        self.points.store(here, access, x)

    # --- the innermost axis ---

    def _innermost(self, addresses: dict[Access, Value], sums: Sums) -> Sums:
        if self.rank == 0:
            return self._point(Position(addresses), sums)
        for part in range(self._written_out()):
            sums = self._point(self._vector(addresses, part), sums)
        if self._written_out():
            return sums
        for start, stop, lanes, masked in self._stretches():
            with self._loop(sums, start, stop, lanes or 1) as (loop, inner):
                mask = self.code.first(stop - loop.index, lanes) if masked else None
                inner |= self._point(Position(addresses, loop.index, lanes, mask), inner)
            sums = dict(zip(sums, loop.carried, strict=True))
        return sums

    @contextmanager
    def _loop(self, sums: Sums, start: Value, stop: Value, step: int = 1) -> Iterator[tuple[Iteration, Sums]]:
        """Loop with sums in registers: what they hold so far may be changed within."""
        with self.code.loop(stop, list(sums.values()), start, step) as loop:
            inner = dict(zip(sums, loop.carried, strict=True))
            self.points.forget()
            yield loop, inner
            loop.next = [inner[k] for k in sums]
        self.points.forget()

    def _stretches(self) -> list[tuple[Value, Value, int, bool]]:
        """Cut the innermost axis: from where to where it goes by so many lanes, and whether these are masked."""
        extent, wide, has_masks = self.plan.extents[-1], self.widths[0], self.frame.module.machine.has_masks
        start, stop = self.code.index(0), self._lengths[-1]
        # Whole vectors, whatever the open lengths are; but forced parts end anywhere.
        if extent.count % (wide or 1) == 0 and not (self._is_cut_innermost() and self.plan.always):
            return [(start, stop, wide, False)]
        if has_masks and len(self.plan.members) > SHORT_BODY:
            return [(start, stop, wide, True)]
        full = stop - stop % wide
        return [(start, full, wide, False), (full, stop, wide if has_masks else 0, has_masks)]

    def _vector(self, addresses: dict[Access, Value], part: int) -> Position:
        """Return the position of one vector of an innermost axis that is written out; the last may be masked."""
        wide, code = self.widths[0], self.code
        rest = self.plan.extents[-1].count - part * wide
        mask = code.first(code.constant(rest, Type("i32")), wide) if rest < wide else None
        return Position(addresses, code.index(part * wide), wide, mask, part)

    def _point(self, here: Position, sums: Sums) -> Sums:
        """Do what is done at one position, and add it up."""
        values, terms = self.points.write(here)
        if not self.rank:
            self.made |= values
        after = dict(sums)
        for node, x in terms.items():
            self.points.begin(node)
            key = (node, -1 - here.part if node in self.columns else here.lanes)
            if key in after:
                after[key] = joined(self.code, node, after[key], x)
            else:
                self._put(node, here, x, True)
        return after


def _after_kept(strides: Sequence[Size]) -> int:
    """Return where the run of axes begins over which is summed, up to the last one."""
    return max((a + 1 for a, s in enumerate(strides) if s != ZERO), default=0)
