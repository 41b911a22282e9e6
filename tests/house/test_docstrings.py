"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import chainrule
from chainrule.graph.primitives.primitive import TABLE

MODULES = sorted(m.name for m in pkgutil.walk_packages(chainrule.__path__, "chainrule."))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of(name):
    known = set(TABLE)
    try:
        found = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    finally:
        for extra in set(TABLE) - known:
            del TABLE[extra]
    assert found.failed == 0
