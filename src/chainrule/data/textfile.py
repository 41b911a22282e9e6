"""The text of a file, whatever its encoding."""

import re
from collections.abc import Iterable

from chainrule.data.dialect import BLANKS, Dialect
from chainrule.data.unpacking import Content
from chainrule.data.words import shortened
from chainrule.errors import DataError
from chainrule.shown import counted

_FOREIGN = {
    rb"PK\x03\x04": "a zip archive or a workbook of another program than Excel",
    rb"\xd0\xcf\x11\xe0": "an old Excel workbook, or another file of Microsoft Office",
    rb"\x89HDF": "an HDF5 file",
    rb"\x93NUMPY": "an array of NumPy",
    rb".{8}\{\"": "a model",  # the header of safetensors
    rb"\x80[\x02-\x05]": "a pickle, which may run code",
    rb"Obj\x01": "an Avro file",
    rb"ORC": "an ORC file",
    rb"<stata_dta>|[\x71-\x73][\x01\x02]\x01\x00": "a Stata file",
    rb"\$FL[23]@": "an SPSS file",
    rb"RD[AX][23]|X\n\x00\x00\x00[\x02\x03]": "a file of R",
}
_FOREIGN_TEXT = {
    r"%PDF-": "a PDF",
    r"<(!doctype|html|\?xml)": "a web page or XML",
    r"<table|<div|<body": "a web page",
}
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x19\x7f]")
_HEAD = 1 << 20


def text_in(content: Content) -> bytes:
    """Return the text of a file in UTF-8; it may be in UTF-16 with a mark, or Windows' western encoding.

    Raises :class:`~chainrule.errors.DataError` for what is no text, and for an empty file.
    """
    path, data = content.path, content.data
    text = _in_utf8(data.removeprefix(b"\xef\xbb\xbf"))
    unknown = text is None or b"\0" in text or _CONTROL.search(text[:_HEAD])
    kinds = [what for start, what in _FOREIGN.items() if unknown and re.match(start, data[:64], re.DOTALL)]
    head = (text or b"")[:1000].decode("utf-8", "ignore").lstrip()
    kinds += [what for start, what in _FOREIGN_TEXT.items() if re.match(start, head, re.IGNORECASE)]
    if kinds:
        raise DataError(
            f"{path} is {kinds[0]}, not a table in text.\nSave the table as CSV and give that file."
        )
    if text is None or unknown:
        raise DataError(f"{path} is not a text file.\nA table is text: CSV or TSV, as it is or gzipped.")
    if not head and not text.strip():
        raise DataError(f"{path} is empty.\nA table needs a row of column names and rows below it.")
    return text


def strange(text: bytes) -> str:
    """Return a sentence if a text looks as if it was written in an encoding that :func:`text_in` does not know.

    In a western text letters with accents stand alone among others; Chinese, Japanese, Russian or Greek ones in an
    encoding of their own look like nothing but accents.

    >>> strange("Köln, Zürich, Besançon".encode()), strange("北京".encode("gb18030").decode("cp1252").encode())[:25]
    ('', 'The file is not in UTF-8,')
    """
    head = "" if text.isascii() else text[:_HEAD].decode("utf-8", "ignore")
    runs = re.findall(r"[^\x00-\x7f]+", head)
    together = "".join(run for run in runs if len(run) > 2)
    if len(together) < 4 or len(together) <= sum(map(len, runs)) / 2 or max(together) > "\u2122":
        return ""
    found = next(run for run in runs if len(run) > 2)
    return (
        f"The file is not in UTF-8, and {shortened(found)!r} in it looks like a text in another encoding than the "
        "western one it was read in. If so, save it as UTF-8 and give that."
    )


def empty_at_ends(text: bytes, dialect: Dialect, words: Iterable[str], rows: int) -> int:
    """Return how many lines end with a delimiter and nothing, or one of some words that mean it, behind it.

    If a text of as many rows has so many rows without a last value, none of them is short. It is -1 where that cannot
    be told from bytes alone, as for cells of several lines.

    >>> empty_at_ends(b"a,b\\n1,x\\n2,\\n3,NA\\n", Dialect(","), ["NA"], 4)
    2
    """
    if dialect.delimiter == BLANKS:
        return -1
    lines = text.count(b"\n") + (not text.endswith(b"\n")) - dialect.passed
    quoted = bool(dialect.quote) and dialect.quote.encode() in text
    if quoted and lines != rows:
        return -1
    ends = [f"{dialect.delimiter}{word}".encode() for word in {"", dialect.quote * 2 * quoted, *words}]
    breaks = (b"\n", b"\r\n") if b"\r" in text else (b"\n",)
    return sum(text.count(begin + end) for begin in ends for end in breaks) + text.endswith(tuple(ends))


def short_rows(text: bytes, dialect: Dialect, width: int) -> str:
    """Return a sentence if lines have fewer cells than there are columns: a cell may have been lost anywhere in them.

    >>> short_rows(b"a,b\\n1,x\\n2\\n", Dialect(","), 2)[:62]
    'Line 3 has 1 cell for 2 column names: the last columns have no'
    """
    quoted = dialect.quote and dialect.quote.encode() in text
    if not quoted and dialect.delimiter != BLANKS:
        lines = sum(1 for line in text.splitlines()[dialect.passed :] if line.strip())
        if text.count(dialect.delimiter.encode()) == lines * (width - 1):  # none has more
            return ""
    short = [
        (number, len(row))
        for number, row in dialect.rows(text.decode())
        if number > dialect.passed and len(row) < width
    ]
    if not short:
        return ""
    (line, cells), others = short[0], len(short) - 1
    also = f", and {counted(others, 'other line')} too few" if others else ""
    return (
        f"Line {line} has {counted(cells, 'cell')} for {width} column names{also}: the last columns have no value "
        "there. If a cell was lost before, all that follow stand in the wrong column."
    )


def _in_utf8(data: bytes) -> bytes | None:
    if data.isascii():
        return data
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # as Excel's "Unicode text" is
    for encoding in ["utf-16"] if marked else ["utf-8", "cp1252", "latin-1"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return data if encoding == "utf-8" else text.encode("utf-8", "replace")
    return None
