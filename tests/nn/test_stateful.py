"""Stateful layers: states that go on from batch to batch, in fits and predictions, until they are reset."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr

ENGINES = ["numpy", pytest.param("native", marks=pytest.mark.native)]
KINDS = [cr.SimpleRNN, cr.LSTM, cr.GRU]
RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(4, 12, 3))  # four sequences of twelve steps
PIECES = (
    SERIES.reshape(4, 3, 4, 3).swapaxes(0, 1).reshape(12, 4, 3)
)  # batches of four, a third of each at a time


def network(kind=cr.LSTM, steps=4, **options):
    layers = [kind(5, return_sequences=True, **{"stateful": True, **options}), cr.Dense(2)]
    return cr.Network(layers, input_shape=(steps, 3), seed=0, dtype="float64")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_pieces_one_after_the_other_are_the_whole(kind, engine):
    whole = network(kind, 12, stateful=False).predict(SERIES)
    made = network(kind)
    made.engine = engine
    found = [made.predict(SERIES[:, t : t + 4]) for t in (0, 4, 8)]
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, rtol=1e-10)
    made.reset_states()
    np.testing.assert_array_equal(made.predict(SERIES[:, :4]), found[0])
    made.reset_states()
    made.predict(SERIES[:, :4])
    rest = made.predict(PIECES[4:])  # as many rows as two batches have
    np.testing.assert_array_equal(rest, np.concatenate(found[1:], axis=0))


def by_hand(made, X, y, epochs, rate, begin_anew=False):
    """Train as fit does, by predictions and gradients alone: what a batch begins with is a second input."""
    x, h, c = cr.input("x", ("batch", 4, 3)), cr.input("h", ("batch", 5)), cr.input("c", ("batch", 5))
    out, *after = cr.LSTM(5, return_sequences=True, return_state=True)(x, initial_state=[h, c])
    twin = cr.Network(cr.Dense(2)(out), inputs=[x, h, c], seed=0, dtype="float64")
    states = cr.Network(np.concatenate(after, axis=1), inputs=[x, h, c], seed=0, dtype="float64")
    twin.parameters.update(made.parameters)
    held = np.zeros((4, 10))
    for _ in range(epochs):
        held = np.zeros((4, 10)) if begin_anew else held
        for at in range(0, len(X), 4):
            data = {"x": X[at : at + 4], "h": held[:, :5], "c": held[:, 5:]}
            states.parameters.update({k: v for k, v in twin.parameters.items() if k in states.parameters})
            after_batch = states.predict(data)
            slopes = twin.gradients(data, y[at : at + 4], loss="mse")
            for name, slope in slopes.items():
                twin.parameters[name] = np.array(twin.parameters[name]) - rate * slope
            held = after_batch
    return twin.parameters, held


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fit_goes_on_from_batch_to_batch_and_from_epoch_to_epoch(engine):
    y = RNG.normal(size=(12, 4, 2))
    made = network()
    made.engine = engine
    expected, held = by_hand(made, PIECES, y, 3, 0.1)
    made.fit(PIECES, y, batch_size=4, epochs=3, shuffle=False, optimizer=cr.SGD(0.1))
    for name, value in expected.items():
        np.testing.assert_allclose(made.parameters[name], value, rtol=1e-9, atol=1e-11, err_msg=name)
    np.testing.assert_allclose(np.concatenate(made._programs.carried, axis=1), held, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_callback_lets_each_epoch_begin_anew(engine):
    y = RNG.normal(size=(12, 4, 2))
    made = network()
    made.engine = engine
    expected, _ = by_hand(made, PIECES, y, 3, 0.1, begin_anew=True)

    def anew(network, epoch, logs):
        network.reset_states()

    made.fit(PIECES, y, batch_size=4, epochs=3, shuffle=False, optimizer=cr.SGD(0.1), callbacks=[anew])
    for name, value in expected.items():
        np.testing.assert_allclose(made.parameters[name], value, rtol=1e-9, atol=1e-11, err_msg=name)


def test_engines_and_numbers_of_threads_agree(monkeypatch):
    y, found = RNG.normal(size=(12, 4, 2)), []
    for engine in ("numpy", "native"):
        made = network()
        made.engine = engine
        history = made.fit(
            PIECES, y, batch_size=4, epochs=4, shuffle=False, validation_data=(PIECES[:8], y[:8])
        )
        found.append([*history["cost"], *history["val_cost"]])
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_measuring_begins_anew_and_leaves_the_states_alone():
    y = RNG.normal(size=(12, 4, 2))
    made = network()
    made.fit(PIECES, y, batch_size=4, epochs=1, shuffle=False, loss="mse")
    kept = [np.array(x) for x in made._programs.carried]
    cost = made.evaluate(PIECES, y)["cost"]
    made.gradients(PIECES, y), made.activations(PIECES)
    for before, after in zip(kept, made._programs.carried, strict=True):
        np.testing.assert_array_equal(before, after)
    made.reset_states()
    np.testing.assert_allclose(cost, ((made.predict(PIECES[:4]) - y[:4]) ** 2).mean() / 3
        + ((made.predict(PIECES[4:]) - y[4:]) ** 2).mean() * 2 / 3)  # fmt: skip
    assert made.check_gradients(PIECES[:2], y[:2]).passed


def test_a_file_and_a_copy_begin_anew(tmp_path):
    made = network(cr.GRU)
    first = made.predict(SERIES[:, :4])
    made.save(tmp_path / "stateful.safetensors")
    for other in (cr.load(tmp_path / "stateful.safetensors"), copy.deepcopy(made)):
        assert other.layers[0].stateful
        np.testing.assert_array_equal(other.predict(SERIES[:, :4]), first)
    assert not np.allclose(made.predict(SERIES[:, :4]), first)


def test_a_file_and_a_copy_go_through_as_many_rows_at_a_time(tmp_path):
    made = network(cr.GRU)
    made.fit(PIECES, made.predict(PIECES), batch_size=len(PIECES) // 3, shuffle=False, epochs=1)
    made.reset_states()
    wanted = made.predict(PIECES)  # a batch after the other
    made.save(tmp_path / "stateful.safetensors")
    for other in (cr.load(tmp_path / "stateful.safetensors"), copy.deepcopy(made)):
        np.testing.assert_array_equal(other.predict(PIECES), wanted)
        assert other.evaluate(PIECES, wanted)["cost"] == 0


def test_text_is_generated_a_character_at_a_time():
    """A network that was fitted on batches predicts on for one sequence, one step at a time."""
    letters, size = RNG.integers(0, 5, size=(8, 6)), 5
    layers = [
        cr.Embedding(size, 4),
        cr.LSTM(8, return_sequences=True, stateful=True),
        cr.Dense(size, "softmax"),
    ]
    made = cr.Network(layers, input_shape=(6,), seed=0)
    made.fit(letters, np.roll(letters, -1, axis=1), batch_size=8, epochs=2, shuffle=False)
    step = cr.Network(made.layers, input_shape=(1,))  # the same layers, a step at a time
    step.parameters.update(made.parameters)
    made.reset_states()
    whole = made.predict(letters[:1])
    found = [step.predict([[letter]])[0, 0] for letter in letters[0]]
    np.testing.assert_allclose(found, whole[0], rtol=1e-5)


REFUSED = [
    ({}, r"give fit shuffle=False"),
    (
        {"shuffle": False, "batch_size": 5},
        r"12 rows to learn from are not whole batches of 5\. Leave out 2 rows",
    ),
    ({"shuffle": False, "optimizer": "lbfgs", "batch_size": None}, r"take another optimizer"),
    ({"shuffle": False, "validation_split": 0.5}, r"Give validation_data"),
    (
        {"shuffle": False, "validation_data": (PIECES[:3], PIECES[:3, :, :2])},
        r"3 rows to validate on are not",
    ),
]


@pytest.mark.parametrize(("options", "says"), REFUSED)
def test_what_does_not_suit_it_is_refused(options, says):
    with pytest.raises(cr.DataError, match=says):
        network().fit(PIECES, PIECES[:, :, :2], **{"batch_size": 4, "epochs": 1, **options})


def test_after_a_fit_predictions_are_made_in_batches_as_large():
    made = network()
    made.fit(PIECES, PIECES[:, :, :2], batch_size=4, epochs=1, shuffle=False)
    made.reset_states()
    whole = made.predict(PIECES)
    made.reset_states()
    np.testing.assert_array_equal(whole, np.concatenate([made.predict(PIECES[t : t + 4]) for t in (0, 4, 8)]))
    made.reset_states()
    assert made.predict(PIECES[:1]).shape == (1, 4, 2)  # of one sequence from now on
    assert made.predict(PIECES[1:3]).shape == (2, 4, 2)


def test_states_are_of_as_many_sequences_as_they_began_with():
    made = network()
    made.predict(SERIES[:, :4])
    with pytest.raises(cr.DataError, match=r"those of 4 sequences.*found 3\. network\.reset_states\(\)"):
        made.predict(SERIES[:3, :4])
    made.reset_states()
    assert made.predict(SERIES[:3, :4]).shape == (3, 4, 2)
    assert made.predict(SERIES[:0, :4]).shape == (0, 4, 2)


def test_one_stateful_layer_is_used_once_and_has_no_other_beginning():
    x, h = cr.input("x", ("batch", 4, 3)), cr.input("h", ("batch", 3))
    layer = cr.GRU(3, stateful=True, return_sequences=True)
    with pytest.raises(cr.GraphError, match="so it is used once"):
        cr.Network(layer(layer(x)))
    with pytest.raises(cr.GraphError, match="give it no initial_state"):
        layer(x, initial_state=h)
    with pytest.raises(cr.GraphError, match="cannot be stateful"):
        cr.Bidirectional(layer)
    steps = np.swapaxes(cr.input("z", ("batch", 2, 4, 3)), 0, 1)
    inner = cr.GRU(3, stateful=True)

    def looped():
        _, ys = cr.scan(lambda h, now: (h, inner(now)), 0.0, steps)
        return cr.Network(np.swapaxes(ys, 0, 1))

    with pytest.raises(cr.GraphError, match="within a step of a loop"):
        looped()


def test_a_learning_rate_is_found():
    assert cr.find_learning_rate(network(), PIECES, PIECES[:, :, :2], batch_size=4, steps=12).suggestion > 0


def test_masks_and_states_go_on_together():
    layers = [cr.Masking(), cr.SimpleRNN(1, None, initializer=1.0, stateful=True, use_bias=False)]
    made = cr.Network(layers, input_shape=(2, 1), seed=0)
    made.parameters["U1"] = [[1.0]]
    assert made.predict([[[1.0], [0.0]], [[2.0], [3.0]]]).ravel().tolist() == [1.0, 5.0]
    assert made.predict([[[4.0], [0.0]], [[0.0], [0.0]]]).ravel().tolist() == [5.0, 5.0]


@dataclass(frozen=True, eq=False)
class Slowly(cr.Layer):
    """A layer of one's own, without any loop, that follows what it is given from batch to batch."""

    share: float = 0.5

    def build(self, scope, x):
        begin = scope.state("level", np.zeros_like(x))
        level = begin + self.share * (x - begin)
        scope.update(begin, level)
        return level


@pytest.mark.parametrize("batch", [4, 12])
def test_a_layer_of_ones_own_keeps_a_state(batch, tmp_path):
    X, y, found = PIECES[:, 0], PIECES[:, 1, 0], []
    for engine in ("numpy", "native"):
        made = cr.Network([Slowly(), cr.Dense(1)], input_shape=3, seed=0, dtype="float64", engine=engine)
        history = made.fit(X, y, batch_size=batch, epochs=3, shuffle=False)
        found.append([*history["cost"], *made._programs.carried[0].ravel()])
    np.testing.assert_allclose(*found, rtol=1e-10)
    level = np.zeros((batch, 3))
    for at in [*range(0, 12, batch)] * 3:
        level += 0.5 * (X[at : at + batch] - level)
    np.testing.assert_allclose(found[0][3:], level.ravel())
    made.reset_states()
    expected = made.predict(X[:4])
    made.save(tmp_path / "own.safetensors")
    again = cr.load(tmp_path / "own.safetensors", custom={"Slowly": Slowly})
    np.testing.assert_allclose(again.predict(X[:4]), expected, rtol=1e-12)


def test_sequences_of_any_length_go_on_where_others_ended():
    layers = [cr.Embedding(9, 4), cr.LSTM(5, return_sequences=True, stateful=True), cr.Dense(9, "softmax")]
    made = cr.Network(layers, input_shape=(None,), seed=0, dtype="float64")
    words = RNG.integers(0, 9, size=(8, 6))
    made.fit(words, np.roll(words, -1, axis=1), batch_size=4, epochs=1, shuffle=False)
    made.reset_states()
    whole = made.predict(words[:4])
    made.reset_states()
    found = [made.predict(words[:4, a:b]) for a, b in ((0, 1), (1, 4), (4, 6))]
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, rtol=1e-10)
