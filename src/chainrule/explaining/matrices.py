"""From a graph of arrays to its explanation in matrix form: forward, and each gradient in terms of others."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.explaining import arrays
from chainrule.explaining.ending import ending
from chainrule.explaining.formula import Formula, derivative
from chainrule.explaining.gradients import Gradients, Slope, Told
from chainrule.explaining.matrix_steps import ArrayStep, MatrixExplanation
from chainrule.explaining.matrix_text import written
from chainrule.explaining.neat import lighter, neat, with_known_choices
from chainrule.explaining.notation import Notation
from chainrule.explaining.outline import Outline, Step, in_lecture_order, outline
from chainrule.explaining.unnamed import about, with_names
from chainrule.graph import shapes, show
from chainrule.graph.closed import replaced
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, as_node, broadcast, constant, input
from chainrule.graph.primitives.leaves import length
from chainrule.graph.primitives.linear import total
from chainrule.graph.primitives.products import contract
from chainrule.graph.walk import order
from chainrule.shown import in_a_row
from chainrule.transform.backprop import grad
from chainrule.transform.simplify import simplify_all

OF_EXAMPLES = (
    "{name} is a mean over {count} examples: {of_examples} {are} of each example's own loss, and the gradients "
    "of what is learned are their means."
)


@dataclass(frozen=True, eq=False)
class Reading:
    """An outline with a symbol for each step, the steps' formulas over symbols, and all that has a value."""

    told: Outline
    root: Step
    symbols: Mapping[Step, Node]
    formulas: Mapping[Step, Node]
    values: dict[Node, np.ndarray]  # of symbols, those of gradients too
    names: Mapping[Node, Formula]
    digits: int
    notation: Notation
    ones: dict[str, None] = field(default_factory=dict)  # what was found to be 1 for all examples

    def is_given(self, expression: Node) -> bool:
        """Say whether an expression is of inputs and constants alone."""
        leaves = {step: symbol for step, symbol in self.symbols.items() if step.node.primitive.leaf}
        given = {
            symbol for step, symbol in leaves.items() if "cell" not in step.node.attributes
        }  # is not learned
        return all(n in given or n.inputs or n.primitive.leaf == "known" for n in order([expression]))

    def shown(self, symbol: Node) -> np.ndarray:
        """Return the array that a symbol stands for, as it is shown."""
        return self.notation.value(symbol, self.values[symbol])

    def write(self, expression: Node) -> Formula:
        """Write a formula over symbols."""
        return written(expression, self.names.get, self.digits)

    def value(self, expression: Node) -> np.ndarray:
        """Compute a formula over symbols."""
        return evaluate([expression], self.values)[expression]


def explained(
    J: Node,
    wanted: Sequence[Node],
    feed: Mapping[Node, Any],
    asked: bool,
    digits: int = arrays.DIGITS,
    finely: bool = False,
    notation: Notation | None = None,
) -> MatrixExplanation:
    """Explain ``J``, a graph of arrays.

    Raises:
        ShapeError: If gradients of an array are asked for.

    Args:
        J: What is explained; of one that is an array the way forward alone.
        wanted: The nodes whose gradients are asked for.
        feed: A value for each input.
        asked: Whether somebody asked for them, and it was not that all variables are told.
        finely: Whether each activation is a step, too.
        digits: At which precision arrays are printed.
        notation: How they are written; by default as they are.
    """
    if J.shape and asked:
        raise ShapeError(
            f"Gradients are of one number, and {J.name or 'this node'} has shape {shapes.show(J.shape)}. Explain a "
            "number that is made of it, np.sum or np.mean; or leave wrt out, and its way forward is told."
        )
    run_of = {x: constant(v) for x, v in feed.items() if x.dtype.kind == "b" and not x.shape}
    (J, *wanted), nameless = with_names(with_known_choices(replaced([J, *wanted], run_of)), wanted)
    told = outline(J, wanted, finely)
    run = evaluate([J, *wanted, *[step.node for step in told.steps]], feed)
    end = ending(told, J, wanted, feed, run)
    if end is not None:
        of_end = explained(end.J, end.wanted, end.feed, False, digits, finely, notation)
        of_all = by_engine(J, wanted, feed, simplified=False) if wanted and not J.shape else []
        by_name = {told.of(w).name: g for w, g in zip(wanted, of_all, strict=False)}
        return dataclasses.replace(of_end, gradients=by_name, remarks=(end.remark, *of_end.remarks))
    steps = [step for step in told.steps if step.node in run]
    symbols = {step: input(step.name, step.node.shape, step.node.dtype) for step in steps}
    formulas: dict[Step, Node] = {}
    for step in [step for step in steps if step.node.inputs]:
        (formula,) = replaced([step.node], {x: symbols[told.of(x)] for x in step.inputs})
        formulas[step] = lighter(formula, formula.shape)
    values = {symbol: run[step.node] for step, symbol in symbols.items()}
    notation = notation or Notation()
    names: dict[Node, Formula] = {}
    reading = Reading(told, told.of(J), symbols, formulas, values, names, digits, notation)
    engine = by_engine(J, wanted, feed) if wanted and not J.shape else []
    gradients = Gradients(
        told,
        told.of(J),
        symbols,
        formulas,
        [told.of(w) for w in wanted],
        lambda g: len(reading.write(g).text),
        lambda count: count is not None and bool(reading.value(count) == 1),
    )
    for step, symbol in symbols.items():
        is_learned = step.node.primitive.name == "variable"
        named_symbols = [(symbol, ""), *[(s, "d") for s in [gradients.seeds.get(step)] if s is not None]]
        for known, before in named_symbols:
            notation.add(known, is_learned)
            names[known] = names[notation.shown[known][0]] = notation.name(step.name, before)
    found = gradients.found() if engine else []
    backward = []
    for each in found:
        backward.append(_gradient(each, reading, lambda u: by_engine(J, [u], feed)[0], gradients.count))
    return MatrixExplanation(
        reading.root.name,
        in_lecture_order([_given(step, reading) for step in _as_used(steps, told)]),
        tuple([_forward(step, reading) for step in formulas]),
        tuple([_slope(each, reading) for each in gradients.slopes()]) if engine else (),
        tuple(backward),
        {told.of(w).name: g for w, g in zip(wanted, engine, strict=False)},
        (*about(nameless), *_remarks(reading, gradients, found, wanted)),
    )


def by_engine(
    J: Node, wanted: Sequence[Node], feed: Mapping[Node, Any], simplified: bool = True
) -> list[np.ndarray]:
    """Return the gradients as they are found by themselves: all at once."""
    found = grad(J, list(wanted))
    found = simplify_all(found) if simplified else found
    run = evaluate(found, feed)
    return [run[g] for g in found]


def _as_used(steps: Sequence[Step], told: Outline) -> list[Step]:
    """Return the leaves, those first that are used first."""
    first: dict[Step, int] = {}
    for step in reversed(steps):
        first.update((x, step.level) for x in told.inputs(step))
    return sorted([step for step in steps if not step.node.inputs], key=lambda s: first.get(s, 0))


def _given(step: Step, reading: Reading) -> ArrayStep:
    value = reading.shown(reading.symbols[step])
    kind = step.node.primitive.name
    return ArrayStep(
        step.name,
        kind,
        None,
        None,
        value.shape,
        value,
        (),
        reading.names[reading.symbols[step]],
        reading.digits,
        False,
        step.node,
        None,
    )


def _forward(step: Step, reading: Reading) -> ArrayStep:
    symbol = reading.symbols[step]
    formula, value = reading.notation.of(symbol, reading.formulas[step]), reading.shown(symbol)
    inputs = tuple([x.name for x in reading.told.inputs(step)])
    return ArrayStep(
        step.name, "step", reading.write(formula), None, value.shape, value, inputs, reading.names[symbol],
        reading.digits, False, step.node, formula,
    )  # fmt: skip


def _gradient(
    told: Told, reading: Reading, engine: Callable[[Node], np.ndarray], count: Node | None
) -> ArrayStep:
    best = _with_ones(told.best, reading)
    value = reading.value(best)
    if not np.isfinite(value).all():  # 0 times infinity: what a guard in the graph decides
        value = engine(told.step.node) * (
            reading.value(count) if count is not None and told.of_examples else 1
        )
        value = value.astype(told.symbol.dtype)
    reading.values[told.symbol] = value
    value, formula, shown = reading.shown(told.symbol), told.formula, reading.notation.of(told.symbol, best)
    simple = None if told.simple is None and best is told.best else reading.write(shown)
    formula = reading.notation.of(told.symbol, formula)
    return ArrayStep(
        told.symbol.name, "gradient", reading.write(formula), simple, value.shape, value, _named(best),
        reading.names[told.symbol], reading.digits, told.of_examples, told.step.node, shown,
    )  # fmt: skip


def _with_ones(expression: Node, reading: Reading) -> Node:
    """Return an expression without the sums of given numbers that are 1 for all examples: one-hot rows of Y."""
    ones: dict[Node, Node] = {}
    for n in order([expression]):
        if n.primitive is total and reading.is_given(n) and (reading.value(n) == 1).all():
            ones[n] = broadcast(as_node(1.0, [n.dtype]), n.shape)
    if not ones:
        return expression
    reading.ones.update(dict.fromkeys([reading.write(n).text for n in ones]))
    (found,) = replaced([expression], ones)
    return neat(lighter(found, expression.shape), expression.shape)


def _slope(slope: Slope, reading: Reading) -> ArrayStep:
    symbol = derivative(slope.of.name, slope.wrt.name, partial=True)
    wrt = reading.symbols[slope.wrt]
    formula = reading.notation.of(wrt, slope.formula)
    value = reading.notation.value(wrt, reading.value(slope.formula))
    return ArrayStep(
        symbol.text, "derivative", reading.write(formula), None, value.shape, value, _named(slope.formula), symbol,
        reading.digits, False, slope.wrt.node, formula,
    )  # fmt: skip


def _named(expression: Node) -> tuple[str, ...]:
    return tuple([n.name for n in order([expression]) if n.primitive.name == "input"])


def _remarks(
    reading: Reading, gradients: Gradients, found: Sequence[Told], wanted: Sequence[Node]
) -> Iterable[str]:
    if reading.root.node.shape:
        yield f"{reading.root.name} is an array: gradients are told of one number, such as np.sum of it."
        return
    many = gradients.count is not None and reading.value(gradients.count) > 1
    of_examples = many and [reading.names[each.symbol].text for each in found if each.of_examples]
    if of_examples and gradients.count is not None:
        count = reading.value(gradients.count)
        yield OF_EXAMPLES.format(
            name=reading.root.name,
            count=show.number(count),
            of_examples=in_a_row(of_examples, 60),
            are="is" if len(of_examples) == 1 else "are",
        )
    for ones in reading.ones:
        yield f"{ones} is 1 for every example here, and is not written where it is a factor."
    reached = {each.step for each in found}
    for w in wanted:
        step = reading.told.of(w)
        if step not in reached and step is not reading.root:
            yield f"{reading.root.name} does not depend on {step.name}."
    rows = dict.fromkeys(n.primitive for formula in reading.formulas.values() for n in order([formula]))
    called = {contract: "matrix product"}
    said = [row for row in rows if row.note and not row.unwritten and row is not length]
    yield from [f"{called.get(row, row.name)}: {row.note}" for row in said]
