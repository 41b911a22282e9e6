"""What a plan is made of: loop nests, tasks, loops over time; what each reads and where, and what is kept in memory."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chainrule.engines.native.plan.expand import is_short
from chainrule.engines.native.plan.gathered import Gathered, gathered
from chainrule.engines.native.plan.matrices import Matrices, matrices
from chainrule.engines.native.plan.rows import rows_of
from chainrule.engines.native.plan.views import View, is_view, seen_through, squeezed, whole
from chainrule.graph.closed import ClosedGraph, Program
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.primitives.indexing import at_positions
from chainrule.graph.shapes import Extent, Shape


@dataclass(eq=False)
class Nest:
    """A loop nest: nodes of one shape, computed point by point, and sums and maxima over it."""

    domain: Shape  # without axes of length 1
    nodes: list[Node] = field(default_factory=list)
    reductions: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Task:
    """A node with a lowering of its own: a matrix product, random bits, a scatter ..."""

    node: Node


@dataclass(eq=False)
class Loop:
    """A body, which has a plan of its own, done for one step after the other.

    Attributes:
        nodes: The results that are read: nodes that differ in what they take of the loop.
        plan: What is done in a step.
        rows: The axis of the batch, if each row goes through all steps by itself; None if not.
    """

    nodes: list[Node]
    plan: "Fusion" = field(init=False, repr=False)
    rows: Extent | None = field(init=False)

    @property
    def body(self) -> ClosedGraph:
        """What a step computes."""
        found: ClosedGraph = self._at("body")
        return found

    @property
    def carried(self) -> int:
        """How many values go from a step to the next."""
        return int(self._at("carried"))

    @property
    def length(self) -> Any:
        """How many steps there are: a whole number, or an open extent."""
        return self._at("length")

    @property
    def is_reversed(self) -> bool:
        """Whether the last step comes first."""
        return bool(self._at("reverse"))

    @property
    def inputs(self) -> tuple[Node, ...]:
        """What it is given: what is carried at first, what has a slice for each step, what all steps share."""
        return self.nodes[0].inputs

    @cached_property
    def homes(self) -> dict[int, tuple[Node, bool]]:
        """Of what is carried, by its number, the result that holds it at all steps: as each finds or leaves it."""
        found: dict[int, tuple[Node, bool]] = {}
        for node in self.nodes:
            output = self.body.outputs[node.attributes["take"]]
            for number in range(self.carried if node.attributes["take"] >= self.carried else 0):
                finds = leaf_key(output) == leaf_key(self.body.inputs[number])
                if finds or output is self.body.outputs[number]:
                    found.setdefault(number, (node, finds))
                    break
        return found

    @cached_property
    def emitted(self) -> list[Node]:
        """The other results that have a slice for each step."""
        homes = [node for node, _ in self.homes.values()]
        return [n for n in self.nodes if n.attributes["take"] >= self.carried and n not in homes]

    def last(self, carried: int) -> Node | None:
        """Return the result that is what is carried at last; None if nobody reads it."""
        return next((n for n in self.nodes if n.attributes["take"] == carried), None)

    def _at(self, name: str) -> Any:
        return self.nodes[0].attributes[name]


Item = Nest | Task | Loop


def made(item: Item) -> list[Node]:
    """Return the nodes whose values an item makes."""
    if isinstance(item, Nest):
        return [*item.nodes, *item.reductions]
    return [item.node] if isinstance(item, Task) else item.nodes


def with_inner(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items, and behind each loop what is done in its steps."""
    for item in items:
        yield item
        if isinstance(item, Loop):
            yield from with_inner(item.plan.items)


@dataclass
class Fusion:
    """What is done in which order.

    Attributes:
        program: The program of basic rows.
        items: Loop nests and single tasks, in order.
        stored: The nodes that have memory of their own, beside the leaves.
        home: For a stored node that is a state variable's new value and may overwrite it: that variable.
        commits: The state variables that are overwritten at the end, and what with.
        long: Whether it is too much for one function.
        leaves: By the key of a leaf that does not lie row after row: how it does.
        inside: For a stored node that lies within a larger one: where.
    """

    program: Program
    items: list[Item]
    stored: set[Node]
    home: dict[Node, Node]
    commits: list[tuple[Node, Node]]
    long: bool
    leaves: Mapping[Hashable, View] = field(default_factory=dict)
    inside: Mapping[Node, View] = field(default_factory=dict)
    _views: dict[Node, View] = field(default_factory=dict, init=False, repr=False)
    _forms: dict[Node, tuple[Matrices, Gathered | None]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def rows(self) -> Extent | None:
        """The axis of the batch, along which what has it may be cut; None if there is none, or the step is long."""
        return None if self.long else rows_of(self.program)

    def view(self, node: Node) -> View:
        """Return where a stored node, a leaf or a movement of one lies."""
        chain = []
        while node not in self._views and node not in self.stored and is_view(node):
            chain.append(node)
            node = node.inputs[0]
        view = self._views.get(node)
        if view is None:
            found = self.inside.get(node) or self.leaves.get(leaf_key(node))
            view = self._views[node] = found or whole(node)
        for movement in reversed(chain):
            found = seen_through(view, movement)
            if found is None:
                raise AssertionError(f"no view of {movement}")
            view = self._views[movement] = found
        return view

    def matrices(self, node: Node) -> Matrices:
        """Return how a product is cut into matrices."""
        return self._form(node)[0]

    def gathered(self, node: Node) -> Gathered | None:
        """Return how a node is computed by tables; None if it is not, or is no product."""
        return self._form(node)[1] if node.primitive.name == "contract" else None

    def _form(self, node: Node) -> tuple[Matrices, Gathered | None]:
        if node not in self._forms:
            form = matrices(self.view, node)
            self._forms[node] = form, gathered(node, form, self.view(node))
        return self._forms[node]


def is_pointwise(node: Node) -> bool:
    """Say whether a node is computed point by point from what is at hand."""
    row = node.primitive
    return row.elementwise or gathers(node) or (row.name == "contract" and is_short(node))


def gathers(node: Node) -> bool:
    """Say whether a node reads its first input where its second says."""
    return node.primitive.moves == "copy" and node.primitive.dtype is at_positions


def register_source(node: Node) -> Node:
    """Return the node whose value at a point is this one's: reshapes that only add or drop axes of length 1."""
    while node.primitive.name == "reshape" and squeezed(node.shape) == squeezed(node.inputs[0].shape):
        node = node.inputs[0]
    return node


def memory_source(node: Node) -> Node:
    """Return the node whose memory a movement of it is read from."""
    while is_view(node):
        node = node.inputs[0]
    return node


def reads_memory(node: Node, position: int) -> bool:
    """Say whether a pointwise node needs an input at other points than its own."""
    return node.primitive.name == "contract" or (gathers(node) and position == 0)
