"""``chainrule compile``: each stage of what ``chainrule train`` would run, and nothing else."""

import warnings

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.main import cli


@pytest.fixture(autouse=True)
def _houses(here):
    rows = [f"{i % 7},{'Oslo' if i % 2 else 'Rome'},{i * 10.5}" for i in range(40)]
    (here / "houses.csv").write_text("\n".join(["rooms,city,price", *rows]))


def shown(*arguments):
    result = CliRunner().invoke(cli, ["compile", *arguments])
    assert result.exit_code == 0, result.stderr
    assert "--learning-rate" in arguments or result.stderr == ""
    return result.stdout


@pytest.mark.parametrize(
    ("stage", "word"),
    [
        ("graph", "return v"),
        ("fusion", "nest over ("),
        ("memory", "place 0, "),
        ("ir", "define void @chainrule_run("),
        ("asm", "chainrule_run:"),
        ("source", "def step(state, batch, lengths):"),
    ],
)
def test_each_stage_goes_to_the_output_and_nothing_is_written(stage, word, here):
    assert word in shown("houses.csv", "--target", "price", "--hidden", "3", "--show", stage)
    assert [p.name for p in here.iterdir()] == ["houses.csv"]


def test_fusion_is_shown_if_nothing_is_said():
    assert shown("iris", "--hidden", "5") == shown("iris", "--hidden", "5", "--show", "fusion")


def test_the_old_name_of_a_stage_says_the_new_one():
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = CliRunner().invoke(cli, ["compile", "iris", "--hidden", "5", "--show", "schedule"])
    assert result.stdout == shown("iris", "--hidden", "5", "--show", "fusion")
    assert "The stage 'schedule' is now 'fusion'" in " ".join(result.stderr.split())


def test_help_says_every_stage_and_every_engine():
    compiling, training = (CliRunner().invoke(cli, [name, "--help"]).stdout for name in ("compile", "train"))
    assert f"auto, {' or '.join(cr.ENGINES)}." in " ".join(training.split())
    for engine in cr.ENGINES.values():
        for name, stage in engine.stages.items():
            assert f"{name}: {stage.says}" in " ".join(compiling.split())


def test_without_options_it_is_a_network_of_the_recipe():
    text = shown("iris", "--show", "graph")
    assert "state slope_0: float32" in text  # its inputs have bins
    assert "total_steps" in text.split("return")[0].split("v1:")[1]  # its rate falls over the run


def test_the_rate_that_is_asked_for_is_told_since_no_line_of_the_step_has_it():
    result = CliRunner().invoke(cli, ["compile", "iris", "--learning-rate", "0.0125", "--show", "graph"])
    assert "The learning rate, 0.0125, is no constant of the step: learning_rate_scale" in result.stderr


def test_options_make_the_network_that_train_makes():
    text = shown("iris", "--hidden", "5,7", "--learning-rate", "0.0125", "--show", "graph")
    assert "state W1: float32 (4, 5)" in text and "state W3: float32 (7, 3)" in text
    # a constant rate is what learning_rate_scale begins with, so networks of other rates have this step, too
    assert "float32(learning_rate_scale)" in text
    assert text == shown("iris", "--hidden", "5,7", "--learning-rate", "0.5", "--show", "graph")
    assert "uniform(" in text and "uniform(" not in shown("iris", "--dropout", "0", "--show", "graph")
    assert "state W1: float32 (4, 3)" in shown("iris", "--hidden", "none", "--show", "graph")


def test_it_is_what_python_shows():
    table, target = cr.load_table("iris")
    assert cr.TableModel.show(table, target, "memory", hidden=(4,)) + "\n" == shown(
        "iris", "--hidden", "4", "--show", "memory"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["houses.csv"], "Which column is to be predicted?"),
        (["houses.csv", "--target", "prize"], "Did you mean 'price'?"),
        (
            ["iris", "--show", "assembly"],
            "'assembly' is not one of 'graph', 'fusion', 'memory', 'ir', 'asm'",
        ),
        (["missing.csv"], "missing.csv"),
    ],
)
def test_mistakes_get_a_paragraph(arguments, message):
    result = CliRunner().invoke(cli, ["compile", *arguments])
    assert result.exit_code == 2 and result.stdout == ""
    assert message in result.stderr and "Traceback" not in result.stderr
