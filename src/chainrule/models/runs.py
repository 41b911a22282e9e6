"""A run: the folder of a training, and what each file in it is."""

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from html import escape
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from chainrule.data.tables import write_table
from chainrule.disk import remove_parts, write_bytes
from chainrule.doors import DOORS, late, opened
from chainrule.errors import ChainruleError, DataError, MissingFileError
from chainrule.models import configuration
from chainrule.models.configuration import Configuration
from chainrule.models.places import (
    CARD,
    CHECKPOINT,
    COMPARISON,
    CONFIG,
    HISTORY,
    METRICS,
    MODEL,
    PREDICTIONS,
    REPORT,
    VIEWS,
)
from chainrule.shown import cut
from chainrule.train.history import History, measured

if TYPE_CHECKING:
    from chainrule.train.fit.resuming import About, Checkpoints, Kept
else:  # a process that loads a model and predicts waits for nothing of learning
    About = late("chainrule.train.fit.resuming:About")
    Kept = late("chainrule.train.fit.resuming:Kept")

HOME = "runs"  # where runs are that are given no place
_LONGEST = 60  # characters of what a folder is called after
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com\d|lpt\d)\.", re.IGNORECASE
)  # devices of Windows, whatever follows the dot


@contextmanager
def begun(place: str | os.PathLike[str] | bool, name: str, chosen: Configuration) -> Iterator[Path]:
    """Make the folder of a run, and write what was chosen; where an error ends the training, it goes again.

    What is no error of ours, such as a second Ctrl-C, leaves it where there is a checkpoint to go on from, or a model.
    Where what was learned cannot be written, it stays: the training can go on from it.

    Args:
        place: Where it is to be; True for a free place in ``runs``.
        name: What it is called after there, such as "houses-price".
        chosen: The choices.
    """
    text = configuration.written(chosen).encode()  # which refuses what cannot be written, before anything is
    folder = _free(name) if isinstance(place, bool) else _made(Path(place))
    try:
        write_bytes(folder / CONFIG, text)
        yield folder
    except _Unwritten:
        raise
    except BaseException as error:
        if not isinstance(error, ChainruleError) and any((folder / x).exists() for x in (CHECKPOINT, MODEL)):
            raise
        for file in (CONFIG, CHECKPOINT, COMPARISON, HISTORY, METRICS, PREDICTIONS, CARD, VIEWS, REPORT):
            with suppress(OSError):  # on Windows what somebody looks at stays
                (folder / file).unlink(missing_ok=True)
        with suppress(OSError):  # something else is in it
            folder.rmdir()
            if isinstance(place, bool):
                folder.parent.rmdir()
        raise


@contextmanager
def breaking_off(file: "Checkpoints | None") -> Iterator[None]:
    """Let what Ctrl-C breaks off inside be gone on with: who broke it off is told how, if anything of it had ended."""
    try:
        yield
    except KeyboardInterrupt as error:
        if file is not None:
            if file.fits:
                file.try_to(file.write, last=True)
            if os.path.exists(file.path):
                run = os.path.dirname(file.path)
                error.add_note(
                    f"{run} keeps what was done; to go on with it:\n  cr.TableModel.resume({run!r})"
                )
        raise


def note(file: "Checkpoints | None", name: str, counts: dict[str, int]) -> None:
    """Keep whole numbers beside fits; they are in the file when it is written the next time."""
    if file is not None:
        file.fits[name] = Kept(About({}, "", "", 0, counts, ()), {})


def noted(file: "Checkpoints | None", name: str) -> dict[str, int]:
    """Return the whole numbers that are kept under a name, none if nothing is."""
    kept = None if file is None else file.fits.get(name)
    return {} if kept is None else kept.about.counts


class _Unwritten(DataError):
    """What a training gave could not be written."""


@contextmanager
def writing(folder: Path, file: "Checkpoints") -> Iterator[None]:
    """Write what a training gave; a folder that somebody removed meanwhile is made again.

    Where that fails, what it learned is kept in the file of its checkpoints, if at least that can be written.
    """
    try:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except (DataError, MissingFileError) as error:
        says = f"make room, and go on with resume={str(folder)!r} (cr.TableModel.resume)."
        try:
            file.write()
        except (DataError, MissingFileError):
            learned = "some of what was learned" if os.path.exists(file.path) else "what was learned"
            raise _Unwritten(
                f"{error}\nNor can its checkpoint be written, so {learned} is lost. To learn it again, {says}"
            ) from None
        raise _Unwritten(f"{error}\nThe training is not lost: {says}") from None


def check_resumable(folder: Path) -> None:
    """Raise if a folder is no run, or of one that has ended; remove what was half written when it was killed."""
    if not (folder / CONFIG).is_file():
        raise MissingFileError(f"{folder} is no run: there is no {CONFIG} in it.")
    if (folder / MODEL).exists() and not (folder / CHECKPOINT).exists():
        raise DataError(
            f"The run {folder} has ended: there is nothing to go on with.\nIts model is {folder / MODEL}."
        )
    remove_parts(folder)


def check_place(place: str | os.PathLike[str] | bool | None) -> None:
    """Raise where the folder of a run cannot be made, since something is there."""
    if not isinstance(place, bool) and place is not None and Path(place).exists():
        _made(Path(place))


def called(source: str) -> str:
    """Return what a table is called: the name of its file without folder and endings, or of the sample.

    >>> called("prices/houses.csv.gz"), called("iris"), called("")
    ('houses', 'iris', 'table')
    """
    name = os.path.basename(source)
    for packed in (".gz", ".bz2", ".xz", ".zip", ".zst"):
        name = name.removesuffix(packed)
    return os.path.splitext(name)[0] or "table"


def write_configuration(folder: Path, chosen: Configuration) -> None:
    """Write the choices of a training that has ended."""
    write_bytes(folder / CONFIG, configuration.written(chosen).encode())


def _free(name: str) -> Path:
    """Return a new folder for a run; the number after its name is the first that is free."""
    short = re.sub(r"[^\w.-]+", "_", name).strip("._")[:_LONGEST] or "table"
    if _RESERVED.match(short):
        short = f"_{short}"
    for number in count(1):
        folder = Path(HOME) / f"{short}-{number:03}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not folder.parent.is_dir():
                raise DataError(
                    f"{HOME} is no folder, so no run can be in it.\nGive the run another place."
                ) from None
        except OSError as error:
            raise DataError(
                f"Cannot make the folder {folder}: {error.strerror}.\nGive the run another place."
            ) from None
        else:
            return folder
    raise AssertionError


def _made(folder: Path) -> Path:
    """Return the folder that a user names for a run; nothing may be in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = next(folder.iterdir(), None)
    except (FileExistsError, NotADirectoryError):
        raise DataError(
            f"{folder} is a file, where the folder of a run is expected.\nGive it another name."
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot make the folder {folder}: {getattr(error, 'strerror', error)}.") from None
    if taken is not None:
        what = "a run already" if (folder / CONFIG).exists() else f"not empty: {taken.name} is in it"
        raise DataError(f"{folder} is {what}, and no run is ever overwritten.\nGive the run another name.")
    return folder


def write_history(folder: Path, histories: Mapping[str, History]) -> None:
    """Write the numbers of all epochs of all stages, a row for each."""
    names = list(dict.fromkeys(name for history in histories.values() for name in measured(history)))
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["stage", "epoch", *names, "seconds"])
    for stage, history in histories.items():
        numbers = measured(history)
        for epoch in range(history.epochs):
            row = [numbers[name][epoch] if name in numbers else "" for name in names]
            lines.writerow([stage, epoch + 1, *row, f"{history.times[epoch]:.6f}"])
    write_bytes(folder / HISTORY, text.getvalue().encode())


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write what is known of a training, as JSON."""
    text = json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(folder / METRICS, f"{text}\n".encode())


def write_views(folder: Path, views: Mapping[str, Any]) -> None:
    """Write what the report of a run shows, as JSON."""
    text = json.dumps(views, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    write_bytes(folder / VIEWS, f"{text}\n".encode("utf-8", "replace"))  # half a character is none


def write_comparison(folder: Path, networks: pd.DataFrame) -> None:
    """Write how several networks compared."""
    write_table(networks, folder / COMPARISON)


def write_card(folder: Path, card: str) -> None:
    """Write what the model is, for people, in Markdown."""
    write_bytes(folder / CARD, card.encode())


def write_predictions(folder: Path, predictions: pd.DataFrame) -> None:
    """Write what was predicted for the rows of the test, beside the truth."""
    write_table(predictions, folder / PREDICTIONS)


def write_report(folder: Path) -> None:
    """Write the page of a run, made of its files; what keeps it from being drawn costs no model, and stands there."""
    place = DOORS["page of a run"]
    try:
        page = opened(place)(folder)
    except Exception as error:
        says = str(error).partition("\n")[0] or type(error).__name__
        page = f"<!DOCTYPE html>\n<title>No report</title><p>This report could not be drawn: {escape(cut(says, 300))}\n"
    write_bytes(folder / REPORT, page.encode("utf-8", "replace"))
