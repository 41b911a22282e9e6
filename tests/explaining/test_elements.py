"""Any element opens into its sum: what is printed, and that every sum comes to the element."""

import numpy as np
import pytest
from array_graphs import GRAPHS, classes, network, numbers, xor

import chainrule as cr


def printed(told, name, *index):
    return str(told.element(name, index))


def test_a_gradient_of_a_weight_is_a_sum_over_the_examples():
    told = xor().explain()
    assert printed(told, "dW1", 0, 3) == (
        "dW1[0,3] = Σ_i X[i,0] · dZ1[i,3] / m = "
        "(0 × (-0.07021) + 0 × 0.05179 + 1 × 0.0517 + 1 × (-0.1213)) / m = -0.0174"
    )
    assert printed(told, "dZ2", 0, 0) == "dZ2[0,0] = A2[0,0] − Y[0,0] = 0.5294 − 0 = 0.5294"
    assert printed(told, "A1", 2, 0) == "A1[2,0] = tanh(Z1[2,0]) = tanh(0.46) = 0.4301"
    assert printed(told, "X", 1, 1) == "X[1,1] = 1"


def test_of_a_long_sum_the_ends_are_written():
    told = classes().explain()
    assert " + … + " in printed(told, "dW2", 0, 1)
    element = told.element("dW2", (0, 1))
    assert element.number_of_terms == len(element.terms) == 5
    assert str(element.terms[3].formula) == "A1[3,0] · dZ2[3,1]"
    assert sum(term.value for term in element.terms) / 5 == pytest.approx(element.value)


def test_softmax_is_a_quotient_of_exponentials():
    assert printed(classes().explain(), "A2", 0, 1).startswith(
        "A2[0,1] = exp(Z2[0,1]) / (Σ_i exp(Z2[0,i])) = "
    )


def test_one_pixel_of_a_convolution_says_which_inputs_and_which_weights():
    graph = network([cr.Conv2D(2, 3, strides=2, dilation=1), cr.Flatten(), cr.Dense(1)], 7, 7, 1)
    told = graph.explain("W1")
    element = told.element("Z1", (0, 1, 2, 0))
    assert str(element.formula) == "Σ_i,j x[0,i+2,j+4,0] · W1[i,j,0,0] + b1[0]"
    assert element.number_of_terms == 9
    assert str(element.terms[-1].formula) == "x[0,4,6,0] · W1[2,2,0,0]"
    element = told.element("dW1", (0, 1, 0, 1))
    assert str(element.formula) == "Σ_i,j,k x[i,2j,2k+1,0] · dZ1[i,j,k,1] / m"


def test_beside_a_border_of_zeros_fewer_inputs_take_part():
    told = network([cr.Conv2D(1, 3, padding="same"), cr.Flatten(), cr.Dense(1)], 5, 5, 1).explain("W1")
    assert told.element("Z1", (0, 0, 0, 0)).number_of_terms == 4
    assert told.element("Z1", (0, 2, 2, 0)).number_of_terms == 9
    assert str(told.element("Z1", (0, 0, 0, 0)).terms[0].formula) == "x[0,0,0,0] · W1[1,1,0,0]"


def test_a_row_of_an_embedding_learns_where_its_word_stands():
    graph = GRAPHS["embedding"]()
    told, words = graph.explain("E1"), graph.feed[graph.x]
    word = int(words[0, 0])
    element = told.element("dE1", (word, 2))
    assert element.number_of_terms in (0, int((words == word).sum()))
    assert printed(told, "A1", 0, 0, 2).startswith(f"A1[0,0,2] = E1[{word},2] = ")


def test_a_recurrence_is_opened_at_one_step():
    told = GRAPHS["recurrent"]().explain()
    assert printed(told, "h2", 3, 1).startswith("h2[3,1] = tanh(z_2[3,1]) = ")
    assert printed(told, "z_2", 3, 1).startswith("z_2[3,1] = Σ_i X[1,3,i] · W[i,1] + Σ_j h1[3,j] · U[j,1] = ")


@pytest.mark.parametrize("name", GRAPHS)
def test_every_sum_comes_to_the_element(name):
    told = GRAPHS[name]().explain()
    rng = np.random.default_rng(1)
    for step in (*told.forward, *told.local, *told.backward):
        index = tuple([int(rng.integers(n)) for n in step.shape])
        element = told.element(step.name, index)
        assert element.value == pytest.approx(step.value[index], rel=1e-9, abs=1e-12), str(element)
        assert len(str(element)) < 1500


def test_negative_places_count_from_the_end_and_others_are_refused():
    told = xor().explain("W1")
    assert told.element("dW1", (-1, -1)).name == "dW1[1,3]"
    for wrong in [(0,), (2, 0), (0, 0, 0), (0.5, 0), 1]:
        with pytest.raises(cr.GraphError, match=r"dW1 has shape \(2, 4\): its elements have a whole number"):
            told.element("dW1", wrong)
    with pytest.raises(cr.UnknownNameError, match="Did you mean 'dW1'"):
        told.element("dW11", (0, 0))


def test_large_sums_are_quick():
    X, W = cr.input("X", ("m", 300)), cr.variable(numbers(300, 20), "W")
    J = np.mean(np.sum(np.tanh((X @ W).named("Z")) ** 2, axis=1)).named("J")
    element = cr.explain(J, feed={X: numbers(2000, 300)}).element("dW", (3, 4))
    assert element.number_of_terms == 2000
    assert len(element.terms) == 100


def test_a_sum_of_more_terms_than_are_walked_is_told_as_one_number_and_not_in_part():
    w = cr.variable(np.ones(20_002), "w")
    told = cr.explain(np.sum(np.cumsum(w).named("c") ** 2).named("J"))
    assert told.element("c", (20_001,)).value == 20_002
    assert told.element("dw", (0,)).value == pytest.approx(20_002 * 20_003)
    assert told.element("c", (2,)).number_of_terms == 3


def test_there_are_letters_for_any_number_of_sums():
    rng = np.random.default_rng(0)
    graph = network([cr.Dense(4), cr.GroupNormalization(2), cr.Dense(3, "softmax")], 3)
    graph.feed[graph.x] = rng.normal(size=(40, 3))
    graph.feed[graph.Y] = rng.normal(size=(40, 3))
    told = graph.explain()
    for place in range(4):
        value = told.gradients["gamma_1"][place]
        assert told.element("dgamma_1", (place,)).value == pytest.approx(value)


def test_a_softmax_of_large_numbers_has_the_value_that_it_has():
    z = cr.variable([[1000.0, 0.0]], "z")
    told = cr.explain(np.sum(np.log(cr.softmax((z * 1).named("Z")).named("A"))).named("J"))
    assert told.element("A", (0, 0)).value == 1
