"""Explanations in HTML: formulas in MathML, which browsers set by themselves."""

from chainrule.explaining.mathml import mathml
from chainrule.explaining.matrix_steps import MatrixExplanation
from chainrule.explaining.steps import Explanation, aligned
from chainrule.showing import html


def explanation(told: Explanation | MatrixExplanation) -> str:
    """Return the sections of an explanation, each a title and its formulas below each other, and the remarks."""
    parts = []
    for title, lines in told.sections():
        formulas = mathml(aligned(lines)).replace("<math ", '<math displaystyle="true" ', 1)
        parts += [html.title(title), f'<div style="overflow-x:auto;padding:.1em 0">{formulas}</div>']
    if told.remarks:
        parts += [html.title("Remarks"), html.sentences(told.remarks)]
    return html.page(*parts)
