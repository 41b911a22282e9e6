"""The bodies of loops, taken through the stages that programs go through."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chainrule.engines.native.plan.views import View
from chainrule.graph.closed import ClosedGraph, Program, bodies, map_bodies
from chainrule.graph.node import Node, input, leaf_key, with_attributes, with_inputs
from chainrule.graph.shapes import Extent

Stage = Callable[[Program], Program]


def in_bodies(program: Program, stage: Stage) -> Program:
    """Return a program whose bodies went through a stage as programs do; results of one loop still share theirs."""
    if not any(map(bodies, program.nodes)):
        return program
    became: dict[ClosedGraph, ClosedGraph] = {}

    def within(body: ClosedGraph) -> ClosedGraph:
        if body not in became:
            found = stage(as_program(body, body.outputs))
            became[body] = ClosedGraph(body.inputs, body.shared, found.outputs)
        return became[body]

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        attributes = map_bodies(node.attributes, within)
        new = with_inputs(node, inputs)
        return new if attributes is node.attributes else with_attributes(new, attributes)

    return program.rebuild(visit)


def taken_once(program: Program) -> Program:
    """Return a program in which what a body returns twice for all steps is taken once."""

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        if node.primitive.results is None or node.attributes["take"] < node.attributes["carried"]:
            return new
        carried, outputs = node.attributes["carried"], node.attributes["body"].outputs
        first = carried + outputs[carried:].index(outputs[node.attributes["take"]])
        return with_attributes(new, {**node.attributes, "take": first})

    return program.rebuild(visit)


def lengths_given(program: Program) -> Program:
    """Return a program whose loops are told lengths of open axes: a step of some rows knows of no others."""
    asked: dict[tuple[Extent, Any], Node] = {}
    known: dict[ClosedGraph, tuple[ClosedGraph, tuple[Node, ...]]] = {}

    def told(body: ClosedGraph) -> tuple[ClosedGraph, tuple[Node, ...]]:
        """Return a body that is told its lengths, and these."""
        leaves: dict[tuple[Extent, Any], Node] = {}

        def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
            if node.primitive.name != "length":
                return with_inputs(node, inputs)
            key = node.attributes["extent"], node.dtype
            asked.setdefault(key, node)
            return leaves.setdefault(key, input(f"length of {key[0]}", (), node.dtype))

        outputs = as_program(body, body.outputs).rebuild(visit).outputs
        new = ClosedGraph(body.inputs, (*body.shared, *leaves.values()), outputs) if leaves else body
        return new, tuple([asked[key] for key in leaves])

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.primitive.results is None:
            return with_inputs(node, inputs)
        body = node.attributes["body"]
        if body not in known:
            known[body] = told(body)
        new, lengths = known[body]
        if not lengths:
            return with_inputs(node, inputs)
        attributes = {**node.attributes, "body": new}
        given = (*inputs, *lengths)
        return Node(node.primitive, given, attributes, node.shape, node.dtype, node.name, node.meaning)

    return program.rebuild(visit)


def leaf_views(body: ClosedGraph, carried: int, given: Sequence[View]) -> Mapping[Hashable, View]:
    """Return how what a step is given lies, by the keys of the leaves: a slice as what it is one of, less the time."""
    found = {}
    for number, (leaf, view) in enumerate(zip(body.given, given, strict=True)):
        if number >= carried:
            own = view.strides[1:] if number < len(body.inputs) else view.strides
            found[leaf_key(leaf)] = replace(view, base=leaf, shape=leaf.shape, strides=own, offset=())
    return found


def as_program(body: ClosedGraph, outputs: tuple[Node, ...]) -> Program:
    """Return what a body does for some outputs, as a program."""
    return Program(body.given, (), outputs, ())
