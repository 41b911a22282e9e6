"""Code for a loop nest: the innermost loop over vectors, reductions in registers, each element touched once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import Frame
from chainrule.engines.native.code.ir import I64, PTR, VOID, Code, Type, Value, type_of
from chainrule.engines.native.code.operations import write_operation
from chainrule.engines.native.code.reductions import across, identity, joined
from chainrule.engines.native.code.step import Step
from chainrule.engines.native.plan.fusion import Nest
from chainrule.engines.native.plan.nest_plan import SHARED_WORK, Access, NestPlan, plan_nest
from chainrule.engines.native.plan.views import ONE, ZERO, Size, product, size, squeezed
from chainrule.graph import shapes
from chainrule.graph.node import Node

UNROLL = 4  # so many vectors of an axis of fixed length are written out
SHORT_BODY = 8  # a loop of no more operations has its last, masked turn written apart
LONG_BODY = 24  # unless this many operations belong to each


# What is being summed up: for each reduction, by the width of the vectors it adds up in, or by -1 - the number
# of the vector it has for itself.
Sums = dict[tuple[Node, int], Value]


@dataclass
class Position:
    """Where a nest is: for each access, its address so far, in whole elements of the outer axes."""

    addresses: dict[Access, Value]
    inner: Value | None = None  # the position on the innermost axis
    lanes: int = 0
    mask: Value | None = None
    part: int = 0  # which vector of an innermost axis that is written out


def write_nest(step: Step, nest: Nest) -> None:
    """Write a nest as a call of a function that equal nests share; a short step has work on single numbers in place."""
    plan = plan_nest(step.plan, nest, always=step.module.parts > 0)
    code = step.code
    arrays = {a: step.address(a.view) for a in plan.accesses if step.has_memory(a.view.base)}
    scalars = [step.scalar(x) for x in plan.scalars]
    if not plan.extents and not step.plan.long:
        step.scalars |= _Writer(step, plan, scalars).write(arrays)
        return
    nothing = Value(code, "null", PTR)
    places = [code.slot(type_of(n.dtype)) for n in plan.results]
    names = sorted(step.lengths)
    arguments = [(f"array{i}", arrays.get(a, nothing)) for i, a in enumerate(plan.accesses)]
    arguments += [(f"scalar{i}", x) for i, x in enumerate(scalars)]
    arguments += [(f"result{i}", x) for i, x in enumerate(places)]
    arguments += [(f"length{i}", step.lengths[n]) for i, n in enumerate(names)] + [("status", step.status)]
    types = [(n, x.type) for n, x in arguments]
    values = [x for _, x in arguments]
    if plan.split is None:
        code.call(_function(step, plan, types, names), VOID, *values)
    else:
        types += [("first", I64), ("last", I64)]
        function = _function(step, plan, types, names)
        work = Size(plan.work)
        for extent in plan.extents:
            work = work * extent
        step.share(
            function, values, plan.extents[plan.split], step.module.machine.vector_bytes, work, SHARED_WORK
        )
    for node, place in zip(plan.results, places, strict=True):
        step.scalars[node] = code.load(place, type_of(node.dtype))


def _function(
    step: Step, plan: NestPlan, parameters: Sequence[tuple[str, Type]], lengths: Sequence[str]
) -> str:
    """Return the function of a nest: those that differ only in what they work on share one."""
    known, key = step.context.nests, (plan.key(), tuple(lengths))
    if key not in known:
        known[key] = name = f"nest{len(known)}"
        with step.module.function(name, parameters, VOID, "internal") as code:
            at = {n: v for (n, _), v in zip(parameters, code.parameters, strict=True)}
            frame = Frame(code, {n: at[f"length{i}"] for i, n in enumerate(lengths)}, at["status"])
            scalars = [at[f"scalar{i}"] for i in range(len(plan.scalars))]
            share = (at["first"], at["last"]) if plan.split is not None else None
            arrays = {a: at[f"array{i}"] for i, a in enumerate(plan.accesses)}
            made = _Writer(frame, plan, scalars, share).write(arrays)
            for i, node in enumerate(plan.results):
                code.store(made[node], at[f"result{i}"])
            code.give()
    return known[key]


# --- the loops ---


class _Writer:
    def __init__(
        self, frame: Frame, plan: NestPlan, scalars: Sequence[Value], share: tuple[Value, Value] | None = None
    ) -> None:
        self.frame, self.plan, self.nest = frame, plan, plan.nest
        self.split = plan.split if share is not None else None
        if share is not None:
            self.first, self.last = share
        self.code: Code = frame.code
        self.given = scalars
        self.made: dict[Node, Value] = {}
        self.rank = len(plan.extents)
        self.sites = {n: i for i, n in enumerate(self._nodes())}
        # Where the run of reduced axes that ends with the innermost begins; the rank if that one is kept.
        self.begins: dict[Node, int] = {}
        for node, access in plan.sums.items():
            at = self.rank
            while at > 0 and plan.strides[access][at - 1] == ZERO:
                at -= 1
            self.begins[node] = at
        kinds = {type_of(d).kind for n in self._nodes() for d in (n.dtype, *(x.dtype for x in n.inputs))}
        self.widths = frame.widths(plan.extents, kinds)
        # Sums over all other axes, vector by vector of the innermost: in registers, where there are few.
        self.columns = {
            node
            for node, access in plan.sums.items()
            if self._written_out()
            and self.begins[node] == self.rank > 1
            and all(s == ZERO for s in plan.strides[access][:-1])
        }

    def _written_out(self) -> int:
        """Return of how many vectors an innermost axis is that has them written out one by one; 0 if it has not."""
        if not self.rank or self.plan.extents[-1].extents or self.split == self.rank - 1:
            return 0
        full, rest = divmod(self.plan.extents[-1].count, self.widths[0] or 1)
        vectors, even = full + bool(rest), self.frame.module.machine.has_masks or not rest
        few = vectors <= UNROLL and len(self._nodes()) <= LONG_BODY
        return vectors if even and (vectors == 1 or few) else 0

    def _nodes(self) -> list[Node]:
        return [*self.nest.nodes, *self.nest.reductions]

    def write(self, addresses: dict[Access, Value]) -> dict[Node, Value]:
        """Write the loops; return the scalars that come out."""
        for node, access in self.plan.sums.items():
            outer = self.plan.strides[access][: self.begins[node]]
            added = self.begins[node] == self.rank or ZERO in outer
            if node in self.plan.kept and added and node not in self.columns:
                self.code.site = self.sites[node]
                self._fill(node, access, addresses[access])
        begun = self._start(0)
        finished = self._axis(0, addresses, begun)
        self._finish(0, addresses, finished)
        self.code.site = -1
        return self.made

    def _fill(self, node: Node, access: Access, address: Value) -> None:
        """Begin a reduction in memory: its own share of it alone, for others may be done with theirs."""
        type, count = type_of(node.dtype), self.frame.size(product(node.shape))
        if self.split is not None:
            each = self.frame.size(self.plan.strides[access][self.split])
            address, count = self.code.at(address, self.first * each, type), (self.last - self.first) * each
        self.frame.fill(address, type, count, identity(node))

    def _axis(self, axis: int, addresses: dict[Access, Value], sums: Sums) -> Sums:
        if axis >= self.rank - 1:
            return self._innermost(addresses, sums)
        keys = list(sums)
        stop, start = self.frame.size(self.plan.extents[axis]), self.code.index(0)
        if axis == self.split:
            stop, start = self.last, self.first
        with self.code.loop(stop, [sums[k] for k in keys], start) as loop:
            here = {a: self._moved(a, addresses[a], loop.index, axis) for a in addresses}
            inner = dict(zip(keys, loop.carried, strict=True)) | self._start(axis + 1)
            inner = self._axis(axis + 1, here, inner)
            self._finish(axis + 1, here, inner)
            loop.next = [inner[k] for k in keys]
        return dict(zip(keys, loop.carried, strict=True))

    def _moved(self, access: Access, address: Value, index: Value, axis: int) -> Value:
        stride = self.plan.strides[access][axis]
        if stride == ZERO:
            return address
        return self.code.at(address, index * self.frame.size(stride), type_of(access.view.base.dtype))

    # --- reductions ---

    def _start(self, axis: int) -> Sums:
        columns = {
            (node, -1 - part): self.code.constant(identity(node), type_of(node.dtype, self.widths[0]))
            for node in self.columns
            for part in range(self._written_out() if axis == 0 else 0)
        }
        return columns | {
            (node, lanes): self.code.constant(identity(node), type_of(node.dtype, lanes))
            for node, at in self.begins.items()
            if at == axis and at < max(self.rank, 1)
            for lanes in self.widths
        }

    def _finish(self, axis: int, addresses: dict[Access, Value], sums: Sums) -> None:
        for node in self.columns if axis == 0 else ():
            self.code.site = self.sites[node]
            for part in range(self._written_out()):
                walk = self._vector(addresses, part)
                self._store(walk, self.plan.sums[node], sums[node, -1 - part])
        for node, at in self.begins.items():
            if at != axis or (at == self.rank and self.rank > 0):
                continue
            self.code.site = self.sites[node]
            parts = [across(self.code, node, sums[node, lanes]) for lanes in self.widths]
            total = parts[0]
            for other in parts[1:]:
                total = joined(self.code, node, total, other)
            access = self.plan.sums[node]
            if not squeezed(node.shape):
                self.made[node] = total
            if node in self.plan.kept:
                if ZERO in self.plan.strides[access][:at]:
                    old = self.code.load(addresses[access], type_of(node.dtype))
                    total = joined(self.code, node, old, total)
                self.code.store(total, addresses[access])

    # --- the innermost axis ---

    def _innermost(self, addresses: dict[Access, Value], sums: Sums) -> Sums:
        if self.rank == 0:
            return self._point(Position(addresses), sums)
        wide, masked = self.widths[0], self.frame.module.machine.has_masks
        for part in range(self._written_out()):
            sums = self._point(self._vector(addresses, part), sums)
        if self._written_out():
            return sums
        extent = self.plan.extents[-1]
        length, start = self.frame.size(extent), self.code.index(0)
        if self.split == self.rank - 1:
            length, start = self.last, self.first
        # Whole vectors, whatever the open lengths are; but forced parts end anywhere.
        if extent.count % (wide or 1) == 0 and not (self.split == self.rank - 1 and self.plan.always):
            return self._loop(addresses, sums, length, wide, masked=False, start=start)
        if masked and len(self._nodes()) > SHORT_BODY:
            return self._loop(addresses, sums, length, wide, masked=True, start=start)
        full = length - (length - start) % wide
        sums = self._loop(addresses, sums, full, wide, masked=False, start=start)
        if masked:
            return self._loop(addresses, sums, length, wide, masked=True, start=full)
        return self._loop(addresses, sums, length, 0, masked=False, start=full)

    def _vector(self, addresses: dict[Access, Value], part: int) -> Position:
        """Return the position of one vector of an innermost axis that is written out; the last may be masked."""
        wide, code = self.widths[0], self.code
        rest = self.plan.extents[-1].count - part * wide
        mask = code.first(code.constant(rest, Type("i32")), wide) if rest < wide else None
        return Position(addresses, code.index(part * wide), wide, mask, part)

    def _loop(
        self, addresses: dict[Access, Value], sums: Sums, stop: Value, lanes: int, masked: bool, start: Value
    ) -> Sums:
        keys = list(sums)
        with self.code.loop(stop, [sums[k] for k in keys], start, step=lanes or 1) as loop:
            mask = self.code.first(stop - loop.index, lanes) if masked else None
            walk = Position(addresses, loop.index, lanes, mask)
            after = self._point(walk, dict(zip(keys, loop.carried, strict=True)))
            loop.next = [after[k] for k in keys]
        return dict(zip(keys, loop.carried, strict=True))

    # --- one vector of points ---

    def _point(self, walk: Position, sums: Sums) -> Sums:
        code = self.code
        values: dict[Node, Value] = {}
        loaded: dict[Access, Value] = {}

        def read(node: Node, position: int) -> Value:
            sort, found = self.plan.reads[node, position]
            if sort == "node":
                return values[found]
            if sort == "scalar":
                return self.given[found]
            if found not in loaded:
                loaded[found] = self._load(walk, found)
            return loaded[found]

        for node in self.nest.nodes:
            code.site = self.sites[node]
            if node.primitive.name == "contract":
                values[node] = self._short_product(walk, node)
            elif node.primitive.name == "gather":
                values[node] = self._gather(walk, node, read(node, 1))
            else:
                given = [read(node, i) for i in range(len(node.inputs))]
                values[node] = write_operation(code, node, given)
                checks.watch(code, given, values[node], walk.mask)
            if not self.rank:
                self.made[node] = values[node]
        summed = {}
        for node in self.plan.sums:
            code.site = self.sites[node]
            # Before what it reads is overwritten, and the select too: LLVM moves a masked load to where that is.
            x = code.splat(code.convert(read(node, 0), type_of(node.dtype).kind), walk.lanes)
            checks.taint(code, x, walk.mask)
            if walk.mask is not None:
                x = code.select(walk.mask, x, code.constant(identity(node), x.type))
            summed[node] = x
        for node, access in self.plan.stores.items():
            code.site = self.sites[node]
            self._store(walk, access, code.splat(values[node], walk.lanes))
        after = dict(sums)
        for node, access in self.plan.sums.items():
            code.site = self.sites[node]
            x = summed[node]
            key = (node, -1 - walk.part) if node in self.columns else (node, walk.lanes)
            if key in after:
                after[key] = joined(code, node, after[key], x)
            else:
                old = self._load(walk, access)
                self._store(walk, access, joined(code, node, old, x))
        return after

    def _stride(self, access: Access) -> Size:
        return self.plan.strides[access][-1] if self.rank else ZERO

    def _load(self, walk: Position, access: Access, address: Value | None = None) -> Value:
        """Read a vector along the innermost axis, or one number where the access stands still there."""
        code, stride = self.code, self._stride(access)
        kind = type_of(access.view.base.dtype)
        base = walk.addresses[access] if address is None else address
        if stride == ZERO or walk.inner is None:
            return code.load(base, kind)
        if walk.lanes == 0 or stride == ONE:
            at = code.at(base, walk.inner * self.frame.size(stride), kind)
            return code.load(at, Type(kind.kind, walk.lanes), walk.mask)
        return self.frame.gather(
            base, self._lane_offsets(walk, stride), Type(kind.kind, walk.lanes), walk.mask
        )

    def _lane_offsets(self, walk: Position, stride: Size) -> Value:
        code = self.code
        lanes = code.splat(walk.inner or code.index(0), walk.lanes) + code.steps(Type("i64", walk.lanes))
        return lanes * code.splat(self.frame.size(stride), walk.lanes)

    def _store(self, walk: Position, access: Access, x: Value) -> None:
        code, stride = self.code, self._stride(access)
        kind = type_of(access.view.base.dtype)
        base = walk.addresses[access]
        if walk.inner is None or stride == ZERO:
            code.store(x, base)
        elif walk.lanes == 0 or stride == ONE:
            code.store(x, code.at(base, walk.inner * self.frame.size(stride), kind), walk.mask)
        else:
            raise AssertionError("results lie without gaps")

    def _short_product(self, walk: Position, node: Node) -> Value:
        code, kind = self.code, type_of(node.dtype).kind
        (terms,) = shapes.summed(node.inputs[0].shape, node.attributes["spec"])
        total = code.constant(0, Type(kind, walk.lanes))
        read = []
        for k in range(terms):
            factors = []
            for position in (0, 1):
                access = self.plan.reads[node, position][1]
                step = self.frame.size(self.plan.steps[node, position]) * k
                base = code.at(walk.addresses[access], step, type_of(access.view.base.dtype))
                factors.append(code.splat(code.convert(self._load(walk, access, base), kind), walk.lanes))
            a, b = factors
            total = code.fma(a, b, total) if k else a * b
            read += factors
        checks.watch(code, read, total, walk.mask)
        return total

    def _gather(self, walk: Position, node: Node, positions: Value) -> Value:
        """Read where whole numbers say; those below 0 count from the end, others out of range are reported."""
        code = self.code
        access = self.plan.reads[node, 0][1]
        length = self.frame.size(size(node.inputs[0].shape[node.attributes["axis"]]))
        at = self.frame.checked(code.convert(positions, "i64"), length, walk.mask)
        step = self.frame.size(self.plan.steps[node, 0])
        kind = type_of(access.view.base.dtype)
        if at.type.lanes == 0:
            base = code.at(walk.addresses[access], at * step, kind)
            return self._load(walk, access, base)
        offsets = at * code.splat(step, walk.lanes)
        stride = self._stride(access)
        if stride != ZERO:
            offsets = offsets + self._lane_offsets(walk, stride)
        return self.frame.gather(walk.addresses[access], offsets, Type(kind.kind, walk.lanes), walk.mask)
