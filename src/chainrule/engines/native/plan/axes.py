"""In which order a loop nest goes along its axes: windows of pictures innermost but for what lies side by side.

As nodes have them, the axes of a window stand behind the channels, or each behind the axis it was cut from. A loop
over three numbers that lie far apart makes no vectors, and a sum over the first of two axes is begun anew for each
element of the second. So channels, which lie side by side, become the innermost axis, and right before it comes what a
window's sum or maximum goes over, which is then kept in registers; or what only few arrays move along, so that what
the others hold there is read once. Arrays of one or two axes stay as they are.
"""

from collections.abc import Sequence

from chainrule.engines.native.plan.views import ONE, ZERO, Size

WINDOW = 64  # positions: a loop over no more of them may go where they lie far apart
SPREAD = 4  # the length of an axis along which what stands still is read once
BLOCK = 32  # elements side by side of which sums over windows are kept in registers, of more channels so many at a time

Views = Sequence[tuple[Sequence[Size], bool]]  # the strides of each array, and whether it is written


def ordered(domain: Sequence[Size], views: Views) -> tuple[list[Size], list[list[Size]]]:
    """Return the axes in the order of the loops, and the strides of each array along them."""
    rank = len(domain)
    side = _side_by_side(domain, views) if rank > 2 else None
    if side is None:
        return list(domain), [list(strides) for strides, _ in views]
    inner = _summed(domain, views, side) or _spread(domain, views, side)
    order = [*(a for a in range(rank) if a != side and a not in inner), *inner, side]
    extents, found = [domain[a] for a in order], [[strides[a] for a in order] for strides, _ in views]
    return _blocks(extents, found, len(inner)) if inner and order != list(range(rank)) else (extents, found)


def _side_by_side(domain: Sequence[Size], views: Views) -> int | None:
    """Return the last axis along which every array lies without a gap, or stands still and is not written."""
    for axis in reversed(range(1, len(domain))):
        along = [(strides[axis], written) for strides, written in views]
        if all(s == ONE or (s == ZERO and not written) for s, written in along):
            return axis if domain[axis].count > 1 and any(s == ONE for s, _ in along) else None
    return None


def _summed(domain: Sequence[Size], views: Views, side: int) -> list[int]:
    """Return the axes over which all that is written is summed, where they are few or channels are not last."""
    written = [strides for strides, writes in views if writes]
    found = [
        a
        for a in range(1, len(domain))
        if a != side and not domain[a].extents and all(strides[a] == ZERO for strides in written)
    ]
    positions = 1
    for a in found:
        positions *= domain[a].count
    return found if written and (positions <= WINDOW or side != len(domain) - 1) else []


def _spread(domain: Sequence[Size], views: Views, side: int) -> list[int]:
    """Return short axes along which an array stands still that moves along a later one."""
    return [
        a
        for a in range(1, side)
        if not domain[a].extents
        and domain[a].count <= SPREAD
        and any(strides[a] == ZERO and any(s != ZERO for s in strides[a + 1 : side]) for strides, _ in views)
    ]


def _blocks(extents: list[Size], views: list[list[Size]], inner: int) -> tuple[list[Size], list[list[Size]]]:
    """Cut many channels into blocks, each of which is done with all of a window."""
    channels = extents[-1]
    block = next((b for b in range(BLOCK, 7, -1) if channels.count % b == 0 and b % 8 == 0), 0)
    if channels.extents or channels.count <= BLOCK or not block:
        return extents, views
    at = len(extents) - 1 - inner
    blocks, within = Size(channels.count // block), Size(block)
    extents = [*extents[:at], blocks, *extents[at:-1], within]
    return extents, [[*v[:at], v[-1] * within, *v[at:]] for v in views]
