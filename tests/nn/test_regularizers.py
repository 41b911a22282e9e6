"""Regularizers: values, gradients, the lectures' and Keras' conventions, plain data and back."""

import json

import numpy as np
import pytest

from chainrule.errors import FileFormatError, GraphError, UnknownNameError
from chainrule.graph.node import variable
from chainrule.nn.layers import Dense
from chainrule.nn.regularizers import CLASSES, L1, L1L2, L2, regularizer
from chainrule.nn.settings import Names, layer_from_config, layer_to_config
from chainrule.nn.specs import from_config
from chainrule.transform.backprop import grad

W = np.array([[1.0, -2.0, 0.0], [0.5, 3.0, -1.5]])


@pytest.mark.parametrize(
    ("price", "value", "slope"),
    [
        (L1(0.1), 0.8, 0.1 * np.sign(W)),
        (L1(0.1, divisor=4), 0.2, 0.025 * np.sign(W)),
        (L2(0.1), 1.65, 0.2 * W),
        (L2(0.1, divisor=2 * 50), 0.0165, 0.1 / 50 * W),  # the lectures' λ/(2m) Σw²: its gradient is λ/m · w
        (L1L2(0.1, 0.01), 0.8 + 0.165, 0.1 * np.sign(W) + 0.02 * W),
    ],
)
def test_values_and_gradients(price, value, slope):
    w = variable(W)
    assert price(W) == pytest.approx(value, rel=1e-14)
    assert price(w).shape == () and price(w).value == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(grad(price(w), w).value, slope, rtol=1e-14)


@pytest.mark.parametrize("factor", [0.1, np.float64(0.1), 1])
@pytest.mark.parametrize("kind", [L1, L2])
def test_float32_stays(kind, factor):
    assert kind(factor)(variable(W.astype("float32"))).dtype == np.float32


def test_what_a_spec_means():
    assert regularizer(None) is None
    assert regularizer("l1") == L1(0.01) and regularizer("l2") == L2(0.01)
    assert regularizer(0.3) == L2(0.3) and regularizer(1) == L2(1.0)
    assert regularizer(L1(0.2)) == L1(0.2)
    assert regularizer(np.sum) is np.sum
    assert regularizer("L2") == L2(0.01) and regularizer("L1L2") == regularizer("l1_l2")
    with pytest.raises(UnknownNameError, match=r"Unknown regularizer 'l3'\. Known: l1, l1_l2, l2"):
        regularizer("l3")
    with pytest.raises(GraphError, match=r"write L2\(...\)"):
        regularizer(L2)


def again(regularizer, custom=None):
    """A regularizer as it comes back from the settings of a layer in a file."""
    config = json.loads(json.dumps(layer_to_config(Dense(1, regularizer=regularizer), Names())))
    return layer_from_config(config, custom or {}, "entry 0").regularizer


@pytest.mark.parametrize("spec", [None, L1(0.1), L2(0.1, divisor=100), L1L2(0.1, 0.2), "l2", 0.5])
def test_plain_data_and_back(spec):
    assert again(spec) == regularizer(spec)


def test_functions_of_the_user_s_are_kept_by_name():
    def entropy(w):
        return np.sum(w * w)

    assert layer_to_config(Dense(1, regularizer=entropy), Names())["regularizer"] == {
        "regularizer": "entropy"
    }
    assert again(entropy, {"entropy": entropy}) is entropy
    with pytest.raises(
        FileFormatError, match=r"your own regularizer 'entropy'.* custom={'entropy': entropy}"
    ):
        again(entropy)


def test_bad_settings_and_bad_data():
    with pytest.raises(GraphError, match=r"L2: factor must be a number of at least 0; found -0\.1"):
        L2(-0.1)
    with pytest.raises(GraphError, match="L1: divisor must be a number above 0; found 0"):
        L1(0.1, divisor=0)
    with pytest.raises(UnknownNameError, match=r"Unknown class 'L3'\. Known: L1, L1L2, L2"):
        from_config({"class": "L3"}, CLASSES)
    with pytest.raises(FileFormatError, match="L2 has no field 'faktor'"):
        from_config({"class": "L2", "faktor": 0.1}, CLASSES)
