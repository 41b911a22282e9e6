"""What uses a model: ``chainrule predict``, ``evaluate`` and ``summary``."""

import sys
from pathlib import Path

import click

import chainrule as cr
from chainrule.cli import options
from chainrule.cli.files import PRINTED, check_writable, load_model, load_table_model
from chainrule.cli.front import printing, tell
from chainrule.cli.kinds import Missing
from chainrule.cli.options import option, switch
from chainrule.cli.pages import command
from chainrule.cli.reading import read_table
from chainrule.cli.speech import spoken
from chainrule.shown import counted, visible

WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")


@command()
@options.MODEL
@options.DATA
@option(
    "--out", "FILE", str, "A CSV file, gzipped if it ends with .gz. [print]",
    default="-", show_default=False, section="results",
)  # fmt: skip
@switch(
    "--raw-cells", "Leave texts that a spreadsheet would run (=...) without an apostrophe.", section="results"
)
@options.MISSING
@options.ANY_SIZE
def predict(model: str, data: str, out: str, raw_cells: bool, missing: Missing, any_size: bool) -> None:
    """Predict the target of every row.

    The result has a column for each target, and one for the probability of each class. DATA needs the
    columns that the model was trained on, in any order, without the target.

    \b
    Example:
      chainrule predict houses.safetensors new_houses.csv --out prices.csv
    """
    if out not in PRINTED:
        check_writable(Path(out), model, data)
        if Path(out).suffix.lower() in WORKBOOKS:
            raise cr.DataError(
                f"Predictions are written as CSV, and {out} would be no workbook.\n"
                f"Give --out a name such as {Path(out).with_suffix('.csv')}; a spreadsheet opens it."
            )
    found = load_table_model(model, data)
    table, _ = read_table(data, missing, any_size, found.missing, found.target.columns)
    for remark in found.remarks(table):
        tell(remark)
    predictions = found.predict(table)
    if out in PRINTED:
        with printing():
            cr.write_table(predictions, sys.stdout, raw_cells=raw_cells)
        return
    cr.write_table(predictions, out, raw_cells=raw_cells)
    tell(f"Wrote {counted(len(predictions), 'prediction')} to {out}.")


@command()
@options.MODEL
@options.DATA
@options.METRIC
@options.MISSING
@options.ANY_SIZE
def evaluate(
    model: str, data: str, metric: tuple[tuple[str, ...], ...], missing: Missing, any_size: bool
) -> None:
    """Score a model on a table with targets.

    Beside its scores stand those of the best guess that needs no inputs.

    \b
    Example:
      chainrule evaluate houses.safetensors other_houses.csv
    """
    found = load_table_model(model, data)
    table, _ = read_table(data, missing, any_size, found.missing)
    scores = found.evaluate(table, metric=sum(metric, ()))
    if scores.rows < len(table):
        tell(f"Passed over {len(table) - scores.rows:,} of {len(table):,} rows: they have no target.")
    for remark in found.remarks(table, evaluated=True):
        tell(remark)
    with printing():
        click.echo(scores)


@command()
@options.MODEL
def summary(model: str) -> None:
    """Show what a model is and how good.

    \b
    Example:
      chainrule summary houses.safetensors
    """
    text = load_model(model).summary_text()
    with printing():
        click.echo(visible(spoken(text)))
