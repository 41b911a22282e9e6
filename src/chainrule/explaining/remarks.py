"""What is worth a remark at a step: the branch that was taken, the kink that was hit. Read off the rows."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.explaining.steps import Derivative, ForwardStep
from chainrule.graph import show
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node
from chainrule.graph.walk import order

NODE_BY_NODE = "the derivatives are told node by node, which counts every path all the same."


def remarks(expression: Node, symbols: Mapping[Node, np.ndarray]) -> Iterator[str]:
    """Yield one sentence for each choice and each kink in a step, given the value of every symbol."""
    values = evaluate([expression], symbols)
    with np.errstate(all="ignore"):
        for n in order([expression]):
            inputs = [values[x] for x in n.inputs]
            moving = dict.fromkeys(x for x in n.inputs if x.primitive.name != "constant")  # b once in b / b
            at = ", ".join(f"{show.text(x)} = {show.array(values[x])}" for x in moving)
            if n.inputs and np.isnan([values[expression], values[n]]).all() and not np.isnan(inputs).any():
                yield f"{show.text(n)} has no value at {at}" if at else f"{show.text(n)} has no value"
            if not n.primitive.kink or n.primitive.partials is None:
                continue
            taken = _taken(n, inputs)
            if taken is not None:
                chosen = n.inputs[taken]
                equals = "" if chosen.primitive.name == "constant" else f" = {show.array(values[chosen])}"
                yield f"{show.text(n)} takes {show.text(chosen)}{equals}: the gradient flows there alone"
            elif all(p is None for p in _partials(n, inputs)):
                yield f"{show.text(n)}: its derivative is {n.primitive.kink}"
            elif _at_kink(n, inputs):
                yield f"{show.text(n)} is at its kink ({at}); the convention for its derivative: {n.primitive.kink}"


def all_remarks(
    name: str,
    refusal: str,
    forward: Iterable[ForwardStep],
    derivatives: Iterable[Derivative],
    run: Mapping[Node, Any],
    formulas: Iterable[Node],
) -> tuple[str, ...]:
    """Return every remark, each once: on steps, on derivatives, and what the rows say of themselves."""
    found = [refusal] if refusal else []
    found += [f"{step.name}: {remark}" for step in forward for remark in step.remarks]
    for each in derivatives:
        if each.number_of_paths > 1 and not each.paths:
            found.append(f"{each.number_of_paths:,} paths lead from {name} to {each.wrt}; {NODE_BY_NODE}")
        elif each.number_of_paths and not each.paths:
            found.append(f"The path from {name} to {each.wrt} is long; {NODE_BY_NODE}")
        elif not each.number_of_paths and each.node in run:
            found.append(f"{name} depends on {each.wrt} through conditions only, whose derivative is 0.")
        elif not each.number_of_paths:
            found.append(f"{name} does not depend on {each.wrt}.")
    rows = dict.fromkeys(n.primitive for formula in formulas for n in order([formula]))
    found += [f"{row.name}: {row.note}" for row in rows if row.note and not row.unwritten]
    return tuple(dict.fromkeys(found))


def _partials(n: Node, inputs: list[np.ndarray]) -> list[Any]:
    assert n.primitive.partials is not None  # noqa: S101 -- the caller has looked
    return list(n.primitive.partials(n.primitive.forward(*inputs, **n.attributes), *inputs, **n.attributes))


def _taken(n: Node, inputs: list[np.ndarray]) -> int | None:
    """Return the input that a choice between several passes on: its partial is 1 and all others are 0."""
    partials = _partials(n, inputs)
    among = [i for i, p in enumerate(partials) if p is not None]
    chosen = [i for i in among if float(partials[i]) == 1]
    refused = [i for i in among if float(partials[i]) == 0]
    return chosen[0] if len(chosen) == 1 and len(refused) == len(among) - 1 > 0 else None


def _at_kink(n: Node, inputs: list[np.ndarray]) -> bool:
    """Tell whether the derivative jumps here: just below and just above it differs."""
    for i, x in enumerate(inputs):
        if x.dtype.kind != "f":
            continue
        sides = []
        for towards in (-np.inf, np.inf):
            beside = [np.nextafter(v, v.dtype.type(towards)) if j == i else v for j, v in enumerate(inputs)]
            sides.append([0.0 if p is None else float(p) for p in _partials(n, beside)])
        if not np.allclose(sides[0], sides[1], rtol=1e-6, atol=0, equal_nan=True):
            return True
    return False
