"""A function of a step while it is written: where everything lies, and which numbers are in registers.

A short program's step is one function. A long program's is many, called one after the other. Each is given what the
step is given, and finds for itself where things lie. A task in it is a function too, which is told where things lie:
tasks that are written alike, as those of equal layers and of the steps of a recurrent network are, share one.
"""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import Frame
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.types import I64, PTR, VOID, Type, type_of
from chainrule.engines.native.plan.cuts import Amount
from chainrule.engines.native.plan.gathered import Offsets
from chainrule.engines.native.plan.items import (
    Fusion,
    Item,
    Loop,
    Task,
    memory_source,
    register_source,
    with_inner,
)
from chainrule.engines.native.plan.memory import ALIGN, Memory
from chainrule.engines.native.plan.views import Size, View, product, squeezed, whole
from chainrule.graph.closed import extents_of
from chainrule.graph.node import Node, leaf_key, of_array

# What a step is given: arrays of pointers, the lengths of the open axes, and where it reports what is wrong.
STEP_PARAMETERS = tuple(
    (name, PTR) for name in ("inputs", "state", "outputs", "constants", "arena", "lengths", "status", "team")
)
# What a step of a loop is given likewise, in tables that its caller has at hand: nobody asks whether they are its own.
BODY_PARAMETERS = tuple((f"arguments_{name}", kind) for name, kind in STEP_PARAMETERS)
SECTION_LINES = 1500  # of code, after which a long step goes on in another function


class Common:
    """What a step and the steps of the loops in it have in common."""

    def __init__(self, module: Module, plan: Fusion) -> None:
        self.module: Module = module
        # How much work regions are, and from where on sharing pays.
        self.shared: list[tuple[Amount, int]] = []
        self.nests: dict[Hashable, str] = {}  # functions by what they do
        self.tasks: dict[Hashable, str] = {}  # functions by their code
        self.bodies: dict[Loop, str] = {}
        items = list(with_inner(plan.items))
        self.numbers: dict[Item, int] = {item: number for number, item in enumerate(items, start=1)}
        self.extents: list[str] = extent_names(plan)
        self.tables: dict[Offsets, Node] = _tables(plan)
        nodes = dict.fromkeys(n for p in _plans(plan) for n in (*p.program.nodes, *p.program.given))
        self.constants: list[Node] = [n for n in nodes if n.primitive.name == "constant"]
        self.constants += self.tables.values()


class Context:
    """What all functions of a step, or of a step of a loop, have in common: what is done, and where things lie."""

    def __init__(self, module: Module, plan: Fusion, memory: Memory, outer: "Context | None" = None) -> None:
        self.module: Module = module
        self.plan: Fusion = plan
        self.memory: Memory = memory
        self.common: Common = outer.common if outer is not None else Common(module, plan)
        self.parameters: tuple[tuple[str, Type], ...] = STEP_PARAMETERS if outer is None else BODY_PARAMETERS
        self.is_body: bool = outer is not None  # it is told where each place is
        program = plan.program
        self.nodes: list[Node] = list(dict.fromkeys((*program.nodes, *program.given)))
        self.constants: list[Node] = self.common.constants
        leaves = {"inputs": program.inputs, "state": program.state, "constants": self.constants}
        used = {leaf_key(n) for n in [*program.nodes, *self.common.tables.values()]}
        # The address of each leaf and output: in which table it stands, and where in it.
        self.pointers: dict[Any, tuple[str, int]] = {
            leaf_key(leaf): (table, i) for table, of in leaves.items() for i, leaf in enumerate(of)
        }
        self.needed: list[Any] = [*(key for key in self.pointers if key in used), *program.outputs]
        self.pointers |= {node: ("outputs", i) for i, node in enumerate(program.outputs)}
        self.home: dict[Node, Any] = {new: leaf_key(state) for new, state in plan.home.items()}
        self.in_memory: set[Any] = {*self.needed, *memory.place, *self.home, *plan.inside}

    def where(self, key: Any) -> tuple[str, int]:
        """Return in which table the address of what lies in memory stands, and where; or "arena" and its place."""
        key = self.home.get(key, key)
        return self.pointers.get(key) or ("arena", self.memory.place[key])

    def task(self, code: Code) -> str:
        """Return the name of a function of this code."""
        key = tuple(x.type for x in code.parameters), tuple(code.slots), tuple(code.lines)
        tasks = self.common.tasks
        if key not in tasks:
            tasks[key] = code.name = f"task{len(tasks)}"
            self.module.define(code, words="internal", kept=True)
        return tasks[key]


def _plans(plan: Fusion) -> list[Fusion]:
    """Return a plan and those of the loops in it."""
    return [plan, *(x.plan for x in with_inner(plan.items) if isinstance(x, Loop))]


def _tables(plan: Fusion) -> dict[Offsets, Node]:
    """Return the tables that products need, as constants: the code is told where they lie, not what they hold."""
    tasks = ((p, x.node) for p in _plans(plan) for x in p.items if isinstance(x, Task))
    found = (f for f in (p.gathered(n) for p, n in tasks) if f is not None)
    return {t: of_array(t.table) for f in found for t in (f.rows, f.terms)}


def extent_names(plan: Fusion) -> list[str]:
    """Return the open axes of a program, in the order in which a step is given their lengths."""
    programs = [p.program for p in _plans(plan)]
    return sorted({e.name for p in programs for n in (*p.nodes, *p.given) for e in extents_of(n)})


class Step(Frame):
    """A function of a step while it is written: where everything lies, and which scalars are in registers."""

    context: Context
    plan: Fusion
    team: Value

    def __init__(self, code: Code, context: Context) -> None:
        self.context, self.plan = context, context.plan
        self.begin(code)

    def begin(self, code: Code) -> None:
        """Begin a function that is given what a step is given."""
        self._given = dict(zip([n for n, _ in STEP_PARAMETERS], code.parameters, strict=True))
        super().__init__(code, {}, self._given["status"])
        self.team = self._given["team"]
        self.scalars: dict[Node, Value] = {}
        self._places: dict[Node, Value] = {}
        self._bases: dict[tuple[str, int], Value] = {}
        self._stretches: list[Value] = []
        with code.beginning():
            for i, name in enumerate(self.context.common.extents):
                self.lengths[name] = code.load(code.at(self._given["lengths"], i, I64), I64)

    def find(self, known: bool = True) -> None:
        """Find where the stretches of the arena begin, and make known that they are the step's own."""
        if self.context.is_body:
            return
        with self.code.beginning():
            here = self.code.index(0)
            for stretch in self.context.memory.stretches:
                self._stretches.append(here)
                size = self.size(Size(stretch.bytes, stretch.extents))
                if known:
                    reach = size if stretch.count == 1 else size + (stretch.gaps - 1)
                    checks.known(self.code, self._given["arena"], here, reach)
                here = here + (self._rounded(stretch.bytes, stretch.extents, size) + stretch.gaps)

    def _at_hand(self) -> AbstractContextManager[None]:
        """Say where an address is found: in a short step at its beginning, so that it is at hand from then on."""
        return nullcontext() if self.plan.long else self.code.beginning()

    def read_numbers(self) -> None:
        """Read single numbers into registers, before anything overwrites them; a long step reads them when needed."""
        needed = set(self.context.needed)
        for node in self.context.nodes if not self.plan.long else ():
            if leaf_key(node) in needed and node.primitive.leaf and not squeezed(node.shape):
                self.scalars[node] = self._leaf_scalar(node)

    # --- where things lie ---

    def base(self, key: Any) -> Value:
        """Return where a leaf (by its key), an output, a state variable's new value or a stored node lies."""
        table, position = where = self.context.where(key)
        if where not in self._bases:
            with self._at_hand():
                self._bases[where] = (
                    self._place(position) if table == "arena" else self.pointer(table, position)
                )
        return self._bases[where]

    def given(self, table: str) -> Value:
        """Return a table of addresses that the step is given."""
        return self._given[table]

    def pointer(self, table: str, position: int) -> Value:
        """Return an address that the step is given."""
        return self.code.load(self.code.at(self._given[table], position, PTR), PTR)

    def _rounded(self, bytes: int, extents: tuple[str, ...], size: Value) -> Value:
        if not extents:
            return self.code.index(-(-bytes // ALIGN) * ALIGN)
        if bytes % ALIGN == 0:
            return size
        return (size + (ALIGN - 1)) & -ALIGN

    def _place(self, number: int) -> Value:
        """Return where a place of the arena is."""
        if self.context.is_body:
            return self.pointer("arena", number)
        code, memory = self.code, self.context.memory
        stretch, bytes, count = memory.starts[number]
        start = self._stretches[stretch]
        if count:
            extents = memory.stretches[stretch].extents
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
        """Write something as ``write(step, *what)`` does; in a long step as a function of its own."""
        write(self, *what)

    def has_memory(self, node: Node) -> bool:
        """Say whether a node lies in memory, and not in a register alone."""
        return leaf_key(node) in self.context.in_memory

    def place(self, node: Node) -> Value:
        """Return where a function that is called puts a node of one element."""
        if node not in self._places:
            self._places[node] = self.code.slot(type_of(node.dtype))
        return self._places[node]

    def take(self, node: Node) -> None:
        """Read a node of one element from where it was put."""
        self.scalars[node] = self.code.load(self.place(node), type_of(node.dtype))

    def clear(self, node: Node) -> None:
        """Set all elements of a node's memory to 0."""
        self.fill(self.address(whole(node)), type_of(node.dtype), self.size(product(node.shape)), 0)

    def address(self, view: View) -> Value:
        """Return where the first element of a view lies."""
        return self.displaced(self.base(leaf_key(view.base)), view)

    def displaced(self, base: Value, view: View) -> Value:
        """Return where the first element of a view lies in memory that begins at ``base``."""
        for part in view.offset:
            base = self.code.at(base, self.size(part), type_of(view.base.dtype))
        return base

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


def apart(write: Callable[..., None]) -> Callable[..., None]:
    """Let a task, or a part of it, be a function of its own in a long step."""
    return lambda step, node, *part: step.apart(write, node, *part)


class Sections(Step):
    """The functions of a long step, one after the other."""

    def __init__(self, context: Context, name: str) -> None:
        self._name, self._parameters = name, context.parameters
        self.names: list[str] = []
        super().__init__(self._next(context.module), context)

    def _next(self, module: Module) -> Code:
        return Code(module, f"{self._name}_section{len(self.names)}", self._parameters)

    def end(self) -> None:
        """End the function that is being written."""
        self.module.define(self.code, words="internal")
        self.names.append(self.code.name)

    def pause(self) -> None:
        """Go on in another function if this one is long enough."""
        if len(self.code.lines) > SECTION_LINES:
            self.end()
            self.begin(self._next(self.module))
            self.find(known=False)

    def apart(self, write: Callable[..., None], *what: Any) -> None:
        """Call what is written as a function of its own."""
        self.pause()
        task = Apart(self)
        write(task, *what)
        self.code.call(self.context.task(task.code), VOID, *task.values)


def in_functions(context: Context, name: str, write: Callable[[Step], None], words: str = "") -> None:
    """Write a function, a long one as several, of which ``write(step)`` says what it does."""
    sections = Sections(context, name) if context.plan.long else None
    if sections is not None:
        write(sections)
        sections.end()
    with context.module.function(name, context.parameters, words=words) as code:
        if sections is None:
            write(Step(code, context))
        for section in sections.names if sections is not None else ():
            code.call(section, VOID, *code.parameters)


class Apart(Step):
    """A task of a step as a function of its own: where things lie, and single numbers, are parameters."""

    def __init__(self, outer: Step) -> None:
        self.context: Context = outer.context
        self.plan: Fusion = outer.plan
        self.outer = outer
        self.values: list[Value] = []  # what the function is called with
        self._known: dict[Hashable, Value] = {}
        self.taken: list[Node] = []  # single numbers that it makes
        self.code: Code = self._begin()
        Frame.__init__(self, self.code, {}, self._parameter("status", outer.status))
        self.lengths: dict[str, Value] = {
            n: self._parameter(n, length) for n, length in outer.lengths.items()
        }

    def _begin(self) -> Code:
        return Code(self.outer.module, "", [])

    def _parameter(self, what: Hashable, value: Value) -> Value:
        """Return a parameter for a value of the function that calls this one."""
        if what not in self._known:
            name = "result" if isinstance(what, tuple) and what[0] == "place" else "a"
            self._known[what] = self.code.parameter(f"{name}{len(self.values)}", value.type)
            self.values.append(value)
        return self._known[what]

    def address(self, view: View) -> Value:
        """Return where the first element of a view lies."""
        base, dtype = view.base, view.base.dtype if view.offset else None  # in elements of which an offset is
        return self._parameter(
            (self.context.where(leaf_key(base)), view.offset, dtype), self.outer.address(view)
        )

    def given(self, table: str) -> Value:
        """Return a table of addresses that the step is given."""
        return self._parameter(table, self.outer.given(table))

    def place(self, node: Node) -> Value:
        """Return where the one that calls this function wants a node of one element."""
        return self._parameter(("place", node), self.outer.place(node))

    def take(self, node: Node) -> None:
        """Leave a node of one element to the one that calls this function."""
        self.taken.append(node)

    def scalar(self, node: Node) -> Value:
        """Return the value of a node of one element."""
        return self._parameter(("number", node), self.outer.scalar(node))


class Part(Apart):
    """One part of a region as a function of its own, which finds in memory what it needs: there may be much of it.

    Of a long step's it is told where each thing lies, as tasks are that are to be one where they do the same.
    """

    def _begin(self) -> Code:
        code = Code(self.outer.module, "", [("arguments", PTR), ("part", I64)])
        self.part: Value
        self._arguments, self.part = code.parameters
        self._tables: dict[str, Value] = {}
        self.parts: Value = code.load(self._arguments, I64)
        return code

    def address(self, view: View) -> Value:
        """Return where the first element of a view lies."""
        table, position = self.context.where(leaf_key(view.base))
        if self.plan.long or table == "arena":
            return super().address(view)
        base = self.code.load(self.code.at(self.given(table), position, PTR), PTR)
        return self.displaced(base, view)

    def given(self, table: str) -> Value:
        """Return a table of addresses that the step is given."""
        if table not in self._tables:
            with self.code.beginning():
                self._tables[table] = super().given(table)
        return self._tables[table]

    def _parameter(self, what: Hashable, value: Value) -> Value:
        """Return a value of the function that calls this one, read anew where it is wanted."""
        if what not in self._known:
            self._known[what] = self.code.index(len(self.values) + 1)
            self.values.append(value)
        found = self.code.load(self.code.at(self._arguments, self._known[what], I64), value.type)
        if isinstance(what, tuple) and what[0] == "place":
            self.code.own.add(found.text)
        return found
