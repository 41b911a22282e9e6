"""What the documentation shows is executed."""

import ast
import codeop
import contextlib
import inspect
import io
import re
from pathlib import Path

import consoles
import pytest
import reference

import chainrule as cr
import make_primitives
from chainrule.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md")),
]

OWN = "CONTRIBUTING.md", "docs/pictures.md"  # which have tests of their own
SHOWN = {
    "README.md": 3,
    "docs/tour.md": 12,
    "docs/engine.md": 4,
    "docs/tables.md": 2,
}  # at least so many blocks of Python
COMMANDS = {"docs/first_table.md": 6}  # at least so many commands
BLOCK = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)


def run_blocks(text):
    """Run the Python blocks one after the other; yield what each printed and what the page says it prints."""
    scope = {}
    for code, expected in BLOCK.findall(text):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), scope)
        yield code, printed.getvalue(), expected


@pytest.mark.parametrize("page", [p for p in PAGES if p not in OWN])
def test_what_is_shown_runs_and_prints_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = list(run_blocks(text))
    assert len(blocks) == text.count("```python")
    assert len(blocks) >= SHOWN.get(page, 0)
    for code, printed, expected in blocks:
        # How small a rounding error is depends on the machine.
        assert re.sub(r"\d\.\de-1\d", "tiny", printed) == re.sub(r"\d\.\de-1\d", "tiny", expected), code


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def pasted(code):
    """Where Python's prompt, which ends a block at an empty line and only there, stumbles over code; or None."""
    compiled, lines = codeop.CommandCompiler(), []
    for line in [*code.splitlines(), ""]:
        lines.append(line)
        try:
            if compiled("\n".join(lines), symbol="single") is not None:
                lines = []
        except SyntaxError:
            return line
    return None


def test_a_prompt_stumbles_over_what_stands_close_below_a_block():
    assert pasted("for i in range(2):\n    print(i)\nprint()") == "print()"
    assert pasted("for i in range(2):\n    print(i)\n\nprint()") is None


@pytest.mark.parametrize("page", [p for p in PAGES if p != "CONTRIBUTING.md"])
def test_what_is_shown_can_be_pasted_at_a_prompt(page):
    for code, _ in BLOCK.findall(text_of(page)):
        assert pasted(code) is None or "\nclass " in code, code


@pytest.mark.parametrize("page", [page for page in PAGES if "```console" in text_of(page)])
def test_commands_print_what_the_page_says(page, tmp_path, monkeypatch, reported):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAINRULE_PROGRESS", str(tmp_path / "lessons.json"))
    found = list(consoles.shown(text_of(page)))
    assert len(found) >= COMMANDS.get(page, 1)
    for command, below in found:
        assert consoles.alike(consoles.printed(command)) == consoles.alike(below), command


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


def mentioned(page):
    """The code that stands in the sentences of a page."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"`([^`]+)`", text)


def parsed(code):
    if re.fullmatch(r"[\w/-]+\.(py|md|csv|safetensors)", code):
        return []
    try:
        return list(ast.walk(ast.parse(code)))
    except SyntaxError:  # a formula, a name with a dash
        return []


# What a page calls things that a reader has made.
MADE = {"network": cr.Network, "Network": cr.Network, "history": cr.History, "model": cr.TableModel}


def meant(node):
    """The public thing that an expression names, or None."""
    if isinstance(node, ast.Name) and node.id in cr.__all__:
        return getattr(cr, node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        of = cr if node.value.id == "cr" else MADE.get(node.value.id)
        return getattr(of, node.attr, None)
    return None


FOREIGN = "docs/coming_from/"  # whose sentences name what another library has


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(FOREIGN)])
def test_what_a_sentence_names_is_there(page):
    fields = {
        name for kind in MADE.values() for name in reference.Entry(kind.__name__, kind).named("Attributes")
    }
    for code in mentioned(page):
        for node in parsed(code):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                of = cr if node.value.id == "cr" else MADE.get(node.value.id)
                there = of is None or hasattr(of, node.attr) or (of is not cr and node.attr in fields)
                assert there, f"{page}: {code}"
            if isinstance(node, ast.Call) and (thing := meant(node.func)) is not None:
                takes = inspect.signature(thing).parameters
                given = {k.arg for k in node.keywords}
                assert given <= takes.keys() or "columns" in takes, f"{page}: {code}"


@pytest.mark.parametrize("page", PAGES)
def test_command_lines_have_the_options_they_are_shown_with(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for line in re.findall(r"(?:^|`|&& |bin/)chainrule ([^`\n]*)", text, re.MULTILINE):
        name, *rest = line.split()
        if name.startswith("-"):
            continue
        options = {o for p in cli.commands[name].params for o in (*p.opts, *p.secondary_opts)}
        assert {word for word in rest if word.startswith("--")} <= options, f"{page}: chainrule {line}"


def test_the_page_of_primitives_is_made_from_the_table():
    assert (ROOT / "docs/primitives.md").read_text(encoding="utf-8") == make_primitives.page()


def test_the_fusion_can_be_drawn(tmp_path):
    import make_fusion  # draws by Matplotlib

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


def test_the_readme_is_short_and_shows_pictures():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") < 200
    assert len(re.findall(r"^!\[.{20,}\]\(docs/[\w/-]+\.svg\)$", text, re.MULTILINE)) >= 3
    assert "## What is not there" in text
