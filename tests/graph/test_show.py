"""Graphs as text and as LaTeX."""

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from test_primitives import EXAMPLES, label

from chainrule.graph import show
from chainrule.graph.node import constant, input, variable
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.graph.primitives.reductions import logsumexp, softmax
from chainrule.transform.backprop import grad

x, y, z = (variable(1.0, name) for name in "xyz")
W, v = variable(np.ones((2, 3)), "W"), variable(np.ones(3), "v")


@pytest.mark.parametrize(
    ("node", "text", "latex"),
    [
        (x + y * z, "x + y · z", r"x + y \cdot z"),
        ((x + y) * z, "(x + y) · z", r"\left(x + y\right) \cdot z"),
        (x - (y - z), "x - (y - z)", r"x - \left(y - z\right)"),
        ((x - y) - z, "x - y - z", "x - y - z"),
        (x / (y * z), "x / (y · z)", r"\frac{x}{y \cdot z}"),
        ((x / y) / z, "x / y / z", r"\frac{\frac{x}{y}}{z}"),
        (-x + y, "-x + y", "-x + y"),
        (-(x + y), "-(x + y)", r"-\left(x + y\right)"),
        (x**2, "x^2", "{x}^{2}"),
        ((-x) ** 2, "(-x)^2", r"{\left(-x\right)}^{2}"),
        ((x + y) ** 0.5, "(x + y)^0.5", r"{\left(x + y\right)}^{0.5}"),
        ((x**2) ** 3, "(x^2)^3", r"{\left({x}^{2}\right)}^{3}"),
        (x**y, "x^y", "{x}^{y}"),
        (2 * x, "2 · x", r"2 \cdot x"),
        (x * -2.0, "x · (-2)", r"x \cdot \left(-2\right)"),
        (1 - x, "1 - x", "1 - x"),
        (sigmoid(x + y), "σ(x + y)", r"\sigma\left(x + y\right)"),
        (np.exp(-x), "exp(-x)", "e^{-x}"),
        (abs(x - y), "|x - y|", r"\left|x - y\right|"),
        (np.maximum(x, y), "max(x, y)", r"\max\left(x, y\right)"),
        (np.maximum(0, x), "relu(x)", r"\max\left(0, x\right)"),
        (np.clip(x, 0, 1), "clip(x, 0, 1)", r"\operatorname{clip}\left(x, 0, 1\right)"),
        ((x > y) & (y > z), "(x > y) and (y > z)", r"\left(x > y\right) \wedge \left(y > z\right)"),
        (abs(x), "|x|", r"\left|x\right|"),
        (W @ v, "W @ v", "W v"),
        (v @ W.T, "v @ Wᵀ", r"v {W}^\top"),
        ((W + 1) @ v, "(W + 1) @ v", r"\left(W + 1\right) v"),
        (np.outer(v, v), "outer(v, v)", r"v \otimes v"),
        (np.einsum("ij,ij->i", W, W), "einsum(ij,ij->i, W, W)",
         r"\operatorname{einsum}_{ij,ij->i}\left(W, W\right)"),
        (np.sum(W), "sum(W)", r"\sum W"),
        (np.sum(W, axis=0), "sum(W, axis=0)", r"\sum W"),
        (W[0, 1:], "W[0, 1:3]", "W[0, 1:3]"),
        (softmax(v, axes=(0,)), "softmax(v)", r"\operatorname{softmax}\left(v\right)"),
        (logsumexp(v, axes=(0,), keepdims=False), "logsumexp(v)", r"\log \sum e^{v}"),
    ],
)  # fmt: skip
def test_expressions(node, text, latex):
    assert str(node) == show.text(node) == text
    assert show.text(node, latex=True) == latex


def test_a_choice():
    chosen = np.where(x > 0, x, y)
    assert str(chosen) == "where(x > 0, x, y)"
    assert show.text(chosen, latex=True) == r"\begin{cases} x & x > 0 \\ y & \text{else} \end{cases}"


def test_a_named_node_is_written_by_its_name_inside_others():
    u = (x * y).named("u")
    assert str(u + z) == "u + z"
    assert str(u) == "x · y"
    assert show.text(u + z, open_names=True) == "x · y + z"
    assert show.text(u + z, name=lambda n: n.name.upper()) == "U + Z"
    assert u._repr_latex_() == r"$u = x \cdot y$"
    assert x._repr_latex_() == "$x$"


def test_casts_and_marks_are_not_written():
    g = grad((x**2).named("J"), x)
    assert g.name == "dJ/dx"
    assert show.text(g, open_names=True) == "1 · 2 · x"  # dJ/dJ · 2x, as the chain rule has it
    assert str((x > 0).astype(float) * y) == "(x > 0) · y"


def test_leaves_without_a_name():
    assert str(variable(1.0) + constant([1.0, 2.0])) == "variable + [1., 2.]"
    assert str(constant(np.zeros((3, 4)))) == "[(3, 4)]"
    assert str(input("a", ("batch", 2)) * 1.5) == "a · 1.5"


@pytest.mark.parametrize(
    ("value", "text"),
    [(33.0, "33"), (0.1 + 0.2, "0.3"), (-0.0, "0"), (1e-9, "1e-09"), (True, "1"), (np.float32(0.1), "0.1")],
)
def test_numbers_as_a_person_writes_them(value, text):
    assert show.number(value) == text


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("W1", "W_{1}"),
        ("gamma_2", r"\gamma_{2}"),
        ("b", "b"),
        ("cost", r"\text{cost}"),
        ("learning_rate", r"\text{learning rate}"),
        ("dJ/dW1", r"\frac{dJ}{dW_{1}}"),
        ("alpha", r"\alpha"),
    ],
)
def test_names_in_latex(name, latex):
    assert show.latex_name(name) == latex


def test_a_long_expression_is_cut_and_quick():
    u = x
    for _ in range(100_000):
        u = u + x
    assert len(str(u)) < 1000 and "…" in str(u)


# --- every row ------------------------------------------------------------------------------------------

ONE_EACH = list({e.primitive.name: e for e in EXAMPLES}.values())
NOT_IN_MATHTEXT = {"where"}  # `cases` is LaTeX proper


@pytest.mark.parametrize("example", ONE_EACH, ids=label)
def test_every_row_is_written_with_its_inputs(example):
    leaves, node = example.node()
    for latex in (False, True):
        written = show.text(node, latex=latex)
        for leaf in leaves:
            assert (show.latex_name(leaf.name) if latex else leaf.name) in written or not example.inputs
        assert "{" not in written or latex


@pytest.mark.parametrize("example", ONE_EACH, ids=label)
def test_the_latex_of_every_row_can_be_set(example):
    _, node = example.node()
    formula = f"${show.text(node, latex=True)}$"
    if example.primitive.name in NOT_IN_MATHTEXT:
        with pytest.raises(ValueError, match="cases"):
            MathTextParser("path").parse(formula)
        return
    assert MathTextParser("path").parse(formula).width > 0
