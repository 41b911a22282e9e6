"""Every message of the library, read from its source: what is raised or warned of, and where it is said."""

import ast
import re
from dataclasses import dataclass
from functools import cache

import chainrule as cr
from _make.docstrings import prose
from _make.reference import groups, leading, summary, thing
from _make.staging import ROOT

SOURCE = ROOT / "src" / "chainrule"
WORDS = 4  # fewer tell nothing: the rest of such a message is filled in


@dataclass(frozen=True, order=True)
class Message:
    """A message as it stands in the source.

    Attributes:
        error: What is raised, or warned of.
        text: What it says; what differs from case to case is an ellipsis.
    """

    error: str
    text: str


@cache
def messages():
    """Return the messages of all public errors and warnings."""
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            kind = name_of(node.func)
            if kind == "warn" and len(node.args) > 1:
                kind = name_of(node.args[1])
            text = re.sub(r"…(?:\s*…)+", "…", text_of(node.args[0]))
            if (
                kind in cr.__all__
                and kind.endswith(("Error", "Warning"))
                and len(re.findall(r"\w\w+", text)) >= WORDS
            ):
                found.add(Message(kind, text.strip()))
    return sorted(found, key=lambda each: (each.error, each.text.lower()))


def name_of(node):
    """Return the last name of an expression, or nothing."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def text_of(node):
    """Return what an expression says: what is filled in is an ellipsis."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(each) for each in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return text_of(left) + text_of(right)
        case ast.IfExp(body=body):
            return text_of(body)
        case _:
            return "…"


def page():
    """Return the page of all messages."""
    parts = [
        "# Every message",
        "Each message says what was found, what was expected and what to do; … stands for what differs from case to "
        "case. To find one, search this page for a few of its words.",
    ]
    by_error = {}
    for each in messages():
        by_error.setdefault(each.error, []).append(each.text)
    order = [name for group in groups() for name in group.names if name in by_error]
    for error in order:
        about = prose(summary(thing(error)), leading(error))
        parts.append(f"## {error}\n\n```{{eval-rst}}\n:py:exc:`cr.{error}`: {about}\n```")
        parts.append(
            "\n\n".join(
                "```{code-block} text\n:class: message\n\n" + text + "\n```" for text in by_error[error]
            )
        )
    return "\n\n".join(parts) + "\n"
