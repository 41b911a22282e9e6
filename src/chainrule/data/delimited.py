"""Tables in text, a line for each row: CSV, TSV and their kin, whatever wrote them."""

import csv
import io
import itertools
import re
import warnings
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from statistics import mode
from typing import Any

import pandas as pd
from pandas.api.types import infer_dtype

from chainrule.data.cells import PRECISE, clean_text, kind_of, number_of, text_of, whole_of
from chainrule.data.dialect import SNIFFED, Dialect, Rows, sniff, uncut, without_remarks
from chainrule.data.headers import has_names
from chainrule.data.meaning import HEAD, Nothing, decimal_of, may_be_numbers, understood
from chainrule.data.spreadsheet import unmarked
from chainrule.data.swallowed import swallowed_rows
from chainrule.data.textfile import empty_at_ends, short_rows, strange, text_in
from chainrule.data.typed import check_twice
from chainrule.data.unpacking import Content, check_no_choice
from chainrule.data.words import listed, shortened
from chainrule.data.written import Mark, are_few, has_padded, matters
from chainrule.errors import DataError
from chainrule.shown import counted

NAMELESS = re.compile(r"Unnamed: \d+")
NUMBERED = "column_{}"
WHOLE = 10  # rows at the least that are looked at, whatever their length
TOLD = 200  # rows that tell whether the first has names
LONG = 1 << 23  # bytes of a file that is worth to be read by several threads
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def read(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return the table in a text."""
    check_no_choice(content)
    text = text_in(content)
    if b"\n" not in text and b"\r" in text:
        text = text.replace(b"\r", b"\n")
    head = _head(text)
    dialect, rows = sniff(head)
    named, nameless = has_names(rows[0][1], [row for _, row in rows[1:TOLD]], header, content.path)
    notes = [_passed(content.path, head, dialect), nameless]
    if between := uncut(rows):
        notes.append(
            f"The rows of {content.path} have a cell each. If {between} should part them, put commas or tabs there."
        )
    names = _names(rows, content.path, named)
    text, remarks = without_remarks(text, len(names), dialect.delimiter, dialect.passed > 0)
    if remarks:
        notes.append(f"Passed over {counted(remarks, 'line')} of {content.path} that begin with #.")
    below = [row for _, row in rows[named:]]
    place = (
        str(content.path.absolute())
        if content.lies_there and text is content.data and len(text) > LONG
        else None
    )
    frame = Lines(text, dialect, names, content.path, named, below, nothing, place).table(notes)
    nothing_in = [n for n in names if (NAMELESS.fullmatch(n) or not named) and frame[n].isna().all()]
    if len(nothing_in) == len(names):
        raise DataError(
            f"{content.path} holds delimiters only.\nA table needs a row of column names and rows below it."
        )
    # a delimiter at the end of every line makes a column of nothing
    ended = nothing_in if named else [n for n in nothing_in if n == names[-1]]
    return frame.drop(columns=ended) if ended else frame


@dataclass(frozen=True, repr=False)
class Lines:
    """Lines that hold a table, all but what the words in them mean.

    Attributes:
        text: In UTF-8.
        dialect: How a line is cut.
        names: Of the columns.
        path: The file, for messages.
        header: Whether the first line that is not passed over has names.
        first: Some rows at the top, from which is told how the others are best read.
        nothing: What says that a cell has no value.
        place: A file that holds this very text, if one does and it is long.
        above: How many lines of the file stand above the text.
    """

    text: bytes
    dialect: Dialect
    names: list[str]
    path: Path
    header: bool
    first: list[list[str]]
    nothing: Nothing
    place: str | None = None
    above: int = 0

    def table(self, notes: list[str]) -> pd.DataFrame:
        """Return the table, which knows how it was written."""
        points = self.dialect.delimiter == "," and len(self.names) > 1  # a comma cannot be both
        decimal: Mark = "." if points else self._decimal()
        frame, raw = self._parsed(decimal)
        if decimal == "." and not points and self._decimal(frame) == ",":
            frame, raw = self._parsed(decimal := ",")  # what tells it stands far below
        if frame.empty:
            raise DataError(f"{self.path} has column names ({listed(self.names)}) but no rows below them.")
        notes = [
            strange(self.text),
            swallowed_rows(self.text, self.dialect, frame, self.above),
            self._short(frame),
            *notes,
        ]
        gaps = {name: found for name in self.names if (found := tuple(sorted(self._gaps(name))))}
        decimal = "" if decimal == "." else decimal
        return understood(frame, self.nothing, notes, raw=raw, decimal=decimal, gaps=gaps)

    def _short(self, frame: pd.DataFrame) -> str:
        """Return a sentence if rows are short: it is the last column that these leave without a value."""
        last = frame.iloc[:, -1]
        words = self._not_read(self.names[-1]) if kind_of(last) == "number" else []
        empty = int((last.isna() | (last == "")).sum())
        if not empty or empty == empty_at_ends(self.text, self.dialect, words, len(frame) + self.header):
            return ""
        return short_rows(self.text, self.dialect, len(self.names))

    @cached_property
    def _shown(self) -> dict[str, list[str]]:
        """The first cells of each column."""
        return {
            name: [row[i].strip() for row in self.first if i < len(row)] for i, name in enumerate(self.names)
        }

    def _gaps(self, name: str) -> set[str]:
        return set(self._shown[name]) & set(self.nothing.words(name)) - {""}

    def _always(self, name: str) -> list[str]:
        """Return the words for nothing that would pass as numbers, or leave texts no number."""
        return [word for word in self.nothing.words(name) if not word or number_of(word) is not None]

    def _not_read(self, name: str) -> list[str]:
        """Return the words for nothing in a column of numbers."""
        return [*self._always(name), *self._gaps(name)]

    def _decimal(self, frame: pd.DataFrame | None = None) -> Mark:
        """Return the decimal mark that the first rows show, or the texts in a frame that was read with points."""
        if frame is None:
            texts = {name: pd.Series(cells, dtype="str") for name, cells in self._shown.items()}
        else:
            texts = {name: frame[name] for name in self.names if kind_of(frame[name]) == "text"}
        points = frame is not None and any(
            cells.dtype == "float64" and (cells.dropna() % 1 != 0).any() for _, cells in frame.items()
        )
        # most texts show at the top that they are no numbers
        cleaned = {
            name: clean_text(cells.drop_duplicates(), words)
            for name, cells in texts.items()
            if may_be_numbers(clean_text(cells[:HEAD], words := self.nothing.words(name)))
        }
        told: Mark = "" if points else self.nothing.decimal
        return decimal_of(cleaned, self.dialect.delimiter == ";" and not points, told)

    def _is_odd(self, name: str, decimal: str) -> bool:
        """Tell whether the first cells of a column are no plain texts, and would lose how they are written otherwise.

        Those are TRUE and FALSE, and numbers that come again and again, or name something, and are written oddly.
        """
        words = self.nothing.words(name)
        cells = [cell for cell in self._shown[name] if cell not in words]
        distinct = {
            cell.replace(decimal, ".") if "." not in cell.replace(decimal, "") else "" for cell in cells
        }
        if not all(map(_PLAIN.fullmatch, distinct)):
            return {cell.lower() for cell in distinct} <= {"true", "false"}
        odd = {cell for cell in distinct if text_of(number_of(cell)) != cell}
        codes = any(whole_of(cell) is not None for cell in odd)
        return bool(odd) and (codes or are_few(len(distinct), len(cells)))

    def _is_text(self, name: str, decimal: str) -> bool:
        words = self.nothing.words(name)
        return not all(
            _PLAIN.fullmatch(cell.replace(decimal, ".")) for cell in self._shown[name] if cell not in words
        )

    def _parsed(self, decimal: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the table, and how those of its numbers were written for which it matters."""
        odd = {name for name in self.names if self._is_odd(name, decimal)}
        texts = odd | {name for name in self.names if self._is_text(name, decimal)}
        # a word that means nothing and shows up below makes a text of its column, which is looked at afterwards
        words = {name: [] if name in texts else self._not_read(name) for name in self.names}
        frame = self._read(dict.fromkeys(odd, "str"), words, decimal)
        padded = cache(lambda: has_padded(self.text, self.dialect.delimiter))
        again = []
        for name in (name for name in self.names if name not in odd):
            cells = frame[name]
            if cells.dtype == "int64":
                again += [name] if padded() else []
            elif cells.dtype == "float64":
                again += [name] if matters(cells) else []
            elif (
                infer_dtype(cells, skipna=True) != "string"
            ):  # TRUE is a truth value, and some are numbers in part
                again.append(name)
        raw = self._read(dict.fromkeys(again, "str"), {}, decimal, again) if again else pd.DataFrame()
        lost = [name for name in again if kind_of(frame[name]) == "text"]
        for name in lost:
            frame[name] = raw[name]
        return frame, raw.drop(columns=lost)

    def _read(self, dtype: Any, words: Any, decimal: str, only: list[str] | None = None) -> pd.DataFrame:
        dialect = self.dialect
        quoting: dict[str, Any] = (
            {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE}
        )
        if dialect.escape:
            quoting |= {"escapechar": dialect.escape, "doublequote": False}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)  # it drops what it warns of
                warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # which is looked at by our own means
                return pd.read_csv(
                    self.place or io.BytesIO(self.text),
                    sep=dialect.delimiter,
                    names=self.names,
                    header=0 if self.header else None,
                    skiprows=dialect.passed,
                    index_col=False,
                    skipinitialspace=True,
                    keep_default_na=False,
                    na_values=words,
                    dtype=dtype,
                    decimal=decimal,
                    compression=None,
                    usecols=only,
                    low_memory=self.place is not None,  # then it is read in parts, side by side
                    float_precision=None if PRECISE else "round_trip",
                    **quoting,
                )
        except (pd.errors.ParserError, pd.errors.ParserWarning) as reason:
            raise _unparsable(self.path, str(reason).strip(), self.above) from None
        except pd.errors.EmptyDataError:
            return pd.DataFrame(columns=self.names)


def _head(text: bytes) -> str:
    """Return the rows at the top of a text, whole: some, however long they are."""
    end = SNIFFED
    if len(text) > end and text.count(b"\n", 0, end) < WHOLE:
        ends = itertools.islice(re.finditer(rb"\n", text[:LONG]), WHOLE)
        end = max([end, *(found.end() for found in ends)])
    head = text[:end].decode("utf-8", "ignore")
    return head if len(text) <= end else head[: head.rfind("\n") + 1] or head


def _passed(path: Path, head: str, dialect: Dialect) -> str:
    if not dialect.passed or head.lower().startswith("sep="):
        return ""
    first = shortened(head.splitlines()[0].strip())
    return f"Passed over {counted(dialect.passed, 'line')} at the top of {path}, which begin with {first!r}."


def _names(rows: Rows, path: Path, header: bool) -> list[str]:
    if not header:
        width = mode([len(row) for _, row in rows])
        return [NUMBERED.format(i + 1) for i in range(width)]
    names = unmarked([name.strip() for name in rows[0][1]])
    names = [name.strip() or f"Unnamed: {i}" for i, name in enumerate(names)]
    check_twice(names, path)
    # pandas would drop what the first row has too much, and tells of the other rows only
    if len(rows) > 1 and any(rows[1][1][len(names) :]):
        raise _too_many_cells(path, "The first row below the names", len(rows[1][1]), len(names))
    return names


def _too_many_cells(path: Path, where: str, found: int, expected: int) -> DataError:
    return DataError(
        f"{where} of {path} has {counted(found, 'cell')} for {counted(expected, 'column name')}.\n"
        "Quote a cell that holds the delimiter, or name every column."
    )


def _unparsable(path: Path, reason: str, above: int) -> DataError:
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", reason):
        return _too_many_cells(path, f"Line {int(found[2]) + above}", int(found[3]), int(found[1]))
    if found := re.search(r"EOF inside string starting at row (\d+)", reason):
        return DataError(
            f'{path}: a quotation mark (") opens in line {int(found[1]) + 1 + above} and never closes.\n'
            "Close it, or remove it."
        )
    return DataError(f"{path} cannot be read as a table: {reason}.")
