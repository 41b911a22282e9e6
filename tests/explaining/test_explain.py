"""What an explanation says of graphs of no lecture: names, many paths, branches, kinks, depth, errors."""

import json
import pickle

import numpy as np
import pytest
from lecture_graphs import composite, three_letters

from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.explaining.explanation import explain
from chainrule.graph.node import constant, input, mark, variable
from chainrule.graph.primitives.corners import relu, step
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.graph.primitives.identities import stop_gradient
from chainrule.transform.backprop import grad


def lines(explanation):
    return [line.strip() for line in str(explanation).splitlines()]


# --- names and folding ---


def test_where_nothing_inside_is_named_every_operation_is_a_step():
    a, b, c = variable(5.0, "a"), variable(3.0, "b"), variable(2.0, "c")
    explanation = explain(3 * (a + b * c), wrt=c)
    assert [str(each) for each in explanation.forward] == [
        "t1 = b · c = 3 × 2 = 6",
        "t2 = a + t1 = 5 + 6 = 11",
        "J = 3 · t2 = 3 × 11 = 33",
    ]
    assert str(explanation.derivatives[0]) == "dJ/dc = dJ/dt2 · dt2/dt1 · dt1/dc = 3 × 1 × 3 = 9"


def test_automatic_names_leave_the_users_names_alone():
    t1, x1 = variable(2.0, "t1"), variable(3.0, "x1")
    explanation = explain(np.exp(t1 * x1) * variable(4.0))
    assert [each.name for each in explanation.given] == ["t1", "x1", "x2"]
    assert [each.name for each in explanation.forward] == ["t2", "t3", "J"]


def test_two_nodes_of_one_name_are_told_apart():
    x = variable(2.0, "x")
    u = (x + 1).named("u")
    v = (x * 3).named("u")
    explanation = explain((u * v).named("J"))
    assert [str(each.name) for each in explanation.forward] == ["u", "u_2", "J"]
    assert explanation.derivatives[0].value == 6 + 9


def test_an_unnamed_step_that_is_used_twice_is_named_and_one_used_once_is_folded():
    x, y = variable(2.0, "x"), variable(3.0, "y")
    shared = x * y
    u = (shared + 1).named("u")
    explanation = explain((u * shared).named("J"))
    assert [str(each) for each in explanation.forward] == [
        "t1 = x · y = 2 × 3 = 6",
        "u = t1 + 1 = 6 + 1 = 7",
        "J = u · t1 = 7 × 6 = 42",
    ]


def test_a_folded_node_that_is_asked_for_becomes_a_step():
    x, y = variable(2.0, "x"), variable(3.0, "y")
    inner = x * y
    u = (inner + 1).named("u")
    explanation = explain((u * u).named("J"), wrt=inner)
    assert str(explanation.derivatives[0]) == "dJ/dt1 = dJ/du · du/dt1 = 14 × 1 = 14"


def test_marks_are_looked_through():
    x = variable(2.0, "x")
    explanation = explain(mark(mark(x * x, "meaning") + 1, "meaning"))
    assert [str(each) for each in explanation.forward] == [
        "t1 = x · x = 2 × 2 = 4",
        "J = t1 + 1 = 4 + 1 = 5",
    ]
    assert explanation.derivatives[0].value == 4


def test_copies_of_a_variable_are_one_variable():
    x = variable(3.0, "x")
    copy = pickle.loads(pickle.dumps(x * 1)).inputs[0].named("another")
    assert copy.value == 3
    explanation = explain(x * x.named("same"))
    assert [each.name for each in explanation.given] == ["x"]
    assert str(explanation.derivatives[0]) == "dJ/dx = 2 · x = 2 × 3 = 6"


def test_a_sigmoid_written_out_is_seen_to_be_one():
    z = variable(0.5, "z")
    a = (1 / (1 + np.exp(-z))).named("a")
    explanation = explain((2 * a).named("J"))
    assert str(explanation.local[-1].formula) == "a · (1 - a)"


def test_numbers_are_written_as_on_a_slide():
    x, y = variable(-2.0, "x"), variable(3.0, "y")
    explanation = explain((x * y + y * -1).named("J"))
    assert str(explanation.forward[-1]) == "J = t1 + t2 = -6 + (-3) = -9"
    assert str(explain(-x).forward[0]) == "J = -x = -(-2) = 2"
    assert str(explain(y * x).forward[0]) == "J = y · x = 3 × (-2) = -6"
    assert str(explain(y / x**2).forward[0]) == "t1 = x^2 = (-2)^2 = 4"


# --- more than one path ---


def test_a_variable_times_itself():
    x = variable(4.0, "x")
    assert str(explain((x * x).named("J")).derivatives[0]) == "dJ/dx = 2 · x = 2 × 4 = 8"


def test_a_direct_use_beside_an_indirect_one_is_a_partial_derivative():
    x = variable(-2.0, "x")
    u = (x**2).named("u")
    assert str(explain((x * u).named("J")).derivatives[0]).splitlines() == [
        "dJ/dx, along 2 paths:",
        "  ∂J/∂x = u = 4",
        "  dJ/du · du/dx = (-2) × (-4) = 8",
        "dJ/dx = 4 + 8 = 12",
    ]


def doubling(levels):
    """A graph in which every level doubles the number of paths."""
    x = variable(0.1, "x")
    node = x
    for i in range(levels):
        left = np.sin(node).named(f"l{i}")
        node = (left + node).named(f"s{i}")
    return node, x


def test_thirty_two_paths_are_told_one_by_one_and_sixty_four_node_by_node():
    J, x = doubling(5)
    (few,) = explain(J).derivatives
    assert few.number_of_paths == len(few.paths) == 32
    assert few.value == pytest.approx(float(grad(J, x).value), rel=1e-12)
    J, x = doubling(6)
    explanation = explain(J)
    (many,) = explanation.derivatives
    assert many.number_of_paths == 64
    assert many.paths == ()
    assert many.value == pytest.approx(float(grad(J, x).value), rel=1e-12)
    assert any(line.startswith("64 paths lead from s5 to x") for line in lines(explanation))
    assert any(
        line.startswith("ds5/ds3 = ds5/ds4 · ∂s4/∂s3 + ds5/dl4 · dl4/ds3 = ") for line in lines(explanation)
    )


def test_exponentially_many_paths_take_linear_time():
    J, x = doubling(200)
    (derivative,) = explain(J).derivatives
    assert derivative.number_of_paths == 2**200
    assert derivative.value == pytest.approx(float(grad(J, x).value), rel=1e-12)


def test_deep_graphs_do_not_recurse():
    x, w = variable(0.5, "x"), variable(1.001, "w")
    J = x
    for _ in range(2100):
        J = w * J
    explanation = explain(J)
    assert len(explanation.forward) == 2100
    assert [each.value for each in explanation.derivatives] == pytest.approx(
        [2100 * 1.001**2099 * 0.5, 1.001**2100], rel=1e-10
    )
    text = str(explanation)
    assert "The path from J to x is long" in text
    assert r"\frac{dJ}{dt_{2099}}" in explanation.latex()
    json.dumps(explanation.to_dict())


# --- branches and kinks ---


def test_where_tells_the_branch_and_nothing_of_the_other_one_leaks():
    x = variable(-2.0, "x")
    u = (np.where(x > 0, np.log(x), 3 * x)).named("u")
    explanation = explain((u * 2).named("J"))
    assert str(explanation.forward[0]) == "u = where(x > 0, log(x), 3 · x) = 3 × (-2) = -6"
    assert str(explanation.derivatives[0]) == "dJ/dx = dJ/du · du/dx = 2 × 3 = 6"
    assert explanation.forward[0].remarks == (
        "where(x > 0, log(x), 3 · x) takes 3 · x = -6: the gradient flows there alone",
    )


def test_a_path_through_the_branch_not_taken_counts_nothing_even_where_it_is_not_finite():
    x = variable(-2.0, "x")
    explanation = explain(np.where(x > 0, np.sqrt(x), x * x))
    (derivative,) = explanation.derivatives
    refused, taken = derivative.paths
    assert (refused.product, taken.product, derivative.value) == (0, -4, -4)
    assert derivative.gradient == -4
    assert np.isnan(refused.factors[-1].value)
    assert not refused.factors[0].connected
    assert "t1: sqrt(x) has no value at x = -2" in lines(explanation)
    assert {step.wrt: step.value for step in explanation.backward} == {"t1": 0, "t2": 1, "x": -4}


def test_the_place_without_a_value_names_each_variable_once():
    b = variable(0.0, name="b")
    assert "J: b / b has no value at b = 0" in lines(explain(b / b, wrt=b))
    assert "J: 0 / b has no value at b = 0" in lines(explain(constant(0.0) / b, wrt=b))


def test_a_variable_that_only_decides_has_no_derivative():
    x, y = variable(1.0, "x"), variable(3.0, "y")
    explanation = explain(np.where(x > 0, y, -y), wrt=x)
    assert str(explanation.derivatives[0]) == "dJ/dx = 0"
    assert "J depends on x through conditions only, whose derivative is 0." in lines(explanation)


def test_max_tells_what_it_takes_and_a_tie_is_a_kink():
    a, b = variable(2.0, "a"), variable(5.0, "b")
    explanation = explain(np.maximum(a, b))
    assert [each.value for each in explanation.derivatives] == [0, 1]
    assert explanation.forward[0].remarks == ("max(a, b) takes b = 5: the gradient flows there alone",)
    b.value = 2.0
    explanation = explain(np.maximum(a, b))
    assert [each.value for each in explanation.derivatives] == [0.5, 0.5]
    (remark,) = explanation.forward[0].remarks
    assert "max(a, b) is at its kink (a = 2, b = 2)" in remark
    assert "share ½ each" in remark


@pytest.mark.parametrize(
    ("function", "at", "kinked"),
    [
        (relu, 0.0, True),
        (relu, 1e-300, False),
        (relu, -1.0, False),
        (abs, 0.0, True),
        (abs, 0.5, False),
        (lambda z: np.clip(z, -1, 1), 1.0, True),
        (lambda z: np.clip(z, -1, 1), 0.999, False),
        (np.sqrt, 0.0, True),
        (np.sqrt, 4.0, False),
        (np.sin, 0.0, False),
    ],
)
def test_a_kink_is_remarked_exactly_where_it_is_hit(function, at, kinked):
    z = variable(at, "z")
    (step_,) = explain(function(z)).forward
    assert bool(step_.remarks) == kinked
    if kinked:
        assert step_.node.primitive.kink in step_.remarks[0]


def test_a_relu_inside_a_formula_is_remarked_too():
    w, x = variable(0.0, "w"), variable(3.0, "x")
    h = (relu(w * x) + 1).named("h")
    explanation = explain((h * 2).named("J"), wrt=w)
    assert (
        "h: relu(w · x) is at its kink (w · x = 0); the convention for its derivative: 0 at z = 0"
        in lines(explanation)
    )
    assert str(explanation.local[-1]) == "dh/dw = (w · x > 0) · x = (0 × 3 > 0) × 3 = 0"


def test_what_stops_the_gradient_is_remarked():
    x = variable(3.0, "x")
    explanation = explain(stop_gradient(x) * x)
    assert explanation.derivatives[0].value == explanation.derivatives[0].gradient == 3
    assert any("what is inside counts as a constant" in line for line in lines(explanation))


def test_a_step_can_be_told_forward_but_not_differentiated():
    x = variable(3.0, "x")
    J = step(x * 2) - 1
    explanation = explain(J)
    assert explanation.forward[-1].value == 0
    assert explanation.derivatives == ()
    assert "the derivative of a step is 0 wherever it exists" in explanation.remarks[0]
    with pytest.raises(NoDerivativeError, match="Train with 'sigmoid' or 'relu'"):
        explain(J, wrt=x)


# --- what is asked for ---


def test_a_node_that_J_does_not_depend_on():
    J, _ = three_letters()
    q = variable(7.0, "q")
    explanation = explain(J, wrt=[q, variable(1.0)])
    assert [str(each) for each in explanation.derivatives] == ["dJ/dq = 0", "dJ/dx1 = 0"]
    assert "J does not depend on q." in lines(explanation)


def test_J_by_itself():
    J, _ = three_letters()
    assert str(explain(J, wrt=J).derivatives[0]) == "dJ/dJ = 1"
    x = variable(2.0, "x")
    assert str(explain(x).derivatives[0]) == "dx/dx = 1"


def test_a_gradient_can_be_explained():
    x = variable(2.0, "x")
    J = (x**3).named("J")
    explanation = explain(grad(J, x), wrt=x)
    assert explanation.derivatives[0].value == 12
    assert str(explanation.derivatives[0].name) == "d(dJ/dx)/dx"


def test_numbers_of_float32():
    w = variable(np.float32(0.1), "w")
    explanation = explain(sigmoid(w * np.float32(3)).named("a"))
    assert explanation.derivatives[0].value == pytest.approx(explanation.derivatives[0].gradient, rel=1e-6)
    assert str(explanation.given[0]) == "w = 0.1"


def test_what_cannot_be_explained_is_said():
    x, v = variable(2.0, "x"), variable([1.0, 2.0], "weights")
    with pytest.raises(ShapeError, match=r"of one number, and this node has shape \(2,\).*np.sum"):
        explain(v * x, v)
    with pytest.raises(GraphError, match=r"input 'i' has no value.*feed=\{i: 3.0\}"):
        explain(input("i") * x)
    with pytest.raises(GraphError, match="found float"):
        explain(3.0)
    with pytest.raises(GraphError, match="found str in wrt"):
        explain(x * 2, wrt=["x"])
    with pytest.raises(GraphError, match="feed gives values to inputs"):
        explain(x * 2, feed={x * 2: 1.0})
    with pytest.raises(GraphError, match="needs a J of floats"):
        explain(x > 1, wrt=x)


def test_a_condition_is_told_forward():
    x = variable(2.0, "x")
    assert str(explain((x > 1).named("c")).forward[0]) == "c = (x > 1) = (2 > 1) = 1"


def test_feeding_a_variable_looks_at_another_point():
    J, x = composite(1.0)
    (derivative,) = explain(J, feed={x: 2.0}).derivatives
    assert derivative.value == pytest.approx(9.099148544832385, rel=1e-12)
    assert derivative.gradient == pytest.approx(9.099148544832385, rel=1e-12)


# --- data ---


def test_an_explanation_is_data():
    J, at = three_letters()
    explanation = explain(J, wrt=at["c"])
    told = explanation.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["forward"][0]["formula"] == {"text": "b · c", "latex": r"b \cdot c"}
    assert told["derivatives"][0]["paths"][0]["product"] == 9
    assert explanation.forward[0].node is at["u"]
    with pytest.raises(AttributeError):
        explanation.name = "K"


def test_what_json_cannot_write_is_text():
    z = variable(0.0, "z")
    told = explain(np.sqrt(z)).to_dict()
    assert told["derivatives"][0]["value"] == "inf"
    json.dumps(told, allow_nan=False)


def test_unnamed_constants_are_numbers_and_named_ones_are_given():
    x = variable(2.0, "x")
    explanation = explain(constant(5.0) * x + constant(1.0, "bias"))
    assert [str(each) for each in explanation.given] == ["x = 2", "bias = 1"]
    assert str(explanation.forward[0]) == "t1 = 5 · x = 5 × 2 = 10"
