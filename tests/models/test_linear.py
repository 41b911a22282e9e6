"""The linear model beside networks: how its price is chosen."""

from functools import partial

import numpy as np
import pytest

from chainrule.data.target import Target
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
