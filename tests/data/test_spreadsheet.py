"""Formulas: no text of a table that is written is run by a spreadsheet, and every text comes back as it was."""

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from chainrule.data.spreadsheet import marked, unmarked
from chainrule.data.tables import read_table, write_table

FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "-x", "--", "+", "=", "@me", "\t=1",
    "\r=1", "-0x10", "+1_000", "-inf", "＝1", "'=1", "''=1", "\"=1", "' =1", "-1,5", "+49 (0)123",
]  # fmt: skip
NUMBERS = ["-5", "+5", "-1.5e3", "-0", "+.5", "-1,000", "-$5", "+5 %"]
TEXTS = ["a", "a=b", "'tis", "it's", "'", "(=1)", "1-2", ""]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_marked_once(text):
    assert marked([text]) == [f"'{text}"] and unmarked(marked([text])) == [text]


@pytest.mark.parametrize("text", NUMBERS + TEXTS)
def test_numbers_and_other_texts_are_left_alone(text):
    assert marked([text]) == [text] == unmarked([text])


@given(st.lists(st.text("'\"=+-@a1. \t", max_size=5) | st.text(max_size=5)))
def test_every_text_comes_back(texts):
    written = marked(texts)
    assert unmarked(written) == texts
    assert not any(re.match(r"\s*[=+\-@]", text) and marked([text]) != [text] for text in written)


TEXTS_OF_CELLS = st.text("'\"=+-@ab", min_size=1, max_size=4).filter(lambda text: text not in ("-", "--"))


@given(
    st.lists(TEXTS_OF_CELLS, min_size=1, max_size=9),
    st.lists(TEXTS_OF_CELLS, min_size=2, max_size=3, unique=True),
)
def test_a_table_comes_back_and_no_cell_of_its_file_is_run(tmp_path_factory, cells, names):
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    frame = pd.DataFrame(dict.fromkeys(names, cells) | {"end": "x"})
    write_table(frame, path)
    for row in csv.reader(io.StringIO(path.read_text())):
        assert not any(cell[0] in "=+-@" and pd.isna(pd.to_numeric(cell, errors="coerce")) for cell in row)
    pd.testing.assert_frame_equal(read_table(path), frame, check_dtype=False)
    write_table(frame, path, raw_cells=True)
    assert path.read_text() == frame.to_csv(index=False)


def test_a_file_with_formulas_is_not_ours_and_keeps_its_apostrophes(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n'=1,'=1\n=1,x\n'-5,y\n")
    read = read_table(tmp_path / "t.csv")
    assert read["a"].tolist() == ["'=1", "=1", "'-5"] and read["b"].tolist() == ["=1", "x", "y"]


def test_mixed_labels_and_gaps_stay(tmp_path):
    frame = pd.DataFrame(
        {"a": [1, "=x", None, True], "b": [True, False, True, False], "c": [-1.5, 2, 3, None]}
    )
    write_table(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b,c\n1,True,-1.5\n'=x,False,2.0\n,True,3.0\nTrue,False,\n"
    write_table(pd.DataFrame({"=a": pd.Categorical(["=x", "y"])}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "'=a\n'=x\ny\n"
    write_table(pd.DataFrame(), tmp_path / "t.csv")


def test_a_carriage_return_in_a_text_ends_no_line(tmp_path):
    table = pd.DataFrame({"na\rme": ["a\rb", "a", None], "n": [1.5, 2.0, None]})
    write_table(table, tmp_path / "t.csv")
    back = read_table(tmp_path / "t.csv")
    assert (
        list(back) == list(table)
        and back["na\rme"].tolist()[:2] == ["a\rb", "a"]
        and back.isna().iloc[2].all()
    )
    assert back["n"].tolist()[:2] == [1.5, 2.0]
