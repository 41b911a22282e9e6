"""LLVM IR as text, written by expressions: ``x * y + 1.0`` writes two instructions.

A :class:`Value` is a register or a literal, of a scalar or a vector type. A :class:`Code` is the body of a
function that is being written, a :class:`Module` the functions of one object file. No flag that lets LLVM
change a float's value is ever set.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chainrule.engines.native.code.types import I64, PTR, VOID, Type, alignment, literal, whole
from chainrule.engines.native.machine import Machine

# Parameters that point to no array: to results on the caller's stack, and to what threads share.
OWN = ("result", "arguments", "team")


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A register or a literal. Operators write instructions; comparisons give truth values lane by lane."""

    code: "Code"
    text: str
    type: Type

    def _other(self, other: Any) -> "Value":
        return other if isinstance(other, Value) else self.code.constant(other, self.type)

    def __add__(self, other: Any) -> "Value":
        return self.code.arithmetic("add", self, self._other(other))

    def __radd__(self, other: Any) -> "Value":
        return self._other(other) + self

    def __sub__(self, other: Any) -> "Value":
        return self.code.arithmetic("sub", self, self._other(other))

    def __rsub__(self, other: Any) -> "Value":
        return self._other(other) - self

    def __mul__(self, other: Any) -> "Value":
        return self.code.arithmetic("mul", self, self._other(other))

    def __rmul__(self, other: Any) -> "Value":
        return self._other(other) * self

    def __truediv__(self, other: Any) -> "Value":
        return self.code.arithmetic("div", self, self._other(other))

    def __rtruediv__(self, other: Any) -> "Value":
        return self._other(other) / self

    def __floordiv__(self, other: Any) -> "Value":
        return self.code.arithmetic("div", self, self._other(other))

    def __mod__(self, other: Any) -> "Value":
        return self.code.arithmetic("rem", self, self._other(other))

    def __neg__(self) -> "Value":
        if self.type.is_float:
            return self.code.emit(self.type, f"fneg {self.type.ir} {self.text}")
        return self.code.constant(0, self.type) - self

    def __and__(self, other: Any) -> "Value":
        return self.code.bitwise("and", self, self._other(other))

    def __or__(self, other: Any) -> "Value":
        return self.code.bitwise("or", self, self._other(other))

    def __xor__(self, other: Any) -> "Value":
        return self.code.bitwise("xor", self, self._other(other))

    def __invert__(self) -> "Value":
        return self ^ (1 if self.type.kind == "b1" else -1)

    def __lshift__(self, other: Any) -> "Value":
        return self.code.bitwise("shl", self, self._other(other))

    def __rshift__(self, other: Any) -> "Value":
        return self.code.bitwise("ashr" if self.type.is_signed else "lshr", self, self._other(other))

    def __lt__(self, other: Any) -> "Value":
        return self.code.compare("lt", self, self._other(other))

    def __le__(self, other: Any) -> "Value":
        return self.code.compare("le", self, self._other(other))

    def __gt__(self, other: Any) -> "Value":
        return self.code.compare("gt", self, self._other(other))

    def __ge__(self, other: Any) -> "Value":
        return self.code.compare("ge", self, self._other(other))

    def equals(self, other: Any) -> "Value":
        """Compare; NaN equals nothing."""
        return self.code.compare("eq", self, self._other(other))

    def differs(self, other: Any) -> "Value":
        """Compare; NaN differs from everything, itself too."""
        return self.code.compare("ne", self, self._other(other))


@dataclass
class Iteration:
    """A loop that is being written: its index, what it carries, and what the next turn is to carry."""

    index: Value
    carried: list[Value]
    next: list[Value]


class Code:
    """The body of a function while it is written."""

    def __init__(self, module: "Module", name: str, parameters: Sequence[tuple[str, Type]]) -> None:
        self.module = module
        self.name = name
        self.parameters: list[Value] = []
        self.lines: list[str] = []
        self.slots: list[str] = []
        self.label = "entry"
        self.own: set[str] = set()  # pointers that are not checked
        self.site = -1  # which node of an item is being written
        self._count = 0
        for one in parameters:
            self.parameter(*one)

    # --- instructions ---

    def parameter(self, name: str, type: Type) -> Value:
        """Return one parameter more."""
        found = Value(self, f"%{name}", type)
        self.parameters.append(found)
        if name.startswith(OWN):
            self.own.add(found.text)
        return found

    def fresh(self, what: str = "v") -> str:
        """Return a name that no other register or block of this function has."""
        self._count += 1
        return f"{what}{self._count}"

    def emit(self, type: Type, text: str) -> Value:
        """Write an instruction whose result has ``type``."""
        name = "%" + self.fresh()
        self.lines.append(f"  {name} = {text}")
        return Value(self, name, type)

    def do(self, text: str) -> None:
        """Write an instruction without a result."""
        self.lines.append(f"  {text}")

    def constant(self, value: Any, type: Type) -> Value:
        """Return a literal."""
        return Value(self, literal(value, type), type)

    def index(self, value: int) -> Value:
        """Return a whole number to count and address with."""
        return Value(self, whole(value), I64)

    def arithmetic(self, what: str, a: Value, b: Value) -> Value:
        """Write add, sub, mul, div or rem."""
        type = a.type
        if type.is_float:
            what = f"f{what}"
        elif what in ("div", "rem"):
            what = ("s" if type.is_signed else "u") + what
        elif what == "mul" and type == I64 and "1" in (a.text, b.text):
            return b if a.text == "1" else a
        elif a.text.lstrip("-").isdigit() and b.text.lstrip("-").isdigit() and type == I64:
            x, y = int(a.text), int(b.text)
            return self.index({"add": x + y, "sub": x - y, "mul": x * y}[what])
        return self.emit(type, f"{what} {type.ir} {a.text}, {b.text}")

    def bitwise(self, what: str, a: Value, b: Value) -> Value:
        """Write and, or, xor, shl, lshr or ashr."""
        return self.emit(a.type, f"{what} {a.type.ir} {a.text}, {b.text}")

    def compare(self, what: str, a: Value, b: Value) -> Value:
        """Write lt, le, gt, ge, eq or ne; NaN is unordered and unequal."""
        type = a.type
        if type.is_float:
            text = f"fcmp {'une' if what == 'ne' else 'o' + what}"
        else:
            sign = "" if what in ("eq", "ne") else "s" if type.is_signed else "u"
            text = f"icmp {sign}{what}"
        return self.emit(type.of("b1"), f"{text} {type.ir} {a.text}, {b.text}")

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """Return a where the condition holds, else b."""
        return self.emit(
            a.type,
            f"select {condition.type.ir} {condition.text}, {a.type.ir} {a.text}, {b.type.ir} {b.text}",
        )

    def intrinsic(self, name: str, *arguments: Value, type: Type | None = None) -> Value:
        """Call one of LLVM's intrinsics that is overloaded on the type of its first argument."""
        first = arguments[0].type
        return self.call(f"llvm.{name}.{first.suffix()}", type or first, *arguments)

    def call(self, name: str, type: Type, *arguments: Value) -> Value:
        """Call a function by name; one that this module does not define is declared."""
        self.module.declare(name, type, [a.type for a in arguments])
        written = ", ".join(f"{a.type.ir} {a.text}" for a in arguments)
        text = f"call {type.ir} @{name}({written})"
        if type is VOID:
            self.do(text)
            return Value(self, "", VOID)
        return self.emit(type, text)

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """Return a · b + c, rounded once where the CPU can, twice where it cannot."""
        if self.module.machine.has_fma:
            return self.intrinsic("fma", a, b, c)
        return a * b + c

    def sqrt(self, x: Value) -> Value:
        """Return the square root, correctly rounded."""
        return self.intrinsic("sqrt", x)

    def absolute(self, x: Value) -> Value:
        """Return |x| of a float."""
        return self.intrinsic("fabs", x)

    def floor(self, x: Value) -> Value:
        """Return the largest whole number that is not above x, as a float."""
        return self.intrinsic("floor", x)

    def maximum(self, a: Value, b: Value) -> Value:
        """Return the larger one; NaN if one is NaN."""
        if a.type.is_float:
            return self._extreme("maximum", ">", a, b)
        return self.intrinsic("smax" if a.type.is_signed else "umax", a, b)

    def minimum(self, a: Value, b: Value) -> Value:
        """Return the smaller one; NaN if one is NaN."""
        if a.type.is_float:
            return self._extreme("minimum", "<", a, b)
        return self.intrinsic("smin" if a.type.is_signed else "umin", a, b)

    def _extreme(self, name: str, sign: str, a: Value, b: Value) -> Value:
        # Two instructions on x86, where llvm.maximum takes five: the sign of a zero is not kept apart.
        kept = self.emit(
            a.type.of("b1"), f"fcmp o{'gt' if sign == '>' else 'lt'} {a.type.ir} {a.text}, {b.text}"
        )
        larger = self.select(kept, a, b)  # b, where either is NaN
        return self.select(a.differs(a), a, larger)

    def bitcast(self, x: Value, type: Type) -> Value:
        """Read the same bits as another type."""
        return self.emit(type, f"bitcast {x.type.ir} {x.text} to {type.ir}")

    def _without_fraction(self, x: Value, want: Type) -> Value:
        """Make whole numbers of floats. Those beyond their type wrap round, as NumPy's do.

        NaN, and what no 64 bits hold, becomes some number, but one: the position that is checked is the one used.
        """
        wide = x.type.of("i64")
        if want.is_signed:
            made = self.emit(want, f"fptosi {x.type.ir} {x.text} to {want.ir}")
            return self.emit(want, f"freeze {want.ir} {made.text}")
        low = self._without_fraction(x, wide)
        if want.bits < 64:
            return self.convert(low, want.kind)
        high = self._without_fraction(x - 2.0**63, wide) ^ -(2**63)
        return Value(self, self.select(x >= 2.0**63, high, low).text, want)

    def convert(self, x: Value, kind: str) -> Value:
        """Convert to another kind of number as C does; a number is true if it is not 0."""
        have, want = x.type, x.type.of(kind)
        if have.kind == kind:
            return x
        if kind == "b1":
            return x.differs(0)
        if have.is_float and want.is_float:
            word = "fpext" if want.bits > have.bits else "fptrunc"
        elif have.is_float:
            return self._without_fraction(x, want)
        elif want.is_float:
            word = "sitofp" if have.is_signed else "uitofp"
        elif want.bits > have.bits:
            word = "sext" if have.is_signed else "zext"
        elif want.bits < have.bits:
            word = "trunc"
        else:
            return Value(self, x.text, want)
        return self.emit(want, f"{word} {have.ir} {x.text} to {want.ir}")

    # --- vectors ---

    def splat(self, x: Value, lanes: int) -> Value:
        """Return a vector with a scalar in every lane."""
        if not lanes or x.type.lanes:
            return x
        type = Type(x.type.kind, lanes)
        if not x.text.startswith("%"):
            return Value(self, f"splat ({x.type.ir} {x.text})", type)
        one = self.emit(type, f"insertelement {type.ir} poison, {x.type.ir} {x.text}, i64 0")
        return self.shuffle(one, [0] * lanes)

    def shuffle(self, x: Value, pick: Sequence[int], y: Value | None = None) -> Value:
        """Return lanes of x (and of y, counted on); -1 is any."""
        mask = ", ".join("i32 poison" if p < 0 else f"i32 {whole(p)}" for p in pick)
        other = "poison" if y is None else y.text
        type = Type(x.type.kind, len(pick))
        return self.emit(
            type,
            f"shufflevector {x.type.ir} {x.text}, {x.type.ir} {other}, <{len(pick)} x i32> <{mask}>",
        )

    def lane(self, x: Value, position: Value | int) -> Value:
        """Return one lane as a scalar."""
        where = position.text if isinstance(position, Value) else whole(position)
        return self.emit(x.type.element, f"extractelement {x.type.ir} {x.text}, i64 {where}")

    def set_lane(self, x: Value, one: Value, position: Value | int) -> Value:
        """Return x with another scalar in one lane."""
        where = position.text if isinstance(position, Value) else whole(position)
        return self.emit(x.type, f"insertelement {x.type.ir} {x.text}, {one.type.ir} {one.text}, i64 {where}")

    def steps(self, type: Type) -> Value:
        """Return 0, 1, 2 ... in the lanes of a vector; 0 as a scalar."""
        if not type.lanes:
            return self.constant(0, type)
        return Value(self, "<" + ", ".join(f"{type.element.ir} {i}" for i in range(type.lanes)) + ">", type)

    def first(self, count: Value, lanes: int) -> Value:
        """Return a mask of ``lanes`` truth values of which the first ``count`` are true."""
        return self.steps(Type("i32", lanes)) < self.splat(self.convert(count, "i32"), lanes)

    # --- memory ---

    def at(self, base: Value, offset: Value, type: Type) -> Value:
        """Return the address of an element; the offset counts elements."""
        if offset.text == "0":
            return base
        size = "i8" if type.kind == "b1" else type.element.ir
        found = self.emit(PTR, f"getelementptr inbounds {size}, ptr {base.text}, i64 {offset.text}")
        if base.text in self.own:
            self.own.add(found.text)
        return found

    def load(self, address: Value, type: Type, mask: Value | None = None) -> Value:
        """Read an element, or as many side by side as the type has lanes. Truth values are bytes."""
        stored = type.of("i8") if type.kind == "b1" else type
        align = max(stored.bits // 8, 1)
        if self.module.guard is not None:
            address = self.module.guard(self, address, stored, mask, False)
        if mask is None:
            found = self.emit(stored, f"load {stored.ir}, ptr {address.text}{alignment(stored)}")
        else:
            name = f"llvm.masked.load.{stored.suffix()}.p0"
            self.module.declare(name, stored, [PTR, Type("b1", stored.lanes), stored])
            found = self.emit(
                stored,
                f"call {stored.ir} @{name}(ptr align {align} {address.text}, {mask.type.ir} {mask.text}, "
                f"{stored.ir} zeroinitializer)",
            )
        return found.differs(0) if type.kind == "b1" else found

    def store(self, x: Value, address: Value, mask: Value | None = None) -> None:
        """Write an element, or as many as there are lanes."""
        if x.type.kind == "b1":
            x = self.emit(x.type.of("i8"), f"zext {x.type.ir} {x.text} to {x.type.of('i8').ir}")
        align = max(x.type.bits // 8, 1)
        if self.module.guard is not None:
            address = self.module.guard(self, address, x.type, mask, True)
        if mask is None:
            self.do(f"store {x.type.ir} {x.text}, ptr {address.text}{alignment(x.type)}")
            return
        name = f"llvm.masked.store.{x.type.suffix()}.p0"
        self.module.declare(name, VOID, [x.type, PTR, Type("b1", x.type.lanes)])
        self.do(
            f"call void @{name}({x.type.ir} {x.text}, ptr align {align} {address.text}, "
            f"{mask.type.ir} {mask.text})"
        )

    def exchanged(self, address: Value, old: Value, new: Value) -> Value:
        """Put a word in place of an old one, for all threads at once; return whether that stood there."""
        pair = self.fresh("%pair")
        self.do(f"{pair} = cmpxchg ptr {address.text}, i64 {old.text}, i64 {new.text} acq_rel monotonic")
        return self.emit(Type("b1"), f"extractvalue {{ i64, i1 }} {pair}, 1")

    def slot(self, type: Type) -> Value:
        """Return the address of room for one number on the stack."""
        name = "%" + self.fresh("slot")
        self.own.add(name)
        self.slots.append(f"  {name} = alloca {'i8' if type.kind == 'b1' else type.ir}")
        return Value(self, name, PTR)

    def room(self, size: int) -> Value:
        """Return the address of so many bytes on the stack."""
        name = "%" + self.fresh("room")
        self.own.add(name)
        self.slots.append(f"  {name} = alloca i8, i64 {whole(size)}, align 8")
        return Value(self, name, PTR)

    # --- control ---

    def block(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.label = label

    def branch(self, label: str) -> None:
        """Leave the block for another."""
        self.do(f"br label %{label}")

    def fork(self, condition: Value, yes: str, no: str) -> None:
        """Leave the block for one of two."""
        self.do(f"br i1 {condition.text}, label %{yes}, label %{no}")

    @contextmanager
    def loop(
        self, stop: Value | int, carry: Sequence[Value] = (), start: Value | int = 0, step: Value | int = 1
    ) -> Iterator[Iteration]:
        """Count from start to below stop. Afterwards ``loop.carried`` are the values that came out."""
        first, last, by = (x if isinstance(x, Value) else self.index(x) for x in (start, stop, step))
        head, body, latch, done = (self.fresh(w) for w in ("head", "body", "latch", "done"))
        before = self.label
        self.branch(head)
        self.block(head)
        place = len(self.lines)
        self.lines.extend([""] * (1 + len(carry)))
        index = Value(self, "%" + self.fresh("i"), I64)
        carried = [Value(self, "%" + self.fresh("c"), c.type) for c in carry]
        self.fork(index < last, body, done)
        self.block(body)
        loop = Iteration(index, carried, list(carried))
        yield loop
        self.branch(latch)
        self.block(latch)
        following = index + by
        self.branch(head)
        self.lines[place] = (
            f"  {index.text} = phi i64 [ {first.text}, %{before} ], [ {following.text}, %{latch} ]"
        )
        for n, (phi, begin, after) in enumerate(zip(carried, carry, loop.next, strict=True), start=1):
            self.lines[place + n] = (
                f"  {phi.text} = phi {phi.type.ir} [ {begin.text}, %{before} ], [ {after.text}, %{latch} ]"
            )
        self.block(done)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Do what is written inside only if the scalar condition holds."""
        yes, done = self.fresh("then"), self.fresh("done")
        self.fork(condition, yes, done)
        self.block(yes)
        yield
        self.branch(done)
        self.block(done)

    def give(self, x: Value | None = None) -> None:
        """Return from the function."""
        self.do(f"ret {x.type.ir} {x.text}" if x is not None else "ret void")


@dataclass
class Module:
    """The functions of one object file.

    Attributes:
        machine: What it is written for.
        guard: What makes an address safe to load from or store to, where that is checked; it is given the code,
            the address, what lies there, a mask, and whether it is stored.
        parts: Into how many parts each loop that may be shared is cut, whatever its size; 0: by its size.
    """

    machine: Machine
    guard: "Callable[[Code, Value, Type, Value | None, bool], Value] | None" = None
    parts: int = 0
    functions: dict[str, str] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)

    def lanes(self, kind: str) -> int:
        """Return how many elements of a kind fill a register."""
        return self.machine.vector_bytes * 8 // max(Type(kind).bits, 8)

    def declare(self, name: str, type: Type, parameters: Sequence[Type]) -> None:
        """Note that a function is called."""
        if name not in self.declared:
            self.declared[name] = f"declare {type.ir} @{name}({', '.join(p.ir for p in parameters)})"

    def counter(self, name: str) -> str:
        """Note a number that outlives calls, 0 at first; return its address."""
        self.declared[name] = f"@{name} = internal global i64 0"
        return f"@{name}"

    @contextmanager
    def function(
        self, name: str, parameters: Sequence[tuple[str, Type]], type: Type = VOID, words: str = ""
    ) -> Iterator[Code]:
        """Write a function; ``words`` is its linkage, such as "internal"."""
        code = Code(self, name, parameters)
        yield code
        self.define(code, type, words)

    def define(self, code: Code, type: Type = VOID, words: str = "") -> None:
        """Take in a function that is written."""
        written = ", ".join(f"{p.type.ir} {p.text}" for p in code.parameters)
        head = f"define {words + ' ' if words else ''}{type.ir} @{code.name}({written}) nounwind {{"
        self.functions[code.name] = "\n".join([head, "entry:", *code.slots, *code.lines, "}"])

    def text(self) -> str:
        """The module as LLVM reads it."""
        declarations = [d for name, d in self.declared.items() if name not in self.functions]
        return "\n\n".join([*self.functions.values(), "\n".join(declarations), ""])
