"""How a user says which: by name, by an object with settings, or by a callable of their own."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from inspect import isabstract
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from chainrule import plain
from chainrule.errors import FileFormatError, GraphError, short, unknown_name
from chainrule.friendly import Friendly, is_ours, named


@dataclass(frozen=True)
class Rule:
    """What a number of the settings must be."""

    says: str
    holds: Callable[[Any], bool]
    kind: type = float

    def read(self, value: Any) -> Any:
        """Return the value as plain numbers, or None where it is not what it must be."""
        return self.kind(value) if _is_number(value) and self.holds(value) else None

    def __repr__(self) -> str:
        return repr(self.says)


@dataclass(frozen=True, repr=False)
class Several(Rule):
    """What each of several numbers must be; one number stands for all.

    Attributes:
        count: How many there are, of axes say.
        depth: How often each of them may be as many again: (top, bottom) and (left, right).
    """

    count: int = 2
    depth: int = 1

    def read(self, value: Any) -> Any:
        """Return a number or nested tuples of numbers, or None where one is not what it must be."""
        if not self.depth or not isinstance(value, tuple | list):
            return super().read(value)
        found = [replace(self, depth=self.depth - 1).read(v) for v in value]
        return tuple(found) if len(found) == self.count and None not in found else None


@dataclass(frozen=True, repr=False)
class Row(Rule):
    """What each of a row of numbers must be, however many there are.

    Attributes:
        together: What all of them must be.
    """

    together: Callable[[tuple[Any, ...]], bool] = lambda found: True

    def read(self, value: Any) -> Any:
        """Return a tuple of plain numbers, or None where they are not what they must be."""
        if not isinstance(value, tuple | list):
            return None
        found = tuple([super(Row, self).read(v) for v in value])
        return found if None not in found and self.together(found) else None


@dataclass(frozen=True, repr=False)
class OneOrRow(Row):
    """What a number must be, or each of a row of them."""

    def read(self, value: Any) -> Any:
        """Return a plain number or a tuple of them, or None where they are not what they must be."""
        return super().read(value) if isinstance(value, tuple | list) else Rule.read(self, value)


@dataclass(frozen=True, repr=False)
class Drawn(Rule):
    """What a random number lies between: from -x to x, or from the first of two to the second."""

    def read(self, value: Any) -> Any:
        """Return a plain number of at least 0, or two of them in order, or None where they are neither."""
        if not isinstance(value, tuple | list):
            found = super().read(value)
            return found if found is not None and found >= 0 else None
        ends = tuple([super(Drawn, self).read(v) for v in value])
        return ends if len(ends) == 2 and None not in ends and ends[0] <= ends[1] else None


# The annotations of settings: `rate: Share` is checked when the layer, loss, optimizer ... is made.
Above0 = Annotated[float, Rule("a number above 0", lambda x: x > 0)]
AtLeast0 = Annotated[float, Rule("a number of at least 0", lambda x: x >= 0)]
Share = Annotated[float, Rule("a number of at least 0 and below 1", lambda x: 0 <= x < 1)]
Within01 = Annotated[float, Rule("a number between 0 and 1, neither of them", lambda x: 0 < x < 1)]
NoWidth = Annotated[  # elsewhere the width of the input stands in its place
    float, Rule("a number above 0, and no whole one", lambda x: x > 0 and not isinstance(x, Integral))
]
Number = Annotated[float, Rule("a number", lambda x: True)]
Finite = Annotated[float, Rule("a finite number", lambda x: math.isfinite(x))]
Count = Annotated[int, Rule("a whole number of at least 1", lambda x: _is_whole(x) and x >= 1, int)]
Counts2D = Annotated[
    int | tuple[int, int],
    Several("a whole number of at least 1, or two: (height, width)", lambda x: _is_whole(x) and x >= 1, int),
]
Sides1D = Annotated[
    int | tuple[int, int],
    Several("a whole number of at least 0, or two: (before, after)", lambda x: _is_whole(x) and x >= 0, int),
]
Sides2D = Annotated[
    int | tuple[int | tuple[int, int], int | tuple[int, int]],
    Several(
        "a whole number of at least 0, (height, width) or ((top, bottom), (left, right))",
        lambda x: _is_whole(x) and x >= 0,
        int,
        depth=2,
    ),
]
Lengths = Annotated[
    tuple[int, ...],
    Row(
        "the lengths of axes, such as (8, 8, 1), one of which may be -1: what is left",
        lambda x: _is_whole(x) and x >= -1,
        int,
        together=lambda found: found.count(-1) < 2,
    ),
]
Order = Annotated[
    tuple[int, ...],
    Row(
        "the axes of an example in their new order, each once and counted from 1: (2, 1)",
        lambda x: _is_whole(x),
        int,
        together=lambda found: sorted(found) == list(range(1, len(found) + 1)),
    ),
]
Axes = Annotated[
    tuple[int, ...],
    Row(
        "axes of an example, each once and counted from 1: (1, 2)",
        lambda x: _is_whole(x) and x >= 1,
        int,
        together=lambda found: len({*found}) == len(found),
    ),
]
Between1 = Annotated[
    float | tuple[float, float],
    Drawn("a number from 0 to 1, or two from -1 to 1 in order: (lower, upper)", lambda x: -1 <= x <= 1),
]
Zooms = Annotated[
    float | tuple[float, float],
    Drawn("a number from 0 to below 1, or two above -1 in order: (lower, upper)", lambda x: -1 < x < 1),
]
Limits = Annotated[
    tuple[float, float],
    Row(
        "two numbers in order, the least and the largest",
        lambda x: True,
        together=lambda found: len(found) == 2 and found[0] < found[1],
    ),
]
Parts = Annotated[
    tuple[float, ...],
    Row(
        "numbers of at least 0 with the sum 1",
        lambda x: x >= 0,
        together=lambda found: abs(math.fsum(found) - 1) < 1e-6,
    ),
]
Each = Annotated[
    float | tuple[float, ...],
    OneOrRow("a number, or a row of them, one for each feature", lambda x: True),
]
Shares = Annotated[
    float | tuple[float, float],
    Several("a number from 0 to 1, or two of them: (lower, upper)", lambda x: 0 <= x <= 1),
]
Axis = Annotated[int, Rule("the number of an axis, such as -1", lambda x: _is_whole(x), int)]


@cache
def our_fields(kind: type) -> tuple[str, ...]:
    """Return the fields that a class has of ours: what a user's class declares itself may hold what it likes."""
    ours = [each for each in kind.__mro__ if is_dataclass(each) and is_ours(each)]
    return tuple({field.name: None for each in ours for field in fields(each)})


class Checked(Friendly):
    """The base of frozen dataclasses of settings, of which each is checked as its annotation says.

    Numbers become plain numbers, which are weak: a NumPy scalar of float64 would make float64 of a float32 network.

    >>> @dataclass(frozen=True)
    ... class Halved(Checked):
    ...     times: Count = 1
    >>> Halved(0)
    Traceback (most recent call last):
    chainrule.errors.GraphError: Halved: times must be a whole number of at least 1; found 0.
    """

    def __post_init__(self) -> None:
        made: Any = self  # a dataclass, unlike this base of it
        ours = our_fields(type(self))
        for field in fields(made):
            value, kind = getattr(self, field.name), field.type
            if get_origin(kind) in (Union, UnionType):
                kinds = [k for k in get_args(kind) if k is not NoneType]
                kind = kinds[0] if len(kinds) == 1 and value is not None else Any
            rule = getattr(kind, "__metadata__", (None,))[0]
            if isinstance(rule, Rule):
                found = rule.read(value)
                self._expect(found is not None, field.name, rule.says)
                object.__setattr__(self, field.name, found)
            elif kind is bool and field.name in ours:
                self._expect(is_yes_or_no(value), field.name, "True or False")
                object.__setattr__(self, field.name, bool(value))
            elif kind is str and field.name in ours:
                self._expect(isinstance(value, str), field.name, "a text")
            elif get_origin(kind) is Literal:
                self._expect(value in get_args(kind), field.name, " or ".join(map(repr, get_args(kind))))

    def _expect(self, holds: bool, name: str, says: str) -> None:
        if not holds:
            found = short(getattr(self, name))
            raise GraphError(f"{type(self).__name__}: {name} must be {says}; found {found}.")


def functions(module: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions in a module's ``__all__``, by name."""
    return {name: thing for name, thing in _listed(module).items() if not isinstance(thing, type)}


def classes(module: Mapping[str, Any]) -> dict[str, type]:
    """Return the classes in a module's ``__all__`` of which there can be objects, by name."""
    kinds = {name: thing for name, thing in _listed(module).items() if isinstance(thing, type)}
    return {name: kind for name, kind in kinds.items() if not isabstract(kind)}


def _listed(module: Mapping[str, Any]) -> dict[str, Any]:
    late = [name for name in module["__all__"] if name not in module]
    if late:
        raise NameError(f"{module['__name__']}: define '{late[0]}' above the tables of what is in __all__.")
    return {name: module[name] for name in module["__all__"]}


def find(kind: str, spec: Any, known: Mapping[str, Any]) -> Any:
    """Return what ``spec`` names in ``known``; a callable stands for itself.

    Args:
        kind: What is looked for, as an error calls it: "activation".
        spec: A name, in any case, or a callable.
        known: What each name stands for.

    Raises:
        UnknownNameError: If no ``kind`` bears the name, with the closest that exists.

    >>> find("function", "abs", {"abs": abs})
    <built-in function abs>
    """
    name = named(kind, spec, known)
    if isinstance(name, str) and name in known:
        return known[name]
    if callable(spec) and not isinstance(spec, type):
        return spec
    if isinstance(spec, type):
        raise GraphError(
            f"{spec.__name__} is a class where one of its kind is needed: write {spec.__name__}(...)."
        )
    raise unknown_name(kind, spec, known)


def name_of(found: Any, known: Mapping[str, Any]) -> str:
    """Return the first name of ``found`` in ``known``, else what it calls itself.

    A callable of the user's that bears the name of one of ours is called by its module too, so that the two
    are never mistaken for each other.

    >>> name_of(abs, {"abs": abs, "magnitude": abs}), name_of(max, {"max": abs}), name_of(len, {})
    ('abs', 'builtins.max', 'len')
    """
    for name, ours in known.items():
        if ours is found or (is_dataclass(found) and ours == found):
            return name
    name = getattr(found, "__name__", None) or (repr(found) if is_dataclass(found) else type(found).__name__)
    return f"{getattr(found, '__module__', 'user')}.{name}" if name in known else name


def own(name: str, custom: Mapping[str, Any] | None) -> Any:
    """Return what the user gave under the name by which a file knows it, or None; its module need not be said.

    >>> own("builtins.max", {"max": max}), own("swish", None)
    (<built-in function max>, None)
    """
    given = custom or {}
    return given.get(name, given.get(name.rpartition(".")[2]))


def is_yes_or_no(value: Any) -> bool:
    """Say whether a value is True or False, or the 1 or 0 of these."""
    return (isinstance(value, Integral) or is_numpys_truth(value)) and value in (0, 1)


def is_numpys_truth(value: Any) -> bool:
    """Say whether a value is one of NumPy's True and False, which is not imported to ask."""
    return getattr(getattr(value, "dtype", None), "kind", "") == "b" and getattr(value, "ndim", 1) == 0


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral)


def _is_number(value: Any) -> bool:
    """Say whether a value is a finite number that a float holds."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def to_config(thing: Any) -> Any:
    """Return plain data that JSON can hold: a dataclass as a dict with its class and settings, else itself.

    >>> from chainrule.nn.regularizers import L2
    >>> to_config(L2(0.1))
    {'class': 'L2', 'factor': 0.1, 'divisor': 1.0}
    """
    if not is_dataclass(thing) or isinstance(thing, type):
        return thing
    settings = {f.name: to_config(getattr(thing, f.name)) for f in fields(thing)}
    return {"class": type(thing).__name__, **settings}


def from_config(config: Any, classes: Mapping[str, type]) -> Any:
    """Return what :func:`to_config` wrote, given the classes that may be in it, by name."""
    if not isinstance(config, Mapping):
        return config
    name = config.get("class")
    name = plain.renamed("class", name) if isinstance(name, str) else name
    if not isinstance(name, str) or name not in classes:
        raise unknown_name("class", name, classes)
    settings = {key: value for key, value in config.items() if key != "class"}

    def read(kind: Any, data: Any, where: str) -> Any:
        if not (isinstance(data, Mapping) and "class" in data):
            return plain.read(kind, data, where)
        made = from_config(data, classes)  # such as the schedule of an optimizer
        if not any(isinstance(k, type) and isinstance(made, k) for k in get_args(kind) or [kind]):
            raise FileFormatError(f"{where}: {type(made).__name__} does not fit here.")
        return made

    return plain.record(classes[name], settings, name, read)
