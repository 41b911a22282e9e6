"""Backpropagation on graphs: paths, shapes, refusals, masks and depth."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.graph.node import constant, input, variable
from chainrule.graph.primitives.corners import step
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.graph.primitives.identities import stop_gradient
from chainrule.graph.primitives.reductions import softmax
from chainrule.graph.trace import trace
from chainrule.graph.walk import order
from chainrule.transform.backprop import Gradient, grad, pullback
from chainrule.transform.forward import pushforward


def slope(function, at, times=1):
    x = variable(float(at))
    y = function(x)
    for _ in range(times):
        y = grad(y, x)
    return y.value


# --- shapes, dtypes and who depends on whom -------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_has_the_shape_and_dtype_of_its_variable(dtype):
    W, b = variable(np.ones((3, 2), dtype)), variable(np.zeros((3, 1), dtype))
    J = np.mean(np.tanh(W @ np.ones((2, 5), dtype) + b) ** 2)
    for w, g in zip((W, b), grad(J, [W, b]), strict=True):
        assert (g.shape, g.dtype) == (w.shape, w.dtype)
        assert (g.value.shape, g.value.dtype) == (w.shape, w.dtype)


def test_a_float32_variable_in_a_float64_graph_has_a_float32_gradient():
    w = variable(np.ones(2, np.float32))
    g = grad(np.sum(w * np.array([1.0, 2.0])), w)
    assert g.dtype == g.value.dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_node_that_j_does_not_depend_on_gets_zeros(dtype):
    w, other = variable(1.0), variable(np.ones((2, 3), dtype))
    g, h = grad(w * 2, [other, w])
    assert (g.shape, g.dtype) == ((2, 3), dtype)
    np.testing.assert_array_equal(g.value, np.zeros((2, 3)))
    assert h.value == 2
    scalar = grad(w * 2, variable(np.float32(3)))
    assert scalar.value == 0 and scalar.dtype == np.float32


def test_a_node_gives_a_node_and_a_list_a_list():
    w = variable(2.0)
    assert grad(w**2, w).value == 4
    assert [g.value for g in grad(w**2, (w, w))] == [4, 4]
    assert grad(w**2, []) == []
    assert grad(w**2, w**2).value == 0  # another node: a square that J does not contain


def test_with_respect_to_intermediate_nodes_and_to_j_itself():
    x = variable(2.0)
    u = x * x
    v = np.sin(u) + u
    J = v * u
    assert grad(J, J).value == 1
    assert grad(J, v).value == 4
    assert grad(J, u).value == pytest.approx(math.sin(4) + 4 + 4 * (math.cos(4) + 1), rel=1e-15)
    assert grad(J, x).value == pytest.approx(4 * grad(J, u).value, rel=1e-15)


def test_a_copy_under_another_name_is_the_same_variable():
    x = variable(3.0, "x")
    y = x.named("y")
    assert [g.value for g in grad(x * y, [x, y])] == [6, 6]
    (pushed,) = pushforward([x * y], {y: 1.0})
    assert pushed.value == 6


def test_every_path_counts():
    x = variable(3.0)
    assert grad(x * x, x).value == 6
    assert grad(x + x + x, x).value == 3
    u = x * 2
    assert grad(u * u * u, x).value == 3 * 36 * 2


def test_repeated_calls_do_not_accumulate():
    x = variable(3.0)
    J = x**2
    assert [grad(J, x).value for _ in range(3)] == [6, 6, 6]


def test_a_gradient_follows_the_values_of_its_variables():
    x = variable(3.0)
    g = grad(x**2, x)
    x.value = 5.0
    assert g.value == 10


def test_a_seed_is_spread_over_its_output():
    x = variable(np.ones((2, 3)))
    (g,) = pullback([np.sin(x) * np.ones(3)], [constant(1.0)], [x])
    np.testing.assert_allclose(g.value, np.full((2, 3), math.cos(1)))


def test_inputs_with_open_axes():
    x, w = input("x", ("batch", 3)), variable(np.ones((3, 1)))
    b = variable(np.zeros(1))
    J = np.mean((x @ w + b) ** 2)
    grads = grad(J, [x, w, b])
    assert grads[0].shape == x.shape
    for n in (1, 4):
        a = np.arange(3.0 * n).reshape(n, 3)
        run = trace(grads, {x: a})
        p = a.sum(1, keepdims=True)
        np.testing.assert_allclose(run[grads[0]], 2 / n * p * np.ones((1, 3)))
        np.testing.assert_allclose(run[grads[1]], 2 / n * a.T @ p)
        np.testing.assert_allclose(run[grads[2]], 2 / n * p.sum(0))


# --- meaning --------------------------------------------------------------------------------------------


def test_a_gradient_remembers_what_it_is_and_the_edges_it_came_through():
    x = variable(2.0, "x")
    u = (x * 3).named("u")
    v = (x + 1).named("v")
    J = (u * v).named("J")
    g = grad(J, x)
    assert g.name == "dJ/dx"
    assert isinstance(g.meaning, Gradient)
    assert g.meaning.of is J and g.meaning.wrt is x
    assert {user: dx.value for user, dx in g.meaning.through} == {u: 9, v: 6}
    named = {n.name for n in order([g]) if n.meaning}
    assert named == {"dJ/dJ", "dJ/du", "dJ/dv", "dJ/dx"}


def test_the_meaning_can_be_carried_to_another_graph():
    x = variable(2.0, "x")
    meaning = grad((x**2).named("J"), x).meaning
    moved = meaning.map_nodes(lambda n: n.named(n.name + "'"))
    assert moved.of.name == "J'" and moved.wrt.name == "x'" and len(moved.nodes()) == len(meaning.nodes())


# --- refusals -------------------------------------------------------------------------------------------


def test_refusals():
    x, n = variable([1.0, 2.0], "x"), input("n", (), "int64")
    with pytest.raises(ShapeError, match=r"grad needs a scalar, and y has shape \(2,\).*np.sum or np.mean"):
        grad((x * 2).named("y"), x)
    with pytest.raises(GraphError, match=r"holds int64: a gradient with respect to it needs floats"):
        grad(np.sum(x) * n, n)
    with pytest.raises(GraphError, match=r"needs a J of floats; this one holds int64"):
        grad(n * 2, x)
    with pytest.raises(GraphError, match=r"takes nodes; found float.*cr.variable"):
        grad(np.sum(x), 3.0)
    with pytest.raises(NoDerivativeError, match=r"step.*gradient descent learns nothing"):
        grad(np.sum(step(x)), x)
    with pytest.raises(NoDerivativeError, match="step"):
        pushforward([step(x)], {x: 1.0})


def test_what_does_not_lie_on_the_way_may_be_a_step():
    x, y = variable(1.0), variable(2.0)
    assert grad(step(x) * y, y).value == 1
    assert grad(stop_gradient(step(x)) * x, x).value == 1


# --- no gradient through whole numbers and truths ---------------------------------------------------------


def test_truths_and_positions_are_constants_to_a_gradient():
    z = variable([-1.0, 2.0, 3.0])
    assert grad(np.sum((z > 0) * z), z).value.tolist() == [0, 1, 1]
    assert grad(np.sum(z * (z > 0).astype(float)), z).value.tolist() == [0, 1, 1]
    assert grad(np.sum(z[np.argmax(z)]), z).value.tolist() == [0, 0, 1]
    assert grad(np.sum(z) * 0 + np.mean(z > 0), z).value.tolist() == [0, 0, 0]


# --- right at 0 and below -------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [-2.0, 0.0, 1.5])
def test_powers_at_and_below_zero(at):
    assert slope(lambda x: x**2, at) == 2 * at
    assert slope(lambda x: x**2, at, 2) == 2
    assert slope(lambda x: x**2, at, 3) == 0
    assert slope(lambda x: x**3, at) == 3 * at**2
    assert slope(lambda x: x**3, at, 2) == 6 * at
    assert slope(lambda x: x**1, at) == 1
    assert slope(lambda x: x**0, at) == 0
    assert slope(lambda x: x**2.0, at) == 2 * at
    assert slope(lambda x: np.square(x) + np.power(x, 3), at) == 2 * at + 3 * at**2


SAFE = {
    "sqrt": (lambda x: np.where(x > 0, np.sqrt(x), 0), lambda x: 0.5 / math.sqrt(x)),
    "x log x": (lambda x: np.where(x > 0, x * np.log(x), 0), lambda x: math.log(x) + 1),
    "below": (lambda x: np.where(x <= 0, 0, np.log(x)), lambda x: 1 / x),
    "nested": (
        lambda x: np.where(x > 0, np.where(x < 2, np.sqrt(x), np.log(x)), 0),
        lambda x: 0.5 / math.sqrt(x) if x < 2 else 1 / x,
    ),
    "after a step": (
        lambda x: np.where(x > 0, np.exp(2 * np.sqrt(x)), 0),
        lambda x: math.exp(2 * math.sqrt(x)) / math.sqrt(x),
    ),
    "fan-out": (
        lambda x: (lambda r: np.where(x > 0, r * r * r, 0))(np.sqrt(x)),
        lambda x: 1.5 * math.sqrt(x),
    ),
    "two of one condition": (
        lambda x: (lambda c, r: np.where(c, r, 0) + np.where(c, 2 * r, 0))(x > 0, np.sqrt(x)),
        lambda x: 1.5 / math.sqrt(x),
    ),
    "two conditions": (
        lambda x: (lambda r: np.where(x > 0, r, 0) + np.where(x > 1, r, 0))(np.sqrt(x)),
        lambda x: (0.5 if x <= 1 else 1) / math.sqrt(x),
    ),
    "moved about": (
        lambda x: np.sum(np.where(x > 0, np.broadcast_to(np.sqrt(x), (2, 3)).T.reshape(6), 0)),
        lambda x: 3 / math.sqrt(x),
    ),
    "joined and cut": (
        lambda x: np.sum(np.where(x > 0, np.stack([np.sqrt(x), 1 / x])[1:], 0)),
        lambda x: -1 / x**2,
    ),
    "summed inside": (
        lambda x: np.where(x > 0, np.sum(np.sqrt(np.stack([x, x]))), 0),
        lambda x: 1 / math.sqrt(x),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
@pytest.mark.parametrize("at", [-1.0, 0.0, 0.25, 3.0])
def test_the_branch_that_is_not_taken_contributes_exactly_zero(name, at):
    function, expected = SAFE[name]
    assert slope(function, at) == pytest.approx(expected(at) if at > 0 else 0, rel=1e-14, abs=0)


@pytest.mark.parametrize("name", ["sqrt", "x log x", "nested", "fan-out", "moved about"])
def test_second_derivatives_of_the_branch_not_taken_are_zero_too(name):
    function, expected = SAFE[name]
    for at in (-1.0, 0.0):
        assert slope(function, at, 2) == 0
    h = 1e-5
    assert slope(function, 0.25, 2) == pytest.approx(
        (expected(0.25 + h) - expected(0.25 - h)) / (2 * h), rel=1e-7
    )


def test_a_vector_under_a_condition():
    x = variable([-1.0, 0.0, 4.0])
    assert grad(np.sum(np.where(x > 0, np.sqrt(x), 0)), x).value.tolist() == [0, 0, 0.25]
    s = variable(0.0)
    vector = np.array([1.0, 4.0])
    assert grad(np.sum(np.where(s > 0, vector * np.sqrt(s), vector * s)), s).value == 5
    assert grad(np.sum(np.where(np.array([True, False]), np.sqrt(s) * 0 + s, s)), s).value == pytest.approx(
        math.nan, nan_ok=True
    )  # here the bad branch is taken


def test_a_scalar_condition_over_vectors():
    c, x = input("c", (), "bool"), variable([0.0, 4.0])
    g = grad(np.sum(np.where(c, np.sqrt(x), x)), x)
    assert trace(g, {c: False})[g].tolist() == [1, 1]
    assert trace(g, {c: True})[g].tolist() == [math.inf, 0.25]


def test_a_bias_that_only_some_rows_use():
    b = variable([0.0, 4.0])
    rows = np.array([[True, False], [False, False], [False, True]])
    g = grad(np.sum(np.where(rows, 2 * b, np.where(rows, np.sqrt(b), 0))), b)
    assert g.value.tolist() == [2, 2]
    never = grad(np.sum(np.where(np.zeros((3, 2), bool), np.sqrt(b), 1.0)), b)
    assert never.value.tolist() == [0, 0]


def test_bool_gate_as_the_lectures_write_it():
    Z, dA = variable([-1.0, 0.0, 2.0]), np.array([5.0, 6.0, 7.0])
    assert ((Z > 0) * dA).value.tolist() == [0, 0, 7]


# --- higher derivatives ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "derivatives"),
    [
        (np.sin, [math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x), math.sin]),
        (np.exp, [math.exp] * 4),
        (np.log, [lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3, lambda x: -6 / x**4]),
        (lambda x: x**4, [lambda x: 4 * x**3, lambda x: 12 * x**2, lambda x: 24 * x, lambda x: 24]),
    ],
)
def test_derivatives_of_derivatives(function, derivatives):
    for times, expected in enumerate(derivatives, start=1):
        assert slope(function, 0.7, times) == pytest.approx(expected(0.7), rel=1e-13)


def test_a_hessian():
    x = variable([1.0, 2.0, 3.0])
    J = np.sum(x**2) * x[0]
    g = grad(J, x)
    hessian = np.stack([grad(g[i], x).value for i in range(3)])
    np.testing.assert_allclose(hessian, [[6, 4, 6], [4, 2, 0], [6, 0, 2]])


def test_a_gradient_penalty_differentiates():
    W, x = variable([[0.3, -0.2], [0.1, 0.5]]), variable([1.0, -1.0])
    penalty = np.sum(grad(np.sum(np.tanh(W @ x)), x) ** 2)
    g = grad(penalty, W).value
    for index in np.ndindex(2, 2):
        base, ends = W.value.copy(), []
        for t in (1e-6, -1e-6):
            moved = base.copy()
            moved[index] += t
            W.value = moved
            ends.append(penalty.value)
        W.value = base
        assert g[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-7)


# --- random graphs --------------------------------------------------------------------------------------

UNARY = [
    np.sin,
    np.tanh,
    np.exp,
    sigmoid,
    np.square,
    lambda x: -x,
    lambda x: 1 / (2 + x**2),
    lambda x: x.T.T[::-1],
]
BINARY = [
    np.add,
    np.subtract,
    np.multiply,
    lambda a, b: a / (2 + b**2),
    lambda a, b: np.where(a > b, a, b * b),
]


@settings(max_examples=60)
@given(st.data())
def test_random_graphs_agree_with_forward_mode_and_differences(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    leaves = [variable(rng.uniform(-1, 1, s)) for s in [(3,), (2, 3), (2, 1), ()]]
    nodes = list(leaves)
    for _ in range(data.draw(st.integers(1, 8))):
        if data.draw(st.booleans()):
            x = data.draw(st.sampled_from(nodes))
            f = data.draw(st.sampled_from(UNARY if x.ndim else UNARY[:-1]))
            nodes.append(np.tanh(f(x)))
        else:
            f = data.draw(st.sampled_from(BINARY))
            nodes.append(np.tanh(f(*(data.draw(st.sampled_from(nodes)) for _ in range(2)))))
    J = np.sum(
        softmax(nodes[-1], axes=tuple(range(nodes[-1].ndim)))[..., :1] if nodes[-1].ndim else nodes[-1]
    )
    directions = [rng.uniform(-1, 1, w.shape) for w in leaves]
    (pushed,) = pushforward([J], dict(zip(leaves, directions, strict=True)))
    pulled = sum(np.sum(g.value * d) for g, d in zip(grad(J, leaves), directions, strict=True))
    assert pushed.value == pytest.approx(pulled, rel=1e-10, abs=1e-13)


# --- depth ----------------------------------------------------------------------------------------------


def test_a_hundred_thousand_additions():
    x = variable(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    assert y.value == 100_001
    start = time.process_time()
    g = grad(y, x)
    seconds = time.process_time() - start
    assert g.value == 100_001
    assert seconds < 30  # linear in the length; a quadratic way would take hours


def test_a_long_chain_of_functions():
    x = variable(0.5)
    y = x
    for _ in range(10_000):
        y = np.sin(y) + y * 0.5
    assert np.isfinite(grad(y, x).value)


def test_many_parts_joined_cost_no_more_than_their_number():
    x = variable(np.ones(400))
    y = np.stack([x[i] for i in range(400)])
    g = grad(np.sum(y**2), x)
    assert len(order([g])) < 400 * 12
    np.testing.assert_array_equal(g.value, np.full(400, 2.0))
