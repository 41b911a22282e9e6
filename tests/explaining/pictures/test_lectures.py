"""Every figure of the lectures can be drawn: a test draws each and asserts of its data what its row says.

Such a test begins its docstring with the rows, "S4-67, S4-60: ..."; those that are named for what they say stand here.
"""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
DOCS = TESTS.parent / "docs"
FIGURES = """
S0-5 S0-29 S0-32 S0-39 S0-61 S0-71 S0-90 S0-91 S0-95 S0-101 S0-132 S1-17 S1-30 S1-38 S1-45 S1-59 S1-63 S2-10 S2-13 S2-16
S2-25 S2-29 S2-41 S2-46 S2-54 S2-61 S3-3 S3-6 S3-11 S3-24 S4-25 S4-59 S4-60 S4-67 S4-74 S4-86
"""
# What stands in the lectures as rows of another kind, and is a picture only.
MORE = "S1-4 S1-8 S1-75 S1-37 S1-36 S1-60 S1-52 S2-19 S2-20 S2-21 S2-22 S0-113 S0-136"
ELSEWHERE = {
    "test_the_lectures_graph_has_its_five_edges_with_values_and_gradients": ["S0-101", "S1-52"],
    "test_frames_show_one_more_number_each": ["S1-59"],
    "test_logistic_regression_of_three_features": ["S1-60"],
    "test_a_loop_is_one_box_with_an_arrow_back_and_unrolled_its_weights_stand_once": ["S0-29"],
}
ROWS = re.compile(r"((?:S\d-\d+(?:, )?)+): ")


def named():
    """The rows that tests draw."""
    found = set()
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                rows = ROWS.match(ast.get_docstring(node) or "")
                found.update(rows[1].split(", ") if rows else (), ELSEWHERE.get(node.name, ()))
    return found


def test_each_figure_is_drawn_by_a_test():
    drawn = named()
    assert [row for row in f"{FIGURES} {MORE}".split() if row not in drawn] == []


def test_the_networks_are_compared_in_a_table():
    """S0-32: a page has the table, three networks by what they are best for, their strength, and what each is like."""
    page = (DOCS / "which_network.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("|")
    ]
    head, _, *networks = rows
    assert head[1:3] == ["best for", "key strength"] and len(networks) == 3
    assert all(len(row) == 4 and all(row) for row in networks)
    standard, convolutional, recurrent = networks
    assert "tables" in standard[1] and "pictures" in convolutional[1] and "sequences" in recurrent[1]
    assert [row[3].split()[-1] for row in (standard, convolutional)] == ["calculator", "eyes"]
    assert "brain" in recurrent[3] and "conversation" in recurrent[3]


def test_predictions_are_reported_in_text():
    """S4-59: a page prints input, predicted and true for the four rows of XOR; the test of the pages runs it."""
    page = (DOCS / "which_network.md").read_text(encoding="utf-8")
    report = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1].splitlines()
    assert report[0].split() == ["input", "predicted", "true"]
    assert [row.split("]")[1].split() for row in report[1:]] == [
        ["0", "0"],
        ["1", "1"],
        ["1", "1"],
        ["0", "0"],
    ]
