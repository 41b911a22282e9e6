"""Where a model is worse than elsewhere by more than chance: parts of the rows, and what was lost in each row.

Many parts are looked at, and the worst of many looks bad by chance alone. So the losses are shuffled over the rows, a
thousand times: a part counts that is worse than the worst of nearly all shuffles (Westfall & Young 1993, maxT), which
holds whatever the losses are like, and however the parts overlap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.random import Draws, quantiles

SHUFFLES = 999
AT_ONCE = 111  # shuffles, whose losses stand in memory together
FEWEST = 20  # rows of a part: of fewer nothing is known
ALIKE = 0.8  # of the rows of either that two parts share which say the same
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the rows.

    Attributes:
        column: What they are alike in.
        where: Their value or range of it, as text.
        rows: Which they are, (rows,) of truth values.
    """

    column: str
    where: str
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Worse:
    """A part of the rows in which more is lost than elsewhere.

    Attributes:
        part: Which.
        chance: How often the worst part of shuffled losses is as bad.
        also: Parts that hold nearly the same rows.
    """

    part: Part
    chance: float
    also: tuple[Part, ...] = ()


def plainly(value: float) -> str:
    """Write a number with as few digits as tell.

    >>> plainly(2.0), plainly(1987.0), plainly(216812.5), plainly(0.123456)
    ('2', '1987', '216,812', '0.1235')
    """
    if 1e4 <= abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:.6g}" if value % 1 == 0 or abs(value) >= 1000 else f"{value:.4g}"


def parts_of_numbers(
    column: str, values: np.ndarray, write: Callable[[float], str] = plainly, pieces: int = 5
) -> list[Part]:
    """Return the parts of rows by a column of numbers: each of few values, else ranges that hold as many rows each.

    Args:
        column: What it is called.
        values: The numbers, (rows,); NaN is a part of its own, "missing".
        write: Writes one of them.
        pieces: How many ranges.

    >>> [part.where for part in parts_of_numbers("age", np.array([1.0, 2.0, 2.0, np.nan]))]
    ['missing', '1', '2']
    """
    gap = np.isnan(values)
    found = [Part(column, "missing", gap)] if gap.any() else []
    there = values[~gap]
    if not len(there):
        return found
    known = np.unique(there)
    if len(known) <= 2 * pieces:
        return [*found, *(Part(column, write(value), values == value) for value in known)]
    edges = np.unique(np.quantile(there, np.linspace(0, 1, pieces + 1)[1:-1], method="higher"))
    place = np.where(gap, -1, np.searchsorted(edges, values, side="right"))
    for number in range(len(edges) + 1):
        inside = place == number
        if inside.any():
            low, high = values[inside].min(), values[inside].max()
            found.append(
                Part(column, write(low) if low == high else f"{write(low)} to {write(high)}", inside)
            )
    return found


def worse_than_chance(
    losses: np.ndarray, parts: Sequence[Part], *, seed: int = 0, below: float = 1 - LEVEL, most: int = 10
) -> list[Worse]:
    """Return the parts in which more is lost than chance gives, the surest first, which stands for those like it, too.

    Args:
        losses: What was lost in each row, (rows,): 1 where a class is wrong, or how far a number is off.
        parts: Those that are looked at, each of at least :data:`FEWEST` rows.
        seed: Decides the shuffles.
        below: The chance that any part is named where all are alike.
        most: How many are returned.

    >>> rows = np.arange(200)
    >>> parts = [Part("town", "Bern", rows < 50), Part("town", "Basel", rows >= 50)]
    >>> [each.part.where for each in worse_than_chance((rows < 40) * 1.0, parts)]
    ['Bern']
    """
    losses = np.asarray(losses, np.float64)
    if not parts or not len(losses) or not losses.std() > 0:
        return []
    rows, inside = len(losses), np.stack([part.rows for part in parts]).astype(np.float32)
    counts = inside.sum(axis=1, dtype=np.float64)
    # the spread of the sum over so many rows that are drawn without putting back
    spread = np.sqrt(counts * (rows - counts) / max(rows - 1, 1))
    standard = ((losses - losses.mean()) / losses.std()).astype(np.float32)
    seen = inside @ standard / spread
    worst = np.concatenate(
        [(inside @ shuffled / spread[:, None]).max(axis=0) for shuffled in _shuffled(standard, seed)]
    )
    chances = (1 + (worst[None, :] >= seen[:, None] - 1e-6).sum(axis=1)) / (1 + len(worst))
    found: list[Worse] = []
    for i in np.lexsort((-seen, chances)):
        if chances[i] > below:
            break
        same = next((n for n, each in enumerate(found) if _alike(each.part, parts[i])), None)
        if same is not None:
            found[same] = Worse(found[same].part, found[same].chance, (*found[same].also, parts[i]))
        elif len(found) < most:
            found.append(Worse(parts[i], float(chances[i])))
    return found


def _shuffled(losses: np.ndarray, seed: int) -> list[np.ndarray]:
    """Return the losses in other orders, (rows, shuffles) each."""
    draw = Draws(seed, "slices").generator()
    return [
        np.stack([draw.permutation(losses) for _ in range(AT_ONCE)], axis=1)
        for _ in range(SHUFFLES // AT_ONCE)
    ]


def _alike(one: Part, other: Part) -> bool:
    both = float((one.rows & other.rows).sum())
    return both >= ALIKE * max(int(one.rows.sum()), int(other.rows.sum()))


def share_between(right: int, rows: int) -> tuple[float, float]:
    """Return the interval of 95 % of a share (Wilson 1927), which holds for few rows and near 0 and 1, too.

    >>> low, high = share_between(18, 20)
    >>> round(low, 3), round(high, 3)
    (0.699, 0.972)
    """
    z = float(quantiles(np.array([(1 + LEVEL) / 2]))[0])
    share, more = right / rows, z * z / rows
    middle = (share + more / 2) / (1 + more)
    reach = z * np.sqrt(share * (1 - share) / rows + more / (4 * rows)) / (1 + more)
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))


def mean_between(values: np.ndarray) -> tuple[float, float]:
    """Return the interval of 95 % of the mean of positive numbers, such as errors: Student's, of its logarithm.

    Errors are skewed: few are large. The logarithm of their mean is nearly normal sooner than the mean is.

    >>> low, high = mean_between(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    >>> low < 3.0 < high and low > 0
    True
    """
    mean, rows = float(values.mean()), len(values)
    spread = float(values.std(ddof=1)) / np.sqrt(rows) if rows > 1 else np.inf
    if not mean > 0:
        return mean, mean
    reach = _student(rows - 1) * spread / mean
    return mean * float(np.exp(-reach)), mean * float(np.exp(min(reach, 700.0)))


def _student(freedom: int) -> float:
    """Return how many standard errors hold 95 %, by Student's distribution (its expansion by Cornish & Fisher)."""
    z = float(quantiles(np.array([(1 + LEVEL) / 2]))[0])
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
