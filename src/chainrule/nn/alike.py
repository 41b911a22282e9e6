"""Networks that are alike: a chain of the same layers is drawn once, and copied for each network that has it.

To copy a graph takes a fifth of the time that it takes to draw it, and what is made of one (the training step, say)
serves the others too. Until somebody looks at its nodes a network needs no copy: there is one of all that are alike.
"""

import copy
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from chainrule.friendly import is_ours
from chainrule.graph.identity import Hashed, identity
from chainrule.graph.node import Node, input
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.walk import rebuild
from chainrule.nn.architecture import Architecture, as_shape, chain, check_layers
from chainrule.nn.layers.base import NAMED, Layer, Learns, Parameter
from chainrule.recent import Recent

_kept: Recent["_Kept"] = Recent(32)


class _Unlike(Exception):
    """Something may mean another thing the next time: a function of the user's, say."""


@dataclass(frozen=True)
class _Field:
    """In place of an array of initial values: the attribute of its layer that holds it."""

    name: str


class _Kept:
    """What is kept of a chain: its graph, in which the places of layers stand for them; it keeps nobody's weights."""

    def __init__(self, places: Architecture) -> None:
        self.places = places
        self._common: Architecture | None = None

    def common(self, layers: Sequence[Layer]) -> Architecture | None:
        """Return the graph as one of layers that are nobody's, the same each time; None where weights are arrays."""
        if self._common is None:
            every = {**self.places.parameters, **self.places.statistics}.values()
            if any(type(w.meaning.initializer) is _Field for w in every):
                return None
            twins = {id(layer): copy.copy(layer) for layer in layers}
            for twin in twins.values():
                twin._set_trainable(True)
            self._common = _of_layers(self.places, [twins[id(layer)] for layer in layers])
        return self._common


def chain_of(layers: Sequence[Any], shape: Any, dtype: str) -> Architecture:
    """Return the architecture of layers one after the other, for examples of ``shape``, as :func:`chain` does."""
    layers = check_layers(layers)
    return _own(_kept_of(layers, as_shape("x", shape), dtype), layers)


def common_chain_of(layers: Sequence[Any], shape: Any, dtype: str) -> tuple[Architecture, bool]:
    """Return what :func:`chain_of` does, or the graph that is common to all that are alike; and whether it is that.

    It is where one was drawn before, all layers learn, and no weights begin as an array. The values of its parameters
    mean nothing: whoever has it keeps values of its own.
    """
    layers, shape = check_layers(layers), as_shape("x", shape)
    kept = _kept_of(layers, shape, dtype)
    common = (
        kept.common(layers) if isinstance(kept, _Kept) and all(layer.trainable for layer in layers) else None
    )
    if common is not None:
        return common, True
    return _own(kept, layers), False


def _own(kept: "_Kept | Architecture", layers: Sequence[Layer]) -> Architecture:
    """Return a graph that is the network's own."""
    return _of_layers(kept.places, layers) if isinstance(kept, _Kept) else kept


def _kept_of(layers: Sequence[Layer], shape: Any, dtype: str) -> "_Kept | Architecture":
    """Return what is kept of a chain, or the chain itself where it is the first or may not mean the same again."""
    try:
        key = Hashed((_structure(layers), shape, dtype))
    except _Unlike:
        return chain(layers, shape, dtype)
    drawn: list[Architecture] = []

    def draw() -> _Kept:
        drawn.append(replace(chain(layers, shape, dtype), structure=key))
        return _Kept(_without_layers(drawn[0], layers))

    kept = _kept.get(key, draw)
    return drawn[0] if drawn else kept


# --- what tells layers apart ----------------------------------------------------------------------------


def _structure(layers: Sequence[Layer]) -> Hashable:
    """Return what two lists of layers have in common only if they draw the same graph, but for arrays of weights."""
    places = {id(layer): i for i, layer in reversed(list(enumerate(layers)))}
    return tuple([(places[id(layer)], *_settings(layer)) for layer in layers])


def _settings(layer: Layer) -> list[Hashable]:
    if not is_ours(type(layer)):
        raise _Unlike
    found: list[Hashable] = [type(layer)]
    for field in fields(layer):
        value = layer._in_graph(field.name)
        if isinstance(value, np.ndarray | list) and field.name == "initializer":
            found.append(_Field)
        elif field.name != "trainable":  # each fit asks for it again
            named = NAMED.get(field.name.rpartition("_")[2], {})
            found.append(_meaning(named.get(value, value) if isinstance(value, str) else value))
    return found


def _meaning(value: Any) -> Hashable:
    """Return what is the same for two settings only if they mean the same for ever."""
    if value is None or isinstance(value, str | int | float):
        return identity(value)
    if type(value) is tuple:
        return tuple([_meaning(v) for v in value])
    if isinstance(value, Layer):  # it has a place within its own, and none in the chain
        raise _Unlike
    if isinstance(value, Primitive):  # a graph knows rows by themselves
        return value
    if is_ours(type(value)) and is_dataclass(value):
        return type(value), *[_meaning(getattr(value, field.name)) for field in fields(value)]
    if callable(value) and (getattr(value, "__module__", None) or "").startswith("chainrule."):
        return value
    raise _Unlike


# --- copies ---------------------------------------------------------------------------------------------


def _without_layers(drawn: Architecture, layers: Sequence[Layer]) -> Architecture:
    """Return a copy in which the places of layers stand for them: it keeps nobody's weights."""
    places = {id(layer): i for i, layer in enumerate(layers)}

    def without(old: Parameter) -> Parameter:
        found: Any = old.initializer
        if isinstance(found, np.ndarray | list):
            found = _Field(next(name for name, value in vars(old.layer).items() if value is found))
        place: Any = places[id(old.layer)]
        return replace(old, layer=place, initializer=found)

    return _copied(drawn, lambda layer: places[id(layer)], without)


def _of_layers(kept: Architecture, layers: Sequence[Layer]) -> Architecture:
    """Return a copy that is a network of its own, of these layers."""

    def within(old: Any) -> Parameter:
        layer, found = layers[old.layer], old.initializer
        return replace(
            old, layer=layer, initializer=getattr(layer, found.name) if type(found) is _Field else found
        )

    return _copied(kept, lambda place: layers[place], within)


def _copied(
    found: Architecture, layer_of: Callable[[Any], Any], meaning_of: Callable[[Parameter], Parameter]
) -> Architecture:
    """Return the same graph with inputs, variables and layers of its own."""
    fresh = {x: input(name, x.shape, x.dtype) for name, x in found.inputs.items()}

    def visit(node: Node, new: tuple[Node, ...]) -> Node:
        attributes, meaning = node.attributes, node.meaning
        if isinstance(meaning, Parameter):
            attributes, meaning = {"cell": attributes["cell"].copy()}, meaning_of(meaning)
        elif isinstance(meaning, Learns):
            meaning = Learns(layer_of(meaning.who))
        elif not new:
            return fresh.get(node, node)
        return Node(node.primitive, new, attributes, node.shape, node.dtype, node.name, meaning)

    became = rebuild(found.nodes, visit)
    calls = {label: replace(call, layer=layer_of(call.layer)) for label, call in found.calls.items()}
    return replace(found, calls=calls).through(became)
