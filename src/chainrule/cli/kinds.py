"""Kinds of values that commands take: how each is written, what is said to a wrong one, and what completes it."""

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

import chainrule as cr
from chainrule.cli.completion import columns, configurations, models, runs, tables
from chainrule.cli.files import STDIN

METRICS = [
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc", "average_precision", "log_loss", "r2", "rmse",
    "mae", "mape", "mse",
]  # fmt: skip
Completing = Callable[[click.Context, str], list[CompletionItem]]


@dataclass(frozen=True)
class Written:
    """How values of a kind of ``cr.Options`` are written in a command line.

    Attributes:
        parse: Returns what a word stands for; raises ValueError for one that stands for nothing.
        expected: What is expected, where the words of the library are those of Python.
        gather: Returns what several words stand for together, of an option that may be repeated.
        complete: Returns what may stand at the cursor.
    """

    parse: Callable[[str], Any] = str
    expected: str = ""
    gather: Callable[[list[Any]], Any] | None = None
    complete: Completing | None = None


class Value(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """The value of a choice: written as its kind is, and what the library takes."""

    def __init__(self, kind: Any) -> None:
        self.name, self._kind, self._written = kind.name, kind, WRITTEN[kind.name]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what a word stands for."""
        if not isinstance(value, str):
            return value
        try:
            found = self._written.parse(value)
            known = self._written.gather or self._kind.read(found) is not None
        except (ValueError, KeyError):
            known = False
        except cr.ChainruleError as error:  # a name that is none of those that are known
            self.fail(str(error), param, ctx)
        if not known:
            self.fail(f"{value!r}; expected {self._written.expected or self._kind.says}.", param, ctx)
        return found

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return what may stand at the cursor."""
        complete = self._written.complete or _beginning(self._kind.names)
        return complete(ctx, incomplete)


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


class TableOrRun(Table):
    """A table, or the folder of a run."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the samples, tables and runs that begin so."""
        return [*tables(incomplete), *runs(incomplete)]


class Model(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """A model file, or the folder of a run."""

    name = "model"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the models that begin so."""
        return models(incomplete)


class Level(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """A share between 0 and 1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return it as a number."""
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        if not 0 < found < 1:
            self.fail(f"{value!r}; expected a number between 0 and 1, such as 0.9.", param, ctx)
        return found


class Run(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """The folder of a run."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the runs that begin so."""
        return runs(incomplete)


class Config(click.ParamType):  # type: ignore[type-arg]  # which only newer ones of click take
    """A configuration, or a run that has one."""

    name = "configuration"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the configurations that begin so."""
        return configurations(incomplete)


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


def _finite(word: str) -> float:
    found = float(word)
    if not math.isfinite(found):
        raise ValueError
    return found


def _units(word: str) -> tuple[int, ...]:
    return () if word.strip().lower() == "none" else tuple(_unit(each) for each in word.split(","))


def _unit(word: str) -> int:
    if not word.strip().isdecimal() or not int(word):
        raise ValueError
    return int(word)


def _words(word: str) -> tuple[str, tuple[str, ...]]:
    """Return the column, "" for all others, and its words, to which the empty one always belongs."""
    column, _, words = word.rpartition("=")
    return column, ("", *_listed(words))


def _weights(word: str) -> Any:
    """Return "balanced", or the weight of each class: yes=5,no=1."""
    if "=" not in word:
        return word
    import csv  # noqa: PLC0415 -- only where weights are given

    found = {}
    for each in next(csv.reader([word])):
        label, _, weight = map(str.strip, each.rpartition("="))
        if label in found:
            raise click.BadParameter(f"{label!r} has two weights; give each class one.")
        found[label] = _finite(weight)
    return found


def _threshold(word: str) -> float | str:
    try:
        return _finite(word)
    except ValueError:
        return word


def _answer(word: str) -> bool:
    """Return whether yes was said; a configuration's words for it count too."""
    return {"yes": True, "true": True, "no": False, "false": False, "none": False}[word.strip().lower()]


def _listed(word: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, word.split(","))))


def _together(found: list[tuple[str, ...]]) -> tuple[str, ...]:
    return sum(found, ())


def _columns(ctx: click.Context, begun: str) -> list[CompletionItem]:
    """Return the columns that begin so, of the table that stands before; behind a comma begins another."""
    first = next(iter(ctx.args), "")  # which is no DATA yet, where --target is not whole
    data = ctx.params.get("data") or first
    before, comma, last = begun.rpartition(",")
    return columns(data, begun) or columns(data, last, f"{before}{comma}" if comma else "")


def _beginning(names: Iterable[str]) -> Completing:
    return lambda ctx, begun: [CompletionItem(name) for name in names if name.startswith(begun.lower())]


WRITTEN = {
    "whole": Written(int),
    "number": Written(_finite),
    "share": Written(_finite),
    "time": Written(expected="a time above 0: 90 (seconds), 30s or 5m"),
    "flag": Written(),
    "answer": Written(_answer, "yes or no", complete=_beginning(["yes", "no"])),
    "text": Written(),
    "task": Written(),
    "engine": Written(),
    "activation": Written(),
    "units": Written(_units, "the units of each hidden layer, such as 32 or 64,32, or none"),
    "path": Written(complete=lambda ctx, begun: tables(begun)),
    "column": Written(complete=_columns),
    "columns": Written(gather=list, complete=_columns),
    "words": Written(_words, gather=dict),
    "metrics": Written(_listed, gather=_together, complete=_beginning(METRICS)),
    "weights": Written(_weights, "balanced, or a weight above 0 for each class: yes=5,no=1"),
    "threshold": Written(_threshold, "a number between 0 and 1, neither of them, or best"),
}
