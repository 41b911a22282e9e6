"""Sums of products: arithmetic in which terms and factors cancel."""

from collections.abc import Iterable
from typing import NamedTuple

from chainrule.graph.node import Node
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.transform.cancel.atoms import (
    Atom,
    OneMinus,
    complement,
    is_finite,
    is_nonzero,
    may_be_nan,
    met,
)

MOST_TERMS, MOST_FACTORS = 8, 12

Factors = frozenset[tuple[Atom, int]]
Product = tuple[Factors, Factors]  # factors above and below the line
Sum = dict[Product, float]


class Expanded(NamedTuple):
    """A node as a sum of products.

    ``cancelled`` says whether anything cancelled on the way, ``nan`` whose NaN would be one of the node.
    """

    terms: Sum
    cancelled: bool
    nan: frozenset[Node]


def product(above: Iterable[Atom] = (), below: Iterable[Atom] = ()) -> Product:
    """Return the product of some atoms, divided by others."""
    return _counted(above), _counted(below)


def _counted(atoms: Iterable[Atom]) -> Factors:
    found: dict[Atom, int] = {}
    for atom in atoms:
        met(atom)
        found[atom] = found.get(atom, 0) + 1
    return frozenset(found.items())


def atoms_in(factors: Factors) -> list[Atom]:
    """Return the atoms of a product, in the order in which they were met."""
    return [atom for atom, n in sorted(factors, key=lambda f: met(f[0])) for _ in range(n)]


def is_long(factors: Product) -> bool:
    """Say whether a product has too many factors to be looked through."""
    above, below = factors
    return sum([n for _, n in above]) + sum([n for _, n in below]) > MOST_FACTORS


def atoms_of(terms: Iterable[Product]) -> set[Atom]:
    """Return all that some products are made of."""
    return {atom for above, below in terms for atom, _ in [*above, *below]}


def nan_of(terms: Sum) -> frozenset[Node]:
    """Return the nodes whose NaN would be one of the sum."""
    return frozenset(node for node in map(may_be_nan, atoms_of(terms)) if node is not None)


def settled(terms: Sum, cancelled: bool, nan: frozenset[Node]) -> Expanded | None:
    """Let terms cancel, with every 1 - σ(z) as a factor or, where that leaves fewer terms, written out."""
    best, opened = _merge(terms), None
    if any(isinstance(atom, OneMinus) for atom in atoms_of(terms)):
        opened = _merge(_open_complements(terms))
    if opened is not None and (best is None or _size(opened) < _size(best)):
        return Expanded(opened, True, nan)
    return None if best is None else Expanded(best, cancelled or len(best) < len(terms), nan)


def _size(terms: Sum) -> tuple[int, int]:
    """Return how many terms there are, and how many factors in them."""
    return len(terms), sum(n for above, below in terms for _, n in [*above, *below])


def _open_complements(terms: Sum) -> Sum:
    """Write σ and 1 - σ out by each other until no product holds 1 - σ above the line, or σ over 1 - σ."""
    result: Sum = {}
    work = list(terms.items())
    while work:
        (above, below), c = work.pop()
        up, down = dict(above), dict(below)
        atom = next((x for x in sorted(up, key=met) if _opens(x, down)), None)
        if atom is None:
            result[above, below] = result.get((above, below), 0.0) + c
            continue
        up[atom] -= 1
        opened = joined(frozenset(up.items()), frozenset([(complement(atom), 1)]))
        work.append((cancelled_product(up, dict(down)), c))
        work.append((cancelled_product(opened, dict(down)), -c))
        if len(work) + len(result) > 4 * MOST_TERMS:
            return terms
    return result


def _opens(atom: Atom, below: dict[Atom, int]) -> bool:
    return isinstance(atom, OneMinus) or (atom.primitive is sigmoid and OneMinus(atom) in below)


def cancelled_product(above: dict[Atom, int], below: dict[Atom, int]) -> Product:
    """Return a product in which what is above and below the line, and is not 0, cancelled."""
    for atom in [x for x in above if below.get(x) and is_nonzero(x)]:
        common = min(above[atom], below[atom])
        above[atom] -= common
        below[atom] -= common
    return positive(above), positive(below)


def positive(counts: dict[Atom, int]) -> Factors:
    """Return the factors that are left over."""
    return frozenset((x, n) for x, n in counts.items() if n)


def joined(a: Factors, b: Factors) -> dict[Atom, int]:
    """Return the factors of both."""
    both = dict(a)
    for atom, n in b:
        both[atom] = both.get(atom, 0) + n
    return both


def _merge(terms: Sum) -> Sum | None:
    """Drop the terms that cancelled; None if something that may be infinite would vanish with them."""
    if all(terms.values()):
        return terms
    kept = {p: c for p, c in terms.items() if c != 0}
    return kept if all(map(is_finite, atoms_of(terms) - atoms_of(kept))) else None
