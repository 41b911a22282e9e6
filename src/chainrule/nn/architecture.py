"""Architecture: the graph of a whole network, with a name for everything that is learned.

A chain of layers and a function from input nodes to an output node become the same thing: one graph, in which
marks say where each layer ends. It is written to a file as the list of its layer calls, and read back by replaying
them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import prod
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, FileFormatError, GraphError, ShapeError
from chainrule.graph.node import Node, as_node, input, record, with_inputs
from chainrule.graph.shapes import Extent
from chainrule.graph.shapes import show as show_shape
from chainrule.graph.table import TABLE
from chainrule.graph.walk import order
from chainrule.nn import activations, initializers, regularizers, specs
from chainrule.nn.layers import LAYERS, TRAINING, Call, Layer, Parameter, check_layer, output_activation

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
    # A layer listed twice is two layers: each gets weights of its own.
    copies = [replace(check_layer(layer)) for layer in layers]
    if not copies:
        raise GraphError("A network needs at least one layer; for linear regression cr.Dense(1).")
    x = input("x", (BATCH, *shape), dtype)
    y, done = x, []
    for number, layer in enumerate(copies, start=1):
        try:
            y = layer(y)
        except ChainruleError as error:
            rows = [(repr(each), node) for each, node in done]
            where = f"Layer {number} ({layer!r}) does not fit what comes before it: {error}"
            raise LayerError(where, _rows_so_far(x, rows, repr(layer))) from None
        done.append((layer, y))
    return finish({"x": x}, y)


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
    inputs = {name: input(name, (BATCH, *_as_shape(name, shape)), dtype) for name, shape in shapes.items()}
    try:
        output = function(**inputs)
    except TypeError as error:
        if isinstance(error, ChainruleError) or "argument" not in str(error):
            raise
        raise GraphError(
            f"The network's function is called with its inputs by name ({', '.join(inputs)}): {error}."
        ) from None
    if not isinstance(output, Node):
        raise GraphError(f"The network's function must return the output node; it returned {output!r}.")
    if not output.shape or output.shape[0] != Extent(BATCH):
        raise ShapeError(
            f"The output of the network's function has shape {show_shape(output.shape)}; its first axis must "
            f"count the examples, as in {show_shape((Extent(BATCH), 'outputs'))}."
        )
    return finish(inputs, output)


def _as_shape(name: str, shape: Any) -> tuple[int, ...]:
    if isinstance(shape, int):
        return (shape,)
    try:
        found = tuple(int(e) for e in shape)
    except (TypeError, ValueError):
        found = (-1,)
    if any(e < 0 for e in found):
        raise ShapeError(
            f"The shape of input '{name}' is that of one example, such as (8, 8) or (3,); found {shape!r}."
        )
    return found


def finish(inputs: dict[str, Node], output: Node) -> Architecture:
    """Name what the graph learns, share what is one layer's, give each random layer its stream."""
    calls = [n for n in order([output]) if isinstance(n.meaning, Call)]
    statistics_after = [new for n in calls for _, new in n.meaning.updates]
    first: dict[tuple[int, str], Node] = {}
    for n in calls:
        for w in n.meaning.parameters:
            first.setdefault((id(w.meaning.layer), w.meaning.role), w)
    labels = _labels([n.meaning.layer for n in calls])
    numbers = _numbers([n.meaning.layer for n in calls])
    names = {key: _name(w.meaning.role, numbers[key[0]]) for key, w in first.items()}
    became: dict[Node, Node] = {}
    shared: dict[tuple[int, str], Node] = {}
    streams = 0
    for node in order([output, *statistics_after]):
        if isinstance(node.meaning, Parameter):
            key = (id(node.meaning.layer), node.meaning.role)
            if key not in shared:
                w = first[key]
                _same_shape(w, node)
                shared[key] = Node(w.row, (), w.attributes, w.shape, w.dtype, names[key], w.meaning)
            _same_shape(shared[key], node)
            became[node] = shared[key]
            continue
        new = with_inputs(node, tuple(became[x] for x in node.inputs))
        if node.row.name == "random_uniform":
            new = Node(new.row, new.inputs, {**new.attributes, "stream": streams}, new.shape, new.dtype)
            streams += 1
        if isinstance(node.meaning, Call):
            label = labels[calls.index(node)]
            new = Node(new.row, new.inputs, new.attributes, new.shape, new.dtype, node.name, LayerMark(label))
        became[node] = new
    return _collect(inputs, became[output], calls, labels, numbers, became)


def _same_shape(a: Node, b: Node) -> None:
    if a.shape != b.shape:
        raise ShapeError(
            f"One layer is used twice, on inputs of different widths: its {b.meaning.role} would have shapes "
            f"{show_shape(a.shape)} and {show_shape(b.shape)}. Make two layers."
        )


def _collect(
    inputs: dict[str, Node],
    output: Node,
    marks: list[Node],
    labels: list[str],
    numbers: dict[int, int],
    became: dict[Node, Node],
) -> Architecture:
    calls: dict[str, Call] = {}
    outputs: dict[str, Node] = {}
    parameters: dict[str, Node] = {}
    statistics: dict[str, Node] = {}
    updates: dict[str, Node] = {}
    parts: dict[str, Node] = {}
    for label, node in zip(labels, marks, strict=True):
        call: Call = node.meaning
        mine = tuple(became[w] for w in call.parameters)
        calls[label] = Call(
            call.layer,
            tuple(became[x] for x in call.inputs),
            mine,
            tuple((became[s], became[new]) for s, new in call.updates),
            {k: became[v] for k, v in call.parts.items() if v in became},
        )
        outputs[label] = became[node]
        for w in mine:
            (parameters if w.meaning.trainable else statistics)[w.name] = w
        for s, new in calls[label].updates:
            updates[s.name] = new
        if call.layer.counts:
            number = numbers[id(call.layer)]
            parts.update({f"{k}{number}": v for k, v in calls[label].parts.items()})
            parts[f"A{number}"] = became[node]
    return Architecture(inputs, output, calls, outputs, parameters, statistics, updates, parts)


def _labels(layers: list[Layer]) -> list[str]:
    seen: dict[str, int] = {}
    result: list[str] = []
    for layer in layers:
        given = getattr(layer, "name", "")
        stem = given or "".join(f"_{c.lower()}" if c.isupper() else c for c in type(layer).__name__).strip(
            "_"
        )
        seen[stem] = seen.get(stem, 0) + 1
        result.append(stem if given and seen[stem] == 1 else f"{stem}_{seen[stem]}")
    return result


def _numbers(layers: list[Layer]) -> dict[int, int]:
    """Return l for each layer: layers with units are counted, others belong to the one before them."""
    result: dict[int, int] = {}
    taken: set[tuple[str, int]] = set()
    count = 0
    for layer in layers:
        if id(layer) in result:
            continue
        if layer.counts:
            count += 1
            result[id(layer)] = count
            continue
        number = max(count, 0)
        while (type(layer).__name__, number) in taken or (
            isinstance(layer, _Normal) and ("n", number) in taken
        ):
            number += 1000  # a second normalization of one layer: gamma_1001
        taken |= {(type(layer).__name__, number)} | ({("n", number)} if isinstance(layer, _Normal) else set())
        result[id(layer)] = number
    return result


_Normal = (LAYERS["BatchNormalization"], LAYERS["LayerNormalization"])


def _name(role: str, number: int) -> str:
    return f"{role}{number}" if len(role) == 1 else f"{role}_{number}"


# --- reading the one graph in its two ways --------------------------------------------------------------


def at(nodes: Sequence[Node], training: bool) -> list[Node]:
    """Return the graph as it is while training, or at prediction: nothing but the flag is replaced."""
    flag = as_node(np.asarray(training))
    became: dict[Node, Node] = {}
    for node in order(nodes):
        if node.row.name == "input" and node.attributes["symbol"] is TRAINING.attributes["symbol"]:
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
    calls = list(architecture.calls.values())
    start = next(i for i, c in enumerate(calls) if c.layer is layer)
    for call in calls[start:]:
        kind = output_activation(call.layer)
        if kind is not None:
            return activations.activation_name(kind)
        if call.layer is not layer and call.layer.counts:
            break
    return "identity"


def output_kind(architecture: Architecture) -> str:
    """Return the name of the activation that the output ends with; "identity" where there is none."""
    node = architecture.output
    by_node = {n: architecture.calls[label] for label, n in architecture.outputs.items()}
    while node in by_node:
        kind = output_activation(by_node[node].layer)
        if kind is not None:
            return activations.activation_name(kind)
        if by_node[node].layer.counts:
            return "identity"
        node = by_node[node].inputs[0]
    return (
        "softmax" if node.row.name == "softmax" else "sigmoid" if node.row.name == "sigmoid" else "identity"
    )


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


# --- as plain data, for files ---------------------------------------------------------------------------


def to_config(architecture: Architecture, keep: bool = False) -> dict[str, Any]:
    """Return the architecture as data that JSON can hold: its inputs, and its layer calls and rows in order.

    With ``keep`` the layers stand in it themselves (for pickle) and not their settings.
    """
    entries: list[dict[str, Any]] = []
    position: dict[Node, int] = {}
    by_node = {n: architecture.calls[label] for label, n in architecture.outputs.items()}
    seen_layers: dict[int, int] = {}
    for name, node in architecture.inputs.items():
        position[node] = len(entries)
        entries.append({"input": name, "shape": list(node.shape[1:])})
    for node in _outside_layers(architecture, by_node):
        if node in position:
            continue
        if node in by_node:
            call = by_node[node]
            layer = call.layer if keep else _layer_config(call.layer)
            entry: dict[str, Any] = {"layer": seen_layers.get(id(call.layer), layer)}
            seen_layers.setdefault(id(call.layer), len(entries))
            entry["inputs"] = [position[x] for x in call.inputs]
        else:
            entry = {"row": node.row.name, "inputs": [position[x] for x in node.inputs]}
            entry["attributes"] = {k: _plain(v) for k, v in node.attributes.items()}
            if node.row.name in ("variable", "input"):
                raise GraphError(
                    f"'{node.name or node.row.name}' stands in the network but belongs to no layer, so it cannot be "
                    "saved or trained. Put it into a layer of your own (see Layer)."
                )
        position[node] = len(entries)
        entries.append(entry)
    return {
        "dtype": architecture.output.dtype.name,
        "entries": entries,
        "output": position[architecture.output],
    }


def _outside_layers(architecture: Architecture, by_node: dict[Node, Call]) -> list[Node]:
    """Return the nodes from the inputs to the output in order, each layer call as one."""
    result: list[Node] = []
    seen: set[Node] = set()
    stack = [(architecture.output, False)]
    while stack:
        node, done = stack.pop()
        if done:
            result.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            inputs = by_node[node].inputs if node in by_node else node.inputs
            stack.extend((x, False) for x in reversed(inputs))
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, Extent):
        return {"extent": value.name}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    return value


def _from_plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_from_plain(v) for v in value)
    if isinstance(value, dict) and "extent" in value:
        return Extent(value["extent"])
    if isinstance(value, dict) and "array" in value:
        return np.asarray(value["array"], value["dtype"])
    return value


def _layer_config(layer: Layer) -> dict[str, Any]:
    config: dict[str, Any] = {"class": type(layer).__name__}
    for f in fields(layer):
        value = getattr(layer, f.name)
        if f.name == "regularizer":
            value = {"regularizer": regularizers.to_config(value)}
        elif callable(value) and type(value).__name__ in SETTINGS:
            value = {"settings": specs.to_config(value)}
        elif callable(value):
            value = {"function": function_name(value, activations.ACTIVATIONS | initializers.INITIALIZERS)}
        elif isinstance(value, np.ndarray | list):
            value = None if f.name == "initializer" else _plain(np.asarray(value))
        elif isinstance(value, np.generic):
            value = value.item()
        config[f.name] = value
    return config


SETTINGS: dict[str, type] = {**activations.CLASSES, **initializers.CLASSES}


def function_name(function: Any, known: Mapping[str, Any]) -> str:
    """Return the name by which a callable is saved, or raise if it has none to be found by."""
    name = specs.name_of(function, known)
    if "<" in name:
        raise GraphError(
            "A function without a name (a lambda) cannot be saved: nothing could find it again. "
            "Define it with def, or use one of the named ones."
        )
    return name


def from_config(config: Mapping[str, Any], custom: Mapping[str, Any] | None = None) -> Architecture:
    """Return the architecture that :func:`to_config` wrote; your own callables are looked up in ``custom``."""
    custom = dict(custom or {})
    nodes: list[Node] = []
    layers: dict[int, Layer] = {}
    inputs: dict[str, Node] = {}
    for number, entry in enumerate(config["entries"]):
        if "input" in entry:
            node = input(entry["input"], (BATCH, *entry["shape"]), config["dtype"])
            inputs[entry["input"]] = node
        elif "layer" in entry:
            made = entry["layer"]
            layers[number] = layers[made] if isinstance(made, int) else _make_layer(made, custom)
            node = layers[number](*(nodes[i] for i in entry["inputs"]))
        else:
            if entry["row"] not in TABLE:
                raise FileFormatError(
                    f"The file uses a primitive '{entry['row']}' that this version does not have."
                )
            attributes = {k: _from_plain(v) for k, v in entry["attributes"].items()}
            if entry["row"] == "constant":
                value = attributes["value"]
                node = Node(TABLE["constant"], (), {"value": value}, value.shape, value.dtype)
            else:
                node = record(TABLE[entry["row"]], [nodes[i] for i in entry["inputs"]], attributes)
        nodes.append(node)
    return finish(inputs, nodes[config["output"]])


def _make_layer(config: Any, custom: dict[str, Any]) -> Layer:
    if isinstance(config, Layer):
        return config
    settings = dict(config)
    name = settings.pop("class")
    found = LAYERS.get(name) or custom.get(name)
    if found is None:
        raise FileFormatError(_give_custom("layer", name))
    for key, value in settings.items():
        if not isinstance(value, dict):
            continue
        if "function" in value:
            known = activations.ACTIVATIONS | initializers.INITIALIZERS
            if value["function"] not in custom and value["function"] not in known:
                raise FileFormatError(_give_custom(key, value["function"]))
            settings[key] = custom.get(value["function"], value["function"])
        elif "settings" in value:
            settings[key] = specs.from_config(value["settings"], SETTINGS)
        elif "regularizer" in value:
            settings[key] = regularizers.from_config(value["regularizer"], custom)
        elif "array" in value:
            settings[key] = _from_plain(value)
    layer: Layer = found(**settings)
    return layer


def _give_custom(kind: str, name: str) -> str:
    return (
        f"The file uses a {kind} of your own called '{name}', and files hold no code. "
        f"Give it: cr.load(path, custom={{'{name}': {name}}})."
    )
