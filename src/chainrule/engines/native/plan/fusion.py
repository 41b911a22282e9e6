"""The order of work: which nodes share a loop nest, which are products, and where each result is kept.

Nodes are placed from the last to the first, each as late as its readers allow and, where it can, in the loop
nest of a reader. So an activation ends up beside the loss that reads it, the update of a parameter in the loop
that makes its gradient, and a value that only its own nest reads is never stored. Nothing moves past the
update of a state variable that it still has to read, so nearly all updates happen in place.

A program of more nodes than one function should hold is *long*: its loop nests are cut into pieces, and what one
item hands on to another lies in memory, single numbers too, so that each item may be in a function of its own.
"""

from bisect import bisect_right, insort
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace

from chainrule.engines.native.plan.bodies import leaf_views
from chainrule.engines.native.plan.copies import takes_registers, with_copies
from chainrule.engines.native.plan.inside import laid_in_place
from chainrule.engines.native.plan.items import (
    Fusion,
    Item,
    Loop,
    Nest,
    Task,
    is_pointwise,
    made,
    memory_source,
    reads_memory,
    register_source,
)
from chainrule.engines.native.plan.joining import alike_summed, joined
from chainrule.engines.native.plan.line import Line
from chainrule.engines.native.plan.loops import body_program, rows_of_loop
from chainrule.engines.native.plan.pieces import pieces
from chainrule.engines.native.plan.rows import before_rows_end, ending, rows_last, rows_of
from chainrule.engines.native.plan.views import View, is_view, squeezed
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.shapes import Extent, Shape
from chainrule.graph.siblings import siblings

# Nodes of a step that is one function; and how many times as many where filters slide: there, what rows go through
# together matters more than the length of the code.
ONE_FUNCTION, OF_PICTURES = 500, 4
CHEAP = 2  # additions that are rather done again than kept


def _reads_memory_of(node: Node, source: Node) -> bool:
    return any(reads_memory(node, i) for i, x in enumerate(node.inputs) if x is source)


def _was_read(source: Node, reader: Node) -> bool:
    # Single numbers are read into registers before anything overwrites them; some readers need their address.
    return not source.shape and takes_registers(reader)


def fuse(program: Program, leaves: Mapping[Hashable, View] | None = None) -> Fusion:
    """Return the order of work of a program of basic rows.

    Args:
        program: The program.
        leaves: By the key of a leaf that does not lie row after row: how it does.
    """
    copied = with_copies(program, leaves or {})
    slides = any(n.primitive.name == "windows" for n in copied.nodes)
    most = ONE_FUNCTION * (OF_PICTURES if slides else 1)
    rows = rows_of(copied) if len(_placed(copied)) <= most else None
    ordered = _Fuser(rows_last(copied, rows), rows).run()
    plan = laid_in_place(replace(ordered, leaves=leaves or {}))
    for item in plan.items:
        if isinstance(item, Loop):
            given = leaf_views(item.body, item.carried, [plan.view(x) for x in item.inputs])
            item.plan = fuse(body_program(item), given)
            item.rows = rows_of_loop(item)
    return plan


def _placed(program: Program) -> list[Node]:
    return [n for n in program.nodes if not n.primitive.leaf and not is_view(n)]


class _Fuser:
    """Places nodes into items, from the last to the first."""

    def __init__(self, program: Program, rows: Extent | None) -> None:
        self.program, self.rows = program, rows
        self.line: Line[Item] = Line()
        self.items: list[Item] = []
        self.where: dict[Node, Item] = {}
        self.read: dict[Item, set[Node | None]] = {}  # the arrays that a nest reads, or would
        # Of each domain, the nests that read an array, in order; those of single numbers all belong together.
        self.reading: dict[tuple[Shape, Node | None], list[Nest]] = {}
        # Reductions of a node, and what reads them.
        self.waiting: dict[Node, list[tuple[Node, Item | None]]] = {}
        self.readers: dict[Node, list[Node]] = {}
        nodes = program.nodes
        self.first = before_rows_end(nodes, rows)  # what is done before all that is not
        self.nodes = sorted(nodes, key=lambda n: n not in self.first)
        for node in self.nodes:
            for x in node.inputs:
                self.readers.setdefault(x, []).append(node)
        # The key of a state variable -> the node that becomes its value.
        self.update_of = {leaf_key(state): new for _, state, new in program.updates}
        self.ends = {*program.outputs, *self.update_of.values()}
        self.siblings = siblings(self.nodes)  # of a loop's result, in order: all
        self.placed = [n for n in self.nodes if not n.primitive.leaf and not is_view(n)]
        self.long = rows is None and len(self.placed) > ONE_FUNCTION
        # Reductions that wait for all rows, and the nests that do nothing else.
        self.after_rows = ending(program, rows)
        self.behind: set[Item | None] = set()
        self.begin_rest: Item | None = None

    def run(self) -> Fusion:
        rest = True  # is being placed: what is done behind all that has rows
        for node in reversed(self.placed):
            if node in self.first and rest:
                self.begin_rest, rest = self.line.after(None), False
            if node not in self.siblings:
                self._place(node)
            elif node is self.siblings[node][0]:  # who uses any of them is placed by now
                self._place_loop(self.siblings[node])
        for item in self.line:
            if isinstance(item, Nest):
                item.nodes.reverse()
                item.reductions.reverse()
        for item in joined(self.line, self.update_of, self.rows):
            self.items += self._cut(item) if self.long and isinstance(item, Nest) else [item]
        self.where = {n: item for item in self.items for n in made(item)}
        return self._with_homes({n for n in self.where if self._is_stored(n)})

    # --- placing ---

    def _place(self, node: Node) -> None:
        reduces, joins = bool(node.primitive.reduces), is_pointwise(node)
        domain = squeezed(node.inputs[0].shape if reduces else node.shape)
        latest = self._latest(node, domain, joins)
        if not (reduces or joins):
            self.where[node] = task = Task(node)
            self.line.put(task, latest)
            return
        source = register_source(node.inputs[0])
        if reduces and node not in self.after_rows and is_pointwise(source) and squeezed(source.shape):
            # It goes where its terms are computed, and that is not decided yet.
            self.waiting.setdefault(source, []).append((node, self.line.after(latest)))
            return
        read = {memory_source(x) for x in node.inputs if squeezed(memory_source(x).shape)}
        nest = self._nest(node, domain, read, latest)
        if nest is None:
            nest = Nest(domain)
            self.line.put(nest, latest)
            if node in self.after_rows:
                self.behind.add(nest)
        (nest.reductions if reduces else nest.nodes).append(node)
        self._note(nest, read)
        self.where[node] = nest
        for waiting, _ in self.waiting.pop(node, ()):
            nest.reductions.append(waiting)
            self.where[waiting] = nest

    def _place_loop(self, nodes: list[Node]) -> None:
        latest = min((self._latest(n, n.shape, False) for n in nodes), key=self.line.at)
        loop = Loop(nodes)
        self.where |= dict.fromkeys(nodes, loop)
        self.line.put(loop, latest)

    def _nest(self, node: Node, domain: Shape, read: set[Node], latest: Item | None) -> Nest | None:
        """Return the last nest that a node may be computed in, if one has to do with it."""
        limit = self.line.at(latest)
        found = (self.where.get(r) for r, in_register in self._uses(node) if in_register)
        nests = [x for x in found if isinstance(x, Nest) and x.domain == domain]
        related = [x for x in nests if self.line.at(x) <= limit]
        for source in read if domain else [None]:
            nests = self.reading.get((domain, source), [])
            before = bisect_right(nests, limit, key=self.line.at)
            related += nests[before - 1 : before] if before else []
        return max([x for x in related if self._may_join(node, x)], key=self.line.at, default=None)

    def _may_join(self, node: Node, nest: Item | None) -> bool:
        """Say whether a node may be computed in a nest: its sums must go along with those there.

        Behind all rows goes what is cheap and for the sums there alone.
        """
        sums = [node] if node.primitive.reduces else [n for n, _ in self.waiting.get(node, ())]
        if sums and isinstance(nest, Nest) and not alike_summed([*nest.reductions, *sums]):
            return False
        if node in self.after_rows or nest not in self.behind:
            return (node in self.after_rows) == (nest in self.behind)
        needed_there = all(in_register and self.where.get(r) is nest for r, in_register in self._uses(node))
        return needed_there and node.primitive.work(node.attributes) <= CHEAP

    def _note(self, nest: Nest, read: set[Node]) -> None:
        """Note what a nest reads."""
        new = read if nest.domain else {None}
        known = self.read.setdefault(nest, set())
        for source in new - known:
            insort(self.reading.setdefault((nest.domain, source), []), nest, key=self.line.at)
        known |= new

    def _latest(self, node: Node, domain: Shape, joins: bool) -> Item | None:
        """Return the last item in which, or after which, a node may be computed; None is before the first."""
        line = self.line
        latest = line.before(None)
        for reader, in_register in self._uses(node):
            if reader in self.where:
                item = self.where[reader]
                together = in_register and joins and isinstance(item, Nest) and item.domain == domain
                together = together and self._may_join(node, item)
                latest = min(latest, item if together else line.before(item), key=line.at)
        for _, before in self.waiting.get(node, ()):
            if before is not None:
                latest = min(latest, line.before(before), key=line.at)
        if node in self.first and not (latest in self.behind and self._may_join(node, latest)):
            latest = min(latest, line.before(self.begin_rest), key=line.at)
        return self._before_updates(node, domain, latest)

    def _uses(self, node: Node) -> Iterator[tuple[Node, bool]]:
        """Yield every placed node that reads this one, and whether at its own points alone."""
        stack = [(node, True)]
        while stack:
            source, straight = stack.pop()
            for reader in self.readers.get(source, []):
                if is_view(reader):
                    stack.append((reader, straight and register_source(reader) is not reader))
                else:
                    direct = bool(reader.primitive.reduces) or is_pointwise(reader)
                    yield reader, straight and direct and not _reads_memory_of(reader, source)

    def _before_updates(self, node: Node, domain: Shape, latest: Item | None) -> Item | None:
        """Keep a node that reads a state variable before the item that overwrites it, or in it point by point."""
        for position, x in enumerate(node.inputs):
            source = memory_source(x)
            new = self.update_of.get(leaf_key(source)) if source.primitive.leaf == "given" else None
            if new is None or new is node or new not in self.where:
                continue
            if not self.long and _was_read(source, node):
                continue
            item = self.where[new]
            if self.line.at(item) > self.line.at(latest):
                continue
            pointwise = (
                register_source(x) is source
                and not reads_memory(node, position)
                and isinstance(item, Nest)
                and item.domain == domain == squeezed(source.shape)
                and (is_pointwise(node) or bool(node.primitive.reduces))
            )
            latest = min(latest, item if pointwise else self.line.before(item), key=self.line.at)
        return latest

    def _cut(self, nest: Nest) -> list[Item]:
        """Cut a nest into pieces; a sum stays with its terms where these are computed in the nest."""
        members = set(nest.nodes)
        sums: dict[Node | None, list[Node]] = {}
        for reduction in nest.reductions:
            source = register_source(reduction.inputs[0])
            sums.setdefault(source if source in members else None, []).append(reduction)
        whole = [x for n in nest.nodes for x in (n, *sums.get(n, ()))] + sums.get(None, [])
        found: list[Item] = []
        for piece in pieces(whole):
            new = Nest(nest.domain)
            for node in piece:
                (new.reductions if node.primitive.reduces else new.nodes).append(node)
            found.append(new)
        return found

    # --- what is kept ---

    def _is_stored(self, node: Node) -> bool:
        if node in self.ends:
            return True
        item = self.where[node]
        if not isinstance(item, Nest):
            return True
        if not squeezed(node.shape) and not self.long:  # a register, unless someone needs its address
            return any(not takes_registers(r) for r, _ in self._uses(node))
        if node.primitive.reduces:
            return True
        return any(not (in_register and self.where[r] is item) for r, in_register in self._uses(node))

    def _with_homes(self, stored: set[Node]) -> Fusion:
        """Let new values overwrite old ones where nothing reads the old ones afterwards."""
        position = {item: i for i, item in enumerate(self.items)}
        outputs = set(self.program.outputs)
        last_read: dict[object, list[tuple[int, Node, Node]]] = {}
        for node, item in self.where.items():
            for x in node.inputs:
                source = memory_source(x)
                if source.primitive.leaf == "given":
                    last_read.setdefault(leaf_key(source), []).append((position[item], node, x))
        home: dict[Node, Node] = {}
        commits: list[tuple[Node, Node]] = []
        for _, state, new in self.program.updates:
            at = position[self.where[new]]
            item = self.items[at]
            safe = isinstance(item, Nest) and not new.primitive.reduces and new not in outputs
            for when, node, x in last_read.get(leaf_key(state), []):
                if not self.long and _was_read(state, node):
                    continue
                if when > at:
                    safe = False
                if when == at and isinstance(item, Nest):
                    own = register_source(x) is memory_source(x) and squeezed(x.shape) == item.domain
                    safe = safe and own and not _reads_memory_of(node, x)
            if safe:
                home[new] = state
            else:
                commits.append((state, new))
        return Fusion(self.program, self.items, stored, home, commits, self.long)
