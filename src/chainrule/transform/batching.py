"""A graph on many steps at once: its arrays with one more axis in front, along which the steps lie.

``tanh(x @ W)`` of each of T steps is ``tanh(X @ W)`` of all. How a row takes that axis mostly follows from what it says
of itself: what works point by point broadcasts, and what mixes nothing, or along axes that it names, counts these from
one more. A product takes a letter more, and what is written in other rows is put on all steps as it is written. Of what
is the same in each step there is one.

A sum over the steps is taken as far inside as it goes: that of ``a[t].T @ b[t]`` is one product, over steps and rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from string import ascii_letters
from typing import Any

from chainrule.graph.closed import ClosedGraph
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, as_node, broadcast, input, leaf_key, with_inputs
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.along import add_along, take_along
from chainrule.graph.primitives.identities import mark
from chainrule.graph.primitives.indexing import gather, scatter_add
from chainrule.graph.primitives.linear import broadcast_to, reshape, total, transpose
from chainrule.graph.primitives.loops import scan
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.windows import overlap_add
from chainrule.graph.shapes import FULL, Shape
from chainrule.graph.walk import learn, order
from chainrule.transform.slopes import partials_of

Length = Any  # how many steps there are: a whole number or an open extent
Inputs = tuple[Node, ...]  # of a node, some of them on all steps


def on_all_steps(outputs: Sequence[Node], given: Mapping[Node, Node], length: Length) -> dict[Node, Node]:
    """Return what each node that ``outputs`` depend on is on all steps.

    It has one axis more, of the ``length``, unless it is the same in each step. A node that cannot be put on all steps
    at once is left out, and so is what depends on it.

    Args:
        outputs: The nodes of one step.
        given: What some nodes, leaves above all, are on all steps; a leaf that is not named is the same in each.
        length: How many steps there are.

    >>> import numpy as np
    >>> from chainrule.graph.node import input
    >>> x, W = input("x", (2, 3)), input("W", (3, 4))
    >>> X = input("X", (5, 2, 3))
    >>> y = np.tanh(x @ W)
    >>> on_all_steps([y], {x: X}, 5)[y]
    <tanh(einsum(taz,zb->tab, X, W)), (5, 2, 4) float64>
    """
    known = {leaf_key(n): new for n, new in given.items()}
    became: dict[Node, Node] = {}
    for node in order(outputs, stop=given):
        if leaf_key(node) in known:
            became[node] = known[leaf_key(node)]
        elif all([x in became for x in node.inputs]):  # noqa: C419 -- of two, and often
            new = _on_all(node, tuple([became[x] for x in node.inputs]), length)
            if new is not None:
                became[node] = new
    return became


def summed_over_steps(
    outputs: Sequence[Node], given: Mapping[Node, Node], length: Length
) -> list[Node | None]:
    """Return the sum over all steps of each of ``outputs``; None for what cannot be put on all steps at once.

    >>> import numpy as np
    >>> from chainrule.graph.node import input
    >>> x, dz = input("x", (2, 3)), input("dz", (2, 4))
    >>> X, dZ = input("X", (5, 2, 3)), input("dZ", (5, 2, 4))
    >>> print(*summed_over_steps([x.T @ dz], {x: X, dz: dZ}, 5))
    einsum(taz,tzb->ab, Xᵀ, dZ)
    """
    became = on_all_steps(outputs, given, length)
    return [_summed(n, given, became, length) if n in became else None for n in outputs]


def _on_all(node: Node, inputs: Inputs, length: Length) -> Node | None:
    """Return a node on inputs of which some are on all steps, or None where that cannot be."""
    if not _any_stacked(node, inputs):
        return with_inputs(node, inputs)
    row = node.primitive
    if row is mark:
        return inputs[0]
    if row in RULES:
        found = RULES[row](node, inputs, length)
    elif row.elementwise:
        aligned = [_aligned(x, old, node.ndim) for x, old in zip(inputs, node.inputs, strict=True)]
        found = row(*aligned, **node.attributes)
    elif row.mixes != "all" and row.attributes is not None:
        found = _counted_from_one_more(node, inputs, length)
    elif row.made_of is not None:
        written = as_node(row.made_of(*node.inputs, **node.attributes))
        given = dict(zip(node.inputs, inputs, strict=True))
        found = on_all_steps([written], given, length).get(written)
    else:
        return None
    return found.named(node.name) if found is not None and node.name else found


def _any_stacked(node: Node, inputs: Inputs) -> bool:
    return any(map(_is_stacked, inputs, node.inputs))


def _is_stacked(new: Node, old: Node) -> bool:
    """Say whether what a node became has the axis of the steps."""
    return new.ndim > old.ndim


def _aligned(new: Node, old: Node, rank: int) -> Node:
    """Return what broadcasts, step by step, to arrays of so many axes in each step."""
    if not _is_stacked(new, old) or old.ndim == rank:
        return new
    return reshape(new, shape=(new.shape[0], *(1,) * (rank - old.ndim), *old.shape))


def _stacked(new: Node, old: Node, length: Length) -> Node:
    """Return a node on all steps, though it be the same in each."""
    return new if _is_stacked(new, old) else broadcast(new, (length, *old.shape))


# How the value of an attribute is written where there is an axis more in front.
COUNTED: dict[kind.Kind, Callable[[Any, Length], Any]] = {
    kind.AXIS: lambda axis, length: axis + 1,
    kind.AXES: lambda axes, length: tuple(a + 1 for a in axes),
    kind.SHAPE: lambda shape, length: (length, *shape),
    kind.INDEX: lambda index, length: (FULL, *index),
}


def _counted_from_one_more(node: Node, inputs: Inputs, length: Length) -> Node:
    kinds = node.primitive.attributes
    assert kinds is not None  # noqa: S101 -- asked by the caller
    attributes = {
        k: COUNTED[kinds[k]](v, length) if kinds[k] in COUNTED else v for k, v in node.attributes.items()
    }
    stacked = [_stacked(x, old, length) for x, old in zip(inputs, node.inputs, strict=True)]
    return node.primitive(*stacked, **attributes)


def _transpose(node: Node, inputs: Inputs, length: Length) -> Node:
    return transpose(inputs[0], axes=(0, *(a + 1 for a in node.attributes["axes"])))


def _broadcast_to(node: Node, inputs: Inputs, length: Length) -> Node:
    return broadcast(_aligned(inputs[0], node.inputs[0], node.ndim), (length, *node.shape))


def _contract(node: Node, inputs: Inputs, length: Length) -> Node:
    plan = contraction(node.attributes["spec"])
    letter = next(k for k in "t" + ascii_letters if k not in plan.left + plan.right)
    left, right = (letter * _is_stacked(x, old) for x, old in zip(inputs, node.inputs, strict=True))
    return contract(*inputs, spec=f"{left}{plan.left},{right}{plan.right}->{letter}{plan.out}")


def _gather(node: Node, inputs: Inputs, length: Length) -> Node | None:
    axis, (x, indices), (one, at) = node.attributes["axis"], inputs, node.inputs
    if not _is_stacked(indices, at):
        return gather(x, indices, axis=axis + 1)
    if not _is_stacked(x, one):
        found = gather(x, indices, axis=axis)
        return transpose(found, axes=(axis, *(a for a in range(found.ndim) if a != axis)))
    flat = _in_a_row(indices, axis, one.ndim)
    if flat is None:
        return None
    return reshape(take_along(x, flat, axis=axis + 1), shape=(length, *node.shape))


def _scatter_add(node: Node, inputs: Inputs, length: Length) -> Node | None:
    axis, (x, indices), (one, at) = node.attributes["axis"], inputs, node.inputs
    if not _is_stacked(indices, at):
        return scatter_add(x, indices, axis=axis + 1, extent=node.attributes["extent"])
    flat = _in_a_row(indices, axis, node.ndim)
    if flat is None:
        return None
    before, behind = one.shape[:axis], one.shape[axis + at.ndim :]
    rows = reshape(_stacked(x, one, length), shape=(length, *before, flat.shape[axis + 1], *behind))
    return add_along(rows, flat, axis=axis + 1, extent=node.attributes["extent"])


def _in_a_row(indices: Node, axis: int, rank: int) -> Node | None:
    """Return positions of all steps along one axis of arrays of so many; None where their count has no name."""
    many = _product(indices.shape[1:])
    if many is None:
        return None
    return reshape(indices, shape=(indices.shape[0], *(1,) * axis, many, *(1,) * (rank - axis - 1)))


def _scan(node: Node, inputs: Inputs, length: Length) -> Node | None:
    """A loop whose body is on all steps around it; what it carries is, as soon as one of its own steps makes it so."""
    at, carried = node.attributes, node.attributes["carried"]
    found = _body_on_all(at["body"], carried, tuple(map(_is_stacked, inputs, node.inputs)), length)
    if found is None:
        return None
    body, count = found, len(found.inputs)
    given = []
    for place, (x, old, leaf) in enumerate(zip(inputs, node.inputs, body.given, strict=True)):
        if place >= carried and place < count:
            given.append(_steps_second(x) if _is_stacked(x, old) else x)
        else:
            given.append(_stacked(x, old, length) if leaf.ndim > old.ndim else x)
    new = scan(*given, **{**at, "body": body})
    emits = at["take"] >= carried and body.outputs[at["take"]].ndim > at["body"].outputs[at["take"]].ndim
    return _steps_second(new) if emits else new


def _steps_second(x: Node) -> Node:
    """Exchange the axis of the steps of a loop with that of those around it."""
    return transpose(x, axes=(1, 0, *range(2, x.ndim)))


def _body_on_all(
    body: ClosedGraph, carried: int, stacked: tuple[bool, ...], length: Length
) -> ClosedGraph | None:
    """Return the body of a loop for inputs of which some are on all steps around it; None if that cannot be."""
    asked = ("on all steps", carried, stacked, length)
    if asked not in body.found:  # siblings ask alike
        body.found[asked] = _put_on_all(body, carried, list(stacked), length)
    found: ClosedGraph | None = body.found[asked]
    return found


def _put_on_all(body: ClosedGraph, carried: int, stacked: list[bool], length: Length) -> ClosedGraph | None:
    while True:
        leaves = [
            input(n.name, (length, *n.shape) if so else n.shape, n.dtype)
            for n, so in zip(body.given, stacked, strict=True)
        ]
        became = on_all_steps(body.outputs, dict(zip(body.given, leaves, strict=True)), length)
        if any(n not in became for n in body.outputs):
            return None
        ends = [became[n] for n in body.outputs]
        are = [_is_stacked(new, n) for new, n in zip(ends, body.outputs, strict=True)]
        more = [k for k in range(carried) if are[k] and not stacked[k]]
        if not more:
            count = len(body.inputs)
            ends[:carried] = [
                _stacked(new, n, length) if so else new
                for new, n, so in zip(ends[:carried], body.outputs, stacked, strict=False)
            ]
            return ClosedGraph(tuple(leaves[:count]), tuple(leaves[count:]), tuple(ends))
        for k in more:
            stacked[k] = True


def _product(lengths: Shape) -> Any:
    """Return how many elements there are; None where that is no length that an axis can have."""
    many: Any = 1
    for e in lengths:
        if many == 1 or e == 1:
            many = e if many == 1 else many
        elif isinstance(many, int) and isinstance(e, int):
            many *= e
        else:
            return None
    return many


Rule = Callable[[Node, Inputs, Length], Node | None]
RULES: dict[Any, Rule] = {
    reshape: _counted_from_one_more,
    overlap_add: _counted_from_one_more,
    transpose: _transpose,
    broadcast_to: _broadcast_to,
    contract: _contract,
    gather: _gather,
    scatter_add: _scatter_add,
    scan: _scan,
}


# --- sums over the steps --------------------------------------------------------------------------------


def _summed(node: Node, given: Iterable[Node], became: Mapping[Node, Node], length: Length) -> Node:
    """Return the sum of a node over all steps."""
    inside: dict[Node, Node | None] = dict.fromkeys(given)  # what these are made of is not looked at

    def whole(n: Node) -> Node:
        new = became[n]
        if not _is_stacked(new, n):
            return new * as_node(length, [n.dtype])
        found = inside.get(n)
        return total(new, axes=(0,), keepdims=False) if found is None else found

    def rule(n: Node) -> Node | None:
        """Return the sum of a node as one product, or as what moves or adds such; None where it is none of these."""
        if not _is_made(n, became):
            return None
        inputs = tuple([became[x] for x in n.inputs])
        if not _any_stacked(n, inputs):
            return None
        if n.primitive is contract:
            return _summed_product(n, inputs)
        if n.primitive is scatter_add and _is_stacked(inputs[1], n.inputs[1]):
            return _scattered_together(n, inputs, length)
        if all(inside[x] is None for x in _linear_in(n)):
            return None
        if any(
            _is_stacked(new, x) for new, x in zip(inputs, n.inputs, strict=True) if x not in _linear_in(n)
        ):
            return None
        return n.primitive(*[whole(x) if x in _linear_in(n) else became[x] for x in n.inputs], **n.attributes)

    learn(node, inside, rule, lambda n: _linear_in(n) if _is_made(n, became) else [])
    return whole(node)


def _is_made(node: Node, became: Mapping[Node, Node]) -> bool:
    """Say whether what a node is made of is known on all steps; of one that was given it need not be."""
    return became.keys() >= set(node.inputs)


def _linear_in(node: Node) -> list[Node]:
    """Return the inputs that a node is linear in, all together, so that it may be summed before it is applied."""
    row = node.primitive
    if row.linear != "together":
        return []
    moving = partials_of(node) if row.partials is not None else [1] * len(node.inputs)
    fits = [
        x.dtype.kind == node.dtype.kind == "f" and x.dtype.itemsize >= node.dtype.itemsize
        for x in node.inputs
    ]
    return [x for x, p, fit in zip(node.inputs, moving, fits, strict=True) if p is not None and fit]


def _summed_product(node: Node, inputs: Inputs) -> Node:
    """The letter of the steps is one more to sum over; where one factor has it, that one is summed before."""
    spec = node.attributes["spec"]
    left, right = (_is_stacked(x, old) for x, old in zip(inputs, node.inputs, strict=True))
    if left and right:
        both, _, out = _contract(node, inputs, 0).attributes["spec"].partition("->")
        return contract(*inputs, spec=f"{both}->{out[1:]}")
    a, b = (
        total(x, axes=(0,), keepdims=False) if many else x
        for x, many in zip(inputs, (left, right), strict=True)
    )
    return contract(a, b, spec=spec)


def _scattered_together(node: Node, inputs: Inputs, length: Length) -> Node:
    """What is added at positions of each step is added at the positions of all."""
    axis, indices = node.attributes["axis"], inputs[1]
    x = _stacked(inputs[0], node.inputs[0], length)
    order = (*range(1, axis + 1), 0, *range(axis + 1, x.ndim))
    return scatter_add(transpose(x, axes=order), indices, **node.attributes)
