"""Single steps: long ones with helping threads, and never another bit, whoever helps and however rows are cut."""

import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helped import Always, true_in_a_child

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.native.run import executable as native, rooms, sharing, threads as native_threads
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable
from chainrule.train import programs, validation

RNG = np.random.default_rng(0)
ROWS = 700
X = RNG.normal(size=(3 * ROWS, 40)).astype(np.float32)
LABELS = RNG.integers(0, 10, len(X))


@pytest.fixture
def helped(monkeypatch, forget):
    """Return what sets how many threads take part in every step that may be shared."""

    def by(count):
        monkeypatch.setenv("CHAINRULE_THREADS", str(count))
        monkeypatch.delenv("CHAINRULE_CHECK", raising=False)  # who is looked after is not helped
        monkeypatch.setattr(sharing, "Choice", Always)
        monkeypatch.setattr(native_threads, "_helpers", None)
        forget()
        Always.calls = 0

    return by


def network(dtype="float32"):
    layers = [cr.Dense(120, "tanh"), cr.BatchNormalization(), cr.Dense(90, "relu"), cr.Dense(10, "softmax")]
    return cr.Network(layers, input_shape=40, seed=3, engine="native", dtype=dtype)


def everything(net, rows):
    """Return whatever a network computes in steps."""
    given, labels = X[:rows].astype(net.dtype), LABELS[:rows]
    metrics = ["accuracy", "f1"]
    return [
        net.predict(given),
        *net.activations(given).values(),
        *net.evaluate(given, labels, loss="categorical_crossentropy", metrics=metrics).values(),
        *net.gradients(given, labels, loss="categorical_crossentropy").values(),
    ]


def same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS, len(X)])
def test_threads_change_no_bit_however_many_rows_there_are(rows, dtype, helped, monkeypatch):
    monkeypatch.setattr(programs, "ROWS_AT_ONCE", ROWS)
    helped(1)
    wanted = everything(network(dtype), rows)
    assert Always.calls == 0
    for count in (2, 3, 4):
        helped(count)
        same(everything(network(dtype), rows), wanted)
        assert (Always.calls > 0) == (rows > 1 or bool(os.environ.get("CHAINRULE_SHARE")))


def test_rows_predicted_in_parts_are_those_predicted_together(monkeypatch):
    net, wanted = network(), network().predict(X)
    for size in (1, 7, 64, ROWS, len(X) - 1, len(X), len(X) + 1):
        monkeypatch.setattr(programs, "ROWS_AT_ONCE", size)
        given = X if size > 1 else X[:30]
        np.testing.assert_array_equal(net.predict(given), wanted[: len(given)])


@pytest.mark.parametrize("block", [64, 128, 1024])
@pytest.mark.parametrize("threads", [1, 3])
def test_rows_that_are_done_in_blocks_come_out_as_those_done_at_once(block, threads, helped, monkeypatch):
    wanted, wanted_layers = network().predict(X), network().activations(X)
    for rows in (1, 63, 64, 65, block - 1, block + 1, 2 * block, len(X)):
        helped(threads)
        monkeypatch.setattr(native, "LEAST_BLOCK", block)
        monkeypatch.setattr(native, "BLOCK_BYTES", 1)
        net = network()
        np.testing.assert_array_equal(net.predict(X[:rows]), wanted[:rows])
        [fitting] = net._programs.output.on("native")._fittings.values()
        assert len(fitting.blocks) == -(-rows // block)
        for name, found in net.activations(X[:rows]).items():
            np.testing.assert_array_equal(found, wanted_layers[name][:rows])


@pytest.mark.parametrize(
    ("build_output", "by_rows"),
    [
        (lambda x: np.tanh(x) @ np.ones((40, 3), np.float32), True),
        (lambda x: x - np.mean(x, axis=0), False),
        (lambda x: np.sum(x), False),
        (lambda x: (x @ np.ones((40, 20), np.float32)).T, False),
    ],
)
def test_only_rows_that_depend_on_no_others_are_done_in_blocks(build_output, by_rows, monkeypatch):
    monkeypatch.setattr(native, "LEAST_BLOCK", 64)
    monkeypatch.setattr(native, "BLOCK_BYTES", 1)
    x = input("x", ("n", 40))
    program = Program((x,), (), (build_output(x),), ())
    executable = build(program, "native")
    rows = RNG.normal(size=(300, 40))
    found, wanted = (e.step([], [rows])[1][0] for e in (executable, build(program, "numpy")))
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert executable._by_rows == by_rows


def test_threads_that_predict_at_once_are_helped_in_turn(helped):
    wanted = network().predict(X)
    helped(3)
    net = network()
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(lambda _: net.predict(X), range(30)):
            np.testing.assert_array_equal(found, wanted)
    assert not native_threads._helpers.busy.locked()


def test_validation_is_helped_as_the_fit_is(helped, monkeypatch):
    helped(2)
    measure, seen = programs.Programs.measure, []

    def watched(*given):
        seen.append(native_threads._helpers.busy.locked())
        return measure(*given)

    monkeypatch.setattr(programs.Programs, "measure", watched)
    network().fit(X, LABELS, epochs=3, batch_size=ROWS, validation_split=0.4)
    assert seen == [False] * 3


def test_each_batch_begins_with_the_state_that_was_given():
    x, w = input("x", ("n",)), variable(1.0, "w")
    program = Program((x,), (w,), (x * w,), (w + 1,))
    for engine in ("numpy", "native"):
        executable = build(program, engine)
        found = list(executable.each([np.array(2.0)], [[np.ones(n)] for n in (3, 1, 3)]))
        assert [[y.tolist() for y in outputs] for outputs in found] == [[[2.0] * n] for n in (3, 1, 3)]


def test_helpers_are_let_go_when_batches_end_early_or_in_an_error(helped):
    helped(2)
    net = network()
    executable = net._programs.output.on("native")
    state = net._programs._state()
    parts = executable.each(state, ([X] for _ in range(3)))
    next(parts)
    assert native_threads._helpers.busy.locked()
    parts.close()
    assert not native_threads._helpers.busy.locked()
    with pytest.raises(cr.ShapeError):
        list(executable.each(state, [[X], [X[:, 1:]]]))
    assert not native_threads._helpers.busy.locked()


def test_arrays_of_other_shapes_in_turn_need_no_more_memory_than_the_largest(monkeypatch):
    monkeypatch.delenv("CHAINRULE_CHECK", raising=False)  # who is looked after has memory of just its size
    net = network()
    executable = net._programs.output.on("native")
    executable.rooms.idle.clear()
    for rows in (5, 500, 50, 499, 500, 1):
        net.predict(X[:rows])
    assert len(executable.rooms.idle) == 1
    lengths = dict.fromkeys(executable.extents, 500)
    assert len(executable.rooms.idle[0].memory) == executable.stages.memory.size(lengths)


def test_large_memory_that_waits_has_a_bound_over_all_programs(monkeypatch):
    monkeypatch.setattr(rooms, "MOST_IDLE", 3 * rooms.LARGE)
    monkeypatch.setattr(rooms, "_large", OrderedDict())
    programs = [rooms.Rooms() for _ in range(5)]
    taken = [each.take(rooms.LARGE) for each in programs]
    for each, arena in zip(programs, taken, strict=True):
        each.give_back(arena)
    assert [len(each.idle) for each in programs] == [0, 0, 1, 1, 1]  # who waited longest was let go
    assert programs[2].take(100) is taken[2] and len(rooms._large) == 2  # one that is used does not wait
    programs[0].give_back(taken[2])
    assert [len(each.idle) for each in programs] == [1, 0, 0, 1, 1]
    assert programs[3].take(rooms.LARGE + 1) is not taken[3] and len(rooms._large) == 2


def test_networks_that_are_gone_leave_no_more_large_memory_than_that(monkeypatch):
    monkeypatch.setattr(rooms, "LARGE", 2**16)
    monkeypatch.setattr(rooms, "MOST_IDLE", 2**21)
    monkeypatch.setattr(rooms, "_large", OrderedDict())
    for steps in range(250, 256):
        learner = cr.Network([cr.LSTM(8), cr.Dense(1)], seed=0, engine="native")
        learner.fit(np.ones((16, steps, 2)), np.ones(16), epochs=1)
    waiting = [len(arena.memory) for arena in rooms._large]
    assert 1 <= len(waiting) < 6 and sum(waiting) <= 2**21


def test_shapes_are_kept_up_to_a_bound():
    x = input("x", ("n",))
    executable = build(Program((x,), (), (x + 1,), ()), "native")
    for n in range(3 * native.MOST_SHAPES):
        assert executable.step([], [np.zeros(n)])[1][0].tolist() == [1.0] * n
    assert 0 < len(executable._fittings) <= native.MOST_SHAPES


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_predicts_with_helpers_of_its_own(helped):
    helped(3)
    net = network()
    wanted = net.predict(X)
    assert true_in_a_child(
        lambda: np.array_equal(net.predict(X), wanted) and native_threads._helpers.process == os.getpid()
    )


# --- numbers that are not looked at twice ---

GIVEN = {
    "dense": lambda: network(),
    "float64": lambda: network("float64"),
    "pictures": lambda: cr.Network(
        [cr.Flatten(), cr.Dense(5, "relu"), cr.Dense(1)], input_shape=(5, 8), engine="native"
    ),
    "numbers": lambda: cr.Network([cr.Dense(5, "relu"), cr.Dense(1)], input_shape=1, engine="native"),
}


def given_to(net):
    (x,) = net.architecture.inputs.values()
    wide = RNG.normal(size=(50, *x.shape[1:]))
    return wide.astype(net.dtype)


@pytest.mark.parametrize("name", GIVEN)
def test_large_tables_are_told_of_by_what_predicts_them_to_the_same_bits(name, monkeypatch):
    net = GIVEN[name]()
    rows = given_to(net)
    wanted, looked = net.predict(rows), []
    monkeypatch.setattr(programs, "LARGE", 1)
    monkeypatch.setattr(validation, "check_finite", lambda *_: looked.append(1))
    assert net._programs.tells(rows)
    np.testing.assert_array_equal(net.predict(rows), wanted)
    assert not looked


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_what_is_no_number_in_a_large_table_is_refused_as_in_a_small_one(
    name, wrong, threads, helped, monkeypatch
):
    helped(int(threads))
    net, messages = GIVEN[name](), []
    rows = given_to(net)
    for place in [0, rows.size // 2, rows.size - 1]:
        rows.flat[place] = wrong
        for large in (programs.LARGE, 1):
            with monkeypatch.context() as patch:
                patch.setattr(programs, "LARGE", large)
                with pytest.raises(cr.DataError, match="X holds") as caught:
                    net.predict(rows)
                messages.append(str(caught.value))
        rows.flat[place] = 0
    assert messages[::2] == messages[1::2]


@pytest.mark.parametrize("size", [4, 64])
@pytest.mark.parametrize("kind", ["float64", "float16", "int8", "uint64"])
def test_large_tables_are_cast_part_by_part_to_the_same_bits(kind, size, monkeypatch):
    monkeypatch.setattr(programs, "ROWS_AT_ONCE", size)
    net, rows = network(), (100 * X[:50]).astype(kind)
    wanted = net.predict(rows.astype(np.float32))
    monkeypatch.setattr(programs, "LARGE", 1)
    given = rows.copy()
    np.testing.assert_array_equal(net.predict(given), wanted)
    np.testing.assert_array_equal(given, rows)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [4, 64])
def test_what_is_too_large_for_the_network_is_refused_where_it_is_cast_part_by_part(size, monkeypatch):
    monkeypatch.setattr(programs, "ROWS_AT_ONCE", size)
    monkeypatch.setattr(programs, "LARGE", 1)
    rows = X[:50].astype(np.float64)
    rows[33, 7] = 1e300
    with pytest.raises(cr.DataError, match=r"X holds 1e\+300 in row 33, column 7, too large for float32"):
        network().predict(rows)


def test_numbers_whose_squares_are_too_large_are_predicted_all_the_same(monkeypatch):
    net = network()
    rows = X[:50].copy()
    rows[7, 3] = 1e30
    wanted = net.predict(rows)
    monkeypatch.setattr(programs, "LARGE", 1)
    np.testing.assert_array_equal(net.predict(rows), wanted)


def test_what_is_not_just_read_by_machine_code_is_looked_at_before(monkeypatch):
    monkeypatch.setattr(programs, "LARGE", 1)
    net = network()._programs
    assert net.tells(X) and net.tells(X.astype(int)) and not net.tells(X > 0) and not net.tells(X.tolist())
    words = cr.Network([cr.Embedding(9, 4), cr.Flatten(), cr.Dense(1)], input_shape=5, engine="native")
    assert not words._programs.tells(np.zeros((3, 5), np.float32))
    assert not cr.Network([cr.Dense(1)], input_shape=40, engine="numpy")._programs.tells(X)
