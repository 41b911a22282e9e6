"""docs/command_line.md: its lines run, and no command, option or exit code is missing."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainrule.cli import front
from chainrule.cli.main import cli

PAGE = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text(encoding="utf-8")
LINES = re.findall(r"^chainrule .*$", PAGE, re.MULTILINE)


def test_the_lines_that_are_shown_run_one_after_the_other(here):
    rows = "".join(f"{i % 7},{['Oslo', 'Rome'][i % 2]},{(i % 7) * 10.5 + i % 2}\n" for i in range(60))
    for name in ("houses.csv", "more_houses.csv", "new.csv"):
        (here / name).write_text(f"rooms,city,price\n{rows}")
    assert len(LINES) > 5
    for line in LINES:
        result = CliRunner().invoke(cli, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}\n{result.stderr}"


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_and_option_is_told(name):
    assert f"| `chainrule {name}" in PAGE
    table = {row[0]: row[1] for row in re.findall(r"^\| (`--.*?) \| (.*?) \|", PAGE, re.MULTILINE)}
    for each in cli.commands[name].params:
        if flags := [flag for flag in each.opts if flag.startswith("--")]:
            (of,) = (of for shown, of in table.items() if re.search(rf"`{flags[0]}\b(?!-)", shown))
            assert name in of or of.startswith("all") or (name in ("config", "doctor") and "train" in of), (
                f"{flags[0]} of {name}"
            )


def test_every_exit_code_is_told():
    codes = [front.WENT_WRONG, front.REFUSED, front.CLOSED_PIPE, 129, 130, 143]
    assert all(re.search(rf"^\| .*\b{code}\b.* \|", PAGE, re.MULTILINE) for code in codes)


@pytest.mark.parametrize("name", cli.commands)
def test_the_help_of_a_command_fits_a_screen_and_has_an_example_that_runs_as_shown(name):
    shown = CliRunner().invoke(cli, [name, "--help"]).stdout
    assert re.search(rf"Examples?:\n    chainrule {name}", shown)
    assert all(len(line) <= 80 for line in shown.splitlines()) and len(shown.splitlines()) < 110
