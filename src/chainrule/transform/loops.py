"""The derivatives of a closed graph, as closed graphs: what the rules of rows that have one are written in.

Such a row stands in the table, below backprop. It names its rule, ``vjp=late("module:function")``, which is imported
when a gradient first passes through it (see ``chainrule/doors.py``).
"""

from chainrule.graph.closed import ClosedGraph
from chainrule.graph.node import Node, input
from chainrule.transform.backprop import pullback
from chainrule.transform.forward import pushforward


def pulled_back(body: ClosedGraph) -> ClosedGraph:
    """Return the graph of ``Σ seedᵢ · ∂outputᵢ/∂w`` for each leaf w of floats that ``body`` is given.

    Its inputs are those of the body, then a seed for each output; what it shares is what the body shares.

    >>> import numpy as np
    >>> x, w = input("x"), input("w")
    >>> slopes = pulled_back(ClosedGraph((x,), (w,), (w * np.sin(x),)))
    >>> [float(s) for s in slopes(0.0, 1.0, 5.0)]
    [5.0, 0.0]
    """
    seeds = tuple([_like(n, f"d{i}") for i, n in enumerate(body.outputs)])
    slopes = pullback(body.outputs, seeds, _floats(body))
    return ClosedGraph((*body.inputs, *seeds), body.shared, tuple(slopes))


def pushed_forward(body: ClosedGraph) -> ClosedGraph:
    """Return the graph of how fast each output changes when the leaves of floats that ``body`` is given move.

    Its inputs are those of the body, then how fast each such leaf moves; what it shares is what the body shares.
    """
    moving = {n: _like(n, f"{n.name}'") for n in _floats(body)}
    return ClosedGraph(
        (*body.inputs, *moving.values()), body.shared, tuple(pushforward(body.outputs, moving))
    )


def _floats(body: ClosedGraph) -> list[Node]:
    return [n for n in body.given if n.dtype.kind == "f"]


def _like(node: Node, name: str) -> Node:
    return input(name, node.shape, node.dtype)
