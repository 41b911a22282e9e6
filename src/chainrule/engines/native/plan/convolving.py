"""What goes back through windows: each element gathers what the windows that it lies in have for it.

The gradient of a convolution's input is a product for each window, of which those that overlap are added up. Written
so, all windows would be stored, nine times what they are windows of where a filter is 3×3. Instead each element finds
the windows that it lies in, which lie in a row: that is a convolution again, of the product's first factor in a frame
of zeros with the filter turned round. Where windows are further apart than one, elements fall into *phases*, by where
they lie from one window to the next; each is a convolution with those places of the filter that fall there. Phases
on which as many places fall, one behind the other, are one product: however far apart windows are, there are two kinds.

Of a sum of products, as in second derivatives or where several filters slide over the same windows, each is one by
itself. What is added up so but no product, as behind pooling, is added place by place, in the order of NumPy: only what
falls on one place of the windows is computed at a time, be it a product of windows and windows.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import product
from string import ascii_letters
from typing import Any

from chainrule.engines.native.plan.laying import laid
from chainrule.graph.closed import Program
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, apply, broadcast, with_inputs
from chainrule.graph.primitives.windows import positions
from chainrule.graph.shapes import FULL, Index
from chainrule.graph.walk import learn, order

Span = tuple[int, int]  # from where to where

SUMS = {"add", "subtract", "negative"}  # a sum over windows of these is these, of sums over windows
MULTIPLES = {"multiply", "divide"}  # likewise, where the other is a single number


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


class Backward:
    """Rewrites the sums over windows of a program, node by node."""

    def __init__(self, program: Program) -> None:
        self._readers: dict[Node, int] = {}
        for x in [x for n in order(program.ends) for x in n.inputs] + list(program.ends):
            self._readers[x] = self._readers.get(x, 0) + 1
        self._summed: dict[Node, Node] = {}  # by a sum over windows, the product that is summed
        self._alone: set[Node] = set()  # what became of products, and of sums of them, that have one reader

    def visit(self, node: Node, inputs: tuple[Node, ...]) -> Node | None:
        """Return what a node becomes whose inputs became others; None if it is nothing of the kind."""
        row = node.primitive
        if row.name == "slice":
            return self._cut(node, node.inputs[0])
        if row.name == "overlap_add":
            found = self._by_terms(node, inputs[0])
            return _added_up(node, inputs[0], self._alone) if found is None else found
        if row.name in {"contract", *SUMS, *MULTIPLES} and self._readers[node] == 1:
            became = with_inputs(node, inputs)
            self._alone.add(became)
            return became
        return None

    def _by_terms(self, node: Node, summed: Node) -> Node | None:
        """Return a sum over windows, of each term of what is summed by itself; None if none is a convolution."""
        known: dict[Node, Node | None] = {}

        def terms(x: Node) -> list[Node]:
            several = [y for y in x.inputs if y.shape]
            multiple = len(several) == 1 and (x.primitive.name == "multiply" or bool(x.inputs[0].shape))
            is_sum = x.primitive.name in SUMS or (x.primitive.name in MULTIPLES and multiple)
            return several if is_sum and x in self._alone and x.dtype.kind == "f" else []

        def rule(x: Node) -> Node | None:
            if x.primitive.name == "contract" and x in self._alone and x.shape == summed.shape:
                return as_convolutions(node, x, [(0, e) for e in node.attributes["extents"]])
            if all(known[y] is None for y in terms(x)):
                return None
            return with_inputs(x, tuple(map(part, x.inputs)))

        def part(x: Node) -> Node:
            if not x.shape:
                return x
            found = known[x]
            return found if found is not None else _added_up(node, broadcast(x, summed.shape), self._alone)

        found = learn(summed, known, rule, terms)
        if found is not None and summed.primitive.name == "contract":
            self._summed[node] = summed
        return found

    def _cut(self, node: Node, source: Node) -> Node | None:
        """Return a slice of a sum, or of one whose axes behind those of the windows are reshaped, as what is kept."""
        reshaped = source.primitive.name == "reshape" and self._readers[source] == 1
        sums, index = source.inputs[0] if reshaped else source, node.attributes["index"]
        if sums not in self._summed or self._readers[sums] > 1:
            return None
        lead = 1 + max(sums.attributes["axes"], default=-1)
        if sums.shape[:lead] != source.shape[:lead] or any(at != FULL for at in index[lead:]):
            return None
        kept = _kept(sums, index[:lead] + (FULL,) * (len(sums.shape) - lead))
        found = as_convolutions(sums, self._summed[sums], kept) if kept is not None else None
        return (
            found if found is None or found.shape == node.shape else apply("reshape", found, shape=node.shape)
        )


def _kept(sums: Node, index: Index) -> list[Span] | None:
    """Return which elements along the windows' axes a slice keeps; None if it does anything else."""
    axes = sums.attributes["axes"]
    entries = [(0, e, 1) if at == FULL else at for e, at in zip(sums.shape, index, strict=False)]
    runs = all(isinstance(at, tuple) and at[2] == 1 and at[1] is not None for at in entries)
    whole = all(at == FULL for axis, at in enumerate(index) if axis not in axes)
    return [entries[a][:2] for a in axes] if runs and whole and len(index) == len(sums.shape) else None


# --- sums of products ---


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
    return _sliced(whole, index)


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
        "windows", _sliced(source, seen), axes=tuple(letters.index(k) for k, _, _ in in_order),
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
        "windows", _sliced(filters, seen), axes=tuple(apart), sizes=tuple(own[a][0].width for a in apart),
        strides=tuple(own[a][0].step for a in apart), dilations=(1,) * len(apart),
    ) if apart else _sliced(filters, seen)  # fmt: skip
    return _sliced(found, backwards + [FULL] * len(apart)), "".join(own[a][1] for a in apart)


def _full(node: Node) -> list[Any]:
    return [FULL] * len(node.shape)


def _sliced(x: Node, index: Sequence[Any]) -> Node:
    """Return x at an index; x itself if that is all of it."""
    whole = all(at in (FULL, (0, e, 1)) for at, e in zip(index, x.shape, strict=True))
    return x if whole else apply("slice", x, index=tuple(index))


def _cut_or_framed(x: Node, reach: dict[int, Span]) -> Node:
    """Return x from where to where is said for some axes; zeros where that is beyond it."""
    own, shape, placed = _full(x), list(x.shape), _full(x)
    for axis, (first, stop) in reach.items():
        begin, end = max(first, 0), min(stop, x.shape[axis])
        own[axis], shape[axis] = (begin, end, 1), stop - first
        placed[axis] = (begin - first, end - first, 1)
    x = _sliced(x, own)
    return x if x.shape == tuple(shape) else apply("pad", x, index=tuple(placed), shape=tuple(shape))


# --- other sums ---


def _added_up(node: Node, x: Node, alone: Collection[Node]) -> Node:
    """Return a sum over windows as sums of what falls on one place of all windows, one place after the other.

    Args:
        node: The sum.
        x: What is summed, as it has become.
        alone: The products that nothing else reads.
    """
    at = dict(node.attributes)
    shape, total = node.shape, None
    at.pop("extents")
    for place, index in positions(x.shape[: len(shape)], **at):
        part = _at_place(x, place, alone)
        if total is None:
            total = apply("pad", part, index=index, shape=shape)
        else:
            part = apply("slice", total, index=index) + part
            total = laid([total, part], [index], shape)
    return x if total is None else total


def _at_place(x: Node, place: tuple[int, ...], alone: Collection[Node]) -> Node:
    """Return x at a place along its last axes: computed there alone, where it is computed element by element, or is a
    product that nothing else reads."""

    def rule(x: Node) -> Node:
        row, rank = x.primitive, len(x.shape)
        own = place[max(0, len(place) - rank) :]
        kept = rank - len(own)
        if not own:
            return x
        if row.elementwise:
            return with_inputs(x, tuple(known[y] for y in x.inputs))
        if row.name == "broadcast_to":
            return broadcast(known[x.inputs[0]], x.shape[:kept])
        if (
            row.name == "reshape"
            and x.inputs[0].shape == x.shape[:kept]
            and x.shape[kept:] == (1,) * len(own)
        ):
            return x.inputs[0]
        if row.name == "windows" and len(x.attributes["axes"]) == len(own):
            counts, at = x.shape[:kept], x.attributes
            return apply("slice", x.inputs[0], index=dict(positions(counts, **at))[own])
        if row.name == "contract" and x in alone:
            spec = contraction(x.attributes["spec"])
            at = dict(zip(spec.out[kept:], entries(x, kept, own), strict=True))
            sides = [*zip(x.inputs, (spec.left, spec.right), strict=True)]
            factors = [_sliced(y, [at.get(k, FULL) for k in letters]) for y, letters in sides]
            left, right, out = (
                "".join(k for k in x if k not in at) for x in (spec.left, spec.right, spec.out)
            )
            return apply("contract", *factors, spec=f"{left},{right}->{out}")
        return apply("slice", x, index=(FULL,) * kept + entries(x, kept, own))

    def looks_at(x: Node) -> Sequence[Node]:
        return x.inputs if x.primitive.elementwise or x.primitive.name == "broadcast_to" else ()

    def entries(x: Node, kept: int, own: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(0 if e == 1 else p for e, p in zip(x.shape[kept:], own, strict=True))

    known: dict[Node, Node] = {}
    return learn(x, known, rule, looks_at)
