"""All stages of the native engine in a row: from a simplified program to machine code in memory."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from chainrule.engines.native.code import checks, gathered, product
from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.loop import numbers_in, write_loop
from chainrule.engines.native.code.lower import write_step
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.code.team import WORKER, write_worker
from chainrule.engines.native.code.tiny import MANY
from chainrule.engines.native.look import watch
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.plan.cuts import Amount
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.plan.fusion import fuse
from chainrule.engines.native.plan.items import Fusion
from chainrule.engines.native.plan.labels import LABEL
from chainrule.engines.native.plan.laying import LAID
from chainrule.engines.native.plan.layout import turned_over
from chainrule.engines.native.plan.memory import Memory, plan_memory
from chainrule.engines.native.plan.regions import Region, grain_of, in_regions
from chainrule.engines.native.plan.sinking import made_in_steps
from chainrule.engines.native.plan.sums import row_by_row, taken_apart
from chainrule.engines.native.run import build
from chainrule.graph.closed import Program, extents_of
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent
from chainrule.transform.verify import Level, between_stages, verify

STEP, LOOP, TINY = "chainrule_step", "chainrule_run", "chainrule_tiny"
TINY_MANY = TINY + MANY


@dataclass(frozen=True)
class Stages:
    """What the pipeline made of a program, each stage as data or text.

    Attributes:
        machine: What the code is written for.
        program: The simplified graph, in the rows that have code.
        turned: Which inputs it takes turned over.
        fusion: What is done in which order.
        regions: What of it is done between two barriers.
        memory: Where results lie.
        ir: LLVM's intermediate representation.
        constants: The values that the code is given.
        shared: The regions that threads may share: how much work each is, and from where on it pays.
    """

    machine: Machine
    program: Program
    turned: tuple[bool, ...]
    fusion: Fusion
    regions: tuple[Region, ...]
    memory: Memory
    ir: str
    constants: tuple[np.ndarray, ...]
    shared: tuple[tuple[Amount, int], ...]


def stages(
    program: Program,
    machine: Machine,
    checked: bool = False,
    written_out: Program | None = None,
    parts: int = 0,
) -> Stages:
    """Take a simplified program through all stages up to LLVM.

    Args:
        program: Inputs, state, outputs, new state.
        machine: What it is written for.
        checked: Whether the code looks after itself.
        written_out: The program in the rows that have code, if it is known.
        parts: Into how many parts each region that may be shared is cut; 0: by its size.
    """
    basic = taken_apart(written_out or expand(program, CODED))
    _verify(basic, "expanded")
    basic, turned = turned_over(basic, machine.vector_bytes)
    _verify(basic, "laid out")
    basic = row_by_row(expand_products(made_in_steps(basic)))
    verify(basic, Level("rid of products that are none", _has_code))
    plan, regions = in_regions(fuse(basic), parts > 0)
    memory = plan_memory(plan, regions)
    module = Module(machine, checks.guard if checked else None, parts)
    step = write_step(module, plan, regions, memory, STEP)
    if can_loop(program):
        grain = grain_of(regions, parts > 0) if step.common.shared else 0
        write_loop(module, plan.program, turned, LOOP, STEP, grain)
    if step.common.shared:
        write_worker(module)
    values = tuple(np.ascontiguousarray(n.attributes["value"]).reshape(n.shape) for n in step.constants)
    return Stages(
        machine, basic, turned, plan, tuple(regions), memory, module.text(), values, tuple(step.common.shared)
    )


def _has_code(node: Node) -> bool:
    return node.primitive.name in CODED or node.primitive in (LAID, LABEL)


def _verify(program: Program, what: str) -> None:
    """Verify what a stage made where someone looks for mistakes; what code is written for is verified always."""
    if between_stages():
        verify(program, Level(what, _has_code))


def can_loop(program: Program) -> bool:
    """Say whether the program can be run in epochs: it takes batches of rows, and returns numbers first, of which the
    first is the cost, and then what has a row for each of the batch.
    """
    openings = {e.name for n in program.inputs for e in n.shape if isinstance(e, Extent)}
    count = numbers_in(program)
    return (
        len(openings) == 1
        and all(is_row(n) for n in program.inputs)
        and count > 0
        and all(is_row(n) for n in program.outputs[count:])
    )


def is_row(node: Node) -> bool:
    """Say whether a node has a row for each example, of a known size."""
    return bool(node.shape) and isinstance(node.shape[0], Extent) and not extents_of(node)[1:]


@cache  # code in use stays loaded
def kernels(machine: Machine, kind: str, checked: bool = False) -> build.Library:
    """Return the matrix products of a kind of float, which all programs share."""
    module = Module(machine, checks.guard if checked else None)
    return _kernels(module, product.write_kernels(module, kind), checked)


@cache
def gathering(machine: Machine, kind: str, checked: bool = False) -> build.Library:
    """Return the product by tables of a kind of float, which all programs share."""
    module = Module(machine, checks.guard if checked else None)
    return _kernels(module, [gathered.write_kernel(module, kind)], checked)


def _kernels(module: Module, names: list[str], checked: bool) -> build.Library:
    symbols = _watching_symbols(module.machine) if checked else {}
    return build.library(module.text(), module.machine, names, symbols)


@cache
def watching(machine: Machine) -> build.Library:
    """Return what checked code calls, and the table it looks into."""
    return build.library(watch.write_library(machine), machine, [*watch.NAMES, watch.TABLE])


def _watching_symbols(machine: Machine) -> dict[str, int]:
    return {name: watching(machine).address(name) for name in watch.NAMES}


@lru_cache(maxsize=64)
def library(text: str, machine: Machine, checked: bool = False) -> build.Library:
    """Return the code of a program; equal programs share it."""
    names = [n for n in (STEP, LOOP, WORKER, TINY, TINY_MANY) if f"@{n}(" in text]
    symbols = {
        n: made(machine, kind, checked).address(n)
        for kind in product.KINDS
        for made, known in ((kernels, product.names(kind)), (gathering, [gathered.name_of(kind)]))
        for n in known
        if f"@{n}(" in text
    }
    return build.library(text, machine, names, symbols | _watching_symbols(machine) if checked else symbols)
