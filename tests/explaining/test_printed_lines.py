"""What is printed is what is shown: lines of explanations, read as NumPy, come to the arrays beside them."""

import re

import numpy as np
import pytest
from array_graphs import GRAPHS, network

import chainrule as cr

DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
AS_PYTHON = {"−": "-", "∘": "*", "·": "@", "ᵀ": ".T", "σ": "sigmoid", "^": "**", "≠": "!="}


class Shown:
    """An array of which ``@`` is a product with numbers, too."""

    __array_ufunc__ = None

    def __init__(self, array):
        self.array = np.asarray(array, float)

    def __matmul__(self, other):
        a, b = self.array, getattr(other, "array", other)
        return Shown(a * b if not np.ndim(a) or not np.ndim(b) else a @ b)

    def __rmatmul__(self, other):
        return Shown(other * self.array)

    @property
    def T(self):
        return Shown(self.array.T)

    def __getitem__(self, index):
        return Shown(self.array[index])

    def __neg__(self):
        return Shown(-self.array)


def _of(name):
    def method(self, other):
        with np.errstate(all="ignore"):
            return Shown(getattr(self.array, name)(getattr(other, "array", other)))

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "gt", "ne"):
    setattr(Shown, f"__{_name}__", _of(f"__{_name}__"))


def functions(keepdims, axis):
    def of(f):
        return lambda x, **how: Shown(f(getattr(x, "array", x), **how))

    return {
        "sum": of(lambda x, axis=None: x.sum(axis=axis, keepdims=keepdims)),
        "softmax": of(lambda x: np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)),
        "outer": lambda a, b: Shown(np.outer(a.array, b.array)),
        "sigmoid": of(lambda x: 1 / (1 + np.exp(-x))),
        "relu": of(lambda x: np.maximum(x, 0)),
        **{name: of(getattr(np, name)) for name in ("log", "exp", "tanh", "sqrt")},
    }


def value_of(text, known, columns):
    """Return what a line comes to, read both ways of summing; None where it has what NumPy does not."""
    for sign, python in AS_PYTHON.items():
        text = text.replace(sign, python)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"**{found[0].translate(DIGITS)}", text)
    found = []
    for keepdims in (True, False):
        try:
            value = eval(text, {"__builtins__": {}}, {**functions(keepdims, 0 if columns else -1), **known})
        except (NameError, SyntaxError, TypeError, IndexError):
            return None
        except ValueError:  # shapes that do not go together
            continue
        found.append(np.asarray(getattr(value, "array", value), float))
    return found


def is_(value, shown):
    """Say whether a line comes to an array, whose axes of length 1 nobody sees."""
    try:
        value = (
            value.reshape(shown.shape) if value.size == shown.size else np.broadcast_to(value, shown.shape)
        )
    except ValueError:
        return False
    return np.allclose(value, shown, atol=1e-8)


NORMALIZED = [cr.Dense(4), cr.BatchNormalization(), cr.Activation("relu"), cr.Dense(3)]
MADE = {
    **{
        name: GRAPHS[name]
        for name in ("xor", "classes", "normalized", "no names", "shared", "recurrent", "one example")
    },
    "batch norm": lambda: network(NORMALIZED, 3),
    "layer norm": GRAPHS["layer norm"],
}


@pytest.mark.parametrize("notation", [None, "W x", "Wᵀ x", "x Wᵀ"])
@pytest.mark.parametrize("name", MADE)
def test_a_printed_line_comes_to_the_array_beside_it(name, notation):
    graph = MADE[name]()
    told = graph.explain(digits=12, notation=notation)
    steps = [*told.given, *told.forward, *told.local, *told.backward]
    known = {step.name: Shown(step.value) for step in steps}
    rows = len(next(iter(graph.feed.values()))) if graph.feed else 1
    read = 0
    for step in steps:
        for formula in (step.formula, step.simple):
            if formula is None or "…" in formula.text:
                continue
            found = value_of(formula.text, {**known, "m": rows}, notation in ("W x", "Wᵀ x"))
            if found is None:
                continue
            read += 1
            fits = [v for v in found if v.size == step.value.size or v.ndim <= len(step.shape)]
            assert any(is_(v, step.value) for v in fits), f"{step.name} = {formula.text}"
    assert read >= 5
