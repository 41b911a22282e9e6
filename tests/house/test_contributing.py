"""What CONTRIBUTING.md says to add, added to a copy of the package: it works, and so many places are touched."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import chainrule as cr

PACKAGE = Path(cr.__file__).parent
ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "pyproject.toml"
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPE = re.compile(
    r"# (?P<file>[\w/]+\.py), (?P<where>new|at the end|before (?P<line>\w+))\n(?P<text>.*)", re.DOTALL
)
ADDED = ["mish", "Scale", "Lion"]  # what is public of it
PLACES = {"A primitive": 1, "An activation": 1, "A layer": 1, "An optimizer": 1, "An engine": 2}


def blocks():
    """Each block of Python with its heading, and what it is said to print."""
    for section in PAGE.split("\n## ")[1:]:
        for code, printed in re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", section, re.DOTALL):
            yield section.partition("\n")[0].partition(":")[0], code, printed


def recipes():
    return [found for _, code, _ in blocks() if (found := RECIPE.match(code))]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the package in which all is done that the page says."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(PACKAGE, folder / "chainrule", ignore=shutil.ignore_patterns("__pycache__"))
    for found in recipes():
        file, line = folder / "chainrule" / found["file"], found["line"]
        assert file.exists() == (found["where"] != "new"), found["file"]
        before, after = file.read_text(encoding="utf-8") if file.exists() else "", ""
        if line:
            before, line, after = before.partition(f"\n{line}")
            assert line and f"\n{line}" not in after
        parts = [before, found["text"], f"{line}{after}" if line else ""]
        file.write_text("\n\n\n".join(p.strip() for p in parts if p) + "\n", encoding="utf-8")
    return folder


def test_what_is_shown_runs_and_prints_what_the_page_says(house):
    shown = [(code, printed) for _, code, printed in blocks() if not RECIPE.match(code)]
    assert len(shown) == 2
    for code, printed in shown:
        run = subprocess.run(
            [sys.executable, "-c", "import chainrule as cr\n" + code],
            env={**os.environ, "PYTHONPATH": str(house)}, cwd=house, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (run.stdout, run.stderr) == (printed, "")


def test_the_row_is_tested_by_itself(house):
    """Its formula and what it claims, and each engine against the reference: tests that follow from the row."""
    files = [
        "graph/primitives/test_primitives.py",
        "graph/primitives/test_columns.py",
        "engines/test_matrix.py",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-n", "0", "-k", "softsign", *(ROOT / "tests" / f for f in files)],
        env={**os.environ, "PYTHONPATH": str(house)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert all(re.search(rf"{file}::.*softsign.* PASSED", run.stdout) for file in files)


def changed(house):
    return [house / "chainrule" / found["file"] for found in recipes()]


def passes(house, *command):
    run = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        env={**os.environ, "PYTHONPATH": str(house)}, cwd=house, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_is_added_is_as_the_house_is(house):
    """Its style, and the tests that go through all layers, public names, examples and pages."""
    for check in (["check"], ["format", "--check"]):
        passes(house, "ruff", *check, "--config", CONFIG, *changed(house))
    modules = [f"chainrule.{found['file'][:-3].replace('/', '.')}" for found in recipes()]
    chosen = " or ".join(
        ["engine.md", "written_as", "public_names", *(f"{name}]" for name in modules + ADDED)]
    )
    files = [
        "house/test_docs.py",
        "house/test_docstrings.py",
        "house/test_public_names.py",
        "house/test_reference.py",
        "nn/test_layers.py",
    ]
    passes(house, "pytest", "-n", "0", "-k", chosen, *(ROOT / "tests" / f for f in files))


def test_the_drawing_has_the_rooms_of_the_contract_from_above():
    contract = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0]
    floors = [floor.replace("|", " ").split() for floor in contract["layers"]]
    floor_of = {room: number for number, rooms in enumerate(floors) for room in rooms}
    drawing = PAGE.split("```")[1].splitlines()
    drawn = [room for line in drawing for room in line[:29].split()]
    assert sorted([*drawn, "__main__"]) == sorted(floor_of)
    assert [floor_of[room] for room in drawn] == sorted(floor_of[room] for room in drawn)


@pytest.mark.long
def test_what_is_added_is_typed(house):
    passes(house, "mypy", "--config-file", CONFIG, "--cache-dir", house / "types", *changed(house))


def test_so_many_places_are_touched():
    touched = Counter(heading for heading, code, _ in blocks() if RECIPE.match(code))
    assert touched == PLACES
    assert all(f"## {thing}: {['', 'one place', 'two places'][n]}\n" in PAGE for thing, n in PLACES.items())


def test_the_files_that_are_named_are_there():
    named = re.findall(r"`([\w./]+\.(?:py|md|toml))`", PAGE)
    written = "config.toml"  # by a training
    lost = {
        name
        for name in named
        if not any((folder / name).exists() for folder in (ROOT, PACKAGE, PACKAGE.parent))
        and not any(PACKAGE.rglob(name))
    }
    assert len(named) > 50 and lost <= {written}
