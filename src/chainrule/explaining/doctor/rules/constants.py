"""Columns that hold one number."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.rules.looking import Column, columns, seen, several
from chainrule.explaining.doctor.suspicions import Suspicion

NEARLY = 0.985  # of the rows hold the same number
WELL = 0.8  # a skill on rows held back beyond which nothing was lost that matters


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect columns that are constant, where they vary among the rows to validate on or where too few are left."""
    every = list(columns(case))
    if not every:
        return
    fixed = [c for c in every if mode_share(c.values) >= NEARLY]
    fixed = [c for c in fixed if not _is_category(c, every)]
    if not fixed:
        return
    names = several([c.name for c in fixed])
    if case.validation is not None:
        varied = [c for c in fixed if np.ptp(c.values) == 0 and _varies(case.validation[0], c)]
        if varied:
            names = several([c.name for c in varied])
            told = f"{names}: one number in all rows to learn from, many where it is validated"
            yield Suspicion("constant_features", 0.97, f"Columns were lost: {told}.", told, certain=True)
            return
    share = len(fixed) / len(every)
    picture = any(t.ndim > 3 for t in case.inputs.values())
    if share < (0.6 if picture or len(every) > 30 else 0.15) or max(case.held, seen(case).probe.skill) > WELL:
        return
    told = f"{len(fixed)} of {len(every)} columns hold the same number in (almost) every row: {names}"
    yield Suspicion(
        "constant_features",
        0.93 if share >= 0.3 else 0.6,
        f"Columns that should say something are constant: {told}. Look at how they were made: a division of whole "
        "numbers, a cast to int or a failed join?",
        told,
        certain=share >= 0.3,
        severity="critical" if case.held < 0.3 else "warning",
        last=share < 0.3,
    )


def mode_share(values: np.ndarray) -> float:
    """Return the share of the most frequent number."""
    flat = values.reshape(-1)
    if np.ptp(flat) == 0:
        return 1.0
    middle = np.median(flat)  # of one that is nearly constant, the number that it is
    return float(np.mean(flat == middle))


def _varies(tables: object, column: Column) -> bool:
    other = tables[column.input][..., column.number]  # type: ignore[index]
    return mode_share(other) < 0.7


def _is_category(column: Column, every: list[Column]) -> bool:
    """Say whether a column is one of several of which each row has one, as one-hot columns are: nearly 0 by nature."""
    flat = column.values.reshape(-1)
    if np.ptp(flat) == 0 or len(np.unique(flat)) > 2:
        return False
    same = [c for c in every if c.input == column.input and len(np.unique(c.values.reshape(-1)[:400])) <= 2]
    marks = np.array(
        [c.values.reshape(-1) != np.median(c.values) for c in same if mode_share(c.values) > 0.5]
    )
    more = marks.sum(axis=0)
    return bool(len(marks) >= 3 and more.max() <= 1 + len(marks) // 20 and more.mean() > 0.3)
