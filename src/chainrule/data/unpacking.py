"""The bytes of a table's file, unpacked from whatever they are packed in; never into far more than there were."""

import bz2
import gzip
import io
import lzma
import math
import re
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any

from chainrule.data.samples import SAMPLES
from chainrule.data.words import listed
from chainrule.disk import read_bytes
from chainrule.errors import DataError, MissingFileError, MissingLibraryError
from chainrule.names import closest
from chainrule.terminal import quoted

MOST_UNPACKED = 1 << 28  # bytes, or so many times the size of the file:
MOST_TIMES = 100
PIPED = ("-", "/dev/stdin")  # what is piped into the process
INSTALL = "pip install 'chainrule[tables]'"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_BESIDE = re.compile(
    r"(.*/)?(__MACOSX/.*|\.[^/]*|Thumbs\.db)|.*/"
)  # what programs put into archives of their own


@dataclass(frozen=True, repr=False)
class Content:
    """What a table is read from.

    Attributes:
        path: The file, for messages.
        data: What is in it, unpacked.
        bound: How many bytes, or cells, may be made of it; infinite where any size is.
        table: Which of several tables is wanted, "" if nobody said; what has been found by it is taken off.
        lies_there: Whether the file itself holds these bytes.
    """

    path: Path
    data: bytes
    bound: float
    table: str = ""
    lies_there: bool = True


def local(source: str | PathLike[str]) -> Path:
    """Return the path of a table; an address in the web is none."""
    if _ADDRESS.match(str(source)):
        raise DataError(
            f"{source} is an address, and tables are read from files.\nFetch it first, for example with "
            f"{quoted('curl', '-LO', str(source))}, and give the file."
        )
    return Path(source)


def is_piped(path: str | PathLike[str]) -> bool:
    """Tell whether a path means what is piped into the process."""
    return str(path) in PIPED and not (str(path) == "-" and Path(path).exists())


def spoken(path: str | PathLike[str]) -> str:
    """Return what a message calls a file.

    >>> spoken("/dev/stdin"), spoken("houses.csv")
    ('standard input', 'houses.csv')
    """
    return "standard input" if is_piped(path) else str(path)


def content_of(path: Path, any_size: bool = False, table: str = "") -> Content:
    """Return what is in a file, or what is piped into the process for "-".

    Raises :class:`~chainrule.errors.MissingFileError` with the nearest name there is, and
    :class:`~chainrule.errors.DataError` for a folder, a damaged file, and one that unpacks to far more than itself
    unless ``any_size`` is set.
    """
    data = _bytes(path)
    lies_there = not is_piped(path) and path.is_file()
    path = Path(spoken(path))
    bound = math.inf if any_size else max(MOST_UNPACKED, MOST_TIMES * len(data))
    found = Content(path, data, bound, table, lies_there)
    for _ in range(2):  # a zip archive may hold a gzip file
        if data.startswith(b"PK\x03\x04") and not _is_workbook(data):
            data, table = _member(found)
        elif unpack := next((u for start, u in _PACKED.items() if re.match(start, data)), None):
            data = _unpacked(unpack, data, path, bound)
        else:
            break
        found = Content(path, data, bound, table, lies_there=False)
    return found


def check_size(size: float, content: Content, what: str = "bytes") -> None:
    """Raise :class:`~chainrule.errors.DataError` where a file becomes more than its bound."""
    if size > content.bound:
        raise DataError(
            f"{content.path} unpacks to more than {content.bound:,} {what}, as hardly any table does.\n"
            "If it is one, say so: any_size=True."
        )


def choose(names: list[str], content: Content, what: str) -> str:
    """Return which of several tables is wanted: the only one, or the one that was asked for by its name."""
    if content.table in names:
        return content.table
    alike = [name for name in names if name.casefold() == content.table.casefold()]
    if len(alike) == 1:
        return alike[0]
    if not names:
        raise DataError(f"{content.path} holds no {what}.")
    if len(names) == 1 and not content.table:
        return names[0]
    has = f"{content.path} holds {len(names):,} {what}: {listed(names, 20)}."
    if content.table:
        near = closest(content.table, names)
        hint = f" Did you mean {near!r}?" if near else ""
        raise DataError(f"{has}\nNone is called {content.table!r}.{hint}")
    raise DataError(f"{has}\nSay which is meant: table={names[0]!r}.")


def check_no_choice(content: Content) -> None:
    """Raise where one of several tables was asked for, and a file holds one alone."""
    if content.table:
        raise DataError(
            f"{content.path} holds a single table, without a name; table={content.table!r} chooses none."
        )


def _bytes(path: Path) -> bytes:
    if is_piped(path):
        return _piped(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder.\nA table is one file, such as {path / 'data.csv'}.")
    if "\0" in str(path):
        raise MissingFileError(f"No file {str(path)!r}: it is no file name.")
    try:
        return read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(_no_such_file(path)) from None
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror or reason}.") from None


def _piped(path: Path) -> bytes:
    stream = sys.stdin
    if stream is None or stream.isatty():
        raise DataError(
            f"{path} is what is piped into the process, and nothing is: add < FILE, or give a file."
        )
    return stream.buffer.read()


def _unpacked(unpack: Callable[[IO[bytes]], IO[bytes]], data: bytes, path: Path, bound: float) -> bytes:
    found = bytearray()
    try:
        with unpack(io.BytesIO(data)) as file:
            while chunk := file.read(1 << 20):
                found += chunk
                if len(found) > bound:
                    raise DataError(
                        f"{path} has {len(data):,} bytes and unpacks to more than {bound:,}, as hardly any table "
                        "does.\nIf it is one, say so: any_size=True."
                    )
    except _DAMAGED as reason:
        raise DataError(
            f"{path} is a damaged {_NAMES[data[:2]]} file ({reason}).\n"
            "Copy or download it again, or unpack it yourself."
        ) from None
    return bytes(found)


def _zstd(file: IO[bytes]) -> IO[bytes]:
    try:
        import zstandard  # noqa: PLC0415 -- only where it is needed
    except ModuleNotFoundError:
        raise MissingLibraryError(
            f"A .zst file needs zstandard, which is not installed here: {INSTALL}"
        ) from None
    reader: Any = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return reader


def _member(content: Content) -> tuple[bytes, str]:
    """Return what is in the file of a zip archive that is wanted, and what is left of the asked-for name."""
    try:
        with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
            names = [name for name in archive.namelist() if not _BESIDE.fullmatch(name)]
            inner = "" if len(names) == 1 and content.table not in names else content.table
            name = choose(names, Content(content.path, b"", content.bound, inner), "files")
            return _unpacked(lambda _: archive.open(name), content.data, content.path, content.bound), (
                "" if inner else content.table
            )
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
    ) as reason:  # RuntimeError: it has a password
        raise DataError(f"{content.path} is a zip archive that cannot be unpacked: {reason}.") from None


def _is_workbook(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return bool({"[Content_Types].xml", "mimetype"} & set(archive.namelist()))
    except zipfile.BadZipFile:
        return False


def _no_such_file(path: Path) -> str:
    beside = {each.name: str(each) for each in path.parent.iterdir()} if path.parent.is_dir() else {}
    near = closest(path.name, [*beside, *SAMPLES])
    hint = f" Did you mean {beside.get(near, near)!r}?" if near else ""
    return f"No file {str(path)!r}.{hint}\nTables that come with chainrule: {', '.join(SAMPLES)}."


_PACKED: dict[bytes, Callable[[Any], Any]] = {
    rb"\x1f\x8b": gzip.open,
    rb"BZh[1-9]1AY&SY": bz2.open,
    rb"\xfd7zXZ\x00": lzma.open,
    rb"\x28\xb5\x2f\xfd": _zstd,
}
_NAMES = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zst", b"PK": "zip"}
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
