"""What says what is wrong with a training, and what would mend it: ``chainrule doctor``."""

from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule.cli import options
from chainrule.cli.files import is_model
from chainrule.cli.front import WENT_WRONG, document, printing, tell
from chainrule.cli.kinds import TableOrRun
from chainrule.cli.options import choices, chosen
from chainrule.cli.pages import command
from chainrule.cli.speech import spoken
from chainrule.shown import visible


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
