"""Code for a loop over time: a step is a function, called for one step after the other with where things lie then.

A part of the batch goes through all steps before the next does, so nobody waits for anybody between two steps: for the
function of a step these rows are the batch. What is carried lies by turns in two places, and at last where it is read.
What is handed on is stored where its slice of all steps lies.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import Part, copy_bytes
from chainrule.engines.native.code.inspection import watched
from chainrule.engines.native.code.ir import Value
from chainrule.engines.native.code.nests import write_nest
from chainrule.engines.native.code.operations import TASKS
from chainrule.engines.native.code.step import STEP_PARAMETERS, Context, Step, in_functions
from chainrule.engines.native.code.types import I64, PTR, VOID, type_of
from chainrule.engines.native.plan.cuts import Work
from chainrule.engines.native.plan.items import Loop, Task
from chainrule.engines.native.plan.views import Size, product, size, whole
from chainrule.graph.node import Node


def write_work(step: Step, work: Work, *part: tuple[Any, Value, Value]) -> None:
    """Write an item, or a part of it."""
    if isinstance(work.item, Task):
        TASKS[work.item.node.primitive.name](step, work.item.node, *part)
    elif isinstance(work.item, Loop):
        step.apart(_write_loop, work.item, work.inner, *part)
    elif work.plan is not None:
        write_nest(step, work.plan, *part)


def _write_loop(step: Step, loop: Loop, inner: Sequence[Work], part: Part | None = None) -> None:
    """Do all steps of a loop, for all rows of the batch or a part of them."""
    function = _function(step.context, loop, inner)
    # Of a small batch there are parts without rows.
    with step.code.when(part[2] > part[1]) if part is not None else nullcontext():
        _Turns(step, loop, part).write(function)


def _function(context: Context, loop: Loop, works: Sequence[Work]) -> str:
    """Return the function of a step."""
    known = context.common.bodies
    if loop not in known:
        known[loop] = name = f"turn{len(known)}"

        def write(step: Step) -> None:
            step.read_numbers()
            for work in works:
                with watched(step, [(context.common.numbers[work.item], work.item)]):
                    step.pause()
                    write_work(step, work)

        inner = Context(context.module, loop.plan, context.memory.rooms[loop].inner, context)
        in_functions(inner, name, write, words="internal")
    return known[loop]


class _Turns:
    """The steps of a loop, as they are written: where each thing lies at each of them."""

    def __init__(self, step: Step, loop: Loop, part: Part | None) -> None:
        self.step, self.loop, self.code = step, loop, step.code
        self.rooms = step.context.memory.rooms[loop]
        self.first: Value | None = None
        self.lengths: dict[str, Value] = dict(step.lengths)
        if part is not None and loop.rows is not None:
            _, self.first, last = part
            self.lengths[loop.rows.name] = last - self.first
        self.length = step.size(size(loop.length))
        self.begin = [self._here(x) for x in loop.inputs]
        self.results = [self._here(n) if n is not None else None for n in map(loop.last, range(loop.carried))]
        self.emitted = [self._here(n) for n in loop.emitted]
        self.homes = {number: self._here(node) for number, (node, _) in loop.homes.items()}

    def write(self, function: str) -> None:
        """Call a function for each step."""
        step, loop, code = self.step, self.loop, self.code
        program, count, scanned = loop.plan.program, loop.carried, len(loop.body.inputs)
        places, extents = self.rooms.places, step.context.common.extents
        tables = {"inputs": program.inputs, "outputs": program.outputs, "arena": places, "lengths": extents}
        room = {name: code.room(8 * len(what)) for name, what in tables.items()}
        for i, name in enumerate(extents):
            code.store(self.lengths[name], code.at(room["lengths"], i, I64))
        for i, place in enumerate(places):
            self._put(room["arena"], i, self._room(place))
        for i, x in enumerate(self.begin[scanned:], start=scanned):
            self._put(room["inputs"], i, x)
        nothing = code.constant(None, PTR)
        given = {**room, "state": nothing, "team": nothing, "status": step.status}
        given["constants"] = step.given("constants")
        turns = [[*map(self._room, some)] for some in self.rooms.carried]
        by_turns = [i for i, some in enumerate(turns) if len(some) == 2]
        carry = [x for i in by_turns for x in (self.begin[i], *turns[i])]
        self._lay_first()
        with checks.steps(code), code.loop(self.length, carry) as around:
            turn, following = around.index, list[Value]()
            last, at = (turn + 1).equals(self.length), self._place(turn)
            checks.step(code, at + 1)
            for i in range(count):
                if i in self.homes:
                    now, new = self._in_home(i, turn, last, turns[i])
                else:
                    now, into, other = around.carried[3 * by_turns.index(i) :][:3]
                    new = self._or_result(i, last, into)
                    following += [new, other, into]
                self._put(room["inputs"], i, now)
                self._put(room["outputs"], i, new)
            for i, node in enumerate(loop.inputs[count:scanned], start=count):
                self._put(room["inputs"], i, self._slice(node, self.begin[i], at))
            for i, (node, x) in enumerate(zip(loop.emitted, self.emitted, strict=True), start=count):
                self._put(room["outputs"], i, self._slice(node, x, at))
            code.call(function, VOID, *[given[n] for n, _ in STEP_PARAMETERS])
            around.next = following
        self._take_last()

    # --- what is carried ---

    def _in_home(self, number: int, turn: Value, last: Value, spare: Sequence[Value]) -> tuple[Value, Value]:
        """Return where what is carried is found, and where it is left, that is kept for all steps."""
        node, finds = self.loop.homes[number]
        here = self._slice(node, self.homes[number], self._place(turn))
        if finds:
            following = self._slice(node, self.homes[number], self._place(turn + 1))
            at_last = self.results[number] or spare[0]
            return here, self.code.select(last, at_last, following)
        before = self._slice(node, self.homes[number], self._place(turn - 1))
        return self.code.select(turn.equals(0), self.begin[number], before), here

    def _or_result(self, number: int, last: Value, into: Value) -> Value:
        """Return where what is carried is left: at last where it is read."""
        result = self.results[number]
        return into if result is None else self.code.select(last, result, into)

    def _lay_first(self) -> None:
        """Let what is carried at first lie where the first step finds it."""
        found = [number for number, (_, finds) in self.loop.homes.items() if finds]
        for number in found if self._has_steps() is not False else ():
            with self._where(self.length.differs(0)):
                node, _ = self.loop.homes[number]
                first = self._slice(node, self.homes[number], self._place(self.code.index(0)))
                self._copy(number, first, self.begin[number])

    def _take_last(self) -> None:
        """Let what is carried at last lie where it is read: if no step left it there, or one left it elsewhere."""
        for number, result in enumerate(self.results):
            home = self.loop.homes.get(number)
            if result is None:
                continue
            if home is not None and not home[1] and self._has_steps() is not False:
                with self._where(self.length.differs(0)):
                    last = self._place(self.length - 1)
                    self._copy(number, result, self._slice(home[0], self.homes[number], last))
            if not self._has_steps():
                with self._where(self.length.equals(0)):
                    self._copy(number, result, self.begin[number])

    def _has_steps(self) -> bool | None:
        """Say whether there is a step; None if it depends on a length that is open."""
        return self.loop.length > 0 if isinstance(self.loop.length, int) else None

    def _where(self, condition: Value) -> AbstractContextManager[None]:
        return nullcontext() if self._has_steps() is not None else self.code.when(condition)

    def _copy(self, number: int, target: Value, source: Value) -> None:
        leaf = self.loop.body.inputs[number]
        bytes = product(leaf.shape) * Size(leaf.dtype.itemsize)
        copy_bytes(self.code, target, source, self._size(bytes))

    # --- where things lie ---

    def _place(self, turn: Value) -> Value:
        """Return which slice belongs to a turn."""
        return (self.length - 1) - turn if self.loop.is_reversed else turn

    def _put(self, table: Value, number: int, address: Value) -> None:
        self.code.store(address, self.code.at(table, number, PTR))

    def _size(self, size: Size) -> Value:
        """Return a size for the rows of this part."""
        total = self.code.index(size.count)
        for name in size.extents:
            total = self.lengths[name] * total
        return total

    def _here(self, node: Node) -> Value:
        """Return where the rows of this part begin in what the loop reads or makes."""
        view, rows = self.step.plan.view(node), self.loop.rows
        base = self.step.address(view)
        if self.first is None or rows is None or rows not in node.shape:
            return base
        along = self.step.size(view.strides[node.shape.index(rows)])
        return self.code.at(base, self.first * along, type_of(view.base.dtype))

    def _room(self, node: Node) -> Value:
        """Return where the rows of this part begin in a room."""
        base = self.step.address(whole(node))
        if self.first is None:
            return base
        return self.code.at(base, self.first * self.step.size(whole(node).strides[0]), type_of(node.dtype))

    def _slice(self, node: Node, base: Value, at: Value) -> Value:
        """Return where a step's slice begins."""
        view = self.step.plan.view(node)
        return self.code.at(base, at * self.step.size(view.strides[0]), type_of(view.base.dtype))
