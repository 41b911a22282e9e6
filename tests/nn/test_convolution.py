"""Convolution layers: their numbers against SciPy, PyTorch, Keras and differences; what each refuses, and says."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
from hypothesis import assume, given, settings, strategies as st

import chainrule as cr
from chainrule.nn.architecture import chain
from chainrule.nn.convolving import kept, sides, span
from chainrule.nn.reading import initial_values

# Of whole numbers, so that they are exact: made once by PyTorch 2.13.0, and by Keras 3.15.1 on JAX 0.10.2.
STORED = json.loads((Path(__file__).parent / "convolutions.json").read_text())


def numbers(shape, factor, modulus):
    return (np.arange(np.prod(shape)) * factor % modulus - modulus // 2).reshape(shape).astype(np.float64)


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def drawn(layer, shape, dtype="float64", **values):
    """Return input, output and parameters of a layer, some of these given by their first letter."""
    made = chain([layer], shape, dtype)
    for name, value in (initial_values(made, 0) | {f"{k}1": v for k, v in values.items()}).items():
        made.parameters[name].value = value
    return made.inputs["x"], made.output, made.parameters


def run(layer, x, **values):
    x_node, output, _ = drawn(layer, x.shape[1:], **values)
    return cr.trace(output, {x_node: x})[output]


# --- numbers ----------------------------------------------------------------------------------------------


def stored_id(case):
    return f"{case['source']}-{case['layer']}-{' '.join(map(str, case['settings'].values()))}"


@pytest.mark.parametrize("engine", ["numpy", pytest.param("native", marks=pytest.mark.native)])
@pytest.mark.parametrize("case", STORED, ids=stored_id)
def test_outputs_and_gradients_are_those_of_pytorch_and_keras(case, engine):
    layer = getattr(cr, case["layer"])(**case["settings"])
    X, W = numbers(case["x"], 7, 11), numbers(case["W"], 5, 13)
    first = {"D": numbers(case["D"], 3, 7)} if "D" in case else {}
    x, y, parameters = drawn(layer, case["x"][1:], W=W, b=numbers(case["y"][-1:], 3, 5), **first)
    assert parameters["W1"].shape == tuple(case["W"])
    dy = cr.input("dy", y.shape, "float64")
    gradients = cr.grad(np.sum(y * dy), [x, parameters["W1"]])
    found = cr.compile([y, *gradients], inputs=[x, dy], engine=engine)(X, numbers(case["y"], 3, 7))
    for array, name, shape in zip(
        found, ("values", "by x", "by W"), (case["y"], case["x"], case["W"]), strict=True
    ):
        np.testing.assert_array_equal(array, np.reshape(case[name], shape), err_msg=name)


def correlated(x, W, strides=1, dilations=1):
    """Return a convolution as SciPy computes it: of each picture with each kernel spread by the dilation."""
    rank = W.ndim - 2
    strides, dilations = (np.broadcast_to(s, rank) for s in (strides, dilations))
    wide = np.zeros((*[span(k, d) for k, d in zip(W.shape, dilations, strict=False)], *W.shape[rank:]))
    wide[tuple(slice(None, None, d) for d in dilations)] = W
    at = tuple(slice(None, None, s) for s in strides)
    return np.stack(
        [
            np.stack(
                [scipy.signal.correlate(one, wide[..., f], "valid")[..., 0][at] for f in range(W.shape[-1])],
                -1,
            )
            for one in x
        ]
    )


LAYER = {1: cr.Conv1D, 2: cr.Conv2D, 3: cr.Conv3D}
FEW = st.integers(1, 3)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_convolution_is_that_of_scipy(data):
    rank = data.draw(st.sampled_from([1, 2, 2, 3]))
    sizes, strides, dilations, lengths = (
        tuple(data.draw(st.lists(kind, min_size=rank, max_size=rank)))
        for kind in (FEW, FEW, st.integers(1, 2), st.integers(1, 7))
    )
    groups, channels, filters, examples = (data.draw(FEW) for _ in range(4))
    around = tuple(
        data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=rank, max_size=rank))
    )
    named = data.draw(st.sampled_from(["valid", "same", None] + ["causal"] * (rank == 1)))
    padding = named or (around if rank > 1 else around[0])
    spans = [span(k, d) for k, d in zip(sizes, dilations, strict=True)]
    frame = sides(padding, lengths, spans, strides)
    assume(all(n + a + b >= reach for n, (a, b), reach in zip(lengths, frame, spans, strict=True)))
    x, W = normal((examples, *lengths, channels * groups)), normal((*sizes, channels, filters * groups), 1)
    layer = LAYER[rank](filters * groups, sizes, strides, padding, dilations, groups)
    framed = np.pad(x, ((0, 0), *frame, (0, 0)))
    parts = zip(np.split(framed, groups, -1), np.split(W, groups, -1), strict=True)
    expected = np.concatenate([correlated(one, kernel, strides, dilations) for one, kernel in parts], axis=-1)
    np.testing.assert_allclose(run(layer, x, W=W), expected, rtol=1e-12, atol=1e-12)
    if named == "same":
        assert expected.shape[1:-1] == tuple(-(-n // s) for n, s in zip(lengths, strides, strict=True))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(data):
    sizes, strides, dilations = (data.draw(st.tuples(FEW, FEW)) for _ in range(3))
    padding = data.draw(st.sampled_from(["valid", "same", 1, (0, 1), ((0, 1), (1, 0))]))
    places, (channels, filters) = data.draw(st.tuples(st.integers(1, 4), FEW)), data.draw(st.tuples(FEW, FEW))
    spans = [span(k, d) for k, d in zip(sizes, dilations, strict=True)]
    lengths = [length for _, length in kept(padding, (None, None), places, spans, strides)]
    assume(min(lengths) > 0)
    X, W = normal((2, *places, channels)), normal((*sizes, channels, filters), 1)
    found = run(cr.Conv2DTranspose(filters, sizes, strides, padding, dilation_rate=dilations), X, W=W)
    assert found.shape == (2, *lengths, filters)
    forward = cr.Conv2D(channels, sizes, strides, padding, dilations, use_bias=False)
    frame = sides(padding, lengths, spans, strides)
    assume(all(n + a + b >= reach for n, (a, b), reach in zip(lengths, frame, spans, strict=True)))
    z, y, _ = drawn(forward, (*lengths, filters), W=W.swapaxes(2, 3))
    assert y.shape[1:] == (*places, channels)
    dy = cr.input("dy", y.shape, "float64")
    by_z = cr.grad(np.sum(y * dy), z)
    expected = cr.trace(by_z, {z: np.zeros(found.shape), dy: X})[by_z]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_separable_convolution_is_a_depthwise_one_and_then_sums():
    x, D, W, b = (
        normal(shape, i) for i, shape in enumerate([(2, 5, 6, 3), (3, 2, 3, 2), (1, 1, 6, 4), (4,)])
    )
    options = {"strides": (2, 1), "padding": "same", "dilation_rate": (1, 2)}
    first = run(cr.DepthwiseConv2D((3, 2), depth_multiplier=2, use_bias=False, **options), x, W=D)
    second = cr.SeparableConv2D(4, (3, 2), depth_multiplier=2, activation="tanh", **options)
    np.testing.assert_allclose(run(second, x, D=D, W=W, b=b), np.tanh(first @ W[0, 0] + b))


def test_a_depthwise_convolution_has_a_group_for_each_channel():
    x, W = normal((2, 5, 4, 3)), normal((3, 2, 3, 2), 1)
    grouped = cr.Conv2D(6, (3, 2), groups=3)
    np.testing.assert_allclose(
        run(cr.DepthwiseConv2D((3, 2), depth_multiplier=2), x, W=W),
        run(grouped, x, W=W.reshape(3, 2, 1, 6)),
        rtol=1e-12,
    )


def test_a_causal_convolution_sees_nothing_of_what_comes_later():
    x = normal((1, 9, 2))
    layer = cr.Conv1D(3, 3, padding="causal", dilation_rate=2)
    W = normal((3, 2, 3), 1)
    changed = x.copy()
    changed[:, 5:] = 7
    before, after = run(layer, x, W=W), run(layer, changed, W=W)
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert not np.isclose(before[:, 5], after[:, 5]).any()


EVERY = [
    (cr.Conv1D(3, 3, activation="tanh"), (6, 2)),
    (cr.Conv1D(4, 2, 2, "causal", groups=2), (5, 2)),
    (cr.Conv1D(2, 3, padding=(0, 2), dilation_rate=2, use_bias=False), (6, 1)),
    (cr.Conv2D(2, 3, activation="softplus"), (5, 4, 1)),
    (cr.Conv2D(2, (2, 3), strides=(2, 1), padding="same"), (5, 5, 3)),
    (cr.Conv2D(4, 2, dilation_rate=(2, 1), groups=2, padding=((1, 0), (0, 2))), (4, 4, 2)),
    (cr.Conv2D(2, 3, strides=2, dilation_rate=2, padding=1), (6, 5, 2)),
    (cr.Conv2D(3, 1), (3, 2, 2)),
    (cr.Conv2D(3, 1, strides=2, groups=1, activation="sigmoid"), (3, 4, 2)),
    (cr.Conv2D(2, 3, regularizer="l2"), (3, 3, 2)),
    (cr.Conv3D(2, (1, 2, 2), padding="same"), (2, 3, 2, 2)),
    (cr.DepthwiseConv2D(3, padding="same"), (4, 3, 2)),
    (cr.DepthwiseConv2D((2, 1), 2, depth_multiplier=2, activation="tanh"), (4, 3, 2)),
    (cr.DepthwiseConv2D(2, dilation_rate=2, padding=1, use_bias=False), (3, 3, 1)),
    (cr.SeparableConv2D(3, 2), (4, 3, 2)),
    (cr.SeparableConv2D(3, (2, 3), 2, "same", depth_multiplier=2, activation="tanh"), (4, 5, 2)),
    (cr.DepthwiseConv1D(3, 2, "causal", depth_multiplier=2, activation="tanh"), (5, 2)),
    (cr.SeparableConv1D(3, 2, padding=(0, 2), dilation_rate=2, activation="tanh"), (5, 2)),
    (cr.Conv1DTranspose(2, 3, 2, (1, 0), output_padding=1, dilation_rate=2, activation="tanh"), (4, 2)),
    (cr.Conv2DTranspose(2, 3), (3, 2, 2)),
    (cr.Conv2DTranspose(2, 3, strides=2, padding="same", activation="tanh"), (3, 2, 3)),
    (
        cr.Conv2DTranspose(1, (2, 3), (3, 2), ((1, 0), 1), output_padding=(1, 0), dilation_rate=(1, 2)),
        (2, 3, 2),
    ),
    (cr.Conv2DTranspose(1, 2, strides=3, padding="valid", use_bias=False), (2, 2, 1)),
]


@pytest.mark.parametrize("case", EVERY, ids=lambda case: repr(case[0]))
def test_derivatives_are_those_of_differences_the_second_ones_too(case):
    layer, shape = case
    x = cr.variable(normal((2, *shape)), "x")
    y = layer(x)
    weights = list(y.meaning.parameters)
    for i, w in enumerate(weights):
        w.value = normal(w.shape, i + 1)
    J = np.sum(np.sin(y) * normal(y.shape, 9))
    assert cr.check_gradients(J, [x, *weights]).passed
    slopes = cr.grad(J, [x, *weights])
    steepness = sum([np.sum(g * g) for g in slopes[1:]], np.sum(slopes[0] * slopes[0]))
    assert cr.check_gradients(steepness, [x, *weights]).passed


@pytest.mark.parametrize("case", EVERY, ids=lambda case: repr(case[0]))
def test_no_example_and_one_alone(case):
    layer, shape = case
    network = cr.Network([layer, cr.Flatten(), cr.Dense(1)], input_shape=shape, seed=0, dtype="float64")
    both = normal((2, *shape))
    assert network.predict(both[:0]).shape == (0, 1)
    np.testing.assert_allclose(network.predict(both[1:]), network.predict(both)[1:], rtol=1e-12)


def fitted(layer, shape, dtype, engine, epochs):
    """Return the costs and parameters of a network in which what stands before the layer learns through it."""
    X, y = normal((10, *shape)), normal((10, 1), 5)
    layers = [cr.Dense(shape[-1], "tanh"), replace(layer), cr.Flatten(), cr.Dense(1)]
    network = cr.Network(layers, seed=0, dtype=dtype, engine=engine)
    costs = network.fit(X, y, optimizer=cr.Adam(0.02), epochs=epochs, batch_size=4)["cost"]
    return costs, dict(network.parameters)


@pytest.mark.native
@pytest.mark.parametrize("case", EVERY, ids=lambda case: repr(case[0]))
def test_layers_learn_the_same_on_every_engine(case):
    costs = {engine: fitted(*case, "float64", engine, 6)[0] for engine in cr.ENGINES}
    for found in costs.values():
        np.testing.assert_allclose(found, costs["numpy"], rtol=1e-9)
        assert found[-1] < found[0]


@pytest.mark.native
@pytest.mark.parametrize("case", EVERY, ids=lambda case: repr(case[0]))
def test_layers_learn_the_same_bits_in_any_parts(case, monkeypatch):
    found = []
    for parts, threads, checked in (
        ("", "1", ""),
        ("2", "1", ""),
        ("3", "2", "1"),  # in one of them every access to memory is checked, which is slow to compile
        ("7", "4", ""),
        ("", "3", ""),
    ):
        monkeypatch.setenv("CHAINRULE_SHARE", parts)
        monkeypatch.setenv("CHAINRULE_THREADS", threads)
        monkeypatch.setenv("CHAINRULE_CHECK", checked)
        costs, parameters = fitted(*case, "float32", "native", 2)
        found.append((costs, {name: w.tobytes() for name, w in parameters.items()}))
    for other in found[1:]:
        assert other == found[0]


# --- settings ---------------------------------------------------------------------------------------------


def test_settings_are_what_keras_takes_in_its_order():
    layer = cr.Conv2D(8, [3, 5], np.int64(2), "SAME", (1, 1), 2, "ReLU", False)
    assert (layer.kernel_size, layer.strides, layer.padding, layer.activation) == ((3, 5), 2, "same", "relu")
    assert repr(cr.Conv2D(8, 3)) == "Conv2D(8, kernel_size=3)"
    assert repr(cr.Conv2D(8, 3, padding=[[0, 1], 2])) == "Conv2D(8, kernel_size=3, padding=((0, 1), 2))"
    assert cr.Conv1D(4, (3,)).kernel_size == (3,)


BAD = [
    (lambda: cr.Conv2D(0, 3), "filters must be a whole number of at least 1; found 0"),
    (lambda: cr.Conv2D(8, 0), r"whole number of at least 1, or 2 of them: \(height, width\); found 0"),
    (lambda: cr.Conv2D(8, (3, 3, 3)), r"found \(3, 3, 3\)"),
    (lambda: cr.Conv2D(8, 2.5), "found 2.5"),
    (lambda: cr.Conv2D(8, True), "found True"),
    (lambda: cr.Conv2D(8, "3"), "found '3'"),
    (lambda: cr.Conv2D(8, None), "found None"),
    (lambda: cr.Conv1D(8, (3, 3)), r"Conv1D: kernel_size must be a whole number of at least 1; found \(3, 3\)"),
    (lambda: cr.Conv2D(8, 3, strides=0), "strides must be"),
    (lambda: cr.Conv2D(8, 3, dilation_rate=(1, 0)), "dilation_rate must be"),
    (lambda: cr.Conv2D(8, 3, "same"), "found 'same'. It is given by name: padding='same'"),
    (lambda: cr.Conv1D(8, 3, "ReLU"), "found 'ReLU'. It is given by name: activation='ReLU'"),
    (lambda: cr.Conv2D(8, 3, padding="smae"), "Unknown padding 'smae'. Did you mean 'same'"),
    (lambda: cr.Conv2D(8, 3, padding="causal"), "Unknown padding 'causal'"),
    (lambda: cr.Conv2D(8, 3, padding=-1), r"least 0, or one or a pair for each of \(height, width\); found -1"),
    (lambda: cr.Conv2D(8, 3, padding=((1, 1), (2, 2, 2))), "padding must be"),
    (lambda: cr.Conv2D(8, 3, padding=None), "padding must be"),
    (lambda: cr.Conv1D(8, 3, padding=((1, 1),)), "one for each end"),
    (lambda: cr.Conv2D(8, 3, groups=3), "8 filters do not divide into 3 groups"),
    (lambda: cr.Conv2D(8, 3, groups=0), "groups must be"),
    (lambda: cr.Conv2D(8, 3, activation="rellu"), "Unknown activation"),
    (lambda: cr.Conv2D(8, 3, initializer="hee"), "Unknown initializer"),
    (lambda: cr.Conv2D(8, 3, regularizer="l3"), "Unknown regularizer"),
    (lambda: cr.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier must be"),
    (lambda: cr.SeparableConv2D(4, (3,)), "SeparableConv2D: kernel_size"),
    (lambda: cr.Conv2DTranspose(4, 3, output_padding=1), "output_padding must be below strides, 1; found 1"),
    (lambda: cr.Conv2DTranspose(4, 3, strides=2, output_padding=-1), "must be a whole number of at least 0"),
    (lambda: cr.Conv2DTranspose(4, 3, padding="causal"), "Unknown padding"),
    (lambda: cr.Conv1DTranspose(4, 3, padding="causal"), "Unknown padding 'causal'"),
    (lambda: cr.Conv1DTranspose(4, 3, output_padding=1), "Conv1DTranspose: output_padding must be below strides"),
    (lambda: cr.DepthwiseConv1D((3, 3)), "DepthwiseConv1D: kernel_size must be a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), BAD)
def test_settings_that_make_no_sense(make, words):
    with pytest.raises(cr.ChainruleError, match=words):
        make()


@pytest.mark.parametrize(
    ("layers", "shape", "words"),
    [
        (
            [cr.Conv2D(8, 3)], (28, 28),
            r"\(height, width, channels\); found \(28, 28\).*X\[\.\.\., np\.newaxis\].*cr\.Reshape\(\(28, 28, 1\)\)",
        ),
        ([cr.Conv2D(8, 3)], 784, r"cr\.Reshape\(\(28, 28, 1\)\)"),
        ([cr.Conv2D(8, 3)], 3072, r"cr\.Reshape\(\(32, 32, 3\)\)"),
        ([cr.Conv2D(8, 3)], 7, r"found \(7,\)\."),
        ([cr.Conv1D(8, 3)], 16, r"\(time, features\); found \(16,\).*cr\.Reshape\(\(16, 1\)\)"),
        ([cr.Conv2D(8, 3)], (3, 4, 5, 6), r"found \(3, 4, 5, 6\)"),
        ([cr.Conv2D(8, 3)], (1, 28, 28), r"over 3 x 3 places, and there are 1 x 28\. .*np\.moveaxis\(X, 1, -1\)"),
        ([cr.Conv2D(8, 5)], (3, 32, 32), r"np\.moveaxis\(X, 1, -1\)"),
        ([cr.Conv2D(8, 7)], (5, 5, 1), r"reaches over 7 x 7 places, and there are 5 x 5\. Take smaller ones"),
        ([cr.Conv2D(8, 3, dilation_rate=3)], (5, 9, 1), r"reaches over 7 x 7 places, and there are 5 x 9"),
        (
            [cr.Conv2D(8, 3, strides=4), cr.Conv2D(8, 1), cr.Conv2D(8, 3)], (8, 8, 1),
            r"there are 2 x 2 after Conv2D\(8, kernel_size=3, strides=4\), which was given 8 x 8",
        ),
        (
            [cr.Conv2D(4, 3, padding="same"), *[cr.MaxPooling2D() for _ in range(4)], cr.Conv2D(4, 3)], (28, 28, 1),
            r"3 x 3 places, and there are 1 x 1 after MaxPooling2D\(\), which was given 3 x 3",
        ),
        ([cr.MaxPooling2D(), cr.MaxPooling2D()], (3, 3, 1), r"2 x 2 places, and there are 1 x 1 after MaxPooling2D"),
        ([cr.Conv2D(4, 3, groups=2)], (8, 8, 3), "3 channels do not divide into 2 groups"),
        ([cr.Conv2D(4, 3, padding="same")], (0, 8, 3), "there are 0 x 8"),
        ([cr.Conv2D(4, 3)], (8, 8, 0), "there are no channels"),
        ([cr.Conv2DTranspose(4, 2, padding=2)], (3, 3, 1), "cuts all off that kernels reach from pictures of 3 x 3."),
        ([cr.Conv1DTranspose(4, 2, padding=2)], (3, 1), "padding cuts all off that kernels reach from sequences of 3."),
        ([cr.SeparableConv1D(4, 2)], (3, 3, 1), r"takes sequences of shape \(time, features\)"),
        ([cr.Conv2D(4, 3), cr.Conv2D(4, (10**6, 10**6), padding=10**6)], (8, 8, 1), "memory of this machine"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(layers, shape, words):
    with pytest.raises(cr.ShapeError, match=words):
        cr.Network(layers, input_shape=shape)


def test_channels_that_come_first_are_told_where_they_would_fit_too():
    with pytest.warns(
        cr.LearningWarning, match=r"\(3, 32, 32\) looks like \(channels, height, width\).*moveaxis"
    ):
        cr.Network([cr.Conv2D(5, 3)], input_shape=(3, 32, 32))
    with pytest.warns(cr.LearningWarning, match="looks like"):
        cr.Network([cr.Conv2D(5, 3, padding="same")], input_shape=(1, 28, 28))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cr.Network([cr.Conv2D(5, (1, 3))], input_shape=(1, 100, 12))  # as meant
        cr.Network(
            [cr.Conv2D(32, 3, strides=10), cr.Conv2D(5, 3)], input_shape=(33, 333, 3)
        )  # a picture of 4 x 34


def test_places_must_have_fixed_lengths():
    with pytest.raises(cr.ShapeError, match="fixed lengths"):
        cr.Conv1D(3, 3)(cr.input("x", ("batch", "time", 4)))


# --- how they begin ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "channels", "role", "fan_in", "fan_out"),
    [
        (cr.Conv2D(64, (3, 5)), 32, "W", 15 * 32, 15 * 64),
        (cr.Conv1D(64, 3), 32, "W", 3 * 32, 3 * 64),
        (cr.Conv2D(64, 3, groups=4), 64, "W", 9 * 16, 9 * 16),
        (cr.DepthwiseConv2D(5, depth_multiplier=4), 128, "W", 25, 25 * 4),
        (cr.SeparableConv2D(64, 5, depth_multiplier=2), 128, "D", 25, 25 * 2),
        (cr.SeparableConv2D(64, 5, depth_multiplier=2), 128, "W", 256, 64),
        (cr.Conv2DTranspose(16, 3, strides=2), 128, "W", 9 * 128, 9 * 16),
    ],
)
@pytest.mark.parametrize(("activation", "scale"), [("relu", 2), (None, 1)])
def test_fans_are_those_of_a_kernel_and_of_its_group(
    layer, channels, role, fan_in, fan_out, activation, scale
):
    layer = replace(layer, activation=activation)
    shape = (32, channels) if isinstance(layer, cr.Conv1D) else (9, 9, channels)
    w = drawn(layer, shape)[2][f"{role}1"].value
    variance = scale / fan_in if scale == 2 else 2 / (fan_in + fan_out)
    assert abs(w.var() - variance) < 5 * variance * np.sqrt(2 / w.size)


def test_the_kernels_of_each_group_are_orthogonal():
    _, _, parameters = drawn(cr.Conv2D(8, 3, groups=2, initializer="orthogonal"), (5, 5, 4))
    W = parameters["W1"].value
    for part in (W[..., :4], W[..., 4:]):
        np.testing.assert_allclose(part.reshape(18, 4).T @ part.reshape(18, 4), np.eye(4), atol=1e-12)
    _, _, parameters = drawn(cr.DepthwiseConv2D(3, depth_multiplier=2, initializer="orthogonal"), (5, 5, 3))
    for channel in range(3):
        part = parameters["W1"].value[:, :, channel].reshape(9, 2)
        np.testing.assert_allclose(part.T @ part, np.eye(2), atol=1e-12)


def test_groups_are_drawn_one_after_the_other_from_one_stream():
    _, _, parameters = drawn(cr.Conv2D(3, 2, initializer="large"), (4, 4, 2))
    _, _, grouped = drawn(cr.Conv2D(6, 2, groups=2, initializer="large"), (4, 4, 4))
    np.testing.assert_array_equal(grouped["W1"].value[..., :3], parameters["W1"].value)
    asked = []

    def halves(shape, rng):
        asked.append(shape)
        return np.full(shape, len(asked) / 2)

    _, _, own = drawn(cr.DepthwiseConv2D(2, initializer=halves), (4, 4, 3))
    assert asked == [(2, 2, 1, 1)] * 3
    np.testing.assert_array_equal(own["W1"].value[0, 0, :, 0], [0.5, 1, 1.5])
    whole = normal((2, 2, 3, 1))
    _, _, given = drawn(cr.DepthwiseConv2D(2, initializer=whole), (4, 4, 3))
    np.testing.assert_array_equal(given["W1"].value, whole)


@pytest.mark.parametrize("size", [1, 3])
def test_he_draws_what_a_relu_follows_past_normalization_and_no_further(size):
    def deviation(*layers):
        network = cr.Network([cr.Conv2D(64, size), *layers], input_shape=(8, 8, 32), seed=0)
        return network.parameters["W1"].std()

    he, glorot = np.sqrt(2 / (32 * size**2)), np.sqrt(2 / (96 * size**2))
    assert deviation(cr.Activation("relu")) == pytest.approx(he, rel=0.05)
    assert deviation(cr.BatchNormalization(), cr.Activation("relu")) == pytest.approx(he, rel=0.05)
    assert deviation() == pytest.approx(glorot, rel=0.05)
    assert deviation(cr.Conv2D(4, size, activation="relu")) == pytest.approx(glorot, rel=0.05)
    assert deviation(cr.Conv2D(4, size, groups=2, activation="relu")) == pytest.approx(glorot, rel=0.05)


# --- in a network -----------------------------------------------------------------------------------------


def network(**options):
    layers = [
        cr.Conv2D(8, 3, activation="relu"),
        cr.DepthwiseConv2D(3, strides=2),
        cr.SeparableConv2D(4, 3, padding="same", activation="relu"),
        cr.Conv2DTranspose(2, 3, strides=2, padding="same"),
        cr.Flatten(),
        cr.Dense(3, "softmax"),
    ]
    return cr.Network(layers, seed=0, **options)


def test_parameters_are_named_as_in_the_lectures():
    made = network(input_shape=(12, 12, 1))
    assert set(made.architecture.parameters) == {
        "W1", "b1", "W2", "b2", "D3", "W3", "b3", "W4", "b4", "W5", "b5",
    }  # fmt: skip
    assert list(made.architecture.calls) == [
        "conv2d_1", "depthwise_conv2d_1", "separable_conv2d_1", "conv2d_transpose_1", "flatten_1", "dense_1",
    ]  # fmt: skip
    found = made.activations(normal((2, 12, 12, 1)))
    assert found["Z1"].shape == found["A1"].shape == (2, 10, 10, 8)
    np.testing.assert_array_equal(found["A1"], np.maximum(found["Z1"], 0))


def test_networks_are_alike_only_if_all_settings_are():
    def structure(**settings):
        made = cr.Network([cr.Conv2D(4, (3, 3), **settings)], input_shape=(8, 8, 2))
        return made.architecture.structure

    settings = [
        {}, {"padding": "same"}, {"padding": 1}, {"padding": (1, 2)}, {"padding": ((1, 2), (0, 0))}, {"strides": 2},
        {"strides": (2, 1)}, {"dilation_rate": 2}, {"groups": 2}, {"use_bias": False},
    ]  # fmt: skip
    found = [structure(**each) for each in settings]
    assert None not in found and len(set(found)) == len(found)
    assert [structure(**each) for each in settings] == found


def test_what_is_learned_does_not_depend_on_how_large_pictures_are():
    def learned(size):
        return cr.Network(
            [cr.Conv2D(8, 3, activation="relu")], input_shape=(size, size, 1), seed=3
        ).parameters

    small, large = learned(8), learned(100)
    assert small.keys() == large.keys()
    for name in small:
        np.testing.assert_array_equal(small[name], large[name])


@pytest.mark.parametrize("layer", [cr.Conv2D(64, 3, padding="same"), cr.Conv2DTranspose(64, 3)])
def test_files_hold_small_kernels_for_large_pictures(layer, tmp_path):
    """Which would take hundreds of megabytes for an example, were windows stored."""
    made = cr.Network([cr.Conv2D(64, 1), layer, cr.Conv2D(1, 1)], input_shape=(512, 512, 3), seed=0)
    made.save(tmp_path / "m")
    assert cr.load(tmp_path / "m").output.shape == made.output.shape


@pytest.mark.parametrize("case", EVERY, ids=lambda case: repr(case[0]))
def test_files_keep_every_setting(case, tmp_path):
    layer, shape = case
    made = cr.Network([layer, cr.Flatten(), cr.Dense(1)], input_shape=shape, seed=0)
    made.save(tmp_path / "m")
    again = cr.load(tmp_path / "m")
    if layer.regularizer is None:
        assert repr(again.layers[0]) == repr(layer)
    X = normal((3, *shape))
    np.testing.assert_array_equal(again.predict(X), made.predict(X))


def test_the_order_of_pytorch_is_noticed_where_it_could_be_ours():
    for numbers in ((1, 8, 3), (3, 16, 5), (16, 32, 3), (64, 64, 7)):
        with pytest.warns(cr.LearningWarning, match=rf"write cr.Conv2D\({numbers[1]}, {numbers[2]}\)"):
            cr.Conv2D(*numbers)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for numbers in ((64, 7, 2), (96, 11, 4), (768, 16, 16), (32, 8, 4), (8, 3, 3), (1, 8), (1, 8, 8)):
            cr.Conv2D(*numbers)
        for numbers in ((512, 10, 5), (32, 80, 16)):  # of networks that hear
            cr.Conv1D(*numbers)
