"""Code for nodes that are no loop nest: matrix products, positions of maxima, scattering."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import reduce
from operator import mul

from chainrule.engines.native.code.frame import Part
from chainrule.engines.native.code.gathering import write_gathered
from chainrule.engines.native.code.ir import Value
from chainrule.engines.native.code.step import Step, apart
from chainrule.engines.native.code.types import I64, VOID, Type, type_of
from chainrule.engines.native.plan.views import (
    ONE,
    ZERO,
    Size,
    contiguous,
    product,
    size,
    whole,
)
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node


@contextmanager
def _over(
    step: Step, lengths: Sequence[Value], *arrays: tuple[Value, Sequence[Size | None], Type]
) -> Iterator[list[Value]]:
    """Loop over axes of given lengths; within, say where each array is, by its strides: None where it stands still."""
    code, here = step.code, [base for base, _, _ in arrays]
    with ExitStack() as loops:
        for axis, length in enumerate(lengths):
            at = loops.enter_context(code.loop(length)).index
            here = [
                base if (stride := strides[axis]) is None else code.at(base, at * step.size(stride), type)
                for base, (_, strides, type) in zip(here, arrays, strict=True)
            ]
        yield here


# --- products ---


@apart
def write_product(step: Step, node: Node, part: Part | None = None) -> None:
    """Multiply matrices with the kernel; further axes are loops around it. A part goes along one letter."""
    if (by_tables := step.plan.gathered(node)) is not None:
        write_gathered(step, node, by_tables, part)
        return
    found, out = step.plan.matrices(node), step.plan.view(node)
    by_out = dict(zip(contraction(node.attributes["spec"]).out, out.strides, strict=True))
    rows = found.running_on(found.rows, found.loops, by_out)
    inner = found.running_on(found.inner, found.sums, by_out)
    lengths = {k: step.size(found.length(k)) for k in rows + inner + found.loops + found.sums}
    sides = ((found.left, found.by_left), (found.right, found.by_right), (out, by_out))
    type = type_of(node.dtype)
    bases = [step.address(view) for view, _ in sides]
    if part is not None:
        letter, first, last = str(part[0]), *part[1:]
        steps = [step.size(by.get(letter, ZERO)) for _, by in sides]
        bases = [step.code.at(base, first * by, type) for base, by in zip(bases, steps, strict=True)]
        lengths[letter] = last - first
        rows = rows[: rows.index(letter) + 1] if letter in rows else rows  # beyond what is cut there are gaps
    sums = [k for k in found.sums if k not in inner]
    letters = [k for k in found.loops if k not in rows] + sums
    if sums:
        count = step.size(product(node.shape)) if part is None else (last - first) * steps[-1]
        step.fill(bases[-1], type, count, 0)
    arrays = [(base, [by.get(k) for k in letters], type) for base, (_, by) in zip(bases, sides, strict=True)]
    with _over(step, [lengths[k] for k in letters], *arrays) as (left, right, result):
        arguments: list[Value | Size] = [
            left, found.by_left.get(found.rows, ZERO), found.by_left.get(found.inner, ZERO),
            right, found.by_right.get(found.inner, ZERO), result, by_out.get(found.rows, ZERO),
            reduce(mul, [lengths[k] for k in rows]), found.length(found.columns),
            reduce(mul, [lengths[k] for k in inner]), ONE if sums else ZERO,
        ]  # fmt: skip
        values = [a if isinstance(a, Value) else step.size(a) for a in arguments]
        step.code.call(f"cr_product_{type.kind}", VOID, *values)


@apart
def write_turned(step: Step, node: Node, part: Part | None = None) -> None:
    """Copy matrices so that what lay down their columns lies along their rows. A part goes along the first axis."""
    code, type, view = step.code, type_of(node.dtype), step.plan.view(node.inputs[0])
    by_source, by_target = view.strides, contiguous(node.shape)
    source, target = step.address(view), step.address(whole(node))
    lengths = [step.size(size(e)) for e in node.shape]
    if part is not None:
        _, first, last = part
        source = code.at(source, first * step.size(by_source[0]), type)
        target = code.at(target, first * step.size(by_target[0]), type)
        lengths[0] = last - first
    arrays = (source, by_source[:-2], type), (target, by_target[:-2], type)
    with _over(step, lengths[:-2], *arrays) as (source, target):
        by_row, by_column = by_source[-2:]
        if by_row == ONE:
            sizes = [step.size(by_column), step.size(by_target[-2]), lengths[-1], lengths[-2]]
            code.call(f"cr_transpose_{type.kind}", VOID, source, sizes[0], target, *sizes[1:])
        else:
            lines = (source, [by_row, by_column], type), (target, by_target[-2:], type)
            with _over(step, lengths[-2:], *lines) as (here, there):
                code.store(code.load(here, type), there)


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
    source = step.address(view), [view.strides[a] for a in kept], stored
    target = step.address(whole(node)), contiguous(node.shape), I64
    with _over(step, [step.size(size(view.shape[a])) for a in kept], source, target) as (base, out):
        first = code.convert(code.load(base, stored), compared)
        with code.loop(length, start=1, carry=[first, code.index(0)]) as loop:
            best, position = loop.carried
            x = code.convert(code.load(code.at(base, loop.index * stride, stored), stored), compared)
            better = x > best
            if x.type.is_float:
                better = better | (x.differs(x) & best.equals(best))
            loop.next = [code.select(better, x, best), code.select(better, loop.index, position)]
        code.store(loop.carried[1], out)


# --- sums at positions ---


@apart
def write_scattered(step: Step, node: Node) -> None:
    """Add each number to the element that its index names, in order."""
    axis = node.attributes["axis"]
    x, indices = (step.plan.view(n) for n in node.inputs)
    rank, outs = len(indices.shape), contiguous(node.shape)
    middle = range(axis, axis + rank)
    axes = [*middle, *(a for a in range(len(x.shape)) if a not in middle)]
    walked = [indices.strides[a - axis] if a in middle else None for a in axes]
    filled = [None if a in middle else outs[a if a < axis else a - rank + 1] for a in axes]
    _add_where(step, node, axes, walked, filled)


@apart
def write_added(step: Step, node: Node) -> None:
    """Add each number to the element that the index of its row names, in order along the axis."""
    x, indices = (step.plan.view(n) for n in node.inputs)
    outs, axes = contiguous(node.shape), range(len(x.shape))
    walked = [indices.strides[a] if indices.shape[a] == x.shape[a] else None for a in axes]
    filled = [None if a == node.attributes["axis"] else outs[a] for a in axes]
    _add_where(step, node, axes, walked, filled)


def _add_where(
    step: Step, node: Node, axes: Sequence[int], walked: Sequence[Size | None], filled: Sequence[Size | None]
) -> None:
    """Add numbers, axis after axis, where whole numbers say; the strides are those of these and of the result."""
    code, axis, extent = step.code, node.attributes["axis"], node.attributes["extent"]
    x, indices = (step.plan.view(n) for n in node.inputs)
    step.clear(node)
    kind, stored, whole_number = type_of(node.dtype), type_of(x.base.dtype), type_of(indices.base.dtype)
    apart_by = step.size(contiguous(node.shape)[axis])
    arrays = (
        (step.address(x), [x.strides[a] for a in axes], stored),
        (step.address(indices), walked, whole_number),
        (step.address(whole(node)), filled, kind),
    )
    with _over(step, [step.size(size(x.shape[a])) for a in axes], *arrays) as (here, index, out):
        position = code.convert(code.load(index, whole_number), "i64")
        at = step.checked(position, step.size(size(extent)), None)
        target = code.at(out, at * apart_by, kind)
        old, more = code.load(target, kind), code.convert(code.load(here, stored), kind.kind)
        code.store(old + more, target)
