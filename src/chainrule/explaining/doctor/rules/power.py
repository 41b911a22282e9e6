"""What a network can draw: without activations a linear function, with few units little."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, UnsupportedError
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, chain_as, hidden_activation, with_settings
from chainrule.explaining.doctor.insides import hidden_weights, rms, weights_of
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.nn.layers.dense import Dense
from chainrule.shown import counted

LINEAR = 1e-4  # as a share of what varies: how far a network may be from linear by rounding
NARROW = 4  # units: a layer of as few lets little through
ENOUGH = 0.9  # skill on the rows that it learned from: a network that reaches it is large enough
WIDER = 8


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect networks that are linear, and narrow ones that do not even learn their own rows."""
    hidden = hidden_weights(case.fresh)
    linear = is_linear(case)
    if linear and hidden:
        which = f"The {len(hidden)} hidden layers have" if len(hidden) > 1 else "The hidden layer has"
        finding = (
            f"{which} no activation that bends: all layers together are one linear function of the inputs."
        )
        for weight, kind in ((0.92, "relu"), (0.91, "tanh")):
            yield Suspicion(
                "missing_nonlinearity", weight, finding, "the output is linear", hidden_activation(kind)
            )
        return
    if case.learned > ENOUGH or not weights_of(case.fresh):
        return
    widths = {name: w.shape[-1] for name, w in hidden.items()}
    narrow = not hidden or min(widths.values()) <= NARROW
    weights = sum(np.size(value) for value in dict(case.fresh.parameters).values())
    if not narrow and weights > case.rows * case.units:
        return  # it could learn its rows by heart
    if hidden:
        name = min(widths, key=lambda n: widths[n])
        evidence = f"{name}: {counted(widths[name], 'unit')}"
        finding = (
            f"The network is small: {name} lets all through {counted(widths[name], 'unit')}, and it does not learn "
            "even its own rows."
        )
        yield Suspicion("underfit_capacity", 0.68 if narrow else 0.35, finding, evidence, wider())
    else:
        evidence = "no hidden layer"
        finding = "The network has no hidden layer: it is linear, and does not learn even its own rows."
    yield Suspicion("underfit_capacity", 0.66 if narrow else 0.33, finding, evidence, deeper(case))


def is_linear(case: Case) -> bool:
    """Say whether what goes into the last activation is linear in the inputs: f(a) + f(b) = f(a + b - c) + f(c)."""
    before = [name for name in case.at_begin if name.startswith("Z")]
    if not before or any(t.dtype.kind != "f" for t in case.inputs.values()):
        return False
    rng = np.random.default_rng(0)
    rows = {name: t[case.sample[:48]] for name, t in case.inputs.items()}
    a, b, c = (rng.permutation(len(next(iter(rows.values())))) for _ in range(3))
    with np.errstate(all="ignore"):
        try:
            f = [_last(case, {n: t[i] for n, t in rows.items()}, before[-1]) for i in (a, b, c)]
            mixed = _last(case, {n: t[a] + t[b] - t[c] for n, t in rows.items()}, before[-1])
        except (ChainruleError, KeyError):
            return False
    size = rms(f[0] - f[0].mean(axis=0)) if np.isfinite(mixed).all() else 0.0
    return bool(size > 0 and rms(f[0] + f[1] - f[2] - mixed) < LINEAR * size)


def _last(case: Case, tables: dict[str, np.ndarray], name: str) -> np.ndarray:
    return np.asarray(case.fresh.activations(case.given(tables=tables))[name], np.float64)


def wider() -> Change:
    """Give each hidden layer many times its units."""

    def change(layer: Any) -> Any:
        count = getattr(layer, "units", None) or getattr(layer, "filters", None)
        return with_settings(layer, units=count * WIDER, filters=count * WIDER) if count else layer

    def make(case: Case) -> Case:
        last = _last_with_units(case)
        return case.but(
            blueprint=case.blueprint.each(lambda layer: layer if layer is last else change(layer))
        )

    return Change(
        f"{WIDER} times as many units in each hidden layer", f"With {WIDER} times as many hidden units", make
    )


def _last_with_units(case: Case) -> Any:
    return next((layer for layer in reversed(case.layers) if layer.counts), None)


def deeper(case: Case) -> Change:
    """Put a hidden layer before the last one."""
    last = _last_with_units(case)

    def change(layers: list[Any]) -> list[Any]:
        if not case.blueprint.is_chain:
            raise UnsupportedError("Layers are put into lists of layers alone.")
        at = next((i for i, layer in enumerate(layers) if layer is last), 0)
        return [*layers[:at], Dense(32, "relu"), *layers[at:]]

    return chain_as('cr.Dense(32, "relu") before the last layer', "With one more hidden layer", change)
