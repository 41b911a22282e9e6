"""The page of a run: well formed, one file, all of it there, and nothing of it anybody's markup."""

import json
import re
import shutil
from copy import deepcopy
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from report_views import trained, views_of, write

from chainrule.doors import DOORS
from chainrule.errors import FileFormatError, MissingFileError
from chainrule.showing.report.page import POLICY, report
from chainrule.showing.report.parts import stored_figure

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script src=https://evil.example/x.js></script>",
    "\" onload=alert(1) x='",
    "javascript:alert(1)",
    "]]> --> &amp; &#60; `<b>` `",
    "\u202eright to left\u2066 \u0000\u001b]0;mine\u0007 \ufffe \ud800",
    "https://evil.example/a.png",
    "a" * 10_000,
    "",
]


def parsed(page):
    """The elements of a page, which is as strict as XML."""
    head, _, rest = page.partition("\n")
    assert head == "<!DOCTYPE html>"
    return ElementTree.fromstring(rest)


def check(page):
    """What holds for each page, whatever the run is like."""
    root = parsed(page)
    every = list(root.iter())
    tags = [each.tag for each in every]
    assert not {"script", "iframe", "object", "embed", "form", "link", "base", "foreignObject"} & set(tags)
    assert (
        len(root.findall("head/title")) == tags.count("h1") == tags.count("main") == tags.count("style") == 1
    )
    ids = [each.get("id") for each in every if each.get("id")]
    assert len(ids) == len(set(ids))
    assert {each.get("href")[1:] for each in every if each.tag == "a"} <= set(ids)
    addresses = [
        each.get(name) for each in every for name in ("href", "src", "srcset", "action") if each.get(name)
    ]
    assert all(each.startswith(("#", "data:image/png;base64,")) for each in addresses), addresses
    assert not [name for each in every for name in each.attrib if name.startswith("on")]
    assert "url(" not in page and "@import" not in page
    levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1 and all(b <= a + 1 for a, b in pairwise(levels))
    for each in every:
        if each.tag == "table":
            heads = each.findall("thead/tr/th")
            assert heads and all(head.get("scope") == "col" for head in heads)
            for row in each.findall("tbody/tr"):
                named = row[0].tag == "th" and row[0].get("scope") == "row"
                assert len(row) == len(heads) and named == bool("".join(row[0].itertext()))
        if each.get("role") in ("img", "group"):
            assert each.get("aria-label") and each.get("tabindex") == "0"
    return root


def text_of(root):
    return " ".join(" ".join(root.itertext()).split())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "iris"
    model = trained(folder)
    write(folder, views_of(model, "a word"))
    return folder, model


@pytest.fixture
def own(run, tmp_path):
    """A copy of the run, to be spoiled."""
    return shutil.copytree(run[0], tmp_path / "own"), run[1]


def test_all_sections_are_there_in_their_order_and_the_numbers_are_those_of_the_run(run):
    folder, model = run
    root = check(report(folder))
    names = [each.get("id") for each in root.iter("section")]
    assert names == ["score", "doctor", "learning", "pictures", "wrong", "slices", "importance", "network", "explained",
                     "data", "using", "made"]  # fmt: skip
    assert [each.get("href") for each in root.findall(".//nav//a")] == [f"#{name}" for name in names]
    accuracy = model.report.scores.network["accuracy"]
    low, high = model.report.scores.intervals["network"]["accuracy"]
    (number,) = [each for each in root.iter("span") if each.get("class") == "number"]
    assert "".join(number.itertext()) == f"{100 * accuracy:.1f}%"
    told = text_of(root)
    assert f"95 % interval: {100 * low:.1f} to {100 * high:.1f} %" in told
    assert f"{model.report.scores.linear['accuracy']:.4f}" in told
    assert f"chainrule predict {folder} new.csv" in told and f"cr.load({str(folder)!r})" in told
    assert "best epoch: 3" in told and "sepal_length" in told and "learning_rate" in told
    policy = [each for each in root.iter("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert [each.get("content") for each in policy] == [POLICY]
    assert re.search(r"style-src 'unsafe-inline'; img-src data:$", POLICY)


def test_pictures_are_told_to_who_does_not_see_them(run):
    root = check(report(run[0]))
    told = [each.get("aria-label") for each in root.iter("div") if each.get("role") == "img"]
    assert any(run[1].plot("confusion").words[:200] in words for words in told)
    assert any(run[1].plot("roc").words[:200] in words for words in told)
    assert not any("threshold" in each.lower() for each in told)  # of three classes there is none


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_no_text_of_a_user_becomes_markup(own, text):
    folder, model = own
    plain, words = (len(list(check(report(folder)).iter())), views_of(model, text))
    write(folder, words)
    page = report(folder)
    found = len(list(check(page).iter()))
    assert found <= plain + page.count("<code>")
    if text:
        assert text[:20].isprintable() is False or text.split("`")[0][:20] in text_of(parsed(page))


@settings(max_examples=20)
@given(text=st.text(max_size=60))
def test_no_text_at_all_becomes_markup(run, text, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any") / "run"
    shutil.copytree(run[0], folder)
    write(folder, views_of(run[1], text, rows=1))
    check(report(folder))


def test_a_report_is_never_large(own):
    folder, model = own
    assert len(report(folder).encode()) < 200_000
    write(folder, views_of(model, "long " * 400, rows=200))
    assert len(report(folder).encode()) < 2_000_000


def test_a_run_without_views_tells_what_its_other_files_tell(own):
    folder, _ = own
    (folder / "views.json").unlink()
    names = [each.get("id") for each in check(report(folder)).iter("section")]
    assert names == ["score", "learning", "data", "using", "made"]


def test_a_part_that_cannot_be_read_says_so_in_its_place(own):
    folder, model = own
    views = views_of(model, "a word")
    views["importance"] = {"columns": [{"name": 3, "mean": "much"}]}
    views["pictures"]["roc"]["panels"][0]["marks"][0] = {"mark": "Explosion"}
    write(folder, views)
    root = check(report(folder))
    told = text_of(root)
    assert "importance.columns[0].name: expected text; found 3." in told
    assert "there is no mark 'Explosion'" in told
    assert "What the doctor found" in told


@pytest.mark.parametrize("kind", ["roc", "confusion", "network"])
def test_pictures_that_cannot_be_drawn_are_refused_as_such(run, kind):
    picture = views_of(run[1], "a word")["pictures"][kind]
    refused = []
    for at, mark in enumerate(picture["panels"][0]["marks"][:2]):
        for name in set(mark) - {"mark"}:
            for odd in ("<script>", [None], [0, 0], [], None, {"a": 1}):
                spoiled = deepcopy(picture)
                spoiled["panels"][0]["marks"][at][name] = odd
                try:
                    drawn = stored_figure(spoiled, kind)
                except FileFormatError as error:
                    refused.append(str(error))
                else:
                    assert "<script" not in drawn
    assert refused and all(each.startswith(f"views.json: {kind}") for each in refused)


@pytest.mark.parametrize("content", ["{", "[]", '{"made": NaN}', "\x00", '{"format": 2}'])
def test_views_that_cannot_be_read_are_refused(own, content):
    (own[0] / "views.json").write_text(content)
    with pytest.raises(FileFormatError, match=r"views\.json"):
        report(own[0])


def test_what_is_no_run_and_what_has_not_ended_is_refused(own, tmp_path):
    with pytest.raises(MissingFileError, match=r"is no run: there is no config\.toml"):
        report(tmp_path)
    (own[0] / "model.safetensors").unlink()
    with pytest.raises(MissingFileError, match="has no model yet"):
        report(own[0])
    (own[0] / "checkpoint.safetensors").touch()
    with pytest.raises(MissingFileError, match="To go on with it"):
        report(own[0])


def test_nobody_knows_how_good_it_is_without_rows_that_judge(tmp_path):
    trained(tmp_path / "some", test_fraction=0)
    assert "that said when to stop, which flatters a little" in text_of(check(report(tmp_path / "some")))
    trained(tmp_path / "all", test_fraction=0, members=2)
    root = check(report(tmp_path / "all"))
    assert "Nobody knows how good it is." in text_of(root)
    assert not [each for each in root.iter("span") if each.get("class") == "number"]


def test_of_numbers_it_says_how_much_is_explained(tmp_path):
    model = trained(tmp_path / "numbers", "diabetes")
    write(tmp_path / "numbers", views_of(model, "a word"))
    told = text_of(check(report(tmp_path / "numbers")))
    explained = 100 * model.report.scores.network["r2"]
    assert f"It explains {explained:.0f} % of how rows differ in {model.target.columns[0]};" in told
    assert "-0 %" not in told


def test_the_same_files_make_the_same_page(run):
    assert report(run[0]) == report(run[0])
    assert json.loads((run[0] / "metrics.json").read_text())["seconds"] > 0


def test_names_classes_and_cells_of_a_table_are_text_only(tmp_path):
    rng = np.random.default_rng(0)
    names = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a`b`c\u202ed"]
    table = pd.DataFrame({name: rng.normal(size=60) for name in names})
    table["</title><b>"] = rng.choice(["<i>", "'\"&", "]]>"], size=60)
    labels = ["</style><script>1</script>", "javascript:alert(1)", "&lt;"]
    table["<h1>"] = np.where(table[names[0]] > 0.3, labels[0], rng.choice(labels[1:], size=60))
    trained(tmp_path / "<b>run", table, target="<h1>")
    told = text_of(check(report(tmp_path / "<b>run")))
    assert all(text in told for text in (*names[:2], *labels, "<h1>", "<b>run"))


def test_a_training_writes_its_page(reported, tmp_path):
    folder = tmp_path / "iris"
    trained(folder, members=2)
    written = (folder / "report.html").read_text(encoding="utf-8")
    assert written == report(folder)
    check(written)
    trained(tmp_path / "none", report=False)
    assert not (tmp_path / "none" / "report.html").exists()


def test_a_page_that_cannot_be_drawn_costs_no_model(reported, tmp_path, monkeypatch):
    monkeypatch.setitem(DOORS, "page of a run", "math:sqrt")
    model = trained(tmp_path / "iris")
    assert (tmp_path / "iris" / "model.safetensors").exists() and model.run == tmp_path / "iris"
    assert (
        "This report could not be drawn: must be real number"
        in (tmp_path / "iris" / "report.html").read_text()
    )
