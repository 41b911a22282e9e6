"""Names that no class and no module of ours has: they are answered, for hands come from elsewhere.

What is answered stands in :mod:`chainrule.habits`.
"""

import inspect
import sys
from abc import ABCMeta
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import FrozenInstanceError
from functools import cache, wraps
from opcode import opmap
from types import MethodType
from typing import TYPE_CHECKING, Any

from chainrule.arguments import as_ours, filled, home, public, within_call
from chainrule.doors import opened
from chainrule.errors import ArgumentError, ForeignNameError, short
from chainrule.habits import IN_VAIN, ORDERS, VALUES, WORKS, WRITE, spread
from chainrule.names import closest, spelled


@cache
def _answers(owner: str) -> dict[str, str]:
    return spread(WRITE.get(owner, {}))


def foreign(owner: str, name: str, node: str = "x") -> str:
    """Return what to write instead of a foreign name, or "".

    >>> foreign("Node", "eval", "J")
    'It is called: J.value.'
    """
    answer = _answers(owner).get(name)
    return f"{filled(answer, name=name, node=node)}." if answer else ""


def named(kind: str, name: Any, known: Collection[str]) -> Any:
    """Return a name as ``known`` has it: in any case, and by what other libraries call it; whatever else stays.

    >>> named("activation", "ReLU", ["relu"]), named("initializer", "kaiming_normal", ["he_normal"])
    ('relu', 'he_normal')
    """
    if not isinstance(name, str) or name in known:
        return name
    names = list(known)
    found = spelled(name, names)
    if found in names:
        return found
    elsewhere = VALUES.get(kind, {})
    return elsewhere.get(spelled(found, elsewhere), found)


@cache
def working(owner: str, name: str) -> Any:
    """Return the function that makes a foreign name work, or None."""
    place = WORKS.get(owner, {}).get(name)
    if place is None:
        return None
    return opened(place) if owner == "cr" else public(opened(place), f"{owner}.{name}")


def missing(says: str, thing: Any, name: str, answer: str) -> ForeignNameError:
    """Return the error for a name that ``thing`` does not have."""
    error = ForeignNameError(f"{says}. {answer}" if answer else f"{says}.")
    error.name, error.obj = name, thing  # from which Python suggests what was meant
    return error


def of_module(module: str, name: str, known: Iterable[str] = (), called: str = "cr") -> Any:
    """Return what stands for a name that a module of ours has not; where none does, say what to write.

    It is called by the ``__getattr__`` of that module. What an AttributeError says is lost where names are imported, so
    there it is an ImportError.
    """
    work, answer = working(called, name), foreign(called, name)
    if work is not None:
        return work
    if not answer:
        near = closest(name, known, 0.7)  # for there are many
        answer = f"Did you mean {called}.{near}?" if near else ""
    frame = sys._getframe(2)
    if answer and frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]:
        raise ImportError(f"{module} has no '{name}'. {answer}", name=module)
    raise missing(f"module '{module}' has no attribute '{name}'", sys.modules[module], name, answer)


class Foreign:
    """A foreign name in a class of ours: it works, or says what to write; no ``dir`` knows it."""

    def __init__(self, owner: str, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, thing: Any, kind: type) -> Any:
        for each in kind.__mro__:  # a user's class may have it from a base behind ours
            found = vars(each).get(self._name, self)
            if not isinstance(found, Foreign):
                return found.__get__(thing, kind) if hasattr(found, "__get__") else found
        work = working(self._owner, self._name)
        if work is not None:
            return work if thing is None else MethodType(work, thing)
        what = "is not called" if self._name == "__call__" else f"has no attribute '{self._name}'"
        says = f"{kind.__name__} {what}"
        raise missing(says, kind if thing is None else thing, self._name, foreign(self._owner, self._name))


class InVain(Foreign):
    """A foreign name that is assigned to elsewhere, which would change nothing here; in a user's class it is theirs."""

    def __get__(self, thing: Any, kind: type) -> Any:
        own = getattr(thing, "__dict__", {})
        return own[self._name] if self._name in own else super().__get__(thing, kind)

    def __set__(self, thing: Any, value: Any) -> None:
        if is_ours(type(thing)):
            self.__get__(thing, type(thing))
        vars(thing)[self._name] = value


class Hidden:
    """A property that no ``dir`` shows: an old name of ours."""

    def __init__(self, get: Callable[[Any], Any], doc: str) -> None:
        self._get, self.__doc__ = get, doc

    def __get__(self, thing: Any, kind: type) -> Any:
        return self if thing is None else self._get(thing)


def is_ours(kind: type) -> bool:
    """Say whether a class stands in the library: one of the user's, derived from ours, does not."""
    return kind.__module__.startswith("chainrule.")


class FriendlyType(ABCMeta):
    """The type of the public classes."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> None:
        super().__init__(name, bases, namespace, **options)
        if is_ours(cls):
            for each in {**_answers(name), **WORKS.get(name, {})}:
                if not any(each in vars(base) for base in cls.__mro__):
                    setattr(cls, each, (InVain if each in IN_VAIN else Foreign)(name, each))

    if not TYPE_CHECKING:  # or the classes would take anything

        def __call__(cls, *arguments, **settings):  # noqa: D102 -- it makes an object
            if cls.__name__ in ORDERS and _is_name(arguments[:1]):
                arguments, settings = (), _ordered(cls.__name__, arguments, settings)
            try:
                return super().__call__(*arguments, **settings)
            except TypeError as error:
                if not within_call(error):
                    raise
                owners = tuple([each.__name__ for each in cls.__mro__])
                shown = f"{home(cls)}.{cls.__name__}" if is_ours(cls) else cls.__name__
                read = as_ours(cls.__init__, owners, shown, (None, *arguments), settings)
                if read is None:
                    raise
            return super().__call__(*arguments, **read)

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, _answering(value) if name == "__setattr__" else value)

    @property
    def __signature__(cls) -> inspect.Signature:
        """What making an object takes, which :meth:`__call__` does not say."""
        takes = inspect.signature(getattr(cls, "__init__"))  # noqa: B009 -- mypy takes it for that of an object
        return takes.replace(parameters=list(takes.parameters.values())[1:], return_annotation=takes.empty)

    def __dir__(cls) -> list[str]:
        return sorted({*super().__dir__()} - _hidden(cls))


def _answering(frozen: Callable[[Any, str, Any], None]) -> Callable[[Any, str, Any], None]:
    """Let what a dataclass refuses to set say what to do."""

    @wraps(frozen)
    def __setattr__(self: Any, name: str, value: Any) -> None:
        change = getattr(type(self), f"_set_{name}", None)  # of what may be changed all the same
        if change is not None:
            return change(self, value)
        try:
            frozen(self, name, value)
        except FrozenInstanceError:
            kind, owners = type(self), [each.__name__ for each in type(self).__mro__]
            called = next((owner.lower() for owner in owners if owner in ("Layer", "Optimizer")), "x")
            answer = next((found for owner in owners if (found := foreign(owner, name))), "")
            answer = answer or f"Make another: dataclasses.replace({called}, {name}={short(value)})."
            message = f"The {name} of {kind.__name__} cannot be set. {answer}"
            raise FrozenInstanceError(message) from None

    return __setattr__


@cache
def _hidden(kind: type) -> set[str]:
    found = [
        (name, isinstance(thing, Foreign | Hidden))
        for each in kind.__mro__
        for name, thing in vars(each).items()
    ]
    return {name for name, hidden in found if hidden} - {name for name, hidden in found if not hidden}


def _is_name(first: tuple[Any, ...]) -> bool:
    return bool(first) and isinstance(first[0], str) and first[0].isidentifier()


def _ordered(owner: str, arguments: tuple[Any, ...], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments that stand in another library's order by their names."""
    order = ORDERS[owner]
    if len(arguments) > len(order) or {*order[: len(arguments)]} & {*settings}:
        written = ", ".join(order)
        raise ArgumentError(
            f"cr.{owner} that begins with the {order[0]} takes ({written}) by place, the rest by name."
        )
    return dict(zip(order, arguments, strict=False)) | dict(settings)


class Friendly(metaclass=FriendlyType):
    """The base of public classes: names and arguments of other libraries are answered, and no ``dir`` shows them."""

    __slots__ = ()

    def __dir__(self) -> list[str]:
        own = getattr(self, "__dict__", {})  # a user's class may have fields of such names
        return sorted({*super().__dir__()} - (_hidden(type(self)) - own.keys()))
