"""Networks whose paths part and meet: their layers from top to bottom, blocks that are repeated drawn once.

A block of layers is repeated where the same layers with the same sizes follow each other, each taking what stands as
far before it as in the block before: the residual blocks of a residual network, say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.layout import layout
from chainrule.explaining.pictures.marks import Mark, Text
from chainrule.explaining.pictures.stages import Stage
from chainrule.explaining.pictures.wrapping import Size, Wire
from chainrule.shown import cut

HIGH, PADDING, LETTER = 38.0, 24.0, 7.1  # pixels of a box, beside its text, and of a letter
LONGEST, OFTEN = 24, 4  # layers that are repeated together; how often one alone is, before it is drawn once
MOST = 26  # letters of a line
UNLIMITED = 1e9
AROUND = (10.0, 9.0)  # pixels from boxes and lines to their frame


@dataclass(frozen=True)
class Fold:
    """Layers that follow each other and are repeated.

    Attributes:
        first: The place of the first of them, among all that are drawn.
        count: How many they are.
        times: How often they stand there in the network.
    """

    first: int
    count: int
    times: int


def folded(stages: Sequence[Stage]) -> tuple[list[Stage], list[Fold]]:
    """Return stages in which what is repeated stands once, and which these are."""
    looks = [
        (s.kind, s.shape, s.about, s.parameters, tuple(i - take for take in s.takes))
        for i, s in enumerate(stages)
    ]
    kept: list[int] = []
    runs: list[tuple[int, int, int]] = []  # of what is kept: where it begins, how many, how often
    at = 0
    while at < len(stages):
        block, times = 1, 1
        for count in range(1, min(LONGEST, (len(stages) - at) // 2) + 1):
            again = 1
            while looks[at : at + count] == looks[at + again * count : at + (again + 1) * count]:
                again += 1
            enough = again >= (OFTEN if count == 1 else 3 if count == 2 else 2)
            if enough and again * count > block * times and _alone(stages, at, count, again):
                block, times = count, again
        if times > 1:
            runs.append((len(kept), block, times))
        kept += range(at, at + block)
        at += block * times
    # what stands behind a run takes what the last of its times gives, which is drawn as the first one's
    place = {old: new for new, old in enumerate(kept)}
    for begin, count, times in runs:
        start = kept[begin]
        place |= {start + count * t + k: begin + k for t in range(times) for k in range(count)}
    found = [replace(stages[old], takes=tuple(place[take] for take in stages[old].takes)) for old in kept]
    return found, [Fold(*run) for run in runs]


def _alone(stages: Sequence[Stage], at: int, count: int, times: int) -> bool:
    """Say whether a repeated block takes nothing but what the one before it ends in, and hands on its end alone."""
    end = at + count * times
    for i in range(at, end):
        begin = at + (i - at) // count * count
        if any(take < begin - 1 for take in stages[i].takes):
            return False
    return not any(at <= take < end - 1 for s in stages[end:] for take in s.takes)


def lines_of(stage: Stage) -> tuple[str, ...]:
    """Return what stands in a box: the layer, with its settings, and the shape of what it puts out."""
    kind = "" if stage.label.replace("_", "").lower().startswith(stage.kind.lower()) else f": {stage.kind}"
    about = f" {', '.join(stage.about)}" if stage.about else ""
    head = f"{stage.label}{kind if stage.kind != 'input' else ''}"
    return (cut(head, MOST), cut(f"{about} → {stage.size}".strip() if stage.call else stage.size, MOST))


def marks_of(stages: Sequence[Stage]) -> list[Mark]:
    """Return the boxes of stages and the arrows between them, from top to bottom."""
    shown, folds = folded(stages)
    texts = [lines_of(stage) for stage in shown]
    wires = [Wire(take, i) for i, stage in enumerate(shown) for take in stage.takes]
    corners, routes = _placed([max(map(len, lines)) * LETTER + PADDING for lines in texts], wires)
    boxes: list[Mark] = []
    for number, stage in enumerate(shown):
        left, top, right, bottom = corners[number]
        kind: Any = "leaf" if stage.call is None else "parameter" if stage.parameters else "layer"
        tip = f"{stage.label} ({stage.kind}): {stage.size}, {stage.parameters:,} parameters"
        boxes.append(Box(left, top, right - left, bottom - top, texts[number], kind=kind, tip=tip))
    frames = [mark for fold in folds for mark in _frame(fold, corners, routes)]
    return [*frames, *map(Arrow, routes.values()), *boxes]


Corners = dict[int, tuple[float, float, float, float]]  # left, top, right and bottom of each box
Routes = dict[Wire, np.ndarray]


def _placed(widths: Sequence[float], wires: Sequence[Wire]) -> tuple[Corners, Routes]:
    """Return where boxes and the lines between them are.

    What lies between two boxes that no line goes past is placed by itself, so that all of these boxes stand below each
    other; the columns of :func:`layout` are rows here.
    """
    alone = [i for i in range(len(widths)) if not any(w.source < i < w.target for w in wires)]
    corners: Corners = {}
    routes: Routes = {}
    for first, last in pairwise(alone) if len(alone) > 1 else [(0, 0)]:
        inside = [w for w in wires if first <= w.source and w.target <= last]
        lying = layout(
            [Size(HIGH, width) for width in widths[first : last + 1]],
            [Wire(w.source - first, w.target - first) for w in inside],
            UNLIMITED,
        )
        own = {box.box + first: (box.y, box.x, box.y + box.height, box.x + box.width) for box in lying.boxes}
        here = [np.asarray(route)[:, ::-1] for route in lying.routes]
        if first not in corners:  # all of it stands around 0
            half = (own[first][2] - own[first][0]) / 2
            corners[first] = (-half, own[first][1], half, own[first][3])
        begin = corners[first]
        middle, drift = _middle(begin), _middle(own[last]) - _middle(own[first])
        if abs(middle + drift) > abs(
            middle - drift
        ):  # turned round, so that paths do not all lead to one side
            own = {number: (-end, top, -left, bottom) for number, (left, top, end, bottom) in own.items()}
            here = [route * (-1, 1) for route in here]
        right, down = middle - _middle(own[first]), begin[1] - own[first][1]
        for number, (left, top, end, bottom) in own.items():
            corners.setdefault(number, (left + right, top + down, end + right, bottom + down))
        routes |= {wire: route + np.array([right, down]) for wire, route in zip(inside, here, strict=True)}
    return corners, routes


def _middle(corners: tuple[float, float, float, float]) -> float:
    return (corners[0] + corners[2]) / 2


def _frame(fold: Fold, corners: Corners, routes: Routes) -> list[Mark]:
    """Return the frame around what is repeated, with its lines, and how often it is."""
    inside = range(fold.first, fold.first + fold.count)
    boxes = np.array([corners[i] for i in inside])
    beside = np.concatenate(
        [boxes[:, [0, 2]].ravel(), *[route[:, 0] for w, route in routes.items() if w.target in inside]]
    )
    left, right = beside.min() - AROUND[0], beside.max() + AROUND[0]
    top, bottom = boxes[:, 1].min() - AROUND[1], boxes[:, 3].max() + AROUND[1]
    return [
        Box(left, top, right - left, bottom - top, kind="note"),
        Text(right + 6, (top + bottom) / 2, f"× {fold.times}", anchor="start", size="large", bold=True),
    ]
