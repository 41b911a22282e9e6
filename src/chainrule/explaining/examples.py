"""A number that is a mean over examples: ``J = losses / m + rest``, read from how it was written."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chainrule.graph.node import Node, as_node
from chainrule.graph.primitives.arithmetic import divide, minus, negative, plus, times
from chainrule.graph.primitives.leaves import constant, length
from chainrule.graph.primitives.linear import total
from chainrule.graph.shapes import Extent
from chainrule.graph.walk import order


@dataclass(frozen=True, eq=False)
class Mean:
    """``J = losses / count + rest``: the sum of the examples' own losses, how many they are, and what remains."""

    losses: Node | None
    count: Node | None
    rest: Node | None


def mean_over_examples(J: Node) -> Mean:
    """Return a formula as a mean over the first axis of what it sums, and a rest."""
    found = _split(J)
    return found if found.losses is not None else Mean(None, None, J)


def _split(n: Node) -> Mean:
    row, nothing = n.primitive, Mean(None, None, n)
    if row.unwritten:
        return _split(n.inputs[0]) if n.inputs[0].dtype == n.dtype else nothing
    if row is negative:
        return _mapped(_split(n.inputs[0]), lambda x: -x)
    if row in (plus, minus):
        a, b = _split(n.inputs[0]), _split(n.inputs[1])
        b = b if row is plus else _mapped(b, lambda x: -x)
        if a.losses is None and b.losses is None:
            return nothing
        if a.losses is not None and b.losses is not None and not _same(a.count, b.count):
            return nothing
        return Mean(
            _sum(a.losses, b.losses), a.count if a.losses is not None else b.count, _sum(a.rest, b.rest)
        )
    if row is times:
        for i, c in enumerate(n.inputs):
            if not any(x.primitive.name == "input" and x.shape for x in order([c])) and not c.shape:
                found = _split(n.inputs[1 - i])
                if found.losses is not None:
                    return _mapped(found, partial(times, c))
        return nothing
    if row is divide and not n.shape:
        summed, count = n.inputs
        m = _examples(summed)
        left = None if m is None else _without(count, m)
        if left is not None:
            return Mean(summed if left is ONE else summed / left, as_node(m, [n.dtype]), None)
    return nothing


ONE = as_node(1.0)


def _examples(summed: Node) -> Any:
    """Return how many a sum over the first axis adds up; None for anything but such a sum."""
    while summed.primitive.unwritten or summed.primitive is negative:
        summed = summed.inputs[0]
    over_first = summed.primitive is total and 0 in summed.attributes["axes"]
    return summed.inputs[0].shape[0] if over_first else None


def _without(count: Node, m: Any) -> Node | None:
    """Return a number of elements divided by ``m``, if it is a multiple of it."""
    while count.primitive.unwritten:
        count = count.inputs[0]
    if count.primitive is length:
        return ONE if count.attributes["extent"] == m else None
    if count.primitive is constant and not isinstance(m, Extent):
        number = float(count.attributes["value"])
        if number == m:
            return ONE
        return as_node(number / m, [count.dtype]) if m > 1 and number % m == 0 else None
    if count.primitive is times:
        for i, x in enumerate(count.inputs):
            if _without(x, m) is ONE:
                return count.inputs[1 - i]
    return None


def _mapped(mean: Mean, function: Callable[[Node], Node]) -> Mean:
    parts = [None if x is None else function(x) for x in (mean.losses, mean.rest)]
    return Mean(parts[0], mean.count, parts[1])


def _sum(a: Node | None, b: Node | None) -> Node | None:
    return b if a is None else a if b is None else a + b


def _same(a: Node | None, b: Node | None) -> bool:
    return str(a) == str(b)
