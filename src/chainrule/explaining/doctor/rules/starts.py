"""The weights that a training begins with: all alike, far too large, far too small; drawn so, or set so by hand."""

from collections.abc import Iterator
from math import log10

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, begun_anew, default_initializers
from chainrule.explaining.doctor.insides import alike, hidden_weights, sizes, trained_again
from chainrule.explaining.doctor.suspicions import Suspicion

LARGE, SMALL = 2.5, 0.25  # times the usual size, beyond which drawn weights are suspected
FAR = 4.0  # times the usual size, or a quarter of it, beyond which trained ones are
TRAINED_ALIKE = 1e-3  # as a share of their size: what rounding makes of equal units while they are trained
NOTHING = 0.15  # skill on its own rows, below which nothing was learned
LAYERS = 6  # so many hidden ones make of weights a little too large what grows, or fades, from layer to layer


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect weights whose units begin alike, and weights of another size than their layers draw by default."""
    yield from _alike(case)
    yield from _sized(case)


def _alike(case: Case) -> Iterator[Suspicion]:
    drawn = alike(case.fresh)
    set_so = {} if drawn else alike(case.trained, TRAINED_ALIKE)
    for found, change in ((drawn, default_initializers()), (set_so, begun_anew())):
        if not found:
            continue
        name, number = next(iter(found.items()))
        units = hidden_weights(case.fresh)[name].shape[-1]
        how = f"all begin with {number:.3g}" if found is drawn else "are the same for each unit"
        yield Suspicion(
            "symmetric_init",
            0.97,
            f"The weights {name} {how}, so the {units} units of that layer stay alike, and do the work of one.",
            f"{', '.join(found)}: {units} units alike",
            change,
        )


def _sized(case: Case) -> Iterator[Suspicion]:
    default = default_initializers()
    drawn = sizes(case.fresh, default.make(case).fresh)
    off = [(abs(log10(max(t, 1e-12))), n, t) for n, t in drawn.items() if t > LARGE or 0 < t < SMALL]
    found = [(*max(off)[1:], default)] if off else []
    hidden = len(hidden_weights(case.fresh))
    for name, times, change in (*found, *_by_hand(case)):
        modest = hidden >= LAYERS and 0.5 / FAR < times < 2 * FAR
        what = (
            f"{times:,.3g} times as large as suits the number of inputs of their layer"
            if times > 1
            else f"{_below(times)} as large as suits the number of inputs of their layer: signal and gradient fade on "
            "their way"
        )
        for last in (False, True):
            if last and (modest or change is not default or case.learned > NOTHING):
                continue
            yield Suspicion(
                "init_too_large" if times > 1 else "init_too_small",
                0.7 if modest else 0.93,
                f"The weights {name} begin {what}.",
                f"{name}: {times:.2g} times the usual size",
                change,
                last=last,
            )


def _by_hand(case: Case) -> Iterator[tuple[str, float, Change]]:
    """Yield the weights, and their sizes, that were set by hand: far from what is drawn, and what comes of it."""
    again = trained_again(case)
    if again is None:
        return
    beside, since = sizes(case.trained, again), sizes(case.trained, case.fresh)
    logs = [
        log10(max(v, 1e-12))
        for times in (beside, since)
        for v in (float(np.median([*times.values()] or [1])),)
    ]
    if min(map(abs, logs)) > log10(FAR) and logs[0] * logs[1] > 0:
        name = max(since, key=lambda n: abs(log10(max(since[n], 1e-12))))
        yield name, since[name], begun_anew()


def _below(times: float) -> str:
    return f"1/{1 / times:,.0f}" if times else "0 times"
