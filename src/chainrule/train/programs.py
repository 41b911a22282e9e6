"""What is compiled for a network, up to a bound: its predictions, its objectives, and what trains it."""

import copy
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from chainrule.doors import late
from chainrule.engines.compiled import Compiled
from chainrule.engines.executable import Executable
from chainrule.engines.registry import REFERENCE
from chainrule.errors import DataError
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node, input
from chainrule.graph.numbers import is_finite
from chainrule.graph.shapes import Extent
from chainrule.nn.architecture import BATCH, Architecture
from chainrule.nn.examples import size_of_one
from chainrule.nn.reading import going_on_program, prediction_program
from chainrule.recent import Recent
from chainrule.train.parameters import Values
from chainrule.train.validation import shaped
from chainrule.transform.apart import keeps_apart
from chainrule.transform.simplify import simplified

if TYPE_CHECKING:
    from chainrule.engines.stopping import Judging
    from chainrule.nn.lengths import of_lengths
    from chainrule.train.objective import (
        Objective,
        evaluation_program,
        gradient_program,
        lasting,
        rate_apart,
        training_program,
    )
    from chainrule.train.optimizers import Optimizer
    from chainrule.train.watching import whole_values
    from chainrule.train.weights import shares_of
else:  # who predicts waits for nothing of learning
    Judging = late("chainrule.engines.stopping:Judging")
    of_lengths = late("chainrule.nn.lengths:of_lengths")
    evaluation_program = late("chainrule.train.objective:evaluation_program")
    gradient_program = late("chainrule.train.objective:gradient_program")
    lasting = late("chainrule.train.objective:lasting")
    rate_apart = late("chainrule.train.objective:rate_apart")
    training_program = late("chainrule.train.objective:training_program")
    shares_of = late("chainrule.train.weights:shares_of")
    whole_values = late("chainrule.train.watching:whole_values")

MOST_KEPT = 16  # predictions, and as many objectives, of a network
MOST_LENGTHS = 8  # of sequences, for each of which what is compiled is kept
ROWS_AT_ONCE = 8192  # a prediction's intermediate values then stay within a few megabytes for usual widths
LARGE = 2**20  # numbers that are neither copied nor read twice where that can be helped
MOST_BYTES = 2**28  # of the values that are there at a time, for all examples that are looked at together


class Prediction(Compiled):
    """Nodes of a network at prediction, as a program, and how many examples it is given together."""

    @cached_property
    def most_rows(self) -> int:
        """How many examples take so much memory that no more should be looked at together."""
        return max(1, MOST_BYTES // max(size_of_one(self.program.outputs).held, 1))

    @cached_property
    def keeps_apart(self) -> bool:
        """Whether they may be looked at in parts: each comes out as it would alone."""
        return keeps_apart(simplified(self.program).outputs, Extent(BATCH))

    @cached_property
    def telling(self) -> "Prediction":
        """The same of one input and, at the end, a number for each example: finite only if all numbers of that are."""
        (x,) = self.program.inputs
        squares: Any = np.sum(x * x, axis=tuple(range(1, x.ndim)))
        return Prediction(replace(self.program, outputs=(*self.program.outputs, squares)))


class Programs:
    """A network that knows its shape, as it is handed down: its graph, its numbers, and what is compiled for them.

    ``engine`` and ``seed`` are the network's own; random layers draw as at the first step of the seed, wherever
    nothing is learned. Where ``common``, the graph is that of all networks that are alike, and so is what is compiled.
    """

    def __init__(
        self,
        architecture: Architecture,
        engine: str,
        seed: int,
        values: Values | None = None,
        common: bool = False,
    ) -> None:
        self.architecture: Architecture = architecture
        self.engine: str = engine
        self.seed: int = seed
        self.values: Values = Values(architecture) if values is None else values
        self.common: bool = common
        self.fixed: Recent[Programs] = Recent(MOST_LENGTHS)
        self._gone_on: int = 0  # how many batches were predicted where states go on
        self.predictions: Recent[Prediction] = Recent(MOST_KEPT)
        self.objectives: Recent[Objective] = Recent(MOST_KEPT)

    def beside(self, engine: str, seed: int, first: Callable[[], Arrays]) -> "Programs":
        """Return a network of the same graph, for which the same is compiled; ``first`` draws its numbers."""
        found = copy.copy(self)
        found.engine, found.seed = engine, seed
        found.values, found.fixed, found._gone_on = Values(self.architecture, first), Recent(MOST_LENGTHS), 0
        return found

    def of_lengths(self, lengths: Mapping[Extent, int]) -> "Programs":
        """Return the same network for sequences of so many steps, where their axes are open: of the same numbers."""
        if not lengths:
            return self
        key = tuple(sorted((e.name, n) for e, n in lengths.items()))

        def fix() -> Programs:
            return Programs(of_lengths(self.architecture, lengths), self.engine, self.seed, self.values)

        found = self.fixed.get(key, fix)
        found.engine, found.seed = self.engine, self.seed
        return found

    @cached_property
    def open_axes(self) -> dict[str, Extent]:
        """The axis that counts the steps of each input, by name, of those where it is open."""
        inputs = self.architecture.inputs.items()
        return {name: x.shape[1] for name, x in inputs if x.ndim > 1 and isinstance(x.shape[1], Extent)}

    def _lengths(self, arrays: Arrays) -> dict[Extent, int]:
        """Return how long the open axes of the inputs are."""
        found = {Extent(BATCH): len(arrays[0])}
        if self.open_axes:
            named = dict(zip(self.architecture.inputs, arrays, strict=True))
            found |= {axis: named[name].shape[1] for name, axis in self.open_axes.items()}
        return found

    def prediction(self, key: Hashable, nodes: Sequence[Node]) -> Prediction:
        """Return the program that computes nodes of the network; ``key`` tells it from others."""
        return self.predictions.get(key, lambda: Prediction(prediction_program(self.architecture, nodes)))

    @property
    def output(self) -> Prediction:
        """The program of what the network predicts."""
        return self.prediction("output", [self.architecture.output])

    def _state(self, values: Sequence[np.ndarray] | None = None) -> Arrays:
        return [*(self.values.get() if values is None else values), _number(0), _number(self.seed)]

    def tells(self, X: Any) -> TypeGuard[np.ndarray]:
        """Say whether X is better cast part by part, and told of NaN and infinity by what predicts, which reads it all.

        So it is where X is large and numbers, and the engine is one that has its own threads for it.
        """
        found = self.architecture
        return (
            type(X) is np.ndarray
            and X.size >= LARGE
            and X.dtype.kind in "iuf"
            and [x.dtype.kind for x in found.inputs.values()] == ["f"]
            and not any(call.layer.is_choosy for call in found.calls.values())  # it looks before
            and X.ndim > len(self.open_axes)
            and self.output.on(self.engine, 1, self._lengths([X])).engine != REFERENCE
        )

    def predicted(self, arrays: Arrays) -> np.ndarray:
        """Return what the network predicts for the arrays of its inputs."""
        return self._going_on(arrays) if self.architecture.carried else self.outputs(self.output, arrays)[0]

    def told(self, X: Any) -> np.ndarray | None:
        """Return what the network predicts for X where it tells itself that X is right; None where another must."""
        if self.architecture.carried or not self.tells(X):
            return None
        (x,) = self.architecture.inputs.values()
        steps = X.shape[1 : 1 + len(self.open_axes)]
        fitting = input(x.name, (x.shape[0], *steps, *x.shape[1 + len(steps) :])) if steps else x
        found, squares = self.outputs(self.output.telling, [shaped(X, fitting, X, "X")])
        return found if is_finite(squares) else None  # something is wrong, if numbers are not just large

    @property
    def carried(self) -> Arrays:
        """The states that go on from batch to batch; none where they begin. They are those of all lengths."""
        return self.values.carried

    @carried.setter
    def carried(self, states: Arrays) -> None:
        self.values.carried = states

    @property
    def batch(self) -> int | None:
        """How many rows a batch of the last fit had."""
        return self.values.batch

    @batch.setter
    def batch(self, rows: int | None) -> None:
        self.values.batch = rows

    def begun(self, rows: int) -> Arrays:
        """Return the states that go on from batch to batch, for batches of so many rows, where they begin."""
        after = self.architecture.carried.values()
        return [np.zeros((rows, *n.shape[1:]), n.dtype) for n in after]

    def _going_on(self, arrays: Arrays) -> np.ndarray:
        """Return what the network predicts where its states go on, batch after batch."""
        rows = len(arrays[0])
        fitted = self.batch if self.batch and rows % self.batch == 0 else rows
        size = len(self.carried[0]) if self.carried else fitted
        if not rows:
            return self.outputs(self.output, arrays)[0]
        if rows % size:
            raise DataError(
                f"The states of this network are those of {size} sequences, and go on with as many rows (or twice as "
                f"many ..., batch after batch); found {rows}. network.reset_states() lets them begin with any number."
            )
        output = [self.architecture.output]
        program = self.predictions.get(
            "going on", lambda: Prediction(going_on_program(self.architecture, output))
        )
        self._gone_on += rows // size  # as many are taken to follow, as where text is written
        executable, fixed = program.on(self.engine, self._gone_on, size), self._state()
        carried, found = self.carried or self.begun(size), Arrays()
        for start in range(0, rows, size):
            after, outputs = executable.step([*fixed, *carried], [x[start : start + size] for x in arrays])
            carried = [np.array(x) for x in after[len(fixed) :]]
            found.append(np.array(outputs[0]))
        self.carried = carried
        return np.concatenate(found)

    def outputs(
        self,
        prediction: Prediction,
        arrays: Arrays,
        values: Sequence[np.ndarray] | None = None,
        engine: str | None = None,
    ) -> Arrays:
        """Return what a program predicts for inputs; many rows are read in parts, which changes nothing.

        ``values`` and ``engine`` as in :meth:`measure`.
        """
        state, rows = self._state(values), len(arrays[0])
        lengths = self._lengths(arrays)
        executable = prediction.on(self.engine, 1, lengths, engine)
        size = 1
        if rows > 1:
            most = max(1, prediction.most_rows * rows // max(1, prod(lengths.values())))
            size = min(ROWS_AT_ONCE * executable.batches_at_once, most)
        if rows > size and not prediction.keeps_apart:
            size = rows
        if rows <= size:
            return [np.array(x) for x in executable.step(state, arrays)[1]]
        found: Arrays = []
        cuts = [slice(start, start + size) for start in range(0, rows, size)]
        parts = executable.each(state, _parts(arrays, prediction.program.inputs, cuts))
        for cut, outputs in zip(cuts, parts, strict=True):
            found = found or [np.empty((rows, *x.shape[1:]), x.dtype) for x in outputs]
            for whole, part in zip(found, outputs, strict=True):
                whole[cut] = part
        return found

    def measure(
        self,
        goal: "Objective",
        table: Arrays,
        values: Sequence[np.ndarray] | None = None,
        engine: str | None = None,
        predicted: Arrays | None = None,
    ) -> dict[str, float]:
        """Return the cost and the metrics of a table; a large one is read in parts, which changes nothing.

        ``values`` are the network's numbers, by default those it has; ``engine`` is what "auto" takes unweighed;
        ``predicted`` is a list that is given what was predicted, part by part.
        """
        rows, telling = len(table[0]), predicted is not None or bool(goal.whole)
        executable = self._evaluation(goal, telling).on(self.engine, 1, rows, engine)
        if rows == 0:
            raise DataError("There are no rows to evaluate.")
        current = self._state(values)
        size = self._in_order(goal, rows) if self.architecture.carried else self._together(goal, rows)
        totals, weight, price = np.zeros(1 + len(goal.means.watched)), 0.0, 0.0
        seen: list[np.ndarray] = []
        shares = shares_of(None if goal.weight is None else table[-1])
        cuts = [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
        parts = ([t[cut] for t in table] for cut in cuts)
        each = self._each_going_on(executable, current, parts) if self.architecture.carried else None
        for cut, outputs in zip(cuts, each or executable.each(current, parts), strict=True):
            share = shares(cut)
            price = float(outputs[1])
            numbers = [float(x) for x in (outputs[0], *outputs[2 : 2 + len(goal.means.watched)])]
            totals += share * np.array(numbers)
            weight += share
            seen += [np.array(x) for x in outputs[2 + len(goal.means.watched) :]]
        if predicted is not None:
            predicted += seen
        cost, *means = (totals / weight if weight else totals).tolist()
        found = dict(zip(goal.means.watched, means, strict=True)) | whole_values(goal, table, seen)
        return {"cost": cost + price} | {name: found[name] for name in goal.watched}

    def judging(self, goal: "Objective", table: Arrays, engine: str | None) -> "Judging | None":
        """Return :meth:`measure` as an engine may do it itself; None where that takes more than a step."""
        rows, carried = len(table[0]), self.architecture.carried
        if carried or goal.whole or not rows or self._together(goal, rows) < rows:
            return None
        one = self._evaluation(goal, False).on(self.engine, 1, rows, engine)
        share = shares_of(None if goal.weight is None else table[-1])(slice(0, rows))
        return Judging(one, len(self.values.names), self._state(()), table, share)

    def _evaluation(self, goal: "Objective", telling: bool) -> Compiled:
        return goal.programs.get(("evaluate", telling), lambda: Compiled(evaluation_program(goal, telling)))

    def _together(self, goal: "Objective", rows: int) -> int:
        """Return how many of so many rows are measured together."""
        together = min(ROWS_AT_ONCE, self.output.most_rows)
        apart = rows > together and goal.means.by_example and self.output.keeps_apart
        return together if apart else rows

    def _in_order(self, goal: "Objective", rows: int) -> int:
        """Return how many rows are measured together where states go on from batch to batch."""
        size = self.batch or rows
        if rows % size or (rows > size and not goal.means.by_example):
            raise DataError(
                f"This network's states go on from batch to batch, in batches of {size} rows as it was fitted, so that "
                f"what is measured must be so many, or twice as many ...; found {rows} rows."
                if rows % size
                else "The loss, or a metric, looks at all examples at once, and a network whose states go on from "
                "batch to batch is given them batch by batch."
            )
        return size

    def _each_going_on(
        self, executable: Executable, fixed: Arrays, batches: Iterator[Arrays]
    ) -> Iterator[Arrays]:
        """Yield what comes out of batches whose states go on from one to the next, from where they begin."""
        carried: Arrays = []
        for batch in batches:
            after, outputs = executable.step([*fixed, *(carried or self.begun(len(batch[0])))], batch)
            carried = [np.array(x) for x in after[len(fixed) :]]
            yield outputs

    def slopes(
        self,
        goal: "Objective",
        table: Arrays,
        values: Sequence[np.ndarray] | None = None,
        by: Collection[str] | None = None,
    ) -> Arrays:
        """Return the cost while training on a table, then its gradient by each parameter of ``by``, or by every one."""
        if not len(table[0]):
            raise DataError("There are no rows: their cost has no gradient.")
        executable = slopes_of(goal, by).on(self.engine, 1, len(table[0]))
        return executable.step(self._state(values), table)[1]


def _parts(arrays: Arrays, nodes: Sequence[Node], cuts: Sequence[slice]) -> Iterator[Arrays]:
    """Yield parts of arrays in the dtypes of what they are given to; what is cast takes the same memory each time."""
    rooms = [
        None if a.dtype == n.dtype else np.empty((cuts[0].stop, *a.shape[1:]), n.dtype)
        for a, n in zip(arrays, nodes, strict=True)
    ]
    for cut in cuts:
        yield [a[cut] if room is None else _cast(a[cut], room) for a, room in zip(arrays, rooms, strict=True)]


def _cast(part: np.ndarray, room: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        room[: len(part)] = part
    return room[: len(part)]


@lru_cache(maxsize=64)
def _number(value: int) -> np.ndarray:
    """Return a number as an array, the same one every time: engines know again what they were given before."""
    array = np.asarray(value)
    array.flags.writeable = False
    return array


def slopes_of(goal: "Objective", by: Collection[str] | None = None) -> Compiled:
    """Return the program of an objective's cost and its gradients by some parameters, or by every one."""
    names = tuple(goal.architecture.parameters if by is None else by)
    return goal.programs.get(("gradients", names), lambda: Compiled(gradient_program(goal, names)))


_shared: Recent[Program] = Recent(64)  # what a new fold would only build again


def training_of(goal: "Objective", method: "Optimizer") -> Compiled:
    """Return the program of a training step: of all equal networks one, for they are the same but for the weights.

    The rate of one that is constant stands in its state, see :func:`rate_apart`.
    """
    if not lasting(method):
        return Compiled(training_program(goal, method))
    rule, _ = rate_apart(method)

    def shared() -> Program:
        return simplified(training_program(goal, rule)).detached()

    return goal.programs.get(
        rule, lambda: Compiled(_shared.get((goal.fingerprint, rule), shared), simple=True)
    )
