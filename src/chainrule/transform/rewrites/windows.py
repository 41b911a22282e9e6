"""Windows that are none: of one number, side by side, chosen from others; and a pad of a pad.

What holds for windows holds the other way round for their adjoint: if they are some linear steps, overlap_add is the
adjoints of these.
"""

from typing import NamedTuple

from chainrule.graph.node import Node, input
from chainrule.graph.primitives.indexing import pad, pad_with, pick
from chainrule.graph.primitives.linear import reshape, transpose
from chainrule.graph.primitives.windows import overlap_add, windows
from chainrule.graph.shapes import FULL, Index, span
from chainrule.transform.rewrites.rewrite import Move, only


class _Steps(NamedTuple):
    """Which elements of an axis an entry of an index names."""

    start: int
    step: int
    many: int

    @property
    def entry(self) -> tuple[int, int | None, int]:
        stop = self.start + (self.many - 1) * self.step + (1 if self.step > 0 else -1)
        return self.start, None if stop < 0 else stop, self.step


def _steps(entry: object, extent: int) -> _Steps:
    chosen = range(extent) if entry == FULL else range(*slice(*entry).indices(extent))  # type: ignore[misc]
    return _Steps(chosen.start, chosen.step, len(chosen))


def _apart(node: Node, x: Node) -> Node | None:
    """Windows of one number are a slice, and such as lie side by side cut an axis in two."""
    axes, sizes, strides, dilations = (node.attributes[k] for k in ("axes", "sizes", "strides", "dilations"))
    if not axes:
        return x
    at = {a: (k, s, d) for a, k, s, d in zip(axes, sizes, strides, dilations, strict=True)}
    cut = [a for a, (k, s, d) in at.items() if k == 1 or (s == k and d == 1)]
    if not cut:
        return None
    place: dict[int, int] = {}  # where each axis is then
    index, shape = list[object](), list[object]()
    for a, extent in enumerate(x.shape):
        place[a] = len(shape)
        entry: object = FULL
        if a in cut:
            k, s, _ = at[a]
            chosen = _Steps(0, s, node.shape[a]) if k == 1 else _Steps(0, 1, node.shape[a] * k)
            entry = FULL if chosen == (0, 1, extent) else chosen.entry
        index.append(entry)
        shape += [node.shape[a], at[a][0]] if a in cut else [extent]
    y = x if all(e == FULL for e in index) else pick(x, index=tuple(index))
    y = reshape(y, shape=tuple(shape))
    left = [a for a in axes if a not in cut]
    if left:
        k, s, d = zip(*(at[a] for a in left), strict=True)
        y = windows(y, axes=tuple(place[a] for a in left), sizes=k, strides=s, dilations=d)
    within = {a: place[a] + 1 for a in cut} | {a: len(shape) + i for i, a in enumerate(left)}
    order = (*place.values(), *(within[a] for a in axes))
    return y if order == tuple(range(len(order))) else transpose(y, axes=order)


def _chosen(node: Node, x: Node) -> Node | None:
    """Every second of some windows is windows with twice the stride, every second number in them a dilation."""
    return _windows_at(node.attributes["index"], x)


def _windows_at(index: Index, of: Node) -> Node | None:
    """Return the windows that an index chooses, in steps forward, from windows."""
    (x,), at = of.inputs, of.attributes
    if len(index) != of.ndim or any(e is None or isinstance(e, int) for e in index):
        return None
    own, sizes, strides, dilations = list(index[: x.ndim]), [], [], []
    each = zip(at["axes"], at["strides"], at["dilations"], index[x.ndim :], strict=True)
    for position, (a, stride, dilation, entry) in enumerate(each):
        over, within = _steps(index[a], of.shape[a]), _steps(entry, at["sizes"][position])
        if min(over.many, within.many) == 0 or min(over.step, within.step) < 0:
            return None
        sizes.append(within.many)
        strides.append(stride * over.step)
        dilations.append(dilation * within.step)
        start, reach = over.start * stride + within.start * dilation, span(within.many, dilations[-1])
        fits = start == 0 and (x.shape[a] - reach) // strides[-1] + 1 == over.many
        own[a] = FULL if fits else (start, start + (over.many - 1) * strides[-1] + reach, 1)
    part = x if all(e == FULL for e in own) else pick(x, index=tuple(own))
    return windows(
        part, axes=at["axes"], sizes=tuple(sizes), strides=tuple(strides), dilations=tuple(dilations)
    )


def _added_apart(node: Node, x: Node) -> Node | None:
    whole, same = _windows_of(node)
    return None if (found := _apart(same, whole)) is None else _transposed(found, whole, x)


def _added_chosen(node: Node, x: Node) -> Node | None:
    whole, same = _windows_of(node)
    found = _windows_at(x.attributes["index"], same)
    return None if found is None else _transposed(found, whole, x.inputs[0])


def _windows_of(node: Node) -> tuple[Node, Node]:
    """Return something of the shape that overlap_add has, and the windows of it."""
    whole = input("x", node.shape, node.dtype)
    return whole, windows(whole, **{k: v for k, v in node.attributes.items() if k != "extents"})


def _transposed(y: Node, x: Node, dy: Node) -> Node:
    """Return the adjoint of linear steps from x to y, applied to dy."""
    while y is not x:
        assert y.primitive.adjoint is not None  # noqa: S101 -- moves have one
        (dy,) = y.primitive.adjoint(dy, y, *y.inputs, **y.attributes)
        (y,) = y.inputs
    return dy


def _padded_twice(node: Node, x: Node) -> Node | None:
    outer, inner = (dict(n.attributes) for n in (node, x))
    if x.primitive is not node.primitive or repr(outer.get("fill")) != repr(inner.get("fill")):
        return None
    if None in outer["index"] or None in inner["index"]:
        return None
    found, entries = [], iter(zip(inner["index"], x.shape, strict=True))
    for entry, length in zip(outer["index"], node.shape, strict=True):
        if isinstance(entry, int):
            found.append(entry)
            continue
        own, extent = next(entries)
        if entry != FULL and own != FULL:
            there = _steps(entry, length)
            own = _at(there, own) if isinstance(own, int) else _within(there, _steps(own, extent))
            if own is None:
                return None
        found.append(entry if own == FULL else own)
    return node.primitive(*x.inputs, **{**outer, "index": tuple(found)})


def _at(there: _Steps, position: int) -> int:
    return there.start + there.step * position


def _within(there: _Steps, own: _Steps) -> tuple[int, int | None, int] | None:
    if not own.many:
        return None
    return _Steps(_at(there, own.start), there.step * own.step, own.many).entry


WINDOWS = [
    Move(
        "windows side by side",
        "cut an axis in two, and windows of one number are a slice",
        _apart,
        only(windows),
    ),
    Move("windows side by side, added up", "likewise", _added_apart, only(overlap_add)),
    Move(
        "some of the windows",
        "are windows with other strides and dilations",
        _chosen,
        only(pick),
        only(windows),
    ),
    Move("windows of which others are 0, added up", "likewise", _added_chosen, only(overlap_add), only(pad)),
    Move("pad of a pad", "twice is once", _padded_twice, only(pad, pad_with), only(pad, pad_with)),
]
