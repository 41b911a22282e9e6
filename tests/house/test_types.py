"""What type checkers and editors are told is what is there, and tells enough."""

import ast
import inspect
import os
import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path
from typing import get_args

import pytest

import chainrule as cr
from chainrule import literals
from chainrule.data.target import TASKS
from chainrule.graph.numpy_api.calls import METHODS
from chainrule.models.pictured import OF_CLASSES, OF_NUMBERS
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.initializers import INITIALIZERS
from chainrule.nn.losses import LOSSES
from chainrule.nn.regularizers import REGULARIZERS
from chainrule.train.metrics import METRICS
from chainrule.train.optimizers import OPTIMIZERS

PACKAGE = Path(cr.__file__).parent
ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
FOUND = f"{PACKAGE.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
SEEN = {**os.environ, "PYTHONPATH": FOUND}
LEAST_KNOWN = 99.5  # per cent of what is exported; the rest is what click is not sure of
# Where `Any` says what is true, and why.
ANY = {
    "load": "a network or a table's model, of which the reader knows which: model: cr.TableModel = cr.load(path)",
    "TableModel.compare": "the choices of TableModel.train, each read as cr.CHOICES says",
    "attributions": "a network, a model or an estimator, which are known above, and what each of them takes",
    "permutation_importance": "likewise",
    "explain": "which output: its place, its name, or an array of places",
    "Attributions.values": "an array, of several inputs a dict of arrays, of sequences a list",
    "Attributions.parts": "likewise",
    "Attributions.of": "the place of an output, or its name, of any type",
    "Attributions.to_dict": "plain data, as deep as it is",
    "PermutationImportance.to_dict": "likewise",
    "Verdicts.to_dict": "likewise",
    "diagnose": "the arguments of fit, each of its own type",
    "pictures.boundary": "whatever predicts, of any library, and what columns are called",
    "pictures.bowl": "a network or a node, and what is varied of either",
    "pictures.compare": "networks in a list or by name, and the arguments of fit",
    "pictures.costs": "histories, estimators and lists of numbers, alone or by name",
    "pictures.scale": "a table, or arrays",
    "Node.__init__": "what rooms above say of a node, its meaning",
    "Node.meaning": "likewise",
    "ShapeError.where": "a layer and nodes, which are known above",
    "Node.__getitem__": "an index, as NumPy takes them",
    "Node.__setitem__": "which it refuses, whatever they are",
    "Node.value": "a number or an array, as NumPy's functions return them",
    "Trace.__getitem__": "likewise",
    "Primitive.__call__": "an array of arrays, and a node of nodes, which are known above",
    "primitive": "columns of the table, each of its own type",
    "Recurrent.__call__": "a node, or a tuple of nodes where the states are put out besides",
    "Bidirectional.__call__": "likewise",
    "Cell.step": "so typed, an override may take what it likes",
    "TableModel.repeat": "choices, each of its own type",
    "TableModel.plan": "likewise",
    "TableModel.examine": "likewise",
    "TableModel.configuration": "likewise",
    "Layer.build": "so typed, an override may take what it likes",
    "Layer.mask_after": "likewise",
    "Schedule.at": "a number of numbers, a node of nodes",
    "Checkpoint.on_train_begin": "the network, which is known above",
    "Checkpoint.on_resume": "likewise",
    "Checkpoint.on_epoch_end": "likewise",
    "KeptEpochs.restore": "likewise",
    "CSVLog.on_train_begin": "likewise",
    "CSVLog.on_resume": "likewise",
    "CSVLog.on_epoch_end": "likewise",
    "CSVLog.on_train_end": "likewise",
    "TensorBoardLog.on_train_begin": "likewise",
    "TensorBoardLog.on_resume": "likewise",
    "TensorBoardLog.on_epoch_end": "likewise",
    "TensorBoardLog.on_train_end": "likewise",
}


def test_the_methods_of_nodes_that_editors_know_are_those_that_nodes_have():
    tree = ast.parse((PACKAGE / "graph/operators.py").read_text(encoding="utf-8"))
    (stub,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Methods"]
    told = {n.name: n.args for n in ast.walk(stub) if isinstance(n, ast.FunctionDef)}
    assert told.keys() == METHODS.keys()
    for name, arguments in told.items():
        said = [a.arg for a in [*arguments.args, *filter(None, [arguments.vararg]), *arguments.kwonlyargs]]
        has = list(inspect.signature(METHODS[name]).parameters)
        assert said[1:] == has[1:], name


def stages():
    return [stage for engine in cr.ENGINES.values() for stage in engine.stages]


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (literals.ActivationName, ACTIVATIONS),
        (literals.LossName, LOSSES),
        (literals.InitializerName, INITIALIZERS),
        (literals.RegularizerName, REGULARIZERS),
        (literals.OptimizerName, OPTIMIZERS),
        (literals.MetricName, METRICS.keys() - LOSSES.keys()),
        (literals.EngineName, ["auto", *cr.ENGINES]),
        (literals.StageName, stages()),
        (literals.PictureKind, [*OF_CLASSES, *OF_NUMBERS]),
        (literals.TaskName, TASKS),
        (literals.SampleName, cr.SAMPLES),
    ],
    ids=lambda x: getattr(x, "__args__", [""])[0],
)
def test_the_names_that_editors_complete_are_those_of_the_tables(told, known):
    assert set(get_args(told)) == set(known)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.stem)
def test_the_programs_of_users_run(program, tmp_path):
    subprocess.run(
        [sys.executable, "-W", "error", program], cwd=tmp_path, env=SEEN, check=True, capture_output=True
    )


def test_mypy_has_nothing_to_say_about_the_programs_of_users(tmp_path, monkeypatch):
    assert type_check(map(str, PROGRAMS), tmp_path, monkeypatch, "--strict") == ""


@pytest.mark.long
def test_mypy_has_nothing_to_say_about_what_the_pages_show(tmp_path, monkeypatch):
    block = re.compile(r"```python\n(.*?)```", re.DOTALL)
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        code = "\n".join(block.findall(page.read_text(encoding="utf-8")))
        name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_")
        (tmp_path / f"{name}_page.py").write_text(code, encoding="utf-8")
    options = (
        "--check-untyped-defs",
        "--allow-redefinition-new",
        "--local-partial-types",
        "--ignore-missing-imports",
    )
    assert type_check(map(str, tmp_path.glob("*_page.py")), tmp_path, monkeypatch, *options) == ""


def type_check(files, folder, monkeypatch, *options):
    """What mypy finds wrong, in a process of its own, for it raises the recursion limit of the one it runs in."""
    monkeypatch.setenv("MYPYPATH", str(PACKAGE.parent))
    usual = "--config-file=", "--follow-imports=silent", f"--cache-dir={folder}", "--no-error-summary"
    command = [sys.executable, "-m", "mypy", *files, *usual, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_pyright_knows_the_types_of_what_is_exported(tmp_path):
    pytest.importorskip("pyright", reason="pip install -e '.[types]' brings it, with a Node.js of 200 MB")
    run = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    told = subprocess.run(
        [*run, "--verifytypes", "chainrule", "--ignoreexternal"],
        cwd=tmp_path,
        env=SEEN,
        capture_output=True,
        text=True,
    )
    score = re.search(r"Type completeness score: ([\d.]+)%", told.stdout)
    assert score is not None, told
    assert float(score[1]) >= LEAST_KNOWN, told.stdout
    told = subprocess.run([*run, *map(str, PROGRAMS)], cwd=tmp_path, env=SEEN, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout


SAID = "__init__", "__call__", "__getitem__", "__setitem__"
TYPED = {"of_numbers", "of_pairs", "_of_each_example"}  # decorators that say more than the function itself


def public(name):
    return attrgetter(name)(cr)


def annotations(name):
    """What a public thing, its public methods and its fields are annotated with: (whole name, annotations)."""
    thing = public(name)
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return
    body = ast.parse(Path(inspect.getsourcefile(inspect.unwrap(thing))).read_text(encoding="utf-8")).body
    (found,) = [
        n for n in body if getattr(n, "name", "") == thing.__name__ and "overload" not in decorators(n)
    ]
    inside = found.body if isinstance(found, ast.ClassDef) else []
    several = {n.name for n in [*body, *inside] if "overload" in decorators(n)}
    for node in [found, *inside]:
        whole = name if node is found else f"{name}.{getattr(node, 'name', '')}"
        if isinstance(node, ast.AnnAssign):
            if not ast.unparse(node.target).startswith("_"):
                yield f"{name}.{ast.unparse(node.target)}", [node.annotation]
        elif isinstance(node, ast.FunctionDef) and not (node.name.startswith("_") and node.name not in SAID):
            implements = node.name in several and "overload" not in decorators(node)
            if not implements and not TYPED & decorators(node):
                a = node.args
                every = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, [a.vararg, a.kwarg])]
                yield whole, [x.annotation for x in every if x.arg not in ("self", "cls")] + [node.returns]


def decorators(node):
    """The names of what a function is decorated with."""
    return {ast.unparse(d).split("(")[0] for d in getattr(node, "decorator_list", [])}


@pytest.mark.parametrize("name", [*cr.__all__, *[f"pictures.{name}" for name in cr.pictures.__all__]])
def test_what_is_public_says_more_than_any(name):
    kinds = [kind.__name__ for kind in getattr(public(name), "__mro__", ())]
    for whole, said in annotations(name):
        reasons = [whole, *(f"{kind}.{whole.partition('.')[2]}" for kind in kinds)]
        bare = [a for a in said if a is None or ast.unparse(a) == "Any"]
        assert not bare or ANY.keys() & set(reasons), f"{whole} says Any"
