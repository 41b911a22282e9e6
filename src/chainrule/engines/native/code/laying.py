"""Code for what is laid into a larger array: parts are copied that do not lie there already, and the rest is filled."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from chainrule.engines.native.code.frame import Part, copy_bytes
from chainrule.engines.native.code.ir import Value
from chainrule.engines.native.code.step import Step
from chainrule.engines.native.code.types import type_of
from chainrule.engines.native.plan.laying import is_same, laying, view_at
from chainrule.engines.native.plan.views import ONE, Size, View, merged, size
from chainrule.graph.node import Node


def write_laid(step: Step, node: Node, part: Part | None = None) -> None:
    """Fill what no part covers, and copy what is not made in its place. A part goes along one axis."""
    found, out = laying(node), step.plan.view(node)
    if found is None:
        raise AssertionError(node)
    if found.onto is not None and found.onto not in step.plan.inside:
        step.apart(_copy, step.plan.view(found.onto), out, part)
    for box in found.around(node.shape):
        step.apart(_fill, view_at(out, box), found.fill, part)
    for x, index in found.parts:
        target, source = view_at(out, index), step.plan.view(x)
        if not is_same(source, target):
            step.apart(_copy, source, target, part)


def _copy(step: Step, source: View, target: View, part: Part | None) -> None:
    code = step.code
    stored, kind = (type_of(v.base.dtype) for v in (source, target))
    with runs(step, [source, target], part) as (here, length, strides):
        if stored.kind == kind.kind and strides == [ONE, ONE]:
            copy_bytes(code, here[1], here[0], length * (max(kind.bits, 8) // 8))
            return
        with code.loop(length) as loop:
            x, to = (
                code.at(at, loop.index * step.size(stride), type)
                for at, stride, type in zip(here, strides, (stored, kind), strict=True)
            )
            code.store(code.convert(code.load(x, stored), kind.kind), to)


def _fill(step: Step, target: View, value: float, part: Part | None) -> None:
    code, kind = step.code, type_of(target.base.dtype)
    with runs(step, [target], part) as ((here,), length, (stride,)):
        if stride == ONE:
            step.fill(here, kind, length, value)
            return
        with code.loop(length) as loop:
            code.store(code.constant(value, kind), code.at(here, loop.index * step.size(stride), kind))


@contextmanager
def runs(
    step: Step, views: Sequence[View], part: Part | None = None
) -> Iterator[tuple[list[Value], Value, list[Size]]]:
    """Loop over views of one shape, a part of one axis; within, say where each is, and of the run there how
    long it is and in what steps each goes along it."""
    code, shape = step.code, views[0].shape
    types = [type_of(v.base.dtype) for v in views]
    here = [step.address(v) for v in views]
    strides = [list(v.strides) for v in views]
    with ExitStack() as loops:

        def along(length: Value, by: Sequence[Size]) -> None:
            at = loops.enter_context(code.loop(length)).index
            here[:] = [code.at(x, at * step.size(s), t) for x, s, t in zip(here, by, types, strict=True)]

        axes = list(range(len(shape)))
        if part is not None:
            cut, first, last = int(part[0]), *part[1:]
            by = [s[cut] for s in strides]
            here = [code.at(x, first * step.size(s), t) for x, s, t in zip(here, by, types, strict=True)]
            along(last - first, by)
            axes.remove(cut)
        kept = [a for a in axes if shape[a] != 1]
        extents, found = merged([size(shape[a]) for a in kept], [[s[a] for a in kept] for s in strides])
        for axis, extent in enumerate(extents[:-1]):
            along(step.size(extent), [s[axis] for s in found])
        yield here, step.size(extents[-1] if extents else size(1)), [s[-1] if s else ONE for s in found]
