"""A program as machine code, behind the interface that all engines share."""

from __future__ import annotations

import ctypes
import math
import operator
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np

from chainrule.engines.epochs import Alike, Epochs, Run
from chainrule.engines.executable import Executable
from chainrule.engines.native.code.loop import numbers_in
from chainrule.engines.native.code.tiny import STATUS
from chainrule.engines.native.code.types import type_of
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.plan.cuts import work_of
from chainrule.engines.native.plan.items import Fusion, Loop, Task, memory_source
from chainrule.engines.native.plan.labels import labels_given
from chainrule.engines.native.plan.views import product, size
from chainrule.engines.native.run import build
from chainrule.engines.native.run.arrays import check_status, measure, places, pointers, ready, shape_of
from chainrule.engines.native.run.asked import maxima_in
from chainrule.engines.native.run.epochs import Judge
from chainrule.engines.native.run.machine_code import MachineCode
from chainrule.engines.native.run.once import making
from chainrule.engines.native.run.pipeline import is_row
from chainrule.engines.native.run.rooms import Arena
from chainrule.engines.native.run.running import Running
from chainrule.engines.native.run.sharing import Sharing
from chainrule.engines.native.run.words import words_within
from chainrule.engines.stopping import Judging
from chainrule.errors import UnsupportedError
from chainrule.graph.closed import Program, every_node, extents_of
from chainrule.graph.evaluate import Arrays
from chainrule.graph.primitives.indexing import check_labels
from chainrule.graph.shapes import Extent, check_elements
from chainrule.random import Key
from chainrule.transform.apart import keeps_apart
from chainrule.transform.verify import verify

BLOCK_BYTES = 2**22  # of intermediate values of rows that are done at once, where rows need not be
LEAST_BLOCK = 1024  # so many uses of a weight are worth reading it anew: a filter has many in a picture alone
MOST_SHAPES = 64  # of batches, of which it is kept what they need


def compile_program(program: Program, machine: Machine | None = None) -> NativeExecutable:
    """Return an executable of machine code; UnsupportedError if the program holds what has no code.

    Args:
        program: Inputs, state, outputs, new state.
        machine: What its code is written for: the machine at hand, or one whose code runs there too.
    """
    verify(program)
    for node in (*every_node(program), *program.given):
        try:
            type_of(node.dtype)
        except KeyError:
            raise UnsupportedError(f"The native engine does not compute in {node.dtype}.") from None
    with making():
        return NativeExecutable(program, machine or build.host())


def _at(extents: Sequence[Any], lengths: Mapping[str, int]) -> list[int]:
    return [lengths[e.name] if isinstance(e, Extent) else e for e in extents]


def _uses(plan: Fusion) -> tuple[int, int]:
    """Return how often a row of the batch takes numbers that products multiply it with, and how many these are."""
    done, weights = 0, 0
    for item in plan.items:
        if isinstance(item, Loop):
            inner, own = _uses(item.plan)
            done, weights = done + inner * size(item.length).count, weights + own
        if isinstance(item, Task) and item.node.primitive.name == "contract":
            done += sum(s.count for s in work_of(plan, item, False).amount.sizes if s.extents)
            sizes = [product(memory_source(x).shape) for x in item.node.inputs]
            weights += sum(s.count for s in sizes if not s.extents)
    return done, weights


def is_by_rows(program: Program) -> bool:
    """Say whether all that is given and all that comes out has a row for each example, which depends on no other."""
    return (
        not program.updates
        and not any(map(extents_of, program.state))
        and bool(program.inputs)
        and len({n.shape[:1] for n in (*program.inputs, *program.outputs)}) == 1
        and all(map(is_row, (*program.inputs, *program.outputs)))
        and keeps_apart(program.outputs)
    )


class Fitting(NamedTuple):
    """What a step needs that is the same for all arrays of some shapes."""

    blocks: list[tuple[int, Any]]  # the first row of each, and the lengths of the open axes
    outputs: list[tuple[tuple[int, ...], np.dtype]]
    arena: int  # its bytes
    shared_work: int  # how much threads may share


class NativeExecutable(MachineCode, Executable):
    """A program as machine code."""

    engine = "native"

    def __init__(self, program: Program, machine: Machine) -> None:
        super().__init__(program, machine)
        self._maxima = maxima_in(program)
        self._labels = set(labels_given(program))
        self._by_rows = is_by_rows(program)
        self.batches_at_once = 4 if self._by_rows else 1  # it is called, and wakes others, more rarely
        self._changed = [i for i, _, _ in program.updates]
        self._open = [i for i, n in enumerate(program.state) if extents_of(n)]  # of each row of the batch
        self._seen: tuple[list[Any], Any] = ([], None)  # a state that was given, and where it lies
        self._fittings: dict[tuple[tuple[int, ...], ...], Fitting] = {}  # by the shapes of a batch
        self._sharing: list[Sharing] = []  # whether steps are best shared; those that no call uses now

    def __reduce__(self) -> tuple[Any, ...]:
        # Code for the machine at hand is made anew, for the one that it is read on.
        return compile_program, (self.program, None if self.machine == build.host() else self.machine)

    # --- one step ---

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""
        (found,) = self._steps(state, [batch], 1)
        return found

    def each(self, state: Sequence[np.ndarray], batches: Iterable[Sequence[np.ndarray]]) -> Iterator[Arrays]:
        """Run the program on one batch after the other, each time from this state; yield the outputs of each."""
        for _, outputs in self._steps(state, batches, math.inf):
            yield outputs

    def _steps(
        self, state: Sequence[np.ndarray], batches: Iterable[Sequence[np.ndarray]], count: float
    ) -> Iterator[tuple[Arrays, Arrays]]:
        """Run the program on one batch after the other, long ones with helping threads where that is faster."""
        sharing, done = None, 0
        try:
            for batch in batches:
                fitting = self._fitting(batch)
                if not fitting.shared_work:
                    yield self._step(fitting, state, batch, None)
                    continue
                began = time.perf_counter()
                if sharing is None:
                    sharing = self._idle_sharing()
                    sharing.begin(fitting.shared_work * count)
                found = self._step(fitting, state, batch, sharing.call())
                done += fitting.shared_work
                # What has gone on for so long is taken to go on as long.
                sharing.note(time.perf_counter() - began, fitting.shared_work, done)
                yield found
        finally:
            if sharing is not None:
                sharing.end()
                self._sharing.append(sharing)

    def _step(
        self, fitting: Fitting, state: Sequence[np.ndarray], batch: Sequence[np.ndarray], team: int | None
    ) -> tuple[Arrays, Arrays]:
        for i, classes in self._labels:
            check_labels(batch[i], classes)
        if self._open:
            nodes, held = self.program.state, self._open
            measure([*batch, *[state[i] for i in held]], [*self.program.inputs, *[nodes[i] for i in held]])
        new_state, state_pointers = self._state(state)
        inputs = self.inputs(batch)
        outputs = [np.empty(shape, dtype) for shape, dtype in fitting.outputs]
        arena = self.room(fitting.arena)
        status = (ctypes.c_int64 * 4)()
        seen = self.watched(inputs, [*new_state, *outputs, arena.memory]) if self.checked else None
        step = self.one_step if seen is None else seen.around(self.one_step)
        given, found = [places(x) for x in (inputs, outputs)]
        for start, lengths in fitting.blocks:
            step(
                given(start), state_pointers, found(start), self.constants, arena.begin, lengths, status, team
            )
        self.rooms.give_back(arena)
        check_status(status)
        if seen is not None and not all(np.isfinite(x).all() for x in [*new_state, *outputs]):
            seen.warn()
        return new_state, outputs

    def _idle_sharing(self) -> Sharing:
        try:
            return self._sharing.pop()
        except IndexError:
            return Sharing(self.worker)

    def _fitting(self, batch: Sequence[np.ndarray]) -> Fitting:
        """Return what a step on arrays of these shapes needs."""
        shapes = tuple([x.shape for x in batch])
        found = self._fittings.get(shapes)
        if found is None:
            lengths = measure(batch, self.program.inputs)
            for steps, looked_along in self._maxima:
                if 0 not in _at(steps, lengths):
                    check_elements(_at(looked_along, lengths))
            outputs = [(shape_of(n, lengths), n.dtype) for n in self.program.outputs]
            block, blocks = self._block(lengths), list[tuple[int, Any]]()
            for start in range(0, len(batch[0]), block) if block else (0,):
                here = {name: min(n - start, block) if block else n for name, n in lengths.items()}
                known = [here.get(name, 0) for name in self.extents]
                blocks.append((start, (ctypes.c_int64 * len(known))(*known)))
            at_once = dict.fromkeys(lengths, block) if block else lengths
            size, work = self.stages.memory.size(at_once), self.shared_work(at_once)
            found = Fitting(blocks, outputs, size, work * len(blocks))
            if len(self._fittings) >= MOST_SHAPES:
                self._fittings.clear()
            self._fittings[shapes] = found
        return found

    def _block(self, lengths: dict[str, int]) -> int:
        """Return how many rows to do at once, so that what is computed on the way takes little memory; 0 for all."""
        if not self._by_rows or self.checked or any(self.stages.turned):
            return 0
        (rows,) = lengths.values()
        one, two = (self.stages.memory.size(dict.fromkeys(lengths, n)) for n in (1000, 2000))
        least = max(LEAST_BLOCK // self._uses(), 64)
        block = max(BLOCK_BYTES * 1000 // max(two - one, 1), least) // 64 * 64
        return block if rows > block else 0

    def _uses(self) -> int:
        """Return how often a row of the batch takes each number of what its products are multiplied with."""
        done, weights = _uses(self.stages.fusion)
        return max(done // weights, 1) if weights else 1

    def _state(self, state: Sequence[np.ndarray]) -> tuple[Arrays, Any]:
        """Return the state that a step may write into, and where it lies."""
        held, addresses = self._seen
        if len(held) == len(state) and all([ref() is x for ref, x in zip(held, state, strict=True)]):  # noqa: C419 -- often
            return list(state), addresses
        measure(state, self.program.state)
        own = [ready(x, n) for x, n in zip(state, self.program.state, strict=True)]
        for i in self._changed:
            own[i] = np.array(own[i])
        addresses = pointers(own)
        if not self._changed and all(map(operator.is_, own, state)):  # a prediction, perhaps one of many
            self._seen = [weakref.ref(x) for x in own], addresses
        return own, addresses

    def judge(self, judging: Judging, state: Sequence[np.ndarray]) -> Judge | None:
        """Return what validates from a state that stays where it is; None where Python is needed for it."""
        table, read = judging.table, [*state[: judging.kept], *judging.rest]
        fitting = self._fitting(table)
        if self.checked or self._changed or self._open or fitting.shared_work or len(fitting.blocks) != 1:
            return None
        if any(ready(x, n) is not x for x, n in zip(state[: judging.kept], self.program.state, strict=False)):
            return None
        for i, classes in self._labels:
            check_labels(table[i], classes)
        own = [ready(x, n) for x, n in zip(read, self.program.state, strict=True)]
        inputs, outputs = self.inputs(table), [np.empty(shape, dtype) for shape, dtype in fitting.outputs]
        arena = Arena(fitting.arena)
        ((_, lengths),) = fitting.blocks
        given = (pointers(inputs), pointers(own), self.constants, arena.begin, lengths)
        return Judge(self.one_step, given, outputs, judging.share, (inputs, own, arena, self))

    # --- a run ---

    def draw(self, key: Key, numbers: np.ndarray, first: int, count: int) -> np.ndarray:
        """Return random words."""
        return words_within(key, numbers, first, count)

    def seconds_a_step(self, rows: int) -> float | None:
        """Return what a step of a run took last, for batches of so many rows."""
        return None if self.checked else self.paces.get(rows)

    def prepare(self, asked: Epochs) -> None:
        """Make the code of a run."""
        Running(self, asked).close()

    def run(self, asked: Epochs) -> Run:
        """Run epochs, in calls of some milliseconds."""
        with closing(Running(self, asked)) as running:
            return running.run()

    def run_alike(
        self, states: Sequence[np.ndarray], table: Sequence[np.ndarray], epochs: int
    ) -> Alike | None:
        """Run epochs of a step each from many states: of tiny programs, whose loop is done in registers."""
        tiny = self.tiny(len(table[0])) if numbers_in(self.program) == len(self.program.outputs) else None
        if tiny is None:
            return None
        kept = [ready(x, n) for x, n in zip(table, self.program.inputs, strict=True)]
        runs = np.arange(len(states[0]))[:, None]
        begins = [x.ctypes.data for x in states] + runs * [x.strides[0] for x in states]
        totals = np.empty((len(runs), epochs, len(self.program.outputs)))
        status = np.zeros((len(runs), STATUS), np.int64)
        tiny.many(pointers(kept), np.ascontiguousarray(begins, np.int64), totals, status)
        return Alike(totals, status[:, 0] == 0)
