"""Architecture: the graph of a whole network, with a name for everything that is learned.

A chain of layers and a function from input nodes to an output node become the same thing: one graph, in which
marks say where each layer ends. It is written to a file as the list of its layer calls, and read back by
replaying them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import count
from math import prod
from operator import index
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, GraphError, ShapeError, short
from chainrule.graph.node import Node, as_node, input, leaf_key, with_inputs
from chainrule.graph.shapes import Extent, show as show_shape
from chainrule.graph.walk import order
from chainrule.nn import activations, initializers, regularizers
from chainrule.nn.layers import (
    SEED,
    STEP,
    TRAINING,
    Activation,
    Call,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Parameter,
    check_layer,
    output_activation,
)

BATCH = "batch"


@dataclass(frozen=True)
class LayerMark:
    """What the mark on a layer's output means in a finished network: which layer it is."""

    layer: str


@dataclass(frozen=True)
class Architecture:
    """A network as graph.

    Attributes:
        inputs: The input nodes, by name; their first axis counts the examples.
        output: What the network predicts.
        calls: Every use of a layer, inputs before what uses them, by label ("dense_1").
        outputs: The output node of each call.
        parameters: The variables that training changes, by name: "W1", "b1", "gamma_1" ...
        statistics: The variables that are kept besides: "mean_1", "variance_1".
        updates: For each statistic, its value after a training step.
        parts: Nodes by the lectures' names: "Z1" and "A1" for the first layer with units.
    """

    inputs: dict[str, Node]
    output: Node
    calls: dict[str, Call]
    outputs: dict[str, Node]
    parameters: dict[str, Node]
    statistics: dict[str, Node]
    updates: dict[str, Node]
    parts: dict[str, Node]

    def meaning(self, name: str) -> Parameter:
        """Return what the parameter or statistic called ``name`` is."""
        meaning: Parameter = {**self.statistics, **self.parameters}[name].meaning
        return meaning


class LayerError(ShapeError):
    """A layer that does not fit; ``table`` shows the rows up to it."""

    def __init__(self, message: str, table: str) -> None:
        super().__init__(f"{message}\n\n{table}")
        self.table = table


def chain(layers: Sequence[Any], shape: tuple[int, ...], dtype: str) -> Architecture:
    """Return the architecture of layers one after the other, for examples of ``shape``."""
    copies = [_fresh(layer) for layer in check_layers(layers)]
    x = input("x", (BATCH, *as_shape("x", shape)), dtype)
    y = x
    done: list[tuple[Layer, Node]] = []
    for number, layer in enumerate(copies, start=1):
        try:
            y = layer(y)
        except ChainruleError as error:
            rows = [(repr(each), node) for each, node in done]
            where = f"Layer {number} ({layer!r}) does not fit what comes before it: {error}"
            raise LayerError(where, _rows_so_far(x, rows, repr(layer))) from None
        done.append((layer, y))
    return finish({"x": x}, y)


def check_layers(layers: Any) -> list[Layer]:
    """Return ``layers`` as a list of layers, or say what is none."""
    if isinstance(layers, str | type) or not isinstance(layers, Iterable):
        check_layer(layers)
    found = [check_layer(layer) for layer in layers]
    if not found:
        raise GraphError("A network needs at least one layer; for linear regression cr.Dense(1).")
    return found


def _fresh(value: Any) -> Any:
    """Return a copy of a layer and of those inside it: one listed twice is two, each with weights of its own."""
    if type(value) in (tuple, list):
        return type(value)(map(_fresh, value))
    if not isinstance(value, Layer):
        return value
    return replace(value, **{f.name: _fresh(getattr(value, f.name)) for f in fields(value) if f.init})


def _rows_so_far(x: Node, rows: list[tuple[str, Node]], failed: str) -> str:
    lines = [
        ("input", show_shape(x.shape)),
        *((label, show_shape(n.shape)) for label, n in rows),
        (failed, "✗ fails here"),
    ]
    wide = max(len(a) for a, _ in lines)
    return "\n".join(f"  {a:<{wide}}  {b}" for a, b in lines)


def branches(function: Callable[..., Any], shapes: Mapping[str, Any], dtype: str) -> Architecture:
    """Return the architecture that ``function`` draws when called with one input node for each name."""
    inputs = {name: input(name, (BATCH, *as_shape(name, shape)), dtype) for name, shape in shapes.items()}
    try:
        output = function(**inputs)
    except TypeError as error:
        if isinstance(error, ChainruleError) or "argument" not in str(error):
            raise
        raise GraphError(
            f"The network's function is called with its inputs by name ({', '.join(inputs)}): {error}."
        ) from None
    if not isinstance(output, Node):
        raise GraphError(f"The network's function must return the output node; it returned {short(output)}.")
    if not output.shape or output.shape[0] != Extent(BATCH):
        raise ShapeError(
            f"The output of the network's function has shape {show_shape(output.shape)}; its first axis must "
            f"count the examples, as in {show_shape((Extent(BATCH), 'outputs'))}."
        )
    return finish(inputs, output)


def as_shape(name: str, shape: Any) -> tuple[int, ...]:
    """Return the shape of one example as a tuple; a single number is a row of so many."""
    try:
        found = (index(shape),) if hasattr(shape, "__index__") else tuple(index(e) for e in shape)
    except TypeError:
        found = (-1,)
    if any(e < 0 for e in found):
        raise ShapeError(
            f"The shape of input '{name}' is that of one example, such as (8, 8) or (3,); "
            f"found {short(shape)}."
        )
    return found


def finish(inputs: dict[str, Node], output: Node) -> Architecture:
    """Name what the graph learns, share what is one layer's, give each random layer its stream."""
    marks = [n for n in order([output]) if isinstance(n.meaning, Call)]
    nodes = order([output, *(new for n in marks for _, new in n.meaning.updates)])
    _check_leaves(nodes, inputs)
    labels = dict(zip(marks, _labels([n.meaning.layer for n in marks]), strict=True))
    numbers = _numbers(marks)
    shared = _shared(marks, numbers)
    became: dict[Node, Node] = {}
    streams = 0
    for node in nodes:
        if isinstance(node.meaning, Parameter):
            became[node] = shared[_owner(node)]
            continue
        new = with_inputs(node, tuple(became[x] for x in node.inputs))
        if node.primitive.name == "random_uniform":
            new = Node(new.primitive, new.inputs, {**new.attributes, "stream": streams}, new.shape, new.dtype)
            streams += 1
        if node in labels:
            meaning = LayerMark(labels[node])
            new = Node(new.primitive, new.inputs, new.attributes, new.shape, new.dtype, node.name, meaning)
        became[node] = new
    calls = {label: _renewed(mark.meaning, became, shared) for mark, label in labels.items()}
    outputs = {label: became[mark] for mark, label in labels.items()}
    learned = {w.name: w for call in calls.values() for w in call.parameters}
    parts: dict[str, Node] = {}
    for label, call in calls.items():
        if call.layer.counts:
            number = numbers[id(call.layer)]
            parts |= {f"{k}{number}": v for k, v in call.parts.items()} | {f"A{number}": outputs[label]}
    return Architecture(
        inputs=inputs,
        output=became[output],
        calls=calls,
        outputs=outputs,
        parameters={name: w for name, w in learned.items() if w.meaning.trainable},
        statistics={name: w for name, w in learned.items() if not w.meaning.trainable},
        updates=_updates(calls.values()),
        parts=parts,
    )


def _check_leaves(nodes: Iterable[Node], inputs: Mapping[str, Node]) -> None:
    """Refuse what no engine would be given: variables that belong to no layer, inputs of nobody."""
    known = {leaf_key(n) for n in (*inputs.values(), TRAINING, SEED, STEP)}
    for node in nodes:
        if node.primitive.name == "variable" and not isinstance(node.meaning, Parameter):
            raise GraphError(
                f"The variable '{node.name}' stands in the network but belongs to no layer, so nothing would "
                "train or save it. Put it into a layer of your own (see cr.Layer), or write its number."
            )
        if node.primitive.name == "input" and leaf_key(node) not in known:
            raise GraphError(
                f"The input '{node.name}' stands in the network but is none of its inputs={{...}}."
            )


def _owner(w: Node) -> tuple[int, str]:
    return id(w.meaning.layer), w.meaning.role


def _shared(marks: list[Node], numbers: dict[int, int]) -> dict[tuple[int, str], Node]:
    """Return the one variable for each layer and role, under its name; a layer that is used twice has one."""
    shared: dict[tuple[int, str], Node] = {}
    taken: set[str] = set()
    spent: dict[tuple[str, ...], int] = {}  # how many endings of these names are taken
    for mark in marks:
        layer, made = mark.meaning.layer, mark.meaning.parameters
        new = [w for w in made if _owner(w) not in shared]
        plain = tuple([_name(w.meaning.role, numbers[id(layer)]) for w in new])
        for ending in count(spent.get(plain, 0)):
            named = [name + _letters(ending) for name in plain]
            if taken.isdisjoint(named):
                break
        spent[plain] = ending
        taken.update(named)
        for w, name in zip(new, named, strict=True):
            shared[_owner(w)] = Node(w.primitive, (), w.attributes, w.shape, w.dtype, name, w.meaning)
        for w in made:
            if w.shape != shared[_owner(w)].shape:
                raise ShapeError(
                    f"{layer!r} is used twice, on inputs of different widths: its {w.meaning.role} would "
                    f"have shapes {show_shape(shared[_owner(w)].shape)} and {show_shape(w.shape)}. Make two "
                    "layers."
                )
    return shared


def _letters(number: int) -> str:
    """Return what tells the parameters of layers with the same number apart: "", "b" ... "z", "aa", "ab" ..."""
    found = ""
    number = number + 1 if number else 0
    while number:
        number, letter = divmod(number - 1, 26)
        found = "abcdefghijklmnopqrstuvwxyz"[letter] + found
    return found


def _renewed(call: Call, became: dict[Node, Node], shared: dict[tuple[int, str], Node]) -> Call:
    return Call(
        call.layer,
        tuple(became[x] for x in call.inputs),
        tuple(shared[_owner(w)] for w in call.parameters),
        tuple((shared[_owner(s)], became[new]) for s, new in call.updates),
        {k: became[v] for k, v in call.parts.items() if v in became},
    )


def _updates(calls: Iterable[Call]) -> dict[str, Node]:
    """Return the new value of each statistic; of a layer used several times, their mean."""
    found: dict[str, list[Node]] = {}
    for call in calls:
        for s, new in call.updates:
            found.setdefault(s.name, []).append(new)
    return {
        name: sum(each[1:], each[0]) / len(each) if len(each) > 1 else each[0] for name, each in found.items()
    }


def _labels(layers: list[Layer]) -> list[str]:
    """Return a label for each use of a layer: "dense_1", or its name; its second use is "dense_1/2"."""
    own: dict[int, str] = {}
    uses: dict[int, int] = {}
    taken: set[str] = set()
    spent: dict[str, int] = {}  # the last number of each stem
    result: list[str] = []
    for layer in layers:
        uses[id(layer)] = uses.get(id(layer), 0) + 1
        if id(layer) not in own:
            given = str(getattr(layer, "name", ""))
            stem = given or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
            label = given
            while not label or label in taken:
                spent[stem] = spent.get(stem, 1 if given else 0) + 1
                label = f"{stem}_{spent[stem]}"
            own[id(layer)] = label
            taken.add(label)
        again = f"/{uses[id(layer)]}" if uses[id(layer)] > 1 else ""
        result.append(own[id(layer)] + again)
    return result


def _numbers(marks: list[Node]) -> dict[int, int]:
    """Return l for each layer: those with units are counted, others share the number of the one before."""
    result: dict[int, int] = {}
    before: dict[Node, int] = {}  # the number that each mark gives to one behind it
    counted = 0
    among = set(marks)
    for mark in marks:
        layer = mark.meaning.layer
        if layer.counts:
            if id(layer) not in result:
                counted += 1
                result[id(layer)] = counted
            before[mark] = result[id(layer)]
        else:
            before[mark] = _number_before(mark, among, before)
            result.setdefault(id(layer), before[mark])
    return result


def _number_before(mark: Node, among: set[Node], before: Mapping[Node, int]) -> int:
    """Return the number of the last layer with units among all that a layer is built on."""
    nearest = [n for n in order(mark.meaning.inputs, stop=among) if n in among]
    if not nearest:
        return 0
    if len(nearest) == 1 and (nearest[0].meaning.layer.counts or _is_one_way(nearest[0], among)):
        return before[nearest[0]]  # all others lie behind it, and are not walked through again and again
    every = [n for n in order(mark.meaning.inputs) if n in among]
    return next((before[n] for n in reversed(every) if n.meaning.layer.counts), 0)


def _is_one_way(mark: Node, among: set[Node]) -> bool:
    """Say whether a layer has one input, and holds no other layers."""
    inputs = mark.meaning.inputs
    inside = [n for n in order([mark], stop=inputs) if n in among]
    return len(inputs) == 1 and not set(inside) - {mark, *inputs}


def _name(role: str, number: int) -> str:
    return f"{role}{number}" if len(role) == 1 else f"{role}_{number}"


# --- reading the one graph in its two ways --------------------------------------------------------------


def at(nodes: Sequence[Node], training: bool) -> list[Node]:
    """Return the graph as it is while training, or at prediction: nothing but the flag is replaced."""
    flag = as_node(np.asarray(training))
    became: dict[Node, Node] = {}
    for node in order(nodes):
        if node.primitive.name == "input" and node.attributes["symbol"] is TRAINING.attributes["symbol"]:
            became[node] = flag
        else:
            became[node] = with_inputs(node, tuple(became[x] for x in node.inputs))
    return [became[n] for n in nodes]


def penalty(architecture: Architecture) -> Node | None:
    """Return what the size of the weights costs, or None if it costs nothing."""
    total: Node | None = None
    for w in architecture.parameters.values():
        price = regularizers.regularizer(w.meaning.regularizer)
        if price is not None:
            term = price(w)
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
    for number, (name, w) in enumerate({**architecture.parameters, **architecture.statistics}.items()):
        kind = w.meaning.initializer
        if kind is None:
            follows = _activation_after(architecture, w.meaning.layer)
            kind = initializers.default_initializer(follows)
        rng = np.random.default_rng([seed, number])
        values[name] = initializers.initialize(kind, w.shape, rng, w.dtype)
    return values


def _activation_after(architecture: Architecture, layer: Layer) -> str:
    """Return the name of the activation that a layer's units end in, looking past normalizations."""
    by_node = {n: architecture.calls[label] for label, n in architecture.outputs.items()}
    users: dict[Node, list[Node]] = {}
    for node in order([architecture.output]):
        for x in node.inputs:
            users.setdefault(x, []).append(node)
    ahead = [n for n, call in by_node.items() if call.layer is layer]
    for node in ahead:  # the list grows while it is read
        kind = output_activation(by_node[node].layer) if node in by_node else None
        if kind is not None:
            return activations.activation_name(kind)
        if node not in by_node and node.primitive.name in activations.ACTIVATIONS:
            return node.primitive.name
        if node.primitive.name not in ("contract", "gather"):  # there the next layer's units begin
            ahead.extend(n for n in users.get(node, []) if n not in ahead)
    return "identity"


def output_kind(architecture: Architecture) -> str:
    """Return the name of the activation that the output ends with: "identity" for none, "" for a formula."""
    by_node = {n: architecture.calls[label] for label, n in architecture.outputs.items()}
    node = architecture.output
    while node in by_node:
        layer = by_node[node].layer
        kind = output_activation(layer)
        if kind is not None:
            return activations.activation_name(kind)
        if isinstance(layer, Dense | Activation):
            return "identity"
        # Dropout and Flatten keep what they are given; what any other layer computes is inside its mark.
        node = by_node[node].inputs[0] if isinstance(layer, Dropout | Flatten) else node.inputs[0]
    return node.primitive.name if node.primitive.name in activations.ACTIVATIONS else ""


def summary(architecture: Architecture) -> list[tuple[str, str, int]]:
    """Return a row for each layer: what it is, its output shape, how many numbers it learns or keeps."""
    rows = [(f"{name} (input)", show_shape(n.shape), 0) for name, n in architecture.inputs.items()]
    counted: set[Node] = set()
    for label, call in architecture.calls.items():
        new = [w for w in call.parameters if w not in counted]
        counted.update(new)
        shape = show_shape(architecture.outputs[label].shape)
        rows.append((f"{label} ({type(call.layer).__name__})", shape, sum(prod(w.shape) for w in new)))
    return rows
