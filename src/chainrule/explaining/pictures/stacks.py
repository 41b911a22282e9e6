"""A network's layers from top to bottom, as a picture."""

from collections.abc import Sequence
from dataclasses import replace

from chainrule.explaining.pictures.layers import Parts, folded, parts_of
from chainrule.explaining.pictures.picture import Picture
from chainrule.explaining.pictures.resolving import Resolved
from chainrule.explaining.pictures.sketching import WIDE, Joint, Shape, sketch, stack
from chainrule.shown import counted, in_a_row


def in_layers(network: Resolved, width: float = WIDE, values: bool = True, gradients: bool = True) -> Picture:
    """Return the picture of a network by its layers, what is repeated drawn once.

    Args:
        network: Its graph.
        width: How wide the picture may be.
        values: Whether it is said how long arrays are.
        gradients: Whether likewise of the gradients by them.
    """
    every = [
        replace(part, outputs=part.outputs * values, gradients=part.gradients * gradients)
        for _, part in parts_of(network)
    ]
    found = folded(every)
    notes: tuple[str, ...] = ()
    if any(p.outputs for p in found.parts):
        what = "‖A‖ is the length of what a layer puts out"
        back = ", ‖dA‖ that of the gradient by it" if any(p.gradients for p in found.parts) else ""
        notes = (f"{what}{back}: the root of the sum of squares, over all rows.",)
    return stacked(found, width, "Network by its layers", _words(found, len(every)), notes)


def stacked(
    found: Parts, width: float, title: str, words: str, notes: Sequence[str], broken: str = ""
) -> Picture:
    """Return parts from top to bottom; of the one that is ``broken`` the box has the colour of what is wrong."""
    shapes = [
        Shape(
            p.texts,
            p.kind,
            p.name or p.texts[0],
            loop=p.loop,
            colour="wrong" if p.name and p.name == broken else "",
        )
        for p in found.parts
    ]
    joints = [Joint(i, j) for j, p in enumerate(found.parts) for i in p.inputs]
    frames = [(block.parts, f"× {block.times}") for block in found.blocks]
    panel = stack(shapes, joints, frames, width) or sketch(shapes, joints, width)[0]
    return Picture((panel,), title, words, 1, notes)


def _words(found: Parts, count: int) -> str:
    layers = [p for p in found.parts if p.kind == "layer"]
    total = sum(p.parameters for p in found.parts)
    total += sum((b.times - 1) * found.parts[i].parameters for b in found.blocks for i in b.parts)
    said = in_a_row([p.what[0] for p in layers], 300)
    blocks = [
        f" A block of {counted(len(b.parts), 'box', 'boxes')} stands {b.times} times." for b in found.blocks
    ]
    several = "".join(blocks)
    return (
        f"The graph of a network of {counted(count, 'step')}, {counted(total, 'parameter')}: {said}.{several}"
    )
