"""The public interface: listed once, loaded lazily and known to type checkers."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.doors import FAMILIES
from chainrule.nn import layers

PACKAGE = Path(cr.__file__).parent


@pytest.mark.parametrize("name", cr.__all__)
def test_every_public_name_is_there(name):
    assert getattr(cr, name) is not None
    assert name in dir(cr)


def test_the_stub_has_the_same_names():
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    names = set()
    for line in [n for n in tree.body if isinstance(n, ast.ImportFrom)]:
        star = line.names[0].name == "*"
        names.update(import_module(line.module).__all__ if star else [a.asname for a in line.names])
    assert names == set(cr.__all__)
    old = {n.targets[0].id: n.value.id for n in tree.body if isinstance(n, ast.Assign)}
    assert old == cr._RENAMED


def test_every_file_of_layers_is_a_family():
    """The order in which names are looked for, and so who is not imported, is told in `chainrule/__init__.py`."""
    files = {f"{layers.__name__}.{file.stem}": file for file in Path(layers.__file__).parent.glob("*.py")}
    told = {module for module, file in files.items() if "\n__all__ " in file.read_text(encoding="utf-8")}
    families = [family for family in FAMILIES if family.startswith(layers.__name__)]
    assert sorted(families) == sorted(told)
    assert sorted([cr.Layer, *layers.LAYERS.values()], key=repr) == sorted(
        [getattr(cr, name) for family in told for name in import_module(family).__all__], key=repr
    )


NAMES = """
import sys
import chainrule as cr
{asked}
print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("chainrule.nn.layers.")))
"""


@pytest.mark.parametrize(
    ("asked", "imported"),
    [
        ("cr.Dense", "base dense"),
        ("cr.Adam, cr.relu, cr.GraphError, cr.EarlyStopping", "base dense"),
        ("from chainrule.nn.layers import LAYERS; LAYERS['Dense'], 'Dense' in LAYERS", "base dense"),
        ("cr.Dropout(0.1)", "axes base dense dropout"),
    ],
)
def test_families_of_layers_that_are_not_asked_for_are_not_imported(asked, imported):
    done = subprocess.run(
        [sys.executable, "-c", NAMES.format(asked=asked)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == imported.split()


@pytest.mark.parametrize("name", [n for n in cr.__all__ if callable(getattr(cr, n))])
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(getattr(cr, name)), f"cr.{name} has no docstring"


def test_no_room_bears_the_name_of_a_public_name():
    rooms = {p.stem for p in PACKAGE.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert not rooms & set(cr.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nework'"):
        cr.nework  # noqa: B018 -- looking is the test


USER = """
import chainrule as cr

layer: cr.Dense = cr.Dense(3, "relu", initializer=cr.Normal(0.1), regularizer=cr.L2())
rule: cr.Optimizer = cr.Adam(cr.Cosine(0.1))
network = cr.Network([layer, cr.Dropout(0.2), cr.Dense(1)], seed=0)
history: cr.History = network.fit([[1.0]], [1.0], optimizer=rule, loss=cr.Huber(), callbacks=[cr.EarlyStopping()])
y = cr.relu(2.0)


class Scale(cr.Layer):
    def build(self, scope: object, x: cr.Node) -> cr.Node:
        return x
"""
WRONG = [
    "cr.Dense(3).nonsense",
    "cr.np",
    "cr.OPTIMIZERS",
    "cr.LAYERS",
    "cr.nework",
    "cr.Dense('three')",
    "cr.Adam(beta='one')",
    "cr.Dense(3, 3)",
    "cr.Dense(3, lambda z: 'z')",
    "float(cr.variable(1.0))",
    "cr.variable(1.0).backward()",
    "cr.variable(1.0) + None",
    "cr.relu(None)",
    "cr.load_table(3)",
    "network.fit([[1.0]], [1.0], loss=3)",
    "network.fit([[1.0]], [1.0], optimizer=0.1)",
    "network.fit([[1.0]], [1.0], metrics=[1])",
    "network.fit([[1.0]], [1.0], callbacks=[print, 3])",
    "network.fit([[1.0]], [1.0], class_weight='equal')",
    "history['cost'] = 'low'",
]


@pytest.mark.long
def test_a_type_checker_knows_the_public_names_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setenv("MYPYPATH", str(PACKAGE.parent))
    file = tmp_path / "user.py"
    file.write_text(USER + "\n".join(WRONG) + "\n", encoding="utf-8")
    options = ["--strict", "--config-file=", "--follow-imports=silent", f"--cache-dir={tmp_path}"]
    command = [sys.executable, "-m", "mypy", str(file), *options]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    lines = {int(line.removeprefix(str(file)).split(":")[1]) for line in told.splitlines()[:-1]}
    assert [line - USER.count("\n") - 1 for line in sorted(lines)] == list(range(len(WRONG))), told


def test_benchmarks_use_public_names_alone():
    """They time older versions too, whose modules stand elsewhere."""
    files = sorted((Path(__file__).parents[2] / "benchmarks").rglob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [n for n in names if n.startswith("chainrule.")], file
