"""Logarithms and roots of what is 0 or infinite in floats: value and gradient as mathematics has them."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.graph.node import input
from chainrule.graph.primitives.corners import relu
from chainrule.graph.primitives.exponentials import sigmoid, softplus
from chainrule.graph.primitives.reductions import softmax
from chainrule.graph.walk import order
from chainrule.transform.backprop import grad
from chainrule.transform.simplify import simplify

DTYPES = ["float32", "float64"]
AT = np.array([-1000.0, -800, -300, -104, -50, -17, -1, 0.25, 1, 17, 50, 104, 300, 800, 1000])


def sp(x):
    return np.logaddexp(0, x)


def sg(x):
    return np.exp(-sp(-x))


def share(a, b):
    """Return the weight of the first in exp(a) + exp(b)."""
    return sg(a - b)


FORMS = {
    "log softplus": (
        lambda x: np.log(softplus(x)),
        lambda x: np.where(x < -40, x, np.log(sp(np.maximum(x, -40)))),
        lambda x: np.where(x < -40, 1, sg(x) / sp(np.maximum(x, -40))),
    ),
    "log (1 + tanh) / 2": (lambda x: np.log((1 + np.tanh(x)) / 2), lambda x: -sp(-2 * x), lambda x: 2 * sg(-2 * x)),
    "log (1 - tanh) ½": (lambda x: np.log(0.5 * (1 - np.tanh(x))), lambda x: -sp(2 * x), lambda x: -2 * sg(2 * x)),
    "log ½ - tanh / 2": (lambda x: np.log(0.5 - np.tanh(x) / 2), lambda x: -sp(2 * x), lambda x: -2 * sg(2 * x)),
    "log of its rest": (lambda x: np.log(1 - (1 + np.tanh(x)) / 2), lambda x: -sp(2 * x), lambda x: -2 * sg(2 * x)),
    "log 1 + tanh": (
        lambda x: np.log(1 + np.tanh(x)), lambda x: np.log(2) - sp(-2 * x), lambda x: 2 * sg(-2 * x),
    ),
    "log1p -tanh": (lambda x: np.log1p(-np.tanh(x)), lambda x: np.log(2) - sp(2 * x), lambda x: -2 * sg(2 * x)),
    "log 1 - tanh²": (
        lambda x: np.log(1 - np.tanh(x) ** 2),
        lambda x: np.log(4) - sp(2 * x) - sp(-2 * x),
        lambda x: -2 * np.tanh(x),
    ),
    "log of a product": (
        lambda x: np.log(sigmoid(x) * sigmoid(2 * x) * 3), lambda x: np.log(3) - sp(-x) - sp(-2 * x),
        lambda x: sg(-x) + 2 * sg(-2 * x),
    ),
    "log of a quotient": (
        lambda x: np.log(sigmoid(x) / (1 - sigmoid(x))), lambda x: x, lambda x: np.ones_like(x),
    ),
    "log of a power": (lambda x: np.log(sigmoid(x) ** 1.7), lambda x: -1.7 * sp(-x), lambda x: 1.7 * sg(-x)),
    "log of a cube": (lambda x: np.log(np.exp(x) ** 3), lambda x: 3 * x, lambda x: 3 + 0 * x),
    "log of a root": (lambda x: np.log(np.sqrt(sigmoid(x))), lambda x: -sp(-x) / 2, lambda x: sg(-x) / 2),
    "log of a mixture": (
        lambda x: np.log(0.5 * sigmoid(x) + 0.5 * sigmoid(2 * x)),
        lambda x: np.logaddexp(-sp(-x), -sp(-2 * x)) - np.log(2),
        lambda x: share(-sp(-x), -sp(-2 * x)) * sg(-x) + share(-sp(-2 * x), -sp(-x)) * 2 * sg(-2 * x),
    ),
    "log of another": (
        lambda x: np.log(0.25 * np.exp(x) + 0.75 * np.exp(-x)),
        lambda x: np.logaddexp(x + np.log(0.25), np.log(0.75) - x),
        lambda x: 2 * share(x + np.log(0.25), np.log(0.75) - x) - 1,
    ),
    "log cosh": (
        lambda x: np.log(np.cosh(x)), lambda x: np.logaddexp(x, -x) - np.log(2), np.tanh,
    ),
    "log 1 + 3 exp": (
        lambda x: np.log(1 + 3 * np.exp(x)), lambda x: sp(x + np.log(3)), lambda x: sg(x + np.log(3)),
    ),
    "log of a selection": (
        lambda x: np.log(np.where(x > 0, sigmoid(-x), np.exp(x))), lambda x: np.where(x > 0, -sp(x), x),
        lambda x: np.where(x > 0, -sg(x), 1),
    ),
    "log of a maximum": (
        lambda x: np.log(np.maximum(sigmoid(x), sigmoid(3 * x - 1))), lambda x: np.maximum(-sp(-x), -sp(1 - 3 * x)),
        lambda x: np.where(x > 3 * x - 1, sg(-x), 3 * sg(1 - 3 * x)),
    ),
    "focal loss, γ = ½": (
        lambda x: (1 - sigmoid(x)) ** 0.5 * np.log(sigmoid(x)), lambda x: -sp(-x) * np.exp(-sp(x) / 2),
        lambda x: np.exp(-sp(x) / 2) * (sg(-x) + sg(x) * sp(-x) / 2),
    ),
    "focal loss, γ a node": (
        lambda x: np.power(1 - sigmoid(x), 0.5 + 0 * np.tanh(x)) * np.log(sigmoid(x)),
        lambda x: -sp(-x) * np.exp(-sp(x) / 2),
        lambda x: np.exp(-sp(x) / 2) * (sg(-x) + sg(x) * sp(-x) / 2),
    ),
    "root of a sigmoid": (
        lambda x: np.sqrt(sigmoid(x)), lambda x: np.exp(-sp(-x) / 2), lambda x: np.exp(-sp(-x) / 2) * sg(-x) / 2,
    ),
    "root of a softplus": (
        lambda x: softplus(x) ** 0.5,
        lambda x: np.where(x < -40, np.exp(x / 2), np.sqrt(sp(x))),
        lambda x: np.where(x < -40, np.exp(x / 2) / 2, sg(x) / 2 / np.sqrt(sp(np.maximum(x, -40)))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_value_and_gradient_are_right_where_floats_end(dtype, engine):
    x = input("x", ("n",), dtype)
    nodes = [form(x) for form, _, _ in FORMS.values()]
    slopes = [grad(np.sum(n), x) for n in nodes]
    found = cr.compile([*nodes, *slopes], inputs=[x], engine=engine)(AT.astype(dtype))
    rounding = {"float32": 3e-5, "float64": 1e-11}[dtype]
    with np.errstate(all="ignore"):
        for name, value, slope in zip(FORMS, found, found[len(nodes) :], strict=False):
            _, want, want_slope = FORMS[name]
            np.testing.assert_allclose(
                value, want(AT), rtol=rounding, atol=2 * np.finfo(dtype).eps, err_msg=name
            )
            np.testing.assert_allclose(
                slope, want_slope(AT), rtol=rounding, atol=2 * np.finfo(dtype).tiny, err_msg=name
            )


@pytest.mark.parametrize("engine", ENGINES)
def test_squares_under_and_overflow_in_vain(engine):
    x = input("x", ("n",))
    at = np.array([1e-200, -1e-200, 1e200, -1e200, 3.0, 5e-324])
    nodes = [
        np.log(x * x),
        np.log(x**2),
        np.log(np.square(x) / 4),
        np.log(x**4),
        np.log(x**-2.0),
        np.log(x**3),
    ]
    right = [2 * np.log(np.abs(at))] * 2 + [2 * np.log(np.abs(at)) - np.log(4)]
    right += [4 * np.log(np.abs(at)), -2 * np.log(np.abs(at)), 3 * np.log(np.where(at > 0, at, np.nan))]
    found = cr.compile([*nodes, *(grad(np.sum(n), x) for n in nodes[:5])], inputs=[x], engine=engine)(at)
    for value, want in zip(found, right, strict=False):
        np.testing.assert_allclose(value, want, rtol=1e-14)
    with np.errstate(over="ignore"):
        for slope, power in zip(found[6:], (2, 2, 2, 4, -2), strict=True):
            np.testing.assert_allclose(slope, power / at, rtol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_mixtures_and_rests_of_softmax(dtype, engine):
    z, w = input("z", ("n", 3), dtype), input("w", ("n", 3), dtype)
    p, q = softmax(z, axes=(1,)), softmax(w, axes=(1,))
    logits = np.array([[900.0, 0, -900], [0, 0, 0], [-400, 300, 300], [5, -5, 1]])
    others = logits[:, ::-1] / 2
    weights = np.array([0.25, 0.0, 0.75])
    nodes = [
        np.log(0.5 * p + 0.5 * q), np.log(np.mean([[0.2], [0.8]] * p[:, None], axis=1)), np.log(1 - p), np.log1p(-p),
        np.log(np.sum(p * weights, axis=1)), np.log(np.sum(p * q, axis=1)), np.log(p * q), np.log(p[:, 1] ** 2),
        np.sqrt(1 - p), np.log(np.max(p, axis=1)), np.log(np.concatenate([p, q], axis=1)),
        np.log(p @ weights), np.log(weights @ p.T), np.log(np.einsum("nk,nk->n", q, p)),
    ]  # fmt: skip
    found = cr.compile([*nodes, *(grad(np.sum(n), z) for n in nodes)], inputs=[z, w], engine=engine)(
        logits, others
    )

    def log_p(v):
        return v - np.logaddexp.reduce(v, axis=1, keepdims=True)

    P, Q = log_p(logits.astype(np.longdouble)), log_p(others.astype(np.longdouble))
    rest = np.stack([np.logaddexp.reduce(np.delete(P, i, axis=1), axis=1) for i in range(3)], axis=1)
    with np.errstate(divide="ignore"):
        right = [
            np.logaddexp(P, Q) - np.log(2), P + np.log(0.5), rest, rest,
            np.logaddexp.reduce(P + np.log(weights), axis=1), np.logaddexp.reduce(P + Q, axis=1), P + Q, 2 * P[:, 1],
            np.exp(rest / 2), P.max(axis=1), np.concatenate([P, Q], axis=1),
            *[np.logaddexp.reduce(P + np.log(weights), axis=1)] * 2, np.logaddexp.reduce(P + Q, axis=1),
        ]  # fmt: skip
    rounding = {"float32": 2e-5, "float64": 1e-12}[dtype]
    for value, want in zip(found, right, strict=False):
        np.testing.assert_allclose(value, want.astype("float64"), rtol=rounding, atol=rounding)
    for slope in found[len(nodes) :]:
        assert np.isfinite(slope).all()
    np.testing.assert_allclose(
        found[len(nodes) + 6], 1 - 3 * np.exp(P).astype("float64"), rtol=rounding, atol=rounding
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "logits", [[0.0, 0.0], [3.0, 3.0, -np.inf], [0.0, 0.0, -2000.0], [0.0, 1e-9], [0.0, 0.0, 0.0]]
)
def test_what_a_softmax_leaves_has_its_slope_where_two_tie(logits, dtype, engine):
    z = input("z", (1, len(logits)), dtype)
    at = np.array([logits])
    p = np.exp(at) / np.sum(np.exp(at))
    for rest in (np.log(1 - softmax(z, axes=(1,))), np.log1p(-softmax(z, axes=(1,)))):
        found = cr.compile(grad(np.sum(rest[:, 0]), z), inputs=[z], engine=engine)(at)
        first = np.eye(len(logits))[0]
        np.testing.assert_allclose(found, -p[:, :1] * (first - p) / (1 - p[:, :1]), rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus_undone(dtype, engine):
    y = input("y", ("n",), dtype)
    at = np.array([1e-30, 1e-3, 1.0, 30.0, 88.0, 800.0, 1e30])
    x = np.log(np.exp(y) - 1)
    found, slope = cr.compile([x, grad(np.sum(x), y)], inputs=[y], engine=engine)(at.astype(dtype))
    rounding = {"float32": 1e-6, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(found, at + np.log(-np.expm1(-at)), rtol=2 * rounding)
    np.testing.assert_allclose(slope, -1 / np.expm1(-at), rtol=2 * rounding)


def test_what_gains_nothing_stays_as_it_is():
    x, y = input("x", ("n",)), input("y", ("n",))
    for node in (
        np.log(x), np.log(x * y), np.log(x + 1e-7), np.log(sigmoid(x) + 1e-7), np.log(np.maximum(sigmoid(x), 1e-7)),
        np.log(x * x + 1), np.log(x * x + y * y), np.sqrt(x * x), np.sqrt(relu(x)), np.log(relu(x) + sigmoid(y)),
        np.log(-sigmoid(x)), np.sqrt(np.sum(x * x)), np.log(np.abs(x)), np.log(x / y),
    ):  # fmt: skip
        assert {"logaddexp", "logsumexp", "softplus"}.isdisjoint(_rows(simplify(node))), str(node)


def _rows(node):
    return {n.primitive.name for n in order([node])}


@pytest.mark.parametrize("function", [np.log, np.sqrt, lambda u: u**1.5])
def test_a_number_that_is_squared_again_and_again_is_not_taken_apart_for_ever(function):
    """A file of 3 kB kept every engine busy for days: after 40 squares there are 2^40 factors."""
    x = input("x", ("n",))
    u = np.exp(x)
    for _ in range(40):
        u = u * u
    found = cr.compile(function(u), inputs=[x], engine="numpy")(np.array([-1e-12, 0.0, 1e-12]))
    np.testing.assert_allclose(found, function(np.exp(np.array([-1e-12, 0.0, 1e-12]) * 2.0**40)), rtol=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_second_derivatives_where_two_logarithms_are_equal(engine):
    """The share of each moves with both, as for any others: at a = b it is no constant ½."""
    v = input("v", (2,))
    forms = {
        "logaddexp": (np.logaddexp(v[0], v[1]), [[0.25, -0.25], [-0.25, 0.25]]),
        "log cosh": (np.sum(np.log(np.cosh(v - 3))), [[1, 0], [0, 1]]),
        "a constant in disguise": (
            np.sum(np.log(0.5 * sigmoid(v - 3) + 0.5 * sigmoid(3 - v))),
            [[0, 0], [0, 0]],
        ),
    }
    for J, right in forms.values():
        for cost in (J, simplify(J)):
            slopes = grad(cost, v)
            found = cr.compile([grad(slopes[i], v) for i in range(2)], [v], engine=engine)(
                np.array([3.0, 3.0])
            )
            np.testing.assert_allclose(found, right, atol=1e-15)
    infinite = grad(grad(np.logaddexp(v[0], v[1]), v)[0], v)
    for same in (-np.inf, np.inf):
        found = cr.compile(infinite, [v], engine=engine)(np.array([same, same]))
        assert found.tolist() == [0, 0]
