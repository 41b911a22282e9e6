"""Augmentation: while training, each picture is seen flipped, shifted, turned or lit otherwise, anew at each step.

What a picture shows does not change by it, so a network learns what matters and what does not (Simard et al. 2003). The
network's seed decides what is drawn, for each example by itself; at prediction pictures are left as they are.
"""

from dataclasses import dataclass
from math import ceil, floor, pi
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from chainrule.errors import LearningWarning, warn
from chainrule.graph.node import Node, cast, of_array
from chainrule.graph.primitives.along import take_along
from chainrule.nn.layers.axes import PICTURE, lengths
from chainrule.nn.layers.base import TRAINING, Layer, Scope
from chainrule.nn.specs import Between1, Limits, Number, Shares, Zooms

__all__ = [
    "RandomBrightness",
    "RandomContrast",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
]

ROUNDING = 1e-9  # 0.3 · 10 is a little less than 3
Beyond: TypeAlias = Literal["reflect", "nearest", "wrap", "constant"]


@dataclass(frozen=True, repr=False, eq=False)
class Augmentation(Layer):
    """What layers have in common that change pictures in training: all but how."""

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x, changed while training.

        Args:
            scope: Where the random numbers come from.
            x: A node of shape (batch, height, width, channels).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x is no batch of pictures.

        >>> cr.RandomFlip()(cr.input("x", ("batch", 8, 8, 3))).shape  # which calls build
        (batch, 8, 8, 3)
        """
        lengths(self, x, PICTURE)
        chosen: Any = np.where(TRAINING, self._changed(scope, x), x)
        return chosen

    def _changed(self, scope: Scope, x: Node) -> Any:
        raise NotImplementedError


@dataclass(frozen=True, repr=False, eq=False)
class RandomFlip(Augmentation):
    """While training, mirror every other picture, or turn it upside down.

    Takes pictures (batch, height, width, channels) and gives the same.

    Args:
        mode: "horizontal" mirrors left and right, "vertical" turns upside down, "horizontal_and_vertical" may do
            either or both. Mirrored letters and digits are others, or none.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and flips all the same.

    Raises:
        GraphError: If mode is none of the three.

    >>> cr.RandomFlip("horizontal")(cr.input("image", ("batch", 8, 8, 3))).shape
    (batch, 8, 8, 3)
    """

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical"
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def _changed(self, scope: Scope, x: Node) -> Any:
        y: Any = x
        if "horizontal" in self.mode:
            y = np.where(_drawn(scope, x) < 0.5, y[:, :, ::-1], y)
        if "vertical" in self.mode:
            y = np.where(_drawn(scope, x) < 0.5, y[:, ::-1], y)
        return y


@dataclass(frozen=True, repr=False, eq=False)
class RandomTranslation(Augmentation):
    """While training, shift each picture by whole pixels, which blurs nothing.

    Takes pictures (batch, height, width, channels) and gives the same. A share of less than a pixel moves nothing, and
    is warned of (LearningWarning): a tenth of 8 pixels.

    Args:
        height_factor: How far down or up, as a share of the height: with 0.1 up to a tenth both ways; (lower, upper)
            may differ, and what is below 0 goes up.
        width_factor: Likewise to the right, as a share of the width; below 0 to the left.
        fill_mode: What stands where nothing was: "reflect" the picture mirrored at its border, "nearest" the pixels
            at the border, "wrap" the other side, "constant" fill_value.
        fill_value: That number.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and shifts all the same.

    Raises:
        GraphError: If a factor is not from 0 to 1, or two from -1 to 1 in order, or fill_mode none of the four.

    >>> cr.RandomTranslation(0.1, 0.1, "constant")(cr.input("image", ("batch", 28, 28, 1))).shape
    (batch, 28, 28, 1)
    """

    height_factor: Between1
    width_factor: Between1
    fill_mode: Beyond = "reflect"
    fill_value: Number = 0.0
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def _changed(self, scope: Scope, x: Node) -> Any:
        at = _Places(x, self.fill_mode, self.fill_value)
        down = self._pixels(scope, x, "height", at.height)
        right = self._pixels(scope, x, "width", at.width)
        return at.pixels(at.rows - down, at.columns - right)

    def _pixels(self, scope: Scope, x: Node, side: str, length: int) -> Any:
        """Return a whole number of pixels for each picture, each of those within the factor's ends as likely.

        Where there is none, it is the one that is nearest.
        """
        factor = getattr(self, f"{side}_factor")
        low, high = (end * length for end in _ends(factor))
        first, last = ceil(low - ROUNDING), floor(high + ROUNDING)
        if first > last:
            first = last = round((low + high) / 2)
        if first == last == 0 and (low, high) != (0, 0):
            least = ceil(1000 / length) / 1000
            warn(
                f"{self!r} moves nothing in pictures of {side} {length}: it moves whole pixels, and "
                f"{side}_factor={factor} of {length} is less than one. Write {side}_factor={least} or more to move "
                "them, or 0 to leave them there.",
                LearningWarning,
            )
        return np.floor(_drawn(scope, x) * (last - first + 1)) + first


@dataclass(frozen=True, repr=False, eq=False)
class RandomRotation(Augmentation):
    """While training, turn each picture about its middle; between pixels numbers lie on straight lines (bilinear).

    Takes pictures (batch, height, width, channels) and gives the same.

    Args:
        factor: How far, as a share of a full turn: with 0.05 up to 18 degrees both ways; (lower, upper) may differ, and
            what is above 0 goes counter-clockwise.
        fill_mode: What stands where nothing was: "reflect" the picture mirrored at its border, "nearest" the pixels
            at the border, "wrap" the other side, "constant" fill_value.
        fill_value: That number.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and turns all the same.

    Raises:
        GraphError: If factor is not from 0 to 1, or two from -1 to 1 in order, or fill_mode none of the four.

    >>> cr.RandomRotation(0.05)(cr.input("image", ("batch", 28, 28, 1))).shape
    (batch, 28, 28, 1)
    """

    factor: Between1
    fill_mode: Beyond = "reflect"
    fill_value: Number = 0.0
    name: str = ""

    def _changed(self, scope: Scope, x: Node) -> Any:
        angle = _between(scope, x, self.factor) * (2 * pi)
        cosine: Any = np.cos(angle)
        sine: Any = np.sin(angle)
        at = _Places(x, self.fill_mode, self.fill_value)
        down, right = at.rows - at.middle_row, at.columns - at.middle_column
        rows = right * sine + down * cosine + at.middle_row
        columns = right * cosine - down * sine + at.middle_column
        return at.between_pixels(rows, columns)


@dataclass(frozen=True, repr=False, eq=False)
class RandomZoom(Augmentation):
    """While training, see each picture from nearer or farther; between pixels numbers lie on straight lines (bilinear).

    Takes pictures (batch, height, width, channels) and gives the same.

    Args:
        height_factor: By how much more is seen, as a share of the height: with 0.1 up to a tenth more or less; (lower,
            upper) may differ, and what is below 0 comes nearer.
        width_factor: Likewise of the width; None keeps the proportions.
        fill_mode: What stands where nothing was: "reflect" the picture mirrored at its border, "nearest" the pixels
            at the border, "wrap" the other side, "constant" fill_value.
        fill_value: That number.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and zooms all the same.

    Raises:
        GraphError: If a factor is not from 0 to below 1, or two above -1 in order, or fill_mode none of the four.

    >>> cr.RandomZoom(0.1)(cr.input("image", ("batch", 28, 28, 1))).shape
    (batch, 28, 28, 1)
    """

    height_factor: Zooms
    width_factor: Zooms | None = None
    fill_mode: Beyond = "reflect"
    fill_value: Number = 0.0
    name: str = ""

    def _changed(self, scope: Scope, x: Node) -> Any:
        high = _between(scope, x, self.height_factor) + 1
        wide = high if self.width_factor is None else _between(scope, x, self.width_factor) + 1
        at = _Places(x, self.fill_mode, self.fill_value)
        rows = (at.rows - at.middle_row) * high + at.middle_row
        columns = (at.columns - at.middle_column) * wide + at.middle_column
        return at.between_pixels(rows, columns)


@dataclass(frozen=True, repr=False, eq=False)
class RandomContrast(Augmentation):
    """While training, let the numbers of each picture lie closer to their mean, or farther from it, in each channel.

    Takes pictures (batch, height, width, channels) and gives the same. Nothing is cut off.

    Args:
        factor: By how much less or more: with 0.2, distances are multiplied with 0.8 to 1.2; with (lower, upper) with
            1 - lower to 1 + upper, as in Keras.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and changes the contrast all the same.

    Raises:
        GraphError: If factor is not from 0 to 1, or two of them.

    >>> cr.RandomContrast(0.2)(cr.input("image", ("batch", 28, 28, 1))).shape
    (batch, 28, 28, 1)
    """

    factor: Shares
    name: str = ""

    def _changed(self, scope: Scope, x: Node) -> Any:
        less, more = self.factor if isinstance(self.factor, tuple) else (self.factor, self.factor)
        mean = x.mean(axis=(1, 2), keepdims=True)
        return (x - mean) * (_between(scope, x, (-less, more)) + 1) + mean


@dataclass(frozen=True, repr=False, eq=False)
class RandomBrightness(Augmentation):
    """While training, make each picture darker or brighter: one number is added to all of it.

    Takes pictures (batch, height, width, channels) and gives the same.

    Args:
        factor: How much is added, as a share of what numbers may be: with 0.2 up to a fifth, or taken away; (lower,
            upper) may differ, and what is below 0 is darker.
        value_range: The least and the largest number there may be, at which others are cut off; (0, 1) by default, and
            (0, 255) in Keras.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and changes the brightness all the same.

    Raises:
        GraphError: If factor is not from 0 to 1, or two from -1 to 1 in order, or value_range no two numbers in order.

    >>> cr.RandomBrightness(0.2)(cr.input("image", ("batch", 28, 28, 1))).shape
    (batch, 28, 28, 1)
    """

    factor: Between1
    value_range: Limits = (0.0, 1.0)
    name: str = ""

    def _changed(self, scope: Scope, x: Node) -> Any:
        low, high = self.value_range
        lit: Any = np.clip(x + _between(scope, x, self.factor) * (high - low), low, high)
        return lit


# --- what is drawn ---


def _drawn(scope: Scope, x: Node) -> Node:
    """Return a random number in [0, 1) for each picture."""
    return scope.uniform((x.shape[0], 1, 1, 1))


def _ends(factor: Any) -> tuple[float, float]:
    return factor if isinstance(factor, tuple) else (-factor, factor)


def _between(scope: Scope, x: Node, factor: Any) -> Node:
    """Return a random number for each picture, from -factor to factor, or from the first of two to the second."""
    low, high = _ends(factor)
    return _drawn(scope, x) * (high - low) + low


# --- pixels by their places ---


class _Places:
    """The pixels of each picture of x, asked for by places of each one's own: rows and columns, from 0.

    Args:
        x: Pictures.
        beyond: What stands beyond their borders.
        value: A number that may be that.
    """

    def __init__(self, x: Node, beyond: Beyond, value: float) -> None:
        _, height, width, channels = x.shape
        self.x, self.beyond, self.value = x, beyond, value
        self.height, self.width = int(height), int(width)
        self.rows = of_array(np.arange(self.height, dtype=x.dtype).reshape(1, -1, 1, 1))
        self.columns = of_array(np.arange(self.width, dtype=x.dtype).reshape(1, 1, -1, 1))
        self.middle_row, self.middle_column = (self.height - 1) / 2, (self.width - 1) / 2
        self.in_a_row = x.reshape(x.shape[0], self.height * self.width, channels)

    def pixels(self, rows: Node, columns: Node) -> Any:
        """Return what stands in whole rows and columns, numbers that broadcast to (batch, height, width, 1)."""
        row, there_down = self._within(rows, self.height)
        column, there_across = self._within(columns, self.width)
        at: Any = row * self.width + column
        places = np.broadcast_to(at, (self.x.shape[0], self.height, self.width, 1)).reshape(
            self.x.shape[0], -1, 1
        )
        found = take_along(self.in_a_row, places, axis=1).reshape(self.x.shape)
        return found if self.beyond != "constant" else np.where(there_down & there_across, found, self.value)

    def between_pixels(self, rows: Node, columns: Node) -> Any:
        """Return what stands at any places, on straight lines between the four pixels around each."""
        top: Any = np.floor(rows)
        left: Any = np.floor(columns)
        down, across = rows - top, columns - left
        above = self.pixels(top, left) * (1 - across) + self.pixels(top, left + 1) * across
        below = self.pixels(top + 1, left) * (1 - across) + self.pixels(top + 1, left + 1) * across
        return above * (1 - down) + below * down

    def _within(self, at: Any, length: int) -> tuple[Any, Any]:
        """Return whole places within 0 to below a length, as positions, and which of them were there before."""
        there = (at >= 0) & (at < length)
        if self.beyond == "wrap":
            at = at - np.floor(at / length) * length
        elif self.beyond == "reflect":
            twice = at - np.floor(at / (2 * length)) * (2 * length)
            at = np.minimum(twice, 2 * length - 1 - twice)
        else:
            at = np.clip(at, 0, length - 1)
        return cast(at, "int64"), there
