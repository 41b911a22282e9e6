"""The site: every page is reached, everything public stands once, what is generated is what the sources say."""

import importlib.util
import json
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import reference as public
import transcripts

import chainrule as cr
import make_site as make
from _make import docstrings, everything, lessons, messages, reference, staging
from chainrule.lessons.cells import read
from chainrule.lessons.outline import LESSONS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HAS_SPHINX = all(importlib.util.find_spec(name) for name in ("sphinx", "myst_parser", "furo"))
# What docstrings name that users need not look up: it stands there as code.
INNER = {"Executable", "Program"}
LOADED = re.compile(
    r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=\"(?:https?:|//)[^\"]*"
)  # of another place


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return make.pages(tmp_path_factory.mktemp("lessons"), quick=True)


def prose(text):
    """A page without its blocks of code."""
    return re.sub(r"^(```+).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)


def led_to(page, text):
    """The pages that a page has in the contents of the site."""
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    return [(Path(page).parent / line).with_suffix(".md").as_posix() for line in lines]


def test_every_page_stands_in_the_contents_once(pages):
    markdown = [place for place in pages if place.endswith(".md")]
    reached = [target for place in markdown for target in led_to(place, pages[place])]
    assert sorted(reached) == sorted(set(markdown) - {"index.md"})


def test_every_lesson_has_a_page_with_its_minutes_and_a_notebook(pages):
    overview = pages["lessons/index.md"]
    for name in LESSONS:
        lesson = read(name)
        page, notebook = pages[f"lessons/{name}.md"], json.loads(pages[f"lessons/{name}.ipynb"])
        assert page.startswith(f"# {lesson.title}\n") and f"about {lesson.minutes} minutes" in page
        assert all(cell.source in page for cell in lesson.cells)
        assert notebook["nbformat"] == 4
        assert f"| [{lesson.title}]({name}.md) | {lesson.minutes}\u00a0min |" in overview


def test_a_lesson_that_was_run_says_what_it_says_and_its_run_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "LESSONS", ("one_neuron",))
    ran = lessons.pages(tmp_path)
    page = ran["lessons/one_neuron.md"]
    for said in ("= 0.9990889488", "<svg", '<form class="exercise"', "✓ "):
        assert said in page
    (kept,) = tmp_path.iterdir()
    monkeypatch.setattr(lessons, "learned", None)  # nothing runs any more
    assert lessons.pages(tmp_path) == lessons.pages(tmp_path, quick=True) == ran
    monkeypatch.setattr(lessons, "digest", lambda: "of another library")
    assert "0.9990889488" not in lessons.pages(tmp_path, quick=True)["lessons/one_neuron.md"]
    assert kept.exists()


def test_the_page_of_everything_has_all_pages_and_links_that_stay_on_it(tmp_path):
    pages = {
        "index.md": "# Front\n\n```{toctree}\n:caption: All\n\na.md\nin/b.md\neverything.md\n```\n",
        "a.md": "# A & B\n\n```{raw} html\n<b></b>\n```\n\nText.\n",
        "in/b.md": "# B\n",
        "everything.md": everything.PAGE,
    }
    built = {
        "a": '<h1 id="a">A</h1><a href="in/b.html#x">b</a><a href="#a">a</a><script src="s.js"></script>',
        "in/b": '<h1 id="x">B</h1><img src="../_images/p.svg"/><a href="../a.html">a</a><a href="https://e.org/">e</a>',
    }
    for place, body in built.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        text = f'<html><article role="main" id="m">{body}</article></html>'
        (tmp_path / f"{place}.html").write_text(text, encoding="utf-8")
    (tmp_path / "everything.html").write_text(everything.PAGE, encoding="utf-8")
    for _ in range(2):  # it is filled anew each time
        everything.fill(tmp_path, pages)
        found = (tmp_path / "everything.html").read_text(encoding="utf-8")
        assert found.count('<h2 id="page-a--a">A</h2>') == found.count('<h2 id="page-in-b--x">B</h2>') == 1
        assert '<a href="#page-in-b--x">b</a><a href="#page-a--a">a</a></div>' in found
        assert '<img src="_images/p.svg"/><a href="#page-a">a</a><a href="https://e.org/">e</a>' in found
        assert '<li><a href="#page-a">A &amp; B</a></li><li><a href="#page-in-b">B</a></li>' in found
    assert "Text." in everything.as_text(pages) and "<b>" not in everything.as_text(pages)


def test_links_between_pages_lead_somewhere(pages):
    places = {Path(place) for place in pages}
    for place, text in pages.items():
        if not place.endswith(".md"):
            continue
        for _, target in re.findall(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)", prose(text)):
            if "://" not in target:
                meant = (DOCS / place).parent / target
                assert Path(meant.resolve().relative_to(DOCS)) in places, f"{place} links to {target}"


def test_a_page_that_is_not_named_on_the_front_page_is_reached_too():
    index = "# Front\n\n## Do\n\n- [A](guides/a.md)\n\n## Understand\n\n## Look up\n\n- [B](b.md)\n"
    found = staging.contents(index, ["index.md", "guides/a.md", "guides/z.md", "b.md", "c.md"])
    assert found == {"Do": ["guides/a.md", "guides/z.md"], "Understand": [], "Look up": ["b.md", "c.md"]}


def test_a_link_that_is_called_as_a_file_is_called_as_its_page():
    found = staging.relinked("[tables.md](tables.md#x), [here](tables.md)", DOCS / "engine.md", "engine.md")
    assert found == "[Tables](tables.md#x), [here](tables.md)"


def test_links_out_of_the_docs_lead_to_pages_of_the_site_or_are_text():
    text = "[how](../CONTRIBUTING.md#habits) [code](../benchmarks/run.py) [t](tables.md)\n\n```\n[k](../z.py)\n```\n"
    found = staging.relinked(text, DOCS / "engine.md", "engine.md")
    assert "[how](contributing.md#habits) code [t](tables.md)" in found and "[k](../z.py)" in found


def test_everything_public_stands_in_one_group():
    names = [name for group in reference.groups() for name in group.names]
    handed = [place.rpartition(":")[2] for place in public.HANDED]
    classes = {name for name, entry in zip(handed, public.HANDED, strict=True) if name[0].isupper()}
    pictures = {f"pictures.{name}" for name in cr.pictures.__all__ if name != "Picture"}
    assert len(names) == len(set(names)), "a name stands twice in docs/api.toml"
    assert set(names) == set(cr.__all__) | pictures | classes, (
        "docs/api.toml has each public name in one group"
    )


def test_every_entry_of_the_interface_is_told_with_all_it_says():
    known = reference.known()
    wanted = {e.name: e for e in public.entries() if e.name not in ("pictures.Picture",)}
    wanted = {name: e for name, e in wanted.items() if not name.startswith("pictures.Picture.")}
    assert set(wanted) <= set(known)
    text = "".join(reference.pages().values())
    for name, entry in wanted.items():
        called = name.rpartition(".")[2] if entry.of else reference.place(name)
        assert re.search(rf"^ *\.\. py:\w+:: {re.escape(called)}\b", text, re.MULTILINE), name
    for field in ("param name", "raises cr.GraphError", "returns", "Attributes"):
        assert text.count(f":{field}:") > 40, field


def test_roles_of_docstrings_lead_somewhere():
    missing = set()
    for name, of in reference.known().items():
        doc = getattr(of, "__doc__", None) or ""
        lead = reference.leading(name)
        for role, target in docstrings.ROLE.findall(doc):
            if lead(role, target).startswith("``") and not name.startswith(("CHOICES", "ENGINES", "SAMPLES")):
                missing.add(target)
    assert missing <= INNER


def test_a_docstring_becomes_fields_and_its_prose_stays():
    doc = """Return 2 * x, |x| of a :class:`Network`; ``a * b``.

    Args:
        x, *more: A number: 2, say,
            or many.

    Returns:
        A pair: both.

    Raises:
        DataError: If not.
        ValueError: If so.

    >>> 2 * 3
    6
    """
    assert docstrings.restructured(doc, lambda role, target: f"<{target}>") == (
        "Return 2 \\* x, \\|x\\| of a <Network>; ``a * b``.\n\n"
        ":param x, \\*more: A number: 2, say,\n    or many.\n\n"
        ":returns: A pair: both.\n\n"
        ":raises cr.DataError: If not.\n:raises ValueError: If so.\n\n"
        ">>> 2 * 3\n6"
    )


@pytest.mark.parametrize("name", [name.removesuffix(".txt") for name in transcripts.NAMES])
def test_each_mistake_has_an_entry_with_its_answer_and_what_works(pages, name):
    page = pages[f"errors/{name}.md"]
    for entry in transcripts.mistakes(f"{name}.txt"):
        begin = page.index(f"## {entry.title}\n")
        part = page[begin : page.find("\n## ", begin) % (len(page) + 1)]
        assert "\n".join(entry.answer) in part and all(line in part for line in entry.tried)


def test_every_message_stands_on_a_page(pages):
    page = pages["errors/messages.md"]
    assert len(messages.messages()) > 900
    for error in ("DataError", "ShapeError", "LearningWarning", "FileFormatError"):
        assert f"\n## {error}\n" in page
    with pytest.raises(cr.ShapeError) as caught:
        cr.variable([1.0, 2.0]) + cr.variable([1.0, 2.0, 3.0])
    said = re.sub(r"\(\d,\)|\d+", "…", str(caught.value))
    assert any(
        each.text in said or said.startswith(each.text.partition("…")[0]) for each in messages.messages()
    )


def test_formulas_of_primitives_are_set(pages):
    text, page = (DOCS / "primitives.md").read_text(encoding="utf-8"), pages["primitives.md"]
    assert page.count("<math") > 80 and page.count("\n") == text.count("\n")
    (tanh,) = re.findall(r"^\| tanh \|.*", page, re.MULTILINE)
    assert "<mi>tanh</mi>" in tanh and "<mn>1</mn><mo>−</mo><mi>y</mi><mo>·</mo><mi>y</mi>" in tanh
    columns = {line.replace(r"\|", "").count("|") for line in page.splitlines() if line.startswith("| ")}
    assert columns == {7}


def test_names_of_other_libraries_stand_beside_the_line_to_write(pages):
    page = pages["errors/names.md"]
    assert "| `Linear` | Dense takes the width of its input from the layer before: `cr.Dense(16)` |" in page
    assert "| `CSVLog` | `filename` `filepath` | `path` |" in page
    assert "{" not in re.sub(r"`[^`]*`", "", page)


def test_the_configuration_names_what_is_there():
    before = list(sys.path)
    try:
        found = runpy.run_path(str(DOCS / "conf.py"))
    finally:
        sys.path[:] = before
    assert found["version"] == cr.__version__ and found["html_theme"] == "furo"
    for name in (*found["html_css_files"], *found["html_js_files"]):
        assert (DOCS / "_static" / name).exists() or name == "colours.css"  # which is made


def test_the_extra_says_what_builds_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["docs"]
    assert all(">=" in each for each in extra) and {each.partition(">")[0] for each in extra} == {
        "sphinx",
        "myst-parser",
        "furo",
    }


def test_what_did_not_change_is_not_built_again_and_what_is_gone_goes(pages, tmp_path):
    def times():
        return {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.md")}

    few = {place: pages[place] for place in ("index.md", "tour.md", "errors/messages.md", "lessons/xor.md")}
    staging.stage(few, tmp_path)
    before = times()
    staging.stage({**few, "tour.md": "# A tour\n"}, tmp_path)
    assert {name for name, time in times().items() if time != before[name]} == {"tour.md"}
    del few["lessons/xor.md"]
    staging.stage(few, tmp_path)
    assert times().keys() == before.keys() - {"xor.md"} and not (tmp_path / "lessons").exists()


@pytest.mark.skipif(not HAS_SPHINX, reason='needs Sphinx: pip install -e ".[docs]"')
@pytest.mark.long
def test_it_is_built_without_a_warning_and_asks_nothing_of_the_network(tmp_path):
    command = [sys.executable, str(DOCS / "make_site.py"), "--quick", "--folder", str(tmp_path)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    html = sorted((tmp_path / "html").rglob("*.html"))
    assert len(html) > 50
    windows = (tmp_path / "html/convolution.html").read_text(encoding="utf-8")  # which has mathematics
    assert '<div class="math"><math' in windows and "<mo>⌊</mo>" in windows
    for path in html:
        text = path.read_text(encoding="utf-8")
        assert not LOADED.findall(text), path
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert sorted(ids) == sorted(set(ids)), path
        assert set(re.findall(r'href="#([^"]+)"', text)) <= {*ids, "top"}, path
