"""The command line speaks of options and Python of arguments, in the same messages, which are written once."""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import chainrule
from chainrule.cli import main
from chainrule.cli.speech import OPTIONS, spoken

ROOT = Path(chainrule.__file__).parent
# The messages of these the command line passes on. What stands below is said to those alone who write Python: they
# built a table or a model themselves.
ROOMS = [
    "data",
    "models",
    "disk.py",
    "engines/stages.py",
    "train/fit/divergence.py",
    "train/fit/stopping.py",
    "train/fit/advice.py",
]
PYTHON_ALONE = [
    "balanced, or yes=5,no=1.", "import chainrule as cr\n",
    "Expected a table (a pandas", "a table: a DataFrame, or",
    "pd.DataFrame(...) makes one", "pd.DataFrame.sparse", "has no value for these rows; give metric",
    "Read the file first", "cr.load_table gives it",
    "table.dropna(subset=", "missing says how a file is read, and this table is in memory",
    "the index that read_table gave", "at least 0 and below 1, got", "custom is a dict",
    "lowered the cost by less than tol", "Give validation_split or",
    "is not scaled", "Or let cr.TableModel.train(table, target)", "with the activation 'leaky_relu'",
    "does not keep the table that it was trained on", "does not hold the choices of its training",
]  # fmt: skip
CODE = re.compile(
    r"\b(cr|pd|np)\.\w|\b[a-z_]+=(?!=)[^\s=]|\b[a-z_]\w*\([^ ]*\)|\b(?!val_|nest_)[a-z]+_[a-z_]+\b"
    r"|in Python|DataFrame|the task '"
)


def messages(file):
    """Sentences of a module, with 0 where a value is written, but for docstrings."""
    tree = ast.parse(file.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    told |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in told:
            continue
        text = node.value if isinstance(node, ast.Constant) else ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values)
        if isinstance(text, str) and re.search(r"[a-z] [a-z]+ [a-z]", text):
            yield text


FILES = [
    file
    for room in ROOMS
    for file in ([ROOT / room] if room.endswith(".py") else sorted((ROOT / room).glob("*.py")))
]


def test_no_message_that_the_command_line_passes_on_speaks_python():
    assert main.cli.commands and len(FILES) > 15  # whose options are known by now
    found = []
    for file in FILES:
        for message in messages(file):
            if not any(known in message for known in PYTHON_ALONE):
                as_shown = spoken(message)
                found += [f"{file.name}: {as_shown}"] * bool(CODE.search(as_shown))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("file", [*FILES, ROOT / "errors.py"], ids=lambda file: file.name)
def test_no_message_of_the_library_speaks_of_options(file):
    assert not [text for text in messages(file) if re.search(r"(?<!\w)--[a-z]", text)]


@pytest.mark.parametrize(
    ("python", "options"),
    [
        ("hold back nothing: test_fraction=0.", "hold back nothing: --test-fraction 0."),
        ("say so: any_size=True.", "say so: --any-size."),
        ("header=False, header=True", "--header no, --header yes"),
        ("to go on: cr.TableModel.resume('my runs/1')", "to go on: chainrule train --resume 'my runs/1'"),
        ("task='regression' reads them", "--task regression reads them"),
        ("try learning_rate=3e-05, or less", "try --learning-rate 3e-05, or less"),
        ("time_budget=2.5", "--time 2.5"),
        ("is needed (cr.look(a, b) looks for it). Or (a) b.", "is needed. Or (a) b."),
        ("learning_rate=1e+11", "--learning-rate 1e+11"),
        ("with missing={'the grade': ('',)} that", "with --missing 'the grade=' that"),
        ("missing={'': ('', '?'), 'a': ('', 'NA')}", "--missing ',?' --missing a=,NA"),
        ("hidden=(64, 32) or hidden=()", "--hidden 64,32 or --hidden none"),
        ("target=['a', 'b c']", "--target a --target 'b c'"),
        ("Dense(3, engine='numpy'), engine='numpy'", "Dense(3, engine='numpy'), --engine numpy"),
        ("folds must be from 2 on", "--folds must be from 2 on"),
        ("the folds must be many", "the folds must be many"),
        ("nothing='known', y='names' and x = 3", "nothing='known', y='names' and x = 3"),
        ("Column 'task=1', row 1: \"task=1\", task=TASK", "Column 'task=1', row 1: \"task=1\", task=TASK"),
    ],
)
def test_an_argument_is_spoken_as_the_option_that_sets_it(python, options):
    assert "task" in OPTIONS and spoken(python) == options


def test_what_a_fit_prints_itself_is_spoken_too(here):
    (here / "t.csv").write_text("x,y\n" + "".join(f"{i},{i * 1.5}\n" for i in range(60)))
    told = CliRunner().invoke(main.cli, ["train", "t.csv", "--target", "y", "--learning-rate", "1e25"])
    assert told.exit_code == 2 and "Restored the weights it began with. Try a learning rate of" in told.stderr
    assert "--clip-norm 1" in told.stderr and "clip_norm" not in told.stderr
    assert told.stderr.endswith("try --learning-rate 0.003.\n")
