"""Nudging: what happens to a result when something moves a little, beside what the derivative promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index as whole
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, ShapeError, short
from chainrule.friendly import Friendly
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, NodeLike
from chainrule.graph.shapes import show
from chainrule.graph.walk import order
from chainrule.shown import columns, cut
from chainrule.transform.backprop import grad

AT = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the way, where is looked for a kink
JUMP = 10.0  # times what a slope changes over the rest of the way, where it jumps
MOST_KINKS = 3


@dataclass(frozen=True)
class Nudged:
    """One nudge.

    Attributes:
        h: By how much it moved.
        value: What the result is then.
        change: By how much the result changed.
        promised: By how much the derivative says: itself times h.
        kinks: What has a kink on the way, in words; there the derivative holds on one side only.
    """

    h: float
    value: float
    change: float
    promised: float
    kinks: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Nudge(Friendly):
    """What :func:`nudge` found; printed, it is a small table.

    Attributes:
        result: What the result is called.
        moved: What was moved, "c" or "W1[0, 2]".
        at: Where it was.
        value: What the result was there.
        derivative: The derivative there.
        nudges: What each h did.

    >>> w = cr.variable(2.0, "w")
    >>> found = cr.nudge((w**2).named("J"), w, [0.1, 0.001])
    >>> [round(each.change - each.promised, 9) for each in found.nudges]
    [0.01, 1e-06]
    """

    result: str
    moved: str
    at: float
    value: float
    derivative: float
    nudges: tuple[Nudged, ...]

    def __repr__(self) -> str:
        J, c = cut(self.result, 20), cut(self.moved, 20)
        head = ("h", f"{c} + h", J, "change", "promised", "change / h")
        rows = [
            tuple(f"{x:.6g}" for x in (n.h, self.at + n.h, n.value, n.change, n.promised, n.change / n.h))
            for n in self.nudges
        ]
        table = [line.rstrip() for line in columns([head, *rows], left=())]
        begin = f"{c} = {self.at:.6g}: {J} = {self.value:.6g}, d{J}/d{c} = {self.derivative:.6g}"
        kinks = dict.fromkeys(k for n in self.nudges for k in n.kinks)
        said = [f"A kink lies between: {k}. There the derivative holds on one side only." for k in kinks]
        return "\n".join([begin, *table, *said[:MOST_KINKS]])


@public
def nudge(
    J: NodeLike,
    c: NodeLike,
    h: float | Sequence[float] = 0.001,
    feed: Mapping[Any, Any] | None = None,
    *,
    index: int | Sequence[int] | None = None,
) -> Nudge:
    """Move c by h and see what becomes of J, beside what the derivative promised: dJ/dc times h.

    J is computed anew by the graph, the derivative is that of :func:`grad`.

    Args:
        J: A single number, as a node.
        c: What is moved: a variable, an input, or any node on the way.
        h: By how much; several, to see how the two come closer.
        feed: A value for each input, by its node.
        index: Which element of an array moves, ``(0, 2)``.

    Returns:
        The changes; printed, they are a table, with the kinks that were passed.

    Raises:
        GraphError: If J or c is no node, J does not depend on c, or an input has no value.
        ShapeError: If J is no single number, or ``index`` names no element of c.
        DataError: If h is 0 or no number, or moves c by less than its dtype can tell.

    >>> a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
    >>> J = (3 * (a + b * c)).named("J")
    >>> cr.nudge(J, c, 0.001)
    c = 2: J = 33, dJ/dc = 9
        h  c + h       J  change  promised  change / h
    0.001  2.001  33.009   0.009     0.009           9
    >>> z = cr.variable([0.5, -0.01], "z")
    >>> print(cr.nudge(np.sum(cr.relu(z)).named("J"), z, [0.001, 0.1], index=1))
    z[1] = -0.01: J = 0.5, dJ/dz[1] = 0
        h  z[1] + h     J  change  promised  change / h
    0.001    -0.009   0.5       0         0           0
      0.1      0.09  0.59    0.09         0         0.9
    A kink lies between: relu(z). There the derivative holds on one side only.
    """
    for name, node in (("J", J), ("c", c)):
        if not isinstance(node, Node):
            raise GraphError(f"nudge takes nodes: {name} is {short(node)}.")
    result: Any = J
    moved: Any = c
    if result.shape != ():
        raise ShapeError(
            f"J has the shape {show(result.shape)}, and a nudge looks at a single number: give J.sum(), or one of its "
            "elements."
        )
    if moved not in set(order([result])):
        raise GraphError(
            f"{_name(result, 'J')} does not depend on {_name(moved, 'c')}, so nothing happens to it."
        )
    given = dict(feed or {})
    here = evaluate([result, moved], given)
    values = np.asarray(here[moved])
    place = _place(values, index, _name(moved, "c"))
    if values.dtype.kind != "f":
        raise GraphError(
            f"{_name(moved, 'c')} holds {values.dtype}, whole numbers or truths: it does not move a little."
        )
    slope = grad(result, moved)
    derivative = float(np.asarray(evaluate([slope], given | {moved: values})[slope])[place])
    kinked = _with_kinks(result, moved)
    called = _name(moved, "c") + (f"[{', '.join(map(str, place))}]" if place else "")
    nudges = []
    for each in _steps(h):
        there = values.copy()
        there[place] += each
        actual = float(there[place]) - float(values[place])
        if not actual:
            raise DataError(
                f"h = {each:g} is too small for {values.dtype}: {called} = {values[place]:g} stays as it is."
            )
        value = float(evaluate([result], given | {moved: there})[result])
        kinks = _kinks(kinked, moved, values, place, actual, given)
        change = value - float(here[result])
        nudges.append(Nudged(each, value, change, derivative * actual, tuple(kinks)))
    at, before = float(values[place]), float(here[result])
    return Nudge(_name(result, "J"), called, at, before, derivative, tuple(nudges))


def _name(node: Node, otherwise: str) -> str:
    return node.name or otherwise


def _steps(h: Any) -> list[float]:
    try:
        steps = [float(x) for x in (h if isinstance(h, list | tuple | np.ndarray) else [h])]
    except (TypeError, ValueError):
        steps = []
    if not steps or any(not np.isfinite(x) or x == 0 for x in steps):
        raise DataError(
            f"h is by how much to move, a number other than 0 such as 0.001, or several; found {short(h)}."
        )
    return steps


def _place(values: np.ndarray, index: Any, name: str) -> tuple[int, ...]:
    """Return which element is moved."""
    shape = show(values.shape)
    if index is None:
        if values.size != 1:
            raise ShapeError(
                f"{name} has the shape {shape}, and a nudge moves one number: say which, "
                f"index={tuple(0 for _ in values.shape) if values.ndim > 1 else 0}."
            )
        return (0,) * values.ndim
    try:
        found = tuple(whole(i) for i in (index if isinstance(index, list | tuple) else [index]))
        values[found]
    except (TypeError, IndexError):
        found = ()
    if len(found) != values.ndim or not found:
        raise ShapeError(f"index names no element of {name}, of shape {shape}: found {short(index)}.")
    return tuple(i % n for i, n in zip(found, values.shape, strict=True))


def _with_kinks(result: Node, moved: Node) -> list[tuple[Node, list[Node]]]:
    """Return the nodes on the way whose row has a kink, each with its local derivatives as graph."""
    below = {moved}
    found = []
    for node in order([result]):
        if any(x in below for x in node.inputs):
            below.add(node)
            on_the_way = [x for x in dict.fromkeys(node.inputs) if x in below and x.dtype.kind == "f"]
            if (
                node.primitive.kink
                and on_the_way
                and node.dtype.kind == "f"
                and "body" not in node.attributes
            ):
                total: Any = node.sum() if node.ndim else node
                found.append((node, list(grad(total, on_the_way))))
    return found


def _kinks(
    kinked: Sequence[tuple[Node, list[Node]]],
    moved: Node,
    values: np.ndarray,
    place: tuple[int, ...],
    h: float,
    given: Mapping[Any, Any],
) -> list[str]:
    """Return what has a kink between: where a local derivative jumps, and hardly changes on the rest of the way."""
    if not kinked:
        return []
    wanted = [slope for _, slopes in kinked for slope in slopes]
    seen: list[list[np.ndarray]] = []
    for share in AT:
        there = values.copy()
        there[place] += share * h
        run = evaluate(wanted, {**given, moved: there})
        seen.append([np.asarray(run[slope], np.float64) for slope in wanted])
    jumps = {
        slope: _jumps(np.array(line)) for slope, line in zip(wanted, zip(*seen, strict=True), strict=True)
    }
    return [cut(str(node), 60) for node, slopes in kinked if any(jumps[slope] for slope in slopes)]


def _jumps(slopes: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        steps = np.sort(np.abs(np.diff(slopes, axis=0)), axis=0)
        return bool(np.any((steps[-1] > 1e-9) & (steps[-1] > JUMP * steps[:-1].sum(axis=0))))
