"""The debugging mode: it lets right programs pass and changes no bit of them, catches wrong ones, and traces a NaN."""

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_graphs import random_program
from sampling import tries

import chainrule as cr
from chainrule.engines.epochs import Batches, Epochs
from chainrule.engines.native.code import checks, nests, points
from chainrule.engines.native.code.step import Step
from chainrule.engines.native.look.watch import AccessError
from chainrule.engines.native.run import pipeline
from chainrule.engines.native.run.build import host
from chainrule.engines.native.run.executable import compile_program
from chainrule.engines.native.run.pipeline import stages
from chainrule.errors import EngineWarning
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable
from chainrule.transform.simplify import simplify_all


@pytest.fixture(autouse=True)
def mode(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CHECK", "1")


def simplified(program):
    ends = simplify_all([*program.outputs, *program.new_state], final=True)
    count = len(program.outputs)
    return Program(program.inputs, program.state, tuple(ends[:count]), tuple(ends[count:]))


def plainly(program, monkeypatch, machine=None):
    with monkeypatch.context() as patch:
        patch.delenv("CHAINRULE_CHECK")
        return compile_program(program, machine)


def function(f, *arrays, machine=None):
    """Return the result of one function of arrays."""
    xs = [input("xyz"[i], ("n", *a.shape[1:]), a.dtype) for i, a in enumerate(arrays)]
    program = simplified(Program(tuple(xs), (), (f(*xs),), ()))
    return compile_program(program, machine).step([], list(arrays))[1][0]


def network():
    """Return a program of two layers, as training has it, and 37 rows for it."""
    rng = np.random.default_rng(0)
    x, y = input("x", ("batch", 21), "float32"), input("y", ("batch", 5), "float32")
    v = variable(rng.normal(size=(21, 40)), "v", "float32")
    w = variable(rng.normal(size=(40, 5)), "w", "float32")
    cost = np.mean((np.tanh(x @ v) @ w - y) ** 2)
    state = (v, w)
    program = Program(
        (x, y), state, (cost,), tuple(p - 0.01 * g for p, g in zip(state, cr.grad(cost, state), strict=True))
    )
    table = [rng.normal(size=(37, 21)).astype("float32"), rng.normal(size=(37, 5)).astype("float32")]
    return simplified(program), [p.value for p in state], table


ORDER = np.array([np.random.default_rng(i).permutation(37) for i in range(3)])


def run(compiled, state, table, rows=ORDER):
    return compiled.run(Epochs(state, table, rows, Batches(8)))


# --- programs that are right ---


def test_code_is_checked_only_where_that_is_asked_for():
    program, *_ = network()
    assert "chainrule_check" not in stages(program, host()).ir
    assert stages(program, host(), checked=True).ir.count(f"call ptr @{checks.ACCESS}") > 50


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("0", False), ("", False)])
def test_the_environment_decides(value, wanted, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CHECK", value)
    assert compile_program(network()[0]).checked is wanted


@pytest.fixture(params=["this CPU", "no masks"])
def cpu(request):
    """The CPU at hand, and one of narrow registers without masks."""
    narrow = {"vector_bytes": min(host().vector_bytes, 32), "registers": 16, "has_masks": False}
    return dataclasses.replace(host(), **narrow) if request.param == "no masks" else host()


@pytest.mark.parametrize(
    "rows", [ORDER, np.broadcast_to(np.arange(37), (3, 37))], ids=["shuffled", "in order"]
)
def test_a_training_run_passes_and_gives_the_same_bits(rows, cpu, monkeypatch):
    program, state, table = network()
    found = run(compile_program(program, cpu), state, table, rows)
    wanted = run(plainly(program, monkeypatch, cpu), state, table, rows)
    np.testing.assert_array_equal(found.epochs, wanted.epochs)
    for a, b in zip(found.state, wanted.state, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=tries(40), suppress_health_check=list(HealthCheck))
@given(r=st.randoms(use_true_random=False), dtype=st.sampled_from(["float32", "float64"]))
def test_random_graphs_pass_and_give_the_same_bits(r, dtype):
    program, g = random_program(r, dtype)
    program, state = simplified(program), [w.value for w in g.state]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", EngineWarning)
        patch.setenv("CHAINRULE_CHECK", "1")
        found = compile_program(program).step(state, g.batch)
        wanted = plainly(program, patch).step(state, g.batch)
    for ours, theirs in zip(found, wanted, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


# --- programs that are wrong ---


def moved(monkeypatch, name, elements):
    """Let the code take an array to lie some elements further on than it does."""
    right = Step.address

    def address(low, view):
        here = right(low, view)
        wrong = view.base.name == name
        return low.code.at(here, low.code.index(elements), nests.type_of(view.base.dtype)) if wrong else here

    monkeypatch.setattr(Step, "address", address)


@pytest.mark.parametrize("elements", [1, -1, 1 << 40])
def test_a_loop_that_reads_beyond_its_array_is_caught(elements, cpu, monkeypatch):
    moved(monkeypatch, "x", elements)
    with pytest.raises(AccessError, match=r"own: tanh\(x\) of shape .* in the loop nest over .*, in step 1"):
        function(np.tanh, np.ones((17, 3)), machine=cpu)


@pytest.mark.parametrize("elements", [1, -1, 1 << 40])
def test_a_product_that_reads_beyond_its_matrix_is_caught(elements, cpu, monkeypatch):
    program, state, table = network()
    moved(monkeypatch, "v", elements)
    with pytest.raises(AccessError, match=r"x @ v .*in the task"):
        run(compile_program(program, cpu), state, table)


def test_a_store_beyond_the_result_is_caught_and_does_no_harm(cpu, monkeypatch):
    right = points.Points.store

    def store(writer, walk, access, x):
        far = {a: writer.code.at(p, writer.code.index(1 << 40), x.type) for a, p in walk.addresses.items()}
        right(writer, dataclasses.replace(walk, addresses=far), access, x)

    monkeypatch.setattr(points.Points, "store", store)
    with pytest.raises(
        AccessError, match=r"which are not its own: tanh\(x\) \+ 1 of shape .*, in the loop nest"
    ):
        function(lambda x: np.tanh(x) + 1, np.ones((17, 3)))


def test_a_gather_of_scattered_numbers_is_caught(cpu, monkeypatch):
    moved(monkeypatch, "x", 40)
    with pytest.raises(AccessError, match="not its own"):
        function(lambda x: np.exp(x[:, ::2]), np.ones((17, 6)))


def test_places_of_the_arena_that_are_too_small_are_caught(cpu, monkeypatch):
    right = pipeline.plan_memory

    def too_small(*plan):
        memory = right(*plan)
        return dataclasses.replace(
            memory, slots=tuple(dataclasses.replace(s, bytes=s.bytes // 2) for s in memory.slots)
        )

    monkeypatch.setattr(pipeline, "plan_memory", too_small)
    program, state, table = network()
    with pytest.raises(AccessError):
        run(compile_program(program), state, table)


@pytest.mark.parametrize("row", [37, -1, 1 << 33])
def test_a_batch_of_rows_that_are_not_there_is_caught(row):
    program, state, table = network()
    rows = ORDER.copy()
    rows[1, 20] = row
    compiled = compile_program(program)
    with pytest.raises(AccessError, match="between two steps, in step 8"):
        run(compiled, state, table, rows)


def test_after_an_error_the_next_call_is_fine():
    program, state, table = network()
    compiled = compile_program(program)
    with pytest.raises(AccessError):
        run(compiled, state, table, ORDER + 37)
    assert np.isfinite(run(compiled, state, table).epochs).all()


# --- where a NaN came from ---


def spoilt(value, shape=(9, 5)):
    """Return ones with one number among them that spoils the result."""
    x = np.ones(shape)
    x[-1, -2] = value
    return x


@pytest.mark.parametrize(
    ("f", "value", "says"),
    [
        (lambda x: 3 * np.log(x) + 1, -1, r"^The first NaN is log\(x\) of shape"),
        (lambda x: np.sum(np.exp(np.sqrt(x) - 1)), -2, r"^The first NaN is sqrt\(x\)"),
        (lambda x: np.sum((x - 1) / np.tanh(x - 1) * 0 + x), 3, r"^The first NaN is .* / tanh\(x - 1\)"),
        (lambda x: np.log(x) + 2, 0, r"^The first infinite number is log\(x\)"),
        (
            lambda x: np.exp(x) - np.exp(2 * x),
            1000,
            r"^The first NaN is exp\(x\) - exp\(.*and the first infinite number is exp\(",
        ),
        (lambda x: np.sum(x * x, axis=1), 1e200, r"^The first infinite number is x(²| · x) "),
        (lambda x: np.sum(x) * 0.5, np.inf, "^The first infinite number is what 'x' was given"),
        (lambda x: np.tanh(x) + np.max(x), np.nan, "^The first NaN is what 'x' was given"),
        (lambda x: x @ x.T, 1e200, r"^The first infinite number is x @ xᵀ of shape \(n, n\)"),
        (lambda x: np.log(x) @ x.T, -1, r"^The first NaN is log\(x\)"),
    ],
)
def test_a_nan_is_traced_to_where_it_began(f, value, says, cpu):
    with pytest.warns(EngineWarning, match=says) as found:
        result = function(f, spoilt(value))
    assert len(found) == 1 and found[0].filename == __file__ and not np.isfinite(result).all()


def test_a_sum_that_is_too_large_is_named():
    with pytest.warns(EngineWarning, match=r"^The first infinite number is sum\(x, axis=1\) of shape \(n,\)"):
        function(lambda x: np.sum(x, axis=1), np.full((5, 40), 1e308))


def test_nothing_is_said_of_a_nan_that_nobody_sees():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = function(lambda x: np.where(x > 0, np.log(x), 0), spoilt(-1))
    np.testing.assert_array_equal(found, np.zeros((9, 5)))


def falling():
    """Return a program whose variable falls by 1 a step, and whose cost is the logarithm of it."""
    x, w = input("x", ("n",)), variable(0.0, "w")
    return compile_program(simplified(Program((x,), (w,), (np.mean(x) * np.log(w),), (w - 1,))))


def test_a_run_that_diverges_says_where_and_when():
    with pytest.warns(EngineWarning, match=r"^The first NaN is log\(w\) .*\(epoch 3, step 2\)\.$"):
        found = falling().run(
            Epochs([np.array(4.5)], [np.ones(4)], np.tile(np.arange(4), (9, 1)), Batches(2))
        )
    assert found.stopped == "diverged" and (found.failure.epoch, found.failure.step) == (2, 1)


def test_a_state_that_was_spoilt_a_step_earlier_is_traced_back():
    x, w = input("x", ("n",)), variable(0.0, "w")
    compiled = compile_program(simplified(Program((x,), (w,), (np.mean(x) * w,), (np.sqrt(w - 1) + w - 1,))))
    with pytest.warns(EngineWarning, match=r"^The first NaN is .*\(w - 1\).*\(epoch 1, step 1\)\.$"):
        compiled.run(Epochs([np.array(0.5)], [np.ones(4)], np.arange(4)[None], Batches(2)))


def test_a_network_like_those_before_has_the_code_that_is_asked_for_now(monkeypatch):
    def made():
        net = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=3, seed=0, engine="native")
        found = net._programs.output.on("native")
        return found.checked, found._parts

    for asked, parts in (("1", "0"), ("", "0"), ("", "3"), ("1", "3"), ("", "0")):
        monkeypatch.setenv("CHAINRULE_CHECK", asked)
        monkeypatch.setenv("CHAINRULE_SHARE", parts)
        assert [made() for _ in range(3)] == [(bool(asked), int(parts))] * 3
