"""Units through which nothing is learned: ReLUs that are 0 for every row, sigmoids and tanhs at their flat ends."""

from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import (
    Change,
    begun_anew,
    chain_as,
    default_initializers,
    has_initializers,
    hidden_activation,
    hidden_kinds,
    with_settings,
)
from chainrule.explaining.doctor.insides import Units, oversized, trained_again, units_of
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.nn.layers.convolution import Convolution
from chainrule.nn.layers.dense import Activation, Dense
from chainrule.nn.layers.normalization import BatchNormalization

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
    flat = [u for u in begun if u.kind == "bounded" and u.hidden and max(u.stuck, u.flat) >= MANY]
    found = flat or [u for u in ended if u.kind == "bounded" and u.stuck >= MANY]
    if not found:
        return
    worst = max(found, key=lambda u: (u.stuck, u.flat))
    share = max(worst.stuck, worst.flat) if flat else worst.stuck
    whom = f"{share:.0%} of the units of {worst.label} stand"
    if worst.stuck < share:
        whom = f"{share:.0%} of what the units of {worst.label} put out stands"
    finding = f"{whom} at the flat ends of the activation, where it has no slope and nothing is learned."
    evidence = f"{worst.label}: {share:.0%} saturated"
    changes = [(0.8, begun_anew())]
    if flat:
        changes = [(0.78, normalised_before()), (0.7, hidden_activation("relu"))]
        if hidden_kinds(case) - {"tanh"}:
            changes.append((0.75, hidden_activation("tanh")))
        if has_initializers(case):
            changes.append((0.85, default_initializers()))
    for weight, change in changes:
        yield Suspicion("saturated_activations", weight, finding, evidence, change)


def normalised_before() -> Change:
    """Normalize what goes into each hidden activation."""

    def change(layers: list[Any]) -> list[Any]:
        found: list[Any] = []
        for layer in layers[:-1]:
            given = getattr(layer, "activation", None)
            if given is None or not isinstance(layer, Dense | Convolution):
                found.append(layer)
            else:
                found += [with_settings(layer, activation=None), BatchNormalization(), Activation(given)]
        return [*found, *layers[-1:]]

    return chain_as(
        "cr.BatchNormalization() before each hidden activation", "Normalized before the activation", change
    )
