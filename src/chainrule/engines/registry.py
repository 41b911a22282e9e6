"""The engines: a record for each. What runs, shows, chooses or tests programs reads it here and knows no engine."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from chainrule.doors import late
from chainrule.errors import EngineWarning, unknown_name, warn
from chainrule.names import spelled

if TYPE_CHECKING:
    from chainrule.engines.executable import Executable
    from chainrule.graph.closed import Program


@dataclass(frozen=True)
class Cost:
    """What a program costs on an engine, in seconds, measured to a factor of two.

    Attributes:
        start: Before anything runs, in a new process.
        node: Likewise, for each node.
        call: Each time, for each node.
        addition: Each time, for each element, times what its row costs.
        product: Each time, for each multiplication, with its addition, in a product of matrices.

    >>> cr.ENGINES["native"].cost.start < 1
    True
    """

    start: float = 0.0
    node: float = 0.0
    call: float = 0.0
    addition: float = 0.0
    product: float = 0.0


@dataclass(frozen=True)
class Stage:
    """A stage of compiling that can be shown: what there is to see, and what writes it for a simplified program.

    Attributes:
        says: What there is to see, in a few words.
        show: From a simplified program to text.

    >>> cr.ENGINES["numpy"].stages["source"].says
    'a function in Python'
    """

    says: str
    show: Callable[[Program], str] = field(repr=False)


@dataclass(frozen=True, repr=False)
class Engine:
    """What turns a program into something that runs; ``cr.ENGINES`` has one for each name that ``engine=`` takes.

    Attributes:
        name: What ``engine=`` calls it.
        says: What it is, in a few words.
        compile: From a program to what runs it; UnsupportedError if it has no code for it.
        stages: What ``show`` can show of it, in this order.
        cost: What "auto" weighs; None: it runs only what asks for it by name.
        available: Why it cannot run here, or "".
        mode: What of the environment decides its code.
        about: What it runs on, by name, if it can run.

    >>> cr.ENGINES["native"].says, cr.ENGINES["numpy"].says
    ('machine code', "NumPy's functions")
    >>> list(cr.ENGINES["native"].stages)
    ['graph', 'fusion', 'memory', 'ir', 'asm']
    """

    name: str
    says: str
    compile: Callable[[Program], Executable] = field(repr=False)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    cost: Cost | None = None
    available: Callable[[], str] = field(default=str, repr=False)
    mode: Callable[[], Hashable] = field(default=tuple, repr=False)
    about: Callable[[], Mapping[str, str]] = field(default=dict, repr=False)

    def __repr__(self) -> str:
        return f"<engine {self.name}: {self.says}; shows {', '.join(self.stages) or 'nothing'}>"


def at(place: str) -> Callable[..., Any]:
    """Return the function at ``"module:name"`` of this room; the module is imported when it is first called."""
    return late(f"chainrule.engines.{place}")


REFERENCE = "numpy"  # it runs whatever there is, and takes over where another engine has no code
GRAPH = Stage("simplified, a line for each node", at("listing:show_graph"))

NATIVE = Engine(
    "native",
    "machine code",
    at("native.run.executable:compile_program"),
    {
        "graph": GRAPH,
        "fusion": Stage("the loops, and what each computes", at("native.run.shown:fusion")),
        "memory": Stage("where results lie", at("native.run.shown:memory")),
        "ir": Stage("LLVM's language", at("native.run.shown:ir")),
        "asm": Stage("the machine's language", at("native.run.shown:asm")),
    },
    Cost(start=0.08, node=0.15e-3),  # loading LLVM, and code that lies on disk; what a step takes is nothing
    at("native.run.probe:missing"),
    at("native.run.mode:mode"),
    at("native.run.probe:about"),
)
NUMPY = Engine(
    "numpy",
    "NumPy's functions",
    at("numpy:NumpyExecutable"),
    {"graph": GRAPH, "source": Stage("a function in Python", at("numpy:source"))},
    Cost(call=0.8e-6, addition=0.3e-9, product=2e-11),
)
ENGINES = {engine.name: engine for engine in (NATIVE, NUMPY)}


def engine_named(name: str) -> Engine:
    """Return an engine.

    Raises:
        UnknownNameError: If there is none of this name.
    """
    found = spelled(name, ENGINES)
    if not isinstance(found, str) or found not in ENGINES:
        raise unknown_name("engine", name, ("auto", *ENGINES))
    return ENGINES[found]


@cache
def missing(name: str) -> str:
    """Say why an engine cannot run here, or "". It is asked once: to find out may take long."""
    return ENGINES[name].available()


@cache
def warn_of_missing(name: str) -> None:
    """Tell in one line, once, that NumPy does what an engine that cannot run here would have done."""
    warn(f"{missing(name)}; everything runs on the NumPy engine, only slower.", EngineWarning)
