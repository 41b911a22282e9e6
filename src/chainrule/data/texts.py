"""A column of free text, or of lists in its cells: the presence of its most frequent words, or items."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chainrule.data.cells import text_of
from chainrule.data.words import listed
from chainrule.data.written import stripped, texts_of
from chainrule.shown import brief

MOST_WORDS = 500
FEWEST_TEXTS = 3  # with a word that counts
WORDS_OF_TEXT = 3  # on average, in a column of free text
LONGEST_ITEM = 4  # words of an item in a list, on average

# a word, or a single letter of a script that writes none between blanks
_WORD = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]|[^\\W_]+(?:['’][^\\W_]+)?"
)
_AROUND = " \t\n\"'[](){}"


@dataclass(frozen=True, repr=False)
class TextColumn:
    """A column of free text: a feature for each frequent word, 1 where a text has it and 0 elsewhere.

    Words are compared without case. Where cells hold lists, such as "action|drama", their items are the words.

    Attributes:
        name: What the column is called.
        words: Those that most texts of training have, or the items that most of its lists have.
        separator: What stands between the items of a list; nothing in free text.
        had_missing: Whether training had missing ones.

    >>> import pandas as pd
    >>> notes = [f"a {size} house with {i} windows" for i in range(60) for size in ("large", "small")]
    >>> model = cr.TableModel.train(pd.DataFrame({"note": notes, "price": range(120)}), "price", epochs=1)
    >>> model.columns.columns[0].words[:3]
    ('large', 'small')
    """

    name: str
    words: tuple[str, ...]
    separator: str
    had_missing: bool

    __repr__ = brief

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        known = tuple(f"{self.name} has {word}" for word in self.words)
        return (*known, f"{self.name} is missing") if self.had_missing else known

    def encode(self, cells: pd.Series) -> np.ndarray:
        """Return the features of some cells.

        Args:
            cells: The column, of any table.

        Returns:
            An array of float32, of shape (rows, len(features)).
        """
        codes, texts = pd.factorize(texts_of(stripped(cells)))
        place = {word: i for i, word in enumerate(self.words)}
        encoded = np.zeros((len(cells), len(self.features)), np.float32)
        distinct = np.zeros(
            (len(texts) + 1, len(self.words)), bool
        )  # the last for missing ones, whose code is -1
        for row, text in enumerate(texts):
            distinct[row, [place[word] for word in words_of(text, self.separator) if word in place]] = True
        encoded[:, : len(self.words)] = distinct[codes]
        if self.had_missing:
            encoded[:, -1] = codes < 0
        return encoded

    def remarks(self, cells: pd.Series) -> Iterator[str]:
        """Say nothing: new texts are what such a column is for.

        Args:
            cells: The column, of any table.

        Yields:
            Nothing.
        """
        yield from ()


def words_of(text: str, separator: str = "") -> set[str]:
    """Return the words of a text, or the items of a list, without case.

    >>> sorted(words_of("Don't PANIC, don't!")), sorted(words_of("['Drama', 'Sci-Fi']", ","))
    (["don't", 'panic'], ['drama', 'sci-fi'])
    """
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    if not separator:
        return set(_WORD.findall(folded))
    return {item for part in folded.split(separator) if (item := part.strip(_AROUND))}


def separator_in(texts: Sequence[str]) -> str | None:
    """Say how a column of many different texts is to be cut: at "" for free text, at a separator of lists, or not.

    >>> separator_in(["a|b", "b|c", "c|a|d", "d|b"]), separator_in(["A-17", "B-20"])
    ('|', None)
    """
    for separator in ("|", ";", ","):
        lists = [words_of(text, separator) for text in texts]
        several = np.mean([len(items) > 1 for items in lists])
        items = Counter(item for each in lists for item in each)
        long = np.mean([len(item.split()) for item in items]) if items else 0
        if several > 0.2 and len(items) <= max(len(texts) / 2, 4) and long < LONGEST_ITEM:
            return separator
    counts = [len(_WORD.findall(text)) for text in texts]
    return "" if np.mean(counts) >= WORDS_OF_TEXT and _mostly_letters(texts) else None


def _mostly_letters(texts: Sequence[str]) -> bool:
    letters = sum(letter.isalpha() for text in texts for letter in text)
    return 2 * letters > sum(not letter.isspace() for text in texts for letter in text)


def learn_texts(cells: pd.Series, separator: str) -> TextColumn | None:
    """Learn the most frequent words of a column, or None where no word is frequent."""
    cells = stripped(cells)
    texts = texts_of(cells).dropna()
    counts: Counter[str] = Counter()
    for text, rows in texts.value_counts().items():
        counts.update(dict.fromkeys(words_of(text_of(text), separator), rows))
    most = min(MOST_WORDS, max(20, len(texts) // 10))
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    # a word that all have says nothing
    kept = [word for word in frequent if FEWEST_TEXTS <= counts[word] < len(cells)][:most]
    return TextColumn(str(cells.name), tuple(kept), separator, bool(cells.isna().any())) if kept else None


def about_words(column: TextColumn) -> str:
    """Say which words of a column became features."""
    what = "items of its lists" if column.separator else "words"
    return f"whether it has one of {len(column.words):,} {what} ({listed(column.words)})"
