"""A fact about a primitive stands in its row: outside the table no list of rows is kept, which nobody would keep up."""

import ast
from pathlib import Path

import pytest

import chainrule
from chainrule.graph.table import TABLE

SRC = Path(chainrule.__file__).parent
ROWS = frozenset(TABLE)  # now, before an example in a docstring adds a row of its own
# The native engine's own column: the code that it has for basic rows.
COLUMNS = {"engines/native/code/operations.py"}
PUBLIC_NAMES = "__init__.py"  # three of its functions are called as rows are
FILES = sorted(
    path.relative_to(SRC).as_posix()
    for path in SRC.rglob("*.py")
    if path.relative_to(SRC).as_posix() not in COLUMNS | {PUBLIC_NAMES}
    and not {"primitives", "_course"} & set(path.parts)  # what a learner reads is no table either
)


def lists_of_rows(tree):
    """Yield the line and the names of every collection of strings, two or more, that are all names of rows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            elements = node.elts
        elif isinstance(node, ast.Dict):
            elements = node.keys
        else:
            continue
        names = [e.value for e in elements if isinstance(e, ast.Constant)]
        plain = [e for e in elements if e and not isinstance(e, ast.Starred)]
        if 1 < len(names) == len(plain) and all(isinstance(n, str) and n in ROWS for n in names):
            yield node.lineno, names


def chains_of_rows(tree):
    """Yield the line and the names of every function that compares with three names of rows, or more."""
    for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
        compared = [x for n in ast.walk(function) if isinstance(n, ast.Compare) for x in n.comparators]
        names = {x.value for x in compared if isinstance(x, ast.Constant) and x.value in ROWS}
        if len(names) > 2:
            yield function.lineno, names


@pytest.mark.parametrize("file", FILES)
def test_no_list_of_rows_stands_outside_the_table(file):
    tree = ast.parse((SRC / file).read_text(encoding="utf-8"))
    assert not [*lists_of_rows(tree), *chains_of_rows(tree)]


def test_a_chain_is_found():
    code = "def f(n):\n    if n == 'add': pass\n    elif n != 'exp': pass"
    assert not list(chains_of_rows(ast.parse(code)))
    assert list(chains_of_rows(ast.parse(f"{code}\n    return n == 'log'")))


@pytest.mark.parametrize(
    "code",
    [
        'X = ("exp", "log")',
        'x.name in {"sum", "max"}',
        'RULES = {"add": f, "exp": g}',
        '["exp", "log", *more]',
    ],
)
def test_a_list_is_found(code):
    assert list(lists_of_rows(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ['("exp", "of what")', 'name == "where"', '{"a": 1, "b": 2}', '("exp",)', "f(1, 2)"]
)
def test_what_is_no_list_of_rows_is_left_alone(code):
    assert not list(lists_of_rows(ast.parse(code)))
