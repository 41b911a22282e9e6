"""The options of a training follow from ``cr.CHOICES``: none is missing, and each takes what Python takes."""

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.kinds import WRITTEN
from chainrule.cli.main import cli
from chainrule.cli.options import FLAGS
from chainrule.cli.speech import spoken

OPTIONS = {each.name: each for each in cli.commands["train"].params}


def flag(name):
    return FLAGS.get(name, f"--{name.replace('_', '-')}")


@pytest.mark.parametrize("name", cr.CHOICES)
def test_every_choice_is_an_option_of_train_in_its_section(name):
    choice, option = cr.CHOICES[name], OPTIONS[name]
    assert option.opts == [flag(name)] and option.section == choice.section
    shown = " ".join(CliRunner().invoke(cli, ["train", "--help"]).stdout.split())
    assert flag(name) in shown and (choice.default is True or choice.says in shown)


def test_every_kind_of_choice_can_be_written():
    assert {choice.kind.name for choice in cr.CHOICES.values()} <= set(WRITTEN)


READ = [
    ("epochs", "12", 12),
    ("learning_rate", "1e-2", 0.01),
    ("hidden", "64, 32", (64, 32)),
    ("hidden", "none", ()),
    ("threshold", "0.3", 0.3),
    ("threshold", "best", "best"),
    ("class_weight", "balanced", "balanced"),
    ("class_weight", 'yes=5,"a,b"=1.5', {"yes": 5.0, "a,b": 1.5}),
    ("missing", "grade=?, NA", ("grade", ("", "?", "NA"))),
    ("metric", "f1,auc", ("f1", "auc")),
    ("time_budget", "5m", "5m"),
    ("drop", "a,b", "a,b"),  # which may be one column: the table tells
]


@pytest.mark.parametrize(("name", "word", "value"), READ)
def test_what_a_word_stands_for(name, word, value):
    assert OPTIONS[name].type.convert(word, OPTIONS[name], None) == value


WRONG = [
    ("epochs", "ten", "'ten'; expected a whole number of at least 1."),
    ("epochs", "0", "'0'; expected a whole number of at least 1."),
    ("epochs", "1.5", "'1.5'; expected a whole number of at least 1."),
    ("folds", "1", "'1'; expected a whole number of at least 2."),
    ("seed", "-1", "'-1'; expected a whole number of at least 0."),
    ("learning_rate", "nan", "'nan'; expected a number above 0."),
    ("learning_rate", "inf", "'inf'; expected a number above 0."),
    ("time_budget", "soon", "'soon'; expected a time above 0: 90 (seconds), 30s or 5m."),
    ("time_budget", "0", "'0'; expected a time above 0"),
    ("hidden", "8,x", "'8,x'; expected the units of each hidden layer, such as 32 or 64,32, or none."),
    ("hidden", "8,0", "'8,0'; expected the units"),
    ("threshold", "2", "'2'; expected a number between 0 and 1, neither of them, or best."),
    ("class_weight", "yes=a", "'yes=a'; expected balanced, or a weight"),
    ("class_weight", "yes=-1", "'yes=-1'; expected balanced, or a weight"),
    ("task", "guess", "'guess'"),
    ("engine", "abacus", "'abacus'"),
]


@pytest.mark.parametrize(("name", "word", "told"), WRONG)
def test_what_stands_for_nothing_is_answered_in_words_of_the_command_line(name, word, told):
    result = CliRunner().invoke(cli, ["train", "iris", flag(name), word])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: Invalid value for '{flag(name)}': {told}")
    assert "True" not in result.stderr and "DataFrame" not in result.stderr


def test_messages_of_the_library_name_the_option_of_each_choice():
    for name, value, line in [
        ("test_data", "'t.csv'", "--test-file t.csv"),
        ("time_budget", "'5m'", "--time 5m"),
        ("refit", "False", "--no-refit"),
        ("any_size", "True", "--any-size"),
        ("drop", "['a', 'b c']", "--drop a --drop 'b c'"),
        ("class_weight", "{'yes': 5, 'no': 1.5}", "--class-weight yes=5,no=1.5"),
        ("class_weight", "'balanced'", "--class-weight balanced"),
        ("threshold", "0.3", "--threshold 0.3"),
        ("metric", "['f1', 'auc']", "--metric f1 --metric auc"),
    ]:
        assert spoken(f"try {name}={value}.") == f"try {line}."
