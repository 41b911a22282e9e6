"""The series of a panel: those that say nothing of their colour, dash or marker get the next one."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from chainrule.explaining.pictures.marks import Mark
from chainrule.showing.colours import SERIES

DASHES = ("", "dashed", "dotted", "dashdot", "long")
MARKERS = ("o", "s", "^", "d", "x", "+")


def settled(marks: Sequence[Mark]) -> list[Any]:
    """Return marks with a colour, a dash and a marker each; marks of one name look alike.

    Args:
        marks: Those of a panel.
    """
    looks: dict[Any, int] = {}
    done = []
    for number, mark in enumerate(marks):
        known = {field.name for field in fields(mark)}  # type: ignore[arg-type]
        change: dict[str, Any] = {}
        which = None
        open_ = [name for name in ("colour", "dash", "marker") if name in known and _is_open(mark, name)]
        if open_ and not hasattr(mark, "kind"):
            key = (type(mark).__name__ in ("Points",), getattr(mark, "name", "") or number)
            which = looks.setdefault(key[1], len(looks))
            if "colour" in open_:
                change["colour"] = SERIES[which % len(SERIES)]
            if "dash" in open_:
                change["dash"] = DASHES[which % len(DASHES)]
            if "marker" in open_:
                change["marker"] = MARKERS[which % len(MARKERS)]
        done.append(replace(mark, **change) if change else mark)  # type: ignore[type-var]
    return done


def _is_open(mark: Any, name: str) -> bool:
    return getattr(mark, name) == ("" if name == "colour" else "auto")
