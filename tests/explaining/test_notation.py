"""The notation of the reader's choice: the same numbers, transposed, and formulas that compute them."""

import numpy as np
import pytest
from array_graphs import GRAPHS, classes, line, xor

import chainrule as cr
from chainrule.explaining.notation import PRODUCTS
from chainrule.graph.evaluate import evaluate
from chainrule.graph.walk import order


def told_by_name(graph, notation):
    told = graph.explain(notation=notation)
    return {step.name: step for step in (*told.given, *told.forward, *told.local, *told.backward)}


EXPECTED = {
    "x W": ("Z1 = X · W1 + b1   (4, 4)", "dW2 = A1ᵀ · dZ2 / m   (4, 1)", "dA1 = dZ2 · W2ᵀ   (4, 4)"),
    "x Wᵀ": ("Z1 = X · W1ᵀ + b1   (4, 4)", "dW2 = dZ2ᵀ · A1 / m   (1, 4)", "dA1 = dZ2 · W2   (4, 4)"),
    "W x": ("Z1 = W1 · X + b1   (4, 4)", "dW2 = dZ2 · A1ᵀ / m   (1, 4)", "dA1 = W2ᵀ · dZ2   (4, 4)"),
    "Wᵀ x": ("Z1 = W1ᵀ · X + b1   (4, 4)", "dW2 = A1 · dZ2ᵀ / m   (4, 1)", "dA1 = W2 · dZ2   (4, 4)"),
}


@pytest.mark.parametrize("notation", PRODUCTS)
def test_products_are_written_as_each_school_does(notation):
    told = told_by_name(xor(), notation)
    assert (str(told["Z1"]), str(told["dW2"]), str(told["dA1"])) == EXPECTED[notation]


def test_examples_in_columns():
    told = told_by_name(xor(), "W x")
    assert str(told["db1"]) == "db1 = sum(dZ1, axis=1) / m   (4, 1)"
    assert str(told["X"]) == "X   (2, 4)"
    assert str(told["J"]) == "J = −sum(Y ∘ log(A2) + (1 − Y) ∘ log(1 − A2)) / m"
    told = told_by_name(classes(), "columns")
    assert str(told["dZ2"]) == "dZ2 = A2 ∘ (dA2 − sum(dA2 ∘ A2, axis=0)) = A2 − Y   (3, 5)"
    assert str(told_by_name(line(), "W x")["dw"]).endswith("(3, 1)")


def test_names_of_layers():
    told = told_by_name(xor(), ("W x", "W^[1]"))
    assert str(told["dW2"]) == "dW^[2] = dZ^[2] · A^[1]ᵀ / m   (1, 4)"
    assert r"dW^{[2]} = \frac{dZ^{[2]} \cdot {A^{[1]}}^\top}{m}" in told["dW2"].line.latex
    told = told_by_name(xor(), "θ1")
    assert str(told["dW1"]) == "dθ1 = Xᵀ · dZ1 / m   (2, 4)"


@pytest.mark.parametrize("notation", [n for n in PRODUCTS if n != "x W"])
@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_printed_evaluates_to_what_is_beside_it(name, notation):
    plain, told = told_by_name(GRAPHS[name](), None), told_by_name(GRAPHS[name](), notation)
    assert plain.keys() == told.keys()
    steps = [step for step in told.values() if step.expression is not None]
    symbols = {n for n in order([step.expression for step in steps]) if n.primitive.name == "input"}
    feed = {n: told[n.name].value for n in symbols}
    for step in steps:
        assert evaluate([step.expression], feed)[step.expression].shape == step.shape
        again = evaluate([step.expression], feed)[step.expression]
        np.testing.assert_allclose(again, step.value, rtol=1e-9, atol=1e-12)
        before = plain[step.name].value
        assert any(np.array_equal(step.value, each) for each in (before, before.T, before[..., None]))


def test_an_element_is_opened_in_the_same_notation():
    told = xor().explain(notation="W x")
    assert str(told.element("Z1", (0, 1)).formula) == "Σ_i W1[0,i] · X[i,1] + b1[0,0]"
    assert told.element("dW1", (3, 0)).value == pytest.approx(xor().explain().element("dW1", (0, 3)).value)


def test_what_is_no_notation_is_refused():
    with pytest.raises(cr.UnknownNameError, match=r"Unknown notation 'W X'. Did you mean 'W x'"):
        xor().explain(notation="W X")
    with pytest.raises(cr.GraphError, match="notation is a name, or several"):
        xor().explain(notation=3)
