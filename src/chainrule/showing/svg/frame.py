"""The frame of a panel: what its axes span, where a number lies in pixels, ticks, grid and labels."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.marks import Band, Bars, Contours, Heat, Patches, Rule, Spans, Text
from chainrule.explaining.pictures.picture import Axis
from chainrule.showing import ticks
from chainrule.showing.svg.text import SMALL, fitted, number, tag, width, words, wrapped

SLANT, LONGEST = math.radians(35), 96.0  # of texts that are slanted, and their pixels
FAR = 20.0  # times the length of an axis
LARGEST = 1e150  # that an axis shows, of either sign; their squares are numbers too
PAD = 0.04  # of what is shown, around it
LABEL = 17.0  # pixels for an axis' label


@dataclass(frozen=True)
class Scale:
    """Numbers to pixels, along one axis.

    >>> Scale(0, 10, 100.0, 0.0).at(2.5)
    75.0
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: Any) -> Any:
        """Return where numbers lie, in pixels; NaN for what lies nowhere, as 0 on a log axis."""
        numbers = np.asarray(value, np.float64)
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        with np.errstate(all="ignore"):
            share = ((np.log10(numbers) if self.log else numbers) - low) / (high - low)
        share = np.where(np.isfinite(numbers) & ((numbers > 0) | (not self.log)), share, np.nan)
        # What lies far outside is cut off by the panel; a coordinate of a hundred digits would not be.
        found = self.start + np.clip(share, -FAR, FAR) * (self.end - self.start)
        return found if np.ndim(found) else float(found)


def extents(marks: Sequence[Any], axis: str) -> Iterator[tuple[np.ndarray, bool]]:
    """Yield the numbers that marks have along an axis, and whether there is to be room around them."""
    side = 0 if axis == "x" else 1
    for mark in marks:
        if isinstance(mark, Rule | Text):
            value = getattr(mark, axis)
            yield np.array([] if value is None else [value], float), True
        elif isinstance(mark, Bars):
            lying = mark.horizontal == (axis == "y")
            places, half = np.asarray(mark.places), mark.width / 2
            if lying:
                yield np.concatenate([places - half, places + half]), True
            else:
                yield np.append(mark.base + (np.asarray(mark.heights) - mark.base), mark.base), True
        elif isinstance(mark, Spans):
            along = mark.horizontal == (axis == "y")
            yield np.asarray(mark.places if along else np.append(mark.low, mark.high)), True
        elif isinstance(mark, Band):
            yield np.asarray(mark.x if axis == "x" else np.append(mark.low, mark.high)), True
        elif isinstance(mark, Heat):
            yield np.asarray(getattr(mark, axis)), False
        elif isinstance(mark, Patches):
            yield np.concatenate([np.zeros(0), *[_side(p, side) for p in mark.polygons]]), True
        elif isinstance(mark, Contours):
            yield np.concatenate([np.zeros(0), *[_side(p, side) for _, p in mark.lines]]), False
        elif isinstance(mark, Box):
            start = getattr(mark, axis)
            yield np.array([start, start + (mark.width if axis == "x" else mark.height)]), True
        elif isinstance(mark, Arrow):
            yield np.asarray(mark.points)[:, side], True
        else:
            yield np.asarray(getattr(mark, axis)), True


def _side(points: Any, side: int) -> np.ndarray:
    return points[:, side]


def span(marks: Sequence[Any], axis: Axis, which: str) -> tuple[float, float]:
    """Return where an axis begins and ends: as it says, or what its marks need, with some room around."""
    if axis.limits is not None:
        low, high = axis.limits
        return (low, high) if high > low else (low - 0.5, high + 0.5)
    log = axis.scale == "log"
    found = list(extents(marks, which))
    values = np.concatenate([np.zeros(0), *[v for v, _ in found]])
    size = np.abs(values)
    values = values[(size < LARGEST) & ((values > 1 / LARGEST) | (not log))]  # NaN is neither
    if not values.size:
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if axis.ticks and not log:
        places = [place for place, _ in axis.ticks]
        low, high = min(low, *places), max(high, *places)
    loose = any(room and v.size for v, room in found) and not any(isinstance(mark, Heat) for mark in marks)
    if log:
        share = (high / low) ** PAD if high > low else 2.0
        return (low / share, high * share) if loose else (low, high)
    if high - low <= 1 / LARGEST:
        return low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
    room = (high - low) * PAD if loose else 0.0
    said = [
        mark for mark in marks if isinstance(mark, Bars) and mark.texts and mark.horizontal == (which == "x")
    ]
    room *= 2.5 if said else 1.0  # for what stands at the end of bars
    bottom = [mark.base for mark in marks if isinstance(mark, Bars) and mark.horizontal == (which == "x")]
    return (
        low if low in bottom else low - room,  # bars stand on the axis
        high if high in bottom else high + room,
    )


def are_whole(marks: Sequence[Any], which: str) -> bool:
    """Say whether all numbers along an axis are whole, as epochs are."""
    values = np.concatenate([np.zeros(0), *[v for v, _ in extents(marks, which)]])
    values = values[np.isfinite(values)]
    return bool(values.size) and bool((values == np.round(values)).all())


def ticks_of(axis: Axis, low: float, high: float, most: int, whole: bool) -> ticks.Ticks:
    """Return an axis' own ticks, or round numbers."""
    if axis.scale == "none":
        return []
    if axis.ticks is not None:
        return [(place, text) for place, text in axis.ticks if low <= place <= high]
    return ticks.log(low, high, most) if axis.scale == "log" else ticks.linear(low, high, most, whole)


def ticks_along(axis: Axis, low: float, high: float, length: float, whole: bool) -> ticks.Ticks:
    """Return so many ticks of an x axis that their texts do not touch each other."""
    found: ticks.Ticks = []
    for most in (9, 8, 7, 6, 5, 4, 3, 2):
        found = ticks_of(axis, low, high, most, whole)
        wide = sum(width(text, SMALL) + 12 for _, text in found)
        if wide <= length or axis.ticks is not None:
            break
    return found


@dataclass(frozen=True)
class Below:
    """The texts below an x axis: in a line or two each, or slanted where there is no room for that.

    Attributes:
        ticks: Where they stand, and what they say.
        room: From one to the next, in pixels.
        slant: Whether they are slanted.
    """

    ticks: ticks.Ticks
    room: float
    slant: bool

    @property
    def lines(self) -> int:
        """So many lines the longest has."""
        return max((len(self.broken(text)) for _, text in self.ticks), default=0)

    @property
    def height(self) -> float:
        """How high they are, from the axis down."""
        if self.slant:
            return 18.0 + max(math.sin(SLANT) * min(width(text, SMALL), LONGEST) for _, text in self.ticks)
        return 3.0 + 13.0 * self.lines if self.ticks else 0.0

    def broken(self, text: str) -> list[str]:
        """Return the lines of a text."""
        return [text] if width(text, SMALL) <= self.room else wrapped(text, self.room, SMALL)

    def drawn(self, scale: Scale, y: float) -> str:
        """Write them below an axis at y."""
        parts = []
        for place, text in self.ticks:
            x = scale.at(place)
            if self.slant:
                turned = f"rotate(-35 {number(x)} {number(y + 12)})"
                short = fitted(text, LONGEST, SMALL)
                parts.append(words(short, x + 4, y + 12, SMALL, "end", "muted", transform=turned))
            else:
                for i, line in enumerate(self.broken(text)):
                    parts.append(words(line, x, y + 14 + 13 * i, SMALL, "middle", "muted"))
        return "".join(parts)


def below(found: ticks.Ticks, length: float, scale: Scale) -> Below:
    """Return how the texts of an x axis are written."""
    places = sorted(scale.at(place) for place, _ in found)
    room = min((b - a for a, b in pairwise(places)), default=length) - 5.0
    words_ = [word for _, text in found for word in text.split()]
    fits = all(width(word, SMALL) <= room for word in words_)
    level = Below(found, room, False)
    return level if fits and level.lines <= 2 else Below(found, room, bool(found))


def drawn_grid(found: ticks.Ticks, scale: Scale, left: float, right: float, texts: Sequence[str]) -> str:
    """Write faint lines at the ticks of a y axis, and their texts."""
    places = [scale.at(place) for place, _ in found]
    path = "".join(f"M{number(left)} {number(y)}H{number(right)}" for y in places)
    grid = tag("path", d=path, stroke="var(--faint)", stroke_width=1, fill="none") if path else ""
    said = [
        words(text, left - 6, y + 4, SMALL, "end", "muted") for text, y in zip(texts, places, strict=True)
    ]
    return grid + "".join(said)
