"""Found groups: rows of one patient or one order, which are alike, so that none may teach what another judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from chainrule.data.categories import MOST_CATEGORIES
from chainrule.data.cells import floats, kind_of
from chainrule.data.kinds import BEARERS, CODES, GROUPS, IDENTIFIERS, KNOWN, LABELS, QUANTITIES, words_of
from chainrule.data.likeness import likeness
from chainrule.data.written import texts_of
from chainrule.shown import counted

Called = Literal["bearer", "known", "unknown"]
FEWEST_GROUPS = 10
LARGEST = 0.2  # of the rows that one group may have
MOST_WITHOUT = 0.1  # of the rows that may have none
LOOKED_AT, SCREENED = 50, 5_000  # input columns, and rows of them
ALIKE = 0.1  # intraclass correlation, from which on rows of one group tell of each other

_POSITIONS = frozenset(("index", "row", "unnamed", "hash"))


@dataclass(frozen=True)
class Repeated:
    """A column whose values name what several rows are of.

    Attributes:
        column: Its name.
        says: Why rows of one value stay together, or that they might.
        sure: Whether they are to.
    """

    column: str
    says: str
    sure: bool = True


@dataclass(frozen=True, eq=False)
class _Candidate:
    name: str
    called: Called
    codes: np.ndarray

    @property
    def groups(self) -> int:
        return int(self.codes.max()) + 1


def repeated(
    frame: pd.DataFrame, truth: np.ndarray, target: Sequence[str], taken: Sequence[str] = ()
) -> Repeated | None:
    """Return the column that says which rows are of the same patient, customer or order, if there is one.

    It is called as such columns are, most of its values are in several rows, and rows of one value are alike, beyond
    chance, in what is predicted or in an input. Known places and things, such as stores, are none: they are the same
    ones in new rows. What might be one is returned as not sure.

    Args:
        frame: The table.
        truth: What is predicted, as numbers, shape (rows, columns).
        target: The columns of the target.
        taken: Columns that are inputs for certain, since their owner said so.
    """
    away = {*target, *taken}
    found = [each for name in frame.columns if name not in away and (each := _candidate(frame[name]))]
    open_ = [each for each in found if each.called != "known"]
    one = next((one for one in open_ if all(_lies_within(other, one) for other in open_)), None)
    if one is None:  # users and sessions that do not lie within one of them: either may be new
        names = [each.name for each in open_ if _alike(each, truth) >= ALIKE and each.called == "bearer"]
        return Repeated(names[0], _perhaps(names[0]), sure=False) if names else None
    of_target = _alike(one, truth)
    crossed = any(
        each.groups > MOST_CATEGORIES and not _lies_within(each, one) and _alike(each, truth) >= ALIKE
        for each in found
        if each.called == "known"
    )
    if one.called == "bearer" or one.groups > MOST_CATEGORIES:
        sure = not crossed and max(of_target, _of_inputs(frame, one, away)) >= ALIKE
    else:  # it would be an input, so it costs something to leave it out
        sure = of_target > 1 - 1e-9
    if not sure:
        return Repeated(one.name, _perhaps(one.name), sure=False) if of_target >= ALIKE else None
    return Repeated(
        one.name,
        f"{counted(one.groups, 'value')} of {one.name!r} are in several rows each, and such rows are alike: they stay "
        f"together, so that the scores are those for new ones. If new rows are of the same ones: group='none'.",
    )


def _alike(one: _Candidate, truth: np.ndarray) -> float:
    return float(likeness(one.codes, truth).max())


def _perhaps(name: str) -> str:
    return (
        f"Rows with the same {name!r} are alike. If new rows are of others, keep them together, or the scores "
        f"flatter: group={name!r}."
    )


def _candidate(cells: pd.Series) -> _Candidate | None:
    """Return a column that may name what several rows are of."""
    called = _called(str(cells.name))
    if called is None or kind_of(cells) == "date" or len(cells) < 2 * FEWEST_GROUPS:
        return None
    if kind_of(cells) == "number" and (floats(cells[cells.notna()]) % 1).any():
        return None
    codes, values = pd.factorize(texts_of(cells))
    without = codes < 0
    codes = np.where(without, len(values), codes)
    sizes = np.bincount(codes[~without], minlength=1)
    several = sizes[sizes > 1].sum()
    fits = (
        without.mean() <= MOST_WITHOUT
        and len(sizes) >= FEWEST_GROUPS
        and 2 * several >= len(cells)
        and sizes.max() <= LARGEST * len(cells)
    )
    return _Candidate(str(cells.name), called, codes) if fits else None


def _called(name: str) -> Called | None:
    """Tell by the name of a column what it identifies; None if its name is that of no identifier.

    >>> _called("patient_id"), _called("order_id"), _called("store_id"), _called("customer_age")
    ('bearer', 'unknown', 'known', None)
    """
    words = {word for word in words_of(name) if not word.isdigit()}
    bare = {
        word.removesuffix("id") if word.removesuffix("id") in BEARERS else word for word in words - LABELS
    }
    if bare and bare <= BEARERS:
        return "bearer"
    if not IDENTIFIERS.fullmatch(name) or words & _POSITIONS or bare & (CODES | QUANTITIES):
        return None
    if bare & (GROUPS | KNOWN):
        return "known"
    return "unknown" if bare else "bearer"


def _lies_within(fine: _Candidate, coarse: _Candidate) -> bool:
    """Tell whether all rows of one value of a column have one value of another."""
    pairs = len(np.unique(fine.codes * (coarse.groups + 1) + coarse.codes))
    return pairs == len(np.unique(fine.codes))


def _of_inputs(frame: pd.DataFrame, one: _Candidate, away: set[str]) -> float:
    """Return how alike rows of one group are in the input in which they are most so."""
    some = one.codes % -(-len(frame) // SCREENED) == 0  # whole groups
    frame, codes = frame[some], np.unique(one.codes[some], return_inverse=True)[1]
    if not 1 < len(np.unique(codes)) < len(codes):
        return 0.0
    names = [name for name in frame.columns if name not in away and name != one.name]
    columns = [_ranked(frame[name]) for name in names[:: max(1, -(-len(names) // LOOKED_AT))]]
    there = [column for column in columns if column is not None]
    return float(likeness(codes, np.column_stack(there)).max()) if there else 0.0


def _ranked(cells: pd.Series) -> np.ndarray | None:
    """Return a column of numbers as ranks, or of categories as whether they are the most frequent; None of others."""
    if kind_of(cells) == "number":
        return np.asarray(cells.rank().fillna((len(cells) + 1) / 2).to_numpy(), dtype=float)
    codes, values = pd.factorize(cells)
    if kind_of(cells) == "date" or not 1 < len(values) <= len(cells) / 3:
        return None
    return (codes == np.bincount(codes[codes >= 0]).argmax()).astype(float)
