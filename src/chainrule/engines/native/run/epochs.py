"""Epochs that machine code does one after the other, with their validation and the rule that ends them."""

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from chainrule.engines.epochs import Epochs
from chainrule.engines.native.code.epochs import EPOCHS, FLOATS, REASONS, TABLES, write_epochs
from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.run import build
from chainrule.engines.native.run.arrays import at, block, check_status, pointers
from chainrule.engines.native.run.once import making
from chainrule.engines.stopping import Progress
from chainrule.graph.evaluate import Arrays

MOST_EPOCHS = 4096  # in a call: their validation has a line each


@cache  # code in use stays loaded
def _function(machine: Machine) -> Any:
    """Return the function that does epochs, which all programs share."""
    with making():
        module = Module(machine)
        write_epochs(module)
        return build.library(module.text(), machine, [EPOCHS]).function(
            EPOCHS, *[ctypes.c_void_p] * len(TABLES)
        )


def address_of(x: Any) -> int:
    """Return where something lies: an address, a block or a function of ctypes', or nothing."""
    if x is None or isinstance(x, int):
        return x or 0
    if isinstance(x, ctypes.Array):
        return ctypes.addressof(x)
    return ctypes.cast(x, ctypes.c_void_p).value or 0


_PLACES = {table: {name: i for i, name in enumerate(names)} for table, names in TABLES.items()}


class Words:
    """A row of words that code reads, and perhaps writes, by name."""

    def __init__(self, table: str, given: Mapping[str, Any]) -> None:
        self._places = _PLACES[table]
        self._words = block(ctypes.c_int64, len(self._places))()
        self._floats = block(ctypes.c_double, len(self._places)).from_buffer(self._words)
        self.address: int = ctypes.addressof(self._words)
        for name, value in given.items():
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        return (self._floats if name in FLOATS else self._words)[self._places[name]]

    def __setitem__(self, name: str, value: Any) -> None:
        (self._floats if name in FLOATS else self._words)[self._places[name]] = value


class Ends:
    """The ends of a run's epochs in machine code.

    Attributes:
        found: What validation found in the epochs of the last call.
        why: Why the run ended in it, or "".
    """

    def __init__(self, machine: Machine, asked: Epochs, state: Arrays, judge: "Judge | None") -> None:
        self._call, stopping = _function(machine), asked.stopping
        self._progress: Progress = asked.progress
        self._judge = judge
        self._state = state
        self.found: list[list[float]] = []
        self.why: str = ""
        keeps = stopping.keep_best
        self._best: Arrays = [np.empty_like(x) for x in state] if keeps else []
        self._bytes = np.array([x.nbytes for x in state], np.int64)
        self._from, self._to = pointers(state), pointers(self._best)
        self._kept = Words("kept", {
            "arrays": len(self._best), "from": address_of(self._from), "to": address_of(self._to),
            "bytes": at(self._bytes),
        })  # fmt: skip
        tol = stopping.tol
        self._rule = Words("rule", {
            "patience": -1 if stopping.patience is None else stopping.patience,
            "on_validation": stopping.on_validation, "monitor": stopping.monitor, "larger": stopping.larger_is_better,
            "then_cost": stopping.then_cost, "min_delta": stopping.min_delta, "tol": tol[0] if tol else 0.0,
            "tol_epochs": tol[1] if tol else -1,
        })  # fmt: skip
        self._loop = Words("loop", {})

    def begin(self, loop: Mapping[str, Any]) -> None:
        """Take what the loop is given, by name."""
        self._loop = Words("loop", {name: address_of(x) for name, x in loop.items()})

    def do(self, first: int, last: int, team: int | None) -> int:
        """Do the epochs from first to before last, as far as they go; return how many were done to their end."""
        now = vars(self._progress)
        progress = Words("progress", {name: now[name] for name in TABLES["progress"]})
        call = Words("call", {"first": first, "last": last})
        self._loop["team"] = team or 0
        judge = self._judge
        found = np.empty((last - first, judge.numbers - 1 if judge is not None else 0))
        words = judge.words(found) if judge is not None else None
        tables = (self._loop, words, self._rule, self._kept, progress, call)
        self._call(*[None if x is None else x.address for x in tables])
        if judge is not None:
            check_status(judge.status)
        did: int = call["did"]
        self.found, self.why = found[:did].tolist() if judge is not None else [], REASONS[call["why"]]
        now.update({name: progress[name] for name in TABLES["progress"]})
        if call["improved"] and self._best:
            self._progress.best_state = [np.array(x) for x in self._best]
        return did


class Judge:
    """What validates: a step of another program, on rows that stay the same, of the state that learns."""

    def __init__(self, step: Any, given: Sequence[Any], outputs: Arrays, share: float, kept: Any) -> None:
        self.status = (ctypes.c_int64 * 4)()
        self.numbers: int = len(outputs)
        self._doubles = np.array([x.dtype == np.float64 for x in outputs], np.int64)
        self._outputs = pointers(outputs)
        self._kept = (kept, outputs, given)  # what lies there stays there
        names = ("inputs", "state", "constants", "arena", "lengths")
        self._given = {name: address_of(x) for name, x in zip(names, given, strict=True)} | {
            "function": address_of(step), "outputs": address_of(self._outputs), "status": address_of(self.status),
            "numbers": self.numbers, "doubles": at(self._doubles), "share": share,
        }  # fmt: skip

    def words(self, found: np.ndarray) -> Words:
        """Return what code is given of it; what it finds goes to ``found``."""
        return Words("judge", {**self._given, "found": at(found)})
