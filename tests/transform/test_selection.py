"""An element that was not chosen gets gradient 0, exactly, whatever chose it and whatever slope lies below."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_graphs import random_program

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.registry import ENGINES
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import input, variable
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.primitives.reductions import log_softmax, logsumexp, softmax
from chainrule.graph.ranges import range_of
from chainrule.graph.walk import order
from chainrule.transform.backprop import grad

# Steps whose slope is infinite or NaN at the first of three numbers: what comes out there is below all else, above all
# else, or no number.
LOW = {
    "log": (np.log, [0.0, 1.0, 4.0]),
    "log1p": (np.log1p, [-1.0, 1.0, 4.0]),
    "log2": (np.log2, [0.0, 1.0, 4.0]),
    "sqrt": (np.sqrt, [0.0, 1.0, 4.0]),
    "a fraction of a power": (lambda v: v**0.3, [0.0, 1.0, 4.0]),
    "a power": (lambda v: np.power(v, np.array([0.5, 0.5, 0.7])), [0.0, 1.0, 4.0]),
    "minus a reciprocal": (lambda v: -1 / v**2, [0.0, 1.0, 4.0]),
    "minus cosh": (lambda v: -np.cosh(v), [1e4, 1.0, 0.5]),
    "log of a sum": (lambda v: np.log(v + v * v) + np.sqrt(v), [0.0, 1.0, 4.0]),
    "an inner product": (
        lambda v: np.log(v[:, None] @ np.array([[1.0, 2.0]])) @ np.array([1.0, 0.5]),
        [0.0, 1.0, 4.0],
    ),
}
HIGH = {
    "exp": (np.exp, [1e4, 1.0, 0.5]),
    "expm1": (np.expm1, [1e4, 1.0, 0.5]),
    "reciprocal": (lambda v: 1 / v**2, [0.0, 1.0, 4.0]),
    "minus log": (lambda v: -np.log(v), [0.0, 1.0, 4.0]),
    "minus sqrt": (lambda v: 4 - np.sqrt(v), [0.0, 1.0, 4.0]),
    "a quotient": (lambda v: (v + 2) / v**2, [0.0, 1.0, 4.0]),
    "a product": (lambda v: (v + 3) * (1 / np.sqrt(v)), [0.0, 1.0, 4.0]),
}
NAN = {
    "sqrt below 0": (np.sqrt, [-1.0, 1.0, 4.0]),
    "log below 0": (np.log, [-1.0, 1.0, 4.0]),
    "0 / 0": (lambda v: v / v**2, [0.0, 1.0, 4.0]),
}  # fmt: skip

# What chooses by position; c is True for the last two elements.
CHOSEN = np.array([False, True, True])
BY_POSITION = {
    "a slice": lambda u: np.sum(u[1:]),
    "one element": lambda u: u[1] * u[2],
    "from the end": lambda u: np.sum(u[:0:-1] * np.array([2.0, 3.0])),
    "an array of positions": lambda u: np.sum(u[[1, 2, 2, 1, 2]]),
    "take": lambda u: np.sum(np.tanh(np.take(u, np.array([[2], [1]])))),
    "where": lambda u: np.sum(np.where(CHOSEN, u * u, 7.0)),
    "not where": lambda u: np.sum(np.where(~CHOSEN, 7.0, u)),
    "times a truth": lambda u: np.sum(np.where(CHOSEN, u, 0) * CHOSEN),
    "joined and cut": lambda u: np.sum(np.sin(np.concatenate([u, u])[np.array([1, 5])])),
    "turned and cut": lambda u: np.sum(np.broadcast_to(u, (2, 3)).T[1:] * 2),
    "stacked and cut": lambda u: np.sum(np.stack([u, 2 * u], axis=1)[1:, 0]),
    "reshaped and cut": lambda u: np.sum(np.reshape(u, (3, 1))[1:]) ** 2,
    "split": lambda u: np.sum(np.split(u, [1])[1]),
    "a sum of some": lambda u: np.sum(np.where(CHOSEN[:, None], u[:, None] + u[None, 1:], 0)),
    "softmax of some": lambda u: softmax(u[1:], axes=(0,))[0],
    "logsumexp of some": lambda u: logsumexp(u[1:], axes=(0,), keepdims=False),
    "rows of softmax": lambda u: np.sum(
        softmax(np.broadcast_to(u[:, None], (3, 2)) * [1.0, 2.0], axes=(1,))[1:, 1]
    ),
    "rows of log_softmax": lambda u: np.sum(
        log_softmax(np.broadcast_to(u[:, None], (3, 2)) * [1.0, 2.0], axes=(1,))[1:, 1]
    ),
    "rows of logsumexp": lambda u: np.sum(
        logsumexp(np.broadcast_to(u[:, None], (3, 2)) * [1.0, 2.0], axes=(1,), keepdims=False)[1:]
    ),
    "rows of a product": lambda u: np.sum((u[:, None] @ np.array([[1.0, 2.0, 3.0]]))[1:, 1]),
    "rows of a max": lambda u: np.sum(np.max(np.stack([u, u + 1], axis=1), axis=1)[1:]),
    "where, then a product": lambda u: np.sum(np.where(CHOSEN[:, None], u[:, None] @ np.ones((1, 2)), 0)),
}
BY_SIZE = {
    "max": np.max,
    "max along an axis": lambda u: np.sum(np.max(np.stack([u, u * 2], axis=1), axis=0)),
    "the position of the largest": lambda u: np.sum(u[np.argmax(u)]),
    "maximum": lambda u: np.sum(np.maximum(u, 0.1)),
    "maximum of two": lambda u: np.sum(np.maximum(u, 0.1 + 0 * u[2])),
    "minus the minimum": lambda u: -np.sum(np.minimum(-u, -0.1)),
    "clip": lambda u: np.sum(np.clip(u, 0.1, 50)),
    "clip from below": lambda u: np.sum(np.clip(u, 0.1, None)),
    "clip by an array": lambda u: np.sum(np.clip(u, np.full(3, 0.1), None)),
    "relu": lambda u: np.sum(cr.relu(u - 0.1)),
    "relu6": lambda u: np.sum(np.minimum(np.maximum(u - 0.1, 0), 6)),
    "a hard sigmoid": lambda u: np.sum(np.clip(0.2 * u, 0.05, 0.9)),
    "hinge": lambda u: np.sum(np.maximum(0, u - 0.3) ** 2),
    "root of relu": lambda u: np.sum(np.sqrt(cr.relu(u - 0.3))),
    "where by size": lambda u: np.sum(np.where(u > 0.1, np.sin(u), 0)),
}  # fmt: skip


def combinations():
    for (what, choose), (below, (step, at)) in product(
        BY_POSITION.items(), [*LOW.items(), *HIGH.items(), *NAN.items()]
    ):
        yield f"{what} of {below}", choose, step, at
    for (what, choose), (below, (step, at)) in product(BY_SIZE.items(), LOW.items()):
        yield f"{what} of {below}", choose, step, at
    for (what, choose), (below, (step, at)) in product(BY_SIZE.items(), HIGH.items()):
        yield f"{what} of minus {below}", choose, lambda v, step=step: 4 - step(v), at


ALL = list(combinations())


def differences(J, v):
    """The slopes of J by the second and the third element; the first was not chosen."""
    at, slopes = v.value, np.zeros(3)
    for i, unit in enumerate(np.eye(3)[1:], start=1):

        def between(h, unit=unit):
            above, below = (evaluate([J], {v: at + t * unit})[J] for t in (h, -h))
            return (above - below) / (2 * h)

        slopes[i] = (4 * between(1e-4) - between(2e-4)) / 3
    return slopes


@pytest.mark.parametrize(("what", "choose", "step", "at"), ALL, ids=[c[0] for c in ALL])
def test_what_was_not_chosen_gets_exactly_zero(what, choose, step, at):
    v = variable(at)
    J = choose(step(v))
    g = grad(J, v).value
    assert np.isfinite(J.value)
    assert g[0] == 0
    np.testing.assert_allclose(g, differences(J, v), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ENGINES)
def test_on_every_engine(engine, dtype):
    some = ALL[::7] if engine == "native" else ALL[::3]
    leaves = [input(f"v{i}", (3,), dtype) for i in range(len(some))]
    outputs = [grad(choose(step(v)), v) for (_, choose, step, _), v in zip(some, leaves, strict=True)]
    batch = [np.asarray(at, dtype) for *_, at in some]
    _, found = build(Program(tuple(leaves), (), tuple(outputs), ()), engine).step([], batch)
    rounding = 1e-5 if dtype == "float32" else 1e-12
    for (what, choose, step, at), g in zip(some, found, strict=True):
        v = variable(np.array(at))
        assert g[0] == 0, what
        np.testing.assert_allclose(
            g, grad(choose(step(v)), v).value, rtol=rounding, atol=rounding, err_msg=what
        )


@pytest.mark.parametrize(("what", "choose", "step", "at"), ALL[::11], ids=[c[0] for c in ALL[::11]])
def test_second_derivatives(what, choose, step, at):
    v = variable(at)
    slope = np.sum(grad(choose(step(v)), v) * np.array([1.0, 2.0, 3.0]))
    g = grad(slope, v).value
    assert g[0] == 0
    np.testing.assert_allclose(g, differences(slope, v), rtol=1e-5, atol=1e-6)


# --- what chooses may stand anywhere ---------------------------------------------------------------------

BETWEEN = [
    lambda u: u * 2,
    np.sin,
    lambda u: u + u[::-1][::-1],
    lambda u: u * u,
    lambda u: np.reshape(np.reshape(u, (1, 3)), (3,)),
    lambda u: np.broadcast_to(u[:, None], (3, 2))[:, 1],
    lambda u: np.concatenate([u, u])[3:],
    lambda u: np.sum(np.stack([u, np.tanh(u)], axis=1), axis=1),
    lambda u: np.sum(np.stack([u, np.tanh(u)], axis=1) @ np.array([[0.1, 0.2], [0.3, 0.4]]), axis=1),
    lambda u: np.where(np.array([True, False, True]), u, 2 * u),
    lambda u: np.maximum(u, -60.0) + u,
    lambda u: u[np.array([0, 1, 2])],
]


@settings(max_examples=60)
@given(data=st.data())
def test_between_the_choice_and_the_slope_stands_anything(data):
    step, at = data.draw(st.sampled_from([*LOW.values(), *HIGH.values(), *NAN.values()]))
    choose = data.draw(st.sampled_from(list(BY_POSITION.values())))
    v = variable(at)
    u = step(v)
    for f in data.draw(st.lists(st.sampled_from(BETWEEN), max_size=5)):
        u = f(u)
    J = choose(u)
    g = grad(J, v).value
    assert g[0] == 0
    np.testing.assert_allclose(g, differences(J, v), rtol=1e-4, atol=1e-4 * max(1, abs(J.value)))


# --- products, whose factors see whole rows alone ----------------------------------------------------------


def test_rows_of_a_product_that_were_not_chosen():
    A, W = variable([[0.0, 1.0], [1.0, 2.0]]), variable([[1.0, 2.0], [3.0, 4.0]])
    J = np.sum((1 / A @ W)[1])
    dA, dW = grad(J, [A, W])
    np.testing.assert_allclose(dA.value, [[0, 0], [-3, -7 / 4]])
    np.testing.assert_allclose(dW.value, [[1, 1], [0.5, 0.5]])  # where the row holds an infinite number, too


def test_one_number_of_a_row_that_was_not_chosen_is_a_product_with_infinity():
    # Known and documented: a factor of a product is masked by rows, not number by number.
    A, W = variable([[0.0, 1.0]]), variable([[1.0, 2.0], [3.0, 4.0]])
    dW = grad((1 / A @ W)[0, 0], W).value
    assert dW[0, 0] == math.inf and math.isnan(dW[0, 1]) and dW[1].tolist() == [1, 0]


# --- where no slope is infinite, nothing is added ----------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda x, W: np.sum(np.tanh(cr.relu(x @ W)[:2])),
        lambda x, W: np.sum(cr.relu(x @ W) / np.sqrt(np.mean(W * W) + 1e-3)),
        lambda x, W: np.sum(np.max(np.exp(-((x @ W) ** 2)), axis=1)),
        lambda x, W: np.sum(np.clip(cr.softplus(x @ W), 0, 1) / (1 + np.abs(W[0]))),
        lambda x, W: np.sum(np.where(x @ W > 0, x @ W, np.expm1(np.minimum(x @ W, 0)))[1:]),
    ],
)
def test_a_condition_goes_along_only_where_a_slope_may_be_infinite(build):
    x, W = variable(np.ones((3, 2))), variable(np.ones((2, 2)))
    rows = [n.primitive.name for n in order(grad(build(x, W), [x, W]))]
    assert "logical_or" not in rows
    assert sum(r == "where" for r in rows) <= 4


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(randoms=st.randoms(use_true_random=False))
def test_what_is_known_of_numbers_holds(randoms):
    """Random graphs lie within the bounds that are known of them, and are finite where that is claimed."""
    _, g = random_program(randoms, "float64")
    feed = {**dict(zip(g.inputs, g.batch, strict=True))}
    with np.errstate(all="ignore"):
        found = evaluate(g.nodes, feed)
    for node, value in found.items():
        known = range_of(node)
        assert known.finite <= bool(np.isfinite(value).all()), node
        numbers = value[~np.isnan(value)]
        slack = 1e-9 * max(1, abs(numbers[np.isfinite(numbers)]).max(initial=0))
        assert ((numbers >= known.low - slack) & (numbers <= known.high + slack)).all(), (node, known)


ROWS = list(TABLE)  # now, before an example in a docstring adds a row of its own


def test_something_is_known_of_every_row():
    assert all(TABLE[name].range for name in ROWS)


# Numbers that the graph itself asks whether they are there: what is not is passed over, and so is its slope.
MISSING = {
    "where isnan": lambda x, w: np.sum(np.where(np.isnan(x), 0, x * w)),
    "where not isnan": lambda x, w: np.sum(np.where(~np.isnan(x * w), x * w, 0)),
    "where isfinite": lambda x, w: np.sum(np.where(np.isfinite(x), x * w**2, 0)),
    "where not isinf": lambda x, w: np.sum(np.where(np.isinf(x) | np.isnan(x), 0, np.tanh(x) * w)),
    "nansum": lambda x, w: np.nansum(np.where(np.isfinite(x), x * w, np.nan)),
    "nanmean of squares": lambda x, w: np.nanmean((x * w) ** 2 - x * w),
    "a product": lambda x, w: np.sum(np.where(np.isnan(x @ w), 0, x @ w)),
    "a product of squares": lambda x, w: np.sum(np.where(np.isfinite(x @ w), (x @ w) ** 2, 0)),
    "of what was joined": lambda x, w: np.nansum(np.concatenate([x, x[::-1]]) * w[0]),
    "through a sum": lambda x, w: np.sum(np.nan_to_num(np.sum(x * w, axis=1), posinf=0, neginf=0)),
    "under a condition more": lambda x, w: np.sum(np.maximum(np.where(np.isnan(x), 0, x * w), 0.1)),
}


OF_INFINITY = ("where isfinite", "where not isinf", "nansum", "a product of squares")


@pytest.mark.parametrize(
    ("name", "bad"), [*product(MISSING, [np.nan]), *product(OF_INFINITY, [np.inf, -np.inf])]
)
def test_a_number_that_is_not_there_has_no_slope(name, bad):
    build = MISSING[name]
    x = np.array([[1.0, 2.0, bad], [0.5, -1.5, 3.0]])
    w = np.array([0.3, -0.7, 1.1])
    nodes = input("x", x.shape), input("w", w.shape)
    J = build(*nodes)
    slopes = grad(J, list(nodes))
    steps = np.eye(3) * 1e-6
    right = np.array([(build(x, w + h) - build(x, w - h)) / 2e-6 for h in steps])
    written = [evaluate(slopes, dict(zip(nodes, (x, w), strict=True)))[g] for g in slopes]
    for found in (written, *(cr.compile(slopes, nodes, engine=e)(x, w) for e in ("numpy", "native"))):
        np.testing.assert_allclose(found[1], right, rtol=1e-6, atol=1e-8)
        assert np.isfinite(found[0]).all() and found[0][0, 2] == 0
