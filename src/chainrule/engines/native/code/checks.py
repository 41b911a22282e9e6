"""The debugging mode, ``CHAINRULE_CHECK=1``: code that asks before each access, and notes where a NaN begins.

Code written in this mode asks before each load and store whether the memory is its own; a bad access is led
to where it does no harm. Loops that threads would share are done in the same parts, one after the other, and
what a part reaches for is noted: no other part may write there. Each number that is NaN or infinite though it
was made from numbers that are not is noted as well. What is called is in :mod:`chainrule.engines.native.look.watch`.
Without the mode nothing here writes a thing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chainrule.engines.native.code.ir import Code, Value
from chainrule.engines.native.code.types import I64, PTR, VOID, Type

WHAT = ("access", "region", "part", "known", "enter", "begin", "note", "taint", "found", "time")
CALLS = [f"chainrule_check_{what}" for what in WHAT]
ACCESS, REGION, PART, KNOWN, ENTER, BEGIN, NOTE, TAINT, FOUND, TIME = CALLS
SCANS = {kind: f"chainrule_check_scan_{kind}" for kind in ("f32", "f64")}
NAN, INFINITE = 1, 2  # bits of what was found


# --- bounds, as code asks for them ---


def guard(code: Code, address: Value, type: Type, mask: Value | None, stores: bool) -> Value:
    """Return the address of a load or store if that is allowed, else one where it does no harm."""
    each, lanes = type.bits // 8, type.lanes
    if mask is None:
        return _allowed(code, address, code.index(each * max(lanes, 1)), stores)
    places = code.steps(Type("i32", lanes)) + 1
    reach = code.select(mask, places, code.constant(0, places.type))
    last = code.intrinsic("vector.reduce.smax", reach, type=Type("i32"))
    return _allowed(code, address, code.convert(last, "i64") * each, stores)


def guarded_lanes(code: Code, addresses: Value, type: Type, mask: Value) -> Value:
    """Return the addresses that a gather may read from."""
    if code.module.guard is None:
        return addresses
    for lane in range(type.lanes):
        size = code.convert(code.emit(Type("u8"), f"zext {code.lane(mask, lane)} to i8"), "i64")
        allowed = _allowed(code, code.lane(addresses, lane), size * (type.bits // 8), stores=False)
        addresses = code.set_lane(addresses, allowed, lane)
    return addresses


def within(code: Code, size: Value, target: Value, source: Value | None = None) -> Value:
    """Return how many bytes may be filled, or copied from a source: ``size``, or none."""
    if code.module.guard is None:
        return size
    for address, stores in ((target, True), (source, False)):
        if address is not None:
            allowed = _allowed(code, address, size, stores)
            size = code.select(allowed.equals(address), size, code.index(0))
    return size


def _allowed(code: Code, address: Value, size: Value, stores: bool) -> Value:
    if address.text in code.own:
        return address
    return code.call(ACCESS, PTR, address, size, code.index(code.site), code.index(int(stores)))


# --- what a step says of itself ---


def region(code: Code) -> None:
    """Note that a region has ended: what its parts did is none of those of the next."""
    if code.module.guard is not None:
        code.call(REGION, VOID)


def part(code: Code, number: Value | int) -> None:
    """Note that a part of a region begins, counted from 1; after the last comes number 0."""
    if code.module.guard is not None:
        code.call(PART, VOID, code.index(number))


def known(code: Code, base: Value, offset: Value, size: Value) -> None:
    """Open bytes of memory to the step; they must be its caller's."""
    if code.module.guard is not None:
        code.call(KNOWN, VOID, code.at(base, offset, Type("i8")), size)


def enter(code: Code, number: int) -> None:
    """Note that an item of the plan begins; after the last comes number 0."""
    if code.module.guard is not None:
        code.call(ENTER, VOID, code.index(number))


@contextmanager
def steps(code: Code) -> Iterator[None]:
    """Note that a loop begins; behind it the step of the loop around it goes on."""
    before = code.call(TIME, I64, code.index(0)) if code.module.guard is not None else None
    yield
    if before is not None:
        code.call(TIME, I64, before)


def step(code: Code, number: Value) -> None:
    """Note that a step of a loop begins, counted from 1."""
    if code.module.guard is not None:
        code.call(TIME, I64, number)


# --- numbers in registers ---


def watch(code: Code, inputs: Sequence[Value], x: Value, mask: Value | None) -> None:
    """Note a number that is NaN though none of those it was made from is, or infinite though all are finite."""
    if code.module.guard is None or not x.type.is_float:
        return
    nan, infinite = sorts(code, x)
    for given in inputs:
        if given.type.is_float:
            was_nan, was_infinite = sorts(code, code.splat(given, x.type.lanes))
            nan, infinite = nan & ~was_nan, infinite & ~(was_nan | was_infinite)
    code.call(NOTE, VOID, bits_of(code, nan, infinite, mask), code.index(code.site))


def taint(code: Code, x: Value, mask: Value | None) -> None:
    """Note that what is summed up holds NaN or infinities already."""
    if code.module.guard is not None and x.type.is_float:
        code.call(TAINT, VOID, bits_of(code, *sorts(code, x), mask))


def sorts(code: Code, x: Value) -> tuple[Value, Value]:
    """Return where x is NaN, and where it is infinite."""
    return x.differs(x), code.absolute(x).equals(float("inf"))


def bits_of(code: Code, nan: Value, infinite: Value, mask: Value | None) -> Value:
    """Return NAN and INFINITE, where a lane is so."""
    total = code.index(0)
    for where, bit in ((nan, NAN), (infinite, INFINITE)):
        if where.type.lanes:
            where = where & mask if mask is not None else where
            where = code.intrinsic("vector.reduce.or", where, type=Type("b1"))
        total = total | code.select(where, code.index(bit), code.index(0))
    return total
