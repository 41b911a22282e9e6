"""Numbers below the smallest normal one: while a run lasts they are 0.

Where a unit learns nothing any more, its moments sink there within a thousand steps and stay, and a CPU of the x86
family takes several times as long over each vector that holds one: over a tenth of a whole fit. Predictions, single
steps and compiled functions keep them, and so does a run whose program holds one: ``np.log(np.maximum(p, 1e-40))``
would be the logarithm of 0. A helping thread does as the one that it helps.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from chainrule.engines.native.code.ir import Code, Value
from chainrule.engines.native.code.types import VOID, Type
from chainrule.graph.closed import Program, every_node

FLUSH = 0x8040  # of the control word: results that are subnormal are 0, and so are arguments
WORD = Type("i32")


@contextmanager
def flushed(code: Code, program: Program) -> Iterator[None]:
    """Let subnormal numbers be 0 within, and what they were before afterwards; not where a program names one."""
    if not code.module.machine.flushes or _names_one(program):
        yield
        return
    before, within = code.slot(WORD), code.slot(WORD)
    note(code, before)
    code.store(code.load(before, WORD) | FLUSH, within)
    follow(code, within)
    yield
    follow(code, before)


def note(code: Code, place: Value) -> None:
    """Write down what the thread does with subnormal numbers."""
    if code.module.machine.flushes:
        code.call("llvm.x86.sse.stmxcsr", VOID, place)


def follow(code: Code, place: Value) -> None:
    """Do with subnormal numbers what is written down."""
    if code.module.machine.flushes:
        code.call("llvm.x86.sse.ldmxcsr", VOID, place)


def _names_one(program: Program) -> bool:
    values = [n.attributes["value"] for n in every_node(program) if n.primitive.name == "constant"]
    sizes = [np.abs(x) for x in values if x.dtype.kind == "f"]
    return any(bool(((x > 0) & (x < np.finfo(x.dtype).tiny)).any()) for x in sizes)
