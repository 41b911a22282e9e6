"""What is known of a node's numbers before any run: the rules of the rows, from the leaves on."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from chainrule.errors import GraphError, short
from chainrule.graph.primitives.bounds import UNKNOWN, Range
from chainrule.graph.walk import learn

_KNOWN: WeakKeyDictionary[Any, Range] = WeakKeyDictionary()


def range_of(node: Any) -> Range:
    """Return what is known of the numbers of ``node``.

    >>> from chainrule.graph.node import variable
    >>> x = variable([1.0, 2.0])
    >>> range_of(x * x + 1).low, range_of(np.log(x)).finite, range_of(np.log(x * x + 1)).finite
    (1.0, False, True)
    """
    return _KNOWN.get(node) or learn(node, _KNOWN, _found)


def _found(node: Any) -> Range:
    rule = node.primitive.range
    if rule is None:
        return UNKNOWN
    found = rule(node, *[_KNOWN[x] for x in node.inputs])
    if not isinstance(found, Range):
        raise GraphError(
            f"The range of '{node.primitive.name}' is {short(found)}; expected a Range, from its rule."
        )
    low, high, finite, square = found
    if low != low or high != high:  # NaN
        low, high = -np.inf, np.inf
    if 0 < low < 1 and (node.dtype.kind != "f" or low < np.finfo(node.dtype).tiny):
        low = 0.0  # what is so small may be rounded to 0
    if -1 < high < 0 and node.dtype.kind != "f":
        high = 0.0
    return Range(float(low), float(high), bool(finite), square)


def of_loop(node: Any, *inputs: Range) -> Range:
    """Return what is known of a result of a loop: finite, where each step makes finite numbers of such.

    >>> from chainrule.graph.loops import scan
    >>> from chainrule.graph.node import variable
    >>> x = variable([1.0, 2.0])
    >>> [range_of(scan(lambda h, x: (f(h + x), None), 0.0, x)[0]).finite for f in (np.tanh, np.exp)]
    [True, False]
    """
    body, carried, take = (node.attributes[k] for k in ("body", "carried", "take"))
    own = range_of(body.outputs[take])
    finite = (
        own.finite
        and all(r.finite for r in inputs)
        and all(range_of(n).finite for n in body.outputs[:carried])
    )
    ends = [own, inputs[take]] if take < carried else [own]
    return Range(min(r.low for r in ends), max(r.high for r in ends), finite)
