"""An explanation as data: frozen steps that hold what they say in symbols, in numbers and as a value.

``str()`` of any of them is the line that a teacher would write.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.explaining.formula import (
    ONE,
    ZERO,
    Formula,
    equation,
    listed,
    named,
    number,
    product,
    product_of_numbers,
    total,
    words,
)
from chainrule.explaining.mathml import mathml
from chainrule.friendly import Friendly
from chainrule.graph.node import Node
from chainrule.graph.show import DIGITS
from chainrule.shown import brief, cut, screen

ON_A_LINE = 10  # given numbers


class Told:
    """What is told in one line."""

    __repr__ = brief

    @property
    def line(self) -> Formula:
        """The line that a teacher would write."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.line.text


@dataclass(frozen=True, repr=False)
class Given(Told):
    """A number that the graph starts from: a variable, an input or a named constant.

    Attributes:
        name: What it is called.
        kind: "variable", "input" or "constant".
        value: The number.
        node: The leaf.
        digits: At which precision numbers are written.

    >>> w = cr.variable(2.0, "w")
    >>> told = cr.explain(((3 * w) ** 2).named("J"))
    >>> print(told.given[0])
    w = 2
    """

    name: str
    kind: str
    value: float
    node: Node = field(repr=False)
    digits: int = field(default=DIGITS, repr=False)

    @property
    def line(self) -> Formula:
        """``a = 5``."""
        return equation(named(self.name), number(self.value, self.digits))


@dataclass(frozen=True, repr=False)
class ForwardStep(Told):
    """One step forward: ``u = b · c = 3 × 2 = 6``.

    Attributes:
        name: What the step is called, or t1, t2 ...
        inputs: The names of what it is computed from.
        formula: The step in symbols.
        numbers: The step in numbers.
        value: What it comes to.
        remarks: Which branch was taken, which kink was hit.
        node: The node it ends in.
        digits: At which precision numbers are written.

    >>> w = cr.variable(2.0, "w")
    >>> told = cr.explain(((3 * w) ** 2).named("J"))
    >>> print(told.forward[0])
    t1 = 3 · w = 3 × 2 = 6
    """

    name: str
    inputs: tuple[str, ...]
    formula: Formula
    numbers: Formula
    value: float
    remarks: tuple[str, ...]
    node: Node = field(repr=False)
    digits: int = field(default=DIGITS, repr=False)

    @property
    def line(self) -> Formula:
        """The step in symbols, in numbers, and its value."""
        return equation(named(self.name), self.formula, self.numbers, number(self.value, self.digits))


@dataclass(frozen=True, repr=False)
class LocalDerivative(Told):
    """The derivative of one step by one of its own inputs: ``du/dc = b = 3``.

    Attributes:
        of: The name of the step.
        wrt: The name of its input.
        symbol: How the derivative is written: ``du/dc``.
        formula: What it is, in symbols.
        numbers: In numbers.
        value: What it comes to.
        connected: False where nothing at all passes: a branch that was not taken, a stopped gradient. A product that it
            stands in is then exactly 0, even where another factor is infinite.
        digits: At which precision numbers are written.

    >>> w = cr.variable(2.0, "w")
    >>> told = cr.explain(((3 * w) ** 2).named("J"))
    >>> print(told.local[0])
    dJ/dt1 = 2 · t1 = 2 × 6 = 12
    """

    of: str
    wrt: str
    symbol: Formula
    formula: Formula
    numbers: Formula
    value: float
    connected: bool
    digits: int = field(default=DIGITS, repr=False)

    @property
    def line(self) -> Formula:
        """The derivative in symbols, in numbers, and its value."""
        return equation(self.symbol, self.formula, self.numbers, number(self.value, self.digits))


@dataclass(frozen=True, repr=False)
class Path(Told):
    """One way from J back to a node: its factors, from J on, and their product.

    Attributes:
        factors: The derivatives along the way, from J on.
        product: What they come to, multiplied.

    >>> w = cr.variable(2.0, "w")
    >>> told = cr.explain(((3 * w) ** 2).named("J"))
    >>> print(told.derivatives[0].paths[0])
    dJ/dt1 · dt1/dw = 12 × 3 = 36
    """

    factors: tuple[LocalDerivative, ...]
    product: float

    @property
    def line(self) -> Formula:
        """``dJ/dv · dv/du · du/dc = 3 × 1 × 3 = 9``."""
        if not self.factors:
            return ONE  # from J to J
        if len(self.factors) == 1:
            return self.factors[0].line
        symbols = product([f.symbol for f in self.factors])
        digits = self.factors[0].digits
        numbers = product_of_numbers([f.value for f in self.factors], digits)
        return equation(symbols, numbers, number(self.product, digits))


@dataclass(frozen=True, repr=False)
class Derivative:
    """The derivative of J by one node: the sum, over every path between them, of the path's product.

    Attributes:
        name: ``dJ/dc``.
        wrt: ``c``.
        number_of_paths: How many ways lead from J to c.
        paths: Each of them; none where they are too many or too long to be told.
        value: The sum.
        gradient: What :func:`grad` finds by itself.
        node: c itself.
        digits: At which precision numbers are written.

    >>> w = cr.variable(2.0, "w")
    >>> told = cr.explain(((3 * w) ** 2).named("J"))
    >>> print(told.derivatives[0])
    dJ/dw = dJ/dt1 · dt1/dw = 12 × 3 = 36
    """

    name: Formula
    wrt: str
    number_of_paths: int
    paths: tuple[Path, ...]
    value: float
    gradient: float
    node: Node = field(repr=False)
    digits: int = field(default=DIGITS, repr=False)

    __repr__ = brief

    @property
    def lines(self) -> tuple[Formula, ...]:
        """One line where there is one path; else one for each path, and the sum."""
        if not self.number_of_paths:
            return (equation(self.name, ZERO),)
        if not self.paths:
            return (equation(self.name, number(self.value, self.digits)),)
        if len(self.paths) == 1:
            path = self.paths[0]
            sides = (path.line,) if len(path.factors) == 1 else (self.name, path.line)
            return (equation(*sides),)
        heading = words(f", along {len(self.paths)} paths:")
        terms = [number(path.product, self.digits) for path in self.paths]
        return (
            Formula(self.name.text + heading.text, self.name.latex + heading.latex),
            *(Formula(f"  {path.line}", rf"\quad {path.line.latex}") for path in self.paths),
            equation(self.name, total(terms), number(self.value, self.digits)),
        )

    def __str__(self) -> str:
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, repr=False)
class Use:
    """What one use of a node contributes to its derivative: ``dJ/db · db/da = 2 × 3 = 6``.

    Attributes:
        upstream: dJ/db, known from the step before; None where J itself is the user.
        upstream_value: What that is.
        local: db/da.
        product: Both, multiplied.

    >>> w = cr.variable(2.0, "w")
    >>> told = cr.explain(((3 * w) ** 2).named("J"))
    >>> use = told.backward[-1].uses[0]
    >>> print(use.symbols, "=", use.numbers, "=", use.product)
    dJ/dt1 · dt1/dw = 12 × 3 = 36.0
    """

    upstream: Formula | None
    upstream_value: float
    local: LocalDerivative
    product: float

    __repr__ = brief

    @property
    def symbols(self) -> Formula:
        """``dJ/db · db/da``."""
        return product([self.upstream, self.local.symbol]) if self.upstream else self.local.symbol

    @property
    def numbers(self) -> Formula:
        """``2 × 3``."""
        return product_of_numbers(
            [self.upstream_value, self.local.value][self.upstream is None :], self.local.digits
        )


@dataclass(frozen=True, repr=False)
class BackwardStep(Told):
    """One step backward: ``dJ/da = dJ/db · db/da + dJ/dc · dc/da``, the sum over the uses of a.

    Attributes:
        name: ``dJ/da``.
        wrt: ``a``.
        uses: What each use of a contributes.
        value: The sum.
        connected: False where nothing arrives from J at all, see :class:`LocalDerivative`.

    >>> w = cr.variable(2.0, "w")
    >>> told = cr.explain(((3 * w) ** 2).named("J"))
    >>> for step in told.backward:
    ...     print(step)
    dJ/dt1 = 2 · t1 = 2 × 6 = 12
    dJ/dw = dJ/dt1 · dt1/dw = 12 × 3 = 36
    """

    name: Formula
    wrt: str
    uses: tuple[Use, ...]
    value: float
    connected: bool

    @property
    def line(self) -> Formula:
        """The sum in symbols, in numbers, and its value."""
        value = number(self.value, self.uses[0].local.digits)
        if len(self.uses) == 1 and self.uses[0].upstream is None:
            local = self.uses[0].local
            return equation(self.name, local.formula, local.numbers, value)
        symbols = total([use.symbols for use in self.uses])
        return equation(self.name, symbols, total([use.numbers for use in self.uses]), value)


class Sectioned(Friendly):
    """What is told in sections, each a title and lines: printed, in LaTeX, in MathML and as plain data."""

    remarks: tuple[str, ...]

    def sections(self) -> list[tuple[str, list[Formula]]]:
        """Return what is printed: titles, and the lines below them."""
        raise NotImplementedError

    def __str__(self) -> str:
        blocks = []
        for title, lines in self.sections():
            indented = ["  " + line for each in lines for line in each.text.splitlines()]
            blocks.append("\n".join([title, *indented]))
        if self.remarks:
            blocks.append("\n".join(["Remarks", *[f"  {remark}" for remark in self.remarks]]))
        return "\n\n".join(blocks)

    def __repr__(self) -> str:
        return "\n".join(screen([cut(line) for line in str(self).splitlines()]))

    @public
    def latex(self) -> str:
        r"""Return all lines as one ``aligned`` block of LaTeX, without dollar signs.

        >>> w = cr.variable(2.0, "w")
        >>> print(cr.explain((w**2).named("J")).latex())
        \begin{aligned}
        w &= 2 \\
        J &= {w}^{2} = {2}^{2} = 4 \\
        \frac{dJ}{dw} &= 2 \cdot w = 2 \times 2 = 4
        \end{aligned}
        """
        return aligned([line for _, lines in self.sections() for line in lines])

    @public
    def mathml(self) -> str:
        """Return all lines as one element of MathML, which browsers set by themselves.

        >>> w = cr.variable(2.0, "w")
        >>> cr.explain((w**2).named("J")).mathml()[:60]
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mrow><mtab'
        """
        return mathml(self.latex())

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    def _repr_markdown_(self) -> str:
        blocks = [f"**{title}**\n\n$${aligned(lines)}$$" for title, lines in self.sections()]
        if self.remarks:
            blocks.append("**Remarks**\n\n" + "\n".join(f"- {remark}" for remark in self.remarks))
        return "\n\n".join(blocks)

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return it as dictionaries, lists, text and numbers; what JSON cannot write (inf, nan) as text.

        >>> w = cr.variable(2.0, "w")
        >>> told = cr.explain((w**2).named("J")).to_dict()
        >>> list(told), told["forward"][0]["value"]
        (['name', 'given', 'forward', 'local', 'derivatives', 'backward', 'remarks'], 4.0)
        """
        return plain(self)


@dataclass(frozen=True, repr=False)
class Explanation(Sectioned):
    """A scalar graph, told: forward step by step, then the chain rule. Print it, or read its parts.

    Attributes:
        name: What J is called.
        given: The numbers it starts from.
        forward: Every step, inputs before what uses them.
        local: The derivative of each step by each of its own inputs, where a path to ``wrt`` runs through it.
        derivatives: For each node asked for, the chain rule along every path.
        backward: The same node by node, from J on: always there, and linear in the size of the graph.
        remarks: Branches taken, kinks hit, what the rows of the table say of themselves.

    >>> w, x = cr.variable(2.0, "w"), cr.constant(3.0, "x")
    >>> print(cr.explain(((w * x - 1) ** 2).named("J")))
    Given
      w = 2
      x = 3
    <BLANKLINE>
    Forward, step by step
      t1 = w · x = 2 × 3 = 6
      t2 = t1 - 1 = 6 - 1 = 5
      J = t2^2 = 5^2 = 25
    <BLANKLINE>
    Each step by its own inputs
      dJ/dt2 = 2 · t2 = 2 × 5 = 10
      dt2/dt1 = 1
      dt1/dw = x = 3
    <BLANKLINE>
    The chain rule: the product along a path, the sum over paths
      dJ/dw = dJ/dt2 · dt2/dt1 · dt1/dw = 10 × 1 × 3 = 30
    <BLANKLINE>
    Remarks
      multiply: each factor's gradient is scaled by the other factor
    """

    name: str
    given: tuple[Given, ...]
    forward: tuple[ForwardStep, ...]
    local: tuple[LocalDerivative, ...]
    derivatives: tuple[Derivative, ...]
    backward: tuple[BackwardStep, ...]
    remarks: tuple[str, ...]

    @public
    def sections(self) -> list[tuple[str, list[Formula]]]:
        """Return what is printed: titles, and the lines below them.

        >>> w = cr.variable(2.0, "w")
        >>> for title, lines in cr.explain((w**2).named("J")).sections():
        ...     print(title, [line.text for line in lines])
        Given ['w = 2']
        Forward, step by step ['J = w^2 = 2^2 = 4']
        The chain rule: the product along a path, the sum over paths ['dJ/dw = 2 · w = 2 × 2 = 4']
        """
        chain = [line for each in self.derivatives for line in each.lines]
        told = {line.text for line in chain}
        by_paths = all(each.paths or not each.number_of_paths for each in self.derivatives)
        sections = [
            ("Given", self._given_lines()),
            ("Forward, step by step", [step.line for step in self.forward]),
            ("Each step by its own inputs", [d.line for d in self.local if d.line.text not in told]),
            (
                "Backward, node by node: the sum over the uses of each",
                [] if by_paths else [step.line for step in self.backward],
            ),
            ("The chain rule: the product along a path, the sum over paths", chain),
        ]
        return [(title, lines) for title, lines in sections if lines]

    def _given_lines(self) -> list[Formula]:
        rows = [
            [g.line for g in self.given if g.kind == kind]
            for kind in dict.fromkeys(g.kind for g in self.given)
        ]
        return [listed(row[i : i + ON_A_LINE]) for row in rows for i in range(0, len(row), ON_A_LINE)]

    _repr_html_ = Door()


def aligned(lines: list[Formula]) -> str:
    """Write lines below each other, aligned at their first sign of equality."""
    rows = " \\\\\n".join(line.latex.replace(" = ", " &= ", 1) for line in lines)
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def plain(value: Any) -> Any:
    """Write data as dictionaries, lists, text and numbers that JSON takes; nodes are left out."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.repr}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
