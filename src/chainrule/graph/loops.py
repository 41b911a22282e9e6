"""Writing a loop: a Python function of one step on nodes is traced once, and becomes the body of a ``scan``."""

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.closed import ClosedGraph, Nodes, extents_of
from chainrule.graph.node import (
    Node,
    NodeLike,
    OpenExtent,
    as_node,
    input,
    leaf_key,
    mark,
    of_array,
    record,
    with_inputs,
)
from chainrule.graph.primitives.loops import scan as row
from chainrule.graph.shapes import Extent, Shape, fits, show
from chainrule.graph.siblings import Within
from chainrule.graph.tracing import traced
from chainrule.graph.trees import aligned, leaves, like
from chainrule.graph.walk import descendants, order, rebuild
from chainrule.shown import counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Tree: TypeAlias = NodeLike | ArrayLike | Sequence["Tree"] | Mapping[str, "Tree"] | None

C = TypeVar("C")
Y = TypeVar("Y")


@public
def scan(
    step: Callable[[Any, Any], tuple[C, Y]],
    init: "Tree",
    xs: "Tree" = None,
    *,
    reverse: bool = False,
    length: int | str | Extent | None = None,
) -> tuple[C, Y]:
    """Do a step again and again: what it carries goes from each step to the next, and what it emits is stacked.

    ``step(carry, x)`` is called once, on nodes, and returns the next carry and what this step emits; layers may be
    called in it. What it reads beside its arguments is the same for all steps; what a layer called in it draws, as
    Dropout does, is drawn anew for each. The loop is a node of the graph like any other, and so is its derivative,
    however many steps there are.

    Args:
        step: A function of the carry and of one element of ``xs``, to ``(carry, y)``. The carry keeps its shape and
            its dtype; y may be None.
        init: The carry before the first step: a node or a number, or a tuple, a list or a dict of them, or of such
            again.
        xs: What each step is given: a node with the steps along axis 0, of which step t is given ``x[t]``, or likewise
            several. None gives nothing.
        reverse: Whether the last step is done first; ``ys[t]`` is still of ``x[t]``.
        length: How many steps; what ``xs`` say by themselves. A text leaves it open, under that name.

    Returns:
        The carry after the last step, of the same kind as ``init``; and of each y all of them, along a new axis 0, in
        the kind in which a step returns them.

    Raises:
        GraphError: If the step does not return a pair, or the carry in another kind; or of nothing that is given it is
            known how many steps there are.
        ShapeError: If xs are of different lengths, or the carry changes its shape or its dtype in a step.

    >>> x, w = cr.variable([1.0, 2.0, 3.0], "x"), cr.variable(0.5, "w")
    >>> last, every = cr.scan(lambda h, x: (w * h + x, h), 0.0, x)
    >>> last.value, every.value
    (np.float64(4.25), array([0. , 1. , 2.5]))
    """
    if not callable(step):
        raise GraphError(
            f"scan takes the step first, a function: cr.scan(step, init, xs); found {short(step)}."
        )
    called = _parameters(step)
    given = [(name, _scanned(x, xs)) for name, x in leaves(xs)]
    kinds = [x.dtype for _, x in given] + [v.dtype for _, v in leaves(init) if hasattr(v, "dtype")]
    start = [(name, _carried(v, kinds)) for name, v in leaves(init)]
    steps = _length([x for _, x in given], length)
    carried = [_placeholder(called[0], name, v, v.shape) for name, v in start]
    scanned = [_placeholder(called[1], name, x, x.shape[1:]) for name, x in given]
    with traced(steps) as tracing:
        found = step(like(init, carried), like(xs, scanned))
    if not isinstance(found, tuple) or len(found) != 2:
        raise GraphError(
            f"The step of a loop returns the next carry and what it emits, (carry, y); found {short(found)}. "
            "A step that emits nothing returns (carry, None)."
        )
    carry, y = found
    new = _next(init, carried, carry)
    emitted = [as_node(v) for _, v in leaves(y)]
    read = set(order([*new, *emitted]))
    parts = [(own, every) for own, every in tracing.parts if own in read]
    scanned, given = [*scanned, *[own for own, _ in parts]], [*given, *[("", every) for _, every in parts]]
    told, inside = _told_of([*new, *emitted], [*carried, *scanned])
    hidden = [n for n in dict.fromkeys(n for m in told for n in (m, *m.meaning.nodes())) if n in inside]
    body, shared = closed_over([*carried, *scanned], [*new, *emitted, *hidden])
    attributes = {"body": body, "carried": len(carried), "length": steps, "reverse": bool(reverse)}
    inputs = [*[v for _, v in start], *[x for _, x in given], *shared]
    results = [record(row, inputs, {**attributes, "take": take}) for take in range(len(body.outputs))]
    seen = len(new) + len(emitted)
    if told:
        within = _seen_from_outside(told, dict(zip(hidden, results[seen:], strict=True)))
        results = [mark(n, Within(within)) for n in results[:seen]]
    return like(init, results[: len(carried)]), like(y, results[len(carried) : seen])


def _told_of(ends: Sequence[Node], given: Sequence[Node]) -> tuple[list[Node], set[Node]]:
    """Return the marks within a step, and within loops there, whose meaning is told outside too, and all within."""
    found: dict[Node, None] = {}
    while True:
        nodes = order([*[n for m in found for n in (m, *m.meaning.nodes())], *ends])
        inside = descendants(given, nodes)
        more = [n for n in nodes if hasattr(n.meaning, "at_all_steps")]
        more += [m for n in nodes if isinstance(n.meaning, Within) for m in n.meaning.of]
        more = [n for n in more if n in inside or n not in nodes]
        if found.keys() >= set(more):
            return [m for m in found if m in inside], inside
        found |= dict.fromkeys(more)


def _seen_from_outside(told: Sequence[Node], stacked: Mapping[Node, Node]) -> Nodes:
    """Return the same marks of all steps, the examples first as outside of loops."""

    def every(node: Node) -> Node:
        found: Any = stacked.get(node, node)
        return np.swapaxes(found, 0, 1) if node in stacked and found.ndim > 1 else found

    def mean(node: Node) -> Node:
        found: Any = np.mean(stacked[node], axis=0) if node in stacked else node
        return found

    return tuple([mark(every(m), m.meaning.at_all_steps(every, mean), m.name) for m in told])


def closed_over(inputs: Sequence[Node], outputs: Sequence[Node]) -> tuple[ClosedGraph, list[Node]]:
    """Return the closed graph of ``inputs`` to ``outputs``, and the nodes that its shared leaves stand for.

    Shared are the largest parts that hang on none of the inputs, so they are computed once; what is made of constants
    alone stays within.
    """
    nodes = order(outputs)
    keys = {leaf_key(x) for x in inputs}
    inside = descendants([n for n in nodes if leaf_key(n) in keys], nodes)
    fixed: set[Node] = set()
    for node in nodes:
        row = node.primitive
        alone = row.leaf != "given" and row.folded and not extents_of(node)
        if alone and fixed.issuperset(node.inputs):
            fixed.add(node)
    read = [*[x for n in nodes if n in inside for x in n.inputs], *outputs]
    shared = {x: input(x.name, x.shape, x.dtype) for x in read if x not in inside and x not in fixed}

    def visit(node: Node, new: Nodes) -> Node:
        if node in shared:
            return shared[node]
        return new[0] if hasattr(node.meaning, "at_all_steps") else with_inputs(node, new)

    became = rebuild(outputs, visit, stop=shared)
    try:
        body = ClosedGraph(tuple(inputs), tuple(shared.values()), tuple([became[n] for n in outputs]))
    except GraphError as error:
        raise GraphError(
            f"{error} A step that makes an array with an open axis is given one that has it."
        ) from None
    return body, list(shared)


def _parameters(step: Callable[..., Any]) -> list[str]:
    """Return what a step calls the carry and its part of xs."""
    try:
        by_place = [
            p.name for p in signature(step).parameters.values() if p.kind is not Parameter.KEYWORD_ONLY
        ]
    except (TypeError, ValueError):
        by_place = []
    return [*by_place[:2], "carry", "x"][:2] if len(by_place) < 2 else by_place[:2]


def _placeholder(parameter: str, name: str, node: Node, shape: Any) -> Node:
    """Return what a step is given for a node: called as in the dict that it stands in, or as the parameter."""
    numbered = f"{parameter}{name}" if name.isdigit() else name or parameter
    return input(numbered.strip("_") or "x", shape, node.dtype)


def _carried(value: Any, kinds: list[np.dtype]) -> Node:
    return of_array(value) if _is_array(value) else as_node(value, [k for k in kinds if k.kind == "f"])


def _scanned(x: Any, xs: Any) -> Node:
    node = of_array(x) if _is_array(x) else as_node(x)
    if not node.shape:
        remedy = "What is the same for all steps is not given: the step reads it by itself."
        if isinstance(xs, list | tuple):
            remedy += " One number for each step is an array: np.array(xs)."
        raise ShapeError(
            f"A loop goes along axis 0 of each of its xs; {short(node.name) if node.name else 'one'} is a single "
            f"number. {remedy}"
        )
    return node


def _is_array(value: Any) -> bool:
    """Say whether a value is an array of numbers as it is: of positions or truths too."""
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf"


def _length(xs: Sequence[Node], length: Any) -> Any:
    """Return how many steps there are."""
    asked = OpenExtent(length) if isinstance(length, str) else length
    if asked is not None and not isinstance(asked, Extent):
        if isinstance(asked, bool) or not hasattr(asked, "__index__") or int(asked) < 0:
            raise GraphError(
                f"The length of a loop is a whole number or the name of an open one; found {short(length)}."
            )
        asked = int(asked)
    found = [*([] if asked is None else [("length", asked)]), *[(_called(x), x.shape[0]) for x in xs]]
    if not found:
        raise GraphError("How many steps a loop has is said by its xs, or by length=: give one of them.")
    for name, steps in found:
        if steps != found[0][1]:
            raise ShapeError(
                f"A loop has one length: {found[0][0]} says {found[0][1]} steps, and {name} {steps}. "
                "Steps are counted along axis 0 of each of xs."
            )
    return found[0][1]


def _called(x: Node) -> str:
    return short(x.name) if x.name else f"one of xs, {show(x.shape)},"


def _next(init: Any, carried: Sequence[Node], carry: Any) -> list[Node]:
    """Return the carry that a step makes as nodes, in the order of what it was given, or raise."""
    found = aligned(init, carry)
    if found is None:
        raise GraphError(
            f"A step returns the carry in the kind that it began in: {_kind(init)}; found {_kind(carry)}. "
            "The step returns (carry, y)."
        )
    new = [as_node(v, [c.dtype]) for v, c in zip(found, carried, strict=True)]
    for after, before in zip(new, carried, strict=True):
        if after.shape != before.shape:
            raise ShapeError(
                f"What is carried as '{before.name}' begins as {show(before.shape)} and is {show(after.shape)} after a "
                f"step; it keeps its shape. {_begin(before.shape, after.shape)}"
            )
        if after.dtype != before.dtype:
            raise ShapeError(
                f"What is carried as '{before.name}' begins as {before.dtype} and is {after.dtype} after a step; it "
                f"keeps its dtype. Begin with .astype('{after.dtype}'), or let the step return "
                f".astype('{before.dtype}')."
            )
    return new


def _begin(before: Shape, after: Shape) -> str:
    """Return what to do about a carry whose shape changes in a step."""
    if not fits(before, after):
        return "Let the step return one of that shape."
    if not any(isinstance(e, Extent) for e in after):
        return f"Begin with all of it, such as np.zeros({show(after)})."
    lengths = show(tuple([f"x.shape[{k}]" if isinstance(e, Extent) else e for k, e in enumerate(after)]))
    return (
        f"Begin with all of it, by an x that has the open axis: np.broadcast_to(cr.constant(0.0), {lengths})."
    )


def _kind(tree: Any) -> str:
    """Write of what kind a tree is."""
    if isinstance(tree, dict):
        return f"a dict of {', '.join(map(short, tree))}"
    if isinstance(tree, tuple | list):
        return f"a {type(tree).__name__} of {counted(len(tree), 'part')}"
    return "None" if tree is None else "one node"
