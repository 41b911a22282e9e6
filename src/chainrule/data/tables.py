"""Tables in and out: files of every format, samples by name; CSV is what is written."""

import csv
import io
from dataclasses import replace
from os import PathLike, fspath
from os.path import isfile
from pathlib import Path
from typing import Any, Literal, TextIO, overload

import pandas as pd

from chainrule.arguments import public
from chainrule.data.cells import MISSING, kind_of
from chainrule.data.formats import check_library, format_of
from chainrule.data.joined import Source, files_of, joined
from chainrule.data.meaning import Missing as Missing, Nothing, nothing_is
from chainrule.data.samples import SAMPLE_TARGET, SAMPLES, sample_table
from chainrule.data.spreadsheet import mark_cells
from chainrule.data.unpacking import content_of, local
from chainrule.data.written import written_of
from chainrule.disk import write_bytes
from chainrule.errors import DataError
from chainrule.literals import SampleName
from chainrule.names import spelled

Decimal = Literal[".", ","]
_COMPRESSIONS: dict[str, Any] = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip"}


@overload
def load_table(
    source: SampleName,
    *,
    missing: Missing = ...,
    any_size: bool = ...,
    table: str | None = ...,
    header: bool | None = ...,
    decimal: Decimal | None = ...,
) -> tuple[pd.DataFrame, str]: ...
@overload
def load_table(
    source: Source,
    *,
    missing: Missing = ...,
    any_size: bool = ...,
    table: str | None = ...,
    header: bool | None = ...,
    decimal: Decimal | None = ...,
) -> tuple[pd.DataFrame, str | None]: ...
@public
def load_table(
    source: Source,
    *,
    missing: Missing = MISSING,
    any_size: bool = False,
    table: str | None = None,
    header: bool | None = None,
    decimal: Decimal | None = None,
) -> tuple[pd.DataFrame, str | None]:
    """Return the table that a path or the name of a sample means, and its target where that is known.

    A file that exists wins over a sample of the same name.

    Args:
        source: A file, as for :func:`read_table`, or one of ``cr.SAMPLES``: iris, wine, breast_cancer, digits,
            diabetes, and the lectures' xor, circles, moons, spirals, four_people.
        missing: As in :func:`read_table`.
        any_size: As in :func:`read_table`.
        table: As in :func:`read_table`.
        header: As in :func:`read_table`.
        decimal: As in :func:`read_table`.

    Returns:
        A DataFrame, and the name of the column to predict; None for a file, which does not say it.

    Raises:
        MissingFileError: If it is neither a file nor a sample.
        DataError: If the file holds no table, with the line where that can be said.

    >>> table, target = cr.load_table("wine")
    >>> len(table), target
    (178, 'target')
    """
    if isinstance(source, str | PathLike):
        name = spelled(fspath(source), SAMPLES)
        if name in SAMPLES and not isfile(source):
            return sample_table(name), SAMPLE_TARGET
    return read_table(
        source, missing=missing, any_size=any_size, table=table, header=header, decimal=decimal
    ), None


@public
def read_table(
    source: Source,
    *,
    missing: Missing = MISSING,
    any_size: bool = False,
    table: str | None = None,
    header: bool | None = None,
    decimal: Decimal | None = None,
) -> pd.DataFrame:
    r"""Read a table from a file: text (CSV, TSV, ARFF, JSON), SQLite; Parquet, Feather, Excel and DuckDB.

    What a file is, is told by its content, also within .gz, .zip, .bz2 and .xz; the last four formats, and .zst, take
    the libraries of ``pip install 'chainrule[tables]'``. Of a text the delimiter (comma, semicolon, tab, bar, blanks),
    quotation marks, the encoding, the decimal mark and whether the first row has names are found out; lines with # are
    passed over. JSON is a list of records, such records line by line, or columns.

    Whatever the format, blanks around names and cells go; a column becomes numbers if all its cells that are not
    missing read as numbers, "$400,000" and "2,104" among them; everything else, TRUE and FALSE too, stays text, and
    so do dates. So does a column of whole numbers with leading zeros (007), which are codes. Whole numbers beyond 2^53
    are kept exactly. How the numbers were written goes along with the table: as classes and categories they come back
    as 1e5, 1.50 or +5. What ARFF calls nominal becomes categories.

    Args:
        source: The file; "-" for what is piped into the process; several as a list or as a pattern, "data/*.csv", if
            their columns are the same.
        missing: The words that say that a cell has no value, such as "", "NA" and "?" by default; given by column,
            those of the columns that it names, and under "" those of all others: ``missing={"grade": ("", "?")}`` makes
            NA a grade like any other.
        any_size: A packed file may unpack to 100 times its size, and to 256 MB in any case; True lifts that bound.
        table: Which table of a database, sheet of a workbook or file of a zip archive, where there are several.
        header: Whether the first row has the names of the columns; None to find it out.
        decimal: The mark of fractions, "." or ",", where cells such as 2,104 read both ways and nothing else in the
            table tells; None to find it out.

    Returns:
        A DataFrame.

    Raises:
        MissingFileError: If there is no such file.
        MissingLibraryError: If reading it takes a library that is not installed.
        DataError: If it holds no table, with the line where that can be said; several, and none was chosen; if decimal
            is no mark.

    >>> import pathlib
    >>> written = pathlib.Path("houses.csv").write_text("price|rooms|sold\n$400,000|3|TRUE\n$250,000|?|FALSE\n")
    >>> cr.read_table("houses.csv").to_dict("list")
    {'price': [400000, 250000], 'rooms': [3.0, nan], 'sold': ['TRUE', 'FALSE']}
    """
    nothing, files = nothing_is(missing, decimal), files_of(source)
    tables = [_read(file, nothing, any_size, table or "", header) for file in files]
    if len(files) == 1:
        return tables[0]
    marks = {written_of(each).decimal for each in tables} - {""}
    if len(marks) == 1:  # what reads both ways in one file is read as in the others
        nothing = replace(nothing, decimal=marks.pop())
        tables = [
            each if written_of(each).decimal else _read(file, nothing, any_size, table or "", header)
            for file, each in zip(files, tables, strict=True)
        ]
    return joined(files, tables, nothing)


def _read(file: str, nothing: Nothing, any_size: bool, table: str, header: bool | None) -> pd.DataFrame:
    content = content_of(local(file), any_size, table)
    found = format_of(content)
    check_library(found, content)
    return found.read(content, nothing, header)


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
