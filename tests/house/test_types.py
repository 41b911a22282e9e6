"""What type checkers and editors are told is what is there."""

import ast
import inspect
from pathlib import Path
from typing import get_args

import pytest

import chainrule as cr
from chainrule import literals
from chainrule.data.target import TASKS
from chainrule.graph.numpy_api.calls import METHODS
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.initializers import INITIALIZERS
from chainrule.nn.losses import LOSSES
from chainrule.nn.regularizers import REGULARIZERS
from chainrule.train.metrics import METRICS
from chainrule.train.optimizers import OPTIMIZERS

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
        (literals.TaskName, TASKS),
        (literals.SampleName, cr.SAMPLES),
    ],
    ids=lambda x: getattr(x, "__args__", [""])[0],
)
def test_the_names_that_editors_complete_are_those_of_the_tables(told, known):
    assert set(get_args(told)) == set(known)
