"""What tells why a model predicts what it does: ``chainrule explain``."""

from pathlib import Path

import click

import chainrule as cr
from chainrule.cli import options
from chainrule.cli.files import load_table_model
from chainrule.cli.front import document, printing
from chainrule.cli.options import option
from chainrule.cli.pages import command
from chainrule.cli.speech import spoken
from chainrule.shown import visible


@command()
@options.MODEL
@options.OPTIONAL_DATA
@option("--row", "NUMBER", int, "Which row, from 1.", default=1, section="results")
@option(
    "--of", "NAME", str, "Which class or column is told of. [the most probable class]", "output", section="results"
)  # fmt: skip
@option("--weight", "PLACE", str, "Why the next step on the row moves a weight: W1[0,2].", section="results")
@options.JSON
def explain(
    model: str, data: str | None, row: int, output: str | None, weight: str | None, as_json: bool
) -> None:
    """Tell why a model predicts what it does for a row.

    Each column is told of in its own units: what it adds to the prediction, and what one unit more of it, or another
    category, would do: really, and by the gradient. MODEL is a run or a model file; DATA is the table that the row
    is in, by default that of the run.

    \b
    Examples:
      chainrule explain runs/houses-price-001 --row 7
      chainrule explain runs/houses-price-001 new.csv --weight "W1[0,2]"
    """
    table = data if data is not None else model
    if data is None and Path(model).is_file():
        raise cr.DataError(
            f"{model} is no run, which knows its table.\nSay in which table the row is: chainrule explain {model} DATA."
        )
    found = load_table_model(model, table if data is not None else "")
    told = found.explain(table, row, output=output, weight=weight, first=1)
    if as_json:
        document(told.to_dict())
        return
    with printing():
        click.echo(visible(spoken(str(told))))
