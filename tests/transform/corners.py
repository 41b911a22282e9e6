"""Expressions that grow at random, and the numbers at which formulas break: what the tests of corners share."""

import random

import numpy as np

from chainrule.graph.node import input
from chainrule.graph.primitives.corners import relu
from chainrule.graph.primitives.exponentials import sigmoid, softplus

UNARY = [
    np.exp, np.log, np.log1p, np.expm1, np.tanh, np.negative, lambda x: np.sqrt(np.abs(x)), np.abs, np.square, np.sin,
    sigmoid, softplus, relu,
    lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(x) / (1 + np.exp(x)), lambda x: 1 - x, lambda x: x - 1,
    lambda x: np.log(1 + np.exp(x)), lambda x: 0 - x, lambda x: x + 0, lambda x: 1 / x, lambda x: x / 3,
    lambda x: 3 * x, lambda x: x**3, lambda x: np.abs(x) ** 0.5, lambda x: np.where(x > 0, x, 0),
    lambda x: np.where(np.less(0, x), x, 0),
    lambda x: np.where(x > 0, x, 0.5 * x), lambda x: np.where(x <= 0, 0, x), lambda x: np.maximum(x, 0),
    lambda x: np.clip(x, -1, 2), lambda x: np.minimum(x, 1), lambda x: x - x, lambda x: x / x,
    lambda x: np.log(sigmoid(x)), lambda x: np.log(1 - sigmoid(x)),
]  # fmt: skip
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum,
    lambda a, b: -(a - b), lambda a, b: (a - b) * -2,
    lambda a, b: np.where(a > b, a, b),
    lambda a, b: -(a * np.log(b)), lambda a, b: 3 * a - b * 3, lambda a, b: a * -b,
]  # fmt: skip


def corners(dtype, mild=False):
    """Return 0, ±1, tiny and huge numbers, the infinities and NaN; if ``mild``, none next to where floats end."""
    f = np.finfo(dtype)
    ends = [1.0, f.eps, np.inf, 0.0, 0.5, 3.0, 40.0, 800.0]
    ends += [f.tiny**0.25, f.max**0.25] if mild else [f.tiny, f.smallest_subnormal, f.max / 4]
    return np.array([sign * end for end in ends for sign in (1, -1)] + [np.nan], dtype)


def pairs(dtype, mild=False):
    """Return every pair of corners, as two arrays."""
    return tuple(a.ravel() for a in np.meshgrid(corners(dtype, mild), corners(dtype, mild)))


def grown(seed, steps=6):
    """Return a function of two array-likes, grown at random."""
    choose = random.Random(seed)
    plan = []
    for count in range(2, 2 + choose.randint(1, steps)):
        binary = choose.random() < 0.4
        function = choose.choice(BINARY if binary else UNARY)
        plan.append((function, [max(0, count - 1 - choose.randint(0, 2)) for _ in range(1 + binary)]))

    def build(x, y):
        values = [x, y]
        for function, places in plan:
            values.append(function(*(values[p] for p in places)))
        return values[-1]

    return build


def inputs(dtype):
    """Return two input nodes of one open length."""
    return input("x", ("n",), dtype), input("y", ("n",), dtype)
