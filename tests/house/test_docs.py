"""What the documentation shows is executed."""

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))]


def test_the_readme_runs_and_prints_what_it_says():
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=flags, encoding="utf-8")
    assert result.attempted > 20
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"`((?:graph|engines|nn|data|train|explaining|cli)/[\w/]+\.py)`", text):
        assert (ROOT / "src/chainrule" / name).exists(), f"{page} names {name}"


def test_the_page_of_primitives_is_made_from_the_table():
    spec = importlib.util.spec_from_file_location("make_primitives", ROOT / "docs/make_primitives.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert (ROOT / "docs/primitives.md").read_text(encoding="utf-8") == maker.page()


def test_the_readme_has_its_two_commands_in_one_line_each():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("the first command", "the test command"):
        block = re.search(rf"<!-- {name} -->\n```\n(.*?)```", text, re.DOTALL)
        assert block is not None
        assert len(block[1].strip().splitlines()) == 1
