"""A short loop is explained step after step: backpropagation through time, told."""

import numpy as np
import pytest

import chainrule as cr

w, u = cr.variable(0.5, "w"), cr.variable(-0.3, "u")
x, z = cr.variable([1.0, 2.0, 3.0], "x"), cr.input("z", ("time",))


def test_each_step_is_told_and_each_path_through_time():
    last, _ = cr.scan(lambda h, x: (np.tanh(w * h + u * x), h), 0.25, x)
    J = ((last - 1) ** 2).named("J")
    told = cr.explain(J, wrt=[w, u])
    assert [step.name for step in told.forward] == ["h1", "h2", "h3", "J"]
    assert str(told.forward[1]).startswith("h2 = tanh(w · h1 + u · x[1]) = tanh(0.5 × (-0.17")
    assert [len(d.paths) for d in told.derivatives] == [3, 3]
    assert [d.value for d in told.derivatives] == pytest.approx(
        [float(g.value) for g in cr.grad(cr.unroll(J), [w, u])]
    )
    by_all = cr.explain(J)
    assert {d.wrt for d in by_all.derivatives} == {"w", "u", "x[0]", "x[1]", "x[2]"}


def test_what_is_emitted_is_told_number_by_number():
    _, every = cr.scan(lambda h, x: (w * h + x, (h, h * x)), 1.0, z, reverse=True)
    J = every[0].mean() + np.sum(np.stack([every[1], every[0]]), axis=0).sum() * 2
    told = cr.explain(J, wrt=w, feed={z: [1.0, 2.0, 4.0]})
    assert told.forward[-1].value == pytest.approx(float(cr.trace(J, {z: [1.0, 2.0, 4.0]})[J]))
    flat = cr.unroll(J, 3)
    (slope,) = cr.grad(flat, [w])
    assert told.derivatives[0].value == pytest.approx(float(cr.trace(slope, {z: [1.0, 2.0, 4.0]})[slope]))
    assert {given.name for given in told.given} == {"w", "z[0]", "z[1]", "z[2]"}


def test_names_of_the_users_stay():
    def step(h, x):
        a = (w * h + x).named("a")
        return np.tanh(a).named("s"), None

    last, _ = cr.scan(step, 0.0, x)
    told = cr.explain((last * u).named("J"), wrt=w)
    assert [step.name for step in told.forward] == ["a", "s", "a_2", "s_2", "a_3", "s_3", "J"]


def test_no_steps_and_nested_ones():
    none, _ = cr.scan(lambda h, x: (w * h + x, None), w * 2, cr.constant(np.zeros(0)))
    assert cr.explain(none, wrt=w).derivatives[0].value == 2.0

    def outer(total, row):
        return cr.scan(lambda h, e: (h * w + e * total, None), total, row)[0], None

    rows = cr.variable([[1.0, 2.0], [3.0, 4.0]], "rows")
    total, _ = cr.scan(outer, 1.0, rows)
    told = cr.explain(total, wrt=w)
    assert told.derivatives[0].value == pytest.approx(float(cr.grad(cr.unroll(total), w).value))


def test_a_long_loop_and_one_of_arrays_say_what_to_do():
    last, every = cr.scan(lambda h, x: (w * h + x, h), 0.0, z)
    with pytest.raises(cr.GraphError, match=r"A loop of 11 steps .* tells up to 10.*shorter sequence"):
        cr.explain(last, feed={z: np.ones(11)})
    with pytest.raises(cr.GraphError, match="The input 'z' has no value"):
        cr.explain(last)
    matrix = cr.variable(np.eye(2), "M")
    wide, _ = cr.scan(lambda h, x: (np.tanh(matrix @ h + x), None), np.zeros(2), z)
    told = cr.explain(wide.sum(), feed={z: [1.0, 2.0]})
    assert [str(step) for step in told.backward][-2:] == [
        "dh2 = 1   (2,)",
        "dM = outer(dh2 ∘ (1 − h2²), h1) = outer(1 − h2², h1)   (2, 2)",
    ]
    with pytest.raises(cr.ShapeError, match=r"takes one number, J; found an array of shape \(time,\)"):
        cr.explain(every, feed={z: [1.0, 2.0]})
