"""Estimators around any network: what they make of layers, networks and functions, and how they learn."""

import pickle
from functools import partial

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification

import chainrule as cr

X, LABELS = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[LABELS]
TWO = LABELS > 0
THREE_NUMBERS = X[:, 1:]
SEVERAL_X, SEVERAL = make_multilabel_classification(60, 5, n_classes=4, random_state=0)
Classifier = partial(cr.NetworkClassifier, random_state=0, epochs=3)
Regressor = partial(cr.NetworkRegressor, random_state=0, epochs=3)


def layers_of(estimator, y, x=X):
    return [repr(layer) for layer in estimator.fit(x, y).network_.layers]


@pytest.mark.parametrize(
    ("make", "y", "given", "last"),
    [
        (Classifier, NAMES, [cr.Dense(4, "relu")], "Dense(3, activation='softmax')"),
        (Classifier, NAMES, None, "Dense(3, activation='softmax')"),
        (Classifier, NAMES, [cr.Dense(16, "sigmoid")], "Dense(3, activation='softmax')"),
        (Classifier, NAMES, [cr.Dense(3, "relu")], "Dense(3, activation='softmax')"),
        (Classifier, NAMES, [cr.Dense(4, "relu"), cr.Dropout(0.1)], "Dense(3, activation='softmax')"),
        (Classifier, NAMES, [cr.Dense(3)], "Activation('softmax')"),
        (Classifier, NAMES, (cr.Dense(3, "softmax"),), None),
        (Classifier, TWO, [cr.Dense(2, "sigmoid")], "Dense(1, activation='sigmoid')"),
        (Classifier, TWO, [cr.Dense(1)], "Activation('sigmoid')"),
        (Classifier, TWO, [cr.Dense(2)], "Activation('softmax')"),
        (Classifier, TWO, cr.Dense(1, "sigmoid"), None),
        (Classifier, TWO, [cr.Dense(2, "softmax")], None),
        (Regressor, X[:, 0], [cr.Dense(4, "relu")], "Dense(1)"),
        (Regressor, X[:, 0], [cr.Dense(1, "softplus")], None),
        (Regressor, THREE_NUMBERS, [cr.Dense(4, "sigmoid")], "Dense(3)"),
        (Regressor, THREE_NUMBERS, [cr.Dense(3)], None),
    ],
)  # fmt: skip
def test_a_last_layer_that_suits_y_is_added_where_it_is_left_out(make, y, given, last):
    layers = layers_of(make(given), y)
    own = len(given) if isinstance(given, list | tuple) else 1
    assert len(layers) == own + (last is not None)
    assert last is None or layers[-1] == last


@pytest.mark.parametrize(
    ("make", "y", "given", "says"),
    [
        (Classifier, NAMES, [cr.Dense(4, "softmax")], r"Dense\(4, activation='softmax'\), puts out .*y has 3 classes"),
        (Classifier, NAMES, [cr.Dense(4)], r"end with Dense\(3, 'softmax'\). Or leave it out"),
        (Classifier, NAMES, [cr.Dense(4)], r"is added\. A hidden layer has an activation: Dense\(4, 'relu'\)\.$"),
        (Classifier, NAMES, [cr.Dense(4, "softmax")], r"Or leave it out: the one that suits is added\.$"),
        (Classifier, NAMES, [cr.Dense(1, "sigmoid")], r"y has 3 classes \('setosa', 'versicolor', 'virginica'\)"),
        (Classifier, NAMES, [cr.Dense(3, "sigmoid")], r"Dense\(3, 'softmax'\)"),
        (Classifier, TWO, [cr.Dense(3)], r"Dense\(2, 'softmax'\) or Dense\(1, 'sigmoid'\)"),
        (Classifier, TWO, cr.Network([cr.Dense(3, "softmax")], input_shape=4), r"The network puts out \(batch, 3\)"),
        (Regressor, X[:, 0], [cr.Dense(2)], r"y has 1 column: end with Dense\(1\)"),
        (Regressor, THREE_NUMBERS, [cr.Dense(1, "sigmoid")], r"y has 3 columns: end with Dense\(3\)"),
        (Regressor, X[:, 0], [cr.Reshape((2, 2))], r"Put cr.Flatten\(\) behind them"),
    ],
)  # fmt: skip
def test_a_last_layer_that_contradicts_y_is_refused(make, y, given, says):
    with pytest.raises(cr.GraphError, match=says):
        make(given).fit(X, y)


def test_a_function_without_a_return_is_told_so():
    def make(inputs, outputs):
        [cr.Dense(8, "relu"), cr.Dense(outputs, "softmax")]

    with pytest.raises(cr.DataError, match="returned None: end it with 'return' and a list of layers"):
        Classifier(make).fit(X, NAMES)


def test_labels_of_which_several_may_be_right():
    for given in (None, [cr.Dense(4)], [cr.Dense(4, "sigmoid")], [cr.Dense(8, "relu")]):
        estimator = Classifier(given, epochs=80, optimizer=cr.Adam(0.03)).fit(SEVERAL_X, SEVERAL)
        assert estimator.predict_proba(SEVERAL_X).shape == SEVERAL.shape
        assert np.mean(estimator.predict(SEVERAL_X) == SEVERAL) > 0.7
    sparse = Classifier(epochs=40, optimizer=cr.Adam(0.03)).fit(SEVERAL_X, scipy.sparse.csr_array(SEVERAL))
    assert np.mean(sparse.predict(SEVERAL_X) == SEVERAL) > 0.8
    with pytest.raises(cr.GraphError, match=r"y has 4 labels: end with Dense\(4, 'sigmoid'\)"):
        Classifier([cr.Dense(4, "softmax")]).fit(SEVERAL_X, SEVERAL)
    with pytest.raises(cr.DataError, match="MultiOutputClassifier"):
        Classifier().fit(X, np.stack([LABELS, LABELS], axis=1))


def test_a_function_makes_a_network_of_the_shapes_there_are():
    seen = []

    def make(inputs, outputs, hidden=4):
        seen.append((inputs, outputs))
        return [cr.Dense(hidden, "relu")]

    assert layers_of(Classifier(make), NAMES)[0] == "Dense(4, activation='relu')"
    estimator = Classifier(make).set_params(network__hidden=6)
    assert estimator.get_params()["network__hidden"] == 6
    assert layers_of(clone(estimator), TWO)[0] == "Dense(6, activation='relu')"
    whole = Regressor(lambda inputs, outputs: cr.Network([cr.Dense(outputs)], input_shape=inputs))
    assert layers_of(whole, THREE_NUMBERS) == ["Dense(3)"]
    assert seen == [(4, 3), (4, 1)]
    with pytest.raises(cr.GraphError, match=r"is called with \(inputs, outputs\), and takes \(\)"):
        Classifier(lambda: []).fit(X, NAMES)
    with pytest.raises(
        cr.DataError, match=r"network is a list of layers, a cr.Network, or a function .* found 3"
    ):
        Classifier(3).fit(X, NAMES)


def test_a_network_that_is_given_stays_as_it_is_and_a_fit_begins_with_its_numbers():
    given = cr.Network([cr.Dense(3, "softmax")], input_shape=4, seed=5)
    before = given.parameters["W1"].copy()
    first, second = (Classifier(given, epochs=1).fit(X, NAMES) for _ in range(2))
    assert np.array_equal(given.parameters["W1"], before) and given.runs == 0
    assert np.array_equal(first.network_.parameters["W1"], second.network_.parameters["W1"])
    still = Classifier(given, optimizer=cr.SGD(1e-12), epochs=1).fit(X, NAMES)
    assert np.allclose(still.network_.parameters["W1"], before, atol=1e-6)
    assert first.network_.dtype == "float32" and Classifier().fit(X, NAMES).network_.dtype == "float64"
    assert Classifier(given, dtype=np.float32).fit(X, NAMES).network_.dtype == "float32"
    with pytest.raises(cr.DataError, match="dtype is 'float64', and the network computes in float32"):
        Classifier(given, dtype="float64").fit(X, NAMES)
    open_ended = cr.Network([cr.Dense(4, "relu")], seed=3, dtype="float64")
    estimators = [Classifier(open_ended, random_state=seed).fit(X, NAMES) for seed in (None, None, 7)]
    first, again, other = (e.network_.parameters["W1"] for e in estimators)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_pictures_and_networks_of_several_inputs():
    pictures = np.random.default_rng(0).random((20, 6, 6, 1))
    bright = pictures.mean(axis=(1, 2, 3)) > 0.5
    layers = [cr.Conv2D(2, 3, activation="relu"), cr.Flatten()]
    assert layers_of(Classifier(layers), bright, pictures)[-1] == "Dense(1, activation='sigmoid')"

    def draw(left, right):
        return cr.Dense(1)(np.concatenate([left, right], axis=1))

    parts = {"left": X[:, :2], "right": X[:, 2:]}
    two = cr.Network(draw, inputs={"left": 2, "right": 2}, seed=0)
    assert Regressor(two).fit(parts, X[:, 0]).predict(parts).shape == (150,)
    with pytest.raises(cr.DataError, match="X is a dict, which goes with a network of several inputs"):
        Regressor().fit(parts, X[:, 0])


def test_parameters_within_parameters():
    estimator = Classifier([cr.Dense(4, "relu"), cr.Dropout(0.1)], optimizer="adam")
    found = estimator.get_params()
    assert found["network__0__units"] == 4 and found["optimizer__learning_rate"] == 0.001
    estimator.set_params(network__0__units=7, network__1__rate=0.5, optimizer__learning_rate=0.01, epochs=2)
    assert [repr(layer) for layer in estimator.network] == ["Dense(7, activation='relu')", "Dropout(0.5)"]
    assert estimator.optimizer == cr.Adam(0.01) and estimator.epochs == 2
    with pytest.raises(
        cr.UnknownNameError, match=r"Unknown part of network '0__unit'. Did you mean '0__units'"
    ):
        estimator.set_params(network__0__unit=3)
    with pytest.raises(cr.UnknownNameError, match="loss is None, which has no delta to set"):
        estimator.set_params(loss__delta=3)


def test_partial_fit_goes_on_with_the_optimizer_and_the_history():
    whole = Classifier([cr.Dense(4, "relu")], epochs=6, shuffle=False, batch_size=None, loss="mse").fit(
        X, LABELS
    )
    parts = Classifier([cr.Dense(4, "relu")], batch_size=None, loss="mse")
    for _ in range(6):
        parts.partial_fit(X, LABELS, classes=[0, 1, 2])
    assert np.allclose(parts.history_["cost"], whole.history_["cost"], rtol=1e-9)
    assert np.allclose(parts.predict_proba(X), whole.predict_proba(X), rtol=1e-9)
    assert parts.n_iter_ == 6 and parts.history_.epochs == 6
    with pytest.raises(cr.DataError, match=r"classes is \[0, 1\], and was \[0, 1, 2\] the first time"):
        parts.partial_fit(X, LABELS, classes=[0, 1])
    with pytest.raises(cr.DataError, match="y holds the class 5, and the classes are 0, 1, 2"):
        parts.partial_fit(X, LABELS + 5)
    with pytest.raises(cr.DataError, match="The first time partial_fit needs to know all classes"):
        Classifier().partial_fit(X, LABELS)
    with pytest.raises(cr.DataError, match="class_weight='balanced' needs all rows"):
        Classifier(class_weight="balanced").partial_fit(X, LABELS, classes=[0, 1, 2])
    labels = Classifier().partial_fit(SEVERAL_X, SEVERAL).partial_fit(SEVERAL_X, SEVERAL)
    assert labels.predict(SEVERAL_X).shape == SEVERAL.shape
    parts.fit(X, LABELS)  # begins anew
    assert parts.n_iter_ == 3


def test_a_warm_start_goes_on_and_wants_the_same_classes():
    estimator = Classifier(warm_start=True)
    costs = [estimator.fit(X, NAMES).history_["cost"][-1] for _ in range(3)]
    assert estimator.n_iter_ == 9 and costs == sorted(costs, reverse=True)
    with pytest.raises(cr.DataError, match=r"it had 3 classes .*, and has 2 classes \(False, True\)"):
        estimator.fit(X, TWO)


def test_early_stopping_holds_rows_back_or_takes_those_it_is_given():
    hard = np.random.default_rng(0).integers(0, 2, 150)
    estimator = Classifier(epochs=300, early_stopping=True, n_iter_no_change=3, validation_fraction=0.2)
    assert estimator.fit(X, hard).n_iter_ < 300 and len(estimator.history_["val_cost"]) == estimator.n_iter_
    rule = cr.EarlyStopping(patience=2, monitor="val_accuracy")
    given = Classifier(epochs=300, early_stopping=rule, metrics="accuracy")
    given.fit(X[::2], NAMES[::2], X_val=X[1::2], y_val=NAMES[1::2])
    assert given.n_iter_ < 300 and "val_accuracy" in given.history_
    watched = Regressor().fit(X, X[:, 0], X_val=X[:9], y_val=X[:9, 0], sample_weight_val=np.ones(9))
    assert len(watched.history_["val_cost"]) == 3
    with pytest.raises(cr.DataError, match="X_val and y_val belong together"):
        Classifier().fit(X, NAMES, X_val=X)
    with pytest.raises(
        cr.DataError, match="sample_weight_val weighs the rows of X_val, and there is no X_val"
    ):
        Classifier().fit(X, NAMES, sample_weight_val=np.ones(150))
    with pytest.raises(cr.DataError, match="y holds the class 'rosa'"):
        Classifier().fit(X, NAMES, X_val=X, y_val=["rosa"] * 150)


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")  # there is nothing to learn
def test_weights_of_rows_and_classes():
    y = np.where(np.arange(150) < 30, "rare", "usual")
    few = X * 0  # nothing to tell them apart by: what is said is their share
    said = {}
    for weight in (None, "balanced", {"rare": 8.0}):
        estimator = Classifier([], class_weight=weight, epochs=60, optimizer=cr.Adam(0.05)).fit(few, y)
        said[str(weight)] = estimator.predict_proba(few[:1])[0, 0]
    assert np.allclose(list(said.values()), [0.2, 0.5, 2 / 3], atol=0.05)
    by_row = Classifier([], epochs=60, optimizer=cr.Adam(0.05)).fit(few, y, np.where(y == "rare", 8.0, 1.0))
    assert np.allclose(by_row.predict_proba(few[:1])[0, 0], said["{'rare': 8.0}"], rtol=1e-6)
    with pytest.raises(cr.DataError, match="class_weight speaks of 'rear'; the classes are 'rare', 'usual'"):
        Classifier(class_weight={"rear": 2}).fit(X, y)
    with pytest.raises(cr.DataError, match="class_weight of 'rare' must be a number of at least 0; found -2"):
        Classifier(class_weight={"rare": -2}).fit(X, y)
    with pytest.raises(cr.DataError, match="zero in every row"):
        Classifier().fit(X, y, sample_weight=np.zeros(150))


def test_sparse_rows_are_as_dense_ones():
    sparse = scipy.sparse.csr_array(np.where(X > 1, X, 0))
    dense = sparse.toarray()
    estimator = Classifier().fit(sparse, NAMES)
    assert np.array_equal(
        estimator.predict_proba(sparse), Classifier().fit(dense, NAMES).predict_proba(dense)
    )


def test_it_is_kept_in_a_pickle():
    estimator = Classifier([cr.Dense(4, "relu"), cr.BatchNormalization()]).partial_fit(
        X, NAMES, np.unique(NAMES)
    )
    again = pickle.loads(pickle.dumps(estimator))
    assert np.array_equal(again.predict_proba(X), estimator.predict_proba(X))
    both = [e.partial_fit(X, NAMES).predict_proba(X) for e in (again, estimator)]
    assert np.array_equal(*both)  # the optimizer goes on too


def test_any_loss_of_classes():
    for loss in ("mse", "categorical_crossentropy", lambda y, p: cr.mse(y, p)):
        estimator = Classifier(loss=loss, epochs=60, optimizer=cr.Adam(0.003)).fit(X, NAMES)
        assert estimator.score(X, NAMES) > 0.9
    assert Regressor([cr.Dense(1, "sigmoid")]).fit(X, X[:, 0]).network_.loss == "mse"


def test_the_network_knows_the_names_of_columns():
    frame = load_iris(as_frame=True).data
    estimator = Classifier(random_state=0).fit(frame, NAMES)
    turned = frame[frame.columns[::-1]]
    assert np.array_equal(estimator.network_.predict(turned), estimator.predict_proba(frame))
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(turned)
