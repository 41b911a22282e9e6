"""What pip installs where, and what runs in a browser (Pyodide, JupyterLite), whose lacks a process is given."""

import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import chainrule as cr

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BROWSER = """
import os, sys, threading
import numpy as np

MISSING = "llvmlite", "pandas", "matplotlib", "contourpy", "sklearn", "scipy", "resource", "multiprocessing.synchronize"
for name in MISSING:
    sys.modules[name] = None
for name in ("fork", "register_at_fork", "sched_getaffinity"):
    delattr(os, name) if hasattr(os, name) else None
sys.platform = "emscripten"


def no_thread(thread):
    raise RuntimeError("can't start new thread")


threading.Thread.start = no_thread
import chainrule as cr
"""
LEARNS = """
import warnings
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    history = network.fit(X, y, epochs=500, optimizer=cr.Adam(0.05), verbose=1)
    other = cr.Network([cr.Dense(300, "relu"), cr.Dense(1)], seed=0)
    for _ in range(2):  # so much work that machine code would be worth it
        other.fit(np.eye(200, 30), np.arange(200.0), epochs=10**6, validation_split=0.2, time_budget=0.1)
assert [w.category for w in told if w.category is cr.EngineWarning] == [cr.EngineWarning], told
assert any("llvmlite is not installed" in str(w.message) for w in told)
assert network.predict_classes(X).tolist() == [0, 1, 1, 0]
sys.stderr.isatty = lambda: True  # the console of Pyodide
network.fit(X, y, epochs=2, verbose=1)
network.save("xor.safetensors")
assert (cr.load("xor.safetensors").predict(X) == network.predict(X)).all()
assert network.evaluate(X, y)["accuracy"] == 1 and not network.check_gradients(X, y).culprits
w = cr.variable(3.0, name="w")
assert cr.grad(w * w, w).value == 6 and str(cr.explain(w * w, wrt=w)) and cr.compile(w * w)() == 9
network.summary()
picture = cr.Picture(cr.pictures.Panel([cr.pictures.Line(range(500), history["cost"], "cost")]))
picture.save("cost.svg")
repr(picture), picture._repr_html_()
repr(network), repr(history), network._repr_html_(), history._repr_html_()
"""
MISSING = """
ONE = cr.Network([cr.Dense(1, "tanh")], input_shape=1, seed=0)
TWO = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1)], input_shape=2, seed=0)
for what, library in {asked!r}.items():
    try:
        eval(what)
    except cr.MissingLibraryError as error:
        assert error.name == {{"scikit-learn": "sklearn"}}.get(library, library), error
        assert isinstance(error, ImportError), error
        assert f"which is not installed here: %pip install {{library}}" in str(error), error
    else:
        raise AssertionError(what)
"""
ASKED = {
    "cr.load_table": "pandas",
    "cr.TableModel": "pandas",
    "cr.Picture(cr.pictures.Panel([])).plot()": "matplotlib",
    "cr.Picture(cr.pictures.Panel([])).save('a.png')": "matplotlib",
    "cr.pictures.hidden(TWO, [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])": "scikit-learn",
    "cr.pictures.scale([[0.0], [1.0]] * 20, [0.0, 1.0] * 20)": "scikit-learn",
    "cr.pictures.boundary(TWO, [[0.0, 1.0], [1.0, 0.0]])": "contourpy",
    "cr.pictures.boundary(ONE, [[0.0], [1.0]], level=0.5)": "scipy",
    "cr.pictures.bowl(cr.variable(1.0, 'w') ** 2 + cr.variable(2.0, 'b') ** 2)": "scipy",
    "cr.load('table.safetensors')": "pandas",
    "cr.Network([cr.Dense(1)], seed=0).fit([[0.0], [1.0]], [0, 1], optimizer='lbfgs', batch_size=None)": "scipy",
}


def in_a_browser(code, folder):
    done = subprocess.run([sys.executable, "-c", BROWSER + code], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr


def test_a_network_learns_is_saved_and_explained(tmp_path):
    in_a_browser(LEARNS, tmp_path)


def test_what_needs_a_library_that_is_not_there_says_which_and_how_to_get_it(tmp_path):
    table, target = cr.load_table("iris")
    cr.TableModel.train(table, target, epochs=1).save(tmp_path / "table.safetensors")
    in_a_browser(textwrap.dedent(MISSING.format(asked=ASKED)), tmp_path)


@pytest.mark.parametrize(
    ("machine", "left_out"),
    [
        ({"sys_platform": "linux", "platform_machine": "x86_64"}, set()),
        ({"sys_platform": "darwin", "platform_machine": "arm64"}, set()),
        ({"sys_platform": "darwin", "platform_machine": "x86_64"}, {"llvmlite"}),
        (
            {"sys_platform": "emscripten", "platform_machine": "wasm32"},
            {"llvmlite", "pandas", "scipy", "scikit-learn", "threadpoolctl", "matplotlib", "contourpy"},
        ),
    ],
    ids=lambda value: value.get("sys_platform", "") if isinstance(value, dict) else "",
)
def test_what_pip_installs_where(machine, left_out):
    wanted = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    assert {r.name for r in wanted if r.marker and not r.marker.evaluate(machine)} == left_out


def test_what_the_source_archive_lists_is_there():
    listed = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert listed and [pattern for pattern in listed if not [*ROOT.glob(pattern.removeprefix("/"))]] == []
