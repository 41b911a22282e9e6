"""The evaluator: what a graph means."""

import numpy as np
import pytest

from chainrule.errors import GraphError, ShapeError
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import constant, input, variable


def test_every_node_of_the_graph_is_kept_and_no_other():
    x, y = variable(2.0), variable(3.0)
    u = x * x
    v = u + 1
    values = evaluate([v], None)
    assert set(values) >= {x, u, v} and y not in values
    assert values[u] == 4 and values[v] == 5


def test_several_outputs_share_their_work():
    x = input("x", ())
    u = np.exp(x)
    first, second = u * 2, u * 3
    values = evaluate([first, second], {x: 0.0})
    assert [values[first], values[second]] == [2, 3]
    assert [n.primitive.name for n in values].count("exp") == 1


def test_any_node_may_be_given_a_value():
    x = input("x", ())
    u = np.exp(x)
    J = u * u
    assert evaluate([J], {u: 3.0})[J] == 9  # and then x need not be known
    w = variable(1.0)
    J = w * 2
    assert evaluate([J], {w: 5.0})[J] == 10 and w.value == 1


def test_a_copy_of_a_leaf_takes_the_value_of_the_leaf():
    x, w = input("x", ()), variable(1.0)
    J = x.named("other") * w.named("same")
    assert evaluate([J], {x: 3.0})[J] == 3
    assert evaluate([J], {x: 3.0, w: 2.0})[J] == 6


def test_values_are_turned_to_the_dtype_of_the_node():
    x = input("x", (2,), "float32")
    assert evaluate([x], {x: [1, 2]})[x].dtype == np.float32
    labels = input("labels", (2,), "int64")
    assert evaluate([labels], {labels: [1.0, 2.0]})[labels].tolist() == [1, 2]


def test_overflow_on_the_way_warns_of_nothing():
    x = variable(-1000.0)
    y = 1 / (1 + np.exp(-x))
    assert y.value == 0
    assert np.isnan(np.log(x).value)


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        ((2,), [1.0, 2.0, 3.0], r"'x' has shape \(3,\); expected \(2,\)"),
        ((2,), 1.0, r"'x' has shape \(\); expected \(2,\)"),
        (("batch", 3), [[1.0, 2.0]], r"'x' has shape \(1, 2\); expected \(batch, 3\) with batch = 1"),
        ((), [[1.0, 2.0], [3.0]], r"'x' has rows of different lengths"),
    ],
)
def test_a_value_of_another_shape_is_refused(shape, value, message):
    x = input("x", shape)
    with pytest.raises(ShapeError, match=message):
        evaluate([x * 1], {x: value})


def test_equal_names_of_open_axes_mean_equal_lengths():
    x, y = input("x", ("batch",)), input("y", ("batch",))
    assert evaluate([np.sum(x * y)], {x: [1.0, 2.0], y: [3.0, 4.0]})
    with pytest.raises(ShapeError, match=r"'y' has shape \(3,\); expected \(batch,\) with batch = 2"):
        evaluate([np.sum(x * y)], {x: [1.0, 2.0], y: [3.0, 4.0, 5.0]})


def test_a_length_that_nothing_gave_is_asked_for():
    x = input("x", ("batch",))
    spread = np.broadcast_to(constant(1.0), x.shape)
    with pytest.raises(ShapeError, match="open axis 'batch' is unknown"):
        evaluate([spread])
    assert evaluate([spread], {x: [1.0, 2.0]})[spread].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        ("float64", "text", "'x' holds .* and not numbers"),
        ("int64", 1.5, r"'x' takes whole numbers \(int64\); the value given holds fractions"),
        ("int64", float("nan"), "holds fractions"),
    ],
)
def test_a_value_of_another_kind_is_refused(dtype, value, message):
    x = input("x", (), dtype)
    with pytest.raises(GraphError, match=message):
        evaluate([x * 1], {x: value})
