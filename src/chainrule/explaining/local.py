"""One step and its own derivatives, read from the table: the rows' partials over symbols, then in numbers."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np

from chainrule.explaining.formula import ZERO, Formula, bracketed, written, written_in_numbers
from chainrule.explaining.tidy import tidy
from chainrule.graph import show
from chainrule.graph.closed import replaced
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, cast, constant, with_inputs
from chainrule.graph.walk import rebuild
from chainrule.transform.backprop import Gradient, grad
from chainrule.transform.simplify import simplify

Values = Mapping[Node, np.ndarray]


class Slope(NamedTuple):
    """∂step/∂input: in symbols, in numbers, as a value, and whether anything passes at all."""

    formula: Formula
    numbers: Formula
    value: float
    connected: bool


def in_symbols(expression: Node, digits: int = show.DIGITS) -> Formula:
    """Write an expression; one that is true or false stands in brackets."""
    return _bracketed_if_truth(expression, written(expression, digits))


def in_numbers(expression: Node, symbols: Values, digits: int = show.DIGITS) -> Formula:
    """Write an expression with the value of each symbol in its place, and every choice made."""
    numbers = _chosen(replaced([expression], _constants(symbols))[0], {})
    return _bracketed_if_truth(numbers, written_in_numbers(numbers, digits))


def _bracketed_if_truth(expression: Node, formula: Formula) -> Formula:
    while expression.primitive.unwritten:
        expression = expression.inputs[0]
    return bracketed(formula) if expression.dtype.kind == "b" and expression.inputs else formula


def smoothly_used(expression: Node) -> set[Node]:
    """Return the nodes that an expression uses as numbers, and not in a condition alone."""
    found: set[Node] = set()
    stack = [expression]
    while stack:
        node = stack.pop()
        if node.dtype.kind == "f" and node not in found:
            found.add(node)
            stack.extend(node.inputs)
    return found


def slopes(
    expression: Node, output: Node, wrt: Sequence[Node], symbols: Values, digits: int = show.DIGITS
) -> list[Slope]:
    """Differentiate a step by some of its symbols.

    Args:
        expression: The step, over symbols (inputs of the graph).
        output: The symbol of its own result, in which its partials may be written: a · (1 - a).
        wrt: Symbols.
        symbols: The value of every symbol, the output's too.
        digits: At which precision numbers are written.
    """
    numbers = _constants(symbols)
    given = {s: v for s, v in symbols.items() if s is not output}
    direct = _chosen(expression, given)
    one_operation = not any(x.inputs for x in direct.inputs)
    written_ways = [direct] if one_operation else [direct, simplify(direct)]
    result = []
    for as_written, *simplified in zip(*(_gradients(way, output, wrt) for way in written_ways), strict=True):
        if as_written is None:
            result.append(Slope(ZERO, ZERO, 0.0, False))
            continue
        (at_these_numbers,) = replaced([as_written], numbers)
        value = float(evaluate([at_these_numbers])[at_these_numbers])
        ways = [_as_product(g) for g in (as_written, *simplified) if g is not None]
        forms = [tidy(_chosen(g, symbols)) for g in ways]
        shortest = forms[0] if one_operation else min(forms, key=lambda g: len(show.text(g)))
        result.append(Slope(in_symbols(shortest, digits), in_numbers(shortest, symbols, digits), value, True))
    return result


def _constants(symbols: Values) -> dict[Node, Node]:
    return {s: constant(v, dtype=s.dtype) for s, v in symbols.items()}


def _chosen(expression: Node, given: Values) -> Node:
    """Make every choice: ``where`` becomes the branch that it takes."""
    values = evaluate([expression], given)

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n.primitive.name == "where":
            return cast(inputs[1] if values[n.inputs[0]] else inputs[2], n.dtype)
        return with_inputs(n, inputs)

    return rebuild([expression], visit)[expression]


def _as_product(slope: Node) -> Node:
    """Write a slope under a condition as a lecture does: (z > 0) · x for x where z > 0, else 0."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if (
            n.primitive.name == "where"
            and n.inputs[2].primitive.name == "constant"
            and not n.inputs[2].attributes["value"].any()
        ):
            return inputs[0] * inputs[1]
        return with_inputs(n, inputs)

    return rebuild([slope], visit)[slope]


def _gradients(expression: Node, output: Node, wrt: Sequence[Node]) -> list[Node | None]:
    """Return the derivative by each symbol, in terms of ``output``; None where no gradient arrives."""
    root = expression.named("the step itself")
    found: list[Node | None] = []
    for g in grad(root, list(wrt)):
        if not isinstance(g.meaning, Gradient):
            found.append(None)
            continue
        uses = [dx for _, dx in reversed(g.meaning.through)]  # in reading order
        found += replaced([reduce(add, uses) if uses else g], {root: output})
    return found
