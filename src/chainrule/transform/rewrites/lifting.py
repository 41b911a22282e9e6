"""What does not hang on the carry leaves the loop.

Before it goes what hangs on no carry: ``x[t] @ W`` of each step is one product of all, and so is that part of
``concatenate([h, x[t]]) @ W``. Behind it goes what no carry hangs on: ``h[t] @ V`` that is emitted is one product of
all that h was. What is the same in each step is made once.

A move of numbers is made where it is read, and arithmetic costs a loop little: it goes along with a product, where no
more numbers come into the loop than would without it.
"""

from collections import Counter
from collections.abc import Iterable
from functools import reduce
from math import prod

from chainrule.graph.closed import replaced
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, broadcast, input
from chainrule.graph.primitives.arithmetic import plus
from chainrule.graph.primitives.indexing import pick
from chainrule.graph.primitives.linear import concatenate, reshape
from chainrule.graph.primitives.products import contract
from chainrule.graph.shapes import FULL, Extent
from chainrule.graph.walk import descendants, order
from chainrule.transform.batching import on_all_steps
from chainrule.transform.rewrites.loop_parts import Loop, Part, put_together

MANY = 64  # what an open axis counts as where sizes are compared


def lifted(loop: Loop) -> Part | None:
    """Return a node for each result of a loop, out of which is what can be; None where nothing has to go."""
    asked = [*loop.found, *loop.last, *loop.every]
    parted = _part_products(loop)
    hanging, outside, delayed = _on_no_carry(loop)
    free = [r for r, n in loop.every.items() if n in outside]
    for r in free:
        loop.found[r] = _in_each(loop, outside, loop.every.pop(r))
    behind = _behind(loop, hanging, outside)
    before = _before(loop, outside)
    if not (parted or delayed or free or behind or before):
        return None
    loop.substitute(before)
    found = put_together(loop)
    found |= zip(behind, replaced(behind.values(), found), strict=True)
    return {r: found[r] for r in asked}


def _part_products(loop: Loop) -> bool:
    """Let a product of parts side by side be a sum of products, where only some of them hang on the carry."""
    nodes = loop.nodes()
    hanging = descendants(loop.start, nodes)
    parted: Part = {}
    for n in nodes:
        if n.primitive is contract and n in hanging:
            for place, x in enumerate(n.inputs):
                apart = {part in hanging for part in x.inputs}
                if x.primitive is concatenate and len(apart) == 2 and _is_summed(n, place):
                    parted[n] = _sum_of_parts(n, place)
                    break
    loop.substitute(parted)
    return bool(parted)


def _is_summed(product: Node, place: int) -> bool:
    """Say whether a product sums over the axis along which a factor is joined of parts."""
    plan, x = contraction(product.attributes["spec"]), product.inputs[place]
    return (plan.left, plan.right)[place][x.attributes["axis"]] in plan.inner


def _sum_of_parts(product: Node, place: int) -> Node:
    plan, x, other = contraction(product.attributes["spec"]), product.inputs[place], product.inputs[1 - place]
    mine, its = (plan.left, plan.right)[place], (plan.left, plan.right)[1 - place]
    axis = its.index(mine[x.attributes["axis"]])
    terms, start = [], 0
    for part in x.inputs:
        stop = start + part.shape[x.attributes["axis"]]
        rows = pick(other, index=(*(FULL,) * axis, (start, stop, 1), *(FULL,) * (other.ndim - axis - 1)))
        terms.append(
            contract(*((part, rows) if place == 0 else (rows, part)), spec=product.attributes["spec"])
        )
        start = stop
    return reduce(plus, terms)


def _on_no_carry(loop: Loop) -> tuple[set[Node], Part, bool]:
    """Return what hangs on the carry, what all else is on all steps, and whether something is carried no longer."""
    changed = False
    while True:
        nodes = loop.nodes()
        hanging = descendants(loop.start, nodes)
        outside = on_all_steps([n for n in nodes if n not in hanging], loop.outside, loop.length)
        delayed = [leaf for leaf, n in loop.next.items() if n in outside]
        if not delayed or isinstance(loop.length, Extent):
            return hanging, outside, changed
        for leaf in delayed:
            _scan_what_was(loop, leaf, _in_each(loop, outside, loop.next[leaf]))
        changed = True


def _scan_what_was(loop: Loop, leaf: Node, every: Node) -> None:
    """A step is given what was known of the step before, where it does not hang on what that was given."""
    steps, rest = every.shape[0], (FULL,) * leaf.ndim
    first = reshape(loop.start.pop(leaf), shape=(1, *leaf.shape))
    known = pick(every, index=((1, steps, 1) if loop.reverse else (0, steps - 1, 1), *rest))
    loop.scanned[leaf] = concatenate(*([known, first] if loop.reverse else [first, known]), axis=0)
    del loop.next[leaf]
    end = pick(every, index=(0 if loop.reverse else steps - 1, *rest))
    for r in [r for r, one in loop.last.items() if one is leaf]:
        del loop.last[r]
        loop.found[r] = end


def _in_each(loop: Loop, outside: Part, node: Node) -> Node:
    """Return a node on all steps, though it be the same in each."""
    return broadcast(outside[node], (loop.length, *node.shape))


def _behind(loop: Loop, hanging: set[Node], outside: Part) -> Part:
    """Return what results are, of products of all steps, and let the loop emit what these are made of.

    What is emitted stands there as a leaf, which is the name of that result.
    """
    core = set(order(loop.next.values()))
    late = [n for n in loop.nodes() if n in hanging and n not in core]
    moved = descendants([n for n in late if n.primitive is contract], late)
    while moved:
        emitted = dict.fromkeys(
            [x for n in late if n in moved for x in n.inputs if x in hanging and x not in moved]
        )
        stand_ins = {x: input(x.name, (loop.length, *x.shape), x.dtype) for x in emitted}
        every = on_all_steps([n for n in late if n in moved], {**outside, **stand_ins}, loop.length)
        stuck = [n for n in moved if n not in every]
        if not stuck:
            results = {r: every[n] for r, n in loop.every.items() if n in moved}
            loop.every = {r: n for r, n in loop.every.items() if n not in moved}
            loop.every |= {stand_in: x for x, stand_in in stand_ins.items()}
            return results
        moved.difference_update(order(stuck))
    return {}


def _before(loop: Loop, outside: Part) -> Part:
    """Return the leaf that takes the place of each node that leaves the loop, and give the loop what it stands for."""
    nodes = loop.nodes()
    users = Counter(x for n in nodes for x in set(n.inputs))
    users.update([*loop.next.values(), *loop.every.values()])
    gone: Part = {}
    for n in nodes:
        if n not in outside or not n.inputs or n.primitive.moves == "view":
            continue
        differs = outside[n].ndim > n.ndim
        if not differs or _leaves(n, [x for x in set(n.inputs) if outside[x].ndim > x.ndim], gone, users):
            gone[n] = input(n.name or f"s{1 + len(gone)}", n.shape, n.dtype)
            (loop.scanned if differs else loop.shared)[gone[n]] = outside[n]
    return gone


def _leaves(node: Node, made_of: Iterable[Node], gone: Part, users: Counter[Node]) -> bool:
    """Say whether what is another in each step pays outside of the loop, if these of its inputs are that too."""
    if node.primitive.mixes:
        return True
    alone = [x for x in made_of if users[x] == 1 and (x in gone or not x.inputs)]
    left = [x for x in made_of if x in gone]
    return bool(left) and all(x in alone for x in left) and _size(node) <= sum(map(_size, alone))


def _size(node: Node) -> int:
    return prod(MANY if isinstance(e, Extent) else e for e in node.shape)
