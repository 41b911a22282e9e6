"""Subnormal numbers are 0 while a run lasts, and nowhere else."""

import platform

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.native.machine import known
from chainrule.errors import DivergenceWarning

TINY = {"float32": 1e-40, "float64": 1e-310}
on_x86 = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other CPUs keep them")
pytestmark = pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")


def kept(dtype):
    """Return whether this thread still has subnormal numbers."""
    return np.array(TINY[dtype], dtype) * np.array(0.5, dtype) != 0


def learned(engine, dtype, width, rate=0.1):
    """Return what became of weights below the smallest normal number that no gradient reaches."""
    X, y = np.zeros((40, 3), dtype), np.ones((40, width), dtype)
    layer = cr.Dense(width, initializer=np.full((3, width), TINY[dtype]))
    network = cr.Network([layer], dtype=dtype, seed=0, engine=engine)
    network.fit(X, y, loss="mean_squared_error", optimizer=cr.SGD(rate), epochs=2, batch_size=40)
    return network.parameters["W1"]


@on_x86
@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("width", [1, 70], ids=["in registers", "in memory"])
def test_in_a_run_they_are_0(dtype, width):
    assert (learned("native", dtype, width) == 0).all()
    assert kept(dtype)
    assert (learned("numpy", dtype, width) > 0).all()


@pytest.mark.parametrize("dtype", TINY)
def test_a_run_that_ends_early_leaves_the_thread_as_it_was(dtype):
    with pytest.warns(DivergenceWarning):
        learned("native", dtype, 70, rate=1e300)
    assert kept(dtype)


@pytest.mark.parametrize("dtype", TINY)
def test_predictions_and_compiled_functions_keep_them(dtype):
    tiny = np.full((1, 1), TINY[dtype], dtype)
    network = cr.Network([cr.Dense(1, initializer=1.0)], input_shape=1, dtype=dtype, engine="native")
    assert network.predict(tiny)[0] != 0
    x = cr.input("x", (1, 1), dtype)
    assert cr.compile(x * 0.5, [x], engine="native")(tiny) != 0


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("width", [2, 70], ids=["in registers", "in memory"])
def test_a_run_keeps_them_where_a_loss_names_one(dtype, width):
    """The logarithm of what is kept from 0 by such a number is none of 0."""

    def loss(y, p):
        return -y * np.log(np.maximum(p, TINY[dtype]))

    X, y = np.full((40, width), -1e4, dtype), np.ones(40, dtype)
    network = cr.Network([cr.Dense(1, "sigmoid", initializer=1.0)], dtype=dtype, seed=0, engine="native")
    history = network.fit(X, y, loss=loss, optimizer=cr.SGD(0.1), epochs=2, batch_size=40)
    np.testing.assert_allclose(history["cost"], -np.log(np.array(TINY[dtype], dtype)), rtol=1e-6)


def test_only_machines_that_can_be_told_are_told():
    assert known("x86_64-unknown-linux-gnu", "generic", {}).flushes
    assert not known("aarch64-unknown-linux-gnu", "generic", {}).flushes
