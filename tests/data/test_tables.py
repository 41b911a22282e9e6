"""Reading tables: every way to write one that people have, and every way to get one wrong."""

import gzip
import os
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, strategies as st

from chainrule.data.samples import MADE, SAMPLES, sample_table
from chainrule.data.tables import load_table, read_table
from chainrule.data.written import written_of
from chainrule.errors import ChainruleError, DataError, MissingFileError, UnknownNameError


@pytest.fixture
def table(tmp_path):
    """Read text (or bytes) as a table file."""

    def read(content, name="data.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, **options)

    return read


def rows(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("list")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(table, delimiter):
    text = "a,b,c\n1,x,2.5\n2,y,3.5\n".replace(",", delimiter)
    assert rows(table(text)) == {"a": [1, 2], "b": ["x", "y"], "c": [2.5, 3.5]}


def test_a_delimiter_inside_texts_misleads_nobody(table):
    text = "name;remark\nann;a, b, c, d\nbob;e, f, g, h\n"
    assert rows(table(text)) == {"name": ["ann", "bob"], "remark": ["a, b, c, d", "e, f, g, h"]}
    assert list(table("a,b\n1,x;y;z\n2,x;y;z\n").columns) == ["a", "b"]


def test_one_column_is_a_table(table):
    assert rows(table("size\n1\n2\n")) == {"size": [1, 2]}


def test_quoted_cells_hold_delimiters_and_line_ends(table):
    frame = table('a,b\n1,"x, y"\n2,"two\nlines"\n')
    assert frame["b"].tolist() == ["x, y", "two\nlines"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(table, end):
    assert rows(table(end.join(["a,b", "1,x", "", "2,y"]))) == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_found(table, encoding):
    frame = table("straße,stadt\n1,Köln\n2,Zürich\n".encode(encoding))
    assert rows(frame) == {"straße": [1, 2], "stadt": ["Köln", "Zürich"]}


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "cp1251", "iso8859-7", "utf-8", "cp1252"])
def test_an_encoding_that_is_not_known_is_told(table, encoding):
    words = {"cp1251": "цена", "iso8859-7": "τιμή", "cp1252": "Größe"}.get(encoding, "価格東京")
    frame = table(f"a,{words}\n1,{words}\n".encode(encoding))
    notes = written_of(frame).notes
    assert bool(notes) == (encoding not in ("utf-8", "cp1252"))
    assert all("save it as UTF-8" in note for note in notes)


def test_bytes_that_cp1252_lacks_are_read_too(table):
    assert len(table(b"a,b\n1,x\x81\n")) == 1


@pytest.mark.parametrize("name", ["data.csv.gz", "data.csv"])
def test_gzip_is_known_by_its_content(table, name):
    assert rows(table(gzip.compress(b"a,b\n1,2\n", mtime=0), name)) == {"a": [1], "b": [2]}


def test_blanks_around_names_and_cells_go(table):
    frame = table(" a , b \n 1 , x \n 2 , y\n")
    assert rows(frame) == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize("marker", ["", "NA", "NaN", "null", "?", "-", "N/A", " ", " ? "])
def test_missing_markers_leave_numbers_numbers(table, marker):
    frame = table(f"a,b\n1,x\n{marker},{marker}\n3,z\n")
    assert rows(frame) == {"a": [1, None, 3], "b": ["x", None, "z"]}
    assert pd.api.types.is_float_dtype(frame["a"])


def test_the_caller_may_name_the_missing_markers(table):
    frame = table("a,b\n1,?\n999,x\n", missing=("999",))
    assert rows(frame) == {"a": [1, None], "b": ["?", "x"]}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (['"$400,000"', '"$1,250,000.50"'], [400_000, 1_250_000.5]),
        (['"2,104"', "900"], [2104, 900]),
        (["€ 5", "-€7.5"], [5, -7.5]),
        (["5 €", "7.5€"], [5, 7.5]),
        (["12.5%", "8 %"], [12.5, 8]),
        (["1e3", "-2.5E-1"], [1000, -0.25]),
        (["+1", "-.5"], [1, -0.5]),
        (['"1,5"', '"2,25"'], [1.5, 2.25]),
        (["12345678901234567890123", "1"], [12345678901234567890123.0, 1]),
    ],
)
def test_what_is_written_like_a_number_is_one(table, written, read):
    frame = table("a,b\n" + "".join(f"{cell},x\n" for cell in written))
    assert frame["a"].astype(float).tolist() == read


@pytest.mark.parametrize(
    "written", [["$5", "€7"], ["12%", "0.12"], ["1", "x"], ["1_000", "2"], ["0x10", "2"]]
)
def test_what_is_not_surely_a_number_stays_text(table, written):
    assert table("a,b\n" + "".join(f"{cell},x\n" for cell in written))["a"].tolist() == written


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a;b\n1,5;x\n2,25;y\n", [1.5, 2.25]),
        ("a\tb\n1,5\tx\n2,25\ty\n", [1.5, 2.25]),
        ("a;b\n1.234,5;x\n2;y\n", [1234.5, 2]),
        ("a;b\n2,104;1\n1,250;2\n", [2.104, 1.25]),  # a semicolon is there because the comma is taken
        ("a;b\n2,104;0.5\n1,250;2.5\n", [2104, 1250]),  # but here b has decimal points
        ("a\tb\n2,104\t1\n1,250\t2\n", [2104, 1250]),
        ("a;b\n0,998;x\n0,125;y\n", [0.998, 0.125]),
        ("a;b\n1.5;x\n2.5;y\n", [1.5, 2.5]),
    ],
)
def test_the_decimal_mark_is_found(table, text, read):
    assert table(text)["a"].tolist() == read


@pytest.mark.parametrize(
    ("text", "mark", "read"),
    [
        ("a\tb\n2,104\t1\n", ",", [2.104]),
        ("a;b\n2,104;1\n", ".", [2104]),
        ('a,b\n"2,104",1\n', ",", [2.104]),
        ("a\n1.234\n", ",", [1234]),
        ("a\n1.5\n1.234\n", ",", [1.5, 1.234]),  # what the table says itself counts
        ("a;b\n1,5;x\n1,234;y\n", ".", [1.5, 1.234]),
        ("a\tb\n1.5\t2,104\n", ",", [1.5]),
        ('[{"a": "2,104"}]', ",", [2.104]),
    ],
)
def test_a_mark_that_is_told_decides_what_reads_both_ways(table, text, mark, read):
    assert table(text, decimal=mark)["a"].tolist() == read


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("a;b\n1,5;1\n2,5;2\n", ","), ("a,b\n1.5,1\n", "."), ('a,b\n"1,5",1\n', ","), ('a,b\n"1,5",1.5\n', ""),
        ("a,b\n1,2\n", ""), ('a,b\n"2,104",2\n', ""), ('[{"a": 1.5}]', "."),
    ],
)  # fmt: skip
def test_the_mark_of_fractions_is_remembered(table, text, mark):
    assert written_of(table(text)).decimal == mark


def test_what_reads_both_ways_in_one_file_is_read_as_in_the_others(tmp_path):
    for name, text in {"1": "a\tb\n2,104\tx\n", "2": "a\tb\n0,5\ty\n", "3": "a\tb\n7\tz\n"}.items():
        (tmp_path / f"{name}.tsv").write_text(text)
    found = read_table(str(tmp_path / "*.tsv"))
    assert found["a"].tolist() == [2.104, 0.5, 7] and written_of(found).decimal == ","


def test_a_german_thousand_is_a_thousand_if_other_columns_have_decimal_commas(table):
    frame = table("a;b;c\n1.234;0,5;0.5\n2.000;1,25;0.25\n")
    assert rows(frame) == {"a": [1234, 2000], "b": [0.5, 1.25], "c": [0.5, 0.25]}


def test_truth_values_stay_as_they_were_written(table):
    assert rows(table("a,b\nTRUE,yes\nFALSE,no\n")) == {"a": ["TRUE", "FALSE"], "b": ["yes", "no"]}


def test_a_column_without_name_gets_one_and_an_empty_one_goes(table):
    assert list(table(",a\n0,5\n1,6\n").columns) == ["Unnamed: 0", "a"]
    assert list(table("a,b,\n1,2,\n3,4,\n").columns) == ["a", "b"]


def test_a_column_may_bear_any_name(table):
    assert rows(table("self,class;\nx,1\ny,2\n")) == {"self": ["x", "y"], "class;": [1, 2]}


def test_years_and_pixels_may_be_names(table):
    assert list(table("country,1990,1995,2010\nx,1,2,3\n").columns) == ["country", "1990", "1995", "2010"]
    assert list(table("0,1,2\n9,9,9\n").columns) == ["0", "1", "2"]


def test_short_rows_end_with_missing_cells(table):
    read = table("a,b\n1,x\n2\n")
    assert rows(read) == {"a": [1, 2], "b": ["x", None]}
    (told,) = written_of(read).notes
    assert told.startswith(
        "Line 3 has 1 cell for 2 column names: the last columns have no value there. If a cell was"
    )
    (told,) = written_of(table('a;b;c\n1;x;2\n\n2;"y\nz"\n3;y;\n4\n')).notes
    assert told.startswith("Line 5 has 2 cells for 3 column names, and 1 other line too few: ")
    assert written_of(table("a,b\n1,x\n2,\n")).notes == written_of(table("a\n1\n\n2\n")).notes == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["data.csv is empty", "column names"]),
        (" \n\n", ["is empty"]),
        ("a,b\n", ["a, b", "no rows below"]),
        ("a,b,a\n1,2,3\n", ["'a'", "columns 1 and 3", "name of its own"]),
        ("a, a \n1,2\n", ["called 'a'"]),
        ("a,b\n1,2,3\n4,5\n", ["first row below the names", "3 cells", "2 column names"]),
        ("a,b\n1,2\n\n3,4,5\n", ["Line 4", "3 cells", "2 column names", "Quote"]),
        ("a\n1\n2\n3,4\n", ["Line 4", "2 cells", "1 column name.", "Quote"]),
        ('a,b\n1,2\n3,"4\n5,6\n', ['quotation mark (")', "line 3", "never closes"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ["not a text file", "CSV"]),
        ("a,b\n1,2\n".encode("utf-16-le"), ["not a text file"]),
        (b"\xff\xfea", ["not a text file"]),
        (b"PK\x03\x04zip", ["a zip archive that cannot be unpacked"]),
        (b"PAR1\x15\x04", ["a Parquet file that is damaged"]),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-5], ["damaged gzip"]),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:20] + b"junk", ["damaged gzip"]),
        (b"\x1f\x8bjunk", ["damaged gzip", "again"]),
    ],
)
def test_what_is_no_table_is_refused_in_the_users_words(table, content, words):
    with pytest.raises(DataError) as caught:
        table(content)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert message.count("\n") < 6


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"is a folder.\nA table is one file"):
        read_table(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a file that may not be read")
def test_a_forbidden_file_is_refused(tmp_path):
    (tmp_path / "a.csv").touch(mode=0)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        read_table(tmp_path / "a.csv")


def test_a_missing_file_is_said_with_the_nearest_name_and_the_samples(tmp_path):
    (tmp_path / "houses.csv").write_text("a\n1\n")
    with pytest.raises(MissingFileError) as caught:
        read_table(tmp_path / "house.csv")
    message = str(caught.value)
    assert "Did you mean" in message and "houses.csv" in message and "iris, wine" in message
    assert isinstance(caught.value, ChainruleError) and isinstance(caught.value, FileNotFoundError)


def test_the_nearest_name_may_be_a_sample_or_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingFileError, match="Did you mean 'iris'"):
        read_table("irsi")
    with pytest.raises(MissingFileError, match=r"^No file 'nowhere/q.csv'.\n"):
        read_table("nowhere/q.csv")
    (tmp_path / "file").touch()
    with pytest.raises(MissingFileError):
        read_table("file/q.csv")


@pytest.mark.parametrize("name", MADE[:-1])
def test_points_that_are_made_are_the_same_ever_and_of_two_classes(name):
    frame = sample_table(name)
    assert frame.equals(sample_table(name)) and frame["target"].value_counts().nunique() == 1
    assert frame[:20]["target"].nunique() == 2  # in no order
    X = frame[["x1", "x2"]].to_numpy()
    distances = ((X[:, None] - X) ** 2).sum(-1) + np.eye(len(X)) * 1e9
    nearest = frame["target"].to_numpy()[distances.argmin(1)]
    assert (nearest == frame["target"]).mean() > 0.95  # what a network may learn
    line = np.column_stack([X, np.ones(len(X))])
    weights = np.linalg.lstsq(line, frame["target"] - 0.5, rcond=None)[0]
    assert ((line @ weights > 0) == frame["target"]).mean() < 0.9  # and a line not


def test_the_circles_and_the_people_are_those_of_the_lectures():
    circles, people = sample_table("circles"), sample_table("four_people")
    radius = np.hypot(circles["x1"], circles["x2"])
    assert radius.groupby(circles["target"]).mean().to_numpy() == pytest.approx([1.0, 0.3], abs=0.03)
    shifted = (people[["weight", "height"]] - [135, 66]).to_numpy().tolist()
    assert shifted == [[-2, -1], [25, 6], [17, 4], [-15, -6]] and "".join(people["target"]) == "FMMF"


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_tables_have_their_target_last(name):
    frame, target = load_table(name)
    assert target == "target" == frame.columns[-1]
    assert frame.notna().all(axis=None) and len(frame) == 4 if name == "four_people" else len(frame) > 100
    assert not any(" " in column for column in frame.columns)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in MADE])
def test_the_sample_tables_are_those_of_scikit_learn_to_the_bit(name):
    from sklearn import datasets

    theirs = getattr(datasets, f"load_{name}")(as_frame=True)
    ours = sample_table(name)
    plain = [n.removesuffix(" (cm)").replace(" ", "_") for n in theirs.data.columns]
    assert list(ours.columns) == [*plain, "target"]
    assert (ours.iloc[:, :-1].to_numpy() == theirs.data.to_numpy()).all()
    assert list(ours.dtypes[:-1]) == list(theirs.data.dtypes)
    if name in {"digits", "diabetes"}:
        assert (ours["target"] == theirs.target).all() and ours["target"].dtype == theirs.target.dtype
    else:
        assert list(ours["target"]) == [theirs.target_names[i] for i in theirs.target]


def test_without_scikit_learn_the_sample_tables_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingFileError, match="pip install scikit-learn"):
        load_table("iris")


def test_the_targets_of_the_sample_tables_have_names_where_there_are_any():
    assert set(sample_table("iris")["target"]) == {"setosa", "versicolor", "virginica"}
    assert set(sample_table("breast_cancer")["target"]) == {"malignant", "benign"}
    assert set(sample_table("digits")["target"]) == set(range(10))
    assert sample_table("diabetes")["target"].max() == 346
    with pytest.raises(UnknownNameError, match="Did you mean 'iris'"):
        sample_table("irsi")


def test_a_file_wins_over_the_sample_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").write_text("a,b\n1,2\n")
    frame, target = load_table("iris")
    assert list(frame.columns) == ["a", "b"] and target is None


@pytest.mark.parametrize("width", [9_000, pytest.param(30_000, marks=pytest.mark.long)])
def test_a_row_of_names_may_be_long(tmp_path, width):
    names = [f"column{i}" for i in range(width)]
    rows = [",".join(map(str, row)) for row in np.arange(3 * width).reshape(3, width)]
    (tmp_path / "wide.csv").write_text("\n".join([",".join(names), *rows]) + "\n")
    found = read_table(tmp_path / "wide.csv")
    assert list(found) == names and found.iloc[2, -1] == 3 * width - 1


def test_delimiters_alone_are_no_table(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_bytes(b";;\n;;\n")
    with pytest.raises(DataError, match="holds delimiters only"):
        read_table(path)


@example(b";'\t\x1a\r\x0b")  # a blank behind the mark that a spreadsheet's formula gets
@given(st.binary(max_size=200) | st.text("ab1.,;|\t\n\r\"' -?e", max_size=60).map(str.encode))
def test_any_file_is_a_table_or_a_chainrule_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        frame = read_table(path)
    except ChainruleError:
        return
    assert len(frame) and all(isinstance(name, str) and name == name.strip() for name in frame.columns)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).map("x{}".format)


@given(
    st.data(),
    st.integers(1, 20),
    st.sampled_from([(",", "."), (";", ","), (";", "."), ("\t", "."), ("|", ".")]),
)
def test_what_pandas_wrote_is_read_back(tmp_path_factory, data, rows, marks):
    columns = {
        "number": st.floats(-1e15, 1e15).map(lambda x: x + 0.5),
        "whole": st.integers(-(2**50), 2**50),
        "text": TEXTS,
    }
    written = pd.DataFrame(
        {name: data.draw(st.lists(cells, min_size=rows, max_size=rows)) for name, cells in columns.items()}
    )
    path = tmp_path_factory.getbasetemp() / "written.csv"
    written.to_csv(path, index=False, sep=marks[0], decimal=marks[1])
    read = read_table(path)
    pd.testing.assert_frame_equal(read, written, check_dtype=False, rtol=1e-14)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("cells", ["", '""', "NA", "?", " ", '"x,\ny"', "'"])
def test_a_last_cell_that_is_written_empty_is_told_from_one_that_is_not_there(tmp_path, end, cells):
    """Bytes tell it where they can, and the rows where not: cells of several lines, blanks, words for nothing."""
    above = ["a,b,c", "1,x,2", "2,x,3", f"3,x,{cells}", "4,x,NA", "5,x,", "6,,"]
    for more in ([], ["7,x"], ["7"], ["7,x", "", "8,x", '"9,', ',"']):
        (tmp_path / "t.csv").write_bytes(end.join([*above, *more]).encode())
        notes = written_of(read_table(tmp_path / "t.csv")).notes
        assert sum("for 3 column names" in note for note in notes) == bool(more)


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
def test_rows_that_a_stray_mark_swallows_far_below_are_told(tmp_path, delimiter):
    """Nothing at the top shows it, and every line has as many cells as there are columns."""
    rows = [delimiter.join([f"{i}", f"name {i}", f"{i / 2}", "x"]) for i in range(5000)]
    below = delimiter.join("abcd"), *rows

    def note(*lines):
        (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
        notes = written_of(read_table(tmp_path / "t.csv")).notes
        return next((note for note in notes if "quotation mark" in note), "")

    stray = [line.replace("name", '"name') if i in (4001, 4009) else line for i, line in enumerate(below)]
    assert note(*below) == ""
    assert note(*stray).startswith(
        "The quotation mark in line 4,002 closes in line 4,010, and what stands between"
    )
    assert "8 rows would be lost" in note(*stray)
    assert note(*below, delimiter.join(["1", '"two, 2;\nlines, 2;\nand more"', "3", "x"])) == ""


def test_a_long_file_is_a_text_whatever_it_is_called(tmp_path, monkeypatch):
    """Such are read from their place, by pandas, which sees more in a name than we do."""
    monkeypatch.setattr("chainrule.data.delimited.LONG", 4)
    monkeypatch.chdir(tmp_path)
    for name in ("t.csv", "t.csv.gz", "~t.csv", "t#1.zip"):
        (tmp_path / name).write_text("a,b\n1,x\n2,y\n")
        assert read_table(name).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize("between", ["~", "^", ":", "   "])
def test_what_may_part_cells_and_does_not_is_told(table, between):
    rows = [
        between.join(row) for row in (["who", "age", "town"], ["Bo Xi", "31", "New York"], ["Jo", "4", "Ulm"])
    ]
    told = written_of(table("\n".join(rows))).notes
    assert any("If blanks should part" in n or f"If {between!r} should part" in n for n in told)
    assert not written_of(table("time\n10:15\n10:20\n")).notes
