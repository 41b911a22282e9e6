"""The axes of pictures and sequences: which a layer needs, and what is said where they are others."""

from collections.abc import Sequence
from math import isqrt
from typing import Any

from chainrule.errors import ShapeError
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent, show
from chainrule.nn.layers.base import Call, Layer

SEQUENCE = ("time", "features")
PICTURE = ("height", "width", "channels")
VOLUME = ("depth", "height", "width", "channels")
MOST_PLACES = 2**24  # along an axis: so many float32 tells apart
WHOLE: dict[tuple[str, ...], str] = {SEQUENCE: "sequences", PICTURE: "pictures", VOLUME: "volumes"}


def lengths(layer: Layer, x: Node, names: tuple[str, ...], open_time: bool = False) -> tuple[Any, ...]:
    """Return how long each axis of an example is, of those that a layer needs.

    ``open_time`` says that the time of a sequence may be open.

    Raises:
        ShapeError: If there are others, one is open, or there are no channels.
    """
    wanted, found = f"({', '.join(names)})", show(x.shape[1:])
    if x.ndim != len(names) + 1:
        raise ShapeError(
            f"{layer!r} takes {WHOLE[names]} of shape {wanted}; found {found}.{_remedy(layer, x, names)}"
        )
    fixed = x.shape[2 if open_time and names == SEQUENCE else 1 :]
    if any(isinstance(e, Extent) for e in fixed):
        raise ShapeError(f"{layer!r}: the axes {wanted} of {show(x.shape)} must have fixed lengths.")
    check_places(layer, [e for e in x.shape[1:-1] if not isinstance(e, Extent)])
    if x.shape[-1] == 0:
        raise ShapeError(f"{layer!r}: there are no {names[-1]}: {wanted} is {found}.")
    return x.shape[1:]


def check_places(layer: Layer, extents: Sequence[Any]) -> None:
    """Refuse more places along an axis than any picture has, before anything is made of that size."""
    if any(int(e) > MOST_PLACES for e in extents):
        what = "sequences" if len(extents) == 1 else "pictures"
        raise ShapeError(
            f"{layer!r}: no axis of {what} is longer than {MOST_PLACES:,}; found {show(tuple(extents))}."
        )


def _remedy(layer: Layer, x: Node, names: tuple[str, ...]) -> str:
    """Return how an example gets the axes that it lacks, or loses what it has too much."""
    example = x.shape[1:]
    if any(isinstance(e, Extent) for e in example):
        return ""
    if x.ndim == len(names) + 2 and example[0] == 1:
        return f" Leave out the first axis, that of the examples is not counted: cr.Reshape({show(example[1:])})."
    if x.ndim == 4 and names == SEQUENCE:
        return f" Pictures are for cr.{type(layer).__name__.replace('1D', '2D')}."
    if x.ndim == len(names):
        one = show((*example, 1))
        return (
            f" Where there is one number at each place, give the {names[-1]} an axis: X[..., np.newaxis], or a layer "
            f"before it, cr.Reshape({one})."
        )
    if x.ndim == 2 and names == PICTURE:
        (numbers,) = example
        fitting = [
            (side, side, channels)
            for channels in (1, 3)
            if (side := isqrt(numbers // channels)) ** 2 * channels == numbers
        ]
        if fitting:
            return f" Rows of numbers become pictures by a layer before it: cr.Reshape({fitting[0]})."
    return ""


def looks_channels_first(x: Node) -> str:
    """Return what to say of an input that looks like (channels, height, width), or ""."""
    channels, *rest = x.shape[1:]
    if x.meaning is not None or len(rest) != 2 or channels not in (1, 3) or min(rest) < 8:
        return ""
    return (
        f"The shape {show(x.shape[1:])} looks like (channels, height, width), and here channels come last: "
        "X = np.moveaxis(X, 1, -1)."
    )


def too_small(layer: Layer, x: Node, spans: Sequence[int]) -> str:
    """Return what to say of places that no window fits into: which layer made them so few, and what helps."""
    reach, found = (" x ".join(map(str, each)) for each in (spans, x.shape[1:-1]))
    says = f"{layer!r}: a window reaches over {reach} places, and there are {found}"
    first = looks_channels_first(x)
    if first:
        return f"{says}. {first}"
    call = _made_small(x, spans)
    if call is None:
        return f"{says}. Take smaller ones, or zeros around them: padding='same'."
    before = " x ".join(map(str, call.inputs[0].shape[1:-1]))
    return (
        f"{says} after {call.layer!r}, which was given {before}. Leave out what makes them fewer (strides, pooling), "
        "or keep them: padding='same'."
    )


def _made_small(x: Node, spans: Sequence[int]) -> Call | None:
    """Return the use of a layer that made places fewer than a window's, or None if they came so."""
    while isinstance(x.meaning, Call):
        call = x.meaning
        before = call.inputs[0]
        if before.ndim != x.ndim:
            return None
        if all(n >= reach for n, reach in zip(before.shape[1:-1], spans, strict=True)):
            return call
        x = before
    return None


def both(setting: Any, count: int = 2) -> tuple[Any, ...]:
    """Return a setting for each of so many axes, of which one may have been given for all.

    >>> both(3), both((2, 1))
    ((3, 3), (2, 1))
    """
    return setting if isinstance(setting, tuple) else (setting,) * count
