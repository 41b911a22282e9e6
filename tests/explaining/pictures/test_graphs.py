"""The computation graph as a picture: its lines, values and gradients are the graph's."""

import numpy as np
import pytest
from drawn_graphs import arrows, boxes, check_apart, edges
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.explaining.pictures.diagrams import Arrow
from chainrule.explaining.pictures.folding import folds, steps


def three_letters():
    a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
    u = (b * c).named("u")
    v = (a + u).named("v")
    return (3 * v).named("J"), (a, b, c, u, v)


def logistic():
    """S1-60: three features, b = 1."""
    w = [cr.variable(v, f"w{i}") for i, v in enumerate([0.5, -0.3, 0.8], 1)]
    x = [cr.constant(v, f"x{i}") for i, v in enumerate([1.0, 2.0, -1.0], 1)]
    b, y = cr.variable(1.0, "b"), cr.constant(1.0, "y")
    z = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b).named("z")
    a = cr.sigmoid(z).named("a")
    return (-(y * np.log(a) + (1 - y) * np.log(1 - a))).named("L"), [*w, b]


def labels(picture):
    """Return what stands above and below each line, by the names at its ends."""
    return {(a, b): (m.above, m.below) for a, b, m in arrows(picture)}


def test_the_lectures_graph_has_its_five_edges_with_values_and_gradients():
    J, _ = three_letters()
    picture = cr.draw(J)
    assert labels(picture) == {
        ("b", "u"): ("3", "6"), ("c", "u"): ("2", "9"), ("a", "v"): ("5", "3"), ("u", "v"): ("6", "3"),
        ("v", "J"): ("11", "3"), ("J", None): ("33", "1"),
    }  # fmt: skip
    assert [b.lines for b in boxes(picture) if len(b.lines) > 1] == [
        ("u", "b · c"),
        ("v", "a + u"),
        ("J", "3 · v"),
    ]
    check_apart(picture)


def test_backward_the_arrows_are_flipped_and_bear_the_local_derivatives():
    J, _ = three_letters()
    forward, back = cr.draw(J), cr.draw(J, direction="backward")
    assert edges(back) == {(b, a) for a, b in edges(forward)}
    assert labels(back) == {
        ("u", "b"): ("c", "2"), ("u", "c"): ("b", "3"), ("v", "a"): ("1", ""), ("v", "u"): ("1", ""),
        ("J", "v"): ("3", ""),
    }  # fmt: skip
    assert [b.lines[1] for b in boxes(back) if b.kind != "note"] == [
        "dJ/da = 3", "dJ/db = 6", "dJ/dc = 9", "dJ/du = 3", "dJ/dv = 3", "dJ/dJ = 1",
    ]  # fmt: skip


def test_an_activation_is_labelled_by_its_derivative():
    z = cr.variable(0.3, "z")
    a = np.tanh(z).named("a")
    ((_, arrow),) = [
        (b, m) for a, b, m in arrows(cr.draw((a * 2).named("L"), direction="backward")) if b == "z"
    ]
    assert float(arrow.below) == pytest.approx(1 - np.tanh(0.3) ** 2, abs=1e-4)
    assert arrow.above == "1 - a^2" and arrow.tip.startswith("∂a/∂z = 1 - a^2 = 0.91")


def test_frames_show_one_more_number_each():
    J, _ = three_letters()
    frames = [cr.draw(J, step=k) for k in range(9)]
    texts = [{m.above for _, _, m in arrows(p)} | {m.below for _, _, m in arrows(p)} for p in frames]
    assert all(edges(p) == edges(cr.draw(J)) for p in frames)
    assert "6" not in texts[0] and "6" in texts[1]  # u, then v, then J
    assert "11" not in texts[1] and "11" in texts[2] and "33" in texts[3]
    below = [sum(bool(m.below) for a, b, m in arrows(p) if b) for p in frames]
    assert below == [0, 0, 0, 0, 1, 2, 3, 4, 5]  # v, then u or a, then b and c
    assert labels(frames[8]) == labels(cr.draw(J))
    with pytest.raises(cr.GraphError, match="from 0 to 8"):
        cr.draw(J, step=9)


def test_what_a_use_contributes_stands_on_its_line_and_the_sum_in_the_box():
    x = cr.variable(2.0, "x")
    u, v = (x * x).named("u"), np.sin(x).named("v")
    picture = cr.draw((u + v).named("J"))
    found = labels(picture)
    assert float(found["x", "u"][1]) == pytest.approx(4, abs=1e-3)
    assert float(found["x", "v"][1]) == pytest.approx(np.cos(2.0), abs=1e-4)
    (box,) = [b for b in boxes(picture) if b.lines[0] == "x"]
    assert float(box.lines[1].removeprefix("Σ ")) == pytest.approx(4 + np.cos(2.0), abs=1e-3)


def test_logistic_regression_of_three_features():
    L, wrt = logistic()
    picture = cr.draw(L, wrt)
    assert edges(picture) == {
        *((f"{k}{i}", "z") for k in "wx" for i in (1, 2, 3)), ("b", "z"), ("z", "a"), ("a", "L"), ("y", "L"),
    }  # fmt: skip
    found = labels(picture)
    slopes = cr.grad(L, wrt)
    for w, g in zip(wrt, slopes, strict=True):
        assert float(found[w.name, "z"][1]) == pytest.approx(float(g.value), rel=1e-3)
    assert found["x1", "z"][1] == ""  # which nobody asked for
    check_apart(picture)


def test_arrays_show_shapes_and_how_long_their_gradients_are():
    rng = np.random.default_rng(0)
    W, b = cr.variable(rng.normal(size=(4, 3)), "W"), cr.variable(np.zeros((4, 1)), "b")
    X = cr.input("X", (3, "m"))
    A = np.tanh(W @ X + b).named("A")
    J = (A**2).mean().named("J")
    rows = rng.normal(size=(3, 5))
    found = labels(cr.draw(J, feed={X: rows}))
    slope = cr.grad(J, W)
    length = np.linalg.norm(cr.trace(slope, {X: rows})[slope])
    assert found["W", "A"] == ("(4, 3)", f"‖·‖ {length:.3g}")
    assert found["X", "A"][0] == "(3, 5)" and found["A", "J"][0] == "(4, 5)"
    blank = cr.draw(J)
    assert labels(blank)["X", "A"] == ("(3, m)", "") and "X has none" in blank.notes[0]
    back = labels(cr.draw(J, feed={X: rows}, direction="backward"))
    assert back["A", "W"][0] and ("A", "X") in back


def test_a_loop_is_one_box_with_an_arrow_back_and_unrolled_its_weights_stand_once():
    W, U = cr.variable(0.5, "W"), cr.variable(0.8, "U")
    x, h0 = [cr.variable(v, f"x{i}") for i, v in enumerate((1.0, 2.0, 3.0), 1)], cr.constant(0.0, "h0")
    last, _ = cr.scan(lambda h, x: (np.tanh(W * x + U * h), None), h0, np.stack(x))
    J = (last**2).named("J")
    picture = cr.draw(J)
    (round_,) = [m for m in picture.panels[0].marks if isinstance(m, Arrow) and "3 steps" in m.above]
    (loop,) = [b for b in boxes(picture) if any("h_t = tanh" in line for line in b.lines)]
    start, end = round_.points[0], round_.points[-1]
    assert start[0] > end[0] and start[1] == end[1] == loop.y
    unrolled = cr.draw(J, unroll=True, width=860)
    steps = [b.lines[0] for b in boxes(unrolled) if b.kind == "step"]
    assert steps == ["h1", "h2", "h3"] or {"h1", "h2", "h3"} <= set(steps)
    assert [b.lines[0] for b in boxes(unrolled) if b.kind == "parameter"].count("W") == 1
    assert {("W", "h1"), ("W", "h2"), ("W", "h3"), ("h1", "h2"), ("h2", "h3"), ("U", "h3")} <= edges(unrolled)
    check_apart(unrolled)


def test_what_cannot_be_shown_is_said():
    w = cr.variable([1.0, 2.0], "w")
    assert not any(m.below for _, _, m in arrows(cr.draw((w * 2).named("v"))))
    picture = cr.draw(cr.step(w.sum()).named("J"))
    assert "No gradient flows through step" in picture.notes[0]
    with pytest.raises(cr.GraphError, match="takes nodes"):
        cr.draw(3.0)
    with pytest.raises(cr.GraphError, match="feed gives values to inputs"):
        cr.draw(w.sum(), feed={w.sum(): 3.0})
    with pytest.raises(cr.GraphError, match="width"):
        cr.draw(w.sum(), width=100)


def test_a_constant_is_no_box_and_two_nodes_of_one_name_are_told_apart():
    x = cr.variable(2.0, "x")
    u, again = (x + 1).named("u"), (x * 3).named("u")
    picture = cr.draw((u * again).named("J"))
    assert edges(picture) == {("x", "u"), ("x", "u_2"), ("u", "J"), ("u_2", "J")}


UNARY = [np.sin, np.tanh, cr.sigmoid, np.exp, lambda x: x**2, lambda x: 1 - x]
BINARY = [np.add, np.subtract, np.multiply]


@st.composite
def random_graphs(draw):
    values = draw(st.lists(st.floats(-1, 1), min_size=1, max_size=3))
    nodes = [cr.variable(v, f"x{i}") for i, v in enumerate(values)]
    for i in range(draw(st.integers(1, 9))):
        pick = st.sampled_from(nodes[-4:])
        if draw(st.booleans()):
            node = draw(st.sampled_from(UNARY))(draw(pick))
        else:
            node = draw(st.sampled_from(BINARY))(draw(pick), draw(pick))
        nodes.append(node.named(f"n{i}") if draw(st.booleans()) else node)
    return nodes[-1].named("J")


@given(random_graphs(), st.sampled_from([400, 480, 860]))
@settings(max_examples=40, deadline=None)
def test_of_any_graph_lines_values_and_gradients_are_the_graphs(J, width):
    picture = cr.draw(J, fold="steps", width=width)
    check_apart(picture)
    assert picture.panels[0].size[0] <= width
    run = cr.trace(J)
    named = {n.name: n for n in run if n.name}
    variables = [n for n in run if n.primitive.name == "variable"]
    slopes = dict(zip([w.name for w in variables], cr.grad(J, variables), strict=True))
    arriving = {}
    for a, b, m in arrows(picture):
        if a in named:
            assert float(m.above) == pytest.approx(float(run[named[a]]), rel=1e-3, abs=1e-12)
        if a in slopes and b:
            arriving[a] = arriving.get(a, 0) + float(m.below)
    for name, total in arriving.items():
        assert total == pytest.approx(float(slopes[name].value), rel=2e-3, abs=2e-3)
    assert {a for a, b in edges(picture)} | {"J"} >= set(named)
    for a, b in edges(picture):
        if a in named and b in named:
            assert named[a] in cr.trace(named[b])


def test_a_box_is_called_as_the_step_that_is_told_of_it():
    a, b = cr.variable(2.0, "a"), cr.variable(3.0, "b")
    u = a * b + 1
    for J in (np.tanh(a * b) + np.exp(a) * (b * b * a), (np.tanh(a) * b - a) ** 2, u * u + np.sin(u) / b):
        told = {step.name: str(step.formula) for step in cr.explain(J).forward}
        assert len(told) > 3 and told == {
            s.name: s.formula for s in steps([J], folds([J]), True) if s.formula
        }
