"""How things are shown: what is printed by itself fits a screen, and mostly a line; numbers of things, and times."""

import re
from collections.abc import Sequence
from dataclasses import fields
from reprlib import Repr
from typing import Any

WIDE, HIGH = 79, 22  # characters of a line, and lines: 80 by 24 with the prompt before and after

# What terminals obey, what turns the direction of the rest of a line, and what is no letter at all.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

_VALUES = Repr()
_VALUES.maxtuple = _VALUES.maxlist = _VALUES.maxdict = 4
_VALUES.maxlevel, _VALUES.maxstring, _VALUES.maxother = 3, 40, 60


def visible(text: str) -> str:
    r"""Return a text without what a terminal would obey: names in it may come from a file of anybody's.

    >>> visible("title\x1b]0;mine\x07")
    'title\\x1b]0;mine\\x07'
    """
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def cut(text: str, most: int = WIDE) -> str:
    """Return the beginning of a text, on one line.

    >>> cut("a line\\nand another that is too long", 12)
    'a line and …'
    """
    text = visible(re.sub(r"\s*[\r\n]\s*", " ", text[: 8 * most]))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def in_a_row(items: Sequence[str], most: int = WIDE) -> str:
    """Return items in a row, those in the middle counted where they are too many.

    >>> in_a_row([f"w{i}" for i in range(1, 1000)], 28)
    'w1, w2, … 996 more …, w999'
    """
    items = [cut(item, max(most // 2, 10)) for item in items]
    if len(items) < 3 or sum(map(len, items)) + 2 * len(items) <= most:
        return ", ".join(items)
    front, room = [items[0]], most - len(items[0]) - len(items[-1]) - len("… 100 more …") - 4
    for item in items[1:-1]:
        room -= len(item) + 2
        if room < 0:
            break
        front.append(item)
    left = len(items) - len(front) - 1
    return ", ".join([*front, *([f"… {left:,} more …"] if left else []), items[-1]])


def screen(lines: Sequence[Any], most: int = HIGH, more: str = "… {} more lines …") -> list[Any]:
    """Return lines, those in the middle counted where they are too many.

    >>> screen(["a", "b", "c", "d", "e"], 3)
    ['a', '… 3 more lines …', 'e']
    """
    if len(lines) <= most:
        return list(lines)
    head, tail = most // 2, most - most // 2 - 1
    return [*lines[:head], more.format(f"{len(lines) - head - tail:,}"), *lines[len(lines) - tail :]]


class Lines(str):
    """A text of many lines, which a prompt and a notebook show as it reads, those in the middle counted.

    >>> Lines("a\\nb")
    a
    b
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(screen(self.splitlines()))


def columns(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Return the lines of a table: each column as wide as its widest cell, numbers to the right.

    >>> print(*columns([("name", "size"), ("a", "10")]), sep="\\n")
    name  size
    a       10
    """
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = ["<" if i in left else ">" for i in range(len(wide))]
    return ["  ".join(f"{c:{s}{w}}" for c, s, w in zip(row, sides, wide, strict=True)) for row in rows]


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write a number of things.

    >>> counted(1, "row"), counted(2000, "row"), counted(2, "class", "classes")
    ('1 row', '2,000 rows', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def took(seconds: float) -> str:
    """Write how long something took.

    >>> took(12.34), took(0.0123), took(0.0)
    ('12.3 s', '12 ms', '1 ms')
    """
    return f"{seconds:.1f} s" if seconds >= 1 else f"{max(seconds * 1000, 1):.0f} ms"


def plainly(value: float, sign: str = "") -> str:
    """Write a number of a table as people do: no powers of ten where they need not be.

    >>> plainly(216812.4), plainly(-0.0312, "+"), plainly(1.5e-7)
    ('216,812', '-0.0312', '1.5e-07')
    """
    return f"{value:{sign},.0f}" if 1000 <= abs(value) < 1e9 else f"{value:{sign}.4g}"


def brief(record: Any) -> str:
    """Write a dataclass as Python does, but of each value only as much as fits: the ``__repr__`` of records.

    >>> from dataclasses import dataclass
    >>> @dataclass(repr=False)
    ... class Words:
    ...     found: tuple
    ...     __repr__ = brief
    >>> Words(tuple("abcdefgh"))
    Words(found=('a', 'b', 'c', 'd', ...))
    """
    values = [f"{f.name}={cut(_VALUES.repr(getattr(record, f.name)))}" for f in fields(record) if f.repr]
    return f"{type(record).__name__}({', '.join(values)})"
