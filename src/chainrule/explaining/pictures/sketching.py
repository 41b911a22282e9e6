"""A drawing of boxes and lines as marks: how large each box is, what stands on each line, and where all that goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.layout import PORT, Layout, layout
from chainrule.explaining.pictures.marks import Text
from chainrule.explaining.pictures.picture import Axis, Panel
from chainrule.explaining.pictures.wrapping import Size, Wire
from chainrule.shown import cut, visible

LETTER, LINE, PADDING = 6.7, 16.0, 12.0  # of normal text: a wide letter, a line; what a box keeps free
SMALL = 6.2  # a letter of the labels
LETTERS = (24, 18, 13, 9)  # of a line in a box, and on a line: as many as fit
WIDE = 480.0  # of a drawing: where it is shown on a telephone its letters are still three quarters as large
MARGIN = 6.0


@dataclass(frozen=True)
class Shape:
    """A box before it has a place; without texts it is where a line ends in the open."""

    texts: tuple[str, ...]
    kind: Literal["step", "leaf", "parameter", "result", "layer", "note"] = "step"
    name: str = ""  # what it is called where a row below begins with it
    tip: str = ""
    loop: str = ""  # what goes round
    colour: Any = ""


@dataclass(frozen=True)
class Joint:
    """A line between two boxes, and what stands on it."""

    source: int
    target: int
    above: str = ""
    below: str = ""
    tip: str = ""
    colour: Any = "muted"


def letters(text: str, letter: float = LETTER) -> float:
    """Return about how wide a text is."""
    return letter * len(text)


LOOP = 26.0  # what a line that goes round needs above a box, and as much is left below


def size_of(shape: Shape, most: int) -> Size:
    """Return how large a box has to be for lines of so many letters."""
    if not shape.texts:
        return Size(0, PORT)
    lines = lines_in(shape, most)
    wide = max(letters(line) for line in (*lines, shape.loop)) + 2 * PADDING
    again = letters(cut(shape.name, most)) + 2 * PADDING
    return Size(max(wide, 34), LINE * len(lines) + PADDING, max(again, 34), LOOP if shape.loop else 0.0)


def lines_in(shape: Shape, most: int) -> tuple[str, ...]:
    """Return what stands in a box: no line is longer than there is room for, and a text has three at the most."""
    found: list[str] = []
    for text in shape.texts:
        lines = wrap(visible(text), most, break_long_words=False, break_on_hyphens=False)
        lines = [*lines[:2], " ".join(lines[2:])] if len(lines) > 3 else lines
        found += [cut(line, most) for line in lines]
    return tuple(found)


def sketch(
    shapes: Sequence[Shape],
    joints: Sequence[Joint],
    width: float = WIDE,
    left: bool = False,
    backward: bool = False,
) -> tuple[Panel, Layout]:
    """Return boxes and lines as a panel, and where all stands.

    Args:
        shapes: The boxes, each behind those it is made from.
        joints: The lines.
        width: How wide the panel may be.
        left: Whether boxes that nothing leads to stand in the first column.
        backward: Whether arrows lead back.
    """
    for most in LETTERS:
        sizes = [size_of(s, most) for s in shapes]
        wires = [Wire(j.source, j.target, _room(j, most)) for j in joints]
        placed = layout(sizes, wires, width - 2 * MARGIN, left, upward=backward)
        if placed.width <= width - 2 * MARGIN:
            break
    marks: list[Any] = []
    for joint, route, (x, y) in zip(joints, placed.routes, placed.labels, strict=True):
        points = (route[::-1] if backward else route) + MARGIN
        label = (x + MARGIN, y + MARGIN)
        above, below = cut(joint.above, most), cut(joint.below, most)
        marks.append(Arrow(points, above, below, joint.colour, tip=joint.tip, label=label))
    for _, route in placed.going_on:
        marks.append(Arrow((route[::-1] if backward else route) + MARGIN, dash="dashed"))
    for at in placed.boxes:
        shape = shapes[at.box]
        if not shape.texts:
            continue
        x, y, high = at.x + MARGIN, at.y + MARGIN, at.height
        if at.again:
            tip = f"{shape.name}, from {'below' if backward else 'above'}"
            marks.append(Box(x, y, at.width, high, (cut(shape.name, most),), "note", dash="dashed", tip=tip))
            continue
        if shape.loop:
            marks.append(_round(x, y, at.width, shape.loop))
        lines = lines_in(shape, most)
        marks.append(Box(x, y, at.width, high, lines, shape.kind, colour=shape.colour, tip=shape.tip))
    return panel_of(marks, placed.width, placed.height), placed


def panel_of(marks: Sequence[Any], width: float, height: float) -> Panel:
    """Return a panel without axes, of marks that stand a margin away from its sides."""
    wide, high = width + 2 * MARGIN, height + 2 * MARGIN
    across = Axis(scale="none", limits=(0, wide))
    down = Axis(scale="none", limits=(0, high), reversed=True)
    return Panel(tuple(marks), x=across, y=down, legend=False, size=(wide, high))


def stack(
    shapes: Sequence[Shape],
    joints: Sequence[Joint],
    frames: Sequence[tuple[Sequence[int], str]] = (),
    width: float = WIDE,
) -> Panel | None:
    """Return boxes and lines from top to bottom, or None where they are too many beside each other.

    Args:
        shapes: The boxes, each behind those it is made from.
        joints: The lines; nothing stands on them.
        frames: Boxes that stand together, and what stands beside them.
        width: How wide the panel may be.
    """
    margin = FRAME if frames else 0.0
    for most in LETTERS:
        sizes = [size_of(s, most) for s in shapes]
        turned = [
            Size(s.height, s.width, over=letters(shape.loop) + 22 if shape.loop else 0.0)
            for s, shape in zip(sizes, shapes, strict=True)
        ]
        placed = layout(turned, [Wire(j.source, j.target) for j in joints], 1e9)
        if placed.height + 2 * margin <= width - 2 * MARGIN:
            break
    else:
        return None
    marks: list[Any] = []
    found = {at.box: (at.y + MARGIN + margin, at.x + MARGIN, at.height, at.width) for at in placed.boxes}
    for boxes, text in frames:
        left, top = (min(found[i][k] for i in boxes) for k in (0, 1))
        right, bottom = (max(found[i][k] + found[i][k + 2] for i in boxes) for k in (0, 1))
        beside = [route for joint, route in zip(joints, placed.routes, strict=True) if joint.target in boxes]
        across = [y + MARGIN + margin for route in beside for x, y in route if top < x + MARGIN < bottom]
        left, right = min([left, *across]), max([right, *across])
        size = (right - left + 20, bottom - top + 16)
        frame = Box(
            left - 10, top - 8, *size, (), "note", dash="dashed", tip=f"{text.removeprefix('× ')} times"
        )
        marks += [frame, Text(right + 16, (top + bottom) / 2, text, "start", bold=True)]
    for joint, route in zip(joints, placed.routes, strict=True):
        marks.append(Arrow(route[:, ::-1] + (MARGIN + margin, MARGIN), colour=joint.colour, tip=joint.tip))
    for i, shape in enumerate(shapes):
        x, y, wide, high = found[i]
        if not shape.texts:
            continue
        if shape.loop:
            end, low, up = x + wide, y + high - 10, y + 10
            points = [(end, low), (end + 14, low), (end + 14, up), (end, up)]
            marks += [Arrow(points), Text(x + wide + 18, y + high / 2 + 4, shape.loop, "start", "small")]
        marks.append(
            Box(x, y, wide, high, lines_in(shape, most), shape.kind, colour=shape.colour, tip=shape.tip)
        )
    return panel_of(marks, placed.height + 2 * margin, placed.width)


FRAME = 40.0  # what a frame and what stands beside it take at a side


def _room(joint: Joint, most: int) -> float:
    """Return what the labels of a line need."""
    found = max(letters(cut(text, most), SMALL) if text else 0.0 for text in (joint.above, joint.below))
    return found + 6 if found else 0.0


def _round(x: float, y: float, width: float, what: str) -> Arrow:
    """Return the arrow from the end of a box back to its beginning, above it."""
    up, side = 12.0, min(14.0, width / 4)
    points = [(x + width - side, y), (x + width - side, y - up), (x + side, y - up), (x + side, y)]
    return Arrow(points, above=what)
