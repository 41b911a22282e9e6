"""One place is touched to add an activation, a layer, an optimizer: the text of one, put into a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr

PACKAGE = Path(cr.__file__).parent

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = {
    file: (file, line, text)
    for file, line, text in re.findall(
        r"```python\n# ([\w/]+\.py), (?:at the end|before (\w+))\n(.*?)```", PAGE, re.DOTALL
    )
}

# What is added: into which file, before which line (at the end for ""), and the text; three stand on the page.
ADDED = {
    "activation": RECIPES["nn/activations.py"],
    "layer": RECIPES["nn/layers/dense.py"],
    "optimizer": RECIPES["train/optimizers.py"],
    "loss": (
        "nn/losses.py",
        "LOSSES: dict",
        '''
__all__ += ["log_cosh"]


@_of_each_example
def log_cosh(y: Any, p: Any) -> Any:
    """``log(cosh(p - y))``: squared near 0 and absolute far away."""
    return np.logaddexp(p - y, y - p) - np.log(2.0)
''',
    ),
    "schedule": (
        "train/schedules.py",
        "CLASSES: ",
        '''
__all__ += ["Linear"]


@dataclass(frozen=True)
class Linear(Schedule):
    """From ``rate`` to 0 on a straight line."""

    rate: Above0

    def at(self, step: Any, total: Any, per_epoch: Any) -> Any:
        """Return what is left of the rate."""
        return self.rate * (1 - step / total)
''',
    ),
    "regularizer": (
        "nn/regularizers.py",
        "CLASSES = ",
        '''
__all__ += ["Quartic"]


@dataclass(frozen=True)
class Quartic(Checked):
    """``factor · Σw⁴``."""

    factor: AtLeast0 = 0.01

    def __call__(self, w: Any) -> Any:
        """Return the price of the weights."""
        return self.factor * np.sum(np.square(np.square(w)))


REGULARIZERS["quartic"] = Quartic()
''',
    ),
    "initializer": (
        "nn/initializers.py",
        "CLASSES = ",
        '''
__all__ += ["Ramp"]


@dataclass(frozen=True)
class Ramp:
    """Numbers that rise evenly from ``-size`` to ``size``."""

    size: float = 0.5

    def __call__(self, shape: Shape, rng: Any) -> np.ndarray:
        """Return an array of ``shape``."""
        return np.linspace(-self.size, self.size, math.prod(shape)).reshape(shape)


INITIALIZERS["ramp"] = Ramp()
''',
    ),
}
# What is public by it, the layers and settings of a network that uses it by name, and what a wrong name is told.
USED = {
    "activation": ("mish", "[cr.Dense(3, 'mish'), cr.Dense(1)]", "", "cr.Dense(3, 'mich')", "Did you mean 'mish'?"),
    "layer": ("Scale", "[cr.Dense(3, 'tanh'), cr.Scale(), cr.Dense(1)]", "", "cr.Dense(3, cr.Scale)", "write Scale("),
    "optimizer": ("Lion", "[cr.Dense(1)]", "optimizer='lion'", "network.fit(X, y, optimizer='lyon')", "'lion'"),
    "loss": ("log_cosh", "[cr.Dense(1)]", "loss='log_cosh'", "network.fit(X, y, loss='log_cos')", "'log_cosh'"),
    "schedule": ("Linear", "[cr.Dense(1)]", "optimizer=cr.Adam(cr.Linear(0.1))", "cr.Adam(cr.Linear)", "number above"),
    "regularizer": ("Quartic", "[cr.Dense(1, regularizer='quartic'), cr.Dense(1, regularizer=cr.Quartic(0.5))]", "",
                    "cr.Dense(1, regularizer='quartik')", "'quartic'"),
    "initializer": ("Ramp", "[cr.Dense(2, initializer='ramp'), cr.Dense(1, initializer=cr.Ramp(0.1))]", "",
                    "cr.Dense(1, initializer='rampe')", "'ramp'"),
}  # fmt: skip

SCRIPT = """
import copy, pickle
import numpy as np
import chainrule as cr
from chainrule import *

assert cr.{name} is {name} and "{name}" in cr.__all__ and "{name}" in dir(cr)
assert pickle.loads(pickle.dumps(cr.{name})) is cr.{name}
X, y = np.linspace(-1, 1, 24).reshape(12, 2), np.linspace(0, 1, 12)
network = cr.Network({layers}, seed=0, engine="numpy")
history = network.fit(X, y, epochs=3, {settings})
assert history.history["cost"][-1] < history.history["cost"][0]
network.save("network.safetensors")
for again in (cr.load("network.safetensors"), copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
    assert np.array_equal(again.predict(X), network.predict(X))
    again.fit(X, y, epochs=1, {settings})
try:
    {wrong}
except cr.ChainruleError as error:
    assert {told!r} in str(error), error
else:
    raise SystemExit("a wrong name is accepted")
"""


@pytest.mark.parametrize("kind", ADDED)
def test_what_is_added_in_one_place_is_there(kind, tmp_path):
    file, line, text = ADDED[kind]
    copied = tmp_path / "chainrule"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    before, after = (copied / file).read_text(encoding="utf-8"), ""
    if line:
        assert before.count(f"\n{line}") == 1
        before, line, after = before.partition(f"\n{line}")
    (copied / file).write_text(before + "\n\n" + text + "\n" + line + after, encoding="utf-8")

    name, layers, settings, wrong, told = USED[kind]
    script = SCRIPT.format(name=name, layers=layers, settings=settings, wrong=wrong, told=told)
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
