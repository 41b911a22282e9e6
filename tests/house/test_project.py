"""What surrounds the code: versions that agree, files that are named and there, forms that a code host can read."""

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from packaging.requirements import Requirement

import chainrule as cr

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
YAML = [ROOT / "CITATION.cff", *FORMS]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(read("pyproject.toml"))


@pytest.fixture
def noxfile(monkeypatch):
    """The noxfile as a module; what it takes of nox are a decorator and a place for options."""
    sessions = {}

    def session(function=None, **settings):
        return (lambda f: sessions.setdefault(f.__name__, f)) if function is None else session()(function)

    nox = ModuleType("nox")
    nox.session, nox.options, nox.sessions = session, SimpleNamespace(), sessions
    monkeypatch.setitem(sys.modules, "nox", nox)
    spec = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_the_version_is_the_same_wherever_it_stands():
    assert PROJECT["project"]["version"] == cr.__version__
    assert re.search(r"^version: (.*)$", read("CITATION.cff"), re.MULTILINE)[1] == cr.__version__
    cite = re.findall(r"version = \{(.*?)\}|, version (\d+\.\d+\.\d+)\.", read("docs/cite.md"))
    assert [a or b for a, b in cite] == [cr.__version__] * 2
    assert re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)[1] == cr.__version__


def test_each_dependency_says_from_which_version_on(noxfile):
    groups = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
    wanted = [Requirement(each) for group in groups for each in group if not each.startswith("chainrule[")]
    assert {str(r) for r in wanted if not re.match(r"(>=|==)\d[\d.]*$", str(r.specifier))} == set()
    oldest = {(r.name, str(r.specifier).replace(">=", "==")) for r in wanted if ">=" in str(r.specifier)}
    assert {(r.name, str(r.specifier)) for r in map(Requirement, noxfile.floors())} == oldest


def test_each_python_that_is_claimed_is_one_that_nox_tries(noxfile):
    assert noxfile.OLDEST == noxfile.PYTHONS[0] == "3.11"
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in noxfile.PYTHONS


def test_nox_has_each_session_that_a_page_tells_to_run(noxfile):
    sessions = set(sys.modules["nox"].sessions)
    told = re.findall(r"`nox -s ([^`]*)`", read("CONTRIBUTING.md") + read("docs/versions.md"))
    assert len(told) >= 3 and {*" ".join(told).split()} <= sessions
    assert {*sys.modules["nox"].options.sessions} <= sessions
    assert all((ROOT / page).is_file() for page in noxfile.PAGES)


def test_what_the_sdist_lists_is_there():
    listed = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert len(listed) > 5 and all(list(ROOT.glob(each.removeprefix("/"))) for each in listed)


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_forms_are_yaml_that_a_code_host_can_read(path):
    """Of YAML the part that they use: names with values, lists of these, and folded text."""
    folded = None  # how far the text of a `>-` is indented at least
    for line in path.read_text(encoding="utf-8").splitlines():
        indent = len(line) - len(line.lstrip())
        if folded is not None and (indent >= folded or not line.strip()):
            continue
        folded = None
        found = re.fullmatch(r"((?:  )*)(- )?([\w-]+):(?: (.+))?|((?:  )*)- (.+)", line)
        assert found, f"{path.name}: {line!r}"
        value = found[4] or found[6] or ""
        plain = not re.match(r"""(".*"|\[[\w, ]*\])$""", value)
        assert not plain or not re.search(r": |#|^[\"'\[{&*!%@`]", value), f"{path.name}: quote {value!r}"
        folded = indent + 2 if value == ">-" else None


@pytest.mark.parametrize(
    "path", [path for path in FORMS if path.stem != "config"], ids=lambda path: path.stem
)
def test_a_form_asks_for_what_is_needed(path):
    text = path.read_text(encoding="utf-8")
    names = re.findall(r"^    id: (.*)$", text, re.MULTILINE)
    assert re.match(r"name: .+\ndescription: .+\nlabels: \[\w+\]\nbody:\n", text)
    assert len(names) == len(set(names)) >= 3
    assert len(re.findall(r"^  - type: (?:textarea|input)$", text, re.MULTILINE)) == len(names)
    assert ("`chainrule versions`" in text) == (path.stem in ("bug", "number"))
