"""In which order an epoch sees the examples."""

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import DataError, short
from chainrule.random import Draws, Words, words_within
from chainrule.shown import counted

AHEAD = 1 << 13  # numbers that are drawn at once: what one epoch of few examples costs is mostly Python

Orders = Callable[[int, int], np.ndarray]  # (the first epoch, how many) -> whole numbers (epochs, examples)


def orders_of(shuffle: Any, seed: int, rows: int, epochs: int, steps: int, draw: Words) -> Orders:
    """Return the orders that fit's ``shuffle`` means: drawn anew, as the examples lie, or given as an array.

    ``draw`` makes random words: any that makes these ones.

    Raises:
        DataError: If it is none of these.
    """
    if isinstance(shuffle, np.ndarray | list | tuple):
        return given(shuffle, rows, epochs)
    if not isinstance(shuffle, bool | np.bool_):
        raise DataError(f"shuffle is True or False, or an array of orders; found {short(shuffle)}.")
    if shuffle and steps > 1:  # one step takes all, in whatever order
        return shuffled(seed, rows, epochs, draw)
    return lambda epoch, count: np.broadcast_to(np.arange(rows), (count, rows))


def shuffled(seed: int, rows: int, epochs: int, draw: Words = words_within) -> Orders:
    """Shuffle the examples: an order follows from the seed, its epoch and the number of examples alone.

    >>> shuffled(0, 5, epochs=9)(7, 2)
    array([[0, 3, 2, 1, 4],
           [1, 3, 0, 2, 4]])
    """
    drawn, begin = np.empty((0, rows), np.int64), 0

    def orders(epoch: int, count: int) -> np.ndarray:
        nonlocal drawn, begin
        if not begin <= epoch <= epoch + count <= begin + len(drawn):
            end = min(epochs, epoch + max(count, AHEAD // rows))
            drawn = Draws(seed, "order", np.arange(epoch, end), draw).permutation(rows)
            begin = epoch
        return drawn[epoch - begin : epoch - begin + count]

    return orders


def given(array: Any, rows: int, epochs: int) -> Orders:
    """Take the orders that another library drew, ``(epochs, examples)``.

    Raises:
        DataError: If they are not as many, or one does not name each example once.
    """
    try:
        found = np.asarray(array)
    except ValueError:  # lines of different lengths
        found = np.empty(len(array), object)
    if found.dtype.kind not in "iu" or found.ndim != 2 or found.shape[1] != rows or len(found) < epochs:
        of = short(array) if found.ndim == 0 else found.dtype
        raise DataError(
            f"shuffle as an array holds the orders of {counted(epochs, 'epoch')} of {rows} examples to learn "
            f"from: whole numbers of shape ({epochs}, {rows}); found {of} of shape {found.shape}."
        )
    found = np.ascontiguousarray(found[:epochs], np.int64)
    wrong = np.flatnonzero((np.sort(found) != np.arange(rows)).any(axis=1))
    if len(wrong):
        raise DataError(
            f"shuffle[{wrong[0]}] is no order of {rows} examples: it must hold each number from 0 to {rows - 1} once."
        )
    return lambda epoch, count: found[epoch : epoch + count]
