"""Graphs of arrays in matrix form: what is printed, and that every number of it is the engine's."""

import json
from functools import cache

import numpy as np
import pytest
from array_graphs import GRAPHS, classes, fixed, line, numbers, one_example, shared, xor

import chainrule as cr
from chainrule.graph.evaluate import evaluate
from chainrule.graph.walk import order


@cache
def graph_and_explanation(name):
    graph = GRAPHS[name]()
    return graph, graph.explain()


def printed(steps):
    return [str(step) for step in steps]


# --- what is printed ---


def test_two_layers_are_told_as_in_the_lectures():
    told = xor().explain()
    assert printed(told.forward) == [
        "Z1 = X · W1 + b1   (4, 4)",
        "A1 = tanh(Z1)   (4, 4)",
        "Z2 = A1 · W2 + b2   (4, 1)",
        "A2 = σ(Z2)   (4, 1)",
        "J = −sum(Y ∘ log(A2) + (1 − Y) ∘ log(1 − A2)) / m",
    ]
    assert printed(told.local) == ["∂A2/∂Z2 = A2 ∘ (1 − A2)   (4, 1)", "∂A1/∂Z1 = 1 − A1²   (4, 4)"]
    assert printed(told.backward) == [
        "dA2 = (1 − Y) / (1 − A2) − Y / A2   (4, 1)",
        "dZ2 = dA2 ∘ A2 ∘ (1 − A2) = A2 − Y   (4, 1)",
        "dW2 = A1ᵀ · dZ2 / m   (4, 1)",
        "db2 = sum(dZ2, axis=0) / m   (1,)",
        "dA1 = dZ2 · W2ᵀ   (4, 4)",
        "dZ1 = dA1 ∘ (1 − A1²)   (4, 4)",
        "dW1 = Xᵀ · dZ1 / m   (2, 4)",
        "db1 = sum(dZ1, axis=0) / m   (4,)",
    ]
    assert [each.name for each in told.given] == ["W1", "W2", "b1", "b2", "X", "Y"]
    assert told.remarks[0].startswith(
        "J is a mean over 4 examples: dA2, dZ2, dA1, dZ1 are of each example's own loss"
    )


def test_softmax_and_cross_entropy_come_to_a_difference_where_the_rows_of_y_sum_to_one():
    told = classes().explain()
    by_name = {step.name: str(step) for step in told.backward}
    assert by_name["dZ2"] == "dZ2 = A2 ∘ (dA2 − sum(dA2 ∘ A2, axis=1)) = A2 − Y   (5, 3)"
    assert (
        "sum(Y, axis=1) is 1 for every example here, and is not written where it is a factor." in told.remarks
    )
    told = classes(one_hot=False).explain()
    by_name = {step.name: str(step) for step in told.backward}
    assert by_name["dZ2"].endswith(" = sum(Y, axis=1) ∘ A2 − Y   (5, 3)")


def test_a_penalty_is_added_to_the_mean():
    by_name = {step.name: str(step) for step in classes(penalty=0.01).explain().backward}
    assert by_name["dW2"] == "dW2 = A1ᵀ · dZ2 / m + 0.02 · W2   (4, 3)"
    assert by_name["db2"] == "db2 = sum(dZ2, axis=0) / m   (3,)"
    assert by_name["dZ1"] == "dZ1 = (Z1 > 0) ∘ dA1   (5, 4)"


def test_vectors():
    assert printed(line().explain().backward) == [
        "dp = 2 · (p − y)   (6,)",
        "dw = Xᵀ · dp / m   (3,)",
        "db = sum(dp) / m",
    ]
    assert printed(one_example().explain().backward)[-2:] == ["dW = outer(x, dz)   (5, 4)", "db = dz   (4,)"]


def test_words_in_a_formula_are_words_in_latex():
    (db,) = [step for step in xor().explain().backward if step.name == "db1"]
    assert db.formula.latex == r"\frac{\operatorname{sum}\left(dZ_{1}, \text{axis}=0\right)}{m}"
    assert "<mtext>axis</mtext>" in db.formula.mathml


def test_one_matrix_in_two_places_gets_both_contributions():
    by_name = {step.name: step for step in shared().explain().backward}
    assert str(by_name["dW"]) == "dW = (dRᵀ · H + Xᵀ · (dH ∘ (1 − H²))) / m   (3, 2)"


def test_a_number_of_examples_that_is_known_is_written_as_a_number():
    assert str(fixed().explain().backward[-1]) == "db = sum(dZ, axis=0) / 4   (4,)"


def test_values_stand_below_their_line_and_in_it_where_they_have_one_row():
    x = cr.constant([[0.5, -10.25], [1.0, 3.0]], "x")
    W = cr.variable([[1.0, 2.0]], "W")
    lines = str(cr.explain(np.sum(W * x).named("J"))).splitlines()
    assert lines[:5] == [
        "Given",
        "  W = [ 1  2 ]   (1, 2)",
        "  x   (2, 2)",
        "        [ 0.5  -10.25",
        "          1      3 ]",
    ]


def test_of_a_large_array_the_ends_are_printed():
    X, w = cr.input("X", ("m", 50)), cr.variable(np.arange(50.0), "w")
    text = str(cr.explain(np.sum(X @ w).named("J"), feed={X: np.ones((1000, 50))}))
    assert "w = [ 0  1  2  …  47  48  49 ]   (50,)" in text
    assert len(text.splitlines()) < 40
    assert max(map(len, text.splitlines())) < 120


def test_an_array_is_told_forward():
    x = cr.constant([1.0, 2.0], "x")
    told = cr.explain((2 * x).named("y"))
    assert printed(told.forward) == ["y = 2 · x   (2,)"]
    assert not told.backward
    assert "y is an array" in told.remarks[0]


# --- that it is true ---


@pytest.mark.parametrize("name", GRAPHS)
def test_every_gradient_is_the_engines(name):
    graph, told = graph_and_explanation(name)
    leaves = [w for w in graph.nodes.values() if w.primitive.name == "variable"]
    gradients = cr.grad(graph.J, leaves)
    run = evaluate(gradients, graph.feed)
    by_name = {step.name: step for step in told.backward}
    found = 0
    for w, g in zip(leaves, gradients, strict=True):
        if f"d{w.name}" in by_name:
            np.testing.assert_allclose(by_name[f"d{w.name}"].value, run[g], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(told.gradients[w.name], run[g], rtol=1e-9, atol=1e-12)
            found += 1
    assert found == len(set(told.gradients)) >= 1


@pytest.mark.parametrize("name", GRAPHS)
def test_gradients_of_steps_are_those_of_the_examples_losses(name):
    graph, told = graph_and_explanation(name)
    m = int(next((r.split()[5] for r in told.remarks if " is a mean over " in r), "0"))
    for step in told.backward:
        if step.node.inputs:
            (g,) = cr.grad(told.forward[-1].node, [step.node])
            scale = m if step.of_examples else 1
            np.testing.assert_allclose(
                step.value, scale * evaluate([g], graph.feed)[g], rtol=1e-9, atol=1e-12
            )


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_printed_evaluates_to_what_is_beside_it(name):
    _, told = graph_and_explanation(name)
    values = {step.name: step.value for step in (*told.given, *told.forward, *told.backward)}
    steps = (*told.forward, *told.local, *told.backward)
    symbols = {n for step in steps for n in order([step.expression]) if n.primitive.name == "input"}
    feed = {n: values[n.name] for n in symbols}
    for step in steps:
        again = evaluate([step.expression], feed)[step.expression]
        np.testing.assert_allclose(again, step.value, rtol=1e-9, atol=1e-12)


def test_gradients_equal_finite_differences():
    graph = xor()
    told = graph.explain("W1")
    h, W1 = 1e-6, graph.W1
    before = W1.value.copy()
    for index in np.ndindex(before.shape):
        J = []
        for sign in (1, -1):
            moved = before.copy()
            moved[index] += sign * h
            J.append(evaluate([graph.J], {**graph.feed, W1: moved})[graph.J])
        assert told.backward[-1].value[index] == pytest.approx((J[0] - J[1]) / (2 * h), abs=1e-8)


def test_only_what_leads_to_what_is_asked_for_is_told():
    told = xor().explain("b2")
    assert [step.name for step in told.backward] == ["dA2", "dZ2", "db2"]
    assert list(told.gradients) == ["b2"]
    told = xor().explain("Z1", "X")
    assert [step.name for step in told.backward] == ["dA2", "dZ2", "dA1", "dZ1", "dX"]


def test_a_deep_network_takes_time_that_grows_with_its_depth_alone():
    x = cr.constant(numbers(3, 4), "X")
    A = x
    for i in range(20):
        A = np.tanh((A @ cr.variable(numbers(4, 4, seed=i) / 3, f"W{i}")).named(f"Z{i}")).named(f"A{i}")
    told = cr.explain(np.mean(A**2).named("J"))
    assert len(told.backward) == 60
    assert all(len(str(step)) < 60 for step in told.backward)


# --- as data ---


def test_it_is_data():
    told = xor().explain()
    again = json.loads(json.dumps(told.to_dict()))
    assert again["backward"][1]["formula"]["text"] == "dA2 ∘ A2 ∘ (1 − A2)"
    assert again["backward"][1]["simple"]["text"] == "A2 − Y"
    assert np.shape(again["gradients"]["W1"]) == (2, 4)


def test_latex_has_matrices_and_shapes():
    told = xor().explain("W2")
    assert r"dW_{2} &= \frac{{A_{1}}^\top \cdot dZ_{2}}{m} = \begin{bmatrix}" in told.latex()
    assert r"\quad (4 \times 1)" in told.latex()


def test_what_goes_wrong_is_said():
    v = cr.variable([1.0, 2.0], "v")
    with pytest.raises(cr.ShapeError, match=r"of one number, and 2v has shape \(2,\)"):
        cr.explain((2 * v).named("2v"), v)
    with pytest.raises(cr.GraphError, match="input 'x' has no value"):
        cr.explain(np.sum(v * cr.input("x", (2,))))
    told = cr.explain(np.sum(v).named("J"), cr.variable([1.0], "w"))
    assert "J does not depend on w." in told.remarks
    np.testing.assert_array_equal(told.gradients["w"], [0.0])


class TestArraysWithoutNames:
    """Most lessons write ``Y * np.log(A) + (1 - Y) * np.log(1 - A)`` with NumPy's own arrays."""

    X, Y = np.array([[0.0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0.0, 1, 1, 0]])

    def told(self):
        W, b = cr.variable([[1.0, -2.0]], "W"), cr.variable([[0.5]], "b")
        A = cr.sigmoid((W @ self.X + b).named("Z")).named("A")
        return cr.explain((-np.mean(self.Y * np.log(A) + (1 - self.Y) * np.log(1 - A))).named("J"))

    def test_they_are_given_once_and_named_in_formulas(self):
        told = self.told()
        forward = [str(step) for step in told.forward]
        assert (
            forward[0] == "Z = W · C1 + b   (1, 4)" and "C2 ∘ log(A) + (1 − C2) ∘ log(1 − A)" in forward[-1]
        )
        given = {step.name: step.value for step in told.given}
        assert np.array_equal(given["C1"], self.X) and np.array_equal(given["C2"], self.Y)
        assert told.remarks[0] == 'C1, C2 bear no name in the graph: cr.constant(Y, "Y") gives them one.'

    def test_the_gradient_comes_to_what_the_lecture_says(self):
        dZ = next(str(step) for step in self.told().backward if step.name == "dZ")
        assert "0.25 · (A − C2)" in dZ

    def test_names_of_ones_own_are_kept_and_alike_entries_stay_a_number(self):
        w, c = cr.variable([1.0, 2.0], "w"), cr.constant([3.0, 4.0], "C1")
        told = cr.explain(np.sum(w * c * np.array([5.0, 6.0]) + np.ones(2)).named("J"))
        assert [step.name for step in told.given] == ["w", "C1", "C2"]
        assert told.remarks[0].startswith("C2 bears no name")
