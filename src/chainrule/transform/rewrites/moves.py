"""What moves numbers about: twice is once, and arithmetic on what was moved is moved itself."""

from operator import attrgetter

from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.primitives.arithmetic import negative
from chainrule.graph.primitives.identities import cast
from chainrule.graph.primitives.indexing import pick
from chainrule.graph.primitives.linear import broadcast_to, reshape, total, transpose
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.reductions import largest
from chainrule.transform.rewrites.rewrite import Move, only


def _to_the_same(node: Node, x: Node) -> Node | None:
    return x if (x.shape, x.dtype) == (node.shape, node.dtype) else None


def _of_one_number(node: Node, x: Node) -> Node | None:
    """One number at a size is moved to another."""
    return broadcast_to(x.inputs[0], shape=node.shape) if x.inputs[0].shape == () else None


def _turned_twice(node: Node, x: Node) -> Node:
    inner = x.attributes["axes"]
    return transpose(x.inputs[0], axes=tuple(inner[a] for a in node.attributes["axes"]))


def _turned_product(node: Node, x: Node) -> Node:
    operands, _, out = x.attributes["spec"].partition("->")
    return contract(*x.inputs, spec=f"{operands}->{''.join(out[a] for a in node.attributes['axes'])}")


def _turned_and_reduced(node: Node, x: Node) -> Node | None:
    """What is looked at together may lie anywhere, as long as what is left stays in its order."""
    order, axes = x.attributes["axes"], node.attributes["axes"]
    left = [a for i, a in enumerate(order) if i not in axes]
    if left != sorted(left):
        return None
    found = node.primitive(x.inputs[0], axes=tuple(sorted(order[i] for i in axes)), keepdims=False)
    return reshape(found, shape=node.shape) if node.attributes["keepdims"] else found


def _reshaped_sum(node: Node, x: Node) -> Node | None:
    """A sum that keeps its axes, or does not, by a reshape, does by itself."""
    axes, keepdims = x.attributes["axes"], not x.attributes["keepdims"]
    fits = shapes.reduce(x.inputs[0].shape, axes, keepdims) == node.shape
    return total(x.inputs[0], axes=axes, keepdims=keepdims) if fits else None


def _new_axes(node: Node, x: Node) -> Node | None:
    added = all(at is None or at == shapes.FULL for at in node.attributes["index"])
    return reshape(x, shape=node.shape) if added else None


def _free_of_broadcast(node: Node, _: Node) -> Node | None:
    """Arithmetic broadcasts by itself: a factor need not be written out at full size."""
    inputs = list(node.inputs)
    for position, x in enumerate(inputs):
        small = x.primitive is broadcast_to or (x.primitive is reshape and x.inputs[0].shape == ())
        if small:
            trial = [*inputs[:position], x.inputs[0], *inputs[position + 1 :]]
            if shapes.broadcast(*(t.shape for t in trial)) == node.shape:
                inputs = trial
    if inputs != list(node.inputs):
        return node.primitive(*inputs, **node.attributes)
    # All of it is one small thing written out at full size: compute it small.
    small_inputs = [x.inputs[0] if x.primitive is broadcast_to else x for x in inputs]
    if small_inputs != inputs:
        result = node.primitive(*small_inputs, **node.attributes)
        return broadcast_to(result, shape=node.shape)
    return None


def _of_transposes(node: Node, _: Node) -> Node | None:
    """Arithmetic on arrays that are turned alike is turned itself: transposes meet, and cancel."""
    turned = [x for x in node.inputs if x.shape]
    if not turned or any(x.primitive is not transpose or x.ndim != node.ndim for x in turned):
        return None
    axes = turned[0].attributes["axes"]
    if any(x.attributes["axes"] != axes for x in turned):
        return None
    inner = node.primitive(*(x.inputs[0] if x.shape else x for x in node.inputs), **node.attributes)
    return transpose(inner, axes=axes)


ELEMENTWISE = attrgetter("elementwise")
MOVES = [
    Move("brackets", "new axes reshape", _new_axes, only(pick)),
    Move("a move to where it is", "is none", _to_the_same, only(broadcast_to, reshape)),
    Move("broadcast of a broadcast", "twice is once",
         lambda node, x: broadcast_to(x.inputs[0], shape=node.shape), only(broadcast_to), only(broadcast_to)),
    Move("broadcast of a reshaped number", "is that of the number", _of_one_number, only(broadcast_to), only(reshape)),
    Move("reshape of a reshape", "twice is once",
         lambda node, x: reshape(x.inputs[0], shape=node.shape), only(reshape), only(reshape)),
    Move("reshape of a sum", "the sum keeps its axes or not", _reshaped_sum, only(reshape), only(total)),
    Move("reshape of one number", "is that number at another size",
         _of_one_number, only(reshape, transpose), only(broadcast_to)),
    Move("reshape of a negative", "the sign goes out",
         lambda node, x: -reshape(x.inputs[0], shape=node.shape), only(reshape), only(negative)),
    Move("transpose in the same order", "is none",
         lambda node, x: x if node.attributes["axes"] == tuple(range(x.ndim)) else None, only(transpose)),
    Move("transpose of a transpose", "twice is once", _turned_twice, only(transpose), only(transpose)),
    Move("transpose of a product", "it turns round by its letters", _turned_product, only(transpose), only(contract)),
    Move("sum or maximum of a transpose", "is over other axes",
         _turned_and_reduced, only(total, largest), only(transpose)),
    Move("broadcast inside arithmetic", "arithmetic broadcasts by itself", _free_of_broadcast, ELEMENTWISE),
    Move("arithmetic on transposes", "turned alike, turned once", _of_transposes, ELEMENTWISE),
    Move("cast", "to the dtype it has", _to_the_same, only(cast)),
]  # fmt: skip
