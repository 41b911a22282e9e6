"""What diagrams are made of: boxes with texts in them, and arrows between them. Data alone; ``showing`` draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from chainrule.explaining.pictures.marks import Colour, Mark, corners, numbers, texts
from chainrule.nn.specs import Above0, Number

__all__ = ["Arrow", "Box"]


@dataclass(frozen=True, repr=False, eq=False)
class Box(Mark):
    """A box of a diagram, with lines of text in its middle.

    Args:
        x: Where its left side is, in CSS pixels.
        y: Where its upper side is; y grows downwards, ``Axis(reversed=True)``.
        width: From side to side.
        height: From top to bottom.
        lines: The texts in it, the first in bold if there are more.
        kind: What it stands for: "step", "leaf", "parameter", "result", "layer", "neuron" or "note"; it has its colour.
        shape: "box", "round", "circle" or "block" (a box with depth, as layers of pictures are drawn).
        colour: A role in place of that of the kind, as ``cr.pictures.Line`` has it.
        fill: A number between -1 and 1 that is shown as its ground, negative to positive; None for that of the kind.
        tip: What is said where somebody points at it.
        dash: Of its edge, as ``cr.pictures.Line`` has it.

    Raises:
        DataError: If lines is one text.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Box(0, 0, 80, 40, ("u = b · c", "6")).lines
    ('u = b · c', '6')
    """

    x: Number
    y: Number
    width: Above0
    height: Above0
    lines: Sequence[str] = ()
    kind: Literal["step", "leaf", "parameter", "result", "layer", "neuron", "note"] = "step"
    shape: Literal["box", "round", "circle", "block"] = "round"
    colour: Colour = ""
    fill: float | None = None
    tip: str = ""
    dash: Literal["", "dashed", "dotted", "dashdot", "long"] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        texts(self, "lines", self.lines)


@dataclass(frozen=True, repr=False, eq=False)
class Arrow(Mark):
    """An arrow of a diagram, with what stands above it and below it.

    Args:
        points: Where it begins, bends and ends, of shape (n, 2).
        above: What stands above its middle: the value that flows forward, say.
        below: What stands below its middle: the gradient that flows back.
        colour: Its role, as ``cr.pictures.Line`` has it.
        width: In CSS pixels.
        dash: As ``cr.pictures.Line`` has it.
        head: Whether it ends in a head.
        tip: What is said where somebody points at it.
        label: The point between what stands above and below; by default the middle of its longest level part.

    Raises:
        DataError: If points are none.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Arrow([(0, 20), (60, 20)], above="6", below="3").points.shape
    (2, 2)
    """

    points: ArrayLike
    above: str = ""
    below: str = ""
    colour: Colour = "muted"
    width: Above0 = 1.25
    dash: Literal["", "dashed", "dotted", "dashdot", "long"] = ""
    head: bool = True
    tip: str = ""
    label: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label is not None:
            object.__setattr__(self, "label", tuple(numbers(self, "label", self.label, 1).tolist()))
        object.__setattr__(self, "points", corners(self, "points", self.points))
