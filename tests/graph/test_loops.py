"""Loops: written as a step on nodes, computed by all engines, and written out again."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.closed import Program
from chainrule.graph.primitives.loops import scan
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.transform.verify import verify

rng = np.random.default_rng(0)
W, U, X = rng.standard_normal((3, 4)) * 0.4, rng.standard_normal((4, 4)) * 0.4, rng.standard_normal((7, 5, 3))


def recurrence(x, reverse=False, length=None):
    """h ← tanh(x W + h U), counted; emits what it begins with, and h² beside the step's place."""
    w, u = cr.variable(W, "W"), cr.variable(U, "U")

    def step(carry, x):
        h = np.tanh(x @ w + carry["h"] @ u)
        return {"n": carry["n"] + 1, "h": h}, (carry["h"], [h * h, carry["n"]])

    start = {"h": np.broadcast_to(cr.constant(0.0), (x.shape[1], 4)), "n": 0}
    return cr.scan(step, start, x, reverse=reverse, length=length)


def by_hand(x, reverse):
    h, n, befores, squares, numbers = np.zeros((x.shape[1], 4)), 0, [], [], []
    for t in range(len(x))[:: -1 if reverse else 1]:
        befores.append(h)
        h = np.tanh(x[t] @ W + h @ U)
        squares.append(h * h)
        numbers.append(n)
        n += 1
    every = [
        np.reshape(befores, (len(x), *h.shape)),
        np.reshape(squares, (len(x), *h.shape)),
        np.array(numbers),
    ]
    return [h, np.array(n), *(a[:: -1 if reverse else 1] for a in every)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("T", [0, 1, 2, 7])
@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize("shape", ["fixed", "batch", "time", "both"])
def test_every_door_computes_what_a_loop_in_python_does(reverse, T, batch, shape):
    values = X[:T, :batch]
    time, rows = {
        "fixed": (T, batch),
        "batch": (T, "batch"),
        "time": ("time", batch),
        "both": ("time", "batch"),
    }[shape]
    x = cr.input("x", (time, rows, 3))
    carry, (befores, (squares, numbers)) = recurrence(x, reverse)
    outputs = [carry["h"], carry["n"], befores, squares, numbers]
    expected = by_hand(values, reverse)
    run = cr.trace(outputs, {x: values})
    written_out = cr.unroll(outputs, T)
    assert not any(n.primitive is scan for n in order(written_out))
    computed = cr.compile(outputs, inputs=[x], engine="numpy")(values)
    flat = cr.trace(written_out, {x: values})
    for node, also, one, other in zip(outputs, written_out, computed, expected, strict=True):
        assert run[node].shape == one.shape == flat[also].shape == other.shape
        np.testing.assert_allclose(run[node], other, rtol=1e-12)
        np.testing.assert_array_equal(run[node], one)
        np.testing.assert_array_equal(run[node], flat[also])
    leaves = tuple([n for n in order(outputs) if n.primitive.name == "variable"])
    verify(Program((x,), leaves, tuple(outputs), leaves))


def test_a_body_is_gone_through_once_for_all_results():
    calls = []
    counted = cr.primitive("counted", lambda x: calls.append(1) or x * 1.0, lambda y, x: [1.0])
    x = cr.input("x", (7, 5, 3))
    carry, ys = cr.scan(lambda h, x: (counted(h) + x, (h, x)), cr.constant(np.zeros((5, 3))), x)
    outputs = [carry, *ys]
    cr.trace(outputs, {x: X})
    assert len(calls) == 7
    step = cr.compile(outputs, inputs=[x], engine="numpy")
    step(X)
    assert len(calls) == 14
    assert {len(family) for family in siblings(order(outputs)).values()} == {3}
