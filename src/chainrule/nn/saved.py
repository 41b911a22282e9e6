"""An architecture as plain data, for files: its inputs, layer calls and rows in order, and the way back.

A file comes from anywhere, so all that is in it is held to what is declared before anything is made of it: entries
and settings to the annotations of dataclasses, the attributes of a row to those that it declares, positions to
what stands before, sizes to a budget. Nothing from a file ever becomes code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from chainrule import plain
from chainrule.errors import FileFormatError, GraphError, short
from chainrule.graph.node import Node, input, leaf_key
from chainrule.graph.shapes import Extent, show as show_shape
from chainrule.graph.walk import order
from chainrule.nn.architecture import BATCH, Architecture, LoopMark, as_shape, finish
from chainrule.nn.layers.base import Layer
from chainrule.nn.rows import SavedRow, earlier, made_row, row_entry
from chainrule.nn.settings import Names, layer_from_config, layer_to_config


def to_config(architecture: Architecture, keep: bool = False) -> dict[str, Any]:
    """Return the architecture as data that JSON can hold: its inputs, and its layer calls and rows in order.

    With ``keep`` the layers stand in it themselves (for pickle) and not their settings.
    """
    inputs = architecture.inputs
    entries: list[dict[str, Any]] = [
        {"input": k, "shape": [e.name if isinstance(e, Extent) else e for e in x.shape[1:]]}
        for k, x in inputs.items()
    ]
    position = {node: number for number, node in enumerate(inputs.values())}
    leaves = {leaf_key(node): number for node, number in position.items()}
    first_uses: dict[int, int] = {}
    named = Names()
    for node in _outside_layers(architecture):
        if node in position:
            continue
        if leaf_key(node) in leaves:  # an input under another name
            position[node] = leaves[leaf_key(node)]
            continue
        if node in architecture.call_of:
            call = architecture.call_of[node]
            layer: Any = first_uses.setdefault(id(call.layer), len(entries))
            if layer == len(entries):
                layer = call.layer if keep else layer_to_config(call.layer, named)
            entry = {"layer": layer, "inputs": [position[x] for x in call.inputs]}
        elif (use := architecture.use_of(node)) is not None:
            entry = {"beside": node.meaning.number, "of": position[use]}
        else:
            if isinstance(node.meaning, LoopMark):
                raise GraphError(
                    "Layers are called in a step of a loop that stands among the rows of a network, and such a network "
                    "is neither copied nor saved, nor drawn anew of nodes. Put the loop into a layer of your own: "
                    "class Mine(cr.Layer), whose build(self, scope, x) has the loop. Drawn by a function, "
                    "cr.Network(function, inputs=...), it is trained as it is."
                )
            entry = row_entry(node, position, keep)
        position[node] = len(entries)
        entries.append(entry)
    return {
        "dtype": next(iter(inputs.values())).dtype.name,
        "entries": entries,
        "output": position[architecture.output],
    }


def _outside_layers(architecture: Architecture) -> list[Node]:
    """Return the nodes from the inputs to the output in order, each layer call as one."""
    calls, outputs = architecture.calls, architecture.outputs
    several = {architecture.use_of(node) for node in order([architecture.output, *outputs.values()])}
    ends = [
        n for k, call in calls.items() for n in (*call.inputs, *[y for y in (outputs[k],) if y in several])
    ]
    every = order([*ends, architecture.output])
    wanted = {architecture.output}
    for node in reversed(every):
        if node in wanted:
            use = architecture.use_of(node)
            wanted.update([use] if use is not None else (architecture.call_of.get(node) or node).inputs)
    return [node for node in every if node in wanted]


@dataclass(frozen=True)
class SavedArchitecture:
    """An architecture as :func:`to_config` writes it."""

    dtype: Literal["float32", "float64"]
    entries: tuple[Any, ...]
    output: int


@dataclass(frozen=True)
class SavedInput:
    """An input: its name, and the shape of one example; the steps of a sequence may be open, under a name."""

    input: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class SavedLayer:
    """A use of a layer: its settings, or the position of its first use."""

    layer: Any
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class SavedBeside:
    """What a layer puts out besides: which of it, counted from 1, and the position of the use of the layer."""

    beside: int
    of: int


def from_config(config: Any, custom: Mapping[str, Any] | None = None) -> Architecture:
    """Return the architecture that :func:`to_config` wrote; callables of your own are found in ``custom``.

    Nothing is allocated for its parameters.

    Raises:
        ChainruleError: For anything that :func:`to_config` would not have written.
    """
    custom = dict(custom or {})
    saved: SavedArchitecture = plain.read(SavedArchitecture, config, "architecture")
    nodes: list[Node] = []
    layers: dict[int, Layer] = {}
    several: dict[Node, tuple[Node, ...]] = {}
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
                    layers[number] = layer_from_config(layer, custom, where)
                elif layer in layers:
                    layers[number] = layers[layer]
                else:
                    raise FileFormatError(f"{where}: entry {short(layer)} is no layer before it.")
                built: Any = layers[number](*earlier(nodes, positions, where))
                node = built[0] if isinstance(built, tuple) else built
                several[node] = built if isinstance(built, tuple) else (built,)
            case SavedBeside(which, of):
                outputs = several.get(earlier(nodes, (of,), where)[0], ())
                if not 0 < which < len(outputs):
                    raise FileFormatError(f"{where}: entry {of} is no layer with an output {short(which)}.")
                node = outputs[which]
            case SavedRow() as row:
                node = made_row(row, nodes, where)
        nodes.append(node)
    (output,) = earlier(nodes, (saved.output,), "output")
    if not output.shape or output.shape[0] != Extent(BATCH):
        raise FileFormatError(f"output: its first axis counts no examples: {show_shape(output.shape)}.")
    return finish(inputs, output)


SavedEntry: TypeAlias = SavedInput | SavedLayer | SavedBeside | SavedRow


def _entry(entry: Any, where: str) -> SavedEntry:
    kinds: dict[str, type] = {
        "input": SavedInput, "layer": SavedLayer, "beside": SavedBeside, "row": SavedRow
    }  # fmt: skip
    kind = next((kinds[key] for key in kinds if isinstance(entry, Mapping) and key in entry), None)
    if kind is None:
        raise FileFormatError(f"{where}: expected an input, a layer or a row; found {short(entry)}.")
    found: SavedEntry = plain.record(kind, entry, where)
    return found


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
