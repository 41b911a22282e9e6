"""What ``network.draw()`` draws: a network of dense layers as circles and lines, any other as blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, short
from chainrule.explaining.pictures import blocks, branching, failing
from chainrule.explaining.pictures.circles import Chosen, Column, brief_number, is_roomy, small
from chainrule.explaining.pictures.picture import Picture
from chainrule.explaining.pictures.stages import Stage, is_chain, stages_of
from chainrule.explaining.pictures.watching import check_network, names_of, one_row
from chainrule.nn.reading import output_kind
from chainrule.shown import counted, cut, in_a_row
from chainrule.train.frames import spoken
from chainrule.train.network import Network
from chainrule.train.taking import shape_of

if TYPE_CHECKING:
    from chainrule.train.kinds import Data

__all__ = ["network"]

MOST_COLUMNS = 6  # layers of neurons beside each other
FEWER = 6  # neurons of a layer, where others are blocks
TERMS = 6  # of a sum that are written out


@partial(public, called="Network.draw")
def network(
    network: Network,
    X: "Data | None" = None,
    row: int | None = None,
    *,
    names: Sequence[str] = (),
    classes: Sequence[str] = (),
    neuron: tuple[int, int] | None = None,
    labels: Literal["", "names", "values"] = "",
    most: int = 8,
    input_shape: int | Sequence[int | None] | None = None,
) -> Picture:
    """Draw a network: dense layers as circles and lines, others as blocks, and paths that meet as they meet.

    A line is as wide as its weight is large, beside the largest of its layer: blue and solid where that is positive,
    orange and dashed where it is negative. With X the circles hold what each neuron puts out for one row, as
    :meth:`Network.activations` tells it. Of wide layers the first and the last neurons are shown.

    A network that has seen no data is built for the shape of X, or for ``input_shape``; where its layers do not fit,
    the picture ends with the one that fails, and says why.

    Args:
        network: A network.
        X: Rows as in :meth:`Network.predict`; without any, the picture has no values.
        row: Which row of X, counted from 0; by default the first.
        names: What the columns of X are called; by default as in the table that the network learned from, or as X says.
        classes: What the outputs are called.
        neuron: A neuron that is told of, (l, j) for a_j of layer l, both counted from 1 as in the lectures: its sum z,
            with its weights, and what it puts out.
        labels: What stands on the lines: "names" (w₁₂ leads from neuron 1 to neuron 2 of the next layer), "values", or
            "" for nothing.
        most: So many neurons of a layer are drawn.
        input_shape: The shape of an example, for a network that has seen no data and is given none.

    Returns:
        A picture of one panel; ``.marks`` of it are the circles, lines and texts.

    Raises:
        GraphError: If the network has seen no data, and no shape is given; it has no such neuron; or values are asked
            for of one whose paths part or meet, which ``cr.draw(network, X)`` shows.
        DataError: If X does not fit, or has no such row; names are not as many as the columns; or labels or most is
            none of what it may be.

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> net = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    >>> history = net.fit(X, y, optimizer=cr.Adam(0.05), epochs=300)
    >>> picture = net.draw(X, row=1, names=["a", "b"])
    >>> picture.words
    'A network of 2 inputs, 3 hidden neurons (tanh) and 1 output (sigmoid): 13 parameters. For row 1 it puts out 1.'
    """
    if labels not in ("", "names", "values"):
        raise DataError(
            f"labels is 'names', 'values' or '', for nothing on the lines; found {short(labels)}."
        )
    if isinstance(most, bool) or not isinstance(most, int) or most < 2:
        raise DataError(f"most is a whole number of at least 2; found {short(most)}.")
    found = check_network(network, "draw")
    if found._made is None and (X is not None or input_shape is not None):
        layers = found.layers
        built = failing.built(found, input_shape if X is None else shape_of(X, layers))
        if isinstance(built, Picture):
            return built
        found = built
    stages = stages_of(found.architecture)
    if not is_chain(stages):
        if X is not None or neuron is not None or labels:
            raise GraphError(
                "The paths of this network part or meet, and are drawn as blocks without values, weights or neurons: "
                "network.draw(). The computation graph with the values of rows is cr.draw(network, X)."
            )
        marks = branching.marks_of(stages)
        return Picture([blocks.diagram(marks)], title_of(stages), _words_of_paths(stages), notes=PATHS)
    values = values_for(found, stages, X, row)
    parts = _parts(found, stages, values, _named(found, stages[0], names, X), tuple(classes))
    chosen = Chosen(
        most if len(parts) == 1 else min(most, FEWER),
        labels,
        None if neuron is None else _neuron(parts, neuron),
    )
    told = [] if chosen.neuron is None else _told(parts, chosen.neuron)
    parts = [_folded(part, chosen) if isinstance(part, list) else part for part in parts]
    drawing = blocks.in_rows(
        [p if isinstance(p, blocks.Part) else blocks.neurons(p, chosen) for p in parts], chosen
    )
    notes = [*told, *_legend(parts, values, chosen)]
    return Picture([blocks.diagram(drawing.marks)], title_of(stages), _words(stages, values), notes=notes)


Parts = list[Any]  # of blocks, and of lists of columns that stand beside each other
PATHS = ("Layers from top to bottom; cr.draw(network) shows the operations that they are made of.",)


@dataclass(frozen=True)
class Values:
    """What a network computes for one row.

    Attributes:
        row: Which row of what was given it is; None where nothing was given.
        of: What each stage puts out, by label.
        sums: z of each layer with units, by its number.
    """

    row: int | None
    of: dict[str, np.ndarray]
    sums: dict[int, np.ndarray]


def values_for(network: Network, stages: list[Stage], X: Any, row: int | None) -> Values:
    """Return what a network computes for a row of X: its own activations."""
    if X is None:
        if row is not None:
            raise DataError("row says which row of X is looked at: network.draw(X, row=3).")
        return Values(None, {}, {})
    arrays = network._take(X).arrays
    number = one_row(X, row, len(arrays[0]))
    inside = network.activations(X)
    called = names_of(network.architecture)
    of = {stage.label: inside[called[stage.label]][number] for stage in stages if stage.call is not None}
    of |= dict(zip(network.architecture.inputs, [x[number] for x in arrays], strict=True))
    sums = {int(name[1:]): z[number] for name, z in inside.items() if name[0] == "Z" and name[1:].isdecimal()}
    return Values(number, of, sums)


def _named(network: Network, first: Stage, names: Sequence[str], X: Any) -> tuple[str, ...]:
    """Return what the columns are called, as they were named here, in the table that was learned from, or in X."""
    found = tuple(map(str, names or network.columns.get(first.label) or spoken(X)))
    if names and (len(first.shape) != 1 or len(found) != first.shape[0]):
        raise DataError(f"names has {len(found)} names; the network takes {first.size} numbers in a row.")
    return found if len(first.shape) == 1 else ()


def _parts(
    network: Network, stages: list[Stage], values: Values, names: tuple[str, ...], classes: tuple[str, ...]
) -> Parts:
    """Return the parts of a chain: each layer as neurons where these stand in a row, else as a block."""
    parts: Parts = []
    parameters = network.parameters
    ends = output_kind(network.architecture)
    last = len(stages) - 1
    for number, stage in enumerate(stages):
        fits = len(stage.shape) == 1 and isinstance(stage.shape[0], int) and stage.shape[0] > 0
        before = parts[-1] if parts and isinstance(parts[-1], list) else None
        kind = "input" if stage.call is None else stage.kind
        value = values.of.get(stage.label)
        if fits and before and kind not in ("Dense", "input") and stage.shape == stages[number - 1].shape:
            column = before[-1]
            about = (*column.about, cut(" ".join([stage.label, *stage.about]), 20))
            before[-1] = replace(column, about=about, values=value)
        elif fits and kind in FLAT:
            column = Column(
                "hidden" if kind == "Dense" else "",
                int(stage.shape[0]),
                (_size(stage), *stage.about),
                values=value,
            )
            if kind == "Dense":
                held = {w.meaning.role: w.name for w in stage.call.parameters}  # type: ignore[union-attr]
                numbered = int(held["W"][1:])
                column = replace(
                    column, number=numbered, sums=values.sums.get(numbered), activation=", ".join(stage.about),
                    weights=parameters[held["W"]] if before else None,
                    biases=parameters[held["b"]] if "b" in held else None,
                )  # fmt: skip
            if number == 0:
                column = replace(column, role="input", names=names)
            if before and (kind == "Dense"):
                before.append(column)
            else:
                parts.append([column])
        else:
            parts.append(blocks.block(stage))
    if isinstance(parts[-1], list) and last:
        column = parts[-1][-1]
        called = classes or tuple(map(str, network.target_columns))
        if called and len(called) not in (column.size, 2):
            raise DataError(
                f"classes has {len(called)} names; the network has {counted(column.size, 'output')}."
            )
        parts[-1][-1] = replace(
            column, role="output", bars=ends == "softmax", names=called if len(called) == column.size else ()
        )
    return parts


FLAT = (
    "input",
    "Dense",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "Reshape",
)


def _size(stage: Stage) -> str:
    return stage.label if stage.shape[0] == 1 else f"{stage.label} ({stage.shape[0]})"


def _columns(parts: Parts) -> list[Column]:
    """Return the layers of neurons of all parts."""
    return [column for part in parts if isinstance(part, list) for column in part]


def _neuron(parts: Parts, neuron: Any) -> tuple[int, int]:
    """Return the layer of a neuron, and its unit counted from 0, or say that there is none."""
    try:
        layer, unit = (int(n) for n in neuron)
    except (TypeError, ValueError):
        raise DataError(
            f"neuron is (l, j), for neuron j of layer l, such as (1, 2); found {short(neuron)}."
        ) from None
    sizes = {column.number: column.size for column in _columns(parts) if column.number}
    if layer not in sizes:
        raise GraphError(
            f"There is no layer {layer} of neurons: they are {in_a_row(list(map(str, sizes)), 40)}."
        )
    if not 1 <= unit <= sizes[layer]:
        raise GraphError(
            f"Layer {layer} has {counted(sizes[layer], 'neuron')}, counted from 1; found {unit}."
        )
    return layer, unit - 1


def _folded(columns: list[Column], chosen: Chosen) -> list[Column]:
    """Return layers of neurons; where they are too many for a row, some of them are counted."""
    if len(columns) <= MOST_COLUMNS:
        return columns
    kept = {0, 1, 2, len(columns) - 2, len(columns) - 1}
    for number, column in enumerate(columns):
        if chosen.neuron and column.number == chosen.neuron[0]:
            kept |= {max(number - 1, 0), number}
    found: list[Column] = []
    before = -1
    for number in sorted(kept):
        left, column = number - before - 1, columns[number]
        found += [Column("", 0, (f"{left} more",)), replace(column, weights=None)] if left else [column]
        before = number
    return found


def _told(parts: Parts, neuron: tuple[int, int]) -> list[str]:
    """Return how a neuron comes to its value, a line each for z and a."""
    columns, (layer, unit) = _columns(parts), neuron
    place = next(i for i, column in enumerate(columns) if column.number == layer)
    column, before = columns[place], columns[place - 1]
    z, a = f"z{small(unit + 1)}[{layer}]", f"a{small(unit + 1)}[{layer}]"
    lines = []
    if column.weights is not None:
        terms = [(float(w), f"·{_weighed(before, i)}") for i, w in enumerate(column.weights[:, unit])]
        terms += [] if column.biases is None else [(float(column.biases[unit]), "")]
        written = [f"{'−' if w < 0 else '+'} {abs(w):.3g}{what}" for w, what in terms]
        if len(written) > TERMS:
            half = TERMS // 2
            written = [*written[:half], f"+ … {len(written) - 2 * half} more …", *written[-half:]]
        total = " ".join(written).removeprefix("+ ").replace("− ", "−", written[0][0] == "−")
        sums = [] if column.sums is None else [brief_number(float(column.sums[unit]))]
        lines.append(" = ".join([z, total, *sums]))
    after = [] if column.values is None else [brief_number(float(column.values[unit]))]
    lines.append(" = ".join([a, f"{column.activation}({z})" if column.activation else z, *after]))
    return lines


def _weighed(before: Column, i: int) -> str:
    """Return what a weight weighs: its value, else its name, else its symbol."""
    if before.values is None:
        return before.names[i] if before.names else before.called(i)
    value = f"{float(before.values[i]):.3g}"
    return f"(−{value[1:]})" if value[0] == "-" else value


def _legend(parts: Parts, values: Values, chosen: Chosen) -> list[str]:
    """Return what lines and circles mean."""
    columns = _columns(parts)
    drawn = [part for part in parts if isinstance(part, list) and is_roomy(part, chosen)]
    found = []
    if any(c.weights is not None for c in columns):
        found.append("Lines are weights: solid where positive, dashed where negative, wide where large.")
    if columns and values.row is not None:
        found.append(f"Circles hold what each neuron puts out for row {values.row}.")
    if any(column.biases is not None for part in drawn for column in part):
        found.append("Above a neuron stands its bias.")
    return found


def title_of(stages: list[Stage]) -> str:
    """Return what a network is called: by how many layers have weights."""
    depth = sum(stage.parameters > 0 and bool(stage.call and stage.call.layer.counts) for stage in stages)
    return f"{depth}-layer network" if depth else "network"


def _words(stages: list[Stage], values: Values) -> str:
    """Return what a screen reader says."""
    first, *between, last = stages if len(stages) > 1 else [*stages, stages[0]]
    parameters = sum(stage.parameters for stage in stages)
    flat = all(stage.kind in ("input", "Dense") and len(stage.shape) == 1 for stage in stages)
    if flat:
        hidden = [f"{s.shape[0]} hidden neurons{_in_brackets(s)}" for s in between]
        middle = f", {in_a_row(hidden, 200)}" if hidden else ""
        ends = [counted(int(stage.shape[0]), noun) for stage, noun in ((first, "input"), (last, "output"))]
        what = f"{ends[0]}{middle} and {ends[1]}{_in_brackets(last)}"
    else:
        what = " → ".join(in_a_row([f"{s.label} {s.size}" for s in stages], 300).split(", "))
    said = f"A network of {what}: {parameters:,} parameters."
    if values.row is not None and values.of[last.label].size <= 4:
        out = in_a_row([f"{v:.2g}" for v in values.of[last.label].ravel()], 60)
        said += f" For row {values.row} it puts out {out}."
    return said


def _words_of_paths(stages: list[Stage]) -> str:
    """Return what a screen reader says of a network whose paths part."""
    meeting = [
        f"{s.label} ({', '.join(stages[take].label for take in s.takes)})" for s in stages if len(s.takes) > 1
    ]
    inputs = in_a_row([f"{s.label} {s.size}" for s in stages if s.call is None], 100)
    meet = f" Paths meet in {in_a_row(meeting, 200)}." if meeting else ""
    count = sum(s.call is not None for s in stages)
    parameters = sum(s.parameters for s in stages)
    end = f"{stages[-1].label} {stages[-1].size}"
    return f"A network of {counted(count, 'layer')} from {inputs} to {end}: {parameters:,} parameters.{meet}"


def _in_brackets(stage: Stage) -> str:
    return f" ({', '.join(stage.about)})" if stage.about else ""
