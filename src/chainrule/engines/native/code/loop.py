"""The training loop as code: gather the batch, do the step, add up the costs, and on to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import NOT_FINITE
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.step import STEP_PARAMETERS
from chainrule.engines.native.code.team import write_worker
from chainrule.engines.native.code.types import I64, PTR, VOID, Type, type_of
from chainrule.graph.closed import Program
from chainrule.graph.node import Node

# Pointers as a step has them, then: the whole table, room for a gathered batch, the sums of the outputs, and
# the order of the rows (null where they are taken as they lie).
ARRAYS = (*(n for n, _ in STEP_PARAMETERS), "table", "gathered", "totals", "rows")
# How the rows of two epochs follow each other, rows in an epoch, rows in a batch, and which steps to do.
COUNTS = ("rows_stride", "length", "batch", "per_epoch", "first", "last", "batch_axis")
RUN_PARAMETERS = tuple((n, PTR) for n in ARRAYS) + tuple((n, I64) for n in COUNTS)

TOGETHER = 32  # so many inputs, or outputs, are seen to in one function
CHOICE_PARAMETERS = (
    *((n, PTR) for n in ("inputs", "table", "gathered", "rows")), ("start", I64), ("count", I64),
    ("ordered", Type("b1")),
)  # fmt: skip


def write_loop(module: Module, program: Program, turned: Sequence[bool], name: str, step: str) -> None:
    """Write a function that does steps ``first`` to before ``last``; it returns early when one goes wrong."""
    with module.function(name, RUN_PARAMETERS) as code:
        at = dict(zip([n for n, _ in RUN_PARAMETERS], code.parameters, strict=True))
        with code.loop(at["last"], start=at["first"]) as loop:
            epoch, turn = loop.index // at["per_epoch"], loop.index % at["per_epoch"]
            start = turn * at["batch"]
            last = (turn + 1).equals(at["per_epoch"])
            count = code.select(last, at["length"] - start, at["batch"])  # the last one has what is left
            code.store(count, code.at(at["lengths"], at["batch_axis"], I64))
            _choose(code, at, program.inputs, turned, epoch, start, count)
            code.call(step, VOID, *(at[n] for n, _ in STEP_PARAMETERS))
            _add_up(code, at, program.outputs, epoch, loop.index)
        code.give()
    write_worker(module)


def _choose(
    code: Code,
    at: dict[str, Value],
    inputs: Sequence[Node],
    turned: Sequence[bool],
    epoch: Value,
    start: Value,
    count: Value,
) -> None:
    """Point the inputs at the rows of this batch: where they lie, or where they are gathered to."""
    ordered = code.emit(Type("b1"), f"icmp eq ptr {at['rows'].text}, null")
    first = epoch * at["rows_stride"] + start
    leaves = list(zip(inputs, turned, strict=True))
    if len(leaves) <= TOGETHER:
        _point(code, {**at, "start": start, "count": count}, leaves, ordered, first)
        return
    chosen = code.at(at["rows"], first, I64)
    for i in range(0, len(leaves), TOGETHER):
        name = f"choose{i // TOGETHER}"
        with code.module.function(name, CHOICE_PARAMETERS, VOID, "internal") as part:
            given = dict(zip([n for n, _ in CHOICE_PARAMETERS], part.parameters, strict=True))
            _point(part, given, leaves[i : i + TOGETHER], given["ordered"], part.index(0))
            part.give()
        here = [code.at(at[n], code.index(i), PTR) for n in ("inputs", "table", "gathered")]
        code.call(name, VOID, *here, chosen, start, count, ordered)


def _point(
    code: Code, at: dict[str, Value], leaves: Sequence[tuple[Node, bool]], ordered: Value, first: Value
) -> None:
    start, count = at["start"], at["count"]
    tables = [code.load(code.at(at["table"], code.index(i), PTR), PTR) for i in range(len(leaves))]
    for i, (node, over) in enumerate(leaves):
        size = node.dtype.itemsize if over else _row_size(node) * node.dtype.itemsize
        here = code.at(tables[i], start * size, Type("i8"))
        code.store(here, code.at(at["inputs"], code.index(i), PTR))
    with code.when(~ordered):
        chosen = code.at(at["rows"], first, I64)
        for i, (node, over) in enumerate(leaves):
            room = code.load(code.at(at["gathered"], code.index(i), PTR), PTR)
            with code.loop(count) as loop:
                row = code.load(code.at(chosen, loop.index, I64), I64)
                if over:
                    _turn_row(code, node, tables[i], row, room, loop.index, count)
                else:
                    _copy_row(code, tables[i], row, room, loop.index, _row_size(node) * node.dtype.itemsize)
            code.store(room, code.at(at["inputs"], code.index(i), PTR))


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
    code.module.declare("llvm.memcpy.p0.p0.i64", VOID, [PTR, PTR, I64, Type("b1")])
    to = code.at(target, place * size, Type("i8"))
    of = code.at(source, row * size, Type("i8"))
    safe = checks.within(code, code.index(size), to, of)
    code.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {to.text}, ptr {of.text}, i64 {safe.text}, i1 false)")


def _add_up(code: Code, at: dict[str, Value], outputs: Sequence[Node], epoch: Value, step: Value) -> None:
    """Add this step's outputs to those of its epoch; stop where the cost is no number, or an index was wrong."""
    wrong, double = code.fresh("wrong"), Type("f64")
    values = []
    for i, node in enumerate(outputs[:TOGETHER]):
        address = code.load(code.at(at["outputs"], code.index(i), PTR), PTR)
        values.append(code.convert(code.load(address, type_of(node.dtype)), "f64"))
    cost = values[0]
    finite = code.absolute(cost) < float("inf")
    status = code.load(at["status"], I64)
    fine = finite & status.equals(0)
    good = code.fresh("good")
    code.fork(fine, good, wrong)
    code.block(wrong)
    code.store(code.select(status.equals(0), code.index(NOT_FINITE), status), at["status"])
    code.store(step, code.at(at["status"], code.index(3), I64))
    code.give()
    code.block(good)
    for i, value in enumerate(values):
        place = code.at(at["totals"], epoch * len(outputs) + i, double)
        code.store(code.load(place, double) + value, place)
    kinds = [type_of(node.dtype).kind for node in outputs]
    i = len(values)
    while i < len(outputs):
        after = next((j for j in range(i, len(kinds)) if kinds[j] != kinds[i]), len(kinds))
        places = code.at(at["totals"], epoch * len(outputs) + i, double)
        name = _adding(code.module, kinds[i])
        code.call(name, VOID, code.at(at["outputs"], code.index(i), PTR), places, code.index(after - i))
        i = after


def _adding(module: Module, kind: str) -> str:
    """Return the function that adds outputs of one kind, side by side, to their sums."""
    name, double = f"add_up_{kind}", Type("f64")
    if name not in module.functions:
        parameters = [("outputs", PTR), ("totals", PTR), ("count", I64)]
        with module.function(name, parameters, VOID, "internal") as code:
            outputs, totals, count = code.parameters
            with code.loop(count) as loop:
                address = code.load(code.at(outputs, loop.index, PTR), PTR)
                place = code.at(totals, loop.index, double)
                value = code.convert(code.load(address, Type(kind)), "f64")
                code.store(code.load(place, double) + value, place)
            code.give()
    return name
