"""What a network computes inside, for pictures: read off its one graph at prediction, as ``activations`` is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError, GraphError, UnknownNameError
from chainrule.graph.closed import ClosedGraph, bodies
from chainrule.graph.node import Node, record
from chainrule.graph.walk import order
from chainrule.nn.architecture import Architecture
from chainrule.nn.calls import Call
from chainrule.nn.reading import seen_inside
from chainrule.nn.recurrence import Gate
from chainrule.shown import in_a_row
from chainrule.train.network import Network


def check_network(thing: Any, what: str) -> Network:
    """Return the network in a network, or in a model of a table, or say that there is none."""
    inside = getattr(thing, "network", thing)
    if not isinstance(inside, Network):
        raise GraphError(f"{what} is of a network; found {type(thing).__name__}. Give a cr.Network.")
    return inside


def called_layers(network: Network) -> dict[str, Call]:
    """Return every use of a layer, by label."""
    return network.architecture.calls


def find_layer(network: Network, layer: Any, fitting: Sequence[str], what: str) -> str:
    """Return the label of the use of a layer that was asked for: by label, by the layer itself, or by its number.

    Args:
        network: The network.
        layer: A label ("conv2d_1"), a layer, or its place among all layers (-1 is the last).
        fitting: The labels of those that may be asked for.
        what: What these are, in words.
    """
    calls = called_layers(network)
    labels = list(calls)
    label = next((name for name, call in calls.items() if call.layer is layer), layer)
    if (
        isinstance(layer, int | np.integer)
        and not isinstance(layer, bool)
        and -len(labels) <= layer < len(labels)
    ):
        label = labels[layer]
    if label in fitting:
        return str(label)
    known = f"{what.capitalize()}: {in_a_row(list(fitting), 60)}."
    if label in calls:
        raise GraphError(f"{label}, a {type(calls[label].layer).__name__}, is none of the {what}. {known}")
    raise UnknownNameError(f"There is no layer {layer!r} in this network. {known}")


def names_of(architecture: Architecture) -> dict[str, str]:
    """Return by which name ``network.activations`` tells of the output of each use of a layer, by its label."""
    name_of = {node: name for name, (node, _) in seen_inside(architecture).items()}
    return {label: name_of[node] for label, node in architecture.outputs.items()}


def watched(
    network: Network, X: Any, key: str, nodes: Mapping[str, tuple[Node, Node | None]]
) -> dict[str, Any]:
    """Return the values of nodes of a network's graph for X, by name, each with a row for each example.

    Args:
        network: The network.
        X: What it is given.
        key: What these nodes are together: what was compiled for a key is kept.
        nodes: Nodes by name, each with the mask that says which steps of it count, or None.
    """
    taken = network._take(X)
    programs = taken.looking
    found = programs.outputs(
        programs.prediction(("watched", key), [n for n, _ in nodes.values()]), taken.arrays
    )
    each = zip(nodes.items(), found, strict=True)
    return {name: taken.each(array, mask) for (name, (_, mask)), array in each}


@dataclass(frozen=True)
class Loop:
    """The loop of a recurrent layer.

    Attributes:
        node: One of its results.
        gates: The values within a step that its formula names, by these names: "i", "f", "g", "o".
    """

    node: Node
    gates: dict[str, Node]

    def over_time(self) -> dict[str, Node]:
        """Return what each of the gates, and each state after a step, is at all steps, (batch, time, units).

        It is the same loop with more results: its step is the step that the network does.
        """
        body: ClosedGraph = self.node.attributes["body"]
        count = self.node.attributes["carried"]
        states = dict(zip([x.name for x in body.inputs[:count]], body.outputs[:count], strict=True))
        wanted = {**self.gates, **{name: n for name, n in states.items() if name in ("h", "c")}}
        more = ClosedGraph(body.inputs, body.shared, (*body.outputs, *wanted.values()))
        first = len(body.outputs)
        found: dict[str, Node] = {}
        for number, name in enumerate(wanted):
            attributes = {**self.node.attributes, "body": more, "take": first + number}
            along: Any = record(self.node.primitive, self.node.inputs, attributes)
            found[name] = np.swapaxes(along, 0, 1)
        return found


def loops_of(architecture: Architecture) -> dict[str, Loop]:
    """Return the loop of each layer that has gates, by label."""
    found: dict[str, Loop] = {}
    for label, call in architecture.calls.items():
        for node in order([architecture.outputs[label]], stop=call.inputs):
            for body in bodies(node):
                gates = {n.meaning.name: n for n in body.nodes if isinstance(n.meaning, Gate)}
                if gates and hasattr(call.layer, "units"):
                    found[label] = Loop(node, gates)
    return found


def one_row(X: Any, row: int | None, rows: int) -> int:
    """Return which row is meant, where there may be one alone.

    Args:
        X: What was given.
        row: Which was asked for, or None.
        rows: How many there are.
    """
    if not rows:
        raise DataError("X has no rows; a picture needs some.")
    number = 0 if row is None else row
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or not -rows <= number < rows:
        raise DataError(f"row is a whole number below {rows}, the rows of X, counted from 0; found {row!r}.")
    return int(number) % rows
