"""What the documentation shows is executed."""

import contextlib
import importlib.util
import io
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md")),
]


BLOCK = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)


def run_blocks(text):
    """Run the Python blocks one after the other; yield what each printed and what the page says it prints."""
    scope = {}
    for code, expected in BLOCK.findall(text):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), scope)
        yield code, printed.getvalue(), expected


@pytest.mark.parametrize(("page", "least"), [("README.md", 8), ("docs/engine.md", 4), ("docs/tables.md", 2)])
def test_what_is_shown_runs_and_prints_what_the_page_says(page, least, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = list(run_blocks((ROOT / page).read_text(encoding="utf-8")))
    assert len(blocks) >= least
    for code, printed, expected in blocks:
        # How small a rounding error is depends on the machine.
        assert re.sub(r"\d\.\de-1\d", "tiny", printed) == re.sub(r"\d\.\de-1\d", "tiny", expected), code


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(
        r"`((?:graph|transform|engines|nn|data|train|models|explaining|cli)/[\w/]+\.py)`", text
    ):
        assert (ROOT / "src/chainrule" / name).exists(), f"{page} names {name}"


def maker(name, monkeypatch):
    """The module of docs/ that makes a page or a picture."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    found = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, found)  # where dataclasses look for it
    spec.loader.exec_module(found)
    return found


def test_the_page_of_primitives_is_made_from_the_table(monkeypatch):
    page = maker("make_primitives", monkeypatch).page()
    assert (ROOT / "docs/primitives.md").read_text(encoding="utf-8") == page


def test_the_fusion_can_be_drawn(tmp_path, monkeypatch):
    make_fusion = maker("make_fusion", monkeypatch)
    make_fusion.draw(tmp_path / "fusion.svg")
    assert "</svg>" in (tmp_path / "fusion.svg").read_text(encoding="utf-8")
    drawn = make_fusion.boxes(make_fusion.example())
    assert {b.kind for b in drawn} <= set(make_fusion.KINDS)
    assert [b.number for b in drawn] == list(range(1, len(drawn) + 1))


def test_the_readme_has_its_two_commands_in_one_line_each():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("the first command", "the test command"):
        block = re.search(rf"<!-- {name} -->\n```\n(.*?)```", text, re.DOTALL)
        assert block is not None
        assert len(block[1].strip().splitlines()) == 1
