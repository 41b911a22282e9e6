"""The derivative of a loop is a loop: held to the loop written out, to differences, and to forward mode."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_loops import Loop

import chainrule as cr
from chainrule.graph.closed import bodies
from chainrule.graph.node import as_node
from chainrule.graph.primitives.loops import scan
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.transform.forward import pushforward
from chainrule.transform.simplify import simplify

RANDOM = np.random.default_rng(0)


def compare(J, leaves, feed=None, T=None, second=True):
    """Hold gradients, forward mode and second derivatives of J to those of J with all its loops written out."""
    written = cr.unroll([J, *leaves], T)
    found, wanted = cr.grad(J, leaves), cr.grad(written[0], written[1:])
    moved = [np.random.default_rng(i).standard_normal(w.value.shape) for i, w in enumerate(leaves)]
    (speed,) = pushforward([J], {w: as_node(dot) for w, dot in zip(leaves, moved, strict=True)})
    along = sum(np.sum(g * dot) for g, dot in zip(wanted, moved, strict=True))
    pairs = [(J, written[0]), *zip(found, wanted, strict=True), (speed, along)]
    if second:
        one, two = (sum(np.sum(np.sin(g)) for g in each) for each in (found, wanted))
        pairs += [*zip(cr.grad(one, leaves), cr.grad(two, written[1:]), strict=True)]
    values = cr.trace([n for pair in pairs for n in pair], feed)
    for a, b in pairs:
        assert a.dtype == b.dtype
        scale = np.max(np.abs(values[b]), initial=1.0)
        np.testing.assert_allclose(values[a], values[b], rtol=1e-7, atol=1e-8 * scale)
    return [values[g] for g in found]


def lstm(T, batch=2, features=3, units=2, emit=True):
    """An LSTM by hand: what it carries and emits, and its variables."""
    rng = np.random.default_rng(T)
    x, W, U, b, h0, c0 = (
        cr.variable(rng.standard_normal(s) * 0.5, name)
        for name, s in {"x": (T, batch, features), "W": (features, 4 * units), "U": (units, 4 * units),
                        "b": (4 * units,), "h": (batch, units), "c": (batch, units)}.items()
    )  # fmt: skip

    def step(carry, x):
        h, c = carry
        zx, zh = x @ W + b, h @ U
        i, f, g, o = (
            zx[:, k * units : (k + 1) * units] + zh[:, k * units : (k + 1) * units] for k in range(4)
        )
        c = cr.sigmoid(f) * c + cr.sigmoid(i) * np.tanh(g)
        h = cr.sigmoid(o) * np.tanh(c)
        return (h, c), h if emit else None

    (h, c), hs = cr.scan(step, (h0, c0), x)
    return h, c, hs, [x, W, U, b, h0, c0]


# --- against the loop written out -----------------------------------------------------------------------


@settings(max_examples=60)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from([0, 1, 2, 3, 7]),
    st.sampled_from([0, 1, 2]),
    st.booleans(),
)
def test_a_random_loop_has_the_derivatives_of_the_loop_written_out(random, T, batch, second):
    loop = Loop(random, T=T, batch=batch)
    compare(loop.scalar(), loop.variables, second=second)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000))
def test_many_random_loops_have_the_derivatives_of_the_loops_written_out(seed):
    random = Random(seed)
    loop = Loop(random, T=random.choice([0, 1, 2, 3, 7]), batch=random.choice([0, 1, 2]))
    compare(loop.scalar(), loop.variables)


@pytest.mark.parametrize("batch", [0, 1, 2])
@pytest.mark.parametrize("T", [0, 1, 2, 7])
def test_an_lstm_all_results_of_which_are_used(T, batch):
    h, c, hs, leaves = lstm(T, batch)
    J = np.sum(np.sin(hs)) + np.sum(c * c) + np.sum(h * c)
    compare(J, leaves)
    assert cr.check_gradients(J, leaves, elements=5).passed


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("T", [0, 1, 2, 7])
@pytest.mark.parametrize("batch", [0, 1, 4])
def test_open_axes(T, batch, reverse):
    x, w = cr.input("x", ("time", "batch", 3)), cr.variable(RANDOM.standard_normal((3, 3)) * 0.5, "w")
    b = cr.variable(RANDOM.standard_normal(3), "b")

    def step(carry, x):
        h, total = carry
        h = np.tanh(h @ w + x * b)
        return (h, total + np.sum(h) / (x.shape[0] + 2)), h

    start = np.broadcast_to(cr.constant(0.0), (x.shape[1], 3))
    (h, total), hs = cr.scan(step, (start, 0.0), x, reverse=reverse)
    J = np.sum(h) + np.sum(hs * hs) / (x.shape[0] + 1) + total * 0.3
    compare(J, [w, b], {x: RANDOM.standard_normal((T, batch, 3))}, T)


def test_the_size_of_the_derivative_does_not_depend_on_the_number_of_steps():
    def sizes(T):
        _, c, hs, leaves = lstm(T)
        J = np.sum(np.sin(hs)) + np.sum(c)
        first = cr.grad(J, leaves)
        second = cr.grad(sum(np.sum(g * g) for g in first), leaves)
        nodes = [order(each) for each in ([J], first, second)]
        return [(len(each), sum(len(body.nodes) for n in each for body in bodies(n))) for each in nodes]

    assert sizes(7) == sizes(1000)
    assert sizes(7)[1][0] < 80


def test_results_of_one_loop_are_pulled_together():
    h, c, hs, leaves = lstm(5)
    gradients = cr.grad(np.sum(np.sin(hs)) + np.sum(c * c) + np.sum(h), leaves)
    loops = {id(family[0]): family for family in siblings(order(gradients)).values()}.values()
    assert len(loops) == 3  # forward, forward with what is stored, and one backward
    assert sum(family[0].attributes["reverse"] for family in loops) == 1
    compare(np.sum(np.sin(hs)) + np.sum(c * c) + np.sum(h.named("one") * h.named("other")), leaves)


# --- what is carried, scanned and emitted ---------------------------------------------------------------


def test_no_gradient_goes_through_whole_numbers_and_truths():
    x = cr.variable(RANDOM.standard_normal((4, 3)), "x")
    table, labels = cr.variable(RANDOM.standard_normal((5, 3)), "table"), np.array([0, 4, 4, 1])

    def step(carry, given):
        n, seen, h = carry
        x, label, kept = given
        h = np.where(kept, np.tanh(h + x * table[label] + 0.1 * n), h)
        return (n + label, seen | (h > 0.5), h), (n, np.where(seen, h, -h))

    start = (np.array(0), np.zeros(3, bool), cr.variable(np.zeros(3), "h"))
    (n, seen, h), (ns, ys) = cr.scan(step, start, (x, labels, np.array([True, True, False, True])))
    compare(
        np.sum(h * n) + np.sum(ys) + np.sum(ns) * 0.1 + np.sum(np.where(seen, h, 0)), [x, table, start[2]]
    )


def test_what_only_passes_through_and_what_nobody_uses():
    a, b, c, x = (cr.variable(RANDOM.standard_normal(3), name) for name in "abcx")

    def step(carry, x):
        a, b, c = carry
        return (a, c, b * x), (a * b, np.exp(c), x)

    (a1, b1, c1), (first, *_) = cr.scan(step, (a, b, c), x)
    compare(np.sum(a1) + np.sum(np.sin(first)), [a, b, c, x])
    compare(np.sum(a1 * a1), [a, b, c, x])
    compare(np.sum(b1 * c1), [a, b, c, x])
    da, db = cr.grad(np.sum(a1), [a, b])
    assert da.value.tolist() == [1, 1, 1] and db.value.tolist() == [0, 0, 0]


def test_what_is_carried_but_begins_anew_in_each_step():
    """The state before matters at the first step alone, and for no steps it is the result."""
    for T in (0, 1, 3):
        x, h0 = cr.variable(RANDOM.standard_normal(T), "x"), cr.variable(0.5, "h0")
        h, ys = cr.scan(lambda h, x: (np.tanh(x), h * x), h0, x)
        compare(np.sin(h) + np.sum(ys), [x, h0])


@pytest.mark.parametrize("reverse", [False, True])
def test_loops_within_loops(reverse):
    x = cr.variable(RANDOM.standard_normal((3, 4, 2)) * 0.5, "x")
    w, v, h0 = (
        cr.variable(0.7, "w"),
        cr.variable(RANDOM.standard_normal(2), "v"),
        cr.variable(np.zeros(2), "h0"),
    )

    def outer(h, rows):
        h, ys = cr.scan(lambda h, x: (np.tanh(h * w + x * v), h * v), h, rows, reverse=reverse)
        return h, np.sum(np.sin(ys), axis=0)

    h, ys = cr.scan(outer, h0, x)
    J = np.sum(h * h) + np.sum(ys)
    compare(J, [x, w, v, h0])
    assert cr.check_gradients(J, [x, w, v, h0]).passed
    assert all(n.primitive is not scan for n in order([cr.unroll(J)]))


def test_gradients_with_respect_to_results_and_what_is_made_of_them():
    h, c, hs, _ = lstm(4)
    J = np.sum(h * c) + np.sum(np.sin(hs) * hs)
    dh, dhs = cr.grad(J, [h, hs])
    np.testing.assert_allclose(dh.value, c.value)
    np.testing.assert_allclose(dhs.value, np.cos(hs.value) * hs.value + np.sin(hs.value))


def test_a_gradient_within_a_step():
    """Each step goes down the slope of a cost: what it does is differentiated again."""
    target, rate = cr.variable([0.3, -0.2], "target"), cr.variable(0.4, "rate")

    def step(w, _):
        cost = np.sum((np.tanh(w) - target) ** 2)
        return w - rate * cr.grad(cost, w), cost

    w, costs = cr.scan(step, cr.variable([1.0, 1.0], "w0"), length=5)
    compare(np.sum(w) + np.sum(costs), [target, rate, w.inputs[0]])
    assert np.all(np.diff(costs.value) < 0)


def test_a_primitive_of_ones_own_in_a_body():
    cube = cr.primitive("cube", lambda x: x * x * x, lambda y, x: [3 * x * x])
    try:
        x, h0 = cr.variable(RANDOM.standard_normal(4) * 0.5, "x"), cr.variable(0.3, "h0")
        h, ys = cr.scan(lambda h, x: (np.sin(cube(h) + x), cube(x) * h), h0, x)
        compare(h + np.sum(ys), [x, h0])
        assert cr.check_gradients(h + np.sum(ys), [x, h0]).passed
    finally:
        del TABLE["cube"]


def test_a_primitive_without_a_derivative_says_so_only_where_one_is_asked_for():
    x, w = cr.variable([0.3, 1.4, 2.6], "x"), cr.variable(0.5, "w")
    h, ys = cr.scan(lambda h, x: (h * w + x, cr.one_hot(x.astype("int64"), 3)), 0.0, x)
    compare(h + np.sum(ys), [w, x])


def test_stopped_gradients_stay_stopped():
    """Backpropagation through time, truncated: what is carried over is a constant after each two steps."""
    x, w = cr.variable(RANDOM.standard_normal(6), "x"), cr.variable(0.5, "w")
    cut = np.arange(6) % 2 == 0

    def step(h, given):
        x, cut = given
        return np.tanh(np.where(cut, cr.stop_gradient(h), h) * w + x), None

    h, _ = cr.scan(step, 0.2, (x, cut))
    dx, _ = compare(h, [x, w])
    assert np.all(dx[:4] == 0) and np.all(dx[4:] != 0)


# --- weights --------------------------------------------------------------------------------------------


def test_what_the_weights_get_is_summed_over_all_steps_at_once():
    _, c, hs, leaves = lstm(5)
    dW, dU, db = cr.grad(np.sum(np.sin(hs)) + np.sum(c), leaves[1:4])
    for gradient in (dW, dU, db):
        assert gradient.primitive.name == "mark" and gradient.inputs[0].primitive is not scan
    (back,) = {
        n.attributes["body"]: n for n in order([dU]) if n.primitive is scan and n.attributes["reverse"]
    }.values()
    assert back.attributes["carried"] == 2  # λ of h and of c


def test_where_that_cannot_be_a_sum_is_carried():
    """A loop within the step cannot be put on all steps at once, so what it gives its weights is carried."""
    x, w = cr.variable(RANDOM.standard_normal((3, 4)) * 0.5, "x"), cr.variable(RANDOM.standard_normal(4), "w")

    def step(h, x):
        inner, _ = cr.scan(lambda a, w: (np.tanh(a + w * h), None), np.sum(x), w)
        return inner, None

    h, _ = cr.scan(step, 0.1, x)
    compare(np.sin(h), [x, w])


def test_a_sum_that_is_as_large_in_each_step_is_carried_too():
    """As of what attention looks at, (time, batch, features), in each step of another loop."""
    seen, w = (
        cr.variable(RANDOM.standard_normal((5, 2, 3)), "seen"),
        cr.variable(RANDOM.standard_normal((3, 3)), "w"),
    )
    x = cr.variable(RANDOM.standard_normal((4, 2, 3)), "x")

    def step(h, x):
        scores = np.sum(np.tanh(seen + h @ w), axis=-1, keepdims=True)
        return np.tanh(np.sum(seen * cr.softmax(scores, axis=0), axis=0) + x), None

    h, _ = cr.scan(step, np.zeros((2, 3)), x)
    compare(np.sum(h), [seen, w, x])
    (back,) = {n.attributes["body"]: n for n in order(cr.grad(np.sum(h), [seen, w, x]))
               if n.primitive is scan and n.attributes["reverse"]}.values()  # fmt: skip
    assert back.attributes["carried"] == 2  # λ, and the gradient of what is seen, but not that of w
    assert all(n.size < seen.size for n in back.attributes["body"].outputs[2:])


def test_float32_sums_over_a_thousand_steps_are_as_accurate_as_a_product():
    rng = np.random.default_rng(3)
    values = {"x": rng.standard_normal((1000, 8, 4)), "W": rng.standard_normal((4, 8)) * 0.5,
              "U": rng.standard_normal((8, 8)) * 0.3, "b": np.zeros(8)}  # fmt: skip

    def gradients(dtype):
        x, W, U, b = (cr.variable(v, name, dtype) for name, v in values.items())
        _, hs = cr.scan(lambda h, x: (np.tanh(x @ W + h @ U + b),) * 2, np.zeros((8, 8), dtype), x)
        return [g.value for g in cr.grad(np.mean(hs * hs), [W, U, b, x])]

    for a, b in zip(gradients("float32"), gradients("float64"), strict=True):
        assert a.dtype == np.float32
        assert np.max(np.abs(a - b)) <= 3e-6 * np.max(np.abs(b))


# --- what was not chosen --------------------------------------------------------------------------------

ROOTS = np.array([[0.0, 1.0, 4.0, 0.0], [2.0, 0.0, 1.0, 0.0], [0.5, 3.0, 0.0, 0.0]])


def chosen(T):
    x, w, h0 = (
        cr.variable(v, n) for n, v in {"x": ROOTS[:T], "w": 1.3, "h0": np.array([0.0, 1, 2, 0])}.items()
    )
    return x, w, h0


@pytest.mark.parametrize("T", [0, 1, 3])
def test_a_slope_that_is_infinite_where_nothing_was_chosen_behind_the_loop(T):
    x, w, h0 = chosen(T)
    h, ys = cr.scan(lambda h, x: (np.tanh(h * w + x), np.sqrt(x * w)), h0, x)
    dx, *_ = compare(np.sum(np.where(x > 0, ys, 0)) + np.sum(h), [x, w, h0])
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("T", [0, 1, 3])
def test_a_slope_that_is_infinite_before_the_loop_which_does_not_choose_it(T):
    x, w, h0 = chosen(T)
    h, ys = cr.scan(lambda h, x: (np.tanh(h * w + np.where(x > 0, x, 0)), h), h0, np.sqrt(x))
    dx, *_ = compare(np.sum(h) + np.sum(ys), [x, w, h0])
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("T", [0, 1, 3])
def test_a_slope_that_is_infinite_within_is_not_chosen_step_after_step(T):
    x, _, h0 = chosen(T)
    h, _ = cr.scan(lambda h, x: (np.where(x > 0, np.sqrt(h), h), None), h0, x)
    for J in (np.sum(np.where(h0 > 0, h, 0)), np.sum(np.where(h0.value > 0, h * h, 0))):
        _, dh = compare(J, [x, h0])
        assert np.isfinite(dh).all()


@pytest.mark.parametrize("T", [0, 1, 3])
def test_weights_behind_a_root_which_a_body_does_not_choose(T):
    x, w, h0 = chosen(T)
    s = cr.variable(np.array([0.0, 1.0, 4.0, 9.0]), "s")

    def step(h, x):
        return np.tanh(h * w + np.where(s > 0, np.sqrt(s) * x, 0)), None

    h, _ = cr.scan(step, h0, x)
    *_, ds = compare(np.sum(h), [x, w, h0, s])
    assert np.isfinite(ds).all() and ds[0] == 0


def test_what_is_padded_with_nan_has_a_gradient_of_0():
    _, w, h0 = chosen(3)
    padded = cr.constant(np.where(ROOTS > 0, ROOTS, np.nan))
    h, ys = cr.scan(lambda h, x: (np.where(np.isnan(x), h, np.tanh(h * w + x * w)), x * w), h0, padded)
    J = np.sum(h) + np.sum(np.where(np.isnan(padded), 0, ys))
    assert all(np.isfinite(g).all() for g in compare(J, [w, h0]))


def test_the_gradient_through_padded_steps_is_exactly_0():
    rng = np.random.default_rng(1)
    kept = np.arange(6)[:, None, None] < np.array([2, 6, 0])[None, :, None]
    x, W, U = (
        cr.variable(rng.standard_normal(s), n) for n, s in {"x": (6, 3, 4), "W": (4, 5), "U": (5, 5)}.items()
    )

    def step(h, given):
        x, kept = given
        new = np.where(kept, np.tanh(x @ W + h @ U), h)
        return new, new

    h, hs = cr.scan(step, np.zeros((3, 5)), (x, kept))
    dx, *_ = compare(np.sum(h * h) + np.sum(hs), [x, W, U])
    assert np.all(dx[~kept[..., 0]] == 0) and np.all(dx[kept[..., 0]] != 0)


# --- simplified -----------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.sampled_from([0, 1, 2, 5]))
def test_gradients_that_were_simplified_are_the_same(random, T):
    loop = Loop(random, T=T)
    J = loop.scalar()
    gradients = cr.grad(J, loop.variables)
    for a, b in zip(simplify(gradients), gradients, strict=True):
        scale = np.max(np.abs(b.value), initial=1.0)
        np.testing.assert_allclose(a.value, b.value, rtol=1e-7, atol=1e-8 * scale)
