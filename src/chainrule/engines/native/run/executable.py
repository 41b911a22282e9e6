"""A program as machine code, behind the interface that all engines share."""

from __future__ import annotations

import ctypes
import operator
import weakref
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from chainrule.engines.epochs import Epochs, Run
from chainrule.engines.executable import Executable
from chainrule.engines.native.code.frame import OUT_OF_RANGE
from chainrule.engines.native.code.types import type_of
from chainrule.engines.native.machine import Machine
from chainrule.engines.native.run import build
from chainrule.engines.native.run.arrays import aligned, empty, measure, out_of_range, pointers, ready
from chainrule.engines.native.run.machine_code import MachineCode
from chainrule.engines.native.run.once import making
from chainrule.engines.native.run.running import Running
from chainrule.errors import UnsupportedError
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import leaf_key
from chainrule.graph.primitives.indexing import check_labels, one_hot
from chainrule.graph.primitives.reductions import argmax
from chainrule.graph.shapes import Extent, check_elements
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
        return NativeExecutable(program, machine or build.host())


class NativeExecutable(MachineCode, Executable):
    """A program as machine code."""

    engine = "native"

    def __init__(self, program: Program, machine: Machine) -> None:
        super().__init__(program, machine)
        self._maxima = [  # what each looks along
            tuple(x.shape[a] for a in axes)
            for n in order(program.ends)
            if n.primitive.reduces == "maximum" or n.primitive is argmax
            for x, axes in [(n.inputs[0], n.attributes.get("axes", (n.attributes.get("axis"),)))]
        ]
        given = {leaf_key(x): i for i, x in enumerate(program.inputs)}
        self._labels = {  # which inputs are labels, and of how many classes: code would take any number
            (given[leaf_key(n.inputs[0])], n.attributes["classes"])
            for n in order(program.ends)
            if n.primitive is one_hot and leaf_key(n.inputs[0]) in given
        }
        self._changed = [i for i, _, _ in program.updates]
        self._seen: tuple[list[Any], Any] = ([], None)  # a state that was given, and where it lies

    def __reduce__(self) -> tuple[Any, ...]:
        # Code for the machine at hand is made anew, for the one that it is read on.
        return compile_program, (self.program, None if self.machine == build.host() else self.machine)

    # --- one step ---

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""
        lengths = measure(batch, self.program.inputs)
        known = tuple([lengths.get(name, 0) for name in self.extents])
        for looked_along in self._maxima:
            check_elements([lengths[e.name] if isinstance(e, Extent) else e for e in looked_along])
        for i, classes in self._labels:
            check_labels(batch[i], classes)
        new_state, state_pointers = self._state(state)
        inputs = self.inputs(batch)
        outputs = [empty(n, lengths) for n in self.program.outputs]
        arena = self.room(known, lengths)
        status = (ctypes.c_int64 * 4)()
        seen = self.watched(inputs, [*new_state, *outputs, arena]) if self.checked else None
        step = self.one_step if seen is None else seen.around(self.one_step)
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

    # --- a run ---

    def run(self, asked: Epochs) -> Run:
        """Run epochs, in calls of some milliseconds."""
        with closing(Running(self, asked)) as running:
            return running.run()
