"""What hands know from other programs, and arguments that change places: done, or answered with the line to write."""

import json
import os
import pty
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.main import cli

HOUSES = "rooms,price\n" + "".join(f"{i % 7},{i * 10.5}\n" for i in range(40))


@pytest.fixture(autouse=True)
def model(here):
    (here / "houses.csv").write_text(HOUSES)
    cr.TableModel.train(cr.read_table("houses.csv"), "price", epochs=1).save("houses.safetensors")


def run(*arguments):
    return CliRunner().invoke(cli, list(arguments))


def refused(*arguments):
    result = run(*arguments)
    assert result.exit_code == 2 and result.stdout == "" and "bug" not in result.stderr
    return result.stderr.partition("Error: ")[2].splitlines()


def test_help_and_the_version_are_given_wherever_they_are_asked_for():
    assert run("help").stdout == run("--help").stdout
    assert run("help", "train").stdout == run("train", "--help").stdout == run("train", "iris", "-h").stdout
    assert run("train", "iris", "--version").stdout == run("--version").stdout
    assert refused("help", "trian")[0].startswith("No command 'trian'. Did you mean 'chainrule train'?")


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize("data", ["houses.csv", "iris", "nothing.csv"])
def test_a_model_that_comes_second_is_told_with_the_right_order(command, data):
    told = refused(command, data, "houses.safetensors")
    assert told[0].startswith("houses.safetensors is a model and ") and told[0].endswith(
        "the model comes first."
    )
    assert told[1] == f"chainrule {command} houses.safetensors {data}"


def test_what_is_no_model_is_told_by_what_it_is(here):
    assert refused("summary", "houses.csv") == [
        "houses.csv is no model but a text, perhaps a table.",
        "chainrule train houses.csv makes a model of a table.",
    ]
    assert refused("summary", "houses")[0] == "No model file 'houses'. Did you mean 'houses.safetensors'?"
    assert refused("train", "houses.safetensors") == [
        "houses.safetensors is a model, not a table.",
        "chainrule summary houses.safetensors shows what it is.",
    ]
    assert refused("predict", "houses.safetensors", "houses.safetensors")[0].startswith(
        "houses.safetensors is a model, not a table in text."
    )


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\x08\x00\x00\x00\x00\x00\x00\x00[]"])
def test_what_is_neither_model_nor_text_is_no_model(here, content):
    (here / "m.safetensors").write_bytes(content)
    assert refused("summary", "m.safetensors")[0].startswith("m.safetensors is no whole model file")


def test_a_model_that_may_not_be_read_is_not_called_a_text(monkeypatch):
    def refusing(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refusing)  # who runs as root may read all
    monkeypatch.setattr("chainrule.disk.open", refusing, raising=False)
    assert refused("summary", "houses.safetensors") == [
        "houses.safetensors cannot be read: Permission denied."
    ]


KINDS = {
    "t.html": (b"<!DOCTYPE html><p>Not found", "a web page or XML"),
    "t.pdf": (b"%PDF-1.7\n1 0 obj", "a PDF"),
    "t.npy": (b"\x93NUMPY\x01\x00v\x00{", "an array of NumPy"),
    "t.xls": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00",
        "an old Excel workbook, or another file of Microsoft Office",
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_no_table_is_told_by_what_it_is(here, name):
    content, kind = KINDS[name]
    (here / name).write_bytes(content)
    first, second = refused("train", name, "--target", "a")
    assert first.startswith(f"{name} is {kind}") and first.endswith("not a table in text.")
    assert second == "Save the table as CSV and give that file."


def test_columns_may_be_called_as_other_files_begin(here):
    for head in ("FEA1,FEA2", "PAR1,PAR2", "ARROW1,x", "[a],{b}", "<a>,<b>", "BZh,b"):
        (here / "t.csv").write_text(f"{head}\n1,2\n3,4\n")
        assert ",".join(cr.read_table("t.csv")) == head


def test_a_table_of_the_web_is_told_how_to_get_it():
    address = "https://example.org/a b.csv"
    for told in (refused("train", address), refused("predict", "houses.safetensors", address)):
        assert told == [
            f"{address} is an address, and tables are read from files.",
            f"Fetch it first, for example with curl -LO '{address}', and give the file.",
        ]
    with pytest.raises(cr.DataError, match="is an address"):
        cr.read_table(address)


def test_a_table_without_the_target_is_for_predict(here):
    (here / "new.csv").write_text("rooms,Price\n1,2\n")
    told = refused("evaluate", "houses.safetensors", "new.csv")
    assert told[0].startswith("No column 'price' in this table. Did you mean 'Price'?")
    assert told[1] == "evaluate compares predictions with what is there; predict needs no such column."
    assert run("predict", "houses.safetensors", "new.csv").exit_code == 0


def process(*arguments, **settings):
    return subprocess.run(
        [sys.executable, "-m", "chainrule", *arguments], capture_output=True, text=True, **settings
    )


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="a device of Unix")
def test_a_hyphen_is_what_is_piped_into_the_command(here):
    trained = process(
        "train", "-", "--target", "price", "--epochs", "1", "--out", "model.safetensors", input=HOUSES
    )
    assert trained.returncode == 0 and "Wrote the model to model.safetensors, too." in trained.stderr
    assert "Read standard input: " in trained.stderr
    predicted = process("predict", "model.safetensors", "-", input=HOUSES)
    assert predicted.stdout == process("predict", "model.safetensors", "houses.csv").stdout != ""
    with open("houses.csv") as file:
        assert process("predict", "model.safetensors", "-", stdin=file).stdout == predicted.stdout
    reader, writer = pty.openpty()
    told = process("predict", "model.safetensors", "-", stdin=writer)
    assert told.returncode == 2 and "nothing is piped into the command" in told.stderr
    os.close(reader), os.close(writer)


def test_python_m_is_the_command_of_the_package():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"chainrule": "chainrule.__main__:main"}
    assert process("--version").stdout == f"chainrule, version {cr.__version__}\n"


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_while_the_command_line_is_imported_is_a_sentence(here):
    (here / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    told = process(
        "--help", env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{os.environ['PYTHONPATH']}"}
    )
    assert told.returncode == 128 + signal.SIGINT
    assert told.stderr == "Error: Stopped by Ctrl-C before anything was saved.\n"


def test_a_target_of_names_gets_no_remedy_for_numbers(here):
    names = pd.DataFrame(
        {"x": range(12), "name": [f"n{i}" for i in range(12)], "size": [i + 0.5 for i in range(12)]}
    )
    names.to_csv("names.csv", index=False)
    assert refused("train", "names.csv", "--target", "name")[1] == "Choose another target."
    told = refused("train", "names.csv", "--target", "size", "--task", "classification")
    assert told[1] == "Choose another target, or --task regression if it is a quantity."


def test_a_table_of_two_rows_says_which_option_takes_it(here):
    (here / "two.csv").write_text("x,y\n1,2.5\n2,3.5\n")
    told = refused("train", "two.csv", "--target", "y")
    assert told[1] == "Add rows, or hold back nothing: --test-fraction 0."
    assert run("train", "two.csv", "--target", "y", "--test-fraction", "0").exit_code == 0


def test_json_is_predicted_on_like_any_table(here):
    (here / "p.json").write_text(json.dumps([{"rooms": 1}]))
    assert run("predict", "houses.safetensors", "p.json").exit_code == 0
