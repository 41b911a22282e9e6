"""The reference is whole: what is public says what it takes, gives and raises, and shows it in an example."""

import re

import pytest
from reference import entries, handed, left_out

import chainrule as cr

ENTRIES = {entry.name: entry for entry in entries()}


def test_what_is_public_is_found():
    members = {"Network.fit", "Network.parameters", "TableModel.train", "Schedule.at"}
    assert members <= ENTRIES.keys()
    assert ENTRIES.keys() >= set(cr.__all__)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_docstring_leaves_nothing_out(name):
    assert left_out(ENTRIES[name]) == []


@pytest.mark.parametrize("entry", handed(), ids=lambda entry: entry.name)
def test_what_a_user_is_handed_leaves_nothing_out(entry):
    by_class = {"example"} if entry.of else set()
    assert set(left_out(entry)) - by_class == set()


@pytest.mark.parametrize("entry", [*ENTRIES.values(), *handed()], ids=lambda entry: entry.name)
def test_what_a_docstring_refers_to_is_there(entry):
    known = {e.name for e in (*ENTRIES.values(), *handed())}
    own = entry.of or entry.thing
    for target in re.findall(r":(?:func|class|meth|attr|data|mod):`~?([^`]+)`", entry.doc):
        assert target in known or hasattr(own, target), target


def test_the_start_page_names_what_there_is():
    named = re.findall(r"``(?:cr\.)?([A-Za-z]\w+)``", cr.__doc__)
    assert len(named) > 30
    assert {name for name in named if name not in cr.__all__} == {"show", "stages"}
