"""Which examples are learned from, say when to stop, and judge: once, or fold by fold."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chainrule.data.belonging import Belonging
from chainrule.data.splitting import FEWEST_ROWS, folds, held_back
from chainrule.models.options import NONE

VALIDATION_FRACTION = 0.15


@dataclass(frozen=True, eq=False)
class Rows:
    """Which examples are for what, by their position in the data.

    Attributes:
        learn: Those to learn from.
        validation: Those that only say when to stop.
        test: Those that have no part in either.
    """

    learn: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def all(self) -> "Rows":
        """All of them, to learn from."""
        nothing = self.learn[:0]
        return Rows(np.sort(np.concatenate([self.learn, self.validation, self.test])), nothing, nothing)

    @property
    def without_validation(self) -> "Rows":
        """The same rows to judge; all others are learned from."""
        return Rows(np.sort(np.concatenate([self.learn, self.validation])), self.learn[:0], self.test)


def divided(strata: np.ndarray, belonging: Belonging, fraction: float, seed: int) -> Rows:
    """Return the rows of a training: a share of them for the test, and of the others some that say when to stop.

    ``strata`` has a number for each; rows of one number are held back in their share.

    >>> rows = divided(np.zeros(100), Belonging(), 0.2, seed=0)
    >>> len(rows.learn), len(rows.validation), len(rows.test)
    (68, 12, 20)
    """
    test = held_back(strata, fraction, seed, belonging)
    return _stopping(strata, belonging, np.flatnonzero(~test), np.flatnonzero(test), seed)


def by_fold(
    strata: np.ndarray, belonging: Belonging, among: np.ndarray, count: int, seed: int
) -> tuple[Rows, ...]:
    """Return the rows of each fold among some of the rows: every one of them judges once, or in time the later ones."""
    return tuple(
        _stopping(strata, belonging, among[learn], among[judge], seed)
        for learn, judge in folds(strata[among], count, seed, belonging.of(among))
    )


def _stopping(
    strata: np.ndarray, belonging: Belonging, training: np.ndarray, test: np.ndarray, seed: int
) -> Rows:
    belonging = belonging.of(training)
    fraction = VALIDATION_FRACTION if len(training) >= 4 * FEWEST_ROWS and not belonging.is_one else 0.0
    # another seed, or the same rows of each class would be drawn again
    held = held_back(strata[training], fraction, seed + 1, belonging)
    return Rows(training[~held], training[held], test)


def named_in(frame: pd.DataFrame, said: str | None) -> str | None:
    """Return the column that was said, None where that was none; a column may be called so.

    >>> named_in(pd.DataFrame({"who": ["ann"]}), "none"), named_in(pd.DataFrame({"none": ["ann"]}), "none")
    (None, 'none')
    """
    return None if said == NONE and said not in frame.columns else said


def told(rows: Rows, belonging: Belonging, folds: int | None = None) -> tuple[str, ...]:
    """Return a sentence about what stays together, if anything does."""
    parts = {"to learn from": rows.learn, "to know when to stop": rows.validation, "for the test": rows.test}
    there = {what: belonging.of(part) for what, part in parts.items() if len(part)}
    if belonging.groups is not None:
        numbers = [
            f"{len(set(found.groups.codes.tolist())):,} {what}"
            for what, found in there.items()
            if found.groups
        ]
        several = "parts or folds" if folds else "parts"
        if not belonging.groups.column:
            return (f"Rows that differ: {', '.join(numbers)}.",)
        return (f"Groups of {belonging.groups.column!r}: {', '.join(numbers)}; none is in two {several}.",)
    if belonging.times is not None:
        spans = [f"{found.times.span} {what}" for what, found in there.items() if found.times]
        return (f"In the order of {belonging.times.column!r}: {', '.join(spans)}.",)
    return ()
