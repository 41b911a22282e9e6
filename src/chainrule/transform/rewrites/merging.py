"""Loops that carry the same become one, which goes through the steps once.

Two carried values are the same in all steps if they begin as the same and become the same of what is the same. Such
classes are found for all loops of one length and direction at once: at first of what begins alike, and then, as long as
a step tells some apart, of what it leaves alike.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Any

from chainrule.graph.closed import replaced
from chainrule.graph.identity import of_attributes
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.transform.rewrites.loop_parts import Loop, put_together, taken_apart

Family = list[Node]  # all results of a loop that are asked for
Carried = tuple[int, int]  # which loop, and which of what it carries
Classes = dict[Carried, int]


def merged(outputs: list[Node]) -> list[Node]:
    """Return a graph in which no loop carries what another one carries as well; the same where none does."""
    while True:
        together = _together(list({id(f): f for f in siblings(order(outputs)).values()}.values()))
        if together is None:
            return outputs
        outputs = replaced(outputs, put_together(together))


def _together(families: list[Family]) -> Loop | None:
    """Return one loop in place of two, or of one that carries or is given something twice; None if there is none."""
    alike: dict[Hashable, list[int]] = {}
    for i, (first, *_) in enumerate(families):
        alike.setdefault((first.attributes["length"], first.attributes["reverse"]), []).append(i)
    for group in alike.values():
        classes = _classes({i: families[i][0] for i in group})
        carried = {i: [classes[i, k] for k in range(families[i][0].attributes["carried"])] for i in group}
        for i in group:
            first = families[i][0]
            count, body = len(carried[i]), first.attributes["body"]
            parts = (carried[i], first.inputs[count : len(body.inputs)], first.inputs[len(body.inputs) :])
            if any(len(set(part)) < len(part) for part in parts):
                return _joined([families[i]], [carried[i]])
        for small, large in permutations(group, 2):
            fits = carried[small] and set(carried[small]) <= set(carried[large])
            if fits and _are_apart(families[small], families[large]):
                return _joined([families[large], families[small]], [carried[large], carried[small]])
    return None


def _are_apart(one: Family, other: Family) -> bool:
    """Say whether of two loops none depends on the other."""
    return set(other).isdisjoint(order(one[0].inputs)) and set(one).isdisjoint(order(other[0].inputs))


def _classes(loops: Mapping[int, Node]) -> Classes:
    """Return for all that is carried numbers: equal for what is the same in all steps."""
    begins = [
        ((i, k), x) for i, n in loops.items() for k, x in enumerate(n.inputs[: n.attributes["carried"]])
    ]
    classes = _numbers(begins)
    while len(set(classes.values())) < len(begins):  # as long as some are alike
        steps: dict[Hashable, int] = {}
        ends = {(i, k): end for i, n in loops.items() for k, end in enumerate(_ends(i, n, classes, steps))}
        finer = _numbers([(c, (classes[c], end)) for c, end in ends.items()])
        if len(set(finer.values())) == len(set(classes.values())):
            break
        classes = finer
    return classes


def _numbers(keys: Iterable[tuple[Carried, Hashable]]) -> Classes:
    known: dict[Hashable, int] = {}
    return {c: known.setdefault(key, len(known)) for c, key in keys}


def _ends(loop: int, node: Node, classes: Classes, steps: dict[Hashable, int]) -> list[int]:
    """Return for all that a loop carries, after a step, numbers: equal for what is computed alike of what is alike."""
    body, carried = node.attributes["body"], node.attributes["carried"]
    ends = body.outputs[:carried]
    leaves: dict[Any, Hashable] = {}
    for k, (leaf, x) in enumerate(zip(body.given, node.inputs, strict=True)):
        leaves[leaf_key(leaf)] = (k < len(body.inputs), x) if k >= carried else classes[loop, k]
    number: dict[Node, int] = {}
    for n in order(ends):
        what: Hashable = (n.primitive, of_attributes(n.attributes), tuple([number[x] for x in n.inputs]))
        number[n] = steps.setdefault(leaves.get(leaf_key(n), what), len(steps))
    return [number[n] for n in ends]


def _joined(families: Sequence[Family], carried: Sequence[Sequence[int]]) -> Loop:
    """Return one loop of the results of all, which carry in part the same and are given in part the same."""
    loops = [taken_apart(f, f[0].inputs) for f in families]
    whole = Loop(loops[0].length, loops[0].reverse, {}, {}, {}, {})
    first: dict[Hashable, Node] = {}
    for loop, classes in zip(loops, carried, strict=True):
        stands: dict[Node, Hashable] = {
            leaf: ("carried", c) for leaf, c in zip(loop.start, classes, strict=True)
        }
        stands |= {leaf: ("scanned", x) for leaf, x in loop.scanned.items()}
        stands |= {leaf: ("shared", x) for leaf, x in loop.shared.items()}
        became = {leaf: first.setdefault(key, leaf) for leaf, key in stands.items()}
        loop.substitute(became)
        parts = [(whole.start, loop.start), (whole.next, loop.next)]
        parts += [(whole.scanned, loop.scanned), (whole.shared, loop.shared)]
        for all_of_them, its in parts:
            all_of_them |= {leaf: n for leaf, n in its.items() if became[leaf] is leaf}
        whole.last |= {r: became[leaf] for r, leaf in loop.last.items()}
        whole.every |= loop.every
    return whole
