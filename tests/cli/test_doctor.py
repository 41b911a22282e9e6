"""``chainrule doctor``: verdicts in the words of the command line, and its exit codes."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from chainrule.cli.main import cli


def run(*words):
    return CliRunner().invoke(cli, list(words))


pytestmark = pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("doctor")
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"rooms": rng.integers(1, 7, 160), "town": rng.choice(["Bern", "Chur"], 160)})
    table["price"] = 50.5 + 20 * table["rooms"] + 12 * rng.normal(size=160)
    table.to_csv(here / "houses.csv", index=False)
    made = run(
        "train", str(here / "houses.csv"), "--target", "price", "--epochs", "40", "--hidden", "8", "--learning-rate",
        "1e-5", "--run", str(here / "slow"), "--quiet",
    )  # fmt: skip
    assert (here / "slow" / "config.toml").exists(), made.output
    return here


def test_what_is_wrong_with_a_run_is_told_with_the_option_that_mends_it(folder):
    shown = run("doctor", str(folder / "slow"))
    assert shown.exit_code == 1 and shown.stdout.startswith("critical: learning_rate_too_low. ")
    assert "\n  write: --learning-rate 0.0" in shown.stdout and "Read " in shown.stderr
    other = run("doctor", str(folder / "slow"), "--learning-rate", "0.02", "--quiet")
    assert "learning_rate_too_low" not in other.stdout and other.stderr == ""


def test_a_table_is_examined_by_the_options_given(folder):
    shown = run(
        "doctor", str(folder / "houses.csv"), "--target", "price", "--hidden", "8", "--epochs", "100",
        "--learning-rate", "0.02", "--json",
    )  # fmt: skip
    told = json.loads(shown.stdout)
    assert told["healthy"] and told["exit_code"] == shown.exit_code == 0
    assert all(each["severity"] == "note" for each in told["verdicts"])


def test_a_model_file_and_what_is_not_there_are_refused(folder):
    shown = run("doctor", str(folder / "slow" / "model.safetensors"))
    assert shown.exit_code == 2 and "does not know how it was trained" in shown.stderr
    assert run("doctor", str(folder)).exit_code == 2  # a folder without a configuration
    assert run("doctor", "nowhere.csv").exit_code == 2
