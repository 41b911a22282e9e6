"""Options: those of a training follow from ``cr.Options``, where each choice is told once; the others stand here."""

from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import chainrule as cr
from chainrule.cli.kinds import WRITTEN, Model, StageName, Table, Value
from chainrule.cli.pages import Option, OptionalArgument

# where the name of an argument is none for an option
FLAGS = {
    "test_data": "--test-file",
    "time_budget": "--time",
    "refit": "--no-refit",
    "report": "--no-report",
    "doctor": "--no-doctor",
}
SAYS = {
    "refit": "Keep the chosen network: do not train anew on all rows.",
    "report": "Write no report into the run, and compute nothing for it.",
    "doctor": "Leave the doctor out of the report.",
}
STAGES = {name: stage.says for engine in cr.ENGINES.values() for name, stage in engine.stages.items()}

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def choices(*names: str, usual: str = "", **says: str) -> Decorator:
    """Return the options of some choices of a training, of all if none is named.

    Args:
        names: Of the choices.
        usual: What is taken where nothing is chosen, where that is not as in training.
        says: What is said of a choice, likewise.
    """
    added = [_option(name, usual, says.get(name)) for name in names or cr.CHOICES]
    return lambda function: reduce(lambda inner, add: add(inner), reversed(added), function)


def chosen(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices that stood in the command line, as ``TableModel.train`` takes them."""
    source = click.get_current_context().get_parameter_source
    given = [name for name in settings if source(name) is ParameterSource.COMMANDLINE]
    return {name: _gathered(cr.CHOICES[name], settings[name]) for name in given if name in cr.CHOICES}


def _gathered(choice: Any, value: Any) -> Any:
    if choice.kind.name == "flag":
        return not choice.default
    gather = WRITTEN[choice.kind.name].gather
    return gather(list(value)) if gather else value


def _option(name: str, usual: str, says: str | None) -> Decorator:
    choice = cr.CHOICES[name]
    flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
    told = says or SAYS.get(name, choice.says)
    if choice.kind.name == "flag":
        return switch(flag, told, name, section=choice.section)
    usual = usual or choice.usual or ("" if choice.default == () else str(choice.default))
    if names := choice.kind.names:
        told = f"{told} {', '.join(names[:-1])} or {names[-1]}."
    several = WRITTEN[choice.kind.name].gather is not None
    return option(
        flag, choice.kind.metavar, Value(choice.kind), f"{told} [{usual}]" if usual else told, name,
        section=choice.section, multiple=several,
    )  # fmt: skip


def option(flag: str, metavar: str, kind: Any, says: str, *names: str, **settings: Any) -> Decorator:
    """Return an option whose value is of a kind; its default is shown, if it has one."""
    settings = {"show_default": "default" in settings, "cls": Option, **settings}
    return click.option(flag, *names, metavar=metavar, type=kind, help=says, **settings)


def switch(flag: str, says: str, *names: str, **settings: Any) -> Decorator:
    """Return an option that is there or is not."""
    return click.option(flag, *names, is_flag=True, help=says, cls=Option, **settings)


DATA = click.argument("data", type=Table())
OPTIONAL_DATA = click.argument("data", type=Table(), required=False, metavar="DATA", cls=OptionalArgument)
MODEL = click.argument("model", type=Model())
OUT = option(
    "--out",
    "MODEL",
    click.Path(path_type=Path, readable=False),
    "Write the model file here, too.",
    section="results",
)
QUIET = switch("--quiet", "Print the scores and errors only.", section="results")
JSON = switch("--json", "Print one JSON document, errors too.", "as_json", section="results")
RUN = option(
    "--run", "FOLDER", click.Path(path_type=Path), "A new folder for all of it. [runs/NAME-TARGET-001]",
    section="results",
)  # fmt: skip
FORCE = switch("--force", "Replace whatever is at --out.", section="results")


def results(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every training takes: where its results go, and what is printed."""
    return RUN(OUT(FORCE(QUIET(JSON(function)))))


STAGE = option(
    "--show", "STAGE", StageName(STAGES), "; ".join(f"{name}: {says}" for name, says in STAGES.items()) + ".",
    "stage", default="fusion", section="results",
)  # fmt: skip
