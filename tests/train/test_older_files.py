"""What older versions wrote is read, and predicts the same: see ``tests/files/model_files.py``."""

import numpy as np
import pandas as pd
import pytest
from hostile_files import read
from model_files import HERE, OWN

import chainrule as cr
from chainrule.graph.walk import order

NETWORKS = sorted(HERE.glob("*/*.npz"))
TABLES = sorted(path for path in HERE.glob("*/*.csv") if not path.name.endswith(".predictions.csv"))


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


def assert_same(found, expected, scale):
    """Assert that numbers are the same to 2 ulp of ``scale``, the largest number that was computed with.

    Each CPU adds up products in the order that suits it.
    """
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=2 * np.spacing(scale))


@pytest.mark.parametrize("path", NETWORKS, ids=name_of)
def test_networks_of_older_versions_predict_the_same(path):
    network = cr.load(path.with_suffix(".safetensors"), custom=OWN)
    with np.load(path) as file:
        kept = dict(file)
    X = {key.removeprefix("input_"): kept[key] for key in kept if key.startswith("input_")}
    prediction, many = kept["prediction"], len(X) > 1
    few = {k: v[: len(prediction)] for k, v in X.items()}
    found = network.predict(few if many else few["x"])
    assert found.dtype == prediction.dtype
    inside = cr.trace(cr.simplify(network.output), {node: few[name] for name, node in network.inputs.items()})
    largest = max(np.abs(v).max(where=np.isfinite(v), initial=0) for v in inside.values())  # pads may be -inf
    assert_same(found, prediction, largest.astype(network.dtype))
    cost = network.evaluate(X, kept["y"])["cost"]
    assert cost == pytest.approx(float(kept["cost"]), rel=1e-5 if network.dtype == "float32" else 1e-12)


def test_a_row_is_read_by_the_name_that_it_had(tmp_path):
    def rows(path):
        return {entry.get("row") for entry in read(path)[0]["architecture"]["entries"]}

    old = HERE / "0.1.0/slopes.safetensors"
    network = cr.load(old, custom=OWN)
    assert {"pad", "place"} & {n.primitive.name for n in order([network.output])} == {"pad"}
    network.save(tmp_path / "m.safetensors")
    assert "place" in rows(old) and {"pad", "place"} & rows(tmp_path / "m.safetensors") == {"pad"}


@pytest.mark.parametrize("path", TABLES, ids=name_of)
def test_table_models_of_older_versions_predict_the_same(path):
    model = cr.load(path.with_suffix(".safetensors"))
    expected = pd.read_csv(path.with_suffix(".predictions.csv"))
    found = model.predict(pd.read_csv(path))
    assert list(found) == list(expected)
    for name in found:
        if found[name].dtype == float:
            assert_same(found[name], expected[name], np.float32(expected[name].abs().max()))
        else:
            assert found[name].tolist() == expected[name].tolist()
    assert str(model.report.scores) in model.summary_text() or model.report.scores is None


def test_there_are_files_of_the_first_version():
    assert len(NETWORKS) >= 25 and len(TABLES) >= 6
