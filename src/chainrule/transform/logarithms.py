"""The logarithm of what a float may be too small or too large for, found from the logarithms of its parts.

log(σ(z)) is -softplus(-z), which is finite where σ(z) is 0 in floats. So are the logarithms of all that is made of
exponentials and their kin by products, quotients, powers, sums and selections: mixtures, squares, 1 - tanh(z)².
"""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import numpy as np

from chainrule.graph.node import Node
from chainrule.graph.primitives.arithmetic import (
    divide,
    minus,
    negative,
    plus,
    power,
    raised,
    root,
    sqrt,
    times,
)
from chainrule.graph.primitives.corners import maximum, minimum, where
from chainrule.graph.primitives.exponentials import exp, log, log_softplus, logaddexp, sigmoid, softplus, tanh
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.primitives.linear import concatenate, total, transpose
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.reductions import largest, log_softmax, logsumexp, softmax
from chainrule.graph.ranges import range_of
from chainrule.transform.constants import is_one
from chainrule.transform.products import as_terms

# NumPy's functions are called on nodes, of which its stubs do not know.
# mypy: disable-error-code="call-overload"

DEEPEST = 8  # so many steps down the graph the parts are looked for
MOST_FACTORS = 12
MOST_STEPS = 256  # to find them: a number that is squared again and again has as many factors as it likes


class Log(NamedTuple):
    """``log x = node + log(factor)``.

    ``low`` and ``high`` say whether x may be 0 or infinite in floats though its logarithm is finite, ``finite`` whether
    its logarithm is finite wherever the inputs are.
    """

    node: Node
    factor: float = 1.0
    low: bool = False
    high: bool = False
    finite: bool = True

    @property
    def whole(self) -> Node:
        """The logarithm as one node."""
        return self.node if self.factor == 1 else self.node + float(np.log(self.factor))

    @property
    def better(self) -> bool:
        """Whether it says more than log(x)."""
        return self.low or self.high


def logarithm(x: Node) -> Node | None:
    """Return log x from the logarithms of its parts; None where log(x) itself is as good."""
    found = _log(x, DEEPEST)
    return found.whole if found and found.better else None


def logarithm_of_one_plus(x: Node) -> Node | None:
    """Return log(1 + x), likewise."""
    found = _one_plus(x, DEEPEST)
    return found.whole if found and found.better else None


def as_exponential(x: Node, exponent: Node | float) -> Node | None:
    """Return x to a power as exp(exponent · log x), whose slope is finite where x is 0 in floats; None likewise.

    Of a whole exponent, the power itself is as good.
    """
    if not isinstance(exponent, Node) and exponent % 1 == 0:
        return None
    found = _log(x, DEEPEST)
    return exp(found.whole * exponent) if found and found.better and found.finite else None


def _log(x: Node, depth: int) -> Log | None:
    """Return the logarithm of a node whose parts have better ones, else None."""
    rule = RULES.get(x.primitive, _kept if x.primitive.moves else None)
    found = rule(x, depth - 1) if rule and depth else None
    return found if found and found.better else None


def _plain(x: Node) -> Log | None:
    """Return log(x) as it is, of an x that is proved not to be negative."""
    low = range_of(x).low
    return Log(log(x), finite=low > 0 or x.primitive is constant) if low >= 0 else None


def _both(x: Node, depth: int) -> tuple[Log, Log] | None:
    """Return the logarithms of the last two inputs, if both are finite and one is better than plain."""
    parts, found = x.inputs[-2:], []
    for part in parts:
        found.append(_log(part, depth))
        if found[-1] is None and range_of(part).low < 0:
            return None  # before more is built in vain: an optimizer's root of β · v + ... is asked at every turn
    if found == [None, None]:
        return None
    a, b = (better or _plain(part) for better, part in zip(found, parts, strict=True))
    return (a, b) if a and b and a.finite and b.finite else None


# --- products and powers ---


def _power(x: Node, exponent: float, found: Log | None) -> Log:
    """exponent · log x, or log |x| for an even power, which under- and overflows whatever x is."""
    if found:
        low, high = (found.low, found.high) if exponent > 0 else (found.high, found.low)
        return Log(found.node * exponent, found.factor**exponent, low, high, found.finite)
    steep = abs(exponent) >= 2
    size = np.abs(x) if exponent % 2 == 0 and range_of(x).low < 0 else x
    whole = log(size)
    return Log(
        whole if exponent == 1 else whole * exponent, low=steep, high=steep, finite=range_of(x).low > 0
    )


def _product(x: Node, depth: int) -> Log | None:
    """log(a · b / c) = log a + log b - log c, if at most one of them may be negative: then both sides are NaN."""
    factors: Counter[Node] = Counter()
    factor, work, steps = 1.0, [(x, 1)], 0
    while work and len(factors) < MOST_FACTORS and steps < MOST_STEPS:
        steps += 1
        node, count = work.pop()
        row = node.primitive
        if row in (times, divide):
            work += [(node.inputs[1], count if row is times else -count), (node.inputs[0], count)]
        elif row is negative:
            factor = -factor
            work.append((node.inputs[0], count))
        elif row is constant and node.shape == () and node.attributes["value"] != 0:
            factor *= float(node.attributes["value"]) ** count
        else:
            factors[node] += count
    found = {n: _log(n, depth) for n, count in factors.items() if count}
    signed = [n for n, better in found.items() if factors[n] % 2 and not better and range_of(n).low < 0]
    if work or not found or len(signed) > 1:
        return None
    if not any(found.values()) and all(abs(factors[n]) == 1 for n in found):
        return None  # no part says more than its own logarithm
    logs = [_power(n, factors[n], better) for n, better in found.items()]
    factor *= float(np.prod([part.factor for part in logs]))
    if not 0 < factor < np.inf:
        return None
    return Log(
        reduce(lambda a, b: a + b, [part.node for part in logs]),
        factor,
        low=any(part.low for part in logs),
        high=any(part.high for part in logs),
        finite=all(part.finite for part in logs),
    )


def _to_a_number(x: Node, depth: int) -> Log | None:
    (base,), exponent = x.inputs, x.attributes.get("exponent", 0.5)  # of a root, none is said
    return _power(base, exponent, _log(base, depth)) if exponent else None


def _to_a_node(x: Node, depth: int) -> Log | None:
    base, exponent = x.inputs
    found = _log(base, depth) or _plain(base)
    return Log(found.whole * exponent, low=True, high=True) if found and found.finite else None


# --- sums ---


def _add(x: Node, depth: int) -> Log | None:
    for one, other in (x.inputs, x.inputs[::-1]):
        if is_one(one):
            return _one_plus(other, depth)
    found = _both(x, depth)
    if not found:
        return None
    a, b = found
    if a.factor == b.factor:
        node, factor = logaddexp(a.node, b.node), a.factor
    else:
        node, factor = logaddexp(a.whole, b.whole), 1.0
    return Log(node, factor, low=a.low and b.low, high=a.high or b.high)


def _one_plus(x: Node, depth: int) -> Log | None:
    if x.primitive is negative:
        return _one_minus(x.inputs[0], depth)
    if x.primitive is tanh:
        return Log(-softplus(x.inputs[0] * -2), 2.0, low=True)
    found = _log(x, depth)
    return Log(softplus(found.whole), high=True) if found and found.high and found.finite else None


def _one_minus(x: Node, depth: int) -> Log | None:
    row, z = x.primitive, x.inputs[0] if x.inputs else x
    if row is minus and is_one(z):
        return _log(x.inputs[1], depth)
    if row is sigmoid:
        return Log(-softplus(z), low=True)
    if row is tanh:
        return Log(-softplus(z * 2), 2.0, low=True)
    if row is times and z is x.inputs[1] and z.primitive is tanh:
        z = z.inputs[0] * 2
        return Log(-(softplus(z) + softplus(-z)), 4.0, low=True)
    if row is softmax:
        return _one_minus_softmax(z, x.attributes["axes"])
    if row.moves and row not in RULES and depth:
        return _moved(x, _one_minus(z, depth - 1))
    return None


def _one_minus_softmax(z: Node, axes: tuple[int, ...]) -> Log:
    """What is left beside the largest is the sum of all others, which 1 - p loses; p ≤ ½ beside a larger one."""
    top = np.equal(z, largest(z, axes=axes, keepdims=True))
    others = logsumexp(np.where(top, -np.inf, z), axes=axes, keepdims=True)
    beside = others - logsumexp(z, axes=axes, keepdims=True)
    p = np.exp(log_softmax(z, axes=axes))
    small = np.where(p > 0.5, 0.5, p)  # and no minimum, which would stop the gradient of two that tie at ½
    return Log(where(np.logical_and(top, p > 0.5), beside, np.log1p(-small)), low=True)


def _sum(x: Node, depth: int) -> Log | None:
    found = _log(x.inputs[0], depth)
    if not found or not found.finite:
        return None
    return Log(logsumexp(found.node, **x.attributes), found.factor, found.low, found.high)


def _contract(x: Node, depth: int) -> Log | None:
    """A mixture by a vector of weights: by a matrix of them a logsumexp would hold too many terms."""
    if not any(_log(part, depth) for part in x.inputs):
        return None
    found = as_terms(x)
    if sum(e != 1 for e in found.free) > 1:
        return None
    terms = _log(found.factors[0] * found.factors[1], depth)
    if not terms or not terms.finite:
        return None
    summed = logsumexp(terms.node, axes=found.axes, keepdims=False)
    return terms._replace(node=transpose(summed, axes=found.turn))


# --- selections and movement ---


def _extreme(x: Node, depth: int) -> Log | None:
    found = _both(x, depth)
    if not found:
        return None
    a, b = found
    low, high = (
        (a.low and b.low, a.high or b.high) if x.primitive is maximum else (a.low or b.low, a.high and b.high)
    )
    return Log(x.primitive(a.whole, b.whole, **x.attributes), low=low, high=high)


def _chosen(x: Node, depth: int) -> Log | None:
    """Each element is one of some part: of those that `where` chooses from, or that are joined."""
    condition = x.inputs[:1] if x.primitive is where else ()
    parts = x.inputs[len(condition) :]
    found = [_log(part, depth) for part in parts]
    if not any(found):
        return None
    logs = [better or Log(log(part), finite=False) for better, part in zip(found, parts, strict=True)]
    node = x.primitive(*condition, *(part.whole for part in logs), **x.attributes)
    low, high = any(part.low for part in logs), any(part.high for part in logs)
    return Log(node, low=low, high=high, finite=all(part.finite for part in logs))


def _moved(x: Node, found: Log | None) -> Log | None:
    return found and found._replace(node=x.primitive(found.node, *x.inputs[1:], **x.attributes))


def _kept(x: Node, depth: int) -> Log | None:
    return _moved(x, _log(x.inputs[0], depth))


RULES: dict[Primitive, Callable[[Node, int], Log | None]] = {
    exp: lambda x, depth: Log(x.inputs[0], low=True, high=True),
    sigmoid: lambda x, depth: Log(-softplus(-x.inputs[0]), low=True),
    softplus: lambda x, depth: Log(log_softplus(x.inputs[0]), low=True),
    softmax: lambda x, depth: Log(log_softmax(x.inputs[0], **x.attributes), low=True),
    times: _product,
    divide: _product,
    negative: _product,
    raised: _to_a_number,
    power: _to_a_node,
    sqrt: _to_a_number,
    root: _to_a_number,
    plus: _add,
    minus: lambda x, depth: _one_minus(x.inputs[1], depth) if is_one(x.inputs[0]) else None,
    total: _sum,
    contract: _contract,
    maximum: _extreme,
    minimum: _extreme,
    largest: _kept,
    where: _chosen,
    concatenate: _chosen,
}
