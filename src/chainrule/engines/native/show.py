"""The stages of the pipeline in words: what runs in which order, where its results lie, and the code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chainrule.engines.listing import Names, node_names, written
from chainrule.engines.native.build import assembly
from chainrule.engines.native.expand import MOVEMENTS
from chainrule.engines.native.memory import Memory, made
from chainrule.engines.native.schedule import Nest, Schedule
from chainrule.engines.native.views import Size, product, squeezed
from chainrule.graph import shapes
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.walk import order

if TYPE_CHECKING:
    from chainrule.engines.native.executable import Stages


def show_stage(stages: Stages, stage: str) -> str:
    """Return one of the stages "schedule", "memory", "ir" and "asm" as text."""
    if stage == "schedule":
        return show_schedule(stages.schedule)
    if stage == "memory":
        return show_memory(stages.schedule, stages.memory)
    return stages.ir if stage == "ir" else assembly(stages.ir)


def show_schedule(plan: Schedule) -> str:
    """Write the schedule: a line for each nest or task, indented the nodes it computes; '*' is what is kept."""
    names, lines = schedule_names(plan), []
    for item in plan.items:
        if not isinstance(item, Nest):
            lines.append(f"task over {shapes.show(item.node.shape)}")
        elif item.domain:
            lines.append(f"nest over {shapes.show(item.domain)}")
        else:
            lines.append("single numbers")
        lines += [f"  {'*' if n in plan.stored else ' '} {line(names, n)}" for n in made(item)]
    lines += [f"copy {named(names, new)} to {state.name}" for state, new in plan.commits]
    return "\n".join(lines)


def show_memory(plan: Schedule, memory: Memory) -> str:
    """Write the places of the arena and what lies in each, one after the other; then what is not in it."""
    names, lines = schedule_names(plan), []
    position = {n: i for i, item in enumerate(plan.items) for n in made(item)}
    for number, slot in enumerate(memory.slots):
        held = [(position[n], named(names, n)) for n, at in memory.place.items() if at == number]
        held += [(position[n], f"room for {named(names, n)}") for n, at in memory.scratch.items() if at == number]
        lines.append(f"place {number}, {_bytes(slot.bytes, slot.extents)}: {_listed(sorted(held))}")
    for node in plan.program.outputs:
        lines.append(f"output {named(names, node)}, {_size(node)}")
    for new, state in plan.home.items():
        lines.append(f"state {state.name}, {_size(state)}: overwritten by {named(names, new)}")
    lines += [f"state {s.name}, {_size(s)}: copied from {named(names, new)}" for s, new in plan.commits]
    return "\n".join(lines)


def schedule_names(plan: Schedule) -> Names:
    """Return the names of leaves and of what is computed, numbered in the order of the schedule."""
    program = plan.program
    leaves = (n for n in order([*program.outputs, *program.new_state]) if not n.inputs)
    return node_names(program, [*leaves, *(n for item in plan.items for n in made(item))])


def line(names: Names, node: Node) -> str:
    """Write what a node is called, and how it is computed; axes of length 1, which no loop has, are passed over."""
    if node.row.name in ("sum", "max"):
        (x,), axes = node.inputs, node.attributes["axes"]
        along = ", ".join(str(x.shape[a]) for a in axes if x.shape[a] != 1)
        return f"{named(names, node)} = {node.row.name}({named(names, x)}) over {along or 1}"
    return f"{named(names, node)} = {written(node, lambda x: named(names, x))}"


def named(names: Names, node: Node) -> str:
    """Return a node's name. Movements, which are never computed, are written around that of their source."""
    if leaf_key(node) in names or node.row.name not in MOVEMENTS:
        return names.get(leaf_key(node), "")
    source = named(names, node.inputs[0])
    if node.row.name == "slice" and source:
        return written(node, lambda x: source)
    turned = node.row.name == "transpose" and len(squeezed(node.shape)) > 1
    return f"{source}ᵀ" if turned and source else source


def _size(node: Node) -> str:
    size = product(node.shape)
    return _bytes(size.count * node.dtype.itemsize, size.extents)


def _bytes(count: int, extents: tuple[str, ...]) -> str:
    return f"{Size(count, extents)} bytes"


def _listed(held: Iterable[tuple[int, str]]) -> str:
    return ", then ".join(name for _, name in held)
