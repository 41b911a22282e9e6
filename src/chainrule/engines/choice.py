"""Which engine runs a program, and the programs that are already compiled."""

import math
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache

from chainrule.engines import numpy as numpy_engine
from chainrule.engines.native.mode import mode
from chainrule.engines.program import Executable, Program
from chainrule.errors import EngineWarning, UnsupportedError, unknown_name
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent
from chainrule.graph.simplify import simplify_all
from chainrule.graph.walk import order

# What the NumPy engine takes for a node, measured to a factor of two: the call, an element, a multiplication with
# its addition.
CALL_SECONDS, ELEMENT_SECONDS, PRODUCT_SECONDS = 0.8e-6, 0.5e-9, 2e-11
# What machine code costs before it runs, in a new process that finds it on disk: LLVM itself, and each node.
LOADING_SECONDS, NODE_SECONDS = 0.08, 0.15e-3
MOST_KEPT = 64


def _compile_native(program: Program) -> Executable:
    from chainrule.engines.native.executable import compile_program  # noqa: PLC0415 -- LLVM takes long to load

    return compile_program(program)


COMPILERS: dict[str, Callable[[Program], Executable]] = {
    "native": _compile_native,
    "numpy": numpy_engine.compile_program,
}
ENGINES = ("auto", *COMPILERS)
_compiled: OrderedDict[Hashable, Executable] = OrderedDict()
_lock = threading.Lock()


def choose(program: Program, steps: int, rows: int = 1) -> str:
    """Return the engine that has a program done first, the time to compile it included.

    It goes by the size of the work alone, never by what happened before: the same call gives the same bits.

    Args:
        program: As it was built; nothing needs to be simplified.
        steps: How often it is going to run.
        rows: The length of its open axes.
    """
    nodes = order([*program.outputs, *program.new_state])
    working = [n for n in nodes if n.inputs]
    each = sum(CALL_SECONDS + _work(n, rows) for n in working)
    if steps * each < LOADING_SECONDS + NODE_SECONDS * len(working) or not native_works():
        return "numpy"
    return "native"


def _work(node: Node, rows: int) -> float:
    def count(shape: shapes.Shape) -> int:
        return math.prod(rows if isinstance(e, Extent) else e for e in shape)

    if node.row.name != "contract":
        return count(node.shape) * ELEMENT_SECONDS
    plan = shapes.contraction(node.attributes["spec"])
    extents = dict(zip(plan.left, node.inputs[0].shape, strict=True))
    return count(node.shape) * count(tuple(extents[k] for k in plan.inner)) * PRODUCT_SECONDS


@lru_cache(maxsize=1)
def native_works() -> bool:
    """Say whether machine code can be made here; if not, one line tells why."""
    try:
        from chainrule.engines.native.build import machine  # noqa: PLC0415 -- LLVM takes long to load

        machine()
    except (ImportError, OSError, RuntimeError) as error:
        reason = "llvmlite is not installed" if isinstance(error, ImportError) else f"LLVM: {error}"
        warnings.warn(
            f"{reason}; everything runs on the NumPy engine, only slower.", EngineWarning, stacklevel=2
        )
        return False
    return True


def build(program: Program, engine: str = "auto") -> Executable:
    """Simplify a program and compile it; one that was compiled before is taken as it is.

    Raises:
        UnknownNameError: If there is no such engine.
        UnsupportedError: If the native engine was asked for, and has no code for what the program holds.
    """
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    key = engine, mode(), program.fingerprint
    with _lock:
        if key in _compiled:
            _compiled.move_to_end(key)
            return _compiled[key]
    made = _compile(simplified(program).detached(), engine)
    with _lock:
        _compiled[key] = made
        while len(_compiled) > MOST_KEPT:
            _compiled.popitem(last=False)
    return made


def simplified(program: Program) -> Program:
    """Return the program that engines are given: the same, simplified. A simple one comes back as it is."""
    ends = simplify_all([*program.outputs, *program.new_state], final=True)
    count = len(program.outputs)
    return Program(program.inputs, program.state, tuple(ends[:count]), tuple(ends[count:]))


def _compile(program: Program, engine: str) -> Executable:
    if engine != "auto":
        return COMPILERS[engine](program)
    if native_works():
        try:
            return COMPILERS["native"](program)
        except UnsupportedError as error:
            warnings.warn(f"{error} It runs on the NumPy engine.", EngineWarning, stacklevel=4)
    return COMPILERS["numpy"](program)
