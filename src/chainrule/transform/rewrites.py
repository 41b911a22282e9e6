"""The table of rewrites: what simplification may replace, by what, and why it may.

A rewrite may turn a non-finite result into the right finite one, never the reverse; NaN stays NaN, and 0 keeps its
sign, which a division sees. Three things are not kept: the sign of a 0 that a sum over an axis or a product of matrices
cancels to; what would overflow only because two numbers near the largest are added before they are divided; and the
NaN of an x that x · [c] leaves out, for that product chooses.

Patterns are drawn with the same NumPy as everything else; those that must look at axes are small functions.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, cast, count, input
from chainrule.graph.primitives.arithmetic import root, weigh
from chainrule.graph.primitives.exponentials import sigmoid, softplus
from chainrule.graph.primitives.reductions import softmax
from chainrule.graph.ranges import range_of
from chainrule.transform.logarithms import MOVEMENT, as_terms, logarithm, logarithm_of_one_plus, raised

INFINITE_OF_INFINITE = ("log_softmax", "log_softplus", "logsumexp", "logaddexp", "softplus")
LINEAR = ("negative", "add", "subtract", "multiply", "divide", "where", *MOVEMENT)
NEVER_0 = ("sigmoid", "softmax", "exp", "softplus")
COMMUTATIVE = ("add", "multiply", "logical_and", "logical_or", "equal", "not_equal")


@dataclass(frozen=True)
class Rewrite:
    """A pattern, what replaces it, and why that is the same number or a better one.

    ``pattern`` and ``result`` take the same wildcards and return nodes; ``when`` asks more of what was matched.
    """

    name: str
    why: str
    pattern: Callable[..., Node]
    result: Callable[..., Any]
    when: Callable[..., bool] | None = None

    @cached_property
    def _drawn(self) -> Node:
        wildcards = [input(name, (), "float64") for name in inspect.signature(self.pattern).parameters]
        return self.pattern(*wildcards)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The rows that the pattern can start at."""
        return (self._drawn.primitive.name,)

    @cached_property
    def children(self) -> frozenset[str]:
        """The rows that must stand among the inputs."""
        return frozenset(x.primitive.name for x in self._drawn.inputs) - {"input"}

    def rewrite(self, node: Node) -> Node | None:
        """Return what replaces ``node``, or None where the pattern does not fit."""
        found: dict[str, Node] = {}
        if not _match(self._drawn, node, found) or (self.when and not self.when(**found)):
            return None
        return as_node(self.result(**found), [node.dtype])


@dataclass(frozen=True)
class Move:
    """A rewrite that must look at shapes, axes or attributes: a function from a node to its replacement."""

    name: str
    why: str
    roots: tuple[str, ...]
    rewrite: Callable[[Node], Node | None]
    children: frozenset[str] = frozenset()


def _match(pattern: Node, node: Node, found: dict[str, Node]) -> bool:
    if pattern.primitive.name == "input":
        return found.setdefault(pattern.name, node) is node
    if pattern.primitive.name == "constant":
        return is_number(node, pattern.attributes["value"].item())
    if pattern.primitive is not node.primitive or dict(pattern.attributes) != dict(node.attributes):
        return False
    sides = [node.inputs]
    if node.primitive.name in COMMUTATIVE:
        sides.append(node.inputs[::-1])
    for inputs in sides:
        trial = dict(found)
        if all(_match(p, x, trial) for p, x in zip(pattern.inputs, inputs, strict=True)):
            found.update(trial)
            return True
    return False


def is_number(node: Node, value: float) -> bool:
    """Say whether ``node`` is a constant that is ``value`` everywhere."""
    if node.primitive.name != "constant":
        return False
    array = node.attributes["value"]
    if value == 0 and array.dtype.kind == "f" and np.signbit(array).any():
        return False  # x - 0 is x, and x - (-0) is 0 where x is -0
    if array.ndim == 0:
        return bool(array == value)
    return array.size > 0 and bool((array == value).all())


def is_scalar(node: Node) -> bool:
    """Say whether ``node`` is one constant number, with a fraction or without."""
    return node.primitive.name == "constant" and node.shape == () and node.dtype.kind == "f"


# --- the algebra of the lectures, and what makes it stable ----------------------------------------------

STABLE = [
    Rewrite(
        "log of a sigmoid", "finite where the sigmoid is 0 in floats",
        lambda z: np.log(sigmoid(z)), lambda z: -softplus(-z),
    ),
    Rewrite(
        "log of one minus a sigmoid", "finite where the sigmoid is 1 in floats",
        lambda z: np.log(1 - sigmoid(z)), lambda z: -softplus(z),
    ),
    Rewrite(
        "log of one minus a sigmoid, as log1p", "finite where the sigmoid is 1 in floats",
        lambda z: np.log1p(-sigmoid(z)), lambda z: -softplus(z),
    ),
    Rewrite(
        "sigmoid by hand", "1 / (1 + exp(-z)) is the sigmoid",
        lambda z: 1 / (1 + np.exp(-z)), lambda z: sigmoid(z),
    ),
    Rewrite(
        "sigmoid of -z by hand", "1 / (1 + exp(z)) is the sigmoid of -z",
        lambda z: 1 / (1 + np.exp(z)), lambda z: sigmoid(-z),
    ),
    Rewrite(
        "sigmoid by its other form", "exp(z) / (1 + exp(z)) is the sigmoid, and finite for large z",
        lambda z: np.exp(z) / (1 + np.exp(z)), lambda z: sigmoid(z),
    ),
    Rewrite(
        "tanh by hand", "the quotient of exponentials overflows from z = 710",
        lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), lambda z: np.tanh(z),
    ),
    Rewrite(
        "softplus by hand", "log(1 + exp(z)) overflows from z = 710",
        lambda z: np.log(1 + np.exp(z)), lambda z: softplus(z),
    ),
    Rewrite(
        "softplus by hand, as log1p", "log1p(exp(z)) overflows from z = 710",
        lambda z: np.log1p(np.exp(z)), lambda z: softplus(z),
    ),
    Rewrite(
        "log1p(x - 1)", "keeps the digits of a small x",
        lambda x: np.log1p(x - 1), lambda x: np.log(x),
    ),
    Rewrite(
        "log1p(-(1 - x))", "keeps the digits of a small x",
        lambda x: np.log1p(-(1 - x)), lambda x: np.log(x),
    ),
    Rewrite(
        "1 / exp(x)", "one exponential, which is seen to be one",
        lambda x: 1 / np.exp(x), lambda x: np.exp(-x),
    ),
    Rewrite(
        "exp of minus a softplus", "exp(-log(1 + exp(z))) is the sigmoid of -z",
        lambda z: np.exp(-softplus(z)), lambda z: sigmoid(-z),
    ),
    Rewrite("log of an exponential", "log undoes exp, which may have overflowed",
            lambda x: np.log(np.exp(x)), lambda x: x),
    Rewrite("a root of squares, squared", "smooth at 0, where the root has a corner",
            lambda x: root(x) * root(x), lambda x: x),
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

ARITHMETIC = [
    Rewrite("x - 0", "nothing taken", lambda x: x - 0, lambda x: x),
    Rewrite("1 - (1 - x)", "what is taken is what was left; an x of -0 would be 0",
            lambda x: 1 - (1 - x), lambda x: x, when=lambda x: x.primitive.name in NEVER_0),
    Rewrite("x * 1", "times one", lambda x: x * 1, lambda x: x),
    Rewrite("x / 1", "divided by one", lambda x: x / 1, lambda x: x),
    Rewrite("x * -1", "times minus one is the negative", lambda x: x * -1, lambda x: -x),
    Rewrite("x / -1", "divided by minus one is the negative", lambda x: x / -1, lambda x: -x),
    Rewrite("-(-x)", "two signs cancel", lambda x: np.negative(np.negative(x)), lambda x: x),
    Rewrite("a + -b", "adding a negative is subtracting", lambda a, b: a + -b, lambda a, b: a - b),
    Rewrite("a - -b", "subtracting a negative is adding", lambda a, b: a - -b, lambda a, b: a + b),
    Rewrite("(-a) * b", "the sign goes out", lambda a, b: (-a) * b, lambda a, b: -(a * b)),
    Rewrite("(-a) / b", "the sign goes out", lambda a, b: (-a) / b, lambda a, b: -(a / b)),
    Rewrite("a / (-b)", "the sign goes out", lambda a, b: a / (-b), lambda a, b: -(a / b)),
    Rewrite("a * (1 / b)", "a quotient in one step", lambda a, b: a * (1 / b), lambda a, b: a / b),
    Rewrite("a / n - b / n", "one division by the count is enough",
            lambda a, b, n: a / n - b / n, lambda a, b, n: (a - b) / n,
            when=lambda a, b, n: n.primitive.name == "length"),
    Rewrite("w · -x, weighed", "the sign goes out",
            lambda w, x: weigh(w, -x), lambda w, x: -weigh(w, x)),
    Rewrite("-w · x, weighed", "the sign goes out",
            lambda w, x: weigh(-w, x), lambda w, x: -weigh(w, x)),
    Rewrite("not not c", "two negations cancel",
            lambda c: np.logical_not(np.logical_not(c)), lambda c: c),
]  # fmt: skip


# --- what must look at axes -----------------------------------------------------------------------------


def _power(node: Node) -> Node | None:
    exponent, x = node.attributes.get("exponent"), node.inputs[0]
    if exponent is None:  # a root, or a power whose exponent is a node
        return raised(x, node.inputs[1] if node.primitive.name == "power" else 0.5)
    products: dict[float, Callable[[], Any]] = {
        1: lambda: x,
        2: lambda: x * x,
        3: lambda: x * x * x,
        -1: lambda: 1 / x,
        0.5: lambda: np.sqrt(x),
    }
    if exponent in products:
        return products[exponent]()
    return raised(x, exponent) if exponent % 1 else None


def _weighed(node: Node) -> Node | None:
    """y · log(p) is 0 where y = p = 0: a product with a logarithm that may be infinite is one with a weight."""
    if node.dtype.kind != "f":
        return None
    for w, x in (node.inputs, node.inputs[::-1]):
        if _may_weigh(w, x):
            return _weigh(w, x)
    return None


def _may_weigh(w: Node, x: Node) -> bool:
    return _may_be_infinite_log(x) and not _may_be_infinite_log(w) and not range_of(w).nonzero


def _weigh(w: Node, x: Node) -> Node:
    if x.primitive.name in ("add", "subtract") and all(map(_may_be_infinite_log, x.inputs)):
        return apply(
            x.primitive.name, *(weigh(w, part) for part in x.inputs)
        )  # infinity - infinity would be NaN
    if x.primitive.name == "log" and x.inputs[0].primitive.name == "divide" and x.inputs[0].inputs[0] is w:
        p = x.inputs[0].inputs[1]
        both = np.logical_and(np.equal(w, 0), np.equal(p, 0))
        return weigh(w, np.log(w / np.where(both, 1, p)))  # and so would 0 / 0
    return weigh(w, x)


def _may_be_infinite_log(x: Node, depth: int = 4) -> bool:
    """Say whether ``x`` is made of logarithms, one of which may be that of 0 or of infinity."""
    name = x.primitive.name
    if name in ("log", "log1p"):
        return not range_of(x).finite
    if name in INFINITE_OF_INFINITE:
        return True
    return depth > 0 and name in LINEAR and any(_may_be_infinite_log(part, depth - 1) for part in x.inputs)


def _where(node: Node) -> Node | None:
    condition, a, b = node.inputs
    if condition.primitive.name == "logical_or" and is_number(b, 0):  # the same, of a weight
        for part in condition.inputs:
            if (
                part.primitive.name == "not_equal"
                and is_number(part.inputs[1], 0)
                and _is_multiple(a, part.inputs[0])
            ):
                return a if a.shape == node.shape else None
    if condition.primitive.name == "not_equal" and is_number(condition.inputs[1], 0) and is_number(b, 0):
        # Where a factor of a product is 0, so is the product, if all else in it is finite.
        return a if _is_multiple(a, condition.inputs[0]) and a.shape == node.shape else None
    if condition.primitive.name == "constant" and condition.attributes["value"].size:
        truths = condition.attributes["value"]
        if truths.all() or not truths.any():
            return a if truths.all() else b
    if a is b:
        return a
    if condition.primitive.name == "logical_not":
        return apply("where", condition.inputs[0], b, a)
    # One condition inside another of itself: the inner one is already decided.
    for position, x in ((1, a), (2, b)):
        if x.primitive.name == "where" and x.inputs[0] is condition:
            chosen = x.inputs[position]
            return apply("where", condition, *((chosen, b) if position == 1 else (a, chosen)))
    return None


def _is_multiple(product: Node, factor: Node, depth: int = 6) -> bool:
    """Say whether ``product`` is ``factor`` times what is finite."""
    if product is factor:
        return True
    if not depth or product.primitive.name not in ("multiply", "divide", "negative", "broadcast_to"):
        return False
    for x, *others in (product.inputs, product.inputs[::-1]):
        if _is_multiple(x, factor, depth - 1):
            inverse = product.primitive.name == "divide"
            return (x is product.inputs[0] or not inverse) and all(
                range_of(other).finite and (range_of(other).nonzero or not inverse) for other in others
            )
    return False


def _by_truth(node: Node) -> Node | None:
    """x · [condition] chooses between x and 0."""
    for truth, x in (node.inputs, node.inputs[::-1]):
        if truth.dtype == bool and x.dtype.kind == "f":
            return apply("where", truth, x, as_node(0.0, [x.dtype]))
        if truth.primitive.name == "cast" and truth.inputs[0].dtype == bool:
            return apply("where", truth.inputs[0], x, as_node(0.0, [x.dtype]))
    return None


def _e_to_the(node: Node) -> Node | None:
    """np.e ** x is exp(x)."""
    base, x = node.inputs
    return apply("exp", x) if is_number(base, np.e) and x.shape == node.shape else None


def _softmax_by_hand(node: Node) -> Node | None:
    """exp(z) over its sum, with keepdims or where the sum meets the axes it was summed over anyhow."""
    e, s = node.inputs
    if e.primitive.name != "exp" or s.primitive.name != "sum" or s.inputs[0] is not e:
        return None
    axes = s.attributes["axes"]
    kept = shapes.reduce(e.shape, axes, True)
    padded = (1,) * (len(e.shape) - len(s.shape)) + s.shape
    return softmax(e.inputs[0], axes=axes) if padded == kept else None


def _shifted(node: Node) -> Node | None:
    """softmax(x - c) = softmax(x), c being the same along the axes; softmax shifts by itself. Its logarithm too.

    A c that is infinite where x is not would count: it must be a finite number, or the maximum of x.
    """
    (x,), axes = node.inputs, node.attributes["axes"]
    if x.primitive.name not in ("add", "subtract"):
        return None
    kept, shift = x.inputs
    peak = shift.inputs[0] if shift.primitive.name == "stop_gradient" else shift
    of_x = (
        x.primitive.name == "subtract"
        and peak.primitive.name in ("max", "logsumexp")
        and peak.inputs[0] is kept
    )
    if not of_x and not (is_scalar(shift) and np.isfinite(shift.attributes["value"])):
        return None
    extra = len(x.shape) - len(shift.shape)
    even = all(a < extra or shift.shape[a - extra] == 1 for a in axes)
    return apply(node.primitive.name, kept, axes=axes) if even and kept.shape == x.shape else None


def _log_of(node: Node) -> Node | None:
    (x,) = node.inputs
    return logarithm(x) if node.primitive.name == "log" else logarithm_of_one_plus(x)


def _sum(node: Node) -> Node | None:
    (x,), axes, keepdims = node.inputs, node.attributes["axes"], node.attributes["keepdims"]
    if not axes:
        return x
    if all(x.shape[a] == 1 for a in axes):
        return x if keepdims else apply("reshape", x, shape=node.shape)
    if x.primitive.name == "negative":
        return -apply("sum", x.inputs[0], axes=axes, keepdims=keepdims)
    if x.primitive.name == "sum" and x.attributes["keepdims"] == keepdims:
        left = [a for a in range(len(x.inputs[0].shape)) if keepdims or a not in x.attributes["axes"]]
        both = {left[a] for a in axes}.union(x.attributes["axes"])
        return apply("sum", x.inputs[0], axes=tuple(sorted(both)), keepdims=keepdims)
    if x.primitive.name == "one_hot" and axes == (len(x.shape) - 1,):
        return apply("broadcast_to", as_node(1.0, [x.dtype]), shape=node.shape)
    if x.primitive.name == "broadcast_to":
        return _sum_of_broadcast(node, x)
    if x.primitive.name in ("multiply", "divide"):
        return _factor_out(node, x)
    return None


def _sum_of_broadcast(node: Node, x: Node) -> Node | None:
    source, axes = x.inputs[0], node.attributes["axes"]
    extra = len(x.shape) - len(source.shape)
    if not all(a < extra or source.shape[a - extra] == 1 for a in axes):
        return None
    times = count(tuple(x.shape[a] for a in axes), node.dtype)
    lengths = tuple(1 if a in axes else e for a, e in enumerate(x.shape))
    kept = _broadcast(source, lengths)
    kept = kept if node.attributes["keepdims"] else apply("reshape", kept, shape=node.shape)
    return kept * times


def _factor_out(node: Node, x: Node) -> Node | None:
    """Σ c·x = c·Σ x, c being the same along the axes: fewer products, and p · Σ y can cancel."""
    axes, keepdims = node.attributes["axes"], node.attributes["keepdims"]
    for factor, rest in (x.inputs, x.inputs[::-1]):
        if x.primitive.name == "divide" and factor is x.inputs[0]:
            continue
        extra = len(x.shape) - len(factor.shape)
        even = all(a < extra or factor.shape[a - extra] == 1 for a in axes)
        if not even or rest.shape != x.shape or x.shape == factor.shape:
            continue
        outside = factor
        if not keepdims and factor.shape:
            lengths = tuple(1 if a < extra else factor.shape[a - extra] for a in range(len(x.shape)))
            left = tuple(e for a, e in enumerate(lengths) if a not in axes)
            outside = apply("reshape", factor, shape=left)
        total = apply("sum", rest, axes=axes, keepdims=keepdims)
        return apply(x.primitive.name, total, outside)
    return None


def _broadcast(x: Node, shape: shapes.Shape) -> Node:
    return x if x.shape == shape else apply("broadcast_to", x, shape=shape)


def _broadcast_to(node: Node) -> Node | None:
    (x,) = node.inputs
    if x.shape == node.shape:
        return x
    if x.primitive.name == "broadcast_to":
        return apply("broadcast_to", x.inputs[0], shape=node.shape)
    if x.primitive.name == "reshape" and x.inputs[0].shape == ():
        return apply("broadcast_to", x.inputs[0], shape=node.shape)
    return None


def _reshape(node: Node) -> Node | None:
    (x,) = node.inputs
    if x.shape == node.shape:
        return x
    if x.primitive.name == "reshape":
        return apply("reshape", x.inputs[0], shape=node.shape)
    if x.primitive.name == "sum" and not x.attributes["keepdims"]:
        axes = x.attributes["axes"]
        if shapes.reduce(x.inputs[0].shape, axes, True) == node.shape:
            return apply("sum", x.inputs[0], axes=axes, keepdims=True)
    if x.primitive.name == "broadcast_to" and x.inputs[0].shape == ():
        return apply("broadcast_to", x.inputs[0], shape=node.shape)
    if x.primitive.name == "negative":
        return -apply("reshape", x.inputs[0], shape=node.shape)
    if x.primitive.name == "sum" and x.attributes["keepdims"]:
        axes = x.attributes["axes"]
        if shapes.reduce(x.inputs[0].shape, axes, False) == node.shape:
            return apply("sum", x.inputs[0], axes=axes, keepdims=False)
    return None


def _slice(node: Node) -> Node | None:
    """Brackets that only add axes of length 1 reshape."""
    if all(at is None or at == shapes.FULL for at in node.attributes["index"]):
        return apply("reshape", node.inputs[0], shape=node.shape)
    return None


def _transpose(node: Node) -> Node | None:
    (x,), axes = node.inputs, node.attributes["axes"]
    if axes == tuple(range(len(axes))):
        return x
    if x.primitive.name == "transpose":
        inner = x.attributes["axes"]
        return apply("transpose", x.inputs[0], axes=tuple(inner[a] for a in axes))
    if x.primitive.name == "broadcast_to" and x.inputs[0].shape == ():
        return apply("broadcast_to", x.inputs[0], shape=node.shape)
    if x.primitive.name == "contract":
        operands, _, out = x.attributes["spec"].partition("->")
        return apply("contract", *x.inputs, spec=f"{operands}->{''.join(out[a] for a in axes)}")
    return None


def _contract(node: Node) -> Node | None:
    replaced = _product_with_a_number(node)
    if replaced is None:
        replaced = _product_of_logs(node)
    return _product_of_a_transpose(node) if replaced is None else replaced


def _product_with_a_number(node: Node) -> Node | None:
    """A factor that is one number everywhere multiplies the sum of the other."""
    plan = shapes.contraction(node.attributes["spec"])
    sides = (plan.left, plan.right)
    for position, number in enumerate(node.inputs):
        x, letters, others = node.inputs[1 - position], sides[1 - position], sides[position]
        if number.primitive.name == "broadcast_to" and number.inputs[0].shape == ():
            number = number.inputs[0]
        if number.shape != ():
            continue
        axes = tuple(a for a, letter in enumerate(letters) if letter not in plan.out)
        kept = [letter for letter in letters if letter in plan.out]
        total = apply("sum", x, axes=axes, keepdims=False)
        turned = apply("transpose", total, axes=tuple(kept.index(q) for q in plan.out if q in kept))
        lengths = tuple(
            1 if q in others and q not in kept else e for q, e in zip(plan.out, node.shape, strict=True)
        )
        return _broadcast(apply("reshape", turned, shape=lengths) * number, node.shape)
    return None


def _product_of_logs(node: Node) -> Node | None:
    """A dot product with logarithms that are infinite for some finite input is a sum of what they are weighed by."""
    for w, x in ((0, 1), (1, 0)):
        if _may_weigh(node.inputs[w], node.inputs[x]) and not range_of(node.inputs[x]).finite:
            return _weighed_sum(node, w, x)
    return None


def _weighed_sum(node: Node, w: int, x: int) -> Node | None:
    found = as_terms(node)
    if any(e != 1 for e in found.free):
        return None
    total = apply("sum", _weigh(found.factors[w], found.factors[x]), axes=found.axes, keepdims=False)
    return apply("transpose", total, axes=found.turn)


def _product_of_a_transpose(node: Node) -> Node | None:
    """A transposed factor is the same factor read with its letters exchanged; a sign goes out."""
    plan = shapes.contraction(node.attributes["spec"])
    letters = [plan.left, plan.right]
    inputs = list(node.inputs)
    signs = 0
    for position, x in enumerate(inputs):
        if x.primitive.name == "transpose":
            axes = x.attributes["axes"]
            turned = [""] * len(axes)
            for here, there in enumerate(axes):
                turned[there] = letters[position][here]
            letters[position] = "".join(turned)
            inputs[position] = x.inputs[0]
        elif x.primitive.name == "negative":
            signs += 1
            inputs[position] = x.inputs[0]
    if inputs == list(node.inputs):
        return None
    product = apply("contract", *inputs, spec=f"{letters[0]},{letters[1]}->{plan.out}")
    return -product if signs == 1 else product


def _of_transposes(node: Node) -> Node | None:
    """Arithmetic on arrays that are turned alike is turned itself: transposes meet, and cancel."""
    turned = [x for x in node.inputs if x.shape]
    if not turned or any(x.primitive.name != "transpose" or x.ndim != node.ndim for x in turned):
        return None
    axes = turned[0].attributes["axes"]
    if any(x.attributes["axes"] != axes for x in turned):
        return None
    inner = apply(
        node.primitive.name, *(x.inputs[0] if x.shape else x for x in node.inputs), **node.attributes
    )
    return apply("transpose", inner, axes=axes)


def _free_of_broadcast(node: Node) -> Node | None:
    """Arithmetic broadcasts by itself: a factor need not be written out at full size."""
    inputs = list(node.inputs)
    for position, x in enumerate(inputs):
        small = x.primitive.name == "broadcast_to" or (
            x.primitive.name == "reshape" and x.inputs[0].shape == ()
        )
        if small:
            trial = [*inputs[:position], x.inputs[0], *inputs[position + 1 :]]
            if shapes.broadcast(*(t.shape for t in trial)) == node.shape:
                inputs = trial
    if inputs != list(node.inputs):
        return apply(node.primitive.name, *inputs, **node.attributes)
    # All of it is one small thing written out at full size: compute it small.
    small_inputs = [x.inputs[0] if x.primitive.name == "broadcast_to" else x for x in inputs]
    if small_inputs != inputs:
        result = apply(node.primitive.name, *small_inputs, **node.attributes)
        return apply("broadcast_to", result, shape=node.shape)
    return None


def _cast(node: Node) -> Node | None:
    (x,) = node.inputs
    if x.dtype == node.dtype:
        return x
    if x.primitive.name == "broadcast_to" and x.inputs[0].shape == ():
        return apply("broadcast_to", cast(x.inputs[0], node.dtype), shape=node.shape)
    return None


def _plus_negative(node: Node) -> Node | None:
    """x + c for a constant without a positive number is x - (-c)."""
    for c, x in (node.inputs, node.inputs[::-1]):
        value = c.attributes["value"] if c.primitive.name == "constant" else None
        if (
            value is not None
            and value.dtype.kind == "f"
            and value.size
            and (value <= 0).all()
            and (value < 0).any()
        ):
            return x - as_node(-value)
    return None


def _negative_of_product(node: Node) -> Node | None:
    """-(c · x) for a number c is (-c) · x."""
    (x,) = node.inputs
    if x.primitive.name not in ("multiply", "divide"):
        return None
    for position, factor in enumerate(x.inputs):
        if factor.primitive.name == "constant" and factor.shape == ():
            value = as_node(-factor.attributes["value"])
            return apply(x.primitive.name, *(value if i == position else f for i, f in enumerate(x.inputs)))
    return None


def _common_number(node: Node) -> Node | None:
    """a · n - b · n is (a - b) · n for a number n, which must be positive to leave the sign of 0 alone."""
    left, right = (_way_to_number(x) for x in node.inputs)
    # Where both hold one and the same product with a number, there is no second one to save, and taken out it
    # would be in the way of all that follows: a chain of such steps would move each number past each other.
    if not left or not right or left[-1][0] is right[-1][0]:
        return None
    (a, n), (b, m) = (_without_number(way) for way in (left, right))
    if abs(n) != abs(m) or not n > 0:
        return None
    plus = (node.primitive.name == "add") == (n == m)
    return (a + b if plus else a - b) * as_node(n, [node.dtype])


def _way_to_number(product: Node, depth: int = 3) -> list[tuple[Node, int]]:
    """Return the products from one down to that which has a number for a factor, and the factor to follow in each."""
    if product.primitive.name == "multiply" and depth:
        for position, x in enumerate(product.inputs):
            if is_scalar(x) and product.inputs[1 - position].dtype == product.dtype:
                return [(product, position)]
            way = _way_to_number(x, depth - 1)
            if way:
                return [(product, position), *way]
    return []


def _without_number(way: list[tuple[Node, int]]) -> tuple[Node, float]:
    """Return the first product of a way without the number that it leads to, and that number."""
    *above, (product, position) = way
    rest, n = product.inputs[1 - position], float(product.inputs[position].attributes["value"])
    for outer, place in reversed(above):
        other = outer.inputs[1 - place]
        rest = rest * other if place == 0 else other * rest
    return rest, n


COMPUTED_ALIKE = ("negative", "log", "log1p", "sigmoid", "softplus", "tanh", "relu", "raised", "sqrt", "root")
ELEMENTWISE = (
    "add", "subtract", "multiply", "weigh", "divide", "maximum", "minimum", "where", "greater", "greater_equal", "less",
    "less_equal", "equal", "not_equal", "logical_and", "logical_or", "power",
)  # fmt: skip
MOVES = [
    Move("e ** x", "is exp(x)", ("power",), _e_to_the),
    Move("a number to a small power", "products are cheaper than pow", ("raised", "power", "sqrt"), _power),
    Move("where, decided", "the condition is known", ("where",), _where),
    Move("0 · log(0)", "y · log(p) tends to 0 where y = p = 0", ("multiply",), _weighed),
    Move("times a truth", "x · [c] chooses between x and 0", ("multiply",), _by_truth),
    Move("softmax by hand", "exp / sum(exp) overflows from z = 710", ("divide",), _softmax_by_hand),
    Move(
        "softmax, shifted", "a shift along the axes does not change it", ("softmax", "log_softmax"), _shifted
    ),
    Move(
        "log of softmax or of a sum of exponentials",
        "from the logarithms of the parts: finite where they are 0 or infinite in floats",
        ("log", "log1p"),
        _log_of,
    ),
    Move("brackets", "new axes reshape", ("slice",), _slice),
    Move("sum", "what is constant along the axes goes out", ("sum",), _sum),
    Move("broadcast", "twice is once", ("broadcast_to",), _broadcast_to),
    Move("reshape", "twice is once", ("reshape",), _reshape),
    Move("transpose", "twice is once; a product turns round by its letters", ("transpose",), _transpose),
    Move("product of a transpose", "the letters say it already", ("contract",), _contract),
    Move(
        "broadcast inside arithmetic",
        "arithmetic broadcasts by itself",
        (*ELEMENTWISE, *COMPUTED_ALIKE),
        _free_of_broadcast,
    ),
    Move(
        "arithmetic on transposes",
        "turned alike, turned once",
        (*ELEMENTWISE, *COMPUTED_ALIKE),
        _of_transposes,
    ),
    Move("a * n - b * n", "one product with a number is enough", ("add", "subtract"), _common_number),
    Move("cast", "to the dtype it has", ("cast",), _cast),
    Move("adding what is negative", "x + (-c) reads as x - c", ("add",), _plus_negative),
    Move(
        "negative of a number's product", "the sign goes into the number", ("negative",), _negative_of_product
    ),
]

REWRITES: list[Rewrite | Move] = [*STABLE, *ARITHMETIC, *MOVES]


@lru_cache(maxsize=4096)
def candidates(root: str, children: tuple[str, ...]) -> list[Rewrite | Move]:
    """Return the rewrites that may fit a node of the row ``root`` on inputs of the rows ``children``."""
    return [r for r in _starting_at(root) if r.children.issubset(children)]


@lru_cache(maxsize=4096)
def _starting_at(root: str) -> list[Rewrite | Move]:
    return [r for r in REWRITES if root in r.roots]
