"""What trains: ``chainrule train`` and ``compare``; and what it would do: ``--dry-run`` and ``chainrule config``."""

import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule import signals
from chainrule.cli import documents, options, outcome
from chainrule.cli.files import PRINTED, check_no_model, check_writable
from chainrule.cli.front import BY_SIGNAL, WENT_WRONG, document, printing, stands, tell, tell_as_is
from chainrule.cli.kinds import Config, Run
from chainrule.cli.options import choices, chosen, option, switch
from chainrule.cli.pages import command
from chainrule.cli.replacing import check_target, model_there, why_kept
from chainrule.cli.speech import spoken
from chainrule.terminal import quoted


@command()
@options.OPTIONAL_DATA
@choices()
@option(
    "--config", "FILE", Config(),
    "A config.toml, or a run that has one: its choices, and its data where none is given; options go before them.",
    section="training",
)  # fmt: skip
@option("--resume", "RUN", Run(), "Go on with a training that was broken off.", section="training")
@switch("--dry-run", "Show the plan, and train nothing.", section="training")
@options.results
def train(
    data: str | None,
    config: str | None,
    resume: str | None,
    dry_run: bool,
    run: Path | None,
    out: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Train a network on a table.

    DATA is a file: CSV and its kin, ARFF, JSON, SQLite, also packed (.gz, .zip); Parquet, Feather, Excel, DuckDB and
    .zst with pip install 'chainrule[tables]'. Or - for what is piped in, 'data/*.csv' for several files alike, or a
    sample: iris, wine, breast_cancer, digits, diabetes, xor, circles, moons, spirals, four_people. The task, the
    columns, the networks and how long they learn are found out: eight decide together with a linear model. --members 1
    trains a single network, much faster; --hidden, --dropout, --epochs, --batch-size, --learning-rate and their kin
    make one by hand, without the recipe. All of it is in the folder of a run in the end, which predict, evaluate and
    summary take. Ctrl-C ends training early and keeps what was learned so far: --resume goes on.

    \b
    Examples:
      chainrule train houses.csv --target price
      chainrule train houses.csv --target price --drop id,agent --time 30s
      chainrule train --config runs/houses-price-001
    """
    say = (lambda sentence: None) if quiet else tell
    given = chosen(settings)
    verbose = 0 if quiet else 1
    _check(data, config, resume, dry_run, out, given)
    old = _model_at(out, force, given)
    if dry_run:
        plan = cr.TableModel.plan(data, config=config, tell=say, **given)
        if as_json:
            document(documents.of_plan(plan))
        else:
            with printing():
                click.echo(spoken(str(plan)))
        return 0
    with _telling_once():
        if resume:
            model = cr.TableModel.resume(resume, verbose=verbose, tell=say)
        elif config:
            model = cr.TableModel.repeat(config, data, run=run or True, verbose=verbose, tell=say, **given)
        else:
            model = cr.TableModel.train(data, **given, run=run or True, verbose=verbose, tell=say)
    return _finish(model, out, old, quiet, as_json)


def _check(
    data: str | None,
    config: str | None,
    resume: str | None,
    dry_run: bool,
    out: Path | None,
    given: Mapping[str, Any],
) -> None:
    """Raise for what cannot be, before anything is read."""
    if resume and (data or config or given):
        raise cr.DataError(
            "--resume goes on with the data and the choices of its run.\n"
            f"Give it alone: chainrule train --resume {quoted(resume)}"
        )
    if resume and dry_run:
        raise cr.DataError("A training that goes on has its plan already.\nLeave out --dry-run.")
    if not (data or config or resume):
        raise click.UsageError("Missing argument 'DATA': a file, or a sample such as iris.")
    if data:
        check_no_model(data)
    if out:
        if str(out) in PRINTED:
            raise cr.DataError(f"A model is no text to print: --out {out}.\nGive --out the name of a file.")
        check_writable(out, *[each for each in (data, config) if each])


def _finish(
    model: "cr.TableModel",
    out: Path | None,
    old: "cr.TableModel | None",
    quiet: bool,
    as_json: bool,
) -> int:
    """Say how a training went, and return the exit code."""
    say = (lambda sentence: None) if quiet else tell
    run = Path(model.run or "")
    kept = why_kept(model, old) if out else ""
    with stands(f"The run is in {run}."):
        late = _save(model, out) if out and not kept else signals.Asked()
        return _tell(model, out, kept, late, say, as_json)


def _save(model: "cr.TableModel", out: Path) -> signals.Asked:
    """Write a model; returns which signal came meanwhile."""
    # a pipe may take for ever to be emptied, so there a signal ends at once
    into_file = out.is_file() or not out.exists()
    with signals.asking() if into_file else nullcontext(signals.Asked()) as late:
        model.save(out)
    return late


def _tell(
    model: "cr.TableModel",
    out: Path | None,
    kept: str,
    late: signals.Asked,
    say: Callable[[str], Any],
    as_json: bool,
) -> int:
    run = Path(model.run or "")
    ended = (model.history.signal if model.history else 0) or late.number
    went_wrong = bool(kept) or model.diverged
    code = BY_SIGNAL + ended if ended else WENT_WRONG if went_wrong else 0
    if ended and (name := signals.NAMES[signal.Signals(ended)]) not in model.report.stopped:
        goes_on = (run / outcome.CHECKPOINT).exists()
        kept_is_whole = ": the network that is kept was trained to its end."
        say(f"Ended by {name}{kept_is_whole if goes_on else ', which came after training.'}")
    try:
        say("")
        if as_json:
            document(outcome.as_document(model, run, code))
        else:
            with printing(closed=code):
                click.echo(outcome.judged(model))
    finally:
        say("")
        for sentence in outcome.meanings(model):
            say(sentence)
        if kept:
            tell(f"Kept the model at {out}, as {kept}: the new one is in {run}. --force replaces it.")
        elif out:
            say(f"Wrote the model to {out}, too.")
        say(outcome.saved(model, run))
        for sentence in outcome.next_steps(model, run):
            as_is = sentence.startswith(" ") and say is tell  # commands are not wrapped: they are copied
            (tell_as_is if as_is else say)(sentence)
    return code


@command()
@options.DATA
@choices(metric="Ranks them, such as f1 or auc; for several, repeat it.")
@options.results
def compare(
    data: str, run: Path | None, out: Path | None, force: bool, quiet: bool, as_json: bool, **settings: Any
) -> int:
    """Try about ten networks, and train the one that wins.

    From a linear one to wide and deep, and those of the recipe together, all learn from the same rows of DATA and are
    ranked by the same others: in five folds, or --folds; of more than 2,000 rows, or within --time, by those that say
    when to stop. The smallest wins that is no worse than the best within noise. It is trained as by 'chainrule train',
    which judges it by rows that had no part in any of this. --time is for all of them. Who makes a network by hand, by
    --hidden, say, compares it with others like it alone.

    \b
    Example:
      chainrule compare houses.csv --target price
    """
    say = (lambda sentence: None) if quiet else tell
    given = chosen(settings)
    _check(data, None, None, False, out, given)
    old = _model_at(out, force, given)
    with _telling_once():
        found = cr.TableModel.compare(data, **given, run=run or True, verbose=0 if quiet else 1, tell=say)
    return _finish(found.model, out, old, quiet, as_json)


@contextmanager
def _telling_once() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cr.DivergenceWarning)  # why training stopped is said anyway
        yield


def _model_at(out: Path | None, force: bool, given: Mapping[str, Any]) -> "cr.TableModel | None":
    """Return the model that is at --out, if it may be replaced by one as good."""
    old = model_there(out) if out and not force else None
    if out and old and "target" in given:
        check_target(old, given["target"], out)
    return old


@command()
@options.OPTIONAL_DATA
@choices()
def config(data: str | None, **settings: Any) -> None:
    """Print every choice with its default, as TOML.

    It is a configuration: save it, change it, and train with --config. Given DATA, what depends on it stands there
    too: the kind of target, the size of the network, the size of a batch.

    \b
    Examples:
      chainrule config > houses.toml
      chainrule config houses.csv --target price > houses.toml
    """
    if data:
        check_no_model(data)
    text = cr.TableModel.configuration(data, **chosen(settings))
    with printing(exact=True):
        click.echo(str(text), nl=False)
