"""The rows that judge, and networks that are compared, from the command line."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.main import cli


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture(autouse=True)
def _visits(here):
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"age": draw.normal(50, 10, 90), "patient": np.arange(90) // 3})
    table["day"] = pd.date_range("2024-01-01", periods=90).strftime("%d.%m.%Y")
    table["ill"] = np.where(table["age"] > 55, "yes", "no")
    table[:70].to_csv("visits.csv", index=False)
    table[70:].to_csv("later.csv", index=False)


def test_compare_prints_a_table_and_keeps_the_winner():
    result = run(
        "compare", "visits.csv", "--target", "ill", "--epochs", "4", "--group", "patient", "--run", "r"
    )
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["network", "hidden", "units", "log_loss", "±", "95", "%", "learned", "time"]
    assert all(len(line) <= 80 for line in lines[:13]) and len(lines[1:13]) == 12
    assert "r has the model (" in result.stderr and "compare.csv" in result.stderr
    assert "it wins." in result.stdout and "Test of '" in result.stdout
    assert "Fold 5 of 5: '" in result.stderr and result.stderr.count("Read visits.csv") == 1
    assert "patient" not in [column.name for column in cr.load("r").columns.columns]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--folds", "3", "--group", "patient"], "Means over 3 folds of 70 rows."),
        (["--time-order", "day"], "On 14 rows."),
        (["--test-file", "later.csv"], "On 20 rows."),
        (["--test-fraction", "0"], "No row was held back for a test: these said when to stop"),
    ],
)
def test_rows_judge_as_they_are_told(options, says):
    result = run("train", "visits.csv", "--target", "ill", "--epochs", "3", *options)
    assert result.exit_code == 0, result.stderr
    assert says in result.stdout
    assert ("Fold 3 of 3: accuracy 0." in result.stderr) == ("--folds" in options)


def test_a_dry_run_says_what_training_would_in_words_and_as_json():
    pd.read_csv("visits.csv").assign(ill_2=lambda t: t["ill"]).to_csv("leak.csv", index=False)
    shown = run("train", "leak.csv", "--target", "ill", "--dry-run")
    assert shown.stderr.startswith("Read leak.csv: 70 rows") and "--drop ill_2" in shown.stdout
    document = json.loads(run("train", "leak.csv", "--target", "ill", "--dry-run", "--json").stdout)
    assert document["target"]["task"] == "binary" and len(document["columns"]) == 4
    assert "=[" not in shown.stdout + str(document) and any(
        "--drop ill_2" in each for each in document["about"]
    )
    guessed = run("train", "visits.csv", "--dry-run")
    assert "No target was named, so it is the last column, 'ill'" in guessed.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--group", "patiens"], "No column 'patiens' in this table. Did you mean 'patient'?"),
        (
            ["--group", "patient", "--time-order", "day"],
            "--group patient keeps rows together that --time-order day",
        ),
        (["--time-order", "ill"], "Column 'ill', row 1: "),
        (
            ["--test-file", "later.csv", "--test-fraction", "0.1"],
            "--test-fraction 0.1 holds back rows for the test",
        ),
        (["--test-file", "none.csv"], "No file 'none.csv'."),
        (["--folds", "100"], "folds must be from 2 to the number of rows, 70; found 100."),
        (
            ["--folds", "40", "--group", "patient"],
            "Column 'patient' has 24 groups, and 40 parts are asked for",
        ),
    ],
)
def test_rows_that_cannot_judge_so_are_refused(options, says):
    result = run("train", "visits.csv", "--target", "ill", *options)
    assert result.exit_code == 2 and says in result.stderr, result.stderr
    assert len(result.stderr.splitlines()) <= 8
