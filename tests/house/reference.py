"""What there is of the public interface, and what the docstrings of it leave out."""

import ast
import builtins
import inspect
import re
import textwrap
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import chainrule as cr
from chainrule.nn.specs import Checked

SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):\n((?:(?:    .*)?\n)+)", re.MULTILINE)
ENTRY = re.compile(r"^    ((?:\*{0,2}[\w.]+(?:, )?)+):", re.MULTILINE)
FORMULA = re.compile(r"``[^`]*[·+←²√Σ∂/|][^`]*``")
SOURCE = re.compile(r"\b(1[789]|20)\d\d\b|Keras|PyTorch|SciPy|NumPy|lectures")  # of a formula
NOBODYS = "self", "cls", "args", "kwargs"  # parameters that a caller knows by other names
STARTS = "__init__", "__post_init__", "__new__"  # what runs when an object of a class is made


@dataclass(frozen=True)
class Entry:
    """Something public: ``cr.name``, or ``cr.name.member``."""

    name: str
    thing: Any
    of: type | None = None  # the class, of a member

    @property
    def kind(self) -> str:
        """What it is."""
        if isinstance(self.thing, property):
            return "property"
        if isinstance(self.thing, type):
            return "class"
        if not callable(self.thing):
            return "data"
        return "method" if self.of else "function"

    @cached_property
    def doc(self) -> str:
        """Its own docstring, without indentation."""
        return inspect.cleandoc(self.thing.__doc__ or "") + "\n"

    def named(self, *sections: str) -> set[str]:
        """Return what the sections of the docstring name."""
        return {
            name.lstrip("*")
            for section, text in SECTION.findall(self.doc)
            if section in sections
            for found in ENTRY.findall(text)
            for name in found.split(", ")
        }

    @property
    def parameters(self) -> set[str]:
        """What a caller may give."""
        if self.kind in ("property", "data") or is_error(self.thing):
            return set()
        given = inspect.signature(self.thing.__init__ if self.kind == "class" else self.thing).parameters
        return {name for name in given if name not in NOBODYS and not name.startswith("_")}

    @property
    def returns(self) -> bool:
        """Whether it gives something back."""
        function = self.kind in ("function", "method")
        return function and inspect.signature(self.thing).return_annotation not in (None, "None")

    @property
    def functions(self) -> list[Any]:
        """What runs when it is called, or made, or read."""
        if self.kind == "class":
            kinds = [k for k in self.thing.__mro__ if k.__module__.startswith("chainrule")]
            kinds = [k for k in kinds if k is not Checked or has_rules(self.thing)]
            return [vars(k)[start] for k in kinds for start in STARTS if start in vars(k)]
        return [self.thing.fget if self.kind == "property" else self.thing]


def has_rules(kind: type) -> bool:
    """Say whether a class of settings refuses any of them."""
    types = [t for f in (fields(kind) if is_dataclass(kind) else ()) for t in (f.type, *get_args(f.type))]
    return any(hasattr(t, "__metadata__") or get_origin(t) is Literal for t in types)


def is_error(thing: Any) -> bool:
    """Say whether it is an exception or a warning."""
    return isinstance(thing, type) and issubclass(thing, BaseException)


def entries() -> list[Entry]:
    """Return all that is public."""
    inside = [(f"pictures.{name}", getattr(cr.pictures, name)) for name in cr.pictures.__all__]
    return members_too([*((name, getattr(cr, name)) for name in cr.__all__), *inside])


def handed() -> list[Entry]:
    """Return what a user is handed besides."""
    places = [place.split(":") for place in HANDED]
    return members_too(
        [(name, getattr(import_module(f"chainrule.{module}"), name)) for module, name in places]
    )


def members_too(things: Iterable[tuple[str, Any]]) -> list[Entry]:
    """Return an entry for each thing, and for each public method and property of a class."""
    found = []
    for name, thing in things:
        found.append(Entry(name, thing))
        if not isinstance(thing, type):
            continue
        for member in sorted(n for n in dir(thing) if not n.startswith("_") or n == "__call__"):
            home = next(k for k in thing.__mro__ if member in vars(k))
            value = inspect.getattr_static(thing, member)
            value = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            here = home is thing or home.__name__ not in cr.__all__  # else that class tells of it
            ours = home.__module__.startswith("chainrule") and here
            if ours and (inspect.isfunction(value) or isinstance(value, property)) and not is_retired(value):
                found.append(Entry(f"{name}.{member}", value, thing))
    return found


# What a user is handed by what is public, and reads: an example for each class suffices. And methods from elsewhere.
HANDED = [
    *tomllib.loads((Path(__file__).parents[2] / "docs/api.toml").read_text(encoding="utf-8"))["handed"].split(),
    "models.examining:of_model", "models.views.slices:worst_slices", "models.views.wrong:most_wrong",
    "showing.plotting:plot", "showing.saving:save", "showing.svg.page:svg",
]  # fmt: skip


def is_retired(member: Any) -> bool:
    """Say whether a member is there for old code alone."""
    return (member.__doc__ or "").startswith(("An old name", "The old name"))


def source(function: Any) -> ast.AST | None:
    """Return a function's source, parsed."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, TypeError):  # made by a dataclass
        return None


def raised(function: Any) -> set[str]:
    """Return the exceptions that a function's own source raises."""
    found = set()
    names = getattr(inspect.unwrap(function), "__globals__", {})
    for node in ast.walk(source(function) or ast.Module([], [])):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            called = node.exc.func
            thing = (
                names.get(called.id, vars(builtins).get(called.id)) if isinstance(called, ast.Name) else None
            )
            if inspect.isfunction(thing):  # that returns the error
                thing = inspect.get_annotations(thing).get("return")
            found.add(getattr(thing, "__name__", str(thing)))
    return found


def helpers(function: Any, of: type | None) -> list[Any]:
    """Return the functions of ours that a function calls by their name."""
    names = getattr(inspect.unwrap(function), "__globals__", {})
    found = []
    for node in ast.walk(source(function) or ast.Module([], [])):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name):
            found.append(names.get(called.id))
        elif (
            isinstance(called, ast.Attribute)
            and isinstance(called.value, ast.Name)
            and called.value.id == "self"
        ):
            found.append(getattr(of, called.attr, None))
    return [f for f in found if inspect.isfunction(f) and f.__module__.startswith("chainrule")]


def left_out(entry: Entry) -> list[str]:
    """Return what a reader of the docstring would look for in vain."""
    if entry.kind == "data":
        return [] if f"``cr.{entry.name}``" in (cr.__doc__ or "") else ["summary"]
    doc, found = entry.doc, []
    summary = doc.partition("\n\n")[0].strip()
    if not summary.endswith((".", ":")) or len(summary) > 240:
        found.append("summary")
    about = doc.partition("Args:")[0]
    if entry.name in cr.__all__ and entry.kind != "data" and FORMULA.search(about) and not SOURCE.search(doc):
        found.append("source")
    if ">>>" not in doc and not entry.name.endswith("__call__"):  # which the example of the class shows
        found.append("example")
    told = entry.named("Args", "Attributes")
    if entry.parameters - told:
        found.append(f"Args: {', '.join(sorted(entry.parameters - told))}")
    stale = entry.named("Args") - entry.parameters
    if stale and entry.parameters:
        found.append(f"no such argument: {', '.join(sorted(stale))}")
    says_returns = re.search(r"^(Returns|Yields):$", doc, re.MULTILINE)
    if entry.returns and not says_returns and (entry.parameters or not summary.startswith("Return")):
        found.append("Returns")
    of = entry.thing if entry.kind == "class" else entry.of
    directly = set().union(*[raised(f) for f in entry.functions])
    through = [h for f in entry.functions for h in helpers(f, of) if raised(h)]
    said = entry.named("Raises")
    if not is_error(entry.thing) and (directly - said or (through and not said)):
        found.append(f"Raises: {', '.join(sorted(directly - said)) or through[0].__name__}")
    return found
