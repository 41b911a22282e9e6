"""What the cells of a table mean: texts that are written as numbers become numbers, words for nothing become gaps.

Whatever a table was read from, it becomes one here: the same cells are the same table in every format.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from chainrule.data.cells import MISSING, clean_text, kind_of, read_numbers, share_a_unit
from chainrule.data.spreadsheet import unmark_cells
from chainrule.data.written import may_differ, remembering

Missing = tuple[str, ...] | Mapping[str, Sequence[str]]
HEAD = 1000  # texts that show whether it is worth to look at all


@dataclass(frozen=True)
class Nothing:
    """The words that say that a cell has no value.

    Attributes:
        told: Those of the columns that somebody named, and under "" those of all others; nothing if nobody did.
    """

    told: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def words(self, name: str) -> tuple[str, ...]:
        """Return those of a column."""
        return tuple(self.told.get(name, self.told.get("", MISSING)))


def nothing_is(missing: Missing) -> Nothing:
    """Return what the caller of a reader said."""
    if isinstance(missing, Mapping):
        return Nothing(dict(missing))
    return Nothing() if missing is MISSING else Nothing({"": missing})


def understood(
    frame: pd.DataFrame,
    nothing: Nothing,
    notes: Iterable[str] = (),
    *,
    raw: pd.DataFrame | None = None,
    decimal: str = ".",
    gaps: Mapping[str, tuple[str, ...]] | None = None,
) -> pd.DataFrame:
    """Return a table of numbers and cleaned texts that remembers how it was written.

    ``frame`` has numbers, or texts as they stand. ``raw`` has the texts of those columns of numbers whose form may
    matter, and ``gaps`` the words for nothing that stood among numbers.

    >>> understood(pd.DataFrame({"a": ["$5 ", "?"], "b": ["007", "1"]}), Nothing()).to_dict("list")
    {'a': [5.0, nan], 'b': ['007', '1']}
    """
    texts = {
        name: frame[name]
        for name in map(str, frame)
        if kind_of(frame[name]) == "text" and frame[name].dtype != "category"
    }
    became = with_numbers({name: _cleaned(cells, nothing) for name, cells in texts.items()}, decimal)
    frame = frame.copy(deep=False)
    for name, cells in became.items():
        frame[name] = cells
    differ = {name: cells for name, cells in texts.items() if may_differ(frame[name])}
    if raw is not None:
        differ |= {name: raw[name] for name in map(str, raw)}
    written = pd.DataFrame(differ, index=frame.index)
    return remembering(frame, written, nothing.told, tuple(filter(None, notes)), gaps or {})


def _cleaned(cells: pd.Series, nothing: Nothing) -> pd.Series:
    return unmark_cells(clean_text(cells, nothing.words(str(cells.name))))


def with_numbers(texts: Mapping[str, pd.Series], decimal: str) -> dict[str, pd.Series]:
    """Return cleaned columns, as numbers those in which every cell reads as one; ``decimal`` is tried first."""
    found = {}
    for name, cells in texts.items():
        marks = dict.fromkeys([decimal, ".", ","])
        mark = next((mark for mark in marks if are_numbers(cells, mark)), None)
        found[name] = _numbers(cells, mark) if mark else cells
    return found


def are_numbers(cells: pd.Series, decimal: str) -> bool:
    """Tell whether all cells that are not missing read as numbers, of one unit."""
    there = cells.dropna()
    for part in (there[:HEAD], there):
        distinct = part.drop_duplicates()
        if not (read_numbers(distinct, decimal).notna().all() and share_a_unit(distinct)):
            return False
    return True


def decimal_of(texts: Mapping[str, pd.Series], semicolons: bool) -> str:
    """Return the decimal mark of some cleaned columns.

    "2,104" reads both ways: other columns decide, and after them the semicolon, which such files need.
    """
    readable = {mark: {name for name, cells in texts.items() if are_numbers(cells, mark)} for mark in ".,"}
    if readable[","] - readable["."]:
        return ","
    ambiguous = any(texts[name].dropna().str.contains(",").any() for name in readable[","])
    return "," if semicolons and ambiguous and not readable["."] - readable[","] else "."


def _numbers(cells: pd.Series, decimal: str) -> pd.Series:
    positions, values = pd.factorize(cells)
    by_text = read_numbers(pd.Series(values), decimal)
    numbers = by_text.reindex(positions).set_axis(cells.index)
    numbers.name = cells.name
    whole = numbers.notna().all() and (by_text % 1 == 0).all() and (by_text.abs() < 2**53).all()
    return numbers.astype("int64") if whole else numbers
