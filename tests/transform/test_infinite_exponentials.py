"""logsumexp, softmax, log_softmax and logaddexp where inputs are infinite, and where a part is tiny."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import input
from chainrule.graph.primitives.reductions import log_softmax, logsumexp, softmax
from chainrule.transform.backprop import grad

INF = np.inf
ROWS = np.array(
    [
        [-INF, -INF, -INF],
        [INF, 0, -INF],
        [INF, INF, 1],
        [-INF, 0, 0],
        [-INF, -INF, 700],
        [1e30, 0, -1e30],
        [0, 0, 0],
    ]
)
SHARES = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 0], [1, 1, 1]])
SHARES = SHARES / SHARES.sum(axis=1, keepdims=True)
HOWS = ["as written", "numpy", "native"]


def run(nodes, feed, how):
    if how == "as written":
        found = evaluate(nodes, feed)
        return [found[n] for n in nodes]
    return cr.compile(nodes, inputs=list(feed), engine=how)(*feed.values())


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinite_inputs_share_equally(dtype, how):
    x, w = input("x", (7, 3), dtype), input("w", (7, 3), dtype)
    weights = np.array([1.0, 2.0, 4.0]) * np.ones_like(ROWS)
    p = softmax(x, axes=(1,))
    top = logsumexp(x, axes=(1,), keepdims=False)
    by_hand = np.log(np.sum(np.exp(x), axis=1))
    chosen = np.where(SHARES > 0, log_softmax(x, axes=(1,)), 0)
    nodes = [
        p, top, grad(np.sum(top), x), grad(np.sum(p * w), x), grad(np.sum(chosen * w), x),
        *([by_hand, grad(np.sum(by_hand), x)] if how != "as written" else []),
    ]  # fmt: skip
    found = run(nodes, {x: ROWS.astype(dtype), w: weights.astype(dtype)}, how)
    lifted = SHARES * (weights - (SHARES * weights).sum(axis=1, keepdims=True))
    kept = np.where(SHARES > 0, weights, 0)
    top = [-INF, INF, INF, np.log(2), 700, 1e30, np.log(3)]
    right = [SHARES, top, SHARES, lifted, kept - SHARES * kept.sum(axis=1, keepdims=True), top, SHARES]
    for value, want in zip(found, right, strict=False):
        np.testing.assert_allclose(value, want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("how", HOWS)
def test_nan_spreads_over_its_row(how):
    x = input("x", ("n", 2))
    nodes = [softmax(x, axes=(1,)), log_softmax(x, axes=(1,)), logsumexp(x, axes=(1,), keepdims=True)]
    for value in run(nodes, {x: np.array([[np.nan, INF], [-INF, np.nan], [0.0, 0.0]])}, how):
        assert np.isnan(value[:2]).all() and np.isfinite(value[2]).all()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logaddexp_has_every_digit_of_the_small_part(dtype, how):
    ends = [0.0, -1.0, -17.5, -20, -30, -40, -87, -745, 3, 800, -1e30, 1e30, INF, -INF]
    A, B = (v.ravel().astype(dtype) for v in np.meshgrid(ends, ends))
    a, b = input("a", ("n",), dtype), input("b", ("n",), dtype)
    y = np.logaddexp(a, b)
    found, da, db = run([y, *grad(np.sum(y), [a, b])], {a: A, b: B}, how)
    rounding = {"float32": 1e-6, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(
        found, np.logaddexp(A, B), rtol=rounding, atol=2 * np.finfo(dtype).smallest_subnormal
    )
    with np.errstate(invalid="ignore", over="ignore"):
        right = np.where(A == B, 0.5, 1 / (1 + np.exp(-(A - B).astype("float64"))))
    for slope, want in ((da, right), (db, 1 - right)):
        np.testing.assert_allclose(slope, want, rtol=2 * rounding, atol=np.finfo(dtype).eps)
    np.testing.assert_allclose(run([np.log(np.logaddexp(0, b))], {b: B[B > -80]}, how)[0],
                               np.log(np.logaddexp(0, B[B > -80])), rtol=1e-5, atol=rounding)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_nearly_one_or_zero_keeps_its_digits(dtype, engine):
    at = np.array([1e-30, -1e-30, 1e-9, 0.5], dtype)
    x = input("x", (4,), dtype)
    forms = {
        np.log(1 + x): np.log1p(at), np.log(x + 1): np.log1p(at), np.log2(1 + x): np.log1p(at) / np.log(2),
        np.log10(1 + x): np.log1p(at) / np.log(10), np.exp(x) - 1: np.expm1(at), -1 + np.exp(x): np.expm1(at),
        1 - np.exp(x): -np.expm1(at), np.sinh(x): np.sinh(at),
        np.logaddexp2(0, 0 * x - 60): np.full(4, np.logaddexp2(0, -60.0)),
    }  # fmt: skip
    for (node, want), value in zip(forms.items(), run(list(forms), {x: at}, engine), strict=True):
        np.testing.assert_allclose(
            value, want, rtol=1e-5 if dtype == "float32" else 1e-13, atol=0, err_msg=str(node)
        )
