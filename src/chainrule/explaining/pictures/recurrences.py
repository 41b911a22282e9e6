"""Cells with gates: what they are made of, and what each gate does over time in a trained network."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError
from chainrule.explaining.pictures.blocks import diagram
from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.layout import layout
from chainrule.explaining.pictures.marks import Heat, Mark, limits_by
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.watching import Loop, check_network, find_layer, loops_of, one_row, watched
from chainrule.explaining.pictures.wrapping import Size, Wire
from chainrule.graph.closed import ClosedGraph
from chainrule.graph.node import Node
from chainrule.graph.show import text
from chainrule.graph.walk import order
from chainrule.nn.recurrence import Gate
from chainrule.shown import counted, cut, in_a_row
from chainrule.train.network import Network

if TYPE_CHECKING:
    from chainrule.nn.layers.base import Layer
    from chainrule.train.kinds import Data

__all__ = ["cell", "gates"]

# What the values of a cell are called; the order in which their panels stand.
CALLED = {
    "f": "forget gate f", "i": "input gate i", "g": "candidate g", "c": "cell state c", "o": "output gate o",
    "u": "update gate u", "r": "reset gate r", "n": "candidate n", "h": "hidden state h",
}  # fmt: skip
SHARES = ("f", "i", "o", "u", "r")  # between 0 and 1 where they are sigmoids
VOWELS = "AEFHILMNORSX"  # and letters that begin with one where they are spelt, as in LSTM
MANY = 40  # steps, up to which each has a tick
WIDE, LINE, MOST = 440.0, 9.0, 150.0  # pixels of a panel, of a unit in it, and of all units at the most


@public
def gates(
    network: Network,
    X: "Data",
    layer: "str | int | Layer | None" = None,
    *,
    row: int | None = None,
    units: Sequence[int] | None = None,
    steps: Sequence[str] = (),
) -> Picture:
    """Draw the gates of an LSTM or a GRU over time, for one sequence: a row for each unit, a column for each step.

    The values are read off the network's own loop, as results of it beside those that it has: what is drawn is what the
    network computes.

    Args:
        network: A network with such a layer.
        X: Sequences as in :meth:`Network.predict`.
        layer: Which layer: its label ("lstm_1"), the layer itself, or its place among all; by default the first.
        row: Which sequence of X, counted from 0; by default the first.
        units: Which units, counted from 0; by default all.
        steps: What each step is called, words say.

    Returns:
        A picture with a panel for what comes in and one for each gate and state; ``.panels[k].marks[0].values`` are
        the numbers, (units, steps).

    Raises:
        GraphError: If no layer has gates, or that layer has none; or the network has seen no data.
        UnknownNameError: If there is no such layer.
        DataError: If X does not fit, has no such row, or the layer has no such unit; or steps are not as many.

    >>> net = cr.Network([cr.LSTM(3), cr.Dense(1)], input_shape=(None, 2), seed=0)
    >>> picture = cr.pictures.gates(net, np.ones((1, 5, 2)))
    >>> [panel.title.split(",")[0] for panel in picture.panels]
    ['x', 'forget gate f', 'input gate i', 'candidate g', 'cell state c', 'output gate o', 'hidden state h']
    """
    found = check_network(network, "gates")
    label, loop = _loop(found, layer)
    nodes: dict[str, tuple[Node, None]] = {name: (node, None) for name, node in loop.over_time().items()}
    (before, *_) = found.architecture.calls[label].inputs
    nodes["x"] = (before, None)
    put_out = found.architecture.call_of.get(before)
    mask = None if put_out is None else put_out.mask
    if mask is not None:
        nodes["counts"] = (mask, None)
    every = watched(found, X, f"gates {label}", nodes)
    number = one_row(X, row, len(every["x"]))
    values = {name: np.asarray(array[number]) for name, array in every.items()}
    if mask is not None:  # what stands in padding is no step of this sequence
        values = {name: array[values["counts"]] for name, array in values.items() if name != "counts"}
    length, width = values["h"].shape
    chosen = list(range(width)) if units is None else list(units)
    if any(not isinstance(u, int | np.integer) or not 0 <= u < width for u in chosen) or not chosen:
        raise DataError(f"units are whole numbers below {width}, the units of {label}; found {units!r}.")
    if len(steps) not in (0, length):
        raise DataError(f"steps has {len(steps)} names; the sequence has {counted(length, 'step')}.")
    panels = [_over_time("x", values["x"], range(values["x"].shape[1]), ())]
    panels += [_over_time(name, values[name][:, chosen], chosen, ()) for name in CALLED if name in values]
    panels[-1] = _over_time("h", values["h"][:, chosen], chosen, steps or range(length), "step")
    means = [f"{CALLED[n]} {values[n].mean():.2f}" for n in CALLED if n in values and n in SHARES]
    words = f"{label} goes through {counted(length, 'step')} of row {number}. "
    words += f"Mean over units and steps: {in_a_row(means, 200)}."
    kind = type(found.architecture.calls[label].layer).__name__
    notes = (
        f"Each row is a unit of the {kind}, each column a step. Gates go from 0 (pale, closed) to 1 (open).",
    )
    return Picture(panels, f"The gates of {label} for row {number}", words, columns=1, notes=notes)


def _loop(network: Any, layer: Any) -> tuple[str, Loop]:
    """Return the label and the loop of a layer with gates."""
    loops = loops_of(network.architecture)
    if not loops:
        raise GraphError("No layer of this network has gates: they are those of cr.LSTM and cr.GRU.")
    label = find_layer(
        network, next(iter(loops)) if layer is None else layer, list(loops), "layers with gates"
    )
    return label, loops[label]


def _over_time(
    name: str, values: np.ndarray, units: Sequence[int], steps: Sequence[Any], label: str = ""
) -> Panel:
    """Return what a gate is over time, as a map with a row for each unit."""
    shares = name in SHARES and values.min() >= 0 and values.max() <= 1
    low, high = (0.0, 1.0) if shares else limits_by([values], "diverging")
    heat = Heat(
        values.T, palette="sequential" if shares else "diverging", limits=(low, high), bar=False
    )  # without bars all of them stand right below each other
    length, count = values.shape
    every = (
        max(1, -(-length // 10)) if not any(isinstance(s, str) for s in steps) else max(1, -(-length // MANY))
    )
    ticks = [(t, cut(str(s), 12)) for t, s in enumerate(steps)][::every]
    rows = [(k, str(u)) for k, u in enumerate(units)][:: max(1, -(-count // 6))]
    tall = min(max(LINE * count, 44.0), MOST) + 36 + (26 if label else 0)
    y = Axis("" if name == "x" else "unit", ticks=rows, reversed=True)
    title = f"{CALLED.get(name, name)}, {low:.2g} to {high:.2g}".replace("-", "−")
    return Panel([heat], title, Axis(label, ticks=ticks), y, size=(WIDE, tall))


@public
def cell(network: Network, layer: "str | int | Layer | None" = None) -> Picture:
    """Draw what one step of an LSTM or a GRU is made of, as its graph has it: which gate reads what, and what it opens.

    Args:
        network: A network with such a layer.
        layer: Which layer: its label, the layer itself, or its place among all; by default the first.

    Returns:
        A picture of one panel, a box for each gate and state with its formula.

    Raises:
        GraphError: If no layer has gates, or that layer has none; or the network has seen no data.
        UnknownNameError: If there is no such layer.

    >>> net = cr.Network([cr.LSTM(3), cr.Dense(1)], input_shape=(None, 2), seed=0)
    >>> [box.lines for box in cr.pictures.cell(net).panels[0].marks if type(box).__name__ == "Box"][-2:]
    [('c', 'f · c₋₁ + i · g'), ('h', 'o · tanh(c)')]
    """
    found = check_network(network, "cell")
    label, loop = _loop(found, layer)
    body: ClosedGraph = loop.node.attributes["body"]
    count = loop.node.attributes["carried"]
    before = {n: f"{n.name}₋₁" for n in body.inputs[:count]}
    now = {n: "x" for n in body.inputs[count:] if n.name == "z"}
    # a state where padding is passed over is chosen between its new value and the one before
    ends = {
        _new(n): x.name
        for n, x in zip(body.outputs[:count], body.inputs[:count], strict=True)
        if x.name in "hc"
    }
    inside = {node: name for name, node in loop.gates.items()}
    called = {**before, **now, **inside, **ends}
    drawn = [n for n in called if n not in before or before[n][0] in "hc"]
    drawn.sort(key=order(list(called)).index)
    place = {n: i for i, n in enumerate(drawn)}
    reads = {
        n: [x for x in order([n], stop=[m for m in drawn if m is not n]) if x in place and x is not n]
        for n in drawn
    }
    lines = [_lines(n, called, reads[n]) for n in drawn]
    sizes = [Size(40.0, max(max(map(len, each)) * 7.2 + 24, 56.0)) for each in lines]
    wires = [Wire(place[x], place[n]) for n in drawn for x in reads[n]]
    placed = layout(sizes, wires, 1e9)
    kinds = {**dict.fromkeys(before, "leaf"), **dict.fromkeys(now, "leaf"), **dict.fromkeys(ends, "result")}
    marks: list[Mark] = [Arrow(np.asarray(route)[:, ::-1]) for route in placed.routes]
    for box in placed.boxes:
        node = drawn[box.box]
        kind: Any = kinds.get(node, "step")
        marks.append(
            Box(box.y, box.x, box.height, box.width, lines[box.box], kind=kind, tip=_tip(node, called))
        )
    kind_of = type(found.architecture.calls[label].layer).__name__
    told = [f"{called[n]} = {lines[place[n]][-1]}" for n in ends]
    words = (
        f"One step of {label}: {in_a_row([CALLED[name] for name in loop.gates], 200)}; {in_a_row(told, 200)}."
    )
    states = "h₋₁ and c₋₁ are the states" if "c" in ends.values() else "h₋₁ is the state"
    note = (
        f"{states} after the step before; gates are functions of what they name, with weights of their own."
    )
    title = f"One step of {'an' if kind_of[0] in VOWELS else 'a'} {kind_of}"
    return Picture([diagram(marks)], title, words, notes=(note,))


def _new(node: Node) -> Node:
    """Return the new value of a state, of which a step that is padding keeps the old."""
    return node.inputs[1] if node.primitive.name == "where" else node


def _lines(node: Node, called: dict[Node, str], reads: list[Node]) -> tuple[str, ...]:
    """Return what stands in the box of a value: what it is called, and what it is made of."""
    name = called[node]
    if not reads:
        return (name,)
    if isinstance(node.meaning, Gate):
        written = text(node, name=lambda n: "x" if n is not node else "")
        function = written.partition("(")[0] if "(" in written else ""
        return (CALLED[name], f"{function}({', '.join(called[x] for x in reads)})")
    return (name, text(node, name=lambda n: called.get(n, "") if n is not node else ""))


def _tip(node: Node, called: dict[Node, str]) -> str:
    return (
        text(node, name=lambda n: called.get(n, n.name) if n is not node else "")
        if node.inputs
        else called[node]
    )
