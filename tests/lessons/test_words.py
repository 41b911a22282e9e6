"""The words of a lesson: what they assert, what they print, and how answers are read and judged."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import lessons
from chainrule.errors import DataError, UnknownNameError
from chainrule.lessons import answer, begin, exercise, holds, number, remember
from chainrule.lessons.answering import judged, own_numbers, value_of
from chainrule.lessons.cells import read
from chainrule.lessons.notebook import to_notebook
from chainrule.lessons.progress import solve, solved
from chainrule.lessons.running import run
from chainrule.lessons.tables import Entry
from chainrule.lessons.told import Number, lines
from chainrule.lessons.words import telling


@pytest.fixture
def lesson():
    with telling("one_neuron") as told:
        yield told


def test_a_number_must_be_the_one_that_the_table_has(lesson):
    number("z", 7.0)
    with pytest.raises(AssertionError, match=r"z = array\(7\.001\), and must be 7\.0"):
        number("z", 7.001)
    with pytest.raises(AssertionError):
        number("z", [7.0, 7.0])
    with pytest.raises(AssertionError):
        number("z", np.nan)
    with pytest.raises(UnknownNameError, match="has no 'zz' under numbers"):
        number("zz", 7.0)


def test_a_claim_must_hold_everywhere(lesson):
    holds("so it is", np.array([True, True]))
    with pytest.raises(AssertionError, match="It does not hold that so it is"):
        holds("so it is", np.array([True, False]))
    for nothing in ([], np.zeros((0, 2), bool), (each for each in (True, False)), 1, "yes", None):
        with pytest.raises(DataError, match="What holds is True or False, or an array of them; found"):
            holds("so it is", nothing)


@pytest.mark.parametrize(
    ("exact", "printed", "why", "says"),
    [
        (0.9990889488055994, "0.999", "", "the lecture prints 0.999"),
        (0.02147, "0.0214", "", "the lecture prints 0.0214: its last digit comes from factors rounded before"),
        (0.045177, "0.044791", "a slip", "the lecture prints 0.044791: a slip"),
        (7.0, "", "", ""),
    ],
)  # fmt: skip
def test_what_a_lecture_prints_is_judged(exact, printed, why, says):
    assert Entry(exact, printed=printed, why=why).verdict(exact) == says


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-3", -3.0), (" 1/3 ", 1 / 3), ("0.5, 2", [0.5, 2.0]), ("[1;2]", [1.0, 2.0]), ("ReLU", "ReLU"), ("1/0", "1/0"),
        ("", ""), ("[3]", [3.0]), ("1e-3", 1e-3),
    ],
)  # fmt: skip
def test_what_is_typed_is_read(text, value):
    assert value_of(text) == value


def test_an_answer_is_computed_for_numbers_of_the_reader_s_own():
    asked = run("one_neuron").exercises()[0]
    own = own_numbers(asked, ["x=2,8", "w=1,1"])
    assert judged(asked, -10.0, own) == (True, "Right.")
    right, says = judged(asked, -3.0, own)
    assert not right and asked.hint in says
    for given in (["x=2"], ["x"], ["y=1,2"], ["x=one,two"]):
        with pytest.raises(DataError, match=r"of your own|must be like x=2,3"):
            own_numbers(asked, given)


def test_answers_in_a_notebook(capsys):
    begin("one_neuron")

    @exercise("Which bias?", hint="Where z is 0.")
    def bias(answer, w=(0.0, 1.0), x=(2.0, 3.0)):
        return np.dot(w, x) + answer == 0

    printed = capsys.readouterr().out
    assert "Exercise: Which bias?" in printed and "answer(...)" in printed
    assert answer(-3) == "Right."
    assert answer(3.0).startswith("Not yet. The sign is missing: z = 3 + b")
    assert answer(-10, x=(2.0, 10.0)) == "Right."
    assert answer("minus three") == "Not yet. Where z is 0."
    with pytest.raises(DataError, match="has 1 exercise"):
        answer(1, number=2)
    with pytest.raises(DataError, match="has no 'v'; of your own may be: w, x"):
        answer(1, v=2)
    with pytest.raises(AssertionError, match=r"run again goes on .* restart the kernel"):
        holds("two is one", False)
    remember("all of it")
    assert capsys.readouterr().out == "Remember: all of it\n"


def test_a_lesson_that_is_no_lesson():
    with pytest.raises(UnknownNameError, match="Did you mean 'one_neuron'"):
        read("one_neurn")
    with pytest.raises(UnknownNameError, match="Did you mean 'gates'"):
        begin("gate")
    with pytest.raises(UnknownNameError, match="'chainrule lessons' lists all"):
        read("../../etc/passwd")


def test_what_was_solved_is_kept(tmp_path, monkeypatch):
    file = tmp_path / "deep" / "lessons.json"
    monkeypatch.setenv("CHAINRULE_PROGRESS", str(file))
    assert solved() == {}
    assert solve("one_neuron", "bias") and solve("one_neuron", "bias") and solve("gates", "weight")
    assert solved() == {"one_neuron": ["bias"], "gates": ["weight"]}
    for damaged in ("", "[]", "{", '{"one_neuron": 3}'):
        file.write_text(damaged, encoding="utf-8")
        assert solved() == {}
    monkeypatch.setenv("CHAINRULE_PROGRESS", "")
    assert not solve("one_neuron", "bias")
    monkeypatch.setenv("CHAINRULE_PROGRESS", str(tmp_path))  # a folder
    assert not solve("one_neuron", "bias")


def test_a_notebook_has_the_same_bytes_each_time_and_its_cells_run():
    first = to_notebook(run("one_neuron"))
    assert first == to_notebook(run("one_neuron"))
    scope = {"__name__": "__main__"}
    for cell in json.loads(first)["cells"]:
        if cell["cell_type"] == "code":
            exec(cell["source"].replace("answer(...)", "print(answer(-3))"), scope)


def test_a_node_is_a_number(lesson):
    number("z", cr.variable(3.0) + 4.0)


def test_the_stub_has_the_same_names():
    tree = ast.parse(Path(lessons.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    stub = {name.asname for line in tree.body if isinstance(line, ast.ImportFrom) for name in line.names}
    assert stub == set(lessons.__all__) == set(dir(lessons))
    assert all(getattr(lessons, name) is not None for name in lessons.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = lessons.nothing


def test_a_small_number_is_asserted_too():
    assert Entry(7.1e-218).meets(7.1e-218) and not Entry(7.1e-218).meets(0.0)
    assert Entry(0.0).meets(1e-13) and not Entry(0.0).meets(1e-11)
    assert Entry([1.0, 0.0]).meets([1.0, 1e-13])
    assert Entry([1.5, 0.009], tolerance=0.01).meets([1.49, 0.00905])
    assert not Entry([1.5, 0.009], tolerance=0.01).meets([1.5, 0.0])
    assert Entry([np.inf, 1.0]).meets([np.inf, 1.0]) and not Entry([np.inf, 1.0]).meets([2.0, 1.0])


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (7.0, "z = 7"),
        ([150.0, 2.0], "z = [150   2]"),
        ([[1.5], [2.0]], "z =\n  [[1.5]\n   [2. ]]"),
        (np.nan, "z = nan"),
    ],
)
def test_how_a_number_is_written(value, line):
    assert "\n".join(lines(Number("z", value, ""), "one_neuron")) == line
