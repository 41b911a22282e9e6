"""The stages of the pipeline in words: what runs in which order, and where its results lie."""

from __future__ import annotations

from chainrule.engines.native.expand import LEAVES, MOVEMENTS
from chainrule.engines.native.memory import Memory
from chainrule.engines.native.schedule import Nest, Schedule, memory_source
from chainrule.engines.native.views import Size, product
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.walk import order


class _Names:
    """A short name for each node: its own, or a number."""

    def __init__(self, plan: Schedule) -> None:
        self.plan = plan
        self.of: dict[Node, str] = {}
        program = plan.program
        for node in order([*program.outputs, *program.new_state]):
            if node.row.name == "constant":
                value = node.attributes["value"]
                self.of[node] = f"{value.item():.7g}" if value.size == 1 else f"numbers{shapes.show(node.shape)}"
            elif node.row.name == "length":
                self.of[node] = node.attributes["extent"].name
            elif node.row.name in LEAVES:
                self.of[node] = node.name or f"v{len(self.of)}"
            elif node.row.name not in MOVEMENTS:
                self.of[node] = f"v{len(self.of)}"
        for new, state in plan.home.items():
            self.of[new] = f"{state.name}'"

    def __getitem__(self, node: Node) -> str:
        if node.row.name in MOVEMENTS and node not in self.of:
            source = memory_source(node)
            turned = any(True for n in _path(node) if n.row.name == "transpose")
            return self.of[source] + ("ᵀ" if turned else "")
        return self.of[node]


def _path(node: Node) -> list[Node]:
    found = []
    while node.row.name in MOVEMENTS:
        found.append(node)
        node = node.inputs[0]
    return found


def _written(names: _Names, node: Node) -> str:
    inputs = ", ".join(names[x] for x in node.inputs)
    spec = f" [{node.attributes['spec']}]" if node.row.name == "contract" else ""
    what = {"contract": "product"}.get(node.row.name, node.row.name)
    return f"{what}({inputs}){spec}"


def show_schedule(plan: Schedule) -> str:
    """Write the schedule: a line for each nest or task, indented the nodes it computes; '*' is what is kept."""
    names, lines = _Names(plan), []
    for item in plan.items:
        if not isinstance(item, Nest):
            lines.append(f"task {names[item.node]} {shapes.show(item.node.shape)} = {_written(names, item.node)}")
            continue
        lines.append(f"nest over {shapes.show(item.domain)}")
        for node in [*item.nodes, *item.reductions]:
            kept = "*" if node in plan.stored else " "
            lines.append(f"  {kept} {names[node]} = {_written(names, node)}")
    lines.extend(f"copy {names[new]} to {state.name}" for state, new in plan.commits)
    return "\n".join(lines)


def show_memory(plan: Schedule, memory: Memory) -> str:
    """Write the places of the arena, and which results lie in each, one after the other."""
    names, lines = _Names(plan), []
    for number, slot in enumerate(memory.slots):
        held = [names[n] for n, at in memory.place.items() if at == number]
        held += [f"room for {names[n]}" for n, at in memory.scratch.items() if at == number]
        lines.append(f"place {number}: {Size(slot.bytes, slot.extents)} bytes: {', '.join(held)}")
    for new, state in plan.home.items():
        lines.append(f"{state.name} {product(state.shape)}: overwritten by {names[new]}")
    return "\n".join(lines)
