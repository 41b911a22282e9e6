"""Finding a learning rate: it rises until the cost does, on a copy, and what it suggests is worth trying."""

import pickle
import warnings

import numpy as np
import pytest
from values_of import values_of

import chainrule as cr
from chainrule.train import rates as finder

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = np.tanh(X @ [1.0, -2.0, 0.5])


def network(seed=0, **options):
    return cr.Network([cr.Dense(16, "tanh"), cr.Dense(1)], seed=seed, **options)


def test_it_rises_by_one_factor_until_the_cost_is_lost():
    found = cr.find_learning_rate(network(), X, Y, low=1e-6, high=100.0, steps=80, optimizer="sgd")
    assert 20 < len(found.rates) == len(found.costs) == len(found.smoothed) < 80  # it ended before
    np.testing.assert_allclose(found.rates[:3], 1e-6 * (1e8 ** (np.arange(3) / 79)), rtol=1e-12)
    assert found.rates[0] < found.suggestion < found.rates[-1] and np.isfinite(found.costs).all()
    assert found.smoothed[0] == found.costs[0]


def test_a_first_step_is_the_first_step_of_fit():
    one = network(dtype="float64")
    found = cr.find_learning_rate(one, X, Y, batch_size=None, low=0.01, high=0.02, steps=10, optimizer="sgd")
    rates = 0.01 * 2 ** (np.arange(10) / 9)
    np.testing.assert_allclose(found.rates, rates, rtol=1e-12)
    costs = []
    for rate in rates:
        costs += one.fit(X, Y, optimizer=cr.SGD(rate), batch_size=None, epochs=1)["cost"]
    np.testing.assert_allclose(found.costs, costs, rtol=1e-9)


@pytest.mark.parametrize("built", [False, True])
def test_the_network_and_the_optimizer_stay_as_they_are(built):
    one, rule = network(input_shape=3 if built else None), cr.Adam(cr.Cosine(0.1))
    before = values_of(one) if built else None
    cr.find_learning_rate(one, X, Y, optimizer=rule)
    assert one.runs == 0 and one.loss is None and one.seed == 0 and rule == cr.Adam(cr.Cosine(0.1))
    if built:
        for a, b in zip(before, values_of(one), strict=True):
            np.testing.assert_array_equal(a, b)
    else:
        assert one._made is None
    again = network(input_shape=3 if built else None)
    assert one.fit(X, Y, epochs=3)["cost"] == again.fit(X, Y, epochs=3)["cost"]


def test_the_same_seed_finds_the_same():
    a, b, c = (cr.find_learning_rate(network(seed), X, Y) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.costs, b.costs)
    assert a.suggestion == b.suggestion and not np.array_equal(a.costs, c.costs)


@pytest.mark.parametrize(
    "rule", ["adam", "sgd", "momentum", "rmsprop", "adagrad", "adamw", lambda g, slot, t: (g, [])]
)
def test_any_optimizer_that_has_a_rate(rule):
    found = cr.find_learning_rate(network(), X, Y, optimizer=rule, batch_size=50)
    assert 1e-5 < found.suggestion < 10


def test_what_it_suggests_learns_better_than_the_default():
    for name in ("iris", "wine", "breast_cancer", "digits"):
        table, target = cr.load_table(name)
        y = np.unique(table.pop(target), return_inverse=True)[1]
        inputs = (table - table.mean()) / (table.std() + 1e-9)
        units = cr.Dense(1, "sigmoid") if y.max() == 1 else cr.Dense(int(y.max()) + 1, "softmax")
        costs = {}
        for rule in (cr.Adam, cr.SGD):
            make = lambda: cr.Network([cr.Dense(16, "relu"), units], seed=0)  # noqa: B023, E731
            suggested = cr.find_learning_rate(make(), inputs, y, optimizer=rule()).suggestion
            costs = [
                make().fit(inputs, y, optimizer=o, epochs=20)["cost"][-1] for o in (rule(), rule(suggested))
            ]
            assert costs[1] < 0.8 * costs[0], (name, rule)


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_small_batches_do_not_mislead_it(batch_size):
    """Of a batch of one the cost is chance: it suggested 6.7e-08 where the first ones were low by luck."""
    y = X @ [1.0, -2.0, 0.5]
    for seed in range(6):
        one = cr.Network([cr.Dense(16, "relu"), cr.Dense(1)], seed=seed)
        found = cr.find_learning_rate(one, X, y, batch_size=batch_size)
        assert 0.001 < found.suggestion < 0.1 and len(found.costs) > 50
        assert len(cr.find_learning_rate(one, X, y, batch_size=batch_size, steps=10).costs) <= 10
    history = one.fit(X, y, optimizer=cr.Adam(found.suggestion), batch_size=batch_size, epochs=20)
    assert history["cost"][-1] < 0.02 * y.var()


def test_rows_without_weight_are_passed_over():
    weight = np.r_[np.ones(40), np.zeros(160)]
    found = cr.find_learning_rate(network(), X, Y, sample_weight=weight)
    assert found.suggestion == cr.find_learning_rate(network(), X[:40], Y[:40]).suggestion > 0.001


def test_it_takes_a_network():
    for thing in ([cr.Dense(1)], "network", cr.Network):
        with pytest.raises(cr.GraphError, match="find_learning_rate takes a network"):
            cr.find_learning_rate(thing, X, Y)


def test_weights_of_classes_and_examples_and_losses_of_ones_own():
    labels, weight = (Y > 0).astype(int), np.linspace(1, 2, 200)
    one = cr.Network([cr.Dense(4, "relu"), cr.Dense(1, "sigmoid")], seed=0)
    plain = cr.find_learning_rate(one, X, labels)
    for options in (
        {"class_weight": {0: 1, 1: 9}},
        {"sample_weight": weight},
        {"loss": lambda y, p: (y - p) ** 2},
    ):
        assert not np.array_equal(cr.find_learning_rate(one, X, labels, **options).costs, plain.costs)


def test_it_prints_a_chart_of_a_screen():
    found = cr.find_learning_rate(network(), X, Y)
    lines = repr(found).splitlines()
    assert len(lines) <= 16 and max(map(len, lines)) < 80
    assert lines[-1] == f"Try a learning rate of {found.suggestion:g}." and "1.0e-07" in lines[1]
    assert repr(pickle.loads(pickle.dumps(found))) == repr(found)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"optimizer": "lbfgs"}, "L-BFGS finds the length of each step itself"),
        ({"low": 0}, "low is a learning rate, a number above 0; found 0"),
        ({"low": 1.0, "high": 0.1}, "rises from low to high"),
        ({"steps": 3}, "steps must be a whole number of at least 10; found 3"),
        ({"loss": lambda y, p: np.log(p - 1e9) * y}, "NaN or infinite before the first update"),
        ({"batch_size": 0}, "batch_size"),
        ({"step": 10}, "steps"),
    ],
)
def test_mistakes(options, words):
    with pytest.raises(cr.ChainruleError) as error:
        cr.find_learning_rate(network(), X, Y, **options)
    assert words in str(error.value)


def test_where_no_rate_lowers_the_cost_it_says_so():
    stuck = cr.Network(
        [cr.Dense(2, "relu", initializer=-1.0, use_bias=False), cr.Dense(1, use_bias=False)], seed=0
    )
    with pytest.warns(
        cr.LearningWarning, match="No learning rate from 1e-07 to 10 lowered the cost by more than it"
    ):
        found = cr.find_learning_rate(stuck, np.abs(X), Y)
    assert repr(found).endswith("None of them lowered the cost.")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cr.find_learning_rate(network(), X, Y)


@pytest.mark.parametrize(("rows", "batch_size"), [(200, 32), (45, 7), (20, None), (5, 3)])
def test_steps_that_are_done_together_are_those_that_are_done_one_by_one(monkeypatch, rows, batch_size):
    chosen = {"batch_size": batch_size, "high": 1e4, "steps": 60}
    together = cr.find_learning_rate(network(), X[:rows], Y[:rows], **chosen)
    monkeypatch.setattr(finder, "TOGETHER", 1)
    one_by_one = cr.find_learning_rate(network(), X[:rows], Y[:rows], **chosen)
    np.testing.assert_array_equal(together.costs, one_by_one.costs)
    assert 11 < len(together.costs) < 60
