"""Rows that are validated on and learned from."""

from collections.abc import Iterator, Mapping

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.suspicions import Suspicion

LEARNED, HELD, NUMBERS = 3000, 600, 256  # rows and numbers of each that are looked at, at most
SHARE = 0.08  # of the rows to validate on
CHANCE = 0.02  # of a row to be so near to another by chance
NEARS = (0.0, 0.1, 0.3)  # of the distance of the twentieth nearest: nearer are copies


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect rows that stand on both sides of the split, or would by the share that is held back."""
    learned = flat_rows(case.inputs)
    middle, scale = learned.mean(axis=0), learned.std(axis=0)
    scale[scale == 0] = 1
    learned = (learned - middle) / scale
    if len(learned) < 20 or not np.ptp(learned, axis=0).any():
        return
    if case.validation is not None:
        inputs, targets = case.validation
        yield from _beside(case, learned, (flat_rows(inputs) - middle) / scale, targets)
    elif case.job.validation_split:
        share = repeated(learned, np.asarray(case.targets, np.float64).reshape(case.rows, -1))
        if share >= 2 * SHARE:
            told = f"{share:.0%} of the {case.rows:,} rows stand there more than once"
            yield _suspicion(told, f"validation_split={case.job.validation_split:g} draws rows of both kinds")


def _beside(case: Case, learned: np.ndarray, held: np.ndarray, targets: np.ndarray) -> Iterator[Suspicion]:
    y = np.asarray(case.targets, np.float64).reshape(len(learned), -1)
    v = np.asarray(targets, np.float64).reshape(len(held), -1)
    if y.shape[1] != v.shape[1] or not len(held):
        return
    step = -(-len(held) // HELD)
    some, told_v = held[::step], v[::step]
    thin = -(-len(learned) // 20000)
    best, nearest = _nearest(some, learned[::thin])
    wanted = y[::thin]
    spread = wanted.std(axis=0) + 1e-12
    again = np.max(np.abs(wanted[nearest] - told_v) / spread, axis=1) < 0.1
    own = learned[:: -(-len(learned) // LEARNED)]
    base, _ = _nearest(own, own, itself=True)
    usual, far = _usual(own)
    dimension = np.log(4) / max(np.log(max(far, 1e-12) / max(usual, 1e-12)), 0.05)
    for near in NEARS:
        if near and 20 * near**dimension > CHANCE:
            continue
        limit = near * far + 1e-9
        close = best <= limit
        share, among = float(np.mean(close)), float(np.mean(base <= limit))
        if share < SHARE or close.sum() < 3 or np.mean(again[close]) < 0.85:
            continue
        more = share > 2 * among + 0.05 and share - among > 3 * np.sqrt(share / len(some))
        if not more and not (among > 2 * SHARE and not by_chance(own)):
            continue
        kind = "are" if near == 0 else "are nearly"
        told = (
            f"{round(share * len(held)):,} of the {len(held):,} rows to validate on {kind} rows to learn from"
        )
        yield _suspicion(told, "their targets are the same as well")
        return


def _suspicion(told: str, also: str) -> Suspicion:
    return Suspicion(
        "duplicates_across_split",
        0.96,
        f"The validation is too good: {told}; {also}. Take the rows to validate on out of those to "
        "learn from, and leave copies out before the split: "
        "rows = np.unique(X, axis=0, return_index=True)[1]; X, y = X[rows], y[rows].",
        told,
        certain=True,
        severity="warning",
    )


def flat_rows(tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return all inputs as rows of numbers: of very wide ones so many, evenly."""
    flat = np.concatenate(
        [np.asarray(t, np.float64).reshape(len(t), -1) for t in tables.values()],
        axis=1,
    )
    return flat[:, :: -(-flat.shape[1] // NUMBERS)] if flat.shape[1] > NUMBERS else flat


def _nearest(asked: np.ndarray, known: np.ndarray, itself: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the nearest known row is from each, and which it is; not itself where they are the same."""
    distance, place = np.empty(len(asked)), np.empty(len(asked), np.int64)
    square = np.sum(known**2, axis=1)
    for start in range(0, len(asked), 256):
        block = asked[start : start + 256]
        far = np.sum(block**2, axis=1)[:, None] + square - 2 * (block @ known.T)
        if itself:
            far[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        best = far.argmin(axis=1)
        place[start : start + 256] = best
        distance[start : start + 256] = np.sqrt(np.sum((block - known[best]) ** 2, axis=1))
    return distance, place


def _usual(rows: np.ndarray) -> tuple[float, float]:
    """Return how far the fifth and the twentieth nearest of different rows are, in the middle."""
    different = np.unique(rows, axis=0)
    some = different[:: -(-len(different) // 200)]
    far = np.sum(some**2, axis=1)[:, None] + np.sum(different**2, axis=1) - 2 * (some @ different.T)
    ordered = np.sqrt(np.maximum(np.sort(far, axis=1), 0))
    last = ordered.shape[1] - 1
    return float(np.median(ordered[:, min(5, last)])), float(np.median(ordered[:, min(20, last)]))


def repeated(rows: np.ndarray, targets: np.ndarray) -> float:
    """Return the share of rows that stand there again, with the same targets; 0 where that may be chance."""
    if by_chance(rows):
        return 0.0
    both = np.concatenate([rows, targets], axis=1)
    _, place, counts = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    return float(np.mean(counts[place.reshape(-1)] > 1))


def by_chance(rows: np.ndarray) -> bool:
    """Say whether equal rows may be so by chance: there are few different numbers in each column.

    Columns that go together make it likelier than their product says, so that a root of it is taken.
    """
    logarithm = 0.0
    for column in np.unique(rows, axis=0).T:
        counts = np.unique(column, return_counts=True)[1] / len(column)
        if len(counts) > 0.6 * len(column):
            return False  # a column of nearly as many numbers as rows never is the same twice
        logarithm += float(np.log(np.sum(counts**2)))
    return len(rows) * float(np.exp(0.7 * logarithm)) > 0.01
