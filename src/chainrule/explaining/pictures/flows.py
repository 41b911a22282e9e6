"""What flows along the lines of a drawn graph: values forward, and what each line contributes to the gradients back.

Each line becomes an identity of its own in a copy of the graph, so one sweep of ``grad`` says what came through it;
what arrives at a box from all its lines is its gradient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import NoDerivativeError
from chainrule.explaining.local import slopes as slopes_of
from chainrule.explaining.pictures.folding import Step
from chainrule.explaining.tidy import tidy
from chainrule.graph.closed import replaced
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, input, leaf_key, mark
from chainrule.graph.show import number, text
from chainrule.graph.walk import order
from chainrule.transform.backprop import Gradient, grad, pullback
from chainrule.transform.simplify import simplify


@dataclass(frozen=True)
class Edge:
    """A line from a box to one that reads it, and what flows there."""

    source: int
    target: int
    node: Node


@dataclass(frozen=True, eq=False)
class Flows:
    """What flows in a graph.

    Attributes:
        values: Of each node; nothing where an input has none.
        gradients: Of J by each box, where something flows back to it.
        through: What each line, by its number, contributes to the gradient of the box that it comes from.
        refusal: Why nothing flows back, or "".
    """

    values: Mapping[Node, np.ndarray] = field(default_factory=dict)
    gradients: Mapping[int, np.ndarray] = field(default_factory=dict)
    through: Mapping[int, np.ndarray] = field(default_factory=dict)
    refusal: str = ""


def lines_of(steps: Sequence[Step]) -> list[Edge]:
    """Return the lines of a graph."""
    return [Edge(i, j, x) for j, step in enumerate(steps) for i, x in step.inputs]


def flows(
    steps: Sequence[Step], J: Node | None, wrt: Sequence[Node] | None, feed: Mapping[Node, Any]
) -> Flows:
    """Run a graph forward, and back from J where something can flow back.

    Args:
        steps: The boxes.
        J: What is differentiated; None for nothing.
        wrt: By what; None for all.
        feed: A value for each input.
    """
    ends = [n for step in steps for n in step.nodes]
    if J is None:
        return Flows(evaluate(ends, feed))
    lines = lines_of(steps)
    copies, marks = _apart(steps)
    moving = _moving(steps, wrt)
    boxes = [i for i, step in enumerate(steps) if i in moving and step.node.dtype.kind == "f"]
    along = [k for k, line in enumerate(lines) if line.source in moving and line.node.dtype.kind == "f"]
    wanted = [copies[steps[i].node] for i in boxes] + [marks[k] for k in along]
    try:
        found = grad(copies[J], wanted)
    except NoDerivativeError as error:
        return Flows(evaluate(ends, feed), refusal=str(error))
    run = evaluate([*copies.values(), *found], feed)
    arrived = [run[g] if isinstance(g.meaning, Gradient) else None for g in found]
    at_boxes = {i: g for i, g in zip(boxes, arrived, strict=False) if g is not None}
    on_lines = {k: g for k, g in zip(along, arrived[len(boxes) :], strict=True) if g is not None}
    return Flows({n: run[copies[n]] for n in ends}, at_boxes, on_lines)


def _apart(steps: Sequence[Step]) -> tuple[dict[Node, Node], dict[int, Node]]:
    """Return a copy of each node that reads what it is made from through marks of its own, and these by line."""
    copies: dict[Node, Node] = {}
    marks: dict[int, Node] = {}
    for step in steps:
        if not step.node.inputs:
            copies[step.node] = mark(step.node, None)
            continue
        by: dict[Node, Node] = {}
        for i, x in step.inputs:
            by[x] = marks[len(marks)] = mark(copies[x if x.inputs else steps[i].node], None)
        for n, new in zip(step.nodes, over(step, by), strict=True):
            copies[n] = new
    return copies, marks


def over(step: Step, by: Mapping[Node, Node]) -> list[Node]:
    """Return the nodes of a box with what it is made from replaced, copies of leaves too."""
    leaves = {leaf_key(x): new for x, new in by.items() if not x.inputs}
    inside = order(step.nodes, stop=by)
    every = {n: leaves[leaf_key(n)] for n in inside if not n.inputs and leaf_key(n) in leaves}
    return replaced(step.nodes, {**every, **by})


def _moving(steps: Sequence[Step], wrt: Sequence[Node] | None) -> set[int]:
    """Return the boxes that are differentiated by, and what depends on them."""
    if wrt is None:
        return set(range(len(steps)))
    keys = {leaf_key(w) for w in wrt}
    found: set[int] = set()
    for i, step in enumerate(steps):
        if any(leaf_key(n) in keys for n in step.nodes) or any(x in found for x, _ in step.inputs):
            found.add(i)
    return found


@dataclass(frozen=True)
class Slope:
    """The derivative of a box by one that it reads: as it is written, and its number where it is one."""

    written: str
    number: str


def slopes(steps: Sequence[Step], values: Mapping[Node, np.ndarray]) -> dict[int, Slope]:
    """Return for each line what it multiplies what flows back with: the local derivative.

    Of numbers it is a number, and written as the rows of the table say it; of arrays it is what becomes of the gradient
    that arrives, written over that: ``dZ · W``.
    """
    found: dict[int, Slope] = {}
    first = 0
    for step in steps:
        lines = range(first, first + len(step.inputs))
        first = lines.stop
        if not step.inputs or step.node.dtype.kind != "f" or len(step.nodes) > 1:
            continue
        symbols = {x: input(steps[i].name or "□", x.shape, x.dtype) for i, x in step.inputs}
        (formula,) = over(step, symbols)
        wanted = [
            (k, symbols[x]) for k, (_, x) in zip(lines, step.inputs, strict=True) if x.dtype.kind == "f"
        ]
        known = {symbols[x]: values[x] for _, x in step.inputs if x in values}
        try:
            found |= _slopes(step, formula, wanted, known)
        except NoDerivativeError:
            continue
    return found


def _slopes(
    step: Step, formula: Node, wanted: Sequence[tuple[int, Node]], known: dict[Node, np.ndarray]
) -> dict[int, Slope]:
    own = input(step.name or "□", step.node.shape, step.node.dtype)
    scalar = not any(n.shape for n in order([formula]))
    if scalar and len(known) == len({n for n in order([formula]) if n.primitive.name == "input"}):
        known[own] = evaluate([formula], known)[formula]
        each = slopes_of(formula, own, [x for _, x in wanted], known)
        return {
            k: Slope(str(s.formula), number(s.value, 4))
            for (k, _), s in zip(wanted, each, strict=True)
            if s.connected
        }
    seed = input(f"d{step.name}" if step.name else "d□", formula.shape, formula.dtype)
    while formula.primitive.unwritten and formula.dtype == formula.inputs[0].dtype:
        formula = formula.inputs[0]
    root = formula.named("the step itself")
    back = replaced(pullback([root], [seed], [x for _, x in wanted]), {root: own})
    return {k: Slope(text(tidy(simplify(g))), "") for (k, _), g in zip(wanted, back, strict=True)}
