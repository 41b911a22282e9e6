"""What holds a network back: dropout, a price on weights, noise on what comes in."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.loosening import without_dropout, without_noise, without_regularizers
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.nn.layers.augmentation import Augmentation
from chainrule.nn.layers.dropout import Dropout, GaussianNoise, SpatialDropout


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect each of them where it is: whether it does harm, only the trial can tell."""
    rates = [rate for layer in case.layers for rate in dropped(layer)]
    if rates:
        often = f", in {len(rates)} places," if len(rates) > 1 else ""
        yield Suspicion(
            "dropout_too_high",
            0.45 + 0.4 * max(rates),
            f"Dropout{often} takes away {max(rates):.0%} of the numbers at each step: too little is left.",
            f"dropout {max(rates):g}",
            without_dropout(),
        )
    prices = [each for layer in case.layers for each in priced(layer)]
    decay = float(getattr(case.job.optimizer, "weight_decay", 0.0) or 0.0)
    if prices or decay:
        what = ", ".join(dict.fromkeys([*prices, *([f"weight_decay={decay:g}"] if decay else [])]))
        yield Suspicion(
            "regularization_too_strong",
            0.75,
            f"The price on weights ({what}) is too high: it pulls them to 0 against what the data say.",
            what,
            without_regularizers(case),
        )
    noisy = [
        layer for layer in case.layers if isinstance(layer, Augmentation | GaussianNoise) and adds(layer)
    ]
    if noisy:
        what = ", ".join(dict.fromkeys(_written(layer) for layer in noisy))
        yield Suspicion(
            "input_noise_too_strong",
            0.8,
            f"The noise that training adds ({what}) drowns what the inputs say.",
            what,
            without_noise(),
        )


def dropped(layer: Any) -> Iterator[float]:
    """Yield the shares that a layer drops while it is trained."""
    if isinstance(layer, Dropout | SpatialDropout) and layer.rate:
        yield layer.rate
    for name in ("dropout", "recurrent_dropout"):
        rate = getattr(layer, name, 0.0)
        if isinstance(rate, float) and rate:
            yield rate
    yield from (rate for inner in inside(layer) for rate in dropped(inner))


def priced(layer: Any) -> Iterator[str]:
    """Yield what the weights of a layer cost."""
    for name, value in vars(layer).items():
        if name.endswith("regularizer") and value is not None:
            yield value if isinstance(value, str) else repr(value)
    yield from (price for each in inside(layer) for price in priced(each))


def inside(layer: Any) -> Iterator[Any]:
    """Yield the layer that another wraps."""
    inner = getattr(layer, "layer", None)
    if dataclasses.is_dataclass(inner):
        yield inner


def adds(layer: Augmentation | GaussianNoise) -> bool:
    """Say whether a layer adds any noise at all."""
    return not isinstance(layer, GaussianNoise) or layer.std > 0


def _written(layer: Any) -> str:
    parts = [
        f"{getattr(layer, f.name)}"
        for f in dataclasses.fields(layer)
        if f.name in ("std", "factor", "height_factor", "width_factor") and getattr(layer, f.name) is not None
    ]
    return f"cr.{type(layer).__name__}({', '.join(parts)})"
