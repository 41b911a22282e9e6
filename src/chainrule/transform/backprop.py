"""Backpropagation: graph in, graph out. There is no other way to a derivative in this library.

Reverse mode walks from J back to its leaves and, at each step, multiplies the incoming gradient by the row's
own derivative. What comes out is graph again: it can be drawn, explained, compiled and differentiated.

:func:`pullback` is all of it. What it asks of ``masks`` is, on a first reading, plain arithmetic: ``times`` is
dy · ∂y/∂x, ``vjp`` the rule of a row that has one, ``add`` a sum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.graph import shapes
from chainrule.graph.node import Node, NodeLike, as_node, broadcast, leaf_key, mark, nodes_of
from chainrule.graph.walk import order
from chainrule.shown import brief, counted
from chainrule.transform.masks import Masks, in_dtype, unmarked


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Gradient:
    """What a gradient node means: ∂J/∂u, and the edges it came through. It is the ``meaning`` of the node.

    Attributes:
        of: J, the node that was differentiated.
        wrt: u, the node that it was differentiated with respect to.
        through: For each use of u, the node that used it and what that use contributed to the gradient.
        total: What the gradient was found to be. A gradient node whose input is another was rebuilt since, from
            other inputs, and ``of`` no longer tells where it comes from.

    >>> w = cr.variable(3.0, "w")
    >>> J = (w**2 + 5 * w).named("J")
    >>> meaning = cr.grad(J, w).meaning
    >>> meaning.of.name, meaning.wrt.name
    ('J', 'w')
    >>> [(str(user), float(part.value)) for user, part in meaning.through]
    [('5 · w', 5.0), ('w^2', 6.0)]
    """

    of: Node
    wrt: Node
    through: tuple[tuple[Node, Node], ...]
    total: Node

    __repr__ = brief

    def map_nodes(self, function: Callable[[Any], Any]) -> "Gradient":
        """Return the same meaning with every node replaced.

        Args:
            function: What to call on each node: it returns the one that takes its place.

        Returns:
            A new meaning.

        >>> w = cr.variable(3.0, "w")
        >>> meaning = cr.grad(w * w, w).meaning
        >>> meaning.map_nodes(lambda node: node.named("seen")).wrt
        <seen: seen, () float64>
        """
        edges = tuple((function(a), function(b)) for a, b in self.through)
        of, wrt, total = function(self.of), function(self.wrt), function(self.total)
        return replace(self, of=of, wrt=wrt, through=edges, total=total)

    def nodes(self) -> tuple[Node, ...]:
        """Return every node it speaks of: of, wrt and total, then those of each edge.

        >>> w = cr.variable(3.0, "w")
        >>> len(cr.grad(w * w, w).meaning.nodes())
        7
        """
        return (self.of, self.wrt, self.total, *(n for edge in self.through for n in edge))


@overload
def grad(J: NodeLike, wrt: NodeLike) -> Node: ...
@overload
def grad(J: NodeLike, wrt: Sequence[NodeLike]) -> list[Node]: ...
@public
def grad(J: NodeLike, wrt: NodeLike | Sequence[NodeLike]) -> Node | list[Node]:
    """Return the gradient of a scalar ``J`` with respect to ``wrt``, as graph.

    It is graph like any other: look at its ``value``, draw it, compile it, differentiate it again.

    Args:
        J: A node of shape ``()``.
        wrt: A node of the graph, a leaf or an intermediate one, or several.

    Returns:
        For a node a node of its shape, for a sequence a list. A node that J does not depend on gives zeros.

    Raises:
        ShapeError: If J is not a scalar.
        GraphError: If J or something in wrt is no node of floats.
        NoDerivativeError: If the only way from J leads through something that cannot be learned through.

    >>> a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
    >>> J = 3 * (a + b * c)
    >>> [float(g.value) for g in cr.grad(J, [a, b, c])]
    [3.0, 6.0, 9.0]
    >>> x = cr.variable(2.0, "x")
    >>> float(cr.grad(cr.grad(x**3, x), x).value)  # the second derivative, 6x
    12.0
    """
    (J,), wanted = nodes_of([J], "grad"), nodes_of(wrt, "grad")
    _check_arguments(J, wanted)
    gradients = pullback([J], [as_node(1.0, [J.dtype])], wanted, of=J)
    return gradients[0] if isinstance(wrt, Node) else gradients


def _check_arguments(J: Node, wanted: Sequence[Node]) -> None:
    if J.shape != ():
        raise ShapeError(
            f"grad needs a scalar, and {J.name or 'this node'} has shape {shapes.show(J.shape)}. "
            "Make one number of it first: np.sum or np.mean."
        )
    if J.dtype.kind != "f":
        raise GraphError(f"grad needs a J of floats; this one holds {J.dtype}, which changes in jumps.")
    for node in wanted:
        if node.dtype.kind != "f":
            raise GraphError(
                f"'{node.name or node}' holds {node.dtype}: a gradient with respect to it needs floats."
            )


Uses = list[tuple[Node | None, Node]]  # who used a node, and what that use contributes to its gradient


def pullback(
    outputs: Sequence[Node], seeds: Sequence[Node], wrt: Sequence[Node], of: Node | None = None
) -> list[Node]:
    """Return ``Σ seedᵢ · ∂outputᵢ/∂w`` for each w: one vector-Jacobian product, in one sweep.

    With ``of``, each gradient on the way is marked with its meaning, ∂of/∂u.
    """
    nodes = order(outputs)
    collected: dict[Any, list[Node]] = {leaf_key(w): [] for w in wrt}
    active: set[Node] = set()  # what depends on one of wrt: a gradient is to arrive there
    for node in nodes:
        if leaf_key(node) in collected or (node.dtype.kind == "f" and not active.isdisjoint(node.inputs)):
            active.add(node)
    partials = {n: partials_of(n) for n in nodes if n in active and n.primitive.partials is not None}
    masks = Masks(nodes, active, partials)
    arriving: dict[Node, Uses] = {n: [] for n in active}
    for node, seed in zip(outputs, seeds, strict=True):
        if node in active:
            arriving[node].append((None, in_dtype(seed, node.dtype)))
    for node in reversed(nodes):
        if node not in active or not arriving[node]:
            continue
        dy = _gather_up(node, arriving.pop(node), of, masks)
        if leaf_key(node) in collected:
            collected[leaf_key(node)].append(dy)
        wanted = [x in active for x in node.inputs]
        if any(wanted):
            for x, dx in zip(node.inputs, _pull(node, dy, wanted, partials.get(node), masks), strict=True):
                if dx is not None:
                    arriving[x].append((node, in_dtype(dx, x.dtype)))
    return [_total(collected[leaf_key(w)], w, masks) for w in wrt]


def _gather_up(node: Node, uses: Uses, of: Node | None, masks: Masks) -> Node:
    """Add what every use of ``node`` contributed: the multivariable chain rule."""
    summed = masks.add([g for _, g in uses], node)
    if of is None:
        return summed
    name = f"d{of.name or 'J'}/d{node.name}" if node.name else ""
    summed = unmarked(summed)
    edges = tuple((user, g) for user, g in uses if user is not None)
    return mark(summed, Gradient(of, node, edges, summed), name)


def _pull(
    node: Node, dy: Node, wanted: Sequence[bool], partials: Sequence[Any] | None, masks: Masks
) -> Sequence[Node | None]:
    """Return what one node contributes to the gradient of each input wanted: the row's rule, applied."""
    row = node.primitive
    if row.no_derivative:
        raise NoDerivativeError(f"No gradient flows through {row.name}: {row.no_derivative}.")
    if partials is None:
        return [dx if want else None for dx, want in zip(masks.vjp(dy, node), wanted, strict=True)]
    return [
        masks.times(dy, p, node, x) if want and p is not None else None
        for x, p, want in zip(node.inputs, partials, wanted, strict=True)
    ]


def partials_of(node: Node) -> Sequence[Any]:
    """Return ∂y/∂x for each input of a node whose row says what they are."""
    assert node.primitive.partials is not None  # noqa: S101 -- asked by the callers
    found = node.primitive.partials(node, *node.inputs, **node.attributes)
    if not isinstance(found, list | tuple) or len(found) != len(node.inputs):
        given = f"{len(found)} of them" if isinstance(found, list | tuple) else "no list"
        wanted = f"{counted(len(node.inputs), 'derivative')}, one for each input"
        raise GraphError(
            f"The partials of '{node.primitive.name}' must be a list of {wanted}; found {given}. "
            "Give cr.primitive a function such as lambda y, x: [2 * x]."
        )
    return [as_node(p) if isinstance(p, np.ndarray) else p for p in found]


def _total(gradients: Sequence[Node], w: Node, masks: Masks) -> Node:
    return broadcast(masks.add(gradients) if gradients else as_node(0.0, [w.dtype]), w.shape)
