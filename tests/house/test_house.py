"""The house itself: no circles, files of one subject that say what it is, and no old names in what tells of it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import chainrule

PACKAGE = Path(chainrule.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
LINES = 360  # beside docstrings, which tell of what is public and may be long; about 300 are much
LONG = {  # tables, and subjects that would only be two halves
    "engines.native.code.ir": 455,
    "graph.node": 430,  # half of it says what may be written with nodes
    "habits": 680,  # all data: a line for each name
    "models.table": 490,  # its signatures have every choice by name, for type checkers
    "train.network": 500,
}


def text(module):
    return MODULES[module].read_text(encoding="utf-8")


def imports(module):
    """Our own modules that a module imports, for type checkers too."""
    for node in ast.walk(ast.parse(text(module))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in MODULES)
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            inside = [f"{node.module}.{a.name}" for a in node.names]
            yield from (name if name in MODULES else node.module for name in inside)


def test_no_two_modules_need_each_other():
    # Of the package as a whole the front doors ask only what is public.
    graph = {module: {m for m in imports(module) if m != "chainrule"} for module in MODULES}
    assert sum(map(len, graph.values())) > 500
    TopologicalSorter(graph).prepare()  # a CycleError names the circle


LESSONS = "chainrule.lessons._course."  # whose first line is a title


@pytest.mark.parametrize("module", [module for module in MODULES if not module.startswith(LESSONS)])
def test_a_file_says_in_a_line_what_it_is_about(module):
    first = (ast.get_docstring(ast.parse(text(module))) or "").partition("\n")[0]
    assert len(first) > 15 and first.endswith((".", ":"))


def told(module):
    """So many lines of a module are docstrings."""
    places = [
        n
        for n in ast.walk(ast.parse(text(module)))
        if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    docs = [place.body[0] for place in places if ast.get_docstring(place)]
    return sum(doc.end_lineno - doc.lineno + 1 for doc in docs)


def test_no_file_is_long_but_those_that_are_known_to_be():
    lines = {m.removeprefix("chainrule."): text(m).count("\n") - told(m) for m in MODULES}
    assert {m: n for m, n in lines.items() if n > LONG.get(m, LINES)} == {}
