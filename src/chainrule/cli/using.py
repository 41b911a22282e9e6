"""What uses a model: ``chainrule predict``, ``evaluate`` and ``summary``."""

import sys
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule.cli import documents, options
from chainrule.cli.files import PRINTED, check_writable, load_model, load_table_model
from chainrule.cli.front import document, printing, stands, tell
from chainrule.cli.kinds import Level
from chainrule.cli.options import choices, chosen, option, switch
from chainrule.cli.pages import command
from chainrule.cli.reading import read_table
from chainrule.cli.speech import spoken
from chainrule.shown import counted, visible

WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")


READING = choices("table", "missing", "header", "any_size", usual="as in training")
THRESHOLD = option(
    "--threshold", "SHARE", Level(), "From which probability on a class is said. [as in training]", section="results",
)  # fmt: skip


@command()
@options.MODEL
@options.DATA
@READING
@option("--interval", "SHARE", Level(), "Ends of intervals that hold such a share: 0.9.", section="results")
@THRESHOLD
@option(
    "--out", "FILE", str, "A CSV file, gzipped if it ends with .gz. [print]",
    default="-", show_default=False, section="results",
)  # fmt: skip
@switch(
    "--raw-cells", "Leave texts that a spreadsheet would run (=...) without an apostrophe.", section="results"
)
@switch("--json", "Print one JSON document: a list of rows.", "as_json", section="results")
def predict(
    model: str,
    data: str,
    interval: float | None,
    threshold: float | None,
    out: str,
    raw_cells: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Predict the target of every row.

    The result has a column for each target, and one for the probability of each class; numbers get columns _low and
    _high by --interval. MODEL is a run or a model
    file. DATA needs the columns that the model was trained on, in any order, without the target.

    \b
    Example:
      chainrule predict runs/houses-price-001 new.csv --out prices.csv
    """
    if out not in PRINTED:
        check_writable(Path(out), model, data)
        if Path(out).suffix.lower() in WORKBOOKS:
            raise cr.DataError(
                f"Predictions are written as CSV, and {out} would be no workbook.\n"
                f"Give --out a name such as {Path(out).with_suffix('.csv')}; a spreadsheet opens it."
            )
    found = load_table_model(model, data)
    table, _ = read_table(data, chosen(settings), found.missing, found.target.columns, found.decimal)
    predictions = found.predict(table, interval=interval, threshold=threshold)
    for remark in found.remarks(table):
        tell(remark)
    if out not in PRINTED:
        cr.write_table(predictions, out, raw_cells=raw_cells)
        tell(f"Wrote {counted(len(predictions), 'prediction')} to {out}.")
    if as_json:
        with stands("" if out in PRINTED else f"The predictions are in {out}."):
            document(predictions.to_dict("records"))
    elif out in PRINTED:
        with printing(exact=True):
            cr.write_table(predictions, sys.stdout, raw_cells=raw_cells)


@command()
@options.MODEL
@options.DATA
@READING
@choices("metric", metric="A score to print, such as f1 or auc.")
@THRESHOLD
@options.JSON
def evaluate(model: str, data: str, threshold: float | None, as_json: bool, **settings: Any) -> None:
    """Score a model on a table with targets.

    Beside its scores stand those of the best guess that needs no inputs. MODEL is a run or a model file.

    \b
    Example:
      chainrule evaluate runs/houses-price-001 more_houses.csv
    """
    given = chosen(settings)
    found = load_table_model(model, data)
    table, _ = read_table(data, given, found.missing, decimal=found.decimal)
    scores = found.evaluate(table, metric=given.get("metric", ()), threshold=threshold)
    if scores.rows < len(table):
        tell(f"Passed over {len(table) - scores.rows:,} of {len(table):,} rows: they have no target.")
    for remark in found.remarks(table, evaluated=True):
        tell(remark)
    if as_json:
        document(scores.to_dict())
        return
    with printing():
        click.echo(spoken(str(scores)))


@command()
@options.MODEL
@options.JSON
def summary(model: str, as_json: bool) -> None:
    """Show what a model is and how good.

    MODEL is a run or a model file.

    \b
    Example:
      chainrule summary runs/houses-price-001
    """
    found = load_model(model)
    if as_json:
        document(documents.of_model(found))
        return
    text = found.summary_text()
    with printing():
        click.echo(visible(spoken(text)))
