"""What an engine made of a program, stage by stage, as text: for those who want to see how it works."""

from chainrule.engines.compiled import simplified
from chainrule.engines.registry import ENGINES, REFERENCE, works
from chainrule.errors import UnknownNameError, unknown_name
from chainrule.graph.closed import Program


def show_stage(program: Program, engine: str, stage: str) -> str:
    """Return a stage of compiling a program as text.

    Args:
        program: As it was built.
        engine: The name of an engine.
        stage: One of its stages.

    Raises:
        UnknownNameError: If the engine has no such stage.
    """
    known = ENGINES[engine].stages
    if stage in known:
        # Compiled anew: an equal program that was compiled before may bear other names.
        return known[stage].show(simplified(program))
    owner = next((other.name for other in ENGINES.values() if stage in other.stages), None)
    if owner is None:
        raise unknown_name("stage", stage, known)
    raise UnknownNameError(
        f"This runs on the {engine} engine, which has no stage {stage!r}: that is one of the {owner} "
        f"engine, engine={owner!r}. Here there are: {', '.join(known)}."
    )


def engine_of(stage: str, engine: str = "auto") -> str:
    """Return the engine that a stage is shown of: where the choice is left open, the first that has it and works."""
    if engine != "auto":
        return engine
    having = [e.name for e in ENGINES.values() if stage in e.stages] or list(ENGINES)
    return next(filter(works, having), REFERENCE)
