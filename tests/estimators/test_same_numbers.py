"""The same weights and losses as scikit-learn's, from the same random_state."""

import numpy as np
import pytest
from sklearn import neural_network as theirs
from sklearn.datasets import load_iris, make_regression

from chainrule.estimators import mlp as ours
from versions import since

X, y = load_iris(return_X_y=True)
NUMBERS, target = make_regression(120, 6, noise=10, random_state=0)
target /= target.std()
CASES = {
    "multiclass": ("MLPClassifier", X, y, {}),
    "binary": ("MLPClassifier", X[:100], np.array(["no", "yes"])[y[:100]], {}),
    "multilabel": ("MLPClassifier", NUMBERS, (NUMBERS[:, :3] > 0).astype(int), {}),
    "regression": ("MLPRegressor", NUMBERS, target, {}),
    "several outputs": ("MLPRegressor", NUMBERS, np.c_[target, -(target**2)], {}),
    "poisson": (
        "MLPRegressor",
        NUMBERS,
        np.random.RandomState(0).poisson(np.exp(target / 3)),
        {"loss": "poisson"},
    ),
}
SAMPLE = ("multiclass", "several outputs")  # that always goes every way
WAYS = [
    {},
    {"solver": "lbfgs"},
    {"solver": "sgd", "learning_rate_init": 0.05},
    {
        "solver": "sgd",
        "nesterovs_momentum": False,
        "learning_rate": "invscaling",
        "power_t": 0.3,
        "batch_size": 33,
    },
    {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 1e-2,
        "n_iter_no_change": 2,
    },
    {"early_stopping": True, "activation": "tanh", "batch_size": 50},
    {"shuffle": False, "batch_size": 33, "alpha": 1.0, "activation": "logistic"},
    {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0.0},
]


def marks_of(case, number):
    long = [] if number < 3 or case in SAMPLE else [pytest.mark.long]
    return [*long, since(1, 7)] if case == "poisson" else long


EVERY = [
    pytest.param(case, way, id=f"{case}-{way}", marks=marks_of(case, number))
    for case in CASES
    for number, way in enumerate(WAYS)
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("case", "way"), EVERY)
def test_the_same_numbers(case, way):
    name, X, y, besides = CASES[case]
    settings = {"hidden_layer_sizes": (10, 5), "max_iter": 30, "random_state": 0, **besides, **way}
    one, other = getattr(theirs, name)(**settings), getattr(ours, name)(**settings)
    one.fit(X, y)
    other.fit(X, y)
    assert other.n_iter_ == one.n_iter_ and other.t_ == one.t_
    for mine, its in zip([*other.coefs_, *other.intercepts_], [*one.coefs_, *one.intercepts_], strict=True):
        assert mine.dtype == its.dtype
        np.testing.assert_allclose(mine, its, rtol=0, atol=1e-6)
    assert abs(other.loss_ - one.loss_) < 1e-6
    if "lbfgs" not in way.values():
        np.testing.assert_allclose(other.loss_curve_, one.loss_curve_, rtol=0, atol=1e-6)
    said = [each.predict(X) for each in (other, one)]
    np.testing.assert_array_equal(*(each.round(6) if each.dtype.kind in "if" else each for each in said))
    assert other.score(X, y) == pytest.approx(one.score(X, y))
