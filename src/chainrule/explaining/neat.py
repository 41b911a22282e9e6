"""Writing a gradient of arrays as one does by hand: sums and products tidy, products of matrices not turned around."""

from collections.abc import Sequence
from typing import Any

from chainrule.explaining.tidy import tidy
from chainrule.graph.contraction import contraction
from chainrule.graph.evaluate import evaluate
from chainrule.graph.identity import of_attributes
from chainrule.graph.node import Node, as_node, broadcast, cast, record, with_inputs
from chainrule.graph.primitives.arithmetic import divide, plus, times, weigh
from chainrule.graph.primitives.indexing import pad, pick
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.primitives.linear import broadcast_to, concatenate, reshape, total, transpose
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.windows import overlap_add
from chainrule.graph.shapes import Shape
from chainrule.graph.walk import order, rebuild


def as_product(g: Node) -> Node:
    """Write what stands under a condition as a lecture does: (Z > 0) ∘ dA for dA where Z > 0, else 0."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n.primitive.name == "where" and _is(0, n.inputs[2]):
            return inputs[0] * inputs[1]
        return with_inputs(n, inputs)

    return rebuild([g], visit)[g]


def _is(number: float, n: Node) -> bool:
    n = n.inputs[0] if n.primitive is broadcast_to else n
    return n.primitive is constant and not n.name and bool((n.attributes["value"] == number).all())


def with_known_choices(ends: Sequence[Node]) -> list[Node]:
    """Return a graph without its choices that do not depend on anything: of ``where(training, a, b)`` what is taken.

    What is computed under a name and without one as well, as the state that a loop carries, is computed once.
    """
    names = {_key(n, n.inputs): n.name for n in order(ends) if n.name and n.inputs}
    known: dict[Any, Node] = {}

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        is_one = n.primitive.name == "where" and not inputs[0].shape
        if is_one and not any(x.primitive.leaf == "given" for x in order([inputs[0]])):
            taken = inputs[1] if evaluate([inputs[0]])[inputs[0]] else inputs[2]
            return broadcast(cast(taken, n.dtype), n.shape)
        new = _without_zeros(with_inputs(n, inputs))
        key = _key(n, n.inputs)
        if n.inputs and key in names and n.name in ("", names[key]):
            new = known.setdefault(key, new if n.name else new.named(names[key]))
        return new

    became = rebuild(ends, visit)
    return [became[n] for n in ends]


def _key(n: Node, inputs: Sequence[Node]) -> Any:
    return n.primitive, tuple(inputs), of_attributes(n.attributes)


def _without_zeros(n: Node) -> Node:
    """Return a node without what the state before the first step, 0, adds to it."""
    zeros = [x for x in n.inputs if _is(0, x)]
    if zeros and (n.primitive in (contract, times) or (n.primitive in (pick, reshape) and not n.name)):
        return broadcast(as_node(0.0, [n.dtype]), n.shape)
    if zeros and n.primitive is plus:
        others = [x for x in n.inputs if x not in zeros] or zeros
        same = broadcast(cast(others[0], n.dtype), n.shape)
        return same.named(n.name) if n.name else same
    return n


def neat(g: Node, shape: Shape) -> Node:
    """Return a formula as one would write it: sums and products tidy, and nothing said that operations do anyway."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n.primitive in INSIDE:
            tidied = [broadcast(tidy(x), x.shape) for x in inputs]
            inputs = tuple(tidied)
        return turned_around(with_inputs(n, inputs))

    return lighter(tidy(rebuild([g], visit)[g]), shape)


# What is inside of them is made tidy, too.
INSIDE = (contract, total, transpose, reshape, broadcast_to, pad, pick, overlap_add, concatenate)


def turned_around(n: Node) -> Node:
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
    """Return a formula without the stretching that operations do by themselves, sums of one term and divisions by 1."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n.primitive is divide and _is(1, inputs[1]) and inputs[0].dtype == n.dtype:
            return broadcast(inputs[0], n.shape)
        if n.primitive is total and all(inputs[0].shape[axis] == 1 for axis in n.attributes["axes"]):
            return record(reshape, inputs, {"shape": n.shape})
        if n.primitive is weigh:  # which differs where a weight of 0 stands beside an infinity
            n = record(times, inputs, {}, n.name)
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
