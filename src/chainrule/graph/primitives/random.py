"""Random bits: a generator that counts, so that equal seeds give equal numbers on every engine and machine."""

import math
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import truth
from chainrule.graph.primitives.primitive import SERIES, Case, Primitive, as_named, row
from chainrule.graph.shapes import Shape
from chainrule.random import rotated, threefry


def _uniform(seed: Any, counter: Any, shape: tuple[int, ...], stream: int, dtype: str) -> np.ndarray:
    count = math.prod(shape)
    seed, counter = (np.full(1, np.asarray(x), np.int64) for x in (seed, counter))
    low, twice_high = seed.astype(np.uint32), (seed >> 32 << 1).astype(np.uint32)
    # The seed, the stream (which dropout layer) and the step pick the key; the position in the array is the counter.
    # The first words fill the first half of the array, the second words the rest.
    key0, key1 = threefry(low, np.full(1, stream, np.uint32), counter.astype(np.uint32), twice_high, rotated)
    position = np.arange((count + 1) // 2, dtype=np.uint32)
    bits = np.concatenate(threefry(key0, key1, position, 0, rotated))[:count]
    return ((bits >> np.uint32(8)).astype(dtype) * np.asarray(2.0**-24, dtype)).reshape(shape)


def _shape(seed: Shape, counter: Shape, shape: Shape, stream: int, dtype: str) -> Shape:
    if seed or counter:
        raise ShapeError("seed and counter of random numbers are one whole number each.")
    return shape


random_uniform: Primitive = row(
    "random_uniform", text="uniform({0}, {1})",
    forward=_uniform, no_derivative="random bits do not depend smoothly on their seed",
    attributes={"shape": kind.SHAPE, "stream": kind.WORD, "dtype": kind.DTYPE}, shape=_shape,
    dtype=as_named, nan="never", range=truth, cost=SERIES,
    folded=False,  # a seed that is known is drawn from at each step
    cases=(
        Case(np.array(7), np.array(0), shape=(2, 3), stream=1, dtype="float32"),
        Case(np.array(7), np.array(3), shape=(), stream=0, dtype="float64"),
    ),
    note="uniform in [0, 1): the top 24 bits of a counter-based generator, equal on all engines",
)  # fmt: skip
