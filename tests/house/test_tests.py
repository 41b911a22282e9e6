"""What holds for every test."""

import ast
from pathlib import Path

from hypothesis import settings


def test_no_property_fails_for_the_time_it_takes():
    assert settings.default.deadline is None


def test_no_row_of_a_test_is_left_in_the_table():
    """A primitive that a module of tests makes when it is imported would be a row for all other tests."""
    left = []
    for file in Path(__file__).parents[1].rglob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            value = getattr(node, "value", None)
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "cr.primitive":
                left.append(f"{file.name}:{node.lineno}")
    assert left == []
