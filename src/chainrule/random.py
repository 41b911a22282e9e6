"""The one generator of random numbers: whatever a seed promises is drawn here, and is the same on every machine.

Threefry-2x32 (Salmon et al. 2011) is a function: two words of key and two of a counter give two words of random bits.
So no number waits for the one before it, and each use has a stream of its own, found by where it stands:

    Draws(seed, "initial", 3)        the first values of a network's parameter number 3
    Draws(seed, "order", 12)         the order of the examples in epoch 12 of a run
    Draws(seed, "held back")         the examples that `validation_split` holds back
    Draws(seed, "run", 2)            the seed of a network's third run (its first has the network's own)
    Draws(seed, "split")             the rows of a table that are held back for a test

Dropout masks are drawn within the graph, by the row `random_uniform`: by the run's seed, the number of the layer and
the step. Its counters end in an even word, and those that lead from a stream to one within it in 1: none is another's.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from functools import cached_property
from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA
PIECE = 1 << 15  # words that stay in the cache while they are worked on
FEW = 16  # streams that are sooner found one by one than side by side
WORD = (1 << 32) - 1

Key: TypeAlias = tuple[int, int]
Words: TypeAlias = "Callable[[Key, np.ndarray, int, int], np.ndarray]"  # as `words_within`


def threefry(
    key0: Any, key1: Any, count0: Any, count1: Any, rotate: Callable[[Any, int], Any]
) -> tuple[Any, Any]:
    """Return two words of random bits, by 20 rounds.

    The words may be of any kind that adds, knows ``^`` and is turned by ``rotate(word, bits)``: arrays, the native
    engine's code, whole numbers of Python.
    """
    keys = (key0, key1, key0 ^ key1 ^ PARITY)
    x0, x1 = count0 + keys[0], count1 + keys[1]
    for group in range(5):
        for rotation in ROTATIONS[4 * (group % 2) : 4 * (group % 2) + 4]:
            x0 += x1
            x1 = rotate(x1, rotation) ^ x0
        x0 += keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + (group + 1)
    return x0, x1


def rotated(words: np.ndarray, bits: int) -> np.ndarray:
    """Turn words of ``uint32`` to the left."""
    found = words << bits
    found |= words >> (32 - bits)
    return found


def _rotated(word: int, bits: int) -> int:
    word &= WORD
    return word << bits | word >> (32 - bits)


def _within(key: Key, number: int) -> Key:
    """Return the key of the stream of this number within a stream."""
    first, second = threefry(*key, number, 1, _rotated)
    return first & WORD, second & WORD


def _keys_within(key: Key, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of the streams of these numbers within a stream."""
    if len(numbers) < FEW:
        found = np.array([_within(key, int(n)) for n in numbers], np.uint32).reshape(-1, 2)
        return found[:, 0], found[:, 1]
    first, second = (np.full(1, k, np.uint32) for k in key)
    return threefry(first, second, numbers.astype(np.uint32), 1, rotated)


def words_within(key: Key, numbers: np.ndarray, first: int, count: int) -> np.ndarray:
    """Return ``count`` words of 64 random bits, from number ``first`` on, of each stream of a number within a stream.

    Args:
        key: The key of that stream.
        numbers: Which streams within it; each gives a row.
        first: How many words were drawn of each before.
        count: How many are wanted.
    """
    keys = [k.reshape(-1, 1) for k in _keys_within(key, numbers)]
    found = np.empty((len(numbers), count), np.uint64)
    rows = max(1, PIECE // max(count, 1))
    for row in range(0, len(numbers), rows):
        key0, key1 = (k[row : row + rows] for k in keys)
        for begin in range(0, count, PIECE):
            piece = found[row : row + rows, begin : begin + PIECE]
            counter = np.arange(piece.shape[1], dtype=np.uint32) + np.uint32(first + begin)
            high, low = threefry(key0, key1, counter, 0, rotated)
            piece[...] = high
            piece <<= np.uint64(32)
            piece |= low
    return found


class Draws:
    """A stream of random numbers, found by a seed, a use and a number; equal ones give equal numbers.

    It is asked as NumPy's generators are. With an array of numbers it is as many streams, side by side. ``draw`` makes
    the words: :func:`words_within`, or what makes the same ones sooner.

    >>> Draws(0, "example").uniform(0.0, 1.0, (2, 2)).round(4)
    array([[0.8997, 0.3988],
           [0.6041, 0.2124]])
    >>> Draws(0, "example", np.arange(3)).permutation(4)
    array([[3, 1, 2, 0],
           [0, 2, 1, 3],
           [0, 1, 2, 3]])
    """

    def __init__(self, seed: int, use: str, number: int | np.ndarray = 0, draw: Words = words_within) -> None:
        self._seed, self._use, self._draw = index(seed), use, draw
        self._alone = not isinstance(number, np.ndarray)
        self._numbers = np.atleast_1d(number)
        self._drawn = 0

    @cached_property
    def _key(self) -> Key:
        """The key of the use, found when it is first drawn from: many a parameter begins with zeros."""
        return _within((self._seed & WORD, self._seed >> 32 & WORD), zlib.crc32(self._use.encode()))

    def words(self, count: int) -> np.ndarray:
        """Return the next ``count`` words of 64 random bits, of many streams in a row each."""
        found = self._draw(self._key, self._numbers, self._drawn, count)
        self._drawn += count
        return found[0] if self._alone else found

    def integer(self) -> int:
        """Draw a whole number from 0 to below 2^63: a seed."""
        key = _within(self._key, int(self._numbers[0]))
        high, low = threefry(*key, self._drawn, 0, _rotated)
        self._drawn += 1
        return ((high & WORD) << 32 | low & WORD) >> 1

    def permutation(self, count: int) -> np.ndarray:
        """Draw an order of the numbers from 0 to below ``count``: all are as likely.

        Random words are sorted, each with its number in its low bits, so that none equals another.
        """
        mask = np.uint64((1 << max(count - 1, 0).bit_length()) - 1)
        words = self.words(count)
        words &= ~mask
        words |= np.arange(count, dtype=np.uint64)
        words.sort(axis=-1)
        words &= mask
        return words.view(np.int64)

    def uniform(self, low: float = 0.0, high: float = 1.0, size: tuple[int, ...] = ()) -> np.ndarray:
        """Draw numbers of 53 bits between ``low`` and ``high``."""
        words = self.words(math.prod(size))
        words >>= np.uint64(11)
        found = words.astype(np.float64).reshape(size)
        found *= (high - low) * 2.0**-53
        found += low
        return found

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: tuple[int, ...] = ()) -> np.ndarray:
        """Draw normal numbers of mean ``loc`` and standard deviation ``scale``."""
        words = self.words(math.prod(size)) >> np.uint64(12)
        found = np.empty(words.shape)
        for first in range(0, len(words), PIECE):
            piece = slice(first, first + PIECE)
            found[piece] = quantiles((words[piece] + 0.5) * 2.0**-52)
        return loc + scale * found.reshape(size)

    def generator(self) -> Generator:
        """Return a generator of NumPy's, for functions of the user's that ask it for more than is here.

        Its numbers follow from the seed and path too; normal ones are as NumPy's version draws them.
        """
        return np.random.Generator(np.random.Philox(key=self.words(2)))


class ManyDraws:
    """The streams of one use and number of many seeds, side by side: row i is what ``Draws(seeds[i], ...)`` draws.

    >>> ManyDraws(np.array([0, 1]), "example").uniform(0.0, 1.0, (2,)).round(4)
    array([[0.8997, 0.3988],
           [0.8199, 0.7314]])
    """

    def __init__(self, seeds: np.ndarray, use: str, number: int = 0) -> None:
        low, high = (words.astype(np.uint32) for words in (seeds & WORD, seeds >> 32))
        of_use = threefry(low, high, np.uint32(zlib.crc32(use.encode())), np.uint32(1), rotated)
        first, second = threefry(*of_use, np.uint32(number), np.uint32(1), rotated)
        self._keys = first[:, None], second[:, None]

    def _words(self, count: int) -> np.ndarray:
        high, low = threefry(*self._keys, np.arange(count, dtype=np.uint32), np.uint32(0), rotated)
        return high.astype(np.uint64) << np.uint64(32) | low

    def uniform(self, low: float = 0.0, high: float = 1.0, size: tuple[int, ...] = ()) -> np.ndarray:
        """Draw numbers between ``low`` and ``high``, ``(seeds, *size)``."""
        words = self._words(math.prod(size)) >> np.uint64(11)
        found = words.astype(np.float64).reshape(-1, *size)
        found *= (high - low) * 2.0**-53
        found += low
        return found

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: tuple[int, ...] = ()) -> np.ndarray:
        """Draw normal numbers, ``(seeds, *size)``."""
        words = self._words(math.prod(size)) >> np.uint64(12)
        found = quantiles((words.ravel() + 0.5) * 2.0**-52)
        return loc + scale * found.reshape(-1, *size)


# The normal distribution's quantiles, by Wichura 1988 (AS 241): in the middle, and towards the ends, where they are
# right to 5e-13 as far as words of 52 bits reach. Sums, products, quotients and roots round alike on every machine;
# NumPy's log does not, so there is one here.
_MIDDLE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
_ENDS = (
    (7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258,
     3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1.0),
)  # fmt: skip


def quantiles(p: np.ndarray) -> np.ndarray:
    """Return the numbers below which normal ones fall with the probabilities in a row.

    >>> quantiles(np.array([0.5, 0.975])).round(4) + 0.0
    array([0.  , 1.96])
    """
    q = p - 0.5
    found = q * _quotient(_MIDDLE, 0.180625 - q * q)
    ends = np.flatnonzero(np.abs(q) > 0.425)
    beyond = q[ends]
    r = np.sqrt(-_log(0.5 - np.abs(beyond)))
    found[ends] = np.copysign(_quotient(_ENDS, r - 1.6), beyond)
    return found


def _quotient(polynomials: tuple[tuple[float, ...], ...], x: np.ndarray) -> np.ndarray:
    above, below = (_polynomial(c, x) for c in polynomials)
    return above / below


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    total = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        total *= x
        total += c
    return total


def _log(x: np.ndarray) -> np.ndarray:
    """Return the logarithm by 2 artanh((m - 1) / (m + 1)) for a mantissa m near 1."""
    m, exponent = np.frexp(x)
    low = m < math.sqrt(0.5)
    m = np.where(low, 2 * m, m)
    s = (m - 1) / (m + 1)
    series = _polynomial(tuple(2 / k for k in range(23, 0, -2)), s * s)
    return (exponent - low) * math.log(2) + s * series
