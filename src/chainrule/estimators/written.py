"""Sparse rows, which are written out a block at a time: what is written out at once has a bound."""

from typing import Any

import numpy as np
import scipy.sparse

BLOCK_BYTES = 2**25  # of sparse rows that are written out at a time


def written_out(X: Any) -> Any:
    """Return X, row after row in memory: a sparse one written out if it is small, else so that rows can be taken."""
    if not scipy.sparse.issparse(X):
        return np.ascontiguousarray(X)  # a frame's columns would be turned in each run
    return X.toarray() if rows_at_once(X) >= X.shape[0] else X.tocsr()


class Page:
    """Room for a block of rows, which one block after the other is written into.

    A block touches only what is not 0, and clears only that: to fill megabytes with zeros again and again, in memory
    that the system has to hand out anew, takes ten times as long.

    Args:
        X: The whole, of which the blocks are rows.
        rows: How many rows a block has at most.

    >>> page = Page(scipy.sparse.csr_array([[0.0, 1.0], [2.0, 0.0]]), 2)
    >>> page.write(np.array([1, 0]))
    array([[2., 0.],
           [0., 1.]])
    """

    def __init__(self, X: Any, rows: int) -> None:
        self._X = X
        self._room = np.zeros((rows, X.shape[1]), X.dtype)
        self._written: Any = ()

    def write(self, rows: np.ndarray) -> np.ndarray:
        """Return these rows written out; they stand there until the next are."""
        block, found = self._X[rows], self._room[: len(rows)]
        self._room[self._written] = 0
        self._written = np.repeat(np.arange(len(rows)), np.diff(block.indptr)), block.indices
        if block.has_canonical_format:
            found[self._written] = block.data
        else:  # entries of one place add up
            block.toarray(out=found)
        return found


def rows_at_once(X: Any) -> int:
    """Return how many rows of a sparse matrix are written out at a time."""
    return max(1, BLOCK_BYTES // max(X.shape[1] * X.dtype.itemsize, 1))


def blocks(X: Any) -> list[slice]:
    """Return how the rows of a sparse matrix are cut to be written out, a block at a time.

    >>> blocks(scipy.sparse.csr_array((3, 2**22)))
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    size = rows_at_once(X)
    return [slice(start, start + size) for start in range(0, X.shape[0], size)]
