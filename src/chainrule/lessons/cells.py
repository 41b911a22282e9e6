"""A lesson's file, read: its header, its text and its code, in the order in which they stand."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from chainrule.errors import UnknownNameError
from chainrule.lessons.outline import COURSE, LESSONS
from chainrule.names import closest

# What stands before a lesson's code, wherever it is read.
WORDS = (
    "In the code, `number` prints a number and checks it against its exact value, `holds` tells what was just checked, "
    "`picture` shows, `exercise` asks."
)
HEADER = re.compile(r"^(Needs|Minutes): *(.*(?:\n +.*)*)$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A part of a lesson: text in Markdown, or code."""

    kind: Literal["text", "code"]
    source: str


@dataclass(frozen=True)
class Lesson:
    """A lesson as it is read.

    Attributes:
        name: That of its file.
        title: Its title.
        intro: What is said first.
        needs: The lessons that it builds on.
        minutes: How long it takes.
        cells: Its text and code.
    """

    name: str
    title: str
    intro: str
    needs: tuple[str, ...]
    minutes: int
    cells: tuple[Cell, ...]


@cache
def read(name: str) -> Lesson:
    """Read a lesson.

    Raises:
        UnknownNameError: If there is none of this name.
    """
    if name not in LESSONS:
        near = closest(name, LESSONS)
        hint = f"Did you mean {near!r}? " if near else ""
        raise UnknownNameError(f"No lesson {name!r}. {hint}'chainrule lessons' lists all.")
    source = (COURSE / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    said = ast.get_docstring(tree) or ""
    head = {key: " ".join(value.split()) for key, value in HEADER.findall(said)}
    title, _, rest = said.partition("\n")
    body = "\n".join(source.splitlines()[tree.body[0].end_lineno :])
    return Lesson(
        name,
        title.strip().rstrip("."),
        HEADER.sub("", rest).strip(),
        tuple(head.get("Needs", "").replace("nothing", "").split()),
        int(head.get("Minutes", "10")),
        tuple(_cells(body)),
    )


def _cells(body: str) -> list[Cell]:
    found = []
    for part in re.split(r"^# %%.*$\n?", body, flags=re.MULTILINE):
        lines, text = part.strip("\n").splitlines(), []
        while lines and lines[0].startswith("#"):
            text.append(lines.pop(0).removeprefix("#").removeprefix(" "))
        code = "\n".join(lines).strip("\n")
        found += [Cell("text", "\n".join(text))] * bool(text) + [Cell("code", code)] * bool(code)
    return found
