"""Layers that are called in a step of a loop: each is one of the network, and what it puts out is that of all steps."""

import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.closed import Program, every_node
from chainrule.graph.primitives.random import random_uniform
from chainrule.graph.walk import order
from chainrule.nn.examples import size_of_one
from chainrule.nn.layers.base import SEED, STEP

rng = np.random.default_rng(0)
S = rng.standard_normal((10, 6, 3)).astype("float32")
Y = S[:, :, :1].sum(axis=1)


def zeros(s, units):
    return np.broadcast_to(cr.constant(0.0, dtype="float32"), (s.shape[0], units))


def recurrent(s):
    cell, gate = cr.Dense(4, "tanh"), cr.Dense(4, "sigmoid", name="gate")

    def step(h, x):
        both = np.concatenate([h, x], axis=1)
        g = gate(both)
        return g * h + (1 - g) * cell(both), None

    h, _ = cr.scan(step, zeros(s, 4), cr.Dense(5, "relu")(s).transpose(1, 0, 2))
    return cr.Dense(1)(h)


def network(function=recurrent, **settings):
    return cr.Network(function, inputs={"s": (6, 3)}, seed=0, engine="numpy", **settings)


def test_they_are_layers_of_the_network():
    made = network()
    assert list(made.architecture.calls) == ["dense_1", "gate", "dense_2", "dense_3"]
    assert made.parameters["W2"].shape == (9, 4)
    assert made.architecture.outputs["gate"].shape[1:] == (6, 4)
    shown = made.activations(S)
    assert shown["A2"].shape == (10, 6, 4) and shown["Z3"].shape == (10, 6, 4)
    p = {name: made.parameters[name] for name in made.parameters}
    h = np.zeros((10, 4))
    inner = np.maximum(S @ p["W1"] + p["b1"], 0)
    for t in range(6):
        both = np.concatenate([h, inner[:, t]], axis=1)
        g = 1 / (1 + np.exp(-(both @ p["W2"] + p["b2"])))
        np.testing.assert_allclose(shown["A2"][:, t], g, rtol=1e-4, atol=1e-6)
        h = g * h + (1 - g) * np.tanh(both @ p["W3"] + p["b3"])
    np.testing.assert_allclose(made.predict(S), h @ p["W4"] + p["b4"], rtol=1e-4, atol=1e-6)


def test_they_learn_and_are_summed_up(capsys):
    made = network()
    costs = made.fit(S, Y, epochs=60, optimizer=cr.Adam(0.02))["cost"]
    assert costs[-1] < 0.2 * costs[0]
    made.summary()
    assert "gate (Dense)  " in capsys.readouterr().out


@dataclass(frozen=True, eq=False)
class Recurrent(cr.Layer):
    name: str = ""

    def build(self, scope, s):
        cell = cr.Dense(4, "tanh")

        def outer(h, x):
            inner, _ = cr.scan(lambda k, _: (cell(np.concatenate([k, x], axis=1)), None), h, length=2)
            return inner, None

        return cr.scan(outer, zeros(s, 4), s.transpose(1, 0, 2))[0]


def chained(**settings):
    return cr.Network([Recurrent(**settings), cr.Dense(1)], input_shape=(6, 3), seed=0, engine="numpy")


def test_in_loops_of_loops_within_a_layer_too(tmp_path):
    made = chained()
    assert {k: v.shape for k, v in made.parameters.items()} == {
        "W1": (7, 4),
        "b1": (4,),
        "W2": (4, 1),
        "b2": (1,),
    }
    cost = made.fit(S, Y, epochs=30, optimizer=cr.Adam(0.02))["cost"]
    assert cost[-1] < cost[0]
    assert made.activations(S)["A1"].shape == (10, 6, 2, 4)
    made.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors", custom={"Recurrent": Recurrent})
    np.testing.assert_array_equal(again.predict(S), made.predict(S))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(made)).predict(S), made.predict(S))


def test_a_frozen_layer_holds_what_it_calls_in_its_steps():
    made = chained(trainable=False)
    assert sorted(made.architecture.frozen) == ["W1", "b1"]
    before = made.parameters["W1"].copy()
    made.fit(S, Y, epochs=3)
    np.testing.assert_array_equal(made.parameters["W1"], before)


def test_running_statistics_of_a_step_follow_the_mean_of_all():
    def normal(s):
        norm = cr.BatchNormalization(momentum=0.5)
        h, _ = cr.scan(lambda h, x: (h + norm(x), None), zeros(s, 3), s.transpose(1, 0, 2))
        return cr.Dense(1)(h)

    made = network(normal)
    made.fit(S, Y, epochs=1, batch_size=10)
    expected = 0.5 * S.mean(axis=(0, 1))
    np.testing.assert_allclose(made.statistics["mean_0"], expected, atol=1e-5)


def nested(s):
    """Loops of loops, of several results and kinds of numbers, with what is infinite, and an open time."""

    def outer(carry, x):
        h, n = carry
        k, every = cr.scan(
            lambda k, e: (np.maximum(k * 0.5 + e, -np.inf), k > 0), h, x[:, :, None].transpose(1, 0, 2)
        )
        return (np.tanh(k + h), n + 1), (every.astype("float32").sum(axis=(0, 2)) * n.astype("float32"), h)

    (h, _), (counts, _) = cr.scan(outer, (zeros(s, 1), np.int64(0)), s.transpose(1, 0, 2), reverse=True)
    return cr.Dense(1)(h) + counts.sum(axis=0)[:, None]


@pytest.mark.parametrize("shape", [(6, 3), (None, 3)])
def test_loops_among_the_rows_are_in_files(tmp_path, shape):
    made = cr.Network(nested, inputs={"s": shape}, seed=0, engine="numpy")
    made.save(tmp_path / "m.safetensors")
    for again in (cr.load(tmp_path / "m.safetensors"), pickle.loads(pickle.dumps(made))):
        np.testing.assert_array_equal(again.predict(S), made.predict(S))
        again.fit(S, Y, epochs=1)


def test_a_loop_among_the_rows_is_copied_unless_layers_are_called_in_it(tmp_path):
    def plain(s):
        h, _ = cr.scan(lambda h, x: (np.tanh(h + x), None), zeros(s, 3), s.transpose(1, 0, 2))
        return cr.Dense(1)(h)

    made = network(plain)
    for again in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        np.testing.assert_array_equal(again.predict(S), made.predict(S))
    made.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(cr.load(tmp_path / "m.safetensors").predict(S), made.predict(S))
    with pytest.raises(cr.GraphError, match=r"Layers are called in a step .* class Mine\(cr.Layer\)"):
        pickle.dumps(network())


def test_a_network_of_nodes_has_loops_in_its_own_dtype():
    s = cr.input("s", ("batch", 6, 3))
    start = np.zeros_like(s[:, 0])
    h, _ = cr.scan(
        lambda h, x: (np.tanh(h * np.array([0.5, 0.1, 0.2]) + x), None), start, s.transpose(1, 0, 2)
    )
    made = cr.Network(cr.Dense(1)(h), seed=0, engine="numpy")
    assert made.predict(S).dtype == np.float32
    wide = cr.Network(cr.Dense(1)(h), seed=0, engine="numpy", dtype="float64")
    np.testing.assert_allclose(made.predict(S), wide.predict(S), rtol=1e-4, atol=1e-6)


# --- what looks at graphs looks into steps ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Noise(cr.Layer):
    """Adds noise of its own at each step."""

    def build(self, scope, s):
        def step(_, now):
            x, t = now
            drawn = random_uniform(SEED, STEP * 1000 + t, shape=x.shape, stream=0, dtype="float32")
            return None, x + drawn

        return cr.scan(step, None, (s.transpose(1, 0, 2), np.arange(s.shape[1])))[1].transpose(1, 0, 2)


def test_what_is_drawn_in_a_step_is_drawn_from_a_stream_of_its_own():
    made = cr.Network([Noise(), Noise(), cr.Dropout(0.5)], input_shape=(6, 3), seed=0, engine="numpy")
    program = Program(tuple(made.architecture.inputs.values()), (), (made.architecture.output,), ())
    streams = [n.attributes["stream"] for n in every_node(program) if n.primitive is random_uniform]
    assert sorted(streams) == [0, 1, 2]
    noise = made.predict(np.zeros((2, 6, 3)))
    assert len(np.unique(noise)) == noise.size
    with pytest.raises(cr.GraphError, match="L-BFGS compares costs"):
        made.fit(S, S, optimizer="lbfgs", epochs=1)


def test_a_loop_is_counted_as_often_as_it_is_done():
    def size(steps):
        s, w = cr.input("s", ("batch", 3)), cr.variable(np.ones((3, 3)), "w")
        h, ys = cr.scan(lambda h, _: (np.tanh(h @ w), h), s, length=steps)
        return size_of_one([h, ys])

    one, many = size(1), size(1000)
    assert (one.products, many.products) == (9, 9000)
    assert many.bytes > 900 * one.bytes / 2 and many.held >= 1000 * 3 * 8


@dataclass(frozen=True, eq=False)
class Long(cr.Layer):
    steps: int

    def build(self, scope, s):
        w = scope.parameter("W", (64, 64), "he")
        return cr.scan(lambda h, _: (np.tanh(h @ w), None), s, length=self.steps)[0]


def test_a_file_may_not_ask_for_a_loop_without_end(tmp_path):
    cr.Network([Long(10)], input_shape=64, seed=0).save(tmp_path / "m.safetensors")
    cr.load(tmp_path / "m.safetensors", custom={"Long": Long})
    idle = cr.scan(lambda h, _: (h, None), s := cr.input("s", ("batch", 2)), length=10**9)[0]
    cr.Network(cr.Dense(1)(idle), s, seed=0).save(tmp_path / "idle.safetensors")
    with pytest.raises(cr.FileFormatError, match="bytes, which is out of proportion"):
        cr.load(tmp_path / "idle.safetensors")
    cr.Network([Long(10**9)], input_shape=64, seed=0).save(tmp_path / "m.safetensors")
    with pytest.raises(cr.FileFormatError, match="bytes, which is out of proportion"):
        cr.load(tmp_path / "m.safetensors", custom={"Long": Long})


# --- what is drawn in a step ---


def found_in_training(y, x, steps, width):
    training, seed, step = (next(n for n in order([y]) if n.name == k) for k in ("training", "seed", "step"))
    return cr.trace(y, {x: np.ones((2, steps, width)), training: True, seed: 1, step: 1})[y]


def test_a_layer_draws_anew_at_each_step_of_a_loop():
    x = cr.input("x", ("batch", 5, 40))
    drop = cr.Dropout(0.5)
    _, ys = cr.scan(lambda h, x: (h, drop(x) + 0 * h), zeros(x, 40), x.transpose(1, 0, 2))
    found = found_in_training(ys, x, 5, 40)
    assert len({found[t].tobytes() for t in range(5)}) == 5 and set(np.unique(found)) == {0.0, 2.0}


def test_what_is_drawn_before_a_loop_is_the_same_at_each_step():
    x = cr.input("x", ("batch", 5, 40))
    kept = cr.Dropout(0.5)(np.ones_like(x[:, 0]))
    _, ys = cr.scan(lambda h, x: (h, x * kept + 0 * h), zeros(x, 40), x.transpose(1, 0, 2))
    found = found_in_training(ys, x, 5, 40)
    assert len({found[t].tobytes() for t in range(5)}) == 1 and set(np.unique(found)) == {0.0, 2.0}


def test_a_layer_draws_anew_at_each_step_of_loops_in_loops():
    x = cr.input("x", ("batch", 5, 40))
    drop = cr.Dropout(0.5)

    def outer(h, x):
        _, twice = cr.scan(lambda k, _: (k, drop(x) + 0 * k), h, length=2)
        return h, twice

    _, ys = cr.scan(outer, zeros(x, 40), x.transpose(1, 0, 2))
    found = found_in_training(ys, x, 5, 40)
    assert len({found[t, i].tobytes() for t in range(5) for i in range(2)}) == 10


@dataclass(frozen=True, repr=False, eq=False)
class Noisy(cr.Cell):
    """A cell that is put out as numbers it draws."""

    units: int

    @property
    def states(self):
        return (self.units,)

    def step(self, scope, x, h):
        drawn = scope.uniform(h.shape)
        return drawn + 0 * x.sum(), h + drawn


def test_a_cell_of_ones_own_draws_anew_at_each_step():
    x = cr.input("x", ("batch", 5, 40))
    y = cr.RNN(Noisy(7), return_sequences=True)(x)
    seed, step = (next(n for n in order([y]) if n.name == k) for k in ("seed", "step"))
    found = cr.trace(y, {x: np.ones((2, 5, 40)), seed: 1, step: 1})[y]
    assert found.shape == (2, 5, 7) and len(np.unique(found)) == found.size


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_a_network_that_draws_in_steps_learns_and_predicts_without(engine):
    def function(s):
        drop, dense = cr.Dropout(0.5), cr.Dense(4, "tanh")

        def step(h, x):
            return dense(np.concatenate([drop(h), x], axis=1)), None

        return cr.Dense(1)(cr.scan(step, zeros(s, 4), s.transpose(1, 0, 2))[0])

    made = cr.Network(function, inputs={"s": (6, 3)}, seed=0, engine=engine)
    costs = made.fit(S, Y, epochs=3, optimizer=cr.Adam(0.01))["cost"]
    assert np.isfinite(costs).all() and len(set(costs)) == 3
    np.testing.assert_array_equal(made.predict(S), made.predict(S))
