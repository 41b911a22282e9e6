"""An opened element as data: its sum in symbols, in numbers and as a value, and the terms of that sum."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from chainrule.explaining.arrays import DIGITS
from chainrule.explaining.formula import Formula, equation, named, number, powers_of_ten
from chainrule.explaining.matrix_text import template as of_matrices
from chainrule.explaining.opening import SUM, TERMS, At, Opened
from chainrule.explaining.steps import Told
from chainrule.graph import show
from chainrule.graph.node import Node, constant, input, with_inputs
from chainrule.graph.primitives.primitive import ADD
from chainrule.graph.walk import order, rebuild

MOST_WRITTEN = 4  # terms of a sum that is written in numbers
MOST_KEPT = 100  # terms of a sum


@dataclass(frozen=True, repr=False)
class Term(Told):
    """One term of an opened sum.

    Attributes:
        formula: It in symbols, at its place: ``X[3,0] · dZ1[3,2]``.
        numbers: It in numbers.
        value: What it comes to.
        digits: At which precision numbers are written.
        called: How the array's name is written, where that is not as it is.

    >>> X, W = cr.constant([[1.0, 2.0], [3.0, 4.0]], "X"), cr.variable([[0.5], [0.25]], "W")
    >>> told = cr.explain(np.sum((X @ W).named("Z") ** 2).named("J"))
    >>> print(told.element("Z", (1, 0)).terms[0])
    X[1,0] · W[0,0] = 3 × 0.5 = 1.5
    """

    formula: Formula
    numbers: Formula
    value: float
    digits: int = field(default=DIGITS, repr=False)

    @property
    def line(self) -> Formula:
        """``X[3,0] · dZ1[3,2] = 0.5 × 0.1 = 0.05``."""
        return equation(self.formula, self.numbers, number(self.value, self.digits))


@dataclass(frozen=True, repr=False)
class Element(Told):
    """One element of an array, opened into its sum.

    Attributes:
        name: What it is called: ``dW1[0,2]``.
        formula: The sum in symbols.
        numbers: It in numbers, of a long one the ends.
        value: What it comes to.
        terms: The terms of its outermost sum, in order; of a sum of many the first and the last.
        number_of_terms: How many there are.
        digits: At which precision numbers are written.
        called: How the array's name is written, where that is not as it is.

    >>> X, W = cr.constant([[1.0, 2.0], [3.0, 4.0]], "X"), cr.variable([[0.5], [0.25]], "W")
    >>> told = cr.explain(np.sum((X @ W).named("Z") ** 2).named("J"))
    >>> print(told.element("Z", (1, 0)))
    Z[1,0] = Σ_i X[1,i] · W[i,0] = 3 × 0.5 + 4 × 0.25 = 2.5
    """

    name: str
    formula: Formula
    numbers: Formula
    value: float
    terms: tuple[Term, ...]
    number_of_terms: int
    digits: int = field(default=DIGITS, repr=False)
    called: Formula | None = field(default=None, repr=False)

    @property
    def line(self) -> Formula:
        """``dW1[0,2] = Σ_i X[i,0] · dZ1[i,2] / m = (0.5 × 0.1 + ...) / 4 = 0.0123``."""
        return equation(
            named_at(self.name, self.called), self.formula, self.numbers, number(self.value, self.digits)
        )


def named_at(name: str, called: Formula | None = None) -> Formula:
    """Write a name with its index; ``called`` is how it is written without one, where that is not as it is."""
    stem, bracket, rest = name.partition("[")
    if called is not None:
        return Formula(f"{called.text}{bracket}{rest}", f"{called.latex}{bracket}{rest}")
    latex = f"d{named(stem[1:]).latex}" if stem[:1] == "d" and len(stem) > 1 else named(stem).latex
    return Formula(name, f"{latex}{bracket}{rest}")


def element_of(
    name: str,
    expression: Node,
    index: Sequence[int],
    values: Mapping[Node, np.ndarray],
    digits: int,
    names: Mapping[str, Formula] | None = None,
) -> Element:
    """Return one element of an expression over symbols.

    Args:
        name: What the array is called.
        expression: What it is, over inputs.
        index: The place, a whole number for each axis.
        values: Those of the inputs.
        digits: At which precision numbers are written.
        names: How the name of each array is written, where that is not as it is.
    """
    found = Opened(expression, values)
    found.names = names or {}
    formula = found.open(expression, tuple([At(i) for i in index]))
    place = ",".join(map(str, index))
    sums = [n for n in reversed(order([formula])) if n.primitive in (SUM, TERMS)]
    many = _count(sums[0]) if sums else 0
    whole, value = float(found.run[expression][tuple(index)]), float(found.value(formula))
    value = value if np.isfinite(value) else whole  # exp(1000) / exp(1000) is 1, and computed otherwise
    return Element(
        f"{name}[{place}]" if index else name,
        _written(formula, found, digits),
        _in_numbers(formula, found, digits),
        value,
        tuple([_term(each, found, digits) for each in _terms(sums[0], found, MOST_KEPT)]) if sums else (),
        many,
        digits,
        found.names.get(name),
    )


def itself(
    name: str, index: Sequence[int], array: np.ndarray, digits: int, called: Formula | None = None
) -> Element:
    """Return an element of an array that is given: a number, and made of nothing."""
    value = float(array[tuple(index)])
    at = f"{name}[{','.join(map(str, index))}]" if index else name
    return Element(at, named_at(at, called), number(value, digits), value, (), 0, digits, called)


def _count(n: Node) -> int:
    return int(np.prod([k for _, k in n.attributes["over"]])) if n.primitive is SUM else len(n.inputs)


def _terms(n: Node, found: Opened, most: int) -> Iterator[Node]:
    """Yield the terms of a sum, each at its place, of many the first and the last."""
    count = _count(n)
    places = range(count) if count <= most else chain(range(most // 2), range(count - most // 2, count))
    for place in places:
        if n.primitive is TERMS:
            yield n.inputs[place]
        else:
            names, lengths = zip(*n.attributes["over"], strict=True)
            at = dict(zip(names, map(int, np.unravel_index(place, lengths)), strict=True))
            yield _at(n.inputs[0], found, at)


def _at(formula: Node, found: Opened, letters: Mapping[str, int]) -> Node:
    """Return a formula with numbers in the place of some letters."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n not in found.places:
            return with_inputs(n, inputs)
        array, index = found.places[n]
        left = tuple([_with(at, letters) for at in index])
        stem = n.name.partition("[")[0]
        symbol = input(f"{stem}[{','.join(map(str, left))}]" if left else stem, (), n.dtype)
        found.places[symbol] = array, left
        return symbol

    return rebuild([formula], visit)[formula]


def _with(at: At, letters: Mapping[str, int]) -> At:
    known = sum(by * letters[name] for name, by in at.letters if name in letters)
    return At(at.number + known, tuple([each for each in at.letters if each[0] not in letters]))


def _term(formula: Node, found: Opened, digits: int) -> Term:
    symbols, numbers = _written(formula, found, digits), _in_numbers(formula, found, digits)
    return Term(symbols, numbers, float(found.value(formula)), digits)


def _in_numbers(formula: Node, found: Opened, digits: int) -> Formula:
    """Write a formula with numbers in the place of symbols, and of a long sum the ends."""
    sums = [n for n in order([formula]) if n.primitive is SUM]
    became: dict[Node, Node] = {}
    for n in order([formula], stop=sums):
        if n.primitive is SUM:
            some = [_numbers(each, found) for each in _terms(n, found, MOST_WRITTEN)]
            became[n] = Node(TERMS, tuple(some), {"left": _count(n) - len(some)}, (), n.dtype)
        elif n.primitive is TERMS:
            became[n] = _ends(n, [became[x] for x in n.inputs])
        elif n in found.places:
            became[n] = _numbers(n, found)
        else:
            became[n] = with_inputs(n, tuple([became[x] for x in n.inputs]))
    written = _written(became[formula], found, digits)
    return Formula(written.text.replace(" · ", " × "), written.latex.replace(r" \cdot ", r" \times "))


def _ends(n: Node, terms: Sequence[Node]) -> Node:
    """Return a sum of terms, of which those in the middle are left out where they are many."""
    left = max(len(terms) - MOST_WRITTEN, 0)
    kept = [*terms[: MOST_WRITTEN // 2], *terms[-(MOST_WRITTEN // 2) :]] if left else terms
    return Node(TERMS, tuple(kept), {"left": left}, (), n.dtype)


def _shortened(n: Node, inputs: tuple[Node, ...]) -> Node:
    return _ends(n, inputs) if n.primitive is TERMS and not n.attributes else with_inputs(n, inputs)


def _numbers(formula: Node, found: Opened) -> Node:
    """Return a formula with numbers in the place of its symbols and of its sums."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        if n in found.places or n.primitive in (SUM, TERMS) or n.primitive.name == "length":
            return constant(float(found.value(n)), dtype=n.dtype)
        return with_inputs(n, inputs)

    ends = [n for n in order([formula]) if n.primitive is SUM]
    return rebuild([formula], visit, stop=ends)[formula]


def _written(formula: Node, found: Opened, digits: int) -> Formula:
    formula = rebuild([formula], _shortened)[formula]
    names = {
        n: named_at(n.name, found.names.get(n.name.partition("[")[0]))
        for n in order([formula])
        if n in found.places
    }

    def of(way: str) -> Any:
        return lambda n: show.Written(getattr(names[n], way)) if n in names else ""

    text = show.text(formula, name=of("text"), template=_template, digits=digits)
    latex = show.text(formula, latex=True, name=of("latex"), template=_template, digits=digits)
    return Formula(text, powers_of_ten(latex))


def _template(n: Node) -> show.Template | None:
    if n.primitive is not TERMS:
        return of_matrices(n)
    parts = [f"{{{i}}}" for i in range(len(n.inputs))]
    if n.attributes.get("left"):
        parts.insert(len(parts) // 2, "…")
    text = " + ".join(parts)
    return show.Template("terms", text, text.replace("…", r"\ldots"), ADD, (ADD,) * len(n.inputs))
