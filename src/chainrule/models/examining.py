"""The doctor asked of a table, of a run or of a model: what is read, and by which choices it was trained."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from chainrule.arguments import public
from chainrule.errors import DataError
from chainrule.explaining.doctor.verdict import Verdict, Verdicts
from chainrule.models import configuration
from chainrule.models.doctored import doctored
from chainrule.models.fingerprint import about_other
from chainrule.models.given import data_of, rows_of, table_of
from chainrule.models.options import Options
from chainrule.models.places import CONFIG
from chainrule.models.prepared import prepare

ANOTHER = "another_table"


def examine(
    data: Any, config: Any, choices: Mapping[str, Any], tell: Callable[[str], Any] | None = None
) -> Verdicts:
    """Return what is wrong with a training on a table: see ``TableModel.examine``."""
    before = None
    if config is not None:
        found = configuration.read(config)
        data, choices, before = data_of(found, config, data), found.choices | dict(choices), found.fingerprint
    table, options = table_of(data, Options(**choices), tell or (lambda sentence: None))
    whole, options = rows_of(table, options)
    said = doctored(whole, prepare(whole, whole.rows, options))
    if other := about_other(table, before):
        said.append(Verdict(ANOTHER, "note", f"This is not the table of that configuration: {other}.", other))
    return said


@partial(public, called="TableModel.diagnose")
def of_model(model: Any, data: Any = None) -> Verdicts:
    """Say what is wrong with the training of the model, and prove it by training again with what would mend it.

    One network of the training is trained anew on the same rows, and the doctor (:func:`diagnose`) looks at it in the
    words of the table: its columns, its classes, and choices of :meth:`TableModel.train` as what to change.

    Args:
        model: The model.
        data: The table that it was trained on: a DataFrame, the path of a file, or the folder of a run, which knows
            its table and its choices. By default that of the model's own run.

    Returns:
        Verdicts, the worst first: none, or notes alone, where nothing is wrong.

    Raises:
        DataError: If it is not known by which choices the model was trained, as of one from a file, or the table
            cannot be learned from.
        MissingFileError: If the folder is no run, or its table is not there.

    >>> table, target = cr.load_table("iris")
    >>> model = cr.TableModel.train(table, target, hidden=(8,), epochs=60, learning_rate=0.02)
    >>> isinstance(model.diagnose(table), cr.Verdicts)
    True
    """
    if data is None and model.run is None:
        raise DataError(
            "The model does not keep the table that it was trained on: give it, or the folder of a run, which knows "
            "its table: model.diagnose('runs/iris-target-001')."
        )
    run = model.run if data is None else data
    if isinstance(run, str | os.PathLike) and Path(run).is_dir():
        return examine(None, run, {})
    if model.run is not None and (Path(model.run) / CONFIG).is_file():
        return examine(data, model.run, {})
    if model.chosen is None:
        raise DataError(
            "A model file does not hold the choices of its training: give the folder of its run, "
            "model.diagnose('runs/iris-target-001'), or ask cr.TableModel.examine(table, target) with these choices."
        )
    return examine(data, None, vars(model.chosen))
