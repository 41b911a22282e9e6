"""``cr.show_versions`` and ``chainrule versions``: what a report of a bug should say."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.main import cli
from chainrule.engines import registry
from chainrule.engines.native.run import cache
from chainrule.engines.versions import PACKAGES


def lines(text):
    return dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in text.splitlines())


def test_versions_engines_and_machine_are_shown(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    monkeypatch.setenv("CHAINRULE_THREADS", "3")
    (tmp_path / f"{'0' * 64}{cache.SUFFIX}").write_bytes(bytes(2_000_000))
    cr.show_versions()
    text = capsys.readouterr().out
    told = lines(text)
    assert told["chainrule"] == cr.__version__ and told["Python"].startswith(sys.version.split()[0])
    assert told["numpy"] == __import__("numpy").__version__
    assert {f"engine {name}" for name in cr.ENGINES} <= told.keys()
    assert told["threads"] == "3" and re.fullmatch(r"\d+\.\d+\.\d+", told["LLVM"])
    assert told["cache"] == f"{tmp_path}, 1 entries, 2.0 of at most 128 MB"
    assert CliRunner().invoke(cli, ["versions"]).stdout == text


def test_the_home_of_the_user_is_not_told(monkeypatch, tmp_path):
    monkeypatch.delenv("CHAINRULE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.told().startswith(str(Path("~") / "kept" / "chainrule"))
    monkeypatch.setenv("CHAINRULE_CACHE", "")
    assert cache.told() == "none"


def test_an_engine_that_cannot_run_here_says_why(monkeypatch, capsys):
    registry.missing.cache_clear()
    absent = registry.Engine(
        "native", "", registry.NATIVE.compile, available=lambda: "llvmlite is not installed"
    )
    monkeypatch.setitem(registry.ENGINES, "native", absent)
    cr.show_versions()
    registry.missing.cache_clear()
    assert lines(capsys.readouterr().out)["engine native"] == "cannot run here: llvmlite is not installed"


def test_every_dependency_is_among_them():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    optional = [each for name in ("native", "all") for each in project["optional-dependencies"].get(name, [])]
    names = {re.match(r"[\w-]+", each)[0] for each in [*project["dependencies"], *optional]} - {"chainrule"}
    assert names <= set(PACKAGES)


def test_versions_are_found_without_importing_what_they_are_of():
    line = "import sys, chainrule; chainrule.show_versions()"
    code = f"{line}; print(sorted({{'pandas', 'scipy', 'sklearn', 'matplotlib', 'jax'}} & set(sys.modules)))"
    shown = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert shown.splitlines()[-1] == "[]"
