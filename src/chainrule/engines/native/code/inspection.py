"""What a step of checked code says of itself: what it takes for its own, and which numbers it found or made not finite.

Without the debugging mode nothing here writes a thing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.ir import Value
from chainrule.engines.native.code.laying import runs
from chainrule.engines.native.code.step import Step
from chainrule.engines.native.code.types import I64, VOID, type_of
from chainrule.engines.native.plan.items import Item, Loop, Nest, memory_source
from chainrule.engines.native.plan.laying import laying
from chainrule.engines.native.plan.views import ONE, Size, product
from chainrule.graph.node import Node


def begin(step: Step) -> None:
    """Open the leaves to the step, and look whether they hold NaN or infinities already."""
    program = step.plan.program
    if step.module.guard is None:
        return
    leaves = [("inputs", program.inputs), ("state", program.state)]
    for table, nodes in [*leaves, ("constants", step.context.constants), ("outputs", program.outputs)]:
        for i, node in enumerate(nodes):
            step.pause()
            address, size = step.pointer(table, i), product(node.shape) * Size(node.dtype.itemsize)
            checks.known(step.code, address, step.code.index(0), step.size(size))
            if table == "state" and node.dtype.kind == "f":
                step.code.call(checks.TAINT, VOID, _scan(step, address, node))
    step.code.call(checks.BEGIN, VOID)
    site = 0
    for table, nodes in leaves:
        for i, node in enumerate(nodes):
            step.pause()
            if node.dtype.kind == "f":
                bits = _scan(step, step.pointer(table, i), node)
                step.code.call(checks.NOTE, VOID, bits, step.code.index(site))
            site += 1


@contextmanager
def watched(step: Step, items: Sequence[tuple[int, Item]]) -> Iterator[None]:
    """Note that an item, the only one where that is noted, begins; after it, look through its sums and products."""
    if step.module.guard is None:
        yield
        return
    ((number, item),) = items
    checks.enter(step.code, number)
    yield
    if isinstance(item, Loop):  # what is done in it looked after itself
        return
    if isinstance(item, Nest):
        whole = list(enumerate(item.reductions, start=len(item.nodes)))
    else:
        whole = [(0, item.node)] if laying(item.node) is None else []
        for x in item.node.inputs:
            source = memory_source(x)
            if source.dtype.kind == "f" and source.primitive.name != "length":
                step.pause()
                step.code.call(checks.TAINT, VOID, _held_by(step, source))
    for site, node in whole:
        if node.dtype.kind == "f":
            step.code.call(checks.FOUND, VOID, _held_by(step, node), step.code.index(site))


def _held_by(step: Step, node: Node) -> Value:
    if node in step.scalars or not step.has_memory(node):
        return checks.bits_of(step.code, *checks.sorts(step.code, step.scalar(node)), None)
    total = step.code.slot(I64)
    step.code.store(step.code.index(0), total)
    with runs(step, [step.plan.view(memory_source(node))]) as ((here,), length, (stride,)):
        side_by_side = stride == ONE
        with step.code.loop(1 if side_by_side else length) as loop:
            at = step.code.at(here, loop.index * step.size(stride), type_of(node.dtype))
            found = step.code.call(_scanner(node), I64, at, length if side_by_side else step.code.index(1))
            step.code.store(step.code.load(total, I64) | found, total)
    return step.code.load(total, I64)


def _scan(step: Step, address: Value, node: Node) -> Value:
    return step.code.call(_scanner(node), I64, address, step.size(product(node.shape)))


def _scanner(node: Node) -> str:
    return checks.SCANS[type_of(node.dtype).kind]
