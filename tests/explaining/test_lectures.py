"""The lectures' own examples, as they are printed on the slides."""

import pytest
from lecture_graphs import alice, composite, logistic, spam, three_letters, two_two_one

from chainrule.explaining.explanation import explain


def values_of(explanation):
    return {each.wrt: each.value for each in explanation.derivatives}


def forward_of(explanation):
    return {step.name: step.value for step in explanation.forward}


def factor(explanation, symbol):
    (found,) = [each for each in explanation.local if str(each.symbol) == symbol]
    return found


# --- S0-100 to S0-112: J = 3(a + bc) ---


def test_forward_the_three_letters_are_told_step_by_step():
    J, _ = three_letters()
    assert [str(step) for step in explain(J).forward] == [
        "u = b · c = 3 × 2 = 6",
        "v = a + u = 5 + 6 = 11",
        "J = 3 · v = 3 × 11 = 33",
    ]


def test_the_chain_rule_of_c_is_the_line_of_the_lecture():
    J, at = three_letters()
    explanation = explain(J, wrt=at["c"])
    assert str(explanation.derivatives[0]) == "dJ/dc = dJ/dv · dv/du · du/dc = 3 × 1 × 3 = 9"
    (path,) = explanation.derivatives[0].paths
    assert [f.value for f in path.factors] == [3, 1, 3]


def test_the_whole_text_of_the_three_letters():
    J, at = three_letters()
    assert str(explain(J, wrt=at["c"])) == "\n".join(
        [
            "Given",
            "  a = 5, b = 3, c = 2",
            "",
            "Forward, step by step",
            "  u = b · c = 3 × 2 = 6",
            "  v = a + u = 5 + 6 = 11",
            "  J = 3 · v = 3 × 11 = 33",
            "",
            "Each step by its own inputs",
            "  dJ/dv = 3",
            "  dv/du = 1",
            "  du/dc = b = 3",
            "",
            "The chain rule: the product along a path, the sum over paths",
            "  dJ/dc = dJ/dv · dv/du · du/dc = 3 × 1 × 3 = 9",
            "",
            "Remarks",
            "  multiply: each factor's gradient is scaled by the other factor",
            "  add: a sum passes the gradient on unchanged to both its terms",
        ]
    )


def test_every_derivative_of_the_three_letters():
    J, at = three_letters()
    assert values_of(explain(J, list(at.values()))) == {"v": 3, "a": 3, "u": 3, "b": 6, "c": 9}
    assert values_of(explain(J)) == {"a": 3, "b": 6, "c": 9}


def test_backward_goes_node_by_node_users_first():
    """S1-59."""
    J, _ = three_letters()
    assert [str(step) for step in explain(J).backward] == [
        "dJ/dv = 3",
        "dJ/du = dJ/dv · dv/du = 3 × 1 = 3",
        "dJ/da = dJ/dv · dv/da = 3 × 1 = 3",
        "dJ/db = dJ/du · du/db = 3 × 2 = 6",
        "dJ/dc = dJ/du · du/dc = 3 × 3 = 9",
    ]


# --- S0-117, S0-118: the spam neuron ---


def test_a_neuron_written_in_one_line_is_one_step():
    L, _, feed = spam("cross-entropy")
    explanation = explain(L, feed=feed)
    assert [str(step) for step in explanation.forward[:2]] == [
        "z = w1 · x1 + w2 · x2 + b = 0.2 × 3 + 0.4 × 5 + 0.1 = 2.7",
        "a = σ(z) = σ(2.7) = 0.937027",
    ]
    assert str(factor(explanation, "dz/dw1")) == "dz/dw1 = x1 = 3"
    assert str(factor(explanation, "da/dz").formula) == "a · (1 - a)"
    assert str(factor(explanation, "dL/da").formula) == "-y / a + (1 - y) / (1 - a)"


def test_the_spam_neuron_with_cross_entropy():
    L, at, feed = spam("cross-entropy")
    explanation = explain(L, list(at.values()), feed)
    assert forward_of(explanation) == pytest.approx(
        {"z": 2.7, "a": 0.9370266439430035, "L": 2.7650435617765905}, rel=1e-12
    )
    assert factor(explanation, "da/dz").value == pytest.approx(0.05900771248391524, rel=1e-12)
    expected = {
        "w1": 2.8110799318290107,
        "w2": 4.685133219715017,
        "b": 0.9370266439430035,
        "z": 0.9370266439430035,
        "a": 15.879731724872832,
    }
    assert values_of(explanation) == pytest.approx(expected, rel=1e-12)


def test_the_spam_neuron_with_half_the_squared_error():
    L, at, feed = spam("half squared error")
    explanation = explain(L, [at["w1"], at["w2"], at["z"]], feed)
    assert str(factor(explanation, "dL/da")) == "dL/da = a - y = 0.937027 - 0 = 0.937027"
    expected = {"w1": 0.16587539638667032, "w2": 0.27645899397778384, "z": 0.05529179879555677}
    assert values_of(explanation) == pytest.approx(expected, rel=1e-12)


# --- S3-25 to S3-47: Alice ---

ALICE = {
    "w1": 0.02146953526581111,
    "w2": 0.010734767632905555,
    "w3": 0.02146953526581111,
    "w4": 0.010734767632905555,
    "w5": -0.011269220242958155,
    "w6": -0.011269220242958155,
    "b1": -0.010734767632905555,
    "b2": -0.010734767632905555,
    "b3": -0.23761755952842809,
}


def test_all_nine_derivatives_of_alice_are_products_along_one_path():
    L, parameters = alice()
    explanation = explain(L, list(parameters.values()))
    assert values_of(explanation) == pytest.approx(ALICE, rel=1e-12)
    assert [each.number_of_paths for each in explanation.derivatives] == [1] * 9


def test_the_three_factors_of_alice():
    L, parameters = alice()
    explanation = explain(L, parameters["w1"])
    (path,) = explanation.derivatives[0].paths
    assert [str(f.symbol) for f in path.factors] == ["dL/do1", "do1/dh1", "dh1/dw1"]
    assert [str(f.formula) for f in path.factors] == [
        "-2 · (1 - o1)",
        "o1 · (1 - o1) · w5",
        "h1 · (1 - h1) · x1",
    ]
    exact = [-0.9526096518320006, 0.24943853872512894, -0.09035331946182427]
    assert [f.value for f in path.factors] == pytest.approx(exact, rel=1e-12)
    assert str(path).endswith(" = (-0.95261) × 0.249439 × (-0.0903533) = 0.0214695")


# --- S3-48 to S3-53: J = cos(sin(x²) + 3x²) ---


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.5, -3.334146414144972),
        (1.0, 4.5607917906787785),
        (2.0, 9.099148544832385),
        (-1.0, -4.5607917906787785),
        (0.0, 0.0),
    ],
)
def test_the_composite_function_adds_two_paths(x, expected):
    J, _ = composite(x)
    (derivative,) = explain(J).derivatives
    assert derivative.number_of_paths == 2
    assert derivative.value == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_two_paths_are_told_line_by_line_and_added():
    J, _ = composite(1.0)
    explanation = explain(J)
    assert str(explanation.derivatives[0]).splitlines() == [
        "dJ/dx, along 2 paths:",
        "  dJ/dd · dd/db · db/da · da/dx = 0.644125 × 1 × 0.540302 × 2 = 0.696044",
        "  dJ/dd · dd/dc · dc/da · da/dx = 0.644125 × 1 × 3 × 2 = 3.86475",
        "dJ/dx = 0.696044 + 3.86475 = 4.56079",
    ]
    by_a = [step for step in explanation.backward if step.wrt == "a"]
    assert [str(step) for step in by_a] == [
        "dJ/da = dJ/db · db/da + dJ/dc · dc/da = 0.644125 × 0.540302 + 0.644125 × 3 = 2.2804"
    ]


# --- S2-52 to S2-64: the 2-2-1 network ---


def test_the_two_two_one_network_forward_and_backward():
    L, leaves = two_two_one()
    explanation = explain(L)
    assert [step.name for step in explanation.forward] == ["z1", "z2", "a1", "a2", "z3", "ŷ", "L"]
    expected = {
        "z1": 0.7,
        "z2": 1.0,
        "a1": 0.6681877721681662,
        "a2": 0.7310585786300049,
        "z3": 0.772729033262086,
        "ŷ": 0.6841109425510752,
        "L": 0.04989294830798506,
    }
    assert forward_of(explanation) == pytest.approx(expected, rel=1e-12)
    expected = {
        "ŷ": -0.31588905744892484,
        "z3": -0.06826462378725547,
        "a1": -0.03413231189362773,
        "a2": -0.040958774272353275,
        "z1": -0.007567572942072764,
        "z2": -0.008052983792888846,
        "w1": -0.007567572942072764,
        "w2": -0.008052983792888846,
        "w3": -0.015135145884145529,
        "w4": -0.016105967585777693,
        "w5": -0.04561358688630423,
        "w6": -0.049905438836623,
        "x1": -0.0023673540527850458,
        "x2": -0.005491465399777368,
    }
    assert {step.wrt: step.value for step in explanation.backward} == pytest.approx(expected, rel=1e-12)
    # One pass visits each node once, and each edge rule is (head's gradient) · (tail's value).
    assert len(explanation.backward) == len(expected)
    (w3,) = [step for step in explanation.backward if step.wrt == "w3"]
    assert str(w3) == "dL/dw3 = dL/dz1 · dz1/dw3 = (-0.00756757) × 2 = -0.0151351"
    assert {d.wrt: d.number_of_paths for d in explanation.derivatives} == {
        name: 2 if name.startswith("x") else 1 for name in leaves
    }


# --- S1-60 to S1-71: logistic regression ---


@pytest.mark.parametrize(("y", "loss"), [(1, 0.24100845383299221), (0, 1.5410084538329922)])
def test_logistic_regression(y, loss):
    L, at = logistic(y)
    explanation = explain(L, list(at.values()))
    assert forward_of(explanation)["L"] == pytest.approx(loss, rel=1e-12)
    a = 0.7858349830425586
    expected = {"z": a - y, "b": a - y, "w1": a - y, "w2": 2 * (a - y), "w3": 3 * (a - y)}
    found = values_of(explanation)
    assert found.pop("a") == pytest.approx(-y / a + (1 - y) / (1 - a), rel=1e-12)
    assert found == pytest.approx(expected, rel=1e-12)
