"""Doors: what is found by name and imported on first use, and the only way by which a room reaches one above it.

A class below gives a door its name; who serves it is told once, in ``chainrule/__init__.py``.
"""

from importlib import import_module
from typing import Any

DOORS: dict[str, str] = {}  # what is asked for -> "module:name", filled by `chainrule/__init__.py`


def opened(place: str) -> Any:
    """Return what stands at ``"module:name"``.

    >>> opened("math:sqrt")(9.0)
    3.0
    """
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
