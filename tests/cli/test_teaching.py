"""The commands ``lessons`` and ``lesson``."""

import json

import pytest
from click.testing import CliRunner

from chainrule.cli.main import cli
from chainrule.lessons.outline import LESSONS


@pytest.fixture
def said(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_PROGRESS", str(tmp_path / "lessons.json"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments, code=0):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == code, result.output
        return result

    return call


def test_the_list_says_what_is_done_and_what_comes_next(said):
    first, second = LESSONS[:2]
    assert f"→ {first}" in said("lessons").stdout
    right = said("lesson", first, "--answer", "-3")
    assert right.stdout == "Right.\n" and f"The lesson {first} is done" in right.stderr
    below = said("lessons").stdout
    assert f"✓ {first}" in below and f"→ {second}" in below and f"Next: chainrule lesson {second}" in below
    listed = json.loads(said("lessons", "--json").stdout)
    assert [each["state"] for each in listed] == ["done", "next", *["open"] * (len(LESSONS) - 2)]
    assert set(listed[0]) == {"name", "title", "part", "minutes", "state"}


def test_answers_are_computed(said):
    assert said("lesson", "one_neuron", "--answer", "3", code=1).stdout.startswith("Not yet. The sign")
    own = said("lesson", "one_neuron", "--answer", "-8", "--given", "x=2,8")
    assert own.stdout == "Right.\n" and not own.stderr  # of the question as it stands nothing is known yet
    assert "σ(z) is ½ where z is 0" in said("lesson", "one_neuron", "--hint").stdout


def test_a_lesson_is_read_in_a_terminal_on_a_page_and_in_a_notebook(said, tmp_path, monkeypatch):
    text = said("lesson").stdout
    assert (
        "One neuron: weigh, add, squash" in text
        and "y = σ(z) = 0.9990889488" in text
        and "cr.trace(y)" in text
        and "chainrule lesson one_neuron --html one_neuron.html" in " ".join(text.split())
        and "number prints a number" in text
    )
    assert "import numpy" not in said("lesson", "one_neuron", "--no-code").stdout
    monkeypatch.setenv("COLUMNS", "130")  # where code stands unbroken, and text is no wider than can be read
    wide = said("lesson", "one_neuron").stdout.splitlines()
    panel = next(line for line in wide if "picture(cr.Picture([panel]" in line)
    assert panel.rstrip().endswith('"))')
    assert all(len(line.rstrip()) <= 100 for line in wide if not line.startswith("    "))
    said("lesson", "one_neuron", "--html", "one.html", "--notebook", "one.ipynb")
    assert (tmp_path / "one.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads((tmp_path / "one.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["one_neurn"], "No lesson 'one_neurn'. Did you mean 'one_neuron'?"),
        (["one_neuron", "--answer", "3", "--exercise", "9"], "has 1 exercise; found --exercise 9"),
        (["one_neuron", "--given", "x=2,8"], "give the answer to it too, by --answer"),
        (["one_neuron", "--answer", "3", "--given", "q=1"], "This exercise has: w=0,1, x=2,3"),
        (["one_neuron", "--html", "nowhere/one.html"], "nowhere"),
        (["one_neuron", "--exercise", "2"], "give one of them too"),
        (["one_neuron", "--answer", "3", "--given", "x=1e999,3"], "x must be finite"),
    ],
)
def test_what_cannot_be_done_is_said(said, arguments, says):
    assert says in said("lesson", *arguments, code=2).stderr


@pytest.mark.parametrize(
    "kept", ["[" * 100_000, '{"one_neuron": ["b', "a folder"], ids=["deep", "cut", "folder"]
)
def test_what_was_kept_may_be_unreadable(said, tmp_path, kept):
    file = tmp_path / "lessons.json"
    file.mkdir() if kept == "a folder" else file.write_text(kept, encoding="utf-8")
    assert "0 of " in said("lessons").stdout
    right = said("lesson", "one_neuron", "--answer", "−3")
    told = "cannot be written" if kept == "a folder" else "is done"
    assert right.stdout == "Right.\n" and told in right.stderr


def test_a_page_is_written_beside_a_hint(said, tmp_path):
    assert "σ(z) is ½" in said("lesson", "one_neuron", "--hint", "--html", "one.html").stdout
    assert (tmp_path / "one.html").stat().st_size > 1000
