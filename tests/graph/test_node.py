"""The node: leaves, values, what is refused, copies and pickles."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import GraphError, ShapeError, UnsupportedError
from chainrule.graph.node import (
    Node,
    as_node,
    cast,
    constant,
    flatten,
    input,
    mark,
    record,
    unflatten,
    variable,
    with_inputs,
)
from chainrule.graph.primitives.primitive import TABLE, Primitive
from chainrule.graph.shapes import Extent
from chainrule.graph.trace import trace
from chainrule.graph.walk import order
from chainrule.transform.backprop import grad

# --- leaves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (3, "float64"),
        (3.0, "float64"),
        ([1, 2], "float64"),
        (np.float32(3), "float32"),
        (np.ones(2, np.float32), "float32"),
        (np.ones(2, np.int8), "float64"),
        (np.ones(2, np.float16), "float32"),
        ([True, False], "bool"),
    ],
)
@pytest.mark.parametrize("leaf", [variable, constant])
def test_floats_keep_their_dtype_and_whole_numbers_become_float64(leaf, value, dtype):
    node = leaf(value)
    assert node.dtype == node.value.dtype == dtype
    assert leaf(value, dtype="float32").dtype == np.float32


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">i4"])
def test_numbers_in_another_byte_order_are_taken_as_the_numbers_they_are(dtype):
    foreign = np.arange(3).astype(dtype)
    x = input("x", (3,), dtype)
    for leaf in (variable(foreign), constant(foreign), variable([0, 1, 2], dtype=dtype)):
        assert leaf.dtype.isnative and leaf.value.dtype.isnative and leaf.value.tolist() == [0, 1, 2]
        for engine in ("numpy", "native"):
            assert cr.compile(leaf + x, inputs=[x], engine=engine)(foreign).tolist() == [0, 2, 4]


def test_a_leaf_copies_the_array_it_is_given():
    array = np.ones(2)
    v, c = variable(array), constant(array)
    array[0] = 7
    assert v.value.tolist() == c.value.tolist() == [1, 1]
    with pytest.raises(ValueError, match="read-only"):
        v.value[0] = 7


@pytest.mark.parametrize("bad", ["text", None, 1j, object(), ["a", "b"]])
def test_a_leaf_holds_real_numbers(bad):
    with pytest.raises(GraphError, match="A graph computes with real numbers; found"):
        variable(bad)


def test_rows_of_different_lengths_have_no_shape():
    with pytest.raises(ShapeError, match="rows are of different lengths"):
        constant([[1, 2], [3]])
    with pytest.raises(ShapeError, match="rows are of different lengths"):
        variable([1.0]).value = [[1, 2], [3]]


def test_a_variable_takes_new_values_of_its_shape_and_dtype():
    w = variable(np.ones(2, np.float32), "w")
    w.value = [2, 3]
    assert w.value.tolist() == [2, 3] and w.value.dtype == np.float32
    with pytest.raises(ShapeError, match=r"'w' has shape \(2,\); the value given has \(3,\)"):
        w.value = [1, 2, 3]
    with pytest.raises(GraphError, match="real numbers"):
        w.value = ["a", "b"]
    with pytest.raises(AttributeError, match="Only a variable has a value that can be set"):
        (w + 1).value = [1, 2]


def test_an_input_has_fixed_and_open_axes():
    x = input("x", ("batch", 3), "float32")
    assert x.shape == (x.shape[0], 3) and x.shape[0] == input("y", "batch").shape[0]
    assert str(x.shape[0]) == "batch" and x.dtype == np.float32
    assert input("n", 4).shape == (4,)
    assert (1 / input("z", (Extent("batch"),)).shape[0]).shape == ()


@pytest.mark.parametrize("shape", [(-1,), (2.5,), (None, 3), (True,)])
def test_an_input_of_an_odd_shape_is_refused(shape):
    with pytest.raises(ShapeError, match=r"Input 'x': a shape holds whole numbers.*found"):
        input("x", shape)


def test_an_input_of_text_is_refused():
    with pytest.raises(GraphError, match="Input 'x': a graph computes with numbers, not str"):
        input("x", (), "U3")


# --- frozen, by identity --------------------------------------------------------------------------------


def test_a_node_is_frozen():
    w = variable(1.0)
    with pytest.raises(AttributeError, match="A node is frozen: its shape cannot be changed"):
        w.shape = (2,)
    with pytest.raises(UnsupportedError, match=r"np.where\(Z <= 0, 0, dZ\)"):
        variable([1.0])[0] = 2
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = w.colour


def test_nodes_compare_and_hash_by_identity():
    a, b = variable(1.0), variable(1.0)
    assert a == a and a != b and len({a, b, a}) == 2
    assert a != "a" and a is not None
    for other in (1, 1.0, np.float64(1), np.ones(2)):
        with pytest.raises(UnsupportedError, match=r"np.equal\(x, y\)"):
            _ = a == other
        with pytest.raises(UnsupportedError, match=r"np\.not_equal"):
            _ = a != other


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (bool, r"no truth value.*np.where\(condition, a, b\)"),
        (float, r"not a number. Its number is node.value"),
        (int, r"not a number"),
        (complex, r"not a number"),
        (len, r"A scalar node has no length"),
        (lambda x: 1 in x, r"'in' does not search"),
        (lambda x: max(x, 0), r"no truth value"),
        (lambda x: [1, 2, 3][x], r"not a number"),
        (np.asarray, r"not an array.*node.value"),
        (np.float64, r"not a"),
        (lambda x: np.zeros((input("x", "batch").shape[0], 3)), r"'batch' is open: .*np.zeros_like\(x\)"),
        (lambda x: len(input("x", "batch")), r"axis 'batch' is open: its length is x.shape\[0\]"),
    ],
)
def test_implicit_conversions_are_refused_with_the_remedy(use, message):
    with pytest.raises(UnsupportedError, match=message):
        use(variable(1.0) > 0 if use is bool else variable(1.0))


def test_adding_in_place_to_an_array_is_refused_and_to_a_name_is_not():
    w = variable(1.0)
    total = 0
    total += w
    total += w
    assert total.value == 2
    array = np.zeros(2)
    with pytest.raises(UnsupportedError, match="nodes are frozen"):
        array += w


# --- building -------------------------------------------------------------------------------------------


def test_named_is_the_same_step_under_a_name():
    x = variable(2.0, "x")
    u = (x * x).named("u")
    assert u.name == "u" and u.primitive is TABLE["multiply"] and u.value == 4
    assert x.named("y").value == 2
    x.value = 3.0
    assert x.named("y").value == 3


def test_a_mark_carries_a_meaning():
    x = variable(2.0)
    m = mark(x * 2, "twice", name="t")
    assert (m.meaning, m.name, m.value) == ("twice", "t", 4)


def test_new_inputs_keep_name_and_meaning():
    x, y = variable(2.0), variable(np.ones(3))
    m = mark(x, "meaning", "m")
    moved = with_inputs(m, (y,))
    assert (moved.shape, moved.meaning, moved.name) == ((3,), "meaning", "m")
    assert with_inputs(m, (x,)) is m


def test_casting_to_what_it_is_changes_nothing():
    x = variable(np.ones(2, np.float32))
    assert cast(x, np.float32) is x
    assert cast(x, "float64").dtype == np.float64
    assert as_node(x) is x


def test_truth_values_have_no_minus():
    with pytest.raises(UnsupportedError, match="astype"):
        -(variable(1.0) > 0)


# --- values ---------------------------------------------------------------------------------------------


def test_value_and_trace():
    x = input("x", (2,))
    u = (x * x).named("u")
    s = np.sum(u)
    run = trace(s, {x: [1.0, 2.0]})
    assert run[s] == 5 and isinstance(run[s], np.float64)
    assert run[u].tolist() == [1, 4]
    assert list(run) == [x, u, s] and len(run) == 3 and u in run and variable(1.0) not in run
    assert "u = [1., 4.]" in repr(run)
    with pytest.raises(GraphError, match="no part of the graph that was traced"):
        run[variable(1.0)]
    with pytest.raises(GraphError, match=r"input 'x' \(2,\) has no value.*cr.trace"):
        _ = s.value


def test_repr_and_str():
    W, x = variable(np.ones((2, 3)), "W"), input("x", ("batch", 3))
    assert repr(x @ W.T) == "<x @ Wᵀ, (batch, 2) float64>"
    assert str(x @ W.T) == "x @ Wᵀ"
    assert repr((W * 2).named("u")) == "<u: W · 2, (2, 3) float64>"


# --- copies and pickles ---------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
class TestCopies:
    def test_a_graph_and_its_variable_stay_together(self, again):
        x, w = input("x", ("batch",)), variable(3.0, "w")
        J = np.sum(x * w**2)
        J2, w2, x2 = again([J, w, x])
        g = grad(J2, w2)
        assert trace(g, {x2: [1.0, 2.0]})[g] == 18
        w2.value = 1.0
        assert trace(J2, {x2: [1.0, 2.0]})[J2] == 3
        assert w.value == 3  # the original is another variable
        assert J2.name == J.name and w2.name == "w" and x2.shape == x.shape

    def test_a_hundred_thousand_nodes(self, again):
        x = variable(1.0)
        y = x
        for _ in range(100_000):
            y = y + x
        assert again(y).value == 100_001

    def test_attributes_and_dtypes_stay(self, again):
        x = variable(np.ones((2, 3), np.float32), "x")
        y = np.sum(np.clip(x[:, 1:], 0, 0.5), axis=1, keepdims=True) @ np.ones((1, 2), np.float32)
        z = again(y)
        assert (z.shape, z.dtype) == (y.shape, y.dtype)
        np.testing.assert_array_equal(z.value, y.value)


def test_a_shallow_copy_is_the_node_itself():
    x = variable(1.0)
    assert copy.copy(x) is x


def test_a_flat_list_names_inputs_by_position():
    x = variable(2.0, "x")
    flat = flatten([x * x])
    assert [(row.name, inputs) for row, inputs, *_ in flat] == [("variable", ()), ("multiply", (0, 0))]
    assert unflatten(flat)[-1].value == 4


def test_a_pickle_of_a_row_that_is_not_in_the_table_is_an_error_by_name():
    own = Primitive(name="my own", text="mine({0})", forward=np.sin, partials=lambda y, x: [np.cos(x)])
    stored = pickle.dumps(record(own, [variable(1.0)]))
    with pytest.raises(GraphError, match=r"primitive 'my own' that is not in the table. Define it first"):
        pickle.loads(stored)


def test_the_graph_of_a_wide_expression_has_each_node_once():
    x = variable(2.0)
    u = np.exp(x)
    assert [n.primitive.name for n in order([u * u + u])] == ["variable", "exp", "multiply", "add"]
    assert all(isinstance(n, Node) for n in order([u]))


def test_a_count_is_weak_as_python_numbers_are():
    X, Y = input("X", (2, "m"), "float32"), input("Y", (2, "m"), "float32")
    m = X.shape[1]
    cost = -1 / m * np.sum(X * np.log(Y))
    assert cost.dtype == np.float32
    assert (variable(np.float64(2.0)) * X).dtype == np.float64  # a variable is strong
    assert (1 / m).dtype == np.float64


def test_arrays_have_no_more_axes_than_numpy_can_work_with():
    x = input("x", ("batch", *[1] * 31))
    assert cr.compile(x * 2, inputs=[x], engine="numpy")(np.ones(x.shape[1:])[None]).ndim == 32
    for grow in (
        lambda: x[None],
        lambda: input("y", ("batch", *[1] * 32)),
        lambda: np.broadcast_to(x, (1, *x.shape)),
    ):
        with pytest.raises(ShapeError, match="at most 32 axes, and this one would have 33"):
            grow()


def test_help_tells_what_a_method_of_numpys_takes():
    total = variable([1.0, 2.0]).sum
    assert list(inspect.signature(total).parameters) == ["axis", "keepdims"]
