"""What says how good a run is: its page, or that of several, and the doctor: ``chainrule report`` and ``doctor``."""

import json
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule.cli import options
from chainrule.cli.files import PRINTED, check_writable, is_model
from chainrule.cli.front import WENT_WRONG, document, printing, stands, tell
from chainrule.cli.kinds import Run, TableOrRun
from chainrule.cli.options import choices, chosen, option, switch
from chainrule.cli.pages import command
from chainrule.cli.speech import spoken
from chainrule.shown import visible

METRICS = "metrics.json"


@command()
@click.argument("runs", type=Run(), nargs=-1, required=True, metavar="RUN [RUN ...]")
@option(
    "--out", "FILE", click.Path(path_type=Path, readable=False),
    "Where the page goes. [report.html in the run; beside the first of several]", section="results",
)  # fmt: skip
@switch("--open", "Show it in the browser.", "show", section="results")
@options.JSON
def report(runs: tuple[str, ...], out: Path | None, show: bool, as_json: bool) -> None:
    """Write the report of a run anew, or compare runs in one.

    The page is one file of HTML that can be sent: how good the model is, what the doctor found, how it learned, where
    it is wrong, what matters to it, and how it is used. Training writes it; this writes it once more from what is in
    the run, without the data. Of several runs that predict the same it says which is better than the first beyond
    chance, what was chosen otherwise, and on which rows they disagree.

    \b
    Examples:
      chainrule report runs/houses-price-001
      chainrule report runs/houses-price-001 runs/houses-price-002 --out both.html
    """
    if out is not None:
        if str(out) in PRINTED:
            raise cr.DataError(
                f"A report is a file: --out {out} would print it.\nGive --out the name of a file."
            )
        check_writable(out)
    place = cr.report(*runs, path=out)
    found = cr.compare_runs(*runs) if len(runs) > 1 else None
    with stands(f"The report is {place}."):
        if as_json:
            document({"report": str(place), **(_scores(runs[0]) if found is None else found.to_dict())})
        elif found is not None:
            with printing():
                click.echo(spoken(str(found)))
        tell(f"Wrote {place}.")
        if show:
            _open(place)


def _scores(run: str) -> dict[str, Any]:
    return {"run": run, **json.loads((Path(run) / METRICS).read_text(encoding="utf-8"))}


def _open(place: Path) -> None:
    import webbrowser  # noqa: PLC0415 -- only where it is asked for

    if not webbrowser.open(place.resolve().as_uri()):
        tell(f"No browser could be started: open {place} in one.")


@command()
@click.argument("data", type=TableOrRun(), metavar="DATA|RUN")
@choices()
@options.QUIET
@options.JSON
def doctor(data: str, quiet: bool, as_json: bool, **settings: Any) -> int:
    """Say what is wrong with a training, and prove it.

    A network is trained as the training's own are. Where something is suspected - a learning rate, a column that gives
    the target away, a number that stands for missing cells, classes out of balance - it is trained again with the
    change that would mend it, and the verdict has both numbers and the option to give. Of a RUN the table and the
    choices are its own; options go before them. The exit code is 1 where something is wrong, and 0 where nothing is.

    \b
    Examples:
      chainrule doctor houses.csv --target price
      chainrule doctor runs/houses-price-001
    """
    if is_model(Path(data)):
        raise cr.DataError(
            f"{data} is a model, which does not know how it was trained.\nGive its table, or the folder of its run."
        )
    given, is_run = chosen(settings), Path(data).is_dir()
    found = cr.TableModel.examine(
        None if is_run else data, config=data if is_run else None, tell=None if quiet else tell, **given
    )
    code = 0 if found.healthy else WENT_WRONG
    if as_json:
        document({"healthy": found.healthy, "exit_code": code, "verdicts": found.to_dict()})
    else:
        with printing(closed=code):
            click.echo(visible(spoken(str(found))))
    return code
