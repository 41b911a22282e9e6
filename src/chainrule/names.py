"""Names as people write them: in any case, with a slip of the finger."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def bare(name: str) -> str:
    """Return a name without case, underlines, dashes and blanks: all that differs between libraries.

    >>> bare("He_Normal"), bare("HeNormal"), bare("he-normal")
    ('henormal', 'henormal', 'henormal')
    """
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def spelled(name: T, known: Iterable[str]) -> T | str:
    """Return the one of the ``known`` names that is written ``name`` but for its case; any other stays as it is.

    >>> spelled("ReLU", ["relu", "tanh"]), spelled("rellu", ["relu"]), spelled(None, ["relu"])
    ('relu', 'rellu', None)
    """
    if not isinstance(name, str):
        return name
    names = known if isinstance(known, Mapping) else list(known)
    if name in names:
        return name
    wanted = bare(name)
    return next((each for each in names if bare(each) == wanted), name)


def closest(name: object, known: Iterable[Any], alike: float = 0.6) -> str | None:
    """Return the known name that is most like ``name``, or None if none is ``alike``, of which 1 is the same.

    >>> closest("Leaning-Rate", ["learning_rate", "momentum"]), closest("xyz", ["learning_rate"])
    ('learning_rate', None)
    """
    by_bare = {bare(str(each)): str(each) for each in known}
    if not by_bare:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 -- it takes long to load, and most names are right

    found = get_close_matches(bare(str(name)[:60]), list(by_bare), n=1, cutoff=alike)
    return by_bare[found[0]] if found else None
