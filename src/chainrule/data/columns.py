"""Input columns: what each is and becomes, learned from the training table, and how a row becomes features."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any, Literal

import numpy as np
import pandas as pd

from chainrule import plain
from chainrule.data.alike import about_suspects, duplicates, suspects
from chainrule.data.categories import CategoryColumn
from chainrule.data.datecolumn import DateColumn
from chainrule.data.kinds import Column, Found, Kind, found_in
from chainrule.data.numbers import NumberColumn
from chainrule.data.target import Target
from chainrule.data.texts import TextColumn
from chainrule.data.told import NOTHING_TOLD, Told, check_told
from chainrule.data.words import checked_table, listed
from chainrule.errors import DataError, FileFormatError, short
from chainrule.names import closest
from chainrule.shown import WIDE, brief, columns as aligned, counted, cut, in_a_row

MOST_ROWS, MOST_LINES = 22, 24  # of the plan
ALIKE = 5  # columns of which there is nothing special to say share a row from so many on
NAMES = 150  # characters of the names in such a row

_KINDS: dict[str, type[Column]] = {
    "number": NumberColumn,
    "category": CategoryColumn,
    "date": DateColumn,
    "text": TextColumn,
}


@dataclass(frozen=True, repr=False)
class Planned:
    """What a column of the table is, and what becomes of it.

    Attributes:
        name: What the column is called.
        kind: "number", "category", "yes/no", "date", "code", "text", "list", "identifier", "constant", "duplicate",
            "leak suspect", "empty" or "dropped".
        says: How many features it becomes and which, or that it is left out, and why.

    >>> table, target = cr.load_table("iris")
    >>> cr.TableModel.train(table, target, epochs=1).columns.plan[0].kind
    'number'
    """

    name: str
    kind: Kind
    says: str

    __repr__ = brief


@dataclass(frozen=True, repr=False)
class Columns:
    """The input columns that training uses. ``model.columns`` is one.

    Attributes:
        columns: How each becomes numbers: a :class:`NumberColumn`, a :class:`CategoryColumn`, a :class:`DateColumn` or
            a :class:`TextColumn`.
        notes: What the owner of the table should know.
        plan: What each column of the table is and becomes, those that are left out among them; a file of an older
            version has none.

    >>> table, target = cr.load_table("iris")
    >>> cr.TableModel.train(table, target, epochs=1).columns.names
    ('sepal_length', 'sepal_width', 'petal_length', 'petal_width')
    """

    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    plan: tuple[Planned, ...] = ()

    __repr__ = brief

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features, in the order in which the network takes them."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def width(self) -> int:
        """The number of features."""
        return len(self.names)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold, to the last bit."""
        kinds = {kind: name for name, kind in _KINDS.items()}
        return {
            "columns": [{"kind": kinds[type(column)], **asdict(column)} for column in self.columns],
            "notes": list(self.notes),
            "plan": [asdict(each) for each in self.plan],
        }

    @classmethod
    def from_dict(cls, data: Any) -> "Columns":
        """Return the columns that :meth:`to_dict` wrote.

        Args:
            data: What it wrote.

        Returns:
            The same columns.

        Raises:
            FileFormatError: If it is anything else.
        """
        found: Columns = plain.record(cls, data, "columns", _field_from)
        if not found.columns:
            raise FileFormatError("columns: there is none.")
        return found


def fit_columns(
    frame: pd.DataFrame, target: Target | None = None, told: Told = NOTHING_TOLD, aside: Sequence[str] = ()
) -> Columns:
    """Learn from the training rows what each input column holds, what it becomes, and which are left out.

    Left out are columns without any value, with one value only, identifiers, duplicates of another, those that
    ``told`` says, and those ``aside``, which say which rows belong together. The columns of ``target`` are none; with
    it, columns that alone tell it are found, which stay.
    Raises :class:`~chainrule.errors.DataError` for an infinite number and if no column is left.

    >>> columns = fit_columns(pd.DataFrame({"size": [1.0, 3.0, None], "kind": ["a", "b", "a"]}))
    >>> columns.names
    ('size', 'size is missing', 'kind=a', 'kind=b')
    """
    frame = checked_table(frame)
    predicted = target.columns if target else ()
    check_told(told, frame, predicted)
    inputs = frame.drop(columns=[name for name in predicted if name in frame])
    if inputs.empty:
        raise DataError("No row or no column to learn from is left in this table.")
    away = Found(
        "dropped",
        None,
        "it says which rows belong together (keep it to learn from it, too)",
    )
    found = {name: away if name in aside else found_in(inputs[name], told) for name in inputs.columns}

    def learned() -> dict[str, Column]:
        return {name: each.column for name, each in found.items() if each.column is not None}

    free = {name: column for name, column in learned().items() if not told.stays(name)}
    for name, why in duplicates(inputs, free).items():
        found[name] = Found("duplicate", None, why)
    suspected = suspects(frame, learned(), target) if target else {}
    plan = tuple(
        Planned(name, "leak suspect", f"{each.says}; {suspected[name]}")
        if name in suspected
        else Planned(name, each.kind, each.says)
        for name, each in found.items()
    )
    columns = tuple(learned().values())
    if not columns:
        reasons = [*_left_out(plan)][:4]
        names = [each.name for each in plan if each.kind in {"identifier", "code"}][:1]
        remedy = [f"To learn from {names[0]!r} all the same: keep={names}."] if names else []
        raise DataError("\n".join(["No input column is left to learn from.", *reasons, *remedy]))
    notes = (*about_suspects(suspected), *(note for each in found.values() for note in each.notes))
    return Columns(columns, notes, plan)


def encode(columns: Columns, frame: pd.DataFrame) -> np.ndarray:
    """Return the features of every row, float32, shape (rows, columns.width), all finite.

    Columns are found by name: their order does not matter, and those that training did not use are ignored.
    Raises :class:`~chainrule.errors.DataError` for a column that is not there, for infinite numbers, and where
    half of the cells or more are texts in a column of numbers or dates.

    >>> columns = fit_columns(pd.DataFrame({"size": [1.0, 3.0], "kind": ["a", "b"]}))
    >>> encode(columns, pd.DataFrame({"kind": ["b", "c"], "size": [1, 5]})).tolist()
    [[-1.0, 0.0, 1.0], [3.0, 0.0, 0.0]]
    """
    frame = _with_all(columns, checked_table(frame))
    encoded = np.empty((len(frame), columns.width), np.float32)
    begin = 0
    for column in columns.columns:
        end = begin + len(column.features)
        encoded[:, begin:end] = column.encode(frame[column.name])
        begin = end
    return encoded


def news(columns: Columns, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return sentences about what is new in a table: categories, spellings and dates, and cells that do not fit.

    >>> columns = fit_columns(pd.DataFrame({"kind": ["a", "b"]}))
    >>> news(columns, pd.DataFrame({"kind": ["c", "a", "c"]}))
    ("Column 'kind' has values in 2 rows (first: row 1) that training did not see: c. They count as none.",)
    """
    frame = _with_all(columns, checked_table(frame))
    return tuple(remark for column in columns.columns for remark in column.remarks(frame[column.name]))


def wrong_cells(columns: Columns, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each column with cells that count as missing since they are not what it holds.

    >>> columns = fit_columns(pd.DataFrame({"size": [1.0, 3.0]}))
    >>> wrong_cells(columns, pd.DataFrame({"size": ["1", "big", "2"]}))
    ("Column 'size', row 2: 'big' is no number and counts as missing.",)
    """
    frame = _with_all(columns, checked_table(frame))
    held = (c for c in columns.columns if isinstance(c, NumberColumn | DateColumn))
    return tuple(sentence for column in held for sentence in column.wrong(frame[column.name]))


def plan_lines(columns: Columns, width: int = WIDE) -> list[str]:
    """Return the plan as the lines of a table, a screen at the most; columns alike share a row.

    >>> columns = fit_columns(pd.DataFrame({"size": [1.5, 3.0], "kind": ["a", "b"], "unit": ["m", "m"]}))
    >>> print(*plan_lines(columns), sep="\\n")
    column  kind      becomes
    size    number    1 feature
    kind    category  2 features: a, b
    unit    constant  left out: m in every row
    """
    rows = [("column", "kind", "becomes"), *plan_rows(columns)]
    names, kinds = ([cut(row[i], most) for row in rows] for i, most in ((0, 27), (1, 12)))
    room = max(width - max(map(len, names)) - max(map(len, kinds)) - 4, 20)
    for most in (10, 3, 2, 1):  # lines of a row
        lines = []
        for name, kind, (_, _, says) in zip(names, kinds, rows, strict=True):
            first, *more = wrap(
                cut(says, 10 * room), room, break_on_hyphens=False, max_lines=most, placeholder=" …"
            ) or [""]
            lines += [(name, kind, first), *(("", "", line) for line in more)]
        if len(lines) <= MOST_LINES:
            break
    return [line.rstrip() for line in aligned(lines, left=(0, 1, 2))]


def plan_rows(columns: Columns, name: str = "{}", room: int = NAMES) -> list[tuple[str, str, str]]:
    """Return name, kind and what becomes of it of each column, or of several alike: never more than a screen.

    A name is written as ``name`` says; names that share a row have so many characters.
    """
    rows = _together(
        [[each] for each in columns.plan], lambda each: _alike(each) if _is_plain(each) else each.name, ALIKE
    )
    if len(rows) > MOST_ROWS:
        rows = _together(rows, _alike, 2)
    sizes, shared = Counter(_sort(row[0]) for row in rows), set[Hashable]()
    for sort in sorted(sizes, key=lambda sort: (sort[0] == "leak suspect", -sizes[sort])):
        if len(rows) <= MOST_ROWS:
            break
        shared.add(sort)
        rows = _together(rows, lambda each: _sort(each) if _sort(each) in shared else each.name, 2)
    place = {each.name: number for number, each in enumerate(columns.plan)}
    rows = [sorted(row, key=lambda each: place[each.name]) for row in rows]
    return [
        (name.format(row[0].name), row[0].kind, row[0].says)
        if len(row) == 1
        else (f"{len(row):,} columns", row[0].kind, _says_of(row, name, room))
        for row in rows
    ]


def _together(
    rows: list[list[Planned]], key: Callable[[Planned], Hashable], fewest: int
) -> list[list[Planned]]:
    """Make one row of those with the same key, where they are so many, in the place of the first."""
    keys = [key(row[0]) for row in rows]
    many = {each for each, count in Counter(keys).items() if count >= fewest}
    made: dict[Hashable, list[Planned]] = {}
    for each, row in zip(keys, rows, strict=True):
        made.setdefault(each if each in many else row[0].name, []).extend(row)
    return list(made.values())


def _alike(each: Planned) -> Hashable:
    return each.kind, each.says


def _sort(each: Planned) -> tuple[str, bool, bool]:
    return each.kind, each.says.startswith("left out"), _is_plain(each)


def _is_plain(each: Planned) -> bool:
    return ":" not in each.says and each.kind != "leak suspect"


def _says_of(row: Sequence[Planned], name: str, room: int) -> str:
    """Say what becomes of several columns, and which they are."""
    names = in_a_row([name.format(each.name) for each in row], room)
    becomes, _, why = row[0].says.partition(": ")
    if becomes != "left out":
        found = (re.match(r"\d[\d,]*", each.says) for each in row)
        counts = sorted({int(number[0].replace(",", "")) for number in found if number})
        several = counted(counts[-1], "feature") if counts else "features"
        becomes = f"{f'{counts[0]:,} to ' if len(counts) > 1 else ''}{several} each"
    same = why and len({each.says for each in row}) == 1
    return f"{becomes}: {why} ({names})" if same else f"{becomes}: {names}"


def describe_columns(columns: Columns) -> str:
    """Say in a sentence what a network gets to see.

    >>> describe_columns(fit_columns(pd.DataFrame({"size": [1.0, 3.0], "kind": ["a", "b"]})))
    'Inputs: 1 column of numbers and 1 column of categories, encoded as 3 features.'
    """
    kinds = {"numbers": NumberColumn, "categories": CategoryColumn, "dates": DateColumn, "texts": TextColumn}
    counts = {what: sum(isinstance(each, kind) for each in columns.columns) for what, kind in kinds.items()}
    *parts, last = [f"{counted(count, 'column')} of {what}" for what, count in counts.items() if count]
    several = f"{', '.join(parts)} and {last}" if parts else last
    return f"Inputs: {several}, encoded as {counted(columns.width, 'feature')}."


def _left_out(plan: Sequence[Planned]) -> Iterator[str]:
    reasons = {each.name: each.says for each in plan if each.says.startswith("left out")}
    for reason in dict.fromkeys(reasons.values()):  # one line for the hundreds of empty pixels of images
        names = listed(repr(name) for name, why in reasons.items() if why == reason)
        yield f"Left out {names}: {reason.removeprefix('left out: ')}."


def _field_from(declared: Any, data: Any, where: str) -> Any:
    if not where.endswith(".columns"):
        return plain.read(declared, data, where)
    return tuple([_column_from(each, where) for each in plain.read(tuple[dict[str, Any], ...], data, where)])


def _column_from(data: dict[str, Any], where: str) -> Column:
    kind = plain.read(Literal["number", "category", "date", "text"], data.get("kind"), f"{where}.kind")
    fields = {key: value for key, value in data.items() if key != "kind"}
    column: Column = plain.record(_KINDS[kind], fields, where)
    if isinstance(column, NumberColumn) and column.std == 0:
        raise FileFormatError(f"{where}: the standard deviation of {short(column.name)} is 0.")
    if isinstance(column, NumberColumn | DateColumn):
        low, high = column.low, column.high
        if (low is None) is not (high is None) or (low is not None and high is not None and low > high):
            raise FileFormatError(f"{where}: {short(column.name)} has no two ends in order.")
    if isinstance(column, DateColumn) and not column.whole:
        raise FileFormatError(f"{where}: the parts and scales of {short(column.name)} make no dates.")
    return column


def _with_all(columns: Columns, frame: pd.DataFrame) -> pd.DataFrame:
    known = [column.name for column in columns.columns]
    lost = [name for name in known if name not in frame.columns]
    if lost:
        near = closest(lost[0], (name for name in frame.columns if name not in known))
        hint = f"\nIs {near!r} of this table {lost[0]!r}? Then rename it." if near else ""
        raise DataError(
            f"This model was trained on {counted(len(known), 'column')} ({listed(known)}); this table has "
            f"{len(frame.columns)}.\nMissing: {listed(lost)}.{hint}"
        )
    return frame
