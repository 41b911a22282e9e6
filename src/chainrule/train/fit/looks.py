"""Looks into a fit while it goes on, at the first steps of some epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.engines.choice import Work, working
from chainrule.engines.epochs import Batches
from chainrule.engines.executable import Executable
from chainrule.engines.registry import Cost
from chainrule.errors import DataError, unknown_name
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node
from chainrule.train.fit.settings import Settings
from chainrule.train.looking import layers_seen, looking_of
from chainrule.train.objective import Examples, Objective
from chainrule.train.optimizers import LBFGS, Optimizer
from chainrule.train.programs import training_of
from chainrule.train.recorded import Recorded
from chainrule.train.recording import Record

MOST_BYTES = 2**27  # of the values of all epochs that are kept
SHARE = 0.01  # of the time of training that looks are reckoned to take; cold caches double it
LEAST_LOOKS = 5
LOOK, BYTE = (
    1.5e-4,
    3e-10,
)  # seconds that a look takes beside its step: by itself, and for each byte of the state
PACE = Cost(addition=3e-11, product=1e-11)  # of a fast engine on one core, to a factor of two


class Recorder:
    """Looks into a fit while it goes on.

    Args:
        wanted: What is to be recorded.
        every: At how many epochs to look once.
        examples: What the fit learns from.
        method: How it descends.
        batches: How an epoch is cut into batches.
        values: The network's numbers before the first step, by name.
        epochs: How many epochs there are at most.
        engine: What computes the steps.
    """

    def __init__(
        self,
        wanted: Record,
        every: int,
        examples: Examples,
        method: Optimizer,
        batches: Batches,
        values: Mapping[str, np.ndarray],
        epochs: int,
        engine: str,
    ) -> None:
        self._goal, self._table = examples
        self.every: int = every
        self._batches = batches
        self._trained, self._layers = list(self._goal.trained), list(layers_seen(self._goal))
        self._norms = wanted.norms
        names = list(values)
        self._names = _chosen(wanted.values, names)
        self._kept = [names.index(name) for name in self._names]
        size = 4 * sum(values[name].size for name in self._names)
        self._values_every = every * max(1, math.ceil((epochs // every + 2) * size / MOST_BYTES))
        self._epochs: list[int] = []
        self._lines: list[list[float]] = []
        self._values_epochs: list[int] = []
        self._values: list[Arrays] = []
        self._look: Executable | None = None
        if self._norms:
            self._look = looking_of(self._goal, method).on(
                engine, epochs, batches.largest(len(self._table[0]))
            )

    def within(self, epoch: int, state: Arrays, rows: np.ndarray) -> list[int]:
        """Look at the state before an epoch, if it is one of those; return which others of a run are, counted from it.

        Args:
            epoch: The first epoch of a run.
            state: Where it begins.
            rows: The orders of its epochs.
        """
        self._at(epoch, state, rows[0])
        first = self.every - epoch % self.every
        return list(range(first, len(rows), self.every))

    def look(self, epoch: int, seen: Sequence[tuple[int, Arrays]], rows: np.ndarray) -> None:
        """Look at states of a run that began with ``epoch``, each told with how many epochs of the run were done."""
        for ahead, state in seen:
            self._at(epoch + ahead, state, rows[ahead])

    def end(self, epoch: int, state: Arrays) -> None:
        """Keep what there is at the end."""
        self._keep(epoch, state)

    def _at(self, epoch: int, state: Arrays, order: np.ndarray) -> None:
        if epoch % self.every:
            return
        if epoch % self._values_every == 0:
            self._keep(epoch, state)
        if self._look is None or (self._epochs and self._epochs[-1] >= epoch):  # a run is done again, say
            return
        batch = order[self._batches.cut(0, len(order))]
        _, sizes = self._look.step(state, [t[batch] for t in self._table])
        self._epochs.append(epoch)
        self._lines.append([float(x) for x in sizes])

    def _keep(self, epoch: int, state: Arrays) -> None:
        if self._kept and not (self._values_epochs and self._values_epochs[-1] >= epoch):
            self._values_epochs.append(epoch)
            self._values.append([np.array(state[i], np.float32) for i in self._kept])

    def found(self) -> Recorded:
        """Return what was recorded."""
        lines = np.array(self._lines, np.float64).reshape(-1, 3 * len(self._trained) + len(self._layers)).T
        kinds = [
            dict(zip(self._trained, lines[i : 3 * len(self._trained) : 3], strict=True)) for i in range(3)
        ]
        layers = dict(zip(self._layers, lines[3 * len(self._trained) :], strict=True))
        weights, gradients, updates = kinds if self._norms else ({}, {}, {})
        values = dict(zip(self._names, map(np.array, zip(*self._values, strict=True)), strict=False))
        return Recorded(
            np.array(self._epochs, np.int64),
            weights,
            gradients,
            updates,
            layers if self._norms else {},
            self._label_of(),
            values,
            np.array(self._values_epochs, np.int64),
        )

    def _label_of(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for label, call in self._goal.architecture.calls.items():
            for w in call.parameters:
                found.setdefault(w.name, label)
        return {name: label for name, label in found.items() if name in self._trained}

    def named(self, epochs: int) -> dict[str, np.ndarray]:
        """Return what was recorded before so many epochs were done, as arrays by name."""
        seen = [e < epochs for e in self._epochs]
        kept = [e < epochs for e in self._values_epochs]
        count = sum(kept)
        return {
            "recorded.epochs": np.array(self._epochs[: sum(seen)], np.int64),
            "recorded.norms": np.array(self._lines[: sum(seen)], np.float64),
            "recorded.values_epochs": np.array(self._values_epochs[:count], np.int64),
        } | {
            f"recorded.value.{name}": np.array([each[i] for each in self._values[:count]])
            for i, name in enumerate(self._names)
        }

    def go_on(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take what was recorded before an interruption, where that was the same, as :meth:`named` has it."""
        width = 3 * len(self._trained) + len(self._layers)
        norms = arrays.get("recorded.norms")
        if self._norms and norms is not None and norms.size and norms.shape[1:] == (width,):
            self._epochs, self._lines = arrays["recorded.epochs"].tolist(), norms.tolist()
        each = [arrays.get(f"recorded.value.{name}") for name in self._names]
        if each and all(x is not None for x in each):
            self._values_epochs = arrays["recorded.values_epochs"].tolist()
            self._values = [list(line) for line in zip(*each, strict=True)]


def recorder_of(
    wanted: Record,
    examples: Examples,
    method: Optimizer | LBFGS,
    batches: Batches,
    values: Mapping[str, np.ndarray],
    slots: Sequence[Node],
    settings: Settings,
    engine: str,
) -> Recorder:
    """Return what looks into a fit as it is wanted; ``slots`` are the optimizer's, all else as in :class:`Recorder`."""
    if not method.by_steps:
        raise DataError(
            "L-BFGS finds the length of each step by trying, so there is no step to look at before it is done: leave "
            "cr.Record out, or take another optimizer, such as 'adam'."
        )
    goal, table = examples
    held = sum(x.nbytes for x in values.values()) + sum(
        math.prod(map(int, s.shape)) * s.dtype.itemsize for s in slots
    )
    every = wanted.every or _seldom(goal, method, batches, len(table[0]), held, settings.last)
    return Recorder(wanted, every, examples, method, batches, values, settings.last, engine)


def _seldom(goal: Objective, method: Optimizer, batches: Batches, rows: int, held: int, epochs: int) -> int:
    """Return at how many epochs to look once for 3 % of the time; it goes by the size of the work alone."""
    program = training_of(goal, method).program
    step = Work(working(program.nodes), PACE).seconds(1, batches.largest(rows))
    share = (LOOK + BYTE * held + 1.5 * step) / (batches.steps(rows) * step or LOOK)
    return max(1, min(math.ceil(share / SHARE), epochs // LEAST_LOOKS))


def _chosen(wanted: Any, names: Sequence[str]) -> list[str]:
    if wanted is False:
        return []
    chosen = list(names) if wanted is True else [wanted] if isinstance(wanted, str) else list(wanted)
    for name in chosen:
        if name not in names:
            raise DataError(f"Record keeps no such values. {unknown_name('parameter', name, names)}")
    return chosen
