"""Pictures in loop nests: windows in registers, rows few at a time, and every number as NumPy's."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from sampling import tries

import chainrule as cr
from chainrule.engines import compiled
from chainrule.engines.native.plan.cuts import NEAR, ROWS_OF_BATCH
from chainrule.engines.native.plan.regions import ROWS
from chainrule.engines.native.run.build import host
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import apply, input, variable


def normalized(z):
    """Return pictures whose channels have mean 0 and variance 1 over batch, height and width."""
    mean = np.mean(z, axis=(0, 1, 2))
    return (z - mean) / np.sqrt(np.mean((z - mean) ** 2, axis=(0, 1, 2)) + 1e-3)


def pooled(z, how=np.max, size=2):
    """Return what windows that lie side by side hold."""
    n, h, w, c = z.shape
    return how(np.reshape(z, (n, h // size, size, w // size, size, c)), axis=(2, 4))


def program_of(f, *shape, dtype="float32"):
    """Return a program of a function of pictures and weights, and the gradients of what it returns."""
    x = input("x", ("n", *shape), dtype)
    W = variable(np.random.default_rng(0).normal(size=(shape[-1], 24)), "W", dtype)
    y = f(x @ W)
    return Program((x,), (W,), (y, *cr.grad(np.sum(y * np.sin(y)), [x, W])), (W,))


def test_rows_go_by_the_room_in_a_cache():
    def grains(f, *shape):
        regions = compile_program(program_of(f, *shape)).stages.regions
        return {w.cut.grain for r in regions if r.kind == ROWS for w in r.works if w.cut is not None}

    assert grains(lambda z: np.maximum(z, 0), 8) == {ROWS_OF_BATCH}
    (grain,) = grains(lambda z: pooled(np.maximum(z, 0)), 32, 32, 3)
    assert 1 <= grain * 4 * 32 * 32 * (3 + 24) <= NEAR
    assert grains(lambda z: pooled(np.maximum(z, 0)), 256, 256, 3) == {1}


@pytest.mark.parametrize("f", [normalized, pooled, lambda z: pooled(normalized(z), np.mean)])
@pytest.mark.parametrize("rows", [0, 1, 3, 7])
def test_few_rows_at_a_time_are_the_same_bits_in_any_parts(f, rows, monkeypatch):
    program = program_of(f, 24, 24, 3, dtype="float64")
    x = np.random.default_rng(rows).normal(size=(rows, 24, 24, 3))
    wanted = (
        [] if not rows else compiled.build(program, "numpy").step([x.value for x in program.state], [x])[1]
    )
    plain = compiled.build(program, "native").step([x.value for x in program.state], [x])[1]
    for a, b in zip(plain, wanted, strict=bool(rows)):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
    for parts in ("1", "3", "5"):
        monkeypatch.setenv("CHAINRULE_SHARE", parts)
        monkeypatch.setenv("CHAINRULE_CHECK", "1" if parts == "3" else "")
        for a, b in zip(
            compiled.build(program, "native").step([x.value for x in program.state], [x])[1],
            plain,
            strict=True,
        ):
            assert a.tobytes() == b.tobytes()


# --- windows in loops ---


def slid(x, sizes, strides=(1, 1), dilations=(1, 1)):
    """Return windows that slide over height and width."""
    return apply("windows", x, axes=(1, 2), sizes=sizes, strides=strides, dilations=dilations)


def depthwise(x, sizes, multiplier=1, **how):
    """Return pictures each of whose channels has filters of its own."""
    shape = (*sizes, x.shape[3], multiplier)
    weights = cr.constant(np.random.default_rng(1).normal(size=shape).astype(x.dtype))
    return apply("contract", slid(x, sizes, **how), weights, spec="bhwcij,ijcm->bhwcm")


LOOPS = {
    "pooled": pooled,
    "pooled, three by three": lambda x: pooled(x, size=3),
    "averages": lambda x: pooled(x, np.mean),
    "largest that overlap": lambda x: np.max(slid(x, (3, 3), (2, 2)), axis=(4, 5)),
    "averages that overlap": lambda x: np.mean(slid(x, (5, 2), dilations=(1, 3)), axis=(4, 5)),
    "one axis of a window": lambda x: np.sum(slid(x, (3, 2)), axis=4),
    "depthwise": lambda x: depthwise(x, (3, 3)),
    "depthwise, wide": lambda x: depthwise(x, (5, 4), strides=(2, 1)),
    "depthwise, several filters": lambda x: depthwise(x, (2, 3), 2, dilations=(2, 1)),
    "upsampled": lambda x: np.repeat(np.repeat(x, 2, axis=1), 2, axis=2) * np.tanh(x[:, :1, :1]),
    "over the picture": lambda x: np.max(x, axis=(1, 2)) + np.mean(x, axis=(1, 2)),
    "normalized": normalized,
}


@pytest.mark.parametrize(
    ("channels", "bytes"), [(1, 0), (3, 0), (8, 0), (40, 0), (96, 0), (5, 16), (16, 16), (24, 32)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LOOPS)
def test_loops_over_pictures_are_numpys(name, dtype, channels, bytes, monkeypatch):
    narrow = dataclasses.replace(host(), vector_bytes=bytes, registers=16, has_masks=False)
    machine = {"machine": narrow} if 0 < bytes <= host().vector_bytes else {}
    x = input("x", ("n", 12, 12, channels), dtype)
    y = LOOPS[name](x)
    program = Program((x,), (), (y, cr.grad(np.sum(y * np.sin(y)), x)), ())
    monkeypatch.setenv("CHAINRULE_CHECK", "1" if channels == 3 else "")
    for rows in (1, 3):
        batch = [np.round(np.random.default_rng(rows).normal(size=(rows, *x.shape[1:])), 1).astype(dtype)]
        wanted = compiled.build(program, "numpy").step([], batch)[1]
        error = 64 * np.finfo(dtype).eps
        for a, b in zip(compile_program(program, **machine).step([], batch)[1], wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=error, atol=error * max(1, np.abs(b).max()) * 30)


STEPS = [
    lambda z, W: np.einsum("bhwcij,ijco->bhwo", slid(z, (3, 3)), W(3, 3, z.shape[3], 6)),
    lambda z, W: np.einsum("bhwcij,ijco->bhwo", slid(z, (2, 3), (2, 1)), W(2, 3, z.shape[3], 16)),
    lambda z, W: np.einsum("bhwcij,ijc->bhwc", slid(z, (3, 2)), W(3, 2, z.shape[3])),
    lambda z, W: np.maximum(z + W(z.shape[3]), 0),
    lambda z, W: normalized(z) * W(z.shape[3]),
    lambda z, W: pooled(z[:, : z.shape[1] // 2 * 2, : z.shape[2] // 2 * 2]),
    lambda z, W: np.max(slid(z, (3, 3), (2, 2)), axis=(4, 5)),
    lambda z, W: np.mean(slid(z, (2, 2)), axis=(4, 5)),
    lambda z, W: np.pad(z, ((0, 0), (1, 1), (1, 0), (0, 0))),
    lambda z, W: z * np.mean(z, axis=(1, 2), keepdims=True),
]


@settings(
    max_examples=tries(12), deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=4), rows=st.sampled_from([1, 5]))
def test_any_layers_of_pictures_are_numpys_in_any_parts(steps, rows):
    rng, weights = np.random.default_rng(0), []

    def W(*shape):
        weights.append(variable(rng.normal(size=shape) / 3, f"W{len(weights)}"))
        return weights[-1]

    x = input("x", ("n", 15, 14, 8), "float64")
    z = x
    for step in steps:
        z = step(z, W) if min(z.shape[1:3]) >= 3 else z  # room for a window
    cost = np.mean(np.sum(np.sin(z), axis=(1, 2)) @ W(z.shape[3], 3))
    program = Program((x,), tuple(weights), (cost, *cr.grad(cost, [x, *weights])), tuple(weights))
    state, batch = [w.value for w in weights], [rng.normal(size=(rows, *x.shape[1:]))]
    wanted = compiled.build(program, "numpy").step(state, batch)[1]
    plain = None
    for parts, checked in (("", ""), ("3", "1"), ("4", "")):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("CHAINRULE_SHARE", parts)
            monkeypatch.setenv("CHAINRULE_CHECK", checked)
            found = compiled.build(program, "native").step(state, batch)[1]
        for a, b, first in zip(found, wanted, plain or found, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * max(1, np.abs(b).max()))
            assert a.tobytes() == first.tobytes()
        plain = plain or found
