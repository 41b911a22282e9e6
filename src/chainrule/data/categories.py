"""A column of categories: a feature for each that training saw often enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from chainrule.data.cells import text_of
from chainrule.data.words import listed, row_name
from chainrule.data.written import positions_of, stripped, texts_of
from chainrule.shown import brief, counted

MOST_CATEGORIES = 100
Spelling = Literal["exact", "folded", "answers"]
FEWEST_ROWS = 5  # of a category, in a column that has too many
MOST_OF_MANY, FEWEST_OF_MANY = 500, 3  # where such categories are most of the column
MOST_NUMBERS = 16_000_000  # that these become in all rows

_ANSWERS = "yes y true t on 1 ja j wahr oui vrai si sí sim", "no n false f off 0 nein falsch non faux não nao"
YES, NO = (frozenset(words.split()) for words in _ANSWERS)


@dataclass(frozen=True, repr=False)
class CategoryColumn:
    """A column of categories: one feature for each that training saw, 1 where a row has it and 0 elsewhere.

    Where training saw too many, the frequent ones are kept, and all others are one more: so are those that
    training did not see, which have 0 everywhere in a column that keeps all. So has a missing one, unless cells were
    missing in training too: then missing is a category of its own.

    Attributes:
        name: What the column is called.
        categories: Those that training saw, or the frequent ones among them.
        had_missing: Whether training had missing ones.
        others: Whether training saw more than the frequent ones.
        spelling: Which texts are one category: "exact" ones, "folded" ones that differ in case and blanks alone, or
            "answers" that mean yes or no.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"town": ["Basel", "Bern"] * 20, "price": [3, 5] * 20})
    >>> cr.TableModel.train(table, "price", task="regression", epochs=1).columns.columns[0].features
    ('town=Basel', 'town=Bern')
    """

    name: str
    categories: tuple[str, ...]
    had_missing: bool
    others: bool = False
    spelling: Spelling = "exact"

    __repr__ = brief

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        known = [f"{self.name}={category}" for category in self.categories]
        more = [f"{self.name} is another"] * self.others + [f"{self.name} is missing"] * self.had_missing
        return (*known, *more)

    def encode(self, cells: pd.Series) -> np.ndarray:
        """Return the features of some cells.

        Args:
            cells: The column, of any table.

        Returns:
            An array of float32, of shape (rows, len(features)).
        """
        return (self.slots(cells)[:, None] == np.arange(len(self.features))).astype(np.float32)

    def slots(self, cells: pd.Series) -> np.ndarray:
        """Return the position of each cell's feature: -1 for a new category, that after the last for none.

        Args:
            cells: The column, of any table.

        Returns:
            Whole numbers, of shape (rows,).
        """
        found, _ = self._found(cells)
        if self.others:
            found[found < 0] = len(self.categories)
        return found

    def remarks(self, cells: pd.Series) -> Iterator[str]:
        """Say which categories training did not see, and which are spelled in another way.

        Args:
            cells: The column, of any table.

        Yields:
            Sentences, if there are any.
        """
        found, exact = self._found(cells)
        if self.others and not self.categories:
            return
        if (new := found < 0).any() and not self.others:
            texts = texts_of(cells[new])
            first = row_name(cells.index, int(new.argmax()))
            yield (
                f"Column {self.name!r} has values in {counted(int(new.sum()), 'row')} (first: {first}) "
                f"that training did not see: {listed(texts.unique())}. They count as none."
            )
        if self.spelling == "folded" and (other := (found >= 0) & (exact < 0)).any():
            texts, known = texts_of(cells[other]), np.array([*self.categories, ""], dtype=object)
            pairs = dict.fromkeys(zip(texts, known[found[other]], strict=True))
            yield (
                f"Column {self.name!r} spells what training saw in another way in {counted(int(other.sum()), 'row')}: "
                f"{listed(f'{new!r} counts as {old!r}' for new, old in pairs)}."
            )

    def _found(self, cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return by row the place of its category, whatever its spelling, and that of exactly this text."""
        gap = len(self.categories) + self.others
        nothing = () if "" in self.categories else ("",)
        exact = positions_of(cells, (*self.categories, *nothing), gap=gap)
        if nothing:
            exact[exact == len(self.categories)] = gap
        lost = exact < 0
        if self.spelling == "exact" or not lost.any():
            return exact.copy(), exact
        known = {fold(text, self.spelling): i for i, text in reversed([*enumerate(self.categories)])}
        found = exact.copy()
        found[lost] = [known.get(fold(text, self.spelling), -1) for text in texts_of(cells[lost])]
        return found, exact


def fold(text: str, spelling: str = "folded") -> str:
    """Return what texts share that differ in case and blanks alone, or that mean yes, or no.

    >>> fold(" New   york"), fold("Y", "answers")
    ('new york', 'yes')
    """
    folded = " ".join(text.split()).casefold()
    if spelling == "answers":
        return "yes" if folded in YES else "no" if folded in NO else folded
    return folded


def are_answers(texts: Sequence[str]) -> bool:
    """Tell whether texts say yes and no, in any spelling.

    >>> are_answers(["yes", "Yes", "no"]), are_answers(["1", "0"]), are_answers(["yes", "maybe", "no"])
    (True, True, False)
    """
    return {fold(text, "answers") for text in texts} == {"yes", "no"} and {*map(fold, texts)} <= YES | NO


def learn_categories(
    cells: pd.Series, most: int | None = None, fewest: int = 1, spelling: Spelling = "exact"
) -> CategoryColumn:
    """Learn a column of categories from the cells of training: all of them, or the ``most`` frequent ones.

    Those in fewer rows than ``fewest`` are left to the others.
    """
    cells = stripped(cells)
    counts = texts_of(cells).dropna().value_counts()
    if spelling != "exact":
        counts = _as_one(counts, spelling)
    kept = sorted(_by_size(counts)[:most])
    kept = [text for text in kept if counts[text] >= fewest]
    others = len(kept) < len(counts)
    return CategoryColumn(str(cells.name), tuple(kept), bool(cells.isna().any()), others, spelling)


def learn_frequent(cells: pd.Series) -> CategoryColumn:
    """Learn a column of too many categories: the most frequent ones, and more where most rows have a frequent one.

    Of names that return each says something; of those that are nearly all different few do.
    """
    counts = texts_of(stripped(cells)).value_counts()
    if 2 * counts[counts >= FEWEST_ROWS].sum() < counts.sum():
        return learn_categories(cells, MOST_CATEGORIES, FEWEST_ROWS)
    most = max(MOST_CATEGORIES, min(MOST_OF_MANY, MOST_NUMBERS // len(cells)))
    return learn_categories(cells, most, FEWEST_OF_MANY)


def _by_size(counts: pd.Series) -> list[str]:
    rows = dict(zip(map(str, counts.index), counts, strict=True))  # a lookup in it is much faster
    return sorted(rows, key=lambda text: (-rows[text], text))


def _as_one(counts: pd.Series, spelling: str) -> pd.Series:
    """Return the rows of each category by its most frequent spelling."""
    names: dict[str, str] = {}
    for text in _by_size(counts):
        names.setdefault(fold(text, spelling), text)
    return counts.groupby([names[fold(text, spelling)] for text in counts.index]).sum()


def merged(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of categories that differ in case and blanks alone; of letters, since codes may mean it so.

    >>> merged(["Male", "male", "a", "A", "1e5", "1E5"])
    [('Male', 'male')]
    """
    first: dict[str, str] = {}
    pairs = []
    for text in texts:
        folded = fold(text)
        if len(folded) > 2 and not any(letter.isdigit() for letter in folded):
            if folded in first:
                pairs.append((first[folded], text_of(text)))
            first.setdefault(folded, text)
    return pairs
