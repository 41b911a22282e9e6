"""Products of arrays: what is no product, or need not be turned round first."""

from chainrule.graph import shapes
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, broadcast
from chainrule.graph.primitives.arithmetic import negative
from chainrule.graph.primitives.linear import broadcast_to, reshape, total, transpose
from chainrule.graph.primitives.products import contract
from chainrule.graph.ranges import range_of
from chainrule.transform.products import as_terms
from chainrule.transform.rewrites.choices import may_weigh, weighed
from chainrule.transform.rewrites.rewrite import Move, only


def _product_with_a_number(node: Node, _: Node) -> Node | None:
    """A factor that is one number everywhere multiplies the sum of the other."""
    plan = contraction(node.attributes["spec"])
    sides = (plan.left, plan.right)
    for position, number in enumerate(node.inputs):
        x, letters, others = node.inputs[1 - position], sides[1 - position], sides[position]
        if number.primitive is broadcast_to and number.inputs[0].shape == ():
            number = number.inputs[0]
        if number.shape != ():
            continue
        axes = tuple(a for a, letter in enumerate(letters) if letter not in plan.out)
        kept = [letter for letter in letters if letter in plan.out]
        summed = total(x, axes=axes, keepdims=False)
        turned = transpose(summed, axes=tuple(kept.index(q) for q in plan.out if q in kept))
        lengths = tuple(
            1 if q in others and q not in kept else e for q, e in zip(plan.out, node.shape, strict=True)
        )
        return broadcast(reshape(turned, shape=lengths) * number, node.shape)
    return None


def _product_of_logs(node: Node, _: Node) -> Node | None:
    """A dot product with logarithms that are infinite for some finite input is a sum of what they are weighed by."""
    for w, x in ((0, 1), (1, 0)):
        if may_weigh(node.inputs[w], node.inputs[x]) and not range_of(node.inputs[x]).finite:
            return _weighed_sum(node, w, x)
    return None


def _weighed_sum(node: Node, w: int, x: int) -> Node | None:
    found = as_terms(node)
    if any(e != 1 for e in found.free):
        return None
    summed = total(weighed(found.factors[w], found.factors[x]), axes=found.axes, keepdims=False)
    return transpose(summed, axes=found.turn)


def _product_of_a_transpose(node: Node, _: Node) -> Node | None:
    """A transposed factor is the same factor read with its letters exchanged; a sign goes out."""
    plan = contraction(node.attributes["spec"])
    letters = [plan.left, plan.right]
    inputs = list(node.inputs)
    signs = 0
    for position, x in enumerate(inputs):
        if x.primitive is transpose:
            axes = x.attributes["axes"]
            turned = [""] * len(axes)
            for here, there in enumerate(axes):
                turned[there] = letters[position][here]
            letters[position] = "".join(turned)
            inputs[position] = x.inputs[0]
        elif x.primitive is negative:
            signs += 1
            inputs[position] = x.inputs[0]
    if inputs == list(node.inputs):
        return None
    product = contract(*inputs, spec=f"{letters[0]},{letters[1]}->{plan.out}")
    return -product if signs == 1 else product


def _product_of_a_stretched(node: Node, _: Node) -> Node | None:
    """A factor that is the same along a letter which the other has as well, and the product too, need not have it."""
    plan = contraction(node.attributes["spec"])
    letters, inputs = [plan.left, plan.right], list(node.inputs)
    for position, x in enumerate(inputs):
        if x.primitive is not broadcast_to:
            continue
        source, kept = x.inputs[0], letters[position]
        even = [
            k
            for a, k in enumerate(kept)
            if k in plan.batch and shapes.is_same_along(source.shape, (a,), x.ndim)
        ]
        if even:
            left = [a for a, k in enumerate(kept) if k not in even]
            own = (1,) * (x.ndim - source.ndim) + source.shape
            inputs[position] = broadcast(
                reshape(source, shape=tuple(own[a] for a in left)), tuple(x.shape[a] for a in left)
            )
            letters[position] = "".join(kept[a] for a in left)
            break
    if inputs == list(node.inputs):
        return None
    return contract(*inputs, spec=f"{letters[0]},{letters[1]}->{plan.out}")


PRODUCTS = [
    Move("product with a number", "a factor that is one number everywhere multiplies the sum of the other",
         _product_with_a_number, only(contract)),
    Move("product with logarithms", "0 · log(0) is 0 in a sum, too", _product_of_logs, only(contract)),
    Move("product of what was stretched", "the other factor says how far", _product_of_a_stretched, only(contract)),
    Move("product of a transpose", "the letters say it already", _product_of_a_transpose, only(contract)),
]  # fmt: skip
