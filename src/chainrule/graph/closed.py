"""Closed graphs: a graph as a value of its own, with its ends named. What it reads, it is given.

The body of a loop is one, held in an attribute of the loop's node: whoever walks the graph around it need not look
inside. A program is one with state. Both compare by structure, and pickle and copy as flat lists.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import islice
from typing import Any, Self

import numpy as np

from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.evaluate import fit_value
from chainrule.graph.identity import Hashed, Structured, of_attributes
from chainrule.graph.node import (
    Cell,
    Node,
    flatten,
    input,
    leaf_key,
    of_array,
    record,
    unflatten,
    with_inputs,
)
from chainrule.graph.shapes import Extent, matches, resolve, show
from chainrule.graph.show import text
from chainrule.graph.walk import order, rebuild
from chainrule.shown import brief, cut, in_a_row

Nodes = tuple[Node, ...]
Visit = Callable[[Node, Nodes], Node]  # a node, and what its inputs became
NOTHING = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Ends(Structured):
    """A graph with its ends named: each field is a tuple of nodes, the first two of leaves that it is given."""

    def __post_init__(self) -> None:
        for f in fields(self):
            nodes = getattr(self, f.name)
            nodes = tuple(nodes) if isinstance(nodes, Iterable) and not isinstance(nodes, Node) else (None,)
            if not all(isinstance(n, Node) for n in nodes):
                raise GraphError(
                    f"The {f.name} of a {type(self).__name__} are a tuple of nodes, such as (x,); "
                    f"found {short(getattr(self, f.name))}."
                )
            object.__setattr__(self, f.name, nodes)

    @property
    def _parts(self) -> tuple[Nodes, ...]:
        return tuple([getattr(self, f.name) for f in fields(self)])

    @property
    def given(self) -> Nodes:
        """The leaves that have their values from outside."""
        first, second, *_ = self._parts
        return first + second

    def check_given(self, what: str) -> set[Any]:
        """Return the keys of the leaves that it is given; raise unless they are inputs and variables, each once."""
        for n in self.given:
            if not is_given(n):
                raise GraphError(f"{what} is given inputs and variables, not {short(n.primitive.name)}.")
        keys = {leaf_key(n) for n in self.given}
        if len(keys) < len(self.given):
            raise GraphError(f"{what} is given a leaf twice.")
        return keys

    @property
    def ends(self) -> Nodes:
        """All that is computed."""
        return tuple([n for part in self._parts[2:] for n in part])

    @cached_property
    def nodes(self) -> Nodes:
        """All that its ends are made of, inputs before what uses them, each once."""
        return tuple(order(self.ends))

    @cached_property
    def found(self) -> dict[Hashable, Any]:
        """What was found of it, by whom it was asked: kept as long as it is, so that nobody looks twice."""
        return {}

    def map_ends(self, function: Callable[[Sequence[Node]], Iterable[Node]]) -> Self:
        """Return the same graph with its ends replaced by what ``function`` makes of all of them."""
        found = iter(function(self.ends))
        parts = {f.name: tuple(islice(found, len(getattr(self, f.name)))) for f in fields(self)[2:]}
        return replace(self, **parts)

    def rebuild(self, visit: Visit) -> Self:
        """Return the same graph with each node replaced by what ``visit`` makes of it and its new inputs."""
        became: dict[Node, Node] = {}
        for node in self.nodes:
            became[node] = visit(node, tuple([became[x] for x in node.inputs]))
        if all(became[n] is n for n in self.ends):
            return self
        return self.map_ends(lambda ends: [became[n] for n in ends])

    def map_nodes(self, visit: Visit) -> Self:
        """Return a graph in which the leaves that are given are replaced as well."""
        became = rebuild(self.given + self.ends, visit)
        return type(self)(*[tuple([became[n] for n in part]) for part in self._parts])

    @cached_property
    def fingerprint(self) -> Hashable:
        """What two graphs have in common only if they compute the same in the same way.

        Rows are themselves, and attributes go by value and structure (``graph/identity.py``): a graph in which
        one is of a type that is not known there has a fingerprint of its own.
        """
        leaves = {leaf_key(n): (k, i) for k, part in enumerate(self._parts[:2]) for i, n in enumerate(part)}
        number: dict[Node, int] = {}
        lines: list[Hashable] = []
        for node in order(self.ends + self.given):
            number[node] = len(lines)
            leaf = leaves.get(leaf_key(node)) if not node.inputs else None
            what = leaf if leaf is not None else (node.primitive, of_attributes(node.attributes))
            lines.append((what, tuple([number[x] for x in node.inputs]), node.shape, node.dtype.str))
        return Hashed((tuple(lines), tuple([tuple([number[n] for n in part]) for part in self._parts])))

    def detached(self) -> Self:
        """Return the same graph of variables without values: to be kept, and no network's weights with it.

        What gradients mean is left behind, so it must be simplified by now.
        """
        cells: dict[Any, Cell] = {}
        inner: dict[ClosedGraph, ClosedGraph] = {}  # the results of a loop still share one

        def within(body: ClosedGraph) -> ClosedGraph:
            if body not in inner:
                inner[body] = body.map_nodes(visit)
            return inner[body]

        def visit(node: Node, inputs: Nodes) -> Node:
            attributes = map_bodies(node.attributes, within)
            if node.primitive.name == "variable":
                attributes = {"cell": cells.setdefault(leaf_key(node), Cell(NOTHING))}
            elif not inputs and attributes is node.attributes:
                return node
            return Node(node.primitive, inputs, attributes, node.shape, node.dtype, node.name)

        return self.map_nodes(visit)

    def __reduce__(self) -> tuple[Any, ...]:
        # All ends in one flat list, so that what they share stays shared.
        everything = self.given + self.ends
        position = {n: i for i, n in enumerate(order(everything))}
        parts = [[position[n] for n in part] for part in self._parts]
        return _unflattened, (type(self), flatten(everything), parts)


def _unflattened(kind: type[Ends], flat: list[Any], parts: list[list[int]]) -> Ends:
    nodes = unflatten(flat)
    return kind(*[tuple([nodes[i] for i in part]) for part in parts])


@dataclass(frozen=True, eq=False)
class ClosedGraph(Ends):
    """A graph as a value of its own. It is called on nodes, which writes it out there, or on arrays.

    Attributes:
        inputs: What each call is given.
        shared: What it reads beside that, the same over calls that belong together.
        outputs: What each call returns.

    Raises:
        GraphError: If it reads an input, a variable or the length of an open axis that it is not given.

    >>> import numpy as np
    >>> from chainrule.graph.node import constant, input
    >>> x, w = input("x", (2,)), input("w", ())
    >>> body = ClosedGraph((x,), (w,), (np.tanh(w * x), w + 1))
    >>> body
    <x; w → tanh(w · x), w + 1>
    >>> [y.tolist() for y in body([0.0, 0.0], 2.0)]
    [[0.0, 0.0], 3.0]
    >>> print(body(constant([1, 2]), 3.0)[0])
    tanh(3 · [1., 2.])
    """

    inputs: Nodes
    shared: Nodes
    outputs: Nodes

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.check_given("A closed graph")
        known = {e for n in self.given for e in extents_of(n)}
        for n in self.nodes:
            if is_given(n) and leaf_key(n) not in given:
                raise GraphError(f"A closed graph reads {short(n.name)}, which it is not given.")
            for e in extents_of(n):
                if e not in known:
                    raise GraphError(f"Nothing that a closed graph is given has the axis '{e}'.")

    def __call__(self, *values: Any) -> list[Any]:
        """Return the outputs for a value of each input and then of each that is shared."""
        if len(values) != len(self.given):
            raise GraphError(f"A closed graph of {len(self.given)} leaves is given {len(values)} values.")
        recorded = any(isinstance(v, Node) for v in values)
        lengths: dict[Extent, Any] = {}
        fitted = [_fitted(n, v, lengths) for n, v in zip(self.given, values, strict=True)]
        if recorded:
            fitted = [v if isinstance(v, Node) else of_array(v) for v in fitted]
        known = {leaf_key(n): v for n, v in zip(self.given, fitted, strict=True)}

        def visit(node: Node, inputs: Sequence[Any]) -> Any:
            if leaf_key(node) in known:
                return known[leaf_key(node)]
            if recorded and node.primitive.name == "constant":
                return node
            attributes = resolved(node.attributes, lengths)
            if recorded:
                return record(node.primitive, inputs, attributes, node.name)
            return node.primitive(*inputs, **attributes)

        became: dict[Any, Any] = rebuild(self.ends, visit)
        return [became[n] for n in self.ends]

    def resolved(self, lengths: Mapping[Extent, Any]) -> "ClosedGraph":
        """Return the same graph for open axes of these lengths; axes of other names stay open."""
        own = {e: lengths.get(e, e) for n in self.given for e in extents_of(n)}
        if all(e == length for e, length in own.items()):
            return self
        given = tuple([input(n.name, resolve(n.shape, own), n.dtype) for n in self.given])
        count = len(self.inputs)
        return ClosedGraph(given[:count], given[count:], tuple(self(*given)))

    def __repr__(self) -> str:
        given = [in_a_row([cut(n.name, 30) or "·" for n in part], 30) for part in self._parts[:2]]
        return f"<{'; '.join(filter(None, given))} → {in_a_row([cut(text(n)) for n in self.outputs])}>"


@dataclass(frozen=True, eq=False, repr=False)
class Program(Ends):
    """A closed graph with state: what an engine is given.

    Attributes:
        inputs: What each step is given.
        state: Variables that live from step to step.
        outputs: What each step returns.
        new_state: The value that each state variable has after the step, in the order of ``state``.
    """

    inputs: Nodes
    state: Nodes
    outputs: Nodes
    new_state: Nodes

    __repr__ = brief

    @property
    def updates(self) -> list[tuple[int, Node, Node]]:
        """The state variables that change: where each stands, it, and its new value."""
        pairs = enumerate(zip(self.state, self.new_state, strict=True))
        return [(i, w, new) for i, (w, new) in pairs if leaf_key(w) != leaf_key(new)]


def bodies(node: Node) -> list[ClosedGraph]:
    """Return the graphs that a node has in its attributes, or in tuples there: the branches of a choice, say."""
    found: list[ClosedGraph] = []
    waiting = list(node.attributes.values())
    for value in waiting:
        if isinstance(value, ClosedGraph):
            found.append(value)
        elif type(value) is tuple:
            waiting.extend(value)
    return found


def every_node(graph: Ends) -> Iterator[Node]:
    """Yield the nodes of a graph, and behind each those of the graphs that it has."""
    for node in graph.nodes:
        yield node
        for body in bodies(node):
            yield from every_node(body)


def map_bodies(attributes: Mapping[str, Any], function: Callable[[ClosedGraph], Any]) -> Mapping[str, Any]:
    """Return attributes with each graph replaced; the same ones if none is."""
    new = {k: _map_in(v, function) for k, v in attributes.items()}
    return new if any(attributes[k] is not v for k, v in new.items()) else attributes


def _map_in(value: Any, function: Callable[[ClosedGraph], Any]) -> Any:
    """Return the value of an attribute with each graph replaced; the same one if none is."""
    if isinstance(value, ClosedGraph):
        return function(value)
    if type(value) is not tuple:
        return value
    new = tuple([_map_in(v, function) for v in value])
    return value if all(a is b for a, b in zip(value, new, strict=True)) else new


def replaced(outputs: Iterable[Node], by: Mapping[Node, Node]) -> list[Node]:
    """Return ``outputs`` with some of the nodes that they depend on replaced."""
    ends = list(outputs)
    became = rebuild(ends, lambda n, inputs: by[n] if n in by else with_inputs(n, inputs), stop=by)
    return [became[n] for n in ends]


def in_floats(node: Node, inputs: Nodes, dtype: np.dtype, visit: Visit) -> Node:
    """Return what a row makes of other inputs, with its own floats of a dtype; ``visit`` is for the graphs it has."""
    attributes = dict(map_bodies(node.attributes, lambda body: body.map_nodes(visit)))
    own = dtype if node.dtype.kind == "f" else node.dtype
    if node.primitive.name == "constant":
        attributes["value"] = attributes["value"].astype(own)
    elif "dtype" in attributes:
        attributes["dtype"] = own.name
    return record(node.primitive, inputs, attributes, node.name, node.meaning)


def resolved(attributes: Mapping[str, Any], lengths: dict[Extent, Any]) -> Mapping[str, Any]:
    """Return attributes for open axes of these lengths, those of graphs too."""
    found = {k: resolve(v, lengths) for k, v in attributes.items()}
    return map_bodies(found, lambda body: body.resolved(lengths))


def is_given(node: Node) -> bool:
    """Say whether a node has its value from outside of a graph."""
    return node.primitive.leaf == "given"


def extents_of(node: Node) -> list[Extent]:
    """Return the open axes that a node has or asks for."""
    return [e for e in (*node.shape, *node.attributes.values()) if isinstance(e, Extent)]


def _fitted(leaf: Node, value: Any, lengths: dict[Extent, Any]) -> Any:
    """Return a value for a leaf, or raise; note the lengths of open axes."""
    value = value if hasattr(value, "dtype") else fit_value(leaf, value, lengths)
    if value.dtype != leaf.dtype or not matches(leaf.shape, value.shape, lengths):
        raise ShapeError(
            f"{short(leaf.name)} of a closed graph is of shape {show(leaf.shape)} and {leaf.dtype}; "
            f"the value given is of {show(value.shape)} and {value.dtype}."
        )
    return value
