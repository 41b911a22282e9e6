"""Whether the first row of a table names its columns: the types of its cells against those of the rows below."""

import re
from collections.abc import Sequence
from itertools import pairwise

from chainrule.data.cells import MISSING, looks_like_date

_NUMBER = re.compile(r"[-+]?[$€£¥₹]?\s*[-+]?(\d+[\d.,]*|[.,]\d+)([eE][-+]?\d+)?\s*[$€£¥₹%]?")
FEW = 9  # texts that may come again by chance


def kind_of_text(cell: str) -> str:
    """Say how a cell is written.

    >>> [kind_of_text(cell) for cell in ["1,5", "$400", "2015-02-17", "Bern", " ? "]]
    ['number', 'number', 'date', 'text', '']
    """
    cell = cell.strip()
    if cell in MISSING:
        return ""
    if looks_like_date(cell):
        return "date"
    return "number" if _NUMBER.fullmatch(cell) else "text"


def has_names(
    first: Sequence[str], rows: Sequence[Sequence[str]], told: bool | None, path: object
) -> tuple[bool, str]:
    """Return whether a first row holds names, as somebody ``told`` or as it reads, and what its owner is to know."""
    if told is not None or names_columns(first, rows):
        return told is not False, ""
    return False, (
        f"The first row of {path} reads as data, so its columns are called column_1, column_2 ...: put a row of names "
        "on top to give them others."
    )


def names_columns(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a first row holds names, and not what the rows below it hold.

    A text above numbers or dates is a name; so is a text above others that come again and again, if it is none of
    them. A number above numbers is none, nor is a text that comes again below. Numbers may be names, though: years,
    or pixels 0, 1, 2 ...

    >>> names_columns(["age", "town"], [["39", "Bern"], ["41", "Basel"]])
    True
    >>> names_columns(["38", "Bern"], [["39", "Bern"], ["41", "Basel"]])
    False
    """
    columns = [
        [row[i].strip() for row in rows if i < len(row) and kind_of_text(row[i])] for i in range(len(first))
    ]
    names, data, alike = 0, 0, []
    for cell, below in zip(first, columns, strict=True):
        mine, kind = kind_of_text(cell), _usual_kind(below)
        if mine == "number" and kind in ("number", ""):
            alike.append((cell, below))
        elif mine == kind == "date":
            data += 1
        elif mine == "text" and kind in ("number", "date"):
            names += 1
        elif mine == kind == "text" and FEW < len(below) >= 2 * len(set(below)):
            names, data = (names, data + 1) if cell.strip() in below else (names + 1, data)
    return names >= data + (0 if _may_be_names(alike, rows) else len(alike))


def _usual_kind(cells: Sequence[str]) -> str:
    kinds = [kind_of_text(cell) for cell in cells]
    usual = max(sorted(set(kinds)), key=kinds.count, default="")
    return usual if kinds.count(usual) > 0.8 * len(kinds) or not kinds else "text"


def _may_be_names(numbers: Sequence[tuple[str, Sequence[str]]], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether numbers above others may be names: years in order, or a count that no row below goes on with."""
    if not all(cell.strip().isdecimal() for cell, _ in numbers):
        return False
    wholes = [int(cell) for cell, _ in numbers]
    steps = {b - a for a, b in pairwise(wholes)}
    if min(steps, default=1) <= 0:
        return False
    if all(map(_is_year, wholes)):
        return not any(_is_year(float(cell)) for _, below in numbers for cell in below if cell.isdecimal())
    return steps == {1} and wholes[0] in (0, 1) and not any(map(_increase, rows))


def _is_year(number: float) -> bool:
    return 1000 <= number <= 2999


def _increase(row: Sequence[str]) -> bool:
    numbers = [float(cell) for cell in row if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", cell)]
    return len(numbers) == len(row) and all(a < b for a, b in pairwise(numbers))
