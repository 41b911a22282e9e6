"""What checked code calls: the memory that is its own, and what it was found to do.

All is kept in a table of words. Who calls machine code fills in which memory it is given; the step itself adds
which leaves and places of the arena it takes for its own, and while it works those alone are open. For each
byte of what may be written a shadow holds which part of which region wrote it last, and which read it. Once the
call returns, a bad access is an error, and where a NaN began is told.
"""

import threading
from collections.abc import Callable, Sequence
from ctypes import Array, addressof, c_int64, sizeof
from typing import Any

import numpy as np

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.types import I64, PTR, VOID, Type
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.plan.items import Fusion, Loop, Nest, made, with_inner
from chainrule.errors import ChainruleError, EngineWarning, warn
from chainrule.graph import shapes, show
from chainrule.graph.node import Node

NAMES = (*checks.CALLS, *checks.SCANS.values())
TABLE, HARMLESS, MARK = "chainrule_check_table", "chainrule_check_harmless", "chainrule_check_mark"

# The words of the table. Ranges from FIRST to before LAST are open now; those from FIXED on, tables of pointers
# and lengths, are open within a step too; the caller gave the first GIVEN of them, and a step appends at END.
# Those before WRITTEN have a shadow. REGION counts the regions that were done in parts, from 1; no part is number 0.
# TIME is the step that a loop over time is in, from 1, or 0.
FIRST, LAST, FIXED, GIVEN, END, ITEM, STEP, TAINTED, WRITTEN, REGION, PART, TIME = range(12)
# A fault is: whether, address, bytes, and where. An origin, of NaN or infinity: whether, and where. A clash: whether,
# part, which other one, and where. Where it was are four words: site, item, step, time. A range: begin, end, shadow.
FAULT, ORIGINS, CLASH, RANGES = 16, 24, 34, 42
ORIGIN, RANGE = 5, 3
# In the shadow of a byte: who wrote it and who read it, each as the region and the part.
PART_BITS = 16
SEVERAL = (1 << PART_BITS) - 1  # a part that stands for more than one
WIDEST = 64  # bytes that one instruction loads or stores
TABLES = 16  # arguments of a call that point to tables
LONGEST = 60  # characters of an expression that is written in full

_lock = threading.Lock()  # one table for the process: in this mode one call at a time


class AccessError(ChainruleError, RuntimeError):
    """Machine code reached for memory that is not its own, or not its part's: a defect of the engine alone."""


# --- the library ---


def write_library(machine: Machine) -> str:
    """Write what checked code calls, and the table it looks into."""
    module = Module(machine)
    _write_access(module)
    _write_parts(module)
    _write_records(module)
    for kind, name in checks.SCANS.items():
        _write_scan(module, name, kind)
    words = f"@{TABLE} = global ptr null\n@{HARMLESS} = global [{WIDEST} x i8] zeroinitializer, align {WIDEST}\n\n"
    return words + module.text()


class _Words:
    """The words of the table, in code."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.table = code.load(Value(code, f"@{TABLE}", PTR), PTR)

    def at(self, place: Value | int) -> Value:
        return self.code.at(self.table, place, I64)

    def __getitem__(self, place: Value | int) -> Value:
        return self.code.load(self.at(place), I64)

    def __setitem__(self, place: Value | int, x: Value | int) -> None:
        self.code.store(self.code.index(x), self.at(place))

    def range(self, number: Value) -> list[Value]:
        """Return where a range begins and ends, and where its shadow is."""
        return [self[number * RANGE + (RANGES + i)] for i in range(RANGE)]

    def record(self, place: int, values: Sequence[Value]) -> None:
        """Write values from a place on, then where the step is, unless something stands there already."""
        with self.code.when(self[place].equals(0)):
            for i, x in enumerate([self.code.index(1), *values, self[ITEM], self[STEP], self[TIME]]):
                self[place + i] = x


def _write_access(module: Module) -> None:
    parameters = [("address", PTR), ("size", I64), ("site", I64), ("stores", I64)]
    with module.function(checks.ACCESS, parameters, PTR) as code:
        address, size, site, stores = code.parameters
        words = _Words(code)
        begins = code.emit(I64, f"ptrtoint ptr {address.text} to i64")
        with code.loop(words[LAST], [size.equals(0)], start=words[FIRST]) as loop:
            start, end, _ = words.range(loop.index)
            loop.next = [loop.carried[0] | ((start <= begins) & (begins + size <= end))]
        fine = loop.carried[0]
        with code.when(~fine):
            words.record(FAULT, [begins, size, site])
        with code.when(words[PART].differs(0)):
            code.call(MARK, VOID, begins, size, site, stores)
        code.give(code.select(fine, address, Value(code, f"@{HARMLESS}", PTR)))
    with module.function(checks.KNOWN, [("address", PTR), ("size", I64)]) as code:
        address, size = code.parameters
        words = _Words(code)
        code.call(checks.ACCESS, PTR, address, size, code.index(-1), code.index(0))
        begins, at = code.emit(I64, f"ptrtoint ptr {address.text} to i64"), words[END]
        words[at * RANGE + RANGES], words[at * RANGE + (RANGES + 1)] = begins, begins + size
        words[END] = at + 1
    with module.function(checks.ENTER, [("item", I64)]) as code:
        words, (item,) = _Words(code), code.parameters
        words[ITEM], words[TAINTED] = item, 0
        with code.when(item.equals(1)):
            words[FIRST], words[LAST] = words[FIXED], words[END]
        with code.when(item.equals(0)):
            words[FIRST], words[LAST], words[END] = 0, words[GIVEN], words[GIVEN]
            words[STEP] = words[STEP] + 1
    with module.function(checks.TIME, [("time", I64)], I64) as code:
        words, (time,) = _Words(code), code.parameters
        before = words[TIME]
        words[TIME] = time
        code.give(before)


def _write_parts(module: Module) -> None:
    with module.function(checks.PART, [("part", I64)]) as code:
        _Words(code)[PART] = code.parameters[0]
    with module.function(checks.REGION, []) as code:
        words = _Words(code)
        words[REGION] = words[REGION] + 1
    parameters = [(n, I64) for n in ("begins", "size", "site", "stores")]
    with module.function(MARK, parameters, VOID, "internal") as code:
        begins, size, site, stores = code.parameters
        words = _Words(code)
        loop, part, writes = words[REGION], words[PART], stores.differs(0)
        with code.loop(words[WRITTEN]) as ranges:
            start, end, shadow = words.range(ranges.index)
            inside = code.select((start <= begins) & (begins + size <= end), size, code.index(0))
            with code.loop(inside) as byte:
                at = shadow + (begins - start + byte.index) * 16
                places = [code.emit(PTR, f"inttoptr i64 {(at + i).text} to ptr") for i in (0, 8)]
                writer, reader = (_other(code, code.load(p, I64), loop, part) for p in places)
                other = code.select(writer.equals(0) & writes, reader, writer)
                with code.when(other.differs(0)):
                    words.record(CLASH, [part, other, site])
                seen = code.select(writes | reader.equals(0), part, code.index(SEVERAL))
                place = code.select(writes, *places)
                code.store((loop << PART_BITS) | seen, place)


def _other(code: Code, mark: Value, loop: Value, part: Value) -> Value:
    """Return which part of a loop left a mark, if it is another one; 0 if not."""
    who = mark & SEVERAL
    return code.select((mark >> PART_BITS).equals(loop) & who.differs(part), who, code.index(0))


def _write_records(module: Module) -> None:
    with module.function(checks.BEGIN, []) as code:
        words = _Words(code)
        with code.when(words[TAINTED].equals(0)):  # what went wrong before left no trace
            words[ORIGINS], words[ORIGINS + ORIGIN] = 0, 0
    with module.function(checks.NOTE, [("bits", I64), ("site", I64)]) as code:
        words, (bits, site) = _Words(code), code.parameters
        for i, bit in enumerate((checks.NAN, checks.INFINITE)):
            with code.when((bits & bit).differs(0)):
                words.record(ORIGINS + ORIGIN * i, [site])
    with module.function(checks.TAINT, [("bits", I64)]) as code:
        words = _Words(code)
        words[TAINTED] = words[TAINTED] | code.parameters[0]
    with module.function(checks.FOUND, [("bits", I64), ("site", I64)]) as code:
        bits, site = code.parameters
        before = _Words(code)[TAINTED]
        clean = bits & ~(before | (before << 1))  # where there was a NaN, an infinity is no news either
        code.call(checks.NOTE, VOID, clean, site)


def _write_scan(module: Module, name: str, kind: str) -> None:
    with module.function(name, [("address", PTR), ("count", I64)], I64) as code:
        address, count = code.parameters
        size, nowhere = count * (Type(kind).bits // 8), code.index(-1)
        allowed = code.call(checks.ACCESS, PTR, address, size, nowhere, code.index(0))
        with code.loop(code.select(allowed.equals(address), count, code.index(0)), [code.index(0)]) as loop:
            x = code.load(code.at(address, loop.index, Type(kind)), Type(kind))
            loop.next = [loop.carried[0] | checks.bits_of(code, *checks.sorts(code, x), None)]
        code.give(loop.carried[0])


# --- calls ---


class Watch:
    """Calls of a program's code that are watched: what memory they may touch, and what they were found to do."""

    def __init__(
        self, table: int, plan: Fusion, places: int, read: Sequence[np.ndarray], written: Sequence[np.ndarray]
    ) -> None:
        """Know where the table is, which arrays code is given, and how many ``places`` its arena has."""
        self.plan: Fusion = plan
        self._address = table
        arrays = [*written, *read]
        self._shadows = [np.zeros(2 * x.nbytes, np.int64) for x in written]
        self._arrays = [(x.__array_interface__["data"][0], x.nbytes) for x in arrays]
        self._table = np.zeros(RANGES + RANGE * (2 * len(arrays) + TABLES + places), np.int64)
        self._table[[WRITTEN, REGION]] = len(written), 1
        for i, shadow in enumerate(self._shadows):
            self._table[RANGES + RANGE * i + 2] = shadow.ctypes.data

    def around(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return the function, watched; AccessError where it goes astray."""

        def call(*arguments: Any) -> None:
            words = self._table
            tables = [(addressof(x), sizeof(x)) for x in arguments if isinstance(x, Array)]
            ranges = [*self._arrays, *tables]
            words[[LAST, GIVEN, END]], words[FIXED] = len(ranges), len(self._arrays)
            words[[FIRST, ITEM, TIME, FAULT, CLASH]] = 0
            for i, (begins, size) in enumerate(ranges):
                words[RANGES + RANGE * i : RANGES + RANGE * i + 2] = begins, begins + size
            with _lock:
                c_int64.from_address(self._address).value = words.ctypes.data
                function(*arguments)
            if words[FAULT]:
                raise AccessError(self._fault())
            if words[CLASH]:
                raise AccessError(self._clash())

        return call

    def warn(self, per_epoch: int = 1) -> None:
        """Say where the first NaN and the first infinity of the last step, or what it began with, came from."""
        found = []
        for i, what in enumerate(("NaN", "infinite number")):
            is_set, site, item, step, time = self._table[ORIGINS + ORIGIN * i :][:ORIGIN].tolist()
            if is_set:
                epoch, turn = divmod(step, per_epoch)
                when = f" (epoch {epoch + 1}, step {turn + 1})" if per_epoch > 1 or step else ""
                found.append(f"the first {what} is {self._where(item, site, time)}{when}")
        if found:
            text = " and ".join(found)
            warn(f"{text[0].upper()}{text[1:]}.", EngineWarning)

    def _fault(self) -> str:
        address, size, site, item, step, time = self._table[FAULT + 1 : FAULT + 7].tolist()
        return (
            f"Machine code reached for {size} bytes at {address:#x}, which are not its own: "
            f"{self._where(item, site, time)}, in step {step + 1}."
        )

    def _clash(self) -> str:
        part, other, site, item, step, time = self._table[CLASH + 1 : CLASH + 7].tolist()
        who = "others" if other == SEVERAL else f"part {other}"
        return (
            f"Part {part} of a loop that threads may share and {who} reach for the same memory, and not only "
            f"to read it: {self._where(item, site, time)}, in step {step + 1}."
        )

    def _where(self, item: int, site: int, time: int) -> str:
        """Say which node an item, and a site in it, is, and at which step of a loop over time."""
        at = f", at time step {time}" if time else ""
        return f"{self._which(item, site)}{at}"

    def _which(self, item: int, site: int) -> str:
        program, items = self.plan.program, list(with_inner(self.plan.items))
        if item == 0:
            leaves = (*program.inputs, *program.state)
            return f"what '{leaves[site].name}' was given" if site >= 0 else "between two steps"
        if item > len(items):
            return f"the new value of '{self.plan.commits[item - 1 - len(items)][0].name}'"
        nodes, place = made(items[item - 1]), items[item - 1]
        if isinstance(place, Loop):
            return f"the loop over time (item {item})"
        kind = f"loop nest over {shapes.show(place.domain)}" if isinstance(place, Nest) else "task"
        if not 0 <= site < len(nodes) and isinstance(place, Nest):
            return f"the {kind} (item {item})"
        node = nodes[max(site, 0)]
        return f"{_written(node)} of shape {shapes.show(node.shape)}, in the {kind} (item {item})"


def _written(node: Node) -> str:
    """Write a node by its name, its layer and what it does to its inputs; what these are made of is left out."""
    text = show.text(node)
    if len(text) > LONGEST:
        text = show.text(node, name=lambda n: n.name or ("…" if n.inputs and n is not node else ""))
    layer = getattr(node.meaning, "label", "")
    return "".join([f"{node.name} = " if node.name else "", text, f" of layer {layer}" if layer else ""])
