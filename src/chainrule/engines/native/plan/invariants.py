"""What is the same in each step of a loop is made once, before it: weights that a product needs turned, say."""

from collections.abc import Sequence

from chainrule.engines.native.plan.views import is_view
from chainrule.graph.closed import ClosedGraph, replaced
from chainrule.graph.node import Node, input, leaf_key
from chainrule.graph.walk import order


def without_invariants(body: ClosedGraph) -> tuple[ClosedGraph, Sequence[Node]]:
    """Return a body that is given what only hangs on what it shares, and what that is, on the leaves of the old one.

    What is read of it in other places is still read there: a slice of turned weights is a slice of what is given.
    """
    shared = {leaf_key(n) for n in body.shared}
    nodes = order(body.outputs)
    same: set[Node] = set()
    for n in nodes:
        if leaf_key(n) in shared or n.primitive.leaf == "known" or (n.inputs and same.issuperset(n.inputs)):
            same.add(n)
    made: dict[Node, Node] = {}
    for x in (*(x for n in nodes if n not in same for x in n.inputs), *body.outputs):
        while is_view(x):
            x = x.inputs[0]
        if x in same and x.inputs and x not in made:
            made[x] = input(f"same{len(made)}", x.shape, x.dtype)
    if not made:
        return body, ()
    outputs = tuple(replaced(body.outputs, made))
    return ClosedGraph(body.inputs, (*body.shared, *made.values()), outputs), tuple(made)
