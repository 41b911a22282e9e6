"""Dates as people write them, read as seconds since 1970: the column decides what day and what month is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from chainrule.data.cells import clean_text, kind_of, numbers_of, plain_numbers

Writing = Literal[
    "year first", "day first", "month first", "seconds", "milliseconds", "microseconds", "nanoseconds",
    "digits", "days of a spreadsheet", "years",
]  # fmt: skip
"""How a column writes its dates: texts, of which the second and third read 3/4/2020 differently, and numbers."""

DAY = 86_400
_YEAR_1 = -62_135_596_800  # where Python's calendar begins
FEWEST_DATES = 0.8  # a column with fewer of them among its texts is none of dates
_SPREADSHEET_ZERO = 25_569  # days from 1899-12-30, where spreadsheets begin, to 1970
_DIVISORS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
_SECONDS = 5e8, 5e9  # from 1985 to 2128: numbers in a column that is called so, in one of those units
_NAMED = re.compile(
    r"(?:.*[\W_])?(?:date|time|datetime|timestamp|ts|day|dt|datum|zeit|created|updated|modified|at|on|since)(?:[\W_].*)?",
    re.IGNORECASE,
)
_NAMED_WITHIN = re.compile(r".*(?:[a-z](?:Date|Time|Timestamp)|[Dd]atetime|timestamp)")

_LANGUAGES = [
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jän febr mär apr mai juni juli aug sept okt nov dez",
    "janv févr mrz avr mai juin juil août sept oct nov déc",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
]
_MONTHS = {name: i + 1 for names in _LANGUAGES for i, name in enumerate(names.split())}

_DAYS = r"(?:(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-z]*\.?,?\s+)?"
_CLOCK = (
    r"(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d{1,9})?))?(?:\s*(?P<half>[ap])\.?m\.?)?"
    r"|(?P<clock>\d{4}(?:\d{2})?)(?:\.\d+)?)"
)
_ZONE = r"(?:\s*(?P<zone>z|utc|gmt|[-+]\d{2}(?::?\d{2})?))?"
_YEAR = r"\d{4}"
_FORMS = [
    rf"(?P<y>{_YEAR})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}})",
    r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})",
    r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[.,]?[-/\s]?\s*(?P<name>[^\W\d_]{3,10})[.,]?[-/\s]?\s*(?P<y>\d{4}|\d{2})",
    rf"(?P<name>[^\W\d_]{{3,10}})[.,]?[-/\s]?\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>{_YEAR})",
    rf"(?P<y>{_YEAR})[-/\s](?P<name>[^\W\d_]{{3,10}})[-/\s](?P<d>\d{{1,2}})",
    rf"(?P<y>{_YEAR})-?w(?P<week>\d{{2}})(?:-?(?P<weekday>[1-7]))?",
    rf"(?P<y>{_YEAR})[-/\s]?q(?P<quarter>[1-4])",
    rf"q(?P<quarter>[1-4])[-/\s]?(?P<y>{_YEAR})",
    r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})",
    rf"(?P<y>{_YEAR})[-/.](?P<m>\d{{1,2}})",
    rf"(?P<m>\d{{1,2}})/(?P<y>{_YEAR})",
    rf"(?P<name>[^\W\d_]{{3,10}})[.,]?[-/\s]\s*(?P<y>{_YEAR})",
]
_PATTERNS = [re.compile(rf"{_DAYS}{form}(?:(?:t|,?\s+){_CLOCK}{_ZONE})?") for form in _FORMS]
_UNIX = re.compile(
    rf"{_DAYS}(?P<name>[a-z]{{3}})\s+(?P<d>\d{{1,2}})\s+{_CLOCK}(?:\s+[a-z]{{3,4}})?\s+(?P<y>\d{{4}})"
)
_TIME = re.compile(rf"(?=\d+:){_CLOCK}{_ZONE}")  # four digits are a code rather than a time
_ALL = (*_PATTERNS, _UNIX, _TIME)
_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
_EITHER = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}")  # of which the day and the month may be either


@dataclass(frozen=True)
class Dates:
    """What :func:`dates_in` found out of a column: how it writes dates, and whether day and month may be mixed up."""

    writing: Writing
    doubtful: bool = False


def dates_in(cells: pd.Series, forced: bool = False) -> Dates | None:
    """Say how a column writes dates, or None if it holds none.

    In texts, as in 3/4/2020, whatever is larger than 12 in any cell is a day. Where nothing is, the order in which the
    rows are sorted decides, then the mark: a slash, as in the United States, has the month first. Numbers are dates by
    their digits (20150217), and, in a column that is called so, as seconds since 1970. ``forced`` takes what may be.

    >>> dates_in(pd.Series(["3/4/2020", "17/4/2020"])), dates_in(pd.Series(["a", "b"]))
    (Dates(writing='day first', doubtful=False), None)
    """
    match kind_of(cells):
        case "date":
            return Dates("year first")
        case "number":
            return _dates_in_numbers(cells.dropna(), forced)
    texts = clean_text(cells).dropna()
    distinct = list(texts.unique())
    few = 0.5 if forced else FEWEST_DATES
    first = distinct[:: max(1, len(distinct) // 50)]
    if not first or np.mean([_looks_like_one(text) for text in first]) < few * 0.75:
        return None
    day_first = month_first = _read(distinct, "day first")
    if any(map(_EITHER.search, distinct)):
        month_first = _read(distinct, "month first")
    read = max(np.isfinite(day_first).mean(), np.isfinite(month_first).mean())
    if read < few:
        return None
    if np.array_equal(day_first, month_first, equal_nan=True):
        return Dates("year first")
    good = int(np.isfinite(day_first).sum()), int(np.isfinite(month_first).sum())
    if good[0] != good[1]:
        return Dates("day first" if good[0] > good[1] else "month first")
    rows = pd.factorize(texts)[0]
    ordered = [_ordered(values[rows]) for values in (day_first, month_first)]
    if ordered[0] != ordered[1]:
        return Dates("day first" if ordered[0] else "month first")
    slashes = np.mean(["/" in text for text in distinct]) > 0.5
    return Dates("month first" if slashes else "day first", doubtful=True)


def read_dates(cells: pd.Series, writing: Writing) -> tuple[np.ndarray, np.ndarray]:
    """Return a column in seconds since 1970, float64 of shape (rows,), NaN for none; and which cells are no date.

    Dates with a zone are taken to UTC, and those without are as they stand.

    >>> read_dates(pd.Series(["1.2.1970", "?", "soon"]), "day first")[1].tolist()
    [False, False, True]
    """
    if kind_of(cells) == "date":
        bare = cells.dt.tz_convert("UTC").dt.tz_localize(None) if cells.dt.tz is not None else cells
        since = (bare.astype("datetime64[us]") - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
        return since.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(cells), bool)
    texts = clean_text(cells)
    codes, values = pd.factorize(texts)
    read = _read(list(values), writing)
    seconds = np.append(read, np.nan)[codes]
    return seconds, (codes >= 0) & np.isnan(seconds)


def day_of(seconds: float) -> str:
    """Write the day of some seconds since 1970, with the time where it does not begin then.

    >>> day_of(86_400.0), day_of(90_000.0)
    ('1970-01-02', '1970-01-02 01:00')
    """
    moment = np.datetime64(int(seconds), "s")
    return str(moment.astype("datetime64[D]")) + (f" {str(moment)[11:16]}" if seconds % DAY else "")


def _looks_like_one(text: str) -> bool:
    return any(pattern.fullmatch(text.strip().lower()) for pattern in _ALL)


def _ordered(values: np.ndarray) -> bool:
    steps = np.diff(values[np.isfinite(values)])
    return len(steps) > 1 and bool((steps >= 0).all() or (steps <= 0).all())


def _dates_in_numbers(cells: pd.Series, forced: bool) -> Dates | None:
    values, _ = numbers_of(cells)
    if not len(values) or not np.isfinite(values).all() or (values % 1).any():
        return None
    distinct, name = np.unique(values), str(cells.name)
    called = forced or bool(_NAMED.fullmatch(name) or _NAMED_WITHIN.fullmatch(name))
    low, high = distinct[0], distinct[-1]
    shaped = (low >= 19_000_101 and high < 21_000_000) or (
        low >= 19_000_101_0000 and high < 21_000_000_000_000
    )
    if shaped and (called or len(distinct) >= 10) and np.isfinite(_of_numbers(distinct, "digits")).all():
        return Dates("digits")
    for unit, divisor in _DIVISORS.items():
        if called and _SECONDS[0] * divisor <= low and high <= _SECONDS[1] * divisor:
            return Dates(unit)  # type: ignore[arg-type]
    if called and "date" in name.lower() and low >= 20_000 and high <= 70_000:
        return Dates("days of a spreadsheet")
    return Dates("years") if forced and low >= 1000 and high <= 3000 else None


def _read(texts: Sequence[Any], writing: str) -> np.ndarray:
    if writing in get_args(Writing)[3:]:
        numbers = plain_numbers(pd.Series(texts, dtype=object)).to_numpy(dtype=float)
        return _of_numbers(numbers, writing)
    if (plain := _of_plain(texts)) is not None:
        return plain
    # blanks within, and letters as a phone writes them
    return np.array([_seconds(" ".join(str(text).lower().split()), writing) for text in texts], dtype=float)


def _of_plain(texts: Sequence[Any]) -> np.ndarray | None:
    """Read texts that are all such as 2015-02-17 10:30:00, a hundred times as fast; None where any is not."""
    if not texts or not all(isinstance(text, str) and _PLAIN.fullmatch(text) for text in texts):
        return None
    try:
        seconds = np.array(texts, dtype="datetime64[s]").astype("int64")
    except ValueError:  # the 30th of February
        return None
    return seconds.astype(float) if seconds.min() >= _YEAR_1 else None


def _of_numbers(numbers: np.ndarray, writing: str) -> np.ndarray:
    if writing in _DIVISORS:
        return numbers / _DIVISORS[writing]
    if writing == "days of a spreadsheet":
        return (numbers - _SPREADSHEET_ZERO) * DAY
    texts = [str(int(number)) if np.isfinite(number) else "" for number in numbers]
    if writing == "years":
        return np.array([_day(int(text), 1, 1) if len(text) == 4 else np.nan for text in texts])
    return np.array([_of_digits(text) for text in texts])


def _of_digits(text: str) -> float:
    """Read 20150217, and 20150217103000 or 201502171030 with the time."""
    if not re.fullmatch(r"(19|20)\d{6}(\d{4}(\d{2})?)?", text):
        return np.nan
    hour, minute, second = (int(text[i : i + 2] or 0) for i in (8, 10, 12))
    if hour > 23 or minute > 59 or second > 59:
        return np.nan
    return _day(int(text[:4]), int(text[4:6]), int(text[6:8])) + 3600 * hour + 60 * minute + second


def _day(year: int, month: int, day: int) -> float:
    try:
        return float((date(year, month, day).toordinal() - 719_163) * DAY)
    except ValueError:
        return np.nan


def _seconds(text: str, writing: str) -> float:
    for pattern in _ALL:
        if found := pattern.fullmatch(text):
            part = found.groupdict()
            return _day_of(part, writing) + _time_of(part)
    return np.nan


def _day_of(part: dict[str, str | None], writing: str) -> float:
    if not (written := part.get("y")):
        return 0.0  # a time alone
    year = int(written)
    if len(written) == 2:
        year += 1900 if year > 68 else 2000
    if week := part.get("week"):
        try:
            monday = date.fromisocalendar(year, int(week), int(part.get("weekday") or 1))
        except ValueError:
            return np.nan
        return _day(monday.year, monday.month, monday.day)
    if quarter := part.get("quarter"):
        return _day(year, 3 * int(quarter) - 2, 1)
    if name := part.get("name"):
        return _day(year, _MONTHS.get(name, 0), int(part.get("d") or 1))
    if first := part.get("a"):
        day, month = int(first), int(part["b"] or 0)
        if writing == "month first":
            day, month = month, day
        return _day(year, month, day)
    return _day(year, int(part["m"] or 0), int(part.get("d") or 1))


def _time_of(part: dict[str, str | None]) -> float:
    digits = part.get("clock")
    if digits:
        hour, minute, second = int(digits[:2]), int(digits[2:4]), float(digits[4:] or 0)
    elif part.get("hour"):
        hour, minute = int(part["hour"] or 0), int(part["minute"] or 0)
        second = float((part["second"] or "0").replace(",", "."))
        if half := part.get("half"):
            if not 1 <= hour <= 12:
                return np.nan
            hour = hour % 12 + 12 * (half == "p")
    else:
        return 0.0
    if hour > 23 or minute > 59 or second >= 61:
        return np.nan
    return 3600.0 * hour + 60 * minute + second - _offset(part.get("zone"))


def _offset(zone: str | None) -> float:
    if not zone or zone[0] not in "+-":
        return 0.0
    digits = zone[1:].replace(":", "")
    return (1 if zone[0] == "+" else -1) * (3600.0 * int(digits[:2]) + 60 * int(digits[2:] or 0))
