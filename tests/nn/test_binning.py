"""Edges of bins: quantiles with as many rows in each bin, and values that repeat apart from all others."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import chainrule as cr
from chainrule.nn.alike import chain_of

RNG = np.random.default_rng(0)
NUMBERS = st.one_of(
    st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from([0.0, 1.0, 1e-30, np.nan])
)
COLUMNS = arrays(np.float64, st.tuples(st.integers(0, 40), st.just(1)), elements=NUMBERS)


@settings(deadline=None)
@given(COLUMNS, st.integers(1, 12))
def test_edges_are_few_in_order_and_make_a_layer(x, bins):
    (edges,) = cr.bin_edges(x, bins)
    assert len(edges) <= bins + 1 and len(edges) != 1
    assert all(a < b for a, b in pairwise(edges)) and set(edges) <= {float(v) for v in x.astype("f4")[:, 0]}
    encoded = cr.Network([cr.PiecewiseLinearEncoding((edges,))], input_shape=1, engine="numpy").predict(
        np.nan_to_num(x)
    )
    assert np.isfinite(encoded).all() and encoded.shape == (len(x), max(len(edges), 1))
    assert (encoded[:, 1:] >= 0).all() and (encoded[:, 1:] <= 1).all()


def test_each_bin_of_a_column_of_different_values_holds_as_many_rows():
    x = RNG.normal(size=(2401, 1))
    (edges,) = cr.bin_edges(x, 24)
    held = np.histogram(x, edges)[0]
    assert len(held) == 24 and held.min() >= 99 and held.max() <= 101
    assert edges[0] == np.float32(x.min()) and edges[-1] == np.float32(x.max())


@pytest.mark.parametrize("share", [0.3, 0.92, 0.999])
def test_a_value_that_repeats_is_told_from_all_others_and_the_rest_has_bins(share):
    amounts = np.exp(RNG.normal(size=2000))
    x = np.where(np.arange(2000) < share * 2000, 0, amounts).reshape(-1, 1)
    (edges,) = cr.bin_edges(x, 24)
    least = np.float32(x[x > 0].min())
    assert edges[:2] == (0, least)
    assert len(edges) == min(25, 1 + (x > 0).sum())
    encoded = cr.Network([cr.PiecewiseLinearEncoding((edges,))], input_shape=1).predict(x)
    there = (x[:, 0] > 0).astype("f4")  # which the first bin says
    np.testing.assert_allclose(encoded[:, 1], there, rtol=1e-6, atol=0)


def test_a_value_within_the_others_has_an_edge_on_both_sides():
    x = np.where(RNG.random(3000) < 0.5, 1.5, RNG.normal(size=3000)).reshape(-1, 1)
    (edges,) = cr.bin_edges(x, 12)
    at = edges.index(1.5)
    values = np.unique(x.astype("f4"))
    beside = np.searchsorted(values, 1.5)
    assert edges[at - 1] == values[beside - 1] and edges[at + 1] == values[beside + 1]


def test_few_values_are_edges_and_two_need_none():
    x = np.array([[3, 0, 7], [1, 1, 7], [2, 0, 7], [3, 1, 7]])
    assert cr.bin_edges(x, 24) == ((1, 2, 3), (), ())


def test_more_values_that_repeat_than_there_is_room_for():
    x = np.repeat(np.arange(12.0), 10)[:, None]
    (edges,) = cr.bin_edges(x, 3)
    assert len(edges) == 4 and edges[0] == 0 and edges[-1] == 11


def test_a_missing_number_is_left_out():
    x = RNG.normal(size=(100, 1))
    assert cr.bin_edges(np.concatenate([x, np.full((50, 1), np.nan)]), 8) == cr.bin_edges(x, 8)


@pytest.mark.parametrize(
    "edges",
    [
        "ab",
        3,
        ((1.0,),),
        ((2, 1),),
        ((0, np.nan),),
        ((0, 1e-60),),
        ((0, 1e300),),
        (("a", "b"),),
        (((0, 1), (1, 2)),),
    ],
)
def test_edges_that_are_none(edges):
    with pytest.raises(cr.GraphError, match=r"PiecewiseLinearEncoding: .*(in order|larger|row of numbers)"):
        cr.PiecewiseLinearEncoding(edges)


def test_encodings_with_as_many_bins_share_a_program_and_not_their_edges():
    one, other = (cr.PiecewiseLinearEncoding(((0, 1, 2), e)) for e in ((5, 6), (8, 9)))
    first, second = (chain_of([layer, cr.Dense(1)], 2, "float32") for layer in (one, other))
    assert first.structure == second.structure is not None
    assert (
        first.structure != chain_of([cr.PiecewiseLinearEncoding(((0, 1), (2, 3, 4)))], 2, "float32").structure
    )
    found = [cr.Network([layer], input_shape=2).predict([[1, 8.5]])[0].tolist() for layer in (one, other)]
    assert found == [[1, 8.5, 1, 0, 1], [1, 8.5, 1, 0, 0.5]]


def test_a_fit_moves_weights_and_no_edges():
    X = RNG.normal(size=(60, 2)).astype("f4")
    layer = cr.PiecewiseLinearEncoding(cr.bin_edges(X, 6))
    network = cr.Network([layer, cr.Dense(4, "relu"), cr.Dense(1)], input_shape=2, seed=0)
    before = {name: array.copy() for name, array in network.statistics.items()}
    history = network.fit(X, np.sin(3 * X[:, 0]), epochs=5)
    assert history["cost"][-1] < history["cost"][0]
    assert {name: array.tolist() for name, array in network.statistics.items()} == {
        name: array.tolist() for name, array in before.items()
    }
