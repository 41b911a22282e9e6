"""Every row's formula, run by JAX: its values, and its derivative by JAX's own differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from jax_engine import by_jax
from test_primitives import EXAMPLES as ALL, Example, label, numbers

from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import constant
from chainrule.graph.primitives.primitive import TABLE
from chainrule.transform.backprop import pullback

WITHOUT_ARRAYS = {"length", "random_uniform"}  # whole numbers in, and nothing to differentiate


EXAMPLES = [
    e
    for e in ALL
    if e.primitive.name not in WITHOUT_ARRAYS and (not e.primitive.domain or e.inputs[0].shape == (2,))
]
WEIGHTS = (0.5, 1.5)


def smooth_inputs(example):
    """Return the positions of the inputs that have a derivative."""
    floats = [i for i, a in enumerate(example.inputs) if a.dtype.kind == "f"]
    return [] if example.primitive.no_derivative or example.node()[1].dtype.kind != "f" else floats


@pytest.fixture(scope="module")
def theirs():
    """What JAX finds for all examples: values and gradients. One compilation instead of a hundred."""

    def everything():
        found = []
        for example in EXAMPLES:
            function, where = by_jax(example.primitive, example.attributes), smooth_inputs(example)

            def weighted(*x, function=function):
                value = function(*x)
                return jnp.sum(value * numbers(value.shape, WEIGHTS, 99)), value

            if where:
                gradients, value = jax.grad(weighted, where, has_aux=True)(*map(jnp.asarray, example.inputs))
            else:
                gradients, value = (), function(*map(jnp.asarray, example.inputs))
            found.append((value, gradients))
        return found

    with jax.enable_x64(True):
        return jax.jit(everything)()


@pytest.mark.parametrize(
    ("number", "example"), list(enumerate(EXAMPLES)), ids=lambda e: label(e) if isinstance(e, Example) else ""
)
def test_value_and_derivative_agree_with_jax(number, example, theirs):
    value, gradients = theirs[number]
    leaves, y = example.node()
    ours = pullback(
        [y], [constant(numbers(y.shape, WEIGHTS, 99))], [leaves[i] for i in smooth_inputs(example)]
    )
    values = evaluate([y, *ours], example.feed(leaves))
    np.testing.assert_allclose(values[y], value, rtol=1e-13, atol=1e-15)
    for g, expected in zip(ours, gradients, strict=True):
        np.testing.assert_allclose(values[g], expected, rtol=1e-12, atol=1e-13)


AT = np.array([-750.0, -40.0, -3.0, -0.1, 1e-9, 0.7, 30.0, 800.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "attributes", "independent"),
    [
        ("sigmoid", {}, scipy.special.expit),
        ("softplus", {}, lambda x: np.logaddexp(0, x)),
        ("softmax", {"axes": (0,)}, scipy.special.softmax),
        ("logsumexp", {"axes": (0,), "keepdims": False}, scipy.special.logsumexp),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")  # theirs may say so
def test_stable_values_against_others(name, attributes, independent, dtype):
    at = AT.astype(dtype)
    ours, theirs = TABLE[name](at, **attributes), np.asarray(independent(at))
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, theirs, rtol=8 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)
