"""Reductions that are no sums: the largest, its position, and the softmax family.

Their derivative rules are written by hand and, like all else, in array-likes: given nodes they return graph.
"""

import math

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import Range, between, same
from chainrule.graph.primitives.identities import cast
from chainrule.graph.primitives.linear import broadcast_to, reshape, spread, total
from chainrule.graph.primitives.primitive import SERIES, Case, Primitive, floating, row

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# -- what these functions take and return are array-likes of any kind: arrays or nodes.


def _largest(x, axes, keepdims):
    if x.size == 0:
        shapes.check_elements([x.shape[a] for a in axes])
    return np.max(x, axis=axes, keepdims=keepdims)


def _argmax(x, axis):
    if x.size == 0:
        shapes.check_elements([x.shape[axis]])
    return np.argmax(x, axis=axis)


def _largest_vjp(dy, y, x, axes, keepdims):
    hit, ties = _hits(y, x, axes, keepdims)
    return [np.where(hit, spread(dy / ties, x, axes, keepdims), 0)]


def _largest_jvp(x_dots, y, x, axes, keepdims):
    hit, ties = _hits(y, x, axes, keepdims)
    return total(np.where(hit, x_dots[0], 0), axes=axes, keepdims=keepdims) / ties


def _hits(y, x, axes, keepdims):
    """Return which elements are as large as the largest, and how many of them tie."""
    hit = np.equal(x, y if keepdims else reshape(y, shape=shapes.reduce(x.shape, axes, True)))
    return hit, total(cast(hit, dtype=x.dtype.name), axes=axes, keepdims=keepdims)


largest: Primitive = row(
    "max", text="max({0}{over})", latex=r"\max {0}",
    forward=_largest, vjp=_largest_vjp, jvp=_largest_jvp,
    reach=lambda chosen, y, x, axes, keepdims: [spread(chosen, x, axes, keepdims)],
    attributes={"axes": kind.AXES, "keepdims": kind.FLAG},
    shape=shapes.reduce, mixes="axes", reduces="maximum",
    range=same,
    cases=tuple(
        Case(shape, axes=axes, keepdims=keepdims)
        for shape, axes in [((2, 3), (0,)), ((2, 3), (1,)), ((2, 3), (0, 1)), ((0, 2), (1,))]
        for keepdims in [False, True]
    ),
    kink="elements that tie share the gradient equally",
)  # fmt: skip
argmax: Primitive = row(
    "argmax", text="argmax({0}, axis={axis})", latex=r"\arg\max {0}",
    forward=_argmax,
    no_derivative="argmax gives a position, which does not change smoothly; use max, or softmax",
    attributes={"axis": kind.AXIS}, shape=lambda x, axis: shapes.reduce(x, (axis,), False),
    dtype=lambda x, axis: np.dtype(np.int64), mixes="axes", nan="never",
    range=lambda node, x: Range(0, math.inf), cases=(Case((2, 3), axis=0), Case((2, 3), axis=1)),
    kink="the first of those that tie",
)  # fmt: skip

# --- the softmax family ---------------------------------------------------------------------------------

EQUAL_SHARES = "those that tie at an infinite maximum count equally, and all others 0"


def _below_peak(x, axes):
    """Return x - max(x), and 0 at the maximum itself, though it be infinite."""
    peak = np.maximum.reduce(x, axis=axes, keepdims=True, initial=-np.inf)
    below = x - peak
    if isinstance(peak, np.ndarray) and np.isfinite(peak).all():
        return below  # nearly always, and for large arrays twice as fast
    return np.where(np.equal(x, peak), 0, below)


def _shifted(x, axes):
    """Return x - max(x) as a graph, and the sum of its exponentials."""
    peak = largest(x, axes=axes, keepdims=True)
    shifted = x - peak
    shifted = np.where(shifted < 0, shifted, 0)  # one instruction: min(x, 0)
    summed = total(np.exp(shifted), axes=axes, keepdims=True)
    return shifted, np.where(np.equal(peak, peak), summed, np.nan)


def _among_all(chosen, y, x, axes):
    """Every element takes part in all that lie along the axes."""
    return [broadcast_to(total(chosen, axes=axes, keepdims=True) > 0, shape=x.shape)]


def _softmax(x, axes):
    e = np.exp(_below_peak(x, axes))
    return e / np.add.reduce(e, axis=axes, keepdims=True)


def _softmax_in_rows(x, axes):
    shifted, summed = _shifted(x, axes)
    return np.exp(shifted) / summed


softmax: Primitive = row(
    "softmax",
    forward=_softmax, vjp=lambda dy, y, x, axes: [y * (dy - total(dy * y, axes=axes, keepdims=True))],
    jvp=lambda x_dots, y, x, axes: y * (x_dots[0] - total(x_dots[0] * y, axes=axes, keepdims=True)),
    reach=_among_all,
    attributes={"axes": kind.AXES}, shape=shapes.over_axes, dtype=floating,
    mixes="axes", nonzero=True, nan="input", range=between(0, 1), cost=2 * SERIES, made_of=_softmax_in_rows,
    cases=(
        Case((2, 3), axes=(1,)), Case((3, 2), axes=(0,)), Case((3,), axes=(0,)), Case((2, 3, 2), axes=(0, 2)),
        Case((0, 3), axes=(1,)), Case((2, 0), axes=(1,)),
    ),
    kink=EQUAL_SHARES, note="every output depends on every input: raising one lowers all the others",
)  # fmt: skip


def _log_softmax(x, axes):
    shifted = _below_peak(x, axes)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axes, keepdims=True))


def _log_softmax_in_rows(x, axes):
    shifted, summed = _shifted(x, axes)
    return shifted - np.log(summed)


log_softmax: Primitive = row(
    "log_softmax", latex=r"\log \operatorname{{softmax}}\left({0}\right)",
    forward=_log_softmax,
    vjp=lambda dy, y, x, axes: [dy - softmax(x, axes=axes) * total(dy, axes=axes, keepdims=True)],
    jvp=lambda x_dots, y, x, axes: (
        x_dots[0] - total(softmax(x, axes=axes) * x_dots[0], axes=axes, keepdims=True)
    ),
    reach=_among_all,
    attributes={"axes": kind.AXES}, shape=shapes.over_axes, dtype=floating,
    mixes="axes", logarithm="exponentials", nan="input", range=between(-math.inf, 0), cost=2 * SERIES,
    made_of=_log_softmax_in_rows,
    cases=(Case((2, 3), axes=(1,)), Case((3, 2), axes=(0,)), Case((3,), axes=(0,)), Case((0, 3), axes=(1,))),
    kink=EQUAL_SHARES,
    note="the logarithm of softmax, finite where softmax is 0 in floats and exact where inputs are large",
)  # fmt: skip


def _logsumexp(x, axes, keepdims):
    peak = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
    peak = np.where(np.isfinite(peak), peak, 0)
    inner = np.log(np.sum(np.exp(x - peak), axis=axes, keepdims=True)) + peak
    return inner if keepdims else inner.reshape(shapes.reduce(x.shape, axes, False))


def _logsumexp_in_rows(x, axes, keepdims):
    peak = largest(x, axes=axes, keepdims=True)
    peak = np.where(np.abs(peak) < np.inf, peak, 0)
    inner = np.log(total(np.exp(x - peak), axes=axes, keepdims=True)) + peak
    return inner if keepdims else reshape(inner, shape=shapes.reduce(x.shape, axes, False))


logsumexp: Primitive = row(
    "logsumexp", text="logsumexp({0}{over})", latex=r"\log \sum e^{{{0}}}",
    forward=_logsumexp,
    vjp=lambda dy, y, x, axes, keepdims: [spread(dy, x, axes, keepdims) * softmax(x, axes=axes)],
    jvp=lambda x_dots, y, x, axes, keepdims: total(
        x_dots[0] * softmax(x, axes=axes), axes=axes, keepdims=keepdims
    ),
    reach=lambda chosen, y, x, axes, keepdims: [spread(chosen, x, axes, keepdims)],
    attributes={"axes": kind.AXES, "keepdims": kind.FLAG},
    shape=shapes.reduce, dtype=floating, mixes="axes",
    logarithm="exponentials", range=between(-math.inf, math.inf), cost=SERIES, made_of=_logsumexp_in_rows,
    cases=(
        Case((2, 3), axes=(1,), keepdims=True), Case((2, 3), axes=(0,), keepdims=False),
        Case((2, 3), axes=(0, 1), keepdims=False), Case((0, 2), axes=(1,), keepdims=True),
        Case((2, 0), axes=(1,), keepdims=False),
    ),
    kink=EQUAL_SHARES, note="log(Σ exp(x)) without overflow",
)  # fmt: skip
