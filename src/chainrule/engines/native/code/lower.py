"""From the plan to code: the function that does one step of the program, item after item."""

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import copy_bytes
from chainrule.engines.native.code.inspection import begin, watched
from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.nests import write_nest
from chainrule.engines.native.code.operations import TASKS
from chainrule.engines.native.code.step import STEP_PARAMETERS, Context, Sections, Step
from chainrule.engines.native.code.types import VOID
from chainrule.engines.native.plan.fusion import Fusion, Nest
from chainrule.engines.native.plan.memory import Memory
from chainrule.engines.native.plan.views import Size, product
from chainrule.graph.node import leaf_key


def write_step(module: Module, plan: Fusion, memory: Memory, name: str) -> Context:
    """Write the function of one step; what is returned knows the constants it is to be given."""
    context = Context(module, plan, memory)
    sections = Sections(context, name) if plan.long else None
    if sections is not None:
        _write(sections)
        sections.end()
    with module.function(name, STEP_PARAMETERS) as code:
        if sections is None:
            _write(Step(code, context))
        for section in sections.names if sections is not None else ():
            code.call(section, VOID, *code.parameters)
    return context


def _write(step: Step) -> None:
    plan = step.plan
    step.find()
    begin(step)
    step.read_numbers()
    for number, item in enumerate(plan.items, start=1):
        with watched(step, number, item):
            step.pause()
            if isinstance(item, Nest):
                write_nest(step, item)
            else:
                TASKS[item.node.primitive.name](step, item.node)
    for number, (state, new) in enumerate(plan.commits, start=len(plan.items) + 1):
        step.pause()
        checks.enter(step.code, number)
        old, size = step.base(leaf_key(state)), product(new.shape) * Size(new.dtype.itemsize)
        copy_bytes(step.code, old, step.base(new), step.size(size))
    checks.enter(step.code, 0)
