"""Labels are classes: those that a program is given are looked at before it runs, those it makes as it makes them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.engines.native.plan.bodies import in_bodies
from chainrule.engines.native.plan.views import is_view
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, leaf_key, with_inputs
from chainrule.graph.primitives.indexing import check_labels, one_hot
from chainrule.graph.primitives.primitive import Primitive, like_first


def _label(x: np.ndarray, classes: int) -> np.ndarray:
    check_labels(x, classes)
    return x


# The plan's own: labels as they are, of which those that are no class are reported.
LABEL = Primitive(
    name="label", text="label({0}, {classes})", forward=_label, attributes=None,
    shape=lambda x, classes: x, dtype=like_first, elementwise=True, mixes="",
    no_derivative="It is made after all gradients.",
)  # fmt: skip


def labels_given(program: Program) -> Iterator[tuple[int, int]]:
    """Yield which inputs are labels, and of how many classes."""
    given = {leaf_key(x): i for i, x in enumerate(program.inputs)}
    for node in program.nodes:
        if node.primitive is one_hot and (source := _all_of(node)) in given:
            yield given[source], node.attributes["classes"]


def labels_reported(program: Program) -> Program:
    """Return a program that reports labels it is not given and that are no class: ``one_hot`` takes any number."""
    given = {leaf_key(x) for x in program.inputs}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.primitive is one_hot and _all_of(node) not in given:
            (x,), attributes = inputs, {"classes": node.attributes["classes"]}
            inputs = (Node(LABEL, (x,), attributes, x.shape, x.dtype),)
        return with_inputs(node, inputs)

    return in_bodies(program, _all_reported).rebuild(visit)


def _all_reported(body: Program) -> Program:
    """Return a step that reports all of its labels: what a loop is given may be computed."""
    return labels_reported(replace(body, inputs=()))


def _all_of(node: Node) -> Any:
    """Return the key of what the labels are, read in whatever order but all of it."""
    x = node.inputs[0]
    while is_view(x) and not x.primitive.leaves_out:
        x = x.inputs[0]
    return leaf_key(x)
