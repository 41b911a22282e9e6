"""Where boxes of a directed graph stand, and how the lines between them go: columns by the longest path.

Sugiyama's way (Sugiyama, Tagawa and Toda 1981): a column for each rank, a bend where a line crosses a column, sweeps by
the mean place of neighbours to part crossing lines, then places in each column that are nearest to those of the
neighbours. Lines turn between columns only, so none goes through a box or a label. It knows no graph of ours: boxes are
sizes, lines are pairs of numbers.
"""

from bisect import bisect, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chainrule.explaining.pictures.wrapping import END, HEAD, TURN, Size, Wire, made_of, ranks, rows

APART, LINE, PORT = (
    16.0,
    12.0,
    30.0,
)  # between boxes of a column; what a line takes there; between lines into a box
ROWS_APART = 34.0
SWEEPS, NEAT = 10, 5


@dataclass(frozen=True, eq=False)
class Placed:
    """One box where it stands; ``again`` says that it was computed in a row above."""

    box: int
    row: int
    x: float
    y: float
    width: float
    height: float
    again: bool = False


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything is: boxes, for each line its points and the middle of its label, and lines that go on below."""

    boxes: tuple[Placed, ...]
    routes: tuple[np.ndarray, ...]
    labels: tuple[tuple[float, float], ...]
    going_on: tuple[tuple[int, np.ndarray], ...]
    width: float
    height: float

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return max((b.row for b in self.boxes), default=0) + 1


def layout(
    sizes: Sequence[Size], wires: Sequence[Wire], width: float, left: bool = False, upward: bool = False
) -> Layout:
    """Place boxes from left to right, in several rows where ``width`` asks for it.

    Args:
        sizes: The boxes, each behind those it is made from.
        wires: The lines, each from an earlier box to a later one.
        width: How wide it may be. A box that a row needs from above stands at its left again.
        left: Whether boxes that nothing leads to stand in the first column, and not just before what they lead to.
        upward: Whether the last row stands on top, for who reads from the end.

    Returns:
        Places, in units of ``width``, from (0, 0) on.
    """
    into = made_of(len(sizes), wires)
    used = {w.source for w in wires}
    leaves = {i for i in range(len(sizes)) if not into[i] and i in used}
    rank = ranks(into, leaves)
    cut = rows(sizes, wires, into, leaves, rank, width)
    boxes: list[Placed] = []
    routes: list[np.ndarray] = [np.empty((0, 2))] * len(wires)
    labels = [(0.0, 0.0)] * len(wires)
    going_on: list[tuple[int, np.ndarray]] = []
    top = widest = 0.0
    for number, (own, behind) in reversed([*enumerate(cut)]) if upward else enumerate(cut):
        row = _Row(sizes, [k for k, w in enumerate(wires) if w.target in own], wires, own, behind)
        row.place(rank, left and len(cut) == 1)
        boxes += row.boxes(number, top)
        for k, (route, label) in row.lines(top).items():
            routes[k], labels[k] = route, label
        going_on += row.ends(top)
        widest, top = max(widest, row.width), top + row.height + ROWS_APART
    boxes.sort(key=lambda b: b.row)  # also where the last row was placed first
    return Layout(
        tuple(boxes), tuple(routes), tuple(labels), tuple(going_on), widest, max(top - ROWS_APART, 0)
    )


class _Row:
    """One row: its boxes and bends are items, numbered; the boxes come first."""

    def __init__(
        self,
        sizes: Sequence[Size],
        lines: Sequence[int],
        wires: Sequence[Wire],
        own: set[int],
        behind: set[int],
    ) -> None:
        self.own, self.behind, self.wires, self.numbers = own, behind, wires, lines
        needed = sorted(own | {wires[k].source for k in lines})
        self.items = needed
        self.at = {box: i for i, box in enumerate(needed)}
        self.width_of = [sizes[b].width if b in own else sizes[b].again for b in needed]
        self.height_of = [sizes[b].height if b in own else min(sizes[b].height, 34.0) for b in needed]
        self.pairs = [(self.at[wires[k].source], self.at[wires[k].target]) for k in lines]
        arriving = [0] * len(needed)
        for _, b in self.pairs:
            arriving[b] += 1
        self.over = [sizes[b].over if b in own else 0.0 for b in needed]
        self.height_of = [
            max(h, PORT * n) + 2 * o for h, n, o in zip(self.height_of, arriving, self.over, strict=True)
        ]

    def place(self, rank: Sequence[int], left: bool) -> None:
        """Find every number: ranks, bends, the order in each column, heights, widths."""
        self._rank(rank, left)
        self._bend()
        self._sort()
        self._rise()
        self._widen()

    def _rank(self, rank: Sequence[int], left: bool) -> None:
        """Give each box its column: its rank; what the row begins with stands before the first that reads it."""
        readers: list[list[int]] = [[] for _ in self.items]
        begins = [True] * len(self.items)
        for a, b in self.pairs:
            readers[a].append(b)
            begins[b] = False
        own = [rank[box] for box in self.items]
        first = min((own[i] for i, begin in enumerate(begins) if not begin), default=0)
        for i, found in enumerate(readers):
            if begins[i] and found:
                own[i] = first - 1 if left else min(own[b] for b in found) - 1
        every = {r: k for k, r in enumerate(sorted(set(own)))}
        self.rank = [every[r] for r in own]

    def _bend(self) -> None:
        """Put a bend into each column that a line crosses; lines from one box go together as far as they can."""
        self.bends: dict[tuple[int, int], int] = {}
        self.paths: list[list[int]] = []
        for a, b in self.pairs:
            path = [a]
            for r in range(self.rank[a] + 1, self.rank[b]):
                if (a, r) not in self.bends:
                    self.bends[a, r] = len(self.rank)
                    self.rank.append(r)
                    self.width_of.append(0.0)
                    self.height_of.append(LINE)
                path.append(self.bends[a, r])
            self.paths.append([*path, b])
        self.columns: list[list[int]] = [[] for _ in range(max(self.rank, default=0) + 1)]
        for i, r in enumerate(self.rank):
            self.columns[r].append(i)
        count = len(self.rank)
        self.before: list[list[int]] = [[] for _ in range(count)]
        self.after: list[list[int]] = [[] for _ in range(count)]
        for a, b in dict.fromkeys((a, b) for path in self.paths for a, b in pairwise(path)):
            self.after[a].append(b)
            self.before[b].append(a)

    def _sort(self) -> None:
        """Sort each column by the mean place of neighbours, forwards and backwards, and keep the best order seen."""
        place = [0.0] * len(self.rank)
        for column in self.columns:
            for i, item in enumerate(column):
                place[item] = i
        best, fewest, stuck = [list(c) for c in self.columns], self._crossings(place), 0
        for sweep in range(SWEEPS):
            if not fewest or stuck > 3:
                break
            near, columns = (
                (self.before, self.columns) if sweep % 2 == 0 else (self.after, self.columns[::-1])
            )
            for column in columns:
                wanted = {
                    i: sum([place[x] for x in near[i]]) / len(near[i]) if near[i] else place[i]
                    for i in column
                }
                column.sort(key=wanted.__getitem__)
                for k, i in enumerate(column):
                    place[i] = k
            crossings = self._crossings(place)
            stuck += 1
            if crossings < fewest:
                best, fewest, stuck = [list(c) for c in self.columns], crossings, 0
        self.columns = best

    def _crossings(self, place: Sequence[float]) -> int:
        found = 0
        for column in self.columns:
            ends: list[float] = []
            for i in sorted(column, key=place.__getitem__):
                mine = sorted([place[b] for b in self.after[i]])
                found += sum([len(ends) - bisect(ends, end) for end in mine])
                for end in mine:
                    insort(ends, end)
        return found

    def _rise(self) -> None:
        """Give each item a height, the middle of it: as near to its neighbours as its column lets it be."""
        middle = [0.0] * len(self.rank)
        for column in self.columns:
            _stack(column, [0.0] * len(column), [1.0] * len(column), self.height_of, middle)
        count = len(self.items)
        for sweep in range(2 * NEAT + 1):
            near, columns = (
                (self.before, self.columns) if sweep % 2 == 0 else (self.after, self.columns[::-1])
            )
            for column in columns:
                wanted, weight = [], []
                for i in column:
                    xs = [x for x in near[i] if x < count] or near[i]  # a bend makes way
                    wanted.append(sum([middle[x] for x in xs]) / len(xs) if xs else middle[i])
                    weight.append(0.05 if not xs else 1.0 if i < count else 4.0)
                _stack(column, wanted, weight, self.height_of, middle)
        lowest = min(m - h / 2 for m, h in zip(middle, self.height_of, strict=True))
        self.middle = [m - lowest for m in middle]
        self.height = max(m + h / 2 for m, h in zip(self.middle, self.height_of, strict=True))

    def _widen(self) -> None:
        """Give each column a place: a gap before it has room for turns, then for the labels of what ends in it."""
        self.room = room = [0.0] * len(self.columns)
        for k, (_, b) in zip(self.numbers, self.pairs, strict=True):
            room[self.rank[b]] = max(room[self.rank[b]], self.wires[k].room)
        self.start: list[float] = []
        self.wide = [max([self.width_of[i] for i in column]) for column in self.columns]
        x = 0.0
        for r, wide in enumerate(self.wide):
            x += TURN + room[r] + HEAD if r else 0.0
            self.start.append(x)
            x += wide
        ends = self.behind and any(self.rank[self.at[b]] == len(self.columns) - 1 for b in self.behind)
        self.width = x + (END if ends else 0.0)

    def _left(self, item: int) -> float:
        r = self.rank[item]
        return self.start[r] + (self.wide[r] - self.width_of[item]) / 2

    def boxes(self, number: int, top: float) -> list[Placed]:
        """Return the boxes as they stand."""
        return [
            Placed(
                box,
                number,
                self._left(i),
                top + self.middle[i] - self.height_of[i] / 2 + self.over[i],
                self.width_of[i],
                self.height_of[i] - 2 * self.over[i],
                box not in self.own,
            )
            for i, box in enumerate(self.items)
        ]

    def lines(self, top: float) -> dict[int, tuple[np.ndarray, tuple[float, float]]]:
        """Return the points of each line by its number, and where its label stands."""
        port = self._ports()
        found = {}
        for k, path in zip(self.numbers, self.paths, strict=True):
            a, b = path[0], path[-1]
            points = [(self._left(a) + self.width_of[a], self.middle[a])]
            y = self.middle[a]
            for item in path[1:]:
                r = self.rank[item]
                turn = self.start[r - 1] + self.wide[r - 1]
                new = port[a, b] if item == b else self.middle[item]
                points += _curve(turn, y, turn + TURN, new)
                y = new
            points.append((self._left(b), y))
            label = (self.start[self.rank[b]] - HEAD - self.room[self.rank[b]] / 2, top + y)
            found[k] = (np.array([(x, height + top) for x, height in points]), label)
        return found

    def _ports(self) -> dict[tuple[int, int], float]:
        """Return the height at which each line enters its box: in the order in which they come."""
        arriving: dict[int, list[tuple[float, int]]] = {}
        for path in self.paths:
            arriving.setdefault(path[-1], []).append((self.middle[path[-2]], path[0]))
        port = {}
        for b, found in arriving.items():
            step = min((self.height_of[b] - 2 * self.over[b]) / len(found), 2 * PORT)
            for i, (_, a) in enumerate(sorted(found)):
                port[a, b] = self.middle[b] + (i - (len(found) - 1) / 2) * step
        return port

    def ends(self, top: float) -> list[tuple[int, np.ndarray]]:
        """Return a short line from each box that rows below need and nothing here does."""
        here = {a for a, _ in self.pairs}
        found = []
        for box in sorted(self.behind):
            i = self.at[box]
            if i not in here and self.width_of[i]:
                x, y = self._left(i) + self.width_of[i], self.middle[i] + top
                found.append((box, np.array([(x, y), (x + END - 2, y)])))
        return found


def _stack(
    column: Sequence[int],
    wanted: Sequence[float],
    weight: Sequence[float],
    heights: Sequence[float],
    middle: list[float],
) -> None:
    """Place a column's items, in order and apart, with the least weighted squares to what is wanted.

    Measured from where each would stand if all were packed, it is a regression that may not fall: neighbours that would
    are pooled.
    """
    packed, total = [], 0.0
    for i in column:
        packed.append(total + heights[i] / 2)
        total += heights[i] + APART
    pools: list[list[float]] = []  # the mean, the weight, how many
    for want, at, w in zip(wanted, packed, weight, strict=True):
        pools.append([want - at, w, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, w, n = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * w) / (last[1] + w)
            last[1] += w
            last[2] += n
    shifts = [mean for mean, _, n in pools for _ in range(int(n))]
    for i, at, shift in zip(column, packed, shifts, strict=True):
        middle[i] = at + shift


def _curve(x: float, y: float, x2: float, y2: float) -> list[tuple[float, float]]:
    """Return points of a line that turns from one height to another, level at both ends (a cubic of Bézier)."""
    if abs(y - y2) < 0.5:
        return [(x, y), (x2, y2)]
    found = []
    for k in range(9):
        t = k / 8
        bent = 3 * (1 - t) * t**2 + t**3
        found.append((x + (x2 - x) * (1.5 * (1 - t) * t + t**3), y + (y2 - y) * bent))
    return found
