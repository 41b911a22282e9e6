"""How networks like the one that was trained are made anew, with its layers or with others."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.errors import UnsupportedError
from chainrule.nn.architecture import Architecture
from chainrule.nn.layers.base import Layer
from chainrule.nn.reading import initial_values
from chainrule.nn.saved import from_config, to_config
from chainrule.train.network import Network

Change = Callable[[Layer], Layer]


@dataclass(frozen=True, eq=False)
class Blueprint:
    """What a network is made of.

    Attributes:
        chain: Its layers, where it is a list of them; empty for a graph.
        shape: The shape of one example, for a list.
        graph: The architecture of any other network.
        dtype: "float32" or "float64".
        engine: What it computes on.
        held: The values of layers that do not learn, by name: they begin with these.
    """

    chain: tuple[Layer, ...]
    shape: tuple[Any, ...]
    graph: Architecture | None
    dtype: str
    engine: str
    held: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in order, each once."""
        if self.graph is None:
            return self.chain
        found: dict[int, Layer] = {}
        for call in self.graph.calls.values():
            found.setdefault(id(call.layer), call.layer)
        return tuple(found.values())

    @property
    def is_chain(self) -> bool:
        """Whether it is a list of layers, into which others can be put."""
        return self.graph is None

    def with_chain(self, layers: Sequence[Layer]) -> "Blueprint":
        """Return that of other layers, of a list."""
        if self.graph is not None:
            raise UnsupportedError("Layers are put in, or left out, where a network is a list of layers.")
        return replace(self, chain=tuple(layers))

    def each(self, change: Change) -> "Blueprint":
        """Return that of changed layers: ``change`` is asked for each, and returns it or another in its place."""
        if self.graph is None:
            return replace(self, chain=tuple([change(layer) for layer in self.chain]))
        config = to_config(self.graph, keep=True)
        entries = [
            {**e, "layer": change(e["layer"])} if isinstance(e.get("layer"), Layer) else e
            for e in config["entries"]
        ]
        return replace(self, graph=from_config({**config, "entries": entries}))

    def network(self, seed: int) -> Network:
        """Return a network with fresh weights."""
        engine: Any = self.engine
        if self.graph is None:
            network = Network(
                list(self.chain), input_shape=self.shape, dtype=self.dtype, seed=seed, engine=engine
            )
        else:
            own = from_config(to_config(self.graph, keep=True))  # with variables of its own
            network = Network(own, dtype=self.dtype, seed=seed, engine=engine)
            network._programs.values.set_named(initial_values(own, seed))
        if self.held:
            for name, value in self.held.items():
                for home in (network.parameters, network.statistics):
                    if name in home and np.shape(home[name]) == value.shape:
                        home[name] = value
        return network


def blueprint_of(network: Network) -> Blueprint:
    """Return what a network that has seen data is made of."""
    architecture = network._programs.architecture
    held = {}
    if architecture.frozen:
        values = network._programs.values.named()
        held = {name: np.array(values[name]) for name in architecture.frozen}
    if network._layers:
        (x,) = architecture.inputs.values()
        shape = tuple([e if isinstance(e, int) else e.name for e in x.shape[1:]])
        return Blueprint(tuple(network._layers), shape, None, network.dtype, network.engine, held)
    return Blueprint((), (), architecture, network.dtype, network.engine, held)


def with_settings(layer: Any, **settings: Any) -> Any:
    """Return a layer with other settings; those that it does not have are passed over."""
    known = {f.name for f in dataclasses.fields(layer) if f.init}
    own = {name: value for name, value in settings.items() if name in known}
    return dataclasses.replace(layer, **own) if own else layer
