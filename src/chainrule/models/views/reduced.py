"""Pictures as data that are small, and data as JSON holds them: few points of long lines, numbers of five digits."""

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.explaining.pictures.marks import Line, Points
from chainrule.explaining.pictures.picture import Picture
from chainrule.explaining.pictures.truths import thinned
from chainrule.shown import visible

MOST_PLACES = 200  # of a line
MOST_POINTS = 1000
DIGITS = 5
LONGEST = 200  # characters of a cell
_FRACTION = re.compile(r"-?\d{1,9}\.\d{6,30}(e-?\d{1,3})?")  # of more digits than tell


def small(picture: Picture) -> dict[str, Any]:
    """Return a picture as data, with few points of its long lines.

    >>> from chainrule.explaining.pictures.picture import Panel
    >>> line = Line(np.arange(1000.0), np.arange(1000.0) / 3)
    >>> found = small(Picture(Panel([line])))["panels"][0]["marks"][0]
    >>> len(found["x"]), found["x"][0], found["x"][-1], found["y"][1]
    (200, 0.0, 999.0, 1.6667)
    """
    panels = [replace(panel, marks=[_thin(mark) for mark in panel.marks]) for panel in picture.panels]
    found: dict[str, Any] = plain(replace(picture, panels=panels).to_dict())
    return found


def _thin(mark: Any) -> Any:
    if isinstance(mark, Line) and len(np.asarray(mark.x)) > MOST_PLACES:
        at = thinned(len(np.asarray(mark.x)), MOST_PLACES)
        return replace(mark, x=np.asarray(mark.x)[at], y=np.asarray(mark.y)[at])
    if isinstance(mark, Points) and len(np.asarray(mark.x)) > MOST_POINTS:
        at = thinned(len(np.asarray(mark.x)), MOST_POINTS)
        texts = [mark.texts[i] for i in at] if mark.texts else mark.texts
        return replace(mark, x=np.asarray(mark.x)[at], y=np.asarray(mark.y)[at], texts=texts)
    return mark


def plain(thing: Any) -> Any:
    """Return data as JSON holds them: no number that is not finite, none of more digits than are read.

    >>> plain({"a": [1 / 3, float("nan"), np.float32(2), np.int64(7)], "b": "x"})
    {'a': [0.33333, None, 2.0, 7], 'b': 'x'}
    """
    if isinstance(thing, dict):
        return {str(name): plain(value) for name, value in thing.items()}
    if isinstance(thing, np.ndarray | np.generic):
        return plain(thing.tolist())
    if isinstance(thing, list | tuple):
        return [plain(each) for each in thing]
    if isinstance(thing, float):
        return float(f"{thing:.{DIGITS}g}") if math.isfinite(thing) else None
    return thing


def short_cell(text: str) -> str:
    """Return the beginning of a cell, without what no letter is, and of a fraction the digits that are read.

    >>> short_cell("a" * 1000)[-3:], short_cell("a\\x00b"), short_cell("-0.31415926535")
    ('aa…', 'a\\\\x00b', '-0.314159')
    """
    if _FRACTION.fullmatch(text):
        return f"{float(text):.6g}"
    text = visible(text[: LONGEST + 1])
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
