"""Embedding: a row of numbers that are learned, for each word of a vocabulary."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.graph.node import Node
from chainrule.graph.primitives import identities, indexing
from chainrule.nn.layers.base import Layer, Scope, check_initializer
from chainrule.nn.specs import Count

__all__ = ["Embedding"]


@dataclass(frozen=True, repr=False, eq=False)
class Embedding(Layer):
    """A row of numbers for each whole number: ``k`` becomes row k of a table of shape (vocabulary, units).

    Takes whole numbers of any shape (batch, ...), of any dtype, and gives (batch, ..., units).

    >>> cr.Embedding(1000, 16)(cr.input("words", ("batch", 20))).shape
    (batch, 20, 16)
    """

    vocabulary: Count
    units: Count
    initializer: Any = None
    name: str = ""
    counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_initializer(self, self.initializer)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the rows that x names."""
        table = scope.parameter("E", (self.vocabulary, self.units), self.initializer)
        positions = x if x.dtype.kind in "iu" else identities.cast(x, dtype="int64")
        return indexing.gather(table, positions, axis=0)

    def refuses(self, values: np.ndarray) -> tuple[np.ndarray, str] | None:
        """Return which of the numbers name no row, or none that their dtype tells from the next."""
        bad = (values != np.floor(values)) | (values < 0) | (values >= self.vocabulary)
        if bad.any():
            rows = self.vocabulary
            return bad, f"has {rows} rows, so it takes whole numbers from 0 to {rows - 1}"
        exact = 2 ** (np.finfo(values.dtype).nmant + 1) if values.dtype.kind == "f" else self.vocabulary
        if self.vocabulary > exact and (values >= exact).any():
            return values >= exact, (
                f"is given whole numbers from {exact:,} on, which {values.dtype.name} does not tell apart: "
                "make the network with dtype='float64'"
            )
        return None
