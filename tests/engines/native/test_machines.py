"""Code for machines that are not at hand: written, read back by LLVM, and where it is built for them, compiled."""

import pickle
import re
from dataclasses import replace
from functools import partial

import llvmlite.binding as llvm
import numpy as np
import pytest
from cpus import POOREST, machine_of

import chainrule as cr
from chainrule.engines.native.code.gathered import write_kernel
from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.code.product import KINDS, write_kernels
from chainrule.engines.native.code.tiny import fixed, write_tiny
from chainrule.engines.native.machine import known
from chainrule.engines.native.plan.expand import expand
from chainrule.engines.native.run import build
from chainrule.engines.native.run.executable import compile_program
from chainrule.engines.native.run.pipeline import stages
from chainrule.graph.closed import Program
from chainrule.transform.simplify import simplified

MACHINES = {
    "arm": known("aarch64-unknown-linux-gnu", "generic", {"neon": True}),
    "old x86": known("x86_64-unknown-linux-gnu", "x86-64", {}),
    "wasm": known("wasm32-unknown-unknown", "generic", {"simd128": True, "bulk-memory": True}),
}


def program(rows=("batch",)):
    """Return a step of training with all that machines may differ in: products, exponentials, sums, random bits."""
    rng = np.random.default_rng(0)
    x, y = cr.input("x", (*rows, 20), "float32"), cr.input("y", (*rows, 3), "float32")
    v = cr.variable(rng.normal(size=(20, 40)).astype("float32"), "v")
    w = cr.variable(rng.normal(size=(40, 3)).astype("float32"), "w")
    p = cr.softmax(np.tanh(x @ v) @ w, axis=1)
    cost = -np.mean(np.sum(y * np.log(p + 1e-6), axis=1)) + 0.01 * np.sum(v * v)
    state = (v, w)
    new = tuple(s - 0.1 * g for s, g in zip(state, cr.grad(cost, state), strict=True))
    return simplified(Program((x, y), state, (cost,), new))


def xor():
    """Return a step that fits into registers, for tables of four rows."""
    x, w = cr.input("x", ("n", 2)), cr.variable(np.arange(6.0).reshape(2, 3), "w")
    cost = np.mean(np.tanh(x @ w) ** 2)
    return fixed(expand(simplified(Program((x,), (w,), (cost,), (w - cr.grad(cost, w),))), CODED), {"n": 4})


def pictures():
    """Return a step of training of a convolution and what comes before and after it."""
    rng = np.random.default_rng(0)
    x, y = cr.input("x", ("batch", 12, 12, 3), "float32"), cr.input("y", ("batch", 5), "float32")
    v = cr.variable(rng.normal(size=(3, 3, 3, 9)).astype("float32"), "v")
    w = cr.variable(rng.normal(size=(9, 5)).astype("float32"), "w")
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), (3, 3), axis=(1, 2)
    )
    z = np.maximum(np.einsum("bhwcij,ijco->bhwo", windows, v), 0)
    again = np.lib.stride_tricks.sliding_window_view(z, (3, 3), axis=(1, 2))
    cost = np.mean((np.mean(np.max(again, axis=(4, 5)), axis=(1, 2)) @ w - y) ** 2)
    new = tuple(s - 0.1 * g for s, g in zip((v, w), cr.grad(cost, (v, w)), strict=True))
    return simplified(Program((x, y), (v, w), (cost,), new))


def texts(machine):
    """Return the code of two steps with their loops, of a loop in registers, and of the kernels."""
    yield stages(program(), machine).ir
    yield stages(pictures(), machine).ir
    kernels = [partial(write, kind=kind) for kind in KINDS for write in (write_kernels, write_kernel)]
    for write in (lambda module: write_tiny(module, xor(), "tiny"), *kernels):
        module = Module(machine)
        write(module)
        yield module.text()


def test_equal_programs_have_the_same_code_to_the_letter():
    """Code on disk is found by its text: another order of the sums in a loop, and a second process compiles anew."""
    machine = known("x86_64-unknown-linux-gnu", "skx", {"avx512f": True, "avx512vl": True})

    def columns():
        x = cr.input("x", ("batch", 32), "float32")
        sums = tuple(np.sum(f(x), axis=0) for f in (np.exp, np.tanh, np.square, np.sin, np.negative))
        return stages(simplified(Program((x,), (), sums, ())), machine).ir

    assert len({columns() for _ in range(20)}) == 1


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_code_is_written_for_a_machine_that_is_not_at_hand(machine):
    for text in texts(machine):
        llvm.parse_assembly(text).verify()
        if "@tiny(" not in text:  # there a vector is an array, and LLVM cuts it up
            found = re.findall(r"load <(\d+) x (float|double)>", text)
            assert max(int(lanes) * {"float": 4, "double": 8}[kind] for lanes, kind in found) == 16
        assert ("llvm.fma" in text) <= machine.has_fma and "masked.load" not in text
        assert ("sched_yield" in text) <= machine.has_yield and ("x86" in text) <= ("x86" in machine.triple)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_llvm_compiles_it(machine):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        llvm.Target.from_triple(machine.triple)
    except RuntimeError:
        pytest.skip(f"this LLVM is not built for {machine.triple}")
    for text in texts(machine):
        assert build.object_code(text, machine)


@pytest.mark.parametrize("width", [16, 32, 64])
def test_no_order_of_a_sum_is_left_to_llvm(width):
    machine = replace(MACHINES["arm"], vector_bytes=width, has_masks=width == 64)
    for text in texts(machine):
        assert "reassoc" not in text and "reduce.fadd" not in text and "reduce.fmul" not in text
        assert not re.search(r"\bf(?:add|sub|mul|div) [a-z]+ (?:<|float|double)", text)  # no flag of any kind


@pytest.mark.parametrize(("made", "shape"), [(program, (33, 20)), (pictures, (5, 12, 12, 3))])
def test_a_step_written_for_a_poorer_machine_runs_on_the_one_at_hand(made, shape):
    rng, y = np.random.default_rng(1), made().inputs[1]
    classes = y.shape[1]
    batch = [rng.normal(size=shape).astype("float32")]
    batch.append(np.eye(classes, dtype="float32")[rng.integers(0, classes, shape[0])])
    state = [v.value for v in made().state]
    here, poor = build.host(), machine_of(POOREST)
    found, wanted = (compile_program(made(), m).step(state, batch) for m in (poor, here))
    kept, made_anew = (pickle.loads(pickle.dumps(compile_program(made(), m))) for m in (poor, here))
    assert kept.stages.machine == poor and kept.step(state, batch)[1] == found[1]
    assert made_anew.stages.machine == here and here not in made_anew.__reduce__()[1]
    for a, b in zip([*found[0], *found[1]], [*wanted[0], *wanted[1]], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_what_is_known_of_a_machine():
    features = {"avx512f": True, "avx512vl": True, "avx2": True, "fma": True, "sse4a": False}
    wide = known("x86_64-pc-windows-msvc", "znver4", features)
    assert wide.features == "+avx2,+avx512f,+avx512vl,+fma,-sse4a"
    assert (wide.vector_bytes, wide.registers, wide.has_fma, wide.has_masks) == (64, 32, True, True)
    assert wide.pause == ("llvm.x86.sse2.pause", ()) and not wide.has_yield
    wasm = MACHINES["wasm"]
    assert wasm.pause is None and not wasm.has_yield and not wasm.has_fma
