"""The axes of pictures and sequences: which a layer needs, and what is said where they are others."""

from typing import Any

from chainrule.errors import ShapeError
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent, show
from chainrule.nn.layers.base import Layer

SEQUENCE = ("time", "features")
PICTURE = ("height", "width", "channels")
WHOLE = {SEQUENCE: "sequences", PICTURE: "pictures"}


def lengths(layer: Layer, x: Node, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return how long each axis of an example is, of those that a layer needs.

    Raises:
        ShapeError: If there are others, one is open, or there are no channels.
    """
    wanted, found = f"({', '.join(names)})", show(x.shape[1:])
    if x.ndim != len(names) + 1:
        remedy = ""
        if x.ndim == len(names):
            remedy = f" Where there is one number at each place, give the {names[-1]} an axis: X[..., None]."
        elif x.ndim == 2:
            remedy = " Rows of numbers become pictures by a layer before it: cr.Reshape((8, 8, 1))."
        raise ShapeError(f"{layer!r} takes {WHOLE[names]} of shape {wanted}; found {found}.{remedy}")
    if any(isinstance(e, Extent) for e in x.shape[1:]):
        raise ShapeError(f"{layer!r}: the axes {wanted} of {show(x.shape)} must have fixed lengths.")
    if x.shape[-1] == 0:
        raise ShapeError(f"{layer!r}: there are no {names[-1]}: {wanted} is {found}.")
    return tuple(int(e) for e in x.shape[1:] if not isinstance(e, Extent))


def both(setting: Any, count: int = 2) -> tuple[Any, ...]:
    """Return a setting for each of so many axes, of which one may have been given for all.

    >>> both(3), both((2, 1))
    ((3, 3), (2, 1))
    """
    return setting if isinstance(setting, tuple) else (setting,) * count


def sides(setting: Any, count: int) -> tuple[tuple[int, int], ...]:
    """Return what is before and behind along each of so many axes.

    >>> sides((1, 2), 1), sides((1, 2), 2), sides((1, (2, 3)), 2)
    (((1, 2),), ((1, 1), (2, 2)), ((1, 1), (2, 3)))
    """
    along = (setting,) if count == 1 else both(setting, count)
    return tuple((before, behind) for before, behind in (both(each) for each in along))
