"""Random programs of pictures and sequences: filters slide over them and back, they are pooled, and learn."""

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.graph.closed import Program
from chainrule.graph.node import apply, input, variable

COUNTS = [1, 2, 3, 5, 8, 17]
LENGTHS = [1, 2, 3, 5, 7, 8, 13, 16, 20]
CHANNELS = [1, 2, 3, 8, 16, 17, 24]
LARGEST = 6000  # numbers of an example
PLACES, TAPS = "hwd", "ijk"


@dataclass
class Pictures:
    """A program that grows: nodes of shape (n, *places, channels)."""

    random: random.Random
    dtype: str
    found: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    batch: list[Any] = field(default_factory=list)
    state: list[Any] = field(default_factory=list)

    def __post_init__(self):
        self.numbers = np.random.default_rng(self.random.randrange(2**32))
        self.count = self.random.choice(COUNTS)
        self.rank = self.random.choice([1, 2, 2, 2, 3])
        lengths = [self.random.choice(LENGTHS if self.rank < 3 else LENGTHS[:6]) for _ in range(self.rank)]
        shape = (*lengths, self.random.choice(CHANNELS))
        self.inputs.append(input("x", ("n", *shape), self.dtype))
        self.batch.append(self.numbers.normal(size=(self.count, *shape)).astype(self.dtype))
        self.found.append(self.inputs[0])

    def weights(self, *shape, scale=1.0):
        values = self.numbers.normal(size=shape) * scale
        self.state.append(variable(values.astype(self.dtype), f"w{len(self.state)}"))
        return self.state[-1]

    def any(self):
        return self.random.choice(self.found[-3:])

    def add(self, node):
        if 0 < np.prod(node.shape[1:], dtype=int) <= LARGEST:
            self.found.append(node)

    def slides(self, lengths):
        """Return attributes of windows that fit."""
        at = {"axes": tuple(range(1, self.rank + 1)), "sizes": (), "strides": (), "dilations": ()}
        for length in lengths:
            dilation = self.random.choice([1, 1, 1, 2, 3])
            size = self.random.randint(1, min(5, (length - 1) // dilation + 1))
            for name, n in (
                ("sizes", size),
                ("strides", self.random.choice([1, 1, 1, 2, 3])),
                ("dilations", dilation),
            ):
                at[name] += (n,)
        return at

    def padded(self, x, value=0):
        if self.random.random() < 0.5:
            return x
        around = [(self.random.randint(0, 2), self.random.randint(0, 2)) for _ in range(self.rank)]
        return np.pad(x, ((0, 0), *around, (0, 0)), constant_values=value)


def convolution(g):
    x = g.padded(g.any())
    places, taps = PLACES[: g.rank], TAPS[: g.rank]
    at, channels = g.slides(x.shape[1:-1]), x.shape[-1]
    filters, count = g.random.choice(CHANNELS), int(np.prod(at["sizes"]))
    seen = apply("windows", x, **at)
    kind = g.random.choice(["plain", "plain", "plain", "depthwise", "groups"])
    if kind == "plain":
        W = g.weights(*at["sizes"], channels, filters, scale=(count * channels) ** -0.5)
        z = np.einsum(f"b{places}c{taps},{taps}co->b{places}o", seen, W) + g.weights(filters)
    elif kind == "depthwise":
        W = g.weights(*at["sizes"], channels, 2, scale=count**-0.5)
        z = np.einsum(f"b{places}c{taps},{taps}cm->b{places}cm", seen, W)
        z = np.reshape(z, (*z.shape[:-2], 2 * channels))
    else:
        groups = g.random.choice([n for n in (1, 2, 3, 8) if channels % n == 0])
        cut = np.reshape(x, (*x.shape[:-1], groups, channels // groups))
        W = g.weights(*at["sizes"], channels // groups, groups, 4, scale=(count * channels / groups) ** -0.5)
        z = np.einsum(f"b{places}gc{taps},{taps}cgo->b{places}go", apply("windows", cut, **at), W)
        z = np.reshape(z, (*z.shape[:-2], groups * 4))
    g.add(g.random.choice([np.tanh, np.tanh, lambda z: z, lambda z: np.maximum(z, 0)])(z))


def transposed(g):
    x = g.any()
    places, taps = PLACES[: g.rank], TAPS[: g.rank]
    at = g.slides([20] * g.rank)
    extents = tuple(
        (n - 1) * s + d * (k - 1) + 1 + g.random.randrange(s)
        for n, k, s, d in zip(x.shape[1:-1], at["sizes"], at["strides"], at["dilations"], strict=True)
    )
    W = g.weights(*at["sizes"], g.random.choice(CHANNELS[:5]), x.shape[-1], scale=x.shape[-1] ** -0.5)
    z = np.einsum(f"b{places}o,{taps}co->b{places}c{taps}", x, W)
    if np.prod(z.shape[1:]) < 20 * LARGEST:
        y = apply("overlap_add", z, **at, extents=extents)
        cropped = tuple(slice(g.random.randint(0, min(1, e - 1)), e) for e in extents)
        g.add(g.random.choice([np.tanh(y), y[(slice(None), *cropped)]]))


def pooled(g):
    x = g.any()
    over = tuple(range(-g.rank, 0))
    if g.random.random() < 0.5:
        x = g.padded(x, -9.0)
        seen = apply("windows", x, **g.slides(x.shape[1:-1]))
        g.add(g.random.choice([np.max, np.mean])(seen, axis=over))
    else:
        size = [g.random.randint(1, min(3, n)) for n in x.shape[1:-1]]
        at = {"axes": tuple(range(1, g.rank + 1)), "sizes": tuple(size), "strides": tuple(size)}
        seen = apply("windows", x, **at, dilations=(1,) * g.rank)
        g.add(g.random.choice([np.max, np.mean])(seen, axis=over))


def normalized(g):
    x = g.any()
    over = g.random.choice([tuple(range(x.ndim - 1)), (x.ndim - 1,), tuple(range(1, x.ndim))])
    centred = x - np.mean(x, axis=over, keepdims=True)
    variance = np.mean(centred * centred, axis=over, keepdims=True)
    g.add(centred / np.sqrt(variance + 0.3) * g.weights(x.shape[-1]) + g.weights(x.shape[-1]))


def beside(g):
    x = g.any()
    fitting = [y for y in g.found if y.shape[:-1] == x.shape[:-1]]
    y = g.random.choice(fitting)
    same = [np.add, np.multiply] if y.shape == x.shape else []
    g.add(g.random.choice([lambda x, y: np.concatenate([x, y], axis=-1), *same])(x, y))


def moved(g):
    x = g.any()
    axis = g.random.randint(1, g.rank)
    back = (slice(None),) * axis + (slice(None, None, -1),)
    every = (slice(None),) * axis + (slice(None, None, 2),)
    g.add(g.random.choice([x[back], x[every], np.repeat(x, 2, axis=axis), np.sin(x)]))


GROWTHS = [*[convolution] * 5, transposed, transposed, pooled, pooled, normalized, beside, moved]


def random_pictures(r, dtype):
    """Return a program and what it is given: a step of learning that puts out this and that."""
    g = Pictures(r, dtype)
    for _ in range(r.randint(1, 6)):
        r.choice(GROWTHS)(g)
    last = g.found[-1]
    if r.random() < 0.5:
        flat = np.reshape(last, (last.shape[0], -1))
        W = g.weights(flat.shape[1], r.choice([1, 3, 10]), scale=flat.shape[1] ** -0.5)
        cost = np.mean((flat @ W) ** 2)
    else:
        cost = np.mean(np.sin(np.mean(last, axis=tuple(range(1, last.ndim - 1)))))
    cost = cost + 0.1 * np.mean(np.cos(g.any()))
    leaves = [*g.state, *g.inputs]
    gradients = cr.grad(cost, leaves)
    outputs = [cost, *r.sample(gradients, min(3, len(gradients))), g.any()]
    new_state = [w - 0.1 * s for w, s in zip(g.state, gradients, strict=False)]
    return Program(tuple(g.inputs), tuple(g.state), tuple(outputs), tuple(new_state)), g
