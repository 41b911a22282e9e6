"""What backward reads of a loop: what of it is stored, what is made again, and how much that is."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.node import input
from chainrule.graph.primitives.loops import scan
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import descendants, order
from chainrule.transform.residuals import stored
from chainrule.transform.simplify import simplify_all

N = 8
H, X, W = input("h", (N,), "float32"), input("x", (N,), "float32"), input("w", (N, N), "float32")


def kept(*reads):
    nodes = order([H, X, *reads])
    return stored([n for n in nodes if n in reads], [H], descendants([H, X], nodes))


def test_what_takes_a_product_a_reduction_or_a_series_to_make_is_stored():
    costly = [H @ W, np.tanh(X), np.sum(X), np.max(X), cr.softmax(X), np.cumsum(X), np.exp(X)]
    assert kept(*costly) == costly


def test_what_the_step_began_with_is_stored_and_what_it_was_given_is_not():
    assert kept(H) == [H]
    assert kept(X, X[:4], X.reshape(2, 4), W.T, np.exp(W) * 2) == []


def test_what_is_cheap_to_make_is_made_again():
    y = np.tanh(H + X)
    assert kept(1 - y * y, y[:4], y.reshape(4, 2).T, np.sqrt(y * X) / 3) == [y]
    assert kept(y * X, y) == [y]


def test_what_needs_more_than_it_has_itself_is_stored_itself():
    z = H @ W + X @ W
    assert kept(z) == [z]
    truth = H > X
    assert kept(truth) == [truth]  # a byte in place of four
    first = np.exp(X)[:1]
    assert kept(first) == [first]


def test_one_that_is_stored_serves_all():
    a, b = H @ W, X @ W
    assert kept(a * b, a, b) == [a, b]


def stored_bytes(layer, steps=10):
    """Return what training stores, in numbers of a state's size, for each step and example."""
    x = cr.input("x", ("batch", steps, 3), "float32")
    y = layer(x)
    learned = [n for n in order([y]) if n.primitive.name == "variable"]
    simple = simplify_all([*cr.grad(np.mean(y * y), learned)], final=True)
    families = {id(f): f for f in siblings(order(simple)).values()}.values()
    found = [n for f in families if not f[0].attributes["reverse"] for n in f]
    assert len(families) == 2 and all(n.primitive is scan for n in found)
    emitted = {n.attributes["take"]: n for n in found if n.attributes["take"] >= n.attributes["carried"]}
    return sum(n.dtype.itemsize * math.prod(n.shape[2:]) for n in emitted.values()) / (4 * y.shape[-1])


@pytest.mark.parametrize(
    ("layer", "numbers"),
    [
        (lambda: cr.LSTM(16), 7),  # i, f, g, o, tanh c; c and h before
        (lambda: cr.GRU(16), 5),  # z, r, h', h U_h; h before
        (lambda: cr.SimpleRNN(16), 2),  # tanh z; h before
        (lambda: cr.SimpleRNN(16, "relu"), 1.25),  # whether z > 0; h before
    ],
)
def test_how_much_recurrent_layers_store(layer, numbers):
    assert stored_bytes(layer()) == numbers
