"""Code for a loop nest: the innermost loop over vectors, reductions in registers, each element touched once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chainrule.engines.native.ir import Code, Type, Value, type_of
from chainrule.engines.native.operations import write_operation
from chainrule.engines.native.schedule import Nest, memory_source, register_source
from chainrule.engines.native.views import ONE, ZERO, Size, View, aligned, merged, squeezed, whole
from chainrule.graph import shapes
from chainrule.graph.node import Node

if TYPE_CHECKING:
    from chainrule.engines.native.lower import Lowering

UNROLL = 4  # so many vectors of an axis of fixed length are written out
LONG_BODY = 24  # unless this many operations belong to each


@dataclass(frozen=True)
class Access:
    """An array as a nest walks over it: where it starts, and a stride for each axis of the domain."""

    view: View
    strides: tuple[Size, ...]


@dataclass
class Walk:
    """Where a nest is: for each access, its address so far, in whole elements of the outer axes."""

    addresses: dict[Access, Value]
    inner: Value | None = None  # the position on the innermost axis
    lanes: int = 0
    mask: Value | None = None


@dataclass
class NestPlan:
    """A nest's accesses by reader, over the merged axes."""

    extents: list[Size]
    strides: dict[Access, list[Size]]
    loads: dict[tuple[Node, int], list[Access]]
    stores: dict[Node, Access]
    reduced: dict[Node, Access]
    extra: dict[tuple[Node, int], Size] = field(default_factory=dict)  # the stride of an axis that is summed


def write_nest(low: Lowering, nest: Nest) -> None:
    """Write the loops of a nest."""
    plan = _plan(low, nest)
    _Writer(low, nest, plan).write()


# --- what is read and written ---


def _plan(low: Lowering, nest: Nest) -> NestPlan:
    members = set(nest.nodes)
    loads: dict[tuple[Node, int], list[Access]] = {}
    extra: dict[tuple[Node, int], Size] = {}

    def access(view: View, shape: shapes.Shape) -> Access:
        return Access(view, tuple(aligned(view, shape)))

    for node in nest.nodes:
        if node.row.name == "contract":
            for position, (found, step) in enumerate(_factors(low, node)):
                loads[node, position] = [found]
                extra[node, position] = step
            continue
        if node.row.name == "gather":
            loads[node, 0], extra[node, 0] = [_gathered(low, node)], _gather_step(low, node)
            loads[node, 1] = [_positions(low, node)]
            continue
        for position, x in enumerate(node.inputs):
            if register_source(x) not in members and squeezed(memory_source(x).shape):
                loads[node, position] = [access(low.plan.view(x), node.shape)]
    for node in nest.reductions:
        x = node.inputs[0]
        if register_source(x) not in members and squeezed(memory_source(x).shape):
            loads[node, 0] = [access(low.plan.view(x), x.shape)]
    stores = {n: access(whole(n), n.shape) for n in nest.nodes if n in low.plan.stored}
    reduced = {n: _reduction(n) for n in nest.reductions}
    every = list(dict.fromkeys([a for found in loads.values() for a in found] + [*stores.values(), *reduced.values()]))
    extents, strides = merged(nest.domain, [a.strides for a in every])
    return NestPlan(extents, dict(zip(every, strides, strict=True)), loads, stores, reduced, extra)


def _reduction(node: Node) -> Access:
    x, axes = node.inputs[0], node.attributes["axes"]
    kept = View(node, shapes.reduce(x.shape, axes, True), (), ())
    strides: list[Size] = []
    step = ONE
    for axis in reversed(range(len(x.shape))):
        strides.append(ZERO if axis in axes or x.shape[axis] == 1 else step)
        if axis not in axes:
            step = step * _size(x.shape[axis])
    view = View(node, kept.shape, tuple(reversed(strides)))
    return Access(view, tuple(s for s, e in zip(view.strides, x.shape, strict=True) if e != 1))


def _size(extent: object) -> Size:
    return Size(1, (extent.name,)) if isinstance(extent, shapes.Extent) else Size(int(extent))  # type: ignore[call-overload]


def _factors(low: Lowering, node: Node) -> list[tuple[Access, Size]]:
    plan = shapes.contraction(node.attributes["spec"])
    extents = dict(zip(plan.out, node.shape, strict=True))
    found = []
    for letters, x in ((plan.left, node.inputs[0]), (plan.right, node.inputs[1])):
        view = low.plan.view(x)
        by_letter = dict(zip(letters, view.strides, strict=True))
        strides = tuple(by_letter.get(k, ZERO) for k in plan.out if extents[k] != 1)
        found.append((Access(view, strides), by_letter[plan.inner]))
    return found


def _gathered(low: Lowering, node: Node) -> Access:
    view, axis = low.plan.view(node.inputs[0]), node.attributes["axis"]
    rank = len(node.inputs[1].shape)
    strides = [*view.strides[:axis], *([ZERO] * rank), *view.strides[axis + 1 :]]
    return Access(view, tuple(s for s, e in zip(strides, node.shape, strict=True) if e != 1))


def _gather_step(low: Lowering, node: Node) -> Size:
    return low.plan.view(node.inputs[0]).strides[node.attributes["axis"]]


def _positions(low: Lowering, node: Node) -> Access:
    view, axis = low.plan.view(node.inputs[1]), node.attributes["axis"]
    after = len(node.shape) - axis - len(view.shape)
    strides = [*([ZERO] * axis), *view.strides, *([ZERO] * after)]
    return Access(view, tuple(s for s, e in zip(strides, node.shape, strict=True) if e != 1))


# --- the loops ---


class _Writer:
    def __init__(self, low: Lowering, nest: Nest, plan: NestPlan) -> None:
        self.low, self.nest, self.plan = low, nest, plan
        self.code: Code = low.code
        self.rank = len(plan.extents)
        # Where the run of reduced axes that ends with the innermost begins; the rank if that one is kept.
        self.begins: dict[Node, int] = {}
        for node, access in plan.reduced.items():
            at = self.rank
            while at > 0 and plan.strides[access][at - 1] == ZERO:
                at -= 1
            self.begins[node] = at

    def write(self) -> None:
        for node, access in self.plan.reduced.items():
            outer = self.plan.strides[access][: self.begins[node]]
            if node in self.low.plan.stored and (self.begins[node] == self.rank or ZERO in outer):
                self.low.fill(node, _identity(node))
        registers = {a for n, a in self.plan.reduced.items() if n not in self.low.plan.stored}
        addresses = {a: self.low.address(a.view) for a in self.plan.strides if a not in registers}
        begun = self._start(0)
        finished = self._axis(0, addresses, begun)
        self._finish(0, addresses, finished)

    def _axis(self, axis: int, addresses: dict[Access, Value], sums: dict[tuple[Node, int], Value]):  # type: ignore[no-untyped-def]
        if axis >= self.rank - 1:
            return self._innermost(addresses, sums)
        keys = list(sums)
        with self.code.loop(self.low.size(self.plan.extents[axis]), carry=[sums[k] for k in keys]) as loop:
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
        return self.code.at(address, index * self.low.size(stride), type_of(access.view.base.dtype))

    # --- reductions ---

    def _lanes(self) -> list[int]:
        """The widths of vector the innermost axis is cut into; 0 is one element at a time."""
        return self.low.widths(self.plan.extents, self._kinds())

    def _kinds(self) -> set[str]:
        nodes = [*self.nest.nodes, *self.nest.reductions]
        return {type_of(d).kind for n in nodes for d in (n.dtype, *(x.dtype for x in n.inputs))}

    def _start(self, axis: int) -> dict[tuple[Node, int], Value]:
        return {
            (node, lanes): self.code.constant(_identity(node), type_of(node.dtype, lanes))
            for node, at in self.begins.items()
            if at == axis and at < max(self.rank, 1)
            for lanes in self._lanes()
        }

    def _finish(self, axis: int, addresses: dict[Access, Value], sums: dict[tuple[Node, int], Value]) -> None:
        for node, at in self.begins.items():
            if at != axis or (at == self.rank and self.rank > 0):
                continue
            parts = [_across(self.code, node, sums[node, lanes]) for lanes in self._lanes()]
            total = parts[0]
            for part in parts[1:]:
                total = _joined(self.code, node, total, part)
            access = self.plan.reduced[node]
            if not squeezed(node.shape):
                self.low.scalars[node] = total
            if node in self.low.plan.stored:
                if ZERO in self.plan.strides[access][:at]:
                    old = self.code.load(addresses[access], type_of(node.dtype))
                    total = _joined(self.code, node, old, total)
                self.code.store(total, addresses[access])

    # --- the innermost axis ---

    def _innermost(self, addresses: dict[Access, Value], sums: dict[tuple[Node, int], Value]):  # type: ignore[no-untyped-def]
        if self.rank == 0:
            return self._point(Walk(addresses), sums)
        extent = self.plan.extents[-1]
        widths = self._lanes()
        wide = widths[0]
        length = self.low.size(extent)
        masked = self.low.module.has_masks
        if extent.extents:
            if not masked:
                return self._split(addresses, sums, length, wide)
            whole_vectors = extent.count % wide == 0
            return self._loop(addresses, sums, length, wide, masked=not whole_vectors)
        full, rest = divmod(extent.count, wide or 1)
        vectors = full + bool(rest)
        size = len(self.nest.nodes) + len(self.nest.reductions)
        if vectors <= 1 or (vectors <= UNROLL and size <= LONG_BODY and (masked or not rest)):
            for part in range(full):
                sums = self._point(Walk(addresses, self.code.index(part * wide), wide), sums)
            return self._tail(addresses, sums, full * wide, rest, wide) if rest else sums
        if masked and rest:
            return self._loop(addresses, sums, length, wide, masked=True)
        sums = self._loop(addresses, sums, self.code.index(full * wide), wide, masked=False)
        return self._tail(addresses, sums, full * wide, rest, wide) if rest else sums

    def _split(self, addresses, sums, length: Value, wide: int):  # type: ignore[no-untyped-def]
        full = length - length % wide
        sums = self._loop(addresses, sums, full, wide, masked=False)
        return self._loop(addresses, sums, length, 0, masked=False, start=full)

    def _tail(self, addresses, sums, start: int, rest: int, wide: int):  # type: ignore[no-untyped-def]
        if self.low.module.has_masks:
            mask = self.code.first(self.code.constant(rest, Type("i32")), wide)
            return self._point(Walk(addresses, self.code.index(start), wide, mask), sums)
        first, last = self.code.index(start), self.code.index(start + rest)
        return self._loop(addresses, sums, last, 0, masked=False, start=first)

    def _loop(self, addresses, sums, stop: Value, lanes: int, masked: bool, start: Value | int = 0):  # type: ignore[no-untyped-def]
        keys = list(sums)
        with self.code.loop(stop, [sums[k] for k in keys], start, step=lanes or 1) as loop:
            mask = self.code.first(stop - loop.index, lanes) if masked else None
            walk = Walk(addresses, loop.index, lanes, mask)
            after = self._point(walk, dict(zip(keys, loop.carried, strict=True)))
            loop.next = [after[k] for k in keys]
        return dict(zip(keys, loop.carried, strict=True))

    # --- one vector of points ---

    def _point(self, walk: Walk, sums: dict[tuple[Node, int], Value]) -> dict[tuple[Node, int], Value]:
        code, values, loaded = self.code, {}, {}

        def read(node: Node, position: int) -> Value:
            source = register_source(node.inputs[position])
            if source in values:
                return values[source]
            if (node, position) not in self.plan.loads:
                return self.low.scalar(node.inputs[position])
            access = self.plan.loads[node, position][0]
            if access not in loaded:
                loaded[access] = self._load(walk, access)
            return loaded[access]

        for node in self.nest.nodes:
            if node.row.name == "contract":
                values[node] = self._short_product(walk, node)
            elif node.row.name == "gather":
                values[node] = self._gather(walk, node, read(node, 1))
            else:
                values[node] = write_operation(code, node, [read(node, i) for i in range(len(node.inputs))])
            if not squeezed(node.shape):
                self.low.scalars[node] = values[node]
        for node, access in self.plan.stores.items():
            self._store(walk, access, code.splat(values[node], walk.lanes))
        after = dict(sums)
        for node, access in self.plan.reduced.items():
            x = code.splat(code.convert(read(node, 0), type_of(node.dtype).kind), walk.lanes)
            if walk.mask is not None:
                x = code.select(walk.mask, x, code.constant(_identity(node), x.type))
            if self.begins[node] == self.rank and self.rank > 0:
                old = self._load(walk, access)
                self._store(walk, access, _joined(code, node, old, x))
            else:
                after[node, walk.lanes] = _joined(code, node, after[node, walk.lanes], x)
        return after

    def _stride(self, access: Access) -> Size:
        return self.plan.strides[access][-1] if self.rank else ZERO

    def _load(self, walk: Walk, access: Access, address: Value | None = None) -> Value:
        """Read a vector along the innermost axis, or one number where the access stands still there."""
        code, stride = self.code, self._stride(access)
        kind = type_of(access.view.base.dtype)
        base = addresses_of(walk, access) if address is None else address
        if stride == ZERO or walk.inner is None:
            return code.load(base, kind)
        if walk.lanes == 0 or stride == ONE:
            at = code.at(base, walk.inner * self.low.size(stride), kind)
            return code.load(at, Type(kind.kind, walk.lanes), walk.mask)
        return self.low.gather(base, self._lane_offsets(walk, stride), Type(kind.kind, walk.lanes), walk.mask)

    def _lane_offsets(self, walk: Walk, stride: Size) -> Value:
        code = self.code
        lanes = code.splat(walk.inner, walk.lanes) + code.steps(Type("i64", walk.lanes))
        return lanes * code.splat(self.low.size(stride), walk.lanes)

    def _store(self, walk: Walk, access: Access, x: Value) -> None:
        code, stride = self.code, self._stride(access)
        kind = type_of(access.view.base.dtype)
        base = addresses_of(walk, access)
        if walk.inner is None or stride == ZERO:
            code.store(x, base)
        elif walk.lanes == 0 or stride == ONE:
            code.store(x, code.at(base, walk.inner * self.low.size(stride), kind), walk.mask)
        else:
            raise AssertionError("results lie without gaps")

    def _short_product(self, walk: Walk, node: Node) -> Value:
        code, kind = self.code, type_of(node.dtype).kind
        plan = shapes.contraction(node.attributes["spec"])
        terms = dict(zip(plan.left, node.inputs[0].shape, strict=True))[plan.inner]
        total = code.constant(0, Type(kind, walk.lanes))
        for k in range(terms):
            factors = []
            for position in (0, 1):
                access = self.plan.loads[node, position][0]
                step = self.low.size(self.plan.extra[node, position]) * k
                base = code.at(addresses_of(walk, access), step, type_of(access.view.base.dtype))
                factors.append(code.splat(code.convert(self._load(walk, access, base), kind), walk.lanes))
            total = code.fma(*factors, total) if k else factors[0] * factors[1]
        return total

    def _gather(self, walk: Walk, node: Node, positions: Value) -> Value:
        """Read where whole numbers say; those below 0 count from the end, others out of range are reported."""
        code = self.code
        access = self.plan.loads[node, 0][0]
        length = self.low.size(_size(node.inputs[0].shape[node.attributes["axis"]]))
        at = self.low.checked(code.convert(positions, "i64"), length, walk.mask)
        step = self.low.size(self.plan.extra[node, 0])
        kind = type_of(access.view.base.dtype)
        if at.type.lanes == 0:
            base = code.at(addresses_of(walk, access), at * step, kind)
            return self._load(walk, access, base)
        offsets = at * code.splat(step, walk.lanes)
        stride = self._stride(access)
        if stride != ZERO:
            offsets = offsets + self._lane_offsets(walk, stride)
        return self.low.gather(addresses_of(walk, access), offsets, Type(kind.kind, walk.lanes), walk.mask)


def addresses_of(walk: Walk, access: Access) -> Value:
    """Return where an access stands on the outer axes."""
    return walk.addresses[access]


# --- sums and maxima ---


def _identity(node: Node) -> float:
    if node.row.name == "sum":
        return 0
    if node.dtype.kind == "f":
        return -np.inf
    return 0 if node.dtype.kind in "bu" else int(np.iinfo(node.dtype).min)


def _joined(code: Code, node: Node, a: Value, b: Value) -> Value:
    if a.type.kind == "b1":
        return a | b
    if node.row.name == "max":
        return code.maximum(a, b)
    return a + b


def _across(code: Code, node: Node, x: Value) -> Value:
    """Reduce a vector to a scalar."""
    if not x.type.lanes:
        return x
    if x.type.kind == "b1":
        return code.intrinsic("vector.reduce.or", x, type=x.type.element)
    if node.row.name == "max":
        if x.type.is_float:
            return code.intrinsic("vector.reduce.fmaximum", x, type=x.type.element)
        sign = "s" if x.type.is_signed else "u"
        return code.intrinsic(f"vector.reduce.{sign}max", x, type=x.type.element)
    if x.type.is_float:
        zero = code.constant(-0.0, x.type.element)
        name = f"llvm.vector.reduce.fadd.{x.type.suffix()}"
        code.module.declare(name, x.type.element, [x.type.element, x.type])
        return code.emit(
            x.type.element,
            f"call reassoc {x.type.element.ir} @{name}({zero.type.ir} {zero.text}, {x.type.ir} {x.text})",
        )
    return code.intrinsic("vector.reduce.add", x, type=x.type.element)
