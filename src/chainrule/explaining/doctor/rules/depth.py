"""Gradients and signals that shrink or grow on their way through many layers, or many steps of a sequence."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import (
    Change,
    chain_as,
    default_initializers,
    each_layer,
    has_initializers,
    hidden_activation,
    hidden_kinds,
    optimizer_with,
    with_settings,
)
from chainrule.explaining.doctor.insides import hidden_weights, rms, weights_of
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.nn.layers.normalization import BatchNormalization
from chainrule.nn.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN

LAYERS = 3  # hidden ones: with fewer nothing has a way to fade or grow on
FADED, FAINT = 0.03, 0.002  # of the last layer's gradient: what reaches the first
GROWN, HUGE = 5.0, 100.0  # times the first layer's signal: what reaches the last
NOTHING = 0.15  # skill on its own rows, below which nothing was learned
STEPS = 8  # of a sequence: with fewer nothing has a way to fade
FORGOTTEN, BLOWN = 0.01, 30.0  # of the last step's say in the output: what the first one has


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect networks of many layers, and recurrent ones over many steps."""
    if len(hidden_weights(case.fresh)) >= LAYERS:
        yield from _through_layers(case)
    yield from _through_time(case)


def _through_layers(case: Case) -> Iterator[Suspicion]:
    names = list(weights_of(case.fresh))
    gradients, inside = case.gradients_at_begin, case.at_begin
    sizes = [rms(gradients[n]) for n in names if n in gradients]
    signals = [rms(inside[n] - inside[n].mean(axis=0)) for n in inside if n.startswith("Z")][: len(names)]
    finite = bool(np.isfinite(signals).all())
    if finite and np.isfinite(sizes).all() and len(sizes) > 1 and sizes[-1] > 0:
        reaches = sizes[0] / sizes[-1]
        passes = signals[-2] / signals[0] if len(signals) > 2 and signals[0] else 1.0
        if 0 < reaches < FADED or 0 < passes < FAINT:
            what = "gradient" if reaches < FADED else "signal"
            share = reaches if reaches < FADED else passes
            ends = ("first", "last") if what == "gradient" else ("last hidden", "first")
            finding = (
                f"The {what} fades from layer to layer: before the first step, what the {ends[0]} layer has of it is "
                f"{_part(share)} of what the {ends[1]} one has."
            )
            weight = 0.9 if share < FAINT else 0.72
            evidence = f"{what} × {share:.1g}"
            for change in _larger(case):
                yield Suspicion("vanishing_gradients", weight, finding, evidence, change)
            if share < FAINT and case.learned < NOTHING:
                yield Suspicion("vanishing_gradients", weight, finding, evidence, last=True)
    grown = max(signals[1:], default=0.0) / signals[0] if signals and signals[0] else 1.0
    if not finite or grown > GROWN:
        told = f"that of the last is {grown:,.0f} times that of the first" if finite else "it is infinite"
        finding = f"The signal grows from one layer to the next: before the first step, {told}."
        weight = 0.75 if finite and grown < HUGE else 0.9
        for change in _smaller(case):
            yield Suspicion("exploding_gradients", weight, finding, f"signal × {grown:.3g}", change)
        if weight == 0.9 and case.learned < NOTHING:
            yield Suspicion("exploding_gradients", weight, finding, f"signal × {grown:.3g}", last=True)


def _larger(case: Case) -> Iterator[Change]:
    kinds = hidden_kinds(case)
    if kinds - {"relu"}:
        yield hidden_activation("relu")
    else:
        yield _normalised()
    if has_initializers(case):
        yield default_initializers()


def _smaller(case: Case) -> Iterator[Change]:
    kinds = hidden_kinds(case)
    if has_initializers(case):
        yield default_initializers()
    if kinds - {"tanh"}:
        yield hidden_activation("tanh")
    yield _normalised() if case.blueprint.is_chain else _damped()
    if case.job.optimizer.by_steps and getattr(case.job.optimizer, "clip_norm", 1.0) is None:
        yield optimizer_with(case, "With gradients clipped at 1", clip_norm=1.0)


def _normalised() -> Change:
    def change(layers: list[Any]) -> list[Any]:
        found: list[Any] = []
        for layer in layers[:-1]:
            found += [layer, BatchNormalization()] if layer.counts else [layer]
        return [*found, *layers[-1:]]

    return chain_as("cr.BatchNormalization() after each hidden layer", "Normalized after each layer", change)


def _damped() -> Change:
    return each_layer(
        'initializer="small" in the hidden layers',
        "With small weights to begin with",
        lambda layer: with_settings(layer, initializer="small"),
    )


def _part(share: float) -> str:
    return f"1/{1 / share:,.0f}" if share > 0 else "nothing"


# --- through time --------------------------------------------------------------------------------------


def _through_time(case: Case) -> Iterator[Suspicion]:
    recurrent = [layer for layer in case.layers if isinstance(layer, Recurrent)]
    share = first_step(case) if recurrent else None
    if share is None:
        return
    if share < FORGOTTEN and any(isinstance(layer, SimpleRNN) for layer in recurrent):
        finding = (
            f"What the first steps of a sequence say is forgotten: before training, the first step has {_part(share)} "
            "of the last step's say in what comes out, so its gradient is as small."
        )
        evidence = f"first step × {share:.1g}"
        for weight, change in ((0.85, _gated(GRU)), (0.85, _gated(LSTM)), (0.8, hidden_activation("tanh"))):
            yield Suspicion("vanishing_gradients", weight, finding, evidence, change)
        if share < FAINT and case.learned < NOTHING:
            yield Suspicion("vanishing_gradients", 0.85, finding, evidence, last=True)
    if share > BLOWN or not np.isfinite(share):
        finding = (
            "What the steps of a sequence pass on grows from one to the next: before training, the first step has "
            f"{f'{share:,.0f} times' if np.isfinite(share) else 'all beside'} the last one's say in what comes out."
        )
        changes = [hidden_activation("tanh"), _gated(GRU)]
        if case.job.optimizer.by_steps and getattr(case.job.optimizer, "clip_norm", 1.0) is None:
            changes.append(optimizer_with(case, "With gradients clipped at 1", clip_norm=1.0))
        for change in changes:
            yield Suspicion("exploding_gradients", 0.9, finding, f"first step × {share:.3g}", change)


def _gated(kind: Any) -> Change:
    known = {f.name for f in dataclasses.fields(kind) if f.init}

    def change(layer: Any) -> Any:
        if not isinstance(layer, SimpleRNN):
            return layer
        settings = {
            f.name: getattr(layer, f.name) for f in dataclasses.fields(layer) if f.init and f.name in known
        }
        return kind(**settings | {"activation": "tanh"})

    return each_layer(f"cr.{kind.__name__} in place of cr.SimpleRNN", f"With {kind.__name__}", change)


def first_step(case: Case, network: Any = None) -> float | None:
    """Return how much the first step of a sequence has to say in the output, as a share of what the last one has.

    Both are moved a little in each example of the sample. None where the only input is no sequence of numbers.
    """
    tables = list(case.inputs.values())
    if len(tables) != 1 or tables[0].ndim != 3 or tables[0].shape[1] < STEPS or tables[0].dtype.kind != "f":
        return None
    x = np.array(tables[0][case.sample[:64]])
    step = 0.05 * (x.std() or 1.0)
    says = []
    try:
        network = case.fresh if network is None else network
        with np.errstate(all="ignore"):
            for place in (0, -1):
                more, less = x.copy(), x.copy()
                more[:, place] += step
                less[:, place] -= step
                says.append(rms(network.predict(more).astype(np.float64) - network.predict(less)))
    except ChainruleError:
        return None
    return says[0] / says[1] if says[1] else np.inf if says[0] else None
