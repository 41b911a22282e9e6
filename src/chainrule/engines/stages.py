"""What an engine made of a program, stage by stage, as text: for those who want to see how it works."""

from chainrule.engines.registry import ENGINES, REFERENCE, engine_named, missing
from chainrule.errors import UnknownNameError, deprecated, unknown_name
from chainrule.graph.closed import Program
from chainrule.names import spelled
from chainrule.shown import Lines
from chainrule.transform.simplify import simplified

RENAMED = {"schedule": "fusion"}


def show_stage(program: Program, stage: str, engine: str = "auto") -> str:
    """Return a stage of compiling a program as text.

    Args:
        program: As it was built.
        stage: One of the engine's stages.
        engine: The name of an engine, or "auto": the first that has the stage and works here.

    Raises:
        UnknownNameError: If there is no such engine, or it has no such stage.
    """
    if not isinstance(stage, str):
        raise unknown_name("stage", stage, {s for e in ENGINES.values() for s in e.stages})
    stage = spelled(stage, [*RENAMED, *(s for e in ENGINES.values() for s in e.stages)])
    if stage in RENAMED:
        deprecated(f"The stage {stage!r}", repr(RENAMED[stage]))
        stage = RENAMED[stage]
    having = [e.name for e in ENGINES.values() if stage in e.stages]
    if engine == "auto":
        wanted = having or list(ENGINES)
        engine = next((name for name in wanted if not missing(name)), REFERENCE)
    known = engine_named(engine).stages
    if stage in known:
        # Compiled anew: an equal program that was compiled before may bear other names.
        return Lines(known[stage].show(simplified(program)))
    if not having:
        raise unknown_name("stage", stage, known)
    why = missing(having[0])
    there = f"which cannot run here: {why}" if why else f"engine={having[0]!r}"
    raise UnknownNameError(
        f"This runs on the {engine} engine, which has no stage {stage!r}: that is one of the {having[0]} engine, "
        f"{there}. Here there are: {', '.join(known) or 'none'}."
    )
