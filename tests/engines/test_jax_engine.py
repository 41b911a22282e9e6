"""A third engine is a file and a record: networks train on it, its stages are shown, the matrix finds it."""

import numpy as np
import pytest
import test_matrix as matrix
from jax_engine import JAX

import chainrule as cr
from chainrule.engines.registry import ENGINES, Cost, Engine


@pytest.fixture(autouse=True)
def _jax(registered):
    """JAX and the reference."""
    del registered["native"]
    registered["jax"] = JAX


STRUCTURAL = [
    pytest.param(row, marks=pytest.mark.long if at % 3 else []) for at, row in enumerate(matrix.STRUCTURAL)
]


@pytest.mark.parametrize("row", STRUCTURAL, ids=[row.name for row in matrix.STRUCTURAL])
def test_structural_rows(row, agree):
    matrix.test_structural_values(row, "float32", agree)


@pytest.mark.parametrize("row", matrix.ELEMENTWISE[::4], **matrix.by_name)
def test_elementwise_rows(row, agree):
    matrix.test_elementwise_values(row, "float64", agree)


def fitted(engine, **settings):
    """Return a network that was trained on pictures of digits, and its history."""
    table, target = cr.load_table("digits")
    X, y = table.drop(columns=target).to_numpy()[:640] / 16, table[target].to_numpy()[:640]
    layers = [cr.Dense(32, "relu"), cr.Dropout(0.1), cr.BatchNormalization(), cr.Dense(10, "softmax")]
    network = cr.Network(layers, seed=0, dtype="float64", engine=engine)
    told = {"epochs": 3, "batch_size": 64, "validation_split": 0.2, "metrics": ["accuracy"], **settings}
    return network, network.fit(X, y, optimizer=cr.Adam(0.01), **told), X


def test_a_network_trains_to_the_same_cost_and_knows_nothing_of_it():
    (network, found, X), (wanted_network, wanted, _) = fitted("jax"), fitted("numpy")
    assert found.history.keys() == wanted.history.keys()
    for name, column in wanted.history.items():
        np.testing.assert_allclose(found[name], column, rtol=1e-6, err_msg=name)
    assert found["cost"][-1] < 0.5 * found["cost"][0]
    np.testing.assert_allclose(network.predict(X), wanted_network.predict(X), rtol=1e-6, atol=1e-9)


def test_a_run_on_it_stops_and_keeps_as_on_every_engine():
    stopping = cr.EarlyStopping(patience=1, min_delta=10.0)
    network, history, _ = fitted("jax", epochs=50, callbacks=[stopping])
    assert history.epochs == 2 and "no better val_cost" in history.stopped
    assert network.engine == "jax"


def test_its_stages_are_shown_beside_those_of_the_others():
    x = cr.input("x", ("n", 3))
    function = cr.compile(np.tanh(x) * 2, inputs=[x], engine="jax")
    assert "tanh" in function.show("hlo") and function.show("graph").startswith("input x: float64 (n, 3)")
    with pytest.raises(cr.UnknownNameError, match="that is one of the numpy engine"):
        function.show("source")
    with pytest.raises(cr.UnknownNameError, match="that is one of the jax engine"):
        cr.compile(np.tanh(x), inputs=[x], engine="numpy").show("hlo")


def test_the_choice_weighs_what_its_record_says():
    x = cr.input("x", ("n",))

    def engine_for(places):
        function = cr.compile(np.tanh(x), inputs=[x])
        function(np.ones(places))
        return function.executable.engine

    assert engine_for(3) == engine_for(10_000) == "numpy"  # without a cost it runs what names it
    ENGINES["jax"] = Engine("jax", "", JAX.compile, cost=Cost(start=0.2, addition=1e-12))
    assert (engine_for(3), engine_for(1_000_000)) == ("numpy", "jax")


def test_an_engine_that_cannot_run_here_says_why():
    absent = Engine("jax", "", JAX.compile, cost=Cost(), available=lambda: "jax is not installed")
    ENGINES["jax"] = absent
    x = cr.input("x", ("n",))
    with pytest.raises(cr.UnsupportedError, match="The jax engine does not run here: jax is not installed"):
        cr.compile(np.tanh(x), inputs=[x], engine="jax")
    with pytest.warns(cr.EngineWarning, match="jax is not installed; everything runs on the NumPy engine"):
        assert cr.compile(np.tanh(x), inputs=[x])(np.ones(3)).shape == (3,)
