"""The one generator: published bits, streams that stay apart, orders and numbers as likely as they say."""

import math
from itertools import permutations
from statistics import NormalDist

import numpy as np
import pytest

from chainrule.random import Draws, rotated, threefry


def test_threefry_gives_the_published_bits():
    # The known answers of Random123, the authors' own library: threefry2x32, 20 rounds.
    full = 0xFFFFFFFF
    for words, expected in {
        (0, 0, 0, 0): (0x6B200159, 0x99BA4EFE),
        (full, full, full, full): (0x1CB996FC, 0xBB002BE7),
        (0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3): (0xC4923A9C, 0x483DF7A0),
    }.items():
        found = threefry(*(np.full(1, w, np.uint32) for w in words), rotated)
        assert tuple(int(w[0]) for w in found) == expected


def chi_square(counts):
    """How far counts are from equal ones, in standard deviations of what chance gives."""
    expected = counts.sum() / counts.size
    freedom = counts.size - 1
    return (((counts - expected) ** 2 / expected).sum() - freedom) / math.sqrt(2 * freedom)


def test_all_24_orders_of_4_are_as_likely():
    orders = Draws(1, "order", np.arange(240_000)).permutation(4)
    codes = orders @ [64, 16, 4, 1]
    counts = np.array([(codes == np.dot(p, [64, 16, 4, 1])).sum() for p in permutations(range(4))])
    assert counts.sum() == 240_000
    assert abs(chi_square(counts)) < 4


def test_one_order_says_nothing_of_the_next():
    orders = Draws(1, "order", np.arange(100_001)).permutation(4)
    pairs = np.histogram2d(orders[:-1, 0] * 4 + orders[:-1, 1], orders[1:, 0] * 4 + orders[1:, 1], bins=16)[0]
    counts = pairs[pairs.sum(axis=1) > 0][:, pairs.sum(axis=0) > 0]
    assert counts.shape == (12, 12)
    assert abs(chi_square(counts)) < 4


@pytest.mark.parametrize("n", [100, 1000, 30_000])
def test_an_example_may_stand_anywhere_in_long_orders(n):
    order = Draws(5, "order").permutation(n)
    assert np.array_equal(np.sort(order), np.arange(n))
    assert abs(np.corrcoef(order, np.arange(n))[0, 1]) < 4 / math.sqrt(n)
    assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < 4 / math.sqrt(n)
    fixed = (Draws(5, "order", np.arange(3_000_000 // n)).permutation(n) == np.arange(n)).sum(axis=1)
    assert abs(fixed.mean() - 1) < 4 / math.sqrt(len(fixed))  # as many as chance leaves in their place


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_short_orders(n):
    assert sorted(Draws(0, "order").permutation(n).tolist()) == list(range(n))


def test_many_streams_at_once_are_as_each_alone():
    many = Draws(7, "order", np.arange(20, 60))
    assert np.array_equal(many.permutation(1100)[33], Draws(7, "order", 53).permutation(1100))


def test_long_draws_begin_as_short_ones_do():
    # 70,000 words are made in three pieces.
    assert np.array_equal(Draws(7, "order").words(70_000)[:100], Draws(7, "order").words(100))
    parts = Draws(7, "order")
    assert np.array_equal(np.concatenate([parts.words(9), parts.words(11)]), Draws(7, "order").words(20))


def test_a_seed_is_the_next_word():
    one, other = Draws(7, "run", 3), Draws(7, "run", 3)
    assert [one.integer(), one.integer()] == [int(w) >> 1 for w in other.words(2)]
    assert int(one.words(1)[0]) == int(other.words(1)[0])


def test_seeds_uses_and_numbers_have_streams_of_their_own():
    places = [
        (s, u, n) for s in (0, 1, 2**32, 2**63 - 1) for u in ("initial", "order", "run") for n in (0, 1, 2)
    ]
    words = np.concatenate([Draws(*place).words(100) for place in places])
    assert len(np.unique(words)) == len(words)
    assert abs(np.corrcoef(words.reshape(len(places), 100)) - np.eye(len(places))).max() < 0.5


def test_no_stream_is_that_of_a_dropout_layer():
    from chainrule.graph.node import apply

    def dropped(stream, step):
        return apply("random_uniform", 9, step, shape=(64,), stream=stream, dtype="float64").value

    masks = {x for stream in range(4) for step in range(30) for x in dropped(stream, step).tolist()}
    for use in ("initial", "order", "held back", "run", "split"):
        for number in range(4):
            words = Draws(9, use, number).words(64)
            halves = np.concatenate([words >> np.uint64(40), words >> np.uint64(8) & np.uint64(0xFFFFFF)])
            assert len({x / 2**24 for x in halves.tolist()} & masks) < 10  # 24 bits meet by chance


@pytest.mark.parametrize(
    ("draw", "mean", "variance"),
    [
        (lambda d: d.uniform(-1.0, 3.0, (400, 500)), 1.0, 16 / 12),
        (lambda d: d.normal(2.0, 0.5, (400, 500)), 2.0, 0.25),
    ],
)
def test_numbers_have_their_mean_and_variance(draw, mean, variance):
    x = draw(Draws(11, "initial"))
    assert x.shape == (400, 500)
    assert abs(x.mean() - mean) < 4 * math.sqrt(variance / x.size)
    assert x.var() == pytest.approx(variance, rel=0.02)
    assert abs(np.corrcoef(x[:, :-1].ravel(), x[:, 1:].ravel())[0, 1]) < 4 / math.sqrt(x.size)


def test_normal_numbers_fill_the_curve_evenly():
    x = Draws(3, "initial").normal(0.0, 1.0, (200_000,))
    edges = [NormalDist().inv_cdf(i / 64) for i in range(1, 64)]
    counts = np.bincount(np.searchsorted(edges, x), minlength=64)
    assert abs(chi_square(counts)) < 4


def test_normal_numbers_are_quantiles_of_uniform_ones():
    words = Draws(3, "initial").words(50_000) >> np.uint64(12)
    expected = [NormalDist().inv_cdf((int(w) + 0.5) / 2**52) for w in words]
    assert Draws(3, "initial").normal(0.0, 1.0, (50_000,)) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_the_rarest_words_give_finite_normal_numbers(monkeypatch):
    for word in (0, 2**64 - 1):
        monkeypatch.setattr(Draws, "words", lambda self, count, word=word: np.full(count, word, np.uint64))
        assert 8.2 < abs(Draws(0, "x").normal(0.0, 1.0, (1,))[0]) < 8.3


def test_bits_are_pinned():
    # What a seed gives is a promise; these are the same on every machine, whatever NumPy's version.
    assert Draws(3, "order", 2).permutation(8).tolist() == [2, 4, 0, 7, 6, 5, 3, 1]
    assert [x.hex() for x in Draws(3, "initial", 2).normal(0.0, 1.0, (4,))] == [
        "-0x1.fa89bb8620ed5p+0",
        "-0x1.32ad764b930a1p-2",
        "-0x1.f051db0688a16p-1",
        "-0x1.1886969c10d9ap-3",
    ]
    assert [x.hex() for x in Draws(3, "initial", 2).uniform(0.0, 1.0, (2,))] == [
        "0x1.8804c375c0320p-6",
        "0x1.87753cf0fa3fcp-2",
    ]


def test_seeds_are_whole_numbers_of_any_kind():
    assert np.array_equal(Draws(np.int64(2**40 + 1), "order").words(3), Draws(2**40 + 1, "order").words(3))
    with pytest.raises(TypeError):
        Draws(1.5, "order")


def test_numpys_generator_follows_from_the_stream():
    first, again, other = (
        Draws(s, "initial", n).generator().integers(0, 2**40, 8) for s, n in ((1, 0), (1, 0), (1, 1))
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
