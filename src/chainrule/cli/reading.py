"""Tables and targets as a command line names them."""

from collections.abc import Mapping, Sequence
from typing import Any

import chainrule as cr
from chainrule.terminal import quoted

SHOWN_COLUMNS = 20


def read_table(
    data: str,
    given: Mapping[str, Any],
    usual: Mapping[str, Sequence[str]] | None = None,
    others: Sequence[str] = (),
    decimal: str = "",
) -> tuple[Any, str | None]:
    """Return the table, and its target where that is known.

    Args:
        data: A file or a sample.
        given: The choices of the command line: how it is read.
        usual: What a cell without a value says, by column, if ``given`` does not say it.
        others: Columns that the table need not have, and ``given`` may name.
        decimal: The mark of fractions, where cells read both ways.
    """
    told = {**given, "missing": {**(usual or {}), **given.get("missing", {})}}
    how = {name: value for name in ("missing", "any_size", "table") if (value := told.get(name))}
    how |= {"header": given["header"]} if "header" in given else {}
    how |= {"decimal": decimal} if decimal else {}
    table, target = cr.load_table(data, **how)
    for column, words in given.get("missing", {}).items():
        if column and column not in table and column not in others:
            told = {column: tuple(filter(None, words))}
            raise cr.UnknownNameError(f"missing={told} names no column of {data}.")
    return table, target


def targets_of(data: str, columns: list[str], named: Sequence[str]) -> list[str]:
    """Return the columns to predict; a name that no column bears may be several, with commas."""
    if not named:
        shown = ", ".join(columns[:SHOWN_COLUMNS])
        more = f" and {len(columns) - SHOWN_COLUMNS:,} more" if len(columns) > SHOWN_COLUMNS else ""
        proposed = quoted("chainrule", "train", data, "--target", columns[-1])
        raise cr.DataError(
            f"Which column is to be predicted? {data} has {len(columns)}: {shown}{more}.\n"
            f"For the last: {proposed}"
        )
    return [name for n in named for name in ([n] if n in columns else map(str.strip, n.split(",")))]
