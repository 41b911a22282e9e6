"""Mixtures: one network of several that have learned, which says what they say in the mean."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)).astype("f4")
EDGES = cr.bin_edges(X, 6)
CASES = {
    "dense": lambda: [cr.Dense(3, "relu"), cr.Dense(2)],
    "encoded": lambda: [cr.PiecewiseLinearEncoding(EDGES), cr.Dense(3, "relu"), cr.Dropout(0.5), cr.Dense(2)],
    "other edges": lambda: [cr.PiecewiseLinearEncoding(cr.bin_edges(X, 3)), cr.Dense(2)],
    "normalized": lambda: [cr.Dense(3), cr.BatchNormalization(), cr.Activation("relu"), cr.Dense(2)],
    "nested": lambda: [cr.Reshape((3, 1)), cr.Bidirectional(cr.GRU(2)), cr.Dense(2)],
    "amounts": lambda: [
        cr.Dense(2),
        cr.Clip(-3, 3),
        cr.Activation("exponential"),
        cr.Rescaling((2, 3), (0, -1)),
    ],
}


def learned(layers, seed=0, loss="mse", y=None):
    network = cr.Network(layers, input_shape=3, seed=seed)
    y = np.stack([np.sin(X[:, 0]), X[:, 1] ** 2], 1) if y is None else y
    network.fit(X, y, epochs=2, loss=loss, batch_size=16)
    return network


@pytest.fixture(scope="module")
def networks():
    return {name: [learned(layers(), seed) for seed in (0, 1)] for name, layers in CASES.items()}


@settings(deadline=None, max_examples=20)
@given(st.data())
def test_what_it_says_is_the_mean_of_what_they_say(networks, data):
    members = data.draw(
        st.lists(st.sampled_from([n for pair in networks.values() for n in pair]), min_size=1, max_size=5)
    )
    weights = data.draw(
        st.none() | st.lists(st.floats(0.01, 100), min_size=len(members), max_size=len(members))
    )
    whole = cr.mixture(members, weights)
    whole.engine = "numpy"
    expected = np.average([n.predict(X) for n in members], axis=0, weights=weights)
    np.testing.assert_allclose(whole.predict(X), expected, rtol=1e-5, atol=1e-5)


def test_it_is_a_network_as_others_are(networks, tmp_path):
    members = [n for pair in networks.values() for n in pair]
    whole = cr.mixture(members)
    path = tmp_path / "m.safetensors"
    whole.save(path)
    for again in (cr.load(path), copy.deepcopy(whole)):
        np.testing.assert_array_equal(again.predict(X), whole.predict(X))
    before = [n.predict(X) for n in members]
    whole.fit(X, np.zeros((40, 2)), epochs=2)
    for network, p in zip(members, before, strict=True):  # it has numbers of its own
        np.testing.assert_array_equal(network.predict(X), p)


@pytest.mark.native
def test_engines_agree(networks):
    whole = cr.mixture([n for pair in networks.values() for n in pair])
    found = []
    for engine in ("native", "numpy"):
        whole.engine = engine
        found.append(whole.predict(X))
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-5)


def test_members_of_the_same_layers_have_numbers_of_their_own():
    layers = [cr.Dense(3, "tanh"), cr.Dense(2)]
    members = [learned(layers, seed) for seed in (0, 1)]
    whole = cr.mixture(members)
    assert list(whole.parameters) == ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]
    np.testing.assert_array_equal(whole.parameters["W3"], members[1].parameters["W1"])


def test_equal_encodings_are_one(networks):
    whole = cr.mixture([*networks["encoded"], *networks["other edges"]])
    labels = list(whole.architecture.calls)
    assert [name for name in labels if "encoding" in name] == [
        "piecewise_linear_encoding_1", "piecewise_linear_encoding_2",
    ]  # fmt: skip


def test_what_counts_nothing_is_left_out(networks):
    (one, other) = networks["dense"]
    assert len(cr.mixture([one, other], [0, 3]).parameters) == 4
    np.testing.assert_array_equal(cr.mixture([one, other], [0, 3]).predict(X), other.predict(X))


@pytest.mark.parametrize("end", ["softmax", "sigmoid"])
def test_probabilities_stay_probabilities(end):
    y = (X[:, 0] > 0).astype(int) if end == "softmax" else (X > 0)[:, :2].astype(int)
    members = [learned([cr.Dense(2, end)], seed, None, y) for seed in range(3)]
    whole = cr.mixture(members, [0.1, 0.2, 0.7])
    p = whole.predict(X * 1000)
    assert p.min() >= 0 and p.max() <= 1
    assert whole.loss == members[0].loss
    classes = whole.predict_classes(X)
    assert classes.shape == ((40,) if end == "softmax" else (40, 2))
    assert set(whole.evaluate(X, y).keys()) == {"cost", "accuracy"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda a: a, "a list of networks"),
        (lambda a: [], "the list is empty"),
        (lambda a: [a, 3], "made of networks"),
        (lambda a: [a, cr.Network([cr.Dense(2)], input_shape=4)], r"input x \(3,\).*input x \(4,\)"),
        (lambda a: [a, cr.Network([cr.Dense(2, "softmax")], input_shape=3)], "'softmax'"),
        (lambda a: [a, cr.Network([cr.Dense(2)], input_shape=3, dtype="float64")], "float64"),
        (lambda a: [a, cr.Network([cr.Dense(2)])], "has not seen data"),
    ],
)
def test_what_makes_none(networks, given, says):
    with pytest.raises(cr.ChainruleError, match=says):
        cr.mixture(given(networks["dense"][0]))


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [-1, 2], [0, 0], [np.nan, 1], "ab", [[1], [2]]])
def test_weights_that_are_none(networks, weights):
    with pytest.raises(cr.ChainruleError, match="weights"):
        cr.mixture(networks["dense"], weights)


def test_a_summary_shows_members_that_are_alike_once():
    layers = [cr.PiecewiseLinearEncoding(EDGES), cr.Dense(3, "relu"), cr.Dense(2)]
    members = [cr.Network(layers, input_shape=3, seed=seed) for seed in range(5)]
    lines = cr.mixture([*members, cr.Network([cr.Dense(2)], input_shape=3)]).summary_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("dense_1 (Dense) × 5"))
    assert lines[at + 1] == "  ← piecewise_linear_encoding_1" and lines[at + 2].startswith(
        "dense_2 (Dense) × 5"
    )
    assert lines[at + 3].startswith("dense_11 (Dense) ") and lines[at + 4] == "  ← x"


def test_long_members_are_shown_once_too():
    """As those are that learn a logarithm: seven layers and more each."""
    after = [
        cr.Rescaling(2.0, 1.0),
        cr.Clip(-9.0, 9.0),
        cr.Activation("exponential"),
        cr.Rescaling(0.5, -1.0),
    ]
    layers = [cr.PiecewiseLinearEncoding(EDGES), cr.Dense(3, "relu"), cr.Dropout(0.1), cr.Dense(3, "relu")]
    members = [cr.Network([*layers, cr.Dense(1), *after], input_shape=3, seed=seed) for seed in range(4)]
    text = cr.mixture(members).summary_text()
    assert text.count("(Dense)") == 3 and text.count(" × 4") == 8


def test_shares_that_are_equal_are_shown_once():
    assert repr(cr.Mixture((0.1, 0.1, 0.1, 0.7))) == "Mixture(<3 × 0.1, 0.7>)"
