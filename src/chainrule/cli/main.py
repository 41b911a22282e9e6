"""The commands: each reads its options, asks the library by public names, and prints."""

import shlex
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule import signals
from chainrule.cli import completion, options, outcome
from chainrule.cli.files import check_no_model, check_writable, load_model, load_table_model, stem
from chainrule.cli.front import BY_SIGNAL, Commands, printing, tell, tell_as_is
from chainrule.cli.options import Missing, Number, Whole, option
from chainrule.cli.replacing import check_same_target, model_there, place_of
from chainrule.cli.speech import spoken
from chainrule.shown import counted, visible

SHOWN_COLUMNS = 20
WENT_WRONG = 1
PRINTED = ("-", "/dev/stdout")
WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")


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
      chainrule predict iris.safetensors iris --out predictions.csv
      chainrule evaluate iris.safetensors iris
      chainrule summary iris.safetensors
      chainrule compile iris --show fusion
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@cli.command()
@options.DATA
@options.TARGET
@options.MISSING
@options.ANY_SIZE
@options.TASK
@options.HIDDEN
@option("--epochs", "N", Whole(min=1), "At most so many epochs.", default=300)
@option("--batch-size", "N", Whole(min=1), "Rows a step. [default: by size]")
@options.LEARNING_RATE
@options.CLIP_NORM
@options.DROPOUT
@option("--seed", "N", Whole(min=0), "The same seed: the same model.", default=0)
@option("--test-fraction", "SHARE", Number(0, 1, max_open=True), "Rows held back for the test.", default=0.2)
@option(
    "--time", "SECONDS", Number(0, min_open=True), "Stop after so long. [default: no limit]", "time_budget"
)
@options.METRIC
@options.ENGINE
@option(
    "--out",
    "MODEL",
    click.Path(path_type=Path, readable=False),
    "The model file. [default: <DATA>.safetensors, here]",
)
@click.option("--force", is_flag=True, help="Replace whatever is at --out.")
@click.option("--quiet", is_flag=True, help="Print the test scores and errors only.")
def train(
    data: str,
    target: tuple[str, ...],
    missing: Missing,
    any_size: bool,
    out: Path | None,
    force: bool,
    quiet: bool,
    metrics: tuple[tuple[str, ...], ...],
    **settings: Any,
) -> int:
    """Train a network on a table.

    It is saved with all the preparing that a prediction needs. DATA is a CSV file with a row of column names
    (also gzipped), - for what is piped in, or iris, wine, breast_cancer, digits or diabetes. Ctrl-C ends training
    early and keeps the best network so far. The exit code is 1 where training went wrong, or where a good model
    was there already and is kept.

    \b
    Example:
      chainrule train houses.csv --target price
    """
    path = out or Path(f"{stem(data)}.safetensors")
    if str(path) in PRINTED:
        raise cr.DataError(f"A model is no text to print: --out {path}.\nGive --out the name of a file.")
    check_no_model(data)
    say = (lambda sentence: None) if quiet else tell
    check_writable(path, data)
    old = None if force else model_there(path)
    table, usual = _table(data, missing, any_size)
    say(f"Read {data}: {counted(len(table), 'row')}, {counted(len(table.columns), 'column')}.")
    names = _targets(data, list(table.columns), target or usual)
    if old:
        check_same_target(old, *cr.TableModel.read_target(table, names, settings["task"]), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cr.DivergenceWarning)  # why training stopped is said anyway
        model = cr.TableModel.train(
            table, names, **settings, metrics=sum(metrics, ()), verbose=0 if quiet else 1, tell=say
        )
    path, why_beside = place_of(path, model, old)
    replaced = path.exists()
    into_file = path.is_file() or not replaced
    # a pipe may take for ever to be emptied, so there a signal ends at once
    with signals.asking() if into_file else nullcontext(signals.Asked()) as late:
        model.save(path)
    ended = (model.history.signal if model.history else 0) or late.number
    by_signal = ended not in (0, signal.SIGINT)
    code = BY_SIGNAL + ended if by_signal else WENT_WRONG if why_beside or model.diverged else 0
    if by_signal and signals.NAMES[signal.Signals(ended)] not in model.report.stopped:
        say(f"Ended by {signals.NAMES[signal.Signals(ended)]}, which came after training.")
    try:
        say("")
        with printing(closed=code):
            click.echo(model.report.scores or "No row was held back for a test.")
    finally:
        say("")
        for sentence in outcome.meanings(model):
            say(sentence)
        if why_beside:
            tell(
                f"Kept the model that was there, as {why_beside}: the new one is {path}. --force replaces it."
            )
        say(outcome.saved(model, path, old if replaced else None, replaced))
        for sentence in outcome.next_steps(model, path):
            as_is = sentence.startswith(" ") and not quiet  # commands are not wrapped: they are copied
            (tell_as_is if as_is else say)(sentence)
    return code


@cli.command()
@options.MODEL
@options.DATA
@option(
    "--out", "FILE", str, "A CSV file, gzipped if it ends with .gz. [default: print]", default="-", show_default=False
)  # fmt: skip
@click.option(
    "--raw-cells", is_flag=True, help="Leave texts that a spreadsheet would run (=...) without an apostrophe."
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
    table, _ = _table(data, missing, any_size, found.missing, found.target.columns)
    for remark in found.remarks(table):
        tell(remark)
    predictions = found.predict(table)
    if out in PRINTED:
        with printing():
            cr.write_table(predictions, sys.stdout, raw_cells=raw_cells)
        return
    cr.write_table(predictions, out, raw_cells=raw_cells)
    tell(f"Wrote {counted(len(predictions), 'prediction')} to {out}.")


@cli.command()
@options.MODEL
@options.DATA
@options.METRIC
@options.MISSING
@options.ANY_SIZE
def evaluate(
    model: str, data: str, metrics: tuple[tuple[str, ...], ...], missing: Missing, any_size: bool
) -> None:
    """Score a model on a table with targets.

    Beside its scores stand those of the best guess that needs no inputs.

    \b
    Example:
      chainrule evaluate houses.safetensors other_houses.csv
    """
    found = load_table_model(model, data)
    table, _ = _table(data, missing, any_size, found.missing)
    scores = found.evaluate(table, metrics=sum(metrics, ()))
    if scores.rows < len(table):
        tell(f"Passed over {len(table) - scores.rows:,} of {len(table):,} rows: they have no target.")
    for remark in found.remarks(table, evaluated=True):
        tell(remark)
    with printing():
        click.echo(scores)


@cli.command()
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


@cli.command("compile")
@options.DATA
@options.TARGET
@options.MISSING
@options.ANY_SIZE
@options.TASK
@options.HIDDEN
@options.LEARNING_RATE
@options.DROPOUT
@options.STAGE
def show_compiled(
    data: str, target: tuple[str, ...], missing: Missing, any_size: bool, stage: str, **settings: Any
) -> None:
    """Show how a training step is compiled.

    A network for the table is made as 'chainrule train' makes it, and nothing is trained. Its step goes from
    one stage to the next, and each can be shown.

    \b
    Example:
      chainrule compile iris --hidden 8 --show fusion
    """
    table, usual = _table(data, missing, any_size)
    names = _targets(data, list(table.columns), target or usual)
    text = cr.TableModel.show(table, names, stage, **settings)
    with printing():
        click.echo(text)


@cli.command("completion")
@click.argument("shell", type=options.Shell(list(completion.SHELLS)), metavar="|".join(completion.SHELLS))
def complete(shell: str) -> None:
    """Print what makes a shell complete commands.

    Commands and options, samples, tables and models, columns of the table after --target, and the names that
    options take are completed then. The first line that is printed says where to put it.

    \b
    Example:
      chainrule completion bash
    """
    with printing():
        click.echo(completion.script(cli, shell))


@cli.command()
def versions() -> None:
    """Print versions, engines and the machine, for a report.

    \b
    Example:
      chainrule versions
    """
    with printing():
        cr.show_versions()


def _table(
    data: str,
    missing: Missing,
    any_size: bool,
    usual: Mapping[str, Sequence[str]] | None = None,
    others: Sequence[str] = (),
) -> tuple[Any, tuple[str, ...]]:
    """Return the table, and its target where that is known.

    ``missing`` may name columns of the table and the ``others``; without it, what a cell without a value says is
    as ``usual``.
    """
    told: dict[str, Any] = {"missing": {**(usual or {}), **dict(missing)}, "any_size": any_size}
    table, target = cr.load_table(data, **{name: value for name, value in told.items() if value})
    for column, _ in missing:
        if column and column not in table and column not in others:
            raise cr.UnknownNameError(f"--missing names no column of {data}: {column!r}.")
    return table, (target,) if target else ()


def _targets(data: str, columns: list[str], named: tuple[str, ...]) -> list[str]:
    """Return the columns to predict; a name that no column bears may be several, with commas."""
    if not named:
        shown = ", ".join(columns[:SHOWN_COLUMNS])
        more = f" and {len(columns) - SHOWN_COLUMNS:,} more" if len(columns) > SHOWN_COLUMNS else ""
        proposed = shlex.join(["chainrule", "train", data, "--target", columns[-1]])
        raise cr.DataError(
            f"Which column is to be predicted? {data} has {len(columns)}: {shown}{more}.\n"
            f"For the last: {proposed}"
        )
    return [name for n in named for name in ([n] if n in columns else map(str.strip, n.split(",")))]


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
