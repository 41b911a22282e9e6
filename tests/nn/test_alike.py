"""Networks that are alike: a copy is what would be drawn, of its own layers, and nothing unlike is taken for alike."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.graph.closed import Program
from chainrule.graph.walk import order
from chainrule.nn import alike
from chainrule.nn.alike import chain_of
from chainrule.nn.architecture import chain
from chainrule.nn.layers.base import SEED, STEP, TRAINING, Learns, Parameter
from chainrule.nn.reading import initial_values
from chainrule.nn.summary import summary_text
from chainrule.recent import Recent

UNITS = st.integers(1, 3)
ACTIVATIONS = st.sampled_from([None, "relu", "tanh", "softmax", cr.sigmoid])
LAYERS = st.one_of(
    st.builds(
        cr.Dense,
        UNITS,
        ACTIVATIONS,
        use_bias=st.booleans(),
        initializer=st.sampled_from([None, "zeros", "he", 0.5, cr.Normal(0.1), cr.Filled(1.0)]),
        regularizer=st.sampled_from([None, "l2", cr.L2(0.5), cr.L1(0.5)]),
        name=st.sampled_from(["", "first"]),
        trainable=st.booleans(),
    ),
    st.builds(cr.Activation, ACTIVATIONS),
    st.builds(cr.BatchNormalization, st.sampled_from([0.5, 0.9]), trainable=st.booleans()),
    st.builds(cr.LayerNormalization),
    st.builds(cr.Dropout, st.sampled_from([0.0, 0.25])),
    st.builds(cr.Flatten),
    st.builds(cr.Reshape, st.sampled_from([(-1, 1), (3, 1), (-1,), (1, 1, -1)])),
    st.builds(cr.ZeroPadding2D, st.sampled_from([1, (0, 1), ((0, 1), 2), ((0, 1), (2, 2))])),
    st.builds(
        cr.MaxPooling2D, st.sampled_from([1, (1, 2)]), st.sampled_from([None, 1, (2, 1)]), st.just("same")
    ),
    st.builds(cr.RandomTranslation, st.sampled_from([0.5, (-0.5, 0.0)]), st.just(0.1)),
    st.builds(cr.GroupNormalization, st.sampled_from([1, 3])),
    st.builds(
        cr.PiecewiseLinearEncoding,
        st.sampled_from([((0, 1), (), (2, 3)), ((0, 2), (), (2, 4)), ((), (), ())]),
    ),
)


# A picture that is drawn may be one that a layer drawn with it cannot move: that it says so has a test of its own.
pytestmark = pytest.mark.filterwarnings("ignore:.*moves nothing in pictures:chainrule.LearningWarning")


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(alike, "_kept", Recent(32))


def program(found):
    state = (*found.parameters.values(), *found.statistics.values())
    used = [n for call in found.calls.values() for n in (*call.inputs, *call.parts.values())]
    ends = (found.output, *found.outputs.values(), *found.parts.values(), *used)
    new_state = (*found.parameters.values(), *found.moved)
    return Program((*found.inputs.values(), TRAINING, STEP, SEED), state, ends, new_state)


def told(found):
    """All of an architecture that is not itself."""
    nodes = order([found.output, *found.updates.values()])
    return {
        "graph": program(found).fingerprint,
        "written": [str(n) for n in found.updates.values()],
        "names": [(n.name, n.shape, n.dtype) for n in nodes],
        "marks": [getattr(n.meaning, "label", None) for n in nodes],
        "roles": [
            (m.role, type(m.initializer), m.regularizer, m.trainable)
            for m in (n.meaning for n in nodes)
            if isinstance(m, Parameter)
        ],
        "labels": [(label, type(call.layer)) for label, call in found.calls.items()],
        "keys": [
            list(getattr(found, part)) for part in ("outputs", "parameters", "statistics", "updates", "parts")
        ],
        "frozen": found.frozen,
        "values": {name: w.tobytes() for name, w in initial_values(found, 7).items()},
        "summary": summary_text(found, "float32"),
    }


@settings(deadline=None, max_examples=60)
@given(st.lists(LAYERS, min_size=1, max_size=5), st.data())
def test_a_copy_is_what_would_be_drawn(layers, data):
    for i in range(len(layers)):
        if data.draw(st.integers(0, 5)) == 0:  # a layer that stands there twice
            layers[i] = layers[data.draw(st.integers(0, i))]
    try:
        wanted = chain(layers, (3,), "float32")
    except cr.ShapeError:
        with pytest.raises(cr.ShapeError):
            chain_of(layers, 3, "float32")
        return
    first, second = (chain_of(layers, 3, "float32") for _ in range(2))
    assert told(first) == told(second) == told(wanted)
    own = [
        {n for n in order([x.output]) if n.inputs or isinstance(n.meaning, Parameter)}
        for x in (first, second)
    ]
    assert not own[0] & own[1] and first.inputs["x"] is not second.inputs["x"]
    cells = [
        {id(w.attributes["cell"]) for w in {**x.parameters, **x.statistics}.values()} for x in (first, second)
    ]
    assert not cells[0] & cells[1]
    for found in (first, second):
        assert all(any(call.layer is x for x in layers) for call in found.calls.values())
        meanings = [n.meaning for n in order([found.output])]
        assert all(any(m.layer is x for x in layers) for m in meanings if isinstance(m, Parameter))
        assert all(any(m.who is x for x in layers) for m in meanings if isinstance(m, Learns))


@settings(deadline=None, max_examples=60)
@given(st.lists(LAYERS, min_size=1, max_size=3), st.lists(LAYERS, min_size=1, max_size=3))
def test_layers_that_differ_are_not_taken_for_each_other(one, other):
    for layers in (one, other):
        try:
            wanted = chain(layers, (3,), "float32")
        except cr.ShapeError:
            continue
        assert told(chain_of(layers, 3, "float32")) == told(wanted)


def test_a_layer_that_is_used_twice_is_not_two_that_are_equal():
    once, twice = cr.Dense(3), [cr.Dense(3), cr.Dense(3)]
    for _ in range(2):
        assert list(chain_of([once, once], 3, "float32").parameters) == ["W1", "b1"]
        assert list(chain_of(twice, 3, "float32").parameters) == ["W1", "b1", "W2", "b2"]


def test_arrays_of_weights_are_those_of_the_layers_at_hand_and_are_not_kept():
    arrays = [np.full((2, 1), float(i)) for i in range(3)]
    for array in arrays:
        network = cr.Network([cr.Dense(1, initializer=array)], input_shape=2)
        assert np.array_equal(network.parameters["W1"], array)
        assert network.architecture.meaning("W1").initializer is array
    listed = cr.Network([cr.Dense(1, initializer=[[4.0], [5.0]])], input_shape=2)
    assert listed.parameters["W1"].tolist() == [[4.0], [5.0]]

    class Watched(np.ndarray):
        pass

    first = np.ones((5, 1)).view(Watched)
    gone = weakref.ref(first)
    del first
    network = cr.Network([cr.Dense(1, initializer=gone())], input_shape=5)
    values = weakref.ref(network.parameters["W1"])
    del network
    gc.collect()
    assert gone() is None and values() is None


def test_what_a_user_wrote_is_drawn_anew():
    factors = [2.0, 3.0]

    def scaled(z):
        return factors[0] * z

    assert chain_of([cr.Dense(1, scaled)], 1, "float32").structure is None
    found = []
    for _ in range(2):
        network = cr.Network([cr.Dense(1, scaled, initializer="ones")], input_shape=1)
        found.append(float(network.predict([[1.0]])[0, 0]))
        factors.reverse()
    assert found == [2.0, 3.0]

    class Own(cr.Dense):
        pass

    assert chain_of([Own(1)], 1, "float32").structure is None
    assert chain_of([cr.Dense(1)], 1, "float32").structure is not None


def test_networks_that_are_alike_share_a_training_step_and_nothing_else():
    X = np.linspace(-1, 1, 24).reshape(12, 2)
    y = X.sum(axis=1)

    def network(**settings):
        layers = [cr.Dense(3, "tanh"), cr.BatchNormalization(), cr.Dropout(0.25), cr.Dense(1)]
        return cr.Network(layers, **{"seed": 0, "input_shape": 2} | settings)

    first = network()
    costs = first.fit(X, y, epochs=20, batch_size=4)["cost"]
    weights = {name: w.copy() for name, w in first.parameters.items()}
    assert network().fit(X, y, epochs=20, batch_size=4)["cost"] == costs
    assert network(input_shape=None).fit(X, y, epochs=20, batch_size=4)["cost"] == costs
    assert network(seed=1).fit(X, y, epochs=20, batch_size=4)["cost"] != costs
    frozen = network()
    frozen.layers[0].trainable = False
    before = frozen.parameters["W1"].copy()
    frozen.fit(X, y, epochs=20, batch_size=4)
    assert np.array_equal(frozen.parameters["W1"], before)
    assert np.isclose(network().fit(X, y, epochs=20, batch_size=4, loss="mae")["cost"], costs).sum() < 20
    weighed = network().fit(X, y, epochs=20, batch_size=4, sample_weight=np.arange(12.0))["cost"]
    assert weighed != costs
    for name, w in first.parameters.items():
        assert np.array_equal(w, weights[name])


def test_a_layer_by_itself_has_no_values_and_says_so():
    x = cr.variable(np.ones((2, 3)))
    y = cr.Dense(4, "tanh")(x)
    for ask in (
        lambda: y.value,
        lambda: cr.grad(np.sum(y), x).value,
        lambda: cr.compile(y)(),
        lambda: cr.trace(y),
    ):
        with pytest.raises(
            cr.GraphError, match=r"W of Dense\(4.* has no value yet: .* cr\.Network\(output, inputs\)"
        ):
            ask()
    assert "W" in str(y)  # its drawing needs none
