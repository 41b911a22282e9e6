"""What the cells of a column say: nothing, a number, a date or a text."""

import re
from typing import Any, Literal

import numpy as np
import pandas as pd

from chainrule.data.words import row_name, shortened
from chainrule.errors import DataError

MISSING = (
    *("", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "Null", "null", "None"),
    *("?", "-", "--"),
)
"""The cells that mean "nothing here", unless a caller names others."""

CORRECT = "Correct or empty the cell; an empty cell counts as missing."
NO_NUMBERS = (
    "No cell of this column is a number: choose another. Labels are predicted with task='classification'."
)

Kind = Literal["number", "text", "date"]

_DATE = re.compile(r"\d{4}-\d{1,2}(-\d{1,2})?([ T]\d.*)?|\d{1,2}([/.])\d{1,2}\3\d{2,4}( \d.*)?")
_WHOLE = re.compile(r"[-+]?(\d{1,300}|[1-9]\d{0,2}(,\d{3}){1,99})")  # not what takes Python long
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_UNIT = "[$€£¥₹%]"
PRECISE = int(pd.__version__.split(".")[0]) >= 3  # pandas before reads many a number as a neighbour of it


def kind_of(cells: pd.Series) -> Kind:
    """Say what a column holds; truth values count as text, since they name two groups."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        return "text"
    if cells.dtype == object:  # Python's own numbers, which pandas has not recognised
        inferred = pd.api.types.infer_dtype(cells, skipna=True)
        return "number" if inferred in {"integer", "floating", "mixed-integer-float", "decimal"} else "text"
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return "number"
    return "date" if pd.api.types.is_datetime64_any_dtype(cells.dtype) else "text"


def looks_like_date(text: str) -> bool:
    """Tell whether a text is written as a date, such as 2015-02-17 or 17/2/2015."""
    return bool(_DATE.fullmatch(text))


def text_of(value: Any) -> str:
    """Write a cell so that 1, 1.0 and "1" are one category.

    >>> text_of(1.0), text_of(" a "), text_of(True), text_of(2.5)
    ('1', 'a', 'True', '2.5')
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value).strip()


def whole_of(text: str) -> int | None:
    """Return the whole number that a text is written as, in digits alone or in groups of three, or None."""
    found = _WHOLE.fullmatch(text.strip())
    return int(found[0].replace(",", "")) if found else None


def number_of(value: Any) -> int | float | None:
    """Return the finite number that a cell is or is written as, whole ones exactly, or None.

    >>> number_of("1e5"), number_of("9007199254740993"), number_of(2.0), number_of("a"), number_of(True)
    (100000.0, 9007199254740993, 2.0, None, None)
    """
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, str):
        if (whole := whole_of(value)) is not None:
            return whole
        value = float(value) if _NUMBER.fullmatch(value.strip()) else None
    return float(value) if isinstance(value, float | np.floating) and np.isfinite(value) else None


def clean_text(cells: pd.Series, missing: tuple[str, ...] = MISSING) -> pd.Series:
    """Return the cells as texts without blanks at either end, those that mean nothing as missing."""
    if (
        cells.dtype == "str" and getattr(cells.dtype, "storage", "") == "pyarrow"
    ):  # its columns are quicker than ours
        texts = cells.str.strip()
        return texts.mask(texts.isin(missing))
    codes, values = pd.factorize(cells)  # each text once: columns of categories repeat few of them
    texts = pd.Series(values).astype("str").str.strip()
    cleaned = texts.mask(texts.isin(missing)).reindex(codes)  # a missing cell has code -1, and no text
    return pd.Series(cleaned.array, index=cells.index, name=cells.name)


def read_numbers(texts: pd.Series, decimal: str = ".") -> pd.Series:
    """Read texts as numbers; what is no number becomes NaN.

    Thousands may be grouped ("2,104") and a currency sign or a per cent sign may stand at either end
    ("$400,000", "12.5 %": 12.5). ``decimal`` is "." or ","; the other of the two groups thousands.

    >>> read_numbers(pd.Series(["$400,000", "-2.5", "n. a."])).tolist()
    [400000.0, -2.5, nan]
    """
    if decimal == "." and not (plain := plain_numbers(texts))[texts.notna()].isna().any():
        return _as_floats(plain)  # nearly every column of numbers, and much faster
    group, point = (",", r"\.") if decimal == "." else (r"\.", ",")
    digits = rf"([1-9]\d{{0,2}}({group}\d{{3}})+|\d+)?({point}\d*)?([eE][-+]?\d+)?"
    shaped = texts.str.fullmatch(rf"[-+]?\s*{_UNIT}?\s*[-+]?{digits}\s*{_UNIT}?|[-+]?inf(inity)?", case=False)
    bare = texts.str.replace(rf"{group}|{_UNIT}|\s", "", regex=True).str.replace(decimal, ".", regex=False)
    numbers = _as_floats(plain_numbers(bare.where(shaped.eq(True))))
    beyond = shaped.eq(True) & numbers.isna() & bare.str.match(r"[-+]?\.?\d").eq(True)
    numbers[beyond] = bare[beyond].map(float)  # which pandas before 3 does not read
    return numbers


def plain_numbers(texts: pd.Series) -> pd.Series:
    """Read texts as Python reads numbers, each as the nearest float; what pandas takes for none becomes NaN.

    >>> plain_numbers(pd.Series(["0.1", "1e3", "n. a."])).tolist()
    [0.1, 1000.0, nan]
    """
    numbers = pd.to_numeric(texts, errors="coerce")
    if not PRECISE and numbers.dtype.kind == "f":
        read = numbers.notna()
        numbers[read] = texts[read].to_numpy(dtype=object).astype(float)
    return numbers


def _as_floats(numbers: pd.Series) -> pd.Series:
    try:
        return numbers.astype(float)
    except OverflowError:  # Python's whole numbers know no bound, and floats do
        return numbers.map(_as_float).astype(float)


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


def share_a_unit(texts: pd.Series) -> bool:
    """Tell whether numbers written with signs mean the same: not $ beside €, nor 12% beside 0.12."""
    units = texts.str.extract(f"({_UNIT})", expand=False)
    return units.nunique() <= 1 and not (units.eq("%").any() and units.isna().any())


def floats(cells: pd.Series) -> np.ndarray:
    """Return a column as float64, shape (rows,), with NaN for the missing.

    Raises :class:`~chainrule.errors.DataError` for a text that is no number and for an infinite value, by
    row and column.

    >>> floats(pd.Series(["1", "?", "2,104"], name="size")).tolist()
    [1.0, nan, 2104.0]
    """
    values, wrong = numbers_of(cells)
    remedy = NO_NUMBERS if wrong.sum() > 1 and (wrong | np.isnan(values)).all() else CORRECT
    refuse(cells, wrong, "numbers are expected", remedy)
    refuse(cells, np.isinf(values), "finite numbers are expected, no larger than 1.8e308")
    return values


def numbers_of(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return a column as float64, shape (rows,), and which of its cells are texts that are no number.

    Those, as the missing, are NaN.

    >>> numbers_of(pd.Series(["1", "?", "oops"]))[1].tolist()
    [False, False, True]
    """
    if kind_of(cells) == "number" or pd.api.types.is_bool_dtype(cells.dtype):
        plain = cells.map(_as_float, na_action="ignore") if cells.dtype == object else pd.to_numeric(cells)
        return plain.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(cells), bool)
    texts = clean_text(cells)
    values = read_numbers(texts).to_numpy()
    return values, texts.notna().to_numpy() & np.isnan(values)


FAR = 8.0  # standard deviations from the mean: so far numbers count as they are, if none of training lies beyond
APART = 300.0  # standard deviations of the others: so far away a number says nothing but that it is far


def ends_of(values: np.ndarray) -> tuple[float, float]:
    """Return the least and the most that numbers of a column count as; they are finite, of shape (rows,).

    None of training lies beyond them, but for few that are so far from all others that these would look the same: a
    slip of 1e12, or a date in the year 9999. What may be far is judged by the others without the value that stands in
    most rows, if it is half of them: of a column that is nearly always 0, the rest is no slip.

    >>> [round(end, 2) for end in ends_of(np.array([1.0, 2.0, 3.0, 4.0]))]
    [-6.44, 11.44]
    >>> ends_of(np.array([*np.linspace(-1, 1, 99), 1e12]))[1] < 6
    True
    """
    near = values[~_far(values)]
    low, high = float(near.min()), float(near.max())
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(near.mean())
        reach = FAR * (float(near.std()) if low < high else 1.0)
    return (
        (min(low, mean - reach), max(high, mean + reach)) if np.isfinite([mean, reach]).all() else (low, high)
    )


def _far(values: np.ndarray) -> np.ndarray:
    """Return which of some numbers are far from all others."""
    found, counts = np.unique(values, return_counts=True)
    telling = values[values != found[counts.argmax()]] if 2 * counts.max() > len(values) else values
    few = min(max(2, len(telling) // 100), (len(telling) - 1) // 3)
    if few < 1:
        return np.zeros(len(values), bool)
    middle = np.sort(telling)[few:-few]
    with np.errstate(over="ignore", invalid="ignore"):
        far: np.ndarray = np.abs(values - middle.mean()) > APART * middle.std()
    return far if middle.std() > 0 else np.zeros(len(values), bool)


def mean_and_std(values: np.ndarray, column: str) -> tuple[float, float]:
    """Return mean and standard deviation of finite numbers, shape (rows,).

    A standard deviation of 0, as of equal numbers, becomes 1, so that one may divide by it. Numbers whose squares
    overflow raise :class:`~chainrule.errors.DataError`.

    >>> mean_and_std(np.array([1.0, 3.0]), "size"), mean_and_std(np.full(9, 0.1), "size")
    ((2.0, 1.0), (0.1, 1.0))
    """
    if values.min() == values.max():  # whose standard deviation may come out as 1e-17
        return float(values[0]), 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(values.mean()), float(values.std())
    if not np.isfinite([mean, std]).all():
        raise DataError(
            f"Column {column!r} holds numbers up to {np.abs(values).max():.3g}; their spread overflows.\n"
            "Give it in a larger unit, or take its logarithm."
        )
    return mean, std or 1.0


def refuse(cells: pd.Series, wrong: np.ndarray, expected: str, remedy: str = CORRECT) -> None:
    """Raise :class:`~chainrule.errors.DataError` that names the first cell which ``wrong`` marks, if any."""
    if not wrong.any():
        return
    first = int(np.argmax(wrong))
    others = f" ({int(wrong.sum()):,} such cells)" if wrong.sum() > 1 else ""
    found = shortened(str(cells.iloc[first]))
    found = repr(found) if kind_of(cells) == "text" else found
    raise DataError(
        f"Column {cells.name!r}, {row_name(cells.index, first)}: {found}{others}, where {expected}.\n{remedy}"
    )
