"""A formula, in the two ways it is written. Every sentence of an explanation is one, so it is put once."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chainrule.explaining.mathml import mathml
from chainrule.graph import show
from chainrule.graph.node import Node

NO_NUMBERS = {"inf": r"\infty", "nan": r"\text{nan}"}
MOST_OPERANDS = 16  # of a sum or product that is written in full; of a longer one, the ends


@dataclass(frozen=True)
class Formula:
    """One formula as text, as LaTeX (without dollar signs) and as MathML. Printed, it is the text.

    Attributes:
        text: As a line of text.
        latex: In LaTeX.

    >>> w = cr.variable(2.0, "w")
    >>> cr.explain((w**2).named("J")).forward[0].formula
    Formula(text='w^2', latex='{w}^{2}')
    >>> cr.explain((w**2).named("J")).forward[0].formula.mathml
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><msup><mi>w</mi><mn>2</mn></msup></math>'
    """

    text: str
    latex: str

    @property
    def mathml(self) -> str:
        """In MathML, an element that browsers set by themselves."""
        return mathml(self.latex)

    def __str__(self) -> str:
        return self.text


ONE, ZERO = Formula("1", "1"), Formula("0", "0")


def words(sentence: str) -> Formula:
    """Return words that stand in a formula's place."""
    return Formula(sentence, rf"\text{{{sentence}}}")


def written(node: Node, digits: int = show.DIGITS) -> Formula:
    """Write the expression that ``node`` stands for."""
    text, latex = (show.text(node, latex=way, digits=digits) for way in (False, True))
    return Formula(text, in_latex(latex))


def in_latex(expression: str) -> str:
    """Return what a row's template made with its words set as words, and numbers as one writes them."""
    return powers_of_ten(re.sub(r"\b(axis|stride|dilation)=", r"\\text{\1}=", expression))


def written_in_numbers(node: Node, digits: int = show.DIGITS) -> Formula:
    """Write an expression of numbers; between them the lectures write × and not ·."""
    formula = written(node, digits)
    return Formula(formula.text.replace(" · ", " × "), formula.latex.replace(r" \cdot ", r" \times "))


def bracketed(formula: Formula) -> Formula:
    """Put brackets around a formula."""
    return Formula(f"({formula})", rf"\left({formula.latex}\right)")


def named(name: str) -> Formula:
    """Write a name."""
    return Formula(name, show.latex_name(name))


def number(value: float, digits: int = show.DIGITS) -> Formula:
    """Write a number as the lectures do: 6 and not 6.0."""
    text = show.number(value, digits)
    return Formula(text, powers_of_ten(text))


def derivative(of: str, wrt: str, partial: bool = False) -> Formula:
    """Write ``dJ/dc``, or ``∂J/∂c`` where that is only one of several ways from c to J."""
    d, latex_d = ("∂", r"\partial ") if partial else ("d", "d")
    above, below = (bracketed(named(name)) if "/" in name else named(name) for name in (of, wrt))
    return Formula(f"{d}{above}/{d}{below}", rf"\frac{{{latex_d}{above.latex}}}{{{latex_d}{below.latex}}}")


def product(factors: Sequence[Formula]) -> Formula:
    """Write a product of symbols."""
    return _joined(_ends(factors), " · ", r" \cdot ")


def product_of_numbers(values: Iterable[float], digits: int = show.DIGITS) -> Formula:
    """Write a product of numbers, the negative ones in brackets: 3 × (-2)."""
    factors = [number(v, digits) for v in values]
    if len(factors) > 1:
        factors = [bracketed(f) if f.text.startswith("-") else f for f in factors]
    return _joined(_ends(factors), " × ", r" \times ")


def total(terms: Sequence[Formula]) -> Formula:
    """Write a sum; a negative term is subtracted: 4.1 - 0.44."""
    text, latex = "", ""
    for term in _ends(terms):
        sign = " - " if term.text.startswith("-") else " + "
        skip = 1 if sign == " - " else 0
        text += sign + term.text[skip:] if text else term.text
        latex += sign + term.latex[skip:] if latex else term.latex
    return Formula(text, latex)


def listed(formulas: Sequence[Formula]) -> Formula:
    """Write formulas side by side: a = 5, b = 3."""
    return _joined(formulas, ", ", r",\quad ")


def equation(*sides: Formula) -> Formula:
    """Write ``a = b = c``; what would only repeat the side before it is left out."""
    kept = [side for i, side in enumerate(sides) if i == 0 or side.text != sides[i - 1].text]
    return _joined(kept, " = ", " = ")


def _joined(formulas: Sequence[Formula], text: str, latex: str) -> Formula:
    return Formula(text.join(f.text for f in formulas), latex.join(f.latex for f in formulas))


def _ends(formulas: Sequence[Formula]) -> Sequence[Formula]:
    if len(formulas) <= MOST_OPERANDS:
        return formulas
    return [*formulas[: MOST_OPERANDS // 2], Formula("…", r"\ldots"), *formulas[-MOST_OPERANDS // 2 :]]


def powers_of_ten(latex: str) -> str:
    """Write 1e-09 as a power of ten, and the numbers that are none as LaTeX knows them."""
    latex = re.sub(r"(?<![\w.])(\d[\d.]*)e(?:\+|(-))0*(\d+)", r"\1 \\cdot 10^{\2\3}", latex)
    return re.sub(r"(?<![\w\\])(inf|nan)(?!\w)", lambda found: NO_NUMBERS[found[0]], latex)
