"""One run of epochs: calls into machine code, and what Python looks after between them."""

import ctypes
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.engines.epochs import Epochs, Failure, Run
from chainrule.engines.native.code.frame import NOT_FINITE
from chainrule.engines.native.code.loop import RUN_PARAMETERS, numbers_in
from chainrule.engines.native.code.step import STEP_PARAMETERS
from chainrule.engines.native.code.tiny import POINTERS as TINY
from chainrule.engines.native.look import watch
from chainrule.engines.native.run.arrays import at, block, check_status, measure, own, pointers, ready
from chainrule.engines.native.run.epochs import MOST_EPOCHS, Ends, Judge
from chainrule.engines.native.run.machine_code import MachineCode, Tiny
from chainrule.engines.native.run.sharing import Sharing
from chainrule.engines.stopping import many_epochs
from chainrule.errors import ShapeError
from chainrule.graph.evaluate import Arrays

TEAM = [n for n, _ in STEP_PARAMETERS].index("team")
SNAPSHOT_SECONDS = 1.0  # before a run that diverges is looked into, so much of it is done again


class Running:
    """One call of run: its buffers, and the calls into machine code that it is made of."""

    def __init__(self, code: MachineCode, asked: Epochs) -> None:
        self.code: MachineCode = code
        self.asked: Epochs = asked
        program, table, rows = code.program, asked.table, asked.rows
        measure(table, program.inputs)
        held = measure(asked.state, program.state)
        self.state: Arrays = own(asked.state, program.state, asked.room)
        self.epochs: int = rows.shape[0]
        self.length: int = rows.shape[1]
        self.per_epoch: int = asked.batches.steps(self.length)
        self.width: int = asked.batches.largest(self.length)
        if held and ({*held.values()} != {self.width} or self.length % self.width):
            raise ShapeError(
                f"A state goes on from each row of a batch to that of the next, so all have as many: {self.length} "
                f"rows are no whole batches of {self.width}, or the state is not of so many."
            )
        self.in_order: bool = bool(
            self.length == len(table[0]) and rows.strides[0] == 0 and (rows[0, :-1] < rows[0, 1:]).all()
        )
        count = numbers_in(program)
        self.totals: np.ndarray[Any, Any] = np.zeros((self.epochs, count))
        self.each: Arrays = [np.empty((self.length, *n.shape[1:]), n.dtype) for n in program.outputs[count:]]
        self.recorded: Arrays = []  # of each epoch, where its end is looked after
        self.status: ctypes.Array[ctypes.c_int64] = block(ctypes.c_int64, 4)()
        self.sharing: Sharing = Sharing(None)
        self._give_back: Callable[[], None] | None = None
        self.watch: watch.Watch | None = None
        small = self.in_order and self.per_epoch == 1 and not self.each
        tiny = code.tiny(self.length) if small else None
        self._ends: Ends | None = self._ends_by_numbers()
        self._call = self._tiny(tiny, table) if tiny is not None else self._large(table)
        self.snapshot: tuple[int, Arrays] = (0, list(asked.state))  # nobody writes into what was given
        self.marked: list[Arrays] = []  # the state where it was asked for
        self.marks: list[tuple[int, float]] = [(0, 0.0)]  # how many steps were done when
        self.began: float = time.perf_counter()

    def _tiny(self, tiny: Tiny, table: Sequence[np.ndarray]) -> Callable[[int, int], None]:
        """Return what does some steps in registers."""
        kept = [ready(x, n) for x, n in zip(table, self.code.program.inputs, strict=True)]
        inputs, state, totals = pointers(kept), pointers(self.state), at(self.totals)

        if self._ends is not None:
            given = (inputs, state, tiny.constants, totals, self.status)
            self._ends.begin(dict(zip(TINY, given, strict=True)) | self._counts(tiny.function, 1))

        def call(first: int, last: int, _kept: Any = kept) -> None:
            tiny(inputs, state, totals, self.status, first, last)

        return call

    def _large(self, table: Sequence[np.ndarray]) -> Callable[[int, int], None]:
        """Return what does some steps in memory: a batch gathered, an arena, perhaps with helping threads."""
        code, width = self.code, self.width
        program = code.program
        if self.in_order and (self.per_epoch == 1 or not any(code.stages.turned)):
            rows, stride, room = None, 0, 0
            held = code.inputs(table)
        else:
            rows, stride, room = np.ascontiguousarray(self.asked.rows, np.int64), self.length, width
            held = [ready(x, n) for x, n in zip(table, program.inputs, strict=True)]
        outputs = [*(np.empty((), n.dtype) for n in program.outputs[: numbers_in(program)]), *self.each]
        gathered = [np.empty((room, *t.shape[1:]), t.dtype) for t in held]
        name = program.inputs[0].shape[0].name
        arena = code.room(code.stages.memory.size({name: width}))
        known = code.sharing.pop(width, None)
        self.sharing = known or Sharing(code.worker if code.shared_work({name: width}) else None)
        self.sharing.begin((self.epochs + self.asked.to_come) * self.length)
        kept = (rows, held, outputs, gathered, arena)
        addresses = [
            block(ctypes.c_void_p, len(table))(), pointers(self.state), pointers([*outputs, *self.each]),
            code.constants, arena.begin, block(ctypes.c_int64, len(code.extents))(), self.status, None, pointers(held),
            pointers(gathered), at(self.totals), None if rows is None else at(rows),
        ]  # fmt: skip
        counts = (stride, self.length, self.asked.batches.size, self.per_epoch)
        axis, loop = code.batch_axis, code.loop
        if code.checked:
            order = [] if rows is None else [rows]
            self.watch = code.watched(
                [*held, *order], [*self.state, *outputs, arena.memory, *gathered, self.totals]
            )
            loop = self.watch.around(loop)

        if self._ends is not None:
            names = [n for n, _ in RUN_PARAMETERS if n not in ("first", "last")]
            given = dict(zip(names, [*addresses, *counts, axis], strict=True))
            self._ends.begin(given | self._counts(loop, 0))

        def call(first: int, last: int, _kept: Any = kept) -> None:
            addresses[TEAM] = self.sharing.call()
            loop(*addresses, *counts, first, last, axis)

        self._give_back = lambda: code.rooms.give_back(arena)
        return call

    def _counts(self, function: Any, tiny: int) -> dict[str, Any]:
        width = self.totals.shape[1]
        return {"tiny": tiny, "function": function, "per_epoch": self.per_epoch, "width": width}

    def _ends_by_numbers(self) -> Ends | None:
        """Return what looks after the ends of epochs in machine code; None where Python is asked."""
        stopping, own = self.asked.stopping, type(self.asked).end is not Epochs.end
        if own or self.each or self.code.checked or not stopping.by_numbers:
            return None
        judge = None
        if stopping.judging is not None:
            judge = stopping.judging.executable.judge(stopping.judging, self.state)
            if not isinstance(judge, Judge):
                return None
        return Ends(self.code.machine, self.asked, self.state, judge)

    def close(self) -> None:
        """Let others have what this run had."""
        self.sharing.end()
        del self._call  # which knows it, so that its arrays would wait for someone to look for garbage
        if self._give_back is not None:
            self._give_back()
            self._give_back = None
            self.code.sharing[self.width] = self.sharing

    def run(self) -> Run:
        """Do the epochs, a call of some milliseconds after the other."""
        validation: list[list[float]] = []
        stopped, done, pace = "", 0, self._first_pace()
        steps, all_rows = self.epochs * self.per_epoch, (self.epochs + self.asked.to_come) * self.length
        ends, whole = self._ends, self.per_epoch
        each, poll = self.asked.stopping.each_epoch or bool(self.each), self.asked.stopping.poll
        watching, marks = self.asked.watching, [mark * whole for mark in self.asked.marks]
        while done < steps and not stopped:
            last = min(done + max(int(pace), 1), steps, *(mark for mark in marks if mark > done))
            by_numbers = ends is not None and done % whole == 0 and last - done >= whole
            if by_numbers:
                last = done + min((last - done) // whole, MOST_EPOCHS) * whole
            elif each:
                apart = 1 if self.each else self.asked.stopping.unasked(self.asked.progress)
                last = min(last, (len(self.recorded) + apart) * self.per_epoch)
            began = time.perf_counter()
            if began - self.began > SNAPSHOT_SECONDS and done > self.snapshot[0] + self.per_epoch:
                self.snapshot = (done, [np.array(x) for x in self.state])
            if ends is not None and by_numbers:
                before = done // whole
                last = (before + ends.do(before, last // whole, self.sharing.call())) * whole
                validation += ends.found
                self.recorded.extend(self._read(last))
                stopped = ends.why
            else:
                self._call(done, last)
            now = time.perf_counter()
            check_status(self.status)
            if self.status[0] == NOT_FINITE:
                return self._diverged(int(self.status[3]), validation)
            learned = self._rows_in(last)
            self.sharing.note(now - began, learned - self._rows_in(done), all_rows - learned)
            pace = (last - done) * min(self.sharing.seconds / max(now - began, 1e-7), 64.0)
            self.code.paces[self.width] = (now - began) / (last - done)
            done = last
            self.marks.append((done, now - self.began))
            if watching is not None:
                epoch = (done - 1) // self.per_epoch
                seen = done - epoch * self.per_epoch
                watching(epoch, seen, float(self.totals[epoch, 0]) / seen)
            if each and not by_numbers and done % self.per_epoch == 0:
                stopped = self._end_of_epochs(done, validation)
            if done in marks:  # the rate may be another from here on
                self.marked.append([np.array(x) for x in self.state])
            if not stopped and poll is not None:
                stopped = poll() or ""
        if each and done % self.per_epoch:  # stopped within an epoch
            stopped = self._end_of_epochs(done, validation) or stopped
        if not each:
            many_epochs(self.asked.stopping, self.asked.progress, self._read(done))
        return self._result(done, validation, stopped)

    def _read(self, done: int) -> np.ndarray:
        """Return what is recorded of the epochs begun since one was looked after; the last may have fewer steps."""
        known = len(self.recorded)
        complete, rest = divmod(done, self.per_epoch)
        means = self.totals[known : complete + bool(rest)] / self.per_epoch
        if not len(means):
            return means
        if rest:
            means[-1] *= self.per_epoch / rest
        seen = (
            min((done - known * self.per_epoch) * self.asked.batches.size, self.length)
            if rest
            else self.length
        )
        return self.asked.read(means, self.asked.rows[known][:seen], [x[:seen] for x in self.each])

    def _seconds(self, epochs: int) -> np.ndarray:
        """Return when each epoch ended: within a call they are taken to last alike."""
        done, times = np.array(self.marks).T
        ends = np.minimum(np.arange(1, epochs + 1) * self.per_epoch, done[-1])
        return np.interp(ends, done, times)

    def _end_of_epochs(self, done: int, validation: list[list[float]]) -> str:
        """Look after the ends of the epochs since one was looked after; none but the last may stop."""
        self.sharing.end()  # who looks at it, validation say, may want help too
        before, lines = list(self.state), self._read(done)
        whole = (len(self.recorded) + len(lines)) * self.per_epoch <= done
        stopped = self.asked.ends(self.state, lines, self.recorded, validation, whole)
        for i, (old, new) in enumerate(zip(before, self.state, strict=True)):
            if new is not old:
                old[...] = new
                self.state[i] = old
        return stopped

    def _result(self, done: int, validation: Any, stopped: str, failure: Failure | None = None) -> Run:
        epochs = np.array(self.recorded) if self.recorded else self._read(done)
        seconds = self._seconds(len(epochs))
        return Run(self.state, epochs, validation, seconds, stopped, failure, self.marked)

    def _first_pace(self) -> float:
        """Return how many steps the first call does: what lasts as long as a call, where that is known."""
        pace = self.code.paces.get(self.width)
        return 1.0 if pace is None else max(1.0, self.sharing.seconds / max(pace, 1e-9))

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
        return self._result(epoch * self.per_epoch, validation, "diverged", failure)

    def _rows_in(self, steps: int) -> int:
        """Return how many rows so many steps learn from."""
        epochs, turns = divmod(steps, self.per_epoch)
        return epochs * self.length + turns * self.asked.batches.size

    def _rows_of(self, epoch: int, turn: int) -> np.ndarray:
        return np.array(self.asked.rows[epoch][self.asked.batches.cut(turn, self.length)])
