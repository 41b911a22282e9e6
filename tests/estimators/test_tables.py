"""Estimators for tables: what they take as X and y, and what they hand to the recipe."""

import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse

import chainrule as cr

N = 120
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
FRAME = pd.DataFrame(
    {
        "town": RNG.choice(["Basel", "Bern", "Chur", None], N),
        "age": np.where(np.arange(N) % 9, RNG.integers(18, 80, N), np.nan),
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.permutation(N), unit="D"),
    }
)
OLD = np.where(FRAME["age"] > 50, "old", "young")
QUICK = {
    "members": 1,
    "hidden": (8,),
    "epochs": 60,
    "learning_rate": 0.01,
    "random_state": 0,
    "time_order": False,
}
Classifier, Regressor = partial(cr.TableClassifier, **QUICK), partial(cr.TableRegressor, **QUICK)


class Polars:
    """A table as polars hands it on: it knows columns, and turns into pandas' only beside pyarrow."""

    @property
    def columns(self):
        return list(FRAME)

    def __getitem__(self, name):
        return FRAME[name].tolist()

    def __len__(self):
        return N

    def to_pandas(self):
        raise ModuleNotFoundError("pa.Table requires 'pyarrow' module to be installed")


class Lazy:
    """A plan of such a table."""

    def collect(self):
        return Polars()

    def collect_schema(self):
        return {}


def test_numbers_texts_dates_and_holes_are_learned_from_as_they_are():
    estimator = Classifier().fit(FRAME, OLD)
    assert estimator.score(FRAME, OLD) > 0.9
    kinds = [type(column).__name__ for column in estimator.model_.columns.columns]
    assert kinds == ["CategoryColumn", "NumberColumn", "DateColumn"]
    assert list(estimator.feature_names_in_) == list(FRAME)
    assert estimator.model_.report.rows + estimator.model_.report.validation_rows == N  # none is held back


@pytest.mark.parametrize(
    "table", [pa.Table.from_pandas(FRAME), Polars(), Lazy()], ids=["pyarrow", "polars", "lazy"]
)
def test_tables_of_other_libraries_are_as_those_of_pandas(table):
    estimator = Classifier().fit(table, OLD)
    assert list(estimator.feature_names_in_) == list(FRAME)
    assert np.array_equal(estimator.predict_proba(table), Classifier().fit(FRAME, OLD).predict_proba(FRAME))


@pytest.mark.parametrize(
    "y",
    [
        np.arange(N) % 3 + 3, np.array(["NA", "x"])[np.arange(N) % 2], np.array(["", "b"])[np.arange(N) % 2],
        np.array([" a", "a"])[np.arange(N) % 2], np.array(["Yes", "yes "])[np.arange(N) % 2], np.arange(N) % 2 == 0,
        np.array(["1", "1.0", "01"])[np.arange(N) % 3], np.array([2**60, 2**60 + 1])[np.arange(N) % 2],
        np.array([1.0, 2.0])[np.arange(N) % 2],
    ],
    ids=["whole", "NA", "empty", "space", "alike", "bool", "numbers as text", "large", "float"],
)  # fmt: skip
def test_any_classes_come_back_as_they_were(y):
    x = np.unique(y, return_inverse=True)[1].reshape(-1, 1) + 0.1 * RNG.normal(size=(N, 1))
    estimator = Classifier(epochs=100).fit(x, y)
    said = estimator.predict(x)
    assert said.dtype == y.dtype and np.mean(said == y) > 0.9
    assert np.array_equal(estimator.classes_, np.unique(y))
    chances = estimator.predict_proba(x)
    assert np.array_equal(estimator.classes_[chances.argmax(axis=1)], said) and np.allclose(
        chances.sum(axis=1), 1
    )


def test_a_class_that_is_called_what_the_table_calls_it_keeps_its_name():
    assert Classifier().fit(FRAME, pd.Series(OLD, name="how")).model_.target.columns == ("how",)
    assert Classifier().fit(FRAME, OLD).model_.target.classes == ("old", "young")
    taken = FRAME.rename(columns={"age": "y"})
    assert Classifier().fit(taken, OLD).model_.target.columns == ("y_",)


def test_labels_and_numbers_of_several_columns():
    labels = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)
    estimator = Classifier().fit(X, labels)
    assert np.mean(estimator.predict(X) == labels) > 0.8 and estimator.predict_proba(X).shape == (N, 2)
    several = Regressor().fit(X, X[:, :2] * [1, 100])
    assert several.predict(X).shape == (N, 2) and several.score(X, X[:, :2] * [1, 100]) > 0.8
    assert Regressor().fit(X, X[:, 0]).predict(X).shape == (N,)


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")  # there is nothing to learn
def test_all_of_an_array_of_numbers_is_numbers_and_others_are_looked_at():
    whole = RNG.integers(0, 3, (N, 2))

    def kinds(x, **how):
        columns = Classifier(**how).fit(x, OLD).model_.columns.columns
        return {column.name: type(column).__name__ for column in columns}

    assert kinds(whole) == {"x0": "NumberColumn", "x1": "NumberColumn"}
    assert kinds(whole, categories="x0")["x0"] == "CategoryColumn"
    assert set(kinds(RNG.choice(["a", "b"], (N, 2))).values()) == {"CategoryColumn"}
    mixed = np.column_stack([X[:, 0].astype(object), FRAME["town"]])
    assert kinds(mixed) == {"x0": "NumberColumn", "x1": "CategoryColumn"}
    with pytest.raises(TypeError, match=r"Sparse data was passed"):
        Classifier().fit(scipy.sparse.csr_array(whole), OLD)


def test_groups_stay_together_and_are_not_learned_from():
    estimator = Classifier().fit(FRAME, OLD, groups=np.arange(N) // 4)
    assert any("Groups of 'groups'" in note for note in estimator.model_.report.notes)
    assert "groups" not in [column.name for column in estimator.model_.columns.columns]
    assert estimator.predict(FRAME).shape == (N,)
    with pytest.raises(cr.DataError, match="group='town' names a column, and groups was given"):
        Classifier(group="town").fit(FRAME, OLD, groups=np.arange(N) // 4)


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")  # likewise
def test_weights_of_classes_go_by_what_they_are_called():
    y = np.where(np.arange(N) < 20, "NA", "usual")  # "NA" bears another name in the table
    nothing = np.column_stack([np.zeros(N), RNG.normal(size=N)])
    usual, heavy = (Classifier(class_weight=weight).fit(nothing, y) for weight in (None, {"NA": 50.0}))
    assert heavy.predict_proba(nothing)[:, 0].mean() > 0.5 > usual.predict_proba(nothing)[:, 0].mean()
    with pytest.raises(cr.DataError, match="class_weight names no class of 'y': 'old'"):
        Classifier(class_weight={"old": 2}).fit(nothing, y)


def test_a_row_is_told_the_same_alone_and_among_others():
    estimator = Regressor().fit(X, X[:, 0])
    together, alone = (
        estimator.predict(X),
        np.concatenate([estimator.predict(X[i : i + 1]) for i in range(20)]),
    )
    assert np.allclose(together[:20], alone, rtol=1e-12)
    assert np.allclose(
        estimator.model_.predict(pd.DataFrame(X, columns=["x0", "x1", "x2"]))["y"], together, rtol=1e-4
    )


def test_the_recipe_decides_where_nothing_is_chosen():
    estimator = cr.TableClassifier(random_state=0, members=2, time_order=False).fit(FRAME, OLD)
    assert "2 networks" in estimator.history_.stopped and estimator.score(FRAME, OLD) > 0.9
    again = pickle.loads(pickle.dumps(estimator))
    assert np.array_equal(again.predict_proba(FRAME), estimator.predict_proba(FRAME))


def test_an_array_goes_by_position_and_is_warned_of():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    estimator = Regressor().fit(frame, X[:, 0])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert np.array_equal(estimator.predict(X), estimator.predict(frame))


def test_one_row_is_too_few():
    for x in (FRAME[:1], X[:1]):
        with pytest.raises(ValueError, match=r"1 sample|minimum of 2"):
            Regressor().fit(x, [1.0])
    with pytest.raises(ValueError, match="0 sample"):
        Classifier().fit(FRAME[:0], [])


@pytest.mark.parametrize(
    ("X", "says"),
    [
        (
            {"a": [1.0] * 5000},
            r"X is a dict, and no table yet: pd\.DataFrame\(X\) makes one of its columns\.",
        ),
        ([{"a": 1.0}] * 5000, r"X is a list of rows by name, and no table yet: pd\.DataFrame\(X\) makes one"),
        (
            "houses.csv",
            r"X is 'houses\.csv', and estimators take what was read: cr\.load_table\(X\) reads a table\.",
        ),
        (Path("houses.csv"), r"X is 'houses\.csv', and"),
    ],
    ids=["dict", "rows", "text", "path"],
)
@pytest.mark.parametrize("kind", [cr.TableClassifier, cr.TableRegressor])
def test_what_is_no_table_yet_is_refused_in_a_sentence(kind, X, says):
    with pytest.raises(ValueError, match=f"^{says}") as caught:
        kind().fit(X, [1, 2] * 2500)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("layout", ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"])
def test_a_sparse_matrix_of_any_layout_is_refused_as_such(layout):
    """That of keys is a dict, and was told to become a table that pandas does not make of it."""
    sparse = scipy.sparse.csr_array(np.eye(40)).asformat(layout)
    with pytest.raises(TypeError, match=r"^Sparse data was passed for X.*'\.toarray\(\)'"):
        cr.TableClassifier().fit(sparse, [0, 1] * 20)
    with pytest.raises(cr.DataError, match=r"got \w+_array\.\n.*from_spmatrix\(\.\.\.\) makes one"):
        cr.TableModel.train(sparse, "y")


def test_a_table_made_of_a_sparse_matrix_is_learned_from():
    table = pd.DataFrame.sparse.from_spmatrix(scipy.sparse.dok_array(np.eye(40)))
    dense = table.sparse.to_dense()
    made = [cr.TableClassifier(epochs=2, random_state=0).fit(x, [0, 1] * 20) for x in (table, dense)]
    np.testing.assert_array_equal(made[0].predict_proba(dense), made[1].predict_proba(table))


def test_a_target_is_given_by_its_values():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    with pytest.raises(ValueError, match=r"^y is the name 'b', .*: y = X\.pop\('b'\) takes them out of X\.$"):
        cr.TableClassifier().fit(table, "b")
