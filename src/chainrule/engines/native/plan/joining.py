"""Loop nests that pass over the same arrays and need nothing of each other but point by point are made one.

Each node is placed as late as its own readers allow, so what reads one array may stand in several nests: behind the
loss of a layer, before the update that its weights wait for. A nest is joined to the last one before it where it can
be done already. No value changes by it, nor the order of a sum; and what reads it waits no longer than before.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import pairwise

from chainrule.engines.native.plan.cuts import SMALL, Amount
from chainrule.engines.native.plan.items import Item, Nest, made, memory_source, reads_memory, register_source
from chainrule.engines.native.plan.nest_plan import LONG_BODY
from chainrule.engines.native.plan.views import Size, product, squeezed
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.shapes import Extent


def joined(items: Iterable[Item], update_of: Mapping[Hashable, Node], rows: Extent | None) -> list[Item]:
    """Return the items of a plan with nests joined.

    Args:
        items: What is done, in order.
        update_of: By the key of a state variable, the node that may overwrite it.
        rows: The axis along which regions are cut.
    """
    joiner = _Joiner(update_of, rows)
    for item in items:
        joiner.take(item)
    return joiner.items


class _Joiner:
    """Takes items in order, and knows where each node is made and each array read."""

    def __init__(self, update_of: Mapping[Hashable, Node], rows: Extent | None) -> None:
        self.rows = rows
        self.items: list[Item] = []
        self.nests: dict[int, Nest] = {}  # those of them that pass over arrays
        self.overwrites: dict[Node, list[Hashable]] = {}
        for state, new in update_of.items():
            self.overwrites.setdefault(new, []).append(state)
        self.made_at: dict[Node, int] = {}
        self.read_at: dict[Hashable, int] = {}  # where an array is read last
        self.passed_at: dict[Hashable, int] = {}  # where a nest last reads or makes it point by point
        self.crossings: dict[Node, int] = {}  # how many sums over rows a node waits for, one after the other
        self.reads: dict[Item, list[tuple[Node, bool]]] = {}

    def take(self, item: Item) -> None:
        """Join an item to one before, or put it behind all."""
        nest = item if isinstance(item, Nest) and item.domain else None
        self.reads[item] = list(_reads(item))
        at = self._place(nest) if nest is not None else None
        if nest is not None and at is not None:
            self.nests[at].nodes += nest.nodes
            self.nests[at].reductions += nest.reductions
            self.reads[self.nests[at]] += self.reads[nest]
        else:
            at = len(self.items)
            self.items.append(item)
            if nest is not None:
                self.nests[at] = nest
        self._note(item, at)

    def _place(self, nest: Nest) -> int | None:
        """Return where the last nest stands that this one can be joined to."""
        earliest = max((self.read_at.get(state, 0) for state in self._overwritten(nest)), default=0)
        related: set[int] = set()
        for source, straight in self.reads[nest]:
            maker = self.made_at.get(source)
            if maker is not None:
                own = straight and maker in self.nests and not source.primitive.reduces
                earliest = max(earliest, maker if own else maker + 1)
            if straight and leaf_key(source) in self.passed_at:
                related.add(self.passed_at[leaf_key(source)])
        return max((x for x in related if x >= earliest and self._fit(self.nests[x], nest)), default=None)

    def _note(self, item: Item, at: int) -> None:
        for source, straight in self.reads[item]:
            key = leaf_key(source)
            self.read_at[key] = max(self.read_at.get(key, 0), at)
            if straight:
                self.passed_at[key] = max(self.passed_at.get(key, 0), at)
        for node in made(item):
            self.made_at[node] = at
            if at in self.nests and not node.primitive.reduces:
                self.passed_at[leaf_key(node)] = at
            crosses = self.rows not in node.shape and any(self.rows in x.shape for x in node.inputs)
            self.crossings[node] = self._waits(node) + crosses

    def _waits(self, node: Node) -> int:
        return max((self.crossings.get(memory_source(x), 0) for x in node.inputs), default=0)

    def _overwritten(self, nest: Nest) -> set[Hashable]:
        return {state for n in nest.nodes for state in self.overwrites.get(n, ())}

    def _fit(self, a: Nest, b: Nest) -> bool:
        """Say whether two nests of one domain may be one, as far as that depends on nothing else."""
        both = (a, b)
        if sum(len(x.nodes) + len(x.reductions) for x in both) > LONG_BODY:
            return False
        overwritten = self._overwritten(a) | self._overwritten(b)
        return (
            _precision(a) == _precision(b)
            and len({max(map(self._waits, made(x))) for x in both}) == 1
            and all(_axes_summed(n) == 1 for x in both for n in x.reductions)
            and alike_summed([*a.reductions, *b.reductions])
            and self._alike_cut(a, b)
            and all(straight or leaf_key(s) not in overwritten for x in both for s, straight in self.reads[x])
        )

    def _alike_cut(self, a: Nest, b: Nest) -> bool:
        """Say whether what could be done in parts still can: both are summed over the first axis, or neither."""
        if _sums_first(a) == _sums_first(b):
            return True
        free = a if _sums_first(b) else b
        work = round(sum(n.primitive.work(n.attributes) for n in made(free)))
        return free.domain[0] != self.rows and Amount((product(free.domain) * Size(work),)).typical < SMALL


def _reads(item: Item) -> Iterator[tuple[Node, bool]]:
    """Yield what the nodes of an item read, and whether they do at their own points alone."""
    domain = item.domain if isinstance(item, Nest) else ()
    for node in made(item):
        for position, x in enumerate(node.inputs):
            source = memory_source(x)
            own = register_source(x) is source and not reads_memory(node, position)
            yield source, own and bool(domain) and squeezed(source.shape) == domain


def _precision(nest: Nest) -> int:
    """Return how large its largest floats are: of these a vector holds so many, and sums go by vectors."""
    dtypes = {d for n in made(nest) for d in (n.dtype, *(x.dtype for x in n.inputs))}
    return max((d.itemsize for d in dtypes if d.kind == "f"), default=0)


def _axes_summed(node: Node) -> int:
    # Several may be one axis in one nest, and not in another: then a sum would go by other vectors.
    return sum(node.inputs[0].shape[a] != 1 for a in node.attributes["axes"])


def alike_summed(reductions: Iterable[Node]) -> bool:
    """Say whether one order of the axes serves all sums: behind the first axis, one goes over all that another does."""
    axes = sorted((_behind_first(n) for n in reductions), key=len)
    return all(few <= many for few, many in pairwise(axes))


def _behind_first(reduction: Node) -> set[int]:
    long = [a for a, e in enumerate(reduction.inputs[0].shape) if e != 1]
    return {i for i, a in enumerate(long) if i and a in reduction.attributes["axes"]}


def _sums_first(nest: Nest) -> bool:
    """Say whether something is summed over the first axis."""
    return any(
        next((a for a, e in enumerate(n.inputs[0].shape) if e != 1), None) in n.attributes["axes"]
        for n in nest.reductions
    )
