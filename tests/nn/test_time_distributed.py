"""TimeDistributed: the layer on each step by itself, and of all that one computation."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import GraphError, ShapeError
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order
from chainrule.transform.simplify import simplify_all

rng = np.random.default_rng(0)
FILMS = rng.standard_normal((6, 5, 6, 6, 2)).astype("float32")
S = rng.standard_normal((6, 5, 3)).astype("float32")


def network(*layers, shape=S.shape[1:], **settings):
    return cr.Network(list(layers), input_shape=shape, seed=0, **settings)


def step_by_step(layer, values, parameters):
    """What a network of the layer alone makes of each step."""
    alone = network(layer, shape=values.shape[2:])
    for name in alone.parameters:
        alone.parameters[name] = parameters[name]
    return np.stack([alone.predict(values[:, t]) for t in range(values.shape[1])], axis=1)


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize(
    "layer", [
        cr.Dense(4, "tanh"), cr.Dense(5, "softmax"), cr.Conv2D(4, 3, activation="relu"), cr.Flatten(),
        cr.GlobalAveragePooling2D(), cr.MaxPooling2D(2), cr.LayerNormalization(), cr.ZeroPadding2D(1),
        cr.SeparableConv2D(3, 2), cr.UpSampling2D(2), cr.BatchNormalization(), cr.GRU(3), cr.Dropout(0.5),
        cr.Reshape((-1,)),
    ], ids=repr,
)  # fmt: skip
def test_each_step_is_what_the_layer_makes_of_it(layer, engine):
    values = (
        S
        if isinstance(layer, cr.Dense)
        else FILMS.reshape(6, 5, 36, 2)
        if isinstance(layer, cr.GRU)
        else FILMS
    )
    made = network(cr.TimeDistributed(layer), shape=values.shape[1:], engine=engine)
    wanted = step_by_step(layer, values, made.parameters)
    np.testing.assert_allclose(made.predict(values), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer", [cr.Dense(4, "relu"), cr.Conv2D(4, 3), cr.BatchNormalization(), cr.Dropout(0.5)]
)
def test_all_steps_are_one_computation_forward_and_back(layer):
    values = S if isinstance(layer, cr.Dense) else FILMS
    x = cr.input("x", ("batch", *values.shape[1:]), "float32")
    J = np.mean(cr.TimeDistributed(layer)(x) ** 2)
    leaves = [n for n in order([J]) if n.primitive.name == "variable"] + [x]
    assert not siblings(order(simplify_all([J, *cr.grad(J, leaves)], final=True)))


def test_steps_of_an_open_number():
    x = cr.input("x", ("batch", "time", 3))
    y = cr.TimeDistributed(cr.Dense(2, "tanh", initializer=0.5))(x)
    assert y.shape[1] == x.shape[1]
    (simple,) = simplify_all([y])
    assert not siblings(order([simple]))
    for weight in [node for node in order([y]) if node.primitive.name == "variable"]:
        weight.value = np.full(weight.shape, 0.5)
    for time in (0, 1, 4):
        assert cr.trace(y, {x: S[:, :time]})[y].shape == (6, time, 2)


def test_each_step_draws_its_own_numbers():
    made = network(
        cr.TimeDistributed(cr.Dropout(0.5)), cr.Flatten(), cr.Dense(1, use_bias=False), engine="numpy"
    )
    x = cr.input("x", ("batch", 5, 40))
    kept = cr.TimeDistributed(cr.Dropout(0.5))(x)
    (drawn,) = [n for n in order([kept]) if n.primitive.name == "random_uniform"]
    assert drawn.shape[0] == 5 and drawn.shape[2:] == (40,)
    costs = made.fit(np.ones_like(S), np.ones(6), epochs=2)["cost"]
    assert np.isfinite(costs).all()
    nested = cr.TimeDistributed(cr.TimeDistributed(cr.Dropout(0.5)))(cr.input("x", ("batch", 5, 4, 40)))
    (drawn,) = [n for n in order([nested]) if n.primitive.name == "random_uniform"]
    assert drawn.shape[:2] == (5, 4)


def test_numbers_of_different_steps_differ_while_training():
    x = cr.input("x", ("batch", 5, 40))
    y = cr.TimeDistributed(cr.Dropout(0.5))(x)
    training, seed, step = (
        next(n for n in order([y]) if n.name == name) for name in ("training", "seed", "step")
    )
    found = cr.trace(y, {x: np.ones((2, 5, 40)), training: True, seed: 1, step: 1})[y]
    assert len({found[0, t].tobytes() for t in range(5)}) == 5 and set(np.unique(found)) == {0.0, 2.0}


def test_a_running_statistic_follows_the_mean_of_all_steps():
    made = network(cr.TimeDistributed(cr.BatchNormalization(momentum=0.5)), cr.GRU(2), cr.Dense(1))
    made.fit(S, S[:, 0, 0], epochs=1, batch_size=6)
    np.testing.assert_allclose(made.statistics["mean_0"], 0.5 * S.mean(axis=(0, 1)), atol=1e-5)


def test_the_mask_of_a_sequence_passes_through():
    values = S.copy()
    values[:, 3:] = 0
    layers = [cr.Masking(), cr.TimeDistributed(cr.Dense(4, "tanh")), cr.GRU(3)]
    short = network(*layers, shape=(3, 3))
    np.testing.assert_allclose(network(*layers).predict(values), short.predict(values[:, :3]), rtol=1e-6)


def test_it_learns_is_saved_and_summed_up(tmp_path, capsys):
    each = cr.TimeDistributed
    layers = [
        each(cr.Conv2D(4, 3, activation="relu")),
        each(cr.GlobalAveragePooling2D()),
        cr.GRU(8),
        cr.Dense(1),
    ]
    made = network(*layers, shape=FILMS.shape[1:])
    y = FILMS[..., 0].mean(axis=(1, 2, 3))
    costs = made.fit(FILMS, y, epochs=60, optimizer=cr.Adam(0.02))["cost"]
    assert costs[-1] < 0.3 * costs[0]
    made.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(cr.load(tmp_path / "m.safetensors").predict(FILMS), made.predict(FILMS))
    made.summary()
    shown = capsys.readouterr().out
    products = 5 * (4 * 4 * 4 * 3 * 3 * 2) + 5 * (4 * 24 + 8 * 24) + 8
    assert f"one example: {products:,} multiply-adds" in shown and "total 429 parameters" not in shown


def test_a_frozen_one_keeps_the_weights_of_its_layer():
    made = network(cr.TimeDistributed(cr.Dense(4), trainable=False), cr.Flatten(), cr.Dense(1))
    before = made.parameters["W1"].copy()
    made.fit(S, S[:, 0, 0], epochs=2)
    np.testing.assert_array_equal(made.parameters["W1"], before)


def test_what_it_cannot_take_is_told():
    with pytest.raises(GraphError, match=r"layer must be a layer, such as cr.Dense\(8\); found 3"):
        cr.TimeDistributed(3)
    with pytest.raises(ShapeError, match="takes sequences of shape"):
        cr.TimeDistributed(cr.Dense(3))(cr.input("x", ("batch",)))
    with pytest.raises(ShapeError, match="Conv2D"):
        network(cr.TimeDistributed(cr.Conv2D(3, 2)), shape=(5, 3))
