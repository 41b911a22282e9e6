"""What becomes of a model that is there already when training would write one in its place."""

import re
import shlex

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule import signals
from chainrule.cli.main import cli

PLACE = "houses.safetensors"


@pytest.fixture(autouse=True)
def _houses(here):
    rows = [f"{i % 7},{'Oslo' if i % 2 else 'Rome'},{(i % 7) * 10.5 + i % 2},{i % 3}" for i in range(60)]
    (here / "houses.csv").write_text("\n".join(["rooms,city,the price,lot", *rows]))


def train(*arguments):
    return CliRunner().invoke(cli, ["train", "houses.csv", *arguments])


@pytest.fixture
def good(here):
    assert train("--target", "the price").exit_code == 0
    model = cr.load(PLACE)
    assert model.report.scores.learned
    return (here / PLACE).read_bytes()


@pytest.mark.parametrize(
    ("options", "told", "other"),
    [
        (["--target", "lot"], "would predict 'lot' (classification)", "houses-lot.safetensors"),
        (["--target", "lot,the price"], "'lot', 'the price' (regression)", "houses-lot-the_price.safetensors"),
        (
            ["--target", "the price", "--task", "classification"],
            "'the price' (classification)",
            "houses-the_price-classification.safetensors",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("named", [[], ["--out", PLACE]], ids=["by the table", "by --out"])
def test_a_model_of_another_target_or_task_is_not_replaced(good, here, options, told, other, named):
    result = train(*options, *named)
    assert result.exit_code == 2 and result.stdout == ""
    paragraph = result.stderr.partition("Error: ")[2]
    assert paragraph.startswith(
        f"{PLACE} is there already and predicts 'the price' (regression); this one would predict "
    )
    assert told in paragraph and (here / PLACE).read_bytes() == good
    (remedy,) = re.findall(r"--out \S+safetensors", paragraph)
    assert shlex.split(remedy)[1] == other
    assert train(*options, *shlex.split(remedy), "--epochs", "1").exit_code == 0
    assert (here / PLACE).read_bytes() == good and cr.load(other)


def test_force_replaces_it(good):
    assert train("--target", "lot", "--force", "--epochs", "1").exit_code == 0
    assert cr.load(PLACE).target.columns == ("lot",)


def test_a_network_without_a_table_is_not_replaced(here):
    cr.Network([cr.Dense(1)], input_shape=(2,), seed=0).save(PLACE)
    result = train("--target", "lot")
    assert result.exit_code == 2 and f"{PLACE} exists and holds a network of another kind" in result.stderr


@pytest.mark.filterwarnings("default::chainrule.errors.LearningWarning")
def test_a_good_model_outlives_a_training_that_blows_up(good, here):
    bad = ["--target", "the price", "--learning-rate", "1000"]
    result = train(*bad)
    assert result.exit_code == 1 and (here / PLACE).read_bytes() == good
    told = " ".join(result.stderr.split())
    assert (
        "Kept the model that was there, as this training diverged: the new one is houses-2.safetensors."
        in told
    )
    (remedy,) = re.findall(r"the steps were too long\. Try (--learning-rate \S+)\.", told)
    assert train("--target", "the price", "--out", "again.safetensors", *remedy.split()).exit_code == 0
    assert train(*bad, "--quiet").exit_code == 1 and cr.load("houses-3.safetensors").report.scores
    assert all(len(line) < 60 for line in result.stdout.splitlines()[:4])
    assert train(*bad, "--force").exit_code == 1 and (here / PLACE).read_bytes() != good
    assert train("--target", "the price").exit_code == 0  # what learned nothing is replaced by what did
    assert cr.load(PLACE).report.scores.learned and not (here / "houses-4.safetensors").exists()


def test_a_good_model_outlives_one_that_learned_nothing(good, here):
    result = train("--target", "the price", "--epochs", "1", "--learning-rate", "1e-9")
    assert result.exit_code == 1 and (here / PLACE).read_bytes() == good
    assert "as the new one does no better than the baseline" in result.stderr and cr.load(
        "houses-2.safetensors"
    )


def test_a_good_model_outlives_a_training_that_was_ended(good, here, monkeypatch):
    fit = cr.Network.fit

    def ended(*arguments, **settings):
        history = fit(*arguments, **settings)
        history.signal = signals.signal.SIGINT
        return history

    monkeypatch.setattr(cr.Network, "fit", ended)
    result = train("--target", "the price")
    assert result.exit_code == 1 and (here / PLACE).read_bytes() == good
    assert "this training was ended by Ctrl-C" in result.stderr and cr.load("houses-2.safetensors")


def test_scores_with_names_of_their_own_are_told_in_words(here):
    assert "\nr2: the share of the target's variation" in train("--target", "the price").stderr
    told = train("--target", "city", "--out", "city.safetensors")
    assert told.stderr.count("\nauc: ") == told.stdout.count("\nauc ") == 1 and "\nr2: " not in told.stderr
    assert "--test-fraction 0 learns from the 12 rows of the test too" in told.stderr
    assert train("--target", "city", "--out", "city.safetensors", "--quiet").stderr == ""
    none_held = train("--target", "lot", "--out", "lot.safetensors", "--test-fraction", "0")
    assert "auc: " not in none_held.stderr and "--test-fraction" not in none_held.stderr
