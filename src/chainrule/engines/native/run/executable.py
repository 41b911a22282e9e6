"""A program as machine code, behind the interface that all engines share."""

from __future__ import annotations

import ctypes
import operator
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engines.epochs import Epochs, Run
from chainrule.engines.native.code.ir import Module, Type, type_of
from chainrule.engines.native.code.loop import OUT_OF_RANGE, RUN_PARAMETERS
from chainrule.engines.native.code.lower import STEP_PARAMETERS, extent_names
from chainrule.engines.native.code.team import WORKER
from chainrule.engines.native.code.tiny import PARAMETERS as TINY_PARAMETERS, fixed, write_tiny
from chainrule.engines.native.look import watch
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.plan.expand import expand
from chainrule.engines.native.run import build, mode, pipeline
from chainrule.engines.native.run.arrays import aligned, empty, measure, out_of_range, pointers, ready
from chainrule.engines.native.run.once import making, once
from chainrule.engines.native.run.pipeline import LOOP, STEP, TINY, Stages, stages
from chainrule.engines.native.run.running import Running
from chainrule.engines.native.run.threads import Choice
from chainrule.engines.stopping import Arrays
from chainrule.errors import UnsupportedError
from chainrule.graph.closed import Program
from chainrule.graph.node import leaf_key
from chainrule.graph.primitives.indexing import check_labels
from chainrule.graph.shapes import Extent, Shape, check_elements
from chainrule.graph.walk import order
from chainrule.transform.verify import verify


def compile_program(program: Program, machine: Machine | None = None) -> NativeExecutable:
    """Return an executable of machine code; UnsupportedError if the program holds what has no code.

    Args:
        program: Inputs, state, outputs, new state.
        machine: What its code is written for: the machine at hand, or one whose code runs there too.
    """
    verify(program)
    for node in order([*program.ends, *program.inputs, *program.state]):
        try:
            type_of(node.dtype)
        except KeyError:
            raise UnsupportedError(f"The native engine does not compute in {node.dtype}.") from None
    with making():
        return NativeExecutable(program, expand(program), machine or build.host())


def _numbers(shape: Shape, lengths: dict[str, int]) -> list[int]:
    return [lengths[e.name] if isinstance(e, Extent) else e for e in shape]


def _sorts(parameters: Sequence[tuple[str, Type]]) -> list[Any]:
    return [ctypes.c_void_p if t.kind == "ptr" else ctypes.c_int64 for _, t in parameters]


class Tiny:
    """A program of fixed lengths whose loop is done in registers."""

    def __init__(self, program: Program, machine: Machine) -> None:
        verify(program)
        module = Module(machine)
        constants = write_tiny(module, program, TINY)
        self.ir = module.text()
        self._values = [np.ascontiguousarray(n.attributes["value"]) for n in constants]
        self._constants = pointers(self._values)
        self._function = pipeline.library(self.ir, machine).function(TINY, *_sorts(TINY_PARAMETERS))

    def __call__(self, inputs: Any, state: Any, totals: int, status: Any, first: int, last: int) -> None:
        """Do the steps from first to before last; pointers are what a run has."""
        self._function(inputs, state, self._constants, totals, status, first, last)


class NativeExecutable:
    """A program as machine code."""

    engine = "native"

    def __init__(self, program: Program, written_out: Program, machine: Machine) -> None:
        self.program, self.machine = program, machine
        self._written_out = written_out
        self.checked, self.parts = mode.checked(), mode.parts()
        self._maxima = [  # what each looks along
            tuple(x.shape[a] for a in axes)
            for n in order(program.ends)
            if n.primitive.name in ("max", "argmax")
            for x, axes in [(n.inputs[0], n.attributes.get("axes", (n.attributes.get("axis"),)))]
        ]
        given = {leaf_key(x): i for i, x in enumerate(program.inputs)}
        self._labels = {  # which inputs are labels, and of how many classes: code would take any number
            (given[leaf_key(n.inputs[0])], n.attributes["classes"])
            for n in order(program.ends)
            if n.primitive.name == "one_hot" and leaf_key(n.inputs[0]) in given
        }
        self._changed = [
            i
            for i, (s, n) in enumerate(zip(program.state, program.new_state, strict=True))
            if leaf_key(s) != leaf_key(n)
        ]
        self._seen: tuple[list[Any], Any] = ([], None)  # a state that was given, and where it lies
        self._tiny: dict[int, Tiny | None] = {}  # by the length of the batch
        self.choices: dict[int, Choice] = {}  # by the length of the batch
        self.rooms: list[tuple[tuple[int, ...], np.ndarray]] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return compile_program, (self.program,)

    # --- what is compiled when it is first needed ---

    @once
    def stages(self) -> Stages:
        """What the pipeline made of the program."""
        return stages(self.program, self.machine, self.checked, self._written_out, self.parts)

    @once
    def _library(self) -> build.Library:
        return pipeline.library(self.stages.ir, self.machine, self.checked)

    @once
    def extents(self) -> list[str]:
        """The open axes, in the order in which the code is given their lengths."""
        return extent_names(self.stages.schedule)

    @once
    def constants(self) -> Any:
        """Where the constants lie."""
        return pointers(self.stages.constants)

    @once
    def _step(self) -> Any:
        return self._library.function(STEP, *[ctypes.c_void_p] * len(STEP_PARAMETERS))

    @once
    def loop(self) -> Any:
        """The function that does many steps."""
        return self._library.function(LOOP, *_sorts(RUN_PARAMETERS))

    @once
    def _worker(self) -> Any:
        return self._library.function(WORKER, ctypes.c_void_p)

    def tiny(self, length: int) -> Tiny | None:
        """Return the loop for batches of one length in registers; None if the program is too large for it."""
        if self.checked:
            return None
        if length not in self._tiny:
            with making():
                program = fixed(self._written_out, {self.program.inputs[0].shape[0].name: length})
                self._tiny.setdefault(length, Tiny(program, self.machine) if program is not None else None)
        return self._tiny[length]

    # --- one step ---

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""
        lengths = measure(batch, self.program.inputs)
        known = tuple([lengths.get(name, 0) for name in self.extents])
        self._check_maxima(lengths)
        for i, classes in self._labels:
            check_labels(batch[i], classes)
        new_state, state_pointers = self._state(state)
        inputs = self.inputs(batch)
        outputs = [empty(n, lengths) for n in self.program.outputs]
        arena = self.room(known, lengths)
        status = (ctypes.c_int64 * 4)()
        seen = self.watched(inputs, [*new_state, *outputs, arena]) if self.checked else None
        step = self._step if seen is None else seen.around(self._step)
        step(
            pointers(inputs), state_pointers, pointers(outputs), self.constants,
            aligned(arena), (ctypes.c_int64 * len(known))(*known), status, None,
        )  # fmt: skip
        self.rooms.append((known, arena))
        if status[0] == OUT_OF_RANGE:
            raise out_of_range(status)
        if seen is not None and not all(np.isfinite(x).all() for x in [*new_state, *outputs]):
            seen.warn()
        return new_state, outputs

    def _check_maxima(self, lengths: dict[str, int]) -> None:
        for looked_along in self._maxima:
            check_elements(_numbers(looked_along, lengths))

    def watched(self, read: Arrays, written: Arrays) -> watch.Watch:
        """Return what watches calls that read some arrays, and the constants, and write others."""
        plan, places = self.stages.schedule, len(self.stages.memory.regions)
        return watch.Watch(self.machine, plan, places, [*read, *self.stages.constants], written)

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

    def inputs(self, arrays: Sequence[np.ndarray]) -> Arrays:
        """Return arrays as the code reads them: turned over, where it wants that."""
        return [
            ready(x.T if over else x, n)
            for x, n, over in zip(arrays, self.program.inputs, self.stages.turned, strict=True)
        ]

    def room(self, known: tuple[int, ...], lengths: dict[str, int]) -> np.ndarray:
        """Return an arena that no other call uses now."""
        while True:
            try:
                have, arena = self.rooms.pop()
            except IndexError:
                return np.empty(self.stages.memory.size(lengths), np.uint8)
            if have == known:
                return arena

    # --- a run ---

    def run(self, asked: Epochs) -> Run:
        """Run epochs, in calls of some milliseconds."""
        running = Running(self, asked)
        try:
            return running.run()
        finally:
            running.close()

    def worker(self, lengths: dict[str, int]) -> Any:
        """Return what helping threads run; None where no loop of a step is worth sharing, or all is looked after."""
        worth = not self.checked and any(work.at(lengths) > least for work, least in self.stages.shared)
        return self._worker if worth else None

    @once
    def batch_axis(self) -> int:
        """Which of the open lengths is that of the batch."""
        return self.extents.index(self.program.inputs[0].shape[0].name)
