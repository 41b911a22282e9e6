"""Commands that a page shows with what they print: they are run, and the page can be written anew.

A block of ``console`` has commands behind ``$``, each with what it prints below it. ``python tests/house/consoles.py
docs/table.md`` writes the page anew.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path
from shlex import split

from click.testing import CliRunner

from chainrule.cli.main import cli

BLOCK = re.compile(r"```console\n(.*?)```|```python\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?( ?(ms|µs|s|kB|MB|min))?")


def printed(command):
    """What a command prints, errors and results as a terminal shows them."""
    words = split(command)
    if words[0] == "head":
        count, path = words[1:]
        return "\n".join(Path(path).read_text().splitlines()[: -int(count)]) + "\n"
    if words[0] == "ls":
        return "".join(f"{path.name}\n" for path in sorted(Path(words[1]).iterdir()))
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        return CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(cli, words[1:]).output


def alike(text):
    """A text of which numbers do not count: how a training goes in its last digits depends on the machine.

    Nor do lines of how far it is, every few seconds of one that takes longer.
    """
    same = re.sub(r"[ ─-╿▁-█]+", " ", NUMBER.sub("#", text))
    return re.sub(r"^epoch #.*\n", "", same, flags=re.MULTILINE).strip()


def shown(text):
    """Each command of a page with what the page shows below it; blocks of Python are run on the way."""
    scope = {}
    for console, python in BLOCK.findall(text):
        if python:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(python, scope)
            continue
        yield from re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE)


def rewritten(text):
    """A page with what its commands print today."""
    for command, below in shown(text):
        text = text.replace(f"$ {command}\n{below}", f"$ {command}\n{printed(command)}", 1)
    return text


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page, text = page.resolve(), page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            page.write_text(rewritten(text), encoding="utf-8")
