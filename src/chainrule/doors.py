"""Doors: what is found by name and imported on first use, and the only way by which a room reaches one above it.

Who serves a door is told once, in ``chainrule/__init__.py``. There are doors for methods, named by class and method
("Network.plot"), for files by their ending ("read .onnx"), and for what a model file holds beside its network ("load
chainrule.table"). Families are found likewise: modules that say of themselves what of them is public.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from types import MethodType, ModuleType
from typing import Any

# Both are filled before any other module of ours is imported.
DOORS: dict[str, str] = {}  # name -> "module:function"
FAMILIES: list[str] = []  # modules with an `__all__`, those that are asked for most before others


def families(room: str) -> Iterator[ModuleType]:
    """Return the families in a room, each imported when it is its turn."""
    return (import_module(family) for family in FAMILIES if family.startswith(f"{room}."))


def family_of(name: str, room: str) -> ModuleType | None:
    """Return the family in a room that has a public name, or None; those behind it are not imported."""
    return next((family for family in families(room) if name in family.__all__), None)


def opened(place: str) -> Any:
    """Return what stands at ``"module:name"``.

    >>> opened("math:sqrt")(9.0)
    3.0
    """
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def late(place: str) -> Callable[..., Any]:
    """Return the function at ``"module:name"``, imported when it is first called: a row's rule that stands above it.

    >>> late("math:sqrt")(9.0)
    3.0
    """
    found: Callable[..., Any] | None = None

    def call(*arguments: Any, **options: Any) -> Any:
        nonlocal found
        if found is None:
            found = opened(place)
        return found(*arguments, **options)

    return call


class Door:
    """A method whose code stands in a room above its class: ``plot = Door()`` in the class is all of it.

    The function that serves it gets the object first. While nobody does, the class has no such method: neither ``dir``
    nor a notebook that looks for ``_repr_html_`` finds what is not there.

    >>> DOORS["Angle.sine"] = "math:sin"
    >>> class Angle(float):
    ...     sine, cosine = Door(), Door()
    >>> Angle(0).sine(), hasattr(Angle, "cosine")
    (0.0, False)
    >>> del DOORS["Angle.sine"]
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._place = DOORS.get(f"{owner.__name__}.{name}", "")
        if not self._place:
            delattr(owner, name)

    def __get__(self, thing: Any, owner: type) -> Any:
        served = opened(self._place)
        return served if thing is None else MethodType(served, thing)
