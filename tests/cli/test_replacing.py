"""What becomes of a model that is there already when training would write one in its place."""

import re

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule import signals
from chainrule.cli.main import cli
from chainrule.models import base

PLACE = "houses.safetensors"
OUT = ["--out", PLACE]


@pytest.fixture(autouse=True)
def _houses(here):
    rows = [f"{i % 7},{'Oslo' if i % 2 else 'Rome'},{(i % 7) * 10.5 + i % 2},{i % 3}" for i in range(60)]
    (here / "houses.csv").write_text("\n".join(["rooms,city,the price,lot", *rows]))


def train(*arguments):
    return CliRunner().invoke(cli, ["train", "houses.csv", *arguments])


@pytest.fixture
def good(here):
    assert train("--target", "the price", *OUT).exit_code == 0
    model = cr.load(PLACE)
    assert model.report.scores.learned
    return (here / PLACE).read_bytes()


def test_nothing_is_written_here_but_the_run_and_each_has_a_folder_of_its_own(here):
    for number in (1, 2):
        assert train("--target", "lot", "--epochs", "1").exit_code == 0
        assert cr.load(f"runs/houses-lot-00{number}").target.columns == ("lot",)
    assert sorted(each.name for each in here.iterdir()) == ["houses.csv", "runs"]
    told = train("--target", "lot", "--epochs", "1", "--run", "runs/houses-lot-001")
    assert told.exit_code == 2 and "no run is ever overwritten" in told.stderr


@pytest.mark.parametrize(
    ("target", "new"),
    [("lot", "houses-lot.safetensors"), ("lot,the price", "houses-lot_the_price.safetensors")],
)
def test_a_model_of_another_target_is_not_replaced(good, here, target, new):
    result = train("--target", target, *OUT)
    assert result.exit_code == 2 and (here / PLACE).read_bytes() == good
    told = result.stderr.partition("Error: ")[2]
    assert told.startswith(f"{PLACE} is there already and predicts 'the price' (regression); this one would")
    assert f"--out {new}, or --force" in told


def test_a_model_of_another_task_is_not_replaced(good, here):
    result = train("--target", "the price", "--task", "classification", *OUT, "--epochs", "1")
    assert result.exit_code == 1 and (here / PLACE).read_bytes() == good
    told = " ".join(result.stderr.split())
    assert (
        f"Kept the model at {PLACE}, as it predicts 'the price' (regression): the new one is in runs/" in told
    )
    assert cr.load("runs/houses-the_price-002").target.task == "multiclass"


def test_force_replaces_it(good):
    assert train("--target", "lot", *OUT, "--force", "--epochs", "1").exit_code == 0
    assert cr.load(PLACE).target.columns == ("lot",)


def test_a_network_without_a_table_is_not_replaced(here):
    cr.Network([cr.Dense(1)], input_shape=(2,), seed=0).save(PLACE)
    result = train("--target", "lot", *OUT)
    assert result.exit_code == 2 and f"{PLACE} exists and holds a network of another kind" in result.stderr
    assert not (here / "runs").exists()


@pytest.mark.filterwarnings("default::chainrule.errors.LearningWarning")
def test_a_good_model_outlives_a_training_that_blows_up(good, here):
    bad = ["--target", "the price", "--learning-rate", "1000", *OUT]
    result = train(*bad)
    assert result.exit_code == 1 and (here / PLACE).read_bytes() == good
    told = " ".join(result.stderr.split())
    assert "as this training diverged: the new one is in runs/houses-the_price-002." in told
    (remedy,) = re.findall(r"the steps were too long\. Try (--learning-rate \S+)\.", told)
    assert train("--target", "the price", *remedy.split()).exit_code == 0
    assert train(*bad, "--quiet").exit_code == 1 and cr.load("runs/houses-the_price-004").report.scores
    assert all(len(line) < 80 for line in result.stdout.splitlines()[:4])
    assert train(*bad, "--force").exit_code == 1 and (here / PLACE).read_bytes() != good
    assert train("--target", "the price", *OUT).exit_code == 0  # what learned nothing is replaced by what did
    assert cr.load(PLACE).report.scores.learned


def test_a_good_model_outlives_one_that_learned_nothing(good, here):
    result = train("--target", "the price", "--epochs", "1", "--learning-rate", "1e-9", *OUT)
    assert result.exit_code == 1 and (here / PLACE).read_bytes() == good
    assert "as the new one does no better than the baseline" in " ".join(result.stderr.split())


def test_a_good_model_outlives_a_training_that_was_ended(good, here, monkeypatch):
    fit_many = base.fit_many

    def ended(*arguments, **settings):
        histories = fit_many(*arguments, **settings)
        for history in histories:
            history.signal = signals.signal.SIGINT
        return histories

    monkeypatch.setattr(base, "fit_many", ended)
    result = train("--target", "the price", "--epochs", "30", *OUT)
    assert result.exit_code == 130 and (here / PLACE).read_bytes() == good
    assert "this training was ended by Ctrl-C" in result.stderr


def test_scores_with_names_of_their_own_are_told_in_words(here):
    assert "\nr2: the share of the target's variation" in train("--target", "the price").stderr
    told = train("--target", "city")
    assert told.stderr.count("\nauc: ") == told.stdout.count("\nauc ") == 1 and "\nr2: " not in told.stderr
    assert train("--target", "city", "--quiet").stderr == ""
