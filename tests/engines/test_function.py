"""cr.compile: a graph as a function, judged by the evaluator."""

import copy
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.graph.closed import Program
from chainrule.graph.primitives import indexing

W = cr.variable(1.0, name="W")


def test_a_node_gives_an_array_and_a_list_gives_a_list():
    x = cr.input("x", ("n",))
    total = cr.compile(np.sum(x), inputs=[x])([1.0, 2.0])
    assert isinstance(total, np.ndarray) and total == 3.0
    several = cr.compile([x, np.exp(x)], inputs=[x])([0.0])
    assert isinstance(several, list) and [v.tolist() for v in several] == [[0.0], [1.0]]


def test_one_function_serves_every_length_of_an_open_axis():
    x = cr.input("x", ("n", 2))
    f = cr.compile(np.mean(x), inputs=[x])
    assert [float(f(np.ones((k, 2)) * k)) for k in (1, 3, 7)] == [1.0, 3.0, 7.0]


def test_updates_use_the_old_values_of_all_variables():
    a, b = cr.variable(1.0, name="a"), cr.variable(2.0, name="b")
    cr.compile([], updates={a: b, b: a})()
    assert (a.value, b.value) == (2.0, 1.0)


def test_outputs_are_of_before_the_update_and_belong_to_the_caller():
    w, x = cr.variable(np.zeros(2), name="w"), cr.input("x", (2,))
    f = cr.compile([w, w + x, x, cr.constant([5.0, 6.0])], inputs=[x], updates={w: w + x})
    given = np.array([1.0, 2.0])
    outputs = f(given)
    for found in outputs:
        found[:] = -1.0
    assert given.tolist() == w.value.tolist() == [1.0, 2.0]
    assert [v.tolist() for v in f(given)] == [[1.0, 2.0], [2.0, 4.0], [1.0, 2.0], [5.0, 6.0]]
    stored = cr.compile([], inputs=[x], updates={w: x})
    stored(given)
    given[:] = 77.0
    assert w.value.tolist() == [1.0, 2.0]


def test_a_new_value_is_seen_and_its_dtype_is_kept():
    w = cr.variable(np.ones(2, "float32"), name="w")
    f = cr.compile(w * 2, updates={w: w + 0.5})
    w.value = [3.0, 4.0]
    assert f().tolist() == [6.0, 8.0] and w.value.tolist() == [3.5, 4.5]
    assert w.value.dtype == f().dtype == np.float32
    with pytest.raises(cr.ShapeError, match="new value"):
        cr.compile([], updates={w: 7.0})


def test_a_variable_may_stand_under_two_names():
    w = cr.variable(2.0, name="w")
    f = cr.compile(w.named("left") * w.named("right"), updates={w.named("other"): w + 1})
    assert [float(f()), float(f())] == [4.0, 9.0] and w.value == 4.0


def test_two_open_axes_bind_by_name():
    a, b = cr.input("a", ("m", "k")), cr.input("b", ("k", "m"))
    f = cr.compile(a @ b, inputs=[a, b])
    assert f(np.ones((2, 3)), np.ones((3, 2))).tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert f(np.ones((1, 0)), np.ones((0, 1))).tolist() == [[0.0]]
    with pytest.raises(cr.ShapeError, match=r"expected \(k, m\) with m = 2, k = 3"):
        f(np.ones((2, 3)), np.ones((4, 2)))


def test_a_copied_function_has_variables_of_its_own():
    w = cr.variable(1.0, name="w")
    f = cr.compile(w * 1, updates={w: w + 1})
    for twin in (pickle.loads(pickle.dumps(f)), copy.deepcopy(f)):
        assert [float(twin()), float(twin())] == [1.0, 2.0]
    assert w.value == 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, f: f(), r"takes 1 value \(x\); 0 were given\."),
        (
            lambda x, f: cr.compile(2 * x, inputs=[x, cr.input("y")])(1),
            r"takes 2 values \(x, y\); 1 was given\.",
        ),
        (lambda x, f: f(np.ones((2, 2))), "expected"),
        (lambda x, f: cr.compile(np.sum(x)), "needs the input 'x'"),
        (lambda x, f: cr.compile(x, inputs=[x], engine="numby"), "Did you mean 'numpy'"),
        (lambda x, f: cr.compile(x, inputs=[x], updates={x: x}), "only variables"),
        (lambda x, f: cr.compile(x, inputs=[x, x]), "'x' is named twice"),
        (lambda x, f: cr.compile(x, inputs=[x * 2]), "is no input"),
        (lambda x, f: cr.compile(3.0), "found float"),
        (lambda x, f: cr.compile(None), "found NoneType"),
        (lambda x, f: cr.compile([], updates=[(W, W + 1)]), "dict from variables"),
        (lambda x, f: cr.compile([], updates={W: W, W.named("V"): W}), "two new values"),
        (lambda x, f: cr.compile([], updates={W: np.ones(2)}), "shape"),
        (lambda x, f: f(["a"]), "not numbers"),
    ],
)
def test_what_cannot_be_called_says_why(call, words):
    x = cr.input("x", ("n",))
    with pytest.raises(cr.ChainruleError, match=words):
        call(x, cr.compile(np.sum(x), inputs=[x]))


def test_a_program_pickles_with_what_its_ends_share():
    x, w = cr.input("x", ()), cr.variable(3.0, name="w")
    program = pickle.loads(pickle.dumps(Program((x,), (w,), (w * x,), (w + x,))))
    assert program.outputs[0].inputs[0] is program.state[0]
    assert program.new_state[0].inputs[0] is program.state[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_no_numbers_answer_is_refused_with_an_error_of_our_own(engine):
    x, y = cr.input("x", ("n", 2)), cr.input("y", ("n", "m"))
    positions = (x[:, 0] * 7).astype("int64")
    for leaf, shape in ((x, (0, 2)), (y, (0, 2)), (y, (0, 0))):
        for largest in (np.max(leaf, axis=0), np.argmax(leaf, axis=0)):
            with pytest.raises(cr.ShapeError, match=r"no largest of no elements: .* looked along is \(0,\)"):
                cr.compile(largest, inputs=[leaf], engine=engine)(np.zeros(shape))
    scattered = indexing.scatter_add(x, positions, axis=0, extent=3)
    for node in (scattered, cr.constant(np.arange(3.0))[positions]):
        with pytest.raises(cr.DataError, match="out of range"):
            cr.compile(node, inputs=[x], engine=engine)(np.ones((4, 2)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("exponent", [np.nan, np.inf, -np.inf, 3, -3, 4.0, 0, True])
def test_a_power_of_any_number(engine, exponent):
    x = np.array([-2.0, -1, -0.5, 0, 0.5, 1, 2, np.inf, np.nan])
    leaf = cr.input("x", ("n",))
    with np.errstate(all="ignore"):
        wanted = x ** float(exponent)
    np.testing.assert_allclose(
        cr.compile(leaf**exponent, inputs=[leaf], engine=engine)(x), wanted, rtol=1e-15
    )


@pytest.mark.parametrize("engine", cr.ENGINES)
def test_a_gradient_alone_may_need_more_of_its_cost_than_it_shows(engine):
    """Of y log p by y that is log p, and 0 where y and p are 0: simplified, y is in it."""
    y, p = cr.variable([0.0, 0.5], "y"), cr.variable([0.0, 0.5], "p")
    slope = cr.grad(np.sum(y * np.log(p)), y)
    np.testing.assert_allclose(cr.compile(slope, engine=engine)(), [0.0, np.log(0.5)])
    given = cr.input("y", (2,))
    slope = cr.grad(np.sum(given * np.log(p)), given)
    np.testing.assert_allclose(cr.compile(slope, [given], engine=engine)([0.0, 0.5]), [0.0, np.log(0.5)])
    with pytest.raises(cr.GraphError, match=r"needs the input 'y'; name it in compile"):
        cr.compile(slope, engine=engine)
    plain = cr.grad(np.sum(given * np.exp(p)), given)  # which is exp(p) and nothing else
    np.testing.assert_allclose(cr.compile(plain, engine=engine)(), np.exp([0.0, 0.5]))
