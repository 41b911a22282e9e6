"""Embedding: a row of numbers that are learned, for each word of a vocabulary."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.graph.node import Node
from chainrule.graph.primitives import identities, indexing
from chainrule.nn.kinds import InitializerLike
from chainrule.nn.layers.base import Layer, Scope, check_initializer
from chainrule.nn.specs import Count

__all__ = ["Embedding"]


@dataclass(frozen=True, repr=False, eq=False)
class Embedding(Layer):
    """A row of numbers for each whole number: ``k`` becomes row k of a table of shape (vocabulary, units).

    The rows are learned, and words of one use come to lie close to each other (Bengio et al. 2003).

    Takes whole numbers of any shape (batch, ...), of any dtype, and gives (batch, ..., units).

    Args:
        vocabulary: How many different whole numbers there are: they go from 0 to ``vocabulary - 1``.
        units: How many numbers each becomes.
        initializer: How the table begins: a name, a number, a callable ``(shape, rng)`` or an array of shape
            (vocabulary, units). By default Glorot's.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If vocabulary or units is no whole number of at least 1.
        UnknownNameError: If no initializer bears the name.
        DataError: At ``fit`` and ``predict``, if a number reaches it that names no row.

    >>> table = [[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]
    >>> cr.Network([cr.Embedding(3, 2, initializer=table)], input_shape=4).predict([[2, 0, 1, 1]])
    array([[[3., 4.],
            [0., 0.],
            [1., 2.],
            [1., 2.]]], dtype=float32)
    """

    vocabulary: Count
    units: Count
    initializer: InitializerLike = None
    name: str = ""
    counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_initializer(self, self.initializer)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the rows that x names.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, ...), of whole numbers.

        Returns:
            A node of shape (batch, ..., units).

        >>> cr.Embedding(1000, 16)(cr.input("words", ("batch", 20), "int64")).shape  # which calls build
        (batch, 20, 16)
        """
        table = scope.parameter("E", (self.vocabulary, self.units), self.initializer)
        positions = x if x.dtype.kind in "iu" else identities.cast(x, dtype="int64")
        return indexing.gather(table, positions, axis=0)

    def refuses(self, values: np.ndarray) -> tuple[np.ndarray, str] | None:
        """Return which of the numbers name no row, or none that their dtype tells from the next.

        Args:
            values: What reaches the layer, of shape (batch, ...).

        Returns:
            Of the shape of ``values``, True for each number that is wrong, and what follows the layer's name; None
            where all are right.

        >>> cr.Embedding(3, 2).refuses(np.array([[0.5, 2.0]]))
        (array([[ True, False]]), 'has 3 rows, so it takes whole numbers from 0 to 2')
        """
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
