"""Small maps of numbers beside each other, in rows: filters, feature maps, examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explaining.pictures.blocks import diagram
from chainrule.explaining.pictures.marks import Heat, Mark, Text, limits_by
from chainrule.explaining.pictures.picture import Panel

WIDE = 440.0  # pixels of a row: narrow pages show them at four fifths
APART, LINE, LETTER = 8.0, 15.0, 6.4


@dataclass(frozen=True)
class Tile:
    """A map of numbers, and what stands above it.

    Attributes:
        values: Of shape (rows, columns).
        text: What stands above it.
        colour: The role of that.
        limits: The numbers of the first and the last colour, where they are its own.
    """

    values: np.ndarray
    text: str = ""
    colour: Any = "ink"
    limits: tuple[float, float] | None = None


def panel(
    tiles: Sequence[Tile],
    palette: Any,
    across: int,
    title: str = "",
    left: Sequence[str] = (),
    wide: float = 88.0,
) -> Panel:
    """Return tiles in rows, as a panel.

    Args:
        tiles: The maps.
        palette: As :class:`Heat` has it.
        across: How many stand in a row.
        title: What stands above the panel.
        left: What stands before each row, or nothing.
        wide: Pixels from side to side of a map, at the most.
    """
    shared = limits_by([tile.values for tile in tiles], palette)
    margin = max(map(len, left), default=0) * LETTER + (8 if left else 0)
    wide = min((WIDE - margin - APART * (across - 1)) / across, wide)
    ratio = max(tile.values.shape[0] / max(tile.values.shape[1], 1) for tile in tiles)
    high = min(max(wide * ratio, 14.0), 200.0)
    marks: list[Mark] = []
    y = 0.0
    for begin in range(0, len(tiles), across):
        row = tiles[begin : begin + across]
        above = LINE * max(tile.text.count("\n") + 1 if tile.text else 0 for tile in row)
        for number, tile in enumerate(row):
            x = margin + number * (wide + APART)
            if tile.text:
                marks.append(Text(x + wide / 2, y + above / 2, tile.text, size="small", colour=tile.colour))
            marks.append(
                Heat(
                    tile.values, x=(x, x + wide), y=(y + above, y + above + high), palette=palette,
                    limits=tile.limits or shared, bar=False,
                )
            )  # fmt: skip
        if left:
            marks.append(
                Text(margin - 8, y + above + high / 2, left[begin // across], anchor="end", size="small")
            )
        y += above + high + APART
    return diagram(marks, title)
