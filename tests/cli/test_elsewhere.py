"""Command lines as hands type them that know other programs: what each is here, or is answered with."""

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.elsewhere import ANSWERS, COMMANDS, SAME, as_meant
from chainrule.cli.main import cli


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("fit t.csv", "train t.csv"),
        ("TRAIN t.csv", "train t.csv"),
        ("score m t.csv", "evaluate m t.csv"),
        ("show m", "summary m"),
        ("help", "--help"),
        ("help train", "train --help"),
        ("train t.csv --version", "--version"),
        ("train t.csv --lr 0.1", "train t.csv --learning-rate 0.1"),
        ("train t.csv --test_size=0.1", "train t.csv --test-fraction=0.1"),
        ("train t.csv --batch_size 8", "train t.csv --batch-size 8"),
        ("train t.csv -target price", "train t.csv --target price"),
        ("train t.csv --Target Price", "train t.csv --target Price"),
        ("train t.csv --target --lr", "train t.csv --target --lr"),
        ("train t.csv -o m -q --overwrite", "train t.csv --out m --quiet --force"),
        ("train -f t.csv", "train -f t.csv"),
        ("train -h", "train -h"),
        ("train t.csv -- --lr", "train t.csv -- --lr"),
        ("train - --seed -1", "train - --seed -1"),
        ("trian t.csv", "trian t.csv"),
        ("", ""),
    ],
)
def test_what_means_the_same_is_done(typed, meant):
    assert as_meant(typed.split(), cli.commands) == meant.split()


def test_every_name_from_elsewhere_leads_to_one_of_ours():
    ours = {flag for command in cli.commands.values() for each in command.params for flag in each.opts}
    assert set(COMMANDS.values()) <= set(cli.commands) and not set(COMMANDS) & set(cli.commands)
    names = [name for names in ANSWERS for name in names.split()]
    assert len(names) == len(set(names)) and not {f"--{name}" for name in [*names, *SAME]} & ours
    assert {f"--{name}" for name in SAME.values()} <= ours
    assert not set(SAME) & set(names)


@pytest.mark.parametrize("name", [name for names in ANSWERS for name in names.split()])
def test_what_there_is_not_is_answered(name):
    flag = f"--{name}" if len(name) > 1 else f"-{name}"
    result = CliRunner().invoke(cli, ["train", "iris", flag, "3"])
    assert result.exit_code == 2 and "bug" not in result.stderr
    answer = next(answer for names, answer in ANSWERS.items() if name in names.split())
    assert (
        result.stderr
        == f"Error: No such option '{flag}'. {answer}\n'chainrule train --help' shows what it takes.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "iris", "--targt", "x"], "No such option '--targt'. Did you mean '--target'?"),
        (["train", "iris", "--batchsize", "8"], "No such option '--batchsize'. Did you mean '--batch-size'?"),
        (["train", "iris", "--zzz"], "No such option '--zzz'.\n'chainrule train --help'"),
        (["train", "iris", "--target"], "--target needs a value: --target COLUMN.\n'chainrule train --help'"),
        (["train", ""], "Invalid value for 'DATA': the name of the table is empty"),
        (["train", "iris", "--learning-rate", "nan"], "'nan'; expected a number above 0."),
        (["train", "iris", "--time", "inf"], "'inf'; expected a time above 0"),
        (["completion"], "Choose from: bash, zsh, fish, powershell\n'chainrule completion --help'"),
    ],
)
def test_what_is_not_known_is_told_for_the_command(arguments, told):
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2 and told in result.stderr


def test_names_are_taken_in_any_case():
    options = ["--task", "Multiclass", "--engine", "NumPy", "--epochs", "2", "--quiet"]
    assert CliRunner().invoke(cli, ["train", "iris", *options]).exit_code == 0
    assert cr.load("runs/iris-target-001").target.task == "multiclass"
    graph = [
        CliRunner().invoke(cli, ["compile", "iris", "--show", name]).stdout for name in ("Graph", "graph")
    ]
    assert graph[0] == graph[1] != ""
