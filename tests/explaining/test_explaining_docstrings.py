"""Every example in the docstrings of the room runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import chainrule.explaining


@pytest.mark.parametrize(
    "module", [each.name for each in pkgutil.iter_modules(chainrule.explaining.__path__)]
)
def test_the_examples_in_docstrings_are_true(module):
    assert doctest.testmod(importlib.import_module(f"chainrule.explaining.{module}")).failed == 0
