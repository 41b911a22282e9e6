"""From the schedule and the memory plan to code: the function that does one step of the program.

A long program's step is many functions, called one after the other. Each is given what the step is given, and finds
for itself where things lie. A task in it is a function too, which is told where things lie: tasks that are
written alike, as those of equal layers and of the steps of a recurrent network are, share one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from chainrule.engines.native.code.frame import Frame
from chainrule.engines.native.code.ir import I64, PTR, VOID, Code, Module, Type, Value, type_of
from chainrule.engines.native.code.nests import NestFunctions, write_nest
from chainrule.engines.native.code.random import write_random
from chainrule.engines.native.code.tasks import (
    write_argmax,
    write_joined,
    write_placed,
    write_product,
    write_scattered,
)
from chainrule.engines.native.code.team import Team
from chainrule.engines.native.look import checks
from chainrule.engines.native.plan.fusion import Nest, Schedule, memory_source, register_source
from chainrule.engines.native.plan.memory import ALIGN, Memory
from chainrule.engines.native.plan.views import Size, View, product, squeezed, whole
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
    "pad": write_placed,
    "scatter_add": write_scattered,
}


SECTION_LINES = 1500  # of code, after which a long step goes on in another function


class Layout:
    """What all functions of a step have in common: what is done, and where the step is told that things lie."""

    def __init__(self, module: Module, plan: Schedule, memory: Memory) -> None:
        self.module, self.plan, self.memory = module, plan, memory
        self.nests = NestFunctions(module)
        self.shared: list[tuple[Size, int]] = []  # how much work loops are, and from where on sharing pays
        self._tasks: dict[Hashable, str] = {}  # by their code
        program = plan.program
        ends = program.ends
        self.nodes = order([*ends, *program.inputs, *program.state])
        self.extents = extent_names(plan)
        self.constants = [n for n in self.nodes if n.primitive.name == "constant"]
        leaves = {"inputs": program.inputs, "state": program.state, "constants": self.constants}
        used = {leaf_key(n) for n in order(ends)}
        # The address of each leaf and output: in which table it stands, and where in it.
        self.pointers: dict[Any, tuple[str, int]] = {
            leaf_key(leaf): (table, i) for table, of in leaves.items() for i, leaf in enumerate(of)
        }
        self.needed = [*(key for key in self.pointers if key in used), *program.outputs]
        self.pointers |= {node: ("outputs", i) for i, node in enumerate(program.outputs)}
        self.home = {new: leaf_key(state) for new, state in plan.home.items()}
        self.in_memory = {*self.needed, *memory.place, *self.home}

    def task(self, code: Code) -> str:
        """Return the name of a function of this code."""
        key = tuple(x.type for x in code.parameters), tuple(code.slots), tuple(code.lines)
        if key not in self._tasks:
            self._tasks[key] = code.name = f"task{len(self._tasks)}"
            self.module.define(code, VOID, "internal")
        return self._tasks[key]


class Lowering(Frame):
    """A function of a step while it is written: where everything lies, and which scalars are in registers."""

    def __init__(self, code: Code, layout: Layout) -> None:
        self.layout, self.plan, self.nests = layout, layout.plan, layout.nests
        self.begin(code)

    def begin(self, code: Code) -> None:
        """Begin a function that is given what a step is given."""
        self._given = dict(zip([n for n, _ in STEP_PARAMETERS], code.parameters, strict=True))
        super().__init__(code, {}, self._given["status"])
        self.team = Team(code, self._given["team"])
        self.scalars: dict[Node, Value] = {}
        self._bases: dict[object, Value] = {}
        self._scratch: dict[Node, Value] = {}
        self._regions: list[Value] = []
        for i, name in enumerate(self.layout.extents):
            self.lengths[name] = code.load(code.at(self._given["lengths"], code.index(i), I64), I64)

    def write(self) -> None:
        """Write the whole step."""
        plan = self.plan
        if plan.long:
            self._find_regions(known=True)
            checks.begin(self)
        else:
            self._prepare()
        for number, item in enumerate(plan.items, start=1):
            with checks.watched(self, number, item):
                self.pause()
                if isinstance(item, Nest):
                    write_nest(self, item)
                elif item.node.primitive.name == "concatenate":
                    write_joined(self, item.node)
                else:
                    self.apart(TASKS[item.node.primitive.name], item.node)
        for number, (state, new) in enumerate(plan.commits, start=len(plan.items) + 1):
            self.pause()
            checks.enter(self, number)
            self.copy(self.base(leaf_key(state)), self.base(new), product(new.shape), new.dtype.itemsize)
        checks.enter(self, 0)

    def _prepare(self) -> None:
        """Have all addresses at hand, and scalars in registers: they are read before anything overwrites them."""
        layout, needed = self.layout, set(self.layout.needed)
        for key in layout.needed:
            self.base(key)
        self._find_regions(known=True)
        for node in layout.memory.place:
            self.base(node)
        for node in layout.memory.scratch:
            self.scratch(node)
        checks.begin(self)
        for node in layout.home:
            self.base(node)
        for node in layout.nodes:
            is_scalar = node.primitive.name in ("variable", "input", "constant") and not squeezed(node.shape)
            if is_scalar and leaf_key(node) in needed:
                self.scalars[node] = self._leaf_scalar(node)

    # --- where things lie ---

    def base(self, key: Any) -> Value:
        """Return where a leaf (by its key), an output, a state variable's new value or a stored node lies."""
        layout = self.layout
        if key not in self._bases:
            if key in layout.home:
                self._bases[key] = self.base(layout.home[key])
            elif key in layout.pointers:
                self._bases[key] = self.pointer(*layout.pointers[key])
            else:
                self._bases[key] = self._place(layout.memory.place[key])
        return self._bases[key]

    def pointer(self, table: str, position: int) -> Value:
        """Return an address that the step is given."""
        return self.code.load(self.code.at(self._given[table], self.code.index(position), PTR), PTR)

    def _find_regions(self, known: bool) -> None:
        """Find where the regions of the arena begin, and make known that they are the step's own."""
        here = self.code.index(0)
        for region in self.layout.memory.regions:
            self._regions.append(here)
            size = self.size(Size(region.bytes, region.extents))
            if known:
                reach = size if region.count == 1 else size + (region.gaps - 1)
                checks.known(self.code, self._given["arena"], here, reach)
            here = here + (self._rounded(region.bytes, region.extents, size) + region.gaps)

    def _rounded(self, bytes: int, extents: tuple[str, ...], size: Value) -> Value:
        if not extents:
            return self.code.index(-(-bytes // ALIGN) * ALIGN)
        return (size + (ALIGN - 1)) & -ALIGN

    def _place(self, number: int) -> Value:
        """Return where a place of the arena is."""
        code, memory = self.code, self.layout.memory
        region, bytes, count = memory.starts[number]
        start = self._regions[region]
        if count:
            extents = memory.regions[region].extents
            before = self._rounded(bytes, extents, self.size(Size(bytes, extents)))
            start = start + (before + count * 2 * ALIGN)
        return code.at(self._given["arena"], start, Type("i8"))

    def _leaf_scalar(self, node: Node) -> Value:
        if node.primitive.name == "constant":
            value = node.attributes["value"].item()
            if value in (0, 1, -1, 2, 0.5):  # part of the formula; all others are data
                return self.code.constant(value, type_of(node.dtype))
        return self.code.load(self.base(leaf_key(node)), type_of(node.dtype))

    # --- what nests and tasks ask ---

    def pause(self) -> None:
        """Say that nothing written so far is needed in registers: a long step may go on in another function."""

    def apart(self, write: Callable[..., None], *what: Any) -> None:
        """Write something as ``write(low, *what)`` does; in a long step as a function of its own."""
        write(self, *what)

    def has_memory(self, node: Node) -> bool:
        """Say whether a node lies in memory, and not in a register alone."""
        return leaf_key(node) in self.layout.in_memory

    def share(
        self, function: str, values: Sequence[Value], extent: Size, grain: int, work: Size, least: int
    ) -> None:
        """Call a function for all of an extent, by several threads if there is more work than ``least``."""
        if self.module.parts:
            grain, least = 1, 0
        self.layout.shared.append((work, least))
        self.team.share(function, values, self.size(extent), grain, self.size(work) > least)

    def clear(self, node: Node) -> None:
        """Set all elements of a node's memory to 0."""
        self.fill(self.address(whole(node)), type_of(node.dtype), self.size(product(node.shape)), 0)

    def address(self, view: View) -> Value:
        """Return where the first element of a view lies."""
        base = self.base(leaf_key(view.base))
        for part in view.offset:
            base = self.code.at(base, self.size(part), type_of(view.base.dtype))
        return base

    def scratch(self, node: Node) -> Value:
        """Return the room of a product's own."""
        if node not in self._scratch:
            self._scratch[node] = self._place(self.layout.memory.scratch[node])
        return self._scratch[node]

    def scalar(self, node: Node) -> Value:
        """Return the value of a node of one element."""
        if node.primitive.name == "length":
            length = self.lengths[node.attributes["extent"].name]
            return self.code.convert(length, type_of(node.dtype).kind)
        for found in (node, register_source(node), memory_source(node)):
            if found in self.scalars:
                return self.scalars[found]
        source = memory_source(node)
        if source.primitive.name == "length":
            return self.scalar(source)
        if source.primitive.name == "constant":
            return self._leaf_scalar(source)
        return self.code.load(self.address(self.plan.view(node)), type_of(node.dtype))


class Sections(Lowering):
    """The functions of a long step, one after the other."""

    def __init__(self, layout: Layout, name: str) -> None:
        self._name, self.names = name, list[str]()
        super().__init__(self._next(layout.module), layout)

    def _next(self, module: Module) -> Code:
        return Code(module, f"{self._name}_section{len(self.names)}", STEP_PARAMETERS)

    def end(self) -> None:
        """End the function that is being written."""
        self.code.give()
        self.module.define(self.code, VOID, "internal")
        self.names.append(self.code.name)

    def pause(self) -> None:
        """Go on in another function if this one is long enough."""
        if len(self.code.lines) > SECTION_LINES:
            self.end()
            self.begin(self._next(self.module))
            self._find_regions(known=False)

    def apart(self, write: Callable[..., None], *what: Any) -> None:
        """Call what is written as a function of its own."""
        self.pause()
        task = Apart(self)
        write(task, *what)
        task.code.give()
        self.code.call(self.layout.task(task.code), VOID, *task.values)


class Apart(Lowering):
    """A task of a long step as a function of its own: where things lie, and single numbers, are parameters."""

    def __init__(self, outer: Lowering) -> None:
        self.layout, self.plan, self.nests = outer.layout, outer.plan, outer.nests
        self.outer = outer
        self.values: list[Value] = []  # what the function is called with
        self._known: dict[Hashable, Value] = {}
        code = Code(outer.module, "", [("status", PTR), ("team", PTR)])
        self.values += [outer.status, outer.team.block]
        Frame.__init__(self, code, {}, code.parameters[0])
        self.team = Team(code, code.parameters[1])
        self.lengths = {n: self._parameter(n, length) for n, length in outer.lengths.items()}

    def _parameter(self, what: Hashable, value: Value) -> Value:
        """Return a parameter for a value of the function that calls this one."""
        if what not in self._known:
            self._known[what] = self.code.parameter(f"a{len(self.values)}", value.type)
            self.values.append(value)
        return self._known[what]

    def address(self, view: View) -> Value:
        """Return where the first element of a view lies."""
        return self._parameter((leaf_key(view.base), view.offset), self.outer.address(view))

    def scratch(self, node: Node) -> Value:
        """Return the room of a product's own."""
        return self._parameter(("room", node), self.outer.scratch(node))

    def scalar(self, node: Node) -> Value:
        """Return the value of a node of one element."""
        return self._parameter(("number", node), self.outer.scalar(node))


def _named_extents(nodes: list[Node]) -> set[str]:
    return {n.attributes["extent"].name for n in nodes if n.primitive.name == "length"}


def extent_names(plan: Schedule) -> list[str]:
    """Return the open axes of a program, in the order in which a step is given their lengths."""
    program = plan.program
    nodes = order([*program.ends, *program.inputs, *program.state])
    return sorted({e for n in nodes for e in product(n.shape).extents} | _named_extents(nodes))


def write_step(module: Module, plan: Schedule, memory: Memory, name: str, words: str = "") -> Layout:
    """Write the function of one step; its layout knows the constants it is to be given."""
    layout = Layout(module, plan, memory)
    if plan.long:
        sections = Sections(layout, name)
        sections.write()
        sections.end()
    with module.function(name, STEP_PARAMETERS, VOID, words) as code:
        if plan.long:
            for section in sections.names:
                code.call(section, VOID, *code.parameters)
        else:
            Lowering(code, layout).write()
        code.give()
    return layout
