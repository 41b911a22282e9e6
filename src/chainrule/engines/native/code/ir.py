"""LLVM IR as text, written by expressions: ``x * y + 1.0`` writes two instructions.

A :class:`Value` is a register or a literal, of a scalar or a vector type. A :class:`Code` is the body of a
function that is being written, a :class:`Module` the functions of one object file. No flag that lets LLVM
change a float's value is ever set.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chainrule.engines.native.code.types import I64, PTR, VOID, Type, alignment, folded, literal, whole
from chainrule.engines.native.machine import Machine

# Parameters that point to no array: to results on the caller's stack, and to what threads share.
OWN = ("result", "arguments", "team")


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A register or a literal. Operators write instructions; comparisons give truth values lane by lane."""

    code: "Code"
    text: str
    type: Type

    def __str__(self) -> str:  # as an instruction names it
        return f"{self.type} {self.text}"

    def other(self, x: Any) -> "Value":
        """Return x, a number as one of this type."""
        return x if isinstance(x, Value) else self.code.constant(x, self.type)

    def __add__(self, other: Any) -> "Value":
        return self.code.arithmetic("add", self, self.other(other))

    def __radd__(self, other: Any) -> "Value":
        return self.code.arithmetic("add", self.other(other), self)

    def __sub__(self, other: Any) -> "Value":
        return self.code.arithmetic("sub", self, self.other(other))

    def __rsub__(self, other: Any) -> "Value":
        return self.code.arithmetic("sub", self.other(other), self)

    def __mul__(self, other: Any) -> "Value":
        return self.code.arithmetic("mul", self, self.other(other))

    def __rmul__(self, other: Any) -> "Value":
        return self.code.arithmetic("mul", self.other(other), self)

    def __truediv__(self, other: Any) -> "Value":
        return self.code.arithmetic("div", self, self.other(other))

    def __rtruediv__(self, other: Any) -> "Value":
        return self.code.arithmetic("div", self.other(other), self)

    def __floordiv__(self, other: Any) -> "Value":
        return self.code.arithmetic("div", self, self.other(other))

    def __mod__(self, other: Any) -> "Value":
        return self.code.arithmetic("rem", self, self.other(other))

    def __and__(self, other: Any) -> "Value":
        return self.code.bitwise("and", self, self.other(other))

    def __or__(self, other: Any) -> "Value":
        return self.code.bitwise("or", self, self.other(other))

    def __xor__(self, other: Any) -> "Value":
        return self.code.bitwise("xor", self, self.other(other))

    def __lshift__(self, other: Any) -> "Value":
        return self.code.bitwise("shl", self, self.other(other))

    def __rshift__(self, other: Any) -> "Value":
        return self.code.bitwise("shr", self, self.other(other))

    def __lt__(self, other: Any) -> "Value":
        return self.code.compare("lt", self, self.other(other))

    def __le__(self, other: Any) -> "Value":
        return self.code.compare("le", self, self.other(other))

    def __gt__(self, other: Any) -> "Value":
        return self.code.compare("gt", self, self.other(other))

    def __ge__(self, other: Any) -> "Value":
        return self.code.compare("ge", self, self.other(other))

    def equals(self, other: Any) -> "Value":
        """Return where they are the same; NaN equals nothing."""
        return self.code.compare("eq", self, self.other(other))

    def differs(self, other: Any) -> "Value":
        """Return where they are not; NaN differs from itself too."""
        return self.code.compare("ne", self, self.other(other))

    def __neg__(self) -> "Value":
        return self.code.emit(self.type, f"fneg {self}") if self.type.is_float else 0 - self

    def __invert__(self) -> "Value":
        return self ^ (1 if self.type.kind == "b1" else -1)


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
        self.label: str = "entry"
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

    def index(self, value: Value | int) -> Value:
        """Return a whole number to count and address with."""
        return value if isinstance(value, Value) else Value(self, whole(value), I64)

    def arithmetic(self, what: str, a: Value, b: Value) -> Value:
        """Write add, sub, mul, div or rem; a sum of truth values is whether one holds, a product whether all do."""
        type = a.type
        if type.kind == "b1":
            return a | b if what == "add" else a & b
        if type.is_float:
            what = f"f{what}"
        elif what in ("div", "rem"):
            what = ("s" if type.is_signed else "u") + what
        elif type == I64 and (known := folded(what, a.text, b.text)) is not None:
            return Value(self, known, type)
        return self.emit(type, f"{what} {type} {a.text}, {b.text}")

    def bitwise(self, what: str, a: Value, b: Value) -> Value:
        """Write and, or, xor, shl or shr."""
        if what == "shr":
            what = "ashr" if a.type.is_signed else "lshr"
        return self.emit(a.type, f"{what} {a}, {b.text}")

    def compare(self, what: str, a: Value, b: Value) -> Value:
        """Write lt, le, gt, ge, eq or ne; NaN is unordered and unequal."""
        type = a.type
        if type.is_float:
            text = f"fcmp {'une' if what == 'ne' else 'o' + what}"
        else:
            sign = "" if what in ("eq", "ne") else "s" if type.is_signed else "u"
            text = f"icmp {sign}{what}"
        return self.emit(type.of("b1"), f"{text} {type} {a.text}, {b.text}")

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """Return a where the condition holds, else b."""
        return self.emit(a.type, f"select {condition}, {a}, {b}")

    def intrinsic(self, name: str, *arguments: Value, type: Type | None = None) -> Value:
        """Call one of LLVM's intrinsics that is overloaded on the type of its first argument."""
        first = arguments[0].type
        return self.call(f"llvm.{name}.{first.suffix()}", type or first, *arguments)

    def call(self, name: str, type: Type, *arguments: Value) -> Value:
        """Call a function by name; one that this module does not define is declared."""
        self.module.declare(name, type, [a.type for a in arguments])
        text = f"call {type} @{name}({', '.join(map(str, arguments))})"
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
        """Return |x|."""
        if x.type.is_float:
            return self.intrinsic("fabs", x)
        return self.maximum(x, -x) if x.type.is_signed else x

    def floor(self, x: Value) -> Value:
        """Return the largest whole number that is not above x, as a float."""
        return self.intrinsic("floor", x)

    def maximum(self, a: Value, b: Value | int) -> Value:
        """Return the larger one; NaN if one is NaN."""
        return self._extreme("max", a, a.other(b))

    def minimum(self, a: Value, b: Value | int) -> Value:
        """Return the smaller one; NaN if one is NaN."""
        return self._extreme("min", a, a.other(b))

    def _extreme(self, what: str, a: Value, b: Value) -> Value:
        if a.type.kind == "b1":
            return a | b if what == "max" else a & b
        if not a.type.is_float:
            return self.intrinsic(f"{'s' if a.type.is_signed else 'u'}{what}", a, b)
        # Two instructions on x86, where llvm.maximum takes five: the sign of a zero is not kept apart.
        chosen = self.select(a > b if what == "max" else a < b, a, b)  # b, where either is NaN
        return self.select(a.differs(a), a, chosen)

    def bitcast(self, x: Value, type: Type) -> Value:
        """Read the same bits as another type."""
        return self.emit(type, f"bitcast {x} to {type}")

    def _without_fraction(self, x: Value, want: Type) -> Value:
        """Make whole numbers of floats. Those beyond their type wrap round, as NumPy's do.

        NaN, and what no 64 bits hold, becomes some number, but one: the position that is checked is the one used.
        """
        wide = x.type.of("i64")
        if want.is_signed:
            made = self.emit(want, f"fptosi {x} to {want}")
            return self.emit(want, f"freeze {want} {made.text}")
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
        return self.emit(want, f"{word} {have} {x.text} to {want}")

    # --- vectors ---

    def splat(self, x: Value, lanes: int) -> Value:
        """Return a vector with a scalar in every lane."""
        if not lanes or x.type.lanes:
            return x
        type = Type(x.type.kind, lanes)
        if not x.text.startswith("%"):
            return Value(self, f"splat ({x})", type)
        one = self.emit(type, f"insertelement {type} poison, {x}, i64 0")
        return self.shuffle(one, [0] * lanes)

    def shuffle(self, x: Value, pick: Sequence[int], y: Value | None = None) -> Value:
        """Return lanes of x (and of y, counted on); -1 is any."""
        mask = ", ".join("i32 poison" if p < 0 else f"i32 {whole(p)}" for p in pick)
        others, type = "poison" if y is None else y.text, Type(x.type.kind, len(pick))
        return self.emit(type, f"shufflevector {x}, {x.type} {others}, <{len(pick)} x i32> <{mask}>")

    def lane(self, x: Value, position: Value | int) -> Value:
        """Return one lane as a scalar."""
        return self.emit(x.type.element, f"extractelement {x}, {self.index(position)}")

    def set_lane(self, x: Value, one: Value, position: Value | int) -> Value:
        """Return x with another scalar in one lane."""
        return self.emit(x.type, f"insertelement {x}, {one}, {self.index(position)}")

    def steps(self, type: Type) -> Value:
        """Return 0, 1, 2 ... in the lanes of a vector; 0 as a scalar."""
        if not type.lanes:
            return self.constant(0, type)
        return Value(self, "<" + ", ".join(f"{type.element} {i}" for i in range(type.lanes)) + ">", type)

    def first(self, count: Value, lanes: int) -> Value:
        """Return a mask of ``lanes`` truth values of which the first ``count`` are true."""
        return self.steps(Type("i32", lanes)) < self.splat(self.convert(count, "i32"), lanes)

    # --- memory ---

    def at(self, base: Value, offset: Value | int, type: Type) -> Value:
        """Return the address of an element; the offset counts elements."""
        offset = self.index(offset)
        if offset.text == "0":
            return base
        size = "i8" if type.kind == "b1" else type.element
        found = self.emit(PTR, f"getelementptr inbounds {size}, {base}, {offset}")
        if base.text in self.own:
            self.own.add(found.text)
        return found

    def load(self, address: Value, type: Type, mask: Value | None = None) -> Value:
        """Read an element, or as many side by side as the type has lanes. Truth values are bytes."""
        stored = type.of("i8") if type.kind == "b1" else type
        if self.module.guard is not None:
            address = self.module.guard(self, address, stored, mask, False)
        if mask is None:
            found = self.emit(stored, f"load {stored}, {address}{alignment(stored)}")
        else:
            name, nothing = f"llvm.masked.load.{stored.suffix()}.p0", Value(self, "zeroinitializer", stored)
            found = self.call(name, stored, self.aligned(address, stored), mask, nothing)
        return found.differs(0) if type.kind == "b1" else found

    def store(self, x: Value, address: Value, mask: Value | None = None) -> None:
        """Write an element, or as many as there are lanes."""
        if x.type.kind == "b1":
            x = self.emit(x.type.of("i8"), f"zext {x} to {x.type.of('i8')}")
        if self.module.guard is not None:
            address = self.module.guard(self, address, x.type, mask, True)
        if mask is None:
            self.do(f"store {x}, {address}{alignment(x.type)}")
        else:
            if not x.type.is_float and x.type.bits < 64:
                mask = self._unknown(mask)
            self.call(f"llvm.masked.store.{x.type.suffix()}.p0", VOID, x, self.aligned(address, x.type), mask)

    def _unknown(self, mask: Value) -> Value:
        """Return the same mask, of which LLVM is not to know what it is.

        Where LLVM 22 sees that one lane alone is stored, and that the number was made narrower, it stores all that the
        number was before: 8 bytes where there is room for 1, behind the end of an array.
        """
        lanes, word = mask.type.lanes, "i64" if mask.type.lanes > 32 else "i32"
        bits = self.emit(Type(word), f"bitcast {mask} to i{lanes}").text
        if f"i{lanes}" != word:
            bits = self.emit(Type(word), f"zext i{lanes} {bits} to {word}").text
        bits = self.opaque(Value(self, bits, Type(word))).text
        if f"i{lanes}" != word:
            bits = self.emit(Type(word), f"trunc {word} {bits} to i{lanes}").text
        return self.emit(mask.type, f"bitcast i{lanes} {bits} to {mask.type}")

    def aligned(self, address: Value, type: Type) -> Value:
        """Return an address as an argument that says how what lies there is aligned: at the size of an element."""
        return Value(self, f"align {max(type.bits // 8, 1)} {address.text}", address.type)

    def opaque(self, x: Value) -> Value:
        """Return the same word or address, of which LLVM is not to know how it came about."""
        return self.emit(x.type, f'call {x.type} asm "", "=r,0"({x})')

    def exchanged(self, address: Value, old: Value, new: Value) -> Value:
        """Put a word in place of an old one, for all threads at once; return whether that stood there."""
        pair = self.fresh("%pair")
        self.do(f"{pair} = cmpxchg {address}, {old}, {new} acq_rel monotonic")
        return self.emit(Type("b1"), f"extractvalue {{ i64, i1 }} {pair}, 1")

    def slot(self, type: Type) -> Value:
        """Return the address of room for one number on the stack."""
        return self._on_stack("slot", "i8" if type.kind == "b1" else str(type))

    def room(self, size: int) -> Value:
        """Return the address of so many bytes on the stack."""
        return self._on_stack("room", f"i8, i64 {whole(size)}, align 8")

    def _on_stack(self, what: str, size: str) -> Value:
        name = "%" + self.fresh(what)
        self.own.add(name)
        self.slots.append(f"  {name} = alloca {size}")
        return Value(self, name, PTR)

    # --- control ---

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Write what is inside where the function begins: it is at hand in all of it, branches and loops too."""
        self.lines, lines = self.slots, self.lines
        yield
        self.lines = lines

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
        first, last, by = map(self.index, (start, stop, step))
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
        phis = zip([index, *carried], [first, *carry], [following, *loop.next], strict=True)
        self.lines[place : place + 1 + len(carry)] = [
            f"  {phi.text} = phi {phi.type} [ {begin.text}, %{before} ], [ {after.text}, %{latch} ]"
            for phi, begin, after in phis
        ]
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
        """Return from the function; at its end one without a result does so by itself."""
        self.do(f"ret {x}" if x is not None else "ret void")


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
            self.declared[name] = f"declare {type} @{name}({', '.join(map(str, parameters))})"

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

    def once(self, name: str, parameters: Sequence[tuple[str, Type]], write: Callable[..., None]) -> str:
        """Return the name of a function of the module's own; ``write(code, *parameters)`` writes it the first time."""
        if name not in self.functions:
            with self.function(name, parameters, words="internal") as code:
                write(code, *code.parameters)
        return name

    def define(self, code: Code, type: Type = VOID, words: str = "", kept: bool = False) -> None:
        """Take in a function that is written; one that is to be kept is not written out where it is called."""
        if type is VOID:
            code.give()
        written = ", ".join(map(str, code.parameters))
        attributes = "nounwind noinline" if kept else "nounwind"
        head = f"define {words + ' ' if words else ''}{type} @{code.name}({written}) {attributes} {{"
        self.functions[code.name] = "\n".join([head, "entry:", *code.slots, *code.lines, "}"])

    def text(self) -> str:
        """The module as LLVM reads it."""
        declarations = [d for name, d in self.declared.items() if name not in self.functions]
        return "\n\n".join([*self.functions.values(), "\n".join(declarations), ""])
