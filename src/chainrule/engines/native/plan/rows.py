"""The rows of a batch, and what crosses them: sums that wait until all rows are done.

Nearly all of a step each row of the batch can do alone: forward, loss and the gradients of what lies between layers.
What is summed over the rows (the cost, a bias' gradient) mostly ends there: nothing with rows is made of it in turn.
Such a sum is a loop of its own, after the rows: so these may be cut anywhere, and the sum itself is done in one order,
whatever the cuts. Where the batch stands among the axes makes no difference: what a loop over time hands on, step
after step, has the time first.
"""

from collections.abc import Sequence

from chainrule.engines.native.plan.expand import is_short
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, apply, with_inputs
from chainrule.graph.shapes import Extent


def rows_of(program: Program) -> Extent | None:
    """Return the open axis that comes first in all inputs that have one; None where no product, and no loop, has it.

    Others, such as the time, may be open beside it.
    """
    products = [
        n
        for n in program.nodes
        if n.primitive.results is not None or (n.primitive.name == "contract" and not is_short(n))
    ]
    opened = [x.shape for x in program.inputs if any(isinstance(e, Extent) for e in x.shape)]
    firsts = {shape[0] for shape in opened}
    rows = firsts.pop() if len(firsts) == 1 else None
    leads = isinstance(rows, Extent) and not any(rows in shape[1:] for shape in opened)
    return rows if leads and any(rows in n.shape for n in products) else None


def before_rows_end(nodes: Sequence[Node], rows: Extent | None) -> set[Node]:
    """Return the nodes, of some in the order of a walk, that have rows or that something with rows is made of."""
    found: set[Node] = set()
    for node in reversed(nodes) if rows is not None else ():
        if rows in node.shape or node in found:
            found.update((node, *node.inputs))
    return found


def ending(program: Program, rows: Extent | None) -> set[Node]:
    """Return what is reduced over the rows and of which nothing with rows is made in turn.

    What batch normalization reads too stays with it: that goes down the columns anyway.
    """
    if rows is None:
        return set()
    nodes = program.nodes
    before, by_columns = before_rows_end(nodes, rows), set[Node]()
    for node in reversed(nodes):
        crosses = node in before and _crosses(node, rows)
        if crosses or (node in by_columns and node.primitive.name != "contract"):
            by_columns.update(node.inputs)
    return {n for n in nodes if n not in before and _crosses(n, rows) and n.inputs[0] not in by_columns}


def rows_last(program: Program, rows: Extent | None) -> Program:
    """Return a program in which what is summed over rows and more is summed within each row first.

    So is what batch normalization needs of pictures: each row's share of a statistic is a part of the rows' work.
    """
    whole = {n for n in program.nodes if _crosses(n, rows) and _within_rows(n, rows)}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node not in whole:
            return with_inputs(node, inputs)
        axes, kept = node.attributes["axes"], node.attributes["keepdims"]
        first = apply(node.primitive.name, *inputs, axes=_within_rows(node, rows), keepdims=True)
        return apply(node.primitive.name, first, axes=axes, keepdims=kept)

    return program.rebuild(visit) if whole else program


def _crosses(node: Node, rows: Extent | None) -> bool:
    if rows is None or not node.primitive.reduces:
        return False
    shape = node.inputs[0].shape
    return rows in shape and shape.index(rows) in node.attributes["axes"]


def _within_rows(node: Node, rows: Extent | None) -> tuple[int, ...]:
    """Return over which axes but that of the rows a node is reduced."""
    shape = node.inputs[0].shape
    return tuple(a for a in node.attributes["axes"] if shape[a] not in (rows, 1))
