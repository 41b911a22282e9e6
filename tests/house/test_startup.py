"""What a process imports for what it does: nobody waits for what is not used. Modules are counted, never seconds."""

import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr

HEAVY = {
    "numpy", "pandas", "safetensors", "click", "rich", "scipy", "sklearn", "matplotlib", "llvmlite", "jax", "torch",
    "asyncio", "http", "email", "multiprocessing", "unittest", "numpy.ma", "numpy.random", "chainrule.transform.check",
    "secrets", "tempfile", "csv", "difflib", "chainrule.train.objective", "chainrule.train.optimizers",
    "sklearn.metrics", "sklearn.model_selection", "sklearn.neural_network", "chainrule.models.table",
}  # fmt: skip
LEARNING = {"numpy", "chainrule.train.objective", "chainrule.train.optimizers"}
# pandas needs the others
TABLES = {"pandas", "numpy.ma", "numpy.random", "secrets", "tempfile", "csv", "difflib"}
# what scikit-learn needs for any estimator
ESTIMATORS = {
    "scipy", "sklearn", "asyncio", "email", "http", "multiprocessing", "unittest", *LEARNING, *TABLES,
}  # fmt: skip
COMMAND = {"chainrule.models.table", "click", "safetensors", *LEARNING, *TABLES}
FIT = """
import chainrule as cr
network = cr.Network([cr.Dense(4, "relu"), cr.Dropout(0.1), cr.Dense(1, "sigmoid")], seed=0)
network.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 1, 1], epochs=2, metrics="accuracy", validation_split=0.25)
"""
ESTIMATOR = """
import chainrule as cr
estimator = cr.NetworkClassifier([cr.Dense(4, "relu")], epochs=2, engine="numpy")
estimator.fit([[0.0], [1.0], [2.0]], [0, 1, 1]).predict([[1.0]])
"""
MLP = """
import warnings
from chainrule import MLPClassifier
warnings.simplefilter("ignore")
MLPClassifier(4, max_iter=2).fit([[0.0], [1.0], [2.0]], [0, 1, 1]).predict([[1.0]])
"""
PICTURE = "import chainrule as cr; cr.Picture(cr.pictures.Panel([cr.pictures.Line([0, 1], [1, 0])])).svg()"
PREDICT = "import chainrule as cr; cr.load('network.safetensors').predict([[0.5, 1.0]])"
TABLE = "import pandas as pd, chainrule as cr; cr.load('table.safetensors').predict(pd.read_csv('table.csv'))"


def command(line: str) -> str:
    return (
        f"import sys; sys.argv = {['chainrule', *line.split()]}; from chainrule.cli.main import main; main()"
    )


# what is done, what of the heavy it may import, and how many modules of ours
DONE = [
    ("import chainrule", set(), 2),
    (FIT, LEARNING, 155),
    (ESTIMATOR, ESTIMATORS, 162),
    (MLP, ESTIMATORS, 139),
    (PICTURE, {"numpy", "tempfile"}, 28),
    (PREDICT, {"numpy", "safetensors"}, 133),
    (TABLE, {"safetensors", "chainrule.models.table", *LEARNING, *TABLES}, 204),
    (command("--help"), {"click", "difflib"}, 40),
    (command("train --help"), {"click", "difflib"}, 40),
    (command("train iris --epochs 2 --engine numpy"), COMMAND, 242),
    (command("train table.csv --target y --epochs 2 --engine numpy --out new.safetensors"), COMMAND, 247),
    (command("predict table.safetensors table.csv"), COMMAND, 230),
    (command("evaluate table.safetensors table.csv"), COMMAND, 230),
    (command("summary table.safetensors"), COMMAND, 230),
    (command("lessons"), {"click", "difflib", "numpy"}, 60),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("started")
    rows = np.arange(120).reshape(60, 2) % 7
    lines = [f"{a},{b},{'ab'[int(a > b)]}" for a, b in rows]
    (folder / "table.csv").write_text("\n".join(["u,v,y", *lines]))
    cr.TableModel.train(cr.read_table(folder / "table.csv"), "y", epochs=2).save(folder / "table.safetensors")
    cr.Network([cr.Dense(1)], input_shape=2, seed=0).save(folder / "network.safetensors")
    return folder


@pytest.mark.parametrize(("code", "heavy", "ours"), DONE, ids=[code.strip()[-70:] for code, _, _ in DONE])
def test_a_process_imports_what_it_uses(code, heavy, ours, folder):
    code = f"import sys, atexit\natexit.register(lambda: print('\\n', *sys.modules))\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    modules = done.stdout.splitlines()[-1].split()
    assert HEAVY & set(modules) <= heavy
    assert sum(name.split(".")[0] == "chainrule" for name in modules) <= ours
