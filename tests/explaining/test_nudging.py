"""A nudge is what the graph says of moved numbers, beside what the gradient promised."""

import numpy as np
import pytest

import chainrule as cr


def test_the_lectures_nudge():
    """J = 3(a + bc): c moves by 0.001, and J by 0.009."""
    a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
    u = (b * c).named("u")
    J = (3 * (a + u)).named("J")
    found = cr.nudge(J, c, 0.001)
    (one,) = found.nudges
    assert (found.value, found.derivative, found.at) == (33.0, 9.0, 2.0)
    np.testing.assert_allclose([one.change, one.promised, one.value], [0.009, 0.009, 33.009])
    assert one.kinks == () and "A kink" not in repr(found)
    np.testing.assert_allclose(cr.nudge(J, u, 0.001).nudges[0].change, 0.003)
    assert c.value == 2.0


def test_smaller_nudges_come_closer_to_the_promise():
    w = cr.variable(np.array([[0.3, -1.2], [2.0, 0.7]]), "W")
    J = np.sum(np.tanh(w @ w)).named("J")
    found = cr.nudge(J, w, [0.1, 0.01, 0.001], index=(1, 0))
    assert found.moved == "W[1, 0]"
    slope = cr.grad(J, w).value[1, 0]
    assert found.derivative == slope
    errors = [abs(each.change / each.h - slope) for each in found.nudges]
    assert errors[0] > 5 * errors[1] > 25 * errors[2]
    moved = w.value.copy()
    moved[1, 0] += 0.1
    np.testing.assert_allclose(found.nudges[0].value, np.tanh(moved @ moved).sum(), rtol=1e-12)


def test_inputs_are_fed():
    x, w = cr.input("x", (3,)), cr.variable(2.0, "w")
    J = np.sum(w * x)
    assert cr.nudge(J, w, 1.0, {x: [1.0, 2.0, 3.0]}).nudges[0].change == 6.0
    assert cr.nudge(J, x, 1.0, {x: [1.0, 2.0, 3.0]}, index=-1).moved == "x[2]"
    with pytest.raises(cr.GraphError, match="The input 'x'"):
        cr.nudge(J, w)


KINKED = {
    "relu": (cr.relu, -0.01), "abs": (np.abs, -0.01), "leaky_relu": (cr.leaky_relu, -0.01),
    "maximum": (lambda z: np.maximum(z, 0.5), 0.49), "clip": (lambda z: np.clip(z, -1, 1), 0.99),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKED)
def test_a_kink_that_is_passed_is_told(name):
    function, at = KINKED[name]
    z = cr.variable(at, "z")
    near, far = cr.nudge(function(z) * 2.0, z, [0.001, 0.05]).nudges
    assert near.kinks == () and len(far.kinks) == 1
    assert "z" in far.kinks[0]
    (back,) = cr.nudge(function(z) * 2.0, z, -0.05).nudges
    assert back.kinks == ()


@pytest.mark.parametrize(
    "function", [np.tanh, cr.sigmoid, np.exp, cr.softplus, cr.elu, np.sqrt, lambda z: z**3]
)
def test_what_is_smooth_has_none(function):
    z = cr.variable(0.3, "z")
    for h in (1e-6, 0.01, 0.5, -0.25):
        assert cr.nudge(function(z), z, h).nudges[0].kinks == ()


def test_what_cannot_be_nudged_is_refused():
    w, v = cr.variable([1.0, 2.0], "w"), cr.variable(1.0, "v")
    with pytest.raises(cr.ShapeError, match="J has the shape \\(2,\\), and a nudge looks at a single number"):
        cr.nudge(w * 2, w)
    with pytest.raises(cr.ShapeError, match="say which, index=0"):
        cr.nudge(w.sum(), w)
    with pytest.raises(cr.ShapeError, match="index names no element of w, of shape"):
        cr.nudge(w.sum(), w, index=5)
    with pytest.raises(cr.GraphError, match="J does not depend on v"):
        cr.nudge(w.sum(), v)
    with pytest.raises(cr.DataError, match="a number other than 0"):
        cr.nudge(w.sum(), w, 0, index=0)
    with pytest.raises(cr.DataError, match="too small for float64"):
        cr.nudge(w.sum(), w, 1e-20, index=0)
    with pytest.raises(cr.GraphError, match="nudge takes nodes: c is 'w'"):
        cr.nudge(w.sum(), "w")
