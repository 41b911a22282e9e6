"""Rows to validate on that differ from those to learn from."""

from collections.abc import Iterator, Mapping

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.rules.looking import columns, on_validation, several
from chainrule.explaining.doctor.suspicions import Suspicion

LESS = 0.05  # skill that is lost from rows held back to those validated on
MOVED = 0.08  # of all ranks that a column's middle moved, or its width, at least
SURE = 4.5  # standard errors of ranks, which neither long tails nor many columns reach by chance


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect the split where the network does worse on the rows to validate on than on others held back."""
    if case.validation is None or len(case.validation[1]) < 8:
        return
    inputs, targets = case.validation
    places = moved(case, inputs)
    classes = _classes(case, targets)
    if not places and not classes:
        return
    there = on_validation(case)
    if there is None:
        return
    here = case.held
    strays = np.sqrt(min(1.0, 1.05 - max(here, 0.0)) / len(case.validation[1]))
    if here - there < max(LESS, 1.5 * strays) and not _of_another_scale(case, inputs, len(places)):
        return
    if places:
        names = several([name for name, _ in places])
        told = f"{names}: {places[0][1]}"
    else:
        told = classes
    yield Suspicion(
        "distribution_shift",
        0.92,
        f"The rows to validate on are of another kind than those to learn from: {told}. Of rows like those "
        f"learned from, the network says {here:.2f} of what a guess does not, of these {max(there, -1):.2f} (1 is "
        "all). Scale both alike, by the rows to learn from, and split the rows at random.",
        told,
        certain=True,
        severity="critical" if here - there > 0.3 else "warning",
    )


def _of_another_scale(case: Case, inputs: Mapping[str, np.ndarray], moved: int) -> bool:
    """Say whether rows to validate on were scaled in another way, which a network may bear, and its cost does not."""
    ratios = []
    for column in columns(case):
        own, other = float(column.values.std()), float(inputs[column.input][..., column.number].std())
        if own and other:
            ratios.append(abs(np.log(other / own)))
    return moved > 0.5 * len(ratios) and bool(ratios) and float(np.median(ratios)) > np.log(4)


def moved(case: Case, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, str]]:
    """Return the columns whose middle or width is another, the farthest first, and what is told of each."""
    found = []
    for column in columns(case):
        own = column.values.reshape(case.rows, -1).mean(axis=1)
        other = inputs[column.input][..., column.number]
        other = other.reshape(len(other), -1).mean(axis=1)
        if np.ptp(own) == 0:
            continue
        place, beside = _ranks(own, other)
        strays = np.sqrt(1 / len(own) + 1 / len(other))
        middle = float(beside.mean() - place.mean())
        width = float(np.abs(beside - 0.5).mean() - np.abs(place - 0.5).mean())
        by_middle, by_width = (
            abs(middle) / (strays * np.sqrt(1 / 12)),
            abs(width) / (strays * np.sqrt(1 / 48)),
        )
        if (abs(middle) > MOVED and by_middle > SURE) or (abs(width) > MOVED and by_width > SURE):
            told = (
                f"mean {own.mean():.3g} and deviation {own.std():.3g} where it is learned, "
                f"{other.mean():.3g} and {other.std():.3g} where it is validated"
            )
            found.append((abs(middle), column.name, told))
    return [(name, told) for _, name, told in sorted(found, key=lambda each: -each[0])]


def _ranks(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where numbers of both stand among all, from 0 to 1."""
    both = np.concatenate([own, other])
    ordered = np.sort(both)
    ranks = (np.searchsorted(ordered, both, "left") + np.searchsorted(ordered, both, "right")) / (
        2 * len(both)
    )
    return ranks[: len(own)], ranks[len(own) :]


def _classes(case: Case, targets: np.ndarray) -> str:
    """Return what is told of classes that are much rarer, or more frequent, among the rows to validate on."""
    y, v = np.asarray(case.targets), np.asarray(targets)
    if case.task != "classes" or (y.ndim > 1) != (v.ndim > 1):
        return ""
    if y.ndim > 1 and y.shape[1] > 1:
        y, v = y.argmax(axis=1), v.argmax(axis=1)
    y, v = y.reshape(-1), v.reshape(-1)
    worst, told = 0.0, ""
    for kind in np.unique(np.concatenate([y, v])):
        a, b = float(np.mean(y == kind)), float(np.mean(v == kind))
        both = (a * len(y) + b * len(v)) / (len(y) + len(v))
        z = abs(a - b) / np.sqrt(max(both * (1 - both), 1e-12) * (1 / len(y) + 1 / len(v)))
        if z > SURE and abs(a - b) > 0.15 and z > worst:
            worst, told = (
                z,
                f"class {kind:g} is {a:.0%} of the rows to learn from and {b:.0%} of those to validate on",
            )
    return told
