"""What shows how things are: ``chainrule compile``, ``completion`` and ``versions``."""

from typing import Any

import click

import chainrule as cr
from chainrule.cli import completion, options
from chainrule.cli.front import printing, tell
from chainrule.cli.kinds import Shell
from chainrule.cli.options import choices, chosen
from chainrule.cli.pages import command
from chainrule.cli.reading import read_table, targets_of


@command("compile")
@options.DATA
@choices("target", "task", "table", "missing", "header", "any_size", "hidden", "dropout", "learning_rate")
@options.STAGE
def show_compiled(data: str, stage: str, **settings: Any) -> None:
    """Show how a training step is compiled.

    A network for the table is made as 'chainrule train' makes it, and nothing is trained. Its step goes from
    one stage to the next, and each can be shown.

    \b
    Example:
      chainrule compile iris --hidden 8 --show fusion
    """
    given = chosen(settings)
    table, usual = read_table(data, given)
    names = targets_of(data, list(table.columns), given.get("target", usual and [usual]) or ())
    shown = ("task", "hidden", "dropout", "learning_rate")
    how = {name: given[name] for name in shown if name in given}
    text = cr.TableModel.show(table, names, stage, **how)
    with printing():
        click.echo(text)
    if rate := given.get("learning_rate"):
        tell(
            f"The learning rate, {rate:g}, is no constant of the step: learning_rate_scale, a number of its state, "
            "begins with it, so that networks of all rates share one step."
        )


@command("completion")
@click.argument("shell", type=Shell(list(completion.SHELLS)), metavar="|".join(completion.SHELLS))
def complete(shell: str) -> None:
    """Print what makes a shell complete commands.

    Commands and options, samples, tables and models, columns of the table after --target, and the names that
    options take are completed then. The first line that is printed says where to put it.

    \b
    Example:
      chainrule completion bash
    """
    with printing(exact=True):
        click.echo(completion.script(click.get_current_context().find_root().command, shell))


@command()
def versions() -> None:
    """Print versions, engines and the machine, for a report.

    \b
    Example:
      chainrule versions
    """
    with printing():
        cr.show_versions()
