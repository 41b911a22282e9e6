"""Random programs whose inputs have a row for each example, made of what layers and optimizers are made of."""

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.graph.closed import Program
from chainrule.graph.node import apply, input, variable

WIDTHS = [1, 2, 3, 8, 9, 16, 17, 31, 32, 40, 64, 65, 130]  # around the widths of vectors and panels
COUNTS = [1, 2, 15, 16, 17, 33, 63, 64, 65, 129, 300]  # and of what parts begin at
SMOOTH = [np.tanh, np.sin, cr.sigmoid, lambda x: x * x * 0.3, lambda x: 1 / (1 + x * x)]


@dataclass
class Rows:
    """A program that grows: nodes with a row for each example, and others that have none."""

    random: random.Random
    dtype: str
    rows: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    batch: list[Any] = field(default_factory=list)
    state: list[Any] = field(default_factory=list)

    def __post_init__(self):
        self.numbers = np.random.default_rng(self.random.randrange(2**32))
        self.count = self.random.choice(COUNTS)
        for _ in range(2):
            width = self.random.choice(WIDTHS)
            self.rows.append(self.input((width,), self.numbers.normal(size=(self.count, width)), self.dtype))
        dense(self)

    def input(self, shape, array, dtype):
        self.inputs.append(input(f"x{len(self.inputs)}", ("n", *shape), dtype))
        self.batch.append(array.astype(dtype))
        return self.inputs[-1]

    def weights(self, *shape):
        known = [w if w.shape == shape else w.T for w in self.others if shape in (w.shape, w.shape[::-1])]
        if known and self.random.random() < 0.5:
            return self.random.choice(known)
        values = self.numbers.normal(size=shape) * shape[0] ** -0.5
        self.state.append(variable(values.astype(self.dtype), f"w{len(self.state)}"))
        self.others.append(self.state[-1])
        return self.random.choice([lambda w: w, lambda w: w, lambda w: w[::-1], np.tanh])(self.state[-1])

    def any(self):
        return self.random.choice(self.rows[-5:] if self.random.random() < 0.7 else self.rows)


def dense(g):
    x = g.any()
    z = x @ g.weights(x.shape[1], g.random.choice(WIDTHS)) + g.numbers.normal()
    z = z + g.weights(z.shape[1])
    g.rows.append(np.maximum(z, 0) if g.random.random() < 0.4 else g.random.choice(SMOOTH)(z))


def pointwise(g):
    x = g.any()
    y = g.random.choice([y for y in g.rows if y.shape == x.shape])
    g.rows.append(g.random.choice(SMOOTH)(g.random.choice([np.add, np.multiply, np.subtract])(x, y)))


def along_rows(g):
    x, axis = g.any(), -1
    centred = x - np.mean(x, axis=axis, keepdims=True)
    found = [
        apply("softmax", x, axes=(1,)),
        centred / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + 0.3),
    ]
    g.rows.append(g.random.choice([*found, np.max(x, axis=axis, keepdims=True)]))


def over_rows(g):
    x = g.any()
    mean = np.mean(x, axis=0)
    g.others.append(g.random.choice([mean, np.max(x, axis=0), np.mean(x)]))
    if g.random.random() < 0.7:
        g.rows.append((x - mean) / np.sqrt(np.mean((x - mean) ** 2, axis=0) + 0.3))


def likenesses(g):
    x = g.any()
    alike = np.tanh(x @ x.T * (1 / x.shape[1]))
    g.rows.append(alike @ x * (1 / g.count))
    g.rows.append(np.reshape(np.mean(alike, axis=g.random.randrange(2)), (x.shape[0], 1)))


def other_rows(g):
    x, backwards = g.any(), np.arange(g.count)[::-1]
    which = backwards if g.random.random() < 0.5 else g.numbers.integers(0, g.count, g.count)
    g.rows.append(apply("gather", x, g.input((), which, "int64"), axis=0))


def codes(g):
    table, which = g.weights(5, g.random.choice(WIDTHS)), g.numbers.integers(0, 5, g.count)
    g.rows.append(apply("gather", table, g.input((), which, "int64"), axis=0))


def largest(g):
    x = g.any()
    g.rows.append(x * cr.one_hot(np.argmax(x, axis=1), x.shape[1]))


def columns(g):
    x = g.any()
    start = g.random.randrange(x.shape[1])
    g.rows.append(
        g.random.choice([x[:, ::-1], x[:, start:], np.concatenate([x[:, start:], x], axis=1)[:, :130]])
    )


def convolved(g):
    """Rows as pictures: filters slide over them, and neighbours are pooled or not."""
    x = g.any()
    shapes = {8: (4, 2, 1), 9: (3, 3, 1), 16: (2, 4, 2), 32: (4, 4, 2), 64: (4, 2, 8), 65: (13, 5, 1)}
    if x.shape[1] not in shapes:
        return
    x = np.reshape(x, (x.shape[0], *shapes[x.shape[1]]))
    channels = x.shape[-1]
    if g.random.random() < 0.5:
        x = np.pad(x, ((0, 0), (1, 1), (0, 1), (0, 0)))
    at = {"axes": (1, 2), "strides": g.random.choice([(1, 1), (2, 1), (1, 2)]), "dilations": (1, 1)}
    fitting = [k for k in ((2, 2), (3, 1), (1, 2), (3, 2)) if k[0] <= x.shape[1]]
    at["sizes"] = sizes = g.random.choice(fitting)
    size = g.random.choice([1, 2, 8, 16])
    filters = np.reshape(g.weights(sizes[0] * sizes[1] * channels, size), (*sizes, channels, size))
    y = np.einsum("bhwcij,ijco->bhwo", apply("windows", x, **at), filters) + g.weights(size)
    y = g.random.choice([np.tanh, lambda z: np.maximum(z, 0)])(y)
    if g.random.random() < 0.3 and min(y.shape[1:3]) > 1:
        y = np.max(apply("windows", y, **{**at, "sizes": (2, 2)}), axis=(4, 5))
    if g.random.random() < 0.5:
        y = np.mean(y, axis=g.random.choice([(1, 2), (1,), (2, 3)]))
    y = np.reshape(y, (y.shape[0], -1))
    g.rows.append(y[:, :130])


def in_time(g):
    """Rows as sequences, the time first: a layer at each step, steps together or apart, and rows again."""
    x = g.any()
    if x.shape[1] not in (8, 9, 16, 32, 64, 65, 130):
        return
    steps = next(k for k in (2, 3, 4, 5) if x.shape[1] % k == 0)
    s = np.transpose(np.reshape(x, (x.shape[0], steps, -1)), (1, 0, 2))
    for _ in range(g.random.randint(1, 3)):
        choices = [
            lambda s: g.random.choice(SMOOTH)(s @ g.weights(s.shape[2], g.random.choice([1, 3, 8, 16, 24]))),
            lambda s: s + s[::-1],
            lambda s: s * s[g.random.randrange(steps)],
            lambda s: np.concatenate([s, s[:, :, :1]], axis=2),
            lambda s: s - np.mean(s, axis=g.random.choice([0, 2, (0, 2)]), keepdims=True),
            lambda s: s - np.mean(s, axis=g.random.choice([1, (0, 1)]), keepdims=True),
        ]
        s = g.random.choice(choices)(s)
    g.others.append(np.sum(s, axis=(0, 1)))
    ends = [np.sum(s, axis=0), s[-1], np.reshape(np.transpose(s, (1, 0, 2)), (x.shape[0], -1))]
    g.rows.append(g.random.choice(ends)[:, :130])


def of_weights(g):
    w = g.random.choice(g.others)
    g.others.append(np.sin(w) @ w.T * 0.1 if len(w.shape) == 2 else w * 0.5)


GROWTHS = [*[dense] * 4, *[pointwise] * 2, *[along_rows] * 2, over_rows, over_rows]
GROWTHS += [
    likenesses,
    likenesses,
    other_rows,
    codes,
    largest,
    columns,
    of_weights,
    convolved,
    convolved,
    in_time,
    in_time,
]


def moved(g, w, gradient):
    """Return what a variable becomes, and states of its own with what these become."""
    first, second = (variable(np.full(w.shape, 0.1, g.dtype), name) for name in "mv")
    m, v = 0.9 * first + 0.1 * gradient, 0.9 * second + 0.1 * gradient * gradient
    adam = w - 0.1 * m / (np.sqrt(v) + 0.1), [(first, m), (second, v)]
    return g.random.choice([(w, []), (w - 0.1 * gradient, []), (w - 0.1 * m, [(first, m)]), adam])


def random_rows(r, dtype):
    """Return a program with its rows, and what it is given: a step of learning that puts out this and that."""
    g = Rows(r, dtype)
    for _ in range(r.randint(2, 12)):
        r.choice(GROWTHS)(g)
    cost = sum(np.mean(np.sin(g.any())) for _ in range(r.randint(1, 3)))
    gradients = cr.grad(cost, g.state)
    if r.random() < 0.3:
        norm = np.sqrt(sum(np.sum(x * x) for x in gradients) + 0.01)
        gradients = [x * np.minimum(1, 0.1 / norm) for x in gradients]
    outputs = [cost, g.any(), *r.sample([*g.others, *gradients], 2)]
    new_state = []
    for w, gradient in zip(list(g.state), gradients, strict=True):
        new, states = moved(g, w, gradient)
        new_state.append((w, new))
        new_state += states
    state, new = zip(*new_state, strict=True)
    return Program(tuple(g.inputs), state, tuple(outputs), new), g
