"""The text of a file, whatever its encoding, also gzipped."""

import csv
import gzip
import io
import math
import re
import shlex
import zlib
from os import PathLike
from pathlib import Path

from chainrule.data.samples import SAMPLES
from chainrule.data.words import shortened
from chainrule.disk import read_bytes
from chainrule.errors import DataError, MissingFileError
from chainrule.names import closest
from chainrule.shown import counted

MOST_UNPACKED = 1 << 28  # bytes, or so many times the size of the file:
MOST_TIMES = 100
_FOREIGN = {
    rb"PK\x03\x04": "a zip archive or an Excel workbook",
    rb"\xd0\xcf\x11\xe0": "an Excel workbook, or another file of Microsoft Office",
    rb"PAR1": "a Parquet file",
    rb"ARROW1|FEA1": "a Feather file",
    rb"\x89HDF": "an HDF5 file",
    rb"SQLite format": "a database",
    rb"\x93NUMPY": "an array of NumPy",
    rb"BZh|\xfd7zXZ|\x28\xb5\x2f\xfd": "compressed in another way than with gzip",
    rb".{8}\{\"": "a model",  # the header of safetensors
}
_FOREIGN_TEXT = {
    r"[\[{]\s*[\[{\"]": "JSON",
    r"(%[^\n]*\n\s*)*@relation\b": "an ARFF file",
    r"%PDF-": "a PDF",
    r"<(!doctype|html|\?xml)": "a web page or XML",
}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x7f]")


def local(source: str | PathLike[str]) -> Path:
    """Return the path of a table; an address in the web is none."""
    if _ADDRESS.match(str(source)):
        raise DataError(
            f"{source} is an address, and tables are read from files.\nFetch it first, for example with "
            f"{shlex.join(['curl', '-LO', str(source)])}, and give the file."
        )
    return Path(source)


def read_text(path: Path, any_size: bool = False) -> str:
    """Return the text of a file in UTF-8, UTF-16 with a mark, or Windows' western encoding.

    Raises :class:`~chainrule.errors.MissingFileError` with the nearest name there is, and
    :class:`~chainrule.errors.DataError` for a folder, a damaged gzip file, one that unpacks to far more than itself
    unless ``any_size`` is set, no text, and an empty file.
    """
    content = _content(path, any_size)
    text = _decoded(content)
    unknown = text is None or _CONTROL.search(text)
    kinds = [what for start, what in _FOREIGN.items() if unknown and re.match(start, content, re.DOTALL)]
    kinds += [
        what for start, what in _FOREIGN_TEXT.items() if re.match(rf"\s*{start}", text or "", re.IGNORECASE)
    ]
    if kinds:
        raise DataError(
            f"{path} is {kinds[0]}, not a table in text.\nSave the table as CSV and give that file."
        )
    if text is None or unknown:
        raise DataError(f"{path} is not a text file.\nA table is text: CSV or TSV, as it is or gzipped.")
    if not text.strip():
        raise DataError(f"{path} is empty.\nA table needs a row of column names and rows below it.")
    return text


def strange(text: str) -> str:
    """Return a sentence if a text looks as if it was written in an encoding that :func:`read_text` does not know.

    In a western text letters with accents stand alone among others; Chinese, Japanese, Russian or Greek ones in an
    encoding of their own look like nothing but accents.

    >>> strange("Köln, Zürich, Besançon"), strange("北京".encode("gb18030").decode("cp1252"))[:25]
    ('', 'The file is not in UTF-8,')
    """
    head = "" if text.isascii() else text[: 1 << 20]
    runs = re.findall(r"[^\x00-\x7f]+", head)
    together = "".join(run for run in runs if len(run) > 2)
    if len(together) < 4 or len(together) <= sum(map(len, runs)) / 2 or max(together) > "\u2122":
        return ""
    found = next(run for run in runs if len(run) > 2)
    return (
        f"The file is not in UTF-8, and {shortened(found)!r} in it looks like a text in another encoding than the "
        "western one it was read in. If so, save it as UTF-8 and give that."
    )


def short_rows(text: str, delimiter: str, width: int) -> str:
    """Return a sentence if lines have fewer cells than there are columns: a cell may have been lost anywhere in them.

    >>> short_rows("a,b\\n1,x\\n2\\n", ",", 2)[:62]
    'Line 3 has 1 cell for 2 column names: the last columns have no'
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        short = [(reader.line_num, len(row)) for row in reader if row and len(row) < width]
    except csv.Error:  # a cell of a hundred thousand letters
        return ""
    if not short:
        return ""
    (line, cells), others = short[0], len(short) - 1
    also = f", and {counted(others, 'other line')} too few" if others else ""
    return (
        f"Line {line} has {counted(cells, 'cell')} for {width} column names{also}: the last columns have no value "
        "there. If a cell was lost before, all that follow stand in the wrong column."
    )


def _content(path: Path, any_size: bool) -> bytes | bytearray:
    if path.is_dir():
        raise DataError(f"{path} is a folder.\nA table is one file, such as {path / 'data.csv'}.")
    if "\0" in str(path):
        raise MissingFileError(f"No file {str(path)!r}: it is no file name.")
    try:
        content = read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(_no_such_file(path)) from None
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror or reason}.") from None
    if not content.startswith(b"\x1f\x8b"):
        return content
    most = math.inf if any_size else max(MOST_UNPACKED, MOST_TIMES * len(content))
    try:
        return _unpacked(content, path, most)
    except (OSError, EOFError, zlib.error) as reason:
        raise DataError(
            f"{path} is a damaged gzip file ({reason}).\nCopy or download it again, or unpack it yourself."
        ) from None


def _unpacked(content: bytes, path: Path, most: float) -> bytearray:
    found = bytearray()
    with gzip.open(io.BytesIO(content)) as file:
        while chunk := file.read(1 << 20):
            found += chunk
            if len(found) > most:
                raise DataError(
                    f"{path} has {len(content):,} bytes and unpacks to more than {most:,}, as hardly any table does.\n"
                    "If it is one, say so: any_size=True."
                )
    return found


def _no_such_file(path: Path) -> str:
    beside = {each.name: str(each) for each in path.parent.iterdir()} if path.parent.is_dir() else {}
    near = closest(path.name, [*beside, *SAMPLES])
    hint = f" Did you mean {beside.get(near, near)!r}?" if near else ""
    return f"No file {str(path)!r}.{hint}\nTables that come with chainrule: {', '.join(SAMPLES)}."


def _decoded(content: bytes | bytearray) -> str | None:
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # as Excel's "Unicode text" is
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "cp1252", "latin-1"]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
