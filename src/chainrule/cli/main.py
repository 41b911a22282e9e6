"""The command line: all commands, and the page that names them."""

import click

import chainrule as cr
from chainrule.cli.front import Commands
from chainrule.cli.looking import complete, show_compiled, versions
from chainrule.cli.training import compare, train
from chainrule.cli.using import evaluate, predict, summary


@click.group(
    name="chainrule",
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(cr.__version__, prog_name="chainrule")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Neural networks you can see through.

    \b
    Examples:
      chainrule train iris
      chainrule compare iris
      chainrule predict iris.safetensors iris --out predictions.csv
      chainrule evaluate iris.safetensors iris
      chainrule summary iris.safetensors
      chainrule compile iris --show fusion
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for each in (train, compare, predict, evaluate, summary, show_compiled, complete, versions):
    cli.add_command(each)


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
