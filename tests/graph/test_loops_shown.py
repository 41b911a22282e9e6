"""How a loop is written: as a recurrence, in a listing, and in LaTeX."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.listing import show_graph
from chainrule.graph.closed import Program
from chainrule.graph.show import LONGEST

x, w = cr.input("x", ("time",)), cr.variable(0.5, "w")
last, every = cr.scan(lambda h, x: (np.tanh(w * h + x), h * h), 0.0, x)
tensor, W, U = (
    cr.input("X", (4, "batch", 3)),
    cr.variable(np.ones((3, 2)), "W"),
    cr.variable(np.ones((2, 2)), "U"),
)
zeros = np.zeros_like(tensor[0, :, :2])


def long_step(state, x):
    z = (x @ W + state["h"] @ U).named("z")
    c = cr.sigmoid(z) * state["c"] + np.tanh(z)
    return {"h": np.tanh(c), "c": c}, None


state, _ = cr.scan(long_step, {"h": zeros.named("h0"), "c": zeros}, tensor * 2, reverse=True)


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (last, "last(h_t = tanh(w · h_t₋₁ + x_t), h_0 = 0)"),
        (every, "every(h_t₋₁ · h_t₋₁, h_t = tanh(w · h_t₋₁ + x_t), h_0 = 0)"),
        (last * 2, "last(h_t = tanh(w · h_t₋₁ + x_t), h_0 = 0) · 2"),
        (state["c"],
         "last(c_t = σ(z_t) · c_t₊₁ + tanh(z_t), h_t = tanh(c_t), z_t = x_t @ W + h_t₊₁ @ U, x_t = (X · 2)[t], "
         "h_0 = h0, c_0 = broadcast(0, (batch, 2)))"),
        (cr.scan(lambda n, _: (n + 1, n), 1, length=5)[0], "last(n_t = n_t₋₁ + 1, n_0 = 1, 5 steps)"),
        (cr.scan(lambda n, _: (n, n), 1, length=5)[1], "every(n_t₋₁, n_t = n_t₋₁, n_0 = 1, 5 steps)"),
        (cr.scan(lambda h, v: (v, h), 0.0, x)[0], "last(h_t = v_t, v_t = x[t], h_0 = 0)"),
        (cr.scan(lambda h, x: (h * (w + 1), h), 0.0, x)[0], "last(h_t = h_t₋₁ · (w + 1), h_0 = 0)"),
        (cr.scan(lambda _, x: (None, x * x), None, x)[1], "every(x_t · x_t)"),
    ],
)  # fmt: skip
def test_a_loop_is_written_as_a_recurrence(node, written):
    assert str(node) == written


def test_in_latex_too():
    assert last._repr_latex_() == (
        r"$\operatorname{last}\left({h}_{t} = \tanh\left(w \cdot {h}_{t-1} + {x}_{t}\right), h_{0} = 0\right)$"
    )
    loop, _ = cr.scan(lambda h, x: (h / (w + cr.variable(1.0, "b1")), None), 0.0, x)
    assert r"\frac{{h}_{t-1}}{\left(w + b_{1}\right)}" in loop._repr_latex_()


def test_a_long_one_fits_a_line_and_a_sentence():
    def step(h, x):
        for _ in range(400):
            h = np.tanh(h + x)
        return h, None

    long, _ = cr.scan(step, 0.0, x)
    assert len(str(long)) < 3 * LONGEST and len(repr(long)) < 80 and "…" in str(long)
    assert len(str(long + 1)) < 2 * LONGEST


def test_loops_in_loops():
    def outer(total, row):
        inner, _ = cr.scan(lambda h, e: (h * total + e, None), 0.0, row)
        return inner, None

    node, _ = cr.scan(outer, 1.0, cr.variable(np.ones((2, 3)), "rows"))
    assert str(node) == (
        "last(total_t = last(h_t = h_t₋₁ · total_t₋₁ + e_t, e_t = row_t[t], h_0 = 0), row_t = rows[t], total_0 = 1)"
    )


def test_a_listing_shows_the_body_of_a_loop_once():
    program = Program((x,), (w,), (last, every), (w,))
    assert show_graph(program).splitlines() == [
        "input x: float64 (time,)",
        "state w: float64",
        "v1: float64 = scan(0, x, w)[0], time steps",
        "    carried h: float64",
        "    each step x: float64",
        "    shared w: float64",
        "    v1: float64 = w · h",
        "    v2: float64 = v1 + x",
        "    v3: float64 = tanh(v2)",
        "    v4: float64 = h · h",
        "    return v3, v4",
        "v2: float64 (time,) = scan(0, x, w)[1], time steps",
        "return v1, v2",
    ]


def test_a_step_back_is_written_with_the_names_of_the_step():
    x, w = cr.variable([1.0, 2.0], "x"), cr.variable(0.5, "w")
    last, _ = cr.scan(lambda h, x: (np.tanh(w * h + x), None), 0.0, x)
    back = str(cr.grad(last, x))
    assert "dh_t = dh_t₊₁ · (1 - h_t · h_t) · w" in back and ", h_t = every(" in back
    X, W = cr.variable(np.ones((2, 3)), "X"), cr.variable(np.ones(3), "W")
    lifted = cr.simplify(cr.scan(lambda h, x: (np.tanh(h + x @ W), None), 0.0, X)[0])
    assert str(lifted) == "last(h_t = tanh(h_t₋₁ + s1_t), s1_t = (X @ W)[t], h_0 = 0)"
