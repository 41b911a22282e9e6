"""Loops: written as a step on nodes, computed by all engines, and written out again."""

import copy
import pickle
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_loops import Loop

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.errors import ChainruleError
from chainrule.graph.closed import ClosedGraph, Program
from chainrule.graph.primitives import primitive
from chainrule.graph.primitives.loops import scan
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.transform.verify import verify

rng = np.random.default_rng(0)
W, U, X = rng.standard_normal((3, 4)) * 0.4, rng.standard_normal((4, 4)) * 0.4, rng.standard_normal((7, 5, 3))


def recurrence(x, reverse=False, length=None):
    """h ← tanh(x W + h U), counted; emits what it begins with, and h² beside the step's place."""
    w, u = cr.variable(W, "W"), cr.variable(U, "U")

    def step(carry, x):
        h = np.tanh(x @ w + carry["h"] @ u)
        return {"n": carry["n"] + 1, "h": h}, (carry["h"], [h * h, carry["n"]])

    start = {"h": np.broadcast_to(cr.constant(0.0), (x.shape[1], 4)), "n": 0}
    return cr.scan(step, start, x, reverse=reverse, length=length)


def by_hand(x, reverse):
    h, n, befores, squares, numbers = np.zeros((x.shape[1], 4)), 0, [], [], []
    for t in range(len(x))[:: -1 if reverse else 1]:
        befores.append(h)
        h = np.tanh(x[t] @ W + h @ U)
        squares.append(h * h)
        numbers.append(n)
        n += 1
    every = [
        np.reshape(befores, (len(x), *h.shape)),
        np.reshape(squares, (len(x), *h.shape)),
        np.array(numbers),
    ]
    return [h, np.array(n), *(a[:: -1 if reverse else 1] for a in every)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("T", [0, 1, 2, 7])
@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize("shape", ["fixed", "batch", "time", "both"])
def test_every_door_computes_what_a_loop_in_python_does(reverse, T, batch, shape):
    values = X[:T, :batch]
    time, rows = {
        "fixed": (T, batch),
        "batch": (T, "batch"),
        "time": ("time", batch),
        "both": ("time", "batch"),
    }[shape]
    x = cr.input("x", (time, rows, 3))
    carry, (befores, (squares, numbers)) = recurrence(x, reverse)
    outputs = [carry["h"], carry["n"], befores, squares, numbers]
    expected = by_hand(values, reverse)
    run = cr.trace(outputs, {x: values})
    written_out = cr.unroll(outputs, T)
    assert not any(n.primitive is scan for n in order(written_out))
    computed = cr.compile(outputs, inputs=[x], engine="numpy")(values)
    flat = cr.trace(written_out, {x: values})
    for node, also, one, other in zip(outputs, written_out, computed, expected, strict=True):
        assert run[node].shape == one.shape == flat[also].shape == other.shape
        np.testing.assert_allclose(run[node], other, rtol=1e-12)
        np.testing.assert_allclose(
            run[node], one, rtol=1e-12, atol=1e-14
        )  # x @ W of all steps is one product
        np.testing.assert_array_equal(run[node], flat[also])
    leaves = tuple([n for n in order(outputs) if n.primitive.name == "variable"])
    verify(Program((x,), leaves, tuple(outputs), leaves))


@pytest.mark.parametrize("T", [0, 1, 2])
def test_truth_values_and_whole_numbers_that_are_emitted_keep_their_dtype(T):
    x = cr.variable(X[:T, 0], "x")
    _, outputs = cr.scan(lambda n, x: (n + 1, (x > 0, n, x, ~(x > n))), np.array(3), x)
    for found in (outputs, cr.unroll(outputs), cr.simplify(outputs)):
        assert [n.dtype.kind for n in found] == ["b", "i", "f", "b"]
        for node, n in zip(found, outputs, strict=True):
            assert node.shape == n.shape and np.array_equal(node.value, n.value)
            assert node.value.dtype == node.dtype


def test_a_body_is_gone_through_once_for_all_results(monkeypatch):
    monkeypatch.setattr(primitive, "TABLE", dict(TABLE))
    calls = []
    counted = cr.primitive("counted", lambda x: calls.append(1) or x * 1.0, lambda y, x: [1.0])
    x = cr.input("x", (7, 5, 3))
    carry, ys = cr.scan(lambda h, x: (counted(h) + x, (h, x)), cr.constant(np.zeros((5, 3))), x)
    outputs = [carry, *ys]
    cr.trace(outputs, {x: X})
    assert len(calls) == 7
    step = cr.compile(outputs, inputs=[x], engine="numpy")
    step(X)
    assert len(calls) == 14
    assert {len(family) for family in siblings(order(outputs)).values()} == {3}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, 7]), st.sampled_from([0, 1, 2]))
def test_random_loops_compute_what_they_do_written_out(seed, T, batch):
    outputs = Loop(Random(seed), T, batch).results()
    run, flat = cr.trace(outputs), cr.unroll(outputs)
    assert not any(n.primitive is scan for n in order(flat))
    expected = cr.trace(flat)
    computed = cr.compile(outputs, inputs=[], engine="numpy")()
    for node, also, found in zip(outputs, flat, computed, strict=True):
        assert (node.shape, node.dtype) == (also.shape, also.dtype) == (found.shape, found.dtype)
        np.testing.assert_array_equal(run[node], expected[also])
        np.testing.assert_allclose(found, run[node], rtol=1e-9, atol=1e-11)


# --- gradients within ---------------------------------------------------------------------------------------


def test_a_step_may_ask_for_gradients():
    """Descent written as a loop, and what its end says of the learning rate and of what it learned from."""
    w, rate, v = cr.variable(1.5, "w"), cr.variable(0.1, "rate"), cr.variable([1.0, 2.0, -1.0], "v")

    def step(h, x):
        energy = (w * h - x) ** 2 + np.log(1 + np.exp(h))
        return h - rate * cr.grad(energy, [h, w])[0], (energy, cr.grad(energy, w))

    last, (energies, slopes) = cr.scan(step, 0.3, v)
    J = last + energies.sum() + slopes.sum()
    leaves = [w, rate, v]
    found, simple, expected = (
        cr.grad(J, leaves),
        cr.simplify(cr.grad(J, leaves)),
        cr.grad(cr.unroll(J), leaves),
    )
    for a, b, c in zip(found, simple, expected, strict=True):
        np.testing.assert_allclose(a.value, c.value, rtol=1e-12)
        np.testing.assert_allclose(b.value, c.value, rtol=1e-12)
    assert cr.check_gradients(J, leaves).passed


def test_open_lengths_of_loops_in_loops():
    w, z = cr.variable(1.5, "w"), cr.input("z", ("time", "inner"))

    def outer(total, row):
        return cr.scan(lambda h, e: (np.tanh(h * w + e * total), h), total, row)

    total, ys = cr.scan(outer, 1.0, z)
    slope = cr.grad(total + ys.sum(), w)
    for T, inner in [(3, 3), (0, 4), (3, 0), (1, 1), (2, 5)]:
        values = rng.standard_normal((T, inner))
        run = cr.trace([total, ys, slope], {z: values})
        assert run[ys].shape == (T, inner)
        flat = cr.unroll([total, cr.grad(cr.unroll(total + ys.sum(), T), w)], T) if inner == T else None
        if flat:
            expected = cr.trace(flat, {z: values})
            np.testing.assert_allclose([run[total], run[slope]], [expected[n] for n in flat], rtol=1e-12)


# --- what a step takes and returns -------------------------------------------------------------------------


x, w = cr.input("x", ("time", 3)), cr.variable(2.0, "w")
TIMES = rng.standard_normal((4, 3))


class Pair(NamedTuple):
    h: cr.Node
    c: cr.Node


def test_a_carry_and_what_is_emitted_come_back_in_their_kind():
    start = {"a": 0.0, "b": (np.zeros(3), [cr.constant(1.0), None])}

    def step(carry, x):
        assert list(carry) == ["a", "b"] and type(carry["b"]) is tuple and carry["b"][1][1] is None
        total, (last, [n, _]) = carry["a"], carry["b"]
        return {"b": (x["x"] + last, [n * 2, None]), "a": total + x["x"].sum()}, Pair(n, x["x"])

    carry, ys = cr.scan(step, start, {"x": x})
    assert list(carry) == ["a", "b"] and type(carry["b"]) is tuple and carry["b"][1][1] is None
    assert isinstance(ys, Pair)
    run = cr.trace([carry["a"], carry["b"][0], carry["b"][1][0], *ys], {x: TIMES})
    np.testing.assert_allclose(run[carry["a"]], TIMES.sum())
    np.testing.assert_allclose(run[carry["b"][0]], TIMES.sum(0))
    assert run[carry["b"][1][0]] == 16.0
    np.testing.assert_allclose(run[ys.h], [1, 2, 4, 8])
    np.testing.assert_allclose(run[ys.c], TIMES)


def test_nothing_need_be_carried_given_or_emitted():
    nothing, squares = cr.scan(lambda _, x: (None, x * x), None, x)
    assert nothing is None and squares.shape == x.shape
    power, none = cr.scan(lambda p, _: (p * w, None), 1.0, length=5)
    assert power.value == 32.0 and none is None
    assert cr.scan(lambda c, x: (c, None), (), x) == ((), None)
    _, many = cr.scan(lambda n, _: (n + 1, n), 0, None, length="steps")
    assert str(many.shape) == "(steps,)"


def test_numbers_take_the_dtype_of_what_is_beside_them():
    narrow = cr.input("x", (4, 3), "float32")
    total, ys = cr.scan(lambda h, x: (h + x.sum(), (h > 0, 1.0)), 0.0, narrow)
    assert [n.dtype for n in (total, *ys)] == ["float32", "bool", "float64"]
    marks = np.array([True, False, True, True])
    places = np.array([2, 0, 1, 1], "int32")
    last, (row, mark) = cr.scan(
        lambda n, at: (n + at[1], (np.arange(3.0) * cr.one_hot(at[1], 3), at[0])),
        np.int32(5),
        (marks, places),
    )
    assert (last.dtype, mark.dtype) == ("int32", "bool") and int(last.value) == 9
    np.testing.assert_array_equal(row.value.sum(1), [2, 0, 1, 1])
    np.testing.assert_array_equal(mark.value, marks)


def test_what_a_step_closes_over_is_shared_and_computed_once(monkeypatch):
    monkeypatch.setattr(primitive, "TABLE", dict(TABLE))
    calls = []
    costly = cr.primitive("costly", lambda x: calls.append(1) or x * 1.0, lambda y, x: [1.0])
    outer = costly(w * 3).named("outer")

    def step(h, x):
        return h * 0.5 + outer * x.sum() + np.tanh(w), costly(w * 3 + 1) + np.array([1.0, 2.0])

    last, ys = cr.scan(step, 0.0, x)
    body = last.attributes["body"]
    assert [n.name or str(n) for n in last.inputs[2:]] == [
        "outer", "tanh(w)", "costly(w · 3 + 1) + [1., 2.]"
    ]  # fmt: skip
    assert [n.name for n in body.shared] == ["outer", "", ""]
    cr.trace([last, ys], {x: TIMES})
    assert len(calls) == 2
    assert {n.primitive.name for n in body.nodes} >= {"constant"}  # 0.5 stays within


def test_an_open_axis_of_what_is_outside_is_known_within():
    rows = cr.input("rows", ("batch", 4, 3))
    every = rows.transpose(1, 0, 2)
    share = 1 / rows.shape[0]
    last, ys = cr.scan(lambda h, x: (h + x.sum() * share, x.mean(axis=0)), 0.0, every)
    values = rng.standard_normal((5, 4, 3))
    run = cr.trace([last, ys], {rows: values})
    np.testing.assert_allclose(run[last], values.sum() / 5)
    np.testing.assert_allclose(run[ys], values.mean(axis=0))
    with pytest.raises(cr.GraphError, match=r"axis 'batch'\. A step that makes an array with an open axis"):
        cr.scan(lambda h, x: (h, np.broadcast_to(h, (rows.shape[0],))), 0.0, x)


def test_loops_nest():
    def outer(total, row):
        inner, _ = cr.scan(lambda h, e: (np.tanh(h * w + e + total), None), 0.0, row)
        return total + inner, inner

    total, ys = cr.scan(outer, 0.0, cr.variable(TIMES, "times"))
    expected = 0.0
    for row in TIMES:
        h = 0.0
        for e in row:
            h = np.tanh(h * 2 + e + expected)
        expected += h
    np.testing.assert_allclose(total.value, expected)
    flat = cr.unroll([total, ys])
    assert not any(n.primitive is scan for n in order(flat))
    np.testing.assert_array_equal(flat[1].value, ys.value)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: cr.scan(x, 0.0, x), cr.GraphError, r"takes the step first, a function: cr.scan\(step, init, xs\)"),
        (lambda: cr.scan(lambda h, x: h + x, 0.0, x), cr.GraphError, r"\(carry, y\).*returns \(carry, None\)"),
        (lambda: cr.scan(lambda h, x: (h, h, h), 0.0, x), cr.GraphError, r"what it emits, \(carry, y\)"),
        (lambda: cr.scan(lambda h, x: ((h, h), None), 0.0, x), cr.GraphError, "in: one node; found a tuple of 2 parts"),
        (lambda: cr.scan(lambda h, x: (None, h), 0.0, x), cr.GraphError, "in: one node; found None"),
        (lambda: cr.scan(lambda c, x: ({"h": x}, x), {"h": 0.0, "c": 0.0}, x), cr.GraphError,
         "a dict of 'h', 'c'; found a dict of 'h'"),
        (lambda: cr.scan(lambda h, x: (h + x, None), 0.0, x), cr.ShapeError,
         r"'h' begins as \(\) and is \(3,\) after a step; .* such as np.zeros\(\(3,\)\)"),
        (lambda: cr.scan(lambda h, x: (np.concatenate([h, x]), None), np.zeros(3), x), cr.ShapeError,
         r"is \(6,\) after a step; .* Let the step return one of that shape"),
        (lambda: cr.scan(lambda h, x: (h + cr.input("b", ("batch", 3)), None), np.zeros(3), x), cr.ShapeError,
         r"is \(batch, 3\) after a step; .*: np.broadcast_to\(cr.constant\(0.0\), \(x.shape\[0\], 3\)\)"),
        (lambda: cr.scan(lambda h, x: (h, x), 0.0, [1.0, 2.0]), cr.ShapeError, r"is an array: np.array\(xs\)"),
        (lambda: cr.scan(lambda h, x: (h + 0.5, None), np.int64(0), x), cr.ShapeError,
         "'h' begins as int64 and is float64 after a step; .*astype"),
        (lambda: cr.scan(lambda h, x: (h, x), 0.0, (x, w)), cr.ShapeError, "'w' is a single number"),
        (lambda: cr.scan(lambda h, x: (h, x), 0.0, (x, np.ones((3, 3)))), cr.ShapeError,
         r"'x' says time steps, and one of xs, \(3, 3\), 3"),
        (lambda: cr.scan(lambda h, x: (h, x), 0.0, x, length=3), cr.ShapeError, "length says 3 steps, and 'x' time"),
        (lambda: cr.scan(lambda h, x: (h, x), 0.0), cr.GraphError, "by its xs, or by length="),
        (lambda: cr.scan(lambda h, x: (h, x), 0.0, length=-1), cr.GraphError, "a whole number or the name"),
        (lambda: cr.scan(lambda h, x: (h, x), 0.0, length=2.0), cr.GraphError, "a whole number or the name"),
        (lambda: cr.unroll(cr.scan(lambda h, x: (h, x), 0.0, x)[1]), cr.GraphError, r"'time': .* T=3\)"),
        (lambda: cr.unroll(cr.scan(lambda h, x: (h, x), 0.0, x)[1], -1), cr.GraphError, "a whole number of at least 0"),
        (lambda: cr.scan(lambda h, x: (h, "no"), 0.0, x), cr.GraphError, "numbers"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_the_users_words(call, error, says):
    with pytest.raises(error, match=says):
        call()


# --- a loop as a value -------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p)), Program.detached])
def test_copies_of_a_program_with_loops_compute_the_same(copied):
    x = cr.input("x", ("time", "batch", 3))
    carry, (befores, _) = recurrence(x)
    state = tuple([n for n in order([befores]) if n.primitive.name == "variable"])
    program = Program((x,), state, (carry["h"], befores), state)
    new = copied(program)
    verify(new)
    assert new == program and [len(f) for f in siblings(new.outputs).values()] == [2, 2]
    values = [build(p, "numpy").step([W, U], [X])[1] for p in (program, new)]
    for one, other in zip(*values, strict=True):
        np.testing.assert_array_equal(one, other)


def test_loops_that_differ_in_anything_are_no_siblings():
    v = cr.variable(TIMES, "v")
    loops = [
        cr.scan(lambda h, x, k=k: (h * k + x, h), np.zeros(3), v, reverse=reverse)
        for k, reverse in [(0.5, False), (0.5, True), (0.25, False), (0.5, False)]
    ]
    found = siblings([n for last, every in loops for n in (last, every)])
    assert [len(found[last]) for last, _ in loops] == [2, 2, 2, 2]  # the fourth begins with zeros of its own
    assert found[loops[0][0]] == list(loops[0])


def hostile():
    """A sound loop, and what somebody else's file may say of it."""
    v, u = cr.variable(TIMES, "v"), cr.variable(1.0, "u")
    last, _ = cr.scan(lambda h, x: (h * u + x, h), np.zeros(3), v)
    at, body = last.attributes, last.attributes["body"]
    other = ClosedGraph(body.inputs, body.shared, (body.outputs[0].sum(), body.outputs[1]))
    narrow = [cr.input(n.name, n.shape, "float32") for n in body.given]
    for wrong in (
        {"take": 2}, {"take": -1}, {"take": True}, {"carried": 3}, {"carried": 0}, {"length": 3}, {"length": 5},
        {"length": -4}, {"length": cr.input("n", ("n",)).shape[0]}, {"reverse": 1}, {"body": None}, {"carried": 2},
        {"body": other}, {"body": ClosedGraph(narrow[:2], narrow[2:], narrow[:2])},
        {"body": ClosedGraph(body.inputs, (), body.inputs)},
        {"body": ClosedGraph(body.inputs[:1], body.shared, body.outputs[1:])},
    ):  # fmt: skip
        yield cr.Node(last.primitive, last.inputs, {**at, **wrong}, last.shape, last.dtype)
    yield cr.Node(last.primitive, last.inputs[:2], at, last.shape, last.dtype)
    yield cr.Node(last.primitive, (*last.inputs, u), at, last.shape, last.dtype)
    yield cr.Node(last.primitive, (v, last.inputs[0], u), at, last.shape, last.dtype)


@pytest.mark.parametrize("node", list(hostile()), ids=range(19))
def test_a_loop_that_is_none_reaches_no_engine(node):
    leaves = tuple([n for n in order([node]) if n.primitive.name == "variable"])
    with pytest.raises(ChainruleError):
        verify(Program((), leaves, (node,), leaves))
