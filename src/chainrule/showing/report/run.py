"""The folder of a run, read for its report: its choices, its scores, its epochs and what was computed besides."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike, fspath
from os.path import basename
from pathlib import Path
from typing import Any

from chainrule import plain
from chainrule.data.columns import Columns
from chainrule.data.target import Target
from chainrule.disk import read_bytes
from chainrule.errors import DataError, FileFormatError, MissingFileError, short
from chainrule.models import configuration
from chainrule.models.configuration import Configuration
from chainrule.models.places import CHECKPOINT, CONFIG, HISTORY, METRICS, MODEL, VIEWS
from chainrule.models.scores import Report, report_from
from chainrule.train import store
from chainrule.train.history import History

IN_FILE = "chainrule.table"
FORMAT = 1  # of views.json, as `models/views/gathering.py` writes it
TIMES = ("seconds", "row_seconds")  # which the model file leaves out: the same training, the same file


@dataclass(frozen=True)
class Run:
    """A run as its files tell it.

    Attributes:
        place: Its folder, as it was given.
        chosen: Its choices.
        report: What the training was like.
        target: What is predicted.
        columns: What became of each column.
        stages: The epochs of each stage.
        views: What was computed for the report, by name; {} of a run of an older version.
    """

    place: str
    chosen: Configuration
    report: Report
    target: Target
    columns: Columns
    stages: Mapping[str, History]
    views: Mapping[str, Any]

    @property
    def data(self) -> str:
        """What the table is called: the name of its file, or of the sample; "" for one in memory."""
        return basename(self.chosen.data)

    def view(self, name: str, kind: Any) -> Any:
        """Return what was computed of a name, as what it must be; None where it was not.

        Raises:
            FileFormatError: If it is something else.
        """
        data = self.views.get(name)
        return None if data is None else plain.read(kind, data, f"{VIEWS}: {name}")


def read_run(folder: str | PathLike[str]) -> Run:
    """Return what the files of a run tell.

    Raises:
        MissingFileError: If there is no such run, or it has not ended.
        FileFormatError: If a file of it is damaged.
    """
    place = Path(folder)
    if not (place / CONFIG).is_file():
        raise MissingFileError(f"{fspath(folder)} is no run: there is no {CONFIG} in it.")
    if not (place / MODEL).is_file():
        goes_on = f"\nTo go on with it:\n  cr.TableModel.resume({fspath(folder)!r})"
        more = goes_on if (place / CHECKPOINT).exists() else ""
        raise MissingFileError(
            f"The run {fspath(folder)} has no model yet, so there is nothing to report.{more}"
        )
    config, _ = store.read(place / MODEL)
    with store.trouble(place / MODEL, "a model that cannot be rebuilt"):
        parts = plain.read(dict[str, Any], config["extra"][IN_FILE], "table")
        report = report_from(parts["report"])
        target, columns = Target.from_dict(parts["target"]), Columns.from_dict(parts["columns"])
    metrics = _json(place / METRICS)
    times = {name: plain.read(float | None, metrics.get(name), f"{METRICS}: {name}") for name in TIMES}
    report = replace(report, seconds=times["seconds"] or 0.0, row_seconds=times["row_seconds"])
    views = _json(place / VIEWS)
    if views.get("format", FORMAT) != FORMAT:
        raise FileFormatError(
            f"{place / VIEWS} has the format {short(views['format'])}, and this version of chainrule reads {FORMAT}. "
            "Draw the report with the version that trained the model, or train anew."
        )
    return Run(
        fspath(folder), configuration.read(folder), report, target, columns, _stages(place / HISTORY), views
    )


def _json(path: Path) -> dict[str, Any]:
    """Return what a file of JSON holds, fields by name; {} where it is not there."""
    try:
        found = json.loads(read_bytes(path), parse_constant=_finite)
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path} is no JSON: {str(error)[:200]}.") from None
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from None
    if not isinstance(found, dict):
        raise FileFormatError(f"{path}: expected fields by name; found {short(found)}.")
    return found


def _finite(text: str) -> Any:
    raise ValueError(f"it holds {text}, which is no number")


def _stages(path: Path) -> dict[str, History]:
    """Return the epochs of each stage; none where the file is not there."""
    try:
        text = read_bytes(path).decode()
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise FileFormatError(f"{path} cannot be read: {error}.") from None
    found: dict[str, dict[str, list[float]]] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), start=2):
        lines = found.setdefault(str(row.get("stage")), {})
        for name, cell in row.items():
            if name in ("stage", "epoch") or not cell or not isinstance(cell, str):
                continue
            try:
                lines.setdefault(str(name), []).append(float(cell))
            except ValueError:
                raise FileFormatError(f"{path}, line {number}: {short(cell)} is no number.") from None
    return {stage: History(lines, lines.pop("seconds", [])) for stage, lines in found.items()}
