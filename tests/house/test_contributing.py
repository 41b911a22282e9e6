"""What CONTRIBUTING.md says to add, added to a copy of the package: it works, and so many places are touched."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import chainrule as cr

PACKAGE = Path(cr.__file__).parent
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPE = re.compile(
    r"# (?P<file>[\w/]+\.py), (?P<where>new|at the end|before (?P<line>\w+))\n(?P<text>.*)", re.DOTALL
)
PLACES = {"A primitive": 1, "An activation": 1, "A layer": 1, "An optimizer": 1, "An engine": 2}


def blocks():
    """Each block of Python with its heading, and what it is said to print."""
    for section in PAGE.split("\n## ")[1:]:
        for code, printed in re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", section, re.DOTALL):
            yield section.partition("\n")[0].partition(":")[0], code, printed


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the package in which all is done that the page says."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(PACKAGE, folder / "chainrule", ignore=shutil.ignore_patterns("__pycache__"))
    for _, code, _ in blocks():
        if found := RECIPE.match(code):
            file, line = folder / "chainrule" / found["file"], found["line"]
            assert file.exists() == (found["where"] != "new"), found["file"]
            before, after = file.read_text(encoding="utf-8") if file.exists() else "", ""
            if line:
                before, line, after = before.partition(f"\n{line}")
                assert line and f"\n{line}" not in after
            file.write_text(f"{before}\n\n{found['text']}\n{line or ''}{after}", encoding="utf-8")
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


def test_so_many_places_are_touched():
    touched = Counter(heading for heading, code, _ in blocks() if RECIPE.match(code))
    assert touched == PLACES
    assert all(f"## {thing}: {['', 'one place', 'two places'][n]}\n" in PAGE for thing, n in PLACES.items())
