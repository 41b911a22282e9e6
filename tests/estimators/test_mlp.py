"""MLPClassifier and MLPRegressor beside scikit-learn's: whatever is set, and however they are used."""

import _thread
import contextlib
import copy
import io
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings as trying, strategies as st
from sklearn import neural_network as theirs
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule as cr
from versions import INSTALLED, since

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, LABELS = load_iris(return_X_y=True)
X, LABELS = X[::2], LABELS[::2]
NUMBERS, TARGET = make_regression(75, 4, noise=5, random_state=0)
TARGET /= TARGET.std()
WEIGHTS = np.random.RandomState(1).rand(75)
NAMES = ["MLPClassifier", "MLPRegressor"]
SAME_WORDS = INSTALLED >= (1, 9)


def both(name, **settings):
    """Return scikit-learn's estimator and ours."""
    return getattr(theirs, name)(**settings), getattr(cr, name)(**settings)


def examples(name):
    return (X, LABELS) if name == "MLPClassifier" else (NUMBERS, TARGET)


def assert_alike(one, other):
    for mine, its in zip([*other.coefs_, *other.intercepts_], [*one.coefs_, *one.intercepts_], strict=True):
        assert mine.dtype == its.dtype
        np.testing.assert_allclose(mine, its, rtol=0, atol=1e-6)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(other, name) == getattr(one, name), name
        assert type(getattr(other, name)) is type(getattr(one, name)), name
    for name in ("loss_", "best_loss_", "best_validation_score_", "loss_curve_", "validation_scores_"):
        mine, its = getattr(other, name, "nothing"), getattr(one, name, "nothing")
        assert (mine in (None, "nothing")) == (its in (None, "nothing")), name
        if its not in (None, "nothing"):
            np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-6, err_msg=name)
    assert all(type(loss) is float for loss in getattr(other, "loss_curve_", []))


SETTINGS = st.fixed_dictionaries(
    {
        "hidden_layer_sizes": st.sampled_from([(), 4, (5, 3)]),
        "activation": st.sampled_from(["identity", "logistic", "tanh", "relu"]),
        "solver": st.sampled_from(["lbfgs", "sgd", "adam"]),
        "alpha": st.sampled_from([0, 1e-4, 2.0]),
        "batch_size": st.sampled_from(["auto", 1000, 32, 75]),
        "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
        "learning_rate_init": st.sampled_from([1e-3, 0.1]),
        "power_t": st.sampled_from([0.0, 0.5]),
        "max_iter": st.sampled_from([1, 12]),
        "shuffle": st.booleans(),
        "random_state": st.integers(0, 9),
        "tol": st.sampled_from([0.0, 1e-4, 0.1]),
        "momentum": st.sampled_from([0, 0.5, 1]),
        "nesterovs_momentum": st.booleans(),
        "early_stopping": st.booleans(),
        "beta_1": st.sampled_from([0, 0.9]),
        "beta_2": st.sampled_from([0.5, 0.999]),  # with 0 a step is a sign, which turns where rounding does
        "n_iter_no_change": st.sampled_from([1, 3, np.inf]),
        "warm_start": st.booleans(),
    }
)


@trying(max_examples=16, deadline=None)
@given(
    settings=SETTINGS,
    name=st.sampled_from(NAMES),
    weighed=st.booleans(),
    labels=st.sampled_from([2, 3, "some"]),
)
def test_whatever_is_set_the_numbers_are_theirs(settings, name, weighed, labels):
    X, y = examples(name)
    if name == "MLPClassifier":
        y = np.stack([y == 0, y == 1], axis=1).astype(int) if labels == "some" else np.minimum(y, labels - 1)
    else:
        y = np.stack([y, y * 2], axis=1) if labels == "some" else y
    weights = [WEIGHTS] if weighed and INSTALLED >= (1, 7) else []  # before, theirs took none
    if settings["solver"] == "lbfgs":
        # With 0 it goes on where it is solved, and whether a line search still finds something below is rounding.
        settings = {**settings, "tol": max(settings["tol"], 1e-4)}
    one, other = both(name, **settings)
    # Of a second fit theirs overwrites the weights that scored best in the first one, in place.
    for _ in range(1 if settings["early_stopping"] else 2):
        told = []
        for each in (one, other):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                each.fit(X, y, *weights)
            told.append([(w.category, SAME_WORDS and str(w.message)) for w in caught])
        assert told[0] == told[1]
        assert_alike(one, other)


WRONG = [
    {"alpha": -1}, {"solver": "newton"}, {"hidden_layer_sizes": (3, 0)}, {"batch_size": 0}, {"beta_1": 1},
    {"validation_fraction": 1.0}, {"learning_rate": "fast"}, {"max_iter": 0}, {"n_iter_no_change": 0.5},
    pytest.param({"early_stopping": True, "validation_fraction": 0.01}, marks=since(1, 7)),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_refused_is_refused_in_their_words(wrong, name):
    said = []
    for each in both(name, **wrong):
        with pytest.raises(ValueError, match=r"\w") as error:
            each.fit(*examples(name))
        # Which of several names is said first is a matter of hashes.
        said.append(sorted(str(error.value).translate(str.maketrans(",{}.", "    ")).split()))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"max_iter": 3},
        {"max_iter": 200, "tol": 0.05, "n_iter_no_change": 2},
        {
            "solver": "sgd",
            "learning_rate": "adaptive",
            "learning_rate_init": 0.5,
            "tol": 0.05,
            "n_iter_no_change": 1,
        },
        {"early_stopping": True, "tol": 0.01, "n_iter_no_change": 2},
        {"solver": "lbfgs", "max_iter": 3},
    ],
    ids=str,
)
def test_what_is_told_is_what_theirs_tell(settings):
    told = []
    for each in both("MLPClassifier", verbose=True, random_state=0, **settings):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            each.fit(X, LABELS)
        told.append(out.getvalue())
    assert told[0] == told[1]


def test_a_random_state_is_left_where_theirs_leave_it():
    for settings in ({}, {"batch_size": 20, "max_iter": 400, "tol": 0.05}, {"early_stopping": True}):
        states = [np.random.RandomState(3), np.random.RandomState(3)]
        for each, state in zip(both("MLPRegressor", **settings), states, strict=True):
            each.set_params(random_state=state).fit(NUMBERS, TARGET)
            each.partial_fit(NUMBERS, TARGET) if not settings.get("early_stopping") else None
        assert states[0].uniform() == states[1].uniform()


def test_partial_fits_go_on_as_theirs_do():
    one, other = both("MLPClassifier", solver="sgd", learning_rate="invscaling", random_state=2)
    for begin in (0, 20, 35):
        for each in (one, other):
            each.partial_fit(X[begin : begin + 30], LABELS[begin : begin + 30], classes=[0, 1, 2])
        assert_alike(one, other)
    one, other = both("MLPRegressor", random_state=2, max_iter=5)
    for each in (one, other):
        each.fit(NUMBERS, TARGET).partial_fit(NUMBERS[:9], TARGET[:9])
    assert_alike(one, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_dtypes_are_theirs(dtype, solver):
    one, other = both("MLPClassifier", solver=solver, max_iter=5, random_state=0)
    for each in (one, other):
        each.fit(X.astype(dtype), LABELS)
    for kind in ("float32", "float64"):
        mine, its = other.predict_proba(X.astype(kind)), one.predict_proba(X.astype(kind))
        assert mine.dtype == its.dtype
        np.testing.assert_allclose(mine, its, atol=1e-5)
    assert [w.dtype for w in other.coefs_] == [w.dtype for w in one.coefs_]


def test_predictions_follow_weights_that_are_put_there():
    model = cr.MLPRegressor(hidden_layer_sizes=(), max_iter=2, random_state=0).fit(NUMBERS, TARGET)
    model.coefs_[0][:] = 0
    model.intercepts_ = [np.array([7.0])]
    assert (model.predict(NUMBERS) == 7).all()
    assert model.network_.predict(NUMBERS[:2]).ravel().tolist() == [7, 7]


def test_the_network_is_the_estimator_s(tmp_path):
    model = cr.MLPClassifier((5, 3), "tanh", max_iter=5, random_state=0).fit(X, LABELS)
    assert [layer.units for layer in model.network_.layers] == [5, 3, 3]
    model.network_.save(tmp_path / "network.safetensors")
    again = cr.load(tmp_path / "network.safetensors")
    np.testing.assert_allclose(again.predict(X), model.predict_proba(X))
    with pytest.raises(AttributeError, match="not fitted yet"):
        _ = cr.MLPClassifier().network_


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_go_on_alike(again):
    model = cr.MLPRegressor(random_state=0).partial_fit(NUMBERS, TARGET)
    other = again(model)
    for each in (model, other):
        each.partial_fit(NUMBERS, TARGET)
    assert_alike(model, other)
    np.testing.assert_array_equal(model.predict(NUMBERS), other.predict(NUMBERS))


@pytest.mark.parametrize("tol", [0.0, 1e-3])
def test_epochs_that_are_counted_at_once_are_those_that_are_heard_of(tol, capsys):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    quiet, told = (
        cr.MLPClassifier(max_iter=80, tol=tol, n_iter_no_change=4, random_state=0, verbose=verbose).fit(X, y)
        for verbose in (False, True)
    )
    for name in ("loss_curve_", "best_loss_", "n_iter_", "t_", "_no_improvement_count"):
        assert getattr(quiet, name) == getattr(told, name), name


def test_ctrl_c_keeps_what_was_learned():
    class Impatient(list):
        """A curve of losses that has someone press Ctrl-C at its fifth."""

        def append(self, loss):
            super().append(loss)
            if len(self) == 5:
                _thread.interrupt_main()

    model = cr.MLPClassifier(max_iter=5000, tol=0, n_iter_no_change=3, warm_start=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_params(max_iter=1).fit(X, LABELS)
    model.loss_curve_ = Impatient()
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
        model.set_params(max_iter=10**6).fit(X, LABELS)
    assert 5 <= model.n_iter_ < 10**6
    assert len(model.loss_curve_) == model.n_iter_
    assert model.predict(X).shape == (75,)


@since(1, 7)
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("weights", [-WEIGHTS, WEIGHTS - 0.5], ids=["below 0", "of both signs"])
def test_weights_below_0_count_as_they_do_there(weights, solver):
    one, other = both("MLPRegressor", solver=solver, batch_size=10, max_iter=3, random_state=0)
    for each in (one, other):
        each.fit(NUMBERS, TARGET, weights)
    for mine, its in zip(other.coefs_, one.coefs_, strict=True):  # L-BFGS runs away from those of both signs
        np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-6)


def test_counts_are_not_below_0():
    model = cr.MLPRegressor("poisson", 3, max_iter=1, random_state=0)
    with pytest.raises(cr.DataError, match=r"^y goes down to -2, and loss=.poisson. is of counts"):
        model.fit(NUMBERS, np.round(TARGET) - np.round(TARGET).min() - 2)
    with pytest.raises(cr.DataError, match=r"^y_val goes down to -1"):
        model.fit(NUMBERS, TARGET**2, X_val=NUMBERS[:2], y_val=[3, -1])


@pytest.mark.parametrize("warm", [True, False])
def test_a_fit_that_goes_on_is_given_as_many_columns_as_before(warm):
    for before, after, said in (
        (TARGET, np.stack([TARGET, TARGET], axis=1), "y has 2 columns, and there was 1 "),
        (np.stack([TARGET, TARGET], axis=1), TARGET, "y has 1 column, and there were 2 "),
    ):
        model = cr.MLPRegressor(hidden_layer_sizes=3, max_iter=1, warm_start=warm).fit(NUMBERS, before)
        with pytest.raises(cr.DataError, match=said):
            (model.fit if warm else model.partial_fit)(NUMBERS, after)
    model = cr.MLPClassifier(3, max_iter=1, warm_start=warm).fit(X, np.eye(3, dtype=int)[LABELS])
    with pytest.raises(cr.DataError, match=r"one label for each row, .* 3 columns of 0 and 1"):
        (model.fit if warm else model.partial_fit)(X, LABELS)


def test_weights_that_become_infinite_are_refused_in_their_words():
    with pytest.raises(ValueError, match=r"^Solver produced non-finite parameter weights"):
        cr.MLPRegressor(solver="sgd", learning_rate_init=1e6, random_state=0).fit(NUMBERS * 1e3, TARGET)


def test_fits_in_threads_are_those_of_one():
    def fit(seed):
        return cr.MLPClassifier(5, max_iter=20, random_state=seed).fit(X, LABELS).coefs_[0]

    alone = [fit(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(fit, range(6)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rate_or_a_price_costs_no_new_program(monkeypatch):
    from chainrule.estimators import learner

    cr.MLPClassifier(6, max_iter=1, random_state=0).fit(X, LABELS)
    drawn = []
    plain = learner.training_program
    monkeypatch.setattr(learner, "training_program", lambda *given: drawn.append(1) or plain(*given))
    cr.MLPClassifier(6, alpha=0.5, learning_rate_init=0.1, max_iter=2, random_state=1).fit(
        X[::2], LABELS[::2]
    )
    assert drawn == []


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_warning_shows_the_line_of_the_user_also_through_a_pipeline(solver):
    model = cr.MLPClassifier(3, solver=solver, max_iter=3)
    for fitted in (model, make_pipeline(StandardScaler(), model)):
        with pytest.warns(ConvergenceWarning) as caught:
            fitted.fit(X, LABELS)
        assert [warning.filename for warning in caught] == [__file__]


def test_a_warning_in_a_worker_shows_who_asked_it_to_fit():
    search = GridSearchCV(cr.MLPClassifier(3, max_iter=3), {"alpha": [0.1, 1.0]}, cv=2)
    with pytest.warns(ConvergenceWarning) as caught, ThreadPoolExecutor(1) as pool:
        pool.submit(search.fit, X, LABELS).result()
    assert {Path(warning.filename).name for warning in caught} == {"_validation.py", "_search.py"}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_what_filters_their_warnings_by_module_filters_ours(solver):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings(
            "ignore", category=ConvergenceWarning, module="sklearn"
        )  # as in their gallery
        cr.MLPClassifier(3, solver=solver, max_iter=3, random_state=0).fit(X, LABELS)
