"""Backpropagation: graph in, graph out. There is no other way to a derivative in this library.

Reverse mode walks from J back to its leaves and, at each step, multiplies the incoming gradient by the row's
own derivative. What comes out is graph again: it can be drawn, explained, compiled and differentiated.

:func:`sweep` is all of it. What it asks of ``masks`` is, on a first reading, plain arithmetic: ``times`` is
dy · ∂y/∂x, ``vjp`` the rule of a row that has one, ``add`` a sum.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from chainrule.arguments import public
from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.graph import shapes
from chainrule.graph.node import Node, NodeLike, as_node, broadcast, leaf_key, mark, nodes_of
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.shown import brief
from chainrule.transform.masks import Masks, in_dtype, unmarked
from chainrule.transform.slopes import NOTHING_ELSE, Outside, Slopes, moved


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
    found = sweep(outputs, seeds, wrt, of)
    pairs = zip(found, wrt, strict=True)
    return [broadcast(as_node(0.0, [w.dtype]) if g is None else g, w.shape) for g, w in pairs]


def sweep(
    outputs: Sequence[Node],
    seeds: Sequence[Node],
    wrt: Sequence[Node],
    of: Node | None = None,
    outside: Outside = NOTHING_ELSE,
) -> list[Node | None]:
    """Do what :func:`pullback` does, of a body in what is ``outside`` of it; None for a w that nothing arrives at.

    Several results of one computation, such as a loop, are pulled together: at the first of them, behind which all
    stand that use any.
    """
    nodes = order(outputs)
    active = moved(wrt, nodes)
    slopes = Slopes(nodes, active, outside)
    masks = Masks(slopes)
    together = siblings(nodes)
    arriving: dict[Node, Uses] = {n: [] for n in active}
    for node, seed in zip(outputs, seeds, strict=True):
        if node in active:
            arriving[node].append((None, in_dtype(seed, node.dtype)))
    found: dict[Node, Node] = {}  # the gradient of each node
    collected: dict[Any, list[Node]] = {leaf_key(w): [] for w in wrt}
    for node in reversed(nodes):
        if node in active and arriving[node]:
            found[node] = _gather_up(node, arriving.pop(node), of, masks)
            if leaf_key(node) in collected:
                collected[leaf_key(node)].append(found[node])
        results = together.get(node, [node])
        dys = {n: found[n] for n in results if n in found}
        wanted = [x in active for x in node.inputs]
        if node is not results[0] or not dys or not any(wanted):
            continue
        for x, dx in zip(node.inputs, _pull(dys, wanted, slopes.partials.get(node), masks), strict=True):
            if dx is not None:
                arriving[x].append((node, in_dtype(dx, x.dtype)))
    return [masks.add(gs) if (gs := collected[leaf_key(w)]) else None for w in wrt]


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
    dys: Mapping[Node, Node], wanted: Sequence[bool], partials: Sequence[Any] | None, masks: Masks
) -> Sequence[Node | None]:
    """Return what one node contributes to the gradient of each input wanted: the row's rule, applied."""
    node, dy = next(iter(dys.items()))
    row = node.primitive
    if row.no_derivative:
        raise NoDerivativeError(f"No gradient flows through {row.name}: {row.no_derivative}.")
    if row.results is not None:
        return masks.vjp_of_siblings(dys, wanted)
    if partials is None:
        return [dx if want else None for dx, want in zip(masks.vjp(dy, node), wanted, strict=True)]
    return [
        masks.times(dy, p, node, x) if want and p is not None else None
        for x, p, want in zip(node.inputs, partials, wanted, strict=True)
    ]
