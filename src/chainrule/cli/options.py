"""Options: what each is called, takes and says, and in which group of a help page it stands."""

from collections.abc import Callable
from typing import Any

import click

import chainrule as cr
from chainrule.cli.kinds import Column, Hidden, Metrics, Model, Name, Number, StageName, Table, Words
from chainrule.cli.pages import Option


def option(flag: str, metavar: str, kind: Any, says: str, *names: str, **settings: Any) -> Callable[..., Any]:
    """Return an option whose value is of a kind; its default is shown, if it has one."""
    settings = {"show_default": "default" in settings, "cls": Option, **settings}
    return click.option(flag, *names, metavar=metavar, type=kind, help=says, **settings)


def switch(flag: str, says: str, **settings: Any) -> Callable[..., Any]:
    """Return an option that is there or is not."""
    return click.option(flag, is_flag=True, help=says, cls=Option, **settings)


TASKS = ["regression", "classification", "binary", "multiclass", "multilabel"]
ENGINES = {engine.name: engine.says for engine in cr.ENGINES.values()}
STAGES = {name: stage.says for engine in cr.ENGINES.values() for name, stage in engine.stages.items()}

DATA = click.argument("data", type=Table())
MODEL = click.argument("model", type=Model())

# Those that several commands take, or that read the registry of engines.
TARGET = option(
    "--target",
    "COLUMN",
    Column(),
    "The column to predict; for several, repeat it or put commas.",
    multiple=True,
    section="data",
)
TASK = option(
    "--task", "TASK", Name(TASKS), f"{', '.join(TASKS[:-1])} or {TASKS[-1]}. [by the target]", section="data"
)
HIDDEN = option(
    "--hidden", "UNITS", Hidden(), "Units of each hidden layer: 64,32; or none. [by size]", section="network"
)
LEARNING_RATE = option(
    "--learning-rate", "RATE", Number(0, min_open=True), "That of Adam.", default=3e-3, section="training"
)
CLIP_NORM = option(
    "--clip-norm",
    "NORM",
    Number(0, min_open=True),
    "Shorten longer gradients to this. [none is shortened]",
    section="training",
)
DROPOUT = option(
    "--dropout", "SHARE", Number(0, 1, max_open=True),
    "Hidden units left out in a step. [0.2 for classes, 0 for numbers]", section="network")  # fmt: skip
MISSING = option(
    "--missing", "[COLUMN=]WORDS", Words(),
    "Words for 'no value', with commas, beside the empty cell: --missing 'grade=?' makes NA a grade. "
    "[NA, ?, null and their kin; predict and evaluate: as in training]",
    multiple=True, section="data")  # fmt: skip
ANY_SIZE = switch("--any-size", "Unpack a gzipped DATA however large it becomes.", section="data")
METRIC = option(
    "--metric", "NAME", Metrics(),
    "A score to print, such as f1 or auc; for several, repeat it or put commas. [by the task]",
    multiple=True, section="results")  # fmt: skip
ENGINE = option(
    "--engine", "NAME", Name(["auto", *ENGINES]),
    f"{', '.join(f'{name} ({says})' for name, says in ENGINES.items())}, or auto: the one that is done first.",
    default="auto", show_default=False, section="training")  # fmt: skip
STAGE = option(
    "--show", "STAGE", StageName(STAGES), "; ".join(f"{name}: {says}" for name, says in STAGES.items()) + ".",
    "stage", default="fusion", section="results")  # fmt: skip
