"""Random words from machine code: those of NumPy's functions, whatever is asked for."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule import random
from chainrule.engines.native.run import words
from chainrule.random import Draws

WORD = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(
    st.tuples(WORD, WORD),
    st.lists(st.integers(0, 2**40), max_size=40),
    st.integers(0, 2**31),
    st.integers(0, 100),
)
def test_the_words_are_those_of_numpy(key, numbers, first, count):
    numbers = np.array(numbers, np.int64)
    found = words.words_within(key, numbers, first, count)
    assert found.dtype == np.uint64 and found.shape == (len(numbers), count) and found.flags.c_contiguous
    assert np.array_equal(found, random.words_within(key, numbers, first, count))


@pytest.mark.parametrize("rows", [1, 2, 3, 15, 16, 17, 1000, 40_000])
def test_orders_are_the_same_on_every_engine(rows):
    number = np.arange(7, 10)
    one, other = (Draws(5, "order", number, draw) for draw in (random.words_within, words.words_within))
    for _ in range(2):  # the second goes on where the first ended
        assert np.array_equal(one.permutation(rows), other.permutation(rows))


def test_a_fit_draws_its_orders_on_its_engine_and_sees_the_examples_in_the_same_order(monkeypatch):
    asked = []

    def noted(*arguments):
        asked.append(arguments)
        return words.words_within(*arguments)

    monkeypatch.setattr("chainrule.engines.native.run.executable.words_within", noted)
    X = np.arange(33.0)[:, None]
    costs = {}
    for engine in ("native", "numpy"):
        network = cr.Network([cr.Dense(1)], seed=3, engine=engine, dtype="float64")
        history = network.fit(X, X / 30, epochs=5, batch_size=4, optimizer=cr.SGD(1e-4))
        costs[engine] = history["cost"]
    assert asked
    np.testing.assert_allclose(costs["native"], costs["numpy"], rtol=1e-12)
