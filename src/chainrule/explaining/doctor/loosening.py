"""Changes that take away what holds a network back, or put it there."""

import dataclasses
from collections.abc import Callable
from typing import Any

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, each_layer, with_settings
from chainrule.nn.layers.augmentation import Augmentation
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dropout import Dropout, GaussianNoise, SpatialDropout
from chainrule.nn.regularizers import L2


def without_dropout() -> Change:
    """Drop nothing: neither in layers that do only this, nor in recurrent ones."""

    def change(layer: Any) -> Any:
        if isinstance(layer, Dropout | SpatialDropout):
            return with_settings(layer, rate=0.0)
        return with_settings(_inside(layer, change), dropout=0.0, recurrent_dropout=0.0)

    return each_layer("no dropout", "Without dropout", change)


def without_noise() -> Change:
    """Add no noise, and leave pictures as they are."""

    def change(layer: Any) -> Any:
        if isinstance(layer, GaussianNoise):
            return with_settings(layer, std=0.0)
        if isinstance(layer, Augmentation):
            return Dropout(0.0, name=str(getattr(layer, "name", "")))  # which hands on what it is given
        return layer

    return each_layer("no noise on the inputs", "Without noise", change)


def without_regularizers(case: Case) -> Change:
    """Let the size of weights cost nothing."""
    decay = bool(getattr(case.job.optimizer, "weight_decay", 0.0))

    def free(layer: Any) -> Any:
        layer = _inside(layer, free)
        return with_settings(layer, **{n: None for n in vars(layer) if n.endswith("regularizer")})

    def make(case: Case) -> Case:
        changed = case.but(blueprint=case.blueprint.each(free))
        if not decay:
            return changed
        return changed.but(optimizer=dataclasses.replace(case.job.optimizer, weight_decay=0.0))

    write = "regularizer=None in every layer" + ", weight_decay=0" * decay
    return Change(write, "Without the price of weights", make)


def penalised(factor: float) -> Change:
    """Let the squares of weights cost something, in each layer where they cost nothing yet."""
    rule = L2(factor)

    def change(layer: Any) -> Any:
        layer = _inside(layer, change)
        free = {n: rule for n in ("regularizer", "recurrent_regularizer") if getattr(layer, n, rule) is None}
        return with_settings(layer, **free)

    return each_layer(f"regularizer=cr.L2({factor:g}) in every layer", f"With L2({factor:g})", change)


def _inside(layer: Any, change: Callable[[Any], Any]) -> Any:
    """Return a layer with that which it wraps changed."""
    inner = getattr(layer, "layer", None)
    return dataclasses.replace(layer, layer=change(inner)) if isinstance(inner, Layer) else layer
