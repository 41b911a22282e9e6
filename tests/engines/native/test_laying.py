"""What is padded or joined is computed where it is wanted: nothing is copied, and nobody sees a difference."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sampling import tries

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import apply, input, variable
from chainrule.graph.shapes import FULL

many = settings(max_examples=tries(40), suppress_health_check=list(HealthCheck), deadline=None)


def framed(x, before, behind):
    """Return x in a frame of zeros around all axes but the first and the last."""
    inner = x.shape[1:-1]
    index = (FULL, *((before, before + e, 1) for e in inner), FULL)
    return apply(
        "pad", x, index=index, shape=(x.shape[0], *(before + e + behind for e in inner), x.shape[-1])
    )


def memory_of(outputs, inputs):
    return cr.compile(outputs, inputs=inputs, engine="native").show("memory")


def test_what_is_padded_is_computed_inside_of_its_frame():
    x, w = cr.input("x", ("n", 6, 5, 8)), cr.variable(np.ones((8, 16)), "w")
    a = np.maximum(x @ w, 0)
    seen = memory_of(np.sum(framed(a, 1, 2)[:, 1:] @ w.T), [x])
    assert f"{9 * 8 * 16 * 8}·n bytes: v3 with v2 inside" in seen
    assert f"{6 * 5 * 16 * 8}·n bytes" not in seen


def test_parts_that_are_joined_are_computed_side_by_side():
    x, w = cr.input("x", ("n", 5, 4, 8)), cr.variable(np.ones((8, 16)), "w")
    joined = np.concatenate([x @ w, np.tanh(x), np.maximum(x @ w, 0)], axis=-1)
    assert "v5 with v1, v2, v3, v4 inside" in memory_of(
        np.sum(np.exp(framed(joined, 1, 1)) @ np.ones((40, 9))), [x]
    )


def test_what_is_read_flat_is_copied_into_its_frame():
    x, w = cr.input("x", ("n", 5, 4, 8)), cr.variable(np.ones((160, 16)), "w")
    a = np.tanh(x)
    flat = np.reshape(a, (x.shape[0], 160)) @ w
    seen = memory_of([np.sum(flat), np.sum(framed(a, 1, 1) @ w[:8])], [x])
    assert "inside" not in seen


def test_what_is_framed_and_what_stays_as_it_is_are_not_one():
    x = cr.input("x", ("n", 3, 3, 8))
    a = np.tanh(x)
    outputs = [a, framed(a, 1, 1) @ np.ones((8, 9))]
    step = cr.compile(outputs, inputs=[x], engine="native")
    assert "inside" not in step.show("memory")
    X = np.ones((2, 3, 3, 8))
    np.testing.assert_allclose(step(X)[0], np.tanh(X))


@st.composite
def programs(draw):
    """Draw a program in which arrays are padded and joined again and again, and batches for it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    channels = draw(st.sampled_from([1, 3, 8, 16]))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    x = input("x", ("n", 4, 3, channels), dtype)
    w = variable(rng.normal(size=(channels, channels)).astype(dtype) / channels, "w")
    made = [x, x @ w]

    def one():
        return draw(st.sampled_from(made))

    def like(a, shape):
        """Cut the middle axes of a to a shape, or frame it."""
        a = a[:, : shape[1], : shape[2]]
        missing = [e - f for e, f in zip(shape[1:3], a.shape[1:3], strict=True)]
        index = (FULL, *((m, e, 1) if m else FULL for m, e in zip(missing, shape[1:3], strict=True)), FULL)
        return apply("pad", a, index=index, shape=(*shape[:3], a.shape[3])) if any(missing) else a

    for _ in range(draw(st.integers(2, 7))):
        a = one()
        kind = draw(st.sampled_from(["frame", "join", "below", "tanh", "product", "sum", "strided", "cut"]))
        if kind == "frame":
            made.append(framed(a, draw(st.integers(0, 2)), draw(st.integers(1, 2))))
        elif kind == "join" and a.shape[-1] < 40:
            made.append(
                np.concatenate([a, *(like(one(), a.shape) for _ in range(draw(st.integers(1, 2))))], -1)
            )
        elif kind == "below":
            b = like(one(), a.shape)
            made.append(np.concatenate([a, b], 1) if b.shape[3] == a.shape[3] else np.tanh(b))
        elif kind == "product":
            made.append(a @ rng.normal(size=(a.shape[-1], channels)).astype(dtype))
        elif kind == "sum":
            made.append(np.sum(a, axis=(1, 2), keepdims=True) * a)
        elif kind == "strided":
            shape = (a.shape[0], 2 * a.shape[1], a.shape[2], a.shape[3])
            made.append(apply("pad", np.sin(a), index=(FULL, (1, shape[1], 2), FULL, FULL), shape=shape))
        elif kind == "cut":
            made.append(np.cos(a)[:, 1:, ::-1])
        else:
            made.append(np.tanh(a))
    cost = sum((np.mean(a * a) for a in made[2:]), np.mean(made[1]))
    outputs = [cost, *draw(st.lists(st.sampled_from(made[2:]), max_size=2))]
    new = w - cr.grad(cost, w)
    batch = rng.normal(size=(draw(st.sampled_from([1, 2, 5])), *x.shape[1:])).astype(dtype)
    return Program((x,), (w,), tuple(outputs), (new,)), [w.value], [batch]


@many
@given(drawn=programs(), parts=st.sampled_from(["", "3"]), checked=st.booleans())
def test_programs_that_pad_and_join(drawn, parts, checked, close):
    program, state, batch = drawn
    wanted, outputs = build(program, "numpy").step(state, batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_SHARE", parts)
        patch.setenv("CHAINRULE_CHECK", "1" if checked else "")
        found, values = compile_program(program).step(state, batch)
    for a, b in zip([*values, *found], [*outputs, *wanted], strict=True):
        close(np.asarray(a), b, "", 2.0**14 if b.dtype == "float64" else 2.0**9)
