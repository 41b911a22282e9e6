"""What users write in the place of ours: other arguments are told before anything is trained, pickles ask for names."""

import copy
import pickle

import numpy as np
import pytest

from chainrule.errors import ChainruleError
from chainrule.nn.callables import takes_instead
from chainrule.nn.layers import Dense
from chainrule.train.network import Network

X, Y = np.linspace(-1, 1, 24).reshape(12, 2), np.linspace(0, 1, 12)


def fit(layer=None, **options):
    network = Network([layer or Dense(1)], seed=0)
    try:
        network.fit(X, Y, epochs=2, **options)
    finally:
        assert network.runs == 0 or options == {}
    return network


WRONG = {
    "loss": (lambda: fit(loss=lambda y: y), "The loss '<lambda>' is called with (y, p), and takes (y)."),
    "metric": (
        lambda: fit(metrics=lambda y, p, w: y),
        "The metric '<lambda>' is called with (y, p), and takes (y, p, w)",
    ),
    "activation": (
        lambda: fit(Dense(1, lambda: 0)),
        "The activation <lambda> is called with (z), and takes ().",
    ),
    "initializer": (
        lambda: fit(Dense(1, initializer=lambda shape: 0)),
        "is called with (shape, rng), and takes (shape)",
    ),
    "regularizer": (
        lambda: fit(Dense(1, regularizer=lambda: 0)),
        "The regularizer of W1 is called with (w), and takes ()",
    ),
    "optimizer": (
        lambda: fit(optimizer=lambda g: g),
        "The optimizer is called with (g, slot, t), and takes (g).",
    ),
    "callback": (
        lambda: fit(callbacks=lambda epoch, logs: 0),
        "called with (network, epoch, logs), and takes (epoch, logs)",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_other_arguments_are_told_before_the_first_epoch(kind):
    attempt, words = WRONG[kind]
    with pytest.raises(ChainruleError) as error:
        attempt()
    assert words in str(error.value) and "Write it as a function (" in str(error.value)


def test_a_type_error_inside_such_a_function_stays_what_it_is():
    with pytest.raises(TypeError, match="has no len") as error:
        fit(loss=lambda y, p: y + len(3))
    assert not isinstance(error.value, ChainruleError)


def test_what_takes_them_is_not_refused():
    for function in (lambda y, p, more=1: y, lambda *a: a, np.add, max, Dense.build):
        assert (
            takes_instead(function, ["y", "p"][: 2 + (function is Dense.build)]) == ""
            or function is Dense.build
        )


def test_a_function_without_a_name_is_told_when_it_is_pickled():
    squares = lambda y, p: np.mean((y - p) ** 2, axis=-1)  # noqa: E731
    network = Network([Dense(1)], seed=0)
    network.fit(X, Y, epochs=1, loss=squares)
    for thing in (network, Network([Dense(1, lambda z: z)], input_shape=2), Network([Dense(1, lambda z: z)])):
        with pytest.raises(ChainruleError, match=r"cannot be pickled: .*<lambda>.* has no name"):
            pickle.dumps(thing)
        assert isinstance(copy.deepcopy(thing), Network)
    cloudpickle = pytest.importorskip("cloudpickle")
    again = pickle.loads(cloudpickle.dumps(network))
    np.testing.assert_array_equal(again.predict(X), network.predict(X))
    assert len(again.fit(X, Y, epochs=1)["cost"]) == 1
