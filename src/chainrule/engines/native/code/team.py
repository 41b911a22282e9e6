"""Two or more cores on one loop: the work is cut into parts that depend on its size alone.

Whoever comes first takes the next part: the caller from the lower end, those who help from the upper, so that in loop
after loop a thread finds the same elements in its own cache. A part is computed by one thread from its first element
to its last. So the same seed gives the same bits for any number of threads, and nobody waits for a thread that the
operating system has not woken. The threads stay awake between the loops of a step, for a microsecond is all
there is between them; between calls into machine code they sleep.

What a team shares is one block of memory: who may take which part (the number of the loop and the parts that
are left, in one word), how many parts are done, the loop as a function, its arguments, and whether to stop.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.types import I64, PTR, VOID, Type

# Where each lies, in bytes: what is written often has a line of its own.
TICKET, DONE, FUNCTION, ARGUMENTS, STOP = 0, 128, 256, 264, 384
BLOCK_BYTES = 512
PARTS = 8
PATIENCE = 1 << 16  # turns of a waiting loop before the core is offered to others: some milliseconds
PART = (
    1 << 16
) - 1  # a ticket: the number of the loop, the first part that is left, and the end of those left
WORKER = "chainrule_worker"


class Team:
    """How a step's code hands a loop to the threads that help it."""

    def __init__(self, code: Code, block: Value) -> None:
        self.code, self.block = code, block
        self.module = code.module

    def share(self, function: str, values: Sequence[Value], extent: Value, grain: int, enough: Value) -> None:
        """Call ``function(*values, first, last)`` for parts of ``extent``, by threads if there is enough to do.

        Args:
            function: What to call.
            values: What it takes before the first and the last element of a part.
            extent: How many elements there are.
            grain: A part begins at a multiple of this.
            enough: Whether sharing pays.
        """
        code = self.code
        name = _write_shared(self.module, function, [v.type for v in values], grain)
        code.call(name, VOID, self.block, *values, extent, enough)


def _write_shared(module: Module, function: str, types: Sequence[Type], grain: int) -> str:
    """Write the function that does all of an extent: alone, or by packing its arguments and offering the parts."""
    name = f"{function}_shared"
    if name in module.functions:
        return name
    parameters = [
        ("team", PTR),
        *((f"a{i}", t) for i, t in enumerate(types)),
        ("extent", I64),
        ("enough", Type("b1")),
    ]
    with module.function(name, parameters, VOID, "internal") as code:
        team, *values, extent, enough = code.parameters
        one, many = code.fresh("alone"), code.fresh("shared")
        part = Value(code, f"@{_write_part(module, function, types, grain)}", PTR)
        code.fork(code.emit(Type("b1"), f"icmp eq ptr {team.text}, null") | ~enough, one, many)
        code.block(one)
        if module.parts or module.guard is not None:
            code.call(_write_alone(module), VOID, part, _packed(code, [*values, extent]))
        else:
            code.call(function, VOID, *values, code.index(0), extent)
        code.give()
        code.block(many)
        code.call(_write_share(module), VOID, team, part, _packed(code, [*values, extent]))
        code.give()
    return name


def _packed(code: Code, values: Sequence[Value]) -> Value:
    packed = code.room(8 * len(values))
    for i, value in enumerate(values):
        code.store(value, code.at(packed, code.index(i), I64))
    return packed


def _count(module: Module) -> int:
    return module.parts or PARTS


def _write_part(module: Module, function: str, types: Sequence[Type], grain: int) -> str:
    """Write the function that unpacks the arguments and does one part."""
    name = f"{function}_part"
    if name in module.functions:
        return name
    with module.function(name, [("arguments", PTR), ("part", I64)], VOID, "internal") as code:
        packed, part = code.parameters
        values = [code.load(code.at(packed, code.index(i), I64), t) for i, t in enumerate([*types, I64])]
        extent = values.pop()
        together = _count(module) * grain
        each = (extent + (together - 1)) // together * grain
        first = code.minimum(part * each, extent)
        code.call(function, VOID, *values, first, code.minimum(first + each, extent))
        code.give()
    return name


def _write_alone(module: Module) -> str:
    """Write the function that does all parts one after the other, each time in another order: for finding mistakes."""
    name = "alone"
    if name in module.functions:
        return name
    module.functions[name] = ""
    with module.function(name, [("function", PTR), ("arguments", PTR)], VOID, "internal") as code:
        function, arguments = code.parameters
        count = _count(module)
        turn = code.emit(I64, f"atomicrmw add ptr {module.counter('turns')}, i64 1 monotonic")
        with code.loop(count) as loop:
            place = code.select((turn & 1).equals(0), loop.index, (count - 1) - loop.index)
            part = ((turn >> 1) + place) % count
            checks.part(code, part + 1)
            _do_part(code, function, arguments, part)
        checks.part(code, 0)
        code.give()
    return name


def _do_part(code: Code, function: Value, arguments: Value, part: Value) -> None:
    code.do(f"call void {function.text}(ptr {arguments.text}, i64 {part.text})")


def _write_share(module: Module) -> str:
    """Write the function that offers a loop to the others, takes part in it, and waits until all is done."""
    name = "share"
    if name in module.functions:
        return name
    module.functions[name] = ""
    with module.function(
        name, [("team", PTR), ("function", PTR), ("arguments", PTR)], VOID, "internal"
    ) as code:
        team, function, arguments = code.parameters
        code.store(function, _field(code, team, FUNCTION))
        code.store(arguments, _field(code, team, ARGUMENTS))
        _store_atomic(code, code.index(0), _field(code, team, DONE), "release")
        old = _load_atomic(code, _field(code, team, TICKET), "monotonic")
        turn = ((old >> 32) + 1) << 32
        _store_atomic(code, turn | _count(module), _field(code, team, TICKET), "release")
        code.call(_write_help(module), VOID, team, code.constant(1, Type("b1")))
        waiting, done = code.fresh("waiting"), code.fresh("done")
        count = code.slot(I64)
        code.store(code.index(0), count)
        code.branch(waiting)
        code.block(waiting)
        finished = _load_atomic(code, _field(code, team, DONE), "acquire")
        _pause(code, count)
        code.fork(finished < _count(module), waiting, done)
        code.block(done)
        code.give()
    return name


def _write_help(module: Module) -> str:
    """Write the function that takes and does parts until none is left."""
    name = "help"
    if name in module.functions:
        return name
    module.functions[name] = ""
    with module.function(name, [("team", PTR), ("calls", Type("b1"))], VOID, "internal") as code:
        team, calls = code.parameters
        look, claim, work, done = (code.fresh(w) for w in ("look", "claim", "work", "done"))
        code.branch(look)
        code.block(look)
        ticket = _load_atomic(code, _field(code, team, TICKET), "acquire")
        begin, end = (ticket >> 16) & PART, ticket & PART
        code.fork(begin < end, claim, done)
        code.block(claim)
        part = code.select(calls, begin, end - 1)
        taken = ticket + code.select(calls, code.index(1 << 16), code.index(-1))
        code.fork(code.exchanged(_field(code, team, TICKET), ticket, taken), work, look)
        code.block(work)
        function = code.load(_field(code, team, FUNCTION), PTR)
        arguments = code.load(_field(code, team, ARGUMENTS), PTR)
        _do_part(code, function, arguments, part)
        code.emit(I64, f"atomicrmw add ptr {_field(code, team, DONE).text}, i64 1 release")
        code.branch(look)
        code.block(done)
        code.give()
    return name


def write_worker(module: Module) -> None:
    """Write what a helping thread does: wait for work, do it, until it is told to stop."""
    with module.function(WORKER, [("team", PTR)]) as code:
        (team,) = code.parameters
        look, helping, pausing, done = (code.fresh(w) for w in ("look", "helping", "pausing", "done"))
        count = code.slot(I64)
        code.store(code.index(0), count)
        code.branch(look)
        code.block(look)
        ticket = _load_atomic(code, _field(code, team, TICKET), "acquire")
        code.fork(((ticket >> 16) & PART) < (ticket & PART), helping, pausing)
        code.block(helping)
        code.call(_write_help(module), VOID, team, code.constant(0, Type("b1")))
        code.branch(look)
        code.block(pausing)
        _pause(code, count)
        stop = _load_atomic(code, _field(code, team, STOP), "acquire")
        code.fork(stop.equals(0), look, done)
        code.block(done)
        code.give()


def _field(code: Code, team: Value, offset: int) -> Value:
    return code.at(team, code.index(offset), Type("i8"))


def _load_atomic(code: Code, address: Value, order: str) -> Value:
    return code.emit(I64, f"load atomic i64, ptr {address.text} {order}, align 8")


def _store_atomic(code: Code, x: Value, address: Value, order: str) -> None:
    code.do(f"store atomic i64 {x.text}, ptr {address.text} {order}, align 8")


def _pause(code: Code, count: Value) -> None:
    """Wait a moment; now and then let others have the core."""
    machine = code.module.machine
    if machine.pause is not None:
        name, arguments = machine.pause
        code.call(name, VOID, *[code.constant(x, Type("i32")) for x in arguments])
    turns = code.load(count, I64) + 1
    code.store(turns, count)
    if machine.has_yield:
        with code.when((turns % PATIENCE).equals(0)):
            code.call("sched_yield", Type("i32"))
