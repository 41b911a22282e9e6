"""What the cells of a table mean: texts that are written as numbers become numbers, words for nothing become gaps.

Whatever a table was read from, it becomes one here: the same cells are the same table in every format.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from chainrule.data.cells import MISSING, clean_text, kind_of, read_numbers, share_a_unit
from chainrule.data.spreadsheet import unmark_cells
from chainrule.data.written import Mark, may_differ, remembering
from chainrule.errors import DataError, short

Missing = tuple[str, ...] | Mapping[str, Sequence[str]]
HEAD = 1000  # texts that show whether it is worth to look at all


@dataclass(frozen=True)
class Nothing:
    """What is told of cells: the words that say that there is no value, and how numbers are read that read both ways.

    Attributes:
        told: Those of the columns that somebody named, and under "" those of all others; nothing if nobody did.
        decimal: The mark that makes 2,104 or 1.234 a fraction, or "" where nobody knows.
    """

    told: Mapping[str, Sequence[str]] = field(default_factory=dict)
    decimal: Mark = ""

    def words(self, name: str) -> tuple[str, ...]:
        """Return those of a column."""
        return tuple(self.told.get(name, self.told.get("", MISSING)))


def nothing_is(missing: Missing, decimal: Mark | None = None) -> Nothing:
    """Return what the caller of a reader said."""
    if decimal not in (None, ".", ","):
        raise DataError(f"decimal must be '.' or ','; found {short(decimal)}.")
    told = missing if isinstance(missing, Mapping) else {} if missing is MISSING else {"": missing}
    return Nothing(dict(told), decimal or "")


def understood(
    frame: pd.DataFrame,
    nothing: Nothing,
    notes: Iterable[str] = (),
    *,
    raw: pd.DataFrame | None = None,
    decimal: Mark = "",
    gaps: Mapping[str, tuple[str, ...]] | None = None,
) -> pd.DataFrame:
    """Return a table of numbers and cleaned texts that remembers how it was written.

    ``frame`` has numbers, or texts as they stand. ``raw`` has the texts of those columns of numbers whose form may
    matter, ``decimal`` is the mark by which numbers were read, if it is not a point, and ``gaps`` has the words for
    nothing that stood among numbers.

    >>> understood(pd.DataFrame({"a": ["$5 ", "?"], "b": ["007", "1"]}), Nothing()).to_dict("list")
    {'a': [5.0, nan], 'b': ['007', '1']}
    """
    texts = {
        name: frame[name]
        for name in map(str, frame)
        if kind_of(frame[name]) == "text" and frame[name].dtype != "category"
    }
    frame = frame.copy(deep=False)
    read = any(_has_fractions(frame[name]) for name in map(str, frame) if name not in texts)
    marks: set[Mark] = {decimal or "."} if read else set()
    for name, cells in texts.items():
        frame[name], mark = _understood(cells, nothing.words(name), decimal or nothing.decimal or ".")
        marks |= {mark} if mark and _has_fractions(frame[name]) else set()
    mark = next(iter(marks), decimal or nothing.decimal) if len(marks) < 2 else ""
    differ = {name: cells for name, cells in texts.items() if may_differ(frame[name])}
    if raw is not None:
        differ |= {name: raw[name] for name in map(str, raw)}
    written = pd.DataFrame(differ, index=frame.index)
    return remembering(frame, written, nothing.told, tuple(filter(None, notes)), gaps or {}, mark)


def _has_fractions(cells: pd.Series) -> bool:
    return cells.dtype == "float64" and bool((cells.dropna() % 1 != 0).any())


def _understood(cells: pd.Series, missing: tuple[str, ...], decimal: Mark) -> tuple[pd.Series, Mark]:
    """Return a column as numbers if all cells read as such, with the mark ``decimal`` first; else as cleaned texts.

    The mark by which they were read follows, "" for texts.
    """
    codes, values = pd.factorize(cells)  # each text is looked at once: most columns repeat few of them
    distinct = pd.Series(values)
    texts = unmark_cells(clean_text(distinct, missing))
    order: dict[Mark, None] = dict.fromkeys([decimal, ".", ","])
    mark: Mark | None = next((mark for mark in order if are_numbers(texts, mark)), None)
    if not mark and texts.equals(distinct):
        return cells, ""
    found: pd.Series = _numbers(texts, mark, gaps=bool((codes < 0).any())) if mark else texts
    by_row: Any = found.array.take(codes, allow_fill=True) if (codes < 0).any() else found.array.take(codes)
    return pd.Series(by_row, index=cells.index, name=cells.name), mark or ""


def are_numbers(cells: pd.Series, decimal: str) -> bool:
    """Tell whether all cells that are not missing read as numbers, of one unit."""
    there = cells.dropna()
    for part in (there[:HEAD], there):
        distinct = part.drop_duplicates()
        if not (read_numbers(distinct, decimal).notna().all() and share_a_unit(distinct)):
            return False
    return True


def may_be_numbers(texts: pd.Series) -> bool:
    """Tell whether some cleaned texts read as numbers, with any mark."""
    return any(are_numbers(texts, mark) for mark in ".,")


def decimal_of(texts: Mapping[str, pd.Series], semicolons: bool, told: Mark = "") -> Mark:
    """Return the decimal mark of some cleaned columns.

    "2,104" reads both ways: other columns decide, after them what is ``told``, and then the semicolon, which such files
    need.
    """
    readable = {mark: {name for name, cells in texts.items() if are_numbers(cells, mark)} for mark in ".,"}
    if readable[","] - readable["."]:
        return ","
    if told and not readable["."] - readable[","]:
        return told
    ambiguous = any(texts[name].dropna().str.contains(",").any() for name in readable[","])
    return "," if semicolons and ambiguous and not readable["."] - readable[","] else "."


def _numbers(texts: pd.Series, decimal: str, gaps: bool) -> pd.Series:
    numbers = read_numbers(texts, decimal)
    whole = not gaps and numbers.notna().all() and (numbers % 1 == 0).all() and (numbers.abs() < 2**53).all()
    return numbers.astype("int64") if whole else numbers
