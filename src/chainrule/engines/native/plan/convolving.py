"""A sum over the windows of a product as convolutions: of what is summed no window is stored.

The gradient of a convolution's input is a product for each window, of which those that overlap are added up. Written
so, all windows would be stored, nine times what they are windows of where a filter is 3×3. Instead each element finds
the windows that it lies in, which lie in a row: that is a convolution again, of the product's first factor in a frame
of zeros with the filter turned round. Where windows are further apart than one, elements fall into *phases*, by where
they lie from one window to the next; each is a convolution with those places of the filter that fall there. Phases
on which as many places fall, one behind the other, are one product: however far apart windows are, there are two kinds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from string import ascii_letters
from typing import Any

from chainrule.engines.native.plan.laying import laid, sliced
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, apply
from chainrule.graph.shapes import FULL

Span = tuple[int, int]  # from where to where


@dataclass(frozen=True)
class Phase:
    """Elements s·u + r of an axis along which windows are s apart, for some r on which as many places fall alike.

    Attributes:
        residues: From which r to which.
        place: The first of the window's places that falls on the first r; on the next falls the one behind it.
        count: How many places fall on each.
        step: How far apart they are.
        apart: How far apart the windows are that have these places on one element.
        first: The window that has the last place on the first element; where it is below 0, there is none.
        stop: Behind the one that has the first place on the last element.
    """

    residues: Span
    place: int
    count: int
    step: int
    apart: int
    first: int
    stop: int

    @property
    def width(self) -> int:
        """How many r it has."""
        return self.residues[1] - self.residues[0]


def phases(size: int, stride: int, dilation: int, reach: Span) -> list[Phase]:
    """Return the phases of an axis that any place of a window falls on, of elements s·u + r for u in a reach."""
    step = stride // math.gcd(stride, dilation)  # from one place to the next that falls on the same elements
    apart = dilation // math.gcd(stride, dilation)
    found: list[Phase] = []
    falling: dict[int, list[int]] = {}
    for i in range(size):
        falling.setdefault(i * dilation % stride, []).append(i)
    for residue, places in sorted(falling.items()):
        nearest = (places[0] * dilation - residue) // stride
        first, stop = reach[0] - nearest - (len(places) - 1) * apart, reach[1] - nearest
        new = Phase((residue, residue + 1), places[0], len(places), step, apart, first, stop)
        before = found[-1] if found else new
        alike = replace(before, residues=new.residues, place=before.place + before.width)
        if new == alike and before.residues[1] == residue:
            found[-1] = replace(before, residues=(before.residues[0], residue + 1))
        else:
            found.append(new)
    return found


@dataclass(frozen=True)
class Summed:
    """A sum over the windows of a product.

    Attributes:
        source: The factor that has a number for each window.
        letters: Its letters in the product.
        filters: The factor that has a number for each place of a window.
        filled: Its letters.
        where: The letters that count the windows, in the order of the sum's axes.
        places: Those of the places in a window.
        out: Those of the sum.
    """

    source: Node
    letters: str
    filters: Node
    filled: str
    where: str
    places: str
    out: str


def _summed(node: Node, made: Node) -> Summed | None:
    """Return a sum over the windows of a product; None if no factor has the windows alone, or none all places."""
    spec = contraction(made.attributes["spec"])
    out = spec.out[: len(node.shape)]
    where, places = "".join(spec.out[a] for a in node.attributes["axes"]), spec.out[len(node.shape) :]
    sides = [*zip(made.inputs, (spec.left, spec.right), strict=True)]
    (source, letters), (filters, filled) = sides if set(places) <= set(spec.right) else sides[::-1]
    apart = not set(places) & set(letters) and not set(where) & set(filled)
    if not (apart and set(where) <= set(letters) and set(places) <= set(filled)):
        return None
    return Summed(source, letters, filters, filled, where, places, out)


def as_convolutions(node: Node, summed: Node, kept: Sequence[Span]) -> Node | None:
    """Return a sum over the windows of a product as products over windows.

    Args:
        node: The sum.
        summed: The product, as it has become.
        kept: Which elements are wanted, along each axis of windows.

    Returns:
        The elements that are kept; None if it is no such sum, or no window lies there.
    """
    at, found = node.attributes, _summed(node, summed)
    if found is None:
        return None
    reach = [(low // s, -(-high // s)) for (low, high), s in zip(kept, at["strides"], strict=True)]
    along = [phases(*x) for x in zip(at["sizes"], at["strides"], at["dilations"], reach, strict=True)]
    needed = [(min(p.first for p in own), max(p.stop for p in own)) for own in along]
    axes = [found.letters.index(k) for k in found.where]
    if any(
        first >= found.source.shape[a] or stop <= 0 for a, (first, stop) in zip(axes, needed, strict=True)
    ):
        return None
    framed = replace(found, source=_cut_or_framed(found.source, dict(zip(axes, needed, strict=True))))
    # An axis along which windows are further apart than one is two in the products: of u, and of r behind it.
    free = (k for k in ascii_letters if k not in summed.attributes["spec"])
    residues = {k: next(free) if s > 1 else "" for k, s in zip(found.where, at["strides"], strict=True)}
    split = "".join(k + residues.get(k, "") for k in found.out)
    parts, indices = [], []
    for several in product(*along):
        parts.append(_of_phases(framed, several, needed, residues, split))
        into = {residues[k]: (*phase.residues, 1) for k, phase in zip(found.where, several, strict=True)}
        indices.append(tuple(into.get(k, FULL) for k in split))
    extents = dict(zip(found.out, node.shape, strict=True))
    extents |= {k: stop - first for k, (first, stop) in zip(found.where, reach, strict=True)}
    extents |= {residues[k]: s for k, s in zip(found.where, at["strides"], strict=True)}
    whole = parts[0]
    if len(parts) > 1 or whole.shape != tuple(extents[k] for k in split):
        done = sum(math.prod(p.width for p in several) for several in product(*along))
        fill = None if done == math.prod(at["strides"]) else 0.0
        whole = laid(parts, indices, tuple(extents[k] for k in split), fill)
    index, shape = _full(node), [extents[k] for k in found.out]
    for axis, stride, (first, _), (low, high) in zip(at["axes"], at["strides"], reach, kept, strict=True):
        shape[axis] *= stride
        index[axis] = (low - first * stride, high - first * stride, 1)
    whole = whole if whole.shape == tuple(shape) else apply("reshape", whole, shape=tuple(shape))
    return sliced(whole, index)


def _of_phases(
    summed: Summed, several: Sequence[Phase], needed: Sequence[Span], residues: dict[str, str], split: str
) -> Node:
    """Return a product over windows: what lies on one phase along each axis.

    Args:
        summed: The sum, of which the source holds the windows that are needed.
        several: The phases.
        needed: Which windows these are.
        residues: By the letter of the windows, that of where in a stride an element lies; "" where strides are 1.
        split: The letters of the product.
    """
    source, letters, where = summed.source, summed.letters, summed.where
    seen = _full(source)
    for k, phase, (first, _) in zip(where, several, needed, strict=True):
        seen[letters.index(k)] = (phase.first - first, phase.stop - first, 1)
    in_order = sorted(
        zip(where, several, summed.places, strict=True), key=lambda each: letters.index(each[0])
    )
    windows = apply(
        "windows", sliced(source, seen), axes=tuple(letters.index(k) for k, _, _ in in_order),
        sizes=tuple(phase.count for _, phase, _ in in_order), strides=(1,) * len(in_order),
        dilations=tuple(phase.apart for _, phase, _ in in_order),
    )  # fmt: skip
    own = {
        summed.filled.index(place): (phase, residues[k])
        for k, phase, place in zip(where, several, summed.places, strict=True)
    }
    turned, behind = _turned_round(summed.filters, own)
    by_windows = letters + "".join(place for _, _, place in in_order)
    return apply("contract", windows, turned, spec=f"{by_windows},{summed.filled}{behind}->{split}")


def _turned_round(filters: Node, own: dict[int, tuple[Phase, str]]) -> tuple[Node, str]:
    """Return the places of filters that fall on a phase, the last first, and the letters of what stands behind: by
    which r they fall on."""
    seen, backwards = _full(filters), _full(filters)
    for axis, (phase, _) in own.items():
        reach = (phase.count - 1) * phase.step + phase.width
        seen[axis] = (phase.place, phase.place + reach, 1)
        backwards[axis] = (phase.count - 1, None, -1)
    apart = sorted(axis for axis, (_, letter) in own.items() if letter)
    found = apply(
        "windows", sliced(filters, seen), axes=tuple(apart), sizes=tuple(own[a][0].width for a in apart),
        strides=tuple(own[a][0].step for a in apart), dilations=(1,) * len(apart),
    ) if apart else sliced(filters, seen)  # fmt: skip
    return sliced(found, backwards + [FULL] * len(apart)), "".join(own[a][1] for a in apart)


def _full(node: Node) -> list[Any]:
    return [FULL] * len(node.shape)


def _cut_or_framed(x: Node, reach: dict[int, Span]) -> Node:
    """Return x from where to where is said for some axes; zeros where that is beyond it."""
    own, shape, placed = _full(x), list(x.shape), _full(x)
    for axis, (first, stop) in reach.items():
        begin, end = max(first, 0), min(stop, x.shape[axis])
        own[axis], shape[axis] = (begin, end, 1), stop - first
        placed[axis] = (begin - first, end - first, 1)
    x = sliced(x, own)
    return x if x.shape == tuple(shape) else apply("pad", x, index=tuple(placed), shape=tuple(shape))
