"""A program as machine code, behind the interface that all engines share."""

from __future__ import annotations

import ctypes
import operator
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np

from chainrule.engines.native import build, checks, product, watch
from chainrule.engines.native.cache import cached
from chainrule.engines.native.expand import expand, expand_products
from chainrule.engines.native.ir import Type, type_of
from chainrule.engines.native.loop import NOT_FINITE, OUT_OF_RANGE, RUN_PARAMETERS, write_loop
from chainrule.engines.native.lower import STEP_PARAMETERS, extent_names, write_step
from chainrule.engines.native.memory import ALIGN, Memory, plan_memory
from chainrule.engines.native.schedule import Schedule, schedule
from chainrule.engines.native.team import WORKER
from chainrule.engines.native.threads import Choice
from chainrule.engines.native.tiny import PARAMETERS as TINY_PARAMETERS, fixed, write_tiny
from chainrule.engines.native.turn import turned_over
from chainrule.engines.native.views import Size
from chainrule.engines.program import Arrays, Failure, Program, Progress, Rule, Run, end_of_epoch, many_epochs
from chainrule.errors import DataError, UnsupportedError
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.shapes import Extent
from chainrule.graph.walk import order

STEP, LOOP, TINY = "chainrule_step", "chainrule_run", "chainrule_tiny"
TEAM = [n for n, _ in STEP_PARAMETERS].index("team")
CALL_SECONDS = 0.025  # so long a call into machine code is meant to last
SNAPSHOT_SECONDS = 1.0  # before a run that diverges is looked into, so much of it is done again


@dataclass(frozen=True)
class Stages:
    """What the pipeline made of a program, each stage as data or text.

    Attributes:
        program: The simplified graph, in the rows that have code.
        turned: Which inputs it takes turned over.
        schedule: What is done in which order.
        memory: Where results lie.
        ir: LLVM's intermediate representation.
        constants: The values that the code is given.
        shared: The loops that threads may share: how much work each is, and from where on it pays.
    """

    program: Program
    turned: tuple[bool, ...]
    schedule: Schedule
    memory: Memory
    ir: str
    constants: tuple[np.ndarray, ...]
    shared: tuple[tuple[Size, int], ...]


def stages(program: Program, checked: bool = False, written_out: Program | None = None) -> Stages:
    """Take a simplified program through all stages up to LLVM.

    Args:
        program: Inputs, state, outputs, new state.
        checked: Whether the code looks after itself.
        written_out: The program in the rows that have code, if it is known.
    """
    basic, turned = turned_over(written_out or expand(program), build.machine().vector_bytes)
    basic = expand_products(basic)
    plan = schedule(basic)
    memory = plan_memory(plan)
    module = build.machine().module()
    module.guard = checks.guard if checked else None
    low = write_step(module, plan, memory, STEP)
    if can_loop(program):
        write_loop(module, plan.program, turned, LOOP, STEP)
    values = tuple(np.ascontiguousarray(n.attributes["value"]).reshape(n.shape) for n in low.constants)
    return Stages(basic, turned, plan, memory, module.text(), values, tuple(low.shared))


def can_loop(program: Program) -> bool:
    """Say whether the program takes batches of rows and returns numbers: whether it can be run in epochs."""
    openings = {e.name for n in program.inputs for e in n.shape if isinstance(e, Extent)}
    return (
        len(openings) == 1
        and all(sum(isinstance(e, Extent) for e in n.shape) == 1 for n in program.inputs)
        and all(isinstance(n.shape[0], Extent) for n in program.inputs)
        and bool(program.outputs)
        and all(n.shape == () for n in program.outputs)
    )


def compile_program(program: Program) -> NativeExecutable:
    """Return an executable of machine code; UnsupportedError if the program holds what has no code."""
    for node in order([*program.outputs, *program.new_state, *program.inputs, *program.state]):
        try:
            type_of(node.dtype)
        except KeyError:
            raise UnsupportedError(f"The native engine does not compute in {node.dtype}.") from None
    return NativeExecutable(program, expand(program))


KERNELS = [f"cr_{what}_{kind}" for what in ("product", "transpose") for kind in ("f32", "f64")]


@cache  # code in use stays loaded
def kernels(checked: bool = False) -> build.Library:
    """Return the matrix products, which all programs share."""
    module = build.machine().module()
    module.guard = checks.guard if checked else None
    names = product.write_kernels(module)
    text = module.text()
    code = cached(build.machine().key + text, lambda: build.object_code(text))
    return build.Library(code, names, watch.symbols() if checked else {})


@lru_cache(maxsize=64)
def _library(text: str, checked: bool = False) -> build.Library:
    """Return the code of a program; equal programs share it."""
    code = cached(build.machine().key + text, lambda: build.object_code(text))
    names = [n for n in (STEP, LOOP, WORKER, TINY) if f"@{n}(" in text]
    wanted = [n for n in KERNELS if f"@{n}(" in text]
    symbols = {n: kernels(checked).address(n) for n in wanted}
    return build.Library(code, names, symbols | watch.symbols() if checked else symbols)


def _sorts(parameters: Sequence[tuple[str, Type]]) -> list[Any]:
    return [ctypes.c_void_p if t.kind == "ptr" else ctypes.c_int64 for _, t in parameters]


class Tiny:
    """A program of fixed lengths whose loop is done in registers."""

    def __init__(self, program: Program) -> None:
        module = build.machine().module()
        constants = write_tiny(module, program, TINY)
        self.ir = module.text()
        self._values = [np.ascontiguousarray(n.attributes["value"]) for n in constants]
        self._constants = _pointers(self._values)
        self._function = _library(self.ir).function(TINY, *_sorts(TINY_PARAMETERS))

    def __call__(self, inputs: Any, state: Any, totals: int, status: Any, first: int, last: int) -> None:
        """Do the steps from first to before last; pointers are what a run has."""
        self._function(inputs, state, self._constants, totals, status, first, last)


class NativeExecutable:
    """A program as machine code."""

    engine = "native"

    def __init__(self, program: Program, written_out: Program) -> None:
        self.program = program
        self._written_out = written_out
        self.checked = checks.wanted()
        self._openings = [
            (e.name, i, axis)
            for i, n in enumerate(program.inputs)
            for axis, e in enumerate(n.shape)
            if isinstance(e, Extent)
        ]
        self._changed = [
            i
            for i, (s, n) in enumerate(zip(program.state, program.new_state, strict=True))
            if leaf_key(s) != leaf_key(n)
        ]
        self._seen: tuple[list[Any], Any] = ([], None)  # a state that was given, and where it lies
        self._tiny: dict[int, Tiny | None] = {}  # by the length of the batch
        self._choices: dict[int, Choice] = {}  # by the length of the batch
        self._rooms: list[tuple[tuple[int, ...], np.ndarray]] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return compile_program, (self.program,)

    # --- what is compiled when it is first needed ---

    @cached_property
    def stages(self) -> Stages:
        """What the pipeline made of the program."""
        return stages(self.program, self.checked, self._written_out)

    @cached_property
    def _library(self) -> build.Library:
        return _library(self.stages.ir, self.checked)

    @cached_property
    def _extents(self) -> list[str]:
        return extent_names(self.stages.schedule)

    @cached_property
    def _constants(self) -> Any:
        return _pointers(self.stages.constants)

    @cached_property
    def _step(self) -> Any:
        return self._library.function(STEP, *[ctypes.c_void_p] * len(STEP_PARAMETERS))

    @cached_property
    def _loop(self) -> Any:
        return self._library.function(LOOP, *_sorts(RUN_PARAMETERS))

    @cached_property
    def _worker(self) -> Any:
        return self._library.function(WORKER, ctypes.c_void_p)

    def tiny(self, length: int) -> Tiny | None:
        """Return the loop for batches of one length in registers; None if the program is too large for it."""
        if self.checked:
            return None
        if length not in self._tiny:
            name = self.program.inputs[0].shape[0].name
            program = fixed(self._written_out, {name: length})
            self._tiny[length] = Tiny(program) if program is not None else None
        return self._tiny[length]

    # --- one step ---

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""
        lengths = {name: batch[i].shape[axis] for name, i, axis in self._openings}
        known = tuple([lengths.get(name, 0) for name in self._extents])
        new_state, state_pointers = self._state(state)
        inputs = self._inputs(batch)
        outputs = [_empty(n, lengths) for n in self.program.outputs]
        arena = self._room(known, lengths)
        status = (ctypes.c_int64 * 4)()
        seen = self.watched([*inputs, *new_state, *outputs, arena]) if self.checked else None
        step = self._step if seen is None else seen.around(self._step)
        step(
            _pointers(inputs), state_pointers, _pointers(outputs), self._constants,
            _aligned(arena), (ctypes.c_int64 * len(known))(*known), status, None,
        )  # fmt: skip
        self._rooms.append((known, arena))
        if status[0] == OUT_OF_RANGE:
            raise _out_of_range(status)
        if seen is not None and not all(np.isfinite(x).all() for x in [*new_state, *outputs]):
            seen.warn()
        return new_state, outputs

    def watched(self, arrays: Arrays) -> watch.Watch:
        """Return what watches calls that are given some arrays, beside the constants."""
        plan, places = self.stages.schedule, len(self.stages.memory.slots)
        return watch.Watch(plan, places, [*arrays, *self.stages.constants])

    def _state(self, state: Sequence[np.ndarray]) -> tuple[Arrays, Any]:
        """Return the state that a step may write into, and where it lies."""
        held, pointers = self._seen
        if len(held) == len(state) and all([ref() is x for ref, x in zip(held, state, strict=True)]):  # noqa: C419 -- often
            return list(state), pointers
        ready = [_ready(x, n) for x, n in zip(state, self.program.state, strict=True)]
        for i in self._changed:
            ready[i] = np.array(ready[i])
        pointers = _pointers(ready)
        if not self._changed and all(map(operator.is_, ready, state)):  # a prediction, perhaps one of many
            self._seen = [weakref.ref(x) for x in ready], pointers
        return list(ready), pointers

    def _inputs(self, arrays: Sequence[np.ndarray]) -> Arrays:
        """Return arrays as the code reads them: turned over, where it wants that."""
        return [
            _ready(x.T if over else x, n)
            for x, n, over in zip(arrays, self.program.inputs, self.stages.turned, strict=True)
        ]

    def _room(self, known: tuple[int, ...], lengths: dict[str, int]) -> np.ndarray:
        """Return an arena that no other call uses now."""
        while True:
            try:
                have, arena = self._rooms.pop()
            except IndexError:
                return np.empty(self.stages.memory.size(lengths), np.uint8)
            if have == known:
                return arena

    # --- a run ---

    def run(
        self,
        state: Sequence[np.ndarray],
        table: Sequence[np.ndarray],
        rows: np.ndarray,
        rule: Rule,
        progress: Progress,
    ) -> Run:
        """Run one epoch for each line of ``rows``."""
        running = _Running(self, state, table, rows, rule, progress)
        try:
            return running.run()
        finally:
            running.close()

    def worker(self, lengths: dict[str, int]) -> Any:
        """Return what helping threads run, or None where no loop of a step is worth sharing."""
        worth = any(work.at(lengths) > least for work, least in self.stages.shared)
        return self._worker if worth else None

    @cached_property
    def batch_axis(self) -> int:
        """Which of the open lengths is that of the batch."""
        return self._extents.index(self.program.inputs[0].shape[0].name)


class _Running:
    """One call of run: its buffers, and the calls into machine code that it is made of."""

    def __init__(self, executable, state, table, rows, rule, progress) -> None:  # type: ignore[no-untyped-def]
        self.executable: NativeExecutable = executable
        self.rule: Rule = rule
        self.progress: Progress = progress
        program = executable.program
        self.state = [np.array(_ready(x, n)) for x, n in zip(state, program.state, strict=True)]
        self.orders = rows
        self.epochs, self.length = rows.shape
        self.per_epoch = max(-(-self.length // rule.batch_size), 1)
        self.width = min(rule.batch_size, self.length)
        self.in_order = bool(
            self.length == len(table[0]) and rows.strides[0] == 0 and (rows[0, :-1] < rows[0, 1:]).all()
        )
        self.totals = np.zeros((self.epochs, len(program.outputs)))
        self.status = (ctypes.c_int64 * 4)()
        self.choice = Choice(None)
        self._give_back: Callable[[], None] | None = None
        self.watch: watch.Watch | None = None
        tiny = executable.tiny(self.length) if self.in_order and self.per_epoch == 1 else None
        self._call = self._tiny(tiny, table) if tiny is not None else self._large(table)
        self.snapshot: tuple[int, Arrays] = (0, list(state))  # nobody writes into what was given
        self.marks: list[tuple[int, float]] = [(0, 0.0)]  # how many steps were done when
        self.began = time.perf_counter()

    def _tiny(self, tiny: Tiny, table: Sequence[np.ndarray]) -> Callable[[int, int], None]:
        """Return what does some steps in registers."""
        kept = [_ready(x, n) for x, n in zip(table, self.executable.program.inputs, strict=True)]
        inputs, state, totals = _pointers(kept), _pointers(self.state), self.totals.ctypes.data

        def call(first: int, last: int, _kept: Any = kept) -> None:
            tiny(inputs, state, totals, self.status, first, last)

        return call

    def _large(self, table: Sequence[np.ndarray]) -> Callable[[int, int], None]:
        """Return what does some steps in memory: a batch gathered, an arena, perhaps with helping threads."""
        executable, width = self.executable, self.width
        program = executable.program
        if self.in_order and (self.per_epoch == 1 or not any(executable.stages.turned)):
            rows, stride, room = None, 0, 0
            held = executable._inputs(table)
        else:
            rows, stride, room = np.ascontiguousarray(self.orders, np.int64), self.length, width
            held = [_ready(x, n) for x, n in zip(table, program.inputs, strict=True)]
        outputs = [np.empty((), n.dtype) for n in program.outputs]
        gathered = [np.empty((room, *t.shape[1:]), t.dtype) for t in held]
        name = program.inputs[0].shape[0].name
        arena = executable._room((width, -1), {name: width})
        self.choice = (
            executable._choices.pop(width)
            if width in executable._choices
            else Choice(executable.worker({name: width}))
        )
        kept = (rows, held, outputs, gathered, arena)
        pointers = [
            (ctypes.c_void_p * len(table))(), _pointers(self.state), _pointers(outputs), executable._constants,
            _aligned(arena), (ctypes.c_int64 * len(executable._extents))(), self.status, None, _pointers(held),
            _pointers(gathered), self.totals.ctypes.data, None if rows is None else rows.ctypes.data,
        ]  # fmt: skip
        counts = (stride, self.length, self.rule.batch_size, self.per_epoch)
        axis, loop = executable.batch_axis, executable._loop
        if executable.checked:
            order = [] if rows is None else [rows]
            self.watch = executable.watched(
                [*self.state, *outputs, arena, *held, *gathered, self.totals, *order]
            )
            loop = self.watch.around(loop)

        def call(first: int, last: int, _kept: Any = kept) -> None:
            pointers[TEAM] = self.choice.block
            loop(*pointers, *counts, first, last, axis)

        self._give_back = lambda: executable._rooms.append(((width, -1), arena))
        return call

    def close(self) -> None:
        """Let others have what this run had."""
        self.choice.end()
        if self._give_back is not None:
            self._give_back()
            self.executable._choices[self.width] = self.choice

    def run(self) -> Run:
        validation: list[list[float]] = []
        stopped, done, pace = "", 0, 1.0
        steps = self.epochs * self.per_epoch
        each = self._watches_epochs()
        while done < steps and not stopped:
            last = min(done + max(int(pace), 1), steps)
            if each:
                last = min(last, (done // self.per_epoch + 1) * self.per_epoch)
            began = time.perf_counter()
            if began - self.began > SNAPSHOT_SECONDS and done > self.snapshot[0] + self.per_epoch:
                self.snapshot = (done, [np.array(x) for x in self.state])
            self._call(done, last)
            now = time.perf_counter()
            if now - began > CALL_SECONDS / 10:  # long enough to tell
                self.choice.note((now - began) / (last - done))
            if self.status[0] == OUT_OF_RANGE:
                raise _out_of_range(self.status)
            if self.status[0] == NOT_FINITE:
                return self._diverged(int(self.status[3]), validation)
            pace = (last - done) * min(CALL_SECONDS / max(now - began, 1e-7), 64.0)
            done = last
            self.marks.append((done, now - self.began))
            if each and done % self.per_epoch == 0:
                epoch = done // self.per_epoch
                stopped = self._end_of_epoch(self.totals[epoch - 1 : epoch] / self.per_epoch, validation)
            if not stopped and self.rule.poll is not None:
                stopped = self.rule.poll() or ""
        means = self._means(done)
        if each and done % self.per_epoch:  # stopped within an epoch
            stopped = self._end_of_epoch(means, validation) or stopped
        if not each:
            many_epochs(self.rule, self.progress, means)
        return self._result(means, validation, stopped)

    def _watches_epochs(self) -> bool:
        rule = self.rule
        wanted = (rule.validate, rule.patience, rule.tol, rule.plateau)
        return rule.keep_best or any(w is not None for w in wanted)

    def _means(self, done: int) -> np.ndarray:
        """Return the means of all epochs begun; those of the last may be of fewer steps."""
        complete, rest = divmod(done, self.per_epoch)
        means = self.totals[: complete + bool(rest)] / self.per_epoch
        if rest:
            means[-1] *= self.per_epoch / rest
        return means

    def _seconds(self, epochs: int) -> np.ndarray:
        """Return when each epoch ended: within a call they are taken to last alike."""
        done, times = np.array(self.marks).T
        ends = np.minimum(np.arange(1, epochs + 1) * self.per_epoch, done[-1])
        return np.interp(ends, done, times)

    def _end_of_epoch(self, epochs: Any, validation: list[list[float]]) -> str:
        before = list(self.state)
        stopped = end_of_epoch(self.rule, self.progress, self.state, epochs, validation)
        for i, (old, new) in enumerate(zip(before, self.state, strict=True)):
            if new is not old:
                old[...] = new
                self.state[i] = old
        return stopped

    def _result(self, means: Any, validation: Any, stopped: str, failure: Failure | None = None) -> Run:
        return Run(self.state, means, validation, self._seconds(len(means)), stopped, failure)

    def _diverged(self, step: int, validation: list[list[float]]) -> Run:
        """Do the steps up to the one that failed once more, to see what came before it."""
        if self.watch is not None:
            self.watch.warn(self.per_epoch)
        epoch, turn = divmod(step, self.per_epoch)
        began, saved = self.snapshot
        totals = self.totals.copy()
        for x, old in zip(self.state, saved, strict=True):
            x[...] = old
        self.status[0] = 0
        self._call(began, max(step - 1, began))
        previous = [np.array(x) for x in self.state]
        self._call(max(step - 1, began), step)
        self.totals[...] = totals
        chosen = self._rows_of(epoch, turn)
        if turn == 0:
            previous, before = [np.array(x) for x in self.state], chosen[:0]
        else:
            before = self._rows_of(epoch, turn - 1)
        failure = Failure(epoch, turn, chosen, previous, before)
        return self._result(self._means(epoch * self.per_epoch), validation, "diverged", failure)

    def _rows_of(self, epoch: int, turn: int) -> np.ndarray:
        size = self.rule.batch_size
        return np.array(self.orders[epoch][turn * size : (turn + 1) * size])


def _ready(x: np.ndarray, node: Node) -> np.ndarray:
    """Return an array as code reads it: of the node's dtype, row after row."""
    if type(x) is np.ndarray and x.dtype == node.dtype and x.flags.c_contiguous and x.flags.aligned:
        return x
    return np.array(x, node.dtype, order="C")


def _empty(node: Node, lengths: dict[str, int]) -> np.ndarray:
    return np.empty([lengths[e.name] if isinstance(e, Extent) else e for e in node.shape], node.dtype)


def _pointers(arrays: Sequence[np.ndarray]) -> Any:
    found = (ctypes.c_void_p * max(len(arrays), 1))()
    found[: len(arrays)] = [x.__array_interface__["data"][0] for x in arrays]
    return found


def _aligned(arena: np.ndarray) -> int:
    start = int(arena.__array_interface__["data"][0])
    return -(-start // ALIGN) * ALIGN


def _out_of_range(status: Any) -> DataError:
    _, found, length, _ = status
    return DataError(
        f"A position of {found} is out of range: the axis has length {length}, so the last position is {length - 1}."
    )
