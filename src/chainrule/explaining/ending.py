"""Graphs of more steps than anybody reads: the last of them are told, and what these start from is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explaining.outline import Outline
from chainrule.graph.node import Node, input, leaf_key, with_inputs
from chainrule.graph.walk import order, rebuild
from chainrule.shown import in_a_row

MOST_TOLD = 100  # computed steps


@dataclass(frozen=True, eq=False)
class Ending:
    """The end of a graph, as a graph of its own.

    Attributes:
        J: What is explained.
        wanted: What gradients are told by: what was asked for and is used in the end alone, and where the end begins.
        feed: A value for each of its inputs.
        remark: What is said of what is left out.
    """

    J: Node
    wanted: list[Node]
    feed: dict[Node, Any]
    remark: str


def ending(
    told: Outline, J: Node, wanted: Sequence[Node], feed: Mapping[Node, Any], run: Mapping[Node, np.ndarray]
) -> Ending | None:
    """Return the end of a graph of too many steps, those nearest to J; None where all of them are told.

    Args:
        told: All steps.
        J: What is explained.
        wanted: What gradients are asked for by.
        feed: A value for each input.
        run: A value for each node that is a step.
    """
    computed = sorted([step for step in told.steps if step.node.inputs], key=lambda s: -s.level)
    if len(computed) <= MOST_TOLD:
        return None
    last, before = computed[:MOST_TOLD], computed[MOST_TOLD:]  # what uses one of the last is one of them
    is_before, used_before = set(before), {x for step in before for x in told.inputs(step)}
    begins = {
        x.node: input(x.name, x.node.shape, x.node.dtype)
        for x in dict.fromkeys([x for step in last for x in told.inputs(step)])
        if x in is_before
    }
    names = {step.node: step.name for step in last}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node in begins:
            return begins[node]
        new = with_inputs(node, inputs)
        return new.named(names[node]) if node in names else new

    became = rebuild([J, *wanted], visit, stop=begins)
    asked = [w for w in wanted if told.of(w) not in used_before and told.of(w) not in is_before]
    others = [told.of(w).name for w in wanted if w not in asked]
    firsts = [
        new for node, new in begins.items() if node.dtype.kind == "f" and told.of(node) not in used_before
    ]
    values = {leaf_key(x): v for x, v in feed.items()}
    kept = {x: values[leaf_key(x)] for x in order([became[J]]) if leaf_key(x) in values}
    kept |= {new: run[node] for node, new in begins.items()}
    remark = (
        f"{told.of(J).name} takes {len(computed):,} steps: the last {MOST_TOLD} are told, and what they start from is "
        'given. Name the steps that matter, .named("u"), and what lies between them is one step each.'
    )
    if others and not J.shape:
        remark += f" The gradients by {in_a_row(others, 60)} come from further back: .gradients has them."
    return Ending(became[J], [became[w] for w in asked] + (firsts if wanted else []), kept, remark)
