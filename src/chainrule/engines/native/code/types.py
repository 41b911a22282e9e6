"""Types of LLVM's language, and numbers as it writes them."""

import operator
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.errors import UnsupportedError, short

_NAMES = {"f32": "float", "f64": "double", "b1": "i1", "ptr": "ptr", "void": "void"}
_DTYPES = {"float32": "f32", "float64": "f64", "bool": "b1"}
for _bits in (8, 16, 32, 64):
    _NAMES |= {f"i{_bits}": f"i{_bits}", f"u{_bits}": f"i{_bits}"}
    _DTYPES |= {f"int{_bits}": f"i{_bits}", f"uint{_bits}": f"u{_bits}"}


@dataclass(frozen=True, slots=True)
class Type:
    """A kind of number ("f32", "f64", "b1", "i8" to "u64", "ptr"), and how many side by side: 0 is a scalar."""

    kind: str
    lanes: int = 0

    def __str__(self) -> str:  # as LLVM writes it
        return _written(self.kind, self.lanes)

    @property
    def bits(self) -> int:
        """The size of one element."""
        return 64 if self.kind == "ptr" else int(self.kind[1:])

    @property
    def is_float(self) -> bool:
        """Whether it is f32 or f64."""
        return self.kind[0] == "f"

    @property
    def is_signed(self) -> bool:
        """Whether it is a whole number with a sign."""
        return self.kind[0] == "i"

    @property
    def element(self) -> "Type":
        """The type of one element."""
        return Type(self.kind)

    def of(self, kind: str) -> "Type":
        """Return the type of as many elements of another kind."""
        return Type(kind, self.lanes)

    def suffix(self) -> str:
        """How the names of LLVM's intrinsics write it: "v16f32"."""
        kind = self.kind.replace("b", "i").replace("u", "i")
        return f"v{self.lanes}{kind}" if self.lanes else kind


@lru_cache(maxsize=4096)
def _written(kind: str, lanes: int) -> str:
    return f"<{lanes} x {_NAMES[kind]}>" if lanes else _NAMES[kind]


def alignment(type: Type) -> str:
    """Write at what a number in memory is aligned: at its size; how long a pointer is the machine knows."""
    return "" if type.kind == "ptr" else f", align {max(type.bits // 8, 1)}"


@lru_cache(maxsize=512)
def type_of(dtype: np.dtype, lanes: int = 0) -> Type:
    """Return the type in which elements of ``dtype`` are computed; KeyError if there is none."""
    return Type(_DTYPES[dtype.name if dtype.isnative else dtype.str], lanes)


PTR, I64, VOID = Type("ptr"), Type("i64"), Type("void")


def whole(value: Any, of: Type = I64) -> str:
    """Write a whole number as LLVM does: nothing else that a program holds gets into the text of its code."""
    if of is I64 and type(value) is int and -(2**63) <= value < 2**63:
        return str(value)  # nearly always, thousands of times a program
    try:
        number = operator.index(value)
    except TypeError:
        raise UnsupportedError(f"Machine code counts in whole numbers; found {short(value)}.") from None
    half = 1 << (of.bits - 1)
    if not -half <= number < (half if of.is_signed else 2 * half):
        raise UnsupportedError(f"{short(number)} does not fit into {of.bits} bits.")
    return str(number if number < half else number - 2 * half)


def literal(value: Any, type: Type) -> str:
    """Write a number as LLVM does; a vector has it in every lane."""
    return _literal(value, str(value), type)


@lru_cache(maxsize=4096)
def _literal(value: Any, _written: str, type: Type) -> str:  # 0.0 and -0.0 are equal, but not written alike
    if type.is_float:
        exact = float(np.float32(value)) if type.kind == "f32" else float(value)
        one = f"0x{struct.unpack('<Q', struct.pack('<d', exact))[0]:016X}"
    elif value is None:
        one = "null"
    elif type.kind == "b1":
        one = "true" if value else "false"
    else:
        one = whole(int(value), type)
    return f"splat ({type.element} {one})" if type.lanes else one


def folded(what: str, a: str, b: str) -> str | None:
    """Return what a sum, difference or product of whole numbers is, if it need not be computed."""
    if a.lstrip("-").isdigit() and b.lstrip("-").isdigit():
        x, y = int(a), int(b)
        return {"add": str(x + y), "sub": str(x - y), "mul": str(x * y)}.get(what)
    if what == "mul":
        return "0" if "0" in (a, b) else b if a == "1" else a if b == "1" else None
    if what in ("add", "sub") and b == "0":
        return a
    return b if what == "add" and a == "0" else None
