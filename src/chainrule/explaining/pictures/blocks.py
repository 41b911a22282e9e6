"""Layers as blocks: as high as what they put out is wide, as thick as it has channels, both by their logarithm.

A chain goes from left to right in rows, so that it is never wider than a page and can be read on a narrow one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import log2
from typing import Any

import numpy as np

from chainrule.explaining.pictures.circles import Chosen, Column, draw
from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.marks import Heat, Mark, Text
from chainrule.explaining.pictures.picture import Axis, Panel
from chainrule.explaining.pictures.stages import Stage
from chainrule.shown import cut

WIDE = 470.0  # pixels of a row: narrow pages show them at three quarters
BETWEEN, APART = 26.0, 30.0  # pixels between blocks of a row, and between rows
LINE, LETTER, MOST = (
    14.0,
    6.2,
    17,
)  # of small letters: pixels of a line, of a letter, and how many there may be
DEPTH = 5.0  # pixels of a block's depth
LETTERS = {"small": 6.4, "normal": 7.0, "large": 8.4}  # pixels of a letter
EDGE, TITLE = 6.0, 22.0  # pixels around all, and of a title


@dataclass(frozen=True)
class Part:
    """A part of a row: a block with what stands below it, or columns of neurons.

    Attributes:
        width: From the end of the arrow before it to the begin of the one behind it, with its texts.
        above: Pixels above the height of the arrows.
        below: Pixels below it.
        stage: What is drawn as a block; None for neurons.
        columns: The neurons.
        colour: A role of the block in place of its own.
    """

    width: float
    above: float
    below: float
    stage: Stage | None = None
    columns: tuple[Column, ...] = ()
    colour: str = ""


@dataclass
class Rows:
    """A drawing of a chain.

    Attributes:
        marks: What is drawn.
        width: How wide it is.
        height: How high.
    """

    marks: list[Mark] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def diagram(marks: Sequence[Mark], title: str = "") -> Panel:
    """Return marks that have their places in pixels as a panel without axes, as large as they are with their texts."""
    ends = np.array([_ends(mark) for mark in marks])
    (left, top), (right, bottom) = ends[:, :2].min(axis=0) - EDGE, ends[:, 2:].max(axis=0) + EDGE
    x, y = Axis(scale="none", limits=(left, right)), Axis(scale="none", limits=(top, bottom), reversed=True)
    return Panel(
        marks, title, x, y, legend=False, size=(right - left, bottom - top + (TITLE if title else 0))
    )


def _ends(mark: Any) -> tuple[float, float, float, float]:
    """Return where a mark begins and ends: left, top, right, bottom."""
    if isinstance(mark, Box):
        depth = DEPTH if mark.shape == "block" else 0.0
        return mark.x, mark.y - depth, mark.x + mark.width + depth, mark.y + mark.height
    if isinstance(mark, Arrow):
        return (*np.min(mark.points, axis=0), *np.max(mark.points, axis=0))
    if isinstance(mark, Heat):
        x, y = mark.x or (0.0, 0.0), mark.y or (0.0, 0.0)
        return x[0], y[0], x[1], y[1]
    lines = mark.text.split("\n")
    wide = max(map(len, lines)) * LETTERS[mark.size] * (1.08 if mark.bold else 1.0)
    before = {"start": 0.0, "middle": wide / 2, "end": wide}[mark.anchor]
    high = LINE * len(lines) / 2
    return mark.x - before, mark.y - high, mark.x - before + wide, mark.y + high


def face(stage: Stage) -> tuple[float, float]:
    """Return how wide and how high a block is, in pixels: by the logarithm of its channels, and of its places.

    >>> from chainrule.graph.node import input
    >>> big, small = (Stage("", "Conv2D", (), shape, input("x", shape)) for shape in ((224, 224, 3), (7, 7, 512)))
    >>> face(big)[1] > face(small)[1], face(big)[0] < face(small)[0]
    (True, True)
    """
    known = [e if isinstance(e, int) else 12 for e in stage.shape] or [
        1
    ]  # of an open axis, as of a dozen steps
    places = known[:-1] if len(known) > 1 else known
    channels = known[-1] if len(known) > 1 else 1
    longest = max(places, default=1)
    return 10.0 + 6.0 * log2(max(channels, 1)), 16.0 + 10.0 * log2(max(longest, 1))


def lines_of(stage: Stage) -> list[str]:
    """Return what stands below a block: what it is called, its settings, the shape of what it puts out."""
    kind = stage.label if stage.kind == "input" or _says_it(stage) else f"{stage.label}: {stage.kind}"
    return [cut(line, MOST) for line in (kind, ", ".join(stage.about), stage.size) if line]


def _says_it(stage: Stage) -> bool:
    return stage.label.replace("_", "").lower().startswith(stage.kind.lower())


def block(stage: Stage, colour: str = "") -> Part:
    """Return a stage as a part of a row."""
    wide, high = face(stage)
    lines = lines_of(stage)
    text = max(map(len, lines)) * LETTER
    return Part(
        max(wide + DEPTH, text), high / 2 + DEPTH, high / 2 + 6 + LINE * len(lines), stage, colour=colour
    )


def neurons(columns: Sequence[Column], chosen: Chosen) -> Part:
    """Return columns of neurons as a part of a row."""
    drawn = draw(columns, chosen)
    return Part(drawn.right - drawn.left, -drawn.top, drawn.bottom, columns=tuple(columns))


def in_rows(parts: Sequence[Part], chosen: Chosen) -> Rows:
    """Return a drawing of parts one after the other, in rows."""
    rows: list[list[Part]] = []
    room = 0.0
    for part in parts:
        if not rows or room + BETWEEN + part.width > WIDE:
            rows.append([])
            room = -BETWEEN
        rows[-1].append(part)
        room += BETWEEN + part.width
    found = Rows()
    top, behind = 0.0, None
    for row in rows:
        middle = top + max(part.above for part in row)
        x = 0.0
        for number, part in enumerate(row):
            marks, enters, leaves = _at(part, x, middle, chosen)
            if number:
                found.marks.append(Arrow([(behind or (0, 0)), (enters, middle)]))
            elif behind:
                found.marks.append(_below(behind, (enters, middle), top, found.width))
            found.marks += marks
            behind = (leaves, middle)
            x += part.width + BETWEEN
            found.width = max(found.width, x - BETWEEN)
        top = middle + max(part.below for part in row) + APART
    return replace(found, height=top - APART)


def _below(end: tuple[float, float], begin: tuple[float, float], top: float, width: float) -> Arrow:
    """Return the arrow from the end of a row to the begin of the next."""
    side, between = width + 10, top - APART / 2
    return Arrow([end, (side, end[1]), (side, between), (-12, between), (-12, begin[1]), begin])


def _at(part: Part, x: float, middle: float, chosen: Chosen) -> tuple[list[Mark], float, float]:
    """Return a part where it stands, and where arrows reach and leave it."""
    if part.stage is None:
        drawn = draw(part.columns, chosen, x, middle)
        places = [at for at, _ in drawn.at.values()]
        return drawn.marks, min(places) - 22, max(places) + 22
    wide, high = face(part.stage)
    left = x + (part.width - wide) / 2
    learned = f", {part.stage.parameters:,} parameters" if part.stage.parameters else ""
    marks: list[Mark] = [
        Box(
            left, middle - high / 2, wide, high,
            kind="leaf" if part.stage.kind == "input" else "parameter" if part.stage.parameters else "layer",
            shape="block",
            colour=part.colour,  # type: ignore[arg-type]
            tip=f"{part.stage.label} ({part.stage.kind}): {part.stage.size}{learned}",
        )
    ]  # fmt: skip
    for number, line in enumerate(lines_of(part.stage)):
        below = middle + high / 2 + 6 + LINE * (number + 0.5)
        marks.append(
            Text(
                x + part.width / 2,
                below,
                line,
                size="small",
                bold=number == 0,
                colour="ink" if number == 0 else "muted",
            )
        )
    return marks, left - 3, left + wide + DEPTH + 1
