"""What stands in a panel: lines, points, bars, bands and maps of numbers. Data alone; ``showing`` draws it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from chainrule.errors import DataError, short
from chainrule.nn.specs import Above0, AtLeast0, Checked, Finite
from chainrule.shown import brief

__all__ = ["Band", "Bars", "Contours", "Heat", "Line", "Mark", "Patches", "Points", "Rule", "Spans", "Text"]

# What a colour means, not what it is: each renderer has its own, for light and for dark. "" is the next of c1 ... c8.
Colour: TypeAlias = Literal[
    "", "ink", "muted", "faint", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8",
    "positive", "negative", "right", "wrong",
]  # fmt: skip
Dash: TypeAlias = Literal["auto", "", "dashed", "dotted", "dashdot", "long"]
Marker: TypeAlias = Literal["auto", "", "o", "s", "^", "x", "+", "d"]
Palette: TypeAlias = Literal["sequential", "diverging", "grey", "classes"]


class Mark(Checked):
    """The base of what stands in a panel.

    Raises:
        DataError: If its numbers are none, or not as many as they must be.

    >>> isinstance(cr.pictures.Line([0, 1], [2, 3]), cr.pictures.Mark)
    True
    """

    _ARRAYS: ClassVar[tuple[tuple[str, int], ...]] = ()  # the fields that hold numbers, and their dimensions
    _ALIKE: ClassVar[tuple[str, ...]] = ()  # those of one length

    __repr__ = brief

    def __post_init__(self) -> None:
        for name, dimensions in self._ARRAYS:
            if getattr(self, name) is not None:
                read = numbers(self, name, getattr(self, name), dimensions)
                object.__setattr__(self, name, read if dimensions else float(read))
        lengths = {name: len(getattr(self, name)) for name in self._ALIKE}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} has {length:,}" for name, length in lengths.items())
            raise DataError(f"{type(self).__name__}: {' and '.join(lengths)} must be of one length; {found}.")
        super().__post_init__()


def numbers(mark: Any, name: str, values: Any, dimensions: int) -> np.ndarray:
    """Return numbers that nobody changes any more, of so many dimensions; NaN stands for what is not there."""
    what = f"{type(mark).__name__}: {name} must be {'a number' if dimensions == 0 else 'numbers'}"
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{what}; found {short(values)}.") from None
    if array.ndim != dimensions:
        raise DataError(f"{what} of {dimensions} dimensions; found those of shape {array.shape}.")
    array.flags.writeable = False
    return array


def texts(mark: Any, name: str, values: Iterable[Any] | None, count: int | None = None) -> None:
    """Make a tuple of texts of a field of a mark, so many or none."""
    if isinstance(values, str):
        raise DataError(f"{type(mark).__name__}: {name} must be several texts; found {short(values)}.")
    found = () if values is None else tuple(str(text) for text in values)
    if found and count is not None and len(found) != count:
        raise DataError(
            f"{type(mark).__name__}: {name} has {len(found):,} texts for {count:,} places. Give one for each."
        )
    object.__setattr__(mark, name, found)


def limits_of(mark: Any, name: str, values: Any) -> None:
    """Make a pair of numbers, the lower first, of a field of a mark; None stays."""
    if values is None:
        return
    low, high = numbers(mark, name, values, 1).tolist() if np.size(values) == 2 else (np.nan, np.nan)
    if not np.isfinite([low, high]).all() or low > high:
        raise DataError(
            f"{type(mark).__name__}: {name} must be two numbers, the lower first; found {short(values)}."
        )
    object.__setattr__(mark, name, (low, high))


@dataclass(frozen=True, repr=False, eq=False)
class Line(Mark):
    """A line through points, in their order.

    Args:
        x: Places, of shape (n,).
        y: Heights, of shape (n,); a NaN leaves a gap.
        name: What the legend calls it; "" for no place there.
        colour: Its role: "c1" ... "c8", "ink", "muted", "faint", "positive", "negative", "right", "wrong"; "" for the
            next that is free.
        dash: "", "dashed", "dotted", "dashdot" or "long"; "auto" for the next that is free.
        width: In CSS pixels.
        marker: What stands at each point: "o", "s", "^", "x", "+", "d", or "" for nothing.

    Raises:
        DataError: If x and y are no numbers, or not of one length.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Line([1, 2, 3], [0.9, 0.5, 0.4], "cost").y
    array([0.9, 0.5, 0.4])
    """

    x: ArrayLike
    y: ArrayLike
    name: str = ""
    colour: Colour = ""
    dash: Dash = "auto"
    width: Above0 = 1.75
    marker: Marker = ""

    _ARRAYS = (("x", 1), ("y", 1))
    _ALIKE = ("x", "y")


@dataclass(frozen=True, repr=False, eq=False)
class Points(Mark):
    """Points, each at a place of its own.

    Args:
        x: Places, of shape (n,).
        y: Heights, of shape (n,); where either is NaN there is no point.
        name: What the legend calls them; "" for no place there.
        colour: Their role, as ``cr.pictures.Line`` has it.
        marker: "o", "s", "^", "x", "+" or "d"; "auto" for the next that is free.
        size: In CSS pixels.
        texts: What stands beside each, or nothing.

    Raises:
        DataError: If x and y are no numbers, or not of one length, or texts are not as many.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Points([0, 1], [1, 0], "class 1", texts=["(0, 1)", "(1, 0)"]).texts
    ('(0, 1)', '(1, 0)')
    """

    x: ArrayLike
    y: ArrayLike
    name: str = ""
    colour: Colour = ""
    marker: Marker = "auto"
    size: Above0 = 6.0
    texts: Sequence[str] = ()

    _ARRAYS = (("x", 1), ("y", 1))
    _ALIKE = ("x", "y")

    def __post_init__(self) -> None:
        super().__post_init__()
        texts(self, "texts", self.texts, np.size(self.x))


@dataclass(frozen=True, repr=False, eq=False)
class Bars(Mark):
    """Bars, one at each place; what each is called stands in the ticks of the axis.

    Args:
        places: Where they stand, of shape (n,).
        heights: How far they reach from the base, of shape (n,); NaN for no bar.
        name: What the legend calls them; "" for no place there.
        colour: Their role, as ``cr.pictures.Line`` has it.
        base: Where they begin.
        horizontal: Whether they lie: places are then those of the y axis.
        width: Of each, in units of the places.
        colours: A role for each bar, in place of one for all.
        texts: What stands at the end of each, or nothing.

    Raises:
        DataError: If places and heights are no numbers, or not of one length, or colours or texts are not as many.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Bars([0, 1, 2], [0.1, 0.7, 0.2], "softmax").heights
    array([0.1, 0.7, 0.2])
    """

    places: ArrayLike
    heights: ArrayLike
    name: str = ""
    colour: Colour = ""
    base: float = 0.0
    horizontal: bool = False
    width: Above0 = 0.8
    colours: Sequence[str] = ()
    texts: Sequence[str] = ()

    _ARRAYS = (("places", 1), ("heights", 1))
    _ALIKE = ("places", "heights")

    def __post_init__(self) -> None:
        super().__post_init__()
        texts(self, "texts", self.texts, np.size(self.places))
        texts(self, "colours", self.colours, np.size(self.places))
        unknown = set(self.colours) - set(get_args(Colour))
        if unknown:
            raise DataError(
                f"Bars: colours are roles such as 'c1' or 'positive'; found {short(min(unknown))}."
            )


@dataclass(frozen=True, repr=False, eq=False)
class Spans(Mark):
    """Spans from low to high at each place, as error bars are drawn.

    Args:
        places: Where they stand, of shape (n,).
        low: Their lower ends, of shape (n,).
        high: Their upper ends, of shape (n,).
        name: What the legend calls them; "" for no place there.
        colour: Their role, as ``cr.pictures.Line`` has it.
        horizontal: Whether they lie: places are then those of the y axis.

    Raises:
        DataError: If these are no numbers, or not of one length.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Spans([1, 2], [0.1, 0.2], [0.3, 0.5]).high
    array([0.3, 0.5])
    """

    places: ArrayLike
    low: ArrayLike
    high: ArrayLike
    name: str = ""
    colour: Colour = "muted"
    horizontal: bool = False

    _ARRAYS = (("places", 1), ("low", 1), ("high", 1))
    _ALIKE = ("places", "low", "high")


@dataclass(frozen=True, repr=False, eq=False)
class Band(Mark):
    """What lies between two lines.

    Args:
        x: Places, of shape (n,).
        low: The lower line, of shape (n,).
        high: The upper line, of shape (n,).
        name: What the legend calls it; "" for no place there.
        colour: Its role, as ``cr.pictures.Line`` has it.

    Raises:
        DataError: If these are no numbers, or not of one length.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Band([1, 2], [0.1, 0.2], [0.3, 0.5], "nine of ten seeds").low
    array([0.1, 0.2])
    """

    x: ArrayLike
    low: ArrayLike
    high: ArrayLike
    name: str = ""
    colour: Colour = ""

    _ARRAYS = (("x", 1), ("low", 1), ("high", 1))
    _ALIKE = ("x", "low", "high")


@dataclass(frozen=True, repr=False, eq=False)
class Heat(Mark):
    """A map of numbers as colours: a matrix, a picture, what a network says of each point of a plane.

    Args:
        values: Of shape (rows, columns); the first row lies at ``y[0]``, the first column at ``x[0]``. NaN is left out.
        x: Where the columns begin and end; by default (-0.5, columns - 0.5), so that column j lies at j.
        y: Where the rows begin and end, likewise.
        palette: "sequential" from little to much, "diverging" around 0 (negative to positive), "grey" from black to
            white, "classes" for whole numbers 0, 1, 2 ... in the colours c1, c2, c3 ...; of 2.7 the class is 2, and .7
            says how strong its colour is.
        limits: The numbers of the first and the last colour; by default those of the values, for "diverging" as far
            to both sides of 0.
        texts: What stands in each cell, of the shape of values, or nothing.
        bar: Whether a bar beside says which colour is which number.
        label: What the bar shows.
        faint: Whether colours are half as strong, for what stands on them.

    Raises:
        DataError: If values is no matrix of numbers, or texts are not as many, or limits are none.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Heat([[9, 1], [0, 10]], texts=[["9", "1"], ["0", "10"]]).x
    (-0.5, 1.5)
    """

    values: ArrayLike
    x: tuple[float, float] | None = None
    y: tuple[float, float] | None = None
    palette: Palette = "sequential"
    limits: tuple[float, float] | None = None
    texts: Sequence[Sequence[str]] | None = None
    bar: bool = True
    label: str = ""
    faint: bool = False

    _ARRAYS = (("values", 2),)

    def __post_init__(self) -> None:
        super().__post_init__()
        values = np.asarray(self.values)
        for name, count in (("y", len(values)), ("x", values.shape[1])):
            ends = (-0.5, count - 0.5) if getattr(self, name) is None else getattr(self, name)
            found = numbers(self, name, ends, 1).tolist()
            if len(found) != 2 or not np.isfinite(found).all() or found[0] == found[1]:
                raise DataError(f"Heat: {name} must be where it begins and ends; found {short(ends)}.")
            object.__setattr__(self, name, tuple(found))
        limits_of(self, "limits", self.limits)
        if self.limits is None:
            object.__setattr__(self, "limits", limits_by([values], self.palette))
        if self.texts is not None:
            rows = tuple(tuple(str(text) for text in row) for row in self.texts)
            if [len(row) for row in rows] != [values.shape[1]] * len(values):
                raise DataError(f"Heat: texts must be of the shape of values, {values.shape}.")
            object.__setattr__(self, "texts", rows)


def limits_by(arrays: Sequence[np.ndarray], palette: str) -> tuple[float, float]:
    """Return the numbers of a palette's first and last colour for these values, of arrays that are compared."""
    known = np.concatenate([values[np.isfinite(values)] for values in arrays])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if palette == "diverging":
        low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
    if palette == "classes":
        low, high = 0.0, max(high, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


@dataclass(frozen=True, repr=False, eq=False)
class Patches(Mark):
    """Polygons with a colour for a number each, the last above all: a surface that was projected, say.

    Args:
        polygons: The corners of each, arrays of shape (corners, 2).
        values: A number for each.
        palette: As ``cr.pictures.Heat`` has it.
        limits: The numbers of the first and the last colour, likewise.

    Raises:
        DataError: If polygons are no corners, or values are not as many.
        GraphError: If a setting is none of those above.

    >>> len(cr.pictures.Patches([[(0, 0), (1, 0), (0, 1)]], [0.5]).polygons)
    1
    """

    polygons: Sequence[ArrayLike]
    values: ArrayLike
    palette: Palette = "sequential"
    limits: tuple[float, float] | None = None

    _ARRAYS = (("values", 1),)

    def __post_init__(self) -> None:
        super().__post_init__()
        polygons = tuple(corners(self, "polygons", polygon) for polygon in self.polygons)
        if len(polygons) != np.size(self.values):
            raise DataError(
                f"Patches: {len(polygons):,} polygons have {np.size(self.values):,} values. Give one for each."
            )
        object.__setattr__(self, "polygons", polygons)
        limits_of(self, "limits", self.limits)
        if self.limits is None:
            object.__setattr__(self, "limits", limits_by([np.asarray(self.values)], self.palette))


def corners(mark: Any, name: str, values: Any) -> np.ndarray:
    """Return points of a plane, of shape (n, 2)."""
    array = numbers(mark, name, values, 2)
    if array.shape[1] != 2:
        raise DataError(f"{type(mark).__name__}: {name} must be of shape (n, 2); found {array.shape}.")
    return array


@dataclass(frozen=True, repr=False, eq=False)
class Contours(Mark):
    """Lines of equal height.

    Args:
        lines: Pairs of a level and its points, of shape (n, 2); a level may have several.
        palette: The colours by level, as ``cr.pictures.Heat`` has them; "" for one colour, that of ``colour``.
        colour: The role of all lines where there is no palette, as ``cr.pictures.Line`` has it.
        texts: Whether levels are written on their lines.

    Raises:
        DataError: If lines are none.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Contours([(0.5, [(0, 0), (1, 1)])]).lines[0][0]
    0.5
    """

    lines: Sequence[tuple[float, ArrayLike]]
    palette: Literal["", "sequential", "diverging", "grey"] = ""
    colour: Colour = "muted"
    texts: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        read = [
            (float(numbers(self, "lines", level, 0)), corners(self, "lines", points))
            for level, points in self.lines
        ]
        object.__setattr__(self, "lines", tuple(read))


@dataclass(frozen=True, repr=False, eq=False)
class Text(Mark):
    """A text at a place.

    Args:
        x: Its place.
        y: Its height, of the middle of the line.
        text: What it says; a line break begins another line.
        anchor: Which end of it stands at x: "start", "middle" or "end".
        size: "small", "normal" or "large".
        colour: Its role, as ``cr.pictures.Line`` has it.
        bold: Whether it matters.

    Raises:
        DataError: If a place is no number.
        GraphError: If a place is not finite, or a setting is none of those above.

    >>> cr.pictures.Text(0.5, 1, "J = 33").text
    'J = 33'
    """

    x: Finite
    y: Finite
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    size: Literal["small", "normal", "large"] = "normal"
    colour: Colour = "ink"
    bold: bool = False

    _ARRAYS = (("x", 0), ("y", 0))


@dataclass(frozen=True, repr=False, eq=False)
class Rule(Mark):
    """A straight line through all of a panel.

    Args:
        x: Where it crosses the x axis, upright; None for one that lies.
        y: Where it crosses the y axis, level; None for one that stands.
        name: What the legend calls it; "" for no place there.
        colour: Its role, as ``cr.pictures.Line`` has it.
        dash: As ``cr.pictures.Line`` has it.
        width: In CSS pixels.

    Raises:
        DataError: If neither x nor y is given, or both are.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Rule(y=0.5, name="threshold").y
    0.5
    """

    x: float | None = None
    y: float | None = None
    name: str = ""
    colour: Colour = "muted"
    dash: Dash = "dashed"
    width: AtLeast0 = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.x is None) == (self.y is None):
            raise DataError("Rule: give x for a line that stands, or y for one that lies.")
