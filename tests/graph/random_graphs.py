"""Graphs that grow at random, of nearly every kind of node, with state variables and what becomes of them."""

import math
import random
from dataclasses import dataclass, field

import numpy as np

import chainrule as cr
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, apply, input, variable
from chainrule.graph.shapes import FULL, Extent

SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 9, 17, 33]
LARGEST = 600  # elements of a node
LENGTH = 6  # of an open axis, where a size must be guessed


def sigmoid(x):
    return apply("sigmoid", x)


SMOOTH = [np.tanh, sigmoid, np.sin, np.cos, lambda x: np.exp(np.tanh(x)), lambda x: np.log1p(x * x), np.negative,
          lambda x: np.sqrt(x * x + 1), lambda x: np.tanh(x) ** 2, lambda x: 1 / (1.5 + np.tanh(x)),
          lambda x: x * 0.5 + 1,
          lambda x: apply("softplus", x), lambda x: np.log(x**2 + 1), lambda x: np.expm1(np.sin(x)),
          lambda x: cr.stop_gradient(x) * x, lambda x: (x * x + 1) ** -1.5,
          np.arctan, np.arcsinh, lambda x: np.arccos(0.9 * np.tanh(x)), lambda x: np.hypot(x, 1.0),
          lambda x: along_an_axis(x, np.cumsum), lambda x: along_an_axis(np.tanh(x), np.prod)]  # fmt: skip
KINKED = [
    np.abs,
    lambda x: apply("relu", x),
    lambda x: np.clip(x, -0.5, 1.0),
    lambda x: np.where(x > 0.1, x, -x),
]
ROUGH = [
    np.sign,
    np.floor,
    np.rint,
    lambda x: x % 0.75,
    lambda x: x // 0.75,
    lambda x: np.where(np.isfinite(x), x, 0),
    lambda x: (x > 0) * 1.5,
    lambda x: np.where(x <= 0.3, 1.0, x),
]
BINARY = [np.add, np.subtract, np.multiply, lambda a, b: a / (b * b + 1), lambda a, b: np.where(b > 0, a, b)]


def along_an_axis(x, function):
    closed = [axis for axis, e in enumerate(x.shape) if not isinstance(e, Extent)]
    return function(x, axis=closed[-1]) * 0.5 if closed else x


def extents(shape):
    return [LENGTH if isinstance(e, Extent) else e for e in shape]


@dataclass
class Graph:
    """A graph that grows at random. ``exact`` nodes are the same bits on every engine: only they are compared to 0."""

    random: random.Random
    dtype: str
    open: bool
    nodes: list[Node] = field(default_factory=list)
    exact: set[Node] = field(default_factory=set)
    inputs: list[Node] = field(default_factory=list)
    batch: list[np.ndarray] = field(default_factory=list)
    state: list[Node] = field(default_factory=list)

    def __post_init__(self):
        self.numbers = np.random.default_rng(self.random.randrange(2**32))

    def values(self, shape):
        return np.asarray(self.numbers.normal(size=extents(shape)), self.dtype)

    def leaf(self, shape, kind=None):
        kind = kind or self.random.choice(["input", "variable", "constant"])
        if any(isinstance(e, Extent) for e in shape) or kind == "input":
            node = input(
                f"x{len(self.inputs)}", [e.name if isinstance(e, Extent) else e for e in shape], self.dtype
            )
            self.inputs.append(node)
            self.batch.append(self.values(shape))
        elif kind == "variable":
            node = variable(self.values(shape), f"w{len(self.state)}")
            self.state.append(node)
        else:
            node = cr.constant(self.values(shape))
        return self.add(node, exact=True)

    def add(self, node, exact=False):
        if math.prod(extents(node.shape)) <= LARGEST and len(node.shape) <= 4 and node.dtype == self.dtype:
            self.nodes.append(node)
        if exact:
            self.exact.add(node)
        return node

    def shape(self, most=3):
        shape = [self.random.choice(SIZES) for _ in range(self.random.randint(0, most))]
        while math.prod(shape) > LARGEST:
            shape.pop()
        if self.open and len(shape) < most and self.random.random() < 0.3:
            shape.insert(0, Extent("n"))
        return tuple(shape)

    def any(self):
        # The latest nodes most of all: graphs are to be deep as well as wide.
        return self.random.choice(self.nodes[-6:] if self.random.random() < 0.6 else self.nodes)

    def grow(self):
        self.random.choice(GROWTHS)(self)


def grow_unary(g):
    x = g.any()
    if x in g.exact:
        g.add(g.random.choice(SMOOTH + KINKED + ROUGH)(x))
    else:
        g.add(g.random.choice(SMOOTH)(x))


def grow_binary(g):
    x = g.any()
    shape = list(x.shape)
    for axis in range(len(shape)):
        if g.random.random() < 0.25:
            shape[axis] = 1
    shape = shape[g.random.randint(0, len(shape)) if g.random.random() < 0.4 else 0 :]
    fitting = [n for n in g.nodes if n.shape in (tuple(shape), x.shape, ())]
    y = g.random.choice(fitting) if fitting and g.random.random() < 0.7 else g.leaf(tuple(shape))
    a, b = (x, y) if g.random.random() < 0.5 else (y, x)
    operation = g.random.choice(BINARY if b in g.exact else BINARY[:-1])
    if a in g.exact and b in g.exact and g.random.random() < 0.2:
        operation = g.random.choice([np.maximum, np.minimum])
    g.add(operation(a, b))


def grow_reduction(g):
    x = g.any()
    axes = tuple(a for a in range(len(x.shape)) if g.random.random() < 0.5)
    keepdims = g.random.random() < 0.5
    kind = g.random.choice(["sum", "mean", "max", "softmax", "logsumexp", "log_softmax", "var"])
    if kind == "max" and x in g.exact and axes:
        g.add(np.max(x, axis=axes, keepdims=keepdims), exact=True)
    elif kind in ("softmax", "log_softmax") and axes:
        g.add(apply(kind, x, axes=axes))
    elif kind == "logsumexp" and axes:
        g.add(apply(kind, x, axes=axes, keepdims=keepdims))
    elif kind == "var":
        g.add(np.sqrt(np.var(x, axis=axes, keepdims=keepdims) + 0.5))
    else:
        g.add(np.mean(x, axis=axes, keepdims=keepdims) if axes else np.sum(x * 0.1))


def grow_movement(g):
    x = g.any()
    exact, rank, kind = (
        x in g.exact,
        len(x.shape),
        g.random.choice(["transpose", "slice", "reshape", "axis", "wide", "pad"]),
    )
    if kind == "transpose":
        axes = list(range(rank))
        g.random.shuffle(axes)
        g.add(np.transpose(x, axes), exact)
    elif kind == "slice" and rank:
        index = tuple(slice(None) if isinstance(e, Extent) else random_slice(g, e) for e in x.shape)
        y = x[index]
        if 0 not in y.shape:
            g.add(y, exact)
    elif kind == "reshape":
        fixed = [e for e in x.shape if not isinstance(e, Extent)]
        count = math.prod(fixed)
        divisors = [d for d in range(1, count + 1) if count % d == 0]
        d = g.random.choice(divisors)
        first = tuple(e for e in x.shape if isinstance(e, Extent))
        if not first or isinstance(x.shape[0], Extent):
            g.add(np.reshape(x, (*first, d, count // d)), exact)
    elif kind == "axis":
        g.add(np.expand_dims(x, g.random.randint(0, rank)), exact)
    elif kind == "wide":
        shape = tuple(g.random.choice([2, 3, 5]) if e == 1 else e for e in x.shape)
        g.add(np.broadcast_to(x, (g.random.choice([1, 2, 3]), *shape)), exact)
    elif rank and not isinstance(x.shape[-1], Extent):
        stop = 1 + 2 * (x.shape[-1] - 1) + 1
        at = {"index": (FULL,) * (rank - 1) + ((1, stop, 2),), "shape": (*x.shape[:-1], stop + 1)}
        around = g.random.choice([None, -1.5, 2.0])
        g.add(apply("pad", x, **at) if around is None else apply("pad_with", x, **at, fill=around), exact)


def grow_windows(g):
    """Windows by themselves, their largest or a product over them; or what lies in windows, added up."""
    x = g.any()
    at = random_windows(g, x.shape)
    if not at["axes"]:
        return
    if g.random.random() < 0.3:
        padded = np.pad(x, [(0, 0 if isinstance(e, Extent) else g.random.randint(0, 2)) for e in x.shape])
        g.exact |= {padded} if x in g.exact else set()
        x = padded
    y = apply("windows", x, **at)
    count = len(at["axes"])
    if math.prod(extents(y.shape)) > 3 * LARGEST:
        return
    kind = g.random.choice(["as they are", "max", "sum", "product", "depthwise"])
    if kind == "as they are":
        g.add(y, x in g.exact)
    elif kind == "max" and x in g.exact:
        g.add(np.max(y, axis=tuple(range(-count, 0))), exact=True)
    elif kind in ("product", "depthwise"):
        letters = "abcdefgh"[: y.ndim]
        rest, within = letters[:-count], letters[-count:]
        channel = rest[-1] if len(rest) > 1 and len(rest) - 1 not in at["axes"] and kind == "product" else ""
        inner = within + channel
        size = dict(zip(letters, y.shape, strict=True))
        if any(isinstance(size[k], Extent) for k in inner):
            return
        w = g.leaf((*(size[k] for k in inner), g.random.choice([1, 2, 8])))
        out = "".join(k for k in rest if k not in inner) + "o"
        scale = math.prod(size[k] for k in inner) ** -0.5
        g.add(apply("contract", y, w, spec=f"{letters},{inner}o->{out}") * scale)
    else:
        g.add(np.sum(y, axis=tuple(range(-count, 0))) * 0.3)


def random_windows(g, shape):
    """Return attributes of windows that fit into a shape, along some of its axes."""
    axes = tuple(a for a, e in enumerate(shape) if not isinstance(e, Extent) and g.random.random() < 0.6)
    dilations = tuple(g.random.choice([1, 1, 1, 2, 3]) for _ in axes)
    most = [min(4, (shape[a] - 1) // d + 1) for a, d in zip(axes, dilations, strict=True)]
    sizes, strides = (
        tuple(g.random.randint(1, m) for m in most),
        tuple(g.random.choice([1, 1, 2, 3]) for _ in axes),
    )
    return {"axes": axes, "sizes": sizes, "strides": strides, "dilations": dilations}


def grow_overlapping(g):
    x = g.any()
    closed = [a for a, e in enumerate(x.shape[:-1]) if not isinstance(e, Extent)]
    if not closed or isinstance(x.shape[-1], Extent):
        return
    axis, stride, dilation = (
        g.random.choice(closed),
        g.random.choice([1, 1, 2, 4]),
        g.random.choice([1, 1, 2]),
    )
    extent = (x.shape[axis] - 1) * stride + (x.shape[-1] - 1) * dilation + 1 + g.random.randrange(stride)
    at = {"axes": (axis,), "sizes": x.shape[-1:], "strides": (stride,), "dilations": (dilation,)}
    g.add(apply("overlap_add", x, **at, extents=(extent,)))


def random_slice(g, extent):
    step = g.random.choice([1, 1, 2, 3, -1, -2])
    start = g.random.randrange(extent)
    if g.random.random() < 0.2:
        return start
    if g.random.random() < 0.3:
        return slice(None)
    return slice(start, None, step)


def grow_joined(g):
    x = g.any()
    axes = [a for a, e in enumerate(x.shape) if not isinstance(e, Extent)]
    if axes:
        axis = g.random.choice(axes)
        fitting = [n for n in g.nodes if len(n.shape) == len(x.shape)
                   and all(a == axis or n.shape[a] == x.shape[a] for a in range(len(x.shape)))
                   and not isinstance(n.shape[axis], Extent)]  # fmt: skip
        parts = [x, *(g.random.choice(fitting) for _ in range(g.random.randint(0, 2)))]
        g.add(np.concatenate(parts, axis=axis), exact=all(p in g.exact for p in parts))


def grow_product(g):
    x = g.any()
    letters = "abcd"[: len(x.shape)]
    sorts = {k: g.random.choice(["batch", "rows", "inner", "inner"]) for k in letters}
    inner = [k for k in letters if sorts[k] == "inner"]
    columns = "pq"[: g.random.randint(0, 2)]
    right = [k for k in letters if sorts[k] != "rows"] + list(columns)
    out = [k for k in letters if sorts[k] != "inner"] + list(columns)
    g.random.shuffle(right)
    g.random.shuffle(out)
    extent = dict(zip(letters, x.shape, strict=True)) | {k: g.random.choice(SIZES) for k in columns}
    shape = tuple(extent[k] for k in right)
    if math.prod(extents(shape)) > LARGEST or math.prod(extents([extent[k] for k in out])) > LARGEST:
        return
    fitting = [n for n in g.nodes if n.shape == shape]
    y = g.random.choice(fitting) if fitting and g.random.random() < 0.8 else g.leaf(shape)
    scale = math.prod(extents([extent[k] for k in inner])) ** -0.5 if inner else 1.0
    spec = f"{letters},{''.join(right)}->{''.join(out)}"
    g.add(apply("contract", x, y, spec=spec) * scale)


def grow_gathered(g):
    x = g.any()
    axes = [a for a, e in enumerate(x.shape) if not isinstance(e, Extent)]
    if not axes:
        return
    axis = g.random.choice(axes)
    shape = tuple(g.random.choice([1, 2, 5, 17]) for _ in range(g.random.randint(0, 2)))
    if g.open and g.random.random() < 0.3:
        shape = (Extent("n"), *shape[:1])
    index = input(f"x{len(g.inputs)}", [e.name if isinstance(e, Extent) else e for e in shape], "int64")
    g.inputs.append(index)
    g.batch.append(np.asarray(g.numbers.integers(-x.shape[axis], x.shape[axis], extents(shape))))
    g.add(apply("gather", x, index, axis=axis), exact=x in g.exact)


def grow_taken_along(g):
    """Positions that differ from row to row, and may be the same along some axes."""
    x = g.any()
    axes = [a for a, e in enumerate(x.shape) if not isinstance(e, Extent)]
    if not axes:
        return
    axis = g.random.choice(axes)
    shape = [1 if g.random.random() < 0.3 else e for e in x.shape]
    shape[axis] = g.random.choice([1, 2, 5, 17])
    index = input(f"x{len(g.inputs)}", [e.name if isinstance(e, Extent) else e for e in shape], "int64")
    g.inputs.append(index)
    g.batch.append(np.asarray(g.numbers.integers(-x.shape[axis], x.shape[axis], extents(shape))))
    g.add(apply("take_along", x, index, axis=axis), exact=x in g.exact)


def grow_random(g):
    shape = tuple(e for e in g.shape() if not isinstance(e, Extent))
    seed, counter = (
        cr.constant(np.array(g.random.randrange(100))),
        cr.constant(np.array(g.random.randrange(100))),
    )
    g.add(
        apply("random_uniform", seed, counter, shape=shape, stream=g.random.randrange(4), dtype=g.dtype),
        exact=True,
    )


def grow_loop(g):
    """A loop along the first axis: a step of what is carried, what is scanned and what is shared, at random."""
    x = g.any()
    if not x.shape or isinstance(x.shape[0], Extent) or math.prod(extents(x.shape[1:])) > LARGEST // 4:
        return
    r, shape = g.random, x.shape[1:]
    start = r.choice([n for n in g.nodes if n.shape == shape] or [g.leaf(shape)])
    other = r.choice([n for n in g.nodes if n.shape in (shape, ())] or [start])
    weight = g.leaf((shape[-1], shape[-1])) if shape and not isinstance(shape[-1], Extent) else None
    kinds = [r.choice(SMOOTH[:-2]) for _ in range(3)]
    product, joined, masked = weight is not None and r.random() < 0.6, r.choice(BINARY[:-1]), r.random() < 0.3
    emitted = r.choice(["state", "before", "input", "sum", "product"])

    def step(carry, x):
        h, before = carry
        moved = h @ weight * shape[-1] ** -0.5 if product else kinds[0](h)
        new = np.tanh(joined(moved, x) + kinds[1](other) * before)
        if masked:
            new = np.where(x > 0.1, new, h)
        every = {
            "state": new,
            "before": h,
            "input": kinds[2](x),
            "sum": np.sum(new * x),
            "product": moved * x,
        }
        return (new, np.tanh(before + np.mean(new))), every[emitted]

    (h, before), ys = cr.scan(
        step, (start, cr.constant(np.asarray(0.1, g.dtype))), x, reverse=r.random() < 0.4
    )
    for node in (h, before, ys):
        if r.random() < 0.7:
            g.add(node)


def grow_leaf(g):
    g.leaf(g.shape())


GROWTHS = (
    [grow_unary] * 4 + [grow_binary] * 5 + [grow_reduction] * 3 + [grow_movement] * 4 + [grow_product] * 3
)
GROWTHS += [grow_joined, grow_gathered, grow_taken_along, grow_random, grow_leaf, grow_leaf]
GROWTHS += [grow_windows, grow_windows, grow_windows, grow_overlapping, grow_loop, grow_loop]


def random_graph(r, dtype):
    g = Graph(r, dtype, open=r.random() < 0.4)
    for _ in range(3):
        g.leaf(g.shape(), r.choice(["input", "variable"]))
    for _ in range(r.randint(3, 25)):
        g.grow()
    return g


def changed(g, w):
    """Return a new value for a state variable: by its gradient, in part, from elsewhere, moved, swapped, or none."""
    alike = [n for n in g.nodes if n.shape == w.shape] or [w]
    choices = [
        lambda: w,
        lambda: w * 0.9 + 0.1,
        lambda: g.random.choice(alike),
        lambda: w - 0.1 * g.random.choice(alike),
        lambda: g.random.choice([s for s in g.state if s.shape == w.shape]),
        lambda: w[::-1] if w.shape else -w,
        lambda: w + w.T if w.shape == w.shape[::-1] else w * w * 0.5,
        lambda: np.tanh(w + np.sum(g.any()) * 0.01),
        lambda: w * 0.5 + np.mean(w),
        lambda: cr.constant(np.ones(w.shape, g.dtype)),
    ]
    return g.random.choice(choices)()


def random_program(r, dtype):
    g = random_graph(r, dtype)
    while not g.state:
        g.leaf(g.shape(), "variable")
    g.state += [variable(g.values(w.shape), f"u{i}") for i, w in enumerate(g.state) if r.random() < 0.5]
    g.nodes += g.state[-3:]
    outputs = [g.any() for _ in range(r.randint(0, 4))]
    if r.random() < 0.5:
        J = sum(np.mean(np.sin(g.any())) for _ in range(r.randint(1, 3)))
        outputs.append(J)
        new_state = [w - 0.5 * s for w, s in zip(g.state, cr.grad(J, g.state), strict=True)]
        if r.random() < 0.5:  # momentum: a state of states
            velocities = [variable(g.values(w.shape), f"v{i}") for i, w in enumerate(g.state)]
            moved = [0.9 * v + s for v, s in zip(velocities, cr.grad(J, g.state), strict=True)]
            new_state = [w - 0.5 * v for w, v in zip(g.state, moved, strict=True)] + moved
            g.state += velocities
    else:
        new_state = [changed(g, w) for w in g.state]
    outputs += [r.choice(new_state)] if r.random() < 0.3 else []
    outputs += [r.choice(g.state), r.choice(outputs)] if outputs and r.random() < 0.3 else []
    return Program(tuple(g.inputs), tuple(g.state), tuple(outputs), tuple(new_state)), g
