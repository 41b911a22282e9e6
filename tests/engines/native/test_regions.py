"""Regions: what is done between two barriers, and that no part needs what another part of its region makes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from random_graphs import random_program
from random_pictures import random_pictures
from random_rows import random_rows
from values_of import values_of

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.look.watch import AccessError
from chainrule.engines.native.plan import regions
from chainrule.engines.native.plan.cuts import touches
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.plan.fusion import fuse
from chainrule.engines.native.plan.items import made, memory_source
from chainrule.engines.native.plan.memory import plan_memory
from chainrule.engines.native.plan.regions import ALONE, ROWS, in_regions
from chainrule.engines.native.plan.views import Size, product, squeezed
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import input, leaf_key, variable
from chainrule.graph.shapes import Extent
from chainrule.transform.simplify import simplify_all

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(90, 20)).astype(np.float32), RNG.integers(0, 5, 90)


def planned(program, forced=False):
    plan, found = in_regions(fuse(expand_products(expand(program, CODED))), forced)
    return plan, found, plan_memory(plan, found)


def kinds(layers, optimizer="adam", X=X, y=Y):
    """Return the kinds of regions of a training step, those of single numbers left out."""
    network = cr.Network(layers, seed=0, engine="native")
    text = network.show(X, y, "fusion", optimizer=optimizer)
    found: list[str] = []
    for line in text.splitlines():
        if line.endswith(":"):
            head = line.split(",")[0]
        elif line.startswith(("nest", "task")) and found[-1:] != [head]:
            found.append(head)
    return found


def test_a_step_of_a_plain_network_is_two_regions_and_the_turning_of_weights_before():
    layers = [cr.Dense(128, "relu"), cr.Dense(128, "tanh"), cr.Dense(5, "softmax")]
    assert kinds(layers) == ["each by itself", "rows", "each by itself"]


def test_what_a_penalty_reads_is_overwritten_in_the_region_of_the_gradient():
    layers = [cr.Dense(128, "relu", regularizer=cr.L2(0.01)), cr.Dense(5, "softmax")]
    text = cr.Network(layers, seed=0, engine="native").show(X, Y, "fusion", optimizer="adam")
    (region,) = (r for r in text.split("each by itself, in parts:") if "xᵀ @" in r)
    assert "sum(W1 · W1)" in region and "* W1' =" in region.split("undivided:")[0]


def test_a_prediction_is_one_region():
    x, W, V = input("x", ("n", 30)), variable(np.ones((30, 40)), "W"), variable(np.ones((40, 7)), "V")
    y = np.tanh(np.tanh(x @ W) @ V)
    _, found, _ = planned(Program((x,), (W, V), (y / np.sum(y, axis=1, keepdims=True),), (W, V)))
    assert [r.kind for r in found] == [ROWS]


def test_time_may_be_open_beside_the_rows():
    x, W = input("x", ("n", "time", 8), "float32"), variable(np.ones((8, 32), np.float32), "W")
    V, U = variable(np.ones((32, 12), np.float32), "V"), variable(np.ones((32, 32), np.float32), "U")
    z = np.einsum("btf,fn->tbn", x, W)
    last, every = cr.scan(lambda h, z: (np.tanh(z + h @ U),) * 2, 0 * np.sum(z, 0), z)
    outputs = (np.tanh(np.transpose(every, (1, 0, 2)) @ V), last @ V)
    plan, found, _ = planned(simplified(Program((x,), (W, V, U), outputs, (W, V, U))))
    assert plan.rows == Extent("n") and [r.kind for r in found] == [ROWS]


def test_rows_may_have_the_time_before_them():
    x = input("x", ("n", 5, 8), "float32")
    W, V = variable(np.ones((8, 32), np.float32), "W"), variable(np.ones((32, 12), np.float32), "V")
    first = np.tanh(np.einsum("btf,fn->tbn", x, W))
    y = np.tanh(np.einsum("tbf,fn->tbn", first, V))
    cost = np.mean(y * y) + np.mean(np.sum(y, axis=(0, 1)))
    program = Program((x,), (W, V), (cost, y[-1], *cr.grad(cost, [W, V])), (W, V))
    plan, found, _ = planned(simplified(program))
    in_rows = [n for r in found if r.kind == ROWS for w in r.works for n in made(w.item)]
    assert len([r for r in found if r.kind == ROWS]) == 1
    with_rows = [n for item in plan.items for n in made(item) if plan.rows in n.shape]
    assert set(with_rows) == {n for n in in_rows if plan.rows in n.shape}


def check_plan(plan, found, memory):
    """Every item after what it needs, no part of a region in the way of another, and places that fit."""
    maker = {}
    inside = {n for r in found for w in r.works for n in made(w.item)}
    for number, region in enumerate(found):
        seen = {}
        for work in region.works:
            if work.plan is not None and work.cut is not None:  # no more and no less than all of it
                assert work.cut.extent * work.cut.unit == work.plan.extents[work.cut.axis]
            for node in made(work.item):
                maker[node] = number
                assert {memory_source(x) for x in node.inputs} & inside <= set(maker)
            for key, way, writes in touches(plan, work, work.cut):
                for other, who, wrote in seen.get(key, ()):
                    if region.kind != ALONE and who is not work and (writes or wrote):
                        assert way == other and way is not None
                seen.setdefault(key, []).append((way, work, writes))
    overwritten = {leaf_key(state): maker[new] for new, state in plan.home.items()}
    for work in [w for r in found for w in r.works]:
        for node in made(work.item):
            for x in map(memory_source, node.inputs):
                if x.shape and leaf_key(x) in overwritten:
                    assert maker[node] <= overwritten[leaf_key(x)]
    assert set(maker) == inside == {n for item in plan.items for n in made(item)}
    check_places(found, memory, maker)


def check_places(found, memory, maker):
    """What is alive in the same region lies in one place only if each part keeps to its own rows of it."""
    by_place = {}
    of_loops = {room: maker[loop.nodes[0]] for loop, rooms in memory.rooms.items() for room in rooms.all}
    maker = maker | of_loops
    for node, place in memory.place.items():
        readers = [n for n in maker if node in map(memory_source, n.inputs)]
        lives = {maker[n] for n in [node, *readers]}
        by_place.setdefault(place, []).append((node, min(lives), max(lives)))
    for alike in by_place.values():
        for i, (a, first, last) in enumerate(alike):
            for b, begins, ends in alike[:i]:
                if first <= ends and begins <= last:
                    assert bytes_of_a_row(a) == bytes_of_a_row(b) and found[maker[a]].kind == ROWS
                    assert maker[a] == maker[b]


def bytes_of_a_row(node):
    rows, *others = squeezed(node.shape)
    return rows, product(others) * Size(node.dtype.itemsize)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(r=st.randoms(use_true_random=False), forced=st.booleans())
def test_regions_of_random_programs_keep_every_dependency(r, forced):
    check_plan(*planned(simplified(random_program(r, "float64")[0]), forced))


def simplified(program):
    ends = simplify_all([*program.outputs, *program.new_state], final=True)
    count = len(program.outputs)
    return Program(program.inputs, program.state, tuple(ends[:count]), tuple(ends[count:]))


with_rows = pytest.mark.parametrize("grown", [random_rows, random_pictures])


@with_rows
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None, phases=[Phase.generate])
@given(r=st.randoms(use_true_random=False), forced=st.booleans())
def test_regions_of_programs_with_rows_keep_every_dependency(grown, r, forced):
    check_plan(*planned(simplified(grown(r, "float64")[0]), forced))


@with_rows
@settings(
    max_examples=6,
    suppress_health_check=list(HealthCheck),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
)
@given(r=st.randoms(use_true_random=False), parts=st.sampled_from(["1", "3", "8"]), checked=st.booleans())
def test_programs_with_rows_compute_what_numpy_does_and_the_same_bits_in_any_parts(grown, r, parts, checked):
    program, rows = grown(r, "float64")
    program, state = simplified(program), [np.array(w.value) for w in program.state]
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("CHAINRULE_THREADS", "1")
        found = []
        for cut, look in (("", ""), ("" if checked else parts, "1" if checked else "")):
            monkeypatch.setenv("CHAINRULE_SHARE", cut)
            monkeypatch.setenv("CHAINRULE_CHECK", look)
            new, outputs = compile_program(program).step(state, rows.batch)
            found.append([*outputs, *new])
        new, outputs = build(program, "numpy").step(state, rows.batch)
    for a, b, numpy in zip(*found, [*outputs, *new], strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, numpy, rtol=1e-7, atol=1e-9)


# --- networks: the same bits in any parts, and NumPy's numbers ---

BLOCKS = {
    "dense": lambda: [cr.Dense(24, "relu")],
    "narrow": lambda: [cr.Dense(3, "tanh")],
    "wide": lambda: [cr.Dense(130, "sigmoid")],
    "normalized": lambda: [cr.Dense(20), cr.BatchNormalization(), cr.Activation("relu")],
    "dropped": lambda: [cr.Dense(33, "elu"), cr.Dropout(0.3)],
    "recurrent": lambda: [cr.Dense(24), cr.Reshape((6, 4)), cr.LSTM(9)],
    "sequences": lambda: [cr.Dense(24), cr.Reshape((4, 6)), cr.GRU(17, return_sequences=True), cr.Flatten()],
}
OPTIMIZERS = {
    "adam": lambda: cr.Adam(0.01),
    "sgd": lambda: cr.SGD(0.05),
    "clipped": lambda: cr.Adam(0.01, clip_norm=0.5),
    "momentum": lambda: cr.SGD(0.02, momentum=0.9, clip_norm=1.0),
}


def fitted(monkeypatch, engine, blocks, optimizer, batch, parts="", threads="1", checked=""):
    monkeypatch.setenv("CHAINRULE_SHARE", parts)
    monkeypatch.setenv("CHAINRULE_CHECK", checked)
    monkeypatch.setenv("CHAINRULE_THREADS", threads)
    layers = [layer for b in blocks for layer in BLOCKS[b]()]
    network = cr.Network([*layers, cr.Dense(5, "softmax")], seed=1, engine=engine)
    history = network.fit(X, Y, epochs=2, batch_size=batch, optimizer=OPTIMIZERS[optimizer]())
    return [*values_of(network), np.array(history["cost"]), network.predict(X[:37])]


@settings(
    max_examples=3,
    suppress_health_check=list(HealthCheck),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # what fails is small, and to compile it takes long
)
@given(
    blocks=st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=3),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    batch=st.sampled_from([9, 32, 45, 90]),
    parts=st.sampled_from(["1", "2", "3", "5", "8"]),
)
def test_networks_learn_the_same_bits_in_any_parts(blocks, optimizer, batch, parts):
    with pytest.MonkeyPatch.context() as monkeypatch:
        plain = fitted(monkeypatch, "native", blocks, optimizer, batch)
        for cut in ({"parts": parts}, {"parts": parts, "checked": "1"}):
            found = fitted(monkeypatch, "native", blocks, optimizer, batch, **cut)
            for a, b in zip(plain, found, strict=True):
                np.testing.assert_array_equal(a, b)
        # The costs alone: of a bias before normalization the gradient is nothing but rounding.
        numpy = fitted(monkeypatch, "numpy", blocks, optimizer, batch)
        np.testing.assert_allclose(plain[-2], numpy[-2], rtol=1e-2)


def test_long_rows_are_gathered_in_any_parts(monkeypatch):
    wide = np.random.default_rng(1).normal(size=(90, 300)).astype(np.float32)
    found = []
    for parts, checked in [("", ""), ("3", ""), ("3", "1")]:
        monkeypatch.setenv("CHAINRULE_SHARE", parts)
        monkeypatch.setenv("CHAINRULE_CHECK", checked)
        network = cr.Network([cr.Dense(24, "relu"), cr.Dense(5, "softmax")], seed=1, engine="native")
        network.fit(wide, Y, epochs=2, batch_size=32)
        found.append(values_of(network))
    assert all(np.array_equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


# --- what is cut in another way is done in another region ---


def sums_and_what_is_made_of_them():
    """A sum, cut 16 columns at a time, and a matrix made of it, cut 8 rows at a time: of the same length."""
    x, W, V = input("x", ("n", 30)), variable(np.ones((30, 512)), "W"), variable(np.ones((512, 64)), "V")
    total = np.sum(x @ W, axis=0)
    return Program((x,), (W, V), (total,), (W, V + np.reshape(total, (512, 1))))


def test_parts_of_another_grain_are_in_another_region(monkeypatch):
    plan, found, memory = planned(sums_and_what_is_made_of_them())
    check_plan(plan, found, memory)
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    program = sums_and_what_is_made_of_them()
    state = [np.ones((30, 512)), np.ones((512, 64))]
    (_, new), (total,) = compile_program(program).step(state, [np.ones((200, 30))])
    assert (total == 6000).all() and (new == 6001).all()


@pytest.mark.parametrize("shape", [(160, 3), (80, 5), (176, 1), (32, 7), (208, 6), (72, 10)])
def test_a_part_ends_at_a_whole_vector_however_many_columns_there_are(shape, monkeypatch):
    """Weights of 160 x 3 are run through as 480 numbers: a part of 24 rows ends in the middle of a vector."""
    x, y = (np.random.default_rng(3).normal(size=(64, n)).astype(np.float32) for n in shape)
    found = []
    for checked in ("", "1"):  # in its parts, and in one
        monkeypatch.setenv("CHAINRULE_CHECK", checked)
        network = cr.Network([cr.Dense(shape[1])], seed=0, engine="native")
        network.fit(x, y, loss="mse", epochs=2, batch_size=32, optimizer=cr.Adam(0.01))
        found.append(values_of(network))
    for plain, cut in zip(*found, strict=True):
        np.testing.assert_array_equal(plain, cut)


def likenesses():
    """How alike each two rows are: of what is joined in one axis of a loop, rows are not all that is open."""
    x, W = input("x", ("n", 30)), variable(np.ones((30, 40)), "W")
    z = np.tanh(x @ W)
    alike = np.tanh(z @ z.T * 0.1)
    return Program((x,), (W,), (alike @ z, np.sum(alike, axis=1)), (W,))


@pytest.mark.parametrize(("parts", "checked"), [("", ""), ("", "1"), ("1", ""), ("3", "1")])
@pytest.mark.parametrize("count", [1, 16, 17, 100])
def test_rows_of_a_square_of_the_batch_are_done_whole(count, parts, checked, monkeypatch):
    monkeypatch.setenv("CHAINRULE_SHARE", parts)
    monkeypatch.setenv("CHAINRULE_CHECK", checked)
    program, x = likenesses(), RNG.normal(size=(count, 30))
    state = [np.ones((30, 40)) * 0.1]
    wanted = build(program, "numpy").step(state, [x])[1]
    executable = compile_program(program)
    for _ in range(2):
        for a, b in zip(executable.step(state, [x])[1], wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


# --- faults that were planted ---


def other_rows():
    x, i = input("x", ("n", 30)), input("i", ("n",), "int64")
    W, V = variable(np.ones((30, 40)), "W"), variable(np.ones((40, 7)), "V")
    z = np.tanh(x @ W)
    return Program((x, i), (W, V), ((z - z[i]) @ V,), (W, V))


def test_what_reads_other_rows_is_done_in_another_region():
    _, found, _ = planned(other_rows())
    assert [r.kind for r in found] == [ROWS, ROWS]


def test_a_part_that_reads_what_others_make_is_caught(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    monkeypatch.setattr(regions, "touches", lambda plan, work, cut: ())
    batch = [np.ones((200, 30)), np.arange(200)[::-1].copy()]
    with pytest.raises(AccessError, match=r"Part \d of .* in the loop nest over \(n, 40\)"):
        compile_program(other_rows()).step([np.ones((30, 40)), np.ones((40, 7))], batch)
