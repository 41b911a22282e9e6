"""Narrow programs are computed turned over, wide ones as they lie; the numbers are the same."""

import numpy as np
import pytest
from values_of import values_of

import chainrule as cr
from chainrule.engines.native.plan.layout import turned_over
from chainrule.engines.registry import ENGINES
from chainrule.graph.closed import Program

X = cr.input("x", ("n", 3))
W = cr.variable(np.random.default_rng(0).normal(size=(3, 4)), name="W")
B = cr.variable(np.arange(4.0), name="b")
Z = X @ W + B


def program(*outputs, inputs=(X,)):
    return Program(inputs, (W, B), outputs, (W, B))


@pytest.mark.parametrize(
    "output",
    [
        Z,
        np.sum(Z, axis=0),
        np.sum(Z, axis=1),
        np.sum(Z, axis=0, keepdims=True) * Z,
        np.sum(Z, axis=1, keepdims=True) * Z,
        np.max(Z, axis=1),
        np.argmax(Z, axis=1),
        Z[:, 1:3],
        Z[:, 2],
        Z[:, None, 1],
        Z[:, ::-1],
        np.concatenate([Z, X], axis=1),
        Z.T @ X,
        Z @ W.T,
        Z @ np.ones((4, 1)),
        np.broadcast_to(B, (Z.shape[0], 4)) + Z,
        cr.grad(np.sum(Z[:, 1:3] ** 3), W),
        cr.grad(np.sum(cr.softmax(Z, axis=1)[:, 0] * Z[:, 1]), B),
        np.where(Z > 0, Z, np.ones((1, 4))),
    ],
    ids=str,
)
@pytest.mark.parametrize("rows", [1, 5, 33])
def test_every_movement_of_a_narrow_array(output, rows):
    batch = [np.random.default_rng(1).normal(size=(rows, 3))]
    state = [W.value, B.value]
    native, numpy = (
        ENGINES[e].compile(program(output)).step(state, batch)[1][0] for e in ("native", "numpy")
    )
    assert native.shape == numpy.shape
    np.testing.assert_allclose(native, numpy, rtol=1e-13, atol=1e-13)


def test_what_is_narrow_depends_on_the_width_of_a_vector():
    assert turned_over(program(Z), vector_bytes=64)[1] == (True,)
    assert turned_over(program(Z), vector_bytes=16)[1] == (False,)  # two float64 to a vector, and 4 columns


def test_one_wide_array_or_a_third_axis_leaves_all_as_it_lies():
    wide = cr.variable(np.ones((3, 100)), name="wide")
    plan = Program((X,), (wide,), (X @ wide,), (wide,))
    assert turned_over(plan, 64) == (plan, (False,))
    cube = cr.input("cube", ("n", 2, 2))
    plan = Program((cube,), (), (np.sum(cube),), ())
    assert turned_over(plan, 64) == (plan, (False,))


def test_labels_and_weights_of_one_axis_stay_and_a_table_is_gathered_turned_over():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(50, 3)), rng.integers(0, 3, 50)
    networks = []
    for engine in ("native", "numpy"):
        network = cr.Network(
            [cr.Dense(5, "tanh"), cr.Dense(3, "softmax")], seed=0, dtype="float64", engine=engine
        )
        network.fit(features, labels, epochs=4, batch_size=8, sample_weight=rng.uniform(size=50) * 0 + 0.5)
        networks.append(network)
    for a, b in zip(*(values_of(n) for n in networks), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)
