"""What type checkers and editors are told is what is there."""

import ast
import inspect
from pathlib import Path

import chainrule as cr
from chainrule.graph.numpy_api.calls import METHODS

PACKAGE = Path(cr.__file__).parent


def test_the_methods_of_nodes_that_editors_know_are_those_that_nodes_have():
    tree = ast.parse((PACKAGE / "graph/operators.py").read_text(encoding="utf-8"))
    (stub,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Methods"]
    told = {n.name: n.args for n in ast.walk(stub) if isinstance(n, ast.FunctionDef)}
    assert told.keys() == METHODS.keys()
    for name, arguments in told.items():
        said = [a.arg for a in [*arguments.args, *filter(None, [arguments.vararg]), *arguments.kwonlyargs]]
        has = list(inspect.signature(METHODS[name]).parameters)
        assert said[1:] == has[1:], name
