"""Arguments: whoever is called with those that it does not take says which it takes, and reads other libraries'.

What these are called stands in :mod:`chainrule.habits`. A call that is right costs a frame.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from chainrule.errors import ArgumentError, OutOfMemoryError, short
from chainrule.habits import ARGUMENTS, spread
from chainrule.names import closest

P = ParamSpec("P")
R = TypeVar("R")


def public(function: Callable[P, R], called: str = "") -> Callable[P, R]:
    """Let a function answer arguments that it does not take, and say what to do where memory is used up.

    Args:
        function: A function, or a method.
        called: What a user calls a function that stands as a method elsewhere: "Network.score".
    """

    @wraps(function)
    def call(*arguments: P.args, **settings: P.kwargs) -> R:
        try:
            return function(*arguments, **settings)
        except TypeError as error:
            if not within_call(error):
                raise
            name = called or function.__qualname__.removesuffix(".__init__")
            shown = _called(name, arguments) if "." in name else f"{home(function)}.{name}"
            read: Any = as_ours(function, (name,), shown, arguments, settings, bool(called))
            if read is None:
                raise
        except OutOfMemoryError:
            raise
        except MemoryError as error:
            detail = f" ({error})" if str(error) else ""
            raise OutOfMemoryError(
                f"The memory of this machine is used up{detail}. Take fewer rows or columns at once, or a smaller "
                "network."
            ) from None
        return function(*arguments, **read)

    return call


def home(thing: Any) -> str:
    """Return what a user writes before the name of something public.

    >>> home(home)
    'cr'
    """
    inside = thing.__module__.startswith("chainrule.explaining.pictures.") and thing.__name__ != "Picture"
    return "cr.pictures" if inside else "cr"


def _called(name: str, arguments: tuple[Any, ...]) -> str:
    """Return what the user calls a method that a class of ours has from another."""
    kind = type(arguments[0]) if arguments else object
    return f"{kind.__name__}.{name.rpartition('.')[2]}" if kind.__module__.startswith("chainrule.") else name


def within_call(error: TypeError) -> bool:
    """Say whether the call itself failed, and not something within the function: of that there is no frame."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def as_ours(
    function: Callable[..., Any],
    owners: tuple[str, ...],
    shown: str,
    arguments: tuple[Any, ...],
    settings: Mapping[str, Any],
    bound: bool = False,
) -> dict[str, Any] | None:
    """Return the arguments by name as ours; None where they were right, and :class:`ArgumentError` where they are not.

    Args:
        function: What was called.
        owners: Under which names the table of habits knows it.
        shown: What the user calls it.
        arguments: Those by place.
        settings: Those by name.
        bound: Whether the first is not written, as that of a method is not.
    """
    takes = inspect.signature(function)
    skip = bound or next(iter(takes.parameters), "") in ("self", "cls")
    by_name = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    known = [p.name for p in list(takes.parameters.values())[skip:] if p.kind in by_name]
    foreign = _arguments(owners)
    read: dict[str, Any] = {}
    for name, value in settings.items():
        answer = name if name in known else foreign.get(name)
        if isinstance(answer, tuple):
            answer, meanings = answer
            if not isinstance(value, str) or value not in meanings:
                wanted = ", ".join(map(repr, meanings))
                raise ArgumentError(f"{shown}: {name} is one of {wanted}, or {answer}; found {short(value)}.")
            value = meanings[value]
        if answer == "":
            continue
        if answer in known and answer not in read and (answer == name or answer not in settings):
            read[answer] = value
            continue
        if answer is not None and not answer.isidentifier():
            raise ArgumentError(f"{shown} takes no '{name}'. {filled(answer, name=name, value=value)}.")
        if answer in known:
            given = next(each for each in settings if each != name and answer in (each, foreign.get(each)))
            raise ArgumentError(f"{shown}: {name} and {given} are one argument, {answer}. Give it once.")
        near = closest(name, [*known, *(each for each, ours in foreign.items() if ours in known)])
        near = near if near in known or near is None else foreign[near]
        hint = f" Did you mean '{near}'?" if near else ""
        raise ArgumentError(f"{shown} takes no '{name}'.{hint} Known: {', '.join(known) or 'none'}.")
    try:
        takes.bind(*arguments, **read)
    except TypeError as misfit:
        written = ", ".join(_parts(list(takes.parameters.values())[skip:]))
        reason = str(misfit).replace("argument: ", "argument ")
        answer = f" {filled(foreign['()'])}." if "()" in foreign else ""
        raise ArgumentError(f"{shown}({written}): {reason}.{answer}") from None
    return None if read == settings else read


def _parts(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """Write parameters as in a definition, with the star before those that are given by name."""
    starred = False
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred = starred or p.kind is p.VAR_POSITIONAL
        yield _written(p)


def _written(parameter: inspect.Parameter) -> str:
    name = parameter.replace(annotation=parameter.empty, default=parameter.empty)  # with its stars
    default = "" if parameter.default is parameter.empty else f"={short(parameter.default)}"
    return f"{name}{default}"


@cache
def _arguments(owners: tuple[str, ...]) -> dict[str, Any]:
    """Return the foreign arguments of whoever bears these names, the nearest first."""
    return {
        name: answer
        for owner in reversed(owners)
        for name, answer in spread(ARGUMENTS.get(owner, {})).items()
    }


class _Shown:
    """A value of the user's in a sentence, of which parts may be wanted."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, key: Any) -> "_Shown":
        try:
            return _Shown(self.value[key])
        except (TypeError, LookupError):
            return self

    def __format__(self, _: str) -> str:
        return short(self.value)


def filled(answer: str, value: Any = None, **words: Any) -> str:
    """Return an answer of the table of habits as a sentence of this occasion."""
    return answer.format(value=_Shown(value), lower=words.get("name", "").lower(), **words)
