"""The algebra of the lectures, and what makes it stable: finite where the formula as written is not."""

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.primitives.arithmetic import divide, minus, plus, root
from chainrule.graph.primitives.exponentials import exp, log, log1p, sigmoid, softplus
from chainrule.graph.primitives.identities import stop_gradient
from chainrule.graph.primitives.linear import total
from chainrule.graph.primitives.reductions import largest, log_softmax, logsumexp, softmax
from chainrule.graph.ranges import range_of
from chainrule.transform.constants import is_scalar
from chainrule.transform.logarithms import logarithm, logarithm_of_one_plus
from chainrule.transform.rewrites.rewrite import Move, Rewrite, only

STABLE: list[Rewrite | Move] = [
    Rewrite("log of a sigmoid", "finite where the sigmoid is 0 in floats",
            lambda z: np.log(sigmoid(z)), lambda z: -softplus(-z)),
    Rewrite("log of one minus a sigmoid", "finite where the sigmoid is 1 in floats",
            lambda z: np.log(1 - sigmoid(z)), lambda z: -softplus(z)),
    Rewrite("log of one minus a sigmoid, as log1p", "finite where the sigmoid is 1 in floats",
            lambda z: np.log1p(-sigmoid(z)), lambda z: -softplus(z)),
    Rewrite("sigmoid by hand", "1 / (1 + exp(-z)) is the sigmoid",
            lambda z: 1 / (1 + np.exp(-z)), lambda z: sigmoid(z)),
    Rewrite("sigmoid of -z by hand", "1 / (1 + exp(z)) is the sigmoid of -z",
            lambda z: 1 / (1 + np.exp(z)), lambda z: sigmoid(-z)),
    Rewrite("sigmoid by its other form", "exp(z) / (1 + exp(z)) is the sigmoid, and finite for large z",
            lambda z: np.exp(z) / (1 + np.exp(z)), lambda z: sigmoid(z)),
    Rewrite("tanh by hand", "the quotient of exponentials overflows from z = 710",
            lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), lambda z: np.tanh(z)),
    Rewrite("softplus by hand", "log(1 + exp(z)) overflows from z = 710",
            lambda z: np.log(1 + np.exp(z)), lambda z: softplus(z)),
    Rewrite("softplus by hand, as log1p", "log1p(exp(z)) overflows from z = 710",
            lambda z: np.log1p(np.exp(z)), lambda z: softplus(z)),
    Rewrite("log1p(x - 1)", "keeps the digits of a small x", lambda x: np.log1p(x - 1), lambda x: np.log(x)),
    Rewrite("log1p(-(1 - x))", "keeps the digits of a small x",
            lambda x: np.log1p(-(1 - x)), lambda x: np.log(x)),
    Rewrite("1 / exp(x)", "one exponential, which is seen to be one",
            lambda x: 1 / np.exp(x), lambda x: np.exp(-x)),
    Rewrite("exp of minus a softplus", "exp(-log(1 + exp(z))) is the sigmoid of -z",
            lambda z: np.exp(-softplus(z)), lambda z: sigmoid(-z)),
    Rewrite("log of an exponential", "log undoes exp, which may have overflowed",
            lambda x: np.log(np.exp(x)), lambda x: x),
    Rewrite("a root of squares, squared", "smooth at 0, where the root has a corner; of what is below 0 it is NaN",
            lambda x: root(x) * root(x), lambda x: x, when=lambda x: range_of(x).square),
    Rewrite("log of expm1", "softplus undone: finite where the exponential overflows",
            lambda x: np.log(np.expm1(x)), lambda x: x + np.log(-np.expm1(-x))),
    Rewrite("log1p", "keeps the digits of a small x", lambda x: np.log(1 + x), lambda x: np.log1p(x)),
    Rewrite("expm1", "keeps the digits of a small x", lambda x: np.exp(x) - 1, lambda x: np.expm1(x)),
    Rewrite("expm1, turned round", "keeps the digits of a small x; 0 - expm1(0) is 0, and -expm1(0) is -0",
            lambda x: 1 - np.exp(x), lambda x: 0 - np.expm1(x)),
]  # fmt: skip

_SIGMOID_BY_TANH = {
    "(1 + tanh) / 2": (lambda z: (1 + np.tanh(z)) / 2, 2),
    "(1 + tanh) · ½": (lambda z: (1 + np.tanh(z)) * 0.5, 2),
    "½ + tanh / 2": (lambda z: 0.5 + np.tanh(z) / 2, 2),
    "½ + tanh · ½": (lambda z: 0.5 + np.tanh(z) * 0.5, 2),
    "(1 - tanh) / 2": (lambda z: (1 - np.tanh(z)) / 2, -2),
    "(1 - tanh) · ½": (lambda z: (1 - np.tanh(z)) * 0.5, -2),
    "½ - tanh / 2": (lambda z: 0.5 - np.tanh(z) / 2, -2),
    "½ - tanh · ½": (lambda z: 0.5 - np.tanh(z) * 0.5, -2),
}
STABLE += [
    Rewrite(f"sigmoid by tanh, {form}", "the sigmoid of 2z or -2z, which keeps its digits where tanh is -1 or 1",
            pattern, lambda z, _times=times: sigmoid(z * _times))
    for form, (pattern, times) in _SIGMOID_BY_TANH.items()
]  # fmt: skip


def _softmax_by_hand(node: Node, e: Node) -> Node | None:
    """exp(z) over its sum, with keepdims or where the sum meets the axes it was summed over anyhow."""
    s = node.inputs[1]
    if s.primitive is not total or s.inputs[0] is not e:
        return None
    kept = shapes.reduce(e.shape, s.attributes["axes"], True)
    padded = (1,) * (len(e.shape) - len(s.shape)) + s.shape
    return softmax(e.inputs[0], axes=s.attributes["axes"]) if padded == kept else None


def _shifted(node: Node, x: Node) -> Node | None:
    """softmax(x - c) = softmax(x), c being the same along the axes; softmax shifts by itself. Its logarithm too.

    A c that is infinite where x is not would count: it must be a finite number, or the maximum of x.
    """
    axes, (kept, shift) = node.attributes["axes"], x.inputs
    peak = shift.inputs[0] if shift.primitive is stop_gradient else shift
    of_x = x.primitive is minus and peak.primitive in (largest, logsumexp) and peak.inputs[0] is kept
    if not of_x and not (is_scalar(shift) and np.isfinite(shift.attributes["value"])):
        return None
    even = shapes.is_same_along(shift.shape, axes, x.ndim)
    return node.primitive(kept, axes=axes) if even and kept.shape == x.shape else None


STABLE += [
    Move("softmax by hand", "exp / sum(exp) overflows from z = 710",
         _softmax_by_hand, only(divide), only(exp)),
    Move("softmax, shifted", "a shift along the axes does not change it",
         _shifted, only(softmax, log_softmax), only(plus, minus)),
    Move("log of what may be 0 or infinite in floats", "from the logarithms of the parts, which are finite",
         lambda node, x: logarithm(x), only(log)),
    Move("log1p of what may be -1 or infinite in floats", "from the logarithms of the parts, which are finite",
         lambda node, x: logarithm_of_one_plus(x), only(log1p)),
]  # fmt: skip
