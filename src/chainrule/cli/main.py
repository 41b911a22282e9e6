"""The command line: all commands, and the page that names them."""

import click

import chainrule as cr
from chainrule.cli.explain import explain
from chainrule.cli.front import Commands
from chainrule.cli.looking import complete, show_compiled, versions
from chainrule.cli.reporting import doctor, report
from chainrule.cli.teaching import lesson, lessons
from chainrule.cli.training import compare, config, train
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
      chainrule train houses.csv --target price --dry-run
      chainrule compare houses.csv --target price
      chainrule predict runs/iris-target-001 new.csv --out predictions.csv
      chainrule evaluate runs/iris-target-001 more.csv
      chainrule explain runs/iris-target-001 --row 7
      chainrule doctor runs/iris-target-001
      chainrule report runs/iris-target-001
      chainrule summary runs/iris-target-001
      chainrule lessons
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for each in (
    train,
    compare,
    config,
    predict,
    evaluate,
    explain,
    doctor,
    report,
    summary,
    lessons,
    lesson,
    show_compiled,
    complete,
    versions,
):
    cli.add_command(each)


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
