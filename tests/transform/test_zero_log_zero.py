"""0 · log(0) is 0 in every loss, and in every formula that says y · log(p); its gradient is 0 too, and never NaN."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import input, variable
from chainrule.graph.primitives.corners import relu
from chainrule.graph.primitives.exponentials import sigmoid, softplus
from chainrule.graph.primitives.reductions import softmax
from chainrule.nn.losses import binary_crossentropy, categorical_crossentropy, poisson
from chainrule.transform.backprop import grad
from chainrule.transform.simplify import simplify

DTYPES = ["float32", "float64"]
INF = np.inf

# For each loss what is predicted from z, rows of z with their y, and what the losses are.
RATES = np.array([[-9.0], [0.0], [2.0]]), np.array([[0.0], [0.0], [1.0]]), [0, 0, 2 - np.log(2)]
HARD = np.array([[-9.0], [9.0], [0.0]]), np.array([[0.0], [1.0], [1.0]]), [0, 0, np.log(2)]
TWO = (
    np.array([[200.0, -200.0], [-900, 900], [0, 0]]),
    np.array([[1.0, 0], [0, 1], [1, 0]]),
    [0, 0, np.log(2)],
)
MASKED = np.array([[-INF, 1, 2], [0, -INF, -INF], [0, 0, 0]]), np.eye(3)[[1, 0, 2]], [1.3132617, 0, np.log(3)]
SINGLE = np.array([[-INF], [INF], [0.0]]), np.array([[0.0], [1.0], [1.0]]), [0, 0, np.log(2)]
CASES = {
    "poisson of relu": (poisson, relu, *RATES),
    "poisson of softplus": (poisson, softplus, np.array([[-2e3], [-INF]]), np.zeros((2, 1)), [0, 0]),
    "poisson of exp": (poisson, np.exp, np.array([[-2e3], [-800]]), np.zeros((2, 1)), [0, 0]),
    "poisson of rates": (poisson, lambda z: z, np.array([[0.0], [4.0]]), np.zeros((2, 1)), [0, 4]),
    "binary of softmax": (binary_crossentropy, lambda z: softmax(z, axes=(1,)), *TWO),
    "binary of a hard sigmoid": (binary_crossentropy, lambda z: np.clip(z / 6 + 0.5, 0, 1), *HARD),
    "binary of tanh": (binary_crossentropy, lambda z: (1 + np.tanh(z * 9)) / 2, *HARD),
    "binary of sigmoid": (binary_crossentropy, sigmoid, *SINGLE),
    "binary of 1 - exp": (binary_crossentropy, lambda z: 1 - np.exp(-relu(z)), np.array([[-3.0]]), [[0.0]], [0]),
    "categorical of softmax": (categorical_crossentropy, lambda z: softmax(z, axes=(1,)), *MASKED),
    "categorical of softmax by hand": (
        categorical_crossentropy, lambda z: np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True), *MASKED,
    ),
    "categorical of a mixture": (
        categorical_crossentropy, lambda z: 0.5 * softmax(z, axes=(1,)) + 0.5 * softmax(2 * z, axes=(1,)), *TWO,
    ),
    "categorical of relu": (
        categorical_crossentropy, lambda z: relu(z), np.array([[0.0, 1, -1]]), np.array([[0.0, 1, 0]]), [0],
    ),
}  # fmt: skip
NAIVE = {
    "poisson": lambda y, p: np.mean(p - y * np.log(p), axis=1),
    "binary_crossentropy": lambda y, p: -np.mean(np.log(p) * y + (1 - y) * np.log(1 - p), axis=1),
    "categorical_crossentropy": lambda y, p: np.sum(-y * np.log(p), axis=1),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_a_loss_of_0_is_no_nan(case, dtype, engine):
    loss, output, at, labels, right = CASES[case]
    z, y = input("z", ("n", at.shape[1]), dtype), input("y", ("n", at.shape[1]), dtype)
    for formula in (loss, NAIVE[loss.__name__]):
        each = formula(y, output(z))
        found = cr.compile([each, grad(np.sum(each), z)], inputs=[z, y], engine=engine)(at, labels)
        np.testing.assert_allclose(found[0], right, rtol=1e-6, atol=1e-6)
        assert np.isfinite(found[1]).all(), str(each)


@pytest.mark.parametrize("case", CASES)
def test_the_losses_say_so_before_simplification_too(case):
    loss, output, at, labels, right = CASES[case]
    with np.errstate(all="ignore"):
        p = np.asarray(output(at))
    if np.isnan(p).any() or (loss is poisson and np.isinf(at).any()):
        return  # softmax by hand of 900
    labels = np.asarray(labels)
    np.testing.assert_allclose(loss(labels, p), right, rtol=1e-6, atol=1e-6)
    z, q = input("z", at.shape), input("p", at.shape)
    each = loss(labels, output(z))
    np.testing.assert_allclose(evaluate([each], {z: at})[each], right, rtol=1e-6, atol=1e-6)
    slope = grad(np.sum(loss(labels, q)), q)
    assert not np.isnan(evaluate([slope], {q: p})[slope]).any()


def test_what_is_infinitely_wrong_costs_infinity():
    assert poisson([[1.0]], [[0.0]]) == INF
    assert binary_crossentropy([[1.0], [0.0]], [[0.0], [1.0]]).tolist() == [INF, INF]
    assert categorical_crossentropy([1], [[1.0, 0.0]]) == INF
    assert np.isnan(poisson([[0.0]], [[np.nan]]))
    y, p = input("y", (2,)), input("p", (2,))
    for engine in ENGINES:
        found = cr.compile(-y * np.log(p), inputs=[y, p], engine=engine)
        np.testing.assert_array_equal(found([1.0, 0.0], [0.0, np.nan]), [INF, np.nan])


FORMULAS = {
    "y (log y - log p)": (lambda y, p: np.sum(y * (np.log(y) - np.log(p))), 0.0),
    "y log(y / p)": (lambda y, p: np.sum(y * np.log(y / p)), 0.0),
    "y log2 p": (lambda y, p: -np.sum(y * np.log2(p)), 0.0),
    "dot": (lambda y, p: -np.dot(y, np.log(p)), 0.0),
    "matmul": (lambda y, p: np.sum(-(y[None] @ np.log(p)[:, None])), 0.0),
    "einsum": (lambda y, p: -np.einsum("i,i->", np.log(p), y), 0.0),
    "entropy": (lambda y, p: -np.sum(p * np.log(p)) + 0 * np.sum(y), 0.0),
    "log1p": (lambda y, p: -np.sum(y * np.log1p(p - 1)), 0.0),
    "of a part": (lambda y, p: -np.sum(y[:2] * np.log(p)[:2]), 0.0),
    "weighted": (lambda y, p: -np.sum(0.3 * (y * np.log(p))), 0.0),
    "y y log p": (lambda y, p: -np.sum(y * y * np.log(p)), 0.0),
    "focal": (lambda y, p: -np.sum(y * (1 - p) ** 2 * np.log(p)), 0.0),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMULAS)
def test_every_formula_with_y_log_p(form, dtype, engine):
    formula, right = FORMULAS[form]
    z, y, p = (input(name, (3,), dtype) for name in "zyp")
    labels = np.array([0.0, 1.0, 0.0], dtype)
    f = cr.compile(formula(y, p), inputs=[y, p], engine=engine)
    np.testing.assert_allclose(f(labels, labels), right, atol=1e-6)
    fixed = cr.compile(formula(labels, p), inputs=[p], engine=engine) if "log y" not in form else None
    if fixed is not None:
        np.testing.assert_allclose(fixed(labels), right, atol=1e-6)
    low = -INF if form not in ("dot", "matmul", "einsum") else -700.0
    for output, at in ((lambda z: softmax(z, axes=(0,)), [low, 800.0, -900.0]), (relu, [-1.0, 1.0, 0.0])):
        J = formula(y, output(z))
        value, slope = cr.compile([J, grad(J, z)], inputs=[z, y], engine=engine)(np.array(at, dtype), labels)
        np.testing.assert_allclose(value, right, atol=1e-6)
        assert not np.isnan(slope).any(), (str(J), slope)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_trains_on_rates_of_0(engine):
    X, y = np.linspace(-2, 2, 12)[:, None], np.repeat([0.0, 0.0, 1.0], 4)
    network = cr.Network([cr.Dense(1, "relu", initializer=1.0)], seed=0, engine=engine)
    history = network.fit(X, y, loss="poisson", epochs=20, batch_size=12, optimizer=cr.SGD(0.05))
    assert np.isfinite(history["cost"]).all() and history["cost"][-1] < history["cost"][0]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_example_without_weight_may_cost_infinity(engine):
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([3.0, 0.0, 1.0, 1.0])
    weight = np.array([0.0, 1.0, 1.0, 1.0])
    network = cr.Network([cr.Dense(1, "relu", initializer=1.0)], seed=0, engine=engine)
    costs = network.fit(
        X, y, loss="poisson", epochs=9, batch_size=4, sample_weight=weight, optimizer=cr.SGD(0.05)
    )["cost"]
    assert np.isfinite(costs).all() and costs[-1] < costs[0]
    with pytest.warns(cr.DivergenceWarning, match="a predicted probability or rate of exactly 0"):
        cr.Network([cr.Dense(1, "relu", initializer=1.0)], engine=engine).fit(X, y, loss="poisson", epochs=1)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("form", "right"),
    [
        (lambda v: v * np.log(v + 2), 1.0),
        (lambda v: v * np.log1p(v), 2.0),
        (lambda v: v * np.log(1 + np.exp(v)), 1.0),
        (lambda v: np.expm1(v) * np.log1p(v + 1), np.log(2) + 1.0),
    ],
)
def test_a_weight_that_is_0_moves_all_the_same(form, right, engine):
    v = variable(0.0)
    for J in (form(v), simplify(form(v))):
        found = cr.compile(grad(grad(J, v), v), engine=engine)()
        np.testing.assert_allclose(found, right, rtol=1e-15)
