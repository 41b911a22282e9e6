"""What goes back through windows, in rows that store no windows: convolutions, or place by place.

Of a sum of products, as in second derivatives or where several filters slide over the same windows, each is one by
itself.
"""

from chainrule.engines.native.plan.convolving import Span, as_convolutions
from chainrule.engines.native.plan.placing import added_up
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, apply, broadcast, with_inputs
from chainrule.graph.primitives.arithmetic import divide, minus, negative, plus, times
from chainrule.graph.primitives.products import contract
from chainrule.graph.shapes import FULL, Index
from chainrule.graph.walk import learn, order

SUMS = (plus, minus, negative)  # a sum over windows of these is these, of sums over windows
MULTIPLES = (times, divide)  # likewise, where the other is a single number


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
            return added_up(node, inputs[0], self._alone) if found is None else found
        if row in (contract, *SUMS, *MULTIPLES) and self._readers[node] == 1:
            became = with_inputs(node, inputs)
            self._alone.add(became)
            return became
        return None

    def _by_terms(self, node: Node, summed: Node) -> Node | None:
        """Return a sum over windows, of each term of what is summed by itself; None if none is a convolution."""
        known: dict[Node, Node | None] = {}

        def terms(x: Node) -> list[Node]:
            several = [y for y in x.inputs if y.shape]
            multiple = len(several) == 1 and (x.primitive is times or bool(x.inputs[0].shape))
            is_sum = x.primitive in SUMS or (x.primitive in MULTIPLES and multiple)
            return several if is_sum and x in self._alone and x.dtype.kind == "f" else []

        def rule(x: Node) -> Node | None:
            if x.primitive is contract and x in self._alone and x.shape == summed.shape:
                return as_convolutions(node, x, [(0, e) for e in node.attributes["extents"]])
            if all(known[y] is None for y in terms(x)):
                return None
            return with_inputs(x, tuple(map(part, x.inputs)))

        def part(x: Node) -> Node:
            if not x.shape:
                return x
            found = known[x]
            return found if found is not None else added_up(node, broadcast(x, summed.shape), self._alone)

        found = learn(summed, known, rule, terms)
        if found is not None and summed.primitive is contract:
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
