"""Backpropagation: graph in, graph out. There is no other way to a derivative in this library.

Reverse mode walks from J back to its leaves and, at each step, multiplies the incoming gradient by the row's
own derivative. What comes out is graph again: it can be drawn, explained, compiled and differentiated.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, overload

from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.graph import shapes
from chainrule.graph.evaluate import leaf_key
from chainrule.graph.node import Node, apply, as_node, cast, mark
from chainrule.graph.structure import sum_to
from chainrule.graph.walk import order


@dataclass(frozen=True, eq=False, slots=True)
class Gradient:
    """What a gradient node means: ∂J/∂u, and the edges it came through.

    Attributes:
        of: J, the node that was differentiated.
        wrt: u, the node that it was differentiated with respect to.
        through: For each use of u, the node that used it and what that use contributed to the gradient.
        total: What the gradient was found to be. A gradient node whose input is another was rebuilt since, from
            other inputs, and ``of`` no longer tells where it comes from.
    """

    of: Node
    wrt: Node
    through: tuple[tuple[Node, Node], ...]
    total: Node

    def map_nodes(self, function: Callable[[Any], Any]) -> "Gradient":
        """Return the same meaning with every node replaced."""
        edges = tuple((function(a), function(b)) for a, b in self.through)
        of, wrt, total = function(self.of), function(self.wrt), function(self.total)
        return replace(self, of=of, wrt=wrt, through=edges, total=total)

    def nodes(self) -> tuple[Node, ...]:
        """Return every node it speaks of."""
        return (self.of, self.wrt, self.total, *(n for edge in self.through for n in edge))


@overload
def grad(J: Node, wrt: Node) -> Node: ...
@overload
def grad(J: Node, wrt: Sequence[Node]) -> list[Node]: ...
def grad(J: Node, wrt: Node | Sequence[Node]) -> Node | list[Node]:
    """Return the gradient of a scalar ``J`` with respect to ``wrt``, as graph.

    Args:
        J: A node of shape ``()``.
        wrt: A node of the graph, a leaf or an intermediate one, or several.

    Returns:
        For a node a node of its shape, for a sequence a list. A node that J does not depend on gives zeros.

    Raises:
        ShapeError: If J is not a scalar.
        NoDerivativeError: If the only way from J leads through something that cannot be learned through.

    >>> from chainrule.graph.node import variable
    >>> a, b, c = variable(5.0, "a"), variable(3.0, "b"), variable(2.0, "c")
    >>> J = 3 * (a + b * c)
    >>> [float(g.value) for g in grad(J, [a, b, c])]
    [3.0, 6.0, 9.0]
    """
    single = isinstance(wrt, Node) or not isinstance(wrt, Iterable)
    wanted: list[Any] = [wrt] if single else list(wrt)
    _check_arguments(J, wanted)
    gradients = pullback([J], [as_node(1.0, [J.dtype])], wanted, of=J)
    return gradients[0] if single else gradients


def _check_arguments(J: Any, wanted: Sequence[Any]) -> None:
    for node in (J, *wanted):
        if not isinstance(node, Node):
            raise GraphError(
                f"grad takes nodes; found {type(node).__name__}. Make a leaf with cr.variable(value)."
            )
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


def pullback(
    outputs: Sequence[Node], seeds: Sequence[Node], wrt: Sequence[Node], of: Node | None = None
) -> list[Node]:
    """Return ``Σ seedᵢ · ∂outputᵢ/∂w`` for each w: one vector-Jacobian product, in one sweep."""
    nodes = order(outputs)
    collected: dict[Any, list[Node]] = {leaf_key(w): [] for w in wrt}
    active: set[Node] = set()
    for node in nodes:
        if leaf_key(node) in collected or (node.dtype.kind == "f" and not active.isdisjoint(node.inputs)):
            active.add(node)
    arriving: dict[Node, list[tuple[Node | None, Node]]] = {n: [] for n in active}
    for node, seed in zip(outputs, seeds, strict=True):
        if node in active:
            arriving[node].append((None, seed))
    for node in reversed(nodes):
        if node not in active or not arriving[node]:
            continue
        dy = _gather_up(node, arriving.pop(node), of)
        key = leaf_key(node)
        if key in collected:
            collected[key].append(dy)
        wanted = [x in active for x in node.inputs]
        if any(wanted):
            for x, dx in zip(node.inputs, _input_gradients(node, dy, wanted), strict=True):
                if dx is not None:
                    arriving[x].append((node, dx))
    return [_total(collected[leaf_key(w)], w) for w in wrt]


def _gather_up(node: Node, uses: list[tuple[Node | None, Node]], of: Node | None) -> Node:
    """Add what every use of ``node`` contributed: the multivariable chain rule."""
    contributions = [g if g.dtype == node.dtype else cast(g, node.dtype) for _, g in uses]
    summed = reduce(_add, contributions)
    if of is None:
        return summed
    name = f"d{of.name or 'J'}/d{node.name}" if node.name else ""
    if summed.row.name == "mark" and _mask(summed) is not None:
        summed = summed.inputs[0]
    edges = tuple((user, g) for (user, _), g in zip(uses, contributions, strict=True) if user is not None)
    return mark(summed, Gradient(of, node, edges, summed), name)


def _input_gradients(node: Node, dy: Node, wanted: Sequence[bool]) -> Sequence[Node | None]:
    """Return what one node contributes to the gradient of each input wanted: the row's rule, applied."""
    row = node.row
    if row.no_derivative:
        raise NoDerivativeError(f"No gradient flows through {row.name}: {row.no_derivative}.")
    if row.name == "where":
        return _branches(node, dy, wanted)
    if row.vjp is not None:
        found = _under_mask(node, dy)
        return [dx if want else None for dx, want in zip(found, wanted, strict=True)]
    assert row.partials is not None  # noqa: S101 -- a row has exactly one rule
    partials = row.partials(node, *node.inputs, **node.attributes)
    return [
        _reduced(_times(dy, partial), x.shape) if want and partial is not None else None
        for x, partial, want in zip(node.inputs, partials, wanted, strict=True)
    ]


# --- the branch that `where` does not select contributes exactly 0 ---------------------------------------
#
# The gradient of where(x > 0, sqrt(x), 0) at 0 would be 0 · ∞ = NaN if the zero of the branch not taken were
# multiplied by sqrt's derivative. So a gradient that stands under a condition keeps it: c ? g : 0, times p,
# is c ? g · p : 0.


def _branches(node: Node, dy: Node, wanted: Sequence[bool]) -> list[Node | None]:
    condition, a, b = node.inputs
    condition = cast(condition, bool)
    return [
        None,
        _reduced(_masked(condition, dy), a.shape) if wanted[1] else None,
        _reduced(_masked(apply("logical_not", condition), dy), b.shape) if wanted[2] else None,
    ]


def _masked(condition: Node, g: Node) -> Node:
    inner = _mask(g)
    if inner is not None:
        both = condition if inner[0] is condition else apply("logical_and", condition, inner[0])
        condition, g = both, inner[1]
    return apply("where", condition, g, as_node(0.0, [g.dtype]))


def _mask(g: Node) -> tuple[Node, Node] | None:
    """Return the condition and the gradient under it, if ``g`` is masked."""
    if g.row.name == "mark":
        g = g.inputs[0]  # one mark at the most stands over a mask, see `_gather_up`
    if g.row.name != "where":
        return None
    condition, inner, zero = g.inputs
    is_zero = zero.row.name == "constant" and zero.shape == () and zero.attributes["value"] == 0
    return (condition, inner) if is_zero else None


def _times(dy: Node, partial: Any) -> Node:
    plain = not isinstance(partial, Node)
    if plain and partial == 1:
        return dy
    masked = _mask(dy)
    if masked is not None:
        return _masked(masked[0], _times(masked[1], partial))
    if plain and partial == -1:
        return -dy
    if dy.row.name == "constant" and dy.shape == () and dy.attributes["value"] == 1:
        node = as_node(partial, [dy.dtype])
        return node if node.dtype.kind == "f" else cast(node, dy.dtype)
    return dy * partial


def _add(a: Node, b: Node) -> Node:
    one, two = _mask(a), _mask(b)
    if one is None or two is None:
        return a + b
    if one[0] is two[0]:
        return _masked(one[0], one[1] + two[1])
    return _masked(apply("logical_or", one[0], two[0]), a + b)


def _reduced(g: Node, shape: shapes.Shape) -> Node:
    """Sum a gradient to the shape of what had been broadcast."""
    if g.shape == shape:
        return g
    if not shapes.fits(shape, g.shape):
        g = _broadcast(g, shapes.broadcast(g.shape, shape))
    masked = _mask(g)
    if masked is None:
        return sum_to(g, shape)
    anywhere = sum_to(_broadcast(masked[0], g.shape), shape) > 0
    return _masked(anywhere, sum_to(g, shape))


MOVES = ("reshape", "transpose", "broadcast_to", "slice", "cast", "sum", "place", "concatenate", "gather")


def _under_mask(node: Node, dy: Node) -> Sequence[Node | None]:
    """Apply a structural row's rule; where it only moves numbers about, the mask moves with them."""
    row, masked = node.row, _mask(dy)
    assert row.vjp is not None  # noqa: S101 -- asked by the caller
    found: Sequence[Node | None] = row.vjp(dy, node, *node.inputs, **node.attributes)
    if masked is None or row.name not in MOVES:
        return found
    moved = row.vjp(_broadcast(masked[0], dy.shape), node, *node.inputs, **node.attributes)
    return [None if dx is None else _masked(_truth(c), dx) for c, dx in zip(moved, found, strict=True)]


def _truth(condition: Node) -> Node:
    """Return where a moved condition still holds; some rows add truth values up, which counts them."""
    return condition if condition.dtype == bool else condition > 0


def _broadcast(x: Node, shape: shapes.Shape) -> Node:
    return x if x.shape == shape else apply("broadcast_to", x, shape=shape)


def _total(gradients: list[Node], w: Node) -> Node:
    total = reduce(_add, gradients) if gradients else as_node(0.0, [w.dtype])
    return _broadcast(total, w.shape)


def pushforward(outputs: Sequence[Node], tangents: Mapping[Node, Any]) -> list[Node]:
    """Return how fast each output changes when the leaves move along ``tangents``: forward mode.

    It reads the same rows as :func:`grad` and is how the tests check one by the other (duality).
    """
    given = {leaf_key(x): as_node(tangent, [x.dtype]) for x, tangent in tangents.items()}
    moving: dict[Node, Node] = {}
    for node in order(outputs):
        if leaf_key(node) in given:
            moving[node] = _broadcast(given[leaf_key(node)], node.shape)
        elif node.dtype.kind == "f" and not moving.keys().isdisjoint(node.inputs):
            dot = _output_tangent(node, [moving.get(x) for x in node.inputs])
            if dot is not None:
                moving[node] = _broadcast(dot, node.shape)
    return [moving[n] if n in moving else _total([], n) for n in outputs]


def _output_tangent(node: Node, dots: Sequence[Node | None]) -> Node | None:
    row = node.row
    if row.no_derivative:
        raise NoDerivativeError(f"No derivative passes through {row.name}: {row.no_derivative}.")
    if row.name == "where":
        zero = as_node(0.0, [node.dtype])
        return apply("where", node.inputs[0], *(zero if dot is None else dot for dot in dots[1:]))
    if row.jvp is not None:
        return row.jvp(dots, node, *node.inputs, **node.attributes)
    assert row.partials is not None  # noqa: S101 -- a row has exactly one rule
    partials = row.partials(node, *node.inputs, **node.attributes)
    terms = [_times(d, p) for d, p in zip(dots, partials, strict=True) if d is not None and p is not None]
    return reduce(lambda a, b: a + b, terms) if terms else None
