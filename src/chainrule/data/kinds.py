"""What a column of the training table is, what it becomes, and why: the judgement of each column by itself."""

import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from chainrule.data.categories import (
    MOST_CATEGORIES,
    CategoryColumn,
    Spelling,
    are_answers,
    learn_categories,
    learn_frequent,
    merged,
)
from chainrule.data.cells import (
    clean_text,
    floats,
    kind_of,
    numbers_of,
    read_numbers,
    share_a_unit,
    text_of,
    whole_of,
)
from chainrule.data.datecolumn import DateColumn, learn_dates
from chainrule.data.dates import Dates, dates_in, day_of
from chainrule.data.numbers import NumberColumn, about_wrong, learn_numbers, unit_of, without_unit
from chainrule.data.texts import TextColumn, about_words, learn_texts, separator_in
from chainrule.data.told import Told
from chainrule.data.words import listed, shortened
from chainrule.data.written import stripped, texts_of
from chainrule.errors import DataError
from chainrule.shown import counted

Column = NumberColumn | CategoryColumn | DateColumn | TextColumn
Kind = Literal[
    "number", "category", "yes/no", "date", "code", "text", "list", "identifier", "constant", "duplicate",
    "leak suspect", "empty", "dropped",
]  # fmt: skip

MOST_WRONG = 0.2  # of the cells of a column of numbers: words, such as "unknown"
MOST_MISTAKES = 0.01  # anything else
FEW_NUMBERS = 10  # different ones, which may as well be categories
NEARLY_ALL = 0.9
SAMPLE = 2000  # different texts that tell what all are

# Words in the names of columns, as people write them: customer_id, zipCode, "Postal code"
IDENTIFIERS = re.compile(
    r"(.*[\s_.-])?(id|ID|Id)|.*[a-z]I[dD]|id[\s_.-].*|(?i:(.*[\s_.-])?(uuid|guid|hash|uid)|index|row|row.?(nr|no|number))"
    r"|Unnamed: \d+"
)
_COUNTS = re.compile(
    r"(?i:#|nr|no|num|number|key|serial|s\.?\s?(no|nr)|sl\.?\s?no|serial.?(no|nr|number)|record|obs(ervation)?)\.?"
)
_NAMED = {
    "codes": """zip zipcode postal postcode postalcode plz postleitzahl phone telephone tel mobile fax fips iban ssn
        isbn ean upc sku naics sic code""",
    "groups": """type kind class category cat group cluster region zone district area state country county city browser
        system systems os status color colour gender sex race brand make station segment channel shop store department
        dept product branch source platform device team species family sector occupation workclass label""",
    "quantities": """count counts num number n nr total sum rate ratio avg average mean median size age year years month
        months day days hour hours score amount percent price value level rank min max std width height length weight
        income cost sqft sqm m2""",
    # who or what is measured several times, so that new rows are mostly of others
    "bearers": """patient subject participant proband respondent person user customer client kunde kunden member student
        pupil player driver rider visitor employee worker donor speaker singer author reviewer rater household animal
        mouse rat dog cat cow horse pig sheep child baby infant mother twin voter applicant borrower tenant username
        email session specimen engine battery account teilnehmer""",
    # what comes again, so that new rows are of the same: known places, things and makers
    "known": """product item article movie film song track book album store shop seller vendor supplier merchant
        location site stop route line airport carrier airline school hospital clinic campaign ad page course club league
        office machine sensor host server node warehouse model version room ward bank agent company firm ticker symbol
        asset stock category subcategory""",
    # what is counted as it comes, so that each has the next number
    "things": """order invoice receipt ticket booking reservation policy contract claim loan payment transaction
        shipment delivery parcel case document record entry sample student staff rechnung auftrag vertrag""",
    "labels": "id ids no nr num number nummer name key code uid uuid guid identifier hash",
    # what has a number since it follows another, and is a time of a kind
    "courses": "week quarter period lap wave step cycle frame epoch iteration generation round stage phase trial turn",
}
CODES, GROUPS, QUANTITIES, BEARERS, KNOWN, THINGS, LABELS, COURSES = (
    frozenset(words.split()) for words in _NAMED.values()
)
_NUMBERS = ("no", "nr", "num", "number", "nummer")
_FEWEST_RISING = 10  # rows, of which each has a larger number than the one before


@dataclass(frozen=True)
class Found:
    """What a column is, what it becomes, or None where it is left out, why, and what is to be told loudly."""

    kind: Kind
    column: Column | None
    why: str
    notes: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """What the column becomes, and why, in some words."""
        if self.column is None:
            return f"left out: {self.why}"
        features = counted(len(self.column.features), "feature")
        return f"{features}: {self.why}" if self.why else features


def found_in(cells: pd.Series, told: Told) -> Found:
    """Judge a column by its cells in training, and by what is told of it."""
    name = str(cells.name)
    if name in told.drop or name in told.ignore:
        return Found("dropped", None, "as you said" if name in told.drop else "another target, as you said")
    cells = stripped(cells)
    present = cells.dropna()
    if not len(present):
        return Found("empty", None, "no value at all")
    distinct, had_missing = present.nunique(), len(present) < len(cells)
    if held_as := told.held_as(name):
        return _as_told(cells, held_as, distinct)
    if distinct == 1 and not had_missing and not told.stays(name):
        return Found("constant", None, f"{shortened(text_of(present.iloc[0]))} in every row")
    if dates := dates_in(cells):
        return _dates(cells, dates)
    stays = told.stays(name)
    kind = kind_of(cells)
    if kind == "number" and np.unique(floats(present)).size < distinct:  # some would be the same quantity
        cells, present, kind = texts_of(cells), texts_of(present), "text"
    if kind == "number":
        return _of_numbers(cells, present, distinct, stays)
    if (unit := _quantity(present, distinct)) is not None:
        return _numbers(cells, unit) if unit else _of_numbers(cells, present, distinct, stays)
    return _of_texts(cells, present, distinct, stays)


def _as_told(cells: pd.Series, held_as: str, distinct: int) -> Found:
    if held_as == "numbers":
        texts = clean_text(cells).dropna()
        return _numbers(cells, "" if kind_of(cells) == "number" else unit_of(texts.drop_duplicates()))
    if held_as == "categories":
        return _categories(cells, "category", None if distinct <= MOST_CATEGORIES else MOST_CATEGORIES)
    dates = dates_in(cells, forced=True)
    if dates is None:
        first = cells.dropna().iloc[0]
        raise DataError(
            f"dates=[{str(cells.name)!r}]: its cells, such as {shortened(str(first))!r}, cannot be read as dates.\n"
            "Dates are written such as 2015-02-17, 17.2.2015, 2/17/2015 or 17 Feb 2015, with or without a time."
        )
    return _dates(cells, dates)


def _numbers(cells: pd.Series, unit: str = "", why: str = "") -> Found:
    column = learn_numbers(cells, unit)
    bare = without_unit(cells, unit)
    values, wrong = numbers_of(bare)
    gaps = int(np.isnan(values).sum())
    in_unit = f"in {unit}" if unit else ""
    missing = f"missing in {counted(gaps, 'row')}" if gaps else ""
    several = ", ".join(filter(None, [why, in_unit, missing]))
    two = {float(x) for x in np.unique(values[~np.isnan(values)])[:3]}
    kind: Kind = "yes/no" if two == {0.0, 1.0} else "number"
    return Found(kind, column, several, (*about_wrong(bare, wrong, "number"), *column.far(cells)))


def _dates(cells: pd.Series, dates: Dates) -> Found:
    column = learn_dates(cells, dates.writing)
    if column is None:
        return Found("constant", None, "the same date in every row")
    _, wrong = column._read(cells)
    notes = (*about_wrong(cells, wrong, "date"), *column.far(cells))
    if dates.doubtful:
        sample = text_of(cells.dropna().iloc[0])
        notes += (
            f"Column {column.name!r}: in {sample!r} the day and the month may be either way round, and no row tells; "
            f"read as {dates.writing}. Write dates as 2015-02-17 to be sure.",
        )
    why = f"{', '.join(column.parts)}, from {day_of(column.first)} to {day_of(column.last)}"
    return Found("date", column, why, notes)


def _categories(
    cells: pd.Series,
    kind: Kind,
    most: int | None = None,
    fewest: int = 1,
    spelling: Spelling = "exact",
    why: str = "",
) -> Found:
    return _about(learn_categories(cells, most, fewest, spelling), cells, kind, why)


def _about(column: CategoryColumn, cells: pd.Series, kind: Kind, why: str = "") -> Found:
    found = why or listed(column.categories)
    if column.others:
        found += f"{'; ' if found else ''}others count as one"
    if not column.categories:
        found = "whether there is one, since most are different"
    elif gaps := int(cells.isna().sum()):
        found += f"; missing in {counted(gaps, 'row')}"
    return Found(kind, column, found)


def _of_numbers(cells: pd.Series, present: pd.Series, distinct: int, stays: bool) -> Found:
    name, values = str(cells.name), numbers_of(present)[0]
    values = values[np.isfinite(values)]  # some texts may be none
    if stays or (values % 1).any():
        return _numbers(cells)
    words = words_of(name)
    count = len(present)
    if IDENTIFIERS.fullmatch(name):
        if distinct == count:
            return Found("identifier", None, "it numbers the rows")
        return _repeated(cells, distinct, "identifier")
    counts_rows = distinct == count > 2 and values.max() - values.min() < 3 * count
    if _COUNTS.fullmatch(name) and counts_rows:
        return Found("identifier", None, "it numbers the rows")
    if distinct == count and _numbers_what(words, values):
        return Found("identifier", None, "each row has the next number")
    if words & CODES and not words & QUANTITIES - {"number", "num", "nr"} and distinct > 2:
        return _repeated(cells, distinct, "code")
    if words & GROUPS and not words & QUANTITIES and 2 < distinct <= min(30, count / 10):
        return _categories(cells, "category", why="whole numbers that name groups")
    return _numbers(cells)


def _numbers_what(words: set[str], values: np.ndarray) -> bool:
    """Say whether a name and what rises from row to row are those of numbers that were given to what came.

    >>> came = np.arange(10_000.0, 10_020) * 1.0
    >>> [_numbers_what(words_of(name), came) for name in ("customer_no", "invoiceNr", "order", "batch no", "year", "x")]
    [True, True, True, True, False, False]
    """
    steps = np.diff(values)
    if len(values) < _FEWEST_RISING or not (steps > 0).all():
        return False
    parts: set[str] = set()
    for word in words:
        label = next((each for each in _NUMBERS if word.endswith(each) and word != each), "")
        parts |= {word.removesuffix(label), label} if label else {word}
    labelled = bool(parts & {*_NUMBERS, "key"})
    of = {part for part in parts if part and not part.isdigit()} - LABELS
    if of and of <= BEARERS | KNOWN | THINGS:
        return labelled or bool((steps == 1).all())
    return labelled and values[0] >= 100 and bool((steps == 1).all()) and not of & (QUANTITIES | COURSES)


def _repeated(cells: pd.Series, distinct: int, kind: Kind) -> Found:
    """Return what becomes of codes: the frequent ones are categories, and without any they are left out."""
    count = int(cells.notna().sum())
    if distinct <= min(MOST_CATEGORIES, count / 2):
        return _categories(cells, "code")
    found = _about(learn_frequent(cells), cells, "code")
    column = found.column
    if isinstance(column, CategoryColumn) and column.categories and distinct <= count / 2:
        return found
    return Found("identifier" if 2 * distinct > count else kind, None, _nearly_all(distinct, count))


def _nearly_all(distinct: int, count: int) -> str:
    if distinct == count:
        return "every row has its own"
    if distinct >= NEARLY_ALL * count:
        return "nearly every row has its own"
    return f"{distinct:,} different ones in {counted(count, 'row')}, none of them frequent"


def _of_texts(cells: pd.Series, present: pd.Series, distinct: int, stays: bool) -> Found:
    name, count = str(cells.name), len(present)
    texts = [text_of(value) for value in present.unique()]
    kind: Kind = "code" if are_codes(texts) else "category"
    if distinct <= min(MOST_CATEGORIES, max(10, count / 2)):
        return _few(cells, texts, kind)
    if stays:
        return _categories(cells, kind, MOST_CATEGORIES)
    if kind == "code" or IDENTIFIERS.fullmatch(name):
        return _repeated(cells, distinct, kind)
    separator = separator_in(texts[:: max(1, len(texts) // SAMPLE)])
    if separator is not None and (words := learn_texts(cells, separator)):
        return Found("list" if separator else "text", words, about_words(words))
    column = learn_frequent(cells)
    if (column.slots(cells) < len(column.categories)).sum() >= count / 10:
        return _about(column, cells, kind)
    if count < 0.95 * len(cells):
        return Found(kind, replace(column, categories=()), "whether there is one, since most are different")
    identifier: Kind = "identifier" if distinct >= NEARLY_ALL * count else kind
    return Found(identifier, None, _nearly_all(distinct, count))


def _few(cells: pd.Series, texts: list[str], kind: Kind) -> Found:
    if are_answers(texts):
        why = "" if len(texts) == 2 else f"yes and no, in {len(texts)} spellings"
        return _categories(cells, "yes/no", spelling="answers", why=why)
    alike = merged(texts)
    found = _categories(cells, kind, spelling="folded" if alike or _in_letters(texts) else "exact")
    if not alike:
        return found
    note = f"Column {cells.name!r}: {listed(f'{a!r} and {b!r}' for a, b in alike)} are taken as one category."
    return replace(found, notes=(note,))


def _in_letters(texts: list[str]) -> bool:
    # a and A may be two codes, Male and male are none
    return len({text.casefold() for text in texts}) == len(texts) and all(len(text) > 2 for text in texts)


def are_codes(texts: list[str]) -> bool:
    """Tell whether texts are whole numbers with leading zeros, or with more digits than a quantity keeps."""
    wholes = [whole for text in texts if (whole := whole_of(text)) is not None]
    padded = any(text[0] == "0" < text[1:] for text in texts if text)
    return len(wholes) == len(texts) > 0 and (padded or max(map(abs, wholes)) > 2**53)


def _quantity(present: pd.Series, distinct: int) -> str | None:
    """Return the unit of texts that are numbers but for few of them, "" for none; or None where they are no numbers."""
    if (distinct <= FEW_NUMBERS and 2 * distinct < len(present)) or pd.api.types.is_bool_dtype(present.dtype):
        return None
    counts = texts_of(present).value_counts()
    texts = pd.Series(counts.index, dtype=object)
    first = texts[:: max(1, len(texts) // 200)]
    unit = unit_of(texts) if unit_of(first[:50]) else ""
    if 2 * read_numbers(without_unit(first, unit).astype("str")).isna().mean() > 1:  # quickly told
        return None
    bare = without_unit(texts, unit)
    numbers = read_numbers(bare.astype("str"))
    wrong = numbers.isna().to_numpy()
    if wrong.all():
        return None
    good = texts[~wrong]
    if not share_a_unit(bare[~wrong].astype("str")) or are_codes(list(good)):
        return None
    enough = 2 * numbers.nunique() > len(present) > FEW_NUMBERS / 2
    if numbers.nunique() <= FEW_NUMBERS and not enough:
        return None
    if not wrong.any():
        return unit
    shares = counts.to_numpy() / len(present)
    words = np.array([not any(letter.isdigit() for letter in text) for text in texts])
    few_words = (
        words[wrong].all()
        and wrong.sum() <= max(3, (~wrong).sum() / 10)
        and shares[wrong].sum() <= MOST_WRONG
    )
    mistakes = shares[wrong].sum() <= max(MOST_MISTAKES, 1.5 / len(present))
    return unit if few_words or mistakes else None


def words_of(name: str) -> set[str]:
    """Return the words in the name of a column, however they are joined.

    >>> sorted(words_of("zipCode_2")), sorted(words_of("Soil Type"))
    (['2', 'code', 'zip'], ['soil', 'type'])
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return set(re.findall(r"[^\W\d_]+|\d+", parted.lower()))
