"""The lectures' scalar graphs, as a student would write them."""

import numpy as np

from chainrule.graph.node import constant, input, variable
from chainrule.graph.primitives.exponentials import sigmoid


def three_letters():
    """S0-100: J = 3(a + bc) at a = 5, b = 3, c = 2."""
    a, b, c = variable(5.0, "a"), variable(3.0, "b"), variable(2.0, "c")
    u = (b * c).named("u")
    v = (a + u).named("v")
    J = (3 * v).named("J")
    return J, {"a": a, "b": b, "c": c, "u": u, "v": v}


def spam(loss):
    """S0-117: three capitals, five exclamation marks, and it is no spam."""
    w1, w2, b = variable(0.2, "w1"), variable(0.4, "w2"), variable(0.1, "b")
    x1, x2, y = input("x1"), input("x2"), input("y")
    z = (w1 * x1 + w2 * x2 + b).named("z")
    a = sigmoid(z).named("a")
    cross_entropy = -(y * np.log(a) + (1 - y) * np.log(1 - a))
    L = {"cross-entropy": cross_entropy, "half squared error": 0.5 * (a - y) ** 2}[loss]
    return L.named("L"), {"w1": w1, "w2": w2, "b": b, "z": z, "a": a}, {x1: 3.0, x2: 5.0, y: 0.0}


def alice():
    """S3-40: weights 1, biases 0, Alice is (-2, -1)."""
    w = {f"w{i}": variable(1.0, f"w{i}") for i in range(1, 7)}
    b = {f"b{i}": variable(0.0, f"b{i}") for i in range(1, 4)}
    x1, x2 = constant(-2.0, "x1"), constant(-1.0, "x2")
    h1 = sigmoid(w["w1"] * x1 + w["w2"] * x2 + b["b1"]).named("h1")
    h2 = sigmoid(w["w3"] * x1 + w["w4"] * x2 + b["b2"]).named("h2")
    o1 = sigmoid(w["w5"] * h1 + w["w6"] * h2 + b["b3"]).named("o1")
    return ((1 - o1) ** 2).named("L"), w | b


def composite(x):
    """S3-48: J = cos(sin(x²) + 3x²)."""
    x = variable(x, "x")
    a = (x**2).named("a")
    b = np.sin(a).named("b")
    c = (3 * a).named("c")
    d = (b + c).named("d")
    return np.cos(d).named("J"), x


def two_two_one():
    """S2-52: two inputs, two hidden units, one output, no biases."""
    w = {f"w{i}": variable(i / 10, f"w{i}") for i in range(1, 7)}
    x = {"x1": variable(1.0, "x1"), "x2": variable(2.0, "x2")}
    z1 = (w["w1"] * x["x1"] + w["w3"] * x["x2"]).named("z1")
    z2 = (w["w2"] * x["x1"] + w["w4"] * x["x2"]).named("z2")
    a1, a2 = sigmoid(z1).named("a1"), sigmoid(z2).named("a2")
    z3 = (w["w5"] * a1 + w["w6"] * a2).named("z3")
    y_hat = sigmoid(z3).named("ŷ")
    return (0.5 * (y_hat - 1) ** 2).named("L"), w | x


def logistic(y):
    """S1-60: logistic regression of three features, with the numbers of S1-3."""
    w = [variable(v, f"w{i}") for i, v in enumerate([0.5, -0.25, 0.1], start=1)]
    x = [constant(float(i), f"x{i}") for i in (1, 2, 3)]
    b = variable(1.0, "b")
    z = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b).named("z")
    a = sigmoid(z).named("a")
    target = constant(float(y), "y")
    L = -(target * np.log(a) + (1 - target) * np.log(1 - a))
    return L.named("L"), {"a": a, "z": z, "b": b, "w1": w[0], "w2": w[1], "w3": w[2]}
