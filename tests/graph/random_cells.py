"""Loops that are drawn at random, of steps made of what cells are made of: products above all, and weights."""

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.graph.node import input, variable

WIDTHS = [1, 2, 3, 5]
SMOOTH = [np.tanh, np.sin, cr.sigmoid, lambda x: x * x * 0.3, lambda x: 1 / (1 + x * x)]


@dataclass
class Step:
    """A step that grows: nodes with a row for each example, and what is the same for all steps."""

    random: random.Random
    rows: list[Any]
    positions: list[Any]
    weight: Any

    def any(self):
        return self.random.choice(self.rows[-6:] if self.random.random() < 0.5 else self.rows)

    def add(self, node):
        self.rows.append(node)


def product(s):
    x = s.any()
    s.add(x @ s.weight(x.shape[1], s.random.choice(WIDTHS)) * 0.5)


def bias(s):
    x = s.any()
    s.add(x + s.weight(x.shape[1]))


def smooth(s):
    s.add(s.random.choice(SMOOTH)(s.any()))


def together(s):
    x = s.any()
    y = s.random.choice([y for y in s.rows if y.shape == x.shape])
    s.add(
        s.random.choice([lambda: x + y, lambda: x * y, lambda: x - y * 0.5, lambda: np.where(y > 0, x, y)])()
    )


def joined(s):
    s.add(np.concatenate([s.any(), s.any()], axis=1))


def sliced(s):
    x = s.any()
    start = s.random.randrange(x.shape[1])
    s.add(x[:, start : s.random.randint(start + 1, x.shape[1])])


def reduced(s):
    x = s.any()
    over = s.random.choice([np.mean, np.max, np.sum])
    s.add(x - over(x, axis=1, keepdims=True) * 0.3)


def shares(s):
    s.add(cr.softmax(s.any()))


def turned(s):
    x = s.any()
    s.add((x.T * 0.5).T[:, ::-1])


def looked_up(s):
    if s.positions:
        s.add(s.weight(4, s.random.choice(WIDTHS))[s.random.choice(s.positions)])


def across(s):
    x = s.any()
    s.add(x - np.mean(x, axis=0) * 0.3 if x.shape[0] != 0 else x)


def of_weights(s):
    w = s.weight(3, 2)
    s.add(s.any()[:, :1] * np.sum(np.tanh(w @ s.weight(2, 3))))


def following(s, carry):
    """What is carried to the next step: made of anything, or anything of the same shape, be it what it was."""
    if s.random.random() < 0.7:
        x = s.any()
        return np.tanh(x @ s.weight(x.shape[1], carry.shape[1])) + s.random.choice([0, 0.5]) * carry
    return s.random.choice([y for y in s.rows if y.shape == carry.shape])


GROWTHS = [product] * 5 + [
    bias,
    smooth,
    smooth,
    smooth,
    together,
    together,
    together,
    joined,
    sliced,
    reduced,
]
GROWTHS += [shares, turned, looked_up, across, of_weights]


@dataclass
class Drawn:
    """A graph with loops: its results, all that it reads, and numbers for its inputs."""

    results: list[Any]
    inputs: list[Any] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    state: list[Any] = field(default_factory=list)

    @property
    def feed(self):
        return dict(zip(self.inputs, self.values, strict=True))

    @property
    def cost(self):
        return sum(np.mean(np.sin(y)) for y in self.results if 0 not in y.shape)


def random_cells(r, lengths=(0, 1, 2, 3, 7), batches=(1, 2, 3)):
    """Return a graph of one loop, or of two of which the second goes over what the first emits."""
    numbers = np.random.default_rng(r.randrange(2**32))
    steps, batch = r.choice(lengths), r.choice(batches)
    g = Drawn([])
    weights = {}

    def weight(*shape):
        if shape not in weights or r.random() < 0.3:
            weights[shape] = variable(numbers.normal(size=shape), f"w{len(g.state)}")
            g.state.append(weights[shape])
        return weights[shape]

    def given(value, dtype="float64"):
        g.inputs.append(input(f"x{len(g.inputs)}", value.shape, dtype))
        g.values.append(value)
        return g.inputs[-1]

    def one(xs):
        start = [
            given(numbers.normal(size=(batch, r.choice(WIDTHS))))
            if r.random() < 0.6
            else np.zeros((batch, r.choice(WIDTHS)))
            for _ in range(r.randint(0, 3))
        ]
        at = [given(numbers.integers(-4, 4, (steps, batch)), "int64")] if r.random() < 0.4 else []
        length = steps if not xs and not at else None

        def step(carry, x):
            s = Step(r, [*carry, *x[: len(xs)]], x[len(xs) :], weight)
            if not s.rows:
                s.add(np.tanh(weight(batch, 2)))
            for _ in range(r.randint(2, 12)):
                r.choice(GROWTHS)(s)
            new = [following(s, c) for c in carry]
            return tuple(new), [s.any() for _ in range(r.randint(0, 3))]

        return cr.scan(step, tuple(start), [*xs, *at], reverse=r.random() < 0.3, length=length)

    xs = [given(numbers.normal(size=(steps, batch, r.choice(WIDTHS)))) for _ in range(r.randint(0, 2))]
    last, every = one(xs)
    if every and r.random() < 0.4:
        last, more = one(every[:2])
        every = [*every, *more]
    g.results = [y for y in (*last, *every) if r.random() < 0.8]
    return g
