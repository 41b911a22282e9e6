"""What users asked scikit-learn's MLPs for and were refused, with the numbers of their issues."""

import csv
import pickle
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import chainrule as cr
from chainrule.estimators.mlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_iris, y_iris = load_iris(return_X_y=True)
X_iris = (X_iris - X_iris.mean(0)) / X_iris.std(0)
X_line = np.linspace(-2, 2, 80)[:, None]
y_line = np.abs(X_line.ravel())
X_labels, y_labels = make_multilabel_classification(120, 6, n_classes=3, random_state=0)
X_labels = (X_labels - X_labels.mean(0)) / X_labels.std(0)
KINDS = [MLPClassifier, MLPRegressor]


def classifier(**settings):
    return MLPClassifier(**{"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 5, **settings})


def regressor(**settings):
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 5, **settings})


def of(kind, **settings):
    return (classifier if kind is MLPClassifier else regressor)(**settings)


def data(kind):
    return (X_iris, y_iris) if kind is MLPClassifier else (X_line, y_line)


def alike(a, b):
    return all(
        np.array_equal(x, y) for x, y in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True)
    )


# --- every extra, with everything a fit may be -----------------------------------------------------------


def halved(z):
    return 0.5 * np.tanh(z)


def focal(y, p):
    return -np.sum(y * (1 - p) ** 2 * np.log(p), axis=1)


EXTRAS = {
    "dropout": {"dropout": 0.25},
    "batch normalization": {"batch_normalization": True},
    "both": {"batch_normalization": True, "dropout": [0.2], "activation": ["gelu"]},
    "activation": {"activation": halved},
    "optimizer": {"optimizer": cr.RMSprop(0.01)},
    "schedule": {"optimizer": cr.AdamW(cr.Cosine(0.01))},
    "engine": {"engine": "numpy"},
    "dtype": {"dtype": "float32"},
}
OF_CLASSES = {"class weights": {"class_weight": "balanced"}, "loss": {"loss": focal}}
OF_NUMBERS = {"loss": {"loss": cr.Huber(0.5)}, "loss by name": {"loss": "absolute_error"}}
EVERY = [
    *((kind, name) for kind in KINDS for name in EXTRAS),
    *((MLPClassifier, name) for name in OF_CLASSES),
    *((MLPRegressor, name) for name in OF_NUMBERS),
]


def extra(kind, name):
    own = OF_CLASSES if kind is MLPClassifier else OF_NUMBERS
    return own.get(name) or EXTRAS[name]


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_extra_goes_with_all_that_a_fit_may_be(kind, name):
    X, y = data(kind)
    model = of(kind, **extra(kind, name), early_stopping=True, max_iter=4)
    weights = np.linspace(0.5, 2, len(X))
    model.fit(scipy.sparse.csr_array(X), y, sample_weight=weights)
    dense = clone(model).fit(X, y, sample_weight=weights)
    for a, b in zip(model.coefs_, dense.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    again = pickle.loads(pickle.dumps(dense))
    np.testing.assert_array_equal(again.predict(X), dense.predict(X))
    assert len(dense.validation_scores_) == len(dense.validation_loss_curve_) == dense.n_iter_
    more = clone(model).set_params(early_stopping=False, solver="sgd")
    if kind is MLPClassifier and "class_weight" in extra(kind, name):
        more.set_params(class_weight={0: 2.0})
    classes = {"classes": np.unique(y)} if kind is MLPClassifier else {}
    for part in (slice(0, None, 2), slice(1, None, 2)):
        more.partial_fit(X[part], y[part], **classes)
    assert more.n_iter_ == 1 and len(more.loss_curve_) == 2 and np.isfinite(more.loss_curve_).all()
    again = pickle.loads(pickle.dumps(more)).partial_fit(X, y)
    assert alike(again, more.partial_fit(X, y))


def test_settings_of_the_extras_are_searched_like_all_others():
    grid = {"dropout": [0.0, 0.5], "batch_normalization": [False, True], "optimizer": [None, cr.SGD(0.1)]}
    search = GridSearchCV(classifier(), grid, cv=2, n_jobs=1).fit(X_iris, y_iris)
    assert len(search.cv_results_["params"]) == 8
    assert set(search.best_params_) == set(grid)


@pytest.mark.parametrize("kind", KINDS)
def test_without_extras_nothing_is_different(kind):
    X, y = data(kind)
    plain = of(kind).fit(X, y)
    asked = of(
        kind, activation=["relu"], dropout=0.0, batch_normalization=False, optimizer=None, scoring=None,
        callbacks=None, dtype=None, engine="auto",
    ).fit(X, y)  # fmt: skip
    assert alike(plain, asked)
    assert plain.loss_curve_ == asked.loss_curve_


# --- one by one -------------------------------------------------------------------------------------------


def test_class_weight_9113():
    """#9113 *Add class_weight feature to MLPClassifier*."""
    rare = np.concatenate([np.flatnonzero(y_iris == 0)[:5], np.flatnonzero(y_iris == 1)])
    X, y = X_iris[rare], np.array(["rare", "often"])[y_iris[rare]]
    weights = np.where(y == "rare", 11.0, 1.0)
    asked = classifier(class_weight={"rare": 11.0}).fit(X, y)
    assert alike(asked, classifier().fit(X, y, sample_weight=weights))
    balanced = classifier(class_weight="balanced").fit(X, y)
    by_hand = classifier().fit(X, y, sample_weight=np.where(y == "rare", 55 / 10, 55 / 100))
    assert alike(balanced, by_hand)
    with pytest.raises(ValueError, match="speaks of 'common'; the classes are 'often', 'rare'"):
        classifier(class_weight={"common": 2.0}).fit(X, y)


def test_class_weight_of_labels_9113():
    """#9113, of several labels at once: each label's no and yes weigh what they are given."""
    Y = y_labels
    plain = classifier(class_weight=[{}, {}, {}]).fit(X_labels, Y)
    reference = classifier().fit(X_labels, Y)
    for a, b in zip(plain.coefs_, reference.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    eager = classifier(class_weight=[{1: 20.0}, {}, {0: 20.0}], max_iter=60).fit(X_labels, Y)
    before = classifier(max_iter=60).fit(X_labels, Y).predict_proba(X_labels).mean(0)
    after = eager.predict_proba(X_labels).mean(0)
    assert after[0] > before[0] + 0.05
    assert after[2] < before[2] - 0.05


def test_balanced_classes_are_not_counted_in_parts_9113():
    with pytest.raises(
        ValueError, match="class_weight='balanced' counts all rows, and partial_fit sees a part"
    ):
        classifier(class_weight="balanced").partial_fit(X_iris, y_iris, classes=[0, 1, 2])


def test_dropout_6175():
    """#6175: dropped while learning, with the share that was asked for, and not while predicting."""
    model = regressor(dropout=0.5, max_iter=20).fit(X_line, y_line)
    np.testing.assert_array_equal(model.predict(X_line), model.predict(X_line))
    assert any(isinstance(layer, cr.Dropout) for layer in model.network_.layers)
    assert not alike(model, regressor(max_iter=20).fit(X_line, y_line))
    assert alike(model, clone(model).fit(X_line, y_line))  # random_state fixes what is dropped
    assert not alike(model, clone(model).set_params(random_state=1).fit(X_line, y_line))
    with pytest.raises(ValueError, match="dropout has 2 entries, and there is 1 hidden layer"):
        regressor(dropout=[0.5, 0.5]).fit(X_line, y_line)


def test_dropout_says_that_lbfgs_has_none_6175():
    with pytest.raises(ValueError, match="L-BFGS"):
        regressor(dropout=0.5, solver="lbfgs").fit(X_line, y_line)
    with pytest.raises(ValueError, match="L-BFGS"):
        regressor(batch_normalization=True, solver="lbfgs").fit(X_line, y_line)


def test_batch_normalization():
    X = np.column_stack([X_line * 1000 + 5000, np.cos(X_line)])
    settings = {"max_iter": 100, "n_iter_no_change": 100, "learning_rate_init": 0.05}
    plain, normal = (regressor(batch_normalization=on, **settings).fit(X, y_line) for on in (False, True))
    assert plain.score(X, y_line) < 0.5 < normal.score(X, y_line)
    layers = [type(layer).__name__ for layer in normal.network_.layers]
    assert layers == ["Dense", "BatchNormalization", "Activation", "Dense"]
    # a lone last example has no variance: it joins the batch before it
    regressor(batch_normalization=True, batch_size=79, max_iter=1).fit(X, y_line)


def test_batch_normalization_predicts_with_what_the_rows_have():
    """However short a fit was: the running mean of a few steps would still be one of 0 and far away."""
    X = X_line * 1000 + 5000
    model = regressor(batch_normalization=True, hidden_layer_sizes=(8, 4), max_iter=2).fit(X, y_line)
    values = model.activations(X)
    for name in ("batch_normalization_1", "batch_normalization_2"):
        assert abs(values[name].mean(0)).max() < 0.01
        assert abs(values[name].std(0) - 1).max() < 0.01


def test_an_activation_for_each_layer_10097():
    """#10097, #14807 *Custom Activation Function*, #14815, #30199 *mish*."""
    model = classifier(
        hidden_layer_sizes=(6, 5, 4), activation=["tanh", "gelu", cr.LeakyReLU(0.2)], max_iter=1
    )
    values = model.fit(X_iris, y_iris).activations(X_iris)
    W, b = model.coefs_, model.intercepts_
    first = np.tanh(X_iris @ W[0] + b[0])
    second = cr.gelu(first @ W[1] + b[1])
    third = cr.leaky_relu(second @ W[2] + b[2], 0.2)
    for name, expected in (("A1", first), ("A2", second), ("A3", third)):
        np.testing.assert_allclose(values[name], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(values["A4"], model.predict_proba(X_iris), rtol=1e-12)
    with pytest.raises(ValueError, match="activation has 2 entries, and there are 3 hidden layers"):
        model.set_params(activation=["tanh", "gelu"]).fit(X_iris, y_iris)
    with pytest.raises(ValueError, match=r"Unknown activation 'rellu'. Did you mean 'relu'"):
        classifier(activation="rellu").fit(X_iris, y_iris)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_custom_activation_14807(solver):
    def mish(z):
        return z * np.tanh(np.log1p(np.exp(z)))

    settings = {
        "max_iter": 200,
        "learning_rate_init": 0.02,
        "batch_size": 16 if solver != "lbfgs" else "auto",
    }
    model = regressor(activation=mish, solver=solver, **settings).fit(X_line, y_line)
    assert model.score(X_line, y_line) > 0.9
    assert model.network_.check_gradients(X_line[:5], y_line[:5]).passed


def test_other_losses_14571():
    """#14571 *MAE Loss for MLPRegressor*: it sits at the median, which no outlier moves."""
    y = np.where(np.arange(80) % 4 == 0, 1000.0, 5.0)
    X = np.zeros((80, 1))
    settings = {
        "hidden_layer_sizes": (),
        "alpha": 0,
        "solver": "sgd",
        "max_iter": 900,
        "learning_rate_init": 0.1,
    }
    assert abs(regressor(loss="absolute_error", **settings).fit(X, y).predict(X)[0] - 5.0) < 2
    high = regressor(loss=cr.Quantile(0.9), **settings).set_params(learning_rate_init=5).fit(X, y)
    assert high.predict(X)[0] > 900
    assert regressor(loss=cr.Huber(0.5)).fit(X_line, y_line).loss_ < 1
    # the mean of what Network.evaluate says of it
    model = regressor(loss="mae", alpha=0, max_iter=1, batch_size=80, shuffle=False)
    first = model.fit(X_line, y_line).loss_
    start = regressor(loss="mae", alpha=0, max_iter=1, batch_size=80, learning_rate_init=1e-12).fit(
        X_line, y_line
    )
    assert first == pytest.approx(np.abs(start.predict(X_line) - y_line).mean(), rel=1e-6)


def test_losses_of_classes_14571():
    smooth = classifier(loss=cr.CategoricalCrossentropy(label_smoothing=0.2), max_iter=200).fit(
        X_iris, y_iris
    )
    sharp = classifier(max_iter=200).fit(X_iris, y_iris)
    assert smooth.predict_proba(X_iris).max() < sharp.predict_proba(X_iris).max()
    model = classifier(loss=focal, max_iter=100, learning_rate_init=0.02).fit(X_iris, y_iris)
    assert model.score(X_iris, y_iris) > 0.9
    model = classifier(loss="mse", max_iter=100, learning_rate_init=0.02).fit(X_iris, y_iris > 0)
    p = model.predict_proba(X_iris)[:, 1]
    assert np.mean((p - (y_iris > 0)) ** 2) < 0.05
    with pytest.raises(ValueError, match="Unknown loss 'hinge'"):
        classifier(loss="hinge").fit(X_iris, y_iris)


def test_two_losses_of_one_name_are_two_losses_14571():
    first, second = (regressor(loss=lambda y, p, f=f: f * np.mean((y - p) ** 2, axis=1)) for f in (1.0, 2.0))
    assert second.fit(X_line, y_line).loss_curve_[0] == pytest.approx(
        2 * first.fit(X_line, y_line).loss_curve_[0]
    )


def test_any_optimizer():
    """#32110 and the papers since: by name it takes the estimator's own settings, an object has its own."""
    for name in ("rmsprop", "adagrad", "adamw", "sgd"):
        model = regressor(optimizer=name, max_iter=100, learning_rate_init=0.02, batch_size=16)
        assert model.fit(X_line, y_line).score(X_line, y_line) > 0.8, name
    named = regressor(optimizer="sgd", solver="adam", learning_rate_init=0.05, momentum=0.5).fit(
        X_line, y_line
    )
    given = regressor(optimizer=cr.SGD(0.05, momentum=0.5, nesterov=True)).fit(X_line, y_line)
    assert alike(named, given)
    theirs = regressor(solver="sgd", learning_rate_init=0.05, momentum=0.5).fit(X_line, y_line)
    for a, b in zip(named.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
    with pytest.raises(ValueError, match="solver='lbfgs'"):
        regressor(optimizer=cr.LBFGS()).fit(X_line, y_line)
    with pytest.raises(ValueError, match="learning_rate='adaptive'"):
        regressor(optimizer=cr.SGD(cr.ReduceOnPlateau(0.1))).fit(X_line, y_line)


def test_a_schedule_ends_where_the_fit_ends():
    """A cosine is at 0 in the last step: it knows how many there are."""
    falling = regressor(optimizer=cr.SGD(cr.Cosine(0.1)), max_iter=30, tol=0).fit(X_line, y_line)
    steady = regressor(optimizer=cr.SGD(0.1), max_iter=30, tol=0).fit(X_line, y_line)
    last = [abs(np.diff(model.loss_curve_[-6:])).mean() for model in (falling, steady)]
    assert last[0] < 0.5 * last[1]


@pytest.mark.parametrize("kind", KINDS)
def test_adaptive_rates_with_any_optimizer(kind):
    X, y = data(kind)
    model = of(
        kind, optimizer=cr.RMSprop(0.1), learning_rate="adaptive", max_iter=400, tol=0.5, n_iter_no_change=2
    )
    model.fit(X, y)
    assert model._optimizer.learning_rate < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_validation_loss_curve_18507(kind):
    """#18507 *Save training and validation loss in loss_curve_*."""
    X, y = data(kind)
    model = of(kind, max_iter=6).fit(X, y, X_val=X[::3], y_val=y[::3])
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == len(model.loss_curve_) == 6
    assert alike(model, of(kind, max_iter=6).fit(X, y))  # who only looks changes nothing
    assert model.validation_scores_[-1] == pytest.approx(model.score(X[::3], y[::3]))
    p = model.predict_proba(X[::3])[np.arange(50), y[::3]] if kind is MLPClassifier else model.predict(X[::3])
    loss = -np.log(p).mean() if kind is MLPClassifier else 0.5 * ((p - y[::3]) ** 2).mean()
    assert model.validation_loss_curve_[-1] == pytest.approx(loss)
    stopped = of(kind, early_stopping=True).fit(X, y)
    assert len(stopped.validation_loss_curve_) == stopped.n_iter_
    assert of(kind).fit(X, y).validation_loss_curve_ is None


@pytest.mark.parametrize("kind", KINDS)
def test_own_validation_set_18748(kind):
    """#18748 *Support early_stopping with custom validation_set*, in the words of #27124."""
    X, y = data(kind)
    learn, hold = np.arange(len(X)) % 3 > 0, np.arange(len(X)) % 3 == 0
    model = of(kind, early_stopping=True, max_iter=300, n_iter_no_change=3, learning_rate_init=0.02)
    model.fit(X[learn], y[learn], X_val=X[hold], y_val=y[hold])
    assert model.t_ == model.n_iter_ * learn.sum()  # nothing more is held back
    assert model.score(X[hold], y[hold]) == pytest.approx(model.best_validation_score_)
    weights = np.linspace(0, 1, hold.sum())
    model.fit(X[learn], y[learn], X_val=X[hold], y_val=y[hold], sample_weight_val=weights)
    assert model.score(X[hold], y[hold], weights) == pytest.approx(model.best_validation_score_)
    with pytest.raises(ValueError, match="X_val and y_val"):
        model.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="sample_weight_val"):
        model.fit(X, y, sample_weight_val=weights)
    with pytest.raises(ValueError, match="features"):
        model.fit(X, y, X_val=np.ones((3, 9)), y_val=y[:3])


def test_a_class_that_only_validates_18748():
    with pytest.raises(ValueError, match="y_val has classes that y has not: 2"):
        classifier().fit(X_iris[:100], y_iris[:100], X_val=X_iris[90:], y_val=y_iris[90:])


def test_the_metric_of_early_stopping_24411():
    """#24411: a scorer by name, a function (estimator, X, y), or "loss"."""
    X, y = X_iris, y_iris
    held = {"X_val": X[::4], "y_val": y[::4]}
    settings = {"early_stopping": True, "max_iter": 12}
    by_name = classifier(scoring="neg_log_loss", **settings).fit(X, y, **held)
    by_loss = classifier(scoring="loss", **settings).fit(X, y, **held)
    np.testing.assert_allclose(by_name.validation_scores_, by_loss.validation_scores_, rtol=1e-6)
    np.testing.assert_allclose(by_loss.validation_scores_, -np.array(by_loss.validation_loss_curve_))

    def score(model, X, y):
        return np.mean(model.predict(X) == y)

    own = classifier(scoring=score, **settings).fit(X, y, **held)
    assert own.validation_scores_ == pytest.approx(
        classifier(**settings).fit(X, y, **held).validation_scores_
    )
    assert own.best_validation_score_ == max(own.validation_scores_)
    with pytest.raises(ValueError, match="acuracy"):
        classifier(scoring="acuracy", **settings).fit(X, y)


def test_the_metric_sees_labels_and_columns_by_name_24411():
    pd = pytest.importorskip("pandas")
    frame, names = pd.DataFrame(X_iris, columns=list("abcd")), np.array(["x", "y", "z"])[y_iris]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = classifier(scoring="f1_macro", early_stopping=True).fit(
            frame, names, X_val=frame, y_val=names
        )
        classifier(scoring="f1_macro", early_stopping=True).fit(frame, names)
    assert 0 < model.best_validation_score_ <= 1


def test_multilabel_partial_fit_12505():
    """#12505: what can be fitted can be fitted in parts; the columns say which classes there are."""
    model = classifier(max_iter=30)
    for _ in range(30):
        model.partial_fit(X_labels, y_labels)
    whole = classifier(max_iter=30, shuffle=False, batch_size=120).fit(X_labels, y_labels)
    parts = classifier(shuffle=False, batch_size=120)
    for _ in range(30):
        parts.partial_fit(X_labels[:, :], y_labels)
    assert alike(whole, parts)
    assert parts.predict(X_labels).shape == y_labels.shape
    one_class = y_labels.copy()
    one_class[:, 0] = 0
    parts.partial_fit(X_labels, one_class)
    with pytest.raises(ValueError, match=r"2 labels .* 3"):
        parts.partial_fit(X_labels, y_labels[:, :2])


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_with_a_validation_set_25693(kind):
    """#25693: who fits in parts decides when to stop, and sees the score of each part."""
    X, y = data(kind)
    model = of(kind, early_stopping=False)
    first = {"classes": np.unique(y)} if kind is MLPClassifier else {}
    for _ in range(3):
        model.partial_fit(X, y, X_val=X[::2], y_val=y[::2], **first)
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == 3
    assert model.validation_scores_[-1] == pytest.approx(model.score(X[::2], y[::2]))
    with pytest.raises(ValueError, match=r"partial_fit does not support early_stopping=True.*X_val"):
        model.set_params(early_stopping=True).partial_fit(X, y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"early_stopping": True}, {"dropout": 0.3}])
def test_warm_start_goes_on_with_everything_13656(kind, settings):
    """#13656, #6091: two fits of 4 epochs are one of 8, optimizer and shuffles and all."""
    X, y = data(kind)
    parts = of(kind, warm_start="resume", max_iter=4, batch_size=16, tol=0, **settings).fit(X, y)
    parts = pickle.loads(pickle.dumps(parts)).fit(X, y)
    whole = of(kind, max_iter=8, batch_size=16, tol=0, **settings).fit(X, y)
    assert parts.loss_curve_ == whole.loss_curve_
    assert alike(parts, whole)
    assert parts.n_iter_ == 4 and parts.t_ == whole.t_


@pytest.mark.parametrize("weights", ["balanced", {0: 10.0, 2: 0.5}])
def test_the_losses_of_what_is_given_to_judge_are_weighed_as_those_that_are_minimised(weights):
    X, y = X_iris[20:], y_iris[20:]
    model = classifier(class_weight=weights, alpha=0, batch_size=len(y), learning_rate_init=1e-12)
    model.fit(X, y, X_val=X, y_val=y)
    np.testing.assert_allclose(model.validation_loss_curve_, model.loss_curve_, rtol=1e-9)
    plain = classifier(alpha=0, batch_size=len(y), learning_rate_init=1e-12).fit(X, y, X_val=X, y_val=y)
    assert plain.validation_scores_ == model.validation_scores_
    assert abs(plain.loss_ - model.loss_) > 1e-6


def test_what_resumes_need_not_have_been_fitted_so():
    X, y = X_line, y_line
    for before, after in (
        ({}, {}),
        ({"early_stopping": True}, {}),
        ({}, {"early_stopping": True}),
        ({"warm_start": "resume"}, {"early_stopping": True}),
        ({"solver": "lbfgs"}, {"solver": "adam"}),
        ({"solver": "lbfgs"}, {"solver": "adam", "warm_start": True, "early_stopping": True}),
    ):
        model = regressor(batch_size=16, **before).fit(X, y)
        model.set_params(**{"warm_start": "resume", **after}).fit(X, y)
        assert model.n_iter_ == 5 and len(model.loss_curve_) == (5 if "solver" in before else 10)
    model = regressor(early_stopping=True, warm_start="resume").fit(X, y)
    model.set_params(warm_start=False).fit(X, -y)
    model.set_params(warm_start="resume", learning_rate_init=1e-12).fit(X, -y)
    assert alike(model, regressor(early_stopping=True).fit(X, -y)), "it goes on from the fit before the last"


def test_what_is_set_before_a_fit_is_resumed_counts():
    X, y = X_line, y_line
    model = regressor(warm_start="resume", learning_rate_init=0.1).fit(X, y)
    slots = [each.copy() for each in model._optimizer.slots]
    before = [w.copy() for w in model.coefs_]
    model.set_params(learning_rate_init=1e-9, max_iter=1).fit(X, y)
    for w, was in zip(model.coefs_, before, strict=True):
        np.testing.assert_allclose(w, was, atol=1e-7)
    kept = model._optimizer.slots[0] - 0.9 * slots[0]
    assert model._optimizer.steps == 6 and 0 < np.abs(kept).max() < np.abs(slots[0]).max()
    model.set_params(optimizer=cr.SGD(0.5), max_iter=1).fit(X, y)
    assert model._optimizer.steps == 1 and model._optimizer.learning_rate == 0.5


def test_choices_that_are_none_are_answered():
    with pytest.raises(cr.DataError, match=r"^dtype must be 'float32' or 'float64'; found 'single-ish'"):
        regressor(dtype="single-ish").fit(X_line, y_line)
    with pytest.raises(cr.DataError, match=r"^dropout is a share such as 0\.2"):
        regressor(dropout="much").fit(X_line, y_line)


def test_a_part_that_is_learned_from_needs_not_all_classes_where_a_fit_may_be_resumed():
    model = classifier(warm_start="resume").partial_fit(X_iris[:40], y_iris[:40], classes=[0, 1, 2])
    model.partial_fit(X_iris[60:], y_iris[60:])
    assert model.t_ == 130
    with pytest.raises(ValueError, match="the same classes as in the previous call"):
        model.fit(X_iris[:40], y_iris[:40])


def test_lbfgs_says_that_it_begins_anew_13656():
    model = regressor(solver="lbfgs", warm_start="resume", max_iter=1)
    with pytest.raises(ValueError, match=r"L-BFGS .* raise max_iter"):
        model.fit(X_line, y_line)


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_activations_9468(kind):
    """#9468: what every layer computes."""
    X, y = data(kind)
    model = of(kind, hidden_layer_sizes=(5, 4)).fit(X, y)
    found = model.activations(X)
    assert {name: a.shape[1] for name, a in found.items()}.items() >= {"A1": 5, "A2": 4}.items()
    np.testing.assert_allclose(found["A1"], np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0))
    sparse = model.activations(scipy.sparse.csr_array(X))
    np.testing.assert_allclose(sparse["A2"], found["A2"])
    with pytest.raises(ValueError, match="features"):
        model.activations(np.ones((3, 9)))


@pytest.mark.parametrize("kind", KINDS)
def test_dtype(kind):
    X, y = data(kind)
    model = of(kind, dtype="float32").fit(X, y)
    assert {a.dtype.name for a in model.coefs_} == {"float32"}
    assert alike(model, of(kind).fit(X.astype("float32"), y))
    wide = of(kind, dtype=np.float64).fit(X.astype("float32"), y)
    assert {a.dtype.name for a in wide.coefs_} == {"float64"}
    with pytest.raises(ValueError, match="float16"):
        of(kind, dtype="float16").fit(X, y)
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64'; found 'flaot32'"):
        of(kind, dtype="flaot32").fit(X, y)


@pytest.mark.parametrize("kind", KINDS)
def test_engine(kind):
    X, y = data(kind)
    model = of(kind, engine="numpy").fit(X, y)
    assert model.network_.engine == "numpy"
    for a, b in zip(model.coefs_, of(kind).fit(X, y).coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match="Unknown engine 'fast'"):
        of(kind, engine="fast").fit(X, y)


@pytest.mark.parametrize("kind", KINDS)
def test_an_exploding_fit_says_so_29504(kind):
    """#29504 *"Input contains NaN" when MLP regression is exploding*, where X had no NaN."""
    X, y = load_digits(return_X_y=True)
    settings = {"solver": "sgd", "learning_rate_init": 1e4, "activation": "identity", "max_iter": 30}
    said = "non-finite parameter weights.*in iteration .*learning_rate_init=10000.*too high.*try learning_rate_init="
    with pytest.raises(ValueError, match=said):
        MLPRegressor(**settings, random_state=0).fit(X * 1e3, y * 1e3)
    with pytest.warns(
        ConvergenceWarning, match="in iteration .* or try .* kept the weights of the beginning"
    ):
        model = MLPRegressor(**settings, random_state=0, early_stopping=True).fit(X * 1e3, y * 1e3)
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_
    assert np.isfinite(model.predict(X)).all()


# --- who listens ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_callbacks_of_ours_7574(kind, solver, tmp_path):
    """#7574, #6021, #24524, #18773: each epoch is told, as to callbacks of Network.fit."""
    X, y = data(kind)
    told = []

    def look(network, epoch, logs):
        told.append((epoch, logs["cost"], network.predict(X[:1]).ravel()[0]))
        return epoch == 4

    log = cr.CSVLog(tmp_path / "log.csv")
    model = of(kind, solver=solver, callbacks=[look, log], max_iter=9).fit(X, y)
    assert [epoch for epoch, *_ in told] == [0, 1, 2, 3, 4]
    assert model.n_iter_ == 5
    assert len({value for *_, value in told}) == 5
    assert np.ravel(model.network_.predict(X[:1]))[0] == told[-1][2]
    with open(tmp_path / "log.csv", encoding="utf-8") as lines:
        assert [float(line["cost"]) for line in csv.DictReader(lines)] == [cost for _, cost, _ in told]
    if solver != "lbfgs":
        assert model.loss_curve_ == [cost for _, cost, _ in told]
    with pytest.raises(ValueError, match="early_stopping=True"):
        of(kind, callbacks=cr.EarlyStopping()).fit(X, y)


def test_callbacks_see_validation_7574():
    logs = []
    model = classifier(callbacks=lambda network, epoch, log: logs.append(dict(log)), max_iter=3)
    model.fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris)
    assert [log["val_cost"] for log in logs] == model.validation_loss_curve_
    assert [log["val_score"] for log in logs] == model.validation_scores_


has_callbacks = pytest.mark.skipif(
    find_spec("sklearn.callback") is None, reason="scikit-learn has callbacks from version 1.9"
)


class Recorder:
    """A callback of scikit-learn's that writes down what it hears of."""

    def __init__(self, stop_at=None):
        self.heard, self.scores, self.stop_at = [], [], stop_at

    def setup(self, estimator, context):
        self.heard.append("setup")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.heard.append(f"{context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.scores.append(fitted_estimator.score(X, y))
        return context.task_name == "iteration" and context.task_id == self.stop_at

    def teardown(self, estimator, context):
        self.heard.append("teardown")


@has_callbacks
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_callbacks_of_scikit_learn_33322(kind, solver):
    """#33322: their protocol, whole tree, fitted estimators that predict, and an end on demand."""
    X, y = data(kind)
    recorder = Recorder(stop_at=2)
    model = of(kind, solver=solver, max_iter=9).set_callbacks(recorder).fit(X, y)
    assert recorder.heard == ["setup", "fit 0", "iteration 0", "iteration 1", "iteration 2", "teardown"]
    assert model.n_iter_ == 3
    assert recorder.scores[-1] == pytest.approx(model.score(X, y))
    assert len(set(recorder.scores)) > 1
    assert pickle.loads(pickle.dumps(clone(model))).get_params() == model.get_params()


@has_callbacks
def test_scoring_monitor_and_search_33322():
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="accuracy")
    model = classifier(max_iter=3).set_callbacks(monitor).fit(X_iris, y_iris)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "iteration"]
    assert len(scores) == 3 and scores[-1] == pytest.approx(model.score(X_iris, y_iris))
    recorder = Recorder()
    GridSearchCV(classifier(max_iter=2).set_callbacks(recorder), {"alpha": [0.1]}, cv=2).fit(X_iris, y_iris)
    assert recorder.heard.count("setup") == recorder.heard.count("teardown") == 3


@has_callbacks
def test_a_callback_that_raises_is_torn_down_33322():
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("no more")

    recorder = Failing()
    model = classifier().set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="no more"):
        model.fit(X_iris, y_iris)
    assert recorder.heard[-1] == "teardown"
    with pytest.raises(TypeError):
        model.set_callbacks(print)
