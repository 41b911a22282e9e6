"""The debugging mode, ``CHAINRULE_CHECK=1``: every access to memory is checked, and where a NaN came from.

Code written in this mode asks before each load and store whether it lies in memory that is known, and notes
each number that is NaN or infinite though it was made from numbers that are not. What it asks is a library
of its own, and what that knows a table of words: who calls machine code fills it in, the step itself adds
which leaves and places of the arena it takes for its own. A bad access is led to memory where it does no
harm, and reported once the call returns.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import Array, addressof, c_int64, sizeof
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.native import build
from chainrule.engines.native.cache import cached
from chainrule.engines.native.ir import I64, PTR, VOID, Code, Module, Type, Value, type_of
from chainrule.engines.native.memory import made
from chainrule.engines.native.schedule import Item, Nest, Schedule, memory_source
from chainrule.engines.native.views import Size, product
from chainrule.errors import ChainruleError, EngineWarning
from chainrule.graph import shapes, show
from chainrule.graph.node import Node, leaf_key

if TYPE_CHECKING:
    from chainrule.engines.native.lower import Lowering

ACCESS, KNOWN, ENTER, BEGIN, NOTE, TAINT, FOUND = (
    f"chainrule_check_{what}" for what in ("access", "known", "enter", "begin", "note", "taint", "found")
)
SCANS = {kind: f"chainrule_check_scan_{kind}" for kind in ("f32", "f64")}
NAMES = (ACCESS, KNOWN, ENTER, BEGIN, NOTE, TAINT, FOUND, *SCANS.values())
TABLE, HARMLESS = "chainrule_check_table", "chainrule_check_harmless"

# The words of the table. Ranges from FIRST to before LAST are open now; those from FIXED on, tables of pointers
# and lengths, are open within a step too; the caller gave the first GIVEN of them, and a step appends at END.
FIRST, LAST, FIXED, GIVEN, END, ITEM, STEP, TAINTED = range(8)
FAULT, ORIGINS, RANGES = 8, 16, 32  # a fault: whether, address, bytes; then where: item, site, step
NAN, INFINITE = 1, 2  # bits
WIDEST = 64  # bytes that one instruction loads or stores
TABLES = 16  # arguments of a call that point to tables
LONGEST = 60  # characters of an expression that is written in full

_lock = threading.Lock()  # one table for the process: in this mode one call at a time


class AccessError(ChainruleError, RuntimeError):
    """Machine code read or wrote memory that is not its own: a defect of the engine, not of the program."""


def wanted() -> bool:
    """Say whether programs are to be compiled with checks."""
    return os.environ.get("CHAINRULE_CHECK", "") not in ("", "0")


# --- bounds, as code asks for them ---


def guard(code: Code, address: Value, type: Type, mask: Value | None) -> Value:
    """Return the address of a load or store if that is allowed, else one where it does no harm."""
    each, lanes = type.bits // 8, type.lanes
    if mask is None:
        return _allowed(code, address, code.index(each * max(lanes, 1)))
    places = code.steps(Type("i32", lanes)) + 1
    reach = code.select(mask, places, code.constant(0, places.type))
    last = code.intrinsic("vector.reduce.smax", reach, type=Type("i32"))
    return _allowed(code, address, code.convert(last, "i64") * each)


def guarded_lanes(code: Code, addresses: Value, type: Type, mask: Value) -> Value:
    """Return the addresses that a gather may read from."""
    if code.module.guard is None:
        return addresses
    for lane in range(type.lanes):
        size = code.convert(code.emit(Type("u8"), f"zext i1 {code.lane(mask, lane).text} to i8"), "i64")
        allowed = _allowed(code, code.lane(addresses, lane), size * (type.bits // 8))
        addresses = code.set_lane(addresses, allowed, lane)
    return addresses


def within(code: Code, size: Value, *addresses: Value) -> Value:
    """Return how many bytes may be copied or filled: ``size``, or none."""
    if code.module.guard is None:
        return size
    for address in addresses:
        same = code.emit(Type("b1"), f"icmp eq ptr {_allowed(code, address, size).text}, {address.text}")
        size = code.select(same, size, code.index(0))
    return size


def _allowed(code: Code, address: Value, size: Value) -> Value:
    if address.text in code.own:
        return address
    return code.call(ACCESS, PTR, address, size, code.index(code.site))


# --- what a step says of itself ---


def known(code: Code, base: Value, offset: Value, size: Value) -> None:
    """Open bytes of memory to the step; they must be its caller's."""
    if code.module.guard is not None:
        code.call(KNOWN, VOID, code.at(base, offset, Type("i8")), size)


def begin(low: Lowering, tables: dict[str, Value]) -> None:
    """Open the leaves to the step, and look whether they hold NaN or infinities already."""
    code, program = low.code, low.plan.program
    if code.module.guard is None:
        return
    leaves = {"inputs": program.inputs, "state": program.state, "constants": low.constants}
    found: list[tuple[Node, Value]] = []
    for key, nodes in [*leaves.items(), ("outputs", program.outputs)]:
        for i, node in enumerate(nodes):
            address = code.load(code.at(tables[key], code.index(i), PTR), PTR)
            known(code, address, code.index(0), low.size(product(node.shape) * Size(node.dtype.itemsize)))
            if key in ("inputs", "state") and node.dtype.kind == "f":
                found.append((node, _scan(low, address, node)))
    state = code.index(0)
    for node, bits in found[len([n for n in program.inputs if n.dtype.kind == "f"]) :]:
        state = state | bits
    code.call(BEGIN, VOID, state)
    position = {leaf_key(n): i for i, n in enumerate((*program.inputs, *program.state))}
    for node, bits in found:
        code.call(NOTE, VOID, bits, code.index(position[leaf_key(node)]))


def enter(low: Lowering, number: int) -> None:
    """Note that an item of the schedule begins; after the last comes number 0."""
    if low.module.guard is not None:
        low.code.call(ENTER, VOID, low.code.index(number))


@contextmanager
def watched(low: Lowering, number: int, item: Item) -> Iterator[None]:
    """Note that an item begins; after it, look through the sums and products that it made."""
    enter(low, number)
    yield
    if low.module.guard is None:
        return
    code = low.code
    if not isinstance(item, Nest):
        for x in item.node.inputs:
            source = memory_source(x)
            if source.dtype.kind == "f" and source.row.name != "length":
                code.call(TAINT, VOID, _bits_of(low, source))
    for site, node in enumerate(made(item)):
        if node.dtype.kind == "f" and not (isinstance(item, Nest) and node in item.nodes):
            code.call(FOUND, VOID, _bits_of(low, node), code.index(site))


def _bits_of(low: Lowering, node: Node) -> Value:
    if node in low.scalars or not low.has_memory(node):
        return _bits(low.code, *_sorts(low.code, low.scalar(node)), None)
    return _scan(low, low.address(low.plan.view(node)), node)


def _scan(low: Lowering, address: Value, node: Node) -> Value:
    return low.code.call(SCANS[type_of(node.dtype).kind], I64, address, low.size(product(node.shape)))


# --- numbers in registers ---


def watch(code: Code, inputs: Sequence[Value], x: Value, mask: Value | None) -> None:
    """Note a number that is NaN though none of those it was made from is, or infinite though all are finite."""
    if code.module.guard is None or not x.type.is_float:
        return
    nan, infinite = _sorts(code, x)
    for given in inputs:
        if given.type.is_float:
            was_nan, was_infinite = _sorts(code, code.splat(given, x.type.lanes))
            nan, infinite = nan & ~was_nan, infinite & ~(was_nan | was_infinite)
    code.call(NOTE, VOID, _bits(code, nan, infinite, mask), code.index(code.site))


def taint(code: Code, x: Value, mask: Value | None) -> None:
    """Note that what is summed up holds NaN or infinities already."""
    if code.module.guard is not None and x.type.is_float:
        code.call(TAINT, VOID, _bits(code, *_sorts(code, x), mask))


def _sorts(code: Code, x: Value) -> tuple[Value, Value]:
    """Return where x is NaN, and where it is infinite."""
    return x.differs(x), code.absolute(x).equals(float("inf"))


def _bits(code: Code, nan: Value, infinite: Value, mask: Value | None) -> Value:
    """Return NAN and INFINITE, where a lane is so."""
    total = code.index(0)
    for where, bit in ((nan, NAN), (infinite, INFINITE)):
        if where.type.lanes:
            where = where & mask if mask is not None else where
            where = code.intrinsic("vector.reduce.or", where, type=Type("b1"))
        total = total | code.select(where, code.index(bit), code.index(0))
    return total


# --- the library ---


@lru_cache(maxsize=1)
def library() -> build.Library:
    """Return what checked code calls, and the table it looks into."""
    module = build.machine().module()
    _write_access(module)
    _write_records(module)
    for kind, name in SCANS.items():
        _write_scan(module, name, kind)
    words = f"@{TABLE} = global ptr null\n@{HARMLESS} = global [{WIDEST} x i8] zeroinitializer, align {WIDEST}\n\n"
    text = words + module.text()
    return build.Library(cached(build.machine().key + text, lambda: build.object_code(text)), [*NAMES, TABLE])


def symbols() -> dict[str, int]:
    """Return where the functions are that checked code calls."""
    return {name: library().address(name) for name in NAMES}


class _Words:
    """The words of the table, in code."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.table = code.load(Value(code, f"@{TABLE}", PTR), PTR)

    def at(self, place: Value | int) -> Value:
        where = place if isinstance(place, Value) else self.code.index(place)
        return self.code.at(self.table, where, I64)

    def __getitem__(self, place: Value | int) -> Value:
        return self.code.load(self.at(place), I64)

    def __setitem__(self, place: Value | int, x: Value | int) -> None:
        self.code.store(x if isinstance(x, Value) else self.code.index(x), self.at(place))

    def record(self, place: int, values: Sequence[Value]) -> None:
        """Write values from a place on, then where the step is, unless something stands there already."""
        with self.code.when(self[place].equals(0)):
            for i, x in enumerate([self.code.index(1), *values, self[ITEM], self[STEP]]):
                self[place + i] = x


def _write_access(module: Module) -> None:
    with module.function(ACCESS, [("address", PTR), ("size", I64), ("site", I64)], PTR) as code:
        address, size, site = code.parameters
        words = _Words(code)
        begins = code.emit(I64, f"ptrtoint ptr {address.text} to i64")
        with code.loop(words[LAST], [size.equals(0)], start=words[FIRST]) as loop:
            start, end = (words[loop.index * 2 + (RANGES + i)] for i in (0, 1))
            loop.next = [loop.carried[0] | ((start <= begins) & (begins + size <= end))]
        fine = loop.carried[0]
        with code.when(~fine):
            words.record(FAULT, [begins, size, site])
        code.give(code.select(fine, address, Value(code, f"@{HARMLESS}", PTR)))
    with module.function(KNOWN, [("address", PTR), ("size", I64)]) as code:
        address, size = code.parameters
        words = _Words(code)
        code.call(ACCESS, PTR, address, size, code.index(-1))
        begins, at = code.emit(I64, f"ptrtoint ptr {address.text} to i64"), words[END]
        words[at * 2 + RANGES], words[at * 2 + (RANGES + 1)] = begins, begins + size
        words[END] = at + 1
        code.give()
    with module.function(ENTER, [("item", I64)]) as code:
        words, (item,) = _Words(code), code.parameters
        words[ITEM], words[TAINTED] = item, 0
        with code.when(item.equals(1)):
            words[FIRST], words[LAST] = words[FIXED], words[END]
        with code.when(item.equals(0)):
            words[FIRST], words[LAST], words[END] = 0, words[GIVEN], words[GIVEN]
            words[STEP] = words[STEP] + 1
        code.give()


def _write_records(module: Module) -> None:
    with module.function(BEGIN, [("bits", I64)]) as code:
        words, (bits,) = _Words(code), code.parameters
        with code.when(bits.equals(0)):  # what went wrong before left no trace
            words[ORIGINS], words[ORIGINS + 4] = 0, 0
        code.give()
    with module.function(NOTE, [("bits", I64), ("site", I64)]) as code:
        words, (bits, site) = _Words(code), code.parameters
        for i, bit in enumerate((NAN, INFINITE)):
            with code.when((bits & bit).differs(0)):
                words.record(ORIGINS + 4 * i, [site])
        code.give()
    with module.function(TAINT, [("bits", I64)]) as code:
        words = _Words(code)
        words[TAINTED] = words[TAINTED] | code.parameters[0]
        code.give()
    with module.function(FOUND, [("bits", I64), ("site", I64)]) as code:
        bits, site = code.parameters
        before = _Words(code)[TAINTED]
        code.call(NOTE, VOID, bits & ~(before | (before << 1)), site)  # what had a NaN may well be infinite
        code.give()


def _write_scan(module: Module, name: str, kind: str) -> None:
    with module.function(name, [("address", PTR), ("count", I64)], I64) as code:
        address, count = code.parameters
        allowed = code.call(ACCESS, PTR, address, count * (Type(kind).bits // 8), code.index(-1))
        same = code.emit(Type("b1"), f"icmp eq ptr {allowed.text}, {address.text}")
        with code.loop(code.select(same, count, code.index(0)), [code.index(0)]) as loop:
            x = code.load(code.at(address, loop.index, Type(kind)), Type(kind))
            loop.next = [loop.carried[0] | _bits(code, *_sorts(code, x), None)]
        code.give(loop.carried[0])


# --- calls ---


class Watch:
    """Calls of a program's code that are watched: what memory they may touch, and what they were found to do."""

    def __init__(self, plan: Schedule, places: int, arrays: Sequence[np.ndarray]) -> None:
        """Know the arrays that the code is given; it has ``places`` in its arena."""
        self.plan = plan
        self._arrays = [(x.__array_interface__["data"][0], x.nbytes) for x in arrays]
        self._table = np.zeros(RANGES + 2 * (2 * len(arrays) + TABLES + places), np.int64)

    def around(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return the function, watched; AccessError where it goes astray."""

        def call(*arguments: Any) -> None:
            words = self._table
            tables = [(addressof(x), sizeof(x)) for x in arguments if isinstance(x, Array)]
            ranges = [*self._arrays, *tables]
            words[[FIRST, LAST, FIXED, GIVEN, END]] = (
                0,
                len(ranges),
                len(self._arrays),
                len(ranges),
                len(ranges),
            )
            words[[ITEM, FAULT]] = 0
            for i, (begins, size) in enumerate(ranges):
                words[RANGES + 2 * i : RANGES + 2 * i + 2] = begins, begins + size
            with _lock:
                c_int64.from_address(library().address(TABLE)).value = words.ctypes.data
                function(*arguments)
            if words[FAULT]:
                raise AccessError(self._fault())

        return call

    def warn(self, per_epoch: int = 1) -> None:
        """Say where the first NaN and the first infinity of the last step, or what it began with, came from."""
        found = []
        for i, what in enumerate(("NaN", "infinite number")):
            is_set, site, item, step = self._table[ORIGINS + 4 * i : ORIGINS + 4 * i + 4].tolist()
            if is_set:
                epoch, turn = divmod(step, per_epoch)
                when = f" (epoch {epoch + 1}, step {turn + 1})" if per_epoch > 1 or step else ""
                found.append(f"the first {what} is {self._where(item, site)}{when}")
        if found:
            text = " and ".join(found)
            warnings.warn(f"{text[0].upper()}{text[1:]}.", EngineWarning, stacklevel=4)

    def _fault(self) -> str:
        address, size, site, item, step = self._table[FAULT + 1 : FAULT + 6].tolist()
        return (
            f"Machine code reached for {size} bytes at {address:#x}, which are not its own: "
            f"{self._where(item, site)}, in step {step + 1} of the call."
        )

    def _where(self, item: int, site: int) -> str:
        program, items = self.plan.program, self.plan.items
        if item == 0:
            leaves = (*program.inputs, *program.state)
            return f"what '{leaves[site].name}' was given" if site >= 0 else "between two steps"
        if item > len(items):
            return f"the new value of '{self.plan.commits[item - 1 - len(items)][0].name}'"
        nodes, place = made(items[item - 1]), items[item - 1]
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
