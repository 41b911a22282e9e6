"""Random graphs: the sum over paths, the node-by-node pass and backprop agree; tidying changes no value."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from chainrule.explaining.explanation import explain
from chainrule.explaining.tidy import tidy
from chainrule.graph.node import variable
from chainrule.graph.primitives.corners import relu
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.graph.trace import trace
from chainrule.transform.backprop import grad

UNARY = [
    np.sin, np.cos, np.tanh, sigmoid, relu, np.negative, abs, lambda x: np.exp(-x),
    lambda x: x**2, lambda x: x**3, lambda x: np.sqrt(1 + x * x), lambda x: np.log(2 + x * x),
    lambda x: 1 / (1 + np.exp(-x)), lambda x: np.clip(x, -1, 1),
    lambda x: np.where(x > 0.3, np.sqrt(x), 2 * x),
]  # fmt: skip
BINARY = [
    np.add, np.subtract, np.multiply, np.maximum, np.minimum,
    lambda a, b: a / (1 + b * b), lambda a, b: np.where(a > b, a * b, a - b),
]  # fmt: skip


@st.composite
def graphs(draw):
    """A graph whose nodes are shared at will, some of them named."""
    numbers = st.floats(-2, 2).map(lambda v: round(v, 3) or 0.5)
    leaves = [variable(draw(numbers), f"x{i}") for i in range(draw(st.integers(1, 3)))]
    nodes = list(leaves)
    for i in range(draw(st.integers(1, 9))):
        chosen = st.sampled_from(nodes[-4:] + leaves)
        if draw(st.booleans()):
            node = draw(st.sampled_from(UNARY))(draw(chosen))
        else:
            node = draw(st.sampled_from(BINARY))(draw(chosen), draw(chosen))
        nodes.append(node.named(f"n{i}") if draw(st.booleans()) else node)
    return nodes[-1], leaves


@given(graphs())
def test_paths_and_the_backward_pass_agree_with_backprop(graph):
    J, leaves = graph
    gradients = [float(g.value) for g in grad(J, leaves)]
    explanation = explain(J, leaves)
    products = [use.product for step in explanation.backward for use in step.uses]
    products += [path.product for each in explanation.derivatives for path in each.paths]
    largest = max([1.0, *(abs(p) for p in products)])
    assume(largest < 1e100)  # beyond, products in another order overflow elsewhere
    by_node = {step.wrt: step.value for step in explanation.backward}
    for each, gradient in zip(explanation.derivatives, gradients, strict=True):
        assert each.gradient == gradient
        assert each.value == pytest.approx(gradient, rel=1e-12, abs=1e-12 * largest)
        assert len(each.paths) in (0, each.number_of_paths)
        if each.number_of_paths and each.wrt != explanation.name:
            assert by_node[each.wrt] == pytest.approx(gradient, rel=1e-12, abs=1e-12 * largest)


@given(graphs())
def test_every_line_of_a_random_graph_can_be_written(graph):
    explanation = explain(*graph)
    assert str(explanation).startswith("Given")
    assert explanation.latex().count(r"\\") >= len(explanation.forward)
    json.dumps(explanation.to_dict(), allow_nan=False)


@given(graphs())
def test_tidying_changes_no_value(graph):
    J, leaves = graph
    for written in (J, *grad(J, leaves)):
        value = float(written.value)
        assume(abs(value) < 1e100)
        every = [abs(float(v)) for v in trace(written).values() if np.isfinite(v)]
        assert float(tidy(written).value) == pytest.approx(value, rel=1e-12, abs=1e-12 * max([1.0, *every]))


@pytest.mark.parametrize(
    ("write", "short"),
    [
        (lambda x, y: 1 * (x * 1), "x"),
        (lambda x, y: x + x, "2 · x"),
        (lambda x, y: x * x * x, "x^3"),
        (lambda x, y: 3 * (x * 2) * x, "6 · x^2"),
        (lambda x, y: np.negative(-x), "x"),
        (lambda x, y: -1 * (x - y) * 2, "-2 · (x - y)"),
        (lambda x, y: x - -y, "x + y"),
        (lambda x, y: x - x, "0"),
        (lambda x, y: x * (1 / y), "x / y"),
        (lambda x, y: (1 / x) / y, "1 / (x · y)"),
        (lambda x, y: 1 / (2 * x), "1 / (2 · x)"),
        (lambda x, y: 4 * x / 2, "2 · x"),
        (lambda x, y: x / y * y, "x · y / y"),  # only numbers are divided out: y may be 0
        (lambda x, y: 0.5 * (2 * (x - y)), "x - y"),
        (lambda x, y: np.sin(3 * x * x) + np.sin(3 * x * x), "2 · sin(3 · x · x)"),
        (lambda x, y: (x > 0) * y, "(x > 0) · y"),
        (lambda x, y: x**-1 * 1, "x^-1"),
    ],
)
def test_a_derivative_is_written_as_by_hand(write, short):
    assert str(tidy(write(variable(3.0, "x"), variable(5.0, "y")))) == short
