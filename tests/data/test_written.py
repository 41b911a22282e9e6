"""What is written comes back: forms of codes and labels, whole numbers beyond floats, words that mean nothing."""

import io
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from chainrule.data.categories import CategoryColumn
from chainrule.data.columns import encode, fit_columns, news
from chainrule.data.labels import decode_predictions, encode_target
from chainrule.data.numbers import NumberColumn
from chainrule.data.tables import read_table
from chainrule.data.target import Target, alike_classes, fit_target
from chainrule.data.written import has_padded
from chainrule.errors import DataError
from chainrule.models.loading import load
from chainrule.models.table import TableModel

FORMS = [
    ["007", "010", "123"],
    ["1e5", "2e3", "10e1"],
    ["1E5", "1e5", "100000"],
    ["+5", "-0", "3"],
    ["-0", "0", "+0"],
    ["-0", "5", "9007199254740993"],
    ["1.0", "2.0", "3.0"],
    ["00", "01", "1"],
    ["$5", "$7", "$9"],
    ["5%", "6 %", "7%"],
    ["1_000", "2_000", "3_000"],
    ["0x10", "0x1F", "0b1"],
    ["True", "TRUE", "yes"],
    ["2020-01-05", "2020-1-5", "05/01/2020"],
    ["9007199254740992", "9007199254740993", "9007199254740994"],
    ["18446744073709551614", "18446744073709551615", "3"],
    ["-9007199254740993", "-9007199254740992", "18446744073709551615"],
    ["123456789012345678901234", "123456789012345678901235", "1"],
    ["1", "2", "3"],
]


def written(folder, labels, rows=60, delimiter=","):
    """A file with a column ``label``, and a column ``u`` that tells it."""
    path = folder / "t.csv"
    lines = [f"{i % len(labels)}{delimiter}{labels[i % len(labels)]}" for i in range(rows)]
    path.write_text("\n".join([f"u{delimiter}label", *lines]) + "\n", encoding="utf-8")
    return path


def outputs(target, codes):
    return codes[:, None] if target.task == "binary" else np.eye(target.width)[codes]


def shown(target, table):
    """The labels that a network which is always right would predict."""
    return decode_predictions(target, outputs(target, encode_target(target, table)))


@pytest.mark.parametrize(
    "labels", [*FORMS, ["1.50", "2.50"], ["1.1", "1.10", "1.2"], ["1.5", "1.50"], ["1", "2.5", "-7"]]
)
def test_labels_come_back_as_they_were_written(tmp_path, labels):
    table = read_table(written(tmp_path, labels))
    target = fit_target(table, "label", "classification")
    predicted = shown(target, table)
    assert predicted["label"].map(str).tolist() == [labels[i % len(labels)] for i in range(60)]
    assert sorted(predicted.columns[1:]) == sorted(f"probability_{label}" for label in labels)
    again = Target.from_dict(json.loads(json.dumps(target.to_dict())))
    assert again == target and shown(again, table).equals(predicted)


def test_labels_with_a_decimal_comma_come_back(tmp_path):
    table = read_table(written(tmp_path, ["1,50", "2,5", "1.000,5"], delimiter=";"))
    assert table["label"].unique().tolist() == [1.5, 2.5, 1000.5]
    assert fit_target(table, "label", "classification").classes == ("1,50", "2,5", "1.000,5")


def test_the_form_does_not_decide_the_task(tmp_path):
    for labels, task in ((["1e5", "2e3", "3e1"], "multiclass"), (["1.50", "2.50"], "regression")):
        assert fit_target(read_table(written(tmp_path, labels)), "label").task == task
    path = tmp_path / "many.csv"
    path.write_text("u,n\n" + "".join(f"{i},{i:04}\n" for i in range(90)))
    table = read_table(path)
    target = fit_target(table, "n")
    assert target.task == "regression" and target.mean == (44.5,)
    assert encode_target(target, table).std() == pytest.approx(1)


def test_labels_with_a_form_are_found_wherever_the_rows_go(tmp_path):
    table = read_table(written(tmp_path, ["1.1", "1.10", "1e5"]))
    target = fit_target(table, "label", "classification")
    labels = shown(target, table)["label"]
    for part in (
        table[5:30],
        table.sample(frac=1, random_state=3),
        table[::-1],
        pickle.loads(pickle.dumps(table)),
    ):
        assert shown(target, part)["label"].tolist() == labels[part.index].tolist()
    renumbered = table.sample(frac=1, random_state=3).reset_index(drop=True)
    with pytest.raises(
        DataError, match=r"writes one number in several ways \(1.1, 1.10\).*\n.*Keep the index"
    ):
        encode_target(target, renumbered)


def test_a_form_outlives_a_new_index_where_it_is_the_only_one(tmp_path):
    table = read_table(written(tmp_path, ["1e5", "+7", "3"]))
    moved = table.sample(frac=1, random_state=3)
    target = fit_target(moved.reset_index(drop=True), "label")
    assert target.classes == ("3", "+7", "1e5")
    assert (
        shown(target, moved.reset_index(drop=True))["label"].tolist()
        == shown(target, moved)["label"].tolist()
    )


def test_a_table_may_still_be_written_as_json_and_joined(tmp_path):
    table = read_table(written(tmp_path, ["1e5", "2e3"]))
    assert json.loads(json.dumps(table.attrs)) == {"chainrule": {}}
    twice = pd.concat([table, read_table(written(tmp_path, ["1e5", "10e4"]))])
    assert fit_target(twice, "label").classes == (2000, 100000)


def test_a_number_without_form_is_the_label_that_reads_as_it():
    target = Target("multiclass", ("y",), ("007", "1e5", "x"))
    assert encode_target(target, pd.DataFrame({"y": [7, 100000]})).tolist() == [0, 1]
    with pytest.raises(DataError, match="'7' is not a class that training saw"):
        encode_target(target, pd.DataFrame({"y": ["7"]}))
    with pytest.raises(DataError, match=r"1\.1, 1\.10"):
        encode_target(Target("binary", ("y",), ("1.1", "1.10")), pd.DataFrame({"y": [1.1, 5]}))
    of_old = Target("multiclass", ("y",), (7, 10, 100000))
    assert encode_target(of_old, pd.DataFrame({"y": ["007", "10.0", "1e5"]})).tolist() == [0, 1, 2]


@pytest.mark.parametrize("labels", FORMS[:8])
def test_categories_are_found_in_a_table_that_has_numbers_only(tmp_path, labels):
    table = read_table(written(tmp_path, [*labels, "text"]))
    columns = fit_columns(table)
    assert isinstance(columns.columns[1], CategoryColumn)
    alone = read_table(written(tmp_path, labels, rows=len(labels)))
    assert not news(columns, alone)
    assert encode(columns, alone)[:, 1:].tolist() == encode(columns, table[: len(labels)])[:, 1:].tolist()


def test_leading_zeros_make_a_column_one_of_codes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("zip,width,y\n" + "".join(f"0{i % 7},00{i % 5}.5,{i}\n" for i in range(40)))
    table = read_table(path)
    assert table["zip"].tolist()[:2] == ["00", "01"]
    columns = fit_columns(table[["zip", "width"]])
    assert [type(each) for each in columns.columns] == [CategoryColumn, NumberColumn]
    assert [each.kind for each in columns.plan] == ["code", "number"]
    of_old = NumberColumn("zip", 3.0, 3.0, 1.0, False)  # what 0.1.0 has learned of it
    assert of_old.encode(table["zip"][:3])[:, 0].tolist() == [-3, -2, -1]


def test_whole_numbers_stay_apart_with_gaps_too(tmp_path):
    ids = ["9007199254740993", "9007199254740992", "", "9,007,199,254,740,994"]
    path = tmp_path / "t.csv"
    path.write_text("id,y\n" + "".join(f'"{each}",1\n' for each in ids))
    table = read_table(path)
    assert table["id"].dtype == "Int64"
    assert table["id"].dropna().tolist() == [9007199254740993, 9007199254740992, 9007199254740994]
    path.write_text("id,y\n" + "".join(f"{2**64 - 1 - i % 2},{i}\n" for i in range(40)) + ",1\n")
    assert read_table(path)["id"].dropna().unique().tolist() == [2**64 - 1, 2**64 - 2]


@pytest.mark.parametrize("kind", ["int64", "Int64", "uint64", object])
def test_numbers_that_are_one_as_quantities_are_codes(kind):
    cells = pd.Series([2**53, 2**53 + 1, 7] * 20, dtype=kind)
    columns = fit_columns(pd.DataFrame({"id": cells, "when": [2**60 + 2**20 * i for i in range(60)]}))
    assert columns.columns[0].categories == ("7", "9007199254740992", "9007199254740993")
    assert isinstance(columns.columns[1], NumberColumn)
    assert encode(columns, pd.DataFrame({"id": cells[:3], "when": [1, 2, 3]}))[:, 1:3].tolist() == [
        [1, 0],
        [0, 1],
        [0, 0],
    ]


@given(st.lists(st.integers(-(2**70), 2**70) | st.none(), min_size=1, max_size=8).filter(any))
def test_whole_numbers_are_read_to_the_last_digit(tmp_path_factory, numbers):
    path = tmp_path_factory.getbasetemp() / "whole.csv"
    path.write_text("n,x\n" + "".join(f"{'' if n is None else n},x\n" for n in numbers))
    assert [None if pd.isna(n) else int(n) for n in read_table(path)["n"]] == numbers


WORDS = ["NA", "None", "nan", "-", "NULL"]


@pytest.mark.parametrize("missing", [{"label": ("",)}, {"": ("",)}, ("",)])
def test_a_word_for_nothing_may_be_a_class(tmp_path, missing):
    table = read_table(written(tmp_path, [*WORDS, ""]), missing=missing)
    target = fit_target(table, "label")
    assert set(target.classes) == set(WORDS) and table["label"].isna().sum() == 10


def test_no_text_at_all_may_be_a_class(tmp_path):
    table = read_table(written(tmp_path, ["", "NA", "z"]), missing={"label": ()})
    target = fit_target(table, "label")
    assert target.classes == ("", "NA", "z")
    assert shown(target, table)["label"].tolist()[:3] == ["", "NA", "z"]


def test_only_the_columns_that_are_named_read_words_otherwise(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\nNA,NA\n999,?\n1,x\n")
    frame = read_table(tmp_path / "t.csv", missing={"a": ("NA", "999"), "b": ("?",)})
    assert frame["a"].tolist()[2] == 1 and frame["a"].isna().sum() == 2
    assert frame["b"].tolist()[::2] == ["NA", "x"] and frame["b"].isna().sum() == 1
    assert read_table(tmp_path / "t.csv", missing={"a": ("",)})["b"].isna().sum() == 2


def test_rows_that_are_left_out_are_told_with_the_word_and_the_remedy(tmp_path):
    path = written(tmp_path, ["NA", "b", "c"])
    notes = []
    TableModel.train(read_table(path), "label", epochs=1, tell=notes.append)
    told = next(note for note in notes if note.startswith("Left out of training: 20 rows of 60"))
    assert "'NA' counts as no value" in told and "say with missing={'label': ('',)} that" in told
    remedy = eval(told.partition("missing=")[2].partition(" that")[0])
    assert fit_target(read_table(path, missing=remedy), "label").classes == ("NA", "b", "c")
    with pytest.raises(DataError, match=r"(?s)single class, 'b'.*'NA' counts as no value"):
        fit_target(read_table(written(tmp_path, ["NA", "b"])), "label")


def test_a_model_remembers_which_words_mean_nothing(tmp_path):
    path = written(tmp_path, ["NA", "b", "c"])
    for missing in ({"label": ("",), "u": ("", "2")}, {"": ("",)}):
        table = read_table(path, missing=missing)
        model = TableModel.train(table, "label", epochs=1, hidden=(2,))
        model.save(tmp_path / "m")
        again = load(tmp_path / "m")
        assert again.missing == missing == model.missing
        assert again.predict(read_table(path, missing=again.missing)).equals(model.predict(table))


def test_a_category_of_a_frame_that_reads_as_nothing_is_remembered():
    frame = pd.DataFrame({"kind": ["NA", "b"] * 20, "y": ["None", "z"] * 20})
    model = TableModel.train(frame, "y", epochs=1, hidden=(2,))
    assert "NA" not in model.missing["kind"] and "?" in model.missing["kind"]
    assert "None" not in model.missing["y"]


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (
            ("No", "Yes", "no", "yes"),
            "'No' and 'no' count as two classes of 'y'; so do 'Yes' and 'yes'; if they are one",
        ),
        (("1", "1.0", "2"), "'1' and '1.0' count as two classes"),
        ((1, 2, 3), None),
        (("a", "b"), None),
    ],
)
def test_classes_that_may_be_one_are_told(classes, words):
    told = alike_classes(Target("multiclass", ("y",), classes))
    assert len(told) == bool(words) and all(words in sentence for sentence in told)


def test_several_targets_are_labels_however_their_numbers_are_written(tmp_path):
    (tmp_path / "t.csv").write_text("p,q,x\n" + "".join(f"{i % 2},{i % 3 % 2}.0,{i}\n" for i in range(30)))
    target = fit_target(read_table(tmp_path / "t.csv"), ["p", "q"])
    assert (target.task, target.classes) == ("multilabel", (0, 1))
    assert target.shares == pytest.approx([1 / 2, 1 / 3])


def test_a_frame_from_pandas_has_no_other_form_than_its_own():
    frame = pd.read_csv(io.StringIO("y\n" + "1e5\n2e3\n" * 9), dtype=str)
    assert fit_target(frame, "y").classes == ("1e5", "2e3")
    assert fit_target(frame.astype(float), "y").classes == (2000, 100000)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("cell", "padded"),
    [("007", True), ("+7", True), ("-0", True), ("-07", True), ('"00"', True), ("0", False), ("10.05", False),
     ("1,005", None), ("2015-02-07", False), ("100", False), ("0.05", False), ("-0.5", False), ("x07", False),
     ("5e-05", False), ("1e+05", False)],
)  # fmt: skip
def test_a_glance_finds_whole_numbers_that_are_written_otherwise(cell, padded, delimiter):
    for text in (f"{cell}{delimiter}x\n", f"x{delimiter}{cell}\n", f"x{delimiter} {cell}", cell):
        assert padded is None or has_padded(text.encode(), delimiter) == padded


@pytest.mark.parametrize("at", range(-6, 7))
def test_a_glance_sees_what_the_pieces_that_it_looks_at_cut_apart(at, monkeypatch):
    monkeypatch.setattr("chainrule.data.written._PIECE", 64)
    for cells, padded in ((b"1007,-0.5,2015-02-07,1e-05,", False), (b"12,007,", True), (b"3,-0,", True)):
        text = b"1," * (32 + at // 2) + b"1" * (at % 2) + cells + b"1," * 40
        assert has_padded(text) == padded
    assert not has_padded(b"1;-0,5;0,07;3", ";") and has_padded(b"1;-0;3", ";")
