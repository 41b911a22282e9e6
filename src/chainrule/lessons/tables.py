"""The numbers of the lessons: what each must come to, what a lecture prints, and which answers are right.

They stand in ``numbers/LESSON.toml``, not in a lesson's code, so that who reads a lesson computes and is not told.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import UnknownNameError

FOLDER = Path(__file__).parent
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Entry:
    """What is known of a number.

    Attributes:
        exact: What it must come to.
        rows: The rows of the lectures that it is in.
        printed: What a lecture prints, as printed.
        why: Where that is wrong, why.
        tolerance: How far each element of ours may be from it, as a share of it. Rounding is free: ``TOLERANCE`` of the
            largest element, of 1 where all are 0.
    """

    exact: Any
    rows: tuple[str, ...] = ()
    printed: str = ""
    why: str = ""
    tolerance: float = TOLERANCE

    def meets(self, value: Any) -> bool:
        """Say whether a value is what it must be."""
        exact = np.asarray(self.exact, np.float64)
        rounding = TOLERANCE * (np.abs(exact[np.isfinite(exact)]).max(initial=0.0) or 1.0)
        return np.shape(value) == exact.shape and bool(
            np.allclose(value, exact, rtol=self.tolerance, atol=rounding)
        )

    def verdict(self, value: Any) -> str:
        """Say how what a lecture prints relates to what was computed."""
        if not self.printed:
            return ""
        says = f"the lecture prints {self.printed}"
        digits = len(self.printed.partition(".")[2])
        off = abs(float(value) - float(self.printed))
        if off <= 0.5 * 10.0**-digits * (1 + 1e-9):
            return says
        if self.why:
            return f"{says}: {self.why}"
        return f"{says}: its last digit comes from factors rounded before"


@dataclass(frozen=True)
class Answers:
    """A right answer to an exercise, and wrong ones with what is said to each."""

    answer: Any
    wrong: tuple[tuple[Any, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """What is known of a lesson.

    Attributes:
        name: That of its file.
        rows: The rows of the lectures that it makes true, by the title of the section that does.
        numbers: Its numbers, by label.
        answers: The answers to its exercises, by name.
    """

    name: str
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, Entry] = field(default_factory=dict)
    answers: Mapping[str, Answers] = field(default_factory=dict)

    def entry(self, label: str) -> Entry:
        """Return what is known of a number."""
        return self._of(self.numbers, label, "numbers")

    def answers_to(self, exercise: str) -> Answers:
        """Return the answers to an exercise."""
        return self._of(self.answers, exercise, "exercises")

    def _of(self, among: Mapping[str, Any], label: str, kind: str) -> Any:
        if label not in among:
            raise UnknownNameError(f"numbers/{self.name}.toml has no {label!r} under {kind}.")
        return among[label]


@cache
def table(name: str) -> Table:
    """Return the table of a lesson; an empty one where it has none."""
    file = FOLDER / "numbers" / f"{name}.toml"
    if not file.is_file():
        return Table(name)
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    numbers = {
        label: Entry(**{**entry, "rows": expanded(entry.get("rows", ""))})
        for label, entry in found.get("numbers", {}).items()
    }
    answers = {
        label: Answers(entry["answer"], tuple((a, says) for a, says in entry.get("wrong", ())))
        for label, entry in found.get("exercises", {}).items()
    }
    rows = {title: expanded(listed) for title, listed in found.get("rows", {}).items()}
    return Table(name, rows, numbers, answers)


def expanded(rows: str) -> tuple[str, ...]:
    """Return rows one by one.

    >>> expanded("S3-1..3 S2-X1")
    ('S3-1', 'S3-2', 'S3-3', 'S2-X1')
    """
    found = []
    for each in rows.split():
        lecture, _, place = each.partition("-")
        first, _, last = place.partition("..")
        found += [f"{lecture}-{i}" for i in range(int(first), int(last) + 1)] if last else [each]
    return tuple(found)
