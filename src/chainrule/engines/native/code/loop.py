"""The training loop as code: gather the batch, do the step, add up the costs, and on to the next."""

import math
from collections.abc import Sequence
from itertools import groupby

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import NOT_FINITE, copy_bytes
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.step import STEP_PARAMETERS
from chainrule.engines.native.code.subnormals import flushed
from chainrule.engines.native.code.team import part_of, parts_of_rows, share
from chainrule.engines.native.code.types import I64, PTR, VOID, Type, type_of
from chainrule.graph.closed import Program
from chainrule.graph.node import Node

# Pointers as a step has them, then: the whole table, room for a gathered batch, the sums of the outputs, and
# the order of the rows (null where they are taken as they lie). Behind the outputs' pointers stand those to where an
# epoch begins in what has a row for each example.
ARRAYS = (*(n for n, _ in STEP_PARAMETERS), "table", "gathered", "totals", "rows")
# How the rows of two epochs follow each other, rows in an epoch, rows in a batch, and which steps to do.
COUNTS = ("rows_stride", "length", "batch", "per_epoch", "first", "last", "batch_axis")
RUN_PARAMETERS = tuple((n, PTR) for n in ARRAYS) + tuple((n, I64) for n in COUNTS)

Values = dict[str, Value]
Leaf = tuple[Node, bool]  # and whether it is turned over
LONG_ROW, SHARED_BYTES = 256, 1 << 16  # rows of so many bytes are gathered by threads, where there is so much
LINE = 64  # bytes that are fetched at once, on most machines
TOGETHER = 32  # so many inputs, or outputs, are seen to in one function
CHOICE_PARAMETERS = (
    *((n, PTR) for n in ("inputs", "table", "gathered", "rows", "team")), ("start", I64), ("count", I64),
    ("ordered", Type("b1")),
)  # fmt: skip


def numbers_in(program: Program) -> int:
    """Return how many outputs are numbers: they stand before what has a row for each example of the batch."""
    return next((i for i, n in enumerate(program.outputs) if n.shape), len(program.outputs))


def write_loop(
    module: Module, program: Program, turned: Sequence[bool], name: str, step: str, grain: int
) -> None:
    """Write a function that does steps ``first`` to before ``last``; it returns early when one goes wrong.

    Args:
        module: Where it is written.
        program: What a step computes.
        turned: Which of its inputs are turned over.
        name: What it is called.
        step: The name of the function of a step.
        grain: What number of rows a part of a step begins at a multiple of; 0 if threads share none.
    """
    with module.function(name, RUN_PARAMETERS) as code, flushed(code, program):
        code.call(f"{name}_steps", VOID, *code.parameters)
    with module.function(f"{name}_steps", RUN_PARAMETERS, words="internal") as code:
        at = dict(zip([n for n, _ in RUN_PARAMETERS], code.parameters, strict=True))
        with code.loop(at["last"], start=at["first"]) as loop:
            epoch, turn = loop.index // at["per_epoch"], loop.index % at["per_epoch"]
            start = turn * at["batch"]
            last = (turn + 1).equals(at["per_epoch"])
            count = code.select(last, at["length"] - start, at["batch"])  # the last one has what is left
            code.store(count, code.at(at["lengths"], at["batch_axis"], I64))
            _choose(code, at, list(zip(program.inputs, turned, strict=True)), epoch, start, count, grain)
            _place(code, at, program, start)
            code.call(step, VOID, *(at[n] for n, _ in STEP_PARAMETERS))
            _add_up(code, at, program.outputs[: numbers_in(program)], epoch, loop.index)


def _choose(
    code: Code, at: Values, leaves: Sequence[Leaf], epoch: Value, start: Value, count: Value, grain: int
) -> None:
    """Point the inputs at the rows of this batch: where they lie, or where they are gathered to."""
    ordered = at["rows"].equals(None)
    first = epoch * at["rows_stride"] + start
    if len(leaves) <= TOGETHER:
        _point(code, {**at, "start": start, "count": count}, leaves, ordered, first, grain)
        return
    chosen = code.at(at["rows"], first, I64)
    for i in range(0, len(leaves), TOGETHER):
        name = f"choose{i // TOGETHER}"
        with code.module.function(name, CHOICE_PARAMETERS, words="internal") as part:
            given = dict(zip([n for n, _ in CHOICE_PARAMETERS], part.parameters, strict=True))
            _point(part, given, leaves[i : i + TOGETHER], given["ordered"], part.index(0), grain)
        here = [code.at(at[n], i, PTR) for n in ("inputs", "table", "gathered")]
        code.call(name, VOID, *here, chosen, at["team"], start, count, ordered)


def _point(code: Code, at: Values, leaves: Sequence[Leaf], ordered: Value, first: Value, grain: int) -> None:
    start, count = at["start"], at["count"]
    tables = [code.load(code.at(at["table"], i, PTR), PTR) for i in range(len(leaves))]
    for i, (node, over) in enumerate(leaves):
        size = node.dtype.itemsize if over else _row_size(node) * node.dtype.itemsize
        here = code.at(tables[i], start * size, Type("i8"))
        code.store(here, code.at(at["inputs"], i, PTR))
    with code.when(~ordered):
        chosen = code.at(at["rows"], first, I64)
        for i, (node, over) in enumerate(leaves):
            room = code.load(code.at(at["gathered"], i, PTR), PTR)
            size = _row_size(node) * node.dtype.itemsize
            if grain and not over and size >= LONG_ROW:
                _gather_rows(code, at["team"], tables[i], chosen, room, count, size, grain)
            else:
                with code.loop(count) as loop:
                    row = code.load(code.at(chosen, loop.index, I64), I64)
                    if over:
                        _turn_row(code, node, tables[i], row, room, loop.index, count)
                    else:
                        _copy_row(code, tables[i], row, room, loop.index, size)
            code.store(room, code.at(at["inputs"], i, PTR))


def _gather_rows(
    code: Code, team: Value, table: Value, chosen: Value, room: Value, count: Value, size: int, grain: int
) -> None:
    """Gather long rows as a region of its own, in the step's parts: who does some rows has gathered them."""

    def gather(code: Code, arguments: Value, part: Value) -> None:
        types = (I64, PTR, PTR, PTR, I64)
        given = [code.load(code.at(arguments, i, I64), type) for i, type in enumerate(types)]
        parts, table, chosen, room, count = given
        first, last = part_of(code, count, grain, part, parts)
        with code.loop(last, start=first) as loop:
            row, following = (
                code.load(code.at(chosen, i, I64), I64)
                for i in (loop.index, code.minimum(loop.index + 1, last - 1))
            )
            _fetch(code, code.at(table, following * size, Type("i8")), size)
            _copy_row(code, table, row, room, loop.index, size)

    function = code.module.once(f"gather{size}", [("arguments", PTR), ("part", I64)], gather)
    enough = count * size > (0 if code.module.parts else SHARED_BYTES)
    parts, _ = parts_of_rows(code, count, grain)
    share(code, team, function, [table, chosen, room, count], parts, enough)
    checks.region(code)


def _fetch(code: Code, row: Value, size: int) -> None:
    """Ask for a row before it is read: a table is larger than caches are, and its rows lie anywhere in it."""
    if code.module.guard is not None:
        return
    read, near, data = (code.constant(i, Type("i32")) for i in (0, 3, 1))
    with code.loop(size, step=LINE) as loop:
        code.call("llvm.prefetch.p0", VOID, code.at(row, loop.index, Type("i8")), read, near, data)


def _place(code: Code, at: Values, program: Program, start: Value) -> None:
    """Point the outputs that have a row for each example at where this batch begins in its epoch."""
    first, outputs = numbers_in(program), program.outputs
    for i, node in enumerate(outputs[first:]):
        begin = code.load(code.at(at["outputs"], len(outputs) + i, PTR), PTR)
        here = code.at(begin, start * (_row_size(node) * node.dtype.itemsize), Type("i8"))
        code.store(here, code.at(at["outputs"], first + i, PTR))


def _row_size(node: Node) -> int:
    return math.prod(node.shape[1:])


def _turn_row(
    code: Code, node: Node, source: Value, row: Value, target: Value, place: Value, count: Value
) -> None:
    width, type = node.shape[0], Type(f"i{8 * node.dtype.itemsize}")
    with code.loop(width) as loop:
        x = code.load(code.at(source, row * width + loop.index, type), type)
        code.store(x, code.at(target, loop.index * count + place, type))


def _copy_row(code: Code, source: Value, row: Value, target: Value, place: Value, size: int) -> None:
    kind = {1: "i8", 2: "i16", 4: "i32", 8: "i64"}.get(size)
    if kind is not None:
        type = Type(kind)
        code.store(code.load(code.at(source, row, type), type), code.at(target, place, type))
        return
    to, of = code.at(target, place * size, Type("i8")), code.at(source, row * size, Type("i8"))
    copy_bytes(code, to, of, code.index(size))


def _add_up(code: Code, at: Values, outputs: Sequence[Node], epoch: Value, step: Value) -> None:
    """Add this step's outputs to those of its epoch; stop where the cost is no number, or an index was wrong."""
    wrong, double = code.fresh("wrong"), Type("f64")
    values = []
    for i, node in enumerate(outputs[:TOGETHER]):
        address = code.load(code.at(at["outputs"], i, PTR), PTR)
        values.append(code.convert(code.load(address, type_of(node.dtype)), "f64"))
    finite = code.absolute(values[0]) < float("inf")
    status = code.load(at["status"], I64)
    fine = finite & status.equals(0)
    good = code.fresh("good")
    code.fork(fine, good, wrong)
    code.block(wrong)
    code.store(code.select(status.equals(0), code.index(NOT_FINITE), status), at["status"])
    code.store(step, code.at(at["status"], 3, I64))
    code.give()
    code.block(good)
    for i, value in enumerate(values):
        place = code.at(at["totals"], epoch * len(outputs) + i, double)
        code.store(code.load(place, double) + value, place)
    begins = len(values)
    for type, alike in groupby(type_of(node.dtype) for node in outputs[begins:]):
        count = len(list(alike))
        places = code.at(at["totals"], epoch * len(outputs) + begins, double)
        here = code.at(at["outputs"], begins, PTR)
        code.call(_adding(code.module, type), VOID, here, places, code.index(count))
        begins += count


def _adding(module: Module, type: Type) -> str:
    """Return the function that adds outputs of one type, side by side, to their sums."""

    def write(code: Code, outputs: Value, totals: Value, count: Value) -> None:
        with code.loop(count) as loop:
            address = code.load(code.at(outputs, loop.index, PTR), PTR)
            place = code.at(totals, loop.index, Type("f64"))
            value = code.convert(code.load(address, type), "f64")
            code.store(code.load(place, Type("f64")) + value, place)

    return module.once(f"add_up_{type.kind}", [("outputs", PTR), ("totals", PTR), ("count", I64)], write)
