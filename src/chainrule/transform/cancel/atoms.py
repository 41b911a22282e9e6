"""Atoms: what sums of products are made of, and what is known of each."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.ranges import range_of


@dataclass(frozen=True)
class OneMinus:
    """The factor ``1 - σ(z)``, known by its sigmoid, so that it cancels and expands."""

    sigmoid: Node

    @property
    def shape(self) -> shapes.Shape:
        """The shape of the sigmoid."""
        return self.sigmoid.shape


Atom = Any  # a Node that is not arithmetic, or a OneMinus


def complement(atom: Atom) -> Atom:
    """Return 1 - σ(z) for σ(z), and the other way round."""
    return atom.sigmoid if isinstance(atom, OneMinus) else OneMinus(atom)


def node_of(atom: Atom) -> Node:
    """Return the node that an atom is known by."""
    return atom.sigmoid if isinstance(atom, OneMinus) else atom


_NUMBERS: WeakKeyDictionary[Node, int] = WeakKeyDictionary()
_NEXT = count()


def met(atom: Atom) -> tuple[int, bool]:
    """Return what atoms are sorted by: when each was first met. Sets go by addresses, and would change the bits."""
    node = node_of(atom)
    number = _NUMBERS.get(node)
    if number is None:
        number = _NUMBERS.setdefault(node, next(_NEXT))  # another thread may have met it by now
    return number, isinstance(atom, OneMinus)


def is_nonzero(atom: Atom) -> bool:
    """Say whether an atom is proved not to be 0: by its row, or as a sum of what is positive."""
    node = node_of(atom)
    return node.primitive.nonzero or (node.primitive.reduces == "add" and node.inputs[0].primitive.nonzero)


def is_finite(atom: Atom) -> bool:
    """Say whether an atom is proved finite where it is not NaN, whatever the data are."""
    return range_of(node_of(atom)).bounded


def may_be_nan(atom: Atom) -> Node | None:
    """Return the node whose NaN would be one of the atom."""
    node = node_of(atom)
    while len(node.inputs) == 1 and (
        node.primitive.nan == "input"
        or (node.primitive.reduces == "add" and range_of(node.inputs[0]).low >= 0)
    ):
        (node,) = node.inputs  # of numbers that are not negative no infinities meet in a sum
    never = node.primitive.nan == "never" or node.dtype == bool
    return None if never or (node.primitive.leaf == "known" and range_of(node).finite) else node
