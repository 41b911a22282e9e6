"""Which rows a trial learns from and which it is judged by: several splits, equal rows always on one side."""

from dataclasses import dataclass

import numpy as np

from chainrule.random import Draws

HELD = 0.25  # the share that a trial is judged by


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows a trial learns from, and which judge it.

    Attributes:
        learning: Numbers of rows.
        choosing: Likewise.
        share: Which share of all rows both are together: batches are made smaller likewise, so that an epoch has as
            many steps as it had.
    """

    learning: np.ndarray
    choosing: np.ndarray
    share: float = 1.0


def kinds_of(y: np.ndarray, most: int = 50) -> np.ndarray | None:
    """Return a number for each row that says its class, where there are few kinds of targets; else None."""
    flat = y.reshape(len(y), -1)
    _, kinds = np.unique(flat, axis=0, return_inverse=True)
    kinds = kinds.reshape(-1)
    return kinds if kinds.max(initial=0) < min(most, len(y) // 4) else None


def groups_of(tables: list[np.ndarray]) -> np.ndarray:
    """Return a number for each row, the same for rows that are equal."""
    numbers: dict[bytes, int] = {}
    parts = [np.ascontiguousarray(t).reshape(len(t), -1) for t in tables]
    rows = zip(*[(part + np.zeros((), part.dtype)) for part in parts], strict=True)  # -0 is 0
    return np.array([numbers.setdefault(b"".join([x.tobytes() for x in row]), len(numbers)) for row in rows])


def splits(
    groups: np.ndarray, kinds: np.ndarray | None, count: int, seed: int, most: int
) -> tuple[Split, ...]:
    """Return several splits of the rows.

    Args:
        groups: A number for each row; those of one number stay together.
        kinds: The class of each row, of which each side gets its share; None for numbers.
        count: How many splits.
        seed: Decides them.
        most: How many rows there are at most, on both sides together.
    """
    found = []
    for number in range(count):
        order = Draws(seed, "doctor", number).permutation(len(groups))
        first = np.unique(groups[order], return_index=True)[1]  # of each group, where it stands in this order
        place = np.empty(groups.max(initial=0) + 1)
        place[groups[order][first]] = first
        ranked = order[np.argsort(place[groups[order]], kind="stable")]  # groups together, in a random order
        if kinds is not None:
            quota = np.empty(len(groups))
            for kind in np.unique(kinds):
                rows = ranked[kinds[ranked] == kind]
                quota[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
            by_group = np.full(groups.max(initial=0) + 1, np.inf)
            np.minimum.at(by_group, groups, quota)
            ranked = ranked[np.argsort(by_group[groups[ranked]], kind="stable")]
        ranked = ranked[:most] if kinds is None else _thinned(ranked, most)
        cut = max(1, min(len(ranked) - 1, round(HELD * len(ranked))))
        while cut < len(ranked) - 1 and groups[ranked[cut]] == groups[ranked[cut - 1]]:
            cut += 1  # or equal rows would stand on both sides
        found.append(Split(np.sort(ranked[cut:]), np.sort(ranked[:cut]), len(ranked) / len(groups)))
    return tuple(found)


def _thinned(ranked: np.ndarray, most: int) -> np.ndarray:
    """Return so many of the rows at most, evenly from all of them."""
    if len(ranked) <= most:
        return ranked
    return ranked[np.linspace(0, len(ranked) - 1, most).astype(np.int64)]
