"""Transcripts of mistakes: what is typed, what is answered, and what is tried then.

An entry is a paragraph: a title, what is typed, the answer word for word, and behind ``>`` what the answer proposes::

    A column that is not there
    $ chainrule train houses.csv --target prise
    Error: No column 'prise' in this table. Did you mean 'price'?
    > chainrule train houses.csv --target price

``>>>`` instead of ``$`` is Python; what begins with ``+`` is done before; what is no command of ours is given to bash.
``- pyarrow`` says that this library is not installed where the mistake is made.
``= 1`` behind what is typed is an exit code other than 2, and the answer then is what is said among other things.
Whatever files an entry names are made for it, see ``tables.py``. "··" stands for an empty line, HERE for the folder.

``python tests/mistakes/transcripts.py`` writes the answers of today into the transcripts: read the difference.
"""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from click.testing import CliRunner

import chainrule as cr
import tables
from chainrule.cli.main import cli
from chainrule.cli.speech import OPTIONS

FOLDER = Path(__file__).parent
NAMES = ("arguments.txt", "tables.txt", "columns.txt", "rows.txt", "models.txt", "runs.txt", "python.txt")
QUICK = ["--epochs", "1", "--hidden", "2"]  # for what is tried: it has to work, not to be good
_COMMAND = re.compile(r"chainrule(?: [^\s';,]+)+")


@dataclass
class Mistake:
    """One entry: where it stands, and its lines by what they are."""

    title: str
    before: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    typed: str = ""
    code: int = 2
    answer: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    @property
    def is_python(self):
        return self.typed.startswith(">>> ")

    def lines(self):
        """What stands in the transcript."""
        code = [] if self.code == 2 else [f"= {self.code}"]
        mark = [] if self.is_python else ["$ "]
        answer = [line or "··" for line in self.answer]
        return [
            self.title,
            *(f"+ {line}" for line in self.before),
            *(f"- {name}" for name in self.lacking),
            "".join([*mark, self.typed]),
            *code,
            *answer,
            *(f"> {line}" for line in self.tried),
        ]


def read(path):
    """The entries of a transcript, and the headings between them as texts."""
    found = []
    for paragraph in path.read_text().strip().split("\n\n"):
        title, *lines = paragraph.split("\n")
        if not lines:
            found.append(title)
            continue
        mistake = Mistake(title)
        for line in lines:
            head, _, rest = line.partition(" ")
            if head == "+":
                mistake.before.append(rest)
            elif head == "-":
                mistake.lacking.append(rest)
            elif head == "$":
                mistake.typed = rest
            elif head == ">>>":
                mistake.typed = line
            elif head == "=":
                mistake.code = int(rest)
            elif head == ">":
                mistake.tried.append(rest)
            else:
                mistake.answer.append("" if line == "··" else line)
        found.append(mistake)
    return found


def mistakes(name):
    """The entries of a transcript."""
    return [entry for entry in read(FOLDER / name) if isinstance(entry, Mistake)]


def do(line):
    """Do a line in the folder where we are: its exit code, and what it says on the error stream."""
    if not line.startswith("chainrule "):
        found = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
        return found.returncode, found.stderr
    words = shlex.split(line)[1:]
    piped = None
    if "<" in words:
        at = words.index("<")
        piped, words = Path(words[at + 1]).read_bytes(), words[:at]
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)  # they are printed, as in a process
        result = CliRunner().invoke(cli, words, input=piped)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stderr


def evaluated(code):
    """The value of a line of Python, which may have statements before it, with ";" between."""
    names = {"cr": cr, "pd": pd, "np": np}
    *statements, last = code.split("; ")
    for statement in statements:
        exec(statement, names)
    return eval(last, names)


@contextlib.contextmanager
def without(names):
    """Have libraries as if they were not installed."""
    before = {name: sys.modules.pop(name, None) for name in names}
    sys.modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def answered(mistake):
    """Do what is typed: its exit code (of Python 2, where it is refused), and the answer in lines."""
    if mistake.is_python:
        try:
            evaluated(mistake.typed[4:])
        except cr.ChainruleError as error:
            return 2, _here(f"{type(error).__name__}: {error}").split("\n")
        return 0, []
    with without(mistake.lacking):
        code, told = do(mistake.typed)
    if code != 2:
        return code, [
            line for line in told.split("\n") if line.startswith("Warning: ") or line in mistake.answer
        ]
    return code, _here(told[told.index("Error: ") :]).rstrip("\n").split("\n")


def _here(told):
    return told.replace(os.path.realpath("."), "HERE")


def try_out(line, is_python):
    """Do what an answer proposes."""
    if is_python:
        evaluated(line)
        return
    words = shlex.split(line)
    quick = QUICK if words[:2] == ["chainrule", "train"] and "--help" not in words else []
    added = [
        each for pair in zip(quick[::2], quick[1::2], strict=True) if pair[0] not in words for each in pair
    ]
    code, told = do(" ".join([line, *added]))
    assert code == 0, f"{line}\n{told}"


def proposed(answer):
    """What an answer names that has to be tried: commands, options with or without a value, and suggestions."""
    text = "\n".join(answer)
    known = {flag for option in OPTIONS.values() for flag in option.opts}
    commands = [found[0].rstrip(".:") for found in _COMMAND.finditer(text)]
    options = [flag for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text) if flag in known]
    return commands, options, re.findall(r"Did you mean '(?:--)?([^']+)'", text)


def made(mistake):
    """Make the files that an entry names, in the folder where we are, and do what is done before."""
    text = " ".join([*mistake.before, mistake.typed, *mistake.tried])
    for name, make in tables.FILES.items():
        if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text):
            make(Path(name))
    for line in mistake.before:
        assert do(line)[0] == 0, line


def contents():
    """All files below the folder where we are, with what is in them."""
    return {
        str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in sorted(Path().rglob("*"))
    }


def rewrite(path):
    """Write the answers of today into a transcript."""
    paragraphs = []
    for entry in read(path):
        if isinstance(entry, str):
            paragraphs.append(entry)
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                made(entry)
                entry.code, entry.answer = answered(entry)
            except Exception as error:
                print(f"{entry.title}: {error!r}")
            paragraphs.append("\n".join(entry.lines()))
            os.chdir(FOLDER)
    path.write_text("\n\n".join(paragraphs) + "\n")


if __name__ == "__main__":
    for transcript in [FOLDER / name for name in sys.argv[1:] or NAMES]:
        rewrite(transcript)
