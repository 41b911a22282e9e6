"""What a drawn graph speaks of: which of its nodes are boxes, which boxes each is made from, and how it is written.

Names are the user's own. Where steps inside the graph have names, what was written in one line is one box; else every
operation is one. A loop is one box, whatever it puts out. Casts and marks without names are looked through, and so are
constants without names, which stand in the formula of what reads them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.explaining.outline import made_of
from chainrule.graph.closed import bodies
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.show import AFTER, BEFORE, text
from chainrule.graph.siblings import loop_key
from chainrule.graph.walk import order
from chainrule.shown import cut

Fold = Literal["steps", "operations"]
BLANK = "□"  # in a formula: what has no name
LONGEST, SHORT = 66, 16  # of a formula, and of one in which what has no name is written out


@dataclass(frozen=True, eq=False)
class Step:
    """A box: what it computes, what it is called, and from what.

    Attributes:
        nodes: The node it stands for; of a loop all its results.
        name: The user's, or "t1" ... where it is needed and there is none.
        formula: How it is computed, over the names of what it is made from.
        kind: What it is: "parameter", "leaf", "step" or "result".
        inputs: What it is made from: which box, and which of its nodes; each once, in reading order.
        loop: What goes round in a loop, or "".
        level: The longest path to it.
    """

    nodes: tuple[Node, ...]
    name: str
    formula: str
    kind: Literal["parameter", "leaf", "step", "result"]
    inputs: tuple[tuple[int, Node], ...]
    loop: str = ""
    level: int = 0

    @property
    def node(self) -> Node:
        """The node, or the first of them."""
        return self.nodes[0]


def folds(ends: Sequence[Node]) -> Fold:
    """Return how a graph is folded where nobody says: by the user's names of steps, where there are some."""
    named = any(n.name and n.inputs and n not in ends for n in order(ends))
    return "steps" if named else "operations"


def steps(ends: Sequence[Node], fold: Fold, called: bool = False) -> list[Step]:
    """Return the boxes of a graph, each behind those it is made from.

    Args:
        ends: What is drawn.
        fold: "steps" for a box for what has a name, "operations" for each operation.
        called: Whether boxes without a name are called t1, t2 ...
    """
    nodes = order(ends)
    kept = _kept(ends, nodes, fold)
    return boxes_of(ends, [n for n in nodes if n in kept], called)


def boxes_of(ends: Sequence[Node], kept: Sequence[Node], called: bool = False) -> list[Step]:
    """Return a box for each node that is kept, in their order; copies of a leaf, and results of a loop, share one."""
    families: dict[Any, list[Node]] = {}
    for n in kept:
        families.setdefault(_key(n), []).append(n)
    number = {key: i for i, key in enumerate(families)}
    inside = set(kept)
    boxes = {key: made_of(family, inside) for key, family in families.items()}
    read = {key: [(number[_key(x)], x) for x in nodes if _key(x) in number] for key, nodes in boxes.items()}
    level: list[int] = []
    for inputs in read.values():
        level.append(max((level[i] + 1 for i, _ in inputs), default=0))
    # Level by level, as an explanation names its steps: t2 is the same in both.
    names = _names(
        [families[key] for key in sorted(families, key=lambda key: level[number[key]])], called, ends
    )
    found: list[Step] = []
    for key, family in families.items():
        nodes = tuple(dict.fromkeys(family)) if family[0].inputs else (family[0],)
        found.append(
            Step(
                nodes,
                names.get(family[0], ""),
                formula_of(family[0], names, inside),
                _kind(family[0], ends),
                _each_once(read[key]),
                loop_of(family),
                level[number[key]],
            )
        )
    return found


def _key(node: Node) -> Any:
    key = loop_key(node)
    return leaf_key(node) if key is None else key


def _each_once(inputs: Iterable[tuple[int, Node]]) -> tuple[tuple[int, Node], ...]:
    """Return inputs without copies of a leaf."""
    first: dict[Any, tuple[int, Node]] = {}
    for i, x in inputs:
        first.setdefault(leaf_key(x), (i, x))
    return tuple(first.values())


def _kept(ends: Sequence[Node], nodes: Sequence[Node], fold: Fold) -> set[Node]:
    """Choose the nodes that are boxes."""
    looked_through = {n for n in nodes if n.primitive.unwritten and not n.name and n not in ends}
    stands_for: dict[Node, Node] = {}
    for n in nodes:
        stands_for[n] = stands_for[n.inputs[0]] if n in looked_through else n
    kept = {n for n in nodes if n in ends or n.name or n.primitive.leaf == "given" or _is_large(n)}
    kept |= {n for n in nodes if loop_key(n) is not None}
    own = [n for n in nodes if n.inputs and n not in looked_through]
    if fold == "operations":
        hidden = {_under_mark(n) for n in kept}
        return kept | {n for n in own if n not in hidden}
    uses = Counter(stands_for[x] for n in own for x in dict.fromkeys(n.inputs))
    result = {_under_mark(n) for n in kept}
    return kept | {n for n in own if uses[n] > 1 and n not in result}


def _under_mark(node: Node) -> Node:
    """Return what a name stands on: a mark, or a cast, that has one is the same box as what it marks."""
    while node.primitive.unwritten and node.inputs and (node.inputs[0].inputs and not node.inputs[0].name):
        node = node.inputs[0]
    return node


def _is_large(node: Node) -> bool:
    return node.primitive.name == "constant" and node.attributes["value"].size > 6


def _kind(node: Node, ends: Sequence[Node]) -> Literal["parameter", "leaf", "step", "result"]:
    if node.primitive.name == "variable":
        return "parameter"
    if not node.inputs:
        return "leaf"
    return "result" if node in ends else "step"


def _names(families: Iterable[Sequence[Node]], called: bool, ends: Sequence[Node]) -> dict[Node, str]:
    """Return the user's names, two of one name told apart; and t1, t2 ... J where the others are ``called``."""
    families = list(families)
    every = {n.name for family in families for n in family}
    taken: set[str] = set()
    names: dict[Node, str] = {}
    last: dict[str, int] = {}

    def free(stem: str, number: int) -> str:
        number = last.get(stem, number - 1) + 1
        while f"{stem}{number}" in every or f"{stem}{number}" in taken:
            number += 1
        last[stem] = number
        return f"{stem}{number}"

    for family in families:
        name = next((n.name for n in family if n.name), "")
        if name and name in taken:
            name = free(f"{name}_", 2)
        elif not name and called and family[0] in ends and len(ends) == 1 and "J" not in every:
            name = "J"
        elif not name and (called or not family[0].inputs):
            name = _carried(family[0]) or free("t" if family[0].inputs else "x", 1)
            name = free(f"{name}_", 2) if name in taken else name
        taken |= {name} if name else set()
        names |= {n: name for n in family if name}
        if len(family) > 1:
            names |= {n: n.name for n in family if n.name}
    return names


def _carried(node: Node) -> str:
    """Return what the result of a loop is called in its steps, "h"; "" for what is none."""
    body, take = node.attributes.get("body"), node.attributes.get("take", 0)
    return body.inputs[take].name if body and take < node.attributes.get("carried", 0) else ""


def formula_of(node: Node, names: Mapping[Node, str], kept: Collection[Node]) -> str:
    """Write how a box is computed, over the names of others; "" for a leaf."""
    if not node.inputs:
        return ""
    if body := next(iter(bodies(node)), None):
        return _recurrence(node, body)

    def written(blank: Callable[[Node], str]) -> str:
        return text(node, name=lambda n: names.get(n) or (blank(n) if n in kept and n is not node else ""))

    whole = written(lambda n: "" if n.inputs else BLANK) if _is_short(node, names) else ""
    return whole if 0 < len(whole) <= SHORT else cut(written(lambda _: BLANK), LONGEST)


def _is_short(node: Node, names: Mapping[Node, str]) -> bool:
    """Say whether an expression down to what has a name may be written in a few letters."""
    waiting = [x for x in node.inputs if x.inputs and x not in names]
    for _ in range(SHORT):
        if not waiting:
            return True
        waiting += [x for x in waiting.pop().inputs if x.inputs and x not in names]
    return False


def _recurrence(node: Node, body: Any) -> str:
    """Write the step of a loop: h_t = tanh(W · x_t + U · h_t₋₁)."""
    carried, reverse = node.attributes.get("carried", 0), node.attributes.get("reverse", False)
    now = {h: f"{h.name}{AFTER if reverse else BEFORE}" for h in body.inputs[:carried]}
    now |= {x: f"{x.name}_t" for x in body.inputs[carried:]}
    take = node.attributes.get("take", 0)
    end = body.outputs[take if take < len(body.outputs) else 0]
    left = f"{body.inputs[take].name}_t = " if take < carried else ""
    return cut(left + text(end, name=lambda n: now.get(n) or (n.name if n is not end else "")), LONGEST)


def loop_of(family: Sequence[Node]) -> str:
    """Say what goes round in a loop, and how often; "" for what is none."""
    at = family[0].attributes
    if "carried" not in at or "body" not in at:
        return ""
    names = [h.name or "h" for h in at["body"].inputs[: at["carried"]]]
    return cut(f"{', '.join(names)}, {at['length']} steps", LONGEST)
