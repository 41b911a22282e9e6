"""Two or more cores on one region of a step: the work is cut into parts, and no value depends on how.

Whoever comes first takes the next part: the caller from the lower end, those who help from the upper, so that in step
after step a thread finds the same elements in its own cache. A part is computed by one thread from its first element
to its last. So the same seed gives the same bits for any number of threads, and nobody waits for a thread that the
operating system has not woken. A part that was begun is not taken over, for it may have overwritten what it read: so
parts are short. The threads stay awake between the regions of a step, for a microsecond is all there is between
them; between calls into machine code they sleep.

What a team shares is one block of memory: who may take which part (the number of the region and the parts that
are left, in one word), how many parts are done, the region as a function, its arguments, and whether to help or to
sleep.
"""

from collections.abc import Sequence

from chainrule.engines.native.code import checks, subnormals
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.types import I64, PTR, VOID, Type
from chainrule.engines.native.plan.cuts import ROWS_OF_BATCH

# Where each lies, in bytes: what is written often has a line of its own.
TICKET, DONE, FUNCTION, ARGUMENTS, MODE, ORDER = 0, 128, 256, 264, 272, 384
BLOCK_BYTES = 512
HELP, REST = range(2)  # the order: there is a call; there is none, sleep if it takes long
PATIENCE = 1 << 16  # turns of a waiting loop before the core is offered to others: some milliseconds
# A ticket: the number of the region, the first part that is left, and the end of those left.
PART = (1 << 16) - 1
WORKER = "chainrule_worker"
FEW_PARTS, MOST_PARTS = 4, 32  # of a batch
ROWS_OF_PART = 64  # in larger batches than that makes four
# And so many at the most where they go through loops over time: what a step makes of them is read in the next.
ROWS_IN_TIME = 32
MOST_BLOCKS = 1 << 14  # of a batch whose rows are long


def parts_of_rows(code: Code, rows: Value, grain: int, in_time: bool = False) -> tuple[Value, Value]:
    """Return into how many parts so many rows of a batch are cut where they are shared, and where they are not.

    It goes by the rows' number and length alone, and by whether they go through loops over time, unless it is forced.
    Long ones, and those in such loops, go through all that a region does with them a few at a time, by one thread too:
    what is made of them is still in a cache when it is read.
    """
    if code.module.parts:
        return code.index(code.module.parts), code.index(1)
    if grain < ROWS_OF_BATCH:
        blocks = code.minimum((rows + (grain - 1)) // grain, MOST_BLOCKS)
        return blocks, blocks
    if in_time:
        blocks = code.minimum((rows + (ROWS_IN_TIME - 1)) // ROWS_IN_TIME, MOST_BLOCKS)
        return code.maximum(blocks, FEW_PARTS), blocks
    return code.minimum(code.maximum(rows // ROWS_OF_PART, FEW_PARTS), MOST_PARTS), code.index(1)


def part_of(code: Code, extent: Value, grain: int, part: Value, parts: Value) -> tuple[Value, Value]:
    """Return from where to where a part of an axis goes: whole grains, as many as the others have, or one less."""
    grains = (extent + (grain - 1)) // grain
    first, last = (p * grains // parts * grain for p in (part, part + 1))
    return first, code.minimum(last, extent)


def share(
    code: Code,
    team: Value,
    function: str,
    values: Sequence[Value],
    parts: Value,
    enough: Value,
    alone: Value | None = None,
) -> None:
    """Let ``function(arguments, part)`` do each part, by threads if there is enough to do; else alone.

    Args:
        code: Where it is called.
        team: What the threads share, or null.
        function: What to call: with where its arguments lie, behind how many parts there are, and which part it does.
        values: Its arguments.
        parts: How many parts it is cut into where it is shared.
        enough: Whether sharing pays.
        alone: Into how many parts it is cut where it is not; None: it is done once, for all.
    """
    arguments = code.room(8 * (1 + len(values)))
    for i, value in enumerate(values, start=1):
        code.store(value, code.at(arguments, i, I64))
    offered = [("team", PTR), ("function", PTR), ("arguments", PTR), ("parts", I64), ("alone", I64)]
    offer = code.module.once("offer", [*offered, ("enough", Type("b1"))], _offer)
    alone = code.index(1) if alone is None else alone
    code.call(offer, VOID, team, Value(code, f"@{function}", PTR), arguments, parts, alone, enough)


def _offer(
    code: Code, team: Value, function: Value, arguments: Value, parts: Value, alone: Value, enough: Value
) -> None:
    """Have all parts done: alone, or by whoever takes them."""
    one, many = code.fresh("alone"), code.fresh("shared")
    module = code.module
    code.fork(team.equals(None) | ~enough, one, many)
    code.block(one)
    if module.parts or module.guard is not None:
        code.store(parts, arguments)
        _in_any_order(code, function, arguments, parts)
    else:
        code.store(alone, arguments)
        with code.loop(alone) as loop:
            _do_part(code, function, arguments, loop.index)
    code.give()
    code.block(many)
    code.store(parts, arguments)
    _write_help(module)
    _share(code, team, function, arguments, parts)


def _in_any_order(code: Code, function: Value, arguments: Value, parts: Value) -> None:
    """Do all parts one after the other, each time in another order: for finding mistakes."""
    turn = code.emit(I64, f"atomicrmw add ptr {code.module.counter('turns')}, i64 1 monotonic")
    with code.loop(parts) as loop:
        place = code.select((turn & 1).equals(0), loop.index, (parts - 1) - loop.index)
        part = ((turn >> 1) + place) % parts
        checks.part(code, part + 1)
        _do_part(code, function, arguments, part)
    checks.part(code, 0)


def _do_part(code: Code, function: Value, arguments: Value, part: Value) -> None:
    code.do(f"call void {function.text}({arguments}, {part})")


def _share(code: Code, team: Value, function: Value, arguments: Value, parts: Value) -> None:
    """Offer a region to the others, take part in it, and wait until all is done."""
    code.store(function, _field(code, team, FUNCTION))
    code.store(arguments, _field(code, team, ARGUMENTS))
    subnormals.note(code, _field(code, team, MODE))
    _store_atomic(code, code.index(0), _field(code, team, DONE), "release")
    old = _load_atomic(code, _field(code, team, TICKET), "monotonic")
    turn = ((old >> 32) + 1) << 32
    _store_atomic(code, turn | parts, _field(code, team, TICKET), "release")
    code.call("help", VOID, team, code.constant(1, Type("b1")))  # written behind this one
    waiting, done = code.fresh("waiting"), code.fresh("done")
    count = code.slot(I64)
    code.store(code.index(0), count)
    code.branch(waiting)
    code.block(waiting)
    finished = _load_atomic(code, _field(code, team, DONE), "acquire")
    _pause(code, count)
    code.fork(finished < parts, waiting, done)
    code.block(done)


def _write_help(module: Module) -> str:
    return module.once("help", [("team", PTR), ("calls", Type("b1"))], _help)


def _help(code: Code, team: Value, calls: Value) -> None:
    """Take and do parts until none is left, from the end at which the one who calls does not begin."""
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
    with code.when(~calls):
        subnormals.follow(code, _field(code, team, MODE))
    function = code.load(_field(code, team, FUNCTION), PTR)
    arguments = code.load(_field(code, team, ARGUMENTS), PTR)
    _do_part(code, function, arguments, part)
    code.emit(I64, f"atomicrmw add {_field(code, team, DONE)}, i64 1 release")
    code.branch(look)
    code.block(done)


def write_worker(module: Module) -> None:
    """Write what a helping thread does: wait for work, do it, until none has come for long."""
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
        code.store(code.index(0), count)
        code.branch(look)
        code.block(pausing)
        _pause(code, count)
        order = _load_atomic(code, _field(code, team, ORDER), "acquire")
        tired = code.load(count, I64) > PATIENCE
        code.fork(order.equals(HELP) | ~tired, look, done)
        code.block(done)


def _field(code: Code, team: Value, offset: int) -> Value:
    return code.at(team, offset, Type("i8"))


def _load_atomic(code: Code, address: Value, order: str) -> Value:
    return code.emit(I64, f"load atomic i64, {address} {order}, align 8")


def _store_atomic(code: Code, x: Value, address: Value, order: str) -> None:
    code.do(f"store atomic {x}, {address} {order}, align 8")


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
