"""Units through which nothing is learned: ReLUs that are 0 for every row, sigmoids and tanhs at their flat ends."""

from collections.abc import Iterator, Sequence

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import (
    begun_anew,
    default_initializers,
    has_initializers,
    hidden_activation,
    hidden_kinds,
)
from chainrule.explaining.doctor.insides import Units, oversized, trained_again, units_of
from chainrule.explaining.doctor.suspicions import Suspicion

MANY = 0.5  # of the units of a layer: as many make it suspect


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect layers most of whose units have no slope: as the training began, and as it ended."""
    begun = units_of(case, case.fresh)
    ended = units_of(case, case.trained)
    network = trained_again(case)
    again = units_of(case, network) if network is not None else []
    yield from _dead(case, begun, ended, _worst(again, "rectifying") >= MANY)
    if network is None or _worst(again, "bounded") < MANY or _worst(begun, "bounded") >= MANY:
        yield from _stuck(case, begun, ended)


def _worst(units: Sequence[Units], kind: str) -> float:
    found = [u.dead if kind == "rectifying" else u.stuck for u in units if u.kind == kind]
    return max(found, default=0.0)


def _dead(case: Case, begun: list[Units], ended: list[Units], dies: bool) -> Iterator[Suspicion]:
    for when, units in (("begin", begun), ("end", ended)):
        found = [u for u in units if u.kind == "rectifying" and u.dead >= MANY]
        if not found or (when == "end" and _worst(begun, "rectifying") >= MANY):
            continue
        worst = max(found, key=lambda u: u.dead)
        many = (
            f"{worst.dead:.0%} of the units of {worst.label}"
            if worst.dead < 1
            else f"All units of {worst.label}"
        )
        finding = f"{many} are 0 for every row, and receive no gradient: they are dead."
        evidence = f"{worst.label}: {worst.dead:.0%} of its ReLUs dead"
        leaky = hidden_activation("leaky_relu")
        if when == "begin":
            less = 0.2 if oversized(case) else 0.0  # which is why they are dead
            if has_initializers(case):
                yield Suspicion("dead_relu", 0.9 - less, finding, evidence, default_initializers())
            yield Suspicion("dead_relu", 0.85 - less, finding, evidence, leaky)
        else:
            if not dies:
                yield Suspicion("dead_relu", 0.9, finding, evidence, begun_anew())
            elif worst.hidden:
                yield Suspicion("dead_relu", 0.35, finding, evidence, leaky)


def _stuck(case: Case, begun: list[Units], ended: list[Units]) -> Iterator[Suspicion]:
    for when, units in (("begin", begun), ("end", ended)):
        found = [u for u in units if u.kind == "bounded" and u.stuck >= MANY]
        if not found or (when == "end" and _worst(begun, "bounded") >= MANY):
            continue
        worst = max(found, key=lambda u: u.stuck)
        finding = (
            f"{worst.stuck:.0%} of the units of {worst.label} stand at the flat ends of their activation for nearly "
            "all rows, where they have no slope and learn nothing."
        )
        evidence = f"{worst.label}: {worst.stuck:.0%} of its units saturated"
        changes = [(0.8, begun_anew())]
        if when == "begin":
            changes = [(0.75, hidden_activation("tanh"))] if hidden_kinds(case) - {"tanh"} else []
            other = (
                (0.85, default_initializers()) if has_initializers(case) else (0.7, hidden_activation("relu"))
            )
            changes.append(other)
        for weight, change in changes:
            yield Suspicion("saturated_activations", weight, finding, evidence, change)
