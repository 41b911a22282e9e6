"""Every formula is MathML that is well formed, and LaTeX that KaTeX sets, which is asked through Node."""

import json
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from array_graphs import GRAPHS
from test_latex import EVERYTHING

import chainrule as cr
from chainrule.explaining.mathml import SYMBOLS, mathml

KATEX = """
const katex = require('katex'), bad = []
const otherFont = ['unknownSymbol', 'symbolNotInFont']  // which is set all the same
const strict = code => otherFont.includes(code) ? 'ignore' : 'error'
for (const line of JSON.parse(require('fs').readFileSync(0)))
  try { katex.renderToString(line, {throwOnError: true, strict, displayMode: true}) }
  catch (error) { bad.push([line, error.message]) }
console.log(JSON.stringify(bad))
"""
HOW = "KaTeX sets no formula here. To try it: npm install katex, then NODE_PATH=node_modules pytest"


def formulas():
    """Every line of every explanation of these tests, and each explanation as a whole."""
    lines = []
    for told in [*EVERYTHING.values(), *(GRAPHS[name]().explain() for name in GRAPHS)]:
        lines += [line.latex for _, found in told.sections() for line in found]
        lines += [each.line.latex for each in (*told.backward, *told.local)]
        lines.append(told.latex())
    names = [
        "W_hidden",
        "a b",
        "price in $",
        "50%",
        "<script>",
        "x & y",
        "ŷ",
        "dJ/du",
        "{",
        "\\frac",
        "σ²",
        "_",
        "é",
    ]
    for name in names:
        told = cr.explain((2 * cr.variable([1.0, 2.0], name)).sum().named("J"))
        lines += [line.latex for _, found in told.sections() for line in found]
    return list(dict.fromkeys(lines))


@pytest.fixture(scope="module")
def lines():
    return formulas()


def test_mathml_is_well_formed(lines):
    assert len(lines) > 500
    for line in lines:
        root = ElementTree.fromstring(mathml(line))
        text = "".join(root.itertext())
        assert root.tag.endswith("math")
        assert "\\" not in text.replace("\\frac", ""), line  # which one variable is called
        assert text.strip()


def test_fractions_roots_and_matrices_are_what_browsers_know():
    found = mathml(r"\frac{a}{\sqrt{b_{1}}} = \begin{bmatrix} 1 & -2 \\ 3 & \cdots \end{bmatrix}^\top")
    tags = {each.tag.partition("}")[2] for each in ElementTree.fromstring(found).iter()}
    assert tags == {
        "math",
        "mrow",
        "mfrac",
        "mi",
        "mn",
        "mo",
        "msqrt",
        "msub",
        "mtable",
        "mtr",
        "mtd",
        "msup",
    }


@pytest.mark.parametrize(
    "broken", ["{", "}", "\\frac", "\\frac{a}", "a_", "\\left(", "\\begin{cases}", "^", "\\unknown{x}"]
)
def test_what_is_no_formula_is_well_formed_all_the_same(broken):
    ElementTree.fromstring(mathml(broken))


def test_signs_are_characters():
    assert all(len(sign) == 1 for sign in SYMBOLS.values())


def test_latex_can_be_set(lines):
    node = shutil.which("node")
    found = node and subprocess.run(
        [node, "-e", KATEX], input=json.dumps(lines), capture_output=True, text=True
    )
    if not found or "Cannot find module" in found.stderr:
        pytest.skip(HOW)
    assert json.loads(found.stdout) == [], found.stderr


def test_notebooks_show_formulas_without_a_script():
    w = cr.variable([1.0, 2.0], "price in $")
    for told in (cr.explain((w**2).sum().named("J")), EVERYTHING["spam"]):
        html = told._repr_html_()
        ElementTree.fromstring(html)
        assert "<math" in html
        assert "<script" not in html
        assert "Given" in html
