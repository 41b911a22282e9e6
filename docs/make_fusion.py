"""Draw docs/fusion.svg, the loops of a small network's training step: ``python docs/make_fusion.py``."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.native.look.show import Words, title
from chainrule.engines.native.plan.items import Fusion, Item, Nest, made, memory_source
from chainrule.graph.shapes import Extent
from chainrule.train.objective import training_program

# All lengths are in points.
FONT, CHARACTER, LINE = 9.0, 5.42, 14.0
INSET, HEAD, GAP, GUTTER, LANE, MARGIN = 12.0, 19.0, 26.0, 66.0, 26.0, 26.0
INK, PAPER = "#1f2933", "#ffffff"
KINDS = {  # the colours of each kind of item: its edge and heading, its ground
    "loop nest over the examples": ("#2457a6", "#eef4fd"),
    "product": ("#b4540a", "#fdf3e7"),
    "loop nest over parameters": ("#2f7d4f", "#edf8f1"),
    "single numbers": ("#5f6b7a", "#f3f5f7"),
}


def example() -> Fusion:
    """Return the plan of a step of Adam for a network 8-64-1 with a hidden layer of relu."""
    network = cr.Network([cr.Dense(64, "relu"), cr.Dense(1)], input_shape=8, seed=0)
    goal, _ = network._examples(network._read(np.zeros((1, 8)), np.zeros(1), None), "mse")
    program = training_program(goal, cr.Adam())
    return build(program, "native").stages.fusion


@dataclass(eq=False)
class Box:
    """An item as it is drawn: its lines, each with whether it is kept in memory, and where it stands."""

    number: int
    item: Item
    kind: str
    lines: list[tuple[str, bool]]
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0

    @property
    def height(self) -> float:
        """How high it is."""
        return HEAD + LINE * len(self.lines) + 10

    @property
    def by_example(self) -> bool:
        """Whether it stands in the left column."""
        return self.kind in ("loop nest over the examples", "product")


def boxes(plan: Fusion) -> list[Box]:
    """Return a box for each item of the plan, in its order."""
    words, found = Words(plan), []
    for number, item in enumerate(plan.items, 1):
        lines = [(words.line(n), n in plan.stored) for n in made(item) if words.name(n)]
        found.append(Box(number, item, _kind(item), lines))
    return found


def _kind(item: Item) -> str:
    if not isinstance(item, Nest):
        return "product"
    if any(isinstance(e, Extent) for e in item.domain):
        return "loop nest over the examples"
    return "loop nest over parameters" if item.domain else "single numbers"


def arrows(plan: Fusion, drawn: list[Box]) -> dict[tuple[Box, str], list[Box]]:
    """Return who reads what of whom: for each box and each list of its values the boxes that read these."""
    words = Words(plan)
    maker = {n: box for box in drawn for n in made(box.item)}
    found: dict[tuple[Box, str], list[Box]] = {}
    for reader in drawn:
        read: dict[Box, set[str]] = {}
        for node in made(reader.item):
            for source in map(memory_source, node.inputs):
                if source in maker and maker[source] is not reader:
                    read.setdefault(maker[source], set()).add(words.name(source))
        for source, names in read.items():
            label = ", ".join(sorted(names, key=lambda name: (len(name), name)))
            found.setdefault((source, label), []).append(reader)
    return found


def place(drawn: list[Box], lanes: int) -> tuple[float, float]:
    """Give each box its place: two columns, in which time goes down; return the size of the picture."""
    widths = {side: max(_width(b) for b in drawn if b.by_example is side) for side in (True, False)}
    lefts = {True: MARGIN + LANE * lanes}
    lefts[False] = lefts[True] + widths[True] + GUTTER
    free, last = {True: MARGIN + 24, False: MARGIN + 24}, 0.0
    for box in drawn:
        box.left, box.width = lefts[box.by_example], widths[box.by_example]
        box.top = last = max(free[box.by_example], last + (0 if box.by_example else 20))
        free[box.by_example] = box.top + box.height + GAP
    return lefts[False] + widths[False] + LANE + MARGIN, max(free.values()) + MARGIN


def _width(box: Box) -> float:
    return CHARACTER * max(len(line) for line, _ in [*box.lines, (title(box.item) + "      ", False)]) + 52


def draw(path: Path) -> None:
    """Draw the picture."""
    plan = example()
    drawn = boxes(plan)
    edges = arrows(plan, drawn)
    skipping = [e for e in edges if e[0].by_example and any(_skips(drawn, e[0], r) for r in edges[e])]
    width, height = place(drawn, lanes=len(skipping))
    figure = plt.figure(figsize=(width / 72, height / 72), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for side, words in ((True, "what goes over the examples"), (False, "what goes over the parameters")):
        left = next(b.left for b in drawn if b.by_example is side)
        axes.text(left, MARGIN + 6, words, size=FONT + 2, color=INK, weight="bold", va="center")
    for box in drawn:
        _draw_box(axes, box)
    for (source, label), readers in edges.items():
        lane = skipping.index((source, label)) if (source, label) in skipping else 0
        for reader in readers:
            _draw_arrow(axes, drawn, source, reader, label, lane)
    _draw_legend(axes, height - MARGIN)
    settings = {"svg.hashsalt": "chainrule", "font.family": "DejaVu Sans"}
    with matplotlib.rc_context(settings):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    plt.close(figure)


def _draw_box(axes: plt.Axes, box: Box) -> None:
    edge, ground = KINDS[box.kind]
    style = "round,pad=0,rounding_size=5"
    axes.add_patch(
        FancyBboxPatch((box.left, box.top), box.width, box.height, style, fc=ground, ec=edge, lw=1.1)
    )
    heading = f"{box.number}  {title(box.item)}"
    axes.text(
        box.left + INSET, box.top + 13, heading, size=FONT + 0.5, color=edge, weight="bold", va="center"
    )
    for row, (line, kept) in enumerate(box.lines):
        y = box.top + HEAD + LINE * (row + 0.5) + 4
        axes.plot(
            box.left + INSET + 3, y, "o", ms=4.2, mec=edge, mew=0.9, mfc=edge if kept else ground, zorder=3
        )
        axes.text(
            box.left + INSET + 13, y, line, size=FONT, color=INK, family="DejaVu Sans Mono", va="center"
        )


def _skips(drawn: list[Box], source: Box, reader: Box) -> bool:
    """Say whether other boxes of the left column stand between two of its boxes."""
    column = [b for b in drawn if b.by_example]
    return reader in column and column.index(reader) > column.index(source) + 1


def _draw_arrow(axes: plt.Axes, drawn: list[Box], source: Box, reader: Box, label: str, lane: int) -> None:
    edge = KINDS[source.kind][0]
    bottom, right = source.top + source.height, source.left + source.width
    if _skips(drawn, source, reader):
        x = source.left - LANE * (lane + 0.6)
        y, end = source.top + source.height - 12 - 11 * lane, reader.top + 16 + 12 * lane
        _line(axes, [(source.left, y), (x, y), (x, end), (reader.left, end)], edge)
        _label(axes, x, (bottom + reader.top) / 2, label, edge, upright=True)
    elif source.by_example and reader.by_example:
        x = source.left + 0.3 * source.width
        _line(axes, [(x, bottom), (x, reader.top)], edge)
        _label(axes, x, (bottom + reader.top) / 2, label, edge)
    elif source.by_example:
        y, end = bottom - 13, reader.top + 13
        x = right + 0.62 * GUTTER
        _line(axes, [(right, y), (x, y), (x, end), (reader.left, end)], edge)
        _label(axes, right + 0.3 * GUTTER, y, label, edge)
    else:
        x = right + 0.7 * LANE
        y, end = source.top + 13, reader.top + 13
        _line(axes, [(right, y), (x, y), (x, end), (right, end)], edge)
        _label(axes, x, (source.top + bottom) / 2, label, edge, upright=True)


def _line(axes: plt.Axes, points: Iterable[tuple[float, float]], colour: str) -> None:
    *before, corner, end = points
    xs, ys = zip(*before, corner, end, strict=True)
    axes.plot(xs, ys, color=colour, lw=1.1, solid_joinstyle="round", zorder=1)
    tip = {"arrowstyle": "-|>", "color": colour, "lw": 1.1, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    axes.annotate("", xy=end, xytext=corner, arrowprops=tip)


def _label(axes: plt.Axes, x: float, y: float, words: str, colour: str, upright: bool = False) -> None:
    axes.text(
        x, y, words, size=FONT - 1, color=colour, family="DejaVu Sans Mono", ha="center", va="center",
        rotation=90 if upright else 0, zorder=4, bbox={"fc": PAPER, "ec": "none", "pad": 1.2},
    )  # fmt: skip


def _draw_legend(axes: plt.Axes, y: float) -> None:
    x = MARGIN
    for words, (edge, ground) in KINDS.items():
        axes.add_patch(FancyBboxPatch((x, y - 5), 14, 10, "round,pad=0,rounding_size=2", fc=ground, ec=edge))
        axes.text(x + 20, y, words, size=FONT, color=INK, va="center")
        x += 34 + 4.9 * len(words)
    for words, filled in (("kept in memory", True), ("in registers only", False)):
        axes.plot(x + 4, y, "o", ms=4.6, mec=INK, mfc=INK if filled else PAPER)
        axes.text(x + 13, y, words, size=FONT, color=INK, va="center")
        x += 28 + 4.9 * len(words)
    axes.text(x, y, "→ is read by", size=FONT, color=INK, va="center")


if __name__ == "__main__":
    draw(Path(__file__).with_name("fusion.svg"))
