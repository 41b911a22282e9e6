"""What the lectures say of recurrent networks, as tests: rows of the lectures' ledger stand beside each."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.walk import order

CHANCE = 0.25  # of four kinds of tokens


def accuracy(network, X, y):
    """Return the share of whole numbers that a network gets right."""
    return np.mean(network.predict(X).argmax(axis=-1) == y)


def tokens(count, steps, kinds=4, seed=0):
    """Return random whole numbers, (count, steps)."""
    return np.random.default_rng(seed).integers(0, kinds, (count, steps))


def test_three_steps_are_drawn_with_one_set_of_weights():  # S0-29
    network = cr.Network([cr.SimpleRNN(2, return_sequences=True)], input_shape=(3, 1), seed=0)
    assert {name: w.shape for name, w in network.parameters.items()} == {
        "W1": (1, 2),
        "U1": (2, 2),
        "b1": (2,),
    }
    drawn = order([cr.unroll(network.output)])
    assert [n.primitive.name for n in drawn].count("tanh") == 3
    (U,) = [n for n in drawn if n.name == "U1"]
    assert sum(U in n.inputs for n in drawn) == 3  # one neuron, drawn three times


@pytest.mark.parametrize("layer", [cr.SimpleRNN, cr.LSTM, cr.GRU], ids=lambda layer: layer.__name__)
def test_the_same_last_input_means_another_thing_after_another_past(layer):  # S0-30
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8, 6, 3))
    X[:, -1] = X[0, -1]
    with_memory = cr.Network([layer(5)], input_shape=(6, 3), seed=0).predict(X)
    assert len(np.unique(with_memory.round(4), axis=0)) == 8
    without = cr.Network([cr.Dense(5, "tanh")], input_shape=(6, 3), seed=0).predict(X)[:, -1]
    assert len(np.unique(without, axis=0)) == 1


def test_a_network_with_memory_recalls_the_first_of_many_tokens():  # S0-30, S0-31
    X = tokens(1200, 15)
    learned, asked = slice(0, 900), slice(900, None)
    recalls = cr.Network([cr.Embedding(4, 8), cr.LSTM(32), cr.Dense(4, "softmax")], input_shape=15, seed=0)
    recalls.fit(X[learned], X[learned, 0], optimizer=cr.Adam(0.02), epochs=20)
    assert accuracy(recalls, X[asked], X[asked, 0]) > 0.99
    # What sees a token at a time and keeps nothing is given the last one.
    forgets = cr.Network(
        [cr.Embedding(4, 8), cr.Dense(24, "tanh"), cr.Dense(4, "softmax")], input_shape=1, seed=0
    )
    with pytest.warns(cr.LearningWarning, match="better than the shares"):
        forgets.fit(X[learned, -1:], X[learned, :1], optimizer=cr.Adam(0.02), epochs=20)
    assert accuracy(forgets, X[asked, -1:], X[asked, :1]) < CHANCE + 0.1


def test_a_reversed_word_needs_the_whole_past():  # S0-17
    words = np.unique(tokens(4000, 5), axis=0)
    words = words[np.random.default_rng(1).permutation(len(words))]
    empty = np.full_like(words, 4)
    X, y = np.hstack([words, empty]), words[:, ::-1]  # each word, then as many steps to write it in
    learned, asked = slice(0, 800), slice(800, None)

    def right(*layers):
        network = cr.Network(
            [cr.Embedding(5, 8), *layers, cr.Dense(4, "softmax"), cr.Cropping1D((5, 0))],
            input_shape=10,
            seed=0,
        )
        network.fit(X[learned], y[learned], optimizer=cr.Adam(cr.OneCycle(0.02)), epochs=60)
        return np.mean((network.predict(X[asked]).argmax(axis=-1) == y[asked]).all(axis=1))

    assert right(cr.LSTM(48, return_sequences=True)) > 0.9
    # Four steps back are enough for the first two letters of the answer, and no more than guessing for the others.
    assert right(cr.Conv1D(48, 4, padding="causal", activation="tanh")) < 0.1


def test_a_symbol_for_every_frame_of_a_sound():  # S0-16
    rng = np.random.default_rng(0)
    frames = np.arange(32)
    first, second = rng.integers(0, 2, (2, 600, 1))
    y = np.where(frames < rng.integers(8, 24, (600, 1)), first, second)  # which tone sounds
    phase = np.cumsum(np.where(y, 1.3, 0.5), axis=1) + rng.uniform(0, 2 * np.pi, (600, 1))
    X = np.sin(phase)[..., np.newaxis]
    learned, asked = slice(0, 450), slice(450, None)

    def right(layer):
        network = cr.Network([layer, cr.Dense(2, "softmax")], input_shape=(32, 1), seed=0)
        network.fit(X[learned], y[learned], optimizer=cr.Adam(0.01), epochs=20)
        return accuracy(network, X[asked], y[asked])

    assert right(cr.GRU(16, return_sequences=True)) > 0.9
    with pytest.warns(cr.LearningWarning, match="better than the shares"):
        assert right(cr.Dense(16, "tanh")) < 0.65  # one sample is no tone


def test_the_next_value_of_a_series_is_foretold_better_than_by_the_last():  # S0-31, S0-123
    rng = np.random.default_rng(0)
    days = np.arange(700)
    series = (
        np.sin(2 * np.pi * days / 23) + 0.5 * np.sin(2 * np.pi * days / 9.5) + 0.05 * rng.normal(size=700)
    )
    windows = np.lib.stride_tricks.sliding_window_view(series, 31)
    X, y = windows[:, :-1, np.newaxis], windows[:, -1:]
    learned, asked = slice(0, 500), slice(530, None)  # no day of one is in the other
    network = cr.Network([cr.LSTM(16), cr.Dense(1)], input_shape=(30, 1), seed=0)
    network.fit(X[learned], y[learned], loss="mse", optimizer=cr.Adam(0.01), epochs=25)
    wrong = np.abs(network.predict(X[asked]) - y[asked]).mean()
    persistence = np.abs(X[asked, -1] - y[asked]).mean()
    assert wrong < 0.4 * persistence


def test_a_text_is_written_letter_by_letter():  # S0-31
    text = "she sells sea shells by the sea shore. "
    letters = sorted(set(text))
    numbers = np.array([letters.index(c) for c in text * 6])
    windows = np.lib.stride_tricks.sliding_window_view(numbers, 25)
    network = cr.Network(
        [
            cr.Embedding(len(letters), 8),
            cr.LSTM(32, return_sequences=True),
            cr.Dense(len(letters), "softmax"),
        ],
        input_shape=24,
        seed=0,
    )
    network.fit(windows[:, :-1], windows[:, 1:], optimizer=cr.Adam(0.02), epochs=12)
    written = list(numbers[:24])
    while len(written) < 24 + 2 * len(text):
        p = network.predict(np.array([written[-24:]]))
        written.append(int(p[0, -1].argmax()))
    assert "".join(letters[n] for n in written) == (text * 4)[: len(written)]


def share_of_the_first_step(layer, seed):
    """Return how large the gradient of the first of 50 steps is, over that of the last, with initial weights."""
    network = cr.Network([layer, cr.Dense(1)], input_shape=(50, 8), dtype="float64", seed=seed)
    x = network.inputs["x"]
    slopes = cr.compile(cr.grad(network.output.sum(), x), inputs=[x])(
        np.random.default_rng(seed).normal(size=(32, 50, 8))
    )
    size = np.sqrt((slopes**2).sum(axis=2)).mean(axis=0)
    return size[0] / size[-1]


@pytest.mark.parametrize("seed", range(5))
def test_gradients_vanish_in_a_plain_network_and_not_in_an_lstm(seed):  # S0-123
    plain = share_of_the_first_step(cr.SimpleRNN(32), seed)
    gated = share_of_the_first_step(cr.LSTM(32), seed)
    assert plain < 1e-5
    assert gated > 100 * plain
    # What keeps it alive are forget gates that begin open.
    assert share_of_the_first_step(cr.LSTM(32, unit_forget_bias=False), seed) < 1e-5
