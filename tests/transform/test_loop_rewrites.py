"""What leaves loops, and which become one: the same numbers as before, and as of loops that are written out."""

import random
from collections import Counter

import numpy as np
import pytest
from random_cells import random_cells
from random_loops import Loop

import chainrule as cr
from chainrule.graph.closed import bodies
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import apply, input, variable
from chainrule.graph.primitives.loops import scan
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.transform.simplify import simplify_all

T, B, F, H = 5, 2, 3, 4


def agree(before, after, feed, rtol=1e-12, atol=1e-12):
    was, now = evaluate(before, feed), evaluate(after, feed)
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(now[b], was[a], rtol=rtol, atol=atol)


def loops(outputs):
    """The loops of a graph: all results of each."""
    return list({id(f): f for f in siblings(order(outputs)).values()}.values())


def inside(outputs):
    """How many nodes of which row stand in the bodies of the loops."""
    return Counter(n.primitive.name for f in loops(outputs) for body in bodies(f[0]) for n in body.nodes)


def rows(outputs):
    return Counter(n.primitive.name for n in order(outputs))


def weights(*shape, seed=0):
    return variable(np.random.default_rng(seed + sum(shape)).normal(size=shape) * 0.5, f"w{shape}")


# --- drawn at random --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(200))
def test_loops_drawn_at_random_keep_their_values(seed):
    g = random_cells(random.Random(seed))
    if g.results:
        written_out = cr.unroll(g.results)
        agree(written_out, g.results, g.feed)
        agree(written_out, simplify_all(list(g.results)), g.feed)
        agree(written_out, simplify_all(list(g.results), final=True), g.feed)


@pytest.mark.parametrize("seed", range(120))
def test_loops_drawn_at_random_keep_their_gradients(seed):
    g = random_cells(random.Random(seed))
    floats = [x for x in (*g.inputs, *g.state) if x.dtype.kind == "f"]
    if not g.results or not floats or isinstance(g.cost, int):
        return
    slopes = cr.grad(g.cost, floats)
    written_out = cr.grad(cr.unroll(g.cost), floats)
    agree(written_out, simplify_all([g.cost, *slopes])[1:], g.feed)
    agree(written_out, slopes, g.feed)


@pytest.mark.parametrize("seed", range(60))
def test_loops_of_every_kind_of_carry_keep_values_and_gradients(seed):
    r = random.Random(seed)
    drawn = Loop(r, r.choice([0, 1, 2, 4]), r.choice([0, 1, 2]))
    J = drawn.scalar()
    slopes = cr.grad(J, drawn.variables)
    agree([J, *slopes], simplify_all([J, *slopes]), {}, rtol=1e-10)


def test_what_is_drawn_leaves_loops_and_joins_them():
    made = Counter()
    for seed in range(60):
        g = random_cells(random.Random(seed), lengths=(3,))
        simple = simplify_all(list(g.results))
        made["loops"] += len(loops(g.results))
        made["are left"] += len(loops(simple))
        made["products on all steps"] += any(
            n.primitive.name == "contract" and n.ndim == 3 for n in order(simple)
        )
    assert 0 < made["are left"] < made["loops"] and made["products on all steps"] > 10


# --- what is left of the loops of a cell ------------------------------------------------------------------


def zeros(x):
    """What a cell begins with: zeros, for each example."""
    return np.zeros((1, H)) + 0 * x[:, 0, :1]


def lstm(x, start):
    w, u, b, v = weights(F, 4 * H), weights(H, 4 * H), weights(4 * H), weights(H, 7)

    def step(carry, x):
        h, c = carry
        zx, zh = x @ w + b, h @ u
        i, f, g, o = (zx[:, k : k + H] + zh[:, k : k + H] for k in range(0, 4 * H, H))
        c = cr.sigmoid(f) * c + cr.sigmoid(i) * np.tanh(g)
        h = cr.sigmoid(o) * np.tanh(c)
        return (h, c), h @ v

    (h, c), ys = cr.scan(step, (start, start), np.transpose(x, (1, 0, 2)))
    return h, c, ys, [w, u, b, v]


def gru(x, start):
    w, u, b = weights(F, 3 * H), weights(H, 3 * H), weights(3 * H)

    def step(h, x):
        zx, zh = x @ w + b, h @ u
        z, r = (cr.sigmoid(zx[:, k : k + H] + zh[:, k : k + H]) for k in (0, H))
        new = z * h + (1 - z) * np.tanh(zx[:, 2 * H :] + r * zh[:, 2 * H :])
        return new, new

    h, hs = cr.scan(step, start, np.transpose(x, (1, 0, 2)))
    return h, hs, [w, u, b]


X = np.random.default_rng(1).normal(size=(B, T, F))


@pytest.mark.parametrize("before", [False, True], ids=["x given", "x made"])
@pytest.mark.parametrize("cell", [lstm, gru])
def test_training_a_cell_takes_two_loops_and_a_product_for_each_weight_and_what_is_given(cell, before):
    x, E = input("x", ("batch", T, F)), weights(F, F)
    *_, ys, learned = cell(x @ E if before else x, zeros(x))
    J = np.mean(ys**2)
    learned = [*learned, E] if before else learned
    outputs = [J, *cr.grad(J, learned)]
    simple = simplify_all(outputs, final=True)
    agree(outputs, simple, {x: X})
    forward, back = loops(simple)
    assert not forward[0].attributes["reverse"] and back[0].attributes["reverse"]
    assert inside(simple)["contract"] == 2  # h @ U and dz @ U.T
    behind = 3 if cell is lstm else 0  # h @ V, dV and what comes back from it
    of_x = 3 if before else 0  # x @ E, dx and dE
    assert rows(simple)["contract"] == 3 + behind + of_x  # x @ W, dW, dU


def test_layers_train_in_two_loops():
    for layer in (cr.LSTM(4), cr.GRU(4), cr.SimpleRNN(4)):
        x = cr.input("x", ("batch", T, F))
        y = layer(x)
        J = np.sum(y * y)
        learned = [n for n in order([J]) if n.primitive.name == "variable"]
        simple = simplify_all([J, *cr.grad(J, learned)], final=True)
        assert len(loops(simple)) == 2, layer
        assert inside(simple)["contract"] == 2 and rows(simple)["contract"] == 3, layer


def test_a_loop_and_the_one_that_stores_what_backward_reads_are_one():
    x = input("x", ("batch", T, F))
    h, c, ys, (w, *_) = lstm(x, zeros(x))
    outputs = [h, c, ys, cr.grad(np.sum(ys), w), cr.grad(np.sum(h * c), w)]
    simple = simplify_all(outputs)
    agree(outputs, simple, {x: X})
    assert len([f for f in loops(simple) if not f[0].attributes["reverse"]]) == 1


def test_all_results_of_a_loop_share_one_body():
    x = input("x", ("batch", T, F))
    h, c, ys, learned = lstm(x, zeros(x))
    simple = simplify_all([h, c, ys, *cr.grad(np.sum(ys) + np.sum(c), learned)])
    for family in loops(simple):
        assert len({id(n.attributes["body"]) for n in family}) == 1


# --- what leaves, one by one ------------------------------------------------------------------------------


def simple_results(step, init, xs, **options):
    carry, ys = cr.scan(step, init, xs, **options)
    outputs = [*(carry if isinstance(carry, tuple) else (carry,)), *(ys if isinstance(ys, tuple) else (ys,))]
    simple = simplify_all(outputs, final=True)
    agree(outputs, simple, {})
    return simple


def steps(*shape, seed=3):
    return variable(np.random.default_rng(seed).normal(size=shape), "x")


def test_a_step_that_carries_nothing_is_no_loop():
    w = weights(F, H)
    simple = simple_results(lambda carry, x: (carry, np.tanh(x @ w)), (), steps(T, B, F))
    assert not loops(simple) and rows(simple)["contract"] == 1


def test_what_is_carried_and_never_changes_is_shared():
    def step(carry, x):
        h, w = carry
        return (np.tanh(h * w + x), w), h

    last, w, _ = simple_results(step, (np.zeros(F), weights(F)), steps(T, F))
    assert w.primitive.name == "variable" and last.attributes["carried"] == 1


def test_what_is_carried_in_vain_is_dropped():
    def step(carry, x):
        h, unread = carry
        return (np.tanh(h + x), np.sin(unread) + h), h

    _carry, ys = cr.scan(step, (np.zeros(F), np.ones(F)), steps(T, F))
    (simple,) = simplify_all([ys])
    agree([ys], [simple], {})
    assert simple.attributes["carried"] == 1 and "sin" not in inside([simple])


def test_what_is_carried_twice_is_carried_once():
    def step(carry, x):
        a, b = carry
        return (np.tanh(a + x), np.tanh(b + x)), a * b

    a, b, y = simple_results(step, (np.zeros(F), np.zeros(F)), steps(T, F))
    assert a is b and y.attributes["carried"] == 1 and inside([y])["tanh"] == 1


def test_what_a_step_only_remembers_of_the_one_before_is_scanned():
    """A carry that is known of all steps beforehand is no carry."""
    for reverse in (False, True):
        simple = simple_results(
            lambda before, x: (x * 2.0, x - before), weights(F), steps(T, F), reverse=reverse
        )
        assert not loops(simple)


def test_what_is_a_part_of_what_is_emitted_is_not_emitted_beside_it():
    u = weights(H, H)

    def step(h, x):
        h = np.tanh(h @ u + x)
        parts = [np.sin(h), h * h]
        return h, (np.concatenate(parts), *parts, np.concatenate([parts[1], h]), h * h * h)

    simple = simple_results(step, np.zeros(H), steps(T, H))
    (family,) = loops(simple)
    emitted = family[0].attributes["body"].outputs[1:]
    joined = [n for n in emitted if n.primitive.name == "concatenate"]
    assert len(joined) == 2 and not {x for n in joined for x in n.inputs}.intersection(emitted)
    assert [n.primitive.name for n in simple[2:4]] == ["slice"] * 2


def test_what_is_the_same_in_each_step_is_made_once():
    w = weights(F, F)
    simple = simple_results(lambda h, x: (np.tanh(h @ np.sin(w.T) + x), h), np.zeros((B, F)), steps(T, B, F))
    (family,) = loops(simple)
    assert "sin" not in inside(simple) and rows(simple)["sin"] == 1
    assert family[0].attributes["body"].shared[0].shape == (F, F)


@pytest.mark.parametrize("parts", [(0, 1), (1, 0), (0, 1, 0)])
@pytest.mark.parametrize("turned", [False, True])
def test_the_part_of_a_product_that_hangs_on_no_carry_leaves(parts, turned):
    """As the lectures write a cell: W @ [h, x]."""
    x, w = steps(T, B, F), weights(sum((H, F)[k] for k in parts), H)

    def step(h, x):
        both = np.concatenate([(h, x)[k] for k in parts], axis=1)
        h = np.tanh((w.T @ both.T).T if turned else both @ w)
        return h, h

    last, hs = cr.scan(step, np.zeros((B, H)), x)
    outputs = [last, hs, *cr.grad(np.sum(np.sin(hs)), [w, x])]
    simple = simplify_all(outputs)
    agree(outputs, simple, {})
    assert "concatenate" not in inside(simple)
    assert any(n.primitive.name == "contract" and x in n.inputs for n in order(simple))


def test_arithmetic_stays_where_it_costs_less_than_what_it_reads():
    """x[t] * x[t] is as cheap inside; of a product goes along what makes no more numbers of it, and no view."""
    w, b = weights(F, H), weights(H)
    simple = simple_results(lambda h, x: (np.tanh(h + x * x), h), np.zeros((B, F)), steps(T, B, F))
    assert inside(simple)["multiply"] == 1 and not rows(simple)["multiply"]
    simple = simple_results(
        lambda h, x: (np.tanh(h + np.maximum(x @ w + b, 0)), h), np.zeros((B, H)), steps(T, B, F)
    )
    assert inside(simple) == Counter(input=2, add=1, tanh=1)
    simple = simple_results(
        lambda h, x: (np.tanh(h + (x @ weights(F, 1)) * weights(1, 100)), h),
        np.zeros((B, 100)),
        steps(T, B, F),
    )
    assert inside(simple)["multiply"] == 1  # 100 numbers of one


def test_zeros_that_are_scanned_are_known():
    zeros = apply("broadcast_to", cr.constant(0.0), shape=(T, F))
    simple = simple_results(
        lambda h, x: (np.tanh(h + np.exp(x[1]) * x[0]), h), np.zeros(F), (steps(T, F), zeros)
    )
    assert "exp" not in inside(simple)


def test_loops_of_no_step_and_of_one_are_written_out():
    for length in (0, 1):
        assert not loops(simple_results(lambda h, x: (np.tanh(h + x), h), weights(F), steps(length, F)))


def test_what_cannot_be_put_on_all_steps_stays_in_the_loop():
    def step(h, at):
        drawn = apply("random_uniform", np.array(7), at, shape=(B, F), stream=1, dtype="float64")
        return h + drawn, drawn @ weights(F, H)

    simple = simple_results(step, np.zeros((B, F)), cr.constant(np.arange(T)).astype("int64"))
    (_family,) = loops(simple)
    assert (
        inside(simple)["random_uniform"] == 1 and rows(simple)["contract"] + inside(simple)["contract"] == 1
    )


def test_loops_that_carry_the_same_and_emit_others_are_one():
    x, w = steps(T, B, F), weights(F, F)

    def step(h, x):
        return np.tanh(h @ w + x), h

    _, ys = cr.scan(step, np.zeros((B, F)), x)
    _, zs = cr.scan(lambda h, x: (step(h, x)[0], np.sin(h) * x), np.zeros((B, F)), x)
    last, _ = cr.scan(step, np.zeros((B, F)), x)
    outputs = [ys, zs, last]
    simple = simplify_all(outputs)
    agree(outputs, simple, {})
    assert len(loops(simple)) == 1


def test_loops_that_differ_stay_apart():
    """By where they begin, by what they are given, by their direction, by their steps; and where one reads another."""
    x, w = steps(T, B, F), weights(F, F)

    def run(init=0.0, xs=x, f=np.tanh, **options):
        return cr.scan(lambda h, x: (f(h @ w + x), h), np.full((B, F), init), xs, **options)[1]

    one = run()
    outputs = [one, run(1.0), run(xs=x * 2.0), run(f=np.sin), run(reverse=True), run(xs=x[:3]), run(xs=one)]
    simple = simplify_all(outputs)
    agree(outputs, simple, {})
    assert len(loops(simple)) == len(outputs)


def test_a_loop_is_not_joined_with_one_that_reads_it():
    x, w = steps(T, B, F), weights(F, F)
    _, ys = cr.scan(lambda h, x: (np.tanh(h @ w + x), h), np.zeros((B, F)), x)

    def step(carry, x):
        h, k = carry
        return (np.tanh(h @ w + x[0]), np.tanh(k + x[1])), k

    _, zs = cr.scan(step, (np.zeros((B, F)), np.zeros((B, F))), (x, ys))
    outputs = [ys, zs]
    simple = simplify_all(outputs)
    agree(outputs, simple, {})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_in_one_step_is_none_where_it_was_none(value):
    x = input("x", ("batch", T, F))
    h, c, ys, learned = lstm(x, zeros(x))
    outputs = [h, c, ys, *cr.grad(np.sum(ys), learned)]
    simple = simplify_all(outputs)
    numbers = X.copy()
    numbers[1, 2, 0] = value
    agree(outputs, simple, {x: numbers})


def test_open_steps_and_rows():
    x, w, u = input("x", ("batch", "time", F)), weights(F, H), weights(H, H)

    def step(h, x):
        h = np.tanh(x @ w + h @ u)
        return h, h @ u

    h, ys = cr.scan(
        step, np.zeros((1, H)) + 0 * np.sum(x[:, :, 0], axis=1)[:, None], np.transpose(x, (1, 0, 2))
    )
    J = np.sum(h * h) + np.sum(ys)
    outputs = [h, ys, *cr.grad(J, [w, u, x])]
    simple = simplify_all(outputs)
    assert len(loops(simple)) == 2 and inside(simple)["contract"] == 2
    for batch in (0, 1, 2):
        for time in (0, 1, 2, T):
            agree(outputs, simple, {x: X[:batch, :time]})


def test_graphs_without_loops_are_left_alone(monkeypatch):
    def never(*_):
        raise AssertionError("a graph without loops was searched for loops")

    monkeypatch.setattr("chainrule.transform.simplify.with_smaller_loops", never)
    x = input("x", ("batch", F))
    simplify_all([np.tanh(x @ weights(F, H))])


def test_a_body_that_is_simple_comes_back_as_it_is():
    x = input("x", ("batch", T, F))
    h, _c, ys, learned = lstm(x, zeros(x))
    simple = simplify_all([h, ys, *cr.grad(np.sum(ys), learned)])
    again = simplify_all(simple)
    assert [f[0].attributes["body"] for f in loops(again)] == [f[0].attributes["body"] for f in loops(simple)]
    assert all(n.primitive is scan for f in loops(again) for n in f)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("carry", ["of the step", "the same", "becomes one of the step"])
def test_a_loop_in_a_step_leaves_it_as_a_loop_of_all_steps(carry, reverse):
    """``carry`` says what the inner loop begins with, and ``reverse`` how it goes: along the letters of each word."""
    words, w, u, v = steps(T, B, 4, F), weights(F, H), weights(H, H), weights(H, 2)

    def word(letters):
        start = {
            "of the step": letters[:, 0] @ w,
            "the same": np.ones((B, H)) * u[0],
            "becomes one of the step": np.zeros((B, H)),
        }[carry]
        state, every = cr.scan(
            lambda h, x: (np.tanh(h @ u + (0.0 if carry == "the same" else x @ w)), h @ v + (x @ w)[:, :1]),
            start, np.transpose(letters, (1, 0, 2)), reverse=reverse,
        )  # fmt: skip
        return state, every

    def step(h, letters):
        state, every = word(letters)
        return np.tanh(h + state), (h, every)

    last, (hs, every) = cr.scan(step, np.zeros((B, H)), words)
    J = np.sum(np.sin(last)) + np.sum(hs * hs) + np.sum(np.cos(every))
    outputs = [last, hs, every, *cr.grad(J, [words, w, u, v])]
    simple = simplify_all(outputs)
    agree(outputs, simple, {})
    agree(cr.unroll(outputs), simple, {})
    assert not any(
        bodies(n) for f in loops(simple) for body in bodies(f[0]) for n in body.nodes
    )  # none in another
