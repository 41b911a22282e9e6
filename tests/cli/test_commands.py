"""The commands, from a table to predictions, and what they print where."""

import gzip
import io
import json
import os
import pty
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.kinds import METRICS
from chainrule.cli.main import cli
from chainrule.data import target
from chainrule.nn.losses import LOSSES
from chainrule.train.metrics import METRICS as KNOWN

HOUSES = "\n".join(
    ["rooms,city,price,sold"]
    + [
        f"{i % 6 or '?'},{['Oslo', 'Rome', 'Ulm'][i % 3]},{100 + 7.5 * (i % 6)},{'yes' if i % 2 else 'no'}"
        for i in range(60)
    ]
)
QUICK = ["--epochs", "3", "--hidden", "4"]
ANSI = re.compile(r"\x1b|\r")


@pytest.fixture(autouse=True)
def _houses(here):
    (here / "houses.csv").write_text(HOUSES)


def run(*arguments):
    """Run a command; what train makes is written here, too, unless it is said where."""
    if arguments[:1] == ("train",) and "--out" not in arguments and len(arguments) > 2:
        arguments = (*arguments, "--out", f"{arguments[1].removesuffix('.csv')}.safetensors")
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def done(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return result


def process(*arguments, **settings):
    command = [sys.executable, "-m", "chainrule.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **settings)


def test_train_tells_its_decisions_and_its_scores():
    result = done("train", "houses.csv", "--target", "sold", *QUICK)
    assert result.stderr.startswith(
        "Read houses.csv: 60 rows, 4 columns.\n"
        "Target 'sold': 2 classes (no, yes), binary classification; the network gives the probability of 'yes'.\n"
        "column  kind          becomes\n"
    )
    assert re.search(
        r"^rooms +leak suspect +2 features: missing in \d rows; alone", result.stderr, re.MULTILINE
    )
    assert "Inputs: 2 columns of numbers and 1 column of categories, encoded as 6 features." in result.stderr
    assert "Trained all 3 epochs" in result.stderr
    assert "Wrote the model to houses.safetensors, too." in result.stderr
    assert "\n  chainrule predict runs/houses-sold-001 new.csv --out predictions.csv\n" in result.stderr
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"metric +this network +95 % interval +linear( +95 % interval)? +baseline", lines[0])
    number, ends = r"\d\.\d{4}", r"\d\.\d{3} to \d\.\d{3}"
    assert re.fullmatch(rf"accuracy +{number} +{ends} +{number}( +{ends})? +0\.5000", lines[1])
    assert re.fullmatch(rf"auc +{number} +{ends} +{number}( +{ends})? +0\.5000", lines[2])
    names = ["balanced_accuracy", "precision", "recall", "f1", "log_loss"]
    assert [line.split()[0] for line in lines[3:8]] == names
    assert lines[9].split() == ["true", "\\", "predicted", "no", "yes"]
    assert sum(int(cell) for line in lines[10:12] for cell in line.split()[1:]) == 12
    assert "On 12 rows. Baseline: the most frequent class of training" in lines[13]
    assert "Linear: logistic regression" in lines[13]
    assert re.fullmatch(
        r"Of 6 rows of 'yes' \d w.* found and \d missed; of 6 of 'no' \d w.* taken for 'yes'\.", lines[14]
    )


def test_which_scores_are_printed_can_be_chosen():
    trained = done(
        "train", "houses.csv", "--target", "sold", *QUICK, "--metric", "f1,AUC", "--metric", "f1_macro"
    )
    assert [line.split()[0] for line in trained.stdout.splitlines()[1:4]] == ["f1", "auc", "f1_macro"]
    scored = done("evaluate", "houses.safetensors", "houses.csv", "--metrics", "precision_micro")
    assert [line.split()[0] for line in scored.stdout.splitlines()[:2]] == ["metric", "precision_micro"]
    for wrong, says in (
        ("recal", "Did you mean 'recall'?"),
        ("r2", "compares numbers, and the target holds classes"),
    ):
        refused = run("train", "houses.csv", "--target", "sold", "--metric", wrong, "--force")
        assert refused.exit_code == 2 and says in refused.stderr
        assert run("evaluate", "houses.safetensors", "houses.csv", "--metric", wrong).exit_code == 2


def test_each_task_that_there_is_may_be_asked_for():
    assert set(cr.CHOICES["task"].kind.names) == set(target.TASKS)


def test_a_shell_completes_each_metric_and_the_page_tells_of_it():
    assert set(METRICS) <= set(KNOWN)
    completed = [KNOWN[name] for name in METRICS]
    own = KNOWN.keys() - LOSSES.keys() - {"categorical_accuracy", "sparse_categorical_accuracy"}
    assert not [name for name in own if KNOWN[name] not in completed]
    page = (Path(__file__).parents[2] / "docs/training.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)`", page, re.MULTILINE) == [name for name in METRICS if name != "mse"]


def test_the_next_commands_that_train_prints_work(here):
    told = done("train", "houses.csv", "--target", "sold", *QUICK).stderr.splitlines()
    predict, summary, again = (line.split()[1:] for line in told if line.startswith("  chainrule "))
    assert "Target 'sold'" in done(*summary).stdout
    (here / "new.csv").write_text(HOUSES)
    assert done(*predict).stderr.endswith("Wrote 60 predictions to predictions.csv.\n")
    assert "runs/houses-sold-002 has the model" in CliRunner().invoke(cli, again).stderr
    predictions = pd.read_csv(here / "predictions.csv")
    assert list(predictions) == ["sold", "probability_no", "probability_yes"] and len(predictions) == 60


def test_predictions_are_those_of_the_model_and_need_no_target(here):
    done("train", "houses.csv", "--target", "price", *QUICK)
    (here / "new.csv").write_text("city,sold,rooms\nOslo,no,2\nParis,yes,\n,no,5\n")
    result = done("predict", "houses.safetensors", "new.csv")
    expected = cr.load("houses.safetensors").predict(cr.read_table("new.csv"))
    assert result.stdout == expected.to_csv(index=False)
    assert list(expected) == ["price"]
    assert result.stderr == (
        "Column 'city' has values in 1 row (first: row 2) that training did not see: Paris. They count as none.\n"
    )
    assert done("predict", "houses.safetensors", "new.csv", "--out", "-").stdout == result.stdout
    done("predict", "houses.safetensors", "new.csv", "--out", "p.csv")
    assert (here / "p.csv").read_text() == result.stdout
    done("predict", "houses.safetensors", "new.csv", "--out", "p.csv.gz")
    assert gzip.decompress((here / "p.csv.gz").read_bytes()).decode() == result.stdout
    assert sorted(each.name for each in here.iterdir()) == [
        "houses.csv", "houses.safetensors", "new.csv", "p.csv", "p.csv.gz", "runs",
    ]  # fmt: skip


def test_labels_come_back_as_they_were_written(here):
    (here / "t.csv").write_text(
        "x,label\n" + "".join(f"{i},{'TRUE' if i > 20 else 'FALSE'}\n" for i in range(40))
    )
    done("train", "t.csv", "--target", "label", *QUICK)
    assert done("predict", "t.safetensors", "t.csv").stdout.startswith(
        "label,probability_FALSE,probability_TRUE\n"
    )


def test_several_targets_repeated_or_with_commas():
    done("train", "houses.csv", "--target", "price", "--target", "rooms", *QUICK, "--out", "a.safetensors")
    done("train", "houses.csv", "--target", "price, rooms", *QUICK, "--out", "b.safetensors")
    columns = cr.load("a.safetensors").target.columns
    assert columns == cr.load("b.safetensors").target.columns == ("price", "rooms")
    assert done("predict", "b.safetensors", "houses.csv").stdout.startswith("price,rooms\n")


def test_a_name_with_a_comma_is_one_column(here):
    (here / "t.csv").write_text('x,"a, b"\n' + "".join(f"{i},{i * 1.5}\n" for i in range(40)))
    done("train", "t.csv", "--target", "a, b", *QUICK)
    assert cr.load("t.safetensors").target.columns == ("a, b",)


def test_evaluate_scores_and_says_what_it_passed_over(here):
    done("train", "houses.csv", "--target", "price", *QUICK)
    (here / "more.csv").write_text(HOUSES + "\n3,Oslo,,no\n2,Bonn,114,no")
    result = done("evaluate", "houses.safetensors", "more.csv")
    assert result.stderr.splitlines() == [
        "Passed over 1 of 62 rows: they have no target.",
        "Column 'city' has values in 1 row (first: row 62) that training did not see: Bonn. They count as none.",
    ]
    assert result.stdout == f"{cr.load('houses.safetensors').evaluate(cr.read_table('more.csv'))}\n"
    assert "On 61 rows." in result.stdout


def test_summary_shows_columns_layers_and_test():
    result = done("train", "houses.csv", "--target", "sold", *QUICK)
    shown = done("summary", "houses.safetensors").stdout
    assert "Target 'sold': 2 classes" in shown and "dense_1 (Dense)" in shown and result.stdout in shown
    assert re.search(r"Learned from \d+ rows\. ", shown) and "0.0 s" not in shown and "0 ms" not in shown


def test_summary_of_a_network_alone():
    cr.Network([cr.Dense(3, "relu"), cr.Dense(1)], input_shape=(2,), seed=0).save("n.safetensors")
    assert done("summary", "n.safetensors").stdout == cr.load("n.safetensors").summary_text() + "\n"


def test_predictions_have_intervals_and_another_threshold(here):
    done("train", "houses.csv", "--target", "price", *QUICK, "--out", "price.safetensors")
    found = done("predict", "price.safetensors", "houses.csv", "--interval", "0.8")
    expected = cr.load("price.safetensors").predict(cr.read_table("houses.csv"), interval=0.8)
    assert found.stdout == expected.to_csv(index=False)
    assert list(expected) == ["price", "price_low", "price_high"]
    refused = run("predict", "price.safetensors", "houses.csv", "--interval", "0.9999")
    most = re.search(r"--interval (\S+)\.$", refused.stderr.strip())
    assert refused.exit_code == 2 and most
    done("predict", "price.safetensors", "houses.csv", "--interval", most[1])
    for wrong in ("90", "1", "0", "nan", "most"):
        for command, option in (
            ("predict", "--interval"),
            ("predict", "--threshold"),
            ("evaluate", "--threshold"),
        ):
            refused = run(command, "price.safetensors", "houses.csv", option, wrong)
            assert refused.exit_code == 2 and "expected a number between 0 and 1" in refused.stderr

    done("train", "houses.csv", "--target", "sold", *QUICK, "--out", "sold.safetensors")
    likely = pd.read_csv(io.StringIO(done("predict", "sold.safetensors", "houses.csv").stdout))[
        "probability_yes"
    ]
    middle = float(likely.median())
    said = done("predict", "sold.safetensors", "houses.csv", "--threshold", middle).stdout
    assert (pd.read_csv(io.StringIO(said))["sold"] == "yes").equals(likely > middle)
    told = done("evaluate", "sold.safetensors", "houses.csv", "--threshold", middle).stdout
    assert f"'yes' is said above a probability of {middle:.4g}." in told


def test_json_of_each_command_is_one_document(here):
    trained = json.loads(done("train", "houses.csv", "--target", "sold", *QUICK, "--json").stdout)
    timeless = {**trained, "seconds": 0.0, "row_seconds": None}  # a model file holds no times
    assert json.loads(done("summary", "houses.safetensors", "--json").stdout)["report"] == {
        name: value for name, value in timeless.items() if name not in ("run", "exit_code")
    }
    judged = json.loads(done("evaluate", "houses.safetensors", "houses.csv", "--json").stdout)
    assert judged.keys() == trained["scores"].keys() and judged["rows"] == 60
    plan = json.loads(done("train", "houses.csv", "--target", "sold", "--dry-run", "--json").stdout)
    assert [each["name"] for each in plan["columns"]] == ["rooms", "city", "price"]
    assert plan["target"]["classes"] == ["no", "yes"] and plan["features"] == 6
    network = cr.Network([cr.Dense(3, "relu"), cr.Dense(1)], input_shape=(2,), seed=0)
    network.save("n.safetensors")
    shown = json.loads(done("summary", "n.safetensors", "--json").stdout)["network"]
    assert shown["numbers"] == 13 and shown["parameters"]["W1"] == [2, 3]


def test_settings_reach_the_network():
    done(
        "train", "houses.csv", "--target", "price", "--hidden", "5,3", "--dropout", "0.25", "--epochs", "2",
        "--seed", "7", "--batch-size", "8", "--learning-rate", "0.01", "--test-fraction", "0.5", "--engine", "numpy",
        "--out", "m.safetensors", "--quiet",
    )  # fmt: skip
    model = cr.load("m.safetensors")
    dense = [layer.units for layer in model.network.layers if isinstance(layer, cr.Dense)]
    assert dense == [5, 3, 1] and model.network.seed == 7
    assert [layer.rate for layer in model.network.layers if isinstance(layer, cr.Dropout)] == [0.25, 0.25]
    assert model.report.epochs == 2 and model.report.test_rows == 30
    again = cr.TableModel.train(
        cr.read_table("houses.csv"), "price", hidden=(5, 3), dropout=0.25, epochs=2, seed=7, batch_size=8,
        learning_rate=0.01, test_fraction=0.5,
    )  # fmt: skip
    assert again.report.scores == model.report.scores


def test_no_hidden_layer():
    done("train", "houses.csv", "--target", "price", "--hidden", "none", "--epochs", "2")
    assert list(cr.load("houses.safetensors").network.parameters) == ["W1", "b1"]


def test_the_task_may_be_decided():
    done("train", "houses.csv", "--target", "rooms", "--task", "regression", *QUICK)
    assert cr.load("houses.safetensors").target.task == "regression"


def test_time_ends_training():
    with warnings.catch_warnings():
        # How many epochs there is time for is the machine's: at this rate more or fewer of them learn nothing.
        warnings.simplefilter("default", cr.LearningWarning)
        result = done("train", "houses.csv", "--target", "price", "--time", "0.2", "--learning-rate", "1e-7",
                      "--epochs", "1000000", "--batch-size", "1")  # fmt: skip
    assert "Of 0.2 s 0.08 s are for this network, the rest for others." in result.stderr
    assert "the time budget of 0.08 s was used up" in result.stderr


def test_quiet_prints_the_scores_only():
    result = done("train", "houses.csv", "--target", "price", *QUICK, "--quiet")
    assert result.stderr == "" and result.stdout.startswith("metric") and result.stdout.count("\n") >= 5


def test_a_warning_is_a_sentence_without_a_line_of_code():
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = run("train", "iris", "--learning-rate", "1e9", "--quiet")
    assert result.exit_code == 1
    assert re.fullmatch(r"Warning: The squares of the gradients of .* --clip-norm 1\.\n", result.stderr)
    assert result.stdout.startswith("metric")


def test_training_again_makes_another_run_and_replaces_the_model_that_was_asked_for():
    done("train", "houses.csv", "--target", "price", *QUICK)
    result = done("train", "houses.csv", "--target", "price", "--epochs", "40")
    assert "Wrote the model to houses.safetensors, too." in result.stderr
    assert cr.load("houses.safetensors").report.epochs == 40
    assert [cr.load(f"runs/houses-price-00{i}").report.epochs for i in (1, 2)] == [3, 40]


@pytest.mark.parametrize("name", cr.SAMPLES)
def test_samples_need_no_target(name):
    done("train", name, "--epochs", "1", *(["--test-fraction", "0"] if name == "four_people" else []))
    assert cr.load(f"{name}.safetensors").target.columns == ("target",)


def test_help_names_every_command_and_sample():
    shown = done("--help").stdout
    assert all(f"  {name}" in shown for name in ["train", "predict", "evaluate", "summary"])
    assert done().stdout == shown
    assert "iris" in done("train", "--help").stdout
    for command in ["train", "predict", "evaluate", "summary"]:
        assert re.search(rf"Examples?:\n    chainrule {command} ", done(command, "--help").stdout)


def test_the_version():
    assert done("--version").stdout == f"chainrule, version {cr.__version__}\n"


def test_a_pipe_gets_no_control_characters():
    trained = process(
        "train", "houses.csv", "--target", "sold", "--epochs", "30", "--out", "houses.safetensors"
    )
    assert trained.returncode == 0
    predicted = process("predict", "houses.safetensors", "houses.csv")
    refused = process("predict", "houses.safetensors", "nothing.csv")
    assert refused.returncode == 2 and refused.stderr.startswith("Error: No file 'nothing.csv'.")
    for each in (trained, predicted, refused):
        assert not ANSI.search(each.stdout + each.stderr)
    assert predicted.stderr == "" and predicted.stdout.startswith("sold,probability_no")


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_a_terminal_gets_colour_unless_no_color_is_set(no_color, coloured):
    reader, writer = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | (
        {"NO_COLOR": "1"} if no_color else {}
    )
    code = subprocess.call(
        [sys.executable, "-m", "chainrule.cli.main", "train", "nothing.csv"], stderr=writer, env=environment
    )
    os.close(writer)
    shown = os.read(reader, 10_000).decode()
    os.close(reader)
    assert code == 2 and "No file 'nothing.csv'" in shown and ("\x1b[" in shown) == coloured


def test_codes_come_back_in_predictions_messages_and_summary(here):
    (here / "t.csv").write_text(
        "x,code\n" + "".join(f"{i % 3},{['007', '1e5', '1.50'][i % 3]}\n" for i in range(60))
    )
    told = done("train", "t.csv", "--target", "code", "--task", "classification", *QUICK)
    assert "3 classes (1.50, 007, 1e5)" in told.stderr
    assert "3 classes (1.50, 007, 1e5)" in done("summary", "t.safetensors").stdout
    printed = done("predict", "t.safetensors", "t.csv").stdout.splitlines()
    assert printed[0] == "code,probability_1.50,probability_007,probability_1e5"
    assert {line.partition(",")[0] for line in printed[1:]} <= {"007", "1e5", "1.50"}
    assert "On 60 rows" in done("evaluate", "t.safetensors", "t.csv").stdout


def test_a_class_called_na_is_one_if_that_is_said(here):
    (here / "t.csv").write_text(
        "x,grade\n" + "".join(f"{i % 3},{['NA', 'b', '?'][i % 3]}\n" for i in range(60))
    )
    told = run("train", "t.csv", "--target", "grade", *QUICK)
    assert told.exit_code == 2 and "'?', 'NA' count as no value" in told.stderr
    (remedy,) = re.findall(r"--missing \S+", told.stderr)
    assert "3 classes" in done("train", "t.csv", "--target", "grade", *QUICK, *remedy.split()).stderr
    done("train", "t.csv", "--target", "grade", *QUICK, "--missing", "grade=?", "--missing", "x=1,2")
    assert cr.load("t.safetensors").target.classes == ("NA", "b")
    assert "On 40 rows" in done("evaluate", "t.safetensors", "t.csv").stdout  # it remembers
    told = done("evaluate", "t.safetensors", "t.csv", "--missing", "grade=?,NA")
    assert "On 20 rows" in told.stdout and "In 'grade' '?', 'NA' count as no value" in told.stderr
    assert cr.load("t.safetensors").missing == {"grade": ("", "?"), "x": ("", "1", "2")}
    misspelt = run("train", "t.csv", "--target", "grade", "--missing", "grad=?")
    assert misspelt.exit_code == 2 and "--missing 'grad=?' names no column of t.csv." in misspelt.stderr
    for command in ("predict", "evaluate"):
        misspelt = run(command, "t.safetensors", "t.csv", "--missing", "grad=?")
        assert misspelt.exit_code == 2 and "--missing 'grad=?' names no column of t.csv." in misspelt.stderr
    (here / "new.csv").write_text("x\n3\n")
    done("predict", "t.safetensors", "new.csv", "--missing", "grade=?")  # as in training, where it was there


def test_no_prediction_is_a_formula_and_evaluate_knows_it_again(here):
    labels = ["=cmd|' /C calc'!A0", "-5", "'=x"]
    (here / "t.csv").write_text("x,=y\n" + "".join(f'{i % 3},"{labels[i % 3]}"\n' for i in range(60)))
    done("train", "t.csv", "--target", "=y", "--hidden", "8", "--learning-rate", "0.03")
    printed = done("predict", "t.safetensors", "t.csv").stdout
    done("predict", "t.safetensors", "t.csv", "--out", "p.csv")
    assert (here / "p.csv").read_text() == printed
    assert printed.splitlines()[0].startswith("'=y,")
    assert {line.split(",")[0] for line in printed.splitlines()[1:]} == {"'=cmd|' /C calc'!A0", "-5", "''=x"}
    predicted = cr.read_table("p.csv")
    assert predicted["=y"].tolist() == cr.load("t.safetensors").predict(cr.read_table("t.csv"))["=y"].tolist()
    predicted.assign(x=cr.read_table("t.csv")["x"])[["x", "=y"]].to_csv("raw.csv", index=False)
    cr.write_table(cr.read_table("raw.csv"), "again.csv")
    for name in ("raw.csv", "again.csv"):
        assert re.search(r"accuracy +1\.0000", done("evaluate", "t.safetensors", name).stdout)
    assert done("predict", "t.safetensors", "t.csv", "--raw-cells").stdout.startswith("=y,")
