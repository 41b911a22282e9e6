"""From the schedule and the memory plan to code: one function that does one step of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.engines.native import checks
from chainrule.engines.native.frame import Frame
from chainrule.engines.native.ir import I64, PTR, VOID, Code, Module, Type, Value, type_of
from chainrule.engines.native.memory import ALIGN, Memory
from chainrule.engines.native.nests import NestFunctions, write_nest
from chainrule.engines.native.random import write_random
from chainrule.engines.native.schedule import Nest, Schedule, memory_source, register_source
from chainrule.engines.native.tasks import (
    write_argmax,
    write_joined,
    write_placed,
    write_product,
    write_scattered,
)
from chainrule.engines.native.team import Team
from chainrule.engines.native.views import Size, View, product, squeezed
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.walk import order

# What a step is given: arrays of pointers, the lengths of the open axes, and where it reports what is wrong.
STEP_PARAMETERS = tuple(
    (name, PTR) for name in ("inputs", "state", "outputs", "constants", "arena", "lengths", "status", "team")
)

TASKS: dict[str, Callable[[Lowering, Node], None]] = {
    "contract": write_product,
    "random_uniform": write_random,
    "argmax": write_argmax,
    "concatenate": write_joined,
    "place": write_placed,
    "scatter_add": write_scattered,
}


class Lowering(Frame):
    """A step while it is written: where everything lies, and which scalars are in registers."""

    def __init__(self, code: Code, plan: Schedule, memory: Memory) -> None:
        self._given = dict(zip([n for n, _ in STEP_PARAMETERS], code.parameters, strict=True))
        super().__init__(code, {}, self._given["status"])
        self.plan, self.memory = plan, memory
        self.scalars: dict[Node, Value] = {}
        self.nests = NestFunctions(self.module)
        self.team = Team(code, self._given["team"])
        self._bases: dict[object, Value] = {}
        self.constants: list[Node] = []
        self.shared: list[tuple[Size, int]] = []

    def write(self) -> None:
        """Write the whole step."""
        program, code = self.plan.program, self.code
        given = self._given
        ends = [*program.outputs, *program.new_state]
        nodes = order([*ends, *program.inputs, *program.state])
        names = sorted({e for n in nodes for e in product(n.shape).extents} | _named_extents(nodes))
        for i, name in enumerate(names):
            self.lengths[name] = code.load(code.at(given["lengths"], code.index(i), I64), I64)
        self.constants = [n for n in nodes if n.row.name == "constant"]
        used = {leaf_key(n) for n in order(ends)}
        for key, leaves in (
            ("inputs", program.inputs),
            ("state", program.state),
            ("constants", self.constants),
        ):
            for i, leaf in enumerate(leaves):
                if leaf_key(leaf) in used:
                    self._bases[leaf_key(leaf)] = self._pointer(given[key], i)
        for i, node in enumerate(program.outputs):
            self._bases[node] = self._pointer(given["outputs"], i)
        self._place_arena(given["arena"])
        checks.begin(self, given)
        for new, state in self.plan.home.items():
            self._bases[new] = self._bases.get(leaf_key(state)) or self._pointer(
                given["state"], program.state.index(state)
            )
        # Scalars are read once, before anything overwrites them.
        for node in nodes:
            is_scalar = node.row.name in ("variable", "input", "constant") and not squeezed(node.shape)
            if is_scalar and leaf_key(node) in self._bases:
                self.scalars[node] = self._leaf_scalar(node)
        for number, item in enumerate(self.plan.items, start=1):
            with checks.watched(self, number, item):
                if isinstance(item, Nest):
                    write_nest(self, item)
                else:
                    TASKS[item.node.row.name](self, item.node)
        for number, (state, new) in enumerate(self.plan.commits, start=len(self.plan.items) + 1):
            checks.enter(self, number)
            target = self._bases.get(leaf_key(state)) or self._pointer(
                given["state"], program.state.index(state)
            )
            self.copy(target, self._bases[new], product(new.shape), new.dtype.itemsize)
        checks.enter(self, 0)

    def _pointer(self, table: Value, position: int) -> Value:
        return self.code.load(self.code.at(table, self.code.index(position), PTR), PTR)

    def _place_arena(self, arena: Value) -> None:
        code = self.code
        starts, here = [], code.index(0)
        for slot in self.memory.slots:
            starts.append(here)
            size = self.size(Size(slot.bytes, slot.extents))
            checks.known(code, arena, here, size)
            here = here + (((size + (ALIGN - 1)) & -ALIGN) + ALIGN if slot.extents else slot.size({}))
        for node, number in self.memory.place.items():
            self._bases[node] = code.at(arena, starts[number], Type("i8"))
        self._scratch = {n: code.at(arena, starts[i], Type("i8")) for n, i in self.memory.scratch.items()}

    def _leaf_scalar(self, node: Node) -> Value:
        if node.row.name == "constant":
            value = node.attributes["value"].item()
            if value in (0, 1, -1, 2, 0.5):  # part of the formula; all others are data
                return self.code.constant(value, type_of(node.dtype))
        return self.code.load(self._bases[leaf_key(node)], type_of(node.dtype))

    # --- what nests and tasks ask ---

    def has_memory(self, node: Node) -> bool:
        """Say whether a node lies in memory, and not in a register alone."""
        return leaf_key(node) in self._bases

    def share(
        self, function: str, values: Sequence[Value], extent: Size, grain: int, work: Size, least: int
    ) -> None:
        """Call a function for all of an extent, by several threads if there is more work than ``least``."""
        if self.module.parts:
            grain, least = 1, 0
        self.shared.append((work, least))
        self.team.share(function, values, self.size(extent), grain, self.size(work) > least)

    def clear(self, node: Node) -> None:
        """Set all elements of a node's memory to 0."""
        self.fill(self._bases[node], type_of(node.dtype), self.size(product(node.shape)), 0)

    def address(self, view: View) -> Value:
        """Return where the first element of a view lies."""
        base = self._bases[leaf_key(view.base)]
        for part in view.offset:
            base = self.code.at(base, self.size(part), type_of(view.base.dtype))
        return base

    def scratch(self, node: Node) -> Value:
        """Return the room of a product's own."""
        return self._scratch[node]

    def scalar(self, node: Node) -> Value:
        """Return the value of a node of one element."""
        if node.row.name == "length":
            length = self.lengths[node.attributes["extent"].name]
            return self.code.convert(length, type_of(node.dtype).kind)
        for found in (node, register_source(node), memory_source(node)):
            if found in self.scalars:
                return self.scalars[found]
        source = memory_source(node)
        if source.row.name == "length":
            return self.scalar(source)
        return self.code.load(self.address(self.plan.view(node)), type_of(node.dtype))


def _named_extents(nodes: list[Node]) -> set[str]:
    return {n.attributes["extent"].name for n in nodes if n.row.name == "length"}


def extent_names(plan: Schedule) -> list[str]:
    """Return the open axes of a program, in the order in which a step is given their lengths."""
    program = plan.program
    nodes = order([*program.outputs, *program.new_state, *program.inputs, *program.state])
    return sorted({e for n in nodes for e in product(n.shape).extents} | _named_extents(nodes))


def write_step(module: Module, plan: Schedule, memory: Memory, name: str, words: str = "") -> Lowering:
    """Write the function of one step; what wrote it knows the constants it is to be given."""
    with module.function(name, STEP_PARAMETERS, VOID, words) as code:
        low = Lowering(code, plan, memory)
        low.write()
        code.give()
    return low
