"""Tables and targets as a command line names them."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import chainrule as cr
from chainrule.cli.kinds import Missing

SHOWN_COLUMNS = 20


def read_table(
    data: str,
    missing: Missing,
    any_size: bool,
    usual: Mapping[str, Sequence[str]] | None = None,
    others: Sequence[str] = (),
) -> tuple[Any, tuple[str, ...]]:
    """Return the table, and its target where that is known.

    ``missing`` may name columns of the table and the ``others``; without it, what a cell without a value says is
    as ``usual``.
    """
    told: dict[str, Any] = {"missing": {**(usual or {}), **dict(missing)}, "any_size": any_size}
    table, target = cr.load_table(data, **{name: value for name, value in told.items() if value})
    for column, _ in missing:
        if column and column not in table and column not in others:
            raise cr.UnknownNameError(f"--missing names no column of {data}: {column!r}.")
    return table, (target,) if target else ()


def targets_of(data: str, columns: list[str], named: tuple[str, ...]) -> list[str]:
    """Return the columns to predict; a name that no column bears may be several, with commas."""
    if not named:
        shown = ", ".join(columns[:SHOWN_COLUMNS])
        more = f" and {len(columns) - SHOWN_COLUMNS:,} more" if len(columns) > SHOWN_COLUMNS else ""
        proposed = shlex.join(["chainrule", "train", data, "--target", columns[-1]])
        raise cr.DataError(
            f"Which column is to be predicted? {data} has {len(columns)}: {shown}{more}.\n"
            f"For the last: {proposed}"
        )
    return [name for n in named for name in ([n] if n in columns else map(str.strip, n.split(",")))]
