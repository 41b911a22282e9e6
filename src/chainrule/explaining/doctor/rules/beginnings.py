"""The weights that a training begins with."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import default_initializers
from chainrule.explaining.doctor.suspicions import Suspicion

ALIKE = 1e-6  # units whose weights differ by less, as a share of their size, are alike


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect weights whose units all begin alike."""
    fresh = case.fresh.parameters
    for name in fresh:
        w = np.asarray(fresh[name])
        if w.ndim < 2 or w.shape[-1] < 2:
            continue
        flat = w.reshape(-1, w.shape[-1])
        if np.ptp(flat, axis=1).max() > ALIKE * (np.abs(flat).max() + ALIKE):
            continue
        kind = "0" if not flat.any() else f"{flat.flat[0]:.3g}"
        yield Suspicion(
            "symmetric_init",
            0.95,
            f"The weights {name} all begin with {kind}, so that the {w.shape[-1]} units of the layer stay alike.",
            f"{name} begins with {kind} everywhere",
            default_initializers(),
        )
