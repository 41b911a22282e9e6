"""What a notebook shows: well-formed tables of a size that fits, in which a user's names are no HTML."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.graph.walk import order

X = np.random.default_rng(0).normal(size=(40, 4))
y = (X.sum(axis=1) > 0).astype(int)
EVIL = "<script id='a'>alert(1)</script> & "


def network_of(layers=2, name=""):
    return cr.Network(
        [*[cr.Dense(1 + i, "tanh", name=name) for i in range(layers)], cr.Dense(1, "sigmoid")], seed=0
    )


def model():
    table = pd.DataFrame({f"{EVIL}{i}": X[:, i] for i in range(4)} | {EVIL: np.where(y, EVIL, "no")})
    return cr.TableModel.train(table, EVIL, epochs=2)


def deep():
    node = cr.variable(np.ones(9), EVIL)
    for i in range(10_000):
        node = np.tanh(node) + i
    return node.named(EVIL)


def gradient():
    w = cr.variable([1.0, 2.0], EVIL)
    return cr.grad(w.sum(), w)


def fitted():
    network = network_of(name=EVIL)
    return network, network.fit(X, y, epochs=3, metrics=["accuracy"])


THINGS = {
    "a network": lambda: fitted()[0],
    "a network without data": lambda: network_of(name=EVIL),
    "a network of 100 layers": lambda: cr.Network(network_of(100, EVIL).layers, input_shape=3),
    "a history": lambda: fitted()[1],
    "a history without epochs": lambda: network_of().fit(X, y, epochs=0),
    "a long history": lambda: cr.History({f"{EVIL}{i}": [0.5] * 10_000 for i in range(90)}, range(10_000)),
    "parameters": lambda: cr.Network(network_of(100).layers, input_shape=3).parameters,
    "activations": lambda: fitted()[0].activations(X),
    "gradients": lambda: fitted()[0].gradients(X, y),
    "a node": lambda: cr.sigmoid(cr.variable(1.0, EVIL)),
    "a deep node": deep,
    "a trace": lambda: cr.trace(deep()),
    "a large variable": lambda: cr.variable(np.arange(1e6), "w"),
    "an input": lambda: cr.input(EVIL, ("batch", 3)),
    "a gradient": gradient,
    "no numbers": lambda: cr.variable(np.ones((0, 3)), "w"),
    "checked gradients": lambda: fitted()[0].check_gradients(X, y),
    "a model": model,
    "scores": lambda: model().report.scores,
}


@pytest.mark.parametrize("name", THINGS)
def test_what_is_shown_is_a_small_table_in_which_names_are_no_html(name):
    html = THINGS[name]()._repr_html_()
    page = ElementTree.fromstring(html)
    for parent in list(page.iter()):  # test_pictures looks at pictures
        for figure in parent.findall("figure"):
            parent.remove(figure)
    assert {element.tag for element in page.iter()} <= {
        "div",
        "span",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert {key for element in page.iter() for key in element.attrib} <= {"style", "class"}
    assert "ignore" in page.get("class")  # or a page would set what stands between two dollars
    assert (page.find(".//table") is not None or "without epochs" in name) and len(
        page.findall(".//tr")
    ) <= 60
    assert len(html) < 60_000


def cells(html):
    return [[c.text or "" for c in row] for row in ElementTree.fromstring(html).iter("tr")]


def test_a_network_shows_its_summary():
    network = cr.Network([cr.Dense(2, "relu"), cr.Dense(1)], input_shape=3)
    assert cells(network._repr_html_()) == [
        ["layer", "output shape", "parameters", "multiply-adds", "bytes"],
        ["x (input)", "(batch, 3)", "0", "0", "0"],
        ["dense_1 (Dense)", "(batch, 2)", "8", "6", "32"],
        ["dense_2 (Dense)", "(batch, 1)", "3", "2", "12"],
    ]


def test_a_history_shows_first_last_and_best_epochs():
    history = cr.History({"cost": [9.0 - i for i in range(100)]}, range(100), "Done.", best_epoch=33)
    html = history._repr_html_()
    rows = cells(html)
    assert rows[0] == ["epoch", "cost"] and rows[1] == ["1", "9.0000"] and rows[-1] == ["100", "-90.0000"]
    assert ["34", "-24.0000"] in rows and len(rows) <= 14 and "Done." in html
    (best,) = [line for line in html.split("<tr ") if "-24.0000" in line]
    assert "font-weight:600" in best


def test_a_history_shows_its_curves_and_a_model_what_it_took_for_what():
    _, history = fitted()
    (figure,) = ElementTree.fromstring(history._repr_html_()).iter("figure")
    assert figure.get("aria-label") == history.plot().words and len(figure.findall(".//path")) > 4
    assert "<figure" not in network_of().fit(X, y, epochs=1)._repr_html_()  # a point is no curve
    trained = model()
    (figure,) = ElementTree.fromstring(trained._repr_html_()).iter("figure")
    assert figure.get("aria-label") == trained.plot("confusion").words
    numbers = pd.DataFrame({"a": X[:, 0], "b": X[:, 1] + X[:, 0]})
    trained = cr.TableModel.train(numbers, "b", epochs=2)
    (figure,) = ElementTree.fromstring(trained._repr_html_()).iter("figure")
    assert figure.get("aria-label") == trained.plot("predicted_against_true").words


def test_a_history_is_a_dict_with_a_row_for_each_epoch():
    _, history = fitted()
    assert list(history) == ["cost", "accuracy"] and "cost" in history and len(history) == 2
    frame = pd.DataFrame(history)
    assert frame.shape == (3, 2) and frame["cost"].tolist() == history["cost"]
    assert dict(history) == history.history == dict(history.items())


def test_what_a_user_keeps_in_a_history_does_no_harm():
    history = cr.History({"cost": [0.5, 0.25]}, times=[0.1, 0.2])
    history |= {"rate": 0.1, "note": "the first try", "three": [1.0], "words": ["a", "b"], "none": []}
    assert repr(history) == "<History of 2 epochs: cost 0.25.>"
    assert "0.2500" in history._repr_html_() and "the first" not in history._repr_html_()
    del history["cost"]
    assert repr(history) == "<History of 2 epochs.>"
    assert "History of 2 epochs" in history._repr_html_()


def test_each_node_of_a_network_can_be_shown():
    layers = [cr.Embedding(9, 3), cr.Flatten(), cr.Dense(8, "relu"), cr.BatchNormalization(), cr.Dropout(0.2)]
    network = cr.Network([*layers, cr.LayerNormalization(), cr.Dense(3, "softmax")], input_shape=4)
    found = network.architecture
    J = (found.output**2).mean()
    slopes = cr.grad(J, list(found.parameters.values()))
    for node in order([J, *slopes, *found.updates.values()]):
        assert "shape" in ElementTree.fromstring(node._repr_html_()).find(".//td").text
        assert len(repr(node)) < 120
