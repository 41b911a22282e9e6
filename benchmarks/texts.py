"""Texts and names to learn from, as whole numbers, and what counting the letters before each makes of them.

They lie in one folder, each in a folder of its own, and come from GitHub:

- tiny_shakespeare/input.txt: the text of karpathy/char-rnn, in data/tinyshakespeare (public domain)
- names/names.txt: the first names of karpathy/makemore (MIT)
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LEARNED = 0.9  # of a text, and of all names


@dataclass(frozen=True)
class Texts:
    """What is learned from, and what is asked afterwards.

    Attributes:
        letters: The letters in the order of their numbers.
        learned: Texts to learn from.
        asked: Others.
    """

    letters: str
    learned: tuple[str, ...]
    asked: tuple[str, ...]

    def numbers(self, text: str) -> np.ndarray:
        """Return the number of each letter of a text."""
        known = {letter: number for number, letter in enumerate(self.letters)}
        return np.array([known[letter] for letter in text])


def shakespeare(folder: Path) -> Texts:
    """Return lines of Shakespeare's plays: the first nine tenths to be learned from, the last tenth to be asked."""
    text = (folder / "tiny_shakespeare" / "input.txt").read_text(encoding="utf-8")
    cut = int(LEARNED * len(text))
    return Texts("".join(sorted(set(text))), (text[:cut],), (text[cut:],))


def names(folder: Path) -> Texts:
    """Return first names, each once, in an order that is drawn once and for all; a tenth is asked."""
    found = sorted(set((folder / "names" / "names.txt").read_text(encoding="utf-8").split()))
    np.random.default_rng(0).shuffle(found)
    cut = int(LEARNED * len(found))
    return Texts("".join(sorted(set("".join(found)))), tuple(found[:cut]), tuple(found[cut:]))


def streams(numbers: np.ndarray, count: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a text cut in so many streams, and these in pieces: row k of a batch goes on in row k of the next.

    Args:
        numbers: The text.
        count: How many streams there are, the examples of a batch.
        steps: How long a piece is.

    Returns:
        X, and y one letter later, both (batches * count, steps). What is left over at the end is left out.
    """
    long = (len(numbers) - 1) // count // steps * steps
    cut = (
        numbers[first : first + count * long].reshape(count, -1, steps).swapaxes(0, 1).reshape(-1, steps)
        for first in (0, 1)
    )
    X, y = cut
    return X, y


def by_counting(learned: Sequence[str], asked: Sequence[str], order: int, first: int = 0) -> float:
    """Return the cost of a letter, in nats, where its share after the letters before it is what is foretold.

    Shares after fewer letters stand in for what was seen seldom, as Witten & Bell (1991) weigh them.

    Args:
        learned: Texts that are counted.
        asked: Texts whose letters are foretold.
        order: How many letters are looked at, the one that is foretold among them.
        first: The place in each text from which on letters are asked.
    """
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for text in learned:
        for i, letter in enumerate(text):
            for k in range(min(i, order - 1) + 1):
                seen[text[i - k : i]][letter] += 1
    known = {before: (after.total(), len(after)) for before, after in seen.items()}
    kinds = len(set("".join((*learned, *asked))))
    cost = count = 0.0
    for text in asked:
        for i in range(first, len(text)):
            share = 1 / kinds
            for k in range(min(i, order - 1) + 1):
                before = text[i - k : i]
                if before in known:
                    total, different = known[before]
                    share = (seen[before][text[i]] + different * share) / (total + different)
            cost -= math.log(share)
            count += 1
    return cost / count
