"""Code for nodes that are no loop nest: matrix products, positions of maxima, joining, placing, scattering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.engines.native.code.ir import I64, PTR, VOID, Module, Type, Value, type_of
from chainrule.engines.native.plan.fusion import Schedule
from chainrule.engines.native.plan.views import ONE, ZERO, Size, View, contiguous, seen_through, size, whole
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply

TILE = 6  # rows that the kernel multiplies at once
SHARED_WORK = 100_000  # multiplications below which a product is not worth sharing: two or three microseconds

if TYPE_CHECKING:
    from chainrule.engines.native.code.lower import Lowering


# --- products ---


@dataclass(frozen=True)
class Matrices:
    """A product as the kernel sees it: one letter for rows, columns and what is summed; loops around it."""

    left: View
    right: View
    by_left: dict[str, Size]  # the stride of each letter
    by_right: dict[str, Size]
    extents: dict[str, Any]
    rows: str
    inner: str
    columns: str
    loops: str
    sums: str  # loops that are summed over

    def length(self, letter: str) -> Size:
        """Return the extent of a letter; no letter has length 1."""
        return size(self.extents[letter]) if letter else ONE

    @property
    def is_turned(self) -> bool:
        """Whether the right operand must be laid out anew, so that its columns lie side by side."""
        return self.by_right.get(self.columns, ZERO) != ONE and self.length(self.columns) != ONE


def matrices(plan: Schedule, node: Node) -> Matrices:
    """Return how a product is cut into matrices; a result that lies column by column swaps the operands."""
    spec = shapes.contraction(node.attributes["spec"])
    left, right = plan.view(node.inputs[0]), plan.view(node.inputs[1])
    by_left = dict(zip(spec.left, left.strides, strict=True))
    by_right = dict(zip(spec.right, right.strides, strict=True))
    extents = dict(zip(spec.left + spec.right, left.shape + right.shape, strict=True))
    # The kernel stores its columns side by side: they are the letter that lies innermost in the result.
    inwards = [k for k in spec.out if extents[k] != 1]
    rows = [k for k in inwards if k in spec.rows]
    columns = [k for k in inwards if k in spec.columns]
    if rows[-1] == inwards[-1]:
        left, right, by_left, by_right, rows, columns = right, left, by_right, by_left, columns, rows
    return Matrices(
        left, right, by_left, by_right, extents, rows[-1], spec.inner[-1:], columns[-1],
        spec.batch + "".join(rows[:-1] + columns[:-1]), spec.inner[:-1],
    )  # fmt: skip


def scratch_size(plan: Schedule, node: Node) -> Size | None:
    """Return how many elements a product needs room for, to lay out an operand anew; None for none."""
    if node.primitive.name != "contract":
        return None
    found = matrices(plan, node)
    return found.length(found.inner) * found.length(found.columns) if found.is_turned else None


def write_product(low: Lowering, node: Node) -> None:
    """Multiply matrices with the kernel; further axes are loops around it."""
    code, found, out = low.code, matrices(low.plan, node), whole(node)
    letters = shapes.contraction(node.attributes["spec"]).out
    sides = (found.by_left, found.by_right, dict(zip(letters, out.strides, strict=True)))
    kinds = [type_of(v.base.dtype) for v in (found.left, found.right, out)]

    def walk(remaining: str, here: list[Value]) -> None:
        if not remaining:
            _kernel(low, node, found, sides[2], here)
            return
        letter = remaining[0]
        with code.loop(low.size(found.length(letter))) as loop:
            moved = [
                code.at(base, loop.index * low.size(side[letter]), kind) if letter in side else base
                for base, side, kind in zip(here, sides, kinds, strict=True)
            ]
            walk(remaining[1:], moved)

    if found.sums:
        low.clear(node)
    walk(found.loops + found.sums, [low.address(v) for v in (found.left, found.right, out)])


def _kernel(low: Lowering, node: Node, found: Matrices, by_out: dict[str, Size], here: list[Value]) -> None:
    left, right, out = here
    kind = type_of(node.dtype).kind
    rows, inner, columns = (found.length(k) for k in (found.rows, found.inner, found.columns))
    b_row = found.by_right.get(found.inner, ZERO)
    if found.is_turned:
        right, b_row = _laid_out(low, node, found, right), columns
    arguments: list[Value | Size] = [
        left, found.by_left.get(found.rows, ZERO), found.by_left.get(found.inner, ZERO),
        right, b_row, out, by_out.get(found.rows, ZERO), columns, inner, ONE if found.sums else ZERO,
    ]  # fmt: skip
    values = [a if isinstance(a, Value) else low.size(a) for a in arguments]
    low.share(_panel(low.module, kind), values, rows, TILE, rows * columns * inner, SHARED_WORK)


def _panel(module: Module, kind: str) -> str:
    """Return the function that multiplies some of the rows."""
    name = f"panel_{kind}"
    names = (
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
    if name in module.functions:
        return name
    parameters = [(n, PTR if n in "abc" else I64) for n in names]
    with module.function(name, parameters, VOID, "internal") as code:
        at = dict(zip(names, code.parameters, strict=True))
        type = Type(kind)
        code.call(
            f"cr_product_{kind}", VOID,
            code.at(at["a"], at["first"] * at["a_row"], type), at["a_row"], at["a_inner"], at["b"], at["b_row"],
            code.at(at["c"], at["first"] * at["c_row"], type), at["c_row"],
            at["last"] - at["first"], at["columns"], at["inner"], at["accumulate"],
        )  # fmt: skip
        code.give()
    return name


def _laid_out(low: Lowering, node: Node, found: Matrices, right: Value) -> Value:
    code, target, type = low.code, low.scratch(node), type_of(node.dtype)
    b_row, b_column = found.by_right.get(found.inner, ZERO), found.by_right.get(found.columns, ZERO)
    inner, columns = found.length(found.inner), found.length(found.columns)
    if b_row == ONE:
        call(low, f"cr_transpose_{type.kind}", right, b_column, target, columns, columns, inner)
        return target
    with code.loop(low.size(inner)) as i, code.loop(low.size(columns)) as j:
        at = i.index * low.size(b_row) + j.index * low.size(b_column)
        to = i.index * low.size(columns) + j.index
        code.store(code.load(code.at(right, at, type), type), code.at(target, to, type))
    return target


def call(low: Lowering, name: str, *arguments: Value | Size) -> None:
    """Call one of the kernels."""
    values = [a if isinstance(a, Value) else low.size(a) for a in arguments]
    low.code.call(name, VOID, *values)


# --- positions ---


def write_argmax(low: Lowering, node: Node) -> None:
    """Find the first of the largest along an axis; a NaN is larger than all."""
    code, axis = low.code, node.attributes["axis"]
    view = low.plan.view(node.inputs[0])
    stored = type_of(view.base.dtype)
    compared = "i8" if stored.kind == "b1" else stored.kind
    step, length = low.size(view.strides[axis]), low.size(size(view.shape[axis]))
    kept = [a for a in range(len(view.shape)) if a != axis]
    outs = contiguous(node.shape)

    def walk(axes: list[int], base: Value, out: Value) -> None:
        if axes:
            with code.loop(low.size(size(view.shape[axes[0]]))) as loop:
                walk(
                    axes[1:],
                    code.at(base, loop.index * low.size(view.strides[axes[0]]), stored),
                    code.at(out, loop.index * low.size(outs[kept.index(axes[0])]), I64),
                )
            return
        first = code.convert(code.load(base, stored), compared)
        with code.loop(length, start=1, carry=[first, code.index(0)]) as loop:
            best, position = loop.carried
            x = code.convert(code.load(code.at(base, loop.index * step, stored), stored), compared)
            better = x > best
            if x.type.is_float:
                better = better | (x.differs(x) & best.equals(best))
            loop.next = [code.select(better, x, best), code.select(better, loop.index, position)]
        code.store(loop.carried[1], out)

    walk(kept, low.address(view), low.address(whole(node)))


# --- movement into parts ---


def write_joined(low: Lowering, node: Node) -> None:
    """Copy each part to its place in the whole."""
    start, axis = 0, node.attributes["axis"]
    for part in node.inputs:
        stop = start + part.shape[axis]
        index = (shapes.FULL,) * axis + ((start, stop, 1),) + (shapes.FULL,) * (len(node.shape) - axis - 1)
        low.apart(_copy_into, node, part, index)
        start = stop


def write_placed(low: Lowering, node: Node) -> None:
    """Put the numbers at an index, and zeros elsewhere."""
    low.clear(node)
    _copy_into(low, node, node.inputs[0], node.attributes["index"])


def _copy_into(low: Lowering, node: Node, part: Node, index: shapes.Index) -> None:
    code = low.code
    target = seen_through(whole(node), apply("slice", _like(node), index=index))
    if target is None:
        raise AssertionError("a slice is a view")
    source = low.plan.view(part)
    view = View(node, target.shape, target.strides, target.offset)
    kind, stored = type_of(node.dtype), type_of(source.base.dtype)

    def walk(axis: int, here: Value, there: Value) -> None:
        if axis == len(view.shape):
            code.store(code.convert(code.load(here, stored), kind.kind), there)
            return
        with code.loop(low.size(size(view.shape[axis]))) as loop:
            walk(
                axis + 1,
                code.at(here, loop.index * low.size(source.strides[axis]), stored),
                code.at(there, loop.index * low.size(view.strides[axis]), kind),
            )

    walk(0, low.address(source), low.address(view))


def _like(node: Node) -> Node:
    return Node(node.primitive, (), {}, node.shape, node.dtype)


def write_scattered(low: Lowering, node: Node) -> None:
    """Add each number to the element that its index names, in order."""
    code, axis, extent = low.code, node.attributes["axis"], node.attributes["extent"]
    x, indices = (low.plan.view(n) for n in node.inputs)
    rank = len(indices.shape)
    low.clear(node)
    outs = contiguous(node.shape)
    kind, stored, whole_number = type_of(node.dtype), type_of(x.base.dtype), type_of(indices.base.dtype)
    middle = list(range(axis, axis + rank))
    outer = [a for a in range(len(x.shape)) if a not in middle]

    def walk(axes: list[int], here: Value, index: Value, out: Value) -> None:
        if axes:
            a = axes[0]
            with code.loop(low.size(size(x.shape[a]))) as loop:
                moved = code.at(here, loop.index * low.size(x.strides[a]), stored)
                if a in middle:
                    index_at = code.at(index, loop.index * low.size(indices.strides[a - axis]), whole_number)
                    walk(axes[1:], moved, index_at, out)
                else:
                    own = outs[a if a < axis else a - rank + 1]
                    walk(axes[1:], moved, index, code.at(out, loop.index * low.size(own), kind))
            return
        position = code.convert(code.load(index, whole_number), "i64")
        at = low.checked(position, low.size(size(extent)), None)
        target = code.at(out, at * low.size(outs[axis]), kind)
        old, more = code.load(target, kind), code.convert(code.load(here, stored), kind.kind)
        code.store(old | more if kind.kind == "b1" else old + more, target)

    walk(middle + outer, low.address(x), low.address(indices), low.address(whole(node)))
