"""How a drawing of boxes and lines is cut into rows, each as wide as there is room for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TURN, HEAD = 26.0, 10.0  # what a line needs to change its height, and an arrow's head behind its label
END = 22.0  # behind a box from which a row goes on below


@dataclass(frozen=True)
class Size:
    """How large a box is, what it keeps free above and below, and how wide it is where a row below begins with it."""

    width: float
    height: float
    again: float = 0.0
    over: float = 0.0


@dataclass(frozen=True)
class Wire:
    """A line from one box to another, and how wide the label is that stands on it."""

    source: int
    target: int
    room: float = 0.0


def made_of(count: int, wires: Iterable[Wire]) -> list[list[int]]:
    """Return for each box those that a line leads from to it."""
    into: list[list[int]] = [[] for _ in range(count)]
    for w in wires:
        into[w.target].append(w.source)
    return into


def ranks(into: Sequence[Sequence[int]], leaves: set[int]) -> list[int]:
    """Return the longest path to each box, from those made of leaves alone; these stand as late as they can."""
    rank = [0] * len(into)
    readers: list[list[int]] = [[] for _ in into]
    for i, xs in enumerate(into):
        for x in xs:
            readers[x].append(i)
        if i not in leaves:
            rank[i] = max((rank[x] + 1 for x in xs if x not in leaves), default=0)
    for i in reversed(range(len(into))):
        before = [x for x in into[i] if x not in leaves]
        if i not in leaves and readers[i] and len(before) < len(set(readers[i])):
            rank[i] = max(rank[i], min(rank[r] for r in readers[i]) - 1)
    lowest = min((r for i, r in enumerate(rank) if i not in leaves), default=0)
    return [r - lowest for r in rank]


def rows(
    sizes: Sequence[Size],
    wires: Sequence[Wire],
    into: Sequence[Sequence[int]],
    leaves: set[int],
    rank: Sequence[int],
    width: float,
) -> list[tuple[set[int], set[int]]]:
    """Return the boxes of each row that are its own, and those of them that rows below need again."""
    room = [0.0] * len(sizes)
    for w in wires:
        room[w.target] = max(room[w.target], w.room)
    ends = {into[i][0]: i for i in range(len(sizes)) if not sizes[i].width and into[i]}
    by_rank: dict[int, list[int]] = {}
    for i in range(len(sizes)):
        if i not in leaves and i not in ends.values():
            by_rank.setdefault(rank[i], []).append(i)
    groups: list[set[int]] = []
    for _, column in sorted(by_rank.items()):
        column = [*column, *(ends[i] for i in column if i in ends)]
        longer = (groups[-1] if groups else set()) | set(column)
        if groups and _wide(longer, sizes, into, room, rank) <= width:
            groups[-1] = longer
        else:
            groups.append(set(column))
    groups = groups or [set()]
    seen: set[int] = set()
    for own in groups:  # a leaf belongs to the first row that reads it
        own |= {x for i in own for x in into[i] if x in leaves and x not in seen}
        seen |= own
    groups[0] |= set(range(len(sizes))) - seen
    row_of = {i: k for k, own in enumerate(groups) for i in own}
    behind: list[set[int]] = [set() for _ in groups]
    for w in wires:
        if row_of[w.target] > row_of[w.source]:
            behind[row_of[w.source]].add(w.source)
    return list(zip(groups, behind, strict=True))


def _wide(
    own: set[int],
    sizes: Sequence[Size],
    into: Sequence[Sequence[int]],
    room: Sequence[float],
    rank: Sequence[int],
) -> float:
    """Return how wide a row of these boxes is, with what it needs before the first that read it, at the most."""
    columns: dict[int, float] = {}
    gaps: dict[int, float] = {}
    for i in own:
        columns[rank[i]] = max(columns.get(rank[i], 0), sizes[i].width)
        if into[i]:
            gaps[rank[i]] = max(gaps.get(rank[i], 0), room[i])
        for x in into[i]:
            if x not in own:
                again = sizes[x].width if not into[x] else sizes[x].again
                columns[rank[i] - 1] = max(columns.get(rank[i] - 1, 0), again)
    return sum(columns.values()) + sum(gap + TURN + HEAD for gap in gaps.values()) + END
