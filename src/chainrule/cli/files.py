"""Files: models that are read, and places for results, checked before the work begins."""

import os
import stat
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import chainrule as cr
from chainrule.disk import check_place


def stem(data: str) -> str:
    """Return the name of a data file or sample without folder and endings; that of a pipe says nothing.

    >>> stem("prices/houses.csv.gz"), stem("iris")
    ('houses', 'iris')
    """
    if Path(data).is_fifo():
        return "model"
    name = Path(data).name.removesuffix(".gz")
    return Path(name).stem or name


def load_model(path: str) -> Any:
    """Return what a model file holds; if there is none, say which was probably meant."""
    file = Path(path)
    if not file.exists():
        beside = {each.name: str(each) for each in file.parent.glob("*.safetensors")}
        near = get_close_matches(file.name, beside, n=1)
        hint = f" Did you mean {beside[near[0]]!r}?" if near else ""
        raise cr.MissingFileError(f"No model file {path!r}.{hint}\n'chainrule train DATA' makes one.")
    return cr.load(file)


def load_table_model(path: str) -> Any:
    """Return the table model in a file, or say what the file holds instead."""
    found = load_model(path)
    if not isinstance(found, cr.TableModel):
        raise cr.FileFormatError(
            f"{path} holds a network without the preparing of a table.\n"
            "Give a model that 'chainrule train' or TableModel.save wrote; in Python, cr.load reads any."
        )
    return found


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
        where = f"into the folder {path.parent}" if into_file else f"to {path}"
        raise cr.DataError(f"Nothing can be written {where}.\nGive --out another place.")
    for source in sources:
        if into_file and path.exists() and Path(source).exists() and path.samefile(source):
            raise cr.DataError(f"--out {path} would overwrite what is read.\nGive it another name.")
