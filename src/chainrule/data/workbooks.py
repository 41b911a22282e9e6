"""Tables in Excel workbooks: a sheet is a table."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from chainrule.data.headers import has_names
from chainrule.data.meaning import Nothing
from chainrule.data.typed import check_names, table_of, written
from chainrule.data.unpacking import Content, check_size, choose
from chainrule.errors import DataError

_WRONG = {
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#N/A",
}  # what a formula gives that went wrong


def read(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return a sheet of a workbook; formulas count as what they gave when it was saved."""
    import openpyxl  # noqa: PLC0415 -- only where it is needed

    try:
        with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
            check_size(sum(each.file_size for each in archive.infolist()), content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of styles and the like, which are nothing to us
            book = openpyxl.load_workbook(io.BytesIO(content.data), read_only=True, data_only=True)
            sheets = {name: book[name] for name in book.sheetnames if hasattr(book[name], "iter_rows")}
            wanted = [n for n in sheets if content.table or any(True for _ in _rows(sheets[n], content))]
            rows = list(_rows(sheets[choose(wanted, content, "sheets")], content))
    except DataError:
        raise
    except Exception as reason:  # a damaged workbook is told by whatever openpyxl meets
        raise DataError(f"{content.path} is an Excel workbook that cannot be read: {reason}.") from None
    if not rows:
        raise DataError(
            f"{content.path}: this sheet is empty.\nA table needs a row of column names and rows below it."
        )
    width = max(len(row) for row in rows)
    rows = [[*row, *[None] * (width - len(row))] for row in rows]
    filled = [i for i in range(width) if any(row[i] is not None for row in rows)]
    rows = [[row[i] for i in filled] for row in rows]
    notes = []
    if passed := next(
        (i for i, row in enumerate(rows) if sum(c is not None for c in row) > len(filled) / 2), 0
    ):
        notes.append(
            f"Passed over {passed} rows at the top of {content.path}, which are no rows of the table."
        )
    first, *below = [[written(cell) or "" for cell in row] for row in rows[passed : passed + 1000]]
    named, nameless = has_names(first, below, header, content.path)
    names = check_names(first, content) if named else [f"column_{i + 1}" for i in range(len(filled))]
    body = rows[passed + named :]
    if not body:
        raise DataError(f"{content.path} has column names but no rows below them.")
    columns = dict(zip(names, map(list, zip(*body, strict=True)), strict=True))
    return table_of(columns, content, nothing, [*notes, nameless])


def _rows(sheet: Any, content: Content) -> Iterator[list[Any]]:
    """Yield the rows that hold anything."""
    sheet.reset_dimensions()  # a workbook may say anything of its size
    size = 0.0
    pads = any(map(_mask_of, sheet.parent._number_formats))  # which it takes time to ask each cell
    for row in map(_as_shown, sheet.iter_rows()) if pads else sheet.iter_rows(values_only=True):
        size += 8.0 * (len(row) + 1)
        check_size(size, content)
        cells = [
            None if isinstance(cell, str) and (not cell.strip() or cell in _WRONG) else cell for cell in row
        ]
        if any(cell is not None for cell in cells):
            yield cells


def _mask_of(number_format: str) -> str:
    """Return a format of digits that are always there, without what marks the signs between them; "" for another.

    >>> [_mask_of(each) for each in ("00000", r"000\\-00\\-0000", '00"-"000', "0", "0.00", "General")]
    ['00000', '000-00-0000', '00-000', '', '', '']
    """
    bare = re.sub(r"\\(.)|\"([^\"]*)\"", r"\1\2", number_format)
    return bare if re.fullmatch(r"0(?:[-/ ]?0)+", bare) else ""


def _as_shown(row: Sequence[Any]) -> list[Any]:
    """Return what the cells of a row hold, codes as they are shown: 501 of the format 00000 is the text 00501."""
    return [
        _laid(cell.value, mask)
        if type(cell.value) is int and cell.value >= 0 and (mask := _mask_of(cell.number_format))
        else cell.value
        for cell in row
    ]


def _laid(number: int, mask: str) -> str:
    """Return a number with its digits in the places of a mask.

    >>> _laid(501, "00000"), _laid(21378432, "000-00-0000"), _laid(1234, "00-0")
    ('00501', '021-37-8432', '123-4')
    """
    digits = str(number).zfill(mask.count("0"))
    extra = len(digits) - mask.count("0")
    rest = iter(digits[extra:])
    return digits[:extra] + "".join(next(rest) if sign == "0" else sign for sign in mask)
