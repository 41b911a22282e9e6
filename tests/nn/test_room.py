"""Networks that the machine has no memory for are refused before they take it."""

import pytest

import chainrule as cr
from chainrule.nn import room


@pytest.fixture
def _small(monkeypatch):
    monkeypatch.setattr(room, "MEMORY", 3_000_000)


@pytest.mark.usefixtures("_small")
def test_what_training_takes_is_weighed_before_it_begins():
    network = cr.Network([cr.Dense(300), cr.Dense(300), cr.Dense(1)], input_shape=2, seed=0)
    with pytest.raises(cr.OutOfMemoryError, match="Training this network takes about"):
        network.fit([[1.0, 2.0]] * 4, [1.0] * 4, epochs=1)
    network.fit([[1.0, 2.0]] * 4, [1.0] * 4, epochs=1, optimizer="sgd")  # which keeps nothing of each weight
    with pytest.raises(cr.OutOfMemoryError, match="Drawing the weights of this network"):
        cr.Network([cr.Dense(500), cr.Dense(500)], input_shape=500)
    with pytest.raises(cr.OutOfMemoryError, match="Training this network takes about"):
        cr.TableModel.train("iris", hidden=(300, 300))
