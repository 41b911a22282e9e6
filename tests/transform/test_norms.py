"""The root of a sum of squares has a corner at 0, as |x| has: its derivative there is 0, however it is written."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.graph.node import apply, input, variable
from chainrule.transform.backprop import grad
from chainrule.transform.simplify import simplify

c = np.array([0.5, 0.0, 2.0])
NORMS = {
    "norm": np.linalg.norm,
    "norm along an axis": lambda x: np.sum(np.linalg.norm(x[None], axis=1)),
    "norm, ord 2, kept": lambda x: np.sum(np.linalg.norm(x, 2, axis=0, keepdims=True)),
    "a matrix's": lambda x: np.linalg.norm(np.reshape(x, (3, 1))),
    "root of a sum": lambda x: np.sqrt(np.sum(x**2)),
    "root of a sum of squares": lambda x: np.sqrt(np.sum(np.square(x))),
    "root of x * x": lambda x: np.sqrt(np.sum(x * x)),
    "root of |x| squared": lambda x: np.sqrt(np.sum(np.abs(x) ** 2)),
    "a power of one half": lambda x: np.sum(x**2) ** 0.5,
    "a power, as a function": lambda x: np.power(np.sum(x**2), 0.5),
    "root of x @ x": lambda x: np.sqrt(x @ x),
    "root of dot": lambda x: np.sqrt(np.dot(x, x)),
    "root of einsum": lambda x: np.sqrt(np.einsum("i,i->", x, x)),
    "a row by a column": lambda x: np.sum(np.sqrt(np.reshape(x, (1, 3)) @ np.reshape(x, (1, 3)).T)),
    "root mean square": lambda x: np.sqrt(np.mean(x**2)),
    "root of a weighted sum": lambda x: np.sqrt(np.sum(c * x**2) / np.sum(c)),
    "root of squares, one by one": lambda x: np.sum(np.sqrt(x**2)),
    "root of two squares": lambda x: np.sqrt(x[0] ** 2 + 3 * x[1] ** 2 + x[2] ** 4),
    "root of products, each factor written out": lambda x: np.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]),
    "distance, each factor written out": lambda x: np.sqrt((x - c) @ (x - c)),
    "distance, by einsum": lambda x: np.sqrt(np.einsum("i,i->", x - 2 * c, x - 2 * c)),
    "hypot": lambda x: np.hypot(x[0], x[1]) + np.sum(np.hypot(x, 0.0)),
    "the largest": lambda x: np.sqrt(np.max(x**2)),
    "distance": lambda x: np.sqrt(np.sum((x - c) ** 2)),
    "rmse": lambda x: np.sqrt(np.mean((c - x) ** 2)),
    "std": np.std,
    "std by hand": lambda x: np.sqrt(np.mean((x - x.mean()) ** 2)),
    "std of a sample": lambda x: np.std(x, ddof=1),
    "std, kept": lambda x: np.sum(np.std(np.stack([x, 2 * x]), axis=1, keepdims=True)),
    "root of a variance": lambda x: np.sqrt(np.var(x)),
}
AT = {
    "distance": c, "distance, each factor written out": c, "distance, by einsum": 2 * c, "rmse": c,
    "std": np.ones(3), "std by hand": np.ones(3), "std of a sample": np.ones(3), "std, kept": np.ones(3),
    "root of a variance": np.full(3, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", NORMS)
def test_its_derivative_at_0_is_0(name):
    x = variable(AT.get(name, np.zeros(3)))
    J = NORMS[name](x)
    assert J.value == 0
    assert grad(J, x).value.tolist() == [0, 0, 0]
    assert simplify(grad(J, x)).value.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", NORMS)
def test_it_is_the_root_elsewhere(name):
    x = variable(AT.get(name, np.zeros(3)) + np.array([1.0, 0.5, -2.0]))
    report = cr.check_gradients(NORMS[name](x), x)
    assert report.passed and not report.conventions


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ENGINES)
def test_on_every_engine(engine, dtype):
    leaves = [input(f"x{i}", (3,), dtype) for i in range(len(NORMS))]
    gradients = [grad(f(x), x) for f, x in zip(NORMS.values(), leaves, strict=True)]
    run = cr.compile(gradients, inputs=leaves, engine=engine)
    for g in run(*[AT.get(name, np.zeros(3)).astype(dtype) for name in NORMS]):
        assert g.tolist() == [0, 0, 0]


def test_the_root_of_anything_else_stays_infinite_at_0():
    x = variable(0.0)
    assert grad(np.sqrt(x), x).value == np.inf
    assert grad(x**0.5, x).value == np.inf
    assert grad(np.sqrt(np.sum(x * np.ones(2))), x).value == np.inf
    u = variable([0.0, 0.0])
    assert not np.isfinite(grad(np.sqrt(u[0] * u[1]), u).value).any()
    assert not np.isfinite(grad(np.sqrt((u + 1e-300) @ (u - 1e-300)), u).value).any()
    w = variable(0.0)
    assert grad(np.sqrt(cr.relu(w) * variable(3.0) ** 2 + w), w).value == np.inf
    steep = grad(np.sqrt(np.sqrt(x) ** 2), x).value  # the root of x in disguise: not 0
    assert not np.isfinite(steep)


def test_what_is_above_0_needs_no_convention():
    x = variable(np.zeros(3))
    assert np.sqrt(np.var(x) + 1e-5).primitive.name == "sqrt"


def test_the_square_of_a_norm_is_smooth():
    x = variable(np.zeros(2))
    J = np.linalg.norm(x) ** 2
    assert grad(J, x).value.tolist() == [0, 0]
    slope = np.sum(grad(J, x) * np.array([1.0, 2.0]))
    assert simplify(grad(slope, x)).value.tolist() == [2, 4]
    assert cr.compile(grad(slope, x), inputs=[])().tolist() == [2, 4]


def test_a_second_derivative_in_the_corner_is_not_silently_0():
    x = variable(np.zeros(2))
    slope = np.sum(grad(np.linalg.norm(x), x) * np.array([1.0, 2.0]))
    assert np.isnan(grad(slope, x).value).all()
    x.value = np.array([3.0, 4.0])
    np.testing.assert_allclose(grad(slope, x).value, [(16 - 24) / 125, (-12 + 18) / 125])


def test_normalizing_rows_of_which_one_is_0():
    W = variable(np.ones((2, 2)))
    x = np.array([[0.0, 0.0], [1.0, 2.0]]) @ W
    J = np.sum((x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-6)) ** 3)
    assert cr.check_gradients(J, W).passed


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_trains_from_an_exact_fit(engine):
    def rmse(y, p):
        return np.sqrt(np.mean((y - p) ** 2))

    X = np.array([[1.0], [2.0]])
    network = cr.Network([cr.Dense(1)], seed=0, engine=engine, dtype="float64")
    network.fit(X, 2 * X, loss=rmse, epochs=1)
    for name, value in {"W1": [[2.0]], "b1": [0.0]}.items():
        network.parameters[name] = np.array(value)
    network.fit(X, 2 * X, loss=rmse, epochs=3)
    assert all(np.isfinite(v).all() for v in network.parameters.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_the_root_of_what_may_be_negative_is_not_undone(engine):
    """Nothing but a program made by hand has such a root of anything but squares."""
    x = input("x", (3,))
    run = cr.compile(apply("root", x) ** 2, inputs=[x], engine=engine)
    np.testing.assert_allclose(run(np.array([-0.25, 0.0, 4.0])), [np.nan, 0.0, 4.0])
