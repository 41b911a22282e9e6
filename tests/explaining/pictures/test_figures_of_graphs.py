"""The lectures' figures of computation graphs: each drawn, and its edges and numbers what the row says."""

from itertools import pairwise

import numpy as np
import pytest
from drawn_graphs import arrows, boxes, edges

import chainrule as cr


def names_with_values(picture):
    """The names on whose way out a value stands."""
    return {a for a, _, m in arrows(picture) if a and m.above}


def test_one_pass_forward_and_back_is_seen_at_once():
    """S0-132, S0-113: x → z = wx + b → a → L forward, and back the gradients that the update takes."""
    w, b, x, y = cr.variable(0.5, "w"), cr.variable(0.1, "b"), cr.constant(2.0, "x"), cr.constant(1.0, "y")
    z = (w * x + b).named("z")
    a = cr.sigmoid(z).named("a")
    L = (-(y * np.log(a) + (1 - y) * np.log(1 - a))).named("L")
    picture = cr.draw(L, [w, b])
    assert edges(picture) == {("w", "z"), ("x", "z"), ("b", "z"), ("z", "a"), ("a", "L"), ("y", "L")}
    sigma = 1 / (1 + np.exp(-1.1))
    told = {(p, q): m for p, q, m in arrows(picture)}
    assert float(told["z", "a"].above) == pytest.approx(1.1)
    assert float(told["w", "z"].below) == pytest.approx((sigma - 1) * 2, abs=1e-3)
    assert float(told["b", "z"].below) == pytest.approx(sigma - 1, abs=1e-3)


def test_a_graph_of_two_features():
    """S0-136: x1, w1, x2, w2, b → z → a → L."""
    w = [cr.variable(v, f"w{i}") for i, v in ((1, 0.4), (2, -0.2))]
    x = [cr.constant(v, f"x{i}") for i, v in ((1, 1.0), (2, 3.0))]
    b, y = cr.variable(0.0, "b"), cr.constant(1.0, "y")
    z = (w[0] * x[0] + w[1] * x[1] + b).named("z")
    a = cr.sigmoid(z).named("a")
    L = cr.binary_crossentropy(y, a).named("L")
    leaves = {(name, "z") for name in ("w1", "x1", "w2", "x2", "b")}
    assert edges(cr.draw(L, [*w, b])) == leaves | {("z", "a"), ("a", "L"), ("y", "L")}


def test_a_neuron_of_two_inputs_as_a_graph():
    """S3-3: two inputs, two weights, a sum, f and the output."""
    w1, w2, b = cr.variable(0.0, "w1"), cr.variable(1.0, "w2"), cr.variable(4.0, "b")
    x1, x2 = cr.constant(2.0, "x1"), cr.constant(3.0, "x2")
    total = (w1 * x1 + w2 * x2 + b).named("sum")
    picture = cr.draw(cr.sigmoid(total).named("y"), [w1, w2, b])
    assert edges(picture) == {(name, "sum") for name in ("w1", "x1", "w2", "x2", "b")} | {("sum", "y")}
    told = {(p, q): m.above for p, q, m in arrows(picture)}
    assert told["sum", "y"] == "7"


def two_layers():
    """The network 2-2-1 of the second lecture, scalar by scalar."""
    x1, x2 = cr.constant(0.5, "x1"), cr.constant(-1.0, "x2")
    w = {f"w{i}": cr.variable(i / 10, f"w{i}") for i in range(1, 7)}
    z1 = (w["w1"] * x1 + w["w2"] * x2).named("z1")
    z2 = (w["w3"] * x1 + w["w4"] * x2).named("z2")
    a1, a2 = cr.sigmoid(z1).named("a1"), cr.sigmoid(z2).named("a2")
    z3 = (w["w5"] * a1 + w["w6"] * a2).named("z3")
    return cr.sigmoid(z3).named("ŷ")


def test_values_are_filled_in_one_by_one():
    """S2-54: six steps, and each adds one of z1, z2, a1, a2, z3, ŷ behind what it is computed from."""
    output = two_layers()
    frames = [cr.draw(output, gradients=False, step=k) for k in range(7)]
    known = [
        {name for name in names_with_values(p) if name in ("z1", "z2", "a1", "a2", "z3", "ŷ")} for p in frames
    ]
    order = [next(iter(b - a)) for a, b in pairwise(known)]
    assert [len(k) for k in known] == list(range(7)) and set(order) == {"z1", "z2", "a1", "a2", "z3", "ŷ"}
    before = {"a1": {"z1"}, "a2": {"z2"}, "z3": {"a1", "a2"}, "ŷ": {"z3"}}
    assert all(before.get(name, set()) <= set(order[:i]) for i, name in enumerate(order))


def test_the_reversed_graph_has_slopes_on_its_edges():
    """S2-61: the same edges with their arrows turned, and g'(z) = a(1 - a) on those of activations."""
    J = (0.5 * (two_layers() - 1.0) ** 2).named("L")
    back = cr.draw(J, direction="backward")
    assert edges(back) and {(b, a) for a, b in edges(back)} <= edges(cr.draw(J))
    told = {(p, q): m for p, q, m in arrows(back)}
    sigma = 1 / (1 + np.exp(0.15))
    assert float(told["a1", "z1"].below) == pytest.approx(sigma * (1 - sigma), abs=1e-3)
    assert "a1" in told["a1", "z1"].above


def test_a_network_is_a_graph_of_its_layers_and_its_loss():
    """S1-75: any network can be drawn as its graph: the 3-4-1 network, with the node of its loss."""
    network = cr.Network([cr.Dense(4, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=3, seed=0)
    picture = cr.draw(network, X=np.ones((5, 3)), y=np.ones(5), loss="binary_crossentropy")
    said = " ".join(line for box in boxes(picture) for line in box.lines)
    assert "dense_1" in said and "dense_2" in said and ("cost" in said or "J" in said or "loss" in said)
