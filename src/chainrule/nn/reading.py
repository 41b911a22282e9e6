"""Reading an architecture: its graph in training and at prediction, its first values, what it ends in, its table."""

from collections.abc import Callable, Collection, Sequence
from math import prod
from typing import Any

import numpy as np

from chainrule.errors import DataError, GraphError, ShapeError
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, as_node, leaf_key, with_inputs
from chainrule.graph.shapes import show as show_shape
from chainrule.graph.walk import order, rebuild
from chainrule.nn import activations, initializers, regularizers
from chainrule.nn.architecture import Architecture
from chainrule.nn.callables import apply
from chainrule.nn.calls import Carried
from chainrule.nn.layers.base import SEED, STEP, TRAINING, Layer, Learns, Parameter
from chainrule.nn.room import check_drawn
from chainrule.random import Draws, ManyDraws
from chainrule.shown import cut


def at(nodes: Sequence[Node], training: bool, frozen: Collection[Layer] = ()) -> list[Node]:
    """Return the graph as it is while training, or at prediction: nothing but the flag is replaced.

    ``frozen`` are layers that do not learn from what they see while others do.
    """
    flag, off = as_node(np.asarray(training)), as_node(np.asarray(False))
    still = set(map(id, frozen))

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if isinstance(node.meaning, Learns):
            return off if id(node.meaning.who) in still else flag
        return flag if leaf_key(node) == leaf_key(TRAINING) else with_inputs(node, inputs)

    became = rebuild(nodes, visit)
    return [became[n] for n in nodes]


def going_on(
    architecture: Architecture, nodes: Sequence[Node], going: bool = True
) -> tuple[list[Node], tuple[Node, ...]]:
    """Return nodes as they are where states go on from the batch before, and the inputs that hold these states.

    Where they are not ``going`` on nodes stay as they are, and begin anew.
    """
    states = architecture.states if going else {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        return states[node.meaning.name] if isinstance(node.meaning, Carried) else with_inputs(node, inputs)

    became = rebuild(nodes, visit) if states else {n: n for n in nodes}
    return [became[n] for n in nodes], tuple(states.values())


def going_on_program(architecture: Architecture, nodes: Sequence[Node]) -> Program:
    """Return what ``nodes`` of the network are at prediction where states go on: they are the last of its state."""
    after = at([*nodes, *architecture.carried.values()], training=False)
    found, states = going_on(architecture, after)
    given, kept = tuple(architecture.inputs.values()), looking_state(architecture)
    return Program(given, (*kept, *states), tuple(found[: len(nodes)]), (*kept, *found[len(nodes) :]))


def prediction_program(architecture: Architecture, nodes: Sequence[Node]) -> Program:
    """Return what ``nodes`` of the network are at prediction."""
    state = looking_state(architecture)
    return Program(tuple(architecture.inputs.values()), state, tuple(at(nodes, training=False)), state)


def seen_inside(architecture: Architecture) -> dict[str, tuple[Node, Node | None]]:
    """Return what every layer computes, by name, and which steps of it count: "Z1", "A1", others by label."""
    named = dict(architecture.parts)
    by_node = set(named.values())
    named |= {label: n for label, n in architecture.outputs.items() if n not in by_node}
    masks: dict[Node, Node] = {}
    for label, call in architecture.calls.items():
        for n in (architecture.outputs[label], *call.parts.values()):
            if call.mask is not None and n.shape[:2] == call.mask.shape:
                masks[n] = call.mask
    return {name: (n, masks.get(n)) for name, n in named.items()}


def looking_state(architecture: Architecture) -> tuple[Node, ...]:
    """Return the state of programs that change nothing: parameters, statistics, what random layers read."""
    return (*architecture.parameters.values(), *architecture.statistics.values(), STEP, SEED)


def penalty(architecture: Architecture, frozen: Collection[str] = ()) -> Node | None:
    """Return what the size of the weights costs, but for those that are frozen, or None if it costs nothing."""
    total: Node | None = None
    for w in architecture.parameters.values():
        if w.name in frozen:
            continue
        price = regularizers.regularizer(w.meaning.regularizer)
        if price is not None:
            term = apply(f"the regularizer of {w.name}", price, w=w)
            if not isinstance(term, Node) or term.ndim:
                found = show_shape(term.shape) if isinstance(term, Node) else type(term).__name__
                raise GraphError(
                    f"The regularizer of {w.name} must return a single number, as a node; found {found}."
                )
            total = term if total is None else total + term
    return total


def initial_values(architecture: Architecture, seed: int) -> dict[str, np.ndarray]:
    """Return the first value of every parameter and statistic; equal seeds give equal bits."""
    values: dict[str, np.ndarray] = {}
    every = {**architecture.parameters, **architecture.statistics}
    check_drawn([prod(w.shape) * w.dtype.itemsize for w in every.values()])
    for number, (name, w) in enumerate(every.items()):
        kind = _initializer_of(architecture, w)
        draws = Draws(seed, "initial", number)
        try:
            values[name] = initializers.initialize(kind, w.shape, draws, w.dtype, w.meaning.each)
        except (DataError, ShapeError) as error:
            raise type(error)(f"{name} of {cut(repr(w.meaning.layer))}: {error}") from None
    return values


def many_initial_values(architecture: Architecture, seeds: np.ndarray) -> dict[str, np.ndarray]:
    """Return what :func:`initial_values` does for each of many seeds, ``(seeds, ...)``."""
    found: dict[str, np.ndarray] = {}
    for number, (name, w) in enumerate({**architecture.parameters, **architecture.statistics}.items()):
        kind, draws = _initializer_of(architecture, w), ManyDraws(seeds, "initial", number)
        alone = w.meaning.each is not None and w.meaning.each != w.shape
        values = None if alone else initializers.initialize_many(kind, w.shape, draws, w.dtype)
        if values is None:
            each = (Draws(int(seed), "initial", number) for seed in seeds)
            values = np.array(
                [initializers.initialize(kind, w.shape, d, w.dtype, w.meaning.each) for d in each]
            )
        found[name] = np.broadcast_to(values, (len(seeds), *w.shape))
    return found


def _initializer_of(architecture: Architecture, w: Node) -> Any:
    """Return what draws the first value of a parameter or statistic."""
    kind = w.meaning.initializer
    return (
        initializers.default_initializer(_activation_after(architecture, w.meaning.layer))
        if kind is None
        else kind
    )


def _activation_after(architecture: Architecture, layer: Layer) -> Callable[..., Any]:
    """Return the activation that a layer's units end in, looking past normalizations."""
    users: dict[Node, list[Node]] = {}
    for node in order([architecture.output]):
        for x in node.inputs:
            users.setdefault(x, []).append(node)
    ahead = [n for n, call in architecture.call_of.items() if call.layer is layer]
    for node in ahead:  # the list grows while it is read
        kind = architecture.call_of[node].layer.ends_in() if node in architecture.call_of else None
        if kind is not None:
            return activations.activation(kind)
        if node not in architecture.call_of and node.primitive.name in activations.ACTIVATIONS:
            return activations.ACTIVATIONS[node.primitive.name]
        if not any(map(_are_weights, node.inputs)):  # else the next layer's units begin
            ahead.extend(n for n in users.get(node, []) if n not in ahead)
    return activations.identity


def _are_weights(node: Node) -> bool:
    """Say whether a node holds weights, in whatever shape: a parameter of more than one axis."""
    while node.meaning is None and node.primitive.moves and len(node.inputs) == 1:
        node = node.inputs[0]
    return isinstance(node.meaning, Parameter) and node.ndim > 1


def output_kind(architecture: Architecture) -> str:
    """Return the name of the activation that the output ends with: "identity" for none, "" for a formula."""
    node = architecture.output
    while node in architecture.call_of:
        call = architecture.call_of[node]
        kind = call.layer.ends_in()
        if kind is not None:
            return activations.activation_name(kind)
        if call.parts.get("Z") is node.inputs[0]:
            return "identity"
        # what a layer that does not keep its input's values computes is inside its mark
        node = call.inputs[0] if call.layer.keeps_values else node.inputs[0]
    return node.primitive.name if node.primitive.name in activations.ACTIVATIONS else ""
