"""Sparse rows, which are written out a block at a time: what is written out at once has a bound."""

from typing import Any

import scipy.sparse

BLOCK_BYTES = 2**25  # of sparse rows that are written out at a time


def written_out(X: Any) -> Any:
    """Return X, written out if it is sparse and small enough for that; else as one that rows are taken from."""
    if not scipy.sparse.issparse(X):
        return X
    return X.toarray() if rows_at_once(X) >= X.shape[0] else X.tocsr()


def rows_at_once(X: Any) -> int:
    """Return how many rows of a sparse matrix are written out at a time."""
    return max(1, BLOCK_BYTES // max(X.shape[1] * X.dtype.itemsize, 1))
