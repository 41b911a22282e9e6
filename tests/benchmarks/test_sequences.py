"""Texts in streams, letters counted, forecasts that know nothing of what came later, and networks that write."""

import math
from string import ascii_lowercase

import numpy as np
import pytest
from benchmarks.forecasts import ORIGINS, SEASON, last_year, rolling, shares, theta
from benchmarks.sequences import by_network, drawn, invent_names, numbered, write_plays
from benchmarks.texts import Texts, by_counting, streams

from benchmarks import sequences


def test_streams_go_on_from_batch_to_batch():
    X, y = streams(np.arange(100), count=3, steps=5)
    assert X.shape == y.shape == (18, 5)  # 99 letters have a next one: 33 a stream, six pieces of five
    assert np.array_equal(y, X + 1)
    for first in range(0, 15, 3):
        assert np.array_equal(X[first + 3 : first + 6, 0], y[first : first + 3, -1])
    assert X[:3, 0].tolist() == [0, 30, 60]


def test_letters_are_counted_as_by_hand():
    # Of a, a, b: a is 2 of 3 letters of 2 kinds, so (2 + 2/2) / (3 + 2) alone, and after "a" 1 of 2 of 2 kinds.
    alone = (2 + 2 * 0.5) / (3 + 2)
    after = (1 + 2 * alone) / (2 + 2)
    assert by_counting(["aab"], ["a"], 1) == pytest.approx(-math.log(alone))
    assert by_counting(["aab"], ["aa"], 2, first=1) == pytest.approx(-math.log(after))
    assert by_counting(["aab"], ["aa"], 2) == pytest.approx(-(math.log(alone) + math.log(after)) / 2)


def growing(months: int) -> np.ndarray:
    return (100 + np.arange(months)) * (1 + 0.3 * np.sin(2 * np.pi * np.arange(months) / SEASON))


def test_theta_knows_the_season_and_last_year_does_not_grow():
    y = growing(144)
    assert np.array_equal(last_year(y), y[-SEASON:])
    level = 1 + 0.3 * np.sin(2 * np.pi * np.arange(SEASON) / SEASON)
    np.testing.assert_allclose(shares(y), level / level.mean(), rtol=0.01)
    naive, known = rolling(y, last_year), rolling(y, theta)
    assert naive.scaled == pytest.approx(1, rel=0.05)  # which is what the error is measured by
    assert known.scaled < 0.6 and known.percent < naive.percent


@pytest.mark.parametrize("forecast", [last_year, theta])
def test_a_forecast_knows_nothing_of_what_came_later(forecast):
    y, given = growing(144), []

    def watched(known):
        given.append(known)
        return forecast(known)

    rolling(y, watched)
    assert [len(known) for known in given] == list(ORIGINS)
    assert all(np.array_equal(known, y[: len(known)]) for known in given)


def test_a_network_foretells_a_year_of_a_series_that_goes_on_alike():
    y = growing(96)
    foretold = by_network(y, seed=0, epochs=60)
    came = growing(108)[-SEASON:]
    assert np.abs(foretold - came).mean() < np.abs(last_year(y) - came).mean()


def test_a_bold_writer_takes_what_is_likely():
    p, rng = np.array([0.6, 0.3, 0.1]), np.random.default_rng(0)
    even = np.bincount([drawn(p, 1.0, rng) for _ in range(2000)], minlength=3) / 2000
    np.testing.assert_allclose(even, p, atol=0.04)
    assert {drawn(p, 0.01, rng) for _ in range(50)} == {0}


NAMES = tuple(a + b + c for a in "abc" for b in "ei" for c in ("na", "lo", "s"))


def test_names_begin_with_a_sign_and_end_with_one():
    X, y = numbered(Texts("abc", (), ()), ("ab", "c"))
    assert X == [[27, 1, 2], [27, 3]] and y == [[1, 2, 0], [3, 0]]


def test_names_are_learned_and_invented(monkeypatch, capsys):
    texts = Texts(ascii_lowercase, NAMES[2:], NAMES[:2])
    monkeypatch.setattr(sequences, "names", lambda folder: texts)
    invent_names(None, seed=0, epochs=2)
    told = capsys.readouterr().out
    assert "| 66,587 parameters | " in told and "It invents " in told


def test_a_network_reads_plays_and_writes(monkeypatch, capsys):
    text = "to be, or not to be,\nthat is the question: " * 40
    monkeypatch.setattr(
        sequences, "shakespeare", lambda folder: Texts("".join(sorted(set(text))), (text,), (text[:600],))
    )
    for name, value in {"STREAMS": 4, "STEPS": 16, "UNITS": 32, "WRITTEN": 20}.items():
        monkeypatch.setattr(sequences, name, value)
    write_plays(None, seed=0, epochs=2)
    told = capsys.readouterr().out
    assert "| plays, nats a letter |" in told
    assert 10 < len("".join(told.split("It writes:")[1].split())) <= 21
