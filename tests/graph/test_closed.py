"""Closed graphs, and graphs with graphs in them, through every door of the house."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from loop_rows import CALL, REPEAT, repeat, unrolled

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.listing import show_graph
from chainrule.graph.closed import ClosedGraph, Program, bodies, map_bodies
from chainrule.graph.node import record
from chainrule.graph.primitives.primitive import TABLE, Primitive
from chainrule.graph.walk import order
from chainrule.transform.forward import pushforward
from chainrule.transform.loops import pulled_back, pushed_forward
from chainrule.transform.simplify import simplified, simplify
from chainrule.transform.verify import verify

BATCH = ("batch", 3)
BATCH_SHAPE = cr.input("x", BATCH).shape
rng = np.random.default_rng(0)
H, W = rng.standard_normal((5, 3)), rng.standard_normal((3, 3)) * 0.4


@pytest.fixture(autouse=True)
def rows(monkeypatch):
    for row in (CALL, REPEAT):
        monkeypatch.setitem(TABLE, row.name, row)


def cell(factor=1.0, shape=BATCH, dtype="float64", name="h"):
    """h → tanh(h @ w · factor), with w shared."""
    h, w = cr.input(name, shape, dtype), cr.input("w", (3, 3), dtype)
    return ClosedGraph((h,), (w,), (np.tanh(h @ w * factor),))


def looped(times=4, factor=1.0, dtype="float64"):
    h, w = cr.input("h", BATCH, dtype), cr.variable(W, "w", dtype)
    return h, w, repeat(h, w, body=cell(factor, dtype=dtype), times=times)


# --- a closed graph as a value -------------------------------------------------------------------------------


def test_what_it_reads_it_must_be_given():
    x, w, b = cr.input("x", ("n",)), cr.variable(1.0, "w"), cr.variable(2.0, "b")
    with pytest.raises(cr.GraphError, match="reads 'b', which it is not given"):
        ClosedGraph((x,), (w,), (x * w + b,))
    with pytest.raises(cr.GraphError, match="has the axis 'n'"):
        ClosedGraph((w,), (), (w / cr.input("y", ("n",)).shape[0],))
    with pytest.raises(cr.GraphError, match="inputs and variables, not 'multiply'"):
        ClosedGraph((x * w,), (), (x * w,))
    with pytest.raises(cr.GraphError, match="given a leaf twice"):
        ClosedGraph((x,), (x,), (x,))
    assert ClosedGraph((x,), (w, b), (x * w + b,)).given == (x, w, b)


def test_it_is_called_on_arrays_and_written_out_on_nodes():
    body = cell()
    (found,) = body(H, W)
    np.testing.assert_array_equal(found, np.tanh(H @ W))
    h, w = cr.input("h", BATCH), cr.variable(W)
    (node,) = body(h, w)
    assert node.shape == h.shape and w in order([node])
    np.testing.assert_array_equal(cr.trace(node, {h: H})[node], np.tanh(H @ W))
    (fixed,) = body(cr.constant(H), cr.constant(W))
    assert fixed.shape == (5, 3)


def test_it_runs_on_whatever_answers_numpys_protocols():
    from jax_engine import Traced, bare

    (found,) = cell(dtype="float32")(Traced(H.astype("f4")), Traced(W.astype("f4")))
    np.testing.assert_allclose(bare(found), np.tanh(H @ W), rtol=1e-5)


def test_written_out_on_nodes_it_keeps_positions_names_and_counts():
    x = cr.input("x", ("n", 4))
    total = (x[:, np.array([2, 0])].sum(axis=0) / x.shape[0]).named("m")
    body = ClosedGraph((x,), (), (total, x.shape[0] * 1.0))
    values = rng.standard_normal((6, 4))
    mean, n = body(cr.constant(values))
    assert mean.name == "m"
    np.testing.assert_allclose(mean.value, values[:, [2, 0]].mean(axis=0))
    assert float(n.value) == 6.0 == float(body(values)[1])


@pytest.mark.parametrize("value", [np.zeros(3), np.zeros((5, 4)), np.zeros((5, 3), "float32")])
def test_values_must_fit(value):
    with pytest.raises(cr.ShapeError, match=r"'h' of a closed graph is of shape \(batch, 3\) and float64"):
        cell()(value, W)
    with pytest.raises(cr.ShapeError, match="'h'"):
        cell()(cr.constant(value), W)
    with pytest.raises(cr.GraphError, match="2 leaves is given 1 values"):
        cell()(H)


def test_open_axes_get_lengths_in_graphs_inside_too():
    x, w = cr.input("x", BATCH), cr.input("w", (3, 3))
    rows = x.shape[0]
    inner = repeat(x / rows, w, body=cell(), times=2)
    fixed = ClosedGraph((x,), (w,), (inner,)).resolved({rows: 5})
    assert [n.shape for n in (*fixed.inputs, *fixed.outputs)] == [(5, 3), (5, 3)]
    assert all(n.shape == (5, 3) for n in bodies(fixed.outputs[0])[0].inputs)
    np.testing.assert_allclose(fixed(H, W)[0], np.tanh(np.tanh(H / 5 @ W) @ W))
    assert cell().resolved({}).inputs[0].shape == BATCH_SHAPE == cell().resolved({rows: rows}).inputs[0].shape
    with pytest.raises(cr.ShapeError, match=r"'x' of a closed graph is of shape \(5, 3\)"):
        fixed(H[:4], W)


def test_what_is_no_tuple_of_nodes_is_refused_or_made_one():
    x, w = cr.input("x", (3,)), cr.variable(2.0, "w")
    assert ClosedGraph([x], [w], [x * w]) == ClosedGraph((x,), (w,), (x * w,))
    for wrong in (x, x * 2, None, (np.ones(3),), np.ones(3), (3.0,), "x"):
        for kind in (ClosedGraph, lambda *parts: Program(*parts, ())):
            with pytest.raises(cr.GraphError, match=r"outputs of a .* are a tuple of nodes, such as"):
                kind((x,), (), wrong)


def test_an_input_that_is_an_output_is_a_node_among_nodes():
    v, at = cr.input("v", ("n",)), cr.input("at", (2,), "int64")
    picked, same, positions = ClosedGraph((v,), (at,), (v[at], v, at))(cr.constant([5.0, 6.0, 7.0]), [2, 0])
    assert picked.value.tolist() == [7.0, 5.0] and same.shape == (3,)
    assert positions.value.tolist() == [2, 0] and positions.dtype == "int64"


@pytest.mark.parametrize(
    ("value", "error"), [("abc", cr.GraphError), ([[1], [2, 3]], cr.ShapeError), (1.5, cr.GraphError)]
)
def test_a_value_that_is_no_number_of_its_leaf_is_refused(value, error):
    i = cr.input("i", (), "int64")
    with pytest.raises(error, match="'i'"):
        ClosedGraph((i,), (), (i + 1,))(value)


def test_equal_structure_is_equality():
    assert cell() == cell(name="other") and hash(cell()) == hash(cell())
    assert cell(1.5) != cell(2.5)
    x, y = cr.input("x"), cr.input("y")
    assert ClosedGraph((x, y), (), (x - y,)) != ClosedGraph((y, x), (), (x - y,))
    assert ClosedGraph((x,), (y,), (x - y,)) != ClosedGraph((x, y), (), (x - y,))
    assert ClosedGraph((x, y), (), (x - y,)) != Program((x, y), (), (x - y,), ())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda body: pickle.loads(pickle.dumps(body))])
def test_copies_compute_the_same_and_are_equal(copied):
    h, w = cr.input("h", BATCH), cr.input("w", (3, 3))
    y = h @ w
    for _ in range(3000):  # nothing recurses
        y = np.tanh(y)
    body = ClosedGraph((h,), (w,), (y,))
    new = copied(body)
    assert new == body and new.outputs[0] is not body.outputs[0]
    np.testing.assert_array_equal(new(H, W)[0], body(H, W)[0])


def test_its_derivatives_are_closed_graphs():
    body = cell()
    seed = rng.standard_normal((5, 3))
    back, along = pulled_back(body)(H, seed, W), pushed_forward(body)(H, H, W, W)
    dz = (1 - np.tanh(H @ W) ** 2) * seed
    np.testing.assert_allclose(back[0], dz @ W.T)
    np.testing.assert_allclose(back[1], H.T @ dz)
    np.testing.assert_allclose(along[0], (1 - np.tanh(H @ W) ** 2) * (2 * H @ W))
    assert pulled_back(pulled_back(body)).shared == body.shared


# --- a graph in a graph --------------------------------------------------------------------------------------


def test_the_walk_does_not_look_inside():
    h, w, y = looped()
    assert set(order([y])) == {h, w, y}
    (body,) = bodies(y)
    assert map_bodies(y.attributes, lambda b: b) is y.attributes
    assert map_bodies(y.attributes, lambda b: cell(2.0))["body"] == cell(2.0) != body


def test_value_and_text():
    h, _, y = looped(2)
    np.testing.assert_array_equal(cr.trace(y, {h: H})[y], np.tanh(np.tanh(H @ W) @ W))
    assert str(y) == "repeat(h, w, <h; w → tanh(h @ w · 1)>, 2)"


def derived(y, w):
    J = (y * y).sum()
    g = cr.grad(J, w)
    return [J, g, cr.grad((g * g).sum(), w)]


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_gradients_and_second_derivatives_on_the_engines(engine):
    h, w, y = looped()
    function = cr.compile(derived(y, w), inputs=[h], engine=engine)
    if engine == "auto":
        with pytest.warns(cr.EngineWarning, match="no code for 'repeat'"):
            found = function(H)
    else:
        found = function(H)
    expected = cr.compile(derived(unrolled(y), w), inputs=[h], engine=engine)(H)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)


def test_a_third_engine_runs_bodies_as_they_are():
    from jax_engine import JaxExecutable

    h, w, y = looped()
    _, found = JaxExecutable(Program((h,), (w,), tuple(simplify(derived(y, w))), (w,))).step([W], [H])
    expected = cr.compile(derived(unrolled(y), w), inputs=[h], engine="numpy")(H)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)


def test_gradients_agree_with_differences_and_with_forward_mode():
    h = cr.variable(H, "h")
    w = cr.variable(W, "w")
    y = repeat(h, w, body=cell(shape=H.shape), times=3)
    J = (y * y).sum()
    assert cr.check_gradients(J, [h, w])
    (dot,) = pushforward([J], {w: 1.0, h: 0.5})
    g, k = cr.grad(J, [w, h])
    np.testing.assert_allclose(dot.value, g.value.sum() + 0.5 * k.value.sum())


def test_a_wrong_rule_is_found_where_an_axis_is_open():
    wrong = replace(
        REPEAT, name="wrong", vjp=lambda dy, *given, **at: [2 * dx for dx in REPEAT.vjp(dy, *given, **at)]
    )
    h, w = cr.input("h", BATCH), cr.variable(W, "w")
    y = record(wrong, (h, w), {"body": cell(), "times": 2})
    report = cr.check_gradients((y * y).sum(), [w], feed={h: H})
    assert not report.passed and [c.row for c in report.culprits] == ["wrong"]


def test_single_precision_is_checked_in_double():
    h = cr.variable(H, "h", "float32")
    w = cr.variable(W, "w", "float32")
    y = repeat(h, w, body=cell(shape=H.shape, dtype="float32"), times=3)
    assert y.dtype == np.float32
    assert cr.check_gradients((y * y).sum(), [h, w])


def test_bodies_are_simplified_first_and_equal_loops_are_one():
    h, w = cr.input("h", BATCH), cr.variable(W)
    x, v = cr.input("x", BATCH), cr.input("v", (3, 3))
    long = ClosedGraph((x,), (v,), (np.log(np.exp(np.tanh(x.T.T @ v * 1))),))
    short = ClosedGraph((x,), (v,), (np.tanh(x @ v),))
    assert simplified(long) == short and simplified(short) is short
    total = simplify(repeat(h, w, body=long, times=2) - 2 * repeat(h, w, body=short, times=2))
    loops = [n for n in order([total]) if n.primitive is REPEAT]
    assert len(loops) == 1 and bodies(loops[0]) == [short]


def test_a_naive_formula_in_a_body_is_stable_when_differentiated():
    x = cr.input("x")
    body = ClosedGraph((x,), (), (np.log(1 + np.exp(x)),))
    z = cr.variable(1000.0)
    slope = simplify(cr.grad(repeat(z, body=body, times=1), z))
    assert float(slope.value) == 1.0


def test_what_depends_on_constants_alone_is_left_to_the_engine():
    y = simplify(repeat(cr.constant(0.5), body=ClosedGraph((x := cr.input("x"),), (), (np.sin(x),)), times=9))
    assert y.primitive is REPEAT


def test_programs_of_different_bodies_share_no_executable():
    def deep(factor):
        x = cr.input("x", (3,))
        y = x * factor
        for _ in range(200):
            y = np.tanh(y)
        return ClosedGraph((x,), (), (y,))

    x = cr.input("x", (3,))
    one, two = (Program((x,), (), (repeat(x, body=deep(f), times=1),), ()) for f in (1.0, 2.0))
    assert str(one.outputs[0]) == str(two.outputs[0])  # both are too long to be written
    assert one.fingerprint != two.fingerprint and one != two
    again = Program((x,), (), (repeat(x, body=deep(2.0), times=1),), ())
    assert again.fingerprint == two.fingerprint
    values = [build(p, "numpy").step([], [np.ones(3)])[1][0] for p in (one, two, again)]
    np.testing.assert_array_equal(values[1], values[2])
    assert not np.array_equal(values[0], values[1])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p)), Program.detached])
def test_copies_of_a_program_hold_copies_of_its_bodies(copied):
    h, w, y = looped()
    program = Program((h,), (w,), (y,), (w,))
    new = copied(program)
    assert new == program
    assert bodies(new.outputs[0]) == bodies(y) and bodies(new.outputs[0])[0] is not bodies(y)[0]
    verify(new)
    np.testing.assert_array_equal(build(new, "numpy").step([W], [H])[1][0], cr.trace(y, {h: H})[y])


def test_a_detached_program_keeps_no_weights_in_its_bodies():
    h, w = cr.input("h", BATCH), cr.variable(W, "w")
    body = ClosedGraph((h,), (w,), (np.tanh(h @ w),))  # the placeholder is the variable itself
    program = Program((h,), (w,), (repeat(h, w, body=body, times=2),), (w,)).detached()
    (inside,) = bodies(program.outputs[0])
    assert inside.shared[0].attributes["cell"].value.size == 0 and inside == body


BRANCH = Primitive(
    name="branch",
    text="branch({all}, {bodies})",
    forward=lambda x, *shared, bodies: bodies[len(bodies[0].outputs)](x, *shared)[0],  # the second
    no_derivative="it is chosen by the test",
    attributes=None,
    shape=lambda x, *_, bodies: bodies[0].outputs[0].shape,
    dtype=lambda x, *_, bodies: bodies[0].outputs[0].dtype,
)


def test_graphs_in_a_tuple_are_known_as_well():
    h, w = cr.input("h", BATCH), cr.variable(W, "w")
    long, short = ClosedGraph((h,), (w,), (h @ w * 1,)), ClosedGraph((h,), (w,), (h @ w,))
    y = record(BRANCH, (h, w), {"bodies": (long, cell())})
    assert bodies(y) == [long, cell()] and bodies(simplify(y))[0] == short
    program = Program((h,), (w,), (y,), (w,))
    inside = bodies(program.detached().outputs[0])
    assert program.detached() == program and inside[0].shared[0].attributes["cell"].value.size == 0
    assert "    return v2" in show_graph(program)
    np.testing.assert_array_equal(build(program, "numpy").step([W], [H])[1][0], np.tanh(H @ W))
    with pytest.raises(cr.UnsupportedError, match="'branch', which has a graph of its own"):
        build(program, "native")
    wrong = ClosedGraph((h,), (w,), (cr.Node(TABLE["exp"], (w,), {}, (5, 3), h.dtype),))
    with pytest.raises(cr.GraphError, match=r"'exp' is said to be of shape \(5, 3\)"):
        verify(Program((h,), (w,), (record(BRANCH, (h, w), {"bodies": (long, wrong)}),), (w,)))


def test_a_program_is_no_body():
    h, w = cr.input("h", BATCH), cr.variable(W, "w")
    y = cr.Node(REPEAT, (h, w), {"body": Program((h,), (w,), (h @ w,), (w,)), "times": 1}, h.shape, h.dtype)
    with pytest.raises(cr.GraphError, match="expected a closed graph"):
        verify(Program((h,), (w,), (y,), (w,)))


def test_a_wrong_node_inside_a_body_is_found():
    x = cr.input("x", (2,))
    wrong = cr.Node(TABLE["sum"], (x,), {"axes": (0,), "keepdims": False}, (2,), x.dtype)
    body = ClosedGraph((x,), (), (wrong,))
    y = repeat(cr.input("y", (2,)), body=body, times=1)
    with pytest.raises(cr.GraphError, match=r"'sum' is said to be of shape \(2,\)"):
        verify(Program(y.inputs, (), (y,), ()))


def test_numpy_writes_a_body_once(monkeypatch):
    from chainrule.engines import numpy as engine

    written = []
    write = engine.write_source
    monkeypatch.setattr(engine, "write_source", lambda p: written.append(p) or write(p))
    h, w, y = looped(7)
    run = engine.NumpyExecutable(Program((h,), (w,), (y,), (w,)))
    for _ in range(3):
        run.step([W], [H])
    assert len(written) == 2


def test_the_native_engine_has_no_code_for_it_and_numpy_takes_over():
    h, _, y = looped()
    with pytest.raises(cr.UnsupportedError, match="no code for 'repeat', which has a graph of its own"):
        cr.compile(y, inputs=[h], engine="native")
    big = np.tile(H, (2_000, 1))
    with pytest.warns(cr.EngineWarning, match="'repeat'"):
        found = cr.compile(y, inputs=[h])(big)
    np.testing.assert_allclose(found[:5], cr.trace(y, {h: H})[y])


def test_a_listing_shows_the_body_indented():
    h, w, y = looped()
    text = show_graph(Program((h,), (w,), (y + 1,), (w,)))
    assert text.splitlines()[2:] == [
        "v1: float64 (batch, 3) = repeat(h, w, <h; w → tanh(h @ w · 1)>, 4)",
        "    input h: float64 (batch, 3)",
        "    shared w: float64 (3, 3)",
        "    v1: float64 (batch, 3) = h @ w",
        "    v2: float64 (batch, 3) = v1 · 1",
        "    v3: float64 (batch, 3) = tanh(v2)",
        "    return v3",
        "v2: float64 (batch, 3) = v1 + 1",
        "return v2",
    ]


def test_bodies_nest():
    x, w = cr.input("x", BATCH), cr.input("w", (3, 3))
    outer = ClosedGraph((x,), (w,), (repeat(x, w, body=cell(), times=2) * 1.5,))
    h, v = cr.input("h", BATCH), cr.variable(W)
    y = repeat(h, v, body=outer, times=2)
    J = (y * y).sum()
    g = cr.grad(J, v)
    flat = h
    for _ in range(2):
        flat = np.tanh(np.tanh(flat @ v) @ v) * 1.5
    expected = cr.grad((flat * flat).sum(), v)
    found = cr.compile(simplify(g), inputs=[h], engine="numpy")(H)
    np.testing.assert_allclose(found, cr.trace(expected, {h: H})[expected], rtol=1e-12)
    assert pickle.loads(pickle.dumps(outer)) == outer


class Loop(cr.Layer):
    name: str = ""

    def build(self, scope, x):
        w = scope.parameter("W", (3, 3), "he")
        return repeat(x, w, body=cell(dtype=x.dtype), times=2)


X = rng.standard_normal((40, 3)).astype("float32")
Y = X[:, :1] * X[:, 1:2]


def test_a_layer_with_a_loop_learns_and_is_saved(tmp_path):
    network = cr.Network([Loop(), cr.Dense(1)], seed=0, engine="numpy")
    cost = network.fit(X, np.tanh(np.tanh(X @ W) @ W)[:, :1], optimizer=cr.Adam(0.02), epochs=100)["cost"]
    assert cost[-1] < 0.01 * cost[0]
    network.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors", custom={"Loop": Loop})
    np.testing.assert_array_equal(again.predict(X), network.predict(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(network)).predict(X), network.predict(X))


def test_a_loop_among_the_rows_of_a_network_is_pickled_and_saved(tmp_path):
    def drawn(x):
        return cr.Dense(1)(repeat(x, cr.constant(W, dtype="float32"), body=cell(dtype="float32"), times=2))

    network = cr.Network(drawn, inputs={"x": 3}, seed=0, engine="numpy")
    network.fit(X, Y, epochs=2)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(network)).predict(X), network.predict(X))
    network.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(cr.load(tmp_path / "m.safetensors").predict(X), network.predict(X))


def test_explain_says_that_it_does_not_look_inside():
    x, z = cr.variable(0.5, "x"), cr.input("z")
    y = repeat(x, body=ClosedGraph((z,), (), (np.sin(z),)), times=2).named("y")
    with pytest.raises(cr.GraphError, match="'y' has a graph of its own"):
        cr.explain(y * y, wrt=x)


def test_a_rule_that_stands_above_the_table_is_imported_when_it_is_needed():
    from chainrule.doors import late

    x, z = cr.variable(0.5, "x"), cr.input("z")
    body = ClosedGraph((z,), (), (np.sin(z),))
    rule = late("chainrule.transform.loops:pulled_back")
    assert rule(body) == pulled_back(body)
    row = replace(CALL, name="late", vjp=lambda dy, y, x, body: rule(body)(x, dy))
    slope = cr.grad(record(row, [x], {"body": body}), x)
    assert float(slope.value) == pytest.approx(np.cos(0.5))
