"""What a value in a node's attributes is: equal for two values exactly if a row does the same with them."""

from collections.abc import Hashable, Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from chainrule.graph.shapes import Extent

PLAIN = "biufcSU"  # kinds of which the bytes are all there is, and no addresses
MOST_BYTES_KEPT = 256  # of an array; a longer one is known by its digest, so that no key keeps it alive


class Structured:
    """A value that says itself what it is: two are equal exactly if their fingerprints are."""

    fingerprint: Any

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


class Hashed:
    """A long value that is looked for often: its hash is taken once.

    >>> Hashed((1, 2)) == Hashed((1, 2)), Hashed((1, 2)) == Hashed((1, 3))
    (True, False)
    """

    __slots__ = ("_hash", "_value")

    def __init__(self, value: Hashable) -> None:
        self._value, self._hash = value, hash(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hashed):
            return False
        return self is other or (self._hash == other._hash and self._value == other._value)

    def __hash__(self) -> int:
        return self._hash


def identity(value: Any) -> Hashable:
    """Return what is the same for two values of one type, structure and bits, and differs for all others.

    What is written alike need not be alike, and what compares as equal need not either: ``True``, ``1`` and
    ``1.0``, or ``0.0`` and ``-0.0``. A value of a type that is not known here equals nothing, itself included.

    >>> identity((1, [2.0, None])) == identity((1, [2.0, None]))
    True
    >>> identity(True) == identity(1), identity(0.0) == identity(-0.0), identity(print) == identity(print)
    (False, False, False)
    """
    kind = type(value)
    if kind in (int, str, bool, bytes, type(None), type(Ellipsis)):
        return kind, value
    if kind in (tuple, list):
        return kind, tuple([identity(v) for v in value])
    if kind is float:
        return kind, value.hex()
    if kind is complex:
        return kind, value.real.hex(), value.imag.hex()
    if isinstance(value, Extent):
        return Extent, value.name
    if kind is slice:
        return kind, identity((value.start, value.stop, value.step))
    if kind in (set, frozenset):
        return kind, frozenset([identity(v) for v in value])
    if kind is dict:
        return kind, tuple([(identity(k), identity(v)) for k, v in value.items()])
    if kind is np.ndarray or isinstance(value, np.generic):
        return _of_array(kind, np.asarray(value))
    if isinstance(value, np.dtype) and value.kind in PLAIN:
        return np.dtype, value.str
    if isinstance(value, type):
        return type, value
    if isinstance(value, Structured):
        return kind, value.fingerprint
    return _Unknown()


def of_attributes(attributes: Mapping[str, Any]) -> Hashable:
    """Return the identity of a node's attributes, in whatever order they were named."""
    return tuple([(key, identity(attributes[key])) for key in sorted(attributes)]) if attributes else ()


class _Unknown:
    """Equal to nothing but itself."""


def _of_array(kind: type, array: np.ndarray) -> Hashable:
    if array.dtype.kind not in PLAIN:
        return _Unknown()
    content = array.tobytes()
    known = content if len(content) <= MOST_BYTES_KEPT else sha256(content).digest()
    return kind, array.shape, array.dtype.str, known
