"""The linear model beside networks: how its price is chosen."""

from functools import partial

import numpy as np
import pytest

from chainrule.data.target import Target
from chainrule.models import linear
from chainrule.models.linear import coefficients, crossed, outputs_of
from chainrule.models.recipe import PRICES, row_losses


@pytest.mark.parametrize("seed", [0, 4, 6, 10])
def test_all_rows_of_a_small_table_choose_the_price_of_a_linear_model(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((80, 70))
    y = X[:, :5].sum(axis=1, keepdims=True) + rng.normal(0, 2, (80, 1))
    target = Target("regression", ("y",), mean=(0.0,), std=(1.0,))
    judged = np.array_split(rng.permutation(80), 8)
    folds = [(np.setdiff1d(np.arange(80), judge), judge) for judge in judged]
    losses = partial(row_losses, "regression", y)
    found = crossed(target, X, y, None, folds, PRICES["regression"], losses)
    costs = []
    for price in PRICES["regression"]:
        said = np.empty_like(y)
        for learn, judge in folds:
            said[judge] = outputs_of(target, X[judge], coefficients(target, X[learn], y[learn], None, price))
        costs.append(losses(said).mean())
    assert found.price == PRICES["regression"][int(np.argmin(costs))]
    assert losses(found.outputs).mean() == pytest.approx(min(costs))


def crossing(told, prices):
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 4))
    y = (told * X[:, 0] + random.normal(size=120) > 0).astype(int)
    folds = [(np.flatnonzero(np.arange(120) % 4 != k), np.arange(k, 120, 4)) for k in range(4)]
    costs = []

    def losses(outputs):
        costs.append(row_losses("binary", y, outputs))
        return costs[-1]

    target = Target("binary", ("kind",), ("no", "yes"), (0.5, 0.5))
    found = crossed(target, X, y, None, folds, prices, losses)
    return found, [float(each.mean()) for each in costs]


def test_lower_prices_are_tried_until_one_does_worse():
    prices = PRICES["few"]
    noise, costs = crossing(0, prices)
    assert noise.price == 1000 and len(costs) == 2 < len(prices) and costs[0] < costs[1]
    clear, costs = crossing(1, prices)
    each = [crossing(1, [price])[1][0] for price in prices]
    assert clear.price == prices[int(np.argmin(each))] == 1 and len(costs) == 5
    assert np.allclose(costs, each[: len(costs)], atol=1e-3)


def test_products_in_parts_are_those_of_all_rows():
    random = np.random.default_rng(0)
    for rows, width, outputs in ((7, 3, 1), (5_000, 60, 10), (300, 400, 2)):
        X, W = random.normal(size=(rows, width)), random.normal(size=(width, outputs))
        parts = linear._blocks(X, outputs)
        assert np.array_equal(np.concatenate([X[part] for part in parts]), X)
        assert len(parts) == 1 or max(X[part].size for part in parts) * outputs <= linear._ALONE
        assert np.allclose(linear._product(X, W), X @ W)
        assert np.allclose(linear._transposed(X, X @ W), X.T @ (X @ W))
