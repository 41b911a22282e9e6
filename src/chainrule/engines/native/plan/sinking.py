"""What is read one step after the other and is cheap to make is made in the step: it is never stored for all steps.

So ``x @ W + b`` of all steps is stored as ``x @ W``, and the bias is added where the gates are computed; and what sums
over few features is no product, and is written out there too.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.engines.native.plan.bodies import in_bodies
from chainrule.engines.native.plan.expand import is_short
from chainrule.engines.native.plan.laying import sliced
from chainrule.graph.closed import ClosedGraph, Program, bodies
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, apply, input, leaf_key, with_inputs
from chainrule.graph.primitives.indexing import pick
from chainrule.graph.primitives.linear import transpose
from chainrule.graph.shapes import FULL, Shape, index_shape
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import rebuild

CHEAP = 2  # additions that are rather done where they are needed than stored


def made_in_steps(program: Program) -> Program:
    """Return a program whose loops make what is cheap to make of what they scan."""
    if not any(map(bodies, program.nodes)):
        return program
    program = in_bodies(program, made_in_steps)
    readers: dict[Node, set[Node]] = {n: set() for n in program.ends}
    for node in program.nodes:
        for x in node.inputs:
            readers.setdefault(x, set()).add(node)
    found: dict[Node, tuple[ClosedGraph, tuple[Node, ...]]] = {}
    for family in siblings(program.nodes).values():
        if family[0] not in found:
            found |= dict.fromkeys(family, _Steps(readers, {*program.ends}).given(family))
    became: dict[Node, Node] = {}

    def again(node: Node) -> Node:
        if node not in became:  # a view that is new
            became[node] = with_inputs(node, tuple(map(again, node.inputs)))
        return became[node]

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        if node in found:
            body, given = found[node]
            attributes = {**node.attributes, "body": body}
            new = Node(node.primitive, tuple(map(again, given)), attributes, node.shape, node.dtype)
        became[node] = new
        return new

    return program.rebuild(visit)


@dataclass
class _Steps:
    """What the steps of a loop are given instead of what they scan: parts of it, of each step or of all."""

    readers: dict[Node, set[Node]]
    ends: Collection[Node]
    scanned: dict[tuple[Node, int], tuple[Node, Node]] = field(default_factory=dict)
    shared: dict[Node, tuple[Node, Node]] = field(default_factory=dict)
    made: set[Node] = field(default_factory=set)
    name: str = ""  # of what the body knows what is being made as

    def given(self, family: list[Node]) -> tuple[ClosedGraph, tuple[Node, ...]]:
        """Return a body that makes what it can, and what its loop is given."""
        node = family[0]
        body, carried = node.attributes["body"], node.attributes["carried"]
        count, users = len(body.inputs), set(family)
        scanned = zip(body.inputs[carried:], node.inputs[carried:count], strict=True)
        now: dict[Hashable, Node] = {}
        for leaf, x in scanned:
            self.name = leaf.name
            now[leaf_key(leaf)] = self.step_of(x, 0, users)

        def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
            of_made = n.primitive is pick and inputs[0] in self.made
            if of_made and all(isinstance(at, tuple) for at in n.attributes["index"]):
                return self.sliced(inputs[0], n.attributes["index"])
            return now[leaf_key(n)] if leaf_key(n) in now else with_inputs(n, inputs)

        outputs = rebuild(body.outputs, visit)
        leaves, xs = zip(*self.scanned.values(), strict=True) if self.scanned else ((), ())
        same, ys = zip(*self.shared.values(), strict=True) if self.shared else ((), ())
        new = ClosedGraph(
            (*body.inputs[:carried], *leaves),
            (*body.shared, *same),
            tuple([outputs[n] for n in body.outputs]),
        )
        return new, (*node.inputs[:carried], *xs, *node.inputs[count:], *ys)

    def step_of(self, x: Node, axis: int, users: set[Node]) -> Node:
        """Return what x is in a step, where the steps lie along an axis of it."""
        if x not in self.ends and self.readers[x] <= users:
            if x.primitive is transpose:
                order = x.attributes["axes"]
                within = [a for i, a in enumerate(order) if i != axis]
                if within == sorted(within):
                    return self.step_of(x.inputs[0], order[axis], {x})
            elif x.primitive.name == "contract" and is_short(x):
                letter, sides = (
                    contraction(x.attributes["spec"]).out[axis],
                    x.attributes["spec"].split("->")[0],
                )
                along = [side.find(letter) for side in sides.split(",")]
                return self._made(x, along, axis, {"spec": x.attributes["spec"].replace(letter, "")})
            elif x.primitive.elementwise and x.inputs and x.primitive.work(x.attributes) <= CHEAP:
                return self._made(x, [axis - (x.ndim - y.ndim) for y in x.inputs], axis, x.attributes)
        if (x, axis) not in self.scanned:
            leaf = input(self.name, _without(x.shape, axis), x.dtype)
            first = (axis, *(a for a in range(x.ndim) if a != axis))
            self.scanned[x, axis] = leaf, apply("transpose", x, axes=first) if axis else x
        return self.scanned[x, axis][0]

    def _made(self, x: Node, along: Sequence[int], axis: int, attributes: Mapping[str, Any]) -> Node:
        """Return x in a step, made of what its inputs are there, which have the steps along these axes."""
        parts = tuple([self._part(y, a, x) for y, a in zip(x.inputs, along, strict=True)])
        found = Node(x.primitive, parts, dict(attributes), _without(x.shape, axis), x.dtype)
        self.made.add(found)
        return found

    def _part(self, y: Node, axis: int, user: Node) -> Node:
        """Return what an input is in a step, where steps lie along an axis, if it has that."""
        if axis >= 0 and y.shape[axis] != 1:
            return self.step_of(y, axis, {user})
        if y.primitive.name == "constant" and not y.shape:
            return y
        if y not in self.shared:
            same = apply("reshape", y, shape=_without(y.shape, axis)) if axis >= 0 else y
            self.shared[y] = input("same", same.shape, same.dtype), same
        return self.shared[y][0]

    def sliced(self, x: Node, index: Sequence[Any]) -> Node:
        """Return what is at an index of something that is made, made of what is there of its parts."""
        if x not in self.made:
            return sliced(x, index)
        if x.primitive.name == "contract":
            plan = contraction(x.attributes["spec"])
            at = dict(zip(plan.out, index, strict=True))
            places = [[at.get(k, FULL) for k in side] for side in (plan.left, plan.right)]
        else:
            places = [_aligned(y.shape, index[x.ndim - y.ndim :]) for y in x.inputs]
        parts = tuple([self.sliced(y, at) for y, at in zip(x.inputs, places, strict=True)])
        found = Node(x.primitive, parts, x.attributes, index_shape(x.shape, tuple(index)), x.dtype)
        self.made.add(found)
        return found


def _aligned(shape: Shape, index: Sequence[Any]) -> list[Any]:
    return [FULL if extent == 1 else at for extent, at in zip(shape, index, strict=True)]


def _without(shape: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
    return (*shape[:axis], *shape[axis + 1 :])
