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
from chainrule.engines.native.views import product
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

_lock = threading.Lock()  # one table for the process: in this mode one call at a time


class AccessError(ChainruleError, RuntimeError):
    """Machine code read or wrote memory that is not its own: a defect of the engine, not of the program."""


def wanted() -> bool:
    """Say whether programs are to be compiled with checks."""
    return os.environ.get("CHAINRULE_CHECK", "") not in ("", "0")


# --- bounds, as code asks for them ---


def guard(code: Code, address: Value, type: Type, mask: Value | None) -> Value:
    """Return the address of a load or store if that is allowed, else one where it does no harm."""
    each = type.bits // 8
    if mask is None:
        return _allowed(code, address, code.index(each * max(type.lanes, 1)))
    lanes = code.emit(Type(f"i{mask.type.lanes}"), f"bitcast {mask.type.ir} {mask.text} to i{mask.type.lanes}") \
        if mask.type.lanes in (8, 16, 32, 64) else None
    return _allowed(code, address, _reach(code, mask) * each) if lanes is None else address


def _reach(code: Code, mask: Value) -> Value:
    """Return up to which lane a mask is true."""
    count = mask.type.lanes
    bits = f"i{count}"
    flat = code.emit(I64, f"bitcast {mask.type.ir} {mask.text} to {bits}")
    return flat
