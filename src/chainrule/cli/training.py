"""What trains: ``chainrule train`` and ``chainrule compare``."""

import signal
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule import signals
from chainrule.cli import options, outcome
from chainrule.cli.files import PRINTED, check_no_model, check_writable, stem
from chainrule.cli.front import BY_SIGNAL, WENT_WRONG, printing, tell, tell_as_is
from chainrule.cli.options import choices, chosen, option, switch
from chainrule.cli.pages import command
from chainrule.cli.reading import read_table, targets_of
from chainrule.cli.replacing import check_same_target, model_there, place_of
from chainrule.shown import counted

Say = Callable[[str], Any]


@command()
@options.DATA
@choices()
@option(
    "--out",
    "MODEL",
    click.Path(path_type=Path, readable=False),
    "The model file. [<DATA>.safetensors, here]",
    section="results",
)
@switch("--force", "Replace whatever is at --out.", section="results")
@options.QUIET
def train(data: str, out: Path | None, force: bool, quiet: bool, **settings: Any) -> int:
    """Train a network on a table.

    It is saved with all the preparing that a prediction needs. DATA is a file: CSV and its kin, ARFF, JSON,
    SQLite, also packed (.gz, .zip); Parquet, Feather, Excel, DuckDB and .zst with pip install
    'chainrule[tables]'. Or - for what is piped in, 'data/*.csv' for several files alike, or a sample: iris, wine,
    breast_cancer, digits, diabetes, xor, circles, moons, spirals, four_people. Ctrl-C ends training
    early and keeps the best network so far. The exit code is 1 where training went wrong, or where a good model
    was there already and is kept.

    \b
    Example:
      chainrule train houses.csv --target price
    """
    return _trained(data, out, force, quiet, settings, _one)


@command()
@options.DATA
@choices(metric="Ranks them, such as f1 or auc; for several, repeat it.")
@option(
    "--out",
    "MODEL",
    click.Path(path_type=Path, readable=False),
    "The model file. [<DATA>.safetensors, here]",
    section="results",
)
@switch("--force", "Replace whatever is at --out.", section="results")
@options.QUIET
def compare(data: str, out: Path | None, force: bool, quiet: bool, **settings: Any) -> int:
    """Try about ten networks, and train the one that wins.

    From a linear one to wide and deep, all learn from the same rows of DATA and are ranked by the same others: those
    that say when to stop, or those of --folds. The smallest wins that is no worse than the best within noise. It is
    trained as by 'chainrule train', which judges it by rows that had no part in any of this. --time is for all of them.

    \b
    Example:
      chainrule compare houses.csv --target price
    """
    return _trained(data, out, force, quiet, settings, _several)


def _one(
    table: Any, names: Sequence[str], choice: dict[str, Any], verbose: int, say: Say
) -> "tuple[cr.TableModel, str]":
    """Return the model of a table, and nothing to print before its scores."""
    return cr.TableModel.train(table, names, **choice, verbose=verbose, tell=say), ""


def _several(
    table: Any, names: Sequence[str], choice: dict[str, Any], verbose: int, say: Say
) -> "tuple[cr.TableModel, str]":
    """Return the model of the network that wins, and how all of them compare."""
    found = cr.TableModel.compare(table, names, **choice, verbose=verbose, tell=say)
    return found.model, f"{found}\n\nTest of '{found.winner}':\n"


def _trained(
    data: str, out: Path | None, force: bool, quiet: bool, settings: dict[str, Any], learn: Callable[..., Any]
) -> int:
    """Train by ``learn`` on a table, print the scores and keep the model; returns the exit code."""
    path = out or Path(f"{stem(data)}.safetensors")
    if str(path) in PRINTED:
        raise cr.DataError(f"A model is no text to print: --out {path}.\nGive --out the name of a file.")
    check_no_model(data)
    say = (lambda sentence: None) if quiet else tell
    check_writable(path, data)
    old = None if force else model_there(path)
    given = chosen(settings)
    table, usual = read_table(data, given)
    say(f"Read {data}: {counted(len(table), 'row')}, {counted(len(table.columns), 'column')}.")
    names = targets_of(data, list(table.columns), given.pop("target", usual and [usual]) or ())
    if old:
        check_same_target(old, *cr.TableModel.read_target(table, names, given.get("task")), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cr.DivergenceWarning)  # why training stopped is said anyway
        model, before = learn(table, names, given, 0 if quiet else 1, say)
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
            click.echo(before + str(model.report.scores or "No row was held back for a test."))
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
