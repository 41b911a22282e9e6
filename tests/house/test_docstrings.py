"""Every example in a docstring runs and prints what it says: a public one as a reader pastes it."""

import doctest
import importlib
import pkgutil
import re
from contextlib import contextmanager

import numpy as np
import pytest
from reference import Entry, entries, handed

import chainrule as cr
from chainrule.graph.primitives.primitive import TABLE

FOUND = (m.name for m in pkgutil.walk_packages(cr.__path__, "chainrule."))
MODULES = sorted(name for name in FOUND if "._course." not in name)  # lessons, which tests/lessons runs
PUBLIC = [Entry("chainrule", cr), *(entry for entry in (*entries(), *handed()) if entry.kind != "data")]
SHOWN = {entry.thing.__doc__ for entry in PUBLIC}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@contextmanager
def as_before(table):
    """Take out of a table what is added meanwhile."""
    known = set(table)
    try:
        yield
    finally:
        for extra in set(table) - known:
            del table[extra]


def failures(test):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    with as_before(TABLE):
        return runner.run(test).failed


@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.name)
def test_a_reader_may_paste(entry):
    pasted = {"np": np, "cr": cr}  # import numpy as np; import chainrule as cr
    test = doctest.DocTestParser().get_doctest(entry.thing.__doc__ or "", pasted, entry.name, None, 0)
    inner = [e.source for e in test.examples if re.search(r"(from|import) chainrule\b", e.source)]
    assert not inner, f"{entry.name} needs what no reader has: {inner[0]}"
    assert failures(test) == 0


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of(name):
    tests = doctest.DocTestFinder().find(importlib.import_module(name))
    assert [test.name for test in tests if test.docstring not in SHOWN and failures(test)] == []
