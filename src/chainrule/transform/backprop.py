"""Backpropagation: graph in, graph out. There is no other way to a derivative in this library.

Reverse mode walks from J back to its leaves and, at each step, multiplies the incoming gradient by the row's
own derivative. What comes out is graph again: it can be drawn, explained, compiled and differentiated.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any, overload

import numpy as np

from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.graph import shapes
from chainrule.graph.evaluate import leaf_key
from chainrule.graph.node import Node, apply, as_node, cast, mark
from chainrule.graph.primitives.structure import sum_to
from chainrule.graph.ranges import range_of
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
    partials = {n: _partials(n) for n in nodes if n in active and n.primitive.partials is not None}
    steep = Steep(nodes)
    steep.look_at([n for n in nodes if n in active], active, partials)
    arriving: dict[Node, list[tuple[Node | None, Node]]] = {n: [] for n in active}
    for node, seed in zip(outputs, seeds, strict=True):
        if node in active:
            arriving[node].append((None, seed))
    for node in reversed(nodes):
        if node not in active or not arriving[node]:
            continue
        dy = _gather_up(node, arriving.pop(node), of, node in steep)
        key = leaf_key(node)
        if key in collected:
            collected[key].append(dy)
        wanted = [x in active for x in node.inputs]
        if any(wanted):
            found = _input_gradients(node, dy, wanted, steep, partials)
            for x, dx in zip(node.inputs, found, strict=True):
                if dx is not None:
                    arriving[x].append((node, dx))
    return [_total(collected[leaf_key(w)], w) for w in wrt]


def _partials(node: Node) -> Sequence[Any]:
    assert node.primitive.partials is not None  # noqa: S101 -- asked by the callers
    found = node.primitive.partials(node, *node.inputs, **node.attributes)
    if not isinstance(found, list | tuple) or len(found) != len(node.inputs):
        given = f"{len(found)} of them" if isinstance(found, list | tuple) else "no list"
        wanted = f"{len(node.inputs)} derivative{'s' * (len(node.inputs) > 1)}, one for each input"
        raise GraphError(
            f"The partials of '{node.primitive.name}' must be a list of {wanted}; found {given}. "
            "Give cr.primitive a function such as lambda y, x: [2 * x]."
        )
    return found


def _gather_up(node: Node, uses: list[tuple[Node | None, Node]], of: Node | None, steep: bool) -> Node:
    """Add what every use of ``node`` contributed: the multivariable chain rule."""
    contributions = [g if g.dtype == node.dtype else _cast(g, node.dtype) for _, g in uses]
    summed = reduce(partial(_add, steep=steep), contributions)
    if of is None:
        return summed
    name = f"d{of.name or 'J'}/d{node.name}" if node.name else ""
    if summed.primitive.name == "mark" and _mask(summed) is not None:
        summed = summed.inputs[0]
    edges = tuple((user, g) for (user, _), g in zip(uses, contributions, strict=True) if user is not None)
    return mark(summed, Gradient(of, node, edges, summed), name)


def _input_gradients(
    node: Node, dy: Node, wanted: Sequence[bool], steep: "Steep", partials: Mapping[Node, Sequence[Any]]
) -> Sequence[Node | None]:
    """Return what one node contributes to the gradient of each input wanted: the row's rule, applied."""
    row = node.primitive
    if row.no_derivative:
        raise NoDerivativeError(f"No gradient flows through {row.name}: {row.no_derivative}.")
    if row.vjp is not None:
        found = _structural(node, dy, steep)
        return [dx if want else None for dx, want in zip(found, wanted, strict=True)]
    masked = _mask(dy)
    kept = masked is not None and (node in steep or not steep.is_finite(masked[1]))
    return [
        _reduced(_times(dy, p, kept), x.shape, x in steep) if want and p is not None else None
        for x, p, want in zip(node.inputs, partials[node], wanted, strict=True)
    ]


# --- what was not chosen contributes exactly 0 ------------------------------------------------------------
#
# The gradient of where(x > 0, sqrt(x), 0) at 0 would be 0 · ∞ = NaN if the zero of the branch not taken were
# multiplied by sqrt's derivative. So what was chosen stands outside: c ? g : 0, times p, is c ? g · p : 0. Whoever
# chooses says so by a derivative that is a condition (relu: x > 0), or a number under one (max: where(hit, ..., 0)),
# and rows that leave elements out say it in their column `moves`. The condition goes along only where it is needed:
# on the way to a step whose slope may be infinite. All other gradients are plain products.


class Steep(set[Node]):
    """The nodes from which a gradient goes down a slope that may be infinite or NaN.

    Leaves are taken to be finite, but for those that the graph itself asks: where(isnan(x), 0, x · w).
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        super().__init__()
        asked = [u for u in map(_asked, nodes) if u is not None]
        self._doubted: dict[Node, bool] = {
            leaf: leaf.primitive.name in ("variable", "input") for leaf in order(asked) if not leaf.inputs
        }

    def look_at(
        self, nodes: Iterable[Node], active: set[Node], partials: Mapping[Node, Sequence[Any]]
    ) -> None:
        """Find them among ``nodes``."""
        for node in nodes:
            moving = [x for x in node.inputs if x in active]
            if not moving or node.primitive.no_derivative:
                continue
            if any(x in self for x in moving):
                self.add(node)
            elif node in partials:
                slopes = [p for x, p in zip(node.inputs, partials[node], strict=True) if x in active]
                if not all(self.is_finite(p) for p in slopes):
                    self.add(node)
            elif not node.primitive.moves and not all(self.is_finite(x) for x in node.inputs):
                self.add(node)  # a product with what is infinite

    def is_finite(self, p: Any) -> bool:
        """Say whether a derivative or a factor is known to be finite."""
        return not isinstance(p, Node) or (range_of(p).finite and not self._is_doubted(p))

    def _is_doubted(self, node: Node) -> bool:
        """Say whether a number is made of one that was asked whether it is finite."""
        doubted = self._doubted
        stack = [node] if doubted else []
        while stack:
            n = stack[-1]
            if n.dtype.kind == "f":
                waiting = [x for x in n.inputs if x not in doubted]
                if waiting:
                    stack.extend(waiting)
                    continue
            stack.pop()
            doubted.setdefault(n, n.dtype.kind == "f" and any(doubted[x] for x in n.inputs))
        return doubted.get(node, False)


def _asked(node: Node) -> Node | None:
    """Return the node of which ``node`` asks whether it is NaN, u = u, or infinite, |u| < ∞."""
    if node.primitive.name not in ("equal", "not_equal", "less"):
        return None
    u, other = node.inputs
    infinite = (
        other.primitive.name == "constant" and other.shape == () and other.attributes["value"] == np.inf
    )
    return u if u is other or infinite else None


def _masked(condition: Node, g: Node) -> Node:
    """Return ``condition ? g : 0``; a condition that g stands under already is joined to it."""
    inner = _mask(g)
    if inner is not None:
        both = condition if inner[0] is condition else apply("logical_and", condition, inner[0])
        condition, g = both, inner[1]
    return _under(condition, g)


def _under(condition: Node, g: Node) -> Node:
    return apply("where", condition, g, as_node(0.0, [g.dtype]))


def _mask(g: Node) -> tuple[Node, Node] | None:
    """Return the condition and the number under it, if ``g`` is masked."""
    if g.primitive.name == "mark":
        g = g.inputs[0]  # one mark at the most stands over a mask, see `_gather_up`
    if g.primitive.name != "where":
        return None
    condition, inner, zero = g.inputs
    is_zero = zero.primitive.name == "constant" and zero.shape == () and zero.attributes["value"] == 0
    return (condition, inner) if is_zero else None


def _choice(p: Any) -> tuple[Node, Any] | None:
    """Return the condition that a derivative stands under, and what it is there; a truth is 1 under itself."""
    if not isinstance(p, Node):
        return None
    if p.dtype == bool:
        return p, 1
    return (p.inputs[0], 1) if p.primitive.name == "cast" and p.inputs[0].dtype == bool else _mask(p)


def _times(dy: Node, p: Any, kept: bool) -> Node:
    """Return dy · p, under the condition of p and, if it is to be ``kept``, that of dy."""
    choice = _choice(p)
    if choice is not None:
        return (_masked if kept else _under)(choice[0], _times(dy, choice[1], kept))
    plain = not isinstance(p, Node)
    if plain and p == 1:
        return dy
    masked = _mask(dy) if kept else None
    if masked is not None:
        return _masked(masked[0], _times(masked[1], p, kept))
    if plain and p == -1:
        return -dy
    if dy.primitive.name == "constant" and dy.shape == () and dy.attributes["value"] == 1:
        node = as_node(p, [dy.dtype])
        return node if node.dtype.kind == "f" else cast(node, dy.dtype)
    return dy * p


def _cast(g: Node, dtype: np.dtype) -> Node:
    masked = _mask(g)
    return cast(g, dtype) if masked is None else _under(masked[0], cast(masked[1], dtype))


def _add(a: Node, b: Node, steep: bool) -> Node:
    one, two = _mask(a), _mask(b)
    if one is None or two is None:
        return a + b
    if one[0] is two[0]:
        return _masked(one[0], one[1] + two[1])
    return _masked(apply("logical_or", one[0], two[0]), a + b) if steep else a + b


def _reduced(g: Node, shape: shapes.Shape, steep: bool) -> Node:
    """Sum a gradient to the shape of what had been broadcast."""
    if g.shape == shape:
        return g
    if not shapes.fits(shape, g.shape):
        g = _broadcast(g, shapes.broadcast(g.shape, shape))
    masked = _mask(g) if steep else None
    if masked is None:
        return sum_to(g, shape)
    anywhere = sum_to(_broadcast(masked[0], g.shape), shape) > 0
    return _masked(anywhere, sum_to(g, shape))


def _structural(node: Node, dy: Node, steep: Steep) -> Sequence[Node | None]:
    """Apply a structural row's rule; what was chosen is found for each input, by the row's ``moves`` or ``reach``."""
    row, inputs, masked = node.primitive, node.inputs, _mask(dy) if node in steep else None
    assert row.vjp is not None  # noqa: S101 -- asked by the caller
    chosen = masked[0] if masked else as_node(np.True_) if node in steep and row.moves == "some" else None
    if chosen is None or not (row.moves or row.reach):
        return row.vjp(dy, node, *inputs, **node.attributes)
    chosen = _broadcast(chosen, dy.shape)
    if row.moves:
        reached = row.vjp(chosen, node, *inputs, **node.attributes)
    else:
        assert row.reach is not None  # noqa: S101 -- one of the two
        reached = row.reach(chosen, node, *inputs, **node.attributes)
        inputs = tuple(
            x if steep.is_finite(x) or c is None else _under(_truth(c), x)
            for x, c in zip(inputs, reached, strict=True)
        )
    found = row.vjp(dy, node, *inputs, **node.attributes)
    return [
        dx if dx is None or c is None or x not in steep else _masked(_truth(c), dx)
        for x, c, dx in zip(node.inputs, reached, found, strict=True)
    ]


def _truth(condition: Node) -> Node:
    """Return where a moved condition still holds; some rows add truth values up, which counts them."""
    return condition if condition.dtype == bool else condition > 0


def _broadcast(x: Node, shape: shapes.Shape) -> Node:
    return x if x.shape == shape else apply("broadcast_to", x, shape=shape)


def _total(gradients: list[Node], w: Node) -> Node:
    total = reduce(partial(_add, steep=False), gradients) if gradients else as_node(0.0, [w.dtype])
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
    row = node.primitive
    if row.no_derivative:
        raise NoDerivativeError(f"No derivative passes through {row.name}: {row.no_derivative}.")
    if row.jvp is not None:
        return row.jvp(dots, node, *node.inputs, **node.attributes)
    pairs = zip(dots, _partials(node), strict=True)
    terms = [_times(d, p, kept=True) for d, p in pairs if d is not None and p is not None]
    return reduce(lambda a, b: a + b, terms) if terms else None
