"""Docstrings as reStructuredText: their sections become fields, roles lead to pages, and prose stays what it says."""

import builtins
import inspect
import re

SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):\n((?:(?:    .*)?(?:\n|\Z))+)", re.MULTILINE)
ENTRY = re.compile(r"^(\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)*): ?", re.MULTILINE)
CODE = re.compile(r"(``.+?``)", re.DOTALL)
ROLE = re.compile(r":(class|meth|func|data|attr|mod|exc):`~?([\w.]+)`")
EXAMPLE = re.compile(r"^ *>>> .*(?:\n *\S.*)*", re.MULTILINE)
FIELDS = {"Args": "param", "Raises": "raises"}


def restructured(doc, lead, without=""):
    """Return a docstring as reStructuredText.

    Args:
        doc: The docstring.
        lead: What a name of a role becomes, in reStructuredText.
        without: An argument that no caller gives, and that is not told of.
    """
    text = inspect.cleandoc(doc or "") + "\n"
    parts, end = [], 0
    for found in SECTION.finditer(text):
        parts += [prose(text[end : found.start()], lead), section(found[1], found[2], lead, without)]
        end = found.end()
    return "\n\n".join(part.strip("\n") for part in [*parts, prose(text[end:], lead)] if part.strip())


def section(name, body, lead, without):
    """Return a section as fields."""
    body = inspect.cleandoc(body)
    if name in ("Returns", "Yields"):
        return f":{name.lower()}: {hanging(prose(body, lead), 4)}"
    entries = [(ENTRY.match(text)[1], text[ENTRY.match(text).end() :]) for text in apart(body)]
    entries = [(entry, text) for entry, text in entries if entry != without]
    if name in FIELDS:
        lines = [
            f":{FIELDS[name]} {called(entry, name)}: {hanging(prose(text, lead), 4)}"
            for entry, text in entries
        ]
        return "\n".join(lines)
    lines = [f"    * **{entry}** -- {hanging(prose(text, lead), 6)}" for entry, text in entries]
    return f":{name}:\n" + "\n".join(lines)


def called(entry, name):
    """Return what an entry is about, as a field takes it."""
    if name == "Raises":
        return entry if hasattr(builtins, entry) else f"cr.{entry}"
    return entry.replace("*", r"\*")


def apart(body):
    """Return the entries of a section, each with the lines that go on."""
    found = []
    for line in body.splitlines():
        if line.startswith(" ") or not line:
            found[-1] += f"\n{line.strip()}"
        elif ENTRY.match(line):
            found.append(line)
        else:  # a sentence that leads to the entries, or one behind them
            found[-1] += f"\n{line}"
    return found


def hanging(text, by):
    """Return a text whose lines behind the first stand in by so much."""
    return text.strip().replace("\n", "\n" + " " * by)


def prose(text, lead):
    """Return a text of which nothing but code and roles is markup: what else has a meaning in it stays as written."""
    parts, end = [], 0
    for example in EXAMPLE.finditer(text):
        parts += [plain(text[end : example.start()], lead), example[0]]
        end = example.end()
    return "".join([*parts, plain(text[end:], lead)])


def plain(text, lead):
    """Return a text without examples."""
    found = []
    for place, part in enumerate(CODE.split(text)):
        if place % 2:
            found.append(part)
            continue
        roles = ROLE.split(part)
        for words, role, target in zip(roles[::3], [*roles[1::3], ""], [*roles[2::3], ""], strict=True):
            found += [
                re.sub(r"([*|\\])|(?<=\w)(_)(?=\W|$)", r"\\\1\2", words),
                lead(role, target) if role else "",
            ]
    return "".join(found)
