"""Loops that are drawn at random: what they carry, scan, share and emit, and what a step makes of it."""

import math
from dataclasses import dataclass, field
from random import Random

import numpy as np

import chainrule as cr
from chainrule.graph.node import apply

UNITS = 3
BATCH = 2
UNARY = [np.tanh, cr.sigmoid, np.sin, lambda x: x * 0.5 + 1, np.negative, lambda x: np.log1p(x * x), lambda x: x * x,
         lambda x: np.sqrt(x * x + 1), lambda x: cr.stop_gradient(x) * 0.3 + x, lambda x: 1 / (1.5 + np.tanh(x)),
         lambda x: np.cumsum(x, axis=-1) * 0.5 if x.ndim else x, lambda x: cr.softmax(x, axis=-1) if x.ndim else x,
         lambda x: cr.relu(x + 0.05), lambda x: np.where(x > 0.1, x, -x)]  # fmt: skip
BINARY = [np.add, np.subtract, np.multiply, lambda a, b: a / (b * b + 1), lambda a, b: np.where(b > 0, a, b)]


@dataclass
class Loop:
    """A random loop, and what is made of it: a scalar, and the variables that it depends on."""

    random: Random
    T: int
    batch: int = BATCH
    nested: bool = True
    variables: list = field(default_factory=list)

    def __post_init__(self):
        self.numbers = np.random.default_rng(self.random.randrange(2**32))

    def leaf(self, shape, name):
        """A variable, or something that is made of one outside of the loop."""
        w = cr.variable(self.numbers.normal(size=shape) * 0.5, f"{name}{len(self.variables)}")
        self.variables.append(w)
        return self.random.choice([w, w, np.sin(w), w * w])

    def shape(self):
        return self.random.choice([(self.batch, UNITS)] * 3 + [(self.batch,), (UNITS,), ()])

    def grown(self, nodes, weights, most, depth):
        """Nodes that are made of ``nodes``, one after another, the last of them most of all."""
        r, nodes = self.random, list(nodes)
        for _ in range(r.randint(1, most)):
            x = r.choice(nodes[-3:] if r.random() < 0.5 else nodes)
            kind = r.choice(["unary", "unary", "binary", "binary", "product", "reduction", "moved", "nested"])
            if kind == "unary":
                y = r.choice(UNARY)(x)
            elif kind == "binary":
                others = [n for n in [*nodes, *weights] if fit(n.shape, x.shape)]
                y = r.choice(BINARY)(x, r.choice(others))
            elif kind == "product" and x.shape[-1:] == (UNITS,):
                y = x @ r.choice([w for w in weights if w.shape == (UNITS, UNITS)]) * 0.6
            elif kind == "reduction" and x.ndim:
                axis, keep = r.randrange(x.ndim), r.random() < 0.5
                reduced = r.choice([np.sum, np.mean, cr.logsumexp] if x.shape[axis] else [np.sum])
                y = reduced(x, axis=axis, keepdims=keep) * 0.5
            elif kind == "moved" and x.shape == (self.batch, UNITS):
                y = r.choice(
                    [x[:, ::-1], x[:, :2].sum(axis=1), x.reshape(-1)[: self.batch], np.roll(x, 1, axis=1)]
                )
            elif kind == "nested" and depth and x.shape == (self.batch, UNITS) and r.random() < 0.5:
                y = self.within(x, nodes, weights)
            else:
                y = x * 0.9
            if math.prod(y.shape) <= 100:
                nodes.append(y)
        return nodes

    def within(self, x, nodes, weights):
        """A loop in a step: along the units of x."""
        r = self.random
        start = [n for n in nodes if n.shape == (self.batch,)] or [x[:, 0]]

        def step(h, column):
            new = self.grown([h, column], [*weights, *r.sample(nodes, 1)], 3, 0)
            return fitted(r.choice(new), h.shape), r.choice(new)

        h, ys = cr.scan(step, r.choice(start), x.T, reverse=r.random() < 0.3)
        return h if ys.shape[1:] != (self.batch,) or r.random() < 0.4 else ys.T

    def results(self):
        """All results of the loop, of floats and others."""
        r, steps = self.random, self.T
        carry = {f"c{i}": self.leaf(self.shape(), "h") for i in range(r.randint(1, 3))}
        xs = {f"x{i}": self.leaf((steps, *self.shape()), "x") for i in range(r.randint(0, 2))}
        weights = [self.leaf(s, "w") for s in [(UNITS, UNITS)] * 2 + [(UNITS,), ()]]
        table = self.leaf((5, UNITS), "table")
        if r.random() < 0.5:
            carry["n"] = np.array(r.randrange(5))
        if r.random() < 0.5:
            xs["label"] = self.numbers.integers(0, 5, (steps, self.batch))
        if r.random() < 0.5:
            xs["mask"] = self.numbers.random((steps, self.batch, 1)) < 0.6
        length = None if xs else steps

        def step(carry, x):
            x = x or {}
            floats = [n for n in [*carry.values(), *x.values()] if n.dtype.kind == "f"]
            if "label" in x:
                floats.append(table[x["label"]])
            if "n" in carry:
                floats.append(carry["n"] * weights[-1])
            nodes = self.grown(floats, weights, 8, depth=1 if self.nested else 0)
            new = dict(carry)
            for name, old in carry.items():
                if name == "n":
                    new[name] = old + 1
                elif r.random() < 0.85:  # else it passes through
                    new[name] = fitted(r.choice(nodes[-4:]), old.shape)
                    if "mask" in x and old.shape == (self.batch, UNITS):
                        new[name] = np.where(x["mask"], new[name], old)
            emitted = [r.choice([*nodes, *nodes[-3:]]) for _ in range(r.randint(0, 3))]
            return new, emitted + ([carry["n"]] if "n" in carry else [])

        last, every = cr.scan(step, carry, xs or None, reverse=r.random() < 0.4, length=length)
        return [*last.values(), *every]

    def scalar(self):
        """A scalar of some of the results."""
        floats = [n for n in self.results() if n.dtype.kind == "f"]
        chosen = [n for n in floats if self.random.random() < 0.7] or floats[:1]
        return sum(np.sum(np.sin(n + 0.1 * i)) for i, n in enumerate(chosen))


def fit(shape, other):
    return len(shape) <= len(other) and all(
        a in (1, b) for a, b in zip(shape[::-1], other[::-1], strict=False)
    )


def fitted(x, shape):
    """What has a shape that is asked for, and stays within bounds."""
    if not fit(x.shape, shape):
        x = np.sum(x) * 0.2
    return apply("broadcast_to", np.tanh(x), shape=tuple(shape))
