"""``chainrule completion``: what each shell is given to read, and what it is answered at the key."""

import gzip
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli import completion
from chainrule.cli.completion import SHELLS
from chainrule.cli.main import cli
from chainrule.data import formats


@pytest.fixture(autouse=True)
def chainrule(here, monkeypatch):
    """Tables, a model, and the command itself on the path of the shells."""
    (here / "houses.csv").write_text("rooms;the price;lot\n1;2;3\n")
    (here / "data").mkdir()
    with gzip.open(here / "data" / "more.csv.gz", "wt") as file:
        file.write("area\tprice\n1\t2\n")
    (here / "houses.safetensors").write_bytes(b"")
    (here / "notes.md").write_text("")
    (here / "bin").mkdir()
    (here / "bin" / "chainrule").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chainrule "$@"\n')
    (here / "bin" / "chainrule").chmod(0o755)
    monkeypatch.setenv("PATH", f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}")


COMPLETIONS = [
    (["tr"], ["train"]),
    (["train", "h"], ["houses.csv"]),
    (["train", "ir"], ["iris"]),
    (["train", "data/"], ["data/more.csv.gz"]),
    (["train", "houses.csv", "--target", ""], ["rooms", "the price", "lot"]),
    (["train", "houses.csv", "--target", "l"], ["lot"]),
    (["train", "data/more.csv.gz", "--target", ""], ["area", "price"]),
    (["train", "nothing.csv", "--target", ""], []),
    (["train", "iris", "--engine", ""], ["auto", *cr.ENGINES]),
    (["train", "iris", "--task", "multi"], ["multiclass", "multilabel"]),
    (["train", "iris", "--clip"], ["--clip-norm"]),
    (["compile", "iris", "--show", "f"], ["fusion"]),
    (["predict", ""], ["houses.safetensors"]),
    (["predict", "houses.safetensors", "hou"], ["houses.csv"]),
    (["completion", "p"], ["powershell"]),
]


def test_the_endings_of_all_formats_are_completed():
    assert sorted(completion.TABLES) == sorted(formats.ENDINGS) and completion.PACKINGS == formats.PACKINGS


def answered(words, shell):
    before, cursor = ["chainrule", *words], str(len(words))
    joined = "\n".join(before) if shell == "powershell" else " ".join(before)
    environment = {"_CHAINRULE_COMPLETE": f"{shell}_complete", "COMP_WORDS": joined}
    environment["COMP_CWORD"] = {"bash": cursor, "powershell": words[-1]}[shell]
    return CliRunner().invoke(cli, [], env=environment).stdout.strip().splitlines()


@pytest.mark.parametrize(("words", "found"), COMPLETIONS)
def test_what_may_stand_at_the_cursor(words, found):
    assert answered(words, "bash") == [f"plain,{each}" for each in found]
    lines = [line.split("\t") for line in answered(words, "powershell")]
    assert [(kind, value) for kind, value, _ in lines] == [("plain", each) for each in found]


def test_a_folder_on_the_way_is_left_to_the_shell():
    assert answered(["train", "dat"], "bash") == ["file,dat"]
    assert answered(["summary", "n"], "powershell") == ["file\tn\tn"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_says_where_to_put_it(shell):
    result = CliRunner().invoke(cli, ["completion", shell])
    first, second = result.stdout.splitlines()[:2]
    assert result.exit_code == 0
    assert f"chainrule completion {shell}" in (second if shell == "zsh" else first)
    assert f"{shell}_complete" in result.stdout


def test_an_unknown_shell_is_told_which_there_are():
    told = CliRunner().invoke(cli, ["completion", "csh"])
    assert told.exit_code == 2 and all(shell in told.stderr for shell in SHELLS)


COMPLETE = {
    "bash": 'eval "$(chainrule completion bash)"; COMP_WORDS=(chainrule {words}); COMP_CWORD={at}\n'
    '_chainrule_completion chainrule; printf "%s\\n" "${{COMPREPLY[@]}}"',
    "fish": "chainrule completion fish | source; complete --do-complete 'chainrule {words}'",
}


@pytest.mark.parametrize("shell", COMPLETE)
def test_the_script_completes_in_its_shell(shell):
    if not shutil.which(shell):
        pytest.skip("needs the shell")
    for words, found in (
        ("train houses.csv --target r", ["rooms"]),
        ("train h", ["houses.csv"]),
        ("sum", ["summary"]),
    ):
        line = COMPLETE[shell].format(words=words, at=len(words.split()))
        assert subprocess.check_output([shell, "-c", line], text=True).split() == found


@pytest.mark.skipif(not shutil.which("bash"), reason="needs the shell")
@pytest.mark.parametrize(
    ("begun", "found"),
    [("the", "the\\ price"), ("'\"the'", "the price"), ("'*'", "\\*"), ("a", "a\\$b"), ("q", "")],
)
def test_bash_is_given_names_as_they_are_typed(here, begun, found):
    (here / "odd.csv").write_text("the price;*;a$b\n1;2;3\n")
    line = COMPLETE["bash"].format(words=f"train odd.csv --target {begun}", at=4)
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert (result.stdout.strip(), result.stderr) == (found, "")


@pytest.mark.skipif(not shutil.which("pwsh"), reason="needs PowerShell")
def test_the_script_completes_in_powershell():
    line = (
        "chainrule completion powershell | Out-String | Invoke-Expression; "
        "$text = 'chainrule train houses.csv --target '; "
        "(TabExpansion2 $text $text.Length).CompletionMatches.CompletionText"
    )
    shown = subprocess.check_output(["pwsh", "-NoProfile", "-c", line], text=True)
    assert shown.splitlines() == ["rooms", "'the price'", "lot"]
