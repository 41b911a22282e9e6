"""Rows as plain data for JSON, and back: which inputs each has, its attributes, and the graphs among these."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import plain
from chainrule.errors import FileFormatError, short
from chainrule.graph.closed import ClosedGraph, is_given
from chainrule.graph.node import Node, input, leaf_key, of_array, record
from chainrule.graph.primitives.attributes import DTYPES
from chainrule.graph.shapes import Extent
from chainrule.graph.table import TABLE

NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}  # numbers for which JSON has no words


@dataclass(frozen=True)
class SavedRow:
    """A row of the table, applied to earlier entries."""

    row: str
    inputs: tuple[int, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class SavedLeaf:
    """What a graph within a graph is given."""

    name: str
    shape: tuple[Any, ...]
    dtype: str


@dataclass(frozen=True)
class SavedGraph:
    """A graph within a graph: positions count what it is given, and then its rows."""

    inputs: tuple[Any, ...]
    shared: tuple[Any, ...]
    entries: tuple[Any, ...]
    outputs: tuple[int, ...]


def row_entry(node: Node, position: Mapping[Node, int], keep: bool = False) -> dict[str, Any]:
    """Return a node as a row applied to what stands at the positions of its inputs."""
    attributes = {k: to_plain(v, keep) for k, v in node.attributes.items()}
    return {
        "row": node.primitive.name,
        "inputs": [position[x] for x in node.inputs],
        "attributes": attributes,
    }


def made_row(saved: SavedRow, nodes: Sequence[Node], where: str) -> Node:
    """Return the node that a row makes of those before it."""
    inputs, name = earlier(nodes, saved.inputs, where), plain.renamed("row", saved.row)
    if name not in TABLE or TABLE[name].leaf == "given":
        raise FileFormatError(f"{where} uses a primitive {short(name)} that is not in the table.")
    attributes = {
        plain.renamed(name, k): from_plain(v, f"{where}: {short(k)}") for k, v in saved.attributes.items()
    }
    TABLE[name].check(len(inputs), attributes)
    if name == "constant":
        return of_array(attributes["value"])
    return record(TABLE[name], inputs, attributes)


def earlier(nodes: Sequence[Node], positions: tuple[int, ...], where: str) -> list[Node]:
    """Return the nodes at these positions, all of which must be there by now."""
    for position in positions:
        if not 0 <= position < len(nodes):
            raise FileFormatError(
                f"{where}: {short(position)} is none of the {len(nodes)} entries before it."
            )
    return [nodes[position] for position in positions]


def _graph(body: ClosedGraph) -> dict[str, Any]:
    by_key = {leaf_key(n): i for i, n in enumerate(body.given)}
    position: dict[Node, int] = {}
    entries: list[dict[str, Any]] = []
    for node in body.nodes:
        position[node] = by_key.get(leaf_key(node), len(by_key) + len(entries))
        if not is_given(node):
            entries.append(row_entry(node, position))
    leaves = [{"name": n.name, "shape": to_plain(n.shape), "dtype": n.dtype.name} for n in body.given]
    return {
        "inputs": leaves[: len(body.inputs)],
        "shared": leaves[len(body.inputs) :],
        "entries": entries,
        "outputs": [position[n] for n in body.outputs],
    }


def _made_graph(graph: Any, where: str) -> ClosedGraph:
    saved: SavedGraph = plain.record(SavedGraph, graph, where)
    nodes = [_made_leaf(leaf, where) for leaf in (*saved.inputs, *saved.shared)]
    count, given = len(saved.inputs), len(nodes)
    for entry in saved.entries:
        nodes.append(made_row(plain.record(SavedRow, entry, where), nodes, where))
    outputs = tuple(earlier(nodes, saved.outputs, where))
    return ClosedGraph(tuple(nodes[:count]), tuple(nodes[count:given]), outputs)


def _made_leaf(leaf: Any, where: str) -> Node:
    saved: SavedLeaf = plain.record(SavedLeaf, leaf, where)
    if saved.dtype not in DTYPES:
        raise FileFormatError(f"{where}: {short(saved.dtype)} is no dtype of numbers.")
    return input(saved.name, from_plain(saved.shape, where), saved.dtype)


def to_plain(value: Any, keep: bool = False) -> Any:
    """Return a value as data that JSON can hold, or with ``keep`` graphs as they are."""
    if isinstance(value, ClosedGraph):
        return value if keep else {"graph": _graph(value)}
    if isinstance(value, Extent):
        return {"extent": value.name}
    if isinstance(value, tuple):
        return [to_plain(v, keep) for v in value]
    if isinstance(value, np.ndarray):
        finite = value.dtype.kind != "f" or np.isfinite(value).all()
        return {"array": value.tolist() if finite else _in_words(value.tolist()), "dtype": value.dtype.name}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": _in_words(value)}
    return value


def _in_words(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return [_in_words(x) for x in numbers]
    return numbers if math.isfinite(numbers) else str(numbers)


def from_plain(value: Any, where: str) -> Any:
    """Return the value that :func:`to_plain` wrote; what is none raises FileFormatError, which says where."""
    match value:
        case None | bool() | int() | float() | str() | np.ndarray() | ClosedGraph():
            return value
        case list() | tuple():
            return tuple([from_plain(v, where) for v in value])
        case {"extent": str(name)} if len(value) == 1 and name.isidentifier():
            return Extent(name)
        case {"graph": graph} if len(value) == 1:
            return _made_graph(graph, where)
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
