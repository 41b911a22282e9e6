"""Where results go: checked before the work begins, written beside and renamed after it."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import chainrule as cr


def stem(data: str) -> str:
    """Return the name of a data file or sample without folder and endings.

    >>> stem("prices/houses.csv.gz"), stem("iris")
    ('houses', 'iris')
    """
    name = Path(data).name.removesuffix(".gz")
    return Path(name).stem or name


def check_writable(path: Path, *sources: str) -> None:
    """Raise if no file can be written at ``path``, or if it is one of those that are read."""
    if path.is_dir():
        raise cr.DataError(f"{path} is a folder.\nGive --out the name of a file, such as {path / 'out'}.")
    if not path.parent.is_dir():
        raise cr.MissingFileError(
            f"No folder {str(path.parent)!r} to write {path.name} into.\nMake it first."
        )
    if not os.access(path.parent, os.W_OK):
        raise cr.DataError(
            f"Nothing can be written into the folder {path.parent}.\nGive --out another place."
        )
    for source in sources:
        if path.exists() and Path(source).exists() and path.samefile(source):
            raise cr.DataError(f"--out {path} would overwrite what is read.\nGive it another name.")


def check_replaceable(path: Path) -> None:
    """Raise if ``path`` holds anything but a model of ours, which training again may replace."""
    if not path.exists():
        return
    try:
        cr.load(path)
    except cr.ChainruleError:
        raise cr.DataError(
            f"{path} exists and is no model of chainrule.\nGive --out another name, or --force to replace it."
        ) from None


def write_beside(path: Path, write: Callable[[str], object]) -> None:
    """Let ``write`` write a file beside ``path``, then rename it: nobody ever finds half a file."""
    handle, beside = tempfile.mkstemp(
        dir=path.parent, prefix=".", suffix=path.name
    )  # the ending says: gzip or not
    os.close(handle)
    try:
        write(beside)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
