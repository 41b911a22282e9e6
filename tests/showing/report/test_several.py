"""Runs side by side: what is said of them follows from their files, and names cannot become markup."""

import re

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.showing.report.several import report_of_several

HOSTILE = "</td><script>alert(1)</script>\"'"


def table(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"size": rng.normal(size=rows), "town": rng.choice(["Bern", "Chur"], rows)})
    frame[HOSTILE] = np.where(frame["size"] + 0.3 * rng.normal(size=rows) > 0, HOSTILE, "no & none")
    return frame


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    here = tmp_path_factory.mktemp("runs")

    def train(name, data=None, target=HOSTILE, **choices):
        cr.TableModel.train(
            table() if data is None else data, target, run=here / name, **{"epochs": 30, **choices}
        )
        return here / name

    return {
        "good": train("good"), "poor": train("poor", drop=["size"]), "seed": train("seed", seed=7),
        "none": train("none", test_fraction=0.0), "folds": train("folds", folds=3),
        "numbers": train("numbers", target="size"),
        "other": train("other", table(seed=1)),
    }  # fmt: skip


def test_the_worse_run_is_called_worse_on_the_same_rows(runs):
    found = cr.compare_runs(runs["good"], runs["poor"])
    (pair,) = found.pairs
    assert pair.every and pair.rows == 24 and pair.other_alone > pair.alone
    assert re.search(
        r"^poor is worse than good: accuracy by 0\.\d+ \(0\.\d+ to 0\.\d+\) on the same 24 rows; ",
        str(found),
        re.M,
    )
    assert "poor alone is right in" in str(found) and 'drop: none | ["size"]' in str(found)
    back = cr.compare_runs(runs["poor"], runs["good"])
    assert "good is better than poor: accuracy by" in str(back)
    told = found.to_dict()
    assert told["compared_with"] == "good" and told["differ"].keys() == {"columns learned from", "drop"}
    assert told["comparisons"][0]["metrics"]["accuracy"]["better_by"][1] < 0
    assert all(row["good"] != row["poor"] for row in told["disagreements"])


def test_runs_that_other_rows_judged_are_told_apart(runs):
    for name, why in (
        ("none", "no row was held back to judge none"),
        ("other", "not the same rows judged them"),
    ):
        found = cr.compare_runs(runs["good"], runs[name])
        assert found.pairs == (None,) and why in str(found)
    some = cr.compare_runs(runs["good"], runs["folds"]).pairs[0]
    assert some.rows == 24 and not some.every
    assert "rows that judged both" in str(cr.compare_runs(runs["good"], runs["folds"]))


def test_runs_that_predict_other_things_are_refused(runs):
    with pytest.raises(cr.DataError, match=r"they cannot be compared"):
        cr.compare_runs(runs["good"], runs["numbers"])
    with pytest.raises(cr.DataError, match="is there twice"):
        cr.compare_runs(runs["good"], runs["poor"], runs["good"])
    with pytest.raises(cr.DataError, match="two at least"):
        cr.compare_runs(runs["good"])
    with pytest.raises(cr.MissingFileError, match="is no run"):
        cr.compare_runs(runs["good"], "elsewhere")
    with pytest.raises(cr.DataError, match="by their folders"):
        cr.compare_runs(runs["good"], 3)


def test_the_page_has_every_section_and_names_are_no_markup(runs):
    page = report_of_several([runs["good"], runs["poor"], runs["seed"], runs["none"]])
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert titles == [
        "Which is better",
        "What was chosen otherwise",
        "How they learned",
        "Where they disagree",
        "Time and size",
        "What to do next",
    ]
    assert "<script" not in page and "&lt;script&gt;" in page and "no &amp; none" in page
    assert len(set(re.findall(r' id="([^"]+)"', page))) == len(re.findall(r' id="', page))
    assert not re.search(r"(?:src|href)=\"(?!#)", page) and "url(" not in page
    assert len(page.encode()) < 400_000


def test_the_page_is_written_where_it_is_asked_for(runs, tmp_path):
    assert cr.report(runs["good"], runs["poor"], path=tmp_path / "a.html") == tmp_path / "a.html"
    assert cr.report(runs["good"], runs["poor"]).name == "good-and-poor.html"
    assert cr.report(runs["good"], runs["poor"], runs["seed"]).name == "good-and-2-others.html"
    assert cr.report(runs["good"]) == runs["good"] / "report.html"
    with pytest.raises(cr.DataError, match="it is a folder"):
        cr.report(runs["good"], path=tmp_path)
    with pytest.raises(cr.DataError, match="folders of runs"):
        cr.report(None)
