"""Many networks at once: each learns what it would alone, to the last bit, and what happens to one is its own."""

import copy

import numpy as np
import pytest

import chainrule as cr

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
Y = np.tanh(X[:, 0]) + 0.1 * RANDOM.normal(size=60)
FOLDS = np.array_split(RANDOM.permutation(60), 4)
OTHERS = [np.setdiff1d(np.arange(60), fold) for fold in FOLDS]


def network(seed=0, units=4, **settings):
    return cr.Network([cr.Dense(units, "tanh"), cr.Dense(1)], seed=seed, **settings)


def the_same(one, other):
    return all(
        np.array_equal(a, b) for a, b in zip(one.parameters.values(), other.parameters.values(), strict=True)
    )


def alone(members, histories, rows, held, **settings):
    """Fit the same networks one after the other."""
    found = []
    for i, member in enumerate(members):
        member.engine = histories[i].engine
        own = {name: given[i] if isinstance(given, list) else given for name, given in settings.items()}
        data = {} if held is None else {"validation_data": (X[held[i]], Y[held[i]])}
        found.append(member.fit(X[rows[i]], Y[rows[i]], **data, **own))
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"batch_size": [None, 8, 16, 7], "epochs": [3, 4, 5, 6], "loss": ["mse", "mae", "huber", "mse"]},
        {"optimizer": [cr.Adam(0.1), "sgd", cr.RMSprop(0.01), "lbfgs"], "batch_size": None},
        {"callbacks": cr.EarlyStopping(patience=1), "optimizer": cr.SGD(0.5)},
    ],
    ids=["plain", "lists", "optimizers", "stopping"],
)
def test_each_learns_to_the_bit_what_it_would_alone(settings):
    settings = {"epochs": 5, **settings}
    members, same = ([network(seed) for seed in range(4)] for _ in range(2))
    histories = cr.fit_many(members, X, Y, rows=OTHERS, validation_rows=FOLDS, **settings)
    expected = alone(same, histories, OTHERS, FOLDS, **settings)
    for i, history in enumerate(histories):
        assert dict(history) == dict(expected[i]) and history.stopped == expected[i].stopped
        assert the_same(members[i], same[i]) and members[i].runs == 1


def test_every_epoch_is_kept_and_can_be_gone_back_to():
    members = [network(seed) for seed in range(4)]
    histories = cr.fit_many(members, X, Y, rows=OTHERS, validation_rows=FOLDS, epochs=6, keep_epochs=True)
    curve = [
        np.mean(
            [
                np.mean((h.kept.predictions[e][:, 0] - Y[f]) ** 2)
                for h, f in zip(histories, FOLDS, strict=True)
            ]
        )
        for e in range(6)
    ]
    assert np.allclose(curve, np.mean([h["val_cost"] for h in histories], axis=0), rtol=1e-5)
    for member, history, fold in zip(members, histories, FOLDS, strict=True):
        history.kept.restore(member, 2)
        member.engine = history.engine
        assert np.array_equal(member.predict(X[fold]), history.kept.predictions[2])
        with pytest.raises(cr.DataError, match="no epoch 6"):
            history.kept.restore(member, 6)


def test_one_that_diverges_leaves_the_others_alone():
    members = [network(seed) for seed in range(3)]
    rates = [cr.SGD(0.01), cr.SGD(1e30), cr.SGD(0.01)]
    with pytest.warns(cr.DivergenceWarning):
        histories = cr.fit_many(members, X, Y, optimizer=rates, epochs=3)
    assert [h.diverged for h in histories] == [False, True, False]
    assert [h.epochs for h in histories][::2] == [3, 3]


def test_what_is_given_stays_what_it_is():
    pd = pytest.importorskip("pandas")
    table, y = pd.DataFrame(X, columns=["a", "b", "c"]), pd.Series(Y)
    members = [network(seed) for seed in range(2)]
    cr.fit_many(members, table, y, rows=OTHERS[:2], sample_weight=np.ones(60), epochs=2)
    assert members[1].columns == {"x": ("a", "b", "c")}
    words = [[1, 2, 3], [4, 5], [6], [1, 1, 1, 1]]
    of_words = [
        cr.Network([cr.Embedding(7, 2, mask_zero=True), cr.LSTM(2), cr.Dense(1)], seed=0) for _ in range(2)
    ]
    one, other = cr.fit_many(of_words, words, [0.0, 1, 2, 3], rows=[[0, 1], [1, 0]], shuffle=False, epochs=1)
    assert one.epochs == other.epochs == 1


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"networks": network()}, cr.GraphError, "a list of networks"),
        ({"networks": ["no"]}, cr.GraphError, "at place 0 it found 'no'"),
        ({"rows": [[0, 1]]}, cr.DataError, "2 networks and 1 of rows"),
        ({"rows": [[0, 60], None]}, cr.DataError, r"rows\[0\] names the row 60; there are 60"),
        ({"rows": [[], None]}, cr.DataError, "at least one"),
        ({"rows": [[0.5], None]}, cr.DataError, "whole numbers"),
        ({"epochs": [1, 2, 3]}, cr.DataError, "2 networks and 3 of epochs"),
        ({"keep_epochs": True}, cr.DataError, "give validation_rows"),
        ({"validation_rows": FOLDS[:2], "validation_data": (X, Y)}, cr.DataError, "not both"),
    ],
)
def test_what_makes_no_sense_is_said(given, error, says):
    members = [network(0), network(1)]
    with pytest.raises(error, match=says):
        cr.fit_many(**{"networks": members, "X": X, "y": Y, **given})
    assert all(member.runs == 0 for member in members)


def test_a_network_that_is_there_twice_is_refused():
    one = network()
    with pytest.raises(cr.GraphError, match="place 1 is there twice"):
        cr.fit_many([one, one], X, Y)
    assert len(cr.fit_many([one, copy.deepcopy(one)], X, Y, epochs=1)) == 2
    assert cr.fit_many([], X, Y) == []
