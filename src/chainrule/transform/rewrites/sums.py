"""Sums over axes: what is constant along them goes out."""

from chainrule.graph import shapes
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, as_node, broadcast, count
from chainrule.graph.primitives.arithmetic import divide, negative, times
from chainrule.graph.primitives.indexing import one_hot
from chainrule.graph.primitives.linear import broadcast_to, reshape, total
from chainrule.graph.primitives.products import contract
from chainrule.transform.rewrites.rewrite import Move, only


def _of_one(node: Node, x: Node) -> Node | None:
    axes, keepdims = node.attributes["axes"], node.attributes["keepdims"]
    if any(x.shape[a] != 1 for a in axes):
        return None
    return x if keepdims or not axes else reshape(x, shape=node.shape)


def _of_sum(node: Node, x: Node) -> Node | None:
    keepdims, done = node.attributes["keepdims"], x.attributes["axes"]
    if x.attributes["keepdims"] != keepdims:
        return None
    (inner,) = x.inputs
    left = [a for a in range(inner.ndim) if keepdims or a not in done]
    both = {left[a] for a in node.attributes["axes"]}.union(done)
    return total(inner, axes=tuple(sorted(both)), keepdims=keepdims)


def _of_one_hot(node: Node, x: Node) -> Node | None:
    by_rows = node.attributes["axes"] == (x.ndim - 1,)
    return broadcast_to(as_node(1.0, [x.dtype]), shape=node.shape) if by_rows else None


def _of_broadcast(node: Node, x: Node) -> Node | None:
    source, axes = x.inputs[0], node.attributes["axes"]
    if not shapes.is_same_along(source.shape, axes, x.ndim):
        return None
    times = count(tuple(x.shape[a] for a in axes), node.dtype)
    lengths = tuple(1 if a in axes else e for a, e in enumerate(x.shape))
    kept = broadcast(source, lengths)
    kept = kept if node.attributes["keepdims"] else reshape(kept, shape=node.shape)
    return kept * times


def _factor_out(node: Node, x: Node) -> Node | None:
    """Σ c·x = c·Σ x, c being the same along the axes: fewer products, and p · Σ y can cancel."""
    axes, keepdims = node.attributes["axes"], node.attributes["keepdims"]
    for factor, rest in (x.inputs, x.inputs[::-1]):
        if x.primitive is divide and factor is x.inputs[0]:
            continue
        even = shapes.is_same_along(factor.shape, axes, x.ndim)
        if not even or rest.shape != x.shape or x.shape == factor.shape:
            continue
        outside = factor
        if not keepdims and factor.shape:
            extra = x.ndim - factor.ndim
            left = tuple(1 if a < extra else factor.shape[a - extra] for a in range(x.ndim) if a not in axes)
            outside = reshape(factor, shape=left)
        return x.primitive(total(rest, axes=axes, keepdims=keepdims), outside)
    return None


def _of_product(node: Node, x: Node) -> Node | None:
    """Σ over a letter that both factors have is that letter summed in the product."""
    plan, axes = contraction(x.attributes["spec"]), node.attributes["axes"]
    summed = [a for a in axes if plan.out[a] in plan.batch]
    if not summed:
        return None
    out = "".join(k for a, k in enumerate(plan.out) if a not in summed)
    product = contract(*x.inputs, spec=f"{plan.left},{plan.right}->{out}")
    left = tuple(out.index(plan.out[a]) for a in axes if a not in summed)
    return reshape(total(product, axes=left, keepdims=False), shape=node.shape)


SUMS = [
    Move("sum of one", "there is nothing to add", _of_one, only(total)),
    Move("sum of a negative", "the sign goes out",
         lambda node, x: -total(x.inputs[0], **node.attributes), only(total), only(negative)),
    Move("sum of a sum", "twice is once", _of_sum, only(total), only(total)),
    Move("sum of a product of arrays", "it sums one letter more", _of_product, only(total), only(contract)),
    Move("sum of a row of one_hot", "it holds a single 1", _of_one_hot, only(total), only(one_hot)),
    Move("sum of what was stretched", "is a product with its length", _of_broadcast, only(total), only(broadcast_to)),
    Move("sum of a product", "what is constant along the axes goes out", _factor_out, only(total), only(times, divide)),
]  # fmt: skip
