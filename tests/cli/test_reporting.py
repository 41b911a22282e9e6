"""``chainrule report``: the page of a run, and of several side by side."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainrule.cli import reporting
from chainrule.cli.main import cli


def run(*words):
    return CliRunner().invoke(cli, list(words))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("runs")
    for name, more in (("one", ["iris"]), ("two", ["iris", "--hidden", "2"]), ("sugar", ["diabetes"])):
        made = run("train", *more, "--epochs", "2", "--run", str(here / name), "--quiet")
        assert made.exit_code == 0, made.output
    return here


def test_the_page_of_a_run_is_written_anew(folder):
    place = folder / "one" / "report.html"
    place.write_text("old")
    shown = run("report", str(folder / "one"))
    assert shown.exit_code == 0 and f"Wrote {place}." in shown.stderr
    assert place.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_program_is_given_the_numbers(folder):
    told = json.loads(run("report", str(folder / "one"), "--json").stdout)
    assert told["report"] == str(folder / "one" / "report.html") and "accuracy" in told["scores"]["metrics"]
    told = json.loads(run("report", str(folder / "one"), str(folder / "two"), "--json").stdout)
    assert told["differ"]["hidden"]["two"] == "[2]" and told["comparisons"][0]["rows"] == 30


def test_runs_are_compared_in_a_file(folder, here):
    shown = run("report", str(folder / "one"), str(folder / "two"), "--out", "both.html")
    assert shown.exit_code == 0 and Path("both.html").read_text(encoding="utf-8").count("<section") >= 5
    assert shown.stdout.startswith("model") and "on the same 30 rows" in shown.stdout
    assert run("report", str(folder / "one"), str(folder / "two")).exit_code == 0
    assert (folder / "one-and-two.html").is_file()


def test_what_cannot_be_compared_is_said(folder):
    shown = run("report", str(folder / "one"), str(folder / "sugar"))
    assert shown.exit_code == 2
    assert "predicts 'target' (multiclass) and" in shown.stderr and "'target' (regression)" in shown.stderr
    assert "is there twice" in run("report", str(folder / "one"), str(folder / "one") + "/").stderr
    assert "is no run" in run("report", str(folder)).stderr
    assert "would print it" in run("report", str(folder / "one"), "--out", "-").stderr


def test_it_is_shown_in_a_browser_on_request(folder, monkeypatch):
    asked = []
    monkeypatch.setattr("webbrowser.open", lambda url: bool(asked.append(url)))
    shown = run("report", str(folder / "one"), "--open")
    assert (
        asked == [(folder / "one" / "report.html").as_uri()] and "No browser could be started" in shown.stderr
    )
    assert reporting.METRICS == "metrics.json"
