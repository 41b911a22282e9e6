"""Checking gradients against differences: a judge that knows nothing of derivatives.

Each element of each parameter is moved a little to both sides and J is computed again, in float64. Where what
backpropagation found disagrees, the point lies on a kink or a row's derivative is wrong. The two are told
apart, and a wrong row is found by checking every step of the graph by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError
from chainrule.graph.closed import in_floats, is_given
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, NodeLike, input, leaf_key, nodes_of
from chainrule.graph.primitives.leaves import placeholder, variable
from chainrule.graph.walk import order, rebuild
from chainrule.transform.backprop import grad
from chainrule.transform.blame import Blame, blame, largest, reached
from chainrule.transform.differences import At, Index, Rules, compare
from chainrule.transform.report import GradientReport as GradientReport, summary, undefined

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

WIDE = np.dtype(np.float64)


@public
def check_gradients(
    J: NodeLike,
    wrt: NodeLike | Iterable[NodeLike],
    feed: "Mapping[Node, ArrayLike] | None" = None,
    *,
    eps: float = 1e-3,
    tolerance: float = 1e-6,
    elements: int | None = None,
) -> GradientReport:
    """Compare the gradients of a scalar ``J`` with central differences, in float64.

    A slope comes from the steps h and h/2 by Richardson's extrapolation (1911), so its error falls as h⁴;
    where that leaves doubt, smaller steps are tried. What is inside ``stop_gradient`` is held still. A gradient that
    is NaN does not pass, nor does an infinite one unless a row states that as its convention.

    Args:
        J: A node of shape ``()``. A float32 graph is checked as its float64 twin.
        wrt: The nodes to differentiate with respect to, leaves or intermediate ones.
        feed: A value for each input, as :func:`trace` takes them.
        eps: The first step, for elements up to 1; for larger ones it grows with them.
        tolerance: The relative error allowed; 1e-6 lies far above the rounding of float64 and far below a wrong factor.
        elements: Check this many elements of each parameter, evenly spread; all of them by default.

    Returns:
        A report: ``passed`` is True where no derivative is wrong; printed, it is a table.

    Raises:
        ShapeError: If J is not a scalar.
        GraphError: If an input has no value, or J is not finite at this point.

    >>> w, x = cr.variable([0.5, -1.0], name="w"), cr.variable([2.0, 3.0], name="x")
    >>> cr.check_gradients(np.tanh(np.sum(w * x)), [w, x]).passed
    True
    >>> b = cr.variable(0.0, name="b")
    >>> print(cr.check_gradients(np.maximum(0, 3 * b), b))
       parameter  shape  elements  largest error  at  backprop  differences
    ✓  b          ()            1              -  -          -            -  1 on a kink
    <BLANKLINE>
    b lies on a kink, where J has no derivative: its slope is 0 to the left and 3 to the right.
    Backpropagation uses 0, by convention (relu: 0 at z = 0).
    To check a derivative, move the point, for example b += 0.1.
    """
    (J,), wanted = nodes_of([J], "check_gradients"), nodes_of(wrt, "check_gradients")
    grad(J, wanted)  # raises where there is nothing to check
    twin, start, origin = _twin([J, *wanted], feed or {})
    gradients = grad(twin[J], [twin[w] for w in wanted])
    values = evaluate([twin[J], *gradients], start)
    if not np.isfinite(values[twin[J]]):
        raise GraphError(
            f"{J.name or 'J'} is {values[twin[J]]} at this point, so there is no slope to compare with. "
            "Look for the first step that is not finite in cr.trace(J, feed)."
        )
    steps = order([twin[J], *(twin[w] for w in wanted)])
    rules = Rules(eps, tolerance, elements)
    found = [
        compare(
            *_moving(twin[J], twin[w], values, steps, eps),
            values[twin[w]],
            np.broadcast_to(values[g], values[twin[w]].shape),
            rules,
        )
        for w, g in zip(wanted, gradients, strict=True)
    ]
    troubled = {
        twin[w] for w, each in zip(wanted, found, strict=True) if any(e.verdict != "right" for e in each)
    }
    blamed = Blame()
    if troubled:
        blamed = blame(troubled, steps, values, origin, rules)
    found = [[replace(e, verdict=blamed.verdict(e)) for e in each] for each in found]
    names = [w.name or f"parameter {number}" for number, w in enumerate(wanted, start=1)]
    summaries = [
        summary(name, values[twin[w]].shape, each) for name, w, each in zip(names, wanted, found, strict=True)
    ]
    lost = [undefined(name, each, blamed.steep) for name, each in zip(names, found, strict=True)]
    return GradientReport(
        tuple(summaries), tuple(blamed.culprits), blamed.conventions, tolerance, tuple(filter(None, lost))
    )


def _twin(
    outputs: Sequence[Node], feed: Mapping[Node, Any]
) -> tuple[dict[Node, Node], dict[Node, np.ndarray], dict[Node, Node]]:
    """Return what each node becomes in float64, where variables are inputs, what to feed these, and what was what."""
    leaves: dict[Any, Node] = {}
    start: dict[Node, Any] = {}
    origin: dict[Node, Node] = {}  # in the bodies of loops too

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = in_leaves(node) if is_given(node) else in_floats(node, inputs, WIDE, visit)
        origin[new] = node
        return new

    def in_leaves(node: Node) -> Node:
        dtype = WIDE if node.dtype.kind == "f" else node.dtype
        leaf = leaves.setdefault(leaf_key(node), input(node.name, node.shape, dtype))
        if node.primitive is variable:
            start[leaf] = node.attributes["cell"].value
        return leaf

    twin = rebuild(outputs, visit)
    for node, value in feed.items():
        copy = twin[node] if node in twin else leaves.get(leaf_key(node))
        if copy is not None:
            start[copy] = value
    return twin, start, origin


def _moving(
    J: Node, w: Node, values: Mapping[Node, np.ndarray], steps: Sequence[Node], eps: float
) -> tuple[At, float]:
    """Return J as a function of one element of ``w``, and the largest number it is computed from, as J feels it.

    What a number weighs is its gradient, and both are taken beside the point: at it, all may be 0.
    """
    moving = reached([w], steps)
    if J not in moving:
        return (lambda _index, _distance: float(values[J])), 0.0
    still = {x: values[x] for n in moving if n is not w for x in n.inputs if x not in moving}
    still.update({n: values[n] for n in steps if n.primitive is placeholder and n is not w and n in values})

    def at(index: Index, distance: float) -> float:
        array = values[w].copy()
        array[index] += distance
        return float(evaluate([J], {**still, w: array})[J])

    felt = [n for n in steps if n in moving and n.dtype.kind == "f"]
    weights = grad(J, felt)
    beside = values[w] + eps * np.maximum(1, np.abs(values[w]))
    found = evaluate([*felt, *weights], {**still, w: beside})
    with np.errstate(all="ignore"):
        scale = max(largest(found[n] * found[g]) for n, g in zip(felt, weights, strict=True))
    return at, scale
