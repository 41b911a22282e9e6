"""From the table's rows to those the engine has code for: what is written in others is written out."""

import math
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import Any

import numpy as np

from chainrule.errors import UnsupportedError
from chainrule.graph import shapes
from chainrule.graph.closed import Program, bodies
from chainrule.graph.identity import of_attributes
from chainrule.graph.node import Node, apply, as_node, cast, leaf_key
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.walk import order

MOVEMENTS = {"reshape", "transpose", "broadcast_to", "slice"}
SPECIAL = {"argmax", "concatenate", "pad", "gather", "scatter_add", "random_uniform"}
LEAVES = {"variable", "input", "constant", "length"}
BASIC = {"contract", "sum", "max"} | MOVEMENTS | SPECIAL | LEAVES
FEW = 32  # so few sums along rows that both lie without gaps are written as such
MOST_PARTS = 32  # are joined at once: the code for it grows with them, and is one function
SHORT = 8  # a product that sums over no more terms is written out, term by term


def expand(program: Program, coded: Collection[str]) -> Program:
    """Return a program that computes the same, in the rows that there is code for: ``coded``, by their names."""
    return program.rebuild(partial(_expanded, coded))


def expand_products(program: Program) -> Program:
    """Return a program whose products are all real ones; what is written twice in it is computed once."""
    return _shared(program.rebuild(_with_product))


def _shared(program: Program) -> Program:
    """Let what is written twice be computed once: softmax and log_softmax of the same numbers, say."""
    first: dict[Any, Node] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if not inputs:
            return first.setdefault(leaf_key(node), node)
        key = (node.primitive, tuple(map(id, inputs)), of_attributes(node.attributes), node.dtype)
        if key not in first:
            same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
            first[key] = (
                node if same else Node(node.primitive, inputs, node.attributes, node.shape, node.dtype)
            )
        return first[key]

    return program.rebuild(visit)


def _expanded(coded: Collection[str], node: Node, inputs: tuple[Node, ...]) -> Node:
    name, at = node.primitive.name, node.attributes
    if name in ("mark", "stop_gradient"):
        return inputs[0]
    if name in COMPOSITE:
        return COMPOSITE[name](*inputs, **at)
    if name == "length" and isinstance(at["extent"], int):
        return _numbers(np.asarray(at["extent"], node.dtype))
    if name == "concatenate" and len(inputs) > MOST_PARTS:
        return _joined(inputs, **at)
    if name in coded:
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        return node if same else Node(node.primitive, inputs, at, node.shape, node.dtype)
    if bodies(node):  # written out, a loop would be as long as it takes
        raise UnsupportedError(f"The native engine has no code for '{name}', which has a graph of its own.")
    # A primitive of the user's: its formula, written out on nodes, is made of rows that are known.
    try:
        written = as_node(node.primitive.forward(*inputs, **at))
    except Exception as error:  # SciPy, Python's math, a loop over numbers: whatever nodes cannot go through
        raise UnsupportedError(
            f"The primitive '{name}' has no code on the native engine, which writes it out on nodes: {error}"
        ) from error
    if written.shape != node.shape:
        raise UnsupportedError(f"The primitive '{name}' returns shape {written.shape} and not {node.shape}.")
    names = {n.primitive.name for n in order([written], stop=inputs)}
    became: dict[Node, Node] = {x: x for x in inputs}
    for n in order([written], stop=inputs):
        if n not in became:
            became[n] = _expanded(coded, n, tuple(became[x] for x in n.inputs))
    if name in names:
        raise UnsupportedError(f"The primitive '{name}' is written in terms of itself.")
    return cast(became[written], node.dtype)


# --- what is written in other rows ---


def _joined(parts: tuple[Node, ...], axis: int) -> Node:
    """Join many parts a few at a time."""
    while len(parts) > MOST_PARTS:
        some = [parts[i : i + MOST_PARTS] for i in range(0, len(parts), MOST_PARTS)]
        parts = tuple(apply("concatenate", *each, axis=axis) if len(each) > 1 else each[0] for each in some)
    return apply("concatenate", *parts, axis=axis)


def _softmax(x: Node, axes: tuple[int, ...]) -> Node:
    shifted, total = _shifted(x, axes)
    return apply("exp", shifted) / total


def _log_softmax(x: Node, axes: tuple[int, ...]) -> Node:
    shifted, total = _shifted(x, axes)
    return shifted - apply("log", total)


def _shifted(x: Node, axes: tuple[int, ...]) -> tuple[Node, Node]:
    """Return x - max x, which is 0 at an infinite maximum too, and the sum of its exponentials."""
    peak = _peak(x, axes)
    shifted = x - peak
    zero, nan = _number(0, x.dtype), _number(np.nan, x.dtype)
    shifted = apply("where", apply("less", shifted, zero), shifted, zero)  # one instruction: min(x, 0)
    total = apply("sum", apply("exp", shifted), axes=axes, keepdims=True)
    return shifted, apply("where", apply("equal", peak, peak), total, nan)


def _logsumexp(x: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    peak = _peak(x, axes)
    finite = apply("less", apply("abs", peak), _number(np.inf, x.dtype))
    peak = apply("where", finite, peak, _number(0, x.dtype))
    e = apply("exp", x - peak)
    inner = apply("log", apply("sum", e, axes=axes, keepdims=True)) + peak
    return inner if keepdims else apply("reshape", inner, shape=shapes.reduce(x.shape, axes, False))


def _peak(x: Node, axes: tuple[int, ...]) -> Node:
    return apply("max", x, axes=axes, keepdims=True)


@lru_cache
def _number(value: float, dtype: np.dtype) -> Node:
    """Return the very same node for the same number: what is written twice is then seen to be one."""
    return as_node(np.array(value, dtype))


def _numbers(array: np.ndarray) -> Node:
    return Node(TABLE["constant"], (), {"value": array}, array.shape, array.dtype)


def _one_hot(labels: Node, classes: int, dtype: str) -> Node:
    column = apply("reshape", labels, shape=(*labels.shape, 1))
    return cast(apply("equal", column, _numbers(np.arange(classes, dtype=labels.dtype))), dtype)


def _softplus(x: Node) -> Node:
    # Of x and of -x, which a crossentropy needs both, the costly part is the same.
    same = x.inputs[0] if x.primitive.name == "negative" else x
    return apply("relu", x) + apply("log1p", apply("exp", -apply("abs", same)))


def _floats(x: Node) -> Node:
    return x if x.dtype.kind == "f" else cast(x, np.float64)


def _arcsin(x: Node) -> Node:
    x = _floats(x)
    return apply("arctan", x / apply("sqrt", (1 - x) * (1 + x)))


def _arccos(x: Node) -> Node:
    x = _floats(x)
    return 2 * apply("arctan", apply("sqrt", (1 - x) / (1 + x)))


def _arctan2(y: Any, x: Any) -> Any:
    y, x = _floats(y), _floats(x)
    high, wide = np.abs(y), np.abs(x)
    diagonal = np.equal(high, wide) & np.not_equal(high, 0)  # of two infinities, too
    ratio = np.where(diagonal, 1, high / np.where(np.equal(high, 0) & np.equal(wide, 0), 1, wide))
    angle = apply("arctan", ratio)
    turned = np.where(_is_negative(x), math.pi - angle, angle)
    return np.where(_is_negative(y), -turned, turned)


def _is_negative(x: Any) -> Any:
    return (x < 0) | (1 / x < 0)  # -0 is


LARGE = 1e9  # beyond, 1 is too small to count beside a square, which may overflow


def _arcsinh(x: Any) -> Any:
    x = _floats(x)
    size = np.abs(x)
    near = np.minimum(size, LARGE)
    small = np.log1p(near + near * near / (1 + apply("sqrt", 1 + near * near)))
    found = np.where(size < LARGE, small, np.log(size) + math.log(2))
    return np.where(np.isnan(x), x, np.where(x < 0, -found, np.where(np.equal(x, 0), x, found)))


def _arccosh(x: Any) -> Any:
    x = _floats(x)
    above = np.minimum(x, LARGE) - 1
    near = np.log1p(above + apply("sqrt", above) * apply("sqrt", above + 2))
    return np.where(x >= LARGE, np.log(x) + math.log(2), near)


def _cbrt(x: Any) -> Any:
    x = _floats(x)
    size = np.abs(x)
    near = apply("raised", size, exponent=1 / 3)
    # A third is no float: one step of Newton's mends the last digits.
    better = near - (near - size / (near * near)) / 3
    return np.sign(x) * np.where((size > 0) & (size < np.inf), better, near)


def _cumsum(x: Node, axis: int) -> Node:
    """Add what stands one place before, then two, four, eight: every sum is there after log₂ n steps."""
    length = x.shape[axis]
    if isinstance(length, shapes.Extent):
        raise UnsupportedError(
            f"The native engine has no code for cumsum along the open axis '{length}': how many sums there are must be "
            "known when code is made. Give the input a length there."
        )
    total = cast(x, np.cumsum(np.zeros(0, x.dtype)).dtype)
    before = (shapes.FULL,) * axis
    behind = (shapes.FULL,) * (x.ndim - axis - 1)
    step = 1
    while step < length:
        kept = apply("slice", total, index=(*before, (0, length - step, 1), *behind))
        total = total + apply("pad", kept, index=(*before, (step, length, 1), *behind), shape=x.shape)
        step *= 2
    return total


COMPOSITE: dict[str, Callable[..., Node]] = {
    "arcsin": _arcsin,
    "arccos": _arccos,
    "arctan2": _arctan2,
    "arcsinh": _arcsinh,
    "arccosh": _arccosh,
    "cbrt": _cbrt,
    "cumsum": _cumsum,
    "root": lambda x: apply("sqrt", x),
    "softplus": _softplus,
    "one_hot": _one_hot,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
}


# --- products ---


def _with_product(node: Node, inputs: tuple[Node, ...]) -> Node:
    if node.primitive.name == "contract":
        return _product(inputs[0], inputs[1], node.attributes["spec"])
    same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
    return node if same else Node(node.primitive, inputs, node.attributes, node.shape, node.dtype)


def _product(x: Node, y: Node, spec: str) -> Node:
    """Write a product that is no real matrix product as what it is: a multiplication, a sum of some terms."""
    plan = shapes.contraction(spec)
    extents = dict(zip(plan.left, x.shape, strict=True)) | dict(zip(plan.right, y.shape, strict=True))
    out = tuple(extents[k] for k in plan.out)
    dtype = np.result_type(x.dtype, y.dtype)
    if dtype.kind not in "biuf":
        raise UnsupportedError(f"The native engine has no code for a product of {dtype}.")

    def one(letters: str) -> bool:
        return all(extents[k] == 1 for k in letters)

    def spread(operand: Node, have: str, want: str) -> Node:
        """Return an operand with an axis for each wanted letter, of length 1 where it has none."""
        turned = tuple(have.index(k) for k in want if k in have)
        if turned != tuple(range(len(turned))):
            operand = apply("transpose", operand, axes=turned)
        shape = tuple(extents[k] if k in have else 1 for k in want)
        return operand if operand.shape == shape else apply("reshape", operand, shape=shape)

    if one(plan.inner):
        order_out = plan.inner + plan.out
        found = spread(x, plan.left, order_out) * spread(y, plan.right, order_out)
        return found if found.shape == out else apply("reshape", found, shape=out)
    outer = [extents[k] for k in plan.rows + plan.columns]
    few = all(isinstance(e, int) for e in outer) and math.prod(outer) <= FEW
    side_by_side = plan.left[-1:] == plan.right[-1:] == plan.inner[-1:]
    if one(plan.rows) or one(plan.columns) or dtype.kind != "f" or (few and side_by_side):
        wide, narrow = (plan.left, plan.right) if one(plan.columns) else (plan.right, plan.left)
        letters = wide + "".join(k for k in narrow if k not in wide)
        if few and side_by_side:  # dot products along rows that lie without gaps
            letters = "".join(k for k in letters if k not in plan.inner) + plan.inner
        terms = spread(x, plan.left, letters) * spread(y, plan.right, letters)
        axes = tuple(i for i, k in enumerate(letters) if k in plan.inner)
        total = cast(apply("sum", terms, axes=axes, keepdims=False), dtype)
        kept = "".join(k for k in letters if k not in plan.inner)
        turned = tuple(kept.index(k) for k in plan.out)
        if turned == tuple(range(len(turned))):
            return total
        return apply("transpose", total, axes=turned)
    x, y = cast(x, dtype), cast(y, dtype)
    inwards = "".join(k for k in plan.out if not one(k))
    if inwards[-1] in plan.batch:  # products are stored row after row: a matrix for each element of the batch
        kept = "".join(k for k in plan.out if k not in plan.batch)
        found = apply("contract", x, y, spec=f"{plan.left},{plan.right}->{plan.batch}{kept}")
        return apply("transpose", found, axes=tuple((plan.batch + kept).index(k) for k in plan.out))
    return apply("contract", x, y, spec=spec)


def is_short(node: Node) -> bool:
    """Say whether a product sums so few terms that it is written out where its result is used."""
    terms = shapes.summed(node.inputs[0].shape, node.attributes["spec"])
    return len(terms) == 1 and isinstance(terms[0], int) and terms[0] <= SHORT
