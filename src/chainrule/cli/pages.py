"""Help pages: the options of a command in groups, in the order of a training, on lines of 80 characters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from chainrule.terminal import quoted

SECTIONS = {
    "data": "Data",
    "columns": "Columns",
    "rows": "Rows",
    "network": "Network",
    "training": "Training",
    "results": "Results",
    "": "Other options",
}
WIDE = 26  # columns of the names, beyond which what is said of one begins on the next line


class Option(click.Option):
    """An option that stands in a group of a help page, with its default in brackets."""

    def __init__(self, *arguments: Any, section: str = "", **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.section = section

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return its name and what is said of it. What it may be, an error tells to who needs it."""
        if self.hidden:
            return None
        flags = ", ".join(sorted([*self.opts, *self.secondary_opts], key=len))
        usual = f" [{self.default}]" if self.show_default else ""
        return f"{flags} {self.metavar}" if self.metavar else flags, f"{self.help}{usual}"


class OptionalArgument(click.Argument):
    """An argument that may be left out, which the usage line shows by brackets."""

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what stands in the usage line."""
        return [f"[{self.make_metavar(ctx)}]"]


class Command(click.Command):
    """A command whose help page has its options in groups, and which says what an argument too many may be meant as."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        found = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            takes = " ".join(
                each.make_metavar(ctx) for each in self.get_params(ctx) if isinstance(each, click.Argument)
            )
            hint = self._meant(ctx)
            raise click.UsageError(
                f"{quoted(*ctx.args)}: too many arguments; {ctx.command_path} takes {takes or 'none'}.{hint}"
            )
        return found

    def _meant(self, ctx: click.Context) -> str:
        """Return what arguments too many may be meant as."""
        option = next((each for each in self.get_params(ctx) if each.name == "target"), None)
        if option is None or ctx.params.get("target") or any(Path(each).exists() for each in ctx.args):
            return ""
        return f" Did you mean '--target {quoted(*ctx.args[:1])}'?"

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        found: dict[str, list[tuple[str, str]]] = {section: [] for section in SECTIONS}
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx) if isinstance(each, click.Option) else None
            if record:
                found[getattr(each, "section", "")].append(record)
        several = sum(map(bool, found.values())) > 1
        names = [name for records in found.values() for name, _ in records]
        wide = max(len(name) for name in names if len(name) <= WIDE)  # in all groups alike
        for section, records in found.items():
            if records:
                with formatter.section(SECTIONS[section] if several else "Options"):
                    formatter.write_dl([(name.ljust(wide), says) for name, says in records], col_max=WIDE)


def command(name: str | None = None) -> Callable[..., Any]:
    """Return what makes a command of a function."""
    return click.command(name, cls=Command)
