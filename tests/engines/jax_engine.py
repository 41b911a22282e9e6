"""A third engine, to show what one has to be: the rows of the table run on JAX's arrays, a step compiled by XLA."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import threefry_2x32
from numpy.lib.mixins import NDArrayOperatorsMixin

from chainrule.engines.executable import Executable
from chainrule.engines.registry import GRAPH, Engine, Stage
from chainrule.graph import shapes
from chainrule.graph.node import leaf_key
from chainrule.graph.primitives.windows import positions
from chainrule.graph.shapes import Extent, as_slices, resolve
from chainrule.graph.walk import order


class Traced(NDArrayOperatorsMixin):
    """A JAX array that answers NumPy's two protocols, so that the rows run on it as they are."""

    def __init__(self, array):
        self.array = jnp.asarray(array)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        name = {"add": "sum", "maximum": "max"}[ufunc.__name__] if method == "reduce" else ufunc.__name__
        return Traced(getattr(jnp, name)(*map(bare, inputs), **options))

    def __array_function__(self, function, _types, arguments, options):
        return Traced(getattr(jnp, function.__name__)(*map(bare, arguments), **options))

    def __getattr__(self, name):
        found = getattr(self.array, name)
        return (lambda *a, **k: Traced(found(*map(bare, a), **k))) if callable(found) else found

    def __getitem__(self, index):
        return Traced(self.array[index])


def bare(x):
    return [bare(e) for e in x] if isinstance(x, list | tuple) else x.array if isinstance(x, Traced) else x


def scatter_add(x, at, axis, extent):
    """Add at positions along an axis."""
    axes = range(axis, axis + at.ndim)
    there = jnp.zeros((extent, *np.delete(x.shape, axes)), x.dtype)
    return jnp.moveaxis(there.at[at].add(jnp.moveaxis(x, axes, range(at.ndim))), 0, axis)


def add_along(x, at, axis, extent):
    """Add at positions along an axis that each row has of its own."""
    there = jnp.zeros((*x.shape[:axis], extent, *x.shape[axis + 1 :]), x.dtype)
    where = [
        np.arange(n).reshape([-1 if a == b else 1 for b in range(x.ndim)]) for a, n in enumerate(x.shape)
    ]
    return there.at[(*where[:axis], at, *where[axis + 1 :])].add(x)


def random_uniform(seed, counter, shape, stream, dtype):
    """Draw the bits that the row draws: JAX counts with the same generator."""
    word = partial(jnp.asarray, dtype=jnp.uint32)
    high = jnp.asarray(seed, jnp.int64) >> 32
    key = threefry_2x32((word(seed), word(stream)), jnp.stack([word(counter), word(high << 1)]))
    position = jnp.arange((math.prod(shape) + 1) // 2, dtype=jnp.uint32)
    bits = threefry_2x32((key[0], key[1]), jnp.concatenate([position, jnp.zeros_like(position)]))
    return ((bits[: math.prod(shape)] >> 8).astype(dtype) * np.asarray(2.0**-24, dtype)).reshape(shape)


def windows(x, axes, sizes, strides, dilations):
    """Stack what stands at each position of a window, over all windows."""
    shape = shapes.windows(x.shape, axes, sizes, strides, dilations)
    every = list(positions(shape[: x.ndim], axes, sizes, strides, dilations))
    return jnp.stack([x[as_slices(at)] for _, at in every], -1).reshape(shape)


def overlap_add(x, axes, sizes, strides, dilations, extents):
    """Add what stands at each position of a window."""
    shape = shapes.overlapped(x.shape, axes, sizes, strides, dilations, extents)
    out = jnp.zeros(shape, x.dtype)
    for position, at in positions(x.shape[: len(shape)], axes, sizes, strides, dilations):
        part = x[(..., *position)]
        out = out.at[as_slices(at)].max(part) if x.dtype == bool else out.at[as_slices(at)].add(part)
    return out


# The rows that write into an array, which JAX's arrays do not allow, and those that make one of numbers.
WRITTEN = {
    "pad": lambda x, index, shape: jnp.zeros(shape, x.dtype).at[as_slices(index)].set(x),
    "pad_with": lambda x, index, shape, fill: jnp.full(shape, fill, x.dtype).at[as_slices(index)].set(x),
    "windows": windows,
    "overlap_add": overlap_add,
    "scatter_add": scatter_add,
    "add_along": add_along,
    "random_uniform": random_uniform,
    "length": lambda extent, dtype: jnp.asarray(extent, dtype),
}


def by_jax(primitive, attributes):
    """Return the function of JAX's arrays that a row stands for."""
    if primitive.name in WRITTEN:
        return partial(WRITTEN[primitive.name], **attributes)
    return lambda *inputs: bare(primitive.forward(*map(Traced, inputs), **attributes))


class JaxExecutable(Executable):
    """A program as a function that XLA compiled."""

    engine = "jax"

    def __init__(self, program):
        self.program = program
        self.function = jax.jit(self._traced)  # once for each length of the batch

    def _traced(self, state, batch):
        lengths, values = {}, {}
        for node, value in zip((*self.program.state, *self.program.inputs), (*state, *batch), strict=True):
            values[leaf_key(node)] = value
            lengths |= {e: n for e, n in zip(node.shape, value.shape, strict=True) if isinstance(e, Extent)}
        for node in order(self.program.ends):
            if node.primitive.name == "constant":
                values[node] = jnp.asarray(node.attributes["value"])
            elif leaf_key(node) not in values:
                inputs = [values[leaf_key(x)] for x in node.inputs]
                attributes = {k: resolve(v, lengths) for k, v in node.attributes.items()}
                values[node] = by_jax(node.primitive, attributes)(*inputs).astype(node.dtype)
        ends = self.program.new_state, self.program.outputs
        return tuple([values[leaf_key(n)] for n in end] for end in ends)

    def step(self, state, batch):
        """Run the program once; return (new state, outputs)."""
        with jax.enable_x64(True):
            new_state, outputs = self.function(list(state), list(batch))
        return [np.array(x) for x in new_state], [np.array(x) for x in outputs]


def show(program):
    """Show the language of XLA, for one example."""
    shapes = [
        [jax.ShapeDtypeStruct([1 if isinstance(e, Extent) else e for e in n.shape], n.dtype) for n in leaves]
        for leaves in (program.state, program.inputs)
    ]
    with jax.enable_x64(True):
        return JaxExecutable(program).function.lower(*shapes).as_text()


JAX = Engine("jax", "XLA, through JAX", JaxExecutable, {"graph": GRAPH, "hlo": Stage("XLA's language", show)})
