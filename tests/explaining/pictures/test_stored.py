"""Pictures go into files as plain data and come back as they were; what is none is refused, whatever it is."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.errors import FileFormatError
from chainrule.explaining.pictures.stored import picture_from

rng = np.random.default_rng(0)


def pictures():
    network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(int)
    history = network.fit(X, y, epochs=4, validation_split=0.2, metrics="accuracy")
    said = network.predict(X)[:, 0]
    yield history.plot()
    yield network.draw()
    yield cr.pictures.roc(y, said)
    yield cr.pictures.calibration(y, said)
    yield cr.pictures.confusion(y, said > 0.5)
    yield cr.pictures.boundary(network, X, y)
    yield cr.pictures.predicted_against_true(y, said, low=said - 0.1, high=said + 0.1)
    a, b = cr.variable(0.5, "a"), cr.variable(1.0, "b")
    yield cr.pictures.bowl(a**2 + b**2)
    yield cr.Picture(cr.pictures.Panel([cr.pictures.Line([1, 2, 3], [1.0, np.nan, 2.0])]))


@pytest.fixture(scope="module")
def drawn():
    return list(pictures())


def test_a_picture_is_drawn_as_it_was(drawn):
    for picture in drawn:
        data = json.loads(json.dumps(picture.to_dict(), allow_nan=False))
        again = picture_from(data)
        assert again.svg() == picture.svg(), picture.title
        assert again.to_dict() == picture.to_dict()


def places(data, place=()):
    yield place
    for key, value in (
        data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    ):
        yield from places(value, (*place, key))


@settings(max_examples=100)
@given(data=st.data())
def test_what_is_spoiled_is_refused_or_is_a_picture(drawn, data):
    whole = copy.deepcopy(data.draw(st.sampled_from(drawn)).to_dict())
    place = data.draw(st.sampled_from([p for p in places(whole) if p]))
    other = data.draw(
        st.sampled_from(
            [None, "x", -1, 1e300, True, [], [None], {}, {"a": 1}, [[1], [2, 3]], "</svg><script>"]
        )
    )
    within = whole
    for key in place[:-1]:
        within = within[key]
    within[place[-1]] = other
    try:
        again = picture_from(whole)
    except FileFormatError:
        return
    assert "<script" not in again.svg()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "expected the fields of Picture; found None"),
        ({"panels": 3}, "expected a list; found 3"),
        ({}, "expected a list"),
        (
            {"panels": [{"marks": [{"mark": "Bomb"}]}]},
            r"picture\.panels\[0\]\.marks\[0\]: there is no mark 'Bomb'",
        ),
        ({"panels": [{"marks": [{"mark": "Line", "x": [1], "y": [2, 3]}]}]}, "must be of one length"),
        (
            {"panels": [{"marks": [{"mark": "Line", "x": [1], "y": [2], "colour": "url(x)"}]}]},
            "a role such as 'c1'",
        ),
        ({"panels": [], "script": 1}, "expected the fields of Picture"),
    ],
)
def test_it_says_what_is_wrong(data, says):
    with pytest.raises(FileFormatError, match=says):
        picture_from(data)
