"""Input columns: what each holds, learned from the training table, and how it becomes features."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from chainrule import plain
from chainrule.data.cells import (
    clean_text,
    floats,
    kind_of,
    looks_like_date,
    mean_and_std,
    read_numbers,
    refuse,
    text_of,
    whole_of,
)
from chainrule.data.words import checked_table, listed, row_name, shortened
from chainrule.data.written import positions_of, stripped, texts_of
from chainrule.errors import DataError, FileFormatError, short
from chainrule.names import closest
from chainrule.shown import brief, counted

MOST_CATEGORIES = 100

_COUNTS_ROWS = re.compile(
    r"(.*[\s_.-])?(id|ID|Id)|.*[a-z]I[dD]|(?i:index|row|row.?(nr|no|number))|Unnamed: \d+"
)


@dataclass(frozen=True, repr=False)
class NumberColumn:
    """A column of numbers: a missing one becomes the median, then ``(x - mean) / std``.

    Median, mean and standard deviation are those of the training table. If any cell was missing there, a
    second feature is 1 where the number is missing and 0 elsewhere.

    Attributes:
        name: What the column is called.
        median: What stands in for a missing number.
        mean: What is taken off.
        std: What is divided by.
        had_missing: Whether training had missing numbers.

    >>> table, target = cr.load_table("iris")
    >>> cr.TableModel.train(table, target, epochs=1).columns.columns[0].features
    ('sepal_length',)
    """

    name: str
    median: float
    mean: float
    std: float
    had_missing: bool

    __repr__ = brief

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return (self.name, f"{self.name} is missing") if self.had_missing else (self.name,)

    def encode(self, cells: pd.Series) -> np.ndarray:
        """Return the features of some cells.

        Args:
            cells: The column, of any table.

        Returns:
            An array of float32, of shape (rows, len(features)).

        Raises:
            DataError: If a number is infinite, or too far from those of training.
        """
        values = floats(cells)
        missing = np.isnan(values)
        with np.errstate(over="ignore"):
            scaled = (np.where(missing, self.median, values) - self.mean) / self.std
            encoded = scaled.astype(np.float32)
        usual = f"(mean {self.mean:.4g}, standard deviation {self.std:.4g})"
        refuse(cells, np.isinf(encoded), f"numbers like those of training are expected {usual}")
        return np.column_stack([encoded, missing] if self.had_missing else [encoded]).astype(np.float32)


@dataclass(frozen=True, repr=False)
class CategoryColumn:
    """A column of categories: one feature for each that training saw, 1 where a row has it and 0 elsewhere.

    A category that training did not see has 0 everywhere. So has a missing one, unless cells were missing in
    training too: then missing is a category of its own.

    Attributes:
        name: What the column is called.
        categories: Those that training saw.
        had_missing: Whether training had missing ones.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"town": ["Basel", "Bern"] * 20, "price": [3, 5] * 20})
    >>> cr.TableModel.train(table, "price", task="regression", epochs=1).columns.columns[0].features
    ('town=Basel', 'town=Bern')
    """

    name: str
    categories: tuple[str, ...]
    had_missing: bool

    __repr__ = brief

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        known = tuple(f"{self.name}={category}" for category in self.categories)
        return (*known, f"{self.name} is missing") if self.had_missing else known

    def encode(self, cells: pd.Series) -> np.ndarray:
        """Return the features of some cells.

        Args:
            cells: The column, of any table.

        Returns:
            An array of float32, of shape (rows, len(features)).
        """
        return (self.slots(cells)[:, None] == np.arange(len(self.features))).astype(np.float32)

    def slots(self, cells: pd.Series) -> np.ndarray:
        """Return the position of each cell's category: -1 for a new one, their number for none.

        Args:
            cells: The column, of any table.

        Returns:
            Whole numbers, of shape (rows,).
        """
        nothing = () if "" in self.categories else ("",)
        return positions_of(cells, (*self.categories, *nothing), gap=len(self.categories))


@dataclass(frozen=True, repr=False)
class Columns:
    """The input columns that training uses. ``model.columns`` is one.

    Attributes:
        columns: How each becomes numbers: a :class:`NumberColumn` or a :class:`CategoryColumn`.
        notes: What the owner of the table should know: which were left out, and why.

    >>> table, target = cr.load_table("iris")
    >>> cr.TableModel.train(table, target, epochs=1).columns.names
    ('sepal_length', 'sepal_width', 'petal_length', 'petal_width')
    """

    columns: tuple[NumberColumn | CategoryColumn, ...]
    notes: tuple[str, ...] = ()

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
        kinds = {NumberColumn: "number", CategoryColumn: "category"}
        return {
            "columns": [{"kind": kinds[type(column)], **asdict(column)} for column in self.columns],
            "notes": list(self.notes),
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


def fit_columns(frame: pd.DataFrame) -> Columns:
    """Learn from the training rows of the input columns what each holds.

    Left out, each with a note: a column without any value, with one value only, of dates, of row numbers, and
    of texts too many to be categories. Raises :class:`~chainrule.errors.DataError` for an infinite number and
    if no column is left.

    >>> columns = fit_columns(pd.DataFrame({"size": [1.0, 3.0, None], "kind": ["a", "b", "a"]}))
    >>> columns.names
    ('size', 'size is missing', 'kind=a', 'kind=b')
    """
    frame = checked_table(frame)
    if frame.empty:
        raise DataError("No row or no column to learn from is left in this table.")
    learned = {name: _learn(frame[name]) for name in frame.columns}
    columns = tuple(column for column in learned.values() if not isinstance(column, str))
    notes = tuple(_left_out(learned))
    if not columns:
        raise DataError("\n".join(["No input column is left to learn from.", *notes[:4]]))
    return Columns(columns, (*notes, *_filled(columns, frame), *_codes(columns)))


def encode(columns: Columns, frame: pd.DataFrame) -> np.ndarray:
    """Return the features of every row, float32, shape (rows, columns.width), all finite.

    Columns are found by name: their order does not matter, and those that training did not use are ignored.
    Raises :class:`~chainrule.errors.DataError` for a column that is not there, and for text or infinite
    numbers in a column of numbers.

    >>> columns = fit_columns(pd.DataFrame({"size": [1.0, 3.0], "kind": ["a", "b"]}))
    >>> encode(columns, pd.DataFrame({"kind": ["b", "c"], "size": [1, 5]})).tolist()
    [[-1.0, 0.0, 1.0], [3.0, 0.0, 0.0]]
    """
    frame = _with_all(columns, checked_table(frame))
    return np.hstack([column.encode(frame[column.name]) for column in columns.columns])


def unseen_categories(columns: Columns, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each column with categories that training did not see.

    >>> columns = fit_columns(pd.DataFrame({"kind": ["a", "b"]}))
    >>> unseen_categories(columns, pd.DataFrame({"kind": ["c", "a", "c"]}))
    ("Column 'kind' has values in 2 rows (first: row 1) that training did not see: c. They count as none.",)
    """
    frame, found = _with_all(columns, checked_table(frame)), []
    for column in columns.columns:
        if isinstance(column, CategoryColumn) and (new := column.slots(frame[column.name]) < 0).any():
            texts = texts_of(frame[column.name][new])
            first = row_name(frame.index, int(new.argmax()))
            found.append(
                f"Column {column.name!r} has values in {counted(int(new.sum()), 'row')} (first: {first}) "
                f"that training did not see: {listed(texts.unique())}. They count as none."
            )
    return tuple(found)


def describe_columns(columns: Columns) -> str:
    """Say in a sentence what a network gets to see.

    >>> describe_columns(fit_columns(pd.DataFrame({"size": [1.0, 3.0], "kind": ["a", "b"]})))
    'Inputs: 1 column of numbers and 1 column of categories, encoded as 3 features.'
    """
    kinds = {"numbers": NumberColumn, "categories": CategoryColumn}
    counts = {what: sum(isinstance(each, kind) for each in columns.columns) for what, kind in kinds.items()}
    parts = [f"{counted(count, 'column')} of {what}" for what, count in counts.items() if count]
    return f"Inputs: {' and '.join(parts)}, encoded as {counted(columns.width, 'feature')}."


def _left_out(learned: Mapping[str, object]) -> Iterator[str]:
    reasons = {name: why for name, why in learned.items() if isinstance(why, str)}
    for reason in dict.fromkeys(reasons.values()):  # one note for the hundreds of empty pixels of images
        yield f"Left out {listed(repr(name) for name, why in reasons.items() if why == reason)}: {reason}."


def _filled(columns: Iterable[NumberColumn | CategoryColumn], frame: pd.DataFrame) -> Iterator[str]:
    gaps = {
        column.name: int(frame[column.name].isna().sum())
        for column in columns
        if isinstance(column, NumberColumn) and column.had_missing
    }
    if gaps:
        where = listed(f"{name!r} in {counted(count, 'row')}" for name, count in gaps.items())
        yield f"Missing numbers count as the median of their column, and as missing: {where}."


def _codes(columns: Iterable[NumberColumn | CategoryColumn]) -> Iterator[str]:
    codes = [repr(c.name) for c in columns if isinstance(c, CategoryColumn) and _are_codes(c.categories)]
    if codes:
        yield (
            f"Leading zeros, or more digits than a quantity keeps, make codes of numbers, each a category of its "
            f"own: {listed(codes)}."
        )


def _are_codes(texts: Sequence[str]) -> bool:
    wholes = [whole for text in texts if (whole := whole_of(text)) is not None]
    padded = any(text[0] == "0" < text[1:] for text in texts if text)
    return len(wholes) == len(texts) and (padded or max(map(abs, wholes)) > 2**53)


def _field_from(declared: Any, data: Any, where: str) -> Any:
    if not where.endswith(".columns"):
        return plain.read(declared, data, where)
    return tuple([_column_from(each, where) for each in plain.read(tuple[dict[str, Any], ...], data, where)])


def _column_from(data: dict[str, Any], where: str) -> NumberColumn | CategoryColumn:
    kind = plain.read(Literal["number", "category"], data.get("kind"), f"{where}.kind")
    fields = {key: value for key, value in data.items() if key != "kind"}
    declared = NumberColumn if kind == "number" else CategoryColumn
    column: NumberColumn | CategoryColumn = plain.record(declared, fields, where)
    if isinstance(column, NumberColumn) and column.std == 0:
        raise FileFormatError(f"{where}: the standard deviation of {short(column.name)} is 0.")
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


def _learn(cells: pd.Series) -> NumberColumn | CategoryColumn | str:
    """Return what a column of the training table holds, or why it is of no use."""
    cells = stripped(cells)
    present = cells.dropna()
    distinct = present.nunique()
    had_missing = len(present) < len(cells)
    if not distinct:
        return "no value at all"
    if distinct == 1 and not had_missing:
        return f"{text_of(present.iloc[0])} in every row"
    kind = kind_of(cells)
    if kind == "number" and np.unique(floats(present)).size < distinct:  # some would be the same quantity
        cells, present, kind = texts_of(cells), texts_of(present), "text"
    match kind:
        case "number":
            return _learn_number(cells, distinct, had_missing)
        case "text" if distinct <= min(MOST_CATEGORIES, max(10, len(present) / 2)):
            categories = sorted({text_of(value) for value in present.unique()})
            return CategoryColumn(str(cells.name), tuple(categories), had_missing)
        case "text" if not looks_like_date(text_of(present.iloc[0])):
            return _why_too_many(present, distinct)
    return "dates; add what matters of them as numbers, such as the year or the month"


def _learn_number(cells: pd.Series, distinct: int, had_missing: bool) -> NumberColumn | str:
    name, values = str(cells.name), floats(cells.dropna())
    if _COUNTS_ROWS.fullmatch(name) and distinct == len(cells) and not (values % 1).any():
        return "it numbers the rows"
    return NumberColumn(name, float(np.median(values)), *mean_and_std(values, name), had_missing)


def _why_too_many(present: pd.Series, distinct: int) -> str:
    texts = clean_text(present)
    not_numbers = (texts.notna() & read_numbers(texts).isna()).to_numpy()
    rows = counted(len(present), "row")
    why = f"{counted(distinct, 'different text')} in {rows} are too many for categories"
    if 0 < not_numbers.mean() < 0.2:
        first = int(not_numbers.argmax())
        why += f" (numbers but for {shortened(texts.iloc[first])!r} in {row_name(present.index, first)})"
    return why
