"""Every lesson runs, says what its table says, refuses wrong answers, and reads alike on a page and in a notebook."""

import ast
import contextlib
import io
import json
import re
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from chainrule.lessons import running
from chainrule.lessons.answering import judged
from chainrule.lessons.cells import read
from chainrule.lessons.notebook import to_notebook
from chainrule.lessons.outline import COURSE, LESSONS, PARTS
from chainrule.lessons.page import to_html
from chainrule.lessons.running import run
from chainrule.lessons.tables import FOLDER, expanded, table
from chainrule.lessons.terminal import write
from chainrule.lessons.told import Claim, Number, Remembered, Shown

LINES, PAGE = 120, 400_000
WORDS = {"exercise", "holds", "number", "picture", "remember"}
LIBRARIES = {
    "chainrule",
    "numpy",
    "scipy",
    "sklearn",
    "pandas",
    "PIL",
    "time",
    "warnings",
    "functools",
    "importlib",
    "io",
    "pathlib",
    "tempfile",
    "itertools",
    "math",
    "string",
}
# What asserts that something is so; a picture alone, or a question, does not.
SHOWING = Number | Claim


def titles(text):
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def sections(ran):
    """What is said below each title."""
    found, title = {"": []}, ""
    for done in ran.cells:
        for title in titles(done.cell.source) if done.cell.kind == "text" else ():
            found[title] = []
        found[title] += done.events
    return found


def refusing(source, file, mode):
    """A cell's code in which what is said to be refused must be: a ``try`` that goes through is an error."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and node.handlers and not node.orelse:
            node.orelse = ast.parse("raise AssertionError('It was to be refused, and was not.')").body
    return compile(ast.fix_missing_locations(tree), file, mode)


def test_a_refusal_that_does_not_come_is_seen():
    for source, refused in (("1 / 0", True), ("1 / 1", False)):
        code = refusing(f"try:\n    {source}\nexcept ZeroDivisionError:\n    pass", "here", "exec")
        with (
            contextlib.nullcontext() if refused else pytest.raises(AssertionError, match="was to be refused")
        ):
            exec(code)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_whole(name, monkeypatch):
    monkeypatch.setenv("CHAINRULE_PROGRESS", "")
    monkeypatch.setattr(running, "compile", refusing, raising=False)
    ran = run(name)  # its numbers and claims assert themselves here
    events = [event for done in ran.cells for event in done.events]

    # It shows a picture, asks, and ends in what to remember.
    assert any(isinstance(event, Shown) for event in events) and ran.exercises()
    assert [type(event) for event in events if isinstance(event, Remembered)] == [Remembered]

    # All of its table is used, and every section that claims a row of the lectures shows something.
    known, told = table(name), sections(ran)
    labels = [event.label for event in events if isinstance(event, Number)]
    assert sorted(set(labels)) == sorted(known.numbers), (
        "the table has a number that the lesson does not print"
    )
    for title, rows in known.rows.items():
        assert rows and title in told, title
        assert any(isinstance(event, SHOWING) for event in told[title]), (
            f"{title} claims {rows}, asserts nothing"
        )
    for title, said in told.items():
        of_numbers = {row for e in said if isinstance(e, Number) for row in known.entry(e.label).rows}
        assert of_numbers <= set(known.rows.get(title, ())), (
            f"{title} prints a number of a row it does not claim"
        )
    assert sum(bool(entry.rows) for entry in known.numbers.values()) >= 3, (
        "three of its rows' numbers come out of the API"
    )

    # Every exercise takes its answer, and refuses three wrong ones with a word for each.
    assert {each.name for each in ran.exercises()} == set(known.answers)
    for asked in ran.exercises():
        assert judged(asked, asked.answer, {}) == (True, "Right."), asked.name
        assert judged(asked, asked.answer, dict(asked.given)) == (True, "Right.")
        assert len(asked.mistakes) >= 3 and asked.hint.strip()
        for mistake, says in asked.mistakes:
            assert judged(asked, mistake, {}) == (False, f"Not yet. {says}"), (asked.name, mistake)
        for nonsense in ("nonsense", float("nan"), [1.0] * 17):
            assert not judged(asked, nonsense, {})[0], (asked.name, nonsense)

    # Its four readings.
    shown = to_html(ran)
    assert not re.search(r'(?:src|href)\s*=\s*"(?!#|data:)|@import|url\((?!data:)', shown)
    assert len(shown) < PAGE
    assert shown.count('<form class="exercise"') == len(ran.exercises())
    assert shown.count("<figure") == sum(isinstance(event, Shown) for event in events)
    cells = json.loads(to_notebook(ran))["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"]) for cell in cells)
    write(ran, Console(file=io.StringIO(), width=80))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_s_file_is_short_and_public(name):
    source = (COURSE / f"{name}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LINES
    lesson = read(name)
    assert lesson.title and lesson.intro and 5 <= lesson.minutes <= 20
    assert set(lesson.needs) <= set(LESSONS[: LESSONS.index(name)]), "a lesson builds on earlier ones"
    assert not re.search(r"\bS[0-4]-X?\d", source), "rows of the lectures stand in the table"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assert node.id not in {*WORDS, "answer", "begin"}, "its notebook calls them"
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= LIBRARIES
            assert not any(alias.name.startswith("chainrule.") for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.module.partition(".")[0] in LIBRARIES
            if node.module.startswith("chainrule"):
                assert node.module == "chainrule.lessons" and {alias.name for alias in node.names} <= WORDS


def test_the_outline_has_every_lesson_once():
    assert len(LESSONS) == len(set(LESSONS)) >= 40 and len(PARTS) == 6
    files = {file.stem for file in COURSE.glob("*.py")} - {"__init__"}
    assert files == set(LESSONS)
    assert {file.stem for file in (FOLDER / "numbers").glob("*.toml")} == files


PLACES = tomllib.loads((Path(__file__).parent / "rows.toml").read_text(encoding="utf-8"))
ROOT = Path(__file__).parents[2]


def test_every_row_of_the_lectures_has_its_place():
    """In a lesson, in a test, or in prose for a reason; the list of what has none is empty."""
    lessons = {row for name in LESSONS for rows in table(name).rows.values() for row in rows}
    tests, prose = set(PLACES["tests"]), set(PLACES["prose"])
    rows = set(expanded(PLACES["rows"]))
    assert len(rows) == 484
    assert lessons | tests | prose <= rows, "there is no such row"
    assert not tests & lessons and not prose & lessons, "a lesson has it"
    assert rows - lessons - tests - prose == set()
    assert all(len(reason) > 10 for reason in PLACES["prose"].values())
    assert [place for place in PLACES["tests"].values() if not is_a_test(place)] == []


def is_a_test(place):
    file, _, name = place.partition("::")
    return bool(re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))


def test_a_place_that_is_none_is_seen():
    here = Path(__file__).relative_to(ROOT).as_posix()
    assert is_a_test(f"{here}::test_a_place_that_is_none_is_seen") and not is_a_test(
        f"{here}::test_of_nothing"
    )
