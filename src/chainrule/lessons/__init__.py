"""Lessons: short programs whose numbers are asserted, whose pictures are computed and whose exercises are checked.

A lesson is one file in ``_course/``. Comments after ``# %%`` are its text, the rest is code on public names, and five
words say what a reader is to see: ``number``, ``holds``, ``picture``, ``exercise`` and ``remember``. In a notebook,
``begin`` says which lesson it is, and ``answer`` checks an answer.

A name is loaded when it is first used.
"""

from typing import Any

from chainrule.doors import opened

_HOMES = {
    "words": ["answer", "begin", "exercise", "holds", "number", "picture", "remember"],
    "cells": ["read"],
    "running": ["run"],
    "listing": ["listed"],
    "answering": ["judged", "own_numbers", "value_of"],
    "progress": ["place", "solve", "solved"],
    "terminal": ["write"],
    "page": ["to_html"],
    "notebook": ["to_notebook"],
}
_PLACES = {name: f"{__name__}.{home}:{name}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_PLACES)
    if name not in _PLACES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = globals()[name] = opened(_PLACES[name])
    return value


def __dir__() -> list[str]:
    return sorted(_PLACES)
