"""What goes back through windows: each element gathers what the windows that it lies in have for it.

The gradient of a convolution's input is a product for each window, of which those that overlap are added up. Written
so, all windows would be stored, nine times what they are windows of where a filter is 3×3. Instead each element finds
the windows that it lies in, which lie in a row: that is a convolution again, of the product's first factor in a frame
of zeros with the filter turned round. Where windows are further apart than one, elements fall into *phases*, by where
they lie from one window to the next; each is a convolution with those places of the filter that fall there.

What is added up so but no product, as behind pooling, is added place by place, in the order of NumPy: only what falls
on one place of the windows is computed at a time.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from chainrule.engines.native.plan.laying import laid
from chainrule.graph.closed import Program
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, apply, broadcast, with_inputs
from chainrule.graph.primitives.windows import positions
from chainrule.graph.shapes import FULL, Index
from chainrule.graph.walk import learn, order

Span = tuple[int, int]  # from where to where
Slice = tuple[int, int | None, int]


@dataclass(frozen=True)
class Phase:
    """Elements s·u + r of an axis along which windows are s apart.

    Attributes:
        filter: Which of the window's places fall on them, from the last to the first.
        count: How many places these are.
        apart: How far apart the windows are that have these places on one element.
        first: The window that has the last place on the first element; where it is below 0, there is none.
        stop: Behind the one that has the first place on the last element.
        into: Where in the result they lie.
    """

    filter: Slice
    count: int
    apart: int
    first: int
    stop: int
    into: Slice


def phases(size: int, stride: int, dilation: int, kept: Span) -> Iterator[Phase]:
    """Yield the phases of an axis that any place of a window falls on, of the elements that are kept."""
    step = stride // math.gcd(stride, dilation)  # from one place to the next that falls on the same phase
    apart = dilation // math.gcd(stride, dilation)
    for residue in range(stride):
        first, last = (-((residue - end) // stride) for end in kept)  # of the elements s·u + residue
        places = [i for i in range(size) if (i * dilation - residue) % stride == 0]
        if not places or first >= last:
            continue
        nearest = (places[0] * dilation - residue) // stride
        begin = stride * first + residue - kept[0]
        yield Phase(
            filter=(places[-1], places[0] - 1 if places[0] else None, -step),
            count=len(places),
            apart=apart,
            first=first - nearest - (len(places) - 1) * apart,
            stop=last - nearest,
            into=(begin, begin + (last - first - 1) * stride + 1, stride),
        )


class Backward:
    """Rewrites the sums over windows of a program, node by node."""

    def __init__(self, program: Program) -> None:
        self._readers: dict[Node, int] = {}
        for x in [x for n in order(program.ends) for x in n.inputs] + list(program.ends):
            self._readers[x] = self._readers.get(x, 0) + 1
        self._summed: dict[Node, Node] = {}  # by a sum over windows, the product that is summed

    def visit(self, node: Node, inputs: tuple[Node, ...]) -> Node | None:
        """Return what a node becomes whose inputs became others; None if it is nothing of the kind."""
        row, (source, *_) = node.primitive, (*node.inputs, None)
        if row.name == "slice":
            return self._cut(node, source)
        if row.name != "overlap_add":
            return None
        if source.primitive.name == inputs[0].primitive.name == "contract" and self._readers[source] == 1:
            found = as_convolutions(node, inputs[0], [(0, e) for e in node.attributes["extents"]])
            if found is not None:
                self._summed[node] = inputs[0]
                return found
        return _added_up(node, inputs[0])

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


def as_convolutions(node: Node, summed: Node, kept: Sequence[Span]) -> Node | None:
    """Return a sum over the windows of a product as products over windows.

    Args:
        node: The sum.
        summed: The product, as it has become.
        kept: Which elements are wanted, along each axis of windows.

    Returns:
        The elements that are kept; None if one factor has not all the windows' positions, or the other not all places.
    """
    at, spec = node.attributes, contraction(summed.attributes["spec"])
    out = spec.out[: len(node.shape)]
    where, places = "".join(spec.out[a] for a in at["axes"]), spec.out[len(node.shape) :]
    sides = [*zip(summed.inputs, (spec.left, spec.right), strict=True)]
    sides = sides if set(places) <= set(spec.right) else sides[::-1]
    (source, letters), (filters, filled) = sides
    if not set(where) <= set(letters) or not set(places) <= set(filled) or set(places) & set(letters):
        return None
    if set(where) & set(filled):
        return None
    # For each axis of windows, in the order in which the source has them: its letters and its phases.
    axes = sorted(range(len(where)), key=lambda i: letters.index(where[i]))
    along = [[*phases(*x)] for x in zip(at["sizes"], at["strides"], at["dilations"], kept, strict=True)]
    if not all(along):
        return None
    reach = [(min(p.first for p in own), max(p.stop for p in own)) for own in along]
    if any(
        first >= source.shape[letters.index(k)] or stop <= 0
        for k, (first, stop) in zip(where, reach, strict=True)
    ):
        return None  # no window lies there
    source = _cut_or_framed(source, {letters.index(k): span for k, span in zip(where, reach, strict=True)})
    parts, indices = [], []
    for several in product(*along):
        seen, turned, into = _full(source), _full(filters), [*_full(node)]
        for i, phase in enumerate(several):
            seen[letters.index(where[i])] = (phase.first - reach[i][0], phase.stop - reach[i][0], 1)
            turned[filled.index(places[i])] = phase.filter
            into[out.index(where[i])] = phase.into
        windows = apply(
            "windows", _sliced(source, seen), axes=tuple(letters.index(where[i]) for i in axes),
            sizes=tuple(several[i].count for i in axes), strides=(1,) * len(axes),
            dilations=tuple(several[i].apart for i in axes),
        )  # fmt: skip
        by_windows = letters + "".join(places[i] for i in axes)
        parts.append(
            apply("contract", windows, _sliced(filters, turned), spec=f"{by_windows},{filled}->{out}")
        )
        indices.append(tuple(into))
    shape = list(node.shape)
    for axis, (low, high) in zip(at["axes"], kept, strict=True):
        shape[axis] = high - low
    if len(parts) == 1 and parts[0].shape == tuple(shape):
        return parts[0]
    full = sum(math.prod(x.shape[a] for a in at["axes"]) for x in parts) == math.prod(
        shape[a] for a in at["axes"]
    )
    return laid(parts, indices, tuple(shape), None if full else 0.0)


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


def _added_up(node: Node, x: Node) -> Node:
    """Return a sum over windows as sums of what falls on one place of all windows, one place after the other."""
    at = dict(node.attributes)
    shape, total = node.shape, None
    at.pop("extents")
    for place, index in positions(x.shape[: len(shape)], **at):
        part = _at_place(x, place)
        if total is None:
            total = apply("pad", part, index=index, shape=shape)
        else:
            part = apply("slice", total, index=index) + part
            total = laid([total, part], [index], shape)
    return x if total is None else total


def _at_place(x: Node, place: tuple[int, ...]) -> Node:
    """Return x at a place along its last axes: computed there alone, where it is computed element by element."""

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
        entries = tuple(0 if e == 1 else p for e, p in zip(x.shape[kept:], own, strict=True))
        return apply("slice", x, index=(FULL,) * kept + entries)

    def looks_at(x: Node) -> Sequence[Node]:
        return x.inputs if x.primitive.elementwise or x.primitive.name == "broadcast_to" else ()

    known: dict[Node, Node] = {}
    return learn(x, known, rule, looks_at)
