"""What a run keeps for its report beside its scores, held to what each part of it must be: ``views.json``."""

from dataclasses import dataclass
from typing import Any

Texts = tuple[str, ...]
Name = str | int  # of a row: its number in the table, or what it is called there


@dataclass(frozen=True)
class WrongRow:
    """A row that the model was wrong about: its cells, what is true, what was said and how surely, or how far off."""

    row: Name
    cells: Texts
    true: str
    said: str
    sure: float | None = None
    off: float | None = None


@dataclass(frozen=True)
class Wrong:
    """The rows that the model was most wrong about, and some of their columns."""

    says: Texts = ()
    columns: Texts = ()
    rows: tuple[WrongRow, ...] = ()


@dataclass(frozen=True)
class Slice:
    """Rows with one thing in common, of which the model is worse than of the others."""

    column: str
    where: str
    rows: int
    value: float
    interval: tuple[float, ...] | None = None
    p: float | None = None
    also: Texts = ()


@dataclass(frozen=True)
class Slices:
    """The slices that are worse by more than chance, and what was looked at."""

    says: Texts = ()
    metric: str = ""
    overall: float | None = None
    found: tuple[Slice, ...] = ()


@dataclass(frozen=True)
class Important:
    """By how much a metric is worse when one column is shuffled."""

    name: str
    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Importance:
    """What each column matters, the most important first."""

    says: Texts = ()
    metric: str = ""
    columns: tuple[Important, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of an explanation, in the words of ``explain``."""

    title: str = ""
    says: Texts = ()
    heads: Texts = ()
    rows: tuple[Texts, ...] = ()
    left: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Explained:
    """One row, explained forward and backward."""

    row: Name
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class ColumnSeen:
    """A column of the table: what it is, what became of it and why, and what is in it."""

    name: str
    kind: str = ""
    becomes: str = ""
    why: str = ""
    missing: int = 0
    distinct: int | None = None
    low: float | str | None = None
    high: float | str | None = None
    quantiles: tuple[float | str, ...] | None = None
    common: tuple[tuple[Any, ...], ...] | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found: the cause, how bad it is, why it is believed, what to change, and what that gave."""

    cause: str
    sentence: str
    severity: str = "note"
    evidence: Any = ""
    change: str = ""
    trial: Any = None


@dataclass(frozen=True)
class Doctor:
    """What the doctor found, the worst first, and what was tried."""

    says: Texts = ()
    found: tuple[Diagnosis, ...] = ()
    tried: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Calibration:
    """Whether probabilities hold what they promise."""

    verdict: str = ""
    says: str = ""
