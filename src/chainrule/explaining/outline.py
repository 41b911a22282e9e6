"""What an explanation speaks of: which nodes are steps, what each is called, which steps each is made of.

Names are the user's own. Where steps inside the graph were named, what was written in one line is one step;
where not, every operation is a step of its own, and gets a name.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chainrule.graph.node import Node, leaf_key
from chainrule.graph.primitives.arithmetic import negative, raised
from chainrule.graph.walk import descendants, order

DIGITS = "0123456789"
LARGEST = 30  # operations in one formula; a larger one is cut into steps

WRITTEN_SHORT = (negative, raised)
Leaf = TypeVar("Leaf", bound=Any)  # with a name and a kind


@dataclass(frozen=True, eq=False)
class Step:
    """A node that an explanation speaks of, and the steps that its formula names."""

    node: Node
    name: str
    level: int  # 0 for leaves, else one above the highest of its inputs
    inputs: tuple[Node, ...]  # in the order its formula names them; none for a leaf


@dataclass(frozen=True, eq=False)
class Outline:
    """The steps of a graph, leaves first, level by level as the lectures draw them."""

    steps: tuple[Step, ...]
    by_key: Mapping[Any, Step]

    def of(self, node: Node) -> Step:
        """Return the step that a node is; copies of a leaf are the same step."""
        return self.by_key[leaf_key(node)]

    def inputs(self, step: Step) -> list[Step]:
        """Return the steps that a step's formula names, each once."""
        return list(dict.fromkeys(self.of(x) for x in step.inputs))


def outline(J: Node, wanted: Sequence[Node], finely: bool = False) -> Outline:
    """Return the outline of ``J``'s graph; every node of ``wanted`` is a step, in the graph or not.

    ``finely`` makes a step of each activation, too: in steps of a loop, few things have names.
    """
    nodes = order([J])
    spoken = _spoken(J, nodes, {leaf_key(w) for w in wanted}, finely)
    inputs = {n: tuple(made_of([n], spoken)) if n.inputs else () for n in nodes if n in spoken}
    in_graph = {leaf_key(n) for n in inputs}
    inputs.update((w, ()) for w in wanted if leaf_key(w) not in in_graph)
    level: dict[Any, int] = {}
    for n, xs in inputs.items():
        level[leaf_key(n)] = max((level[leaf_key(x)] + 1 for x in xs), default=0)
    first: dict[Any, Node] = {}
    for n in sorted(inputs, key=lambda n: level[leaf_key(n)]):
        first.setdefault(leaf_key(n), n)
    names = _names(J, list(first.values()))
    steps = tuple(Step(n, names[n], level[key], inputs[n]) for key, n in first.items())
    return Outline(steps, {leaf_key(step.node): step for step in steps})


def _spoken(J: Node, nodes: Sequence[Node], wanted: set[Any], finely: bool) -> set[Node]:
    """Choose the nodes that are steps; the others are written inside the formula of what uses them."""
    stands_for: dict[Node, Node] = {}
    for n in nodes:
        plain = n.primitive.unwritten and not n.name and n not in wanted
        stands_for[n] = stands_for.get(n.inputs[0], n.inputs[0]) if plain else n
    result = J
    while result.primitive.unwritten:
        result = result.inputs[0]
    user_named_steps = any(n.name and n.inputs and n is not J for n in nodes)
    uses = Counter(stands_for[x] for n in nodes if stands_for[n] is n for x in n.inputs)
    moving = descendants([n for n in nodes if n.primitive.leaf == "given"], nodes)
    of_arrays = any(n.shape for n in nodes)
    spoken: set[Node] = set()
    size: dict[Node, int] = {}
    for n in nodes:
        size[n] = bool(n.inputs) + sum(size[x] for x in n.inputs if x not in spoken)
        if n is J or leaf_key(n) in wanted or n.name or n.primitive.leaf == "given":
            spoken.add(n)
        elif stands_for[n] is n and n.inputs:
            is_activation = (
                finely and n.primitive.elementwise and len(n.inputs) == 1 and not n.primitive.linear
            )
            few_names = not user_named_steps or (is_activation and n.primitive not in WRITTEN_SHORT)
            of_its_own = n.dtype.kind == "f" and n is not result and (uses[n] > 1 or few_names)
            of_its_own = of_its_own and n in moving and (bool(n.shape) or not of_arrays)
            if of_its_own or size[n] >= LARGEST:
                spoken.add(n)
    return spoken


def made_of(family: Sequence[Node], kept: Collection[Node]) -> list[Node]:
    """Return the kept nodes nearest to those of a family, in reading order."""
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = [x for n in reversed(family) for x in reversed(n.inputs)]
    while stack:
        x = stack.pop()
        if x in seen:
            continue
        seen.add(x)
        if x in kept:
            found[x] = None
        else:
            stack.extend(reversed(x.inputs))
    return list(found)


def _names(J: Node, nodes: Sequence[Node]) -> dict[Node, str]:
    """Keep the user's names, tell two nodes of one name apart, and name the rest: t1, t2 ... for steps."""
    taken = {n.name for n in nodes if n.name}
    names: dict[Node, str] = {}
    seen: set[str] = set()
    last: dict[str, int] = {}
    for n in nodes:
        if n.name and n.name not in seen:
            names[n] = n.name
        elif n is J and not n.name and "J" not in taken:
            names[n] = "J"
        else:
            stem = f"{n.name}_" if n.name else "t" if n.inputs else "x"
            last[stem] = last.get(stem, 1 if n.name else 0) + 1
            while f"{stem}{last[stem]}" in taken:
                last[stem] += 1
            names[n] = f"{stem}{last[stem]}"
        seen.add(names[n])
        taken.add(names[n])
    return names


def in_lecture_order(leaves: Sequence[Leaf]) -> tuple[Leaf, ...]:
    """Return what a graph starts from as one lists it: w1 to w6, then b1 to b3, then the inputs."""
    letters = [leaf.name.rstrip(DIGITS) for leaf in leaves]

    def place(leaf: Leaf) -> tuple[bool, bool, int, int]:
        # what is learned is told first
        letter = leaf.name.rstrip(DIGITS)
        number = leaf.name.removeprefix(letter)
        return leaf.kind != "variable", leaf.kind != "input", letters.index(letter), int(number or 0)

    return tuple(sorted(leaves, key=place))
