"""Doors upward: one registry, each entry leads somewhere, and there is no other way up."""

import ast
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import chainrule as cr
from chainrule.doors import DOORS, Door, opened

PACKAGE = Path(cr.__file__).parent
ROOT = Path(__file__).parents[2]
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_the_doors_there_are():
    assert {name: place.removeprefix("chainrule.") for name, place in DOORS.items()} == {
        "TableModel.explain": "models.telling:of_row",
        "TableExplanation._repr_html_": "showing.explained:table",
        "TableModel.most_wrong": "models.views.wrong:most_wrong",
        "TableModel.worst_slices": "models.views.slices:worst_slices",
        "TableModel._subject": "models.explained:subject",
        "load chainrule.table": "models.table:from_file",
        "page of a run": "showing.report.page:report",
        "Node._repr_html_": "showing.graphs:node",
        "Trace._repr_html_": "showing.graphs:trace",
        "GradientReport._repr_html_": "showing.graphs:gradients",
        "Network.draw": "explaining.pictures.networks:network",
        "TableModel.draw": "models.drawn:draw",
        "TableModel.diagnose": "models.examining:of_model",
        "Network._repr_html_": "showing.training:network",
        "Parameters._repr_html_": "showing.training:parameters",
        "NamedArrays._repr_html_": "showing.training:parameters",
        "History.plot": "explaining.pictures.trainings:history",
        "LearningRates.plot": "explaining.pictures.trainings:learning_rates",
        "Estimator.plot": "explaining.pictures.trainings:of_estimator",
        "History._repr_html_": "showing.training:history",
        "Plan._repr_html_": "showing.models:plan",
        "TableModel._repr_html_": "showing.models:model",
        "Scores._repr_html_": "showing.models:scores",
        "Explanation._repr_html_": "showing.derivations:explanation",
        "MatrixExplanation._repr_html_": "showing.derivations:explanation",
        "NetworkExplanation._repr_html_": "showing.explained:network",
        "RowExplanation._repr_html_": "showing.explained:row",
        "WeightExplanation._repr_html_": "showing.explained:weight",
        "Attributions._repr_html_": "showing.attributing:attributions",
        "PermutationImportance._repr_html_": "showing.attributing:importance",
        "Verdicts._repr_html_": "showing.diagnosed:verdicts",
        "Estimator._html_below": "showing.estimators:below",
        "Picture._repr_html_": "showing.svg.page:html",
        "Picture.svg": "showing.svg.page:svg",
        "Picture.plot": "showing.plotting:plot",
        "Picture.save": "showing.saving:save",
    }


def test_each_door_leads_to_something_that_can_be_called():
    for place in DOORS.values():
        assert callable(opened(place))


def places(path):
    """The literals that a module opens, and whatever it opens that is none."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
            "opened",
            "late",
        ):
            yield node.args[0].value if isinstance(node.args[0], ast.Constant) else ast.unparse(node.args[0])


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_what_a_module_opens_by_its_place_is_there(path):
    for place in places(path):
        if ":" in place:
            assert opened(place) is not None


def test_what_is_found_by_name_stands_in_the_same_room_but_for_the_registry_of_doors():
    """Whoever names a room above adds a line here; a row's rule that stands in transform, for one."""
    ways = set()
    for path in MODULES:
        for place in places(path):
            found = re.match(r"(?:f')?chainrule\.(\w+)", place)
            ways.add((path.relative_to(PACKAGE).parts[0], found[1] if found else place))
    doors = {
        ("doors.py", "place"),
        ("doors.py", "self._place"),
        ("friendly.py", "place"),
        ("explaining", "_PLACES[name]"),
        ("lessons", "_PLACES[name]"),
        ("models", "reader"),
        ("models", "place"),
    }
    slow = {("train", room) for room in ("transform", "engines", "nn", "train")}  # what learning needs
    slow |= {("models", "train"), ("models", "nn"), ("estimators", "train"), ("estimators", "nn")}
    rules = {("graph", "transform")}  # the derivatives of loops
    own = {
        ("__main__.py", "cli"),
        *[
            (room, room)
            for room in ("graph", "transform", "engines", "nn", "data", "models", "estimators", "explaining")
        ],
    }
    assert ways == own | rules | slow | doors


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_what_is_imported_late_is_what_type_checkers_and_the_rule_of_rooms_see(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and node.orelse:
            seen = {
                a.asname or a.name: f"{line.module}:{a.name}"
                for line in node.body
                if isinstance(line, ast.ImportFrom)
                for a in line.names
            }
            named = [line for line in node.orelse if isinstance(line.value, ast.Call)]
            late = {line.targets[0].id: line.value.args[0].value for line in named}
            assert late.items() <= seen.items()


def imports_inside_functions(path):
    """The imports of our own modules in a module's functions, and what it imports by a name that it makes."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    for function in [
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, functions)
    ]:
        for node in ast.walk(function):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "chainrule":
                yield node.module
            if isinstance(node, ast.Import):
                yield from (a.name for a in node.names if a.name.split(".")[0] == "chainrule")
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("import_module", "__import__")
            ):
                yield ast.unparse(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_function_imports_our_own_modules_but_through_a_door(path):
    if path not in (PACKAGE / "__init__.py", PACKAGE / "doors.py"):
        assert list(imports_inside_functions(path)) == []


def test_rooms_import_downwards_only_for_type_checkers_too():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert not config.get("exclude_type_checking_imports", False)
    layers = [contract for contract in config["contracts"] if contract["type"] == "layers"]
    assert [c["containers"] for c in layers if not c.get("exhaustive")] == [["chainrule.engines"]]
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def made(monkeypatch, place):
    """A class with two doors, of which one is served."""
    monkeypatch.setitem(DOORS, "Thing.plot", place)

    @dataclass(frozen=True)
    class Thing:
        name: str
        plot = Door()
        _repr_html_ = Door()

    return Thing


def test_a_class_has_the_methods_that_are_served_and_no_others(monkeypatch):
    Thing = made(monkeypatch, "dataclasses:replace")
    thing = Thing("a")
    assert thing.plot() == thing and thing.plot(name="b") == Thing("b") == Thing.plot(thing, name="b")
    assert thing.plot.__doc__ == replace.__doc__
    assert "plot" in dir(thing) and "_repr_html_" not in dir(thing)
    assert not hasattr(thing, "_repr_html_") and not hasattr(Thing, "_repr_html_")
    assert [f.name for f in fields(Thing)] == ["name"]


def test_a_class_inherits_doors(monkeypatch):
    class Other(made(monkeypatch, "dataclasses:asdict")):
        pass

    assert Other("b").plot() == {"name": "b"} and not hasattr(Other, "_repr_html_")


def test_a_door_imports_nothing_before_it_is_opened_and_says_what_is_missing(monkeypatch):
    thing = made(monkeypatch, "chainrule.a_room_that_is_not_there:plot")("a")
    assert "plot" in dir(thing)
    with pytest.raises(ModuleNotFoundError, match="a_room_that_is_not_there"):
        thing.plot()


@pytest.mark.parametrize("name", ["_repr_html_", "_repr_mimebundle_", "plot", "draw", "export"])
def test_what_no_one_serves_is_not_there(name):
    x = cr.variable(1.0, name="x")
    for thing in (x, cr.Network([cr.Dense(1)], input_shape=2), cr.explain(x * 2, wrt=x)):
        assert hasattr(thing, name) == (f"{type(thing).__name__}.{name}" in DOORS)


def other_file(path, custom):
    """What serves the files of a kind in these tests."""
    return Path(path).read_text(encoding="utf-8"), custom


def test_a_file_is_read_by_who_serves_its_ending(monkeypatch, tmp_path):
    path = tmp_path / "network.OTHER"
    path.write_text("numbers", encoding="utf-8")
    with pytest.raises(cr.FileFormatError):
        cr.load(path)
    monkeypatch.setitem(DOORS, "read .other", "house_of_others:read")
    monkeypatch.setitem(sys.modules, "house_of_others", SimpleNamespace(read=other_file))
    assert cr.load(path) == ("numbers", None) and cr.load(str(path), {"a": 1}) == ("numbers", {"a": 1})


def test_what_stands_beside_a_network_is_read_by_who_serves_it(monkeypatch, tmp_path):
    network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
    network.save(tmp_path / "network.safetensors", extra={"sounds": [16000], "mine": 3})
    assert cr.load(tmp_path / "network.safetensors").extra == {"sounds": [16000], "mine": 3}
    monkeypatch.setitem(DOORS, "load sounds", "house_of_others:sounds")
    others = SimpleNamespace(sounds=lambda network, part: (network, part))
    monkeypatch.setitem(sys.modules, "house_of_others", others)
    again, part = cr.load(tmp_path / "network.safetensors")
    assert part == [16000] and again.extra == {"mine": 3}


def test_reading_a_network_imports_no_room_that_serves_other_files(tmp_path):
    cr.Network([cr.Dense(1)], input_shape=2, seed=0).save(tmp_path / "network.safetensors")
    code = "import chainrule as cr, sys; cr.load('network.safetensors'); print('pandas' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
