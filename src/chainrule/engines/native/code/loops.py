"""Code for a loop over time: a step is a function, called for one step after the other with where things lie then.

A part of the batch goes through all steps before the next does, so nobody waits for anybody between two steps: for the
function of a step these rows are the batch. What is carried lies by turns in two places, and at last where it is read.
What is handed on is stored where its slice of all steps lies.
"""

from collections.abc import Sequence
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
    _Turns(step, loop, part).write(_function(step.context, loop, inner))


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

    def write(self, function: str) -> None:
        """Call a function for each step."""
        step, loop, code = self.step, self.loop, self.code
        program = loop.plan.program
        places, extents = self.rooms.places, step.context.common.extents
        tables = {"inputs": program.inputs, "outputs": program.outputs, "arena": places, "lengths": extents}
        room = {name: code.room(8 * len(what)) for name, what in tables.items()}
        for i, name in enumerate(extents):
            code.store(self.lengths[name], code.at(room["lengths"], i, I64))
        for i, place in enumerate(places):
            self._put(room["arena"], i, self._room(place))
        count, scanned = loop.carried, len(loop.body.inputs)
        begin = [self._here(x) for x in loop.inputs]
        for i, x in enumerate(begin[scanned:], start=scanned):
            self._put(room["inputs"], i, x)
        emitted = [self._here(n) for n in loop.emitted]
        turns = [self._room(x) for both in self.rooms.carried for x in both]
        nothing = code.constant(None, PTR)
        given = {**room, "state": nothing, "team": nothing, "status": step.status}
        given["constants"] = step.given("constants")
        length = step.size(size(loop.length))
        with checks.steps(code), code.loop(length, [*begin[:count], *turns]) as loop_of_turns:
            carried, turns = loop_of_turns.carried[:count], loop_of_turns.carried[count:]
            turn = loop_of_turns.index
            last = (turn + 1).equals(length)
            at = length - 1 - turn if loop.is_reversed else turn
            checks.step(code, at + 1)
            for i, x in enumerate(carried):
                self._put(room["inputs"], i, x)
            for i, node in enumerate(loop.inputs[count:scanned], start=count):
                self._put(room["inputs"], i, self._slice(node, begin[i], at))
            following = []
            for i in range(count):
                result, new = loop.last(i), turns[2 * i]
                if result is not None:
                    new = code.select(last, self._here(result), new)
                self._put(room["outputs"], i, new)
                following.append(new)
            for i, (node, x) in enumerate(zip(loop.emitted, emitted, strict=True), start=count):
                self._put(room["outputs"], i, self._slice(node, x, at))
            code.call(function, VOID, *[given[n] for n, _ in STEP_PARAMETERS])
            swapped = [turns[i ^ 1] for i in range(len(turns))]
            loop_of_turns.next = [*following, *swapped]
        self._without_steps(length, begin)

    def _without_steps(self, length: Value, begin: Sequence[Value]) -> None:
        """Where there is no step, what is carried at last is what is carried at first."""
        if isinstance(self.loop.length, int) and self.loop.length:
            return
        code = self.code
        with code.when(length.equals(0)):
            for i, x in enumerate(begin[: self.loop.carried]):
                result = self.loop.last(i)
                if result is not None:
                    bytes = product(result.shape) * Size(result.dtype.itemsize)
                    copy_bytes(code, self._here(result), x, self._size(bytes))

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
