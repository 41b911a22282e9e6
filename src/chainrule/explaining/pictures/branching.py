"""Networks whose paths part and meet: their layers from top to bottom, blocks that are repeated drawn once.

A block of layers is repeated where the same layers with the same sizes follow each other, each taking what stands as
far before it as in the block before: the residual blocks of a residual network, say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
AROUND = np.array([26.0, 9.0])  # pixels from boxes to their frame


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
    widths = [max(len(line) for line in lines) * LETTER + PADDING for lines in texts]
    wires = [Wire(take, i) for i, stage in enumerate(shown) for take in stage.takes]
    placed = layout(
        [Size(HIGH, width) for width in widths], wires, UNLIMITED
    )  # lies: its columns are rows here
    boxes: list[Mark] = []
    corners: dict[int, tuple[float, float, float, float]] = {}
    for box in placed.boxes:
        x, y, width, high = box.y, box.x, box.height, box.width
        corners[box.box] = (x, y, x + width, y + high)
        stage = shown[box.box]
        kind = "leaf" if stage.call is None else "parameter" if stage.parameters else "layer"
        tip = f"{stage.label} ({stage.kind}): {stage.size}, {stage.parameters:,} parameters"
        boxes.append(Box(x, y, width, high, texts[box.box], kind=kind, tip=tip))  # type: ignore[arg-type]
    arrows: list[Mark] = [Arrow(np.asarray(route)[:, ::-1]) for route in placed.routes]
    return [*[mark for fold in folds for mark in _frame(fold, corners)], *arrows, *boxes]


def _frame(fold: Fold, corners: dict[int, tuple[float, float, float, float]]) -> list[Mark]:
    """Return the frame around what is repeated, and how often it is."""
    inside = np.array([corners[i] for i in range(fold.first, fold.first + fold.count)])
    left, top = inside[:, :2].min(axis=0) - AROUND
    right, bottom = inside[:, 2:].max(axis=0) + AROUND
    return [
        Box(left, top, right - left, bottom - top, kind="note"),
        Text(right + 6, (top + bottom) / 2, f"× {fold.times}", anchor="start", size="large", bold=True),
    ]
