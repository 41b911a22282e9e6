"""Rows that stand within a cell, since a stray quotation mark opens it and the next one closes it rows later."""

import pandas as pd

from chainrule.data.cells import kind_of
from chainrule.data.dialect import BLANKS, Dialect
from chainrule.shown import counted

_CHANCE = 3  # delimiters that a text of several lines may well have just where rows would have theirs


def swallowed_rows(text: bytes, dialect: Dialect, frame: pd.DataFrame, above: int = 0) -> str:
    """Return a sentence if a cell of a table that was read from ``text`` holds what are rows to all appearance.

    Where another mark closes it in the same column, all lines have the right number of cells, and nothing else tells.
    ``above`` lines of the file stand above the text.

    >>> read = pd.DataFrame({"a": [1], "b": ["x\\n2\\ty"]})
    >>> swallowed_rows(b'a\\tb\\n1\\t"x\\n2\\t"y\\n', Dialect("\\t"), read)[:62]
    'The quotation mark in line 2 closes in line 3, and what stands'
    """
    mark, delimiter = dialect.quote.encode(), dialect.delimiter
    if not mark or mark not in text or delimiter == BLANKS:
        return ""
    width, found = frame.shape[1], []
    for i in range(width):
        cells = frame.iloc[:, i]
        if kind_of(cells) != "text" or cells.dtype == "bool":
            continue
        for cell in cells[cells.str.contains("\n", regex=False).eq(True)]:
            first, *within, last = (line.count(delimiter) for line in cell.split("\n"))
            sure = delimiter == "\t" or cell.count(delimiter) >= _CHANCE
            if sure and first == width - 1 - i and last == i and set(within) <= {width - 1}:
                found.append(cell)
    if not found:
        return ""
    begin = found[0].partition("\n")[0].replace(dialect.quote, dialect.quote * 2)
    line = text.partition(mark + begin.encode())[0].count(b"\n") + 1 + above
    lines = found[0].count("\n")
    others = f", as do {counted(len(found) - 1, 'other cell')}" if len(found) > 1 else ""
    return (
        f"The quotation mark in line {line:,} closes in line {line + lines:,}, and what stands between looks like rows"
        f"{others}: {counted(sum(cell.count(chr(10)) for cell in found), 'row')} would be lost in a cell. "
        "If so, remove the stray marks."
    )
