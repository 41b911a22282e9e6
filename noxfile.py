"""What is checked before a release, in environments of their own: `nox --list` says what there is.

`nox` alone runs the quick ones. `.ci/run`, which each change must pass, is a part of this and needs no nox. Behind `--`
stand arguments of pytest: `nox -s tests-3.13 -- tests/graph`.
"""

import re
import tomllib
from pathlib import Path

import nox

PROJECT = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text(encoding="utf-8"))["project"]
OLDEST = re.search(r"[\d.]+", PROJECT["requires-python"])[0]
PYTHONS = [word.split()[-1] for word in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", word)]
PAGES = ("tests/house/test_docs.py", "tests/house/test_docstrings.py", "tests/house/test_gallery.py")

nox.options.sessions = ["lint", "layers", "types", "package"]
nox.options.default_venv_backend = "uv|virtualenv"  # uv where it is there, which is quicker
nox.options.error_on_missing_interpreters = False  # each Python at hand


def floors():
    """Return the oldest version of each dependency that pyproject.toml allows, as constraints of pip."""
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return sorted(
        {
            re.sub(r"^([\w-]+)(\[.*?\])?>=", r"\1==", each)
            for group in groups
            for each in group
            if ">=" in each
        }
    )


def tested(session, *arguments):
    """Run the tests, or those that were asked for."""
    session.run("python", "-m", "pytest", "-q", *arguments, *session.posargs)


@nox.session(python=PYTHONS)
def tests(session):
    """All tests with the newest dependencies, on each Python at hand."""
    session.install("-e", ".[test]")
    tested(session)


@nox.session(python=OLDEST)
def lowest(session):
    """All tests with the oldest dependencies that pyproject.toml allows, on the oldest Python."""
    constraints = Path(session.create_tmp(), "lowest.txt")
    constraints.write_text("\n".join(floors()), encoding="utf-8")
    session.install("-e", ".[test]", "-c", str(constraints))
    tested(session)


@nox.session
def newest(session):
    """All tests with dependencies that are not released yet: what will break is known before it does."""
    flag = "--prerelease=allow" if session.venv_backend == "uv" else "--pre"
    session.install("--upgrade", flag, "-e", ".[test]")
    tested(session)


@nox.session
def lint(session):
    """The style of the code."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session):
    """Types, by mypy and pyright."""
    session.install("-e", ".[test,types]")
    session.run("mypy")
    tested(session, "--long", "tests/house/test_types.py")


@nox.session
def layers(session):
    """Rooms import downwards only."""
    session.install("-e", ".", "import-linter")
    session.run("lint-imports")


@nox.session
def docs(session):
    """What the pages show is run, and the site is built without a warning."""
    session.install("-e", ".[test,docs]")
    tested(session, *PAGES)
    session.run("python", "docs/make_site.py")


@nox.session
def lessons(session):
    """Every lesson is run, with its numbers, wrong answers and right ones."""
    session.install("-e", ".[test]")
    tested(session, "tests/lessons")


@nox.session
def package(session):
    """The sdist and the wheel are built, installed and tried; they are in dist/ then."""
    session.run("python", ".ci/package", "dist")
