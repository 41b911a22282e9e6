"""Comparisons and logic: their derivative is 0, so no gradient flows."""

from typing import Any

import numpy as np

from chainrule.graph.primitives.bounds import truth
from chainrule.graph.primitives.primitive import COMPARE, NEGATE, REAL, Primitive, boolean, row


def _of_two(name: str, text: str, latex: str, numpy: np.ufunc, **columns: Any) -> Primitive:
    return row(
        name, text=text, latex=latex, binds=COMPARE, needs=(COMPARE + 1, COMPARE + 1),
        forward=numpy, partials=lambda y, a, b: [None, None],
        dtype=boolean, nan="never", range=truth, numpy=(numpy,), domain=(REAL, REAL),
        **columns,
    )  # fmt: skip


greater: Primitive = _of_two("greater", "{0} > {1}", "{0} > {1}", np.greater)
greater_equal: Primitive = _of_two("greater_equal", "{0} ≥ {1}", r"{0} \geq {1}", np.greater_equal)
less: Primitive = _of_two("less", "{0} < {1}", "{0} < {1}", np.less)
less_equal: Primitive = _of_two("less_equal", "{0} ≤ {1}", r"{0} \leq {1}", np.less_equal)
equal: Primitive = _of_two("equal", "{0} = {1}", "{0} = {1}", np.equal, commutative=True)
not_equal: Primitive = _of_two("not_equal", "{0} ≠ {1}", r"{0} \ne {1}", np.not_equal, commutative=True)
logical_and: Primitive = _of_two(
    "logical_and", "{0} and {1}", r"{0} \wedge {1}", np.logical_and, commutative=True
)
logical_or: Primitive = _of_two("logical_or", "{0} or {1}", r"{0} \vee {1}", np.logical_or, commutative=True)
logical_not: Primitive = row(
    "logical_not", text="not {0}", latex=r"\neg {0}", binds=NEGATE, needs=(NEGATE,),
    forward=np.logical_not, partials=lambda y, x: [None],
    dtype=boolean, nan="never", range=truth, numpy=(np.logical_not,), domain=(REAL,),
)  # fmt: skip
