"""Files: models that are read, and places for results, checked before the work begins."""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule.disk import begins_as_text, check_place
from chainrule.names import closest
from chainrule.terminal import quoted

PRINTED = ("-", "/dev/stdout")
STDIN = "/dev/stdin"  # what is piped into a command, as "-" is too


def stem(data: str) -> str:
    """Return the name of a data file or sample without folder and endings; that of a pipe says nothing.

    >>> stem("prices/houses.csv.gz"), stem("iris"), stem("prices/*.csv"), stem("20??.csv")
    ('houses', 'iris', 'prices', '20')
    """
    if data == STDIN or Path(data).is_fifo():
        return "model"
    name = re.sub(r"\.(gz|zip|bz2|xz|zst)$", "", Path(data).name)
    if not Path(data).exists() and re.search(r"[*?[]", data):  # several files
        name = re.sub(r"[*?]|\[.*?\]", "", name)
        return Path(name).stem.strip(".-_ ") if Path(name).suffix else Path(data).parent.name or "model"
    return Path(name).stem or name


def load_model(path: str) -> Any:
    """Return what a model file holds; if there is none, say which was probably meant."""
    file = Path(path)
    if not file.exists():
        there = [
            *file.parent.glob("*.safetensors"),
            *(m.parent for m in file.parent.glob("*/model.safetensors")),
        ]
        beside = {each.name: str(each) for each in there}
        whole = f"{file.name}.safetensors"
        near = whole if whole in beside else closest(file.name, beside)
        hint = f" Did you mean {beside[near]!r}?" if near else "\n'chainrule train DATA' makes one."
        raise cr.MissingFileError(f"No model file {path!r}.{hint}")
    if file.is_file() and not is_model(file) and begins_as_text(file):
        makes = f"{_line('train', path)} makes a model of a table."
        raise cr.FileFormatError(f"{path} is no model but a text, perhaps a table.\n{makes}")
    return cr.load(file)


def check_no_model(data: str) -> None:
    """Raise if what should be a table is a model."""
    if is_model(Path(data)):
        raise cr.DataError(f"{data} is a model, not a table.\n{_line('summary', data)} shows what it is.")


def _line(*words: str) -> str:
    return quoted("chainrule", *words)


def load_table_model(path: str, data: str) -> Any:
    """Return the table model in a file, or say what the file holds instead; ``data`` is the table for it."""
    if is_model(Path(data)) and not is_model(Path(path)):
        command = click.get_current_context().command_path
        raise cr.DataError(
            f"{data} is a model and {path} is none: the model comes first.\n{command} {quoted(data, path)}"
        )
    found = load_model(path)
    if not isinstance(found, cr.TableModel):
        raise cr.FileFormatError(
            f"{path} holds a network without the preparing of a table.\n"
            f"Give a model that 'chainrule train' wrote. {_line('summary', path)} shows what it is."
        )
    return found


def is_model(path: Path) -> bool:
    """Say whether a file begins like one of safetensors: the length of its header, and the header."""
    return _first_bytes(path)[8:10] == b'{"'


def _first_bytes(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with suppress(OSError), path.open("rb") as file:  # what cannot be read is told by who reads it
        return file.read(1000)
    return b""


def check_writable(path: Path, *sources: str) -> None:
    """Raise if no file can be written at ``path``, or if it is one of those that are read."""
    if path.is_dir():
        raise cr.DataError(f"{path} is a folder.\nGive --out the name of a file, such as {path / 'out'}.")
    if not path.parent.is_dir():
        raise cr.MissingFileError(
            f"No folder {str(path.parent)!r} to write {path.name} into.\nMake it first."
        )
    place, mode = check_place(path)
    into_file = mode is None or stat.S_ISREG(mode)
    if not os.access(Path(place).parent if into_file else path, os.W_OK):
        where = f"into the folder {str(path.parent)!r}" if into_file else f"to {path}"
        raise cr.DataError(f"Nothing can be written {where}.\nGive --out another place.")
    for source in sources:
        if into_file and path.exists() and Path(source).exists() and path.samefile(source):
            raise cr.DataError(f"--out {path} would overwrite what is read.\nGive it another name.")
