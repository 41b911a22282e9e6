"""NumPy's products on nodes: each becomes a contraction, or several."""

from typing import Any

import numpy as np

from chainrule.errors import ShapeError, UnsupportedError
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, broadcast
from chainrule.graph.numpy_api.operands import weak

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def matmul(a: Any, b: Any) -> Node:
    a, b = weak(a, b)
    if not a.shape or not b.shape:
        raise ShapeError(
            f"matmul: shapes {shapes.show(a.shape)} and {shapes.show(b.shape)}: "
            "a number has no axis to sum over; use '*'."
        )
    common = shapes.broadcast(a.shape[:-2], b.shape[:-2])
    batch = LETTERS[2 : 2 + len(common)]
    a, b = (broadcast(x, (*common, *x.shape[-2:])) if x.ndim > 1 else x for x in (a, b))
    left, right = (batch + "az" if a.ndim > 1 else "z"), (batch + "zb" if b.ndim > 1 else "z")
    out = batch + "a" * (a.ndim > 1) + "b" * (b.ndim > 1)
    return _contract(a, b, f"{left},{right}->{out}", "matmul")


def _contract(a: Node, b: Node, spec: str, name: str) -> Node:
    """Contract as ``spec`` says; shapes that do not fit are named as the user's function names them."""
    try:
        return apply("contract", a, b, spec=spec)
    except ShapeError as error:
        reason = str(error).removeprefix("contract: ").removeprefix("contract of ")
        failed = ShapeError(f"{name}: {reason}")
        failed.where = name, (a, b)
        raise failed from None


def dot(a: Any, b: Any) -> Node:
    a, b = weak(a, b)
    if not a.shape or not b.shape:
        return a * b
    if b.ndim == 1 or a.ndim <= 2 >= b.ndim:
        return matmul(a, b)
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 2,)))


def vdot(a: Any, b: Any) -> Node:
    return dot(np.ravel(a), np.ravel(b))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    a, b = weak(a, b)
    if isinstance(axes, int):
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    first = [axes[0]] if isinstance(axes[0], int) else list(axes[0])
    second = [axes[1]] if isinstance(axes[1], int) else list(axes[1])
    left = list(LETTERS[: a.ndim])
    right = list(LETTERS[a.ndim : a.ndim + b.ndim])
    if len(first) != len(second):
        raise ShapeError(f"tensordot: {len(first)} axes of the first cannot be summed with {len(second)}.")
    for i, j in zip(first, second, strict=True):
        right[shapes.axis_index(j, b.ndim)] = left[shapes.axis_index(i, a.ndim)]
    out = [x for x in left if x not in right] + [x for x in right if x not in left]
    return _contract(a, b, f"{''.join(left)},{''.join(right)}->{''.join(out)}", "tensordot")


def outer(a: Any, b: Any) -> Node:
    a, b = weak(a, b)
    return apply("contract", np.ravel(a), np.ravel(b), spec="a,b->ab")


def inner(a: Any, b: Any) -> Node:
    a, b = weak(a, b)
    if not a.shape or not b.shape:
        return a * b
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def einsum(subscripts: str, *operands: Any, optimize: Any = None) -> Node:
    del optimize
    if not isinstance(subscripts, str) or "." in subscripts:
        raise UnsupportedError("np.einsum of nodes takes an index string without '...': 'ik,kj->ij'.")
    subscripts = subscripts.replace(" ", "")
    inputs, arrow, out = subscripts.partition("->")
    letters = inputs.split(",")
    if not arrow:
        out = "".join(sorted(x for x in set(inputs) - {","} if inputs.count(x) == 1))
    if len(letters) != len(operands):
        raise ShapeError(f"einsum: '{subscripts}' names {len(letters)} arrays; {len(operands)} were given.")
    nodes = [as_node(x) for x in operands]
    for have, x in zip(letters, nodes, strict=True):
        if len(have) != x.ndim:
            raise ShapeError(f"einsum: '{have}' does not name the axes of shape {shapes.show(x.shape)}.")
    if not set(out) <= set(inputs) or len(set(out)) < len(out):
        raise ShapeError(f"einsum: '{out}' must hold letters of '{inputs}', each once.")
    nodes, letters = map(list, zip(*map(_without_repetition, nodes, letters), strict=True))
    current, have = nodes[0], letters[0]
    for k in range(1, len(nodes)):
        rest = set(out).union(*letters[k + 1 :])
        current, have = _einsum_two(current, have, nodes[k], letters[k], rest)
    current, have = _sum_letters(current, have, [x for x in have if x not in out])
    order = tuple(have.index(x) for x in out)
    return current if order == tuple(range(len(order))) else apply("transpose", current, axes=order)


def _einsum_two(a: Node, left: str, b: Node, right: str, keep: set[str]) -> tuple[Node, str]:
    a, left = _sum_letters(a, left, [x for x in left if x not in right and x not in keep])
    b, right = _sum_letters(b, right, [x for x in right if x not in left and x not in keep])
    out = "".join(x for x in left if x not in right or x in keep) + "".join(x for x in right if x not in left)
    return _contract(a, b, f"{left},{right}->{out}", "einsum"), out


def _sum_letters(x: Node, letters: str, gone: list[str]) -> tuple[Node, str]:
    if not gone:
        return x, letters
    axes = tuple(sorted(letters.index(g) for g in gone))
    return apply("sum", x, axes=axes, keepdims=False), "".join(k for k in letters if k not in gone)


def _without_repetition(x: Node, letters: str) -> tuple[Node, str]:
    """Take the diagonal along the axes of a letter that stands there twice."""
    for letter in letters:
        while letters.count(letter) > 1:
            one, two = [i for i, k in enumerate(letters) if k == letter][:2]
            if x.shape[one] != x.shape[two]:
                raise ShapeError(
                    f"einsum: '{letter}' names axes of two lengths in shape {shapes.show(x.shape)}."
                )
            x = as_node(np.diagonal(x, 0, one, two))
            letters = "".join(k for i, k in enumerate(letters) if i not in (one, two)) + letter
    return x, letters
