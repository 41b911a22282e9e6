"""What a table may be kept in: each format is known by how its bytes begin, and read by a file of its own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from chainrule.data.unpacking import INSTALL, Content
from chainrule.doors import late
from chainrule.errors import MissingLibraryError

Reader = Callable[..., Any]  # (content, nothing, header) -> table


@dataclass(frozen=True)
class Format:
    """A row of the table of formats.

    Attributes:
        name: What it is called.
        begins: How the bytes of such a file begin.
        endings: Those that its files usually have.
        read: Who reads it.
        needs: The library of the extra "tables" that this takes, "" for none.
    """

    name: str
    begins: re.Pattern[bytes]
    endings: tuple[str, ...]
    read: Reader
    needs: str = ""


def _row(name: str, begins: bytes, endings: str, read: str, needs: str = "") -> Format:
    pattern = re.compile(begins, re.DOTALL | re.IGNORECASE)
    return Format(name, pattern, tuple(endings.split()), late(f"chainrule.data.{read}"), needs)


FORMATS = [
    _row("a SQLite database", rb"SQLite format 3\0", ".sqlite .sqlite3 .db .db3", "databases:read_sqlite"),
    _row("a DuckDB database", rb".{8}DUCK", ".duckdb", "databases:read_duckdb", "duckdb"),
    _row("a Parquet file", rb"PAR1(?=.{,99}[\x00-\x08])", ".parquet .pq", "columnar:read_parquet", "pyarrow"),
    _row(
        "a Feather file",
        rb"ARROW1\0|FEA1(?=.{,99}[\x00-\x08])",
        ".feather .arrow",
        "columnar:read_feather",
        "pyarrow",
    ),
    _row(
        "an Excel workbook",
        rb"PK\x03\x04(?=.*(\[Content_Types\]|xl/))",
        ".xlsx .xlsm",
        "workbooks:read",
        "openpyxl",
    ),
    _row("an ARFF file", rb"(\xef\xbb\xbf)?(\s|%[^\n]*\n)*@relation\b", ".arff", "arff:read"),
    _row("JSON", rb"(\xef\xbb\xbf)?\s*[\[{]\s*[\[{\"\]}]", ".json .jsonl .ndjson", "jsonfile:read"),
    _row("a table in text", rb"", ".csv .tsv .tab .txt .data", "delimited:read"),
]
PACKINGS = (".gz", ".zip", ".bz2", ".xz", ".zst")
ENDINGS = tuple(ending for each in FORMATS for ending in each.endings)


def format_of(content: Content) -> Format:
    """Return the format of some content."""
    head = content.data if content.data.startswith(b"PK") else content.data[:4096]
    return next(each for each in FORMATS if each.begins.match(head))


def check_library(found: Format, content: Content) -> None:
    """Raise :class:`~chainrule.errors.MissingLibraryError` where a format takes a library that is not installed."""
    if found.needs and find_spec(found.needs) is None:
        raise MissingLibraryError(
            f"{content.path} is {found.name}, and reading one needs {found.needs}, which is not installed here: "
            f"{INSTALL}"
        )
