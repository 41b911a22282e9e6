"""Which engine runs a program, and the programs that are already compiled."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np

from chainrule.engines import numpy as numpy_engine
from chainrule.engines.epochs import Epochs, Run
from chainrule.engines.executable import Executable
from chainrule.engines.native.run.mode import mode
from chainrule.engines.recent import Recent
from chainrule.engines.stopping import Arrays
from chainrule.errors import EngineWarning, UnsupportedError, unknown_name, warn
from chainrule.graph import shapes
from chainrule.graph.closed import Program
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent
from chainrule.graph.walk import order
from chainrule.transform.simplify import simplify_all
from chainrule.transform.verify import verify

# What the NumPy engine takes for a node, measured to a factor of two: the call, an element, a multiplication with
# its addition.
CALL_SECONDS, ELEMENT_SECONDS, PRODUCT_SECONDS = 0.8e-6, 0.5e-9, 2e-11
# What machine code costs before it runs, in a new process that finds it on disk: LLVM itself, and each node.
LOADING_SECONDS, NODE_SECONDS = 0.08, 0.15e-3
MOST_KEPT = 64


def _compile_native(program: Program) -> Executable:
    from chainrule.engines.native.run.executable import compile_program  # noqa: PLC0415 -- LLVM takes long to load

    return compile_program(program)


COMPILERS: dict[str, Callable[[Program], Executable]] = {
    "native": _compile_native,
    "numpy": numpy_engine.compile_program,
}
ENGINES = ("auto", *COMPILERS)
_compiled: Recent[Executable] = Recent(MOST_KEPT)

Lengths = Mapping[Extent, int]  # of open axes


class Work:
    """How much there is to do in a step of a program, by the lengths of its open axes."""

    def __init__(self, program: Program) -> None:
        nodes = order(program.ends)
        working = [n for n in nodes if n.inputs]
        self.loading = LOADING_SECONDS + NODE_SECONDS * len(working)
        self._terms: dict[tuple[Extent, ...], float] = {(): CALL_SECONDS * len(working)}
        for extents, seconds in map(_work, working):
            self._terms[extents] = self._terms.get(extents, 0.0) + seconds

    def seconds(self, lengths: Lengths | int) -> float:
        """Return how long NumPy takes; a single length is that of every open axis."""
        total = 0.0
        for extents, seconds in self._terms.items():
            for e in extents:
                seconds *= lengths if isinstance(lengths, int) else lengths[e]
            total += seconds
        return total

    def engine(self, steps: int, lengths: Lengths | int) -> str:
        """Return the engine that has so many steps done first, the time to compile them included.

        It goes by the size of the work alone, never by what happened before: the same call gives the same bits.
        """
        if steps * self.seconds(lengths) < self.loading or not native_works():
            return "numpy"
        return "native"


def _work(node: Node) -> tuple[tuple[Extent, ...], float]:
    """Return which open axes a node's work grows with, and what it takes for each combination of places there."""
    if node.primitive.name == "contract":
        sizes = (*node.shape, *shapes.summed(node.inputs[0].shape, node.attributes["spec"]))
        each = PRODUCT_SECONDS
    else:
        sizes, each = node.shape, ELEMENT_SECONDS
    fixed = math.prod([e for e in sizes if not isinstance(e, Extent)])
    return tuple([e for e in sizes if isinstance(e, Extent)]), each * fixed


class Compiled:
    """A program that is compiled when it is known how much it is given, for the engine that has that done first."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._made: dict[str, Executable] = {}

    @cached_property
    def work(self) -> Work:
        """How much a step is."""
        return Work(self.program)

    def choose(self, steps: int, lengths: Lengths | int) -> str:
        """Return the engine that suits so much work."""
        return self.work.engine(steps, lengths)

    def on(
        self, engine: str, steps: int = 1, lengths: Lengths | int = 1, preferred: str | None = None
    ) -> Executable:
        """Return the program on an engine.

        Args:
            engine: "native", "numpy", or "auto": the one that suits the work, and NumPy where the other fails.
            steps: How often it is going to run.
            lengths: The lengths of its open axes, or the one that they all have.
            preferred: What "auto" takes, in place of weighing.
        """
        if engine == "auto" and (preferred or self.choose(steps, lengths)) == "numpy":
            engine = "numpy"
        if engine not in self._made:
            self._made[engine] = build(self.program, engine)
        return self._made[engine]


@lru_cache(maxsize=1)
def native_works() -> bool:
    """Say whether machine code can be made here; if not, one line tells why."""
    try:
        from chainrule.engines.native.run.build import host  # noqa: PLC0415 -- LLVM takes long to load

        host()
    except Exception as error:  # whatever is wrong with LLVM, NumPy can do the work
        reason = "llvmlite is not installed" if isinstance(error, ImportError) else f"LLVM: {error}"
        warn(f"{reason}; everything runs on the NumPy engine, only slower.", EngineWarning)
        return False
    return True


def build(program: Program, engine: str = "auto") -> Executable:
    """Simplify a program and compile it; one that was compiled before is taken as it is.

    Args:
        program: Inputs, state, outputs, new state.
        engine: "native", "numpy", or "auto": native, and NumPy for what it has no code for.

    Raises:
        UnknownNameError: If there is no such engine.
        ChainruleError: If a node is not what its row makes of its inputs.
        UnsupportedError: If the native engine was asked for, and has no code for what the program holds.
    """
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if engine == "auto" and not native_works():
        engine = "numpy"
    return _compiled.get((engine, mode(), program.fingerprint), lambda: _make(program, engine))


def _make(program: Program, engine: str) -> Executable:
    verify(program)
    simple = simplified(program).detached()
    return Willing(simple) if engine == "auto" else COMPILERS[engine](simple)


class Willing:
    """A program as machine code; on the NumPy engine, once it turns out that there is no code for it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        try:
            self.chosen = COMPILERS["native"](program)
        except UnsupportedError as error:
            self.chosen = self._instead(error)

    @property
    def engine(self) -> str:
        """What runs it now."""
        return self.chosen.engine

    def _instead(self, error: UnsupportedError) -> Executable:
        warn(f"{error} It runs on the NumPy engine.", EngineWarning)
        return COMPILERS["numpy"](self._program)

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""
        try:
            return self.chosen.step(state, batch)
        except UnsupportedError as error:  # code is made when it is first needed
            if self.engine == "numpy":
                raise
            self.chosen = self._instead(error)
        return self.chosen.step(state, batch)

    def run(self, asked: Epochs) -> Run:
        """Run epochs."""
        try:
            return self.chosen.run(asked)
        except UnsupportedError as error:
            if self.engine == "numpy":
                raise
            self.chosen = self._instead(error)
        return self.chosen.run(asked)


def simplified(program: Program) -> Program:
    """Return the program that engines are given: the same, simplified. A simple one comes back as it is."""
    return program.map_ends(lambda ends: simplify_all(list(ends), final=True))
