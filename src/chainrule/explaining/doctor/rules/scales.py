"""The scales of inputs and targets."""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, standardised, targets_standardised
from chainrule.explaining.doctor.rules.looking import Column, columns
from chainrule.explaining.doctor.suspicions import Suspicion

LARGE, SMALL = 3.0, 0.1  # deviations, or distances of a mean from 0, beyond which a column is suspected
TOGETHER = 0.9  # of the weight that each has alone: two changes say less than the one that mends it
APART = 10.0  # times that one column's deviation is another's


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect columns, and targets of a regression, that are far from mean 0 and deviation 1.

    Where both are, neither alone may mend it: they are tried together as well, for either cause.
    """
    by_input: dict[str, list[Column]] = {}
    for column in columns(case):
        by_input.setdefault(column.input, []).append(column)
    inputs = [each for name, group in by_input.items() for each in _inputs(case, name, group)]
    targets = list(_targets(case)) if case.task == "numbers" else []
    yield from [*inputs, *targets]
    changes = [each.change for each in (*inputs, *targets) if each.change is not None]
    if inputs and targets:
        both = Change(
            "; ".join(each.write for each in changes),
            "With inputs and targets standardised",
            lambda case: reduce(lambda made, each: each.make(made), changes, case),
        )
        yield from (replace(each, weight=TOGETHER * each.weight, change=both) for each in (*inputs, *targets))


def _inputs(case: Case, name: str, group: list[Column]) -> Iterator[Suspicion]:
    measured = [c for c in group if _is_measured(c.values)]
    if not measured:
        return
    means = np.array([c.values.mean() for c in measured])
    deviations = np.array([c.values.std() for c in measured])
    size = np.maximum(np.abs(means), deviations)
    large, small = size > LARGE, size < SMALL
    apart = deviations.max() > APART * deviations.min()
    if not large.any() and not small.any():
        return
    worst = int(np.argmax(size)) if large.any() else int(np.argmin(size))
    told = f"{measured[worst].name} has mean {means[worst]:.3g} and deviation {deviations[worst]:.3g}"
    if apart:
        least = int(np.argmin(deviations))
        told += f", {measured[least].name} deviation {deviations[least]:.3g}"
    weight = 0.8 if small.mean() > 0.5 else 0.4
    if large.any():
        weight = float(np.interp(np.log(size.max()), np.log([LARGE, 5 * LARGE]), [0.5, 0.8]))
    yield Suspicion(
        "inputs_unscaled",
        weight,
        f"Your inputs are not scaled: {told}.",
        told,
        standardised(case, name),
    )


def _is_measured(values: np.ndarray) -> bool:
    """Say whether a column has more than two values: those of 0 and 1 are as they should be."""
    flat = values.reshape(-1)
    return bool(np.any((flat != flat[0]) & (flat != flat[np.argmax(flat != flat[0])])))


def _targets(case: Case) -> Iterator[Suspicion]:
    y = np.asarray(case.targets, np.float64).reshape(case.rows, -1)
    y = y.reshape(-1, case.units if y.shape[1] % case.units == 0 else 1)
    means, deviations = y.mean(axis=0), y.std(axis=0)
    size = np.maximum(np.abs(means), deviations)
    if not deviations.any() or not ((size > LARGE) | ((size < 2 * SMALL) & (deviations > 0))).any():
        return
    worst = int(np.argmax(np.abs(np.log(np.maximum(size, 1e-300)))))
    which = f"target {worst}" if y.shape[1] > 1 else "y"
    told = f"{which} has mean {means[worst]:.3g} and deviation {deviations[worst]:.3g}"
    yield Suspicion(
        "targets_unscaled",
        0.85,
        f"Your targets are not scaled: {told}, and a network begins near 0 with steps that suit numbers near 1.",
        told,
        targets_standardised(case),
    )
