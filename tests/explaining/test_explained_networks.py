"""What is said of a network on rows holds: sums add up, factors multiply, a told step is the one that training does."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.explaining.inside import TERMS

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 3))
Y = (X[:, 0] > 0).astype(int)


def network(*layers, shape=3, dtype="float32", **how):
    return cr.Network(
        list(layers) or [cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")],
        input_shape=shape,
        seed=0,
        dtype=dtype,
        **how,
    )


def stepped(made, x, y, optimizer, **how):
    """What one real training step with all rows makes of the parameters."""
    learned = copy.deepcopy(made)
    learned.fit(x, y, optimizer=optimizer, batch_size=None, epochs=1, shuffle=False, **how)
    return learned.parameters


RULES = [
    "sgd", "adam", "rmsprop", cr.Adagrad(0.1), cr.SGD(0.1, momentum=0.9, nesterov=True),
    cr.AdamW(0.1, weight_decay=0.3),
    cr.SGD(0.5, weight_decay=0.2, clip_norm=0.01), cr.Adam(cr.Cosine(0.1)), lambda g, slot, t: (0.1 * g, []),
]  # fmt: skip


@pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: type(rule).__name__ if not isinstance(rule, str) else rule
)
def test_a_told_step_is_that_of_training_to_the_last_bit(rule):
    made = network()
    made.fit(X, Y, epochs=3)
    for name, index in (("W1", (1, 2)), ("b1", (3,)), ("W2", (0, 0))):
        told = cr.explain(made, X, Y, parameter=name, index=index, optimizer=rule)
        assert np.float32(told.new) == stepped(made, X, Y, rule)[name][index]
        assert told.value == made.parameters[name][index]  # the network itself is as it was
        assert np.isclose(told.rule[-1].value, told.new, rtol=0, atol=1e-4 * abs(told.change) + 1e-7)


def test_a_gradient_is_the_sum_of_products_of_its_three_factors():
    made = network(dtype="float64")
    told = cr.explain(made, X, Y, parameter="W1", index=(0, 2), optimizer="sgd")
    (use,) = told.uses
    inside = made.activations(X)
    assert [f.row for f in use.factors] == list(range(6)) and use.label == "dense_1"
    for f in use.factors:
        error = (
            (inside["A2"][f.row, 0] - Y[f.row]) * made.parameters["W2"][2, 0] / 6
        )  # by the lectures' formula
        assert np.isclose(f.behind, error) and f.came_in == X[f.row, 0]
        assert np.isclose(f.slope, 1 - inside["A1"][f.row, 2] ** 2)
        assert np.isclose(f.product, f.behind * f.slope * f.came_in)
    assert np.isclose(sum(f.product for f in use.factors), told.gradient)
    assert np.isclose(told.gradient, made.gradients(X, Y)["W1"][0, 2])


def test_the_three_factors_of_the_lecture():
    """S0-71: (ŷ - y) · ŷ(1 - ŷ) · x of a sigmoid and half the squared error: three rows, origin and role, one product.

    At ŷ = 0.9 and y = 1 the first two are -0.1 and 0.09 (S0-68).
    """
    made = network(cr.Dense(1, "sigmoid", initializer=[[2.0]]), shape=1, dtype="float64")
    made.parameters["b1"] = [np.log(9) - 3.0]  # so that z = 2 · 1.5 + b gives ŷ = 0.9

    def half(y, p):
        return ((p - y) ** 2 / 2).sum(axis=-1)

    told = cr.explain(made, [[1.5]], [1.0], parameter="W1[0,0]", loss=half, optimizer=cr.SGD(1.0))
    (factor,) = told.uses[0].factors
    assert np.allclose([factor.behind, factor.slope, factor.came_in], [-0.1, 0.09, 1.5])
    assert np.isclose(factor.error, -0.009) and np.isclose(told.gradient, -0.0135)
    assert np.isclose(told.new, 2.0135)
    heads = told.factor_rows(told.uses[0])[0]
    assert heads == ("row", "dJ/dA1", "dA1/dZ1", "dZ1/dW1[0,0]", "product")
    assert "where the weight grows it falls" in str(told)


def test_an_activation_that_mixes_its_units_has_its_two_factors_told_as_one():
    made = network(cr.Dense(4, "relu"), cr.Dense(3, "softmax"), dtype="float64")
    y = np.arange(6) % 3
    told = cr.explain(made, X, y, parameter="W2", index=(1, 2), optimizer="sgd")
    p, a = made.predict(X), made.activations(X)["A1"]
    for f in told.uses[0].factors:
        assert np.isnan(f.behind) and np.isclose(f.error, (p[f.row, 2] - (y[f.row] == 2)) / 6)
        assert np.isclose(f.came_in, a[f.row, 1])
    assert "dJ/dZ2" in str(told) and json.dumps(told.to_dict(), allow_nan=False)


def test_a_weight_of_a_convolution_counts_at_every_place_and_has_its_price():
    made = network(
        cr.Conv2D(2, 2, regularizer=cr.L2(0.1)), cr.Flatten(), cr.Dense(1), shape=(3, 3, 1), dtype="float64"
    )
    pictures = rng.normal(size=(2, 3, 3, 1))
    told = cr.explain(made, pictures, [0.0, 1.0], parameter="W1", index=(0, 1, 0, 1), optimizer="sgd")
    (use,) = told.uses
    assert len(use.factors) == 8  # two pictures, four places
    for f in use.factors:
        assert f.came_in == pictures[f.row, f.place[0], f.place[1] + 1, 0]
    assert np.isclose(told.penalty, 0.2 * told.value)
    assert np.isclose(sum(f.product for f in use.factors) + told.penalty, told.gradient)


def test_a_weight_of_a_recurrence_has_its_gradient_and_its_step():
    made = network(cr.LSTM(2), cr.Dense(1), shape=(3, 1))
    told = cr.explain(made, rng.normal(size=(2, 3, 1)), [0.0, 1.0], parameter="U1", index=(0, 1))
    assert told.uses == () and told.change != 0 and "no three factors" in str(told)


@pytest.mark.parametrize(
    ("layers", "shape", "parameter", "place"),
    [
        ([cr.TimeDistributed(cr.Dense(2, "tanh")), cr.Flatten(), cr.Dense(1)], (4, 3), "W1", (0, 1)),
        ([cr.Dense(2), cr.PReLU(), cr.Dense(1)], (3,), "alpha_1", (1,)),
        ([cr.Dense(2), cr.BatchNormalization(), cr.Dense(1)], (3,), "gamma_1", (1,)),
        ([cr.SeparableConv1D(2, 2), cr.Flatten(), cr.Dense(1)], (4, 3), "W1", (0, 1, 0)),
    ],
)
def test_factors_are_told_only_where_they_add_up_to_the_gradient(layers, shape, parameter, place):
    made = network(*layers, shape=shape, dtype="float64")
    rows, targets = rng.normal(size=(5, *shape)), rng.normal(size=5)
    told = cr.explain(made, rows, targets, parameter=parameter, index=place, optimizer="sgd")
    assert np.isclose(told.gradient, made.gradients(rows, targets)[parameter][place]) and told.gradient
    if told.uses:
        assert np.isclose(sum(f.product for use in told.uses for f in use.factors), told.gradient)
    else:
        assert "no three factors" in str(told)


@pytest.mark.parametrize(
    ("layers", "rows", "shape"),
    [
        ([cr.Embedding(8, 3, mask_zero=True), cr.LSTM(3), cr.Dense(1)], [[1, 2, 3], [4], [5, 6]], (None,)),
        ([cr.Masking(), cr.GRU(3), cr.Dense(1)], [rng.normal(size=(n, 2)) for n in (4, 1, 2)], (None, 2)),
        (
            [cr.TimeDistributed(cr.Dense(2, "tanh")), cr.Flatten(), cr.Dense(1)],
            rng.normal(size=(3, 4, 2)),
            (4, 2),
        ),
    ],
)
def test_gradients_through_masks_and_along_time_are_told(layers, rows, shape):
    made = network(*layers, shape=shape, dtype="float64")
    told, found = cr.explain(made, rows, [0.5, -1.0, 2.0]), made.gradients(rows, [0.5, -1.0, 2.0])
    assert not told.remark
    for name, gradient in found.items():
        assert np.allclose(told.derivation.gradients[name], gradient)


def test_targets_of_whole_numbers_have_no_gradient_and_those_of_weights_are_told():
    made = network(cr.Dense(4, "relu"), cr.Dense(3, "softmax"), dtype="float64")
    told, y = cr.explain(made, X, np.arange(6) % 3), np.arange(6) % 3
    for name, gradient in made.gradients(X, y).items():
        assert np.allclose(told.derivation.gradients[name], gradient)


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_where_training_makes_no_step_none_is_told(rule):
    made = network(cr.Dense(4, "relu"), cr.Dense(1))
    made.parameters["W1"] = np.full((3, 4), 1e30)
    with pytest.raises(cr.DataError, match="NaN or infinite"):
        cr.explain(made, X, Y, parameter="W2", index=(0, 0), optimizer=rule)


def test_an_estimator_goes_on_from_the_moments_that_it_has():
    first = cr.NetworkRegressor([cr.Dense(3, "tanh")], epochs=2, warm_start=True, random_state=0).fit(
        X, X[:, 0]
    )
    told = cr.explain(first, X, X[:, 0], parameter="W1", index=(0, 0))
    assert told.step > 1 and any(before for _, before, _ in told.slots)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: cr.explain(network(), X, Y, parameter="W3"), "W1"),
        (lambda: cr.explain(network(), X, Y, parameter="W1", index=(0, 9)), r"W1\[0,0\] to W1\[2,3\]"),
        (lambda: cr.explain(network(), X, Y, parameter="W1"), "found none"),
        (lambda: cr.explain(network(), X, Y, parameter="W1[a]"), "found"),
        (lambda: cr.explain(network(), X, Y, index=(0, 1)), "parameter="),
        (lambda: cr.explain(network(), X, parameter="W1", index=(0, 1)), "give y"),
        (
            lambda: cr.explain(network(), X, Y, parameter="W1", index=(0, 1), optimizer="lbfgs"),
            "optimizer='sgd'",
        ),
        (lambda: cr.explain(network(), X).row(6), "rows 0 to 5"),
        (lambda: cr.explain(network()), r"explain\(network, X, y\)"),
    ],
)
def test_mistakes_are_answered_in_words(ask, words):
    with pytest.raises(cr.ChainruleError, match=words):
        ask()


def test_a_frozen_weight_is_moved_by_no_step():
    made = network(cr.Dense(4, "tanh", trainable=False), cr.Dense(1, "sigmoid"))
    with pytest.raises(cr.GraphError, match="frozen"):
        cr.explain(made, X, Y, parameter="W1", index=(0, 0))


# --- what made an output ------------------------------------------------------------------------------------


def test_what_comes_into_a_unit_adds_up_to_it():
    made = network(cr.Dense(8, "relu"), cr.Dropout(0.5), cr.Dense(3, "softmax"), dtype="float64")
    made.fit(X, np.arange(6) % 3, epochs=5)
    told, inside = cr.explain(made, X), made.activations(X)
    for number in range(6):
        row = told.row(number)
        assert row.output == made.predict(X)[number].argmax() and np.isclose(
            row.predicted, made.predict(X)[number].max()
        )
        for layer, name in zip(row.layers, ("1", "2"), strict=True):
            for unit in layer.units:
                place = int(unit.z.partition("[")[2][:-1])
                assert np.isclose(unit.sum, inside[f"Z{name}"][number, place])
                assert np.isclose(sum(t.adds for t in unit.terms) + unit.bias, unit.sum)
                assert np.isclose(unit.bias, made.parameters[f"b{name}"][place])
                assert np.isclose(unit.out, inside[f"A{name}"][number, place])
        for term in row.layers[0].units[0].terms:
            assert term.adds == term.value * term.slope and term.value in X[number]
        first = row.layers[0].units
        assert [abs(u.matters) for u in first] == sorted([abs(u.matters) for u in first], reverse=True)


def test_a_pixel_of_a_convolution_is_the_sum_of_what_lies_under_its_kernel():
    made = network(
        cr.Conv2D(2, 3, activation="relu"), cr.Flatten(), cr.Dense(1), shape=(5, 5, 1), dtype="float64"
    )
    picture = rng.normal(size=(1, 5, 5, 1))
    unit = cr.explain(made, picture).row().layers[0].units[0]
    assert len(unit.terms) == 9
    r, c, k = map(int, unit.z.partition("[")[2][:-1].split(","))
    under = picture[0, r : r + 3, c : c + 3, 0] * made.parameters["W1"][:, :, 0, k]
    assert np.allclose(sorted(t.adds for t in unit.terms), sorted(under.ravel()))
    assert f"({9 - TERMS} more)" in str(unit)


def test_the_names_of_columns_stand_in_sums():
    table = pd.DataFrame(X, columns=["rooms", "age", "area"])
    made = network(cr.Dense(1), dtype="float64")
    made.fit(table, X @ [1.0, 2.0, 3.0], epochs=2)
    assert {t.came for t in cr.explain(made, table).row().layers[0].units[0].terms} == set(table)


def test_a_network_with_given_weights_takes_the_names_of_the_rows():
    table = pd.DataFrame(X, columns=["rooms", "age", "area"])
    made = network(cr.Dense(1), dtype="float64")
    assert {t.came for t in cr.explain(made, table).row().layers[0].units[0].terms} == set(table)
    assert cr.attributions(made, table).names == tuple(table)
    assert cr.permutation_importance(made, table, X[:, 0]).names == tuple(table)
    (numbered,) = cr.explain(made, pd.DataFrame(X[:1])).row().layers  # columns 0, 1, 2 are no names
    assert {t.came for t in numbered.units[0].terms} == {"x[0]", "x[1]", "x[2]"}
    made.fit(table, X[:, 0], epochs=1)
    swapped = table[["area", "rooms", "age"]]  # what it learned goes by name
    assert cr.attributions(made, swapped).names == tuple(table)
    assert np.allclose(cr.attributions(made, swapped).values, cr.attributions(made, table).values)


def test_an_explanation_stays_as_it_was_when_the_network_learns_on():
    made = network(dtype="float64")
    told = cr.explain(made, X, Y)
    before, text = told.row(2).layers[0].units[0].sum, str(told)
    made.fit(X, Y, epochs=3)
    assert told.row(2).layers[0].units[0].sum == before and str(told) == text


def test_the_gradients_of_the_derivation_are_those_of_the_network():
    made = network(dtype="float64")
    told = cr.explain(made, X, Y)
    gradients = made.gradients(X, Y)
    found = {step.name: step.value for step in told.derivation.backward}
    for name, g in gradients.items():
        assert np.allclose(found[f"d{name}"], g)
    assert "dZ2 = dA2 ∘ A2 ∘ (1 − A2) = A2 − y" in str(told)
    assert json.dumps(cr.explain(made, X[:2], Y[:2]).to_dict())


def test_sequences_and_words_are_told_of_where_there_are_sums():
    made = cr.Network(
        [cr.Embedding(9, 3, mask_zero=True), cr.LSTM(4), cr.Dense(1)], input_shape=(None,), seed=0
    )
    told = cr.explain(made, [[1, 2, 3], [4, 5]], [1.0, 2.0])
    assert [layer.label for layer in told.row(1).layers] == ["dense_1"]
    assert np.isclose(told.row(1).predicted, made.predict([[1, 2, 3], [4, 5]])[1, 0])


# --- how it is asked and said -------------------------------------------------------------------------------


def test_a_single_example_needs_no_axis_of_its_own():
    made = network()
    made.fit(X, Y, epochs=2, optimizer=cr.Adam(0.02))
    assert str(cr.explain(made, X[2], Y[2])) == str(cr.explain(made, X[2:3], Y[2:3]))
    one = cr.explain(made, X[2], Y[2], parameter="W1", index=(0, 0))
    assert one.new == cr.explain(made, X[2:3], Y[2:3], parameter="W1", index=(0, 0)).new
    assert np.array_equal(cr.attributions(made, X[2]).values, cr.attributions(made, X[2:3]).values)
    picture = network(cr.Conv2D(2, 2), cr.Flatten(), cr.Dense(1), shape=(3, 3, 1))
    assert cr.attributions(picture, np.ones((3, 3, 1))).values.shape == (1, 3, 3, 1)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    assert len(cr.explain(made, frame.iloc[3], Y[3]).of) == 1


def test_the_rule_is_that_of_the_last_fit_where_nobody_chooses_another():
    made = network()
    ask = {"parameter": "W1", "index": (0, 0)}
    assert cr.explain(made, X, Y, **ask).rule_of == "nobody"
    made.fit(X, Y, epochs=1, optimizer=cr.SGD(0.25))
    told = cr.explain(made, X, Y, **ask)
    assert told.optimizer == cr.SGD(0.25) and "as in the last fit" in str(told)
    assert cr.explain(made, X, Y, optimizer="adam", **ask).rule_of == "you"
    made.fit(X, Y, epochs=1, optimizer=lambda g, slot, t: (0.1 * g, []))
    assert copy.deepcopy(made).predict(X).shape == (6, 1)  # what no file could hold is no part of it


def test_adam_is_told_as_its_paper_has_it():
    told = cr.explain(network(), X, Y, parameter="W1", index=(0, 0), optimizer=cr.Adam(0.01))
    lines = {line.name: line for line in told.rule}
    assert str(lines["correction_1"]) == "correction_1 = 1 - 0.9^t = 1 - 0.9^1 = 0.1"
    assert "expm1" not in str(told) and np.isclose(lines["second_moment"].value, 0.001 * told.gradient**2)
    assert {name: after for name, _, after in told.slots}["first_moment"] == pytest.approx(
        0.1 * told.gradient
    )


def test_a_class_is_said_with_its_probability():
    made = network(cr.Dense(3, "softmax"))
    p = made.predict(X)[0]
    assert cr.explain(made, X).row().says == f"class {p.argmax()} with probability {p.max():.4g}"


def test_gates_and_every_layer_have_the_names_that_their_formulas_and_activations_have():
    made = network(cr.LSTM(2), cr.Dense(1), shape=(2, 3))
    told = cr.explain(made, np.ones((2, 2, 3)), np.ones((2, 1))).derivation
    lines = {step.name: str(step) for step in told.forward}
    assert {"i1", "g1", "o1", "c1", "h1", "f2", "i2", "g2", "o2", "c2", "h2", "A1"} <= set(lines)
    assert (
        lines["c2"].startswith("c2 = f2 ∘ c1 + i2 ∘ g2") and "f1" not in lines
    )  # nothing is there to forget
    assert {str(step).partition("   ")[0] for step in told.backward} >= {"df2 = dc2 ∘ c1", "dg2 = dc2 ∘ i2"}
    seen = network(
        cr.Conv2D(2, 3, activation="relu"), cr.MaxPooling2D(2), cr.Flatten(), cr.Dense(1), shape=(4, 4, 1)
    )
    told = cr.explain(seen, np.ones((2, 4, 4, 1)), np.ones((2, 1))).derivation
    assert [step.name for step in told.forward] == [*list(seen.activations(np.ones((2, 4, 4, 1))))[:2],
        "max_pooling2d_1", "flatten_1", "Z2", "A2", "J"]  # fmt: skip
    assert "dW2 = flatten_1ᵀ · dZ2 / m   (2, 1)" in map(str, told.backward)


def tells(words, text):
    return all(word in text for word in words)


def test_digits_and_notation_reach_rows_weights_and_elements():
    made = network(cr.Dense(2, "tanh", initializer=[[1.0, 2.0], [3.0, 4.23456]]), cr.Dense(1), shape=2)
    X, y, how = [[1.0, 0.5]], [[1.0]], {"digits": 3, "notation": ("W x", "W^[1]")}
    told = cr.explain(made, X, y, **how)
    row = str(told.row())
    assert tells(
        ["Z^[1][1] = x[1] · W^[1][1,1]", "x[0] · W^[1][1,0]", "0.5 × 4.23 + 1 × 2", "A^[1][1] = 0.999"], row
    )
    assert told.row().to_dict() == cr.explain(made, X, y).row().to_dict()  # data stays as it is
    assert "0.5 × 4.23456 + 1 × 2" in str(cr.explain(made, X, y, digits=6).row())
    weight = str(cr.explain(made, X, y, parameter="W1", index=(1, 0), optimizer="sgd", **how))
    assert weight.startswith("W^[1][0,1] = 3, of") and tells(["dJ/dA^[1]", "dZ^[1]/dW^[1][0,1]"], weight)
    plain = cr.explain(made, X, y, parameter="W1", index=(1, 0), optimizer="sgd")
    assert (
        cr.explain(made, X, y, parameter="W1", index=(1, 0), optimizer="sgd", **how).to_dict()["new"]
        == plain.new
    )
    element = told.derivation.element("dW1", (0, 1))
    assert str(element).startswith("dW^[1][0,1] = dZ^[1][0,0] · x[1,0] = ")
    assert str(told.derivation.element("dW^[1]", (0, 1))) == str(element)
    assert element.value == pytest.approx(told.derivation.gradients["W1"][1, 0])
    assert str(told.derivation.element("W1", (0, 1))) == "W^[1][0,1] = 3"


def test_where_nothing_came_in_the_row_says_so():
    made = network(cr.Dense(2, "tanh"), cr.Dense(1), shape=2)
    told = cr.explain(
        made, np.float32([[0.0, 1.0], [0.0, 2.0]]), np.ones((2, 1)), parameter="W1", index=(0, 1)
    )
    (use,) = told.uses
    assert told.gradient == 0 and [(f.row, f.place, f.came_in, f.product) for f in use.factors] == [
        (0, (1,), 0, 0), (1, (1,), 0, 0),
    ]  # fmt: skip
    assert all(f.behind != 0 and f.slope != 0 for f in use.factors)
    one = cr.explain(made, np.float32([0.0, 1.0]), [1.0], parameter="W1", index=(0, 1))
    assert len(one.factor_rows(one.uses[0])) == 2


def test_both_classes_of_a_binary_network_are_named():
    made = network(cr.Dense(1, "sigmoid", initializer=[[np.log(3.0)]]), shape=1)
    assert cr.explain(made, [[1.0]]).row().says == "class 1 with probability 0.75, class 0 with 0.25"
    told = network(cr.Dense(1, "sigmoid"), shape=1)
    told.fit([[1.0], [2.0]], [[0.5], [0.25]], loss="mse", epochs=1)
    assert told.loss == "mse" and cr.explain(told, [[1.0]]).row().says.startswith("the network puts out ")
