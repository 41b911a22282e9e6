"""What goes back through windows on the native engine: NumPy's numbers, and no array of all windows."""

import itertools
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sampling import tries

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.native.look.show import show_memory
from chainrule.engines.native.plan.convolving import phases
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import apply, input, variable
from chainrule.graph.shapes import FULL
from chainrule.transform.simplify import simplify_all

AXES = "hwd"
PLACES = "ijk"
EVERY = [*itertools.product([1, 2, 3, 5], [1, 2, 3, 4], [1, 2, 3])]


def padded(x, sides, fill=None):
    """Return x with so many numbers before and behind each axis between the first and the last."""
    if not any(map(sum, sides)):
        return x
    inner = [(before, before + e, 1) for (before, _), e in zip(sides, x.shape[1:-1], strict=True)]
    shape = (x.shape[0], *(e + sum(s) for s, e in zip(sides, x.shape[1:-1], strict=True)), x.shape[-1])
    at = {"index": (FULL, *inner, FULL), "shape": shape}
    return apply("pad", x, **at) if fill is None else apply("pad_with", x, **at, fill=fill)


def windows(x, sizes, strides, dilations):
    axes = tuple(range(1, 1 + len(sizes)))
    return apply("windows", x, axes=axes, sizes=sizes, strides=strides, dilations=dilations)


def convolved(x, w, strides, dilations, groups=1):
    """Return x (batch, *sizes, channels) under filters w (*places, channels of a group, filters)."""
    rank = len(strides)
    where, places = AXES[:rank], PLACES[:rank]
    if groups == 1:
        spec = f"b{where}c{places},{places}co->b{where}o"
        return apply("contract", windows(x, w.shape[:rank], strides, dilations), w, spec=spec)
    x = np.reshape(x, (*x.shape[:-1], groups, x.shape[-1] // groups))
    w = np.reshape(w, (*w.shape[:-1], groups, w.shape[-1] // groups))
    spec = f"b{where}gc{places},{places}cgo->b{where}go"
    y = apply("contract", windows(x, w.shape[:rank], strides, dilations), w, spec=spec)
    return np.reshape(y, (*y.shape[:-2], y.shape[-2] * y.shape[-1]))


def both(program, state, batch, close, parts="", checked="", rounding=2.0**12):
    """Assert that the native engine gives what NumPy gives, in float64 to 1e-12, and return its executable."""
    ends = simplify_all(list(program.ends), final=True)
    count = len(program.outputs)
    simple = Program(program.inputs, program.state, tuple(ends[:count]), tuple(ends[count:]))
    wanted, outputs = build(program, "numpy").step(state, batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_SHARE", parts)
        patch.setenv("CHAINRULE_CHECK", checked)
        native = compile_program(simple)
        found, values = native.step(state, batch)
    for a, b in zip([*values, *found], [*outputs, *wanted], strict=True):
        close(np.asarray(a), b, "", rounding if b.dtype == "float64" else 2.0**9)
    return native


@pytest.mark.parametrize(("size", "stride", "dilation"), EVERY)
def test_phases_are_all_elements_and_all_places_once(size, stride, dilation):
    for windows, (begin, end) in [(1, (0, 9)), (4, (0, 20)), (4, (1, 3)), (3, (2, 3))]:
        reach = range(begin * stride, end * stride)
        wanted = {
            (e, w, i)
            for w in range(windows)
            for i in range(size)
            if (e := w * stride + i * dilation) in reach
        }
        found = []
        for p in phases(size, stride, dilation, (begin, end)):
            assert p.first + (end - begin) + (p.count - 1) * p.apart == p.stop
            for r, u, t in itertools.product(range(p.width), range(end - begin), range(p.count)):
                element = (begin + u) * stride + p.residues[0] + r
                place = p.place + r + (p.count - 1 - t) * p.step
                assert 0 <= place < size
                found.append((element, p.first + u + t * p.apart, place))
        assert sorted(x for x in found if 0 <= x[1] < windows) == sorted(wanted)
        assert len(set(found)) == len(found)


def test_how_many_products_there_are_does_not_depend_on_the_stride():
    assert [len(phases(size, 16, 1, (0, 5))) for size in (1, 15, 16, 17, 32, 40)] == [1, 1, 1, 2, 1, 2]


@st.composite
def convolutions(draw):
    """Draw two convolutions, one after the other, with gradients of all; a program, its state and a batch."""
    rank = draw(st.sampled_from([1, 2, 2, 2, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.sampled_from([1, 1, 2]))
    channels, filters = (groups * draw(st.sampled_from([1, 2, 4, 9])) for _ in range(2))

    def each(values):
        return tuple(draw(st.sampled_from(values)) for _ in range(rank))

    sizes, strides, dilations = each([1, 2, 3]), each([1, 1, 2, 3]), each([1, 1, 2])
    sides = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(rank))
    least = [d * (k - 1) + 1 - sum(s) for k, d, s in zip(sizes, dilations, sides, strict=True)]
    shape = tuple(max(n, 1) + draw(st.integers(0, 3)) for n in least)
    x = input("x", ("n", *shape, channels), "float64")
    scale = math.sqrt(math.prod(sizes) * channels)
    w = variable(rng.normal(size=(*sizes, channels // groups, filters)) / scale, "w")
    v = variable(rng.normal(size=(channels, channels)) / channels, "v")
    a = np.tanh(x @ v)
    y = convolved(padded(a, sides), w, strides, dilations, groups)
    twice = draw(st.booleans())
    cost = np.sum(np.sin(y)) + (np.sum(a * a) if twice else 0)
    gradients = cr.grad(cost, [w, v])
    if draw(st.booleans()):  # through the gradient once more
        cost = sum(np.sum(np.tanh(g) ** 2) for g in gradients)
        gradients = cr.grad(cost, [w, v])
    new = tuple(p - 0.1 * g for p, g in zip((w, v), gradients, strict=True))
    batch = rng.normal(size=(draw(st.sampled_from([0, 1, 3])), *shape, channels))
    return Program((x,), (w, v), (cost,), new), [w.value, v.value], [batch]


@settings(max_examples=tries(60), suppress_health_check=list(HealthCheck), deadline=None)
@given(drawn=convolutions(), parts=st.sampled_from(["", "3"]), checked=st.sampled_from(["", "1"]))
def test_convolutions_forward_and_backward(drawn, parts, checked, close):
    both(*drawn, close, parts, checked)


POOLS = {
    "max": lambda w, axes: np.max(w, axis=axes),
    "mean": lambda w, axes: np.mean(w, axis=axes),
    "any other": lambda w, axes: np.sum(np.sin(w) * np.exp(-w * w), axis=axes),
}


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize(("size", "stride", "dilation", "sides"), [
    ((3, 3), (2, 2), (1, 1), ((0, 1), (1, 1))), ((3, 2), (1, 1), (1, 2), ((0, 0), (0, 0))),
    ((2, 2), (3, 3), (1, 1), ((1, 0), (0, 2))), ((3,), (2,), (1,), ((1, 1),)),
])  # fmt: skip
def test_pooling_with_overlaps(kind, size, stride, dilation, sides, close):
    rng = np.random.default_rng(0)
    shape = (7, 8)[: len(size)]
    x = input("x", ("n", *shape, 5), "float64")
    v = variable(rng.normal(size=(5, 9)), "v")
    seen = windows(padded(x @ v, sides, -np.inf if kind == "max" else None), size, stride, dilation)
    y = POOLS[kind](seen, tuple(range(-len(size), 0)))
    gradient = cr.grad(np.sum(np.sin(y)), v)
    program = Program((x,), (v,), (np.sum(y),), (v - gradient,))
    for parts, checked in (("", ""), ("3", "1")):
        both(program, [v.value], [rng.normal(size=(3, *shape, 5))], close, parts, checked)


def test_what_overlaps_along_the_last_axis_and_along_the_first(close):
    rng = np.random.default_rng(0)
    v = variable(rng.normal(size=(9, 11)), "v")
    for axes in [(0,), (1,), (0, 1)]:
        at = {"sizes": (3, 2)[: len(axes)], "strides": (2, 1)[: len(axes)], "dilations": (1, 3)[: len(axes)]}
        y = np.max(apply("windows", np.tanh(v), axes=axes, **at), axis=-1)
        both(Program((), (v,), (np.sum(y),), (v - cr.grad(np.sum(y * y), v),)), [v.value], [], close)


# --- memory ---

PICTURES = np.random.default_rng(0).normal(size=(70, 20, 20, 4)).astype("float32")
NETWORKS = {
    "as they are": lambda: [cr.Conv2D(16, 5, activation="relu"), cr.Conv2D(8, 5, activation="tanh")],
    "framed": lambda: [cr.Conv2D(16, 5, activation="relu", padding="same"), cr.Conv2D(8, 5, padding="same")],
    "strides": lambda: [cr.Conv2D(16, 3, padding="same"), cr.Conv2D(8, 5, strides=2, padding="same")],
    "dilated": lambda: [cr.Conv2D(16, 5, padding="same"), cr.Conv2D(8, 5, dilation_rate=2, padding=((4, 3), (2, 4)))],
    "groups": lambda: [cr.Conv2D(16, 5, padding="same"), cr.Conv2D(8, 5, groups=4, padding="same")],
    "each by itself": lambda: [cr.Conv2D(16, 5, padding="same"), cr.DepthwiseConv2D(5, padding="same")],
    "transposed": lambda: [cr.Conv2D(16, 5, strides=2, padding="same"), cr.Conv2DTranspose(8, 5, 2, padding="same")],
    "maxima that overlap": lambda: [cr.Conv2D(16, 5, padding="same"), cr.MaxPooling2D(5, 1, padding="same")],
    "means that overlap": lambda: [cr.Conv2D(16, 5, padding="same"), cr.AveragePooling2D(5, 2)],
}  # fmt: skip


@pytest.mark.parametrize("order", [*map("".join, itertools.permutations("ocij"))])
def test_filters_in_any_order_copy_no_windows(order, close):
    rng = np.random.default_rng(0)
    extents = {"o": 6, "c": 9, "i": 3, "j": 2}
    x = input("x", ("n", 7, 8, 9), "float64")
    w = variable(rng.normal(size=[extents[k] for k in order]), "w")
    v = variable(rng.normal(size=(9, 9)), "v")
    y = apply("contract", windows(x @ v, (3, 2), (1, 2), (2, 1)), w, spec=f"bhwcij,{order}->bhwo")
    new = tuple(p - g for p, g in zip((w, v), cr.grad(np.sum(np.sin(y)), [w, v]), strict=True))
    program = Program((x,), (w, v), (np.sum(y),), new)
    native = both(program, [w.value, v.value], [rng.normal(size=(3, 7, 8, 9))], close)
    largest = max(slot.bytes for slot in native.stages.memory.slots if slot.extents)
    assert largest <= 8 * 9 * 9 * 10  # what windows are of, in a frame


def test_windows_that_no_strides_reach_are_copied_and_that_is_told(close):
    x, w = input("x", ("n", 7, 8, 9), "float64"), variable(np.ones((54, 10)), "w")
    seen = np.reshape(windows(np.tanh(x), (3, 2), (1, 1), (1, 1)), (x.shape[0], 35, 54))
    program = Program((x,), (w,), (np.sum(np.sin(seen @ w)),), (w,))
    native = both(program, [w.value], [np.random.default_rng(0).normal(size=(3, 7, 8, 9))], close)
    assert f"{35 * 54 * 8}·n bytes: v2, a copy of windows" in show_memory(
        native.stages.fusion, native.stages.memory
    )


def places(shown):
    """Return how many bytes each place of a memory plan has for an example."""
    found = re.findall(r"place \d+, (?:(\d+)·)?batch bytes", str(shown))
    return [int(count or 1) for count in found]


@pytest.mark.parametrize("kind", NETWORKS)
def test_no_array_of_all_windows_is_stored(kind):
    network = cr.Network([*NETWORKS[kind](), cr.GlobalAveragePooling2D(), cr.Dense(3, "softmax")], seed=0)
    shown = network.show(PICTURES, np.arange(70) % 3, "memory", optimizer=cr.SGD(0.1))
    largest = 24 * 24 * 16 * 4  # what the filters make, in a frame of zeros
    windows = 25 * 20 * 20 * 16 * 4
    assert max(places(shown)) <= 28 * 28 * 16 * 4
    assert sum(places(shown)) < 8 * largest < windows


FUNCTIONS = {
    "second derivatives": lambda x, w, seen: cr.grad(
        np.sum(cr.grad(np.sum(np.tanh(filtered(seen, w)) ** 2), w) ** 2), x
    ),
    "both derivatives": lambda x, w, seen: cr.grad(
        sum(np.sum(g**3) for g in cr.grad(np.sum(np.tanh(filtered(seen, w)) ** 2), [x, w])), x
    ),
    "filters that share windows": lambda x, w, seen: cr.grad(
        np.sum(filtered(seen, w) * filtered(seen, np.sin(w))) - np.sum(np.sin(filtered(seen, -w))) / 7, x
    ),
    "a filter and a maximum": lambda x, w, seen: cr.grad(
        np.sum(np.sin(filtered(seen, w))) + np.sum(np.max(seen, axis=(4, 5)) ** 2), x
    ),
    "windows by windows": lambda x, w, seen: cr.grad(
        np.sum(np.sin(np.einsum("bhwcij,bhwcij->bhw", seen, windows(np.sin(x), (5, 3), (1, 2), (1, 1))))), x
    ),
}  # fmt: skip


def filtered(seen, w):
    return np.einsum("bhwcij,ijco->bhwo", seen, w)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_no_function_stores_all_windows(kind, close):
    rng = np.random.default_rng(0)
    x = input("x", ("n", 13, 14, 8), "float64")
    w = variable(rng.normal(size=(5, 3, 8, 9)) / 9, "w")
    result = FUNCTIONS[kind](x, w, windows(x, (5, 3), (1, 2), (1, 1)))
    program = Program((x,), (w,), (result,), (w,))
    for parts, checked in [("", ""), ("3", "1")]:
        native = both(program, [w.value], [rng.normal(size=(3, 13, 14, 8))], close, parts, checked)
    largest = max(slot.bytes for slot in native.stages.memory.slots if slot.extents)
    assert largest <= 8 * 17 * 16 * 9  # what filters make of a picture, in a frame; all windows are 8 · 6480


TRAINED = """
import resource
import numpy as np
import chainrule as cr


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def network():
    layers = [cr.Conv2D(16, 5, activation="relu", padding="same"), cr.Conv2D(16, 5, strides=2, padding="same")]
    return cr.Network([*layers, cr.GlobalAveragePooling2D(), cr.Dense(3, "softmax")], seed=0, engine="native")


X, y = np.ones((256, 48, 48, 4), np.float32), np.arange(256) % 3
net = network()
net.fit(X[:8], y[:8], epochs=1, batch_size=8)
net.predict(X[:70])
before = peak()
net.fit(X, y, epochs=1, batch_size=256)
fitted = peak() - before
many = np.ones((3000, 48, 48, 4), np.float32)
before = peak()
net.predict(many)
print(fitted, peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are in kilobytes there")
def test_fit_and_predict_take_no_memory_for_windows():
    done = subprocess.run([sys.executable, "-c", TRAINED], capture_output=True, text=True, check=True)
    fitted, predicted = map(int, done.stdout.split())
    picture = 48 * 48 * 16 * 4
    assert fitted < 256 * 6 * picture  # the windows of the second layer alone are 256 · 25 / 4 of it, twice
    assert predicted < 3000 * picture / 4  # in blocks
