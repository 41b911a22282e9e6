"""What users write in the place of ours, called: one that takes other arguments is told so in words."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from inspect import signature
from types import FrameType
from typing import Any

from chainrule.errors import GraphError


def apply(what: str, function: Callable[..., Any], **given: Any) -> Any:
    """Return ``function(*given)``; the names of what is given stand in the error of one that takes something else.

    Args:
        what: What the function is to the user: "the loss 'mine'".
        function: What is called, by position.
        given: Its arguments, by what they are.

    Raises:
        GraphError: If it takes other arguments.

    >>> apply("the loss 'mine'", lambda y: y, y=1, p=2)
    Traceback (most recent call last):
    chainrule.errors.GraphError: The loss 'mine' is called with (y, p), and takes (y). Write it as a function (y, p).
    """
    try:
        return function(*given.values())
    except TypeError:
        check_takes(what, function, list(given))
        raise


def check_takes(what: str, function: Callable[..., Any], names: Sequence[str]) -> None:
    """Raise if a function cannot be called with so many arguments, by position."""
    takes = takes_instead(function, names)
    if takes:
        wanted = f"({', '.join(names)})"
        told = f"{what[0].upper()}{what[1:]} is called with {wanted}, and takes {takes}"
        raise GraphError(f"{told}. Write it as a function {wanted}.") from None


def takes_instead(function: Callable[..., Any], names: Sequence[str]) -> str:
    """Return what a function takes, as it is written, where that is not ``names``; "" where it takes them.

    >>> takes_instead(lambda epoch, logs=None: None, ["network", "epoch", "logs"])
    '(epoch, logs=None)'
    """
    try:
        found = signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # those written in C that do not say
        return ""
    try:
        found.bind(*names)
    except TypeError:
        return str(found.replace(return_annotation=found.empty))
    return ""


def nameless(thing: Any) -> Iterator[Any]:
    """Yield the functions and classes in a thing that pickle could not find again, such as lambdas.

    >>> [f.__name__ for f in nameless([len, (lambda z: z,)])]
    ['<lambda>']
    """
    if isinstance(thing, list | tuple):
        for part in thing:
            if not isinstance(part, int | float):  # of which there may be many
                yield from nameless(part)
    elif is_dataclass(thing) and not isinstance(thing, type):
        yield from nameless([type(thing), *(getattr(thing, f.name) for f in fields(thing))])
    elif "<" in getattr(thing, "__qualname__", ""):
        yield thing


def check_names(what: str, *things: Any) -> None:
    """Raise if pickle would ask for the name of something that has none; deepcopy does not."""
    found = next(nameless(things), None)
    if found is None or _keeps_functions():
        return
    raise GraphError(
        f"{what} cannot be pickled: {found.__qualname__!r} has no name by which it could be found again. Define it "
        "with def (or class) at the top of a file, or use one of the named ones; cloudpickle takes it as it is."
    )


def _keeps_functions() -> bool:
    """Say whether it is the copy module or a pickler of functions that asks, at any depth."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name == "copy" or "cloudpickle" in name or name.startswith("dill."):
            return True
        frame = frame.f_back
    return False
