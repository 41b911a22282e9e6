"""What scikit-learn asks of an estimator, of each of ours: its own checks, and the tools that users put around them."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import AdaBoostClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import has_fit_parameter

import chainrule as cr

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)  # a hundred iterations
X, LABELS = load_iris(return_X_y=True)
FRAME = load_iris(as_frame=True).data
NAMES = np.array(["setosa", "versicolor", "virginica"])[LABELS]
NUMBERS = (X[:, 0] + X[:, 2] - 9.6) / 2.6
# What they skip for theirs too: array API needs a variable to be set before SciPy is imported.
SKIPPED = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}
TABLE = {
    "members": 1,
    "hidden": (16,),
    "activation": "tanh",
    "epochs": 100,
    "learning_rate": 0.01,
    "random_state": 0,
}
CLASSIFIERS = [
    cr.MLPClassifier(random_state=0, max_iter=100),
    cr.NetworkClassifier(random_state=0, epochs=60),
    cr.TableClassifier(**TABLE),
]
REGRESSORS = [
    cr.MLPRegressor(random_state=0, max_iter=100),
    cr.NetworkRegressor(random_state=0, epochs=60, optimizer=cr.Adam(0.01)),
    cr.TableRegressor(**TABLE),
]
ESTIMATORS = [*CLASSIFIERS, *REGRESSORS]
named = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
classifiers = pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
regressors = pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda e: type(e).__name__)


def target_of(estimator):
    return NAMES if is_classifier(estimator) else NUMBERS


def fitted(estimator, x=X):
    return clone(estimator).fit(x, target_of(estimator))


def takes_weights(estimator):
    return has_fit_parameter(estimator, "sample_weight")


def name_of(check):
    return getattr(check, "func", check).__name__


def checks():
    """Every check of theirs for each of ours; a quarter of them always run."""
    for estimator in ESTIMATORS:
        for number, (made, check) in enumerate(estimator_checks_generator(estimator)):
            usual = number % 4 == 0
            marks = [] if usual else [pytest.mark.long]
            yield pytest.param(
                made, check, marks=marks, id=f"{type(estimator).__name__}-{number}-{name_of(check)}"
            )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), [*checks()])
def test_their_checks(estimator, check):
    if name_of(check) not in SKIPPED:
        check(estimator)


@named
def test_what_it_is(estimator):
    tags = get_tags(estimator)
    assert is_classifier(estimator) != is_regressor(estimator)
    assert tags.target_tags.required and not tags.array_api_support
    assert clone(estimator).get_params().keys() == estimator.get_params().keys()
    with pytest.raises(NotFittedError):
        clone(estimator).predict(X)
    with pytest.raises(cr.ArgumentError, match=f"cr.{type(estimator).__name__} takes no 'nonsense'"):
        type(estimator)(nonsense=1)


class Strict:
    """An array of the array API alone, as array_api_strict has them."""

    shape, dtype = (150, 4), "float64"

    def __array_namespace__(self):
        return np


@named
def test_arrays_of_the_array_api_are_refused_in_a_sentence(estimator):
    y = target_of(estimator)
    for given, called in (((Strict(), y), "X"), ((X, Strict()), "y"), ((X, y, Strict()), "sample_weight")):
        if called == "sample_weight" and not takes_weights(estimator):
            continue
        with pytest.raises(cr.DataError, match=rf"{called} is a Strict of .* np.asarray\({called}\)"):
            clone(estimator).fit(*given)
    with pytest.raises(cr.DataError, match="X is a Strict"):
        fitted(estimator).predict(Strict())
    if has_fit_parameter(estimator, "X_val"):
        with pytest.raises(cr.DataError, match=r"^X_val is a Strict of .* np.asarray\(X_val\)"):
            clone(estimator).fit(X, y, X_val=Strict(), y_val=y)


def test_they_are_kept_and_predict_the_same_in_another_process(tmp_path):
    made = [fitted(estimator) for estimator in ESTIMATORS]
    joblib.dump((made, X), tmp_path / "made.joblib")
    code = "import joblib; m, X = joblib.load('made.joblib'); joblib.dump([e.predict(X) for e in m], 'said.joblib')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    for estimator, said in zip(made, joblib.load(tmp_path / "said.joblib"), strict=True):
        assert np.array_equal(said, estimator.predict(X))
        assert np.array_equal(pickle.loads(pickle.dumps(estimator)).predict(X), said)


@named
def test_it_knows_the_names_of_columns(estimator):
    made = fitted(estimator, FRAME)
    assert list(made.feature_names_in_) == list(FRAME) and made.n_features_in_ == 4
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        made.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        made.predict(FRAME.rename(columns={FRAME.columns[0]: "length"}))


@named
def test_searches_and_pipelines(estimator):
    y = target_of(estimator)
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), clone(estimator))
    name = pipeline.steps[-1][0]
    search = GridSearchCV(pipeline, {f"{name}__random_state": [1, 2]}, cv=2, error_score="raise").fit(
        FRAME, y
    )
    assert search.best_params_.keys() == {f"{name}__random_state"} and search.predict(FRAME).shape == (150,)
    columns = make_column_transformer((StandardScaler(), ["petal length (cm)"]), remainder="passthrough")
    mixed = make_pipeline(columns, clone(estimator))
    assert len(cross_val_score(mixed, FRAME, y, cv=2, error_score="raise")) == 2


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.long)])
@named
def test_a_search_on_several_workers_finds_the_same(estimator, backend):
    grid = {"random_state": [1, 2]}
    alone = GridSearchCV(clone(estimator), grid, cv=2, error_score="raise").fit(X, target_of(estimator))
    with joblib.parallel_config(backend, n_jobs=2):
        together = GridSearchCV(clone(estimator), grid, cv=2, error_score="raise").fit(
            X, target_of(estimator)
        )
    assert np.array_equal(alone.cv_results_["mean_test_score"], together.cv_results_["mean_test_score"])


@classifiers
def test_what_is_built_upon_classifiers(estimator):
    calibrated = CalibratedClassifierCV(clone(estimator), cv=2).fit(X, NAMES)
    assert np.allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    voting = VotingClassifier([("a", clone(estimator)), ("b", clone(estimator))], voting="soft").fit(X, NAMES)
    assert np.array_equal(voting.predict(X), fitted(estimator).predict(X))
    if not takes_weights(estimator):
        return
    boosted = AdaBoostClassifier(clone(estimator), n_estimators=2, random_state=0).fit(X, NAMES)
    assert boosted.score(X, NAMES) > 0.6


@regressors
def test_what_is_built_upon_regressors(estimator):
    both = MultiOutputRegressor(clone(estimator)).fit(X, np.stack([NUMBERS, -NUMBERS], axis=1))
    assert both.predict(X).shape == (150, 2)


@named
def test_weights_are_routed_to_it(estimator):
    if not takes_weights(estimator):
        return
    weight, y = np.linspace(1, 2, 150), target_of(estimator)
    with config_context(enable_metadata_routing=True):
        asking = clone(estimator).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(asking, X, y, cv=2, params={"sample_weight": weight}, error_score="raise")
    assert len(found["test_score"]) == 2


@named
def test_a_notebook_shows_its_parameters_and_below_them_the_network_and_how_the_cost_fell(estimator):
    before, after = clone(estimator)._repr_html_(), fitted(estimator)._repr_html_()
    assert "random_state" in before and "<svg" not in before
    assert "layer network" in after and "last" in after and "<svg" in after
    assert fitted(estimator)._repr_mimebundle_().keys() == {"text/plain", "text/html"}
    with config_context(display="text"):
        assert not hasattr(estimator, "_repr_html_")
        assert estimator._repr_mimebundle_().keys() == {"text/plain"}


@regressors
@pytest.mark.parametrize(
    "y", [NAMES, [*"ab" * 74, "c", "d"], np.array(NAMES, object)[:, None]], ids=["array", "list", "column"]
)
def test_a_regressor_says_who_predicts_classes(estimator, y):
    kind = type(estimator).__name__
    other = kind.replace("Regressor", "Classifier")
    value = np.ravel(y)[0]
    says = rf"^{kind} predicts numbers, and y holds '{value}' in row 0\. Classes are predicted by {other}\.$"
    with pytest.raises(ValueError, match=says):
        clone(estimator).fit(X, y)


@regressors
def test_numbers_that_are_written_as_text_are_numbers(estimator):
    texts = np.array([str(number) for number in NUMBERS], object)
    one, other = (clone(estimator).set_params(random_state=0).fit(X, y) for y in (NUMBERS, texts))
    assert np.array_equal(one.predict(X), other.predict(X))


@named
def test_a_call_without_y_names_the_class_of_the_user(estimator):
    with pytest.raises(
        TypeError, match=rf"^{type(estimator).__name__}\.fit\(X, y, .*missing a required argument 'y'"
    ):
        clone(estimator).fit(X)
