"""Parameters within parameters, by name: ``network__0__units``, ``optimizer__learning_rate``, ``network__hidden``.

What stands behind ``__`` is a field of a layer, a loss or an optimizer, the number of a layer in a list, or an argument
of a function that has a default. What is set makes another one: the user's own stays as it is.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

from chainrule.errors import ChainruleError, UnknownNameError, short, unknown_name


def inside(value: Any) -> dict[str, Any]:
    """Return what a parameter holds that may be set, by name.

    >>> inside(lambda inputs, outputs, hidden=8: [])
    {'hidden': 8}
    """
    if isinstance(value, list | tuple):
        parts = {str(number): part for number, part in enumerate(value)}
        within = {name: inside(part) for name, part in parts.items() if is_dataclass(part)}
        return parts | {f"{name}__{key}": v for name, found in within.items() for key, v in found.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value) if f.init}
    if inspect.isroutine(value) or isinstance(value, partial):
        return {p.name: p.default for p in _parameters(value) if p.default is not p.empty}
    return {}


def changed(value: Any, settings: Mapping[str, Any], called: str) -> Any:
    """Return a value like another one in which some of what it holds is set, by the names of :func:`inside`.

    >>> changed(lambda inputs, outputs, hidden=8: hidden, {"hidden": 16}, "network")(4, 1)
    16
    """
    known = inside(value)
    for name in settings:
        if name not in known:
            if not known:
                raise UnknownNameError(f"{called} is {short(value)}, which has no {name} to set.")
            raise unknown_name(f"part of {called}", name, known)
    if isinstance(value, list | tuple):
        parts = list(value)
        for name, found in settings.items():
            place, _, rest = name.partition("__")
            parts[int(place)] = (
                changed(parts[int(place)], {rest: found}, f"{called}__{place}") if rest else found
            )
        return type(value)(parts)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **settings)
    return partial(value, **settings)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError, ChainruleError):
        return []
