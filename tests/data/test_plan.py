"""The plan of a table: what each column is and becomes, and how its owner corrects it."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.data.categories import learn_frequent
from chainrule.data.columns import Columns, encode, fit_columns, news, plan_lines
from chainrule.data.target import fit_target
from chainrule.data.told import Told
from chainrule.errors import DataError, UnknownNameError

DRAW = np.random.default_rng(0)
ROWS = 400
X = DRAW.normal(size=ROWS)
NAMES = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]


def planned(cells, name="c", target=None, **told):
    frame = pd.DataFrame({"x": X[: len(cells)], name: cells})
    if target is not None:
        frame["y"] = target
    found = fit_columns(frame, None if target is None else fit_target(frame, "y"), Told(**told))
    return found.plan[1], found


@pytest.mark.parametrize(
    ("name", "cells", "kind", "says"),
    [
        ("answer", ["yes", "no"] * 200, "yes/no", "2 features: no, yes"),
        ("answer", ["yes", "Yes ", "NO", "n"] * 100, "yes/no", "2 features: yes and no, in 4 spellings"),
        ("flag", [0, 1] * 200, "yes/no", "1 feature"),
        ("zip", ["01234", "04567", "99999"] * 133 + ["01234"], "code", "3 features: 01234, 04567, 99999"),
        ("zipCode", [10001 + i % 7 for i in range(ROWS)], "code", "7 features: 10001, 10002, 10003 and 4 more"),
        ("Soil Type", [i % 5 for i in range(ROWS)], "category", "5 features: whole numbers that name groups"),
        ("rooms", [i % 5 for i in range(ROWS)], "number", "1 feature"),
        ("type_count", [i % 5 for i in range(ROWS)], "number", "1 feature"),
        ("weight", [f"{i % 90}.5 kg" for i in range(ROWS)], "number", "1 feature: in kg"),
        ("cabin", [None] * 300 + NAMES, "category", "2 features: whether there is one, since most are different"),
        ("who", NAMES * 4, "category", "100 features: ak, al, am and 97 more"),
        ("genre", [f"{a}|{b}|{c}" for a in "abcde" for b in "fghij" for c in "klmnopqr"] * 2, "list",
         "18 features: whether it has one of 18 items of its lists (a, b, c and 15 more)"),
    ],
)  # fmt: skip
def test_a_column_is_told_by_its_cells_and_its_name(name, cells, kind, says):
    found, columns = planned(cells, name)
    assert (found.kind, found.says) == (kind, says)
    assert np.isfinite(encode(columns, pd.DataFrame({"x": X[: len(cells)], name: cells}))).all()


def test_frequent_categories_are_kept_and_all_others_are_one():
    cells = [f"rare {i}" if i % 2 else f"often{i % 8}" for i in range(ROWS)]
    found, columns = planned(cells)
    assert found.says == "5 features: often0, often2, often4 and 1 more; others count as one"
    frame = pd.DataFrame({"x": [0.0] * 3, "c": ["often2", "rare 1", "never seen"]})
    assert encode(columns, frame)[:, 1:].tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]


@pytest.mark.parametrize("name", ["town", "zip"])
def test_of_many_categories_those_are_kept_that_return(name):
    codes = [i % 250 if i < 1000 else 1000 + i for i in range(1200)]
    letters = str.maketrans("0123456789", "abcdefghij")
    cells = codes if name == "zip" else [str(code).translate(letters) for code in codes]
    column = fit_columns(pd.DataFrame({name: [*cells, *cells[:500]]})).columns[0]
    assert len(column.categories) == 250 and column.others
    lonely = learn_frequent(pd.Series([f"{i % 400}" if i < 1200 else f"new {i}" for i in range(3000)]))
    assert not lonely.categories  # 3 rows each, and every other has one of its own
    many = learn_frequent(pd.Series([f"town {i % 400}" for i in range(160_000)]))
    assert len(many.categories) == 100  # more would take more memory than they are worth


def test_free_text_becomes_the_presence_of_its_words():
    words = ["Größe", "日本", "cheap", "STRASSE"]
    cells = [f"offer number {i} {words[i % 4]}, really!" for i in range(ROWS)]
    found, columns = planned(cells)
    assert found.kind == "text"
    frame = pd.DataFrame({"x": [0.0] * 3, "c": ["größe", "Straße in 日本", None]})
    by_name = pd.DataFrame(encode(columns, frame), columns=columns.names)
    assert by_name["c has grösse"].tolist() == [1, 0, 0]
    assert by_name["c has strasse"].tolist() == [0, 1, 0]
    assert by_name["c has 日"].tolist() == [0, 1, 0]


def test_spellings_of_one_category_are_one():
    _, columns = planned(["Male", "male", "Female", "Male"] * 100)
    assert columns.names[1:] == ("c=Female", "c=Male")
    assert columns.notes == ("Column 'c': 'Male' and 'male' are taken as one category.",)
    _, columns = planned(["Oslo", "Rome"] * 200)
    other = pd.DataFrame({"x": [0.0] * 3, "c": ["ROME", "Rome", "Ulm"]})
    assert encode(columns, other)[:, 1:].tolist() == [[0, 1], [0, 1], [0, 0]]
    assert [sentence.partition(": ")[2] for sentence in news(columns, other)] == [
        "row 3) that training did not see: Ulm. They count as none.",
        "'ROME' counts as 'Rome'.",
    ]
    _, columns = planned(["a", "A", "1e5", "1E5"] * 100)
    assert columns.names[1:] == ("c=1E5", "c=1e5", "c=A", "c=a")


NOISE = DRAW.normal(size=ROWS)


@pytest.mark.parametrize(
    ("cells", "target"),
    [
        (2 * NOISE + 3, NOISE),
        (np.exp(NOISE), NOISE),
        ([f"class {v}" for v in np.arange(ROWS) % 3], [f"kind {v}" for v in np.arange(ROWS) % 3]),
        (NOISE, np.where(NOISE > 0.3, "yes", "no")),
        (np.where(NOISE > 0.3, NOISE, np.nan), np.where(NOISE > 0.3, "died", "lives")),
        (np.where(NOISE > 0.3, 7, 5), np.where(NOISE > 0.3, "yes", "no")),
    ],
)
def test_what_alone_tells_the_target_is_suspected_and_stays(cells, target):
    found, columns = planned(cells, target=target)
    assert found.kind == "leak suspect" and "alone tells 'y'" in found.says
    assert any(
        note.startswith("LEAK? 'c' alone tells 'y'") and "drop=['c']" in note for note in columns.notes
    )
    assert any(column.name == "c" for column in columns.columns)


@given(st.integers(0, 2**32 - 1))
def test_what_tells_nothing_is_not_suspected(seed):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"a": draw.normal(size=60), "b": draw.integers(0, 3, 60), "y": draw.choice(["u", "v"], 60)}
    )
    assert not fit_columns(frame, fit_target(frame, "y")).notes


def test_columns_called_as_the_target_may_be_targets():
    frame = pd.DataFrame(DRAW.normal(size=(60, 6)), columns=["X1", "X2", "X3", "X4", "Y1", "Y2"])
    columns = fit_columns(frame, fit_target(frame, "Y1"))
    assert [each.kind for each in columns.plan] == ["number"] * 4 + ["leak suspect"]
    assert "ignore=['Y2']" in columns.notes[0]
    assert [each.kind for each in fit_columns(frame, fit_target(frame, "Y1"), Told(ignore=("Y2",))).plan][
        -1
    ] == "dropped"
    assert not fit_columns(frame.drop(columns="Y2"), fit_target(frame, "X1")).notes  # all are called so


def test_corrections_decide():
    ids = list(range(1000, 1000 + ROWS))
    assert planned(ids, "id")[0].kind == "identifier"
    assert planned(ids, "id", keep=("id",))[0].kind == "number"
    assert planned(ids, "id", numbers=("id",))[0].kind == "number"
    assert planned([i % 3 for i in range(ROWS)], categories=("c",))[0].says == "3 features: 0, 1, 2"
    assert planned(["a"] * ROWS, keep=("c",))[0].says == "1 feature: a"
    assert planned(X * 2, keep=("c",))[0].kind == "number"
    assert planned(X * 2)[0].kind == "duplicate"
    assert planned([2000 + i % 20 for i in range(ROWS)], dates=("c",))[0].kind == "date"
    assert planned(X, drop=("c",))[0].says == "left out: as you said"
    found, columns = planned(["12", "n. k.", "13"] * 130, numbers=("c",))
    assert found.says == "2 features: missing in 130 rows" and "'n. k.' are no numbers" in columns.notes[0]


@pytest.mark.parametrize(
    ("told", "error", "says"),
    [
        ({"drop": ("z",)}, UnknownNameError, "No column 'z' in this table"),
        ({"drop": ("colour_",)}, UnknownNameError, "Did you mean 'colour'"),
        ({"drop": ("x",), "keep": ("x",)}, DataError, r"drop=\['x'\] and keep=\['x'\] contradict each other"),
        ({"numbers": ("x",), "dates": ("x",)}, DataError, "a column holds one kind of cells"),
        ({"drop": ("y",)}, DataError, r"drop=\['y'\] names what is to be predicted"),
        ({"numbers": ("colour",)}, DataError, "Column 'colour', row 1: 'red' .* where numbers are expected"),
        (
            {"dates": ("colour",)},
            DataError,
            r"dates=\['colour'\]: its cells, such as 'red', cannot be read as dates",
        ),
    ],
)
def test_corrections_that_make_no_sense_are_answered(told, error, says):
    frame = pd.DataFrame({"x": X[:60], "colour": ["red", "blue"] * 30, "y": X[60:120]})
    with pytest.raises(error, match=says):
        fit_columns(frame, fit_target(frame, "y"), Told(**told))


WORDS = st.text("abc ü|", min_size=0, max_size=12)


@given(st.lists(st.none() | WORDS, min_size=25, max_size=60), st.randoms())
def test_any_texts_are_encoded_finite_row_by_row_in_any_order_and_kept_by_a_file(cells, random):
    frame = pd.DataFrame({"c": pd.Series(cells, dtype=object), "x": np.arange(len(cells)) % 7 / 2})
    columns = fit_columns(frame)
    encoded = encode(columns, frame)
    assert np.isfinite(encoded).all()
    assert (np.vstack([encode(columns, frame.iloc[[i]]) for i in range(len(frame))]) == encoded).all()
    order = list(range(len(frame)))
    random.shuffle(order)
    shuffled = fit_columns(frame.iloc[order])
    assert shuffled.names == columns.names and shuffled.plan == columns.plan
    again = Columns.from_dict(json.loads(json.dumps(columns.to_dict(), allow_nan=False)))
    assert again == columns and (encode(again, frame) == encoded).all()


def test_the_plan_fits_a_screen():
    frame = pd.DataFrame(
        {"a rather long name of a column": ["a sentence of words"] * 30 + NAMES[:30], "x": X[:60]}
    )
    assert max(map(len, plan_lines(fit_columns(frame)))) < 80


def test_the_plan_is_what_training_tells_and_learns_from():
    frame = pd.DataFrame({"x": X, "day": pd.date_range("2020-01-01", periods=ROWS).astype(str), "y": NOISE})
    told = []
    model = cr.TableModel.train(frame, "y", epochs=1, tell=told.append, categories=["day"])
    plan = cr.TableModel.plan(frame, "y", categories="day", epochs=1)
    assert str(plan).split("\n") == "\n".join(told).split("\n")[: len(str(plan).split("\n"))]
    assert plan.columns.names[:3] == model.columns.names[:3] == ("x", "day=2020-01-01", "day=2020-01-02")
    assert "day" in plan._repr_html_() and "<table" in plan._repr_html_()
