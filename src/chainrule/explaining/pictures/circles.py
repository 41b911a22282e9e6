"""Dense networks as circles and lines: a column for each layer, weights as lines, values in the circles."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.marks import Mark, Text
from chainrule.shown import cut

RADIUS, PITCH = 19.0, 48.0  # pixels of a circle that holds a number, and from one to the next
LITTLE, CLOSE, ROOMY = 14.0, 36.0, 58.0  # of one that holds a symbol; what lets biases stand between
SMALL = 6  # neurons of a layer, up to which there is room for biases
LETTER = 6.6  # pixels of a letter, about
THIN, THICK, DENSE = 0.5, 3.5, 1.8  # pixels of a line, by the size of its weight; where there are many lines
MANY = 40  # lines between two layers
BAR = 56.0  # pixels of a share of 1
FITS = 2  # letters of a symbol that a circle shows by itself
LONGEST = 18  # letters of a name
DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Column:
    """A layer whose neurons are drawn.

    Attributes:
        role: "input", "hidden" or "output".
        size: How many neurons it has.
        about: What stands below it, a line each.
        number: l, as in W1: which of the layers with weights it is; 0 for one without.
        names: What each neuron is called, or nothing.
        values: What each puts out for the row that is looked at.
        sums: Likewise z, before the activation.
        weights: From the column before, (inputs, neurons); None where they do not come from there alone.
        biases: One for each neuron.
        activation: The name of its activation.
        bars: Whether its values are shares of 1, which are shown as bars.
    """

    role: str
    size: int
    about: tuple[str, ...] = ()
    number: int = 0
    names: tuple[str, ...] = ()
    values: np.ndarray | None = None
    sums: np.ndarray | None = None
    weights: np.ndarray | None = None
    biases: np.ndarray | None = None
    activation: str = ""
    bars: bool = False

    def called(self, unit: int) -> str:
        """Return what a neuron is called as a symbol: x₁ of the input, a₂ of other layers; counted from 1."""
        return ("x" if self.role == "input" else "a") + small(unit + 1)


@dataclass(frozen=True)
class Chosen:
    """What of a network of neurons is to be seen.

    Attributes:
        most: So many neurons of a layer are drawn; of more, the first and the last.
        labels: What stands on lines: "" for nothing, "names" or "values" of the weights.
        neuron: A neuron that is told of, as (number of its layer, unit counted from 0).
    """

    most: int = 8
    labels: str = ""
    neuron: tuple[int, int] | None = None

    def tells(self, column: Column, unit: int) -> bool:
        """Say whether a neuron is the one that is told of."""
        return self.neuron == (column.number, unit)

    def units(self, column: Column) -> list[int | None]:
        """Return which neurons of a column are drawn, None where some are left out."""
        most = min(self.most, 4) if self.labels else self.most
        if column.size <= most:
            return list(range(column.size))
        first, last = (most + 1) // 2, most // 2
        picked = self.neuron[1] if self.neuron and self.neuron[0] == column.number else 0
        if first <= picked < column.size - last:
            return [*range(first - 1), None, picked, None, *range(column.size - last, column.size)]
        return [*range(first), None, *range(column.size - last, column.size)]


@dataclass
class Drawn:
    """Neurons that have a place: what is drawn of them, and where they are.

    Attributes:
        marks: Lines first, so that they lie below.
        at: Where each neuron is, by (place of its column, unit).
        radius: Of a circle.
        left: Where the first column is.
        right: Where the last ends.
        top: Where all of it begins.
        bottom: And where it ends.
    """

    marks: list[Mark] = field(default_factory=list)
    at: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict)
    radius: float = RADIUS
    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0


def small(number: int) -> str:
    """Write a number as an index.

    >>> small(12)
    '₁₂'
    """
    return str(number).translate(DIGITS)


def brief_number(value: float) -> str:
    """Write a number so that it fits a circle.

    >>> [brief_number(v) for v in (0.123, -12.34, 1234.5, 1e7, 0.0)]
    ['0.12', '−12.3', '1234', '1e+07', '0']
    """
    size = abs(value)
    if not np.isfinite(value) or size >= 1e5:
        return f"{value:.0e}"
    if size == 0:
        return "0"
    places = 2 if size < 10 else 1 if size < 100 else 0
    return (f"{value:.{places}f}" if size >= 0.005 else f"{value:.0e}").replace("-", "−", 1)


def places_of(columns: Sequence[Column], chosen: Chosen) -> list[float]:
    """Return how far each column stands from the first: there is room for labels, where these are wanted."""
    gap = {1: 150.0, 2: 150.0, 3: 124.0, 4: 112.0}.get(len(columns), 98.0)
    found = [0.0]
    for column in columns[1:]:
        many = sum(unit is not None for unit in chosen.units(column))
        found.append(found[-1] + (80.0 + 46.0 * many if chosen.labels else gap))
    return found


def is_roomy(columns: Sequence[Column], chosen: Chosen) -> bool:
    """Say whether there is room for the biases, each above its neuron."""
    return bool(chosen.labels) or max(len(chosen.units(column)) for column in columns) <= SMALL


def draw(columns: Sequence[Column], chosen: Chosen, left: float = 0.0, middle: float = 0.0) -> Drawn:
    """Return columns of neurons as marks.

    Args:
        columns: The layers, in their order.
        chosen: What of them is to be seen.
        left: Where the first may begin.
        middle: The height of the middle of all columns.
    """
    shown = [chosen.units(column) for column in columns]
    roomy = is_roomy(columns, chosen)
    wide = roomy or any(column.values is not None or column.size >= 100 for column in columns)
    found = Drawn(left=left, radius=RADIUS if wide else LITTLE)
    pitch = ROOMY if roomy else PITCH if wide else CLOSE
    names = _longest(columns[0].names, columns[0].role == "input")
    x = left + names + found.radius
    at = [x + far for far in places_of(columns, chosen)]
    for place, units in enumerate(shown):
        top = middle - pitch * (len(units) - 1) / 2
        for number, unit in enumerate(units):
            if unit is not None:
                found.at[place, unit] = (at[place], top + pitch * number)
            else:
                found.marks.append(Text(at[place], top + pitch * number, "⋮", size="large", colour="muted"))
    half = pitch * (max(map(len, shown)) - 1) / 2 + found.radius
    found.top, found.bottom = middle - half - (16 if roomy else 0), middle + half
    lines = [mark for place in range(1, len(columns)) for mark in _lines(columns, place, found, chosen)]
    for place, unit in found.at:
        found.marks += _neuron(columns[place], place, unit, found, chosen, roomy)
    found.marks = [*lines, *found.marks]
    found.right = at[-1] + found.radius
    for place, column in enumerate(columns):
        found.marks += _captions(column, at[place], found)
    last = columns[-1]
    found.right += _longest(last.names, last.role == "output")
    found.right += BAR + 44 if last.bars and last.values is not None else 0
    found.top, found.bottom = found.top - 26, found.bottom + 12 + 15 * max(len(c.about) for c in columns)
    return found


def _longest(names: Sequence[str], shown: bool) -> float:
    """Return how many pixels the longest of some names takes, with what parts it from its circle."""
    return (
        max((len(cut(name, LONGEST)) for name in names), default=0) * LETTER + 10 if names and shown else 0.0
    )


def _captions(column: Column, x: float, found: Drawn) -> list[Mark]:
    below = [
        Text(x, found.bottom + 16 + 15 * number, line, size="small", colour="muted")
        for number, line in enumerate(column.about)
    ]
    if not column.size:
        return [Text(x, (found.top + found.bottom) / 2, "⋯", size="large", colour="muted"), *below]
    return [Text(x, found.top - 14, column.role, bold=True), *below] if column.role else [*below]


def _neuron(column: Column, place: int, unit: int, found: Drawn, chosen: Chosen, roomy: bool) -> list[Mark]:
    """Return a circle, and what stands beside it."""
    (x, y), radius = found.at[place, unit], found.radius
    value = None if column.values is None else float(column.values[unit])
    largest = 0.0 if column.values is None else float(np.nanmax(np.abs(column.values), initial=0.0))
    told = chosen.tells(column, unit)
    name = column.names[unit] if column.names else ""
    bias = None if column.biases is None else float(column.biases[unit])
    called = name or column.called(unit)
    tip = [called if value is None else f"{called} = {value:.6g}"]
    tip += [f"b{column.number}[{unit}] = {bias:.6g}"] if bias is not None else []
    written = column.called(unit) if value is None else brief_number(value)
    alone = value is None and len(written) > FITS
    marks: list[Mark] = [
        Box(
            x - radius, y - radius, 2 * radius, 2 * radius,
            () if alone else (written,),
            kind="neuron", shape="circle",
            colour="ink" if told else "",
            fill=None if value is None or not np.isfinite(value) else value / largest if largest else 0.0,
            tip=", ".join(tip),
        )
    ]  # fmt: skip
    if alone:
        marks.append(Text(x, y, written, size="small", colour="ink"))
    right = x + radius + 8
    if name and column.role in ("input", "output"):
        first = column.role == "input"
        beside = x - radius - 7 if first else right
        marks.append(Text(beside, y, cut(name, LONGEST), anchor="end" if first else "start"))
        right += 0 if first else _longest(column.names, True)
    if column.bars and value is not None:
        tall = min(16.0, radius)
        marks.append(
            Box(
                right,
                y - tall / 2,
                max(BAR * value, 0.75),
                tall,
                kind="result",
                shape="box",
                tip=f"{value:.6g}",
            )
        )
        marks.append(Text(right + BAR * value + 5, y, f"{value:.2f}", anchor="start", size="small"))
    if bias is not None and (roomy or told):
        label = f"b{small(unit + 1)}" if chosen.labels == "names" else f"{bias:+.2f}".replace("-", "−")
        marks += _indexed(x, y - radius - 8, label, column.number if chosen.labels == "names" else 0, "muted")
    return marks


def _indexed(x: float, y: float, text: str, layer: int, colour: Any = "ink") -> list[Mark]:
    """Return a symbol with its layer above, as w₁₂ with [1]; the text alone where the layer is 0."""
    if not layer:
        return [Text(x, y, text, size="small", colour=colour)]
    return [
        Text(x + 2, y, text, anchor="end", size="small", colour=colour),
        Text(x + 2, y - 4, f"[{layer}]", anchor="start", size="small", colour=colour),
    ]


def _lines(columns: Sequence[Column], place: int, found: Drawn, chosen: Chosen) -> list[Mark]:
    """Return the lines into the neurons of a column, with what stands on them."""
    weights: Any = columns[place].weights
    if weights is None:
        return []
    largest = float(np.nanmax(np.abs(weights), initial=0.0)) or 1.0
    before = [unit for p, unit in found.at if p == place - 1]
    units = [unit for p, unit in found.at if p == place]
    thick = THICK if len(before) * len(units) <= MANY else DENSE
    named = columns[place].number if chosen.labels == "names" else 0
    lines: list[Mark] = []
    texts: list[Mark] = []
    for number, unit in enumerate(units):
        told = chosen.tells(columns[place], unit)
        away = chosen.neuron is not None and not told
        for i in before:
            w = float(weights[i, unit])
            begin, end = np.array(found.at[place - 1, i]), np.array(found.at[place, unit])
            within = (end - begin) * found.radius / np.hypot(*(end - begin))
            begin, end = begin + within, end - within
            lines.append(
                Arrow(
                    [begin, end],
                    colour="faint" if away else "positive" if w >= 0 else "negative",
                    width=THIN if away else width_of(w, largest, thick),
                    dash="dashed" if w < 0 else "",
                    head=False,
                    tip=f"W{columns[place].number}[{i}, {unit}] = {w:.6g}",
                )
            )
            if chosen.labels or told:
                # labels of one neuron stand above each other, those of the next one beside them
                share = 0.2 + 0.55 * (number / max(len(units) - 1, 1)) if chosen.labels else 0.3
                parted = "," if max(i, unit) >= 9 else ""
                text = f"w{small(i + 1)}{parted}{small(unit + 1)}" if named else f"{w:.2f}".replace("-", "−")
                x, y = begin + share * (end - begin)
                texts += _indexed(x, y, text, named)
    return [*lines, *texts]


def width_of(weight: float, largest: float, thick: float = THICK) -> float:
    """Return how wide a line is: by the size of its weight, beside the largest of its layer."""
    return THIN + (thick - THIN) * abs(weight) / largest if np.isfinite(weight) else THIN
