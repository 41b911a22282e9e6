"""The stages of the pipeline in words: what runs in which order, where its results lie, and the code."""

from collections.abc import Iterator, Sequence

from chainrule.engines.listing import applied, formula, node_names, stand_in
from chainrule.engines.native.plan.copies import COPY, TURN
from chainrule.engines.native.plan.items import Fusion, Item, Loop, Nest, made, memory_source
from chainrule.engines.native.plan.memory import Memory
from chainrule.engines.native.plan.regions import ALONE, OWN, ROWS, Region
from chainrule.engines.native.plan.views import Size, is_view, product, squeezed
from chainrule.graph import shapes
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.show import text

TITLES = {ROWS: "rows, in parts", OWN: "each by itself, in parts", ALONE: "undivided"}


def show_fusion(plan: Fusion, regions: Sequence[Region]) -> str:
    """Write the plan: each nest or task, and indented what it computes; '*' is what is kept in memory.

    What is computed in a nest and read once, at the same point of the same nest, has no name: it stands in the
    formula of its reader. A line with a colon says how the items up to the next such line are cut into parts.
    """
    words, lines = Words(plan), []
    cut = any(r.kind != ALONE for r in regions)
    before = ""
    for region in regions:
        if cut and not region.kind == before == ALONE:
            lines.append(f"{TITLES[region.kind]}:")
        before = region.kind
        for item in (w.item for w in region.works):
            lines += _lines(words, item)
    lines += [f"copy {words.name(new)} to {state.name}" for state, new in plan.commits]
    return "\n".join(lines)


def _lines(words: "Words", item: Item) -> list[str]:
    """Write an item: its title and what it computes; within a loop what is done at each step t."""
    lines = [title(item)]
    if isinstance(item, Loop):
        inner = Words(item.plan, item.carried)
        lines += [f"    {line}" for line in _given(words, inner, item)]
        lines += [f"    {line}" for x in item.plan.items for line in _lines(inner, x)]
        for node in item.nodes:
            lines.append(f"  * {words.name(node)}{_taken(inner, item, node)}")
        return lines
    kept = words.plan.stored
    return lines + [f"  {'*' if n in kept else ' '} {words.line(n)}" for n in made(item) if words.name(n)]


def _taken(inner: "Words", loop: Loop, node: Node) -> str:
    """Write what a result takes of a loop, after its name."""
    take, leaves, ends = node.attributes["take"], loop.plan.program.inputs, loop.plan.program.outputs
    if take < loop.carried:
        return f" = {inner.name(leaves[take])} after the last step"
    for number, (home, finds) in loop.homes.items():
        if home is node:
            return f"[t] = {inner.name(leaves[number] if finds else ends[number])}"
    return f"[t] = {inner.name(ends[loop.carried + loop.emitted.index(node)])}"


def _given(words: "Words", inner: "Words", loop: Loop) -> Iterator[str]:
    """Write what each leaf of a loop's body is; what is called alike outside is passed over."""
    program = loop.plan.program
    for number, (leaf, x) in enumerate(zip(program.inputs, loop.inputs, strict=True)):
        name, source = inner.name(leaf), words.written(x)
        if number < loop.carried:
            yield f"{name} = {source}, then {inner.name(program.outputs[number])}"
        elif number < len(loop.body.inputs):
            yield f"{name} = {source}[t]"
        elif name != source:
            yield f"{name} = {source}"


def show_memory(plan: Fusion, memory: Memory) -> str:
    """Write the places of the arena and what lies in each, one after the other; then what is not in it."""
    words = Words(plan)
    lines = [
        f"place {number}, {Size(slot.bytes, slot.extents)} bytes: {held}"
        for number, (slot, held) in enumerate(zip(memory.slots, _held(words, memory), strict=True))
    ]
    lines += [f"output {words.name(n)}, {_size(n)} bytes" for n in plan.program.outputs]
    for new, state in plan.home.items():
        lines.append(f"state {state.name}, {_size(state)} bytes: overwritten by {words.name(new)}")
    for state, new in plan.commits:
        lines.append(f"state {state.name}, {_size(state)} bytes: copied from {words.name(new)}")
    return "\n".join(lines)


def _held(words: "Words", memory: Memory) -> list[str]:
    """Write what lies in each place of an arena, one after the other; of a loop, in its steps."""
    plan, names = words.plan, dict[Node, tuple[int, str]]()
    position = {n: i for i, item in enumerate(plan.items) for n in made(item)}
    within: dict[Node, list[str]] = {}
    for n, view in sorted(plan.inside.items(), key=lambda each: position[each[0]]):
        within.setdefault(view.base, []).append(words.name(n))
    for n in position:
        own = f" with {', '.join(within[n])} inside" if n in within else ""
        own += (
            ", a copy of windows" if n.primitive in (COPY, TURN) and plan.view(n.inputs[0]).overlaps else ""
        )
        names[n] = position[n], words.name(n) + own
    for loop, rooms in memory.rooms.items():
        at, inner = position[loop.nodes[0]], Words(loop.plan, loop.carried)
        carried = [inner.name(x) for x in loop.plan.program.inputs[: loop.carried]]
        for some, name in zip(rooms.carried, carried, strict=True):
            names |= dict.fromkeys(some, (at, f"{name} by turns" if len(some) > 1 else f"{name} at last"))
        for room, held in zip(rooms.places, _held(inner, rooms.inner), strict=True):
            names[room] = at, f"({held}) at each step"
    found: list[list[tuple[int, str]]] = [[] for _ in memory.slots]
    for n, number in memory.place.items():
        found[number].append(names[n])
    return [", then ".join(name for _, name in sorted(held)) for held in found]


def title(item: Item) -> str:
    """Write what kind of item it is, and over which axes it goes."""
    if isinstance(item, Loop):
        order = ", the last first" if item.is_reversed else ""
        apart = ", each row by itself" if item.rows is not None else ""
        return f"loop over {item.length} steps{order}{apart}"
    if not isinstance(item, Nest):
        what = "convolution" if slides(item.node) else "task"
        return f"{what} over {shapes.show(item.node.shape)}"
    return f"nest over {shapes.show(item.domain)}" if item.domain else "single numbers"


def slides(node: Node) -> bool:
    """Say whether a node is a product that reads windows: a convolution, or the gradient of its weights."""
    chains = list(node.inputs) if node.primitive.name == "contract" else []
    while chains and not any(x.primitive.name == "windows" for x in chains):
        chains = [x.inputs[0] for x in chains if is_view(x)]
    return bool(chains)


class Words:
    """The names in a plan, numbered in its order, and the formulas that they stand for."""

    def __init__(self, plan: Fusion, carried: int = 0) -> None:
        """Name what is in a plan; that of a loop's body carries the first of its inputs from step to step."""
        self.plan: Fusion = plan
        program, nodes = plan.program, plan.program.nodes
        if carried:
            given, made_there = program.inputs, program.outputs
            program = Program(given[carried:], given[:carried], made_there[carried:], made_there[:carried])
        where = {n: item for item in plan.items for n in made(item)}
        readers: dict[Node, list[Node]] = {}
        for node in where:
            for x in node.inputs:
                readers.setdefault(memory_source(x), []).append(node)

        def is_named(node: Node) -> bool:
            read_by = readers.get(node, [])
            return node in plan.stored or [where[r] for r in read_by] != [where[node]]

        leaves = [n for n in nodes if not n.inputs]
        self._names = node_names(program, [*leaves, *filter(is_named, where)])

    def name(self, node: Node) -> str:
        """Return a node's name, or "" if it stands in the formula of its reader."""
        return self._names.get(leaf_key(node), "")

    def written(self, node: Node) -> str:
        """Write what an item reads: a name, or how it is read of what bears one."""
        return text(self._shown(node))

    def line(self, node: Node) -> str:
        """Write a node's name and its formula; axes of length 1, which no loop has, are passed over."""
        inputs = [self._shown(x) for x in node.inputs]
        if node.primitive.reduces:
            extents = [node.inputs[0].shape[a] for a in node.attributes["axes"]]
            along = ", ".join(str(e) for e in extents if e != 1)
            return f"{self.name(node)} = {node.primitive.name}({text(inputs[0])}) over {along or 1}"
        return f"{self.name(node)} = {formula(node, inputs)}"

    def _shown(self, node: Node) -> Node:
        """Return what stands for a node in a formula: a name, a number, or a formula in turn."""
        if self.name(node) or not node.inputs:
            return stand_in(node, self.name(node))
        inputs = [self._shown(x) for x in node.inputs]
        if not is_view(node):
            return applied(node, inputs)
        if node.primitive.leaves_out:
            return stand_in(node, text(applied(node, inputs)))
        turned = node.primitive.name == "transpose" and len(squeezed(node.shape)) > 1
        return stand_in(node, f"{text(inputs[0])}ᵀ") if turned else inputs[0]


def _size(node: Node) -> Size:
    return product(node.shape) * Size(node.dtype.itemsize)
