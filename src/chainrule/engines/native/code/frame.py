"""A function while it is written: the lengths it knows, and how it reaches memory that is not plain rows."""

from collections.abc import Mapping
from math import copysign

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.types import I64, VOID, Type
from chainrule.engines.native.plan.views import Size

# What of a task is done: along which axis of its result, or letter of its product, and from where to where.
Part = tuple[int | str, Value, Value]

OUT_OF_RANGE, NOT_FINITE, NO_CLASS = 1, 2, 3  # what a status begins with; 0 is fine


class Frame:
    """A function's code, the lengths of the open axes in it, and where it reports what is wrong."""

    def __init__(self, code: Code, lengths: Mapping[str, Value], status: Value) -> None:
        self.code = code
        self.module: Module = code.module
        self.lengths: dict[str, Value] = dict(lengths)
        self.status = status

    def size(self, size: Size) -> Value:
        """Return a size as a number."""
        total = self.code.index(size.count)
        for name in size.extents:
            total = self.lengths[name] * total
        return total

    def widths(self, extents: list[Size], kinds: set[str]) -> list[int]:
        """Return into which vectors an innermost axis is cut; 0, last, is one element at a time."""
        if not extents:
            return [0]
        floats = [Type(k).bits for k in kinds if k[0] == "f"]
        lanes = self.module.machine.vector_bytes * 8 // max(floats, default=64)
        extent, masks = extents[-1], self.module.machine.has_masks
        if not extent.extents and extent.count < lanes:
            # The power of 2 that holds all of it, or where no lane can be left out, that is held by it.
            bits = (max(extent.count, 1) - 1).bit_length() if masks else max(extent.count, 1).bit_length() - 1
            lanes = max(1 << bits, 2)
        even = not extent.extents and extent.count % lanes == 0
        return [lanes] if masks or even else [lanes, 0]

    def gather(self, base: Value, offsets: Value, type: Type, mask: Value | None) -> Value:
        """Read elements that do not lie side by side."""
        code = self.code
        stored = type.of("i8") if type.kind == "b1" else type
        pointers = Type("ptr", type.lanes)
        where = code.emit(pointers, f"getelementptr {stored.element}, {base}, {offsets}")
        mask = mask or code.constant(1, Type("b1", type.lanes))
        where = code.aligned(checks.guarded_lanes(code, where, stored, mask), stored)
        name, nothing = f"{stored.suffix()}.v{type.lanes}p0", Value(code, "zeroinitializer", stored)
        found = code.call(f"llvm.masked.gather.{name}", stored, where, mask, nothing)
        return found.differs(0) if type.kind == "b1" else found

    def store_some(self, x: Value, address: Value, room: Value) -> None:
        """Store the first lanes of a vector, as many as there is room for."""
        code = self.code
        if self.module.machine.has_masks:
            code.store(x, address, code.first(code.minimum(room, x.type.lanes), x.type.lanes))
            return
        for lane in range(x.type.lanes):
            with code.when(room > lane):
                code.store(code.lane(x, lane), code.at(address, lane, x.type))

    def checked(self, positions: Value, length: Value, mask: Value | None) -> Value:
        """Return whole numbers from 0 to below length; what is out of range is reported and read as 0."""
        code, lanes = self.code, positions.type.lanes
        wide = code.splat(length, lanes)
        found = code.select(positions < 0, positions + wide, positions)
        bad = (found < 0) | (found >= wide)
        self._report(OUT_OF_RANGE, positions, bad, length, mask)
        return code.select(bad, code.constant(0, positions.type), found)

    def label(self, labels: Value, classes: int, mask: Value | None) -> Value:
        """Return labels as they are; one that is no class is reported."""
        wide = self.code.convert(labels, "i64")
        self._report(NO_CLASS, wide, (wide < 0) | (wide >= classes), self.code.index(classes), mask)
        return labels

    def _report(self, what: int, numbers: Value, bad: Value, length: Value, mask: Value | None) -> None:
        """Report one of the whole numbers that are bad."""
        code, lanes = self.code, numbers.type.lanes
        if mask is not None and lanes:
            bad = bad & mask
        any_bad = code.intrinsic("vector.reduce.or", bad, type=Type("b1")) if lanes else bad
        with code.when(any_bad):
            one = numbers
            if lanes:
                least = code.constant(-(2**62), numbers.type)
                one = code.intrinsic("vector.reduce.smax", code.select(bad, numbers, least), type=I64)
            # The first one is told: another part of the loop may find one at the same time.
            with code.when(code.exchanged(self.status, code.index(0), code.index(what))):
                code.store(one, code.at(self.status, 1, I64))
                code.store(length, code.at(self.status, 2, I64))

    def fill(self, base: Value, type: Type, count: Value, value: float) -> None:
        """Set so many elements to a value."""
        code = self.code
        if value == 0 and copysign(1, value) == 1:
            size = checks.within(code, count * (max(type.bits, 8) // 8), base)
            no = code.constant(False, Type("b1"))
            code.call("llvm.memset.p0.i64", VOID, base, code.constant(0, Type("i8")), size, no)
            return
        with code.loop(count) as loop:
            code.store(code.constant(value, type), code.at(base, loop.index, type))


def copy_bytes(code: Code, target: Value, source: Value, size: Value) -> None:
    """Copy memory that does not overlap."""
    size = checks.within(code, size, target, source)
    code.call("llvm.memcpy.p0.p0.i64", VOID, target, source, size, code.constant(False, Type("b1")))
