"""The target: which task it makes, what a network learns, and the way back."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from chainrule.data.labels import decode_predictions, encode_target
from chainrule.data.samples import sample_table
from chainrule.data.target import Target, describe_target, drop_rows_without_target, fit_target
from chainrule.errors import DataError, ShapeError, UnknownNameError


def fit(cells, task=None):
    return fit_target(pd.DataFrame({"y": cells}), "y", task)


def outputs_for(target, encoded):
    """Return what a network that is always right would give."""
    if target.task == "multiclass":
        return np.eye(target.width)[encoded]
    return encoded.reshape(len(encoded), target.width)


@pytest.mark.parametrize(
    ("cells", "task", "classes"),
    [
        (["a", "b", "a"], "binary", ("a", "b")),
        (["c", "b", "a", "b"], "multiclass", ("a", "b", "c")),
        ([True, False, True], "binary", (False, True)),
        (["TRUE", "FALSE", "TRUE"], "binary", ("FALSE", "TRUE")),
        ([0, 1, 1, 0], "binary", (0, 1)),
        ([2, 1, 2], "binary", (1, 2)),
        ([0.0, 1.0, 1.0], "binary", (0, 1)),
        ([3, 1, 2] * 3, "multiclass", (1, 2, 3)),
        ([10, 9, 2] * 3, "multiclass", (2, 9, 10)),
        (list(range(20)) * 3, "multiclass", tuple(range(20))),
        (list(range(21)) * 9, "regression", ()),
        (list(range(10)), "regression", ()),
        ([0.5, 1.5, 0.5, 1.5], "regression", ()),
        (pd.array([0, 1, None], dtype="Int64"), "binary", (0, 1)),
        (pd.Categorical(["b", "a", "a"]), "binary", ("a", "b")),
        (np.array([True, None, False], dtype=object), "binary", (False, True)),
    ],
)
def test_the_column_decides_the_task(cells, task, classes):
    target = fit(cells)
    assert (target.task, target.classes) == (task, classes)
    assert [type(label) for label in target.classes] == [type(label) for label in classes]


@pytest.mark.parametrize(
    ("name", "task", "width"),
    [
        ("iris", "multiclass", 3),
        ("breast_cancer", "binary", 1),
        ("digits", "multiclass", 10),
        ("diabetes", "regression", 1),
    ],
)
def test_the_sample_tables_get_their_task(name, task, width):
    target = fit_target(sample_table(name), "target")
    assert (target.task, target.width) == (task, width)


def test_the_task_may_be_given():
    assert fit([0, 1, 1], "regression").task == "regression"
    assert fit([0, 1, 1], "multiclass").width == 2
    assert fit([1, 2, 3] * 2, "classification").task == "multiclass"
    assert fit([0.5, 1.5] * 2, "classification").classes == (0.5, 1.5)
    assert fit([0, 1], "multilabel").task == "multilabel"


def test_several_columns_are_labels_or_numbers():
    frame = pd.DataFrame(
        {
            "p": [0, 1, 1],
            "q": [0.0, 0.0, 1.0],
            "yes": ["no", "yes", "no"],
            "no": ["no", "no", "no"],
            "u": [1.5, 2.5, 9],
        }
    )
    labels = fit_target(frame, ["p", "q"])
    assert (labels.task, labels.classes, labels.width) == ("multilabel", (0, 1), 2)
    assert labels.shares == pytest.approx([2 / 3, 1 / 3])
    assert fit_target(frame, ["yes", "no"]).classes == ("no", "yes")
    numbers = fit_target(frame, ["p", "u"])
    assert (numbers.task, numbers.width, len(numbers.mean)) == ("regression", 2, 2)
    assert fit_target(frame, ["p", "q"], "classification").task == "multilabel"
    assert fit_target(frame, ["p", "q"], "regression").task == "regression"


@pytest.mark.parametrize(
    ("cells", "task", "words"),
    [
        (["a", "a"], None, "single class, 'a', in 2 rows"),
        ([1, 1], "classification", "single class, 1, in 2 rows"),
        ([5, 5, 5], "regression", "is 5 in 3 rows, that is in every one"),
        ([0.5, 0.5], None, "nothing to learn"),
        ([None, None], None, "No row has a value in 'y'"),
        ([1.5, np.inf, 2], None, "Column 'y', row 2: inf, where finite"),
        ([1.0, np.inf, 1.0], "classification", "row 2: inf"),
        (
            ["a", "b", "c", "d"],
            None,
            "4 different values in 4 rows, too many to be classes.*'a', 'b', 'c' and 1 more",
        ),
        (
            [i / 7 for i in range(99)],
            "classification",
            "99 different values.*\n.*task='regression' if it is",
        ),
        (["a", "b", "c", "a"], "binary", "task='binary' takes two classes; target 'y' has 3"),
        (
            ["a", "b", "a"],
            "regression",
            "Column 'y', row 1: 'a'.*numbers are expected.\nNo cell .*'classification'",
        ),
        ([1, 2, 3, 1, 2, 3], "multilabel", "two values, such as 0 and 1; 'y' has 3"),
        ([1.5, 1e300], None, "spread overflows"),
    ],
)
def test_targets_from_which_nothing_can_be_learned_are_refused(cells, task, words):
    with pytest.raises(DataError, match=f"(?s){words}"):
        fit(cells, task)


def test_wrong_names_are_refused():
    frame = pd.DataFrame({"user_1": [0, 1], "text": ["a", "b"], "x": [1.5, 2.5], "z": [1, 2]})
    with pytest.raises(UnknownNameError) as caught:
        fit_target(frame, "user1")
    assert str(caught.value) == (
        "No column 'user1' in this table. Did you mean 'user_1'? Columns: user_1, text, x and 1 more."
    )
    with pytest.raises(UnknownNameError, match="Unknown task 'regresion'"):
        fit_target(frame, "x", "regresion")
    with pytest.raises(DataError, match="No target column was named"):
        fit_target(frame, [])
    with pytest.raises(DataError, match=r"neither all numbers nor labels.*\n.*each"):
        fit_target(frame, ["text", "x"])
    with pytest.raises(DataError, match="task='binary' takes one target column; 2 were named"):
        fit_target(frame, ["text", "x"], "binary")


def test_rows_without_target_are_left_out_with_a_note():
    frame = pd.DataFrame({"y": ["a", None, " ", "b"], "z": [1, 2, 3, None]})
    kept, notes = drop_rows_without_target(frame, "y")
    assert kept.index.tolist() == [0, 3]
    assert notes == ("Left out of training: 2 rows of 4 without a value in 'y'.",)
    assert drop_rows_without_target(frame, ["y", "z"])[0].index.tolist() == [0]
    assert drop_rows_without_target(kept, "y")[1] == ()


def test_missing_target_cells_do_not_change_what_is_learned():
    assert fit([1.0, None, 3.5, 7]) == fit([1.0, 3.5, 7])
    assert fit(["a", None, "b"]) == fit(["a", "b"])


LABELS = st.one_of(
    st.lists(st.sampled_from(["setosa", "a b", "ü", "1"]), min_size=5, max_size=40),
    st.lists(st.integers(-3, 3), min_size=21, max_size=40),
    st.lists(st.booleans(), min_size=5, max_size=40),
)


@given(LABELS.filter(lambda labels: len(set(labels)) > 1))
def test_labels_come_back_as_they_were(labels):
    frame = pd.DataFrame({"y": labels})
    target = fit_target(frame, "y")
    encoded = encode_target(target, frame)
    assert encoded.dtype == np.int64 and encoded.shape == (len(labels),)
    decoded = decode_predictions(target, outputs_for(target, encoded))
    assert decoded["y"].tolist() == labels and decoded["y"].dtype == frame["y"].dtype
    chances = decoded.drop(columns="y")
    assert list(chances.columns) == [f"probability_{label}" for label in target.classes]
    assert chances.sum(axis=1).tolist() == [1] * len(labels)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40).filter(lambda y: len(set(y)) > 1))
def test_numbers_come_back_as_they_were(numbers):
    frame = pd.DataFrame({"y": numbers, "z": np.arange(len(numbers))})
    target = fit_target(frame, ["y", "z"], "regression")
    encoded = encode_target(target, frame)
    assert encoded.shape == (len(numbers), 2)
    decoded = decode_predictions(target, encoded)
    assert list(decoded.columns) == ["y", "z"]
    np.testing.assert_allclose(decoded, frame, atol=1e-9 * max(1, *map(abs, numbers)))


@given(LABELS.filter(lambda labels: len(set(labels)) > 1), st.sampled_from([None, "multiclass"]))
def test_json_keeps_labels_and_their_types(labels, task):
    target = fit(labels, task)
    again = Target.from_dict(json.loads(json.dumps(target.to_dict(), allow_nan=False)))
    assert again == target
    assert [type(label) for label in again.classes] == [type(label) for label in target.classes]


def test_json_keeps_every_bit_of_a_scale():
    frame = pd.DataFrame({"y": [0.1, 0.2, 0.7]})
    target = fit_target(frame, "y")
    again = Target.from_dict(json.loads(json.dumps(target.to_dict())))
    assert encode_target(again, frame).tobytes() == encode_target(target, frame).tobytes()


def test_regression_is_standardised():
    frame = pd.DataFrame({"y": [100.5, 200.0, 350.0]})
    encoded = encode_target(fit_target(frame, "y"), frame)
    assert encoded.shape == (3, 1)
    assert encoded.mean() == pytest.approx(0) and encoded.std() == pytest.approx(1)


def test_several_labels_come_back():
    frame = pd.DataFrame({"p": ["no", "yes", "no"], "q": ["yes", "yes", "no"]})
    target = fit_target(frame, ["p", "q"])
    encoded = encode_target(target, frame)
    assert encoded.tolist() == [[0, 1], [1, 1], [0, 0]] and encoded.dtype == np.float64
    decoded = decode_predictions(target, encoded)
    assert list(decoded.columns) == ["p", "q", "probability_p", "probability_q"]
    assert decoded[["p", "q"]].to_dict("list") == frame.to_dict("list")


def test_labels_are_found_whatever_type_a_file_gave_them():
    target = fit([0, 1, 2] * 3)
    assert encode_target(target, pd.DataFrame({"y": [2.0, 0.0]})).tolist() == [2, 0]
    assert encode_target(target, pd.DataFrame({"y": ["2", " 0"]})).tolist() == [2, 0]
    target = fit(["1", "2", "A"] * 2)
    assert encode_target(target, pd.DataFrame({"y": [2, 1]})).tolist() == [1, 0]


def test_a_class_that_training_did_not_see_is_named():
    target = fit(["a", "b", "a"])
    with pytest.raises(DataError, match="Target 'y', row 2: 'c' is not a class that training saw: a, b"):
        encode_target(target, pd.DataFrame({"y": ["a", "c"]}))


@pytest.mark.parametrize("cells", [["a", "b", "a"], [1.5, 2.5, 9]])
def test_a_missing_target_is_refused(cells):
    with pytest.raises(DataError, match="Target 'y' has no value in row 2"):
        encode_target(fit(cells), pd.DataFrame({"y": [cells[0], None]}))


def test_half_is_no_and_the_first_class_wins():
    binary = Target("binary", ("y",), ("no", "yes"), (0.5, 0.5))
    assert decode_predictions(binary, np.array([0.5, 0.51]))["y"].tolist() == ["no", "yes"]
    three = Target("multiclass", ("y",), (1, 2, 3), (0.3, 0.3, 0.4))
    assert decode_predictions(three, np.full((1, 3), 1 / 3))["y"].tolist() == [1]


def test_float32_outputs_are_decoded():
    decoded = decode_predictions(fit(["a", "b", "b"]), np.array([[0.25], [1.0]], dtype=np.float32))
    assert decoded["probability_b"].tolist() == [0.25, 1]


def test_wrong_outputs_are_refused():
    target = fit(["a", "b", "c"] * 2)
    with pytest.raises(ShapeError, match=r"shape \(2, 2\) where \(rows, 3\) is expected.*'y' \(multiclass\)"):
        decode_predictions(target, np.zeros((2, 2)))
    with pytest.raises(ShapeError):
        decode_predictions(target, np.zeros(3))
    with pytest.raises(DataError, match="prediction of row 2 is nan"):
        decode_predictions(target, np.array([[0, 0, 1], [0, np.nan, 1]]))


@pytest.mark.parametrize(
    ("columns", "task", "words"),
    [
        ("kind", None, "Target 'kind': 3 classes (a, b, c), multi-class classification."),
        (
            "ok",
            None,
            "Target 'ok': 2 classes (no, yes), binary classification; the network gives the probability",
        ),
        ("level", None, "3 classes (1, 2, 3), multi-class classification. Whole numbers are read as classes"),
        (
            "paid",
            None,
            "($1,000, $2,000, $3,000), multi-class classification. Whole numbers are read as classes",
        ),
        ("price", None, "Target 'price': a number (mean 206.5, standard deviation 115.4), regression."),
        (["price", "level"], "regression", "Targets 'price', 'level': numbers, regression with 2 outputs."),
        (["p", "q"], None, "Targets 'p', 'q': 2 labels, each 0 or 1, multi-label classification."),
    ],
)
def test_the_plan_says_the_task(columns, task, words):
    frame = pd.DataFrame(
        {
            "kind": ["a", "b", "c", "a"] * 3,
            "ok": ["yes", "no"] * 6,
            "level": [1, 2, 3] * 4,
            "paid": ["$1,000", "$2,000", "$3,000"] * 4,
            "price": [321.9, 91.1] * 6,
            "p": [0, 1] * 6,
            "q": [0, 0, 1] * 4,
        }
    )
    assert words in describe_target(fit_target(frame, columns, task))


@pytest.mark.parametrize(
    ("columns", "task"),
    [("probability_a", None), ("probability_a", "multiclass"), (["x", "probability_x"], None)],
)
def test_a_target_that_is_called_like_a_probability_is_refused(columns, task):
    """The predicted label and its probability were one column of predictions."""
    frame = pd.DataFrame(
        {"probability_a": ["a", "b"] * 9, "x": ["b", "a"] * 9, "probability_x": ["a", "b"] * 9}
    )
    name = "probability_x" if isinstance(columns, list) else columns
    with pytest.raises(DataError, match=f"Target '{name}' is called as predictions call the probability of"):
        fit_target(frame, columns, task)
    assert fit_target(frame, "probability_x").classes == ("a", "b")


def test_a_target_of_numbers_or_dates_that_does_not_read_as_one_says_what_it_is():
    numbers = [str(i / 2) for i in range(60)]
    numbers[17] = "oops"
    with pytest.raises(DataError, match=r"numbers but for 'oops' in row 18: correct or empty such cells"):
        fit_target(pd.DataFrame({"y": numbers}), "y")
    for dates in (
        pd.date_range("2020-01-01", periods=60),
        pd.date_range("2020-01-01", periods=60).strftime("%d.%m.%Y"),
    ):
        with pytest.raises(DataError, match="They are dates, and numbers are predicted"):
            fit_target(pd.DataFrame({"y": dates}), "y")
