"""Every formula is LaTeX that can be set: each is given to matplotlib's mathtext."""

import re

import numpy as np
import pytest
from lecture_graphs import alice, composite, logistic, spam, three_letters, two_two_one
from matplotlib.mathtext import MathTextParser

from chainrule.explaining.explanation import explain
from chainrule.graph.node import variable
from chainrule.graph.primitives.corners import relu, step as step_row
from chainrule.graph.primitives.identities import stop_gradient

PARSER = MathTextParser("agg")
CASES = re.compile(r"\\begin\{cases\}(.*?)&(.*?)\\\\(.*?)&(.*?)\\end\{cases\}")
LONG = {"ge": "geq", "le": "leq", "land": "wedge", "lor": "vee", "lnot": "neg"}


def can_be_set(latex):
    """Give a formula to mathtext, which has no environments and knows some symbols by one name only."""
    latex = CASES.sub(r"\\left\\{\1\\;\2\\;\3\\;\4\\right.", latex)
    latex = re.sub(r"\\(ge|le|land|lor|lnot)\b", lambda found: f"\\{LONG[found[1]]}", latex)
    PARSER.parse(f"${latex}$")


def everything():
    x, y, z = variable(-2.0, "x"), variable(3.0, "y"), variable(0.0, "z_hidden")
    wide = np.maximum(x, y) + np.minimum(x, y) * np.abs(x) - np.log1p(y) / np.expm1(y) + np.sqrt(y) * 1e-9
    choice = np.where(x > 0, np.sqrt(x), x**2) ** y + np.where(
        np.logical_or(y >= 2, ~(z <= 1)), relu(z) + 1e300, np.clip(y, 0, 2)
    )
    spam_loss, _, feed = spam("cross-entropy")
    return {
        "three letters": explain(three_letters()[0]),
        "spam": explain(spam_loss, feed=feed),
        "alice": explain(alice()[0]),
        "composite": explain(composite(1.0)[0]),
        "2-2-1": explain(two_two_one()[0]),
        "logistic": explain(logistic(0)[0]),
        "wide": explain(wide),
        "choice": explain(choice),
        "not finite": explain(np.sqrt(x) / z),
        "stopped": explain(stop_gradient(x) * np.tanh(x) - np.sign(y) + np.exp(x) ** -1),
        "step": explain(step_row(x)),
        "powers": explain(y**x + 2**y),
    }


EVERYTHING = everything()


@pytest.mark.parametrize("graph", EVERYTHING)
def test_every_line_can_be_set(graph):
    explanation = EVERYTHING[graph]
    lines = [line for _, found in explanation.sections() for line in found]
    lines += [each.line for each in (*explanation.backward, *explanation.local)]
    for line in lines:
        can_be_set(line.latex)


NAMES = [
    "50%",
    "a$b",
    "x#1",
    "{",
    "}",
    "z'",
    "a b",
    "a&b",
    "J^2",
    "h_out1",
    "α",
    "\\",
    "~",
    "ŷ",
    "12",
    "W_1",
    "gamma_1",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_set(name):
    x = variable(2.0, name)
    for _, lines in explain((np.sin(x) * x).named("J" + name)).sections():
        for line in lines:
            can_be_set(line.latex)


def test_the_latex_of_the_lecture():
    J, at = three_letters()
    latex = explain(J, wrt=at["c"]).latex()
    assert latex.startswith("\\begin{aligned}\na &= 5,\\quad b = 3,\\quad c = 2 \\\\\n")
    assert "u &= b \\cdot c = 3 \\times 2 = 6 \\\\" in latex
    assert (
        r"\frac{dJ}{dc} &= \frac{dJ}{dv} \cdot \frac{dv}{du} \cdot \frac{du}{dc} = 3 \times 1 \times 3 = 9"
        in latex
    )
    assert latex.endswith("\n\\end{aligned}")


def test_what_a_notebook_shows():
    J, _ = composite(1.0)
    explanation = explain(J)
    assert explanation._repr_latex_() == f"$${explanation.latex()}$$"
    shown = explanation._repr_markdown_()
    assert shown.startswith("**Given**\n\n$$\\begin{aligned}\nx &= 1\n\\end{aligned}$$")
    assert r"\frac{dJ}{dx}\text{, along 2 paths:}" in shown
    assert "- add: a sum passes the gradient on unchanged" in shown
    assert shown.count("$$") == 2 * len(explanation.sections())


def test_partial_derivatives_and_powers_of_ten():
    x = variable(1e-7, "x")
    u = (x**2).named("u")
    latex = explain((x * u).named("J")).latex()
    assert r"\frac{\partial J}{\partial x} = u" in latex.replace(" &= ", " = ")
    assert r"1 \cdot 10^{-14}" in latex
    assert "e-" not in latex
