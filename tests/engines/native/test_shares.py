"""Loops in parts: every result is the same to the bit, however a loop is cut and whichever part comes first."""

import math
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from values_of import values_of

import chainrule as cr
from chainrule.engines import compiled
from chainrule.engines.native.code import lower, nests, team
from chainrule.engines.native.look.watch import AccessError
from chainrule.engines.native.plan import nest_plan
from chainrule.engines.native.run.executable import compile_program
from chainrule.errors import UnknownNameError
from chainrule.graph.closed import Program
from chainrule.graph.node import apply, input, variable

PARTS = ["", "1", "2", "3", "4", "7"]
DTYPES = ["float32", "float64", "bool", "int32", "int64", "uint8"]
SHAPES = {  # around the widths of vectors, fewer than there are parts, one, none
    1: [(67,), (2,), (1,), (0,)],
    2: [(5, 33), (17, 3), (2, 64), (1, 9), (9, 1), (0, 4), (4, 0)],
    3: [(3, 5, 18), (9, 2, 1), (2, 0, 3), (4, 3, 0), (16, 1, 16)],
    4: [(3, 2, 5, 17), (2, 7, 1, 4), (2, 3, 0, 2)],
}
REDUCTIONS = {
    "sum": np.sum,
    "mean": lambda x, axis: np.mean(x if x.dtype.kind == "f" else x.astype("float32"), axis=axis),
    "max": np.max,
    "min": lambda x, axis: np.min(x if x.dtype.kind == "f" else x.astype("float64"), axis=axis),
    "any": lambda x, axis: np.max(x > 0, axis=axis),
    "all": lambda x, axis: ~np.max(~(x > 0), axis=axis),
    "squares and what is largest": lambda x, axis: np.sum(x * x, axis=axis) + np.max(x, axis=axis),
}


@pytest.fixture
def cut(monkeypatch):
    """Return how to set into how many parts loops are cut, and whether that is looked after."""

    def set_both(parts, checked=False):
        monkeypatch.setenv("CHAINRULE_SHARE", parts)
        monkeypatch.setenv("CHAINRULE_CHECK", "1" if checked else "")

    return set_both


def reduced(shapes, dtype, opened):
    """Return a program of every reduction of arrays, over any of their axes, and the arrays."""
    rng = np.random.default_rng(len(shapes))
    batch = [np.asarray(rng.integers(-4, 5, shape)).astype(dtype) for shape in shapes]
    if dtype[0] == "f":
        batch = [np.asarray(x + rng.normal(size=x.shape), dtype) for x in batch]
    outputs = []
    for i, x in enumerate(batch):
        shape = (f"n{i}", *x.shape[1:]) if opened else x.shape
        leaf = input(f"x{i}", shape, dtype)
        outputs.append(leaf)
    inputs, outputs = tuple(outputs), []
    for x, array in zip(inputs, batch, strict=True):
        for count in range(1, array.ndim + 1):
            for axes in combinations(range(array.ndim), count):
                empty = not math.prod(array.shape[a] for a in axes)
                outputs += [f(x, axis=axes) for what, f in REDUCTIONS.items() if what == "sum" or not empty]
                if not empty and count == 1:
                    outputs.append(np.argmax(x, axis=axes[0]))
                if not empty and dtype[0] == "f":  # several sums and maxima in one nest, and what reads them
                    outputs.append(apply("softmax", x, axes=axes) - np.max(x, axis=axes, keepdims=True))
    return Program(inputs, (), tuple(outputs), ()), batch


def same(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def check_reductions(cut, close, shapes, dtype, opened, parts):
    program, batch = reduced(shapes, dtype, opened)
    cut("")
    right = compiled.build(program, "numpy").step([], batch)[1]
    plain = compiled.build(program, "native").step([], batch)[1]
    for wanted, found, node in zip(right, plain, program.outputs, strict=True):
        close(np.asarray(found), wanted, str(node))
    for k in parts:
        cut(k, checked=k == "3")
        executable = compiled.build(program, "native")
        for _ in range(2):  # the parts in another order
            for wanted, found, node in zip(
                plain, executable.step([], batch)[1], program.outputs, strict=True
            ):
                assert same(np.asarray(found), np.asarray(wanted)), (k, node)


@pytest.mark.parametrize(("rank", "dtype"), [(1, "float64"), (2, "float32"), (3, "float32"), (3, "int64")])
def test_reductions_of_any_axes_are_the_same_bits_in_any_parts(rank, dtype, cut, close):
    check_reductions(cut, close, SHAPES[rank][:3], dtype, rank == 2, ["3"])


@pytest.mark.long
@pytest.mark.parametrize("opened", [False, True], ids=["fixed", "open"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rank", SHAPES)
def test_all_reductions_in_all_parts(rank, dtype, opened, cut, close):
    check_reductions(cut, close, SHAPES[rank], dtype, opened, PARTS[1:])


def test_a_loop_is_cut_however_short_it_is(cut):
    x = input("x", ("n", 3))
    program = Program((x,), (), (np.tanh(x), x @ cr.constant(np.ones((3, 5)))), ())
    cut("")
    plain = compile_program(program).stages
    cut("3")
    forced = compile_program(program)
    shared = forced.stages.shared
    assert not plain.shared and len(shared) > 2 and all(least == 0 for _, least in shared)
    assert forced.stages.ir.count("call void @offer(") == len(shared)
    for rows in (0, 1, 2, 3, 100):
        batch = np.arange(3.0 * rows).reshape(rows, 3)
        np.testing.assert_allclose(forced.step([], [batch])[1][0], np.tanh(batch), rtol=1e-12)


def network(**options):
    return cr.Network(
        lambda x: cr.Dense(1)(np.max(cr.Dense(24, "relu")(x), axis=1)), inputs={"x": (7, 5)}, **options
    )


def fitted(parts, cut, checked=False, **options):
    cut(parts, checked)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 7, 5)).astype("float32"), rng.normal(size=50).astype("float32")
    made = network(seed=0, engine="native")
    history = made.fit(X, y, epochs=3, batch_size=16, **options)
    return [*values_of(made), np.array(history["cost"]), made.predict(X)]


def test_a_network_learns_the_same_bits_in_any_parts(cut):
    plain = fitted("", cut)
    for parts in ("2", "7"):
        for a, b in zip(plain, fitted(parts, cut), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_parts_tell_executables_apart(cut):
    x = input("x", (5,))
    program = Program((x,), (), (np.exp(x),), ())
    made = []
    for parts, checked in [("", False), ("2", False), ("3", False), ("3", True)]:
        cut(parts, checked)
        made.append(compiled.build(program, "native"))
        assert compiled.build(program, "native") is made[-1]
    assert len(set(made)) == 4 and len({e.stages.ir for e in made}) == 4


@pytest.mark.parametrize("wrong", ["three", "-2", "2.5", "65"])
def test_a_wrong_number_of_parts_is_refused(wrong, cut):
    cut(wrong)
    with pytest.raises(UnknownNameError, match=f"CHAINRULE_SHARE is '{wrong}'.*from 1 to 64"):
        fitted(wrong, cut)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("inner", [3, 40], ids=["short product", "product"])
@pytest.mark.parametrize("parts", ["", "3"])
def test_a_maximum_finds_itself_among_its_numbers_again(parts, inner, dtype, cut):
    cut(parts)
    x = input("x", ("n", 8, 8, inner), dtype)
    W = variable(np.random.default_rng(1).normal(size=(inner, 5)), "W", dtype)
    slices = np.concatenate([x[:, i : i + 6, j : j + 6] for i in range(3) for j in range(3)], axis=3)
    values = [x @ W, np.sin(x @ W) * 3, slices, np.exp(np.sum(x * x, axis=3, keepdims=True) / inner)]
    outputs = []
    for v in values:
        n, h, w, c = v.shape
        windows = np.reshape(v, (n, h // 2, 2, w // 2, 2, c))
        chosen = cr.grad(np.sum(np.max(windows, axis=(2, 4))), windows)
        outputs.append(np.sum(chosen, axis=(2, 4)))
    batch = np.random.default_rng(0).normal(size=(9, 8, 8, inner)).astype(dtype)
    program = Program((x,), (W,), tuple(outputs), (W,))
    for found in compiled.build(program, "native").step([W.value], [batch])[1]:
        assert (found == 1).all()


# --- races that were planted: what looks after the parts finds them ---


def step(f, *shapes, dtype="float32"):
    """Run one step of a function of arrays of ones, whose first axis is open."""
    xs = [input("xyz"[i], ("n", *shape[1:]), dtype) for i, shape in enumerate(shapes)]
    program = Program(tuple(xs), (), (f(*xs),), ())
    return compile_program(program).step([], [np.ones(s, dtype) for s in shapes])[1][0]


def wipe_it_all(monkeypatch):
    """Let each part begin the whole of a sum, as it once was."""

    def fill(writer, node, access, address):
        if writer.part is not None:
            axis, start, _ = writer.part
            address = writer._moved(access, address, -start, axis)
        count = writer.frame.size(nests.product(node.shape))
        writer.frame.fill(address, nests.type_of(node.dtype), count, nests.identity(node))

    monkeypatch.setattr(nests._Loops, "_fill", fill)


@pytest.mark.parametrize("parts", ["", "2", "7"])
@pytest.mark.parametrize("f", [np.sum, np.max])
def test_a_part_that_wipes_what_others_made_is_caught(f, parts, cut, monkeypatch):
    wipe_it_all(monkeypatch)
    cut(parts, checked=True)
    node = rf"{f.__name__}\(x, axis=1\) of shape \(n, 100\), in the loop nest"
    says = rf"Part \d of a loop .* and (part \d|others) .*: {node}"
    with pytest.raises(AccessError, match=says):
        step(lambda x: f(x, axis=1), (130, 30, 100))  # begun in memory: too wide for registers


def test_without_the_checks_it_is_wrong_on_one_thread_already(cut, monkeypatch):
    wipe_it_all(monkeypatch)
    cut("2")
    assert not (step(lambda x: np.sum(x, axis=1), (130, 30, 100)) == 30).all()


@pytest.mark.parametrize("axis", [0, 1], ids=["rows", "columns"])
def test_a_loop_that_is_cut_where_it_sums_is_caught(axis, cut, monkeypatch):
    monkeypatch.setattr(nest_plan.NestPlan, "split", 1 - axis)
    cut("3", checked=True)
    with pytest.raises(
        AccessError, match=r"sum\(x · y, axis=\d\) of shape .* in the loop nest over \(n, 40\)"
    ):
        step(lambda x, y: np.sum(x * y, axis=1 - axis), (30, 40), (30, 40))


@given(extent=st.integers(0, 3000), grain=st.integers(1, 32), parts=st.integers(1, 64))
@example(extent=200, grain=16, parts=4)  # 64, 64, 64 and 8 rows would keep two threads as long as 128
def test_parts_are_as_large_as_each_other(extent, grain, parts):
    numbers = SimpleNamespace(minimum=min)
    cuts = [team.part_of(numbers, extent, grain, part, parts) for part in range(parts)]
    assert [i for first, last in cuts for i in range(first, last)] == list(range(extent))
    grains = [-(-(last - first) // grain) for first, last in cuts]
    assert max(grains) - min(grains) <= 1
    assert all(first % grain == 0 for first, _ in cuts)


def test_a_product_whose_parts_write_the_same_rows_is_caught(cut, monkeypatch):
    def all_of_it(code, extent, grain, part, parts):
        return code.index(0), extent

    monkeypatch.setattr(lower, "part_of", all_of_it)
    cut("2", checked=True)
    with pytest.raises(AccessError, match=r"Part . .*: xᵀ @ y of shape \(20, 40\), in the task"):
        step(lambda x, y: x.T @ y, (30, 20), (30, 40))
