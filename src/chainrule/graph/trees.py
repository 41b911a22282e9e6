"""Values in the kinds that people keep them in: alone, in tuples, lists and dicts, and in those again."""

from collections.abc import Iterable, Iterator
from typing import Any


def leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values of a tree, each after what it is called there, or else where it stands; None is one without any.

    >>> list(leaves({"h": 1, "rest": (2, [3], None)}))
    [('h', 1), ('0', 2), ('0', 3)]
    """
    if tree is None:
        return
    for name, part in _parts(tree):
        if _is_leaf(part):
            yield name, part
        else:
            yield from leaves(part)


def aligned(kind: Any, tree: Any) -> list[Any] | None:
    """Return the values of a tree in the order of another of the same kind; None where it is of another kind.

    >>> aligned({"h": 0, "c": 0}, {"c": 1, "h": 2}), aligned((0, 0), [1, 2]), aligned((0, 0), (1, (2,)))
    ([2, 1], [1, 2], None)
    """
    if _is_leaf(kind) or _is_leaf(tree):
        return [tree] if _is_leaf(kind) and _is_leaf(tree) else None
    if kind is None or tree is None:
        return [] if kind is tree else None
    if isinstance(kind, dict) != isinstance(tree, dict) or len(kind) != len(tree):
        return None
    if isinstance(kind, dict) and kind.keys() != tree.keys():
        return None
    parts = [aligned(kind[key], tree[key]) for key in (kind if isinstance(kind, dict) else range(len(kind)))]
    return None if None in parts else [value for part in parts for value in part or ()]


def like(kind: Any, values: Iterable[Any]) -> Any:
    """Return a tree of the same kind, of other values.

    >>> like({"h": 1, "rest": (2, [3], None)}, "abc")
    {'h': 'a', 'rest': ('b', ['c'], None)}
    """
    return _like(kind, iter(values))


def _like(kind: Any, values: Iterator[Any]) -> Any:
    if kind is None:
        return None
    if isinstance(kind, dict):
        return {key: _like(part, values) for key, part in kind.items()}
    if isinstance(kind, tuple | list):
        parts = [_like(part, values) for part in kind]
        return type(kind)(*parts) if hasattr(kind, "_fields") else type(kind)(parts)
    return next(values)


def _parts(tree: Any) -> list[tuple[str, Any]]:
    if isinstance(tree, dict):
        return [(str(key), part) for key, part in tree.items()]
    if isinstance(tree, tuple | list):
        names = getattr(tree, "_fields", map(str, range(len(tree))))
        return list(zip(names, tree, strict=True))
    return [("", tree)]


def _is_leaf(tree: Any) -> bool:
    return tree is not None and not isinstance(tree, dict | tuple | list)
