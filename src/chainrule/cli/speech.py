"""What the library says, in the words of the command line: its ``test_fraction=0`` is ``--test-fraction 0`` here.

Messages are written once, for Python. Whatever is printed goes through :func:`spoken`, so no command speaks of
arguments that nobody can give it.
"""

import re
from ast import literal_eval
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import click

from chainrule.terminal import quoted

OPTIONS: dict[str, click.Option] = {}  # of all commands, by the name of the argument that each becomes

_VALUE = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\{[^{}]*\}|\[[^][]*\]|\([^()]*\)|[-+\w.]*\w"""
_RESUME = re.compile(rf"cr\.TableModel\.resume\(({_VALUE})\)")
_PYTHON = re.compile(r" \(cr\.(?:[^()]|\([^()]*\))*\)")
# none that begins within quotation marks: they hold names of the user's
# a call, whose arguments are no options, or an argument
_ARGUMENT = re.compile(rf"\b[A-Za-z]\w*\((?:[^()]|\([^()]*\))*\)|(?<![\w.'\"=-])([a-z_]+)=({_VALUE})")
_SUBJECT = re.compile(
    r"^[a-z_]+(?= (?:must be|weighs|leaves no|names no|is for) )"
)  # of what says what an argument is


def learn(command: click.Command) -> None:
    """Take down what the options of a command are called in Python."""
    OPTIONS.update({str(each.name): each for each in command.params if isinstance(each, click.Option)})


def spoken(text: str) -> str:
    """Return a message with options where it names arguments, and without what only Python has: (cr.Adam ...).

    >>> OPTIONS["any_size"] = click.Option(["--any-size"], is_flag=True)
    >>> spoken("If it is one, say so: any_size=True.")
    'If it is one, say so: --any-size.'
    """
    text = _RESUME.sub(lambda call: f"chainrule train --resume {quoted(literal_eval(call[1]))}", text)
    return _SUBJECT.sub(_flag, _ARGUMENT.sub(_option, _PYTHON.sub("", text)))


def _flag(found: re.Match[str]) -> str:
    option = OPTIONS.get(found[0])
    return found[0] if option is None else max(option.opts, key=len)


def _option(found: re.Match[str]) -> str:
    option = OPTIONS.get(found[1] or "")
    try:
        return found[0] if option is None else _written(option, literal_eval(found[2]))
    except (SyntaxError, ValueError):  # a variable, or what is to stand in its place
        return found[0]


def _written(option: click.Option, value: Any) -> str:
    flag = max(option.opts, key=len)
    if option.is_flag:
        return flag
    return " ".join(f"{flag} {quoted(each)}" for each in _values(option, value))


def _values(option: click.Option, value: Any) -> Iterable[str]:
    if isinstance(value, Mapping) and option.multiple:  # words for nothing, by column
        return [f"{name}={','.join(words)}" if name else ",".join(words) for name, words in value.items()]
    if isinstance(value, Mapping):  # weights, by class
        return [",".join(f"{name}={weight:g}" for name, weight in value.items())]
    if isinstance(value, tuple | list):
        return map(str, value) if option.multiple else [",".join(map(str, value)) or "none"]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [f"{value:g}" if isinstance(value, float) else str(value)]


class Speaking:
    """An error stream on which all is said in the words of the command line, whoever writes to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it."""
        return self._stream.write(spoken(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
