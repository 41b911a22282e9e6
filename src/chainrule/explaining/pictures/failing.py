"""A network whose layers do not fit: what of it can be built, and the layer that fails, with its words."""

from typing import Any

from chainrule.errors import ChainruleError
from chainrule.explaining.pictures import blocks
from chainrule.explaining.pictures.circles import Chosen
from chainrule.explaining.pictures.picture import Picture
from chainrule.explaining.pictures.stages import Stage, stages_of
from chainrule.graph.node import Node, input
from chainrule.nn.architecture import BATCH, as_shape, finish
from chainrule.nn.layers.base import Layer
from chainrule.shown import cut
from chainrule.train.network import Network


def built(network: Network, shape: Any) -> Network | Picture:
    """Return the network of a list of layers for examples of a shape; the picture of its failing where it cannot be."""
    x = y = input("x", (BATCH, *as_shape("x", shape)), network.dtype)
    for layer in network.layers:
        try:
            new = layer(y)
        except ChainruleError as error:
            return failed(x, y, layer, error)
        y = new[0] if isinstance(new, tuple) else new
    return Network(
        network.layers, input_shape=shape, dtype=network.dtype, seed=network.seed, engine=network.engine
    )


def failed(x: Node, given: Node, layer: Layer, error: ChainruleError) -> Picture:
    """Return the picture of what stands before a layer that fails, and of it."""
    stages = stages_of(finish({"x": x}, given)) if given is not x else []
    stages = stages or [Stage("x", "input", (), tuple(map(str, x.shape[1:])), x)]
    kind = type(layer).__name__
    name = getattr(layer, "name", "") or kind
    wrong = Stage(name, kind, (len(stages) - 1,), ("does not fit",), given)
    parts = [*map(blocks.block, stages), blocks.block(wrong, colour="wrong")]
    drawing = blocks.in_rows(parts, Chosen())
    before = f"{stages[-1].label} of {stages[-1].size}"
    words = f"{cut(repr(layer), 200)} does not fit what comes before it, {before}: {error}"
    title = f"The network up to {name}, which does not fit"
    return Picture([blocks.diagram(drawing.marks)], title, words, notes=(f"✗ {error}",))
