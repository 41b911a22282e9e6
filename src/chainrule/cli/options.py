"""What commands take: kinds of values, and the options that several share."""

from typing import Any

import click

import chainrule as cr

STAGES = {name: stage.says for engine in cr.ENGINES.values() for name, stage in engine.stages.items()}

Missing = tuple[tuple[str, tuple[str, ...]], ...]


class Whole(click.IntRange):
    """A whole number, called so in messages."""

    name = "whole number"


class Number(click.FloatRange):
    """A number, called so in messages."""

    name = "number"


class Hidden(click.ParamType):
    """Units of the hidden layers: 32,16; or none."""

    name = "units"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the numbers of units."""
        if not isinstance(value, str):
            return value
        if value == "none":
            return ()
        units = value.split(",")
        if not all(unit.strip().isdecimal() and int(unit) for unit in units):
            self.fail(
                f"{value!r} names no hidden layers; expected units such as 32 or 64,32, or none.", param, ctx
            )
        return tuple(map(int, units))


class StageName(click.Choice):
    """A stage that can be shown."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return its name; the old one of "fusion" is left to :meth:`TableModel.show`, which says the new one."""
        return value if value == "schedule" else super().convert(value, param, ctx)


class Words(click.ParamType):
    """Words that mean "no value": [COLUMN=]WORDS."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the column, "" for all others, and its words, to which the empty one always belongs."""
        if not isinstance(value, str):
            return value
        column, _, words = value.rpartition("=")
        return column, ("", *filter(None, map(str.strip, words.split(","))))


TARGET = click.option(
    "--target",
    metavar="COLUMN",
    multiple=True,
    help="The column to predict; for several, repeat it or put commas.",
)
TASK = click.option(
    "--task",
    metavar="TASK",
    type=click.Choice(["regression", "classification", "binary", "multiclass", "multilabel"]),
    help="regression, classification, binary, multiclass or multilabel. [default: by the target]",
)
HIDDEN = click.option(
    "--hidden",
    metavar="UNITS",
    type=Hidden(),
    help="Units of each hidden layer: 64,32; or none. [default: by size]",
)
LEARNING_RATE = click.option(
    "--learning-rate",
    metavar="RATE",
    type=Number(0, min_open=True),
    default=3e-3,
    show_default=True,
    help="That of Adam.",
)
DROPOUT = click.option(
    "--dropout",
    metavar="SHARE",
    type=Number(0, 1, max_open=True),
    help="Hidden units left out in a step. [default: 0.2 for classes, 0 for numbers]",
)
MISSING = click.option(
    "--missing",
    metavar="[COLUMN=]WORDS",
    type=Words(),
    multiple=True,
    help="Words for 'no value', with commas, beside the empty cell: --missing 'grade=?' makes NA a grade. "
    "[default: NA, ?, null and their kin; predict and evaluate: as in training]",
)
ANY_SIZE = click.option("--any-size", is_flag=True, help="Unpack a gzipped DATA however large it becomes.")
