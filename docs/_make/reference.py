"""The public interface by task: a page for each group of docs/api.toml, made of signatures and docstrings."""

import inspect
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import chainrule as cr
from _make.docstrings import prose, restructured
from _make.staging import DOCS
from chainrule.doors import Door

LISTED = tomllib.loads((DOCS / "api.toml").read_text(encoding="utf-8"))
# What users are handed and do not make: where each class stands.
HANDED = {name: module for module, _, name in (place.partition(":") for place in LISTED["handed"].split())}


@dataclass(frozen=True)
class Group:
    """Names of the public interface that serve one task.

    Attributes:
        title: What the task is.
        says: A sentence on it, in Markdown.
        names: The names, "Network" or "pictures.bowl".
    """

    title: str
    says: str
    names: tuple[str, ...]

    @property
    def place(self):
        """The place of its page, without folder and ending."""
        return re.sub(r"\W+", "_", self.title.lower())


@cache
def groups():
    """Return the groups of docs/api.toml, in order."""
    return [Group(each["title"], each["says"], tuple(each["names"].split())) for each in LISTED["group"]]


def thing(name):
    """Return what bears a name."""
    if name in HANDED:
        return getattr(import_module(f"chainrule.{HANDED[name]}"), name)
    of = cr
    for part in name.split("."):
        of = getattr(of, part)
    return of


def members(kind):
    """Return the public methods and properties of a class, but for those of a public class that it is made from."""
    found = []
    for name in sorted(n for n in dir(kind) if not n.startswith("_") or n == "__call__"):
        home = next(k for k in kind.__mro__ if name in vars(k))
        ours = home.__module__.startswith("chainrule")
        if not ours or (home is not kind and home.__name__ in cr.__all__):
            continue
        value = inspect.getattr_static(kind, name)
        value = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        retired = (getattr(value, "__doc__", "") or "").startswith(("An old name", "The old name"))
        if (inspect.isfunction(value) or isinstance(value, property | Door)) and not retired:
            found.append(name)
    return found


def signature(of: Any, first: bool = False):
    """Return what something takes, without types, which its docstring says in words.

    Args:
        of: A function or a class.
        first: Whether its first parameter is the object it belongs to, which no caller gives.
    """
    given = list(inspect.signature(of).parameters.values())[int(first) :]
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in given]
    plain = [p.replace(default=Written(p.default)) if p.default is not p.empty else p for p in plain]
    return str(inspect.Signature(plain))


class Written:
    """A default as a reader would write it."""

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        if isinstance(self.value, float | int | str | tuple | bool | None):
            return repr(self.value)
        found = getattr(self.value, "__name__", repr(self.value))
        return "..." if " object at " in found or "<" in found else found


def summary(of):
    """Return the first sentence of a docstring."""
    text = " ".join(inspect.cleandoc(of.__doc__ or "").partition("\n\n")[0].split())
    return re.split(r"(?<=[^.].\.) (?=[A-Z])", text)[0]


def page(group):
    """Return the page of a group."""
    rows = [f"   * - {lead(name)}\n     - {said(name)}" for name in group.names]
    listing = ".. list-table::\n   :widths: auto\n   :class: names\n\n" + "\n".join(rows)
    told = "\n\n".join(entry(name) for name in group.names)
    return f"# {group.title}\n\n{group.says}\n\n```{{eval-rst}}\n{listing}\n\n{told}\n```\n"


def place(name):
    """Return what something is called in the site: as a reader writes it, or its bare name if nobody writes it."""
    return name if name.partition(".")[0] in HANDED else f"cr.{name}"


@cache
def known():
    """Return everything that has an entry in the site, by name."""
    found = {name: thing(name) for group in groups() for name in group.names}
    classes = {name: of for name, of in found.items() if isinstance(of, type)}
    inside = {f"{name}.{each}": getattr(of, each) for name, of in classes.items() for each in members(of)}
    return found | inside


def lead(name):
    """Return a role that leads to something."""
    of = known()[name]
    if name in DATA:
        return f":py:data:`{place(name)}`"
    return f":py:{'class' if isinstance(of, type) else 'func'}:`{place(name)}`"


def leading(inside):
    """Return what leads from a docstring to what it names: the docstring is that of a name, such as "Network.fit"."""

    def found(role, target):
        parts = inside.split(".")
        around = [target, *(f"{of}.{target}" for of in (parts[0], ".".join(parts[:2]), "pictures"))]
        name = next((each for each in around if each in known()), None)
        if name is None:
            return f"``{target}``"
        if role in ("meth", "attr"):
            return (
                f":py:meth:`{target.rpartition('.')[2] if target in around[1:] else target} <{place(name)}>`"
            )
        return lead(name)

    return found


def said(name):
    """Return the sentence on something that stands in the listing."""
    if name in DATA:
        return DATA[name][0]
    return prose(summary(known()[name]), leading(name))


def engines():
    """Return a line for each engine."""
    return [(name, each.says) for name, each in cr.ENGINES.items()]


def choices():
    """Return a line for each choice of a training."""
    return [(name, each.says) for name, each in cr.CHOICES.items()]


DATA = {
    "ENGINES": ("What computes, by the name that ``engine=`` takes: a record for each.", engines),
    "CHOICES": ("Every choice of a training on a table, by name: a record for each.", choices),
    "SAMPLES": ("The names of the tables that come along.", lambda: [(name, "") for name in cr.SAMPLES]),
    "pictures": ("The module of all pictures, whose functions stand below.", list),
}


def entry(name):
    """Return all that is said of something."""
    of = known()[name]
    if name in DATA:
        return data(name)
    told = indented(restructured(of.__doc__, leading(name)))
    if not isinstance(of, type):
        return f".. py:function:: {place(name)}{signature(of)}\n\n{told}"
    takes = "" if name in HANDED else "(message)" if issubclass(of, BaseException) else signature(of)
    kind = "exception" if issubclass(of, BaseException) else "class"
    inside = [indented(member(name, of, each)) for each in members(of)]
    return "\n\n".join([f".. py:{kind}:: {place(name)}{takes}\n\n{told}", *inside])


def member(name, of, each):
    """Return what is said of a method or a property."""
    static = inspect.getattr_static(of, each)
    if isinstance(static, property):
        return f".. py:property:: {each}\n\n{indented(restructured(static.__doc__, leading(name)))}"
    function = static.__func__ if isinstance(static, classmethod | staticmethod) else getattr(of, each)
    option = "\n   :classmethod:" if isinstance(static, classmethod) else ""
    takes = signature(function, not isinstance(static, staticmethod))
    served = next(iter(inspect.signature(function).parameters)) if isinstance(static, Door) else ""
    told = indented(restructured(function.__doc__, leading(name), served))
    return f".. py:method:: {each}{takes}{option}\n\n{told}"


def data(name):
    """Return what is said of a table of records, or of names."""
    says, listed = DATA[name]
    lines = [f"   - ``{each}``" + (f": {what}" if what else "") for each, what in listed()]
    return f".. py:data:: {place(name)}\n\n" + "\n".join([f"   {says}", "", *lines])


def indented(text):
    """Return a text that stands inside a directive."""
    return "\n".join(f"   {line}" if line else line for line in text.splitlines())


def pages():
    """Return the pages of all groups, and the one that leads to them."""
    found = {f"reference/{group.place}.md": page(group) for group in groups()}
    lines = [f"| [{group.title}]({group.place}.md) | {names(group)} |" for group in groups()]
    tree = "\n".join(group.place for group in groups())
    found["reference/index.md"] = (
        "# The interface, by task\n\n"
        "All that is public, as `cr.NAME`, after `import chainrule as cr`. Each example runs as it is pasted, with "
        "that line and `import numpy as np` before it. `help(cr.Network.fit)` says the same.\n\n"
        "| task | names |\n|---|---|\n" + "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    )
    return found


def names(group):
    """Return the names of a group, for the page that leads to it."""
    return " ".join(f"`{name}`" for name in group.names if name not in HANDED)
