"""Embedding: a row of numbers that are learned, for each word of a vocabulary."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.node import Node
from chainrule.graph.primitives import identities, indexing
from chainrule.graph.shapes import show
from chainrule.nn.kinds import InitializerLike
from chainrule.nn.layers.base import Layer, Scope, check_initializer
from chainrule.nn.masking import joined, mask_of
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
        mask_zero: Whether 0 is no word but stands for padding, as in Keras: what follows leaves such steps out, and
            lists of sequences of different lengths are padded with it. It goes with sequences, (batch, time); the words
            are then numbered from 1.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If vocabulary or units is no whole number of at least 1.
        UnknownNameError: If no initializer bears the name.
        ShapeError: When it is called, if mask_zero is given what is no sequence of words.
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
    mask_zero: bool = False
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

    @property
    def pads(self) -> float | None:
        """The value that stands for padding: 0 with ``mask_zero``, else none does.

        >>> cr.Embedding(9, 2, mask_zero=True).pads
        0.0
        """
        return 0.0 if self.mask_zero else None

    def mask_after(self, x: Node) -> Node | None:
        """Return which steps are words.

        Args:
            x: A node of shape (batch, time), of whole numbers.

        Returns:
            A node of truth values, (batch, time), False where x is 0; that of x alone without ``mask_zero``.

        Raises:
            ShapeError: If there is a mask_zero, and x is no sequence of words.

        >>> print(cr.Embedding(9, 2, mask_zero=True).mask_after(cr.input("x", ("batch", 4))))
        x ≠ 0
        """
        if not self.mask_zero:
            return mask_of(x)
        if x.ndim != 2:
            raise ShapeError(
                f"{self!r}: mask_zero=True is for sequences of words, of shape (time,); found {show(x.shape[1:])}."
            )
        found: Any = np.not_equal(x, 0)
        return joined(mask_of(x), found)

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
