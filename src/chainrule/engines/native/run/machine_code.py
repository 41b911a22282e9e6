"""A program as machine code in memory: made when it is first needed, and what calls of it share."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.loop import RUN_PARAMETERS
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.code.step import STEP_PARAMETERS, extent_names
from chainrule.engines.native.code.team import WORKER
from chainrule.engines.native.code.tiny import (
    MANY_PARAMETERS,
    PARAMETERS as TINY_PARAMETERS,
    fixed,
    write_tiny,
)
from chainrule.engines.native.code.types import Type
from chainrule.engines.native.look import watch
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.plan.expand import expand
from chainrule.engines.native.run import build, mode, pipeline
from chainrule.engines.native.run.arrays import pointers, ready
from chainrule.engines.native.run.once import making, once
from chainrule.engines.native.run.pipeline import LOOP, STEP, TINY, TINY_MANY, Stages, stages
from chainrule.engines.native.run.rooms import Arena, Rooms
from chainrule.engines.native.run.sharing import Sharing
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import Arrays
from chainrule.transform.verify import verify


def _sorts(parameters: Sequence[tuple[str, Type]]) -> list[Any]:
    return [ctypes.c_void_p if t.kind == "ptr" else ctypes.c_int64 for _, t in parameters]


class Tiny:
    """A program of fixed lengths whose loop is done in registers."""

    def __init__(self, program: Program, machine: Machine) -> None:
        verify(program)
        module = Module(machine)
        constants = write_tiny(module, program, TINY)
        self.ir: str = module.text()
        self._values = [np.ascontiguousarray(n.attributes["value"]) for n in constants]
        self.constants = pointers(self._values)
        library = pipeline.library(self.ir, machine)
        self.function = library.function(TINY, *_sorts(TINY_PARAMETERS))
        self._many = library.function(TINY_MANY, *_sorts(MANY_PARAMETERS))

    def __call__(self, inputs: Any, state: Any, totals: int, status: Any, first: int, last: int) -> None:
        """Do the steps from first to before last; pointers are what a run has."""
        self.function(inputs, state, self.constants, totals, status, first, last)

    def many(self, inputs: Any, begins: np.ndarray, totals: np.ndarray, status: np.ndarray) -> None:
        """Do all steps of many runs of one table.

        Args:
            inputs: Pointers to the table.
            begins: Where the arrays of each state lie, ``(runs, arrays)``.
            totals: What the outputs are after each step, ``(runs, steps, outputs)``.
            status: How each run ended, ``(runs, 4)``.
        """
        runs, steps, width = totals.shape
        found = [x.ctypes.data for x in (begins, totals, status)]
        self._many(inputs, found[0], self.constants, *found[1:], steps, runs, begins.shape[1], width)


class MachineCode:
    """A program as machine code.

    Attributes:
        program: What it computes.
        machine: What its code is written for.
        checked: Whether the code looks after itself.
        sharing: By the length of the batch, whether loops are best shared.
        paces: By the length of the batch, the seconds that a step of a run took last.
        rooms: Memory for intermediate results.
    """

    def __init__(self, program: Program, machine: Machine) -> None:
        self.program: Program = program
        self.machine: Machine = machine
        self.checked: bool = mode.checked()
        self._parts = mode.parts()
        self._written_out = expand(program, CODED)
        self._tiny: dict[int, Tiny | None] = {}  # by the length of the batch
        self.sharing: dict[int, Sharing] = {}
        self.paces: dict[int, float] = {}
        self.rooms: Rooms = Rooms()

    @once
    def stages(self) -> Stages:
        """What the pipeline made of the program."""
        return stages(self.program, self.machine, self.checked, self._written_out, self._parts)

    @once
    def _library(self) -> build.Library:
        return pipeline.library(self.stages.ir, self.machine, self.checked)

    @once
    def extents(self) -> list[str]:
        """The open axes, in the order in which the code is given their lengths."""
        return extent_names(self.stages.fusion)

    @once
    def constants(self) -> Any:
        """Where the constants lie."""
        return pointers(self.stages.constants)

    @once
    def one_step(self) -> Any:
        """The function that does one step."""
        return self._library.function(STEP, *[ctypes.c_void_p] * len(STEP_PARAMETERS))

    @once
    def loop(self) -> Any:
        """The function that does many steps."""
        return self._library.function(LOOP, *_sorts(RUN_PARAMETERS))

    @once
    def worker(self) -> Any:
        """What helping threads run."""
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

    def shared_work(self, lengths: dict[str, int]) -> int:
        """Return how much of a step's work threads may share; 0 where no loop is worth it, or all is looked after."""
        if self.checked:
            return 0
        return sum(work.at(lengths) for work, least in self.stages.shared if work.at(lengths) > least)

    @once
    def batch_axis(self) -> int:
        """Which of the open lengths is that of the batch."""
        return self.extents.index(self.program.inputs[0].shape[0].name)

    # --- what calls are given ---

    def inputs(self, arrays: Sequence[np.ndarray]) -> Arrays:
        """Return arrays as the code reads them: turned over, where it wants that."""
        return [
            ready(x.T if over else x, n)
            for x, n, over in zip(arrays, self.program.inputs, self.stages.turned, strict=True)
        ]

    def room(self, size: int) -> Arena:
        """Return an arena that no other call uses now."""
        arena = self.rooms.take(size, exactly=self.checked)
        if self.checked:  # it has bounds, and reads NaN where nothing was written
            arena.memory.fill(255)
        return arena

    def watched(self, read: Arrays, written: Arrays) -> watch.Watch:
        """Return what watches calls that read some arrays, and the constants, and write others."""
        plan, places = self.stages.fusion, len(self.stages.memory.stretches)
        table = pipeline.watching(self.machine).address(watch.TABLE)
        return watch.Watch(table, plan, places, [*read, *self.stages.constants], written)
