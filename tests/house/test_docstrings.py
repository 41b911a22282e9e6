"""Every example in a docstring runs and prints what it says: a public one as a reader pastes it."""

import doctest
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.primitives.primitive import TABLE

MODULES = sorted(m.name for m in pkgutil.walk_packages(cr.__path__, "chainrule."))
PASTED = {"np": np, "cr": cr}  # import numpy as np; import chainrule as cr


def is_public(test, module):
    """Say whether it is the docstring of the package, of a public name, or of a member of one."""
    name = test.name.removeprefix(module.__name__).removeprefix(".").partition(".")[0]
    return module is cr or (name in cr.__all__ and getattr(module, name) is getattr(cr, name))


class Finder(doctest.DocTestFinder):
    """One that finds what a decorator of another module has wrapped, as a reader does."""

    def _from_module(self, module, object):
        return super()._from_module(module, inspect.unwrap(object) if callable(object) else object)


@pytest.mark.parametrize("name", ["chainrule", *MODULES])
def test_the_examples_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module, known = importlib.import_module(name), set(TABLE)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    try:
        for test in Finder().find(module):
            if is_public(test, module):
                test.globs = dict(PASTED)
                inner = [e.source for e in test.examples if re.search(r"(from|import) chainrule\b", e.source)]
                assert not inner, f"{test.name} needs what no reader has: {inner[0]}"
            runner.run(test)
    finally:
        for extra in set(TABLE) - known:
            del TABLE[extra]
    assert runner.failures == 0
