"""Products of arrays: one row, which an index string describes."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.graph.contraction import contracted, contraction
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import Range, alike
from chainrule.graph.primitives.identities import mark
from chainrule.graph.primitives.linear import reshape, total, transpose
from chainrule.graph.primitives.primitive import MULTIPLY, Case, Primitive, row

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# -- what these functions take and return are array-likes of any kind: arrays or nodes.


@lru_cache(maxsize=4096)
def contraction_function(spec: str) -> Callable[[Any, Any], Any]:
    """Return the function of two arrays that ``spec`` describes, as one (batched) matrix product."""
    plan = contraction(spec)
    # in the order of the smaller operand, say a kernel's: windows are copied on the way, and in runs of its last letter
    order = min(plan.left, plan.right, key=len) + plan.out
    rows, inner, columns = (
        "".join(sorted(k, key=order.index)) for k in (plan.rows, plan.inner, plan.columns)
    )
    left, right = _matrix(plan.left, plan.batch, rows, inner), _matrix(plan.right, plan.batch, inner, columns)
    made = plan.batch + rows + columns
    turn_out = [made.index(k) for k in plan.out]

    def general(x, y):
        lengths = {
            **dict(zip(plan.left, x.shape, strict=True)),
            **dict(zip(plan.right, y.shape, strict=True)),
        }
        found = np.matmul(left(x), right(y)).reshape([lengths[k] for k in made])
        return found.transpose(turn_out)

    if plan.batch or not len(rows) == len(inner) == len(columns) == 1:
        return general
    turned = (plan.left[0] == inner, plan.right[0] == columns, plan.out[0] == columns)
    return {
        (False, False, False): lambda x, y: x @ y,
        (True, False, False): lambda x, y: x.T @ y,
        (False, True, False): lambda x, y: x @ y.T,
        (True, True, False): lambda x, y: x.T @ y.T,
    }.get(turned, lambda x, y: (left(x) @ right(y)).T)


def _matrix(letters: str, batch: str, down: str, along: str) -> Callable[[Any], Any]:
    """Return what makes matrices of an operand, letters ``down`` by letters ``along``, for each of ``batch``.

    One whose letters ``along`` come first is turned when it is a matrix: to copy it turned takes longer.
    """
    turned = next((k in along for k in letters if k not in batch), False)
    first, last = (along, down) if turned else (down, along)
    axes, outer, middle = [letters.index(k) for k in batch + first + last], len(batch), len(batch + first)

    def matrix(x):
        x = x.transpose(axes)
        x = x.reshape(*x.shape[:outer], math.prod(x.shape[outer:middle]), math.prod(x.shape[middle:]))
        return x.swapaxes(-1, -2) if turned else x

    return matrix


def _adjoint(dy, y, a, b, spec):
    plan = contraction(spec)
    return [
        contract(dy, b, spec=f"{plan.out},{plan.right}->{plan.left}"),
        contract(a, dy, spec=f"{plan.left},{plan.out}->{plan.right}"),
    ]


def _reach(chosen, y, a, b, spec):
    plan = contraction(spec)

    def reached(letters, x):
        """Return for each element of a factor whether any of the results it takes part in was chosen."""
        kept = "".join(k for k in plan.out if k in letters)
        away = tuple(i for i, k in enumerate(plan.out) if k not in letters)
        found = total(chosen, axes=away, keepdims=False) > 0
        turned = transpose(found, axes=tuple(kept.index(k) for k in letters if k in kept))
        return reshape(
            turned, shape=tuple(e if k in kept else 1 for k, e in zip(letters, x.shape, strict=True))
        )

    return [reached(plan.left, a), reached(plan.right, b)]


def _range(node: Any, a: Range, b: Range) -> Range:
    plan = contraction(node.attributes["spec"])
    left, right = (_unmoved(x) for x in node.inputs)
    row_by_column = all(e == 1 for e in node.shape) and sum(e != 1 for e in left.shape) <= 1
    square = alike(left, right) and (row_by_column or (alike(*node.inputs) and plan.left == plan.right))
    low = 0.0 if square or (a.low >= 0 and b.low >= 0) else -math.inf
    return Range(low, math.inf, a.finite and b.finite, square)


def _unmoved(node: Any) -> Any:
    while node.primitive in (reshape, transpose, mark):
        node = node.inputs[0]
    return node


contract: Primitive = row(
    "contract", text="{spec}",  # written as the matrix product that it is, see `show`
    binds=MULTIPLY,
    forward=lambda x, y, spec: contraction_function(spec)(x, y), adjoint=_adjoint, reach=_reach,
    attributes={"spec": kind.SPEC}, shape=lambda *found, spec: contracted(found, spec), linear="each",
    range=_range,
    cases=(
        Case((2, 3), (3, 4), spec="ik,kj->ij"), Case((3, 2), (3, 4), spec="ki,kj->ij"),
        Case((2, 3), (4, 3), spec="ik,jk->ji"), Case((2, 5, 3), (2, 3, 4), spec="bik,bkj->bij"),
        Case((3,), (3,), spec="i,i->"), Case((2,), (3,), spec="i,j->ji"),
        Case((2, 3, 4), (3, 4), spec="ijk,jk->i"), Case((0, 3), (3, 2), spec="ik,kj->ij"),
        Case((2, 0), (0, 2), spec="ik,kj->ij"), Case((2, 3), (2, 3), spec="ij,ij->ij"),
        Case((2, 3, 2, 2), (2, 3, 2), spec="abij,abj->aib"), Case((), (2, 3), spec=",ij->ji"),
    ),
    note="a sum of products: each factor's gradient is a product of the incoming gradient and the other",
)  # fmt: skip
