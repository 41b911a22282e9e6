"""Checks of gradients look into loops: at which time step, and at which step of the body, a derivative is wrong."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.primitives.primitive import TABLE

X = cr.variable(np.linspace(0.1, 0.9, 6).reshape(3, 2), "x")


@pytest.fixture
def wrong():
    """x², whose derivative is 2x and not x."""
    yield cr.primitive("wrong", lambda x: x**2, lambda y, x: [x])
    del TABLE["wrong"]


def test_a_wrong_step_of_a_body_is_named_with_the_time_step(wrong):
    w = cr.variable(0.5, "w")
    h, ys = cr.scan(lambda h, x: (np.tanh(wrong(h).named("square") * w + x), h), np.array([0.5, 1.0]), X)
    report = cr.check_gradients(np.sum(h) + np.sum(ys), [X, w])
    assert not report.passed
    (culprit,) = report.culprits
    assert (culprit.row, culprit.name, culprit.times) == ("wrong", "square", (0,))
    assert culprit.node.inputs[0].name == "h"  # the user's node, not the twin in float64
    assert "The derivative of wrong is wrong (relative error 5.0e-01), at square at time step 0." in str(
        report
    )


def test_the_first_time_step_is_named_at_which_it_is_wrong():
    """A derivative that is wrong for large numbers, in a loop that reaches them at step 2."""
    step = cr.primitive("doubled", lambda x: 2 * x, lambda y, x: [np.where(x > 3.5, 1.0, 2.0)])
    try:
        for reverse, first in ((False, 2), (True, 0)):
            h, _ = cr.scan(lambda h, _: (step(h), None), cr.variable(1.0, "h0"), length=3, reverse=reverse)
            report = cr.check_gradients(h, h.inputs[0])
            assert [c.times for c in report.culprits] == [(first,)]
    finally:
        del TABLE["doubled"]


def test_in_loops_within_loops_each_time_step_is_named(wrong):
    w = cr.variable(0.5, "w")

    def step(c, x):
        h, _ = cr.scan(lambda h, u: (np.tanh(wrong(h) * w + u), None), c, np.stack([x, x, x]), reverse=True)
        return h, None

    h, _ = cr.scan(step, np.array([0.3, 1.0]), X)
    report = cr.check_gradients(np.sum(h), w)
    assert [c.times for c in report.culprits] == [(0, 2)]
    assert "at wrong(h) at time step 0, within it at 2." in str(report)


def test_open_axes_have_the_lengths_of_what_is_fed(wrong):
    w, x = cr.variable(0.5, "w"), cr.input("x", ("time", "batch", 2))
    start = np.broadcast_to(cr.constant(0.3), (x.shape[1], 2))
    h, _ = cr.scan(lambda h, x: (np.tanh(wrong(h) * w + x / x.shape[0]), None), start, x, reverse=True)
    report = cr.check_gradients(np.sum(h), w, {x: np.ones((4, 3, 2))})
    assert [c.times for c in report.culprits] == [(3,)]
    assert cr.check_gradients(np.sum(h), w, {x: np.ones((0, 3, 2))}).passed


def test_a_kink_in_a_body_is_a_kink():
    w = cr.variable(0.5, "w")
    h, _ = cr.scan(
        lambda h, x: (cr.relu(h * w - x), None),
        np.array([0.5, 1.0]),
        cr.constant([[0.0, 0.0], [0.125, 0.25]]),
    )
    report = cr.check_gradients(np.sum(h), w)
    assert report.passed and len(report.parameters[0].kinks) == 1
    assert report.conventions == {"relu": "0 at z = 0"}


def test_an_infinite_slope_is_named_with_the_time_step():
    w = cr.variable(0.5, "w")
    h, _ = cr.scan(lambda h, x: (np.sqrt(h * w) * h - x, None), np.array([0.0, 1.0]), np.zeros((3, 2)))
    report = cr.check_gradients(np.sum(h), w)
    (found,) = report.undefined
    assert np.isnan(found.value) and (found.row, found.times) == ("sqrt", (2,))
    assert "It begins in sqrt, at sqrt(h · w) at time step 2, whose slope" in str(report)


def test_only_steps_that_matter_are_looked_at(wrong):
    """What a loop computes beside, and what stands still, is not blamed."""
    w, v = cr.variable(0.5, "w"), cr.variable(0.7, "v")

    def step(carry, x):
        h, other = carry
        return (cr.relu(h * w + x), wrong(other) + v), None

    (h, _), _ = cr.scan(step, (np.array([-1.0, 1.0]), 0.3), np.array([[0.0, 0.0], [0.5, -0.5]]))
    report = cr.check_gradients(np.sum(h), w)
    assert report.passed and not report.culprits


def test_a_long_loop_is_checked_within_reason(wrong):
    w = cr.variable(0.999, "w")
    h, _ = cr.scan(lambda h, _: (np.tanh(wrong(h) * w) + 0.1, None), 0.5, length=1000)
    assert [c.row for c in cr.check_gradients(h, w).culprits] == ["wrong"]
