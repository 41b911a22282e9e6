"""Programs that are compiled: each once, for the engine that suits what it is given."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.choice import Lengths, Work, choose, work_of
from chainrule.engines.executable import Executable, undisturbed
from chainrule.engines.registry import ENGINES, REFERENCE, engine_named, missing
from chainrule.errors import EngineWarning, UnsupportedError, warn
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import Arrays
from chainrule.random import Key
from chainrule.recent import Recent
from chainrule.transform.simplify import simplified
from chainrule.transform.verify import verify

if TYPE_CHECKING:
    from chainrule.engines.epochs import Alike, Epochs, Run
    from chainrule.engines.stopping import Judging

MOST_KEPT = 64
_compiled: Recent[Executable] = Recent(MOST_KEPT)


class Compiled:
    """A program that is compiled when it is known how much it is given, for the engine that has that done first.

    ``simple`` says that it was simplified and detached before.
    """

    def __init__(self, program: Program, simple: bool = False) -> None:
        self.program = program
        self._simple = simple
        self._made: dict[str, Executable] = {}
        self._willing: dict[str, Executable] = {}

    @cached_property
    def work(self) -> dict[str, Work]:
        """What it takes on each engine that may be chosen."""
        return work_of(self.program)

    def choose(self, steps: int, lengths: Lengths) -> str:
        """Return the engine that suits so much work."""
        return choose(self.work, steps, lengths)

    def on(
        self, engine: str, steps: int = 1, lengths: Lengths = 1, preferred: str | None = None
    ) -> Executable:
        """Return the program on an engine.

        Args:
            engine: Its name, or "auto": the one that suits the work, and NumPy where that has no code for it.
            steps: How often it is going to run.
            lengths: The lengths of its open axes, or the one that they all have.
            preferred: What "auto" takes, in place of weighing.
        """
        made, willing = self._made, engine == "auto"
        if willing:
            engine, made = preferred or self.choose(steps, lengths), self._willing
        if engine not in made:
            made[engine] = build(self.program, engine, willing, self._simple)
        return made[engine]


def build(program: Program, engine: str, willing: bool = False, simple: bool = False) -> Executable:
    """Simplify a program, unless it is simple, and compile it; one that was compiled before is taken as it is.

    Args:
        program: Inputs, state, outputs, new state.
        engine: The name of an engine.
        willing: Whether NumPy takes over, with a warning, where the engine has no code for what the program holds.
        simple: Whether it was simplified and detached before.

    Raises:
        UnknownNameError: If there is no such engine.
        ChainruleError: If a node is not what its row makes of its inputs.
        UnsupportedError: If the engine does not run here, or has no code for what the program holds and is not
            willing.
    """
    found = engine_named(engine)
    willing = willing and engine != REFERENCE

    def make() -> Executable:
        if why := missing(engine):
            raise UnsupportedError(f"The {engine} engine does not run here: {why}.")
        with undisturbed():
            verify(program)
            ready = program if simple else simplified(program).detached()
            return Willing(ready, engine) if willing else found.compile(ready)

    return _compiled.get((engine, willing, found.mode(), program.fingerprint), make)


class Willing(Executable):
    """A program on an engine; on the NumPy engine, once it turns out that the other has no code for it."""

    def __init__(self, program: Program, engine: str) -> None:
        self._program = program
        self.engine: str = engine
        try:
            self.chosen: Executable = ENGINES[engine].compile(program)
        except UnsupportedError as error:
            self._give_up(error)

    @property
    def batches_at_once(self) -> int:  # type: ignore[override]
        """How many batches it is better given as one."""
        return self.chosen.batches_at_once

    def _give_up(self, error: UnsupportedError) -> None:
        if self.engine == REFERENCE:
            raise error
        warn(f"{error} It runs on the NumPy engine.", EngineWarning)
        self.engine = REFERENCE
        self.chosen = ENGINES[REFERENCE].compile(self._program)

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""
        try:
            return self.chosen.step(state, batch)
        except UnsupportedError as error:  # code is made when it is first needed
            self._give_up(error)
        return self.chosen.step(state, batch)

    def each(self, state: Sequence[np.ndarray], batches: Iterable[Sequence[np.ndarray]]) -> Iterator[Arrays]:
        """Run the program on one batch after the other, each time from this state; yield the outputs of each."""
        ahead, begun = iter(batches), list[Sequence[np.ndarray]]()

        def noted() -> Iterator[Sequence[np.ndarray]]:
            for batch in ahead:
                begun[:] = [batch]
                yield batch

        try:
            yield from self.chosen.each(state, noted())
        except UnsupportedError as error:
            self._give_up(error)
            yield from self.chosen.each(state, chain(begun, ahead))

    def draw(self, key: Key, numbers: np.ndarray, first: int, count: int) -> np.ndarray:
        """Return random words."""
        try:
            return self.chosen.draw(key, numbers, first, count)
        except UnsupportedError as error:
            self._give_up(error)
        return self.chosen.draw(key, numbers, first, count)

    def judge(self, judging: "Judging", state: Sequence[np.ndarray]) -> Any:
        """Return what an engine's own loop needs to validate by this program."""
        try:
            return self.chosen.judge(judging, state)
        except UnsupportedError as error:
            self._give_up(error)
        return None

    def seconds_a_step(self, rows: int) -> float | None:
        """Return what a step of a run took last, for batches of so many rows."""
        return self.chosen.seconds_a_step(rows)

    def prepare(self, asked: "Epochs") -> None:
        """Make what a run needs."""
        try:
            self.chosen.prepare(asked)
        except UnsupportedError as error:
            self._give_up(error)

    def run(self, asked: "Epochs") -> "Run":
        """Run epochs."""
        seen = vars(asked.progress).copy()
        try:
            return self.chosen.run(asked)
        except UnsupportedError as error:
            self._give_up(error)
            vars(asked.progress).update(seen)  # the epochs that it had done are done again
        return self.chosen.run(asked)

    def run_alike(
        self, states: Sequence[np.ndarray], table: Sequence[np.ndarray], epochs: int
    ) -> "Alike | None":
        """Run epochs from many states."""
        return self.chosen.run_alike(states, table, epochs)
