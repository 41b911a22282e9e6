"""Every example in a docstring runs and prints what it says: a public one as a reader pastes it."""

import doctest
import importlib
import inspect
import pkgutil
import re
from contextlib import contextmanager

import numpy as np
import pytest
from reference import HANDED

import chainrule as cr
from chainrule.graph.primitives.primitive import TABLE

MODULES = sorted(m.name for m in pkgutil.walk_packages(cr.__path__, "chainrule."))
PASTED = {"np": np, "cr": cr}  # import numpy as np; import chainrule as cr


def is_public(test, module):
    """Say whether it is the docstring of the package, of what is public or handed to a user, or of a member of it."""
    name = test.name.removeprefix(module.__name__).removeprefix(".").partition(".")[0]
    handed = f"{module.__name__.removeprefix('chainrule.')}:{name}" in HANDED
    return module is cr or handed or (name in cr.__all__ and getattr(module, name) is getattr(cr, name))


class Finder(doctest.DocTestFinder):
    """One that finds what a decorator of another module has wrapped, as a reader does."""

    def _from_module(self, module, object):
        return super()._from_module(module, inspect.unwrap(object) if callable(object) else object)


@contextmanager
def as_before(table):
    """Take out of a table what is added meanwhile."""
    known = set(table)
    try:
        yield
    finally:
        for extra in set(table) - known:
            del table[extra]


@pytest.mark.parametrize("name", ["chainrule", *MODULES])
def test_the_examples_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in doctest.DocTestFinder().find(module):
        if is_public(test, module):
            test.globs = dict(PASTED)
            inner = [e.source for e in test.examples if re.search(r"(from|import) chainrule\b", e.source)]
            assert not inner, f"{test.name} needs what no reader has: {inner[0]}"
        with as_before(TABLE):
            runner.run(test)
    assert runner.failures == 0
