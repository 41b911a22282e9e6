"""Writing a gradient of arrays as one does by hand: sums and products tidy, products of matrices not turned around."""

from collections.abc import Sequence

from chainrule.explaining.tidy import tidy
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, broadcast, record, with_inputs
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.primitives.linear import broadcast_to, reshape, total, transpose
from chainrule.graph.primitives.products import contract
from chainrule.graph.shapes import Shape
from chainrule.graph.walk import rebuild


def as_product(g: Node) -> Node:
    """Write what stands under a condition as a lecture does: (Z > 0) ∘ dA for dA where Z > 0, else 0."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n.primitive.name == "where" and _is_zero(n.inputs[2]):
            return inputs[0] * inputs[1]
        return with_inputs(n, inputs)

    return rebuild([g], visit)[g]


def _is_zero(n: Node) -> bool:
    n = n.inputs[0] if n.primitive is broadcast_to else n
    return n.primitive is constant and not n.attributes["value"].any()


def neat(g: Node, shape: Shape) -> Node:
    """Return a formula as one would write it: sums and products tidy, and nothing said that operations do anyway."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n.primitive in INSIDE:
            tidied = [broadcast(tidy(x), x.shape) for x in inputs]
            inputs = tuple(tidied)
        return _turned(with_inputs(n, inputs))

    return lighter(tidy(rebuild([g], visit)[g]), shape)


INSIDE = (contract, total, transpose, reshape, broadcast_to)  # what is inside of them is made tidy too


def _turned(n: Node) -> Node:
    """Return a product of matrices with its factors in the order in which nothing more is to be turned around."""
    if n.primitive is transpose and n.inputs[0].primitive is contract:
        ends, _, out = n.inputs[0].attributes["spec"].partition("->")
        turned = "".join([out[axis] for axis in n.attributes["axes"]])
        n = record(contract, n.inputs[0].inputs, {"spec": f"{ends}->{turned}"})
    if n.primitive is contract:
        plan = contraction(n.attributes["spec"])
        if plan.rows and plan.columns and plan.out == plan.columns + plan.rows:
            n = record(contract, n.inputs[::-1], {"spec": f"{plan.right},{plan.left}->{plan.out}"})
    return n


def lighter(g: Node, shape: Shape) -> Node:
    """Return a formula without the stretching that its operations do by themselves."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n.primitive.elementwise and len(inputs) > 1:
            for i, x in enumerate(inputs):
                bare = x.inputs[0] if x.primitive is broadcast_to else x
                others = (*inputs[:i], bare, *inputs[i + 1 :])
                if bare is not x and _shape_of(n, others) == n.shape:
                    inputs = others
        return with_inputs(n, inputs)

    return broadcast(rebuild([g], visit)[g], shape)


def _shape_of(n: Node, inputs: Sequence[Node]) -> Shape:
    return n.primitive.shape(*[x.shape for x in inputs], **n.attributes)
