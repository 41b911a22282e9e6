"""Simplification: the same numbers from a smaller and a more stable graph.

Three things, at every node until nothing changes there: equal steps are computed once, what depends on constants
alone is computed now, and the rewrites of :mod:`chainrule.transform.rewrites` and the cancellations of
:mod:`chainrule.transform.cancel` are applied. What replaces a node is made simple before the node's users are looked
at, so one walk is enough, unless a cancellation learns of a sigmoid or softmax that it has asked for.

Before that, each gradient is found anew from what it is the gradient of, once that is simple: the derivative of
log(1 + exp(z)) as written is NaN where exp overflows, and that of softplus(z) is a sigmoid.
"""

from collections import Counter
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from chainrule.arguments import public
from chainrule.doors import late
from chainrule.graph.closed import ClosedGraph, Ends, bodies, is_given, map_bodies, replaced
from chainrule.graph.identity import of_attributes
from chainrule.graph.node import (
    Node,
    NodeLike,
    broadcast,
    cast,
    input,
    leaf_key,
    nodes_of,
    of_array,
    with_attributes,
    with_inputs,
)
from chainrule.graph.primitives.identities import mark, stop_gradient
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.walk import order, rebuild, settle
from chainrule.transform.backprop import Gradient, grad
from chainrule.transform.cancel import Cancellation
from chainrule.transform.rewrites import candidates
from chainrule.transform.verify import FINAL, SIMPLIFIED, between_stages, verify_rewritten

if TYPE_CHECKING:
    from chainrule.transform.rewrites.loops import with_smaller_loops
else:  # a graph without loops imports none of it
    with_smaller_loops = late("chainrule.transform.rewrites.loops:with_smaller_loops")

MOST_PASSES = 12
MOST_REPLACED = 100  # after one another, in the place of one node
SIMPLE = "simple"  # what a body becomes, which siblings have in common
LARGEST_FOLDED = 4096  # elements: a larger constant is better computed when it is needed

E = TypeVar("E", bound=Ends)


@overload
def simplify(nodes: NodeLike) -> Node: ...
@overload
def simplify(nodes: Sequence[NodeLike]) -> list[Node]: ...
@public
def simplify(nodes: NodeLike | Sequence[NodeLike]) -> Node | list[Node]:
    """Return a graph of the same values that is smaller and finite where the formula as written is not.

    Args:
        nodes: A node, or several that share their common steps.

    Returns:
        A node for a node, a list for a sequence. Names of leaves stay.

    Raises:
        GraphError: If something is no node.

    From the derivative of the log loss and of the sigmoid it finds what the lectures find by hand:

    >>> y, z = cr.variable(1.0, "y"), cr.variable(0.3, "z")
    >>> a = 1 / (1 + np.exp(-z))
    >>> loss = -(y * np.log(a) + (1 - y) * np.log(1 - a))
    >>> print(cr.simplify(cr.grad(loss, z)))
    σ(z) - y
    """
    simple = simplify_all(nodes_of(nodes, "simplify"))
    return simple[0] if isinstance(nodes, Node) else simple


def simplify_all(outputs: list[Node], final: bool = False) -> list[Node]:
    """Simplify several nodes together. A ``final`` graph is not differentiated again: what stops gradients goes."""
    # Numbers are folded at once and arrays last: 1 - y must be seen to belong to y.
    simple = _settled(_differentiated_again(outputs), final, 1)
    if any(n.primitive is constant and n.shape for n in order(simple)):
        simple = _settled(simple, final, LARGEST_FOLDED)
    if between_stages():
        verify_rewritten(outputs, simple, FINAL if final else SIMPLIFIED, costs_of(outputs))
    return simple


def _settled(outputs: list[Node], final: bool, largest: int) -> list[Node]:
    nodes = order(outputs)
    if not any(map(bodies, nodes)):
        return _of_simple_steps(outputs, nodes, final, largest)
    for _ in range(MOST_PASSES):
        outputs = _of_simple_bodies(outputs, final)
        outputs = _of_simple_steps(outputs, order(outputs), final, largest)
        smaller = with_smaller_loops(outputs)
        if smaller == outputs:
            break
        outputs = smaller
    return outputs


def _of_simple_steps(outputs: list[Node], nodes: list[Node], final: bool, largest: int) -> list[Node]:
    cancellation = Cancellation()
    cancellation.look_at(nodes)
    for _ in range(MOST_PASSES):
        outputs = _pass(outputs, final, cancellation, largest)
        if not cancellation.look_at(order(outputs)):
            break
    return outputs


def simplified(graph: E, final: bool = True) -> E:
    """Return a closed graph or a program of the same values, simplified; a simple one comes back as it is."""
    new = graph.map_ends(lambda ends: simplify_all(list(ends), final))
    return graph if new.ends == graph.ends else new


def _of_simple_bodies(outputs: list[Node], final: bool) -> list[Node]:
    """Simplify the graphs in attributes: of two nodes it is then seen that they are equal."""

    def simple(body: ClosedGraph) -> ClosedGraph:
        if (SIMPLE, final) not in body.found:
            body.found[SIMPLE, final] = simplified(body, final)
            body.found[SIMPLE, final].found[SIMPLE, final] = body.found[SIMPLE, final]
        return body.found[SIMPLE, final]

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        node = with_inputs(node, inputs)
        attributes = map_bodies(node.attributes, simple)
        return node if attributes is node.attributes else with_attributes(node, attributes)

    became = rebuild(outputs, visit)
    return [became[n] for n in outputs]


def _with_arrays(outputs: list[Node]) -> list[Node]:
    """Simplify, folding numbers alone: for what is to be differentiated."""
    return _settled(_differentiated_again(outputs), False, 1)


def _differentiated_again(outputs: list[Node]) -> list[Node]:
    """Replace every gradient ∂J/∂u that ``outputs`` reach first by the gradient of a J that was simplified."""
    found = _gradients(outputs)
    if not found:
        return outputs
    became: dict[Node, Node] = {}
    for J in dict.fromkeys(g.meaning.of for g in found):
        mine = [g for g in found if g.meaning.of is J]
        uses = Counter(leaf_key(n) for n in order([J]) if not n.inputs)
        leaves = [g for g in mine if is_given(g.meaning.wrt) and uses[leaf_key(g.meaning.wrt)] == 1]
        if leaves:
            (simple,) = _with_arrays([J])
            if simple is not J:
                became[J] = simple
                slopes = grad(simple, [g.meaning.wrt for g in leaves])
                became.update(zip(leaves, slopes, strict=True))
        for g in mine:
            if not is_given(g.meaning.wrt) and g.meaning.wrt is not J:
                became[g] = _by_intermediate(J, g.meaning.wrt)
    return replaced(outputs, became) if became else outputs


def costs_of(outputs: Sequence[Node]) -> list[Node]:
    """Return what the gradients among the ancestors are of: simplified, a gradient may hold more of it than it shows.

    That of ``y * log(p)`` by ``y`` is ``log(p)``, and 0 where ``y`` is 0 and ``p`` too.
    """
    return list(dict.fromkeys(g.meaning.of for g in _gradients(list(outputs))))


def _gradients(outputs: list[Node]) -> list[Node]:
    """Return the gradient nodes among the ancestors, not looking behind one for others."""
    found: list[Node] = []
    seen: set[Node] = set()
    stack = list(reversed(outputs))
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if isinstance(node.meaning, Gradient) and node.inputs[0] is node.meaning.total:
                found.append(node)
            else:
                stack.extend(reversed(node.inputs))
    return found


def _by_intermediate(J: Node, u: Node) -> Node:
    """Return ∂J/∂u for a ``u`` that is computed, or known: as by an input in its place, which outlives the rewrites."""
    place = input("u", u.shape, u.dtype)
    (simple,) = _with_arrays(replaced([J], {u: place}))
    return replaced([grad(simple, place)], {place: u})[0]


def _pass(outputs: list[Node], final: bool, cancellation: Cancellation, largest: int) -> list[Node]:
    """Simplify every node, its inputs first, and what replaces it in turn, until nothing is left to replace."""
    known: dict[Any, Node] = {}  # equal steps are computed once
    left: dict[Node, int] = {}  # how many more replacements may follow one another

    def simple(node: Node) -> Generator[Node, Node, Node]:
        if node.primitive is mark or (final and node.primitive is stop_gradient):
            return (yield node.inputs[0])
        budget = left.get(node, MOST_REPLACED)
        inputs = []
        for x in node.inputs:
            if budget < MOST_REPLACED:
                left[x] = budget
            inputs.append((yield x))
        new = with_inputs(node, tuple(inputs))
        new = known.setdefault(_key(new), new)
        if new is not node:
            left[new] = budget
            return (yield new)
        replaced = _simpler(node, cancellation, largest) if budget else None
        if replaced is None:
            return node
        replaced = broadcast(cast(replaced, node.dtype), node.shape)
        left[replaced] = budget - 1
        return (yield replaced)

    became = settle(outputs, simple)
    return [became[n] for n in outputs]


def _simpler(node: Node, cancellation: Cancellation, largest: int) -> Node | None:
    """Return what replaces one node, its inputs being simple already; None if it is simple itself."""
    folded = _folded(node, largest)
    if folded is not None:
        return folded
    for rewrite in candidates(node.primitive, tuple([x.primitive for x in node.inputs])):
        new = rewrite.rewrite(node)
        if new is not None and new is not node:
            return new
    return cancellation.simpler(node)


def _folded(node: Node, largest: int) -> Node | None:
    """Compute now what depends on constants alone, none of which has more than ``largest`` elements."""
    if not node.inputs or not node.primitive.folded or bodies(node):
        return None
    if any(x.primitive is not constant for x in node.inputs):
        return None
    if any(x.attributes["value"].size > largest for x in node.inputs):
        return None
    with np.errstate(all="ignore"):
        try:
            value = node.primitive.forward(*(x.attributes["value"] for x in node.inputs), **node.attributes)
        except TypeError:
            return None  # an attribute is an open extent: its length is not known yet
    array = np.asarray(value, node.dtype)
    if array.size > LARGEST_FOLDED:
        return None
    if array.ndim and array.size and array.dtype.kind in "fb" and np.all(array == array.flat[0]):
        return broadcast(of_array(array.flat[0]), array.shape)
    return of_array(array)


def _key(node: Node) -> Any:
    """Return what two nodes share exactly when they compute the same."""
    row, inputs = node.primitive, node.inputs
    if row is constant:
        value = node.attributes["value"]
        return (row, value.shape, value.dtype.str, value.tobytes()) if value.size <= LARGEST_FOLDED else node
    if row.leaf == "given":
        return leaf_key(node)
    if row.commutative and len(inputs) == 2 and id(inputs[0]) > id(inputs[1]):
        inputs = inputs[::-1]
    return (row, inputs, of_attributes(node.attributes)) if node.attributes else (row, inputs)
