"""Shape arithmetic: tuples of whole numbers, in which an axis may be left open.

A shape is a tuple of ``int`` or :class:`Extent`. An extent stands for a length that is known only when the
graph runs (the number of examples in a batch), so that one graph serves every batch. It equals only itself:
an open axis never meets a fixed one by accident.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from chainrule.errors import ShapeError, short


@dataclass(frozen=True, eq=False)
class Extent:
    """The length of an open axis, known by its name: equal names mean equal lengths."""

    name: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Extent) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


Shape = tuple[Any, ...]  # of int or Extent; Any, since most code neither asks nor cares
Index = tuple[Any, ...]  # of int, None (a new axis) or (start, stop, step)
FULL = (None, None, None)
MOST_AXES = 32  # NumPy's arrays have 64, but some of its functions end the process beyond 32


def show(shape: Shape) -> str:
    """Write a shape as Python does.

    >>> show((Extent("batch"), 3)), show((4,)), show(())
    ('(batch, 3)', '(4,)', '()')
    """
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def check_rank(shape: Shape) -> None:
    """Raise unless it is a shape, of no more axes than an array can have."""
    if not isinstance(shape, tuple):
        raise ShapeError(f"a shape is a tuple of lengths, such as (3,); found {short(shape)}.")
    if len(shape) > MOST_AXES:
        raise ShapeError(f"an array has at most {MOST_AXES} axes, and this one would have {len(shape)}.")


def resolve(value: Any, lengths: dict[Extent, int]) -> Any:
    """Replace every open extent inside nested tuples by its length."""
    if isinstance(value, Extent):
        if value not in lengths:
            raise ShapeError(f"The length of the open axis '{value}' is unknown: no input with it was given.")
        return lengths[value]
    if isinstance(value, tuple):
        return tuple(resolve(v, lengths) for v in value)
    return value


def matches(shape: Shape, found: Shape, lengths: dict[Extent, Any]) -> bool:
    """Say whether an array of shape ``found`` is one of ``shape``; note the lengths of open axes.

    >>> lengths = {}
    >>> matches((Extent("n"), 2), (5, 2), lengths), matches((Extent("n"),), (4,), lengths), lengths
    (True, False, {n: 5})
    """
    if len(shape) != len(found):
        return False
    for want, have in zip(shape, found, strict=True):
        if have != (lengths.setdefault(want, have) if isinstance(want, Extent) else want):
            return False
    return True


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that NumPy broadcasts ``shapes`` to.

    >>> broadcast((2, 3), (3,)), broadcast((), (1, 4))
    ((2, 3), (1, 4))
    """
    shapes = tuple([s for s in shapes if s])  # a number fits anything
    if not shapes:
        return ()
    if shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    rank = max(map(len, shapes))
    out: list[Any] = [1] * rank
    for shape in shapes:
        for axis, extent in enumerate(shape, start=rank - len(shape)):
            if out[axis] == 1:
                out[axis] = extent
            elif extent != 1 and extent != out[axis]:
                found = " and ".join(map(show, shapes))
                raise ShapeError(
                    f"shapes {found} do not fit together: axis {axis - rank} has lengths {out[axis]} and "
                    f"{extent}. Axes, counted from the last, must be equal, or one of them 1."
                )
    return tuple(out)


def fits(shape: Shape, target: Shape) -> bool:
    """Say whether ``shape`` broadcasts to exactly ``target``."""
    return len(shape) <= len(target) and all(
        have in (1, want)
        for have, want in zip(shape, target[len(target) - len(shape) :], strict=True)
    )  # fmt: skip


def is_same_along(shape: Shape, axes: Sequence[int], rank: int) -> bool:
    """Say whether what broadcasts from ``shape`` to ``rank`` axes is the same along these ``axes``."""
    extra = rank - len(shape)
    return all(a < extra or shape[a - extra] == 1 for a in axes)


def size(shape: Shape) -> tuple[int, tuple[str, ...]]:
    """Return the number of elements: a whole number, times the open extents named."""
    return (
        prod(e for e in shape if not isinstance(e, Extent)),
        tuple(sorted(e.name for e in shape if isinstance(e, Extent))),
    )


def axis_index(axis: int, rank: int) -> int:
    """Count ``axis`` from the front, or raise."""
    if not isinstance(axis, int) and not hasattr(axis, "__index__"):
        raise ShapeError(f"an axis is a whole number, not {axis!r}.")
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is out of range: there are {rank} axes, 0 to {rank - 1}.")
    return int(axis) % rank


def axes_tuple(axis: Any, rank: int) -> tuple[int, ...]:
    """Turn NumPy's ``axis`` argument (None, a number or several) into a sorted tuple."""
    if axis is None:
        return tuple(range(rank))
    if not isinstance(axis, Iterable):
        return (axis_index(axis, rank),)
    axes = tuple(sorted(axis_index(a, rank) for a in axis))
    if len(set(axes)) < len(axes):
        raise ShapeError(f"an axis is named twice in {tuple(axis)}.")
    return axes


def check_axes(axes: Sequence[int], rank: int) -> None:
    """Raise unless ``axes`` are different ones of so many."""
    if len(set(axes)) < len(axes) or not all(0 <= a < rank for a in axes):
        raise ShapeError(f"{show(tuple(axes))} are not different axes among {rank}, counted from 0.")


def check_elements(looked_along: Sequence[int]) -> None:
    """Raise if the axes of such lengths, along which the largest element is looked for, have none."""
    if 0 in looked_along:
        raise ShapeError(
            f"There is no largest of no elements: an axis that is looked along is {show(tuple(looked_along))}."
        )


def over_axes(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """Return ``shape``, of which ``axes`` are looked at together."""
    check_axes(axes, len(shape))
    return shape


def transpose(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """Return the shape whose axes are those of ``shape`` in another order."""
    check_axes(axes, len(shape))
    if len(axes) != len(shape):
        raise ShapeError(f"{show(axes)} is no order of the {len(shape)} axes of {show(shape)}.")
    return tuple(shape[a] for a in axes)


def stretch(shape: Shape, target: Shape) -> Shape:
    """Return ``target`` if ``shape`` broadcasts to it."""
    if not fits(shape, target):
        raise ShapeError(f"shape {show(shape)} cannot be broadcast to {show(target)}.")
    return target


def reduce(shape: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
    """Return the shape left when ``axes`` are summed away."""
    check_axes(axes, len(shape))
    if keepdims:
        return tuple(1 if a in axes else e for a, e in enumerate(shape))
    return tuple(e for a, e in enumerate(shape) if a not in axes)


def reshape(shape: Shape, new: Sequence[Any]) -> Shape:
    """Return ``new`` with its -1, if any, filled in.

    >>> reshape((Extent("batch"), 8, 8), (Extent("batch"), -1))
    (batch, 64)
    """
    have, open_have = size(shape)
    known = [e for e in new if e != -1]
    want, open_want = size(tuple(known))
    holes = len(new) - len(known)
    counts = Counter(open_have)
    counts.subtract(open_want)
    left = {name: count for name, count in counts.items() if count}
    if holes == 1 and list(left.values()) == [1] and want == have:
        fill: Any = next(e for e in shape if isinstance(e, Extent) and e.name in left)
    elif holes == 1 and not left and want and have % want == 0:
        fill = have // want
    elif holes == 0 and not left and want == have and all(isinstance(e, Extent) or e >= 0 for e in new):
        fill = None
    else:
        raise ShapeError(f"an array of shape {show(shape)} cannot be reshaped to {show(tuple(new))}.")
    return tuple(fill if e == -1 else e for e in new)


def concatenate(shapes: Sequence[Shape], axis: int) -> Shape:
    """Return the shape of ``shapes`` joined along ``axis``."""
    if not shapes:
        raise ShapeError("there is nothing to join.")
    first = shapes[0]
    check_axes((axis,), len(first))
    for shape in shapes[1:]:
        same = len(shape) == len(first) and all(
            a == axis or e == f for a, (e, f) in enumerate(zip(shape, first, strict=True))
        )
        if not same:
            raise ShapeError(
                f"shapes {show(first)} and {show(shape)} cannot be joined along axis {axis}: "
                "the other axes must be equal."
            )
    lengths = [s[axis] for s in shapes]
    if any(isinstance(e, Extent) for e in lengths):
        raise ShapeError(f"cannot join along the open axis '{lengths[0]}': its length is not fixed.")
    return (*first[:axis], sum(lengths), *first[axis + 1 :])


def normalize_index(shape: Shape, index: Any) -> Index:
    """Turn what stands between the brackets of ``x[...]`` into a plain tuple, one entry for each axis."""
    entries = list(index) if isinstance(index, tuple) else [index]
    spent = sum(e is not None and e is not Ellipsis for e in entries)
    if sum(e is Ellipsis for e in entries) > 1:
        raise ShapeError("an index may hold only one '...'.")
    if spent > len(shape):
        raise ShapeError(f"{spent} indices for an array of shape {show(shape)}, which has {len(shape)} axes.")
    missing = [slice(None)] * (len(shape) - spent)
    where = next((i for i, e in enumerate(entries) if e is Ellipsis), len(entries))
    entries[where : where + 1] = missing
    result: list[Any] = []
    axis = 0
    for entry in entries:
        if entry is None:
            result.append(None)
            continue
        result.append(_normalize_entry(shape, axis, entry))
        axis += 1
    return tuple(result)


def _normalize_entry(shape: Shape, axis: int, entry: Any) -> Any:
    extent = shape[axis]
    if isinstance(entry, slice):
        if entry == slice(None):
            return FULL
        if isinstance(extent, Extent):
            raise ShapeError(
                f"axis {axis} of shape {show(shape)} is open, so only ':' can stand there. "
                "Give the input a fixed shape to slice this axis."
            )
        start, stop, step = entry.indices(extent)
        count = _count(start, stop, step)
        if count == 0:
            return (0, 0, 1)
        last = start + (count - 1) * step + (1 if step > 0 else -1)
        return (start, None if last < 0 else last, step)
    if isinstance(extent, Extent):
        raise ShapeError(f"axis {axis} of shape {show(shape)} is open: single elements of it have no number.")
    position = entry.__index__()
    if not -extent <= position < extent:
        raise ShapeError(f"index {position} is out of range for axis {axis} of shape {show(shape)}.")
    return position % extent


def _count(start: int, stop: int, step: int) -> int:
    """Return the length of a range, of which Python knows none beyond that of an array."""
    return max(0, -((start - stop) // step))


def index_shape(shape: Shape, index: Index) -> Shape:
    """Return the shape of ``x[index]`` for a normalized index; one that leaves the array raises."""
    out: list[Any] = []
    axis = 0
    for entry in index:
        if entry is None:
            out.append(1)
            continue
        extent = shape[axis] if axis < len(shape) else 0
        axis += 1
        if entry == FULL:
            out.append(extent)
            continue
        inside = not isinstance(extent, Extent)
        if inside and isinstance(entry, tuple):
            positions = slice(*entry).indices(extent)
            inside = entry[0] in (None, positions[0])
            out.append(_count(*positions))
        elif inside:
            inside = 0 <= entry < extent
        if not inside:
            raise ShapeError(f"{show(index)} is no normalized index of an array of shape {show(shape)}.")
    if axis != len(shape):
        raise ShapeError(
            f"{show(index)} is for {axis} axes; an array of shape {show(shape)} has {len(shape)}."
        )
    return tuple(out)


def padded(shape: Shape, index: Index, target: Shape) -> Shape:
    """Return ``target`` if an array of ``shape`` fills the part of it that ``index`` names."""
    if index_shape(target, index) != shape:
        raise ShapeError(
            f"shape {show(shape)} does not fill {show(index_shape(target, index))}, which the index names in "
            f"{show(target)}."
        )
    return target


Steps = tuple[int, ...]  # for each of some axes a length or how far something goes along it


def span(size: int, dilation: int) -> int:
    """Return how many places a window reaches over: ``size`` of them, each ``dilation`` from the next.

    >>> span(3, 1), span(3, 2)
    (3, 5)
    """
    return dilation * (size - 1) + 1


def windows(shape: Shape, axes: Steps, sizes: Steps, strides: Steps, dilations: Steps) -> Shape:
    """Return the shape of all windows that lie in an array, their own axes at the end.

    >>> windows((Extent("batch"), 28, 28, 3), (1, 2), (5, 5), (2, 2), (1, 1))
    (batch, 12, 12, 3, 5, 5)
    """
    out = list(shape)
    for axis, size, stride, dilation in _each(len(shape), axes, sizes, strides, dilations):
        extent, reach = shape[axis], span(size, dilation)
        if isinstance(extent, Extent):
            raise ShapeError(
                f"axis {axis} of shape {show(shape)} is open, so no window slides along it: how many windows there are "
                "must be known. Give the input a length there."
            )
        if reach > extent:
            apart = f", {dilation} apart," if dilation > 1 and size > 1 else ""
            raise ShapeError(
                f"a window of {size}{apart} spans {reach} elements; axis {axis} of shape {show(shape)} has {extent}. "
                "Take a smaller window, or pad the axis."
            )
        out[axis] = (extent - reach) // stride + 1
    return (*out, *sizes)


def overlapped(
    shape: Shape, axes: Steps, sizes: Steps, strides: Steps, dilations: Steps, extents: Steps
) -> Shape:
    """Return the shape of which :func:`windows` makes ``shape``: ``axes`` have the lengths ``extents`` there.

    >>> overlapped((Extent("batch"), 12, 3, 5), (1,), (5,), (2,), (1,), (28,))
    (batch, 28, 3)
    """
    rank = len(shape) - len(sizes)
    _each(rank, axes, sizes, strides, dilations)
    if len(extents) != len(axes):
        raise ShapeError(f"{len(axes)} axes have {len(extents)} lengths {show(extents)}.")
    out = list(shape[:rank])
    for axis, extent in zip(axes, extents, strict=True):
        out[axis] = extent
    whole = tuple(out)
    if windows(whole, axes, sizes, strides, dilations) != shape:
        raise ShapeError(
            f"the windows of an array of shape {show(whole)} are of shape "
            f"{show(windows(whole, axes, sizes, strides, dilations))}, not {show(shape)}."
        )
    return whole


def _each(rank: int, axes: Steps, sizes: Steps, strides: Steps, dilations: Steps) -> list[tuple[int, ...]]:
    """Return for each axis that windows slide along its number, and the size, the stride and the dilation there."""
    check_axes(axes, rank)
    if list(axes) != sorted(axes):
        raise ShapeError(f"windows slide along axes in their order; found {show(axes)}.")
    if not len(axes) == len(sizes) == len(strides) == len(dilations):
        raise ShapeError(
            f"windows of sizes {show(sizes)}, strides {show(strides)} and dilations {show(dilations)} along "
            f"axes {show(axes)}: each axis needs one of each."
        )
    if any(n < 1 for n in (*sizes, *strides, *dilations)):
        raise ShapeError(
            f"windows have sizes, strides and dilations of at least 1; found {show(sizes)}, {show(strides)} and "
            f"{show(dilations)}."
        )
    return list(zip(axes, sizes, strides, dilations, strict=True))


def gather(shape: Shape, indices: Shape, axis: int) -> Shape:
    """Return the shape of what stands at ``indices`` along ``axis``."""
    check_axes((axis,), len(shape))
    return (*shape[:axis], *indices, *shape[axis + 1 :])


def scatter(shape: Shape, indices: Shape, axis: int, extent: Any) -> Shape:
    """Return the shape of which :func:`gather` makes ``shape``."""
    check_axes(range(axis, axis + len(indices)), len(shape))
    if shape[axis : axis + len(indices)] != indices:
        raise ShapeError(f"positions of shape {show(indices)} do not go with {show(shape)} at axis {axis}.")
    return (*shape[:axis], extent, *shape[axis + len(indices) :])


def as_slices(index: Index) -> tuple[Any, ...]:
    """Turn a normalized index back into what NumPy takes."""
    return tuple(slice(*e) if isinstance(e, tuple) else e for e in index)
