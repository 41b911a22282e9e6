"""What rows say of targets, whoever learns them: two plain learners, each row predicted by what did not see it.

A straight line through features that curves were put among, and the mean of the nearest rows. They train no network, so
they tell what is in the data from what is in the training.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.random import Draws

ROWS, FEATURES, CURVES, FOLDS = 900, 96, 120, 4
PRICES = (0.3, 3.0, 30.0, 300.0)  # of the size of a line's weights: that which serves best is taken
NEAR = (5, 15, 40)


@dataclass(frozen=True, eq=False)
class Probe:
    """How well rows can be told from rows.

    Attributes:
        rows: Which rows were looked at.
        wanted: Their targets, a column for each class or number, of mean 0 and, where they are numbers, deviation 1.
        said: What was predicted for each, by learners that did not see it.
        skill: The share of the variance that is told, at most 1; about 0 where the rows say nothing.
    """

    rows: np.ndarray
    wanted: np.ndarray
    said: np.ndarray
    skill: float


def features(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return rows of numbers for inputs of any kind: ranks, so that no scale and no outlier counts."""
    parts = []
    for table in inputs.values():
        flat = np.asarray(table).reshape(len(table), -1)
        if table.dtype.kind in "iu":
            flat = counted(flat)
        parts.append(flat.astype(np.float64))
    return ranked(np.concatenate(parts, axis=1))


def counted(words: np.ndarray, most: int = 256) -> np.ndarray:
    """Return how often each of the most frequent words is in each row of whole numbers."""
    values, counts = np.unique(words, return_counts=True)
    kept = np.sort(values[np.argsort(-counts, kind="stable")[:most]])
    place = np.minimum(np.searchsorted(kept, words), len(kept) - 1)
    found = np.zeros((len(words), len(kept)))
    row, column = np.nonzero(kept[place] == words)
    np.add.at(found, (row, place[row, column]), 1.0)
    return found


def ranked(table: np.ndarray) -> np.ndarray:
    """Return each column as ranks from -1.7 to 1.7, those of one number left out."""
    table = np.nan_to_num(table, nan=0.0, posinf=1e300, neginf=-1e300)
    order = np.argsort(table, axis=0, kind="stable")
    rows, columns = table.shape
    ranks = np.empty(table.shape)
    steps = np.arange(rows, dtype=np.float64)
    kept = []
    for j in range(columns):
        column = table[order[:, j], j]
        starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
        if len(starts) < 2:
            continue
        kept.append(j)
        lengths = np.diff(np.r_[starts, rows])
        ranks[order[:, j], j] = np.repeat(steps[starts] + (lengths - 1) / 2, lengths)
    ranks = ranks[:, kept]
    ranks -= ranks.mean(axis=0)
    return np.asarray(ranks / np.maximum(ranks.std(axis=0), 1e-12))


def wanted_of(y: np.ndarray, kind: str) -> np.ndarray:
    """Return targets as columns: one for each class, label or number."""
    flat = np.asarray(y, np.float64).reshape(len(y), -1)
    if kind == "classes" and flat.shape[1] == 1:
        values = np.unique(flat)
        flat = (flat == values).astype(np.float64)
        flat = flat[:, 1:] if len(values) == 2 else flat
    flat = flat - flat.mean(axis=0)
    deviation = flat.std(axis=0)
    flat = flat[:, deviation > 0][:, :32]
    return flat / flat.std(axis=0) if kind == "numbers" and flat.size else flat


def chosen(count: int, seed: int = 0) -> np.ndarray:
    """Return the numbers of the rows that are looked at."""
    order = Draws(seed, "probed").generator().permutation(count) if count > ROWS else np.arange(count)
    return np.sort(order[:ROWS])


def probe(
    z: np.ndarray, wanted: np.ndarray, groups: np.ndarray | None = None, curves: bool = True, seed: int = 0
) -> Probe:
    """Predict each row by learners that did not see it, and return what the better of them said.

    Args:
        z: Features, of mean 0 and deviation 1.
        wanted: Columns to predict, of mean 0.
        groups: A number for each row: rows of one number are seen together or not at all.
        curves: Whether to look for more than straight lines.
        seed: Of the rows that are looked at, and the folds.
    """
    rng = Draws(seed, "probe").generator()
    rows = chosen(len(z), seed)
    z, wanted = z[rows], wanted[rows]
    if z.shape[1] > FEATURES:
        z = z @ (rng.normal(size=(z.shape[1], FEATURES)) / np.sqrt(z.shape[1]))
    if not wanted.shape[1] or not z.shape[1] or len(z) < 2 * FOLDS:
        return Probe(rows, wanted, np.zeros_like(wanted), 0.0)
    fold = rng.permutation(len(z)) % FOLDS
    if groups is not None:
        fold = (rng.permutation(int(groups.max()) + 1) % FOLDS)[groups[rows]]
    best = np.zeros_like(wanted)
    for said in [*_lines(_curved(z, rng) if curves else z, wanted, fold), *_neighbours(z, wanted, fold)]:
        if _left(wanted, said) < _left(wanted, best):
            best = said
    return Probe(rows, wanted, best, 1 - _left(wanted, best))


def trimmed(
    z: np.ndarray, wanted: np.ndarray, seed: int = 0, kept: float = 0.6, rounds: int = 4
) -> np.ndarray:
    """Predict each row by a line through those rows alone that such lines predict best, and not by itself.

    As least trimmed squares (Rousseeuw 1984): targets that are wrong draw it little.
    """
    rng = Draws(seed, "trimmed").generator()
    curved = _curved(z, rng)
    fold = rng.permutation(len(z)) % FOLDS
    good = np.ones(len(z), bool)
    best = wanted * 0
    for _ in range(rounds):
        said = _lines(curved, wanted, fold, good)
        best = min(said, key=lambda each: float(np.median(np.sum((wanted - each) ** 2, axis=1))))
        left = np.sum((wanted - best) ** 2, axis=1)
        good = left <= np.quantile(left, kept)
    return best


def _left(wanted: np.ndarray, said: np.ndarray) -> float:
    return float(np.mean((wanted - said) ** 2) / max(np.mean(wanted**2), 1e-300))


def _curved(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put random bends beside features: cosines of random mixtures (Rahimi & Recht 2007), narrow ones and wide ones."""
    width = np.repeat([0.5, 1.5], CURVES // 2) / np.sqrt(z.shape[1]) * min(2.0, np.sqrt(z.shape[1]))
    mixed = z @ (rng.normal(size=(z.shape[1], CURVES)) * width) + rng.uniform(0, 2 * np.pi, CURVES)
    return np.concatenate([z, np.cos(mixed)], axis=1)


def _lines(
    z: np.ndarray, wanted: np.ndarray, fold: np.ndarray, good: np.ndarray | None = None
) -> list[np.ndarray]:
    found = [np.zeros_like(wanted) for _ in PRICES]
    for k in range(FOLDS):
        held = fold == k
        rows = ~held if good is None else ~held & good
        if not rows.any() or not held.any():
            continue
        seen, middle, mean = z[rows], z[rows].mean(axis=0), wanted[rows].mean(axis=0)
        seen = seen - middle
        values, vectors = np.linalg.eigh(seen.T @ seen)
        turned = vectors.T @ (seen.T @ (wanted[rows] - mean))
        ahead = (z[held] - middle) @ vectors
        for said, price in zip(found, PRICES, strict=True):
            said[held] = mean + ahead @ (turned / (np.maximum(values, 0) + price)[:, None])
    return found


def _neighbours(z: np.ndarray, wanted: np.ndarray, fold: np.ndarray) -> list[np.ndarray]:
    square = np.sum(z**2, axis=1)
    far = square[:, None] + square - 2 * (z @ z.T)
    far[fold[:, None] == fold] = np.inf
    most = min(max(NEAR), int(np.isfinite(far).sum(axis=1).min()))
    if most < 1:
        return []
    order = np.argpartition(far, most - 1, axis=1)[:, :most]
    order = np.take_along_axis(order, np.argsort(np.take_along_axis(far, order, 1), axis=1), 1)
    return [wanted[order[:, :k]].mean(axis=1) for k in NEAR if k <= most]
