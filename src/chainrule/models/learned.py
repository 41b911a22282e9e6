"""Whether a model has seen the rows of a table before: what it learned from, as a sketch of a few thousand numbers."""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import plain
from chainrule.errors import FileFormatError

FLATTERED = (
    "among those that the network learned from, so these scores flatter: "
    "its summary has those of rows that it never saw."
)
KEPT = 2048  # numbers of a sketch: 16 kB
_FEWEST = 20  # rows that tell a share, where not all are known
_MORE = 0.2  # how much larger the share of known rows is than by chance, where it is worth a word


@dataclass(frozen=True, eq=False)
class Learned:
    """The rows that a network learned from: of the checksums of all rows the smallest (a bottom-k sketch, Broder 1997).

    Attributes:
        checksums: So many of them, sorted, shape (at most 2048,).
        whole: Whether these are all.
        alike: Which share of rows it knows that it never saw, as rows are alike.
    """

    checksums: np.ndarray
    whole: bool
    alike: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        text = base64.b64encode(self.checksums.astype("<u8").tobytes()).decode()
        return {"checksums": text, "whole": self.whole, "alike": self.alike}

    @classmethod
    def from_dict(cls, data: Any) -> "Learned":
        """Return what :meth:`to_dict` wrote; FileFormatError if it is anything else."""
        parts = plain.read(dict[str, Any], data, "learned")
        try:
            found = np.frombuffer(base64.b64decode(parts["checksums"], validate=True), "<u8")
        except (KeyError, TypeError, ValueError):
            raise FileFormatError("learned: its checksums are none.") from None
        whole, alike = (
            plain.read(bool, parts.get("whole"), "whole"),
            plain.read(float, parts.get("alike"), "alike"),
        )
        return cls(np.sort(found.astype(np.uint64)), whole, alike)


def learned_from(features: np.ndarray, alike: float = 0.0) -> Learned:
    """Return what is kept of the rows to learn from, given as features of shape (rows, width)."""
    found = np.unique(_checksums(features))
    return Learned(found[:KEPT], len(found) <= KEPT, alike)


def alike_by_chance(features: np.ndarray, never_seen: tuple[np.ndarray, Any] | None) -> float:
    """Return which share of rows that were not learned from is known all the same, as some are alike."""
    if never_seen is None:
        return 0.0
    return float(np.isin(_checksums(never_seen[0]), _checksums(features)).mean())


def share_known(learned: Learned, features: np.ndarray) -> float | None:
    """Return which share of some rows was learned from; None where too few can be told.

    >>> rows = np.arange(12, dtype=np.float32).reshape(6, 2)
    >>> share_known(learned_from(rows), np.vstack([rows[:1], rows[:1] + 1]))
    0.5
    """
    found = _checksums(features)
    if not learned.whole:
        found = found[found <= learned.checksums[-1]]
        if len(found) < _FEWEST:
            return None
    return float(np.isin(found, learned.checksums).mean()) if len(found) else None


def about_known(learned: Learned, features: np.ndarray) -> str:
    """Say how many of some rows were learned from, as far as a sentence goes without its verb; "" for few."""
    share, rows = share_known(learned, features), len(features)
    if share is None or share < learned.alike + _MORE:
        return ""
    if share == 1:
        return f"All {rows:,} rows are" if rows > 1 else "This row is"
    return (
        f"{round(share * rows):,} of {rows:,} rows are"
        if learned.whole
        else f"About {share:.0%} of the rows are"
    )


def _checksums(features: np.ndarray) -> np.ndarray:
    """Return a number for each row by the bits of its features; the same features have the same number."""
    bits = np.ascontiguousarray(features, np.float32) + np.float32(0)  # -0 is 0
    total = np.zeros(len(bits), np.uint64)
    for position, column in enumerate(bits.T):
        odd = _mixed(np.array([position + 1], np.uint64)) | np.uint64(1)
        total += np.ascontiguousarray(column).view(np.uint32) * odd
    return _mixed(total)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Return numbers of which all bits depend on all bits (SplitMix64, Steele et al. 2014)."""
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))
