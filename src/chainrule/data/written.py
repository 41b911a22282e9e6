"""How a table was written: a number has forgotten whether it was 1e5, +5 or 1.50, and a gap whether it was NA."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from chainrule.data.cells import clean_text, kind_of, number_of, text_of, whole_of
from chainrule.errors import DataError

Mark = Literal["", ".", ","]
MOST_FORMS = 1000  # a column of more numbers than these holds quantities
_PIECE = 1 << 18  # bytes that stay in the cache while they are looked at
_KEY = "chainrule"  # of what is kept here in a table's attrs


@dataclass(frozen=True)
class Forms:
    """A column of numbers as it was written: by row the position of its text, -1 for none.

    ``numbers`` holds what each of the ``texts`` is read as.
    """

    positions: pd.Series
    texts: np.ndarray
    numbers: pd.Series


@dataclass(eq=False, repr=False)
class Written(dict[str, str]):
    """What a table remembers of the file that it was read from; pandas hands it on to every part of the table.

    It is an empty dict as well, so that pandas can write the attrs of a table as JSON.

    ``forms`` has the columns whose numbers were not written as Python writes them, ``codes`` the names of those
    that stay text because of their leading zeros, ``gaps`` the words (NA, ?) that count as missing and stood in a
    column, ``missing`` what the reader was told of such words, by column, ``notes`` are for its owner to know, and
    ``decimal`` is the mark of its fractions, "" where it has none, or both.
    """

    forms: Mapping[str, Forms] = field(default_factory=dict)
    codes: Sequence[str] = ()
    gaps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    decimal: Mark = ""

    def __deepcopy__(self, memo: Any) -> "Written":
        return self  # pandas copies with every column that is looked at

    def __eq__(self, other: object) -> bool:
        return self is other  # two tables are never joined under what one of them remembers


_NOTHING = Written()


def may_differ(cells: pd.Series) -> bool:
    """Tell whether it matters how a column was written, beyond what its cells have become."""
    if cells.isna().any():  # some word stood there, perhaps
        return True
    return kind_of(cells) == "number" and (cells.dtype != "float64" or matters(cells))


def matters(cells: pd.Series) -> bool:
    """Tell whether it matters how numbers were written that are floats: few, or too large to be exact."""
    return _few(cells) or _beyond(cells)


def has_padded(text: bytes, delimiter: str = ",") -> bool:
    """Tell whether a text may hold whole numbers such as 007, +7 or -0; a look at bytes, since files are long."""
    for at in range(0, len(text), _PIECE):
        # what a cut begins or ends in the middle of a number is seen whole in the piece beside
        before, after = b"aa" if at else b"  ", b"." if at + _PIECE < len(text) else b"  "
        if _padded_within(before + text[max(0, at - 3) : at + _PIECE] + after, delimiter):
            return True
    return False


def _padded_within(text: bytes, delimiter: str) -> bool:
    content = np.frombuffer(text, np.uint8)
    digit = (content - np.uint8(ord("0"))) < 10
    zero = content == ord("0")
    sign = (content == ord("+")) | (content == ord("-"))
    letter = (content | np.uint8(32)) - np.uint8(ord("a")) < 26
    inside = digit | letter | (content == ord("_"))
    point = content == ord(".")
    if delimiter != ",":
        point |= content == ord(",")
    inside |= point
    # a zero before a digit, or the only digit after a sign, at the beginning of a number; that is neither in 2015-02-17
    # nor in 1e-05
    within = digit | letter
    begins = np.zeros_like(digit)
    begins[2:] = ~inside[1:-1] & ~(sign[1:-1] & within[:-2])
    alone = zero[1:-1] & sign[:-2] & ~point[2:]
    after = zero[1:-1] & digit[2:]
    plus = (content[1:-1] == ord("+")) & digit[2:] & ~within[:-2]
    return bool((begins[1:-1] & (after | alone)).any() or plus.any())


def are_few(distinct: int, count: int) -> bool:
    """Tell whether so many different numbers in so many cells may name something; more are quantities."""
    return distinct <= min(MOST_FORMS, max(20, count / 2))


def _few(cells: pd.Series) -> bool:
    there = cells.dropna()
    if len(there) > 4 * MOST_FORMS and there[: 4 * MOST_FORMS].nunique() > MOST_FORMS:
        return False
    return are_few(there.nunique(), len(there))


def _beyond(cells: pd.Series) -> bool:
    return cells.dtype == "float64" and bool((cells.abs() >= 2**53).any())


def remembering(
    frame: pd.DataFrame,
    raw: pd.DataFrame,
    missing: Mapping[str, Sequence[str]],
    notes: Sequence[str],
    gaps: Mapping[str, tuple[str, ...]],
    decimal: Mark,
) -> pd.DataFrame:
    """Return a table that knows how it was written, as does every part of it; see :class:`Written`.

    ``raw`` has the texts of all cells in the columns that :func:`may_differ`, but for those whose ``gaps`` are known.
    Whole numbers that floats would round become exact, and those with leading zeros texts.
    """
    forms: dict[str, Forms] = {}
    codes, gaps = [], {name: words for name, words in gaps.items() if frame[name].isna().any()}
    for name in map(str, raw):
        cells, there = frame[name], frame[name].notna()
        words = {text.strip() for text in raw[name][~there].dropna().unique()} - {""}
        if words:
            gaps[name] = tuple(sorted(words))
        if kind_of(cells) != "number" or (cells.dtype == "float64" and not matters(cells)):
            continue
        if cells.dtype == "int64" and bool((raw[name].str.strip() == cells.astype("str")).all()):
            continue
        positions, values = pd.factorize(raw[name].where(there))
        texts = np.array([text.strip() for text in values], dtype=object)
        firsts = ~pd.Series(positions).duplicated().to_numpy() & there.to_numpy()  # in the order of the texts
        wholes = [whole_of(text) for text in texts]
        if _beyond(cells) and None not in wholes:
            exact = pd.Series(_exact(wholes), name=name)
            frame[name] = cells = exact.reindex(positions).set_axis(cells.index)
        if all(text.isdecimal() for text in texts) and any(text[0] == "0" < text[1:] for text in texts):
            codes.append(name)
            frame[name] = pd.Series(texts, dtype="str").reindex(positions).set_axis(cells.index)
        elif _few(cells) and [text_of(number) for number in cells[firsts]] != list(texts):
            by_row = pd.Series(positions.astype(np.int32), index=cells.index)
            forms[name] = Forms(by_row, texts, cells[firsts].reset_index(drop=True))
    frame.attrs[_KEY] = Written(forms, codes, gaps, missing, notes, decimal)
    return frame


def _exact(wholes: list[Any]) -> Any:
    low, high = min(wholes), max(wholes)
    for kind in ("Int64", "UInt64"):  # that may have gaps
        bounds = np.iinfo(kind.lower())
        if bounds.min <= low and high <= bounds.max:
            return pd.array(wholes, dtype=kind)
    return np.array(wholes, dtype=object)


def written_of(part: pd.DataFrame | pd.Series) -> Written:
    """Return what a table, or one of its columns, remembers of its file."""
    found = part.attrs.get(_KEY)
    return found if isinstance(found, Written) else _NOTHING


def stripped(cells: pd.Series) -> pd.Series:
    """Return categories or labels, the texts among them without blanks.

    An empty text counts as missing, unless the reader of the file was told otherwise of this column.
    """
    if pd.api.types.infer_dtype(cells, skipna=True) != "string":
        return cells
    missing = written_of(cells).missing
    told = missing.get(str(cells.name), missing.get("", ("",)))
    return clean_text(cells, ("",) if "" in told else ()).__finalize__(cells)


def reads_as_numbers(cells: pd.Series) -> bool:
    """Tell whether a column holds numbers, those among them that stay text for their leading zeros."""
    return kind_of(cells) == "number" or cells.name in written_of(cells).codes


def as_written(cells: pd.Series) -> pd.Series:
    """Return a column as texts where it is known how its numbers were written, and as it is elsewhere.

    Rows are known by their index. Where that was made anew, the text of a number is known as long as it was
    written in one way only; otherwise :class:`~chainrule.errors.DataError` is raised.
    """
    forms = written_of(cells).forms.get(str(cells.name))
    if forms is None or kind_of(cells) != "number":
        return cells
    there = cells.notna().to_numpy()
    found = forms.positions.reindex(cells.index).fillna(-1).to_numpy(dtype=np.intp)
    same = (found >= 0) == there
    same[there & same] = forms.numbers.take(found[there & same]).to_numpy() == cells[there & same].to_numpy()
    if not same.all():
        found = _by_number(cells, there, forms)
    texts = np.append(forms.texts, np.nan)[found]  # -1 is none
    unknown = there & (found < 0)
    texts[unknown] = [text_of(value) for value in cells[unknown]]
    return pd.Series(texts, index=cells.index, name=cells.name, dtype=object)


def _by_number(cells: pd.Series, there: np.ndarray, forms: Forms) -> np.ndarray:
    position: dict[Any, int] = {}
    for i, number in enumerate(forms.numbers):
        position[number] = -2 if number in position else i
    found = np.full(len(cells), -1, dtype=np.intp)
    found[there] = [position.get(value, -1) for value in cells[there]]
    if (found == -2).any():
        number = cells.iloc[int(np.argmax(found == -2))]
        several = sorted(set(forms.texts[(forms.numbers == number).to_numpy()]))
        raise DataError(
            f"Column {cells.name!r} writes one number in several ways ({', '.join(several)}), and the rows of this "
            "table were renumbered since it was read, so that it cannot tell which is where.\n"
            "Keep the index that read_table gave them, or make the column text."
        )
    return found


def texts_of(cells: pd.Series) -> pd.Series:
    """Return the text of each cell that names its category or class; what is missing stays so.

    >>> texts_of(pd.Series([1.0, 2.5, None, 7.0])).tolist()
    ['1', '2.5', nan, '7']
    """
    positions, values = pd.factorize(as_written(stripped(cells)))
    texts = np.array([*(text_of(value) for value in values), np.nan], dtype=object)  # -1 is what is missing
    return pd.Series(texts[positions], index=cells.index, name=cells.name, dtype=object)


def positions_of(cells: pd.Series, known: Sequence[Any], gap: int = -1) -> np.ndarray:
    """Return by row where the cell stands among the known ones, int64: -1 for another, ``gap`` for a missing one."""
    codes, values = pd.factorize(as_written(cells))
    # the code of a missing cell is -1, which picks the last
    return np.array([*places(list(values), known), gap], dtype=np.int64)[codes]


def places(values: Sequence[Any], known: Sequence[Any]) -> list[int]:
    """Return where each value stands among the known ones, -1 for one that is not there.

    Texts have to be the same. A number, whose form is not known, is the one that reads as it, if that is one.

    >>> places(["007", "7", 7, 7.0, "b"], ["007", "010", "b"]), places(["1.0", 2, " 2"], [1, 2])
    ([0, -1, 0, 0, 2], [0, 1, 1])
    """
    by_text = {text_of(each): i for i, each in enumerate(known)}
    found = [by_text.get(text_of(value), -1) for value in values]
    lost = [value for value, place in zip(values, found, strict=True) if place < 0]
    texts_only = all(isinstance(each, str) for each in known)
    if not lost or (texts_only and all(isinstance(value, str) for value in lost)):
        return found
    by_number: dict[Any, Any] = {}
    for each in known:
        if (number := number_of(each)) is not None:
            by_number[number] = None if number in by_number else each

    def place(value: Any) -> int:
        alike = by_number.get(number_of(value))
        both_texts = isinstance(value, str) and isinstance(alike, str)
        return -1 if alike is None or both_texts else by_text[text_of(alike)]

    return [place(value) if i < 0 else i for value, i in zip(values, found, strict=True)]
