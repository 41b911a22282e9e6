"""Layers by family. Each file names its layers in ``__all__``, and is imported when one of them is asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.doors import families, family_of
from chainrule.friendly import of_module
from chainrule.nn.layers.base import TRAINING as TRAINING, Layer as Layer, Scope as Scope


class _Layers(Mapping[str, type[Layer]]):
    def __getitem__(self, name: str) -> type[Layer]:
        family = None if name == "Layer" else family_of(name, __name__)
        if family is None:
            raise KeyError(name)
        return getattr(family, name)

    def __iter__(self) -> Iterator[str]:
        return (name for family in families(__name__) for name in family.__all__ if name != "Layer")

    def __len__(self) -> int:
        return sum(1 for _ in self)


LAYERS = _Layers()  # what a model file may name


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return ["Layer", *LAYERS]
    return LAYERS[name] if name in LAYERS else of_module(__name__, name)
