"""Kinds of values that commands take: each reads a word, says what is wrong with it, and completes it."""

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from chainrule.cli.completion import columns, models, tables
from chainrule.cli.files import STDIN

Missing = tuple[tuple[str, tuple[str, ...]], ...]
METRICS = [
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc", "average_precision", "log_loss", "r2", "rmse",
    "mae", "mape", "mse",
]  # fmt: skip


class Whole(click.IntRange):
    """A whole number, called so in messages."""

    name = "whole number"


class Number(click.FloatRange):
    """A number, called so in messages, and neither NaN nor infinite."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return it."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return found


class Hidden(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
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


class Table(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """A table: a file, a sample, or "-" for what is piped into the command."""

    name = "table"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return its name."""
        if value != "-":
            return value or self.fail("the name of the table is empty", param, ctx)
        if sys.stdin is None or sys.stdin.isatty():
            self.fail("nothing is piped into the command; give the name of a file, or add < FILE", param, ctx)
        if not Path(STDIN).exists():
            self.fail("this system has no - for what is piped in; give the name of a file", param, ctx)
        return STDIN

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the samples and tables that begin so."""
        return tables(incomplete)


class Model(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """A model file."""

    name = "model"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the models that begin so."""
        return models(incomplete)


class Column(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """A column of DATA, or several with commas."""

    name = "column"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the columns that begin so, of the table that stands before."""
        first = next(iter(ctx.args), "")  # which is no DATA yet, where --target is not whole
        return columns(ctx.params.get("data") or first, incomplete)


class Name(click.Choice):  # type: ignore[type-arg]  # which only newer ones of click take
    """One of several names, in any case."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(list(names), case_sensitive=False)


class Shell(Name):
    """A shell that completion is made for."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return which there are."""
        return f"Choose from: {', '.join(map(str, self.choices))}"


class StageName(Name):
    """A stage that can be shown."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return its name; the old one of "fusion" is left to :meth:`TableModel.show`, which says the new one."""
        return value if value == "schedule" else super().convert(value, param, ctx)


class Words(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """Words that mean "no value": [COLUMN=]WORDS."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the column, "" for all others, and its words, to which the empty one always belongs."""
        if not isinstance(value, str):
            return value
        column, _, words = value.rpartition("=")
        return column, ("", *filter(None, map(str.strip, words.split(","))))


class Metrics(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """A metric, or several with commas."""

    name = "metric"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the names."""
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the metrics that begin so."""
        return [CompletionItem(name) for name in METRICS if name.startswith(incomplete)]
