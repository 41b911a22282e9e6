"""What a rule suspects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change
from chainrule.explaining.doctor.verdict import Severity


@dataclass(frozen=True, eq=False)
class Suspicion:
    """One cause that a training may suffer from.

    Attributes:
        cause: Its name, "learning_rate_too_high" or the like; ``docs/doctor.md`` lists all.
        weight: From 0 to 1, how strongly the symptom alone speaks for this cause and no other: of changes that mend a
            training as well, that of the heaviest suspicion is told.
        finding: A sentence or two for a learner: what is wrong, and the numbers by which it is known.
        evidence: The numbers alone, short.
        change: What would mend it, which is tried; None where nothing can be tried.
        certain: Whether the symptom proves it, so that it is told whatever the trial says.
        severity: Of a certain one; that of others follows from what the change gains.
        last: Whether it is told only where no change mends the training ("no signal").
    """

    cause: str
    weight: float
    finding: str
    evidence: str
    change: Change | None = None
    certain: bool = False
    severity: Severity = "critical"
    last: bool = False


Rule = Callable[[Case], Iterator[Suspicion]]
