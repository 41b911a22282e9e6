"""The scale of the inputs."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import standardised
from chainrule.explaining.doctor.suspicions import Suspicion

LARGE, SMALL = 4.0, 0.1  # deviations, or distances of a mean from 0, beyond which a column is suspected


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect columns that are far from mean 0 and deviation 1."""
    for name, table in case.inputs.items():
        if table.dtype.kind != "f" or table.ndim < 2:
            continue
        flat = table.reshape(-1, table.shape[-1])
        means, deviations = flat.mean(axis=0), flat.std(axis=0)
        carry = deviations > 0
        if not carry.any():
            continue
        size = np.maximum(np.abs(means), deviations)
        worst = int(np.argmax(np.where(carry, np.abs(np.log(np.maximum(size, 1e-12))), 0)))
        if not (size[worst] > LARGE or size[worst] < SMALL):
            continue
        called = case.columns.get(name, ())
        column = f"column {called[worst]!r}" if called else f"column {worst}"
        yield Suspicion(
            "inputs_unscaled",
            0.8,
            f"Your inputs are not scaled: {column} has mean {means[worst]:.3g} and deviation {deviations[worst]:.3g}.",
            f"{column}: mean {means[worst]:.3g}, deviation {deviations[worst]:.3g}",
            standardised(case, name),
        )
