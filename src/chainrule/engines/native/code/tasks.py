"""Code for nodes that are no loop nest: matrix products, positions of maxima, joining, placing, scattering."""

from __future__ import annotations

from chainrule.engines.native.code.ir import Module, Value
from chainrule.engines.native.code.product import TILE
from chainrule.engines.native.code.step import Step, apart
from chainrule.engines.native.code.types import I64, PTR, VOID, Type, type_of
from chainrule.engines.native.plan.matrices import Matrices, matrices
from chainrule.engines.native.plan.views import ONE, ZERO, Size, View, contiguous, seen_through, size, whole
from chainrule.graph import shapes
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, apply

SHARED_WORK = 100_000  # multiplications below which a product is not worth sharing: two or three microseconds


# --- products ---

PANEL = (
    "a",
    "a_row",
    "a_inner",
    "b",
    "b_row",
    "c",
    "c_row",
    "columns",
    "inner",
    "accumulate",
    "first",
    "last",
)


@apart
def write_product(step: Step, node: Node) -> None:
    """Multiply matrices with the kernel; further axes are loops around it."""
    code, found, out = step.code, matrices(step.plan, node), whole(node)
    letters = contraction(node.attributes["spec"]).out
    sides = (found.by_left, found.by_right, dict(zip(letters, out.strides, strict=True)))
    kinds = [type_of(v.base.dtype) for v in (found.left, found.right, out)]

    def walk(remaining: str, here: list[Value]) -> None:
        if not remaining:
            _kernel(step, node, found, sides[2], here)
            return
        letter = remaining[0]
        with code.loop(step.size(found.length(letter))) as loop:
            moved = [
                code.at(base, loop.index * step.size(side[letter]), kind) if letter in side else base
                for base, side, kind in zip(here, sides, kinds, strict=True)
            ]
            walk(remaining[1:], moved)

    if found.sums:
        step.clear(node)
    walk(found.loops + found.sums, [step.address(v) for v in (found.left, found.right, out)])


def _kernel(step: Step, node: Node, found: Matrices, by_out: dict[str, Size], here: list[Value]) -> None:
    left, right, out = here
    kind = type_of(node.dtype).kind
    rows, inner, columns = (found.length(k) for k in (found.rows, found.inner, found.columns))
    b_row = found.by_right.get(found.inner, ZERO)
    if found.is_turned:
        right, b_row = _laid_out(step, node, found, right), columns
    arguments: list[Value | Size] = [
        left, found.by_left.get(found.rows, ZERO), found.by_left.get(found.inner, ZERO),
        right, b_row, out, by_out.get(found.rows, ZERO), columns, inner, ONE if found.sums else ZERO,
    ]  # fmt: skip
    values = [a if isinstance(a, Value) else step.size(a) for a in arguments]
    step.share(_panel(step.module, kind), values, rows, TILE, rows * columns * inner, SHARED_WORK)


def _panel(module: Module, kind: str) -> str:
    """Return the function that multiplies some of the rows."""
    name = f"panel_{kind}"
    if name in module.functions:
        return name
    parameters = [(n, PTR if n in "abc" else I64) for n in PANEL]
    with module.function(name, parameters, VOID, "internal") as code:
        a, a_row, a_inner, b, b_row, c, c_row, columns, inner, accumulate, first, last = code.parameters
        here, there = code.at(a, first * a_row, Type(kind)), code.at(c, first * c_row, Type(kind))
        values = [here, a_row, a_inner, b, b_row, there, c_row, last - first, columns, inner, accumulate]
        code.call(f"cr_product_{kind}", VOID, *values)
        code.give()
    return name


def _laid_out(step: Step, node: Node, found: Matrices, right: Value) -> Value:
    code, target, type = step.code, step.scratch(node), type_of(node.dtype)
    b_row, b_column = found.by_right.get(found.inner, ZERO), found.by_right.get(found.columns, ZERO)
    inner, columns = found.length(found.inner), found.length(found.columns)
    if b_row == ONE:
        sizes = [step.size(s) for s in (b_column, columns, inner)]
        code.call(f"cr_transpose_{type.kind}", VOID, right, sizes[0], target, sizes[1], *sizes[1:])
        return target
    with code.loop(step.size(inner)) as i, code.loop(step.size(columns)) as j:
        at = i.index * step.size(b_row) + j.index * step.size(b_column)
        to = i.index * step.size(columns) + j.index
        code.store(code.load(code.at(right, at, type), type), code.at(target, to, type))
    return target


# --- positions ---


@apart
def write_argmax(step: Step, node: Node) -> None:
    """Find the first of the largest along an axis; a NaN is larger than all."""
    code, axis = step.code, node.attributes["axis"]
    view = step.plan.view(node.inputs[0])
    stored = type_of(view.base.dtype)
    compared = "i8" if stored.kind == "b1" else stored.kind
    stride, length = step.size(view.strides[axis]), step.size(size(view.shape[axis]))
    kept = [a for a in range(len(view.shape)) if a != axis]
    outs = contiguous(node.shape)

    def walk(axes: list[int], base: Value, out: Value) -> None:
        if axes:
            with code.loop(step.size(size(view.shape[axes[0]]))) as loop:
                walk(
                    axes[1:],
                    code.at(base, loop.index * step.size(view.strides[axes[0]]), stored),
                    code.at(out, loop.index * step.size(outs[kept.index(axes[0])]), I64),
                )
            return
        first = code.convert(code.load(base, stored), compared)
        with code.loop(length, start=1, carry=[first, code.index(0)]) as loop:
            best, position = loop.carried
            x = code.convert(code.load(code.at(base, loop.index * stride, stored), stored), compared)
            better = x > best
            if x.type.is_float:
                better = better | (x.differs(x) & best.equals(best))
            loop.next = [code.select(better, x, best), code.select(better, loop.index, position)]
        code.store(loop.carried[1], out)

    walk(kept, step.address(view), step.address(whole(node)))


# --- parts of a whole ---


def write_joined(step: Step, node: Node) -> None:
    """Copy each part to its place in the whole."""
    start, axis = 0, node.attributes["axis"]
    for part in node.inputs:
        stop = start + part.shape[axis]
        index = (shapes.FULL,) * axis + ((start, stop, 1),) + (shapes.FULL,) * (len(node.shape) - axis - 1)
        step.apart(_copy_into, node, part, index)
        start = stop


@apart
def write_padded(step: Step, node: Node) -> None:
    """Put the numbers at an index, and zeros elsewhere."""
    step.clear(node)
    _copy_into(step, node, node.inputs[0], node.attributes["index"])


def _copy_into(step: Step, node: Node, part: Node, index: shapes.Index) -> None:
    code = step.code
    target = seen_through(whole(node), apply("slice", _like(node), index=index))
    if target is None:
        raise AssertionError("a slice is a view")
    source = step.plan.view(part)
    view = View(node, target.shape, target.strides, target.offset)
    kind, stored = type_of(node.dtype), type_of(source.base.dtype)

    def walk(axis: int, here: Value, there: Value) -> None:
        if axis == len(view.shape):
            code.store(code.convert(code.load(here, stored), kind.kind), there)
            return
        with code.loop(step.size(size(view.shape[axis]))) as loop:
            walk(
                axis + 1,
                code.at(here, loop.index * step.size(source.strides[axis]), stored),
                code.at(there, loop.index * step.size(view.strides[axis]), kind),
            )

    walk(0, step.address(source), step.address(view))


def _like(node: Node) -> Node:
    return Node(node.primitive, (), {}, node.shape, node.dtype)


@apart
def write_scattered(step: Step, node: Node) -> None:
    """Add each number to the element that its index names, in order."""
    code, axis, extent = step.code, node.attributes["axis"], node.attributes["extent"]
    x, indices = (step.plan.view(n) for n in node.inputs)
    rank = len(indices.shape)
    step.clear(node)
    outs = contiguous(node.shape)
    kind, stored, whole_number = type_of(node.dtype), type_of(x.base.dtype), type_of(indices.base.dtype)
    middle = list(range(axis, axis + rank))
    outer = [a for a in range(len(x.shape)) if a not in middle]

    def walk(axes: list[int], here: Value, index: Value, out: Value) -> None:
        if axes:
            a = axes[0]
            with code.loop(step.size(size(x.shape[a]))) as loop:
                moved = code.at(here, loop.index * step.size(x.strides[a]), stored)
                if a in middle:
                    index_at = code.at(index, loop.index * step.size(indices.strides[a - axis]), whole_number)
                    walk(axes[1:], moved, index_at, out)
                else:
                    own = outs[a if a < axis else a - rank + 1]
                    walk(axes[1:], moved, index, code.at(out, loop.index * step.size(own), kind))
            return
        position = code.convert(code.load(index, whole_number), "i64")
        at = step.checked(position, step.size(size(extent)), None)
        target = code.at(out, at * step.size(outs[axis]), kind)
        old, more = code.load(target, kind), code.convert(code.load(here, stored), kind.kind)
        code.store(old | more if kind.kind == "b1" else old + more, target)

    walk(middle + outer, step.address(x), step.address(indices), step.address(whole(node)))
