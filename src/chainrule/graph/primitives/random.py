"""Random bits: a generator that counts, so that equal seeds give equal numbers on every engine and machine."""

import math
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import truth
from chainrule.graph.primitives.primitive import SERIES, Case, row
from chainrule.graph.shapes import Shape

ROTATIONS, PARITY, ROUNDS = (13, 15, 26, 6, 17, 29, 16, 24), 0x1BD11BDA, 20


def threefry(
    key0: np.ndarray, key1: np.ndarray, count0: np.ndarray, count1: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return two words of random bits: Threefry-2x32 with 20 rounds (Salmon et al. 2011).

    Keys and counters are arrays of ``uint32``; equal ones give equal bits on every engine and machine.
    """
    keys = (key0, key1, key0 ^ key1 ^ np.uint32(PARITY))
    x0, x1 = count0 + keys[0], count1 + keys[1]
    left = np.empty_like(x1)
    for group in range(ROUNDS // 4):
        for rotation in ROTATIONS[4 * (group % 2) : 4 * (group % 2) + 4]:
            x0 += x1
            np.left_shift(x1, np.uint32(rotation), out=left)
            np.right_shift(x1, np.uint32(32 - rotation), out=x1)
            x1 |= left
            x1 ^= x0
        x0 += keys[(group + 1) % 3]
        x1 += keys[(group + 2) % 3] + np.uint32(group + 1)
    return x0, x1


def _uniform(seed: Any, counter: Any, shape: tuple[int, ...], stream: int, dtype: str) -> np.ndarray:
    count = math.prod(shape)
    seed = np.full(1, np.asarray(seed), np.int64).astype(np.uint32)
    counter = np.full(1, np.asarray(counter), np.int64).astype(np.uint32)
    # The stream (which dropout layer) and the step pick the key; the position in the array is the counter. The first
    # words fill the first half of the array, the second words the rest.
    key0, key1 = threefry(seed, np.full(1, stream, np.uint32), counter, np.zeros(1, np.uint32))
    position = np.arange((count + 1) // 2, dtype=np.uint32)
    bits = np.concatenate(threefry(key0, key1, position, np.zeros_like(position)))[:count]
    return ((bits >> np.uint32(8)).astype(dtype) * np.asarray(2.0**-24, dtype)).reshape(shape)


def _shape(seed: Shape, counter: Shape, shape: Shape, stream: int, dtype: str) -> Shape:
    if seed or counter:
        raise ShapeError("seed and counter of random numbers are one whole number each.")
    return shape


random_uniform = row(
    "random_uniform",
    text="uniform({0}, {1})",
    forward=_uniform,
    no_derivative="random bits do not depend smoothly on their seed",
    nan="never",
    range=truth,
    cost=SERIES,
    folded=False,  # a seed that is known is drawn from at each step
    attributes={"shape": kind.SHAPE, "stream": kind.WORD, "dtype": kind.DTYPE},
    shape=_shape,
    dtype=lambda seed, counter, shape, stream, dtype: np.dtype(dtype),
    cases=(
        Case((np.array(7), np.array(0)), {"shape": (2, 3), "stream": 1, "dtype": "float32"}),
        Case((np.array(7), np.array(3)), {"shape": (), "stream": 0, "dtype": "float64"}),
    ),
    note="uniform in [0, 1): the top 24 bits of a counter-based generator, equal on all engines",
)
