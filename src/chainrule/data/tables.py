"""Reading a table from a text file, whatever wrote it."""

import csv
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from statistics import mode
from typing import Any, Literal, TextIO, overload

import numpy as np
import pandas as pd

from chainrule.arguments import public
from chainrule.data.cells import MISSING, clean_text, kind_of, read_numbers, share_a_unit
from chainrule.data.samples import SAMPLE_TARGET, SAMPLES, sample_table
from chainrule.data.spreadsheet import mark_cells, unmark_cells, unmarked
from chainrule.data.textfile import local, read_text, short_rows, strange
from chainrule.data.words import listed
from chainrule.data.written import has_padded, may_differ, remembering
from chainrule.disk import write_bytes
from chainrule.errors import DataError
from chainrule.literals import SampleName
from chainrule.names import spelled
from chainrule.shown import counted

Missing = tuple[str, ...] | Mapping[str, Sequence[str]]

_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED = 1 << 16  # characters from which the delimiter is told
_COMPRESSIONS: dict[str, Any] = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip"}
_NAMELESS = re.compile(r"Unnamed: \d+")


@overload
def load_table(
    source: SampleName, *, missing: Missing = ..., any_size: bool = ...
) -> tuple[pd.DataFrame, str]: ...
@overload
def load_table(
    source: str | PathLike[str], *, missing: Missing = ..., any_size: bool = ...
) -> tuple[pd.DataFrame, str | None]: ...
@public
def load_table(
    source: str | PathLike[str], *, missing: Missing = MISSING, any_size: bool = False
) -> tuple[pd.DataFrame, str | None]:
    """Return the table that a path or the name of a sample means, and its target where that is known.

    A file that exists wins over a sample of the same name.

    Args:
        source: A file, as for :func:`read_table`, or one of ``cr.SAMPLES``: iris, wine, breast_cancer, digits,
            diabetes.
        missing: As in :func:`read_table`.
        any_size: As in :func:`read_table`.

    Returns:
        A DataFrame, and the name of the column to predict; None for a file, which does not say it.

    Raises:
        MissingFileError: If it is neither a file nor a sample.
        DataError: If the file holds no table, with the line where that can be said.

    >>> table, target = cr.load_table("wine")
    >>> len(table), target
    (178, 'target')
    """
    name = spelled(fspath(source), SAMPLES)
    if name in SAMPLES and not Path(source).is_file():
        return sample_table(name), SAMPLE_TARGET
    return read_table(source, missing=missing, any_size=any_size), None


@public
def read_table(
    source: str | PathLike[str], *, missing: Missing = MISSING, any_size: bool = False
) -> pd.DataFrame:
    r"""Read a text file with one row of column names: CSV, TSV and their kin, also gzipped.

    The delimiter (comma, semicolon, tab or bar), the encoding and the decimal mark are found out. Blanks
    around names and cells go; a column becomes numbers if all its cells that are not missing read as numbers,
    "$400,000" and "2,104" among them; everything else, TRUE and FALSE too, stays text. So does a column of whole
    numbers with leading zeros (007), which are codes. Whole numbers beyond 2^53 are kept exactly. How the numbers
    were written goes along with the table: as classes and categories they come back as 1e5, 1.50 or +5.

    Args:
        source: The file.
        missing: The words that say that a cell has no value, such as "", "NA" and "?" by default; given by column,
            those of the columns that it names, and under "" those of all others: ``missing={"grade": ("", "?")}`` makes
            NA a grade like any other.
        any_size: A gzipped file may unpack to 100 times its size, and to 256 MB in any case; True lifts that bound.

    Returns:
        A DataFrame with a row for each line.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it holds no table, with the line where that can be said.

    >>> import pathlib
    >>> written = pathlib.Path("houses.csv").write_text("price|rooms|sold\n$400,000|3|TRUE\n$250,000|?|FALSE\n")
    >>> cr.read_table("houses.csv").to_dict("list")
    {'price': [400000, 250000], 'rooms': [3.0, nan], 'sold': ['TRUE', 'FALSE']}
    """
    path = local(source)
    text = read_text(path, any_size)
    delimiter, rows = _sniff(text)
    names = _column_names(rows, path)
    told = dict(missing) if isinstance(missing, Mapping) else {"": missing}
    words = {name: list(told.get(name, told.get("", MISSING))) for name in names}
    frame = _parse(text, delimiter, names, words, path)
    if frame.empty:
        raise DataError(f"{path} has column names ({listed(names)}) but no rows below them.")
    # a delimiter at the end of every line makes a column of nothing
    nothing = [name for name in names if _NAMELESS.fullmatch(name) and frame[name].isna().all()]
    if len(nothing) == len(names):
        raise DataError(
            f"{path} holds delimiters only.\nA table needs a row of column names and rows below it."
        )
    parsed = frame.drop(columns=nothing)
    plain = set() if has_padded(text) else {name for name in parsed if parsed[name].dtype == "int64"}
    frame = _with_numbers(parsed, delimiter, words)
    differ = [name for name in map(str, frame) if name not in plain and may_differ(frame[name])]
    raw = _parse(text, delimiter, names, {}, path, differ)
    # it is the last column that a short row leaves without a value
    short = short_rows(text, delimiter, len(names)) if parsed.iloc[:, -1].isna().any() else ""
    notes = tuple(filter(None, [strange(text), short]))
    return remembering(frame, raw, {} if missing is MISSING else told, notes)


@public
def write_table(frame: pd.DataFrame, place: str | PathLike[str] | TextIO, *, raw_cells: bool = False) -> None:
    r"""Write a table as CSV without its index, whole or not at all; compressed if the name ends with .gz.

    A text that a spreadsheet would run as a formula (it begins with =, +, - or @ and is no number) is written with an
    apostrophe before it, which :func:`read_table` takes off again.

    Args:
        frame: A DataFrame.
        place: The name of a file, or a stream that takes text.
        raw_cells: Write all as it is, without apostrophes.

    Raises:
        MissingFileError: If there is no folder to write into.
        DataError: For a folder, a full disk and whatever else cannot be written to.

    >>> import pandas as pd, pathlib
    >>> cr.write_table(pd.DataFrame({"rooms": [3, 4], "name": ["=1+1", "-5"]}), "new.csv")
    >>> pathlib.Path("new.csv").read_text(), cr.read_table("new.csv")["name"].tolist()
    ("rooms,name\n3,'=1+1\n4,-5\n", ['=1+1', '-5'])
    """
    cells = frame if raw_cells else mark_cells(frame)
    # a carriage return ends a line for those who read, and is not quoted by itself
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if _returns(cells) else csv.QUOTE_MINIMAL
    if isinstance(place, str | PathLike):
        written, packed = io.BytesIO(), _COMPRESSIONS.get(Path(place).suffix)
        try:
            cells.to_csv(written, index=False, quoting=quoting, compression=packed)
        except UnicodeEncodeError as error:
            letter = ascii(error.object[error.start])
            raise DataError(f"Cannot write {place}: {letter} in its texts is no letter.") from None
        write_bytes(place, written.getvalue())
    else:
        cells.to_csv(place, index=False, quoting=quoting)


def _returns(frame: pd.DataFrame) -> bool:
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    texts = [str(value) for cells in columns if kind_of(cells) == "text" for value in cells.unique()]
    return any("\r" in text for text in (*map(str, frame), *texts))


def _sniff(text: str) -> tuple[str, list[list[str]]]:
    """Return the delimiter at which the first rows are cut most evenly, and those rows."""
    head = text[:_SNIFFED]
    if len(text) > _SNIFFED:
        head = head[: head.rfind("\n") + 1] or head  # without the row that the end would cut

    def cut(delimiter: str) -> list[list[str]]:
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, skipinitialspace=True)
        return list(islice((row for row in reader if row), 50))

    def evenness(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in cut(delimiter)]
        usual = mode(widths)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)

    delimiter = max(_DELIMITERS, key=evenness)
    return delimiter, cut(delimiter)


def _column_names(rows: list[list[str]], path: Path) -> list[str]:
    names = unmarked([name.strip() or f"Unnamed: {i}" for i, name in enumerate(rows[0])])
    if _reads_as_data(names):
        raise DataError(
            f"The first row of {path} reads as data, not as column names: {listed(names)}.\n"
            "Put a row of column names on top."
        )
    for i, name in enumerate(names):
        if (first := names.index(name)) < i:
            raise DataError(
                f"Two columns of {path} are called {name!r}: columns {first + 1} and {i + 1}.\n"
                "Give each a name of its own."
            )
    # pandas would drop what the first row has too much, and tells of the other rows only
    if names[0].startswith("#") and len(names) == 1 and len(rows) > 1 and len(rows[1]) > 1:
        raise DataError(
            f"The first row of {path} reads as a remark, not as column names: {listed(names)}.\n"
            "Remove it, so that the row of column names is the first."
        )
    if len(rows) > 1 and any(rows[1][len(names) :]):
        raise _too_many_cells(path, "The first row below the names", len(rows[1]), len(names))
    return names


def _reads_as_data(names: list[str]) -> bool:
    # names may be whole numbers that increase: years, or pixels 0, 1, 2 ...
    numbers = pd.to_numeric(pd.Series(names), errors="coerce").to_numpy(dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    return bool((numbers % 1).any() or (np.diff(numbers) <= 0).any())


def _too_many_cells(path: Path, where: str, found: int, expected: int) -> DataError:
    return DataError(
        f"{where} of {path} has {counted(found, 'cell')} for {counted(expected, 'column name')}.\n"
        "Quote a cell that holds the delimiter, or name every column."
    )


def _parse(
    text: str,
    delimiter: str,
    names: list[str],
    words: dict[str, list[str]],
    path: Path,
    raw: list[str] | None = None,
) -> pd.DataFrame:
    """Read the table; of the columns in ``raw`` alone, if given, every cell as it stands."""

    def read(**options: Any) -> pd.DataFrame:
        return pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            names=names,
            header=0,
            index_col=False,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=words,
            low_memory=False,
            **options,
        )

    if raw is not None:
        return read(usecols=raw, dtype=str) if raw else pd.DataFrame()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # it drops what it warns of
            if delimiter != ",":  # the decimal mark is not known yet, so no cell is a number yet
                return read(dtype=str)
            frame = read()
            # TRUE has become a truth value; labels must come back as they were written
            truths = {name: str for name in names if pd.api.types.is_bool_dtype(frame[name].dtype)}
            return read(dtype=truths) if truths else frame
    except (pd.errors.ParserError, pd.errors.ParserWarning) as reason:
        raise _unparsable(path, str(reason).strip()) from None


def _unparsable(path: Path, reason: str) -> DataError:
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", reason):
        return _too_many_cells(path, f"Line {found[2]}", int(found[3]), int(found[1]))
    if found := re.search(r"EOF inside string starting at row (\d+)", reason):
        return DataError(
            f'{path}: a quotation mark (") opens in line {int(found[1]) + 1} and never closes.\n'
            "Close it, or remove it."
        )
    return DataError(f"{path} cannot be read as a table: {reason}.")


def _with_numbers(frame: pd.DataFrame, delimiter: str, words: dict[str, list[str]]) -> pd.DataFrame:
    """Clean the columns of text; those in which all is written as numbers become numbers."""
    names = [name for name in frame.columns if kind_of(frame[name]) == "text"]
    texts = {name: unmark_cells(clean_text(frame[name], tuple(words[name]))) for name in names}
    distinct = {name: cells.dropna().drop_duplicates() for name, cells in texts.items()}
    readable = {mark: {n for n, cells in distinct.items() if _all_numbers(cells, mark)} for mark in ".,"}
    decimal = "," if delimiter != "," and _decimal_comma(distinct, readable, delimiter) else "."
    for name, cells in texts.items():
        mark = next((mark for mark in (decimal, ".", ",") if name in readable[mark]), None)
        texts[name] = _whole_if_possible(read_numbers(cells, mark)) if mark else cells
    return pd.DataFrame({name: texts.get(name, frame[name]) for name in frame.columns})


def _all_numbers(cells: pd.Series, decimal: str) -> bool:
    return bool(read_numbers(cells, decimal).notna().all()) and share_a_unit(cells)


def _decimal_comma(distinct: dict[str, pd.Series], readable: dict[str, set[str]], delimiter: str) -> bool:
    # "2,104" reads both ways: other columns decide, and after them the semicolon, which such files need
    if readable[","] - readable["."]:
        return True
    ambiguous = any(distinct[name].str.contains(",").any() for name in readable[","])
    return delimiter == ";" and ambiguous and not readable["."] - readable[","]


def _whole_if_possible(numbers: pd.Series) -> pd.Series:
    whole = numbers.notna().all() and (numbers % 1 == 0).all() and (numbers.abs() < 2**53).all()
    return numbers.astype("int64") if whole else numbers
