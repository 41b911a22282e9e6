"""An architecture as plain data, for files: its inputs, layer calls and rows in order, and the way back.

A file comes from anywhere, so all that is in it is held to what is declared before anything is made of it: entries
and settings to the annotations of dataclasses, the attributes of a row to those that it declares, positions to
what stands before, sizes to a budget. Nothing from a file ever becomes code.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from chainrule import plain
from chainrule.errors import FileFormatError, GraphError, short
from chainrule.graph.closed import ClosedGraph
from chainrule.graph.node import Node, input, leaf_key, record
from chainrule.graph.primitives.attributes import DTYPES
from chainrule.graph.shapes import Extent, show as show_shape
from chainrule.graph.table import TABLE
from chainrule.nn import activations, initializers, regularizers, specs
from chainrule.nn.architecture import BATCH, Architecture, as_shape, finish
from chainrule.nn.examples import Size, size_of_one
from chainrule.nn.layers import LAYERS, Layer
from chainrule.nn.layers.base import Call

# What the graph of a file may take for one example: bytes at a time and in all, and multiplications. What the file has
# in parameters raises all three, so that a large network has room and a kilobyte does not get gigabytes.
BUDGET = Size(held=2**26, bytes=2**31, products=2**32)
FOR_EACH_BYTE = Size(held=64, bytes=2**12, products=2**14)

NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}  # numbers for which JSON has no words


def to_config(architecture: Architecture, keep: bool = False) -> dict[str, Any]:
    """Return the architecture as data that JSON can hold: its inputs, and its layer calls and rows in order.

    With ``keep`` the layers stand in it themselves (for pickle) and not their settings.
    """
    entries: list[dict[str, Any]] = []
    entry: dict[str, Any]
    position: dict[Node, int] = {}
    by_node = {n: architecture.calls[label] for label, n in architecture.outputs.items()}
    seen_layers: dict[int, int] = {}
    named = Names()
    leaves = {leaf_key(node): number for number, node in enumerate(architecture.inputs.values())}
    for name, node in architecture.inputs.items():
        position[node] = len(entries)
        entries.append({"input": name, "shape": list(node.shape[1:])})
    for node in _outside_layers(architecture, by_node):
        if node in position:
            continue
        if leaf_key(node) in leaves:  # an input under another name
            position[node] = leaves[leaf_key(node)]
            continue
        if node in by_node:
            call = by_node[node]
            layer = seen_layers.get(id(call.layer))
            if layer is None:
                seen_layers[id(call.layer)] = len(entries)
            made = call.layer if keep else _layer_config(call.layer, named)
            entry = {"layer": made if layer is None else layer, "inputs": [position[x] for x in call.inputs]}
        else:
            entry = {"row": node.primitive.name, "inputs": [position[x] for x in node.inputs]}
            entry["attributes"] = {
                k: v if keep and isinstance(v, ClosedGraph) else _plain(v) for k, v in node.attributes.items()
            }
        position[node] = len(entries)
        entries.append(entry)
    return {
        "dtype": next(iter(architecture.inputs.values())).dtype.name,
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
    if isinstance(value, ClosedGraph):
        raise GraphError(
            "A graph inside a graph (the body of a loop) cannot be saved where it stands among the rows of a network: "
            "a file holds such graphs only as layers build them. Put it into a layer of your own."
        )
    if isinstance(value, Extent):
        return {"extent": value.name}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        finite = value.dtype.kind != "f" or np.isfinite(value).all()
        return {
            "array": value.tolist() if finite else _in_words(value.tolist()),
            "dtype": value.dtype.name,
        }
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": _in_words(value)}
    return value


def _in_words(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return [_in_words(x) for x in numbers]
    return numbers if math.isfinite(numbers) else str(numbers)


class Names:
    """The names under which a file knows the user's own callables and classes: each means one thing."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def of(self, thing: Any, ours: Mapping[str, Any]) -> str:
        """Return the name of ``thing``, or raise if it could not be found again by it."""
        if isinstance(thing, type):
            same = ours.get(thing.__name__) in (None, thing)
            name = thing.__name__ if same else f"{thing.__module__}.{thing.__name__}"
        else:
            name = specs.name_of(thing, ours)
        if "<" in name:
            raise GraphError(
                "A function without a name (a lambda) cannot be saved: nothing could find it again. "
                "Define it with def, or use one of the named ones."
            )
        if self._found.setdefault(name, thing) is not thing and self._found[name] != thing:
            raise GraphError(
                f"Two different things of yours are called '{name}', and a file knows them by name. "
                "Rename one."
            )
        return name


def _layer_config(layer: Layer, named: Names) -> dict[str, Any]:
    config: dict[str, Any] = {"class": named.of(type(layer), LAYERS)}
    for f in fields(layer):
        value = getattr(layer, f.name)
        if f.name == "initializer" and isinstance(value, np.ndarray | list):
            value = None  # the parameter itself is in the file, and may have millions of numbers
        elif f.name == "regularizer":
            plain = regularizers.to_config(value)
            value = {"regularizer": named.of(value, {}) if isinstance(plain, str) else plain}
        config[f.name] = _setting_config(value, named)
    return config


def _setting_config(value: Any, named: Names) -> Any:
    if isinstance(value, Layer):
        return {"layer": _layer_config(value, named)}
    if type(value) in (tuple, list):
        return {type(value).__name__: [_setting_config(v, named) for v in value]}
    if type(value) in SETTINGS.values():
        return {"settings": specs.to_config(value)}
    if callable(value):
        return {"function": named.of(value, FUNCTIONS)}
    if isinstance(value, np.ndarray):
        return _plain(value)
    return value.item() if isinstance(value, np.generic) else value


FUNCTIONS: dict[str, Any] = {**activations.ACTIVATIONS, **initializers.INITIALIZERS}
SETTINGS: dict[str, type] = {**activations.CLASSES, **initializers.CLASSES, **regularizers.CLASSES}
# Which of them may stand in a field of that name; in any other, of a layer of the user's, all may.
SETTINGS_OF: dict[str, Mapping[str, type]] = {
    "activation": activations.CLASSES,
    "initializer": initializers.CLASSES,
    "regularizer": {},  # it has a form of its own
}


# --- and back -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Saved:
    """An architecture as :func:`to_config` writes it."""

    dtype: Literal["float32", "float64"]
    entries: tuple[Any, ...]
    output: int


@dataclass(frozen=True)
class SavedInput:
    """An input: its name, and the shape of one example."""

    input: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class SavedLayer:
    """A use of a layer: its settings, or the position of its first use."""

    layer: Any
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class SavedRow:
    """A row of the table, applied to earlier entries."""

    row: str
    inputs: tuple[int, ...]
    attributes: dict[str, Any]


def from_config(config: Any, custom: Mapping[str, Any] | None = None) -> Architecture:
    """Return the architecture that :func:`to_config` wrote; callables of your own are found in ``custom``.

    Nothing is allocated for its parameters.

    Raises:
        ChainruleError: For anything that :func:`to_config` would not have written.
    """
    custom = dict(custom or {})
    saved: Saved = plain.read(Saved, config, "architecture")
    nodes: list[Node] = []
    layers: dict[int, Layer] = {}
    inputs: dict[str, Node] = {}
    for number, entry in enumerate(saved.entries):
        where = f"entry {number}"
        match _entry(entry, where):
            case SavedInput(name, shape):
                if name in inputs:
                    raise FileFormatError(f"{where}: there are two inputs {short(name)}.")
                node = inputs[name] = input(name, (BATCH, *as_shape(short(name), shape)), saved.dtype)
            case SavedLayer(layer, positions):
                if not isinstance(layer, int):
                    layers[number] = _make_layer(layer, custom, where)
                elif layer in layers:
                    layers[number] = layers[layer]
                else:
                    raise FileFormatError(f"{where}: entry {short(layer)} is no layer before it.")
                node = layers[number](*_earlier(nodes, positions, where))
            case SavedRow(name, positions, attributes):
                node = _make_node(name, _earlier(nodes, positions, where), attributes, where)
        nodes.append(node)
    (output,) = _earlier(nodes, (saved.output,), "output")
    if not output.shape or output.shape[0] != Extent(BATCH):
        raise FileFormatError(f"output: its first axis counts no examples: {show_shape(output.shape)}.")
    return finish(inputs, output)


def _entry(entry: Any, where: str) -> SavedInput | SavedLayer | SavedRow:
    kinds: dict[str, type] = {"input": SavedInput, "layer": SavedLayer, "row": SavedRow}
    kind = next((kinds[key] for key in kinds if isinstance(entry, Mapping) and key in entry), None)
    if kind is None:
        raise FileFormatError(f"{where}: expected an input, a layer or a row; found {short(entry)}.")
    found: SavedInput | SavedLayer | SavedRow = plain.record(kind, entry, where)
    return found


def _earlier(nodes: list[Node], positions: tuple[int, ...], where: str) -> list[Node]:
    for position in positions:
        if not 0 <= position < len(nodes):
            raise FileFormatError(
                f"{where}: {short(position)} is none of the {len(nodes)} entries before it."
            )
    return [nodes[position] for position in positions]


def _make_node(name: str, inputs: list[Node], saved: Mapping[str, Any], where: str) -> Node:
    name = plain.renamed("row", name)
    if name not in TABLE or name in ("variable", "input"):
        raise FileFormatError(f"{where} uses a primitive {short(name)} that is not in the table.")
    attributes = {plain.renamed(name, k): _from_plain(v, f"{where}: {short(k)}") for k, v in saved.items()}
    TABLE[name].check(len(inputs), attributes)
    if name == "constant":
        value = attributes["value"]
        return Node(TABLE[name], (), {"value": value}, value.shape, value.dtype)
    return record(TABLE[name], inputs, attributes)


def _from_plain(value: Any, where: str) -> Any:
    match value:
        case None | bool() | int() | float() | str() | np.ndarray() | ClosedGraph():
            return value
        case list() | tuple():
            return tuple([_from_plain(v, where) for v in value])
        case {"extent": name} if len(value) == 1 and name == BATCH:
            return Extent(BATCH)
        case {"number": str(word)} if len(value) == 1 and word in NOT_FINITE:
            return NOT_FINITE[word]
        case {"array": numbers, "dtype": str(dtype)} if len(value) == 2 and dtype in DTYPES:
            return _array(numbers, np.dtype(dtype), where)
    raise FileFormatError(f"{where}: found {short(value)}, which is no number, text, length or array.")


def _array(numbers: Any, dtype: np.dtype, where: str) -> np.ndarray:
    numbers = _from_words(numbers) if dtype.kind == "f" else numbers
    found = np.asarray(numbers)
    kinds = {found.dtype.kind, dtype.kind}
    if found.size and len(kinds) > 1 and not kinds <= {"i", "u"}:
        raise FileFormatError(f"{where}: expected an array of {dtype}; found {short(numbers)}.")
    return np.asarray(numbers, dtype)


def _from_words(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return [_from_words(x) for x in numbers]
    return NOT_FINITE.get(numbers, numbers) if isinstance(numbers, str) else numbers


def _make_layer(config: Any, custom: Mapping[str, Any], where: str) -> Layer:
    if isinstance(config, Layer):
        return config
    if not isinstance(config, Mapping) or not isinstance(config.get("class"), str):
        raise FileFormatError(f"{where}: expected a layer; found {short(config)}.")
    name = plain.renamed("layer", config["class"])
    settings = {key: value for key, value in config.items() if key != "class"}
    ours = name in LAYERS
    kind = LAYERS[name] if ours else _own("layer", name, custom)
    if not (isinstance(kind, type) and issubclass(kind, Layer)):
        raise FileFormatError(
            f"{where}: custom[{short(name)}] must be a class of layers; it is {short(kind)}."
        )

    def setting(declared: Any, value: Any, at: str) -> Any:
        return _make_setting(value, custom, at) if declared is Any else plain.read(declared, value, at)

    layer: Layer = plain.record(kind, settings, where, setting, typed=ours)
    return layer


def _make_setting(value: Any, custom: Mapping[str, Any], where: str) -> Any:
    field = where.rpartition(".")[2]
    match value:
        case {"regularizer": inner} if len(value) == 1 and field == "regularizer":
            return regularizers.from_config(plain.read(dict[str, Any] | str | None, inner, where), custom)
        case _ if field == "regularizer":
            raise FileFormatError(f"{where}: expected a regularizer; found {short(value)}.")
        case str():
            return plain.renamed(field, value)
        case {"layer": inner} if len(value) == 1:
            return _make_layer(inner, custom, where)
        case {"tuple": list(parts)} if len(value) == 1:
            return tuple([_make_setting(v, custom, where) for v in parts])
        case {"list": list(parts)} if len(value) == 1:
            return [_make_setting(v, custom, where) for v in parts]
        case {"settings": settings} if len(value) == 1:
            return specs.from_config(settings, SETTINGS_OF.get(field, SETTINGS))
        case {"function": str(name)} if len(value) == 1:
            name = plain.renamed(field, name)
            return name if name in FUNCTIONS else _own(field, name, custom)
    return _from_plain(value, where)


def _own(kind: str, name: str, custom: Mapping[str, Any]) -> Any:
    found = specs.own(name, custom)
    if found is None:
        plain_name = name.rpartition(".")[2] if name.replace(".", "_").isidentifier() else name
        raise FileFormatError(
            f"The file uses your own {kind} '{plain_name}', and files hold no code. "
            f"Give it: cr.load(path, custom={{'{plain_name}': {plain_name}}})."
        )
    return found


# --- what fits together ---------------------------------------------------------------------------------


def check_arrays(architecture: Architecture, arrays: Mapping[str, np.ndarray]) -> None:
    """Raise unless ``arrays`` are the parameters and statistics of an architecture, each of its shape and dtype."""
    expected = {**architecture.parameters, **architecture.statistics}
    for name in sorted(expected.keys() ^ arrays.keys()):
        raise FileFormatError(
            f"The array {short(name)} is {'missing' if name in expected else 'of no layer'}."
        )
    for name, node in expected.items():
        found = arrays[name]
        if found.shape != node.shape or found.dtype != node.dtype:
            raise FileFormatError(
                f"The array {short(name)} is {show_shape(found.shape)} {found.dtype}; its layer has "
                f"{show_shape(node.shape)} {node.dtype}."
            )


def check_size(architecture: Architecture, held: int) -> None:
    """Raise if the graph asks for more than its budget to work on one example.

    Args:
        architecture: Whose graph it is.
        held: How many bytes of parameters the file holds.
    """
    size = size_of_one([architecture.output, *architecture.updates.values()])
    for what, name in (("bytes at a time", "held"), ("bytes", "bytes"), ("multiplications", "products")):
        found, most = getattr(size, name), max(getattr(BUDGET, name), getattr(FOR_EACH_BYTE, name) * held)
        if found > most:
            raise FileFormatError(
                f"A single example takes {float(min(found, 10**300)):.3g} {what}, which is out of proportion to a "
                f"file of {held:,} bytes of parameters: at most {most:.3g}."
            )
