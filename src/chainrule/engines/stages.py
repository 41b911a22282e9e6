"""What an engine made of a program, stage by stage, as text: for those who want to see how it works."""

from collections.abc import Callable
from typing import Any

from chainrule.engines.choice import COMPILERS, native_works, simplified
from chainrule.engines.listing import show_graph
from chainrule.errors import UnknownNameError, unknown_name
from chainrule.graph.closed import Program


def _native(stage: str) -> Callable[[Program], str]:
    def show(program: Program) -> str:
        from chainrule.engines.native.look.show import show_stage  # noqa: PLC0415 -- LLVM takes long to load

        compiled: Any = COMPILERS["native"](program)
        return show_stage(compiled.stages, stage)

    return show


def _source(program: Program) -> str:
    compiled: Any = COMPILERS["numpy"](program)
    return str(compiled.source)


STAGES: dict[str, dict[str, Callable[[Program], str]]] = {
    "native": {
        "graph": show_graph,
        **{stage: _native(stage) for stage in ("schedule", "memory", "ir", "asm")},
    },
    "numpy": {"graph": show_graph, "source": _source},
}


def show_stage(program: Program, engine: str, stage: str) -> str:
    """Return a stage of compiling a program as text.

    Args:
        program: As it was built.
        engine: "native" or "numpy".
        stage: "graph" (simplified, a line for each node); on the native engine "schedule" (which loops there
            are and what each computes), "memory" (where results lie), "ir" (LLVM's language, as we write it)
            or "asm" (the machine's, as LLVM makes it); on the NumPy engine "source" (a Python function).

    Raises:
        UnknownNameError: If the engine has no such stage.
    """
    known = STAGES[engine]
    if stage in known:
        # Compiled anew: an equal program that was compiled before may bear other names.
        return known[stage](simplified(program))
    owner = next((other for other in STAGES if stage in STAGES[other]), None)
    if owner is None:
        raise unknown_name("stage", stage, known)
    raise UnknownNameError(
        f"This runs on the {engine} engine, which has no stage {stage!r}: that is one of the {owner} "
        f"engine, engine={owner!r}. Here there are: {', '.join(known)}."
    )


def engine_of(stage: str, engine: str = "auto") -> str:
    """Return the engine that a stage is shown of, where the choice is left open: native unless only NumPy has it."""
    if engine != "auto":
        return engine
    wanted = "numpy" if stage not in STAGES["native"] and stage in STAGES["numpy"] else "native"
    return wanted if wanted == "numpy" or native_works() else "numpy"
