"""``chainrule explain``: what a row's prediction is made of, for people and for programs."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from chainrule.cli.main import cli


def run(*words):
    return CliRunner().invoke(cli, list(words))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"rooms": rng.integers(1, 7, 80), "town": rng.choice(["Bern", "Chur"], 80)})
    table["price"] = 50.5 + 20 * table["rooms"] + rng.normal(size=80)
    table.to_csv(here / "houses.csv", index=False)
    made = run(
        "train", str(here / "houses.csv"), "--target", "price", "--epochs", "2", "--hidden", "2",
        "--run", str(here / "first"), "--quiet",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return here


def test_a_row_is_explained_in_the_units_of_its_table(folder):
    shown = run("explain", str(folder / "first"), "--row", "7")
    assert shown.exit_code == 0 and shown.stdout.startswith("Row 7: price is ")
    assert "+1" in shown.stdout and "add up to the prediction" in shown.stdout
    same = run("explain", str(folder / "first"), str(folder / "houses.csv"), "--row", "7")
    assert same.stdout == shown.stdout


def test_a_program_is_given_a_document(folder):
    told = json.loads(run("explain", str(folder / "first"), "--row", "7", "--json").stdout)
    assert told["row"] == 7 and {c["name"] for c in told["columns"]} == {"rooms", "town"}
    weight = json.loads(run("explain", str(folder / "first"), "--weight", "W1[0,1]", "--json").stdout)
    assert weight["name"] == "W1[0,1]" and weight["change"] == weight["new"] - weight["value"]


def test_a_weight_is_explained(folder):
    shown = run("explain", str(folder / "first"), "--row", "2", "--weight", "W2[1,0]").stdout
    assert shown.startswith("W2[1,0] = ") and "So step 1 " in shown


def test_the_rule_and_the_row_of_a_weight_are_those_of_the_run(folder):
    shown = run("explain", str(folder / "first"), "--row", "7", "--weight", "W1[0,0]").stdout
    assert "Adam(learning_rate=0.003," in shown and ", as in its run\n" in shown
    assert "\n  7  " in shown and "\n  0  " not in shown
    told = json.loads(
        run("explain", str(folder / "first"), "--row", "7", "--weight", "W1[0,0]", "--json").stdout
    )
    assert {factor["row"] for factor in told["uses"][0]["factors"]} == {7}


def test_the_rule_is_that_of_the_choices_of_the_run(folder):
    made = run(
        "train", str(folder / "houses.csv"), "--target", "price", "--epochs", "2", "--hidden", "2", "--quiet",
        "--learning-rate", "0.05", "--clip-norm", "3", "--run", str(folder / "second"),
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    shown = run("explain", str(folder / "second"), "--weight", "W1[0,0]").stdout
    assert "Adam(learning_rate=0.05," in shown and "clip_norm=3" in shown


def test_a_run_that_is_not_there_is_said_to_be_so(folder):
    said = run("explain", str(folder / "frist"), "--row", "7").stderr
    assert f"No model file '{folder / 'frist'}'. Did you mean '{folder / 'first'}'?" in said
