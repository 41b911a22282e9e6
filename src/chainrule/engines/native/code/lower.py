"""From the plan to code: the function that does one step of the program, region after region."""

from contextlib import ExitStack
from itertools import groupby
from typing import Any

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import copy_bytes
from chainrule.engines.native.code.inspection import begin, watched
from chainrule.engines.native.code.ir import Module, Value
from chainrule.engines.native.code.loops import write_work
from chainrule.engines.native.code.step import Context, Part, Step, in_functions
from chainrule.engines.native.code.team import part_of, parts_of_rows, share
from chainrule.engines.native.plan.cuts import Cut, Work
from chainrule.engines.native.plan.items import Fusion, Loop
from chainrule.engines.native.plan.memory import Memory
from chainrule.engines.native.plan.regions import ALONE, PARTS, ROWS, Region
from chainrule.engines.native.plan.views import ONE, Size, product
from chainrule.graph.node import leaf_key

SHARED_WORK = 100_000  # operations below which a region is not worth sharing: a microsecond or two


def write_step(module: Module, plan: Fusion, regions: list[Region], memory: Memory, name: str) -> Context:
    """Write the function of one step; what is returned knows the constants it is to be given."""
    context = Context(module, plan, memory)
    in_functions(context, name, lambda step: _write(step, regions))
    return context


def _write(step: Step, regions: list[Region]) -> None:
    plan = step.plan
    step.find()
    begin(step)
    step.read_numbers()
    numbers = step.context.common.numbers
    for region in regions:
        # Where each access is looked after, items are done one by one, each in all its parts.
        several = [[w] for w in region.works] if step.module.guard is not None else [region.works]
        for works in several if region.kind != ALONE else ():
            with watched(step, [(numbers[w.item], w.item) for w in works]):
                _write_region(step, region, works)
        for work in region.works if region.kind == ALONE else ():
            with watched(step, [(numbers[work.item], work.item)]):
                step.pause()
                write_work(step, work)
        checks.region(step.code)
    for number, (state, new) in enumerate(plan.commits, start=len(numbers) + 1):
        step.pause()
        checks.enter(step.code, number)
        old, size = step.base(leaf_key(state)), product(new.shape) * Size(new.dtype.itemsize)
        copy_bytes(step.code, old, step.base(new), step.size(size))
    checks.enter(step.code, 0)


# --- regions ---


def _write_region(step: Step, region: Region, works: list[Work]) -> None:
    """Write some items of a region as a function that does one part of them, and call it for all parts."""
    step.pause()
    code, apart = step.code, Part(step)
    ranges: dict[tuple[Size, int], tuple[Value, Value]] = {}
    for owner, together in groupby(works, lambda w: w.part if w.cut is None else None):
        with ExitStack() as stack:
            if owner is not None:
                mine = (apart.code.index(owner) % apart.parts).equals(apart.part)
                stack.enter_context(apart.code.when(mine))
            for work in together:
                write_work(apart, work, *_reach(apart, work.cut, ranges))
    function = step.context.task(apart.code)
    least = 0 if step.module.parts else SHARED_WORK
    step.context.common.shared.append((region.amount, least))
    amount = code.index(0)
    for size in region.amount.sizes:
        amount = amount + step.size(size)
    parts, alone = _parts(step, region)
    share(code, step.team, function, apart.values, parts, amount > least, alone)
    for node in apart.taken:
        step.take(node)


def _reach(
    apart: Part, cut: Cut | None, ranges: dict[tuple[Size, int], tuple[Value, Value]]
) -> list[tuple[Any, Value, Value]]:
    """Return the axis that is cut, and from where to where the part goes along it; nothing if it does all."""
    if cut is None:
        return []
    key = cut.extent, cut.grain
    if key not in ranges:
        ranges[key] = part_of(apart.code, apart.size(cut.extent), cut.grain, apart.part, apart.parts)
    first, last = ranges[key]
    if cut.unit != ONE:
        first, last = (x * apart.size(cut.unit) for x in (first, last))
    return [(cut.axis, first, last)]


def _parts(step: Step, region: Region) -> tuple[Value, Value]:
    """Return into how many parts a region is cut where it is shared, and where it is not."""
    if region.kind != ROWS:
        return step.code.index(step.module.parts or PARTS), step.code.index(1)
    ((rows, grain),) = {(w.cut.extent, w.cut.grain) for w in region.works if w.cut is not None}
    in_time = any(isinstance(w.item, Loop) for w in region.works)
    return parts_of_rows(step.code, step.size(rows), grain, in_time)
