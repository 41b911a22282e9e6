"""Loops over time in machine code: what NumPy computes, whatever the batch, the steps, the threads and the parts."""

import numpy as np
import pytest
from helped import Always
from hypothesis import HealthCheck, given, settings, strategies as st
from sampling import tries
from values_of import values_of

import chainrule as cr
from chainrule.engines.native.code import lower, step as step_module
from chainrule.engines.native.plan import fusion
from chainrule.engines.native.plan.copies import TURN
from chainrule.engines.native.plan.items import Loop, made, with_inner
from chainrule.engines.native.run import sharing, threads as native_threads
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import ClosedGraph, Program
from chainrule.graph.node import record
from chainrule.graph.primitives.loops import scan
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.transform.simplify import simplify_all

rng = np.random.default_rng(0)


def weights(*shape, dtype="float32"):
    return cr.variable(0.5 * rng.normal(size=shape), "w", dtype)


def both(outputs, inputs):
    """Return a graph compiled for NumPy and for the CPU."""
    return [cr.compile(outputs, inputs=inputs, engine=engine) for engine in ("numpy", "native")]


def agree(outputs, inputs, *batches):
    judge, native = both(outputs, inputs)
    for batch in batches:
        for wanted, found in zip(judge(*batch), native(*batch), strict=True):
            assert found.shape == wanted.shape and found.dtype == wanted.dtype
            tolerance = 1e-12 if wanted.dtype == np.float64 else 2e-6
            np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def numbers(shape, dtype="float32"):
    return rng.normal(size=shape).astype(dtype)


def recurrent(steps, units=5, features=3):
    """Return an input of sequences, and what a recurrent layer makes of them: the last state and all."""
    x = cr.input("x", ("batch", steps, features), "float32")
    w, u, b = weights(features, units), weights(units, units), weights(units)

    def step(h, x):
        new = np.tanh(x @ w + h @ u + b)
        return new, new

    begin = cr.constant(np.zeros((1, units), "float32")) + 0 * np.sum(x, axis=(1, 2)).reshape(-1, 1)
    last, every = cr.scan(step, begin, np.transpose(x, (1, 0, 2)))
    return x, [last, np.transpose(every, (1, 0, 2))]


def lstm(x, units, reverse=False):
    """Return all states of an LSTM of sequences with the time first."""
    w, u, b = weights(x.shape[-1], 4 * units), weights(units, 4 * units), weights(4 * units)
    before = x @ w + b

    def step(carry, zx):
        h, c = carry
        zh = h @ u
        i, f, g, o = (zx[:, k : k + units] + zh[:, k : k + units] for k in range(0, 4 * units, units))
        c = cr.sigmoid(f) * c + cr.sigmoid(i) * np.tanh(g)
        h = cr.sigmoid(o) * np.tanh(c)
        return (h, c), (h, c)

    zero = before.sum(axis=0)[:, :units] * 0
    return cr.scan(step, (zero, zero), before, reverse=reverse)


@pytest.mark.parametrize("steps", [0, 1, 2, 7])
def test_a_recurrent_layer_is_what_numpy_makes_of_it(steps):
    x, outputs = recurrent(steps)
    agree(outputs, [x], *([numbers((batch, steps, 3))] for batch in (0, 1, 17, 40)))


@pytest.mark.parametrize("reverse", [False, True])
def test_time_may_be_open(reverse):
    x = cr.input("x", ("time", 6), "float64")
    w = weights(6, 4, dtype="float64")
    u = weights(4, 4, dtype="float64")

    def step(h, x):
        new = np.tanh(x @ w + h @ u)
        return new, new * 2

    last, every = cr.scan(step, np.zeros(4), x, reverse=reverse)
    agree([last, every], [x], *([numbers((steps, 6), "float64")] for steps in (0, 1, 2, 7)))


@pytest.mark.parametrize(("share", "check"), [("", ""), ("3", ""), ("", "1")])
def test_time_and_batch_may_be_open(monkeypatch, share, check):
    monkeypatch.setenv("CHAINRULE_SHARE", share)
    monkeypatch.setenv("CHAINRULE_CHECK", check)
    x = cr.input("x", ("batch", "time", 3), "float32")
    (h, c), (hs, cs) = lstm(np.transpose(x, (1, 0, 2)), 5)
    agree([h, c, hs, cs], [x], *([numbers((b, t, 3))] for b in (0, 1, 17) for t in (1, 2, 7)))


def test_single_numbers_counters_and_truths_are_carried():
    x = cr.input("x", (9, "batch"), "float64")

    def step(carry, x):
        count, any_above, largest, ended = carry
        above = x > 1
        now = np.where(ended, count, count + 1)
        return (now, any_above | np.any(above), np.maximum(largest, x), np.logical_or(ended, x < -2)), (
            now,
            above,
        )

    shape = x[0] * 0
    begin = (shape.astype("int64"), np.bool_(False), shape - 10, shape > 1)
    carry, ys = cr.scan(step, begin, x)
    agree([*carry, *ys], [x], *([numbers((9, batch), "float64")] for batch in (1, 17)))


def test_a_loop_without_a_batch_and_one_without_xs():
    a = cr.variable([[0.5, 0.1], [-0.2, 0.9]], "a")
    last, every = cr.scan(lambda v, _: (a @ v, v), np.array([1.0, 2.0]), length=12)
    total, sums = cr.scan(lambda t, x: (t + x, t), 0.0, cr.constant(np.arange(5.0)), reverse=True)
    judge, native = both([last, every, total, sums], [])
    for wanted, found in zip(judge(), native(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_loops_in_loops():
    x = cr.input("x", ("batch", 4, 3), "float32")
    w = weights(3, 3)

    def step(h, x):
        inner, seen = cr.scan(lambda c, _: (np.tanh(c @ w + x), c), h, length=3)
        return inner, seen

    last, every = cr.scan(step, np.zeros_like(x[:, 0]), np.transpose(x, (1, 0, 2)))
    agree([last, every], [x], *([numbers((batch, 4, 3))] for batch in (1, 17)))


def test_the_length_of_the_batch_is_that_of_all_of_it(monkeypatch):
    monkeypatch.setenv("CHAINRULE_SHARE", "3")
    x = cr.input("x", ("batch", 4, 3), "float64")
    w = weights(3, 3, dtype="float64")
    last, _ = cr.scan(
        lambda h, x: (np.tanh(h @ w) + x / x.shape[0], None),
        np.zeros_like(x[:, 0]),
        np.transpose(x, (1, 0, 2)),
    )
    agree([last], [x], [numbers((17, 4, 3), "float64")])


def test_what_goes_from_row_to_row_is_done_whole(monkeypatch):
    monkeypatch.setenv("CHAINRULE_SHARE", "3")
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    x = cr.input("x", ("batch", 4, 3), "float64")
    w = weights(3, 3, dtype="float64")

    def step(h, x):
        new = np.tanh(h @ w + x)
        return new - np.mean(new, axis=0), np.max(new, axis=0)

    outputs = cr.scan(step, np.zeros_like(x[:, 0]), np.transpose(x, (1, 0, 2)))
    agree(list(outputs), [x], [numbers((17, 4, 3), "float64")])


def test_the_rows_of_a_batch_are_what_is_scanned():
    x = cr.input("x", ("batch", 3), "float64")
    w = weights(3, 3, dtype="float64")
    last, every = cr.scan(lambda h, x: (np.tanh(h @ w + x), h), np.zeros(3), x)
    agree([last, every], [x], *([numbers((batch, 3), "float64")] for batch in (0, 1, 17)))


# --- random bodies ---

DTYPES = ("float32", "float64")


@st.composite
def loops(draw):
    """Draw a loop with random things carried, scanned, shared and emitted; return outputs and inputs of a graph."""
    steps, width = draw(st.sampled_from([0, 1, 2, 7])), draw(st.sampled_from([1, 2, 5, 16]))
    dtype, rows = draw(st.sampled_from(DTYPES)), draw(st.sampled_from(["batch", 3]))
    x = cr.input("x", (rows, steps, width), dtype)
    other = cr.input("other", (steps, 2), dtype)
    shared = cr.input("shared", (rows, width), dtype)
    w, b = weights(width, width, dtype=dtype), weights(width, dtype=dtype)
    count, kinds = draw(st.integers(1, 3)), ["rows", "row", "number"]
    carried = [draw(st.sampled_from(kinds)) for _ in range(count)]
    choices = st.lists(st.integers(0, 11), min_size=2, max_size=9)
    plans = [draw(choices) for _ in range(count + 2)]
    picks = draw(st.lists(st.integers(0, 99), min_size=90, max_size=90))

    def step(carry, given):
        slice_, pair = given
        pick = iter(picks)
        pool = [*carry, slice_, pair[0], shared, b, pair.sum()]

        def grown(what):
            rows_ = [v for v in pool if len(v.shape) == 2]
            v = pool[next(pick) % len(pool)]
            r = rows_[next(pick) % len(rows_)]
            return [
                lambda: np.tanh(v) + r,
                lambda: r @ w,
                lambda: v * r,
                lambda: np.maximum(v, r * 0.5),
                lambda: r - r.max(axis=1, keepdims=True),
                lambda: np.where(v > 0, r, v * 0.3 + r),
                lambda: r.sum(axis=1, keepdims=True) * 0.2 + b,
                lambda: r[:, ::-1],
                lambda: np.concatenate([r[:, : width // 2], r[:, width // 2 :] * 2], axis=1),
                lambda: cr.sigmoid(v + slice_),
                lambda: r @ w.T,
                lambda: np.exp(-(r**2)),
            ][what]()

        ends = []
        for plan in plans:
            for what in plan:
                pool.append(np.tanh(grown(what)))
            ends.append(pool[-1])
        shapes = {
            "rows": lambda v: v,
            "row": lambda v: v[0] if rows != "batch" else v.max(axis=0),
            "number": np.mean,
        }
        new = tuple(shapes[k](v).astype(dtype) for k, v in zip(carried, ends, strict=False))
        return new, (ends[count], ends[count + 1].sum(axis=1), carry[0], new[-1])

    begins = {"rows": shared * 0, "row": np.zeros(width, dtype), "number": np.zeros((), dtype)}
    begin = tuple(begins[k] for k in carried)
    reverse = draw(st.booleans())
    carry, ys = cr.scan(step, begin, (np.transpose(x, (1, 0, 2)), other), reverse=reverse)
    results = [*carry, *ys]
    taken = draw(st.lists(st.sampled_from(results), min_size=1, max_size=5, unique=True))
    if dtype == "float64" and draw(st.booleans()):
        taken += cr.grad(sum(np.mean(n * n) if steps else np.sum(n * n) for n in taken), [w, b, x, shared])
    batch = draw(st.sampled_from([1, 2, 17])) if rows == "batch" else rows
    arrays = [
        numbers((batch, steps, width), dtype),
        numbers((steps, 2), dtype),
        numbers((batch, width), dtype),
    ]
    return taken, [x, other, shared], arrays


@pytest.mark.parametrize(("share", "check"), [("", ""), ("3", "1"), ("7", "")])
@settings(max_examples=tries(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=loops())
def test_random_loops(share, check, drawn):
    outputs, inputs, arrays = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_SHARE", share)
        patch.setenv("CHAINRULE_CHECK", check)
        judge, native = both(outputs, inputs)
        for wanted, found in zip(judge(*arrays), native(*arrays), strict=True):
            assert found.shape == wanted.shape and found.dtype == wanted.dtype
            tolerance = 1e-9 if wanted.dtype == np.float64 else 1e-4
            np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("batch", [2, 50, 400])
@pytest.mark.parametrize("share", ["", "2", "3"])
def test_what_a_loop_reads_may_be_turned_over(share, batch, monkeypatch):
    monkeypatch.setenv("CHAINRULE_SHARE", share)
    shared, w = cr.input("shared", ("batch", 2)), cr.variable([[0.5, -1.0], [2.0, 0.3]], "w")

    def step(h, _):
        return np.tanh(np.tanh(h + shared) @ w), None

    last, _ = cr.scan(step, np.tanh(shared), None, length=3)
    judge, native = both([last], [shared])
    given = np.linspace(-2, 2, 2 * batch).reshape(batch, 2)
    np.testing.assert_allclose(native(given)[0], judge(given)[0], rtol=1e-9)


# --- what is the same, whatever is done how ---


def bits(found):
    return [x.tobytes() for x in found]


@pytest.mark.parametrize("parts", ["2", "3", "7"])
def test_parts_change_no_bit(monkeypatch, parts):
    x, outputs = recurrent(6, units=33)
    batch = numbers((29, 6, 3))
    monkeypatch.setenv("CHAINRULE_SHARE", "")
    wanted = bits(both(outputs, [x])[1](batch))
    monkeypatch.setenv("CHAINRULE_SHARE", parts)
    native = both(outputs, [x])[1]
    assert all(bits(native(batch)) == wanted for _ in range(3))


def stages_of(outputs, inputs):
    ends = simplify_all(outputs, final=True)
    state = tuple(n for n in order(ends) if n.primitive.name == "variable")
    return compile_program(Program(tuple(inputs), state, tuple(ends), state)).stages


def test_neither_code_nor_memory_of_a_step_depends_on_the_number_of_steps():
    def look(steps):
        x = cr.input("x", ("batch", steps, 3), "float32")
        (h, _), _ = lstm(np.transpose(x, (1, 0, 2)), 8)
        return stages_of([h], [x])

    short, long = look(10), look(1000)
    assert abs(len(short.ir) - len(long.ir)) < 0.01 * len(short.ir)
    sizes = [s.memory.size({"batch": 32}) - 32 * 4 * 32 * t for s, t in ((short, 10), (long, 1000))]
    assert abs(sizes[0] - sizes[1]) < 1000


def test_a_loop_over_time_is_cut_along_the_batch_as_one_piece_of_work():
    x, outputs = recurrent(6, units=33)
    stages = stages_of(outputs, [x])
    (loop,) = [i for i in with_inner(stages.fusion.items) if isinstance(i, Loop)]
    (region,) = [r for r in stages.regions if any(w.item is loop for w in r.works)]
    assert region.kind == "rows" and str(loop.rows) == "batch"


def test_where_a_nan_begins_is_told_with_its_time_step(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    x = cr.input("x", ("batch", 5, 2), "float64")
    last, _ = cr.scan(lambda h, x: (h + np.log(x), None), np.zeros_like(x[:, 0]), np.transpose(x, (1, 0, 2)))
    batch = np.ones((3, 5, 2))
    batch[1, 3, 1] = -1
    native = both([last], [x])[1]
    with pytest.warns(cr.EngineWarning, match=r"first NaN is log\(.*at time step 4"):
        native(batch)


def trained(units=12, features=3, steps=6, of_each_step=True):
    """Return the inputs of an LSTM, and a loss with the gradients of all that it learns."""
    x, y = cr.input("x", ("batch", steps, features), "float32"), cr.input("y", ("batch",), "float32")
    w, u, b = weights(features, 4 * units), weights(units, 4 * units), weights(4 * units)

    def step(carry, x):
        h, c = carry
        zx, zh = x @ w + b, h @ u
        i, f, g, o = (zx[:, k : k + units] + zh[:, k : k + units] for k in range(0, 4 * units, units))
        c = cr.sigmoid(f) * c + cr.sigmoid(i) * np.tanh(g)
        h = cr.sigmoid(o) * np.tanh(c)
        return (h, c), h

    zero = np.zeros((1, units), "float32") + 0 * x[:, 0, :1]
    (h, _), hs = cr.scan(step, (zero, zero), np.transpose(x, (1, 0, 2)))
    loss = np.mean((np.sum(h, axis=1) - y) ** 2)
    loss = loss + np.mean(hs * hs) if of_each_step else loss
    return [x, y], [loss, *cr.grad(loss, [w, u, b])]


def test_what_is_the_same_in_each_step_is_made_once_before_the_loop():
    inputs, outputs = trained()
    found = stages_of(outputs, inputs)
    loops = [x for x in found.fusion.items if isinstance(x, Loop)]
    assert all(x.rows is not None for x in loops)
    turned = [n for x in with_inner(found.fusion.items) for n in made(x) if n.primitive is TURN]
    assert [n for x in found.fusion.items for n in made(x) if n.primitive is TURN] == turned
    assert len(turned) == 1
    agree(outputs, inputs, *([numbers((n, 6, 3)), numbers((n,))] for n in (1, 17, 40)))


def test_loops_that_need_the_same_turned_share_it():
    x = cr.input("x", ("batch", 4, 20), "float64")
    u = weights(20, 20, dtype="float64")

    def step(h, x):
        inner, _ = cr.scan(lambda c, _: (np.tanh(c @ u.T + x), None), h, length=3)
        return inner, inner @ u.T

    xs = np.transpose(x, (1, 0, 2))
    outputs = [*cr.scan(step, np.zeros_like(x[:, 0]), xs), *cr.scan(step, x[:, 0], xs, reverse=True)]
    found = stages_of(outputs, [x])
    assert [n.shape for y in with_inner(found.fusion.items) for n in made(y) if n.primitive is TURN] == [
        (20, 20)
    ]
    agree(outputs, [x], *([0.1 * numbers((batch, 4, 20), "float64")] for batch in (1, 17)))


# --- what is asked of what is given ---


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_labels_that_no_class_has_are_refused_in_a_step_too(engine):
    kinds, x = cr.input("kinds", ("batch", 4), "int64"), cr.input("x", ("batch", 3), "float64")
    last, _ = cr.scan(lambda h, k: (np.tanh(h + cr.one_hot(k, 3)), None), x, kinds.T)
    f = cr.compile([last], inputs=[kinds, x], engine=engine)
    f(np.full((2, 4), 2), np.zeros((2, 3)))
    with pytest.raises(cr.DataError, match="A label is 3"):
        f(np.full((2, 4), 3), np.zeros((2, 3)))


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("steps", [0, 2])
def test_a_step_looks_for_no_largest_of_nothing_unless_there_is_none(engine, steps):
    x = cr.input("x", (steps, "batch"), "float64")
    last, _ = cr.scan(lambda h, x: (h + x.max(), None), 0.0, x)
    f = cr.compile([last], inputs=[x], engine=engine)
    if steps:
        with pytest.raises(cr.ShapeError, match="no largest of no elements"):
            f(np.zeros((steps, 0)))
    else:
        assert f(np.zeros((steps, 0)))[0] == 0


# --- training ---

NETWORKS = {
    "lstm": lambda: [cr.LSTM(20), cr.Dense(1)],
    "gru of gru": lambda: [cr.GRU(20, return_sequences=True), cr.GRU(7), cr.Dense(1)],
    "both ways": lambda: [cr.Bidirectional(cr.SimpleRNN(9)), cr.Dense(1)],
    "narrow": lambda: [cr.LSTM(3), cr.Dense(1)],
    "dropout": lambda: [cr.LSTM(12, dropout=0.2, recurrent_dropout=0.2), cr.Dense(1)],
    "each step": lambda: [cr.LSTM(12, return_sequences=True), cr.Dense(1)],
    "padded": lambda: [cr.Masking(), cr.GRU(12), cr.Dense(1)],
    "stateful": lambda: [cr.LSTM(20, stateful=True), cr.Dense(1)],
}


def fitted(name, engine="native", **settings):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(90, 6, 3)).astype(np.float32)
    X[::3, 4:] = 0
    y = rng.normal(size=(90, 6, 1) if name == "each step" else (90, 1)).astype(np.float32)
    network = cr.Network(NETWORKS[name](), seed=0, engine=engine)
    how = {"batch_size": 37, "validation_split": 0.1}
    if name == "stateful":
        how = {"batch_size": 45, "shuffle": False}
    history = network.fit(X, y, epochs=2, **how, **settings)
    return [*values_of(network), np.array(history["cost"]), network.predict(X)]


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_learn_what_they_learn_on_numpy(name):
    for wanted, found in zip(fitted(name, "numpy"), fitted(name), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize(
    "name", [pytest.param("lstm", marks=pytest.mark.long), "gru of gru", "padded", "stateful"]
)
def test_neither_parts_nor_threads_nor_the_debugging_mode_change_a_bit_of_training(monkeypatch, name):
    wanted = bits(fitted(name))
    for share, check in (("2", ""), ("3", "1"), ("7", "")):
        monkeypatch.setenv("CHAINRULE_SHARE", share)
        monkeypatch.setenv("CHAINRULE_CHECK", check)
        assert bits(fitted(name)) == wanted
    monkeypatch.setenv("CHAINRULE_SHARE", "")
    monkeypatch.setattr(sharing, "Choice", Always)
    monkeypatch.setattr(lower, "SHARED_WORK", 0)
    for threads in ("1", "2", "3", "4"):
        monkeypatch.setenv("CHAINRULE_THREADS", threads)
        monkeypatch.setattr(native_threads, "_helpers", None)
        assert bits(fitted(name)) == wanted


def test_forward_loss_and_backward_are_one_region_of_rows():
    inputs, outputs = trained()
    found = stages_of(outputs, inputs)
    rows = next(r for r in found.regions if r.kind == "rows")
    assert {w.item for w in rows.works} >= {i for i in found.fusion.items if isinstance(i, Loop)}


@pytest.mark.parametrize("of_each_step", [False, True])
def test_what_is_kept_of_a_carry_for_all_steps_is_where_it_is_carried(of_each_step):
    inputs, outputs = trained(of_each_step=of_each_step)
    forward, *_ = (x for x in stages_of(outputs, inputs).fusion.items if isinstance(x, Loop))
    assert set(forward.homes) == {0, 1}  # h and c, of each step
    # where h of each step is asked for, what h was before it is kept beside that
    copied = [n for n in forward.plan.program.nodes if n.primitive.name == "copy"]
    assert len(copied) == of_each_step


def test_loops_that_need_the_same_loop_share_it():
    """Two bodies hold a loop that is the same in each of their steps: it is done once, before both."""
    x, us = cr.input("x", (3, 2)), cr.constant(numbers(4, "float64"))
    h, at = cr.input("h", (2,)), cr.input("at", (2,))
    inner, _ = cr.scan(lambda a, u: (np.tanh(np.cos(a) + u), None), cr.constant(0.3), us)

    def loop(*outputs):
        body = ClosedGraph((h, at), (), outputs)
        settings = {"body": body, "carried": 1, "take": 0, "length": 3, "reverse": False}
        return record(scan, (cr.constant(np.ones(2)), x), settings)

    one, other = loop(np.tanh(h + at) * np.tanh(inner)), loop(np.sin(h + inner) * at)
    agree([one, other], [x], [numbers((3, 2), "float64")])


# --- too much for one function ---


def long_body(h, x, w, count):
    for _ in range(count):
        h = np.tanh(h * 0.9 + x) + 0.1 * np.sin(h)
    return np.tanh(h @ w)


@pytest.mark.parametrize(("share", "check"), [("", ""), ("3", ""), ("3", "1")])
@pytest.mark.parametrize("as_long_as", [6, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize(("within", "around"), [(90, 0), (2, 90), (90, 90)])
def test_long_steps_have_loops_and_loops_long_steps(monkeypatch, share, check, within, around, as_long_as):
    """For the sake of time, a sixth of what is long counts as long, and a sixth of that is computed."""
    monkeypatch.setattr(fusion, "ONE_FUNCTION", fusion.ONE_FUNCTION // as_long_as)
    monkeypatch.setattr(step_module, "SECTION_LINES", step_module.SECTION_LINES // as_long_as)
    within, around = max(2, within // as_long_as), around // as_long_as
    monkeypatch.setenv("CHAINRULE_SHARE", share)
    monkeypatch.setenv("CHAINRULE_CHECK", check)
    x = cr.input("x", ("batch", 3, 20), "float64")
    w = weights(20, 20, dtype="float64")
    begin = long_body(x[:, 0], x[:, 1], w, around)

    def step(carry, x):
        h, count = carry
        new = long_body(h, x, w, within)
        return (new, count + 1.0), (new, h.sum(axis=1) + count)

    (h, count), (every, sums) = cr.scan(step, (begin, 0.0), np.transpose(x, (1, 0, 2)))
    outputs = [long_body(h, h * 0.5, w, around), every, sums, count]
    if not check:
        plan = stages_of(outputs, [x]).fusion
        (loop,) = [i for i in with_inner(plan.items) if isinstance(i, Loop)]
        assert (plan.long, loop.plan.long) == (around > 2, within > 2)
    if not share:
        outputs += cr.grad(np.mean(h * h) + np.mean(every), [w, x])
    agree(outputs, [x], *([numbers((batch, 3, 20), "float64")] for batch in (1, 17)))


def test_results_of_one_loop_go_through_all_stages_with_one_body():
    inputs, outputs = trained()
    program = Program(tuple(inputs), (), tuple(outputs), ())
    variables = tuple(n for n in program.nodes if n.primitive.name == "variable")
    program = Program(program.inputs, variables, program.outputs, variables)
    for stage in (program.detached(), stages_of(outputs, inputs).fusion.program):
        loops = [n for n in stage.nodes if n.primitive.results is not None]
        families = {id(family[0]): family for family in siblings(loops).values()}
        assert max(map(len, families.values())) > 4
        for family in families.values():
            assert len({id(n.attributes["body"]) for n in family}) == 1


def test_the_memory_of_a_step_is_what_backward_reads_of_it():
    """Of an LSTM: what comes in at the gates, seven values of each unit, and the gradients of the gates."""

    def bytes_of(steps, units=20, batch=32):
        inputs, outputs = trained(units=units, steps=steps)
        return stages_of(outputs, inputs).memory.size({"batch": batch})

    each = 20 * 32 * 4
    assert bytes_of(60) - bytes_of(20) <= 40 * (4 + 7 + 4) * each


def test_what_is_cheap_is_made_in_the_step_and_never_stored_for_all_steps():
    """A bias, a factor, few features: however they lie, and whatever is read of them."""
    x, y = cr.input("x", ("batch", 5, 3), "float32"), cr.input("y", ("batch", 5, 20), "float32")
    w, v, b, u = weights(3, 8), weights(20, 8), weights(8), weights(4, 4)
    ones = cr.input("m", ("batch", 5, 1), "float32")
    before = (x @ w + b) * ones + np.where(y @ v > 0, b, 0)

    def step(h, both):
        z, k = both
        h = np.tanh(z[:, :4] * k + h @ u - z[:, 4:])
        return h, z[:, 2:6] + k * h

    begin = 0 * x[:, 0, :1] * np.ones(4, "float32")
    last, every = cr.scan(step, begin, (np.transpose(before, (1, 0, 2)), np.transpose(ones, (1, 0, 2))))
    found = stages_of([last, every], [x, y, ones])
    (loop,) = [i for i in found.fusion.items if isinstance(i, Loop)]
    stored = [n for i in found.fusion.items if i is not loop for n in made(i) if 5 in n.shape]
    assert [n.primitive.name for n in stored] == ["contract"]  # of 20 features
    agree([last, every], [x, y, ones], *([numbers((n, 5, k)) for k in (3, 20, 1)] for n in (0, 1, 17, 40)))


@settings(max_examples=tries(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_scanned_may_be_made_in_any_way(data):
    steps, width = data.draw(st.sampled_from([1, 2, 5])), data.draw(st.sampled_from([1, 3, 8]))
    first = data.draw(st.booleans())
    at, shape = (0, (steps, "batch", width)) if first else (1, ("batch", steps, width))
    x = cr.input("x", shape, "float64")
    others = [weights(*s, dtype="float64") for s in ((width,), (1, 1), (), (1, 1, width), (width, width))]
    for _ in range(data.draw(st.integers(1, 4))):
        x = data.draw(
            st.sampled_from(
                [
                    x + others[0], others[1] * x, x - others[2], others[3] + x, x @ others[4], -x, x * x,
                    x[..., ::-1], np.where(x > 0, x, others[0]), np.einsum("abc,cd->abd", x, others[4]) + x,
                    x - np.mean(x, axis=at, keepdims=True),
                ]
            )
        )  # fmt: skip
    xs = np.transpose(x, (at, 1 - at, 2))
    kept = [xs] if data.draw(st.booleans()) else []
    take = data.draw(st.sampled_from([lambda z: z, lambda z: z[:, :1], lambda z: z[:, ::-1] * z[:, -1:]]))
    begin = 0 * np.sum(xs, axis=0)
    last, every = cr.scan(lambda h, z: (np.tanh(take(z) + 0.5 * h), h + z), begin, xs)
    given = next(n for n in order([last]) if n.primitive.name == "input")
    batch = data.draw(st.sampled_from([1, 17]))
    agree([last, every, *kept], [given], [numbers([batch if e == "batch" else e for e in shape], "float64")])


def test_a_loop_is_shown_with_what_each_step_is_given_does_and_leaves():
    x = cr.input("x", ("batch", 4, 20), "float32")
    u = cr.variable(np.eye(20), "U", "float32")

    def step(carry, x):
        h, total = carry
        inner, _ = cr.scan(lambda s, _: (np.tanh(s @ u), None), h, length=2)
        return (np.tanh(inner + x), total + h), (h, inner)

    begin = np.zeros_like(x[:, 0])
    (h, total), (hs, inner) = cr.scan(step, (begin, begin + 1), np.transpose(x, (1, 0, 2)), reverse=True)
    found = cr.compile([h, total, hs, inner], inputs=[x], engine="native")
    lines = str(found.show("fusion")).splitlines()
    around = next(
        i for i, line in enumerate(lines) if line.startswith("loop over 4 steps, the last first, each row")
    )
    within = lines.index("    loop over 2 steps, each row by itself", around)
    after = next(
        i for i, line in enumerate(lines) if line.endswith(" after the last step") and line[2] == "*"
    )
    assert any(line.endswith(" = xᵀ[t]") for line in lines[around:within])
    assert lines[within + 1].strip().startswith("s = ") and lines[within + 1].endswith(", then s'")
    assert [line.count("[t] = ") for line in lines[after:]] == [0, 0, 1, 1]
    held = str(found.show("memory"))
    assert "carry1 by turns" in held and "((v1) at each step) at each step" in held
